//! Windows Autopilot device identities: the registered devices.

use http::StatusCode;
use serde_json::Value;

use super::targeting::targeting;
use super::{directory_device, profile, targeting};
use crate::catalog::ApiVersion;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, Filter, INTUNE, Op, Rules, Support, Test};
use crate::sim::rows::{Identity, NewIdentity};
use crate::sim::schema::{self, Kind, Property};
use crate::sim::state::{Due, State};
use crate::sim::store::{Body, Word};

const PATH: &str = "deviceManagement/windowsAutopilotDeviceIdentities";
const TYPE: &str = "windowsAutopilotDeviceIdentity";
const RULES: Rules = Rules { type_name: TYPE, order: &[], filter, ..INTUNE };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Contains, "serialNumber") => Support::Yes,
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    check_query(exchange)?;
    odata::check_expand(exchange, TYPE, &[])?;
    let state = &*exchange.state;
    let shown = |identity: &Identity| identity.visible;
    odata::list_table(exchange, &RULES, PATH, &state.identities, shown, |of| {
        of.view(&targeting(state, of), exchange.version)
    })
}

pub(crate) fn count(exchange: &mut Exchange<'_>) -> Answer {
    check_query(exchange)?;
    odata::count(exchange, &RULES, exchange.state.identities.after(0).filter(|(_, of)| of.visible))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    check_query(exchange)?;
    let expand = odata::check_expand(exchange, TYPE, &["deploymentProfile", "intendedDeploymentProfile"])?;
    if exchange.version == ApiVersion::V1 && !expand.is_empty() {
        odata::check_expand(exchange, TYPE, &[])?;
    }
    let state = &*exchange.state;
    let identity = find(state, exchange.parameter(0))?;
    let mut targeting = targeting(state, identity);
    if state.options.quirks.single_get_reports_unknown {
        targeting.status = "unknown";
    }
    let mut view = identity.view(&targeting, exchange.version);
    for name in expand {
        let id = if name == "deploymentProfile" {
            targeting.assigned.map(|(id, _)| id)
        } else {
            targeting.intended
        };
        let profile = id.and_then(|id| state.profiles.get(id));
        view.insert(name, profile.map_or(Value::Null, |of| Value::Object(profile::view(state, of, &[]))));
    }
    odata::show(exchange, TYPE, PATH, view)
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let identity = find(exchange.state, exchange.parameter(0))?;
    if identity.deleting {
        return Err(Failure::refused("ZtdDeviceDeletionInProgess"));
    }
    if identity.managed_device.is_some() || identity.enrollment_state.0 == "enrolled" {
        return Err(Failure::refused(
            "The device is enrolled. Delete it from Intune before its Windows Autopilot registration is deleted.",
        ));
    }
    let id = identity.id.clone();
    exchange.state.identities.update(&id, |identity| identity.deleting = true);
    exchange.state.plan(exchange.state.options.lag.identity_deletion, Due::IdentityGoes(id));
    Ok(Reply::NoContent)
}

pub(crate) fn assign_user(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    let sent = parameters(exchange, "assignUserToDevice", &ASSIGN_USER)?;
    let text = |name: &str| {
        sent.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (Some(upn), Some(name)) = (text("userPrincipalName"), text("addressableUserName")) else {
        return Err(Failure::bare());
    };
    let upn = licensed(exchange.state, &upn)?;
    exchange.state.identities.update(&id, |identity| {
        identity.upn = upn;
        identity.addressable_user_name = name;
    });
    Ok(Reply::NoContent)
}

pub(crate) fn unassign_user(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.identities.update(&id, |identity| {
        identity.upn.clear();
        identity.addressable_user_name.clear();
    });
    Ok(Reply::NoContent)
}

pub(crate) fn update_properties(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    let sent = parameters(exchange, "updateDeviceProperties", &UPDATE)?;
    // Null is not a value: only empty text clears.
    let text = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned);
    let upn = match text("userPrincipalName") {
        Some(upn) if !upn.is_empty() => Some(licensed(exchange.state, &upn)?),
        other => other,
    };
    let tag = text("groupTag");
    let anchor = exchange.state.identities.update(&id, |identity| {
        for (place, new) in [
            (&mut identity.upn, upn),
            (&mut identity.addressable_user_name, text("addressableUserName")),
            (&mut identity.group_tag, tag.clone()),
            (&mut identity.display_name, text("displayName")),
            (&mut identity.account_upn, text("deviceAccountUpn")),
            (&mut identity.friendly_name, text("deviceFriendlyName")),
        ] {
            if let Some(new) = new {
                *place = new;
            }
        }
        identity.anchor.clone()
    });
    if let (Some(anchor), Some(tag)) = (anchor, tag) {
        directory_device::change(exchange.state, &anchor, |device| {
            device.physical_ids.retain(|id| !id.starts_with("[OrderID]:"));
            if !tag.is_empty() {
                device.physical_ids.push(format!("[OrderID]:{tag}"));
            }
        });
    }
    Ok(Reply::NoContent)
}

pub(crate) fn allow_next_enrollment(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.identities.update(&id, |identity| {
        if matches!(identity.enrollment_state.0, "blocked" | "failed") {
            identity.enrollment_state = Word("notContacted");
        }
    });
    Ok(Reply::NoContent)
}

pub(crate) fn deployment_profile(exchange: &mut Exchange<'_>) -> Answer {
    let identity = find(exchange.state, exchange.parameter(0))?;
    let assigned = targeting(exchange.state, identity).assigned.map(|(id, _)| id);
    linked_profile(exchange, assigned, "deploymentProfile")
}

