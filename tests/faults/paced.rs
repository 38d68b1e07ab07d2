//! Writes that are paced, batches that wait and earn, and tokens that live for minutes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use windows_autopilot::ErrorKind;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::credential::{ClientSecret, FixedToken};
use windows_autopilot::graph::{ApiVersion, ClientBuilder};
use windows_autopilot::pipeline::{EventKind, Limits, RetryConfig};
use windows_autopilot::transport::NewConnection;

use crate::batch::{good, ids, part, parts};
use crate::harness::{Reply, SECOND, World, answer, in_turn, json, ok, throttled};

const DEVICES: &str = "/deviceManagement/windowsAutopilotDeviceIdentities/1";

fn limited(limits: Limits) -> impl FnOnce(ClientBuilder) -> ClientBuilder {
    move |builder| builder.with_limits(limits)
}

/// A client whose batches are answered part by part, by the id and the number of times it has been asked for.
fn batches(
    reply: impl Fn(&str, u32) -> Value + Send + Sync + 'static,
    build: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> World {
    let asked = std::sync::Mutex::new(std::collections::HashMap::<String, u32>::new());
    World::with(
        FixedToken::new("t0"),
        move |request| {
            let mut asked = asked.lock().unwrap();
            parts(ids(request).into_iter().map(|id| {
                let times = asked.entry(id.clone()).or_default();
                *times += 1;
                reply(&id, *times)
            }))
        },
        build,
    )
}

/// Reads these paths in one batch; returns the kinds of the errors.
async fn read(world: &World, paths: impl IntoIterator<Item = String>) -> Vec<Option<ErrorKind>> {
    let mut batch = world.client.batch();
    let slots: Vec<_> =
        paths.into_iter().map(|path| batch.add(world.client.get::<Value>(ApiVersion::V1, &path))).collect();
    let mut answers = batch.await.unwrap();
    slots.into_iter().map(|slot| answers.take(slot).err().map(|error| error.kind())).collect()
}

#[tokio::test]
async fn every_write_to_intune_is_paced_and_no_read() {
    let limits = Limits::default().with_intune_writes(Some(2));
    for (method, times) in
        [("GET", [0, 0, 0]), ("POST", [0, 0, 20_000]), ("PATCH", [0, 0, 20_000]), ("DELETE", [0, 0, 20_000])]
    {
        for path in [DEVICES, "/deviceAppManagement/mobileApps/1"] {
            let world = World::with(FixedToken::new("t0"), |_| ok(), limited(limits.clone()));
            for _ in 0..3 {
                let body = json!({"a": 1});
                match method {
                    "GET" => drop(world.get(path).await.unwrap()),
                    "POST" => drop(world.post(path).await.unwrap()),
                    "PATCH" => world.client.patch(ApiVersion::V1, path, &body).await.unwrap(),
                    _ => world.client.delete(ApiVersion::V1, path).await.unwrap(),
                }
            }
            assert_eq!(world.times(), times, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn by_default_a_hundred_writes_are_let_through_in_twenty_seconds() {
    let world = World::with(FixedToken::new("t0"), |_| ok(), |builder| builder);
    for _ in 0..101 {
        world.client.delete(ApiVersion::V1, DEVICES).await.unwrap();
    }
    let times = world.times();
    assert_eq!((times[99], times[100]), (0, 20_000));
}

#[tokio::test]
async fn writes_and_reads_share_the_limit_of_requests() {
    let limits = Limits::default().with_intune_writes(Some(2)).with_intune_requests(Some(3));
    let world = World::with(FixedToken::new("t0"), |_| ok(), limited(limits));
    world.client.delete(ApiVersion::V1, DEVICES).await.unwrap();
    world.client.delete(ApiVersion::V1, DEVICES).await.unwrap();
    world.get(DEVICES).await.unwrap();
    world.get(DEVICES).await.unwrap();
    assert_eq!(world.times(), [0, 0, 0, 20_000]);
}

#[tokio::test]
async fn each_write_in_a_batch_is_paced() {
    for is_patch in [true, false] {
        let limits = Limits::default().with_intune_writes(Some(20));
        let done = |id: &str, _| part(id, 204, json!({}), Value::Null);
        let world = batches(done, limited(limits));
        let mut batch = world.client.batch();
        for index in 0..40 {
            let path = format!("/deviceManagement/windowsAutopilotDeviceIdentities/{index}");
            let call = match is_patch {
                true => world.client.patch(ApiVersion::V1, &path, &json!({"a": 1})),
                false => world.client.delete(ApiVersion::V1, &path),
            };
            let _ = batch.add(call);
        }
        let _ = batch.await.unwrap();
        assert_eq!(world.times(), [0, 20_000], "patch: {is_patch}");
    }
}

#[tokio::test]
async fn a_batch_waits_for_the_longest_wait_and_not_the_last() {
    // 500 closes no gate: only the batch itself waits.
    let reply = |id: &str, times| match (id, times) {
        ("0", 1) => part(id, 500, json!({"Retry-After": "9"}), json!({})),
        ("1", 1) => part(id, 500, json!({"Retry-After": "3"}), json!({})),
        _ => good(id),
    };
    let world = batches(reply, |builder| builder.with_retry(RetryConfig::default().with_jitter(false)));
    assert_eq!(read(&world, ["/x/0".to_owned(), "/x/1".to_owned()]).await, [None, None]);
    assert_eq!(world.times(), [0, 9_000]);
}

#[tokio::test]
async fn a_503_of_any_part_asks_for_a_new_connection() {
    for statuses in [[503, 500], [500, 503]] {
        let reply = move |id: &str, times| match (id, times) {
            ("0", 1) => part(id, statuses[0], json!({}), json!({})),
            ("1", 1) => part(id, statuses[1], json!({}), json!({})),
            _ => good(id),
        };
        let world = batches(reply, |builder| builder);
        assert_eq!(read(&world, ["/x/0".to_owned(), "/x/1".to_owned()]).await, [None, None]);
        let fresh = |seen: &crate::harness::Seen| seen.request.extensions().get::<NewConnection>().is_some();
        assert_eq!(world.seen().iter().map(fresh).collect::<Vec<_>>(), [false, true], "{statuses:?}");
    }
}

#[tokio::test]
async fn a_throttled_part_costs_no_budget() {
    let reply = |id: &str, times| match (id, times) {
        ("0", 1) => part(id, 429, json!({"Retry-After": "2"}), json!({})),
        _ => good(id),
    };
    let world = batches(reply, |builder| builder.with_retry(RetryConfig::default().with_budget(0)));
    assert_eq!(read(&world, ["/x/0".to_owned(), "/x/1".to_owned()]).await, [None, None]);
}

#[tokio::test]
async fn a_throttled_call_costs_no_budget() {
    let retry = RetryConfig::default().with_budget(0).with_jitter(false);
    let replies = in_turn([throttled(Some("2")), ok()]);
    let world = World::with(FixedToken::new("t0"), replies, |builder| builder.with_retry(retry));
    world.get("/x").await.unwrap();
    assert_eq!(world.times(), [0, 2_000]);
}

#[tokio::test]
async fn a_batch_waits_for_every_workload_in_it() {
    for path in ["/groups/1", "/deviceManagement/1"] {
        let closed = path.to_owned();
        let once = AtomicU32::new(0);
        let world = World::with(
            FixedToken::new("t0"),
            move |request| match request.uri().path() {
                "/v1.0/$batch" => parts(ids(request).iter().map(|id| good(id))),
                of if of.ends_with(&closed) && once.fetch_add(1, Ordering::Relaxed) == 0 => {
                    throttled(Some("30"))
                }
                _ => ok(),
            },
            |builder| builder,
        );
        let single = world.get(path);
        let batch = async {
            tokio::task::yield_now().await;
            read(&world, ["/groups/1".to_owned(), "/deviceManagement/1".to_owned()]).await
        };
        let (single, batch) = futures_util::join!(single, batch);
        assert!(single.is_ok() && batch == [None, None]);
        let sent = world.seen().into_iter().filter(|seen| seen.path() == "/v1.0/$batch");
        assert_eq!(sent.map(|seen| seen.at).collect::<Vec<_>>(), [SECOND * 30], "{path}");
    }
}

#[tokio::test]
async fn time_in_which_the_client_holds_a_batch_back_is_not_time_of_its_retries() {
    // The last chunk is sent after 320 seconds, which are more than `max_elapsed`.
    let last = 16 * 20 + 5;
    let reply = move |id: &str, times| match times {
        1 if id == last.to_string() => part(id, 500, json!({}), json!({})),
        _ => good(id),
    };
    let world = batches(reply, limited(Limits::default().with_intune_requests(Some(20))));
    let paths = (0..17 * 20).map(|index| format!("/deviceManagement/{index}"));
    assert!(read(&world, paths).await.iter().all(Option::is_none));
    assert!(world.clock.elapsed() >= SECOND * 320, "{:?}", world.clock.elapsed());
}

#[tokio::test]
async fn failures_that_are_the_callers_own_refill_the_budget() {
    let failure = || json(503, "");
    let missing = || json(404, r#"{"error":{"code":"ResourceNotFound","message":"m"}}"#);
    // One retry, which is spent; ten answers earn it back.
    let replies = [failure()].into_iter().chain((0..10).map(|_| missing())).chain([failure(), missing()]);
    let retry = RetryConfig::default().with_budget(1).with_jitter(false);
    let world = World::with(FixedToken::new("t0"), in_turn(replies), |builder| builder.with_retry(retry));
    for call in 0..11 {
        assert_eq!(world.get("/x").await.unwrap_err().kind(), ErrorKind::NotFound, "{call}");
    }
    assert_eq!(world.count(), 13);
}

fn is_sign_in(request: &http::Request<bytes::Bytes>) -> bool {
    request.uri().host() == Some("login.microsoftonline.com")
}

/// A client that signs in; `sign_in` answers by the number of the sign-in, from 1.
fn signing_in(sign_in: impl Fn(u32) -> Reply + Send + Sync + 'static) -> World {
    let client_id = "00001111-aaaa-2222-bbbb-3333cccc4444";
    let credential = ClientSecret::new("contoso.com".parse().unwrap(), client_id, "the-secret").unwrap();
    let count = AtomicU32::new(0);
    World::with(
        credential,
        move |request| match is_sign_in(request) {
            true => sign_in(count.fetch_add(1, Ordering::Relaxed) + 1),
            false => ok(),
        },
        |builder| builder,
    )
}

fn token(name: &str, lifetime: u32) -> Reply {
    let body = format!(r#"{{"token_type":"Bearer","expires_in":{lifetime},"access_token":"{name}"}}"#);
    json(200, &body)
}

fn sign_ins(world: &World) -> usize {
    world.seen().iter().filter(|seen| is_sign_in(&seen.request)).count()
}

#[tokio::test]
async fn a_token_that_lives_for_minutes_is_refreshed_half_way() {
    let world = signing_in(|number| token(&format!("t{number}"), 240));
    for (at, expected) in [(0, 1), (119, 1), (120, 2), (239, 2), (240, 3)] {
        world.clock.advance(SECOND * at - world.clock.elapsed());
        world.get("/x").await.unwrap();
        assert_eq!(sign_ins(&world), expected, "after {at} seconds");
    }
}

#[tokio::test]
async fn the_lifetime_of_a_token_counts_from_its_request() {
    let refused = r#"{"error":"invalid_client","error_description":"AADSTS7000222: Expired."}"#;
    let world = signing_in(move |number| match number {
        1 => Reply::After(SECOND * 20, Box::new(token("t1", 600))),
        _ => json(401, refused),
    });
    world.get("/x").await.unwrap();
    // The early refresh fails, and the old token serves until 600 seconds after the request for it.
    world.clock.advance(SECOND * 599 - world.clock.elapsed());
    world.get("/x").await.unwrap();
    world.clock.advance(SECOND);
    assert_eq!(world.get("/x").await.unwrap_err().kind(), ErrorKind::Authentication);
}

#[tokio::test]
async fn after_a_failed_refresh_the_old_token_serves_half_a_minute_before_the_next_attempt() {
    let world = signing_in(|number| if number == 1 { token("t1", 600) } else { answer(400, &[], b"{}") });
    let mut after = Vec::new();
    for at in [0, 300, 301, 329, 330, 331] {
        world.clock.advance(SECOND * at - world.clock.elapsed());
        world.get("/x").await.unwrap();
        after.push(sign_ins(&world));
    }
    assert_eq!(after, [1, 2, 2, 2, 3, 3]);
    assert_eq!(world.clock.elapsed(), Duration::from_secs(331));
}

#[tokio::test]
async fn a_closed_workload_is_not_waited_for_longer_than_retries_may_take() {
    // The wait fits into the call's ten minutes, and not into the five of its retries.
    let world = World::new([throttled(Some("400")), ok()]);
    for _ in 0..2 {
        let error = world.get("/x").await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(SECOND * 400)));
    }
    assert_eq!((world.count(), world.clock.elapsed()), (1, Duration::ZERO));
}

#[tokio::test]
async fn a_call_that_waits_for_two_limits_tells_the_sum() {
    let waits: std::sync::Arc<std::sync::Mutex<Vec<_>>> = std::sync::Arc::default();
    let told = std::sync::Arc::clone(&waits);
    let limits = Limits::default().with_intune_writes(Some(1)).with_intune_requests(Some(1));
    let world = World::with(
        FixedToken::new("t0"),
        |_| ok(),
        |builder| {
            builder.with_limits(limits).with_observer(move |event| {
                if let EventKind::LimitWait { wait, .. } = event.kind {
                    told.lock().unwrap().push((event.operation, wait));
                }
            })
        },
    );
    world.client.delete(ApiVersion::V1, DEVICES).await.unwrap();
    let write = world.client.delete(ApiVersion::V1, DEVICES).into_future();
    let (read, write) = futures_util::join!(world.get(DEVICES), write);
    assert!(read.is_ok() && write.is_ok());
    assert_eq!(world.times(), [0, 20_000, 40_000]);
    assert_eq!(*waits.lock().unwrap(), [("get", SECOND * 20), ("delete", SECOND * 40)]);
}

#[tokio::test]
async fn a_batch_earns_by_its_parts_and_not_by_itself() {
    // The first batch spends the only retry; ten more, whose one write fails, earn nothing.
    let reply = |id: &str, times| match (id, times) {
        ("0", _) => part(id, 503, json!({}), json!({})),
        ("1", _) => part(id, 500, json!({}), json!({})),
        _ => good(id),
    };
    let world = batches(reply, |builder| builder.with_retry(RetryConfig::default().with_budget(1)));
    let write = async || {
        let mut batch = world.client.batch();
        let _ = batch.add(world.client.get::<Value>(ApiVersion::V1, "/x"));
        let path = "/groups/1/members/$ref";
        let slot = batch.add(world.client.post::<Value>(ApiVersion::V1, path, &json!({"a": 1})));
        let mut answers = batch.await.unwrap();
        answers.take(slot).err().map(|error| error.kind())
    };
    assert_eq!(read(&world, ["/x".to_owned()]).await, [Some(ErrorKind::Unavailable)]);
    for _ in 0..10 {
        assert_eq!(write().await, Some(ErrorKind::UnknownOutcome));
    }
    assert_eq!((world.count(), world.client.retry_state().budget), (12, 0));
}

#[tokio::test]
async fn the_attempts_of_a_batch_that_fails_as_a_whole_are_counted() {
    let world = World::with(FixedToken::new("t0"), |_| json(503, ""), |builder| builder);
    let mut batch = world.client.batch();
    let slot = batch.add(world.client.get::<Value>(ApiVersion::V1, "/x"));
    let error = batch.await.unwrap().take(slot).unwrap_err();
    assert_eq!((error.kind(), error.attempts(), world.count()), (ErrorKind::Unavailable, 5, 5));
}

#[tokio::test]
async fn a_part_prefers_unknown_members_once_whatever_its_request_prefers() {
    let world = batches(|id, _| good(id), |builder| builder);
    let mut batch = world.client.batch();
    let request =
        world.client.request(http::Method::GET, ApiVersion::V1, "/x").header("prefer", "odata.maxpagesize=1");
    let slot = batch.add(request.read::<Value>());
    batch.await.unwrap().take(slot).unwrap();
    let seen = world.seen();
    assert_eq!(seen[0].body().to_ascii_lowercase().matches("\"prefer\"").count(), 1, "{}", seen[0].body());
    assert!(seen[0].body().contains("include-unknown-enum-members"));
}
