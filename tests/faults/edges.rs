//! Rows 63 to 67 and 76 to 79: waits in every form, closed workloads, batches part by part, redirects and links.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use windows_autopilot::clock::Clock as _;
use windows_autopilot::credential::{AccessToken, FixedToken, TokenProvider, TokenRequest};
use windows_autopilot::graph::{ApiVersion, Operation, Slot};
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::{ErrorKind, Result};

use crate::batch::{good, ids, part, parts};
use crate::harness::{Reply, SECOND, World, answer, in_turn, ok, throttled};

#[tokio::test]
async fn row_63_every_form_of_a_date_is_waited_for() {
    for date in [
        "Mon, 23 Nov 2026 08:00:09 GMT",
        "Monday, 23-Nov-26 08:00:09 GMT",
        "Mon Nov 23 08:00:09 2026",
        "Sat, 23 Nov 2026 08:00:09 GMT",
        "2026-11-23T08:00:09Z",
    ] {
        for answered in ["Mon, 23 Nov 2026 08:00:00 GMT", "Monday, 23-Nov-26 08:00:00 GMT"] {
            let world = World::new([answer(429, &[("retry-after", date), ("date", answered)], b""), ok()]);
            world.get("/organization").await.unwrap();
            assert_eq!(world.times(), [0, 9000], "{date} after {answered}");
        }
    }
}

#[tokio::test]
async fn row_64_a_wait_of_years_closes_a_workload_for_minutes() {
    for (config, closed) in [
        (RetryConfig::default(), SECOND * 900),
        (RetryConfig::default().with_max_closed(SECOND * 60), SECOND * 60),
    ] {
        for wait in ["315360000", "99999999999999999999999999"] {
            let config = config.clone().with_jitter(false);
            let world =
                World::with(FixedToken::new("t0"), in_turn([throttled(Some(wait)), ok()]), |builder| {
                    builder.with_retry(config)
                });
            let asked = wait.parse().map_or(Duration::MAX, Duration::from_secs);
            let error = world.get("/deviceManagement/x").await.unwrap_err();
            assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Throttled, Some(asked)));
            assert_eq!(world.client.retry_state().closed["deviceManagement"], closed);
            world.clock.advance(closed);
            world.get("/deviceManagement/x").await.unwrap();
            assert_eq!((world.count(), world.clock.elapsed()), (2, closed), "tried again, and not before");
        }
    }
}

fn read(world: &World, batch: &mut windows_autopilot::graph::Batch, path: &str) -> Slot<Value> {
    batch.add(world.client.get::<Value>(ApiVersion::V1, path))
}

/// Four requests of which the second is answered with `odd`: the outcomes, and how often the batch was sent.
async fn beside(odd: Value, write: bool) -> (Vec<Result<Value>>, usize) {
    let world = World::new([parts([good("0"), odd, good("2"), good("3")])]);
    let mut batch = world.client.batch();
    let slots: Vec<_> = (0..4)
        .map(|index| match index {
            1 if write => {
                let operation: Operation<Value> =
                    world.client.post(ApiVersion::V1, "/groups", &json!({})).into_operation();
                batch.add(operation)
            }
            _ => read(&world, &mut batch, &format!("/x/{index}")),
        })
        .collect();
    let mut answers = batch.await.unwrap();
    (slots.into_iter().map(|slot| answers.take(slot)).collect(), world.count())
}

