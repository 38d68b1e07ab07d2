//! Rows 1 to 9 and 58: being asked to wait.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use windows_autopilot::ErrorKind;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::pipeline::{Limits, RetryConfig};
use windows_autopilot::transport::NewConnection;

use crate::harness::{Reply, SECOND, World, answer, in_turn, json, ok, throttled};

#[tokio::test]
async fn row_01_the_wait_that_is_asked_for_is_kept_by_reads_and_writes() {
    let world = World::new([throttled(Some("1")), ok()]);
    world.get("/organization").await.unwrap();
    assert_eq!(world.times(), [0, 1000]);
    let world = World::new([throttled(Some("1")), throttled(Some("2")), ok()]);
    world.post("/groups").await.unwrap();
    assert_eq!(world.times(), [0, 1000, 3000]);
}

#[tokio::test]
async fn row_01_waiting_ends_with_the_calls_own_limit() {
    let world = World::new([throttled(Some("20"))]);
    let call =
        world.client.get::<serde_json::Value>(ApiVersion::V1, "/organization").with_timeout(SECOND * 50);
    let error = call.send().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(SECOND * 20)));
    assert_eq!(world.times(), [0, 20_000, 40_000], "a third wait would not fit");
}

#[tokio::test]
async fn row_02_a_decimal_wait_is_kept_to_the_millisecond() {
    for (text, wait) in [("2.128", 2128), ("0.749", 749), ("31,120", 31_120)] {
        let world = World::new([throttled(Some(text)), ok()]);
        world.get("/organization").await.unwrap();
        assert_eq!(world.times(), [0, wait], "{text}");
    }
}

#[tokio::test]
async fn row_03_a_date_counts_from_the_answers_own_date() {
    let headers =
        [("retry-after", "Mon, 23 Nov 2026 08:00:09 GMT"), ("date", "Mon, 23 Nov 2026 08:00:00 GMT")];
    let world = World::new([answer(429, &headers, b""), ok()]);
    world.get("/organization").await.unwrap();
    assert_eq!(world.times(), [0, 9000]);
}

#[tokio::test]
async fn row_04_without_a_wait_the_client_backs_off_by_itself() {
    let world = World::new([throttled(None), throttled(None), throttled(None), ok()]);
    world.post("/deviceManagement/importedWindowsAutopilotDeviceIdentities").await.unwrap();
    assert_eq!(world.times(), [0, 500, 1500, 3500]);
}

#[tokio::test]
async fn row_04_more_than_three_are_survived() {
    let world = World::new((0..12).map(|_| throttled(Some("5"))).chain([ok()]));
    world.get("/organization").await.unwrap();
    assert_eq!(world.count(), 13);
}

#[tokio::test]
async fn row_04_intunes_wait_inside_the_message_serves_without_a_header() {
    let body = r#"{"error":{"code":"TooManyRequests","message":"{\"Message\":\"Slow down.\",\"RetryAfter\":\"00:00:07\"}"}}"#;
    let world = World::new([json(429, body), ok()]);
    world.get("/deviceManagement").await.unwrap();
    assert_eq!(world.times(), [0, 7000]);
}

#[tokio::test]
async fn row_05_a_wait_that_does_not_fit_is_returned_and_not_slept() {
    let world = World::new([throttled(Some("99999"))]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(99_999)));
    assert_eq!((error.status(), world.count(), world.clock.slept().len()), (Some(429), 1, 0));
}

#[tokio::test]
async fn row_06_a_senseless_wait_counts_as_none() {
    for text in ["-3", "soon", "", "1.2.3", "NaN", "inf"] {
        let world = World::new([throttled(Some(text)), ok()]);
        world.get("/organization").await.unwrap();
        assert_eq!(world.times(), [0, 500], "{text:?}");
    }
}

#[tokio::test]
async fn row_06_to_come_back_at_once_is_not_taken_at_its_word() {
    for text in ["0", "0.001", "Mon, 23 Nov 2020 08:00:00 GMT"] {
        let world = World::new([throttled(Some(text))]);
        assert_eq!(world.get("/organization").await.unwrap_err().kind(), ErrorKind::Throttled);
        assert!(world.times().windows(2).all(|pair| pair[1] - pair[0] >= 500), "{text}: {:?}", world.times());
    }
}

