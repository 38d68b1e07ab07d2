//! Requests that are sent side by side: how many, how that changes when the service throttles, and what waits.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use windows_autopilot::clock::Clock as _;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::{ApiVersion, Batch, Slot};
use windows_autopilot::pipeline::{Limits, RetryConfig};

use crate::batch::{good, ids, part, parts};
use crate::harness::{Reply, World, answer, in_turn, ok, throttled};

/// How long the service takes for a request.
const LATENCY: Duration = Duration::from_millis(100);

fn after(reply: Reply) -> Reply {
    Reply::After(LATENCY, Box::new(reply))
}

/// A service that answers batches, one by one, as `reply` says of the number of the batch; it gets the ids in it.
fn service(concurrency: usize, reply: impl Fn(usize, Vec<String>) -> Reply + Send + Sync + 'static) -> World {
    let count = AtomicUsize::new(0);
    World::with(
        FixedToken::new("t0"),
        move |request| after(reply(count.fetch_add(1, Ordering::Relaxed), ids(request))),
        |builder| {
            let limits = Limits::without_rate_limits().with_concurrency(concurrency);
            builder.with_limits(limits).with_retry(RetryConfig::default().with_jitter(false))
        },
    )
}

fn all_good(ids: Vec<String>) -> Reply {
    parts(ids.iter().map(|id| good(id)))
}

fn batch(world: &World, requests: usize) -> (Batch, Vec<Slot<Value>>) {
    let mut batch = world.client.batch();
    let add =
        |index| batch.add(world.client.get::<Value>(ApiVersion::V1, &format!("/deviceManagement/{index}")));
    let slots = (0..requests).map(add).collect();
    (batch, slots)
}

/// Sends so many requests, all of which have to come through.
async fn send(world: &World, requests: usize) {
    let (batch, slots) = batch(world, requests);
    let mut answers = batch.await.unwrap();
    for (index, slot) in slots.into_iter().enumerate() {
        assert_eq!(answers.take(slot).unwrap()["id"], index.to_string());
    }
}

/// How many requests were sent at the same moment, moment by moment; those of one moment end before the next.
fn rounds(world: &World) -> Vec<(u128, usize)> {
    let mut rounds: Vec<(u128, usize)> = Vec::new();
    for at in world.times() {
        match rounds.last_mut() {
            Some((last, count)) if *last == at => *count += 1,
            _ => rounds.push((at, 1)),
        }
    }
    rounds
}

#[tokio::test]
async fn a_large_batch_goes_side_by_side_one_more_each_round_up_to_the_limit() {
    let world = service(7, |_, ids| all_good(ids));
    send(&world, 20 * 60).await;
    let sizes: Vec<usize> = rounds(&world).iter().map(|(_, count)| *count).collect();
    assert_eq!(sizes, [4, 5, 6, 7, 7, 7, 7, 7, 7, 3]);
    assert_eq!(world.clock.elapsed(), LATENCY * 10);
    // What was learned stays with the client.
    send(&world, 20 * 9).await;
    assert_eq!(rounds(&world)[10..], [(1000, 7), (1100, 2)]);
}

#[tokio::test]
async fn a_limit_of_one_is_one_at_a_time() {
    let world = service(1, |_, ids| all_good(ids));
    send(&world, 20 * 5).await;
    assert_eq!(rounds(&world), [(0, 1), (100, 1), (200, 1), (300, 1), (400, 1)]);
}

#[tokio::test]
async fn a_burst_that_is_throttled_halves_what_goes_side_by_side_once() {
    // The first round is taken; of the second every batch is refused: as a whole, in all its parts, or in its first.
    for refused in ["whole", "parts", "first part"] {
        let world = service(16, move |number, ids| match number {
            4..9 if refused == "whole" => answer(429, &[("retry-after", "5")], b""),
            4..9 => parts(ids.iter().enumerate().map(|(place, id)| match refused {
                "first part" if place > 0 => good(id),
                _ => part(id, 429, json!({"Retry-After": "5"}), json!({})),
            })),
            _ => all_good(ids),
        });
        send(&world, 20 * 30).await;
        let first: Vec<(u128, usize)> = rounds(&world).into_iter().take(5).collect();
        assert_eq!(first, [(0, 4), (100, 5), (5200, 2), (5300, 3), (5400, 4)], "{refused}");
        assert_eq!(world.count(), 30 + 5, "nothing is sent while the service wants to be left alone");
    }
}

