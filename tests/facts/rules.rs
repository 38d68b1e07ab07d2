//! Each rule of the simulated tenant with its fact: every function that refuses a request, every limit, every cause that
//! ends a deployment and every quirk names the file and the section of the facts that it rests on. A rule without a row
//! fails, as does a row without its rule or with a section that does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::files;

/// The ground of a rule.
enum Ground {
    /// A file of the facts and its section.
    Fact(&'static str, &'static str),
    /// A choice of the simulation, and the reason.
    Own(&'static str),
}

use Ground::{Fact, Own};

const QUIRKS: &str = "graph/quirks.md";
const DOMAIN: &str = "domain.md";
const LESSONS: &str = "lessons.md";
const DEVICE: &str = "device/README.md";

/// The rules by their file below `src/sim` and their name: a function, a constant, a variant or a field.
const RULES: &[(&str, &str, Ground)] = &[
    // Requests of any kind.
    ("accept.rs", "check", Fact(QUIRKS, "3")),
    ("auth.rs", "authorize", Fact(QUIRKS, "7")),
    ("auth.rs", "unauthorized", Fact("faults.md", "1")),
    ("batch.rs", "MOST", Fact(QUIRKS, "6")),
    ("batch.rs", "run", Fact(QUIRKS, "6")),
    ("batch.rs", "answer_parts", Fact(QUIRKS, "6")),
    ("batch.rs", "read", Fact(QUIRKS, "6")),
    ("batch.rs", "check_order", Fact(QUIRKS, "6")),
    ("dispatch.rs", "answer", Fact(QUIRKS, "7")),
    ("dispatch.rs", "not_simulated", Own("a documented path that is not simulated answers 501")),
    ("dispatch.rs", "wrong_method", Own("a method that a path does not have: HTTP's own 405")),
    ("dispatch.rs", "no_segment", Fact(QUIRKS, "7")),
    ("exchange/request.rs", "object", Own("OData's JSON format: a body is an object")),
    ("exchange/request.rs", "parameters", Own("OData's JSON format: an action has its parameters alone")),
    ("exchange/request.rs", "reference", Fact(QUIRKS, "4")),
    ("exchange/request.rs", "no_such_segment", Fact(QUIRKS, "7")),
    ("fault.rs", "refusal", Fact("faults.md", "1")),
    ("limit.rs", "count_call", Fact(QUIRKS, "6")),
    ("limit.rs", "count_import", Fact(QUIRKS, "6")),
    ("taught.rs", "answer", Own("a route that the test taught asks for its permission")),
    ("rows/connector.rs", "FORGOTTEN", Fact(DOMAIN, "10.4")),
    ("store/listings.rs", "MOST_KEPT", Own("the memory of ordered lists is limited")),
    ("store/listings.rs", "MOST_LISTINGS", Own("the memory of ordered lists is limited")),
    // Queries and pages.
    ("odata/filter.rs", "MOST_TESTS", Own("filters are evaluated recursively")),
    ("odata/list.rs", "count", Fact(QUIRKS, "5")),
    ("odata/position.rs", "stale_token", Fact(QUIRKS, "5")),
    ("odata/query.rs", "check_options", Fact(QUIRKS, "5")),
    ("odata/query.rs", "read", Fact(QUIRKS, "5")),
    ("odata/query.rs", "number", Fact(QUIRKS, "5")),
    ("odata/query.rs", "read_filter", Fact(QUIRKS, "5")),
    ("odata/query.rs", "read_search", Fact(QUIRKS, "5")),
    ("odata/query.rs", "unsupported", Fact(QUIRKS, "5")),
    ("odata/select.rs", "no_property", Fact(QUIRKS, "5")),
    ("odata/select.rs", "expanded", Fact(QUIRKS, "5")),
    // Types and values.
    ("schema/check.rs", "resolve", Fact(QUIRKS, "2")),
    ("schema/check.rs", "unknown", Fact(QUIRKS, "1")),
    ("schema/check.rs", "read_only", Fact(QUIRKS, "4")),
    ("schema/check.rs", "fault", Fact(QUIRKS, "3")),
    // Resources.
    ("resource/assignment.rs", "ORPHANS_STAY", Fact(DOMAIN, "10.4")),
    ("resource/assignment.rs", "read", Fact(QUIRKS, "4")),
    ("resource/assignment.rs", "read_all", Fact(QUIRKS, "4")),
    ("resource/assignment.rs", "payload_links", Fact(QUIRKS, "4")),
    ("resource/connector.rs", "forbidden", Fact(DOMAIN, "2.5")),
    ("resource/delta.rs", "PAGE", Fact(QUIRKS, "5")),
    ("resource/delta.rs", "MEMBERS", Fact(QUIRKS, "5")),
    ("resource/delta.rs", "IDS", Fact(QUIRKS, "5")),
    ("resource/delta.rs", "LIFETIME", Fact(QUIRKS, "5")),
    ("resource/delta.rs", "read", Fact(QUIRKS, "5")),
    ("resource/device.rs", "delete", Fact(DOMAIN, "7.2")),
    ("resource/device.rs", "assign_user", Fact(QUIRKS, "4")),
    ("resource/device.rs", "licensed", Fact(QUIRKS, "4")),
    ("resource/device.rs", "check_query", Fact(QUIRKS, "5")),
    ("resource/directory_device.rs", "delete", Fact(DOMAIN, "7.2")),
    ("resource/directory_object.rs", "MOST", Own("documented for getByIds: at most 1,000 ids")),
    ("resource/directory_object.rs", "get_by_ids", Own("documented for getByIds: its parameters")),
    ("resource/directory_object.rs", "linked", Fact(QUIRKS, "4")),
    ("resource/directory_object.rs", "bound", Fact(QUIRKS, "4")),
    ("resource/directory_object.rs", "id", Fact(QUIRKS, "4")),
    ("resource/domain_join.rs", "update", Fact(QUIRKS, "4")),
    ("resource/domain_join.rs", "assign", Fact(QUIRKS, "4")),
    ("resource/domain_join.rs", "check", Fact(QUIRKS, "4")),
    ("resource/esp.rs", "MOST", Fact(QUIRKS, "6")),
    ("resource/esp.rs", "MOST_APPS", Fact(QUIRKS, "6")),
    ("resource/esp.rs", "LONGEST_MESSAGE", Fact(QUIRKS, "4")),
    ("resource/esp.rs", "create", Fact(DOMAIN, "6")),
    ("resource/esp.rs", "update", Fact(QUIRKS, "4")),
    ("resource/esp.rs", "set_priority", Fact(QUIRKS, "4")),
    ("resource/esp.rs", "refuse_default", Fact(QUIRKS, "4")),
    ("resource/esp.rs", "settle", Fact(DOMAIN, "6")),
    ("resource/event.rs", "KEPT", Fact(DOMAIN, "10.2")),
    ("resource/filter.rs", "create", Fact(LESSONS, "3.1")),
    ("resource/filter.rs", "update", Fact(LESSONS, "3.1")),
    ("resource/filter.rs", "check_rule", Fact(LESSONS, "3.1")),
    ("resource/group.rs", "EXPANDED", Fact(QUIRKS, "5")),
    ("resource/group.rs", "create", Fact(QUIRKS, "4")),
    ("resource/group.rs", "check_owner", Fact(QUIRKS, "4")),
    ("resource/group.rs", "update", Fact(QUIRKS, "4")),
    ("resource/group.rs", "already_bound", Fact(QUIRKS, "4")),
    ("resource/group.rs", "refuse_dynamic", Fact(QUIRKS, "4")),
    ("resource/group.rs", "check", Fact(QUIRKS, "4")),
    ("resource/import.rs", "import", Fact(DOMAIN, "4.3")),
    ("resource/import.rs", "read", Fact(QUIRKS, "4")),
    (
        "resource/managed_device.rs",
        "wipe",
        Own("no fact tells what a wipe that keeps data or the enrollment leaves"),
    ),
    ("resource/mdm.rs", "update", Fact(QUIRKS, "4")),
    ("resource/mdm.rs", "delete", Fact(QUIRKS, "4")),
    ("resource/mdm.rs", "add_group", Fact(QUIRKS, "4")),
    ("resource/member.rs", "delete_object", Fact(QUIRKS, "4")),
    ("resource/owner.rs", "remove", Fact(QUIRKS, "7")),
    ("resource/profile.rs", "MOST", Fact(DOMAIN, "7")),
    ("resource/profile.rs", "create", Fact(DOMAIN, "7")),
    ("resource/profile.rs", "update", Fact(QUIRKS, "4")),
    ("resource/profile.rs", "delete", Fact(QUIRKS, "4")),
    ("resource/profile.rs", "assign", Fact(QUIRKS, "4")),
    ("resource/profile.rs", "delete_assignment", Fact(QUIRKS, "4")),
    ("resource/profile.rs", "only_one_for_all_devices", Fact(DOMAIN, "7")),
    ("resource/profile.rs", "apply", Fact(QUIRKS, "4")),
    ("resource/profile.rs", "check", Fact(QUIRKS, "4")),
    ("resource/sync.rs", "SPACING", Fact(QUIRKS, "4")),
    ("resource/sync.rs", "sync", Fact(QUIRKS, "4")),
    ("resource/user.rs", "me", Fact(QUIRKS, "7")),
    // Sign-in.
    ("sign_in/authorize.rs", "LIFETIME", Own("RFC 6749 recommends ten minutes for a code")),
    ("sign_in/device_code.rs", "LIFETIME", Fact(LESSONS, "3.2")),
    ("sign_in/token.rs", "REFRESH_LIFETIME", Own("the documented lifetime of a refresh token: 90 days")),
    // Deployments.
    ("deploy/conditions.rs", "OLDEST_CONNECTOR", Fact(DOMAIN, "2.1")),
    ("deploy/story.rs", "NO_DOMAIN_CONTROLLER", Fact(DOMAIN, "10.5")),
    ("rows/deployment.rs", "NotRegistered", Fact(DEVICE, "5.1")),
    ("rows/deployment.rs", "HardwareChanged", Fact(DOMAIN, "10.3")),
    ("rows/deployment.rs", "NoProfile", Fact(DEVICE, "5.1")),
    ("rows/deployment.rs", "MdmScope", Fact(DOMAIN, "10.5")),
    ("rows/deployment.rs", "NoLicense", Fact(DOMAIN, "10.5")),
    ("rows/deployment.rs", "PlatformBlocked", Fact(DOMAIN, "10.5")),
    ("rows/deployment.rs", "UserAssigned", Fact(DOMAIN, "9")),
    ("rows/deployment.rs", "AnchorMissing", Fact(DOMAIN, "10.5")),
    ("rows/deployment.rs", "NoDomainJoin", Fact(DOMAIN, "8.4")),
    ("rows/deployment.rs", "SeveralDomainJoins", Fact(DOMAIN, "8.4")),
    ("rows/deployment.rs", "NoConnector", Fact(DOMAIN, "10.5")),
    ("rows/deployment.rs", "ConnectorTooOld", Fact(DOMAIN, "2.1")),
    ("rows/deployment.rs", "BadUnit", Fact(DOMAIN, "8.3")),
    ("rows/deployment.rs", "NoRight", Fact(DOMAIN, "3")),
    ("rows/deployment.rs", "QuotaExceeded", Fact(DOMAIN, "3")),
    ("rows/deployment.rs", "NameTaken", Fact(DOMAIN, "8.1")),
    ("rows/deployment.rs", "ComputerRefused", Fact(DEVICE, "5.3")),
    ("rows/deployment.rs", "NoAnswer", Fact(DOMAIN, "10.4")),
    ("rows/deployment.rs", "NoDomainController", Fact(DOMAIN, "10.5")),
    ("rows/deployment.rs", "DeviceSetupTimeout", Fact(DOMAIN, "6")),
    ("rows/deployment.rs", "AccountSetupTimeout", Fact(DOMAIN, "6")),
    // Quirks: disputed facts, each a choice.
    ("options.rs", "os_default_reads_as_null", Fact(QUIRKS, "4")),
    ("options.rs", "single_get_reports_unknown", Fact(LESSONS, "2.6")),
    ("options.rs", "identity_select_fails", Fact(QUIRKS, "5")),
    ("options.rs", "identity_filter_refuses_space_and_hyphen", Fact(QUIRKS, "5")),
    ("options.rs", "refused_profile_characters", Fact(QUIRKS, "4")),
    ("options.rs", "patch_honors_connectivity_check", Fact(QUIRKS, "4")),
    ("options.rs", "assign_answers_empty_object", Fact(QUIRKS, "4")),
    ("options.rs", "isof_filter", Fact(QUIRKS, "5")),
    ("options.rs", "member_delete_without_ref", Fact(QUIRKS, "4")),
    ("options.rs", "anchor_deletion", Fact(QUIRKS, "4")),
    ("options.rs", "anchor_outlives_registration", Fact(DOMAIN, "7.2")),
    ("options.rs", "connector_deletion", Fact(DOMAIN, "2.5")),
    ("options.rs", "policy_status_details", Fact(QUIRKS, "1")),
    ("options.rs", "strict_hashes", Fact(DOMAIN, "4.4")),
    ("options.rs", "other_tenant_code", Fact(DOMAIN, "4.4")),
    ("options.rs", "duplicated_code", Fact(DOMAIN, "4.4")),
    ("options.rs", "storage_code", Fact(DOMAIN, "4.4")),
    ("options.rs", "accept_must_fit", Fact(QUIRKS, "3")),
    ("options.rs", "app_only_status", Fact(QUIRKS, "4")),
    ("options.rs", "integer_batch_ids", Fact(QUIRKS, "6")),
    ("options.rs", "text_for_primitives", Fact(LESSONS, "3.1")),
    ("options.rs", "old_profile_names_are_written", Fact(QUIRKS, "4")),
    ("options.rs", "assignment_ids_are_ignored", Fact(QUIRKS, "4")),
    ("options.rs", "display_name_filter", Fact(QUIRKS, "5")),
    ("options.rs", "serial_number_searches", Fact(QUIRKS, "5")),
    ("options.rs", "supports_scope_tags_takes_false", Fact(QUIRKS, "4")),
    ("options.rs", "deletion_answers_ok", Fact(LESSONS, "3.1")),
    ("options.rs", "long_computer_names_are_refused", Fact(QUIRKS, "4")),
];

const REFUSALS: [&str; 9] = [
    "plain",
    "intune",
    "bare",
    "refused",
    "model",
    "directory",
    "bad_request",
    "too_many_requests",
    "not_simulated",
];

/// The name that a line of source begins to define, after one of these words.
fn named<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after
            .strip_prefix('(')
            .and_then(|of| of.split_once(") "))
            .map_or(after, |(_, of)| of)
            .trim_start();
    }
    let name = rest.strip_prefix(word)?.strip_prefix(' ')?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// Whether a constant is a number, a duration or a version, and no name, path or table.
