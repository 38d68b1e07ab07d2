//! Whether a tenant is still what it should be: for a pipeline that runs every night.
//!
//! `cargo run --features sim,workflow --example drift [SETTINGS.toml]` compares; with `--live` a real tenant. On the simulated
//! tenant somebody changes a profile by hand after the deployment, so there is something to see; `--untouched` leaves it
//! alone. `--json` prints the plan for a program. Exit codes: 0 nothing differs, 3 something does, 4 a finding stops the plan,
//! 5 nothing differs and not all is known.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/deployment.rs"]
mod deployment;
#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/outcome.rs"]
mod outcome;
#[path = "support/report.rs"]
mod report;
mod support;

use std::error::Error;
use std::process::ExitCode;

use windows_autopilot::Client;
use windows_autopilot::model::{DeploymentProfile, Locale};
use windows_autopilot::workflow::{HybridJoin, PlanStatus};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    if let Err(code) = report::Report::start(&["--untouched", "--live", "--yes"]) {
        return Ok(code);
    }
    let Some((desired, _)) = deployment::read(support::arguments()) else {
        return Ok(exit::with(exit::USAGE));
    };
    let connection = support::connect()?;
    if let Some((tenant, _)) = &connection.simulated {
        deployment::prepare(tenant, &desired);
        let _ = desired.plan(&connection.client, &[]).await?.apply(&connection.client).await.into_result()?;
        if !support::has_option("--untouched") {
            meddle(&connection.client).await?;
        }
    }
    Ok(compare(&desired, &connection.client).await?)
}

async fn compare(desired: &HybridJoin, client: &Client) -> Result<ExitCode, Box<dyn Error>> {
    let plan = desired.plan(client, &[]).await?;
    if support::has_option("--json") {
        println!("{}", serde_json::to_string_pretty(&plan)?);
        return Ok(outcome::of(&plan));
    }
    for planned in plan.drift() {
        print!("{}: {planned}", planned.step);
    }
    for planned in plan.unknown() {
        print!("{}: {planned}", planned.step);
    }
    for finding in plan.blocking() {
        println!("{finding}");
    }
    for finding in plan.unknown_findings() {
        println!("not known: {finding}");
    }
    match plan.drift().count() {
        0 if plan.status() == PlanStatus::NotKnown => println!("Nothing differs as far as could be read."),
        0 => println!("The tenant is as it should be."),
        1 => println!("1 thing differs."),
        count => println!("{count} things differ."),
    }
    Ok(outcome::of(&plan))
}

/// What a colleague does in the portal.
async fn meddle(client: &Client) -> Result<(), Box<dyn Error>> {
    for profile in client.profiles().list().all().await? {
        let DeploymentProfile::Hybrid(stored) = profile else { continue };
        let mut other = stored.settings.clone();
        other.locale = Locale::language("fr-FR")?;
        client.profiles().update(&stored, &other).await?;
    }
    Ok(())
}
