//! The keys of an offline file.

pub(super) const TENANT_ID: &str = "CloudAssignedTenantId";
pub(super) const TENANT_DOMAIN: &str = "CloudAssignedTenantDomain";
pub(super) const OOBE_CONFIG: &str = "CloudAssignedOobeConfig";
pub(super) const JOIN_METHOD: &str = "CloudAssignedDomainJoinMethod";
pub(super) const FORCED_ENROLLMENT: &str = "CloudAssignedForcedEnrollment";
pub(super) const CORRELATION_ID: &str = "ZtdCorrelationId";
pub(super) const SERVER_DATA: &str = "CloudAssignedAadServerData";
pub(super) const DEVICE_NAME: &str = "CloudAssignedDeviceName";
pub(super) const SKIP_CHECK: &str = "HybridJoinSkipDCConnectivityCheck";
pub(super) const LANGUAGE: &str = "CloudAssignedLanguage";
pub(super) const REGION: &str = "CloudAssignedRegion";
pub(super) const UPDATE_DISABLED: &str = "CloudAssignedAutopilotUpdateDisabled";
pub(super) const UPDATE_TIMEOUT: &str = "CloudAssignedAutopilotUpdateTimeout";
pub(super) const VERSION: &str = "Version";
pub(super) const COMMENT: &str = "Comment_File";

/// The only key of the JSON within [`SERVER_DATA`]; its object has one key of the file and these two.
pub(super) const ZERO_TOUCH: &str = "ZeroTouchConfig";
pub(super) const TENANT_UPN: &str = "CloudAssignedTenantUpn";
pub(super) const INNER_FORCED_ENROLLMENT: &str = "ForcedEnrollment";

/// The keys of the file itself.
pub(super) const KNOWN: [&str; 15] = [
    TENANT_ID,
    TENANT_DOMAIN,
    OOBE_CONFIG,
    JOIN_METHOD,
    FORCED_ENROLLMENT,
    CORRELATION_ID,
    SERVER_DATA,
    DEVICE_NAME,
    SKIP_CHECK,
    LANGUAGE,
    REGION,
    UPDATE_DISABLED,
    UPDATE_TIMEOUT,
    VERSION,
    COMMENT,
];

/// Keys that only a device's own copy of a downloaded profile has.
pub(super) const CACHED: [&str; 12] = [
    "AutopilotServiceCorrelationId",
    "ZtdRegistrationId",
    "AadDeviceId",
    "DeploymentProfileName",
    "IsExplicitProfileAssignment",
    "PolicyDownloadDate",
    "PolicyDownloadCorrelationVector",
    "AutopilotCreationDate",
    "AutopilotMode",
    "ProfileAvailable",
    "ErrorCode",
    "ErrorReason",
];
