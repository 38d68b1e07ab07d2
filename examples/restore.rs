//! Restores a deployment from its export: planning with the exported settings shows the difference.
//!
//! `cargo run --features sim,workflow --example restore` exports a deployment, changes it as a colleague would, and restores it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::model::{DeploymentProfile, DeviceConfiguration};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::HybridJoin;

const SETTINGS: &str = r#"
    name = "Munich"
    active_directory.domain = "corp.contoso.com"
    group = { display_name = "Autopilot Munich", members.group_tag = "Munich" }
    enrollment_status_page.display_name = "Contoso status page Munich"
    profile.display_name = "Contoso hybrid Munich"
    domain_join = { display_name = "Contoso domain join Munich", computer_name_prefix = "MUC-" }
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = restore().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn restore() -> Result<(), Box<dyn Error>> {
    let Harness { client, .. } = Harness::new();
    let settings: HybridJoin = toml::from_str(SETTINGS)?;
    let report = settings.plan(&client, &[]).await?.apply(&client).await.into_result()?;
    println!("{} changes deployed {}", report.changes, settings.name);

    let mut files = Vec::new();
    for profile in client.profiles().list().all().await? {
        let DeploymentProfile::Hybrid(stored) = profile else { continue };
        let export = HybridJoin::export(&client, &stored.id).await?;
        export.not_expressed.iter().for_each(|finding| println!("not in the export: {finding}"));
        files.push(toml::to_string(&export.settings)?); // keep this in version control

        // A colleague shows the license terms, and removes the assignments.
        client.profiles().update(&stored, &stored.settings.clone().with_eula_hidden(false)).await?;
        client.profiles().assignments(&stored.id).replace(&[]).await?;
    }
    for join in client.domain_join_profiles().list().all().await? {
        let DeviceConfiguration::DomainJoin(stored) = join else { continue };
        client.domain_join_profiles().delete(&stored.id).await?;
    }

    for file in files {
        let settings: HybridJoin = toml::from_str(&file)?;
        let plan = settings.plan(&client, &[]).await?;
        let report = plan.apply(&client).await.into_result()?;
        println!("{plan}\n{} changes restored {}", report.changes, settings.name);
        assert!(settings.plan(&client, &[]).await?.is_empty());
    }
    Ok(())
}
