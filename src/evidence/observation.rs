//! Observations: facts with their time and place.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::fact::Fact;
use super::side::Side;
use super::source::SourceId;

/// The time of an observation, as far as its source records it.
///
/// Event logs use UTC, according to the machine's own clock. Text logs use local time without a zone; the zone is not
/// known unless you set it on the [`Bundle`](super::Bundle). Registry values have no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ObservedTime {
    /// The source records no time.
    #[default]
    Unknown,
    /// A time in UTC.
    Utc(Timestamp),
    /// Local time without a zone, which can order only lines from the same source.
    Local(DateTime),
}

impl ObservedTime {
    /// Returns the time in UTC, if the zone is known.
    pub fn timestamp(self) -> Option<Timestamp> {
        match self {
            Self::Utc(at) => Some(at),
            Self::Unknown | Self::Local(_) => None,
        }
    }

    /// Applies the offset of a local time, if there is one.
    pub(super) fn at_offset(self, offset: Option<Offset>) -> Self {
        match (self, offset) {
            (Self::Local(local), Some(offset)) => offset.to_timestamp(local).map_or(self, Self::Utc),
            _ => self,
        }
    }
}

impl From<Timestamp> for ObservedTime {
    fn from(at: Timestamp) -> Self {
        Self::Utc(at)
    }
}

impl fmt::Display for ObservedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("time not known"),
            Self::Utc(at) => at.fmt(f),
            Self::Local(local) => write!(f, "{local} (zone not known)"),
        }
    }
}

/// A fact from a source, with its time and its position in the source.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Observation {
    /// The id of the source in [`Evidence::sources`](super::Evidence::sources).
    pub source: SourceId,
    /// The machine that the source comes from.
    pub side: Side,
    /// The record number in an event log, or the line number in a text file, starting at 1.
    pub record: Option<u64>,
    /// The time of the observation.
    pub time: ObservedTime,
    /// The observed fact.
    pub fact: Fact,
}
