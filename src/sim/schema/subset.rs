//! Properties of the types that the simulation keeps a part of: what `$select` and `$filter` may name besides. The names and the
//! operators are those of Graph's own metadata and of its descriptions (MIT).

/// Properties of a `user`.
#[rustfmt::skip]
pub(super) const USER: &[&str] = &[
    "aboutMe", "accountEnabled", "activities", "adhocCalls", "ageGroup", "agreementAcceptances",
    "appRoleAssignments", "assignedLicenses", "assignedPlans", "authentication", "authorizationInfo",
    "birthday", "businessPhones", "calendar", "calendarGroups", "calendarView", "calendars", "chats", "city",
    "cloudClipboard", "cloudPCs", "companyName", "consentProvidedForMinor", "contactFolders", "contacts",
    "country", "createdDateTime", "createdObjects", "creationType", "customSecurityAttributes",
    "dataSecurityAndGovernance", "department", "deviceEnrollmentLimit", "deviceManagementTroubleshootingEvents",
    "directReports", "displayName", "drive", "drives", "employeeExperience", "employeeHireDate", "employeeId",
    "employeeLeaveDateTime", "employeeOrgData", "employeeType", "events", "extensions", "externalUserState",
    "externalUserStateChangeDateTime", "faxNumber", "followedSites", "givenName", "hireDate", "identities",
    "identityParentId", "imAddresses", "inferenceClassification", "insights", "interests",
    "isManagementRestricted", "isResourceAccount", "jobTitle", "joinedTeams", "lastPasswordChangeDateTime",
    "legalAgeGroupClassification", "licenseAssignmentStates", "licenseDetails", "mail", "mailFolders",
    "mailNickname", "mailboxSettings", "managedAppRegistrations", "managedDevices", "manager", "memberOf",
    "messages", "mobilePhone", "mySite", "notes", "oauth2PermissionGrants", "officeLocation",
    "onPremisesDistinguishedName", "onPremisesDomainName", "onPremisesExtensionAttributes",
    "onPremisesImmutableId", "onPremisesLastSyncDateTime", "onPremisesProvisioningErrors",
    "onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncBehavior",
    "onPremisesSyncEnabled", "onPremisesUserPrincipalName", "onenote", "onlineMeetings", "otherMails",
    "outlook", "ownedDevices", "ownedObjects", "passwordPolicies", "passwordProfile", "pastProjects", "people",
    "permissionGrants", "photo", "photos", "planner", "postalCode", "preferredDataLocation",
    "preferredLanguage", "preferredName", "presence", "print", "provisionedPlans", "proxyAddresses",
    "registeredDevices", "responsibilities", "schools", "scopedRoleMemberOf", "securityIdentifier",
    "serviceProvisioningErrors", "settings", "showInAddressList", "signInActivity",
    "signInSessionsValidFromDateTime", "skills", "solutions", "sponsorOf", "sponsors", "state", "streetAddress",
    "surname", "teamwork", "todo", "transitiveMemberOf", "usageLocation", "userPrincipalName", "userType",
];

/// Properties of a `user` that only beta has.
#[rustfmt::skip]
pub(super) const USER_BETA: &[&str] = &[
    "analytics", "appConsentRequestsForApproval", "appRoleAssignedResources", "approvals", "cloudLicensing",
    "cloudPcPools", "cloudRealtimeCommunicationInfo", "communications", "deviceEnrollmentConfigurations",
    "deviceKeys", "devices", "distributionLists", "identityGovernance", "infoCatalogs", "informationProtection",
    "invitedBy", "isLicenseReconciliationNeeded", "joinedGroups", "lifecycle",
    "managedAppLogCollectionRequests", "mobileAppIntentAndStates", "mobileAppTroubleshootingEvents",
    "notifications", "onPremisesSipInfo", "pendingAccessReviewInstances", "profile",
    "refreshTokensValidFromDateTime", "security", "transitiveReports", "usageRights", "virtualEvents",
    "windowsInformationProtectionDeviceRegistrations",
];

/// Properties of a `group`.
#[rustfmt::skip]
pub(super) const GROUP: &[&str] = &[
    "acceptedSenders", "accessType", "allowExternalSenders", "appRoleAssignments", "assignedLabels",
    "assignedLicenses", "autoSubscribeNewMembers", "calendar", "calendarView", "classification",
    "conversations", "createdDateTime", "createdOnBehalfOf", "description", "displayName", "drive", "drives",
    "events", "expirationDateTime", "extensions", "groupLifecyclePolicies", "groupTypes",
    "hasMembersWithLicenseErrors", "hideFromAddressLists", "hideFromOutlookClients", "infoCatalogs",
    "isArchived", "isAssignableToRole", "isFavorite", "isManagementRestricted", "isSubscribedByMail",
    "licenseProcessingState", "mail", "mailEnabled", "mailNickname", "memberOf", "members",
    "membersWithLicenseErrors", "membershipRule", "membershipRuleProcessingState", "onPremisesDomainName",
    "onPremisesExtensionAttributes", "onPremisesLastSyncDateTime", "onPremisesNetBiosName",
    "onPremisesProvisioningErrors", "onPremisesSamAccountName", "onPremisesSecurityIdentifier",
    "onPremisesSyncBehavior", "onPremisesSyncEnabled", "onenote", "organizationId", "owners",
    "permissionGrants", "photo", "photos", "planner", "preferredDataLocation", "preferredLanguage",
    "proxyAddresses", "rejectedSenders", "renewedDateTime", "resourceBehaviorOptions",
    "resourceProvisioningOptions", "securityEnabled", "securityIdentifier", "serviceProvisioningErrors",
    "settings", "sites", "team", "theme", "threads", "transitiveMemberOf", "transitiveMembers", "uniqueName",
    "unseenConversationsCount", "unseenCount", "unseenMessagesCount", "visibility", "welcomeMessageEnabled",
];

