//! Stories with their verdicts, whole and with each source missing.

use serde_json::json;
use windows_autopilot::evidence::{
    Bundle, EventRecord, Level, LinkKind, LinkState, Options, Provider, Side, Strength, Verdict,
    VerdictOutcome, diagnose,
};
use windows_autopilot::jiff::Timestamp;
use windows_autopilot::model::Severity;
use windows_autopilot::sim::{DeviceStory, StoryEvent};

use crate::bundle::{Files, Part};

pub(crate) const TENANT: &str = "1537de22-988c-4e93-b8a5-83890f34a69b";
const APP: &str = "0a1b2c3d-1111-2222-3333-444455556666";
const MICROSOFT: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft";
const TRACKING: &str =
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\Autopilot\EnrollmentStatusTracking\Device\Setup\Apps";

pub(crate) fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_782_900_000 + minute * 60).unwrap()
}

fn empty() -> DeviceStory {
    let mut story = DeviceStory::new("SN-1", TENANT).with(at(0), StoryEvent::Started);
    story.registration_id = Some("11111111-1111-4111-8111-111111111111".to_owned());
    story.anchor_device_id = Some("22222222-2222-4222-8222-222222222222".to_owned());
    story.managed_device_id = Some("33333333-3333-4333-8333-333333333333".to_owned());
    story.computer_name = Some("MUC-0001".to_owned());
    story.domain = Some("corp.contoso.com".to_owned());
    story.user = Some("adele.canary@contoso.com".to_owned());
    story
}

fn profile(hybrid: bool, skips_check: bool, user_assigned: bool) -> DeviceStory {
    empty().with(
        at(1),
        StoryEvent::ProfileDownloaded { name: "Hybrid".to_owned(), hybrid, skips_check, user_assigned },
    )
}

fn enrolled() -> DeviceStory {
    profile(true, false, false).with(at(5), StoryEvent::Enrolled)
}

pub(crate) fn waiting() -> DeviceStory {
    enrolled().with(at(5), StoryEvent::JoinAwaited { needs_domain_controller: true })
}

fn applied() -> DeviceStory {
    waiting().with(at(7), StoryEvent::AccountCreated).with(at(8), StoryEvent::BlobApplied)
}

fn joined() -> DeviceStory {
    applied().with(at(9), StoryEvent::DomainControllerSought { code: 0 }).with(at(10), StoryEvent::Restarted)
}

fn page() -> DeviceStory {
    joined()
        .with(
            at(10),
            StoryEvent::RegistrationFailed {
                code: 0x801c_03f2,
                text: "the device object isn't found".to_owned(),
            },
        )
        .with(at(11), StoryEvent::PageStarted { timeout_minutes: 60, blocks: true, skips_account: false })
}

fn registered() -> StoryEvent {
    StoryEvent::Registered { device_id: "44444444-4444-4444-8444-444444444444".to_owned() }
}

pub(crate) fn healthy() -> DeviceStory {
    page()
        .with(at(20), StoryEvent::AppInstalled { id: APP.to_owned() })
        .with(at(25), StoryEvent::DeviceSetupDone)
        .with(at(26), StoryEvent::SignedIn)
        .with(at(26), StoryEvent::AccountSetupStarted)
        .with(at(36), registered())
        .with(at(40), StoryEvent::AccountSetupDone)
        .with(at(40), StoryEvent::Finished)
}

fn timed_out(story: DeviceStory) -> DeviceStory {
    story.with(at(33), StoryEvent::JoinTimedOut)
}

fn refused(error: u32, diagnostic: u32, text: &str) -> DeviceStory {
    timed_out(waiting().with(at(7), StoryEvent::AccountRefused { error, diagnostic, text: text.to_owned() }))
}

fn enrollment_failed(code: u32) -> Files {
    Files::of(&profile(true, false, false).with(at(5), StoryEvent::EnrollmentFailed { code }))
}

fn registration_failed(code: u32, text: &str) -> Files {
    let story = joined().with(at(12), StoryEvent::RegistrationFailed { code, text: text.to_owned() });
    Files::of(&story)
}

