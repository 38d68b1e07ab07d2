//! The writes that the workflow can make, and the page of the manual that lists each with its guard and its test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::calls::Resource;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/docs/writes.md");

const INTRODUCTION: &str = "\
# Writes

Every write that a workflow can make, the guard that precedes it, and the test that proves it. A plan
only reads; each run reads the tenant again before its first write, and ends with
[`Conflict`](crate::ErrorKind::Conflict) if the tenant has changed since the plan.

Operations are named as in [`catalog::OPERATIONS`](crate::catalog::OPERATIONS). The tests are in the repository.
";

/// A write: the operation, the work that sends it, the guard, and the test that shows the guard.
struct Row {
    operation: &'static str,
    by: &'static str,
    guard: &'static str,
    test: &'static str,
}

const fn row(operation: &'static str, by: &'static str, guard: &'static str, test: &'static str) -> Row {
    Row { operation, by, guard, test }
}

const CREATE: &str = "recorded before it is sent; if the response is lost, the object is looked up by name before a \
    retry; after the creation, the objects are listed again, and a second one with the same name is a finding that \
    stops the run";
const UPDATE: &str = "sends only the properties that differ, and only to the object whose id is on record; with a \
    journal, a foreign object with the same name stops the plan until it is adopted";
const DELETE: &str = "only an object whose id and name match the record and that has no other assignments; otherwise \
    the plan is blocked";
const ADD: &str = "adds one target; a colleague's assignment is never replaced";
const CHANGE: &str =
    "only a direct assignment to the desired audience, and only if the settings name its filter";
const REMOVE: &str =
    "a teardown removes targets on record; an apply removes others only with remove_other_assignments";

const KILLED: &str =
    "a_run_killed_at_any_write_and_resumed_ends_like_an_uninterrupted_one_and_creates_nothing_twice";
const TORN_DOWN: &str = "a_teardown_killed_at_any_write_and_resumed_ends_like_an_uninterrupted_one";
const TWICE: &str = "without_a_shared_folder_a_second_object_is_found_and_nothing_is_deleted";
const FOREIGN: &str = "foreign_objects_are_taken_over_only_if_they_are_adopted";
const OTHER_NAME: &str = "an_object_whose_name_differs_from_the_journal_is_kept";
const FILTERED: &str = "a_filter_that_narrows_the_deployments_own_assignment_is_kept_and_reported";
const REMOVED: &str = "assignments_are_added_before_others_are_removed";
const ADDED: &str = "a_colleagues_assignment_survives_an_apply";

