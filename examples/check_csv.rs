//! Step 4, before anything is sent: what a device file has, and what the service or the portal will refuse of it.
//!
//! `cargo run --features registration --example check_csv -- devices.csv`
//!
//! Ends with 0 if all is well, 1 after warnings and 2 after errors, for use in a pipeline.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::fs::File;
use std::process::ExitCode;

use windows_autopilot::model::Severity;
use windows_autopilot::registration::csv;

fn main() -> ExitCode {
    let path = std::env::args().nth(1).unwrap_or_else(|| "examples/data/faulty.csv".to_owned());
    let report = match File::open(&path).and_then(csv::check) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::from(2);
        }
    };
    println!("{path}: {} rows, {} devices can be imported", report.summary.rows, report.summary.devices);
    let width = report.findings.iter().map(|finding| finding.place.len()).max().unwrap_or_default();
    for finding in &report.findings {
        let severity = finding.severity.to_string();
        println!("\n{severity:<7}  {:<width$}  {}", finding.place, finding.id);
        println!("{:<7}  {}", "", finding.evidence);
        println!("{:<7}  -> {}", "", finding.remedy);
    }
    match report.findings.iter().map(|finding| finding.severity).max() {
        None | Some(Severity::Info) => ExitCode::SUCCESS,
        Some(Severity::Warning) => ExitCode::from(1),
        Some(_) => ExitCode::from(2),
    }
}
