//! Checks of a deployment's devices, given or registered.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Device, DeviceToImport, Finding, Severity};
use crate::registration::check_device;
use crate::workflow::findings::*;
use crate::workflow::hybrid_join::{HybridJoin, UserAssignment};
use crate::workflow::state::TenantState;
use crate::workflow::step::counted;

pub(super) fn check_devices(
    desired: &HybridJoin,
    state: &TenantState,
    devices: &[DeviceToImport],
    found: &mut Vec<Finding>,
) {
    let named: BTreeSet<String> =
        devices.iter().map(|device| device.serial_number.as_str().to_ascii_lowercase()).collect();
    check_input(state, devices, found);
    check_given(desired, devices, found);
    check_tags(desired, devices, found);
    for device in &state.devices {
        let is_named = device
            .serial_number
            .as_deref()
            .is_some_and(|serial| named.contains(&serial.to_ascii_lowercase()));
        if is_named || TenantState::is_of(desired, device) {
            check_registered(desired, state, device, is_named, found);
        }
    }
}

/// Checks the devices to import in the same way as the import itself.
fn check_input(state: &TenantState, devices: &[DeviceToImport], found: &mut Vec<Finding>) {
    let serial = |device: &Device| device.serial_number.as_deref().map(str::to_ascii_lowercase);
    let registered: BTreeSet<String> = state.devices.iter().filter_map(serial).collect();
    let is_new =
        |device: &&DeviceToImport| !registered.contains(&device.serial_number.as_str().to_ascii_lowercase());
    found.extend(devices.iter().filter(is_new).flat_map(check_device));
}

fn check_given(desired: &HybridJoin, devices: &[DeviceToImport], found: &mut Vec<Finding>) {
    let with_user = devices.iter().filter(|device| device.assigned_user_principal_name.is_some());
    match desired.user_assignment {
        UserAssignment::Leave => found.extend(with_user.map(|device| {
            DEVICES_USER_ASSIGNED
                .at(device.serial_number.as_str(), "is to be imported with an assigned user")
                .with_remedy(
                    "leave the user out: with one, a hybrid join fails with 0x80070774, because the user's first sign-in \
                     joins only Entra ID",
                )
        })),
        UserAssignment::Unassign => {}
        UserAssignment::Assign => {
            let count = with_user.count();
            if count > 0 {
                let evidence = format!("a user will be assigned to {}", counted(count, "device"));
                found.push(USERS_HAZARD.at("user_assignment", evidence));
            }
        }
    }
}

/// Checks for group tags that keep devices out of the deployment's group: one finding per tag.
fn check_tags(desired: &HybridJoin, devices: &[DeviceToImport], found: &mut Vec<Finding>) {
    let Some(taken) = desired.group_tag() else { return };
    let mut others: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for device in devices {
        if let Some(tag) = &device.group_tag
            && tag.as_str().to_lowercase() != taken.as_str().to_lowercase()
        {
            others.entry(tag.as_str()).or_default().push(device.serial_number.as_str());
        }
    }
    for (tag, serials) in others {
        let devices = match serials.len() {
            1 => "the device has".to_owned(),
            count => format!("{count} devices, this one first, have"),
        };
        let evidence =
            format!("{devices} the group tag {tag:?}, and the deployment's group takes {:?}", taken.as_str());
        found.push(PLAN_GROUP_TAG_DIFFERS.at(serials.first().copied().unwrap_or_default(), evidence));
    }
}

fn check_registered(
    desired: &HybridJoin,
    state: &TenantState,
    device: &Device,
    is_named: bool,
    found: &mut Vec<Finding>,
) {
    let serial = device.serial_number.as_deref().unwrap_or_else(|| device.id.as_str());
    if device.user_principal_name.is_some() && desired.user_assignment == UserAssignment::Leave {
        // A device that is not named here is another run's: it must not keep this one from going on.
        let severity = if is_named { Severity::Error } else { Severity::Warning };
        let finding = DEVICES_USER_ASSIGNED.at(serial, "is registered with an assigned user");
        found.push(finding.with_severity(severity));
    }
    if device.display_name.is_some() {
        let evidence = "has a display name, which a hybrid join ignores";
        found.push(DEVICES_DISPLAY_NAME.at(serial, evidence));
    }
    if device.entra_device_id().is_some() && state.anchor_of(device).is_absent() {
        let evidence = "its object in Entra ID is gone: somebody may have taken it for a duplicate";
        found.push(DEVICES_ANCHOR_MISSING.at(serial, evidence));
    }
}
