//! Tests of both kinds of profile.

use serde_json::{Value, from_value, json, to_value};

use super::common::OOBE as NEW_OOBE;
use super::*;
use crate::model::settings::tests::{created, ids, read, sent, wire};
use crate::model::settings::{Settings, WriteMode};
use crate::model::{Locale, Patch, Stored, UserType};

fn hybrid(json: Value) -> HybridJoinProfile {
    read(json)
}

fn contoso() -> HybridJoinProfile {
    HybridJoinProfile::new("Contoso".parse().unwrap())
}

fn old_dialect() -> Value {
    json!({
        "displayName": "Contoso",
        "language": "de-DE",
        "extractHardwareHash": true,
        "enableWhiteGlove": true,
        "outOfBoxExperienceSettings": {
            "@odata.type": "microsoft.graph.outOfBoxExperienceSettings",
            "hidePrivacySettings": true, "hideEULA": false, "skipKeyboardSelectionPage": true,
            "hideEscapeLink": false, "userType": "standard", "deviceUsageType": "singleUser",
        },
    })
}

fn new_dialect() -> Value {
    json!({
        "displayName": "Contoso",
        "locale": "de-DE",
        "hardwareHashExtractionEnabled": true,
        "preprovisioningAllowed": true,
        "outOfBoxExperienceSetting": {
            "privacySettingsHidden": true, "eulaHidden": false, "keyboardSelectionPageSkipped": true,
            "escapeLinkHidden": false, "userType": "standard", "deviceUsageType": "singleUser",
        },
    })
}

#[test]
fn both_dialects_are_read_the_new_one_wins_and_it_alone_is_written() {
    let expected = contoso()
        .with_locale(Locale::language("de-DE").unwrap())
        .with_hardware_hash_extraction_enabled(true)
        .with_preprovisioning_allowed(true)
        .with_eula_hidden(false)
        .with_keyboard_selection_page_skipped(true)
        .with_escape_link_hidden(false);
    assert_eq!(hybrid(old_dialect()), expected);
    assert_eq!(hybrid(new_dialect()), expected);

    let mut both = old_dialect();
    both["language"] = json!("fr-FR");
    both["extractHardwareHash"] = json!(false);
    both["enableWhiteGlove"] = json!(false);
    both["outOfBoxExperienceSettings"]["hideEULA"] = json!(true);
    both.as_object_mut().unwrap().extend(new_dialect().as_object().unwrap().clone());
    assert_eq!(hybrid(both.clone()), expected);
    for name in ["locale", "hardwareHashExtractionEnabled", "preprovisioningAllowed", NEW_OOBE] {
        both[name] = Value::Null;
    }
    assert_eq!(hybrid(both).locale, Locale::language("fr-FR").unwrap());

    let written = expected.to_properties();
    let old = HybridJoinProfile::RULES.iter().filter(|rule| rule.write == WriteMode::OldName);
    assert_eq!(old.filter(|rule| written.get(rule.name).is_some()).count(), 0);
}

#[test]
fn a_new_hybrid_profile_is_user_driven_without_a_template_and_has_no_null_in_its_body() {
    let expected = json!({
        "@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
        "displayName": "Contoso",
        "locale": "os-default",
        "hardwareHashExtractionEnabled": false,
        "preprovisioningAllowed": false,
        "hybridAzureADJoinSkipConnectivityCheck": false,
        "deviceNameTemplate": "",
        "deviceType": "windowsPc",
        "outOfBoxExperienceSetting": {
            "privacySettingsHidden": true, "eulaHidden": true, "keyboardSelectionPageSkipped": false,
            "escapeLinkHidden": true, "userType": "standard", "deviceUsageType": "singleUser",
        },
    });
    assert_eq!(created(&contoso()), expected);
}

