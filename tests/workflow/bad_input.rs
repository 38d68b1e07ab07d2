//! Bad input: each ends in one message with the place, the value unless it is secret, the rule and the remedy, and
//! before any request where it can be known before.

use std::time::Duration;

use windows_autopilot::credential::ClientSecret;
use windows_autopilot::model::{
    AppSelector, BlockDeviceUse, BlockUntil, BlockingApps, EnrollmentStatusPage, HybridJoinProfile,
    InstallTimeout, ProfileName, Severity, TenantId,
};
use windows_autopilot::registration::csv::CsvReader;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{HybridJoin, suggest_key};
use windows_autopilot::{Client, ErrorKind};

const CLIENT_ID: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";

/// A settings file with one place that a case replaces.
const SETTINGS: &str = r#"name = "Munich"

[active_directory]
domain = "corp.contoso.com"
organizational_unit = "OU=Autopilot,DC=corp,DC=contoso,DC=com"

[group]
display_name = "Autopilot Munich"
members.group_tag = "Munich"

[enrollment_status_page]
display_name = "Autopilot Munich"
install_progress_timeout_in_minutes = 60

[profile]
display_name = "Contoso hybrid Munich"
locale = "de-DE"

[domain_join]
display_name = "Contoso domain join Munich"
computer_name_prefix = "MUC-"
"#;

/// The settings with `from` replaced by `to`.
fn with(from: &str, to: &str) -> String {
    assert!(SETTINGS.contains(from), "{from}");
    SETTINGS.replacen(from, to, 1)
}

/// What is said of a file that cannot be read: the message, and what was meant.
#[track_caller]
fn refusal(text: &str) -> String {
    let error = toml::from_str::<HybridJoin>(text).unwrap_err();
    format!("{error}{}", suggest_key(error.message()).unwrap_or_default())
}

/// The place in the file, the value, the rule and the remedy.
#[track_caller]
fn assert_says(said: &str, parts: [&str; 4]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing in:\n{said}");
    }
}

#[test]
fn the_settings_are_good_without_the_mistakes() {
    let desired: HybridJoin = toml::from_str(SETTINGS).unwrap();
    assert_eq!(desired.lint(), []);
}

#[test]
fn a_settings_file_with_a_mistake_is_refused_at_its_place() {
    let long = "x".repeat(201);
    let shown = "x".repeat(60);
    for (from, to, parts) in [
        (
            "\"MUC-\"",
            "\"HYB-%SERIAL%\"",
            [
                "line 21, column 24",
                "computer name prefix \"HYB-%SERIAL%\"",
                "'%' at character 5 is not allowed: names of hybrid-joined computers are the prefix and random characters",
                "write only the fixed part, such as HYB-",
            ],
        ),
        (
            "\"corp.contoso.com\"",
            "\"CORP\"",
            [
                "line 4, column 10",
                "\"CORP\"",
                "it is a NetBIOS name or a single label, not a DNS name",
                "write the full DNS name, such as corp.contoso.com",
            ],
        ),
        (
            "\"OU=Autopilot,DC=corp,DC=contoso,DC=com\"",
            "\"CN=Computers,DC=corp,DC=contoso,DC=com\"",
            [
                "line 5, column 23",
                "organizational unit \"CN=Computers,DC=corp,DC=contoso,DC=com\"",
                "is the default container, not an organizational unit; the domain join fails with it",
                "leave the organizational unit empty: accounts then go to the default container",
            ],
        ),
        (
            "\"OU=Autopilot,DC=corp,DC=contoso,DC=com\"",
            "'\"OU=Autopilot,DC=corp,DC=contoso,DC=com\"'",
            [
                "line 5, column 23",
                r#"organizational unit "\"OU=Autopilot,DC=corp,DC=contoso,DC=com\"""#,
                "has quotes around it, with which the domain join fails",
                "leave out the quotes",
            ],
        ),
        (
            "\"Contoso hybrid Munich\"",
            &format!("\"{long}\""),
            [
                "line 16, column 16",
                &format!("profile name \"{shown}…\""),
                "has 201 characters",
                "at most 200",
            ],
        ),
        (
            "= 60",
            "= 0",
            [
                "line 13, column 39",
                "\"0\"",
                "is not from 1 to 1440 minutes",
                "write a number of minutes, such as 60",
            ],
        ),
        (
            "locale =",
            "lcoale =",
            ["line 17, column 1", "unknown field `lcoale`", "expected one of", "did you mean `locale`?"],
        ),
        (
            "[group]",
            "[gruop]",
            ["line 7, column 2", "unknown field `gruop`", "expected one of", "did you mean `group`?"],
        ),
        (
            "members.group_tag",
            "members.grup_tag",
            ["line 9", "unknown variant `grup_tag`", "expected one of", "did you mean `group_tag`?"],
        ),
    ] {
        assert_says(&refusal(&with(from, to)), parts);
    }
}

