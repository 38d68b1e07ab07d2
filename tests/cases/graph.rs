//! Objects as services answer them, and a hash that an error repeats.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use windows_autopilot::Client;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{Device, DeviceToImport, DomainJoinProfile, Finding, Patch, Settings, Stored};
use windows_autopilot::registration::SampleHash;
use windows_autopilot::sim::{Fault, Tenant};
use windows_autopilot::transport::transport_fn;
use windows_autopilot::workflow::Import;

use super::{check_files, ids, missing, read, table, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    of: Of,
    /// The properties that have a value, or the outcome.
    gives: Vec<String>,
    #[serde(default)]
    findings: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Of {
    Device,
    DomainJoin,
    Import,
    Hash,
}

/// A client whose every request is answered so.
fn answering(status: u16, kind: &'static str, body: &str) -> Client {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let transport = transport_fn(move |_| {
        let answer = Response::builder().status(status).header("content-type", kind).body(body.clone());
        std::future::ready(Ok(answer.unwrap()))
    });
    let clock = FakeClock::new();
    Client::builder(FixedToken::new("t0")).with_transport(transport).with_clock(clock).build().unwrap()
}

/// The properties of an object that are reported with a value, as `name: value`.
fn properties(object: &Value) -> Vec<String> {
    let properties = object.as_object().unwrap().iter();
    let known =
        properties.filter(|(_, value)| !value.is_null() && **value != json!("") && **value != json!([]));
    known.map(|(name, value)| format!("{name}: {value}").replace('"', "")).collect()
}

async fn device(json: &str) -> Vec<String> {
    let client = answering(200, "application/json", json);
    let device: Device = client.devices().get(&"1".parse().unwrap()).await.unwrap();
    let mut given = properties(&serde_json::to_value(&device).unwrap());
    given.push(format!("in Entra ID: {:?}", device.entra_device_id()));
    given
}

async fn domain_join(json: &str) -> (Vec<String>, Vec<Finding>) {
    let client = answering(200, "application/json", json);
    let stored: Stored<DomainJoinProfile> =
        client.domain_join_profiles().get(&"1".parse().unwrap()).await.unwrap();
    let patch = Patch::from_stored(&stored, &stored.settings);
    assert!(patch.is_empty(), "an object is as it is: {patch:?}");
    (properties(&json!(stored.settings.to_create_body())), stored.settings.lint())
}

/// The outcome of an import whose record is reported so.
async fn import(record: &Value) -> (Vec<String>, Vec<Finding>) {
    const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";
    let clock = FakeClock::new();
    let tenant = Tenant::builder().with_clock(Arc::new(clock.clone())).build();
    tenant.add_client_secret(APP, "secret");
    let path = "/deviceManagement/importedWindowsAutopilotDeviceIdentities/{id}";
    tenant.fault(Fault::value("/state", record["state"].clone()).on("GET", path));
    let credential =
        windows_autopilot::credential::ClientSecret::new(tenant.id().parse().unwrap(), APP, "secret")
            .unwrap();
    let client = Client::builder(credential).with_transport(tenant).with_clock(clock).build().unwrap();
    let serial = record["serialNumber"].as_str().unwrap();
    let device = DeviceToImport::new(serial.parse().unwrap(), SampleHash::new(serial).build().unwrap());
    let report = Import::new(&client, [device]).start().await.unwrap();
    (vec![report.devices[0].outcome.to_string()], report.findings())
}

/// What an error shows of a body that repeats a hash, in the forms that services and proxies give it.
async fn echoed(hash: &str) -> Vec<String> {
    let lines = |width: usize, end: &str| {
        let pieces = hash.as_bytes().chunks(width).map(|piece| std::str::from_utf8(piece).unwrap());
        pieces.collect::<Vec<_>>().join(end)
    };
    let quoted = |text: &str| json!({"error": {"code": "BadRequest", "message": text}}).to_string();
    let mut shown = Vec::new();
    for (kind, body) in [
        ("application/json", quoted(&format!("Cannot convert the literal '{hash}' to the expected type."))),
        ("application/json", quoted(hash).replace('/', "\\/")),
        ("application/json", quoted(&quoted(&format!("{hash}.")))),
        ("text/html", format!("<html><pre>{}</pre>", lines(76, "\r\n"))),
        ("text/html", format!("<p>{}</p>", hash.replace('+', "&#43;").replace('/', "&#x2F;"))),
        ("text/plain", lines(64, "\n")),
        ("text/plain", hash.get(1_000..).unwrap().to_owned()),
        ("text/plain", format!("{}{hash}", "words ".repeat(600))),
    ] {
        let client = answering(400, kind, &body);
        let error = client.get::<Value>(ApiVersion::V1, "/devices").await.unwrap_err();
        shown.push(format!("{error} {error:#} {error:?}"));
    }
    shown
}

#[tokio::test]
async fn every_object_of_a_service_gives_what_its_row_says() {
    let (mut wrong, cases) = (Vec::new(), table::<Case>("graph.toml"));
    for case in &cases {
        let content = String::from_utf8(read("graph", &case.file)).unwrap();
        let mut said = String::new();
        let (given, findings) = match case.of {
            Of::Device => (device(&content).await, Vec::new()),
            Of::DomainJoin => domain_join(&content).await,
            Of::Import => import(&serde_json::from_str(&content).unwrap()).await,
            Of::Hash => {
                // Each of the hashes by itself, and all in one body.
                for hash in content.lines().chain([content.trim()]) {
                    let shown = echoed(hash).await;
                    let pieces: HashSet<&[u8]> =
                        shown.iter().flat_map(|shown| shown.as_bytes().windows(8)).collect();
                    let leak = hash.as_bytes().windows(8).find(|piece| pieces.contains(piece));
                    assert!(leak.is_none(), "{:?} in {shown:#?}", leak.map(String::from_utf8_lossy));
                    said = shown.into_iter().next().unwrap();
                }
                (Vec::new(), Vec::new())
            }
        };
        if given != case.gives || ids(&findings) != case.findings {
            wrong.push(format!("{}: {given:#?} {}", case.file, text(&findings)));
        }
        if matches!(case.of, Of::Hash) {
            assert!(case.says.iter().all(|part| said.contains(part)), "{said}");
        } else {
            wrong.extend(missing(&case.file, &case.says, &findings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    check_files("graph", cases.iter().map(|case| &*case.file));
}
