//! Rows 61, 62, 73 to 75, 80 and 81 over real sockets: bodies that break, proxies, TLS, uploads and runtimes.

use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use windows_autopilot::clock::{Clock as _, FakeClock, SystemClock};
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::transport::{
    ConnectFailure, ReqwestTransport, ReqwestTransportBuilder, Transport as _, TransportError,
    TransportErrorKind,
};
use windows_autopilot::{Client, Cloud, Error, ErrorKind};

use crate::raw_server::{RawServer, Step, answer, send};
use crate::tls::{acceptor, authority};

pub(crate) fn builder() -> ReqwestTransportBuilder {
    ReqwestTransport::builder()
        .without_proxy()
        .with_plain_http_on_loopback(true)
        .with_root_certificate(authority("unused").0.pem())
        .with_timeout(Duration::from_secs(10))
}

/// A client of the Graph at `origin`, with two attempts.
fn client(origin: &str, transport: ReqwestTransportBuilder) -> (Client, FakeClock) {
    let clock = FakeClock::new();
    let client = Client::builder(FixedToken::new("canary-token"))
        .with_cloud(Cloud::custom(origin, origin).unwrap())
        .with_transport(transport.build().unwrap())
        .with_clock(clock.clone())
        .with_retry(RetryConfig::default().with_jitter(false).with_max_attempts(2))
        .build()
        .unwrap();
    (client, clock)
}

fn at(server: &RawServer) -> String {
    format!("http://{}", server.address)
}

async fn get(client: &Client) -> Result<Value, Error> {
    client.get(ApiVersion::V1, "/devices").await
}

async fn post(client: &Client) -> Result<Value, Error> {
    client.post(ApiVersion::V1, "/devices", &json!({"a": 1})).await
}

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

const CAP: usize = 1 << 16;

