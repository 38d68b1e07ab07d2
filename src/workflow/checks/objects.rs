//! Checks of a deployment's objects: limits, names, and other objects that reach the same devices.

use crate::model::{
    Assignment, BlockDeviceUse, BlockUntil, BlockingApps, DeploymentProfile, DomainJoinProfile,
    EnrollmentStatusPage, Finding, HybridJoinProfile, MobileApp, Severity, Stored, Target, TargetKind,
};
use crate::workflow::hybrid_join::{DomainJoinTarget, HybridJoin};
use crate::workflow::object::ManagedObject;
use crate::workflow::state::TenantState;

/// Limits of a tenant, as documented.
const MOST_PROFILES: usize = 350;
const MOST_PAGES: usize = 51;

pub(super) fn check_profile(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(wish) = &desired.profile else { return };
    let name = wish.display_name.as_str();
    let own = HybridJoinProfile::own(state.hybrid_profiles(), desired).next();
    if own.is_none() && state.profiles.len() >= MOST_PROFILES {
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
    let Some(group) = state.device_group(desired) else { return };
    if own.is_some_and(|own| state.is_assigned_to(own.id.as_str(), &group.id, true)) {
        found.push(Finding::new(
            "profile.excluded",
            Severity::Error,
            name,
            "the group of devices is excluded from it",
            "take the exclusion away",
        ));
    }
    // A device in the groups of two profiles gets the one that was created first.
    let ours = own.and_then(|own| own.created_date_time);
    for profile in &state.profiles {
        let (id, created, kind) = match profile {
            DeploymentProfile::Hybrid(stored) => {
                (stored.id.as_str(), stored.created_date_time, "hybrid join")
            }
            DeploymentProfile::Entra(stored) => (stored.id.as_str(), stored.created_date_time, "Entra join"),
            DeploymentProfile::Unknown(_) => continue,
        };
        if own.is_some_and(|own| own.id.as_str() == id) || !state.is_assigned_to(id, &group.id, false) {
            continue;
        }
        let wins = match (ours, created) {
            (Some(ours), Some(theirs)) => theirs <= ours,
            _ => true,
        };
        let result = if wins { "it is the older one, and wins" } else { "this one is older, and wins" };
        found.push(Finding::new(
            "profile.conflict",
            if wins { Severity::Error } else { Severity::Warning },
            name,
            format!(
                "profile {} ({kind}) is assigned to the same group: {result}",
                profile.display_name().unwrap_or(id)
            ),
            "take the group away from the other profile",
        ));
    }
}

/// Checks for assignments to groups that no longer exist: they keep objects from being deleted.
pub(super) fn check_orphans(state: &TenantState, found: &mut Vec<Finding>) {
    for id in &state.gone_groups {
        found.push(Finding::new(
            "assignment.orphan",
            Severity::Warning,
            id.as_str(),
            "an object of the deployment is assigned to this group, which is not there any more",
            "remove_other_assignments takes the assignment away; the service does so itself after about a week",
        ));
    }
}

/// Checks the members of a group of devices that a person fills.
pub(super) fn check_members(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let (Some(group), Some(members)) = (&desired.group, &state.members) else { return };
    let users = members.iter().filter(|member| member.kind() == Some("user")).count();
    if users > 0 {
        found.push(Finding::new(
            "group.has-users",
            Severity::Warning,
            group.display_name.as_str(),
            format!("{users} of its {} members are users", members.len()),
            "put devices into it and no users: profiles do not reach users' devices, and a status page for users does \
             not wait for its apps",
        ));
    }
    let devices = members.iter().any(|member| member.kind() == Some("device"));
    if !devices && users > 0 {
        found.push(Finding::new(
            "group.no-device",
            Severity::Error,
            group.display_name.as_str(),
            "it has users in it and no device",
            "put the devices' objects into it: those that carry [ZTDId]",
        ));
    }
}

pub(super) fn check_page(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(wish) = &desired.enrollment_status_page else { return };
    let name = wish.display_name.as_str();
    let own = EnrollmentStatusPage::own(&state.pages, desired).next();
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
    let is_selected = |app: &MobileApp| match &wish.block_device_use {
        BlockDeviceUse::Until(BlockUntil { apps: BlockingApps::Selected(ids), .. }) => ids.contains(&app.id),
        _ => false,
    };
    let is_named = |app: &MobileApp| {
        desired.blocking_apps.iter().any(|name| app.display_name.as_deref() == Some(name.as_str()))
    };
    let blocking = state.apps.iter().filter(|app| is_selected(app) || is_named(app));
    let kinds: Vec<&str> = blocking.filter_map(MobileApp::kind).collect();
    if kinds.contains(&"officeSuiteApp") {
        found.push(Finding::new(
            "page.office-app",
            Severity::Warning,
            name,
            "waits for Microsoft 365 Apps as an Office suite, which installs beside Win32 apps and blocks them",
            "package Microsoft 365 Apps as a Win32 app",
        ));
    }
    if kinds.contains(&"win32LobApp") && kinds.contains(&"windowsMobileMSI") {
        found.push(Finding::new(
            "page.mixed-installers",
            Severity::Warning,
            name,
            "waits for Win32 apps and for line-of-business (MSI) apps, which block each other's installer",
            "package the line-of-business apps as Win32 apps",
        ));
    }
    if let (Some(group), Some(own)) = (state.device_group(desired), own) {
        let rank = |stored: &Stored<EnrollmentStatusPage>| stored.observed.priority.unwrap_or(i32::MAX);
        let outranks = |stored: &&Stored<EnrollmentStatusPage>| {
            stored.id != own.id
                && !stored.is_default()
                && rank(stored) < rank(own)
                && state.is_assigned_to(stored.id.as_str(), &group.id, false)
        };
        if let Some(other) = state.pages.iter().find(outranks) {
            found.push(Finding::new(
                "page.outranked",
                Severity::Warning,
                name,
                format!(
                    "page {} is assigned to the same group and has the priority {}: the devices show that one",
                    other.settings.display_name,
                    rank(other)
                ),
                "take the group away from the other page, or give this one the smaller number",
            ));
        }
    }
    if desired.profile.is_some() && wish.show_installation_progress {
        found.push(Finding::new(
            "page.account-setup-waits",
            Severity::Info,
            name,
            "its account setup waits until Entra Connect has synced the computer, which takes up to 30 minutes and more",
            "give devices the policy ./Vendor/MSFT/DMClient/Provider/MS DM Server/FirstSyncStatus/SkipUserStatusPage \
             (Boolean, true) if users should not wait",
        ));
    }
}

pub(super) fn check_domain_join(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(wish) = &desired.domain_join else { return };
    let name = wish.display_name.as_str();
    let group = state.device_group(desired).map(|stored| Target::group(stored.id.clone()));
    let is_other = |stored: &&Stored<DomainJoinProfile>| !DomainJoinProfile::is_named(stored, name);
    for stored in state.domain_joins.iter().filter(is_other) {
        let reaches = |target: &Target| match &target.kind {
            TargetKind::AllDevices => true,
            TargetKind::Group(_) => {
                wish.assign_to == DomainJoinTarget::AllDevices
                    || group.as_ref().is_some_and(|group| group.same_as(target))
            }
            _ => false,
        };
        if state.assignments_of(stored).iter().filter_map(|found| found.target.as_ref()).any(reaches) {
            found.push(Finding::new(
                "domain-join.overlap",
                Severity::Error,
                name,
                format!("profile {} reaches the same devices", stored.settings.display_name),
                "a device must get exactly one domain join profile: assign them to groups that share no device",
            ));
        }
    }
    let excluded = state.device_group(desired).is_some_and(|group| {
        DomainJoinProfile::own(&state.domain_joins, desired)
            .any(|stored| state.is_assigned_to(stored.id.as_str(), &group.id, true))
    });
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
