//! The simulated tenant against the facts: every operation in its versions, with its permissions; every type.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::files;
use bytes::Bytes;
use serde_json::{Value, json};
use windows_autopilot::clock::FakeClock;
use windows_autopilot::sim::{self, Quirks, Tenant, TenantBuilder};
use windows_autopilot::transport::Transport;

/// Not in the metadata read, but on the policy, as other tools have it.
const BEYOND: &str = "isMdmEnrollmentDuringRegistrationDisabled";

/// Documented, but not in the service.
fn is_dead(id: &str) -> bool {
    id.starts_with("autopilotImportUploads.") || id == "autopilotDevices.deleteDevices"
}

fn tenant(build: impl FnOnce(TenantBuilder) -> TenantBuilder) -> Tenant {
    build(Tenant::builder().with_clock(Arc::new(FakeClock::new()))).build()
}

/// The path of an operation with something in place of each parameter.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str("11111111-2222-3333-4444-555555555555");
        rest = after.split_once('}').unwrap().1;
    }
    filled + rest
}

async fn call(tenant: &Tenant, token: &str, version: &str, operation: &Value) -> (u16, String) {
    let uri = format!("https://graph.microsoft.com/{version}{}", filled(operation["path"].as_str().unwrap()));
    let request = http::Request::builder()
        .method(operation["method"].as_str().unwrap())
        .uri(uri)
        .header("authorization", format!("Bearer {token}"))
        .header("consistencylevel", "eventual")
        .header("content-type", "application/json")
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    let response = tenant.send(request).await.unwrap();
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}

fn is_missing(answer: &(u16, String)) -> bool {
    answer.0 == 400 && answer.1.contains("Resource not found for the segment")
}

