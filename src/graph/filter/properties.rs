//! The properties of Graph's types, by the kind of literal that each takes.

use super::Field;

/// The known properties, by type. A test checks the lists against Microsoft's metadata for both versions. A property
/// that has different types on different Graph objects is not listed.
#[rustfmt::skip]
impl Field {
    /// The date properties: compare them with a `Timestamp`.
    pub const DATES: &'static [&'static str] = &[
        "approximateLastSignInDateTime", "complianceExpirationDateTime", "createdDateTime",
        "createdDateTimeUtc", "deletedDateTime", "deploymentEndDateTime", "deploymentProfileAssignedDateTime",
        "deploymentStartDateTime", "deviceRegisteredDateTime", "enrolledDateTime", "enrollmentStartDateTime",
        "eventDateTime", "lastConnectionDateTime", "lastContactedDateTime", "lastManualSyncTriggerDateTime",
        "lastModifiedDateTime", "lastReportedDateTime", "lastSyncDateTime", "onPremisesLastSyncDateTime",
        "registrationDateTime", "remediationStateLastModifiedDateTime",
    ];

    /// The integer properties.
    pub const NUMBERS: &'static [&'static str] = &[
        "computerNameSuffixRandomCharCount", "deviceErrorCode", "deviceVersion", "errorCode",
        "freeStorageSpaceInBytes", "installProgressTimeoutInMinutes", "physicalMemoryInBytes", "priority",
        "totalStorageSpaceInBytes", "type",
    ];

    /// The boolean properties.
    pub const BOOLEANS: &'static [&'static str] = &[
        "accountEnabled", "allowDeviceResetOnInstallFailure",
        "allowDeviceUseBeforeProfileAndAppInstallComplete", "allowDeviceUseOnInstallFailure",
        "allowLogCollectionOnInstallFailure", "allowNonBlockingAppInstallation", "autopilotEnrolled",
        "azureADRegistered", "blockDeviceSetupRetryByUser", "disableUserStatusTrackingAfterFirstUser",
        "enableWhiteGlove", "escapeLinkHidden", "eulaHidden", "excludeGroup", "extractHardwareHash",
        "hardwareHashExtractionEnabled", "hasLink", "hideEULA", "hideEscapeLink", "hideInstallationProgress",
        "hidePrivacySettings", "hybridAzureADJoinSkipConnectivityCheck", "installQualityUpdates",
        "isAssignableToRole", "isCompliant", "isEncrypted", "isManaged", "isValid",
        "keyboardSelectionPageSkipped", "mailEnabled", "onPremisesSyncEnabled", "preprovisioningAllowed",
        "privacySettingsHidden", "securityEnabled", "showInstallationProgress", "skipKeyboardSelectionPage",
        "supportsScopeTags", "trackInstallProgressForAutopilotOnly", "trackedOnEnrollmentStatus",
    ];

    /// The string properties, including lists of strings.
    pub const TEXTS: &'static [&'static str] = &[
        "activeDirectoryDomainName", "addressableUserName", "assignedUserPrincipalName", "azureADDeviceId",
        "azureActiveDirectoryDeviceId", "azureAdDeviceId", "collectionId", "complianceUrl",
        "computerNameStaticPrefix", "customErrorMessage", "department", "description",
        "deviceAccountPassword", "deviceAccountUpn", "deviceAndAppManagementAssignmentFilterId",
        "deviceCategory", "deviceErrorName", "deviceFriendlyName", "deviceId", "deviceMetadata", "deviceName",
        "deviceNameTemplate", "deviceOwnership", "deviceRegistrationId", "deviceSerialNumber", "discoveryUrl",
        "displayName", "emailAddress", "enrollmentFailureDetails", "enrollmentProfileName", "error",
        "ethernetMacAddress", "extensionAttribute1", "extensionAttribute10", "extensionAttribute11",
        "extensionAttribute12", "extensionAttribute13", "extensionAttribute14", "extensionAttribute15",
        "extensionAttribute2", "extensionAttribute3", "extensionAttribute4", "extensionAttribute5",
        "extensionAttribute6", "extensionAttribute7", "extensionAttribute8", "extensionAttribute9",
        "givenName", "groupId", "groupTag", "groupTypes", "hostnames", "id", "identityProvider", "importId",
        "jobTitle", "language", "locale", "mail", "mailNickname", "managedDeviceId", "managedDeviceName",
        "managementServiceAppId", "managementType", "manufacturer", "maxOSVersion", "mdmAppId",
        "membershipRule", "membershipRuleProcessingState", "minOSVersion", "model", "name", "notes",
        "onPremisesDistinguishedName", "onPremisesDomainName", "onPremisesImmutableId",
        "onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesUserPrincipalName",
        "operatingSystem", "operatingSystemVersion", "organizationalUnit", "osVersion", "payloadId",
        "physicalIds", "productKey", "profileType", "purchaseOrderIdentifier", "resourceName",
        "roleScopeTagIds", "roleScopeTags", "rule", "securityIdentifier", "selectedMobileAppIds",
        "serialNumber", "skuFamily", "skuNumber", "sourceId", "surname", "systemFamily", "systemLabels",
        "targetGroupId", "termsOfUseUrl", "trustType", "uniqueName", "usageLocation", "userDisplayName",
        "userId", "userPrincipalName", "visibility", "wiFiMacAddress",
        "windows10EnrollmentCompletionPageConfigurationDisplayName",
        "windows10EnrollmentCompletionPageConfigurationId", "windowsAutopilotDeploymentProfileDisplayName",
    ];
}
