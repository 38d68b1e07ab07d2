//! Injected faults.

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::sim::Fault;
use crate::transport::{TransportError, TransportErrorKind};

const GROUPS: &str = "/v1.0/groups";

async fn raw(desk: &Desk, method: Method, body: Value) -> Result<u16, TransportErrorKind> {
    let request = http::Request::builder().method(method).uri(format!("https://graph.microsoft.com{GROUPS}"));
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = request.header("authorization", "Bearer any").body(body).unwrap();
    desk.tenant
        .send(request)
        .await
        .map(|response| response.status().as_u16())
        .map_err(|error: TransportError| error.kind())
}

fn group() -> Value {
    json!({"displayName": "Devices", "mailEnabled": false, "mailNickname": "devices", "securityEnabled": true})
}

#[tokio::test]
async fn a_throttled_call_says_how_long_to_wait_as_often_as_it_should() {
    let desk = Desk::new();
    desk.tenant.fault(Fault::throttle(Duration::from_millis(2128)).on("GET", "/groups").after(1).times(2));
    let mut seen = Vec::new();
    for _ in 0..4 {
        let received = desk.get(GROUPS).await;
        seen.push((
            received.status,
            received.headers.get("retry-after").map(|of| of.to_str().unwrap().to_owned()),
        ));
    }
    let held = (429, Some("2.128".to_owned()));
    assert_eq!(seen, [(200, None), held.clone(), held, (200, None)]);
    desk.tenant.fault(Fault::throttle_without_header().once());
    assert_eq!(desk.get(GROUPS).await.headers.get("retry-after"), None);
    desk.tenant.fault(Fault::throttle_with_header("31,120").once());
    assert_eq!(desk.get(GROUPS).await.headers["retry-after"], "31,120");
    assert_eq!(desk.get("/v1.0/users").await.status, 200);
}

#[tokio::test]
async fn a_broken_connection_says_what_may_have_happened() {
    for (fault, kind, made) in [
        (Fault::refuse_connection(), TransportErrorKind::Connect, 0),
        (Fault::reset_before(), TransportErrorKind::Interrupted, 0),
        (Fault::reset_after(), TransportErrorKind::Interrupted, 1),
        (Fault::timeout_before(), TransportErrorKind::Timeout, 0),
        (Fault::timeout_after(), TransportErrorKind::Timeout, 1),
    ] {
        let desk = Desk::new();
        desk.tenant.fault(fault.clone().on("POST", "/groups").once());
        assert_eq!(raw(&desk, Method::POST, group()).await, Err(kind), "{fault:?}");
        assert_eq!(desk.get(GROUPS).await.column("id").len(), made, "{fault:?}");
        assert_eq!(desk.tenant.requests()[0].status, None);
        assert_eq!(raw(&desk, Method::POST, group()).await, Ok(201));
    }
}

#[tokio::test]
async fn statuses_come_with_graphs_body_or_with_html() {
    let desk = Desk::new();
    for status in [500, 503, 504, 507] {
        desk.tenant.fault(Fault::status(status).once());
        let received = desk.get(GROUPS).await;
        assert_eq!((received.status, received.body["error"]["code"].is_string()), (status, true));
    }
    for fault in [Fault::status(502), Fault::html(403), Fault::captive_portal()] {
        desk.tenant.fault(fault.once());
        let received = desk.get(GROUPS).await;
        assert!(
            received.text.starts_with("<!DOCTYPE html>") && received.headers["content-type"] == "text/html"
        );
    }
    desk.tenant.fault(Fault::status_after(503, Duration::from_secs(9)).once());
    assert_eq!(desk.get(GROUPS).await.headers["retry-after"], "9");
    desk.tenant.fault(Fault::claims_challenge().once());
    let received = desk.get(GROUPS).await;
    assert!(
        received.status == 401
            && received.headers["www-authenticate"].to_str().unwrap().contains("insufficient_claims")
    );
}

#[tokio::test]
async fn a_held_workload_stays_held_for_who_comes_early() {
    let desk = Desk::new();
    desk.tenant.fault(
        Fault::throttle_workload(Duration::from_secs(10))
            .on("GET", "/deviceManagement/managedDevices")
            .once(),
    );
    let other = "/beta/deviceManagement/autopilotEvents";
    assert_eq!(desk.get("/v1.0/deviceManagement/managedDevices").await.status, 429);
    desk.clock.advance(Duration::from_secs(9));
    assert_eq!((desk.get(other).await.status, desk.get(GROUPS).await.status), (429, 200));
    desk.clock.advance(Duration::from_secs(9));
    assert_eq!(desk.get(other).await.status, 429, "the wait began anew");
    desk.clock.advance(Duration::from_secs(10));
    assert_eq!(desk.get(other).await.status, 200);
}

