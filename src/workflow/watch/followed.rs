//! A watched device with its snapshot.

use jiff::Timestamp;

use super::evidence::{DeviceSnapshot, Enrollment};
use super::findings::{WATCH_DOMAIN_JOIN_FAILED, WATCH_DOMAIN_JOIN_STALLED};
use super::phase::{DeploymentOutcome, Phase};
use super::report::{DeviceDeployment, EarlierEnrollment};
use super::state::DeviceState;
use crate::model::{Device, DirectoryDevice, EnrollmentState, Id, Lookup, ManagedDevice};

/// The content of an event: phase, outcome, findings, and the id in Intune.
pub(super) type Reported = (Phase, DeploymentOutcome, Vec<String>, Option<Id<ManagedDevice>>);

/// A device of a watch.
pub(super) struct Followed {
    pub(super) snapshot: DeviceSnapshot,
    /// Whether no other watched device has the serial number.
    pub(super) serial_is_unique: bool,
    pub(super) state: Option<DeviceState>,
    pub(super) settled: Option<Timestamp>,
    /// Whether the next round reads the device although it is settled.
    pub(super) is_due: bool,
    /// The date of the assignment when the profile was last read.
    pub(super) profile_as_of: Option<Timestamp>,
    /// The time of the last search in Intune.
    pub(super) looked_for: Option<Timestamp>,
    /// The last enrollment in the previous round.
    enrollment: Option<Enrollment>,
    /// The enrollments before that, oldest first.
    earlier: Vec<EarlierEnrollment>,
    /// The content of the last event.
    pub(super) reported: Option<Reported>,
}

impl Followed {
    pub(super) fn new(snapshot: DeviceSnapshot) -> Self {
        Self {
            snapshot,
            serial_is_unique: true,
            state: None,
            settled: None,
            is_due: false,
            profile_as_of: None,
            looked_for: None,
            enrollment: None,
            earlier: Vec::new(),
            reported: None,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.as_ref().map_or(Phase::Unregistered, |state| state.phase)
    }

    pub(super) fn is(&self, outcome: DeploymentOutcome) -> bool {
        self.state.as_ref().is_some_and(|state| state.outcome == outcome)
    }

    /// Drops the Entra object of a registration other than the current one.
    pub(super) fn forget_other_anchor(&mut self) {
        let wanted = self.snapshot.identity.present().and_then(Device::entra_device_id);
        let is_own = |anchor: &DirectoryDevice| anchor.device_id.as_ref() == wanted;
        if !self.snapshot.anchor.present().is_some_and(is_own) {
            self.snapshot.anchor = Lookup::Unknown;
        }
    }

    /// Returns the date of the profile's assignment.
    pub(super) fn profile_date(&self) -> Option<Timestamp> {
        self.snapshot.identity.present()?.deployment_profile_assigned_date_time
    }

    /// Returns `true` if the profile has been reassigned since it was last read.
    pub(super) fn profile_is_stale(&self) -> bool {
        self.profile_date() != self.profile_as_of
    }

    /// Returns `true` if the registration shows that the device was switched on.
    pub(super) fn was_in_touch(&self) -> bool {
        self.snapshot.identity.present().is_some_and(|identity| {
            identity.managed_device_id.is_some()
                || !matches!(
                    identity.enrollment_state,
                    None | Some(EnrollmentState::NotContacted | EnrollmentState::Unknown)
                )
        })
    }

    pub(super) fn domain_join_is_unexplained(&self) -> bool {
        let first = self.state.as_ref().and_then(|state| state.findings.first());
        let joins = matches!(self.phase(), Phase::Enrolled | Phase::DomainJoined);
        first.is_some_and(|first| {
            let is_of_evidence = first.id.starts_with("evidence.");
            first.is(&WATCH_DOMAIN_JOIN_FAILED)
                || first.is(&WATCH_DOMAIN_JOIN_STALLED)
                // Graph can show more: why no request came, for example.
                || is_of_evidence && joins
        })
    }

    /// Compares the last enrollment with that of the previous round. After a new enrollment, or when the device has
    /// left management, the timeline restarts and the earlier enrollment is kept.
    pub(super) fn follow_enrollment(&mut self, now: Timestamp) {
        let last = self.snapshot.enrollment();
        let before = self.enrollment.take();
        if let (Some(before), Some(state)) = (before, &self.state)
            && last.as_ref().is_none_or(|last| last.is_later_than(&before))
        {
            self.earlier.push(EarlierEnrollment {
                managed_device_id: before.managed_device_id,
                phase: state.phase,
                outcome: state.outcome,
                until: self.settled.unwrap_or(now),
                cause: state.findings.first().cloned(),
            });
            self.snapshot.first_seen.retain(|phase, _| *phase < Phase::Enrolled);
            self.snapshot.watched_since = now;
            self.snapshot.hybrid = Lookup::Unknown;
            self.settled = None;
        }
        self.enrollment = last;
    }

    pub(super) fn to_report(&self) -> Option<DeviceDeployment> {
        let DeviceSnapshot { id, serial_number, .. } = &self.snapshot;
        Some(DeviceDeployment {
            id: id.clone(),
            serial_number: serial_number.clone(),
            settled: self.settled,
            earlier: self.earlier.clone(),
            state: self.state.clone()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ManagedDevice;
    use crate::workflow::watch::evidence::Expectation;
    use crate::workflow::watch::observe::observe;

    #[test]
    fn a_new_enrollment_begins_without_the_computer_of_the_earlier_one() {
        let (began, now) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(7_200).unwrap());
        let mut snapshot = DeviceSnapshot::new("1".parse().unwrap(), began);
        snapshot.managed_device = Lookup::Present(ManagedDevice::new("m".parse().unwrap()));
        snapshot.hybrid = Lookup::Present(DirectoryDevice::new("h".parse().unwrap()));
        let mut followed = Followed::new(snapshot);
        followed.state = Some(observe(&followed.snapshot, &Expectation::default(), began));
        followed.follow_enrollment(began);
        assert!(followed.earlier.is_empty() && followed.snapshot.hybrid.present().is_some());
        followed.settled = Some(began);
        followed.follow_enrollment(now);
        assert_eq!(followed.settled, Some(began), "the enrollment is the same");

        followed.snapshot.managed_device = Lookup::Absent;
        followed.follow_enrollment(now);
        let earlier: Vec<_> =
            followed.earlier.iter().map(|past| (past.managed_device_id.as_deref(), past.until)).collect();
        assert_eq!(earlier, [(Some("m"), began)]);
        assert_eq!(followed.snapshot.watched_since, now);
        assert_eq!((followed.snapshot.hybrid, followed.settled), (Lookup::Unknown, None));
    }
}
