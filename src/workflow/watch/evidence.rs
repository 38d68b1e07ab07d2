//! The snapshot of a device, and the expectation.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::device_evidence::DeviceEvidence;
use super::phase::Phase;
use super::state::later;
use crate::model::{
    AutopilotEvent, ComputerNamePrefix, Connector, DeploymentState, Device, DirectoryDevice, EnrollmentState,
    EnrollmentStatusPage, HybridJoinProfile, Id, Lookup, ManagedDevice, ProfileReference, Text,
};
use crate::workflow::hybrid_join::HybridJoin;

/// A snapshot of one device: the service's reports from five sources, and when each phase was first seen.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use windows_autopilot::jiff::Timestamp;
/// use windows_autopilot::workflow::watch::{DeviceSnapshot, Expectation, Phase, observe};
///
/// let now = Timestamp::UNIX_EPOCH;
/// let snapshot = DeviceSnapshot::new("0f8fad5b-d9cb-469f-a165-70867728950e".parse()?, now);
/// assert_eq!(observe(&snapshot, &Expectation::default(), now).phase, Phase::Unregistered); // nothing was read
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceSnapshot {
    /// The id of the registration.
    pub id: Id<Device>,
    /// The serial number, from the registration or from the caller.
    pub serial_number: Option<Text>,
    /// The device's registration.
    pub identity: Lookup<Device>,
    /// The assigned profile.
    pub profile: Lookup<ProfileReference>,
    /// The device in Intune.
    pub managed_device: Lookup<ManagedDevice>,
    /// The record of the last deployment.
    pub event: Lookup<AutopilotEvent>,
    /// The object in Entra ID that the registration created.
    pub anchor: Lookup<DirectoryDevice>,
    /// The object in Entra ID that was synced from Active Directory.
    pub hybrid: Lookup<DirectoryDevice>,
    /// The domain join profiles that reach the device.
    pub domain_joins: Lookup<Vec<EffectiveDomainJoin>>,
    /// The tenant's connectors.
    pub connectors: Lookup<Arc<[Connector]>>,
    /// The causes found in the device's own evidence.
    pub device_evidence: Option<DeviceEvidence>,
    /// The enrollment status page that the deployment record names.
    pub page: Lookup<AppliedPage>,
    /// The time when the watch of the last deployment began.
    pub watched_since: Timestamp,
    /// The times at which the last deployment was first seen in each phase.
    pub first_seen: BTreeMap<Phase, Timestamp>,
}

/// The enrollment status page named in a device's deployment record.
///
/// ```
/// use windows_autopilot::model::EnrollmentStatusPage;
/// use windows_autopilot::workflow::watch::AppliedPage;
/// let page = EnrollmentStatusPage::new("Munich".parse()?);
/// let applied = AppliedPage::new("0f8fad5b-d9cb-469f-a165-70867728950e".parse()?, &page);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppliedPage {
    /// The id of the page.
    pub id: Id<EnrollmentStatusPage>,
    /// The name of the page.
    pub display_name: Text,
    /// The configured timeout.
    pub timeout: Duration,
    /// Whether the page installs quality updates.
    pub quality_updates: bool,
}

impl AppliedPage {
    /// Creates a page from its settings.
    pub fn new(id: Id<EnrollmentStatusPage>, page: &EnrollmentStatusPage) -> Self {
        Self {
            id,
            display_name: page.display_name.as_str().into(),
            timeout: page.install_progress_timeout_in_minutes.as_duration(),
            quality_updates: page.install_quality_updates,
        }
    }
}

/// A domain join profile that reaches a device.
///
/// ```
/// use windows_autopilot::workflow::watch::EffectiveDomainJoin;
/// let join = EffectiveDomainJoin::new("Munich").with_problem("the unit is in another domain");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EffectiveDomainJoin {
    /// The name of the profile.
    pub display_name: Text,
    /// The problem with the profile, such as a container in place of an organizational unit.
    pub problem: Option<String>,
}

impl EffectiveDomainJoin {
    /// Creates a profile with no problem recorded.
    pub fn new(display_name: impl Into<Text>) -> Self {
        Self { display_name: display_name.into(), problem: None }
    }

    /// Sets the problem.
    #[must_use]
    pub fn with_problem(mut self, problem: impl Into<String>) -> Self {
        self.problem = Some(problem.into());
        self
    }
}

