//! Devices that are registered with Autopilot.

use jiff::Timestamp;

use super::observation::observation;
use super::{
    DeploymentProfile, EnrollmentState, EntraDevice, Hidden, Id, ManagedDevice, Personal,
    ProfileAssignmentDetailedStatus, ProfileAssignmentStatus, RemediationState, Text,
    UserlessEnrollmentStatus,
};

observation! {
    /// A device that is registered with Windows Autopilot.
    ///
    /// v1.0 reports fewer of the properties than beta does: what it leaves out is `None`.
    pub struct Device = "windowsAutopilotDeviceIdentity", id: Id<Device> {
        /// Name of the assigned user in the greeting.
        pub addressable_user_name: Option<Personal> = "addressableUserName",
        /// The older name of `azure_ad_device_id`; ask [`Device::entra_device_id`] for either.
        pub azure_active_directory_device_id: Option<Id<EntraDevice>> = "azureActiveDirectoryDeviceId",
        /// The `deviceId` of the device's object in Microsoft Entra ID, not its object id.
        pub azure_ad_device_id: Option<Id<EntraDevice>> = "azureAdDeviceId",
        /// When the deployment profile was assigned.
        pub deployment_profile_assigned_date_time: Option<Timestamp> = "deploymentProfileAssignedDateTime",
        /// Why the profile could not be assigned.
        pub deployment_profile_assignment_detailed_status: Option<ProfileAssignmentDetailedStatus>
            = "deploymentProfileAssignmentDetailedStatus",
        /// Where the assignment of a deployment profile stands.
        ///
        /// A list and the read of one device can disagree for a while.
        pub deployment_profile_assignment_status: Option<ProfileAssignmentStatus>
            = "deploymentProfileAssignmentStatus",
        /// Password of the resource account, for Surface Hub.
        pub device_account_password: Option<Hidden> = "deviceAccountPassword",
        /// Name of the resource account, for Surface Hub.
        pub device_account_upn: Option<Personal> = "deviceAccountUpn",
        /// Friendly name of the resource account's device.
        pub device_friendly_name: Option<Text> = "deviceFriendlyName",
        /// Name that the device was given; hybrid join takes no notice of it.
        pub display_name: Option<Text> = "displayName",
        /// How far the device has come with enrollment.
        pub enrollment_state: Option<EnrollmentState> = "enrollmentState",
        /// The group tag: `[OrderID]` in rules of dynamic groups.
        pub group_tag: Option<Text> = "groupTag",
        /// When Intune last heard of the device.
        pub last_contacted_date_time: Option<Timestamp> = "lastContactedDateTime",
        /// The device in Intune, once it is enrolled.
        pub managed_device_id: Option<Id<ManagedDevice>> = "managedDeviceId",
        /// Who made it.
        pub manufacturer: Option<Text> = "manufacturer",
        /// Its model.
        pub model: Option<Text> = "model",
        /// Product key.
        pub product_key: Option<Hidden> = "productKey",
        /// Purchase order.
        pub purchase_order_identifier: Option<Text> = "purchaseOrderIdentifier",
        /// Whether the registration needs repair.
        pub remediation_state: Option<RemediationState> = "remediationState",
        /// When `remediation_state` last changed.
        pub remediation_state_last_modified_date_time: Option<Timestamp> = "remediationStateLastModifiedDateTime",
        /// Resource name.
        pub resource_name: Option<Text> = "resourceName",
        /// Serial number. Not unique: two makers can give the same one.
        pub serial_number: Option<Text> = "serialNumber",
        /// SKU number.
        pub sku_number: Option<Text> = "skuNumber",
        /// Family of models.
        pub system_family: Option<Text> = "systemFamily",
        /// The assigned user, whose sign-in name is filled in.
        pub user_principal_name: Option<Personal> = "userPrincipalName",
        /// Whether the device may enroll again without a user.
        pub userless_enrollment_status: Option<UserlessEnrollmentStatus> = "userlessEnrollmentStatus",
    }
    beside {
        /// The profile that is assigned: there when it was expanded.
        pub deployment_profile: Option<Box<ProfileReference>> = "deploymentProfile",
        /// The profile that is meant to be assigned: there when it was expanded.
        pub intended_deployment_profile: Option<Box<ProfileReference>> = "intendedDeploymentProfile",
    }
}

