//! Step 7: a hybrid join profile, created, assigned and changed.
//!
//! `cargo run --features sim --example hybrid_profile`
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;
mod support;

use windows_autopilot::model::{Group, HybridJoinProfile, Locale, Membership, MembershipRule, Target};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let connection = support::connect()?;
    let client = &connection.client;
    if !connection.may_write("Create a group and a profile, and assign it")? {
        return Ok(());
    }
    let rule = MembershipRule::group_tag("Munich")?;
    let group = Group::new("Autopilot Munich".parse()?).with_membership(Membership::dynamic(rule));
    let group = client.groups().create(&group).await?;

    let profile = HybridJoinProfile::new("Contoso hybrid Munich".parse()?);
    let stored = client.profiles().create(&profile).await?;
    client.profiles().assignments(&stored.id).add(&Target::group(group.id)).await?;

    let mut wish = stored.settings.clone();
    wish.locale = Locale::language("de-DE")?;
    wish.keyboard_selection_page_skipped = true;
    let update = client.profiles().update(&stored, &wish);
    println!("{}", update.patch());
    let stored = update.await?;

    let again = client.profiles().update(&stored, &wish);
    println!("nothing left to change: {}", again.patch().is_empty());
    Ok(())
}