fn dm(id: u32) -> EventRecord {
    EventRecord::new(Provider::DeviceManagement, id).with_level(Level::Error)
}

fn md(id: u32) -> EventRecord {
    EventRecord::new(Provider::ModernDeployment, id).with_level(Level::Error)
}

struct Story {
    name: &'static str,
    files: Files,
    /// The finding, its strength, and the part of the bundle that proves it.
    cause: Option<(&'static str, Strength)>,
    /// Text of a proof.
    proof: &'static str,
}

fn story(name: &'static str, files: Files, cause: (&'static str, Strength), proof: &'static str) -> Story {
    Story { name, files, cause: Some(cause), proof }
}

fn stories() -> Vec<Story> {
    use Strength::{Proof, Strong};
    let of = |story: DeviceStory| Files::of(&story);
    let no_controller =
        || timed_out(applied().with(at(9), StoryEvent::DomainControllerSought { code: 0x8007_0774 }));
    let failed_page = |state: serde_json::Value| {
        of(page()).registry(
            &format!(r"{MICROSOFT}\Provisioning\AutopilotSettings"),
            "DeviceSetupCategory.Status",
            state.to_string(),
        )
    };
    let failed = json!({ "categoryState": "failed", "categorySucceeded": false });
    vec![
        story("no domain controller", of(no_controller()), ("evidence.no-domain-controller", Proof), "event 106"),
        story("no request at the connector", of(timed_out(waiting())), ("evidence.no-request", Strong), "no request of the device"),
        story(
            "no right on the unit",
            of(refused(5, 0x800, "failed to call NetProvisionComputerAccount machineName=MUC-0001")),
            ("evidence.no-right-on-unit", Proof),
            "ErrorCode 5",
        ),
        story(
            "the connector's proxy",
            of(refused(0, 0x0fff_ffff, "Failed to get a value for Key: OdjServiceBaseUrl")),
            ("evidence.connector-proxy", Proof),
            "OdjServiceBaseUrl",
        ),
        story("the connector failed", of(refused(1, 0x800, "something")), ("evidence.connector-failed", Proof), "event 30132"),
        story(
            "account reuse",
            of(refused(2732, 0x800, "NetProvisionComputerAccount failed"))
                .line(Part::ServerJoinLog, at(7), "NetpProvisionComputerAccount: status: 0xaac"),
            ("evidence.account-reuse", Strong),
            "0xaac",
        ),
        story(
            "machine account quota",
            of(refused(8557, 0x800, "NetProvisionComputerAccount failed"))
                .line(Part::ServerJoinLog, at(7), "NetpModifyComputerObjectInDs: ldap_add_s failed: 0x35 0x216d"),
            ("evidence.account-quota", Strong),
            "0x216d",
        ),
        story(
            "the connector has no domain controller",
            of(refused(1355, 0x800, "NetProvisionComputerAccount failed")),
            ("evidence.connector-no-domain", Strong),
            "ErrorCode 1355",
        ),
        story(
            "another domain",
            of(refused(87, 0x800, "cannot provision for domain 'fabrikam.com'")),
            ("evidence.other-domain", Strong),
            "fabrikam.com",
        ),
        story(
            "a user assigned",
            of(timed_out(profile(true, false, true).with(at(5), StoryEvent::Enrolled).with(at(5), StoryEvent::JoinAwaited { needs_domain_controller: true }))),
            ("evidence.user-assigned", Strong),
            "a user is assigned",
        ),
        story(
            "the blob could not be applied",
            of(waiting().with(at(7), StoryEvent::AccountCreated).with(at(8), StoryEvent::BlobFailed { code: 0x8007_0a83 })),
            ("evidence.blob-not-applied", Proof),
            "event 108",
        ),
        story(
            "the VPN did not connect",
            of(timed_out(applied())).event(
                Part::DeviceManagementLog,
                at(9),
                dm(102).with_field("Message1", "Corp VPN").with_field("HRESULT", "0x80070774"),
            ),
            ("evidence.vpn-failed", Proof),
            "event 102",
        ),
        story(
            "the check was skipped",
            of(profile(true, true, false)
                .with(at(5), StoryEvent::Enrolled)
                .with(at(5), StoryEvent::JoinAwaited { needs_domain_controller: false })
                .with(at(7), StoryEvent::AccountCreated)
                .with(at(8), StoryEvent::BlobApplied)
                .with(at(10), StoryEvent::Restarted))
            .status("AD Connectivity Test", "FAIL [0x54b/0x0]"),
            ("evidence.check-skipped", Strong),
            "AD Connectivity Test",
        ),
        story("not registered", of(empty().with(at(1), StoryEvent::ProfileRefused { code: 807 })), ("evidence.not-registered", Proof), "ZtdDeviceIsNotRegistered"),
        story("no profile", of(empty().with(at(1), StoryEvent::ProfileRefused { code: 815 })), ("evidence.no-profile", Proof), "ZtdDeviceHasNoAssignedProfile"),
        story("another motherboard", of(empty().with(at(1), StoryEvent::ProfileRefused { code: 908 })), ("evidence.hardware-changed", Proof), "SerialNumberMismatch"),
        story("an empty profile", of(empty()).event(Part::ModernDeploymentLog, at(1), md(704)), ("evidence.empty-profile", Proof), "event 704"),
        story("the sign-in service is off", of(empty()).event(Part::ModernDeploymentLog, at(1), md(154)), ("evidence.sign-in-assistant-off", Proof), "event 154"),
        story(
            "the profile is out of reach",
            of(empty()).event(Part::ModernDeploymentLog, at(1), md(707).with_field("HRESULT", "0x80072ee7")),
            ("evidence.profile-unreachable", Strong),
            "event 707",
        ),
        story("the wrong profile", of(profile(false, false, false).with(at(5), StoryEvent::Enrolled)), ("evidence.not-hybrid-profile", Proof), "joins only Microsoft Entra"),
        story(
            "a user of another tenant",
            of(profile(true, false, false)).registry(&format!(r"{MICROSOFT}\Provisioning\Diagnostics\Autopilot"), "TenantMatched", 0),
            ("evidence.wrong-tenant", Proof),
            "TenantMatched",
        ),
        story("a bad offline profile", of(empty()).event(Part::ModernDeploymentLog, at(1), md(312)), ("evidence.offline-profile-invalid", Proof), "event 312"),
        {
            let mut old = profile(true, false, false);
            old.os_build = "17134.1".to_owned();
            story("an old build", of(old), ("evidence.build-too-old", Proof), "17134")
        },
        story("no license", enrollment_failed(0x8018_0018), ("evidence.no-license", Proof), "event 71"),
        story("a restriction", enrollment_failed(0x8018_0014), ("evidence.enrollment-restricted", Strong), "event 71"),
        story("outside the MDM scope", enrollment_failed(0x8018_002b), ("evidence.not-in-mdm-scope", Proof), "event 71"),
        story("several MDM applications", enrollment_failed(0xc103_6501), ("evidence.several-mdm-apps", Proof), "event 71"),
        story("Windows Home", enrollment_failed(0x8018_0022), ("evidence.windows-home", Proof), "event 71"),
        story("the old agent", enrollment_failed(0x8018_0026), ("evidence.intune-agent", Proof), "event 71"),
        story("enrolled already", enrollment_failed(0x8018_000a), ("evidence.enrolled-already", Proof), "event 71"),
        story("two profiles or the TPM", enrollment_failed(0x801c_03ea), ("evidence.join-refused", Strong), "event 71"),
        story("too many devices", enrollment_failed(0x801c_000e), ("evidence.device-limit", Strong), "event 71"),
        story("the anchor is gone", registration_failed(0x801c_03f3, "deleted"), ("evidence.anchor-missing", Proof), "0x801c03f3"),
        story("the fault of Windows", enrollment_failed(0x8000_4005), ("evidence.windows-fault", Strong), "26100.4061"),
        story(
            "an app failed",
            failed_page(failed.clone())
                .registry(&format!(r"{TRACKING}\Tracking\Sidecar\Win32App_{APP}_1"), "InstallationState", 4)
                .registry(&format!(r"{MICROSOFT}\IntuneManagementExtension\Win32Apps\x\{APP}_1"), "ExitCode", 1603),
            ("evidence.app-failed", Proof),
            "1603",
        ),
        story(
            "an app is not detected",
            failed_page(json!({ "categoryState": "failed", "categorySucceeded": false,
                "DeviceSetup.AppsSubcategory": { "subcategoryState": "failed", "subcategoryStatusText": "Apps (0x87d1041c)" } })),
            ("evidence.app-not-detected", Proof),
            "0x87d1041c",
        ),
        story(
            "a package failed",
            failed_page(failed.clone()).event(
                Part::DeviceManagementLog,
                at(20),
                dm(1924).with_field("Message1", "C:\\x.log").with_field("Message3", "{0a}").with_field("HRESULT", "0x80070643"),
            ),
            ("evidence.package-failed", Proof),
            "event 1924",
        ),
        story("the device page timed out", of(page().with(at(75), StoryEvent::DeviceSetupTimedOut)), ("evidence.device-page-timed-out", Proof), "event 62407"),
        story(
            "certificates",
            failed_page(json!({ "categoryState": "failed", "categorySucceeded": false,
                "DeviceSetup.CertificatesSubcategory": { "subcategoryState": "failed" } })),
            ("evidence.certificate-failed", Proof),
            "Certificates",
        ),
        story("the agent was late", failed_page(failed.clone()).event(Part::ModernDeploymentLog, at(27), md(289)), ("evidence.agent-not-installed", Proof), "event 289"),
        story("a provider failed", failed_page(failed).event(Part::ModernDeploymentLog, at(27), md(290)), ("evidence.provider-failed", Proof), "event 290"),
        story(
            "Configuration Manager in its place",
            of(page()).registry(
                r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\Autopilot\EnrollmentStatusTracking\Device\Setup\Apps\PolicyProviders\ConfigMgr",
                "InstallationState",
                3,
            ),
            ("evidence.configuration-manager", Proof),
            "ConfigMgr",
        ),
        story(
            "the user page waits",
            of(page()
                .with(at(25), StoryEvent::DeviceSetupDone)
                .with(at(26), StoryEvent::SignedIn)
                .with(at(26), StoryEvent::AccountSetupStarted)),
            ("evidence.page-waits-for-sync", Proof),
            "WaitingForAadRegistration",
        ),
        story(
            "not synchronized for hours",
            of(joined()
                .with(at(10), StoryEvent::RegistrationFailed { code: 0x801c_03f2, text: "isn't found".to_owned() })
                .with(at(400), StoryEvent::RegistrationFailed { code: 0x801c_03f2, text: "isn't found".to_owned() })),
            ("evidence.not-synced", Strong),
            "0x801c03f2",
        ),
        story("a stale object", registration_failed(0x801c_0002, "verification of the target computer's SID"), ("evidence.stale-object", Strong), "0x801c0002"),
        story(
            "no connection point",
            registration_failed(0x801c_001d, "").status("AD Configuration Test", "FAIL [0x80070002/0x0]"),
            ("evidence.no-connection-point", Proof),
            "0x801c001d",
        ),
        story(
            "replication",
            registration_failed(0x801c_0021, "").event(
                Part::RegistrationLog,
                at(11),
                EventRecord::new(Provider::UserDeviceRegistration, 220).with_field("ErrorCode", "1317"),
            ),
            ("evidence.replication", Strong),
            "event 220",
        ),
        story("a wrong tenant", registration_failed(0x801c_03f2, "AADSTS90002: Tenant not found"), ("evidence.wrong-connection-point", Proof), "AADSTS90002"),
        story("a proxy", registration_failed(0x8007_2efd, ""), ("evidence.registration-proxy", Strong), "0x80072efd"),
        story(
            "federation",
            of(joined()).event(
                Part::RegistrationLog,
                at(12),
                EventRecord::new(Provider::UserDeviceRegistration, 305).with_field("ExitCode", "0xcaa90017"),
            ),
            ("evidence.federation", Strong),
            "event 305",
        ),
        story(
            "a disabled device",
            of(joined()).status("DeviceAuthStatus", "FAILED. Device is either disabled or deleted"),
            ("evidence.device-disabled", Proof),
            "DeviceAuthStatus",
        ),
    ]
}

