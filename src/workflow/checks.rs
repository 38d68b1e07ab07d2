//! What stands in the way of a deployment, or is likely to.

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Assignment, Connector, ConnectorState, ConnectorVersion, DeploymentProfile, DeviceToImport, Finding,
    MobileApp, Severity, Target, TargetKind,
};

use super::hybrid_join::{DomainJoinTarget, HybridJoin};
use super::state::{MdmRead, TenantState};

/// Limits of a tenant, as documented.
const MOST_PROFILES: usize = 350;
const MOST_PAGES: usize = 51;

pub(super) fn check(
    desired: &HybridJoin,
    state: &TenantState,
    devices: &[DeviceToImport],
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    check_mdm(state, &mut found);
    check_connectors(desired, state, now, &mut found);
    check_profile(desired, state, &mut found);
    check_page(desired, state, &mut found);
    check_domain_join(desired, state, &mut found);
    check_devices(state, devices, &mut found);
    found
}

fn check_mdm(state: &TenantState, found: &mut Vec<Finding>) {
    match &state.mdm {
        Some(MdmRead::NotAllowed) => found.push(Finding::new(
            "mdm.delegated-only",
            Severity::Warning,
            "MDM user scope",
            "could not be read: Graph lets signed-in users only, and this client signs in by itself",
            "check it by hand, or plan with a signed-in user",
        )),
        Some(MdmRead::Policy(policy)) => {
            if policy.is_mdm_enrollment_during_registration_disabled == Some(true) {
                found.push(Finding::new(
                    "mdm.disabled-during-registration",
                    Severity::Error,
                    "MDM user scope",
                    "enrollment during registration is switched off, whatever the scope is",
                    "set isMdmEnrollmentDuringRegistrationDisabled to false on the policy of Microsoft Intune",
                ));
            }
            if policy.is_valid == Some(false) {
                found.push(Finding::new(
                    "mdm.not-valid",
                    Severity::Error,
                    "MDM user scope",
                    "the policy of Microsoft Intune is not valid, and cannot be changed",
                    "delete the policy and set it up again",
                ));
            }
        }
        Some(MdmRead::Missing) | None => {}
    }
}

