//! The import's rules against a minimal service: no client, no clock, every kind of failure.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::ImportOptions;
use super::entry::{DeviceChange, Entry, device_key};
use super::machine::Machine;
use super::outcome::{GroupTagCheck, ImportOutcome, ImportStage, Rejection, Uncertainty};
use super::report::{ImportCounts, ImportEventKind, ImportReport};
use super::step::{Answer, Step, Tagged};
use super::sync::Synced;
use crate::error::ErrorKind;
use crate::model::{Device, DeviceToImport, GroupTag, Id, ImportedDevice, Lookup};

const SECOND: Duration = Duration::from_secs(1);

/// The service's response to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    /// Registered before, with another group tag.
    Here,
    HereWithoutId,
    Elsewhere,
    BadHash,
    Storage,
    /// The request is refused as long as it contains the device.
    Refused,
    Stuck,
    /// Registered, but never readable.
    Invisible,
    /// Someone else deletes its record.
    Vanishes,
}

const FATES: [Fate; 10] = [
    Fate::Good,
    Fate::Here,
    Fate::HereWithoutId,
    Fate::Elsewhere,
    Fate::BadHash,
    Fate::Storage,
    Fate::Refused,
    Fate::Stuck,
    Fate::Invisible,
    Fate::Vanishes,
];

impl Fate {
    fn outcome(self, device: Id<Device>) -> ImportOutcome {
        let refused = |name: &str, code, status| Rejection { name: name.into(), code, status };
        match self {
            Self::Good => ImportOutcome::Registered { device: Some(device), group_tag: GroupTagCheck::Match },
            Self::Here => ImportOutcome::AlreadyRegistered { device, group_tag: GroupTagCheck::Repaired },
            Self::HereWithoutId => ImportOutcome::Unconfirmed(Uncertainty::NoRegistrationId),
            Self::Elsewhere => {
                ImportOutcome::OtherTenant(refused("ZtdDeviceAssignedToOtherTenant", Some(806), None))
            }
            Self::BadHash => ImportOutcome::Rejected(refused("InvalidZtdHardwareHash", Some(802), None)),
            Self::Storage => ImportOutcome::Rejected(refused("StorageError", None, None)),
            Self::Refused => ImportOutcome::Rejected(refused("BadRequest", None, Some(400))),
            Self::Stuck => ImportOutcome::TimedOut { stage: ImportStage::Importing },
            Self::Invisible => ImportOutcome::TimedOut { stage: ImportStage::AwaitingVisibility },
            Self::Vanishes => ImportOutcome::Unconfirmed(Uncertainty::RecordDeleted),
        }
    }
}

struct Record {
    import_id: String,
    serial: String,
    /// The times of its appearance in a list, its end, and its device's visibility.
    listed: Duration,
    ends: Duration,
    appears: Duration,
    deleted: bool,
}

struct Service {
    fates: HashMap<String, Fate>,
    records: Vec<Record>,
    tags: HashMap<String, String>,
    tag_changes: HashMap<String, u32>,
    syncs: Vec<Duration>,
    rng: fastrand::Rng,
    /// Whether failures are injected.
    rough: bool,
}

fn serial_of(id: &str) -> &str {
    id.split_once(':').unwrap().1
}

impl Service {
    fn seconds(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_secs(self.rng.u64(range))
    }

    fn happens(&mut self, one_in: u32) -> bool {
        self.rough && self.rng.u32(0..one_in) == 0
    }

