//! Rules of the connector's server: rows 13, 16 and 26 to 34.

use std::sync::LazyLock;

use jiff::SignedDuration;
use regex_lite::Regex;

use super::enrollment::describe;
use super::join::join_line;
use super::rule::Mark::{Documented, Unverified};
use super::rule::{Match, Rule};
use crate::evidence::case::{Case, Hit};
use crate::evidence::event::Provider;
use crate::evidence::fact::{ConnectorAnswer, ConnectorOutcome, JoinLogLine};
use crate::evidence::findings::*;
use crate::evidence::proof::LinkKind::{AccountCreated, ConnectorAsked};
use crate::evidence::proof::Strength::{self, Hint, Strong};
use crate::evidence::proof::{LinkKind, Proof};
use crate::evidence::side::Side;

/// The connector's own codes.
const NO_ACCOUNT: u32 = 0x800;
const NO_ADDRESS: u32 = 0x0fff_ffff;

pub(super) const RULES: &[Rule] = &[
    Rule::new("26", EVIDENCE_NO_RIGHT_ON_UNIT, AccountCreated, Strength::Proof, Documented, |case| {
        let proof =
            refused(case, |refusal| refusal.error == Some(5) && refusal.diagnostic == Some(NO_ACCOUNT));
        Match::of("the connector may not create computers in the organizational unit", proof)
    }),
    Rule::new("27", EVIDENCE_CONNECTOR_PROXY, AccountCreated, Strength::Proof, Documented, |case| {
        let proof = refused(case, |refusal| {
            refusal.diagnostic == Some(NO_ADDRESS) && refusal.text.contains("OdjServiceBaseUrl")
        });
        Match::of("the connector could not get the address of its service", proof)
    }),
    Rule::new("28", EVIDENCE_ACCOUNT_QUOTA, AccountCreated, Strength::Proof, Documented, |case| {
        with_code(case, "the machine account quota is used up", &[0x216d])
    }),
    Rule::new("29", EVIDENCE_ACCOUNT_REUSE, AccountCreated, Strength::Proof, Documented, |case| {
        with_code(case, "the computer account exists with another owner, and its reuse is blocked", &[0xaac])
    }),
    Rule::new("30", EVIDENCE_NAME_EXISTS, AccountCreated, Hint, Unverified, |case| {
        with_line(case, "an account of the computer's name exists", |line| line.code == Some(0x8b0))
    }),
    Rule::new("31", EVIDENCE_CONNECTOR_NO_DOMAIN, AccountCreated, Strong, Documented, |case| {
        with_code(case, "the connector reached no domain controller of the domain", &[0x54b, 0x774, 0x6ba])
    }),
    Rule::new("32", EVIDENCE_UNIT_NOT_FOUND, AccountCreated, Strong, Unverified, |case| {
        let proof = refused(case, |refusal| {
            let text = refusal.text.to_ascii_lowercase();
            text.contains("object was not found")
                || text.contains("object not found")
                || text.contains("no such object")
                || ["0x20)", "0x22)", "ldap 0x20", "ldap 0x22", "0x2030"]
                    .iter()
                    .any(|code| text.contains(code))
        });
        Match::of("the connector did not find the organizational unit", proof)
    }),
    Rule::new("16", EVIDENCE_OTHER_DOMAIN, AccountCreated, Strong, Documented, |case| {
        let mut other = None;
        let proof = refused(case, |refusal| {
            let asked = refusal.domain.unwrap_or_default().to_ascii_lowercase();
            let named = domains(refusal.text).into_iter().find(|domain| {
                !asked.is_empty() && *domain != asked && !domain.ends_with(&format!(".{asked}"))
            });
            other = named.clone().or_else(|| other.take());
            named.is_some()
        });
        Match::of(format!("the connector names the domain {}, and the request another one", other?), proof)
    }),
    Rule::new("13", EVIDENCE_CONNECTOR_FAILED, AccountCreated, Strength::Proof, Documented, |case| {
        let refusals = case.refusals();
        let Some(ConnectorOutcome::Failed { error, .. }) = refusals.last().map(|hit| &hit.fact.outcome)
        else {
            return None;
        };
        let text = "the connector could not create the computer account";
        let text =
            error.filter(|error| *error != 0).map_or_else(|| text.to_owned(), |error| describe(text, error));
        Match::of(text, refused(case, |_| true))
    })
    .generic(),
    Rule::new("13", EVIDENCE_CONNECTOR_FAILED, AccountCreated, Hint, Unverified, |case| {
        // Responses that may be to this device: their id is none that the evidence has.
        let answers = case.answers();
        let unknown = answers.iter().filter(|(_, own)| *own == crate::model::Lookup::Unknown);
        let failed = unknown.filter(|(hit, _)| matches!(hit.fact.outcome, ConnectorOutcome::Failed { .. }));
        let waits = case.join_failures();
        let proof = failed.map(|(hit, _)| case.proof(hit, answer_text(hit.fact)));
        (!waits.is_empty() && case.own_answers().is_empty())
            .then(|| Match::of("the connector failed for a device that may be this one", proof.collect()))?
    })
    .generic(),
    Rule::new("33", EVIDENCE_CONNECTOR_OUTDATED, ConnectorAsked, Strong, Documented, |case| {
        let failures = case.join_failures();
        let (from, until) = (case.wait()?.at?, failures.last()?.at?);
        let in_wait = |provider: &Provider| {
            let mut events = case.events_of_provider(Side::ConnectorServer, provider);
            events.retain(|hit| hit.at.is_some_and(|at| from <= at && at <= until));
            events
        };
        let old = in_wait(&Provider::LegacyConnector);
        let hit = old.last()?;
        let is_silent = case.answers().is_empty() && in_wait(&Provider::Connector).is_empty();
        let proof = vec![case.event_proof(hit, "the old log of the connector has events")];
        let found =
            is_silent.then(|| Match::new("the connector is of a version that is no longer served", proof))?;
        // Another server of the domain can have the new connector.
        Some(if case.connector_covers(from, until) { found } else { found.at_most(Hint) })
    })
    .overcome_by(LinkKind::BlobApplied),
    Rule::new("34", EVIDENCE_CONNECTOR_SERVICE, ConnectorAsked, Strong, Unverified, |case| {
        let events =
            case.events(Side::ConnectorServer, &Provider::ServiceControlManager, &[7000, 7009, 7031, 7038]);
        let of_connector = events.iter().filter(|hit| {
            hit.fact.fields.iter().any(|(_, value)| {
                let value = value.to_ascii_lowercase();
                value.contains("odjconnector")
                    || value.contains("intune connector")
                    || value.contains("odj connector")
            })
        });
        Match::of(
            "the service of the connector did not start",
            of_connector.map(|hit| case.event_proof(hit, "a service did not start")).collect(),
        )
    })
    .overcome_by(LinkKind::BlobApplied),
];