/// Properties of a `group` that only beta has.
#[rustfmt::skip]
pub(super) const GROUP_BETA: &[&str] = &[
    "cloudLicensing", "createdByAppId", "disableNesting", "endpoints", "membershipRuleProcessingStatus",
    "writebackConfiguration",
];

/// Properties of a `device`.
#[rustfmt::skip]
pub(super) const DEVICE: &[&str] = &[
    "accountEnabled", "alternativeSecurityIds", "approximateLastSignInDateTime", "complianceExpirationDateTime",
    "deviceCategory", "deviceId", "deviceMetadata", "deviceOwnership", "deviceVersion", "displayName",
    "enrollmentProfileName", "enrollmentType", "extensions", "isCompliant", "isManaged",
    "isManagementRestricted", "isRooted", "managementType", "manufacturer", "mdmAppId", "memberOf", "model",
    "onPremisesLastSyncDateTime", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "operatingSystem",
    "operatingSystemVersion", "physicalIds", "profileType", "registeredOwners", "registeredUsers",
    "registrationDateTime", "systemLabels", "transitiveMemberOf", "trustType",
];

/// Properties of a `device` that only beta has.
#[rustfmt::skip]
pub(super) const DEVICE_BETA: &[&str] = &[
    "alternativeNames", "cloudLicensing", "commands", "deviceTemplate", "domainName", "extensionAttributes",
    "hostnames", "kind", "name", "platform", "status", "usageRights",
];

/// Properties of a `managedDevice`.
#[rustfmt::skip]
pub(super) const MANAGED_DEVICE: &[&str] = &[
    "activationLockBypassCode", "androidSecurityPatchLevel", "azureADDeviceId", "azureADRegistered",
    "complianceGracePeriodExpirationDateTime", "complianceState", "configurationManagerClientEnabledFeatures",
    "deviceActionResults", "deviceCategory", "deviceCategoryDisplayName", "deviceCompliancePolicyStates",
    "deviceConfigurationStates", "deviceEnrollmentType", "deviceHealthAttestationState", "deviceName",
    "deviceRegistrationState", "easActivated", "easActivationDateTime", "easDeviceId", "emailAddress",
    "enrolledDateTime", "enrollmentProfileName", "ethernetMacAddress", "exchangeAccessState",
    "exchangeAccessStateReason", "exchangeLastSuccessfulSyncDateTime", "freeStorageSpaceInBytes", "iccid",
    "imei", "isEncrypted", "isSupervised", "jailBroken", "lastSyncDateTime", "logCollectionRequests",
    "managedDeviceName", "managedDeviceOwnerType", "managementAgent", "managementCertificateExpirationDate",
    "managementState", "manufacturer", "meid", "model", "notes", "operatingSystem", "osVersion",
    "partnerReportedThreatState", "phoneNumber", "physicalMemoryInBytes", "remoteAssistanceSessionErrorDetails",
    "remoteAssistanceSessionUrl", "requireUserEnrollmentApproval", "serialNumber", "subscriberCarrier",
    "totalStorageSpaceInBytes", "udid", "userDisplayName", "userId", "userPrincipalName", "users",
    "wiFiMacAddress", "windowsProtectionState",
];

/// Properties of a `managedDevice` that only beta has.
#[rustfmt::skip]
pub(super) const MANAGED_DEVICE_BETA: &[&str] = &[
    "aadRegistered", "assignmentFilterEvaluationStatusDetails", "autopilotEnrolled",
    "azureActiveDirectoryDeviceId", "bootstrapTokenEscrowed", "chassisType", "chromeOSDeviceInfo",
    "cloudPcRemoteActionResults", "configurationManagerClientHealthState",
    "configurationManagerClientInformation", "detectedApps", "deviceFirmwareConfigurationInterfaceManaged",
    "deviceHealthScriptStates", "deviceType", "enrolledByUserPrincipalName", "hardwareInformation", "joinType",
    "lostModeState", "managedDeviceMobileAppConfigurationStates", "managementFeatures", "ownerType",
    "preferMdmOverGroupPolicyAppliedDateTime", "processorArchitecture", "retireAfterDateTime",
    "roleScopeTagIds", "securityBaselineStates", "securityPatchLevel", "skuFamily", "skuNumber",
    "specificationVersion", "usersLoggedOn", "windowsActiveMalwareCount", "windowsRemediatedMalwareCount",
];

