//! A client over a transport that does as it is told, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use windows_autopilot::clock::{Clock as _, FakeClock};
use windows_autopilot::credential::{FixedToken, TokenProvider};
use windows_autopilot::graph::{ApiVersion, ClientBuilder};
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::transport::{TransportError, TransportErrorKind, transport_fn};
use windows_autopilot::{Client, Result};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What the transport does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    Answer(Response<Bytes>),
    Fail(TransportErrorKind),
    /// Nothing, ever, and no wait either.
    Never,
    /// The same, but not before this long.
    After(Duration, Box<Reply>),
}

/// Nothing, for longer than anyone waits.
pub(crate) fn silence() -> Reply {
    Reply::After(SECOND * 1_000_000, Box::new(ok()))
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    answer(status, &[("content-type", "application/json")], body.as_bytes())
}

pub(crate) fn answer(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Reply {
    let mut answer = Response::new(Bytes::copy_from_slice(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        answer.headers_mut().append(*name, value.parse().unwrap());
    }
    Reply::Answer(answer)
}

pub(crate) fn ok() -> Reply {
    json(200, "{}")
}

/// 429, with or without a wait.
pub(crate) fn throttled(retry_after: Option<&str>) -> Reply {
    match retry_after {
        Some(wait) => answer(429, &[("retry-after", wait)], b""),
        None => answer(429, &[], b""),
    }
}

/// A request as it reached the transport, and when.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) at: Duration,
    pub(crate) request: Request<Bytes>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn path(&self) -> &str {
        self.request.uri().path()
    }

    pub(crate) fn body(&self) -> &str {
        std::str::from_utf8(self.request.body()).unwrap()
    }
}

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) clock: FakeClock,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl World {
    /// A client with a token of its own whose requests are answered in turn; the last answer stays.
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(FixedToken::new("t0"), in_turn(replies), |builder| builder)
    }

    /// A client with this credential, whose requests `reply` answers, further set up by `build`.
    pub(crate) fn with(
        credential: impl TokenProvider,
        reply: impl Fn(&Request<Bytes>) -> Reply + Send + Sync + 'static,
        build: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        Self::at(FakeClock::new(), credential, reply, build)
    }

    pub(crate) fn at(
        clock: FakeClock,
        credential: impl TokenProvider,
        reply: impl Fn(&Request<Bytes>) -> Reply + Send + Sync + 'static,
        build: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (all, time) = (Arc::clone(&seen), clock.clone());
        let transport = transport_fn(move |request: Request<Bytes>| {
            let mut reply = reply(&request);
            all.lock().unwrap().push(Seen { at: time.elapsed(), request });
            let time = time.clone();
            async move {
                loop {
                    match reply {
                        Reply::Answer(answer) => return Ok(answer),
                        Reply::Never => std::future::pending().await,
                        Reply::Fail(kind) => return Err(TransportError::new(kind, "as told")),
                        Reply::After(wait, then) => {
                            time.sleep(wait).await;
                            reply = *then;
                        }
                    }
                }
            }
        });
        let builder = Client::builder(credential)
            .with_transport(transport)
            .with_clock(clock.clone())
            .with_retry(RetryConfig::default().with_jitter(false));
        Self { client: build(builder).build().unwrap(), clock, seen }
    }

    /// A read.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.client.get(ApiVersion::V1, path).await
    }

    /// A write that must not be sent twice.
    pub(crate) async fn post(&self, path: &str) -> Result<Value> {
        self.client.post(ApiVersion::V1, path, &serde_json::json!({"a": 1})).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// When each request was sent, in milliseconds.
    pub(crate) fn times(&self) -> Vec<u128> {
        self.seen().iter().map(|seen| seen.at.as_millis()).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// Gives the replies in turn; the last one stays.
pub(crate) fn in_turn(
    replies: impl IntoIterator<Item = Reply>,
) -> impl Fn(&Request<Bytes>) -> Reply + Send + Sync + 'static {
    let mut replies: Vec<Reply> = replies.into_iter().collect();
    replies.reverse();
    let replies = Mutex::new(replies);
    move |_| {
        let mut replies = replies.lock().unwrap();
        if replies.len() > 1 { replies.pop().unwrap() } else { replies[0].clone() }
    }
}
