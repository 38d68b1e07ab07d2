//! The main job: a whole Microsoft Entra hybrid join, from automatic enrollment to deployed devices.
//!
//! `cargo run --features sim --example hybrid_join [SETTINGS.toml] [DEVICES.csv]` does it on the simulated tenant, where
//! hours pass in a moment; with `--live` it does it on a real one (see `examples/support/mod.rs` for how it signs in), and
//! asks before it writes. `--plan` stops after the plan, `--html=FILE` also writes the report as a page.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

mod support;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use windows_autopilot::model::{Device, DeviceToImport, Finding, Id, Severity};
use windows_autopilot::registration::csv::CsvReader;
use windows_autopilot::sim::{PowerOn, Tenant};
use windows_autopilot::workflow::watch::{Expectation, Watch, WatchEvent};
use windows_autopilot::workflow::{ApplyEvent, ApplyReport, HybridJoin, ImportEventKind, Plan, suggestion};

const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/hybrid_join.toml");
const DEVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/devices.csv");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = support::arguments().into_iter();
    let settings = arguments.next().unwrap_or_else(|| SETTINGS.to_owned());
    let file = arguments.next().unwrap_or_else(|| DEVICES.to_owned());
    let (Some(desired), Some(devices)) = (read_settings(&settings), read_devices(&file)) else {
        return Ok(ExitCode::from(2));
    };

    // What is wrong with the settings by themselves is said before anything is sent.
    let wrong: Vec<Finding> =
        desired.lint().into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    if !wrong.is_empty() {
        wrong.iter().for_each(|finding| println!("{settings}: {finding}"));
        return Ok(ExitCode::from(2));
    }

    let connection = support::connect()?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        prepare_tenant(tenant, &desired);
    }

    let plan = desired.plan(client, &devices).await?;
    println!("{plan}\n");
    if support::has_option("--plan") {
        return Ok(ExitCode::SUCCESS);
    }
    if plan.blocking().next().is_some() {
        println!("Nothing was written: put the errors right, and run it again.");
        return Ok(ExitCode::FAILURE);
    }
    if !plan.is_empty() && !connection.may_write("Carry the plan out")? {
        return Ok(ExitCode::SUCCESS);
    }
    let applied = apply(&plan, client).await?;
    for finding in applied
        .findings
        .iter()
        .chain(&applied.import.iter().flat_map(|import| import.findings()).collect::<Vec<_>>())
    {
        println!("  {finding}");
    }

    println!("\nRunning it again:");
    let again = desired.plan(client, &devices).await?;
    println!("  things to change: {}", again.drift().count());

    let report = watch(&connection, &desired, &applied).await?;
    println!("\n{report}");
    if let Some(path) =
        std::env::args().find_map(|argument| argument.strip_prefix("--html=").map(str::to_owned))
    {
        std::fs::write(&path, report.to_html())?;
        println!("The report as a page: {path}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The settings, or what is wrong with them.
fn read_settings(path: &str) -> Option<HybridJoin> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            println!("{path}: {error}; give the path of a settings file as the first argument");
            return None;
        }
    };
    match toml::from_str(&text) {
        Ok(desired) => Some(desired),
        Err(error) => {
            println!("{path}: {error}");
            if let Some(meant) = suggestion(error.message()) {
                println!("{meant}");
            }
            None
        }
    }
}

/// The devices, or what is wrong with them.
fn read_devices(path: &str) -> Option<Vec<DeviceToImport>> {
    let reader = match CsvReader::open(path) {
        Ok(reader) => reader,
        Err(error) => {
            println!("{error}");
            return None;
        }
    };
    let mut devices = Vec::new();
    let mut errors = 0;
    for row in reader {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                println!("{path}: {error}");
                return None;
            }
        };
        for finding in &row.findings {
            println!("{path}: {finding}");
        }
        errors +=
            row.findings.iter().filter(|finding: &&Finding| finding.severity == Severity::Error).count();
        devices.extend(row.device);
    }
    (errors == 0).then_some(devices)
}

/// What a real tenant has before the first step: users, connectors, rights.
fn prepare_tenant(tenant: &Tenant, desired: &HybridJoin) {
    let users = tenant.add_group("Intune users");
    let user = tenant.add_user(&user_of(tenant));
    tenant.add_member(&users, &user);
    for name in ["SRV-ODJ-01", "SRV-ODJ-02"] {
        tenant.add_connector(name, desired.active_directory.domain.as_str(), "6.2504.2001.8");
    }
    if let Some(unit) = &desired.active_directory.organizational_unit {
        tenant.grant_ou(unit.as_str());
    }
}

/// The one user of the simulated tenant.
fn user_of(tenant: &Tenant) -> String {
    format!("adele@{}", tenant.domain())
}

/// Carries the plan out and shows how far it is.
async fn apply(plan: &Plan, client: &windows_autopilot::Client) -> Result<ApplyReport, Box<dyn Error>> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("  {bar:30} {pos}/{len} {msg}")?);
    let mut run = plan.apply(client);
    while let Some(event) = run.next().await {
        match event {
            ApplyEvent::Done { step, subject, what } => {
                bar.suspend(|| println!("  {step}: {subject}: {what}"))
            }
            ApplyEvent::Import(import) => {
                bar.set_length(import.counts.total() as u64);
                bar.set_position(import.counts.finished() as u64);
                if let ImportEventKind::Finished { serial_number, outcome, .. } = import.kind
                    && !outcome.is_registered()
                {
                    bar.suspend(|| println!("  {serial_number}: {outcome}"));
                }
            }
            ApplyEvent::Found(finding) => bar.suspend(|| println!("  {finding}")),
            _ => {}
        }
    }
    bar.finish_and_clear();
    let report = run.await?;
    if let Some(import) = &report.import {
        println!("  devices: {} of {} registered", import.counts.registered, import.counts.total());
    }
    Ok(report)
}

/// Follows the devices home. On the simulated tenant, someone switches them on as soon as they have their profile.
async fn watch(
    connection: &support::Connection,
    desired: &HybridJoin,
    applied: &ApplyReport,
) -> Result<windows_autopilot::workflow::report::DeploymentReport, Box<dyn Error>> {
    let devices: Vec<(Id<Device>, String)> = applied.devices.clone();
    println!("\nWatching {} devices", devices.len());
    let mut expected = Expectation::default();
    if let Some(profile) = &applied.profile {
        expected = expected.with_profile(profile.clone());
        for (id, _) in &devices {
            let wait = Duration::from_secs(3600);
            connection.client.devices().wait_until_assigned(id, profile, wait).await?;
        }
    }
    if let Some(page) = &desired.enrollment_status_page {
        expected = expected.with_page(page);
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
        {
            println!("  {}: {}", device.name(), device.standing());
        }
    }
    Ok(run.await?)
}

/// Someone unpacks the devices. A few have bad luck.
fn switch_on(tenant: &Tenant, devices: &[(Id<Device>, String)]) {
    let user = user_of(tenant);
    for (number, (_, serial)) in devices.iter().enumerate() {
        let power_on = PowerOn::new(serial.as_str()).with_user(&user);
        tenant.power_on_with(match number {
            // This one is unpacked at home, without a VPN.
            3 => power_on.without_domain_controller(),
            // This one has a slow line: its apps take longer than the enrollment status page waits.
            11 => power_on.with_device_setup(Duration::from_secs(3 * 3600)),
            _ => power_on,
        });
    }
}
