//! The lines of an import's journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::outcome::ImportOutcome;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Binary, Device, DeviceToImport, Id, ImportedDevice, SerialNumber, Text};

/// The version of the format. It increases when old readers would misread a new journal.
const VERSION: u32 = 1;

const RUN: &str = "import";

/// The first line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    v: u32,
    run: Text,
    /// The tenant, if the token shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<Text>,
    /// The digest of all devices.
    input: Text,
    /// The number of devices.
    devices: usize,
    at: Timestamp,
}

/// Any other line: a change of one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    /// The device's digest.
    pub(super) key: Text,
    #[serde(flatten)]
    pub(super) change: DeviceChange,
}

/// A change of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum DeviceChange {
    /// The device is about to be sent: from now on the service may have it.
    Sending { import_id: Text },
    /// The service has certainly not taken the device.
    Unsent,
    /// The service has responded without a record that is certainly the device's: it is not sent again.
    Answered,
    /// The service has the device under this record.
    Accepted { record: Id<ImportedDevice> },
    /// The import has succeeded: the device is registered under this id and is awaited.
    Ended { device: Id<Device>, already: bool },
    /// The device's group tag was changed to the desired one and has to be read back.
    Tagged,
    /// This run gave up on the device. Its state in the service is unchanged, and another run resumes there.
    GivenUp(ImportOutcome),
    /// The device has its outcome.
    Done(ImportOutcome),
    /// The import record was deleted.
    Cleaned,
}

impl Header {
    /// Creates the header for `devices`, whose keys are `keys`.
    pub(super) fn new(
        tenant: Option<&str>,
        devices: &[DeviceToImport],
        keys: &[Text],
        at: Timestamp,
    ) -> Self {
        Self {
            v: VERSION,
            run: RUN.into(),
            tenant: tenant.map(Text::from),
            input: input_digest(devices.iter().zip(keys)).into(),
            devices: devices.len(),
            at,
        }
    }

    /// Checks that a run with this header may resume from a journal with the header `found`.
    pub(super) fn check(&self, found: &Self) -> Result<()> {
        self.check_tenant(found)?;
        if found.input != self.input {
            let (theirs, ours) = (found.devices, self.devices);
            return refuse(&format!(
                "the journal belongs to an import of other devices, group tags or users ({theirs} devices there, \
                    {ours} here)"
            ));
        }
        Ok(())
    }

    /// Checks that the journal with the header `found` is of an import into the same tenant, whatever its devices.
    pub(super) fn check_tenant(&self, found: &Self) -> Result<()> {
        if found.v != VERSION || found.run != self.run {
            let version = found.v;
            return refuse(&format!(
                "the journal belongs to another kind of run, or to another version of the format ({version}, not \
                    {VERSION})"
            ));
        }
        if let (Some(ours), Some(theirs)) = (&self.tenant, &found.tenant)
            && !ours.eq_ignore_ascii_case(theirs)
        {
            return refuse("the journal belongs to an import into another tenant");
        }
        Ok(())
    }
}

fn refuse(problem: &str) -> Result<()> {
    let message = format!("{problem}; name another journal, or delete this one if its run is obsolete");
    Err(Error::new(ErrorKind::Journal, message))
}

/// Returns an order-independent digest of devices and everything requested for them.
#[cfg(feature = "workflow")]
pub(in crate::workflow) fn devices_digest(devices: &[DeviceToImport]) -> String {
    let keys: Vec<Text> = devices.iter().map(device_key).collect();
    input_digest(devices.iter().zip(&keys))
}

#[cfg(feature = "workflow")]
pub(in crate::workflow) fn hex_digest(bytes: &[u8]) -> String {
    hex(&hmac_sha256::Hash::hash(bytes))
}

fn input_digest<'a>(devices: impl Iterator<Item = (&'a DeviceToImport, &'a Text)>) -> String {
    let mut digests: Vec<[u8; 32]> = devices.map(|(device, key)| whole_digest(device, key)).collect();
    // A file that was sorted anew is the same input.
    digests.sort_unstable();
    hex(&hmac_sha256::Hash::hash(digests.as_flattened()))
}

/// Returns the device's key in the journal: a digest of serial number and hash that reveals neither.
pub(super) fn device_key(device: &DeviceToImport) -> Text {
    let hash = device.hardware_identifier.as_str();
    // The last character of padded base64 has bits without a meaning, which the service does not give back.
    match hash.ends_with('=') {
        true => key_of(&device.serial_number, &Binary::from(device.hardware_identifier.to_bytes())),
        false => key(device.serial_number.as_str(), hash),
    }
}

/// Returns the key of a device with this serial number and these bytes of a hash.
pub(super) fn key_of(serial: &SerialNumber, hash: &Binary) -> Text {
    key(serial.as_str(), &hash.to_base64())
}

