//! Rules of the enrollment status page: rows 47 to 64, and 66.

use std::collections::BTreeMap;

use super::enrollment::screen_code;
use super::rule::Mark::{Documented, Tool, Unverified};
use super::rule::{Match, Rule};
use crate::codes::ErrorCode;
use crate::evidence::case::Case;
use crate::evidence::chain::{NOT_SYNCED, PAGE_FAILURES, screen};
use crate::evidence::event::{EventRecord, Provider};
use crate::evidence::fact::{AppScope, EspPhase, Fact, TrackedApp};
use crate::evidence::findings::*;
use crate::evidence::proof::LinkKind::{DevicePage, UserPage};
use crate::evidence::proof::Proof;
use crate::evidence::proof::Strength::{self, Hint, Strong};
use crate::evidence::side::Side;
use crate::evidence::source::SourceKind;

const NOT_DETECTED: u32 = 0x87d1_041c;
const TWO_INSTALLERS: [u32; 2] = [1618, 0x8007_0652];
const DISK_FULL: [u32; 2] = [0x8007_0070, 112];
const CONTENT: [u32; 4] = [0x87d3_0065, 0x87d3_0067, 0x87d3_0068, 0x87d3_006a];
const STORE: [u32; 6] = [0x8007_3cf0, 0x8007_3cf3, 0x8007_3cf9, 0x8007_3cfb, 0x8007_3cff, 0x8007_3d06];

