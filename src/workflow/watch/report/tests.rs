use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::timeline::{Bar, Scale, background, times};
use super::words::{EMPTY, headline};
use super::{DeploymentReport, DeviceDeployment};
use crate::model::{FindingKind, Severity};
use crate::workflow::watch::findings::WATCH_UNREAD;
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};
use crate::workflow::watch::state::DeadlineSource;

pub(super) fn at(minute: i64) -> Timestamp {
    "2026-01-01T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

/// A device with its phases and when they began, in minutes.
pub(super) fn device(
    serial: &str,
    outcome: &str,
    starts: &[(&str, i64)],
    findings: &[&str],
) -> DeviceDeployment {
    let timeline: Vec<Value> = starts
        .iter()
        .map(|(phase, minute)| json!({"phase": phase, "at": at(*minute), "reported": *phase == "enrolled"}))
        .collect();
    let (phase, since) = starts.last().unwrap();
    let findings: Vec<Value> = findings
        .iter()
        .map(|id| {
            json!({
                "id": id, "severity": "error", "place": serial, "evidence": format!("evidence of {serial}"),
                "remedy": "do this"
            })
        })
        .collect();
    let settled = (outcome != "in_progress").then(|| at(*since + 30));
    serde_json::from_value(json!({
        "id": format!("id-of-{}", serial.chars().filter(char::is_ascii_alphanumeric).collect::<String>()),
        "serial_number": serial, "phase": phase, "outcome": outcome, "since": at(*since), "timeline": timeline,
        "findings": findings, "settled": settled, "facts": {"computer_name": format!("MUC-{serial}")}
    }))
    .unwrap()
}

pub(super) fn report() -> DeploymentReport {
    let mut report = DeploymentReport::new(at(0));
    report.title = Some("Munich".to_owned());
    report.ended = at(150);
    report.devices = vec![
        device(
            "SN-1",
            "ready",
            &[
                ("profile_assigned", -90),
                ("enrolled", 10),
                ("device_setup", 30),
                ("account_setup", 60),
                ("ready", 75),
            ],
            &[],
        ),
        device("SN-2", "failed", &[("profile_assigned", 0), ("enrolled", 12)], &["watch.no-connector"]),
        device("SN-3", "in_progress", &[("enrolled", 20), ("device_setup", 50)], &[]),
        device("SN-4", "failed", &[("enrolled", 14)], &["watch.no-connector", "watch.anchor-missing"]),
        device("SN-5", "overdue", &[("registered", 1)], &["watch.profile-not-assigned"]),
        device("SN-6", "ready", &[("enrolled", 11), ("ready", 70)], &["watch.done-on-retry"]),
    ];
    report
}

#[test]
fn problems_are_devices_by_their_first_finding_failures_first() {
    let report = report();
    let problems: Vec<_> = report
        .problems()
        .into_iter()
        .map(|problem| {
            let names: Vec<_> = problem.devices.iter().map(|device| device.name()).collect();
            (problem.finding.id.to_string(), problem.outcome, names.join(" "))
        })
        .collect();
    assert_eq!(
        problems,
        [
            ("watch.no-connector".to_owned(), DeploymentOutcome::Failed, "SN-2 SN-4".to_owned()),
            ("watch.profile-not-assigned".to_owned(), DeploymentOutcome::Overdue, "SN-5".to_owned()),
            ("watch.done-on-retry".to_owned(), DeploymentOutcome::Ready, "SN-6".to_owned()),
        ]
    );
    assert_eq!(DeploymentOutcome::ALL.map(|outcome| report.count(outcome)), [2, 1, 1, 2]);
    assert!(!report.is_ready() && DeploymentReport::new(at(0)).is_ready());
}

#[test]
fn a_headline_is_the_id_in_words() {
    for (id, expected) in [
        ("watch.no-connector", "no connector"),
        ("watch.not-in-mdm-scope", "not in MDM scope"),
        ("watch.windows-home", "Windows Home"),
        ("watch.not-in-entra-id", "not in Entra ID"),
        ("bare", "bare"),
    ] {
        assert_eq!(headline(&FindingKind::new(id, Severity::Info, "", "").at("", "")), expected);
    }
}

#[test]
fn the_text_is_a_table_and_what_is_wrong() {
    assert_eq!(
        report().to_text(),
        "\
Munich
6 devices: 2 failed, 1 overdue, 1 in progress, 2 ready
2026-01-01 08:00 to 2026-01-01 10:30 UTC, 2 h 30 min

Device  Computer name  Phase                          Took       What is wrong
------  -------------  -----------------------------  ---------  --------------------
SN-2    MUC-SN-2       failed at domain join          30 min     no connector
SN-4    MUC-SN-4       failed at domain join          30 min     no connector
SN-5    MUC-SN-5       overdue at profile assignment             profile not assigned
SN-3    MUC-SN-3       device setup
SN-1    MUC-SN-1       ready                          1 h 5 min
SN-6    MUC-SN-6       ready                          59 min     done on retry

no connector (watch.no-connector), failed: 2 devices
  devices:  SN-2, SN-4
  evidence: evidence of SN-2
  to do:    do this

profile not assigned (watch.profile-not-assigned), overdue: 1 device
  devices:  SN-5
  evidence: evidence of SN-5
  to do:    do this

done on retry (watch.done-on-retry), ready: 1 device
  devices:  SN-6
  evidence: evidence of SN-6
  to do:    do this
"
    );
    assert_eq!(report().to_string(), report().to_text());
}

#[test]
fn long_text_is_broken_into_lines_and_long_lists_are_cut() {
    let mut report = DeploymentReport::new(at(0));
    report.devices =
        (0..40).map(|n| device(&format!("SN-{n}"), "failed", &[("enrolled", 1)], &["watch.x"])).collect();
    report.devices[0].state.findings[0].remedy = "word ".repeat(60).into();
    let text = report.to_text();
    assert!(text.contains("SN-11 and 28 more\n") && !text.contains("SN-12, "), "{text}");
    let lines: Vec<_> = text.lines().filter(|line| line.contains("word word")).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| line.len() <= 100 && line.starts_with("  ")), "{lines:?}");
}

