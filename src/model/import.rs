//! Imports: devices on their way into Autopilot.

use jiff::Timestamp;

use super::observation::observation;
use super::{Binary, Device, Hidden, Id, ImportStatus, ImportUploadStatus, Personal, Text};

observation! {
    /// The record of one device's import. It is not the device, which appears later under another id.
    pub struct ImportedDevice = "importedWindowsAutopilotDeviceIdentity", id: Id<ImportedDevice> {
        /// The user to assign.
        pub assigned_user_principal_name: Option<Personal> = "assignedUserPrincipalName",
        /// The group tag.
        pub group_tag: Option<Text> = "groupTag",
        /// The hardware hash; the service does not give it back once it has it.
        pub hardware_identifier: Option<Binary> = "hardwareIdentifier",
        /// The id that the import of a list was sent with. Says nothing about a device that was sent alone.
        pub import_id: Option<Text> = "importId",
        /// Product key.
        pub product_key: Option<Hidden> = "productKey",
        /// Serial number.
        pub serial_number: Option<Text> = "serialNumber",
        /// How far the import has come.
        pub state: Option<ImportState> = "state",
    }
}

observation! {
    /// How far an import has come, and what went wrong.
    pub struct ImportState = "importedWindowsAutopilotDeviceIdentityState" {
        /// Error code, such as 806. The same code can come with different names: decide by the name.
        pub device_error_code: Option<i32> = "deviceErrorCode",
        /// Name of the error, such as `ZtdDeviceAlreadyAssigned`.
        pub device_error_name: Option<Text> = "deviceErrorName",
        /// How far the import has come.
        pub device_import_status: Option<ImportStatus> = "deviceImportStatus",
        /// The id of the device that comes of it.
        pub device_registration_id: Option<Id<Device>> = "deviceRegistrationId",
    }
}

observation! {
    /// An upload of many devices. Documented, but not in the service's current metadata.
    pub struct ImportUpload = "importedWindowsAutopilotDeviceIdentityUpload", id: Id<ImportUpload> {
        /// When it was made.
        pub created_date_time_utc: Option<Timestamp> = "createdDateTimeUtc",
        /// How far it has come.
        pub status: Option<ImportUploadStatus> = "status",
    }
    beside {
        /// Its devices: there when they were expanded.
        pub device_identities: Option<Vec<ImportedDevice>> = "deviceIdentities",
    }
}

impl ImportStatus {
    /// Whether the service is still at it: `unknown` (a fresh import), `pending` or `partial`.
    ///
    /// A member that this version does not know is not: what it means for the wait is for the caller to decide.
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Unknown | Self::Pending | Self::Partial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_import_answers_with_blanks_that_are_none() {
        let read: ImportedDevice = serde_json::from_str(
            r#"{"id":"985b4f49","groupTag":"","hardwareIdentifier":"","serialNumber":"SN-1","productKey":"",
                "importId":"","assignedUserPrincipalName":"",
                "state":{"deviceImportStatus":"unknown","deviceRegistrationId":"","deviceErrorCode":0,"deviceErrorName":""}}"#,
        )
        .unwrap();
        let mut expected = ImportedDevice::new("985b4f49".parse().unwrap());
        expected.serial_number = Some("SN-1".into());
        expected.state = Some(ImportState {
            device_import_status: Some(ImportStatus::Unknown),
            device_error_code: Some(0),
            ..ImportState::default()
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn hash_key_and_user_are_not_in_debug() {
        let read: ImportedDevice = serde_json::from_str(
            r#"{"id":"1","hardwareIdentifier":"T0EAAAA=","productKey":"KEY","assignedUserPrincipalName":"adele@contoso.com"}"#,
        )
        .unwrap();
        let debug = format!("{read:?}");
        for hidden in ["T0E", "KEY", "adele", "79"] {
            assert!(!debug.contains(hidden), "{debug}");
        }
        assert!(debug.contains("[5 bytes]"), "{debug}");
    }

    #[test]
    fn an_import_is_under_way_until_it_is_complete_or_failed() {
        let under_way: Vec<_> = ImportStatus::MEMBERS
            .iter()
            .filter(|word| ImportStatus::from_wire(word).is_under_way())
            .collect();
        assert_eq!(under_way, [&"unknown", &"pending", &"partial"]);
        assert!(!ImportStatus::from_wire("paused").is_under_way());
    }
}
