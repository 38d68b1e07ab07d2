//! Matches the service's records with devices.

use std::collections::{HashMap, HashSet};

use super::outcome::{Verdict, verdict};
use crate::model::{DeviceToImport, ImportedDevice, SerialNumber};

/// A sent device, with the values that its record must repeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) index: usize,
    pub(super) import_id: &'a str,
    pub(super) device: &'a DeviceToImport,
}

/// The source of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordSource {
    /// The response to our own request: all records are ours, even without an import id.
    Answer,
    /// The list of all records in the tenant: a record is ours only with our import id.
    List,
}

/// The matched records.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// Devices with their records.
    pub(super) found: Vec<(usize, ImportedDevice)>,
    /// Devices in whose place the response has a record with another identity.
    pub(super) contradicted: Vec<usize>,
}

/// Matches each device with its record, which has to confirm it and must not contradict it: see [`identity`].
pub(super) fn match_records(sent: &[Sent<'_>], records: Vec<ImportedDevice>, from: RecordSource) -> Matches {
    let mut by_import_id: HashMap<String, Vec<ImportedDevice>> = HashMap::new();
    let mut nameless: Vec<ImportedDevice> = Vec::new();
    for record in records {
        match &record.import_id {
            Some(id) => by_import_id.entry(id.to_ascii_lowercase()).or_default().push(record),
            None => nameless.push(record),
        }
    }
    let mut matches = Matches::default();
    for one in sent {
        let ours = by_import_id.remove(&one.import_id.to_ascii_lowercase()).unwrap_or_default();
        let is_named = !ours.is_empty();
        // There may be two, of a device that was sent again after a lost response: the one that came to something
        // counts.
        match ours.into_iter().filter(|record| one.identity(record) == Identity::Confirmed).max_by_key(rank) {
            Some(record) => matches.found.push((one.index, record)),
            None if is_named => matches.contradicted.push(one.index),
            None => {}
        }
    }
    if from == RecordSource::Answer && !nameless.is_empty() {
        match_nameless(sent, nameless, &mut matches);
    }
    if from == RecordSource::Answer {
        // What is left of our own response has another import id.
        let strangers: HashSet<String> = by_import_id.into_values().flatten().filter_map(serial_of).collect();
        let missing =
            |one: &&Sent<'_>| !matches.is_settled(one.index) && strangers.contains(&fold(one.serial()));
        let contradicted: Vec<usize> = sent.iter().filter(missing).map(|one| one.index).collect();
        matches.contradicted.extend(contradicted);
    }
    matches
}

/// Matches records without an import id in our own response, by the hash or a unique serial number.
fn match_nameless(sent: &[Sent<'_>], records: Vec<ImportedDevice>, matches: &mut Matches) {
    let mut of_serial: HashMap<String, usize> = HashMap::new();
    for one in sent {
        *of_serial.entry(fold(one.serial())).or_default() += 1;
    }
    let mut in_answer: HashMap<String, Vec<ImportedDevice>> = HashMap::new();
    let mut by_hash: Vec<ImportedDevice> = Vec::new();
    for record in records {
        match serial_of_ref(&record) {
            Some(serial) => in_answer.entry(serial).or_default().push(record),
            None => by_hash.push(record),
        }
    }
    for one in sent {
        if matches.is_settled(one.index) {
            continue;
        }
        let serial = fold(one.serial());
        let alone = of_serial.get(&serial) == Some(&1);
        if let Some(record) =
            in_answer.get_mut(&serial).filter(|same| alone && same.len() == 1).and_then(Vec::pop)
        {
            match one.identity(&record) {
                Identity::Confirmed => matches.found.push((one.index, record)),
                _ => matches.contradicted.push(one.index),
            }
        } else if let Some(at) = by_hash.iter().position(|record| one.identity(record) == Identity::Confirmed)
        {
            matches.found.push((one.index, by_hash.swap_remove(at)));
        }
    }
}

impl Matches {
    fn is_settled(&self, index: usize) -> bool {
        self.contradicted.contains(&index) || self.found.iter().any(|(found, _)| *found == index)
    }
}

/// The verdict of a response on the identity of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// At least one value is the device's own, and none is another's.
    Confirmed,
    /// All identifying values are empty.
    Blank,
    /// A value is another device's.
    Contradicted,
}

/// Compares the values that a response repeats: `Some(true)` if equal, `Some(false)` if different, `None` if empty.
/// Empty values neither confirm nor contradict.
pub(super) fn identity(repeated: impl IntoIterator<Item = Option<bool>>) -> Identity {
    repeated.into_iter().fold(Identity::Blank, |identity, same| match (identity, same) {
        (Identity::Contradicted, _) | (_, Some(false)) => Identity::Contradicted,
        (_, Some(true)) => Identity::Confirmed,
        (identity, None) => identity,
    })
}

/// Returns whether the service's serial number is the device's; `None` if it is empty.
pub(super) fn same_serial(serial: &SerialNumber, given: Option<&str>) -> Option<bool> {
    let given = given.map(str::trim).filter(|given| !given.is_empty())?;
    Some(given.to_lowercase() == serial.as_str().to_lowercase())
}

/// Returns whether the service's id is the expected one; `None` if it is empty.
pub(super) fn same_id(id: &str, given: Option<&str>) -> Option<bool> {
    let given = given.map(str::trim).filter(|given| !given.is_empty())?;
    Some(given.eq_ignore_ascii_case(id))
}

impl Sent<'_> {
    fn serial(&self) -> &SerialNumber {
        &self.device.serial_number
    }

    fn identity(&self, record: &ImportedDevice) -> Identity {
        let hash = record.hardware_identifier.as_ref().filter(|hash| !hash.as_bytes().is_empty());
        identity([
            same_id(self.import_id, record.import_id.as_deref()),
            same_serial(self.serial(), record.serial_number.as_deref()),
            hash.map(|hash| hash.as_bytes() == self.device.hardware_identifier.to_bytes()),
        ])
    }
}

