//! Rows 18 and 57: no call outlives its deadline, whatever happens, and one that is dropped leaves nothing behind.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use http::Request;
use proptest::prelude::*;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::credential::ClientSecret;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::pipeline::Limits;
use windows_autopilot::transport::TransportErrorKind;
use windows_autopilot::{ErrorKind, Result};

use crate::harness::{Reply, SECOND, World, answer, json, silence, throttled};

/// A fault, or none.
#[derive(Debug, Clone)]
enum Turn {
    Good,
    Status(u16, Option<u32>),
    Fail(TransportErrorKind),
    Cut,
    Html,
    Challenge,
    Silent,
    Slow(u32, Box<Turn>),
}

impl Turn {
    fn reply(&self, sign_in: bool) -> Reply {
        match self {
            Self::Good if sign_in => {
                json(200, r#"{"token_type":"Bearer","expires_in":600,"access_token":"t"}"#)
            }
            Self::Good => json(200, r#"{"value":[1],"responses":[{"id":"0","status":200,"body":{}}]}"#),
            Self::Status(429, wait) => throttled(wait.map(|wait| wait.to_string()).as_deref()),
            Self::Status(status, wait) => match wait {
                Some(wait) => answer(*status, &[("retry-after", &wait.to_string())], b"{}"),
                None => json(*status, "{}"),
            },
            Self::Fail(kind) => Reply::Fail(*kind),
            Self::Cut => json(200, r#"{"value":["#),
            Self::Html => answer(200, &[("content-type", "text/html")], b"<html>"),
            Self::Challenge => answer(401, &[("www-authenticate", "Bearer claims=\"e30=\"")], b""),
            Self::Silent => silence(),
            Self::Slow(seconds, then) => Reply::After(SECOND * *seconds, Box::new(then.reply(sign_in))),
        }
    }
}

fn turn() -> impl Strategy<Value = Turn> {
    use TransportErrorKind::{Body, Connect, Interrupted, NotAllowed, Other, Timeout};
    let plain = prop_oneof![
        3 => Just(Turn::Good),
        4 => (
            proptest::sample::select(vec![400_u16, 401, 403, 404, 408, 409, 412, 429, 429, 429, 500, 502, 503, 504]),
            proptest::option::of(0_u32..200),
        ).prop_map(|(status, wait)| Turn::Status(status, wait)),
        3 => proptest::sample::select(vec![Body, Connect, Interrupted, Other, NotAllowed, Timeout]).prop_map(Turn::Fail),
        1 => Just(Turn::Cut),
        1 => Just(Turn::Html),
        1 => Just(Turn::Challenge),
        1 => Just(Turn::Silent),
    ];
    plain.prop_flat_map(|turn| {
        prop_oneof![
            Just(turn.clone()),
            (0_u32..150).prop_map(move |wait| Turn::Slow(wait, Box::new(turn.clone())))
        ]
    })
}

/// Graph and sign-in do these in turn, then behave.
fn world(graph: Vec<Turn>, sign_in: Vec<Turn>) -> World {
    let client_id = "00001111-aaaa-2222-bbbb-3333cccc4444";
    let credential = ClientSecret::new("contoso.com".parse().unwrap(), client_id, "s").unwrap();
    let turns = Mutex::new((graph.into_iter(), sign_in.into_iter()));
    World::with(
        credential,
        move |request: &Request<bytes::Bytes>| {
            let sign_in = request.uri().host() == Some("login.microsoftonline.com");
            let mut turns = turns.lock().unwrap();
            let turn = if sign_in { turns.1.next() } else { turns.0.next() };
            turn.unwrap_or(Turn::Good).reply(sign_in)
        },
        |builder| builder.with_limits(Limits::default().with_concurrency(2).with_intune_writes(Some(2))),
    )
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Read,
    Write,
    List,
    Batch,
}

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

fn call(world: &World, kind: Kind, timeout: Option<Duration>) -> Boxed<'_> {
    let client = &world.client;
    Box::pin(async move {
        match kind {
            Kind::Read => {
                let call = client.get::<serde_json::Value>(ApiVersion::V1, "/deviceManagement/x");
                let call = timeout.into_iter().fold(call, |call, timeout| call.with_timeout(timeout));
                call.await.map(drop)
            }
            Kind::Write => {
                let call = client.post::<serde_json::Value>(ApiVersion::V1, "/deviceManagement/x", &1);
                let call = timeout.into_iter().fold(call, |call, timeout| call.with_timeout(timeout));
                call.await.map(drop)
            }
            // A page of it is a call.
            Kind::List => client.list::<u32>(ApiVersion::V1, "/deviceManagement/x").all().await.map(drop),
            Kind::Batch => {
                let mut batch = client.batch();
                let slot = batch.add(client.get::<serde_json::Value>(ApiVersion::V1, "/deviceManagement/x"));
                let batch = timeout.into_iter().fold(batch, |batch, timeout| batch.with_timeout(timeout));
                batch.await?.take(slot).map(drop)
            }
        }
    })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let output = runtime.block_on(future);
    assert_eq!(runtime.metrics().num_alive_tasks(), 0, "nothing runs in the background");
    output
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Read), Just(Kind::Write), Just(Kind::List), Just(Kind::Batch)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn row_18_no_call_outlives_its_deadline_whatever_happens(
        graph in proptest::collection::vec(turn(), 0..14),
        sign_in in proptest::collection::vec(turn(), 0..6),
        kind in kinds(),
        timeout in 1_u32..400,
    ) {
        run(async {
            let world = world(graph, sign_in);
            let limit = SECOND * timeout;
            let hard = !matches!(kind, Kind::List);
            let result = call(&world, kind, hard.then_some(limit)).await;
            // Ten minutes, if nothing else is said: nothing holds a single call back.
            let limit = if hard { limit } else { SECOND * 600 };
            assert!(world.clock.elapsed() <= limit, "{:?} after {:?}", result.err(), world.clock.elapsed());
            assert_eq!(world.clock.waiting(), 0, "nothing waits on");
            if let Err(error) = result {
                assert!(error.operation().is_some() && error.endpoint().is_some(), "{error}");
            }
        });
    }

    #[test]
    fn row_18_many_calls_at_once_end_each_by_its_own_deadline(
        graph in proptest::collection::vec(turn(), 0..40),
        sign_in in proptest::collection::vec(turn(), 0..6),
        calls in proptest::collection::vec((kinds(), 1_u32..200), 1..12),
    ) {
        run(async {
            let world = world(graph, sign_in);
            let one = async |(kind, timeout): (Kind, u32)| {
                let kind = if matches!(kind, Kind::List) { Kind::Read } else { kind };
                let result = call(&world, kind, Some(SECOND * timeout)).await;
                assert!(world.clock.elapsed() <= SECOND * timeout, "{:?}", result.err());
            };
            futures_util::future::join_all(calls.into_iter().map(one)).await;
            assert_eq!(world.clock.waiting(), 0);
        });
    }

    #[test]
    fn row_57_a_call_that_is_dropped_at_any_await_leaves_nothing_running_or_locked(
        graph in proptest::collection::vec(turn(), 0..10),
        sign_in in proptest::collection::vec(turn(), 0..4),
        kind in kinds(),
        polls in 0_usize..220,
    ) {
        run(async {
            let world = world(graph, sign_in);
            let mut dropped = call(&world, kind, None);
            let mut other = Some(call(&world, Kind::Read, None));
            for _ in 0..polls {
                if futures_util::poll!(&mut dropped).is_ready() {
                    break;
                }
                if let Some(call) = &mut other
                    && futures_util::poll!(call).is_ready()
                {
                    other = None;
                }
                tokio::task::yield_now().await;
            }
            drop((dropped, other));
            assert_eq!(world.clock.waiting(), 0, "no sleep, no timer");
            let sent = world.count();
            tokio::task::yield_now().await;
            assert_eq!(world.count(), sent, "no request is sent by nobody");
            // Whatever was held by it is free: another call gets to its end. Ten minutes is what it may take, and the
            // places in the pacer, of which there are two in 20 s.
            let before = world.clock.elapsed();
            let after = call(&world, Kind::Write, None).await;
            let took = world.clock.elapsed() - before;
            assert!(took <= SECOND * 640, "{took:?} {after:?}");
        });
    }
}

#[tokio::test]
async fn row_18_the_time_of_sign_in_is_time_of_the_call() {
    for (sign_in, kind) in [
        (Turn::Silent, ErrorKind::Timeout),
        (Turn::Slow(90, Box::new(Turn::Good)), ErrorKind::Timeout),
        (Turn::Status(503, None), ErrorKind::Unavailable),
    ] {
        let world = world(Vec::new(), vec![sign_in; 50]);
        let call = world.client.get::<serde_json::Value>(ApiVersion::V1, "/organization");
        let error = call.with_timeout(SECOND * 5).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(world.clock.elapsed() <= SECOND * 5);
    }
}