impl DeviceSnapshot {
    /// Creates an empty snapshot of a device.
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
            page: Lookup::Unknown,
            watched_since,
            first_seen: BTreeMap::new(),
        }
    }

    /// Returns the name used in reports: the serial number, or the id if the serial number is not known.
    pub fn name(&self) -> &str {
        self.serial_number.as_deref().unwrap_or(self.id.as_str())
    }

    /// Returns the current registration id: it differs from the watched one after the device was imported again.
    pub(super) fn registration_id(&self) -> &Id<Device> {
        self.identity.present().map_or(&self.id, |identity| &identity.id)
    }

    /// Returns the record of the last deployment; `None` if there is none, or if it is of an earlier enrollment than
    /// the device in Intune.
    pub(super) fn deployment(&self) -> Option<&AutopilotEvent> {
        let event = self.event.present()?;
        let is_of_last = match self.relation() {
            Some(Relation::Same | Relation::RecordIsLater) => true,
            Some(Relation::RecordIsEarlier | Relation::NotKnown) => false,
            None if self.managed_device.is_absent() => !self.is_over(event),
            None => true,
        };
        is_of_last.then_some(event)
    }

    /// Returns the device in Intune; `None` if there is none, or if it is of an earlier enrollment than the record.
    pub(super) fn managed(&self) -> Option<&ManagedDevice> {
        self.managed_device.present().filter(|_| self.relation() != Some(Relation::RecordIsLater))
    }

    /// Returns the ids of the last enrollment; `None` if there is none.
    pub(super) fn enrollment(&self) -> Option<Enrollment> {
        let (managed, event) = (self.managed(), self.deployment());
        let of_event = event.and_then(|event| event.device_id.clone().filter(|id| is_id(id)));
        (managed.is_some() || event.is_some()).then(|| Enrollment {
            managed_device_id: managed.map(|managed| managed.id.as_str().into()).or(of_event),
            event_id: event.map(|event| event.id.clone()),
        })
    }

    /// Returns `true` if Intune managed the device and no longer does.
    pub(super) fn has_left_management(&self) -> bool {
        let enrolled = self.event.present().is_some_and(|event| {
            has_succeeded(event) || matches!(event.enrollment_state, Some(EnrollmentState::Enrolled))
        });
        self.managed_device.is_absent()
            && self.deployment().is_none()
            && (enrolled || self.first_seen.contains_key(&Phase::Enrolled))
    }

    /// Returns `true` if the record of an unmanaged device is of a past deployment: it succeeded, or the registration
    /// shows no contact and the deployment did not fail with this profile.
    fn is_over(&self, event: &AutopilotEvent) -> bool {
        let is_untouched = |identity: &Device| {
            let assigned = identity.deployment_profile_assigned_date_time;
            let is_later =
                event.deployment_end_date_time.is_some_and(|ended| assigned.is_none_or(|at| at > ended));
            identity.managed_device_id.is_none()
                && identity.enrollment_state == Some(EnrollmentState::NotContacted)
                && (is_later || !has_failed(event))
        };
        has_succeeded(event) || self.identity.present().is_some_and(is_untouched)
    }

    /// Returns the relation of the record to the device in Intune; `None` if either is missing.
    ///
    /// The kind of the id in a record is not documented: an equal id proves the same enrollment, a different one proves
    /// nothing. Otherwise the times determine it.
    fn relation(&self) -> Option<Relation> {
        let (event, managed) = (self.event.present()?, self.managed_device.present()?);
        if event.device_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(managed.id.as_str())) {
            return Some(Relation::Same);
        }
        let Some(enrolled) = self.enrolled_date_time() else { return Some(Relation::Same) };
        let has_id = event.device_id.as_deref().is_some_and(is_id);
        let is_late = has_id && began(event).is_some_and(|began| enrolled > later(began, ENROLLMENT));
        let is_earlier = began(event).is_some_and(|began| began > later(enrolled, SKEW));
        Some(match event.deployment_end_date_time.map(|ended| enrolled.cmp(&ended)) {
            _ if is_earlier => Relation::RecordIsLater,
            Some(Ordering::Greater) => Relation::RecordIsEarlier,
            Some(Ordering::Equal) => Relation::NotKnown,
            // The record of a deployment that was broken off never ends.
            Some(Ordering::Less) | None if is_late => Relation::NotKnown,
            Some(Ordering::Less) | None => Relation::Same,
        })
    }

    /// Returns the enrollment time in Intune; `None` if it is before the profile's assignment, because Intune shows the
    /// registration date for some devices.
    pub(super) fn enrolled_date_time(&self) -> Option<Timestamp> {
        let assigned = self.identity.present()?.deployment_profile_assigned_date_time?;
        self.managed_device.present()?.enrolled_date_time.filter(|enrolled| *enrolled >= assigned)
    }

    /// Returns the last contact since the profile's assignment, which proves that the device was switched on.
    pub(super) fn contact(&self) -> Option<Timestamp> {
        let identity = self.identity.present()?;
        let assigned = identity.deployment_profile_assigned_date_time?;
        identity.last_contacted_date_time.filter(|contact| *contact >= assigned)
    }

    /// Returns whether a user is assigned; `None` if that is not known.
    pub(super) fn user_is_assigned(&self) -> Option<bool> {
        self.identity.present().map(|identity| identity.user_principal_name.is_some())
    }

    /// Returns `true` if a user has signed in to the hybrid joined device: then Intune points at the synced object.
    pub(super) fn user_has_signed_in(&self) -> bool {
        let managed = self.managed().and_then(|managed| {
            managed.azure_ad_device_id.as_ref().or(managed.azure_active_directory_device_id.as_ref())
        });
        let hybrid = self.hybrid.present().and_then(|hybrid| hybrid.device_id.as_ref());
        managed.is_some() && managed == hybrid
    }
}

