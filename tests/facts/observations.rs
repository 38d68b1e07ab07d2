//! What the service reports, against the facts: every property, every enum member, every example.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use windows_autopilot::model;

use crate::files;
use crate::files::{Property, Types};

/// Values of examples that are read as nothing: type, property, value, reason.
const READ_AS_NOTHING: &[(&str, &str, &str, &str)] = &[
    (
        "windowsAutopilotDeviceIdentity",
        "azureActiveDirectoryDeviceId",
        "Azure Active Directory Device Id value",
        AN_ID,
    ),
    ("windowsAutopilotDeviceIdentity", "managedDeviceId", "Managed Device Id value", AN_ID),
    (
        "importedWindowsAutopilotDeviceIdentityState",
        "deviceRegistrationId",
        "Device Registration Id value",
        AN_ID,
    ),
    ("managedDevice", "azureADDeviceId", "Azure ADDevice Id value", AN_ID),
    ("managedDevice", "userId", "User Id value", AN_ID),
    ("device", "deviceId", "00000000-0000-0000-0000-000000000000", "the all-zero GUID stands for no id"),
    ("payloadByFilter", "groupId", "Group Id value", AN_ID),
    ("alternativeSecurityId", "key", "base64Y3YxN2E1MWFlYw==", "the page's value is not base64"),
];
const AN_ID: &str = "a placeholder with spaces, which no id has";

/// Spellings of examples that are not those of the schema.
const RESPELLED: &[(&str, &str, &str)] =
    &[("device", "Manufacturer", "manufacturer"), ("device", "Model", "model")];

/// Types of which no example is there.
const WITHOUT_EXAMPLE: &[&str] = &["directoryObject"];

struct Model {
    properties: &'static [&'static str],
    round_trip: fn(&Value) -> Result<Value, serde_json::Error>,
}

fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) -> Result<Value, serde_json::Error> {
    // By way of text, as it comes from the service.
    serde_json::to_value(serde_json::from_str::<T>(&value.to_string())?)
}

/// The models by the names of their types.
fn models() -> BTreeMap<&'static str, Model> {
    macro_rules! models {
        ($($name:ident),+ $(,)?) => {
            [$((
                model::$name::WIRE_TYPE,
                Model { properties: model::$name::PROPERTIES, round_trip: round_trip::<model::$name> },
            )),+]
        };
    }
    models![
        AlternativeSecurityId,
        AssignmentFilter,
        AutopilotEvent,
        Connector,
        Device,
        DirectoryDevice,
        DirectoryObject,
        ExtensionAttributes,
        FilterPayload,
        ImportState,
        ImportUpload,
        ImportedDevice,
        ManagedDevice,
        MobileApp,
        PayloadLink,
        PolicyStatusDetail,
        SyncSettings,
        User,
    ]
    .into()
}

/// The members of the modeled enums by the names of their types.
fn enums() -> BTreeMap<&'static str, &'static [&'static str]> {
    macro_rules! enums {
        ($($name:ident),+ $(,)?) => { [$((model::$name::WIRE_TYPE, model::$name::MEMBERS)),+] };
    }
    enums![
        ApplicabilityRuleType,
        AssignmentFilterEvaluationMode,
        AssignmentFilterManagementType,
        AssignmentFilterType,
        AssignmentIntent,
        AssignmentPayloadType,
        AssignmentSource,
        AutopilotEnrollmentType,
        ComplianceState,
        ConnectorState,
        DeploymentState,
        DeviceEnrollmentType,
        DevicePlatform,
        DeviceRegistrationState,
        DeviceType,
        DeviceUsageType,
        EnrollmentConfigurationType,
        EnrollmentState,
        ImportStatus,
        ImportUploadStatus,
        JoinType,
        ManagedDeviceOwnerType,
        ManagementAgentType,
        ManagementState,
        OwnerType,
        PolicyComplianceStatus,
        PolicyScope,
        PolicyType,
        ProfileAssignmentDetailedStatus,
        ProfileAssignmentStatus,
        RemediationState,
        SyncStatus,
        UserType,
        UserlessEnrollmentStatus,
        WindowsDeviceMode,
        WindowsEdition,
    ]
    .into()
}

#[test]
fn every_property_is_modeled_and_reads_and_writes_its_values() {
    for version in ["beta", "v1.0"] {
        let Some(types) = Types::load(version) else { return };
        for (name, model) in models() {
            for property in types.properties(name) {
                let Property { name: property, ty, collection, .. } = property;
                assert!(model.properties.contains(&property.as_str()), "{version} {name}.{property}");
                for sample in types.samples(&ty) {
                    let value = if collection { json!([sample]) } else { sample };
                    let mut object = json!({ "id": "1" });
                    object[&property] = value.clone();
                    let written = (model.round_trip)(&object)
                        .unwrap_or_else(|error| panic!("{version} {name}.{property} = {value}: {error}"));
                    let written = written.get(&property).unwrap_or(&Value::Null);
                    compare(&ty, &value, written, &format!("{version} {name}.{property}"));
                }
            }
        }
    }
}

#[test]
fn no_property_is_modeled_that_the_service_does_not_have() {
    let Some(types) = Types::load("beta") else { return };
    for (name, model) in models().into_iter().filter(|(name, _)| !types.is_subset(name)) {
        let known: BTreeSet<String> = types.properties(name).into_iter().map(|p| p.name).collect();
        for property in model.properties {
            assert!(known.contains(*property), "{name}.{property}");
        }
    }
}

