//! Step 10: follows devices until they are ready, or until the cause of their failure is known.
//!
//! `cargo run --features sim,workflow --example watch -- [--html FILE]` follows two hundred simulated devices, some of
//! which fail, and writes the report as a page. With `--live`, it follows the devices with the given serial numbers, or
//! all registered devices. `--report FILE` shows a report saved as JSON. Exit codes: 0 all are ready, 4 one has failed,
//! 5 the outcome of one is not known.

mod support;

use std::process::ExitCode;

use futures_util::StreamExt as _;
use windows_autopilot::Client;
use windows_autopilot::model::Device;
use windows_autopilot::workflow::Run;
use windows_autopilot::workflow::watch::{DeploymentOutcome, DeploymentReport, Watch, WatchEvent};

use self::support::fleet::Fleet;
use self::support::{Failure, Tool, connect, exit, read_file, run};

fn main() -> ExitCode {
    run("watch [SERIAL-NUMBER ...]", &["--html FILE", "--report FILE", "--live"], async |tool| {
        let report = match tool.value("--report") {
            Some(path) => {
                serde_json::from_str(&read_file(path)?).map_err(|error| format!("{path}: {error}"))?
            }
            None => watch(tool).await?,
        };
        tool.line(format!("\n{report}"));
        if let Some(path) = tool.value("--html") {
            std::fs::write(path, report.to_html()).map_err(|error| format!("{path}: {error}"))?;
            tool.line(format!("The report as a page: {path}"));
        }
        tool.fact("report", &report);
        Ok(match (report.is_ready(), report.count(DeploymentOutcome::Failed)) {
            (true, _) => exit::DONE,
            (false, 0) => exit::NOT_KNOWN,
            _ => exit::BLOCKED,
        })
    })
}

async fn watch(tool: &Tool) -> Result<DeploymentReport, Failure> {
    let connection = connect(tool)?;
    let client = &connection.client;
    Ok(match &connection.simulated {
        Some((tenant, clock)) => {
            let fleet = Fleet::new(client, tenant, 200).await?;
            let watch = Watch::new(client, fleet.watched()).with_expectation(fleet.expected.clone());
            let run = watch.with_title("Munich, spring roll-out").start();
            futures_util::future::join(follow(tool, run), fleet.switch_on(tenant, clock)).await.0?
        }
        None => follow(tool, Watch::new(client, &chosen(tool, client).await?).start()).await?,
    })
}

/// Returns the devices with the given serial numbers, or all.
async fn chosen(tool: &Tool, client: &Client) -> Result<Vec<Device>, Failure> {
    if tool.arguments().is_empty() {
        return Ok(client.devices().list().all().await?);
    }
    let mut devices = Vec::new();
    for serial in tool.arguments() {
        devices.extend(client.devices().by_serial_number(&serial.parse()?).all().await?);
    }
    Ok(devices)
}

/// Prints the changes of the devices, and returns the report.
async fn follow(
    tool: &Tool,
    mut run: Run<WatchEvent, windows_autopilot::Result<DeploymentReport>>,
) -> windows_autopilot::Result<DeploymentReport> {
    while let Some(event) = run.next().await {
        if let WatchEvent::Changed(device) = event {
            let (since, status) = (device.state.since, device.status());
            tool.line(format!("{since}  {:10} {status}  {}", device.name(), device.problem()));
        }
    }
    run.await
}