/// Answers with this status whose body cannot be used, one way or another.
fn unusable(status: &str) -> Vec<(&'static str, Vec<Step>)> {
    let head = |lines: &str| {
        send(&format!(
            "HTTP/1.1 {status}\r\nRetry-After: 7\r\nrequest-id: r1\r\nConnection: close\r\n{lines}\r\n"
        ))
    };
    let body = |bytes: Vec<u8>| Step::Send(bytes);
    let good = gzip(br#"{"error":{"code":"x","message":"m"}}"#);
    let large = format!("Content-Length: {}\r\n", CAP + 1);
    let bomb = gzip(&vec![b' '; CAP * 2]);
    let sized = |length: usize| format!("Content-Encoding: gzip\r\nContent-Length: {length}\r\n");
    vec![
        (
            "unknown coding",
            vec![Step::Read, head("Content-Encoding: br\r\nContent-Length: 2\r\n"), send("{}")],
        ),
        (
            "two codings",
            vec![
                Step::Read,
                head("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n"),
                send("{}"),
            ],
        ),
        (
            "no gzip",
            vec![Step::Read, head("Content-Encoding: gzip\r\nContent-Length: 7\r\n"), send("no gzip")],
        ),
        ("gzip cut", vec![Step::Read, head(&sized(20)), body(good[..20].to_vec())]),
        ("cut", vec![Step::Read, head("Content-Length: 100\r\n"), send("{\"err")]),
        ("reset", vec![Step::Read, head("Content-Length: 100\r\n"), send("{\"err"), Step::Reset]),
        ("bad chunk", vec![Step::Read, head("Transfer-Encoding: chunked\r\n"), send("zz\r\n")]),
        ("announced as too large", vec![Step::Read, head(&large), Step::Stall]),
        ("bomb", vec![Step::Read, head(&sized(bomb.len())), body(bomb)]),
    ]
}

#[tokio::test]
async fn row_61_status_and_headers_count_where_the_body_is_unusable() {
    for (status, attempts, kind) in [
        ("429 Slow down", 2, None),
        ("503 Busy", 2, None),
        ("401 Unauthorized", 2, Some(ErrorKind::Authentication)),
        ("403 Forbidden", 1, Some(ErrorKind::Forbidden)),
        ("404 Not Found", 1, Some(ErrorKind::NotFound)),
        ("412 Precondition Failed", 1, Some(ErrorKind::PreconditionFailed)),
    ] {
        for (fault, script) in unusable(status) {
            let last = match kind {
                None => vec![Step::Read, answer("200 OK", &[], b"{}")],
                Some(_) => script.clone(),
            };
            let server = RawServer::start(vec![script, last]).await;
            let (client, clock) = client(&at(&server), builder().with_max_body_bytes(CAP));
            let result = get(&client).await;
            assert_eq!(server.seen().len(), attempts, "{status}, {fault}: {result:?}");
            match (kind, result) {
                (None, Ok(_)) => assert_eq!(clock.elapsed(), Duration::from_secs(7), "{status}, {fault}"),
                (Some(kind), Err(error)) => {
                    assert_eq!((error.kind(), error.request_id()), (kind, Some("r1")), "{status}, {fault}");
                    assert!(status.starts_with(&error.status().unwrap().to_string()), "{error}");
                }
                (_, other) => panic!("{status}, {fault}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn row_62_a_write_that_was_refused_is_refused_whatever_its_body() {
    for (fault, script) in unusable("400 Bad Request") {
        let server = RawServer::start(vec![script]).await;
        let (client, _) = client(&at(&server), builder().with_max_body_bytes(CAP));
        let error = post(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome_unknown()),
            (ErrorKind::Rejected, false),
            "{fault}: {error:?}"
        );
        assert_eq!((error.status(), server.seen().len()), (Some(400), 1), "{fault}");
    }
    for (fault, script) in unusable("429 Slow down") {
        let server =
            RawServer::start(vec![script, vec![Step::Read, answer("201 Created", &[], b"{}")]]).await;
        let (client, clock) = client(&at(&server), builder().with_max_body_bytes(CAP));
        post(&client).await.unwrap_or_else(|error| panic!("{fault}: {error:?}"));
        assert_eq!((server.seen().len(), clock.elapsed()), (2, Duration::from_secs(7)), "{fault}");
    }
    for (fault, script) in unusable("503 Busy") {
        let server = RawServer::start(vec![script]).await;
        let (client, _) = client(&at(&server), builder().with_max_body_bytes(CAP));
        let error = post(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::UnknownOutcome, Some(503)), "{fault}");
    }
}

#[tokio::test]
async fn row_61_a_success_whose_body_is_unusable_is_an_error_with_its_status_and_ids() {
    for (fault, script) in unusable("200 OK") {
        if matches!(fault, "cut" | "reset" | "bad chunk") {
            continue;
        }
        let server = RawServer::start(vec![script]).await;
        let (client, _) = client(&at(&server), builder().with_max_body_bytes(CAP));
        let error = get(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Decode, Some(200)), "{fault}: {error:?}");
        assert_eq!((error.request_id(), server.seen().len()), (Some("r1"), 1), "{fault}");
    }
}

/// What the transport said.
fn transport_error(error: &Error) -> &TransportError {
    std::error::Error::source(error).and_then(|source| source.downcast_ref()).unwrap()
}

#[tokio::test]
async fn row_73_a_refused_tunnel_names_the_proxy_and_a_407_is_tried_once() {
    for (status, failure, attempts, says) in [
        (
            "407 Proxy Authentication Required",
            ConnectFailure::ProxyAuthentication,
            1,
            "user name and a password",
        ),
        ("403 Forbidden", ConnectFailure::ProxyRefused, 2, "refused to connect"),
        ("502 Bad Gateway", ConnectFailure::ProxyRefused, 2, "refused to connect"),
    ] {
        let refusal = vec![Step::Read, answer(status, &[], b"")];
        let proxy = RawServer::start(vec![refusal; 3]).await;
        let transport = ReqwestTransport::builder()
            .with_root_certificate(authority("unused").0.pem())
            .with_proxy(format!("http://user:canary-pw@{}", proxy.address));
        let (client, _) = client("https://graph.contoso.com", transport);
        let error = post(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, attempts), "{status}: {error:?}");
        assert_eq!(proxy.seen().len(), usize::try_from(attempts).unwrap(), "{status}");
        assert_eq!(transport_error(&error).connect_failure(), Some(failure), "{status}");
        let shown = format!("{error:#} {error:?}");
        assert!(shown.contains(&proxy.address.to_string()) && shown.contains(says), "{shown}");
        assert!(!shown.contains("canary") && !error.outcome_unknown(), "{shown}");
    }
}

#[tokio::test]
async fn row_73_a_proxy_that_cannot_be_reached_is_named() {
    let proxy = RawServer::start(Vec::new()).await;
    let address = proxy.address.to_string();
    drop(proxy);
    tokio::task::yield_now().await;
    let transport = ReqwestTransport::builder()
        .with_root_certificate(authority("unused").0.pem())
        .with_proxy(format!("http://{address}"));
    let (client, _) = client("https://graph.contoso.com", transport);
    let error = get(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 2));
    assert!(format!("{error:#}").contains(&address), "{error:#}");
}

