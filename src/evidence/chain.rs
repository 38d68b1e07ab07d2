//! The chain from the profile to the user's desktop: each link proven, refuted or not known.

use serde::Serialize;

use super::case::{Case, DM_ADMIN, Event, MD_AUTOPILOT, SHELL_CORE, STATE_PROCESSED, SYSTEM, UDR_ADMIN};
use super::event::{EventRecord, Level, Provider};
use super::fact::{ConnectorOutcome, EspPhase, Fact};
use super::proof::{LinkKind, LinkState, Proof};
use super::side::Side;
use super::source::SourceKind;

/// The code for a computer that is not in Microsoft Entra yet, which is normal until the next synchronization.
pub(super) const NOT_SYNCED: u32 = 0x801c_03f2;

/// A link in the chain, with the observations that prove its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// The stage of the deployment that the link covers.
    pub kind: LinkKind,
    /// The state of the link.
    pub state: LinkState,
    /// The proof; empty if the state is open or not collected.
    pub proof: Vec<Proof>,
}

/// Returns the links, in order.
pub(super) fn links(case: &Case<'_>) -> Vec<Link> {
    let mut links: Vec<Link> = LinkKind::ALL
        .into_iter()
        .map(|kind| {
            let (state, proof) = of(case, kind);
            Link { kind, state, proof }
        })
        .collect();
    imply(&mut links);
    links
}

/// Links that a proven link implies: they cannot have been skipped.
const IMPLIED: &[(LinkKind, &[LinkKind])] = &[
    (LinkKind::UserPage, &[LinkKind::DomainSignIn]),
    (
        LinkKind::Registration,
        &[LinkKind::BlobApplied, LinkKind::Restarted, LinkKind::DomainControllerReached],
    ),
    (
        LinkKind::BlobApplied,
        &[LinkKind::AccountCreated, LinkKind::ConnectorAsked, LinkKind::BlobWait, LinkKind::Enrollment],
    ),
    (LinkKind::AccountCreated, &[LinkKind::ConnectorAsked, LinkKind::BlobWait]),
    (LinkKind::ConnectorAsked, &[LinkKind::BlobWait]),
    (LinkKind::BlobWait, &[LinkKind::Enrollment]),
    (LinkKind::Enrollment, &[LinkKind::SignIn]),
];

fn imply(links: &mut [Link]) {
    let has_profile =
        links.iter().any(|link| link.kind == LinkKind::Profile && link.state == LinkState::Proven);
    for (proven, implied) in IMPLIED {
        // A device can be registered without Autopilot.
        if *proven == LinkKind::Registration && !has_profile {
            continue;
        }
        let proof = links.iter().find(|link| link.kind == *proven && link.state == LinkState::Proven);
        let Some(proof) = proof.map(|link| link.proof.clone()) else { continue };
        for link in links.iter_mut().filter(|link| implied.contains(&link.kind)) {
            // A link that is not required has no need of a proof, and one that failed and went on has succeeded.
            let is_open = matches!(link.state, LinkState::Open | LinkState::NotCollected);
            let has_recovered = link.state == LinkState::Refuted && *proven != LinkKind::ConnectorAsked;
            if is_open || has_recovered {
                link.state = LinkState::Proven;
                link.proof.clone_from(&proof);
            }
        }
    }
}

type State = (LinkState, Vec<Proof>);

fn proven(proof: Proof) -> State {
    (LinkState::Proven, vec![proof])
}

fn refuted(proof: Vec<Proof>) -> State {
    (LinkState::Refuted, proof)
}

/// Returns the state of a link without a sign.
fn silent(is_collected: bool) -> State {
    (if is_collected { LinkState::Open } else { LinkState::NotCollected }, Vec::new())
}

fn of(case: &Case<'_>, kind: LinkKind) -> State {
    match kind {
        LinkKind::Profile => profile(case),
        LinkKind::SignIn => sign_in(case),
        LinkKind::Enrollment => enrollment(case),
        LinkKind::BlobWait => wait(case),
        LinkKind::ConnectorAsked => asked(case),
        LinkKind::AccountCreated => created(case),
        LinkKind::BlobApplied => applied(case),
        LinkKind::DomainControllerReached => domain_controller(case),
        LinkKind::Restarted => restarted(case),
        LinkKind::DevicePage => device_page(case),
        LinkKind::DomainSignIn => domain_sign_in(case),
        LinkKind::Registration => registration(case),
        LinkKind::UserPage => user_page(case),
    }
}

