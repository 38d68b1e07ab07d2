//! Makes a tenant what a deployment wants, shows progress, and goes on where a killed run stopped.
//!
//! `cargo run --features sim,workflow --example apply [SETTINGS.toml] [DEVICES.csv]` does it on the simulated tenant, with `--live`
//! on a real one, where it asks first. `--plan=FILE` applies a plan that was approved (see the example `plan`);
//! `--journals=PREFIX` writes down what is made, and finds it by its id from then on; `--adopt=KIND:ID` takes a
//! foreign object over, such as `--adopt=group:ID`; `--waive=ID` goes on in spite of a finding. Enter ends it in good
//! order. `--json` prints the report for a program. Exit codes: 0 done, 1 failed or stopped, 3 not carried out, 4 a finding
//! stops the plan, 5 done and not all known.
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

use std::io::IsTerminal as _;
use std::process::ExitCode;

use windows_autopilot::workflow::{AdoptedObject, ApplyOptions, Journal, Plan, PlanOptions, Step};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    if let Err(code) = report::Report::start(&["--plan=", "--journals=", "--waive=", "--live", "--yes"]) {
        return Ok(code);
    }
    let Some((desired, devices)) = deployment::read(support::arguments()) else {
        return Ok(exit::with(exit::USAGE));
    };
    let adopted = match adopted() {
        Ok(adopted) => adopted,
        Err(problem) => {
            println!("{problem}; write --adopt=KIND:ID, such as --adopt=group:ID");
            return Ok(exit::with(exit::USAGE));
        }
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
        None => desired.plan_with(client, &devices, plan_options(&adopted)?).await?,
    };
    plan.check_settings(&desired)?;
    let is_json = support::has_option("--json");
    if !is_json {
        println!("{plan}\n");
    }
    let mut options = ApplyOptions::default();
    if let Some(id) = support::value_of("--waive=") {
        options = options.with_waived(id);
    }
    if let Some(prefix) = support::value_of("--journals=") {
        options = options
            .with_journals(Journal::at(format!("{prefix}.made")), Journal::at(format!("{prefix}.import")));
    }
    let waived = support::value_of("--waive=");
    if plan.blocking().any(|finding| Some(&*finding.id) != waived.as_deref()) {
        match is_json {
            true => println!("{}", serde_json::to_string_pretty(&plan)?),
            false => println!("Nothing was written: put the errors right, and run it again."),
        }
        return Ok(exit::with(exit::BLOCKED));
    }
    if plan.is_empty() || !connection.may_write(&deployment::question(&plan))? {
        if is_json {
            println!("{}", serde_json::to_string_pretty(&plan)?);
        }
        return Ok(outcome::of(&plan));
    }
    let run = plan.apply_with(client, options);
    if std::io::stdin().is_terminal() && !is_json {
        println!("Press Enter to stop.");
        let stop = run.stop_handle();
        std::thread::spawn(move || {
            if std::io::stdin().read_line(&mut String::new()).is_ok() {
                stop.stop();
            }
        });
    }
    let report = if is_json { run.await } else { progress::follow(run).await? };
    if is_json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    if let Some(error) = report.error() {
        if !is_json {
            println!("Ended early, after {} changes: {error:#}", report.changes);
            println!("What was done stays done. Run it again, and it goes on.");
        }
        return Ok(exit::with(exit::FAILURE));
    }
    let again = desired.plan_with(client, &devices, plan_options(&adopted)?).await?;
    if is_json {
        return Ok(if report.stopped { exit::with(exit::FAILURE) } else { outcome::of(&again) });
    }
    if report.stopped {
        println!("Stopped. Run it again, and it goes on.");
        return Ok(exit::with(exit::FAILURE));
    }
    println!("{} changes; {} devices registered.", report.changes, report.devices.len());
    println!("Running it again would change {} things.", again.drift().count());
    Ok(outcome::of(&again))
}

/// The object to take over, or what is wrong with its option.
fn adopted() -> Result<Vec<AdoptedObject>, String> {
    let Some(adopted) = support::value_of("--adopt=") else { return Ok(Vec::new()) };
    let (kind, id) = adopted.split_once(':').ok_or_else(|| format!("{adopted:?} names no kind"))?;
    let step: Step = serde_json::from_value(kind.into()).map_err(|error| error.to_string())?;
    Ok(vec![AdoptedObject::new(step, id)])
}

/// The record of earlier runs, and the objects to take over.
fn plan_options(adopted: &[AdoptedObject]) -> Result<PlanOptions, Failure> {
    let mut options = PlanOptions::default().with_adopted(adopted.to_vec());
    if let Some(prefix) = support::value_of("--journals=") {
        options = options.with_journal(Journal::at(format!("{prefix}.made")))?;
    }
    Ok(options)
}
