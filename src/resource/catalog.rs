//! What is known of every operation before it is called: method, path, versions, permissions, page.
//!
//! One entry an operation, in the order of Microsoft's documentation. Permissions are those of Microsoft's permissions
//! list, but where that list contradicts itself: unassigning a user and allowing the next enrollment are writes, so
//! they ask for a write permission here.

use crate::graph::ApiVersion::{Beta, V1};
use crate::graph::{OperationInfo, Permissions, Scopes};

const SERVICE_CONFIG_READ: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementServiceConfig.Read.All"],
        accepted: &["DeviceManagementServiceConfig.Read.All", "DeviceManagementServiceConfig.ReadWrite.All"],
    },
    application: Scopes {
        least: &["DeviceManagementServiceConfig.Read.All"],
        accepted: &["DeviceManagementServiceConfig.Read.All", "DeviceManagementServiceConfig.ReadWrite.All"],
    },
};

const SERVICE_CONFIG_WRITE: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementServiceConfig.ReadWrite.All"],
        accepted: &["DeviceManagementServiceConfig.ReadWrite.All"],
    },
    application: Scopes {
        least: &["DeviceManagementServiceConfig.ReadWrite.All"],
        accepted: &["DeviceManagementServiceConfig.ReadWrite.All"],
    },
};

const ENROLLMENT_READ: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementServiceConfig.Read.All"],
        accepted: &[
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementServiceConfig.Read.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["DeviceManagementServiceConfig.Read.All"],
        accepted: &[
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementServiceConfig.Read.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
        ],
    },
};

const ENROLLMENT_WRITE: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementServiceConfig.ReadWrite.All"],
        accepted: &[
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["DeviceManagementServiceConfig.ReadWrite.All"],
        accepted: &[
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
        ],
    },
};

const CONFIGURATION_READ: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementConfiguration.Read.All"],
        accepted: &["DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"],
    },
    application: Scopes {
        least: &["DeviceManagementConfiguration.Read.All"],
        accepted: &["DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"],
    },
};

const CONFIGURATION_WRITE: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementConfiguration.ReadWrite.All"],
        accepted: &["DeviceManagementConfiguration.ReadWrite.All"],
    },
    application: Scopes {
        least: &["DeviceManagementConfiguration.ReadWrite.All"],
        accepted: &["DeviceManagementConfiguration.ReadWrite.All"],
    },
};

const AUTOPILOT_EVENTS_LIST_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementManagedDevices.Read.All"],
        accepted: &[
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["DeviceManagementManagedDevices.Read.All"],
        accepted: &[
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
        ],
    },
};

const AUTOPILOT_EVENTS_CREATE_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementManagedDevices.ReadWrite.All"],
        accepted: &["DeviceManagementManagedDevices.ReadWrite.All"],
    },
    application: Scopes {
        least: &["DeviceManagementManagedDevices.ReadWrite.All"],
        accepted: &["DeviceManagementManagedDevices.ReadWrite.All"],
    },
};

const MOBILITY_POLICIES_LIST_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["Policy.Read.All"],
        accepted: &["Policy.Read.All", "Policy.ReadWrite.MobilityManagement"],
    },
    application: Scopes { least: &[], accepted: &[] },
};

const MOBILITY_POLICIES_UPDATE_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["Policy.ReadWrite.MobilityManagement"],
        accepted: &["Policy.ReadWrite.MobilityManagement"],
    },
    application: Scopes { least: &[], accepted: &[] },
};

const GROUPS_LIST_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["Group.ReadBasic.All"],
        accepted: &[
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "Group-NestingSupport.ReadWrite.All",
            "Group-PreferredDataLocation.ReadWrite.All",
            "Group.ManageProtection.All",
            "Group.Read.All",
            "Group.ReadBasic.All",
            "Group.ReadWrite.All",
            "GroupMember.Read.All",
        ],
    },
    application: Scopes {
        least: &["Group.ReadBasic.All"],
        accepted: &[
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "Group-NestingSupport.ReadWrite.All",
            "Group-PreferredDataLocation.ReadWrite.All",
            "Group.ManageProtection.All",
            "Group.Read.All",
            "Group.ReadBasic.All",
            "Group.ReadWrite.All",
            "GroupMember.Read.All",
        ],
    },
};

const GROUPS_CREATE_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["Group.ReadWrite.All"],
        accepted: &[
            "Directory.ReadWrite.All",
            "Group-PreferredDataLocation.ReadWrite.All",
            "Group.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["Group.Create"],
        accepted: &[
            "Directory.ReadWrite.All",
            "Group-PreferredDataLocation.ReadWrite.All",
            "Group.Create",
            "Group.ReadWrite.All",
        ],
    },
};

const GROUPS_GET_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["GroupMember.Read.All"],
        accepted: &[
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "Group-NestingSupport.ReadWrite.All",
            "Group-PreferredDataLocation.ReadWrite.All",
            "Group-XTenantIdentitySync.Read.All",
            "Group.ManageProtection.All",
            "Group.Read.All",
            "Group.ReadBasic.All",
            "Group.ReadWrite.All",
            "GroupMember.Read.All",
        ],
    },
    application: Scopes {
        least: &["GroupMember.Read.All"],
        accepted: &[
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "Group-NestingSupport.ReadWrite.All",
            "Group-PreferredDataLocation.ReadWrite.All",
            "Group-XTenantIdentitySync.Read.All",
            "Group.ManageProtection.All",
            "Group.Read.All",
            "Group.ReadBasic.All",
            "Group.ReadWrite.All",
            "GroupMember.Read.All",
        ],
    },
};