pub(super) const RULES: &[Rule] = &[
    Rule::new("47", EVIDENCE_APP_FAILED, DevicePage, Strength::Proof, Documented, |case| {
        failed_apps(case, AppScope::Device, "on the device page")
    }),
    Rule::new("47", EVIDENCE_APP_FAILED, UserPage, Strength::Proof, Documented, |case| {
        failed_apps(case, AppScope::User, "on the user page")
    }),
    Rule::new("48", EVIDENCE_APP_NOT_DETECTED, DevicePage, Strength::Proof, Documented, |case| {
        with_codes(case, "an app was installed, and its detection rule does not find it", &[NOT_DETECTED])
    }),
    Rule::new("49", EVIDENCE_PACKAGE_FAILED, DevicePage, Strength::Proof, Tool, |case| {
        let installed = case.dm(&[1922]);
        let code = |record: &EventRecord, field: &str| record.fields.get(field).map(str::to_ascii_lowercase);
        let mut failed = case.dm(&[1924]);
        failed.retain(|hit| {
            let product = code(hit.fact, "Message3");
            !installed
                .iter()
                .any(|good| good.is_after(hit) && product.is_some() && code(good.fact, "Message1") == product)
        });
        let mut proof: Vec<Proof> = failed
            .iter()
            .map(|hit| {
                let product = hit.fact.fields.get("Message3").unwrap_or("without a product code");
                case.event_proof(hit, &format!("the package {product} failed"))
            })
            .collect();
        for hit in case.apps() {
            if let TrackedApp::Msi { product, state: Some(60), error, .. } = hit.fact {
                let error = error.map_or_else(String::new, |error| format!(", {}", ErrorCode(error)));
                proof.push(case.proof(&hit, format!("package {product}: installation failed{error}")));
            }
        }
        Match::of("a line-of-business package failed", proof)
    }),
    Rule::new("50", EVIDENCE_CONTENT_UNREACHABLE, DevicePage, Strong, Tool, |case| {
        let mut proof = coded(case, &CONTENT);
        for hit in case.apps() {
            if let TrackedApp::Msi { product, state: Some(state @ (25 | 30)), .. } = hit.fact {
                proof
                    .push(case.proof(&hit, format!("package {product}: state {state}, the download failed")));
            }
        }
        Match::of("content of apps did not arrive", proof)
    }),
    Rule::new("51", EVIDENCE_TWO_INSTALLERS, DevicePage, Strong, Documented, |case| {
        with_codes(case, "an installer found another one running", &TWO_INSTALLERS)
    }),
    Rule::new("64", EVIDENCE_STORE_APP, DevicePage, Strong, Documented, |case| {
        with_codes(case, "a Store app was not installed", &STORE)
    }),
    Rule::new("66", EVIDENCE_DISK_FULL, DevicePage, Strength::Proof, Tool, |case| {
        with_codes(case, "the disk is full", &DISK_FULL)
    }),
    Rule::new("52", EVIDENCE_DEVICE_PAGE_TIMED_OUT, DevicePage, Strength::Proof, Documented, |case| {
        let shown = screen(case, &["ProvisioningProgressPage_DeviceConfigurationTimeOut"]);
        let mut proof: Vec<Proof> =
            shown.iter().map(|hit| case.event_proof(hit, "the page reached its time limit")).collect();
        if proof.is_empty() || user_page_began(case) {
            return None;
        }
        // Without the registry, the page can be the user's.
        let is_certain = case.category(EspPhase::DeviceSetup).is_some();
        let limit = case.first_syncs().into_iter().find(|hit| hit.fact.timeout_minutes.is_some());
        let mut text = "the device page reached its time limit".to_owned();
        if let Some((hit, minutes)) = limit.and_then(|hit| Some((hit, hit.fact.timeout_minutes?))) {
            text = format!("{text} of {minutes} minutes");
            proof.push(case.proof(&hit, format!("SyncFailureTimeout: {minutes} minutes")));
        }
        let found = Match::new(text, proof);
        Some(if is_certain { found } else { found.at_most(Hint) })
    }),
    Rule::new("60", EVIDENCE_PAGE_WAITS_FOR_SYNC, UserPage, Strength::Proof, Documented, |case| {
        let category = case.category(EspPhase::AccountSetup)?;
        let waiting = category
            .fact
            .subcategories
            .iter()
            .find(|part| part.name.eq_ignore_ascii_case("WaitingForAadRegistration"))?;
        let waits = waiting.state.as_deref() == Some("inProgress");
        let status = case.status()?;
        let code = status.fact.code("Client ErrorCode").or_else(|| status.fact.code("Server ErrorCode"));
        let is_waiting = waits && code == Some(NOT_SYNCED) && status.fact.is_entra_joined() == Some(false);
        is_waiting.then(|| {
            let proof = vec![
                case.proof(&category, "WaitingForAadRegistration: inProgress"),
                case.proof(&status, format!("AzureAdJoined: NO, {}", ErrorCode(NOT_SYNCED))),
            ];
            Match::new("the user page waits for the synchronization of the computer", proof)
        })
    }),
    Rule::new("52", EVIDENCE_USER_PAGE_TIMED_OUT, UserPage, Strong, Tool, |case| {
        let shown = screen(case, &["ESPProgress_Timeout", "DeviceConfigurationTimeOut"]);
        let proof = shown.iter().map(|hit| case.event_proof(hit, "the page reached its time limit"));
        user_page_began(case).then(|| Match::of("the user page reached its time limit", proof.collect()))?
    }),
    Rule::new("53", EVIDENCE_CONTINUED_ANYWAY, DevicePage, Strength::Proof, Tool, |case| {
        let events = case.dm(&[352]);
        let proof = events.iter().map(|hit| case.event_proof(hit, "the user pressed \"Continue anyway\""));
        Match::of("the user left the page before its end", proof.collect())
    }),
    Rule::new("54", EVIDENCE_CERTIFICATE_FAILED, DevicePage, Strength::Proof, Documented, |case| {
        failed_certificates(case, EspPhase::DeviceSetup)
    }),
    Rule::new("54", EVIDENCE_CERTIFICATE_FAILED, UserPage, Strength::Proof, Documented, |case| {
        failed_certificates(case, EspPhase::AccountSetup)
    }),
    Rule::new("55", EVIDENCE_AGENT_NOT_INSTALLED, DevicePage, Strength::Proof, Documented, |case| {
        let done = case.md(&[296]).into_iter().next_back();
        let mut events = case.md(&[289]);
        events.retain(|hit| !done.is_some_and(|done| done.is_after(hit)));
        let proof = events
            .iter()
            .map(|hit| case.event_proof(hit, "the provider of the page was not installed in time"));
        if let Some(found) =
            Match::of("the Intune Management Extension was not installed in time", proof.collect())
        {
            return Some(found);
        }
        let waiting = case.apps().into_iter().find(|hit| {
            let is_agent = |name: &str| name.eq_ignore_ascii_case("Sidecar");
            matches!(hit.fact, TrackedApp::Provider { name, state: Some(1), list_created: None, .. } if is_agent(name))
        })?;
        let proof = vec![case.proof(&waiting, "Sidecar: InstallationState 1")];
        Some(Match::new("the Intune Management Extension is not installed", proof).at_most(Hint))
    }),
    Rule::new("56", EVIDENCE_PROVIDER_FAILED, DevicePage, Strength::Proof, Tool, |case| {
        let events = case.md(&[290]);
        let proof = events.iter().map(|hit| case.event_proof(hit, "the installation of a provider failed"));
        Match::of("a provider of the page could not be installed", proof.collect())
    }),
    Rule::new("57", EVIDENCE_CONFIGURATION_MANAGER, DevicePage, Strength::Proof, Tool, |case| {
        let apps = case.apps();
        let named = |wanted: &str| {
            apps.iter().find(|hit| {
                matches!(hit.fact, TrackedApp::Provider { name, .. } if name.eq_ignore_ascii_case(wanted))
            })
        };
        let other = named("ConfigMgr")?;
        let has_list =
            apps.iter().any(|hit| matches!(hit.fact, TrackedApp::Provider { list_created: Some(true), .. }));
        (named("Sidecar").is_none() && !has_list && case.has(&SourceKind::Registry)).then(|| {
            let proof = vec![case.proof(other, "the provider ConfigMgr is registered, and Sidecar is not")];
            Match::new("the client of Configuration Manager took the place of the page's provider", proof)
        })
    }),
    Rule::new("58", EVIDENCE_USER_PAGE_SKIPPED, UserPage, Strength::Proof, Documented, |case| {
        let syncs = case.first_syncs();
        let skips = syncs.iter().find(|hit| {
            hit.fact.skips_user_page == Some(true) && hit.fact.skips_device_page == Some(false)
        })?;
        let text = "SkipUserStatusPage: the user page is skipped";
        Some(Match::new(text, vec![case.proof(skips, text)]))
    }),
    Rule::new("59", EVIDENCE_NO_PAGE, DevicePage, Strength::Proof, Documented, |case| {
        let syncs = case.first_syncs();
        let skips = syncs
            .iter()
            .find(|hit| hit.fact.skips_user_page == Some(true) && hit.fact.skips_device_page == Some(true))?;
        let text = "both pages are skipped";
        Some(Match::new(text, vec![case.proof(skips, text)]))
    }),
    Rule::new("61", EVIDENCE_POLICY_RESTART, DevicePage, Strong, Documented, |case| {
        let asks = case.dm(&[2800]);
        let boots = case.events(Side::Device, &Provider::KernelGeneral, &[12]);
        let applied = case.applied();
        // The restart after the domain join is none of a policy.
        let page = boots.iter().find(|boot| {
            asks.iter().any(|ask| boot.is_after(ask) && applied.is_some_and(|applied| ask.is_after(&applied)))
                && boots
                    .iter()
                    .any(|first| boot.is_after(first) && applied.is_some_and(|of| first.is_after(&of)))
        })?;
        let mut proof: Vec<Proof> = asks
            .iter()
            .map(|hit| {
                case.event_proof(
                    hit,
                    hit.fact.fields.get("Message1").unwrap_or("a policy asks for a restart"),
                )
            })
            .collect();
        proof.push(case.event_proof(page, "the device started again"));
        Some(Match::new("a policy restarted the device during the page", proof))
    }),
    Rule::new("62", EVIDENCE_SIGN_IN_BROKEN, DevicePage, Strong, Documented, |case| {
        let policies = ["/devicelock/", "preferredaadtenantdomainname", "interactivelogon_message"];
        let nodes = case.facts(|fact| match fact {
            Fact::Registry(value) if value.name.eq_ignore_ascii_case("NodeUri") => Some(value),
            _ => None,
        });
        let uri = |hit: &crate::evidence::case::Hit<'_, crate::evidence::fact::RegistryValue>| {
            hit.fact.data.text().map(str::to_ascii_lowercase).unwrap_or_default()
        };
        let breaks: Vec<_> =
            nodes.iter().filter(|hit| policies.iter().any(|policy| uri(hit).contains(policy))).collect();
        let key = r"currentversion\winlogon";
        let logon = case.registry(key, "AutoAdminLogon").filter(|hit| hit.fact.data.number() == Some(0))?;
        if case
            .registry(key, "DefaultUserName")
            .is_some_and(|hit| hit.fact.data.text().is_some_and(|name| !name.is_empty()))
        {
            return None;
        }
        let mut proof: Vec<Proof> = breaks.iter().map(|hit| case.proof(hit, uri(hit))).collect();
        if proof.is_empty() {
            return None;
        }
        proof.push(case.proof(&logon, "AutoAdminLogon: 0, without a user name"));
        Some(Match::new("a policy broke the automatic sign-in of the page", proof))
    }),
    Rule::new("63", EVIDENCE_PROGRAM_BLOCKED, DevicePage, Strong, Unverified, |case| {
        let mut events = case.events(Side::Device, &Provider::AppLocker, &[8004, 8007]);
        events.extend(case.events(Side::Device, &Provider::CodeIntegrity, &[3077]));
        events.retain(|hit| {
            hit.fact.fields.iter().any(|(_, value)| {
                let value = value.to_ascii_lowercase();
                [
                    "intunemanagementextension",
                    "intune management extension",
                    "intunewindowsagent",
                    "agentexecutor",
                ]
                .iter()
                .any(|name| value.contains(name))
            })
        });
        let proof = events.iter().map(|hit| case.event_proof(hit, "a program of Intune was blocked"));
        Match::of("a policy blocked the Intune Management Extension", proof.collect())
    }),
    Rule::new("codes", EVIDENCE_DEVICE_PAGE_FAILED, DevicePage, Hint, Documented, |case| {
        failed_page(case, EspPhase::DeviceSetup, "the device page failed")
    })
    .generic(),
    Rule::new("codes", EVIDENCE_USER_PAGE_FAILED, UserPage, Hint, Documented, |case| {
        failed_page(case, EspPhase::AccountSetup, "the user page failed")
    })
    .generic(),
];

