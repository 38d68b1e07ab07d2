//! Operations that tools call and that have no typed call in this crate.

use crate::catalog::{self, ApiVersion, OperationInfo, Permissions, Scopes};

/// Returns the permissions of an operation that any one of them lets through.
const fn any(accepted: &'static [&'static str]) -> Permissions {
    let scopes = Scopes { least: accepted, accepted };
    Permissions { delegated: scopes, application: scopes }
}

/// Returns a read of one or many objects.
const fn read(name: &'static str, path: &'static str, permissions: Permissions) -> OperationInfo {
    OperationInfo { name, path, permissions, page: "", versions: BOTH, ..catalog::GROUPS_GET }
}

/// Returns an action without an answer.
const fn action(name: &'static str, path: &'static str, permissions: Permissions) -> OperationInfo {
    OperationInfo { method: "POST", idempotent: false, ..read(name, path, permissions) }
}

const BOTH: &[ApiVersion] = &[ApiVersion::V1, ApiVersion::Beta];
const ORGANIZATION: Permissions = any(&[
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read",
]);
const DOMAIN: Permissions =
    any(&["Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]);
const DIRECTORY: Permissions = any(&[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "GroupMember.Read.All",
    "Group.Read.All",
    "Device.Read.All",
    "User.Read.All",
]);
const SCOPE_TAGS: Permissions = any(&["DeviceManagementRBAC.Read.All", "DeviceManagementRBAC.ReadWrite.All"]);
const PRIVILEGED: Permissions = any(&["DeviceManagementManagedDevices.PrivilegedOperations.All"]);
const ME: Permissions =
    any(&["User.Read", "User.ReadWrite", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"]);
const MEMBERS: Permissions = catalog::GROUPS_MEMBERS_LIST.permissions;

/// The trap beside [`catalog::GROUPS_MEMBERS_REMOVE_REF`]: without `/$ref`, the member itself is deleted.
pub(super) static GROUPS_MEMBERS_DELETE: OperationInfo = OperationInfo {
    name: "groups.members.delete",
    path: "/groups/{group-id}/members/{directoryObject-id}",
    ..catalog::GROUPS_MEMBERS_REMOVE_REF
};

/// Returns the list of a collection that is beyond the catalog: its objects can be assigned to a group.
const fn policies(name: &'static str, path: &'static str) -> OperationInfo {
    OperationInfo { name, path, ..catalog::DEVICE_CONFIGURATIONS_LIST }
}

pub(super) static GROUPS_MEMBER_OF_LIST: OperationInfo = OperationInfo {
    name: "groups.memberOf.list",
    path: "/groups/{group-id}/memberOf",
    ..catalog::GROUPS_TRANSITIVE_MEMBERS_LIST
};
pub(super) static DEVICES_MEMBER_OF_LIST: OperationInfo = OperationInfo {
    name: "devices.memberOf.list",
    path: "/devices/{device-id}/memberOf",
    ..catalog::DEVICES_GET
};
pub(super) static USERS_MEMBER_OF_LIST: OperationInfo =
    OperationInfo { name: "users.memberOf.list", path: "/users/{user-id}/memberOf", ..catalog::USERS_GET };
pub(super) static USERS_MANAGED_DEVICES_LIST: OperationInfo = OperationInfo {
    name: "users.managedDevices.list",
    path: "/users/{user-id}/managedDevices",
    ..catalog::MANAGED_DEVICES_LIST
};
pub(super) static ME_GET: OperationInfo = read("me.get", "/me", ME);

pub(super) static GROUPS_MEMBERS_COUNT: OperationInfo =
    read("groups.members.count", "/groups/{group-id}/members/$count", MEMBERS);
pub(super) static GROUPS_MEMBERS_DEVICES_LIST: OperationInfo =
    read("groups.members.devices.list", "/groups/{group-id}/members/microsoft.graph.device", MEMBERS);
pub(super) static GROUPS_MEMBERS_DEVICES_COUNT: OperationInfo =
    read("groups.members.devices.count", "/groups/{group-id}/members/microsoft.graph.device/$count", MEMBERS);
pub(super) static GROUPS_MEMBERS_USERS_LIST: OperationInfo =
    read("groups.members.users.list", "/groups/{group-id}/members/microsoft.graph.user", MEMBERS);
pub(super) static GROUPS_MEMBERS_USERS_COUNT: OperationInfo =
    read("groups.members.users.count", "/groups/{group-id}/members/microsoft.graph.user/$count", MEMBERS);
pub(super) static GROUPS_MEMBERS_GROUPS_LIST: OperationInfo =
    read("groups.members.groups.list", "/groups/{group-id}/members/microsoft.graph.group", MEMBERS);
pub(super) static GROUPS_MEMBERS_GROUPS_COUNT: OperationInfo =
    read("groups.members.groups.count", "/groups/{group-id}/members/microsoft.graph.group/$count", MEMBERS);
pub(super) static GROUPS_OWNERS_LIST: OperationInfo =
    read("groups.owners.list", "/groups/{group-id}/owners", catalog::GROUPS_GET.permissions);
pub(super) static GROUPS_OWNERS_ADD_REF: OperationInfo =
    action("groups.owners.addRef", "/groups/{group-id}/owners/$ref", catalog::GROUPS_UPDATE.permissions);
pub(super) static GROUPS_OWNERS_REMOVE_REF: OperationInfo = OperationInfo {
    method: "DELETE",
    idempotent: true,
    ..action(
        "groups.owners.removeRef",
        "/groups/{group-id}/owners/{directoryObject-id}/$ref",
        catalog::GROUPS_UPDATE.permissions,
    )
};

pub(super) static DIRECTORY_OBJECTS_GET: OperationInfo =
    read("directoryObjects.get", "/directoryObjects/{directoryObject-id}", DIRECTORY);
pub(super) static DIRECTORY_OBJECTS_GET_BY_IDS: OperationInfo =
    action("directoryObjects.getByIds", "/directoryObjects/getByIds", DIRECTORY);
pub(super) static ORGANIZATION_LIST: OperationInfo = read("organization.list", "/organization", ORGANIZATION);
pub(super) static ORGANIZATION_GET: OperationInfo =
    read("organization.get", "/organization/{organization-id}", ORGANIZATION);
pub(super) static DOMAINS_LIST: OperationInfo = read("domains.list", "/domains", DOMAIN);
pub(super) static DOMAINS_GET: OperationInfo = read("domains.get", "/domains/{domain-id}", DOMAIN);
pub(super) static ROLE_SCOPE_TAGS_LIST: OperationInfo = OperationInfo {
    versions: &[ApiVersion::Beta],
    ..read("roleScopeTags.list", "/deviceManagement/roleScopeTags", SCOPE_TAGS)
};
pub(super) static ROLE_SCOPE_TAGS_GET: OperationInfo = OperationInfo {
    versions: &[ApiVersion::Beta],
    ..read("roleScopeTags.get", "/deviceManagement/roleScopeTags/{roleScopeTag-id}", SCOPE_TAGS)
};
pub(super) static MANAGED_DEVICES_WIPE: OperationInfo =
    action("managedDevices.wipe", "/deviceManagement/managedDevices/{managedDevice-id}/wipe", PRIVILEGED);
pub(super) static MANAGED_DEVICES_SYNC: OperationInfo = action(
    "managedDevices.syncDevice",
    "/deviceManagement/managedDevices/{managedDevice-id}/syncDevice",
    PRIVILEGED,
);

pub(super) static COMPLIANCE_POLICIES_LIST: OperationInfo =
    policies("deviceCompliancePolicies.list", "/deviceManagement/deviceCompliancePolicies");
pub(super) static CONFIGURATION_POLICIES_LIST: OperationInfo =
    policies("configurationPolicies.list", "/deviceManagement/configurationPolicies");
pub(super) static GROUP_POLICY_CONFIGURATIONS_LIST: OperationInfo =
    policies("groupPolicyConfigurations.list", "/deviceManagement/groupPolicyConfigurations");
pub(super) static DEVICE_MANAGEMENT_SCRIPTS_LIST: OperationInfo =
    policies("deviceManagementScripts.list", "/deviceManagement/deviceManagementScripts");
