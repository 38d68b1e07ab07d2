//! The import's rules at their edges: limits, later runs, and responses that never come.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, from_value, json};

use super::ImportOptions;
use super::entry::{DeviceChange, Entry, device_key};
use super::machine::Machine;
use super::outcome::{GroupTagCheck, ImportOutcome, ImportStage, Rejection, Uncertainty};
use super::state::{SlotState, Watch};
use super::step::{Answer, Step, Tagged};
use super::sync::Synced;
use crate::graph::Schedule;
use crate::model::{DeviceToImport, ImportedDevice, Lookup};

const SECOND: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(10_000);

fn device(serial: &str, tag: Option<&str>) -> DeviceToImport {
    let device = DeviceToImport::new(serial.parse().unwrap(), "T0EAAAA=".parse().unwrap());
    tag.into_iter().fold(device, |device, tag| device.with_group_tag(tag.parse().unwrap()))
}

fn machine(devices: &[DeviceToImport], options: ImportOptions) -> Machine {
    let keys = devices.iter().map(device_key).collect();
    Machine::new(devices.to_vec(), keys, options, START, || "ours".to_owned())
}

/// A machine that resumes one device from these changes, made ten minutes ago.
fn resumed(changes: &[DeviceChange]) -> Machine {
    let one = device("S0", None);
    let key = device_key(&one);
    let at = Timestamp::from_second(1_000_000).unwrap();
    let entry = |change: &DeviceChange| Entry { at, key: key.clone(), change: change.clone() };
    let entries = changes.iter().map(entry).collect();
    let mut machine = machine(&[one], ImportOptions::default());
    machine.resume(entries, START, at + SECOND * 600).unwrap();
    machine
}

fn sending() -> DeviceChange {
    DeviceChange::Sending { import_id: "ours".into() }
}

fn ended(already: bool) -> DeviceChange {
    DeviceChange::Ended { device: "d".parse().unwrap(), already }
}

fn record(serial: &str, state: Value) -> ImportedDevice {
    from_value(
        json!({"id": format!("r-{serial}"), "importId": "ours", "serialNumber": serial, "state": state}),
    )
    .unwrap()
}

/// The numbers of requests that a run made, by kind.
#[derive(Debug, Default, PartialEq)]
struct Deeds {
    sent: usize,
    looks: usize,
    reads: usize,
    tags: usize,
    syncs: usize,
    deletions: usize,
}

/// Runs a machine against a service that responds with `answers`. Returns the outcomes and the deeds.
fn run(
    mut machine: Machine,
    mut answers: impl FnMut(&Step, Duration, &mut Machine),
) -> (Vec<ImportOutcome>, Deeds) {
    let (mut now, mut deeds) = (START, Deeds::default());
    for _ in 0..100_000 {
        let step = machine.next(now);
        match &step {
            Step::End => {
                let report = machine.report(now);
                return (report.devices.into_iter().map(|device| device.outcome).collect(), deeds);
            }
            Step::Wait(wait) => now += *wait,
            Step::Send(requests) => deeds.sent += requests.len(),
            Step::List | Step::Poll(_) => deeds.looks += 1,
            Step::Read(_) => deeds.reads += 1,
            Step::Tag(_) => deeds.tags += 1,
            Step::Sync => deeds.syncs += 1,
            Step::Delete(records) => {
                deeds.deletions += records.len();
                for (index, _) in records {
                    machine.on_deleted(*index, true);
                }
            }
        }
        answers(&step, now, &mut machine);
    }
    panic!("the run does not end");
}

/// Nothing is ever found.
fn nothing(step: &Step, now: Duration, machine: &mut Machine) {
    match step {
        Step::Send(requests) => {
            requests.iter().for_each(|request| machine.on_sent(now, *request, Answer::Lost))
        }
        Step::List => machine.on_listed(now, Some(Vec::new())),
        Step::Read(devices) => devices.iter().for_each(|(of, _)| machine.on_read(now, *of, Lookup::Absent)),
        Step::Sync => machine.on_synced(now, Synced::Triggered, None),
        _ => {}
    }
}

#[test]
fn an_earlier_runs_sending_and_its_age_count_in_a_later_run() {
    let mut machine = resumed(&[sending()]);
    assert_eq!(machine.next(START), Step::List);
    machine.on_listed(START, Some(Vec::new()));
    // It was looked for long enough: it is sent again at once, and that is the last time.
    let (outcomes, deeds) = run(machine, nothing);
    assert_eq!(outcomes, [ImportOutcome::Unconfirmed(Uncertainty::RecordNotFound)]);
    assert_eq!((deeds.sent, deeds.looks > 0), (1, true), "{deeds:?}");
    let mut again = resumed(&[sending()]);
    again.on_listed(START, Some(Vec::new()));
    assert!(matches!(again.next(START), Step::Send(_)));
}