#[tokio::test]
async fn row_65_an_odd_part_of_a_batch_fails_alone() {
    let with = |name: &str, value: Value| {
        let mut odd = good("1");
        odd[name] = value;
        odd
    };
    for odd in [
        with("id", json!(1)),
        with("id", json!("01")),
        with("id", json!("nobody's")),
        with("id", Value::Null),
        with("status", json!("200")),
        with("status", json!(9999)),
        with("status", json!(-1)),
        with("status", json!(100)),
        with("status", Value::Null),
        with("headers", json!({"x": 7})),
        with("headers", json!({"not a name": "7"})),
        with("headers", json!({"x": "\u{0}"})),
        with("headers", json!(["x"])),
        json!(7),
        json!("part"),
        Value::Null,
        json!([]),
        json!({"id": "1"}),
        good("77"),
    ] {
        for write in [false, true] {
            let (results, _) = beside(odd.clone(), write).await;
            for (index, result) in results.iter().enumerate() {
                if index == 1 {
                    let error = result.as_ref().unwrap_err();
                    let kind = if write { ErrorKind::UnknownOutcome } else { ErrorKind::Decode };
                    assert_eq!((error.kind(), error.outcome_unknown()), (kind, write), "{odd}: {error}");
                } else {
                    assert_eq!(result.as_ref().unwrap()["id"], index.to_string(), "{odd}");
                }
            }
        }
    }
}

#[tokio::test]
async fn row_65_a_refused_part_is_refused_whatever_its_headers() {
    let refused =
        |status: u16| json!({"id": "1", "status": status, "headers": {"Retry-After": 7, "x": []}, "body": 7});
    let (results, sent) = beside(refused(400), true).await;
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), sent), (ErrorKind::Rejected, false, 1));
    let world = World::new([parts([good("0"), refused(429)]), parts([good("1")])]);
    let mut batch = world.client.batch();
    let slots = [read(&world, &mut batch, "/x"), read(&world, &mut batch, "/y")];
    let mut answers = batch.await.unwrap();
    assert!(slots.map(|slot| answers.take(slot)).iter().all(Result::is_ok));
    assert_eq!(world.times(), [0, 7000]);
}

/// Gives another token each time, and counts them.
#[derive(Debug, Default)]
struct Fresh(AtomicUsize);

#[async_trait]
impl TokenProvider for Fresh {
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let claims = request.claims().map(|claims| claims.replace(['{', '}', '"'], "")).unwrap_or_default();
        Ok(AccessToken::new(format!("t{number}{claims}")))
    }
}

/// The parts that are asked for with the first token are refused if `refuses` says so of their id.
async fn refused_parts(status: u16, headers: Value, refuses: fn(&str) -> bool, requests: usize) -> World {
    let reply = move |request: &http::Request<bytes::Bytes>| {
        let first = request.headers()["authorization"] == "Bearer t0";
        parts(ids(request).iter().map(|id| match first && refuses(id) {
            true => part(id, status, headers.clone(), json!({})),
            false => good(id),
        }))
    };
    let world = World::with(Fresh::default(), reply, |builder| builder);
    let mut batch = world.client.batch();
    let slots: Vec<_> = (0..requests)
        .map(|index| {
            let operation: Operation<Value> =
                world.client.post(ApiVersion::V1, "/groups", &json!({ "a": index })).into_operation();
            batch.add(operation)
        })
        .collect();
    let mut answers = batch.await.unwrap();
    for slot in slots {
        answers.take(slot).unwrap();
    }
    world
}

#[tokio::test]
async fn row_66_a_401_in_a_part_renews_the_token_once_and_sends_that_part_again() {
    let world = refused_parts(401, json!({}), |id| id == "1" || id == "3", 5).await;
    let asked: Vec<_> = world.seen().iter().map(|seen| ids(&seen.request)).collect();
    assert_eq!(asked[1..], [["1", "3"]]);
    assert_eq!(world.seen()[1].header("authorization"), Some("Bearer t1"));
    assert!(world.clock.slept().is_empty());

    // However many parts and batches are refused, they share one new token.
    let world = refused_parts(401, json!({}), |_| true, 60).await;
    let last = world.seen().pop().unwrap();
    assert_eq!((world.count(), last.header("authorization")), (4, Some("Bearer t1")));

    // Claims that a part demands go into the token.
    let claims = "Bearer claims=\"eyJhIjoxfQ==\"";
    let world = refused_parts(403, json!({ "WWW-Authenticate": claims }), |id| id == "0", 2).await;
    assert_eq!(world.seen()[1].header("authorization"), Some("Bearer t1a:1"));
}