const GROUPS_UPDATE_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["Group.ReadWrite.All"],
        accepted: &[
            "Directory.ReadWrite.All",
            "Group-NestingSupport.ReadWrite.All",
            "Group-PreferredDataLocation.ReadWrite.All",
            "Group.ManageProtection.All",
            "Group.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["Group.ReadWrite.All"],
        accepted: &[
            "Directory.ReadWrite.All",
            "Group-NestingSupport.ReadWrite.All",
            "Group-PreferredDataLocation.ReadWrite.All",
            "Group.ManageProtection.All",
            "Group.ReadWrite.All",
        ],
    },
};

const GROUPS_DELETE_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes { least: &["Group.ReadWrite.All"], accepted: &["Group.ReadWrite.All"] },
    application: Scopes { least: &["Group.ReadWrite.All"], accepted: &["Group.ReadWrite.All"] },
};

const DEVICES_LIST_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["Device.Read.All"],
        accepted: &["Device.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"],
    },
    application: Scopes {
        least: &["Device.Read.All"],
        accepted: &[
            "Device.Read.All",
            "Device.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
    },
};

const DEVICES_UPDATE_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes { least: &["Directory.AccessAsUser.All"], accepted: &["Directory.AccessAsUser.All"] },
    application: Scopes {
        least: &["Device.ReadWrite.All"],
        accepted: &["Device.ReadWrite.All", "Directory.ReadWrite.All"],
    },
};

const DEVICES_DELETE_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes { least: &["Directory.AccessAsUser.All"], accepted: &["Directory.AccessAsUser.All"] },
    application: Scopes { least: &["Device.ReadWrite.All"], accepted: &["Device.ReadWrite.All"] },
};

const GROUPS_MEMBERS_LIST_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["GroupMember.ReadBasic.All"],
        accepted: &[
            "Directory.Read.All",
            "Group.Read.All",
            "Group.ReadBasic.All",
            "Group.ReadWrite.All",
            "GroupMember.Read.All",
            "GroupMember.ReadBasic.All",
            "GroupMember.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["GroupMember.ReadBasic.All"],
        accepted: &[
            "Directory.Read.All",
            "Group.Read.All",
            "Group.ReadBasic.All",
            "Group.ReadWrite.All",
            "GroupMember.Read.All",
            "GroupMember.ReadBasic.All",
            "GroupMember.ReadWrite.All",
        ],
    },
};

const GROUPS_MEMBERS_ADD_REF_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["Device.ReadWrite.All", "GroupMember.ReadWrite.All"],
        accepted: &["Device.ReadWrite.All", "GroupMember.ReadWrite.All"],
    },
    application: Scopes {
        least: &["Device.ReadWrite.All", "GroupMember.ReadWrite.All"],
        accepted: &["Device.ReadWrite.All", "GroupMember.ReadWrite.All"],
    },
};

const GROUPS_MEMBERS_REMOVE_REF_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["GroupMember.ReadWrite.All"],
        accepted: &["Directory.ReadWrite.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All"],
    },
    application: Scopes {
        least: &["GroupMember.ReadWrite.All"],
        accepted: &["Directory.ReadWrite.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All"],
    },
};

const USERS_LIST_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["User.ReadBasic.All"],
        accepted: &[
            "AgentIdUser.ReadWrite.All",
            "AgentIdUser.ReadWrite.IdentityParentedBy",
            "DeviceManagementApps.Read.All",
            "DeviceManagementApps.ReadWrite.All",
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
            "DeviceManagementServiceConfig.Read.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "User.Read.All",
            "User.ReadBasic.All",
            "User.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["User.ReadBasic.All"],
        accepted: &[
            "AgentIdUser.ReadWrite.All",
            "AgentIdUser.ReadWrite.IdentityParentedBy",
            "DeviceManagementApps.Read.All",
            "DeviceManagementApps.ReadWrite.All",
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
            "DeviceManagementServiceConfig.Read.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "User.Read.All",
            "User.ReadBasic.All",
            "User.ReadWrite.All",
            "User.ReadWrite.CrossCloud",
        ],
    },
};

const USERS_GET_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["User.ReadBasic.All"],
        accepted: &[
            "AgentIdUser.ReadWrite.All",
            "AgentIdUser.ReadWrite.IdentityParentedBy",
            "DeviceManagementApps.Read.All",
            "DeviceManagementApps.ReadWrite.All",
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
            "DeviceManagementServiceConfig.Read.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "User.Read",
            "User.Read.All",
            "User.ReadBasic.All",
            "User.ReadWrite",
            "User.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["User.ReadBasic.All"],
        accepted: &[
            "AgentIdUser.ReadWrite.All",
            "AgentIdUser.ReadWrite.IdentityParentedBy",
            "DeviceManagementApps.Read.All",
            "DeviceManagementApps.ReadWrite.All",
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
            "DeviceManagementServiceConfig.Read.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
            "User.Read.All",
            "User.ReadBasic.All",
            "User.ReadWrite.All",
            "User.ReadWrite.CrossCloud",
        ],
    },
};

const MANAGED_DEVICES_LIST_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementManagedDevices.Read.All"],
        accepted: &[
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["DeviceManagementManagedDevices.Read.All"],
        accepted: &[
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.Read.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
        ],
    },
};

const MANAGED_DEVICES_DELETE_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementManagedDevices.ReadWrite.All"],
        accepted: &[
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
        ],
    },
    application: Scopes {
        least: &["DeviceManagementManagedDevices.ReadWrite.All"],
        accepted: &[
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
        ],
    },
};

const MOBILE_APPS_LIST_PERMISSIONS: Permissions = Permissions {
    delegated: Scopes {
        least: &["DeviceManagementApps.Read.All"],
        accepted: &["DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All"],
    },
    application: Scopes {
        least: &["DeviceManagementApps.Read.All"],
        accepted: &["DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All"],
    },
};

