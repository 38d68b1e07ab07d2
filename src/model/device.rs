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
        addressable_user_name: Personal = "addressableUserName", "Name of the assigned user in the greeting.";
        /// The older name of `azure_ad_device_id`; ask [`Device::entra_device_id`] for either.
        azure_active_directory_device_id: Id<EntraDevice> = "azureActiveDirectoryDeviceId";
        /// The `deviceId` of the device's object in Microsoft Entra ID, not its object id.
        azure_ad_device_id: Id<EntraDevice> = "azureAdDeviceId";
        /// When the deployment profile was assigned.
        deployment_profile_assigned_date_time: Timestamp = "deploymentProfileAssignedDateTime";
        /// The reason why the profile could not be assigned.
        deployment_profile_assignment_detailed_status: ProfileAssignmentDetailedStatus =
            "deploymentProfileAssignmentDetailedStatus";
        /// The state of the assignment of a deployment profile.
        ///
        /// A list and the read of one device can disagree for a while.
        deployment_profile_assignment_status: ProfileAssignmentStatus = "deploymentProfileAssignmentStatus";
        /// Password of the resource account, for Surface Hub.
        device_account_password: Hidden = "deviceAccountPassword";
        device_account_upn: Personal = "deviceAccountUpn", "Name of the resource account, for Surface Hub.";
        device_friendly_name: Text = "deviceFriendlyName", "Friendly name of the resource account's device.";
        /// Name that the device was given; hybrid join takes no notice of it.
        display_name: Text = "displayName";
        enrollment_state: EnrollmentState = "enrollmentState", "The state of enrollment.";
        group_tag: Text = "groupTag", "The group tag: `[OrderID]` in rules of dynamic groups.";
        /// When Intune last heard of the device.
        last_contacted_date_time: Timestamp = "lastContactedDateTime";
        /// The device in Intune, once it is enrolled.
        managed_device_id: Id<ManagedDevice> = "managedDeviceId";
        manufacturer: Text = "manufacturer", "The manufacturer.";
        model: Text = "model", "The model.";
        product_key: Hidden = "productKey", "Product key.";
        purchase_order_identifier: Text = "purchaseOrderIdentifier", "Purchase order.";
        remediation_state: RemediationState = "remediationState", "The need for repair of the registration.";
        /// When `remediation_state` last changed.
        remediation_state_last_modified_date_time: Timestamp = "remediationStateLastModifiedDateTime";
        resource_name: Text = "resourceName", "Resource name.";
        serial_number: Text = "serialNumber", "Serial number. Not unique: two makers can give the same one.";
        sku_number: Text = "skuNumber", "SKU number.";
        system_family: Text = "systemFamily", "Family of models.";
        /// The assigned user, whose sign-in name is filled in.
        user_principal_name: Personal = "userPrincipalName";
        /// The permission to enroll again without a user.
        userless_enrollment_status: UserlessEnrollmentStatus = "userlessEnrollmentStatus";
    }
    beside {
        /// The profile that is assigned: there when it was expanded.
        deployment_profile: Box<ProfileReference> = "deploymentProfile";
        /// The profile that is meant to be assigned: there when it was expanded.
        intended_deployment_profile: Box<ProfileReference> = "intendedDeploymentProfile";
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
        display_name: Text = "displayName", "The profile's name.";
    }
    beside {
        odata_type: Text = "@odata.type", "The type: hybrid join or Entra join.";
    }
}

impl ProfileAssignmentStatus {
    /// Returns `true` if a profile is assigned, in sync or not.
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
