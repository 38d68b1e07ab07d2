//! Matches records with devices. Serial numbers repeat between manufacturers, so ids take precedence.

use std::collections::HashMap;

use jiff::Timestamp;

use super::evidence::{DeviceSnapshot, began, is_id};
use crate::model::{AutopilotEvent, Device, DirectoryDevice, ManagedDevice};

/// The records of deployments, indexed.
#[derive(Default)]
pub(super) struct Events {
    by_device: HashMap<String, AutopilotEvent>,
    by_serial: HashMap<String, AutopilotEvent>,
    /// The records without a device id: those deployments did not reach Intune.
    by_serial_alone: HashMap<String, AutopilotEvent>,
}

impl Events {
    /// Indexes the last record of each device among deployments that began no earlier than `since`.
    pub(super) fn new(events: Vec<AutopilotEvent>, since: Option<Timestamp>) -> Self {
        let mut found = Self::default();
        for event in events {
            if since.is_some_and(|since| began(&event).is_some_and(|began| began < since)) {
                continue;
            }
            let device = event.device_id.as_deref().filter(|id| is_id(id));
            if let Some(serial) = &event.device_serial_number {
                keep_last(&mut found.by_serial, serial, &event);
                if device.is_none() {
                    keep_last(&mut found.by_serial_alone, serial, &event);
                }
            }
            if let Some(device) = device {
                keep_last(&mut found.by_device, device, &event);
            }
        }
        found
    }

    /// Returns the last record of a device: by any of its ids, because the kind of a record's id is not documented; by
    /// serial number among records without an id, or among all if no other watched device has it.
    pub(super) fn of(&self, snapshot: &DeviceSnapshot, serial_is_unique: bool) -> Option<&AutopilotEvent> {
        let identity = snapshot.identity.present();
        let managed = snapshot.managed_device.present();
        let ids = [
            managed.map(|managed| managed.id.as_str()),
            identity.and_then(|identity| Some(identity.managed_device_id.as_ref()?.as_str())),
            identity.and_then(|identity| Some(identity.entra_device_id()?.as_str())),
            Some(snapshot.registration_id().as_str()),
        ];
        let by_id = ids.into_iter().flatten().filter_map(|id| self.by_device.get(&id.to_lowercase()));
        let serial = snapshot.serial_number.as_ref().filter(|_| serial_is_unique);
        let serial = serial.map(|serial| serial.trim().to_lowercase());
        let alone = serial.as_ref().and_then(|serial| self.by_serial_alone.get(serial));
        by_id.chain(alone).max_by_key(|event| began(event)).or_else(|| self.by_serial.get(&serial?))
    }
}

fn keep_last(found: &mut HashMap<String, AutopilotEvent>, key: &str, event: &AutopilotEvent) {
    let key = key.trim().to_lowercase();
    if found.get(&key).is_none_or(|known| began(known) <= began(event)) {
        found.insert(key, event.clone());
    }
}

/// Returns the device in Intune among those with the serial number: the one that points at the registration's object;
/// else the last enrolled one of the same manufacturer and model.
pub(super) fn managed_device_of(
    found: Vec<ManagedDevice>,
    snapshot: &DeviceSnapshot,
) -> Option<ManagedDevice> {
    let serial = snapshot.serial_number.as_deref()?.trim();
    let identity = snapshot.identity.present();
    let found: Vec<ManagedDevice> = found
        .into_iter()
        .filter(|managed| {
            managed.serial_number.as_deref().is_some_and(|found| found.trim().eq_ignore_ascii_case(serial))
                && identity.is_none_or(|identity| {
                    same(managed.manufacturer.as_deref(), identity.manufacturer.as_deref())
                        && same(managed.model.as_deref(), identity.model.as_deref())
                })
        })
        .collect();
    let anchor = identity.and_then(|identity| identity.entra_device_id());
    found.into_iter().max_by_key(|managed| {
        let entra = managed.azure_ad_device_id.as_ref().or(managed.azure_active_directory_device_id.as_ref());
        (anchor.is_some() && entra == anchor, managed.enrolled_date_time)
    })
}

/// Returns the registration of a device that was imported again: the only one with its serial number.
pub(super) fn registration_of(found: Vec<Device>, snapshot: &DeviceSnapshot) -> Option<Device> {
    let serial = snapshot.serial_number.as_deref()?.trim();
    let mut found = found.into_iter().filter(|device| {
        device.serial_number.as_deref().is_some_and(|found| found.trim().eq_ignore_ascii_case(serial))
    });
    found.next().filter(|_| found.next().is_none())
}

/// Returns `true` if two values are equal or one is missing.
fn same(a: Option<&str>, b: Option<&str>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a.trim().eq_ignore_ascii_case(b.trim()))
}

