//! The enrollment status page.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::{PropertyRule, Quirks, same_set, same_text, settings, violations};
use super::stored::stored_enum;
use super::wire::{get, list, put, take};
use super::{
    AppSelector, CustomErrorMessage, DisplayName, EnrollmentConfigurationType, Finding, InstallTimeout,
    InvalidValue, Properties, Stored, Text,
};
use crate::model::findings::{
    ESP_APP_BY_NAME, ESP_NO_APP_SELECTED, ESP_NO_PROGRESS_SHOWN, ESP_QUALITY_UPDATES_NEED_BLOCKING,
    ESP_TOO_MANY_APPS,
};

/// The maximum number of apps that a page can wait for.
const MOST_APPS: usize = 100;

settings! {
    /// An enrollment status page, which shows the installation of apps and profiles and may block use of the device.
    ///
    /// ```
    /// use windows_autopilot::model::{BlockDeviceUse, BlockingApps, EnrollmentStatusPage};
    /// let page: EnrollmentStatusPage = toml::from_str(r#"
    ///     display_name = "Autopilot devices"
    ///     install_progress_timeout_in_minutes = 90
    ///     track_install_progress_for_autopilot_only = true
    ///
    ///     [block_device_use.until]
    ///     apps.selected = ["3f2b1c9e-0a4d-4c5e-9b7a-1d2e3f4a5b6c"]
    ///     allow_device_reset_on_install_failure = true
    /// "#)?;
    /// let BlockDeviceUse::Until(until) = &page.block_device_use else { panic!() };
    /// assert!(matches!(&until.apps, BlockingApps::Selected(apps) if apps.len() == 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// In a hybrid join, the effective timeout is 40 minutes longer than the configured one. Assign the page to device
    /// groups: its list of apps is ignored if the page is assigned to users. Its priority is set by a separate action.
    pub struct EnrollmentStatusPage = "windows10EnrollmentCompletionPageConfiguration", sends_type: true, normalize: normalize;
    required {
        /// The name of the page.
        display_name: DisplayName => PropertyRule::new("displayName");
    }
    optional {
        /// A description; none by default.
        description, with_description: Text => PropertyRule::new("description").same(same_text);
        /// The message shown after a timeout or an error; Windows' own message by default.
        custom_error_message, with_custom_error_message: CustomErrorMessage =>
            PropertyRule::new("customErrorMessage").same(same_text);
    }
    default {
        /// The ids of the scope tags. If empty, a stored page keeps its tags.
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        role_scope_tag_ids, with_role_scope_tag_ids: BTreeSet<Text> = BTreeSet::new() =>
            PropertyRule::new("roleScopeTagIds").same(same_set);
        /// Whether progress is shown; `true` by default. If `false`, the settings below have no effect and are not
        /// sent.
        show_installation_progress, with_show_installation_progress: bool = true =>
            PropertyRule::new("showInstallationProgress").together(PROGRESS);
        /// The timeout in minutes; 60 by default.
        install_progress_timeout_in_minutes, with_install_progress_timeout_in_minutes: InstallTimeout =
            InstallTimeout::default() => PropertyRule::new("installProgressTimeoutInMinutes").same(same_timeout).shown(shown_timeout);
        /// Whether users can collect logs and, on Windows 11, see the diagnostics page; `true` by default, as Microsoft
        /// recommends.
        allow_log_collection_on_install_failure, with_allow_log_collection_on_install_failure: bool = true =>
            PropertyRule::new("allowLogCollectionOnInstallFailure");
        /// Whether Windows 11 installs quality updates, which takes 20 to 40 minutes and may restart the device;
        /// `false` by default. Always sent, because pages created in the portal have it turned on.
        install_quality_updates, with_install_quality_updates: bool = false =>
            PropertyRule::new("installQualityUpdates");
        /// Whether only the selected apps can fail the technician phase of pre-provisioning; `false` by default.
        allow_non_blocking_app_installation, with_allow_non_blocking_app_installation: bool = false =>
            PropertyRule::new("allowNonBlockingAppInstallation");
    }
    odd {
        /// Whether only newly provisioned devices show the page, and only to their first user; `false` by default.
        ///
        /// Sources disagree on whether the portal's "only show page to devices provisioned by out-of-box experience" is
        /// Graph's `trackInstallProgressForAutopilotOnly` or `disableUserStatusTrackingAfterFirstUser`, so both are set
        /// to this value.
        track_install_progress_for_autopilot_only, with_track_install_progress_for_autopilot_only: bool = false;
        /// The policy for using the device before everything is installed; use is allowed by default.
        block_device_use, with_block_device_use: BlockDeviceUse = BlockDeviceUse::No;
    }
    rules {
        PropertyRule::new(RETRY).together(PROGRESS).named("block_device_use").shown(shown_block);
        PropertyRule::new(RESET)
            .together(PROGRESS)
            .named("block_device_use.until.allow_device_reset_on_install_failure");
        PropertyRule::new(USE_ANYWAY)
            .together(PROGRESS)
            .named("block_device_use.until.allow_device_use_on_install_failure");
        PropertyRule::new(APPS).together(PROGRESS).same(same_set).named("block_device_use.until.apps").shown(shown_apps);
        PropertyRule::new(AUTOPILOT_ONLY).together(AUTOPILOT_ONLY).named("track_install_progress_for_autopilot_only");
        PropertyRule::new(FIRST_USER_ONLY).together(AUTOPILOT_ONLY).named("track_install_progress_for_autopilot_only");
    }
    private {
        /// Selected apps with invalid ids.
        odd_apps: Vec<Text>;
    }
    /// The read-only properties of an enrollment status page.
    observed ObservedEnrollmentStatusPage {
        priority: i32 = "priority", "The priority: 1 comes first; the default page has 0 and comes last.";
        version: i32 = "version", "The version number.";
        /// The kind: an ordinary page or the default page.
        device_enrollment_configuration_type: EnrollmentConfigurationType =
            "deviceEnrollmentConfigurationType";
    }
}

