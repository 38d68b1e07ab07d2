//! Settings and what goes with them, against the facts: every property, every rule about it, every example.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use windows_autopilot::model::{
    Assignment, AssignmentFilter, AssignmentFilterType, BlockDeviceUse, BlockUntil, BlockingApps,
    CustomErrorMessage, DeploymentMode, DeploymentProfile, DeviceConfiguration, DomainJoinProfile,
    EnrollmentConfiguration, EnrollmentStatusPage, EntraJoinProfile, FilterPayload, Group, GroupReference,
    HybridJoinProfile, MailNickname, MdmPolicy, Membership, MembershipRule, ProfileDescription, ProfileName,
    PropertyRule, Settings, Stored, Target, TargetKind, UserType, WriteMode,
};

use crate::files;
use crate::files::{Example, Property, Types};

/// What every stored object has beside its settings.
const OF_STORED: [&str; 3] = ["id", "createdDateTime", "lastModifiedDateTime"];

/// Properties of the facts that no rule names: type, property, reason.
const NOT_MODELED: &[(&str, &str, &str)] =
    &[("group", "deletedDateTime", "a deleted group is in another list, which this crate does not read")];

/// Longest lengths of the facts that no checked type has: type, property, reason.
const NOT_LIMITED: &[(&str, &str, &str)] =
    &[("group", "displayName", "found by lint: the type of the name is shared")];

/// Properties that are not documented as read-only and are never sent: type, property, reason.
const NOT_SENT: &[(&str, &str, &str)] = &[
    (PROFILE, "enrollmentStatusScreenSettings", "the enrollment status page from before it was a policy"),
    (PROFILE, "managementServiceAppId", "refused in an update, and to be left unset"),
    (PAGE, "priority", "set by an action"),
    (PAGE, "version", "kept by the service"),
    (PAGE, "deviceEnrollmentConfigurationType", "follows from the type"),
    (DOMAIN_JOIN, "version", "kept by the service"),
    ("group", "isAssignableToRole", "such groups cannot be dynamic; not what this crate is for"),
    ("group", "visibility", "of groups with mail"),
];

const PROFILE: &str = "windowsAutopilotDeploymentProfile";
const HYBRID: &str = "activeDirectoryWindowsAutopilotDeploymentProfile";
const ENTRA: &str = "azureADWindowsAutopilotDeploymentProfile";
const PAGE: &str = "windows10EnrollmentCompletionPageConfiguration";
const DOMAIN_JOIN: &str = "windowsDomainJoinConfiguration";

/// The settings, each with everything set that can be, so that all it knows is written.
struct Modeled {
    name: &'static str,
    rules: &'static [PropertyRule],
    full: Value,
    plain: Value,
}

fn modeled<T: Settings>(full: &T, plain: &T) -> Modeled {
    Modeled {
        name: T::ODATA_TYPE.trim_start_matches("#microsoft.graph."),
        rules: T::RULES,
        full: full.to_properties().into(),
        plain: plain.to_properties().into(),
    }
}

fn settings() -> Vec<Modeled> {
    let rule = json!({
        "display_name": "x", "active_directory_domain_name": "contoso.com", "computer_name_static_prefix": "A",
        "organizational_unit": "OU=A,DC=contoso,DC=com", "role_scope_tag_ids": ["0"], "description": "x",
        "applicability_rule_os_edition": { "name": "x", "os_edition_types": [], "rule_type": "include" },
        "applicability_rule_os_version": { "name": "x", "rule_type": "include" },
        "applicability_rule_device_mode": { "device_mode": "standardConfiguration", "rule_type": "include" },
    });
    let hybrid = HybridJoinProfile::new("x".parse().unwrap());
    let entra = EntraJoinProfile::new("x".parse().unwrap())
        .with_deployment_mode(DeploymentMode::UserDriven(UserType::Standard));
    let page = EnrollmentStatusPage::new("x".parse().unwrap());
    let blocking =
        page.clone().with_block_device_use(BlockDeviceUse::Until(BlockUntil::new(BlockingApps::All)));
    let join: DomainJoinProfile = serde_json::from_value(rule).unwrap();
    let plain_join =
        DomainJoinProfile::new("x".parse().unwrap(), "contoso.com".parse().unwrap(), "A".parse().unwrap());
    let group = Group::new("x".parse().unwrap());
    let dynamic = group.clone().with_membership(Membership::dynamic(MembershipRule::all_autopilot_devices()));
    let tags = || std::iter::once("0".into()).collect();
    vec![
        modeled(&hybrid.clone().with_role_scope_tag_ids(tags()), &hybrid),
        modeled(&entra.clone().with_role_scope_tag_ids(tags()), &entra),
        modeled(&blocking.with_role_scope_tag_ids(tags()), &page),
        modeled(&join, &plain_join),
        modeled(&dynamic, &group),
    ]
}

