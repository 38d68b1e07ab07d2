//! Rules of the environment: rows 83, 86, 87 and 89. They contribute to causes, but none is one by itself.

use jiff::SignedDuration;

use super::rule::Mark::{Documented, Tool, Unverified};
use super::rule::{Match, Rule};
use crate::codes::ErrorCode;
use crate::evidence::case::Case;
use crate::evidence::chain::{exit_code, registration_failures};
use crate::evidence::event::Provider;
use crate::evidence::findings::*;
use crate::evidence::proof::LinkKind::{DomainControllerReached, Profile, Registration};
use crate::evidence::proof::Strength::{Hint, Strong};
use crate::evidence::proof::{Proof, Strength};
use crate::evidence::side::Side;

/// The clock skew that Kerberos refuses.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

pub(super) const RULES: &[Rule] = &[
    Rule::new("83", EVIDENCE_CLOCK_BREAKS_TLS, Registration, Strong, Documented, |case| {
        let tls = [0xcaa8_2f8f, 0x8007_2f8f];
        let failures = registration_failures(case);
        let failures =
            failures.iter().filter(|hit| exit_code(hit.fact).is_some_and(|code| tls.contains(&code)));
        let mut proof: Vec<Proof> = failures
            .filter_map(|hit| {
                let code = ErrorCode(exit_code(hit.fact)?);
                Some(case.proof(hit, format!("event {}: {code}", hit.fact.id)))
            })
            .collect();
        let skew = skew(case);
        if proof.is_empty() || skew.is_empty() {
            return None;
        }
        proof.extend(skew);
        Some(Match::new("certificates were refused, and the clock was wrong by five minutes or more", proof))
    }),
    Rule::new("83", EVIDENCE_CLOCK, DomainControllerReached, Hint, Documented, |case| {
        Match::of("the clock of the device was wrong by five minutes or more", skew(case))
    })
    .overcome_by(Registration),
    Rule::new("86", EVIDENCE_SLEPT, DomainControllerReached, Hint, Tool, slept).overcome_by(Registration),
    Rule::new("87", EVIDENCE_PROXY, Profile, Hint, Tool, |case| {
        let key = r"currentversion\internet settings";
        let set =
            [case.registry(key, "ProxyServer"), case.registry(key, "AutoConfigURL")].into_iter().flatten();
        let proof: Vec<Proof> = set
            .filter(|hit| hit.fact.data.text().is_some_and(|text| !text.trim().is_empty()))
            .map(|hit| case.proof(&hit, format!("{} is set", hit.fact.name)))
            .collect();
        let failures = case.md(&[706, 707, 710]);
        let failed = failures.iter().map(|hit| case.event_proof(hit, "a download failed"));
        (!proof.is_empty() && !failures.is_empty()).then(|| {
            Match::new(
                "the device has a proxy, and downloads failed",
                proof.into_iter().chain(failed).collect(),
            )
        })
    }),
    Rule::new("89", EVIDENCE_DOMAIN_CONTROLLER_SIGNS, DomainControllerReached, Strong, Unverified, |case| {
        let signs = [
            (Provider::Kerberos, &[4_u32, 7, 14][..]),
            (Provider::Netlogon, &[5719]),
            (Provider::Lsa, &[40960, 40961]),
            (Provider::GroupPolicy, &[1129]),
        ];
        let mut proof = Vec::new();
        for (provider, ids) in &signs {
            let events = case.events(Side::Device, provider, ids);
            proof.extend(events.iter().map(|hit| case.event_proof(hit, provider.name())));
        }
        Match::of("Windows reports that it found no domain controller, or that Kerberos failed", proof)
    })
    .overcome_by(Registration),
];

/// Returns the signs of a clock that was wrong by five minutes or more.
pub(super) fn skew(case: &Case<'_>) -> Vec<Proof> {
    let mut proof = Vec::new();
    for hit in case.md(&[752, 753]) {
        proof.push(case.event_proof(&hit, "the clock is too far off"));
    }
    for hit in case.events(Side::Device, &Provider::TimeService, &[34, 52]) {
        let seconds =
            hit.fact.fields.get("TimeOffsetSeconds").and_then(|text| text.trim().parse::<i64>().ok());
        if seconds.is_none_or(|seconds| seconds.unsigned_abs() >= SKEW.as_secs().unsigned_abs()) {
            proof.push(case.event_proof(&hit, "the clock was set by more than five minutes"));
        }
    }
    for step in case.steps.iter().filter(|step| step.side == Side::Device && step.offset().abs() >= SKEW) {
        let Some(hit) = case.event_at(step.observation) else { continue };
        proof.push(case.event_proof(&hit, &format!("the clock was set by {} s", step.offset().as_secs())));
    }
    proof
}

/// The least sleep that matters.
const LONG_SLEEP: SignedDuration = SignedDuration::from_mins(5);

fn slept(case: &Case<'_>) -> Option<Match> {
    let failures = case.join_failures();
    let (from, until) = (case.wait()?.at?, failures.last()?.at?);
    let in_wait = |at: Option<jiff::Timestamp>| at.is_some_and(|at| from <= at && at <= until);
    let mut proof = Vec::new();
    for hit in case.events(Side::Device, &Provider::PowerTroubleshooter, &[1]) {
        let time = |name: &str| hit.fact.fields.get(name)?.trim().parse::<jiff::Timestamp>().ok();
        let slept = time("SleepTime").zip(time("WakeTime")).map(|(sleep, wake)| wake.duration_since(sleep));
        if in_wait(hit.at) && slept.is_none_or(|slept| slept >= LONG_SLEEP) {
            proof.push(case.event_proof(&hit, "the device woke from sleep"));
        }
    }
    let standby = case.events(Side::Device, &Provider::KernelPower, &[506, 507]);
    for pair in standby.windows(2) {
        let [sleep, wake] = pair else { continue };
        let slept = sleep.at.zip(wake.at).map(|(sleep, wake)| wake.duration_since(sleep));
        let is_pair = sleep.fact.id == 506 && wake.fact.id == 507 && in_wait(sleep.at);
        if is_pair && slept.is_some_and(|slept| slept >= LONG_SLEEP) {
            proof.push(case.event_proof(wake, "the device left its standby"));
        }
    }
    Match::of("the device slept while it waited for the domain join", proof)
        .map(|found| found.at_most(Strength::Hint))
}
