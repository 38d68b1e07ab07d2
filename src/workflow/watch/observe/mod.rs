//! The state of a device, derived from the evidence. Pure.

use jiff::Timestamp;

use super::diagnose::{Case, failures, overdue, warnings};
use super::evidence::{DeviceEvidence, Expectation, Seen};
use super::phase::{Outcome, Phase};
use super::record::{Record, has_begun, is_success};
use super::state::{DeviceFacts, DeviceState, PhaseStart, later};
use crate::model::{AutopilotEvent, DeploymentState, EnrollmentState, JoinType, ProfileAssignmentStatus};

/// Returns the state of a device, from the evidence, the expectation and the time.
///
/// A pure function: the same evidence gives the same state.
///
/// ```
/// use jiff::Timestamp;
/// use windows_autopilot::model::{Device, ProfileAssignmentStatus};
/// use windows_autopilot::workflow::watch::{DeviceEvidence, Expectation, Phase, Seen, observe};
/// let now = Timestamp::UNIX_EPOCH;
/// let mut evidence = DeviceEvidence::new("0f8fad5b-d9cb-469f-a165-70867728950e".parse()?, now);
/// let mut identity = Device::new(evidence.id.clone());
/// identity.deployment_profile_assignment_status = Some(ProfileAssignmentStatus::AssignedInSync);
/// identity.deployment_profile_assigned_date_time = Some(now);
/// evidence.identity = Seen::There(identity);
/// let state = observe(&evidence, &Expectation::default(), now);
/// assert_eq!(state.phase, Phase::ProfileAssigned);
/// assert_eq!(state.next_credential().unwrap().to_string(), "Entra ID");
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
pub fn observe(evidence: &DeviceEvidence, expected: &Expectation, now: Timestamp) -> DeviceState {
    let record = Record::of(evidence);
    let reached = reached(evidence, expected, &record);
    // What failed, failed in the phase that its code or its record names, even where the service shows no sign of it.
    let phase = match &record {
        Record::Failed { at, .. } => reached.max(*at),
        Record::OtherWay(_) => reached.max(Phase::Enrolled),
        _ => reached,
    };
    let timeline = timeline(evidence, phase, now);
    let since = timeline.last().map_or(now, |start| start.at);
    let deadline = deadline(evidence, expected, phase, &timeline);
    let case = Case { evidence, expected, record: &record, phase, since, now };
    let (outcome, findings) = match failures(&case) {
        _ if phase == Phase::Ready => (Outcome::Ready, warnings(&case)),
        failures if !failures.is_empty() => (Outcome::Failed, failures),
        _ if deadline.is_some_and(|deadline| now >= deadline) => (Outcome::Overdue, overdue(&case)),
        _ => (Outcome::Underway, warnings(&case)),
    };
    DeviceState { phase, outcome, since, deadline, timeline, findings, facts: facts(evidence) }
}

/// The last phase of which there is evidence.
fn reached(evidence: &DeviceEvidence, expected: &Expectation, record: &Record) -> Phase {
    let event = evidence.deployment();
    let part = |part: fn(&AutopilotEvent) -> &Option<DeploymentState>| event.map(part).unwrap_or(&None);
    let (device, account) =
        (part(|event| &event.device_setup_status), part(|event| &event.account_setup_status));
    let synced = evidence.hybrid.get().is_some();
    let device_is_done =
        device.as_ref().is_some_and(|state| is_success(state) || *state == DeploymentState::Disabled);
    match record {
        Record::Succeeded(_) if synced || !expected.synced => return Phase::Ready,
        Record::Succeeded(_) => return Phase::AccountSetup,
        // That a user has signed in is all that will ever be seen of the end of such a deployment.
        Record::WentOn(_) if evidence.user_has_signed_in() || account.as_ref().is_some_and(is_success) => {
            return Phase::Ready;
        }
        _ => {}
    }
    if has_begun(account) || device_is_done || evidence.user_has_signed_in() {
        return Phase::AccountSetup;
    }
    if has_begun(device) {
        return Phase::DeviceSetup;
    }
    if is_joined(evidence, expected) {
        return Phase::DomainJoined;
    }
    if is_enrolled(evidence) {
        return Phase::Enrolled;
    }
    match &evidence.identity {
        Seen::There(_) if has_profile(evidence, expected) => Phase::ProfileAssigned,
        Seen::There(_) => Phase::Registered,
        Seen::Unread | Seen::Missing => Phase::Unregistered,
    }
}

fn is_joined(evidence: &DeviceEvidence, expected: &Expectation) -> bool {
    let Some(managed) = evidence.managed_device.get() else { return false };
    let name = managed.device_name.as_deref();
    let has_prefix = name.zip(expected.computer_name_prefix.as_ref()).is_some_and(|(name, prefix)| {
        let start = name.get(..prefix.as_str().len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_str()))
    });
    let was_renamed =
        name.zip(evidence.first_computer_name.as_deref()).is_some_and(|(name, first)| name != first);
    managed.join_type == Some(JoinType::HybridAzureADJoined)
        || evidence.hybrid.get().is_some()
        || has_prefix
        || was_renamed
}

