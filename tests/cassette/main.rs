//! Recording and replaying, on the simulated tenant.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use windows_autopilot::credential::ClientSecret;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{Group, HybridJoinProfile, Membership, MembershipRule};
use windows_autopilot::sim::{DeviceSpec, Fault};
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::{
    Cassette, Recorder, Replayer, Transport, TransportErrorKind, transport_fn,
};
use windows_autopilot::{Client, ErrorKind, Result};

const APP: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";

fn tenant() -> Harness {
    let harness = Harness::builder().with_tenant(|tenant| tenant.with_page_size(2)).build();
    for number in 0..5 {
        let device = DeviceSpec::new(format!("SN-{number}")).with_assigned_user("canary.person@contoso.com");
        harness.tenant.add_device_with(device.with_group_tag("Munich"));
    }
    harness.tenant.add_user("canary.person@contoso.com");
    harness.tenant.add_client_secret(APP, "canary-secret");
    harness
}

/// A client over `transport` that signs in with a secret.
fn client(harness: &Harness, secret: &str, transport: impl Transport) -> Client {
    let credential = ClientSecret::new(harness.tenant.id().parse().unwrap(), APP, secret).unwrap();
    Client::builder(credential)
        .with_transport(transport)
        .with_clock(harness.clock.clone())
        .with_retry(windows_autopilot::pipeline::RetryConfig::default().with_jitter(false))
        .build()
        .unwrap()
}

/// What a program does; its answer must be the same in a replay.
async fn program(client: &Client) -> Result<String> {
    let devices = client.devices().list().all().await?;
    let rule = MembershipRule::group_tag("Munich")?;
    let group = Group::new("Autopilot Munich".parse()?).with_membership(Membership::dynamic(rule));
    let group = client.groups().create(&group).await?;
    let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    let mut batch = client.batch();
    let slots: Vec<_> = devices.iter().map(|device| batch.add(client.devices().get(&device.id))).collect();
    let mut answers = batch.await?;
    let mut serials = Vec::new();
    for slot in slots {
        serials.push(answers.take(slot)?.serial_number);
    }
    let users = client.list::<serde_json::Value>(ApiVersion::V1, "/users").all().await?.len();
    let missing = client.get::<serde_json::Value>(ApiVersion::V1, "/users/canary.person%40elsewhere.com");
    let missing = missing.await.unwrap_err().kind();
    Ok(format!(
        "{} {} {serials:?} {users} {missing:?} {}",
        group.id,
        profile.id,
        client.devices().count().await?
    ))
}

#[tokio::test]
async fn what_was_recorded_replays_the_same_and_holds_nothing_secret_or_personal() {
    let harness = tenant();
    let recorder = Recorder::new(harness.tenant.clone());
    harness.tenant.fault(Fault::throttle(Duration::from_secs(3)).on("GET", "/deviceManagement/**").once());
    harness.tenant.fault(Fault::reset_before().on("GET", "/users").once());
    let recorded = program(&client(&harness, "canary-secret", recorder.clone())).await.unwrap();
    let file = recorder.cassette().to_json();
    for secret in ["canary", "eyJ", "Bearer ", "contoso.com"] {
        let line = file.lines().find(|line| line.to_lowercase().contains(&secret.to_lowercase()));
        // The tenant's own domain is no person; what stands before an @ is.
        assert!(line.is_none_or(|line| secret == "contoso.com" && !line.contains('@')), "{line:?}");
    }
    assert!(file.contains("\"displayName\": \"Contoso hybrid\"") && file.contains("SN-3"), "it can be read");
    assert!(file.contains("mark1"), "opaque marks become numbers: {file}");

    // Another secret, another order of properties: the same program.
    let cassette = Cassette::from_json(&file).unwrap();
    assert_eq!(cassette, recorder.cassette());
    let replayer = Replayer::new(cassette);
    let replayed = program(&client(&harness, "another", replayer.clone())).await.unwrap();
    assert_eq!(replayed, recorded);
    assert_eq!(replayer.unplayed(), Vec::<String>::new());
    for shown in [format!("{recorder:?}"), format!("{replayer:?}"), format!("{:?}", recorder.cassette())] {
        assert!(!shown.contains("canary"), "{shown}");
    }
}

fn request(method: &str, url: &str, body: &str) -> http::Request<Bytes> {
    let request = http::Request::builder().method(method).uri(format!("https://h{url}"));
    request.header("content-type", "application/json").body(Bytes::from(body.to_owned())).unwrap()
}

