//! What an import tells on its way and at its end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::outcome::{ImportOutcome, ImportStage};
use crate::model::{Finding, SerialNumber};

/// Something that happened in an import, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportEvent {
    /// What happened.
    pub kind: ImportEventKind,
    /// How many devices are where, after it.
    pub counts: ImportCounts,
    /// How much longer it will take if it goes on at the pace so far; none before the first device is through.
    pub estimate: Option<Duration>,
}

/// What happened in an import.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportEventKind {
    /// A journal of an earlier run was found, and this one goes on from there. A kill may have cut off the last
    /// `torn_bytes` of it, which are made up for by looking.
    #[non_exhaustive]
    Resumed {
        /// Bytes of an incomplete last line.
        torn_bytes: usize,
    },
    /// The service took devices.
    #[non_exhaustive]
    Sent {
        /// How many.
        devices: usize,
    },
    /// The service asked to be left alone, or cannot be reached: the next devices are sent later.
    #[non_exhaustive]
    HeldBack {
        /// For how long.
        wait: Duration,
    },
    /// No answer came: devices are looked for before anything else is done with them.
    #[non_exhaustive]
    AnswerLost {
        /// How many.
        devices: usize,
    },
    /// The service refused a request, which is sent again in two halves to find the device it does not take.
    #[non_exhaustive]
    Halved {
        /// How many devices were in it.
        devices: usize,
    },
    /// A device's group tag was changed.
    #[non_exhaustive]
    GroupTagChanged {
        /// Its place in the input, from 0.
        device: usize,
    },
    /// A sync was asked for.
    SyncTriggered,
    /// A device is through.
    #[non_exhaustive]
    Finished {
        /// Its place in the input, from 0.
        device: usize,
        /// Its serial number.
        serial_number: SerialNumber,
        /// The outcome.
        outcome: ImportOutcome,
    },
    /// Something worth knowing that stops nothing.
    Note(Finding),
}

/// How many devices are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportCounts {
    /// Not sent yet.
    pub queued: usize,
    /// Being sent, or held back.
    pub sending: usize,
    /// Looked for after a lost answer.
    pub confirming: usize,
    /// At work in the service.
    pub importing: usize,
    /// Registered and not readable yet.
    pub appearing: usize,
    /// Waiting for a changed group tag.
    pub tagging: usize,
    /// Registered.
    pub registered: usize,
    /// Registered in this tenant before.
    pub already_registered: usize,
    /// Owned by another tenant.
    pub other_tenant: usize,
    /// In the input before.
    pub duplicate: usize,
    /// Refused.
    pub refused: usize,
    /// Unconfirmed.
    pub unconfirmed: usize,
    /// Timed out.
    pub timed_out: usize,
    /// Cancelled.
    pub cancelled: usize,
}

impl ImportCounts {
    /// All devices.
    pub fn total(&self) -> usize {
        self.unfinished() + self.finished()
    }

    /// Devices that have their outcome.
    pub fn finished(&self) -> usize {
        self.registered
            + self.already_registered
            + self.other_tenant
            + self.duplicate
            + self.refused
            + self.unconfirmed
            + self.timed_out
            + self.cancelled
    }

    /// Devices that have no outcome yet.
    pub fn unfinished(&self) -> usize {
        self.queued + self.pending() + self.appearing + self.tagging
    }

    /// Devices that the service has, or may have, at work.
    pub(super) fn pending(&self) -> usize {
        self.sending + self.confirming + self.importing
    }

    pub(super) fn of_stage(&mut self, stage: ImportStage) -> &mut usize {
        match stage {
            ImportStage::Queued => &mut self.queued,
            ImportStage::Sending => &mut self.sending,
            ImportStage::Confirming => &mut self.confirming,
            ImportStage::Importing => &mut self.importing,
            ImportStage::Appearing => &mut self.appearing,
            ImportStage::Tagging => &mut self.tagging,
        }
    }

    pub(super) fn of_outcome(&mut self, outcome: &ImportOutcome) -> &mut usize {
        match outcome {
            ImportOutcome::Registered { .. } => &mut self.registered,
            ImportOutcome::AlreadyRegistered { .. } => &mut self.already_registered,
            ImportOutcome::OtherTenant(_) => &mut self.other_tenant,
            ImportOutcome::Duplicate { .. } => &mut self.duplicate,
            ImportOutcome::Refused(_) => &mut self.refused,
            ImportOutcome::Unconfirmed(_) => &mut self.unconfirmed,
            ImportOutcome::TimedOut { .. } => &mut self.timed_out,
            ImportOutcome::Cancelled { .. } => &mut self.cancelled,
        }
    }
}

/// How an import ended: an outcome for each device, in the order of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportReport {
    /// The devices.
    pub devices: Vec<DeviceImport>,
    /// How many came to what.
    pub counts: ImportCounts,
    /// What is to be noted of the run as a whole.
    pub notes: Vec<Finding>,
    /// How long the run took.
    pub elapsed: Duration,
}

/// The import of one device: its serial number and outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeviceImport {
    /// The device's serial number.
    pub serial_number: SerialNumber,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: ImportOutcome,
}

impl ImportReport {
    /// Whether every device is registered in this tenant. A duplicate is what its first is.
    pub fn is_complete(&self) -> bool {
        let counts = &self.counts;
        counts.registered + counts.already_registered + counts.duplicate == counts.total()
    }

    /// All that is to be noted: of the run, then of each device that is not registered as was asked for.
    pub fn findings(&self) -> Vec<Finding> {
        let devices =
            self.devices.iter().filter_map(|device| device.outcome.finding(device.serial_number.as_str()));
        self.notes.iter().cloned().chain(devices).collect()
    }
}

/// What a dry run found: what would be done, without a single request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportPreview {
    /// Devices in the input.
    pub devices: usize,
    /// Devices that would be sent.
    pub to_send: usize,
    /// Requests that they would be sent in, if none is refused.
    pub requests: usize,
    /// Devices that an earlier run has sent, and that would be looked for or waited for.
    pub under_way: usize,
    /// Devices whose outcome is known from the journal or the input.
    pub finished: usize,
    /// What is to be noted of the input.
    pub findings: Vec<Finding>,
}
