//! Offline files, and what passes for one.

use serde::Deserialize;
use windows_autopilot::offline::{self, CachedJoin, CachedProfile, OfflineJoin};

use super::{check_files, ids, missing, read, table, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    profile: Option<String>,
    findings: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
}

#[test]
fn every_offline_file_gives_the_profile_and_findings_of_its_row() {
    let (mut wrong, cases) = (Vec::new(), table::<Case>("offline.toml"));
    for case in &cases {
        let report = offline::read(&read("offline", &case.file));
        let said = text(&report.findings);
        let profile = report.profile.as_ref().map(|profile| {
            let join = if matches!(profile.join(), OfflineJoin::Hybrid { .. }) { "hybrid" } else { "entra" };
            format!("{} {join}", profile.oobe_flags().bits())
        });
        if profile != case.profile || ids(&report.findings) != case.findings {
            wrong.push(format!("{}: {profile:?} {said}", case.file));
        }
        wrong.extend(missing(&case.file, &case.says, &report.findings));
        if let Some(profile) = report.profile {
            let again = offline::read(profile.to_json().as_bytes());
            assert_eq!(again.profile, Some(profile), "{}", case.file);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    check_files("offline", cases.iter().map(|case| &*case.file));
}

#[test]
fn a_devices_own_copy_is_read_as_what_the_device_has() {
    let report = CachedProfile::read(&read("offline", "15-device-cache-DDSZTD.json"));
    let profile = report.profile.unwrap();
    assert_eq!((profile.join, profile.is_explicit_assignment), (Some(CachedJoin::Hybrid), Some(true)));
    assert_eq!(profile.profile_name.as_deref(), Some("2100_G_StandardUserProfile"));
    assert_eq!(profile.downloaded.unwrap().to_string(), "2022-09-13T15:14:02Z");
    assert_eq!(profile.oobe_flags.unwrap().bits(), 286);
    assert_eq!(ids(&report.findings), Vec::<String>::new());

    let report = CachedProfile::read(&read("offline", "16-blank-cache-no-profile.json"));
    assert!(!report.profile.unwrap().has_profile());
    assert_eq!(ids(&report.findings), ["warning:cached.no-profile"]);
    assert!(text(&report.findings).contains("no profile was assigned"));
}
