//! A list of 100,000 devices from a server on this machine: this crate beside a loop that is written by hand with reqwest
//! and serde, each in a process of its own, turn by turn. Prints the times, their ratio and the peak memory.
//!
//! `cargo bench --bench loopback` takes some seconds; under `cargo test` it reads three pages once.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench has nobody to report to, and measures the real clock"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::Cloud;
use windows_autopilot::model::Device;
use windows_autopilot::transport::ReqwestTransport;
use windows_autopilot::{Client, graph::ApiVersion};

const DEVICES: usize = 1_000;
const PATH: &str = "/deviceManagement/windowsAutopilotDeviceIdentities";
const ROLE: &str = "LOOPBACK_ROLE";

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("server") => server(),
        Ok("by hand") => client("by hand"),
        Ok(_) => client("crate"),
        Err(_) => compare(),
    }
}

/// What one process read, in how long, and with how much memory at most.
struct Reading {
    milliseconds: f64,
    peak_kib: u64,
}

/// What the server takes for a page, in milliseconds: before its first byte, and between its link and its devices.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Wait {
    before: u64,
    within: u64,
}

impl Wait {
    const NONE: Self = Self { before: 0, within: 0 };
    const BEFORE: Self = Self { before: 20, within: 0 };
    const WITHIN: Self = Self { before: 0, within: 20 };
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_ms_before_{}_ms_within", self.before, self.within)
    }
}

fn compare() {
    // As criterion's benches do: measured where they are benched, and run once where they are tested.
    let smoke = !std::env::args().any(|argument| argument == "--bench");
    let (pages, rounds) = if smoke { (3, 1) } else { (100, 7) };
    for wait in [Wait::NONE, Wait::BEFORE, Wait::WITHIN] {
        let (mut server, address) = start_server(pages, wait);
        let read = |role: &str, pages: usize| {
            let output = this_program(role).env("ADDRESS", &address).env("PAGES", pages.to_string()).output();
            let output = output.expect("this program starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8(output.stdout).expect("text");
            let (milliseconds, peak) = text.trim().split_once(' ').expect("two numbers");
            Reading { milliseconds: milliseconds.parse().unwrap(), peak_kib: peak.parse().unwrap() }
        };
        let mut hand = Vec::new();
        let mut own = Vec::new();
        for _ in 0..rounds {
            hand.push(read("by hand", pages));
            own.push(read("crate", pages));
        }
        let peak = own.iter().map(|reading| reading.peak_kib).max().unwrap_or_default();
        let (hand, own) = (median(hand), median(own));
        println!(
            "list/{pages}_pages/{wait}: by hand {hand:.0} ms, crate {own:.0} ms, ratio {:.2}, peak memory {:.1} MB",
            own / hand,
            peak as f64 / 1024.0
        );
        if wait == Wait::NONE && !smoke {
            let tenth = read("crate", pages / 10).peak_kib;
            println!("list/{}_pages/peak: {:.1} MB", pages / 10, tenth as f64 / 1024.0);
        }
        server.kill().expect("the server ends");
        server.wait().expect("the server ends");
    }
}

fn median(mut readings: Vec<Reading>) -> f64 {
    readings.sort_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds));
    readings[readings.len() / 2].milliseconds
}

fn this_program(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.env(ROLE, role);
    command
}

fn start_server(pages: usize, wait: Wait) -> (Child, String) {
    use std::io::BufRead as _;
    let mut child = this_program("server")
        .env("PAGES", pages.to_string())
        .env("BEFORE", wait.before.to_string())
        .env("WITHIN", wait.within.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let mut address = String::new();
    std::io::BufReader::new(child.stdout.take().expect("its output"))
        .read_line(&mut address)
        .expect("an address");
    (child, address.trim().to_owned())
}

fn variable(name: &str) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).expect(name)
}

