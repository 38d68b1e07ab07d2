//! Users.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::store::{Body, Keyed, Row};

/// A user.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) body: Body,
    /// Whether Intune may manage what the user enrolls.
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

impl Keyed for User {
    const INDEXED: &'static [&'static str] = &["userPrincipalName"];

    fn id(&self) -> &str {
        &self.id
    }
}

impl Row for User {
    fn value(&self, property: &str) -> Value {
        match property {
            "id" => self.id.clone().into(),
            _ => self.body.get(property).cloned().unwrap_or_default(),
        }
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.body.get(property).and_then(Value::as_str)
    }

    fn type_name(&self) -> &str {
        "user"
    }
}
