//! The pure function that derives a device's state from its snapshot.

use jiff::Timestamp;

use super::causes;
use super::deadline::Deadline;
use super::diagnose::{Case, failures, overdue, warnings};
use super::evidence::{DeviceSnapshot, Expectation};
use super::phase::{DeploymentOutcome, Phase};
use super::record::{Record, has_begun};
use super::state::{DeviceFacts, DeviceState, PhaseStart};
use crate::foreign::scrub;
use crate::model::{
    AutopilotEvent, DeploymentState, EnrollmentState, JoinType, Lookup, ProfileAssignmentStatus, Text,
};

/// Derives the state of a device from its snapshot, the expectation and the time.
///
/// The function is pure: equal inputs give equal states.
///
/// ```
/// use jiff::Timestamp;
/// use windows_autopilot::model::{Device, Lookup, ProfileAssignmentStatus};
/// use windows_autopilot::workflow::watch::{DeviceSnapshot, Expectation, Phase, observe};
/// let now = Timestamp::UNIX_EPOCH;
/// let mut snapshot = DeviceSnapshot::new("0f8fad5b-d9cb-469f-a165-70867728950e".parse()?, now);
/// let mut identity = Device::new(snapshot.id.clone());
/// identity.deployment_profile_assignment_status = Some(ProfileAssignmentStatus::AssignedInSync);
/// identity.deployment_profile_assigned_date_time = Some(now);
/// snapshot.identity = Lookup::Present(identity);
/// let state = observe(&snapshot, &Expectation::default(), now);
/// assert_eq!(state.phase, Phase::ProfileAssigned);
/// assert_eq!(state.next_credential().unwrap().to_string(), "Entra ID");
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
pub fn observe(snapshot: &DeviceSnapshot, expected: &Expectation, now: Timestamp) -> DeviceState {
    let expected = &*expected.of_page(&snapshot.page);
    let record = Record::of(snapshot);
    let reached = reached(snapshot, expected, &record);
    // What failed, failed in the phase that its code or its record names, even where the service shows no sign of it.
    let phase = match &record {
        Record::Failed { at, .. } => reached.max(*at),
        Record::OtherWay(_) => reached.max(Phase::Enrolled),
        _ => reached,
    };
    let timeline = timeline(snapshot, phase, now);
    let since = timeline.last().map_or(now, |start| start.at);
    let deadline = Deadline::of(snapshot, expected, phase, &timeline);
    let is_overdue = deadline.as_ref().is_some_and(|deadline| now >= deadline.at);
    let case = Case { snapshot, expected, record: &record, phase, since, now, is_overdue };
    let (outcome, findings) = match (failures(&case), &deadline) {
        _ if phase == Phase::Ready => (DeploymentOutcome::Ready, warnings(&case)),
        (failures, _) if !failures.is_empty() => (DeploymentOutcome::Failed, failures),
        (_, Some(deadline)) if is_overdue => (DeploymentOutcome::Overdue, overdue(&case, deadline)),
        _ => (DeploymentOutcome::InProgress, warnings(&case)),
    };
    let enrolled = reported_start(snapshot, Phase::Enrolled);
    let findings = causes::join(snapshot, enrolled, outcome, findings);
    let (deadline, deadline_source) = deadline.map(|deadline| (deadline.at, deadline.source)).unzip();
    let facts = facts(snapshot);
    DeviceState { phase, outcome, since, deadline, deadline_source, timeline, findings, facts }
}

/// Returns the last phase that the snapshot shows.
fn reached(snapshot: &DeviceSnapshot, expected: &Expectation, record: &Record) -> Phase {
    let event = snapshot.deployment();
    let part = |part: fn(&AutopilotEvent) -> &Option<DeploymentState>| event.map(part).unwrap_or(&None);
    let (device, account) =
        (part(|event| &event.device_setup_status), part(|event| &event.account_setup_status));
    let synced = snapshot.hybrid.present().is_some();
    let device_is_done =
        device.as_ref().is_some_and(|state| state.is_success() || *state == DeploymentState::Disabled);
    match record {
        Record::Succeeded(_) if synced || !expected.require_sync => return Phase::Ready,
        Record::Succeeded(_) => return Phase::AccountSetup,
        // That a user has signed in is all that will ever be seen of the end of such a deployment.
        Record::WentOn(_)
            if snapshot.user_has_signed_in() || account.as_ref().is_some_and(DeploymentState::is_success) =>
        {
            return Phase::Ready;
        }
        _ => {}
    }
    if has_begun(account) || device_is_done || snapshot.user_has_signed_in() {
        return Phase::AccountSetup;
    }
    if has_begun(device) {
        return Phase::DeviceSetup;
    }
    if is_joined(snapshot, expected) {
        return Phase::DomainJoined;
    }
    if is_enrolled(snapshot) {
        return Phase::Enrolled;
    }
    match &snapshot.identity {
        Lookup::Present(_) if has_profile(snapshot, expected) => Phase::ProfileAssigned,
        Lookup::Present(_) => Phase::Registered,
        Lookup::Unknown | Lookup::Absent => Phase::Unregistered,
    }
}

