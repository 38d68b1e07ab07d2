//! Rules of the domain join on the device: rows 11, 12, 14, 17 to 20, and 22 to 24.

use super::enrollment::describe;
use super::rule::Mark::{Documented, Tool, Unverified};
use super::rule::{Match, Rule};
use crate::codes::ErrorCode;
use crate::evidence::case::{Case, DM_ADMIN, Event, SYSTEM};
use crate::evidence::chain::no_request;
use crate::evidence::event::Provider;
use crate::evidence::fact::{ConnectorOutcome, EspPhase, Fact};
use crate::evidence::findings::*;
use crate::evidence::proof::LinkKind::{
    BlobApplied, BlobWait, ConnectorAsked, DomainControllerReached, DomainSignIn, Registration, Restarted,
};
use crate::evidence::proof::Proof;
use crate::evidence::proof::Strength::{self, Hint, Strong};
use crate::evidence::side::Side;

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "11",
        EVIDENCE_NO_DOMAIN_CONTROLLER,
        DomainControllerReached,
        Strength::Proof,
        Documented,
        no_controller,
    ),
    Rule::new("12", EVIDENCE_NO_REQUEST, ConnectorAsked, Strong, Documented, |case| {
        let found =
            Match::new("no request of the device reached a connector during its wait", no_request(case)?);
        // Sources do not say which id of the device the connector logs: with one of two ids, the search is half done.
        Some(if case.has_both_ids() { found } else { found.at_most(Hint) })
    })
    .overcome_by(BlobApplied),
    Rule::new("14", EVIDENCE_BLOB_NOT_DELIVERED, BlobApplied, Strong, Unverified, |case| {
        let failures = case.join_failures();
        let failure = failures.last()?;
        let answers = case.own_answers();
        let created = answers.iter().rfind(|hit| hit.fact.outcome == ConnectorOutcome::Created)?;
        let is_applied = case.applied().is_some() || case.blob_mark().is_some();
        let proof = vec![
            case.proof(created, "event 30130: the connector sent the blob"),
            case.event_proof(failure, "the device timed out without a blob"),
        ];
        (!is_applied)
            .then(|| Match::new("the connector sent the blob, and the device did not apply it", proof))
    }),
    Rule::new("17", EVIDENCE_BLOB_NOT_APPLIED, BlobApplied, Strength::Proof, Tool, |case| {
        let events = case.dm(&[108]);
        let code = events.last()?.fact.hresult();
        let text = "the blob could not be applied";
        let text = code.map_or_else(|| text.to_owned(), |code| describe(text, code));
        Match::of(text, events.iter().map(|hit| case.event_proof(hit, "the blob was not applied")).collect())
    }),
    Rule::new("18", EVIDENCE_VPN_FAILED, DomainControllerReached, Strength::Proof, Tool, |case| {
        let mut events = case.dm(&[102, 104]);
        let connected = case.dm(&[103]).into_iter().next_back();
        events.retain(|hit| !connected.is_some_and(|connected| connected.is_after(hit)));
        let failures = case.join_failures();
        let failure = failures.last()?;
        let has_blob = case.applied().is_some() || case.blob_mark().is_some();
        let mut proof: Vec<Proof> =
            events.iter().map(|hit| case.event_proof(hit, "the VPN did not connect")).collect();
        if proof.is_empty() || !has_blob {
            return None;
        }
        proof.push(case.event_proof(failure, "no domain controller responded in time"));
        Some(Match::new("the VPN did not connect, and no domain controller was reached", proof))
    }),
    Rule::new("19", EVIDENCE_CHECK_SKIPPED, DomainSignIn, Strong, Documented, check_skipped)
        .overcome_by(Registration),
    Rule::new("20", EVIDENCE_JOIN_NOT_BEGUN, BlobWait, Hint, Unverified, |case| {
        let enrolled = case.dm(&[72]);
        let enrolled = enrolled.last()?;
        let is_silent =
            case.dm(&[100, 105, 106, 107, 108, 109, 110, 111]).is_empty() && case.blob_mark().is_none();
        let until = case.until?;
        let is_covered =
            case.covers(Side::Device, DM_ADMIN, enrolled.at?, until.min(later(enrolled.at?, 10)));
        (is_silent && is_covered && case.is_hybrid() == Some(true)).then(|| {
            let proof = vec![case.event_proof(enrolled, "the enrollment succeeded")];
            Match::new("the device enrolled, and its log has no sign of the domain join", proof)
        })
    }),
    Rule::new("22", EVIDENCE_NO_RESTART, Restarted, Hint, Unverified, |case| {
        let applied = case.applied()?;
        let at = applied.at?;
        let boots = case.events(Side::Device, &Provider::KernelGeneral, &[12, 13]);
        let has_restarted = boots.iter().any(|boot| boot.is_after(&applied));
        let is_covered = case.covers(Side::Device, SYSTEM, at, later(at, 10));
        let proof = vec![case.event_proof(&applied, "the blob was applied")];
        (!has_restarted && is_covered)
            .then(|| Match::new("the blob was applied, and the device did not start again", proof))
    }),
    Rule::new("23", EVIDENCE_JOIN_STEP_FAILED, BlobApplied, Strong, Tool, |case| {
        let mut events = case.events(Side::Device, &Provider::NetJoin, &[4097]);
        events.extend(case.events(Side::Device, &Provider::JoinProviderOnline, &[4099]));
        let mut good = case.events(Side::Device, &Provider::NetJoin, &[4096]);
        good.extend(case.events(Side::Device, &Provider::JoinProviderOnline, &[4098]));
        events.retain(|hit| !good.iter().any(|good| good.is_after(hit)));
        let code = events.last()?.fact.fields.number("NetStatusCode");
        let text = "a step of the domain join failed";
        let text = code.map_or_else(|| text.to_owned(), |code| describe(text, code));
        let found =
            Match::of(text, events.iter().map(|hit| case.event_proof(hit, "the join failed")).collect())?;
        // The code of an access that was denied, and others, leave the cause open.
        let is_named =
            code.and_then(|code| ErrorCode(code).known()).is_some_and(|known| known.cause().is_some());
        Some(if is_named { found } else { found.at_most(Hint) })
    }),
    Rule::new("23a", EVIDENCE_DOMAIN_NOT_RESOLVED, DomainControllerReached, Strong, Unverified, |case| {
        let events = case.events(Side::Device, &Provider::DnsClient, &[1014]);
        let failures = case.join_failures();
        let from = case.wait().and_then(|hit| hit.at);
        let until = failures.last().and_then(|hit| hit.at);
        let (from, until) = (from?, until?);
        let locator = |hit: &&Event<'_>| {
            let name = hit.fact.fields.get("QueryName").unwrap_or_default().to_ascii_lowercase();
            let domain = name
                .strip_prefix("_ldap._tcp.dc._msdcs.")
                .unwrap_or_default()
                .trim_end_matches('.')
                .to_owned();
            // Without a dot it is a workgroup, which no server knows.
            domain.contains('.') && hit.at.is_some_and(|at| from <= at && at <= until)
        };
        let events = events.iter().filter(locator);
        Match::of(
            "the name of the domain was not resolved during the wait",
            events
                .map(|hit| case.event_proof(hit, hit.fact.fields.get("QueryName").unwrap_or_default()))
                .collect(),
        )
    }),
    Rule::new("24", EVIDENCE_JOIN_TIME_LIMIT, DomainControllerReached, Hint, Unverified, |case| {
        let failures = case.join_failures();
        let limit = failures.iter().find(|hit| {
            let waited = hit.fact.fields.number("HexInt1");
            hit.fact.id == 100 && waited.is_some_and(|waited| (1_400_000..1_600_000).contains(&waited))
        })?;
        let text = "the wait for the domain join ended by its time limit of about 25 minutes";
        Some(Match::new(text, vec![case.event_proof(limit, text)]))
    }),
    Rule::new("codes", EVIDENCE_DOMAIN_JOIN_FAILED, BlobApplied, Hint, Documented, |case| {
        let failures = case.join_failures();
        let mut proof: Vec<Proof> =
            failures.iter().map(|hit| case.event_proof(hit, "the domain join timed out")).collect();
        if let Some(category) = failed_preparation(case)
            && !case.dm(&[111]).iter().any(|_| failures.is_empty() && case.applied().is_some())
        {
            let code = ErrorCode::DOMAIN_JOIN;
            proof.push(case.proof(&category, format!("device preparation failed: {code}")));
        }
        Match::of("the domain join failed", proof)
    })
    .overcome_by(DomainControllerReached)
    .generic(),
];

