//! What came of a deployment, device by device: as text, as Markdown, as JSON through serde, and as a page to look at.

mod html;
mod markdown;
mod text;
mod timeline;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::watch::{DeviceState, Outcome, Phase, spell};
use crate::model::{Device, Finding, Id, Severity, Text};

/// What came of a deployment, device by device.
///
/// ```
/// # use windows_autopilot::workflow::report::DeploymentReport;
/// # let json = r#"{"started":"2026-01-01T08:00:00Z","ended":"2026-01-01T10:00:00Z","devices":[]}"#;
/// let report: DeploymentReport = serde_json::from_str(json)?;
/// println!("{report}");                                         // a table of the devices
/// # let folder = std::env::temp_dir();
/// std::fs::write(folder.join("report.html"), report.to_html())?;
/// let again: DeploymentReport = serde_json::from_str(&serde_json::to_string(&report)?)?;
/// assert_eq!(again, report);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It holds no name of a person: of an assigned user it says that there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeploymentReport {
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Since when the devices were watched.
    pub started: Timestamp,
    /// When they were last looked at.
    pub ended: Timestamp,
    /// The devices, in the order they were asked for.
    pub devices: Vec<DeviceReport>,
    /// What was found that is about no single device, such as what could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What came of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceReport {
    /// The id of its registration.
    pub id: Id<Device>,
    /// Its serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<Text>,
    /// When it was first seen to be ready, failed or overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Timestamp>,
    /// How it stands with it.
    #[serde(flatten)]
    pub state: DeviceState,
}

/// Devices that have the same thing wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem<'a> {
    /// The finding of the first of them.
    pub finding: &'a Finding,
    /// The worst outcome among them.
    pub outcome: Outcome,
    /// The devices.
    pub devices: Vec<&'a DeviceReport>,
}

impl DeploymentReport {
    /// A report of no device.
    pub fn new(started: Timestamp) -> Self {
        Self { title: None, started, ended: started, devices: Vec::new(), findings: Vec::new() }
    }

    /// How many devices have this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.devices.iter().filter(|device| device.state.outcome == outcome).count()
    }

    /// Whether all devices are ready.
    pub fn is_ready(&self) -> bool {
        self.devices.iter().all(|device| device.state.outcome == Outcome::Ready)
    }

    /// What is wrong: devices by their likeliest problem; failures first, then the most frequent.
    pub fn problems(&self) -> Vec<Problem<'_>> {
        let mut problems: Vec<Problem<'_>> = Vec::new();
        for device in &self.devices {
            let Some(finding) = device.state.findings.first() else { continue };
            // The same finding is a warning for one device and what has stopped another.
            let same = |problem: &&mut Problem<'_>| {
                problem.finding.id == finding.id && problem.outcome == device.state.outcome
            };
            match problems.iter_mut().find(same) {
                Some(problem) => problem.devices.push(device),
                None => {
                    problems.push(Problem { finding, outcome: device.state.outcome, devices: vec![device] });
                }
            }
        }
        problems.sort_by_key(|problem| (problem.outcome, std::cmp::Reverse(problem.devices.len())));
        problems
    }

    /// The devices, those that need somebody first.
    fn sorted(&self) -> Vec<&DeviceReport> {
        let mut devices: Vec<&DeviceReport> = self.devices.iter().collect();
        devices.sort_by_key(|device| {
            (device.state.outcome, device.state.phase, device.problem(), device.name())
        });
        devices
    }

    fn title(&self) -> String {
        self.title.clone().unwrap_or_else(|| "Deployment of devices".to_owned())
    }

    /// Such as `12 devices: 2 failed, 10 ready`.
    fn summary(&self) -> String {
        let counts: Vec<String> = Outcome::ALL
            .into_iter()
            .map(|outcome| (outcome, self.count(outcome)))
            .filter(|(_, count)| *count > 0)
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        let devices = count(self.devices.len(), "device");
        if counts.is_empty() { devices } else { format!("{devices}: {}", counts.join(", ")) }
    }

    fn period(&self) -> String {
        let (from, to) = (moment(self.started), moment(self.ended));
        format!("{from} to {to} UTC, {}", spell(self.ended.duration_since(self.started)))
    }
}

/// The report as text: see [`DeploymentReport::to_text`].
impl fmt::Display for DeploymentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl DeviceReport {
    /// Its serial number, or its id where that is not known.
    pub fn name(&self) -> &str {
        self.serial_number.as_deref().unwrap_or_else(|| self.id.as_str())
    }

    /// Where it stands, such as `ready`, `device setup` or `failed at domain join`.
    pub fn standing(&self) -> String {
        let DeviceState { phase, outcome, .. } = self.state;
        match outcome {
            Outcome::Failed | Outcome::Overdue => format!("{outcome} at {}", phase.work()),
            _ => phase.to_string(),
        }
    }

    /// What is likeliest wrong with it, in a few words; empty if nothing is.
    pub fn problem(&self) -> String {
        self.state.findings.first().map(headline).unwrap_or_default()
    }

    /// How long its deployment took, until it was ready or known not to be; `None` for a device that has not begun, or is
    /// under way.
    pub fn took(&self) -> Option<SignedDuration> {
        let start = |phase| self.state.timeline.iter().find(|start| start.phase >= phase);
        let begun = start(Phase::Enrolled)?.at;
        let ended = match self.state.phase {
            Phase::Ready => start(Phase::Ready)?.at,
            _ => self.settled?,
        };
        Some(ended.duration_since(begun))
    }
}

/// A finding in a few words: its id without the area.
fn headline(finding: &Finding) -> String {
    let id = finding.id.split_once('.').map_or(&*finding.id, |(_, name)| name);
    let names = [
        ("mdm", "MDM"),
        ("tpm", "TPM"),
        ("entra id", "Entra ID"),
        ("intune", "Intune"),
        ("windows home", "Windows Home"),
    ];
    names.into_iter().fold(id.replace('-', " "), |text, (word, name)| text.replace(word, name))
}

/// Such as `1 device` or `2 devices`.
fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A time to the minute, in UTC.
fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Whether a character can be shown as it is: one that controls a terminal, or turns the direction of the text around it,
/// cannot.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text from outside as it can be shown on one line.
fn plain(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { '\u{fffd}' }).collect()
}

/// How a severity is marked where there are no colours.
fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

#[cfg(test)]
mod tests;
