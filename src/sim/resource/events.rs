//! Autopilot events: one row for every deployment that reached enrollment. Pages have 50 rows.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Rules, Selection};
use crate::sim::schema;
use crate::sim::state::{Entity, State, body, date, later};
use crate::sim::store::Body;

const PATH: &str = "deviceManagement/autopilotEvents";
const TYPE: &str = "deviceManagementAutopilotEvent";
const RULES: Rules = Rules { type_name: TYPE, page: 50, most: 50, order: &[], ..INTUNE };

/// How long rows are kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

pub(in crate::sim) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let state = &*exchange.state;
    odata::list_table(exchange, &RULES, PATH, &state.events, |of| is_kept(state, of), view)
}

pub(in crate::sim) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange.state, exchange.parameter(0))?;
    let selection = Selection::read(exchange, TYPE)?;
    Ok(exchange.entity(
        StatusCode::OK,
        &format!("{PATH}{}", selection.suffix()),
        selection.apply(view(found)),
    ))
}

pub(in crate::sim) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = schema::check(TYPE, &exchange.request.object()?, exchange.version)?;
    let mut row = exchange.state.new_event();
    row.extend(sent);
    let found = Entity::new(exchange.state.guid(), TYPE, row);
    let shown = view(&found);
    exchange.state.events.insert(found);
    Ok(exchange.entity(StatusCode::CREATED, PATH, shown))
}

pub(in crate::sim) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = schema::check(TYPE, &exchange.request.object()?, exchange.version)?;
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.events.update(&id, |of| of.body.extend(sent));
    let shown = view(find(exchange.state, &id)?);
    Ok(exchange.entity(StatusCode::OK, PATH, shown))
}

pub(in crate::sim) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.events.remove(&id);
    Ok(Reply::NoContent)
}

fn is_kept(state: &State, found: &Entity) -> bool {
    let at = found.text("eventDateTime").parse::<jiff::Timestamp>();
    at.is_ok_and(|at| later(at, KEPT) > state.now)
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Entity, Failure> {
    state.events.get(id).filter(|of| is_kept(state, of)).ok_or_else(|| Failure::intune_not_found(id))
}

fn view(found: &Entity) -> Body {
    let mut view = found.body.clone();
    view.insert("id".to_owned(), found.id.clone().into());
    view
}

impl State {
    /// A row of which nothing is known yet.
    pub(in crate::sim) fn new_event(&self) -> Body {
        body([
            ("accountSetupDuration", "PT0S".into()),
            ("accountSetupStatus", "unknown".into()),
            ("deploymentDuration", "PT0S".into()),
            ("deploymentEndDateTime", date(None)),
            ("deploymentStartDateTime", date(None)),
            ("deploymentState", "unknown".into()),
            ("deploymentTotalDuration", "PT0S".into()),
            ("deviceId", Value::Null),
            ("deviceRegisteredDateTime", date(None)),
            ("deviceSerialNumber", Value::Null),
            ("deviceSetupDuration", "PT0S".into()),
            ("deviceSetupStatus", "unknown".into()),
            ("enrollmentFailureDetails", Value::Null),
            ("enrollmentStartDateTime", date(None)),
            ("enrollmentState", "unknown".into()),
            ("enrollmentType", "unknown".into()),
            ("eventDateTime", date(Some(self.now))),
            ("managedDeviceName", Value::Null),
            ("osVersion", Value::Null),
            ("userId", Value::Null),
            ("userPrincipalName", Value::Null),
            ("windows10EnrollmentCompletionPageConfigurationDisplayName", Value::Null),
            ("windows10EnrollmentCompletionPageConfigurationId", Value::Null),
            ("windowsAutopilotDeploymentProfileDisplayName", Value::Null),
        ])
    }
}
