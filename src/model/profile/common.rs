//! What both kinds of deployment profile have, in both dialects of the service.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::findings::PROFILE_KEYBOARD_WITHOUT_LANGUAGE;
use crate::model::patch::same_members;
use crate::model::settings::{
    PropertyRule, Reader, WriteMode, list, same_set, same_text, same_text_in_any_case, text_or_null,
    violation,
};
use crate::model::{
    DeviceUsageType, Finding, InvalidValue, Locale, ProfileDescription, ProfileName, Properties, Text,
    UserType,
};

pub(super) const NEW_OOBE: &str = "outOfBoxExperienceSetting";
pub(super) const OLD_OOBE: &str = "outOfBoxExperienceSettings";
pub(super) const USAGE: &str = "deviceUsageType";
pub(super) const USER_TYPE: &str = "userType";
pub(super) const TEMPLATE: &str = "deviceNameTemplate";
pub(super) const DEVICE_TYPE: &str = "deviceType";
pub(super) const SCOPE_TAGS: &str = "roleScopeTagIds";

pub(super) const RULES: [PropertyRule; 15] = [
    PropertyRule::new("displayName"),
    PropertyRule::new("description").same(same_text),
    PropertyRule::new("locale").same(same_locale),
    PropertyRule::new("hardwareHashExtractionEnabled"),
    PropertyRule::new("preprovisioningAllowed"),
    PropertyRule::new(NEW_OOBE).same(same_members),
    PropertyRule::new(TEMPLATE).same(same_text),
    PropertyRule::new(DEVICE_TYPE).write(WriteMode::OnCreate).same(same_text_in_any_case),
    PropertyRule::new(SCOPE_TAGS).same(same_set),
    // The enrollment status page from before it was a policy of its own.
    PropertyRule::new("enrollmentStatusScreenSettings").write(WriteMode::Never),
    // To be left unset, and refused in an update.
    PropertyRule::new("managementServiceAppId").write(WriteMode::Never),
    PropertyRule::new("language").write(WriteMode::OldName),
    PropertyRule::new("extractHardwareHash").write(WriteMode::OldName),
    PropertyRule::new("enableWhiteGlove").write(WriteMode::OldName),
    PropertyRule::new(OLD_OOBE).write(WriteMode::OldName),
];
/// What both kinds of profile have.
pub(super) struct Common<'a> {
    pub(super) display_name: &'a ProfileName,
    pub(super) description: Option<&'a ProfileDescription>,
    pub(super) locale: &'a Locale,
    pub(super) hash_extraction: bool,
    pub(super) preprovisioning: bool,
    pub(super) privacy_hidden: bool,
    pub(super) eula_hidden: bool,
    pub(super) keyboard_skipped: bool,
    pub(super) escape_link_hidden: bool,
    pub(super) scope_tags: &'a BTreeSet<Text>,
}

impl Common<'_> {
    pub(super) fn write(&self, properties: &mut Properties) {
        properties.insert("displayName", self.display_name.as_str());
        properties.insert("description", text_or_null(self.description));
        properties.insert("locale", self.locale.to_wire());
        properties.insert("hardwareHashExtractionEnabled", self.hash_extraction);
        properties.insert("preprovisioningAllowed", self.preprovisioning);
        if !self.scope_tags.is_empty() {
            properties.insert(SCOPE_TAGS, list(self.scope_tags.iter().map(Text::as_str)));
        }
        let mut oobe = match properties.remove(NEW_OOBE) {
            Some(Value::Object(kept)) => Properties::from(kept),
            _ => Properties::new(),
        };
        oobe.insert("privacySettingsHidden", self.privacy_hidden);
        oobe.insert("eulaHidden", self.eula_hidden);
        oobe.insert("keyboardSelectionPageSkipped", self.keyboard_skipped);
        oobe.insert("escapeLinkHidden", self.escape_link_hidden);
        properties.insert(NEW_OOBE, oobe);
    }

    pub(super) fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(violation("display_name", self.display_name.violation()));
        findings.extend(violation("description", self.description.and_then(ProfileDescription::violation)));
        findings.extend(violation("locale", self.locale.violation()));
        findings.extend(self.display_name.lint());
        findings.extend(self.description.map(ProfileDescription::lint).unwrap_or_default());
        if self.keyboard_skipped && !matches!(self.locale, Locale::Language(_)) {
            findings.push(PROFILE_KEYBOARD_WITHOUT_LANGUAGE.at(
                "keyboard_selection_page_skipped",
                "the keyboard page is skipped, but no language is set",
            ));
        }
        findings
    }
}