#[test]
fn the_markdown_has_both_tables() {
    let mut report = report();
    report.devices.truncate(2);
    report.findings.push(WATCH_UNREAD.at("events", "403").with_remedy("grant it"));
    assert_eq!(
        report.to_markdown(),
        "\
# Munich

**2 devices: 1 failed, 1 ready**  
2026-01-01 08:00 to 2026-01-01 10:30 UTC, 2 h 30 min

## What is wrong

| Problem | Outcome | Devices | Evidence | To do |
| --- | --- | --- | --- | --- |
| **no connector** | failed | 1 device: SN-2 | evidence of SN-2 | do this |

> **warning** events: 403; grant it

## Devices

| Device | Computer name | Phase | Took | What is wrong |
| --- | --- | --- | --- | --- |
| SN-2 | MUC-SN-2 | failed at domain join | 30 min | no connector |
| SN-1 | MUC-SN-1 | ready | 1 h 5 min |  |
"
    );
}

#[test]
fn a_report_survives_json_and_unknown_properties() {
    let report = report();
    let mut json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["devices"][0]["phase"], "ready");
    json["devices"][0]["new"] = 1.into();
    assert_eq!(serde_json::from_value::<DeploymentReport>(json).unwrap(), report);
}

#[test]
fn bars_follow_each_other_to_the_end_of_the_device() {
    let report = report();
    let scale = Scale::of(&report);
    let bars = |index: usize| -> Vec<(Phase, f64, f64)> {
        let bars = scale.bars(&report, &report.devices[index]);
        bars.into_iter().map(|Bar { phase, from, to, .. }| (phase, from.round(), to.round())).collect()
    };
    let percent = |minute: f64| (minute / 150.0 * 100.0).round();
    assert_eq!(
        bars(0),
        [
            (Phase::ProfileAssigned, 0.0, percent(10.0)),
            (Phase::Enrolled, percent(10.0), percent(30.0)),
            (Phase::DeviceSetup, percent(30.0), percent(60.0)),
            (Phase::AccountSetup, percent(60.0), percent(75.0)),
        ]
    );
    assert_eq!(
        bars(1),
        [(Phase::ProfileAssigned, 0.0, percent(12.0)), (Phase::Enrolled, percent(12.0), percent(42.0))]
    );
    assert_eq!(
        bars(2),
        [(Phase::Enrolled, percent(20.0), percent(50.0)), (Phase::DeviceSetup, percent(50.0), 100.0)]
    );
    assert_eq!(times(&report.devices[2]), "enrolled 2026-01-01 08:20, device setup (seen) 08:50");
    assert_eq!(
        background(&[Bar { phase: Phase::Enrolled, from: 10.0, to: 12.5 }]),
        "linear-gradient(90deg,#0000 0.00% 10.00%,var(--p-enrolled) 10.00% 12.50%,#0000 12.50%)"
    );
}