#[tokio::test]
async fn every_operation_is_answered_in_its_versions_and_in_no_other() {
    let Some(operations) = files::json("graph/operations.json") else { return };
    let tenant = tenant(|builder| builder.with_delegated_callers());
    let mut wrong = Vec::new();
    for operation in operations["operations"].as_array().unwrap() {
        let id = operation["id"].as_str().unwrap();
        let versions: Vec<&str> =
            operation["versions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for version in ["v1.0", "beta"] {
            let answer = call(&tenant, "any", version, operation).await;
            let expected = versions.contains(&version) && !is_dead(id);
            let found = !is_missing(&answer) && answer.0 != 405;
            if found != expected || answer.0 >= 500 {
                wrong.push(format!("{id} in {version}: {} {}", answer.0, answer.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_operation_asks_for_its_permissions() {
    let Some(operations) = files::json("graph/operations.json") else { return };
    let mut wrong = Vec::new();
    let nobody = tenant(|builder| builder.with_permissions::<&str>([]));
    for operation in operations["operations"].as_array().unwrap() {
        let id = operation["id"].as_str().unwrap();
        if is_dead(id) || id == "batch" {
            continue;
        }
        for (kind, delegated) in [("application", false), ("delegated", true)] {
            let token = |of: &Tenant| if delegated { of.delegated_token() } else { of.app_token() };
            let refused = call(&nobody, &token(&nobody), "beta", operation).await;
            if refused.0 != 403 {
                wrong.push(format!("{id} with no {kind} permission: {} {}", refused.0, refused.1));
            }
            let accepted: Vec<&str> = operation["permissions"][kind]["accepted"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            // A device joins a group by both of its permissions together.
            let sets: Vec<Vec<&str>> = match id {
                "groups.members.addRef" => vec![accepted],
                _ => accepted.into_iter().map(|one| vec![one]).collect(),
            };
            for set in sets {
                let somebody = tenant(|builder| builder.with_permissions(set.clone()));
                let answer = call(&somebody, &token(&somebody), "beta", operation).await;
                let forbidden =
                    answer.0 == 403 && answer.1.contains("rivileges") || answer.1.contains("not authorized");
                if forbidden {
                    wrong.push(format!("{id} with {kind} {set:?}: {} {}", answer.0, answer.1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_type_property_and_enum_member_is_known() {
    for (file, beta) in [("graph/types-beta.json", true), ("graph/types-v1.0.json", false)] {
        let Some(facts) = files::json(file) else { return };
        let known = sim::metadata(beta);
        let mut wrong = Vec::new();
        for of in facts["types"].as_array().unwrap() {
            let name = of["name"].as_str().unwrap();
            let Some(here) = known["types"].get(name) else {
                wrong.push(format!("{name} is not known"));
                continue;
            };
            if here["baseType"] != of["baseType"] || here["abstract"] != of["abstract"] {
                wrong.push(format!("{name}: {} {}", here["baseType"], here["abstract"]));
            }
            let properties = of["properties"].as_array().unwrap();
            for property in properties {
                let property_name = property["name"].as_str().unwrap();
                let here = &here["properties"][property_name];
                let same = here["type"] == property["type"]
                    && here["collection"] == property["collection"]
                    && (property["nullable"].is_null() || here["nullable"] == property["nullable"]);
                if !same {
                    wrong.push(format!("{name}.{property_name}: {here} is not {property}"));
                }
            }
            for link in of["navigation"].as_array().into_iter().flatten() {
                if !here["navigation"].as_array().unwrap().contains(&link["name"]) {
                    wrong.push(format!("{name} has no link {}", link["name"]));
                }
            }
            let complete = of["subset"] != true;
            for (extra, _) in here["properties"].as_object().unwrap() {
                let listed = properties.iter().any(|property| property["name"] == extra.as_str());
                if complete && !listed && extra != BEYOND {
                    wrong.push(format!("{name}.{extra} is in no facts"));
                }
            }
        }
        for (name, of) in facts["enums"].as_object().unwrap() {
            let members: Vec<&Value> =
                of["members"].as_array().unwrap().iter().map(|member| &member["member"]).collect();
            let here: Vec<&Value> = known["enums"][name].as_array().into_iter().flatten().collect();
            let missing = members.iter().any(|member| !here.contains(member));
            if missing || members.len() != here.len() {
                wrong.push(format!("{name}: {here:?} is not {members:?}"));
            }
        }
        for name in facts["absent"].as_array().unwrap() {
            if known["types"].get(name.as_str().unwrap()).is_some() {
                wrong.push(format!("{name} is not in this version"));
            }
        }
        assert!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
    }
}

/// Properties of examples that the service no longer has.
const GONE: &[&str] = &[
    "orderIdentifier",
    "devicePreparationDuration",
    "targetedAppCount",
    "targetedPolicyCount",
    "organizationalUnitId",
    "assignmentConflictSetting",
];

/// Types that only examples have.
const UNKNOWN_TYPES: &[&str] = &[
    "organizationalUnitAssignmentTarget",
    "organizationalUnitAssignmentConflictSetting",
    "deletedWindowsAutopilotDeviceState",
    "mimeContent",
    "configurationManagerClientEnabledFeatures",
    "deviceHealthAttestationState",
    "deviceActionResult",
];

/// Checks every object with a type in a body; gives the names that its type does not have.
fn check_object(known: &Value, body: &Value, wrong: &mut Vec<String>) {
    match body {
        Value::Array(items) => items.iter().for_each(|item| check_object(known, item, wrong)),
        Value::Object(object) => {
            let name = object.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
            let name = name.trim_start_matches('#').trim_start_matches("microsoft.graph.");
            if !name.is_empty() && !UNKNOWN_TYPES.contains(&name) {
                let line =
                    || std::iter::successors(Some(name), |of| known["types"][*of]["baseType"].as_str());
                let has = |property: &str| {
                    line().any(|of| {
                        let of = &known["types"][of];
                        let others = of["others"].as_array();
                        of["properties"].get(property).is_some()
                            || others
                                .is_some_and(|all| all.iter().any(|other| other == property || other == "*"))
                    })
                };
                if known["types"].get(name).is_none() {
                    wrong.push(format!("type {name}"));
                } else {
                    let names =
                        object.keys().filter(|key| !key.contains('@') && !GONE.contains(&key.as_str()));
                    wrong.extend(names.filter(|key| !has(key)).map(|key| format!("{name}.{key}")));
                }
            }
            object.values().for_each(|value| check_object(known, value, wrong));
        }
        _ => {}
    }
}

#[test]
fn everything_that_an_example_names_is_known() {
    let Some(examples) = files::examples() else { return };
    let mut wrong = Vec::new();
    for example in &examples {
        let known = sim::metadata(example.text("version") == "beta");
        let mut found = Vec::new();
        check_object(&known, &example.content["body"], &mut found);
        wrong.extend(found.into_iter().map(|name| format!("{}: {name}", example.file)));
    }
    assert!(examples.len() > 80 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Stands for the refusal of a profile under its old names, which depends on a quirk.
const OLD_NAMES: &str = "";

/// Requests of examples that the service does not take as they stand, and what is wrong with them.
const REFUSED: [(&str, u16, &str); 16] = [
    ("beta.intune-deviceconfig-deviceconfigurationassignment-create", 400, "Cannot create an abstract class"),
    ("v1.0.intune-deviceconfig-deviceconfigurationassignment-create", 400, "Cannot create an abstract class"),
    (
        "beta.intune-onboarding-enrollmentconfigurationassignment-create",
        400,
        "Cannot create an abstract class",
    ),
    (
        "v1.0.intune-onboarding-enrollmentconfigurationassignment-create",
        400,
        "Cannot create an abstract class",
    ),
    ("beta.intune-shared-deviceconfiguration-assign", 400, "Cannot create an abstract class"),
    ("beta.intune-deviceconfig-windowsdomainjoinconfiguration-create", 400, "supportsScopeTags"),
    ("beta.intune-shared-windowsdomainjoinconfiguration-create", 400, "supportsScopeTags"),
    // Its type of user is refused for a shared device, whatever the dialect of the names.
    ("activedirectorywindowsautopilotdeploymentprofile-update", 400, OLD_NAMES),
    ("azureadwindowsautopilotdeploymentprofile-update", 400, OLD_NAMES),
    (
        "beta.intune-enrollment-importedwindowsautopilotdeviceidentity-create",
        400,
        "'orderIdentifier' does not exist",
    ),
    (
        "beta.intune-enrollment-importedwindowsautopilotdeviceidentity-import",
        400,
        "'orderIdentifier' does not exist",
    ),
    ("importedwindowsautopilotdeviceidentityupload-create", 400, "Resource not found for the segment"),
    (
        // The profile of a device: tools assign to the profile itself.
        "windowsautopilotdeploymentprofileassignment-create",
        501,
        "the simulated tenant does not have it",
    ),
    (
        "windowsautopilotdeviceidentity-deletedevices",
        400,
        "Resource not found for the segment 'deleteDevices'",
    ),
    ("beta.intune-troubleshooting-devicemanagementautopilotevent-create", 400, "does not exist"),
    ("deviceenrollmentconfiguration-setpriority", 400, "The priority must be between 1 and 1."),
];

/// The documented status of a request; some examples are of a path that another operation has, with its type in between.
fn documented_status(operations: &Value, method: &str, path: &str) -> u64 {
    let fits = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template.iter().zip(&path).all(|(word, segment)| word.starts_with('{') || word == segment)
    };
    let found = operations["operations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|operation| operation["method"] == method && fits(operation["path"].as_str().unwrap()));
    found.unwrap_or_else(|| panic!("no operation has {method} {path}"))["status"].as_u64().unwrap()
}

#[tokio::test]
async fn every_request_of_an_example_is_taken_with_its_status_or_refused_for_a_reason() {
    taken_or_refused(|_| {}, "An error has occurred").await;
}

#[tokio::test]
async fn a_tenant_as_strict_as_the_documentation_takes_the_same_requests_of_examples() {
    taken_or_refused(|quirks| *quirks = Quirks::documented(), "read-only").await;
}

async fn taken_or_refused(quirks: impl Fn(&mut Quirks), old_names: &str) {
    let (Some(examples), Some(operations)) = (files::examples(), files::json("graph/operations.json")) else {
        return;
    };
    let mut used = Vec::new();
    let mut wrong = Vec::new();
    for example in examples.iter().filter(|example| example.text("kind") == "request") {
        // Every request finds the same tenant, which has what the example names.
        let tenant = tenant(|builder| builder.with_delegated_callers().with_quirks(&quirks));
        let device = tenant.add_device("SN-1");
        let group = tenant.add_group("Devices");
        let user = tenant.add_user("adele@contoso.com");
        let made = async |path: &str, body: Value| {
            let (status, text) = ask(&tenant, "POST", "beta", path, &body.to_string()).await;
            assert_eq!(status, 201, "{text}");
            serde_json::from_str::<Value>(&text).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let of = |name: &str| format!("#microsoft.graph.{name}");
        let kind = if example.file.contains("azuread") { "azureAD" } else { "activeDirectory" };
        let kind = of(&format!("{kind}WindowsAutopilotDeploymentProfile"));
        let profile = made(
            "/deviceManagement/windowsAutopilotDeploymentProfiles",
            json!({"@odata.type": kind, "displayName": "P"}),
        )
        .await;
        let page = made(
            "/deviceManagement/deviceEnrollmentConfigurations",
            json!({"@odata.type": of("windows10EnrollmentCompletionPageConfiguration"), "displayName": "E"}),
        )
        .await;
        let join = made(
            "/deviceManagement/deviceConfigurations",
            json!({"@odata.type": of("windowsDomainJoinConfiguration"), "displayName": "D",
                "activeDirectoryDomainName": "contoso.com", "computerNameStaticPrefix": "A",
                "computerNameSuffixRandomCharCount": 14}),
        )
        .await;
        let (_, devices) = ask(&tenant, "GET", "v1.0", "/devices", "").await;
        let object =
            serde_json::from_str::<Value>(&devices).unwrap()["value"][0]["id"].as_str().unwrap().to_owned();
        let names = [
            ("{windowsAutopilotDeploymentProfileId}", profile.as_str()),
            ("{deviceEnrollmentConfigurationId}", &page),
            ("{deviceConfigurationId}", &join),
            ("{windowsAutopilotDeviceIdentityId}", &device),
            ("{group-id}", &group),
            ("{id}", &object),
            ("Device Ids value", &device),
            ("User Principal Name value", "adele@contoso.com"),
            ("ab90bacf-55a3-4a3e-839a-aa4b74e4f020", "0000000a-0000-0000-c000-000000000000"),
            ("7c06cd31-7c30-4f3b-a5c3-444cd8dd63ac", &object),
            ("26be1845-4119-4801-a799-aea79d09f1a2", &user),
            ("ff7cb387-6688-423c-8188-3da9532a73cc", &user),
            ("69456242-0067-49d3-ba96-9de6f2728e14", &object),
            ("99e44b05-c10b-4e95-a523-e2732bbaba1e", &user),
            ("6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0", &user),
            ("4562bcc8-c436-4f95-b7c0-4f8ce89dca5e", &object),
        ];
        let fill = |text: &str| names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id));
        let (path, body) = (fill(example.text("path")), fill(&example.content["body"].to_string()));
        let (status, text) =
            ask(&tenant, example.text("method"), example.text("version"), &path, &body).await;
        match REFUSED.iter().find(|(file, ..)| example.file.contains(file)) {
            None if u64::from(status) == documented_status(&operations, example.text("method"), &path) => {}
            None => wrong.push(format!("{}: {status} {text}", example.file)),
            Some((file, expected, says)) => {
                used.push(*file);
                let says = if *says == OLD_NAMES { old_names } else { says };
                let body: Value = serde_json::from_str(&text).unwrap_or_default();
                let is_error = body["error"]["code"].is_string()
                    && body["error"]["innerError"]["request-id"].is_string();
                if status != *expected || !text.contains(says) || !is_error {
                    wrong.push(format!("{}: {status} {text}", example.file));
                }
            }
        }
    }
    wrong.extend(
        REFUSED
            .iter()
            .filter(|(file, ..)| !used.contains(file))
            .map(|(file, ..)| format!("{file}: no such example")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Properties that a type has and an answer of the directory does not carry unless they are asked for.
const ON_REQUEST: [&str; 2] = ["hostnames", "extensionAttributes"];

/// The properties of a type and of those that it is built on; whether the facts list them all.
fn properties_of(facts: &Value, name: &str) -> Option<(BTreeSet<String>, bool)> {
    let find = |name: &str| facts["types"].as_array().unwrap().iter().find(|of| of["name"] == name);
    let mut names = BTreeSet::from(["id".to_owned()]);
    let mut complete = true;
    let mut next = Some(find(name)?);
    while let Some(of) = next {
        complete &= of["subset"] != true;
        let properties = of["properties"].as_array().unwrap().iter();
        names.extend(properties.map(|property| property["name"].as_str().unwrap().to_owned()));
        next = of["baseType"].as_str().and_then(find);
    }
    Some((names, complete))
}

#[tokio::test]
async fn every_answer_has_the_properties_of_its_type_and_no_others() {
    let Some(operations) = files::json("graph/operations.json") else { return };
    let tenant = tenant(|builder| builder.with_delegated_callers());
    tenant.add_device("SN-1");
    tenant.add_group("Devices");
    tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    let of = |name: &str| format!("#microsoft.graph.{name}");
    for (path, body) in [
        (
            "windowsAutopilotDeploymentProfiles",
            json!({"@odata.type": of("activeDirectoryWindowsAutopilotDeploymentProfile"), "displayName": "P"}),
        ),
        (
            "deviceEnrollmentConfigurations",
            json!({"@odata.type": of("windows10EnrollmentCompletionPageConfiguration"), "displayName": "E"}),
        ),
        (
            "deviceConfigurations",
            json!({"@odata.type": of("windowsDomainJoinConfiguration"), "displayName": "D",
                "activeDirectoryDomainName": "contoso.com", "computerNameStaticPrefix": "A",
                "computerNameSuffixRandomCharCount": 14}),
        ),
        (
            "assignmentFilters",
            json!({"displayName": "F", "platform": "windows10AndLater", "rule": "(device.model -eq \"x\")"}),
        ),
        ("autopilotEvents", json!({})),
        (
            "importedWindowsAutopilotDeviceIdentities",
            json!({"serialNumber": "SN-2", "hardwareIdentifier": "aGFyZHdhcmVJZGVudGlmaWVy"}),
        ),
    ] {
        let (status, text) =
            ask(&tenant, "POST", "beta", &format!("/deviceManagement/{path}"), &body.to_string()).await;
        assert_eq!(status, 201, "{path}: {text}");
    }
    let mut wrong = Vec::new();
    let mut seen = 0;
    for operation in operations["operations"].as_array().unwrap() {
        let (id, path) = (operation["id"].as_str().unwrap(), operation["path"].as_str().unwrap());
        let declared = operation["responseType"].as_str().unwrap_or_default();
        let Some(declared) = declared.strip_prefix("Collection(").and_then(|name| name.strip_suffix(')'))
        else {
            continue;
        };
        if operation["method"] != "GET"
            || path.contains(['{', '$'])
            || path.ends_with("/delta")
            || is_dead(id)
        {
            continue;
        }
        for version in operation["versions"].as_array().unwrap().iter().filter_map(Value::as_str) {
            let facts = files::json(&format!("graph/types-{version}.json")).unwrap();
            let (status, text) = ask(&tenant, "GET", version, path, "").await;
            assert_eq!(status, 200, "{id} in {version}: {text}");
            let body: Value = serde_json::from_str(&text).unwrap();
            for item in body["value"].as_array().unwrap() {
                let item = item.as_object().unwrap();
                let named = item.get("@odata.type").and_then(Value::as_str);
                let name = named.map_or(declared, |name| name.trim_start_matches("#microsoft.graph."));
                let Some((expected, complete)) = properties_of(&facts, name) else { continue };
                seen += 1;
                let found: BTreeSet<String> = item.keys().filter(|key| !key.contains('@')).cloned().collect();
                let missing: Vec<_> =
                    expected.difference(&found).filter(|name| !ON_REQUEST.contains(&name.as_str())).collect();
                let extra: Vec<_> =
                    found.difference(&expected).filter(|name| complete && *name != BEYOND).collect();
                // A user shows few properties in v1.0 unless more are asked for.
                let few = declared == "user" && version == "v1.0";
                if !(missing.is_empty() || few) || !extra.is_empty() {
                    wrong.push(format!("{id} in {version}, {name}: lacks {missing:?}, has {extra:?}"));
                }
                let id = item["id"].as_str().unwrap();
                let (status, text) = ask(&tenant, "GET", version, &format!("{path}/{id}"), "").await;
                let mut single: Value = serde_json::from_str(&text).unwrap();
                single.as_object_mut().unwrap().remove("@odata.context");
                let mut item = item.clone();
                item.retain(|name, _| !ON_REQUEST.contains(&name.as_str()));
                single.as_object_mut().unwrap().retain(|name, _| !ON_REQUEST.contains(&name.as_str()));
                if status != 200 || single != Value::Object(item) {
                    wrong.push(format!("{path}/{id} in {version}: {status} {text}"));
                }
            }
        }
    }
    assert!(seen > 20, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sends a request with a body, and gives status and text.
async fn ask(tenant: &Tenant, method: &str, version: &str, path: &str, body: &str) -> (u16, String) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://graph.microsoft.com/{version}{path}"))
        .header("authorization", "Bearer any")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let response = tenant.send(request).await.unwrap();
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}
