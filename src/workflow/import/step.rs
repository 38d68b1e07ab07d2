//! The steps that the machine asks for, and the answers that it takes.

use std::time::Duration;

use super::outcome::Rejection;
use crate::model::{Device, GroupTag, Id, ImportedDevice};

/// The next step of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Send these requests, concurrently; `Machine::to_send` returns the devices of each.
    Send(Vec<Shipment>),
    /// List all records, to search for devices whose answer was lost.
    Look,
    /// Ask for these records.
    Poll(Vec<(usize, Id<ImportedDevice>)>),
    /// Ask for these devices.
    Read(Vec<(usize, Id<Device>)>),
    /// Change the group tags of these devices; `None` clears it.
    Tag(Vec<(usize, Id<Device>, Option<GroupTag>)>),
    /// Ask for a sync.
    Sync,
    /// Delete these records.
    Delete(Vec<(usize, Id<ImportedDevice>)>),
    /// Wait.
    Wait(Duration),
    /// All devices have their outcome.
    End,
}

/// The number of a request in flight.
pub(super) type Shipment = u64;

/// The outcome of a request that sends devices.
#[derive(Debug)]
pub(super) enum Answer {
    /// The service answered with these records.
    Records(Vec<ImportedDevice>),
    /// No answer: the service may have taken the devices, or not.
    Lost,
    /// The service has not taken the devices, for a passing reason; with the wait that it asked for.
    Held(Option<Duration>),
    /// The service has refused the devices for good.
    Rejected(Rejection),
}

/// The outcome of changing a group tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tagged {
    Changed,
    /// Not changed, for a passing reason.
    Held,
    Refused,
}
