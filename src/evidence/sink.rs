//! The destination of the readers' observations.

use std::collections::HashMap;

use jiff::tz::Offset;

use super::collected::Evidence;
use super::fact::Fact;
use super::observation::{Observation, ObservedTime};
use super::side::Side;
use super::source::{Limits, Source, SourceId, SourceKind, Unread, UnreadReason};

/// A collector for the evidence of a bundle, within its limits.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) limits: Limits,
    offsets: HashMap<Side, Offset>,
    evidence: Evidence,
}

impl Sink {
    pub(super) fn new(limits: Limits, offsets: HashMap<Side, Offset>) -> Self {
        Self { limits, offsets, evidence: Evidence::default() }
    }

    /// Starts a source.
    pub(super) fn source(&mut self, side: Side, kind: SourceKind, path: &str) -> SourceId {
        self.evidence.sources.push(Source::new(side, kind, path));
        SourceId(self.evidence.sources.len() - 1)
    }

    /// Counts a record of a source, and keeps its fact if it has one.
    pub(super) fn record(
        &mut self,
        source: SourceId,
        record: Option<u64>,
        time: ObservedTime,
        fact: Option<Fact>,
    ) {
        let Some(of) = self.evidence.sources.get_mut(source.0) else { return };
        of.count(time.at_offset(self.offsets.get(&of.side).copied()).timestamp());
        if let Some(fact) = fact {
            self.keep(source, record, time, fact);
        }
    }

    /// Keeps a fact.
    pub(super) fn keep(&mut self, source: SourceId, record: Option<u64>, time: ObservedTime, fact: Fact) {
        let Some(of) = self.evidence.sources.get_mut(source.0) else { return };
        if self.evidence.observations.len() >= self.limits.observations {
            if std::mem::take(&mut of.complete) {
                let (side, path) = (of.side, of.path.clone());
                self.unread(side, path, UnreadReason::Limit("observations"));
            }
            return;
        }
        let time = time.at_offset(self.offsets.get(&of.side).copied());
        self.evidence.observations.push(Observation { source, side: of.side, record, time, fact });
    }

    /// Counts a record that could not be read.
    pub(super) fn damaged(&mut self, source: SourceId) {
        if let Some(of) = self.evidence.sources.get_mut(source.0) {
            of.damaged += 1;
        }
    }

    /// Records that a source was cut off, with the reason.
    pub(super) fn cut(&mut self, source: SourceId, reason: UnreadReason) {
        let Some(of) = self.evidence.sources.get_mut(source.0) else { return };
        of.complete = false;
        let (side, path) = (of.side, of.path.clone());
        self.unread(side, path, reason);
    }

    /// Records a file that was not read.
    pub(super) fn unread(&mut self, side: Side, path: impl Into<String>, reason: UnreadReason) {
        self.evidence.unread.push(Unread { side, path: path.into(), reason });
    }

    /// Returns the number of files read or recorded.
    pub(super) fn files(&self) -> usize {
        self.evidence.sources.len() + self.evidence.unread.len()
    }

    pub(super) fn finish(self) -> Evidence {
        self.evidence
    }
}
