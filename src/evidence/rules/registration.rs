//! Rules of the registration in Microsoft Entra: rows 68 to 82.

use jiff::{SignedDuration, Timestamp};

use super::enrollment::describe;
use super::environment::skew;
use super::rule::Mark::{Documented, Tool};
use super::rule::{Match, Rule};
use crate::codes::ErrorCode;
use crate::evidence::case::Case;
use crate::evidence::chain::{NOT_SYNCED, exit_code, registration_failures};
use crate::evidence::event::Provider;
use crate::evidence::fact::DirectoryStatus;
use crate::evidence::findings::*;
use crate::evidence::proof::LinkKind::{DomainSignIn, Registration, UserPage};
use crate::evidence::proof::Proof;
use crate::evidence::proof::Strength::{self, Hint, Strong};
use crate::evidence::side::Side;

/// The usual time for synchronizing a computer: two runs of Entra Connect.
const NORMAL_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// The time after which there is another problem.
const LONG_WAIT: SignedDuration = SignedDuration::from_hours(2);

pub(super) const RULES: &[Rule] = &[
    Rule::new("68", EVIDENCE_WAITS_FOR_SYNC, Registration, Strength::Proof, Documented, |case| {
        let (proof, waited) = not_synced(case)?;
        let text = "the computer is not in Microsoft Entra yet, which the next synchronization changes";
        // Without a time, the wait can be any.
        match waited {
            Some(waited) if waited < NORMAL_WAIT => Some(Match::new(text, proof)),
            Some(_) => None,
            None => Some(Match::new(text, proof).at_most(Hint)),
        }
    }),
    Rule::new("69", EVIDENCE_NOT_SYNCED, Registration, Strong, Documented, |case| {
        let (proof, waited) = not_synced(case)?;
        let waited = waited.filter(|waited| *waited >= NORMAL_WAIT)?;
        let text = format!(
            "the computer is not in Microsoft Entra {} minutes after its domain join",
            waited.as_mins()
        );
        let found = Match::new(text, proof);
        Some(if waited >= LONG_WAIT { found } else { found.at_most(Hint) })
    }),
    Rule::new("70", EVIDENCE_STALE_OBJECT, Registration, Strong, Documented, |case| {
        with_codes(case, "the certificate of the computer does not match its object", &[0x801c_0002])
    }),
    Rule::new("71", EVIDENCE_NO_CONNECTION_POINT, Registration, Strength::Proof, Documented, |case| {
        let mut found = with_codes(case, "the service connection point cannot be read", &[0x801c_001d])?;
        // The same code comes of a computer object that is not readable: row 72.
        let is_replication = !replication(case).is_empty();
        let test = open_status(case).filter(|hit| failed(hit.fact, "AD Configuration Test"));
        found.proof.extend(test.map(|hit| case.proof(&hit, "AD Configuration Test: FAIL")));
        Some(match (is_replication, test.is_some()) {
            (true, _) => found.at_most(Hint),
            (false, true) => found,
            (false, false) => found.at_most(Strong),
        })
    }),
    Rule::new("72", EVIDENCE_REPLICATION, Registration, Strong, Documented, |case| {
        Match::of("the computer object cannot be read: 1312 or 1317", replication(case))
    }),
    Rule::new("73", EVIDENCE_NO_DOMAIN_CONTROLLER_LATER, Registration, Strength::Proof, Documented, |case| {
        let status = open_status(case).filter(|status| failed(status.fact, "AD Connectivity Test"))?;
        let phase = status.fact.get("Error Phase").unwrap_or_default();
        let proof = vec![case.proof(&status, format!("AD Connectivity Test: FAIL, phase {phase:?}"))];
        let found = Match::new("no domain controller was reached at the registration", proof);
        Some(if phase.eq_ignore_ascii_case("pre-check") { found } else { found.at_most(Strong) })
    }),
    Rule::new("74", EVIDENCE_WRONG_CONNECTION_POINT, Registration, Strength::Proof, Documented, |case| {
        let mut proof = with_text(case, "AADSTS90002");
        let text = "the service connection point names a tenant that does not exist";
        let is_named = !proof.is_empty();
        proof.extend(coded(case, &[0x801c_003a]));
        let found = Match::of(text, proof)?;
        // The code alone is also that of a tenant without a subscription.
        Some(if is_named { found } else { found.at_most(Strong) })
    }),
    Rule::new("75", EVIDENCE_REGISTRATION_PROXY, Registration, Strong, Documented, |case| {
        let mut codes = vec![0x8007_000d, 0x8007_2ee2, 0x8007_2ee7, 0x8007_2efd, 0x8007_2efe];
        // With a wrong clock, that is the cause of a response that cannot be decoded.
        if skew(case).is_empty() {
            codes.push(0x8007_2f8f);
        }
        with_codes(case, "the registration service cannot be reached by SYSTEM", &codes)
    }),
    Rule::new("76", EVIDENCE_FEDERATION, Registration, Strong, Documented, |case| {
        let mut events = registration_failures(case);
        events.retain(|hit| {
            hit.fact.id == 305
                && exit_code(hit.fact).is_some_and(|code| code >> 16 == 0xcaa9 || code >> 16 == 0xcaa8)
                && exit_code(hit.fact) != Some(0xcaa8_2f8f)
        });
        let proof = events.iter().map(|hit| event(case, hit, "the federated sign-in failed"));
        Match::of("the federation service did not respond", proof.collect())
    }),
    Rule::new("77", EVIDENCE_USER_UNKNOWN, DomainSignIn, Strength::Proof, Documented, |case| {
        let (status, is_certain) = user_status(case)?;
        let code = status.fact.code("Attempt Status");
        let server = status.fact.get("Server Error Code").unwrap_or_default();
        let description = status.fact.get("Server Error Description").unwrap_or_default();
        let is_unknown = server.contains("50034") || description.contains("AADSTS50034");
        let has_no_token = status.fact.flag("AzureAdPrt") == Some(false);
        (has_no_token && (is_unknown || code == Some(0xc000_005f))).then(|| {
            let proof = vec![case.proof(&status, "AzureAdPrt: NO, the user's domain or name is not known")];
            if_certain(Match::new("the user is not known in Microsoft Entra", proof), is_certain)
        })
    })
    .overcome_by(UserPage),
    Rule::new("79", EVIDENCE_PASSWORD, DomainSignIn, Strong, Documented, |case| {
        let (status, is_certain) = user_status(case)?;
        let server = status.fact.get("Server Error Description").unwrap_or_default();
        let is_wrong = server.contains("AADSTS50126")
            || [0xc000_006d, 0xc000_006a]
                .iter()
                .any(|code| status.fact.code("Attempt Status") == Some(*code));
        (is_wrong && status.fact.flag("AzureAdPrt") == Some(false)).then(|| {
            let proof = vec![case.proof(&status, "AzureAdPrt: NO, the password was refused")];
            if_certain(Match::new("Microsoft Entra refused the password", proof), is_certain)
        })
    })
    .overcome_by(UserPage),
    Rule::new("78", EVIDENCE_DEVICE_DISABLED, Registration, Strength::Proof, Documented, |case| {
        let status = case.status().filter(|status| {
            let state = status.fact.get("DeviceAuthStatus").unwrap_or_default().to_ascii_lowercase();
            state.starts_with("failed") && (state.contains("disabled") || state.contains("deleted"))
        });
        let mut proof: Vec<Proof> = status
            .map(|status| case.proof(&status, "DeviceAuthStatus: FAILED, disabled or deleted"))
            .into_iter()
            .collect();
        proof.extend(with_text(case, "AADSTS50155"));
        Match::of("the device object is disabled or deleted", proof)
    })
    .overcome_by(UserPage),
    Rule::new("81", EVIDENCE_KEYS_LOST, Registration, Strength::Proof, Documented, |case| {
        let status = case.status().filter(|status| {
            let test = status.fact.get("KeySignTest").unwrap_or_default();
            status.fact.flag("AadRecoveryEnabled") == Some(true) && test.to_ascii_uppercase().contains("FAIL")
        });
        let mut proof: Vec<Proof> = status
            .map(|status| case.proof(&status, "AadRecoveryEnabled: YES, KeySignTest failed"))
            .into_iter()
            .collect();
        let codes = coded(case, &[0x8009_0016]);
        let is_proof = !proof.is_empty();
        proof.extend(codes);
        let found = Match::of("the keys of the device are lost", proof)?;
        Some(if is_proof { found } else { found.at_most(Strong) })
    })
    .overcome_by(UserPage),
    Rule::new("82", EVIDENCE_TWO_OBJECTS, Registration, Strength::Proof, Documented, |case| {
        let status = case.status()?;
        let (own, anchor) = (status.fact.device_id()?, case.profile()?.fact.device_id.as_deref()?);
        let is_hybrid =
            status.fact.is_entra_joined() == Some(true) && status.fact.is_domain_joined() == Some(true);
        (is_hybrid && !own.eq_ignore_ascii_case(anchor)).then(|| {
            let text = "the device has an object of its registration and one of its computer";
            Match::new(text, vec![case.proof(&status, text)])
        })
    }),
    Rule::new("codes", EVIDENCE_REGISTRATION_FAILED, Registration, Hint, Documented, |case| {
        let failures = registration_failures(case);
        let mut real = failures.iter().filter_map(|hit| {
            Some((hit, exit_code(hit.fact).filter(|code| *code != NOT_SYNCED && *code != 0)?))
        });
        let last = failures.last().and_then(|hit| exit_code(hit.fact));
        let (_, code) = real.clone().next_back()?;
        let proof = real.by_ref().map(|(hit, _)| event(case, hit, "the registration failed")).collect();
        let text = describe("the registration failed", code);
        (last != Some(NOT_SYNCED)).then(|| Match::of(text, proof))?
    })
    .generic(),
    Rule::new("80", EVIDENCE_USER_UNKNOWN, DomainSignIn, Hint, Tool, |case| {
        let value = case.registry_text("JoinInfo", "UserEmail")?;
        let is_placeholder = ["foouser@", "autopilot@"].iter().any(|start| {
            value.fact.data.text().is_some_and(|email| email.to_ascii_lowercase().starts_with(start))
        });
        let hello = case.udr(&[360]).into_iter().rfind(|hit| {
            hit.fact.fields.get("AADPrt").is_some_and(|flag| {
                flag.eq_ignore_ascii_case("No") || flag == "0" || flag.eq_ignore_ascii_case("false")
            })
        })?;
        is_placeholder.then(|| {
            let proof = vec![
                case.proof(&value, "JoinInfo has the placeholder of a user"),
                case.event_proof(&hello, "no user token"),
            ];
            Match::new("no user came to the device: its sign-in had no token", proof)
        })
    })
    .overcome_by(UserPage),
];

