//! The main job: a whole Microsoft Entra hybrid join, from automatic enrollment to deployed devices.
//!
//! `cargo run --features sim,workflow --example hybrid_join [SETTINGS.toml] [DEVICES.csv]` runs it on the simulated
//! tenant, where hours pass in a moment, or with `--live` on a real one (`examples/support/connection.rs` lists the
//! ways to sign in), where it asks before it writes. `--plan` stops after the plan, and `--html FILE` also writes the
//! report as a page. Exit codes: 0 applied and watched, 3 not applied, 4 a finding stops the plan, 5 something is
//! unknown.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt as _;
use windows_autopilot::model::{Device, Id};
use windows_autopilot::sim::{PowerOnOptions, Tenant};
use windows_autopilot::workflow::watch::{DeploymentReport, Expectation, Watch, WatchEvent};
use windows_autopilot::workflow::{ApplyReport, HybridJoin};

use self::support::{Connection, Failure, Tool, connect, deployment, exit, progress, run};

fn main() -> ExitCode {
    run("hybrid_join [SETTINGS.toml] [DEVICES.csv]", &["--plan", "--html FILE", "--live"], hybrid_join)
}

async fn hybrid_join(tool: &mut Tool) -> Result<u8, Failure> {
    let (desired, devices) = deployment::read(tool)?;
    let connection = connect(tool)?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        deployment::prepare(tenant, &desired);
    }

    let plan = desired.plan(client, &devices).await?;
    tool.line(format!("{plan}\n"));
    tool.document(&plan)?;
    if plan.blocking().next().is_some() {
        tool.line("Nothing was written: put the errors right, and run it again.");
        return Ok(exit::BLOCKED);
    }
    if tool.has("--plan") || (!plan.is_empty() && !tool.may_write(&deployment::question(&plan))?) {
        return Ok(exit::of(&plan));
    }
    let applied = progress::follow(tool, plan.apply(client)).await?.into_result()?;
    let again = desired.plan(client, &devices).await?;
    tool.line(format!("\nA second run would change {} things.", again.drift().count()));

    let report = watch(tool, &connection, &desired, &applied).await?;
    tool.line(format!("\n{report}"));
    tool.document(&report)?;
    if let Some(path) = tool.value("--html") {
        std::fs::write(path, report.to_html()).map_err(|error| format!("{path}: {error}"))?;
        tool.line(format!("The report as a page: {path}"));
    }
    Ok(exit::of(&again))
}

/// Follows the devices to the end of their deployment. On the simulated tenant, someone switches them on as soon as they
/// have their profile.
async fn watch(
    tool: &Tool,
    connection: &Connection,
    desired: &HybridJoin,
    applied: &ApplyReport,
) -> Result<DeploymentReport, Failure> {
    let devices = &applied.devices;
    tool.line(format!("\nWatching {} devices", devices.len()));
    let mut expected = Expectation::default();
    if let Some(profile) = &applied.profile {
        expected = expected.with_profile(profile.clone());
        for (id, _) in devices {
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
        switch_on(tenant, devices);
    }
    let watched = devices.iter().map(|(id, _)| id.clone());
    let mut run = Watch::new(&connection.client, watched).with_expectation(expected).start();
    while let Some(event) = run.next().await {
        if let WatchEvent::Changed(device) = event
            && device.settled.is_some()
        {
            tool.line(format!("  {}: {}", device.name(), device.status()));
        }
    }
    Ok(run.await?)
}

/// Switches the devices on. A few have bad luck.
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
