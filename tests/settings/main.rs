//! Laws that hold for all settings, for every tenant and every wish.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use windows_autopilot::model::{
    BlockDeviceUse, BlockUntil, BlockingApps, DeploymentMode, DeviceModeRule, DomainJoinProfile,
    EnrollmentStatusPage, EntraJoinProfile, Group, HybridJoinProfile, Id, InstallTimeout, Locale, Membership,
    MembershipRule, MobileApp, Patch, Properties, Settings, Stored, Text, UserType, WriteMode,
};

/// What a property of a tenant's object may be.
fn value_of(name: &'static str) -> BoxedStrategy<Value> {
    let text = |texts: &'static [&'static str]| {
        prop_oneof![1 => Just(Value::Null), 4 => proptest::sample::select(texts).prop_map(Value::from)]
            .boxed()
    };
    let texts = |texts: &'static [&'static str]| {
        let lists = proptest::sample::subsequence(texts, 0..=texts.len()).prop_shuffle();
        prop_oneof![1 => Just(Value::Null), 4 => lists.prop_map(Value::from)].boxed()
    };
    match name {
        "displayName" => text(&["a", "b", "", "OfflineAutopilotprofile-1"]),
        "description" | "customErrorMessage" => text(&["", "x", "y"]),
        "locale" | "language" => text(&["", "os-default", "de-DE", "de-de", "fr", "Language value"]),
        "deviceNameTemplate" => text(&["", "A-%SERIAL%", "%RAND:3%", "none"]),
        "deviceType" => text(&["windowsPc", "holoLens", "new"]),
        "userType" => text(&["administrator", "standard", "new"]),
        "deviceUsageType" => text(&["singleUser", "shared", "new"]),
        "managementServiceAppId" => text(&["7"]),
        "activeDirectoryDomainName" => text(&["contoso.com", "CONTOSO.com", "corp.contoso.com", "CONTOSO"]),
        "computerNameStaticPrefix" => text(&["A", "BER-", "%SERIAL%", ""]),
        "organizationalUnit" => text(&[
            "",
            "OU=A,DC=contoso,DC=com",
            "ou=a,dc=contoso,dc=com",
            "CN=Computers,DC=contoso,DC=com",
            "\"x\"",
        ]),
        "mailNickname" => text(&["a", "a b", ""]),
        "membershipRule" => text(&[
            "",
            r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:a"))"#,
            r#"(device.devicePhysicalIDs -any (_ -eq "[OrderID]:a"))"#,
            "nonsense",
        ]),
        "membershipRuleProcessingState" => text(&["On", "Paused", "new"]),
        "roleScopeTagIds" => texts(&["0", "1", "2"]),
        "selectedMobileAppIds" => texts(&["a", "b", "c", "an app"]),
        "groupTypes" => texts(&["DynamicMembership", "Unified"]),
        "osEditionTypes" => texts(&["windows10Professional", "new"]),
        "installProgressTimeoutInMinutes" => {
            prop_oneof![Just(Value::Null), (-1_i32..100).prop_map(Value::from)].boxed()
        }
        "computerNameSuffixRandomCharCount" => {
            prop_oneof![Just(Value::Null), (-1_i32..16).prop_map(Value::from)].boxed()
        }
        "outOfBoxExperienceSetting" => object(&[
            "privacySettingsHidden",
            "eulaHidden",
            "keyboardSelectionPageSkipped",
            "escapeLinkHidden",
            "userType",
            "deviceUsageType",
            "new",
        ]),
        "outOfBoxExperienceSettings" => object(&[
            "hidePrivacySettings",
            "hideEULA",
            "skipKeyboardSelectionPage",
            "hideEscapeLink",
            "userType",
            "deviceUsageType",
        ]),
        "deviceManagementApplicabilityRuleOsEdition" => {
            object(&["name", "osEditionTypes", "ruleType", "new"])
        }
        "deviceManagementApplicabilityRuleOsVersion" => {
            object(&["name", "minOSVersion", "maxOSVersion", "ruleType"])
        }
        "deviceManagementApplicabilityRuleDeviceMode" => object(&["name", "deviceMode", "ruleType"]),
        "enrollmentStatusScreenSettings" => object(&["hideInstallationProgress"]),
        "name" | "minOSVersion" | "maxOSVersion" => text(&["", "10.0"]),
        "ruleType" => text(&["include", "exclude", "new"]),
        "deviceMode" => text(&["standardConfiguration", "new"]),
        "new" | "version" | "priority" => {
            prop_oneof![Just(json!(1)), Just(json!(2)), Just(Value::Null)].boxed()
        }
        _ => prop_oneof![1 => Just(Value::Null), 4 => any::<bool>().prop_map(Value::from)].boxed(),
    }
}

