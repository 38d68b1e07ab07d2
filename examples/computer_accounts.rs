//! Step 3: the text that gives the Intune Connector's account the right to create computers in an organizational unit.
//!
//! `cargo run --features ad --example computer_accounts [OU] [DOMAIN\ACCOUNT] [--json]`. Exit codes: 0 printed, 2 no such
//! organizational unit or account.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;

use std::process::ExitCode;

use windows_autopilot::ad::Principal;
use windows_autopilot::ad::delegation::{DelegationProfile, DelegationScript};
use windows_autopilot::model::OrganizationalUnit;

use self::failure::Failure;
use self::report::Report;

fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&[]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let unit = arguments.next().unwrap_or_else(|| "OU=Autopilot,DC=corp,DC=contoso,DC=com".to_owned());
    let account = arguments.next().unwrap_or_else(|| r"CORP\msaODJ1a2b3$".to_owned());
    let unit: OrganizationalUnit = match unit.parse() {
        Ok(unit) => unit,
        Err(error) => return Ok(report::usage(error)),
    };
    let account: Principal = match account.parse() {
        Ok(account) => account,
        Err(error) => return Ok(report::usage(error)),
    };

    // What Microsoft documents for the current connector: create computer objects, this object only.
    let script = DelegationScript::for_profile(DelegationProfile::CreateOnly, &unit, account)?;
    report.line(format!("PowerShell, on a computer of the domain:\n\n{}", script.powershell()));
    match script.dsacls() {
        Some(text) => report.line(format!("dsacls:\n\n{text}")),
        None => report.line("dsacls cannot say \"this object only\"."),
    }
    report.fact("powershell", script.powershell());
    report.fact("dsacls", script.dsacls());
    Ok(report.end(exit::NOTHING_TO_DO))
}