#[tokio::test]
async fn bodies_can_be_torn_wrong_or_late() {
    let desk = Desk::new();
    let id = desk.tenant.add_device("SN1");
    let path = format!("{IDENTITIES}/{id}");
    desk.tenant.fault(Fault::torn().once());
    let received = desk.get(&path).await;
    assert!(received.status == 200 && received.body.is_null() && received.text.starts_with('{'));
    desk.tenant.fault(Fault::value("/enrollmentState", json!("teleported")).once());
    desk.tenant.fault(Fault::value("/brandNew", json!(1)).once());
    assert_eq!(desk.get(&path).await.body["enrollmentState"], "teleported");
    assert_eq!(desk.get(&path).await.body["brandNew"], 1);
    desk.tenant.fault(Fault::body("").once());
    assert_eq!(desk.get(&path).await.text, "");
    let clock = FakeClock::new();
    let tenant = Tenant::new(Arc::new(clock.clone()));
    tenant.fault(Fault::slow(Duration::from_secs(30)).once());
    let slow = Desk { tenant, clock: clock.clone(), token: "any".to_owned() };
    assert_eq!(slow.get(GROUPS).await.status, 200);
    assert_eq!(clock.slept(), [Duration::from_secs(30)]);
}

#[tokio::test]
async fn pages_can_be_empty_or_lead_nowhere() {
    let desk = Desk::with(|builder| builder.with_page_size(2));
    for number in 0..3 {
        desk.tenant.add_device(&format!("SN{number}"));
    }
    desk.tenant.fault(Fault::empty_page().once());
    let empty = desk.get(IDENTITIES).await;
    assert_eq!(empty.column("id").len(), 0);
    let link = empty.body["@odata.nextLink"].as_str().unwrap();
    assert!(!link.ends_with(IDENTITIES), "another address");
    assert_eq!(desk.get(link).await.column("serialNumber"), ["SN0", "SN1"]);
    desk.tenant.fault(Fault::repeated_page().after(1));
    let first = desk.get(IDENTITIES).await.body["@odata.nextLink"].as_str().unwrap().to_owned();
    assert_eq!(desk.get(&first).await.body["@odata.nextLink"], first);
    desk.tenant.clear_faults();
    desk.tenant.fault(Fault::next_link("https://graph.evil.example/v1.0/x"));
    assert_eq!(desk.get(IDENTITIES).await.body["@odata.nextLink"], "https://graph.evil.example/v1.0/x");
}

#[tokio::test]
async fn stale_reads_see_what_was_and_writes_go_through() {
    let desk = Desk::new();
    desk.tenant.fault(Fault::stale().on("*", "/groups/**").times(2));
    let made = desk.post(GROUPS, group()).await;
    let path = format!("{GROUPS}/{}", made.id());
    assert_eq!((desk.get(&path).await.status, desk.get(GROUPS).await.column("id").len()), (404, 0));
    assert_eq!(desk.get(&path).await.status, 200);
}

#[tokio::test]
async fn in_a_batch_single_parts_are_hit() {
    let desk = Desk::new();
    desk.tenant.fault(Fault::throttle(Duration::from_secs(3)).on("GET", "/users").once());
    let requests = json!({"requests": [
        {"id": "1", "method": "GET", "url": "/groups"},
        {"id": "2", "method": "GET", "url": "/users"},
    ]});
    let received = desk.post("/v1.0/$batch", requests.clone()).await;
    let part = received.body["responses"].as_array().unwrap().iter().find(|of| of["id"] == "2").unwrap();
    assert_eq!(
        (received.status, &part["status"], &part["headers"]["Retry-After"]),
        (200, &json!(429), &json!("3"))
    );
    desk.tenant.fault(Fault::reset_before().on("POST", "/$batch").once());
    let request =
        http::Request::post("https://graph.microsoft.com/v1.0/$batch").header("authorization", "Bearer any");
    let error = desk.tenant.send(request.body(Bytes::from(requests.to_string())).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Interrupted);
}

#[tokio::test]
async fn a_rate_hits_some_and_the_same_ones_by_the_same_seed() {
    let run = async |seed: u64| {
        let desk = Desk::with(|builder| builder.with_seed(seed));
        desk.tenant.fault(Fault::status(503).rate(0.5));
        let mut seen = Vec::new();
        for _ in 0..40 {
            seen.push(desk.get(GROUPS).await.status);
        }
        seen
    };
    let (one, again, other) = (run(1).await, run(1).await, run(2).await);
    assert_eq!(one, again);
    assert_ne!(one, other);
    let hits = one.iter().filter(|status| **status == 503).count();
    assert!((8..=32).contains(&hits), "{hits}");
}

#[tokio::test]
async fn the_token_endpoint_is_hit_only_when_it_is_named() {
    let desk = Desk::new();
    let token = async || {
        let uri = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", desk.tenant.id());
        let request = http::Request::post(uri).body(Bytes::from("grant_type=x&client_id=y")).unwrap();
        desk.tenant.send(request).await.unwrap().status().as_u16()
    };
    desk.tenant.fault(Fault::status(503));
    assert_eq!(token().await, 400);
    desk.tenant.clear_faults();
    desk.tenant.fault(Fault::status(503).on("POST", "/oauth2/v2.0/token").once());
    assert_eq!((token().await, token().await), (503, 400));
}