/// The relation of a record to the device in Intune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// Both are of one enrollment.
    Same,
    /// The deployment of the record had ended when the device enrolled.
    RecordIsEarlier,
    /// The deployment of the record began when the device had enrolled.
    RecordIsLater,
    /// The device enrolled at the time at which the deployment of the record ended.
    NotKnown,
}

/// The ids of an enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Enrollment {
    pub(super) managed_device_id: Option<Text>,
    pub(super) event_id: Option<Id<AutopilotEvent>>,
}

impl Enrollment {
    /// Returns `true` if this is a later enrollment than `before`: an id has changed.
    pub(super) fn is_later_than(&self, before: &Self) -> bool {
        fn differ<T: PartialEq>(now: &Option<T>, before: &Option<T>) -> bool {
            now.is_some() && before.is_some() && now != before
        }
        differ(&self.managed_device_id, &before.managed_device_id) || differ(&self.event_id, &before.event_id)
    }
}

/// The tolerated clock skew between two services.
const SKEW: Duration = Duration::from_secs(10 * 60);

/// Returns the start of the deployment in a record.
pub(super) fn began(event: &AutopilotEvent) -> Option<Timestamp> {
    event.enrollment_start_date_time.or(event.deployment_start_date_time).or(event.event_date_time)
}

/// The longest time from the start of an enrollment to the device's appearance in Intune.
const ENROLLMENT: Duration = Duration::from_secs(60 * 60);

/// Returns `true` for an id, and `false` for the service's empty values.
pub(super) fn is_id(text: &str) -> bool {
    text.chars().any(|c| !matches!(c, '0' | '-' | ' '))
}

fn has_failed(event: &AutopilotEvent) -> bool {
    event.enrollment_state == Some(EnrollmentState::Failed)
        || event.deployment_state == Some(DeploymentState::Failure)
}

fn has_succeeded(event: &AutopilotEvent) -> bool {
    event.deployment_state.as_ref().is_some_and(DeploymentState::is_success)
}

/// The state that the watched devices are expected to reach, and their deadlines.
///
/// ```
/// use windows_autopilot::model::EnrollmentStatusPage;
/// use windows_autopilot::workflow::watch::Expectation;
///
/// let page = EnrollmentStatusPage::new("Munich".parse()?);
/// let expected = Expectation::default()
///     .with_computer_name_prefix("MUC-".parse()?)
///     .with_enrollment_status_page(&page); // its timeout is the deadline for device setup
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Microsoft documents that an enrollment status page gets 40 more minutes in a hybrid join, and that quality updates
/// take 20 to 40 minutes. The other defaults come from experience; adjust them as needed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expectation {
    /// The id of the expected deployment profile; any hybrid join profile by default.
    pub profile: Option<Id<HybridJoinProfile>>,
    /// The prefix of the computer names; a device whose name begins with it counts as joined to the domain. `None` by
    /// default.
    pub computer_name_prefix: Option<ComputerNamePrefix>,
    /// The configured timeout of the enrollment status page; 60 minutes by default, as in the service.
    pub esp_timeout: Duration,
    /// Whether the page installs quality updates; `false` by default.
    pub quality_updates: bool,
    /// Whether a device counts as ready only once its computer object has been synced to Entra ID; `true` by default.
    pub require_sync: bool,
    /// The timeout for registration and profile assignment; one hour by default. Microsoft documents none.
    pub assignment_timeout: Duration,
    /// The time within which a device that has a profile must be switched on; eight hours by default.
    pub power_on_timeout: Duration,
    /// The timeout for enrollment and domain join; 30 minutes by default. Microsoft does not document the device's own
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

