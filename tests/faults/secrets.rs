//! Row 55: what must never be seen.

use windows_autopilot::credential::ClientSecret;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::transport::TransportErrorKind::Interrupted;

use crate::harness::{Reply, World, answer, json};
use crate::log::Log;

#[tokio::test]
async fn row_55_no_secret_is_in_a_log_an_error_or_a_debug_output() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    // With a second one, what a test beside this one logs first is not taken for something that nobody wants.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);

    let hash = format!("T0F{}canaryhash==", "A".repeat(400));
    let client_id = "00001111-aaaa-2222-bbbb-3333cccc4444";
    let credential = ClientSecret::new("contoso.com".parse().unwrap(), client_id, "canary-secret").unwrap();
    let refusal = format!(
        r#"{{"error":{{"code":"BadRequest","message":"Cannot convert '{hash}' for canary.person@contoso.com."}}}}"#
    );
    let world = World::with(
        credential,
        move |request| match (request.uri().host(), request.method().as_str(), request.uri().path()) {
            (Some("login.microsoftonline.com"), ..) => {
                let body = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"eyJcanary.token"}"#;
                json(200, body)
            }
            (_, "POST", _) => json(400, &refusal),
            (_, _, "/v1.0/throttled") => answer(429, &[("retry-after", "99999")], b""),
            (_, _, "/v1.0/broken") => Reply::Fail(Interrupted),
            (_, _, "/v1.0/page") => {
                answer(200, &[("content-type", "text/html")], b"<p>canary.person@contoso.com</p>")
            }
            _ => json(500, &refusal),
        },
        |builder| builder,
    );
    let mut shown = format!("{:?}", world.client);
    for path in
        ["/throttled", "/broken", "/page", "/users/canary.person@contoso.com?$filter=x%20eq%20'canary'"]
    {
        let error = world.get(path).await.unwrap_err();
        shown += &format!("{error} {error:?} {error:#?}");
    }
    let body = serde_json::json!({"hardwareIdentifier": hash, "productKey": "canary-key"});
    let call = world.client.post::<serde_json::Value>(ApiVersion::V1, "/devices", &body);
    shown += &format!("{call:?} {:?}", call.operation());
    let error = call.await.unwrap_err();
    shown += &format!("{error} {error:?} {:?}", error.service());

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("graph.call") && log.contains("retry"), "it does log: {log}");
    for text in [&shown, &log] {
        for line in text.lines() {
            assert!(!line.contains("canary"), "{line}");
            assert!(!line.contains("AAAAAAAA"), "{line}");
        }
    }
}