/// A cassette with these requests, each answered with its number.
async fn cassette_of(requests: &[(&str, &str, &str)]) -> Cassette {
    let count = std::sync::atomic::AtomicU32::new(0);
    let recorder = Recorder::new(transport_fn(move |_| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut answer = http::Response::new(Bytes::from(number.to_string()));
        answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
        async { Ok(answer) }
    }));
    for (method, url, body) in requests {
        recorder.send(request(method, url, body)).await.unwrap();
    }
    recorder.cassette()
}

#[tokio::test]
async fn requests_are_matched_by_method_path_query_and_body_whatever_the_order_of_properties() {
    let cassette = cassette_of(&[
        ("GET", "/v1.0/devices?$top=5&$filter=x", ""),
        ("POST", "/v1.0/groups", r#"{"displayName":"a","description":"b"}"#),
        ("POST", "/v1.0/groups", r#"{"displayName":"c","description":"b"}"#),
        ("GET", "/v1.0/devices?$top=5&$filter=x", ""),
    ])
    .await;
    let replayer = Replayer::new(cassette);
    for (method, url, body, want) in [
        ("POST", "/v1.0/groups", r#"{"description": "b", "displayName": "c"}"#, "2"),
        ("GET", "/v1.0/devices?$filter=x&$top=5", "", "0"),
        ("GET", "/v1.0/devices?%24top=5&$filter=%78", "", "3"),
        ("POST", "/v1.0/groups", r#"{"description":"b","displayName":"a"}"#, "1"),
    ] {
        let answer = replayer.send(request(method, url, body)).await.unwrap();
        assert_eq!(answer.body(), want, "{method} {url} {body}");
    }
    assert!(replayer.unplayed().is_empty());
    let error = replayer.send(request("GET", "/v1.0/devices?$top=5&$filter=x", "")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::NotAllowed);
    assert!(
        error.to_string().contains("was recorded 2 times, and all recordings have been played"),
        "{error}"
    );
}

#[tokio::test]
async fn a_mismatch_says_what_differed_from_the_likeliest_recording() {
    let body = json!({"displayName": "Munich", "groupTypes": ["a"], "securityEnabled": true, "secret": "canary-old"});
    let body = body.to_string();
    let recorded = [("GET", "/v1.0/users?$top=5", ""), ("POST", "/v1.0/groups?$select=id", body.as_str())];
    let other = json!({"displayName": "Berlin", "groupTypes": ["a", "b"], "securityEnabled": true, "secret": "canary"});
    for (method, url, body, says) in [
        ("GET", "/v1.0/users?$top=7", String::new(), vec!["number 1", "$top was \"5\" and is \"7\""]),
        ("GET", "/v1.0/users", String::new(), vec!["number 1", "$top was \"5\" and is \"(absent)\""]),
        ("DELETE", "/v1.0/users?$top=5", String::new(), vec!["the method was \"GET\" and is \"DELETE\""]),
        (
            "GET",
            "/beta/users?$top=5",
            String::new(),
            vec!["the path was \"/v1.0/users\" and is \"/beta/users\""],
        ),
        (
            "POST",
            "/v1.0/groups?$select=id",
            other.to_string(),
            vec![
                "number 2",
                "/displayName was \"Munich\" and is \"Berlin\"",
                "/groupTypes was a list of 1 and is a list of 2",
            ],
        ),
        ("POST", "/v1.0/groups?$select=id", String::new(), vec!["body's itself was an object and is absent"]),
    ] {
        let replayer = Replayer::new(cassette_of(&recorded).await);
        let error = replayer.send(request(method, url, &body)).await.unwrap_err();
        for part in says {
            assert!(error.to_string().contains(part), "{part}: {error}");
        }
        assert!(!format!("{error:#}").contains("canary"), "{error}");
        assert_eq!(replayer.unplayed(), ["GET /v1.0/users", "POST /v1.0/groups"]);
    }
}

#[tokio::test]
async fn a_client_over_a_cassette_that_lacks_the_call_ends_at_once_with_the_difference() {
    let harness = tenant();
    let replayer = Replayer::new(Cassette::default());
    let error =
        client(&harness, "s", replayer).get::<serde_json::Value>(ApiVersion::V1, "/x").await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Configuration, false));
    assert!(format!("{error:#}").contains("was not recorded"), "{error}");
    assert!(harness.clock.slept().is_empty(), "it is not tried again");
}

#[tokio::test]
async fn failures_are_recorded_as_what_they_left_open() {
    let harness = tenant();
    let recorder = Recorder::new(harness.tenant.clone());
    harness.tenant.fault(Fault::reset_after().on("POST", "/groups").once());
    let record = client(&harness, "canary-secret", recorder.clone());
    let group = Group::new("Munich".parse().unwrap());
    assert_eq!(record.groups().create(&group).await.unwrap_err().kind(), ErrorKind::UnknownOutcome);
    let replay =
        client(&harness, "x", Replayer::new(Cassette::from_json(&recorder.cassette().to_json()).unwrap()));
    assert_eq!(replay.groups().create(&group).await.unwrap_err().kind(), ErrorKind::UnknownOutcome);
}

#[tokio::test]
async fn what_a_request_carried_is_in_no_recording_of_its_answer() {
    let (token, hash, user) =
        ("0.AXkAq1Zx8Qw2Er4Ty6Ui8", format!("T0H{}", "k9L/m8N+".repeat(60)), "o'neill.lidia");
    let told = format!("{token} {} {user} {hash}", hash.get(100..160).unwrap());
    let body = serde_json::json!({
        "@odata.type": "#microsoft.graph.x", "id": "1", "description": told, "groupTag": told, "serialNumber": "PF3XK7M1",
    });
    let answer = body.to_string();
    let recorder = Recorder::new(transport_fn(move |_| {
        let mut response = http::Response::new(Bytes::from(answer.clone()));
        response.headers_mut().insert("request-id", token.parse().unwrap());
        std::future::ready(Ok(response))
    }));
    let sent = serde_json::json!({"hardwareIdentifier": hash, "groupTag": hash, "userPrincipalName": format!("{user}@c.com")});
    let mut request = request("POST", "/v1.0/x", &sent.to_string());
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    recorder.send(request).await.unwrap();
    let file = recorder.cassette().to_json();
    for secret in [token, &hash, user] {
        assert!((8..secret.len()).all(|end| !file.contains(secret.get(end - 8..end).unwrap())), "{file}");
    }
    assert!(file.contains("@odata.type") && file.contains("PF3XK7M1"), "{file}");
}

#[test]
fn text_that_is_no_cassette_is_refused_with_its_place() {
    for text in [
        "",
        "{}",
        "[]",
        r#"{"version":1}"#,
        r#"{"version":9,"exchanges":[]}"#,
        r#"{"version":1,"exchanges":[{}]}"#,
    ] {
        let error = Cassette::from_json(text).unwrap_err();
        assert_eq!(error.subject(), "cassette", "{text}");
    }
    assert!(Cassette::from_json(&Cassette::default().to_json()).unwrap().is_empty());
}

#[tokio::test]
async fn a_cassette_with_impossible_answers_fails_and_does_not_panic() {
    let request_part = r#"{"method":"GET","path":"/x"}"#;
    for response in [
        r#"{"status":7}"#,
        r#"{"status":60000}"#,
        r#"{"status":200,"headers":{"a b":"c"}}"#,
        r#"{"status":200,"headers":{"date":"\n"}}"#,
    ] {
        let text =
            format!(r#"{{"version":1,"exchanges":[{{"request":{request_part},"response":{response}}}]}}"#);
        let replayer = Replayer::new(Cassette::from_json(&text).unwrap());
        let error = replayer.send(request("GET", "/x", "")).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::NotAllowed, "{response}: {error}");
    }
}

#[tokio::test]
async fn names_are_redacted_in_a_batch_that_asks_for_people_and_in_no_other() {
    for (url, is_hidden) in [("/users/1?$select=displayName", true), ("/groups/1?$select=displayName", false)]
    {
        let answer =
            json!({"responses": [{"id": "1", "status": 200, "body": {"displayName": "Canary Person"}}]});
        let recorder = Recorder::new(transport_fn(move |_| {
            let answer = Bytes::from(answer.to_string());
            async move {
                Ok(http::Response::builder().header("content-type", "application/json").body(answer).unwrap())
            }
        }));
        let batch = json!({"requests": [{"id": "1", "method": "GET", "url": url}]});
        let request = http::Request::post("https://graph.microsoft.com/v1.0/$batch")
            .header("content-type", "application/json")
            .body(Bytes::from(batch.to_string()))
            .unwrap();
        recorder.send(request).await.unwrap();
        let file = recorder.cassette().to_json();
        assert_eq!(!file.contains("Canary"), is_hidden, "{url}: {file}");
    }
}
