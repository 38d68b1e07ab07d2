//! A TCP server on this machine that plays a script per connection, byte by byte, and remembers what it was sent.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use windows_autopilot::clock::{Clock as _, SystemClock};

/// What the server does next on a connection. After the last step it closes it.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Waits for a whole request and remembers it.
    Read,
    /// Waits until so many requests have come, over whatever connections.
    #[allow(dead_code, reason = "not every test that uses this server needs it")]
    Until(usize),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again, until the client goes away.
    Forever(Vec<u8>),
    /// Does nothing, and keeps the connection open.
    Stall,
    /// Resets the connection.
    Reset,
}

/// Sends text.
pub(crate) fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

/// Sends an answer with a status line, these header lines, a right `Content-Length`, and this body.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Step {
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    Step::Send([bytes.as_bytes(), body].concat())
}

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The number of the connection, from 0.
    pub(crate) connection: usize,
    /// Request line and headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// The value of a header, whatever its case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value.trim()))
    }
}

pub(crate) struct RawServer {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepted: Arc<Mutex<usize>>,
    left: Arc<Notify>,
    task: JoinHandle<()>,
}

impl RawServer {
    /// Plays the scripts, one for each connection in turn. A connection too many is closed at once.
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        Self::listen(scripts, None).await
    }

    /// Plays the scripts at an address that is known before.
    #[allow(dead_code, reason = "not every test that uses this server needs it")]
    pub(crate) fn start_on(listener: TcpListener, scripts: Vec<Vec<Step>>) -> Self {
        Self::play(listener, scripts, None)
    }

    /// The same under TLS.
    pub(crate) async fn start_tls(tls: TlsAcceptor, scripts: Vec<Vec<Step>>) -> Self {
        Self::listen(scripts, Some(tls)).await
    }

    async fn listen(scripts: Vec<Vec<Step>>, tls: Option<TlsAcceptor>) -> Self {
        Self::play(TcpListener::bind("127.0.0.1:0").await.unwrap(), scripts, tls)
    }

    fn play(listener: TcpListener, scripts: Vec<Vec<Step>>, tls: Option<TlsAcceptor>) -> Self {
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let accepted: Arc<Mutex<usize>> = Arc::default();
        let left: Arc<Notify> = Arc::default();
        let (all, count, leave) = (Arc::clone(&seen), Arc::clone(&accepted), Arc::clone(&left));
        let task = tokio::spawn(async move {
            let mut scripts = scripts.into_iter();
            let mut connections = Vec::new();
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                *count.lock().unwrap() += 1;
                let Some(steps) = scripts.next() else { continue };
                let (all, tls, leave) = (Arc::clone(&all), tls.clone(), Arc::clone(&leave));
                connections.push(AbortOnDrop(tokio::spawn(async move {
                    if steps.iter().any(|step| matches!(step, Step::Reset)) {
                        // Closing it then sends a reset instead of an orderly end.
                        stream.set_zero_linger().unwrap();
                    }
                    match tls {
                        None => play(stream, steps, connection, &all, &leave).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                play(stream, steps, connection, &all, &leave).await;
                            }
                        }
                    }
                })));
            }
        });
        Self { address, seen, accepted, left, task }
    }

    /// An address of this server.
    #[allow(dead_code, reason = "not every test that uses this server needs it")]
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Whether a client goes away from whom a request is awaited; nobody waits for that longer than this.
    #[allow(dead_code, reason = "not every test that uses this server needs it")]
    pub(crate) async fn is_left(&self) -> bool {
        let patience = SystemClock::new().sleep(Duration::from_secs(10));
        let left = std::pin::pin!(self.left.notified());
        matches!(futures_util::future::select(left, patience).await, futures_util::future::Either::Left(_))
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        *self.accepted.lock().unwrap()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn play<S>(mut stream: S, steps: Vec<Step>, connection: usize, all: &Mutex<Vec<Seen>>, leave: &Notify)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for step in steps {
        match step {
            Step::Read => match read(&mut stream, connection).await {
                Some(seen) => all.lock().unwrap().push(seen),
                None => return leave.notify_one(),
            },
            Step::Until(requests) => {
                while all.lock().unwrap().len() < requests {
                    tokio::task::yield_now().await;
                }
            }
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Step::Forever(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {
                    tokio::task::yield_now().await;
                }
                return;
            }
            Step::Stall => pending().await,
            Step::Reset => return,
        }
    }
    let _ = stream.shutdown().await;
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, connection: usize) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut seen = Seen { connection, head, body: bytes[end + 4..].to_vec() };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    while seen.body.len() < length {
        if stream.read_buf(&mut seen.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(seen)
}
