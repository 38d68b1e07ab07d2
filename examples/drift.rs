//! Compares a tenant with its settings, for a pipeline that runs every night.
//!
//! `cargo run --features sim,workflow --example drift [SETTINGS.toml]` compares the simulated tenant, or with `--live`
//! a real one. In the simulated tenant, somebody changes a profile by hand after the deployment, so that something
//! differs; `--untouched` leaves the profile unchanged. Exit codes: 0 nothing differs, 3 something does, 4 a finding
//! stops the plan, 5 nothing differs as far as could be read.

mod support;

use std::process::ExitCode;

use windows_autopilot::Client;
use windows_autopilot::model::{DeploymentProfile, Locale};
use windows_autopilot::workflow::PlanStatus;

use self::support::{Failure, connect, deployment, exit, run};

fn main() -> ExitCode {
    run("drift [SETTINGS.toml]", &["--untouched", "--live"], async |tool| {
        let (desired, _) = deployment::read(tool)?;
        let connection = connect(tool)?;
        let client = &connection.client;
        if let Some((tenant, _)) = &connection.simulated {
            deployment::prepare(tenant, &desired);
            let _ = desired.plan(client, &[]).await?.apply(client).await.into_result()?;
            if !tool.has("--untouched") {
                change_by_hand(client).await?;
            }
        }
        let plan = desired.plan(client, &[]).await?;
        for planned in plan.drift().chain(plan.unknown()) {
            tool.line(format!("{}: {planned}", planned.step).trim_end());
        }
        for finding in plan.blocking() {
            tool.line(finding);
        }
        for finding in plan.unknown_findings() {
            tool.line(format!("not known: {finding}"));
        }
        match plan.drift().count() {
            0 if plan.status() == PlanStatus::NotKnown => {
                tool.line("Nothing differs as far as could be read.")
            }
            0 => tool.line("The tenant is as it should be."),
            1 => tool.line("1 thing differs."),
            count => tool.line(format!("{count} things differ.")),
        }
        tool.document(&plan)?;
        Ok(exit::of(&plan))
    })
}

/// Changes the language of the profile, as a colleague does in the portal.
async fn change_by_hand(client: &Client) -> Result<(), Failure> {
    for profile in client.profiles().list().all().await? {
        let DeploymentProfile::Hybrid(stored) = profile else { continue };
        let mut other = stored.settings.clone();
        other.locale = Locale::language("fr-FR")?;
        client.profiles().update(&stored, &other).await?;
    }
    Ok(())
}
