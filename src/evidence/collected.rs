//! Evidence: the content of a bundle's files.

use super::observation::Observation;
use super::side::Side;
use super::source::{Source, SourceId, SourceKind, Unread};
use crate::model::Lookup;

/// The observations from a bundle, with their sources and the files that were not read.
///
/// ```
/// use windows_autopilot::evidence::{Bundle, Limits, Side};
///
/// # let mut bundle = Bundle::new(Limits::default());
/// # bundle.add_bytes(Side::Device, "dsregcmd.txt", "");
/// let evidence = bundle.read();
/// for proof in &evidence.timeline().dated {
///     println!("{proof}");
/// }
/// println!("{} jumps of a clock", evidence.clock_steps().len());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    pub(super) observations: Vec<Observation>,
    pub(super) sources: Vec<Source>,
    pub(super) unread: Vec<Unread>,
}

impl Evidence {
    /// Returns the observations, grouped by source and in the order of each source.
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// Returns the sources that were read.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Returns the source with this id.
    pub fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0)
    }

    /// Returns the files that were not read, with the reasons.
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// Returns the sources of this kind from one machine.
    pub fn sources_of(&self, side: Side, kind: &SourceKind) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(move |source| source.side == side && source.kind == *kind)
    }

    /// Returns `true` if a source of this kind was read completely. `false` does not mean that something did not
    /// happen.
    pub fn has(&self, side: Side, kind: &SourceKind) -> bool {
        self.sources_of(side, kind).any(|source| source.complete)
    }

    /// Returns the first observation that `pick` accepts. The result is [`Lookup::Absent`] only if a source of `kind`
    /// was read completely and contains no such observation.
    pub fn find<'a, T>(
        &'a self,
        side: Side,
        kind: &SourceKind,
        pick: impl Fn(&'a Observation) -> Option<T>,
    ) -> Lookup<T> {
        let mut all = self.observations.iter().filter(|of| of.side == side);
        match all.find_map(pick) {
            Some(found) => Lookup::Present(found),
            None if self.has(side, kind) => Lookup::Absent,
            None => Lookup::Unknown,
        }
    }
}