#[test]
fn what_a_hybrid_profile_cannot_express_is_kept_until_a_wish_made_here_replaces_it() {
    let mut json = new_dialect();
    json["deviceNameTemplate"] = json!("LT-%SERIAL%");
    json["deviceType"] = json!("holoLens");
    json["managementServiceAppId"] = json!("7");
    json["enrollmentStatusScreenSettings"] = json!({ "hideInstallationProgress": true });
    json["newProperty"] = json!([1]);
    json[NEW_OOBE]["deviceUsageType"] = json!("shared");
    json[NEW_OOBE]["newMember"] = json!(1);
    let held = hybrid(json.clone());
    let written = wire(&held);
    for (name, value) in json.as_object().unwrap() {
        assert_eq!(&written[name], value, "{name}");
    }
    assert_eq!(ids(held.lint()), ["profile.hybrid-not-user-driven", "profile.hybrid-name-template"]);

    let touched = held.clone().with_description("x".parse().unwrap());
    assert_eq!(sent(&Patch::between(&held, &touched)), ["@odata.type", "description"]);

    let patch = Patch::between(&held, &contoso());
    assert_eq!(patch.body().get("deviceNameTemplate"), Some(&json!("")));
    let oobe = patch.body().get(NEW_OOBE).unwrap();
    assert_eq!((&oobe["deviceUsageType"], &oobe["newMember"]), (&json!("singleUser"), &json!(1)));
    assert_eq!(patch.create_only().len(), 1);
    assert_eq!(patch.create_only()[0].property, "deviceType");
    for never in ["deviceType", "managementServiceAppId", "enrollmentStatusScreenSettings", "newProperty"] {
        assert_eq!(patch.body().get(never), None, "{never}");
    }
}

#[test]
fn a_change_of_one_flag_sends_its_object_whole_and_names_the_flag() {
    let patch = Patch::between(&contoso(), &contoso().with_eula_hidden(false));
    assert_eq!(patch.to_string(), "~ eula_hidden: true -> false");
    assert_eq!(patch.body().get(NEW_OOBE).unwrap().as_object().unwrap().len(), 6);
}

#[test]
fn what_the_service_does_not_tell_apart_is_no_change() {
    let mut json = wire(&contoso());
    json["deviceNameTemplate"] = json!("");
    json["description"] = json!("");
    for locale in ["os-default", ""] {
        json["locale"] = json!(locale);
        assert!(Patch::between(&hybrid(json.clone()), &contoso()).is_empty());
    }
    json["locale"] = Value::Null;
    json["deviceNameTemplate"] = Value::Null;
    assert!(Patch::between(&hybrid(json.clone()), &contoso().with_locale(Locale::UserSelect)).is_empty());
    json["locale"] = json!("de-de");
    let german = contoso().with_locale(Locale::language("de-DE").unwrap());
    assert!(Patch::between(&hybrid(json.clone()), &german).is_empty());
    let patch = Patch::between(&hybrid(json), &contoso().with_locale(Locale::UserSelect));
    assert_eq!(patch.body().get("locale"), Some(&json!("")));
}

#[test]
fn the_connectivity_check_is_read_back() {
    let patch = Patch::between(&contoso(), &contoso().with_skip_connectivity_check(true));
    assert!(patch.changes()[0].read_back && !patch.is_empty());
}

#[test]
fn scope_tags_that_are_not_named_are_left_alone() {
    let mut json = new_dialect();
    json["roleScopeTagIds"] = json!(["1", "0"]);
    let held = hybrid(json);
    let mut desired = held.clone();
    desired.role_scope_tag_ids.clear();
    assert!(Patch::between(&held, &desired).is_empty());
    desired.role_scope_tag_ids = ["0".into(), "2".into()].into();
    assert_eq!(Patch::between(&held, &desired).body().get("roleScopeTagIds"), Some(&json!(["0", "2"])));
}

#[test]
fn a_self_deploying_profile_never_sends_a_user_type_and_needs_none() {
    let kiosk =
        EntraJoinProfile::new("Kiosk".parse().unwrap()).with_deployment_mode(DeploymentMode::SelfDeploying);
    let body = kiosk.to_create_body();
    let oobe = body.get(NEW_OOBE).unwrap();
    assert_eq!((oobe.get("userType"), &oobe["deviceUsageType"]), (None, &json!("shared")));

    // What the documentation's examples hold.
    let mut json = new_dialect();
    json[NEW_OOBE]["deviceUsageType"] = json!("shared");
    let held: EntraJoinProfile = read(json.clone());
    assert_eq!(held.deployment_mode, DeploymentMode::SelfDeploying);
    assert_eq!(wire(&held)[NEW_OOBE], json[NEW_OOBE]);
    let mut desired = held.clone();
    desired.eula_hidden = true;
    let patch = Patch::between(&held, &desired);
    assert_eq!(patch.body().get(NEW_OOBE).unwrap().get("userType"), None);
    desired.deployment_mode = DeploymentMode::UserDriven(UserType::Administrator);
    let patch = Patch::between(&held, &desired);
    assert_eq!(patch.body().get(NEW_OOBE).unwrap()["userType"], json!("administrator"));
}

