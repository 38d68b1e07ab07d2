//! A profile as the file that a device reads if the service knows none for it, and a check of a file of another tool.
//!
//! `cargo run --features offline --example offline_profile` prints the file for a hybrid join profile;
//! `cargo run --features offline --example offline_profile -- AutopilotConfigurationFile.json` checks a file.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;

use std::error::Error;
use std::path::Path;

use windows_autopilot::model::{HybridJoinProfile, Id, MembershipRule, Severity};
use windows_autopilot::offline::{self, OfflineProfile, OfflineTenant};

use self::failure::Failure;

fn main() -> Result<(), Failure> {
    if let Some(path) = std::env::args().nth(1) {
        return Ok(check(&path)?);
    }
    let mut profile = HybridJoinProfile::new("Contoso hybrid Munich".parse()?);
    profile.locale = "de-DE".parse()?;
    profile.keyboard_selection_page_skipped = true;
    let tenant = OfflineTenant::new(
        "1537de22-988c-4e93-b8a5-83890f34a69b".parse()?,
        "contoso.onmicrosoft.com".parse()?,
    )?;
    // Most often the id of the stored profile: client.profiles().list() has it.
    let id: Id<HybridJoinProfile> = "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac".parse()?;
    let file = OfflineProfile::for_hybrid_join(&profile, &id, tenant)?;
    print!("{}", file.to_json());
    println!("\ngoes to      {}", offline::PATH);
    println!("hides        {}", file.oobe_flags());
    println!("devices      {}", MembershipRule::offline_profile(file.correlation_id())?);
    println!("domain join  assign the configuration to all devices");
    Ok(())
}

fn check(path: &str) -> Result<(), Box<dyn Error>> {
    let report = offline::read(&std::fs::read(path)?);
    let name = offline::PATH.rsplit('\\').next().unwrap_or_default();
    if Path::new(path).file_name().is_none_or(|found| found != name) {
        println!("on the device the file has to be called {name}");
    }
    for finding in &report.findings {
        println!("{finding}");
    }
    match report.findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Error) => Err("Windows would ignore the file, or not do what it says".into()),
        _ => Ok(()),
    }
}
