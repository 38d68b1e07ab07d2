//! Compares a tenant with its settings, prints the plan as JSON, and exits with the code of the comparison.
//!
//! `cargo run --features sim,workflow --example drift_json > drift.json` deploys the settings, changes the profile as a
//! colleague would, and exits with 3. Exit codes: 0 nothing differs, 1 a call failed, 2 the settings cannot be read, 3
//! something differs, 4 a finding stops the plan, 5 no difference was found, but something could not be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::{error::Error, process::ExitCode};

use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{HybridJoin, PlanStatus};
use windows_autopilot::{Client, model::DeploymentProfile};

const SETTINGS: &str = r#"
    name = "Munich"
    active_directory.domain = "corp.contoso.com"
    group = { display_name = "Autopilot Munich", members.group_tag = "Munich" }
    enrollment_status_page.display_name = "Contoso status page Munich"
    profile.display_name = "Contoso hybrid Munich"
    domain_join = { display_name = "Contoso domain join Munich", computer_name_prefix = "MUC-" }
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match toml::from_str(SETTINGS) {
        Ok(desired) => compare(&desired).await.unwrap_or_else(|error| end(1, &*error)),
        Err(error) => end(2, &error),
    }
}

fn end(code: u8, error: &dyn Error) -> ExitCode {
    eprintln!("{error}");
    code.into()
}

async fn compare(desired: &HybridJoin) -> Result<ExitCode, Box<dyn Error>> {
    let Harness { client, .. } = Harness::new();
    let report = desired.plan(&client, &[]).await?.apply(&client).await.into_result()?;
    eprintln!("{} changes deployed the settings", report.changes);
    meddle(&client).await?;

    let plan = desired.plan(&client, &[]).await?;
    println!("{}", serde_json::to_string_pretty(&plan)?);
    plan.drift().for_each(|planned| eprint!("{}: {planned}", planned.step));
    Ok(ExitCode::from(match plan.status() {
        PlanStatus::Same => 0,
        PlanStatus::Changed => 3,
        PlanStatus::Blocked => 4,
        _ => 5,
    }))
}

async fn meddle(client: &Client) -> windows_autopilot::Result<()> {
    for profile in client.profiles().list().all().await? {
        let DeploymentProfile::Hybrid(stored) = profile else { continue };
        client.profiles().update(&stored, &stored.settings.clone().with_eula_hidden(false)).await?;
        client.profiles().assignments(&stored.id).replace(&[]).await?;
    }
    Ok(())
}
