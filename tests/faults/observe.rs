//! What a program sees of its calls: events for counters, and spans with OpenTelemetry's names.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use windows_autopilot::clock::{Clock, Sleep};
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::pipeline::{Counters, EventKind, Limits};
use windows_autopilot::transport::TransportErrorKind::Interrupted;
use windows_autopilot::transport::transport_fn;
use windows_autopilot::{Client, ErrorKind};

use crate::harness::{Reply, SECOND, World, answer, in_turn, json, ok, throttled};

#[tokio::test]
async fn every_try_wait_and_end_is_told() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    let replies = in_turn([Reply::Fail(Interrupted), throttled(Some("3")), ok()]);
    let world = World::with(FixedToken::new("t0"), replies, |builder| {
        builder.with_observer(move |event| told.lock().unwrap().push(*event))
    });
    world.get("/organization").await.unwrap();
    let events = events.lock().unwrap();
    assert!(events.iter().all(|event| event.operation == "get"));
    let want = [
        "AttemptFailed { attempt: 1, kind: Interrupted, elapsed: 0ns }",
        "Retry { attempt: 1, wait: 500ms, throttled: false }",
        "ResponseReceived { attempt: 2, status: 429, elapsed: 0ns }",
        "Retry { attempt: 2, wait: 3s, throttled: true }",
        "ResponseReceived { attempt: 3, status: 200, elapsed: 0ns }",
        "Finished { attempts: 3, error: None, elapsed: 3.5s }",
    ];
    assert_eq!(events.iter().map(|event| format!("{:?}", event.kind)).collect::<Vec<_>>(), want);
}

#[tokio::test]
async fn counters_count_retries_and_waits_of_all_kinds() {
    let counters = Counters::default();
    let counting = counters.clone();
    let replies = in_turn([ok(), throttled(Some("3")), ok(), ok(), json(400, "")]);
    let world = World::with(FixedToken::new("t0"), replies, |builder| {
        let limits = Limits::default().with_intune_writes(Some(2));
        builder.with_limits(limits).with_observer(move |event| counting.record(event))
    });
    for _ in 0..3 {
        world.post("/deviceManagement/x").await.unwrap();
    }
    assert_eq!(world.post("/groups").await.unwrap_err().kind(), ErrorKind::Rejected);
    let counts = counters.counts();
    assert_eq!((counts.calls, counts.failed_calls, counts.requests), (4, 1, 5));
    assert_eq!((counts.throttled, counts.retries, counts.retry_budget_exhausted), (1, 1, 0));
    assert_eq!(counts.retry_wait, SECOND * 3);
    // Two writes in 20 s: the third request has waited for 3 s of them already.
    assert_eq!(counts.limit_wait, SECOND * 17);
}

#[tokio::test]
async fn a_budget_that_is_used_up_is_told() {
    let counters = Counters::default();
    let counting = counters.clone();
    let world = World::with(FixedToken::new("t0"), in_turn([json(500, "")]), |builder| {
        let retry = windows_autopilot::pipeline::RetryConfig::default().with_budget(3);
        builder.with_retry(retry).with_observer(move |event| counting.record(event))
    });
    world.get("/organization").await.unwrap_err();
    assert_eq!((counters.counts().retries, counters.counts().retry_budget_exhausted), (3, 1));
}

/// A clock that is a microsecond later whenever it is looked at, as a real one may be.
#[derive(Debug, Default)]
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_call_without_waits_emits_no_limit_wait() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    let client = Client::builder(FixedToken::new("t0"))
        .with_transport(transport_fn(|_| async { Ok(http::Response::new(Bytes::from_static(b"{}"))) }))
        .with_clock(Ticking::default())
        .with_observer(move |event| told.lock().unwrap().push(event.kind))
        .build()
        .unwrap();
    let body = serde_json::json!({});
    client.post::<serde_json::Value>(ApiVersion::V1, "/deviceManagement/x", &body).await.unwrap();
    let events = events.lock().unwrap();
    assert!(
        matches!(
            events[..],
            [
                EventKind::ResponseReceived { attempt: 1, status: 200, elapsed, .. },
                EventKind::Finished { attempts: 1, error: None, elapsed: whole, .. }
            ] if Duration::ZERO < elapsed && elapsed < whole
        ),
        "{events:?}"
    );
}

/// Remembers every span with its fields, by name.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Span>>>);

#[derive(Debug, Clone, Default)]
struct Span {
    id: u64,
    name: String,
    parent: Option<u64>,
    fields: BTreeMap<String, String>,
}

impl Visit for Span {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.current_span().id().map(Id::into_u64);
        let name = attributes.metadata().name().to_owned();
        let mut span = Span { id: id.into_u64(), name, parent, fields: BTreeMap::new() };
        attributes.record(&mut span);
        self.0.lock().unwrap().push(span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().unwrap();
        let span = spans.iter_mut().rev().find(|span| span.id == id.into_u64()).unwrap();
        values.record(span);
    }
}

#[tokio::test]
async fn a_call_and_each_of_its_tries_have_a_span_with_opentelemetrys_names() {
    let spans = Spans::default();
    // With a second one, what a test beside this one logs first is not taken for something that nobody wants.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
    let headers = [("request-id", "9f0e")];
    let world = World::new([json(503, ""), Reply::Fail(Interrupted), answer(200, &headers, b"{}")]);
    let call = world.client.get::<serde_json::Value>(ApiVersion::V1, "/users/canary@contoso.com?$select=id");
    call.await.unwrap();
    let spans = spans.0.lock().unwrap().clone();
    let [call, tries @ ..] = spans.as_slice() else { panic!("no span") };
    assert_eq!((call.name.as_str(), tries.len()), ("graph.call", 3));
    for (field, value) in [
        ("operation", "get"),
        ("http.request.method", "GET"),
        ("server.address", "graph.microsoft.com"),
        ("http.response.status_code", "200"),
        ("http.request.resend_count", "2"),
        ("request_id", "9f0e"),
    ] {
        assert_eq!(call.fields.get(field).map(String::as_str), Some(value), "{field}: {call:?}");
    }
    assert!(!call.fields.contains_key("error.type"), "{call:?}");
    for (number, one) in tries.iter().enumerate() {
        assert_eq!((one.name.as_str(), one.parent), ("graph.attempt", Some(call.id)));
        assert_eq!(one.fields["otel.kind"], "client");
        assert_eq!(
            (one.fields["http.request.method"].as_str(), one.fields["server.port"].as_str()),
            ("GET", "443")
        );
        let resend = one.fields.get("http.request.resend_count").map(String::as_str);
        assert_eq!(resend, [None, Some("1"), Some("2")][number]);
    }
    assert_eq!(tries[0].fields["http.response.status_code"], "503");
    assert_eq!(tries[0].fields["error.type"], "503");
    assert_eq!(tries[1].fields["error.type"], "Interrupted");
    assert_eq!(tries[2].fields["http.response.status_code"], "200");
    assert!(!format!("{spans:?}").contains("canary"), "addresses of people are in no span");
}
