//! The snapshot of a device, and the expectations.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::device_evidence::DeviceEvidence;
use super::phase::Phase;
use crate::model::{
    AutopilotEvent, ComputerNamePrefix, Connector, DeploymentState, Device, DirectoryDevice, EnrollmentState,
    EnrollmentStatusPage, HybridJoinProfile, Id, Lookup, ManagedDevice, ProfileReference, Text,
};
use crate::workflow::hybrid_join::HybridJoin;

/// A snapshot of one device: the reports of the service from five places, and the times at which each phase was first
/// seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceSnapshot {
    /// The id of its registration.
    pub id: Id<Device>,
    /// Its serial number, as the registration has it or as whoever asked for the device wrote it.
    pub serial_number: Option<Text>,
    /// Its registration.
    pub identity: Lookup<Device>,
    /// The profile that is assigned to it.
    pub profile: Lookup<ProfileReference>,
    /// The device in Intune.
    pub managed_device: Lookup<ManagedDevice>,
    /// The record of its last deployment.
    pub event: Lookup<AutopilotEvent>,
    /// Its object in Entra ID that the registration made.
    pub anchor: Lookup<DirectoryDevice>,
    /// Its object in Entra ID that was synced from Active Directory.
    pub hybrid: Lookup<DirectoryDevice>,
    /// The domain join profiles that it gets.
    pub domain_joins: Lookup<Vec<EffectiveDomainJoin>>,
    /// The connectors of the tenant.
    pub connectors: Lookup<Arc<[Connector]>>,
    /// The causes that its own evidence shows.
    pub device_evidence: Option<DeviceEvidence>,
    /// The computer name that it had when it was first seen in Intune: the offline domain join changes it.
    pub first_computer_name: Option<Text>,
    /// Since when it is watched.
    pub watched_since: Timestamp,
    /// When it was first seen in which phase.
    pub first_seen: BTreeMap<Phase, Timestamp>,
}

/// A domain join profile that reaches a device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EffectiveDomainJoin {
    /// Its name.
    pub display_name: Text,
    /// What is wrong with it, if anything is: a container in place of an organizational unit, for example.
    pub problem: Option<String>,
}

impl EffectiveDomainJoin {
    /// A profile of which nothing is wrong.
    pub fn new(display_name: impl Into<Text>) -> Self {
        Self { display_name: display_name.into(), problem: None }
    }

    /// The same, with what is wrong with it.
    #[must_use]
    pub fn with_problem(mut self, problem: impl Into<String>) -> Self {
        self.problem = Some(problem.into());
        self
    }
}

impl DeviceSnapshot {
    /// Creates a snapshot of a device of which nothing is known yet.
    pub fn new(id: Id<Device>, watched_since: Timestamp) -> Self {
        Self {
            id,
            serial_number: None,
            identity: Lookup::Unknown,
            profile: Lookup::Unknown,
            managed_device: Lookup::Unknown,
            event: Lookup::Unknown,
            anchor: Lookup::Unknown,
            hybrid: Lookup::Unknown,
            domain_joins: Lookup::Unknown,
            connectors: Lookup::Unknown,
            device_evidence: None,
            first_computer_name: None,
            watched_since,
            first_seen: BTreeMap::new(),
        }
    }

    /// Returns the serial number, or the id if the serial number is not known: the name in reports.
    pub fn name(&self) -> &str {
        self.serial_number.as_deref().unwrap_or(self.id.as_str())
    }

    /// The record of its deployment, unless that is of an earlier one: a device that Intune does not manage, and that has
    /// not been in contact since it was registered, may have failed to enroll, but can have done nothing else.
    pub(super) fn deployment(&self) -> Option<&AutopilotEvent> {
        let untouched = self.identity.present().is_some_and(|identity| {
            identity.managed_device_id.is_none()
                && identity.enrollment_state == Some(EnrollmentState::NotContacted)
        });
        let failed = |event: &AutopilotEvent| {
            event.enrollment_state == Some(EnrollmentState::Failed)
                || event.deployment_state == Some(DeploymentState::Failure)
        };
        self.event.present().filter(|event| !(untouched && self.managed_device.is_absent()) || failed(event))
    }

    /// When it was last in touch since it got its profile: then it was switched on.
    pub(super) fn contact(&self) -> Option<Timestamp> {
        let identity = self.identity.present()?;
        let assigned = identity.deployment_profile_assigned_date_time?;
        identity.last_contacted_date_time.filter(|contact| *contact >= assigned)
    }

    /// Whether a user is assigned to it, if that is known.
    pub(super) fn user_is_assigned(&self) -> Option<bool> {
        self.identity.present().map(|identity| identity.user_principal_name.is_some())
    }

    /// Whether a user has signed in to the hybrid joined device: then Intune points at the synced object.
    pub(super) fn user_has_signed_in(&self) -> bool {
        let managed = self.managed_device.present().and_then(|managed| {
            managed.azure_ad_device_id.as_ref().or(managed.azure_active_directory_device_id.as_ref())
        });
        let hybrid = self.hybrid.present().and_then(|hybrid| hybrid.device_id.as_ref());
        managed.is_some() && managed == hybrid
    }
}

