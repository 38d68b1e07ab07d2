//! Reads what a device and the connector's server logged, and says what went wrong.
//!
//! `cargo run --features evidence-archives --example diagnose -- BUNDLE... [--server=FILE]... [--zone=HOURS] [--json | --html]`
//!
//! `BUNDLE` is a cab, a zip, a folder or a single file of the device; `--server=` names a log of the connector's server;
//! `--zone=` is the offset of the wall time in text logs from UTC. Ends with 0 if the deployment succeeded, 3 if the cause was
//! found, 5 if not all is known, and 2 if the call is wrong.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;

use std::process::ExitCode;

use windows_autopilot::evidence::{Bundle, Limits, Options, Side, Verdict, VerdictOutcome, diagnose};
use windows_autopilot::jiff::tz::Offset;

const HELP: &str = "usage: diagnose BUNDLE... [--server=FILE]... [--zone=HOURS] [--json | --html]";

fn main() -> ExitCode {
    match run() {
        Ok(outcome) => exit::with(match outcome {
            VerdictOutcome::Healthy => exit::NOTHING_TO_DO,
            VerdictOutcome::CauseFound => exit::DIFFERENT,
            _ => exit::NOT_KNOWN,
        }),
        Err(problem) => {
            eprintln!("{problem}\n{HELP}");
            exit::with(exit::USAGE)
        }
    }
}

fn run() -> Result<VerdictOutcome, String> {
    let mut bundle = Bundle::new(Limits::default());
    let mut form = String::new();
    let mut count = 0;
    for argument in std::env::args().skip(1) {
        let (side, path) = match argument.split_once('=') {
            Some(("--server", path)) => (Side::ConnectorServer, path),
            Some(("--zone", hours)) => {
                let hours = hours.parse::<f64>().ok().filter(|hours| hours.abs() <= 14.0);
                let hours = hours
                    .ok_or_else(|| format!("{argument}: write hours from -14 to 14, such as --zone=-5.5"))?;
                let offset = offset(hours).ok_or_else(|| format!("{argument}: no such offset"))?;
                bundle = bundle.with_utc_offset(Side::Device, offset);
                bundle = bundle.with_utc_offset(Side::ConnectorServer, offset);
                continue;
            }
            _ if argument == "--json" || argument == "--html" => {
                form = argument;
                continue;
            }
            _ if argument.starts_with("--") => return Err(format!("{argument}: no such option")),
            _ => (Side::Device, argument.as_str()),
        };
        bundle.add_path(side, path).map_err(|error| format!("{path}: {error}"))?;
        count += 1;
    }
    if count == 0 {
        return Err("name a bundle".to_owned());
    }
    let verdict = diagnose(&bundle.read(), &Options::default());
    match form.as_str() {
        "--json" => {
            println!("{}", serde_json::to_string_pretty(&verdict).map_err(|error| error.to_string())?)
        }
        "--html" => println!("{}", page(&verdict)),
        _ => println!("{verdict}"),
    }
    Ok(verdict.outcome())
}

fn offset(hours: f64) -> Option<Offset> {
    let text = format!("{:.0}", hours * 3600.0);
    Offset::from_seconds(text.parse().ok()?).ok()
}

/// The verdict as a page.
fn page(verdict: &Verdict) -> String {
    let mut page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Diagnosis</title><main><h1>Diagnosis</h1><table>".to_owned();
    for link in verdict.links() {
        page += &format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            escape(&link.kind.to_string()),
            link.state
        );
    }
    page += "</table>";
    for of in verdict.diagnoses() {
        let finding = &of.finding;
        page += &format!(
            "<h2>{}: {}</h2><p>{} ({})</p><p>{}</p><ul>",
            finding.severity,
            escape(&finding.evidence),
            escape(&finding.id),
            of.strength,
            escape(&finding.remedy)
        );
        for proof in &of.proof {
            page += &format!("<li>{}</li>", escape(&proof.to_string()));
        }
        page += "</ul>";
    }
    page + "</main></html>"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
