//! HTTP/2 servers that refuse streams, go away, or say nothing more: rows 71 and 72.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::transport::{ReqwestTransport, Transport as _, TransportErrorKind};
use windows_autopilot::{Client, Cloud, ErrorKind};

use crate::tls::{acceptor, authority};

/// What the server does with a request.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// 200 and an empty object.
    Answer,
    /// `REFUSED_STREAM`.
    Refuse,
    /// Another reason to reset the stream.
    Reset(u8),
    /// `GOAWAY` that names no stream as looked at, with this error code.
    GoAway(u8),
    /// `GOAWAY` that names this stream, and the end of the connection.
    GoAwayAfter,
    Stall,
}

/// Speaks as much of HTTP/2 as these tests need, a script for each connection. The last script stays.
struct Server {
    client: Client,
    transport: Arc<ReqwestTransport>,
    origin: String,
    clock: FakeClock,
    /// Connection and stream of every request.
    seen: Arc<Mutex<Vec<(usize, u32)>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(scripts: Vec<Vec<Act>>, patience: Duration) -> Self {
        let (certificate, issuer) = authority("Contoso");
        let tls = acceptor(&issuer, "localhost", &[b"h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let seen: Arc<Mutex<Vec<(usize, u32)>>> = Arc::default();
        let all = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let script = scripts.get(connection).or(scripts.last()).unwrap().clone();
                let (tls, all) = (tls.clone(), Arc::clone(&all));
                tokio::spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        let _ = play(stream, &script, connection, &all).await;
                    }
                });
            }
        });
        let transport = ReqwestTransport::builder()
            .without_proxy()
            .with_root_certificate(certificate.pem())
            .with_read_timeout(patience)
            .build()
            .unwrap();
        let (transport, clock) = (Arc::new(transport), FakeClock::new());
        let client = Client::builder(FixedToken::new("t0"))
            .with_cloud(Cloud::custom(&origin, &origin).unwrap())
            .with_transport(Arc::clone(&transport))
            .with_clock(clock.clone())
            .with_retry(RetryConfig::default().with_jitter(false).with_max_attempts(3))
            .build()
            .unwrap();
        Self { client, transport, origin, clock, seen, task }
    }

    fn seen(&self) -> Vec<(usize, u32)> {
        self.seen.lock().unwrap().clone()
    }

    async fn post(&self) -> windows_autopilot::Result<Value> {
        self.client.post(ApiVersion::V1, "/groups", &json!({"a": 1})).await
    }

    async fn get(&self) -> windows_autopilot::Result<Value> {
        self.client.get(ApiVersion::V1, "/groups").await
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

async fn play<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: &[Act],
    connection: usize,
    seen: &Mutex<Vec<(usize, u32)>>,
) -> std::io::Result<()> {
    const SETTINGS: u8 = 4;
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    let mut acts = script.iter();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await?;
        let (kind, flags) = (head[3], head[4]);
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match kind {
            SETTINGS if flags & 1 == 0 => stream.write_all(&frame(SETTINGS, 1, 0, &[])).await?,
            1 => {
                seen.lock().unwrap().push((connection, id));
                match acts.next().unwrap_or(&Act::Stall) {
                    Act::Answer => {
                        stream.write_all(&frame(1, 4, id, &[0x88])).await?;
                        stream.write_all(&frame(0, 1, id, b"{}")).await?;
                    }
                    Act::Refuse => stream.write_all(&frame(3, 0, id, &7_u32.to_be_bytes())).await?,
                    Act::Reset(code) => {
                        stream.write_all(&frame(3, 0, id, &u32::from(*code).to_be_bytes())).await?;
                    }
                    Act::GoAway(code) => {
                        let payload = [0_u32.to_be_bytes(), u32::from(*code).to_be_bytes()].concat();
                        stream.write_all(&frame(7, 0, 0, &payload)).await?;
                    }
                    Act::GoAwayAfter => {
                        let payload = [id.to_be_bytes(), 0_u32.to_be_bytes()].concat();
                        stream.write_all(&frame(7, 0, 0, &payload)).await?;
                        stream.shutdown().await?;
                        return Ok(());
                    }
                    Act::Stall => {}
                }
            }
            _ => {}
        }
        stream.flush().await?;
    }
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn row_71_what_an_http_2_server_did_not_process_is_sent_again_on_a_new_connection() {
    for act in [Act::Refuse, Act::GoAway(0), Act::GoAway(11)] {
        let server = Server::start(vec![vec![act], vec![Act::Answer]], LONG).await;
        server.post().await.unwrap_or_else(|error| panic!("{act:?}: {error:?}"));
        assert_eq!(server.seen(), [(0, 1), (1, 1)], "{act:?}");
        assert_eq!(server.clock.slept(), [Duration::from_millis(500)], "{act:?}: one backoff, one count");
        assert_eq!(server.client.retry_state().budget, 99, "{act:?}");
    }
}

#[tokio::test]
async fn row_71_a_server_that_processes_nothing_leaves_no_outcome_unknown() {
    for act in [Act::Refuse, Act::GoAway(0)] {
        let server = Server::start(vec![vec![act]], LONG).await;
        let error = server.post().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Interrupted, false), "{error:?}");
        assert_eq!((error.attempts(), server.seen().len()), (3, 3), "{act:?}: what is sent is counted");
        assert!(error.to_string().contains("did not process"), "{error}");

        let server = Server::start(vec![vec![act]], LONG).await;
        let request = http::Request::post(format!("{}/x", server.origin)).body("{}".into()).unwrap();
        let error = server.transport.send(request).await.unwrap_err();
        assert_eq!((error.kind(), server.seen().len()), (TransportErrorKind::NotProcessed, 1), "{act:?}");
    }
}

#[tokio::test]
async fn row_71_a_stream_that_may_have_been_processed_is_of_unknown_outcome() {
    // INTERNAL_ERROR and CANCEL say nothing of what was done, and the last stream that GOAWAY names was looked at.
    for act in [Act::Reset(2), Act::Reset(8), Act::GoAwayAfter] {
        let server = Server::start(vec![vec![act], vec![Act::Answer]], LONG).await;
        let error = server.post().await.unwrap_err();
        assert_eq!((error.kind(), server.seen().len()), (ErrorKind::UnknownOutcome, 1), "{act:?}: {error:?}");
    }
}

#[tokio::test]
async fn row_72_after_a_timeout_on_a_stalled_connection_the_next_attempt_takes_a_new_one() {
    let scripts = vec![vec![Act::Answer, Act::Stall], vec![Act::Answer, Act::Answer]];
    let server = Server::start(scripts, Duration::from_millis(400)).await;
    for _ in 0..3 {
        server.get().await.unwrap();
    }
    assert_eq!(server.seen(), [(0, 1), (0, 3), (1, 1), (1, 3)]);
}
