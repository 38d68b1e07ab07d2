//! The comparison of a tenant with a desired state at its edges: each case names every step.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use serde_json::{Value, from_value, json};

use super::hybrid_join::HybridJoin;
use super::prepare::{DevicesTodo, Todo, moved, prepare};
use super::scope::UserScope;
use super::state::{MdmRead, TenantState};
use super::step::{Action, PlannedStep, Step};
use crate::model::{DeviceToImport, MdmPolicy};
use crate::registration::SampleHash;

fn desired(text: &str) -> HybridJoin {
    toml::from_str(&format!("name = 'Munich'\nactive_directory.domain = 'corp.contoso.com'\n{text}")).unwrap()
}

const TAGGED: &str = "[group]\ndisplay_name = 'Munich'\nmembers.group_tag = 'Munich'";

fn device(serial: &str) -> DeviceToImport {
    DeviceToImport::new(serial.parse().unwrap(), SampleHash::new(serial).build().unwrap())
}

fn compared(
    desired: &HybridJoin,
    state: &TenantState,
    devices: &[DeviceToImport],
) -> (Vec<PlannedStep>, Todo) {
    prepare(desired, state, devices).unwrap()
}

fn devices_todo(desired: &HybridJoin, registered: Value, devices: &[DeviceToImport]) -> DevicesTodo {
    let state = TenantState { devices: from_value(registered).unwrap(), ..TenantState::default() };
    compared(desired, &state, devices).1.devices
}

#[test]
fn a_device_is_imported_with_its_own_tag_and_with_a_user_only_if_users_are_left_alone() {
    let plain = device("SN-1");
    let own = device("SN-1")
        .with_group_tag("Own".parse().unwrap())
        .with_assigned_user_principal_name("adele@contoso.com".parse().unwrap());
    for (users, imports_user, assigns_later) in
        [("leave", true, false), ("unassign", false, false), ("assign", false, true)]
    {
        let wish = desired(&format!("user_assignment = '{users}'\n{TAGGED}"));
        let todo = devices_todo(&wish, json!([]), std::slice::from_ref(&own));
        let imported = &todo.import[0];
        assert_eq!(imported.group_tag.as_ref().map(|tag| tag.as_str()), Some("Own"), "{users}");
        assert_eq!(imported.assigned_user_principal_name.is_some(), imports_user, "{users}");
        assert_eq!(todo.assign_later.len(), usize::from(assigns_later), "{users}");
        let todo = devices_todo(&wish, json!([]), std::slice::from_ref(&plain));
        assert_eq!(todo.import[0].group_tag.as_ref().map(|tag| tag.as_str()), Some("Munich"));
        assert!(todo.assign_later.is_empty() && todo.assign.is_empty());
    }
}

#[test]
fn a_registered_device_gets_its_tag_and_its_user_unless_it_has_them_in_any_case() {
    let wish = desired(&format!("user_assignment = 'assign'\n{TAGGED}"));
    let user = "adele@contoso.com";
    for (held_tag, held_user, own_tag, retagged, assigned) in [
        ("Munich", "adele@contoso.com", None, None, false),
        ("MUNICH", "Adele@Contoso.com", None, None, false),
        ("", "", None, Some("Munich"), true),
        ("Other", "other@contoso.com", None, Some("Munich"), true),
        ("Other", "adele@contoso.com", Some("Own"), Some("Own"), false),
        ("own", "adele@contoso.com", Some("Own"), None, false),
    ] {
        let mut given = device("SN-1").with_assigned_user_principal_name(user.parse().unwrap());
        given.group_tag = own_tag.map(|tag: &str| tag.parse().unwrap());
        let held = json!([{"id": "1", "serialNumber": "sn-1", "groupTag": held_tag, "userPrincipalName": held_user}]);
        let todo = devices_todo(&wish, held, &[given]);
        assert!(todo.import.is_empty() && todo.registered.len() == 1, "{held_tag} {held_user}");
        let tags: Vec<&str> = todo.retag.iter().map(|(_, _, tag)| tag.as_str()).collect();
        assert_eq!(tags, Vec::from_iter(retagged), "{held_tag} {own_tag:?}");
        assert_eq!(todo.assign.len(), usize::from(assigned), "{held_user}");
    }
}

