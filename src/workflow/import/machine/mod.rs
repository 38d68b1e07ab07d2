//! What to do next, and what an answer means: the rules of an import without any I/O.
//!
//! The driver asks for the next [`Step`], writes down what has changed, does the step and tells what came of it. Time is
//! the clock's `elapsed`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::entry::{Change, Entry};
use super::matching::{self, From, Sent};
use super::options::ImportOptions;
use super::outbox::{Outbox, Outgoing, Parcel};
use super::outcome::{
    GroupTagCheck, ImportOutcome, ImportStage, Refusal, Uncertainty, Verdict, has_tag, verdict,
};
use super::past::{self, Phase};
use super::report::{DeviceReport, ImportCounts, ImportEventKind, ImportReport};
use super::sync::{SyncGuard, Synced};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Schedule;
use crate::model::{
    Device, DeviceToImport, Finding, GroupTag, Id, ImportedDevice, SerialNumber, Severity, Text,
};

/// How many devices one step asks for: as many as go side by side in batches of twenty, with the usual limits.
const MOST_AT_ONCE: usize = 320;

/// How often in a row a record may be missing before it counts as deleted: a fresh one can be slow to show.
const MOST_MISSES: u32 = 5;

/// How many single devices may be refused before any is taken, until it is no longer the devices' fault.
const MOST_REFUSED: u32 = 10;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Send these requests, side by side; ask [`Machine::to_send`] for the devices of each.
    Send(Vec<Shipment>),
    /// List all records, to look for devices whose answer was lost.
    Look,
    /// Ask for these records.
    Poll(Vec<(usize, Id<ImportedDevice>)>),
    /// Ask for these devices.
    Read(Vec<(usize, Id<Device>)>),
    /// Change the group tags of these devices.
    Tag(Vec<(usize, Id<Device>, GroupTag)>),
    /// Ask for a sync.
    Sync,
    /// Delete these records.
    Delete(Vec<(usize, Id<ImportedDevice>)>),
    /// Wait.
    Wait(Duration),
    /// All devices are through.
    End,
}

/// The number of a request that is on its way.
pub(super) type Shipment = u64;

/// What came of sending.
#[derive(Debug)]
pub(super) enum Answer {
    /// The service answered with these records.
    Records(Vec<ImportedDevice>),
    /// It may have taken the devices, or not.
    Lost,
    /// It has not taken them, for a passing reason; with the wait that it asked for.
    Held(Option<Duration>),
    /// It has not taken them, and will not.
    Rejected(Refusal),
}

/// What came of asking for something by its id.
#[derive(Debug)]
pub(super) enum Seen<T> {
    Found(T),
    Missing,
    /// No answer, for a passing reason.
    Nothing,
}

/// What came of changing a group tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tagged {
    Changed,
    /// Not changed, for a passing reason.
    Held,
    Refused,
}

/// The looks at something that takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Watch {
    since: Duration,
    next: Duration,
    wait: Duration,
    misses: u32,
}

impl Watch {
    /// The first look is due at `next`.
    fn new(since: Duration, next: Duration, schedule: Schedule) -> Self {
        Self { since, next, wait: schedule.first.max(Duration::from_millis(1)), misses: 0 }
    }

