//! Users.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sim::store::{Body, keyed_json};

/// A user.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) body: Body,
    /// Whether the user has an Intune license.
    pub(crate) licensed: bool,
    pub(crate) groups: Vec<Arc<str>>,
    pub(crate) visible_at: Timestamp,
}

impl User {
    pub(crate) fn upn(&self) -> &str {
        self.body.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn is_visible(&self, now: Timestamp) -> bool {
        self.visible_at <= now
    }
}

keyed_json!(User, indexed by "userPrincipalName", of type |_user| "user");