    fn import(&mut self, devices: &[DeviceToImport], now: Duration) -> Answer {
        if self.happens(6) {
            let asked = self.rng.bool().then(|| self.seconds(1..90));
            return Answer::Held(asked);
        }
        if self.happens(12) {
            return Answer::Lost;
        }
        if devices.iter().any(|device| self.fates[device.serial_number.as_str()] == Fate::Refused) {
            return Answer::Rejected(Rejection { name: "BadRequest".into(), code: None, status: Some(400) });
        }
        let first = self.records.len();
        for device in devices {
            let ends = now + self.seconds(20..400);
            let record = Record {
                import_id: device.import_id.as_ref().unwrap().to_string(),
                serial: device.serial_number.to_string(),
                listed: now + if self.rough { self.seconds(0..60) } else { Duration::ZERO },
                ends,
                appears: ends + self.seconds(0..900),
                deleted: false,
            };
            let tag = if self.fates[&record.serial] == Fate::Here { "Old" } else { "Kiosk" };
            self.tags.entry(record.serial.clone()).or_insert_with(|| tag.to_owned());
            self.records.push(record);
        }
        if self.happens(12) {
            return Answer::Lost;
        }
        let mut answer: Vec<ImportedDevice> =
            (first..self.records.len()).map(|index| self.view(index, now)).collect();
        if self.happens(12) {
            answer.truncate(self.rng.usize(0..=answer.len()));
        }
        self.rng.shuffle(&mut answer);
        Answer::Records(answer)
    }

    fn view(&self, index: usize, now: Duration) -> ImportedDevice {
        let record = &self.records[index];
        let fate = self.fates[&record.serial];
        let id = format!("d:{}", record.serial);
        let (status, code, name, registration) = match fate {
            _ if now < record.ends || fate == Fate::Stuck => ("pending", 0, "", ""),
            Fate::Good | Fate::Invisible => ("complete", 0, "", id.as_str()),
            Fate::Here => ("error", 806, "ZtdDeviceAlreadyAssigned", id.as_str()),
            Fate::HereWithoutId => ("error", 806, "ZtdDeviceAlreadyAssigned", ""),
            Fate::Elsewhere => ("error", 806, "ZtdDeviceAssignedToOtherTenant", ""),
            Fate::BadHash => ("error", 802, "InvalidZtdHardwareHash", ""),
            _ => ("error", 0, "StorageError", ""),
        };
        serde_json::from_value(json!({
            "id": format!("{index}:{}", record.serial), "importId": record.import_id, "serialNumber": record.serial,
            "state": {"deviceImportStatus": status, "deviceErrorCode": code, "deviceErrorName": name,
                "deviceRegistrationId": registration},
        }))
        .unwrap()
    }

    fn exists(&self, index: usize, now: Duration) -> bool {
        let record = &self.records[index];
        let vanished = self.fates[&record.serial] == Fate::Vanishes && now >= record.ends;
        !record.deleted && !vanished
    }

    fn record(&mut self, id: &Id<ImportedDevice>, now: Duration) -> Lookup<ImportedDevice> {
        if self.happens(10) {
            return Lookup::Unknown;
        }
        let index = id.as_str().split_once(':').unwrap().0.parse().unwrap();
        if self.exists(index, now) { Lookup::Present(self.view(index, now)) } else { Lookup::Absent }
    }

    fn list(&mut self, now: Duration) -> Option<Vec<ImportedDevice>> {
        if self.happens(10) {
            return None;
        }
        let mut all: Vec<ImportedDevice> = (0..self.records.len())
            .filter(|index| self.exists(*index, now) && self.records[*index].listed <= now)
            .map(|index| self.view(index, now))
            .collect();
        all.push(
            serde_json::from_value(json!({"id": "foreign", "serialNumber": "S0", "importId": "x"})).unwrap(),
        );
        Some(all)
    }

    fn device(&mut self, id: &Id<Device>, now: Duration) -> Lookup<Device> {
        if self.happens(10) {
            return Lookup::Unknown;
        }
        let serial = serial_of(id.as_str());
        let appears = self.records.iter().find(|record| record.serial == serial).map(|record| record.appears);
        let visible = match self.fates[serial] {
            Fate::Here => true,
            Fate::Invisible => false,
            _ => appears.is_some_and(|at| at <= now),
        };
        if !visible {
            return Lookup::Absent;
        }
        let json = json!({"id": id.as_str(), "serialNumber": serial, "groupTag": self.tags[serial]});
        Lookup::Present(serde_json::from_value(json).unwrap())
    }

