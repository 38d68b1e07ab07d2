//! The diagnosis of a device: findings from its snapshot.

use jiff::{SignedDuration, Timestamp};

use super::catalogue::kind_of;
use super::deadline::Deadline;
use super::evidence::{DeviceSnapshot, Expectation};
use super::findings::*;
use super::phase::Phase;
use super::record::Record;
use super::state::{later, spell};
use crate::codes::ErrorCode;
use crate::foreign::excerpt;
use crate::model::{
    ConnectorState, ConnectorVersion, DeploymentState, EnrollmentState, Finding, FindingKind, Lookup,
    ProfileAssignmentDetailedStatus, ProfileAssignmentStatus, RemediationState, Severity,
};

/// A device to diagnose.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) snapshot: &'a DeviceSnapshot,
    pub(super) expected: &'a Expectation,
    pub(super) record: &'a Record,
    pub(super) phase: Phase,
    pub(super) since: Timestamp,
    pub(super) now: Timestamp,
    pub(super) is_overdue: bool,
}

/// Returns the causes that stop the device for good, likeliest first; empty if it may still continue.
pub(super) fn failures(case: &Case<'_>) -> Vec<Finding> {
    let identity = case.snapshot.identity.present();
    match case.record {
        Record::Failed { at, codes } => return case.failed_deployment(*at, codes),
        Record::OtherWay(way) => {
            let evidence = format!("it enrolled as {way}: it will not join the domain");
            let other_way = case.finding(&WATCH_NOT_HYBRID_JOINED, evidence);
            return case.assigned_user().into_iter().chain([other_way]).collect();
        }
        Record::Open | Record::Succeeded(_) | Record::WentOn(_) => {}
    }
    if case.phase > Phase::ProfileAssigned {
        return Vec::new();
    }
    let Some(identity) = identity else { return Vec::new() };
    if identity.enrollment_state == Some(EnrollmentState::Blocked) {
        let evidence = "the registration is blocked from enrolling again";
        return vec![case.finding(&WATCH_ENROLLMENT_BLOCKED, evidence)];
    }
    if let Some(finding) = case.needs_repair() {
        return vec![finding.with_severity(Severity::Error)];
    }
    if identity.deployment_profile_assignment_status == Some(ProfileAssignmentStatus::Failed) {
        let detail = &identity.deployment_profile_assignment_detailed_status;
        let remedy = match detail {
            Some(ProfileAssignmentDetailedStatus::HardwareRequirementsNotMet) => {
                "use a device that meets the requirements of the profile, such as its TPM"
            }
            Some(
                ProfileAssignmentDetailedStatus::WindowsPcProfileNotSupported
                | ProfileAssignmentDetailedStatus::HoloLensProfileNotSupported
                | ProfileAssignmentDetailedStatus::SurfaceHubProfileNotSupported
                | ProfileAssignmentDetailedStatus::SurfaceHub2SProfileNotSupported,
            ) => "assign the device a profile for its kind of device",
            _ => WATCH_PROFILE_ASSIGNMENT_FAILED.remedy,
        };
        let detail = detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"));
        let evidence = format!("the profile could not be assigned{detail}");
        return vec![case.finding(&WATCH_PROFILE_ASSIGNMENT_FAILED, evidence).with_remedy(remedy)];
    }
    Vec::new()
}

/// Returns the problems of a device that may still continue or is ready.
pub(super) fn warnings(case: &Case<'_>) -> Vec<Finding> {
    let waited = case.now.duration_since(case.since);
    match case.phase {
        Phase::Ready => case.blemishes(),
        Phase::Unregistered => Vec::new(),
        Phase::Registered | Phase::ProfileAssigned => case.before_power_on(),
        Phase::Enrolled if case.now >= later(case.since, case.expected.join_timeout) => {
            let evidence = format!("enrolled {} ago, and no sign of the domain join", spell(waited));
            case.domain_join(&WATCH_DOMAIN_JOIN_STALLED, &evidence, Severity::Warning)
        }
        Phase::AccountSetup if matches!(case.record, Record::Succeeded(_)) => {
            let remedy = "wait for the next run of Entra Connect, every 30 minutes by default";
            vec![case.not_synced().with_severity(Severity::Info).with_remedy(remedy)]
        }
        _ => case.reset_or_deleted(),
    }
}

