//! Offline files of this crate and of other tools.

use proptest::prelude::*;

use super::*;
use crate::model::{Finding, Severity};

const TENANT: &str = "1537de22-988c-4e93-b8a5-83890f34a69b";
const ID: &str = "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac";

fn tenant() -> OfflineTenant {
    OfflineTenant::new(TENANT.parse().unwrap(), "contoso.onmicrosoft.com".parse().unwrap()).unwrap()
}

fn offline(profile: &HybridJoinProfile) -> OfflineProfile {
    OfflineProfile::for_hybrid_join(profile, &ID.parse().unwrap(), tenant()).unwrap()
}

fn quiet() -> HybridJoinProfile {
    HybridJoinProfile::new("Contoso hybrid".parse().unwrap())
        .with_locale(Locale::language("de-DE").unwrap())
        .with_keyboard_selection_page_skipped(true)
}

/// Returns a tool's file with some keys changed; a change to null removes the key.
fn written(changes: Value) -> Vec<u8> {
    let mut file = json!({
        "CloudAssignedTenantId": TENANT,
        "CloudAssignedForcedEnrollment": 1,
        "Version": 2049,
        "Comment_File": "Profile Autopilot Profile",
        "CloudAssignedAadServerData": "{\"ZeroTouchConfig\":{\"CloudAssignedTenantUpn\":\"\",\"ForcedEnrollment\":1,\"CloudAssignedTenantDomain\":\"contoso.onmicrosoft.com\"}}",
        "CloudAssignedTenantDomain": "contoso.onmicrosoft.com",
        "CloudAssignedDomainJoinMethod": 1,
        "CloudAssignedOobeConfig": 28,
        "ZtdCorrelationId": "7F9E6025-1E13-45F3-BF82-A3E8C5B59EAC",
    });
    for (key, value) in changes.as_object().unwrap() {
        file[key] = value.clone();
    }
    file.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    file.to_string().into_bytes()
}

fn ids(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.id.as_ref()).collect()
}

#[test]
fn a_quiet_hybrid_profile_is_written_as_the_tools_write_it() {
    let expected = r#"{
  "Version": 2049,
  "Comment_File": "Profile Contoso hybrid",
  "CloudAssignedTenantId": "1537de22-988c-4e93-b8a5-83890f34a69b",
  "CloudAssignedTenantDomain": "contoso.onmicrosoft.com",
  "CloudAssignedOobeConfig": 1310,
  "CloudAssignedDomainJoinMethod": 1,
  "CloudAssignedForcedEnrollment": 1,
  "ZtdCorrelationId": "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac",
  "CloudAssignedAadServerData": "{\"ZeroTouchConfig\":{\"CloudAssignedTenantDomain\":\"contoso.onmicrosoft.com\",\"CloudAssignedTenantUpn\":\"\",\"ForcedEnrollment\":1}}",
  "HybridJoinSkipDCConnectivityCheck": 1,
  "CloudAssignedLanguage": "de-DE",
  "CloudAssignedRegion": "de-DE",
  "CloudAssignedAutopilotUpdateDisabled": 1,
  "CloudAssignedAutopilotUpdateTimeout": 1800000
}
"#;
    assert_eq!(offline(&quiet().with_skip_connectivity_check(true)).to_json(), expected);
}

#[test]
fn each_setting_has_its_bit_or_key() {
    let all_shown = HybridJoinProfile::new("x".parse().unwrap())
        .with_user_type(UserType::Administrator)
        .with_privacy_settings_hidden(false)
        .with_eula_hidden(false)
        .with_escape_link_hidden(false);
    for (profile, bits, forced) in [
        (all_shown.clone(), 264, false),
        (all_shown.clone().with_user_type(UserType::Standard), 266, false),
        (all_shown.clone().with_privacy_settings_hidden(true), 268, false),
        (all_shown.clone().with_eula_hidden(true), 280, false),
        (all_shown.clone().with_keyboard_selection_page_skipped(true), 1288, false),
        (all_shown.with_escape_link_hidden(true), 264, true),
        (HybridJoinProfile::new("x".parse().unwrap()), 286, true),
    ] {
        let file = offline(&profile);
        assert_eq!((file.oobe_flags().bits(), file.forced_enrollment), (bits, forced));
        let json: Value = serde_json::from_str(&file.to_json()).unwrap();
        let inner: Value =
            serde_json::from_str(json["CloudAssignedAadServerData"].as_str().unwrap()).unwrap();
        assert_eq!(json["CloudAssignedForcedEnrollment"], u8::from(forced));
        assert_eq!(inner["ZeroTouchConfig"]["ForcedEnrollment"], u8::from(forced));
        assert!(
            json.get("HybridJoinSkipDCConnectivityCheck").is_none()
                && json.get("CloudAssignedDeviceName").is_none()
        );
    }
    let language_alone = quiet().with_keyboard_selection_page_skipped(false);
    assert_eq!(offline(&language_alone).language, None);
}

