//! Step 7: a hybrid join profile, created, assigned and changed.
//!
//! `cargo run --features sim --example hybrid_profile` creates one profile and one group, of the devices with the tag
//! `Munich`, and assigns the profile to the group.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::model::{Group, HybridJoinProfile, Locale, Membership, MembershipRule, Target};
use windows_autopilot::testing::Harness;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = create().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn create() -> Result<(), Box<dyn Error>> {
    let Harness { client, .. } = Harness::new();
    // On a real tenant:
    // let client = windows_autopilot::Client::builder(windows_autopilot::credential::FixedToken::new(std::env::var("TOKEN")?)).build()?;

    let rule = MembershipRule::group_tag("Munich")?;
    let group = Group::new("Autopilot Munich".parse()?).with_membership(Membership::dynamic(rule));
    let group = client.groups().create(&group).await?;

    let profile = HybridJoinProfile::new("Contoso hybrid Munich".parse()?);
    let stored = client.profiles().create(&profile).await?;
    client.profiles().assignments(&stored.id).add(&Target::group(group.id)).await?;

    // An update sends the difference of two settings.
    let mut desired = stored.settings.clone();
    desired.locale = Locale::language("de-DE")?;
    desired.keyboard_selection_page_skipped = true;
    let update = client.profiles().update(&stored, &desired);
    println!("{}", update.patch());
    let stored = update.await?;

    let again = client.profiles().update(&stored, &desired);
    println!("A second update would change nothing: {}", again.patch().is_empty());
    Ok(())
}
