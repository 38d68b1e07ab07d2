//! Checks of a deployment's objects: limits, names, and other objects that reach the same devices.

use crate::model::{Assignment, DeploymentProfile, Finding, Stored, TargetKind};
use crate::workflow::apps;
use crate::workflow::findings::*;
use crate::workflow::hybrid_join::{HybridJoin, MemberSelection};
use crate::workflow::object::Assignable;
use crate::workflow::state::TenantState;
use crate::workflow::targets::{self, TargetChange};

/// Limits of a tenant, as documented.
const MOST_PROFILES: usize = 350;
const MOST_PAGES: usize = 51;

pub(super) fn check_profile(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(wish) = &desired.profile else { return };
    let name = wish.display_name.as_str();
    let own = state.identity.own(state.hybrid_profiles(), desired).next();
    if own.is_none() && state.profiles.len() >= MOST_PROFILES {
        let evidence =
            format!("the tenant has {} profiles, and the limit is {MOST_PROFILES}", state.profiles.len());
        found.push(PROFILE_TOO_MANY.at(name, evidence));
    }
    let other_kind = state.profiles.iter().any(|profile| {
        !matches!(profile, DeploymentProfile::Hybrid(_)) && profile.display_name() == Some(name)
    });
    if other_kind {
        found.push(PROFILE_OTHER_KIND.at(name, "another profile of this name is for Entra join"));
    }
}

/// Checks for assignments to groups that no longer exist: they keep objects from being deleted.
pub(super) fn check_orphans(state: &TenantState, found: &mut Vec<Finding>) {
    for id in &state.gone_groups {
        let evidence = "an object of the deployment is assigned to this group, which no longer exists";
        found.push(ASSIGNMENT_ORPHAN.at(id.as_str(), evidence));
    }
}

/// Checks the members of a device group that is filled by hand.
pub(super) fn check_members(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(group) = desired.group.as_ref().filter(|group| group.members == MemberSelection::Assigned)
    else {
        return;
    };
    let Some(members) = state.members(desired) else { return };
    let name = group.display_name.as_str();
    let (users, devices) = (members.users.len(), members.devices.len());
    if users > 0 {
        let evidence = format!("{users} of its {} members are users", users.saturating_add(devices));
        found.push(GROUP_HAS_USERS.at(name, evidence));
    }
    if devices == 0 && users > 0 {
        found.push(GROUP_NO_DEVICE.at(name, "it has users but no device"));
    }
}

pub(super) fn check_page(desired: &HybridJoin, state: &TenantState, found: &mut Vec<Finding>) {
    let Some(wish) = &desired.enrollment_status_page else { return };
    let name = wish.display_name.as_str();
    let own = state.identity.own(&state.pages, desired).next();
    if own.is_none() && state.pages.len() >= MOST_PAGES {
        let evidence = format!("the tenant has {} pages, and the limit is {MOST_PAGES}", state.pages.len());
        found.push(PAGE_TOO_MANY.at(name, evidence));
    }
    let to_users = |assignment: &Assignment| {
        matches!(assignment.target.as_ref().map(|target| &target.kind), Some(TargetKind::AllLicensedUsers))
    };
    if own.is_some_and(|stored| state.assignments_of(stored).iter().any(to_users)) {
        let evidence = "is assigned to users, where its blocking apps are ignored during device setup";
        found.push(PAGE_ASSIGNED_TO_USERS.at(name, evidence));
    }
    apps::check(wish, &state.apps, found);
    if desired.profile.is_some() && wish.show_installation_progress && desired.skip_user_status_page.is_none()
    {
        let evidence = "its account setup waits until Entra Connect has synced the computer, which can take more \
            than 30 minutes";
        found.push(PAGE_ACCOUNT_SETUP_WAITS.at(name, evidence));
    }
}

/// Checks for filters on the deployment's own assignments that are not in the settings.
pub(super) fn check_filters<S: Assignable>(
    desired: &HybridJoin,
    state: &TenantState,
    own: &[Stored<S>],
    found: &mut Vec<Finding>,
) {
    let group = state.device_group(desired).map(|stored| &stored.id);
    let Ok(wanted) = targets::wanted::<S>(desired, state, group) else { return };
    for stored in state.identity.own(own, desired) {
        for wanted in &wanted {
            let held = state.assignments_of(stored);
            if let TargetChange::Narrowed(held) =
                targets::change_for(held, &wanted.target, !desired.remove_other_assignments)
            {
                let filter = held.target.as_ref().and_then(|target| target.filter.as_ref());
                let id = filter.map_or("?", |filter| filter.id.as_str());
                let evidence =
                    format!("its assignment to {} has the filter {id}, which is kept", wanted.label);
                found.push(ASSIGNMENT_FILTERED.at(stored.settings.name(), evidence));
            }
        }
    }
}