/// Derives the expectation from a deployment's settings. They do not contain the profile's id, which is in the report
/// of the run that applied the plan.
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
    /// Sets the expected profile.
    #[must_use]
    pub fn with_profile(mut self, id: Id<HybridJoinProfile>) -> Self {
        self.profile = Some(id);
        self
    }

    /// Sets the expected prefix of computer names.
    #[must_use]
    pub fn with_computer_name_prefix(mut self, prefix: ComputerNamePrefix) -> Self {
        self.computer_name_prefix = Some(prefix);
        self
    }

    /// Takes the timeout and the quality update setting from an enrollment status page.
    #[must_use]
    pub fn with_enrollment_status_page(mut self, page: &EnrollmentStatusPage) -> Self {
        self.esp_timeout = page.install_progress_timeout_in_minutes.as_duration();
        self.quality_updates = page.install_quality_updates;
        self
    }

    /// Returns `true` if the device's name has the prefix of names in the domain.
    pub(super) fn is_in_domain(&self, managed: &ManagedDevice) -> bool {
        let name = managed.device_name.as_deref().zip(self.computer_name_prefix.as_ref());
        name.is_some_and(|(name, prefix)| {
            let start = name.get(..prefix.as_str().len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_str()))
        })
    }

    /// Returns the expectation for a device with this page.
    pub(super) fn of_page(&self, page: &Lookup<AppliedPage>) -> Cow<'_, Self> {
        match page.present() {
            Some(page) => {
                let mut expected = self.clone();
                (expected.esp_timeout, expected.quality_updates) = (page.timeout, page.quality_updates);
                Cow::Owned(expected)
            }
            None => Cow::Borrowed(self),
        }
    }

    /// Returns the effective limit of the enrollment status page: 40 minutes longer than configured, and another 40
    /// with quality updates.
    pub fn esp_limit(&self) -> Duration {
        let updates = if self.quality_updates { MINUTE * 40 } else { Duration::ZERO };
        self.esp_timeout.saturating_add(MINUTE * 40 + updates)
    }

    /// Returns the time limit for a whole deployment, from enrollment to completion.
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
    fn a_record_and_a_device_of_two_enrollments_are_told_apart_by_id_and_time() {
        let at = |hour: i64| Some(Timestamp::from_second(hour * 3600).unwrap());
        // The record's id, start and end; the device's enrollment; whether the record and the device count.
        for (id, began, ended, enrolled, counts) in [
            (Some("m"), 8, Some(9), 10, (true, true)),
            (None, 8, Some(9), 10, (false, true)),
            (Some("other"), 8, Some(9), 10, (false, true)),
            (None, 8, Some(10), 10, (false, true)),
            (None, 8, Some(11), 10, (true, true)),
            (None, 8, None, 10, (true, true)),
            (Some("other"), 8, None, 10, (false, true)),
            (Some("other"), 10, None, 10, (true, true)),
            (Some("00000000-0000-0000-0000-000000000000"), 8, None, 10, (true, true)),
            (None, 12, None, 10, (true, false)),
            (Some("other"), 12, Some(13), 10, (true, false)),
            (Some("M"), 12, Some(13), 10, (true, true)),
            // Before the profile was assigned: the date of the registration, which says nothing.
            (None, 8, Some(9), 5, (true, true)),
            (None, 12, None, 5, (true, true)),
        ] {
            let mut snapshot = DeviceSnapshot::new("1".parse().unwrap(), Timestamp::UNIX_EPOCH);
            let mut identity = Device::new("1".parse().unwrap());
            identity.deployment_profile_assigned_date_time = at(6);
            snapshot.identity = Lookup::Present(identity);
            let mut event = AutopilotEvent::new("e".parse().unwrap());
            event.device_id = id.map(Into::into);
            event.enrollment_start_date_time = at(began);
            event.deployment_end_date_time = ended.and_then(at);
            snapshot.event = Lookup::Present(event);
            let mut managed = ManagedDevice::new("m".parse().unwrap());
            managed.enrolled_date_time = at(enrolled);
            snapshot.managed_device = Lookup::Present(managed);
            let found = (snapshot.deployment().is_some(), snapshot.managed().is_some());
            assert_eq!(found, counts, "{id:?}: {began} to {ended:?}, enrolled {enrolled}");
        }
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
