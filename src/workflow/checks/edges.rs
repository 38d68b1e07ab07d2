//! The checks at the edges of their rules: each case names all of its findings.

use serde_json::{Value, from_value, json};

use super::*;
use crate::model::{Group, Lookup, Severity, Stored};
use crate::registration::SampleHash;
use crate::workflow::resultant::{GroupMembers, GroupView};
use crate::workflow::state::MdmRead;

const NOW: &str = "2026-01-02T12:00:00Z";

fn desired(text: &str) -> HybridJoin {
    toml::from_str(&format!("name = 'Munich'\nactive_directory.domain = 'corp.contoso.com'\n{text}")).unwrap()
}

fn found(desired: &HybridJoin, state: &TenantState) -> Vec<String> {
    let found = check(desired, state, &[], NOW.parse().unwrap());
    found.iter().map(|finding| finding.id.to_string()).collect()
}

fn profile(id: usize, kind: &str, name: &str) -> Value {
    let kind = format!("#microsoft.graph.{kind}WindowsAutopilotDeploymentProfile");
    json!({"@odata.type": kind, "id": id.to_string(), "displayName": name})
}

fn page(id: usize, name: &str, priority: i32) -> Value {
    let kind = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration";
    json!({"@odata.type": kind, "id": id.to_string(), "displayName": name, "priority": priority})
}

#[test]
fn a_tenant_holds_350_profiles_and_one_more_is_too_many() {
    let wish = desired("profile.display_name = 'Munich'");
    for (others, own, ids) in [(349, false, &[][..]), (350, false, &["profile.too-many"]), (350, true, &[])] {
        let mut all: Vec<Value> =
            (0..others).map(|n| profile(n, "activeDirectory", &format!("Other {n}"))).collect();
        all.extend(own.then(|| profile(999, "activeDirectory", "Munich")));
        let state =
            TenantState { profiles: from_value(Value::Array(all)).unwrap(), ..TenantState::default() };
        assert_eq!(found(&wish, &state), ids, "{others}, {own}");
    }
}

#[test]
fn a_profile_of_the_name_is_of_another_kind_only_if_it_is_no_hybrid_join() {
    let wish = desired("profile.display_name = 'Munich'");
    for (kind, ids) in [("activeDirectory", &[][..]), ("azureAD", &["profile.other-kind"])] {
        let profiles = from_value(json!([profile(1, kind, "Munich")])).unwrap();
        assert_eq!(found(&wish, &TenantState { profiles, ..TenantState::default() }), ids, "{kind}");
    }
}

#[test]
fn a_tenant_holds_51_pages_and_one_more_is_too_many() {
    let wish = desired("enrollment_status_page.display_name = 'Munich'");
    for (others, own, ids) in [(50, false, &[][..]), (51, false, &["page.too-many"]), (51, true, &[])] {
        let mut all: Vec<Value> = (0..others).map(|n| page(n, &format!("Other {n}"), 1)).collect();
        all.extend(own.then(|| page(999, "Munich", 1)));
        let state = TenantState { pages: from_value(Value::Array(all)).unwrap(), ..TenantState::default() };
        assert_eq!(found(&wish, &state), ids, "{others}, {own}");
    }
}

#[test]
fn account_setup_waits_only_on_a_page_that_shows_it_with_a_profile() {
    let with = "profile.display_name = 'P'\n[enrollment_status_page]\ndisplay_name = 'Munich'\n";
    let skip = "[skip_user_status_page]\ndisplay_name = 'Skip'";
    for (more, ids) in [
        ("show_installation_progress = true\n", &["page.account-setup-waits"][..]),
        ("show_installation_progress = false\n", &[]),
        (&*format!("show_installation_progress = true\n{skip}"), &[]),
    ] {
        assert_eq!(found(&desired(&format!("{with}{more}")), &TenantState::default()), ids, "{more}");
    }
}

#[test]
fn a_page_is_assigned_to_users_only_by_all_users() {
    let wish = desired("enrollment_status_page.display_name = 'Munich'");
    for (kind, ids) in [("allLicensedUsers", &["page.assigned-to-users"][..]), ("allDevices", &[])] {
        let target = json!({"@odata.type": format!("#microsoft.graph.{kind}AssignmentTarget")});
        let held = from_value(json!([{"id": "a", "target": target}])).unwrap();
        let state = TenantState {
            pages: from_value(json!([page(1, "Munich", 1)])).unwrap(),
            assignments: [("1".to_owned(), held)].into(),
            ..TenantState::default()
        };
        assert_eq!(found(&wish, &state), ids, "{kind}");
    }
}

