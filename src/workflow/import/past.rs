//! The devices of an earlier run, read from its journal.

use std::collections::HashMap;

use jiff::Timestamp;

use super::entry::{DeviceChange, Entry};
use super::outcome::{ImportOutcome, Registration};
use crate::model::{Id, ImportedDevice, Text};

/// Collects the entries of an earlier run by device.
pub(super) fn by_device(entries: Vec<Entry>) -> HashMap<Text, Past> {
    let mut past: HashMap<Text, Past> = HashMap::new();
    for entry in entries {
        past.entry(entry.key.clone()).or_default().apply(entry);
    }
    past
}

/// The journal's last state of one device.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) phase: Phase,
    pub(super) import_id: Option<Text>,
    /// The import record, unless it was deleted.
    pub(super) record: Option<Id<ImportedDevice>>,
}

/// The phase that a device had reached.
#[derive(Debug, Default)]
pub(super) enum Phase {
    #[default]
    Queued,
    /// The device was sent, or about to be, at this time.
    Sent(Timestamp),
    /// The device was sent, and the response had no record that is certainly its own.
    Answered,
    Accepted(Id<ImportedDevice>),
    Ended(Registration),
    /// The group tag of this registered device was changed.
    Tagged(Registration),
    Done(ImportOutcome),
}

impl Past {
    /// Returns `true` if the import of the device is not complete: the device is in flight, or its record is left.
    #[cfg(feature = "workflow")]
    pub(super) fn is_open(&self) -> bool {
        match self.phase {
            Phase::Queued => false,
            Phase::Done(_) => self.record.is_some(),
            _ => true,
        }
    }

    /// Returns `true` if the device has its outcome.
    #[cfg(feature = "workflow")]
    pub(super) fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done(_))
    }

    /// Returns `true` if the import of the device has ended, and another can have another outcome once the device is not
    /// registered in this tenant.
    #[cfg(feature = "workflow")]
    pub(super) fn is_obsolete(&self) -> bool {
        matches!(
            self.phase,
            Phase::Done(
                ImportOutcome::Registered { .. }
                    | ImportOutcome::AlreadyRegistered { .. }
                    | ImportOutcome::OtherTenant(_)
            )
        )
    }

    fn apply(&mut self, entry: Entry) {
        match entry.change {
            DeviceChange::Sending { import_id } => {
                *self = Self { phase: Phase::Sent(entry.at), import_id: Some(import_id), ..Self::default() };
            }
            DeviceChange::Unsent => self.phase = Phase::Queued,
            DeviceChange::Answered => self.phase = Phase::Answered,
            DeviceChange::Accepted { record } => {
                self.record = Some(record.clone());
                self.phase = Phase::Accepted(record);
            }
            DeviceChange::Ended { device, already } => {
                self.phase = Phase::Ended(Registration { device, already });
            }
            DeviceChange::Tagged => {
                if let Phase::Ended(registration) = &self.phase {
                    self.phase = Phase::Tagged(registration.clone());
                }
            }
            DeviceChange::GivenUp(_) => {}
            DeviceChange::Done(outcome) => self.phase = Phase::Done(outcome),
            DeviceChange::Cleaned => self.record = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::import::outcome::{ImportStage, Rejection};

    #[test]
    fn the_last_word_on_a_device_counts_and_a_new_sending_begins_anew() {
        let refused = Rejection { name: "StorageError".into(), code: None, status: None };
        let record = |id: &str| DeviceChange::Accepted { record: id.parse().unwrap() };
        let sending = |id: &str| DeviceChange::Sending { import_id: id.into() };
        let ended = || DeviceChange::Ended { device: "d".parse().unwrap(), already: true };
        for (changes, expected) in [
            (vec![], "Queued None None"),
            (vec![sending("i")], "Sent(1970-01-01T00:00:00Z) Some(\"i\") None"),
            (vec![sending("i"), DeviceChange::Unsent], "Queued Some(\"i\") None"),
            (vec![sending("i"), DeviceChange::Answered], "Answered Some(\"i\") None"),
            (vec![sending("i"), record("r")], "Accepted(\"r\") Some(\"i\") Some(\"r\")"),
            (
                vec![sending("i"), record("r"), ended()],
                "Ended(Registration { device: \"d\", already: true }) Some(\"i\") Some(\"r\")",
            ),
            (
                vec![
                    sending("i"),
                    record("r"),
                    ended(),
                    DeviceChange::Tagged,
                    DeviceChange::GivenUp(ImportOutcome::TimedOut { stage: ImportStage::Tagging }),
                ],
                "Tagged(Registration { device: \"d\", already: true }) Some(\"i\") Some(\"r\")",
            ),
            (
                vec![
                    sending("i"),
                    record("r"),
                    DeviceChange::Done(ImportOutcome::Rejected(refused.clone())),
                    sending("j"),
                ],
                "Sent(1970-01-01T00:00:00Z) Some(\"j\") None",
            ),
            (
                vec![
                    sending("i"),
                    record("r"),
                    ended(),
                    DeviceChange::Done(ImportOutcome::OtherTenant(refused)),
                    DeviceChange::Cleaned,
                ],
                "Done(OtherTenant(Rejection { name: \"StorageError\", code: None, status: None })) Some(\"i\") None",
            ),
        ] {
            let entry = |change| Entry { at: Timestamp::UNIX_EPOCH, key: "k".into(), change };
            let past = by_device(changes.into_iter().map(entry).collect()).remove("k").unwrap_or_default();
            assert_eq!(format!("{:?} {:?} {:?}", past.phase, past.import_id, past.record), expected);
        }
    }
}
