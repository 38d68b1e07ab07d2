//! Rows 59, 60, 68, 69 and 82: what comes from outside and becomes our text.

use std::error::Error as _;
use std::fmt::Write as _;

use base64::Engine as _;
use http::Request;
use windows_autopilot::credential::{ClientSecret, FixedToken};
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::transport::{TransportError, TransportErrorKind, transport_fn};
use windows_autopilot::{Client, Error, ErrorKind};

use crate::harness::{World, answer, json};
use crate::log::Log;

/// Everything that an error shows.
fn shown(error: &Error) -> String {
    let mut all = format!("{error} {error:#} {error:?} {error:#?} {:?}", error.service());
    for text in
        [error.request_id(), error.client_request_id(), error.date(), error.diagnostic(), error.endpoint()]
    {
        write!(all, " {text:?}").unwrap();
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(all, " {error} {error:?}").unwrap();
        cause = error.source();
    }
    all
}

fn assert_hidden(shown: &str, secrets: &[&str]) {
    for secret in secrets {
        for piece in secret.as_bytes().windows(8) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(!shown.contains(piece), "{piece} of {secret} in {shown}");
        }
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

/// Bodies that repeat a value, as services, proxies and their error pages do.
fn echoes(value: &str) -> Vec<(&'static str, String)> {
    let json = value.replace('\\', "\\\\").replace('/', "\\/");
    let wrapped: Vec<String> =
        value.as_bytes().chunks(11).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    vec![
        (
            "application/json",
            format!(r#"{{"error":{{"code":"BadRequest","message":"Cannot convert '{json}'."}}}}"#),
        ),
        (
            "application/json",
            format!(
                r#"{{"error":{{"code":"{json}","message":"{{\"Message\":\"{}\"}}"}}}}"#,
                json.replace('\\', "\\\\")
            ),
        ),
        ("text/html", format!("<html><pre>{}</pre>", wrapped.join("<br>\r\n"))),
        ("text/html", format!("<p>{}</p>", value.replace('/', "&#x2F;").replace('+', "&#43;"))),
        ("text/plain", wrapped.join("\n")),
        ("text/plain", format!("blocked: {}", value.split_at(value.len() / 3).1)),
        ("text/plain", format!("{}{value}", "words ".repeat(300))),
    ]
}

#[tokio::test]
async fn row_68_what_a_request_carried_is_in_no_error_cause_or_log() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let token = "0.AXkAq1Zx8Qw2Er4Ty6Ui8Op0As2Df4Gh6Jk8Lz";
    let hash = format!("T0H{}+/aB3dE5fG7hJ9/", "k9L/m8N+b7V6c5X4z3".repeat(30));
    let (user, password) = ("o'neill.lidia", "hunter2");
    let body = serde_json::json!({
        "hardwareIdentifier": hash, "serialNumber": "PF3XK7M1", "password": password,
        "assignedUserPrincipalName": format!("{user}@contoso.com"),
    });
    let secrets = [token, &hash, user, password];
    for secret in secrets {
        for (kind, text) in echoes(secret) {
            for status in [400, 403, 500, 200] {
                let text = text.clone();
                let world = World::with(
                    FixedToken::new(token),
                    move |_| answer(status, &[("content-type", kind)], text.as_bytes()),
                    |builder| builder,
                );
                let path = format!("/users/{user}@contoso.com/devices");
                let error = world.client.post::<u32>(ApiVersion::V1, &path, &body).await.unwrap_err();
                assert_hidden(&shown(&error), &secrets);
                let mut batch = world.client.batch();
                let slot = batch.add(world.client.post::<u32>(ApiVersion::V1, &path, &body));
                assert_hidden(&shown(&batch.await.unwrap().take(slot).unwrap_err()), &secrets);
            }
        }
        // A part of a batch, and a transport that repeats what it sent.
        let part = serde_json::json!({"responses": [{"id": "0", "status": 400, "headers": {"request-id": secret},
            "body": {"error": {"code": "BadRequest", "message": format!("PF3XK7M1: {secret}")}}}]});
        let world =
            World::with(FixedToken::new(token), move |_| json(200, &part.to_string()), |builder| builder);
        let mut batch = world.client.batch();
        let slot = batch.add(world.client.post::<u32>(ApiVersion::V1, "/devices", &body));
        let error = batch.await.unwrap().take(slot).unwrap_err();
        assert_hidden(&shown(&error), &secrets);
        assert!(error.to_string().contains("PF3XK7M1"), "serial numbers are shown: {error}");
        let cause = format!("cannot send {secret}");
        let transport = transport_fn(move |_| {
            let error =
                TransportError::new(TransportErrorKind::Other, cause.clone()).with_source(cause.clone());
            std::future::ready(Err(error))
        });
        let client = Client::builder(FixedToken::new(token)).with_transport(transport).build().unwrap();
        let error = client.post::<u32>(ApiVersion::V1, "/devices", &body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownOutcome);
        assert_hidden(&shown(&error), &secrets);
    }
    assert_hidden(&String::from_utf8(log.0.lock().unwrap().clone()).unwrap(), &secrets);
}

#[tokio::test]
async fn row_68_what_a_sign_in_carried_is_in_no_error() {
    let secret = "Zx8Q~w2.Er4-Ty6Ui8Op0As2Df4_Gh6";
    for (kind, text) in echoes(secret) {
        for status in [400, 401, 403, 200] {
            let text = text.clone();
            let client_id = "00001111-aaaa-2222-bbbb-3333cccc4444";
            let credential = ClientSecret::new("contoso.com".parse().unwrap(), client_id, secret).unwrap();
            let world = World::with(
                credential,
                move |_| {
                    answer(
                        status,
                        &[("content-type", kind)],
                        text.replace("BadRequest", "invalid_client").as_bytes(),
                    )
                },
                |builder| builder,
            );
            let error = world.get("/devices").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication);
            assert_hidden(&shown(&error), &[secret]);
        }
    }
    let body =
        format!(r#"{{"error":"invalid_client","error_description":"AADSTS7000215: Bad secret {secret}"}}"#);
    let client_id = "00001111-aaaa-2222-bbbb-3333cccc4444";
    let credential = ClientSecret::new("contoso.com".parse().unwrap(), client_id, secret).unwrap();
    let world = World::with(credential, move |_| json(401, &body), |builder| builder);
    let error = world.get("/devices").await.unwrap_err();
    assert!(error.to_string().contains("AADSTS7000215: Bad secret [redacted]"), "{error}");
}

#[tokio::test]
async fn row_69_names_of_people_are_in_no_error() {
    for (text, name) in [
        ("no user o'neill@contoso.com here", "neill"),
        ("no user adele~vance@contoso.com here", "adele"),
        ("no user CONTOSO\\adelev here", "adelev"),
        (r#"{"displayName":"Adele Vance","id":"1"}"#, "Vance"),
        (r#"{\"givenName\":\"Adele\"}"#, "Adele"),
    ] {
        for status in [400, 502, 200] {
            let world = World::new([answer(status, &[("content-type", "text/plain")], text.as_bytes())]);
            let error = world.get("/devices").await.unwrap_err();
            assert!(!shown(&error).contains(name), "{error:?}");
        }
        let json_text = serde_json::json!({"error": {"code": "BadRequest", "message": text}}).to_string();
        let world = World::new([json(400, &json_text)]);
        let error = world.get("/devices").await.unwrap_err();
        assert!(!shown(&error).contains(name), "{error:?}");
    }
}

#[tokio::test]
async fn rows_59_60_no_page_and_no_message_is_kept_beyond_1_kib() {
    let script = "<script>".repeat(1 << 19);
    let message = format!(r#"{{"error":{{"code":"Forbidden","message":"{}"}}}}"#, "long ".repeat(1 << 20));
    for body in [script, message] {
        let world = World::new([json(403, &body)]);
        let error = world.get("/devices").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.to_string().len() < 1_400 && format!("{error:?}").len() < 1_600, "{error}");
        assert!(
            error.service().is_none_or(|error| error.code() == "Forbidden" && error.message().len() <= 1_024)
        );
    }
}

#[tokio::test]
async fn row_82_a_token_of_another_tenant_is_refused_and_both_are_named() {
    let (ours, other) = ("72f988bf-86f1-41af-91ab-2d7cd011db47", "9188040d-6c67-4c5b-b112-36a304b66dad");
    let token = |claims: &str| {
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
        format!("eyJhbGciOiJub25lIn0.{claims}.c2ln")
    };
    let world = |configured: &str, token: String| {
        let client_id = "00001111-aaaa-2222-bbbb-3333cccc4444";
        let credential = ClientSecret::new(configured.parse().unwrap(), client_id, "the-secret").unwrap();
        let reply = move |request: &Request<_>| match request.uri().host() {
            Some("login.microsoftonline.com") => {
                json(200, &format!(r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{token}"}}"#))
            }
            _ => json(200, "1"),
        };
        World::with(credential, reply, |builder| builder)
    };
    let foreign = format!(r#"{{"tid":"{other}"}}"#);
    let refused = world(ours, token(&foreign));
    let error = refused.get("/devices").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains(ours) && error.to_string().contains(other), "{error}");
    assert!(error.remedy().unwrap().contains("tenant"));
    assert!(
        refused.seen().iter().all(|seen| seen.request.uri().host() != Some("graph.microsoft.com")),
        "never sent"
    );
    for (configured, claims) in [
        (ours, format!(r#"{{"tid":"{}"}}"#, ours.to_uppercase())),
        (ours, "{}".to_owned()),
        (ours, r#"{"tid":"not an id"}"#.to_owned()),
        ("contoso.com", foreign.clone()),
    ] {
        assert_eq!(
            world(configured, token(&claims)).get("/devices").await.unwrap(),
            1,
            "{configured} {claims}"
        );
    }
    assert_eq!(world(ours, "opaque".to_owned()).get("/devices").await.unwrap(), 1);
}
