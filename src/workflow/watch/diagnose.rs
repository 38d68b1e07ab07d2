//! What is wrong with a device, by the evidence, and what to do.

use jiff::{SignedDuration, Timestamp};

use super::catalogue::{ANCHOR_MISSING, ErrorCode, ON_PREMISES};
use super::evidence::{DeviceEvidence, Expectation, Seen};
use super::phase::Phase;
use super::record::Record;
use super::state::{later, spell};
use crate::error::excerpt;
use crate::model::{
    ConnectorState, ConnectorVersion, DeploymentState, EnrollmentState, Finding,
    ProfileAssignmentDetailedStatus, ProfileAssignmentStatus, RemediationState, Severity,
};

/// A device to be diagnosed.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) evidence: &'a DeviceEvidence,
    pub(super) expected: &'a Expectation,
    pub(super) record: &'a Record,
    pub(super) phase: Phase,
    pub(super) since: Timestamp,
    pub(super) now: Timestamp,
}

const UNASSIGN: &str = "take the user off the device, wait until the profile is assigned, reset the device and start again: \
    the first sign-in of an assigned user joins Entra ID alone";

const WRONG_PROFILE: &str = "take the device out of the groups that the other profile is assigned to: of several, a device \
    gets the profile that was created first";

const SYNC: &str = "check that Entra Connect runs, and that its scope has the organizational unit of the computer; the policy \
    SkipUserStatusPage keeps account setup from waiting for it";

/// Why the device will not go on by itself; nothing if it still may. The likeliest cause comes first.
pub(super) fn failures(case: &Case<'_>) -> Vec<Finding> {
    let identity = case.evidence.identity.get();
    match case.record {
        Record::Failed { at, codes } => return case.failed_deployment(*at, codes),
        Record::OtherWay(way) => {
            let mut causes = case.assigned_user(Severity::Error);
            causes.push(case.error(
                "watch.not-hybrid-joined",
                format!("it enrolled as {way}: it will not join the domain"),
                "check that the profile that the device gets is for hybrid join, and that no user is assigned; reset the device and start again",
            ));
            return causes;
        }
        Record::Open | Record::Succeeded(_) | Record::WentOn(_) => {}
    }
    if case.phase > Phase::ProfileAssigned {
        return Vec::new();
    }
    let Some(identity) = identity else { return Vec::new() };
    if identity.enrollment_state == Some(EnrollmentState::Blocked) {
        return vec![case.error(
            "watch.enrollment-blocked",
            "the registration is blocked from enrolling again",
            "unblock the device with allowNextEnrollment",
        )];
    }
    if identity.remediation_state == Some(RemediationState::ManualRemediationRequired) {
        return vec![case.error(
            "watch.registration-needs-repair",
            "the service cannot repair the registration, as after a new motherboard",
            "delete the registration, take the hardware hash again and import it",
        )];
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
            _ => "take the device out of the group and put it back; if that does not help, register it again",
        };
        let detail = detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"));
        return vec![case.error(
            "watch.profile-assignment-failed",
            format!("the profile could not be assigned{detail}"),
            remedy,
        )];
    }
    Vec::new()
}

/// What is not in order with a device that may still go on, or that is ready.
pub(super) fn warnings(case: &Case<'_>) -> Vec<Finding> {
    let waited = case.now.duration_since(case.since);
    match case.phase {
        Phase::Ready => case.blemishes(),
        Phase::Unregistered => Vec::new(),
        Phase::Registered | Phase::ProfileAssigned => case.before_power_on(),
        Phase::Enrolled if case.now >= later(case.since, case.expected.enroll_and_join) => {
            let evidence = format!("enrolled {} ago, and no sign of the domain join", spell(waited));
            case.domain_join("watch.domain-join-stalled", &evidence, Severity::Warning)
        }
        Phase::DomainJoined | Phase::DeviceSetup
            if case.now >= later(case.since, case.expected.esp_limit()) =>
        {
            vec![case.setup_stalled(Severity::Warning)]
        }
        Phase::AccountSetup if matches!(case.record, Record::Succeeded(_)) => {
            vec![case.not_synced(Severity::Info)]
        }
        _ => case.reset_or_deleted(),
    }
}

