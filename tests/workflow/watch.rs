//! Following devices through the public API, on the simulated tenant.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::json;
use windows_autopilot::ErrorKind;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::model::{Device, Id, SerialNumber};
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::Transport as _;
use windows_autopilot::workflow::watch::DeviceDeployment;
use windows_autopilot::workflow::watch::{DeploymentOutcome, Phase, Watch, WatchEvent};

use crate::tools::fleet::{Flaw, Fleet};

const MINUTE: Duration = Duration::from_secs(60);

fn id(text: &str) -> Id<Device> {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_device_that_never_appears_is_looked_for_less_and_less_often_until_its_deadline() {
    let Harness { client, clock, .. } = Harness::new();
    let serial = ("SN-1".parse::<SerialNumber>()).unwrap();
    let report = Watch::new(&client, [(id("nobody"), serial)]).start().await.unwrap();
    assert_eq!(clock.elapsed(), MINUTE * 60);
    let slept: Vec<u64> = clock.slept().iter().map(Duration::as_secs).collect();
    assert_eq!(slept[..7], [30, 45, 67, 101, 151, 227, 300]);
    let [device] = report.devices.as_slice() else { panic!("{report}") };
    assert_eq!((device.name(), device.status().as_str()), ("SN-1", "overdue at registration"));
    assert_eq!(device.problem(), "not registered");
    assert_eq!((report.ended.duration_since(report.started).as_secs(), report.findings.len()), (3600, 0));
}

#[tokio::test]
async fn a_device_without_a_profile_is_overdue_after_an_hour_and_named_by_its_registration() {
    let Harness { client, tenant, .. } = Harness::new();
    let device = tenant.add_device("SN-1");
    let report = Watch::new(&client, [id(&device), id(&device)]).start().await.unwrap();
    let [device] = report.devices.as_slice() else { panic!("named twice, followed once: {report}") };
    assert_eq!((device.name(), device.problem().as_str()), ("SN-1", "profile not assigned"));
    assert_eq!(device.state.facts.manufacturer.as_deref(), Some("Contoso"));
    assert_eq!(device.state.facts.user_assigned, Some(false));
    assert!(device.state.facts.anchor_id.is_some());
}

#[tokio::test]
async fn one_look_reads_each_collection_once_and_devices_twenty_at_a_time() {
    let Harness { client, tenant, .. } = Harness::new();
    let devices: Vec<_> = (0..50).map(|number| id(&tenant.add_device(&format!("SN-{number}")))).collect();
    tenant.clear_requests();
    let report = Watch::new(&client, devices).snapshot().await.unwrap();
    assert_eq!(report.count(DeploymentOutcome::InProgress), 50);
    let requests = tenant.requests();
    let count = |path: &str| requests.iter().filter(|request| request.path.ends_with(path)).count();
    // Registrations with their profiles are a hundred requests, devices in Intune and in Entra ID fifty each.
    assert_eq!(
        (count("$batch"), count("autopilotEvents"), requests.len()),
        (5 + 3 + 3, 1, 12),
        "{requests:?}"
    );
}

#[tokio::test]
async fn a_watch_that_is_stopped_reports_what_it_has_seen() {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let mut run = Watch::new(&client, [id(&tenant.add_device("SN-1"))]).with_title("Munich").start();
    let mut events = Vec::new();
    while let Some(event) = run.next().await {
        if matches!(event, WatchEvent::Polled { .. }) {
            run.stop_handle().stop();
        }
        events.push(event);
    }
    assert!(matches!(&events[0], WatchEvent::Changed(device) if device.name() == "SN-1"), "{events:?}");
    assert!(matches!(events[1..], [WatchEvent::Polled { in_progress: 1, devices: 1, .. }]), "{events:?}");
    let report = run.await.unwrap();
    assert_eq!((report.count(DeploymentOutcome::InProgress), report.title.as_deref()), (1, Some("Munich")));
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn who_may_not_read_registrations_is_told_at_once_and_other_gaps_are_in_the_report() {
    let with = |permissions: &'static [&'static str]| {
        Harness::builder()
            .as_app()
            .with_tenant(|tenant| tenant.with_permissions(permissions.iter().copied()))
            .build()
    };
    let Harness { client, tenant, .. } = with(&["DeviceManagementManagedDevices.Read.All"]);
    let device = id(&tenant.add_device("SN-1"));
    let error = Watch::new(&client, [device]).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);

    let Harness { client, tenant, .. } = with(&["DeviceManagementServiceConfig.Read.All"]);
    let device = id(&tenant.add_device("SN-1"));
    let report = Watch::new(&client, [device]).snapshot().await.unwrap();
    let gaps: Vec<_> = report.findings.iter().map(|finding| (&*finding.id, finding.remedy.clone())).collect();
    assert_eq!(gaps.len(), 3, "{gaps:?}");
    for (gap, permission) in gaps.iter().zip([
        "DeviceManagementManagedDevices.Read.All",
        "DeviceManagementManagedDevices.Read.All",
        "Device.Read.All",
    ]) {
        assert_eq!(gap.0, "watch.unread");
        assert!(gap.1.contains(permission), "{gap:?}");
    }
    assert_eq!(report.devices[0].state.phase, Phase::Registered);
}