fn excepted(exceptions: &[(&str, &str, &str)], name: &str, property: &str) -> bool {
    let of = |ty: &str| ty == name || (ty == PROFILE && [HYBRID, ENTRA].contains(&name));
    exceptions.iter().any(|(ty, excepted, _)| of(ty) && *excepted == property)
}

#[test]
fn every_property_has_a_rule_and_every_rule_a_property() {
    for version in ["beta", "v1.0"] {
        let Some(types) = Types::load(version) else { return };
        for settings in settings().iter().filter(|settings| types.find(settings.name).is_some()) {
            let known: BTreeSet<String> =
                types.properties(settings.name).into_iter().map(|p| p.name).collect();
            for property in &known {
                let modeled = settings.rules.iter().any(|rule| rule.name == property)
                    || OF_STORED.contains(&property.as_str())
                    || excepted(NOT_MODELED, settings.name, property);
                assert!(modeled, "{version} {}.{property}", settings.name);
            }
            if version == "beta" {
                for rule in settings.rules {
                    assert!(known.contains(rule.name), "{}.{}", settings.name, rule.name);
                }
            }
        }
    }
    // The profile of v1.0 is abstract and has the names of beta that are not old.
    let Some(v1) = Types::load("v1.0") else { return };
    for property in v1.properties(PROFILE) {
        let rule = HybridJoinProfile::RULES.iter().find(|rule| rule.name == property.name);
        assert!(
            OF_STORED.contains(&property.name.as_str())
                || rule.is_some_and(|rule| rule.write != WriteMode::OldName),
            "{}",
            property.name
        );
    }
}

#[test]
fn every_exception_is_needed() {
    let Some(types) = Types::load("beta") else { return };
    let settings = settings();
    for (exceptions, with_rule) in [(NOT_MODELED, false), (NOT_LIMITED, true), (NOT_SENT, true)] {
        for (ty, property, _) in exceptions {
            let facts = types.properties(ty).into_iter().find(|known| known.name == *property);
            assert!(facts.is_some(), "{ty}.{property} is not in the facts");
            let of_type = |name: &str| name == *ty || (*ty == PROFILE && name == HYBRID);
            let rules = settings.iter().find(|settings| of_type(settings.name)).unwrap().rules;
            assert_eq!(rules.iter().any(|rule| rule.name == *property), with_rule, "{ty}.{property}");
        }
    }
}

#[test]
fn every_property_that_is_sent_is_written_and_no_other_is() {
    for settings in settings() {
        let written: BTreeSet<&str> = settings.full.as_object().unwrap().keys().map(String::as_str).collect();
        let sent = |rule: &&PropertyRule| {
            matches!(rule.write, WriteMode::Always | WriteMode::ReadBack | WriteMode::OnCreate)
        };
        let sent: BTreeSet<&str> = settings.rules.iter().filter(sent).map(|rule| rule.name).collect();
        assert_eq!(written, sent, "{}", settings.name);
    }
}