/// The policy for using a device before everything is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockDeviceUse {
    /// The device can be used.
    #[default]
    No,
    /// The device cannot be used until the apps and profiles are installed.
    Until(BlockUntil),
}

/// The installations that block use of a device, and the user's options if one fails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BlockUntil {
    /// The apps; all required ones by default.
    pub apps: BlockingApps,
    /// Whether users can reset the device; `false` by default.
    pub allow_device_reset_on_install_failure: bool,
    /// Whether users can use the device anyway; `false` by default.
    pub allow_device_use_on_install_failure: bool,
}

/// The apps that a device waits for.
///
/// ```
/// use windows_autopilot::model::{AppSelector, BlockDeviceUse, BlockUntil, BlockingApps, EnrollmentStatusPage};
///
/// let vpn: AppSelector = "b32bb2a4-5f1c-4e6b-8a55-2c1d0e9f8a7b".parse()?;
/// let page = EnrollmentStatusPage::new("Munich".parse()?)
///     .with_block_device_use(BlockDeviceUse::Until(BlockUntil::new(BlockingApps::selected([vpn]))));
/// assert!(page.lint().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockingApps {
    /// All apps that are required on the device.
    #[default]
    All,
    /// These apps, if they are required on the device: 1 to 100, by id, or by name in a deployment's settings. The list
    /// is a filter and installs nothing. An empty list means all apps.
    Selected(BTreeSet<AppSelector>),
}

impl BlockingApps {
    /// Creates a selection of apps, by id, or by name in a deployment's settings.
    pub fn selected<A: Into<AppSelector>>(apps: impl IntoIterator<Item = A>) -> Self {
        Self::Selected(apps.into_iter().map(Into::into).collect())
    }
}

