//! How often memory is asked for, on the ways that are taken most: a call, and a device of a page. Counted, so that they
//! cannot grow unseen; what is counted does not depend on the machine.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;

use allocation_counter::measure;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::Deserialize;
use windows_autopilot::Client;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::Device;
use windows_autopilot::transport::{Transport, TransportError, transport_fn};

/// What a call may ask for above its transport: boxes of its steps, headers, and what it carries along, twice.
const CALL: u64 = 24;
/// What a device may: its 13 texts and ids that are not empty, and nothing else.
const DEVICE: u64 = 13;

type Answer = std::future::Ready<Result<http::Response<Bytes>, TransportError>>;

fn answers(body: Bytes) -> impl Fn(http::Request<Bytes>) -> Answer + Send + Sync + Clone + 'static {
    move |_| {
        let mut response = http::Response::new(body.clone());
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", json);
        std::future::ready(Ok(response))
    }
}

fn client(transport: impl Transport) -> Client {
    Client::builder(FixedToken::new("token")).with_transport(transport).build().unwrap()
}

/// How many allocations it takes, once everything that happens but once has happened.
fn count<F: Future<Output = ()>>(runtime: &tokio::runtime::Runtime, run: impl Fn() -> F) -> u64 {
    for _ in 0..3 {
        runtime.block_on(run());
    }
    measure(|| runtime.block_on(run())).count_total
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_call_asks_for_little_memory_above_its_transport() {
    #[derive(Deserialize)]
    struct Thing {
        id: u32,
    }
    let runtime = runtime();
    let answers = answers(Bytes::from_static(br#"{"id":1}"#));
    let transport = Arc::new(transport_fn(answers.clone()));
    let alone = count(&runtime, || async {
        transport.send(http::Request::new(Bytes::new())).await.unwrap();
    });
    let client = client(transport_fn(answers));
    let whole = count(&runtime, || async {
        let thing: Thing = client.get(ApiVersion::V1, "/things/1").await.unwrap();
        assert_eq!(thing.id, 1);
    });
    let above = whole - alone;
    println!("a call: {above} allocations above its transport");
    assert!(above <= CALL, "{above} allocations above the transport's {alone}");
}

#[test]
fn a_device_of_a_page_asks_for_its_texts_and_nothing_more() {
    let page = |devices: usize| {
        let mut body = String::from("{\"value\":[");
        for n in 0..devices {
            let comma = if n == 0 { "" } else { "," };
            write!(body, "{comma}{}", device(n)).unwrap();
        }
        body.push_str("]}");
        Bytes::from(body)
    };
    let runtime = runtime();
    let per_list = |devices: usize| {
        let client = client(transport_fn(answers(page(devices))));
        count(&runtime, || async {
            let mut items = client.list::<Device>(ApiVersion::Beta, "/devices").items();
            let mut seen = 0;
            while let Some(device) = items.next().await {
                device.unwrap();
                seen += 1;
            }
            assert_eq!(seen, devices);
        })
    };
    let (few, many) = (per_list(10), per_list(1_010));
    let each = (many - few) / 1_000;
    println!("a device: {each} allocations");
    assert!(each <= DEVICE, "{each} allocations for each device");
}

/// A device with every property.
fn device(n: usize) -> String {
    serde_json::json!({
        "id": format!("fac6f0b1-f0b1-fac6-b1f0-{n:012x}"),
        "deploymentProfileAssignmentStatus": "assignedInSync",
        "deploymentProfileAssignmentDetailedStatus": "none",
        "deploymentProfileAssignedDateTime": "2026-03-04T09:15:26.2447023Z",
        "groupTag": "Kiosk",
        "purchaseOrderIdentifier": format!("PO-{n}"),
        "serialNumber": format!("5CG{n:07}"),
        "productKey": "",
        "manufacturer": "Contoso",
        "model": "Slate 840 G9",
        "enrollmentState": "enrolled",
        "lastContactedDateTime": "2026-10-01T07:58:44.2908994Z",
        "addressableUserName": format!("User {n}"),
        "userPrincipalName": format!("user{n}@contoso.com"),
        "resourceName": "",
        "skuNumber": "6F6P5EA",
        "systemFamily": "Slate",
        "azureActiveDirectoryDeviceId": format!("0a1b2c3d-0000-4000-8000-{n:012x}"),
        "azureAdDeviceId": format!("0a1b2c3d-0000-4000-8000-{n:012x}"),
        "managedDeviceId": format!("9f8e7d6c-0000-4000-8000-{n:012x}"),
        "displayName": "",
        "deviceAccountUpn": "",
        "deviceFriendlyName": "",
        "remediationState": "noRemediationRequired",
        "remediationStateLastModifiedDateTime": "0001-01-01T00:00:00Z",
        "userlessEnrollmentStatus": "unknown",
    })
    .to_string()
}

#[test]
fn rows_59_60_an_error_of_many_mebibytes_costs_what_its_beginning_costs() {
    let runtime = runtime();
    let cost = |body: Bytes| {
        let transport = transport_fn(move |_| {
            let mut response = http::Response::new(body.clone());
            *response.status_mut() = http::StatusCode::FORBIDDEN;
            std::future::ready(Ok(response))
        });
        let client = client(transport);
        let run = || async {
            let error = client.get::<u32>(ApiVersion::V1, "/things/1").await.unwrap_err();
            assert!(error.to_string().len() < 1_400);
        };
        (0..3).for_each(|_| runtime.block_on(run()));
        measure(|| runtime.block_on(run())).bytes_total
    };
    for worst in ["<script>", "<", "a@b ", "\\\\", "%41", "&#65;", "mail='", "T0E/", "{\"error\":"] {
        let of = |length: usize| {
            let text = worst.repeat(length / worst.len() + 1);
            let page = Bytes::from(text.get(..length).unwrap().to_owned());
            let json = format!(r#"{{"error":{{"code":"Bad","message":"{}"#, text.replace('"', "'"));
            let json =
                Bytes::from(format!("{}\"}}}}", json.get(..length - 3).unwrap().trim_end_matches('\\')));
            (cost(page), cost(json))
        };
        let (few, many) = (of(4 << 10), of(64 << 20));
        println!("{worst}: {few:?} bytes at 4 KiB, {many:?} at 64 MiB");
        for (few, many) in [(few.0, many.0), (few.1, many.1)] {
            assert!(many * 100 <= few * 105 + 100 * 4_096, "{worst}: {few} and {many} bytes are allocated");
        }
    }
}
