//! Rules of the profile: rows 1 to 10, 15 and 84.

use super::rule::Mark::{Documented, Tool};
use super::rule::{Match, Rule};
use crate::evidence::case::{Case, Event};
use crate::evidence::chain::refusal;
use crate::evidence::findings::*;
use crate::evidence::proof::LinkKind::{BlobApplied, Profile};
use crate::evidence::proof::Strength;
use crate::evidence::proof::Strength::{Proof, Strong};

pub(super) const RULES: &[Rule] = &[
    Rule::new("1", EVIDENCE_NOT_REGISTERED, Profile, Proof, Documented, |case| {
        refused(case, &["ZtdDeviceIsNotRegistered"], &[807])
    }),
    Rule::new("2", EVIDENCE_NO_PROFILE, Profile, Proof, Documented, |case| {
        refused(case, &["ZtdDeviceHasNoAssignedProfile"], &[809, 815])
    }),
    Rule::new("3", EVIDENCE_HARDWARE_CHANGED, Profile, Proof, Documented, |case| {
        refused(case, &["SerialNumberMismatch", "ProductKeyIdMismatch"], &[908])
    }),
    Rule::new("3", EVIDENCE_PROFILE_REFUSED, Profile, Strong, Tool, |case| {
        refused(case, &[], &[802, 803, 806, 808])
    }),
    Rule::new("4", EVIDENCE_EMPTY_PROFILE, Profile, Proof, Tool, empty_profile),
    Rule::new("5", EVIDENCE_SIGN_IN_ASSISTANT_OFF, Profile, Proof, Documented, |case| {
        let events = since_download(case, &[154]);
        let proof = events.iter().map(|hit| case.event_proof(hit, "the sign-in service is not started"));
        Match::of("the service for Microsoft accounts does not run", proof.collect())
    }),
    Rule::new("6", EVIDENCE_PROFILE_UNREACHABLE, Profile, Strong, Documented, |case| {
        let mut events = since_download(case, &[706, 707, 710]);
        events.retain(|hit| hit.fact.hresult().is_some_and(|code| code >> 8 == 0x0080_072e));
        let proof = events.iter().map(|hit| case.event_proof(hit, "the profile could not be downloaded"));
        Match::of("the profile could not be downloaded: the network failed", proof.collect())
    }),
    Rule::new("7", EVIDENCE_NOT_HYBRID_PROFILE, Profile, Proof, Documented, |case| {
        let profile = case.profile().filter(|profile| profile.fact.is_hybrid() == Some(false))?;
        let name = profile.fact.name.as_deref().unwrap_or("without a name");
        let text = format!("the profile {name:?} joins only Microsoft Entra");
        Some(Match::new(text.clone(), vec![case.proof(&profile, text)]))
    }),
    Rule::new("8", EVIDENCE_NAME_TEMPLATE, Profile, Strong, Documented, |case| {
        let profile = case.profile().filter(|profile| profile.fact.is_hybrid() == Some(true))?;
        let name = profile.fact.device_name.as_deref()?;
        let text = format!("the profile has the device name template {name:?}");
        Some(Match::new(text.clone(), vec![case.proof(&profile, text)]))
    }),
    Rule::new("9", EVIDENCE_WRONG_TENANT, Profile, Proof, Documented, |case| {
        let value = case.registry(r"diagnostics\autopilot", "TenantMatched")?;
        let text = "TenantMatched: 0, the user's tenant is not the device's";
        let user = case.registry(r"diagnostics\autopilot", "AadTenantId");
        let has_user = user.is_some_and(|user| user.fact.data.text().is_some_and(|id| !id.trim().is_empty()));
        let found = (value.fact.data.number() == Some(0))
            .then(|| Match::new(text, vec![case.proof(&value, text)]))?;
        // Before a user has signed in, no tenant matches.
        Some(if has_user { found } else { found.at_most(Strength::Hint) })
    })
    .overcome_by(BlobApplied),
    Rule::new("10", EVIDENCE_OFFLINE_PROFILE_INVALID, Profile, Proof, Documented, |case| {
        let events = case.md(&[311, 312, 313]);
        let proof = events.iter().map(|hit| {
            case.event_proof(
                hit,
                match hit.fact.id {
                    311 => "the offline profile was not loaded",
                    312 => "the offline profile was not parsed",
                    _ => "the offline profile has a bad correlation id",
                },
            )
        });
        Match::of("Windows could not use the offline profile", proof.collect())
    }),
    Rule::new("10", EVIDENCE_OFFLINE_PROFILE, Profile, Proof, Documented, offline_profile),
    Rule::new("15", EVIDENCE_USER_ASSIGNED, Profile, Strong, Documented, user_assigned)
        .overcome_by(BlobApplied),
    Rule::new("84", EVIDENCE_BUILD_TOO_OLD, Profile, Proof, Documented, |case| {
        let build = case.registry(r"windows nt\currentversion", "CurrentBuild")?;
        let number = build.fact.data.number().filter(|number| (10240..17763).contains(number))?;
        let text = format!("Windows has build {number}, and the profile is for hybrid join");
        (case.is_hybrid() == Some(true)).then(|| Match::new(text.clone(), vec![case.proof(&build, text)]))
    })
    .overcome_by(BlobApplied),
];