/// Returns the causes for which the device has exceeded its deadline.
pub(super) fn overdue(case: &Case<'_>, deadline: &Deadline) -> Vec<Finding> {
    let waited = spell(case.now.duration_since(case.since));
    let mut findings = match case.phase {
        Phase::Unregistered => {
            let evidence = match case.snapshot.identity {
                Lookup::Unknown => "whether it is registered could not be read".to_owned(),
                _ => format!(
                    "it is not among the registered devices after {}",
                    spell(case.now.duration_since(case.snapshot.watched_since))
                ),
            };
            vec![case.finding(&WATCH_NOT_REGISTERED, evidence)]
        }
        Phase::Registered => {
            let mut findings = case.before_power_on();
            findings.retain(|finding| !finding.is(&WATCH_USER_ASSIGNED));
            if !findings.iter().any(|finding| finding.is(&WATCH_WRONG_PROFILE)) {
                let status = case.snapshot.identity.present().and_then(|identity| {
                    identity.deployment_profile_assignment_status.as_ref().map(ToString::to_string)
                });
                let evidence = format!(
                    "no profile after {}; status {}",
                    spell(case.now.duration_since(case.snapshot.watched_since)),
                    status.as_deref().unwrap_or("not reported")
                );
                findings.push(case.finding(&WATCH_PROFILE_NOT_ASSIGNED, evidence));
            }
            findings
        }
        Phase::ProfileAssigned => {
            let mut findings = Vec::from_iter(case.left_management());
            findings.iter_mut().for_each(|finding| finding.severity = Severity::Error);
            let is_explained = !findings.is_empty();
            findings.extend((!is_explained).then(|| match case.snapshot.contact() {
                Some(contact) => {
                    let ago = spell(case.now.duration_since(contact));
                    case.finding(
                        &WATCH_DID_NOT_ENROLL,
                        format!("its last contact was {ago} ago, and it did not enroll"),
                    )
                }
                None => case.finding(
                    &WATCH_NOT_SWITCHED_ON,
                    format!("it has the profile, but has had no contact for {waited}"),
                ),
            }));
            let before = case.before_power_on().into_iter();
            findings.extend(before.filter(|finding| !finding.is(&WATCH_LEFT_MANAGEMENT)));
            findings
        }
        Phase::Enrolled => {
            let evidence = format!("enrolled {waited} ago, and no sign of the domain join");
            case.domain_join(&WATCH_DOMAIN_JOIN_STALLED, &evidence, Severity::Error)
        }
        Phase::DomainJoined | Phase::DeviceSetup => vec![case.setup_stalled()],
        Phase::AccountSetup => case.account_setup_stalled(&waited),
        Phase::Ready => Vec::new(),
    };
    for finding in &mut findings {
        // A warning while there was time is the cause when there is none left.
        if finding.is(&WATCH_WRONG_PROFILE) || finding.is(&WATCH_ANCHOR_MISSING) {
            finding.severity = Severity::Error;
        }
    }
    if let Some(first) = findings.first_mut() {
        let limit = SignedDuration::try_from(deadline.limit).unwrap_or(SignedDuration::MAX);
        first.evidence = format!("{}; the limit is {}, {}", first.evidence, spell(limit), deadline.source);
    }
    findings
}

