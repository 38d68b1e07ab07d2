//! Step 3: prints the commands that let the Intune Connector's account create computers in an organizational unit.
//!
//! `cargo run --features ad --example computer_accounts` changes nothing. The `delegate_ou` tool grants the right
//! itself.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::ad::delegation::{DelegationProfile, DelegationScript};

const UNIT: &str = "OU=Autopilot,DC=corp,DC=contoso,DC=com";
const ACCOUNT: &str = r"CORP\msaODJ1a2b3$";

fn main() {
    if let Err(error) = print_commands() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn print_commands() -> Result<(), Box<dyn Error>> {
    // The right that Microsoft documents for the current connector: create computer objects, this object only.
    let script =
        DelegationScript::for_profile(DelegationProfile::CreateOnly, &UNIT.parse()?, ACCOUNT.parse()?)?;
    println!("PowerShell, on a computer of the domain:\n\n{}", script.powershell());
    match script.dsacls() {
        Some(text) => println!("dsacls:\n\n{text}"),
        None => println!("dsacls cannot say \"this object only\"."),
    }
    Ok(())
}
