//! The events and the report of an import.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::outcome::{ImportOutcome, ImportStage};
use crate::model::{Finding, SerialNumber};

/// An event during an import, with the progress after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportEvent {
    /// The kind of event.
    pub kind: ImportEventKind,
    /// The counts after the event.
    pub counts: ImportCounts,
    /// The estimated remaining time at the pace so far; `None` until the first device has an outcome.
    pub estimate: Option<Duration>,
}

/// The kind of an import event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportEventKind {
    /// The run resumes from an earlier run's journal. If the earlier run was killed while writing, the last `torn_bytes`
    /// bytes of the journal are an incomplete line; this run searches the service for what that line recorded.
    #[non_exhaustive]
    Resumed {
        /// The number of bytes in the incomplete last line; 0 if the last line is complete.
        torn_bytes: usize,
    },
    /// The service accepted devices.
    #[non_exhaustive]
    Sent {
        /// The number of devices.
        devices: usize,
    },
    /// The service is throttling or cannot be reached, so the next devices are sent later.
    #[non_exhaustive]
    Backoff {
        /// The time until the next request.
        wait: Duration,
    },
    /// No response was received; the run searches for the devices before it sends them again.
    #[non_exhaustive]
    OutcomeUnknown {
        /// The number of devices.
        devices: usize,
    },
    /// The service rejected a request, which is sent again in two halves to find the rejected device.
    #[non_exhaustive]
    RequestSplit {
        /// The number of devices in the request.
        devices: usize,
    },
    /// A device's group tag was changed.
    #[non_exhaustive]
    GroupTagChanged {
        /// The device's index in the input.
        device: usize,
    },
    /// A sync was started.
    SyncTriggered,
    /// The outcome for a device is final.
    #[non_exhaustive]
    Finished {
        /// The device's index in the input.
        device: usize,
        /// The device's serial number.
        serial_number: SerialNumber,
        /// The outcome of the device's import.
        outcome: ImportOutcome,
    },
    /// A finding that does not stop the run.
    Finding(Finding),
}

/// The number of devices by stage and outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportCounts {
    /// Not sent yet.
    pub queued: usize,
    /// Being sent, or held back.
    pub sending: usize,
    /// Being searched for after a lost response.
    pub confirming: usize,
    /// Being processed by the service.
    pub importing: usize,
    /// Registered but not yet readable.
    pub awaiting_visibility: usize,
    /// Waiting for a changed group tag to be readable.
    pub tagging: usize,
    /// Registered.
    pub registered: usize,
    /// Already registered in this tenant.
    pub already_registered: usize,
    /// Owned by another tenant.
    pub other_tenant: usize,
    /// Repeated in the input.
    pub duplicate: usize,
    /// Rejected.
    pub rejected: usize,
    /// Unconfirmed.
    pub unconfirmed: usize,
    /// Timed out.
    pub timed_out: usize,
    /// Canceled.
    pub canceled: usize,
}

impl ImportCounts {
    /// Returns the total number of devices.
    pub fn total(&self) -> usize {
        self.unfinished() + self.finished()
    }

    /// Returns the number of devices with an outcome.
    pub fn finished(&self) -> usize {
        self.registered
            + self.already_registered
            + self.other_tenant
            + self.duplicate
            + self.rejected
            + self.unconfirmed
            + self.timed_out
            + self.canceled
    }

    /// Returns the number of devices without an outcome.
    pub fn unfinished(&self) -> usize {
        self.queued + self.pending() + self.awaiting_visibility + self.tagging
    }

    /// Returns the number of devices that the service is, or may be, processing.
    pub(super) fn pending(&self) -> usize {
        self.sending + self.confirming + self.importing
    }

    pub(super) fn of_stage(&mut self, stage: ImportStage) -> &mut usize {
        match stage {
            ImportStage::Queued => &mut self.queued,
            ImportStage::Sending => &mut self.sending,
            ImportStage::Confirming => &mut self.confirming,
            ImportStage::Importing => &mut self.importing,
            ImportStage::AwaitingVisibility => &mut self.awaiting_visibility,
            ImportStage::Tagging => &mut self.tagging,
        }
    }

    pub(super) fn of_outcome(&mut self, outcome: &ImportOutcome) -> &mut usize {
        match outcome {
            ImportOutcome::Registered { .. } => &mut self.registered,
            ImportOutcome::AlreadyRegistered { .. } => &mut self.already_registered,
            ImportOutcome::OtherTenant(_) => &mut self.other_tenant,
            ImportOutcome::Duplicate { .. } => &mut self.duplicate,
            ImportOutcome::Rejected(_) => &mut self.rejected,
            ImportOutcome::Unconfirmed(_) => &mut self.unconfirmed,
            ImportOutcome::TimedOut { .. } => &mut self.timed_out,
            ImportOutcome::Canceled { .. } => &mut self.canceled,
        }
    }
}

/// The result of an import: an outcome for each device, in the order of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportReport {
    /// The devices of the import, in the order of the input.
    pub devices: Vec<DeviceImport>,
    /// The counts by outcome.
    pub counts: ImportCounts,
    /// The findings about the run as a whole.
    pub notes: Vec<Finding>,
    /// The duration of the run.
    pub elapsed: Duration,
}

/// The import of one device: its serial number and outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeviceImport {
    /// The device's serial number.
    pub serial_number: SerialNumber,
    /// The outcome of the device's import.
    #[serde(flatten)]
    pub outcome: ImportOutcome,
}

impl ImportReport {
    /// Returns `true` if every device is registered in this tenant. A repeated device is judged by its first
    /// occurrence.
    pub fn is_complete(&self) -> bool {
        let counts = &self.counts;
        counts.registered + counts.already_registered + counts.duplicate == counts.total()
    }

    /// Returns all findings: first those about the run, then those about each device that is not registered as desired.
    pub fn findings(&self) -> Vec<Finding> {
        let devices =
            self.devices.iter().filter_map(|device| device.outcome.finding(device.serial_number.as_str()));
        self.notes.iter().cloned().chain(devices).collect()
    }
}

/// A preview of an import, made without sending any requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportPreview {
    /// The number of devices in the input.
    pub devices: usize,
    /// The number of devices to send.
    pub to_send: usize,
    /// The number of requests, if none is rejected.
    pub requests: usize,
    /// The number of devices in flight: sent by an earlier run, and still to be searched for or polled.
    pub in_flight: usize,
    /// The number of devices whose outcome is known from the journal or the input.
    pub finished: usize,
    /// The findings about the input.
    pub findings: Vec<Finding>,
}
