//! What a deployment would change in a tenant, and what stands in its way. Writes nothing.
//!
//! `cargo run --features sim,workflow --example plan [SETTINGS.toml] [DEVICES.csv]` plans for the simulated tenant, with `--live` for
//! a real one (see `examples/support/mod.rs`). `--json` prints the plan for a program; `--json=FILE` keeps it, for an approval;
//! `apply` takes it. Exit codes: 0 nothing to change, 3 changes, 4 a finding stops the plan, 5 not all known.
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

use std::process::ExitCode;

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    if let Err(code) = report::Report::start(&["--json=", "--live", "--yes"]) {
        return Ok(code);
    }
    let Some((desired, devices)) = deployment::read(support::arguments()) else {
        return Ok(exit::with(exit::USAGE));
    };
    let connection = support::connect()?;
    if let Some((tenant, _)) = &connection.simulated {
        deployment::prepare(tenant, &desired);
    }
    // What the token lacks, before the first call.
    let permissions = desired.check_permissions(&connection.client, !devices.is_empty()).await?;
    let is_json = support::has_option("--json");
    for finding in permissions.findings.iter().filter(|_| !is_json) {
        println!("{finding}");
    }
    let plan = desired.plan(&connection.client, &devices).await?;
    match is_json {
        true => println!("{}", serde_json::to_string_pretty(&plan)?),
        false => println!("{plan}"),
    }
    if let Some(path) = support::value_of("--json=") {
        std::fs::write(&path, serde_json::to_string_pretty(&plan)?)?;
        println!("The plan as a file: {path}");
    }
    Ok(outcome::of(&plan))
}