fn profile(case: &Case<'_>) -> State {
    let downloaded = case.md(&[161, 153]).into_iter().rev();
    let downloaded = downloaded
        .into_iter()
        .find(|hit| hit.fact.id == 161 || hit.fact.fields.number("UpdateState") == Some(3));
    let refused = refusal(case).filter(|(hit, _)| downloaded.is_none_or(|good| hit.is_after(&good)));
    if let Some(profile) = case.profile() {
        if let Some(error) = profile.fact.error {
            let reason = profile.fact.error_reason.as_deref().unwrap_or("no reason");
            return refuted(vec![
                case.proof(&profile, format!("the service refused the profile: {error}, {reason}")),
            ]);
        }
        if profile.fact.is_hybrid() == Some(false) {
            return refuted(vec![case.proof(&profile, "the profile joins only Microsoft Entra")]);
        }
        if profile.fact.is_hybrid() == Some(true) && refused.is_none() {
            return proven(case.proof(&profile, "the profile for hybrid join is in the cache"));
        }
    }
    if let Some((hit, reason)) = refused {
        return refuted(vec![case.event_proof(&hit, &format!("no profile: {reason}"))]);
    }
    // The record of a download does not say for which join the profile is: the wait for the blob does.
    let waited = case.wait().or_else(|| case.applied());
    if let Some((hit, waited)) = downloaded.zip(waited) {
        let proof = vec![
            case.event_proof(&hit, "the profile was downloaded"),
            case.event_proof(&waited, "the device waited for its domain join blob"),
        ];
        return (LinkState::Proven, proof);
    }
    silent(case.has_log(MD_AUTOPILOT) && case.has(&SourceKind::Profile))
}

/// Returns the deployment service's last refusal, with its name.
///
/// Other builds of Windows use other event numbers: events are recognized by name or by error number.
pub(super) fn refusal<'a>(case: &Case<'a>) -> Option<(Event<'a>, &'a str)> {
    let events = case.md(&[709, 706, 707, 807, 809, 815, 908]);
    let word = |record: &'a EventRecord| {
        record.fields.iter().map(|(_, value)| value).find_map(|value| {
            let words = value.split(|c: char| !c.is_ascii_alphanumeric());
            words.into_iter().find(|word| {
                word.starts_with("Ztd") || ["SerialNumberMismatch", "ProductKeyIdMismatch"].contains(word)
            })
        })
    };
    let number = |record: &EventRecord| {
        let is_error = record.level == Some(Level::Error);
        (record.id == 807 && is_error).then_some("ZtdDeviceIsNotRegistered")
    };
    events.into_iter().rev().find_map(|hit| Some((hit, word(hit.fact).or_else(|| number(hit.fact))?)))
}

fn sign_in(case: &Case<'_>) -> State {
    if let Some(hit) = case.dm(&[90, 91]).first() {
        return proven(case.event_proof(hit, "a user enrolls the device"));
    }
    silent(case.has_log(DM_ADMIN))
}

/// Returns the records of a failed enrollment, unless it succeeded later.
pub(super) fn enrollment_failures<'a>(case: &Case<'a>) -> Vec<Event<'a>> {
    let mut failures = case.dm(&[52, 53, 54, 55, 71, 76, 94, 95, 96, 97, 98, 99]);
    // A device that is enrolled can go on to fail at the automatic enrollment by group policy, which needs nothing more.
    if !case.dm(&[72, 75]).is_empty() {
        failures.clear();
    }
    failures
}

