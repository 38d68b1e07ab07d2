//! The state of one device in an import.

use std::time::Duration;

use super::matching::Sent;
use super::outcome::{ImportOutcome, ImportStage, Registration};
use crate::graph::Schedule;
use crate::model::{Device, DeviceToImport, GroupTag, Id, ImportedDevice, SerialNumber, Text};

/// The schedule by which a device is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watch {
    since: Duration,
    pub(super) next: Duration,
    wait: Duration,
    pub(super) misses: u32,
}

impl Watch {
    /// Creates a schedule whose first poll is due at `next`.
    pub(super) fn new(since: Duration, next: Duration, schedule: Schedule) -> Self {
        Self { since, next, wait: schedule.initial_interval.max(Duration::from_millis(1)), misses: 0 }
    }

    /// Returns the schedule of the next poll; `None` if the deadline has passed. The last poll is at the deadline.
    ///
    /// If this poll got no response (`seen` is false), the deadline is doubled.
    pub(super) fn again(self, now: Duration, schedule: Schedule, seen: bool) -> Option<Self> {
        let mut end = self.since.saturating_add(schedule.deadline);
        if !seen && now >= end {
            end = end.saturating_add(schedule.deadline);
        }
        if now >= end {
            return None;
        }
        let wait = self.wait.saturating_add(self.wait / 2).min(schedule.max_interval).max(self.wait);
        Some(Self { next: now.saturating_add(self.wait).min(end), wait, ..self })
    }
}

/// The state of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SlotState {
    Queued,
    Sending,
    Confirming(Watch),
    Importing(Id<ImportedDevice>, Watch),
    AwaitingVisibility(Registration, Watch),
    /// The new tag was sent (`changed`) and has to be read back.
    Tagging {
        of: Registration,
        changed: bool,
        watch: Watch,
    },
    Done(ImportOutcome),
}

impl SlotState {
    pub(super) fn stage(&self) -> Option<ImportStage> {
        Some(match self {
            Self::Queued => ImportStage::Queued,
            Self::Sending => ImportStage::Sending,
            Self::Confirming(_) => ImportStage::Confirming,
            Self::Importing(..) => ImportStage::Importing,
            Self::AwaitingVisibility(..) => ImportStage::AwaitingVisibility,
            Self::Tagging { .. } => ImportStage::Tagging,
            Self::Done(_) => return None,
        })
    }

    pub(super) fn watch(&self) -> Option<Watch> {
        match self {
            Self::Confirming(watch)
            | Self::Importing(_, watch)
            | Self::AwaitingVisibility(_, watch)
            | Self::Tagging { watch, .. } => Some(*watch),
            Self::Queued | Self::Sending | Self::Done(_) => None,
        }
    }

    /// Returns `true` if the service is, or may be, processing the device: no other with its serial number may be sent.
    pub(super) fn is_pending(&self) -> bool {
        matches!(self, Self::Sending | Self::Confirming(_) | Self::Importing(..))
    }
}

/// A device of an import.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) key: Text,
    pub(super) serial: SerialNumber,
    pub(super) tag: Option<GroupTag>,
    /// The device with its hash, until the service has accepted it.
    pub(super) device: Option<Box<DeviceToImport>>,
    /// The device in the service, until its import has ended: no outcome may repeat its values.
    pub(super) taken: Option<Box<DeviceToImport>>,
    pub(super) state: SlotState,
    pub(super) import_id: Option<Text>,
    pub(super) record: Option<Id<ImportedDevice>>,
    pub(super) sends: u32,
    /// Whether the service has responded to a request with the device, so it is not sent again.
    pub(super) answered: bool,
    /// Whether a response contained a record with another identity in its place.
    pub(super) contradicted: bool,
    /// The registration named by a record so far.
    pub(super) registration: Option<Id<Device>>,
}

impl Slot {
    /// Returns the device as it was sent; `None` if it was not sent.
    pub(super) fn as_sent((index, slot): (usize, &Self)) -> Option<Sent<'_>> {
        Some(Sent { index, import_id: slot.import_id.as_deref()?, device: slot.device.as_deref()? })
    }
}
