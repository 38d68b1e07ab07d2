//! Kinds of findings about deployments: their settings, plans, imports and teardowns.
//!
//! Kinds about watched devices are in `workflow::watch::findings`.

use crate::model::finding_kinds;

const RUN_AGAIN: &str = "run the import again with the same journal: no device is sent twice";

finding_kinds! {
    /// Objects that need a device group, in a deployment without one.
    SETTINGS_NO_GROUP = "settings.no-group", Error, "add a [group] table";
    /// An organizational unit outside the deployment's domain.
    SETTINGS_UNIT_OF_ANOTHER_DOMAIN = "settings.unit-of-another-domain", Error, "use the same domain in both";
    /// Settings for an enrollment status page in a deployment without one.
    SETTINGS_WITHOUT_PAGE = "settings.without-page", Error,
        "add an [enrollment_status_page] table";
    /// Assignments for an object that the deployment does not have.
    SETTINGS_ASSIGNMENT_WITHOUT_OBJECT = "settings.assignment-without-object", Error,
        "add the object's table, or remove its assignments";
    /// An empty list in the settings.
    SETTINGS_EMPTY_LIST = "settings.empty-list", Error, "add an item to the list, or remove the list";
    /// A desired change to a property that is fixed when its object is created.
    SETTINGS_FIXED_AT_CREATION = "settings.fixed-at-creation", Error,
        "use another name, so that a new one is created, or delete this one first";
    /// A changed property that the service did not accept.
    SETTINGS_NOT_TAKEN = "settings.not-taken", Warning,
        "set it in the Intune admin center, or use another name, so that a new one is created";
    /// Several objects with the same type and name.
    NAME_DUPLICATE = "name.duplicate", Error,
        "rename or delete all but one; this crate neither chooses nor deletes one";
    /// An object that has the same name as a part of the deployment but is not on record as created or adopted.
    NAME_FOREIGN = "name.foreign", Error,
        "use another name, or take the object over: adopt it, by kind and id, in the plan's options";
    /// An object to be adopted that does not exist in the tenant, or is of another kind.
    NAME_NOT_ADOPTED = "name.not-adopted", Error,
        "correct the kind and id in the plan's options, or omit the adoption";
    /// A part that will be created even though the device group already has an object of the same kind.
    NAME_CREATED_ANEW = "name.created-anew", Info,
        "if the part was renamed in the settings, plan with the deployment's journal, so that the existing object is \
         renamed";
    /// An object that another run created at the same time under the same name.
    NAME_CREATED_TWICE = "name.created-twice", Error,
        "allow only one run at a time, with a shared journal folder; keep one of the objects, delete the \
         other, and run the plan again";

    /// Permissions that the token does not contain.
    PERMISSIONS_MISSING = "permissions.missing", Error,
        "grant the app this permission, with an administrator's consent, and sign in again";
    /// An MDM user scope that an app cannot read or set without a signed-in user.
    MDM_DELEGATED_ONLY = "mdm.delegated-only", Warning,
        "check the scope by hand, or plan with a signed-in user";
    /// A tenant without a mobility policy for Microsoft Intune.
    MDM_NO_POLICY = "mdm.no-policy", Error, "check the Intune subscription";
    /// A name in the MDM user scope that does not match exactly one group.
    MDM_GROUP = "mdm.group", Error, "use a name that matches exactly one group";
    /// An MDM user scope that the service does not report.
    MDM_SCOPE_NOT_KNOWN = "mdm.scope-not-known", Error,
        "check the scope in the Entra admin center, and plan again; remove mdm_scope to continue without it";
    /// Users or groups that the plan drops from the MDM user scope.
    MDM_SCOPE_DROPS = "mdm.scope-drops", Warning,
        "check that their devices no longer need to enroll; name the groups in mdm_scope, or leave \
         remove_other_assignments out, to keep them";
    /// A mobility policy that turns off enrollment during registration.
    MDM_DISABLED_DURING_REGISTRATION = "mdm.disabled-during-registration", Error,
        "set isMdmEnrollmentDuringRegistrationDisabled to false in Microsoft Intune's policy";
    /// An invalid mobility policy.
    MDM_NOT_VALID = "mdm.not-valid", Error, "delete the policy and set it up again";

    /// An expected connector that the tenant does not have.
    CONNECTOR_MISSING = "connector.missing", Warning,
        "install the Intune Connector on this server; a connector that was installed minutes ago may not be \
         listed yet";
    /// Fewer healthy connectors than the deployment needs.
    CONNECTOR_TOO_FEW = "connector.too-few", Error,
        "start or install one: without it, no computer account is created and every device fails with \
         0x80070774";
    /// A connector that is not active.
    CONNECTOR_NOT_ACTIVE = "connector.not-active", Warning,
        "check the Intune ODJConnector service on the server, and its event log";
    /// A connector whose version no longer processes requests.
    CONNECTOR_TOO_OLD = "connector.too-old", Error, "uninstall it and install the current one";
    /// A connector whose version has known issues.
    CONNECTOR_OLD = "connector.old", Warning, "update it";
    /// A connector whose version cannot be read.
    CONNECTOR_VERSION_NOT_KNOWN = "connector.version-not-known", Warning, "check the connector's version on the server";
    /// A connector without recent contact with Intune.
    CONNECTOR_SILENT = "connector.silent", Warning,
        "check that the server is on and can reach Intune; if there is a proxy, restart the service";
    /// Connectors whose right to create computer accounts is unconfirmed.
    COMPUTER_ACCOUNTS_NOT_CONFIRMED = "computer-accounts.not-confirmed", Warning,
        "grant the right, and set rights_confirmed = true in [active_directory], or plan with a directory; until then, \
         do not switch on any devices";

    /// Users in the deployment's device group.
    GROUP_HAS_USERS = "group.has-users", Warning,
        "put only devices in it: profiles do not reach users' devices, and a status page for users does \
         not wait for its apps";
    /// A device group that contains users but no devices.
    GROUP_NO_DEVICE = "group.no-device", Error, "add the device objects that carry [ZTDId]";

    /// A new profile in a tenant that has reached its profile limit.
    PROFILE_TOO_MANY = "profile.too-many", Error, "delete profiles that are not assigned";
    /// An Entra join profile with the same name.
    PROFILE_OTHER_KIND = "profile.other-kind", Warning,
        "rename one: in reports they cannot be told apart";
    /// A device group that is excluded from the deployment profile.
    PROFILE_EXCLUDED = "profile.excluded", Error, "remove the exclusion";
    /// Another deployment profile that is assigned to the device group.
    PROFILE_CONFLICT = "profile.conflict", Error, "unassign the other profile from the group";

    /// A filter that leaves devices out of the deployment profile's own assignment.
    PROFILE_FILTERED = "profile.filtered", Error,
        "change the filter, or remove it from the assignment";
    /// Devices in the deployment that get no deployment profile.
    PROFILE_NOT_REACHING = "profile.not-reaching", Warning,
        "check that the devices are in the group, whether by group tag or added by hand";

    /// A new enrollment status page in a tenant that has reached its page limit.
    PAGE_TOO_MANY = "page.too-many", Error, "delete pages that are not assigned";
    /// An enrollment status page that is assigned to users.
    PAGE_ASSIGNED_TO_USERS = "page.assigned-to-users", Warning, "assign it to groups of devices only";
    /// A selected app that does not match exactly one app in the tenant.
    PAGE_APP_NOT_ONE = "page.app-not-one", Error,
        "use a name that matches exactly one app, or select the app by its id";
    /// A selected app for a platform other than Windows.
    PAGE_APP_FOREIGN = "page.app-foreign", Error,
        "select the Windows app instead; if the two have the same name, select it by its id";
    /// A selected app that no assignment requires, so the page does not wait for it.
    PAGE_APP_NOT_REQUIRED = "page.app-not-required", Warning,
        "assign the app to the devices as required, or remove it from the list: the page waits only for \
         required apps";
    /// A selected app whose assignments are not known.
    PAGE_APP_NOT_KNOWN = "page.app-not-known", Info, "check that the app is required on the devices";
    /// Microsoft 365 Apps, deployed as an Office suite, among the blocking apps.
    PAGE_OFFICE_APP = "page.office-app", Warning, "package Microsoft 365 Apps as a Win32 app";
    /// Both Win32 and line-of-business apps among the blocking apps.
    PAGE_MIXED_INSTALLERS = "page.mixed-installers", Warning,
        "package the line-of-business apps as Win32 apps";
    /// Another enrollment status page for the device group, with a higher priority.
    PAGE_OUTRANKED = "page.outranked", Warning,
        "unassign the other page from the group, or give this one a smaller number";
    /// A desired priority that no enrollment status page in the tenant can have.
    PAGE_PRIORITY = "page.priority", Error, "choose a priority between 1 and the number of pages";
    /// An exclusion that prevents devices from getting the enrollment status page.
    PAGE_EXCLUDED = "page.excluded", Warning, "remove the exclusion";
    /// A filter that leaves devices out of the enrollment status page's own assignment.
    PAGE_FILTERED = "page.filtered", Warning, "change the filter, or remove it from the assignment";
    /// Devices in the deployment that show the default page.
    PAGE_NOT_REACHING = "page.not-reaching", Warning,
        "check that the devices are in the group, whether by group tag or added by hand";
    /// An account setup that waits for Entra Connect.
    PAGE_ACCOUNT_SETUP_WAITS = "page.account-setup-waits", Info,
        "add a [skip_user_status_page] table if users should not wait: it gives devices the policy \
         ./Vendor/MSFT/DMClient/Provider/MS DM Server/FirstSyncStatus/SkipUserStatusPage (Boolean, true)";

    /// A network access configuration that does not match exactly one device configuration in the tenant.
    DOMAIN_JOIN_NETWORK_NOT_ONE = "domain-join.network-not-one", Error,
        "use a name that matches exactly one configuration";
    /// A device configuration of an unrelated kind, listed for network access.
    DOMAIN_JOIN_NETWORK_KIND = "domain-join.network-kind", Warning,
        "list only configurations for Wi-Fi, VPN, wired networks or certificates on Windows";
    /// A network access configuration that is not assigned.
    DOMAIN_JOIN_NETWORK_NOT_ASSIGNED = "domain-join.network-not-assigned", Warning,
        "assign the configuration to the devices: the link alone does not deliver it";
    /// A VPN among the network access configurations, although the domain controller check is not skipped.
    DOMAIN_JOIN_VPN_WITHOUT_SKIP = "domain-join.vpn-without-skip", Info,
        "set skip_connectivity_check = true in [profile], unless the VPN is always on";
    /// A domain join profile whose network access configurations could not be read.
    DOMAIN_JOIN_NETWORK_NOT_READ = "domain-join.network-not-read", Warning,
        "check the profile's network access configurations, and plan again";
    /// Another domain join profile that reaches the same devices.
    DOMAIN_JOIN_OVERLAP = "domain-join.overlap", Error,
        "a device must get exactly one domain join profile: assign the two profiles to groups that share no devices";
    /// A device group that is excluded from the domain join profile.
    DOMAIN_JOIN_EXCLUDED = "domain-join.excluded", Error, "remove the exclusion";
    /// A filter that leaves devices out of the domain join profile's own assignment.
    DOMAIN_JOIN_FILTERED = "domain-join.filtered", Error,
        "change the filter, or remove it from the assignment";
    /// Devices in the deployment that get no domain join profile.
    DOMAIN_JOIN_NOT_REACHING = "domain-join.not-reaching", Warning,
        "check that the devices are in the group, whether by group tag or added by hand";
    /// A name in the assignment settings that does not match exactly one group or filter.
    ASSIGNMENT_NAME = "assignment.name", Error, "use a name that matches exactly one group or filter";
    /// An assignment with a filter that the settings do not name.
    ASSIGNMENT_FILTERED = "assignment.filtered", Warning,
        "name the filter in the settings, or set remove_other_assignments to remove it";
    /// An assignment to a group that no longer exists.
    ASSIGNMENT_ORPHAN = "assignment.orphan", Warning,
        "no action needed: the service removes the assignment after about a week, and remove_other_assignments does so \
         at once";
    /// An assignment that the service accepted but does not show.
    ASSIGNMENT_NOT_TAKEN = "assignment.not-taken", Warning, "plan again later";

    /// Objects or assignments that could not be read, so the resultant set is not known.
    RESULTANT_NOT_READ = "resultant.not-read", Warning, "grant the permission to read them, and plan again";
    /// An assignment to a group that could not be read.
    RESULTANT_GROUP_NOT_READ = "resultant.group-not-read", Warning, "grant GroupMember.Read.All, and try again";
    /// A group rule that cannot be evaluated.
    RESULTANT_RULE_NOT_EVALUATED = "resultant.rule-not-evaluated", Warning,
        "check the group's members when the device is registered";
    /// An assignment filter that cannot be evaluated before a device enrolls.
    RESULTANT_FILTER_NOT_KNOWN = "resultant.filter-not-known", Warning,
        "use a filter on manufacturer, model or enrollmentProfileName, or assign to another group";
    /// A status page assigned to users who may or may not set up devices.
    RESULTANT_USER_NOT_KNOWN = "resultant.user-not-known", Info, "assign a status page to the devices";
    /// Several objects with no known order of precedence.
    RESULTANT_ORDER_NOT_KNOWN = "resultant.order-not-known", Warning,
        "assign only one of them to the devices";
    /// An assignment to an audience of an unknown kind.
    RESULTANT_TARGET_NOT_KNOWN = "resultant.target-not-known", Warning,
        "check the assignment in the Intune admin center";
    /// A registered device whose object in Entra ID could not be read.
    RESULTANT_DEVICE_NOT_READ = "resultant.device-not-read", Warning, "grant Device.Read.All, and try again";

    /// A serial number that several registered devices share.
    DEVICES_SERIAL_REPEATS = "devices.serial-repeats", Error,
        "leave the device out, and use manufacturer and model to tell the devices apart in the Intune admin \
         center";
    /// A device with an assigned user.
    DEVICES_USER_ASSIGNED = "devices.user-assigned", Error,
        "unassign the user, as user_assignment = \"unassign\" does: with an assigned user, a hybrid join \
         fails with 0x80070774, because the user's first sign-in joins only Entra ID";
    /// A device with a display name, which a hybrid join ignores.
    DEVICES_DISPLAY_NAME = "devices.display-name", Info,
        "clear the name; the computer's name consists of the domain join profile's prefix and random characters";
    /// A registered device whose object in Entra ID is gone.
    DEVICES_ANCHOR_MISSING = "devices.anchor-missing", Warning,
        "delete the registration and import the device again; never delete the object that carries [ZTDId]: a \
         hybrid joined device has two by design";
    /// A changed group tag that the service does not show.
    DEVICES_TAG_NOT_TAKEN = "devices.tag-not-taken", Warning, "plan again later";
    /// Devices with a group tag other than the one that the deployment's group selects.
    PLAN_GROUP_TAG_DIFFERS = "plan.group-tag-differs", Warning,
        "use the deployment's group tag, or omit the group tag: a device then gets the deployment's tag";
    /// Users who will be assigned to devices that join a domain.
    USERS_HAZARD = "users.hazard", Warning,
        "do not do this in production: a hybrid join then fails with 0x80070774, because the first sign-in of an \
         assigned user joins only Entra ID";
    /// A user to be assigned who does not exist in the tenant.
    USERS_NOT_FOUND = "users.not-found", Error, "correct the user's name in the list of devices";

    /// A serial number to retag that does not belong to any registered device.
    RETAG_NOT_REGISTERED = "retag.not-registered", Error,
        "correct the serial number, or import the device with the new group tag";
    /// A device to retag whose groups are not known.
    RETAG_GROUPS_NOT_KNOWN = "retag.groups-not-known", Warning,
        "grant Group.Read.All and Device.Read.All, and plan again: a device that leaves a group loses its profile";

    /// A part of a tenant's deployment that settings cannot express.
    EXPORT_NOT_EXPRESSED = "export.not-expressed", Warning,
        "document it next to the settings: a plan leaves it unchanged and does not detect its drift";

    /// A motherboard replacement for a device that is not registered.
    REPLACE_NOT_REGISTERED = "replace.not-registered", Error,
        "correct the serial number; to resume a replacement, pass its journal";
    /// A registration to be replaced that has an invalid group tag, which the new one cannot inherit.
    REPLACE_TAG_NOT_VALID = "replace.tag-not-valid", Error,
        "give the registration another group tag, and plan again";
    /// A replacement for a registration whose assigned user cannot be carried over.
    REPLACE_USER_NOT_KNOWN = "replace.user-not-known", Error,
        "grant User.ReadBasic.All, or replace the motherboard without the user";
    /// A device to be re-registered whose groups are not known.
    REPLACE_GROUPS_NOT_KNOWN = "replace.groups-not-known", Warning,
        "grant Group.Read.All and Device.Read.All, and plan again: a device that leaves a group loses its profile";
    /// A new registration that the service did not accept.
    REPLACE_NOT_IMPORTED = "replace.not-imported", Error,
        "correct the hardware hash, and plan again with the same journal and a new one for the import: group tag and \
         user are kept";

    /// Two deployments with the same name.
    OVERLAP_DEPLOYMENT_NAME = "overlap.deployment-name", Warning, "rename one";
    /// Two deployments with different objects of the same type and name.
    OVERLAP_NAME = "overlap.name", Error, "rename one of them, or make them identical";
    /// Two deployments whose groups share devices.
    OVERLAP_DEVICES = "overlap.devices", Error,
        "give each deployment its own group tag: a device gets only one profile, the oldest";
    /// Two deployments whose domain join profiles reach the same devices.
    OVERLAP_DOMAIN_JOIN = "overlap.domain-join", Error, "assign the two domain join profiles to groups that share no \
    devices";
    /// Two deployments with the same users in the MDM user scope.
    OVERLAP_MDM_GROUP = "overlap.mdm-group", Warning,
        "give each deployment its own user groups: tearing one down can remove the shared users from the scope";
    /// Two deployments that undo each other's MDM user scope.
    OVERLAP_MDM_SCOPE = "overlap.mdm-scope", Error,
        "name the same groups in both, or leave remove_other_assignments out";

    /// A user assigned to a device that is to be imported.
    IMPORT_ASSIGNED_USER = "import.assigned-user", Warning,
        "leave the user out for hybrid join: an assigned user is the most common cause of error 0x80070774";
    /// A device that appears twice in the input.
    IMPORT_DUPLICATE = "import.duplicate", Info, "no action needed, but the second one can be removed";
    /// A registered device whose registration id is missing.
    IMPORT_NO_DEVICE_ID = "import.no-device-id", Warning,
        "search for the device by its serial number, and check its group tag";
    /// A registered device whose group tag differs from the desired one.
    IMPORT_GROUP_TAG = "import.group-tag", Warning,
        "set the device's group tag; importing the device again does not change it";
    /// A device that is registered in another tenant.
    IMPORT_OTHER_TENANT = "import.other-tenant", Error,
        "ask the other tenant to delete its registration, or, if that tenant is unknown, contact \
         Microsoft support with proof of purchase";
    /// A device that the service rejected.
    IMPORT_REFUSED = "import.refused", Error,
        "look up the error's name in Microsoft's list of Autopilot import errors";
    /// A device whose outcome is unknown.
    IMPORT_UNCONFIRMED = "import.unconfirmed", Error,
        "run the import again with the same journal: it checks whether the device is already there before sending it";
    /// A device that had no outcome by the deadline.
    IMPORT_TIMED_OUT = "import.timed-out", Error, RUN_AGAIN;
    /// A device that had no outcome when the run was stopped.
    IMPORT_CANCELED = "import.canceled", Error, RUN_AGAIN;
    /// A sync request that the service rejected.
    IMPORT_SYNC_REFUSED = "import.sync-refused", Warning,
        "grant DeviceManagementServiceConfig.ReadWrite.All; without a sync, the devices take longer to appear";
    /// Records of finished imports that could not be deleted.
    IMPORT_RECORD_LEFT = "import.record-left", Info,
        "run the import again with the same journal, or leave them: they do no harm";

    /// An MDM user scope that should be restored but is not reported by the service.
    TEARDOWN_SCOPE_NOT_READ = "teardown.scope-not-read", Error,
        "check the scope in the Entra admin center, and waive this finding: the teardown then leaves the \
         scope as it is";
    /// An MDM user scope that was changed after the deployment set it.
    TEARDOWN_SCOPE_CHANGED = "teardown.scope-changed", Error,
        "set the scope in the Entra admin center (Mobility, Microsoft Intune), and waive this finding: the teardown \
         then leaves the scope as it is";
    /// An object to be removed whose name differs from the one in the journal.
    TEARDOWN_NAME_DIFFERS = "teardown.name-differs", Error,
        "check that the journal is the right one and was not changed; if somebody has renamed the object, restore \
         its name, or delete it by hand";
    /// A group to be removed that may still be in use elsewhere.
    TEARDOWN_GROUP_USE_NOT_KNOWN = "teardown.group-use-not-known", Error,
        "grant the client permission to read where the group is used, or check the Intune admin center and waive \
         this finding if nothing uses the group";
    /// A right in the directory that cannot be read.
    TEARDOWN_RIGHT_NOT_READABLE = "teardown.right-not-readable", Error,
        "sign in to the directory with an account that can read and change the permissions of the OU or container";
    /// A device to be removed whose serial number is shared by several registered devices.
    TEARDOWN_SERIAL_REPEATS = "teardown.serial-repeats", Error,
        "delete the right one by hand: use manufacturer and model to tell them apart";
    /// A registration that might not be the deployment's: the journal contains its serial number but not yet its id.
    TEARDOWN_NOT_CONFIRMED = "teardown.registration-not-confirmed", Error,
        "apply the deployment again with the same journals, to record the id if the registration is the \
         deployment's; or waive this finding: the registration is then kept";
    /// An enrolled device, whose registration cannot be deleted.
    TEARDOWN_ENROLLED = "teardown.enrolled", Error,
        "delete or retire it in Intune, or let the teardown do so; its user loses access to managed resources";
    /// Several objects with the same type and name as an object to be removed.
    TEARDOWN_DUPLICATE = "teardown.duplicate", Error, "delete the right one by hand";
    /// An object to be removed that has assignments not made by the deployment.
    TEARDOWN_ASSIGNED_ELSEWHERE = "teardown.assigned-elsewhere", Error,
        "remove those assignments, or keep the object";
    /// A group to be removed that is in use elsewhere.
    TEARDOWN_GROUP_IN_USE = "teardown.group-in-use", Error,
        "remove the group wherever it is used, or keep it: an assignment to a deleted group prevents the deletion of \
         its object";
}
