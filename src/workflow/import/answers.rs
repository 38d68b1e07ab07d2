//! The interpretation of responses: each moves its devices to their next state.

use std::time::Duration;

use super::entry::DeviceChange;
use super::machine::Machine;
use super::matching::{self, Identity, Matches, RecordSource, Sent, same_id, same_serial};
use super::outbox::QueuedDevice;
use super::outcome::{
    GroupTagCheck, ImportOutcome, ImportStage, Registration, Uncertainty, Verdict, has_tag, verdict,
};
use super::report::ImportEventKind;
use super::state::{Slot, SlotState, Watch};
use super::step::{Answer, RequestNumber, Tagged};
use super::sync::Synced;
use crate::model::{Device, Finding, ImportedDevice, Lookup};

/// The number of consecutive polls without a record after which the record is considered deleted, because a new record
/// can be slow to appear.
const MOST_MISSES: u32 = 5;

impl Machine {
    /// Handles the response to a request of `Step::Send`.
    pub(super) fn on_sent(&mut self, now: Duration, request: RequestNumber, mut answer: Answer) {
        let matched = match &mut answer {
            Answer::Records(records) => {
                let sent: Vec<Sent<'_>> = self.sent(request).collect();
                matching::match_records(&sent, std::mem::take(records), RecordSource::Answer)
            }
            Answer::Lost | Answer::Held(_) | Answer::Rejected(_) => Matches::default(),
        };
        let is_answered = matches!(answer, Answer::Records(_));
        let Some(mut queued) = self.in_flight.remove(&request) else { return };
        match answer {
            Answer::Records(_) | Answer::Lost => {
                let taken = matched.found.len();
                for (index, record) in matched.found {
                    self.accept(index, record, now);
                }
                if taken > 0 {
                    self.emit(ImportEventKind::Sent { devices: taken });
                }
                self.contradict(&matched.contradicted);
                let mut lost = 0;
                for index in queued.devices {
                    if self.slot(index).is_some_and(|slot| slot.state == SlotState::Sending) {
                        lost += 1;
                        if is_answered {
                            self.answered(index);
                        }
                        let next = now.saturating_add(self.options.confirm_schedule.initial_interval);
                        let watch = Watch::new(now, next, self.options.confirm_schedule);
                        self.enter(index, SlotState::Confirming(watch));
                    }
                }
                if lost > 0 {
                    self.emit(ImportEventKind::OutcomeUnknown { devices: lost });
                }
            }
            Answer::Held(asked) => {
                self.unsend(&queued.devices);
                let since = *queued.since.get_or_insert(now);
                if now >= since.saturating_add(self.options.send_timeout) {
                    for index in queued.devices {
                        self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Sending });
                    }
                    return;
                }
                let wait = self.outbox.hold(queued, now, asked);
                self.emit(ImportEventKind::Backoff { wait });
            }
            Answer::Rejected(rejection) => {
                self.unsend(&queued.devices);
                if queued.devices.len() == 1 {
                    self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
                    for index in queued.devices {
                        self.finish(index, ImportOutcome::Rejected(rejection.clone()));
                    }
                    return;
                }
                self.emit(ImportEventKind::RequestSplit { devices: queued.devices.len() });
                self.outbox.halve(queued);
            }
        }
    }

    /// Handles the response to `Step::List`: all records, or `None` if they could not be read.
    pub(super) fn on_listed(&mut self, now: Duration, records: Option<Vec<ImportedDevice>>) {
        let seen = records.is_some();
        let lost = |slot: &Slot| matches!(slot.state, SlotState::Confirming(_));
        let sent: Vec<Sent<'_>> =
            self.slots.iter().enumerate().filter(|(_, slot)| lost(slot)).filter_map(Slot::as_sent).collect();
        let matched = matching::match_records(&sent, records.unwrap_or_default(), RecordSource::List);
        for (index, record) in matched.found {
            self.accept(index, record, now);
        }
        // A record with our import id: the request did arrive.
        self.contradict(&matched.contradicted);
        for (_, index) in self.due_now(now) {
            let Some(SlotState::Confirming(watch)) = self.slot(index).map(|slot| &slot.state) else {
                continue;
            };
            if let Some(watch) = watch.again(now, self.options.confirm_schedule, seen) {
                self.enter(index, SlotState::Confirming(watch));
            } else if self.slot(index).is_some_and(|slot| slot.contradicted) {
                self.finish_unconfirmed(index);
            } else if !seen {
                self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Confirming });
            } else if self
                .slot(index)
                .is_some_and(|slot| !slot.answered && slot.sends < self.options.max_attempts)
            {
                self.enter(index, SlotState::Queued);
                if let Some(device) = self.slots.get(index).and_then(|slot| slot.device.as_deref()) {
                    self.outbox.push(QueuedDevice::new(index, device));
                }
            } else {
                self.finish(index, ImportOutcome::Unconfirmed(Uncertainty::RecordNotFound));
            }
        }
    }

    /// Handles one response to `Step::Poll`.
    pub(super) fn on_polled(&mut self, now: Duration, index: usize, seen: Lookup<ImportedDevice>) {
        let Some(SlotState::Importing(record, mut watch)) = self.slot(index).map(|slot| slot.state.clone())
        else {
            return;
        };
        let answered = !matches!(seen, Lookup::Unknown);
        if let Lookup::Present(read) = &seen {
            if self.identity_of_record(index, &record, read) == Identity::Contradicted {
                self.finish_unconfirmed(index);
                return;
            }
            let registration = read.state.as_ref().and_then(|state| state.device_registration_id.clone());
            if let Some(slot) = self.slots.get_mut(index).filter(|_| registration.is_some()) {
                slot.registration = registration;
            }
        }
        let verdict = match seen {
            Lookup::Present(record) => {
                watch.misses = 0;
                verdict(record.state.as_ref())
            }
            Lookup::Absent => {
                watch.misses = watch.misses.saturating_add(1);
                match watch.misses >= MOST_MISSES {
                    true => Verdict::Ended(ImportOutcome::Unconfirmed(Uncertainty::RecordDeleted)),
                    false => Verdict::Pending,
                }
            }
            Lookup::Unknown => Verdict::Pending,
        };
        match verdict {
            Verdict::Pending => match watch.again(now, self.options.import_schedule, answered) {
                Some(watch) => self.enter(index, SlotState::Importing(record, watch)),
                None => self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Importing }),
            },
            Verdict::Complete(Some(device)) if self.options.wait_until_visible => {
                self.sync.registered(now);
                let next = now.saturating_add(self.options.visibility_schedule.initial_interval);
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

    /// Handles one response to `Step::Read`.
    pub(super) fn on_read(&mut self, now: Duration, index: usize, seen: Lookup<Device>) {
        let Some(slot) = self.slot(index) else { return };
        let answered = !matches!(seen, Lookup::Unknown);
        if let (
            Lookup::Present(device),
            SlotState::AwaitingVisibility(of, _) | SlotState::Tagging { of, .. },
        ) = (&seen, &slot.state)
        {
            let id = same_id(of.device.as_str(), Some(device.id.as_str()));
            let serial = same_serial(&slot.serial, device.serial_number.as_deref());
            if matching::identity([id, serial]) == Identity::Contradicted {
                self.finish_unconfirmed(index);
                return;
            }
        }
        let asks_for_tag = slot.tag.is_some() || self.options.clear_group_tag;
        // What was asked for, and whether it has it.
        let right = match &seen {
            Lookup::Present(device) => Some(asks_for_tag.then(|| has_tag(device, slot.tag.as_ref()))),
            Lookup::Absent | Lookup::Unknown => None,
        };
        match (slot.state.clone(), right) {
            (SlotState::AwaitingVisibility(of, _), Some(None)) => {
                self.finish(index, of.outcome(GroupTagCheck::Unchecked))
            }
            (SlotState::AwaitingVisibility(of, _), Some(Some(true))) => {
                self.finish(index, of.outcome(GroupTagCheck::Match));
            }
            (SlotState::AwaitingVisibility(of, _), Some(Some(false))) => {
                match self.options.repair_group_tag {
                    true => {
                        let watch = Watch::new(now, now, self.options.group_tag_schedule);
                        self.enter(index, SlotState::Tagging { of, changed: false, watch });
                    }
                    false => self.finish(index, of.outcome(GroupTagCheck::Mismatch)),
                }
            }
            (SlotState::AwaitingVisibility(of, watch), None) => {
                match watch.again(now, self.options.visibility_schedule, answered) {
                    Some(watch) => self.enter(index, SlotState::AwaitingVisibility(of, watch)),
                    None => {
                        self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::AwaitingVisibility })
                    }
                }
            }
            (SlotState::Tagging { of, .. }, Some(Some(true))) => {
                self.finish(index, of.outcome(GroupTagCheck::Repaired));
            }
            (SlotState::Tagging { of, changed, watch }, _) => {
                self.tag_again(index, (of, changed), watch, now, answered);
            }
            _ => {}
        }
    }

    /// Handles one response to `Step::Tag`.
    pub(super) fn on_tagged(&mut self, now: Duration, index: usize, tagged: Tagged) {
        let Some(SlotState::Tagging { of, watch, .. }) = self.slot(index).map(|slot| slot.state.clone())
        else {
            return;
        };
        match tagged {
            Tagged::Changed => {
                self.changes.push((index, DeviceChange::Tagged));
                self.emit(ImportEventKind::GroupTagChanged { device: index });
                let next = now.saturating_add(self.options.group_tag_schedule.initial_interval);
                let watch = Watch::new(now, next, self.options.group_tag_schedule);
                self.enter(index, SlotState::Tagging { of, changed: true, watch });
            }
            Tagged::Held => self.tag_again(index, (of, false), watch, now, false),
            Tagged::Refused => self.finish(index, of.outcome(GroupTagCheck::Mismatch)),
        }
    }

    /// Handles the response to `Step::Sync`, with a finding to report.
    pub(super) fn on_synced(&mut self, now: Duration, synced: Synced, note: Option<Finding>) {
        self.sync.on(now, synced);
        if synced == Synced::Triggered {
            self.emit(ImportEventKind::SyncTriggered);
        }
        if let Some(note) = note {
            self.emit(ImportEventKind::Finding(note.clone()));
            self.notes.push(note);
        }
    }

    /// Handles one response to `Step::Delete`: whether the record is gone.
    pub(super) fn on_deleted(&mut self, index: usize, gone: bool) {
        match gone {
            true => self.changes.push((index, DeviceChange::Cleaned)),
            false => self.records_left += 1,
        }
    }

    /// Records that a response contained records with another identity in place of these devices.
    fn contradict(&mut self, devices: &[usize]) {
        for index in devices {
            if let Some(slot) = self.slots.get_mut(*index) {
                slot.contradicted = true;
            }
            self.answered(*index);
        }
    }

    /// Records that the service has responded, so the device is not sent again.
    fn answered(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index).filter(|slot| !slot.answered) {
            slot.answered = true;
            self.changes.push((index, DeviceChange::Answered));
        }
    }

    fn tag_again(
        &mut self,
        index: usize,
        (of, changed): (Registration, bool),
        watch: Watch,
        now: Duration,
        answered: bool,
    ) {
        match watch.again(now, self.options.group_tag_schedule, answered) {
            Some(watch) => self.enter(index, SlotState::Tagging { of, changed, watch }),
            None => self.finish(index, ImportOutcome::TimedOut { stage: ImportStage::Tagging }),
        }
    }
}
