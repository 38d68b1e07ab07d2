//! Steps 3 to 10 on premises and in the tenant: the connector creates the computers of 25 devices in a directory.
//!
//! `cargo run --features ad,sim,workflow --example lab` plays them in a directory in memory, as the connector's account: without the
//! right, with the right that `delegate_ou apply` grants, and after it is revoked. With an `LdapDirectory` in place of the one in
//! memory the computers are real: see `tests/directory/lab.rs`.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/deployment.rs"]
mod deployment;
#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use windows_autopilot::ad::delegation::Delegation;
use windows_autopilot::ad::directory::{Directory as _, Search, SearchFilter};
use windows_autopilot::ad::memory::MemoryDirectory;
use windows_autopilot::model::DeviceToImport;
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::sim::PowerOnOptions;
use windows_autopilot::testing::{DirectoryAccounts, Harness};
use windows_autopilot::workflow::watch::{DeploymentOutcome, Watch};

use self::failure::Failure;
use self::report::Report;

/// The number of devices that are switched on each time.
const DEVICES: usize = 25;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&[]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let Some(desired) = deployment::read_settings(deployment::SETTINGS) else {
        return Ok(exit::with(exit::BLOCKED));
    };
    let domain = &desired.active_directory.domain;
    let unit = desired.active_directory.organizational_unit.as_ref().ok_or("the settings name no OU")?;
    let directory = MemoryDirectory::new(domain);
    directory.add_unit(unit);
    let connector = directory.add_managed_service_account("msaODJ1a2b3");

    // The simulated connector creates computers as its own account, and nobody else's.
    let accounts = DirectoryAccounts::new(directory.bound_as(&connector));
    let Harness { client, tenant, .. } =
        Harness::builder().with_tenant(|tenant| tenant.with_computer_accounts(accounts)).build();
    deployment::prepare(&tenant, &desired);
    let devices: Vec<DeviceToImport> = (0..3 * DEVICES)
        .map(|number| {
            let serial = format!("LAB{number:05}");
            Ok(DeviceToImport::new(serial.parse()?, SampleHash::new(serial.clone()).build()?))
        })
        .collect::<Result<_, Failure>>()?;
    let applied = desired.plan(&client, &devices).await?.apply(&client).await.into_result()?;
    let profile = applied.profile.as_ref().ok_or("there is no profile")?;
    for (id, _) in &applied.devices {
        client.devices().wait_until_assigned(id, profile, Duration::from_secs(3600)).await?;
    }

    let mut stages = applied.devices.chunks(DEVICES);
    let mut play = async |stage: &str| -> Result<usize, Failure> {
        let devices = stages.next().unwrap_or_default();
        for (_, serial) in devices {
            let options = PowerOnOptions::new(serial).with_user(deployment::user_of(&tenant));
            tenant.power_on_with(options);
        }
        let watched = Watch::new(&client, devices.iter().map(|(id, _)| id.clone())).start().await?;
        let ready = watched.count(DeploymentOutcome::Ready);
        let causes = devices.iter().filter_map(|(_, serial)| tenant.deployment(serial)?.refusal);
        let mut causes_by_text: BTreeMap<String, usize> = BTreeMap::new();
        causes.for_each(|cause| *causes_by_text.entry(cause.to_string()).or_default() += 1);
        let computers = Search::subtree(unit.as_str(), SearchFilter::equals("objectClass", "computer"));
        let computers = directory.search(computers, 1_000).await?.len();
        report.line(format!("{stage}: {ready} of {DEVICES} ready, {computers} computers in {unit}"));
        causes_by_text.iter().for_each(|(cause, count)| report.line(format!("  {count} refused: {cause}")));
        Ok(ready)
    };
    let without = play("Without the right").await?;
    let granted = Delegation::new(unit, connector.clone()).apply(&directory).await?;
    report.line(&granted);
    let with = play("With the right").await?;
    report.line(granted.receipt.revoke(&directory).await?);
    let after = play("After its revocation").await?;
    match (without, with, after) {
        (0, DEVICES, 0) => {}
        _ => return Err("the right did not decide which devices join".into()),
    }
    report.fact("ready", [without, with, after]);
    Ok(report.end(exit::NOTHING_TO_DO))
}