#[test]
fn an_answered_device_is_never_sent_again_by_a_later_run() {
    let (outcomes, deeds) = run(resumed(&[sending(), DeviceChange::Answered]), nothing);
    assert_eq!(outcomes, [ImportOutcome::Unconfirmed(Uncertainty::RecordNotFound)]);
    assert_eq!(deeds.sent, 0);
}

#[test]
fn a_device_that_was_not_sent_is_sent_as_if_it_were_the_first_time() {
    let (_, deeds) = run(resumed(&[sending(), DeviceChange::Unsent]), nothing);
    assert_eq!(deeds.sent, 2);
}

#[test]
fn a_sync_is_for_new_registrations_alone() {
    for (already, syncs) in [(false, true), (true, false)] {
        let accepted = DeviceChange::Accepted { record: "r".parse().unwrap() };
        let (outcomes, deeds) = run(resumed(&[sending(), accepted, ended(already)]), nothing);
        assert_eq!(outcomes, [ImportOutcome::TimedOut { stage: ImportStage::AwaitingVisibility }]);
        assert_eq!(deeds.syncs > 0, syncs, "{already}");
    }
}

#[test]
fn a_list_that_cannot_be_read_sends_nothing_again() {
    let mut looks = 0;
    let (outcomes, deeds) =
        run(machine(&[device("S0", None)], ImportOptions::default()), |step, now, machine| match step {
            Step::List => {
                looks += 1;
                machine.on_listed(now, None);
            }
            other => nothing(other, now, machine),
        });
    assert_eq!(outcomes, [ImportOutcome::TimedOut { stage: ImportStage::Confirming }]);
    assert_eq!((deeds.sent, looks > 6), (1, true));
}

#[test]
fn the_halves_of_a_rejected_request_go_one_after_the_other() {
    let devices: Vec<_> = ["A", "B", "C", "D"].iter().map(|serial| device(serial, None)).collect();
    let mut machine = machine(&devices, ImportOptions::default());
    machine.allow_concurrent(3);
    let rejection = || Rejection { name: "BadRequest".into(), code: None, status: Some(400) };
    assert_eq!(machine.next(START), Step::Send(vec![1]));
    machine.on_sent(START, 1, Answer::Rejected(rejection()));
    assert_eq!(machine.next(START), Step::Send(vec![2]));
    assert_eq!(machine.to_send(2).len(), 2);
}

#[test]
fn ten_single_refusals_end_a_run_that_nothing_was_taken_of() {
    let devices: Vec<_> = (0..12).map(|n| device(&format!("S{n}"), None)).collect();
    let rejection = || Rejection { name: "BadRequest".into(), code: None, status: Some(400) };
    let options = ImportOptions::default().with_chunk_size(1);
    for taken in [false, true] {
        let mut machine = machine(&devices, options);
        for n in 0..=10 {
            let Step::Send(requests) = machine.next(START) else { panic!("{n}") };
            let answer = match n {
                0 if taken => Answer::Records(vec![record("S0", json!({"deviceImportStatus": "unknown"}))]),
                _ => Answer::Rejected(rejection()),
            };
            machine.on_sent(START, requests[0], answer);
            assert_eq!(machine.is_refused_altogether(), !taken && n >= 9, "{n}, taken: {taken}");
        }
    }
}

#[test]
fn a_record_is_polled_after_a_while_and_deleted_only_if_wished() {
    for deletes in [true, false] {
        let options = ImportOptions::default().with_delete_records(deletes).with_wait_until_visible(false);
        let mut polled = None;
        let (outcomes, deeds) =
            run(machine(&[device("S0", None)], options), |step, now, machine| match step {
                Step::Send(requests) => {
                    let answer = record("S0", json!({"deviceImportStatus": "unknown"}));
                    machine.on_sent(now, requests[0], Answer::Records(vec![answer]));
                }
                Step::Poll(_) => {
                    polled.get_or_insert(now - START);
                    let state = json!({"deviceImportStatus": "complete", "deviceRegistrationId": "d"});
                    machine.on_polled(now, 0, Lookup::Present(record("S0", state)));
                }
                _ => {}
            });
        assert_eq!((outcomes[0].is_registered(), polled), (true, Some(SECOND * 15)));
        assert_eq!(deeds.deletions, usize::from(deletes));
    }
}

