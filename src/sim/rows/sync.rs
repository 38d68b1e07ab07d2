//! The sync with the deployment service.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The state of the sync.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sync {
    pub(crate) triggered: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) running: bool,
}
