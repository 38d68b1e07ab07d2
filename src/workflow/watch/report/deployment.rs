//! The report of a deployment as data.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::words::{count, headline, moment, status};
use crate::model::{Device, Finding, Id, Text};
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};
use crate::workflow::watch::state::{DeadlineSource, DeviceState, spell};

/// The state of a deployment, device by device.
///
/// ```
/// # use windows_autopilot::workflow::watch::DeploymentReport;
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
/// A report contains no personal names: it says only whether a device has an assigned user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeploymentReport {
    /// The title of the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The start of the watch.
    pub started: Timestamp,
    /// The time of the last round.
    pub ended: Timestamp,
    /// The devices, in the order in which they were requested.
    pub devices: Vec<DeviceDeployment>,
    /// The findings that do not belong to a particular device, such as a source that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// The deployment of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceDeployment {
    /// The id of the device's registration.
    pub id: Id<Device>,
    /// The device's serial number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<Text>,
    /// The time at which the device was first seen as ready, failed or overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Timestamp>,
    /// The enrollments that the watch saw before the latest one, oldest first. A device has earlier enrollments if it
    /// was reset, wiped, imported again or deleted, and then set up again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierEnrollment>,
    /// The device's state.
    #[serde(flatten)]
    pub state: DeviceState,
}

/// An enrollment that preceded the device's most recent one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EarlierEnrollment {
    /// The id in Intune, if the device got that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_device_id: Option<Text>,
    /// The phase that the enrollment reached.
    pub phase: Phase,
    /// The outcome of the enrollment.
    pub outcome: DeploymentOutcome,
    /// The time at which the outcome became known, or at which the watch found that the enrollment had ended.
    pub until: Timestamp,
    /// The likeliest cause, if the enrollment failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Finding>,
}

impl EarlierEnrollment {
    /// Returns the phase and outcome in words, such as `ready` or `failed at domain join`.
    pub fn status(&self) -> String {
        status(self.phase, self.outcome)
    }
}

/// A problem and the devices that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem<'a> {
    /// The finding about the first of the devices.
    pub finding: &'a Finding,
    /// The worst outcome among the devices.
    pub outcome: DeploymentOutcome,
    /// The devices that have the problem.
    pub devices: Vec<&'a DeviceDeployment>,
}

/// A device with its place in the report.
pub(super) type Ranked<'a> = (usize, &'a DeviceDeployment);

impl DeploymentReport {
    /// Creates a report without devices.
    pub fn new(started: Timestamp) -> Self {
        Self { title: None, started, ended: started, devices: Vec::new(), findings: Vec::new() }
    }

    /// Returns the number of devices with this outcome.
    pub fn count(&self, outcome: DeploymentOutcome) -> usize {
        self.devices.iter().filter(|device| device.state.outcome == outcome).count()
    }

    /// Returns `true` if all devices are ready.
    pub fn is_ready(&self) -> bool {
        self.devices.iter().all(|device| device.state.outcome == DeploymentOutcome::Ready)
    }

    /// Groups devices by their likeliest problem: failures first, then the most frequent problems.
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

    /// Returns the devices with their place in the report, those that need attention first.
    pub(super) fn ranked(&self) -> Vec<Ranked<'_>> {
        let mut devices: Vec<_> = self.devices.iter().enumerate().collect();
        devices.sort_by_cached_key(|(_, device)| {
            (device.state.outcome, device.state.phase, device.problem(), device.name())
        });
        devices
    }

    pub(super) fn title(&self) -> String {
        self.title.clone().unwrap_or_else(|| "Deployment of devices".to_owned())
    }

    /// Returns the counts, such as `12 devices: 2 failed, 10 ready`.
    pub(super) fn summary(&self) -> String {
        let counts: Vec<String> = DeploymentOutcome::ALL
            .into_iter()
            .map(|outcome| (outcome, self.count(outcome)))
            .filter(|(_, count)| *count > 0)
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        let devices = count(self.devices.len(), "device");
        if counts.is_empty() { devices } else { format!("{devices}: {}", counts.join(", ")) }
    }

    pub(super) fn period(&self) -> String {
        let (from, to) = (moment(self.started), moment(self.ended));
        format!("{from} to {to} UTC, {}", spell(self.ended.duration_since(self.started)))
    }
}

impl DeviceDeployment {
    /// Returns the serial number, or the id if the serial number is unknown.
    pub fn name(&self) -> &str {
        self.serial_number.as_deref().unwrap_or_else(|| self.id.as_str())
    }

    /// Returns the phase and outcome in words, such as `ready`, `device setup` or `failed at domain join`.
    pub fn status(&self) -> String {
        status(self.state.phase, self.state.outcome)
    }

    /// Returns the likeliest problem in a few words; empty if there is none.
    pub fn problem(&self) -> String {
        self.state.findings.first().map(headline).unwrap_or_default()
    }

    /// Returns the deadline that the device has not met yet, with its source; `None` for one that is ready or has failed.
    pub(super) fn open_deadline(&self) -> Option<(Timestamp, Option<DeadlineSource>)> {
        let is_open =
            matches!(self.state.outcome, DeploymentOutcome::InProgress | DeploymentOutcome::Overdue);
        Some((self.state.deadline.filter(|_| is_open)?, self.state.deadline_source))
    }

    /// Returns the time that the deployment took to settle, or `None` if it has not started or is still in progress.
    pub fn elapsed(&self) -> Option<SignedDuration> {
        let start = |phase| self.state.timeline.iter().find(|start| start.phase >= phase);
        let begun = start(Phase::Enrolled)?.at;
        let ended = match self.state.phase {
            Phase::Ready => start(Phase::Ready)?.at,
            _ => self.settled?,
        };
        Some(ended.duration_since(begun))
    }
}
