//! Rows 26 to 32 and 35 to 39: lists whose links lead astray, and items that are not as they should be.

use futures_util::StreamExt as _;
use http::Request;
use serde_json::Value;
use windows_autopilot::ErrorKind;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{Device, DirectoryDevice, EnrollmentState};

use crate::harness::{Reply, World, answer, json};

const HOME: &str = "https://graph.microsoft.com";

fn page(items: &str, next: Option<&str>) -> Reply {
    let next = next.map(|next| format!(r#","@odata.nextLink":{}"#, Value::from(next))).unwrap_or_default();
    json(200, &format!(r#"{{"value":[{items}]{next}}}"#))
}

/// What a list of numbers gives whose first page has this link.
async fn follow(link: &str) -> (World, windows_autopilot::Result<Vec<u32>>) {
    let world = World::new([page("1", Some(link)), page("2", None)]);
    let all = world.client.list::<u32>(ApiVersion::V1, "/devices").all().await;
    (world, all)
}

#[tokio::test]
async fn rows_26_27_28_a_link_that_leads_elsewhere_is_refused_and_no_request_leaves() {
    for link in [
        "https://evil.example/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.com.evil.example/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.com@evil.example/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.com:x@evil.example/v1.0/devices?$skiptoken=2",
        "https://user:password@graph.microsoft.com/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.com:8443/v1.0/devices?$skiptoken=2",
        "https://graph.microsoft.us/v1.0/devices?$skiptoken=2",
        "http://graph.microsoft.com/v1.0/devices?$skiptoken=2",
        "//evil.example/v1.0/devices?$skiptoken=2",
        "/\\evil.example/v1.0/devices?$skiptoken=2",
        "ftp://graph.microsoft.com/v1.0/devices?$skiptoken=2",
        "javascript:alert(1)",
        "\u{0}",
        "",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/v1.0/dev ices?$skiptoken=2",
    ] {
        let (world, all) = follow(link).await;
        let error = all.expect_err(link);
        assert_eq!((error.kind(), world.count()), (ErrorKind::Link, 1), "{link}: {error}");
        // The link itself was refused: that no token goes there is another guard, behind this one.
        assert!(error.to_string().contains("the next link"), "{link}: {error}");
        assert_eq!(error.operation(), Some("list"), "{error}");
    }
}

#[tokio::test]
async fn row_26_a_link_that_begins_with_two_slashes_names_a_host() {
    for link in ["//evil.example/v1.0/devices?$skiptoken=2", "/\\evil.example/v1.0/devices?$skiptoken=2"] {
        let (_, all) = follow(link).await;
        assert!(all.unwrap_err().to_string().contains("leads to another host"), "{link}");
    }
}

#[tokio::test]
async fn row_26_a_link_to_another_collection_or_version_is_refused() {
    for link in [
        "/v1.0/users?$skiptoken=2",
        "/v1.0/devices/1/registeredOwners",
        "/beta/devices?$skiptoken=2",
        "/v1.0/",
        "/v1.0/devices/../users",
    ] {
        let (world, all) = follow(&format!("{HOME}{link}")).await;
        assert_eq!((all.expect_err(link).kind(), world.count()), (ErrorKind::Link, 1), "{link}");
    }
}

#[tokio::test]
async fn row_29_a_link_without_a_host_is_meant_for_this_one() {
    let (world, all) = follow("/v1.0/devices?$skiptoken=2").await;
    assert_eq!(all.unwrap(), [1, 2]);
    assert_eq!(world.seen()[1].request.uri(), "https://graph.microsoft.com/v1.0/devices?$skiptoken=2");
    let (world, all) = follow("HTTPS://GRAPH.MICROSOFT.COM/v1.0/devices?$skiptoken=2").await;
    assert_eq!(all.unwrap(), [1, 2]);
    assert_eq!(world.seen()[1].request.uri().host(), Some("graph.microsoft.com"));
}

/// A list whose pages link as `next` says: from a page's number to the next one's.
fn circle(next: impl Fn(u32) -> u32 + Send + Sync + 'static) -> World {
    let reply = move |request: &Request<bytes::Bytes>| {
        let number = request.uri().query().and_then(|query| query.strip_prefix("$skiptoken=")?.parse().ok());
        let number: u32 = number.unwrap_or(0);
        page(&number.to_string(), Some(&format!("{HOME}/v1.0/devices?$skiptoken={}", next(number))))
    };
    World::with(FixedToken::new("t0"), reply, |builder| builder)
}

#[tokio::test]
async fn row_30_a_link_that_repeats_ends_the_list_with_an_error_after_what_was_read() {
    for (name, world, pages) in [
        ("to itself", circle(|_| 1), 2),
        ("a circle of three", circle(|number| number % 3 + 1), 4),
        ("back to the second page", circle(|number| if number < 5 { number + 1 } else { 2 }), 6),
    ] {
        let items = world.client.list::<u32>(ApiVersion::V1, "/devices").items();
        // A list that went on would never end.
        let items: Vec<_> = items.take(20).collect().await;
        let (last, good) = items.split_last().unwrap();
        assert_eq!(last.as_ref().expect_err(name).kind(), ErrorKind::Link, "{name}");
        assert!(good.iter().all(Result::is_ok), "{name}");
        assert_eq!((good.len(), world.count()), (pages, pages), "{name}: each page once");
    }
    let (world, all) = follow(&format!("{HOME}/v1.0/devices")).await;
    assert_eq!((all.unwrap_err().kind(), world.count()), (ErrorKind::Link, 1), "back to the beginning");
}

#[tokio::test]
async fn row_31_empty_pages_are_gone_over() {
    let link = |number| format!("{HOME}/v1.0/devices?$skiptoken={number}");
    let world = World::new([
        page("", Some(&link(2))),
        page("1", Some(&link(3))),
        page("", Some(&link(4))),
        page("", Some(&link(5))),
        page("2", None),
    ]);
    assert_eq!(world.client.list::<u32>(ApiVersion::V1, "/devices").all().await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn row_32_an_object_on_two_pages_is_given_twice() {
    let link = format!("{HOME}/v1.0/devices?$skiptoken=2");
    let world =
        World::new([page(r#"{"id":"1"},{"id":"2"}"#, Some(&link)), page(r#"{"id":"2"},{"id":"3"}"#, None)]);
    let all: Vec<Value> = world.client.list(ApiVersion::V1, "/devices").all().await.unwrap();
    assert_eq!(all.iter().map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>(), ["1", "2", "2", "3"]);
}

#[tokio::test]
async fn row_35_an_enum_member_that_is_not_known_is_kept() {
    let world = World::new([page(r#"{"id":"1","enrollmentState":"teleported"}"#, None)]);
    let all = world.client.devices().list().all().await.unwrap();
    let state: &EnrollmentState = all[0].enrollment_state.as_ref().unwrap();
    assert_eq!(state.as_str(), "teleported");
}

#[tokio::test]
async fn rows_36_37_unknown_fields_and_nulls_are_no_errors() {
    let nulls = r#"{"id":"1","serialNumber":null,"groupTag":null,"enrollmentState":null,"lastContactedDateTime":null,
        "new":{"deep":[1,{"x":null}]},"@odata.etag":"W/x"}"#;
    let world = World::new([page(nulls, None)]);
    let all: Vec<Device> = world.client.devices().list().all().await.unwrap();
    assert_eq!((all[0].id.as_str(), all[0].serial_number.as_deref()), ("1", None));
}

#[tokio::test]
async fn rows_37_38_one_item_that_is_not_understood_fails_alone_and_says_where() {
    for bad in [r#"{"id":null}"#, r#"{"id":7}"#, r#"{"displayName":"no id"}"#, "7", "null", "[]"] {
        let mut items: Vec<String> = (0..1000).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        items[412] = bad.to_owned();
        let world = World::new([page(&items.join(","), None)]);
        let list = world.client.list::<DirectoryDevice>(ApiVersion::V1, "/devices");
        let items: Vec<_> = list.items().collect().await;
        assert_eq!(items.len(), 1000);
        for (index, item) in items.iter().enumerate() {
            assert_eq!(item.is_err(), index == 412, "{bad}: {index}");
        }
        let error = items[412].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("item 412"), "{error}");
    }
}

#[tokio::test]
async fn row_39_a_date_that_is_none_does_not_spoil_its_page() {
    for (date, read) in [
        ("2026-01-01T08:00:00Z", true),
        ("2026-01-01T08:00:00.1234567Z", true),
        ("0001-01-01T00:00:00Z", false),
        ("9999-12-31T23:59:59Z", false),
        ("2026-02-30T08:00:00Z", false),
        ("yesterday", false),
    ] {
        let items = format!(r#"{{"id":"1","lastContactedDateTime":"{date}"}},{{"id":"2"}}"#);
        let world = World::new([page(&items, None)]);
        let all = world.client.devices().list().all().await.unwrap();
        assert_eq!(all.len(), 2, "{date}");
        assert_eq!(all[0].last_contacted_date_time.is_some(), read, "{date}");
    }
}

#[tokio::test]
async fn a_change_token_that_is_no_longer_valid_says_to_start_again() {
    for refusal in [
        json(410, r#"{"error":{"code":"resyncRequired","message":"m"}}"#),
        json(410, ""),
        json(400, r#"{"error":{"code":"syncStateNotFound","message":"m"}}"#),
        json(400, r#"{"error":{"code":"BadRequest","message":"m","innerError":{"code":"resyncRequired"}}}"#),
    ] {
        let world = World::new([page("1", Some(&format!("{HOME}/v1.0/devices?$skiptoken=2"))), refusal]);
        let error = world.client.list::<u32>(ApiVersion::V1, "/devices").all().await.unwrap_err();
        assert_eq!((error.kind(), world.count()), (ErrorKind::Resync, 2), "{error}");
    }
}

#[tokio::test]
async fn no_token_leaves_for_another_host_even_when_a_step_of_the_callers_own_changes_the_address() {
    use async_trait::async_trait;
    use windows_autopilot::pipeline::{Middleware, Next};
    #[derive(Debug)]
    struct Astray;
    #[async_trait]
    impl Middleware for Astray {
        async fn handle(
            &self,
            mut request: Request<bytes::Bytes>,
            next: Next<'_>,
        ) -> windows_autopilot::Result<http::Response<bytes::Bytes>> {
            *request.uri_mut() = "https://evil.example/v1.0/devices".parse().unwrap();
            next.run(request).await
        }
    }
    let reply = |_: &Request<bytes::Bytes>| answer(200, &[], b"{}");
    let world = World::with(FixedToken::new("t0"), reply, |builder| builder.with_middleware(Astray));
    let error = world.get("/devices").await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::Link, 0));
}