fn later(at: jiff::Timestamp, minutes: i64) -> jiff::Timestamp {
    at.saturating_add(jiff::SignedDuration::from_mins(minutes)).unwrap_or(jiff::Timestamp::MAX)
}

fn failed_preparation<'a>(
    case: &Case<'a>,
) -> Option<crate::evidence::case::Hit<'a, crate::evidence::fact::EspCategory>> {
    case.category(EspPhase::DevicePreparation).filter(|category| {
        let mut parts = category.fact.subcategories.iter();
        parts.any(|part| part.code == Some(ErrorCode::DOMAIN_JOIN.0))
    })
}

fn no_controller(case: &Case<'_>) -> Option<Match> {
    let text = "the blob was applied, and no domain controller responded";
    let mark = case.blob_mark();
    let failures = case.join_failures();
    let applied = case.applied();
    let mut proof = Vec::new();
    proof.extend(applied.as_ref().map(|hit| case.event_proof(hit, "the blob was applied")));
    if applied.is_none() {
        proof.push(case.proof(&mark?, "the registry has the mark ODJApplied"));
    }
    if failures.is_empty() {
        // Only the registry: no documentation says which part of the page waits for the domain join.
        let category = failed_preparation(case)?;
        proof.push(case.proof(&category, format!("device preparation failed: {}", ErrorCode::DOMAIN_JOIN)));
        let has_reached = case.reached().is_some();
        return (!has_reached).then(|| Match::new(text, proof).at_most(Hint));
    }
    proof.extend(failures.iter().map(|hit| case.event_proof(hit, "the domain join timed out")));
    let is_code = failures.iter().any(|hit| hit.fact.id == 100);
    let sought = case.dm(&[105, 106]);
    let failed: Vec<Proof> = sought
        .iter()
        .filter(|hit| hit.fact.hresult().is_some_and(|code| code != 0))
        .map(|hit| {
            let what = if hit.fact.id == 105 {
                "the name of a domain controller was asked"
            } else {
                "the domain controller was pinged"
            };
            case.event_proof(hit, what)
        })
        .collect();
    let has_failed = !failed.is_empty();
    proof.extend(failed);
    let found = Match::new(text, proof);
    // The state alone does not tell a blob that is late from a domain controller that is out of reach.
    Some(match (is_code, has_failed) {
        (true, true) => found,
        (true, false) | (false, true) => found.at_most(Strong),
        (false, false) => found.at_most(Hint),
    })
}

