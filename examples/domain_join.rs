//! Step 8: a domain join profile for the devices of a group, and the values that its types refuse.
//!
//! `cargo run --features sim --example domain_join` creates one profile and assigns it to an existing group.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::graph::field;
use windows_autopilot::model::{AdDomain, ComputerNamePrefix, DomainJoinProfile, OrganizationalUnit, Target};
use windows_autopilot::testing::Harness;

const GROUP: &str = "Autopilot Munich";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = create().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn create() -> Result<(), Box<dyn Error>> {
    // The most common mistakes are refused before any call, with the value to write instead.
    for error in [
        "HYB-%SERIAL%".parse::<ComputerNamePrefix>().err(),
        "CORP".parse::<AdDomain>().err(),
        "CN=Computers,DC=corp,DC=contoso,DC=com".parse::<OrganizationalUnit>().err(),
    ] {
        println!("{}", error.ok_or("a bad value was accepted")?);
    }

    let Harness { client, tenant, .. } = Harness::new();
    tenant.add_group(GROUP);
    // On a real tenant:
    // let client = windows_autopilot::Client::builder(windows_autopilot::credential::FixedToken::new(std::env::var("TOKEN")?)).build()?;

    let groups = client.groups().list().filter(field("displayName").eq(GROUP)).all().await?;
    let [group] = groups.as_slice() else {
        return Err(format!("{} groups are called {GROUP}, not one", groups.len()).into());
    };
    let profile = DomainJoinProfile::new("Munich".parse()?, "corp.contoso.com".parse()?, "MUC-".parse()?)
        .with_organizational_unit("OU=Autopilot,DC=corp,DC=contoso,DC=com".parse()?);
    let stored = client.domain_join_profiles().create(&profile).await?;
    let target = Target::group(group.id.clone());
    client.domain_join_profiles().assignments(&stored.id).add(&target).await?;
    println!("{} is assigned to {GROUP}.", stored.settings.display_name);
    Ok(())
}
