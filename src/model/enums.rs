//! The service's enums in the models. Each keeps unknown members in `Other`.

use super::open_enum::open_enum;

open_enum! {
    /// State of a deployment profile's assignment to a device.
    pub enum ProfileAssignmentStatus = "windowsAutopilotProfileAssignmentStatus" {
        Unknown = "unknown", "Not reported.";
        AssignedInSync = "assignedInSync", "Assigned, and the device has the current profile.";
        AssignedOutOfSync = "assignedOutOfSync", "Assigned; the profile has changed since.";
        /// Assigned; the sync state is not known. The misspelling is the service's.
        AssignedUnkownSyncState = "assignedUnkownSyncState";
        NotAssigned = "notAssigned", "No profile is assigned.";
        Pending = "pending", "The assignment is pending.";
        Failed = "failed", "The assignment failed: the detailed status gives the reason.";
    }

    /// Reason why a deployment profile could not be assigned.
    pub enum ProfileAssignmentDetailedStatus = "windowsAutopilotProfileAssignmentDetailedStatus" {
        None = "none", "No failure.";
        HardwareRequirementsNotMet = "hardwareRequirementsNotMet";
        SurfaceHubProfileNotSupported = "surfaceHubProfileNotSupported";
        HoloLensProfileNotSupported = "holoLensProfileNotSupported";
        WindowsPcProfileNotSupported = "windowsPcProfileNotSupported";
        SurfaceHub2SProfileNotSupported = "surfaceHub2SProfileNotSupported";
        ..
    }

    /// State of the enrollment of a registered device.
    pub enum EnrollmentState = "enrollmentState" {
        Unknown = "unknown";
        Enrolled = "enrolled";
        PendingReset = "pendingReset", "Enrolled, but with a profile other than the one that is now assigned.";
        Failed = "failed";
        NotContacted = "notContacted", "Registered but not enrolled yet.";
        Blocked = "blocked", "Blocked from enrolling again; beta only.";
    }

    /// Kind of repair that a registration needs, for example after a motherboard replacement.
    pub enum RemediationState = "windowsAutopilotDeviceRemediationState" {
        Unknown = "unknown";
        NoRemediationRequired = "noRemediationRequired";
        /// The service repairs the registration: "fix pending".
        AutomaticRemediationRequired = "automaticRemediationRequired";
        /// Deregister the device and register it again: "attention required".
        ManualRemediationRequired = "manualRemediationRequired";
        ..
    }

    /// A device's permission to enroll again without a user.
    pub enum UserlessEnrollmentStatus = "windowsAutopilotUserlessEnrollmentStatus" {
        Unknown = "unknown";
        Allowed = "allowed";
        Blocked = "blocked";
        ..
    }

    /// State of the import of one device.
    pub enum ImportStatus = "importedWindowsAutopilotDeviceIdentityImportStatus" {
        Unknown = "unknown", "Not processed yet: a new import can have this state for minutes.";
        Pending = "pending", "In progress.";
        Partial = "partial", "Partly complete.";
        Complete = "complete", "Complete; the device appears after the next sync.";
        Error = "error", "Failed: see the error code and name.";
    }

    /// State of a bulk device upload.
    pub enum ImportUploadStatus = "importedWindowsAutopilotDeviceIdentityUploadStatus" {
        NoUpload = "noUpload";
        Pending = "pending";
        Complete = "complete";
        Error = "error";
    }

    /// State of the last synchronization with the Autopilot service.
    pub enum SyncStatus = "windowsAutopilotSyncStatus" {
        Unknown = "unknown";
        InProgress = "inProgress";
        Completed = "completed";
        Failed = "failed";
    }

    /// State of an Intune Connector for Active Directory.
    pub enum ConnectorState = "deviceManagementDomainJoinConnectorState" {
        Active = "active", "The connector is in contact with Intune.";
        Error = "error";
        /// The connector is not in contact with Intune; it disappears from the list after 30 days.
        Inactive = "inactive";
    }

    /// Outcome of a deployment or of one of its phases.
    pub enum DeploymentState = "windowsAutopilotDeploymentState" {
        Unknown = "unknown";
        Success = "success";
        InProgress = "inProgress";
        Failure = "failure";
        SuccessWithTimeout = "successWithTimeout", "Succeeded after a phase had timed out.";
        NotAttempted = "notAttempted", "The phase was not reached.";
        Disabled = "disabled", "The phase is disabled.";
        SuccessOnRetry = "successOnRetry", "Succeeded after the user tried again.";
    }

    /// Method by which a device enrolled through Autopilot.
    pub enum AutopilotEnrollmentType = "windowsAutopilotEnrollmentType" {
        Unknown = "unknown";
        AzureADJoinedWithAutopilotProfile = "azureADJoinedWithAutopilotProfile";
        OfflineDomainJoined = "offlineDomainJoined", "Hybrid join.";
        AzureADJoinedUsingDeviceAuthWithAutopilotProfile = "azureADJoinedUsingDeviceAuthWithAutopilotProfile";
        AzureADJoinedUsingDeviceAuthWithoutAutopilotProfile = "azureADJoinedUsingDeviceAuthWithoutAutopilotProfile";
        AzureADJoinedWithOfflineAutopilotProfile = "azureADJoinedWithOfflineAutopilotProfile";
        AzureADJoinedWithWhiteGlove = "azureADJoinedWithWhiteGlove";
        OfflineDomainJoinedWithWhiteGlove = "offlineDomainJoinedWithWhiteGlove", "Hybrid join, pre-provisioned.";
        /// Hybrid join with a profile from a file.
        OfflineDomainJoinedWithOfflineAutopilotProfile = "offlineDomainJoinedWithOfflineAutopilotProfile";
    }

    /// State of an app or policy tracked during a deployment.
    pub enum PolicyComplianceStatus = "deviceManagementAutopilotPolicyComplianceStatus" {
        Unknown = "unknown";
        Compliant = "compliant";
        Installed = "installed";
        NotCompliant = "notCompliant";
        NotInstalled = "notInstalled";
        Error = "error";
    }

    /// Kind of an entry in a deployment's policy list.
    pub enum PolicyType = "deviceManagementAutopilotPolicyType" {
        Unknown = "unknown";
        Application = "application";
        AppModel = "appModel";
        ConfigurationPolicy = "configurationPolicy";
    }

    /// Join type of a managed device.
    pub enum JoinType = "joinType" {
        Unknown = "unknown";
        AzureADJoined = "azureADJoined";
        AzureADRegistered = "azureADRegistered";
        HybridAzureADJoined = "hybridAzureADJoined", "Hybrid joined.";
    }

    /// Compliance of a managed device with its policies.
    pub enum ComplianceState = "complianceState" {
        Unknown = "unknown";
        Compliant = "compliant";
        Noncompliant = "noncompliant";
        Conflict = "conflict";
        Error = "error";
        InGracePeriod = "inGracePeriod";
        ConfigManager = "configManager";
    }

    /// Method of enrollment of a managed device.
    pub enum DeviceEnrollmentType = "deviceEnrollmentType" {
        Unknown = "unknown";
        UserEnrollment = "userEnrollment";
        DeviceEnrollmentManager = "deviceEnrollmentManager";
        AppleBulkWithUser = "appleBulkWithUser";
        AppleBulkWithoutUser = "appleBulkWithoutUser";
        WindowsAzureADJoin = "windowsAzureADJoin";
        WindowsBulkUserless = "windowsBulkUserless";
        WindowsAutoEnrollment = "windowsAutoEnrollment";
        WindowsBulkAzureDomainJoin = "windowsBulkAzureDomainJoin";
        WindowsCoManagement = "windowsCoManagement";
        WindowsAzureADJoinUsingDeviceAuth = "windowsAzureADJoinUsingDeviceAuth";
        AppleUserEnrollment = "appleUserEnrollment";
        AppleUserEnrollmentWithServiceAccount = "appleUserEnrollmentWithServiceAccount";
        AzureAdJoinUsingAzureVmExtension = "azureAdJoinUsingAzureVmExtension";
        AndroidEnterpriseDedicatedDevice = "androidEnterpriseDedicatedDevice";
        AndroidEnterpriseFullyManaged = "androidEnterpriseFullyManaged";
        AndroidEnterpriseCorporateWorkProfile = "androidEnterpriseCorporateWorkProfile";
        AndroidAOSPUserOwnedDeviceEnrollment = "androidAOSPUserOwnedDeviceEnrollment";
        AndroidAOSPUserlessDeviceEnrollment = "androidAOSPUserlessDeviceEnrollment";
        AppleAccountDrivenUserEnrollment = "appleAccountDrivenUserEnrollment";
        ..
    }

    /// Registration state of a managed device.
    pub enum DeviceRegistrationState = "deviceRegistrationState" {
        NotRegistered = "notRegistered";
        Registered = "registered";
        Revoked = "revoked";
        KeyConflict = "keyConflict";
        ApprovalPending = "approvalPending";
        CertificateReset = "certificateReset";
        NotRegisteredPendingEnrollment = "notRegisteredPendingEnrollment";
        Unknown = "unknown";
    }

    /// Owner of a managed device.
    pub enum ManagedDeviceOwnerType = "managedDeviceOwnerType" {
        Unknown = "unknown";
        Company = "company";
        Personal = "personal";
        ..
    }

    /// Owner of a managed device, as reported by the older property.
    pub enum OwnerType = "ownerType" { Unknown = "unknown"; Company = "company"; Personal = "personal"; }

    /// Management channel of a device.
    pub enum ManagementAgentType = "managementAgentType" {
        Eas = "eas";
        Mdm = "mdm";
        EasMdm = "easMdm";
        IntuneClient = "intuneClient";
        EasIntuneClient = "easIntuneClient";
        ConfigurationManagerClient = "configurationManagerClient";
        ConfigurationManagerClientMdm = "configurationManagerClientMdm";
        ConfigurationManagerClientMdmEas = "configurationManagerClientMdmEas";
        Unknown = "unknown";
        Jamf = "jamf";
        GoogleCloudDevicePolicyController = "googleCloudDevicePolicyController";
        Microsoft365ManagedMdm = "microsoft365ManagedMdm";
        MsSense = "msSense";
        IntuneAosp = "intuneAosp";
        Google = "google";
        ..
    }

    /// State of a remote action on a managed device, such as retire or wipe.
    pub enum ManagementState = "managementState" {
        Managed = "managed";
        RetirePending = "retirePending";
        RetireFailed = "retireFailed";
        WipePending = "wipePending";
        WipeFailed = "wipeFailed";
        Unhealthy = "unhealthy";
        DeletePending = "deletePending";
        RetireIssued = "retireIssued";
        WipeIssued = "wipeIssued";
        WipeCanceled = "wipeCanceled";
        RetireCanceled = "retireCanceled";
        Discovered = "discovered";
        ..
    }

    /// Kind of device that a deployment profile applies to.
    pub enum DeviceType = "windowsAutopilotDeviceType" {
        WindowsPc = "windowsPc";
        HoloLens = "holoLens";
        SurfaceHub2 = "surfaceHub2";
        SurfaceHub2S = "surfaceHub2S";
        VirtualMachine = "virtualMachine";
        ..
    }

    /// Use of a device: by one user or shared.
    pub enum DeviceUsageType = "windowsDeviceUsageType" {
        SingleUser = "singleUser", "User-driven.";
        Shared = "shared", "Self-deploying.";
        ..
    }

    /// Rights of the user who sets up the device.
    pub enum UserType = "windowsUserType" { Administrator = "administrator"; Standard = "standard"; .. }

    /// Kind of an enrollment configuration.
    pub enum EnrollmentConfigurationType = "deviceEnrollmentConfigurationType" {
        Unknown = "unknown";
        Limit = "limit";
        PlatformRestrictions = "platformRestrictions";
        WindowsHelloForBusiness = "windowsHelloForBusiness";
        DefaultLimit = "defaultLimit";
        DefaultPlatformRestrictions = "defaultPlatformRestrictions";
        DefaultWindowsHelloForBusiness = "defaultWindowsHelloForBusiness";
        /// The default enrollment status page.
        DefaultWindows10EnrollmentCompletionPageConfiguration = "defaultWindows10EnrollmentCompletionPageConfiguration";
        /// An enrollment status page.
        Windows10EnrollmentCompletionPageConfiguration = "windows10EnrollmentCompletionPageConfiguration";
        DeviceComanagementAuthorityConfiguration = "deviceComanagementAuthorityConfiguration";
        SinglePlatformRestriction = "singlePlatformRestriction";
        UnknownFutureValue = "unknownFutureValue", "Placeholder for members that the service returns only on request.";
        EnrollmentNotificationsConfiguration = "enrollmentNotificationsConfiguration";
        WindowsRestore = "windowsRestore";
    }

    /// The source of an assignment.
    pub enum AssignmentSource = "deviceAndAppManagementAssignmentSource" {
        Direct = "direct", "Made on the object itself.";
        PolicySets = "policySets", "Made by a policy set; must not be removed from the object directly.";
    }

    /// Effect of a filter on the devices that it matches.
    pub enum AssignmentFilterType = "deviceAndAppManagementAssignmentFilterType" {
        None = "none";
        Include = "include";
        Exclude = "exclude";
    }

    /// Effect of a configuration: applied or removed.
    pub enum AssignmentIntent = "deviceConfigAssignmentIntent" { Apply = "apply"; Remove = "remove"; }

    /// Effect of an applicability rule on matching devices.
    pub enum ApplicabilityRuleType = "deviceManagementApplicabilityRuleType" {
        Include = "include";
        Exclude = "exclude";
    }

    /// Windows edition in an applicability rule.
    pub enum WindowsEdition = "windows10EditionType" {
        Windows10Enterprise = "windows10Enterprise";
        Windows10EnterpriseN = "windows10EnterpriseN";
        Windows10Education = "windows10Education";
        Windows10EducationN = "windows10EducationN";
        Windows10MobileEnterprise = "windows10MobileEnterprise";
        Windows10HolographicEnterprise = "windows10HolographicEnterprise";
        Windows10Professional = "windows10Professional";
        Windows10ProfessionalN = "windows10ProfessionalN";
        Windows10ProfessionalEducation = "windows10ProfessionalEducation";
        Windows10ProfessionalEducationN = "windows10ProfessionalEducationN";
        Windows10ProfessionalWorkstation = "windows10ProfessionalWorkstation";
        Windows10ProfessionalWorkstationN = "windows10ProfessionalWorkstationN";
        NotConfigured = "notConfigured";
        Windows10Home = "windows10Home";
        Windows10HomeChina = "windows10HomeChina";
        Windows10HomeN = "windows10HomeN";
        Windows10HomeSingleLanguage = "windows10HomeSingleLanguage";
        Windows10Mobile = "windows10Mobile";
        Windows10IoTCore = "windows10IoTCore";
        Windows10IoTCoreCommercial = "windows10IoTCoreCommercial";
    }

    /// Windows mode in an applicability rule.
    pub enum WindowsDeviceMode = "windows10DeviceModeType" {
        StandardConfiguration = "standardConfiguration";
        SModeConfiguration = "sModeConfiguration";
    }

    /// Scope of automatic enrollment.
    pub enum PolicyScope = "policyScope" {
        None = "none";
        All = "all";
        Selected = "selected", "The groups included in the policy; set by adding a group.";
        ..
    }

    /// Time at which an assignment filter is evaluated.
    pub enum AssignmentFilterEvaluationMode = "assignmentFilterEvaluationMode" {
        CheckinTimeEvaluation = "checkinTimeEvaluation";
        InventoryEvaluation = "inventoryEvaluation";
        MixedEvaluation = "mixedEvaluation";
        Disabled = "disabled";
        ..
    }

    /// Objects that an assignment filter applies to: devices or apps.
    pub enum AssignmentFilterManagementType = "assignmentFilterManagementType" {
        Devices = "devices";
        Apps = "apps";
        ..
    }

    /// Platform of an assignment filter.
    pub enum DevicePlatform = "devicePlatformType" {
        Android = "android";
        AndroidForWork = "androidForWork";
        Ios = "iOS";
        MacOS = "macOS";
        WindowsPhone81 = "windowsPhone81";
        Windows81AndLater = "windows81AndLater";
        Windows10AndLater = "windows10AndLater";
        AndroidWorkProfile = "androidWorkProfile";
        Unknown = "unknown";
        AndroidAOSP = "androidAOSP";
        AndroidMobileApplicationManagement = "androidMobileApplicationManagement";
        IosMobileApplicationManagement = "iOSMobileApplicationManagement";
        UnknownFutureValue = "unknownFutureValue", "Placeholder for members that the service returns only on request.";
        WindowsMobileApplicationManagement = "windowsMobileApplicationManagement";
    }

    /// Kind of an object that uses an assignment filter.
    pub enum AssignmentPayloadType = "associatedAssignmentPayloadType" {
        Unknown = "unknown";
        DeviceConfigurationAndCompliance = "deviceConfigurationAndCompliance";
        Application = "application";
        AndroidEnterpriseApp = "androidEnterpriseApp";
        EnrollmentConfiguration = "enrollmentConfiguration";
        GroupPolicyConfiguration = "groupPolicyConfiguration";
        ZeroTouchDeploymentDeviceConfigProfile = "zeroTouchDeploymentDeviceConfigProfile";
        AndroidEnterpriseConfiguration = "androidEnterpriseConfiguration";
        DeviceFirmwareConfigurationInterfacePolicy = "deviceFirmwareConfigurationInterfacePolicy";
        ResourceAccessPolicy = "resourceAccessPolicy";
        Win32app = "win32app";
        DeviceManagmentConfigurationAndCompliancePolicy = "deviceManagmentConfigurationAndCompliancePolicy";
    }
}