/// What is expected of the devices that are watched, and how long they may take.
///
/// Microsoft documents the 40 minutes that an enrollment status page gets on top with hybrid join, and that quality
/// updates take 20 to 40 minutes. The other times are habits, and can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expectation {
    /// The id of the deployment profile that devices are to get; any profile for hybrid join by default.
    pub profile: Option<Id<HybridJoinProfile>>,
    /// How their computer names begin: a sign that the domain join has been applied. Not known by default.
    pub computer_name_prefix: Option<ComputerNamePrefix>,
    /// The timeout of the enrollment status page, as it is configured; 60 minutes by default, as the service's.
    pub esp_timeout: Duration,
    /// Whether the page installs quality updates; not by default.
    pub quality_updates: bool,
    /// Whether a device is ready only when its computer object has been synced to Entra ID; `true` by default.
    pub require_sync: bool,
    /// The timeout of the registration and the profile's assignment; an hour by default. Microsoft names no time.
    pub assignment_timeout: Duration,
    /// The longest time for which a device with its profile may stay switched off; eight hours by default.
    pub power_on_timeout: Duration,
    /// The timeout of enrollment and domain join; 30 minutes by default. Microsoft does not document the device's own
    /// timeout.
    pub join_timeout: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Default for Expectation {
    fn default() -> Self {
        Self {
            profile: None,
            computer_name_prefix: None,
            esp_timeout: MINUTE * 60,
            quality_updates: false,
            require_sync: true,
            assignment_timeout: MINUTE * 60,
            power_on_timeout: MINUTE * 60 * 8,
            join_timeout: MINUTE * 30,
        }
    }
}

/// What a deployment has its devices do. The profile's id is in the report of its plan's application.
impl From<&HybridJoin> for Expectation {
    fn from(desired: &HybridJoin) -> Self {
        let mut expected = Self::default();
        if let Some(page) = &desired.enrollment_status_page {
            expected = expected.with_enrollment_status_page(page);
        }
        expected.computer_name_prefix =
            desired.domain_join.as_ref().map(|join| join.computer_name_prefix.clone());
        expected
    }
}

impl Expectation {
    /// Expects this profile and no other.
    #[must_use]
    pub fn with_profile(mut self, id: Id<HybridJoinProfile>) -> Self {
        self.profile = Some(id);
        self
    }

    /// Expects computer names that begin like this.
    #[must_use]
    pub fn with_computer_name_prefix(mut self, prefix: ComputerNamePrefix) -> Self {
        self.computer_name_prefix = Some(prefix);
        self
    }

    /// Sets timeout and quality updates as this enrollment status page has them.
    #[must_use]
    pub fn with_enrollment_status_page(mut self, page: &EnrollmentStatusPage) -> Self {
        self.esp_timeout = page.install_progress_timeout_in_minutes.as_duration();
        self.quality_updates = page.install_quality_updates;
        self
    }

    /// How long the enrollment status page really waits: 40 minutes longer than configured, and 40 more where it installs
    /// quality updates.
    pub fn esp_limit(&self) -> Duration {
        let updates = if self.quality_updates { MINUTE * 40 } else { Duration::ZERO };
        self.esp_timeout.saturating_add(MINUTE * 40 + updates)
    }

    /// How long a deployment may take, from the enrollment to the end.
    pub fn deployment_limit(&self) -> Duration {
        self.join_timeout.saturating_add(self.esp_limit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_forty_minutes_on_top_and_forty_more_for_updates() {
        let mut expected = Expectation::default();
        assert_eq!((expected.esp_limit(), expected.deployment_limit()), (MINUTE * 100, MINUTE * 130));
        expected.quality_updates = true;
        expected.esp_timeout = MINUTE * 90;
        assert_eq!((expected.esp_limit(), expected.deployment_limit()), (MINUTE * 170, MINUTE * 200));
        expected.esp_timeout = Duration::MAX;
        assert_eq!(expected.deployment_limit(), Duration::MAX);
    }

    #[test]
    fn a_record_of_an_earlier_deployment_is_not_this_ones() {
        let mut snapshot = DeviceSnapshot::new("1".parse().unwrap(), Timestamp::UNIX_EPOCH);
        snapshot.event = Lookup::Present(AutopilotEvent::new("e".parse().unwrap()));
        assert!(snapshot.deployment().is_some());
        let mut identity = Device::new("1".parse().unwrap());
        identity.enrollment_state = Some(EnrollmentState::NotContacted);
        snapshot.identity = Lookup::Present(identity);
        assert!(snapshot.deployment().is_some(), "nobody looked in Intune");
        snapshot.managed_device = Lookup::Absent;
        assert!(snapshot.deployment().is_none());
        let mut failed = AutopilotEvent::new("e".parse().unwrap());
        failed.deployment_state = Some(DeploymentState::Failure);
        snapshot.event = Lookup::Present(failed);
        assert!(snapshot.deployment().is_some(), "it may have failed to enroll");
        snapshot.event = Lookup::Present(AutopilotEvent::new("e".parse().unwrap()));
        snapshot.managed_device = Lookup::Present(ManagedDevice::new("m".parse().unwrap()));
        assert!(snapshot.deployment().is_some());
    }

    #[test]
    fn a_user_has_signed_in_when_intune_points_at_the_synced_object() {
        let mut snapshot = DeviceSnapshot::new("1".parse().unwrap(), Timestamp::UNIX_EPOCH);
        assert!(!snapshot.user_has_signed_in());
        let mut managed = ManagedDevice::new("m".parse().unwrap());
        managed.azure_ad_device_id = Some("a".parse().unwrap());
        snapshot.managed_device = Lookup::Present(managed.clone());
        let mut hybrid = DirectoryDevice::new("h".parse().unwrap());
        hybrid.device_id = Some("b".parse().unwrap());
        snapshot.hybrid = Lookup::Present(hybrid);
        assert!(!snapshot.user_has_signed_in());
        managed.azure_ad_device_id = Some("b".parse().unwrap());
        snapshot.managed_device = Lookup::Present(managed);
        assert!(snapshot.user_has_signed_in());
    }
}
