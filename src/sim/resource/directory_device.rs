//! Devices in the directory.

use http::StatusCode;
use serde_json::Value;

use super::{membership, targeting};
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, DIRECTORY, Op, Rules, Selection, Support, Test};
use crate::sim::rows::{Device, Kind};
use crate::sim::schema;
use crate::sim::state::{Due, State};
use crate::sim::store::{Body, Word, later};

const TYPE: &str = "device";
const RULES: Rules = Rules { type_name: TYPE, filter, search: &["displayName"], ..DIRECTORY };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (
            Op::Eq | Op::In,
            "id"
            | "deviceId"
            | "displayName"
            | "accountEnabled"
            | "operatingSystem"
            | "operatingSystemVersion"
            | "isCompliant"
            | "isManaged"
            | "mdmAppId"
            | "enrollmentProfileName"
            | "trustType"
            | "profileType"
            | "onPremisesSyncEnabled",
        )
        | (
            Op::StartsWith,
            "displayName"
            | "deviceId"
            | "operatingSystem"
            | "operatingSystemVersion"
            | "enrollmentProfileName",
        )
        | (
            Op::Ge | Op::Le,
            "displayName" | "deviceId" | "approximateLastSignInDateTime" | "registrationDateTime",
        )
        | (Op::AnyEq | Op::AnyStartsWith, "physicalIds") => Support::Yes,
        (Op::Ne | Op::EndsWith | Op::Gt | Op::Lt, _) => Support::Advanced,
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let now = exchange.state.now;
    let table = &exchange.state.directory.devices;
    odata::list_table(exchange, &RULES, "devices", table, |of| of.is_visible(now), |of| view(exchange, of))
}

pub(crate) fn count(exchange: &mut Exchange<'_>) -> Answer {
    let now = exchange.state.now;
    odata::count(
        exchange,
        &RULES,
        exchange.state.directory.devices.after(0).filter(|(_, of)| of.is_visible(now)),
    )
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    show(exchange, find(exchange.state, exchange.parameter(0))?)
}

pub(crate) fn get_by_device_id(exchange: &mut Exchange<'_>) -> Answer {
    let id = exchange.parameter(0);
    let state = &*exchange.state;
    let mut found = state.directory.devices.find("deviceId", id).map(|(_, of)| of);
    let found = found.find(|of| of.is_visible(state.now)).ok_or_else(|| Failure::directory_not_found(id))?;
    show(exchange, found)
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = exchange.sent(TYPE)?;
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    change(exchange.state, &id, |device| {
        for (name, value) in sent {
            match (name.as_str(), value) {
                ("accountEnabled", Value::Bool(enabled)) => device.enabled = enabled,
                ("displayName", Value::String(name)) => device.display_name = name,
                ("extensionAttributes", Value::Object(new)) => {
                    let all = device
                        .others
                        .entry("extensionAttributes")
                        .or_insert_with(|| Value::Object(Body::new()));
                    if let Value::Object(all) = all {
                        all.extend(new);
                    }
                }
                (_, value) => {
                    device.others.insert(name, value);
                }
            }
        }
    });
    Ok(Reply::NoContent)
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange.state, exchange.parameter(0))?;
    if found.identity.is_some() && !exchange.state.options.quirks.anchor_deletion {
        return Err(Failure::plain(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation. The device is managed by Windows Autopilot.",
        ));
    }
    let id = found.id.clone();
    exchange.state.plan(exchange.state.options.lag.directory, Due::DeviceGoes(id));
    Ok(Reply::NoContent)
}

pub(crate) fn view(exchange: &Exchange<'_>, device: &Device) -> Body {
    let mut view = device.view();
    schema::trim(&mut view, TYPE, exchange.version, true);
    view
}

fn show(exchange: &Exchange<'_>, found: &Device) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let selection = Selection::read(exchange, TYPE)?;
    let path = format!("devices{}", selection.suffix());
    let mut shown = view(exchange, found);
    if !selection.is_given() {
        // They come only when they are asked for.
        shown.remove("extensionAttributes");
    }
    Ok(exchange.entity(StatusCode::OK, &path, selection.apply(shown)))
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Device, Failure> {
    let found = state.directory.devices.get(id).filter(|of| of.is_visible(state.now));
    found.ok_or_else(|| Failure::directory_not_found(id))
}

/// Adds a device.
pub(crate) fn insert(
    state: &mut State,
    display_name: &str,
    trust_type: Option<&'static str>,
    physical_ids: Vec<String>,
    others: Body,
    identity: Option<String>,
) -> String {
    let id = state.guid();
    let device_id = state.guid();
    state.directory.devices.insert(Device {
        id: id.clone(),
        device_id,
        display_name: display_name.to_owned(),
        enabled: true,
        trust_type: trust_type.map(Word),
        physical_ids,
        others,
        groups: Vec::new(),
        identity,
        created: state.now,
        visible_at: later(state.now, state.options.lag.directory),
    });
    changed(state, &id);
    id
}

/// Changes a device and reevaluates it for dynamic groups.
pub(crate) fn change<R>(state: &mut State, id: &str, change: impl FnOnce(&mut Device) -> R) -> Option<R> {
    let result = state.directory.devices.update(id, change)?;
    changed(state, id);
    Some(result)
}

/// Removes a device.
pub(crate) fn remove(state: &mut State, id: &str) {
    membership::leave_all_groups(state, id);
    let Some(device) = state.directory.devices.remove(id) else { return };
    state.directory.changes.note(Kind::Device, id);
    if let Some(identity) = device.identity {
        targeting::retarget(state, &identity);
    }
}

fn changed(state: &mut State, id: &str) {
    state.directory.changes.note(Kind::Device, id);
    if state.directory.groups.iter().any(|group| group.rule.is_some()) {
        state.plan(state.options.lag.dynamic_group, Due::DeviceIsEvaluated(id.to_owned()));
    }
}
