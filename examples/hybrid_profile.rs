//! Step 7: a hybrid join profile, created, assigned and changed.
//!
//! `cargo run --features sim --example hybrid_profile [--json]`. Exit codes: 0 made and as wished, 3 not so.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;

use windows_autopilot::model::{Group, HybridJoinProfile, Locale, Membership, MembershipRule, Target};

use self::failure::Failure;
use self::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--live", "--yes"]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let connection = support::connect()?;
    let client = &connection.client;
    if !connection.may_write("Create a group and a profile, and assign it")? {
        return Ok(report.end(exit::DIFFERENT));
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
    report.line(update.patch());
    report.fact("patch", update.patch());
    let stored = update.await?;

    let again = client.profiles().update(&stored, &wish);
    report.line(format!("nothing left to change: {}", again.patch().is_empty()));
    let code = if again.patch().is_empty() { exit::NOTHING_TO_DO } else { exit::DIFFERENT };
    report.fact("profile", stored);
    Ok(report.end(code))
}
