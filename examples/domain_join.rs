//! Step 8: a domain join profile, and what its checked values refuse.
//!
//! `cargo run --features sim --example domain_join`
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;

use windows_autopilot::model::{AdDomain, ComputerNamePrefix, DomainJoinProfile, OrganizationalUnit, Target};

use self::failure::Failure;
use self::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--live", "--yes"]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    // What an administrator gets wrong most often is refused here, with what to write instead.
    for error in [
        "HYB-%SERIAL%".parse::<ComputerNamePrefix>().err(),
        "CORP".parse::<AdDomain>().err(),
        "CN=Computers,DC=corp,DC=contoso,DC=com".parse::<OrganizationalUnit>().err(),
        "\"OU=Autopilot,DC=corp,DC=contoso,DC=com\"".parse::<OrganizationalUnit>().err(),
    ] {
        report.line(error.ok_or("a bad value was taken")?);
    }

    let connection = support::connect()?;
    let client = &connection.client;
    let profile = DomainJoinProfile::new("Munich".parse()?, support::DOMAIN.parse()?, "MUC-".parse()?)
        .with_organizational_unit("OU=Autopilot,DC=corp,DC=contoso,DC=com".parse()?);
    if !connection.may_write("Create a domain join profile for all devices")? {
        return Ok(report.end(exit::DIFFERENT));
    }
    {
        let stored = client.domain_join_profiles().create(&profile).await?;
        let assigned = client
            .domain_join_profiles()
            .assignments(&stored.id)
            .replace_at_once(&[Target::all_devices()])
            .await?;
        report.line(format!("{} is assigned to {} more", stored.settings.display_name, assigned.added.len()));
        report.fact("profile", stored);
        report.fact("assigned", assigned);
    }
    Ok(report.end(exit::NOTHING_TO_DO))
}
