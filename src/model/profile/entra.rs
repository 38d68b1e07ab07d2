//! The profile of a Microsoft Entra join.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::common::{
    self, Common, DEVICE_TYPE, NEW_OOBE, Oobe, SCOPE_TAGS, TEMPLATE, USAGE, USER_TYPE, description, either,
    locale, name, yes,
};
use crate::model::open_enum::known;
use crate::model::settings::{PropertyRule, Reader, Settings, setters, violation};
use crate::model::{
    DeviceNameTemplate, DeviceType, DeviceUsageType, Finding, InvalidValue, Locale, ProfileDescription,
    ProfileName, Properties, Text, UnknownValue, UserType,
};

/// A deployment profile for Microsoft Entra join: user-driven, or self-deploying.
///
/// ```
/// use windows_autopilot::model::{DeploymentMode, EntraJoinProfile};
/// let kiosk = EntraJoinProfile::new("Kiosk".parse()?)
///     .with_deployment_mode(DeploymentMode::SelfDeploying)
///     .with_device_name_template("KIOSK-%RAND:4%".parse()?);
/// # assert!(kiosk.lint().is_empty());
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// Graph's `azureADWindowsAutopilotDeploymentProfile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EntraJoinProfile {
    /// The name. Devices of two profiles with one name cannot be told apart in reports.
    pub display_name: ProfileName,
    /// A description; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<ProfileDescription>,
    /// The language of the setup; that of the operating system by default. See [`HybridJoinProfile::locale`](crate::model::HybridJoinProfile::locale).
    #[serde(default)]
    pub locale: Locale,
    /// Who sets up the device; a standard user by default.
    #[serde(default)]
    pub deployment_mode: DeploymentMode,
    /// How devices are named; by default they keep the name that Windows gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name_template: Option<DeviceNameTemplate>,
    /// The kind of device, set when the profile is created; a Windows PC by default.
    #[serde(default = "windows_pc", deserialize_with = "known")]
    pub device_type: DeviceType,
    /// Whether all targeted devices become Autopilot devices; not by default. See
    /// [`HybridJoinProfile::hardware_hash_extraction_enabled`](crate::model::HybridJoinProfile::hardware_hash_extraction_enabled).
    #[serde(default)]
    pub hardware_hash_extraction_enabled: bool,
    /// Whether pre-provisioning is allowed; not by default.
    #[serde(default)]
    pub preprovisioning_allowed: bool,
    /// Whether the privacy settings are hidden; they are by default.
    #[serde(default = "yes")]
    pub privacy_settings_hidden: bool,
    /// Whether the licence terms are hidden; they are by default.
    #[serde(default = "yes")]
    pub eula_hidden: bool,
    /// Whether the keyboard page is skipped; it is not by default. It needs a language.
    #[serde(default)]
    pub keyboard_selection_page_skipped: bool,
    /// Whether the options to change the account are hidden; they are by default.
    #[serde(default = "yes")]
    pub escape_link_hidden: bool,
    /// The ids of the scope tags. See [`HybridJoinProfile::role_scope_tag_ids`](crate::model::HybridJoinProfile::role_scope_tag_ids).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub role_scope_tag_ids: BTreeSet<Text>,
    #[serde(skip)]
    kept: Properties,
}

/// Who sets up a Microsoft Entra joined device.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeploymentMode {
    /// A user, who gets these rights.
    #[serde(deserialize_with = "known")]
    UserDriven(UserType),
    /// Nobody: the device enrolls itself. The service then has no user type.
    SelfDeploying,
    /// A mode that this version does not know.
    #[serde(skip)]
    Other(UnknownValue),
}

impl Default for DeploymentMode {
    fn default() -> Self {
        Self::UserDriven(UserType::Standard)
    }
}

impl EntraJoinProfile {
    /// A profile with the defaults that the fields name.
    pub fn new(display_name: ProfileName) -> Self {
        Self {
            display_name,
            description: None,
            locale: Locale::default(),
            deployment_mode: DeploymentMode::default(),
            device_name_template: None,
            device_type: DeviceType::WindowsPc,
            hardware_hash_extraction_enabled: false,
            preprovisioning_allowed: false,
            privacy_settings_hidden: true,
            eula_hidden: true,
            keyboard_selection_page_skipped: false,
            escape_link_hidden: true,
            role_scope_tag_ids: BTreeSet::new(),
            kept: Properties::new(),
        }
    }

