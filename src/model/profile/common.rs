//! The common part of both kinds of deployment profile: their properties, and the service's old property names.

pub(super) use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::findings::PROFILE_KEYBOARD_WITHOUT_LANGUAGE;
// The files of both profiles import the names in their declarations from here.
pub(super) use crate::model::settings::{
    PropertyRule, Quirks, WriteMode, same_set, same_text, same_text_in_any_case, violations,
};
use crate::model::wire::object;
pub(super) use crate::model::wire::{get, put, take};
use crate::model::{DeviceUsageType, Properties};
pub(super) use crate::model::{Finding, Locale, ProfileDescription, ProfileName, Text, UserType};

pub(super) const OOBE: &str = "outOfBoxExperienceSetting";
pub(super) const OLD_OOBE: &str = "outOfBoxExperienceSettings";
pub(super) const USAGE: &str = "outOfBoxExperienceSetting.deviceUsageType";
pub(super) const USER_TYPE: &str = "outOfBoxExperienceSetting.userType";
pub(super) const TEMPLATE: &str = "deviceNameTemplate";
pub(super) const DEVICE_TYPE: &str = "deviceType";

/// Declares a deployment profile: [`settings!`](crate::model::settings::settings) with the properties that both kinds have.
macro_rules! profile {
    (
        $(#[$meta:meta])*
        pub struct $name:ident = $wire_type:literal;
        optional { $($optional:tt)* }
        default { $($default:tt)* }
        odd { $($odd:tt)* }
        rules { $($rules:tt)* }
    ) => {
        $crate::model::settings::settings! {
            $(#[$meta])*
            pub struct $name = $wire_type, sends_type: true, rename: common::rename, normalize: common::normalize;
            required {
                /// The name. Reports do not distinguish two profiles with the same name.
                display_name: ProfileName => PropertyRule::new("displayName");
            }
            optional {
                /// A description; none by default.
                description, with_description: ProfileDescription =>
                    PropertyRule::new("description").same(same_text);
                $($optional)*
            }
            default {
                /// The language used during setup; the operating system's by default.
                ///
                /// The service also returns `os-default` or null for "the user selects", so a change between
                /// `os-default` and `user-select` is not detected.
                locale, with_locale: Locale = Locale::OsDefault =>
                    PropertyRule::new("locale").same(same_locale).shown(shown_locale);
                /// Whether all targeted devices become Autopilot devices; `false` by default. Microsoft's tutorial
                /// recommends `true`. The conversion takes up to 48 hours and applies only to corporate devices;
                /// turning this setting off later does not deregister them.
                hardware_hash_extraction_enabled, with_hardware_hash_extraction_enabled: bool = false =>
                    PropertyRule::new("hardwareHashExtractionEnabled");
                /// Whether pre-provisioning is allowed; `false` by default, in which case it fails with 0x80180005.
                preprovisioning_allowed, with_preprovisioning_allowed: bool = false =>
                    PropertyRule::new("preprovisioningAllowed");
                /// Whether the privacy settings are hidden; `true` by default.
                privacy_settings_hidden, with_privacy_settings_hidden: bool = true =>
                    PropertyRule::new("outOfBoxExperienceSetting.privacySettingsHidden");
                /// Whether the license terms are hidden; `true` by default.
                eula_hidden, with_eula_hidden: bool = true =>
                    PropertyRule::new("outOfBoxExperienceSetting.eulaHidden");
                /// Whether the keyboard page is skipped, which requires a language; `false` by default.
                keyboard_selection_page_skipped, with_keyboard_selection_page_skipped: bool = false =>
                    PropertyRule::new("outOfBoxExperienceSetting.keyboardSelectionPageSkipped");
                /// Whether the options to change the account are hidden; `true` by default. One tool reports that the
                /// service rejects `false`.
                escape_link_hidden, with_escape_link_hidden: bool = true =>
                    PropertyRule::new("outOfBoxExperienceSetting.escapeLinkHidden");
                $($default)*
                /// The ids of the scope tags. If there are none, the service assigns its default tag to a new profile,
                /// and an existing profile keeps its tags.
                #[serde(skip_serializing_if = "BTreeSet::is_empty")]
                role_scope_tag_ids, with_role_scope_tag_ids: BTreeSet<Text> = BTreeSet::new() =>
                    PropertyRule::new("roleScopeTagIds").same(same_set);
            }
            odd { $($odd)* }
            rules {
                $($rules)*
                // The enrollment status page from before it was a policy of its own.
                PropertyRule::new("enrollmentStatusScreenSettings").write(WriteMode::Never);
                // To be left unset, and refused in an update.
                PropertyRule::new("managementServiceAppId").write(WriteMode::Never);
                PropertyRule::new("language").write(WriteMode::OldName);
                PropertyRule::new("extractHardwareHash").write(WriteMode::OldName);
                PropertyRule::new("enableWhiteGlove").write(WriteMode::OldName);
                PropertyRule::new(OLD_OOBE).write(WriteMode::OldName);
            }
            private {}
        }
    };
}
pub(super) use profile;

pub(super) fn shown_locale(value: &Value) -> Value {
    if value.is_null() || value.is_string() {
        Locale::from_service(value.as_str()).to_string().into()
    } else {
        value.clone()
    }
}

/// Moves values from old names to the new ones, unless the service reports both.
pub(super) fn rename(properties: &mut Properties) {
    const NAMES: [(&str, &str); 3] = [
        ("language", "locale"),
        ("extractHardwareHash", "hardwareHashExtractionEnabled"),
        ("enableWhiteGlove", "preprovisioningAllowed"),
    ];
    const MEMBERS: [(&str, &str); 6] = [
        ("hidePrivacySettings", "privacySettingsHidden"),
        ("hideEULA", "eulaHidden"),
        ("skipKeyboardSelectionPage", "keyboardSelectionPageSkipped"),
        ("hideEscapeLink", "escapeLinkHidden"),
        ("userType", "userType"),
        ("deviceUsageType", "deviceUsageType"),
    ];
    let mut replace = |old: &str, new: &str, rename: fn(Value) -> Value| {
        if let Some(value) = properties.remove(old)
            && properties.get(new).is_none_or(Value::is_null)
            && !value.is_null()
        {
            properties.insert(new, rename(value));
        }
    };
    for (old, new) in NAMES {
        replace(old, new, std::convert::identity);
    }
    replace(OLD_OOBE, OOBE, |value| match value {
        Value::Object(mut members) => {
            let renamed =
                MEMBERS.iter().filter_map(|(old, new)| Some(((*new).to_owned(), members.remove(*old)?)));
            object(renamed)
        }
        other => other,
    });
}

/// Removes the user type of shared devices, which the service refuses and never reports.
pub(super) fn normalize(properties: &mut Properties) {
    if get(properties, USAGE).and_then(Value::as_str) == Some(DeviceUsageType::Shared.as_str())
        && let Some(Value::Object(oobe)) = properties.get_mut(OOBE)
    {
        oobe.remove("userType");
    }
}

/// Compares locales; the service also returns `os-default` or null for "the user selects".
pub(super) fn same_locale(a: &Value, b: &Value) -> bool {
    let language = |value: &Value| {
        value.as_str().filter(|text| !matches!(*text, "" | "os-default")).map(str::to_ascii_lowercase)
    };
    language(a) == language(b)
}

pub(super) fn lint(
    name: &ProfileName,
    description: Option<&ProfileDescription>,
    locale: &Locale,
    skips_keyboard: bool,
) -> Vec<Finding> {
    let mut findings = violations(&[
        ("display_name", name.violation()),
        ("description", description.and_then(ProfileDescription::violation)),
        ("locale", locale.violation()),
    ]);
    findings.extend(locale.lint());
    findings.extend(name.lint());
    findings.extend(description.map(ProfileDescription::lint).unwrap_or_default());
    if skips_keyboard && !matches!(locale, Locale::Language(_)) {
        let evidence = "the keyboard page is skipped, but no language is set";
        findings.push(PROFILE_KEYBOARD_WITHOUT_LANGUAGE.at("keyboard_selection_page_skipped", evidence));
    }
    findings
}
