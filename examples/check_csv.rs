//! Step 4, before anything is sent: the findings about a device file, as a table.
//!
//! `cargo run --features registration --example check_csv [DEVICES.csv]` exits with 4 if a row has an error, for use in
//! pipelines.
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
            return ExitCode::FAILURE;
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
    let has_error = report.findings.iter().any(|finding| finding.severity == Severity::Error);
    if has_error { ExitCode::from(4) } else { ExitCode::SUCCESS }
}
