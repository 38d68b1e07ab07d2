//! Step 4, before anything is sent: what a device file has, and what the service or the portal will refuse of it.
//!
//! `cargo run --features registration --example check_csv -- devices.csv`
//!
//! `--json` prints the report for a program. Exit codes: 0 no error, 1 the file cannot be read, 2 usage, 4 an error in
//! a row.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/report.rs"]
mod report;

use std::fs::File;
use std::process::ExitCode;

use windows_autopilot::model::Severity;
use windows_autopilot::registration::csv;

fn main() -> ExitCode {
    if let Err(code) = report::Report::start(&[]) {
        return code;
    }
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let path = arguments.next().unwrap_or_else(|| "examples/data/faulty.csv".to_owned());
    let report = match File::open(&path).and_then(csv::check) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{path}: {error}");
            return exit::with(exit::FAILURE);
        }
    };
    let has_error = report.findings.iter().any(|finding| finding.severity == Severity::Error);
    let code = if has_error { exit::BLOCKED } else { exit::NOTHING_TO_DO };
    if std::env::args().any(|argument| argument == "--json") {
        match serde_json::to_string_pretty(&report) {
            Ok(text) => println!("{text}"),
            Err(error) => eprintln!("{path}: {error}"),
        }
        return exit::with(code);
    }
    println!("{path}: {} rows, {} devices can be imported", report.summary.rows, report.summary.devices);
    let width = report.findings.iter().map(|finding| finding.place.len()).max().unwrap_or_default();
    for finding in &report.findings {
        let severity = finding.severity.to_string();
        println!("\n{severity:<7}  {:<width$}  {}", finding.place, finding.id);
        println!("{:<7}  {}", "", finding.evidence);
        println!("{:<7}  -> {}", "", finding.remedy);
    }
    exit::with(code)
}
