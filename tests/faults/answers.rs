//! Rows 15, 19 to 21 and 40 to 45: answers that are not what they should be.

use futures_util::StreamExt as _;
use serde_json::Value;
use windows_autopilot::ErrorKind;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::DirectoryDevice;

use crate::harness::{World, answer, json, ok};

#[tokio::test]
async fn row_15_json_that_is_cut_short_is_fetched_once_more_by_a_read() {
    let cut = || json(200, r#"{"value":[{"id":"1"},{"id""#);
    let world = World::new([cut(), json(200, r#"{"id":"1"}"#)]);
    assert_eq!(world.get("/organization").await.unwrap()["id"], "1");
    let world = World::new([cut()]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), error.status(), world.count()), (ErrorKind::Decode, Some(200), 2));
    assert!(error.to_string().contains("cut short") && error.to_string().contains("column 26"), "{error}");
}

#[tokio::test]
async fn row_15_a_write_whose_answer_is_cut_short_is_not_sent_again_and_says_that_it_may_be_done() {
    let world = World::new([json(201, r#"{"id":"#)]);
    let error = world.post("/groups").await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), world.count()), (ErrorKind::Decode, true, 1));
}

#[tokio::test]
async fn row_19_a_captive_portals_page_is_no_answer() {
    let page = b"<html><title>Hotel WiFi</title><p>Please accept</p></html>";
    let world = World::new([answer(200, &[("content-type", "text/html; charset=utf-8")], page)]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), world.count()), (ErrorKind::Decode, 1));
    assert!(error.to_string().contains("text/html") && error.to_string().contains("Hotel WiFi"), "{error}");
    let deleted = world.client.delete(ApiVersion::V1, "/groups/1").await.unwrap_err();
    assert_eq!(deleted.kind(), ErrorKind::Decode, "nor does it mean that something was deleted");
}

#[tokio::test]
async fn row_20_a_proxys_refusal_is_shown_as_what_it_is() {
    let page = b"<html><h1>Access denied by Contoso proxy</h1></html>";
    let world = World::new([answer(403, &[("content-type", "text/html")], page)]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!((error.kind(), error.status(), world.count()), (ErrorKind::Forbidden, Some(403), 1));
    assert!(error.to_string().contains("Access denied by Contoso proxy"), "{error}");
}

#[tokio::test]
async fn row_21_a_refusal_on_a_later_page_ends_the_list_with_an_error() {
    let next = "https://graph.microsoft.com/v1.0/devices?$skiptoken=2";
    let first = json(200, &format!(r#"{{"value":[1,2],"@odata.nextLink":"{next}"}}"#));
    let refusal = br#"{"error":{"code":"Authorization_RequestDenied","message":"No."}}"#;
    let world = World::new([first, answer(403, &[("request-id", "9f0e")], refusal)]);
    let items: Vec<_> = world.client.list::<u32>(ApiVersion::V1, "/devices").items().collect().await;
    assert_eq!(items.len(), 3);
    let error = items[2].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.request_id()), (ErrorKind::Forbidden, Some("9f0e")));
    assert_eq!(error.service().unwrap().code(), "Authorization_RequestDenied");
    let whole = world.client.list::<u32>(ApiVersion::V1, "/devices").all().await;
    assert_eq!(whole.unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn row_40_what_is_no_list_is_an_error_and_not_an_empty_list() {
    for body in ["{}", r#"{"value":null}"#, r#"{"values":[]}"#, "[]", "null"] {
        let world = World::new([json(200, body)]);
        let error = world.client.list::<Value>(ApiVersion::V1, "/devices").all().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
    let world = World::new([json(200, r#"{"value":[]}"#)]);
    assert!(world.client.list::<Value>(ApiVersion::V1, "/devices").all().await.unwrap().is_empty());
}

#[tokio::test]
async fn row_41_success_with_an_empty_body_is_an_error_where_something_was_asked_for() {
    for status in [200, 204] {
        let world = World::new([answer(status, &[], b"")]);
        assert_eq!(world.get("/organization").await.unwrap_err().kind(), ErrorKind::Decode);
        world.client.delete(ApiVersion::V1, "/groups/1").await.unwrap();
    }
}

#[tokio::test]
async fn row_42_invalid_utf_8_is_an_error_with_its_place() {
    let world = World::new([answer(200, &[("content-type", "application/json")], b"{\"a\":\"\xff\"}")]);
    let error = world.get("/organization").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("byte 6"), "{error}");
}

#[tokio::test]
async fn row_43_a_byte_order_mark_is_skipped() {
    let world = World::new([json(200, "\u{feff}{\"value\":[{\"id\":\"1\"}]}")]);
    assert_eq!(world.client.list::<Value>(ApiVersion::V1, "/devices").all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn row_44_of_two_properties_with_one_name_the_last_counts() {
    let body = r#"{"value":[{"id":"1","displayName":"first","displayName":"last"}]}"#;
    let world = World::new([json(200, body)]);
    let raw: Vec<Value> = world.client.list(ApiVersion::V1, "/devices").all().await.unwrap();
    assert_eq!(raw[0]["displayName"], "last");
    let typed: Vec<DirectoryDevice> = world.client.list(ApiVersion::V1, "/devices").all().await.unwrap();
    assert_eq!(typed[0].display_name.as_deref(), Some("last"));
}

#[tokio::test]
async fn row_45_json_that_nests_without_end_is_an_error_and_not_the_end_of_the_stack() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let world = World::new([json(200, &deep)]);
    assert_eq!(world.get("/organization").await.unwrap_err().kind(), ErrorKind::Decode);
    let world = World::new([json(200, &format!(r#"{{"value":[{{"id":"1","x":{deep}}}]}}"#))]);
    let items: Vec<_> = world.client.list::<Value>(ApiVersion::V1, "/devices").items().collect().await;
    let [Err(error)] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(error.kind(), ErrorKind::Decode);
    let world = World::new([json(400, &format!(r#"{{"error":{{"innerError":{deep}}}}}"#)), ok()]);
    assert_eq!(world.get("/organization").await.unwrap_err().kind(), ErrorKind::Rejected);
}
