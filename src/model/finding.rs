//! Findings of checks, in one form for CSV files, plans, directories and devices.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::foreign::line;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Informational; no action is needed.
    Info,
    /// Likely to cause trouble; does not stop a run.
    Warning,
    /// Will fail, or has failed; stops a run before its first write.
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

/// A kind of finding: a stable id with its usual severity and remedy.
///
/// The crate's own kinds are constants, listed in [`docs::findings`](crate::docs::findings). Your own checks can
/// declare additional kinds:
///
/// ```
/// use windows_autopilot::model::{FindingKind, Severity};
///
/// const TAG_WITHOUT_SITE: FindingKind = FindingKind::new(
///     "contoso.tag-without-site",
///     Severity::Warning,
///     "A group tag without a site code.",
///     "start the tag with a site code",
/// );
/// let finding = TAG_WITHOUT_SITE.at("PF3XK7M1", "the group tag is \"Kiosk\"");
/// assert!(finding.is(&TAG_WITHOUT_SITE));
/// assert_eq!(finding.severity, Severity::Warning);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FindingKind {
    /// The id: an area and a name, such as `csv.missing-serial`.
    pub id: &'static str,
    /// The usual severity.
    pub severity: Severity,
    /// A description of the problem in one sentence, in Markdown.
    pub meaning: &'static str,
    /// The usual remedy. A finding overrides it if the remedy depends on a value.
    pub remedy: &'static str,
}

impl FindingKind {
    /// Creates a kind.
    pub const fn new(
        id: &'static str,
        severity: Severity,
        meaning: &'static str,
        remedy: &'static str,
    ) -> Self {
        Self { id, severity, meaning, remedy }
    }

    /// Creates a finding of this kind.
    ///
    /// Neither `place` nor `evidence` may contain a secret, a hardware hash or a person's name.
    pub fn at(&self, place: impl Into<String>, evidence: impl Into<String>) -> Finding {
        Finding {
            id: self.id.into(),
            severity: self.severity,
            place: place.into(),
            evidence: evidence.into(),
            remedy: self.remedy.into(),
        }
    }
}

/// A problem found by a check: its kind, its place, the evidence, and a remedy.
///
/// ```
/// use windows_autopilot::model::ProfileName;
/// use windows_autopilot::model::findings::PROFILE_HYPHEN;
///
/// for finding in "Contoso-hybrid".parse::<ProfileName>()?.lint() {
///     assert!(finding.is(&PROFILE_HYPHEN));
///     println!("{finding}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Findings contain no secrets, hardware hashes or personal names, so they can be logged and stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The id of the kind, such as `csv.missing-serial`; stable, for matching and waiving.
    pub id: Cow<'static, str>,
    /// The severity of the problem.
    pub severity: Severity,
    /// The place: a line and column, a setting's name, a device's serial number, or a distinguished name.
    pub place: String,
    /// The observation, including the value unless it is secret.
    pub evidence: String,
    /// The remedy: what to do about the problem.
    pub remedy: Cow<'static, str>,
}

impl Finding {
    /// Returns `true` if the finding is of this kind.
    pub fn is(&self, kind: &FindingKind) -> bool {
        self.id == kind.id
    }

    /// Returns `true` if the severity is [`Severity::Error`].
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Overrides the severity of the kind.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Overrides the remedy of the kind.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Sorts findings by severity, worst first, then by id and place.
    pub fn sort(findings: &mut [Self]) {
        findings.sort_by(|a, b| (b.severity, &a.id, &a.place).cmp(&(a.severity, &b.id, &b.place)));
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, place) = (line(&self.id), line(&self.place));
        write!(f, "{} [{id}] {place}: {}; {}", self.severity, line(&self.evidence), line(&self.remedy))
    }
}

/// Declares a constant for each kind of finding, and `ALL`.
///
/// The documentation of a constant, one line, is the kind's meaning.
macro_rules! finding_kinds {
    ($(#[doc = $meaning:literal] $name:ident = $id:literal, $severity:ident, $remedy:expr;)+) => {
        $(
            #[doc = $meaning]
            #[doc = concat!("\n\nThe id is `", $id, "`, the severity [`", stringify!($severity), "`].")]
            #[doc = concat!("\n\n[`", stringify!($severity), "`]: crate::model::Severity::", stringify!($severity))]
            pub const $name: $crate::model::FindingKind = $crate::model::FindingKind::new(
                $id,
                $crate::model::Severity::$severity,
                $meaning.trim_ascii(),
                $remedy,
            );
        )+

        /// All kinds in this module.
        pub const ALL: &[$crate::model::FindingKind] = &[$($name),+];
    };
}
pub(crate) use finding_kinds;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_by_how_much_they_matter() {
        assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Error);
    }

    #[test]
    fn a_finding_reads_as_one_line_and_survives_serde() {
        const EMPTY: FindingKind = FindingKind::new("csv.empty", Severity::Error, "A file.", "add a row");
        let finding = EMPTY.at("line 1", "no rows");
        assert_eq!(finding.to_string(), "error [csv.empty] line 1: no rows; add a row");
        let back: Finding = serde_json::from_str(&serde_json::to_string(&finding).unwrap()).unwrap();
        assert_eq!(back, finding);
        assert!(back.is(&EMPTY));
    }
}