fn check_connectors(desired: &HybridJoin, state: &TenantState, now: Timestamp, found: &mut Vec<Finding>) {
    let Some(expected) = &desired.connectors else { return };
    let domain = &desired.active_directory.domain;
    let mut in_order = 0;
    for name in &expected.names {
        let is_it = |connector: &&Connector| {
            connector.display_name.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        if !state.connectors.iter().any(|connector| is_it(&connector)) {
            found.push(Finding::new(
                "connector.missing",
                Severity::Warning,
                name.as_str(),
                "is expected and not among the tenant's connectors",
                "install the Intune Connector on it; one that was installed minutes ago may not show yet",
            ));
        }
    }
    let serves = |connector: &&Connector| {
        expected.names.is_empty()
            || connector
                .display_name
                .as_deref()
                .is_some_and(|found| expected.names.iter().any(|name| name.eq_ignore_ascii_case(found)))
    };
    for connector in state.connectors.iter().filter(serves) {
        if check_connector(connector, expected.heard_within(), now, found) {
            in_order += 1;
        }
    }
    if in_order < expected.at_least {
        found.push(Finding::new(
            "connector.too-few",
            Severity::Error,
            domain.as_str(),
            format!(
                "{in_order} of {} connectors are in order, and at least {} must be",
                state.connectors.len(),
                expected.at_least
            ),
            "without one, no computer account is created and every device stops with 0x80070774",
        ));
    }
}

/// Whether a connector is in order: active, of a version that works, and heard from.
fn check_connector(
    connector: &Connector,
    heard_within: std::time::Duration,
    now: Timestamp,
    found: &mut Vec<Finding>,
) -> bool {
    let name = connector.display_name.as_deref().unwrap_or_else(|| connector.id.as_str());
    let mut in_order = true;
    if connector.state.as_ref() != Some(&ConnectorState::Active) {
        in_order = false;
        let state = connector.state.as_ref().map_or("not known", ConnectorState::as_str);
        found.push(Finding::new(
            "connector.not-active",
            Severity::Warning,
            name,
            format!("its state is {state}"),
            "look at the service Intune ODJConnector on the server, and at its event log",
        ));
    }
    let version = connector.version.as_deref().map(str::parse::<ConnectorVersion>);
    match version {
        Some(Ok(version)) if version < ConnectorVersion::MINIMUM => {
            in_order = false;
            found.push(Finding::new(
                "connector.too-old",
                Severity::Error,
                name,
                format!("version {version} no longer processes requests"),
                format!("uninstall it and install the current one: {} at least", ConnectorVersion::MINIMUM),
            ));
        }
        Some(Ok(version)) if version < ConnectorVersion::RECOMMENDED => found.push(Finding::new(
            "connector.old",
            Severity::Warning,
            name,
            format!("version {version} has sign-in and replication faults"),
            format!("update it to {} or later", ConnectorVersion::RECOMMENDED),
        )),
        Some(Ok(_)) => {}
        Some(Err(_)) | None => {
            in_order = false;
            found.push(Finding::new(
                "connector.version-not-known",
                Severity::Warning,
                name,
                "reports no version that can be read",
                "look at it on the server",
            ));
        }
    }
    let silent = connector.last_connection_date_time.map(|last| now.duration_since(last));
    let limit = SignedDuration::try_from(heard_within).unwrap_or(SignedDuration::MAX);
    if silent.is_none_or(|silent| silent > limit) {
        in_order = false;
        let evidence = match silent {
            Some(silent) => format!("was last heard from {} hours ago", silent.as_hours()),
            None => "was never heard from".to_owned(),
        };
        found.push(Finding::new(
            "connector.silent",
            Severity::Warning,
            name,
            evidence,
            "check that the server is on and reaches Intune; with a proxy, restart the service",
        ));
    }
    in_order
}

fn check_profile(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(wish) = &desired.profile else { return };
    let name = wish.display_name.as_str();
    let exists = state.hybrid_profiles().any(|stored| stored.settings.display_name == wish.display_name);
    if !exists && state.profiles.len() >= MOST_PROFILES {
        found.push(Finding::new(
            "profile.too-many",
            Severity::Error,
            name,
            format!("the tenant has {} profiles, and takes {MOST_PROFILES}", state.profiles.len()),
            "delete profiles that are not assigned",
        ));
    }
    let other_kind = state.profiles.iter().any(|profile| {
        !matches!(profile, DeploymentProfile::Hybrid(_)) && profile.display_name() == Some(name)
    });
    if other_kind {
        found.push(Finding::new(
            "profile.other-kind",
            Severity::Warning,
            name,
            "another profile of this name is for Entra join",
            "rename one: in reports they cannot be told apart",
        ));
    }
    // A device in the groups of two profiles gets the older one.
    let group = desired.group.as_ref().and_then(|group| match state.groups_named(&group.display_name) {
        [stored] => Some(&stored.id),
        _ => None,
    });
    for stored in state.hybrid_profiles().filter(|stored| stored.settings.display_name != wish.display_name) {
        let takes = state.assignments_of(stored).iter().any(|assignment| {
            matches!(assignment.target.as_ref().map(|target| &target.kind), Some(TargetKind::Group(id)) if Some(id) == group)
        });
        if takes {
            found.push(Finding::new(
                "profile.conflict",
                Severity::Error,
                name,
                format!(
                    "profile {} is assigned to the same group, and the older one wins",
                    stored.settings.display_name
                ),
                "take the group away from the other profile",
            ));
        }
    }
}

fn check_page(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(wish) = &desired.enrollment_status_page else { return };
    let name = wish.display_name.as_str();
    let own = state.pages.iter().find(|stored| stored.settings.display_name == wish.display_name);
    if own.is_none() && state.pages.len() >= MOST_PAGES {
        found.push(Finding::new(
            "page.too-many",
            Severity::Error,
            name,
            format!("the tenant has {} pages, and takes {MOST_PAGES}", state.pages.len()),
            "delete pages that are not assigned",
        ));
    }
    let to_users = |assignment: &Assignment| {
        matches!(assignment.target.as_ref().map(|target| &target.kind), Some(TargetKind::AllLicensedUsers))
    };
    if own.is_some_and(|stored| state.assignments_of(stored).iter().any(to_users)) {
        found.push(Finding::new(
            "page.assigned-to-users",
            Severity::Warning,
            name,
            "is assigned to users, where its blocking apps are ignored during device setup",
            "assign it to groups of devices only",
        ));
    }
    for name in &desired.blocking_apps {
        let count =
            state.apps.iter().filter(|app| app.display_name.as_deref() == Some(name.as_str())).count();
        if count != 1 {
            found.push(Finding::new(
                "page.app-not-one",
                Severity::Error,
                name.as_str(),
                format!("{count} apps have this name"),
                "name exactly one app, or give its id in the page's settings",
            ));
        }
    }
    let selected: Vec<&MobileApp> = match &wish.block_device_use {
        crate::model::BlockDeviceUse::Until(until) => match &until.apps {
            crate::model::BlockingApps::Selected(ids) => {
                state.apps.iter().filter(|app| ids.contains(&app.id)).collect()
            }
            crate::model::BlockingApps::All => Vec::new(),
        },
        crate::model::BlockDeviceUse::No => Vec::new(),
    };
    let by_name = state.apps.iter().filter(|app| {
        desired.blocking_apps.iter().any(|name| app.display_name.as_deref() == Some(name.as_str()))
    });
    let kinds: Vec<&str> = selected.into_iter().chain(by_name).filter_map(MobileApp::kind).collect();
    if kinds.contains(&"win32LobApp") && kinds.contains(&"windowsMobileMSI") {
        found.push(Finding::new(
            "page.mixed-installers",
            Severity::Warning,
            name,
            "waits for Win32 apps and for line-of-business (MSI) apps, which block each other's installer",
            "package the line-of-business apps as Win32 apps",
        ));
    }
}

fn check_domain_join(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(wish) = &desired.domain_join else { return };
    let name = wish.display_name.as_str();
    let group = desired.group.as_ref().and_then(|group| match state.groups_named(&group.display_name) {
        [stored] => Some(Target::group(stored.id.clone())),
        _ => None,
    });
    for stored in state.domain_joins.iter().filter(|stored| stored.settings.display_name != wish.display_name)
    {
        let targets = state.assignments_of(stored).iter().filter_map(|assignment| assignment.target.as_ref());
        for target in targets {
            let overlaps = match &target.kind {
                TargetKind::AllDevices => true,
                TargetKind::Group(_) => {
                    wish.assign_to == DomainJoinTarget::AllDevices
                        || group.as_ref().is_some_and(|group| group.same_as(target))
                }
                _ => false,
            };
            if overlaps {
                found.push(Finding::new(
                    "domain-join.overlap",
                    Severity::Error,
                    name,
                    format!("profile {} reaches the same devices", stored.settings.display_name),
                    "a device must get exactly one domain join profile: assign them to groups that share no device",
                ));
                break;
            }
        }
    }
    let excluded =
        state.domain_joins.iter().filter(|stored| stored.settings.display_name == wish.display_name).any(
            |stored| {
                state.assignments_of(stored).iter().filter_map(|assignment| assignment.target.as_ref()).any(
                    |target| {
                        matches!(&target.kind, TargetKind::ExclusionGroup(id)
                if group.as_ref().and_then(Target::group_id) == Some(id))
                    },
                )
            },
        );
    if excluded {
        found.push(Finding::new(
            "domain-join.excluded",
            Severity::Error,
            name,
            "the group of devices is excluded from it",
            "take the exclusion away",
        ));
    }
}

fn check_devices(state: &TenantState, devices: &[DeviceToImport], found: &mut Vec<Finding>) {
    const REMEDY: &str = "leave the user out: on a hybrid join it ends with 0x80070774";
    for device in devices {
        let serial = device.serial_number.as_str();
        if device.assigned_user_principal_name.is_some() {
            found.push(Finding::new(
                "devices.user-assigned",
                Severity::Error,
                serial,
                "is to be imported with an assigned user",
                REMEDY,
            ));
        }
        let registered = state.devices.iter().find(|found| {
            found.serial_number.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(serial))
        });
        if registered.is_some_and(|device| device.user_principal_name.is_some()) {
            found.push(Finding::new(
                "devices.user-assigned",
                Severity::Error,
                serial,
                "is registered with an assigned user",
                "unassign the user: on a hybrid join it ends with 0x80070774",
            ));
        }
    }
}
