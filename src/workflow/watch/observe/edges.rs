//! Deadlines, limits and signs at their edges.

use serde_json::{Value, json};

use super::tests::{assigned, at, check, enrolled, evidence, expected, failed, with};
use super::*;
use crate::workflow::watch::phase::DeploymentOutcome::{Failed, InProgress, Overdue};

#[test]
fn an_enrollment_counts_only_with_a_device_in_intune_that_is_not_gone() {
    let managed = json!({"enrollmentState": "enrolled", "managedDeviceId": "m"});
    for (what, of, phase) in [
        (
            "stale state",
            json!({"identity": with(assigned(), &json!({"enrollmentState": "enrolled"}))}),
            Phase::ProfileAssigned,
        ),
        ("named device", json!({"identity": with(assigned(), &managed)}), Phase::Enrolled),
        (
            "device that is gone",
            json!({"identity": with(assigned(), &managed), "managed": null}),
            Phase::ProfileAssigned,
        ),
    ] {
        assert_eq!(observe(&evidence(&of), &expected(), at(30)).phase, phase, "{what}");
    }
}

#[test]
fn a_device_that_went_another_way_has_enrolled_whatever_else_is_seen() {
    let event = json!({"enrollmentType": "azureADJoinedWithAutopilotProfile"});
    let of = json!({"identity": assigned(), "event": event});
    check("no state", &of, 30, Phase::Enrolled, Failed, &["not-hybrid-joined"]);
}

#[test]
fn deadlines_before_enrollment_count_from_the_start_of_the_watch() {
    let contact =
        json!({"identity": with(assigned(), &json!({"lastContactedDateTime": at(12).to_string()}))});
    let pending = json!({
        "identity": {"deploymentProfileAssignmentStatus": "pending"}, "first": ["registered", 30]
    });
    for (what, of, watched, deadline) in [
        ("in touch", &contact, 0, 12 + 30),
        ("in touch before the watch", &contact, 100, 100 + 30),
        ("switched off", &json!({"identity": assigned()}), 0, 5 + 480),
        ("switched off before the watch", &json!({"identity": assigned()}), 100, 100 + 480),
        ("registered meanwhile", &pending, 0, 60),
    ] {
        let mut snapshot = evidence(of);
        snapshot.watched_since = at(watched);
        let state = |minute| observe(&snapshot, &expected(), at(minute));
        assert_eq!(state(deadline - 1).deadline, Some(at(deadline)), "{what}");
        assert_eq!((state(deadline - 1).outcome, state(deadline).outcome), (InProgress, Overdue), "{what}");
    }
}

#[test]
fn a_page_gives_up_up_to_a_minute_early() {
    for (took, id) in [
        ("PT1H38M59S", "device-setup-failed"),
        ("PT1H39M", "device-setup-timeout"),
        ("PT1H40M", "device-setup-timeout"),
    ] {
        let of = failed(&json!({"deviceSetupStatus": "failure", "deviceSetupDuration": took}));
        check(took, &of, 130, Phase::DeviceSetup, Failed, &[id]);
    }
}

#[test]
fn a_failed_join_is_blamed_on_connectors_only_for_what_they_report() {
    let code = json!({"enrollmentState": "failed", "enrollmentFailureDetails": "0x80070774"});
    let of = |connectors: Value| with(failed(&code), &json!({ "connectors": connectors }));
    let active = |version: &str| json!({"id": version, "state": "active", "version": version});
    for (what, connectors, id) in [
        ("no state", json!([{"id": "c", "version": "6.2504.2001.8"}]), "domain-join-failed"),
        ("inactive", json!([{"id": "c", "state": "inactive", "version": "6.2504.2001.8"}]), "no-connector"),
        ("lowest version", json!([active("6.2501.2000.5")]), "domain-join-failed"),
        ("below it", json!([active("6.2501.2000.4")]), "connector-outdated"),
        ("one of two", json!([active("6.2501.2000.4"), active("6.2504.2001.8")]), "domain-join-failed"),
        ("no version", json!([{"id": "c", "state": "active"}]), "domain-join-failed"),
    ] {
        check(what, &of(connectors), 60, Phase::Enrolled, Failed, &[id]);
    }
}

#[test]
fn times_never_run_backwards_or_ahead() {
    let late = json!({"identity": with(assigned(), &json!({"deploymentProfileAssignedDateTime": at(50).to_string()}))});
    let state = observe(&evidence(&late), &expected(), at(45));
    assert_eq!(state.timeline.last().map(|start| (start.at, start.reported)), Some((at(45), false)));
    let seen = with(json!({"identity": assigned()}), &json!({"first": ["registered", 30]}));
    let state = observe(&evidence(&seen), &expected(), at(45));
    assert!(state.timeline.is_sorted_by_key(|start| start.at), "{:?}", state.timeline);
}

#[test]
fn device_setup_that_is_switched_off_is_done() {
    let of = enrolled(&json!({"deviceSetupStatus": "disabled"}));
    check("disabled", &of, 60, Phase::AccountSetup, InProgress, &[]);
}

#[test]
fn a_failure_lies_no_earlier_than_what_was_reached() {
    let of = json!({"enrollmentState": "failed", "deviceSetupStatus": "inProgress"});
    let of = with(enrolled(&of), &json!({"hybrid": {"deviceId": "h"}, "managed": {"azureADDeviceId": "h"}}));
    let state = observe(&evidence(&of), &expected(), at(60));
    assert_eq!((state.phase, state.outcome), (Phase::AccountSetup, Failed), "{state:?}");
}

#[test]
fn an_assigned_user_is_not_why_a_profile_never_comes() {
    let pending =
        json!({"deploymentProfileAssignmentStatus": "pending", "userPrincipalName": "adele@contoso.com"});
    let of = json!({ "identity": pending });
    check("in time", &of, 59, Phase::Registered, InProgress, &["user-assigned"]);
    check("too late", &of, 60, Phase::Registered, Overdue, &["profile-not-assigned"]);
}

#[test]
fn a_serial_number_finds_a_registration_only_if_it_is_the_only_one() {
    use crate::workflow::watch::matching::registration_of;
    let snapshot = evidence(&json!({}));
    let one = |id: &str| serde_json::from_value(json!({"id": id, "serialNumber": "sn-1 "})).unwrap();
    assert!(registration_of(vec![one("a")], &snapshot).is_some());
    assert!(registration_of(vec![one("a"), one("b")], &snapshot).is_none());
}
