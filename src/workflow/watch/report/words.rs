//! Words that every form of a report uses.

use jiff::Timestamp;

use crate::foreign::line;
use crate::model::{Finding, Severity};

/// Returns a finding in a few words: its id without the area.
pub(super) fn headline(finding: &Finding) -> String {
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

/// Returns the mark of a severity where there are no colours.
pub(super) fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