#[test]
fn what_the_facts_call_read_only_or_renamed_is_never_sent_and_the_rest_is() {
    let Some(types) = Types::load("beta") else { return };
    for settings in settings() {
        for Property { name, facts, .. } in types.properties(settings.name) {
            let Some(rule) = settings.rules.iter().find(|rule| rule.name == name) else { continue };
            let place = format!("{}.{name}", settings.name);
            if facts["docDeprecatedUse"].is_string() {
                assert_eq!(rule.write, WriteMode::OldName, "{place}");
            } else {
                let is_sent =
                    matches!(rule.write, WriteMode::Always | WriteMode::ReadBack | WriteMode::OnCreate);
                let may_be_sent = facts["docReadOnly"] != true && !excepted(NOT_SENT, settings.name, &name);
                assert_eq!(is_sent, may_be_sent, "{place}");
            }
        }
    }
}

#[test]
fn what_cannot_be_null_is_never_written_as_null() {
    let Some(types) = Types::load("beta") else { return };
    for settings in settings() {
        for Property { name, facts, .. } in types.properties(settings.name) {
            if facts["nullable"] == false {
                assert_ne!(settings.plain.get(&name), Some(&Value::Null), "{}.{name}", settings.name);
            }
        }
    }
}

#[test]
fn the_members_of_objects_are_those_of_the_facts() {
    let Some(types) = Types::load("beta") else { return };
    let settings = settings();
    let mut checked = BTreeSet::new();
    for modeled in &settings {
        for Property { name, ty, .. } in types.properties(modeled.name) {
            let Some(members) = modeled.full.get(&name).and_then(Value::as_object) else { continue };
            let written: BTreeSet<&str> = members.keys().map(String::as_str).collect();
            let known = types.properties(&ty);
            let known: BTreeSet<&str> = known.iter().map(|property| property.name.as_str()).collect();
            assert_eq!(written, known, "{}.{name}", modeled.name);
            checked.insert(ty);
        }
    }
    assert_eq!(
        checked.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "deviceManagementApplicabilityRuleDeviceMode",
            "deviceManagementApplicabilityRuleOsEdition",
            "deviceManagementApplicabilityRuleOsVersion",
            "outOfBoxExperienceSetting",
        ]
    );
}

#[test]
fn every_longest_length_of_the_facts_is_the_one_that_is_checked() {
    let Some(types) = Types::load("beta") else { return };
    let fits = |name: &str, property: &str, text: &str| match (name, property) {
        (HYBRID | ENTRA, "displayName") => text.parse::<ProfileName>().is_ok(),
        (HYBRID | ENTRA, "description") => text.parse::<ProfileDescription>().is_ok(),
        (PAGE, "customErrorMessage") => text.parse::<CustomErrorMessage>().is_ok(),
        ("group", "mailNickname") => text.parse::<MailNickname>().is_ok(),
        _ => panic!("{name}.{property} is not checked"),
    };
    let mut count = 0;
    for settings in settings() {
        for Property { name, facts, .. } in types.properties(settings.name) {
            let Some(longest) = facts["docMaxLength"].as_u64() else { continue };
            if excepted(NOT_LIMITED, settings.name, &name) {
                continue;
            }
            let longest = usize::try_from(longest).unwrap();
            assert!(fits(settings.name, &name, &"x".repeat(longest)), "{}.{name}", settings.name);
            assert!(!fits(settings.name, &name, &"x".repeat(longest + 1)), "{}.{name}", settings.name);
            count += 1;
        }
    }
    assert_eq!(count, 6);
}