#[test]
fn the_mdm_policy_is_wrong_only_where_it_says_so() {
    let wish = desired("mdm_scope = 'all'");
    let (off, valid) = ("isMdmEnrollmentDuringRegistrationDisabled", "isValid");
    for (property, value, ids) in [
        (off, json!(true), &["mdm.disabled-during-registration"][..]),
        (off, json!(false), &[]),
        (off, json!(null), &[]),
        (valid, json!(false), &["mdm.not-valid"]),
        (valid, json!(true), &[]),
        (valid, json!(null), &[]),
    ] {
        let policy = from_value(json!({"id": "1", property: value})).unwrap();
        let state = TenantState { mdm: Some(MdmRead::Policy(Box::new(policy))), ..TenantState::default() };
        assert_eq!(found(&wish, &state), ids, "{property} {value}");
    }
    for (mdm, ids) in [(MdmRead::NotAllowed, &["mdm.delegated-only"][..]), (MdmRead::Missing, &[])] {
        let state = TenantState { mdm: Some(mdm), ..TenantState::default() };
        assert_eq!(found(&wish, &state), ids);
    }
}

fn connector(more: &Value) -> Value {
    let mut connector = json!({
        "id": "c", "displayName": "SRV-1", "state": "active", "version": "6.2504.2001.8",
        "lastConnectionDateTime": "2026-01-02T11:00:00Z",
    });
    connector.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    connector
}

#[test]
fn a_connector_is_healthy_up_to_the_edge_of_each_limit() {
    let wish = desired("connectors = {}");
    let few = "connector.too-few";
    for (more, ids) in [
        (json!({}), &[][..]),
        (json!({"version": "6.2504.2001.7"}), &["connector.old"]),
        (json!({"version": "6.2501.2000.5"}), &["connector.old"]),
        (json!({"version": "6.2501.2000.4"}), &["connector.too-old", few]),
        (json!({"version": "latest"}), &["connector.version-not-known", few]),
        (json!({"version": null}), &["connector.version-not-known", few]),
        (json!({"lastConnectionDateTime": "2026-01-01T12:00:00Z"}), &[]),
        (json!({"lastConnectionDateTime": "2026-01-01T11:59:59Z"}), &["connector.silent", few]),
        (json!({"lastConnectionDateTime": null}), &["connector.silent", few]),
        (json!({"state": "inactive"}), &["connector.not-active", few]),
        (json!({"state": null}), &["connector.not-active", few]),
    ] {
        let connectors = from_value(json!([connector(&more)])).unwrap();
        assert_eq!(found(&wish, &TenantState { connectors, ..TenantState::default() }), ids, "{more}");
    }
}

#[test]
fn connectors_are_counted_by_name_in_any_case_and_all_that_are_wanted_are_needed() {
    let two = json!([connector(&json!({})), connector(&json!({"displayName": "SRV-2"}))]);
    for (settings, ids) in [
        ("connectors.min_healthy = 2", &[][..]),
        ("connectors.min_healthy = 3", &["connector.too-few"]),
        ("connectors = { names = ['srv-1'], min_healthy = 1 }", &[]),
        ("connectors = { names = ['srv-1'], min_healthy = 2 }", &["connector.too-few"]),
        ("connectors = { names = ['SRV-3'], min_healthy = 1 }", &["connector.missing", "connector.too-few"]),
    ] {
        let connectors = from_value(two.clone()).unwrap();
        let state = TenantState { connectors, ..TenantState::default() };
        assert_eq!(found(&desired(settings), &state), ids, "{settings}");
    }
}

