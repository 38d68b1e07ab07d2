//! The policy that skips account setup on the enrollment status page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::settings::{PropertyRule, Quirks, same_set, same_text, settings, violations};
use super::{DeviceConfiguration, DisplayName, Finding, Properties, Settings, Stored, Text};
use crate::model::findings::SKIP_PAGE_OTHER_SETTINGS;
use crate::model::raw::same_type;

settings! {
    /// A policy that skips account setup on the enrollment status page: a custom configuration that sets the OMA-URI
    /// `SkipUserStatusPage` to the Boolean value true.
    ///
    /// ```
    /// use windows_autopilot::model::{Settings, SkipUserStatusPage};
    /// let policy = SkipUserStatusPage::new("Skip account setup".parse()?);
    /// let body = policy.to_create_body();
    /// assert_eq!(body.get("omaSettings").unwrap()[0]["value"], true);
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    ///
    /// In a hybrid join, account setup waits until Entra Connect has synced the computer, which takes 30 minutes or
    /// more. The policy applies to devices: assign it to device groups.
    ///
    /// **Not tested against a tenant**: this type is missing from the Graph metadata that the models are checked
    /// against, so it follows Microsoft's documentation instead.
    pub struct SkipUserStatusPage = "windows10CustomConfiguration", sends_type: true;
    required {
        /// The name of the configuration.
        display_name: DisplayName => PropertyRule::new("displayName");
    }
    optional {
        /// A description; none by default.
        description, with_description: Text => PropertyRule::new("description").same(same_text);
    }
    default {
        /// The ids of the scope tags. If there are none, the service assigns its default tag to a new policy, and a
        /// stored policy keeps its tags.
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        role_scope_tag_ids, with_role_scope_tag_ids: BTreeSet<Text> = BTreeSet::new() =>
            PropertyRule::new("roleScopeTagIds").same(same_set);
    }
    odd {}
    rules {
        PropertyRule::new(OMA_SETTINGS).same(same_switch).named("skip_user_status_page").shown(shown_switch);
    }
    private {}
}

const OMA_SETTINGS: &str = "omaSettings";
const OMA_URI: &str = "./Vendor/MSFT/DMClient/Provider/MS DM Server/FirstSyncStatus/SkipUserStatusPage";

impl SkipUserStatusPage {
    /// The OMA-URI of the setting.
    pub const OMA_URI: &'static str = OMA_URI;

    /// Reports values that break a rule, and any other settings in a policy that was read from the service.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = violations(&[("display_name", self.display_name.violation())]);
        let others = self.kept.get(OMA_SETTINGS).and_then(Value::as_array).into_iter().flatten();
        let others = others.filter(|setting| !is_switch(setting)).count();
        if others > 0 {
            let evidence = format!("holds {others} other OMA settings, which an update would overwrite");
            findings.push(SKIP_PAGE_OTHER_SETTINGS.at("display_name", evidence));
        }
        findings
    }

    /// Converts a custom configuration into this policy; `None` for other types.
    #[cfg_attr(not(feature = "workflow"), allow(dead_code, reason = "deployments look for such policies"))]
    pub(crate) fn stored_in(configuration: &DeviceConfiguration) -> Option<Stored<Self>> {
        let DeviceConfiguration::Unknown(raw) = configuration else { return None };
        raw.odata_type().filter(|found| same_type(found, Self::ODATA_TYPE))?;
        Stored::from_answer(raw.properties().clone()).ok()
    }
}

impl Quirks for SkipUserStatusPage {
    #[inline]
    fn write_odd(&self, properties: &mut Properties) {
        // Those of the tenant are kept as they were read. Others may hold secrets; `Debug` shows no property values.
        if properties.get(OMA_SETTINGS).is_none() {
            let ours = json!([{
                "@odata.type": "#microsoft.graph.omaSettingBoolean",
                "displayName": "SkipUserStatusPage",
                "omaUri": OMA_URI,
                "value": true,
            }]);
            properties.insert(OMA_SETTINGS, ours);
        }
    }
}

fn is_switch(setting: &Value) -> bool {
    setting.get("omaUri").and_then(Value::as_str).is_some_and(|uri| uri.eq_ignore_ascii_case(OMA_URI))
}

/// Returns the value of the only setting; `None` if there are others or the value is not Boolean.
fn switch(settings: &Value) -> Option<bool> {
    match settings.as_array()?.as_slice() {
        [setting] if is_switch(setting) => setting.get("value")?.as_bool(),
        _ => None,
    }
}

fn same_switch(a: &Value, b: &Value) -> bool {
    switch(a).is_some() && switch(a) == switch(b)
}

/// Returns the switch for display, because other values may be secret.
fn shown_switch(value: &Value) -> Value {
    switch(value).map_or(Value::Null, Value::Bool)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;
    use crate::model::Patch;

    fn held(settings: Value) -> Stored<SkipUserStatusPage> {
        let json = json!({
            "@odata.type": "#microsoft.graph.windows10CustomConfiguration", "id": "7", "displayName": "Skip", "version": 3,
            "omaSettings": settings,
        });
        SkipUserStatusPage::stored_in(&from_value(json).unwrap()).unwrap()
    }

    fn setting(uri: &str, value: Value) -> Value {
        json!({ "@odata.type": "#microsoft.graph.omaSettingBoolean", "displayName": "x", "omaUri": uri, "value": value })
    }

    #[test]
    fn only_a_policy_whose_switch_is_on_is_as_wished() {
        const NONE: Option<&str> = Some("skip_user_status_page: none -> true");
        let desired = SkipUserStatusPage::new("Skip".parse().unwrap());
        for (settings, shown) in [
            (json!([setting(OMA_URI, json!(true))]), None),
            (json!([setting(&OMA_URI.to_uppercase(), json!(true))]), None),
            (json!([setting(OMA_URI, json!(false))]), Some("skip_user_status_page: false -> true")),
            (json!([setting(OMA_URI, json!("True"))]), NONE),
            (json!([]), NONE),
            (json!([setting("./Vendor/Other", json!("s3cret"))]), NONE),
        ] {
            let patch = Patch::from_stored(&held(settings.clone()), &desired);
            let changes: Vec<String> = patch.changes().iter().map(ToString::to_string).collect();
            assert_eq!(changes, shown.into_iter().collect::<Vec<_>>(), "{settings}");
        }
    }

    #[test]
    fn other_settings_are_found_and_their_values_are_not_shown() {
        let stored = held(json!([setting(OMA_URI, json!(true)), setting("./Vendor/Other", json!("s3cret"))]));
        assert_eq!(stored.settings.lint()[0].id, "skip-page.other-settings");
        assert!(!format!("{stored:?} {:?}", stored.settings.lint()).contains("s3cret"));
        assert!(held(json!([setting(OMA_URI, json!(true))])).settings.lint().is_empty());
    }

    #[test]
    fn a_configuration_of_another_type_is_no_such_policy() {
        let other = json!({ "@odata.type": "#microsoft.graph.windowsWifiConfiguration", "id": "1", "displayName": "x" });
        assert!(SkipUserStatusPage::stored_in(&from_value(other).unwrap()).is_none());
    }
}