#[test]
fn every_target_and_its_filter_is_read_and_written() {
    let Some(types) = Types::load("beta") else { return };
    let base = "deviceAndAppManagementAssignmentTarget";
    let mut kinds = 0;
    for name in [
        "allDevicesAssignmentTarget",
        "allLicensedUsersAssignmentTarget",
        "groupAssignmentTarget",
        "exclusionGroupAssignmentTarget",
        "configurationManagerCollectionAssignmentTarget",
    ] {
        assert!(types.find(name).is_some(), "{name}");
        let mut json = json!({ "@odata.type": format!("#microsoft.graph.{name}") });
        for property in types.properties(name) {
            json[&property.name] = match property.ty.as_str() {
                "Edm.String" => json!("7"),
                ty => types.samples(ty)[1].clone(),
            };
        }
        let target: Target = serde_json::from_value(json.clone()).unwrap();
        assert!(!matches!(target.kind, TargetKind::Unknown(_)), "{name}");
        assert_eq!(target.filter.as_ref().unwrap().filter_type, AssignmentFilterType::Include);
        assert_eq!(serde_json::to_value(&target).unwrap(), json);
        kinds += 1;
    }
    let all = files::json("graph/types-beta.json").unwrap();
    let targets = all["types"].as_array().unwrap().iter().filter(|ty| {
        let mut base_of = Some(*ty);
        while let Some(found) = base_of {
            if found["name"] == base {
                return true;
            }
            base_of = found["baseType"].as_str().and_then(|name| types.find(name));
        }
        false
    });
    assert_eq!(targets.count(), kinds + 1, "a kind of target is missing");
}

#[test]
fn every_property_of_assignments_filters_and_policies_is_modeled() {
    let documented_only: BTreeSet<&str> =
        ["isMdmEnrollmentDuringRegistrationDisabled", "includedGroups"].into();
    for version in ["beta", "v1.0"] {
        let Some(types) = Types::load(version) else { return };
        for (name, properties) in [
            ("windowsAutopilotDeploymentProfileAssignment", Assignment::PROPERTIES),
            ("enrollmentConfigurationAssignment", Assignment::PROPERTIES),
            (Assignment::WIRE_TYPE, Assignment::PROPERTIES),
            (AssignmentFilter::WIRE_TYPE, AssignmentFilter::PROPERTIES),
            (FilterPayload::WIRE_TYPE, FilterPayload::PROPERTIES),
            (MdmPolicy::WIRE_TYPE, MdmPolicy::PROPERTIES),
        ] {
            for Property { name: property, .. } in types.properties(name) {
                assert!(properties.contains(&property.as_str()), "{version} {name}.{property}");
            }
        }
        for property in GroupReference::PROPERTIES {
            assert!(
                types.properties("group").iter().any(|known| known.name == *property),
                "group.{property}"
            );
        }
        for property in MdmPolicy::PROPERTIES {
            assert!(
                !documented_only.contains(property),
                "{property} can be selected only if the metadata has it"
            );
        }
    }
}

#[test]
fn every_example_is_read_and_what_can_be_sent_survives() {
    let Some(examples) = files::examples() else { return };
    let mut seen = BTreeMap::<&str, usize>::new();
    for example in &examples {
        for object in objects(&example.content["body"]) {
            let Some((name, round_trip)) = model_of(object, example) else { continue };
            let mut sent = object.clone();
            // Requests have no id yet.
            sent["id"] = sent.get("id").cloned().unwrap_or_else(|| json!("left-out"));
            let place = format!("{}: {name}", example.file);
            let written = round_trip(&sent).unwrap_or_else(|error| panic!("{place}: {error}"));
            *seen.entry(name).or_default() += 1;
            for (property, value) in object.as_object().unwrap() {
                compare(property, value, &written, &place);
            }
            // What is written is read again as the same.
            assert_eq!(round_trip(&written).unwrap(), written, "{place}");
        }
    }
    let seen: Vec<&str> = seen.into_keys().collect();
    assert_eq!(
        seen,
        [
            "assignment",
            "assignmentFilter",
            "deviceConfiguration",
            "enrollmentConfiguration",
            "group",
            "mobilityManagementPolicy",
            "profile"
        ]
    );
}

type RoundTrip = fn(&Value) -> Result<Value, serde_json::Error>;

fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_str::<T>(&value.to_string())?)
}