/// What the user sees of the setup, in either dialect.
pub(super) struct Oobe {
    pub(super) privacy_hidden: bool,
    pub(super) eula_hidden: bool,
    pub(super) keyboard_skipped: bool,
    pub(super) escape_link_hidden: bool,
    pub(super) user_type: Option<UserType>,
    pub(super) usage: DeviceUsageType,
    pub(super) rest: Properties,
}

impl Oobe {
    /// Reads the new object, or the old one where there is no new one.
    pub(super) fn read(profile: &mut Reader) -> Result<Self, InvalidValue> {
        const NEW: [&str; 4] =
            ["privacySettingsHidden", "eulaHidden", "keyboardSelectionPageSkipped", "escapeLinkHidden"];
        const OLD: [&str; 4] =
            ["hidePrivacySettings", "hideEULA", "skipKeyboardSelectionPage", "hideEscapeLink"];
        let old = profile.object(OLD_OOBE)?;
        let new = profile.object(NEW_OOBE)?;
        let is_new = new.is_some();
        let mut oobe = new.or(old).unwrap_or_else(|| Reader::new(Properties::new()));
        let [privacy, eula, keyboard, escape] = if is_new { NEW } else { OLD };
        Ok(Self {
            privacy_hidden: oobe.flag(privacy)?.unwrap_or_default(),
            eula_hidden: oobe.flag(eula)?.unwrap_or_default(),
            keyboard_skipped: oobe.flag(keyboard)?.unwrap_or_default(),
            escape_link_hidden: oobe.flag(escape)?.unwrap_or_default(),
            user_type: oobe.non_empty(USER_TYPE)?.map(|text| UserType::from_wire(&text)),
            usage: oobe
                .non_empty(USAGE)?
                .map_or(DeviceUsageType::SingleUser, |text| DeviceUsageType::from_wire(&text)),
            rest: if is_new { oobe.rest() } else { Properties::new() },
        })
    }
}

pub(super) fn name(reader: &mut Reader) -> Result<ProfileName, InvalidValue> {
    Ok(ProfileName::from_service(reader.text("displayName")?.unwrap_or_default()))
}

pub(super) fn description(reader: &mut Reader) -> Result<Option<ProfileDescription>, InvalidValue> {
    Ok(reader.non_empty("description")?.map(ProfileDescription::from_service))
}

pub(super) fn locale(reader: &mut Reader) -> Result<Locale, InvalidValue> {
    let old = reader.text("language")?;
    let locale = reader.text("locale")?.or(old);
    Ok(Locale::from_service(locale.as_deref()))
}

/// A flag under its new name, or its old one where the new one says nothing.
pub(super) fn either(
    reader: &mut Reader,
    new: &'static str,
    old: &'static str,
) -> Result<bool, InvalidValue> {
    let old = reader.flag(old)?;
    Ok(reader.flag(new)?.or(old).unwrap_or_default())
}

/// The service refuses a user type for shared devices, and never reports one.
pub(super) fn normalize(properties: &mut Properties) {
    if let Some(Value::Object(oobe)) = properties.get_mut(NEW_OOBE)
        && oobe.get(USAGE).and_then(Value::as_str) == Some(DeviceUsageType::Shared.as_str())
    {
        oobe.remove(USER_TYPE);
    }
}

/// The service answers `os-default` or null for "the user selects" too.
fn same_locale(a: &Value, b: &Value) -> bool {
    fn language(value: &Value) -> Option<&str> {
        value.as_str().filter(|text| !matches!(*text, "" | "os-default"))
    }
    match (language(a), language(b)) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (a, b) => a == b,
    }
}

pub(super) fn set_default(properties: &mut Properties, name: &'static str, value: Value) {
    if properties.get(name).is_none() {
        properties.insert(name, value);
    }
}

pub(super) fn yes() -> bool {
    true
}