fn user_page_began(case: &Case<'_>) -> bool {
    case.category(EspPhase::AccountSetup).is_some_and(|hit| {
        hit.fact.state.as_deref().is_some_and(|state| state != "notStarted" && state != "notRequired")
    })
}

/// Matches apps of a page in the state "error", with the agent's exit codes.
fn failed_apps(case: &Case<'_>, of: AppScope, page: &str) -> Option<Match> {
    let apps = case.apps();
    let mut results: BTreeMap<&str, (Option<u32>, Option<u32>)> = BTreeMap::new();
    for hit in &apps {
        if let TrackedApp::Win32Result { id, exit_code, error, .. } = hit.fact {
            results.insert(id, (*exit_code, *error));
        }
    }
    let mut proof = Vec::new();
    for hit in &apps {
        let TrackedApp::Win32 { scope, id, state: Some(4), .. } = hit.fact else { continue };
        if *scope != of {
            continue;
        }
        let (exit, error) = results.get(id.as_str()).copied().unwrap_or_default();
        let mut text = format!("app {id}: InstallationState 4");
        if let Some(code) = exit.filter(|code| *code != 0) {
            text = format!("{text}, exit code {code}{}", meaning(code));
        }
        if let Some(code) = error.filter(|code| *code != 0) {
            text = format!("{text}, {}{}", ErrorCode(code), meaning(code));
        }
        proof.push(case.proof(hit, text));
    }
    let items = case.facts(|fact| match fact {
        Fact::Item(item) => Some(item),
        _ => None,
    });
    for hit in
        items.iter().filter(|hit| hit.fact.list.eq_ignore_ascii_case("Sidecar") && hit.fact.scope == of)
    {
        let app = hit.fact.uri.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let id = app.trim_start_matches("win32app_").split('_').next().unwrap_or_default().to_owned();
        // The state of the tracking keys is the newer one.
        let is_known = apps.iter().any(|known| {
            matches!(known.fact, TrackedApp::Win32 { id: of, state: Some(_), .. } if of.eq_ignore_ascii_case(&id))
        });
        if hit.fact.state == Some(4) && !is_known {
            proof.push(case.proof(hit, format!("app {id}: state 4")));
        }
    }
    let count = proof.len();
    Match::of(format!("{count} {} failed {page}", if count == 1 { "app" } else { "apps" }), proof)
}

