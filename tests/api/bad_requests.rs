//! Requests that cannot be sent: one message each, with the place and the remedy, before anything is sent.

use http::Method;
use http::header::{AUTHORIZATION, IF_MATCH};
use serde_json::Value;
use windows_autopilot::graph::{ApiVersion, RawRequest, field};
use windows_autopilot::testing::Harness;
use windows_autopilot::{Client, Error, ErrorKind, Result};

const THINGS: &str = "/deviceManagement/things";

fn raw(client: &Client, path: &str) -> RawRequest {
    client.request(Method::GET, ApiVersion::Beta, path).named("things.get")
}

#[tokio::test]
async fn a_raw_request_that_cannot_be_sent_says_where_and_what_to_write() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let cases = [
        (raw(&client, "deviceManagement/things"), "the path does not begin with a slash: write"),
        (raw(&client, "/deviceManagement/../users"), "the path has an empty part, `.` or `..`: write"),
        (raw(&client, "/deviceManagement//things"), "the path has an empty part, `.` or `..`: write"),
        (raw(&client, "/deviceManagement/a b"), "at position 20: percent-encode values, a space as `%20`"),
        (raw(&client, "/users?$top=1&$top=2"), "the query option $top occurs twice: write each option once"),
        (
            raw(&client, THINGS).query("$top=1&", "2"),
            "the name of a query option contains a character that cannot be sent",
        ),
        (
            raw(&client, THINGS).query("", "2"),
            "the name of a query option contains a character that cannot be sent",
        ),
        (
            raw(&client, THINGS).header(IF_MATCH, "a\nb"),
            "the value of the header if-match cannot be sent: use",
        ),
        (raw(&client, THINGS).header("no good", "a"), "the name of a header cannot be sent: use letters"),
        (
            raw(&client, THINGS).header(AUTHORIZATION, "Bearer x"),
            "the client sets the header authorization: leave it out",
        ),
        (
            client.request(Method::TRACE, ApiVersion::Beta, THINGS).named("things.get"),
            "Graph has no method TRACE: write GET, POST, PATCH, PUT or DELETE",
        ),
    ];
    for (request, expected) in cases {
        let mut batch = client.batch();
        let _ = batch.add(request.clone().read::<Value>());
        for error in [request.read::<Value>().await.unwrap_err(), batch.await.unwrap_err()] {
            refused(&error, expected);
            assert_eq!(error.operation(), Some("things.get"), "{error}");
        }
    }
    let mut batch = client.batch();
    let _ = batch.add(raw(&client, THINGS).bytes("text/plain", "x").read::<Value>());
    refused(
        &batch.await.unwrap_err(),
        "a batch carries only JSON, and this body is text/plain: send the request on its own",
    );
    assert_eq!(tenant.requests().len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_typed_call_that_cannot_work_says_why_before_it_is_sent() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let groups = |filter| client.groups().list().filter(filter).all();
    let profiles = client.profiles().list().filter(field("displayName").eq("a")).all();
    for (error, expected) in [
        (
            groups(field("createdDateTime").ge("2026-01-01")).await.unwrap_err(),
            "createdDateTime is a date: pass a Timestamp",
        ),
        (profiles.await.unwrap_err(), "displayName cannot be filtered by"),
        (
            client.devices().list().filter(field("groupTag").eq("a")).all().await.unwrap_err(),
            "groupTag cannot be filtered with eq",
        ),
        (
            client.profiles().count().with_version(ApiVersion::V1).await.unwrap_err(),
            "autopilotProfiles.count does not exist in v1.0: use beta",
        ),
    ] {
        refused(&error, expected);
    }
    assert_eq!(tenant.requests().len(), 0);
    Ok(())
}

fn refused(error: &Error, expected: &str) {
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}
