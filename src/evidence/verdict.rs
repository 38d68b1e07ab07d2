//! The verdict: the chain, the causes and the gaps.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::case::Case;
use super::chain::{self, Link};
use super::collected::Evidence;
use super::mask::Masked;
use super::proof::{LinkKind, LinkState, Proof, Strength};
use super::rules;
use super::side::Side;
use super::source::UnreadReason;
use crate::model::{Finding, Severity, Text};

/// Options for [`diagnose`].
///
/// ```
/// use windows_autopilot::evidence::Options;
/// let options = Options::default().with_computer_name("MUC-4X7K2P9Q");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    device_ids: Vec<Text>,
    computer_names: Vec<Text>,
}

impl Options {
    /// Adds an id of the device in Intune or Microsoft Entra, by which a connector's response may identify the device.
    /// The device's own evidence usually contains these ids.
    #[must_use]
    pub fn with_device_id(mut self, id: impl Into<Text>) -> Self {
        self.device_ids.push(id.into());
        self
    }

    /// Adds a computer name.
    #[must_use]
    pub fn with_computer_name(mut self, name: impl Into<Text>) -> Self {
        self.computer_names.push(name.into());
        self
    }
}

/// The outcome of a diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum VerdictOutcome {
    /// The evidence proves that the whole deployment succeeded.
    Healthy,
    /// The evidence proves a cause, or strongly suggests one.
    CauseFound,
    /// The evidence shows neither: the deployment is not complete, or something was not collected.
    Unknown,
}

/// A rule that matched the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The number of the rule, or `codes` for an error code without a rule of its own.
    pub rule: &'static str,
    /// The link that the cause breaks.
    pub link: LinkKind,
    /// The strength of the evidence.
    pub strength: Strength,
    /// The finding, with cause and remedy; its place is the link.
    pub finding: Finding,
    /// The observations that support the diagnosis.
    pub proof: Vec<Proof>,
}

impl Diagnosis {
    /// Returns `true` if the diagnosis is a cause: strong or proven, without a sign that the deployment continued.
    pub fn is_cause(&self) -> bool {
        self.finding.severity == Severity::Error && self.strength > Strength::Hint
    }
}

/// A source that was not read or not collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Gap {
    /// The machine that the source comes from.
    pub side: Side,
    /// The path of the source; for an element that was not collected, its request in `results.xml`.
    pub path: Masked,
    /// The reason why the source was not read.
    pub reason: String,
}

/// The verdict on a device's evidence: the chain of its deployment, the causes and the gaps.
///
/// ```
/// use windows_autopilot::evidence::{Evidence, LinkKind, LinkState, Options, VerdictOutcome, diagnose};
///
/// let verdict = diagnose(&Evidence::default(), &Options::default());
/// assert_eq!(verdict.outcome(), VerdictOutcome::Unknown);
/// assert_eq!(verdict.state(LinkKind::AccountCreated), LinkState::NotCollected);
/// ```
///
/// All displayed text is masked: see [`Masked`]. `Display` writes a text report, and serde produces JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    outcome: VerdictOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    managed_device_id: Option<Text>,
    computer_names: Vec<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    links: Vec<Link>,
    diagnoses: Vec<Diagnosis>,
    gaps: Vec<Gap>,
}

/// Diagnoses the last deployment in the evidence. This is a pure function.
///
/// Each link of the chain is proven, refuted, open or not collected: a link with a missing source is reported as "not
/// collected", never as "did not happen". The first broken link is the cause; later ones follow from it.
///
/// ```
/// use windows_autopilot::evidence::{Bundle, Limits, Options, Side, VerdictOutcome, diagnose};
///
/// let mut bundle = Bundle::new(Limits::default());
/// let refusal = br#"{"ErrorCode": 807, "ErrorReason": "ZtdDeviceIsNotRegistered"}"#;
/// bundle.add_bytes(Side::Device, "AutopilotDDSZTDFile.json", refusal.to_vec());
/// let verdict = diagnose(&bundle.read(), &Options::default());
/// assert_eq!(verdict.outcome(), VerdictOutcome::CauseFound);
/// assert_eq!(verdict.cause().unwrap().finding.id, "evidence.not-registered");
/// ```
pub fn diagnose(evidence: &Evidence, options: &Options) -> Verdict {
    let texts = |texts: &[Text]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
    let (ids, names) = (texts(&options.device_ids), texts(&options.computer_names));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let case = Case::new(evidence, &ids, &names);
    let links = chain::links(&case);
    let mut diagnoses = matches(&case, &links);
    demote_consequences(&mut diagnoses, &links);
    let outcome = outcome(&diagnoses, &links);
    if outcome == VerdictOutcome::Healthy {
        diagnoses.iter_mut().for_each(|of| of.finding.severity = Severity::Info);
    }
    diagnoses.sort_by_key(|of| {
        let finding = &of.finding;
        (std::cmp::Reverse((of.is_cause(), finding.severity)), of.link, std::cmp::Reverse(of.strength))
    });
    let gaps = evidence
        .unread()
        .iter()
        .filter(|unread| !matches!(unread.reason, UnreadReason::NotNeeded | UnreadReason::Empty));
    Verdict {
        outcome,
        managed_device_id: case.ids.intune.first().map(|id| id.as_str().into()),
        computer_names: case.ids.names.iter().map(|name| name.to_uppercase().into()).collect(),
        until: case.until,
        links,
        diagnoses,
        gaps: gaps
            .map(|unread| Gap {
                side: unread.side,
                path: unread.path.as_str().into(),
                reason: unread.reason.to_string(),
            })
            .collect(),
    }
}

