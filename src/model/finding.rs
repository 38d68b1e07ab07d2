//! What a check found, in one form for CSV files, plans, directories and devices.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; nothing need be done.
    Info,
    /// Likely to cause trouble; nothing is stopped.
    Warning,
    /// Will fail, or has failed; a run stops before its first write.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Something that a check found: an id that stays the same between versions, how much it matters, where, what, and
/// what to do about it.
///
/// Findings hold no secret, no hardware hash and no person's name, so they can be logged and stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of finding it is, such as `csv.missing-serial`: the same in every version, to be matched on or waived.
    pub id: Cow<'static, str>,
    /// How much it matters.
    pub severity: Severity,
    /// Where: a line and column, a setting's name, a device's serial number, a distinguished name.
    pub place: String,
    /// What was seen, with its value where that is not secret.
    pub evidence: String,
    /// What to do.
    pub remedy: Cow<'static, str>,
}

impl Finding {
    /// Sorts findings by severity, the worst first, then by id and place.
    pub fn sort(findings: &mut [Self]) {
        findings.sort_by(|a, b| (b.severity, &a.id, &a.place).cmp(&(a.severity, &b.id, &b.place)));
    }

    pub(crate) fn new(
        id: &'static str,
        severity: Severity,
        place: impl Into<String>,
        evidence: impl Into<String>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            id: id.into(),
            severity,
            place: place.into(),
            evidence: evidence.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}] {}: {}; {}", self.severity, self.id, self.place, self.evidence, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_by_how_much_they_matter() {
        assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Error);
    }

    #[test]
    fn a_finding_reads_as_one_line_and_survives_serde() {
        let finding = Finding::new("csv.empty", Severity::Error, "line 1", "no rows", "add a row");
        assert_eq!(finding.to_string(), "error [csv.empty] line 1: no rows; add a row");
        let back: Finding = serde_json::from_str(&serde_json::to_string(&finding).unwrap()).unwrap();
        assert_eq!(back, finding);
    }
}