#[test]
fn members_are_checked_in_an_assigned_group_and_an_empty_one_is_fine() {
    let group = json!({"id": "g", "displayName": "Munich", "securityEnabled": true, "groupTypes": []});
    let stored: Stored<Group> = from_value(group).unwrap();
    for (members, users, devices, ids, says) in [
        ("members = 'assigned'", 0, 0, &[][..], ""),
        ("members = 'assigned'", 0, 2, &[], ""),
        ("members = 'assigned'", 1, 2, &["group.has-users"], "1 of its 3 members"),
        ("members = 'assigned'", 2, 0, &["group.has-users", "group.no-device"], "2 of its 2 members"),
        ("members.group_tag = 'Munich'", 1, 0, &[], ""),
    ] {
        let wish = desired(&format!("[group]\ndisplay_name = 'Munich'\n{members}"));
        let ids_of = |count: usize, kind: &str| (0..count).map(|n| format!("{kind}{n}")).collect();
        let members = GroupMembers {
            devices: ids_of(devices, "d"),
            users: ids_of(users, "u"),
            ..GroupMembers::default()
        };
        let view = GroupView { display_name: None, members: Lookup::Present(members), rule: Lookup::Absent };
        let state = TenantState {
            groups: vec![("Munich".to_owned(), vec![stored.clone()])],
            group_views: [(stored.id.clone(), Lookup::Present(view))].into(),
            ..TenantState::default()
        };
        let found = check(&wish, &state, &[], NOW.parse().unwrap());
        let found_ids: Vec<&str> = found.iter().map(|finding| &*finding.id).collect();
        assert_eq!(found_ids, ids, "{users} users, {devices} devices");
        assert!(found.first().is_none_or(|finding| finding.evidence.starts_with(says)), "{found:?}");
    }
}

#[test]
fn each_group_that_is_gone_is_found_once() {
    let state = TenantState {
        gone_groups: ["a", "b"].into_iter().map(|id| id.parse().unwrap()).collect(),
        ..TenantState::default()
    };
    assert_eq!(found(&desired(""), &state), ["assignment.orphan", "assignment.orphan"]);
}

#[test]
fn registered_devices_are_checked_by_name_or_by_tag_and_by_what_is_known() {
    let group = "[group]\ndisplay_name = 'Munich'\nmembers.group_tag = 'Munich'";
    let user = json!({"userPrincipalName": "adele@contoso.com"});
    let id = json!({"azureActiveDirectoryDeviceId": "9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e"});
    let none = Lookup::Present(std::collections::HashMap::new());
    for (settings, more, anchors, ids) in [
        ("", json!({}), none.clone(), &[][..]),
        ("", user.clone(), none.clone(), &["devices.user-assigned"]),
        ("user_assignment = 'unassign'\n", user.clone(), none.clone(), &[]),
        ("user_assignment = 'assign'\n", user, none.clone(), &[]),
        ("", json!({"displayName": "PC"}), none.clone(), &["devices.display-name"]),
        ("", id.clone(), none.clone(), &["devices.anchor-missing"]),
        ("", id, Lookup::Unknown, &[]),
        // Of another deployment.
        ("", json!({"userPrincipalName": "adele@contoso.com", "groupTag": "Other"}), none, &[]),
    ] {
        let mut device = json!({"id": "1", "serialNumber": "SN-1", "groupTag": "munich"});
        device.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let devices = vec![from_value(device.clone()).unwrap()];
        let state = TenantState { devices, anchors, ..TenantState::default() };
        assert_eq!(found(&desired(&format!("{settings}{group}")), &state), ids, "{settings} {more}");
    }
}

#[test]
fn given_devices_are_checked_for_users_and_tags_and_new_ones_for_their_hashes() {
    let group = "[group]\ndisplay_name = 'Munich'\nmembers.group_tag = 'Munich'";
    let hash = |serial: &str| SampleHash::new(serial).build().unwrap();
    let plain = DeviceToImport::new("SN-1".parse().unwrap(), hash("SN-1"));
    let user = plain.clone().with_assigned_user_principal_name("adele@contoso.com".parse().unwrap());
    let tagged = |tag: &str| plain.clone().with_group_tag(tag.parse().unwrap());
    let other_hash = DeviceToImport::new("SN-1".parse().unwrap(), hash("SN-2"));
    let ids = |settings: &str, device: &DeviceToImport, registered: &Value| -> Vec<String> {
        let devices = from_value(registered.clone()).unwrap();
        let state = TenantState { devices, ..TenantState::default() };
        let wish = desired(&format!("{settings}{group}"));
        let found = check(&wish, &state, std::slice::from_ref(device), NOW.parse().unwrap());
        found.iter().map(|finding| finding.id.to_string()).collect()
    };
    let none = json!([]);
    for (settings, device, found) in [
        ("", &plain, &[][..]),
        ("", &user, &["devices.user-assigned"]),
        ("user_assignment = 'unassign'\n", &user, &[]),
        ("user_assignment = 'assign'\n", &user, &["users.hazard"]),
        ("user_assignment = 'assign'\n", &plain, &[]),
        ("", &tagged("MUNICH"), &[]),
        ("", &tagged("Other"), &["plan.group-tag-differs"]),
    ] {
        assert_eq!(ids(settings, device, &none), found, "{settings}{device:?}");
    }
    let registered = json!([{"id": "1", "serialNumber": "sn-1", "groupTag": "Other"}]);
    assert!(!ids("", &other_hash, &none).is_empty());
    assert_eq!(ids("", &other_hash, &registered), Vec::<String>::new());
    // A device of the list stops the run, one of another run does not.
    let held = json!([
        {"id": "1", "serialNumber": "SN-1", "groupTag": "Munich", "userPrincipalName": "adele@contoso.com"},
        {"id": "2", "serialNumber": "SN-2", "groupTag": "Munich", "userPrincipalName": "adele@contoso.com"},
    ]);
    let state = TenantState { devices: from_value(held).unwrap(), ..TenantState::default() };
    let found = check(&desired(group), &state, &[plain], NOW.parse().unwrap());
    let severities: Vec<_> = found.iter().map(|finding| (finding.place.as_str(), finding.severity)).collect();
    assert_eq!(severities, [("SN-1", Severity::Error), ("SN-2", Severity::Warning)]);
}

