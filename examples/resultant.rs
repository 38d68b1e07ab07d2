//! Prints the resultant set: each device's profile, status page and domain join, the assignment behind it, and the losers.
//!
//! `cargo run --features sim,workflow --example resultant [DEVICE-ID ...]` shows it for the simulated tenant, with `--live` for
//! a real one; without ids for all registered devices. `--json` prints it for a program. Exit codes: 0 if every device gets
//! one of each, 4 if objects conflict, 5 if not all is known.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::error::Error;
use std::process::ExitCode;

use windows_autopilot::Client;
use windows_autopilot::model::{DomainJoinProfile, HybridJoinProfile, Target};
use windows_autopilot::sim::Tenant;
use windows_autopilot::workflow::resultant::{Effective, ResultantSet};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    if let Err(code) = report::Report::start(&["--live", "--yes"]) {
        return Ok(code);
    }
    let connection = support::connect()?;
    if let Some((tenant, _)) = &connection.simulated {
        prepare(&connection.client, tenant).await?;
    }
    let ids: Result<Vec<_>, _> = support::arguments().iter().map(|id| id.parse()).collect();
    let Ok(ids) = ids else {
        println!("give the ids of registrations, or nothing for all devices");
        return Ok(exit::with(exit::USAGE));
    };
    let run = match ids.as_slice() {
        [] => ResultantSet::read_all(&connection.client),
        ids => ResultantSet::read(&connection.client, ids),
    };
    let set = run.await?;
    match support::has_option("--json") {
        true => println!("{}", serde_json::to_string_pretty(&set)?),
        false => println!("{set}"),
    }
    let all = || set.devices.iter().flat_map(|device| [&device.profile, &device.page, &device.domain_join]);
    let code = if all().any(|effective| matches!(effective, Effective::Conflict { .. })) {
        exit::BLOCKED
    } else if !all().all(Effective::is_known) {
        exit::NOT_KNOWN
    } else {
        exit::NOTHING_TO_DO
    };
    Ok(exit::with(code))
}

/// A tenant in which two domain join profiles reach one device.
async fn prepare(client: &Client, tenant: &Tenant) -> Result<(), Box<dyn Error>> {
    let laptops = tenant.add_group("Laptops");
    let munich = tenant.add_group("Munich");
    tenant.add_member(&laptops, &munich);
    for (serial, group) in [("PF3XK7M1", &munich), ("PF3XK7M2", &laptops)] {
        let device = tenant.add_device(serial);
        tenant.add_member(group, &device);
    }
    let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    client.profiles().assignments(&profile.id).add(&Target::group(laptops.parse()?)).await?;
    for (name, target) in
        [("Contoso", Target::group(laptops.parse()?)), ("Munich", Target::group(munich.parse()?))]
    {
        let join = DomainJoinProfile::new(name.parse()?, support::DOMAIN.parse()?, "MUC-".parse()?);
        let join = client.domain_join_profiles().create(&join).await?;
        client.domain_join_profiles().assignments(&join.id).replace_at_once(&[target]).await?;
    }
    Ok(())
}