impl BlockUntil {
    /// Creates a block that lasts until these apps are installed and gives users no rights if an installation fails.
    pub fn new(apps: BlockingApps) -> Self {
        Self { apps, ..Self::default() }
    }
}

impl EnrollmentStatusPage {
    /// Reports values that break a rule, and settings that have no effect.
    pub fn lint(&self) -> Vec<Finding> {
        let message = self.custom_error_message.as_ref();
        let mut findings = violations(&[
            ("display_name", self.display_name.violation()),
            ("install_progress_timeout_in_minutes", self.install_progress_timeout_in_minutes.violation()),
            ("custom_error_message", message.and_then(CustomErrorMessage::violation)),
        ]);
        findings.extend(message.into_iter().flat_map(CustomErrorMessage::lint));
        let blocks = matches!(self.block_device_use, BlockDeviceUse::Until(_));
        if !self.show_installation_progress && (blocks || self.install_quality_updates) {
            let evidence = "the progress is not shown, so the other settings have no effect";
            findings.push(ESP_NO_PROGRESS_SHOWN.at("show_installation_progress", evidence));
        }
        if self.install_quality_updates && !blocks {
            let evidence = "quality updates are installed only by a page that blocks the use of the device";
            findings.push(ESP_QUALITY_UPDATES_NEED_BLOCKING.at("install_quality_updates", evidence));
        }
        let selected = self.selected_apps().count();
        if selected > MOST_APPS {
            findings.push(ESP_TOO_MANY_APPS.at(SELECTED, format!("has {selected} apps")));
        }
        if self.allow_non_blocking_app_installation && selected == 0 {
            let evidence = "no selected app can fail the technician phase";
            findings.push(ESP_NO_APP_SELECTED.at("allow_non_blocking_app_installation", evidence));
        }
        findings
    }

    /// Reports what a call refuses: errors, and apps selected by name, because the service accepts ids only.
    pub(crate) fn lint_for_call(&self) -> Vec<Finding> {
        let mut findings = self.lint();
        let names = self.selected_apps().filter(|app| matches!(app, AppSelector::Name(_)));
        let evidence = names.map(|name| format!("{:?} is not an id", name.to_string()));
        findings.extend(evidence.map(|evidence| ESP_APP_BY_NAME.at(SELECTED, evidence)));
        findings
    }

    fn selected_apps(&self) -> impl Iterator<Item = &AppSelector> {
        let apps = match &self.block_device_use {
            BlockDeviceUse::Until(BlockUntil { apps: BlockingApps::Selected(apps), .. }) => Some(apps),
            _ => None,
        };
        apps.into_iter().flatten()
    }
}

impl Stored<EnrollmentStatusPage> {
    /// Returns `true` for the tenant's default page, whose settings can be changed but which cannot be renamed,
    /// assigned, reprioritized or deleted.
    ///
    /// This depends on the kind or id, not on priority 0, which other pages have also had.
    pub fn is_default(&self) -> bool {
        let kind = EnrollmentConfigurationType::DefaultWindows10EnrollmentCompletionPageConfiguration;
        let by_id = self.id.as_str().rsplit_once('_').is_some_and(|(_, name)| {
            name.eq_ignore_ascii_case("DefaultWindows10EnrollmentCompletionPageConfiguration")
        });
        by_id || self.observed.device_enrollment_configuration_type == Some(kind)
    }
}