    /// Finds what breaks a rule, and what the service is said to refuse.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = self.common().lint();
        let template = self.device_name_template.as_ref().and_then(DeviceNameTemplate::violation);
        findings.extend(violation("device_name_template", template));
        findings
    }

    fn common(&self) -> Common<'_> {
        Common {
            display_name: &self.display_name,
            description: self.description.as_ref(),
            locale: &self.locale,
            hash_extraction: self.hardware_hash_extraction_enabled,
            preprovisioning: self.preprovisioning_allowed,
            privacy_hidden: self.privacy_settings_hidden,
            eula_hidden: self.eula_hidden,
            keyboard_skipped: self.keyboard_selection_page_skipped,
            escape_link_hidden: self.escape_link_hidden,
            scope_tags: &self.role_scope_tag_ids,
        }
    }
}

setters!(EntraJoinProfile {
    with_description = description ? some: ProfileDescription,
    with_locale = locale: Locale,
    with_deployment_mode = deployment_mode: DeploymentMode,
    with_device_name_template = device_name_template ? some: DeviceNameTemplate,
    with_device_type = device_type: DeviceType,
    with_hardware_hash_extraction_enabled = hardware_hash_extraction_enabled: bool,
    with_preprovisioning_allowed = preprovisioning_allowed: bool,
    with_privacy_settings_hidden = privacy_settings_hidden: bool,
    with_eula_hidden = eula_hidden: bool,
    with_keyboard_selection_page_skipped = keyboard_selection_page_skipped: bool,
    with_escape_link_hidden = escape_link_hidden: bool,
    with_role_scope_tag_ids = role_scope_tag_ids: BTreeSet<Text>,
});

impl Settings for EntraJoinProfile {
    const ODATA_TYPE: &'static str = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile";
    const RULES: &'static [PropertyRule] = &common::RULES;
    type Observed = ();

    fn to_properties(&self) -> Properties {
        let mut properties = self.kept.clone();
        self.common().write(&mut properties);
        properties
            .insert(TEMPLATE, self.device_name_template.as_ref().map_or("", DeviceNameTemplate::as_str));
        properties.insert(DEVICE_TYPE, self.device_type.as_str());
        if let Some(Value::Object(oobe)) = properties.get_mut(NEW_OOBE) {
            let usage = match &self.deployment_mode {
                DeploymentMode::UserDriven(user_type) => {
                    oobe.insert(USER_TYPE.into(), user_type.as_str().into());
                    DeviceUsageType::SingleUser.as_str()
                }
                DeploymentMode::SelfDeploying => DeviceUsageType::Shared.as_str(),
                DeploymentMode::Other(mode) => mode.as_str(),
            };
            oobe.insert(USAGE.into(), usage.into());
        }
        properties
    }

    fn from_properties(properties: Properties) -> Result<Self, InvalidValue> {
        let mut reader = Reader::new(properties);
        let mut oobe = Oobe::read(&mut reader)?;
        let mut profile = Self::new(name(&mut reader)?);
        profile.description = description(&mut reader)?;
        profile.locale = locale(&mut reader)?;
        profile.deployment_mode = match (oobe.usage, &oobe.user_type) {
            (DeviceUsageType::SingleUser, user_type) => {
                DeploymentMode::UserDriven(user_type.clone().unwrap_or(UserType::Administrator))
            }
            // The service says nothing of the user type here; what older ones say is kept.
            (usage, user_type) => {
                if let Some(user_type) = user_type {
                    oobe.rest.insert(USER_TYPE, user_type.as_str());
                }
                match usage {
                    DeviceUsageType::Shared => DeploymentMode::SelfDeploying,
                    other => DeploymentMode::Other(UnknownValue::new(other.as_str())),
                }
            }
        };
        profile.device_name_template = reader.non_empty(TEMPLATE)?.map(DeviceNameTemplate::from_service);
        profile.device_type = match reader.non_empty(DEVICE_TYPE)? {
            Some(kind) => DeviceType::from_wire(&kind),
            None => DeviceType::WindowsPc,
        };
        profile.hardware_hash_extraction_enabled =
            either(&mut reader, "hardwareHashExtractionEnabled", "extractHardwareHash")?;
        profile.preprovisioning_allowed = either(&mut reader, "preprovisioningAllowed", "enableWhiteGlove")?;
        profile.privacy_settings_hidden = oobe.privacy_hidden;
        profile.eula_hidden = oobe.eula_hidden;
        profile.keyboard_selection_page_skipped = oobe.keyboard_skipped;
        profile.escape_link_hidden = oobe.escape_link_hidden;
        profile.role_scope_tag_ids = reader.set(SCOPE_TAGS)?;
        if !oobe.rest.is_empty() {
            reader.keep(NEW_OOBE, oobe.rest);
        }
        profile.kept = reader.rest();
        Ok(profile)
    }

    fn normalize(properties: &mut Properties) {
        common::normalize(properties);
    }
}

fn windows_pc() -> DeviceType {
    DeviceType::WindowsPc
}
