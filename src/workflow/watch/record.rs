//! The end of a deployment, by its record.

use super::catalogue::phase_of;
use super::evidence::DeviceSnapshot;
use super::phase::Phase;
use crate::codes::ErrorCode;
use crate::model::{AutopilotEnrollmentType, DeploymentState, EnrollmentState};

/// The end of a deployment, by its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// There is no record, or one without an end.
    Open,
    /// The deployment succeeded.
    Succeeded(DeploymentState),
    /// It failed, and the user continued: a first failure is kept in the record.
    WentOn(Phase),
    /// The deployment failed.
    Failed {
        /// The phase that failed.
        at: Phase,
        /// The codes of the failure.
        codes: Vec<ErrorCode>,
    },
    /// The device enrolled by means other than hybrid join: it will not join the domain.
    OtherWay(AutopilotEnrollmentType),
}

impl Record {
    /// Derives the end of the deployment from the snapshot.
    pub(super) fn of(snapshot: &DeviceSnapshot) -> Self {
        let Some(event) = snapshot.deployment() else {
            // The registration says so too, but not of which deployment: a record knows better.
            let failed = snapshot.identity.present().and_then(|identity| identity.enrollment_state.as_ref())
                == Some(&EnrollmentState::Failed);
            return match failed {
                true => Self::Failed { at: Phase::ProfileAssigned, codes: Vec::new() },
                false => Self::Open,
            };
        };
        match &event.enrollment_type {
            None | Some(AutopilotEnrollmentType::Unknown | AutopilotEnrollmentType::Other(_)) => {}
            Some(way) if way.is_hybrid_join() => {}
            Some(way) => return Self::OtherWay(way.clone()),
        }
        if let Some(state) = event.deployment_state.as_ref().filter(|state| state.is_success()) {
            return Self::Succeeded(state.clone());
        }
        let failure = |state: &Option<DeploymentState>| *state == Some(DeploymentState::Failure);
        let codes = || ErrorCode::find_in(event.enrollment_failure_details.as_deref().unwrap_or_default());
        if failure(&event.account_setup_status) {
            return Self::Failed { at: Phase::AccountSetup, codes: codes() };
        }
        if failure(&event.device_setup_status) {
            return match has_begun(&event.account_setup_status) || snapshot.user_has_signed_in() {
                true => Self::WentOn(Phase::DeviceSetup),
                false => Self::Failed { at: Phase::DeviceSetup, codes: codes() },
            };
        }
        let enrollment_failed = event.enrollment_state == Some(EnrollmentState::Failed);
        if !enrollment_failed && !failure(&event.deployment_state) {
            return Self::Open;
        }
        let codes = codes();
        let named = codes.iter().filter_map(|code| phase_of(*code)).max();
        let shown = match () {
            () if event.device_setup_status.as_ref().is_some_and(DeploymentState::is_success) => {
                Phase::AccountSetup
            }
            () if has_begun(&event.device_setup_status) => Phase::DeviceSetup,
            () => Phase::ProfileAssigned,
        };
        Self::Failed { at: named.unwrap_or(shown).max(shown), codes }
    }
}

/// Returns `true` if a part of the deployment has started or ended.
pub(super) fn has_begun(state: &Option<DeploymentState>) -> bool {
    state.as_ref().is_some_and(|state| {
        state.is_success() || matches!(state, DeploymentState::InProgress | DeploymentState::Failure)
    })
}
