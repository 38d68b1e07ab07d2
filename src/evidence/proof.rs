//! Proofs: observations as a verdict shows them.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::mask::Masked;
use super::side::Side;

/// An observation that supports a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Proof {
    /// The machine that the evidence comes from.
    pub side: Side,
    /// The path of the source. Its folders can contain people's names.
    pub source: Masked,
    /// The record number in an event log, or the line number in a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The time in UTC, corrected for clock jumps; `None` if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The observed fact, in words.
    pub text: Masked,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text)?;
        match self.record {
            Some(record) => write!(f, " [{}: {}, record {record}", self.side, self.source)?,
            None => write!(f, " [{}: {}", self.side, self.source)?,
        }
        match self.time {
            Some(time) => write!(f, ", {}]", second(time)),
            None => f.write_str("]"),
        }
    }
}

/// Rounds a time to the second.
pub(super) fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The strength of a conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Strength {
    /// A hint: other causes are just as likely, or the meaning of the evidence is unverified.
    Hint,
    /// Strong: this evidence rarely has another cause.
    Strong,
    /// A proof: this evidence has only one possible cause.
    Proof,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hint => "hint",
            Self::Strong => "strong",
            Self::Proof => "proof",
        })
    }
}

/// A link in the chain from the profile to the user's desktop. The variants are in deployment order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum LinkKind {
    /// The device downloaded its profile for hybrid join.
    Profile,
    /// The user signed in to Microsoft Entra.
    SignIn,
    /// The device enrolled in Intune.
    Enrollment,
    /// The device waited for its domain join blob.
    BlobWait,
    /// The request reached a connector.
    ConnectorAsked,
    /// The connector created the computer account.
    AccountCreated,
    /// The device applied the blob.
    BlobApplied,
    /// The device reached a domain controller.
    DomainControllerReached,
    /// The device restarted.
    Restarted,
    /// The device page of the enrollment status page is done.
    DevicePage,
    /// The user signed in to the domain.
    DomainSignIn,
    /// The device is registered in Microsoft Entra.
    Registration,
    /// The user page of the enrollment status page is done.
    UserPage,
}

impl LinkKind {
    /// All links, in order.
    pub const ALL: [Self; 13] = [
        Self::Profile,
        Self::SignIn,
        Self::Enrollment,
        Self::BlobWait,
        Self::ConnectorAsked,
        Self::AccountCreated,
        Self::BlobApplied,
        Self::DomainControllerReached,
        Self::Restarted,
        Self::DevicePage,
        Self::DomainSignIn,
        Self::Registration,
        Self::UserPage,
    ];
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Profile => "profile",
            Self::SignIn => "sign-in to Microsoft Entra",
            Self::Enrollment => "enrollment",
            Self::BlobWait => "wait for the domain join",
            Self::ConnectorAsked => "request at a connector",
            Self::AccountCreated => "computer account",
            Self::BlobApplied => "blob applied",
            Self::DomainControllerReached => "domain controller",
            Self::Restarted => "restart",
            Self::DevicePage => "device page",
            Self::DomainSignIn => "sign-in to the domain",
            Self::Registration => "registration in Microsoft Entra",
            Self::UserPage => "user page",
        })
    }
}

/// The state of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum LinkState {
    /// The evidence proves that the link happened.
    Proven,
    /// The evidence proves that the link failed, or that it did not happen during a period that a log covers.
    Refuted,
    /// The profile or the enrollment status page skips the link.
    NotRequired,
    /// The sources were read and neither prove nor refute the link: the device may not have reached it yet.
    Open,
    /// The sources were not collected, or only in part. The link may have happened.
    NotCollected,
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proven => "proven",
            Self::Refuted => "refuted",
            Self::NotRequired => "not required",
            Self::Open => "open",
            Self::NotCollected => "not collected",
        })
    }
}