    fn tag(&mut self, id: &Id<Device>, tag: Option<&GroupTag>) -> Tagged {
        if self.happens(5) {
            return Tagged::Held;
        }
        let serial = serial_of(id.as_str()).to_owned();
        *self.tag_changes.entry(serial.clone()).or_default() += 1;
        self.tags.insert(serial, tag.map_or(String::new(), ToString::to_string));
        Tagged::Changed
    }

    fn sync(&mut self, now: Duration) -> Synced {
        match self.syncs.last().map(|at| now - *at) {
            Some(age) if age < SECOND * 600 => Synced::Later(SECOND * 600 - age),
            _ => {
                self.syncs.push(now);
                Synced::Triggered
            }
        }
    }

    fn delete(&mut self, id: &Id<ImportedDevice>) -> bool {
        if self.happens(10) {
            return false;
        }
        let index: usize =
            id.as_str().split_once(':').unwrap().0.parse().expect("only our own records are deleted");
        self.records[index].deleted = true;
        true
    }
}

fn new_machine(devices: &[DeviceToImport], options: ImportOptions, now: Duration) -> Machine {
    let keys = devices.iter().map(device_key).collect();
    Machine::new(devices.to_vec(), keys, options, now, crate::pipeline::request_id::random_guid)
}

fn devices(fates: &[Fate]) -> Vec<DeviceToImport> {
    (0..fates.len())
        .map(|n| {
            DeviceToImport::new(format!("S{n}").parse().unwrap(), "T0EAAAA=".parse().unwrap())
                .with_group_tag("Kiosk".parse().unwrap())
        })
        .collect()
}

struct World {
    service: Service,
    now: Duration,
    journal: Vec<Entry>,
    events: Vec<ImportEventKind>,
}

impl World {
    fn new(fates: &[Fate], seed: u64, rough: bool) -> Self {
        let fates = fates.iter().enumerate().map(|(n, fate)| (format!("S{n}"), *fate)).collect();
        let service = Service {
            fates,
            records: Vec::new(),
            tags: HashMap::new(),
            tag_changes: HashMap::new(),
            syncs: Vec::new(),
            rng: fastrand::Rng::with_seed(seed),
            rough,
        };
        Self { service, now: SECOND, journal: Vec::new(), events: Vec::new() }
    }

    fn at(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.now
    }

    fn write_down(&mut self, machine: &mut Machine) {
        let at = self.at();
        self.journal.extend(machine.take_changes().into_iter().map(|(key, change)| Entry {
            at,
            key,
            change,
        }));
        self.events.extend(machine.take_events().into_iter().map(|(kind, _)| kind));
    }

    /// Continues a run; `None` if it was killed `kill` moments after its beginning.
    fn run(&mut self, mut machine: Machine, mut kill: usize) -> Option<ImportReport> {
        let mut alive = move || {
            kill = kill.saturating_sub(1);
            kill > 0
        };
        machine.allow_concurrent(3);
        for _ in 0..100_000 {
            let step = machine.next(self.now);
            if !alive() {
                return None;
            }
            self.write_down(&mut machine);
            if !alive() {
                return None;
            }
            self.now += Duration::from_millis(300);
            let (service, now) = (&mut self.service, self.now);
            match step {
                Step::End => return Some(machine.report(now)),
                Step::Wait(wait) => self.now += wait,
                Step::Send(requests) => {
                    let mut answers = Vec::new();
                    for request in requests {
                        answers.push((request, service.import(&machine.to_send(request), now)));
                        if !alive() {
                            return None;
                        }
                    }
                    // They come in any order, and each is written down before the next is taken.
                    for (request, answer) in answers.into_iter().rev() {
                        machine.on_sent(now, request, answer);
                        self.write_down(&mut machine);
                        if !alive() {
                            return None;
                        }
                    }
                }
                Step::List => machine.on_listed(now, service.list(now)),
                Step::Poll(records) => {
                    for (index, id) in records {
                        machine.on_polled(now, index, service.record(&id, now));
                    }
                }
                Step::Read(devices) => {
                    for (index, id) in devices {
                        machine.on_read(now, index, service.device(&id, now));
                    }
                }
                Step::Tag(devices) => {
                    for (index, id, tag) in devices {
                        let tagged = service.tag(&id, tag.as_ref());
                        if !alive() {
                            return None;
                        }
                        machine.on_tagged(now, index, tagged);
                    }
                }
                Step::Sync => {
                    let synced = service.sync(now);
                    machine.on_synced(now, synced, None);
                }
                Step::Delete(records) => {
                    for (index, id) in records {
                        let gone = service.delete(&id);
                        if !alive() {
                            return None;
                        }
                        machine.on_deleted(index, gone);
                    }
                }
            }
            if !alive() {
                return None;
            }
            self.write_down(&mut machine);
        }
        panic!("the run does not end");
    }