fn key(serial: &str, hash: &str) -> Text {
    // Half of it is more than enough to tell devices apart, and the file stays small.
    hex(digest(&[serial, hash]).split_at(16).0).into()
}

/// Returns the digest of everything requested for a device.
fn whole_digest(device: &DeviceToImport, key: &Text) -> [u8; 32] {
    digest(&[
        key,
        device.group_tag.as_ref().map_or("", |tag| tag.as_str()),
        device.product_key.as_ref().map_or("", |key| key.as_str()),
        device.assigned_user_principal_name.as_ref().map_or("", |user| user.as_str()),
    ])
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = hmac_sha256::Hash::new();
    for part in parts {
        // With its length, so that no two lists run together.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::import::outcome::{GroupTagCheck, Uncertainty};

    fn device(serial: &str, tag: &str) -> DeviceToImport {
        DeviceToImport::new(serial.parse().unwrap(), "T0EAAAA=".parse().unwrap())
            .with_group_tag(tag.parse().unwrap())
            .with_assigned_user_principal_name("adele@contoso.com".parse().unwrap())
    }

    fn header(tenant: Option<&str>, devices: &[DeviceToImport]) -> Header {
        let keys: Vec<Text> = devices.iter().map(device_key).collect();
        Header::new(tenant, devices, &keys, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_journal_of_another_tenant_or_input_is_refused_and_a_sorted_one_is_not() {
        let (a, b) = (device("A", "x"), device("B", "x"));
        let ours = header(Some("T"), &[a.clone(), b.clone()]);
        assert!(ours.check(&header(Some("t"), &[b.clone(), a.clone()])).is_ok());
        assert!(ours.check(&header(None, &[a.clone(), b.clone()])).is_ok(), "an unknown tenant is let pass");
        for (other, says) in [
            (header(Some("other"), &[a.clone(), b]), "another tenant"),
            (header(Some("T"), std::slice::from_ref(&a)), "1 devices there, 2 here"),
            (header(Some("T"), &[a.clone(), device("B", "y")]), "group tags"),
            (Header { v: 2, ..ours.clone() }, "version"),
            (Header { run: "apply".into(), ..ours.clone() }, "another kind"),
        ] {
            let error = ours.check(&other).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Journal);
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn lines_say_what_changed_and_hold_neither_hash_nor_person() {
        let key = device_key(&device("SN-1", "Kiosk"));
        let line = |change| Entry { at: Timestamp::UNIX_EPOCH, key: key.clone(), change };
        let done = ImportOutcome::AlreadyRegistered {
            device: "d".parse().unwrap(),
            group_tag: GroupTagCheck::Repaired,
        };
        for (change, rest) in [
            (DeviceChange::Sending { import_id: "i".into() }, r#""state":"sending","import_id":"i""#),
            (DeviceChange::Unsent, r#""state":"unsent""#),
            (DeviceChange::Answered, r#""state":"answered""#),
            (DeviceChange::Accepted { record: "r".parse().unwrap() }, r#""state":"accepted","record":"r""#),
            (
                DeviceChange::Ended { device: "d".parse().unwrap(), already: false },
                r#""state":"ended","device":"d","already":false"#,
            ),
            (DeviceChange::Tagged, r#""state":"tagged""#),
            (
                DeviceChange::GivenUp(ImportOutcome::Unconfirmed(Uncertainty::RecordDeleted)),
                r#""state":"given_up","outcome":"unconfirmed","why":"record_gone""#,
            ),
            (
                DeviceChange::Done(done),
                r#""state":"done","outcome":"already_registered","device":"d","group_tag":"repaired""#,
            ),
            (DeviceChange::Cleaned, r#""state":"cleaned""#),
        ] {
            let entry = line(change);
            let json = serde_json::to_string(&entry).unwrap();
            assert_eq!(json, format!(r#"{{"at":"1970-01-01T00:00:00Z","key":"{key}",{rest}}}"#));
            assert_eq!(serde_json::from_str::<Entry>(&json).unwrap(), entry);
        }
        let first = serde_json::to_string(&header(None, &[device("SN-1", "Kiosk")])).unwrap();
        assert!(first.starts_with(r#"{"v":1,"run":"import","input":""#), "{first}");
        for text in [first, key.as_str().to_owned()] {
            assert!(!text.contains("T0E") && !text.contains("adele") && !text.contains("SN-1"), "{text}");
        }
    }

    #[test]
    fn a_device_is_told_by_serial_number_and_hash_together() {
        let key = |serial: &str, hash: &str| {
            device_key(&DeviceToImport::new(serial.parse().unwrap(), hash.parse().unwrap()))
        };
        assert_eq!(key("A", "QUJD"), key("A", "QUJD"));
        assert_ne!(key("A", "QUJD"), key("AQ", "UJDD"));
        assert_ne!(key("A", "QUJD"), key("A", "QUJE"));
        assert_eq!(key("A", "QUJD").len(), 32);
    }
}
