//! A profile as the file that a device reads if the service knows none for it, and a check of a file of another tool.
//!
//! `cargo run --features offline --example offline_profile` prints the file for a hybrid join profile;
//! `cargo run --features offline --example offline_profile -- AutopilotConfigurationFile.json` checks a
//! file. `--json` prints the file or the findings for a program. Exit codes: 0 no error, 1 the file cannot be read, 4 a faulty file.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use windows_autopilot::model::{HybridJoinProfile, Id, MembershipRule, Severity};
use windows_autopilot::offline::{self, OfflineProfile, OfflineTenant};

use self::failure::Failure;
use self::report::Report;

fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&[]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    if let Some(path) = std::env::args().skip(1).find(|argument| !argument.starts_with("--")) {
        return Ok(check(&path, report)?);
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
    let rule = MembershipRule::offline_profile(file.correlation_id())?;
    report.line(file.to_json());
    report.line(format!("goes to      {}", offline::PATH));
    report.line(format!("hides        {}", file.oobe_flags()));
    report.line(format!("devices      {rule}"));
    report.line("domain join  assign the configuration to all devices");
    report.fact("file", file.to_json());
    report.fact("rule", rule.to_string());
    Ok(report.end(exit::NOTHING_TO_DO))
}

fn check(path: &str, mut report: Report) -> Result<ExitCode, Box<dyn Error>> {
    let found = offline::read(&std::fs::read(path)?);
    let name = offline::PATH.rsplit('\\').next().unwrap_or_default();
    if Path::new(path).file_name().is_none_or(|found| found != name) {
        report.line(format!("on the device the file has to be called {name}"));
    }
    for finding in &found.findings {
        report.line(finding);
    }
    report.fact("findings", &found.findings);
    let is_faulty = found.findings.iter().any(|finding| finding.severity == Severity::Error);
    if is_faulty {
        report.line("Windows would ignore the file, or not do what it says.");
    }
    Ok(report.end(if is_faulty { exit::BLOCKED } else { exit::NOTHING_TO_DO }))
}
