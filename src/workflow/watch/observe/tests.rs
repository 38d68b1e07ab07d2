use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::codes::{ErrorCode, KnownCode};
use crate::model::{AutopilotEnrollmentType, Severity};
use crate::workflow::watch::catalogue::{kind_of, phase_of};
use crate::workflow::watch::phase::DeploymentOutcome::{Failed, InProgress, Overdue, Ready};
use crate::workflow::watch::state::later;
use crate::workflow::watch::{EffectiveDomainJoin, UserCredential};

const START: &str = "2026-01-01T08:00:00Z";

pub(super) fn at(minute: u64) -> Timestamp {
    later(START.parse().unwrap(), Duration::from_secs(minute * 60))
}

fn seen<T: DeserializeOwned>(value: Option<&Value>) -> Lookup<T> {
    match value {
        None => Lookup::Unknown,
        Some(Value::Null) => Lookup::Absent,
        Some(value) => {
            let mut value = value.clone();
            if let Value::Object(object) = &mut value {
                object.entry("id").or_insert_with(|| "x".into());
            }
            Lookup::Present(serde_json::from_value(value).unwrap())
        }
    }
}

/// Parses evidence in the service's own format. A missing key was not read; null does not exist.
pub(super) fn evidence(of: &Value) -> DeviceSnapshot {
    let mut evidence = DeviceSnapshot::new("device-1".parse().unwrap(), at(0));
    evidence.serial_number = Some("SN-1".into());
    evidence.identity = seen(of.get("identity"));
    evidence.profile = seen(of.get("profile"));
    evidence.managed_device = seen(of.get("managed"));
    evidence.event = seen(of.get("event"));
    evidence.anchor = seen(of.get("anchor"));
    evidence.hybrid = seen(of.get("hybrid"));
    if let Some(connectors) = of.get("connectors") {
        let connectors: Vec<_> = serde_json::from_value(connectors.clone()).unwrap();
        evidence.connectors = Lookup::Present(Arc::from(connectors));
    }
    if let Some(joins) = of.get("joins") {
        let joins = joins.as_array().unwrap().iter().map(|join| {
            let found = EffectiveDomainJoin::new(join[0].as_str().unwrap());
            match join[1].as_str() {
                Some(problem) => found.with_problem(problem),
                None => found,
            }
        });
        evidence.domain_joins = Lookup::Present(joins.collect());
    }
    if let Some(first) = of.get("first") {
        let (phase, minute) = (&first[0], first[1].as_u64().unwrap());
        evidence.first_seen.insert(serde_json::from_value(phase.clone()).unwrap(), at(minute));
    }
    evidence
}

/// Returns a registration with a profile.
pub(super) fn assigned() -> Value {
    json!({
        "enrollmentState": "notContacted", "deploymentProfileAssignmentStatus": "assignedInSync",
        "deploymentProfileAssignedDateTime": at(5).to_string()
    })
}

/// Returns a device in Intune before its domain join, and its deployment record.
pub(super) fn enrolled(event: &Value) -> Value {
    let mut whole = json!({
        "enrollmentType": "offlineDomainJoined", "enrollmentState": "enrolled", "deploymentState": "inProgress",
        "deviceSetupStatus": "notAttempted", "accountSetupStatus": "notAttempted",
        "enrollmentStartDateTime": at(20).to_string()
    });
    whole.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
    json!({"identity": assigned(), "managed": {"deviceName": "DESKTOP-1"}, "event": whole, "anchor": {}})
}

