//! The domain join profile.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::As;

use super::open_enum::Known;
use super::patch::same_members;
use super::settings::{
    PropertyRule, Quirks, same_set, same_text, same_text_in_any_case, settings, violations,
};
use super::stored::stored_enum;
use super::wire::{Blank, Wire, members_to_wire, take, take_members};
use super::{
    AdDomain, ApplicabilityRuleType, ComputerNamePrefix, DisplayName, Finding, InvalidValue,
    OrganizationalUnit, Properties, Text, WindowsDeviceMode, WindowsEdition,
};
use crate::model::findings::{DOMAIN_JOIN_OU_IN_ANOTHER_DOMAIN, DOMAIN_JOIN_SUFFIX_LENGTH};

settings! {
    /// A domain join profile: the domain, the organizational unit and the computer name for the devices that join.
    ///
    /// ```
    /// use windows_autopilot::model::{DomainJoinProfile, Settings};
    /// let profile = DomainJoinProfile::new("Berlin".parse()?, "contoso.com".parse()?, "BER-".parse()?)
    ///     .with_organizational_unit("OU=Laptops,OU=Berlin,DC=contoso,DC=com".parse()?);
    /// assert!(profile.lint().is_empty());
    /// assert_eq!(profile.computer_name_suffix_random_char_count(), 11);
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    ///
    /// A device must get exactly one domain join profile, assigned to all devices or to device groups. The network
    /// profiles that a device needs to reach the domain are linked by separate calls.
    pub struct DomainJoinProfile = "windowsDomainJoinConfiguration", sends_type: true;
    required {
        /// The name of the profile.
        display_name: DisplayName => PropertyRule::new("displayName");
        /// The DNS name of the domain that devices join.
        active_directory_domain_name: AdDomain =>
            PropertyRule::new("activeDirectoryDomainName").same(same_text_in_any_case);
        /// The fixed beginning of the computer name; random characters pad the name to 15 characters.
        computer_name_static_prefix: ComputerNamePrefix =>
            PropertyRule::new("computerNameStaticPrefix").together(COMPUTER_NAME);
    }
    optional {
        /// A description; none by default.
        description, with_description: Text => PropertyRule::new("description").same(same_text);
        /// The organizational unit of the computer account; by default, the domain's default container for computers.
        /// The Intune Connector needs the right to create computers there.
        organizational_unit, with_organizational_unit: OrganizationalUnit =>
            PropertyRule::new("organizationalUnit").same(same_unit);
        /// The applicability rule for Windows editions, if any.
        applicability_rule_os_edition, with_applicability_rule_os_edition: OsEditionRule =>
            PropertyRule::new("deviceManagementApplicabilityRuleOsEdition").same(same_members);
        /// The applicability rule for Windows versions, if any.
        applicability_rule_os_version, with_applicability_rule_os_version: OsVersionRule =>
            PropertyRule::new("deviceManagementApplicabilityRuleOsVersion").same(same_members);
        /// The applicability rule for the Windows mode, if any.
        applicability_rule_device_mode, with_applicability_rule_device_mode: DeviceModeRule =>
            PropertyRule::new("deviceManagementApplicabilityRuleDeviceMode").same(same_members);
    }
    default {
        /// The ids of the scope tags. If there are none, the service assigns its default tag to a new profile, and an
        /// existing profile keeps its tags.
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        role_scope_tag_ids, with_role_scope_tag_ids: BTreeSet<Text> = BTreeSet::new() =>
            PropertyRule::new("roleScopeTagIds").same(same_set);
    }
    odd {}
    rules {
        PropertyRule::new(SUFFIX).together(COMPUTER_NAME);
    }
    private {
        /// The number of random characters in the tenant if it differs from the prefix's, with the prefix that it was
        /// read with.
        odd_suffix: Option<(ComputerNamePrefix, i32)>;
    }
    /// The read-only properties of a domain join profile.
    observed ObservedDomainJoinProfile {
        version: i32 = "version", "The version number.";
        supports_scope_tags: bool = "supportsScopeTags", "Whether the profile supports scope tags.";
    }
}

