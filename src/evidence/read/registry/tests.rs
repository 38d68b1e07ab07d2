use super::*;
use crate::evidence::fact::{AppScope, EspPhase, Fact, RegistryData, TrackedApp};
use crate::evidence::source::Limits;

fn facts(text: &str) -> Vec<Fact> {
    let mut sink = Sink::new(Limits::default(), Default::default());
    read(Side::Device, "dump.reg", text, &mut sink);
    sink.finish().observations().iter().map(|of| of.fact.clone()).collect()
}

fn values(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    parse(text, |_, item| {
        if let Item::Value(name, data) = item {
            let shown = match data {
                RegistryData::Text(text) => text.as_str().to_owned(),
                RegistryData::Number(number) => number.to_string(),
                RegistryData::Texts(texts) => {
                    texts.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("|")
                }
                RegistryData::Bytes(bytes) => format!("{bytes:?}"),
            };
            found.push((name.to_owned(), shown));
        }
    });
    found
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[test]
fn an_export_has_escapes_and_continued_bytes() {
    let text = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Test]\r\n@=\"Default\"\r\n\
        \"Path\"=\"C:\\\\Windows\\\\x\"\r\n\"Quote\\\"d\"=\"say \\\"a=b\\\"\"\r\n\"Enabled\"=dword:0000000a\r\n\
        \"Names\"=hex(7):4f,00,6e,00,65,00,00,00,\\\r\n  54,00,77,00,6f,00,00,00,00,00\r\n\"Q\"=hex(b):01,00,00,00,00,00,00,00\r\n";
    let expected = pairs([
        ("", "Default"),
        ("Path", r"C:\Windows\x"),
        (r#"Quote\"d"#, r#"say "a=b""#),
        ("Enabled", "10"),
        ("Names", "One|Two"),
        ("Q", "1"),
    ]);
    assert_eq!(values(text), expected);
}

#[test]
fn a_dump_has_blanks_capitals_quotes_and_line_breaks() {
    let text = "[HKEY_LOCAL_MACHINE\\software\\microsoft\\provisioning\\AutopilotSettings]\n \"A\"=\"C:\\Windows\\\"\n \
        \"B\" = DWORD:0000000A\n \"Json\"=\"{\"a\":\"b=c\",\"d\":1}\"\n @=\"x\"\n \"Pretty\"=\"{\n  \"a\": 1,\n  \"b\": \"c\"\n}\"\n\n\
        [HKEY_LOCAL_MACHINE\\software\\other]\n \"Z\"=\"1\"\n";
    let expected = pairs([
        ("A", r"C:\Windows\"),
        ("B", "10"),
        ("Json", r#"{"a":"b=c","d":1}"#),
        ("", "x"),
        ("Pretty", "{\n  \"a\": 1,\n  \"b\": \"c\"\n}"),
        ("Z", "1"),
    ]);
    assert_eq!(values(text), expected);
}

#[test]
fn keys_become_typed_facts_in_any_case() {
    let text = r#"[HKEY_LOCAL_MACHINE\Software\Microsoft\Provisioning\OMADM\SyncML\ODJApplied]
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Enrollments\11111111-2222-3333-4444-555555555555]
 "ProviderID"="MS DM Server"
 "EnrollmentState"=DWORD:00000001
 "UPN"="adele@contoso.com"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Enrollments\11111111-2222-3333-4444-555555555555\FirstSync]
 "SkipUserStatusPage"=DWORD:FFFFFFFF
 "SkipDeviceStatusPage"=DWORD:00000000
 "SyncFailureTimeout"=DWORD:0000003c
 "IsSyncDone"=DWORD:00000001
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Provisioning\AutopilotSettings]
 "AccountSetupCategory.Status"="{"categoryState":"inProgress","AccountSetup.WaitingForAadRegistration":{"subcategoryState":"inProgress","subcategoryStatusText":"Waiting (0x801c03f2)"},"CertificatesSubcategory":"Certificates (1 of 1 applied)"}"
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\Autopilot\EnrollmentStatusTracking\Device\Setup\Apps\Tracking\Sidecar\Win32App_0a1b2c3d-1111-2222-3333-444455556666_1]
 "InstallationState"=DWORD:00000004
[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\Autopilot\EnrollmentStatusTracking\ESPTrackingInfo\Diagnostics\Sidecar\2026-07-01T08:00:00]
 "./User/Vendor/MSFT/EnrollmentStatusTracking/Win32App%5f0a_1"=DWORD:00000003
"#;
    let facts = facts(text);
    assert!(facts.contains(&Fact::BlobApplied));
    let enrollment = facts.iter().find_map(|fact| match fact {
        Fact::Enrollment(of) => Some(of),
        _ => None,
    });
    assert_eq!(
        (enrollment.unwrap().state, enrollment.unwrap().provider.as_deref()),
        (Some(1), Some("MS DM Server"))
    );
    let sync = facts.iter().find_map(|fact| match fact {
        Fact::FirstSync(of) => Some(of),
        _ => None,
    });
    let sync = sync.unwrap();
    assert_eq!(
        (sync.skips_user_page, sync.skips_device_page, sync.timeout_minutes),
        (Some(true), Some(false), Some(60))
    );
    assert_eq!(sync.is_server_done, None, "not written is not known");
    let category = facts.iter().find_map(|fact| match fact {
        Fact::EspCategory(of) => Some(of),
        _ => None,
    });
    let category = category.unwrap();
    assert_eq!((category.phase, category.state.as_deref()), (EspPhase::AccountSetup, Some("inProgress")));
    let waiting = category.subcategories.iter().find(|of| &*of.name == "WaitingForAadRegistration").unwrap();
    assert_eq!((waiting.state.as_deref(), waiting.code), (Some("inProgress"), Some(0x801c_03f2)));
    let failed = facts.iter().find_map(|fact| match fact {
        Fact::App(TrackedApp::Win32 { id, state, scope, .. }) => Some((id.to_string(), *state, *scope)),
        _ => None,
    });
    assert_eq!(failed, Some(("0a1b2c3d-1111-2222-3333-444455556666".to_owned(), Some(4), AppScope::Device)));
    let item = facts.iter().find_map(|fact| match fact {
        Fact::Item(of) => Some(of),
        _ => None,
    });
    assert_eq!((item.unwrap().scope, item.unwrap().state), (AppScope::User, Some(3)));
    assert!(item.unwrap().uri.contains("Win32App_0a_1"));
    assert!(!format!("{facts:?}").contains("adele"));
}

#[test]
fn the_ids_of_users_in_keys_are_kept_out_of_debug() {
    let key = r"software\microsoft\windows\autopilot\enrollmentstatustracking\s-1-12-1-4711\setup\apps\policyproviders\sidecar";
    let facts = facts(&format!("[HKEY_LOCAL_MACHINE\\{key}]\n \"InstallationState\"=DWORD:1\n"));
    assert!(facts.iter().any(|fact| matches!(fact, Fact::RegistryKey(path) if path.as_str() == key)));
    assert!(!format!("{facts:?}").contains("4711"));
}