pub(super) fn with(mut base: Value, more: &Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

/// Returns a failed deployment.
pub(super) fn failed(event: &Value) -> Value {
    enrolled(&with(json!({"deploymentState": "failure"}), event))
}

pub(super) fn expected() -> Expectation {
    Expectation { computer_name_prefix: Some("MUC-".parse().unwrap()), ..Expectation::default() }
}

#[track_caller]
pub(super) fn check(
    what: &str,
    of: &Value,
    minute: u64,
    phase: Phase,
    outcome: DeploymentOutcome,
    ids: &[&str],
) -> DeviceState {
    let state = observe(&evidence(of), &expected(), at(minute));
    let found: Vec<&str> =
        state.findings.iter().map(|finding| finding.id.strip_prefix("watch.").unwrap()).collect();
    assert_eq!((state.phase, state.outcome, found.as_slice()), (phase, outcome, ids), "{what}: {state:#?}");
    for finding in &state.findings {
        assert_eq!(finding.place, "SN-1");
        assert!(!finding.evidence.is_empty() && !finding.remedy.is_empty(), "{finding}");
    }
    state
}

#[test]
fn each_phase_is_told_by_its_signs() {
    let synced = json!({"hybrid": {"deviceId": "h", "trustType": "ServerAd"}});
    let signed_in =
        with(synced.clone(), &json!({"managed": {"deviceName": "MUC-ABCDEFGHIJK", "azureADDeviceId": "h"}}));
    let success = json!({"deploymentState": "success", "deviceSetupStatus": "success", "accountSetupStatus": "success"});
    for (what, of, phase, outcome) in [
        ("nothing read", json!({}), Phase::Unregistered, InProgress),
        ("not there yet", json!({"identity": null}), Phase::Unregistered, InProgress),
        (
            "registered",
            json!({"identity": {"deploymentProfileAssignmentStatus": "pending"}}),
            Phase::Registered,
            InProgress,
        ),
        (
            "assigned without a date",
            json!({"identity": {"deploymentProfileAssignmentStatus": "assignedInSync"}}),
            Phase::Registered,
            InProgress,
        ),
        ("assigned", json!({"identity": assigned()}), Phase::ProfileAssigned, InProgress),
        (
            "a single read that says unknown, and the profile itself",
            json!({"identity": with(assigned(), &json!({"deploymentProfileAssignmentStatus": "unknown"})), "profile": {}}),
            Phase::ProfileAssigned,
            InProgress,
        ),
        (
            "a single read that says unknown, and no profile",
            json!({"identity": with(assigned(), &json!({"deploymentProfileAssignmentStatus": "unknown"})), "profile": null}),
            Phase::Registered,
            InProgress,
        ),
        ("enrolled", enrolled(&json!({})), Phase::Enrolled, InProgress),
        (
            "enrolled, by the registration alone",
            json!({"identity": with(assigned(), &json!({"enrollmentState": "enrolled", "managedDeviceId": "m"}))}),
            Phase::Enrolled,
            InProgress,
        ),
        (
            "enrolled, before the profile shows",
            json!({"identity": {}, "managed": {}}),
            Phase::Enrolled,
            InProgress,
        ),
        (
            "joined, by the name",
            with(enrolled(&json!({})), &json!({"managed": {"deviceName": "muc-ABCDEFGHIJK"}})),
            Phase::DomainJoined,
            InProgress,
        ),
        (
            "not joined, by a name that need not be the domain's",
            with(enrolled(&json!({})), &json!({"managed": {"deviceName": "BER-1"}})),
            Phase::Enrolled,
            InProgress,
        ),
        (
            "joined, by its join type",
            with(enrolled(&json!({})), &json!({"managed": {"joinType": "hybridAzureADJoined"}})),
            Phase::DomainJoined,
            InProgress,
        ),
        ("joined, by its object", with(enrolled(&json!({})), &synced), Phase::DomainJoined, InProgress),
        (
            "device setup",
            enrolled(&json!({"deviceSetupStatus": "inProgress"})),
            Phase::DeviceSetup,
            InProgress,
        ),
        (
            "device setup is done",
            enrolled(&json!({"deviceSetupStatus": "success"})),
            Phase::AccountSetup,
            InProgress,
        ),
        (
            "device setup is switched off",
            enrolled(&json!({"deviceSetupStatus": "disabled"})),
            Phase::AccountSetup,
            InProgress,
        ),
        (
            "account setup",
            enrolled(&json!({"accountSetupStatus": "inProgress"})),
            Phase::AccountSetup,
            InProgress,
        ),
        ("a user has signed in", with(enrolled(&json!({})), &signed_in), Phase::AccountSetup, InProgress),
        ("done and synced", with(enrolled(&success), &synced), Phase::Ready, Ready),
        (
            "done, with no user's part",
            with(enrolled(&with(success.clone(), &json!({"accountSetupStatus": "disabled"}))), &synced),
            Phase::Ready,
            Ready,
        ),
    ] {
        check(what, &of, 30, phase, outcome, &[]);
    }
}

#[test]
fn a_device_that_left_intune_is_not_ready_whatever_its_record_says() {
    let success = json!({"deploymentState": "success"});
    let of = json!({"identity": assigned(), "managed": null, "event": success});
    check("left", &of, 30, Phase::ProfileAssigned, InProgress, &["left-management"]);
    let state = check("left for long", &of, 490, Phase::ProfileAssigned, Overdue, &["left-management"]);
    assert_eq!(state.findings[0].severity, Severity::Error);
}

#[test]
fn a_deployment_is_not_ready_before_its_computer_is_in_entra_id_unless_that_is_not_asked() {
    let of = with(enrolled(&json!({"deploymentState": "success"})), &json!({"hybrid": null}));
    let state = check("waits", &of, 40, Phase::AccountSetup, InProgress, &["not-synced"]);
    assert_eq!(state.findings[0].severity, Severity::Info);
    let state = check("too long", &of, 20 + 130, Phase::AccountSetup, Overdue, &["not-synced"]);
    assert_eq!(state.findings[0].severity, Severity::Error);
    let relaxed = Expectation { require_sync: false, ..expected() };
    assert_eq!(observe(&evidence(&of), &relaxed, at(40)).outcome, Ready);
}

#[test]
fn a_failure_is_named_by_its_code_where_it_has_one() {
    for known in KnownCode::ALL {
        for code in
            known.codes.iter().map(|code| ErrorCode(*code)).filter(|code| *code != ErrorCode::DOMAIN_JOIN)
        {
            let Some(kind) = kind_of(code) else { continue };
            let details = format!("Enrollment failed: {code}");
            let of = failed(&json!({"enrollmentState": "failed", "enrollmentFailureDetails": details}));
            let phase = phase_of(code).unwrap_or(Phase::Enrolled).max(Phase::Enrolled);
            let id = kind.id.strip_prefix("watch.").unwrap();
            let state = check(kind.id, &of, 30, phase, Failed, &[id]);
            assert!(state.findings[0].evidence.contains(&code.to_string()), "{state:?}");
            assert_eq!(state.next_step(), kind.remedy);
            assert_eq!(state.next_credential(), None);
        }
    }
}

#[test]
fn a_generic_code_names_no_cause_as_certain() {
    for (code, possible) in [
        (0x8000_4005, "a Windows fault"),
        (0x8018_0005, "pre-provisioning was started"),
        (0x8007_0490, "TPM attestation"),
        (0x8000_ffff, "automatic enrollment is not configured"),
    ] {
        let details = format!("Enrollment failed: {}", ErrorCode(code));
        let event = json!({"enrollmentState": "failed", "enrollmentFailureDetails": details});
        let of = json!({"identity": assigned(), "event": event});
        let state = observe(&evidence(&of), &expected(), at(30));
        let [finding] = state.findings.as_slice() else { panic!("{state:?}") };
        assert_eq!(finding.id, "watch.enrollment-failed");
        assert!(finding.evidence.contains("possible: ") && finding.evidence.contains(possible), "{finding}");
    }
}

#[test]
fn a_failure_without_a_code_is_named_by_where_it_happened() {
    for (what, of, phase, id) in [
        (
            "the registration says so",
            json!({"identity": with(assigned(), &json!({"enrollmentState": "failed"}))}),
            Phase::ProfileAssigned,
            "enrollment-failed",
        ),
        (
            "never in Intune",
            with(failed(&json!({"enrollmentState": "failed"})), &json!({"managed": null})),
            Phase::ProfileAssigned,
            "enrollment-failed",
        ),
        ("in Intune, not joined", failed(&json!({})), Phase::Enrolled, "domain-join-failed"),
        (
            "device setup",
            failed(&json!({"deviceSetupStatus": "failure", "deviceSetupDuration": "PT12M"})),
            Phase::DeviceSetup,
            "device-setup-failed",
        ),
        (
            "device setup, at the limit",
            failed(&json!({"deviceSetupStatus": "failure", "deviceSetupDuration": "PT1H40M1S"})),
            Phase::DeviceSetup,
            "device-setup-timeout",
        ),
        (
            "device setup, with the code of a timeout",
            failed(&json!({"deviceSetupStatus": "failure", "enrollmentFailureDetails": "0x800705b4"})),
            Phase::DeviceSetup,
            "device-setup-timeout",
        ),
        (
            "a duration below zero says nothing",
            failed(&json!({"deviceSetupStatus": "failure", "deviceSetupDuration": "-PT200M"})),
            Phase::DeviceSetup,
            "device-setup-failed",
        ),
        (
            "account setup",
            failed(&json!({"deviceSetupStatus": "success", "accountSetupStatus": "failure"})),
            Phase::AccountSetup,
            "account-setup-failed",
        ),
        (
            "account setup, too long",
            failed(&json!({
                "deviceSetupStatus": "success", "accountSetupStatus": "failure",
                "enrollmentFailureDetails": "0x800705B4"
            })),
            Phase::AccountSetup,
            "account-setup-timeout",
        ),
        (
            "account setup, with no computer object",
            with(
                failed(&json!({"deviceSetupStatus": "success", "accountSetupStatus": "failure"})),
                &json!({"hybrid": null}),
            ),
            Phase::AccountSetup,
            "not-synced",
        ),
        (
            "after device setup",
            failed(&json!({"deviceSetupStatus": "success"})),
            Phase::AccountSetup,
            "account-setup-failed",
        ),
    ] {
        check(what, &of, 30, phase, Failed, &[id]);
    }
}

#[test]
fn a_failed_domain_join_is_traced_to_what_graph_shows_and_no_further() {
    let code = json!({"enrollmentState": "failed", "enrollmentFailureDetails": "0x80070774"});
    let active = json!([{"id": "c", "state": "active", "version": "6.2504.2001.8"}]);
    let old = json!([
        {"id": "c", "state": "active", "version": "6.999.2000.8"}, {"id": "d", "state": "inactive", "version": "6.2504.2001.8"}
    ]);
    let user = json!({"identity": with(assigned(), &json!({"userPrincipalName": "adele@contoso.com"}))});
    for (what, more, ids) in [
        ("nothing else known", json!({}), &["domain-join-failed"][..]),
        ("all in order", json!({"connectors": active, "joins": [["A", null]]}), &["domain-join-failed"]),
        ("a user", user, &["user-assigned"]),
        ("no object", json!({"anchor": null}), &["anchor-missing"]),
        ("no connector", json!({"connectors": []}), &["no-connector"]),
        ("none active", json!({"connectors": [{"id": "c", "state": "error"}]}), &["no-connector"]),
        ("an old connector", json!({"connectors": old}), &["connector-outdated"]),
        ("no profile", json!({"joins": []}), &["no-domain-join-profile"]),
        ("two profiles", json!({"joins": [["A", null], ["B", null]]}), &["several-domain-join-profiles"]),
        ("a container", json!({"joins": [["A", "is a container"]]}), &["invalid-domain-join-profile"]),
        (
            "several",
            json!({"connectors": [], "joins": [], "anchor": null}),
            &["anchor-missing", "no-connector", "no-domain-join-profile"],
        ),
    ] {
        let state = check(what, &with(failed(&code), &more), 30, Phase::Enrolled, Failed, ids);
        for finding in &state.findings {
            assert!(finding.evidence.contains("0x80070774"), "{finding}");
            assert_eq!(finding.severity, Severity::Error);
        }
    }
}

#[test]
fn a_device_that_stalls_is_diagnosed_before_it_is_given_up() {
    let waiting = with(enrolled(&json!({})), &json!({"connectors": []}));
    check("in time", &waiting, 49, Phase::Enrolled, InProgress, &[]);
    let state = check("late", &waiting, 50, Phase::Enrolled, InProgress, &["no-connector"]);
    assert_eq!(state.findings[0].severity, Severity::Warning);
    let state = check("too late", &waiting, 150, Phase::Enrolled, Overdue, &["no-connector"]);
    assert_eq!((state.findings[0].severity, state.deadline), (Severity::Error, Some(at(150))));

    let setup =
        with(enrolled(&json!({"deviceSetupStatus": "inProgress"})), &json!({"first": ["device_setup", 30]}));
    check("in time", &setup, 149, Phase::DeviceSetup, InProgress, &[]);
    check("too late", &setup, 150, Phase::DeviceSetup, Overdue, &["device-setup-stalled"]);

    let account = with(enrolled(&json!({"deviceSetupStatus": "success"})), &json!({"hybrid": null}));
    check("too late", &account, 150, Phase::AccountSetup, Overdue, &["account-setup-stalled"]);
    let signed_in = json!({"managed": {"azureADDeviceId": "h"}, "hybrid": {"deviceId": "h"}});
    let account = with(account, &signed_in);
    check("signed in", &account, 150, Phase::AccountSetup, Overdue, &["record-incomplete"]);
}

#[test]
fn what_never_came_is_said() {
    check("in time", &json!({"identity": null}), 59, Phase::Unregistered, InProgress, &[]);
    check("too late", &json!({"identity": null}), 60, Phase::Unregistered, Overdue, &["not-registered"]);
    let unread = check("unread", &json!({}), 60, Phase::Unregistered, Overdue, &["not-registered"]);
    assert!(unread.findings[0].evidence.contains("could not be read"));
    let pending = json!({"identity": {"deploymentProfileAssignmentStatus": "pending"}});
    let state = check("no profile", &pending, 60, Phase::Registered, Overdue, &["profile-not-assigned"]);
    assert!(state.findings[0].evidence.contains("pending"));
    let off = json!({"identity": assigned()});
    check("in time", &off, 5 + 479, Phase::ProfileAssigned, InProgress, &[]);
    check("off", &off, 5 + 480, Phase::ProfileAssigned, Overdue, &["not-switched-on"]);
    let on = json!({"identity": with(assigned(), &json!({"lastContactedDateTime": at(12).to_string()}))});
    check("in touch", &on, 41, Phase::ProfileAssigned, InProgress, &[]);
    check("did not enroll", &on, 42, Phase::ProfileAssigned, Overdue, &["did-not-enroll"]);
    let before = json!({"identity": with(assigned(), &json!({"lastContactedDateTime": at(2).to_string()}))});
    check("in touch before", &before, 42, Phase::ProfileAssigned, InProgress, &[]);
}

#[test]
fn what_is_wrong_before_the_device_is_switched_on_is_said_in_time() {
    let identity = |more: Value| json!({"identity": with(assigned(), &more)});
    let user = identity(json!({"userPrincipalName": "adele@contoso.com"}));
    check("a user", &user, 6, Phase::ProfileAssigned, InProgress, &["user-assigned"]);
    let anchor = json!({"identity": assigned(), "anchor": null});
    check("no object", &anchor, 6, Phase::ProfileAssigned, InProgress, &["anchor-missing"]);
    let settling = json!({"identity": {"deploymentProfileAssignmentStatus": "pending"}, "anchor": null});
    check("settling", &settling, 59, Phase::Registered, InProgress, &[]);
    for (what, state, id) in [
        ("blocked", json!({"enrollmentState": "blocked"}), "enrollment-blocked"),
        ("repair", json!({"remediationState": "manualRemediationRequired"}), "registration-needs-repair"),
    ] {
        check(what, &identity(state), 6, Phase::ProfileAssigned, Failed, &[id]);
    }
    let repair = identity(json!({"remediationState": "automaticRemediationRequired"}));
    check("in repair", &repair, 6, Phase::ProfileAssigned, InProgress, &["registration-in-repair"]);
    let refused = json!({"identity": {
        "deploymentProfileAssignmentStatus": "failed",
        "deploymentProfileAssignmentDetailedStatus": "hardwareRequirementsNotMet"
    }});
    let state = check("refused", &refused, 6, Phase::Registered, Failed, &["profile-assignment-failed"]);
    assert!(state.findings[0].evidence.contains("hardwareRequirementsNotMet"));

    let entra = json!({"identity": assigned(), "profile": {
        "displayName": "Cloud", "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile"
    }});
    check("the wrong join", &entra, 6, Phase::ProfileAssigned, InProgress, &["wrong-profile"]);
    let mut expected = expected();
    expected.profile = Some("wanted".parse().unwrap());
    let other =
        evidence(&json!({"identity": assigned(), "profile": {"id": "other", "displayName": "Other"}}));
    let state = observe(&other, &expected, at(6));
    assert_eq!((state.phase, &*state.findings[0].id), (Phase::Registered, "watch.wrong-profile"));
    assert_eq!(state.findings[0].severity, Severity::Warning);
    let state = observe(&other, &expected, at(60));
    assert_eq!((state.outcome, state.findings.len()), (Overdue, 1));
    assert_eq!(state.findings[0].severity, Severity::Error);
    let right = evidence(&json!({"identity": assigned(), "profile": {"id": "wanted"}}));
    assert_eq!(observe(&right, &expected, at(6)).phase, Phase::ProfileAssigned);
}

#[test]
fn what_happened_on_the_way_is_not_hidden_by_a_good_end() {
    let synced =
        json!({"managed": {"azureADDeviceId": "h"}, "hybrid": {"deviceId": "h", "trustType": "ServerAd"}});
    for (event, ids) in [
        (json!({"deploymentState": "successWithTimeout"}), &["done-after-timeout"]),
        (json!({"deploymentState": "successOnRetry"}), &["done-on-retry"]),
        (json!({"deploymentState": "failure", "deviceSetupStatus": "failure"}), &["went-on-after-failure"]),
    ] {
        check("ready", &with(enrolled(&event), &synced), 90, Phase::Ready, Ready, ids);
    }
    let failure = json!({"deploymentState": "failure", "deviceSetupStatus": "failure", "accountSetupStatus": "inProgress"});
    check("goes on", &enrolled(&failure), 90, Phase::AccountSetup, InProgress, &[]);
}

#[test]
fn a_device_that_enrolled_by_another_way_has_failed_though_its_record_says_success() {
    let of = enrolled(
        &json!({"enrollmentType": "azureADJoinedWithAutopilotProfile", "deploymentState": "success"}),
    );
    check("joined Entra ID", &of, 60, Phase::Enrolled, Failed, &["not-hybrid-joined"]);
    let user = json!({"identity": with(assigned(), &json!({"userPrincipalName": "adele@contoso.com"}))});
    let ids = &["user-assigned", "not-hybrid-joined"];
    check("because of the user", &with(of, &user), 60, Phase::Enrolled, Failed, ids);
}

#[test]
fn a_device_that_was_reset_or_deleted_is_told_apart() {
    let gone = json!({"identity": assigned(), "managed": null, "first": ["enrolled", 20]});
    check("deleted in Intune", &gone, 30, Phase::ProfileAssigned, InProgress, &["left-management"]);
    let mut other = enrolled(&json!({}));
    other["identity"]["enrollmentState"] = "pendingReset".into();
    let ids = &["enrolled-with-another-profile"];
    check("another profile", &other, 30, Phase::Enrolled, InProgress, ids);
}

#[test]
fn phases_begin_when_the_service_says_or_when_they_were_first_seen() {
    let of = with(
        enrolled(&json!({"deviceSetupStatus": "inProgress"})),
        &json!({"first": ["registered", 1], "managed": {"enrolledDateTime": at(0).to_string()}}),
    );
    let state = observe(&evidence(&of), &expected(), at(45));
    let timeline: Vec<_> =
        state.timeline.iter().map(|start| (start.phase, start.at, start.reported)).collect();
    assert_eq!(
        timeline,
        [
            (Phase::Registered, at(1), false),
            (Phase::ProfileAssigned, at(5), true),
            (Phase::Enrolled, at(20), true),
            (Phase::DeviceSetup, at(45), false),
        ]
    );
    assert_eq!((state.since, state.deadline), (at(45), Some(at(20 + 130))));
}

#[test]
fn the_date_of_enrollment_is_taken_from_intune_only_if_it_can_be_true() {
    let starts = |enrolled: u64| {
        let of = json!({"identity": assigned(), "managed": {"enrolledDateTime": at(enrolled).to_string()}});
        let state = observe(&evidence(&of), &expected(), at(45));
        state.timeline.last().map(|start| (start.at, start.reported)).unwrap()
    };
    assert_eq!(starts(20), (at(20), true));
    assert_eq!(starts(2), (at(45), false), "before the profile was assigned");
    assert_eq!(starts(50), (at(45), false), "in the future");
}

#[test]
fn the_next_sign_in_is_said_until_a_device_has_failed() {
    let setup =
        observe(&evidence(&enrolled(&json!({"deviceSetupStatus": "inProgress"}))), &expected(), at(30));
    assert_eq!(setup.next_credential(), Some(UserCredential::ActiveDirectory));
    assert_eq!(setup.next_step(), Phase::DeviceSetup.next_step());
}

#[test]
fn no_name_of_a_person_is_in_a_state() {
    let mut of = failed(&json!({
        "enrollmentState": "failed", "userPrincipalName": "adele@contoso.com", "managedDeviceName": "adele_Windows",
        "enrollmentFailureDetails": "user adele@contoso.com has no license: 0x80180018"
    }));
    of["identity"]["userPrincipalName"] = "adele@contoso.com".into();
    of["identity"]["addressableUserName"] = "Adele Vance".into();
    of["managed"]["userDisplayName"] = "Adele Vance".into();
    of["managed"]["emailAddress"] = "adele@contoso.com".into();
    let state = observe(&evidence(&of), &expected(), at(30));
    assert_eq!(state.facts.user_assigned, Some(true));
    let shown = format!("{state:?}{}", serde_json::to_string(&state).unwrap()).to_lowercase();
    assert!(!shown.contains("adele") && shown.contains("[redacted]"), "{shown}");
}

#[test]
fn a_state_survives_serde() {
    let state = observe(&evidence(&failed(&json!({"deviceSetupStatus": "failure"}))), &expected(), at(30));
    let back: DeviceState = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    assert_eq!(back, state);
}

proptest! {
    /// Checks any report of the service: no panic, a timeline in order that ends with the phase, a reason for every
    /// failure, and all findings of a settled device.
    #[test]
    fn any_evidence_gives_a_state_that_makes_sense(
        states in prop::collection::vec(prop::sample::select(DeploymentState::MEMBERS), 3),
        enrollment in prop::sample::select(EnrollmentState::MEMBERS),
        assignment in prop::sample::select(ProfileAssignmentStatus::MEMBERS),
        kind in prop::sample::select(AutopilotEnrollmentType::MEMBERS),
        details in ".{0,40}",
        there in prop::collection::vec(prop::option::of(any::<bool>()), 5),
        dates in prop::collection::vec(-400_000_000_000_i64..400_000_000_000, 4),
        minute in 0_u64..2_000,
    ) {
        let date = |index: usize| Timestamp::from_second(dates[index] / 4).unwrap().to_string();
        let mut of = json!({
            "identity": {
                "enrollmentState": enrollment, "deploymentProfileAssignmentStatus": assignment,
                "deploymentProfileAssignedDateTime": date(0)
            },
            "event": {
                "enrollmentState": enrollment, "enrollmentType": kind, "deploymentState": states[0],
                "deviceSetupStatus": states[1], "accountSetupStatus": states[2], "enrollmentFailureDetails": details,
                "enrollmentStartDateTime": date(1), "deploymentEndDateTime": date(2)
            },
            "managed": {"enrolledDateTime": date(3)}, "anchor": {}, "hybrid": {},
        });
        for (name, there) in ["identity", "event", "managed", "anchor", "hybrid"].iter().zip(&there) {
            match there {
                Some(true) => {}
                Some(false) => of[*name] = Value::Null,
                None => drop(of.as_object_mut().unwrap().remove(*name)),
            }
        }
        let now = at(minute);
        let state = observe(&evidence(&of), &expected(), now);
        prop_assert_eq!(state.timeline.last().map(|start| (start.phase, start.at)), Some((state.phase, state.since)));
        prop_assert!(state.timeline.is_sorted_by_key(|start| (start.phase, start.at)));
        prop_assert!(state.timeline.iter().all(|start| start.at <= now));
        prop_assert_eq!(state.outcome == Ready, state.phase == Phase::Ready);
        if matches!(state.outcome, Failed | Overdue) {
            prop_assert!(!state.findings.is_empty());
        }
        prop_assert_eq!(observe(&evidence(&of), &expected(), now), state);
    }
}
