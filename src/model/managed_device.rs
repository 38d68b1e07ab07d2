//! Devices that Intune manages.

use jiff::Timestamp;

use super::observation::observation;
use super::{
    ComplianceState, DeviceEnrollmentType, DeviceRegistrationState, EntraDevice, Id, JoinType,
    ManagedDeviceOwnerType, ManagementAgentType, ManagementState, OwnerType, Personal, Text, User,
};

observation! {
    /// A device that Intune manages: there once a registered device has enrolled.
    pub struct ManagedDevice = "managedDevice", id: Id<ManagedDevice> {
        /// Whether it was enrolled through Autopilot; beta only.
        autopilot_enrolled: bool = "autopilotEnrolled";
        /// The `deviceId` of its object in Microsoft Entra ID; that of the hybrid joined object only after a user has
        azure_ad_device_id: Id<EntraDevice> = "azureADDeviceId", "signed in.";
        azure_ad_registered: bool = "azureADRegistered", "Whether it is registered in Microsoft Entra ID.";
        /// The same as `azure_ad_device_id`; beta only.
        azure_active_directory_device_id: Id<EntraDevice> = "azureActiveDirectoryDeviceId";
        compliance_state: ComplianceState = "complianceState", "The compliance with its policies.";
        device_enrollment_type: DeviceEnrollmentType = "deviceEnrollmentType", "The method of enrollment.";
        /// Its computer name: in hybrid join, changes when the offline domain join has been applied.
        device_name: Text = "deviceName";
        /// Its registration state.
        device_registration_state: DeviceRegistrationState = "deviceRegistrationState";
        email_address: Personal = "emailAddress", "Mail address of its user.";
        enrolled_date_time: Timestamp = "enrolledDateTime", "When it was enrolled.";
        enrollment_profile_name: Text = "enrollmentProfileName", "The profile that it was enrolled with.";
        ethernet_mac_address: Text = "ethernetMacAddress", "MAC address of its Ethernet adapter.";
        free_storage_space_in_bytes: i64 = "freeStorageSpaceInBytes", "Free storage, in bytes.";
        is_encrypted: bool = "isEncrypted", "Whether its storage is encrypted.";
        join_type: JoinType = "joinType", "The kind of join; beta only.";
        last_sync_date_time: Timestamp = "lastSyncDateTime", "When it last synced with Intune.";
        /// A name that Intune makes up, by default from the user's name and the date.
        managed_device_name: Personal = "managedDeviceName";
        /// The owner: the organization or a person.
        managed_device_owner_type: ManagedDeviceOwnerType = "managedDeviceOwnerType";
        management_agent: ManagementAgentType = "managementAgent", "The management channel.";
        management_state: ManagementState = "managementState", "State of a remote action.";
        manufacturer: Text = "manufacturer", "The manufacturer.";
        model: Text = "model", "The model.";
        notes: Text = "notes", "An administrator's notes.";
        operating_system: Text = "operatingSystem", "Operating system, such as `Windows`.";
        os_version: Text = "osVersion", "Version of the operating system.";
        /// The owner in the older property: the organization or a person; beta only.
        owner_type: OwnerType = "ownerType";
        physical_memory_in_bytes: i64 = "physicalMemoryInBytes", "Memory, in bytes.";
        serial_number: Text = "serialNumber", "Serial number.";
        sku_family: Text = "skuFamily", "Edition of Windows; beta only.";
        total_storage_space_in_bytes: i64 = "totalStorageSpaceInBytes", "All storage, in bytes.";
        user_display_name: Personal = "userDisplayName", "Name of its user.";
        user_id: Id<User> = "userId", "Its user.";
        user_principal_name: Personal = "userPrincipalName", "Sign-in name of its user.";
        wi_fi_mac_address: Text = "wiFiMacAddress", "MAC address of its Wi-Fi adapter.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_is_read_from_numbers_and_from_text() {
        for json in [
            r#"{"id":"1","totalStorageSpaceInBytes":256000000000}"#,
            r#"{"id":"1","totalStorageSpaceInBytes":"256000000000"}"#,
        ] {
            let device: ManagedDevice = serde_json::from_str(json).unwrap();
            assert_eq!(device.total_storage_space_in_bytes, Some(256_000_000_000));
        }
    }

    #[test]
    fn the_user_is_not_in_debug() {
        let device: ManagedDevice = serde_json::from_str(
            r#"{"id":"1","userPrincipalName":"adele@contoso.com","userDisplayName":"Adele Vance",
                "emailAddress":"adele@contoso.com","managedDeviceName":"adele_Windows_1/2/2026"}"#,
        )
        .unwrap();
        let debug = format!("{device:?}").to_lowercase();
        assert!(!debug.contains("adele") && !debug.contains("vance"), "{debug}");
    }
}
