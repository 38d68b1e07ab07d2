//! How patient an import is, and what it does beside importing.

use std::time::Duration;

use crate::graph::Schedule;

const MINUTE: Duration = Duration::from_secs(60);

/// How an import goes about it. The defaults suit an import of any size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportOptions {
    /// The most devices in one request; at least 1. 500.
    ///
    /// Graph documents no limit, the portal takes 500 in a file. A request also stays below 3 MiB, whatever is set here.
    /// The fewer the requests, the less of them are throttled; the more the devices, the more have to be looked for if
    /// an answer is lost.
    pub chunk: usize,
    /// The most devices that the service is to have at work at the same time; at least 1. 2,000.
    ///
    /// Each is asked for by its id, and Intune takes 1,000 requests in 20 seconds.
    pub most_pending: usize,
    /// How often a device may be sent whose answer was lost and of which no trace was found; at least 1. 2.
    ///
    /// It is looked for on the schedule of `confirming` first. Should the first request arrive after all, the second
    /// ends as already registered.
    pub most_sends: u32,
    /// How long a request may be held back by the service before its devices time out. 1 hour.
    pub sending: Duration,
    /// How to look for devices whose answer was lost. After 5, then up to 30 seconds, for 2 minutes.
    pub confirming: Schedule,
    /// How to wait for the service to import. After 15, then up to 60 seconds, for 60 minutes.
    pub importing: Schedule,
    /// How to wait until a registered device can be read. After 15, then up to 60 seconds, for 30 minutes.
    pub appearing: Schedule,
    /// How to wait until a changed group tag reads back. After 5, then up to 60 seconds, for 15 minutes.
    pub tagging: Schedule,
    /// Whether a device counts as registered only when it can be read. Yes.
    pub wait_until_visible: bool,
    /// Whether to ask for a sync when devices are registered, so that they can be read sooner. Yes.
    ///
    /// At most one in ten minutes, as the service demands, whoever asked for the last one.
    pub sync: bool,
    /// Whether to change the group tag of a registered device that has another than was asked for. Yes.
    ///
    /// It is changed once. Needs `wait_until_visible` for devices that were not registered before.
    pub repair_group_tag: bool,
    /// Whether to delete the records of imports that have ended; never another's than its own. Yes.
    pub delete_records: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            chunk: 500,
            most_pending: 2000,
            most_sends: 2,
            sending: 60 * MINUTE,
            confirming: Schedule::new(seconds(5), seconds(30), 2 * MINUTE),
            importing: Schedule::new(seconds(15), MINUTE, 60 * MINUTE),
            appearing: Schedule::new(seconds(15), MINUTE, 30 * MINUTE),
            tagging: Schedule::new(seconds(5), MINUTE, 15 * MINUTE),
            wait_until_visible: true,
            sync: true,
            repair_group_tag: true,
            delete_records: true,
        }
    }
}

/// Declares the setter of each option.
macro_rules! setters {
    ($($(#[$doc:meta])* $method:ident: $field:ident: $type:ty;)+) => {
        impl ImportOptions {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $method(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}

setters! {
    /// Sets the most devices in one request.
    with_chunk: chunk: usize;
    /// Sets the most devices that the service is to have at work at the same time.
    with_most_pending: most_pending: usize;
    /// Sets how often a device may be sent of which no trace was found.
    with_most_sends: most_sends: u32;
    /// Sets how long a request may be held back.
    with_sending: sending: Duration;
    /// Sets how to look for devices whose answer was lost.
    with_confirming: confirming: Schedule;
    /// Sets how to wait for the service to import.
    with_importing: importing: Schedule;
    /// Sets how to wait until a registered device can be read.
    with_appearing: appearing: Schedule;
    /// Sets how to wait until a changed group tag reads back.
    with_tagging: tagging: Schedule;
    /// Sets whether a device counts as registered only when it can be read.
    with_wait_until_visible: wait_until_visible: bool;
    /// Sets whether to ask for a sync.
    with_sync: sync: bool;
    /// Sets whether to change a group tag that differs.
    with_repair_group_tag: repair_group_tag: bool;
    /// Sets whether to delete the records of imports that have ended.
    with_delete_records: delete_records: bool;
}