/// A refusal of the connector, as plain fields.
struct Refusal<'a> {
    error: Option<u32>,
    diagnostic: Option<u32>,
    text: &'a str,
    domain: Option<&'a str>,
}

/// Returns the refusals for this device that no success followed.
fn refused<'a>(case: &Case<'a>, mut fits: impl FnMut(&Refusal<'a>) -> bool) -> Vec<Proof> {
    let mut proof = Vec::new();
    for hit in case.refusals() {
        let ConnectorOutcome::Failed { error, diagnostic, text, .. } = &hit.fact.outcome else { continue };
        let refusal = Refusal {
            error: *error,
            diagnostic: *diagnostic,
            text: text.as_str(),
            domain: hit.fact.domain_name.as_deref(),
        };
        if fits(&refusal) {
            proof.push(case.proof(&hit, answer_text(hit.fact)));
        }
    }
    proof
}

fn answer_text(answer: &ConnectorAnswer) -> String {
    let ConnectorOutcome::Failed { error, diagnostic, text, .. } = &answer.outcome else {
        return "event 30130: the connector created the computer account".to_owned();
    };
    let mut parts = vec!["event 30132".to_owned()];
    parts.extend(error.map(|error| format!("ErrorCode {error}")));
    parts.extend(diagnostic.map(|diagnostic| format!("DiagnosticCode 0x{diagnostic:08x}")));
    parts.extend(Some(text.as_str()).filter(|text| !text.is_empty()).map(ToOwned::to_owned));
    parts.join(", ")
}

