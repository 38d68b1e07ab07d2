//! The rules of an import, without I/O.
//!
//! The driver calls [`Machine::next`] for the next [`Step`], records the changes, performs the step and passes the
//! response back. Time is the clock's `elapsed`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::entry::{DeviceChange, Entry, key_of};
use super::matching::{Identity, Sent, identity, same_id, same_serial};
use super::options::ImportOptions;
use super::outbox::{Outbox, QueuedDevice, QueuedRequest};
use super::outcome::{ImportOutcome, ImportStage, Registration, Uncertainty};
use super::past::{self, Phase};
use super::report::{DeviceImport, ImportCounts, ImportEventKind, ImportReport};
use super::state::{Slot, SlotState, Watch};
use super::step::{RequestNumber, Step};
use super::sync::SyncGuard;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{DeviceToImport, Finding, Id, ImportedDevice, Text};
use crate::workflow::findings::IMPORT_RECORD_LEFT;

/// The maximum number of devices in one step: those in flight with batches of twenty and the default limits.
const MOST_AT_ONCE: usize = 320;

/// The number of individually refused devices, with none accepted, at which the devices cannot be the cause.
const MOST_REFUSED: u32 = 10;

/// The state of an import: its devices, and the due requests and polls.
pub(super) struct Machine {
    pub(super) options: ImportOptions,
    pub(super) slots: Vec<Slot>,
    pub(super) outbox: Outbox,
    /// The requests in flight.
    pub(super) in_flight: BTreeMap<RequestNumber, QueuedRequest>,
    requests: RequestNumber,
    /// The limit of concurrent requests.
    concurrent: usize,
    /// The devices to poll, by time.
    agenda: BTreeSet<(Duration, usize)>,
    deletions: VecDeque<(usize, Id<ImportedDevice>)>,
    pub(super) sync: SyncGuard,
    counts: ImportCounts,
    began: Duration,
    finished_before: usize,
    pub(super) taken: bool,
    pub(super) refused_in_a_row: u32,
    pub(super) records_left: usize,
    pub(super) notes: Vec<Finding>,
    pub(super) changes: Vec<(usize, DeviceChange)>,
    /// The events, each with the counts after it.
    events: Vec<(ImportEventKind, ImportCounts)>,
    new_id: fn() -> String,
}