/// Returns the only synced object with a computer's name. Names are unique in a domain, but objects of former machines
/// remain.
pub(super) fn hybrid_device_of(found: Vec<DirectoryDevice>) -> Option<DirectoryDevice> {
    let mut hybrid = found.into_iter().filter(DirectoryDevice::is_hybrid);
    hybrid.next().filter(|_| hybrid.next().is_none())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::Lookup;

    fn snapshot(serial: &str, identity: Value) -> DeviceSnapshot {
        let mut snapshot = DeviceSnapshot::new("d1".parse().unwrap(), Timestamp::UNIX_EPOCH);
        snapshot.serial_number = Some(serial.into());
        snapshot.identity = Lookup::Present(serde_json::from_value(identity).unwrap());
        snapshot
    }

    fn events(events: Value, since: Option<&str>) -> Events {
        Events::new(serde_json::from_value(events).unwrap(), since.map(|since| since.parse().unwrap()))
    }

    #[test]
    fn a_record_is_found_by_id_before_serial_and_the_last_one_holds() {
        let found = events(
            json!([
                {"id": "old", "deviceSerialNumber": "SN", "enrollmentStartDateTime": "2026-01-01T08:00:00Z"},
                {"id": "new", "deviceSerialNumber": "sn ", "enrollmentStartDateTime": "2026-01-01T09:00:00Z"},
                {"id": "mine", "deviceSerialNumber": "SN", "deviceId": "M1", "eventDateTime": "2026-01-01T07:00:00Z"},
                {"id": "nobody's"}
            ]),
            None,
        );
        let id = |snapshot: &DeviceSnapshot, unique| {
            found.of(snapshot, unique).map(|event| event.id.as_str().to_owned())
        };
        assert_eq!(id(&snapshot("SN", json!({"id": "d1"})), true).as_deref(), Some("new"));
        assert_eq!(
            id(&snapshot("SN", json!({"id": "d1"})), false),
            None,
            "another device has the serial number"
        );
        let known = snapshot("SN", json!({"id": "d1", "managedDeviceId": "m1"}));
        assert_eq!(id(&known, false).as_deref(), Some("mine"));
        assert_eq!(id(&snapshot("other", json!({"id": "d1"})), true), None);
    }

    #[test]
    fn records_of_earlier_deployments_can_be_left_out() {
        let rows = json!([{"id": "old", "deviceSerialNumber": "SN", "enrollmentStartDateTime": "2026-01-01T08:00:00Z"}]);
        let of = snapshot("SN", json!({"id": "d1"}));
        assert!(events(rows.clone(), Some("2026-01-01T08:00:01Z")).of(&of, true).is_none());
        assert!(events(rows, Some("2026-01-01T08:00:00Z")).of(&of, true).is_some());
    }

    #[test]
    fn of_several_devices_with_a_serial_number_the_one_of_the_registration_is_taken() {
        let identity =
            json!({"id": "d1", "manufacturer": "Contoso", "model": "Book", "azureAdDeviceId": "anchor"});
        let of = snapshot("SN 1", identity);
        let pick = |rows: Value| {
            let found = managed_device_of(serde_json::from_value(rows).unwrap(), &of);
            found.map(|managed| managed.id.as_str().to_owned())
        };
        let device = |id: &str, more: Value| {
            let mut device = json!({"id": id, "serialNumber": "sn 1"});
            device.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            device
        };
        assert_eq!(pick(json!([])), None);
        assert_eq!(pick(json!([device("other", json!({"serialNumber": "SN 12"}))])), None);
        assert_eq!(pick(json!([device("other", json!({"manufacturer": "Fabrikam"}))])), None);
        let old = device("old", json!({"enrolledDateTime": "2025-01-01T00:00:00Z"}));
        let new =
            device("new", json!({"enrolledDateTime": "2026-01-01T00:00:00Z", "manufacturer": "CONTOSO"}));
        assert_eq!(pick(json!([new, old])).as_deref(), Some("new"));
        let points = device("points", json!({"azureADDeviceId": "anchor"}));
        assert_eq!(pick(json!([points, new])).as_deref(), Some("points"));
    }

    #[test]
    fn a_name_finds_the_synced_object_only_if_it_is_the_only_one() {
        let pick = |rows: Value| {
            let found = hybrid_device_of(serde_json::from_value(rows).unwrap());
            found.map(|device| device.id.as_str().to_owned())
        };
        let anchor = json!({"id": "a", "trustType": "AzureAd"});
        let hybrid = json!({"id": "h", "trustType": "ServerAd"});
        assert_eq!(pick(json!([anchor])), None);
        assert_eq!(pick(json!([anchor, hybrid])).as_deref(), Some("h"));
        assert_eq!(pick(json!([hybrid, anchor, {"id": "stale", "trustType": "ServerAd"}])), None);
    }
}
