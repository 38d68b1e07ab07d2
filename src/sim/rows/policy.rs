//! Objects of collections that the client does not manage.

use serde::{Deserialize, Serialize};

use crate::sim::store::Body;

/// An object that can be assigned to a group, with its assignments inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// The path of its collection, below the version.
    pub(crate) collection: String,
    pub(crate) body: Body,
}