fn meaning(code: u32) -> String {
    ErrorCode(code).known().map_or_else(String::new, |known| format!(" ({})", known.meaning))
}

/// Returns the places where an app or a part of a page has one of these codes.
fn coded(case: &Case<'_>, codes: &[u32]) -> Vec<Proof> {
    let mut proof = Vec::new();
    for hit in case.apps() {
        let found = match hit.fact {
            TrackedApp::Win32Result { exit_code, error, .. } => {
                [*error, *exit_code].into_iter().flatten().find(|code| codes.contains(code))
            }
            TrackedApp::Msi { error, .. } => error.filter(|code| codes.contains(code)),
            _ => None,
        };
        proof.extend(found.map(|code| case.proof(&hit, format!("an app ended with {}", ErrorCode(code)))));
    }
    for phase in [EspPhase::DeviceSetup, EspPhase::AccountSetup] {
        let Some(category) = case.category(phase) else { continue };
        for part in &category.fact.subcategories {
            let code = part.code.filter(|code| codes.contains(code));
            proof.extend(
                code.map(|code| case.proof(&category, format!("{}: {}", part.name, ErrorCode(code)))),
            );
        }
    }
    let failures = case.facts(|fact| match fact {
        Fact::AppFailure(failure) => Some(failure),
        _ => None,
    });
    for hit in failures.iter().filter(|hit| hit.fact.code.is_some_and(|code| codes.contains(&code))) {
        let code = hit.fact.code.unwrap_or_default();
        proof.push(case.proof(hit, format!("the log of the agent: {}", ErrorCode(code))));
    }
    proof
}

