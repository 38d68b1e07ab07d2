//! Rules and their matches.

use crate::evidence::case::Case;
use crate::evidence::proof::{LinkKind, Proof, Strength};
use crate::model::FindingKind;

/// The source of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evidence) enum Mark {
    /// Microsoft's documentation.
    Documented,
    /// The source code of public tools.
    Tool,
    /// A single unverified source: the rule gives only a hint.
    Unverified,
}

/// A rule: its check, its strength, and the finding with cause and remedy.
#[derive(Debug, Clone, Copy)]
pub(in crate::evidence) struct Rule {
    /// The row of the fact sheet.
    pub(in crate::evidence) row: &'static str,
    /// The kind of the finding.
    pub(in crate::evidence) kind: FindingKind,
    /// The link that the cause breaks.
    pub(in crate::evidence) link: LinkKind,
    /// The link that proves, if it is proven, that the deployment continued.
    pub(in crate::evidence) overcome_by: LinkKind,
    /// The maximum strength.
    pub(in crate::evidence) strength: Strength,
    /// The publication that the rule comes from.
    pub(in crate::evidence) mark: Mark,
    /// Whether the finding only reports that a link failed: another cause of the link replaces it.
    pub(in crate::evidence) is_generic: bool,
    /// The check that finds matches.
    pub(in crate::evidence) check: fn(&Case<'_>) -> Option<Match>,
}

impl Rule {
    pub(super) const fn new(
        row: &'static str,
        kind: FindingKind,
        link: LinkKind,
        strength: Strength,
        mark: Mark,
        check: fn(&Case<'_>) -> Option<Match>,
    ) -> Self {
        Self { row, kind, link, overcome_by: link, strength, mark, is_generic: false, check }
    }

    /// Sets the link that proves that the deployment continued.
    pub(super) const fn overcome_by(mut self, link: LinkKind) -> Self {
        self.overcome_by = link;
        self
    }

    /// Marks the finding as replaceable by another cause of the link.
    pub(super) const fn generic(mut self) -> Self {
        self.is_generic = true;
        self
    }

    /// Returns the maximum strength that the source allows.
    pub(in crate::evidence) fn limit(&self) -> Strength {
        if self.mark == Mark::Unverified { Strength::Hint } else { self.strength }
    }
}

/// The match of a rule.
#[derive(Debug)]
pub(in crate::evidence) struct Match {
    /// A description of the evidence.
    pub(in crate::evidence) text: String,
    /// The observations that prove the match.
    pub(in crate::evidence) proof: Vec<Proof>,
    /// The maximum strength, if this evidence is weaker than the rule.
    pub(in crate::evidence) at_most: Strength,
}

impl Match {
    pub(super) fn new(text: impl Into<String>, proof: Vec<Proof>) -> Self {
        Self { text: text.into(), proof, at_most: Strength::Proof }
    }

    /// Creates a match with these proofs, if there are any.
    pub(super) fn of(text: impl Into<String>, proof: Vec<Proof>) -> Option<Self> {
        (!proof.is_empty()).then(|| Self::new(text, proof))
    }

    pub(super) fn at_most(mut self, strength: Strength) -> Self {
        self.at_most = strength;
        self
    }
}
