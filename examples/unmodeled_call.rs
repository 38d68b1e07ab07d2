//! Calls for which this crate has no type: a list of several pages, an object that may not exist, a missing permission.
//!
//! `cargo run --features sim --example unmodeled_call` reads the apps that Intune detected, on paths added to a tenant.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use serde_json::json;
use windows_autopilot::sim::{RouteAnswer, RouteRequest};
use windows_autopilot::{Client, ErrorKind, graph::ApiVersion::V1, http::Method, testing::Harness};

const PATH: &str = "/deviceManagement/detectedApps";
const PERMISSION: &str = "DeviceManagementManagedDevices.Read.All"; // on the operation's page at Microsoft

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetectedApp {
    display_name: String,
    device_count: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = read().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn read() -> Result<(), Box<dyn Error>> {
    let client = client(PERMISSION);
    let list = client.request(Method::GET, V1, PATH).query("$select", "displayName,deviceCount").list();
    for DetectedApp { display_name, device_count } in list.all().await? {
        println!("{display_name} on {device_count} devices");
    }
    let nobody = client.get::<DetectedApp>(V1, &format!("{PATH}/nobody")).if_found().await?;
    println!("An app that does not exist: {nobody:?}");
    let client = self::client("DeviceManagementServiceConfig.Read.All");
    let error = client.list::<DetectedApp>(V1, PATH).all().await.err().ok_or("the call was not refused")?;
    if error.kind() == ErrorKind::Forbidden {
        println!("Grant {PERMISSION}: {error}");
    }
    Ok(())
}

/// Creates a client with one permission, on a tenant with five detected apps in pages of two.
fn client(permission: &str) -> Client {
    let list = |request: &RouteRequest| {
        let first = request.option("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(1);
        let app = |id: u32| json!({ "displayName": format!("App {id}"), "deviceCount": id });
        let apps: Vec<_> = (first..=5).take(2).map(app).collect();
        let next =
            (first < 4).then(|| format!("https://graph.microsoft.com/v1.0{PATH}?$skiptoken={}", first + 2));
        RouteAnswer::json(200, json!({ "value": apps, "@odata.nextLink": next }))
    };
    let get = |_: &RouteRequest| RouteAnswer::error(404, "ResourceNotFound", "there is no such app");
    let sim = Harness::builder().with_tenant(|sim| sim.with_permissions([permission]));
    let sim = sim.with_tenant(|sim| sim.with_route_needing(Method::GET, PATH, &[PERMISSION], list));
    sim.with_tenant(|sim| sim.with_route(Method::GET, &format!("{PATH}/{{id}}"), get)).build().client
}