impl Machine {
    /// Creates an import of `devices`, with their `keys` and import ids from `new_id`.
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
            outbox: Outbox::new(options.chunk_size, options.max_in_flight),
            in_flight: BTreeMap::new(),
            requests: 0,
            concurrent: 1,
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
                machine.outbox.push(QueuedDevice::new(index, &device));
                machine.counts.queued += 1;
                SlotState::Queued
            } else {
                machine.counts.duplicate += 1;
                SlotState::Done(ImportOutcome::Duplicate { of })
            };
            machine.slots.push(Slot {
                key,
                serial: device.serial_number.clone(),
                tag: device.group_tag.clone(),
                device: (state == SlotState::Queued).then(|| Box::new(device)),
                taken: None,
                state,
                import_id: None,
                record: None,
                sends: 0,
                answered: false,
                contradicted: false,
                registration: None,
            });
        }
        machine.finished_before = machine.counts.finished();
        machine
    }

    /// Resumes from the journal of an earlier run. Deadlines restart.
    pub(super) fn resume(&mut self, entries: Vec<Entry>, now: Duration, today: Timestamp) -> Result<()> {
        let mut past = past::by_device(entries);
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            if slot.state != SlotState::Queued {
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
                    let since = now.saturating_sub(age.min(self.options.confirm_schedule.deadline));
                    let watch = Watch::new(since, now, self.options.confirm_schedule);
                    self.enter(index, SlotState::Confirming(watch));
                }
                Phase::Answered => {
                    (slot.sends, slot.answered) = (1, true);
                    let watch = Watch::new(now, now, self.options.confirm_schedule);
                    self.enter(index, SlotState::Confirming(watch));
                }
                Phase::Accepted(record) => {
                    let watch = Watch::new(now, now, self.options.import_schedule);
                    self.enter(index, SlotState::Importing(record, watch));
                }
                Phase::Ended(registration) => {
                    if !registration.already {
                        self.sync.registered(now);
                    }
                    let watch = Watch::new(now, now, self.options.visibility_schedule);
                    self.enter(index, SlotState::AwaitingVisibility(registration, watch));
                }
                Phase::Tagged(of) => {
                    let watch = Watch::new(now, now, self.options.group_tag_schedule);
                    self.enter(index, SlotState::Tagging { of, changed: true, watch });
                }
                Phase::Done(outcome) => {
                    if let Some(record) = past.record.filter(|_| self.options.delete_records) {
                        self.deletions.push_back((index, record));
                    }
                    if outcome.is_settled() {
                        self.enter(index, SlotState::Done(outcome));
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
        self.outbox.retain(|index| slots.get(index).is_some_and(|slot| slot.state == SlotState::Queued));
        self.finished_before = self.counts.finished();
        Ok(())
    }

    /// Sets the number of requests that the next step may send concurrently; at least 1.
    pub(super) fn allow_concurrent(&mut self, requests: usize) {
        self.concurrent = requests.max(1);
    }

    /// Returns the next step. Record [`Machine::take_changes`] before performing the step.
    pub(super) fn next(&mut self, now: Duration) -> Step {
        let mut requests = Vec::new();
        while requests.len() < self.concurrent
            && let Some(queued) = self.outbox.next(now, self.counts.pending())
        {
            // What the service has not taken once goes by itself.
            let again = queued.since.is_some();
            requests.push(self.begin_sending(queued, now));
            if again {
                break;
            }
        }
        if !requests.is_empty() {
            return Step::Send(requests);
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

    /// Returns the devices of a request of [`Step::Send`], with their import ids.
    pub(super) fn to_send(&self, request: RequestNumber) -> Vec<DeviceToImport> {
        self.sent(request).map(|sent| sent.device.clone().with_import_id(sent.import_id)).collect()
    }

    /// Returns `true` if the service has refused so many individual devices, and accepted none, that they cannot be the
    /// cause.
    pub(super) fn is_refused_altogether(&self) -> bool {
        !self.taken && self.refused_in_a_row >= MOST_REFUSED
    }

    /// Cancels every device without an outcome. Not journaled, so a later run can resume.
    pub(super) fn cancel(&mut self) {
        for index in 0..self.slots.len() {
            let stage = |slot: &Slot| match slot.state.stage()? {
                // The service has certainly not taken it, and it waits to be sent again.
                ImportStage::Sending if slot.sends == 0 => Some(ImportStage::Queued),
                stage => Some(stage),
            };
            if let Some(stage) = self.slot(index).and_then(stage) {
                self.finish(index, ImportOutcome::Canceled { stage });
            }
        }
        // All that is left to do is left for the later run.
        self.outbox.clear();
        self.deletions.clear();
    }

    /// Takes the changes since the last call, by device key.
    pub(super) fn take_changes(&mut self) -> Vec<(Text, DeviceChange)> {
        let key = |index: usize| self.slots.get(index).map(|slot| slot.key.clone());
        let changes = std::mem::take(&mut self.changes);
        changes.into_iter().filter_map(|(index, change)| Some((key(index)?, change))).collect()
    }

    /// Adds an event with the counts after it.
    pub(super) fn emit(&mut self, kind: ImportEventKind) {
        self.events.push((kind, self.counts));
    }

    /// Takes the events since the last call, each with the counts after it.
    pub(super) fn take_events(&mut self) -> Vec<(ImportEventKind, ImportCounts)> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn counts(&self) -> ImportCounts {
        self.counts
    }

    /// Returns the estimated remaining time at the pace so far.
    pub(super) fn estimate(&self, now: Duration) -> Option<Duration> {
        let finished = self.counts.finished().saturating_sub(self.finished_before);
        let left = self.counts.unfinished() as u128;
        let elapsed = now.saturating_sub(self.began).as_millis();
        let millis = elapsed.checked_mul(left)?.checked_div(finished as u128)?;
        u64::try_from(millis).ok().map(Duration::from_millis)
    }

    /// Returns the devices to send.
    pub(super) fn to_come(&self) -> impl Iterator<Item = &DeviceToImport> {
        let queued = self.slots.iter().filter(|slot| slot.state == SlotState::Queued);
        queued.filter_map(|slot| slot.device.as_deref())
    }

    /// Returns the number of requests for the queue.
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
            let evidence = format!("{} records of ended imports could not be deleted", self.records_left);
            notes.push(IMPORT_RECORD_LEFT.at("imports", evidence));
        }
        let outcome = |state: SlotState| match state {
            SlotState::Done(outcome) => outcome,
            other => ImportOutcome::Canceled { stage: other.stage().unwrap_or(ImportStage::Queued) },
        };
        let device = |slot: Slot| DeviceImport { serial_number: slot.serial, outcome: outcome(slot.state) };
        ImportReport {
            devices: self.slots.into_iter().map(device).collect(),
            counts: self.counts,
            notes,
            elapsed: now.saturating_sub(self.began),
        }
    }

    pub(super) fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)
    }

    /// Returns the devices of a request in flight.
    pub(super) fn sent(&self, request: RequestNumber) -> impl Iterator<Item = Sent<'_>> {
        let devices = self.in_flight.get(&request).into_iter().flat_map(|queued| &queued.devices);
        devices.filter_map(|index| Slot::as_sent((*index, self.slots.get(*index)?)))
    }

    /// Moves a device to another state, and updates counts, agenda and pending serial numbers.
    pub(super) fn enter(&mut self, index: usize, state: SlotState) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let old = std::mem::replace(&mut slot.state, state);
        for (state, joins) in [(&old, false), (&slot.state, true)] {
            let count = match state {
                SlotState::Done(outcome) => self.counts.of_outcome(outcome),
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

    /// Compares a polled record with the device.
    pub(super) fn identity_of_record(
        &self,
        index: usize,
        asked: &Id<ImportedDevice>,
        record: &ImportedDevice,
    ) -> Identity {
        let Some(slot) = self.slot(index) else { return Identity::Blank };
        let hash = record.hardware_identifier.as_ref().filter(|hash| !hash.as_bytes().is_empty());
        let registration = record.state.as_ref().and_then(|state| state.device_registration_id.as_ref());
        let import_id = slot.import_id.as_deref();
        identity([
            same_id(asked.as_str(), Some(record.id.as_str())),
            import_id.and_then(|import_id| same_id(import_id, record.import_id.as_deref())),
            same_serial(&slot.serial, record.serial_number.as_deref()),
            hash.map(|hash| key_of(&slot.serial, hash) == slot.key),
            slot.registration
                .as_ref()
                .and_then(|before| same_id(before.as_str(), registration.map(Id::as_str))),
        ])
    }

    /// Ends a device after a response showed another identity.
    pub(super) fn finish_unconfirmed(&mut self, index: usize) {
        self.finish(index, ImportOutcome::Unconfirmed(Uncertainty::IdentityUnconfirmed));
    }

    pub(super) fn finish(&mut self, index: usize, mut outcome: ImportOutcome) {
        let device = self.slot(index).and_then(|slot| slot.device.as_deref().or(slot.taken.as_deref()));
        outcome.redact(device);
        self.enter(index, SlotState::Done(outcome.clone()));
        let Some(slot) = self.slots.get_mut(index) else { return };
        (slot.device, slot.taken) = (None, None);
        if outcome.has_ended() {
            self.changes.push((index, DeviceChange::Done(outcome.clone())));
            if let Some(record) = slot.record.clone().filter(|_| self.options.delete_records) {
                self.deletions.push_back((index, record));
            }
        } else if !matches!(outcome, ImportOutcome::Canceled { .. }) {
            self.changes.push((index, DeviceChange::GivenUp(outcome.clone())));
        }
        let serial_number = slot.serial.clone();
        self.emit(ImportEventKind::Finished { device: index, serial_number, outcome });
    }

    pub(super) fn accept(&mut self, index: usize, record: ImportedDevice, now: Duration) {
        self.taken = true;
        let id = record.id;
        if let Some(slot) = self.slots.get_mut(index) {
            slot.record = Some(id.clone());
            slot.registration = record.state.and_then(|state| state.device_registration_id);
            slot.taken = slot.device.take();
        }
        self.changes.push((index, DeviceChange::Accepted { record: id.clone() }));
        let next = now.saturating_add(self.options.import_schedule.initial_interval);
        self.enter(index, SlotState::Importing(id, Watch::new(now, next, self.options.import_schedule)));
    }

    pub(super) fn register(&mut self, index: usize, of: Registration, now: Duration, next: Duration) {
        let Registration { device, already } = of.clone();
        if let Some(slot) = self.slots.get_mut(index) {
            slot.taken = None;
        }
        self.changes.push((index, DeviceChange::Ended { device, already }));
        let watch = Watch::new(now, next, self.options.visibility_schedule);
        self.enter(index, SlotState::AwaitingVisibility(of, watch));
    }

    fn begin_sending(&mut self, mut queued: QueuedRequest, now: Duration) -> RequestNumber {
        queued.since.get_or_insert(now);
        for index in &queued.devices {
            self.enter(*index, SlotState::Sending);
            if let Some(slot) = self.slots.get_mut(*index) {
                slot.sends = slot.sends.saturating_add(1);
                let import_id = slot.import_id.get_or_insert_with(|| (self.new_id)().into()).clone();
                self.changes.push((*index, DeviceChange::Sending { import_id }));
            }
        }
        self.requests += 1;
        self.in_flight.insert(self.requests, queued);
        self.requests
    }

    pub(super) fn unsend(&mut self, devices: &[usize]) {
        for index in devices {
            if let Some(slot) = self.slots.get_mut(*index) {
                slot.sends = slot.sends.saturating_sub(1);
            }
            self.changes.push((*index, DeviceChange::Unsent));
        }
    }

    pub(super) fn due_now(&self, now: Duration) -> Vec<(Duration, usize)> {
        self.agenda.range(..=(now, usize::MAX)).copied().collect()
    }

    /// Returns a step for the due devices that need the same action as the first.
    fn due(&self, now: Duration) -> Option<Step> {
        let (_, first) = self.agenda.first().filter(|(at, _)| *at <= now)?;
        let mut due = self.agenda.range(..=(now, usize::MAX));
        let due = due.by_ref().filter_map(|(_, index)| Some((*index, self.slots.get(*index)?)));
        Some(match &self.slots.get(*first)?.state {
            SlotState::Confirming(_) => Step::List,
            SlotState::Importing(..) => {
                let record = |(index, slot): (usize, &Slot)| match &slot.state {
                    SlotState::Importing(record, _) => Some((index, record.clone())),
                    _ => None,
                };
                Step::Poll(due.filter_map(record).take(MOST_AT_ONCE).collect())
            }
            SlotState::Tagging { changed: false, .. } => {
                let tag = |(index, slot): (usize, &Slot)| match &slot.state {
                    SlotState::Tagging { of, changed: false, .. } => {
                        Some((index, of.device.clone(), slot.tag.clone()))
                    }
                    _ => None,
                };
                Step::Tag(due.filter_map(tag).take(MOST_AT_ONCE).collect())
            }
            _ => {
                let device = |(index, slot): (usize, &Slot)| match &slot.state {
                    SlotState::AwaitingVisibility(of, _) | SlotState::Tagging { of, changed: true, .. } => {
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
        self.sync.due(counts.pending() + counts.queued == 0).filter(|_| counts.awaiting_visibility > 0)
    }
}
