//! The end of a deployment: what it made is taken down, and nothing else.
//!
//! `cargo run --features sim,workflow --example teardown [SETTINGS.toml] [DEVICES.csv]` makes a deployment on the simulated tenant and
//! takes it down again. With `--live --journals=PREFIX` it takes down what `apply` has written into its journals, and
//! records it there; it asks first. `--managed` also deletes enrolled devices in Intune.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/deployment.rs"]
mod deployment;
#[path = "support/failure.rs"]
mod failure;
mod support;

use std::process::ExitCode;

use futures_util::StreamExt as _;
use windows_autopilot::workflow::{CreatedObjects, Journal, Teardown, TeardownEvent, TeardownOptions};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let Some((desired, devices)) = deployment::read(support::arguments()) else {
        return Ok(ExitCode::from(2));
    };
    let connection = support::connect()?;
    let client = &connection.client;
    let made = match (&connection.simulated, support::value_of("--journals=")) {
        (_, Some(prefix)) => CreatedObjects::from_journal(Journal::at(format!("{prefix}.made")))?,
        (Some((tenant, _)), None) => {
            deployment::prepare(tenant, &desired);
            desired.plan(client, &devices).await?.apply(client).await.into_result()?.created
        }
        (None, None) => return Err("--live needs --journals=PREFIX: the one that apply was given".into()),
    };
    let mut teardown = Teardown::new(made);
    if support::has_option("--managed") {
        teardown = teardown.with_managed_devices_deleted();
    }
    let plan = teardown.plan(client).await?;
    println!("{plan}\n");
    if plan.blocking().next().is_some() {
        println!("Nothing was removed: put the errors right, and run it again.");
        return Ok(ExitCode::FAILURE);
    }
    if plan.is_empty() || !connection.may_write(&format!("Take it down in {}", plan.tenant))? {
        return Ok(ExitCode::SUCCESS);
    }
    let mut options = TeardownOptions::default();
    if let Some(prefix) = support::value_of("--journals=") {
        options = options.with_journal(Journal::at(format!("{prefix}.made")));
    }
    let mut run = plan.apply_with(client, options);
    while let Some(event) = run.next().await {
        if let TeardownEvent::Finished { step, subject, description, .. } = event {
            println!("  {step}: {subject}: {description}");
        }
    }
    let report = run.await;
    println!("{} things removed.", report.removed);
    for left in &report.manual {
        println!("Left for you: {left}");
    }
    if let Some(error) = report.error() {
        println!("Ended early: {error:#}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
