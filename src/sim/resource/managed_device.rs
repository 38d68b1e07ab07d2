//! Managed devices, which have enrolled.

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Op, Rules, Support, Test};
use crate::sim::rows::Entity;
use crate::sim::schema;
use crate::sim::state::State;
use crate::sim::store::{Body, Word, date};

const PATH: &str = "deviceManagement/managedDevices";
const TYPE: &str = "managedDevice";
const RULES: Rules = Rules { type_name: TYPE, order: &["deviceName"], filter, ..INTUNE };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (
            Op::Eq,
            "serialNumber" | "deviceName" | "azureADDeviceId" | "id" | "operatingSystem"
            | "userPrincipalName" | "userId" | "complianceState" | "managementAgent",
        )
        | (Op::Contains | Op::StartsWith, "deviceName") => Support::Yes,
        (Op::Contains | Op::StartsWith, "serialNumber") => {
            Support::Quirk(|quirks| quirks.serial_number_searches)
        }
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    odata::list_table(exchange, &RULES, PATH, &exchange.state.managed, |_| true, |of| view(exchange, of))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let found = find(exchange.state, exchange.parameter(0))?;
    odata::show(exchange, TYPE, PATH, view(exchange, found))
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    remove(exchange.state, &id);
    Ok(Reply::NoContent)
}

/// Lists the devices that a user has enrolled.
pub(crate) fn list_of_user(exchange: &mut Exchange<'_>) -> Answer {
    let key = exchange.parameter(0);
    let user =
        exchange.state.directory.user(key).ok_or_else(|| Failure::directory_not_found(key))?.id.clone();
    odata::check_expand(exchange, TYPE, &[])?;
    let path = format!("users('{user}')/managedDevices");
    let is_theirs = |of: &Entity| of.text("userId").eq_ignore_ascii_case(&user);
    odata::list_table(exchange, &RULES, &path, &exchange.state.managed, is_theirs, |of| view(exchange, of))
}

/// Wipes a device. It is like new immediately: how long the real one takes depends on when it is switched on. A wipe that
/// keeps the enrollment or the user's data is not simulated.
pub(crate) fn wipe(exchange: &mut Exchange<'_>) -> Answer {
    const KEPT: [&str; 2] = ["keepEnrollmentData", "keepUserData"];
    const OTHERS: [&str; 4] =
        ["macOsUnlockCode", "obliterationBehavior", "persistEsimDataPlan", "useProtectedWipe"];
    if !exchange.request.body.is_empty() {
        let sent = exchange.request.parameters("wipe", &[&KEPT[..], &OTHERS].concat())?;
        if let Some(kept) = KEPT.iter().find(|name| sent.get(**name) == Some(&true.into())) {
            return Err(Failure::not_simulated(format!("The simulated tenant has no wipe with {kept}.")));
        }
    }
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    reset(exchange.state, &id);
    Ok(Reply::NoContent)
}

/// Removes a device from management, and resets it to factory state.
pub(crate) fn reset(state: &mut State, id: &str) {
    let Some(serial) = state.managed.get(id).map(|of| of.text("serialNumber").to_owned()) else { return };
    remove(state, id);
    state.end_deployment(&serial);
}

/// Asks a device to check in.
pub(crate) fn sync(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    let now = date(Some(exchange.state.now));
    exchange.state.managed.update(&id, |of| of.set("lastSyncDateTime", now));
    Ok(Reply::NoContent)
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Entity, Failure> {
    state.managed.get(id).ok_or_else(|| Failure::intune_not_found(id))
}

fn view(exchange: &Exchange<'_>, found: &Entity) -> Body {
    let mut view = found.view();
    schema::trim(&mut view, TYPE, exchange.version, true);
    view
}

/// Removes a device from management. A registered device can enroll again.
pub(crate) fn remove(state: &mut State, id: &str) {
    let Some(managed) = state.managed.remove(id) else { return };
    let registered: Vec<String> = state
        .identities
        .find("serialNumber", managed.text("serialNumber"))
        .filter(|(_, of)| of.managed_device.as_deref() == Some(managed.id.as_str()))
        .map(|(_, of)| of.id.clone())
        .collect();
    for identity in registered {
        state.identities.update(&identity, |identity| {
            identity.managed_device = None;
            identity.enrollment_state = Word("notContacted");
        });
    }
}