/// The findings of settings by themselves, in one line each.
fn findings(text: &str) -> Vec<(Severity, String)> {
    let desired: HybridJoin = toml::from_str(text).unwrap();
    desired.lint().into_iter().map(|finding| (finding.severity, finding.to_string())).collect()
}

fn app_ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("00000000-0000-4000-8000-{number:012}")).collect()
}

#[test]
fn what_only_the_whole_shows_is_found_before_there_is_a_client() {
    let apps: Vec<_> = app_ids(101).into_iter().map(|id| format!("{id:?}")).collect();
    let apps = format!("= 60\nblock_device_use.until.apps.selected = [{}]", apps.join(", "));
    let found = findings(&with("= 60", &apps));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, Severity::Error);
    assert_says(
        &found[0].1,
        [
            "enrollment_status_page.block_device_use.until.apps.selected",
            "has 101 apps",
            "has 101 apps",
            "select at most 100",
        ],
    );

    // Only one kind of evidence says that it is refused: a warning.
    let found = findings(&with("Contoso hybrid Munich", "Contoso-hybrid Munich"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, Severity::Warning);
    assert_says(
        &found[0].1,
        [
            "[profile.hyphen] profile.display_name",
            "\"Contoso-hybrid Munich\"",
            "has a hyphen, which several tools report as refused",
            "use a name and a description without hyphens",
        ],
    );
}

#[tokio::test]
async fn a_call_with_a_bad_value_is_refused_before_any_request() {
    let Harness { client, tenant, .. } = Harness::new();
    let ids = app_ids(101).into_iter().map(|id| id.parse::<AppSelector>().unwrap());
    let until = BlockUntil::new(BlockingApps::selected(ids));
    let plain = EnrollmentStatusPage::new("Autopilot".parse().unwrap());
    let stored = client.enrollment_status_pages().create(&plain).await.unwrap();
    let page = plain.with_block_device_use(BlockDeviceUse::Until(until));
    tenant.clear_requests();
    for outcome in [
        client.enrollment_status_pages().create(&page).await,
        client.enrollment_status_pages().update(&stored, &page).await,
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_says(
            &error.to_string(),
            [
                "enrollmentConfigurations.",
                "block_device_use.until.apps.selected",
                "has 101 apps",
                "select at most 100",
            ],
        );
    }
    assert_eq!(tenant.requests(), []);
    // The same goes for a batch.
    let mut batch = client.batch();
    let slot = batch.add(client.enrollment_status_pages().create(&page));
    let error = batch.await.and_then(|mut answers| answers.take(slot)).unwrap_err();
    assert_eq!((error.kind(), tenant.requests().len()), (ErrorKind::InvalidInput, 0), "{error}");
}

