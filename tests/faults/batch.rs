//! Rows 51 to 53: batches of which some parts fail, come in another order, or do not come at all.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use windows_autopilot::clock::Clock as _;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::{ApiVersion, Batch, BatchAnswers, Operation, Slot};
use windows_autopilot::{ErrorKind, Result};

use crate::harness::{Reply, SECOND, World, answer, in_turn, ok, silence};

/// The ids of the parts that a batch asks for.
pub(crate) fn ids(request: &Request<Bytes>) -> Vec<String> {
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let ids = body["requests"].as_array().unwrap().iter();
    ids.map(|part| part["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn part(id: &str, status: u16, headers: Value, body: Value) -> Value {
    json!({"id": id, "status": status, "headers": headers, "body": body})
}

pub(crate) fn good(id: &str) -> Value {
    part(id, 200, json!({"Content-Type": "application/json"}), json!({"id": id}))
}

pub(crate) fn parts(parts: impl IntoIterator<Item = Value>) -> Reply {
    let parts: Vec<Value> = parts.into_iter().collect();
    crate::harness::json(200, &json!({"responses": parts}).to_string())
}

/// A client whose batches are answered part by part: by id and by how often that id has been asked for.
fn world(reply: impl Fn(&str, u32) -> Option<Value> + Send + Sync + 'static) -> World {
    let asked = std::sync::Mutex::new(std::collections::HashMap::<String, u32>::new());
    World::with(
        FixedToken::new("t0"),
        move |request| {
            let mut asked = asked.lock().unwrap();
            parts(ids(request).into_iter().filter_map(|id| {
                let times = asked.entry(id.clone()).or_default();
                *times += 1;
                reply(&id, *times)
            }))
        },
        |builder| builder,
    )
}

fn read(world: &World, batch: &mut Batch, path: &str) -> Slot<Value> {
    batch.add(world.client.get::<Value>(ApiVersion::V1, path))
}

fn write(world: &World, batch: &mut Batch, path: &str) -> Slot<Value> {
    let operation: Operation<Value> =
        world.client.post(ApiVersion::V1, path, &json!({"a": 1})).into_operation();
    batch.add(operation)
}

async fn send(world: &World, reads: usize) -> (Vec<Result<Value>>, BatchAnswers) {
    let mut batch = world.client.batch();
    let slots: Vec<_> = (0..reads).map(|index| read(world, &mut batch, &format!("/x/{index}"))).collect();
    let mut answers = batch.await.unwrap();
    (slots.into_iter().map(|slot| answers.take(slot)).collect(), answers)
}

#[tokio::test]
async fn row_51_each_part_has_its_own_outcome_in_whatever_order_they_come() {
    let world = World::with(
        FixedToken::new("t0"),
        |request| {
            let mut ids = ids(request);
            ids.reverse();
            parts(ids.iter().map(|id| match id.as_str() {
                "1" => part(
                    id,
                    404,
                    json!({"request-id": "r1"}),
                    json!({"error": {"code": "NotFound", "message": "m"}}),
                ),
                "2" => part(id, 403, json!({}), json!({"error": {"code": "Forbidden", "message": "m"}})),
                _ => good(id),
            }))
        },
        |builder| builder,
    );
    let (results, _) = send(&world, 5).await;
    for (index, result) in results.iter().enumerate() {
        match (index, result) {
            (1, Err(error)) => {
                assert_eq!((error.kind(), error.request_id()), (ErrorKind::NotFound, Some("r1")));
                assert_eq!(error.endpoint(), Some("GET /v1.0/x/1"));
            }
            (2, Err(error)) => assert_eq!(error.kind(), ErrorKind::Forbidden),
            (_, result) => assert_eq!(result.as_ref().unwrap()["id"], index.to_string()),
        }
    }
    assert_eq!(world.count(), 1);
}

#[tokio::test]
async fn row_51_more_than_twenty_go_twenty_at_a_time() {
    let world = world(|id, _| Some(good(id)));
    let (results, _) = send(&world, 45).await;
    assert!(results.iter().all(Result::is_ok));
    let sizes: Vec<usize> = world.seen().iter().map(|seen| ids(&seen.request).len()).collect();
    assert_eq!(sizes, [20, 20, 5]);
}

#[tokio::test]
async fn row_52_only_what_was_throttled_is_sent_again_after_the_largest_wait() {
    let world = world(|id, times| {
        Some(match (id, times) {
            ("1", 1) => part(id, 429, json!({"Retry-After": "2.5"}), json!({})),
            ("3", 1) => part(id, 429, json!({"retry-after": "7"}), json!({})),
            // This one closes no gate: only the batch itself waits for it.
            ("4", 1) => part(id, 503, json!({"Retry-After": "9"}), json!({})),
            _ => good(id),
        })
    });
    let (results, _) = send(&world, 6).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let asked: Vec<Vec<String>> = world.seen().iter().map(|seen| ids(&seen.request)).collect();
    assert_eq!(asked[1..], [["1", "3", "4"]]);
    assert_eq!(world.times(), [0, 9000]);
}

#[tokio::test]
async fn rows_08_52_a_429_inside_a_batch_holds_other_calls_to_that_workload_back() {
    let batches = |request: &Request<Bytes>| match request.uri().path() {
        "/v1.0/$batch" => {
            parts(ids(request).iter().map(|id| part(id, 429, json!({"Retry-After": "10"}), json!({}))))
        }
        _ => ok(),
    };
    let world = World::with(FixedToken::new("t0"), batches, |builder| {
        builder.with_retry(windows_autopilot::pipeline::RetryConfig::default().with_max_elapsed(SECOND * 10))
    });
    let mut batch = world.client.batch();
    let slot = read(&world, &mut batch, "/deviceManagement/x");
    let other = async {
        tokio::task::yield_now().await;
        world.get("/deviceManagement/y").await.unwrap();
        world.get("/groups").await.unwrap();
    };
    let (answers, ()) = futures_util::join!(batch.into_future(), other);
    assert_eq!(answers.unwrap().take(slot).unwrap_err().kind(), ErrorKind::Throttled);
    let seen: Vec<(u128, String)> =
        world.seen().iter().map(|seen| (seen.at.as_millis(), seen.path().to_owned())).collect();
    let held = seen.iter().find(|(_, path)| path.ends_with("/y")).unwrap();
    assert!(held.0 >= 10_000, "{seen:?}");
}

#[tokio::test]
async fn row_52_a_part_whose_wait_does_not_fit_keeps_it_in_its_error() {
    let world = world(|id, _| Some(part(id, 429, json!({"Retry-After": "99999"}), json!({}))));
    let (results, _) = send(&world, 1).await;
    let error = results[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(SECOND * 99_999)));
    assert_eq!(world.count(), 1);
}

#[tokio::test]
async fn row_53_failed_dependencies_missing_doubled_and_unknown_parts_are_each_told() {
    let reply = in_turn([parts([
        part("0", 424, json!({}), json!({"error": {"code": "FailedDependency", "message": "m"}})),
        good("2"),
        good("2"),
        good("77"),
        json!({"id": "nonsense", "status": 200}),
        good("3"),
    ])]);
    let world = World::with(FixedToken::new("t0"), reply, |builder| {
        builder.with_retry(windows_autopilot::pipeline::RetryConfig::none())
    });
    let (results, _) = send(&world, 4).await;
    let kinds: Vec<_> =
        results.iter().map(|result| result.as_ref().err().map(windows_autopilot::Error::kind)).collect();
    let want = [Some(ErrorKind::FailedDependency), Some(ErrorKind::Decode), Some(ErrorKind::Decode), None];
    assert_eq!(kinds, want, "{results:?}");
}

#[tokio::test]
async fn row_53_a_write_without_a_part_in_the_answer_is_of_unknown_outcome_and_not_sent_again() {
    let world = world(|id, _| (id != "0").then(|| good(id)));
    let mut batch = world.client.batch();
    let (lost, found) = (write(&world, &mut batch, "/groups"), read(&world, &mut batch, "/x"));
    let mut answers = batch.await.unwrap();
    assert_eq!(answers.take(lost).unwrap_err().kind(), ErrorKind::UnknownOutcome);
    assert!(answers.take(found).is_ok());
    assert_eq!(world.count(), 1);
}

#[tokio::test]
async fn row_53_a_write_with_two_parts_or_a_5xx_in_the_answer_is_of_unknown_outcome_and_not_sent_again() {
    for (answers, kind) in [
        (vec![good("0"), good("0"), good("1")], ErrorKind::UnknownOutcome),
        (vec![part("0", 504, json!({}), json!({})), good("1")], ErrorKind::UnknownOutcome),
        (vec![part("0", 409, json!({}), json!({})), good("1")], ErrorKind::Conflict),
    ] {
        let world = World::new([parts(answers)]);
        let mut batch = world.client.batch();
        let (first, second) = (write(&world, &mut batch, "/groups"), read(&world, &mut batch, "/x"));
        let mut answers = batch.await.unwrap();
        let error = answers.take(first).unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (kind, kind == ErrorKind::UnknownOutcome));
        assert!(answers.take(second).is_ok());
        assert_eq!(world.count(), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn row_53_an_outage_of_the_batch_itself_leaves_writes_unknown_and_is_retried_for_reads() {
    for (writes, sent) in [(false, 2), (true, 1)] {
        let replies = [crate::harness::json(503, ""), parts([good("0"), good("1")])];
        let world = World::new(replies);
        let mut batch = world.client.batch();
        let first = read(&world, &mut batch, "/x");
        let second =
            if writes { write(&world, &mut batch, "/groups") } else { read(&world, &mut batch, "/y") };
        let mut answers = batch.await.unwrap();
        let (first, second) = (answers.take(first), answers.take(second));
        assert_eq!(world.count(), sent);
        if writes {
            assert_eq!(second.unwrap_err().kind(), ErrorKind::UnknownOutcome);
            assert!(!first.unwrap_err().outcome_unknown(), "a read has no effect that could be unknown");
        } else {
            assert!(first.is_ok() && second.is_ok());
        }
    }
}

#[tokio::test]
async fn row_58_the_parts_of_batches_count_against_intunes_limits() {
    let world = world(|id, _| Some(good(id)));
    let mut batch = world.client.batch();
    let paths = (0..140).map(|number| format!("/deviceManagement/x/{number}"));
    let paths = paths.chain((0..60).map(|number| format!("/groups/{number}")));
    let slots: Vec<_> = paths.map(|path| write(&world, &mut batch, &path)).collect();
    let mut answers = batch.await.unwrap();
    assert!(slots.into_iter().all(|slot| answers.take(slot).is_ok()));
    let mut times = world.seen();
    times.retain(|seen| seen.body().contains("/deviceManagement/"));
    let times: Vec<u128> = times.iter().map(|seen| seen.at.as_millis()).collect();
    // Twenty writes each, and a hundred in 20 s.
    assert_eq!(times, [0, 0, 0, 0, 0, 20_000, 20_000]);
}

#[tokio::test]
async fn a_batch_that_is_throttled_as_a_whole_is_sent_again_as_a_whole() {
    let world = World::new([answer(429, &[("retry-after", "3")], b""), parts([good("0"), good("1")])]);
    let mut batch = world.client.batch();
    let (first, second) = (write(&world, &mut batch, "/groups"), read(&world, &mut batch, "/x"));
    let mut answers = batch.await.unwrap();
    assert!(answers.take(first).is_ok() && answers.take(second).is_ok());
    assert_eq!(world.times(), [0, 3000]);
}

#[tokio::test]
async fn an_answer_that_is_no_batch_is_an_error_of_every_part() {
    for body in ["{}", r#"{"responses":null}"#, "[]", r#"{"responses":[{"status":200}]}"#, "<html>"] {
        let world = World::new([crate::harness::json(200, body)]);
        let (results, _) = send(&world, 2).await;
        for result in results {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Decode, "{body}");
        }
    }
}

#[tokio::test]
async fn a_batch_ends_within_the_time_it_is_given() {
    for reply in [
        parts([part("0", 429, json!({"Retry-After": "20"}), json!({}))]),
        silence(),
        crate::harness::json(429, ""),
        answer(429, &[("retry-after", "8")], b""),
    ] {
        let world = World::new([reply]);
        let mut batch = world.client.batch();
        let slot = read(&world, &mut batch, "/deviceManagement/x");
        let mut answers = batch.with_timeout(SECOND * 30).await.unwrap();
        let kind = answers.take(slot).unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::Timeout | ErrorKind::Throttled), "{kind:?}");
        assert!(world.clock.elapsed() <= SECOND * 30, "{:?}", world.clock.elapsed());
        assert_eq!(world.clock.waiting(), 0);
    }
}

