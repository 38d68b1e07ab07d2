//! Step 3: the text that gives the Intune Connector's account the right to create computers in an organizational unit.
//!
//! `cargo run --features ad --example computer_accounts [OU] [DOMAIN\ACCOUNT]`
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;

use windows_autopilot::ad::Principal;
use windows_autopilot::ad::delegation::{DelegationProfile, DelegationScript};
use windows_autopilot::model::OrganizationalUnit;

use self::failure::Failure;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let unit = arguments.next().unwrap_or_else(|| "OU=Autopilot,DC=corp,DC=contoso,DC=com".to_owned());
    let account = arguments.next().unwrap_or_else(|| r"CORP\msaODJ1a2b3$".to_owned());
    let unit: OrganizationalUnit = unit.parse()?;
    let account: Principal = account.parse()?;

    // What Microsoft documents for the current connector: create computer objects, this object only.
    let script = DelegationScript::for_profile(DelegationProfile::CreateOnly, &unit, account)?;
    println!("PowerShell, on a computer of the domain:\n\n{}", script.powershell());
    match script.dsacls() {
        Some(text) => println!("dsacls:\n\n{text}"),
        None => println!("dsacls cannot say \"this object only\"."),
    }
    Ok(())
}