fn is_enrolled(evidence: &DeviceEvidence) -> bool {
    let enrolled = |state: &Option<EnrollmentState>| {
        matches!(state, Some(EnrollmentState::Enrolled | EnrollmentState::PendingReset))
    };
    let gone = evidence.managed_device.is_missing();
    evidence.managed_device.get().is_some()
        || evidence.deployment().is_some_and(|event| enrolled(&event.enrollment_state) && !gone)
        || evidence.identity.get().is_some_and(|identity| {
            enrolled(&identity.enrollment_state) && identity.managed_device_id.is_some() && !gone
        })
}

/// Whether it has the profile: the status says so and the date is set, and it is the right profile. A single read has
/// been seen to report no status, so there the profile itself counts.
fn has_profile(evidence: &DeviceEvidence, expected: &Expectation) -> bool {
    let Some(identity) = evidence.identity.get() else { return false };
    let assigned = match &identity.deployment_profile_assignment_status {
        Some(status) if status.is_assigned() => true,
        None | Some(ProfileAssignmentStatus::Unknown) => evidence.profile.get().is_some(),
        Some(_) => false,
    };
    let right = match (&expected.profile, &evidence.profile) {
        (Some(wanted), Seen::There(found)) => found.id.as_str() == wanted.as_str(),
        (Some(_), Seen::Unread | Seen::Missing) => false,
        (None, _) => true,
    };
    assigned && identity.deployment_profile_assigned_date_time.is_some() && right
}

/// When the phases up to `phase` began, as far as that is known. No phase begins after the one behind it.
fn timeline(evidence: &DeviceEvidence, phase: Phase, now: Timestamp) -> Vec<PhaseStart> {
    let mut starts = Vec::new();
    let mut limit = now;
    for of in Phase::ALL.into_iter().rev().filter(|of| *of <= phase) {
        let reported = reported_start(evidence, of).filter(|at| *at <= now);
        let seen = evidence.first_seen.get(&of).copied().or((of == phase).then_some(now));
        let Some(at) = reported.or(seen) else { continue };
        limit = limit.min(at);
        starts.push(PhaseStart { phase: of, at: limit, reported: reported.is_some() });
    }
    starts.reverse();
    starts
}

fn reported_start(evidence: &DeviceEvidence, phase: Phase) -> Option<Timestamp> {
    let event = evidence.deployment();
    match phase {
        Phase::ProfileAssigned => evidence.identity.get()?.deployment_profile_assigned_date_time,
        Phase::Enrolled => event
            .and_then(|event| event.enrollment_start_date_time)
            // Intune shows the date of the registration as that of the enrollment for some devices: it cannot be before
            // the profile was assigned.
            .or_else(|| {
                let assigned = evidence.identity.get()?.deployment_profile_assigned_date_time?;
                evidence.managed_device.get()?.enrolled_date_time.filter(|enrolled| *enrolled >= assigned)
            }),
        Phase::Ready => event.and_then(|event| event.deployment_end_date_time),
        _ => None,
    }
}

fn deadline(
    evidence: &DeviceEvidence,
    expected: &Expectation,
    phase: Phase,
    timeline: &[PhaseStart],
) -> Option<Timestamp> {
    let since = timeline.last()?.at;
    let watched = since.max(evidence.watched_since);
    Some(match phase {
        Phase::Unregistered | Phase::Registered => later(evidence.watched_since, expected.assignment),
        Phase::ProfileAssigned => match evidence.contact() {
            Some(contact) => later(contact.max(watched), expected.enroll_and_join),
            None => later(watched, expected.power_on),
        },
        Phase::Ready => return None,
        _ => {
            let enrolled = timeline.iter().find(|start| start.phase >= Phase::Enrolled)?.at;
            later(enrolled, expected.deployment_limit())
        }
    })
}

fn facts(evidence: &DeviceEvidence) -> DeviceFacts {
    let (identity, managed, event) =
        (evidence.identity.get(), evidence.managed_device.get(), evidence.deployment());
    DeviceFacts {
        computer_name: managed.and_then(|managed| managed.device_name.clone()),
        manufacturer: identity.and_then(|identity| identity.manufacturer.clone()),
        model: identity.and_then(|identity| identity.model.clone()),
        group_tag: identity.and_then(|identity| identity.group_tag.clone()),
        profile: evidence.profile.get().and_then(|profile| profile.display_name.clone()),
        profile_status: identity.and_then(|identity| identity.deployment_profile_assignment_status.clone()),
        user_assigned: evidence.user_is_assigned(),
        enrollment_state: event
            .and_then(|event| event.enrollment_state.clone())
            .or_else(|| identity?.enrollment_state.clone()),
        managed_device_id: managed.map(|managed| managed.id.clone()),
        join_type: managed.and_then(|managed| managed.join_type.clone()),
        anchor_id: evidence.anchor.get().map(|anchor| anchor.id.clone()),
        hybrid_id: evidence.hybrid.get().map(|hybrid| hybrid.id.clone()),
        device_setup: event.and_then(|event| event.device_setup_status.clone()),
        account_setup: event.and_then(|event| event.account_setup_status.clone()),
        deployment: event.and_then(|event| event.deployment_state.clone()),
        compliance_state: managed.and_then(|managed| managed.compliance_state.clone()),
        os_version: managed
            .and_then(|managed| managed.os_version.clone())
            .or_else(|| event.and_then(|event| event.os_version.clone())),
    }
}

#[cfg(test)]
mod tests;