fn verdict(bundle: Bundle) -> Verdict {
    diagnose(&bundle.read(), &Options::default())
}

#[test]
fn every_story_ends_in_its_verdict_with_its_proof() {
    let stories = stories();
    assert!(stories.len() >= 40, "{}", stories.len());
    let mut wrong = Vec::new();
    for story in &stories {
        let verdict = verdict(story.files.in_memory());
        let cause = verdict.cause();
        let found = cause.map(|of| (of.finding.id.as_ref(), of.strength));
        let proof =
            cause.is_some_and(|of| of.proof.iter().any(|proof| proof.text.unmasked().contains(story.proof)));
        if found != story.cause || !proof || verdict.outcome() != VerdictOutcome::CauseFound {
            wrong.push(format!(
                "{}: expected {:?}, proof {:?}\n{verdict}",
                story.name, story.cause, story.proof
            ));
        }
        for of in verdict.diagnoses() {
            assert!(!of.proof.is_empty(), "{}: {}", story.name, of.finding);
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), stories.len(), wrong.join("\n"));
}

#[test]
fn with_a_source_missing_no_story_has_a_wrong_certainty() {
    let mut wrong = Vec::new();
    for story in stories() {
        let whole = verdict(story.files.in_memory());
        for part in Part::ALL {
            let less = verdict(story.files.clone().without(part).in_memory());
            // A cause that is found with less is one that the whole has as well, if only as a consequence.
            let known = |id: &str| {
                whole.diagnoses().iter().any(|of| of.finding.id == id && of.strength > Strength::Hint)
            };
            let cause = less.cause().map(|of| of.finding.id.as_ref());
            if cause.is_some_and(|cause| !known(cause)) {
                wrong.push(format!("{} without {part:?}: {cause:?}\n{less}", story.name));
            }
            if less.outcome() == VerdictOutcome::Healthy {
                wrong.push(format!("{} without {part:?}: healthy", story.name));
            }
            for (link, of_whole) in less.links().iter().zip(whole.links()) {
                let contradicts = matches!(
                    (link.state, of_whole.state),
                    (LinkState::Proven, LinkState::Refuted) | (LinkState::Refuted, LinkState::Proven)
                );
                if contradicts {
                    wrong.push(format!("{} without {part:?}: {} is {}", story.name, link.kind, link.state));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn five_stories_have_the_same_verdict_as_real_archives() {
    for name in [
        "no domain controller",
        "no right on the unit",
        "no license",
        "the device page timed out",
        "a stale object",
    ] {
        let story = stories().into_iter().find(|story| story.name == name).unwrap();
        for flattened in [false, true] {
            let mut bundle = Bundle::new(story.files.limits.clone());
            bundle.add_bytes(
                Side::Device,
                "DiagLogs-PC-20260701T080000Z.zip",
                story.files.diag_logs(flattened),
            );
            for (file, bytes) in story.files.server_files() {
                bundle.add_bytes(Side::ConnectorServer, file, bytes);
            }
            let verdict = verdict(bundle);
            let cause = verdict.cause().unwrap_or_else(|| panic!("{name}:\n{verdict}"));
            assert_eq!(Some((cause.finding.id.as_ref(), cause.strength)), story.cause, "{name}:\n{verdict}");
        }
    }
}

/// A healthy deployment with everything that tools are known to take for a failure.
fn false_alarms() -> Files {
    let mut files = Files::of(&healthy());
    for minute in 1..40 {
        files = files
            .event(
                Part::ModernDeploymentLog,
                at(minute),
                md(100).with_field("Message1", "CloudAssignedLanguage"),
            )
            .event(Part::ModernDeploymentLog, at(minute), md(1005))
            .event(
                Part::AadLog,
                at(minute),
                EventRecord::new(Provider::Aad, 1098).with_field("Error", "0xCAA20003"),
            );
    }
    for id in [171, 172] {
        files = files.event(Part::ModernDeploymentLog, at(2), md(id).with_field("HRESULT", "0x80070490"));
    }
    files
        .event(
            Part::DeviceManagementLog,
            at(38),
            dm(76).with_field("HexInt1", "0x1").with_field("HRESULT", "0x8018000a"),
        )
        .event(
            Part::ModernDeploymentLog,
            Timestamp::from_second(at(1).as_second() - 20).unwrap(),
            md(706).with_field("HRESULT", "0x80072ee7"),
        )
        .event(Part::DeviceManagementLog, at(12), dm(404).with_field("HexInt1", "0x86000002"))
        .event(Part::DeviceManagementLog, at(13), dm(209).with_field("HRESULT", "0x80072ee7"))
        .event(Part::DeviceManagementLog, at(14), dm(209).with_field("HRESULT", "0"))
        .event(
            Part::SystemLog,
            at(2),
            EventRecord::new(Provider::DnsClient, 1014)
                .with_field("QueryName", "_ldap._tcp.dc._msdcs.WORKGROUP"),
        )
        .event(
            Part::SystemLog,
            at(3),
            EventRecord::new(Provider::KernelGeneral, 1)
                .with_field("OldTime", at(3).to_string())
                .with_field("NewTime", Timestamp::from_second(at(3).as_second() + 1).unwrap().to_string()),
        )
        .line(Part::ServerJoinLog, at(7), "NetpManageMachineAccountWithSid: status: 0x8b0")
        .status("AzureAdPrt", "NO")
        .status("Attempt Status", "0xc000005f")
}

#[test]
fn a_healthy_bundle_with_the_known_false_alarms_gives_nothing_above_info() {
    for files in [Files::of(&healthy()), false_alarms()] {
        let verdict = verdict(files.in_memory());
        assert_eq!(verdict.outcome(), VerdictOutcome::Healthy, "{verdict}");
        assert!(verdict.findings().all(|finding| finding.severity == Severity::Info), "{verdict}");
        for link in LinkKind::ALL {
            assert_eq!(verdict.state(link), LinkState::Proven, "{link}:\n{verdict}");
        }
    }
    for part in Part::ALL {
        let verdict = verdict(false_alarms().without(part).in_memory());
        assert_eq!(verdict.cause(), None, "without {part:?}:\n{verdict}");
        assert!(
            verdict.links().iter().all(|link| link.state != LinkState::Refuted),
            "without {part:?}:\n{verdict}"
        );
    }
}

#[test]
fn nobody_is_named_in_any_output() {
    let files = Files::of(&refused(
        5,
        0x800,
        r"failed for CORP\canary.svc, canary@contoso.com, S-1-5-21-1-2-3-77 lpMachinePassword: CANARY",
    ))
    .status("User Identity", "adele.canary@contoso.com");
    let evidence = files.in_memory().read();
    let verdict = diagnose(&evidence, &Options::default());
    let json = serde_json::to_string(&verdict).unwrap();
    let timeline = serde_json::to_string(&evidence.timeline()).unwrap();
    for text in [format!("{verdict}"), format!("{verdict:?}"), json, timeline, format!("{evidence:?}")] {
        let lower = text.to_lowercase();
        assert!(!lower.contains("canary") && !text.contains("S-1-5-21") && !text.contains(TENANT), "{text}");
    }
    let cause = verdict.cause().unwrap();
    assert!(
        cause.proof.iter().any(|proof| proof.text.unmasked().contains("canary.svc")),
        "unmasked by an explicit call"
    );
}

/// Evidence with the finding of one rule, and its strength.
fn signs() -> Vec<(&'static str, Files, &'static str, Strength)> {
    use Strength::{Hint, Proof, Strong};
    let of = |story: DeviceStory| Files::of(&story);
    let registry = |key: &str| format!(r"{MICROSOFT}\{key}");
    let system = |provider: Provider, id: u32| EventRecord::new(provider, id);
    let stuck = || timed_out(waiting());
    let no_controller =
        || timed_out(applied().with(at(9), StoryEvent::DomainControllerSought { code: 0x8007_0774 }));
    let settings = registry(r"Provisioning\AutopilotSettings");
    let broken = |text: &str| {
        of(page()).registry(
            &settings,
            "DeviceSetupCategory.Status",
            json!({ "categoryState": "failed", "categorySucceeded": false,
                "DeviceSetup.AppsSubcategory": { "subcategoryState": "failed", "subcategoryStatusText": text } })
            .to_string(),
        )
    };
    vec![
        (
            "3",
            of(empty().with(at(1), StoryEvent::ProfileRefused { code: 808 })),
            "evidence.profile-refused",
            Strong,
        ),
        (
            "8",
            of(enrolled()).profile("CloudAssignedDeviceName", "PC-%SERIAL%"),
            "evidence.name-template",
            Strong,
        ),
        (
            "10",
            of(enrolled()).registry(
                &registry(r"Provisioning\Diagnostics\Autopilot"),
                "DeploymentProfileName",
                "",
            ),
            "evidence.offline-profile",
            Proof,
        ),
        (
            "14",
            of(timed_out(waiting().with(at(7), StoryEvent::AccountCreated))),
            "evidence.blob-not-delivered",
            Hint,
        ),
        ("20", of(enrolled()), "evidence.join-not-begun", Hint),
        (
            "21",
            of(empty())
                .event(Part::DeviceManagementLog, at(5), dm(75).with_field("HexInt1", "0x1"))
                .status("DomainJoined", "YES"),
            "evidence.group-policy-enrollment",
            Strong,
        ),
        ("22", of(applied()), "evidence.no-restart", Hint),
        (
            "23",
            of(stuck()).event(
                Part::SystemLog,
                at(8),
                system(Provider::NetJoin, 4097).with_field("NetStatusCode", "2732"),
            ),
            "evidence.join-step-failed",
            Strong,
        ),
        (
            "23a",
            of(no_controller()).event(
                Part::SystemLog,
                at(9),
                system(Provider::DnsClient, 1014)
                    .with_field("QueryName", "_ldap._tcp.dc._msdcs.corp.contoso.com"),
            ),
            "evidence.domain-not-resolved",
            Hint,
        ),
        ("24", of(no_controller()), "evidence.join-time-limit", Hint),
        (
            "30",
            of(refused(2224, 0x800, "x")).line(
                Part::ServerJoinLog,
                at(7),
                "NetpManageMachineAccountWithSid: status: 0x8b0",
            ),
            "evidence.name-exists",
            Hint,
        ),
        (
            "32",
            of(refused(2, 0x800, "the object was not found (LDAP 0x20)")),
            "evidence.unit-not-found",
            Hint,
        ),
        (
            "45",
            of(profile(true, false, false)).event(
                Part::DeviceManagementLog,
                at(4),
                dm(53).with_field("HRESULT", "0xcaa20003"),
            ),
            "evidence.conditional-access",
            Hint,
        ),
        ("50", broken("Apps (0x87d30068)"), "evidence.content-unreachable", Strong),
        ("51", broken("Apps (0x80070652)"), "evidence.two-installers", Strong),
        (
            "53",
            of(page()).event(Part::DeviceManagementLog, at(20), dm(352)),
            "evidence.continued-anyway",
            Proof,
        ),
        (
            "58",
            of(joined().with(
                at(11),
                StoryEvent::PageStarted { timeout_minutes: 60, blocks: true, skips_account: true },
            )),
            "evidence.user-page-skipped",
            Proof,
        ),
        ("59", of(joined().with(at(11), StoryEvent::PageSkipped)), "evidence.no-page", Proof),
        (
            "61",
            of(page().with(at(20), StoryEvent::Restarted)).event(
                Part::DeviceManagementLog,
                at(15),
                dm(2800).with_field("Message1", "./Vendor/MSFT/Policy/x"),
            ),
            "evidence.policy-restart",
            Strong,
        ),
        (
            "62",
            of(page())
                .registry(
                    &registry(r"Provisioning\NodeCache\CSP\Device\MS DM Server\Nodes\1"),
                    "NodeUri",
                    "./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength",
                )
                .registry(&registry(r"Windows NT\CurrentVersion\Winlogon"), "AutoAdminLogon", "0"),
            "evidence.sign-in-broken",
            Strong,
        ),
        (
            "63",
            of(page()).event(
                Part::SystemLog,
                at(12),
                system(Provider::AppLocker, 8004)
                    .with_field("FullFilePath", r"%PROGRAMFILES%\IntuneManagementExtension\x.exe"),
            ),
            "evidence.program-blocked",
            Hint,
        ),
        ("64", broken("Apps (0x80073cf3)"), "evidence.store-app", Strong),
        ("66", broken("Apps (0x80070070)"), "evidence.disk-full", Proof),
        ("68", of(page()), "evidence.waits-for-sync", Proof),
        (
            "73",
            of(joined())
                .status("AD Connectivity Test", "FAIL [0x54b/0x0]")
                .status("Error Phase", "pre-check"),
            "evidence.no-domain-controller-later",
            Proof,
        ),
        (
            "77",
            of(joined())
                .status("AzureAdPrt", "NO")
                .status("Attempt Status", "0xc000005f")
                .status("User Context", "UN-ELEVATED User"),
            "evidence.user-unknown",
            Proof,
        ),
        (
            "79",
            of(joined())
                .status("AzureAdPrt", "NO")
                .status("Server Error Description", "AADSTS50126: x")
                .status("User Context", "UN-ELEVATED User"),
            "evidence.password",
            Strong,
        ),
        (
            "81",
            of(joined()).status("AadRecoveryEnabled", "YES").status("KeySignTest", "FAILED"),
            "evidence.keys-lost",
            Proof,
        ),
        ("82", of(healthy()), "evidence.two-objects", Proof),
        ("83", of(stuck()).event(Part::ModernDeploymentLog, at(2), md(753)), "evidence.clock", Hint),
        (
            "83",
            registration_failed(0xcaa8_2f8f, "").event(Part::ModernDeploymentLog, at(2), md(752)),
            "evidence.clock-breaks-tls",
            Strong,
        ),
        (
            "86",
            of(stuck()).event(
                Part::SystemLog,
                at(20),
                system(Provider::PowerTroubleshooter, 1)
                    .with_field("SleepTime", at(10).to_string())
                    .with_field("WakeTime", at(20).to_string()),
            ),
            "evidence.slept",
            Hint,
        ),
        (
            "89",
            of(stuck()).event(Part::SystemLog, at(9), system(Provider::Kerberos, 4)),
            "evidence.domain-controller-signs",
            Hint,
        ),
        (
            "92",
            of(page())
                .event(Part::DeviceManagementLog, at(12), dm(209).with_field("HRESULT", "0x80072ee7"))
                .event(Part::DeviceManagementLog, at(13), dm(209).with_field("HRESULT", "0x80072ee7")),
            "evidence.sessions-fail",
            Hint,
        ),
    ]
}

#[test]
fn every_other_rule_finds_its_sign_and_claims_no_more_than_it_knows() {
    let mut wrong = Vec::new();
    for (row, files, id, strength) in signs() {
        let verdict = verdict(files.in_memory());
        let found = verdict.diagnoses().iter().find(|of| of.finding.id == id);
        let found = found.map(|of| (of.rule, of.strength, of.finding.severity));
        let is_right = found.is_some_and(|(rule, of, severity)| {
            rule == row && of == strength && (of > Strength::Hint || severity < Severity::Error)
        });
        if !is_right {
            wrong.push(format!("row {row}: {id} {strength}: found {found:?}\n{verdict}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_connector_of_an_old_version_is_named_if_the_new_log_is_silent() {
    let old = EventRecord::new(Provider::LegacyConnector, 1)
        .with_record(1)
        .with_time(at(6))
        .with_channel("ODJ Connector Service");
    for (files, strength) in [
        (Files::of(&timed_out(waiting())), Strength::Strong),
        (Files::of(&timed_out(waiting())).without(Part::ConnectorLog), Strength::Hint),
    ] {
        let mut bundle = files.in_memory();
        bundle.add_events(Side::ConnectorServer, "odj-old.evtx", [old.clone()].into_iter());
        let verdict = verdict(bundle);
        let found = verdict.diagnoses().iter().find(|of| of.finding.id == "evidence.connector-outdated");
        assert_eq!(found.map(|of| of.strength), Some(strength), "{verdict}");
    }
}
