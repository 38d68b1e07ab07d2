//! Step 10: devices are followed until they are ready, or until it is known why they are not.
//!
//! `cargo run --features sim,workflow --example watch -- [--html=FILE]` follows two hundred simulated devices, some of which cannot
//! get through, and writes the report as a page. With `--live` it follows the devices with the serial numbers that are
//! named, or all that are registered. `--report=FILE` shows a report that was kept as JSON. `--json` prints the report for a program. Exit codes: 0 all are ready, 4 one has failed, 5 it
//! is not known how one ends.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/fleet.rs"]
mod fleet;
#[path = "support/report.rs"]
mod report;
mod support;

use std::error::Error;
use std::process::ExitCode;

use futures_util::StreamExt as _;
use windows_autopilot::Client;
use windows_autopilot::model::Device;
use windows_autopilot::workflow::Run;
use windows_autopilot::workflow::watch::DeploymentReport;
use windows_autopilot::workflow::watch::{DeploymentOutcome, Watch, WatchEvent};

use self::failure::Failure;
use self::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--html=", "--live", "--report=", "--yes"]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let seen = match support::value_of("--report=") {
        Some(path) => serde_json::from_str(&std::fs::read_to_string(path)?)?,
        None => watch(&report).await?,
    };
    report.line(format!("\n{seen}"));
    if let Some(path) = support::value_of("--html=") {
        std::fs::write(&path, seen.to_html())?;
        report.line(format!("The report as a page: {path}"));
    }
    let code = match (seen.is_ready(), seen.count(DeploymentOutcome::Failed)) {
        (true, _) => exit::NOTHING_TO_DO,
        (false, 0) => exit::NOT_KNOWN,
        _ => exit::BLOCKED,
    };
    report.fact("report", &seen);
    Ok(report.end(code))
}

async fn watch(report: &Report) -> Result<DeploymentReport, Failure> {
    let connection = support::connect()?;
    let client = &connection.client;
    Ok(match &connection.simulated {
        Some((tenant, clock)) => {
            let fleet = fleet::Fleet::new(client, tenant, 200).await?;
            let watch = Watch::new(client, fleet.watched()).with_expectation(fleet.expected.clone());
            let run = watch.with_title("Munich, spring roll-out").start();
            futures_util::future::join(follow(run, report), fleet.switch_on(tenant, clock)).await.0?
        }
        None => follow(Watch::new(client, &chosen(client).await?).start(), report).await?,
    })
}

/// The devices with the serial numbers that were named, or all.
async fn chosen(client: &Client) -> Result<Vec<Device>, Box<dyn Error>> {
    let serials = support::arguments();
    if serials.is_empty() {
        return Ok(client.devices().list().all().await?);
    }
    let mut devices = Vec::new();
    for serial in serials {
        devices.extend(client.devices().by_serial_number(&serial.parse()?).all().await?);
    }
    Ok(devices)
}

/// Tells what happens, as it happens.
async fn follow(
    mut run: Run<WatchEvent, windows_autopilot::Result<DeploymentReport>>,
    report: &Report,
) -> windows_autopilot::Result<DeploymentReport> {
    while let Some(event) = run.next().await {
        if let WatchEvent::Changed(device) = event {
            let (since, status) = (device.state.since, device.status());
            report.line(format!("{since}  {:10} {status}  {}", device.name(), device.problem()));
        }
    }
    run.await
}