/// Set where a test runs in an environment of its own.
const ALONE: &str = "WINDOWS_AUTOPILOT_TEST_ALONE";

fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// Runs one ignored test of this program by itself, in this environment.
fn run_alone(test: &str, environment: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(ALONE, "1");
    for name in
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"]
    {
        command.env_remove(name);
    }
    let done = command.envs(environment.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{environment:?}: {said}");
}

#[test]
fn row_74_a_proxy_of_the_environment_that_cannot_be_read_is_a_configuration_error() {
    for (name, address) in [("HTTPS_PROXY", "http://canary-pw:port"), ("all_proxy", "socks5://canary-pw:1")] {
        run_alone("edges::alone_an_unreadable_proxy_is_refused", &[(name, address)]);
    }
}

#[test]
#[ignore = "run by another test, in an environment of its own"]
fn alone_an_unreadable_proxy_is_refused() {
    if !is_alone() {
        return;
    }
    let pem = authority("unused").0.pem();
    let error = ReqwestTransport::builder().with_root_certificate(pem.clone()).build().unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("_PROXY") || shown.contains("_proxy"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(ReqwestTransport::builder().with_root_certificate(pem).without_proxy().build().is_ok());
}

#[test]
fn row_74_no_proxy_of_a_star_means_no_proxy() {
    let none = ("NO_PROXY", "*");
    for proxy in ["http://127.0.0.1:9", "unreadable address"] {
        run_alone("edges::alone_no_proxy_is_used", &[none, ("HTTPS_PROXY", proxy)]);
    }
}

#[tokio::test]
#[ignore = "run by another test, in an environment of its own"]
async fn alone_no_proxy_is_used() {
    if !is_alone() {
        return;
    }
    let pem = authority("unused").0.pem();
    let transport = ReqwestTransport::builder().with_root_certificate(pem).build().unwrap();
    let request = Request::get("https://localhost:9/x").body(bytes::Bytes::new()).unwrap();
    let error = transport.send(request).await.unwrap_err();
    assert!(!error.to_string().contains("proxy"), "{error}");
}

#[tokio::test]
async fn row_75_tls_that_cannot_succeed_is_tried_once_and_says_what_was_wanted() {
    let (certificate, issuer) = authority("Contoso");
    let other_name = acceptor(&issuer, "other.example", &[b"http/1.1"]);
    let own_name = acceptor(&issuer, "localhost", &[b"http/1.1"]);
    // The alert of a server that speaks older versions alone.
    let old = vec![Step::Send(vec![0x15, 3, 1, 0, 2, 2, 70]), Step::Stall];
    for (fault, server, trusts, says) in [
        (
            "name",
            RawServer::start_tls(other_name, vec![vec![Step::Read]; 3]).await,
            true,
            ["other.example", "not for localhost"],
        ),
        (
            "issuer",
            RawServer::start_tls(own_name, vec![vec![Step::Read]; 3]).await,
            false,
            ["an issuer that neither", "with_root_certificate"],
        ),
        ("version", RawServer::start(vec![old; 3]).await, true, ["TLS 1.2 and TLS 1.3", "ProtocolVersion"]),
    ] {
        let transport = ReqwestTransport::builder().without_proxy();
        let pem = if trusts { certificate.pem() } else { authority("stranger").0.pem() };
        let (client, _) = client(
            &format!("https://localhost:{}", server.address.port()),
            transport.with_root_certificate(pem),
        );
        let error = post(&client).await.unwrap_err();
        let shown = format!("{error:#}");
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connect, false), "{fault}: {shown}");
        assert_eq!((error.attempts(), server.connections()), (1, 1), "{fault}: {shown}");
        assert_eq!(transport_error(&error).connect_failure(), Some(ConnectFailure::Tls), "{fault}");
        assert!(says.iter().all(|says| shown.contains(says)), "{fault}: {shown}");
    }
}

