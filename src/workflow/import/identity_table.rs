//! The identity checks of a response, a poll and a read: a row for each field and value, with the outcome and the
//! number of requests that send the device.

use std::time::Duration;

use serde_json::{Value, json};

use super::ImportOptions;
use super::entry::{DeviceChange, device_key};
use super::machine::Machine;
use super::outcome::{GroupTagCheck, ImportOutcome, ImportStage, Uncertainty};
use super::step::{Answer, Step};
use super::sync::Synced;
use crate::model::{DeviceToImport, Lookup};
use crate::registration::SampleHash;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Answer,
    Poll,
    Read,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    ImportId,
    Serial,
    Hash,
    /// The registration id of a record, and the id of the device that is read.
    Registration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Right,
    Blank,
    Other,
}

fn device() -> DeviceToImport {
    DeviceToImport::new("SN-1".parse().unwrap(), SampleHash::new("SN-1").build().unwrap())
}

/// Returns a field of a response, wrong only at the tested place.
fn value(cell: (At, Field, Given), at: At, field: Field, right: &str, other: &str) -> Value {
    match (cell.0 == at && cell.1 == field).then_some(cell.2) {
        None | Some(Given::Right) => json!(right),
        Some(Given::Blank) => json!(""),
        Some(Given::Other) => json!(other),
    }
}

fn record(cell: (At, Field, Given), at: At, import_id: &str) -> Value {
    let (hash, other) = (device().hardware_identifier, SampleHash::new("SN-2").build().unwrap());
    json!({
        "id": "r",
        "importId": value(cell, at, Field::ImportId, import_id, "another"),
        "serialNumber": value(cell, at, Field::Serial, "sn-1 ", "SN-2"),
        "hardwareIdentifier": value(cell, at, Field::Hash, hash.as_str(), other.as_str()),
        "state": {
            "deviceImportStatus": if at == At::Poll { "complete" } else { "unknown" },
            "deviceRegistrationId": value(cell, at, Field::Registration, "d", "another"),
        },
    })
}

/// Returns the outcome, the number of requests with the device, and whether its record was deleted.
fn run(cell: (At, Field, Given)) -> (ImportOutcome, u32, bool) {
    let device = device();
    let keys = vec![device_key(&device)];
    let new_id = || "ours".to_owned();
    let mut machine = Machine::new(vec![device], keys, ImportOptions::default(), Duration::ZERO, new_id);
    let (mut now, mut posts, mut is_deleted) = (Duration::ZERO, 0, false);
    let parse = |value: Value| serde_json::from_value(value).ok();
    for _ in 0..10_000 {
        match machine.next(now) {
            Step::End => {
                let report = machine.report(now);
                return (report.devices.into_iter().next().unwrap().outcome, posts, is_deleted);
            }
            Step::Wait(wait) => now += wait,
            Step::Send(requests) => {
                posts += 1;
                let answer = Answer::Records(vec![parse(record(cell, At::Answer, "ours")).unwrap()]);
                machine.on_sent(now, requests[0], answer);
            }
            // The list has what was answered.
            Step::List => {
                machine.on_listed(now, Some(vec![parse(record(cell, At::Answer, "ours")).unwrap()]))
            }
            Step::Poll(records) => {
                let seen = Lookup::Present(parse(record(cell, At::Poll, "ours")).unwrap());
                machine.on_polled(now, records[0].0, seen);
            }
            Step::Read(devices) => {
                let mut read = json!({
                    "id": value(cell, At::Read, Field::Registration, "D", "another"),
                    "serialNumber": value(cell, At::Read, Field::Serial, "SN-1", "SN-2"),
                });
                if read["id"] == "" {
                    read.as_object_mut().unwrap().remove("id");
                }
                let seen = serde_json::from_value(read).map_or(Lookup::Unknown, Lookup::Present);
                machine.on_read(now, devices[0].0, seen);
            }
            Step::Delete(records) => {
                is_deleted = true;
                machine.on_deleted(records[0].0, true);
            }
            Step::Sync => machine.on_synced(now, Synced::Triggered, None),
            Step::Tag(_) => panic!("no tag was asked for"),
        }
    }
    panic!("{cell:?} does not end")
}

#[test]
fn identity_decides_the_outcome_and_a_device_is_sent_once_whatever_the_answer() {
    use At::*;
    use Field::*;
    use Given::*;
    let named = |device: Option<&str>| ImportOutcome::Registered {
        device: device.map(|id| id.parse().unwrap()),
        group_tag: GroupTagCheck::Unchecked,
    };
    let other = || ImportOutcome::Unconfirmed(Uncertainty::IdentityUnconfirmed);
    let late = ImportOutcome::TimedOut { stage: ImportStage::AwaitingVisibility };
    for (at, field, [right, blank, contradicts]) in [
        (Answer, ImportId, [named(Some("d")), named(Some("d")), other()]),
        (Answer, Serial, [named(Some("d")), named(Some("d")), other()]),
        (Answer, Hash, [named(Some("d")), named(Some("d")), other()]),
        (Answer, Registration, [named(Some("d")), named(Some("d")), other()]),
        (Poll, ImportId, [named(Some("d")), named(Some("d")), other()]),
        (Poll, Serial, [named(Some("d")), named(Some("d")), other()]),
        (Poll, Hash, [named(Some("d")), named(Some("d")), other()]),
        // The service does not say as which device.
        (Poll, Registration, [named(Some("d")), named(None), other()]),
        // A device that is read has neither.
        (Read, ImportId, [named(Some("d")), named(Some("d")), named(Some("d"))]),
        (Read, Hash, [named(Some("d")), named(Some("d")), named(Some("d"))]),
        (Read, Serial, [named(Some("d")), named(Some("d")), other()]),
        // A response without an id is not a device.
        (Read, Registration, [named(Some("d")), late, other()]),
    ] {
        for (given, expected) in [(Right, right), (Blank, blank), (Other, contradicts)] {
            let (outcome, posts, is_deleted) = run((at, field, given));
            assert_eq!((&outcome, posts), (&expected, 1), "{at:?} {field:?} {given:?}");
            assert_eq!(is_deleted, outcome.is_registered(), "{at:?} {field:?} {given:?}");
        }
    }
}

#[test]
fn an_answer_that_is_blank_throughout_confirms_nothing_and_the_device_is_not_sent_again() {
    for answered in [vec![json!({"id": "r"})], vec![]] {
        let device = device();
        let key = device_key(&device);
        let options = ImportOptions::default();
        let new_id = || "ours".to_owned();
        let mut machine =
            Machine::new(vec![device.clone()], vec![key.clone()], options, Duration::ZERO, new_id);
        let mut now = Duration::ZERO;
        let mut changes = Vec::new();
        let mut posts = 0;
        let report = loop {
            let step = machine.next(now);
            changes.extend(machine.take_changes());
            match step {
                Step::End => break machine.report(now),
                Step::Wait(wait) => now += wait,
                Step::Send(requests) => {
                    posts += 1;
                    let records =
                        answered.iter().map(|record| serde_json::from_value(record.clone()).unwrap());
                    machine.on_sent(now, requests[0], Answer::Records(records.collect()));
                }
                Step::List => machine.on_listed(now, Some(Vec::new())),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(report.devices[0].outcome, ImportOutcome::Unconfirmed(Uncertainty::RecordNotFound));
        assert_eq!(posts, 1);
        assert!(changes.iter().any(|(_, change)| *change == DeviceChange::Answered), "{changes:?}");
    }
}