type Status<'a> = crate::evidence::case::Hit<'a, DirectoryStatus>;

/// Returns the directory status of an unregistered device.
fn open_status<'a>(case: &Case<'a>) -> Option<Status<'a>> {
    case.status().filter(|status| {
        status.fact.is_entra_joined() == Some(false) && status.fact.is_domain_joined() == Some(true)
    })
}

/// Returns the directory status, and whether its user sections are known to be a user's; `None` if they are SYSTEM's.
fn user_status<'a>(case: &Case<'a>) -> Option<(Status<'a>, bool)> {
    let status = case.status()?;
    let account = status.fact.get("Executing Account Name").map(|name| {
        let name = name.to_ascii_lowercase();
        name.contains("system") || name.trim_end().ends_with('$')
    });
    let ran_as_system = status.fact.ran_as_system().or(account);
    (ran_as_system != Some(true)).then_some((status, ran_as_system == Some(false)))
}

/// Weakens a match on sections whose user is not known.
fn if_certain(found: Match, is_certain: bool) -> Match {
    if is_certain { found } else { found.at_most(Hint) }
}

fn failed(status: &DirectoryStatus, test: &str) -> bool {
    status.get(test).is_some_and(|result| result.to_ascii_uppercase().starts_with("FAIL"))
}

fn event(case: &Case<'_>, hit: &crate::evidence::case::Event<'_>, text: &str) -> Proof {
    let code = exit_code(hit.fact).map_or_else(String::new, |code| format!(", {}", ErrorCode(code)));
    case.proof(hit, format!("event {}: {text}{code}", hit.fact.id))
}