#[tokio::test]
async fn row_07_a_throttled_page_is_fetched_again_and_nothing_is_lost_or_repeated() {
    let page = |ids: &str, next: &str| json(200, &format!(r#"{{"value":[{ids}]{next}}}"#));
    let next = r#","@odata.nextLink":"https://graph.microsoft.com/v1.0/devices?$skiptoken=2""#;
    let world = World::new([page("1,2", next), throttled(Some("3")), page("3", "")]);
    let all: Vec<u32> = world.client.list(ApiVersion::V1, "/devices").all().await.unwrap();
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(world.times(), [0, 0, 3000]);
    let asked: Vec<_> =
        world.seen().iter().map(|seen| seen.request.uri().query().map(str::to_owned)).collect();
    assert_eq!(asked, [None, Some("$skiptoken=2".into()), Some("$skiptoken=2".into())]);
}

#[tokio::test]
async fn row_08_all_calls_to_a_throttled_workload_hold_and_others_do_not() {
    let world = World::with(
        FixedToken::new("t0"),
        {
            let first = in_turn([throttled(Some("10")), ok()]);
            move |request| {
                if request.uri().path().contains("/deviceManagement/a") { first(request) } else { ok() }
            }
        },
        |builder| builder,
    );
    let later = async |path: &'static str| {
        use windows_autopilot::clock::Clock as _;
        world.clock.sleep(SECOND).await;
        world.get(path).await.unwrap();
    };
    let (first, (), ()) =
        futures_util::join!(world.get("/deviceManagement/a"), later("/deviceManagement/b"), later("/groups"));
    first.unwrap();
    let mut order: Vec<(u128, String)> =
        world.seen().iter().map(|seen| (seen.at.as_millis(), seen.path().to_owned())).collect();
    order.sort();
    let want = [
        (0, "/v1.0/deviceManagement/a"),
        (1000, "/v1.0/groups"),
        (10_000, "/v1.0/deviceManagement/a"),
        (10_000, "/v1.0/deviceManagement/b"),
    ];
    assert_eq!(order, want.map(|(at, path)| (at, path.to_owned())));
}

#[tokio::test]
async fn row_09_after_503_the_next_try_waits_and_asks_for_a_new_connection() {
    let world = World::new([answer(503, &[("retry-after", "4")], b""), json(500, ""), ok()]);
    world.get("/organization").await.unwrap();
    assert_eq!(world.times(), [0, 4000, 5000]);
    let fresh: Vec<bool> =
        world.seen().iter().map(|seen| seen.request.extensions().get::<NewConnection>().is_some()).collect();
    assert_eq!(fresh, [false, true, false]);
}

#[tokio::test]
async fn row_54_a_wrong_local_clock_changes_no_wait() {
    let clock = FakeClock::new().starting_at(SystemTime::UNIX_EPOCH);
    let headers =
        [("retry-after", "Mon, 23 Nov 2026 08:00:09 GMT"), ("date", "Mon, 23 Nov 2026 08:00:00 GMT")];
    let world =
        World::at(clock, FixedToken::new("t0"), in_turn([answer(429, &headers, b""), ok()]), |builder| {
            builder
        });
    world.get("/organization").await.unwrap();
    assert_eq!(world.times(), [0, 9000]);
}

#[tokio::test]
async fn row_58_a_thousand_calls_to_a_dead_service_share_one_budget_of_retries() {
    let dead = |_: &http::Request<bytes::Bytes>| {
        Reply::Fail(windows_autopilot::transport::TransportErrorKind::Interrupted)
    };
    let world = Arc::new(World::with(FixedToken::new("t0"), dead, |builder| {
        builder.with_limits(Limits::unpaced().with_concurrency(1000))
    }));
    let calls = (0..1000).map(|_| world.get("/organization"));
    let results = futures_util::future::join_all(calls).await;
    assert!(results.iter().all(|result| result.as_ref().unwrap_err().kind() == ErrorKind::Interrupted));
    assert_eq!(world.count(), 1000 + 100);
}

#[tokio::test]
async fn row_58_writes_to_intune_are_paced_below_its_limit() {
    let world = World::new([ok()]);
    let calls = (0..250).map(|_| world.post("/deviceManagement/importedWindowsAutopilotDeviceIdentities"));
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    let times = world.times();
    for start in &times {
        let within = times.iter().filter(|at| (*start..*start + 20_000).contains(*at)).count();
        assert!(within <= 100, "{within} in the 20 s from {start} ms");
    }
    assert_eq!(times.iter().max(), Some(&40_000));
}

#[tokio::test]
async fn retries_can_be_turned_off() {
    let world = World::with(FixedToken::new("t0"), in_turn([throttled(Some("1"))]), |builder| {
        builder.with_retry(RetryConfig::none())
    });
    assert_eq!(world.get("/organization").await.unwrap_err().kind(), ErrorKind::Throttled);
    assert_eq!(world.count(), 1);
}