fn serial_of(record: ImportedDevice) -> Option<String> {
    serial_of_ref(&record)
}

fn serial_of_ref(record: &ImportedDevice) -> Option<String> {
    record
        .serial_number
        .as_deref()
        .map(|serial| serial.trim().to_lowercase())
        .filter(|serial| !serial.is_empty())
}

/// Folds a serial number as the service compares it: without regard to case.
fn fold(serial: &SerialNumber) -> String {
    serial.as_str().to_lowercase()
}

fn rank(record: &ImportedDevice) -> u8 {
    match verdict(record.state.as_ref()) {
        Verdict::Complete(_) => 2,
        Verdict::Pending => 1,
        Verdict::Here(_) | Verdict::Ended(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ImportState, ImportStatus};

    fn device(serial: &str) -> DeviceToImport {
        DeviceToImport::new(serial.parse().unwrap(), "T0EAAAA=".parse().unwrap())
    }

    /// Parses `id import-id serial hash`; `-` is blank.
    fn record(text: &str) -> ImportedDevice {
        let parts: Vec<&str> = text.split(' ').collect();
        let blank = |text: &str| if text == "-" { String::new() } else { text.to_owned() };
        serde_json::from_value(serde_json::json!({
            "id": parts[0], "importId": blank(parts[1]), "serialNumber": blank(parts[2]),
            "hardwareIdentifier": blank(parts[3]),
        }))
        .unwrap()
    }

    /// Matches devices (import id, serial number) and returns those found with their records, and those contradicted.
    fn matched(
        sent: &[(&str, &str)],
        records: &[&str],
        from: RecordSource,
    ) -> (Vec<(usize, String)>, Vec<usize>) {
        let devices: Vec<DeviceToImport> = sent.iter().map(|(_, serial)| device(serial)).collect();
        let sent: Vec<Sent<'_>> = sent
            .iter()
            .zip(&devices)
            .enumerate()
            .map(|(index, ((import_id, _), device))| Sent { index, import_id, device })
            .collect();
        let records = records.iter().map(|text| record(text)).collect();
        let matches = match_records(&sent, records, from);
        let found =
            matches.found.into_iter().map(|(index, record)| (index, record.id.as_str().to_owned())).collect();
        (found, matches.contradicted)
    }

    #[test]
    fn a_record_is_ours_by_import_id_if_serial_and_hash_do_not_contradict() {
        for (records, found, contradicted) in [
            (&["r a A -", "q b B -"][..], &[(0, "r"), (1, "q")][..], &[][..]),
            (&["q B b -", "r A a -"], &[(0, "r"), (1, "q")], &[]),
            (&["r a A T0EAAAA="], &[(0, "r")], &[]),
            (&["r a A T0EAAQA="], &[], &[0]),
            (&["r a B -"], &[], &[0]),
            (&["r a B -", "q b - -"], &[(1, "q")], &[0]),
            (&["r a - -"], &[(0, "r")], &[]),
            (&["r c A -", "q - B -"], &[], &[]),
            (&[], &[], &[]),
        ] {
            let found: Vec<(usize, String)> =
                found.iter().map(|(index, id)| (*index, (*id).to_owned())).collect();
            assert_eq!(
                matched(&[("a", "A"), ("b", "B")], records, RecordSource::List),
                (found, contradicted.to_vec()),
                "{records:?}"
            );
        }
    }

    #[test]
    fn in_our_own_answer_a_record_without_import_id_is_told_by_its_serial_number_if_that_is_alone() {
        let sent = [("a", "A"), ("b", "B"), ("c", "B")];
        let r = || vec![(0, "r".to_owned())];
        for (records, from, found, contradicted) in [
            (&["r - A -", "q - B -"][..], RecordSource::Answer, r(), &[][..]),
            (&["r - A -", "q - A -"], RecordSource::Answer, vec![], &[]),
            (&["r - A T0EAAQA="], RecordSource::Answer, vec![], &[0]),
            (&["r - - T0EAAAA="], RecordSource::Answer, r(), &[]),
            (&["r - - T0EAAQA="], RecordSource::Answer, vec![], &[]),
            (&["r - A -"], RecordSource::List, vec![], &[]),
        ] {
            assert_eq!(matched(&sent, records, from), (found, contradicted.to_vec()), "{records:?}");
        }
    }

    #[test]
    fn in_our_own_answer_a_device_is_found_or_contradicted_once() {
        let r = || vec![(0, "r".to_owned())];
        for (records, found, contradicted) in [
            // Another record with the serial number does not contradict the record that was found.
            (&["r a A -", "q x A -"][..], r(), &[][..]),
            // A record with the import id decides, whatever a record without one says.
            (&["r a B -", "q - A -"], vec![], &[0]),
            (&["r a A -", "q - A T0EAAQA="], r(), &[]),
            (&["r - A -", "q x A -"], r(), &[]),
            // The serial number is ours, the import id is not.
            (&["r x A -"], vec![], &[0]),
            (&["r x a -"], vec![], &[0]),
            (&["r x B -"], vec![], &[]),
            (&["r x - -"], vec![], &[]),
        ] {
            let context = format!("{records:?}");
            assert_eq!(
                matched(&[("a", "A")], records, RecordSource::Answer),
                (found, contradicted.to_vec()),
                "{context}"
            );
        }
        assert_eq!(matched(&[("a", "A")], &["r x A -"], RecordSource::List), (vec![], vec![]));
    }

    #[test]
    fn of_two_records_of_one_device_the_one_that_came_to_something_counts() {
        let with = |id: &str, status: ImportStatus| {
            let mut one = record(&format!("{id} a A -"));
            one.state = Some(ImportState { device_import_status: Some(status), ..ImportState::default() });
            one
        };
        let device = device("A");
        let sent = [Sent { index: 0, import_id: "a", device: &device }];
        let (error, pending, complete) = (
            with("error", ImportStatus::Error),
            with("pending", ImportStatus::Pending),
            with("complete", ImportStatus::Complete),
        );
        for (records, best) in [
            (vec![complete.clone(), error.clone()], "complete"),
            (vec![pending.clone(), complete], "complete"),
            (vec![pending, error], "pending"),
        ] {
            assert_eq!(match_records(&sent, records, RecordSource::List).found[0].1.id.as_str(), best);
        }
    }
}