fn enrollment(case: &Case<'_>) -> State {
    let failures = enrollment_failures(case);
    if let Some(hit) = case.dm(&[72, 75]).last()
        && failures.is_empty()
    {
        return proven(case.event_proof(hit, "the enrollment succeeded"));
    }
    // Faults on the way, such as that of one token, are not an end.
    let ends: Vec<Proof> = failures
        .iter()
        .filter(|hit| matches!(hit.fact.id, 71 | 76 | 94..=99))
        .map(|hit| case.event_proof(hit, "the enrollment failed"))
        .collect();
    if !ends.is_empty() {
        return refuted(ends);
    }
    let enrollments = case.facts(|fact| match fact {
        Fact::Enrollment(enrollment) => Some(enrollment),
        _ => None,
    });
    let is_intune = |provider: &str| provider.eq_ignore_ascii_case("MS DM Server");
    let enrolled = enrollments
        .iter()
        .find(|hit| hit.fact.state == Some(1) && hit.fact.provider.as_deref().is_some_and(is_intune));
    if let Some(hit) = enrolled {
        return proven(case.proof(hit, "the registry has an enrollment in Intune"));
    }
    silent(case.has_log(DM_ADMIN))
}

fn wait(case: &Case<'_>) -> State {
    if let Some(hit) = case.wait() {
        return proven(case.event_proof(&hit, "the wait for the domain join blob began"));
    }
    let signs = case.dm(&[100, 105, 106, 109, 110]);
    let sign = signs.iter().find(|hit| {
        !matches!(hit.fact.id, 109 | 110) || hit.fact.fields.number("HexInt1").is_some_and(|state| state > 0)
    });
    if let Some(hit) = sign {
        return proven(case.event_proof(hit, "the domain join is under way"));
    }
    silent(case.has_log(DM_ADMIN))
}

/// Returns the proofs that no request of the device reached a connector in the period of the connector's log; `None` if
/// that is not known.
pub(super) fn no_request(case: &Case<'_>) -> Option<Vec<Proof>> {
    let wait = case.wait()?;
    let failures = case.join_failures();
    let failure = failures.last()?;
    let (from, until) = (wait.at?, failure.at?);
    // At any time: the clocks of the two machines can differ.
    let is_open = case.all_answers().iter().any(|(_, own)| *own != crate::model::Lookup::Absent);
    if is_open || case.applied().is_some() || case.blob_mark().is_some() {
        return None;
    }
    // Without record of the wait itself in a whole log, the blob can have come and gone.
    let is_covered = case.connector_covers(from, until) && case.covers(Side::Device, DM_ADMIN, from, until);
    is_covered.then(|| {
        vec![
            case.event_proof(&wait, "the wait for the blob began"),
            case.event_proof(
                failure,
                "the wait ended without a blob, and the connector's log has no request of the device",
            ),
        ]
    })
}

fn asked(case: &Case<'_>) -> State {
    let own = case.own_answers();
    if let Some(hit) = own.last() {
        return proven(case.proof(hit, "the connector responded to a request of the device"));
    }
    match no_request(case) {
        Some(proof) if case.has_both_ids() => refuted(proof),
        _ => silent(case.has_connector_log() && case.has_both_ids()),
    }
}

fn created(case: &Case<'_>) -> State {
    let own = case.own_answers();
    let created = own.iter().rfind(|hit| hit.fact.outcome == ConnectorOutcome::Created);
    if let Some(hit) = created {
        return proven(case.proof(hit, "event 30130: the connector created the computer account"));
    }
    let refusals = case.refusals();
    if !refusals.is_empty() {
        let text = "event 30132: the connector could not create the computer account";
        return refuted(refusals.iter().map(|hit| case.proof(hit, text)).collect());
    }
    silent(case.has_connector_log() && case.has_both_ids())
}

/// Returns `true` if the directory status says that the device is in the domain.
fn is_domain_joined(case: &Case<'_>) -> Option<bool> {
    case.status()?.fact.is_domain_joined()
}