#[test]
fn checked_values_say_what_is_wrong_with_them() {
    let said = "x".repeat(201).parse::<ProfileName>().unwrap_err();
    assert_eq!(
        (said.subject(), said.problem(), said.remedy()),
        ("profile name", "has 201 characters", "write at most 200")
    );
    assert_eq!(HybridJoinProfile::new("Contoso-hybrid".parse().unwrap()).lint()[0].id, "profile.hyphen");
    let said = InstallTimeout::from_minutes(0).unwrap_err();
    assert_eq!((said.value(), said.problem()), (Some("0"), "is not from 1 to 1440 minutes"));
    let said = "contoso".parse::<TenantId>().unwrap_err();
    assert_says(
        &said.to_string(),
        [
            "tenant \"contoso\"",
            "is neither a GUID nor a domain",
            "has no dot",
            "write the tenant's GUID, or a domain such as contoso.onmicrosoft.com",
        ],
    );
}

#[test]
fn a_device_file_that_is_not_there_is_named() {
    let missing = std::env::temp_dir().join("windows-autopilot-no-such-folder").join("devices.csv");
    let said = CsvReader::open(&missing).map(drop).unwrap_err();
    assert_eq!(said.kind(), std::io::ErrorKind::NotFound);
    assert_says(
        &said.to_string(),
        [
            "device file",
            "windows-autopilot-no-such-folder",
            "cannot be opened: ",
            "give the path of a CSV file that exists and can be read",
        ],
    );
}

#[tokio::test]
async fn an_expired_secret_ends_the_first_call_and_is_never_shown() {
    let Harness { tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_strict_tokens()).build();
    tenant.add_client_secret_until(CLIENT_ID, "canary-secret", Duration::from_secs(60));
    clock.advance(Duration::from_secs(61));
    let credential = ClientSecret::new(tenant.domain().parse().unwrap(), CLIENT_ID, "canary-secret").unwrap();
    let client =
        Client::builder(credential).with_transport(tenant.clone()).with_clock(clock.clone()).build().unwrap();
    let error = client.devices().count().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_says(
        &error.to_string(),
        [
            "POST /{tenant}/oauth2/v2.0",
            "AADSTS7000222",
            "the client secret has expired",
            "add a new secret to the app registration and use it",
        ],
    );
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    let sent: Vec<_> = tenant.requests().into_iter().map(|request| request.path).collect();
    assert!(sent.iter().all(|path| path.ends_with("/oauth2/v2.0/token")), "no call of Graph: {sent:?}");
}

#[tokio::test]
async fn a_device_whose_hash_cannot_be_one_stops_the_plan_unless_it_is_registered_or_waived() {
    use crate::findings::{graded, only};
    use crate::support::{UNCONFIRMED, WAITS, desired, devices, harness};
    use windows_autopilot::sim::DeviceSpec;
    use windows_autopilot::workflow::ApplyOptions;
    let mut given = devices(2);
    given[1].hardware_identifier = given[1].hardware_identifier.as_str().to_lowercase().parse().unwrap();
    let tenant = harness();
    let plan = desired().plan(&tenant.client, &given).await.unwrap();
    assert_eq!(graded(&plan.findings), ["error hash.unreadable", UNCONFIRMED, WAITS], "{plan}");
    assert_eq!(only(&plan.findings, "hash.unreadable").place, "PF000001");
    let report = plan.apply(&tenant.client).await;
    assert_eq!((report.changes, report.error().unwrap().kind()), (0, ErrorKind::InvalidInput));
    let waived = ApplyOptions::default().with_waived("hash.unreadable");
    let report = plan.apply_with(&tenant.client, waived).await;
    assert_eq!(report.error().map(ToString::to_string), None);
    assert_eq!(report.import.unwrap().counts.finished(), 2, "both are sent");

    let tenant = harness();
    tenant.tenant.add_device_with(DeviceSpec::new("pf000001"));
    let plan = desired().plan(&tenant.client, &given).await.unwrap();
    // What is registered is not imported.
    assert_eq!(graded(&plan.findings), [UNCONFIRMED, WAITS], "{plan}");
}
