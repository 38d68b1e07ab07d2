//! The options of an import.

use std::time::Duration;

use crate::graph::Schedule;

const MINUTE: Duration = Duration::from_secs(60);

/// The options for an import. The defaults suit an import of any size.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, .. }| {
/// # use windows_autopilot::model::DeviceToImport;
/// # use windows_autopilot::registration::hash::SampleHash;
/// # let devices = vec![DeviceToImport::new("PF3XK7M1".parse()?, SampleHash::new("PF3XK7M1").build()?)];
/// use windows_autopilot::workflow::{Import, ImportOptions};
///
/// let options = ImportOptions::default().with_chunk_size(100).with_sync(false);
/// let report = Import::new(&client, devices).with_options(options).start().await?;
/// assert_eq!(report.counts.registered, 1);
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportOptions {
    /// The maximum number of devices in one request; at least 1. Default: 500.
    ///
    /// Graph documents no limit; the portal accepts 500 in a file. A request also stays below 3 MiB. Fewer requests are
    /// throttled less, but larger ones leave more devices to search for if a response is lost.
    pub chunk_size: usize,
    /// The maximum number of devices in flight, that is, sent but still without an outcome; at least 1. Default: 2,000.
    ///
    /// Requests are sent concurrently up to this number of devices, so a kill can leave several without a response.
    /// Each device is polled by its id, and Intune accepts 1,000 requests in 20 seconds.
    pub max_in_flight: usize,
    /// The maximum number of attempts to send a device if the response is lost and no record is found; at least 1.
    /// Default: 2.
    ///
    /// Before each retry, the device is searched for according to `confirm_schedule`. If the first request arrives
    /// late, the second one ends with the result that the device is already registered.
    pub max_attempts: u32,
    /// The timeout for retrying a request while the service is throttling or cannot be reached. Default: 1 hour.
    pub send_timeout: Duration,
    /// The schedule for searching for devices whose response was lost. Default: after 5 seconds, then at intervals of
    /// up to 30 seconds, for 2 minutes.
    pub confirm_schedule: Schedule,
    /// The schedule for polling until an import ends. Default: after 15 seconds, then at intervals of up to 60 seconds,
    /// for 60 minutes.
    pub import_schedule: Schedule,
    /// The schedule for polling until a registered device is visible. Default: after 15 seconds, then at intervals of
    /// up to 60 seconds, for 30 minutes.
    pub visibility_schedule: Schedule,
    /// The schedule for polling until a changed group tag can be read back. Default: after 5 seconds, then at intervals
    /// of up to 60 seconds, for 15 minutes.
    pub group_tag_schedule: Schedule,
    /// Whether a device counts as registered only when it can be read. Default: `true`.
    pub wait_until_visible: bool,
    /// Whether to start a sync when devices are registered, so that they can be read sooner. Default: `true`.
    ///
    /// At most one sync is started every ten minutes, as the service requires, including those started by others.
    pub sync: bool,
    /// Whether to change the group tag of a registered device if it differs from the desired one. Default: `true`.
    ///
    /// The tag is changed once. For devices that were not registered before, this requires `wait_until_visible`.
    pub repair_group_tag: bool,
    /// Whether to clear the tag of a device that is imported without a group tag, in the same way that
    /// `repair_group_tag` changes a tag that differs. Default: `false`.
    pub clear_group_tag: bool,
    /// Whether to delete this run's import records once their imports have ended. Default: `true`.
    pub delete_records: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            chunk_size: 500,
            max_in_flight: 2000,
            max_attempts: 2,
            send_timeout: 60 * MINUTE,
            confirm_schedule: Schedule::new(seconds(5), seconds(30), 2 * MINUTE),
            import_schedule: Schedule::new(seconds(15), MINUTE, 60 * MINUTE),
            visibility_schedule: Schedule::new(seconds(15), MINUTE, 30 * MINUTE),
            group_tag_schedule: Schedule::new(seconds(5), MINUTE, 15 * MINUTE),
            wait_until_visible: true,
            sync: true,
            repair_group_tag: true,
            clear_group_tag: false,
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
    /// Sets the maximum number of devices in one request.
    with_chunk_size: chunk_size: usize;
    /// Sets the maximum number of devices in flight.
    with_max_in_flight: max_in_flight: usize;
    /// Sets the maximum number of attempts to send a device for which no record is found.
    with_max_attempts: max_attempts: u32;
    /// Sets the timeout for retrying a request while the service is throttling or cannot be reached.
    with_send_timeout: send_timeout: Duration;
    /// Sets the schedule for searching for devices whose response was lost.
    with_confirm_schedule: confirm_schedule: Schedule;
    /// Sets the schedule for polling until an import ends.
    with_import_schedule: import_schedule: Schedule;
    /// Sets the schedule for polling until a registered device is visible.
    with_visibility_schedule: visibility_schedule: Schedule;
    /// Sets the schedule for polling until a changed group tag can be read back.
    with_group_tag_schedule: group_tag_schedule: Schedule;
    /// Sets whether a device counts as registered only when it can be read.
    with_wait_until_visible: wait_until_visible: bool;
    /// Sets whether to start a sync.
    with_sync: sync: bool;
    /// Sets whether to change a group tag that differs from the desired one.
    with_repair_group_tag: repair_group_tag: bool;
    /// Sets whether to clear the tag of a device that has no group tag in the input.
    with_clear_group_tag: clear_group_tag: bool;
    /// Sets whether to delete the records of imports that have ended.
    with_delete_records: delete_records: bool;
}