impl Quirks for EnrollmentStatusPage {
    #[inline]
    fn read_odd(&mut self, left: &mut Properties) -> Result<(), InvalidValue> {
        let autopilot_only = take(left, AUTOPILOT_ONLY)?;
        let first_user_only = take(left, FIRST_USER_ONLY)?;
        let only = autopilot_only.or(first_user_only).unwrap_or_default();
        self.track_install_progress_for_autopilot_only = only;
        if let Some(twin) = first_user_only.filter(|twin| *twin != only) {
            put(left, FIRST_USER_ONLY, twin.into());
        }
        let is_reported = get(left, RETRY).is_some();
        if take(left, RETRY)?.unwrap_or(!is_reported) {
            // The blocking settings that the page still has are kept.
            return Ok(());
        }
        let all = take::<Vec<String>>(left, APPS)?.unwrap_or_default();
        let mut apps = BTreeSet::new();
        for app in &all {
            match app.parse() {
                Ok(id) => drop(apps.insert(AppSelector::Id(id))),
                Err(_) => self.odd_apps.push(app.as_str().into()),
            }
        }
        self.block_device_use = BlockDeviceUse::Until(BlockUntil {
            apps: if all.is_empty() { BlockingApps::All } else { BlockingApps::Selected(apps) },
            allow_device_reset_on_install_failure: take(left, RESET)?.unwrap_or_default(),
            allow_device_use_on_install_failure: take(left, USE_ANYWAY)?.unwrap_or_default(),
        });
        Ok(())
    }

    #[inline]
    fn write_odd(&self, properties: &mut Properties) {
        let only = self.track_install_progress_for_autopilot_only;
        properties.insert(AUTOPILOT_ONLY, only);
        // Kept if a tenant has another value there than in its twin.
        if properties.get(FIRST_USER_ONLY).is_none() {
            properties.insert(FIRST_USER_ONLY, only);
        }
        // The one place where the portal's question meets its opposite in Graph: a page that lets the user retry the
        // setup is one that does not block.
        match &self.block_device_use {
            BlockDeviceUse::No => drop(properties.insert(RETRY, true)),
            BlockDeviceUse::Until(until) => {
                properties.insert(RETRY, false);
                properties.insert(RESET, until.allow_device_reset_on_install_failure);
                properties.insert(USE_ANYWAY, until.allow_device_use_on_install_failure);
                let apps = match &until.apps {
                    BlockingApps::All => Value::Array(Vec::new()),
                    BlockingApps::Selected(apps) => {
                        let odd = self.odd_apps.iter().map(Text::as_str);
                        let ids = apps.iter().filter_map(|app| match app {
                            AppSelector::Id(id) => Some(id.as_str()),
                            // The service takes ids: a call with a name is refused, and a deployment has found them.
                            AppSelector::Name(_) => None,
                        });
                        list(ids.chain(odd))
                    }
                };
                properties.insert(APPS, apps);
            }
        }
    }
}

/// Removes settings without effect, as other tools do: all but the names for a page that shows nothing, and blocking
/// settings for a page that does not block.
#[inline]
fn normalize(properties: &mut Properties) {
    let is = |properties: &Properties, name, flag: bool| properties.get(name) == Some(&Value::Bool(flag));
    if is(properties, "showInstallationProgress", false) {
        let names = ["displayName", "description", "roleScopeTagIds", "showInstallationProgress"];
        properties.retain(|name, _| names.contains(&name));
        properties.insert(RETRY, true);
    } else if is(properties, RETRY, true) {
        properties.retain(|name, _| ![RESET, USE_ANYWAY, APPS].contains(&name));
    }
}

stored_enum! {
    /// A stored enrollment configuration: an enrollment status page, or another kind from the same list.
    pub enum EnrollmentConfiguration {
        /// An enrollment status page, possibly the default one.
        StatusPage(EnrollmentStatusPage),
    }
}

const RETRY: &str = "blockDeviceSetupRetryByUser";
const RESET: &str = "allowDeviceResetOnInstallFailure";
const USE_ANYWAY: &str = "allowDeviceUseOnInstallFailure";
const APPS: &str = "selectedMobileAppIds";
const AUTOPILOT_ONLY: &str = "trackInstallProgressForAutopilotOnly";
const FIRST_USER_ONLY: &str = "disableUserStatusTrackingAfterFirstUser";
/// The setting with the selected apps.
const SELECTED: &str = "block_device_use.until.apps.selected";
/// The group of properties that are sent together.
const PROGRESS: &str = "progress";

