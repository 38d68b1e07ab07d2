//! Writes a profile as the file that a device reads if the service has no profile for it, and checks such a file.
//!
//! `cargo run --features offline --example offline_profile [AutopilotConfigurationFile.json]` checks a file; without an
//! argument, it prints the file for a hybrid join profile.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::model::{HybridJoinProfile, Id, MembershipRule};
use windows_autopilot::offline::{self, OfflineProfile, OfflineTenant};

fn main() {
    let ended = match std::env::args().nth(1) {
        Some(path) => check(&path),
        None => print_file(),
    };
    if let Err(error) = ended {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn check(path: &str) -> Result<(), Box<dyn Error>> {
    let read = offline::read(&std::fs::read(path).map_err(|error| format!("{path}: {error}"))?);
    for finding in &read.findings {
        println!("{finding}");
    }
    println!("{} findings", read.findings.len());
    Ok(())
}

fn print_file() -> Result<(), Box<dyn Error>> {
    let mut profile = HybridJoinProfile::new("Contoso hybrid Munich".parse()?);
    profile.locale = "de-DE".parse()?;
    profile.keyboard_selection_page_skipped = true;
    let tenant_id = "1537de22-988c-4e93-b8a5-83890f34a69b".parse()?;
    let tenant = OfflineTenant::new(tenant_id, "contoso.onmicrosoft.com".parse()?)?;
    // The id of the stored profile, from client.profiles().list().
    let id: Id<HybridJoinProfile> = "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac".parse()?;
    let file = OfflineProfile::for_hybrid_join(&profile, &id, tenant)?;
    println!("{}", file.to_json());
    println!("path         {}", offline::PATH);
    println!("hidden       {}", file.oobe_flags());
    println!("devices      {}", MembershipRule::offline_profile(file.correlation_id())?);
    println!("domain join  assign the domain join profile to all devices");
    Ok(())
}