/// An object with some of the properties.
fn object(names: &'static [&'static str]) -> BoxedStrategy<Value> {
    let members: Vec<_> =
        names.iter().map(|name| (Just(*name), value_of(name), prop::bool::weighted(0.8))).collect();
    let there = members.prop_map(|members| {
        let there = members.into_iter().filter(|(.., there)| *there);
        Value::Object(there.map(|(name, value, _)| (name.to_owned(), value)).collect())
    });
    prop_oneof![1 => Just(Value::Null), 4 => there].boxed()
}

/// What a tenant may hold of an object of this type, less what the service decides about it.
fn held<T: Settings + Debug>() -> BoxedStrategy<Properties> {
    let names = T::RULES.iter().filter(|rule| rule.write != WriteMode::Observed).map(|rule| rule.name);
    let members: Vec<_> =
        names.chain(["new"]).map(|name| (Just(name), value_of(name), prop::bool::weighted(0.8))).collect();
    members
        .prop_map(|members| {
            let mut properties = Properties::new();
            for (name, value, there) in members {
                if there {
                    properties.insert(name, value);
                }
            }
            properties
        })
        .boxed()
}

fn read<T: Settings>(properties: &Properties) -> T {
    T::from_properties(properties.clone()).unwrap()
}

/// The new names of which the service also has an old one, which follows.
const RENAMED: [(&str, &str); 4] = [
    ("locale", "language"),
    ("hardwareHashExtractionEnabled", "extractHardwareHash"),
    ("preprovisioningAllowed", "enableWhiteGlove"),
    ("outOfBoxExperienceSetting", "outOfBoxExperienceSettings"),
];

/// The service, which answers some values in another form than it was sent.
fn apply(held: &Properties, patch: &Patch, odd: bool) -> Properties {
    let mut held = held.clone();
    for (name, value) in patch.body().iter().filter(|(name, _)| *name != "@odata.type") {
        let answered = match (name, value) {
            ("locale", Value::String(text)) if odd && text.is_empty() => json!("os-default"),
            ("locale", Value::String(text)) if odd && text == "os-default" => Value::Null,
            ("description" | "customErrorMessage", Value::Null) if odd => json!(""),
            ("deviceNameTemplate", Value::String(text)) if odd && text.is_empty() => Value::Null,
            ("organizationalUnit", Value::String(text)) if odd => json!(text.to_lowercase()),
            (_, Value::Array(items)) if odd => items.iter().rev().cloned().collect(),
            _ => value.clone(),
        };
        held.insert(name, answered);
        for (_, old) in RENAMED.iter().filter(|(new, _)| *new == name) {
            held.remove(old);
        }
    }
    held
}

/// A second run right after the first has nothing to send, and the first sends only what may be sent.
fn converges<T: Settings + Clone + PartialEq + Debug>(held: &Properties, desired: &T, odd: bool) {
    let current: T = read(held);
    let patch = Patch::between(&current, desired);
    for (name, _) in patch.body().iter().filter(|(name, _)| *name != "@odata.type") {
        let rule = T::RULES.iter().find(|rule| rule.name == name).unwrap();
        assert!(matches!(rule.write, WriteMode::Always | WriteMode::ReadBack), "{name}");
    }
    assert_eq!(patch.is_empty(), patch.body().is_empty());
    let after = apply(held, &patch, odd);
    let again = Patch::between(&read::<T>(&after), desired);
    assert!(again.is_empty(), "{held:?}\nfirst:\n{patch}\nsecond:\n{again}");
    let text = serde_json::to_string(&patch).unwrap();
    assert_eq!(serde_json::from_str::<Patch>(&text).unwrap(), patch);
}

/// Reading keeps all that is there, and what is read is no change to itself.
fn reads_without_loss<T: Settings + Clone + PartialEq + Debug>(held: &Properties) {
    let settings: T = read(held);
    let written = settings.to_properties();
    assert_eq!(read::<T>(&written), settings, "{written:?}");
    for (name, value) in held.iter() {
        let rule = T::RULES.iter().find(|rule| rule.name == name);
        if rule.is_some_and(|rule| rule.write == WriteMode::OldName) {
            continue;
        }
        let same = rule.map_or(PartialEq::eq as fn(&Value, &Value) -> bool, |rule| rule.same);
        let kept = written.get(name).unwrap_or(&Value::Null);
        // What is left out is written as the value that it stands for.
        assert!(
            same(kept, value) || *value == Value::Null || stands_for(value, kept),
            "{name}: {value} became {kept}"
        );
    }
    let patch = Patch::between(&settings, &settings);
    assert!(patch.is_empty() && patch.create_only().is_empty(), "{patch}");
}

