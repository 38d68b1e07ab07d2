//! Lists every deployment profile, status page and domain join profile of a tenant with its assignments.
//!
//! `cargo run --features sim --example audit` only reads, once it has given the simulated tenant one of each.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::model::{DeviceConfiguration, DomainJoinProfile, EnrollmentConfiguration};
use windows_autopilot::model::{HybridJoinProfile, Target};
use windows_autopilot::resource::{Assignable, Assignments};
use windows_autopilot::{Client, Result as CallResult, testing::Harness};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = list().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn list() -> Result<(), Box<dyn Error>> {
    let Harness { client, tenant, .. } = Harness::new();
    let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    let group = tenant.add_group("Autopilot Munich").parse()?;
    client.profiles().assignments(&profile.id).add(&Target::group(group)).await?;
    let join = DomainJoinProfile::new("Munich".parse()?, "corp.contoso.com".parse()?, "MUC-".parse()?);
    client.domain_join_profiles().create(&join).await?;
    Ok(audit(&client).await?)
}

async fn audit(client: &Client) -> CallResult<()> {
    for profile in client.profiles().list().all().await? {
        let (Some(id), Some(name)) = (profile.any_id(), profile.display_name()) else { continue };
        println!("profile {name}: {}", targets(client, client.profiles().assignments(&id)).await?);
    }
    let pages = client.enrollment_status_pages();
    for page in pages.list().all().await? {
        let EnrollmentConfiguration::StatusPage(page) = page else { continue };
        let targets = targets(client, pages.assignments(&page.id)).await?;
        println!("status page {}: {targets}", page.settings.display_name);
    }
    let joins = client.domain_join_profiles();
    for join in joins.list().all().await? {
        let DeviceConfiguration::DomainJoin(join) = join else { continue };
        let targets = targets(client, joins.assignments(&join.id)).await?;
        println!("domain join profile {}: {targets}", join.settings.display_name);
    }
    Ok(())
}

/// Names the targets of an object of any kind.
async fn targets<T: Assignable>(client: &Client, assignments: Assignments<'_, T>) -> CallResult<String> {
    let mut names = Vec::new();
    for target in assignments.list().all().await?.into_iter().filter_map(|assignment| assignment.target) {
        let to =
            if let Some(id) = target.group_id() { client.groups().get(id).if_found().await? } else { None };
        names.push(to.map_or(format!("{:?}", target.kind), |group| group.settings.display_name.to_string()));
    }
    Ok(if names.is_empty() { "not assigned".to_owned() } else { names.join(", ") })
}
