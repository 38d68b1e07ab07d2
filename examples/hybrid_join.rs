//! The main job: a whole Microsoft Entra hybrid join, from automatic enrollment to deployed devices.
//!
//! `cargo run --features sim,workflow --example hybrid_join [SETTINGS.toml] [DEVICES.csv]` does it on the simulated tenant, where
//! hours pass in a moment; with `--live` it does it on a real one (see `examples/support/mod.rs` for how it signs in), and
//! asks before it writes. `--plan` stops after the plan, `--html=FILE` also writes the report as a page, `--json` prints it
//! for a program. Exit codes: 0 applied and watched, 3 not carried out, 4 a finding stops the plan, 5 not all known.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/deployment.rs"]
mod deployment;
#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/progress.rs"]
mod progress;
#[path = "support/report.rs"]
mod report;
mod support;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt as _;
use windows_autopilot::model::{Device, Id};
use windows_autopilot::sim::{PowerOnOptions, Tenant};
use windows_autopilot::workflow::watch::DeploymentReport;
use windows_autopilot::workflow::watch::{Expectation, Watch, WatchEvent};
use windows_autopilot::workflow::{ApplyReport, HybridJoin};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    if let Err(code) = report::Report::start(&["--plan", "--html=", "--live", "--yes"]) {
        return Ok(code);
    }
    let Some((desired, devices)) = deployment::read(support::arguments()) else {
        return Ok(exit::with(exit::USAGE));
    };
    let connection = support::connect()?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        deployment::prepare(tenant, &desired);
    }

    let plan = desired.plan(client, &devices).await?;
    let is_json = support::has_option("--json");
    if !is_json {
        println!("{plan}\n");
    }
    if support::has_option("--plan") {
        if is_json {
            println!("{}", serde_json::to_string_pretty(&plan)?);
        }
        return Ok(outcome::of(&plan));
    }
    if plan.blocking().next().is_some() {
        match is_json {
            true => println!("{}", serde_json::to_string_pretty(&plan)?),
            false => println!("Nothing was written: put the errors right, and run it again."),
        }
        return Ok(exit::with(exit::BLOCKED));
    }
    if !plan.is_empty() && !connection.may_write(&deployment::question(&plan))? {
        return Ok(outcome::of(&plan));
    }
    let run = plan.apply(client);
    let applied = if is_json { run.await } else { progress::follow(run).await? }.into_result()?;
    let again = desired.plan(client, &devices).await?;
    if !is_json {
        println!("\nRunning it again:\n  things to change: {}", again.drift().count());
    }

    let report = watch(&connection, &desired, &applied).await?;
    match is_json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => println!("\n{report}"),
    }
    if let Some(path) = support::value_of("--html=") {
        std::fs::write(&path, report.to_html())?;
        println!("The report as a page: {path}");
    }
    Ok(outcome::of(&again))
}

/// Follows the devices home. On the simulated tenant, someone switches them on as soon as they have their profile.
async fn watch(
    connection: &support::Connection,
    desired: &HybridJoin,
    applied: &ApplyReport,
) -> Result<DeploymentReport, Box<dyn Error>> {
    let devices: Vec<(Id<Device>, String)> = applied.devices.clone();
    let is_json = support::has_option("--json");
    if !is_json {
        println!("\nWatching {} devices", devices.len());
    }
    let mut expected = Expectation::default();
    if let Some(profile) = &applied.profile {
        expected = expected.with_profile(profile.clone());
        for (id, _) in &devices {
            let wait = Duration::from_secs(3600);
            connection.client.devices().wait_until_assigned(id, profile, wait).await?;
        }
    }
    if let Some(page) = &desired.enrollment_status_page {
        expected = expected.with_enrollment_status_page(page);
    }
    if let Some(join) = &desired.domain_join {
        expected = expected.with_computer_name_prefix(join.computer_name_prefix.clone());
    }
    if let Some((tenant, _)) = &connection.simulated {
        switch_on(tenant, &devices);
    }
    let mut run = Watch::new(&connection.client, devices.iter().map(|(id, _)| id.clone()))
        .with_expectation(expected)
        .start();
    while let Some(event) = run.next().await {
        if let WatchEvent::Changed(device) = event
            && device.settled.is_some()
            && !is_json
        {
            println!("  {}: {}", device.name(), device.status());
        }
    }
    Ok(run.await?)
}

/// Someone unpacks the devices. A few have bad luck.
fn switch_on(tenant: &Tenant, devices: &[(Id<Device>, String)]) {
    let user = deployment::user_of(tenant);
    for (number, (_, serial)) in devices.iter().enumerate() {
        let power_on = PowerOnOptions::new(serial.as_str()).with_user(&user);
        tenant.power_on_with(match number {
            // This one is unpacked at home, without a VPN.
            3 => power_on.without_domain_controller(),
            // This one has a slow line: its apps take longer than the enrollment status page waits.
            11 => power_on.with_device_setup(Duration::from_secs(3 * 3600)),
            _ => power_on,
        });
    }
}
