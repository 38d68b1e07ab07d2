//! The profile in the device's cache.

use jiff::Timestamp;

use crate::model::{Personal, Text};

/// The Autopilot profile that a device downloaded, or the error that the service returned instead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachedProfile {
    /// The name of the profile.
    pub name: Option<Text>,
    /// The join method: 0 for Microsoft Entra, 1 for hybrid.
    pub domain_join_method: Option<u32>,
    /// Whether the device skips the check for a domain controller.
    pub skips_connectivity_check: Option<bool>,
    /// The flags for the out-of-box experience (OOBE).
    pub oobe_config: Option<u32>,
    /// The mode: 0 for user-driven, 1 for self-deploying, 2 for pre-provisioning. Only one source documents 1 and 2.
    pub mode: Option<u32>,
    /// The device's name template; empty for a hybrid join.
    pub device_name: Option<Text>,
    /// Whether a user is assigned to the device in advance; `None` if the file has no such property.
    pub has_assigned_user: Option<bool>,
    /// The tenant's id.
    pub tenant_id: Option<Personal>,
    /// The tenant's domain.
    pub tenant_domain: Option<Text>,
    /// The id of the registration.
    pub registration_id: Option<Text>,
    /// The id of the device object that the registration created in Microsoft Entra.
    pub device_id: Option<Text>,
    /// The time at which the service created the profile.
    pub created: Option<Timestamp>,
    /// The time of the download.
    pub downloaded: Option<Timestamp>,
    /// The error code that the service returned instead of a profile, such as 807.
    pub error: Option<u32>,
    /// The reason that the service gave for the error, such as `ZtdDeviceIsNotRegistered`.
    pub error_reason: Option<Text>,
    /// Whether the profile comes from `AutopilotConfigurationFile.json` rather than from the service.
    pub offline: bool,
}

impl CachedProfile {
    /// Returns whether the profile is for hybrid join; `None` if that is not known.
    pub fn is_hybrid(&self) -> Option<bool> {
        self.domain_join_method.map(|method| method == 1)
    }
}