#[test]
fn a_mode_of_tomorrow_is_kept() {
    let mut json = new_dialect();
    json[NEW_OOBE]["deviceUsageType"] = json!("new");
    let held: EntraJoinProfile = read(json.clone());
    assert!(matches!(&held.deployment_mode, DeploymentMode::Other(mode) if mode.as_str() == "new"));
    assert_eq!(wire(&held)[NEW_OOBE], json[NEW_OOBE]);
}

#[test]
fn a_cleared_template_and_description_are_sent_as_the_service_takes_them() {
    let plain = EntraJoinProfile::new("Contoso".parse().unwrap());
    let full = plain
        .clone()
        .with_device_name_template("LT-%SERIAL%".parse().unwrap())
        .with_description("x".parse().unwrap());
    let patch = Patch::between(&full, &plain);
    assert_eq!(patch.body().get("deviceNameTemplate"), Some(&json!("")));
    assert_eq!(patch.body().get("description"), Some(&Value::Null));
}

#[test]
fn a_profile_is_told_by_its_type_and_another_is_kept_whole() {
    let read = |kind: &str| {
        let mut json = new_dialect();
        json["id"] = json!("1");
        json["@odata.type"] = json!(kind);
        (json.clone(), from_value::<DeploymentProfile>(json).unwrap())
    };
    let (_, profile) = read("#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile");
    assert!(matches!(profile, DeploymentProfile::Hybrid(Stored { .. })));
    let (_, profile) = read("microsoft.graph.azureADWindowsAutopilotDeploymentProfile");
    assert!(matches!(profile, DeploymentProfile::Entra(_)));
    let (json, profile) = read("#microsoft.graph.newProfile");
    assert!(matches!(profile, DeploymentProfile::Unknown(_)));
    assert_eq!((profile.id(), profile.display_name()), (Some("1"), Some("Contoso")));
    assert_eq!(to_value(profile).unwrap(), json);
}

#[test]
fn the_human_form_is_strict_and_has_the_defaults_of_new() {
    let profile: HybridJoinProfile = toml::from_str("display_name = 'Contoso'").unwrap();
    assert_eq!(profile, contoso());
    let text = toml::to_string(&contoso()).unwrap();
    assert_eq!(toml::from_str::<HybridJoinProfile>(&text).unwrap(), contoso());
    let entra: EntraJoinProfile = toml::from_str("display_name = 'Contoso'").unwrap();
    assert_eq!(entra, EntraJoinProfile::new("Contoso".parse().unwrap()));
    let text = "display_name = 'Contoso'\ndeployment_mode = { user_driven = 'administrator' }";
    let admin: EntraJoinProfile = toml::from_str(text).unwrap();
    assert_eq!(admin.deployment_mode, DeploymentMode::UserDriven(UserType::Administrator));

    for (line, expected) in [
        ("device_name_template = 'A-%SERIAL%'", "unknown field"),
        ("device_usage_type = 'shared'", "unknown field"),
        ("user_type = 'admin'", "write one of administrator, standard"),
        ("locale = 'de_DE'", "language"),
        ("kept = {}", "unknown field"),
    ] {
        let error =
            toml::from_str::<HybridJoinProfile>(&format!("display_name = 'Contoso'\n{line}")).unwrap_err();
        assert!(error.to_string().contains(expected), "{line}: {error}");
    }
    let slip = "display_name = 'Contoso'\ndeployment_mode = { user_driven = 'administrater' }";
    let error = toml::from_str::<EntraJoinProfile>(slip).unwrap_err().to_string();
    assert!(error.contains("did you mean \"administrator\"?"), "{error}");
}

#[test]
fn lint_finds_names_that_break_rules_and_a_keyboard_without_a_language() {
    let mut profile = hybrid(json!({ "displayName": "x".repeat(201), "locale": "Language value" }));
    profile.keyboard_selection_page_skipped = true;
    let found: Vec<_> = profile.lint().into_iter().map(|finding| (finding.id, finding.place)).collect();
    let invalid = |place: &str| ("settings.invalid-value".into(), place.to_owned());
    assert_eq!(found, [invalid("display_name"), invalid("locale")]);
    profile = contoso().with_keyboard_selection_page_skipped(true);
    assert_eq!(profile.lint()[0].id, "profile.keyboard-without-language");
    assert!(contoso().lint().is_empty());
}