/// Declares a rule on a profile's applicability: its own properties, with a name and a type.
macro_rules! applicability_rule {
    (
        $(#[$meta:meta])*
        pub struct $rule:ident { $( $(#[$field_meta:meta])* $field:ident: $ty:ty = $wire:literal; )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[non_exhaustive]
        pub struct $rule {
            /// The name of the rule.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub name: Option<Text>,
            $( $(#[$field_meta])* pub $field: $ty, )+
            /// The effect on matching devices: included or excluded.
            #[serde(deserialize_with = "As::<Known>::deserialize")]
            pub rule_type: ApplicabilityRuleType,
        }

        impl $rule {
            /// Creates a rule without a name.
            pub fn new($($field: $ty,)+ rule_type: ApplicabilityRuleType) -> Self {
                Self { name: None, $($field,)+ rule_type }
            }
        }

        impl Blank for $rule {
            fn blank() -> Self {
                Self::new($(<$ty>::blank(),)+ Blank::blank())
            }
        }

        impl Wire for $rule {
            fn to_wire(&self) -> Option<Value> {
                let members: &[(&str, &dyn Wire)] =
                    &[("name", &self.name), $(($wire, &self.$field),)+ ("ruleType", &self.rule_type)];
                Some(members_to_wire(members))
            }

            fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
                let members: &mut [(&str, &mut dyn Wire)] =
                    &mut [("name", &mut self.name), $(($wire, &mut self.$field),)+ ("ruleType", &mut self.rule_type)];
                take_members(reported, members)
            }
        }
    };
}

applicability_rule! {
    /// An applicability rule for the Windows edition.
    pub struct OsEditionRule {
        /// The editions that the rule matches.
        #[serde(deserialize_with = "As::<Vec<Known>>::deserialize")]
        os_edition_types: Vec<WindowsEdition> = "osEditionTypes";
    }
}

applicability_rule! {
    /// An applicability rule for the Windows version.
    pub struct OsVersionRule {
        /// The oldest version, such as `10.0.22631`; `None` for any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_os_version: Option<Text> = "minOSVersion";
        /// The newest version; `None` for any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_os_version: Option<Text> = "maxOSVersion";
    }
}

applicability_rule! {
    /// An applicability rule for the Windows mode.
    pub struct DeviceModeRule {
        /// The mode that the rule matches.
        #[serde(deserialize_with = "As::<Known>::deserialize")]
        device_mode: WindowsDeviceMode = "deviceMode";
    }
}

impl DomainJoinProfile {
    /// Returns the number of random characters after the prefix. Prefix and suffix add up to 15 characters, unless the
    /// profile was read with a different number and still has the same prefix.
    pub fn computer_name_suffix_random_char_count(&self) -> i32 {
        match &self.odd_suffix {
            Some((prefix, count)) if *prefix == self.computer_name_static_prefix => *count,
            _ => self.computer_name_static_prefix.suffix_length().into(),
        }
    }

    /// Reports values that break a rule or conflict with each other.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = self.lint_all_but_unit();
        findings.extend(self.lint_unit());
        findings
    }

    pub(crate) fn lint_all_but_unit(&self) -> Vec<Finding> {
        let mut findings = violations(&[
            ("display_name", self.display_name.violation()),
            ("active_directory_domain_name", self.active_directory_domain_name.violation()),
            ("computer_name_static_prefix", self.computer_name_static_prefix.violation()),
        ]);
        let count = self.computer_name_suffix_random_char_count();
        let right = i32::from(self.computer_name_static_prefix.suffix_length());
        if count != right {
            let length = count.saturating_sub(right).saturating_add(15);
            let evidence =
                format!("with {count} random characters it makes names of {length}, and names have 15");
            findings.push(DOMAIN_JOIN_SUFFIX_LENGTH.at("computer_name_static_prefix", evidence));
        }
        findings
    }

    /// Checks the organizational unit.
    pub(crate) fn lint_unit(&self) -> Vec<Finding> {
        let Some(unit) = &self.organizational_unit else { return Vec::new() };
        let mut findings = violations(&[("organizational_unit", unit.violation())]);
        findings.extend(unit.lint());
        let domain = unit.domain();
        if unit.violation().is_none() && !domain.same_as(&self.active_directory_domain_name) {
            let joined = &self.active_directory_domain_name;
            let evidence = format!("{unit} is in {domain}, but devices join {joined}");
            findings.push(DOMAIN_JOIN_OU_IN_ANOTHER_DOMAIN.at("organizational_unit", evidence));
        }
        findings
    }
}

impl Quirks for DomainJoinProfile {
    #[inline]
    fn read_odd(&mut self, left: &mut Properties) -> Result<(), InvalidValue> {
        let prefix = &self.computer_name_static_prefix;
        let odd = take(left, SUFFIX)?.filter(|count| *count != i32::from(prefix.suffix_length()));
        self.odd_suffix = odd.map(|count| (prefix.clone(), count));
        Ok(())
    }

    #[inline]
    fn write_odd(&self, properties: &mut Properties) {
        properties.insert(SUFFIX, self.computer_name_suffix_random_char_count());
    }
}

stored_enum! {
    /// A stored device configuration: a domain join profile, or another kind from the same list.
    pub enum DeviceConfiguration {
        /// A domain join profile.
        DomainJoin(DomainJoinProfile),
    }
}

const SUFFIX: &str = "computerNameSuffixRandomCharCount";
/// The properties that make up a computer name.
const COMPUTER_NAME: &str = "computer name";

/// Compares units by the entry that they name; null and empty text are the default container.
fn same_unit(a: &Value, b: &Value) -> bool {
    let unit =
        |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(OrganizationalUnit::from_service);
    match (unit(a), unit(b)) {
        (Some(a), Some(b)) => a.same_as(&b),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::model::settings::tests::{created, ids, read, sent, wire};
    use crate::model::{Patch, Stored};

    const OS_EDITION: &str = "deviceManagementApplicabilityRuleOsEdition";
    const OS_VERSION: &str = "deviceManagementApplicabilityRuleOsVersion";
    const DEVICE_MODE: &str = "deviceManagementApplicabilityRuleDeviceMode";

    fn profile() -> DomainJoinProfile {
        let (domain, prefix) = ("contoso.com".parse().unwrap(), "BER-".parse().unwrap());
        DomainJoinProfile::new("Berlin".parse().unwrap(), domain, prefix)
    }

    #[test]
    fn the_body_derives_the_suffix_and_leaves_out_an_empty_unit() {
        let expected = json!({
            "@odata.type": "#microsoft.graph.windowsDomainJoinConfiguration",
            "displayName": "Berlin",
            "activeDirectoryDomainName": "contoso.com",
            "computerNameStaticPrefix": "BER-",
            "computerNameSuffixRandomCharCount": 11,
        });
        assert_eq!(created(&profile()), expected);
    }

    #[test]
    fn a_new_prefix_is_sent_with_its_suffix_and_a_cleared_unit_as_null() {
        let held = profile().with_organizational_unit("OU=A,DC=contoso,DC=com".parse().unwrap());
        let mut desired = profile();
        desired.computer_name_static_prefix = "MUC".parse().unwrap();
        let patch = Patch::between(&held, &desired);
        assert_eq!(sent(&patch), ["@odata.type", "computerNameStaticPrefix", SUFFIX, "organizationalUnit"]);
        let value = |name| patch.body().get(name).unwrap();
        assert_eq!((value(SUFFIX), value("organizationalUnit")), (&json!(12), &Value::Null));
        desired = held.clone();
        desired.computer_name_static_prefix = "LON-".parse().unwrap();
        let patch = Patch::between(&held, &desired);
        assert_eq!(sent(&patch), ["@odata.type", "computerNameStaticPrefix", SUFFIX]);
    }

    #[test]
    fn a_suffix_that_does_not_fit_stays_until_the_prefix_changes_or_a_wish_made_here_comes() {
        let mut json = wire(&profile());
        json[SUFFIX] = json!(1);
        let held: DomainJoinProfile = read(json.clone());
        assert_eq!(wire(&held), json);
        assert_eq!(held.lint()[0].id, "domain-join.suffix-length");
        let mut desired = held.clone();
        desired.description = Some("x".into());
        assert_eq!(sent(&Patch::between(&held, &desired)), ["@odata.type", "description"]);
        desired.computer_name_static_prefix = "B".parse().unwrap();
        assert_eq!(desired.computer_name_suffix_random_char_count(), 14);
        assert_eq!(Patch::between(&held, &profile()).body().get(SUFFIX), Some(&json!(11)));
    }

    #[test]
    fn domains_and_units_are_compared_by_what_they_name() {
        let mut json = wire(&profile());
        json["activeDirectoryDomainName"] = json!("CONTOSO.com");
        json["organizationalUnit"] = json!("ou=L\\c3\\bcbeck,dc=contoso,dc=com");
        let desired = profile().with_organizational_unit("OU=Lübeck,DC=contoso,DC=com".parse().unwrap());
        assert!(Patch::between(&read(json.clone()), &desired).is_empty());
        json["organizationalUnit"] = json!("");
        json["description"] = json!("");
        json.as_object_mut().unwrap().remove(SUFFIX);
        assert!(Patch::between(&read(json), &profile()).is_empty());
    }

    #[test]
    fn applicability_rules_are_read_written_and_cleared_and_keep_what_is_new() {
        let (mut json, editions) = (wire(&profile()), ["windows10Professional", "new"]);
        json[OS_EDITION] =
            json!({ "name": "pro", "osEditionTypes": editions, "ruleType": "include", "x": 1 });
        json[OS_VERSION] =
            json!({ "name": null, "minOSVersion": "10.0", "maxOSVersion": null, "ruleType": "exclude" });
        json[DEVICE_MODE] = json!({ "name": "s", "deviceMode": "sModeConfiguration", "ruleType": "exclude" });
        let held: DomainJoinProfile = read(json.clone());
        assert_eq!(wire(&held), json);
        assert!(Patch::between(&held, &held).is_empty());
        assert_eq!(held.applicability_rule_os_edition.as_ref().unwrap().os_edition_types.len(), 2);
        let patch = Patch::between(&held, &profile());
        assert_eq!(sent(&patch), ["@odata.type", DEVICE_MODE, OS_EDITION, OS_VERSION]);
        for rule in [OS_EDITION, OS_VERSION, DEVICE_MODE] {
            assert_eq!(patch.body().get(rule), Some(&Value::Null), "{rule}");
        }

        let mut desired = held.clone();
        desired.applicability_rule_os_edition.as_mut().unwrap().rule_type = ApplicabilityRuleType::Exclude;
        let patch = Patch::between(&held, &desired);
        let line = "~ applicability_rule_os_edition.rule_type: \"include\" -> \"exclude\"";
        assert_eq!(patch.to_string(), line);
        assert_eq!(patch.body().get(OS_EDITION).unwrap()["x"], json!(1));
    }

    #[test]
    fn lint_finds_a_unit_of_another_domain_and_values_that_break_rules() {
        let ids = |profile: DomainJoinProfile| ids(profile.lint());
        let unit = |text: &str| profile().with_organizational_unit(text.parse().unwrap());
        assert!(ids(unit("OU=A,DC=Contoso,DC=com")).is_empty());
        assert_eq!(ids(unit("OU=A,DC=corp,DC=contoso,DC=com")), ["domain-join.ou-in-another-domain"]);
        assert_eq!(ids(unit(r"OU=A\;,DC=contoso,DC=com")), ["ou.semicolon"]);
        let broken = read(json!({
            "displayName": "x", "activeDirectoryDomainName": "CONTOSO", "computerNameStaticPrefix": "%SERIAL%",
            "computerNameSuffixRandomCharCount": 7, "organizationalUnit": "CN=Computers,DC=contoso,DC=com",
        }));
        assert_eq!(ids(broken), ["settings.invalid-value"; 3]);
    }

    #[test]
    fn the_human_form_has_no_suffix_and_knows_its_words() {
        let text = "display_name = 'Berlin'\nactive_directory_domain_name = 'contoso.com'\ncomputer_name_static_prefix = 'BER-'";
        assert_eq!(toml::from_str::<DomainJoinProfile>(text).unwrap(), profile());
        let with_suffix = format!("{text}\ncomputer_name_suffix_random_char_count = 3");
        let error = toml::from_str::<DomainJoinProfile>(&with_suffix).unwrap_err().to_string();
        assert!(error.contains("unknown field `computer_name_suffix_random_char_count`"), "{error}");
        let rule =
            "[applicability_rule_os_edition]\nos_edition_types = ['windows10Pro']\nrule_type = 'include'";
        let error = toml::from_str::<DomainJoinProfile>(&format!("{text}\n{rule}")).unwrap_err().to_string();
        assert!(error.contains("windows10EditionType"), "{error}");
    }

    #[test]
    fn a_stored_profile_has_its_version_and_another_configuration_is_kept_whole() {
        let json = json!({
            "@odata.type": "#microsoft.graph.windowsDomainJoinConfiguration", "id": "1", "version": 7,
            "supportsScopeTags": true, "displayName": "x", "computerNameStaticPrefix": "A",
        });
        let DeviceConfiguration::DomainJoin(stored) = from_value(json).unwrap() else { panic!() };
        let stored: Stored<DomainJoinProfile> = stored;
        assert_eq!((stored.observed.version, stored.observed.supports_scope_tags), (Some(7), Some(true)));
        let json = json!({ "@odata.type": "#microsoft.graph.windowsWifiConfiguration", "id": "2", "preSharedKey": "x" });
        let other: DeviceConfiguration = from_value(json.clone()).unwrap();
        assert!(matches!(other, DeviceConfiguration::Unknown(_)) && !format!("{other:?}").contains("\"x\""));
        assert_eq!(to_value(other).unwrap(), json);
    }
}
