//! The steps of the machine, and their responses.

use std::time::Duration;

use super::outcome::Rejection;
use crate::model::{Device, GroupTag, Id, ImportedDevice};

/// The next step of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Send these requests, concurrently; `Machine::to_send` returns the devices of each.
    Send(Vec<RequestNumber>),
    /// List all records, to search for devices whose response was lost.
    List,
    /// Poll these records.
    Poll(Vec<(usize, Id<ImportedDevice>)>),
    /// Read these devices.
    Read(Vec<(usize, Id<Device>)>),
    /// Change the group tags of these devices; `None` clears it.
    Tag(Vec<(usize, Id<Device>, Option<GroupTag>)>),
    /// Start a sync.
    Sync,
    /// Delete these records.
    Delete(Vec<(usize, Id<ImportedDevice>)>),
    /// Wait.
    Wait(Duration),
    /// All devices have their outcome.
    End,
}

/// The number of a request in flight.
pub(super) type RequestNumber = u64;

/// The outcome of a request that sends devices.
#[derive(Debug)]
pub(super) enum Answer {
    /// The service responded with these records.
    Records(Vec<ImportedDevice>),
    /// No response: the service may or may not have accepted the devices.
    Lost,
    /// The service has not accepted the devices, for a transient reason; with its `Retry-After`.
    Held(Option<Duration>),
    /// The service has refused the devices permanently.
    Rejected(Rejection),
}

/// The outcome of changing a group tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tagged {
    Changed,
    /// Not changed, for a transient reason.
    Held,
    Refused,
}
