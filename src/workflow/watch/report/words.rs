//! Words that every form of a report uses.

use jiff::Timestamp;

use crate::foreign::line;
use crate::model::{Finding, Severity};
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};

/// The explanation of a report without devices.
pub(super) const EMPTY: &str = "The watch has no devices. A watch follows the devices that it is given: check the list, \
     filter or group that selects them, and that their import is complete.";

/// The rows of a page without scripts.
pub(super) const ROWS: usize = 500;

/// The maximum number of marks of a phase: one for each device, worst first.
pub(super) const MARKS: usize = 16;

/// The maximum number of devices that the card of a problem links to.
pub(super) const LINKED: usize = 6;

/// The maximum number of problems with a card. The others are in a list.
pub(super) const CARDS: usize = 20;

/// The maximum number of findings of no device with a card. The others are in the list too.
pub(super) const GENERAL_CARDS: usize = 10;

/// The maximum number of characters of a name in a row.
pub(super) const LONGEST: usize = 64;

/// Names in the ids of findings, as they are written in text.
pub(super) const NAMES: [(&str, &str); 5] = [
    ("mdm", "MDM"),
    ("tpm", "TPM"),
    ("entra id", "Entra ID"),
    ("intune", "Intune"),
    ("windows home", "Windows Home"),
];

/// Returns a finding in a few words: its id without the area.
pub(super) fn headline(finding: &Finding) -> String {
    let id = finding.id.split_once('.').map_or(&*finding.id, |(_, name)| name);
    NAMES.into_iter().fold(id.replace('-', " "), |text, (word, name)| text.replace(word, name))
}

/// Returns a phase and an outcome in words, such as `ready`, `device setup` or `failed at domain join`.
pub(super) fn status(phase: Phase, outcome: DeploymentOutcome) -> String {
    match outcome {
        DeploymentOutcome::Failed | DeploymentOutcome::Overdue => {
            format!("{outcome} at {}", phase.activity())
        }
        _ => phase.to_string(),
    }
}

/// Returns a number with its noun, such as `1 device` or `2 devices`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Formats a time to the minute, in UTC.
pub(super) fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Returns text from outside in a form that is safe to show on one line.
pub(super) fn plain(text: &str) -> String {
    line(text).to_string()
}

/// Returns the first `longest` characters of a text, with an ellipsis if there are more.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Returns the mark of a severity where there are no colors.
pub(super) fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Returns the CSS class of an outcome.
pub(super) fn class(outcome: DeploymentOutcome) -> &'static str {
    match outcome {
        DeploymentOutcome::Failed => "failed",
        DeploymentOutcome::Overdue => "overdue",
        DeploymentOutcome::InProgress => "in-progress",
        DeploymentOutcome::Ready => "ready",
    }
}

/// Returns the CSS class of a phase, which is the name of its color.
pub(super) fn phase_class(phase: Phase) -> &'static str {
    match phase {
        Phase::Unregistered => "p-unregistered",
        Phase::Registered => "p-registered",
        Phase::ProfileAssigned => "p-profile",
        Phase::Enrolled => "p-enrolled",
        Phase::DomainJoined => "p-joined",
        Phase::DeviceSetup => "p-device",
        Phase::AccountSetup => "p-account",
        Phase::Ready => "p-ready",
    }
}