fn with_codes(case: &Case<'_>, text: &str, codes: &[u32]) -> Option<Match> {
    let proof = coded(case, codes);
    // The logs of the agent hold the apps of every day: a page that failed, or an app that it followed, is the proof.
    let has_failed =
        [EspPhase::DeviceSetup, EspPhase::AccountSetup].iter().any(|phase| {
            case.category(*phase).is_some_and(|category| {
                category.fact.state.as_deref() == Some("failed") || category.fact.succeeded == Some(false)
            })
        }) || case.apps().iter().any(|hit| matches!(hit.fact, TrackedApp::Win32 { state: Some(4), .. }));
    let found = Match::of(text, proof)?;
    Some(if has_failed { found } else { found.at_most(Hint) })
}

fn failed_certificates(case: &Case<'_>, phase: EspPhase) -> Option<Match> {
    let category = case.category(phase)?;
    let has_failed = category.fact.subcategories.iter().any(|part| {
        part.name.eq_ignore_ascii_case("Certificates") && part.state.as_deref() == Some("failed")
    });
    let text = "certificates did not arrive";
    has_failed.then(|| Match::new(text, vec![case.proof(&category, "Certificates: failed")]))
}

fn failed_page(case: &Case<'_>, phase: EspPhase, text: &str) -> Option<Match> {
    let mut proof = Vec::new();
    let category = case.category(phase).filter(|category| {
        category.fact.state.as_deref() == Some("failed")
            || category.fact.succeeded == Some(false) && category.fact.state.as_deref() != Some("inProgress")
    });
    proof.extend(category.map(|category| case.proof(&category, text)));
    let is_user = phase == EspPhase::AccountSetup;
    // Without the registry, a failure on the screen is of one of the two pages.
    if case.category(phase).is_some() && user_page_began(case) == is_user {
        for hit in screen(case, PAGE_FAILURES) {
            let code = hit.fact.fields.get("Value").and_then(screen_code);
            let code =
                code.map_or_else(String::new, |code| format!(": {}{}", ErrorCode(code), meaning(code)));
            proof.push(case.event_proof(&hit, &format!("the screen showed the failure of a page{code}")));
        }
    }
    Match::of(text, proof)
}
