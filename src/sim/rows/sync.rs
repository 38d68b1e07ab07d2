//! The sync with the deployment service.

use jiff::Timestamp;

/// The state of the sync.
#[derive(Debug, Clone, Default)]
pub(in crate::sim) struct Sync {
    pub(in crate::sim) triggered: Option<Timestamp>,
    pub(in crate::sim) ended: Option<Timestamp>,
    pub(in crate::sim) running: bool,
}
