//! Rows 1 to 9 and 58: being asked to wait.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use windows_autopilot::ErrorKind;
use windows_autopilot::clock::{Clock as _, FakeClock};
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
    let error = call.await.unwrap_err();
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
async fn row_05_a_call_to_a_workload_that_is_to_be_left_alone_for_too_long_ends_at_once_unsent() {
    for (wait, timeout) in [("99999", None), ("250", Some(SECOND * 200))] {
        let world = World::new([throttled(Some(wait)), ok()]);
        let call = || {
            let call = world.client.get::<serde_json::Value>(ApiVersion::V1, "/deviceManagement/a");
            timeout.into_iter().fold(call, |call, timeout| call.with_timeout(timeout)).into_future()
        };
        for attempts in [1, 0] {
            let error = call().await.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Throttled, attempts));
            assert_eq!(error.retry_after(), Some(SECOND * wait.parse().unwrap()));
            assert_eq!((world.count(), world.clock.elapsed()), (1, Duration::ZERO), "{wait}");
        }
        world.get("/groups").await.unwrap();
    }
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
        // More than fit the call's time, and yet not without end.
        let world = World::new(std::iter::repeat_n(throttled(Some(text)), 1000).chain([ok()]));
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
    let clock = FakeClock::new().with_start(SystemTime::UNIX_EPOCH);
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
        builder.with_limits(Limits::without_rate_limits().with_concurrency(1000))
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

#[tokio::test]
async fn row_58_ten_thousand_writes_at_once_are_held_back_and_none_fails_for_it() {
    let world = World::new([ok()]);
    let calls = (0..10_000).map(|_| world.post("/deviceManagement/importedWindowsAutopilotDeviceIdentities"));
    let results = futures_util::future::join_all(calls).await;
    let failed = results.iter().filter(|result| result.is_err()).count();
    assert_eq!(failed, 0, "{:?}", results.iter().find_map(|result| result.as_ref().err()));
    let times = world.times();
    assert_eq!(
        times.iter().max(),
        Some(&1_980_000),
        "100 in 20 s, which is more than three times the limit of a call"
    );
    for pair in times.windows(101) {
        assert!(pair[100] - pair[0] >= 20_000, "{} and 100 later {}", pair[0], pair[100]);
    }
}

#[tokio::test]
async fn row_58_a_limit_of_the_callers_own_holds_while_the_client_holds_the_call_back() {
    let world = World::new([ok()]);
    let calls = (0..250).map(|_| {
        let call = world.client.post::<serde_json::Value>(ApiVersion::V1, "/deviceManagement/x", &1);
        call.with_timeout(SECOND * 30).into_future()
    });
    let results = futures_util::future::join_all(calls).await;
    let errors: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!((errors.len(), world.count()), (50, 200), "the last 50 would go at 40 s");
    for error in errors {
        assert_eq!((error.kind(), error.outcome_unknown(), error.attempts()), (ErrorKind::Timeout, false, 0));
        assert!(error.to_string().contains("held back by the client's own limits"), "{error}");
    }
    assert_eq!(world.clock.elapsed(), SECOND * 30);
}

#[tokio::test]
async fn row_58_time_that_is_held_back_is_no_time_of_the_retries_either() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let reply = move |_: &http::Request<bytes::Bytes>| {
        // The last of them is refused once, long after `max_elapsed`.
        match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            1999 => throttled(Some("30")),
            _ => ok(),
        }
    };
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder);
    let calls = (0..2000).map(|_| world.post("/deviceManagement/x"));
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(world.count(), 2001);
}

#[tokio::test]
async fn row_58_a_call_that_is_dropped_gives_up_its_place() {
    let world = World::new([ok()]);
    {
        let calls = (0..5000).map(|_| Box::pin(world.post("/deviceManagement/x")));
        let mut calls: Vec<_> = calls.collect();
        for call in &mut calls {
            let _ = futures_util::poll!(call);
        }
    }
    assert_eq!(world.clock.waiting(), 0);
    let sent = world.count();
    assert!(sent <= 100, "{sent}");
    world.post("/deviceManagement/x").await.unwrap();
    assert!(world.clock.elapsed() <= SECOND * 20, "and not after 5,000 others: {:?}", world.clock.elapsed());
}

#[tokio::test]
async fn row_58_reads_are_not_held_back_by_writes() {
    let world = World::new([ok()]);
    let write = async |_: u32| {
        world.post("/deviceManagement/x").await.unwrap();
    };
    let writes = futures_util::future::join_all((0..200).map(write));
    let reads = async {
        for _ in 0..100 {
            world.get("/deviceManagement/y").await.unwrap();
        }
        world.clock.elapsed()
    };
    let (_, done) = futures_util::join!(writes, reads);
    assert_eq!(done, Duration::ZERO);
}

