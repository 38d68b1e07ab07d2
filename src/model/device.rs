//! Devices registered with Autopilot.

use jiff::Timestamp;

use super::observation::observation;
use super::{
    DeploymentProfile, EnrollmentState, EntraDevice, Hidden, Id, ManagedDevice, Personal,
    ProfileAssignmentDetailedStatus, ProfileAssignmentStatus, RemediationState, Text,
    UserlessEnrollmentStatus,
};

observation! {
    /// A device registered with Windows Autopilot.
    ///
    /// v1.0 reports fewer properties than beta; the missing ones are `None`.
    pub struct Device = "windowsAutopilotDeviceIdentity", id: Id<Device> {
        addressable_user_name: Personal = "addressableUserName", "The assigned user's name, as shown in the greeting.";
        /// The old name of `azure_ad_device_id`; [`Device::entra_device_id`] returns either.
        azure_active_directory_device_id: Id<EntraDevice> = "azureActiveDirectoryDeviceId";
        /// The `deviceId` of the device's object in Microsoft Entra ID, not its object id.
        azure_ad_device_id: Id<EntraDevice> = "azureAdDeviceId";
        /// The time at which the deployment profile was assigned.
        deployment_profile_assigned_date_time: Timestamp = "deploymentProfileAssignedDateTime";
        /// The reason why the profile could not be assigned.
        deployment_profile_assignment_detailed_status: ProfileAssignmentDetailedStatus =
            "deploymentProfileAssignmentDetailedStatus";
        /// The status of the deployment profile's assignment.
        ///
        /// For a while, the list of devices and a single device read by id can show different values.
        deployment_profile_assignment_status: ProfileAssignmentStatus = "deploymentProfileAssignmentStatus";
        /// The password of a Surface Hub's resource account.
        device_account_password: Hidden = "deviceAccountPassword";
        device_account_upn: Personal = "deviceAccountUpn", "The name of a Surface Hub's resource account.";
        device_friendly_name: Text = "deviceFriendlyName", "The friendly name of the resource account's device.";
        display_name: Text = "displayName", "The assigned device name, which a hybrid join ignores.";
        enrollment_state: EnrollmentState = "enrollmentState", "The state of enrollment.";
        group_tag: Text = "groupTag", "The group tag: `[OrderID]` in dynamic group rules.";
        /// The time of the last contact with Intune.
        last_contacted_date_time: Timestamp = "lastContactedDateTime";
        managed_device_id: Id<ManagedDevice> = "managedDeviceId", "The device in Intune, if it is enrolled.";
        manufacturer: Text = "manufacturer", "The manufacturer.";
        model: Text = "model", "The model.";
        product_key: Hidden = "productKey", "The product key.";
        purchase_order_identifier: Text = "purchaseOrderIdentifier", "The purchase order.";
        remediation_state: RemediationState = "remediationState", "The kind of repair that the registration needs.";
        /// The time of the last change to `remediation_state`.
        remediation_state_last_modified_date_time: Timestamp = "remediationStateLastModifiedDateTime";
        resource_name: Text = "resourceName", "The resource name.";
        serial_number: Text = "serialNumber", "The serial number. Not unique: two manufacturers can use the same one.";
        sku_number: Text = "skuNumber", "The SKU number.";
        system_family: Text = "systemFamily", "The model family.";
        /// The assigned user, whose sign-in name is prefilled.
        user_principal_name: Personal = "userPrincipalName";
        /// The state of the permission to enroll again without a user.
        userless_enrollment_status: UserlessEnrollmentStatus = "userlessEnrollmentStatus";
    }
    beside {
        deployment_profile: Box<ProfileReference> = "deploymentProfile", "The assigned profile, if requested with `$expand`.";
        /// The intended profile, if requested with `$expand`.
        intended_deployment_profile: Box<ProfileReference> = "intendedDeploymentProfile";
    }
}

impl Device {
    /// Returns the `deviceId` of the device's object in Microsoft Entra ID, from either property.
    pub fn entra_device_id(&self) -> Option<&Id<EntraDevice>> {
        self.azure_ad_device_id.as_ref().or(self.azure_active_directory_device_id.as_ref())
    }
}

observation! {
    /// A device's reference to a deployment profile.
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
        let json = r#"{"id":"fac6f0b1","userPrincipalName":"","groupTag":"","addressableUserName":null,
                "deploymentProfileAssignedDateTime":"0001-01-01T00:00:00Z","lastContactedDateTime":"soon",
                "managedDeviceId":"00000000-0000-0000-0000-000000000000","enrollmentState":null,
                "azureAdDeviceId":"","deploymentProfile":null,"orderIdentifier":"gone","remediationState":""}"#;
        let read = device(json);
        assert_eq!(read, Device::new("fac6f0b1".parse().unwrap()));
    }

    #[test]
    fn people_and_secrets_are_not_in_debug() {
        let json = r#"{"id":"1","userPrincipalName":"adele@contoso.com","addressableUserName":"Adele","productKey":"KEY",
                "deviceAccountUpn":"room@contoso.com","deviceAccountPassword":"hunter2","groupTag":"Kiosk"}"#;
        let read = device(json);
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
        let expected =
            [&"assignedInSync", &"assignedOutOfSync", &"assignedUnkownSyncState", &"assignedLater"];
        assert_eq!(assigned, expected);
    }
}