pub(crate) fn intended_deployment_profile(exchange: &mut Exchange<'_>) -> Answer {
    let identity = find(exchange.state, exchange.parameter(0))?;
    linked_profile(exchange, targeting(exchange.state, identity).intended, "intendedDeploymentProfile")
}

fn linked_profile(exchange: &Exchange<'_>, id: Option<&str>, link: &str) -> Answer {
    let identity = exchange.parameter(0);
    let profile =
        id.and_then(|id| exchange.state.profiles.get(id)).ok_or_else(|| Failure::intune_not_found(link))?;
    let view = profile::view(exchange.state, profile, &[]);
    Ok(exchange.entity(StatusCode::OK, &format!("{PATH}('{identity}')/{link}"), view))
}

const ASSIGN_USER: [Property; 2] =
    [Property::new("userPrincipalName", Kind::Text), Property::new("addressableUserName", Kind::Text)];

const UPDATE: [Property; 7] = [
    Property::new("userPrincipalName", Kind::Text).null(),
    Property::new("addressableUserName", Kind::Text).null(),
    Property::new("groupTag", Kind::Text).null(),
    Property::new("displayName", Kind::Text).null(),
    Property::new("deviceAccountUpn", Kind::Text).null().beta(),
    Property::new("deviceAccountPassword", Kind::Text).null().beta(),
    Property::new("deviceFriendlyName", Kind::Text).null().beta(),
];

/// Parses and checks the parameters of an action.
fn parameters(exchange: &Exchange<'_>, action: &str, known: &[Property]) -> Result<Body, Failure> {
    let known = || known.iter().filter(|of| of.in_version(exchange.version));
    let names: Vec<&str> = known().map(|of| of.name).collect();
    let sent = exchange.request.parameters(action, &names)?;
    let mut kept = Body::new();
    for parameter in known() {
        if let Some(value) = sent.get(parameter.name) {
            let value = schema::check_value(parameter, value, exchange.reading())?;
            kept.insert(parameter.name.to_owned(), value);
        }
    }
    Ok(kept)
}

/// Returns the name of an existing user with a license, in the directory's spelling.
fn licensed(state: &State, upn: &str) -> Result<String, Failure> {
    match state.directory.user(upn) {
        Some(user) if user.licensed && user.upn().eq_ignore_ascii_case(upn) => Ok(user.upn().to_owned()),
        _ => Err(Failure::bare()),
    }
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Identity, Failure> {
    state.identities.get(id).filter(|of| of.visible).ok_or_else(|| Failure::intune_not_found(id))
}

fn check_query(exchange: &Exchange<'_>) -> Result<(), Failure> {
    let quirks = &exchange.state.options.quirks;
    if quirks.identity_select_fails && exchange.request.option("$select").is_some() {
        return Err(Failure::intune(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "An internal server error has occurred",
        ));
    }
    let filter = exchange.request.option("$filter").and_then(Filter::parse);
    let breaks = |test: &&Test| test.text().contains([' ', '-']);
    if quirks.identity_filter_refuses_space_and_hyphen
        && filter.is_some_and(|filter| filter.tests().iter().any(breaks))
    {
        return Err(Failure::bare());
    }
    Ok(())
}

/// Registers a device and creates its object in the directory. It becomes readable with [`show`].
pub(crate) fn register(state: &mut State, new: NewIdentity) -> String {
    let id = state.guid();
    let mut physical_ids = vec![format!("[ZTDID]:{id}")];
    for (label, value) in [("OrderID", &new.group_tag), ("PurchaseOrderId", &new.purchase_order)] {
        if !value.is_empty() {
            physical_ids.push(format!("[{label}]:{value}"));
        }
    }
    let anchor = directory_device::insert(
        state,
        &new.serial,
        Some("AzureAd"),
        physical_ids,
        Body::new(),
        Some(id.clone()),
    );
    let device_id = state.directory.devices.get(&anchor).map(|of| of.device_id.clone()).unwrap_or_default();
    state.identities.insert(Identity {
        id: id.clone(),
        serial: new.serial,
        manufacturer: new.manufacturer,
        model: new.model,
        product_key: new.product_key,
        group_tag: new.group_tag,
        purchase_order: new.purchase_order,
        anchor,
        device_id,
        upn: new.upn,
        addressable_user_name: String::new(),
        display_name: String::new(),
        friendly_name: String::new(),
        account_upn: String::new(),
        enrollment_state: Word("notContacted"),
        last_contacted: None,
        managed_device: None,
        hardware_changed: None,
        direct_profile: None,
        created: state.now,
        visible: false,
        deleting: false,
        intended: None,
        since: state.now,
        before: None,
    });
    targeting::retarget(state, &id);
    id
}

/// Makes a registered device readable.
pub(crate) fn show(state: &mut State, id: &str) {
    state.identities.update(id, |identity| identity.visible = true);
}

/// Ends a registration.
pub(crate) fn remove(state: &mut State, id: &str) {
    let Some(identity) = state.identities.remove(id) else { return };
    if state.options.quirks.anchor_outlives_registration {
        directory_device::change(state, &identity.anchor, |device| {
            device.physical_ids.retain(|id| !id.starts_with('['));
            device.identity = None;
        });
    } else {
        directory_device::remove(state, &identity.anchor);
    }
}