#[tokio::test]
async fn row_66_a_part_that_is_refused_again_or_whose_token_cannot_be_renewed_fails() {
    let refuse = |request: &http::Request<bytes::Bytes>| {
        parts(ids(request).iter().map(|id| match id.as_str() {
            "0" => part(id, 401, json!({}), json!({})),
            _ => good(id),
        }))
    };
    let world = World::with(Fresh::default(), refuse, |builder| builder);
    let mut batch = world.client.batch();
    let slots = [read(&world, &mut batch, "/x"), read(&world, &mut batch, "/y")];
    let mut answers = batch.await.unwrap();
    let [refused, good_one] = slots.map(|slot| answers.take(slot));
    let refused = refused.unwrap_err();
    assert_eq!((refused.kind(), refused.attempts(), world.count()), (ErrorKind::Authentication, 2, 2));
    assert!(good_one.is_ok());

    #[derive(Debug, Default)]
    struct Once(AtomicUsize);
    #[async_trait]
    impl TokenProvider for Once {
        async fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken> {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                0 => Ok(AccessToken::new("t0")),
                _ => Err(windows_autopilot::Error::authentication("the vault is sealed")),
            }
        }
    }
    let world = World::with(Once::default(), refuse, |builder| builder);
    let mut batch = world.client.batch();
    let slots = [read(&world, &mut batch, "/x"), read(&world, &mut batch, "/y")];
    let mut answers = batch.await.unwrap();
    let [refused, good_one] = slots.map(|slot| answers.take(slot));
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("the vault is sealed"), "{refused}");
    assert_eq!((refused.kind(), world.count(), good_one.is_ok()), (ErrorKind::Authentication, 1, true));
}

#[tokio::test]
async fn row_67_good_parts_earn_the_budget_that_bad_ones_spend() {
    // One part in twenty answers 503 on its first way: fifty times the budget, if nothing were earned.
    let asked = std::sync::Mutex::new(std::collections::HashSet::new());
    let reply = move |request: &http::Request<bytes::Bytes>| {
        let mut asked = asked.lock().unwrap();
        parts(ids(request).iter().map(|id| {
            match id.parse::<u32>().unwrap() % 20 == 7 && asked.insert(id.clone()) {
                true => part(id, 503, json!({}), json!({})),
                false => good(id),
            }
        }))
    };
    let config = RetryConfig::default().with_jitter(false).with_budget(2);
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder.with_retry(config));
    let mut batch = world.client.batch();
    let slots: Vec<_> = (0..2_000).map(|index| read(&world, &mut batch, &format!("/x/{index}"))).collect();
    let mut answers = batch.await.unwrap();
    let bad = slots.into_iter().filter_map(|slot| answers.take(slot).err()).collect::<Vec<_>>();
    assert!(bad.is_empty(), "{} of 2,000 failed: {}", bad.len(), bad[0]);
    assert!(world.seen().iter().any(|seen| {
        seen.request.extensions().get::<windows_autopilot::transport::NewConnection>().is_some()
    }));
}

#[tokio::test]
async fn row_67_an_error_for_want_of_budget_says_so_and_what_to_do() {
    let config = RetryConfig::default().with_jitter(false).with_budget(1);
    let reply = |request: &http::Request<bytes::Bytes>| match request.uri().path() {
        "/v1.0/$batch" => parts(ids(request).iter().map(|id| part(id, 503, json!({}), json!({})))),
        "/v1.0/reset" => Reply::Fail(windows_autopilot::transport::TransportErrorKind::Interrupted),
        _ => answer(503, &[], b""),
    };
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder.with_retry(config.clone()));
    let first = world.get("/x").await.unwrap_err();
    let second = world.get("/reset").await.unwrap_err();
    let mut batch = world.client.batch();
    let slot = read(&world, &mut batch, "/y");
    let third = batch.await.unwrap().take(slot).unwrap_err();
    for (error, attempts) in [(first, 2), (second, 1), (third, 1)] {
        assert!(error.remedy().is_some_and(|remedy| remedy.contains("RetryConfig::budget")), "{error}");
        assert_eq!(error.attempts(), attempts, "{error}");
    }
    // Who gives up for another reason does not say so.
    let world = World::new([answer(503, &[], b"")]);
    assert_eq!(world.get("/x").await.unwrap_err().remedy(), None);
}

