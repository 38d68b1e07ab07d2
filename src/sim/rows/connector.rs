//! Intune Connectors for Active Directory.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sim::store::{Body, Keyed, Row, Word, body, date, later};

/// The time without a report after which a connector disappears.
const FORGOTTEN: Duration = Duration::from_secs(30 * 24 * 3600);

/// A connector on a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Connector {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The domain of its server. Graph does not show it.
    pub(crate) domain: String,
    pub(crate) version: String,
    pub(crate) state: ConnectorState,
}

/// The state of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ConnectorState {
    Active,
    Error,
    /// Stopped after its last report at this time.
    Stopped(Timestamp),
    /// Not reported by a server: a call wrote its state and last contact.
    Written(Word, Timestamp),
}

/// The states of a connector.
const STATES: [&str; 3] = ["active", "error", "inactive"];

impl Connector {
    pub(crate) fn is_forgotten(&self, now: Timestamp) -> bool {
        let (_, last_contact) = self.last_report(now);
        later(last_contact, FORGOTTEN) <= now
    }

    /// Returns the state and the last contact.
    fn last_report(&self, now: Timestamp) -> (&'static str, Timestamp) {
        match self.state {
            ConnectorState::Active => ("active", now),
            ConnectorState::Error => ("error", now),
            ConnectorState::Stopped(at) => ("inactive", at),
            ConnectorState::Written(state, at) => (state.0, at),
        }
    }

    /// Applies a call's values.
    pub(crate) fn write(&mut self, sent: &Body, now: Timestamp) {
        let text = |name: &str| sent.get(name).and_then(Value::as_str);
        if let Some(name) = sent.get("displayName") {
            self.name = name.as_str().unwrap_or_default().to_owned();
        }
        if let Some(version) = text("version") {
            version.clone_into(&mut self.version);
        }
        let (mut state, mut last_contact) = self.last_report(now);
        if let Some(wanted) = text("state").and_then(|wanted| STATES.into_iter().find(|of| *of == wanted)) {
            state = wanted;
        }
        if let Some(at) = text("lastConnectionDateTime").and_then(|at| at.parse().ok()) {
            last_contact = at;
        }
        if sent.contains_key("state") || sent.contains_key("lastConnectionDateTime") {
            self.state = ConnectorState::Written(Word(state), last_contact);
        }
    }

    pub(crate) fn view(&self, now: Timestamp) -> Body {
        let (state, seen) = self.last_report(now);
        body([
            ("id", self.id.clone().into()),
            ("displayName", self.name.clone().into()),
            ("lastConnectionDateTime", date(Some(seen))),
            ("state", state.into()),
            ("version", self.version.clone().into()),
        ])
    }
}

impl Keyed for Connector {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Row for Connector {
    fn value(&self, property: &str) -> Value {
        match property {
            "displayName" => self.name.clone().into(),
            _ => Value::Null,
        }
    }
}
