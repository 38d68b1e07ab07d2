//! The data of a deployment: settings that an administrator decides, observations that the service reports, and
//! checked types for every value with a rule. No I/O, no clock.

mod checked;
mod enums;
mod finding;
mod ids;
mod invalid;
mod open_enum;
mod text;
pub(crate) mod wire;

pub(crate) use self::checked::is_guid;
pub use self::checked::{
    AdDomain, ComputerNamePrefix, ConnectorVersion, CustomErrorMessage, DeviceNameTemplate, DisplayName,
    GroupTag, HardwareHash, InstallTimeout, LanguageTag, Locale, MailNickname, OrganizationalUnit,
    ProfileDescription, ProfileName, PurchaseOrder, SerialNumber, TenantId, UserPrincipalName,
};
pub use self::enums::{
    ApplicabilityRuleType, AssignmentFilterEvaluationMode, AssignmentFilterManagementType,
    AssignmentFilterType, AssignmentIntent, AssignmentPayloadType, AssignmentSource, AutopilotEnrollmentType,
    ComplianceState, ConnectorState, DeploymentState, DeviceEnrollmentType, DevicePlatform,
    DeviceRegistrationState, DeviceType, DeviceUsageType, EnrollmentConfigurationType, EnrollmentState,
    ImportStatus, ImportUploadStatus, JoinType, ManagedDeviceOwnerType, ManagementAgentType, ManagementState,
    OwnerType, PolicyComplianceStatus, PolicyScope, PolicyType, ProfileAssignmentDetailedStatus,
    ProfileAssignmentStatus, RemediationState, SyncStatus, UserType, UserlessEnrollmentStatus,
    WindowsDeviceMode, WindowsEdition,
};
pub use self::finding::{Finding, Severity};
pub use self::ids::Id;
pub use self::invalid::InvalidValue;
pub use self::open_enum::UnknownValue;
pub use self::text::{Personal, Text};