    fn begin(&self, devices: &[DeviceToImport], options: ImportOptions) -> Machine {
        let mut machine = new_machine(devices, options, self.now);
        machine.resume(self.journal.clone(), self.now, self.at()).unwrap();
        machine
    }
}

/// Returns options short enough that a run which is killed often still ends.
fn options() -> ImportOptions {
    let mut options = ImportOptions::default().with_chunk_size(7).with_max_in_flight(20);
    options.confirm_schedule.deadline = SECOND * 200;
    options.send_timeout = SECOND * 1_000_000;
    options.group_tag_schedule.deadline = SECOND * 1_000_000;
    // So that a lost request is never given up only for bad luck.
    options.with_max_attempts(50)
}

fn check(world: &World, fates: &[Fate], report: &ImportReport, killed: bool) {
    for (n, (fate, device)) in fates.iter().zip(&report.devices).enumerate() {
        let expected = fate.outcome(format!("d:S{n}").parse().unwrap());
        // A tag that was changed before a kill reads back as right after it.
        let outcome = match device.outcome.clone() {
            ImportOutcome::AlreadyRegistered { device, group_tag: GroupTagCheck::Match } if killed => {
                ImportOutcome::AlreadyRegistered { device, group_tag: GroupTagCheck::Repaired }
            }
            // Its record may be gone before it is found, and what got a response is not sent again.
            ImportOutcome::Unconfirmed(Uncertainty::RecordNotFound) if *fate == Fate::Vanishes => {
                expected.clone()
            }
            other => other,
        };
        assert_eq!(outcome, expected, "S{n}");
    }
    let mut taken: HashMap<&str, u32> = HashMap::new();
    for record in &world.service.records {
        *taken.entry(&record.serial).or_default() += 1;
    }
    for (serial, times) in taken {
        let most = match world.service.fates[serial] {
            // A passing error is tried again by the next run, and by nothing else.
            Fate::Storage if killed => u32::MAX,
            // Nobody can tell whether it was taken if its record is gone before the lost response was made up for.
            Fate::Vanishes => u32::MAX,
            _ => 1,
        };
        assert!(times <= most, "{serial} was taken {times} times");
    }
    assert!(world.service.tag_changes.values().all(|times| *times == 1), "{:?}", world.service.tag_changes);
    assert!(world.service.syncs.windows(2).all(|pair| pair[1] - pair[0] >= SECOND * 600));
    let mut counts = ImportCounts::default();
    for device in &report.devices {
        *counts.of_outcome(&device.outcome) += 1;
    }
    assert_eq!((report.counts, report.counts.unfinished()), (counts, 0));
}