/// Returns the setting, the opposite of the property: see [`Quirks::write_odd`].
fn shown_block(value: &Value) -> Value {
    value.as_bool().map_or(Value::Null, |retry| if retry { "no".into() } else { "until".into() })
}

fn shown_apps(value: &Value) -> Value {
    match value {
        Value::Array(apps) if apps.is_empty() => "all".into(),
        Value::Array(_) => serde_json::json!({ "selected": value }),
        other => other.clone(),
    }
}

fn shown_timeout(value: &Value) -> Value {
    if value.as_i64() == Some(0) { 60.into() } else { value.clone() }
}

/// Compares timeouts; the service treats 0 and null as its default.
fn same_timeout(a: &Value, b: &Value) -> bool {
    let minutes = |value: &Value| match value {
        Value::Null => Some(60),
        value => value.as_i64().map(|minutes| if minutes == 0 { 60 } else { minutes }),
    };
    minutes(a) == minutes(b)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;
    use crate::model::settings::tests::{created, ids, read, sent, wire};
    use crate::model::{Id, MobileApp, Patch, Settings};

    fn page() -> EnrollmentStatusPage {
        EnrollmentStatusPage::new("Page".parse().unwrap())
    }

    fn until(apps: &[&str]) -> BlockDeviceUse {
        let ids = apps.iter().map(|id| id.parse::<Id<MobileApp>>().unwrap());
        let apps = if apps.is_empty() { BlockingApps::All } else { BlockingApps::selected(ids) };
        BlockDeviceUse::Until(BlockUntil::new(apps))
    }

    /// Checks that the portal's Yes is Graph's false.
    #[test]
    fn blocking_is_the_opposite_of_the_flag_on_the_wire() {
        assert_eq!(wire(&page())[RETRY], json!(true));
        assert_eq!(wire(&page().with_block_device_use(until(&[])))[RETRY], json!(false));
        let block = |json| read::<EnrollmentStatusPage>(json).block_device_use;
        assert_eq!(block(json!({ RETRY: true })), BlockDeviceUse::No);
        assert_eq!(block(json!({ RETRY: false })), until(&[]));
        assert_eq!(block(json!({})), BlockDeviceUse::No, "not reported is the default");
        assert_eq!(block(json!({ RETRY: null })), until(&[]));
    }

    #[test]
    fn a_blocking_page_is_created_with_what_only_it_has_and_another_without() {
        let mut blocking = until(&["b", "a"]);
        if let BlockDeviceUse::Until(until) = &mut blocking {
            until.allow_device_reset_on_install_failure = true;
        }
        let expected = json!({
            "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
            "displayName": "Page",
            "showInstallationProgress": true,
            "installProgressTimeoutInMinutes": 60,
            "allowLogCollectionOnInstallFailure": true,
            "installQualityUpdates": false,
            "allowNonBlockingAppInstallation": false,
            "trackInstallProgressForAutopilotOnly": false,
            "disableUserStatusTrackingAfterFirstUser": false,
            "blockDeviceSetupRetryByUser": false,
            "allowDeviceResetOnInstallFailure": true,
            "allowDeviceUseOnInstallFailure": false,
            "selectedMobileAppIds": ["a", "b"],
        });
        assert_eq!(created(&page().with_block_device_use(blocking)), expected);
        let body = page().to_create_body();
        assert_eq!(body.get(RETRY), Some(&json!(true)));
        assert!([RESET, USE_ANYWAY, APPS].iter().all(|name| body.get(name).is_none()));
        let hidden = page().with_show_installation_progress(false).with_block_device_use(until(&[]));
        let expected = json!({
            "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
            "displayName": "Page",
            "showInstallationProgress": false,
            "blockDeviceSetupRetryByUser": true,
        });
        assert_eq!(created(&hidden), expected);
    }

    #[test]
    fn what_belongs_together_is_sent_together() {
        let patch = Patch::between(&page(), &page().with_block_device_use(until(&["a"])));
        let expected = ["@odata.type", RESET, USE_ANYWAY, RETRY, APPS, "showInstallationProgress"];
        assert_eq!(sent(&patch), expected);
        let patch = Patch::between(&page().with_block_device_use(until(&["a"])), &page());
        assert_eq!(sent(&patch), ["@odata.type", RETRY, "showInstallationProgress"]);
        let waiting = |apps| page().with_block_device_use(until(apps));
        let patch = Patch::between(&waiting(&["a"]), &waiting(&[]));
        assert_eq!(patch.body().get(APPS), Some(&json!([])));
        let patch = Patch::between(&page(), &page().with_description("x".into()));
        assert_eq!(sent(&patch), ["@odata.type", "description"]);
    }

    #[test]
    fn only_oobe_devices_is_written_to_both_properties() {
        let properties = page().with_track_install_progress_for_autopilot_only(true).to_properties();
        assert_eq!(properties.get(AUTOPILOT_ONLY), Some(&json!(true)));
        assert_eq!(properties.get(FIRST_USER_ONLY), Some(&json!(true)));
        let mixed: EnrollmentStatusPage = read(json!({ AUTOPILOT_ONLY: true, FIRST_USER_ONLY: false }));
        assert!(mixed.track_install_progress_for_autopilot_only);
        assert_eq!(mixed.to_properties().get(FIRST_USER_ONLY), Some(&json!(false)), "kept");
        let desired = page().with_track_install_progress_for_autopilot_only(true);
        assert_eq!(Patch::between(&mixed, &desired).body().get(FIRST_USER_ONLY), Some(&json!(true)));
        let twin: EnrollmentStatusPage = read(json!({ FIRST_USER_ONLY: true }));
        assert!(twin.track_install_progress_for_autopilot_only);
        assert!(Patch::between(&mixed, &mixed).is_empty());
    }

    #[test]
    fn what_a_page_without_effect_holds_is_kept_and_not_sent() {
        for json in [
            json!({ RETRY: true, RESET: true, USE_ANYWAY: true, APPS: ["a"], "new": 1 }),
            json!({ RETRY: false, RESET: true, USE_ANYWAY: false, APPS: ["a", "an app"] }),
            json!({ "showInstallationProgress": false, RETRY: false, RESET: true, APPS: ["a"] }),
        ] {
            let held: EnrollmentStatusPage = read(json.clone());
            let written = wire(&held);
            for (name, value) in json.as_object().unwrap() {
                assert_eq!(&written[name], value, "{name} of {json}");
            }
            assert!(Patch::between(&held, &held).is_empty());
            let touched = held.clone().with_description("x".into());
            assert_eq!(sent(&Patch::between(&held, &touched)), ["@odata.type", "description"], "{json}");
        }
    }

    #[test]
    fn a_timeout_of_0_or_null_is_the_default() {
        let mut json = wire(&page());
        for minutes in [json!(0), Value::Null, json!(60)] {
            json["installProgressTimeoutInMinutes"] = minutes;
            assert!(Patch::between(&read(json.clone()), &page()).is_empty());
        }
        json["installProgressTimeoutInMinutes"] = json!(61);
        assert!(!Patch::between(&read(json), &page()).is_empty());
    }

    #[test]
    fn a_page_of_v1_is_not_said_to_block_and_nothing_of_it_is_a_change() {
        let json = json!({
            "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration", "id": "1",
            "displayName": "Page", "description": null, "priority": 1, "version": 2,
            "createdDateTime": "2026-01-01T00:00:00Z", "lastModifiedDateTime": "2026-01-01T00:00:00Z",
        });
        let stored: Stored<EnrollmentStatusPage> = from_value(json).unwrap();
        assert_eq!(stored.settings.block_device_use, BlockDeviceUse::No);
        let patch = Patch::from_stored(&stored, &page());
        assert!(patch.is_empty(), "{patch}");
        assert!(patch.unknown().iter().any(|unknown| unknown.property == RETRY && unknown.before.is_null()));
        let patch = Patch::from_stored(&stored, &page().with_block_device_use(until(&[])));
        assert!(patch.to_string().contains("~ block_device_use: not reported -> \"until\""), "{patch}");
    }

    #[test]
    fn the_default_page_is_known_by_id_or_kind_and_not_by_priority() {
        let stored = |json: Value| from_value::<Stored<EnrollmentStatusPage>>(json).unwrap();
        let guid = "5b1e9c2a-0000-4000-8000-000000000000";
        for (id, kind, expected) in [
            (format!("{guid}_DefaultWindows10EnrollmentCompletionPageConfiguration"), None, true),
            (format!("{guid}_defaultwindows10enrollmentcompletionpageconfiguration"), None, true),
            (format!("{guid}_Windows10EnrollmentCompletionPageConfiguration"), None, false),
            (guid.to_owned(), Some("defaultWindows10EnrollmentCompletionPageConfiguration"), true),
            (guid.to_owned(), Some("windows10EnrollmentCompletionPageConfiguration"), false),
        ] {
            let json = json!({ "id": id, "priority": 0, "deviceEnrollmentConfigurationType": kind });
            let page = stored(json);
            assert_eq!((page.is_default(), page.observed.priority), (expected, Some(0)), "{id}");
        }
    }

    #[test]
    fn the_human_form_has_the_defaults_of_new_and_keeps_apps_to_a_blocking_page() {
        assert_eq!(toml::from_str::<EnrollmentStatusPage>("display_name = 'Page'").unwrap(), page());
        let apps = ["5b1e9c2a-0000-4000-8000-000000000000", "Company Portal"];
        let apps = BlockingApps::selected(apps.map(|app| app.parse::<AppSelector>().unwrap()));
        let selected = BlockDeviceUse::Until(BlockUntil::new(apps));
        for block in [until(&[]), selected, BlockDeviceUse::No] {
            let page = page().with_block_device_use(block);
            let text = toml::to_string(&page).unwrap();
            assert_eq!(toml::from_str::<EnrollmentStatusPage>(&text).unwrap(), page, "{text}");
        }
        for (line, problem) in [
            ("selected_mobile_app_ids = []", "unknown field `selected_mobile_app_ids`"),
            ("block_device_use = 'yes'", "unknown variant `yes`, expected `no` or `until`"),
            ("block_device_use = { no = { apps = 'all' } }", "expected"),
            ("block_device_use = { until = { app = 'all' } }", "unknown field `app`"),
            ("install_progress_timeout_in_minutes = 0", "is not from 1 to 1440 minutes"),
        ] {
            let text = format!("display_name = 'P'\n{line}");
            let error = toml::from_str::<EnrollmentStatusPage>(&text).unwrap_err();
            assert!(error.to_string().contains(problem), "{line}: {error}");
        }
    }

    #[test]
    fn lint_finds_settings_without_effect() {
        let ids = |page: EnrollmentStatusPage| ids(page.lint());
        assert!(ids(page()).is_empty());
        assert_eq!(ids(page().with_install_quality_updates(true)), ["esp.quality-updates-need-blocking"]);
        assert!(ids(page().with_install_quality_updates(true).with_block_device_use(until(&[]))).is_empty());
        assert_eq!(ids(page().with_allow_non_blocking_app_installation(true)), ["esp.no-app-selected"]);
        let hidden = page().with_show_installation_progress(false);
        assert!(ids(hidden.clone()).is_empty());
        assert_eq!(ids(hidden.with_block_device_use(until(&[]))), ["esp.no-progress-shown"]);
        let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(ids(page().with_block_device_use(until(&many))), ["esp.too-many-apps"]);
        assert!(ids(page().with_block_device_use(until(&many[..100]))).is_empty());
        let broken = read(json!({ "displayName": "", RETRY: true, "installProgressTimeoutInMinutes": -1 }));
        assert_eq!(ids(broken).len(), 2);
    }
}
