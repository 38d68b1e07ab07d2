//! The connector's right makes the difference: devices join the domain with it, and fail without it.
//!
//! `cargo run --features ad,sim,workflow --example lab` deploys ten devices without the right and ten with it, in an
//! in-memory directory. With an `LdapDirectory` instead, the computers are real: see `tests/directory/lab.rs`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;
use std::time::Duration;

use windows_autopilot::ad::delegation::Delegation;
use windows_autopilot::ad::memory::MemoryDirectory;
use windows_autopilot::model::DeviceToImport;
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::sim::PowerOnOptions;
use windows_autopilot::testing::{DirectoryAccounts, Harness};
use windows_autopilot::workflow::HybridJoin;
use windows_autopilot::workflow::watch::{DeploymentOutcome, Watch};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = deploy().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn deploy() -> Result<(), Box<dyn Error>> {
    let desired: HybridJoin = toml::from_str(include_str!("data/hybrid_join.toml"))?;
    let (domain, unit) = (&desired.active_directory.domain, &desired.active_directory.organizational_unit);
    let unit = unit.as_ref().ok_or("the settings name no OU")?;
    let directory = MemoryDirectory::new(domain);
    directory.add_unit(unit);
    let connector = directory.add_managed_service_account("msaODJ1a2b3");

    // The simulated connector creates computers as its own account.
    let accounts = DirectoryAccounts::new(directory.bound_as(&connector));
    let Harness { client, tenant, .. } =
        Harness::builder().with_tenant(|tenant| tenant.with_computer_accounts(accounts)).build();
    let user = format!("adele@{}", tenant.domain());
    tenant.add_member(&tenant.add_group("Intune users"), &tenant.add_user(&user));
    tenant.add_connector("SRV-ODJ-01", domain.as_str(), "6.2504.2001.8");

    let sample = |serial: String| Ok(DeviceToImport::new(serial.parse()?, SampleHash::new(serial).build()?));
    let devices =
        (0..20).map(|n| sample(format!("LAB{n:05}"))).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let applied = desired.plan(&client, &devices).await?.apply(&client).await.into_result()?;
    let profile = applied.profile.as_ref().ok_or("there is no profile")?;
    for (has_right, devices) in [false, true].into_iter().zip(applied.devices.chunks(10)) {
        if has_right {
            println!("{}", Delegation::new(unit, connector.clone()).apply(&directory).await?);
        }
        for (id, serial) in devices {
            client.devices().wait_until_assigned(id, profile, Duration::from_secs(3600)).await?;
            tenant.power_on_with(PowerOnOptions::new(serial).with_user(&user));
        }
        let report = Watch::new(&client, devices.iter().map(|(id, _)| id.clone())).start().await?;
        println!("with the right: {has_right}; ready: {}", report.count(DeploymentOutcome::Ready));
    }
    Ok(())
}
