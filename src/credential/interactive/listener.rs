//! The redirect URI on loopback, which receives the browser's redirect.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::clock::{Clock, SystemClock, within};

/// The size limit of a request head: an authorization code has about 2,000 characters.
const MAX_HEAD_BYTES: usize = 32 << 10;
/// The timeout of a connection's request. Browsers open connections that they never use.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The attempts to find a port that is free on both loopback addresses.
const BIND_ATTEMPTS: usize = 16;

/// The parameters of a redirect.
pub(super) type Parameters = Vec<(String, String)>;

/// A listener on the loopback addresses.
#[derive(Debug)]
pub(super) struct Listener {
    sockets: Vec<TcpListener>,
    port: u16,
}

impl Listener {
    /// Listens on a free port of `127.0.0.1`, and also of `[::1]` if `localhost` may mean that address.
    pub(super) async fn bind(both: bool) -> io::Result<Self> {
        let mut last = None;
        for _ in 0..BIND_ATTEMPTS {
            let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let port = first.local_addr()?.port();
            if !both {
                return Ok(Self { sockets: vec![first], port });
            }
            match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
                Ok(second) => return Ok(Self { sockets: vec![first, second], port }),
                // Another program has the port on IPv6, and would receive the code.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = Some(error),
                // This machine has no IPv6.
                Err(_) => return Ok(Self { sockets: vec![first], port }),
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Waits for a request whose parameter `state` has this value, and returns its parameters. Other requests get a
    /// response and are ignored.
    pub(super) async fn wait(&self, state: &str) -> io::Result<Parameters> {
        let mut connections = FuturesUnordered::new();
        loop {
            let accepted = std::pin::pin!(self.accept());
            let next = async {
                match connections.is_empty() {
                    true => std::future::pending().await,
                    false => connections.next().await,
                }
            };
            match select(accepted, std::pin::pin!(next)).await {
                Either::Left((stream, _)) => {
                    let stream = stream?;
                    connections.push(answer(stream, state));
                }
                Either::Right((Some(Some(parameters)), _)) => return Ok(parameters),
                Either::Right(_) => {}
            }
        }
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let sockets = self.sockets.iter().map(|socket| Box::pin(socket.accept()));
        let (accepted, _, _) = futures_util::future::select_all(sockets).await;
        accepted.map(|(stream, _)| stream)
    }
}

/// Answers one request. Returns its parameters if it is the expected one.
async fn answer(mut stream: TcpStream, state: &str) -> Option<Parameters> {
    // The browser runs in real time, whatever the client's clock.
    let clock: &dyn Clock = &SystemClock::new();
    let head = within(clock, REQUEST_TIMEOUT, read_head(&mut stream)).await?.ok()?;
    let parameters = parameters(&head);
    let ours = parameters.as_ref().is_some_and(|all| get(all, "state") == Some(state));
    let (status, title, text) = match &parameters {
        Some(all) if ours && get(all, "code").is_some() => {
            ("200 OK", "Signed in", "You can close this window and go back to the program.")
        }
        Some(_) if ours => (
            "200 OK",
            "Not signed in",
            "The sign-in failed. The program shows the reason; you can close this window.",
        ),
        Some(_) => {
            ("400 Bad Request", "Not expected", "This request does not belong to the pending sign-in.")
        }
        None => ("404 Not Found", "Not found", "This address has no page."),
    };
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\
         <body style=\"font:1rem/1.5 system-ui,sans-serif;margin:3rem auto;max-width:34rem\"><main><h1>{title}</h1>\
         <p>{text}</p></main></html>"
    );
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    let written = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    };
    // The window may be closed already: its parameters still count.
    let _ = within(clock, REQUEST_TIMEOUT, written).await;
    parameters.filter(|_| ours)
}

/// Reads up to the empty line.
async fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await?;
        if count == 0 || head.len() > MAX_HEAD_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    Ok(head)
}

/// Returns the parameters of `GET /?…`; `None` for any other request.
fn parameters(head: &[u8]) -> Option<Parameters> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let query = target.strip_prefix("/?")?;
    Some(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

/// Returns a parameter, unless it occurs twice.
pub(super) fn get<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = parameters.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_of_the_root_with_a_query_has_parameters() {
        for (head, expected) in [
            ("GET /?code=a%2Bb+c&state=s HTTP/1.1\r\n\r\n", Some(vec![("code", "a+b c"), ("state", "s")])),
            ("GET /?state HTTP/1.1\r\n\r\n", Some(vec![("state", "")])),
            ("GET / HTTP/1.1\r\n\r\n", None),
            ("GET /favicon.ico?state=s HTTP/1.1\r\n\r\n", None),
            ("POST /?state=s HTTP/1.1\r\n\r\n", None),
            ("\u{0}", None),
            ("", None),
        ] {
            let found = parameters(head.as_bytes());
            let found =
                found.as_ref().map(|all| all.iter().map(|(name, value)| (&**name, &**value)).collect());
            assert_eq!(found, expected, "{head:?}");
        }
        let twice = [("state".to_owned(), "a".to_owned()), ("state".to_owned(), "b".to_owned())];
        assert_eq!(get(&twice, "state"), None);
    }
}
