//! The end of a deployment: what it made is taken down, and nothing else.
//!
//! `cargo run --features sim,workflow --example teardown [SETTINGS.toml] [DEVICES.csv]` makes a deployment on the simulated tenant and
//! takes it down again. With `--live --journals=PREFIX` it takes down what `apply` has written into its journals, and
//! records it there; it asks first. `--managed` also deletes enrolled devices in Intune. `--json` prints the plan and the
//! report for a program. Exit codes: 0 taken down, 1 ended early, 2 usage, 3 not carried out, 4 a finding stops the plan.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/deployment.rs"]
mod deployment;
#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;

use futures_util::StreamExt as _;
use windows_autopilot::workflow::{CreatedObjects, Journal, Teardown, TeardownEvent, TeardownOptions};

use self::failure::Failure;
use self::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--journals=", "--managed", "--live", "--yes"]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let Some((desired, devices)) = deployment::read(support::arguments()) else {
        return Ok(exit::with(exit::USAGE));
    };
    let connection = support::connect()?;
    let client = &connection.client;
    let made = match (&connection.simulated, support::value_of("--journals=")) {
        (_, Some(prefix)) => CreatedObjects::from_journal(Journal::at(format!("{prefix}.made")))?,
        (Some((tenant, _)), None) => {
            deployment::prepare(tenant, &desired);
            desired.plan(client, &devices).await?.apply(client).await.into_result()?.created
        }
        (None, None) => {
            return Ok(report::usage("--live needs --journals=PREFIX: the one that apply was given"));
        }
    };
    let mut teardown = Teardown::new(made);
    if support::has_option("--managed") {
        teardown = teardown.with_managed_devices_deleted();
    }
    let plan = teardown.plan(client).await?;
    report.line(format!("{plan}\n"));
    report.fact("plan", &plan);
    if plan.blocking().next().is_some() {
        report.line("Nothing was removed: put the errors right, and run it again.");
        return Ok(report.end(exit::BLOCKED));
    }
    if plan.is_empty() {
        return Ok(report.end(exit::NOTHING_TO_DO));
    }
    if !connection.may_write(&format!("Take it down in {}", plan.tenant))? {
        return Ok(report.end(exit::DIFFERENT));
    }
    let mut options = TeardownOptions::default();
    if let Some(prefix) = support::value_of("--journals=") {
        options = options.with_journal(Journal::at(format!("{prefix}.made")));
    }
    let mut run = plan.apply_with(client, options);
    while let Some(event) = run.next().await {
        if let TeardownEvent::Finished { step, subject, description, .. } = event {
            report.line(format!("  {step}: {subject}: {description}"));
        }
    }
    let ended = run.await;
    report.line(format!("{} things removed.", ended.removed));
    for left in &ended.manual {
        report.line(format!("Left for you: {left}"));
    }
    if let Some(error) = ended.error() {
        report.line(format!("Ended early: {error:#}"));
    }
    let is_done = ended.error().is_none() && !ended.stopped;
    report.fact("teardown", &ended);
    Ok(report.end(if is_done { exit::NOTHING_TO_DO } else { exit::FAILURE }))
}
