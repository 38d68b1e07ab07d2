//! A rule, and its match.

use crate::evidence::case::Case;
use crate::evidence::proof::{LinkKind, Proof, Strength};
use crate::model::FindingKind;

/// The witness of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evidence) enum Mark {
    /// Documentation of Microsoft.
    Documented,
    /// The source of public tools.
    Tool,
    /// One witness that was not verified: the rule gives no more than a hint.
    Unverified,
}

/// A rule: what proves it, how strong it is, and the finding with cause and remedy.
#[derive(Debug, Clone, Copy)]
pub(in crate::evidence) struct Rule {
    /// The row of the fact sheet.
    pub(in crate::evidence) row: &'static str,
    /// The kind of the finding.
    pub(in crate::evidence) kind: FindingKind,
    /// The link that the cause breaks.
    pub(in crate::evidence) link: LinkKind,
    /// The link that shows, if it is proven, that the deployment went on all the same.
    pub(in crate::evidence) overcome_by: LinkKind,
    /// The strength at most.
    pub(in crate::evidence) strength: Strength,
    /// The witness.
    pub(in crate::evidence) mark: Mark,
    /// Whether the finding says that a link failed, and not why: another cause of the link takes its place.
    pub(in crate::evidence) is_generic: bool,
    /// The check.
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

    /// Sets the link whose proof shows that the deployment went on all the same.
    pub(super) const fn overcome_by(mut self, link: LinkKind) -> Self {
        self.overcome_by = link;
        self
    }

    /// Makes the finding one that another cause of the link replaces.
    pub(super) const fn generic(mut self) -> Self {
        self.is_generic = true;
        self
    }

    /// Returns the strength that the witness allows.
    pub(in crate::evidence) fn limit(&self) -> Strength {
        if self.mark == Mark::Unverified { Strength::Hint } else { self.strength }
    }
}

/// The match of a rule.
#[derive(Debug)]
pub(in crate::evidence) struct Match {
    /// The evidence in words.
    pub(in crate::evidence) text: String,
    /// The observations.
    pub(in crate::evidence) proof: Vec<Proof>,
    /// The strength at most, if this evidence is weaker than the rule.
    pub(in crate::evidence) at_most: Strength,
}

impl Match {
    pub(super) fn new(text: impl Into<String>, proof: Vec<Proof>) -> Self {
        Self { text: text.into(), proof, at_most: Strength::Proof }
    }

    /// Returns a match of these proofs, if there is one.
    pub(super) fn of(text: impl Into<String>, proof: Vec<Proof>) -> Option<Self> {
        (!proof.is_empty()).then(|| Self::new(text, proof))
    }

    pub(super) fn at_most(mut self, strength: Strength) -> Self {
        self.at_most = strength;
        self
    }
}