/// Properties of a `mobileApp`.
#[rustfmt::skip]
pub(super) const MOBILE_APP: &[&str] = &[
    "assignments", "categories", "createdDateTime", "description", "developer", "displayName", "informationUrl",
    "isFeatured", "largeIcon", "lastModifiedDateTime", "notes", "owner", "privacyInformationUrl", "publisher",
    "publishingState",
];

/// Properties of a `mobileApp` that only beta has.
#[rustfmt::skip]
pub(super) const MOBILE_APP_BETA: &[&str] = &[
    "dependentAppCount", "isAssigned", "relationships", "roleScopeTagIds", "supersededAppCount",
    "supersedingAppCount", "uploadState",
];

/// Properties of a `win32LobApp`.
#[rustfmt::skip]
pub(super) const WIN32_LOB_APP: &[&str] = &[
    "allowedArchitectures", "applicableArchitectures", "installCommandLine", "installExperience",
    "minimumCpuSpeedInMHz", "minimumFreeDiskSpaceInMB", "minimumMemoryInMB", "minimumNumberOfProcessors",
    "minimumSupportedWindowsRelease", "msiInformation", "returnCodes", "rules", "setupFilePath",
    "uninstallCommandLine",
];

/// Properties of a `win32LobApp` that only beta has.
#[rustfmt::skip]
pub(super) const WIN32_LOB_APP_BETA: &[&str] = &[
    "activeInstallScript", "activeUninstallScript", "allowAvailableUninstall", "detectionRules",
    "displayVersion", "minimumSupportedOperatingSystem", "requirementRules",
];

/// The operators of `$filter` that the descriptions of properties name: type, operators and properties. Those that need an
/// advanced query are in the rules of each collection.
#[rustfmt::skip]
const FILTERS: &[(&str, &str, &[&str])] = &[
    ("device", "eq", &["onPremisesSecurityIdentifier"]),
    ("device", "eq", &["isCompliant", "isManaged"]),
    ("device", "eq ge le", &["approximateLastSignInDateTime"]),
    ("device", "eq ge le in", &["onPremisesLastSyncDateTime"]),
    ("device", "eq ge le in startsWith", &["displayName"]),
    ("device", "eq ge le startsWith", &["operatingSystem", "operatingSystemVersion"]),
    ("device", "eq in", &["accountEnabled", "onPremisesSyncEnabled", "trustType"]),
    ("device", "eq startsWith", &["deviceId", "mdmAppId"]),
    ("group", "eq", &["disableNesting", "hasMembersWithLicenseErrors", "onPremisesSecurityIdentifier"]),
    ("group", "eq", &["isAssignableToRole", "mailEnabled"]),
    ("group", "eq ge le in", &["expirationDateTime", "onPremisesLastSyncDateTime", "renewedDateTime"]),
    ("group", "eq ge le in startsWith", &["displayName", "mail", "mailNickname", "onPremisesSamAccountName",
        "preferredLanguage"]),
    ("group", "eq ge le startsWith", &["classification", "description", "membershipRule"]),
    ("group", "eq in", &["membershipRuleProcessingState", "onPremisesSyncEnabled", "securityEnabled"]),
    ("group", "eq in startsWith", &["createdByAppId"]),
    ("user", "eq", &["isLicenseReconciliationNeeded", "onPremisesSecurityIdentifier"]),
    ("user", "eq ge le in", &["createdDateTime", "department", "employeeHireDate", "employeeLeaveDateTime",
        "onPremisesImmutableId", "onPremisesLastSyncDateTime"]),
    ("user", "eq ge le in startsWith", &["city", "companyName", "country", "displayName", "employeeId",
        "employeeType", "faxNumber", "givenName", "jobTitle", "mailNickname", "mobilePhone", "officeLocation",
        "onPremisesSamAccountName", "onPremisesUserPrincipalName", "postalCode", "preferredLanguage", "state",
        "streetAddress", "surname", "usageLocation"]),
    ("user", "eq ge le in startsWith", &["mail", "userPrincipalName"]),
    ("user", "eq in", &["accountEnabled", "ageGroup", "consentProvidedForMinor", "creationType",
        "externalUserState", "externalUserStateChangeDateTime", "onPremisesSyncEnabled", "userType"]),
    ("managedDevice", "eq", &["deviceCategoryDisplayName", "jailBroken"]),
    ("managedDevice", "gt lt", &["enrolledDateTime", "lastSyncDateTime"]),
];

/// Returns `true` if a property's description says that it can be filtered by an operator, such as `startsWith`.
pub(crate) fn is_filterable(type_name: &str, property: &str, operator: &str) -> bool {
    FILTERS.iter().any(|(of, operators, names)| {
        *of == type_name && names.contains(&property) && operators.split(' ').any(|other| other == operator)
    })
}
