//! Rows 22 to 25 and 54: tokens that are refused, expire or cannot be had.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::Request;
use windows_autopilot::ErrorKind;
use windows_autopilot::clock::{Clock as _, FakeClock};
use windows_autopilot::credential::{ClientSecret, FixedToken};
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::transport::TransportErrorKind::{Connect, Interrupted};

use crate::harness::{Reply, SECOND, World, answer, in_turn, json, ok, silence};

fn credential() -> ClientSecret {
    let client_id = "00001111-aaaa-2222-bbbb-3333cccc4444";
    ClientSecret::new("contoso.com".parse().unwrap(), client_id, "the-secret").unwrap()
}

fn token(name: &str) -> Reply {
    let body = format!(r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{name}"}}"#);
    json(200, &body)
}

fn is_sign_in(request: &Request<Bytes>) -> bool {
    request.uri().host() == Some("login.microsoftonline.com")
}

/// A sign-in service that gives tokens t1, t2, … and a Graph that does as `graph` says, given the token.
fn world(graph: impl Fn(&str) -> Reply + Send + Sync + 'static) -> World {
    let count = AtomicU32::new(0);
    World::with(
        credential(),
        move |request| match is_sign_in(request) {
            true => token(&format!("t{}", count.fetch_add(1, Ordering::Relaxed) + 1)),
            false => graph(request.headers()["authorization"].to_str().unwrap()),
        },
        |builder| builder,
    )
}

/// Who was asked, in order: `login`, or the token that Graph was given.
fn asked(world: &World) -> Vec<String> {
    let name = |request: &Request<Bytes>| match is_sign_in(request) {
        true => "login".to_owned(),
        false => request.headers()["authorization"].to_str().unwrap().replace("Bearer ", ""),
    };
    world.seen().iter().map(|seen| name(&seen.request)).collect()
}

#[tokio::test]
async fn row_22_demanded_claims_go_into_one_new_token_and_one_more_try() {
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
    let encoded = base64::engine::general_purpose::STANDARD.encode(claims);
    let challenge = format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{encoded}\"");
    let demand = challenge.clone();
    let world = world(move |token| match token {
        "Bearer t1" => answer(401, &[("www-authenticate", &demand)], b""),
        _ => ok(),
    });
    world.get("/organization").await.unwrap();
    assert_eq!(asked(&world), ["login", "t1", "login", "t2"]);
    let forms: Vec<String> = world.seen().iter().map(|seen| seen.body().to_owned()).collect();
    // {"access_token":{"xms_cc":{"values":["cp1"]}}}
    let able = "claims=%7B%22access_token%22%3A%7B%22xms_cc%22%3A%7B%22values%22%3A%5B%22cp1%22%5D%7D%7D%7D";
    assert!(forms[0].ends_with(able), "sign-in tells that challenges are answered: {}", forms[0]);
    assert!(forms[2].contains("1604106651") && forms[2].contains("cp1"), "{}", forms[2]);

    let stubborn = World::with(
        credential(),
        move |request| match is_sign_in(request) {
            true => token("t"),
            false => answer(401, &[("www-authenticate", &challenge)], b""),
        },
        |builder| builder,
    );
    assert_eq!(stubborn.get("/organization").await.unwrap_err().kind(), ErrorKind::Authentication);
    assert_eq!(stubborn.count(), 4, "once, and no more");
}

#[tokio::test]
async fn row_22_a_token_that_cannot_be_renewed_says_so() {
    let encoded = base64::engine::general_purpose::STANDARD.encode(r#"{"access_token":{}}"#);
    let challenge = format!("Bearer error=\"insufficient_claims\", claims=\"{encoded}\"");
    let world = World::new([answer(401, &[("www-authenticate", &challenge)], b"")]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::Authentication, 1));
    assert!(error.to_string().contains("cannot be refreshed"), "{error}");
}

