//! Findings, as tests compare them.

use windows_autopilot::model::Finding;

/// Returns the severity and id of each finding, in order.
///
/// A test of a check compares all of them, so that it fails for one too many and for one too few.
pub(crate) fn graded<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<String> {
    findings.into_iter().map(|finding| format!("{} {}", finding.severity, finding.id)).collect()
}

/// Returns the only finding with this id.
#[track_caller]
pub(crate) fn only<'a>(findings: &'a [Finding], id: &str) -> &'a Finding {
    let found: Vec<&Finding> = findings.iter().filter(|finding| finding.id == id).collect();
    let [finding] = found[..] else { panic!("{id}: {found:?}") };
    finding
}
