//! Rows 46 to 50: writes of which nobody knows whether they took effect.

use std::time::Duration;

use windows_autopilot::ErrorKind;
use windows_autopilot::graph::{ApiVersion, PollStatus, Poller, Schedule};
use windows_autopilot::transport::TransportErrorKind::{Connect, Interrupted, Timeout};

use crate::harness::{Reply, SECOND, World, answer, json, ok, silence};

#[tokio::test]
async fn rows_46_47_a_write_that_may_have_taken_effect_is_not_sent_again_and_says_so() {
    for fault in [
        json(500, ""),
        json(502, ""),
        json(503, ""),
        json(504, ""),
        Reply::Fail(Interrupted),
        Reply::Fail(Timeout),
    ] {
        let world = World::new([fault, ok()]);
        let error =
            world.post("/deviceManagement/importedWindowsAutopilotDeviceIdentities").await.unwrap_err();
        assert_eq!((error.kind(), world.count()), (ErrorKind::UnknownOutcome, 1));
        assert!(
            error.outcome_unknown() && error.to_string().contains("read the object before a retry"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn row_46_a_write_that_is_cut_off_by_its_limit_is_of_unknown_outcome_too() {
    let world = World::new([silence()]);
    let call = world.client.post::<serde_json::Value>(ApiVersion::V1, "/groups", &1).with_timeout(SECOND * 5);
    assert_eq!(call.await.unwrap_err().kind(), ErrorKind::UnknownOutcome);
}

#[tokio::test]
async fn row_46_a_write_that_was_refused_or_never_sent_is_of_known_outcome() {
    for (fault, kind) in [
        (json(400, ""), ErrorKind::Rejected),
        (json(409, ""), ErrorKind::Conflict),
        (answer(429, &[("retry-after", "99999")], b""), ErrorKind::Throttled),
        (Reply::Fail(Connect), ErrorKind::Connect),
    ] {
        let error = World::new([fault]).post("/groups").await.unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (kind, false));
    }
}

#[tokio::test]
async fn row_46_a_write_that_never_left_is_sent_again() {
    let world = World::new([Reply::Fail(Connect), Reply::Fail(Connect), json(201, r#"{"id":"1"}"#)]);
    assert_eq!(world.post("/groups").await.unwrap()["id"], "1");
    assert_eq!(world.times(), [0, 500, 1500]);
    assert!(world.seen().iter().all(|seen| seen.body() == r#"{"a":1}"#), "each try carries the whole body");
}

#[tokio::test]
async fn row_48_a_deletion_that_finds_nothing_after_an_unclear_try_was_its_own() {
    let world = World::new([json(504, ""), json(404, "")]);
    world.client.delete(ApiVersion::V1, "/groups/1").await.unwrap();
    assert_eq!(world.count(), 2);
    for before in [None, Some(Reply::Fail(Connect)), Some(answer(429, &[], b""))] {
        let world = World::new(before.into_iter().chain([json(404, "")]));
        let error = world.client.delete(ApiVersion::V1, "/groups/1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "nothing of ours was there to delete");
    }
}

#[tokio::test]
async fn row_48_a_conflict_on_a_write_that_was_never_sent_before_is_a_conflict() {
    let world =
        World::new([Reply::Fail(Connect), json(409, r#"{"error":{"code":"Conflict","message":"m"}}"#)]);
    let error = world.post("/groups").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Conflict, 2));
}

#[tokio::test]
async fn row_49_a_failed_precondition_is_told_and_not_tried_again() {
    let world = World::new([json(412, "")]);
    let error = world.client.patch(ApiVersion::V1, "/groups/1", &1).await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::PreconditionFailed, 1));
}

#[tokio::test]
async fn row_50_what_was_just_made_can_be_waited_for_until_a_deadline() {
    let look = |world: &World| {
        let client = world.client.clone();
        let schedule = Schedule::new(SECOND, SECOND * 4, SECOND * 20);
        Poller::<serde_json::Value>::new(client.clock().clone(), schedule, "the new group", move || {
            let call = client.get::<serde_json::Value>(ApiVersion::V1, "/groups/1");
            async move {
                match call.await {
                    Ok(group) => Ok(PollStatus::Ready(group)),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(PollStatus::Pending(())),
                    Err(error) => Err(error),
                }
            }
        })
    };
    let world = World::new([json(404, ""), json(404, ""), json(200, r#"{"id":"1"}"#)]);
    assert_eq!(look(&world).await.unwrap()["id"], "1");
    assert_eq!(world.times(), [0, 1000, 2500]);
    let world = World::new([json(404, "")]);
    assert_eq!(look(&world).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(world.seen().last().map(|seen| seen.at), Some(Duration::from_secs(20)));
}

#[tokio::test]
async fn row_46_the_lost_answer_to_an_idempotent_write_leaves_its_outcome_unknown_too() {
    for (fault, kind) in [
        (json(503, ""), ErrorKind::Unavailable),
        (Reply::Fail(Interrupted), ErrorKind::Interrupted),
        (Reply::Fail(Timeout), ErrorKind::Timeout),
    ] {
        let replies: Vec<Reply> = (0..10).map(|_| fault.clone()).collect();
        for read in [false, true] {
            let world = World::new(replies.clone());
            let device = "d".parse().unwrap();
            let devices = world.client.devices();
            let error = match read {
                true => devices.get(&device).await.unwrap_err(),
                false => devices.unassign_user(&device).await.unwrap_err(),
            };
            assert_eq!((error.kind(), error.outcome_unknown()), (kind, !read));
            assert!(world.count() > 1, "it is sent again");
        }
    }
    let world = World::new([json(503, ""), json(400, "")]);
    let error = world.client.devices().unassign_user(&"d".parse().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Rejected, false));
}