/// Returns events that no download of a profile followed.
fn since_download<'a>(case: &Case<'a>, ids: &[u32]) -> Vec<Event<'a>> {
    let good = case.md(&[161, 703]).into_iter().next_back();
    let mut events = case.md(ids);
    events.retain(|hit| good.is_none_or(|good| hit.is_after(&good)));
    events
}

fn refused(case: &Case<'_>, words: &[&str], codes: &[u32]) -> Option<Match> {
    let downloaded = case.md(&[161]).into_iter().next_back();
    let mut proof = Vec::new();
    let mut text = String::new();
    if let Some(profile) = case.profile() {
        let error = profile.fact.error?;
        let word = profile.fact.error_reason.as_deref().unwrap_or_default();
        let fits = codes.contains(&error) || words.iter().any(|known| word.contains(known));
        if !fits {
            return None;
        }
        text = format!("the service refused the profile: {error} {word}");
        proof.push(case.proof(&profile, text.clone()));
    }
    let refusal = refusal(case).filter(|(hit, _)| downloaded.is_none_or(|good| hit.is_after(&good)));
    if let Some((hit, word)) = refusal.filter(|(_, word)| words.iter().any(|known| word.contains(known))) {
        let said = format!("the service refused the profile: {word}");
        proof.push(case.event_proof(&hit, &said));
        text = if text.is_empty() { said } else { text };
    }
    Match::of(text, proof)
}

fn empty_profile(case: &Case<'_>) -> Option<Match> {
    let profile = case.profile().filter(|profile| profile.fact.domain_join_method.is_some());
    if profile.is_some() {
        return None;
    }
    let good = case.md(&[161, 703]).into_iter().next_back();
    let empty = case.md(&[704]).into_iter().next_back();
    if let Some(hit) = empty.filter(|hit| good.is_none_or(|good| hit.is_after(&good))) {
        return Some(Match::new(
            "the downloaded profile is empty",
            vec![case.event_proof(&hit, "empty profile")],
        ));
    }
    let cache = "provisioning\\autopilotpolicycache";
    let available = case.registry(cache, "ProfileAvailable")?;
    let config = case.registry(cache, "PolicyJsonCache");
    let is_empty =
        config.is_none_or(|config| config.fact.data.text().is_none_or(|text| text.trim().is_empty()));
    let text = "ProfileAvailable: 0, and the cache is empty";
    (available.fact.data.number() == Some(0) && is_empty)
        .then(|| Match::new(text, vec![case.proof(&available, text)]))
}

fn offline_profile(case: &Case<'_>) -> Option<Match> {
    if let Some(profile) = case.profile().filter(|profile| profile.fact.offline) {
        let text = "the profile is AutopilotConfigurationFile.json, from the image";
        return Some(Match::new(text, vec![case.proof(&profile, text)]));
    }
    let key = r"diagnostics\autopilot";
    let name = case.registry(key, "DeploymentProfileName")?;
    let tenant = case.registry(key, "CloudAssignedTenantId")?;
    let text = "a tenant without the name of a profile: the profile is from the image";
    let is_offline =
        name.fact.data.text() == Some("") && tenant.fact.data.text().is_some_and(|id| !id.is_empty());
    is_offline.then(|| Match::new(text, vec![case.proof(&name, text)]))
}

fn user_assigned(case: &Case<'_>) -> Option<Match> {
    let profile = case.profile()?;
    let is_hybrid = profile.fact.is_hybrid() == Some(true);
    if !is_hybrid || profile.fact.has_assigned_user != Some(true) {
        return None;
    }
    let text = "a user is assigned to the device in advance";
    let mut proof = vec![case.proof(&profile, text)];
    let failures = case.join_failures();
    // A blob that was applied shows that the user was not the problem.
    let is_broken = !failures.is_empty() && case.applied().is_none() && case.blob_mark().is_none();
    proof.extend(failures.iter().map(|hit| case.event_proof(hit, "the domain join failed")));
    let found = Match::new(text, proof);
    Some(if is_broken { found } else { found.at_most(Strength::Hint) })
}