const ROWS: &[Row] = &[
    row("groups.create", "apply", CREATE, TWICE),
    row("groups.update", "apply", UPDATE, FOREIGN),
    row(
        "groups.delete",
        "teardown",
        "nothing else uses the group: configurations, apps, policies, the MDM user scope, other groups, licenses; if \
         a possible use cannot be read, the plan stops",
        "a_group_that_anything_else_uses_is_kept_and_reported",
    ),
    row("autopilotProfiles.create", "apply", CREATE, TWICE),
    row("autopilotProfiles.update", "apply", UPDATE, FOREIGN),
    row("autopilotProfiles.delete", "teardown", DELETE, OTHER_NAME),
    row("autopilotProfiles.assignments.create", "apply", ADD, ADDED),
    row("autopilotProfiles.assignments.update", "apply", CHANGE, FILTERED),
    row("autopilotProfiles.assignments.delete", "apply, teardown", REMOVE, REMOVED),
    row("enrollmentConfigurations.create", "apply", CREATE, TWICE),
    row("enrollmentConfigurations.update", "apply", UPDATE, FOREIGN),
    row("enrollmentConfigurations.delete", "teardown", DELETE, OTHER_NAME),
    row(
        "enrollmentConfigurations.setPriority",
        "apply",
        "only if the settings specify a priority that differs from the page's current one",
        "a_page_priority_moves_other_pages_and_decides_which_page_applies",
    ),
    row("enrollmentConfigurations.assignments.create", "apply", ADD, ADDED),
    row("enrollmentConfigurations.assignments.update", "apply", CHANGE, FILTERED),
    row("enrollmentConfigurations.assignments.delete", "apply, teardown", REMOVE, REMOVED),
    row("deviceConfigurations.create", "apply", CREATE, TWICE),
    row("deviceConfigurations.update", "apply", UPDATE, FOREIGN),
    row("deviceConfigurations.delete", "teardown", DELETE, OTHER_NAME),
    row("deviceConfigurations.assignments.create", "apply", ADD, ADDED),
    row("deviceConfigurations.assignments.update", "apply", CHANGE, FILTERED),
    row("deviceConfigurations.assignments.delete", "apply, teardown", REMOVE, REMOVED),
    row(
        "domainJoin.networkAccessConfigurations.addRef",
        "apply",
        "recorded before it is sent; existing links are kept",
        "network_access_configurations_are_linked_shown_and_unlinked",
    ),
    row(
        "domainJoin.networkAccessConfigurations.removeRef",
        "apply, teardown",
        "a teardown removes links on record; an apply removes links only if the settings list configurations",
        "network_access_configurations_are_linked_shown_and_unlinked",
    ),
    row(
        "autopilotImports.import",
        "apply, import, replace",
        "recorded before it is sent; if the response is lost, the imported device is looked up by its import id",
        KILLED,
    ),
    row("autopilotImports.delete", "apply, import, replace", "only the run's own records", KILLED),
    row(
        "autopilotSettings.sync",
        "apply, import, replace, teardown",
        "at most once every ten minutes; if the service refuses, the run continues",
        TORN_DOWN,
    ),
    row(
        "autopilotDevices.updateDeviceProperties",
        "apply, import, retag",
        "only the registration whose id is in the plan; only the group tag is sent, and it is read back",
        "a_retag_killed_or_stopped_at_any_write_and_resumed_ends_like_an_uninterrupted_one",
    ),
    row(
        "autopilotDevices.assignUserToDevice",
        "apply, replace",
        "an apply assigns users only with user_assignment = \"assign\"; the user is read first; a replacement \
         assigns the user of the old registration",
        "a_replacement_killed_at_any_write_and_resumed_ends_like_an_uninterrupted_one",
    ),
    row(
        "autopilotDevices.unassignUserFromDevice",
        "apply, replace, teardown",
        "an apply unassigns users only with user_assignment = \"unassign\"; a replacement records the user's object \
         first",
        "the_old_registration_is_deleted_before_the_new_one_gets_its_tag_and_user",
    ),
    row(
        "autopilotDevices.delete",
        "replace, teardown",
        "only a registration whose id and serial number match the record and whose device is not enrolled; group tag \
         and user are recorded first",
        "an_enrolled_device_blocks_the_plan_unless_it_may_be_deleted_from_intune",
    ),
    row(
        "managedDevices.delete",
        "replace, teardown",
        "only if the caller asks for it; otherwise an enrolled device stops the plan",
        "an_enrolled_device_blocks_the_plan_unless_it_may_be_deleted_from_intune",
    ),
    row(
        "mobilityPolicies.update",
        "apply, teardown",
        "the scope is never sent together with another property; the previous scope is recorded first, and the plan \
         names every group that the scope loses; a teardown writes only if the scope is still as the deployment left \
         it",
        "groups_that_a_scope_for_all_users_drops_are_named",
    ),
    row(
        "mobilityPolicies.includedGroups.addRef",
        "apply, teardown",
        "only groups that are not yet in the scope, each recorded first; groups added by others are kept",
        "deployments_do_not_remove_each_others_groups_from_the_mdm_scope",
    ),
    row(
        "mobilityPolicies.includedGroups.removeRef",
        "apply, teardown",
        "a teardown restores the scope on record; an apply removes others only with remove_other_assignments",
        "a_teardown_restores_the_scope_that_was_there",
    ),
    row(
        "directory: add entries to an OU's permissions",
        "apply, with a directory",
        "the receipt is recorded before each write; the list is read back, and an overwritten update is repeated",
        "the_receipt_of_a_right_is_kept_whatever_ends_the_run",
    ),
    row(
        "directory: remove entries from an OU's permissions",
        "teardown, with a directory",
        "only entries on the receipt",
        "a_teardown_revokes_a_right_by_its_receipt_and_nothing_else",
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the code of a file without comments, unit tests and blanks.
fn squeezed(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.flat_map(|line| line.chars().filter(|c| *c != ' ')).collect()
}

/// The handles that the objects of a deployment have in common.
const MANAGED: [&str; 4] = ["groups", "profiles", "enrollment_status_pages", "domain_join_profiles"];

/// Returns the functions of handles that write: by handle and name, with the operations that they send.
fn writing_functions() -> BTreeMap<(String, String), BTreeSet<&'static str>> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource"), &mut files);
    let mut writing = BTreeMap::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let resource = Resource::read(&fs::read_to_string(&file).unwrap());
        let handle = if name == "assignment.rs" { "assignments".to_owned() } else { resource.handle.clone() };
        if name == "update.rs" {
            continue;
        }
        for (function, _) in resource.functions.iter().filter(|(_, function)| function.public) {
            let operations = resource.operations(function, &|_| true);
            let writes = operations.iter().filter(|info| info.method != "GET").map(|info| info.name);
            let writes: BTreeSet<&'static str> = writes.collect();
            if !writes.is_empty() {
                writing.insert((handle.clone(), function.clone()), writes);
            }
        }
    }
    writing
}

