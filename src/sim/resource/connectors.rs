//! Intune Connectors for Active Directory: they can be read. The service makes and removes them itself.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use crate::sim::error::{Failure, Form};
use crate::sim::exchange::{Answer, Exchange};
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
}

impl Connector {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        matches!(self.state, ConnectorState::Stopped(at) if later(at, FORGOTTEN) <= now)
    }

    fn view(&self, now: Timestamp) -> Body {
        let (state, seen) = match self.state {
            ConnectorState::Active => ("active", now),
            ConnectorState::Error => ("error", now),
            ConnectorState::Stopped(at) => ("inactive", at),
        };
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
    let now = exchange.state.now;
    let shown = |of: &Connector| !of.is_forgotten(now);
    odata::list_table(exchange, &RULES, PATH, &exchange.state.connectors, shown, |of| of.view(now))
}

pub(in crate::sim) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let now = exchange.state.now;
    let selection = Selection::read(exchange, TYPE)?;
    let view = find(exchange)?.view(now);
    Ok(exchange.entity(StatusCode::OK, &format!("{PATH}{}", selection.suffix()), selection.apply(view)))
}

pub(in crate::sim) fn create(exchange: &mut Exchange<'_>) -> Answer {
    schema::check(TYPE, &exchange.request.object()?, exchange.version)?;
    Err(forbidden())
}

pub(in crate::sim) fn update(exchange: &mut Exchange<'_>) -> Answer {
    find(exchange)?;
    schema::check(TYPE, &exchange.request.object()?, exchange.version)?;
    Err(forbidden())
}

pub(in crate::sim) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    find(exchange)?;
    Err(forbidden())
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