fn is_joined(snapshot: &DeviceSnapshot, expected: &Expectation) -> bool {
    let Some(managed) = snapshot.managed() else { return false };
    managed.join_type == Some(JoinType::HybridAzureADJoined)
        || snapshot.hybrid.present().is_some()
        || expected.is_in_domain(managed)
}

fn is_enrolled(snapshot: &DeviceSnapshot) -> bool {
    let enrolled = |state: &Option<EnrollmentState>| {
        matches!(state, Some(EnrollmentState::Enrolled | EnrollmentState::PendingReset))
    };
    let gone = snapshot.managed_device.is_absent();
    snapshot.managed().is_some()
        || snapshot.deployment().is_some_and(|event| enrolled(&event.enrollment_state) && !gone)
        || snapshot.identity.present().is_some_and(|identity| {
            enrolled(&identity.enrollment_state) && identity.managed_device_id.is_some() && !gone
        })
}

/// Returns `true` if the device has its profile: the status, the date and the profile agree. A single read sometimes
/// omits the status; then the profile itself counts.
fn has_profile(snapshot: &DeviceSnapshot, expected: &Expectation) -> bool {
    let Some(identity) = snapshot.identity.present() else { return false };
    let assigned = match &identity.deployment_profile_assignment_status {
        Some(status) if status.is_assigned() => true,
        None | Some(ProfileAssignmentStatus::Unknown) => snapshot.profile.present().is_some(),
        Some(_) => false,
    };
    let right = match (&expected.profile, &snapshot.profile) {
        (Some(wanted), Lookup::Present(found)) => found.id == wanted.cast(),
        (Some(_), Lookup::Unknown | Lookup::Absent) => false,
        (None, _) => true,
    };
    assigned && identity.deployment_profile_assigned_date_time.is_some() && right
}

/// Returns the known starts of the phases up to `phase`. No phase starts after a later one.
fn timeline(snapshot: &DeviceSnapshot, phase: Phase, now: Timestamp) -> Vec<PhaseStart> {
    let mut starts = Vec::new();
    let mut limit = now;
    for of in Phase::ALL.into_iter().rev().filter(|of| *of <= phase) {
        let reported = reported_start(snapshot, of).filter(|at| *at <= now);
        let seen = snapshot.first_seen.get(&of).copied().or((of == phase).then_some(now));
        let Some(at) = reported.or(seen) else { continue };
        limit = limit.min(at);
        starts.push(PhaseStart { phase: of, at: limit, reported: reported.is_some() });
    }
    starts.reverse();
    starts
}

fn reported_start(snapshot: &DeviceSnapshot, phase: Phase) -> Option<Timestamp> {
    let event = snapshot.deployment();
    match phase {
        Phase::ProfileAssigned => snapshot.identity.present()?.deployment_profile_assigned_date_time,
        Phase::Enrolled => event
            .and_then(|event| event.enrollment_start_date_time)
            .or_else(|| snapshot.managed().and(snapshot.enrolled_date_time())),
        Phase::Ready => event.and_then(|event| event.deployment_end_date_time),
        _ => None,
    }
}

fn facts(snapshot: &DeviceSnapshot) -> DeviceFacts {
    // The facts are for reports: what looks like a hash, a token or a person is shown in none.
    let shown = |text: Option<&Text>| text.map(|text| Text::from(scrub(text)));
    let (identity, managed, event) = (snapshot.identity.present(), snapshot.managed(), snapshot.deployment());
    DeviceFacts {
        registration_id: identity.map(|identity| &identity.id).filter(|id| **id != snapshot.id).cloned(),
        computer_name: shown(managed.and_then(|managed| managed.device_name.as_ref())),
        manufacturer: shown(identity.and_then(|identity| identity.manufacturer.as_ref())),
        model: shown(identity.and_then(|identity| identity.model.as_ref())),
        group_tag: shown(identity.and_then(|identity| identity.group_tag.as_ref())),
        profile: shown(snapshot.profile.present().and_then(|profile| profile.display_name.as_ref())),
        profile_status: identity.and_then(|identity| identity.deployment_profile_assignment_status.clone()),
        user_assigned: snapshot.user_is_assigned(),
        enrollment_state: event
            .and_then(|event| event.enrollment_state.clone())
            .or_else(|| identity?.enrollment_state.clone()),
        managed_device_id: managed.map(|managed| managed.id.clone()),
        join_type: managed.and_then(|managed| managed.join_type.clone()),
        anchor_id: snapshot.anchor.present().map(|anchor| anchor.id.clone()),
        hybrid_id: snapshot.hybrid.present().map(|hybrid| hybrid.id.clone()),
        device_setup: event.and_then(|event| event.device_setup_status.clone()),
        account_setup: event.and_then(|event| event.account_setup_status.clone()),
        deployment: event.and_then(|event| event.deployment_state.clone()),
        compliance_state: managed.and_then(|managed| managed.compliance_state.clone()),
        os_version: shown(
            managed
                .and_then(|managed| managed.os_version.as_ref())
                .or_else(|| event.and_then(|event| event.os_version.as_ref())),
        ),
    }
}

#[cfg(test)]
mod edges;
#[cfg(test)]
mod tests;
