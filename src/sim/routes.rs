//! The handler of every operation.

use super::batch;
use super::exchange::{Answer, Exchange};
use super::resource::{
    app, connector, delta, device, directory_device, domain_join, esp, event, filter, group, import,
    managed_device, mdm, member, policy, profile, sync, user,
};
use super::route::Route;
use crate::catalog::{self, OperationInfo};

/// The trap next to [`catalog::GROUPS_MEMBERS_REMOVE_REF`]: without `/$ref`, the member itself is deleted.
static GROUPS_MEMBERS_DELETE: OperationInfo = OperationInfo {
    name: "groups.members.delete",
    path: "/groups/{group-id}/members/{directoryObject-id}",
    ..catalog::GROUPS_MEMBERS_REMOVE_REF
};

/// Returns the list operation of a collection outside the catalog, whose objects can be assigned to a group.
const fn policies(name: &'static str, path: &'static str) -> OperationInfo {
    OperationInfo { name, path, ..catalog::DEVICE_CONFIGURATIONS_LIST }
}

/// The groups that contain an object: a navigation property of groups and devices outside the catalog.
static GROUPS_MEMBER_OF_LIST: OperationInfo = OperationInfo {
    name: "groups.memberOf.list",
    path: "/groups/{group-id}/memberOf",
    ..catalog::GROUPS_TRANSITIVE_MEMBERS_LIST
};
static DEVICES_MEMBER_OF_LIST: OperationInfo = OperationInfo {
    name: "devices.memberOf.list",
    path: "/devices/{device-id}/memberOf",
    ..catalog::DEVICES_GET
};

static COMPLIANCE_POLICIES_LIST: OperationInfo =
    policies("deviceCompliancePolicies.list", "/deviceManagement/deviceCompliancePolicies");
static CONFIGURATION_POLICIES_LIST: OperationInfo =
    policies("configurationPolicies.list", "/deviceManagement/configurationPolicies");
static GROUP_POLICY_CONFIGURATIONS_LIST: OperationInfo =
    policies("groupPolicyConfigurations.list", "/deviceManagement/groupPolicyConfigurations");
static DEVICE_MANAGEMENT_SCRIPTS_LIST: OperationInfo =
    policies("deviceManagementScripts.list", "/deviceManagement/deviceManagementScripts");

/// Answers an operation that is documented but missing in the service's metadata.
fn dead(exchange: &mut Exchange<'_>) -> Answer {
    Err(exchange.request.no_such_segment())
}

