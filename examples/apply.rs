//! Makes a tenant what a deployment wants, shows progress, and goes on where a killed run stopped.
//!
//! `cargo run --features sim,workflow --example apply [SETTINGS.toml] [DEVICES.csv]` does it on the simulated tenant, with `--live`
//! on a real one, where it asks first. `--plan=FILE` applies a plan that was approved (see the example `plan`);
//! `--journals=PREFIX` writes down what is made; `--waive=ID` goes on in spite of a finding. Enter ends it in good
//! order.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/deployment.rs"]
mod deployment;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/progress.rs"]
mod progress;
mod support;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use windows_autopilot::workflow::{ApplyOptions, Journal, Plan};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let Some((desired, devices)) = deployment::read(support::arguments()) else {
        return Ok(ExitCode::from(2));
    };
    let connection = support::connect()?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        deployment::prepare(tenant, &desired);
    }
    let plan = match support::value_of("--plan=") {
        // Hardware hashes do not go into the file.
        Some(path) => {
            serde_json::from_str::<Plan>(&std::fs::read_to_string(path)?)?.with_devices(devices.clone())
        }
        None => desired.plan(client, &devices).await?,
    };
    plan.check_settings(&desired)?;
    println!("{plan}\n");
    let mut options = ApplyOptions::default();
    if let Some(id) = support::value_of("--waive=") {
        options = options.with_waived(id);
    }
    if let Some(prefix) = support::value_of("--journals=") {
        options = options
            .with_journals(Journal::at(format!("{prefix}.made")), Journal::at(format!("{prefix}.import")));
    }
    if plan.is_empty() || !connection.may_write(&deployment::question(&plan))? {
        return Ok(ExitCode::SUCCESS);
    }
    let run = plan.apply_with(client, options);
    if std::io::stdin().is_terminal() {
        println!("Press Enter to stop.");
        let stop = run.stop_handle();
        std::thread::spawn(move || {
            if std::io::stdin().read_line(&mut String::new()).is_ok() {
                stop.stop();
            }
        });
    }
    let report = progress::follow(run).await?;
    if let Some(error) = report.error() {
        println!("Ended early, after {} changes: {error:#}", report.changes);
        println!("What was done stays done. Run it again, and it goes on.");
        return Ok(ExitCode::FAILURE);
    }
    if report.stopped {
        println!("Stopped. Run it again, and it goes on.");
        return Ok(ExitCode::FAILURE);
    }
    println!("{} changes; {} devices registered.", report.changes, report.devices.len());
    let again = desired.plan(client, &devices).await?;
    println!("Running it again would change {} things.", again.drift().count());
    Ok(ExitCode::SUCCESS)
}