#[test]
fn every_fate_ends_in_its_outcome_and_its_record_is_deleted_if_it_has_ended() {
    let mut world = World::new(&FATES, 1, false);
    let machine = world.begin(&devices(&FATES), options());
    let report = world.run(machine, usize::MAX).unwrap();
    check(&world, &FATES, &report, false);
    for record in &world.service.records {
        let ended = matches!(
            world.service.fates[&record.serial],
            Fate::Good | Fate::Here | Fate::HereWithoutId | Fate::Elsewhere | Fate::BadHash | Fate::Storage
        );
        assert_eq!(record.deleted, ended, "{}", record.serial);
    }
    let finished = world.events.iter().filter(|event| matches!(event, ImportEventKind::Finished { .. }));
    assert_eq!(finished.count(), FATES.len());
    // Ten devices were halved down to the one that is refused.
    assert!(world.events.contains(&ImportEventKind::RequestSplit { devices: 7 }));
}

#[test]
fn an_unbroken_journal_makes_a_second_run_send_only_what_may_pass() {
    let mut world = World::new(&FATES, 1, false);
    let machine = world.begin(&devices(&FATES), options());
    world.run(machine, usize::MAX).unwrap();
    let mut again = world.begin(&devices(&FATES), options());
    assert_eq!(again.next(world.now), Step::Send(vec![1]));
    let serials: Vec<String> =
        again.to_send(1).iter().map(|device| device.serial_number.to_string()).collect();
    assert_eq!(serials, ["S5", "S6"]);
    let ids: Vec<_> = again.to_send(1).into_iter().map(|device| device.import_id.unwrap()).collect();
    assert!(world.service.records.iter().all(|record| ids.iter().all(|id| *id != *record.import_id)));
}

#[test]
fn the_journal_has_a_line_for_each_change_of_each_device() {
    let mut world = World::new(&FATES, 1, false);
    let input = devices(&FATES);
    let machine = world.begin(&input, options());
    world.run(machine, usize::MAX).unwrap();
    for (fate, device) in FATES.iter().zip(&input) {
        let key = device_key(device);
        let lines = world.journal.iter().filter(|entry| entry.key == key);
        let states: Vec<String> = lines
            .map(|entry| serde_json::to_value(&entry.change).unwrap()["state"].as_str().unwrap().to_owned())
            // A request that is refused is sent again in parts.
            .filter(|state| state != "unsent")
            .collect();
        let first_sending = states.iter().rposition(|state| state == "sending").unwrap();
        let expected: &[&str] = match fate {
            Fate::Good => &["sending", "accepted", "ended", "done", "cleaned"],
            Fate::Here => &["sending", "accepted", "ended", "tagged", "done", "cleaned"],
            Fate::HereWithoutId | Fate::Elsewhere | Fate::BadHash | Fate::Storage => {
                &["sending", "accepted", "done", "cleaned"]
            }
            Fate::Refused => &["sending", "done"],
            Fate::Stuck | Fate::Vanishes => &["sending", "accepted", "given_up"],
            Fate::Invisible => &["sending", "accepted", "ended", "given_up"],
        };
        assert_eq!(states[first_sending..], *expected, "{fate:?}");
    }
}

#[test]
fn a_group_tag_is_not_changed_again_after_a_kill() {
    let fates = [Fate::Here];
    let mut killed = 0;
    // Wherever the run is killed between the change and the end.
    for moments in 1..200 {
        let mut world = World::new(&fates, 1, false);
        let machine = world.begin(&devices(&fates), options());
        world.run(machine, moments);
        let states = world.journal.iter().map(|entry| &entry.change);
        let is_written = states.clone().any(|change| *change == DeviceChange::Tagged);
        if !is_written || states.clone().any(|change| matches!(change, DeviceChange::Done(_))) {
            continue;
        }
        killed += 1;
        // The service is slow to show it: it is waited for, and not sent again.
        world.service.tags.insert("S0".to_owned(), "Old".to_owned());
        let mut machine = world.begin(&devices(&fates), options());
        let mut reads = 0;
        while reads < 5 {
            match machine.next(world.now) {
                Step::Wait(wait) => world.now += wait,
                Step::Read(read) => {
                    reads += 1;
                    for (index, id) in read {
                        machine.on_read(world.now, index, world.service.device(&id, world.now));
                    }
                }
                other => panic!("killed after {moments} moments: {other:?}"),
            }
        }
        world.service.tags.insert("S0".to_owned(), "Kiosk".to_owned());
        let report = world.run(machine, usize::MAX).unwrap();
        check(&world, &fates, &report, true);
    }
    assert!(killed > 0);
}

