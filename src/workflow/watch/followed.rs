//! A device under watch, with its snapshot.

use jiff::Timestamp;

use super::evidence::DeviceSnapshot;
use super::findings::{WATCH_DOMAIN_JOIN_FAILED, WATCH_DOMAIN_JOIN_STALLED};
use super::phase::{DeploymentOutcome, Phase};
use super::report::DeviceDeployment;
use super::state::DeviceState;
use crate::model::{EnrollmentState, Lookup};

/// A device of a watch.
pub(super) struct Followed {
    pub(super) snapshot: DeviceSnapshot,
    /// Whether no other device that is watched has its serial number.
    pub(super) serial_is_unique: bool,
    pub(super) state: Option<DeviceState>,
    pub(super) settled: Option<Timestamp>,
    /// The time of the last search in Intune.
    pub(super) looked_for: Option<Timestamp>,
    /// The time of the last diagnosis of its domain join.
    pub(super) explained: Option<Timestamp>,
    /// The last event's content: phase, outcome and findings.
    pub(super) reported: Option<(Phase, DeploymentOutcome, Vec<String>)>,
}

impl Followed {
    pub(super) fn new(snapshot: DeviceSnapshot) -> Self {
        Self {
            snapshot,
            serial_is_unique: true,
            state: None,
            settled: None,
            looked_for: None,
            explained: None,
            reported: None,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.as_ref().map_or(Phase::Unregistered, |state| state.phase)
    }

    pub(super) fn is(&self, outcome: DeploymentOutcome) -> bool {
        self.state.as_ref().is_some_and(|state| state.outcome == outcome)
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

    /// Returns `true` if its computer name is the domain's by now, so that an object of that name can be its own.
    pub(super) fn is_renamed(&self) -> bool {
        let name = self.snapshot.managed_device.present().and_then(|managed| managed.device_name.as_ref());
        self.phase() > Phase::Enrolled || name.is_some() && name != self.snapshot.first_computer_name.as_ref()
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

    /// Resets the timeline for a new deployment.
    pub(super) fn begin_again(&mut self) {
        self.snapshot.first_seen.retain(|phase, _| *phase < Phase::Enrolled);
        self.snapshot.first_computer_name = None;
        self.snapshot.hybrid = Lookup::Unknown;
        self.explained = None;
        self.settled = None;
    }

    pub(super) fn to_report(&self) -> Option<DeviceDeployment> {
        let DeviceSnapshot { id, serial_number, .. } = &self.snapshot;
        Some(DeviceDeployment {
            id: id.clone(),
            serial_number: serial_number.clone(),
            settled: self.settled,
            state: self.state.clone()?,
        })
    }
}
