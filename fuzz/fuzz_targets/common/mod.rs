//! A client whose every request is answered by the fuzzer, in virtual time.
#![allow(dead_code, reason = "not every target needs all of it")]

use std::sync::{Arc, Mutex};

use http::{HeaderValue, Request, Response, StatusCode};
use windows_autopilot::Client;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::{FixedToken, TokenProvider};
use windows_autopilot::transport::{BodyStart, transport_fn};

pub const HOST: &str = "graph.microsoft.com";

pub struct World {
    pub client: Client,
    pub clock: FakeClock,
    /// What was sent.
    pub sent: Arc<Mutex<Vec<Request<bytes::Bytes>>>>,
}

/// A client that is answered by `reply`, by and by, which is told how many requests there were before.
pub fn world(reply: impl Fn(usize) -> Response<bytes::Bytes> + Send + Sync + 'static) -> World {
    world_of(FixedToken::new("fuzz-canary-token"), reply)
}

pub fn world_of(
    credential: impl TokenProvider,
    reply: impl Fn(usize) -> Response<bytes::Bytes> + Send + Sync + 'static,
) -> World {
    let clock = FakeClock::new();
    let sent: Arc<Mutex<Vec<Request<bytes::Bytes>>>> = Arc::default();
    let all = Arc::clone(&sent);
    let transport = transport_fn(move |request| {
        let mut all = all.lock().unwrap();
        let answer = reply(all.len());
        let start = request.extensions().get::<BodyStart>().cloned();
        all.push(request);
        async move {
            let body = answer.body();
            for third in 1..=3 {
                let Some(start) = &start else { break };
                let enough = start.show(answer.status(), &body[..body.len() * third / 3]);
                pending_once().await;
                if enough {
                    break;
                }
            }
            Ok(answer)
        }
    });
    let client =
        Client::builder(credential).with_transport(transport).with_clock(clock.clone()).build().unwrap();
    World { client, clock, sent }
}

/// Lets others run.
async fn pending_once() {
    let mut asked = false;
    std::future::poll_fn(|context| match std::mem::replace(&mut asked, true) {
        true => std::task::Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        }
    })
    .await;
}

pub fn answer(status: u16, body: &[u8]) -> Response<bytes::Bytes> {
    let mut answer = Response::new(bytes::Bytes::copy_from_slice(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    answer.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    answer
}

/// No text for people has control characters or the token in it.
pub fn check(error: &windows_autopilot::Error) {
    let shown = format!("{error} {error:?} {:?}", error.service());
    assert!(!shown.contains("fuzz-canary"), "{shown}");
    assert!(!error.to_string().chars().any(|c| c.is_control()), "{error:?}");
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    futures_executor::block_on(future)
}