    /// The next look; none if the deadline has passed. The last look is at the deadline itself.
    ///
    /// `seen` says whether this look showed anything. If not, it is made up for: until as long again after the deadline.
    fn again(self, now: Duration, schedule: Schedule, seen: bool) -> Option<Self> {
        let mut end = self.since.saturating_add(schedule.deadline);
        if !seen && now >= end {
            end = end.saturating_add(schedule.deadline);
        }
        if now >= end {
            return None;
        }
        let wait = self.wait.saturating_add(self.wait / 2).min(schedule.longest).max(self.wait);
        Some(Self { next: now.saturating_add(self.wait).min(end), wait, ..self })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Queued,
    Sending,
    Confirming(Watch),
    Importing(Id<ImportedDevice>, Watch),
    Appearing(Registration, Watch),
    /// `changed`: the new tag was sent, and is to be read back.
    Tagging {
        of: Registration,
        changed: bool,
        watch: Watch,
    },
    Done(ImportOutcome),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registration {
    pub(super) device: Id<Device>,
    pub(super) already: bool,
}

impl Registration {
    fn outcome(self, group_tag: GroupTagCheck) -> ImportOutcome {
        match self {
            Self { device, already: true } => ImportOutcome::AlreadyRegistered { device, group_tag },
            Self { device, already: false } => ImportOutcome::Registered { device: Some(device), group_tag },
        }
    }
}

impl State {
    fn stage(&self) -> Option<ImportStage> {
        Some(match self {
            Self::Queued => ImportStage::Queued,
            Self::Sending => ImportStage::Sending,
            Self::Confirming(_) => ImportStage::Confirming,
            Self::Importing(..) => ImportStage::Importing,
            Self::Appearing(..) => ImportStage::Appearing,
            Self::Tagging { .. } => ImportStage::Tagging,
            Self::Done(_) => return None,
        })
    }

    fn watch(&self) -> Option<Watch> {
        match self {
            Self::Confirming(watch)
            | Self::Importing(_, watch)
            | Self::Appearing(_, watch)
            | Self::Tagging { watch, .. } => Some(*watch),
            Self::Queued | Self::Sending | Self::Done(_) => None,
        }
    }

    /// Whether the service is, or may be, at the import of the device: no other with its serial number meanwhile.
    fn is_pending(&self) -> bool {
        matches!(self, Self::Sending | Self::Confirming(_) | Self::Importing(..))
    }
}

#[derive(Debug)]
struct Slot {
    key: Text,
    serial: SerialNumber,
    tag: Option<GroupTag>,
    /// The device with its hash, until the service has it.
    device: Option<Box<DeviceToImport>>,
    state: State,
    import_id: Option<Text>,
    record: Option<Id<ImportedDevice>>,
    sends: u32,
}

pub(super) struct Machine {
    options: ImportOptions,
    slots: Vec<Slot>,
    outbox: Outbox,
    /// The requests that are on their way.
    on_their_way: BTreeMap<Shipment, Parcel>,
    shipments: Shipment,
    /// How many of them go side by side.
    abreast: usize,
    /// When which device is to be looked at.
    agenda: BTreeSet<(Duration, usize)>,
    deletions: VecDeque<(usize, Id<ImportedDevice>)>,
    sync: SyncGuard,
    counts: ImportCounts,
    began: Duration,
    finished_before: usize,
    taken: bool,
    refused_in_a_row: u32,
    records_left: usize,
    notes: Vec<Finding>,
    changes: Vec<(usize, Change)>,
    events: Vec<ImportEventKind>,
    new_id: fn() -> String,
}

impl Machine {
    /// A new import of `devices`, whose keys are `keys`, and whose import ids come from `new_id`.
    pub(super) fn new(
        devices: Vec<DeviceToImport>,
        keys: Vec<Text>,
        options: ImportOptions,
        now: Duration,
        new_id: fn() -> String,
    ) -> Self {
        let mut machine = Self {
            options,
            slots: Vec::with_capacity(devices.len()),
            outbox: Outbox::new(options.chunk, options.most_pending),
            on_their_way: BTreeMap::new(),
            shipments: 0,
            abreast: 1,
            agenda: BTreeSet::new(),
            deletions: VecDeque::new(),
            sync: SyncGuard::new(options.sync),
            counts: ImportCounts::default(),
            began: now,
            finished_before: 0,
            taken: false,
            refused_in_a_row: 0,
            records_left: 0,
            notes: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
            new_id,
        };
        let mut first: HashMap<Text, usize> = HashMap::with_capacity(devices.len());
        for (index, (device, key)) in devices.into_iter().zip(keys).enumerate() {
            let of = *first.entry(key.clone()).or_insert(index);
            let state = if of == index {
                machine.outbox.push(Outgoing::new(index, &device));
                machine.counts.queued += 1;
                State::Queued
            } else {
                machine.counts.duplicate += 1;
                State::Done(ImportOutcome::Duplicate { of })
            };
            machine.slots.push(Slot {
                key,
                serial: device.serial_number.clone(),
                tag: device.group_tag.clone(),
                device: (state == State::Queued).then(|| Box::new(device)),
                state,
                import_id: None,
                record: None,
                sends: 0,
            });
        }
        machine.finished_before = machine.counts.finished();
        machine
    }

    /// Takes up what an earlier run has written down. Deadlines count from now on.
    pub(super) fn resume(&mut self, entries: Vec<Entry>, now: Duration, today: Timestamp) -> Result<()> {
        let mut past = past::by_device(entries);
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            if slot.state != State::Queued {
                continue;
            }
            let Some(past) = past.remove(&slot.key) else { continue };
            slot.import_id = past.import_id;
            slot.record.clone_from(&past.record);
            match past.phase {
                Phase::Queued => {}
                Phase::Sent(at) => {
                    // Every run has its own patience, but looks made since it was sent need not be made again.
                    slot.sends = 1;
                    let age = Duration::try_from(today.duration_since(at)).unwrap_or_default();
                    let since = now.saturating_sub(age.min(self.options.confirming.deadline));
                    self.enter(index, State::Confirming(Watch::new(since, now, self.options.confirming)));
                }
                Phase::Accepted(record) => {
                    let watch = Watch::new(now, now, self.options.importing);
                    self.enter(index, State::Importing(record, watch));
                }
                Phase::Ended(registration) => {
                    if !registration.already {
                        self.sync.registered(now);
                    }
                    let watch = Watch::new(now, now, self.options.appearing);
                    self.enter(index, State::Appearing(registration, watch));
                }
                Phase::Tagged(of) => {
                    let watch = Watch::new(now, now, self.options.tagging);
                    self.enter(index, State::Tagging { of, changed: true, watch });
                }
                Phase::Done(outcome) => {
                    if let Some(record) = past.record.filter(|_| self.options.delete_records) {
                        self.deletions.push_back((index, record));
                    }
                    if outcome.is_settled() {
                        self.enter(index, State::Done(outcome));
                    } else {
                        slot.import_id = None;
                        slot.record = None;
                    }
                }
            }
        }
        if !past.is_empty() {
            let message = format!("the journal has {} devices that are not in the input", past.len());
            return Err(Error::new(ErrorKind::Journal, message));
        }
        let slots = &self.slots;
        self.outbox.retain(|index| slots.get(index).is_some_and(|slot| slot.state == State::Queued));
        self.finished_before = self.counts.finished();
        Ok(())
    }

    /// Sets how many requests the next step may send side by side; at least 1.
    pub(super) fn send_abreast(&mut self, requests: usize) {
        self.abreast = requests.max(1);
    }

    /// What to do now. What has changed by asking is in [`Machine::take_changes`], to be written down before it is done.
    pub(super) fn next(&mut self, now: Duration) -> Step {
        let mut shipments = Vec::new();
        while shipments.len() < self.abreast
            && let Some(parcel) = self.outbox.next(now, self.counts.pending())
        {
            // What the service has not taken once goes alone.
            let again = parcel.since.is_some();
            shipments.push(self.begin_sending(parcel, now));
            if again {
                break;
            }
        }
        if !shipments.is_empty() {
            return Step::Send(shipments);
        }
        if let Some(step) = self.due(now) {
            return step;
        }
        let sync = self.sync_due();
        if sync.is_some_and(|at| at <= now) {
            return Step::Sync;
        }
        if !self.deletions.is_empty() {
            let most = self.deletions.len().min(MOST_AT_ONCE);
            return Step::Delete(self.deletions.drain(..most).collect());
        }
        let held = self.outbox.held_until();
        let look = self.agenda.first().map(|(at, _)| *at);
        // A sync alone is nothing to wait for: it is due only while devices are waited for.
        match [held, look, sync].into_iter().flatten().min() {
            Some(at) if self.counts.unfinished() > 0 => Step::Wait(at.saturating_sub(now)),
            _ => Step::End,
        }
    }

    /// The devices of a request of [`Step::Send`], with their import ids.
    pub(super) fn to_send(&self, shipment: Shipment) -> Vec<DeviceToImport> {
        self.sent(shipment).map(|sent| sent.device.clone().with_import_id(sent.import_id)).collect()
    }

    /// Takes what came of a request of [`Step::Send`].
    pub(super) fn on_sent(&mut self, now: Duration, shipment: Shipment, mut answer: Answer) {
        let matched = match &mut answer {
            Answer::Records(records) => {
                let sent: Vec<Sent<'_>> = self.sent(shipment).collect();
                matching::match_records(&sent, std::mem::take(records), From::Answer)
            }
            Answer::Lost | Answer::Held(_) | Answer::Rejected(_) => Vec::new(),
        };
        let Some(mut parcel) = self.on_their_way.remove(&shipment) else { return };
        match answer {
            Answer::Records(_) | Answer::Lost => {
                let taken = matched.len();
                for (index, record) in matched {
                    self.accept(index, record, now);
                }
                let mut lost = 0;
                for index in parcel.devices {
                    if self.slot(index).is_some_and(|slot| slot.state == State::Sending) {
                        lost += 1;
                        let next = now.saturating_add(self.options.confirming.first);
                        let watch = Watch::new(now, next, self.options.confirming);
                        self.enter(index, State::Confirming(watch));
                    }
                }
                if taken > 0 {
                    self.events.push(ImportEventKind::Sent { devices: taken });
                }
                if lost > 0 {
                    self.events.push(ImportEventKind::AnswerLost { devices: lost });
                }
            }
            Answer::Held(asked) => {
                self.unsend(&parcel.devices);
                let since = *parcel.since.get_or_insert(now);
                if now >= since.saturating_add(self.options.sending) {
                    for index in parcel.devices {
                        self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Sending });
                    }
                    return;
                }
                let wait = self.outbox.hold(parcel, now, asked);
                self.events.push(ImportEventKind::HeldBack { wait });
            }
            Answer::Rejected(refusal) => {
                if parcel.devices.len() == 1 {
                    self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
                    self.unsend(&parcel.devices);
                    for index in parcel.devices {
                        self.finish(index, ImportOutcome::Refused(refusal.clone()));
                    }
                    return;
                }
                self.unsend(&parcel.devices);
                self.events.push(ImportEventKind::Halved { devices: parcel.devices.len() });
                self.outbox.halve(parcel);
            }
        }
    }

    /// Whether the service has refused so many devices one by one, and taken none, that something else is wrong.
    pub(super) fn is_refused_altogether(&self) -> bool {
        !self.taken && self.refused_in_a_row >= MOST_REFUSED
    }

    /// Takes what came of [`Step::Look`]: all records, or none if they could not be had.
    pub(super) fn on_looked(&mut self, now: Duration, records: Option<Vec<ImportedDevice>>) {
        let seen = records.is_some();
        let lost = |slot: &Slot| matches!(slot.state, State::Confirming(_));
        let sent: Vec<Sent<'_>> =
            self.slots.iter().enumerate().filter(|(_, slot)| lost(slot)).filter_map(Slot::as_sent).collect();
        for (index, record) in matching::match_records(&sent, records.unwrap_or_default(), From::List) {
            self.accept(index, record, now);
        }
        for (_, index) in self.due_now(now) {
            let Some(State::Confirming(watch)) = self.slot(index).map(|slot| &slot.state) else { continue };
            if let Some(watch) = watch.again(now, self.options.confirming, seen) {
                self.enter(index, State::Confirming(watch));
            } else if !seen {
                self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Confirming });
            } else if self.slot(index).is_some_and(|slot| slot.sends < self.options.most_sends) {
                self.enter(index, State::Queued);
                if let Some(device) = self.slots.get(index).and_then(|slot| slot.device.as_deref()) {
                    self.outbox.push(Outgoing::new(index, device));
                }
            } else {
                self.finish(index, ImportOutcome::Unconfirmed(Uncertainty::NoTrace));
            }
        }
    }

    /// Takes what came of one of [`Step::Poll`].
    pub(super) fn on_polled(&mut self, now: Duration, index: usize, seen: Seen<ImportedDevice>) {
        let Some(State::Importing(record, mut watch)) = self.slot(index).map(|slot| slot.state.clone())
        else {
            return;
        };
        let answered = !matches!(seen, Seen::Nothing);
        let verdict = match seen {
            Seen::Found(record) => {
                watch.misses = 0;
                verdict(record.state.as_ref())
            }
            Seen::Missing => {
                watch.misses = watch.misses.saturating_add(1);
                match watch.misses >= MOST_MISSES {
                    true => Verdict::Ended(ImportOutcome::Unconfirmed(Uncertainty::RecordGone)),
                    false => Verdict::Pending,
                }
            }
            Seen::Nothing => Verdict::Pending,
        };
        match verdict {
            Verdict::Pending => match watch.again(now, self.options.importing, answered) {
                Some(watch) => self.enter(index, State::Importing(record, watch)),
                None => self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Importing }),
            },
            Verdict::Complete(Some(device)) if self.options.wait_until_visible => {
                self.sync.registered(now);
                let next = now.saturating_add(self.options.appearing.first);
                self.register(index, Registration { device, already: false }, now, next);
            }
            Verdict::Complete(device) => {
                let group_tag = GroupTagCheck::Unchecked;
                self.finish(index, ImportOutcome::Registered { device, group_tag });
            }
            Verdict::Here(device) => {
                self.register(index, Registration { device, already: true }, now, now);
            }
            Verdict::Ended(outcome) => self.finish(index, outcome),
        }
    }

    /// Takes what came of one of [`Step::Read`].
    pub(super) fn on_read(&mut self, now: Duration, index: usize, seen: Seen<Device>) {
        let Some(slot) = self.slot(index) else { return };
        let answered = !matches!(seen, Seen::Nothing);
        // What was asked for, and whether it has it.
        let right = match &seen {
            Seen::Found(device) => Some(slot.tag.as_ref().map(|tag| has_tag(device, tag))),
            Seen::Missing | Seen::Nothing => None,
        };
        match (slot.state.clone(), right) {
            (State::Appearing(of, _), Some(None)) => self.finish(index, of.outcome(GroupTagCheck::Unchecked)),
            (State::Appearing(of, _), Some(Some(true))) => {
                self.finish(index, of.outcome(GroupTagCheck::Right));
            }
            (State::Appearing(of, _), Some(Some(false))) => match self.options.repair_group_tag {
                true => {
                    let watch = Watch::new(now, now, self.options.tagging);
                    self.enter(index, State::Tagging { of, changed: false, watch });
                }
                false => self.finish(index, of.outcome(GroupTagCheck::Different)),
            },
            (State::Appearing(of, watch), None) => match watch.again(now, self.options.appearing, answered) {
                Some(watch) => self.enter(index, State::Appearing(of, watch)),
                None => self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Appearing }),
            },
            (State::Tagging { of, .. }, Some(Some(true))) => {
                self.finish(index, of.outcome(GroupTagCheck::Repaired));
            }
            (State::Tagging { of, changed, watch }, _) => {
                self.tag_again(index, (of, changed), watch, now, answered);
            }
            _ => {}
        }
    }

    /// Takes what came of one of [`Step::Tag`].
    pub(super) fn on_tagged(&mut self, now: Duration, index: usize, tagged: Tagged) {
        let Some(State::Tagging { of, watch, .. }) = self.slot(index).map(|slot| slot.state.clone()) else {
            return;
        };
        match tagged {
            Tagged::Changed => {
                self.changes.push((index, Change::Tagged));
                self.events.push(ImportEventKind::GroupTagChanged { device: index });
                let next = now.saturating_add(self.options.tagging.first);
                let watch = Watch::new(now, next, self.options.tagging);
                self.enter(index, State::Tagging { of, changed: true, watch });
            }
            Tagged::Held => self.tag_again(index, (of, false), watch, now, false),
            Tagged::Refused => self.finish(index, of.outcome(GroupTagCheck::Different)),
        }
    }

    /// Takes what came of [`Step::Sync`], with what is to be noted of it.
    pub(super) fn on_synced(&mut self, now: Duration, synced: Synced, note: Option<Finding>) {
        self.sync.on(now, synced);
        if synced == Synced::Triggered {
            self.events.push(ImportEventKind::SyncTriggered);
        }
        if let Some(note) = note {
            self.events.push(ImportEventKind::Note(note.clone()));
            self.notes.push(note);
        }
    }

    /// Takes what came of one of [`Step::Delete`]: whether the record is gone.
    pub(super) fn on_deleted(&mut self, index: usize, gone: bool) {
        match gone {
            true => self.changes.push((index, Change::Cleaned)),
            false => self.records_left += 1,
        }
    }

    /// Ends every device that is not through. Nothing of it is written down: a later run goes on.
    pub(super) fn cancel(&mut self) {
        for index in 0..self.slots.len() {
            if let Some(stage) = self.slot(index).and_then(|slot| slot.state.stage()) {
                self.finish(index, ImportOutcome::Cancelled { stage });
            }
        }
        // All that is left to do is left for the later run.
        self.outbox.clear();
        self.deletions.clear();
    }

    /// What is to be written down, by device key, since the last time.
    pub(super) fn take_changes(&mut self) -> Vec<(Text, Change)> {
        let key = |index: usize| self.slots.get(index).map(|slot| slot.key.clone());
        let changes = std::mem::take(&mut self.changes);
        changes.into_iter().filter_map(|(index, change)| Some((key(index)?, change))).collect()
    }

    /// What is to be told since the last time.
    pub(super) fn take_events(&mut self) -> Vec<ImportEventKind> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn counts(&self) -> ImportCounts {
        self.counts
    }

    /// How much longer it takes at the pace so far.
    pub(super) fn estimate(&self, now: Duration) -> Option<Duration> {
        let finished = self.counts.finished().saturating_sub(self.finished_before);
        let left = self.counts.unfinished() as u128;
        let elapsed = now.saturating_sub(self.began).as_millis();
        let millis = elapsed.checked_mul(left)?.checked_div(finished as u128)?;
        u64::try_from(millis).ok().map(Duration::from_millis)
    }

    /// How many requests the queue would be sent in.
    pub(super) fn requests_to_come(&mut self) -> usize {
        let mut requests = 0;
        while self.outbox.next(Duration::ZERO, 0).is_some() {
            requests += 1;
        }
        requests
    }

    pub(super) fn report(self, now: Duration) -> ImportReport {
        let mut notes = self.notes;
        if self.records_left > 0 {
            notes.push(Finding::new(
                "import.record-left",
                Severity::Info,
                "imports",
                format!("{} records of ended imports could not be deleted", self.records_left),
                "run it again with the same journal, or leave them: they do no harm",
            ));
        }
        let outcome = |state: State| match state {
            State::Done(outcome) => outcome,
            other => ImportOutcome::Cancelled { stage: other.stage().unwrap_or(ImportStage::Queued) },
        };
        let device = |slot: Slot| DeviceReport { serial_number: slot.serial, outcome: outcome(slot.state) };
        ImportReport {
            devices: self.slots.into_iter().map(device).collect(),
            counts: self.counts,
            notes,
            elapsed: now.saturating_sub(self.began),
        }
    }

    fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)
    }

    /// The devices that are on their way in a request.
    fn sent(&self, shipment: Shipment) -> impl Iterator<Item = Sent<'_>> {
        let devices = self.on_their_way.get(&shipment).into_iter().flat_map(|parcel| &parcel.devices);
        devices.filter_map(|index| Slot::as_sent((*index, self.slots.get(*index)?)))
    }

    /// Puts a device into another state; counts, agenda and pending serial numbers follow.
    fn enter(&mut self, index: usize, state: State) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let old = std::mem::replace(&mut slot.state, state);
        for (state, joins) in [(&old, false), (&slot.state, true)] {
            let count = match state {
                State::Done(outcome) => self.counts.of_outcome(outcome),
                other => self.counts.of_stage(other.stage().unwrap_or(ImportStage::Queued)),
            };
            *count = if joins { count.saturating_add(1) } else { count.saturating_sub(1) };
            if let Some(watch) = state.watch() {
                match joins {
                    true => self.agenda.insert((watch.next, index)),
                    false => self.agenda.remove(&(watch.next, index)),
                };
            }
        }
        if old.is_pending() != slot.state.is_pending() {
            self.outbox.serial_is_pending(&slot.serial, slot.state.is_pending());
        }
    }

    fn finish(&mut self, index: usize, outcome: ImportOutcome) {
        self.enter(index, State::Done(outcome.clone()));
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.device = None;
        if outcome.has_ended() {
            self.changes.push((index, Change::Done(outcome.clone())));
            if let Some(record) = slot.record.clone().filter(|_| self.options.delete_records) {
                self.deletions.push_back((index, record));
            }
        } else if !matches!(outcome, ImportOutcome::Cancelled { .. }) {
            self.changes.push((index, Change::GivenUp(outcome.clone())));
        }
        let serial_number = slot.serial.clone();
        self.events.push(ImportEventKind::Finished { device: index, serial_number, outcome });
    }

    fn accept(&mut self, index: usize, record: ImportedDevice, now: Duration) {
        self.taken = true;
        let id = record.id;
        if let Some(slot) = self.slots.get_mut(index) {
            slot.record = Some(id.clone());
            // The hash has done its work.
            slot.device = None;
        }
        self.changes.push((index, Change::Accepted { record: id.clone() }));
        let next = now.saturating_add(self.options.importing.first);
        self.enter(index, State::Importing(id, Watch::new(now, next, self.options.importing)));
    }

    fn register(&mut self, index: usize, of: Registration, now: Duration, next: Duration) {
        let Registration { device, already } = of.clone();
        self.changes.push((index, Change::Ended { device, already }));
        self.enter(index, State::Appearing(of, Watch::new(now, next, self.options.appearing)));
    }

    fn tag_again(
        &mut self,
        index: usize,
        (of, changed): (Registration, bool),
        watch: Watch,
        now: Duration,
        answered: bool,
    ) {
        match watch.again(now, self.options.tagging, answered) {
            Some(watch) => self.enter(index, State::Tagging { of, changed, watch }),
            None => self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Tagging }),
        }
    }

    fn begin_sending(&mut self, mut parcel: Parcel, now: Duration) -> Shipment {
        parcel.since.get_or_insert(now);
        for index in &parcel.devices {
            self.enter(*index, State::Sending);
            if let Some(slot) = self.slots.get_mut(*index) {
                slot.sends = slot.sends.saturating_add(1);
                let import_id = slot.import_id.get_or_insert_with(|| (self.new_id)().into()).clone();
                self.changes.push((*index, Change::Sending { import_id }));
            }
        }
        self.shipments += 1;
        self.on_their_way.insert(self.shipments, parcel);
        self.shipments
    }

    fn unsend(&mut self, devices: &[usize]) {
        for index in devices {
            if let Some(slot) = self.slots.get_mut(*index) {
                slot.sends = slot.sends.saturating_sub(1);
            }
            self.changes.push((*index, Change::Unsent));
        }
    }

    fn due_now(&self, now: Duration) -> Vec<(Duration, usize)> {
        self.agenda.range(..=(now, usize::MAX)).copied().collect()
    }

    /// A step for the devices that are due: for as many as need the same as the first.
    fn due(&self, now: Duration) -> Option<Step> {
        let (_, first) = self.agenda.first().filter(|(at, _)| *at <= now)?;
        let mut due = self.agenda.range(..=(now, usize::MAX));
        let due = due.by_ref().filter_map(|(_, index)| Some((*index, self.slots.get(*index)?)));
        Some(match &self.slots.get(*first)?.state {
            State::Confirming(_) => Step::Look,
            State::Importing(..) => {
                let record = |(index, slot): (usize, &Slot)| match &slot.state {
                    State::Importing(record, _) => Some((index, record.clone())),
                    _ => None,
                };
                Step::Poll(due.filter_map(record).take(MOST_AT_ONCE).collect())
            }
            State::Tagging { changed: false, .. } => {
                let tag = |(index, slot): (usize, &Slot)| match &slot.state {
                    State::Tagging { of, changed: false, .. } => {
                        Some((index, of.device.clone(), slot.tag.clone()?))
                    }
                    _ => None,
                };
                Step::Tag(due.filter_map(tag).take(MOST_AT_ONCE).collect())
            }
            _ => {
                let device = |(index, slot): (usize, &Slot)| match &slot.state {
                    State::Appearing(of, _) | State::Tagging { of, changed: true, .. } => {
                        Some((index, of.device.clone()))
                    }
                    _ => None,
                };
                Step::Read(due.filter_map(device).take(MOST_AT_ONCE).collect())
            }
        })
    }

    fn sync_due(&self) -> Option<Duration> {
        let counts = &self.counts;
        self.sync.due(counts.pending() + counts.queued == 0).filter(|_| counts.appearing > 0)
    }
}

impl Slot {
    fn as_sent((index, slot): (usize, &Self)) -> Option<Sent<'_>> {
        Some(Sent { index, import_id: slot.import_id.as_deref()?, device: slot.device.as_deref()? })
    }
}

#[cfg(test)]
mod tests;
