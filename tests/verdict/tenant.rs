//! The failures of the simulated tenant: evidence and watch agree.

#[path = "../../examples/support/fleet.rs"]
#[allow(dead_code, reason = "shared with the examples")]
mod fleet;

use std::collections::BTreeSet;

use fleet::{Flaw, Fleet};
use windows_autopilot::evidence::{Options, VerdictOutcome, diagnose};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::watch::{DeploymentOutcome, Watch};

use crate::bundle::Files;

/// The cause in the evidence; none if the device did not come far enough to know.
fn expected(flaw: Flaw) -> Option<&'static [&'static str]> {
    Some(match flaw {
        Flaw::NoProfile => &["evidence.no-profile"],
        Flaw::NotSwitchedOn => return None,
        Flaw::NotInScope => &["evidence.not-in-mdm-scope"],
        Flaw::NoLicense => &["evidence.no-license"],
        Flaw::UserAssigned => &["evidence.user-assigned"],
        Flaw::AnchorDeleted => &["evidence.anchor-missing"],
        Flaw::NoDomainJoinProfile | Flaw::TwoDomainJoinProfiles => &["evidence.no-request"],
        Flaw::Container => &["evidence.connector-failed"],
        Flaw::NoRight => &["evidence.no-right-on-unit"],
        Flaw::NoDomainController => &["evidence.no-domain-controller"],
        Flaw::SlowApp => &["evidence.device-page-timed-out"],
    })
}

#[tokio::test]
async fn for_every_failure_of_the_simulated_tenant_evidence_and_watch_agree() {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let fleet = Fleet::new(&client, &tenant, 64).await.unwrap();
    fleet.switch_on(&tenant, &clock).await;
    let before =
        Watch::new(&client, fleet.watched()).with_expectation(fleet.expected.clone()).start().await.unwrap();
    let mut watch = Watch::new(&client, fleet.watched()).with_expectation(fleet.expected.clone());
    let mut seen = BTreeSet::new();
    for member in &fleet.members {
        let Some(story) = tenant.device_story(&member.serial) else { continue };
        let verdict = diagnose(&Files::of(&story).in_memory().read(), &Options::default());
        let cause = verdict.cause().map(|of| of.finding.id.as_ref());
        match member.flaw {
            None => {
                let is_ready = before
                    .devices
                    .iter()
                    .any(|device| device.id == member.id && device.state.outcome == DeploymentOutcome::Ready);
                assert_eq!(cause, None, "{}:\n{verdict}", member.serial);
                assert_eq!(
                    verdict.outcome() == VerdictOutcome::Healthy,
                    is_ready,
                    "{}:\n{verdict}",
                    member.serial
                );
            }
            Some(flaw) => {
                let causes = expected(flaw).unwrap_or_default();
                assert!(cause.is_some_and(|cause| causes.contains(&cause)), "{flaw:?}: {cause:?}\n{verdict}");
                seen.insert(format!("{flaw:?}"));
            }
        }
        watch = watch.with_evidence(&member.id, &verdict);
    }
    assert_eq!(seen.len(), 10, "all that were switched on: {seen:?}");
    let after = watch.start().await.unwrap();
    for (member, (before, after)) in fleet.members.iter().zip(before.devices.iter().zip(&after.devices)) {
        assert_eq!(before.state.outcome, after.state.outcome, "{}", member.serial);
        let of_flaw = member.flaw.filter(|flaw| seen.contains(&format!("{flaw:?}")));
        let Some(causes) = of_flaw.and_then(expected) else { continue };
        let findings: Vec<&str> = after.state.findings.iter().map(|finding| finding.id.as_ref()).collect();
        assert!(findings.iter().any(|id| causes.contains(id)), "{:?}: {findings:?}", member.flaw);
        let unexplained = ["watch.domain-join-failed", "watch.domain-join-stalled"];
        assert!(!findings.iter().any(|id| unexplained.contains(id)), "{:?}: {findings:?}", member.flaw);
    }
    let page = after.to_html();
    assert!(page.contains("no domain controller responded"), "the report shows the cause");
}