#[test]
fn a_device_twice_in_the_input_is_sent_once_and_one_serial_number_after_the_other() {
    let fates = [Fate::Good, Fate::Good];
    let mut input = devices(&fates);
    input.push(input[0].clone());
    input.push(DeviceToImport::new("s0".parse().unwrap(), "T0EAAQA=".parse().unwrap()));
    let mut world = World::new(&fates, 1, false);
    world.service.fates.insert("s0".to_owned(), Fate::Good);
    let machine = world.begin(&input, ImportOptions::default());
    let report = world.run(machine, usize::MAX).unwrap();
    assert_eq!(report.devices[2].outcome, ImportOutcome::Duplicate { of: 0 });
    assert!(report.is_complete());
    let serials: Vec<&str> = world.service.records.iter().map(|record| record.serial.as_str()).collect();
    assert_eq!(serials, ["S0", "S1", "s0"]);
    let (first, second) = (&world.service.records[0], &world.service.records[2]);
    assert!(first.ends < second.ends - SECOND * 19, "the second was sent when the first had ended");
}

#[test]
fn without_visibility_a_complete_import_is_the_end() {
    let mut world = World::new(&[Fate::Good, Fate::Here], 1, false);
    let options =
        options().with_wait_until_visible(false).with_repair_group_tag(false).with_delete_records(false);
    let machine = world.begin(&devices(&[Fate::Good, Fate::Here]), options);
    let report = world.run(machine, usize::MAX).unwrap();
    let outcomes: Vec<&ImportOutcome> = report.devices.iter().map(|device| &device.outcome).collect();
    let (first, second) = ("d:S0".parse().unwrap(), "d:S1".parse().unwrap());
    assert_eq!(
        outcomes,
        [
            &ImportOutcome::Registered { device: Some(first), group_tag: GroupTagCheck::Unchecked },
            &ImportOutcome::AlreadyRegistered { device: second, group_tag: GroupTagCheck::Mismatch },
        ]
    );
    assert!(world.service.syncs.is_empty() && world.service.records.iter().all(|record| !record.deleted));
}