fn check_skipped(case: &Case<'_>) -> Option<Match> {
    if case.needs_domain_controller() != Some(false) {
        return None;
    }
    let applied = case.applied()?;
    let mut proof = vec![
        case.event_proof(&applied, "the blob was applied, and the check for a domain controller is skipped"),
    ];
    let text = "the check for a domain controller was skipped, and the sign-in had none";
    if let Some(status) = case.status()
        && status.fact.get("AD Connectivity Test").is_some_and(|test| test.starts_with("FAIL"))
    {
        proof.push(case.proof(&status, "dsregcmd: AD Connectivity Test FAIL"));
        return Some(Match::new(text, proof));
    }
    let signs = [
        (Provider::Netlogon, &[5719_u32][..]),
        (Provider::Lsa, &[40960, 40961]),
        (Provider::GroupPolicy, &[1129]),
        (Provider::Kerberos, &[4, 7, 14]),
    ];
    let mut found = Vec::new();
    for (provider, ids) in &signs {
        let events = case.events(Side::Device, provider, ids);
        found.extend(
            events
                .iter()
                .filter(|hit| hit.is_after(&applied))
                .map(|hit| case.event_proof(hit, "no domain controller")),
        );
    }
    // No sample of these records was read.
    let is_empty = found.is_empty();
    proof.extend(found);
    (!is_empty).then(|| Match::new(text, proof).at_most(Hint))
}

/// Returns `true` if a fact is a line of the log of the domain join.
pub(super) fn join_line(fact: &Fact) -> Option<&crate::evidence::fact::JoinLogLine> {
    match fact {
        Fact::JoinLog(line) => Some(line),
        _ => None,
    }
}
