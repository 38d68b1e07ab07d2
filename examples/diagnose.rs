//! Reads the logs of a device and of the connector's server, and names the cause of a failed deployment.
//!
//! `cargo run --features evidence-archives --example diagnose -- BUNDLE... [--server FILE]... [--zone HOURS] [--html]`
//!
//! `BUNDLE` is a cab, a zip, a folder or a single file from the device, `--server` names a log from the connector's
//! server, and `--zone` is the offset from UTC of the local time in text logs. Exit codes: 0 the deployment succeeded, 3
//! the cause was found, 5 neither could be established.

mod support;

use std::process::ExitCode;

use windows_autopilot::evidence::{Bundle, Limits, Options, Side, Verdict, VerdictOutcome, diagnose};
use windows_autopilot::jiff::tz::Offset;

use self::support::{Failure, exit, run};

fn main() -> ExitCode {
    run("diagnose BUNDLE...", &["--server FILE", "--zone HOURS", "--html"], async |tool| {
        let mut bundle = Bundle::new(Limits::default());
        if let Some(hours) = tool.parse("--zone")? {
            let offset = offset(hours).ok_or_else(|| {
                Failure::usage("write --zone with hours from -14 to 14, such as --zone=-5.5")
            })?;
            for side in [Side::Device, Side::ConnectorServer] {
                bundle = bundle.with_utc_offset(side, offset);
            }
        }
        let device = tool.arguments().iter().map(|path| (Side::Device, path.as_str()));
        let server = tool.values("--server").map(|path| (Side::ConnectorServer, path));
        let files: Vec<_> = device.chain(server).collect();
        if files.is_empty() {
            return Err(Failure::usage("name a bundle: a cab, a zip, a folder or a file"));
        }
        for (side, path) in files {
            bundle.add_path(side, path).map_err(|error| Failure::usage(format!("{path}: {error}")))?;
        }
        let verdict = diagnose(&bundle.read(), &Options::default());
        match tool.has("--html") {
            true => tool.line(page(&verdict)),
            false => tool.line(&verdict),
        }
        tool.document(&verdict)?;
        Ok(match verdict.outcome() {
            VerdictOutcome::Healthy => exit::DONE,
            VerdictOutcome::CauseFound => exit::DIFFERENT,
            _ => exit::NOT_KNOWN,
        })
    })
}

fn offset(hours: f64) -> Option<Offset> {
    if hours.abs() > 14.0 {
        return None;
    }
    let text = format!("{:.0}", hours * 3600.0);
    Offset::from_seconds(text.parse().ok()?).ok()
}

/// Returns the verdict as a page.
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