#[tokio::test]
async fn rows_09_18_every_status_of_an_outage_with_and_without_a_wait_is_survived_by_reads() {
    for status in [500, 502, 503, 504] {
        for wait in [None, Some("3"), Some("0.25"), Some("-1"), Some("Thu, 01 Jan 2026 08:00:03 GMT")] {
            let headers: Vec<(&'static str, &str)> =
                wait.map(|wait| ("retry-after", wait)).into_iter().collect();
            let world = World::new([answer(status, &headers, b"<html>Gateway</html>"), ok()]);
            world.get("/organization").await.unwrap();
            assert_eq!(world.count(), 2, "{status} {wait:?}");
            let least = if matches!(wait, Some("3" | "Thu, 01 Jan 2026 08:00:03 GMT")) { 3000 } else { 500 };
            assert_eq!(world.times()[1], least, "{status} {wait:?}");
        }
    }
}

#[tokio::test]
async fn row_07_a_429_on_page_7_of_20_costs_one_more_request() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let throttle = in_turn([throttled(Some("2")), ok()]);
    let reply = move |request: &http::Request<bytes::Bytes>| {
        let page = request
            .uri()
            .query()
            .and_then(|query| query.strip_prefix("$skiptoken=")?.parse().ok())
            .unwrap_or(1);
        if page == 7 && count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            return throttle(request);
        }
        let next = format!(
            r#","@odata.nextLink":"https://graph.microsoft.com/v1.0/devices?$skiptoken={}""#,
            page + 1
        );
        json(200, &format!(r#"{{"value":[{page}]{}}}"#, if page < 20 { next.as_str() } else { "" }))
    };
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder);
    let all: Vec<u32> = world.client.list(ApiVersion::V1, "/devices").all().await.unwrap();
    assert_eq!(all, (1..=20).collect::<Vec<_>>());
    assert_eq!(world.count(), 21);
}

#[tokio::test]
async fn row_08_every_sign_of_throttling_holds_the_workload_and_batches_too() {
    for (fault, wait) in [
        (throttled(Some("10")), 10_000),
        (throttled(None), 500),
        (answer(503, &[("retry-after", "4")], b""), 4000),
    ] {
        let first = in_turn([fault, ok()]);
        let reply = move |request: &http::Request<bytes::Bytes>| match request.uri().path() {
            "/v1.0/deviceManagement/a" => first(request),
            "/v1.0/$batch" => json(200, r#"{"responses":[{"id":"0","status":200,"body":{}}]}"#),
            _ => ok(),
        };
        let world = World::with(FixedToken::new("t0"), reply, |builder| builder);
        let later = async |path: &'static str, in_batch: bool| {
            world.clock.sleep(SECOND / 10).await;
            if in_batch {
                let mut batch = world.client.batch();
                let slot = batch.add(world.client.get::<serde_json::Value>(ApiVersion::V1, path));
                batch.await.unwrap().take(slot).unwrap();
            } else {
                world.get(path).await.unwrap();
            }
        };
        let (first, (), (), ()) = futures_util::join!(
            world.get("/deviceManagement/a"),
            later("/deviceManagement/b", false),
            later("/deviceManagement/c", true),
            later("/groups", true),
        );
        first.unwrap();
        let mut order: Vec<(u128, String)> =
            world.seen().iter().map(|seen| (seen.at.as_millis(), seen.path().to_owned())).collect();
        order.sort();
        let want = [
            (0, "/v1.0/deviceManagement/a"),
            (100, "/v1.0/$batch"),
            (wait, "/v1.0/$batch"),
            (wait, "/v1.0/deviceManagement/a"),
            (wait, "/v1.0/deviceManagement/b"),
        ];
        assert_eq!(order, want.map(|(at, path)| (at, path.to_owned())));
    }
}

#[tokio::test]
async fn row_08_a_shorter_wait_that_comes_later_does_not_shorten_the_longer_one() {
    let reply = in_turn([
        Reply::After(SECOND, Box::new(throttled(Some("10")))),
        Reply::After(SECOND * 2, Box::new(throttled(Some("2")))),
        ok(),
    ]);
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder);
    let (first, second) =
        futures_util::join!(world.get("/deviceManagement/a"), world.get("/deviceManagement/b"));
    first.unwrap();
    second.unwrap();
    assert_eq!(world.times(), [0, 0, 11_000, 11_000]);
}

#[tokio::test]
async fn row_58_throttling_takes_nothing_from_the_budget_of_retries() {
    let budget = |builder: windows_autopilot::ClientBuilder| {
        builder.with_retry(RetryConfig::default().with_jitter(false).with_budget(0))
    };
    let replies = in_turn([throttled(Some("1")), throttled(None), ok()]);
    World::with(FixedToken::new("t0"), replies, budget).get("/organization").await.unwrap();
    let world = World::with(FixedToken::new("t0"), in_turn([json(500, ""), ok()]), budget);
    assert_eq!(world.get("/organization").await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(world.count(), 1);
}