#[test]
fn a_record_is_deleted_by_others_after_five_misses_in_a_row() {
    let mut machine = machine(&[device("S0", None)], ImportOptions::default());
    let Step::Send(requests) = machine.next(START) else { panic!() };
    let pending = || record("S0", json!({"deviceImportStatus": "pending"}));
    machine.on_sent(START, requests[0], Answer::Records(vec![pending()]));
    let misses = |machine: &mut Machine, count: usize| {
        (0..count).for_each(|_| machine.on_polled(START, 0, Lookup::Absent));
    };
    misses(&mut machine, 4);
    machine.on_polled(START, 0, Lookup::Present(pending()));
    misses(&mut machine, 4);
    assert_eq!(machine.counts().importing, 1);
    misses(&mut machine, 1);
    assert_eq!(machine.counts().unconfirmed, 1);
}

/// Runs the end of an import whose device has the group tag `held`.
fn tagged(wanted: Option<&str>, held: &str, options: ImportOptions) -> (ImportOutcome, Deeds) {
    let one = device("S0", wanted);
    let key = device_key(&one);
    let at = Timestamp::from_second(1_000_000).unwrap();
    let changes = [sending(), ended(true)];
    let entries = changes.into_iter().map(|change| Entry { at, key: key.clone(), change }).collect();
    let mut machine = machine(&[one], options);
    machine.resume(entries, START, at).unwrap();
    let (mut held, mut is_refused) = (held.to_owned(), true);
    let (outcomes, deeds) = run(machine, |step, now, machine| match step {
        Step::Read(_) => {
            let device = json!({"id": "d", "serialNumber": "S0", "groupTag": held});
            machine.on_read(now, 0, Lookup::Present(from_value(device).unwrap()));
        }
        // The first change is held back by the service.
        Step::Tag(_) if std::mem::take(&mut is_refused) => machine.on_tagged(now, 0, Tagged::Held),
        Step::Tag(devices) => {
            held = devices[0].2.as_ref().map_or(String::new(), ToString::to_string);
            machine.on_tagged(now, 0, Tagged::Changed);
        }
        _ => {}
    });
    (outcomes[0].clone(), deeds)
}

#[test]
fn a_group_tag_is_changed_only_if_one_is_wished_and_a_change_held_back_is_sent_again() {
    let options = ImportOptions::default();
    for (wanted, held, options, check, tags) in [
        (Some("Kiosk"), "Old", options, GroupTagCheck::Repaired, 2),
        (Some("Kiosk"), "kiosk", options, GroupTagCheck::Match, 0),
        (Some("Kiosk"), "Old", options.with_repair_group_tag(false), GroupTagCheck::Mismatch, 0),
        (None, "Old", options, GroupTagCheck::Unchecked, 0),
        (None, "Old", options.with_clear_group_tag(true), GroupTagCheck::Repaired, 2),
    ] {
        let (outcome, deeds) = tagged(wanted, held, options);
        let expected = ImportOutcome::AlreadyRegistered { device: "d".parse().unwrap(), group_tag: check };
        assert_eq!((outcome, deeds.tags), (expected, tags), "{wanted:?} {held}");
    }
}

#[test]
fn the_last_poll_is_at_the_deadline_and_one_that_got_no_answer_doubles_it() {
    let schedule = Schedule::new(SECOND * 5, SECOND * 30, SECOND * 120);
    let watch = Watch::new(SECOND * 100, SECOND * 100, schedule);
    assert_eq!(watch.again(SECOND * 219, schedule, true).unwrap().next, SECOND * 220);
    assert!(watch.again(SECOND * 220, schedule, true).is_none());
    assert_eq!(watch.again(SECOND * 220, schedule, false).unwrap().next, SECOND * 225);
    assert!(watch.again(SECOND * 339, schedule, false).is_some());
    assert!(watch.again(SECOND * 340, schedule, false).is_none());
}

#[test]
fn a_device_that_is_searched_for_holds_its_serial_number() {
    let watch = Watch::new(START, START, ImportOptions::default().confirm_schedule);
    assert!(SlotState::Confirming(watch).is_pending() && SlotState::Sending.is_pending());
    assert!(!SlotState::Queued.is_pending());
}

#[test]
fn a_request_has_500_devices_at_most_and_2000_are_in_flight() {
    let devices: Vec<_> = (0..2501).map(|n| device(&format!("S{n}"), None)).collect();
    let mut machine = machine(&devices, ImportOptions::default());
    machine.allow_concurrent(10);
    let Step::Send(requests) = machine.next(START) else { panic!() };
    let sizes: Vec<usize> = requests.iter().map(|request| machine.to_send(*request).len()).collect();
    assert_eq!(sizes, [500; 4]);
    assert!(!matches!(machine.next(START), Step::Send(_)));
    // Better a whole request later than a small one now.
    (0..499).for_each(|index| machine.finish_unconfirmed(index));
    assert!(!matches!(machine.next(START), Step::Send(_)));
    machine.finish_unconfirmed(499);
    assert!(matches!(machine.next(START), Step::Send(_)));
}
