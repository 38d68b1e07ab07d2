//! Types of Intune.

use super::subset;
use super::types::Kind::{Binary, Complex, Enum, Flag, Int32, Int64, Span, Text, Time};
use super::types::{Property, Type};

pub(super) static TYPES: &[Type] = &[
    Type::new("windowsAutopilotDeploymentProfile")
        .extends("entity")
        .abstract_base()
        .navigation(&["assignedDevices", "assignments"])
        .properties(&[
            Property::new("createdDateTime", Time).refused(),
            Property::new("description", Text).null(),
            Property::new("deviceNameTemplate", Text).null(),
            Property::new("deviceType", Enum("windowsAutopilotDeviceType")).on_create(),
            Property::new("displayName", Text).null(),
            Property::new("enableWhiteGlove", Flag).beta().refused(),
            Property::new("enrollmentStatusScreenSettings", Complex("windowsEnrollmentStatusScreenSettings"))
                .null()
                .beta(),
            Property::new("extractHardwareHash", Flag).beta().refused(),
            Property::new("hardwareHashExtractionEnabled", Flag).null(),
            Property::new("language", Text).null().beta().refused(),
            Property::new("lastModifiedDateTime", Time).refused(),
            Property::new("locale", Text).null(),
            Property::new("managementServiceAppId", Text).null(),
            Property::new("outOfBoxExperienceSetting", Complex("outOfBoxExperienceSetting")).null(),
            Property::new("outOfBoxExperienceSettings", Complex("outOfBoxExperienceSettings"))
                .null()
                .beta()
                .refused(),
            Property::new("preprovisioningAllowed", Flag).null(),
            Property::new("roleScopeTagIds", Text).many().null(),
        ]),
    Type::new("activeDirectoryWindowsAutopilotDeploymentProfile")
        .extends("windowsAutopilotDeploymentProfile")
        .beta()
        .navigation(&["domainJoinConfiguration"])
        .properties(&[Property::new("hybridAzureADJoinSkipConnectivityCheck", Flag)]),
    Type::new("azureADWindowsAutopilotDeploymentProfile").extends("windowsAutopilotDeploymentProfile").beta(),
    Type::new("windowsAutopilotDeploymentProfileAssignment").extends("entity").properties(&[
        Property::new("source", Enum("deviceAndAppManagementAssignmentSource")).beta().ignored(),
        Property::new("sourceId", Text).null().beta().ignored(),
        Property::new("target", Complex("deviceAndAppManagementAssignmentTarget")).null().beta(),
    ]),
    Type::new("outOfBoxExperienceSetting").properties(&[
        Property::new("deviceUsageType", Enum("windowsDeviceUsageType")),
        Property::new("escapeLinkHidden", Flag),
        Property::new("eulaHidden", Flag),
        Property::new("keyboardSelectionPageSkipped", Flag),
        Property::new("privacySettingsHidden", Flag),
        Property::new("userType", Enum("windowsUserType")),
    ]),
    Type::new("outOfBoxExperienceSettings").beta().properties(&[
        Property::new("deviceUsageType", Enum("windowsDeviceUsageType")),
        Property::new("hideEULA", Flag),
        Property::new("hideEscapeLink", Flag),
        Property::new("hidePrivacySettings", Flag),
        Property::new("skipKeyboardSelectionPage", Flag),
        Property::new("userType", Enum("windowsUserType")),
    ]),
    Type::new("windowsEnrollmentStatusScreenSettings").beta().properties(&[
        Property::new("allowDeviceUseBeforeProfileAndAppInstallComplete", Flag),
        Property::new("allowDeviceUseOnInstallFailure", Flag),
        Property::new("allowLogCollectionOnInstallFailure", Flag),
        Property::new("blockDeviceSetupRetryByUser", Flag),
        Property::new("customErrorMessage", Text).null(),
        Property::new("hideInstallationProgress", Flag),
        Property::new("installProgressTimeoutInMinutes", Int32).null(),
    ]),
    Type::new("windowsAutopilotDeviceIdentity")
        .extends("entity")
        .navigation(&["deploymentProfile", "intendedDeploymentProfile"])
        .properties(&[
            Property::new("addressableUserName", Text).null(),
            Property::new("azureActiveDirectoryDeviceId", Text).null(),
            Property::new("azureAdDeviceId", Text).null().beta(),
            Property::new("deploymentProfileAssignedDateTime", Time).beta(),
            Property::new(
                "deploymentProfileAssignmentDetailedStatus",
                Enum("windowsAutopilotProfileAssignmentDetailedStatus"),
            )
            .beta(),
            Property::new(
                "deploymentProfileAssignmentStatus",
                Enum("windowsAutopilotProfileAssignmentStatus"),
            )
            .beta(),
            Property::new("deviceAccountPassword", Text).null().beta(),
            Property::new("deviceAccountUpn", Text).null().beta(),
            Property::new("deviceFriendlyName", Text).null().beta(),
            Property::new("displayName", Text).null(),
            Property::new("enrollmentState", Enum("enrollmentState")),
            Property::new("groupTag", Text).null(),
            Property::new("lastContactedDateTime", Time),
            Property::new("managedDeviceId", Text).null(),
            Property::new("manufacturer", Text).null(),
            Property::new("model", Text).null(),
            Property::new("productKey", Text).null(),
            Property::new("purchaseOrderIdentifier", Text).null(),
            Property::new("remediationState", Enum("windowsAutopilotDeviceRemediationState")).beta(),
            Property::new("remediationStateLastModifiedDateTime", Time).beta(),
            Property::new("resourceName", Text).null(),
            Property::new("serialNumber", Text).null(),
            Property::new("skuNumber", Text).null(),
            Property::new("systemFamily", Text).null(),
            Property::new("userPrincipalName", Text).null(),
            Property::new("userlessEnrollmentStatus", Enum("windowsAutopilotUserlessEnrollmentStatus"))
                .beta(),
        ]),
    Type::new("importedWindowsAutopilotDeviceIdentity").extends("entity").properties(&[
        Property::new("assignedUserPrincipalName", Text).null(),
        Property::new("groupTag", Text).null(),
        Property::new("hardwareIdentifier", Binary).null(),
        Property::new("importId", Text).null(),
        Property::new("productKey", Text).null(),
        Property::new("serialNumber", Text).null(),
        Property::new("state", Complex("importedWindowsAutopilotDeviceIdentityState")).null().ignored(),
    ]),
    Type::new("importedWindowsAutopilotDeviceIdentityState").properties(&[
        Property::new("deviceErrorCode", Int32),
        Property::new("deviceErrorName", Text).null(),
        Property::new("deviceImportStatus", Enum("importedWindowsAutopilotDeviceIdentityImportStatus")),
        Property::new("deviceRegistrationId", Text).null(),
    ]),
    Type::new("importedWindowsAutopilotDeviceIdentityUpload")
        .extends("entity")
        .navigation(&["deviceIdentities"])
        .properties(&[
            Property::new("createdDateTimeUtc", Time),
            Property::new("status", Enum("importedWindowsAutopilotDeviceIdentityUploadStatus")),
        ]),
    Type::new("windowsAutopilotSettings").extends("entity").beta().properties(&[
        Property::new("lastManualSyncTriggerDateTime", Time).ignored(),
        Property::new("lastSyncDateTime", Time).ignored(),
        Property::new("syncStatus", Enum("windowsAutopilotSyncStatus")).ignored(),
    ]),
    Type::new("deviceEnrollmentConfiguration")
        .extends("entity")
        .abstract_base()
        .navigation(&["assignments"])
        .properties(&[
            Property::new("createdDateTime", Time).ignored(),
            Property::new("description", Text).null(),
            Property::new("deviceEnrollmentConfigurationType", Enum("deviceEnrollmentConfigurationType"))
                .beta()
                .ignored(),
            Property::new("displayName", Text).null(),
            Property::new("lastModifiedDateTime", Time).ignored(),
            Property::new("priority", Int32).ignored(),
            Property::new("roleScopeTagIds", Text).many().null().beta(),
            Property::new("version", Int32).ignored(),
        ]),
    Type::new("windows10EnrollmentCompletionPageConfiguration")
        .extends("deviceEnrollmentConfiguration")
        .properties(&[
            Property::new("allowDeviceResetOnInstallFailure", Flag).beta(),
            Property::new("allowDeviceUseOnInstallFailure", Flag).beta(),
            Property::new("allowLogCollectionOnInstallFailure", Flag).beta(),
            Property::new("allowNonBlockingAppInstallation", Flag),
            Property::new("blockDeviceSetupRetryByUser", Flag).beta(),
            Property::new("customErrorMessage", Text).null().beta(),
            Property::new("disableUserStatusTrackingAfterFirstUser", Flag).beta(),
            Property::new("installProgressTimeoutInMinutes", Int32).null().beta(),
            Property::new("installQualityUpdates", Flag).beta(),
            Property::new("selectedMobileAppIds", Text).many().null().beta(),
            Property::new("showInstallationProgress", Flag).beta(),
            Property::new("trackInstallProgressForAutopilotOnly", Flag).beta(),
        ]),
    Type::new("enrollmentConfigurationAssignment").extends("entity").properties(&[
        Property::new("source", Enum("deviceAndAppManagementAssignmentSource")).beta().ignored(),
        Property::new("sourceId", Text).null().beta().ignored(),
        Property::new("target", Complex("deviceAndAppManagementAssignmentTarget")).null(),
    ]),
    Type::new("deviceConfiguration")
        .extends("entity")
        .abstract_base()
        .navigation(&[
            "assignments",
            "deviceSettingStateSummaries",
            "deviceStatusOverview",
            "deviceStatuses",
            "groupAssignments",
            "userStatusOverview",
            "userStatuses",
        ])
        .properties(&[
            Property::new("createdDateTime", Time).ignored(),
            Property::new("description", Text).null(),
            Property::new(
                "deviceManagementApplicabilityRuleDeviceMode",
                Complex("deviceManagementApplicabilityRuleDeviceMode"),
            )
            .null()
            .beta(),
            Property::new(
                "deviceManagementApplicabilityRuleOsEdition",
                Complex("deviceManagementApplicabilityRuleOsEdition"),
            )
            .null()
            .beta(),
            Property::new(
                "deviceManagementApplicabilityRuleOsVersion",
                Complex("deviceManagementApplicabilityRuleOsVersion"),
            )
            .null()
            .beta(),
            Property::new("displayName", Text),
            Property::new("lastModifiedDateTime", Time).ignored(),
            Property::new("roleScopeTagIds", Text).many().null().beta(),
            Property::new("supportsScopeTags", Flag).beta().only_false(),
            Property::new("version", Int32).refused(),
        ]),
    Type::new("windowsDomainJoinConfiguration")
        .extends("deviceConfiguration")
        .beta()
        .navigation(&["networkAccessConfigurations"])
        .properties(&[
            Property::new("activeDirectoryDomainName", Text),
            Property::new("computerNameStaticPrefix", Text),
            Property::new("computerNameSuffixRandomCharCount", Int32),
            Property::new("organizationalUnit", Text).null(),
        ]),
    Type::new("deviceConfigurationAssignment").extends("entity").properties(&[
        Property::new("intent", Enum("deviceConfigAssignmentIntent")).null().beta(),
        Property::new("source", Enum("deviceAndAppManagementAssignmentSource")).beta().ignored(),
        Property::new("sourceId", Text).null().beta().ignored(),
        Property::new("target", Complex("deviceAndAppManagementAssignmentTarget")).null(),
    ]),
    Type::new("deviceConfigurationGroupAssignment")
        .extends("entity")
        .beta()
        .navigation(&["deviceConfiguration"])
        .properties(&[Property::new("excludeGroup", Flag), Property::new("targetGroupId", Text).null()]),
    Type::new("deviceManagementApplicabilityRuleOsEdition").beta().properties(&[
        Property::new("name", Text).null(),
        Property::new("osEditionTypes", Enum("windows10EditionType")).many(),
        Property::new("ruleType", Enum("deviceManagementApplicabilityRuleType")),
    ]),
    Type::new("deviceManagementApplicabilityRuleOsVersion").beta().properties(&[
        Property::new("maxOSVersion", Text).null(),
        Property::new("minOSVersion", Text).null(),
        Property::new("name", Text).null(),
        Property::new("ruleType", Enum("deviceManagementApplicabilityRuleType")),
    ]),
    Type::new("deviceManagementApplicabilityRuleDeviceMode").beta().properties(&[
        Property::new("deviceMode", Enum("windows10DeviceModeType")),
        Property::new("name", Text).null(),
        Property::new("ruleType", Enum("deviceManagementApplicabilityRuleType")),
    ]),
    Type::new("deviceAndAppManagementAssignmentTarget").abstract_base().properties(&[
        Property::new("deviceAndAppManagementAssignmentFilterId", Text).null().beta(),
        Property::new(
            "deviceAndAppManagementAssignmentFilterType",
            Enum("deviceAndAppManagementAssignmentFilterType"),
        )
        .beta(),
    ]),
    Type::new("allDevicesAssignmentTarget").extends("deviceAndAppManagementAssignmentTarget"),
    Type::new("allLicensedUsersAssignmentTarget").extends("deviceAndAppManagementAssignmentTarget"),
    Type::new("groupAssignmentTarget")
        .extends("deviceAndAppManagementAssignmentTarget")
        .properties(&[Property::new("groupId", Text).null()]),
    Type::new("exclusionGroupAssignmentTarget").extends("groupAssignmentTarget"),
    Type::new("configurationManagerCollectionAssignmentTarget")
        .extends("deviceAndAppManagementAssignmentTarget")
        .properties(&[Property::new("collectionId", Text).null()]),
    Type::new("deviceAndAppManagementAssignmentFilter").extends("entity").beta().properties(&[
        Property::new("assignmentFilterManagementType", Enum("assignmentFilterManagementType")),
        Property::new("createdDateTime", Time).ignored(),
        Property::new("description", Text).null(),
        Property::new("displayName", Text),
        Property::new("evaluationMode", Enum("assignmentFilterEvaluationMode")).null(),
        Property::new("lastModifiedDateTime", Time).ignored(),
        Property::new("payloads", Complex("payloadByFilter")).many().null().ignored(),
        Property::new("platform", Enum("devicePlatformType")).on_create(),
        Property::new("roleScopeTags", Text).many().null(),
        Property::new("rule", Text),
    ]),
    Type::new("payloadByFilter").beta().properties(&[
        Property::new("assignmentFilterType", Enum("deviceAndAppManagementAssignmentFilterType")),
        Property::new("groupId", Text).null(),
        Property::new("payloadId", Text).null(),
        Property::new("payloadType", Enum("associatedAssignmentPayloadType")),
    ]),
    Type::new("hasPayloadLinkResultItem").beta().properties(&[
        Property::new("error", Text).null(),
        Property::new("hasLink", Flag).null(),
        Property::new("payloadId", Text).null(),
        Property::new("sources", Enum("deviceAndAppManagementAssignmentSource")).many(),
    ]),
    Type::new("deviceManagementDomainJoinConnector").extends("entity").beta().properties(&[
        Property::new("displayName", Text).null(),
        Property::new("lastConnectionDateTime", Time),
        Property::new("state", Enum("deviceManagementDomainJoinConnectorState")),
        Property::new("version", Text),
    ]),
    Type::new("deviceManagementAutopilotEvent").extends("entity").beta().properties(&[
        Property::new("accountSetupDuration", Span),
        Property::new("accountSetupStatus", Enum("windowsAutopilotDeploymentState")),
        Property::new("deploymentDuration", Span),
        Property::new("deploymentEndDateTime", Time),
        Property::new("deploymentStartDateTime", Time),
        Property::new("deploymentState", Enum("windowsAutopilotDeploymentState")),
        Property::new("deploymentTotalDuration", Span),
        Property::new("deviceId", Text).null(),
        Property::new("deviceRegisteredDateTime", Time),
        Property::new("deviceSerialNumber", Text).null(),
        Property::new("deviceSetupDuration", Span),
        Property::new("deviceSetupStatus", Enum("windowsAutopilotDeploymentState")),
        Property::new("enrollmentFailureDetails", Text).null(),
        Property::new("enrollmentStartDateTime", Time),
        Property::new("enrollmentState", Enum("enrollmentState")),
        Property::new("enrollmentType", Enum("windowsAutopilotEnrollmentType")),
        Property::new("eventDateTime", Time),
        Property::new("managedDeviceName", Text).null(),
        Property::new("osVersion", Text).null(),
        Property::new("userId", Text).null(),
        Property::new("userPrincipalName", Text).null(),
        Property::new("windowsAutopilotDeploymentProfileDisplayName", Text).null(),
        Property::new("windows10EnrollmentCompletionPageConfigurationDisplayName", Text).null(),
        Property::new("windows10EnrollmentCompletionPageConfigurationId", Text).null(),
    ]),
    Type::new("deviceManagementAutopilotPolicyStatusDetail").extends("entity").beta().properties(&[
        Property::new("complianceStatus", Enum("deviceManagementAutopilotPolicyComplianceStatus")),
        Property::new("displayName", Text).null(),
        Property::new("errorCode", Int32),
        Property::new("lastReportedDateTime", Time),
        Property::new("policyType", Enum("deviceManagementAutopilotPolicyType")),
        Property::new("trackedOnEnrollmentStatus", Flag),
    ]),
    Type::new("mobileApp")
        .extends("entity")
        .readable(subset::MOBILE_APP, subset::MOBILE_APP_BETA)
        .abstract_base()
        .others(&[
            "description",
            "publisher",
            "createdDateTime",
            "lastModifiedDateTime",
            "isFeatured",
            "privacyInformationUrl",
            "informationUrl",
            "owner",
            "developer",
            "notes",
            "publishingState",
            "largeIcon",
            "roleScopeTagIds",
        ])
        .properties(&[Property::new("displayName", Text).null()]),
    Type::new("win32LobApp")
        .extends("mobileLobApp")
        .readable(subset::WIN32_LOB_APP, subset::WIN32_LOB_APP_BETA)
        .others(&["fileName", "size", "committedContentVersion", "setupFilePath"]),
    Type::new("managedDevice")
        .extends("entity")
        .readable(subset::MANAGED_DEVICE, subset::MANAGED_DEVICE_BETA)
        .others(&[
            "activationLockBypassCode",
            "androidSecurityPatchLevel",
            "configurationManagerClientEnabledFeatures",
            "deviceActionResults",
            "deviceCategoryDisplayName",
            "deviceHealthAttestationState",
            "easActivated",
            "easActivationDateTime",
            "easDeviceId",
            "exchangeAccessState",
            "exchangeAccessStateReason",
            "exchangeLastSuccessfulSyncDateTime",
            "isSupervised",
            "meid",
            "partnerReportedThreatState",
            "remoteAssistanceSessionErrorDetails",
            "remoteAssistanceSessionUrl",
            "subscriberCarrier",
            "jailBroken",
            "imei",
            "phoneNumber",
            "complianceGracePeriodExpirationDateTime",
        ])
        .properties(&[
            Property::new("autopilotEnrolled", Flag).beta().refused(),
            Property::new("azureADDeviceId", Text).null().refused(),
            Property::new("azureADRegistered", Flag).null().refused(),
            Property::new("azureActiveDirectoryDeviceId", Text).null().beta().refused(),
            Property::new("complianceState", Enum("complianceState")).refused(),
            Property::new("deviceEnrollmentType", Enum("deviceEnrollmentType")).refused(),
            Property::new("deviceName", Text).null().refused(),
            Property::new("deviceRegistrationState", Enum("deviceRegistrationState")).refused(),
            Property::new("emailAddress", Text).null().refused(),
            Property::new("enrolledDateTime", Time).refused(),
            Property::new("enrollmentProfileName", Text).null().refused(),
            Property::new("ethernetMacAddress", Text).null().refused(),
            Property::new("freeStorageSpaceInBytes", Int64).refused(),
            Property::new("isEncrypted", Flag).refused(),
            Property::new("joinType", Enum("joinType")).beta(),
            Property::new("lastSyncDateTime", Time).refused(),
            Property::new("managedDeviceName", Text).null(),
            Property::new("managedDeviceOwnerType", Enum("managedDeviceOwnerType")),
            Property::new("managementAgent", Enum("managementAgentType")).refused(),
            Property::new("managementState", Enum("managementState")).refused(),
            Property::new("manufacturer", Text).null().refused(),
            Property::new("model", Text).null().refused(),
            Property::new("notes", Text).null(),
            Property::new("operatingSystem", Text).null().refused(),
            Property::new("osVersion", Text).null().refused(),
            Property::new("ownerType", Enum("ownerType")).beta(),
            Property::new("physicalMemoryInBytes", Int64).refused(),
            Property::new("serialNumber", Text).null().refused(),
            Property::new("skuFamily", Text).null().beta(),
            Property::new("totalStorageSpaceInBytes", Int64).refused(),
            Property::new("userDisplayName", Text).null().refused(),
            Property::new("userId", Text).null().refused(),
            Property::new("userPrincipalName", Text).null().refused(),
            Property::new("wiFiMacAddress", Text).null().refused(),
        ]),
];
