//! Rules of the enrollment: rows 21, 25, 36 to 45, and 92.

use super::rule::Mark::{Documented, Tool, Unverified};
use super::rule::{Match, Rule};
use crate::codes::ErrorCode;
use crate::evidence::case::{Case, DM_ADMIN};
use crate::evidence::chain::{enrollment_failures, exit_code, registration_failures};
use crate::evidence::event::Provider;
use crate::evidence::fact::EspPhase;
use crate::evidence::findings::*;
use crate::evidence::number;
use crate::evidence::proof::LinkKind::{BlobApplied, Enrollment, Registration};
use crate::evidence::proof::Strength::{self, Hint, Strong};
use crate::evidence::proof::{LinkKind, Proof};
use crate::evidence::side::Side;

/// Creates a check for the codes of a failed enrollment.
macro_rules! codes {
    ($text:literal, $($code:literal),+) => {
        |case| Match::of($text, with_codes(case, &[$($code),+]))
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule::new("36", EVIDENCE_NO_LICENSE, Enrollment, Strength::Proof, Documented, |case| {
        let mut proof = with_codes(case, &[0x8018_0018]);
        let events: Vec<_> = enrollment_failures(case).into_iter().filter(|hit| hit.fact.id == 97).collect();
        proof.extend(events.iter().map(|hit| case.event_proof(hit, "the enrollment is blocked: license")));
        Match::of("the user has no license, or has too many devices", proof)
    }),
    Rule::new(
        "37",
        EVIDENCE_ENROLLMENT_RESTRICTED,
        Enrollment,
        Strong,
        Documented,
        codes!("Windows devices of the user may not enroll", 0x8018_0014),
    ),
    Rule::new(
        "38",
        EVIDENCE_NOT_IN_MDM_SCOPE,
        Enrollment,
        Strength::Proof,
        Documented,
        codes!("the user's devices do not enroll automatically", 0x8018_002b),
    ),
    Rule::new("38", EVIDENCE_NOT_IN_MDM_SCOPE, Enrollment, Strong, Documented, |case| {
        let status = case.status().filter(|status| status.fact.is_entra_joined() == Some(true))?;
        let text = "dsregcmd: MdmUrl is empty, so the user is not in the MDM scope";
        (status.fact.get("MdmUrl") == Some(""))
            .then(|| Match::new(text, vec![case.proof(&status, text)]).at_most(Hint))
    }),
    Rule::new("39", EVIDENCE_SEVERAL_MDM_APPS, Enrollment, Strength::Proof, Documented, |case| {
        let proof = with_codes(case, &[0xc103_6501]);
        let events = case.md(&[115]);
        let events = events.iter().filter(|hit| hit.fact.hresult() == Some(0xc103_6501));
        let events = events.map(|hit| case.event_proof(hit, "no valid MDM application for the tenant"));
        Match::of("several MDM applications apply to the user", proof.into_iter().chain(events).collect())
    }),
    Rule::new("40", EVIDENCE_ANCHOR_MISSING, Enrollment, Strength::Proof, Documented, |case| {
        let deleted = 0x801c_03f3;
        let mut proof = with_codes(case, &[deleted]);
        let failures = registration_failures(case);
        let failures = failures.iter().filter(|hit| exit_code(hit.fact) == Some(deleted));
        proof.extend(failures.map(|hit| {
            case.proof(
                hit,
                format!("event {}: the device's object was deleted, {}", hit.fact.id, ErrorCode(deleted)),
            )
        }));
        Match::of("the object that the registration created in Microsoft Entra was deleted", proof)
    })
    .overcome_by(Registration),
    Rule::new(
        "41",
        EVIDENCE_WINDOWS_HOME,
        Enrollment,
        Strength::Proof,
        Documented,
        codes!("this edition of Windows cannot enroll", 0x8018_0022),
    ),
    Rule::new(
        "41",
        EVIDENCE_INTUNE_AGENT,
        Enrollment,
        Strength::Proof,
        Documented,
        codes!("the old PC agent of Intune is on the device", 0x8018_0026),
    ),
    Rule::new("42", EVIDENCE_ENROLLED_ALREADY, Enrollment, Strength::Proof, Documented, |case| {
        let mut proof = with_codes(case, &[0x8018_000a, 0x8007_064c]);
        let events: Vec<_> =
            enrollment_failures(case).into_iter().filter(|hit| matches!(hit.fact.id, 94..=96)).collect();
        proof.extend(events.iter().map(|hit| case.event_proof(hit, "the device is already enrolled")));
        Match::of("the device or its image is already enrolled", proof)
    }),
    Rule::new(
        "43",
        EVIDENCE_JOIN_REFUSED,
        Enrollment,
        Strong,
        Documented,
        codes!("the server refused the join: the TPM, or two groups with different profiles", 0x801c_03ea),
    ),
    Rule::new("codes", EVIDENCE_DEVICE_LIMIT, Enrollment, Strong, Documented, |case| {
        Match::of(
            "the user may not join or enroll one more device",
            with_codes(case, &[0x8018_0003, 0x801c_0003, 0x801c_000e]),
        )
    }),
    Rule::new("44", EVIDENCE_TPM_NOT_NEEDED, Enrollment, Hint, Documented, |case| {
        let mode = case.profile().and_then(|profile| profile.fact.mode);
        if mode.is_some_and(|mode| mode != 0) {
            return None;
        }
        let events = case.md(&[171, 172]);
        let mut proof: Vec<Proof> =
            events.iter().map(|hit| case.event_proof(hit, "the TPM was not attested")).collect();
        proof.extend(with_codes(case, &[0x8103_9001, 0x8103_9023, 0x8103_9024]));
        Match::of("the TPM was not attested, which user-driven mode does not need", proof)
    }),
    Rule::new("45", EVIDENCE_CONDITIONAL_ACCESS, Enrollment, Strong, Unverified, |case| {
        let tokens = enrollment_failures(case).into_iter().filter(|hit| matches!(hit.fact.id, 53 | 54));
        let mut proof: Vec<Proof> =
            tokens.map(|hit| case.event_proof(&hit, "no token for the enrollment")).collect();
        let codes =
            ["AADSTS50105", "AADSTS53000", "AADSTS53001", "AADSTS53003", "AADSTS50076", "AADSTS50079"];
        let events = case.events(Side::Device, &Provider::Aad, &[1098]);
        for hit in &events {
            let found = hit
                .fact
                .fields
                .iter()
                .find_map(|(_, value)| codes.iter().find(|code| value.contains(**code)));
            proof.extend(found.map(|code| case.event_proof(hit, code)));
        }
        Match::of("the sign-in to the enrollment was refused", proof)
    }),
    Rule::new("21", EVIDENCE_GROUP_POLICY_ENROLLMENT, Enrollment, Strong, Documented, |case| {
        let events = case.dm(&[75]);
        let automatic = events.last()?;
        let status = case.status().filter(|status| status.fact.is_domain_joined() == Some(true))?;
        let is_autopilot = !case.dm(&[72, 111]).is_empty()
            || case.profile().is_some()
            || case.blob_mark().is_some()
            || !case.md(&[161]).is_empty();
        let proof = vec![
            case.event_proof(automatic, "the automatic enrollment of a domain member succeeded"),
            case.proof(&status, "DomainJoined: YES"),
        ];
        (!is_autopilot && case.has_log(DM_ADMIN))
            .then(|| Match::new("the device enrolled by group policy, not by Autopilot", proof))
    })
    .overcome_by(LinkKind::Profile),
    Rule::new("25", EVIDENCE_WINDOWS_FAULT, Enrollment, Strong, Documented, windows_fault)
        .overcome_by(BlobApplied),
    Rule::new("92", EVIDENCE_SESSIONS_FAIL, LinkKind::DevicePage, Strong, Tool, |case| {
        let sessions = case.dm(&[209]);
        let failed = sessions.iter().filter(|hit| hit.fact.hresult().is_some_and(|code| code != 0));
        let proof: Vec<Proof> =
            failed.map(|hit| case.event_proof(hit, "a session with Intune failed")).collect();
        (proof.len() > 1 && proof.len() == sessions.len()).then(|| {
            Match::new(format!("all {} sessions with Intune failed", proof.len()), proof).at_most(Hint)
        })
    }),
    Rule::new("codes", EVIDENCE_ENROLLMENT_FAILED, Enrollment, Hint, Documented, |case| {
        let failures = enrollment_failures(case);
        let ends = failures.iter().filter(|hit| matches!(hit.fact.id, 71 | 76 | 98 | 99));
        let code = ends.clone().find_map(|hit| hit.fact.hresult());
        let text = code.map_or_else(
            || "the enrollment failed".to_owned(),
            |code| describe("the enrollment failed", code),
        );
        Match::of(text, ends.map(|hit| case.event_proof(hit, "the enrollment failed")).collect())
    })
    .generic(),
];

/// Returns a text with a code and the catalog's meaning.
pub(super) fn describe(text: &str, code: u32) -> String {
    let code = ErrorCode(code);
    match code.known() {
        Some(known) => format!("{text}: {code}, {}", known.describe()),
        None => format!("{text}: {code}"),
    }
}

/// Returns the places where a failed enrollment shows one of these codes.
fn with_codes(case: &Case<'_>, codes: &[u32]) -> Vec<Proof> {
    let failures = enrollment_failures(case);
    let events = failures.iter().filter(|hit| hit.fact.hresult().is_some_and(|code| codes.contains(&code)));
    let mut proof: Vec<Proof> = events.map(|hit| case.event_proof(hit, "the enrollment failed")).collect();
    let enrolled = case.dm(&[72, 75]).into_iter().next_back();
    if enrolled.is_some() {
        return proof;
    }
    let setup = case.md(&[180]);
    let setup = setup.iter().filter(|hit| hit.fact.hresult().is_some_and(|code| codes.contains(&code)));
    proof.extend(setup.map(|hit| case.event_proof(hit, "the enrollment phase failed")));
    for hit in case.shell() {
        let code = hit.fact.fields.get("Value").and_then(screen_code).filter(|code| codes.contains(code));
        proof.extend(code.map(|code| case.proof(&hit, format!("the screen showed {}", ErrorCode(code)))));
    }
    if let Some(category) = case.category(EspPhase::DevicePreparation) {
        let parts = category.fact.subcategories.iter();
        let part =
            parts.filter(|part| part.name.eq_ignore_ascii_case("MdmEnrollment")).find_map(|part| part.code);
        let code = part.filter(|code| codes.contains(code));
        proof.extend(code.map(|code| case.proof(&category, format!("MdmEnrollment: {}", ErrorCode(code)))));
    }
    proof
}

/// Parses the code in the JSON of the screen's events.
pub(super) fn screen_code(value: &str) -> Option<u32> {
    let (_, rest) = value.split_once("\"errorCode\"")?;
    let rest = rest.trim_start_matches([':', ' ', '"']);
    let end = rest.find([',', '}', '"', ' ']).unwrap_or(rest.len());
    number::code(rest.get(..end)?).filter(|code| *code != 0)
}

/// The first builds without the fault, by build number.
const MENDED_BUILDS: &[(u32, u32)] = &[(22631, 6276), (26100, 6584), (26200, 6725)];

fn windows_fault(case: &Case<'_>) -> Option<Match> {
    if case.is_hybrid() != Some(true) {
        return None;
    }
    let key = r"windows nt\currentversion";
    let build = case.registry(key, "CurrentBuild")?;
    let number = build.fact.data.number()?;
    let revision = case.registry(key, "UBR")?.fact.data.number()?;
    let (_, mended) = MENDED_BUILDS.iter().find(|(of, _)| *of == number)?;
    if revision >= *mended {
        return None;
    }
    let mut proof = with_codes(case, &[0x8000_4005]);
    if proof.is_empty() {
        return None;
    }
    proof.push(case.proof(
        &build,
        format!("Windows has build {number}.{revision}; the fault is gone since {number}.{mended}"),
    ));
    Some(Match::new("the setup failed with 0x80004005, by a build of Windows with a known fault", proof))
}