fn applied(case: &Case<'_>) -> State {
    if let Some(hit) = case.applied() {
        return proven(case.event_proof(&hit, "the blob was applied"));
    }
    if let Some(hit) =
        case.dm(&[109, 110]).iter().rfind(|hit| hit.fact.fields.number("HexInt1") == Some(STATE_PROCESSED))
    {
        return proven(case.event_proof(hit, "the state is: blob processed"));
    }
    if let Some(hit) = case.blob_mark() {
        return proven(case.proof(&hit, "the registry has the mark ODJApplied"));
    }
    // A device can be in a domain without Autopilot.
    let is_in_domain = case.is_hybrid() == Some(true) && is_domain_joined(case) == Some(true);
    if let Some(status) = case.status().filter(|_| is_in_domain) {
        return proven(case.proof(&status, "DomainJoined: YES"));
    }
    let failed = case.dm(&[108]);
    if !failed.is_empty() {
        return refuted(failed.iter().map(|hit| case.event_proof(hit, "the blob was not applied")).collect());
    }
    let failures = case.join_failures();
    let covered = case.wait().zip(failures.last().copied()).is_some_and(|(wait, failure)| {
        let (Some(from), Some(until)) = (wait.at, failure.at) else { return false };
        case.covers(Side::Device, DM_ADMIN, from, until)
    });
    if covered {
        let ends =
            failures.iter().map(|hit| case.event_proof(hit, "the domain join timed out without a blob"));
        return refuted(ends.collect());
    }
    silent(case.has_log(DM_ADMIN))
}

fn domain_controller(case: &Case<'_>) -> State {
    let failures = case.join_failures();
    let has_blob = case.applied().is_some() || case.blob_mark().is_some();
    if has_blob && !failures.is_empty() {
        let ends = failures.iter().map(|hit| case.event_proof(hit, "no domain controller responded in time"));
        return refuted(ends.collect());
    }
    if let Some(hit) = case.reached() {
        return proven(case.event_proof(&hit, "a domain controller was reached"));
    }
    if case.needs_domain_controller() == Some(false) {
        return (LinkState::NotRequired, Vec::new());
    }
    silent(case.has_log(DM_ADMIN) && has_blob)
}

fn restarted(case: &Case<'_>) -> State {
    let Some(applied) = case.applied() else {
        return silent(false);
    };
    let boots = case.events(Side::Device, &Provider::KernelGeneral, &[12]);
    match boots.iter().find(|boot| boot.is_after(&applied)) {
        Some(boot) => proven(case.event_proof(boot, "the device started after its domain join")),
        None => silent(case.has_log(SYSTEM)),
    }
}

/// Returns the names of pages and results that the screen showed, with their records.
pub(super) fn screen<'a>(case: &Case<'a>, words: &[&str]) -> Vec<Event<'a>> {
    let mut shown = case.shell();
    shown.retain(|hit| {
        let names = ["CXID", "Name"].iter().filter_map(|name| hit.fact.fields.get(name));
        names.into_iter().any(|name| words.iter().any(|word| name.contains(word)))
    });
    shown
}

/// The names of a page that has failed.
pub(super) const PAGE_FAILURES: &[&str] = &[
    "CommercialOOBE_ESPProgress_Failure",
    "CommercialOOBE_ESPProgress_Failed",
    "CommercialOOBE_ESPProgress_Timeout",
    "CommercialOOBE_ESPProgress_Abort",
    "UnifiedEnrollment_ProvisioningProgressPage_ApplicationsFailed",
    "UnifiedEnrollment_ProvisioningProgressPage_DeviceConfigurationTimeOut",
];

/// Returns the state of a phase in the registry: the last one.
fn page(case: &Case<'_>, phase: EspPhase) -> Option<State> {
    let category = case.category(phase)?;
    let is = |word: &str| category.fact.state.as_deref() == Some(word);
    if category.fact.succeeded == Some(true) || is("succeeded") {
        return Some(proven(case.proof(&category, "the phase succeeded")));
    }
    if is("notRequired") {
        return Some((LinkState::NotRequired, Vec::new()));
    }
    let failed =
        is("failed") || category.fact.succeeded == Some(false) && !is("inProgress") && !is("notStarted");
    failed.then(|| refuted(vec![case.proof(&category, "the phase failed")]))
}