/// Whether every member of an object is kept.
fn stands_for(held: &Value, kept: &Value) -> bool {
    let empty = Map::new();
    let kept = kept.as_object().unwrap_or(&empty);
    held.as_object().is_some_and(|held| {
        held.iter().all(|(name, value)| {
            let same = kept.get(name) == Some(value);
            same || value.is_null()
                || (value == "" && kept.get(name).is_none_or(|kept| kept.is_null() || kept == ""))
        })
    })
}

/// Takes the values at some paths out of an answer.
fn without(answer: &Value, paths: &BTreeSet<&'static str>) -> Value {
    let mut answer = answer.clone();
    for path in paths {
        let (object, member) = path.split_once('.').unwrap_or((path, ""));
        let properties = answer.as_object_mut().unwrap();
        if member.is_empty() {
            properties.remove(object);
        } else if let Some(members) = properties.get_mut(object).and_then(Value::as_object_mut) {
            members.remove(member);
        }
    }
    answer
}

/// The paths that an answer may leave out.
fn paths<T: Settings>() -> Vec<&'static str> {
    let decided = |write| matches!(write, WriteMode::Always | WriteMode::ReadBack | WriteMode::OnCreate);
    T::RULES.iter().filter(|rule| decided(rule.write)).map(|rule| rule.path).collect()
}

