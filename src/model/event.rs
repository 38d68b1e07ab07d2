//! Deployments that Intune has recorded.

use jiff::{SignedDuration, Timestamp};

use super::observation::observation;
use super::{
    AutopilotEnrollmentType, DeploymentState, EnrollmentState, EnrollmentStatusPage, Id, Personal,
    PolicyComplianceStatus, PolicyType, Text, User,
};

observation! {
    /// One deployment of a device, as the Autopilot deployments report shows it. Kept for 30 days.
    ///
    /// A first failure stays a failure after *Try again*, and one that takes more than an hour may never be completed
    /// here. Durations can be negative.
    pub struct AutopilotEvent = "deviceManagementAutopilotEvent", id: Id<AutopilotEvent> {
        /// How long the account setup took.
        pub account_setup_duration: Option<SignedDuration> = "accountSetupDuration",
        /// Outcome of the account setup.
        pub account_setup_status: Option<DeploymentState> = "accountSetupStatus",
        /// How long the deployment took, enrollment and all.
        pub deployment_duration: Option<SignedDuration> = "deploymentDuration",
        /// When the deployment ended.
        pub deployment_end_date_time: Option<Timestamp> = "deploymentEndDateTime",
        /// When the deployment started.
        pub deployment_start_date_time: Option<Timestamp> = "deploymentStartDateTime",
        /// Outcome of the deployment.
        pub deployment_state: Option<DeploymentState> = "deploymentState",
        /// How long it took from the enrollment to the desktop.
        pub deployment_total_duration: Option<SignedDuration> = "deploymentTotalDuration",
        /// Id of the device; which of its ids, the documentation does not say.
        pub device_id: Option<Text> = "deviceId",
        /// When the device was registered.
        pub device_registered_date_time: Option<Timestamp> = "deviceRegisteredDateTime",
        /// Serial number of the device.
        pub device_serial_number: Option<Text> = "deviceSerialNumber",
        /// How long the device setup took.
        pub device_setup_duration: Option<SignedDuration> = "deviceSetupDuration",
        /// Outcome of the device setup.
        pub device_setup_status: Option<DeploymentState> = "deviceSetupStatus",
        /// Why the enrollment failed.
        pub enrollment_failure_details: Option<Text> = "enrollmentFailureDetails",
        /// When the enrollment started.
        pub enrollment_start_date_time: Option<Timestamp> = "enrollmentStartDateTime",
        /// How far the device came with enrollment.
        pub enrollment_state: Option<EnrollmentState> = "enrollmentState",
        /// How the device came to Intune: tells hybrid join from Entra join.
        pub enrollment_type: Option<AutopilotEnrollmentType> = "enrollmentType",
        /// When this was recorded.
        pub event_date_time: Option<Timestamp> = "eventDateTime",
        /// Name of the device in Intune, which may have its user's name in it.
        pub managed_device_name: Option<Personal> = "managedDeviceName",
        /// Version of Windows.
        pub os_version: Option<Text> = "osVersion",
        /// The user who enrolled the device.
        pub user_id: Option<Id<User>> = "userId",
        /// Sign-in name of the user who enrolled the device.
        pub user_principal_name: Option<Personal> = "userPrincipalName",
        /// Name of the deployment profile.
        pub windows_autopilot_deployment_profile_display_name: Option<Text>
            = "windowsAutopilotDeploymentProfileDisplayName",
        /// Name of the enrollment status page.
        pub windows10_enrollment_completion_page_configuration_display_name: Option<Text>
            = "windows10EnrollmentCompletionPageConfigurationDisplayName",
        /// Id of the enrollment status page.
        pub windows10_enrollment_completion_page_configuration_id: Option<Id<EnrollmentStatusPage>>
            = "windows10EnrollmentCompletionPageConfigurationId",
    }
}

observation! {
    /// One app or policy that a deployment waited for.
    pub struct PolicyStatusDetail = "deviceManagementAutopilotPolicyStatusDetail", id: Id<PolicyStatusDetail> {
        /// State of the app or policy.
        pub compliance_status: Option<PolicyComplianceStatus> = "complianceStatus",
        /// Its name.
        pub display_name: Option<Text> = "displayName",
        /// Its error code.
        pub error_code: Option<i32> = "errorCode",
        /// When the device last reported it.
        pub last_reported_date_time: Option<Timestamp> = "lastReportedDateTime",
        /// What it is.
        pub policy_type: Option<PolicyType> = "policyType",
        /// Whether the enrollment status page waited for it.
        pub tracked_on_enrollment_status: Option<bool> = "trackedOnEnrollmentStatus",
    }
}

impl AutopilotEnrollmentType {
    /// Whether the device was to be hybrid joined.
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
        let event: AutopilotEvent = serde_json::from_str(
            r#"{"id":"1","deploymentDuration":"PT3M21.5549443S","deviceSetupDuration":"-PT2M57.2190107S",
                "accountSetupDuration":"","deploymentStartDateTime":"2016-12-31T23:59:23.3984029-08:00",
                "deploymentEndDateTime":"0001-01-01T00:00:00Z"}"#,
        )
        .unwrap();
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
