//! Assignment filters.

use http::StatusCode;
use serde_json::{Value, json};

use super::filter_rule;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Rules};
use crate::sim::rows::Entity;
use crate::sim::schema;
use crate::sim::state::State;
use crate::sim::store::{Body, body, date};

const PATH: &str = "deviceManagement/assignmentFilters";
const TYPE: &str = "deviceAndAppManagementAssignmentFilter";
const RULES: Rules = Rules { type_name: TYPE, ..INTUNE };

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    odata::list_table(exchange, &RULES, PATH, &exchange.state.filters, |_| true, |of| view(exchange, of))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let found = find(exchange.state, exchange.parameter(0))?;
    odata::show(exchange, TYPE, PATH, view(exchange, found))
}

pub(crate) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = exchange.sent(TYPE)?;
    for name in ["displayName", "platform", "rule"] {
        if sent.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Failure::refused(format!("The property {name} is required.")));
        }
    }
    check_rule(&sent)?;
    let state = &mut *exchange.state;
    let mut settings = body([
        ("description", Value::Null),
        ("assignmentFilterManagementType", "devices".into()),
        ("evaluationMode", Value::Null),
        ("payloads", json!([])),
        ("roleScopeTags", json!(["0"])),
        ("createdDateTime", date(Some(state.now))),
        ("lastModifiedDateTime", date(Some(state.now))),
    ]);
    settings.extend(sent);
    let id = state.guid();
    state.filters.insert(Entity::new(id.clone(), TYPE, settings));
    let shown = view(exchange, find(exchange.state, &id)?);
    Ok(exchange.entity(StatusCode::CREATED, PATH, shown))
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (of, sent) = exchange.sent(TYPE)?;
    let found = find(exchange.state, exchange.parameter(0))?;
    if let Some(name) = schema::set_too_late(of, &sent, &found.body) {
        return Err(Failure::refused(format!(
            "The property {name} of an assignment filter cannot be changed."
        )));
    }
    check_rule(&sent)?;
    let id = found.id.clone();
    let now = exchange.state.now;
    exchange.state.filters.update(&id, |of| {
        of.body.extend(sent);
        of.set("lastModifiedDateTime", date(Some(now)));
    });
    let shown = view(exchange, find(exchange.state, &id)?);
    Ok(exchange.entity(StatusCode::OK, PATH, shown))
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.filters.remove(&id);
    Ok(Reply::NoContent)
}

/// Refuses a rule that is none.
fn check_rule(sent: &Body) -> Result<(), Failure> {
    match sent.get("rule").and_then(Value::as_str) {
        Some(rule) if !filter_rule::is_rule(rule) => {
            Err(Failure::refused(format!("The rule of the assignment filter is not valid: {rule}")))
        }
        _ => Ok(()),
    }
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Entity, Failure> {
    state.filters.get(id).ok_or_else(|| Failure::intune_not_found(id))
}

fn view(exchange: &Exchange<'_>, found: &Entity) -> Body {
    let mut view = found.view();
    schema::trim(&mut view, TYPE, exchange.version, exchange.request.wants_unknown_members());
    view
}