/// What is taken out of an answer is not reported, and nothing about it is made up: what is read holds the default, a wish
/// for the default is unknown, and a wish for anything else is a change that says what it does not know.
fn invents_nothing<T>(settings: &T, absent: &BTreeSet<&'static str>)
where
    T: Settings + Clone + PartialEq + Debug,
{
    let mut whole = Value::from(settings.to_properties());
    whole["id"] = json!("1");
    for rule in T::RULES.iter().filter(|rule| paths::<T>().contains(&rule.path)) {
        // The service writes null for what it has no value for.
        if rule.path == rule.name && whole.get(rule.name).is_none() {
            whole[rule.name] = Value::Null;
        }
    }
    let complete: Stored<T> = serde_json::from_value(whole.clone()).unwrap();
    let stored: Stored<T> = serde_json::from_value(without(&whole, absent)).unwrap();
    let mut unreported = complete.unreported.clone();
    unreported.extend(absent.iter().filter(|path| !complete.unreported.contains(path)));
    assert_eq!(BTreeSet::from_iter(&stored.unreported), BTreeSet::from_iter(&unreported));
    let written = serde_json::to_value(&stored).unwrap();
    assert_eq!(serde_json::from_value::<Stored<T>>(written).unwrap(), stored, "it stays unreported");

    // What was read, as a wish: nothing differs, and everything that it names and that was not reported is unknown.
    let patch = Patch::from_stored(&stored, &stored.settings);
    assert!(patch.is_empty() && patch.create_only().is_empty(), "{patch}");

    // The wish that the answer was made from.
    let patch = Patch::from_stored(&stored, settings);
    for change in patch.changes() {
        assert!(change.unreported && absent.contains(&*change.property), "{change} of {absent:?}");
        assert!(change.before.is_null());
    }
    assert!(patch.create_only().iter().all(|change| !change.unreported), "{patch}");
    let mut wish = settings.to_properties();
    T::normalize(&mut wish);
    let held = stored.settings.to_properties();
    for rule in T::RULES.iter().filter(|rule| absent.contains(rule.path)) {
        let at = |properties: &Properties| {
            let (name, member) = rule.path.split_once('.').unwrap_or((rule.path, ""));
            let value = properties.get(name)?;
            if member.is_empty() { Some(value.clone()) } else { value.get(member).cloned() }
        };
        let Some(wanted) = at(&wish) else { continue };
        let is_of = |change: &windows_autopilot::model::PropertyChange| change.property == rule.path;
        let differs = !(rule.same)(&at(&held).unwrap_or_default(), &wanted);
        let is_unknown = patch.unknown().iter().any(is_of);
        assert_ne!(patch.changes().iter().any(is_of), is_unknown, "{} is one of the two: {patch}", rule.path);
        if !differs {
            assert!(is_unknown, "{}: {patch}", rule.path);
        } else if rule.write == WriteMode::OnCreate {
            assert!(is_unknown, "{} cannot be sent: {patch}", rule.path);
        }
    }
    // Nothing is sent for what is unknown alone.
    assert_eq!(patch.is_empty(), patch.body().is_empty());
    let sent: BTreeSet<&str> =
        patch.changes().iter().filter_map(|change| change.property.split('.').next()).collect();
    for (name, _) in patch.body().iter().filter(|(name, _)| *name != "@odata.type") {
        let groups =
            |name: &str| T::RULES.iter().find(|rule| rule.name == name).and_then(|rule| rule.together);
        let is_due = sent.contains(name)
            || groups(name).is_some_and(|group| sent.iter().any(|other| groups(other) == Some(group)));
        assert!(is_due, "{name}: {patch}");
    }
}

fn locale() -> BoxedStrategy<Locale> {
    prop_oneof![Just(Locale::OsDefault), Just(Locale::UserSelect), Just(Locale::language("de-DE").unwrap())]
        .boxed()
}

fn tags() -> BoxedStrategy<BTreeSet<Text>> {
    proptest::sample::subsequence(vec!["0", "1"], 0..=2)
        .prop_map(|tags| tags.into_iter().map(Text::from).collect())
        .boxed()
}

fn hybrid() -> impl Strategy<Value = HybridJoinProfile> {
    (any::<[bool; 7]>(), locale(), tags(), any::<bool>()).prop_map(|(flags, locale, tags, described)| {
        let mut profile = HybridJoinProfile::new("a".parse().unwrap())
            .with_locale(locale)
            .with_role_scope_tag_ids(tags)
            .with_hardware_hash_extraction_enabled(flags[0])
            .with_preprovisioning_allowed(flags[1])
            .with_skip_connectivity_check(flags[2])
            .with_eula_hidden(flags[3])
            .with_keyboard_selection_page_skipped(flags[4])
            .with_escape_link_hidden(flags[5])
            .with_user_type(if flags[6] { UserType::Administrator } else { UserType::Standard });
        profile.description = described.then(|| "x".parse().unwrap());
        profile
    })
}

fn entra() -> impl Strategy<Value = EntraJoinProfile> {
    let modes = [
        DeploymentMode::SelfDeploying,
        DeploymentMode::UserDriven(UserType::Standard),
        DeploymentMode::UserDriven(UserType::Administrator),
    ];
    (any::<[bool; 2]>(), locale(), tags(), proptest::sample::select(modes.to_vec())).prop_map(
        |(flags, locale, tags, mode)| {
            let mut profile = EntraJoinProfile::new("a".parse().unwrap())
                .with_locale(locale)
                .with_role_scope_tag_ids(tags)
                .with_deployment_mode(mode)
                .with_eula_hidden(flags[0]);
            profile.device_name_template = flags[1].then(|| "A-%SERIAL%".parse().unwrap());
            profile
        },
    )
}

/// Ids as the service has them: other text is the name of an app.
const APPS: &[&str] = &["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];

fn page() -> impl Strategy<Value = EnrollmentStatusPage> {
    let block = prop_oneof![
        Just(BlockDeviceUse::No),
        (proptest::sample::subsequence(APPS, 0..=2), any::<bool>()).prop_map(|(apps, reset)| {
            let apps: Vec<Id<MobileApp>> = apps.into_iter().map(|app| app.parse().unwrap()).collect();
            let apps = if apps.is_empty() { BlockingApps::All } else { BlockingApps::selected(apps) };
            let mut until = BlockUntil::new(apps);
            until.allow_device_reset_on_install_failure = reset;
            BlockDeviceUse::Until(until)
        }),
    ];
    (any::<[bool; 6]>(), block, 1_u16..100, tags()).prop_map(|(flags, block, minutes, tags)| {
        let mut page = EnrollmentStatusPage::new("a".parse().unwrap())
            .with_show_installation_progress(flags[0])
            .with_install_quality_updates(flags[1])
            .with_track_install_progress_for_autopilot_only(flags[2])
            .with_allow_non_blocking_app_installation(flags[3])
            .with_allow_log_collection_on_install_failure(flags[4])
            .with_block_device_use(block)
            .with_install_progress_timeout_in_minutes(InstallTimeout::from_minutes(minutes).unwrap())
            .with_role_scope_tag_ids(tags);
        page.custom_error_message = flags[5].then(|| "x".parse().unwrap());
        page
    })
}

fn domain_join() -> impl Strategy<Value = DomainJoinProfile> {
    (any::<[bool; 4]>(), tags()).prop_map(|(flags, tags)| {
        let prefix = if flags[0] { "A" } else { "BER-" };
        let mut profile = DomainJoinProfile::new(
            "a".parse().unwrap(),
            "contoso.com".parse().unwrap(),
            prefix.parse().unwrap(),
        )
        .with_role_scope_tag_ids(tags);
        profile.organizational_unit = flags[1].then(|| "OU=A,DC=contoso,DC=com".parse().unwrap());
        profile.description = flags[2].then(|| "x".into());
        let rule = json!({ "device_mode": "standardConfiguration", "rule_type": "include" });
        profile.applicability_rule_device_mode =
            flags[3].then(|| serde_json::from_value::<DeviceModeRule>(rule).unwrap());
        profile
    })
}

fn group() -> impl Strategy<Value = Group> {
    any::<[bool; 3]>().prop_map(|flags| {
        let mut group = Group::new("a".parse().unwrap());
        group.description = flags[0].then(|| "x".into());
        if flags[1] {
            let tag = if flags[2] { "a" } else { "b" };
            group.membership = Membership::dynamic(MembershipRule::group_tag(tag).unwrap());
        }
        group
    })
}

macro_rules! laws {
    ($($name:ident: $type:ty, $fresh:expr;)+) => { $(
        mod $name {
            use super::*;

            proptest! {
                #[test]
                fn what_a_tenant_holds_is_read_without_loss(held in held::<$type>()) {
                    reads_without_loss::<$type>(&held);
                }

                #[test]
                fn a_second_run_has_nothing_to_send(held in held::<$type>(), desired in $fresh, odd: bool) {
                    converges(&held, &desired, odd);
                }

                #[test]
                fn a_second_run_has_nothing_to_send_whatever_is_wished(
                    held in held::<$type>(), other in held::<$type>(), odd: bool
                ) {
                    converges::<$type>(&held, &read(&other), odd);
                }

                #[test]
                fn what_is_written_for_people_is_read_again(settings in $fresh) {
                    let text = toml::to_string(&settings).unwrap();
                    prop_assert_eq!(toml::from_str::<$type>(&text).unwrap(), settings, "{}", text);
                }

                #[test]
                fn what_is_created_is_what_was_wished(settings in $fresh) {
                    let created: $type = read(&settings.to_create_body());
                    prop_assert!(Patch::between(&created, &settings).is_empty());
                    prop_assert!(settings.to_create_body().iter().all(|(_, value)| !value.is_null()));
                }

                #[test]
                fn what_an_answer_leaves_out_is_not_made_up(
                    settings in $fresh,
                    absent in proptest::sample::subsequence(paths::<$type>(), 0..=paths::<$type>().len()),
                ) {
                    invents_nothing(&settings, &absent.into_iter().collect());
                }

                #[test]
                fn no_json_makes_reading_panic(
                    name in proptest::sample::select(<$type>::RULES.iter().map(|rule| rule.name).collect::<Vec<_>>()),
                    value in proptest::sample::select(vec![
                        json!(1), json!(-1), json!(1e300), json!("x"), json!([1, null]), json!({ "a": [] }), json!(true),
                    ]),
                ) {
                    let json = json!({ "id": "1", name: value });
                    if let Ok(stored) = serde_json::from_value::<Stored<$type>>(json.clone()) {
                        let written = serde_json::to_value(&stored).unwrap();
                        prop_assert_eq!(serde_json::from_value::<Stored<$type>>(written).unwrap(), stored);
                    }
                }
            }
        }
    )+ };
}

laws! {
    hybrid_join_profile: HybridJoinProfile, hybrid();
    entra_join_profile: EntraJoinProfile, entra();
    enrollment_status_page: EnrollmentStatusPage, page();
    domain_join_profile: DomainJoinProfile, domain_join();
    security_group: Group, group();
}

#[test]
fn a_page_without_progress_is_written_with_its_names_and_scope_tags_alone() {
    let page = EnrollmentStatusPage::new("Page".parse().unwrap())
        .with_description("For kiosks".into())
        .with_show_installation_progress(false)
        .with_install_quality_updates(true)
        .with_role_scope_tag_ids(BTreeSet::from(["1", "2"].map(Text::from)));
    let body = serde_json::to_value(page.to_create_body()).unwrap();
    assert_eq!(
        body,
        json!({
            "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
            "displayName": "Page",
            "description": "For kiosks",
            "roleScopeTagIds": ["1", "2"],
            "showInstallationProgress": false,
            "blockDeviceSetupRetryByUser": true,
        })
    );
}
