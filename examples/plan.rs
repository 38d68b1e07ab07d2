//! Shows what a deployment would change in a tenant, and what stands in its way. Writes nothing.
//!
//! `cargo run --features sim,workflow --example plan [SETTINGS.toml] [DEVICES.csv]` plans for the simulated tenant, or
//! with `--live` for a real one (`examples/support/connection.rs` lists the ways to sign in). `--keep FILE` saves the
//! plan for approval; `apply --plan FILE` then applies it. Exit codes: 0 nothing to change, 3 changes, 4 a finding
//! stops the plan, 5 something is unknown.

mod support;

use std::process::ExitCode;

use self::support::{connect, deployment, exit, run};

fn main() -> ExitCode {
    run("plan [SETTINGS.toml] [DEVICES.csv]", &["--keep FILE", "--live"], async |tool| {
        let (desired, devices) = deployment::read(tool)?;
        let connection = connect(tool)?;
        if let Some((tenant, _)) = &connection.simulated {
            deployment::prepare(tenant, &desired);
        }
        // The permissions that the token lacks, before the first call.
        let permissions = desired.check_permissions(&connection.client, !devices.is_empty()).await?;
        for finding in permissions.findings {
            tool.line(finding);
        }
        let plan = desired.plan(&connection.client, &devices).await?;
        tool.line(&plan);
        tool.document(&plan)?;
        if let Some(path) = tool.value("--keep") {
            std::fs::write(path, serde_json::to_string_pretty(&plan)?)
                .map_err(|error| format!("{path}: {error}"))?;
            tool.line(format!("The plan as a file: {path}"));
        }
        Ok(exit::of(&plan))
    })
}
