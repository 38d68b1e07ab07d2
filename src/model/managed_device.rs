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
        pub autopilot_enrolled: Option<bool> = "autopilotEnrolled",
        /// The `deviceId` of its object in Microsoft Entra ID; that of the hybrid joined object only after a user has
        /// signed in.
        pub azure_ad_device_id: Option<Id<EntraDevice>> = "azureADDeviceId",
        /// Whether it is registered in Microsoft Entra ID.
        pub azure_ad_registered: Option<bool> = "azureADRegistered",
        /// The same as `azure_ad_device_id`; beta only.
        pub azure_active_directory_device_id: Option<Id<EntraDevice>> = "azureActiveDirectoryDeviceId",
        /// Whether it meets its compliance policies.
        pub compliance_state: Option<ComplianceState> = "complianceState",
        /// How it was enrolled.
        pub device_enrollment_type: Option<DeviceEnrollmentType> = "deviceEnrollmentType",
        /// Its computer name: in hybrid join, changes when the offline domain join has been applied.
        pub device_name: Option<Text> = "deviceName",
        /// Its registration state.
        pub device_registration_state: Option<DeviceRegistrationState> = "deviceRegistrationState",
        /// Mail address of its user.
        pub email_address: Option<Personal> = "emailAddress",
        /// When it was enrolled.
        pub enrolled_date_time: Option<Timestamp> = "enrolledDateTime",
        /// The profile that it was enrolled with.
        pub enrollment_profile_name: Option<Text> = "enrollmentProfileName",
        /// MAC address of its Ethernet adapter.
        pub ethernet_mac_address: Option<Text> = "ethernetMacAddress",
        /// Free storage, in bytes.
        pub free_storage_space_in_bytes: Option<i64> = "freeStorageSpaceInBytes",
        /// Whether its storage is encrypted.
        pub is_encrypted: Option<bool> = "isEncrypted",
        /// How it is joined; beta only.
        pub join_type: Option<JoinType> = "joinType",
        /// When it last synced with Intune.
        pub last_sync_date_time: Option<Timestamp> = "lastSyncDateTime",
        /// A name that Intune makes up, by default from the user's name and the date.
        pub managed_device_name: Option<Personal> = "managedDeviceName",
        /// Whether it belongs to the organization or to a person.
        pub managed_device_owner_type: Option<ManagedDeviceOwnerType> = "managedDeviceOwnerType",
        /// What manages it.
        pub management_agent: Option<ManagementAgentType> = "managementAgent",
        /// State of a remote action.
        pub management_state: Option<ManagementState> = "managementState",
        /// Who made it.
        pub manufacturer: Option<Text> = "manufacturer",
        /// Its model.
        pub model: Option<Text> = "model",
        /// An administrator's notes.
        pub notes: Option<Text> = "notes",
        /// Operating system, such as `Windows`.
        pub operating_system: Option<Text> = "operatingSystem",
        /// Version of the operating system.
        pub os_version: Option<Text> = "osVersion",
        /// Whether it belongs to the organization or to a person, in the older property; beta only.
        pub owner_type: Option<OwnerType> = "ownerType",
        /// Memory, in bytes.
        pub physical_memory_in_bytes: Option<i64> = "physicalMemoryInBytes",
        /// Serial number.
        pub serial_number: Option<Text> = "serialNumber",
        /// Edition of Windows; beta only.
        pub sku_family: Option<Text> = "skuFamily",
        /// All storage, in bytes.
        pub total_storage_space_in_bytes: Option<i64> = "totalStorageSpaceInBytes",
        /// Name of its user.
        pub user_display_name: Option<Personal> = "userDisplayName",
        /// Its user.
        pub user_id: Option<Id<User>> = "userId",
        /// Sign-in name of its user.
        pub user_principal_name: Option<Personal> = "userPrincipalName",
        /// MAC address of its Wi-Fi adapter.
        pub wi_fi_mac_address: Option<Text> = "wiFiMacAddress",
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
