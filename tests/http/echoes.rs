//! Rows 59, 60, 63 to 65, 68, 69, 76 to 79 and 82 over real sockets: foreign text, waits, parts, links and tokens.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::{ClientSecret, FixedToken, TokenProvider};
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::{Client, Cloud, Error, ErrorKind};

use crate::edges::{builder, gzip};
use crate::raw_server::{RawServer, Step, answer};

const TOKEN: &str = "0.AXkAq1Zx8Qw2Er4Ty6Ui8Op0As2Df4Gh6Jk8Lz";

/// A server that gives these answers, each on a connection of its own.
async fn serve(answers: impl IntoIterator<Item = Step>) -> RawServer {
    RawServer::start(answers.into_iter().map(|answer| vec![Step::Read, answer]).collect()).await
}

fn closing(status: &str, kind: &str, headers: &[&str], body: &[u8]) -> Step {
    let kind = format!("Content-Type: {kind}");
    answer(status, &[&["Connection: close", &*kind], headers].concat(), body)
}

fn json_answer(status: &str, body: &Value) -> Step {
    closing(status, "application/json", &[], body.to_string().as_bytes())
}

/// A client of the server, under a name that has letters.
fn client(server: &RawServer, credential: impl TokenProvider) -> (Client, FakeClock) {
    let (origin, clock) = (format!("http://localhost:{}", server.address.port()), FakeClock::new());
    let client = Client::builder(credential)
        .with_cloud(Cloud::custom(&origin, &origin).unwrap())
        .with_transport(builder().build().unwrap())
        .with_clock(clock.clone())
        .with_retry(RetryConfig::default().with_jitter(false))
        .build()
        .unwrap();
    (client, clock)
}

async fn get(client: &Client) -> Result<Value, Error> {
    client.get(ApiVersion::V1, "/devices").await
}

fn shown(error: &Error) -> String {
    let mut all = format!("{error:#} {error:?} {error:#?} {:?} {:?}", error.service(), error.endpoint());
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(all, " {error} {error:?}").unwrap();
        cause = error.source();
    }
    all
}

fn assert_hidden(shown: &str, secrets: &[&str]) {
    for secret in secrets {
        let pieces: Vec<&[u8]> = secret.as_bytes().windows(secret.len().min(8)).collect();
        let found =
            pieces.iter().map(|piece| std::str::from_utf8(piece).unwrap()).find(|it| shown.contains(it));
        assert_eq!(found, None, "{shown}");
    }
}

#[tokio::test]
async fn rows_59_60_a_small_answer_that_unpacks_to_a_large_page_is_shown_in_part() {
    let message = json!({"error": {"code": "Forbidden", "message": "long ".repeat(3 << 20)}}).to_string();
    for (kind, body) in [("text/html", "<script>".repeat(2 << 20)), ("application/json", message)] {
        let packed = gzip(body.as_bytes());
        assert!(packed.len() < 64 << 10);
        let server = serve([closing("403 Forbidden", kind, &["Content-Encoding: gzip"], &packed)]).await;
        let error = get(&client(&server, FixedToken::new(TOKEN)).0).await.unwrap_err();
        assert_eq!((error.kind(), server.connections()), (ErrorKind::Forbidden, 1));
        assert!(error.to_string().len() < 1_400 && format!("{error:?}").len() < 1_600, "{error}");
    }
}

#[tokio::test]
async fn row_63_every_form_of_a_date_is_waited_for_over_the_wire() {
    for date in [
        "Mon, 23 Nov 2026 08:00:09 GMT",
        "Monday, 23-Nov-26 08:00:09 GMT",
        "Mon Nov 23 08:00:09 2026",
        "Sat, 23 Nov 2026 08:00:09 GMT",
        "2026-11-23T08:00:09Z",
    ] {
        let headers = ["Date: Mon, 23 Nov 2026 08:00:00 GMT", &format!("Retry-After: {date}")];
        let server =
            serve([closing("429 Slow down", "text/plain", &headers, b""), json_answer("200 OK", &json!(1))])
                .await;
        let (client, clock) = client(&server, FixedToken::new(TOKEN));
        assert_eq!(get(&client).await.unwrap(), 1, "{date}");
        assert_eq!(clock.slept(), [Duration::from_secs(9)], "{date}");
    }
}