impl Device {
    /// The `deviceId` of the device's object in Microsoft Entra ID, under its new or its old name.
    pub fn entra_device_id(&self) -> Option<&Id<EntraDevice>> {
        self.azure_ad_device_id.as_ref().or(self.azure_active_directory_device_id.as_ref())
    }
}

observation! {
    /// A deployment profile as a device refers to it.
    pub struct ProfileReference = "windowsAutopilotDeploymentProfile", id: Id<DeploymentProfile> {
        /// The profile's name.
        pub display_name: Option<Text> = "displayName",
    }
    beside {
        /// The type: hybrid join or Entra join.
        pub odata_type: Option<Text> = "@odata.type",
    }
}

impl ProfileAssignmentStatus {
    /// Whether a profile is assigned, in sync or not.
    pub fn is_assigned(&self) -> bool {
        // By the word, so that a new kind of assigned counts too.
        self.as_str().starts_with("assigned")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(json: &str) -> Device {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_stands_for_nothing_is_none() {
        let read = device(
            r#"{"id":"fac6f0b1","userPrincipalName":"","groupTag":"","addressableUserName":null,
                "deploymentProfileAssignedDateTime":"0001-01-01T00:00:00Z","lastContactedDateTime":"soon",
                "managedDeviceId":"00000000-0000-0000-0000-000000000000","enrollmentState":null,
                "azureAdDeviceId":"","deploymentProfile":null,"orderIdentifier":"gone","remediationState":""}"#,
        );
        assert_eq!(read, Device::new("fac6f0b1".parse().unwrap()));
    }

    #[test]
    fn people_and_secrets_are_not_in_debug() {
        let read = device(
            r#"{"id":"1","userPrincipalName":"adele@contoso.com","addressableUserName":"Adele","productKey":"KEY",
                "deviceAccountUpn":"room@contoso.com","deviceAccountPassword":"hunter2","groupTag":"Kiosk"}"#,
        );
        let debug = format!("{read:?}");
        for hidden in ["adele", "Adele", "KEY", "room", "hunter2"] {
            assert!(!debug.contains(hidden), "{debug}");
        }
        assert!(debug.contains("Kiosk"), "{debug}");
    }

    #[test]
    fn profiles_are_there_when_they_were_expanded() {
        let json = r##"{"id":"1","deploymentProfile":{"id":"p","displayName":"Hybrid","locale":"de-DE",
            "@odata.type":"#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile"}}"##;
        let profile = device(json).deployment_profile.unwrap();
        assert_eq!((profile.id.as_str(), profile.display_name.unwrap().as_str()), ("p", "Hybrid"));
        assert!(profile.odata_type.unwrap().ends_with("activeDirectoryWindowsAutopilotDeploymentProfile"));
    }

    #[test]
    fn the_entra_device_id_is_found_under_both_names() {
        for json in
            [r#"{"id":"1","azureAdDeviceId":"d"}"#, r#"{"id":"1","azureActiveDirectoryDeviceId":"d"}"#]
        {
            assert_eq!(device(json).entra_device_id().unwrap().as_str(), "d");
        }
        assert_eq!(device(r#"{"id":"1"}"#).entra_device_id(), None);
    }

    #[test]
    fn every_word_that_starts_with_assigned_is_assigned() {
        let assigned: Vec<_> = ProfileAssignmentStatus::MEMBERS
            .iter()
            .chain(&["assignedLater", "unassigned"])
            .filter(|word| ProfileAssignmentStatus::from_wire(word).is_assigned())
            .collect();
        assert_eq!(
            assigned,
            [&"assignedInSync", &"assignedOutOfSync", &"assignedUnkownSyncState", &"assignedLater"]
        );
    }
}