#[tokio::test]
async fn row_67_attempts_of_a_part_are_those_of_that_part() {
    let reply = |request: &http::Request<bytes::Bytes>| {
        parts(ids(request).iter().map(|id| match id.as_str() {
            "0" => part(id, 404, json!({}), json!({})),
            "1" => part(id, 503, json!({}), json!({})),
            _ => good(id),
        }))
    };
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder);
    let mut batch = world.client.batch();
    let slots = [read(&world, &mut batch, "/x"), read(&world, &mut batch, "/y")];
    let mut answers = batch.await.unwrap();
    let attempts = slots.map(|slot| answers.take(slot).unwrap_err().attempts());
    assert_eq!((attempts, world.count()), ([1, 5], 5));
}

#[tokio::test]
async fn row_76_a_redirect_says_where_to_and_what_to_do() {
    for (location, says) in [
        ("https://login.contoso.com/wifi?token=canary#x", "https://login.contoso.com/wifi"),
        ("https://user:canary@evil.example/x", "https://evil.example/x"),
        ("/v1.0/elsewhere?canary", "/v1.0/elsewhere"),
    ] {
        for status in [301, 302, 307, 308] {
            for write in [false, true] {
                let world =
                    World::new([answer(status, &[("location", location), ("request-id", "r1")], b"")]);
                let result = if write { world.post("/x").await } else { world.get("/x").await };
                let error = result.unwrap_err();
                let shown = format!("{error} {error:?}");
                assert!(shown.contains("redirect") && shown.contains(says), "{shown}");
                assert!(!shown.contains("canary") && error.remedy().is_some(), "{shown}");
                assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Decode, false), "{shown}");
                assert_eq!(
                    (error.status(), error.request_id(), world.count()),
                    (Some(status), Some("r1"), 1)
                );
            }
        }
    }
    let world = World::new([answer(302, &[], b"")]);
    assert!(world.get("/x").await.unwrap_err().to_string().contains("a redirect without a target"));
}

#[tokio::test]
async fn row_76_a_303_leaves_the_outcome_of_a_write_unknown() {
    let see_other = || answer(303, &[("location", "/v1.0/x/1")], b"");
    let world = World::new([see_other()]);
    let error = world.post("/x").await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::UnknownOutcome, 1));
    let world = World::new([see_other()]);
    assert_eq!(world.get("/x").await.unwrap_err().kind(), ErrorKind::Decode);
    let world = World::new([parts([part("0", 303, json!({}), json!({}))])]);
    let mut batch = world.client.batch();
    let operation: Operation<Value> = world.client.post(ApiVersion::V1, "/x", &json!({})).into_operation();
    let slot = batch.add(operation);
    assert_eq!(batch.await.unwrap().take(slot).unwrap_err().kind(), ErrorKind::UnknownOutcome);
}

/// A list at `path` whose first page has this link, and what became of it.
async fn follow(path: &str, link: &str) -> (World, Result<Vec<u32>>) {
    let page = |text: String| {
        answer(200, &[("content-type", "application/json"), ("request-id", "r1")], text.as_bytes())
    };
    let world = World::new([
        page(json!({"value": [1], "@odata.nextLink": link}).to_string()),
        page(json!({"value": [2]}).to_string()),
    ]);
    let all = world.client.list::<u32>(ApiVersion::V1, path).all().await;
    (world, all)
}

