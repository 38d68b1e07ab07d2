//! Which record of the service is which device of ours.

use std::collections::HashMap;

use super::outcome::{Verdict, verdict};
use crate::model::{DeviceToImport, ImportedDevice};

/// A device that was sent, by what its record must repeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) index: usize,
    pub(super) import_id: &'a str,
    pub(super) device: &'a DeviceToImport,
}

/// Where records come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// The answer to our own request: all records are ours, even one that lacks its import id.
    Answer,
    /// The list of all records of the tenant: a record is ours only if it bears our import id.
    List,
}

/// Finds the record of each device: the same import id, and neither another serial number nor another hash. What the
/// service left blank contradicts nothing. Devices without a record are left out.
pub(super) fn match_records(
    sent: &[Sent<'_>],
    records: Vec<ImportedDevice>,
    from: From,
) -> Vec<(usize, ImportedDevice)> {
    let mut by_import_id: HashMap<String, Vec<ImportedDevice>> = HashMap::new();
    let mut nameless: HashMap<String, Vec<ImportedDevice>> = HashMap::new();
    for record in records {
        match (&record.import_id, &record.serial_number) {
            (Some(id), _) => by_import_id.entry(id.to_ascii_lowercase()).or_default().push(record),
            (None, Some(serial)) => nameless.entry(serial.to_lowercase()).or_default().push(record),
            (None, None) => {}
        }
    }
    let mut of_serial: HashMap<String, usize> = HashMap::new();
    for one in sent {
        *of_serial.entry(one.device.serial_number.as_str().to_lowercase()).or_default() += 1;
    }
    let find = |one: &Sent<'_>| {
        let serial = one.device.serial_number.as_str().to_lowercase();
        let ours = by_import_id.remove(&one.import_id.to_ascii_lowercase()).unwrap_or_default();
        // There may be two, of a device that was sent again after a lost answer: the one that came to something counts.
        let best = ours.into_iter().filter(|record| is_same(one.device, record)).max_by_key(rank);
        let found = best.or_else(|| {
            let alone = of_serial.get(&serial) == Some(&1);
            let same = nameless.get_mut(&serial).filter(|same| same.len() == 1);
            let record = same.filter(|_| alone && from == From::Answer)?.pop()?;
            is_same(one.device, &record).then_some(record)
        });
        found.map(|record| (one.index, record))
    };
    sent.iter().filter_map(find).collect()
}

fn is_same(device: &DeviceToImport, record: &ImportedDevice) -> bool {
    let serial = record
        .serial_number
        .as_deref()
        .is_none_or(|serial| serial.trim().to_lowercase() == device.serial_number.as_str().to_lowercase());
    let hash = record
        .hardware_identifier
        .as_ref()
        .is_none_or(|hash| hash.as_bytes() == device.hardware_identifier.to_bytes());
    serial && hash
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

    /// `id import-id serial hash`; `-` is blank.
    fn record(text: &str) -> ImportedDevice {
        let parts: Vec<&str> = text.split(' ').collect();
        let blank = |text: &str| if text == "-" { String::new() } else { text.to_owned() };
        serde_json::from_value(serde_json::json!({
            "id": parts[0], "importId": blank(parts[1]), "serialNumber": blank(parts[2]),
            "hardwareIdentifier": blank(parts[3]),
        }))
        .unwrap()
    }

    fn found(sent: &[(&str, &str)], records: &[&str], from: From) -> Vec<(usize, String)> {
        let devices: Vec<DeviceToImport> = sent.iter().map(|(_, serial)| device(serial)).collect();
        let sent: Vec<Sent<'_>> = sent
            .iter()
            .zip(&devices)
            .enumerate()
            .map(|(index, ((import_id, _), device))| Sent { index, import_id, device })
            .collect();
        let records = records.iter().map(|text| record(text)).collect();
        match_records(&sent, records, from)
            .into_iter()
            .map(|(index, record)| (index, record.id.as_str().to_owned()))
            .collect()
    }

    #[test]
    fn a_record_is_ours_by_import_id_if_serial_and_hash_do_not_contradict() {
        for (records, expected) in [
            (&["r a A -", "q b B -"][..], &[(0, "r"), (1, "q")][..]),
            (&["q B b -", "r A a -"], &[(0, "r"), (1, "q")]),
            (&["r a A T0EAAAA="], &[(0, "r")]),
            (&["r a A T0EAAQA="], &[]),
            (&["r a B -"], &[]),
            (&["r a - -"], &[(0, "r")]),
            (&["r c A -", "q - B -"], &[]),
            (&[], &[]),
        ] {
            let expected: Vec<(usize, String)> =
                expected.iter().map(|(index, id)| (*index, (*id).to_owned())).collect();
            assert_eq!(found(&[("a", "A"), ("b", "B")], records, From::List), expected, "{records:?}");
        }
    }

    #[test]
    fn in_our_own_answer_a_record_without_import_id_is_told_by_its_serial_number_if_that_is_alone() {
        let sent = [("a", "A"), ("b", "B"), ("c", "B")];
        assert_eq!(found(&sent, &["r - A -", "q - B -"], From::Answer), [(0, "r".to_owned())]);
        assert_eq!(found(&sent, &["r - A -", "q - A -"], From::Answer), []);
        assert_eq!(found(&sent, &["r - A T0EAAQA="], From::Answer), []);
        assert_eq!(found(&sent, &["r - A -"], From::List), []);
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
            assert_eq!(match_records(&sent, records, From::List)[0].1.id.as_str(), best);
        }
    }
}
