//! The events during a watch.

use serde::Serialize;

use super::report::DeviceDeployment;

/// A watch event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WatchEvent {
    /// The phase, outcome or findings of a device have changed.
    Changed(Box<DeviceDeployment>),
    /// A round of polling has ended.
    #[non_exhaustive]
    Polled {
        /// The number of devices in progress.
        in_progress: usize,
        /// The total number of devices.
        devices: usize,
    },
}