#[test]
fn a_device_of_which_no_trace_is_found_is_sent_again_so_often_and_no_more() {
    let fates = [Fate::Good];
    let mut machine = World::new(&fates, 1, false).begin(&devices(&fates), ImportOptions::default());
    let (mut now, mut sent, mut looks) = (SECOND, 0, Vec::new());
    loop {
        match machine.next(now) {
            Step::Send(requests) => {
                sent += 1;
                machine.on_sent(now, requests[0], Answer::Lost);
            }
            Step::List => {
                looks.push(now.as_secs());
                machine.on_listed(now, Some(Vec::new()));
            }
            Step::Wait(wait) => now += wait,
            Step::End => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sent, 2);
    assert_eq!(looks[..7], [6, 11, 18, 29, 46, 71, 101]);
    assert_eq!(
        machine.report(now).devices[0].outcome,
        ImportOutcome::Unconfirmed(Uncertainty::RecordNotFound)
    );
}

#[test]
fn a_service_that_refuses_every_device_is_not_asked_for_each_of_them() {
    let fates = vec![Fate::Refused; 500];
    let mut machine = World::new(&fates, 1, false).begin(&devices(&fates), ImportOptions::default());
    let mut sent = 0;
    while let Step::Send(requests) = machine.next(SECOND) {
        sent += 1;
        let rejection = Rejection { name: "BadRequest".into(), code: None, status: Some(400) };
        machine.on_sent(SECOND, requests[0], Answer::Rejected(rejection));
        if machine.is_refused_altogether() {
            break;
        }
    }
    assert!(machine.is_refused_altogether() && sent < 40, "{sent} requests");
}

#[test]
fn a_request_that_is_held_back_too_long_times_out() {
    let fates = [Fate::Good, Fate::Good];
    let mut machine = World::new(&fates, 1, false).begin(&devices(&fates), ImportOptions::default());
    let mut now = SECOND;
    loop {
        match machine.next(now) {
            Step::Send(requests) => machine.on_sent(now, requests[0], Answer::Held(Some(SECOND * 600))),
            Step::Wait(wait) => now += wait,
            Step::End => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(now, SECOND * 3601);
    let report = machine.report(now);
    assert_eq!((report.counts.timed_out, report.counts.total()), (2, 2));
}

#[test]
fn a_canceled_run_says_how_far_each_device_was_and_deletes_nothing() {
    let fates = [Fate::Good; 9];
    let mut world = World::new(&fates, 1, false);
    let mut machine = world.begin(&devices(&fates), options().with_max_in_flight(7));
    assert_eq!(machine.next(SECOND), Step::Send(vec![1]));
    let answer = world.service.import(&machine.to_send(1), SECOND);
    machine.on_sent(SECOND, 1, answer);
    machine.take_changes();
    machine.cancel();
    assert!(machine.take_changes().is_empty(), "the journal still knows them as under way");
    assert_eq!(machine.next(SECOND), Step::End);
    let report = machine.report(SECOND);
    let at = |stage| {
        report.devices.iter().filter(|device| device.outcome == ImportOutcome::Canceled { stage }).count()
    };
    assert_eq!((at(ImportStage::Importing), at(ImportStage::Queued)), (7, 2));
}

#[test]
fn the_estimate_goes_by_the_pace_so_far() {
    let fates = [Fate::Good; 4];
    let mut machine = World::new(&fates, 1, false).begin(&devices(&fates), ImportOptions::default());
    assert_eq!(machine.estimate(SECOND * 11), None);
    machine.finish(0, ImportOutcome::Unconfirmed(Uncertainty::RecordNotFound));
    assert_eq!(machine.estimate(SECOND * 11), Some(SECOND * 30));
}

#[test]
fn a_journal_with_devices_of_another_input_is_refused() {
    let fates = [Fate::Good; 2];
    let mut world = World::new(&fates, 1, false);
    let machine = world.begin(&devices(&fates), options());
    world.run(machine, 8);
    let mut machine = new_machine(&devices(&fates[..1]), options(), SECOND);
    let error = machine.resume(world.journal, SECOND, Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal);
}

fn any_fates() -> impl Strategy<Value = Vec<Fate>> {
    // Most devices are good; of the others there are some of each kind.
    let fate = prop_oneof![2 => Just(Fate::Good), 1 => proptest::sample::select(&FATES[..])];
    proptest::collection::vec(fate, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_goes_wrong_every_device_ends_in_its_outcome_and_is_taken_once(
        fates in any_fates(), seed in any::<u64>(),
    ) {
        let mut world = World::new(&fates, seed, true);
        let machine = world.begin(&devices(&fates), options());
        let report = world.run(machine, usize::MAX).unwrap();
        check(&world, &fates, &report, false);
    }

    #[test]
    fn a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(
        fates in any_fates(), seed in any::<u64>(), kills in proptest::collection::vec(1_usize..60, 1..50),
    ) {
        let mut world = World::new(&fates, seed, true);
        let devices = devices(&fates);
        for kill in kills {
            let machine = world.begin(&devices, options());
            world.run(machine, kill);
        }
        let machine = world.begin(&devices, options());
        let report = world.run(machine, usize::MAX).unwrap();
        check(&world, &fates, &report, true);
    }
}
