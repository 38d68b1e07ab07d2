//! The deadline of a device: its time, its length and its source.

use std::time::Duration;

use jiff::Timestamp;

use super::evidence::{DeviceSnapshot, Expectation};
use super::phase::Phase;
use super::state::{DeadlineSource, PhaseStart, later};

/// The deadline of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deadline {
    pub(super) at: Timestamp,
    pub(super) limit: Duration,
    pub(super) source: DeadlineSource,
}

impl Deadline {
    /// Returns the deadline of a device; `None` if it is ready.
    pub(super) fn of(
        snapshot: &DeviceSnapshot,
        expected: &Expectation,
        phase: Phase,
        timeline: &[PhaseStart],
    ) -> Option<Self> {
        let since = timeline.last()?.at;
        let watched = since.max(snapshot.watched_since);
        let default = Expectation::default();
        let (from, limit, source) = match phase {
            Phase::Ready => return None,
            Phase::Unregistered | Phase::Registered => {
                let limit = expected.assignment_timeout;
                let source = set_or(limit != default.assignment_timeout, DeadlineSource::Assumption);
                (snapshot.watched_since, limit, source)
            }
            Phase::ProfileAssigned => match snapshot.contact().filter(|_| !snapshot.has_left_management()) {
                Some(contact) => {
                    let limit = expected.join_timeout;
                    let source = set_or(limit != default.join_timeout, DeadlineSource::Witness);
                    (contact.max(watched), limit, source)
                }
                None => {
                    let limit = expected.power_on_timeout;
                    let source = set_or(limit != default.power_on_timeout, DeadlineSource::Assumption);
                    (watched, limit, source)
                }
            },
            _ => {
                let enrolled = timeline.iter().find(|start| start.phase >= Phase::Enrolled)?.at;
                let source = match snapshot.page.present() {
                    Some(_) => DeadlineSource::Page,
                    None => {
                        set_or(expected.esp_limit() != default.esp_limit(), DeadlineSource::Documentation)
                    }
                };
                (enrolled, expected.deployment_limit(), source)
            }
        };
        Some(Self { at: later(from, limit), limit, source })
    }
}

fn set_or(is_set: bool, source: DeadlineSource) -> DeadlineSource {
    if is_set { DeadlineSource::Settings } else { source }
}