#[tokio::test]
async fn errors_of_parts_know_attempts_request_id_and_date() {
    let date = "Mon, 01 Jan 2026 08:00:00 GMT";
    let throttled = |id| part(id, 429, json!({"Retry-After": "2"}), json!({}));
    let own = json!({"request-id": "own", "Date": "Tue, 02 Jan 2026 08:00:00 GMT"});
    let body = |parts: &[Value]| json!({"responses": parts}).to_string();
    let world = World::new([
        answer(429, &[("retry-after", "3")], b""),
        crate::harness::json(200, &body(&[throttled("0"), part("1", 404, own, json!({}))])),
        answer(
            200,
            &[("content-type", "application/json"), ("request-id", "whole"), ("date", date)],
            body(&[part("0", 403, json!({}), json!({}))]).as_bytes(),
        ),
    ]);
    let (results, _) = send(&world, 2).await;
    let errors: Vec<_> = results.into_iter().map(|result| result.unwrap_err()).collect();
    assert_eq!((errors[0].attempts(), errors[1].attempts()), (3, 2));
    assert_eq!((errors[0].request_id(), errors[0].date()), (Some("whole"), Some(date)));
    assert_eq!(
        (errors[1].request_id(), errors[1].date()),
        (Some("own"), Some("Tue, 02 Jan 2026 08:00:00 GMT"))
    );
    assert!(errors.iter().all(|error| error.client_request_id().is_some()));
}