#[tokio::main(flavor = "current_thread")]
async fn server() {
    let pages = variable("PAGES");
    let before = Duration::from_millis(variable("BEFORE") as u64);
    let within = Duration::from_millis(variable("WITHIN") as u64);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    println!("{address}");
    let mut devices = String::from("\"value\":[");
    for n in 0..DEVICES {
        let comma = if n == 0 { "" } else { "," };
        write!(devices, "{comma}{}", device(n)).unwrap();
    }
    devices.push_str("]}");
    let devices: &'static str = devices.leak();
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        stream.set_nodelay(true).expect("an option");
        let address = address.clone();
        tokio::spawn(async move {
            let mut request = Vec::new();
            loop {
                let mut buffer = [0; 4096];
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(n) => request.extend_from_slice(&buffer[..n]),
                    }
                }
                let text = String::from_utf8_lossy(&request).into_owned();
                request.clear();
                let line = text.lines().next().unwrap_or_default();
                let page: usize = line
                    .split_once("skiptoken=")
                    .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok())
                    .unwrap_or_default();
                let last = page + 1 >= pages;
                let link = match last {
                    true => String::new(),
                    false => format!("\"@odata.nextLink\":\"{address}/beta{PATH}?$skiptoken={}\",", page + 1),
                };
                let head = format!("{{\"@odata.context\":\"{address}/beta/$metadata\",{link}");
                let length = head.len() + devices.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{head}"
                );
                for (waited, part) in [(before, answer.as_str()), (within, devices)] {
                    if !waited.is_zero() {
                        tokio::time::sleep(waited).await;
                    }
                    if stream.write_all(part.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}

/// A device with every property, 968 bytes or a few more.
fn device(n: usize) -> String {
    format!(
        r##"{{"id":"fac6f0b1-f0b1-fac6-b1f0-{n:012x}","deploymentProfileAssignmentStatus":"assignedInSync","deploymentProfileAssignmentDetailedStatus":"none","deploymentProfileAssignedDateTime":"2026-03-04T09:15:26.2447023Z","groupTag":"Kiosk","purchaseOrderIdentifier":"PO-{n}","serialNumber":"5CG{n:07}","productKey":"","manufacturer":"Contoso","model":"Slate 840 G9","enrollmentState":"enrolled","lastContactedDateTime":"2026-10-01T07:58:44.2908994Z","addressableUserName":"User {n}","userPrincipalName":"user{n}@contoso.com","resourceName":"","skuNumber":"6F6P5EA","systemFamily":"Slate","azureActiveDirectoryDeviceId":"0a1b2c3d-0000-4000-8000-{n:012x}","azureAdDeviceId":"0a1b2c3d-0000-4000-8000-{n:012x}","managedDeviceId":"9f8e7d6c-0000-4000-8000-{n:012x}","displayName":"","deviceAccountUpn":"","deviceFriendlyName":"","remediationState":"noRemediationRequired","remediationStateLastModifiedDateTime":"0001-01-01T00:00:00Z","userlessEnrollmentStatus":"unknown"}}"##
    )
}

#[derive(Deserialize)]
struct Page {
    value: Vec<OwnedDevice>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// What one would write by hand: every property, as text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "read, and not looked at")]
struct OwnedDevice {
    id: String,
    deployment_profile_assignment_status: Option<String>,
    deployment_profile_assignment_detailed_status: Option<String>,
    deployment_profile_assigned_date_time: Option<String>,
    group_tag: Option<String>,
    purchase_order_identifier: Option<String>,
    serial_number: Option<String>,
    product_key: Option<String>,
    manufacturer: Option<String>,
    model: Option<String>,
    enrollment_state: Option<String>,
    last_contacted_date_time: Option<String>,
    addressable_user_name: Option<String>,
    user_principal_name: Option<String>,
    resource_name: Option<String>,
    sku_number: Option<String>,
    system_family: Option<String>,
    azure_active_directory_device_id: Option<String>,
    azure_ad_device_id: Option<String>,
    managed_device_id: Option<String>,
    display_name: Option<String>,
    device_account_upn: Option<String>,
    device_friendly_name: Option<String>,
    remediation_state: Option<String>,
    remediation_state_last_modified_date_time: Option<String>,
    userless_enrollment_status: Option<String>,
}

#[tokio::main]
async fn client(role: &str) {
    let address = std::env::var("ADDRESS").expect("ADDRESS");
    let pages = variable("PAGES");
    let begin = Instant::now();
    let count = match role {
        "by hand" => by_hand(&address).await,
        _ => with_the_crate(&address, pages).await,
    };
    let took = begin.elapsed();
    assert_eq!(count, pages * DEVICES);
    println!("{:.3} {}", took.as_secs_f64() * 1000.0, peak_kib());
}

async fn by_hand(address: &str) -> usize {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().build().expect("a client");
    let mut link = Some(format!("{address}/beta{PATH}"));
    let mut count = 0;
    while let Some(address) = link {
        let answer = client.get(address).bearer_auth("token").send().await.expect("a response");
        let body = answer.error_for_status().expect("success").bytes().await.expect("a body");
        let page: Page = serde_json::from_slice(&body).expect("a page");
        for device in page.value {
            black_box(&device);
            count += 1;
        }
        link = page.next;
    }
    count
}

async fn with_the_crate(address: &str, pages: usize) -> usize {
    let transport =
        ReqwestTransport::builder().with_plain_http_on_loopback(true).build().expect("a transport");
    let client = Client::builder(FixedToken::new("token"))
        .with_cloud(Cloud::custom(address, address).expect("a cloud"))
        .with_transport(transport)
        .build()
        .expect("a client");
    let mut items = client.list::<Device>(ApiVersion::Beta, PATH).items().take(pages * DEVICES);
    let mut count = 0;
    while let Some(device) = items.next().await {
        black_box(&device.expect("a device"));
        count += 1;
    }
    count
}

/// The most memory that this process has had; 0 where the system does not tell.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
