//! `ReqwestTransport` against a server that does what real ones do on a bad day.

use std::error::Error as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio_rustls::rustls;
use windows_autopilot::transport::{
    NewConnection, ReqwestTransport, ReqwestTransportBuilder, Transport, TransportError, TransportErrorKind,
};

use crate::raw_server::{RawServer, Step, answer, send};
use crate::tls::{acceptor, authority};

fn builder() -> ReqwestTransportBuilder {
    ReqwestTransport::builder()
        .without_proxy()
        .with_plain_http_on_loopback(true)
        .with_root_certificate(authority("unused").0.pem())
}

/// The same, with an end to a test that would wait for ever.
fn impatient() -> ReqwestTransportBuilder {
    builder().with_timeout(Duration::from_secs(10))
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).header("authorization", "Bearer canary-token").body(Bytes::new()).unwrap()
}

/// What came back from a server with this script, and the server.
async fn play(
    builder: ReqwestTransportBuilder,
    steps: Vec<Step>,
) -> (Result<Response<Bytes>, TransportError>, RawServer) {
    let server = RawServer::start(vec![steps]).await;
    let result = builder.build().unwrap().send(get(&server.url("/v1.0/devices?$filter=canary-query"))).await;
    (result, server)
}

#[track_caller]
fn assert_kind(result: Result<Response<Bytes>, TransportError>, kind: TransportErrorKind) -> TransportError {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    let mut shown = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        shown += &format!(" {error} {error:?}");
        cause = error.source();
    }
    assert!(!shown.contains("canary"), "{shown}");
    error
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_whole_exchange_carries_everything_there_and_back() {
    let body = br#"{"id":"1"}"#;
    let steps =
        vec![Step::Read, answer("201 Created", &["Request-Id: 9f0e", "Content-Encoding: gzip"], &gzip(body))];
    let server = RawServer::start(vec![steps]).await;
    let request = Request::post(server.url("/beta/x?$select=id"))
        .header("content-type", "application/json")
        .header("client-request-id", "c1")
        .body(Bytes::from_static(b"{\"a\":1}"))
        .unwrap();
    let response = builder().build().unwrap().send(request).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["request-id"], "9f0e");
    assert_eq!(response.body().as_ref(), body);
    assert!(!response.headers().contains_key("content-encoding"));
    assert!(!response.headers().contains_key("content-length"), "it was that of the compressed body");
    let seen = &server.seen()[0];
    assert!(seen.head.starts_with("POST /beta/x?$select=id HTTP/1.1"), "{}", seen.head);
    assert_eq!(seen.body, b"{\"a\":1}");
    assert_eq!(seen.header("client-request-id"), Some("c1"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    let agent = concat!("windows-autopilot/", env!("CARGO_PKG_VERSION"));
    assert_eq!(seen.header("user-agent"), Some(agent));
}

#[tokio::test]
async fn an_empty_post_says_that_it_is_empty() {
    let server = RawServer::start(vec![vec![Step::Read, answer("204 No Content", &[], b"")]]).await;
    let request = Request::post(server.url("/x/assign")).body(Bytes::new()).unwrap();
    assert_eq!(builder().build().unwrap().send(request).await.unwrap().status(), 204);
    assert_eq!(server.seen()[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn any_status_is_an_answer() {
    for status in ["304 Not Modified", "401 Unauthorized", "429 Too Many Requests", "503 Busy", "599 Odd"] {
        let (result, _server) =
            play(builder(), vec![Step::Read, answer(status, &["Retry-After: 7"], b"")]).await;
        let response = result.unwrap();
        assert!(status.starts_with(response.status().as_str()), "{status}");
        assert_eq!(response.headers()["retry-after"], "7");
    }
}

#[tokio::test]
async fn a_refused_connection_was_never_sent() {
    let server = RawServer::start(Vec::new()).await;
    let url = server.url("/x");
    drop(server);
    tokio::task::yield_now().await;
    let error = assert_kind(builder().build().unwrap().send(get(&url)).await, TransportErrorKind::Connect);
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_was_never_sent() {
    let result = builder().build().unwrap().send(get("https://no-such-host.invalid/x")).await;
    let error = assert_kind(result, TransportErrorKind::Connect);
    assert!(error.to_string().starts_with("no-such-host.invalid: no connection"), "{error}");
}

#[tokio::test]
async fn what_breaks_after_the_request_may_have_taken_effect() {
    use Step::{Read, Reset};
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"val\r\n";
    for (name, steps) in [
        ("a reset before any answer", vec![Read, Reset]),
        ("an end before any answer", vec![Read]),
        ("a reset in the headers", vec![Read, send("HTTP/1.1 200 OK\r\nConte"), Reset]),
        ("a reset in mid-body", vec![Read, send(head), send("{\"value\":["), Reset]),
        ("a body that ends early", vec![Read, send(head), send("{\"value\":[")]),
        ("a chunked body without its end", vec![Read, send(chunked)]),
        ("a chunked body with a senseless length", vec![Read, send(chunked), send("zz\r\n")]),
        (
            "two lengths",
            vec![Read, send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")],
        ),
        ("no length at all", vec![Read, send("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}")]),
        ("an answer that is no HTTP", vec![Read, send("220 mail.contoso.com ESMTP\r\n")]),
    ] {
        let (result, server) = play(builder(), steps).await;
        let error = result.expect_err(name);
        assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{name}: {error}");
        assert_kind(Err(error), TransportErrorKind::Interrupted);
        assert_eq!((server.seen().len(), server.connections()), (1, 1), "{name}: nothing is sent twice");
    }
}

#[tokio::test]
async fn what_comes_after_the_announced_length_is_no_part_of_the_body() {
    let steps = vec![Step::Read, send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}{}")];
    let (result, _server) = play(builder(), steps).await;
    assert_eq!(result.unwrap().body().as_ref(), b"{}");
}

#[tokio::test]
async fn silence_ends_at_the_read_timeout() {
    use Step::{Read, Stall};
    for steps in [
        vec![Stall],
        vec![Read, Stall],
        vec![Read, send("HTTP/1.1 200 OK\r\n"), Stall],
        vec![Read, send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"va"), Stall],
    ] {
        let (result, _server) = play(builder().with_read_timeout(Duration::from_millis(40)), steps).await;
        assert_kind(result, TransportErrorKind::Timeout);
    }
}

#[tokio::test]
async fn a_trickle_ends_at_the_timeout_for_the_whole() {
    use Step::{Forever, Read};
    for (head, piece) in [
        ("HTTP/1.1 200 OK\r\nX-Slow: ", "a"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
    ] {
        let steps = vec![Read, send(head), Forever(piece.into())];
        let (result, _server) = play(builder().with_timeout(Duration::from_millis(60)), steps).await;
        // Endless headers may reach the limit on their size first.
        let error = result.unwrap_err();
        let kinds = [TransportErrorKind::Timeout, TransportErrorKind::Interrupted];
        assert!(kinds[..if head.contains("chunked") { 1 } else { 2 }].contains(&error.kind()), "{error}");
    }
}

#[tokio::test]
async fn a_body_is_read_no_further_than_the_limit() {
    use Step::{Forever, Read};
    let bomb = gzip(&vec![b' '; 2 << 20]);
    assert!(bomb.len() < 4_000);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let piece = format!("1000\r\n{}\r\n", "x".repeat(4096)).into_bytes();
    for (name, steps) in [
        ("announced", vec![Read, send("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"), Step::Stall]),
        ("endless", vec![Read, send(chunked), Forever(piece)]),
        ("bomb", vec![Read, answer("200 OK", &["Content-Encoding: gzip"], &bomb)]),
    ] {
        let (result, _server) = play(impatient().with_max_body_bytes(1 << 20), steps).await;
        let error = assert_kind(result, TransportErrorKind::Body);
        assert!(error.to_string().contains("1048576 bytes"), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_its_encoding_says_is_unusable() {
    let good = gzip(b"{\"value\":[]}");
    for (encoding, body) in [
        ("Content-Encoding: gzip", b"<html>not gzip</html>".as_slice()),
        ("Content-Encoding: gzip", &good[..good.len() - 4]),
        ("Content-Encoding: br", b"{}"),
    ] {
        let (result, _server) = play(builder(), vec![Step::Read, answer("200 OK", &[encoding], body)]).await;
        assert_kind(result, TransportErrorKind::Body);
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = RawServer::start(vec![vec![Step::Read, answer("200 OK", &[], b"{}")]]).await;
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("Location: {}", elsewhere.url("/steal"));
        let (result, server) = play(builder(), vec![Step::Read, answer(status, &[&location], b"")]).await;
        let response = result.unwrap();
        assert!(status.starts_with(response.status().as_str()));
        assert_eq!(server.seen()[0].header("authorization"), Some("Bearer canary-token"));
    }
    assert_eq!(elsewhere.connections(), 0, "nothing was sent there, least of all the token");
}

#[tokio::test]
async fn plain_http_needs_the_option_and_this_machine() {
    let server = RawServer::start(vec![vec![Step::Read, answer("200 OK", &[], b"{}")]]).await;
    let without = builder().with_plain_http_on_loopback(false).build().unwrap();
    assert_kind(without.send(get(&server.url("/x"))).await, TransportErrorKind::NotAllowed);
    let with = builder().build().unwrap();
    for url in ["http://graph.microsoft.com/x", "http://127.0.0.1.evil.example/", "http://10.0.0.1/x"] {
        assert_kind(with.send(get(url)).await, TransportErrorKind::NotAllowed);
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(with.send(get(&server.url("/x"))).await.unwrap().status(), 200);
}

#[tokio::test]
async fn plain_http_on_this_machine_goes_past_the_proxy() {
    let proxy = RawServer::start(Vec::new()).await;
    let server = RawServer::start(vec![vec![Step::Read, answer("200 OK", &[], b"{}")]]).await;
    let transport = builder().with_proxy(format!("http://{}", proxy.address)).build().unwrap();
    assert_eq!(transport.send(get(&server.url("/x"))).await.unwrap().status(), 200);
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_and_never_sees_the_token() {
    let refusal = vec![Step::Read, answer("407 Proxy Authentication Required", &[], b"")];
    let proxy = RawServer::start(vec![refusal]).await;
    let transport = builder().with_proxy(format!("http://u:canary-pw@{}", proxy.address)).build().unwrap();
    let result = transport.send(get("https://graph.microsoft.com/v1.0/x?canary")).await;
    assert_kind(result, TransportErrorKind::Connect);
    let seen = &proxy.seen()[0];
    assert!(seen.head.starts_with("CONNECT graph.microsoft.com:443 HTTP/1.1"), "{}", seen.head);
    assert!(seen.header("proxy-authorization").is_some());
    assert_eq!(seen.header("authorization"), None);
}

#[tokio::test]
async fn a_connection_is_used_again_unless_a_new_one_is_asked_for() {
    let exchange = || [Step::Read, answer("200 OK", &[], b"{}")];
    let server = RawServer::start(vec![
        exchange().into_iter().chain(exchange()).collect(),
        [exchange(), exchange()].concat(),
    ])
    .await;
    let transport = builder().build().unwrap();
    for fresh in [false, false, true, false] {
        let mut request = get(&server.url("/x"));
        if fresh {
            request.extensions_mut().insert(NewConnection);
        }
        assert_eq!(transport.send(request).await.unwrap().status(), 200);
    }
    let used: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(used, [0, 0, 1, 1], "the new connection takes the place of the old one");
}

#[tokio::test]
async fn a_new_connection_that_fails_leaves_the_old_one_in_place() {
    let exchange = || [Step::Read, answer("200 OK", &[], b"{}")];
    let scripts = vec![[exchange(), exchange()].concat(), vec![Step::Read, Step::Reset]];
    let server = RawServer::start(scripts).await;
    let transport = builder().build().unwrap();
    assert!(transport.send(get(&server.url("/1"))).await.is_ok());
    let mut request = get(&server.url("/2"));
    request.extensions_mut().insert(NewConnection);
    assert_kind(transport.send(request).await, TransportErrorKind::Interrupted);
    assert!(transport.send(get(&server.url("/3"))).await.is_ok());
    assert_eq!(server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1, 0]);
}

#[tokio::test]
async fn a_dropped_exchange_closes_its_connection() {
    let server = RawServer::start(vec![vec![Step::Read, Step::Read]]).await;
    let transport = Arc::new(builder().build().unwrap());
    let url = server.url("/x");
    let task = tokio::spawn(async move { transport.send(get(&url)).await });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(server.is_left().await, "the connection is open and nobody waits for its answer");
}

fn https(server: &RawServer) -> String {
    format!("https://localhost:{}/v1.0/x?canary-query", server.address.port())
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_given_and_only_then() {
    let (certificate, issuer) = authority("Contoso");
    let tls = acceptor(&issuer, "localhost", &[b"http/1.1"]);
    let script = || vec![Step::Read, answer("200 OK", &[], b"{}")];
    let server = RawServer::start_tls(tls, vec![script(), script()]).await;

    let stranger = builder().build().unwrap();
    let error = assert_kind(stranger.send(get(&https(&server))).await, TransportErrorKind::Connect);
    assert!(error.to_string().contains("with_root_certificate"), "{error}");
    assert!(server.seen().is_empty(), "nothing was sent to a server that is not trusted");

    let friend = builder().with_root_certificate(certificate.pem()).build().unwrap();
    assert_eq!(friend.send(get(&https(&server))).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_server_without_http_2_and_without_a_choice_of_protocol_is_served_by_http_1() {
    let (certificate, issuer) = authority("Contoso");
    for alpn in [&[][..], &[b"http/1.1".as_slice()]] {
        let tls = acceptor(&issuer, "localhost", alpn);
        let server = RawServer::start_tls(tls, vec![vec![Step::Read, answer("200 OK", &[], b"{}")]]).await;
        let transport = builder().with_root_certificate(certificate.pem()).build().unwrap();
        let response = transport.send(get(&https(&server))).await.unwrap();
        assert_eq!(response.version(), http::Version::HTTP_11);
    }
}

#[tokio::test]
async fn a_server_with_http_2_is_spoken_to_in_http_2() {
    let (certificate, issuer) = authority("Contoso");
    let tls = acceptor(&issuer, "localhost", &[b"h2", b"http/1.1"]);
    let server = RawServer::start_tls(tls, vec![vec![Step::Read]]).await;
    let transport = builder().with_root_certificate(certificate.pem()).build().unwrap();
    assert_kind(transport.send(get(&https(&server))).await, TransportErrorKind::Interrupted);
    assert_eq!(server.seen()[0].head, "PRI * HTTP/2.0");
}

#[tokio::test]
async fn a_certificate_for_another_name_was_never_sent() {
    let (certificate, issuer) = authority("Contoso");
    let tls = acceptor(&issuer, "other.example", &[b"http/1.1"]);
    let server = RawServer::start_tls(tls, vec![vec![Step::Read, answer("200 OK", &[], b"{}")]]).await;
    let transport = builder().with_root_certificate(certificate.pem()).build().unwrap();
    assert_kind(transport.send(get(&https(&server))).await, TransportErrorKind::Connect);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_handshake_that_never_ends_was_never_sent() {
    let server = RawServer::start(vec![vec![Step::Stall]]).await;
    let transport = builder().with_connect_timeout(Duration::from_millis(40)).build().unwrap();
    let error = assert_kind(transport.send(get(&https(&server))).await, TransportErrorKind::Connect);
    assert!(error.to_string().contains("in time"), "{error}");
}

#[tokio::test]
async fn the_processs_own_choice_of_cryptography_makes_no_difference() {
    assert!(builder().build().is_ok(), "with none installed");
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert!(builder().build().is_ok(), "with one installed");
}