pub(super) static ROUTES: &[Route] = &[
    Route::new(&catalog::AUTOPILOT_PROFILES_LIST, profile::list),
    Route::new(&catalog::AUTOPILOT_PROFILES_CREATE, profile::create),
    Route::new(&catalog::AUTOPILOT_PROFILES_GET, profile::get),
    Route::new(&catalog::AUTOPILOT_PROFILES_UPDATE, profile::update),
    Route::new(&catalog::AUTOPILOT_PROFILES_DELETE, profile::delete),
    Route::new(&catalog::AUTOPILOT_PROFILES_COUNT, profile::count),
    Route::new(&catalog::AUTOPILOT_PROFILES_ASSIGN, profile::assign),
    Route::new(&catalog::AUTOPILOT_PROFILES_HAS_PAYLOAD_LINKS, profile::has_payload_links),
    Route::new(&catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_LIST, profile::list_assignments),
    Route::new(&catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_CREATE, profile::create_assignment),
    Route::new(&catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_GET, profile::get_assignment),
    Route::new(&catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_UPDATE, profile::update_assignment),
    Route::new(&catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_DELETE, profile::delete_assignment),
    Route::new(&catalog::AUTOPILOT_PROFILES_ASSIGNED_DEVICES_LIST, profile::assigned_devices),
    Route::new(&catalog::AUTOPILOT_DEVICES_LIST, device::list),
    Route::new(&catalog::AUTOPILOT_DEVICES_GET, device::get),
    Route::new(&catalog::AUTOPILOT_DEVICES_DELETE, device::delete),
    Route::new(&catalog::AUTOPILOT_DEVICES_COUNT, device::count),
    Route::new(&catalog::AUTOPILOT_DEVICES_ASSIGN_USER_TO_DEVICE, device::assign_user),
    // Microsoft's permissions reference accepts a permission to read for this write; the catalog does not.
    Route::new(&catalog::AUTOPILOT_DEVICES_UNASSIGN_USER_FROM_DEVICE, device::unassign_user)
        .needing(&catalog::AUTOPILOT_DEVICES_GET.permissions),
    Route::new(&catalog::AUTOPILOT_DEVICES_UPDATE_DEVICE_PROPERTIES, device::update_properties),
    Route::new(&catalog::AUTOPILOT_DEVICES_ALLOW_NEXT_ENROLLMENT, device::allow_next_enrollment),
    Route::new(&catalog::AUTOPILOT_DEVICES_DELETE_DEVICES, dead),
    Route::new(&catalog::AUTOPILOT_DEVICES_DEPLOYMENT_PROFILE_GET, device::deployment_profile),
    Route::new(
        &catalog::AUTOPILOT_DEVICES_INTENDED_DEPLOYMENT_PROFILE_GET,
        device::intended_deployment_profile,
    ),
    Route::new(&catalog::AUTOPILOT_IMPORTS_LIST, import::list),
    Route::new(&catalog::AUTOPILOT_IMPORTS_CREATE, import::create),
    Route::new(&catalog::AUTOPILOT_IMPORTS_GET, import::get),
    Route::new(&catalog::AUTOPILOT_IMPORTS_DELETE, import::delete),
    Route::new(&catalog::AUTOPILOT_IMPORTS_COUNT, import::count),
    Route::new(&catalog::AUTOPILOT_IMPORTS_IMPORT, import::import),
    Route::new(&catalog::AUTOPILOT_IMPORT_UPLOADS_LIST, dead),
    Route::new(&catalog::AUTOPILOT_IMPORT_UPLOADS_CREATE, dead),
    Route::new(&catalog::AUTOPILOT_IMPORT_UPLOADS_GET, dead),
    Route::new(&catalog::AUTOPILOT_SETTINGS_GET, sync::get),
    Route::new(&catalog::AUTOPILOT_SETTINGS_UPDATE, sync::update),
    Route::new(&catalog::AUTOPILOT_SETTINGS_SYNC, sync::sync),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_LIST, esp::list),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_CREATE, esp::create),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_GET, esp::get),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_UPDATE, esp::update),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_DELETE, esp::delete),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_COUNT, esp::count),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_ASSIGN, esp::assign),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_SET_PRIORITY, esp::set_priority),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_HAS_PAYLOAD_LINKS, esp::has_payload_links),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_LIST, esp::list_assignments),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_CREATE, esp::create_assignment),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_GET, esp::get_assignment),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_UPDATE, esp::update_assignment),
    Route::new(&catalog::ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_DELETE, esp::delete_assignment),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_LIST, domain_join::list),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_CREATE, domain_join::create),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_GET, domain_join::get),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_UPDATE, domain_join::update),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_DELETE, domain_join::delete),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_COUNT, domain_join::count),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_ASSIGN, domain_join::assign),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_HAS_PAYLOAD_LINKS, domain_join::has_payload_links),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_LIST, domain_join::list_assignments),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_CREATE, domain_join::create_assignment),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_GET, domain_join::get_assignment),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_UPDATE, domain_join::update_assignment),
    Route::new(&catalog::DEVICE_CONFIGURATIONS_ASSIGNMENTS_DELETE, domain_join::delete_assignment),
    Route::new(&catalog::DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_LIST, domain_join::list_networks),
    Route::new(&catalog::DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_ADD_REF, domain_join::add_network),
    Route::new(&catalog::DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_REMOVE_REF, domain_join::remove_network),
    Route::new(&catalog::DOMAIN_JOIN_CONNECTORS_LIST, connector::list),
    Route::new(&catalog::DOMAIN_JOIN_CONNECTORS_CREATE, connector::create),
    Route::new(&catalog::DOMAIN_JOIN_CONNECTORS_GET, connector::get),
    Route::new(&catalog::DOMAIN_JOIN_CONNECTORS_UPDATE, connector::update),
    Route::new(&catalog::DOMAIN_JOIN_CONNECTORS_DELETE, connector::delete),
    Route::new(&catalog::AUTOPILOT_EVENTS_LIST, event::list),
    Route::new(&catalog::AUTOPILOT_EVENTS_CREATE, event::create),
    Route::new(&catalog::AUTOPILOT_EVENTS_GET, event::get),
    Route::new(&catalog::AUTOPILOT_EVENTS_UPDATE, event::update),
    Route::new(&catalog::AUTOPILOT_EVENTS_DELETE, event::delete),
    Route::new(&catalog::AUTOPILOT_EVENTS_POLICY_STATUS_DETAILS_LIST, event::list_details),
    Route::new(&catalog::AUTOPILOT_EVENTS_POLICY_STATUS_DETAILS_GET, event::get_detail),
    Route::new(&catalog::ASSIGNMENT_FILTERS_LIST, filter::list),
    Route::new(&catalog::ASSIGNMENT_FILTERS_CREATE, filter::create),
    Route::new(&catalog::ASSIGNMENT_FILTERS_GET, filter::get),
    Route::new(&catalog::ASSIGNMENT_FILTERS_UPDATE, filter::update),
    Route::new(&catalog::ASSIGNMENT_FILTERS_DELETE, filter::delete),
    Route::new(&catalog::MOBILITY_POLICIES_LIST, mdm::list),
    Route::new(&catalog::MOBILITY_POLICIES_GET, mdm::get),
    Route::new(&catalog::MOBILITY_POLICIES_UPDATE, mdm::update),
    Route::new(&catalog::MOBILITY_POLICIES_DELETE, mdm::delete),
    Route::new(&catalog::MOBILITY_POLICIES_INCLUDED_GROUPS_LIST, mdm::list_groups),
    Route::new(&catalog::MOBILITY_POLICIES_INCLUDED_GROUPS_ADD_REF, mdm::add_group),
    Route::new(&catalog::MOBILITY_POLICIES_INCLUDED_GROUPS_REMOVE_REF, mdm::remove_group),
    Route::new(&catalog::GROUPS_LIST, group::list),
    Route::new(&catalog::GROUPS_CREATE, group::create),
    Route::new(&catalog::GROUPS_GET, group::get),
    Route::new(&catalog::GROUPS_UPDATE, group::update),
    Route::new(&catalog::GROUPS_DELETE, group::delete),
    Route::new(&catalog::GROUPS_COUNT, group::count),
    Route::new(&catalog::GROUPS_DELTA, delta::groups),
    Route::new(&catalog::DEVICES_LIST, directory_device::list),
    Route::new(&catalog::DEVICES_GET, directory_device::get),
    Route::new(&catalog::DEVICES_UPDATE, directory_device::update),
    Route::new(&catalog::DEVICES_DELETE, directory_device::delete),
    Route::new(&catalog::DEVICES_COUNT, directory_device::count),
    Route::new(&catalog::DEVICES_DELTA, delta::devices),
    Route::new(&catalog::DEVICES_GET_BY_DEVICE_ID, directory_device::get_by_device_id)
        .at("/devices/(deviceId)/{deviceId}"),
    Route::new(&catalog::GROUPS_MEMBERS_LIST, member::list),
    Route::new(&catalog::GROUPS_TRANSITIVE_MEMBERS_LIST, member::list_transitive),
    Route::new(&GROUPS_MEMBER_OF_LIST, member::list_around),
    Route::new(&DEVICES_MEMBER_OF_LIST, member::list_around),
    // The one operation whose permissions are needed together.
    Route::new(&catalog::GROUPS_MEMBERS_ADD_REF, member::add).needing_all(),
    Route::new(&catalog::GROUPS_MEMBERS_REMOVE_REF, member::remove),
    Route::new(&GROUPS_MEMBERS_DELETE, member::delete_object),
    Route::new(&catalog::USERS_LIST, user::list),
    Route::new(&catalog::USERS_GET, user::get),
    Route::new(&catalog::USERS_DELTA, delta::users),
    Route::new(&catalog::MANAGED_DEVICES_LIST, managed_device::list),
    Route::new(&catalog::MANAGED_DEVICES_GET, managed_device::get),
    Route::new(&catalog::MANAGED_DEVICES_DELETE, managed_device::delete),
    Route::new(&catalog::MOBILE_APPS_LIST, app::list),
    Route::new(&catalog::MOBILE_APPS_GET, app::get),
    Route::new(&COMPLIANCE_POLICIES_LIST, policy::list),
    Route::new(&CONFIGURATION_POLICIES_LIST, policy::list),
    Route::new(&GROUP_POLICY_CONFIGURATIONS_LIST, policy::list),
    Route::new(&DEVICE_MANAGEMENT_SCRIPTS_LIST, policy::list),
    Route::new(&catalog::BATCH, batch::run),
];
