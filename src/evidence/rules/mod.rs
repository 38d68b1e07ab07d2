//! The rules, by the rows of the fact sheet.

mod connector;
mod enrollment;
mod environment;
mod join;
mod page;
mod profile;
mod registration;
mod rule;

use self::rule::Rule;

/// All rules, in the order of the chain.
pub(super) const ALL: &[&[Rule]] = &[
    profile::RULES,
    enrollment::RULES,
    join::RULES,
    connector::RULES,
    page::RULES,
    registration::RULES,
    environment::RULES,
];

/// Rows without a rule, each with the reason.
#[cfg(test)]
const NOT_COVERED: &[(&str, &str)] = &[
    ("35", "a response of a connector does not name its server"),
    ("46", "no source names the second user without doubt"),
    ("65", "the sign of a missing token is one line of one version of a log"),
    ("67", "the time of a failure is not in the key that pauses an app"),
    ("85", "the support of builds ends by the calendar"),
    ("88", "no record of a provisioning package was read"),
    ("90", "an element that was not collected is in the list of what is unread"),
    ("91", "no source has the number of processors and the memory"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::evidence::proof::Strength;
    use crate::model::Severity;

    #[test]
    fn every_row_has_a_rule_or_a_reason() {
        let covered: BTreeSet<&str> = ALL.iter().copied().flatten().map(|rule| rule.row).collect();
        let left: BTreeSet<&str> = NOT_COVERED.iter().map(|(row, _)| *row).collect();
        let rows: Vec<String> = (1..=92).map(|row| row.to_string()).chain(["23a".to_owned()]).collect();
        for row in &rows {
            assert!(covered.contains(row.as_str()) != left.contains(row.as_str()), "row {row}");
        }
        for row in &covered {
            assert!(*row == "codes" || rows.iter().any(|known| known == row), "row {row}");
        }
        assert!(NOT_COVERED.iter().all(|(_, reason)| !reason.is_empty()));
    }

    #[test]
    fn an_unverified_rule_is_a_hint_and_a_generic_one_names_no_cause_but_a_refusal() {
        for rule in ALL.iter().copied().flatten() {
            assert!(rule.mark != rule::Mark::Unverified || rule.limit() == Strength::Hint, "{}", rule.row);
            assert!(rule.kind.id.starts_with("evidence."), "{}", rule.row);
            let names_a_cause = rule.limit() > Strength::Hint && rule.kind.severity == Severity::Error;
            assert!(!rule.is_generic || !names_a_cause || rule.row == "13", "{}", rule.row);
        }
    }
}