#[test]
fn the_scale_begins_with_the_first_deployment_and_is_marked_at_round_times() {
    let mut report = report();
    let marks = |report: &DeploymentReport| {
        let marks = Scale::of(report).marks();
        marks.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
    };
    assert_eq!(marks(&report), ["08:30", "09:00", "09:30", "10:00", "10:30"]);
    report.devices.push(device("early", "ready", &[("enrolled", -25), ("ready", 30)], &[]));
    report.devices.push(device("last year", "ready", &[("enrolled", -500_000), ("ready", -499_000)], &[]));
    assert_eq!(marks(&report)[0], "08:00");
    assert_eq!(Scale::of(&report).place(at(-25)), 0.0);
    report.ended = at(60 * 24 * 9);
    assert_eq!(marks(&report)[0], "Jan 3 00:00");
    report.ended = at(0);
    assert!(marks(&DeploymentReport::new(at(0))).len() <= 1);
}

proptest! {
    #[test]
    fn any_times_can_be_drawn(
        times in prop::collection::vec(prop_oneof![-377_000_000_000_i64..253_000_000_000, 1_767_000_000_i64..1_768_000_000], 6)
    ) {
        let time = |index: usize| Timestamp::from_second(times[index]).unwrap();
        let mut report = DeploymentReport::new(time(0));
        report.ended = time(1);
        let mut device = device("x", "failed", &[("registered", 0), ("enrolled", 1), ("device_setup", 2)], &[]);
        for (start, time) in device.state.timeline.iter_mut().zip(2..) {
            start.at = Timestamp::from_second(times[time]).unwrap();
        }
        device.settled = Some(time(5));
        report.devices.push(device);
        let scale = Scale::of(&report);
        prop_assert!(scale.marks().len() <= 9);
        for bar in scale.bars(&report, &report.devices[0]) {
            prop_assert!(0.0 <= bar.from && bar.from < bar.to && bar.to <= 100.0);
        }
        prop_assert!(report.to_html().ends_with("</html>\n"));
        prop_assert!(report.to_text().len() > 10 && report.to_markdown().len() > 10);
    }
}

/// Devices that are still on their way, one of them for the third time.
pub(super) fn on_their_way() -> DeploymentReport {
    let mut report = report();
    report.devices.truncate(3);
    let [first, second, third] = &mut report.devices[..] else { unreachable!() };
    first.state.deadline = Some(at(400));
    first.state.deadline_source = Some(DeadlineSource::Page);
    second.state.outcome = DeploymentOutcome::Overdue;
    second.state.deadline = Some(at(37));
    second.state.deadline_source = Some(DeadlineSource::Witness);
    third.state.deadline = Some(at(200));
    third.earlier = serde_json::from_value(json!([
        {"phase": "enrolled", "outcome": "failed", "until": at(-100), "cause": {
            "id": "watch.no-connector", "severity": "error", "place": "SN-3", "evidence": "none is active", "remedy": "add one"
        }},
        {"managed_device_id": "of the second", "phase": "ready", "outcome": "ready", "until": at(-10)},
    ]))
    .unwrap();
    report
}

#[test]
fn text_and_markdown_have_deadlines_with_their_source_and_earlier_enrollments() {
    let report = on_their_way();
    let text = report.to_text();
    let table = "\
Device  Computer name  Phase                   Took       Deadline                    What is wrong
------  -------------  ----------------------  ---------  --------------------------  -------------
SN-2    MUC-SN-2       overdue at domain join  30 min     2026-01-01 08:37 (witness)  no connector
SN-3    MUC-SN-3       device setup                       2026-01-01 11:20
SN-1    MUC-SN-1       ready                   1 h 5 min
deadline by witness: by one observation of a device that waited 25 minutes for its domain controller
";
    assert!(text.contains(table), "{text}");
    let earlier = "
Earlier enrollments

Device  Phase                  Until             What was wrong
------  ---------------------  ----------------  --------------
SN-3    failed at domain join  2026-01-01 06:20  no connector
SN-3    ready                  2026-01-01 07:50
";
    assert!(text.ends_with(earlier), "{text}");

    let markdown = report.to_markdown();
    for line in [
        "| SN-2 | MUC-SN-2 | overdue at domain join | 30 min | 2026-01-01 08:37 (witness) | no connector |",
        "| SN-1 | MUC-SN-1 | ready | 1 h 5 min |  |  |",
        "Deadline by witness: by one observation of a device that waited 25 minutes for its domain controller.",
        "| SN-3 | failed at domain join | 2026-01-01 06:20 | no connector |",
    ] {
        assert!(markdown.lines().any(|other| other == line), "{line}: {markdown}");
    }
    assert!(!report.to_text().contains("documentation"), "a source that no device has is not explained");
}

#[test]
fn an_empty_report_explains_itself() {
    let report = DeploymentReport::new(at(0));
    for text in [report.to_text(), report.to_markdown(), report.to_html()] {
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(EMPTY), "{text}");
    }
}
