//! The resultant set: each device's profile, status page and domain join, the assignment behind it, and the assignments
//! that lost.
//!
//! `cargo run --features sim,workflow --example resultant` only reads on a real tenant.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::model::{DomainJoinProfile, HybridJoinProfile, Target};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::resultant::ResultantSet;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = show().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn show() -> Result<(), Box<dyn Error>> {
    let client = tenant_with_conflict().await?;
    // On a real tenant:
    // let client = windows_autopilot::Client::builder(windows_autopilot::credential::FixedToken::new(std::env::var("TOKEN")?)).build()?;

    println!("{}", ResultantSet::read_all(&client).await?);
    Ok(())
}

/// Simulates a tenant in which two domain join profiles reach one device.
async fn tenant_with_conflict() -> Result<windows_autopilot::Client, Box<dyn Error>> {
    let Harness { client, tenant, .. } = Harness::new();
    let [laptops, munich] = ["Laptops", "Munich"].map(|name| tenant.add_group(name));
    tenant.add_member(&laptops, &munich);
    for (serial, group) in [("PF3XK7M1", &munich), ("PF3XK7M2", &laptops)] {
        tenant.add_member(group, &tenant.add_device(serial));
    }
    let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    client.profiles().assignments(&profile.id).add(&Target::group(laptops.parse()?)).await?;
    for (name, group) in [("Contoso", &laptops), ("Munich", &munich)] {
        let join = DomainJoinProfile::new(name.parse()?, "corp.contoso.com".parse()?, "MUC-".parse()?);
        let join = client.domain_join_profiles().create(&join).await?;
        client.domain_join_profiles().assignments(&join.id).add(&Target::group(group.parse()?)).await?;
    }
    Ok(client)
}
