//! Autopilot events: one row for every deployment that reached enrollment. Pages have 50 rows.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Rules, Selection};
use crate::sim::rows::Entity;
use crate::sim::state::State;
use crate::sim::store::{Body, body, date, later};

const PATH: &str = "deviceManagement/autopilotEvents";
const TYPE: &str = "deviceManagementAutopilotEvent";
const DETAIL: &str = "deviceManagementAutopilotPolicyStatusDetail";
const RULES: Rules = Rules { type_name: TYPE, page: 50, most: 50, order: &[], ..INTUNE };

/// The time for which rows are kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let state = &*exchange.state;
    odata::list_table(exchange, &RULES, PATH, &state.events, |of| is_kept(state, of), Entity::view)
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let found = find(exchange.state, exchange.parameter(0))?;
    odata::show(exchange, TYPE, PATH, found.view())
}

pub(crate) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = exchange.sent(TYPE)?;
    let mut row = new_event(exchange.state);
    row.extend(sent);
    let found = Entity::new(exchange.state.guid(), TYPE, row);
    let shown = found.view();
    exchange.state.events.insert(found);
    Ok(exchange.entity(StatusCode::CREATED, PATH, shown))
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = exchange.sent(TYPE)?;
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.events.update(&id, |of| of.body.extend(sent));
    let shown = find(exchange.state, &id)?.view();
    Ok(exchange.entity(StatusCode::OK, PATH, shown))
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.events.remove(&id);
    exchange.state.policy_details.remove(&id);
    Ok(Reply::NoContent)
}

pub(crate) fn list_details(exchange: &mut Exchange<'_>) -> Answer {
    let rules = Rules { type_name: DETAIL, order: &[], ..INTUNE };
    let (event, details) = details(exchange)?;
    odata::list_values(exchange, &rules, &details_path(event), details.to_vec())
}

pub(crate) fn get_detail(exchange: &mut Exchange<'_>) -> Answer {
    let selection = Selection::read(exchange, DETAIL)?;
    let (event, details) = details(exchange)?;
    let id = exchange.parameter(1);
    let named =
        |of: &&Body| of.get("id").and_then(Value::as_str).is_some_and(|of| of.eq_ignore_ascii_case(id));
    let found = details.iter().find(named).cloned().ok_or_else(|| Failure::intune_not_found(id))?;
    Ok(exchange.entity(StatusCode::OK, &details_path(event), selection.apply(found)))
}

/// Returns an event with the statuses of its deployment's policies and apps.
fn details<'e>(exchange: &'e Exchange<'_>) -> Result<(&'e str, &'e [Body]), Failure> {
    if !exchange.state.options.quirks.policy_status_details {
        return Err(exchange.request.no_such_segment());
    }
    let found = find(exchange.state, exchange.parameter(0))?;
    let details = exchange.state.policy_details.get(&found.id);
    Ok((&found.id, details.map(Vec::as_slice).unwrap_or_default()))
}

fn details_path(event: &str) -> String {
    format!("{PATH}('{event}')/policyStatusDetails")
}

fn is_kept(state: &State, found: &Entity) -> bool {
    let at = found.text("eventDateTime").parse::<jiff::Timestamp>();
    at.is_ok_and(|at| later(at, KEPT) > state.now)
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Entity, Failure> {
    state.events.get(id).filter(|of| is_kept(state, of)).ok_or_else(|| Failure::intune_not_found(id))
}

/// Records the outcome of a policy or an app in a deployment.
pub(crate) fn note_policy(state: &mut State, event: &str, kind: &str, name: &str, status: &str) {
    let id = state.guid();
    let detail = body([
        ("id", id.into()),
        ("displayName", name.into()),
        ("policyType", kind.into()),
        ("complianceStatus", status.into()),
        ("trackedOnEnrollmentStatus", true.into()),
        ("lastReportedDateTime", date(Some(state.now))),
        ("errorCode", 0.into()),
    ]);
    state.policy_details.entry(event.to_owned()).or_default().push(detail);
}

/// Records that the apps of a deployment are installed.
pub(crate) fn note_apps_installed(state: &mut State, event: &str) {
    let now = date(Some(state.now));
    for detail in state.policy_details.get_mut(event).into_iter().flatten() {
        if detail.get("policyType").is_some_and(|kind| kind == "application") {
            detail.insert("complianceStatus".to_owned(), "installed".into());
            detail.insert("lastReportedDateTime".to_owned(), now.clone());
        }
    }
}

/// Creates a row without known values.
pub(crate) fn new_event(state: &State) -> Body {
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
        ("eventDateTime", date(Some(state.now))),
        ("managedDeviceName", Value::Null),
        ("osVersion", Value::Null),
        ("userId", Value::Null),
        ("userPrincipalName", Value::Null),
        ("windows10EnrollmentCompletionPageConfigurationDisplayName", Value::Null),
        ("windows10EnrollmentCompletionPageConfigurationId", Value::Null),
        ("windowsAutopilotDeploymentProfileDisplayName", Value::Null),
    ])
}
