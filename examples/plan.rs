//! What a deployment would change in a tenant, and what stands in its way. Writes nothing.
//!
//! `cargo run --features sim,workflow --example plan [SETTINGS.toml] [DEVICES.csv]` plans for the simulated tenant, with `--live` for
//! a real one (see `examples/support/mod.rs`). `--json=FILE` keeps the plan, for an approval; `apply` takes it.
//! Ends with 0 if the plan can be applied, and with 1 if a finding stops it.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/deployment.rs"]
mod deployment;
#[path = "support/failure.rs"]
mod failure;
mod support;

use std::process::ExitCode;

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let Some((desired, devices)) = deployment::read(support::arguments()) else {
        return Ok(ExitCode::from(2));
    };
    let connection = support::connect()?;
    if let Some((tenant, _)) = &connection.simulated {
        deployment::prepare(tenant, &desired);
    }
    // What the token lacks, before the first call.
    let permissions = desired.check_permissions(&connection.client, !devices.is_empty()).await?;
    for finding in &permissions.findings {
        println!("{finding}");
    }
    let plan = desired.plan(&connection.client, &devices).await?;
    println!("{plan}");
    if let Some(path) = support::value_of("--json=") {
        std::fs::write(&path, serde_json::to_string_pretty(&plan)?)?;
        println!("The plan as a file: {path}");
    }
    Ok(if plan.blocking().next().is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