#[tokio::test]
async fn row_23_a_revoked_token_is_replaced_once_and_writes_are_sent_once_more() {
    let world = world(|token| if token == "Bearer t1" { answer(401, &[], b"") } else { ok() });
    world.post("/groups").await.unwrap();
    assert_eq!(asked(&world), ["login", "t1", "login", "t2"]);
    world.get("/organization").await.unwrap();
    assert_eq!(asked(&world)[4..], ["t2"], "the new one is kept");
}

#[tokio::test]
async fn row_23_a_second_refusal_is_the_end() {
    let world =
        world(|_| answer(401, &[], br#"{"error":{"code":"InvalidAuthenticationToken","message":"m"}}"#));
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Authentication, Some(401)));
    assert_eq!(asked(&world), ["login", "t1", "login", "t2"]);
}

#[tokio::test]
async fn row_23_a_refused_token_is_not_sent_again_even_if_no_new_one_was_to_be_had() {
    let sign_in = in_turn([token("t1"), json(400, r#"{"error":"invalid_client"}"#)]);
    let world = World::with(
        credential(),
        move |request| if is_sign_in(request) { sign_in(request) } else { answer(401, &[], b"") },
        |builder| builder,
    );
    for _ in 0..2 {
        assert_eq!(world.get("/organization").await.unwrap_err().operation(), Some("signIn"));
    }
    assert_eq!(asked(&world), ["login", "t1", "login", "login"]);
}

#[tokio::test]
async fn row_24_a_token_that_expires_while_a_list_is_read_is_renewed_between_pages() {
    let count = AtomicU32::new(0);
    let world = world(move |_| {
        let page = count.fetch_add(1, Ordering::Relaxed) + 1;
        let next =
            format!(r#","@odata.nextLink":"https://graph.microsoft.com/v1.0/devices?$skiptoken={page}""#);
        json(200, &format!(r#"{{"value":[{page}]{}}}"#, if page < 3 { next.as_str() } else { "" }))
    });
    // Ahead of time, a page would be asked for while its token still lives.
    let mut items = world.client.list::<u32>(ApiVersion::V1, "/devices").read_ahead(false).items();
    let mut all = Vec::new();
    while let Some(item) = items.next().await {
        all.push(item.unwrap());
        world.clock.sleep(SECOND * 3700).await;
    }
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(asked(&world), ["login", "t1", "login", "t2", "login", "t3"]);
}

#[tokio::test]
async fn row_25_many_calls_whose_token_is_refused_share_one_renewal() {
    let world = world(|token| {
        let reply = if token == "Bearer t1" { answer(401, &[], b"") } else { ok() };
        Reply::After(SECOND, Box::new(reply))
    });
    let calls = (0..10).map(|_| world.get("/organization"));
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    let mut names = asked(&world);
    names.sort();
    assert_eq!(names.iter().filter(|name| *name == "login").count(), 2, "{names:?}");
}

#[tokio::test]
async fn row_25_a_token_is_renewed_five_minutes_before_its_end_and_not_sooner() {
    let world = world(|_| ok());
    for (wait, want) in [(0, "t1"), (3299, "t1"), (1, "t2"), (3299, "t2"), (3600, "t3")] {
        world.clock.sleep(SECOND * wait).await;
        world.get("/organization").await.unwrap();
        assert_eq!(asked(&world).last().map(String::as_str), Some(want), "after {wait} s more");
    }
}

#[tokio::test]
async fn row_25_an_early_renewal_that_fails_keeps_the_old_token_while_it_lives() {
    let sign_in = in_turn([token("t1"), json(400, r#"{"error":"invalid_client"}"#)]);
    let world = World::with(
        credential(),
        move |request| if is_sign_in(request) { sign_in(request) } else { ok() },
        |builder| builder,
    );
    world.get("/organization").await.unwrap();
    world.clock.sleep(SECOND * 3400).await;
    world.get("/organization").await.unwrap();
    world.get("/organization").await.unwrap();
    assert_eq!(asked(&world), ["login", "t1", "login", "t1", "t1"], "and it is not asked for every call");
    world.clock.sleep(SECOND * 300).await;
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(error.operation(), Some("signIn"));
}

#[tokio::test]
async fn row_25_an_early_renewal_that_hangs_holds_a_call_for_seconds_and_not_for_minutes() {
    let sign_in = in_turn([token("t1"), silence()]);
    let world = World::with(
        credential(),
        move |request| if is_sign_in(request) { sign_in(request) } else { ok() },
        |builder| builder,
    );
    world.get("/organization").await.unwrap();
    world.clock.sleep(SECOND * 3400).await;
    world.get("/organization").await.unwrap();
    assert_eq!(asked(&world), ["login", "t1", "login", "t1"]);
    assert_eq!(world.clock.elapsed(), SECOND * 3410);
}

#[tokio::test]
async fn rows_22_25_many_calls_of_which_claims_are_demanded_share_one_renewal() {
    let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
    let encoded = base64::engine::general_purpose::STANDARD.encode(claims);
    let challenge = format!("Bearer error=\"insufficient_claims\", claims=\"{encoded}\"");
    let world = world(move |token| {
        let refusal = answer(401, &[("www-authenticate", &challenge)], b"");
        Reply::After(SECOND, Box::new(if token == "Bearer t1" { refusal } else { ok() }))
    });
    let calls = (0..10).map(|_| world.get("/organization"));
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    let forms: Vec<bool> = world
        .seen()
        .iter()
        .filter(|seen| is_sign_in(&seen.request))
        .map(|seen| seen.body().contains("1604106651"))
        .collect();
    assert_eq!(forms, [false, true], "one sign-in, and one more with the claims that all were asked for");
    assert_eq!(asked(&world).iter().filter(|name| *name == "t2").count(), 10);
}

#[tokio::test]
async fn row_22_claims_are_fetched_although_another_call_has_renewed_the_token_without_them() {
    let encoded =
        base64::engine::general_purpose::STANDARD.encode(r#"{"access_token":{"nbf":{"essential":true}}}"#);
    let challenge = format!("Bearer error=\"insufficient_claims\", claims=\"{encoded}\"");
    let count = AtomicU32::new(0);
    let world = World::with(
        credential(),
        move |request| {
            if is_sign_in(request) {
                let form = std::str::from_utf8(request.body()).unwrap();
                let claims = if form.contains("essential") { "with" } else { "without" };
                return token(&format!("{claims}{}", count.fetch_add(1, Ordering::Relaxed)));
            }
            let token = request.headers()["authorization"].to_str().unwrap();
            match request.uri().path() {
                "/v1.0/plain" if token.ends_with("without0") => answer(401, &[], b""),
                "/v1.0/claims" if token.contains("without") => {
                    let refusal = answer(401, &[("www-authenticate", &challenge)], b"");
                    Reply::After(SECOND, Box::new(refusal))
                }
                _ => ok(),
            }
        },
        |builder| builder,
    );
    let (claims, plain) = futures_util::join!(world.get("/claims"), world.get("/plain"));
    claims.unwrap();
    plain.unwrap();
}

#[tokio::test]
async fn row_54_tokens_are_dated_by_their_lifetime_and_not_by_the_time_of_day() {
    let wrong = FakeClock::new().with_start(SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000));
    let world = World::at(
        wrong,
        credential(),
        |request| if is_sign_in(request) { token("t1") } else { ok() },
        |builder| builder,
    );
    for _ in 0..3 {
        world.get("/organization").await.unwrap();
    }
    assert_eq!(asked(&world), ["login", "t1", "t1", "t1"]);
}

#[tokio::test]
async fn sign_in_has_retries_of_its_own_and_they_are_not_multiplied() {
    for (fault, kind) in [
        (Reply::Fail(Connect), ErrorKind::Connect),
        (Reply::Fail(Interrupted), ErrorKind::Interrupted),
        (json(503, ""), ErrorKind::Unavailable),
    ] {
        let world = World::with(credential(), in_turn([fault]), |builder| builder);
        let error = world.get("/organization").await.unwrap_err();
        assert_eq!((error.kind(), world.count()), (kind, 5));
        let error = world.post("/groups").await.unwrap_err();
        assert!(!error.outcome_unknown(), "the write itself was never sent: {error}");
    }
}

#[tokio::test]
async fn a_refused_sign_in_says_what_to_do_and_nothing_reaches_graph() {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired."}"#;
    let world = World::with(credential(), in_turn([json(401, body)]), |builder| builder);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::Authentication, 1));
    assert!(error.remedy().unwrap().contains("add a new secret"), "{error}");
}

#[tokio::test]
async fn a_token_is_sent_to_no_other_host_and_no_secret_to_graph() {
    let world = world(|_| ok());
    world.get("/organization").await.unwrap();
    let seen = world.seen();
    assert_eq!(seen[0].request.uri(), "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[1].request.uri().host(), Some("graph.microsoft.com"));
    assert!(seen[1].request.headers()["authorization"].is_sensitive());
    assert!(!seen[1].body().contains("the-secret"));
}

#[tokio::test]
async fn a_token_with_a_line_break_is_told_and_not_sent() {
    let world = World::with(FixedToken::new("abc\ndef"), in_turn([ok()]), |builder| builder);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::Authentication, 0));
    assert!(!format!("{error:#}").contains("abc"), "{error}");
}

#[tokio::test]
async fn row_22_a_403_that_names_missing_claims_is_answered_and_any_other_403_is_not() {
    let encoded =
        base64::engine::general_purpose::STANDARD.encode(r#"{"access_token":{"acrs":{"value":"c1"}}}"#);
    let challenge = format!("Bearer error=\"insufficient_claims\", claims=\"{encoded}\"");
    let world = world(move |token| match token {
        "Bearer t1" => answer(403, &[("www-authenticate", &challenge)], b""),
        _ => answer(403, &[], b""),
    });
    assert_eq!(world.get("/organization").await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(asked(&world), ["login", "t1", "login", "t2"]);
}

#[tokio::test]
async fn row_22_a_client_that_does_not_want_challenges_says_nothing_of_them() {
    let reply = |request: &Request<Bytes>| if is_sign_in(request) { token("t1") } else { ok() };
    let world = World::with(credential(), reply, |builder| builder.with_continuous_access_evaluation(false));
    world.get("/organization").await.unwrap();
    assert!(!world.seen()[0].body().contains("claims"), "{}", world.seen()[0].body());
}

#[tokio::test]
async fn row_25_ten_thousand_calls_cause_one_token_request() {
    let world = World::with(
        credential(),
        move |request| match is_sign_in(request) {
            true => Reply::After(SECOND, Box::new(token("t"))),
            false => ok(),
        },
        |builder| builder,
    );
    let calls = (0..10_000).map(|_| world.get("/organization"));
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(asked(&world).iter().filter(|name| *name == "login").count(), 1);
    assert_eq!(world.count(), 10_001);
}

#[tokio::test]
async fn row_25_a_sign_in_that_fails_fails_once_for_all_who_wait_for_it() {
    for fault in [json(401, r#"{"error":"invalid_client"}"#), json(503, ""), Reply::Fail(Connect)] {
        let refusal = Reply::After(SECOND, Box::new(fault));
        let world = World::with(credential(), in_turn([refusal]), |builder| builder);
        let calls = (0..1000).map(|_| world.get("/organization"));
        let results = futures_util::future::join_all(calls).await;
        assert!(world.count() <= 5, "{} requests: those of one sign-in, and no more", world.count());
        let operations: Vec<_> =
            results.iter().map(|result| result.as_ref().unwrap_err().operation()).collect();
        assert!(operations.iter().all(|operation| *operation == Some("signIn")));
        // A call that comes later tries by itself.
        let before = world.count();
        let error = world.get("/organization").await.unwrap_err();
        assert_eq!(error.operation(), Some("signIn"), "{error}");
        assert!(world.count() > before);
    }
}

#[tokio::test]
async fn sign_in_gives_up_at_once_when_the_wait_it_is_asked_for_does_not_fit_the_calls_time() {
    let reply = |_: &Request<Bytes>| answer(429, &[("retry-after", "60")], b"");
    let world = World::with(credential(), reply, |builder| builder);
    let call =
        world.client.get::<serde_json::Value>(ApiVersion::V1, "/organization").with_timeout(SECOND * 30);
    let error = call.await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(SECOND * 60)));
    assert_eq!((world.count(), world.clock.elapsed()), (1, Duration::ZERO));
}

#[tokio::test]
async fn a_call_with_little_time_does_not_spoil_the_sign_in_of_one_with_more() {
    for (fault, times, kind) in [
        (answer(503, &[("retry-after", "20")], b""), 1, ErrorKind::Unavailable),
        (answer(429, &[("retry-after", "20")], b""), 1, ErrorKind::Throttled),
        // The first is still signing in when the second comes.
        (Reply::After(SECOND, Box::new(answer(429, &[("retry-after", "20")], b""))), 1, ErrorKind::Throttled),
        (json(504, ""), 4, ErrorKind::Unavailable),
        (Reply::Fail(Connect), 4, ErrorKind::Connect),
        (Reply::Fail(Interrupted), 4, ErrorKind::Interrupted),
        (silence(), 1, ErrorKind::Timeout),
    ] {
        let sign_in = in_turn(std::iter::repeat_n(fault, times).chain([token("t1")]));
        let world = World::with(
            credential(),
            move |request| if is_sign_in(request) { sign_in(request) } else { ok() },
            |builder| builder,
        );
        let short = world.client.get::<serde_json::Value>(ApiVersion::V1, "/a").with_timeout(SECOND * 5);
        let (short, long) = futures_util::join!(short.into_future(), world.get("/b"));
        assert_eq!(short.unwrap_err().kind(), kind);
        assert!(long.is_ok(), "{kind:?}: {long:?}");
        assert_eq!(world.count(), times + 2, "{kind:?}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_answers_html_is_told_as_what_it_is() {
    let page = answer(200, &[("content-type", "text/html")], b"<html><h1>Hotel WiFi</h1></html>");
    let world = World::with(credential(), in_turn([page]), |builder| builder);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation(), world.count()),
        (ErrorKind::Authentication, Some("signIn"), 1)
    );
    assert!(error.to_string().contains("Hotel WiFi") && error.remedy().unwrap().contains("proxy"), "{error}");
}

#[tokio::test]
async fn wrong_tenants_clouds_and_secrets_are_told_with_what_to_do() {
    for (code, says) in [
        (90_002, "check the tenant's name"),
        (900_382, "with_cloud"),
        (500_011, "with_cloud"),
        (7_000_215, "not its id"),
        (7_000_222, "has expired"),
        (700_027, "add this certificate"),
    ] {
        let body = format!(r#"{{"error":"invalid_client","error_description":"AADSTS{code}: Words."}}"#);
        let world = World::with(credential(), in_turn([json(400, &body)]), |builder| builder);
        let error = world.get("/organization").await.unwrap_err();
        assert_eq!((error.kind(), world.count()), (ErrorKind::Authentication, 1));
        assert!(error.remedy().unwrap().contains(says), "{error}");
    }
}

#[tokio::test]
async fn row_54_a_clock_that_is_ten_minutes_off_changes_nothing() {
    for start in [1_767_254_400 - 600, 1_767_254_400 + 600] {
        let clock = FakeClock::new().with_start(SystemTime::UNIX_EPOCH + Duration::from_secs(start));
        let graph = in_turn([
            answer(
                429,
                &[
                    ("retry-after", "Thu, 01 Jan 2026 08:00:09 GMT"),
                    ("date", "Thu, 01 Jan 2026 08:00:00 GMT"),
                ],
                b"",
            ),
            ok(),
        ]);
        let world = World::at(
            clock,
            credential(),
            move |request| if is_sign_in(request) { token("t1") } else { graph(request) },
            |builder| builder,
        );
        world.get("/organization").await.unwrap();
        assert_eq!(asked(&world), ["login", "t1", "t1"]);
        assert_eq!(world.clock.elapsed(), SECOND * 9);
    }
}