/// Returns `true` if code calls a function of a handle: at once, through a variable, or for any kind of object.
fn calls(code: &str, handle: &str, function: &str) -> bool {
    let called = format!(".{function}(");
    if handle == "assignments" {
        let mut rest = code;
        while let Some((_, after)) = rest.split_once("assignments") {
            // A variable, or the handle with its arguments.
            let mut depth = 0_u32;
            let end = after.find(|c| {
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && c != ')'
            });
            if end.is_some_and(|end| after[end..].starts_with(&called)) {
                return true;
            }
            rest = after;
        }
        return false;
    }
    let direct = format!("{handle}(){called}");
    let any = format!("$resource(){called}");
    let variable = format!("{handle}();");
    let by_variable = code.match_indices(&variable).any(|(at, _)| {
        let before = &code[..at];
        let Some((_, bound)) = before.rsplit_once("let") else { return false };
        let name = bound.split('=').next().unwrap_or_default();
        !name.contains(';') && code[at..].contains(&format!("{name}{called}"))
    });
    code.contains(&direct) || (MANAGED.contains(&handle) && code.contains(&any)) || by_variable
}

/// Returns the operations that the workflow can write with.
fn writes_of_the_workflow() -> BTreeSet<&'static str> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/workflow"), &mut files);
    assert!(files.len() > 80, "most of the workflow was not read");
    let writing = writing_functions();
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let code = squeezed(&fs::read_to_string(file).unwrap());
        for ((handle, function), operations) in &writing {
            if calls(&code, handle, function) {
                found.extend(operations);
            }
        }
        for (_, rest) in code.match_indices("Method::").map(|(at, _)| code.split_at(at)) {
            assert!(rest.starts_with("Method::GET"), "{}: a write that has no typed call", file.display());
        }
        if code.contains(".apply_recorded(") {
            found.insert("directory: add entries to an OU's permissions");
        }
        if code.contains("receipt.revoke(") {
            found.insert("directory: remove entries from an OU's permissions");
        }
    }
    found
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n| write | by | guard | test |\n| --- | --- | --- | --- |\n");
    for Row { operation, by, guard, test } in ROWS {
        let guard = guard.replace('_', r"\_").replace('|', r"\|");
        writeln!(page, "| `{operation}` | {by} | {guard} | `{test}` |").unwrap();
    }
    page
}

#[test]
fn the_page_lists_every_write() {
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, page()).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page(), "run this test with UPDATE_DOCS=1 to rewrite {PAGE}");
}

#[test]
fn every_write_of_the_workflow_has_a_row_and_every_row_a_test_that_exists() {
    let listed: BTreeSet<&str> = ROWS.iter().map(|row| row.operation).collect();
    assert_eq!(listed.len(), ROWS.len(), "a write is listed twice");
    let made = writes_of_the_workflow();
    let without_row: Vec<_> = made.difference(&listed).collect();
    let not_made: Vec<_> = listed.difference(&made).collect();
    assert!(without_row.is_empty(), "give these writes a row: {without_row:?}");
    assert!(not_made.is_empty(), "the workflow does not make these writes: {not_made:?}");
    let mut files = Vec::new();
    for folder in ["tests", "src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let all: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    for Row { operation, test, .. } in ROWS {
        assert!(all.contains(&format!("fn {test}()")), "{operation}: there is no test {test}");
    }
}

#[test]
fn a_call_is_seen_at_once_through_a_variable_and_for_any_kind() {
    for (code, handle, function, is_seen) in [
        ("client.groups().delete(id)", "groups", "delete", true),
        ("client\n    .groups()\n    .delete(id)", "groups", "delete", true),
        ("client.$resource().delete(id)", "groups", "delete", true),
        ("client.$resource().delete(id)", "users", "delete", false),
        (
            "let pages = self.client.enrollment_status_pages();\npages.set_priority(id)",
            "enrollment_status_pages",
            "set_priority",
            true,
        ),
        ("// client.groups().delete(id)", "groups", "delete", false),
        ("assignments.add(target)", "assignments", "add", true),
        ("S::assignments(client, &stored.id).remove(id)", "assignments", "remove", true),
        ("S::assignments(client, &stored.id).list()", "assignments", "remove", false),
    ] {
        assert_eq!(calls(&squeezed(code), handle, function), is_seen, "{code}");
    }
}
