//! Intune Connectors for Active Directory. They come and go with their servers; a call can write a record of one, which
//! serves no domain.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use crate::sim::error::{Failure, Form};
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Rules, Selection};
use crate::sim::schema;
use crate::sim::state::{body, date, later};
use crate::sim::store::{Body, Keyed, Row};

const PATH: &str = "deviceManagement/domainJoinConnectors";
const TYPE: &str = "deviceManagementDomainJoinConnector";
const RULES: Rules = Rules { type_name: TYPE, ..INTUNE };

/// A connector that did not report for so long disappears.
const FORGOTTEN: Duration = Duration::from_secs(30 * 24 * 3600);

/// A connector on a server.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Connector {
    pub(in crate::sim) id: String,
    pub(in crate::sim) name: String,
    /// The domain of its server. Graph does not show it.
    pub(in crate::sim) domain: String,
    pub(in crate::sim) version: String,
    pub(in crate::sim) state: ConnectorState,
}

/// How a connector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum ConnectorState {
    Active,
    Error,
    /// It last reported then.
    Stopped(Timestamp),
    /// No server reports it: a call wrote its state, and when it was last heard of.
    Written(&'static str, Timestamp),
}

/// What a connector's state can be.
const STATES: [&str; 3] = ["active", "error", "inactive"];

impl Connector {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        let (_, heard) = self.heard(now);
        later(heard, FORGOTTEN) <= now
    }

    /// Its state, and when it was last heard of.
    fn heard(&self, now: Timestamp) -> (&'static str, Timestamp) {
        match self.state {
            ConnectorState::Active => ("active", now),
            ConnectorState::Error => ("error", now),
            ConnectorState::Stopped(at) => ("inactive", at),
            ConnectorState::Written(state, at) => (state, at),
        }
    }

    /// Takes over what a call says of it.
    fn write(&mut self, sent: &Body, now: Timestamp) {
        let text = |name: &str| sent.get(name).and_then(Value::as_str);
        if let Some(name) = sent.get("displayName") {
            self.name = name.as_str().unwrap_or_default().to_owned();
        }
        if let Some(version) = text("version") {
            version.clone_into(&mut self.version);
        }
        let (mut state, mut heard) = self.heard(now);
        if let Some(wanted) = text("state").and_then(|wanted| STATES.into_iter().find(|of| *of == wanted)) {
            state = wanted;
        }
        if let Some(at) = text("lastConnectionDateTime").and_then(|at| at.parse().ok()) {
            heard = at;
        }
        if sent.contains_key("state") || sent.contains_key("lastConnectionDateTime") {
            self.state = ConnectorState::Written(state, heard);
        }
    }

    fn view(&self, now: Timestamp) -> Body {
        let (state, seen) = self.heard(now);
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

pub(in crate::sim) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let now = exchange.state.now;
    let shown = |of: &Connector| !of.is_forgotten(now);
    odata::list_table(exchange, &RULES, PATH, &exchange.state.connectors, shown, |of| of.view(now))
}

pub(in crate::sim) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let now = exchange.state.now;
    let selection = Selection::read(exchange, TYPE)?;
    let view = find(exchange)?.view(now);
    Ok(exchange.entity(StatusCode::OK, &format!("{PATH}{}", selection.suffix()), selection.apply(view)))
}

pub(in crate::sim) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = schema::check(TYPE, &exchange.request.object()?, exchange.version)?;
    let now = exchange.state.now;
    let mut connector = Connector {
        id: exchange.state.guid(),
        name: String::new(),
        domain: String::new(),
        version: String::new(),
        state: ConnectorState::Written("active", now),
    };
    connector.write(&sent, now);
    let shown = connector.view(now);
    exchange.state.connectors.insert(connector);
    Ok(exchange.entity(StatusCode::CREATED, PATH, shown))
}

pub(in crate::sim) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = schema::check(TYPE, &exchange.request.object()?, exchange.version)?;
    let id = find(exchange)?.id.clone();
    let now = exchange.state.now;
    exchange.state.connectors.update(&id, |connector| connector.write(&sent, now));
    let shown = find(exchange)?.view(now);
    Ok(exchange.entity(StatusCode::OK, PATH, shown))
}

pub(in crate::sim) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange)?.id.clone();
    if !exchange.state.options.quirks.connector_deletion {
        return Err(forbidden());
    }
    exchange.state.connectors.remove(&id);
    Ok(Reply::NoContent)
}

fn find<'e>(exchange: &'e Exchange<'_>) -> Result<&'e Connector, Failure> {
    let id = exchange.parameter(0);
    let found = exchange.state.connectors.get(id).filter(|of| !of.is_forgotten(exchange.state.now));
    found.ok_or_else(|| Failure::intune_not_found(id))
}

fn forbidden() -> Failure {
    let hidden = Failure::intune(StatusCode::FORBIDDEN, "UnknownError", "An error has occurred");
    Failure { form: Form::WrappedTwice, ..hidden }
}