#[test]
fn every_enum_and_every_member_is_known_in_the_order_of_the_service() {
    let Some(beta) = files::json("graph/types-beta.json") else { return };
    let members = |found: &Value| -> Vec<String> {
        let members = found["members"].as_array().unwrap();
        members.iter().map(|m| m["member"].as_str().unwrap().to_owned()).collect()
    };
    let modeled = enums();
    for (name, found) in beta["enums"].as_object().unwrap() {
        assert_eq!(modeled.get(name.as_str()).unwrap_or_else(|| panic!("{name}")), &members(found), "{name}");
    }
    let v1 = files::json("graph/types-v1.0.json").unwrap();
    for (name, found) in v1["enums"].as_object().unwrap() {
        for member in members(found) {
            assert!(modeled[name.as_str()].contains(&member.as_str()), "v1.0 {name}.{member}");
        }
    }
}

#[test]
fn every_example_is_read_and_written_with_the_same_values() {
    let Some(examples) = files::examples() else { return };
    let mut check = Check {
        types: Types::load("beta").unwrap(),
        models: models(),
        seen: BTreeSet::new(),
        unused: READ_AS_NOTHING.iter().map(|(ty, property, ..)| (*ty, *property)).collect(),
    };
    for example in &examples {
        for object in objects(&example.content["body"]) {
            let Some(name) = type_of(object, example) else { continue };
            let mut sent = object.clone();
            // Requests have no id yet, and some pages leave it out of a response.
            sent.entry("id").or_insert_with(|| json!("left-out"));
            let place = format!("{}: {name}", example.file);
            let written = (check.models[name].round_trip)(&sent.into());
            check.object(name, object, &written.unwrap_or_else(|error| panic!("{place}: {error}")), &place);
        }
    }
    let missing: Vec<_> = check.models.into_keys().filter(|name| !check.seen.contains(*name)).collect();
    assert_eq!(missing, WITHOUT_EXAMPLE);
    assert_eq!(check.unused, BTreeSet::new(), "exceptions that no example needs");
}

/// The object that a body is, or those that it wraps.
fn objects(body: &Value) -> Vec<&Map<String, Value>> {
    let wrapped = body.get("value").or_else(|| body.get("importedWindowsAutopilotDeviceIdentities"));
    match wrapped.unwrap_or(body) {
        Value::Object(object) => vec![object],
        Value::Array(list) => list.iter().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    }
}

/// The modeled type of an example's object: as it says, else as its path says.
fn type_of(object: &Map<String, Value>, example: &files::Example) -> Option<&'static str> {
    let said = match object.get("@odata.type").and_then(Value::as_str) {
        Some(said) => said.trim_start_matches('#').trim_start_matches("microsoft.graph."),
        None if example.text("path").starts_with("/devices") => "device",
        None if example.text("path").starts_with("/users/") || example.text("path") == "/me" => "user",
        None => return None,
    };
    models().into_keys().find(|name| *name == said)
}

struct Check {
    types: Types,
    models: BTreeMap<&'static str, Model>,
    /// The types of which an example was found.
    seen: BTreeSet<String>,
    /// The exceptions that were not needed yet.
    unused: BTreeSet<(&'static str, &'static str)>,
}

impl Check {
    /// Compares an example's object of a modeled type with what was written after reading it.
    fn object(&mut self, name: &str, object: &Map<String, Value>, written: &Value, place: &str) {
        self.seen.insert(name.to_owned());
        let properties = self.types.properties(name);
        for (given, value) in object {
            let respelled = RESPELLED.iter().find(|(ty, from, _)| (*ty, *from) == (name, given.as_str()));
            let spelled = respelled.map_or(given.as_str(), |(.., to)| to);
            // Annotations, and what older or newer versions have.
            let Some(property) = properties.iter().find(|known| known.name == spelled) else { continue };
            let place = format!("{place}.{given}");
            let nothing =
                READ_AS_NOTHING.iter().find(|(t, p, v, _)| (*t, *p) == (name, given) && *value == *v);
            if let Some((ty, property, ..)) = nothing {
                self.unused.remove(&(*ty, *property));
            }
            let expected = if nothing.is_some() { &Value::Null } else { value };
            self.value(&property.ty, expected, written.get(spelled).unwrap_or(&Value::Null), &place);
        }
    }

    fn value(&mut self, ty: &str, value: &Value, written: &Value, place: &str) {
        match value {
            Value::Array(list) => {
                assert_eq!(written.as_array().map(Vec::len), Some(list.len()), "{place}");
                for (item, written) in list.iter().zip(written.as_array().unwrap()) {
                    self.value(ty, item, written, place);
                }
            }
            Value::Object(object) if self.models.contains_key(ty) => {
                assert!(written.is_object(), "{place}");
                self.object(ty, object, written, place);
            }
            _ => compare(ty, value, written, place),
        }
    }
}

/// Whether what was written says the same as what was read.
fn compare(ty: &str, read: &Value, written: &Value, place: &str) {
    fn parse<T: std::str::FromStr>(value: &Value) -> Option<T> {
        value.as_str()?.parse().ok()
    }
    match ty {
        _ if read.is_null() || read == "" => assert_eq!(written, &Value::Null, "{place}"),
        "Edm.DateTimeOffset" => {
            let time: Option<Timestamp> = parse(read);
            assert!(time.is_some() && parse(written) == time, "{place}: {read} became {written}");
        }
        "Edm.Duration" => {
            let duration: Option<SignedDuration> = parse(read);
            assert!(duration.is_some() && parse(written) == duration, "{place}: {read} became {written}");
        }
        _ => assert_eq!(written, read, "{place} of type {ty}"),
    }
}
