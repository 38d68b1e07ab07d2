//! Checks of a deployment's devices: those that are given, and those that are registered.

use std::collections::BTreeSet;

use crate::model::{Device, DeviceToImport, Finding, Severity};
use crate::workflow::hybrid_join::{HybridJoin, UserAssignment};
use crate::workflow::state::TenantState;

const HAZARD: &str = "0x80070774: the first sign-in of an assigned user joins Entra ID alone";

pub(super) fn check_devices(
    desired: &HybridJoin,
    state: &TenantState,
    devices: &[DeviceToImport],
    found: &mut Vec<Finding>,
) {
    let named: BTreeSet<String> =
        devices.iter().map(|device| device.serial_number.as_str().to_ascii_lowercase()).collect();
    check_given(desired, devices, found);
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

fn check_given(desired: &HybridJoin, devices: &[DeviceToImport], found: &mut Vec<Finding>) {
    let with_user = devices.iter().filter(|device| device.assigned_user_principal_name.is_some());
    match desired.user_assignment {
        UserAssignment::Leave => found.extend(with_user.map(|device| {
            Finding::new(
                "devices.user-assigned",
                Severity::Error,
                device.serial_number.as_str(),
                "is to be imported with an assigned user",
                format!("leave the user out: on a hybrid join it ends with {HAZARD}"),
            )
        })),
        UserAssignment::Unassign => {}
        UserAssignment::Assign => {
            let count = with_user.count();
            if count > 0 {
                found.push(Finding::new(
                    "users.hazard",
                    Severity::Warning,
                    "user_assignment",
                    format!("{count} devices are to get a user"),
                    format!("do not do this in production: on a hybrid join it ends with {HAZARD}"),
                ));
            }
        }
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
    // A device that is not named here is another run's: it must not keep this one from going on.
    let severity = if is_named { Severity::Error } else { Severity::Warning };
    if device.user_principal_name.is_some() && desired.user_assignment == UserAssignment::Leave {
        found.push(Finding::new(
            "devices.user-assigned",
            severity,
            serial,
            "is registered with an assigned user",
            format!(
                "unassign the user, as user_assignment = \"unassign\" does: on a hybrid join it ends with {HAZARD}"
            ),
        ));
    }
    if device.display_name.is_some() {
        found.push(Finding::new(
            "devices.display-name",
            Severity::Info,
            serial,
            "has been given a name, and a hybrid join takes no notice of it",
            "clear the name; the computer's name is the prefix of the domain join profile and random characters",
        ));
    }
    let has_anchor = |anchors: &BTreeSet<String>| anchors.contains(&device.id.as_str().to_ascii_lowercase());
    let had_anchor = device.entra_device_id().is_some();
    if had_anchor && state.anchors.as_ref().is_some_and(|anchors| !has_anchor(anchors)) {
        found.push(Finding::new(
            "devices.anchor-missing",
            Severity::Warning,
            serial,
            "its object in Entra ID is gone: somebody may have taken it for a duplicate",
            "delete the registration and import the device again; never delete the object that carries [ZTDId]: a \
             hybrid joined device has two by design",
        ));
    }
}