/// Returns the places where a failed registration shows one of these codes.
fn coded(case: &Case<'_>, codes: &[u32]) -> Vec<Proof> {
    let failures = registration_failures(case);
    let events = failures.iter().filter(|hit| exit_code(hit.fact).is_some_and(|code| codes.contains(&code)));
    let mut proof: Vec<Proof> = events.map(|hit| event(case, hit, "the registration failed")).collect();
    if let Some(status) = open_status(case) {
        let code = status.fact.code("Client ErrorCode").filter(|code| codes.contains(code));
        proof.extend(code.map(|code| case.proof(&status, format!("Client ErrorCode: {}", ErrorCode(code)))));
    }
    proof
}

fn with_codes(case: &Case<'_>, text: &str, codes: &[u32]) -> Option<Match> {
    Match::of(text, coded(case, codes))
}

/// Returns the places where the server's response has a word.
fn with_text(case: &Case<'_>, word: &str) -> Vec<Proof> {
    let mut events = registration_failures(case);
    let tokens = case.events(Side::Device, &Provider::Aad, &[1081, 1088, 1098]);
    let done = case.udr(&[306]).into_iter().next_back();
    events.extend(tokens.into_iter().filter(|hit| !done.is_some_and(|done| done.is_after(hit))));
    events.retain(|hit| hit.fact.fields.iter().any(|(_, value)| value.contains(word)));
    let mut proof: Vec<Proof> = events.iter().map(|hit| event(case, hit, word)).collect();
    if let Some(status) = case.status() {
        let names = ["Server Message", "Server Error Description", "Server Error Code"];
        let has = names.iter().any(|name| status.fact.get(name).is_some_and(|text| text.contains(word)));
        proof.extend(has.then(|| case.proof(&status, word)));
    }
    proof
}

