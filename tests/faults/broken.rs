//! Rows 10 to 14, 16 to 18, 33, 34, 56 and 57: answers that fail, break off or never come.

use std::sync::Arc;

use windows_autopilot::ErrorKind;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::transport::TransportErrorKind::{
    Body, Connect, Interrupted, NotAllowed, Other, Timeout,
};

use crate::harness::{Reply, SECOND, World, answer, in_turn, json, ok, silence};

#[tokio::test]
async fn rows_10_11_13_14_a_read_is_tried_again_with_growing_waits() {
    for fault in [
        json(500, ""),
        json(502, ""),
        json(503, ""),
        json(504, ""),
        json(408, ""),
        Reply::Fail(Connect),
        Reply::Fail(Timeout),
        Reply::Fail(Interrupted),
        Reply::Fail(Other),
    ] {
        let world = World::new([fault.clone(), fault, ok()]);
        world.get("/organization").await.unwrap();
        assert_eq!(world.times(), [0, 500, 1500]);
        let retries: Vec<Option<String>> =
            world.seen().iter().map(|seen| seen.header("retry-attempt").map(str::to_owned)).collect();
        assert_eq!(retries, [None, Some("1".into()), Some("2".into())]);
    }
}

#[tokio::test]
async fn rows_10_11_tries_end_and_the_error_says_how_many_there_were() {
    for (fault, kind) in [
        (json(500, ""), ErrorKind::Unavailable),
        (json(504, ""), ErrorKind::Unavailable),
        (Reply::Fail(Connect), ErrorKind::Connect),
        (Reply::Fail(Interrupted), ErrorKind::Interrupted),
        (Reply::Fail(Timeout), ErrorKind::Timeout),
    ] {
        let world = World::new([fault]);
        let error = world.get("/organization").await.unwrap_err();
        assert_eq!((error.kind(), error.attempts(), world.count()), (kind, 5, 5));
        assert!(!error.outcome_unknown());
    }
}

#[tokio::test]
async fn row_12_a_page_of_html_is_tried_again_and_then_shown_cleaned() {
    let page = b"<html><style>x{}</style><body><h1>502</h1>\n<p>Bad   gateway at edge 7</p></body></html>";
    let html = answer(502, &[("content-type", "text/html")], page);
    let world = World::new([html]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), error.status(), world.count()), (ErrorKind::Unavailable, Some(502), 5));
    assert!(error.to_string().contains("502 Bad gateway at edge 7"), "{error}");
}

#[tokio::test]
async fn rows_16_17_a_body_that_cannot_be_used_is_not_fetched_again() {
    let world = World::new([Reply::Fail(Body)]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::Decode, 1));
}

#[tokio::test]
async fn a_request_that_the_transport_refuses_is_not_tried_again_and_had_no_effect() {
    let world = World::new([Reply::Fail(NotAllowed)]);
    let error = world.post("/groups").await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::Configuration, 1));
    assert!(!error.outcome_unknown());
}

#[tokio::test]
async fn row_18_a_try_that_never_ends_is_cut_off_and_tried_again() {
    let world = World::with(FixedToken::new("t0"), in_turn([silence(), ok()]), |builder| {
        builder.with_attempt_timeout(SECOND * 30)
    });
    world.get("/organization").await.unwrap();
    assert_eq!(world.times(), [0, 30_500]);
}

#[tokio::test]
async fn row_18_a_call_ends_within_its_limit_whatever_the_service_does() {
    let world = World::new([Reply::After(SECOND * 50, Box::new(json(500, "")))]);
    let call =
        world.client.get::<serde_json::Value>(ApiVersion::V1, "/organization").with_timeout(SECOND * 120);
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(world.times(), [0, 50_500, 101_500]);
}

#[tokio::test]
async fn rows_33_34_a_redirect_is_an_error_and_is_not_followed() {
    for location in ["https://evil.example/steal", "http://graph.microsoft.com/v1.0/organization"] {
        for status in [301, 302, 307, 308] {
            let world = World::new([answer(status, &[("location", location)], b"")]);
            let error = world.get("/organization").await.unwrap_err();
            assert_eq!((error.status(), world.count()), (Some(status), 1));
            assert_eq!(world.seen()[0].request.uri().host(), Some("graph.microsoft.com"));
        }
    }
}

#[tokio::test]
async fn row_56_every_error_names_what_support_asks_for() {
    let headers = [
        ("request-id", "9f0e"),
        ("date", "Thu, 01 Jan 2026 08:00:00 GMT"),
        ("x-ms-ags-diagnostic", "{\"ServerInfo\":{\"DataCenter\":\"North Europe\"}}"),
    ];
    let world = World::new([answer(400, &headers, br#"{"error":{"code":"BadRequest","message":"No."}}"#)]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!(error.request_id(), Some("9f0e"));
    assert_eq!(error.date(), Some("Thu, 01 Jan 2026 08:00:00 GMT"));
    assert!(error.diagnostic().unwrap().contains("North Europe"));
    assert_eq!(error.client_request_id(), world.seen()[0].header("client-request-id"));
    assert_eq!(error.endpoint(), Some("GET /v1.0/organization"));
}

#[tokio::test]
async fn row_56_the_clients_own_id_is_the_same_on_every_try_and_another_on_every_call() {
    let world = World::new([json(500, ""), json(500, ""), ok(), Reply::Fail(Connect)]);
    world.get("/organization").await.unwrap();
    let error = world.get("/organization").await.unwrap_err();
    let ids: Vec<String> =
        world.seen().iter().map(|seen| seen.header("client-request-id").unwrap().to_owned()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3]);
    assert_eq!(error.client_request_id(), Some(ids[3].as_str()), "even where there was no answer");
}

#[tokio::test]
async fn row_57_a_dropped_call_waits_no_longer_and_sends_no_more() {
    let throttled = in_turn([answer(429, &[("retry-after", "60")], b"")]);
    let world = World::at(FakeClock::manual(), FixedToken::new("t0"), throttled, |builder| builder);
    let world = Arc::new(world);
    let calling = Arc::clone(&world);
    let task = tokio::spawn(async move { calling.get("/organization").await });
    while world.clock.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!((world.clock.waiting(), world.clock.slept().len(), world.count()), (0, 0, 1));
}
