//! Sources: the files of the evidence, read or not.

pub(super) mod archive;
mod limits;
mod seam;

use std::fmt;

use jiff::Timestamp;

use super::side::Side;
use crate::model::Text;

pub use self::limits::Limits;
pub use self::seam::EventSource;

/// The index of a source in [`Evidence::sources`](super::Evidence::sources).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub(super) usize);

/// The kind of a source, which determines the facts that it can contain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// An event log, identified by its channel.
    EventLog(Text),
    /// Registry keys: the dump in the cab, or a file from `reg export`.
    Registry,
    /// The downloaded profile, `AutopilotDDSZTDFile.json`, or the offline file.
    Profile,
    /// The output of `dsregcmd /status`.
    DirectoryStatus,
    /// `netsetup.log`.
    JoinLog,
    /// A log of the Intune Management Extension.
    AppLog,
    /// `results.xml` from Intune's zip: what was collected and what was not.
    CollectionResults,
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventLog(channel) => write!(f, "event log {channel}"),
            Self::Registry => f.write_str("registry"),
            Self::Profile => f.write_str("downloaded profile"),
            Self::DirectoryStatus => f.write_str("dsregcmd /status"),
            Self::JoinLog => f.write_str("netsetup.log"),
            Self::AppLog => f.write_str("app log"),
            Self::CollectionResults => f.write_str("results.xml"),
        }
    }
}

/// A source that was read.
///
/// The absence of a fact is significant only in a source that covers the period: see [`covers`](Self::covers).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Source {
    /// The machine that the source comes from.
    pub side: Side,
    /// The kind of source.
    pub kind: SourceKind,
    /// The path, including the archives around it, such as `DiagLogs.zip/(71) FoldersFiles x.cab/aad.evtx`.
    pub path: String,
    /// The number of records, lines or values read.
    pub records: u64,
    /// The number of records that could not be read.
    pub damaged: u64,
    /// The earliest time in the source, in UTC.
    pub first: Option<Timestamp>,
    /// The latest time in the source, in UTC.
    pub last: Option<Timestamp>,
    /// Whether the source was read to its end.
    pub complete: bool,
}

impl Source {
    pub(super) fn new(side: Side, kind: SourceKind, path: impl Into<String>) -> Self {
        Self {
            side,
            kind,
            path: path.into(),
            records: 0,
            damaged: 0,
            first: None,
            last: None,
            complete: true,
        }
    }

    /// Returns `true` if the source was read completely and extends from before `from` to after `until`.
    pub fn covers(&self, from: Timestamp, until: Timestamp) -> bool {
        self.complete
            && self.damaged == 0
            && self.first.is_some_and(|first| first <= from)
            && self.last.is_some_and(|last| last >= until)
    }

    /// Counts a record with its time.
    pub(super) fn count(&mut self, time: Option<Timestamp>) {
        self.records += 1;
        if let Some(time) = time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
    }
}

/// A file that was not read, or an element that was not collected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// The machine that the source comes from.
    pub side: Side,
    /// The path, including any enclosing archives; for an element of `results.xml`, its request.
    pub path: String,
    /// The reason why the source was not read.
    pub reason: UnreadReason,
}

/// The reason why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadReason {
    /// The file has no useful content: for example, it is a trace or a report for human readers.
    NotNeeded,
    /// The file is empty.
    Empty,
    /// The crate was built without the `evidence-archives` feature.
    FeatureOff,
    /// The collection on the device failed with this code.
    NotCollected(u32),
    /// A limit in [`Limits`], identified by its field name, would be exceeded.
    Limit(&'static str),
    /// The file is damaged, encrypted, or not in the format that its name suggests.
    Damaged(String),
    /// The file could not be opened or read.
    Io(std::io::ErrorKind),
}

impl fmt::Display for UnreadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNeeded => f.write_str("holds nothing that is read"),
            Self::Empty => f.write_str("is empty"),
            Self::FeatureOff => f.write_str("needs the feature `evidence-archives`"),
            Self::NotCollected(code) => write!(f, "the device did not collect it: 0x{code:08x}"),
            Self::Limit(field) => write!(f, "exceeds `Limits::{field}`; raise the limit and read again"),
            Self::Damaged(problem) => write!(f, "damaged: {problem}"),
            Self::Io(kind) => write!(f, "cannot be read: {kind}"),
        }
    }
}