#[tokio::test]
async fn row_77_the_default_port_and_the_case_of_the_host_make_no_other_host() {
    for link in [
        "https://graph.microsoft.com:443/v1.0/devices?$skiptoken=2",
        "https://Graph.Microsoft.COM/v1.0/devices?$skiptoken=2",
        "HTTPS://GRAPH.MICROSOFT.COM:443/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.com:00443/v1.0/Devices/?$skiptoken=2",
    ] {
        let (world, all) = follow("/devices", link).await;
        assert_eq!(all.expect(link), [1, 2]);
        let uri = world.seen()[1].request.uri().clone();
        assert_eq!(
            (uri.authority().unwrap().as_str(), uri.query()),
            ("graph.microsoft.com", Some("$skiptoken=2"))
        );
    }
    for link in [
        "https://graph.microsoft.com:80/v1.0/devices?$skiptoken=2",
        "http://graph.microsoft.com:443/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.com:/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.com:+443/v1.0/devices?$skiptoken=2",
        "https://user@graph.microsoft.com:443/v1.0/devices?$skiptoken=2",
        "https:graph.microsoft.com/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.com\\@evil.example/v1.0/devices",
    ] {
        let (world, all) = follow("/devices", link).await;
        assert_eq!((all.expect_err(link).kind(), world.count()), (ErrorKind::Link, 1), "{link}");
    }
}

