//! The machines' clocks: jumps, and times corrected for them.

use jiff::{SignedDuration, Timestamp};

use super::collected::Evidence;
use super::event::Provider;
use super::fact::Fact;
use super::observation::ObservedTime;
use super::side::Side;
use super::source::{SourceId, SourceKind};

/// The smallest jump: smaller ones are the work of a time service.
const LEAST_STEP: SignedDuration = SignedDuration::from_secs(2);

/// A jump in a machine's clock, with the times before and after it, from Kernel-General event 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockStep {
    /// The machine whose clock jumped.
    pub side: Side,
    /// The time before the jump.
    pub before: Timestamp,
    /// The time after the jump.
    pub after: Timestamp,
    /// The index of the observation in [`Evidence::observations`].
    pub observation: usize,
}

impl ClockStep {
    /// Returns the length of the jump, which is negative if the clock moved backward.
    pub fn offset(&self) -> SignedDuration {
        self.after.duration_since(self.before)
    }
}

/// Returns the jumps of the clocks, in the order of their logs.
pub(super) fn steps(evidence: &Evidence) -> Vec<ClockStep> {
    let mut steps: Vec<(u64, ClockStep)> = Vec::new();
    for (observation, of) in evidence.observations().iter().enumerate() {
        let Fact::Event(record) = &of.fact else { continue };
        if !record.is(&Provider::KernelGeneral, 1) {
            continue;
        }
        let time = |name: &str| record.fields.get(name)?.trim().parse::<Timestamp>().ok();
        let (Some(before), Some(after)) = (time("OldTime"), time("NewTime")) else { continue };
        let step = ClockStep { side: of.side, before, after, observation };
        let is_known = |known: &(u64, ClockStep)| {
            (known.1.side, known.1.before, known.1.after) == (step.side, step.before, step.after)
        };
        // A log can be in a bundle twice.
        if step.offset().abs() >= LEAST_STEP && !steps.iter().any(is_known) {
            steps.push((record.record, step));
        }
    }
    steps.sort_by_key(|(record, _)| *record);
    steps.into_iter().map(|(_, step)| step).collect()
}

/// Returns the time of each observation by the clock after its last jump, if that is certain.
///
/// Times before a jump are shifted. A time that can be before or after a backward jump remains unchanged.
pub(super) fn mended(evidence: &Evidence, steps: &[ClockStep]) -> Vec<Option<Timestamp>> {
    let observations = evidence.observations();
    let mut times: Vec<Option<Timestamp>> = observations.iter().map(|of| of.time.timestamp()).collect();
    for side in [Side::Device, Side::ConnectorServer] {
        let steps: Vec<&ClockStep> = steps.iter().filter(|step| step.side == side).collect();
        if steps.is_empty() {
            continue;
        }
        let mut from = 0;
        while let Some(first) = observations.get(from) {
            let source = first.source;
            let length = observations.iter().skip(from).take_while(|of| of.source == source).count();
            if first.side == side && is_clocked(evidence, source) {
                mend(&steps, from, observations, times.get_mut(from..from + length).unwrap_or_default());
            }
            from += length;
        }
    }
    times
}

/// Returns `true` if the machine's own clock set the times of a source.
fn is_clocked(evidence: &Evidence, source: SourceId) -> bool {
    evidence.source(source).is_some_and(|source| {
        matches!(source.kind, SourceKind::EventLog(_) | SourceKind::AppLog | SourceKind::JoinLog)
    })
}

/// Corrects the times of one source, in the order of its records.
fn mend(
    steps: &[&ClockStep],
    offset: usize,
    observations: &[super::observation::Observation],
    times: &mut [Option<Timestamp>],
) {
    let raw: Vec<Option<Timestamp>> = times.to_vec();
    let mut begin = 0;
    for step in steps {
        let here = step.observation.checked_sub(offset).filter(|at| *at < raw.len());
        let Some(end) = boundary(step, here, &raw, begin) else { continue };
        for (index, time) in times.iter_mut().enumerate().take(end) {
            let is_utc =
                observations.get(offset + index).is_some_and(|of| matches!(of.time, ObservedTime::Utc(_)));
            if let Some(at) = time.filter(|_| is_utc)
                && let Ok(shifted) = at.checked_add(step.offset())
            {
                *time = Some(shifted);
            }
        }
        begin = end;
    }
}

/// Returns the number of records before a jump; `None` if that cannot be known.
fn boundary(step: &ClockStep, here: Option<usize>, raw: &[Option<Timestamp>], begin: usize) -> Option<usize> {
    // The log of the jump itself: its record is the first of the new time.
    if let Some(here) = here {
        return Some(here);
    }
    let rest = || raw.iter().enumerate().skip(begin);
    if step.after >= step.before {
        // No time lies inside the jump.
        let first_after = rest().find(|(_, time)| time.is_some_and(|time| time >= step.after));
        let inside = rest().any(|(_, time)| time.is_some_and(|time| time > step.before && time < step.after));
        return (!inside).then(|| first_after.map_or(raw.len(), |(index, _)| index));
    }
    // Back: the place where the times fall.
    let mut last: Option<Timestamp> = None;
    for (index, time) in rest() {
        let Some(time) = *time else { continue };
        if last.is_some_and(|last| time < last && time >= step.after && last <= step.before) {
            return Some(index);
        }
        last = Some(time);
    }
    // Without such a place, all times are from one side, if that is certain.
    let known: Vec<Timestamp> = rest().filter_map(|(_, time)| *time).collect();
    if known.iter().all(|time| *time < step.after) {
        return Some(raw.len());
    }
    known.iter().all(|time| *time > step.before).then_some(begin)
}
