//! Objects of unmanaged collections.

use serde::{Deserialize, Serialize};

use crate::sim::store::Body;

/// An object that can be assigned to a group, with its assignments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// The path of its collection, below the version.
    pub(crate) collection: String,
    pub(crate) body: Body,
}