#[tokio::test]
async fn devices_with_the_same_serial_number_do_not_get_each_others_records() {
    let Harness { client, tenant, .. } = Harness::new();
    let [first, second] = [tenant.add_device("SN-1"), tenant.add_device("sn-1 ")];
    let record = async |device: Option<&str>| {
        let row = json!({
            "deviceSerialNumber": "SN-1", "deviceId": device, "deploymentState": "failure",
            "enrollmentType": "offlineDomainJoined", "enrollmentState": "failed",
            "enrollmentFailureDetails": "0x80180022", "enrollmentStartDateTime": "2026-01-01T08:00:00Z"
        });
        let request =
            http::Request::post("https://graph.microsoft.com/beta/deviceManagement/autopilotEvents")
                .header("authorization", "Bearer any")
                .header("content-type", "application/json")
                .body(bytes::Bytes::from(row.to_string()));
        let answer = tenant.send(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), 201, "{answer:?}");
    };
    let problems = async || {
        let report = Watch::new(&client, [id(&first), id(&second)]).snapshot().await.unwrap();
        report.devices.iter().map(DeviceDeployment::problem).collect::<Vec<_>>()
    };
    record(None).await;
    assert_eq!(problems().await, ["", ""], "it may be either's");
    record(Some(&second)).await;
    assert_eq!(problems().await, ["", "Windows Home"]);
}

#[test]
fn a_watch_can_be_sent_to_another_thread() {
    fn is_send<T: Send + 'static>(_: &T) {}
    is_send(&Watch::new(&Harness::new().client, [id("1")]).start());
}

#[tokio::test]
async fn three_hundred_devices_end_ready_or_with_the_right_diagnosis() {
    use DeploymentOutcome::{Failed, Overdue, Ready};
    let Harness { client, tenant, clock, .. } = Harness::new();
    let fleet = Fleet::new(&client, &tenant, 300).await.unwrap();
    tenant.clear_requests();
    let run = Watch::new(&client, fleet.watched()).with_expectation(fleet.expected.clone()).start();
    // One device gets a new motherboard before it is switched on, and one is deleted everywhere.
    let (changed, deleted) = (&fleet.members[4], &fleet.members[8]);
    assert_eq!((changed.flaw, deleted.flaw), (None, None));
    let meanwhile = async {
        clock.sleep(Duration::from_secs(9 * 60)).await;
        assert!(tenant.swap_motherboard(&changed.serial));
        assert!(tenant.delete_everywhere(&deleted.serial));
    };
    let (report, (), ()) =
        futures_util::future::join3(async { run.await }, fleet.switch_on(&tenant, &clock), meanwhile).await;
    let report = report.unwrap();
    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    for (member, device) in fleet.members.iter().zip(&report.devices) {
        let expected = match member.flaw {
            None if member.id == changed.id => (Phase::ProfileAssigned, Failed, "registration needs repair"),
            None if member.id == deleted.id => (Phase::Unregistered, Overdue, "not registered"),
            None => (Phase::Ready, Ready, ""),
            Some(Flaw::NoProfile) => (Phase::Registered, Overdue, "profile not assigned"),
            Some(Flaw::NotSwitchedOn) => (Phase::ProfileAssigned, Overdue, "not switched on"),
            Some(Flaw::NotInScope) => (Phase::ProfileAssigned, Overdue, "did not enroll"),
            Some(Flaw::NoLicense) => (Phase::ProfileAssigned, Failed, "no license"),
            Some(Flaw::UserAssigned) => (Phase::Enrolled, Failed, "user assigned"),
            Some(Flaw::AnchorDeleted) => (Phase::Enrolled, Failed, "anchor missing"),
            Some(Flaw::NoDomainJoinProfile) => (Phase::Enrolled, Failed, "no domain join profile"),
            Some(Flaw::TwoDomainJoinProfiles) => (Phase::Enrolled, Failed, "several domain join profiles"),
            Some(Flaw::Container) => (Phase::Enrolled, Failed, "invalid domain join profile"),
            // What happens on the premises, Graph does not show.
            Some(Flaw::NoRight | Flaw::NoDomainController) => (Phase::Enrolled, Failed, "domain join failed"),
            Some(Flaw::SlowApp) => (Phase::DeviceSetup, Failed, "device setup timeout"),
        };
        let problem = device.problem();
        if (device.state.phase, device.state.outcome, problem.as_str()) != expected {
            wrong.push(format!(
                "{:?}: {} {problem:?}, {:?}",
                member.flaw,
                device.status(),
                device.state.findings
            ));
        }
        seen.extend(member.flaw);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(Flaw::ALL.iter().all(|flaw| seen.contains(flaw)));
    assert_eq!((report.devices.len(), report.count(Ready)), (300, 298 - seen.len()));
    assert!(report.findings.is_empty(), "{report}");
    for text in
        [report.to_text(), report.to_markdown(), report.to_html(), serde_json::to_string(&report).unwrap()]
    {
        for person in ["clerk", "contractor", "outsider"] {
            assert!(!text.contains(person));
        }
    }
}
