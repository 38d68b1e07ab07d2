//! What a whole client makes of bad days on the wire: real sockets, with and without TLS, under a clock of virtual time.

use std::io::Write as _;
use std::time::Duration;

use serde_json::Value;
use windows_autopilot::clock::{Clock as _, FakeClock};
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::transport::ReqwestTransport;
use windows_autopilot::{Client, Cloud, ErrorKind, Result};

use crate::raw_server::{RawServer, Step, answer, send};
use crate::tls::{acceptor, authority};

/// The most of a body that the clients of these tests read.
const CAP: usize = 1 << 20;

/// A server with these scripts, and a client that takes it for Graph.
async fn meet(tls: bool, scripts: Vec<Vec<Step>>) -> (RawServer, Client, FakeClock) {
    meet_patiently(tls, scripts, Duration::from_secs(20)).await
}

/// The same, with a client that waits for an answer no longer than this, of real time.
async fn meet_patiently(
    tls: bool,
    scripts: Vec<Vec<Step>>,
    patience: Duration,
) -> (RawServer, Client, FakeClock) {
    let (certificate, issuer) = authority("Contoso");
    let (server, origin) = if tls {
        let server = RawServer::start_tls(acceptor(&issuer, "localhost", &[b"http/1.1"]), scripts).await;
        let origin = format!("https://localhost:{}", server.address.port());
        (server, origin)
    } else {
        let server = RawServer::start(scripts).await;
        let origin = format!("http://{}", server.address);
        (server, origin)
    };
    let clock = FakeClock::new();
    let transport = ReqwestTransport::builder()
        .without_proxy()
        .with_plain_http_on_loopback(true)
        .with_root_certificate(certificate.pem())
        .with_read_timeout(patience)
        .with_timeout(patience)
        .with_max_body_bytes(CAP)
        .build()
        .unwrap();
    let client = Client::builder(FixedToken::new("canary-token"))
        .with_cloud(Cloud::custom(&origin, &origin).unwrap())
        .with_transport(transport)
        .with_clock(clock.clone())
        .with_retry(RetryConfig::default().with_jitter(false).with_max_attempts(2))
        .build()
        .unwrap();
    (server, client, clock)
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// An answer after which the connection is closed.
fn last(status: &str, headers: &[&str], body: &[u8]) -> Vec<Step> {
    let headers = [&["Connection: close"], headers].concat();
    vec![Step::Read, answer(status, &headers, body)]
}

fn json(status: &str, body: &str) -> Vec<Step> {
    last(status, &["Content-Type: application/json"], body.as_bytes())
}

async fn list(client: &Client) -> Result<Vec<Value>> {
    client.list(ApiVersion::V1, "/devices").all().await
}

/// How long a client waits that is to see an answer that does not come.
const SHORT: Duration = Duration::from_millis(150);

struct Row {
    fault: &'static str,
    script: Vec<Step>,
    /// What the list ends with.
    kind: ErrorKind,
    /// How often it is asked for.
    tries: usize,
    /// Part of what the error says.
    says: &'static str,
}

impl Row {
    fn patience(&self) -> Duration {
        if self.kind == ErrorKind::Timeout { SHORT } else { Duration::from_secs(20) }
    }
}

fn rows() -> Vec<Row> {
    use ErrorKind::{Decode, Interrupted, Timeout, Unavailable};
    use Step::{Forever, Read, Reset, Stall};
    let row = |fault, script, kind, tries, says| Row { fault, script, kind, tries, says };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let sized = |length: usize| send(&format!("{head}Content-Length: {length}\r\n\r\n"));
    let bomb = gzip(&vec![b' '; 1 << 20]).repeat(256);
    let deep = format!(r#"{{"value":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let zipped = ["Content-Type: application/json", "Content-Encoding: gzip"];
    vec![
        row("reset before any answer", vec![Read, Reset], Interrupted, 2, "the connection was lost"),
        row("end before any answer", vec![Read], Interrupted, 2, "the connection was lost"),
        row(
            "reset in the headers",
            vec![Read, send("HTTP/1.1 200 O"), Reset],
            Interrupted,
            2,
            "the connection was lost",
        ),
        row(
            "reset in mid-body",
            vec![Read, sized(100), send(r#"{"value":["#), Reset],
            Interrupted,
            2,
            "the connection was lost",
        ),
        row(
            "shorter than announced",
            vec![Read, sized(100), send(r#"{"value":[]}"#)],
            Interrupted,
            2,
            "the connection was lost",
        ),
        row(
            "no HTTP at all",
            vec![Read, send("220 mail.contoso.com ESMTP\r\n")],
            Interrupted,
            2,
            "the connection was lost",
        ),
        row("headers that trickle", vec![Read, send("HTTP/1.1 200 OK\r\nX: "), Stall], Timeout, 2, "in time"),
        row(
            "body that trickles",
            vec![
                Read,
                send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                Forever(b"1\r\n \r\n".to_vec()),
            ],
            Timeout,
            2,
            "in time",
        ),
        row("silence", vec![Read, Stall], Timeout, 2, "in time"),
        row("silence in mid-body", vec![Read, sized(100), send(r#"{"va"#), Stall], Timeout, 2, "in time"),
        row("announced as too large", vec![Read, sized(CAP + 1), Stall], Decode, 1, "1048576 bytes"),
        row(
            "endless",
            vec![
                Read,
                send(&format!("{head}Transfer-Encoding: chunked\r\n\r\n")),
                Forever([b"10000\r\n".as_slice(), &[b' '; 65536], b"\r\n"].concat()),
            ],
            Decode,
            1,
            "1048576 bytes",
        ),
        row("bomb of 256 MiB in gzip", last("200 OK", &zipped, &bomb), Decode, 1, "1048576 bytes"),
        row("garbage for gzip", last("200 OK", &zipped, b"no gzip"), Decode, 1, "not valid gzip"),
        row(
            "gzip that is cut",
            last("200 OK", &zipped, &gzip(br#"{"value":[]}"#)[..20]),
            Decode,
            1,
            "not valid gzip",
        ),
        row("JSON cut with a right length", json("200 OK", r#"{"value":[{"id""#), Decode, 2, "cut short"),
        row(
            "page of HTML",
            last("200 OK", &["Content-Type: text/html"], b"<h1>Hotel</h1>"),
            Decode,
            1,
            "text/html: Hotel",
        ),
        row("empty body", json("200 OK", ""), Decode, 1, "empty body"),
        row("no value", json("200 OK", "{}"), Decode, 1, "not an empty list"),
        row("value that is null", json("200 OK", r#"{"value":null}"#), Decode, 1, "not an empty list"),
        row("value of a wrong type", json("200 OK", r#"{"value":{"id":"1"}}"#), Decode, 1, "not valid"),
        row(
            "invalid UTF-8",
            last("200 OK", &["Content-Type: application/json"], b"{\"value\":[\"\xff\"]}"),
            Decode,
            1,
            "byte 11",
        ),
        row("nesting 100,000 deep", json("200 OK", &deep), Decode, 1, "item 0"),
        row("500", json("500 No", ""), Unavailable, 2, "status 500"),
        row(
            "502 in HTML",
            last("502 Bad", &["Content-Type: text/html"], b"<h1>Edge 7</h1>"),
            Unavailable,
            2,
            "Edge 7",
        ),
        row("503", json("503 Busy", r#"{"error":{"code":"Busy","message":"m"}}"#), Unavailable, 2, "Busy"),
        row("504", json("504 Late", ""), Unavailable, 2, "status 504"),
        row(
            "redirect to another host",
            last("302 Found", &["Location: https://evil.example/"], b""),
            Decode,
            1,
            "status 302",
        ),
        row(
            "redirect to plain http",
            last("308 Moved", &["Location: http://127.0.0.1/"], b""),
            Decode,
            1,
            "status 308",
        ),
        row(
            "redirect to itself",
            last("307 Again", &["Location: /v1.0/devices"], b""),
            Decode,
            1,
            "status 307",
        ),
        row(
            "next link to another host",
            json("200 OK", r#"{"value":[],"@odata.nextLink":"https://evil.example/v1.0/devices"}"#),
            ErrorKind::Link,
            1,
            "another host",
        ),
        row(
            "403 of a proxy",
            last("403 No", &["Content-Type: text/html"], b"<b>Blocked</b>"),
            ErrorKind::Forbidden,
            1,
            "Blocked",
        ),
    ]
}

async fn every_fault_ends_as_it_must(tls: bool) {
    for row in rows() {
        let patience = row.patience();
        let Row { fault, script, kind, tries, says } = row;
        let (server, client, clock) = meet_patiently(tls, vec![script; 6], patience).await;
        let error = list(&client).await.expect_err(fault);
        let shown = format!("{error} {error:?}");
        assert_eq!((error.kind(), server.seen().len()), (kind, tries), "{fault}: {shown}");
        assert!(shown.contains(says), "{fault}: {shown}");
        assert_eq!(error.operation(), Some("list"), "{fault}");
        assert_eq!(error.endpoint(), Some("GET /v1.0/devices"), "{fault}");
        assert!(!shown.contains("canary") && !error.outcome_unknown(), "{fault}: {shown}");
        assert!(server.seen().iter().all(|seen| seen.header("authorization") == Some("Bearer canary-token")));
        assert_eq!(clock.waiting(), 0, "{fault}: nothing goes on");
    }
}

#[tokio::test]
async fn every_fault_of_the_wire_ends_a_list_with_a_typed_error_that_names_operation_and_path() {
    every_fault_ends_as_it_must(false).await;
}

#[tokio::test]
async fn every_fault_of_the_wire_ends_a_list_with_a_typed_error_under_tls_too() {
    every_fault_ends_as_it_must(true).await;
}

#[tokio::test]
async fn a_read_recovers_from_every_passing_fault_of_the_wire() {
    for row in rows().into_iter().filter(|row| row.tries == 2) {
        // The good answer must be in time on a busy machine, too.
        let patience = row.patience().max(SHORT * 4);
        let Row { fault, script, tries, .. } = row;
        let good = json("200 OK", r#"{"value":[{"id":"1"}]}"#);
        let (server, client, _) = meet_patiently(true, vec![script, good], patience).await;
        let all = list(&client).await.unwrap_or_else(|error| panic!("{fault}: {error}"));
        assert_eq!((all.len(), server.seen().len()), (1, tries), "{fault}");
    }
}

#[tokio::test]
async fn a_write_is_never_sent_twice_once_it_has_left() {
    for row in rows() {
        let patience = row.patience();
        let Row { fault, script, kind, .. } = row;
        let (server, client, _) = meet_patiently(true, vec![script; 3], patience).await;
        let result = client.post::<Value>(ApiVersion::V1, "/devices", &1).await;
        assert_eq!(server.seen().len(), 1, "{fault}: {result:?}");
        let Err(error) = result else { continue };
        let answered =
            matches!(kind, ErrorKind::Forbidden) || error.status().is_some_and(|status| status < 400);
        match error.kind() {
            ErrorKind::UnknownOutcome => assert!(error.outcome_unknown()),
            // A whole answer that cannot be read: it says itself that the write may have taken effect.
            ErrorKind::Decode => assert!(error.outcome_unknown() || answered, "{fault}: {error}"),
            other => assert!(answered, "{fault}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_refused_connection_was_never_sent_and_is_tried_again_by_writes_too() {
    let (server, client, clock) = meet(false, Vec::new()).await;
    drop(server);
    tokio::task::yield_now().await;
    let error = client.post::<Value>(ApiVersion::V1, "/devices", &1).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.outcome_unknown()), (ErrorKind::Connect, 2, false));
    assert_eq!(clock.slept(), [Duration::from_millis(500)]);
}

#[tokio::test]
async fn waits_of_all_forms_are_kept_over_the_wire() {
    for (header, wait) in [
        ("Retry-After: 7", 7000),
        ("retry-after: 2.128", 2128),
        ("Retry-After: 31,120", 31_120),
        ("Retry-After: Mon, 23 Nov 2026 08:00:09 GMT\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT", 9000),
        ("Retry-After: Mon, 23 Nov 2020 08:00:09 GMT\r\nDate: Mon, 23 Nov 2026 08:00:00 GMT", 500),
        ("Retry-After: -1", 500),
        ("X-Nothing: 1", 500),
    ] {
        let throttled = last("429 Slow down", &[header], b"");
        let (server, client, clock) = meet(true, vec![throttled, json("200 OK", r#"{"value":[]}"#)]).await;
        assert!(list(&client).await.unwrap().is_empty());
        assert_eq!((server.seen().len(), clock.elapsed().as_millis()), (2, wait), "{header}");
    }
    let huge = last("429 Slow down", &["Retry-After: 99999"], b"");
    let (server, client, clock) = meet(true, vec![huge; 2]).await;
    assert_eq!(list(&client).await.unwrap_err().retry_after(), Some(Duration::from_secs(99_999)));
    assert_eq!((server.seen().len(), clock.elapsed()), (1, Duration::ZERO));
}

#[tokio::test]
async fn after_a_503_the_next_try_comes_on_a_new_connection() {
    let keep = |status: &str, body: &[u8]| {
        vec![Step::Read, answer(status, &["Content-Type: application/json"], body)]
    };
    let good = br#"{"value":[]}"#;
    // The first connection would answer again; nobody asks it to.
    let scripts = vec![
        [keep("503 Busy", b""), keep("200 OK", good)].concat(),
        [keep("200 OK", good), keep("200 OK", good)].concat(),
    ];
    let (server, client, _) = meet(true, scripts).await;
    list(&client).await.unwrap();
    list(&client).await.unwrap();
    assert_eq!(server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1, 1]);
}

#[tokio::test]
async fn what_is_odd_and_yet_whole_is_read() {
    for (name, body) in [
        ("byte order mark", "\u{feff}{\"value\":[{\"id\":\"1\"}]}"),
        ("the same property twice", r#"{"value":[{"id":"0","id":"1"}]}"#),
        ("unknown properties", r#"{"@odata.context":"x","new":{"a":[1]},"value":[{"id":"1","odd":null}]}"#),
        ("spaces around it", " \r\n {\"value\":[{\"id\":\"1\"}]} \n"),
    ] {
        let (_server, client, _) = meet(true, vec![json("200 OK", body)]).await;
        assert_eq!(list(&client).await.unwrap()[0]["id"], "1", "{name}");
    }
}

#[tokio::test]
async fn the_next_page_is_asked_for_while_the_rest_of_this_one_is_held_back() {
    for tls in [false, true] {
        let (start, end) = (r#"{"@odata.nextLink":"/v1.0/devices?page=2","value":["#, r#"{"id":"1"}]}"#);
        let length = start.len() + end.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        // The end of the first page comes when the second has been asked for, and not before.
        let first = vec![Step::Read, send(&head), send(start), Step::Until(2), send(end)];
        let second = json("200 OK", r#"{"value":[{"id":"2"}]}"#);
        let (server, client, _) = meet(tls, vec![first, second]).await;
        let ids: Vec<Value> = list(&client).await.unwrap().iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids, ["1", "2"]);
        assert!(server.seen()[1].head.starts_with("GET /v1.0/devices?page=2 "), "{:?}", server.seen());
    }
}

#[tokio::test]
async fn the_token_goes_to_no_host_that_an_answer_names() {
    let elsewhere = RawServer::start(vec![json("200 OK", r#"{"value":[]}"#); 3]).await;
    let link = format!("http://{}/v1.0/devices", elsewhere.address);
    let page = format!(r#"{{"value":[{{"id":"1"}}],"@odata.nextLink":"{link}"}}"#);
    let (_server, client, _) = meet(false, vec![json("200 OK", &page)]).await;
    assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Link);
    let location = format!("Location: {link}");
    for status in ["301 Moved", "302 Found", "303 See", "307 There", "308 There"] {
        let (_server, client, _) = meet(false, vec![last(status, &[&location], b"")]).await;
        assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::Decode, "{status}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection_and_leaves_no_timer() {
    let (server, client, clock) = meet(true, vec![vec![Step::Read, Step::Read]]).await;
    let task = tokio::spawn(async move { list(&client).await });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(clock.waiting(), 0);
    assert!(server.is_left().await, "the connection is open and nobody waits for its answer");
}
