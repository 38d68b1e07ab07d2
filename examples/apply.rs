//! Applies a deployment's settings to a tenant, shows progress, and resumes where a killed run stopped.
//!
//! `cargo run --features sim,workflow --example apply [SETTINGS.toml] [DEVICES.csv]` applies them to the simulated
//! tenant, or with `--live` to a real one, after asking first. `--plan FILE` applies an approved plan (see the `plan`
//! example). `--journals PREFIX` records objects before they are created, and finds them by their ids from then on.
//! `--adopt KIND:ID` adopts a foreign object, such as `--adopt group:ID`. `--waive ID` continues despite a finding.
//! Enter stops the run cleanly. Exit codes: 0 done, 1 failed or stopped, 3 not applied, 4 a finding stops the plan, 5
//! done, but something is unknown.
#![allow(clippy::print_stdout, reason = "a tool talks to a person")]

mod support;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use windows_autopilot::workflow::{AdoptedObject, ApplyOptions, Journal, Plan, PlanOptions, StopHandle};

use self::support::{Failure, Tool, connect, deployment, exit, progress, read_file, run};

fn main() -> ExitCode {
    let options = ["--plan FILE", "--journals PREFIX", "--adopt KIND:ID", "--waive ID", "--live"];
    run("apply [SETTINGS.toml] [DEVICES.csv]", &options, apply)
}

async fn apply(tool: &mut Tool) -> Result<u8, Failure> {
    let (desired, devices) = deployment::read(tool)?;
    let adopted = adopted(tool)?;
    let connection = connect(tool)?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        deployment::prepare(tenant, &desired);
    }
    let plan = match tool.value("--plan") {
        // Hardware hashes do not go into the file.
        Some(path) => serde_json::from_str::<Plan>(&read_file(path)?)
            .map_err(|error| Failure::usage(format!("{path}: {error}")))?
            .with_devices(devices.clone()),
        None => desired.plan_with(client, &devices, plan_options(tool, &adopted)?).await?,
    };
    plan.check_settings(&desired)?;
    tool.line(format!("{plan}\n"));
    tool.document(&plan)?;
    let waived = tool.value("--waive");
    if plan.blocking().any(|finding| Some(&*finding.id) != waived) {
        tool.line("Nothing was written: put the errors right, and run it again.");
        return Ok(exit::BLOCKED);
    }
    if plan.is_empty() || !tool.may_write(&deployment::question(&plan))? {
        return Ok(exit::of(&plan));
    }
    let mut options = ApplyOptions::default();
    if let Some(id) = waived {
        options = options.with_waived(id);
    }
    if let Some(prefix) = tool.value("--journals") {
        let [made, import] = ["made", "import"].map(|end| Journal::at(format!("{prefix}.{end}")));
        options = options.with_journals(made, import);
    }
    let run = plan.apply_with(client, options);
    if std::io::stdin().is_terminal() && !tool.is_json() {
        stop_by_enter(run.stop_handle());
    }
    let report = progress::follow(tool, run).await?;
    tool.document(&report)?;
    if let Some(error) = report.error() {
        tool.line(format!("Ended early, after {} changes: {error:#}", report.changes));
        tool.line("What was done stays done. Run it again, and it resumes.");
        return Ok(exit::FAILURE);
    }
    if report.stopped {
        tool.line("Stopped. Run it again, and it resumes.");
        return Ok(exit::FAILURE);
    }
    tool.line(format!("{} changes; {} devices registered.", report.changes, report.devices.len()));
    let again = desired.plan_with(client, &devices, plan_options(tool, &adopted)?).await?;
    tool.line(format!("A second run would change {} things.", again.drift().count()));
    Ok(exit::of(&again))
}

/// Stops the run when a person presses Enter.
fn stop_by_enter(handle: StopHandle) {
    println!("Press Enter to stop.");
    std::thread::spawn(move || {
        if std::io::stdin().read_line(&mut String::new()).is_ok() {
            handle.stop();
        }
    });
}

/// Returns the object to adopt.
fn adopted(tool: &Tool) -> Result<Vec<AdoptedObject>, Failure> {
    let Some(adopted) = tool.value("--adopt") else { return Ok(Vec::new()) };
    let (kind, id) = adopted
        .split_once(':')
        .ok_or_else(|| Failure::usage(format!("--adopt {adopted} names no kind: write it as group:ID")))?;
    let step = serde_json::from_value(kind.into())
        .map_err(|error| Failure::usage(format!("--adopt {adopted}: {error}")))?;
    Ok(vec![AdoptedObject::new(step, id)])
}

/// Returns the record of earlier runs, and the objects to adopt.
fn plan_options(tool: &Tool, adopted: &[AdoptedObject]) -> Result<PlanOptions, Failure> {
    let mut options = PlanOptions::default().with_adopted(adopted.to_vec());
    if let Some(prefix) = tool.value("--journals") {
        options = options.with_journal(Journal::at(format!("{prefix}.made")))?;
    }
    Ok(options)
}
