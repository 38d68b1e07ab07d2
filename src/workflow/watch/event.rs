//! The events of a watch.

use super::report::DeviceDeployment;

/// An event of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchEvent {
    /// The phase, outcome or findings of a device have changed.
    Changed(Box<DeviceDeployment>),
    /// A round of polls is over.
    Polled {
        /// The number of devices in progress.
        in_progress: usize,
        /// The number of all devices.
        devices: usize,
    },
}
