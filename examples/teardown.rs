//! The end of a deployment: removes its own objects, and nothing else.
//!
//! `cargo run --features sim,workflow --example teardown [SETTINGS.toml] [DEVICES.csv]` applies a deployment on the
//! simulated tenant and removes it again. With `--live --journals PREFIX`, it first asks, then removes the objects that
//! `apply` recorded in its journals, and records the removal there. `--managed` also deletes enrolled devices in
//! Intune. Exit codes: 0 removed, 1 ended early, 3 not applied, 4 a finding stops the plan.

mod support;

use std::process::ExitCode;

use futures_util::StreamExt as _;
use windows_autopilot::workflow::{CreatedObjects, Journal, Teardown, TeardownEvent, TeardownOptions};

use self::support::{Connection, Failure, Tool, connect, deployment, exit, run};

fn main() -> ExitCode {
    let options = ["--journals PREFIX", "--managed", "--live"];
    run("teardown [SETTINGS.toml] [DEVICES.csv]", &options, async |tool| {
        let connection = connect(tool)?;
        let client = &connection.client;
        let journal = tool.value("--journals").map(|prefix| format!("{prefix}.made"));
        let created = match &journal {
            Some(path) => CreatedObjects::from_journal(Journal::at(path))?,
            None => deploy(tool, &connection).await?,
        };
        let mut teardown = Teardown::new(created);
        if tool.has("--managed") {
            teardown = teardown.with_managed_devices_deleted();
        }
        let plan = teardown.plan(client).await?;
        tool.line(format!("{plan}\n"));
        tool.fact("plan", &plan);
        if plan.blocking().next().is_some() {
            tool.line("Nothing was removed: put the errors right, and run it again.");
            return Ok(exit::BLOCKED);
        }
        if plan.is_empty() {
            return Ok(exit::DONE);
        }
        if !tool.may_write(&format!("Remove these objects from {}", plan.tenant))? {
            return Ok(exit::DIFFERENT);
        }
        let mut options = TeardownOptions::default();
        if let Some(path) = &journal {
            options = options.with_journal(Journal::at(path));
        }
        let mut run = plan.apply_with(client, options);
        while let Some(event) = run.next().await {
            if let TeardownEvent::Finished { step, subject, description, .. } = event {
                tool.line(format!("  {step}: {subject}: {description}"));
            }
        }
        let report = run.await;
        tool.line(format!("{} objects removed.", report.removed));
        for left in &report.manual {
            tool.line(format!("Left for you: {left}"));
        }
        if let Some(error) = report.error() {
            tool.line(format!("Ended early: {error:#}"));
        }
        let is_done = report.error().is_none() && !report.stopped;
        tool.fact("teardown", &report);
        Ok(if is_done { exit::DONE } else { exit::FAILURE })
    })
}

/// Applies a deployment on the simulated tenant, for a teardown of it.
async fn deploy(tool: &Tool, connection: &Connection) -> Result<CreatedObjects, Failure> {
    let Some((tenant, _)) = &connection.simulated else {
        return Err(Failure::usage("--live needs --journals PREFIX: the prefix that apply was given"));
    };
    let (desired, devices) = deployment::read(tool)?;
    deployment::prepare(tenant, &desired);
    let client = &connection.client;
    Ok(desired.plan(client, &devices).await?.apply(client).await.into_result()?.created)
}
