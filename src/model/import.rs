//! Imports of devices into Autopilot.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::observation::observation;
use super::settings::setters;
use super::{
    Binary, Device, GroupTag, HardwareHash, Hidden, Id, ImportStatus, ImportUploadStatus, Personal,
    SerialNumber, Text, UserPrincipalName,
};

/// A device to register with Autopilot: the content of an import.
///
/// ```
/// use windows_autopilot::model::DeviceToImport;
/// let device = DeviceToImport::new("5CG1234ABC".parse()?, "T0EAAAA=".parse()?).with_group_tag("Kiosk".parse()?);
/// assert_eq!(device.serial_number.as_str(), "5CG1234ABC");
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// `Debug` does not show the hash, the product key or the user. Importing a registered device does not change its group
/// tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeviceToImport {
    /// The serial number.
    pub serial_number: SerialNumber,
    /// The hardware hash.
    pub hardware_identifier: HardwareHash,
    /// The group tag of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<GroupTag>,
    /// The product key, for partners that register devices by product key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key: Option<Hidden>,
    /// The user to assign. Leave this unset for hybrid joins: an assigned user is a known cause of error 0x80070774.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_user_principal_name: Option<UserPrincipalName>,
    /// The caller's own id, which identifies the record in the response when a list is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_id: Option<Text>,
}

impl DeviceToImport {
    /// Creates a device with the two required values.
    pub fn new(serial_number: SerialNumber, hardware_identifier: HardwareHash) -> Self {
        Self {
            serial_number,
            hardware_identifier,
            group_tag: None,
            product_key: None,
            assigned_user_principal_name: None,
            import_id: None,
        }
    }

    setters! {
        group_tag, with_group_tag: GroupTag = Some(group_tag);
        product_key, with_product_key: impl Into<Hidden> = Some(product_key.into());
        assigned_user_principal_name, with_assigned_user_principal_name: UserPrincipalName =
            Some(assigned_user_principal_name);
        import_id, with_import_id: impl Into<Text> = Some(import_id.into());
    }
}

observation! {
    /// The record of one device's import. The device itself appears later under another id.
    pub struct ImportedDevice = "importedWindowsAutopilotDeviceIdentity", id: Id<ImportedDevice> {
        assigned_user_principal_name: Personal = "assignedUserPrincipalName", "The user to assign.";
        group_tag: Text = "groupTag", "The group tag.";
        /// The hardware hash, which the service does not return.
        hardware_identifier: Binary = "hardwareIdentifier";
        /// The import id that the device had in an imported list. Meaningless for a device that was imported on its
        /// own.
        import_id: Text = "importId";
        product_key: Hidden = "productKey", "The product key.";
        serial_number: Text = "serialNumber", "The serial number.";
        state: ImportState = "state", "The state of the import.";
    }
}

observation! {
    /// The state of an import, and its error.
    pub struct ImportState = "importedWindowsAutopilotDeviceIdentityState" {
        /// The error code, such as 806. The same code occurs with different names: match on the name.
        device_error_code: i32 = "deviceErrorCode";
        device_error_name: Text = "deviceErrorName", "The name of the error, such as `ZtdDeviceAlreadyAssigned`.";
        device_import_status: ImportStatus = "deviceImportStatus", "The state of the import.";
        device_registration_id: Id<Device> = "deviceRegistrationId", "The id of the resulting device.";
    }
}

observation! {
    /// A bulk device upload. Documented, but not in the service's current metadata.
    pub struct ImportUpload = "importedWindowsAutopilotDeviceIdentityUpload", id: Id<ImportUpload> {
        created_date_time_utc: Timestamp = "createdDateTimeUtc", "The time at which it was created.";
        status: ImportUploadStatus = "status", "The state of the upload.";
    }
    beside {
        device_identities: Vec<ImportedDevice> = "deviceIdentities", "The devices, if requested with `$expand`.";
    }
}

impl ImportStatus {
    /// Returns `true` while the service processes the import: `unknown` (a new import), `pending` or `partial`.
    ///
    /// Returns `false` for an unrecognized state, which the caller has to handle.
    pub fn is_in_progress(&self) -> bool {
        matches!(self, Self::Unknown | Self::Pending | Self::Partial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> DeviceToImport {
        DeviceToImport::new("SN-1".parse().unwrap(), "T0EAAAA=".parse().unwrap())
            .with_group_tag("Kiosk".parse().unwrap())
            .with_product_key("KEY")
            .with_assigned_user_principal_name("adele@contoso.com".parse().unwrap())
            .with_import_id("row-7")
    }

    #[test]
    fn a_device_to_import_is_sent_with_what_it_has_and_nothing_else() {
        let bare = DeviceToImport::new("SN-1".parse().unwrap(), "T0EAAAA".parse().unwrap());
        let json = r#"{"serialNumber":"SN-1","hardwareIdentifier":"T0EAAAA="}"#;
        assert_eq!(serde_json::to_string(&bare).unwrap(), json);
        let json = concat!(
            r#"{"serialNumber":"SN-1","hardwareIdentifier":"T0EAAAA=","groupTag":"Kiosk","productKey":"KEY","#,
            r#""assignedUserPrincipalName":"adele@contoso.com","importId":"row-7"}"#
        );
        assert_eq!(serde_json::to_string(&full()).unwrap(), json);
        assert_eq!(serde_json::from_str::<DeviceToImport>(json).unwrap(), full());
    }

    #[test]
    fn hash_key_and_user_of_a_device_to_import_are_not_in_debug() {
        let debug = format!("{:?}", full());
        for hidden in ["T0E", "KEY", "adele"] {
            assert!(!debug.contains(hidden), "{debug}");
        }
        assert!(debug.contains("SN-1") && debug.contains("Kiosk"), "{debug}");
    }

    #[test]
    fn a_fresh_import_answers_with_blanks_that_are_none() {
        let json = r#"{"id":"985b4f49","groupTag":"","hardwareIdentifier":"","serialNumber":"SN-1","productKey":"",
                "importId":"","assignedUserPrincipalName":"",
                "state":{"deviceImportStatus":"unknown","deviceRegistrationId":"","deviceErrorCode":0,"deviceErrorName":""}}"#;
        let read: ImportedDevice = serde_json::from_str(json).unwrap();
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
        let json = r#"{"id":"1","hardwareIdentifier":"T0EAAAA=","productKey":"KEY","assignedUserPrincipalName":"adele@contoso.com"}"#;
        let read: ImportedDevice = serde_json::from_str(json).unwrap();
        let debug = format!("{read:?}");
        for hidden in ["T0E", "KEY", "adele", "79"] {
            assert!(!debug.contains(hidden), "{debug}");
        }
        assert!(debug.contains("[5 bytes]"), "{debug}");
    }

    #[test]
    fn an_import_is_in_progress_until_it_is_complete_or_failed() {
        let under_way: Vec<_> = ImportStatus::MEMBERS
            .iter()
            .filter(|word| ImportStatus::from_wire(word).is_in_progress())
            .collect();
        assert_eq!(under_way, [&"unknown", &"pending", &"partial"]);
        assert!(!ImportStatus::from_wire("paused").is_in_progress());
    }
}