#[tokio::test]
async fn row_77_a_cloud_with_a_port_follows_links_to_that_port_alone() {
    for (link, good) in [
        ("https://GRAPH.contoso.com:8443/v1.0/devices?p=2", true),
        ("https://graph.contoso.com/v1.0/devices?p=2", false),
        ("https://graph.contoso.com:443/v1.0/devices?p=2", false),
    ] {
        let cloud =
            windows_autopilot::Cloud::custom("https://graph.contoso.com:8443", "https://login.contoso.com");
        let pages = in_turn([
            crate::harness::json(200, &json!({"value": [1], "@odata.nextLink": link}).to_string()),
            crate::harness::json(200, r#"{"value":[2]}"#),
        ]);
        let world = World::with(FixedToken::new("t0"), pages, |builder| builder.with_cloud(cloud.unwrap()));
        let all = world.client.list::<u32>(ApiVersion::V1, "/devices").all().await;
        assert_eq!(all.is_ok(), good, "{link}");
    }
}

#[tokio::test]
async fn row_78_what_no_address_may_hold_is_encoded_in_the_query_of_a_link() {
    let base = "https://graph.microsoft.com/v1.0/devices";
    for (query, sent) in [
        ("$filter=a eq 'b c'", "$filter=a%20eq%20'b%20c'"),
        ("$filter=a eq \"b\"", "$filter=a%20eq%20%22b%22"),
        ("$skiptoken={\"a\":[1]}", "$skiptoken=%7B%22a%22:[1]%7D"),
        ("$skiptoken=<a|b>^`\\", "$skiptoken=%3Ca%7Cb%3E%5E%60%5C"),
        ("$filter=a eq 'é'", "$filter=a%20eq%20'%C3%A9'"),
        ("$skiptoken=a%20b+c%2", "$skiptoken=a%20b+c%2"),
    ] {
        let (world, all) = follow("/devices", &format!("{base}?{query}")).await;
        assert_eq!(all.expect(query), [1, 2]);
        assert_eq!(world.seen()[1].request.uri().query(), Some(sent));
    }
    for link in [format!("{base}?a\r\nb"), format!("{base} ?a"), format!("{base}\"?a")] {
        let (world, all) = follow("/devices", &link).await;
        assert_eq!((all.expect_err(&link).kind(), world.count()), (ErrorKind::Link, 1), "{link}");
    }
}

#[tokio::test]
async fn row_79_the_whole_path_of_a_link_decides_its_collection() {
    let base = "https://graph.microsoft.com/v1.0";
    for (path, link, good) in [
        ("/groups/1/members", "/groups/1/members?p=2", true),
        ("/groups/1/members", "/groups('1')/members?p=2", true),
        ("/groups/1/members", "/Groups('1')/Members()?p=2", true),
        ("/groups/1/members", "/groups/%31/members?p=2", true),
        ("/groups/1/members", "/groups/2/members?p=2", false),
        ("/groups/1/members", "/groups('2')/members?p=2", false),
        ("/groups/1/members", "/users/1/members?p=2", false),
        ("/groups/1/members", "/members?p=2", false),
        ("/groups/1/members", "/groups/1/owners/../members?p=2", false),
        ("/groups/1/members", "/groups/1/%2e%2e/1/members?p=2", false),
        ("/groups/1/members", "/groups/1%2Fmembers?p=2", false),
        ("/groups/1/members", "/groups//1/members?p=2", false),
        ("/users/delta", "/users/microsoft.graph.delta()?p=2", true),
        ("/users/delta", "/groups/delta?p=2", false),
    ] {
        let (world, all) = follow(path, &format!("{base}{link}")).await;
        assert_eq!((all.is_ok(), world.count()), (good, if good { 2 } else { 1 }), "{path}: {link}");
        if let Err(error) = all {
            assert_eq!((error.kind(), error.request_id()), (ErrorKind::Link, Some("r1")), "{error}");
        }
    }
}

#[tokio::test]
async fn row_29_a_relative_link_counts_from_the_address_of_the_list() {
    for link in ["/v1.0/groups/1/members?p=2", "members?p=2", "?p=2"] {
        let (world, all) = follow("/groups/1/members", link).await;
        assert_eq!(all.expect(link), [1, 2]);
        let wanted = "https://graph.microsoft.com/v1.0/groups/1/members?p=2";
        assert_eq!(world.seen()[1].request.uri(), wanted, "{link}");
    }
    for link in ["owners?p=2", "../2/members?p=2", "/groups/1/members?p=2", "members:1?p=2"] {
        let (world, all) = follow("/groups/1/members", link).await;
        assert_eq!((all.expect_err(link).kind(), world.count()), (ErrorKind::Link, 1), "{link}");
    }
}

#[tokio::test]
async fn row_56_errors_of_items_and_links_name_the_answer_that_they_are_about() {
    let body = br#"{"value":[{"id":7}],"@odata.nextLink":"https://evil.example/v1.0/devices"}"#;
    let headers = [("content-type", "application/json"), ("request-id", "r9"), ("date", "then")];
    let world = World::new([answer(200, &headers, body)]);
    let mut items = world.client.directory_devices().list().items();
    let mut errors = Vec::new();
    while let Some(item) = futures_util::StreamExt::next(&mut items).await {
        errors.push(item.unwrap_err());
    }
    let kinds: Vec<_> = errors.iter().map(windows_autopilot::Error::kind).collect();
    assert_eq!(kinds, [ErrorKind::Decode, ErrorKind::Link]);
    for error in errors {
        assert_eq!((error.request_id(), error.date()), (Some("r9"), Some("then")), "{error}");
        assert!(error.client_request_id().is_some());
    }
}

#[tokio::test]
async fn row_84_what_is_plain_text_is_not_asked_for_as_json() {
    let reply = |request: &http::Request<bytes::Bytes>| match request.uri().path() {
        "/v1.0/$batch" | "/beta/$batch" => parts(
            ids(request).iter().map(|id| part(id, 200, json!({"Content-Type": "text/plain"}), json!("3"))),
        ),
        _ => answer(200, &[("content-type", "text/plain")], b"3"),
    };
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder);
    assert_eq!(world.client.devices().count().await.unwrap(), 3);
    let raw = world.client.request(http::Method::GET, ApiVersion::V1, "/devices/$count");
    assert_eq!(raw.read::<u32>().await.map_err(|error| error.kind()), Err(ErrorKind::Decode), "read as JSON");
    for seen in world.seen() {
        assert!(seen.header("accept").unwrap().starts_with("text/plain"), "{}", seen.path());
    }
    let mut batch = world.client.batch();
    let slot = batch.add(world.client.devices().count());
    assert_eq!(batch.await.unwrap().take(slot).unwrap(), 3);
    let batched: Value = serde_json::from_str(world.seen().last().unwrap().body()).unwrap();
    let accept = batched["requests"][0]["headers"]["accept"].as_str().unwrap();
    assert!(accept.starts_with("text/plain"), "{accept}");
}