/// Why the device has taken too long.
pub(super) fn overdue(case: &Case<'_>) -> Vec<Finding> {
    let waited = spell(case.now.duration_since(case.since));
    let mut findings = match case.phase {
        Phase::Unregistered => {
            let evidence = match case.evidence.identity {
                Seen::Unread => "whether it is registered could not be read".to_owned(),
                _ => format!(
                    "it is not among the registered devices after {}",
                    spell(case.now.duration_since(case.evidence.watched_since))
                ),
            };
            vec![case.error(
                "watch.not-registered",
                evidence,
                "see how the import of the device ended, and start a sync; import the device again if it is gone",
            )]
        }
        Phase::Registered => {
            let mut findings = case.before_power_on();
            findings.retain(|finding| finding.id != "watch.user-assigned");
            if !findings.iter().any(|finding| finding.id == "watch.wrong-profile") {
                let status = case.evidence.identity.get().and_then(|identity| {
                    identity.deployment_profile_assignment_status.as_ref().map(ToString::to_string)
                });
                findings.push(case.error(
                    "watch.profile-not-assigned",
                    format!(
                        "no profile after {}; status {}",
                        spell(case.now.duration_since(case.evidence.watched_since)),
                        status.as_deref().unwrap_or("not reported")
                    ),
                    "check that the device is in the group that the profile is assigned to: its group tag, the group's rule, and whether its Entra ID object is there",
                ));
            }
            findings
        }
        Phase::ProfileAssigned => {
            let mut findings = vec![match case.evidence.contact() {
                Some(contact) => case.error(
                    "watch.did-not-enroll",
                    format!("it was in touch {} ago, and did not enroll", spell(case.now.duration_since(contact))),
                    "check that the user who signs in is in the MDM user scope and has a sign-in name in a verified domain (0x8018002b), and that conditional access lets Microsoft Intune Enrollment through",
                ),
                None => case.finding(
                    "watch.not-switched-on",
                    Severity::Warning,
                    format!("it has the profile, and nothing was heard of it for {waited}"),
                    "switch the device on and connect it; if it is on, restart it, so that it fetches its profile again",
                ),
            }];
            findings.extend(case.before_power_on());
            findings
        }
        Phase::Enrolled => {
            let evidence = format!("enrolled {waited} ago, and no sign of the domain join");
            case.domain_join("watch.domain-join-stalled", &evidence, Severity::Error)
        }
        Phase::DomainJoined | Phase::DeviceSetup => vec![case.setup_stalled(Severity::Error)],
        Phase::AccountSetup => case.account_setup_stalled(&waited),
        Phase::Ready => Vec::new(),
    };
    for finding in &mut findings {
        // What was a warning while there was time is why there is none left.
        if finding.id == "watch.wrong-profile" || finding.id == "watch.anchor-missing" {
            finding.severity = Severity::Error;
        }
    }
    findings
}