#[tokio::test]
async fn throttling_of_a_single_call_halves_it_too_and_throttling_again_and_again_leaves_one() {
    let throttle = in_turn((0..6).map(|_| throttled(Some("1"))).chain([ok()]));
    let world = World::with(
        FixedToken::new("t0"),
        move |request: &Request<Bytes>| match request.uri().path() {
            "/v1.0/$batch" => after(all_good(ids(request))),
            _ => after(throttle(request)),
        },
        |builder| builder.with_limits(Limits::without_rate_limits()),
    );
    world.get("/deviceManagement/x").await.unwrap();
    // The call came through in the end, which was a window of one.
    send(&world, 20 * 9).await;
    let sizes: Vec<usize> = rounds(&world)[7..].iter().map(|(_, count)| *count).collect();
    assert_eq!(sizes, [2, 3, 4]);
}

#[tokio::test]
async fn a_sync_that_came_too_early_halves_nothing() {
    let world = World::with(
        FixedToken::new("t0"),
        |request: &Request<Bytes>| match request.uri().path() {
            "/v1.0/$batch" => after(all_good(ids(request))),
            _ => after(throttled(Some("600"))),
        },
        |builder| builder.with_limits(Limits::without_rate_limits()),
    );
    let error = world.client.autopilot_sync().sync().await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (windows_autopilot::ErrorKind::Throttled, 1));
    world.clock.advance(Duration::from_secs(600));
    send(&world, 20 * 9).await;
    let sizes: Vec<usize> = rounds(&world)[1..].iter().map(|(_, count)| *count).collect();
    assert_eq!(sizes, [4, 5]);
}

#[tokio::test]
async fn what_waits_for_room_is_not_sent_once_the_service_has_asked_to_be_left_alone() {
    for write in [false, true] {
        let count = AtomicUsize::new(0);
        let world = World::with(
            FixedToken::new("t0"),
            move |_| match count.fetch_add(1, Ordering::Relaxed) {
                0..16 => after(answer(429, &[("retry-after", "10")], b"")),
                _ => after(ok()),
            },
            |builder| builder,
        );
        let calls = (0..90).map(|_| async {
            match write {
                true => world.post("/deviceManagement/x").await,
                false => world.get("/deviceManagement/x").await,
            }
        });
        assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
        let early = world.times().into_iter().filter(|at| *at < 10_100).count();
        assert_eq!((early, world.count()), (16, 90 + 16), "{write}");
    }
}

#[tokio::test]
async fn work_that_nobody_drives_holds_up_no_other() {
    let throttle = in_turn((0..3).map(|_| throttled(Some("1"))).chain([ok()]));
    let world = World::with(
        FixedToken::new("t0"),
        move |request: &Request<Bytes>| match request.uri().path() {
            "/v1.0/$batch" if String::from_utf8_lossy(request.body()).contains("/stuck/") => Reply::Never,
            "/v1.0/$batch" => all_good(ids(request)),
            _ => throttle(request),
        },
        |builder| builder.with_limits(Limits::without_rate_limits()),
    );
    let stuck = || {
        let mut batch = world.client.batch();
        for number in 0..100 {
            let _ = batch.add(world.client.get::<Value>(ApiVersion::V1, &format!("/stuck/{number}")));
        }
        batch.into_future()
    };
    // Throttled down to one at a time, and the only place is taken by what goes no further.
    world.get("/deviceManagement/x").await.unwrap();
    let mut first = stuck();
    assert!(futures_util::poll!(&mut first).is_pending());
    send(&world, 45).await;
    // As in a stream of many of them, whose consumer sends one of its own for each.
    let mut others = stream::iter(0..9).map(|_| stuck()).buffer_unordered(8);
    assert!(futures_util::poll!(others.next()).is_pending());
    send(&world, 45).await;
}

#[tokio::test]
async fn a_batch_that_is_dropped_sends_nothing_more_and_leaves_its_places() {
    let world = service(16, |_, ids| all_good(ids));
    for _ in 0..20 {
        let mut dropped = batch(&world, 20 * 40).0.into_future();
        assert!(futures_util::poll!(&mut dropped).is_pending());
    }
    assert_eq!((world.count(), world.clock.waiting()), (20 * 4, 0));
    send(&world, 20 * 9).await;
    let sizes: Vec<usize> = rounds(&world).iter().map(|(_, count)| *count).collect();
    assert_eq!(sizes, [20 * 4 + 4, 5]);
}

#[tokio::test]
async fn a_batch_ends_in_time_also_while_most_of_it_waits_for_room() {
    let world = service(2, |_, ids| all_good(ids));
    let (batch, slots) = batch(&world, 20 * 50);
    let mut answers = batch.with_timeout(LATENCY * 10 + LATENCY / 2).await.unwrap();
    let outcomes = slots.into_iter().map(|slot| answers.take(slot));
    let failed: Vec<_> = outcomes.filter_map(Result::err).collect();
    assert_eq!((failed.len(), world.count()), (20 * (50 - 2 * 10), 2 * 11));
    assert!(failed.iter().all(|error| error.kind() == windows_autopilot::ErrorKind::Timeout));
    assert_eq!((world.clock.elapsed(), world.clock.waiting()), (LATENCY * 10 + LATENCY / 2, 0));
}