/// Matches a Windows code in a connector's refusal or in the server's log of domain joins.
fn with_code(case: &Case<'_>, text: &str, codes: &[u32]) -> Option<Match> {
    let is_one = |code: Option<u32>| code.is_some_and(|code| codes.contains(&code));
    // An error of Windows is a number of 16 bits, or an HRESULT with it.
    let error = |code: u32| if code >> 16 == 0x8007 { code & 0xffff } else { code };
    let proof = refused(case, |refusal| is_one(refusal.error.map(error)));
    let line = with_line(case, text, |line| is_one(line.code) || is_one(line.extended));
    let Some(refusal) = Match::of(text, proof) else { return line };
    let strength = line.as_ref().map_or(Strong, |line| line.at_most.max(Strong));
    let mut found = refusal.at_most(strength);
    found.proof.extend(line.into_iter().flat_map(|line| line.proof));
    Some(found)
}

/// The longest time between a connector's response and Windows' lines about it.
const NEAR: SignedDuration = SignedDuration::from_mins(2);

/// Matches lines of the server's log of domain joins.
///
/// The log covers all devices: a line belongs to this one if its call names the computer or it is near a refusal for
/// this device; any other line is a hint.
fn with_line(case: &Case<'_>, text: &str, fits: impl Fn(&JoinLogLine) -> bool) -> Option<Match> {
    let lines = case.facts_of(Side::ConnectorServer, join_line);
    let refusals = case.refusals();
    if refusals.is_empty() && !case.own_answers().is_empty() {
        return None;
    }
    let names = |hit: &Hit<'_, JoinLogLine>| {
        let of_call = lines.iter().filter(|line| {
            line.of.source == hit.of.source
                && line.fact.section == hit.fact.section
                && line.index <= hit.index
        });
        let name = of_call.filter_map(|line| line.fact.computer.as_deref()).next_back();
        name.map(|name| case.ids.names.contains(&name.trim_end_matches('$').to_lowercase()))
    };
    let is_near = |hit: &Hit<'_, JoinLogLine>| {
        refusals.iter().any(|refusal| {
            hit.at.zip(refusal.at).is_some_and(|(line, refusal)| line.duration_since(refusal).abs() <= NEAR)
        })
    };
    let waits = case.wait().and_then(|hit| hit.at).zip(case.join_failures().last().and_then(|hit| hit.at));
    let mut best: Option<(Strength, Vec<Proof>)> = None;
    for hit in lines.iter().filter(|hit| fits(hit.fact)) {
        let strength = match (names(hit), is_near(hit)) {
            (Some(true), _) if !refusals.is_empty() => Strength::Proof,
            (_, true) => Strong,
            (Some(true), false) => Strong,
            // A line of another time is of another device.
            (Some(false) | None, false) => match (waits, hit.at) {
                (Some((from, until)), Some(at)) if from <= at && at <= until => Hint,
                _ => continue,
            },
        };
        let code = hit.fact.extended.or(hit.fact.code).unwrap_or_default();
        let proof = case.proof(hit, format!("{}: 0x{code:x}", hit.fact.function));
        match &mut best {
            Some((of, proofs)) if *of == strength => proofs.push(proof),
            Some((of, _)) if *of > strength => {}
            _ => best = Some((strength, vec![proof])),
        }
    }
    let (strength, proof) = best?;
    Some(Match::new(text, proof).at_most(strength))
}

static DOMAIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\bdomain(?:name| name)?\s*[:=]?\s*["']?([a-z0-9-]+(?:\.[a-z0-9-]+)+)"#).ok()
});

/// Returns the domains named in a text.
fn domains(text: &str) -> Vec<String> {
    let Some(regex) = DOMAIN.as_ref() else { return Vec::new() };
    let found =
        regex.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str().to_ascii_lowercase()));
    found.map(|name| name.trim_end_matches('.').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_called_a_domain_is_one() {
        assert_eq!(domains("failed for domain 'fabrikam.com' on dc1.contoso.com"), ["fabrikam.com"]);
        assert_eq!(domains("DomainName=Corp.Contoso.com; ODJConnectorSvc.exe.config"), ["corp.contoso.com"]);
        assert!(domains("the domain could not be reached: System.Net").is_empty());
    }
}