/// The model of an example's object: by its type, or its path.
fn model_of(object: &Value, example: &Example) -> Option<(&'static str, RoundTrip)> {
    let said = object.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    let said = said.trim_start_matches('#').trim_start_matches("microsoft.graph.");
    let path = example.text("path");
    Some(match said {
        HYBRID | ENTRA => ("profile", round_trip::<DeploymentProfile>),
        PAGE => ("enrollmentConfiguration", round_trip::<EnrollmentConfiguration>),
        DOMAIN_JOIN => ("deviceConfiguration", round_trip::<DeviceConfiguration>),
        "windowsAutopilotDeploymentProfileAssignment"
        | "enrollmentConfigurationAssignment"
        | "deviceConfigurationAssignment" => ("assignment", round_trip::<Assignment>),
        "deviceAndAppManagementAssignmentFilter" => ("assignmentFilter", round_trip::<AssignmentFilter>),
        "mobilityManagementPolicy" => ("mobilityManagementPolicy", round_trip::<MdmPolicy>),
        "" if path.starts_with("/deviceManagement/deviceConfigurations") => {
            ("deviceConfiguration", round_trip::<DeviceConfiguration>)
        }
        "" if path.starts_with("/groups") && object.get("displayName").is_some() => {
            ("group", round_trip::<Stored<Group>>)
        }
        _ => return None,
    })
}

/// The objects of a body: itself, or what it wraps.
fn objects(body: &Value) -> Vec<&Value> {
    let lists = ["value", "assignments", "enrollmentConfigurationAssignments"];
    let found: Vec<&Value> = lists.iter().filter_map(|list| body.get(list)).collect();
    let found = if found.is_empty() { vec![body] } else { found };
    let items = found.into_iter().flat_map(|found| match found {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    });
    items.filter(|object| object.is_object()).collect()
}

/// Old names with their new ones.
const RENAMED: [(&str, &str); 10] = [
    ("language", "locale"),
    ("extractHardwareHash", "hardwareHashExtractionEnabled"),
    ("enableWhiteGlove", "preprovisioningAllowed"),
    ("outOfBoxExperienceSettings", "outOfBoxExperienceSetting"),
    ("hidePrivacySettings", "privacySettingsHidden"),
    ("hideEULA", "eulaHidden"),
    ("skipKeyboardSelectionPage", "keyboardSelectionPageSkipped"),
    ("hideEscapeLink", "escapeLinkHidden"),
    // Not renamed, but in the object that is.
    ("userType", "userType"),
    ("deviceUsageType", "deviceUsageType"),
];

/// Whether a property that was read is written with the same meaning.
fn compare(property: &str, read: &Value, written: &Value, place: &str) {
    // Annotations belong to the answer; those in requests bind members, which have calls of their own.
    if property.contains('@') {
        return;
    }
    let renamed = RENAMED.iter().find(|(old, _)| *old == property).map_or(property, |(_, new)| new);
    let found = written.get(renamed).unwrap_or(&Value::Null);
    let place = format!("{place}.{property}");
    match read {
        // Both dialects are in the newer examples, and the new name has a value of its own.
        Value::String(text) if text == "Language value" => assert!(found.is_string(), "{place}"),
        Value::Object(members) => {
            assert!(found.is_object(), "{place}");
            for (name, value) in members {
                compare(name, value, found, &place);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            assert_eq!(items.len(), found.as_array().unwrap().len(), "{place}");
            for (item, found) in items.iter().zip(found.as_array().unwrap()) {
                for (name, value) in item.as_object().unwrap() {
                    compare(name, value, found, &place);
                }
            }
        }
        // Ids of the documentation have spaces, which no id has.
        Value::String(text) if text == "Group Id value" => assert!(found.is_null(), "{place}"),
        Value::String(text) if property.ends_with("DateTime") => {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(found.as_str().unwrap().parse::<Timestamp>().unwrap(), time, "{place}");
        }
        Value::Null => assert!(found.is_null() || found == "" || found == false, "{place}: {found}"),
        _ => assert_eq!(found, read, "{place}"),
    }
}
