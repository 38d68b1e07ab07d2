//! The profile of a hybrid join.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::common::{
    self, Common, DEVICE_TYPE, NEW_OOBE, Oobe, SCOPE_TAGS, TEMPLATE, USAGE, USER_TYPE, description, either,
    locale, name, set_default, yes,
};
use crate::model::findings::{PROFILE_HYBRID_NAME_TEMPLATE, PROFILE_HYBRID_NOT_USER_DRIVEN};
use crate::model::open_enum::known;
use crate::model::settings::{PropertyRule, Reader, Settings, WriteMode, setters};
use crate::model::{
    DeviceType, DeviceUsageType, Finding, InvalidValue, Locale, ProfileDescription, ProfileName, Properties,
    Text, UserType,
};

/// A deployment profile for Microsoft Entra hybrid join.
///
/// It cannot express what a hybrid join forbids: it has no device name template (the name comes from the
/// [`DomainJoinProfile`](crate::model::DomainJoinProfile)) and no self-deploying mode. A profile in a tenant that has one of
/// these is read all the same, written back unchanged, and found by [`lint`](Self::lint).
///
/// ```
/// use windows_autopilot::model::{HybridJoinProfile, Locale, UserType};
/// let mut profile = HybridJoinProfile::new("Contoso hybrid".parse()?)
///     .with_locale(Locale::language("de-DE")?)
///     .with_user_type(UserType::Standard);
/// profile.keyboard_selection_page_skipped = true;
///
/// let same: HybridJoinProfile = toml::from_str(r#"
///     display_name = "Contoso hybrid"
///     locale = "de-DE"
///     keyboard_selection_page_skipped = true
/// "#)?;
/// assert_eq!(same, profile);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Graph's `activeDirectoryWindowsAutopilotDeploymentProfile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HybridJoinProfile {
    /// The name. Devices of two profiles with one name cannot be told apart in reports.
    pub display_name: ProfileName,
    /// A description; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<ProfileDescription>,
    /// The language of the setup; that of the operating system by default.
    ///
    /// The service answers `os-default` or null for "the user selects" too, so an update from one to the other alone is
    /// not seen as a change.
    #[serde(default)]
    pub locale: Locale,
    /// Whether all targeted devices become Autopilot devices; not by default. The tutorial recommends it. It takes up to
    /// 48 hours, is for corporate devices only, and switching it off does not deregister them.
    #[serde(default)]
    pub hardware_hash_extraction_enabled: bool,
    /// Whether pre-provisioning is allowed; not by default. Where it is not, it fails with 0x80180005.
    #[serde(default)]
    pub preprovisioning_allowed: bool,
    /// Whether the device goes on without reaching a domain controller, as it must for a VPN that needs a user; not by
    /// default. One is still needed at the first sign-in.
    ///
    /// Tools disagree on whether a change of it takes effect: it is to be read back.
    #[serde(default)]
    pub skip_connectivity_check: bool,
    /// Whether the privacy settings are hidden; they are by default.
    #[serde(default = "yes")]
    pub privacy_settings_hidden: bool,
    /// Whether the licence terms are hidden; they are by default.
    #[serde(default = "yes")]
    pub eula_hidden: bool,
    /// Whether the keyboard page is skipped; it is not by default. It needs a language.
    #[serde(default)]
    pub keyboard_selection_page_skipped: bool,
    /// Whether the options to change the account are hidden; they are by default. One tool reports that the service
    /// refuses to show them.
    #[serde(default = "yes")]
    pub escape_link_hidden: bool,
    /// The rights of the user who sets up the device; a standard user by default.
    #[serde(default = "standard", deserialize_with = "known")]
    pub user_type: UserType,
    /// The ids of the scope tags. If there is none, the service gives a new profile its default tag, and those of a
    /// stored one are left alone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub role_scope_tag_ids: BTreeSet<Text>,
    #[serde(skip)]
    kept: Properties,
}

impl HybridJoinProfile {
    /// A profile with the defaults that the fields name.
    pub fn new(display_name: ProfileName) -> Self {
        Self {
            display_name,
            description: None,
            locale: Locale::default(),
            hardware_hash_extraction_enabled: false,
            preprovisioning_allowed: false,
            skip_connectivity_check: false,
            privacy_settings_hidden: true,
            eula_hidden: true,
            keyboard_selection_page_skipped: false,
            escape_link_hidden: true,
            user_type: UserType::Standard,
            role_scope_tag_ids: BTreeSet::new(),
            kept: Properties::new(),
        }
    }

