//! Joins Graph's findings with the causes in a device's own evidence.

use jiff::Timestamp;

use super::evidence::DeviceSnapshot;
use super::findings::*;
use super::phase::DeploymentOutcome;
use crate::model::{Finding, FindingKind, Severity};

/// Kinds that report a failure without its cause, which a cause replaces.
const WITHOUT_CAUSE: &[FindingKind] = &[
    WATCH_DOMAIN_JOIN_FAILED,
    WATCH_DOMAIN_JOIN_STALLED,
    WATCH_ENROLLMENT_FAILED,
    WATCH_DID_NOT_ENROLL,
    WATCH_DEVICE_SETUP_FAILED,
    WATCH_DEVICE_SETUP_STALLED,
    WATCH_ACCOUNT_SETUP_FAILED,
    WATCH_ACCOUNT_SETUP_STALLED,
    WATCH_TIMED_OUT,
];

/// Joins Graph's findings with the causes in the evidence, proven ones first.
pub(super) fn join(
    snapshot: &DeviceSnapshot,
    enrolled: Option<Timestamp>,
    outcome: DeploymentOutcome,
    mut findings: Vec<Finding>,
) -> Vec<Finding> {
    let Some(evidence) = snapshot.device_evidence.as_ref().filter(|_| outcome != DeploymentOutcome::Ready)
    else {
        return findings;
    };
    let managed = snapshot.managed_device.present().map(|managed| managed.id.as_str());
    let is_other = managed
        .zip(evidence.managed_device_id.as_deref())
        .is_some_and(|(id, of)| !id.eq_ignore_ascii_case(of));
    let is_earlier = evidence.until.zip(enrolled).is_some_and(|(until, enrolled)| until < enrolled);
    if is_other || is_earlier {
        let text = if is_other {
            "the evidence has a different id in Intune from the device's"
        } else {
            "the logs of the evidence end before the device enrolled"
        };
        findings.push(WATCH_EVIDENCE_NOT_OF_DEPLOYMENT.at(snapshot.name(), text));
        return findings;
    }
    if evidence.proven.is_empty() && evidence.likely.is_empty() {
        return findings;
    }
    findings.retain(|finding| !WITHOUT_CAUSE.iter().any(|kind| finding.is(kind)));
    let of_device = |finding: &Finding| {
        let mut finding = finding.clone();
        finding.place = snapshot.name().to_owned();
        if outcome == DeploymentOutcome::InProgress {
            finding.severity = finding.severity.min(Severity::Warning);
        }
        finding
    };
    let proven = evidence.proven.iter().map(of_device);
    proven.chain(findings).chain(evidence.likely.iter().map(of_device)).collect()
}