impl Case<'_> {
    fn finding(&self, kind: &FindingKind, evidence: impl Into<String>) -> Finding {
        kind.at(self.snapshot.name(), evidence)
    }

    /// Describes the record of a failure: states, codes, and the service's text without people's names.
    fn record_evidence(&self) -> String {
        let Some(event) = self.snapshot.deployment() else {
            return "the registration says that the enrollment failed".to_owned();
        };
        let parts = [
            ("enrollment", event.enrollment_state.as_ref().map(ToString::to_string)),
            ("deployment", event.deployment_state.as_ref().map(ToString::to_string)),
            ("device setup", event.device_setup_status.as_ref().map(ToString::to_string)),
            ("account setup", event.account_setup_status.as_ref().map(ToString::to_string)),
        ];
        let mut said: Vec<String> = parts
            .into_iter()
            .filter_map(|(part, state)| Some((part, state.filter(|state| state != "unknown")?)))
            .map(|(part, state)| format!("{part}: {state}"))
            .collect();
        if let Some(details) = &event.enrollment_failure_details {
            said.push(format!("details: {}", excerpt(details.as_str(), 160)));
        }
        said.join(", ")
    }

    fn failed_deployment(&self, at: Phase, codes: &[ErrorCode]) -> Vec<Finding> {
        let mut record = self.record_evidence();
        // A limit that was reached is named by the phase that reached it.
        let timed_out = at >= Phase::DeviceSetup && codes.contains(&ErrorCode::TIMEOUT);
        if codes.contains(&ErrorCode::DOMAIN_JOIN) {
            return self.domain_join(&WATCH_DOMAIN_JOIN_FAILED, &record, Severity::Error);
        }
        let named = codes.iter().find_map(|code| Some((*code, code.known()?, kind_of(*code)?)));
        if let Some((code, known, kind)) = named.filter(|_| !timed_out) {
            return vec![self.finding(kind, format!("{code}, {}; {record}", known.meaning))];
        }
        // A code without one cause is named by the phase that failed, with its causes as possibilities.
        if let Some((code, known)) = codes.iter().find_map(|code| Some((*code, code.known()?))) {
            record = format!("{code}, {}; {record}", known.describe());
        }
        match self.phase {
            Phase::Enrolled | Phase::DomainJoined => {
                self.domain_join(&WATCH_DOMAIN_JOIN_FAILED, &record, Severity::Error)
            }
            Phase::DeviceSetup => vec![self.failed_setup(timed_out, &record)],
            Phase::AccountSetup | Phase::Ready if self.snapshot.hybrid.is_absent() => {
                let evidence = "the computer object is not in Entra ID, and account setup waits for it";
                vec![self.finding(&WATCH_NOT_SYNCED, format!("{evidence}; {record}"))]
            }
            Phase::AccountSetup | Phase::Ready if timed_out => {
                vec![self.finding(&WATCH_ACCOUNT_SETUP_TIMEOUT, record)]
            }
            Phase::AccountSetup | Phase::Ready => vec![self.finding(&WATCH_ACCOUNT_SETUP_FAILED, record)],
            Phase::Unregistered | Phase::Registered | Phase::ProfileAssigned => {
                vec![self.finding(&WATCH_ENROLLMENT_FAILED, record)]
            }
        }
    }

    fn failed_setup(&self, timed_out: bool, record: &str) -> Finding {
        let took = self
            .snapshot
            .deployment()
            .and_then(|event| event.device_setup_duration.or(event.deployment_duration))
            .filter(|took| !took.is_negative() && !took.is_zero());
        let limit = SignedDuration::try_from(self.expected.esp_limit()).unwrap_or(SignedDuration::MAX);
        match took {
            // The record rounds, and the page may give up a moment early.
            Some(took) if timed_out || took >= limit.saturating_sub(SignedDuration::from_mins(1)) => {
                let evidence = format!(
                    "device setup took {}, and the page waits {}; {record}",
                    spell(took),
                    spell(limit)
                );
                self.finding(&WATCH_DEVICE_SETUP_TIMEOUT, evidence)
            }
            None if timed_out => {
                let evidence = format!("{}, device setup took too long; {record}", ErrorCode::TIMEOUT);
                self.finding(&WATCH_DEVICE_SETUP_TIMEOUT, evidence)
            }
            _ => self.finding(&WATCH_DEVICE_SETUP_FAILED, record),
        }
    }

    /// Returns the causes of a failed or stalled domain join that Graph shows; a finding of `kind` if there are none.
    fn domain_join(&self, kind: &FindingKind, evidence: &str, severity: Severity) -> Vec<Finding> {
        let causes =
            [self.assigned_user(), self.missing_anchor(), self.connectors(), self.domain_join_profiles()];
        let mut causes: Vec<Finding> = causes.into_iter().flatten().collect();
        for cause in &mut causes {
            cause.evidence = format!("{}; {evidence}", cause.evidence);
        }
        if causes.is_empty() {
            causes.push(self.finding(kind, evidence));
        }
        causes.into_iter().map(|cause| cause.with_severity(severity)).collect()
    }

    fn assigned_user(&self) -> Option<Finding> {
        let is_assigned = self.snapshot.user_is_assigned() == Some(true);
        is_assigned.then(|| self.finding(&WATCH_USER_ASSIGNED, "a user is assigned to the device"))
    }

    fn missing_anchor(&self) -> Option<Finding> {
        self.snapshot.anchor.is_absent().then(|| {
            let evidence = "the Entra ID object of the registration does not exist";
            self.finding(&WATCH_ANCHOR_MISSING, evidence)
        })
    }

    fn connectors(&self) -> Option<Finding> {
        let connectors = self.snapshot.connectors.present()?;
        let active: Vec<_> = connectors
            .iter()
            .filter(|connector| connector.state.as_ref().is_none_or(|state| *state == ConnectorState::Active))
            .collect();
        if active.is_empty() {
            let evidence = match connectors.len() {
                0 => "there is no Intune Connector".to_owned(),
                count => format!("no Intune Connector is active, of {count}"),
            };
            return Some(self.finding(&WATCH_NO_CONNECTOR, evidence));
        }
        // A version that is not four numbers proves nothing.
        let versions: Option<Vec<ConnectorVersion>> =
            active.iter().map(|connector| connector.version.as_deref()?.parse().ok()).collect();
        let newest = versions?.into_iter().max()?;
        (newest < ConnectorVersion::MINIMUM).then(|| {
            let evidence = format!(
                "the newest active Intune Connector has version {newest}; it must be {} or later",
                ConnectorVersion::MINIMUM
            );
            self.finding(&WATCH_CONNECTOR_OUTDATED, evidence)
        })
    }

    fn domain_join_profiles(&self) -> Option<Finding> {
        let profiles = self.snapshot.domain_joins.present()?;
        Some(match profiles.as_slice() {
            [] => self
                .finding(&WATCH_NO_DOMAIN_JOIN_PROFILE, "no domain join profile is assigned to the device"),
            [one] => {
                let (name, problem) = (one.display_name.as_str(), one.problem.as_ref()?);
                let evidence = format!("domain join profile {name:?}: {problem}");
                self.finding(&WATCH_INVALID_DOMAIN_JOIN_PROFILE, evidence)
            }
            several => {
                let names: Vec<&str> = several.iter().map(|profile| profile.display_name.as_str()).collect();
                let evidence =
                    format!("the device gets {} domain join profiles: {}", several.len(), names.join(", "));
                self.finding(&WATCH_SEVERAL_DOMAIN_JOIN_PROFILES, evidence)
            }
        })
    }

    /// Returns the problems to solve before the device is switched on.
    fn before_power_on(&self) -> Vec<Finding> {
        let mut findings = Vec::from_iter(self.assigned_user());
        // The object of a new registration takes a while to show, and is there before a profile is.
        if self.phase >= Phase::ProfileAssigned || self.is_overdue {
            findings.extend(self.missing_anchor());
        }
        findings.iter_mut().for_each(|finding| finding.severity = Severity::Warning);
        findings.extend(self.wrong_profile());
        let Some(identity) = self.snapshot.identity.present() else { return findings };
        if identity.remediation_state == Some(RemediationState::AutomaticRemediationRequired) {
            let evidence = "the service repairs the registration";
            findings.push(self.finding(&WATCH_REGISTRATION_IN_REPAIR, evidence));
        }
        findings.extend(self.reset_or_deleted());
        findings
    }

    fn wrong_profile(&self) -> Option<Finding> {
        let found = self.snapshot.profile.present()?;
        let name = found.display_name.as_deref().unwrap_or(found.id.as_str());
        let other_join = found.odata_type.as_deref().is_some_and(|kind| {
            kind.to_ascii_lowercase().ends_with(".azureadwindowsautopilotdeploymentprofile")
        });
        if other_join {
            let evidence = format!("its profile is {name:?}, which joins Entra ID and not Active Directory");
            return Some(self.finding(&WATCH_WRONG_PROFILE, evidence));
        }
        let other = self.expected.profile.as_ref().is_some_and(|wanted| wanted.as_str() != found.id.as_str());
        other.then(|| {
            let evidence = format!("its profile is {name:?}, and not the expected one");
            self.finding(&WATCH_WRONG_PROFILE, evidence)
        })
    }

    /// Returns findings about a device that needs a reset or has left Intune.
    fn reset_or_deleted(&self) -> Vec<Finding> {
        let state = self.snapshot.identity.present().and_then(|identity| identity.enrollment_state.as_ref());
        let mut findings = Vec::new();
        if state == Some(&EnrollmentState::PendingReset) {
            let evidence = "it enrolled with a profile other than the one that is assigned now";
            findings.push(self.finding(&WATCH_ENROLLED_WITH_ANOTHER_PROFILE, evidence));
        }
        findings.extend(self.left_management());
        findings
    }

    fn left_management(&self) -> Option<Finding> {
        let has_left = self.snapshot.has_left_management();
        has_left.then(|| self.finding(&WATCH_LEFT_MANAGEMENT, "Intune managed it and no longer does"))
    }

    fn setup_stalled(&self) -> Finding {
        let limit = SignedDuration::try_from(self.expected.esp_limit()).unwrap_or(SignedDuration::MAX);
        let evidence = format!(
            "in {} for {}; the enrollment status page waits for {} at most",
            self.phase,
            spell(self.now.duration_since(self.since)),
            spell(limit)
        );
        self.finding(&WATCH_DEVICE_SETUP_STALLED, evidence)
    }

    fn account_setup_stalled(&self, waited: &str) -> Vec<Finding> {
        if matches!(self.record, Record::Succeeded(_)) {
            return vec![self.not_synced()];
        }
        if self.snapshot.user_has_signed_in() {
            let evidence = format!(
                "a user has signed in to the hybrid joined device, and the record of the deployment has had no \
                    end for {waited}"
            );
            return vec![self.finding(&WATCH_RECORD_INCOMPLETE, evidence)];
        }
        let sync = match &self.snapshot.hybrid {
            Lookup::Absent => "its computer object is not in Entra ID",
            Lookup::Present(_) => "its computer object is in Entra ID",
            Lookup::Unknown => "whether its computer object is in Entra ID could not be read",
        };
        vec![self.finding(&WATCH_ACCOUNT_SETUP_STALLED, format!("in account setup for {waited}; {sync}"))]
    }

    fn not_synced(&self) -> Finding {
        let evidence = match &self.snapshot.hybrid {
            Lookup::Unknown => {
                "the deployment is done; whether the computer object is in Entra ID could not be read"
            }
            _ => "the deployment is done, and the computer object is not in Entra ID yet",
        };
        self.finding(&WATCH_NOT_SYNCED, evidence)
    }

    /// Returns the problems of a ready device.
    fn blemishes(&self) -> Vec<Finding> {
        self.deployment_blemish().into_iter().chain(self.needs_repair()).collect()
    }

    /// Returns a warning if the registration no longer matches the device, whose next deployment will fail.
    fn needs_repair(&self) -> Option<Finding> {
        let state = self.snapshot.identity.present()?.remediation_state.as_ref();
        let evidence = "the service cannot repair the registration, as after a new motherboard";
        (state == Some(&RemediationState::ManualRemediationRequired)).then(|| {
            self.finding(&WATCH_REGISTRATION_NEEDS_REPAIR, evidence).with_severity(Severity::Warning)
        })
    }

    fn deployment_blemish(&self) -> Option<Finding> {
        let (kind, what) = match self.record {
            Record::WentOn(at) => {
                (&WATCH_WENT_ON_AFTER_FAILURE, format!("{at} failed, and the user continued"))
            }
            Record::Succeeded(DeploymentState::SuccessWithTimeout) => {
                (&WATCH_DONE_AFTER_TIMEOUT, "a part timed out".to_owned())
            }
            Record::Succeeded(DeploymentState::SuccessOnRetry) => {
                (&WATCH_DONE_ON_RETRY, "done after the user tried again".to_owned())
            }
            _ => return None,
        };
        Some(self.finding(kind, format!("{what}; {}", self.record_evidence())))
    }
}