fn state(links: &[Link], kind: LinkKind) -> Option<LinkState> {
    links.iter().find(|link| link.kind == kind).map(|link| link.state)
}

/// Returns the matches of all rules.
fn matches(case: &Case<'_>, links: &[Link]) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    for rule in rules::ALL.iter().copied().flatten() {
        let Some(matched) = (rule.check)(case) else { continue };
        let strength = rule.limit().min(matched.at_most);
        let mut finding = rule.kind.at(rule.link.to_string(), Masked::from(matched.text).to_string());
        if strength == Strength::Hint {
            finding.severity = finding.severity.min(Severity::Warning);
        }
        if state(links, rule.overcome_by) == Some(LinkState::Proven) {
            finding.severity = Severity::Info;
        }
        let of = Diagnosis { rule: rule.row, link: rule.link, strength, finding, proof: matched.proof };
        found.push((rule, of));
    }
    let causes: Vec<LinkKind> =
        found.iter().filter(|(rule, of)| !rule.is_generic && of.is_cause()).map(|(_, of)| of.link).collect();
    // That a link failed is nothing new beside the cause.
    found.retain(|(rule, _)| {
        let last = rule.link.max(rule.overcome_by);
        !rule.is_generic || !causes.iter().any(|link| *link <= last)
    });
    found.into_iter().map(|(_, of)| of).collect()
}

/// Demotes causes after the first broken link to warnings: they follow from it or apply later.
fn demote_consequences(diagnoses: &mut [Diagnosis], links: &[Link]) {
    let broken = links.iter().find(|link| link.state == LinkState::Refuted).map(|link| link.kind);
    let first = diagnoses.iter().filter(|of| of.is_cause()).map(|of| of.link).min();
    let Some(last) = broken.into_iter().chain(first).min() else { return };
    for of in diagnoses.iter_mut().filter(|of| of.is_cause() && of.link > last) {
        of.finding.severity = Severity::Warning;
    }
}

fn outcome(diagnoses: &[Diagnosis], links: &[Link]) -> VerdictOutcome {
    if diagnoses.iter().any(Diagnosis::is_cause) {
        return VerdictOutcome::CauseFound;
    }
    let is_done = |kind| matches!(state(links, kind), Some(LinkState::Proven | LinkState::NotRequired));
    let is_whole = state(links, LinkKind::Registration) == Some(LinkState::Proven)
        && is_done(LinkKind::DevicePage)
        && is_done(LinkKind::UserPage)
        && links.iter().all(|link| link.state != LinkState::Refuted);
    if is_whole { VerdictOutcome::Healthy } else { VerdictOutcome::Unknown }
}

impl Verdict {
    /// Returns the outcome.
    pub fn outcome(&self) -> VerdictOutcome {
        self.outcome
    }

    /// Returns the links of the chain, in deployment order.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Returns the state of a link.
    pub fn state(&self, kind: LinkKind) -> LinkState {
        state(&self.links, kind).unwrap_or(LinkState::NotCollected)
    }

    /// Returns the diagnoses of all rules that matched, causes first.
    pub fn diagnoses(&self) -> &[Diagnosis] {
        &self.diagnoses
    }

    /// Returns the likeliest cause, if there is one.
    pub fn cause(&self) -> Option<&Diagnosis> {
        self.diagnoses.iter().find(|of| of.is_cause())
    }

    /// Returns the findings, causes first.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.diagnoses.iter().map(|of| &of.finding)
    }

    /// Returns the sources that were not read or not collected.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Returns the device's id in Intune, if the registry contains it.
    pub fn managed_device_id(&self) -> Option<&str> {
        self.managed_device_id.as_deref()
    }

    /// Returns the computer's names.
    pub fn computer_names(&self) -> &[Text] {
        &self.computer_names
    }

    /// Returns the latest time in the device's logs.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            VerdictOutcome::Healthy => writeln!(f, "The deployment succeeded.")?,
            VerdictOutcome::CauseFound => writeln!(f, "The cause was found.")?,
            VerdictOutcome::Unknown => {
                writeln!(f, "The evidence proves neither a cause nor the end of the deployment.")?;
            }
        }
        writeln!(f)?;
        for link in &self.links {
            writeln!(f, "{:<30} {}", link.kind.to_string(), link.state)?;
        }
        for of in &self.diagnoses {
            writeln!(f, "\n{} ({})", of.finding, of.strength)?;
            for proof in &of.proof {
                writeln!(f, "  - {proof}")?;
            }
        }
        if !self.gaps.is_empty() {
            writeln!(f, "\nNot read:")?;
        }
        for gap in &self.gaps {
            writeln!(f, "  - {}: {}: {}", gap.side, gap.path, gap.reason)?;
        }
        Ok(())
    }
}