#[test]
fn users_are_taken_off_devices_of_the_deployment_and_of_the_list_alone() {
    let wish = desired(&format!("user_assignment = 'unassign'\n{TAGGED}"));
    let user = "adele@contoso.com";
    let held = json!([
        {"id": "tagged", "serialNumber": "A", "groupTag": "munich", "userPrincipalName": user},
        {"id": "named", "serialNumber": "SN-1", "groupTag": "Other", "userPrincipalName": user},
        {"id": "other", "serialNumber": "B", "groupTag": "Other", "userPrincipalName": user},
        {"id": "without", "serialNumber": "C", "groupTag": "Munich"},
    ]);
    let todo = devices_todo(&wish, held, &[device("SN-1")]);
    let mut ids: Vec<&str> = todo.unassign.iter().map(|(id, _)| id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["named", "tagged"]);
}

#[test]
fn a_serial_number_of_several_devices_is_neither_imported_nor_changed() {
    let held = json!([{"id": "1", "serialNumber": "SN-1"}, {"id": "2", "serialNumber": "sn-1"}]);
    let state = TenantState { devices: from_value(held).unwrap(), ..TenantState::default() };
    let (steps, todo) = compared(&desired(TAGGED), &state, &[device("SN-1")]);
    let ids: Vec<&str> = steps
        .iter()
        .filter_map(|planned| match &planned.action {
            Action::Blocked(finding) => Some(&*finding.id),
            _ => None,
        })
        .collect();
    assert_eq!(ids, ["devices.serial-repeats"]);
    let DevicesTodo { import, retag, registered, .. } = todo.devices;
    assert!(import.is_empty() && retag.is_empty() && registered.is_empty());
}

#[test]
fn a_list_in_another_order_is_the_same_plan() {
    let steps =
        |serials: [&str; 3]| compared(&desired(TAGGED), &TenantState::default(), &serials.map(device)).0;
    assert_eq!(steps(["A", "B", "C"]), steps(["C", "A", "B"]));
}

fn policy(applies_to: &str, groups: &[&str]) -> MdmPolicy {
    let groups: Vec<Value> = groups.iter().map(|id| json!({ "id": id })).collect();
    from_value(json!({ "id": "1", "appliesTo": applies_to, "includedGroups": groups })).unwrap()
}

#[test]
fn groups_that_a_scope_of_nobody_left_behind_are_not_kept_in_it() {
    let users = json!({"id": "u", "displayName": "Users", "securityEnabled": true, "groupTypes": []});
    let wish = desired("mdm_scope.groups = ['Users']");
    for (held, left) in [
        (policy("none", &["old"]), &["u"][..]),
        (policy("none", &[]), &["u"]),
        (policy("selected", &["old"]), &["old", "u"]),
        (policy("selected", &[]), &["u"]),
    ] {
        let state = TenantState {
            groups: vec![("Users".to_owned(), vec![from_value(users.clone()).unwrap()])],
            mdm: Some(MdmRead::Policy(Box::new(held.clone()))),
            ..TenantState::default()
        };
        let todo = compared(&wish, &state, &[]).1.mdm.unwrap();
        let target = todo.target(&todo.policy);
        let ids: Vec<&str> = target.groups().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, left, "{held:?}");
    }
    assert_eq!(UserScope::of(&policy("none", &["old"])), UserScope::Nobody);
}

fn page(id: &str, name: &str, priority: i32) -> Value {
    let kind = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration";
    json!({"@odata.type": kind, "id": id, "displayName": name, "priority": priority})
}

#[test]
fn the_default_page_is_never_the_deployments_own() {
    let mut default = page("x_DefaultWindows10EnrollmentCompletionPageConfiguration", "Munich", 0);
    default["deviceEnrollmentConfigurationType"] =
        "defaultWindows10EnrollmentCompletionPageConfiguration".into();
    let state = TenantState { pages: from_value(json!([default])).unwrap(), ..TenantState::default() };
    let (steps, _) = compared(&desired("enrollment_status_page.display_name = 'Munich'"), &state, &[]);
    let page = steps.iter().find(|planned| planned.step == Step::StatusPage).unwrap();
    assert!(matches!(page.action, Action::Create(_)), "{page}");
}

