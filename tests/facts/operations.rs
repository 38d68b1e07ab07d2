//! The catalog of operations against the facts: the same operations, with the same methods, paths, versions,
//! permissions and pages.

use std::collections::{BTreeMap, BTreeSet};

use crate::files;
use serde_json::Value;
use windows_autopilot::catalog::{ApiVersion, LEFT_OUT, OPERATIONS, OperationInfo, Scopes};

/// Writes for which the permissions list accepts a permission to read: the catalog asks for one to write.
const ASK_FOR_WRITE: [&str; 1] = ["autopilotDevices.unassignUserFromDevice"];

/// Operations of Graph that the facts do not list, and the catalog has all the same.
const BEYOND_THE_FACTS: [&str; 1] = ["groups.transitiveMembers.list"];

fn operations() -> Option<BTreeMap<String, Value>> {
    let facts = files::json("graph/operations.json")?;
    let all = facts["operations"].as_array().unwrap();
    let named = all.iter().map(|operation| (operation["id"].as_str().unwrap().to_owned(), operation.clone()));
    Some(named.collect())
}

/// Every entry of the catalog: the operations that have a typed call and those that are left out.
fn catalog() -> impl Iterator<Item = &'static OperationInfo> {
    OPERATIONS.iter().chain(LEFT_OUT).copied()
}

/// The entries that the facts list.
fn listed() -> impl Iterator<Item = &'static OperationInfo> {
    catalog().filter(|info| !BEYOND_THE_FACTS.contains(&info.name))
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn set(texts: &'static [&'static str]) -> BTreeSet<&'static str> {
    texts.iter().copied().collect()
}

#[test]
fn no_operation_is_in_the_catalog_twice() {
    let names: BTreeSet<_> = catalog().map(|info| info.name).collect();
    assert_eq!(names.len(), catalog().count());
    let requests: BTreeSet<_> = catalog().map(|info| (info.method, info.path)).collect();
    assert_eq!(requests.len(), catalog().count());
}

/// Actions that have the effect of one when they are done twice: they replace a whole, set values, or only ask.
const REPEATABLE_ACTIONS: [&str; 9] = [
    "autopilotProfiles.assign",
    "autopilotProfiles.hasPayloadLinks",
    "autopilotDevices.assignUserToDevice",
    "autopilotDevices.unassignUserFromDevice",
    "autopilotDevices.updateDeviceProperties",
    "enrollmentConfigurations.assign",
    "enrollmentConfigurations.hasPayloadLinks",
    "deviceConfigurations.assign",
    "deviceConfigurations.hasPayloadLinks",
];

#[test]
fn a_post_is_idempotent_only_if_it_replaces_sets_or_asks() {
    for info in catalog() {
        let repeatable = info.method != "POST" || REPEATABLE_ACTIONS.contains(&info.name);
        assert_eq!(info.idempotent, repeatable, "{}", info.name);
    }
}

#[test]
fn the_catalog_has_every_operation_of_the_facts_and_no_other() {
    let Some(facts) = operations() else { return };
    let expected: BTreeSet<&str> = facts.keys().map(String::as_str).chain(BEYOND_THE_FACTS).collect();
    let found: BTreeSet<&str> = catalog().map(|info| info.name).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_operation_has_the_method_path_and_versions_of_the_facts() {
    let Some(facts) = operations() else { return };
    for info in listed() {
        let fact = &facts[info.name];
        assert_eq!(
            (info.method, info.path),
            (fact["method"].as_str().unwrap(), fact["path"].as_str().unwrap())
        );
        let versions: BTreeSet<&str> = info.versions.iter().map(|version| version.as_str()).collect();
        assert_eq!(versions, texts(&fact["versions"]), "{}", info.name);
    }
}

#[test]
fn every_operation_asks_for_the_permissions_of_the_facts() {
    let Some(facts) = operations() else { return };
    let mut exceptions = ASK_FOR_WRITE.to_vec();
    for info in listed() {
        let fact = &facts[info.name]["permissions"];
        for (kind, Scopes { least, accepted, .. }) in
            [("delegated", info.permissions.delegated), ("application", info.permissions.application)]
        {
            let expected = (texts(&fact[kind]["least"]), texts(&fact[kind]["accepted"]));
            let found = (set(least), set(accepted));
            assert!(least.iter().all(|permission| accepted.contains(permission)), "{}", info.name);
            if ASK_FOR_WRITE.contains(&info.name) {
                let write = BTreeSet::from(["DeviceManagementServiceConfig.ReadWrite.All"]);
                assert_eq!(found, (write.clone(), write), "{} {kind}", info.name);
                if found != expected {
                    exceptions.retain(|name| *name != info.name);
                }
            } else {
                assert_eq!(found, expected, "{} {kind}", info.name);
            }
        }
    }
    assert!(exceptions.is_empty(), "no exception any more: {exceptions:?}");
}

#[test]
fn every_operation_names_its_page_in_the_version_that_is_used_first() {
    let Some(facts) = operations() else { return };
    for info in listed() {
        let pages = facts[info.name]["source"]["pages"].as_array();
        let links = pages.into_iter().flatten().map(|page| {
            let page = page.as_str().unwrap().trim_end_matches(".md");
            match page.rsplit_once("/api/") {
                Some((_, page)) if info.versions[0] == ApiVersion::Beta => {
                    format!("https://learn.microsoft.com/en-us/graph/api/{page}?view=graph-rest-beta")
                }
                Some((_, page)) => {
                    format!("https://learn.microsoft.com/en-us/graph/api/{page}?view=graph-rest-1.0")
                }
                None => page.replace("concepts/", "https://learn.microsoft.com/en-us/graph/"),
            }
        });
        let links: Vec<String> = links.collect();
        let known = links.iter().any(|link| link == info.page) || links.is_empty() && info.page.is_empty();
        assert!(known, "{}: {:?} is not in {links:?}", info.name, info.page);
    }
}