fn replication(case: &Case<'_>) -> Vec<Proof> {
    let done = case.udr(&[306]).into_iter().next_back();
    let mut events = case.udr(&[220]);
    events.retain(|hit| {
        hit.fact.fields.number("ErrorCode").is_some_and(|code| matches!(code & 0xffff, 1312 | 1317))
            && !done.is_some_and(|done| done.is_after(hit))
    });
    events.iter().map(|hit| case.event_proof(hit, "the computer object cannot be read")).collect()
}

/// Returns the proofs that the computer is not in Microsoft Entra, and the time since its domain join.
///
/// Too many attempts and a wrong tenant have the same code: the server's text distinguishes them.
fn not_synced(case: &Case<'_>) -> Option<(Vec<Proof>, Option<SignedDuration>)> {
    let failures = registration_failures(case);
    let has_other_cause =
        |value: &str| value.contains("AADSTS90002") || value.to_ascii_lowercase().contains("throttled");
    let mut proof = Vec::new();
    let mut last: Option<Timestamp> = None;
    for hit in failures.iter().filter(|hit| exit_code(hit.fact) == Some(NOT_SYNCED)) {
        if hit.fact.fields.iter().any(|(_, value)| has_other_cause(value)) {
            return None;
        }
        last = last.max(hit.at);
        proof.push(event(case, hit, "the computer was not found"));
    }
    let status = case.status();
    if let Some(status) = status {
        if status.fact.is_entra_joined() == Some(true) {
            return None;
        }
        if status.fact.get("Server Message").is_some_and(has_other_cause) {
            return None;
        }
        if open_status(case).is_some() && status.fact.code("Client ErrorCode") == Some(NOT_SYNCED) {
            proof.push(case.proof(&status, format!("AzureAdJoined: NO, {}", ErrorCode(NOT_SYNCED))));
            // The command ran when the logs were collected, at their end or later.
            let client = status.fact.get("Client Time").and_then(client_time);
            last = last.max(client.or(case.until));
        }
    }
    if proof.is_empty() {
        return None;
    }
    let joined = case.applied().and_then(|hit| hit.at);
    let waited = joined.zip(last).map(|(joined, last)| last.duration_since(joined));
    Some((proof, waited.filter(|waited| !waited.is_negative())))
}

/// Parses `2026-07-01 08:00:00.000 UTC`.
fn client_time(text: &str) -> Option<Timestamp> {
    let text = text.trim().strip_suffix("UTC")?.trim();
    format!("{}Z", text.replacen(' ', "T", 1)).parse().ok()
}