#[test]
fn a_page_moves_to_a_priority_up_to_the_last_and_the_pages_between_make_room() {
    let default = {
        let mut page = page("x_DefaultWindows10EnrollmentCompletionPageConfiguration", "All", 0);
        page["deviceEnrollmentConfigurationType"] =
            "defaultWindows10EnrollmentCompletionPageConfiguration".into();
        page
    };
    let others = [default, page("a", "A", 1), page("b", "B", 2)];
    let own = page("o", "Own", 3);
    for (has_own, wanted, said) in [
        (true, 1, "page_priority 3 1; priority of A 1 2; priority of B 2 3"),
        (true, 2, "page_priority 3 2; priority of B 2 3"),
        (true, 3, "keep"),
        (true, 4, "page.priority"),
        (false, 1, "page_priority 3 1; priority of A 1 2; priority of B 2 3"),
        (false, 3, "keep"),
        (false, 4, "page.priority"),
    ] {
        let wish = desired(&format!("page_priority = {wanted}\nenrollment_status_page.display_name = 'Own'"));
        let mut all = others.to_vec();
        all.extend(has_own.then(|| own.clone()));
        let state = TenantState { pages: from_value(Value::Array(all)).unwrap(), ..TenantState::default() };
        let (steps, _) = compared(&wish, &state, &[]);
        let step = steps.iter().find(|planned| planned.subject == "Own, priority").unwrap();
        let found = match &step.action {
            Action::Update(changes) => changes
                .iter()
                .map(|change| {
                    let (before, after) = change.shown();
                    format!("{} {before} {after}", change.property)
                })
                .collect::<Vec<_>>()
                .join("; "),
            Action::Keep => "keep".to_owned(),
            Action::Blocked(finding) => finding.id.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(found, said, "own: {has_own}, wanted: {wanted}");
    }
}

/// Moves a page as a list does: taken out, and put in at its place.
#[test]
fn pages_move_as_in_a_list() {
    for count in 1..6_i32 {
        for held in 1..=count {
            for wanted in 1..=count {
                let mut list: Vec<i32> = (1..=count).filter(|page| *page != held).collect();
                list.insert(usize::try_from(wanted).unwrap() - 1, held);
                for (place, page) in list.iter().enumerate().filter(|(_, page)| **page != held) {
                    let place = i32::try_from(place).unwrap() + 1;
                    assert_eq!(
                        moved(*page, Some(held), wanted),
                        place,
                        "{page}: {held} to {wanted} of {count}"
                    );
                }
            }
        }
    }
}

#[test]
fn hand_work_is_asked_for_until_it_is_confirmed() {
    let join = "[domain_join]\ndisplay_name = 'Munich'\ncomputer_name_prefix = 'MUC-'\n";
    let connectors = from_value(json!([{"id": "c", "displayName": "SRV-1"}])).unwrap();
    let ready = TenantState { connectors, ..TenantState::default() };
    for (confirmed, state, by_hand) in [
        (false, &TenantState::default(), 3),
        (true, &TenantState::default(), 1),
        (false, &ready, 2),
        (true, &ready, 0),
    ] {
        let mut wish = desired(&format!("connectors = {{}}\n{join}"));
        wish.active_directory.rights_confirmed = confirmed;
        let (steps, _) = compared(&wish, state, &[]);
        let of = |step: Step| {
            steps.iter().any(|planned| planned.step == step && matches!(planned.action, Action::Manual(_)))
        };
        let asked = [Step::Connector, Step::ComputerAccounts].into_iter().filter(|step| of(*step)).count();
        let gate = steps.iter().find(|planned| planned.step == Step::Deploy).unwrap();
        let is_held = matches!(gate.action, Action::Blocked(_));
        assert_eq!(asked + usize::from(is_held), by_hand, "{confirmed}");
    }
}
