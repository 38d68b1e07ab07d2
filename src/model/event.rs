//! Deployments recorded by Intune.

use jiff::{SignedDuration, Timestamp};

use super::observation::observation;
use super::{
    AutopilotEnrollmentType, DeploymentState, EnrollmentState, EnrollmentStatusPage, Id, Personal,
    PolicyComplianceStatus, PolicyType, Text, User,
};

observation! {
    /// One deployment of a device, as shown in the Autopilot deployments report. Kept for 30 days.
    ///
    /// A failure remains recorded after *Try again*, and a deployment that takes more than an hour may never show as
    /// completed. Durations can be negative.
    pub struct AutopilotEvent = "deviceManagementAutopilotEvent", id: Id<AutopilotEvent> {
        account_setup_duration: SignedDuration = "accountSetupDuration", "The duration of the account setup.";
        account_setup_status: DeploymentState = "accountSetupStatus", "The outcome of account setup.";
        /// The duration of the deployment, including enrollment.
        deployment_duration: SignedDuration = "deploymentDuration";
        deployment_end_date_time: Timestamp = "deploymentEndDateTime", "The time at which the deployment ended.";
        deployment_start_date_time: Timestamp = "deploymentStartDateTime", "The time at which the deployment started.";
        deployment_state: DeploymentState = "deploymentState", "The outcome of the deployment.";
        /// The duration from enrollment to the desktop.
        deployment_total_duration: SignedDuration = "deploymentTotalDuration";
        device_id: Text = "deviceId", "An id of the device; its kind is not documented.";
        /// The time at which the device was registered.
        device_registered_date_time: Timestamp = "deviceRegisteredDateTime";
        device_serial_number: Text = "deviceSerialNumber", "The serial number of the device.";
        device_setup_duration: SignedDuration = "deviceSetupDuration", "The duration of the device setup.";
        device_setup_status: DeploymentState = "deviceSetupStatus", "The outcome of device setup.";
        enrollment_failure_details: Text = "enrollmentFailureDetails", "The reason why the enrollment failed.";
        enrollment_start_date_time: Timestamp = "enrollmentStartDateTime", "The time at which the enrollment started.";
        enrollment_state: EnrollmentState = "enrollmentState", "The state of enrollment.";
        /// The method of enrollment, which distinguishes hybrid join from Entra join.
        enrollment_type: AutopilotEnrollmentType = "enrollmentType";
        event_date_time: Timestamp = "eventDateTime", "The time at which the event was recorded.";
        /// The name of the device in Intune, which may contain its user's name.
        managed_device_name: Personal = "managedDeviceName";
        os_version: Text = "osVersion", "The version of Windows.";
        user_id: Id<User> = "userId", "The user who enrolled the device.";
        /// The sign-in name of the user who enrolled the device.
        user_principal_name: Personal = "userPrincipalName";
        /// The name of the deployment profile.
        windows_autopilot_deployment_profile_display_name: Text =
            "windowsAutopilotDeploymentProfileDisplayName";
        /// The name of the enrollment status page.
        windows10_enrollment_completion_page_configuration_display_name: Text =
            "windows10EnrollmentCompletionPageConfigurationDisplayName";
        /// The id of the enrollment status page.
        windows10_enrollment_completion_page_configuration_id: Id<EnrollmentStatusPage> =
            "windows10EnrollmentCompletionPageConfigurationId";
    }
}

observation! {
    /// One app or policy that a deployment waited for.
    pub struct PolicyStatusDetail = "deviceManagementAutopilotPolicyStatusDetail", id: Id<PolicyStatusDetail> {
        compliance_status: PolicyComplianceStatus = "complianceStatus", "The state of the app or policy.";
        display_name: Text = "displayName", "The name.";
        error_code: i32 = "errorCode", "The error code.";
        last_reported_date_time: Timestamp = "lastReportedDateTime", "The time of the device's last report.";
        policy_type: PolicyType = "policyType", "The kind of app or policy.";
        /// Whether the enrollment status page waited for the app or policy.
        tracked_on_enrollment_status: bool = "trackedOnEnrollmentStatus";
    }
}

impl DeploymentState {
    /// Returns `true` for a success, including one after a timeout or on retry.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success | Self::SuccessWithTimeout | Self::SuccessOnRetry)
    }
}

impl AutopilotEnrollmentType {
    /// Returns `true` if the deployment is a hybrid join.
    pub fn is_hybrid_join(&self) -> bool {
        matches!(
            self,
            Self::OfflineDomainJoined
                | Self::OfflineDomainJoinedWithWhiteGlove
                | Self::OfflineDomainJoinedWithOfflineAutopilotProfile
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_dates_keep_their_sign_and_seven_digits() {
        let json = r#"{"id":"1","deploymentDuration":"PT3M21.5549443S","deviceSetupDuration":"-PT2M57.2190107S",
                "accountSetupDuration":"","deploymentStartDateTime":"2016-12-31T23:59:23.3984029-08:00",
                "deploymentEndDateTime":"0001-01-01T00:00:00Z"}"#;
        let event: AutopilotEvent = serde_json::from_str(json).unwrap();
        assert_eq!(event.deployment_duration, Some(SignedDuration::new(201, 554_944_300)));
        assert_eq!(event.device_setup_duration, Some(SignedDuration::new(-177, -219_010_700)));
        assert_eq!((event.account_setup_duration, event.deployment_end_date_time), (None, None));
        let start = event.deployment_start_date_time.unwrap();
        assert_eq!(start.to_string(), "2017-01-01T07:59:23.3984029Z");
        let again: AutopilotEvent = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
        assert_eq!(again, event);
    }

    #[test]
    fn the_three_offline_domain_joins_are_hybrid_joins() {
        let hybrid = AutopilotEnrollmentType::MEMBERS
            .iter()
            .filter(|word| AutopilotEnrollmentType::from_wire(word).is_hybrid_join());
        assert_eq!(hybrid.filter(|word| word.starts_with("offlineDomainJoined")).count(), 3);
        assert!(!AutopilotEnrollmentType::AzureADJoinedWithAutopilotProfile.is_hybrid_join());
    }
}