fn is_limit(line: &str) -> bool {
    let kind = line.split_once(": ").and_then(|(_, rest)| rest.split_once(" =")).map_or("", |(kind, _)| kind);
    ["usize", "u32", "Duration", "std::time::Duration", "[u32; 4]"].contains(&kind)
}

/// The rules of one file: functions that refuse, and limits.
fn rules_of(text: &str) -> BTreeSet<String> {
    let mut rules = BTreeSet::new();
    let mut function = "";
    for line in text.split("#[cfg(test)]").next().unwrap_or_default().lines() {
        if let Some(name) = named(line, "fn").or_else(|| named(line, "async fn")) {
            function = name;
        } else if let Some(name) = named(line, "const").filter(|_| is_limit(line)) {
            rules.insert(name.to_owned());
        }
        let refuses = |kind: &&str| line.contains(&format!("Failure::{kind}("));
        if !function.is_empty() && REFUSALS.iter().any(refuses) {
            rules.insert(function.to_owned());
        }
    }
    rules
}

/// The members of a type: variants by a capital, fields by `pub `.
fn members_of(text: &str, of: &str) -> BTreeSet<String> {
    let (_, after) = text.split_once(&format!("{of} {{")).unwrap();
    let body = after.split("\n}").next().unwrap();
    let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.starts_with('#'));
    let names = lines.filter_map(|line| {
        let name = line.strip_prefix("pub ").map_or(line, |line| line.split(':').next().unwrap_or(line));
        let name = name.trim_end_matches(',');
        (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then(|| name.to_owned())
    });
    names.collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") && !path.ends_with("server") {
            sources(&path, found);
        } else if path.extension().is_some_and(|of| of == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_rule_of_the_simulated_tenant_names_its_fact() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut there: BTreeSet<(String, String)> = BTreeSet::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&file).unwrap();
        let mut rules = match name.as_str() {
            // The forms of refusals, and the program's own surface.
            "error.rs" | "control.rs" | "documented.rs" | "seed.rs" => BTreeSet::new(),
            _ => rules_of(&text),
        };
        match name.as_str() {
            "rows/deployment.rs" => rules.extend(members_of(&text, "pub enum Cause")),
            "options.rs" => rules.extend(members_of(&text, "pub struct Quirks")),
            _ => {}
        }
        // A unit of time is no limit.
        rules.remove("MINUTE");
        there.extend(rules.into_iter().map(|rule| (name.clone(), rule)));
    }
    let rows: BTreeSet<(String, String)> =
        RULES.iter().map(|(file, rule, _)| ((*file).to_owned(), (*rule).to_owned())).collect();
    assert_eq!(rows.len(), RULES.len(), "a rule has two rows");
    let without: Vec<_> = there.difference(&rows).collect();
    let gone: Vec<_> = rows.difference(&there).collect();
    assert!(without.is_empty() && gone.is_empty(), "without a fact: {without:#?}\nwithout a rule: {gone:#?}");
}

#[test]
fn every_fact_of_a_rule_exists() {
    let Some(folder) = files::folder() else { return };
    let mut sections: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (file, rule, ground) in RULES {
        let (facts, section) = match ground {
            Fact(facts, section) => (*facts, *section),
            Own(reason) => {
                assert!(reason.len() > 20, "{file} {rule} says why it is so");
                continue;
            }
        };
        let known = sections.entry(facts).or_insert_with(|| {
            let text = std::fs::read_to_string(folder.join(facts))
                .unwrap_or_else(|error| panic!("{facts}: {error}"));
            let heads = text.lines().filter(|line| line.starts_with('#'));
            let number =
                |head: &str| head.split(' ').nth(1).unwrap_or_default().trim_end_matches('.').to_owned();
            heads.map(number).collect()
        });
        assert!(
            section.is_empty() || known.contains(section),
            "{file} {rule}: {facts} has no section {section}"
        );
    }
}