fn device_page(case: &Case<'_>) -> State {
    if let Some(state) = page(case, EspPhase::DeviceSetup) {
        return state;
    }
    if let Some(state) = page(case, EspPhase::AccountSetup).filter(|(state, _)| *state == LinkState::Proven) {
        return state;
    }
    let skips = case.first_syncs().into_iter().any(|hit| hit.fact.skips_device_page == Some(true));
    if skips {
        return (LinkState::NotRequired, Vec::new());
    }
    // Without the registry, a failure on the screen is of one of the two pages.
    let has_account = case
        .category(EspPhase::AccountSetup)
        .is_some_and(|hit| hit.fact.state.as_deref().is_some_and(|state| state != "notStarted"));
    let failures = screen(case, PAGE_FAILURES);
    let named = failures.iter().rfind(|hit| {
        ["CXID", "Name"].iter().any(|name| {
            hit.fact.fields.get(name).is_some_and(|name| name.contains("DeviceConfigurationTimeOut"))
        })
    });
    if let Some(hit) = named.filter(|_| !has_account && case.category(EspPhase::DeviceSetup).is_some()) {
        return refuted(vec![case.event_proof(hit, "the device page reached its time limit")]);
    }
    silent(case.has(&SourceKind::Registry) && case.has_log(SHELL_CORE))
}

fn domain_sign_in(case: &Case<'_>) -> State {
    let user_sync = case.first_syncs().into_iter().find(|hit| hit.fact.for_user);
    if let Some(hit) = user_sync {
        return proven(case.proof(&hit, "the registry has a user's synchronization"));
    }
    let begun = case.category(EspPhase::AccountSetup).filter(|hit| {
        hit.fact.state.as_deref().is_some_and(|state| state != "notStarted" && state != "notRequired")
    });
    if let Some(hit) = begun {
        return proven(case.proof(&hit, "account setup began"));
    }
    if let Some(status) = case.status().filter(|status| status.fact.flag("AzureAdPrt") == Some(true)) {
        return proven(case.proof(&status, "AzureAdPrt: YES"));
    }
    silent(case.has(&SourceKind::Registry))
}

/// Returns the records of a failed registration, unless it succeeded later.
pub(super) fn registration_failures<'a>(case: &Case<'a>) -> Vec<Event<'a>> {
    let mut failures = case.udr(&[201, 204, 305, 304, 307]);
    let success = case.udr(&[306]).into_iter().next_back();
    failures.retain(|failure| !success.is_some_and(|success| success.is_after(failure)));
    failures
}

/// Returns the code of a failed registration.
pub(super) fn exit_code(record: &EventRecord) -> Option<u32> {
    ["ExitCode", "ErrorCode", "HRESULT"].iter().find_map(|name| record.fields.number(name))
}

fn registration(case: &Case<'_>) -> State {
    if let Some(hit) = case.udr(&[306]).last() {
        return proven(case.event_proof(hit, "the registration succeeded"));
    }
    let status = case.status();
    let joined = status.filter(|status| {
        status.fact.is_entra_joined() == Some(true) && status.fact.is_domain_joined() == Some(true)
    });
    if let Some(status) = joined {
        return proven(case.proof(&status, "AzureAdJoined: YES, DomainJoined: YES"));
    }
    let failures = registration_failures(case);
    let real: Vec<Proof> = failures
        .iter()
        .filter_map(|hit| Some((hit, exit_code(hit.fact).filter(|code| *code != NOT_SYNCED && *code != 0)?)))
        .map(|(hit, code)| {
            case.proof(hit, format!("event {}: the registration failed, 0x{code:08x}", hit.fact.id))
        })
        .collect();
    let last_waits = failures.last().is_some_and(|hit| exit_code(hit.fact) == Some(NOT_SYNCED));
    if !real.is_empty() && !last_waits {
        return refuted(real);
    }
    silent(case.has_log(UDR_ADMIN) || status.is_some())
}

fn user_page(case: &Case<'_>) -> State {
    if let Some(state) = page(case, EspPhase::AccountSetup) {
        return state;
    }
    let syncs = case.first_syncs();
    if syncs.iter().any(|hit| hit.fact.skips_user_page == Some(true)) {
        return (LinkState::NotRequired, Vec::new());
    }
    if let Some(hit) = syncs.iter().find(|hit| hit.fact.for_user && hit.fact.is_sync_done == Some(true)) {
        return proven(case.proof(hit, "the first synchronization is done"));
    }
    silent(case.has(&SourceKind::Registry))
}