#[tokio::test]
async fn row_80_an_upload_that_makes_progress_goes_on_past_the_read_timeout() {
    const BODY: usize = 12 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut read, mut piece, clock) = (0, vec![0; 512 << 10], SystemClock::new());
        while read < BODY {
            // A slow server, and so a slow way to it.
            clock.sleep(Duration::from_millis(20)).await;
            read += stream.read(&mut piece).await.unwrap();
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
        read
    });
    let transport = builder().with_read_timeout(Duration::from_millis(60)).build().unwrap();
    let request = Request::post(url).body(vec![b' '; BODY].into()).unwrap();
    assert_eq!(transport.send(request).await.unwrap().body().as_ref(), b"{}");
    assert!(server.await.unwrap() >= BODY);
}

#[tokio::test]
async fn row_80_a_large_body_arrives_as_it_was_with_its_length() {
    let body: Vec<u8> = (0..300_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    for length in [0, 1, 65_536, 65_537, 131_072, 300_000] {
        let server = RawServer::start(vec![vec![Step::Read, answer("200 OK", &[], b"{}")]]).await;
        let request = Request::post(server.url("/x")).body(body[..length].to_vec().into()).unwrap();
        builder().build().unwrap().send(request).await.unwrap();
        let seen = &server.seen()[0];
        assert_eq!(seen.header("content-length"), Some(length.to_string().as_str()));
        assert_eq!(seen.header("transfer-encoding"), None);
        assert!(seen.body == body[..length], "{length}");
    }
}

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn row_81_one_client_serves_two_runtimes_of_which_one_is_not_driven() {
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let exchange = || vec![Step::Read, answer("200 OK", &[], b"{}")];
    let scripts = vec![[exchange(), exchange()].concat(); 3];
    let server = servers.block_on(RawServer::start(scripts));
    let (client, _) = client(&at(&server), builder().with_timeout(Duration::from_secs(3)));
    // The connection of the first is kept, and nobody drives it while the second runs.
    let (first, second) = (current_thread(), current_thread());
    first.block_on(get(&client)).unwrap();
    second.block_on(post(&client)).unwrap();
    first.block_on(get(&client)).unwrap();
    second.block_on(get(&client)).unwrap();
    let used: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(used, [0, 1, 0, 1], "each runtime has its connection");
    drop((first, second));
    current_thread().block_on(get(&client)).unwrap();
}

#[test]
fn row_81_without_a_runtime_a_request_fails_at_once() {
    let transport = Arc::new(builder().build().unwrap());
    let request = Request::get("http://127.0.0.1:9/x").body(bytes::Bytes::new()).unwrap();
    let mut sending = std::pin::pin!(transport.send(request));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = sending.as_mut().poll(&mut context) else { panic!("it waits") };
    assert_eq!(error.kind(), TransportErrorKind::NotAllowed);
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_of_this_machine_alone_needs_no_root_certificates() {
    let nowhere = [("SSL_CERT_FILE", "/nonexistent/roots.pem"), ("SSL_CERT_DIR", "/nonexistent/roots")];
    run_alone("edges::alone_without_root_certificates", &nowhere);
}

#[tokio::test]
#[ignore = "run by another test, in an environment of its own"]
async fn alone_without_root_certificates() {
    if !is_alone() {
        return;
    }
    let error = ReqwestTransport::new().unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let transport = ReqwestTransport::builder().with_plain_http_on_loopback(true).build().unwrap();
    let server = RawServer::start(vec![vec![Step::Read, answer("200 OK", &[], b"{}")]]).await;
    let request = |url: &str| Request::get(url).body(bytes::Bytes::new()).unwrap();
    assert_eq!(transport.send(request(&server.url("/x"))).await.unwrap().status(), 200);
    let error = transport.send(request("https://localhost:9/x")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::NotAllowed);
    assert!(error.to_string().contains("root certificates"), "{error}");
}