#[test]
fn letters_beyond_ascii_are_escaped_and_come_back() {
    let file = offline(&HybridJoinProfile::new("Büro 😀".parse().unwrap()));
    let json = file.to_json();
    assert!(json.is_ascii() && json.contains("B\\u00fcro \\ud83d\\ude00"), "{json}");
    assert_eq!(read(json.as_bytes()).profile, Some(file));
}

#[test]
fn what_a_file_or_hybrid_join_forbids_is_refused() {
    let stored = |extra: &str| {
        let json = format!(
            r##"{{"@odata.type":"#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile","id":"{ID}","displayName":"x",{extra}}}"##
        );
        serde_json::from_str::<crate::model::Stored<HybridJoinProfile>>(&json).unwrap().settings
    };
    let convert = |profile: &HybridJoinProfile, id: &str| {
        OfflineProfile::for_hybrid_join(profile, &id.parse().unwrap(), tenant())
    };
    let shared = stored(r#""outOfBoxExperienceSetting":{"deviceUsageType":"shared"}"#);
    assert!(convert(&shared, ID).unwrap_err().to_string().contains("single user"));
    let named = stored(r#""deviceNameTemplate":"PC-%SERIAL%""#);
    assert!(convert(&named, ID).unwrap_err().to_string().contains("template"));
    let unknown = stored(r#""outOfBoxExperienceSetting":{"userType":"guest"}"#);
    assert!(convert(&unknown, ID).unwrap_err().to_string().contains("guest"));
    assert!(convert(&quiet(), "no-guid").unwrap_err().to_string().contains("is not a GUID"));
    let (id, domain) = (TENANT.parse().unwrap(), "contoso.com".parse().unwrap());
    assert_eq!(OfflineTenant::new(domain, id).unwrap_err().subject(), "tenant id");
    assert_eq!(
        OfflineTenant::new(TENANT.parse().unwrap(), TENANT.parse().unwrap()).unwrap_err().subject(),
        "tenant domain"
    );
}

#[test]
fn what_other_tools_wrote_is_read() {
    let report = read(&written(json!({})));
    assert_eq!(report.findings, []);
    let profile = report.profile.unwrap();
    assert_eq!(profile.tenant(), &tenant());
    assert_eq!(profile.correlation_id(), ID.to_uppercase());
    assert_eq!(profile.join(), &OfflineJoin::Hybrid { skip_connectivity_check: false });
    assert_eq!(profile.oobe_flags().to_string(), "HidePrivacySettings | SkipOemRegistration | HideEula");
    let settings = profile.to_hybrid_join("Back".parse().unwrap()).unwrap();
    let expected = HybridJoinProfile::new("Back".parse().unwrap()).with_user_type(UserType::Administrator);
    assert_eq!(settings, expected);

    let entra =
        written(json!({ "CloudAssignedDomainJoinMethod": 0, "CloudAssignedDeviceName": "PC-%RAND:3%" }));
    let profile = read(&entra).profile.unwrap();
    assert_eq!(profile.join(), &OfflineJoin::Entra { device_name: Some("PC-%RAND:3%".parse().unwrap()) });
    let error = profile.to_hybrid_join("Back".parse().unwrap()).unwrap_err();
    assert_eq!(error.problem(), "is for Microsoft Entra join");
    assert_eq!(read(profile.to_json().as_bytes()).profile, Some(profile));

    let more = read(&written(json!({ "Tool": { "a": [1, "b"] } })));
    assert_eq!(ids(&more.findings), ["offline.unknown-key"]);
    let json: Value = serde_json::from_str(&more.profile.unwrap().to_json()).unwrap();
    assert_eq!(json["Tool"], json!({ "a": [1, "b"] }));
}

#[test]
fn every_fault_of_a_file_is_found_at_its_key() {
    let inner = |domain: &str, user: &str, forced: Value| {
        json!({ "ZeroTouchConfig": {
            "CloudAssignedTenantDomain": domain, "CloudAssignedTenantUpn": user, "ForcedEnrollment": forced
        }})
        .to_string()
    };
    let domain = "contoso.onmicrosoft.com";
    for (changes, expected, place, severity) in [
        (json!({ TENANT_ID: null }), "offline.missing-key", TENANT_ID, Severity::Error),
        (json!({ TENANT_DOMAIN: null }), "offline.missing-key", TENANT_DOMAIN, Severity::Error),
        (json!({ OOBE_CONFIG: null }), "offline.missing-key", OOBE_CONFIG, Severity::Error),
        (json!({ JOIN_METHOD: null }), "offline.missing-key", JOIN_METHOD, Severity::Error),
        (json!({ FORCED_ENROLLMENT: null }), "offline.missing-key", FORCED_ENROLLMENT, Severity::Error),
        (json!({ CORRELATION_ID: null }), "offline.missing-key", CORRELATION_ID, Severity::Error),
        (json!({ SERVER_DATA: null }), "offline.missing-key", SERVER_DATA, Severity::Error),
        (json!({ TENANT_ID: format!("{{{TENANT}}}") }), "offline.invalid-tenant", TENANT_ID, Severity::Error),
        (json!({ TENANT_ID: "contoso.com" }), "offline.invalid-tenant", TENANT_ID, Severity::Error),
        (json!({ TENANT_DOMAIN: TENANT }), "offline.invalid-tenant", TENANT_DOMAIN, Severity::Error),
        (
            json!({ CORRELATION_ID: format!("{{{ID}}}") }),
            "offline.invalid-id",
            CORRELATION_ID,
            Severity::Error,
        ),
        (json!({ OOBE_CONFIG: "28" }), "offline.wrong-type", OOBE_CONFIG, Severity::Error),
        (json!({ OOBE_CONFIG: 1.5 }), "offline.wrong-type", OOBE_CONFIG, Severity::Error),
        (json!({ OOBE_CONFIG: -1 }), "offline.wrong-type", OOBE_CONFIG, Severity::Error),
        (json!({ OOBE_CONFIG: 5_000_000_000_u64 }), "offline.wrong-type", OOBE_CONFIG, Severity::Error),
        (json!({ OOBE_CONFIG: 28 + 96 }), "offline.self-deploying", OOBE_CONFIG, Severity::Error),
        (json!({ OOBE_CONFIG: 28 + 128 }), "offline.self-deploying", OOBE_CONFIG, Severity::Error),
        (json!({ OOBE_CONFIG: 28 + 4096 }), "offline.unknown-bits", OOBE_CONFIG, Severity::Warning),
        (json!({ JOIN_METHOD: 2 }), "offline.join-method", JOIN_METHOD, Severity::Error),
        (json!({ JOIN_METHOD: true }), "offline.wrong-type", JOIN_METHOD, Severity::Error),
        (json!({ FORCED_ENROLLMENT: 7 }), "offline.wrong-type", FORCED_ENROLLMENT, Severity::Error),
        (json!({ DEVICE_NAME: "PC-%RAND:3%" }), "offline.hybrid-device-name", DEVICE_NAME, Severity::Error),
        (
            json!({ JOIN_METHOD: 0, DEVICE_NAME: "PC-%rand:3%" }),
            "offline.invalid-device-name",
            DEVICE_NAME,
            Severity::Error,
        ),
        (json!({ JOIN_METHOD: 0, SKIP_CHECK: 1 }), "offline.entra-skip-check", SKIP_CHECK, Severity::Warning),
        (json!({ SERVER_DATA: { ZERO_TOUCH: {} } }), "offline.server-data", SERVER_DATA, Severity::Error),
        (json!({ SERVER_DATA: "{" }), "offline.server-data", SERVER_DATA, Severity::Error),
        (json!({ SERVER_DATA: "{\"Other\":{}}" }), "offline.server-data", SERVER_DATA, Severity::Error),
        (
            json!({ SERVER_DATA: inner("fabrikam.com", "", json!(1)) }),
            "offline.server-data-domain",
            SERVER_DATA,
            Severity::Error,
        ),
        (
            json!({ SERVER_DATA: inner(domain, "", json!(0)) }),
            "offline.server-data-forced",
            SERVER_DATA,
            Severity::Warning,
        ),
        (
            json!({ SERVER_DATA: inner(domain, "adele@contoso.com", json!(1)) }),
            "offline.assigned-user",
            SERVER_DATA,
            Severity::Warning,
        ),
        (json!({ LANGUAGE: "de_DE" }), "offline.language", LANGUAGE, Severity::Warning),
        (json!({ LANGUAGE: "os-default" }), "offline.language", LANGUAGE, Severity::Info),
        (json!({ VERSION: 1 }), "offline.version", VERSION, Severity::Info),
        (json!({ "comment_file": "x" }), "offline.key-spelling", COMMENT, Severity::Warning),
    ] {
        let report = read(&written(changes));
        let [finding] = report.findings.as_slice() else { panic!("{expected}: {:?}", report.findings) };
        assert_eq!(
            (finding.id.as_ref(), finding.place.as_str(), finding.severity),
            (expected, place, severity)
        );
        assert_eq!(report.profile.is_none(), severity == Severity::Error, "{expected}");
        assert!(!finding.to_string().contains("adele"));
    }
}

#[test]
fn windows_ignores_what_is_not_ascii_or_not_one_object() {
    let text = String::from_utf8(written(json!({}))).unwrap();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (file, expected) in [
        (vec![], vec!["offline.empty"]),
        (b" \r\n".to_vec(), vec!["offline.empty"]),
        ([b"\xEF\xBB\xBF", text.as_bytes()].concat(), vec!["offline.encoding"]),
        ([b"\xFF\xFE", utf16.as_slice()].concat(), vec!["offline.encoding"]),
        (text.replace("Profile Autopilot", "Büro").into_bytes(), vec!["offline.encoding"]),
        (b"{".to_vec(), vec!["offline.no-json"]),
        ((text.clone() + "x").into_bytes(), vec!["offline.no-json"]),
        (b"[]".to_vec(), vec!["offline.no-object"]),
        (b"\"x\"".to_vec(), vec!["offline.no-object"]),
        (format!("{text}\r\n{text}").into_bytes(), vec!["offline.several-profiles"]),
        (format!("[{text},{text}]").into_bytes(), vec!["offline.several-profiles"]),
        (format!("[{text}]").into_bytes(), vec!["offline.no-object"]),
        ("[".repeat(200_000).into_bytes(), vec!["offline.no-json"]),
    ] {
        let report = read(&file);
        assert_eq!((ids(&report.findings), report.profile), (expected, None));
    }
}

#[test]
fn a_file_in_ansi_is_read_with_a_warning() {
    let text = String::from_utf8(written(json!({ COMMENT: "@ 1" }))).unwrap();
    let (before, after) = text.split_once('@').unwrap();
    let report = read(&[before.as_bytes(), b"B\xFCro", after.as_bytes()].concat());
    assert_eq!(ids(&report.findings), ["offline.ansi"]);
    assert_eq!(report.findings[0].severity, Severity::Warning);
    let profile = report.profile.unwrap();
    assert_eq!(profile.comment.as_deref(), Some("Büro 1"));
    assert!(profile.to_json().contains("B\\u00fcro"));
}

#[test]
fn flags_are_a_set_that_keeps_what_it_does_not_know() {
    assert_eq!(OobeFlags::ALWAYS.bits(), 264);
    assert_eq!(OobeFlag::ALL.iter().copied().collect::<OobeFlags>().bits(), 2047);
    let flags = OobeFlags::from_bits(0x8000_0001);
    assert_eq!((flags.to_string().as_str(), flags.unknown_bits()), ("SkipCortana | 0x80000000", 0x8000_0000));
    assert_eq!(flags.without(OobeFlag::SkipCortana).bits(), 0x8000_0000);
    assert_eq!(format!("{:?}", OobeFlags::default()), "OobeFlags(0x0)");
}

proptest! {
    #[test]
    fn a_profile_comes_back_from_its_file(
        name in "[a-zA-Z0-9 äöü😀\"\\\\]{0,30}x",
        [privacy, eula, keyboard, escape, standard, skip] in any::<[bool; 6]>(),
        language in proptest::option::of("[a-z]{2}-[A-Z]{2}"),
    ) {
        let user_type = if standard { UserType::Standard } else { UserType::Administrator };
        // The language has no place in the file without the keyboard.
        let language = language.filter(|_| keyboard);
        let profile = HybridJoinProfile::new(name.parse().unwrap())
            .with_privacy_settings_hidden(privacy)
            .with_eula_hidden(eula)
            .with_keyboard_selection_page_skipped(keyboard)
            .with_escape_link_hidden(escape)
            .with_skip_connectivity_check(skip)
            .with_user_type(user_type)
            .with_locale(language.map_or(Locale::OsDefault, |tag| Locale::language(&tag).unwrap()));
        let file = offline(&profile);
        let json = file.to_json();
        prop_assert!(json.is_ascii());
        let report = read(json.as_bytes());
        prop_assert_eq!(report.findings, vec![]);
        let back = report.profile.unwrap();
        prop_assert_eq!(&back, &file);
        prop_assert_eq!(back.to_hybrid_join(profile.display_name.clone()).unwrap(), profile);
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index) {
        read(&bytes);
        let mut file = written(json!({}));
        let at = at.index(file.len());
        file.splice(at..at, bytes);
        let report = read(&file);
        let failed = report.findings.iter().any(|finding| finding.severity == Severity::Error);
        prop_assert_eq!(report.profile.is_none(), failed);
    }
}