/// A tenant with the deployment's group and profile, which is assigned to the group in this way.
fn assigned(more: &Value) -> TenantState {
    let group = json!({"id": "g", "displayName": "Munich", "securityEnabled": true, "groupTypes": []});
    let mut target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g"});
    target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let held = from_value(json!([{"id": "a", "target": target}])).unwrap();
    TenantState {
        groups: vec![("Munich".to_owned(), vec![from_value(group).unwrap()])],
        profiles: from_value(json!([profile(1, "activeDirectory", "Munich")])).unwrap(),
        assignments: [("1".to_owned(), held)].into(),
        ..TenantState::default()
    }
}

#[test]
fn a_filter_of_others_stays_only_if_others_assignments_do() {
    let settings =
        "[group]\ndisplay_name = 'Munich'\nmembers.group_tag = 'Munich'\n[profile]\ndisplay_name = 'Munich'";
    let filter = json!({
        "deviceAndAppManagementAssignmentFilterId": "f", "deviceAndAppManagementAssignmentFilterType": "include",
    });
    for (removes, more, ids) in
        [(false, &filter, &["assignment.filtered"][..]), (true, &filter, &[]), (false, &json!({}), &[])]
    {
        let wish = desired(&format!("remove_other_assignments = {removes}\n{settings}"));
        assert_eq!(found(&wish, &assigned(more)), ids, "{removes} {more}");
    }
}

#[test]
fn selected_apps_are_required_not_required_or_not_known() {
    use crate::model::{BlockDeviceUse, BlockUntil, BlockingApps};
    let mut wish = desired("enrollment_status_page.display_name = 'Munich'");
    let apps = BlockingApps::selected(["App".parse::<crate::model::AppSelector>().unwrap()]);
    if let Some(page) = &mut wish.enrollment_status_page {
        page.block_device_use = BlockDeviceUse::Until(BlockUntil::new(apps));
    }
    let required = json!([{"id": "a", "intent": "required"}]);
    for (kind, assignments, count, ids) in [
        ("win32LobApp", Some(required.clone()), 1, &[][..]),
        ("windowsMobileMSI", Some(required.clone()), 1, &[]),
        ("win32LobApp", Some(json!([])), 1, &["page.app-not-required"]),
        ("win32LobApp", None, 1, &["page.app-not-known"]),
        ("iosVppApp", Some(required.clone()), 1, &["page.app-foreign"]),
        ("officeSuiteApp", Some(required.clone()), 1, &["page.office-app"]),
        ("win32LobApp", Some(required), 2, &["page.app-not-one"]),
        ("win32LobApp", None, 0, &["page.app-not-one"]),
    ] {
        let app = |n: usize| {
            let kind = format!("#microsoft.graph.{kind}");
            let mut app = json!({"@odata.type": kind, "id": n.to_string(), "displayName": "App"});
            if let Some(held) = &assignments {
                app["assignments"] = held.clone();
            }
            app
        };
        let apps = from_value(Value::Array((0..count).map(app).collect())).unwrap();
        assert_eq!(
            found(&wish, &TenantState { apps, ..TenantState::default() }),
            ids,
            "{kind} {assignments:?}"
        );
    }
}