#[tokio::test]
async fn a_large_batch_of_writes_keeps_to_the_writes_that_intune_takes() {
    let reply = |request: &Request<Bytes>| after(all_good(ids(request)));
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder);
    let mut batch = world.client.batch();
    for _ in 0..900 {
        let _ = batch.add(world.client.post::<Value>(ApiVersion::V1, "/deviceManagement/x", &1));
    }
    let _ = batch.await.unwrap();
    let sent: Vec<(u128, usize)> =
        world.seen().iter().map(|seen| (seen.at.as_millis(), ids(&seen.request).len())).collect();
    assert_eq!(sent.iter().map(|(_, writes)| writes).sum::<usize>(), 900);
    for (start, _) in &sent {
        let inside = sent.iter().filter(|(at, _)| (*start..*start + 20_000).contains(at));
        assert!(inside.map(|(_, writes)| writes).sum::<usize>() <= 100, "{sent:?}");
    }
    let last = sent.last().map(|(at, _)| *at).unwrap();
    assert!((160_000..161_000).contains(&last), "five batches in each window: {last}");
}

proptest! {
    /// However the service answers, no more go side by side than the limit, every read has an outcome, what was answered
    /// well is not sent again, and throttling costs a wait and nothing else.
    #[test]
    fn whatever_the_service_answers_each_request_ends_once_and_no_more_go_side_by_side_than_may(
        limit in 1_usize..9,
        chunks in 1_usize..30,
        fates in prop::collection::vec((0_u8..6, 0_u64..400), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (now, most) = (std::sync::Arc::new(AtomicUsize::new(0)), std::sync::Arc::new(AtomicUsize::new(0)));
        let taken = std::sync::Arc::new(Mutex::new(std::collections::HashMap::<String, usize>::new()));
        let clock = windows_autopilot::clock::FakeClock::new();
        let (in_flight, highest, all, time) = (now.clone(), most.clone(), taken.clone(), clock.clone());
        let number = AtomicUsize::new(0);
        let transport = windows_autopilot::transport::transport_fn(move |request: Request<Bytes>| {
            highest.fetch_max(in_flight.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            let (fate, wait) = fates[number.fetch_add(1, Ordering::Relaxed) % fates.len()];
            let (in_flight, all, time) = (in_flight.clone(), all.clone(), time.clone());
            async move {
                time.sleep(Duration::from_millis(wait)).await;
                in_flight.fetch_sub(1, Ordering::Relaxed);
                let reply = match fate {
                    0 => answer(429, &[("retry-after", "3")], b""),
                    1 => answer(503, &[], b""),
                    2 => parts(ids(&request).iter().enumerate().map(|(place, id)| match place % 3 {
                        0 => part(id, 429, json!({"Retry-After": "2"}), json!({})),
                        _ => {
                            *all.lock().unwrap().entry(id.clone()).or_default() += 1;
                            good(id)
                        }
                    })),
                    _ => {
                        for id in ids(&request) {
                            *all.lock().unwrap().entry(id).or_default() += 1;
                        }
                        all_good(ids(&request))
                    }
                };
                match reply {
                    Reply::Answer(answer) => Ok(answer),
                    _ => unreachable!(),
                }
            }
        });
        let client = windows_autopilot::Client::builder(FixedToken::new("t0"))
            .with_transport(transport)
            .with_clock(clock.clone())
            .with_limits(Limits::without_rate_limits().with_concurrency(limit))
            .build()
            .unwrap();
        let mut batch = client.batch();
        let slots: Vec<_> = (0..chunks * 20 - 7)
            .map(|index| batch.add(client.get::<Value>(ApiVersion::V1, &format!("/deviceManagement/{index}"))))
            .collect();
        let mut answers = runtime.block_on(batch.into_future()).unwrap();
        let mut taken = taken.lock().unwrap();
        for (index, slot) in slots.into_iter().enumerate() {
            let times = taken.remove(&index.to_string()).unwrap_or_default();
            match answers.take(slot) {
                Ok(_) => prop_assert_eq!(times, 1),
                Err(_) => prop_assert_eq!(times, 0),
            }
        }
        prop_assert!(most.load(Ordering::Relaxed) <= limit);
        prop_assert_eq!((now.load(Ordering::Relaxed), clock.waiting()), (0, 0));
    }
}