    /// Finds what breaks a rule, what a hybrid join does not do, and what the service is said to refuse.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = self.common().lint();
        if self.kept.get(NEW_OOBE).is_some_and(|oobe| oobe.get(USAGE).is_some()) {
            let evidence = "the profile is not for a single user";
            findings.push(PROFILE_HYBRID_NOT_USER_DRIVEN.at("device_usage_type", evidence));
        }
        if let Some(template) = self.kept.text(TEMPLATE) {
            findings.push(PROFILE_HYBRID_NAME_TEMPLATE.at(
                "device_name_template",
                format!("has the template {template:?}, which a hybrid join does not use"),
            ));
        }
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

setters!(HybridJoinProfile {
    with_description = description ? some: ProfileDescription,
    with_locale = locale: Locale,
    with_hardware_hash_extraction_enabled = hardware_hash_extraction_enabled: bool,
    with_preprovisioning_allowed = preprovisioning_allowed: bool,
    with_skip_connectivity_check = skip_connectivity_check: bool,
    with_privacy_settings_hidden = privacy_settings_hidden: bool,
    with_eula_hidden = eula_hidden: bool,
    with_keyboard_selection_page_skipped = keyboard_selection_page_skipped: bool,
    with_escape_link_hidden = escape_link_hidden: bool,
    with_user_type = user_type: UserType,
    with_role_scope_tag_ids = role_scope_tag_ids: BTreeSet<Text>,
});

impl Settings for HybridJoinProfile {
    const ODATA_TYPE: &'static str = "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile";
    const RULES: &'static [PropertyRule] = &RULES;
    type Observed = ();

    fn to_properties(&self) -> Properties {
        let mut properties = self.kept.clone();
        self.common().write(&mut properties);
        properties.insert("hybridAzureADJoinSkipConnectivityCheck", self.skip_connectivity_check);
        // What a tenant has against the rules of hybrid join stays until it is replaced by a profile made here.
        set_default(&mut properties, TEMPLATE, json!(""));
        set_default(&mut properties, DEVICE_TYPE, json!(DeviceType::WindowsPc.as_str()));
        if let Some(Value::Object(oobe)) = properties.get_mut(NEW_OOBE) {
            oobe.insert(USER_TYPE.into(), self.user_type.as_str().into());
            oobe.entry(USAGE).or_insert_with(|| DeviceUsageType::SingleUser.as_str().into());
        }
        properties
    }

    fn from_properties(properties: Properties) -> Result<Self, InvalidValue> {
        let mut reader = Reader::new(properties);
        let mut oobe = Oobe::read(&mut reader)?;
        if oobe.usage != DeviceUsageType::SingleUser {
            oobe.rest.insert(USAGE, oobe.usage.as_str());
        }
        let mut profile = Self::new(name(&mut reader)?);
        profile.description = description(&mut reader)?;
        profile.locale = locale(&mut reader)?;
        profile.hardware_hash_extraction_enabled =
            either(&mut reader, "hardwareHashExtractionEnabled", "extractHardwareHash")?;
        profile.preprovisioning_allowed = either(&mut reader, "preprovisioningAllowed", "enableWhiteGlove")?;
        profile.skip_connectivity_check =
            reader.flag("hybridAzureADJoinSkipConnectivityCheck")?.unwrap_or_default();
        profile.privacy_settings_hidden = oobe.privacy_hidden;
        profile.eula_hidden = oobe.eula_hidden;
        profile.keyboard_selection_page_skipped = oobe.keyboard_skipped;
        profile.escape_link_hidden = oobe.escape_link_hidden;
        profile.user_type = oobe.user_type.unwrap_or(UserType::Administrator);
        profile.role_scope_tag_ids = reader.set(SCOPE_TAGS)?;
        if let Some(template) = reader.non_empty(TEMPLATE)? {
            reader.keep(TEMPLATE, template);
        }
        if let Some(kind) =
            reader.non_empty(DEVICE_TYPE)?.filter(|kind| kind != DeviceType::WindowsPc.as_str())
        {
            reader.keep(DEVICE_TYPE, kind);
        }
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

const RULES: [PropertyRule; 16] = {
    let skip = PropertyRule::new("hybridAzureADJoinSkipConnectivityCheck").write(WriteMode::ReadBack);
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = common::RULES;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, skip]
};

fn standard() -> UserType {
    UserType::Standard
}
