//! Words that every form of a report uses.

use jiff::Timestamp;

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

/// Returns `true` if a character can be shown unchanged: one that controls a terminal, or turns the direction of the text
/// around it, cannot.
pub(super) fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Returns text from outside in a form that is safe to show on one line.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { '\u{fffd}' }).collect()
}

/// Returns the mark of a severity where there are no colours.
pub(super) fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