impl Case<'_> {
    fn finding(
        &self,
        id: &'static str,
        severity: Severity,
        evidence: impl Into<String>,
        remedy: &'static str,
    ) -> Finding {
        Finding::new(id, severity, self.evidence.name(), evidence, remedy)
    }

    fn error(&self, id: &'static str, evidence: impl Into<String>, remedy: &'static str) -> Finding {
        self.finding(id, Severity::Error, evidence, remedy)
    }

    /// What the record says of the failure: states, codes, and the service's own words as far as they name nobody.
    fn record_evidence(&self) -> String {
        let Some(event) = self.evidence.deployment() else {
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
            said.push(format!("details: {}", excerpt(details, 160)));
        }
        said.join(", ")
    }

    fn failed_deployment(&self, at: Phase, codes: &[ErrorCode]) -> Vec<Finding> {
        let record = self.record_evidence();
        let known: Vec<_> = codes.iter().filter_map(|code| Some((*code, code.known()?))).collect();
        // A limit that was reached is named by the phase that reached it.
        let timed_out = at >= Phase::DeviceSetup && codes.contains(&ErrorCode::TIMEOUT);
        if codes.contains(&ErrorCode::DOMAIN_JOIN) {
            return self.domain_join("watch.domain-join-failed", &record, Severity::Error);
        }
        if let Some((code, known)) = known.first().filter(|_| !timed_out) {
            return vec![self.error(known.id, format!("{code}, {}; {record}", known.meaning), known.remedy)];
        }
        match self.phase {
            Phase::Enrolled | Phase::DomainJoined => {
                self.domain_join("watch.domain-join-failed", &record, Severity::Error)
            }
            Phase::DeviceSetup => vec![self.failed_setup(timed_out, &record)],
            Phase::AccountSetup | Phase::Ready if self.evidence.hybrid.is_missing() => vec![self.error(
                "watch.not-synced",
                format!("the computer object is not in Entra ID, and account setup waits for it; {record}"),
                SYNC,
            )],
            Phase::AccountSetup | Phase::Ready => vec![self.error(
                if timed_out { "watch.account-setup-timeout" } else { "watch.account-setup-failed" },
                record,
                "let the user sign in and try again; the device shows which app or policy was not done; the policy SkipUserStatusPage leaves account setup out",
            )],
            Phase::Unregistered | Phase::Registered | Phase::ProfileAssigned => vec![self.error(
                "watch.enrollment-failed",
                record,
                "check the user's licence and MDM scope, the enrollment restrictions and conditional access; the device shows an error code, which says more",
            )],
        }
    }

    fn failed_setup(&self, timed_out: bool, record: &str) -> Finding {
        let took = self
            .evidence
            .deployment()
            .and_then(|event| event.device_setup_duration.or(event.deployment_duration))
            .filter(|took| !took.is_negative() && !took.is_zero());
        let limit = SignedDuration::try_from(self.expected.esp_limit()).unwrap_or(SignedDuration::MAX);
        let fewer = "give the enrollment status page more time, or fewer apps to wait for; the device shows which one was not done";
        match took {
            // The record rounds, and the page may give up a moment early.
            Some(took) if timed_out || took >= limit.saturating_sub(SignedDuration::from_mins(1)) => self.error(
                "watch.device-setup-timeout",
                format!("device setup took {}, and the page waits {}; {record}", spell(took), spell(limit)),
                fewer,
            ),
            None if timed_out => {
                let evidence = format!("{}, device setup took too long; {record}", ErrorCode::TIMEOUT);
                self.error("watch.device-setup-timeout", evidence, fewer)
            }
            _ => self.error(
                "watch.device-setup-failed",
                record,
                "see which app or policy failed: the device shows it, and so does the app's installation status in Intune; Graph does not name it for a deployment",
            ),
        }
    }

    /// Why a domain join does not come about: what Graph shows of it, or where to look.
    fn domain_join(&self, id: &'static str, evidence: &str, severity: Severity) -> Vec<Finding> {
        let mut causes = self.assigned_user(severity);
        causes.extend(self.missing_anchor(severity));
        causes.extend(self.connectors(severity));
        causes.extend(self.domain_join_profiles(severity));
        for cause in &mut causes {
            cause.evidence = format!("{}; {evidence}", cause.evidence);
        }
        if causes.is_empty() {
            causes.push(self.finding(id, severity, evidence, ON_PREMISES));
        }
        causes
    }

    fn assigned_user(&self, severity: Severity) -> Vec<Finding> {
        match self.evidence.user_is_assigned() {
            Some(true) => {
                vec![self.finding(
                    "watch.user-assigned",
                    severity,
                    "a user is assigned to the device",
                    UNASSIGN,
                )]
            }
            Some(false) | None => Vec::new(),
        }
    }

    fn missing_anchor(&self, severity: Severity) -> Option<Finding> {
        self.evidence.anchor.is_missing().then(|| {
            let evidence = "the Entra ID object that the registration made is not there";
            self.finding("watch.anchor-missing", severity, evidence, ANCHOR_MISSING)
        })
    }

    fn connectors(&self, severity: Severity) -> Option<Finding> {
        let connectors = self.evidence.connectors.get()?;
        let active: Vec<_> = connectors
            .iter()
            .filter(|connector| connector.state.as_ref().is_none_or(|state| *state == ConnectorState::Active))
            .collect();
        if active.is_empty() {
            let evidence = match connectors.len() {
                0 => "there is no Intune Connector".to_owned(),
                count => format!("no Intune Connector is active, of {count}"),
            };
            return Some(self.finding(
                "watch.no-connector",
                severity,
                evidence,
                "start the service of the Intune Connector for Active Directory on its server, or install one in the domain; then restart the device's setup",
            ));
        }
        // A version that is not four numbers proves nothing.
        let versions: Option<Vec<ConnectorVersion>> =
            active.iter().map(|connector| connector.version.as_deref()?.parse().ok()).collect();
        let newest = versions?.into_iter().max()?;
        (newest < ConnectorVersion::MINIMUM).then(|| {
            self.finding(
                "watch.connector-outdated",
                severity,
                format!(
                    "the newest active Intune Connector has version {newest}; it must be {} or later",
                    ConnectorVersion::MINIMUM
                ),
                "uninstall the connector and install the current one: old versions no longer process requests",
            )
        })
    }

    fn domain_join_profiles(&self, severity: Severity) -> Option<Finding> {
        let profiles = self.evidence.domain_joins.get()?;
        match profiles.as_slice() {
            [] => Some(self.finding(
                "watch.no-domain-join-profile",
                severity,
                "no domain join profile is assigned to the device",
                "assign the domain join profile to all devices, or to a group that the device's Entra ID object is in",
            )),
            [one] => one.problem.as_ref().map(|problem| {
                self.finding(
                    "watch.invalid-domain-join-profile",
                    severity,
                    format!("domain join profile {:?}: {problem}", one.display_name.as_str()),
                    "correct the domain join profile; a container cannot be named as organizational unit: for the default one leave it empty",
                )
            }),
            several => {
                let names: Vec<&str> = several.iter().map(|profile| profile.display_name.as_str()).collect();
                Some(self.finding(
                    "watch.several-domain-join-profiles",
                    severity,
                    format!("the device gets {} domain join profiles: {}", several.len(), names.join(", ")),
                    "leave one domain join profile assigned to the device",
                ))
            }
        }
    }

    /// What should be put right before the device is switched on.
    fn before_power_on(&self) -> Vec<Finding> {
        let mut findings = self.assigned_user(Severity::Warning);
        // A new registration's object takes a while to show.
        if self.now >= later(self.evidence.watched_since, SETTLING) {
            findings.extend(self.missing_anchor(Severity::Warning));
        }
        findings.extend(self.wrong_profile());
        let Some(identity) = self.evidence.identity.get() else { return findings };
        if identity.remediation_state == Some(RemediationState::AutomaticRemediationRequired) {
            findings.push(self.finding(
                "watch.registration-in-repair",
                Severity::Warning,
                "the service repairs the registration",
                "wait; do not switch the device on before it is done",
            ));
        }
        findings.extend(self.reset_or_deleted());
        findings
    }

    fn wrong_profile(&self) -> Option<Finding> {
        let found = self.evidence.profile.get()?;
        let name = found.display_name.as_deref().unwrap_or(found.id.as_str());
        let other_join = found.odata_type.as_deref().is_some_and(|kind| {
            kind.to_ascii_lowercase().ends_with(".azureadwindowsautopilotdeploymentprofile")
        });
        if other_join {
            let evidence = format!("its profile is {name:?}, which joins Entra ID and not Active Directory");
            return Some(self.finding("watch.wrong-profile", Severity::Warning, evidence, WRONG_PROFILE));
        }
        let other = self.expected.profile.as_ref().is_some_and(|wanted| wanted.as_str() != found.id.as_str());
        other.then(|| {
            let evidence = format!("its profile is {name:?}, and not the one that was meant for it");
            self.finding("watch.wrong-profile", Severity::Warning, evidence, WRONG_PROFILE)
        })
    }

    /// What happened besides the deployment that is expected.
    fn reset_or_deleted(&self) -> Vec<Finding> {
        let state = self.evidence.identity.get().and_then(|identity| identity.enrollment_state.as_ref());
        let mut findings = Vec::new();
        if state == Some(&EnrollmentState::PendingReset) {
            findings.push(self.finding(
                "watch.enrolled-with-another-profile",
                Severity::Warning,
                "it enrolled with another profile than the one that is assigned now",
                "reset the device and set it up again: a profile does not reach a device that is enrolled",
            ));
        }
        if self.evidence.managed_device.is_missing()
            && self.evidence.first_seen.contains_key(&Phase::Enrolled)
        {
            findings.push(self.finding(
                "watch.left-management",
                Severity::Warning,
                "Intune managed it, and does so no more",
                "if nobody deleted it there on purpose, reset the device and set it up again",
            ));
        }
        findings
    }

    fn setup_stalled(&self, severity: Severity) -> Finding {
        let limit = SignedDuration::try_from(self.expected.esp_limit()).unwrap_or(SignedDuration::MAX);
        let evidence = format!(
            "in {} for {}; the enrollment status page waits for {} at most",
            self.phase,
            spell(self.now.duration_since(self.since)),
            spell(limit)
        );
        self.finding(
            "watch.device-setup-stalled",
            severity,
            evidence,
            "look at the device: what it installs, whether it asks for a sign-in, whether it is on; the record of a deployment that takes more than an hour may stay incomplete",
        )
    }

    fn account_setup_stalled(&self, waited: &str) -> Vec<Finding> {
        if matches!(self.record, Record::Succeeded(_)) {
            return vec![self.not_synced(Severity::Error)];
        }
        if self.evidence.user_has_signed_in() {
            let evidence = format!(
                "a user has signed in to the hybrid joined device, and the record of the deployment has said nothing of its end for {waited}"
            );
            return vec![self.finding(
                "watch.record-incomplete",
                Severity::Warning,
                evidence,
                "ask the user: the record of a deployment that takes more than an hour may stay incomplete",
            )];
        }
        let sync = match &self.evidence.hybrid {
            Seen::Missing => "its computer object is not in Entra ID",
            Seen::There(_) => "its computer object is in Entra ID",
            Seen::Unread => "whether its computer object is in Entra ID could not be read",
        };
        vec![self.error(
            "watch.account-setup-stalled",
            format!("in account setup for {waited}; {sync}"),
            "sign in to the device; check that Entra Connect syncs the organizational unit, which it does every 30 minutes; the policy SkipUserStatusPage leaves account setup out",
        )]
    }

    fn not_synced(&self, severity: Severity) -> Finding {
        let evidence = match &self.evidence.hybrid {
            Seen::Unread => {
                "the deployment is done; whether the computer object is in Entra ID could not be read"
            }
            _ => "the deployment is done, and the computer object is not in Entra ID yet",
        };
        let remedy = match severity {
            Severity::Error => SYNC,
            _ => "wait for the next run of Entra Connect, which comes every 30 minutes",
        };
        self.finding("watch.not-synced", severity, evidence, remedy)
    }

    /// What did not go smoothly with a device that is ready.
    fn blemishes(&self) -> Vec<Finding> {
        match self.record {
            Record::WentOn(at) => vec![self.finding(
                "watch.went-on-after-failure",
                Severity::Warning,
                format!("{at} failed, and the user went on; {}", self.record_evidence()),
                "see which app or policy is missing on the device",
            )],
            Record::Succeeded(DeploymentState::SuccessWithTimeout) => vec![self.finding(
                "watch.done-after-timeout",
                Severity::Warning,
                format!("a part ran out of time; {}", self.record_evidence()),
                "see whether all apps arrived; give the enrollment status page more time",
            )],
            Record::Succeeded(DeploymentState::SuccessOnRetry) => vec![self.finding(
                "watch.done-on-retry",
                Severity::Info,
                format!("done after the user tried again; {}", self.record_evidence()),
                "nothing, unless it happens to many devices",
            )],
            _ => Vec::new(),
        }
    }
}

/// How long a new registration's object may take to show.
const SETTLING: std::time::Duration = std::time::Duration::from_secs(10 * 60);