pub(super) static AUTOPILOT_PROFILES_LIST: OperationInfo = OperationInfo {
    name: "autopilotProfiles.list",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-list?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_CREATE: OperationInfo = OperationInfo {
    name: "autopilotProfiles.create",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles",
    versions: &[Beta],
    idempotent: false,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-create?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_GET: OperationInfo = OperationInfo {
    name: "autopilotProfiles.get",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-get?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_UPDATE: OperationInfo = OperationInfo {
    name: "autopilotProfiles.update",
    method: "PATCH",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-update?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_DELETE: OperationInfo = OperationInfo {
    name: "autopilotProfiles.delete",
    method: "DELETE",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-delete?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_COUNT: OperationInfo = OperationInfo {
    name: "autopilotProfiles.count",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/$count",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "",
};

pub(super) static AUTOPILOT_PROFILES_ASSIGN: OperationInfo = OperationInfo {
    name: "autopilotProfiles.assign",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}/assign",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-shared-windowsautopilotdeploymentprofile-assign?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_HAS_PAYLOAD_LINKS: OperationInfo = OperationInfo {
    name: "autopilotProfiles.hasPayloadLinks",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/hasPayloadLinks",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-shared-deviceenrollmentconfiguration-haspayloadlinks?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_ASSIGNMENTS_LIST: OperationInfo = OperationInfo {
    name: "autopilotProfiles.assignments.list",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}/assignments",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-list?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_ASSIGNMENTS_CREATE: OperationInfo = OperationInfo {
    name: "autopilotProfiles.assignments.create",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}/assignments",
    versions: &[Beta],
    idempotent: false,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-create?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_ASSIGNMENTS_GET: OperationInfo = OperationInfo {
    name: "autopilotProfiles.assignments.get",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}/assignments/{windowsAutopilotDeploymentProfileAssignment-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-get?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_ASSIGNMENTS_UPDATE: OperationInfo = OperationInfo {
    name: "autopilotProfiles.assignments.update",
    method: "PATCH",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}/assignments/{windowsAutopilotDeploymentProfileAssignment-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-update?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_ASSIGNMENTS_DELETE: OperationInfo = OperationInfo {
    name: "autopilotProfiles.assignments.delete",
    method: "DELETE",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}/assignments/{windowsAutopilotDeploymentProfileAssignment-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-delete?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_PROFILES_ASSIGNED_DEVICES_LIST: OperationInfo = OperationInfo {
    name: "autopilotProfiles.assignedDevices.list",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeploymentProfiles/{windowsAutopilotDeploymentProfile-id}/assignedDevices",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-list?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_DEVICES_LIST: OperationInfo = OperationInfo {
    name: "autopilotDevices.list",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-list?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_DEVICES_GET: OperationInfo = OperationInfo {
    name: "autopilotDevices.get",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/{windowsAutopilotDeviceIdentity-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-get?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_DEVICES_DELETE: OperationInfo = OperationInfo {
    name: "autopilotDevices.delete",
    method: "DELETE",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/{windowsAutopilotDeviceIdentity-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-delete?view=graph-rest-1.0",
};

pub(super) static AUTOPILOT_DEVICES_COUNT: OperationInfo = OperationInfo {
    name: "autopilotDevices.count",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/$count",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "",
};

pub(super) static AUTOPILOT_DEVICES_ASSIGN_USER_TO_DEVICE: OperationInfo = OperationInfo {
    name: "autopilotDevices.assignUserToDevice",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/{windowsAutopilotDeviceIdentity-id}/assignUserToDevice",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-assignusertodevice?view=graph-rest-1.0",
};

pub(super) static AUTOPILOT_DEVICES_UNASSIGN_USER_FROM_DEVICE: OperationInfo = OperationInfo {
    name: "autopilotDevices.unassignUserFromDevice",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/{windowsAutopilotDeviceIdentity-id}/unassignUserFromDevice",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-unassignuserfromdevice?view=graph-rest-1.0",
};

pub(super) static AUTOPILOT_DEVICES_UPDATE_DEVICE_PROPERTIES: OperationInfo = OperationInfo {
    name: "autopilotDevices.updateDeviceProperties",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/{windowsAutopilotDeviceIdentity-id}/updateDeviceProperties",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-updatedeviceproperties?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_DEVICES_ALLOW_NEXT_ENROLLMENT: OperationInfo = OperationInfo {
    name: "autopilotDevices.allowNextEnrollment",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/{windowsAutopilotDeviceIdentity-id}/allowNextEnrollment",
    versions: &[Beta],
    idempotent: false,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-allownextenrollment?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_DEVICES_DEPLOYMENT_PROFILE_GET: OperationInfo = OperationInfo {
    name: "autopilotDevices.deploymentProfile.get",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/{windowsAutopilotDeviceIdentity-id}/deploymentProfile",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-get?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_DEVICES_INTENDED_DEPLOYMENT_PROFILE_GET: OperationInfo = OperationInfo {
    name: "autopilotDevices.intendedDeploymentProfile.get",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotDeviceIdentities/{windowsAutopilotDeviceIdentity-id}/intendedDeploymentProfile",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-get?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_IMPORTS_LIST: OperationInfo = OperationInfo {
    name: "autopilotImports.list",
    method: "GET",
    path: "/deviceManagement/importedWindowsAutopilotDeviceIdentities",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-list?view=graph-rest-1.0",
};

pub(super) static AUTOPILOT_IMPORTS_CREATE: OperationInfo = OperationInfo {
    name: "autopilotImports.create",
    method: "POST",
    path: "/deviceManagement/importedWindowsAutopilotDeviceIdentities",
    versions: &[V1, Beta],
    idempotent: false,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-create?view=graph-rest-1.0",
};

pub(super) static AUTOPILOT_IMPORTS_GET: OperationInfo = OperationInfo {
    name: "autopilotImports.get",
    method: "GET",
    path: "/deviceManagement/importedWindowsAutopilotDeviceIdentities/{importedWindowsAutopilotDeviceIdentity-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-get?view=graph-rest-1.0",
};

pub(super) static AUTOPILOT_IMPORTS_DELETE: OperationInfo = OperationInfo {
    name: "autopilotImports.delete",
    method: "DELETE",
    path: "/deviceManagement/importedWindowsAutopilotDeviceIdentities/{importedWindowsAutopilotDeviceIdentity-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-delete?view=graph-rest-1.0",
};

pub(super) static AUTOPILOT_IMPORTS_COUNT: OperationInfo = OperationInfo {
    name: "autopilotImports.count",
    method: "GET",
    path: "/deviceManagement/importedWindowsAutopilotDeviceIdentities/$count",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "",
};

pub(super) static AUTOPILOT_IMPORTS_IMPORT: OperationInfo = OperationInfo {
    name: "autopilotImports.import",
    method: "POST",
    path: "/deviceManagement/importedWindowsAutopilotDeviceIdentities/import",
    versions: &[V1, Beta],
    idempotent: false,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-import?view=graph-rest-1.0",
};

pub(super) static AUTOPILOT_SETTINGS_GET: OperationInfo = OperationInfo {
    name: "autopilotSettings.get",
    method: "GET",
    path: "/deviceManagement/windowsAutopilotSettings",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotsettings-get?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_SETTINGS_UPDATE: OperationInfo = OperationInfo {
    name: "autopilotSettings.update",
    method: "PATCH",
    path: "/deviceManagement/windowsAutopilotSettings",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotsettings-update?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_SETTINGS_SYNC: OperationInfo = OperationInfo {
    name: "autopilotSettings.sync",
    method: "POST",
    path: "/deviceManagement/windowsAutopilotSettings/sync",
    versions: &[Beta],
    idempotent: false,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotsettings-sync?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_LIST: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.list",
    method: "GET",
    path: "/deviceManagement/deviceEnrollmentConfigurations",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-list?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_CREATE: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.create",
    method: "POST",
    path: "/deviceManagement/deviceEnrollmentConfigurations",
    versions: &[Beta, V1],
    idempotent: false,
    permissions: ENROLLMENT_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-create?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_GET: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.get",
    method: "GET",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-get?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_UPDATE: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.update",
    method: "PATCH",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-update?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_DELETE: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.delete",
    method: "DELETE",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-windows10enrollmentcompletionpageconfiguration-delete?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_COUNT: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.count",
    method: "GET",
    path: "/deviceManagement/deviceEnrollmentConfigurations/$count",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_READ,
    page: "",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_ASSIGN: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.assign",
    method: "POST",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}/assign",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-deviceenrollmentconfiguration-assign?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_SET_PRIORITY: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.setPriority",
    method: "POST",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}/setPriority",
    versions: &[Beta, V1],
    idempotent: false,
    permissions: ENROLLMENT_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-deviceenrollmentconfiguration-setpriority?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_HAS_PAYLOAD_LINKS: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.hasPayloadLinks",
    method: "POST",
    path: "/deviceManagement/deviceEnrollmentConfigurations/hasPayloadLinks",
    versions: &[Beta],
    idempotent: true,
    permissions: SERVICE_CONFIG_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-shared-deviceenrollmentconfiguration-haspayloadlinks?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_LIST: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.assignments.list",
    method: "GET",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}/assignments",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-list?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_CREATE: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.assignments.create",
    method: "POST",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}/assignments",
    versions: &[Beta, V1],
    idempotent: false,
    permissions: ENROLLMENT_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-create?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_GET: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.assignments.get",
    method: "GET",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}/assignments/{enrollmentConfigurationAssignment-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-get?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_UPDATE: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.assignments.update",
    method: "PATCH",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}/assignments/{enrollmentConfigurationAssignment-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-update?view=graph-rest-beta",
};

pub(super) static ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_DELETE: OperationInfo = OperationInfo {
    name: "enrollmentConfigurations.assignments.delete",
    method: "DELETE",
    path: "/deviceManagement/deviceEnrollmentConfigurations/{deviceEnrollmentConfiguration-id}/assignments/{enrollmentConfigurationAssignment-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: ENROLLMENT_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-onboarding-enrollmentconfigurationassignment-delete?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_LIST: OperationInfo = OperationInfo {
    name: "deviceConfigurations.list",
    method: "GET",
    path: "/deviceManagement/deviceConfigurations",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfiguration-list?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_CREATE: OperationInfo = OperationInfo {
    name: "deviceConfigurations.create",
    method: "POST",
    path: "/deviceManagement/deviceConfigurations",
    versions: &[Beta, V1],
    idempotent: false,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-create?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_GET: OperationInfo = OperationInfo {
    name: "deviceConfigurations.get",
    method: "GET",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-get?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_UPDATE: OperationInfo = OperationInfo {
    name: "deviceConfigurations.update",
    method: "PATCH",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-update?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_DELETE: OperationInfo = OperationInfo {
    name: "deviceConfigurations.delete",
    method: "DELETE",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-delete?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_COUNT: OperationInfo = OperationInfo {
    name: "deviceConfigurations.count",
    method: "GET",
    path: "/deviceManagement/deviceConfigurations/$count",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "",
};

pub(super) static DEVICE_CONFIGURATIONS_ASSIGN: OperationInfo = OperationInfo {
    name: "deviceConfigurations.assign",
    method: "POST",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/assign",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfiguration-assign?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_HAS_PAYLOAD_LINKS: OperationInfo = OperationInfo {
    name: "deviceConfigurations.hasPayloadLinks",
    method: "POST",
    path: "/deviceManagement/deviceConfigurations/hasPayloadLinks",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-shared-deviceenrollmentconfiguration-haspayloadlinks?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_ASSIGNMENTS_LIST: OperationInfo = OperationInfo {
    name: "deviceConfigurations.assignments.list",
    method: "GET",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/assignments",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-list?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_ASSIGNMENTS_CREATE: OperationInfo = OperationInfo {
    name: "deviceConfigurations.assignments.create",
    method: "POST",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/assignments",
    versions: &[Beta, V1],
    idempotent: false,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-create?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_ASSIGNMENTS_GET: OperationInfo = OperationInfo {
    name: "deviceConfigurations.assignments.get",
    method: "GET",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/assignments/{deviceConfigurationAssignment-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-get?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_ASSIGNMENTS_UPDATE: OperationInfo = OperationInfo {
    name: "deviceConfigurations.assignments.update",
    method: "PATCH",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/assignments/{deviceConfigurationAssignment-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-update?view=graph-rest-beta",
};

pub(super) static DEVICE_CONFIGURATIONS_ASSIGNMENTS_DELETE: OperationInfo = OperationInfo {
    name: "deviceConfigurations.assignments.delete",
    method: "DELETE",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/assignments/{deviceConfigurationAssignment-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfigurationassignment-delete?view=graph-rest-beta",
};

pub(super) static DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_LIST: OperationInfo = OperationInfo {
    name: "domainJoin.networkAccessConfigurations.list",
    method: "GET",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/microsoft.graph.windowsDomainJoinConfiguration/networkAccessConfigurations",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-list?view=graph-rest-beta",
};

pub(super) static DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_ADD_REF: OperationInfo = OperationInfo {
    name: "domainJoin.networkAccessConfigurations.addRef",
    method: "POST",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/microsoft.graph.windowsDomainJoinConfiguration/networkAccessConfigurations/$ref",
    versions: &[Beta],
    idempotent: false,
    permissions: CONFIGURATION_WRITE,
    page: "",
};

pub(super) static DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_REMOVE_REF: OperationInfo = OperationInfo {
    name: "domainJoin.networkAccessConfigurations.removeRef",
    method: "DELETE",
    path: "/deviceManagement/deviceConfigurations/{deviceConfiguration-id}/microsoft.graph.windowsDomainJoinConfiguration/networkAccessConfigurations/{deviceConfiguration-id1}/$ref",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "",
};

pub(super) static DOMAIN_JOIN_CONNECTORS_LIST: OperationInfo = OperationInfo {
    name: "domainJoinConnectors.list",
    method: "GET",
    path: "/deviceManagement/domainJoinConnectors",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-list?view=graph-rest-beta",
};

pub(super) static DOMAIN_JOIN_CONNECTORS_CREATE: OperationInfo = OperationInfo {
    name: "domainJoinConnectors.create",
    method: "POST",
    path: "/deviceManagement/domainJoinConnectors",
    versions: &[Beta],
    idempotent: false,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-create?view=graph-rest-beta",
};

pub(super) static DOMAIN_JOIN_CONNECTORS_GET: OperationInfo = OperationInfo {
    name: "domainJoinConnectors.get",
    method: "GET",
    path: "/deviceManagement/domainJoinConnectors/{deviceManagementDomainJoinConnector-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-get?view=graph-rest-beta",
};

pub(super) static DOMAIN_JOIN_CONNECTORS_UPDATE: OperationInfo = OperationInfo {
    name: "domainJoinConnectors.update",
    method: "PATCH",
    path: "/deviceManagement/domainJoinConnectors/{deviceManagementDomainJoinConnector-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-update?view=graph-rest-beta",
};

pub(super) static DOMAIN_JOIN_CONNECTORS_DELETE: OperationInfo = OperationInfo {
    name: "domainJoinConnectors.delete",
    method: "DELETE",
    path: "/deviceManagement/domainJoinConnectors/{deviceManagementDomainJoinConnector-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-delete?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_EVENTS_LIST: OperationInfo = OperationInfo {
    name: "autopilotEvents.list",
    method: "GET",
    path: "/deviceManagement/autopilotEvents",
    versions: &[Beta],
    idempotent: true,
    permissions: AUTOPILOT_EVENTS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-list?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_EVENTS_CREATE: OperationInfo = OperationInfo {
    name: "autopilotEvents.create",
    method: "POST",
    path: "/deviceManagement/autopilotEvents",
    versions: &[Beta],
    idempotent: false,
    permissions: AUTOPILOT_EVENTS_CREATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-create?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_EVENTS_GET: OperationInfo = OperationInfo {
    name: "autopilotEvents.get",
    method: "GET",
    path: "/deviceManagement/autopilotEvents/{deviceManagementAutopilotEvent-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: AUTOPILOT_EVENTS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-get?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_EVENTS_UPDATE: OperationInfo = OperationInfo {
    name: "autopilotEvents.update",
    method: "PATCH",
    path: "/deviceManagement/autopilotEvents/{deviceManagementAutopilotEvent-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: AUTOPILOT_EVENTS_CREATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-update?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_EVENTS_DELETE: OperationInfo = OperationInfo {
    name: "autopilotEvents.delete",
    method: "DELETE",
    path: "/deviceManagement/autopilotEvents/{deviceManagementAutopilotEvent-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: AUTOPILOT_EVENTS_CREATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-delete?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_EVENTS_POLICY_STATUS_DETAILS_LIST: OperationInfo = OperationInfo {
    name: "autopilotEvents.policyStatusDetails.list",
    method: "GET",
    path: "/deviceManagement/autopilotEvents/{deviceManagementAutopilotEvent-id}/policyStatusDetails",
    versions: &[Beta],
    idempotent: true,
    permissions: AUTOPILOT_EVENTS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotpolicystatusdetail-list?view=graph-rest-beta",
};

pub(super) static AUTOPILOT_EVENTS_POLICY_STATUS_DETAILS_GET: OperationInfo = OperationInfo {
    name: "autopilotEvents.policyStatusDetails.get",
    method: "GET",
    path: "/deviceManagement/autopilotEvents/{deviceManagementAutopilotEvent-id}/policyStatusDetails/{deviceManagementAutopilotPolicyStatusDetail-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: AUTOPILOT_EVENTS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotpolicystatusdetail-get?view=graph-rest-beta",
};

pub(super) static ASSIGNMENT_FILTERS_LIST: OperationInfo = OperationInfo {
    name: "assignmentFilters.list",
    method: "GET",
    path: "/deviceManagement/assignmentFilters",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-list?view=graph-rest-beta",
};

pub(super) static ASSIGNMENT_FILTERS_CREATE: OperationInfo = OperationInfo {
    name: "assignmentFilters.create",
    method: "POST",
    path: "/deviceManagement/assignmentFilters",
    versions: &[Beta],
    idempotent: false,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-create?view=graph-rest-beta",
};

pub(super) static ASSIGNMENT_FILTERS_GET: OperationInfo = OperationInfo {
    name: "assignmentFilters.get",
    method: "GET",
    path: "/deviceManagement/assignmentFilters/{deviceAndAppManagementAssignmentFilter-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_READ,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-get?view=graph-rest-beta",
};

pub(super) static ASSIGNMENT_FILTERS_UPDATE: OperationInfo = OperationInfo {
    name: "assignmentFilters.update",
    method: "PATCH",
    path: "/deviceManagement/assignmentFilters/{deviceAndAppManagementAssignmentFilter-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-update?view=graph-rest-beta",
};

pub(super) static ASSIGNMENT_FILTERS_DELETE: OperationInfo = OperationInfo {
    name: "assignmentFilters.delete",
    method: "DELETE",
    path: "/deviceManagement/assignmentFilters/{deviceAndAppManagementAssignmentFilter-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: CONFIGURATION_WRITE,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-delete?view=graph-rest-beta",
};

pub(super) static MOBILITY_POLICIES_LIST: OperationInfo = OperationInfo {
    name: "mobilityPolicies.list",
    method: "GET",
    path: "/policies/mobileDeviceManagementPolicies",
    versions: &[Beta],
    idempotent: true,
    permissions: MOBILITY_POLICIES_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-list?view=graph-rest-beta",
};

pub(super) static MOBILITY_POLICIES_GET: OperationInfo = OperationInfo {
    name: "mobilityPolicies.get",
    method: "GET",
    path: "/policies/mobileDeviceManagementPolicies/{mobilityManagementPolicy-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: MOBILITY_POLICIES_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-get?view=graph-rest-beta",
};

pub(super) static MOBILITY_POLICIES_UPDATE: OperationInfo = OperationInfo {
    name: "mobilityPolicies.update",
    method: "PATCH",
    path: "/policies/mobileDeviceManagementPolicies/{mobilityManagementPolicy-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: MOBILITY_POLICIES_UPDATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-update?view=graph-rest-beta",
};

pub(super) static MOBILITY_POLICIES_DELETE: OperationInfo = OperationInfo {
    name: "mobilityPolicies.delete",
    method: "DELETE",
    path: "/policies/mobileDeviceManagementPolicies/{mobilityManagementPolicy-id}",
    versions: &[Beta],
    idempotent: true,
    permissions: MOBILITY_POLICIES_UPDATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-delete?view=graph-rest-beta",
};

pub(super) static MOBILITY_POLICIES_INCLUDED_GROUPS_LIST: OperationInfo = OperationInfo {
    name: "mobilityPolicies.includedGroups.list",
    method: "GET",
    path: "/policies/mobileDeviceManagementPolicies/{mobilityManagementPolicy-id}/includedGroups",
    versions: &[Beta],
    idempotent: true,
    permissions: MOBILITY_POLICIES_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-list-includedgroups?view=graph-rest-beta",
};

pub(super) static MOBILITY_POLICIES_INCLUDED_GROUPS_ADD_REF: OperationInfo = OperationInfo {
    name: "mobilityPolicies.includedGroups.addRef",
    method: "POST",
    path: "/policies/mobileDeviceManagementPolicies/{mobilityManagementPolicy-id}/includedGroups/$ref",
    versions: &[Beta],
    idempotent: false,
    permissions: MOBILITY_POLICIES_UPDATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-post-includedgroups?view=graph-rest-beta",
};

pub(super) static MOBILITY_POLICIES_INCLUDED_GROUPS_REMOVE_REF: OperationInfo = OperationInfo {
    name: "mobilityPolicies.includedGroups.removeRef",
    method: "DELETE",
    path: "/policies/mobileDeviceManagementPolicies/{mobilityManagementPolicy-id}/includedGroups/{group-id}/$ref",
    versions: &[Beta],
    idempotent: true,
    permissions: MOBILITY_POLICIES_UPDATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-delete-includedgroups?view=graph-rest-beta",
};

pub(super) static GROUPS_LIST: OperationInfo = OperationInfo {
    name: "groups.list",
    method: "GET",
    path: "/groups",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: GROUPS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/group-list?view=graph-rest-1.0",
};

pub(super) static GROUPS_CREATE: OperationInfo = OperationInfo {
    name: "groups.create",
    method: "POST",
    path: "/groups",
    versions: &[V1, Beta],
    idempotent: false,
    permissions: GROUPS_CREATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/group-post-groups?view=graph-rest-1.0",
};

pub(super) static GROUPS_GET: OperationInfo = OperationInfo {
    name: "groups.get",
    method: "GET",
    path: "/groups/{group-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: GROUPS_GET_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/group-get?view=graph-rest-1.0",
};

pub(super) static GROUPS_UPDATE: OperationInfo = OperationInfo {
    name: "groups.update",
    method: "PATCH",
    path: "/groups/{group-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: GROUPS_UPDATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/group-update?view=graph-rest-1.0",
};

pub(super) static GROUPS_DELETE: OperationInfo = OperationInfo {
    name: "groups.delete",
    method: "DELETE",
    path: "/groups/{group-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: GROUPS_DELETE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/group-delete?view=graph-rest-1.0",
};

pub(super) static GROUPS_COUNT: OperationInfo = OperationInfo {
    name: "groups.count",
    method: "GET",
    path: "/groups/$count",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: GROUPS_LIST_PERMISSIONS,
    page: "",
};

pub(super) static DEVICES_LIST: OperationInfo = OperationInfo {
    name: "devices.list",
    method: "GET",
    path: "/devices",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: DEVICES_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/device-list?view=graph-rest-1.0",
};

pub(super) static DEVICES_GET: OperationInfo = OperationInfo {
    name: "devices.get",
    method: "GET",
    path: "/devices/{device-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: DEVICES_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/device-get?view=graph-rest-1.0",
};

pub(super) static DEVICES_UPDATE: OperationInfo = OperationInfo {
    name: "devices.update",
    method: "PATCH",
    path: "/devices/{device-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: DEVICES_UPDATE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/device-update?view=graph-rest-1.0",
};

pub(super) static DEVICES_DELETE: OperationInfo = OperationInfo {
    name: "devices.delete",
    method: "DELETE",
    path: "/devices/{device-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: DEVICES_DELETE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/device-delete?view=graph-rest-1.0",
};

pub(super) static DEVICES_COUNT: OperationInfo = OperationInfo {
    name: "devices.count",
    method: "GET",
    path: "/devices/$count",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: DEVICES_LIST_PERMISSIONS,
    page: "",
};

pub(super) static DEVICES_GET_BY_DEVICE_ID: OperationInfo = OperationInfo {
    name: "devices.getByDeviceId",
    method: "GET",
    path: "/devices(deviceId='{deviceId}')",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: DEVICES_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/device-get?view=graph-rest-1.0",
};

pub(super) static GROUPS_MEMBERS_LIST: OperationInfo = OperationInfo {
    name: "groups.members.list",
    method: "GET",
    path: "/groups/{group-id}/members",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: GROUPS_MEMBERS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/group-list-members?view=graph-rest-1.0",
};

pub(super) static GROUPS_MEMBERS_ADD_REF: OperationInfo = OperationInfo {
    name: "groups.members.addRef",
    method: "POST",
    path: "/groups/{group-id}/members/$ref",
    versions: &[V1, Beta],
    idempotent: false,
    permissions: GROUPS_MEMBERS_ADD_REF_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/group-post-members?view=graph-rest-1.0",
};

pub(super) static GROUPS_MEMBERS_REMOVE_REF: OperationInfo = OperationInfo {
    name: "groups.members.removeRef",
    method: "DELETE",
    path: "/groups/{group-id}/members/{directoryObject-id}/$ref",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: GROUPS_MEMBERS_REMOVE_REF_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/group-delete-members?view=graph-rest-1.0",
};

pub(super) static USERS_LIST: OperationInfo = OperationInfo {
    name: "users.list",
    method: "GET",
    path: "/users",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: USERS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/user-list?view=graph-rest-1.0",
};

pub(super) static USERS_GET: OperationInfo = OperationInfo {
    name: "users.get",
    method: "GET",
    path: "/users/{user-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: USERS_GET_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/user-get?view=graph-rest-1.0",
};

pub(super) static MANAGED_DEVICES_LIST: OperationInfo = OperationInfo {
    name: "managedDevices.list",
    method: "GET",
    path: "/deviceManagement/managedDevices",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: MANAGED_DEVICES_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-devices-manageddevice-list?view=graph-rest-beta",
};

pub(super) static MANAGED_DEVICES_GET: OperationInfo = OperationInfo {
    name: "managedDevices.get",
    method: "GET",
    path: "/deviceManagement/managedDevices/{managedDevice-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: MANAGED_DEVICES_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-devices-manageddevice-get?view=graph-rest-beta",
};

pub(super) static MANAGED_DEVICES_DELETE: OperationInfo = OperationInfo {
    name: "managedDevices.delete",
    method: "DELETE",
    path: "/deviceManagement/managedDevices/{managedDevice-id}",
    versions: &[Beta, V1],
    idempotent: true,
    permissions: MANAGED_DEVICES_DELETE_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-devices-manageddevice-delete?view=graph-rest-beta",
};

pub(super) static MOBILE_APPS_LIST: OperationInfo = OperationInfo {
    name: "mobileApps.list",
    method: "GET",
    path: "/deviceAppManagement/mobileApps",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: MOBILE_APPS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-apps-mobileapp-list?view=graph-rest-1.0",
};

pub(super) static MOBILE_APPS_GET: OperationInfo = OperationInfo {
    name: "mobileApps.get",
    method: "GET",
    path: "/deviceAppManagement/mobileApps/{mobileApp-id}",
    versions: &[V1, Beta],
    idempotent: true,
    permissions: MOBILE_APPS_LIST_PERMISSIONS,
    page: "https://learn.microsoft.com/en-us/graph/api/intune-apps-win32lobapp-get?view=graph-rest-1.0",
};

/// Every operation that has a typed call.
pub static OPERATIONS: &[&OperationInfo] = &[
    &AUTOPILOT_PROFILES_LIST,
    &AUTOPILOT_PROFILES_CREATE,
    &AUTOPILOT_PROFILES_GET,
    &AUTOPILOT_PROFILES_UPDATE,
    &AUTOPILOT_PROFILES_DELETE,
    &AUTOPILOT_PROFILES_COUNT,
    &AUTOPILOT_PROFILES_ASSIGN,
    &AUTOPILOT_PROFILES_HAS_PAYLOAD_LINKS,
    &AUTOPILOT_PROFILES_ASSIGNMENTS_LIST,
    &AUTOPILOT_PROFILES_ASSIGNMENTS_CREATE,
    &AUTOPILOT_PROFILES_ASSIGNMENTS_GET,
    &AUTOPILOT_PROFILES_ASSIGNMENTS_UPDATE,
    &AUTOPILOT_PROFILES_ASSIGNMENTS_DELETE,
    &AUTOPILOT_PROFILES_ASSIGNED_DEVICES_LIST,
    &AUTOPILOT_DEVICES_LIST,
    &AUTOPILOT_DEVICES_GET,
    &AUTOPILOT_DEVICES_DELETE,
    &AUTOPILOT_DEVICES_COUNT,
    &AUTOPILOT_DEVICES_ASSIGN_USER_TO_DEVICE,
    &AUTOPILOT_DEVICES_UNASSIGN_USER_FROM_DEVICE,
    &AUTOPILOT_DEVICES_UPDATE_DEVICE_PROPERTIES,
    &AUTOPILOT_DEVICES_ALLOW_NEXT_ENROLLMENT,
    &AUTOPILOT_DEVICES_DEPLOYMENT_PROFILE_GET,
    &AUTOPILOT_DEVICES_INTENDED_DEPLOYMENT_PROFILE_GET,
    &AUTOPILOT_IMPORTS_LIST,
    &AUTOPILOT_IMPORTS_CREATE,
    &AUTOPILOT_IMPORTS_GET,
    &AUTOPILOT_IMPORTS_DELETE,
    &AUTOPILOT_IMPORTS_COUNT,
    &AUTOPILOT_IMPORTS_IMPORT,
    &AUTOPILOT_SETTINGS_GET,
    &AUTOPILOT_SETTINGS_UPDATE,
    &AUTOPILOT_SETTINGS_SYNC,
    &ENROLLMENT_CONFIGURATIONS_LIST,
    &ENROLLMENT_CONFIGURATIONS_CREATE,
    &ENROLLMENT_CONFIGURATIONS_GET,
    &ENROLLMENT_CONFIGURATIONS_UPDATE,
    &ENROLLMENT_CONFIGURATIONS_DELETE,
    &ENROLLMENT_CONFIGURATIONS_COUNT,
    &ENROLLMENT_CONFIGURATIONS_ASSIGN,
    &ENROLLMENT_CONFIGURATIONS_SET_PRIORITY,
    &ENROLLMENT_CONFIGURATIONS_HAS_PAYLOAD_LINKS,
    &ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_LIST,
    &ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_CREATE,
    &ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_GET,
    &ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_UPDATE,
    &ENROLLMENT_CONFIGURATIONS_ASSIGNMENTS_DELETE,
    &DEVICE_CONFIGURATIONS_LIST,
    &DEVICE_CONFIGURATIONS_CREATE,
    &DEVICE_CONFIGURATIONS_GET,
    &DEVICE_CONFIGURATIONS_UPDATE,
    &DEVICE_CONFIGURATIONS_DELETE,
    &DEVICE_CONFIGURATIONS_COUNT,
    &DEVICE_CONFIGURATIONS_ASSIGN,
    &DEVICE_CONFIGURATIONS_HAS_PAYLOAD_LINKS,
    &DEVICE_CONFIGURATIONS_ASSIGNMENTS_LIST,
    &DEVICE_CONFIGURATIONS_ASSIGNMENTS_CREATE,
    &DEVICE_CONFIGURATIONS_ASSIGNMENTS_GET,
    &DEVICE_CONFIGURATIONS_ASSIGNMENTS_UPDATE,
    &DEVICE_CONFIGURATIONS_ASSIGNMENTS_DELETE,
    &DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_LIST,
    &DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_ADD_REF,
    &DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_REMOVE_REF,
    &DOMAIN_JOIN_CONNECTORS_LIST,
    &DOMAIN_JOIN_CONNECTORS_CREATE,
    &DOMAIN_JOIN_CONNECTORS_GET,
    &DOMAIN_JOIN_CONNECTORS_UPDATE,
    &DOMAIN_JOIN_CONNECTORS_DELETE,
    &AUTOPILOT_EVENTS_LIST,
    &AUTOPILOT_EVENTS_CREATE,
    &AUTOPILOT_EVENTS_GET,
    &AUTOPILOT_EVENTS_UPDATE,
    &AUTOPILOT_EVENTS_DELETE,
    &AUTOPILOT_EVENTS_POLICY_STATUS_DETAILS_LIST,
    &AUTOPILOT_EVENTS_POLICY_STATUS_DETAILS_GET,
    &ASSIGNMENT_FILTERS_LIST,
    &ASSIGNMENT_FILTERS_CREATE,
    &ASSIGNMENT_FILTERS_GET,
    &ASSIGNMENT_FILTERS_UPDATE,
    &ASSIGNMENT_FILTERS_DELETE,
    &MOBILITY_POLICIES_LIST,
    &MOBILITY_POLICIES_GET,
    &MOBILITY_POLICIES_UPDATE,
    &MOBILITY_POLICIES_DELETE,
    &MOBILITY_POLICIES_INCLUDED_GROUPS_LIST,
    &MOBILITY_POLICIES_INCLUDED_GROUPS_ADD_REF,
    &MOBILITY_POLICIES_INCLUDED_GROUPS_REMOVE_REF,
    &GROUPS_LIST,
    &GROUPS_CREATE,
    &GROUPS_GET,
    &GROUPS_UPDATE,
    &GROUPS_DELETE,
    &GROUPS_COUNT,
    &DEVICES_LIST,
    &DEVICES_GET,
    &DEVICES_UPDATE,
    &DEVICES_DELETE,
    &DEVICES_COUNT,
    &DEVICES_GET_BY_DEVICE_ID,
    &GROUPS_MEMBERS_LIST,
    &GROUPS_MEMBERS_ADD_REF,
    &GROUPS_MEMBERS_REMOVE_REF,
    &USERS_LIST,
    &USERS_GET,
    &MANAGED_DEVICES_LIST,
    &MANAGED_DEVICES_GET,
    &MANAGED_DEVICES_DELETE,
    &MOBILE_APPS_LIST,
    &MOBILE_APPS_GET,
    &crate::graph::BATCH,
];