#[tokio::test]
async fn row_64_a_wait_of_years_closes_a_workload_for_minutes_over_the_wire() {
    let years = closing("429 Slow down", "text/plain", &["Retry-After: 315360000"], b"");
    let server = serve([years, json_answer("200 OK", &json!(1))]).await;
    let (client, clock) = client(&server, FixedToken::new(TOKEN));
    let error = get(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_after()),
        (ErrorKind::Throttled, Some(Duration::from_secs(315_360_000)))
    );
    clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(get(&client).await.unwrap(), 1);
}

#[tokio::test]
async fn row_65_an_odd_part_of_a_batch_fails_alone_over_the_wire() {
    for odd in [
        json!({"id": {}, "status": 200}),
        json!({"id": "1", "status": "many"}),
        json!({"id": "77", "status": 200}),
        json!(7),
    ] {
        let good = |id: &str| json!({"id": id, "status": 200, "headers": {"Content-Type": "application/json"}, "body": 5});
        let answers = json!({"responses": [good("0"), odd, good("2")]});
        // What is missing is asked for again, as often as reads are.
        let server = serve(vec![json_answer("200 OK", &answers); 5]).await;
        let (client, _) = client(&server, FixedToken::new(TOKEN));
        let mut batch = client.batch();
        let slots: Vec<_> =
            (0..3).map(|_| batch.add(client.post::<Value>(ApiVersion::V1, "/x", &json!({})))).collect();
        let mut answers = batch.await.unwrap();
        let outcomes: Vec<_> =
            slots.into_iter().map(|slot| answers.take(slot).map_err(|error| error.kind())).collect();
        assert_eq!(outcomes, [Ok(json!(5)), Err(ErrorKind::UnknownOutcome), Ok(json!(5))], "{odd}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn rows_68_69_what_was_sent_is_in_no_error_whatever_repeats_it_over_the_wire() {
    let hash = format!("T0HsAgEA{}+/aB3dE5fG7hJ9/", "k9L/m8N+b7V6c5X4z3".repeat(30));
    let (user, password) = ("o'neill.lidia", "hunter2");
    let secrets = [TOKEN, &*hash, user, password];
    let body = json!({"hardwareIdentifier": hash, "password": password,
        "assignedUserPrincipalName": format!("{user}@contoso.com")});
    for secret in secrets {
        let lines: Vec<String> =
            secret.as_bytes().chunks(11).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        let in_json = json!({"error": {"code": "BadRequest", "message": format!("Cannot read '{secret}'.")}});
        let nested = json!({"error": {"code": "BadRequest", "message": in_json.to_string()}});
        let named = r#"{"displayName":"Adele Vance","user":"CONTOSO\\adelev"}"#;
        for (kind, text) in [
            ("application/json", in_json.to_string()),
            ("application/json", nested.to_string().replace('/', "\\/")),
            ("text/html", format!("<pre>{}</pre>", lines.join("<br>\r\n"))),
            ("text/plain", format!("{}\n{named}", lines.join("\n"))),
        ] {
            let packed = gzip(text.as_bytes());
            for status in ["400 Bad Request", "403 Forbidden", "500 Oops", "200 OK"] {
                let head = format!("request-id: {}", secret.replace(['\r', '\n'], ""));
                let headers = ["Content-Encoding: gzip", &*head];
                let server = serve([closing(status, kind, &headers, &packed)]).await;
                let (client, _) = client(&server, FixedToken::new(TOKEN));
                let path = format!("/users/{user}@contoso.com/devices");
                let error = client.post::<u32>(ApiVersion::V1, &path, &body).await.unwrap_err();
                assert_hidden(&shown(&error), &secrets);
                assert_hidden(&shown(&error), &["Adele Vance", "adelev"]);
            }
        }
    }
}

const CLIENT_ID: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";

#[tokio::test]
async fn row_68_a_secret_that_the_sign_in_host_repeats_is_in_no_error_over_the_wire() {
    let secret = "Zx8Q~w2.Er4-Ty6Ui8Op0As2Df4_Gh6";
    for (status, kind, body) in [
        (
            "401 Unauthorized",
            "application/json",
            json!({"error": "invalid_client", "error_description": format!("Bad secret {secret}")})
                .to_string(),
        ),
        ("400 Bad Request", "text/html", format!("<p>client_secret={secret}</p>")),
        ("200 OK", "text/plain", format!("welcome, {secret}")),
    ] {
        let server = serve([closing(status, kind, &[], body.as_bytes())]).await;
        let credential = ClientSecret::new("contoso.com".parse().unwrap(), CLIENT_ID, secret).unwrap();
        let error = get(&client(&server, credential).0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert_hidden(&shown(&error), &[secret]);
        assert_eq!(server.seen().len(), 1, "nothing is sent to Graph");
    }
}

#[tokio::test]
async fn row_76_a_redirect_says_where_it_leads_and_is_not_followed_over_the_wire() {
    let place = ["Location: https://portal.example/login?next=1"];
    for (status, write, kind) in [
        ("302 Found", false, ErrorKind::Decode),
        ("307 Moved", true, ErrorKind::Decode),
        ("303 See Other", true, ErrorKind::UnknownOutcome),
    ] {
        let server = serve([closing(status, "text/html", &place, b"")]).await;
        let (client, _) = client(&server, FixedToken::new(TOKEN));
        let error = match write {
            true => client.post::<Value>(ApiVersion::V1, "/devices", &json!({})).await.unwrap_err(),
            false => get(&client).await.unwrap_err(),
        };
        assert_eq!((error.kind(), server.seen().len()), (kind, 1), "{status}: {error}");
        assert!(error.to_string().contains("portal.example"), "{error}");
    }
}

#[tokio::test]
async fn rows_77_78_79_links_are_followed_to_the_same_host_and_collection_alone_over_the_wire() {
    for (link, query) in [
        ("HTTP://LocalHost:{port}/v1.0/devices?$skiptoken=2", Some("$skiptoken=2")),
        (
            "http://localhost:{port}/v1.0/devices?$filter=a eq \"b\"&p={\"c\":1}",
            Some("$filter=a%20eq%20%22b%22&p=%7B%22c%22:1%7D"),
        ),
        ("/v1.0/devices?p=2", Some("p=2")),
        ("?p=2", Some("p=2")),
        ("http://localhost:1/v1.0/devices?p=2", None),
        ("http://localhost:{port}/v1.0/users/1/devices?p=2", None),
        ("http://localhost:{port}/beta/devices?p=2", None),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let link = link.replace("{port}", &port.to_string());
        let first = json_answer("200 OK", &json!({"value": [1], "@odata.nextLink": link}));
        let server = RawServer::start_on(
            listener,
            vec![vec![Step::Read, first], vec![Step::Read, json_answer("200 OK", &json!({"value": [2]}))]],
        );
        let (client, _) = client(&server, FixedToken::new(TOKEN));
        let all = client.list::<u32>(ApiVersion::V1, "/devices").all().await;
        let seen = server.seen();
        match query {
            Some(query) => {
                assert_eq!(all.expect(&link), [1, 2]);
                let line = seen[1].head.lines().next().unwrap();
                assert_eq!(line, format!("GET /v1.0/devices?{query} HTTP/1.1"));
            }
            None => assert_eq!((all.unwrap_err().kind(), seen.len()), (ErrorKind::Link, 1), "{link}"),
        }
    }
}

#[tokio::test]
async fn row_82_a_token_of_another_tenant_is_refused_over_the_wire() {
    let (ours, other) = ("72f988bf-86f1-41af-91ab-2d7cd011db47", "9188040d-6c67-4c5b-b112-36a304b66dad");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!(r#"{{"tid":"{other}"}}"#));
    let token = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": format!("eyJhbGciOiJub25lIn0.{claims}.c2ln")});
    let server = serve([json_answer("200 OK", &token)]).await;
    let credential = ClientSecret::new(ours.parse().unwrap(), CLIENT_ID, "the-secret").unwrap();
    let error = get(&client(&server, credential).0).await.unwrap_err();
    assert_eq!((error.kind(), server.seen().len()), (ErrorKind::Authentication, 1));
    assert!(error.to_string().contains(ours) && error.to_string().contains(other), "{error}");
}
