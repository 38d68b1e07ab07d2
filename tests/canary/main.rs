//! A whole deployment with every secret, hash and name marked, and a search for the marks in everything that is shown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "tests"
)]

mod doors;
#[path = "../support/log.rs"]
mod log;

use std::error::Error as _;
use std::fmt::{Debug, Write as _};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tracing_subscriber::fmt::format::FmtSpan;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::{AccessToken, ClientSecret, FixedToken, Secret};
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{DeviceToImport, Group, HybridJoinProfile, UserPrincipalName};
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::registration::SampleHash;
use windows_autopilot::sim::{DeviceSpec, Fault, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::Recorder;
use windows_autopilot::workflow::watch::Watch;
use windows_autopilot::workflow::{HybridJoin, Import};
use windows_autopilot::{Client, Error};

use self::log::Log;

const APP: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";
/// Never with an ending that is not its own: the domain of the simulated tenant is no secret.
const PERSON: &str = "canary.person@contoso.onmicrosoft.com";
const SECRET: &str = "canary~client~secret";

/// All that is shown of the run.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn debug(&mut self, thing: &impl Debug) {
        writeln!(self.0, "{thing:?}\n{thing:#?}").unwrap();
    }

    fn error(&mut self, error: &Error) {
        writeln!(self.0, "{error}").unwrap();
        self.debug(error);
        self.debug(&error.service());
        let mut cause = error.source();
        while let Some(error) = cause {
            writeln!(self.0, "{error} {error:?}").unwrap();
            cause = error.source();
        }
    }
}

fn desired() -> HybridJoin {
    let text = r#"
        name = "Munich"
        connectors = {}
        [active_directory]
        domain = "corp.contoso.com"
        organizational_unit = "OU=Autopilot,DC=corp,DC=contoso,DC=com"
        [group]
        display_name = "Autopilot Munich"
        members.group_tag = "Munich"
        [enrollment_status_page]
        display_name = "Autopilot Munich"
        [profile]
        display_name = "Contoso hybrid Munich"
        [domain_join]
        display_name = "Munich"
        computer_name_prefix = "MUC-"
    "#;
    toml::from_str(text).unwrap()
}

#[tokio::test]
async fn row_55_a_whole_run_shows_no_secret_no_hash_and_nobodys_name() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    // With a second one, what a test beside this one logs first is not taken for something that nobody wants.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);

    let clock = FakeClock::new();
    let tenant = Tenant::builder()
        .with_clock(Arc::new(clock.clone()))
        .with_strict_tokens()
        .with_permissions([
            "Device.ReadWrite.All",
            "DeviceManagementApps.ReadWrite.All",
            "DeviceManagementConfiguration.ReadWrite.All",
            "DeviceManagementManagedDevices.ReadWrite.All",
            "DeviceManagementServiceConfig.ReadWrite.All",
            "Directory.ReadWrite.All",
            "Group.ReadWrite.All",
            "User.ReadWrite.All",
        ])
        .build();
    tenant.add_client_secret(APP, SECRET);
    tenant.add_user(PERSON);
    tenant.add_connector("SRV-ODJ-01", "corp.contoso.com", "6.2504.2001.8");
    tenant.add_device_with(DeviceSpec::new("PF-OLD").with_assigned_user(PERSON));
    for fault in [
        Fault::throttle(Duration::from_secs(2)).rate(0.05),
        Fault::status(503).rate(0.05),
        Fault::reset_before().rate(0.05),
        Fault::claims_challenge().on("GET", "/groups").once(),
    ] {
        tenant.fault(fault);
    }
    let recorder = Recorder::new(tenant.clone());
    let credential = ClientSecret::new(tenant.id().parse().unwrap(), APP, SECRET).unwrap();
    let mut shown = Shown::default();
    shown.debug(&credential);
    let retry = RetryConfig::default().with_max_attempts(30).with_budget(10_000);
    let builder = Client::builder(credential)
        .with_transport(recorder.clone())
        .with_clock(clock.clone())
        .with_retry(retry);
    shown.debug(&builder);
    let client = builder.build().unwrap();
    shown.debug(&client);
    shown.debug(&Secret::new(SECRET));
    shown.debug(&AccessToken::new(SECRET));
    shown.debug(&FixedToken::new(SECRET));

    // Devices, each with a hash and a person.
    let person: UserPrincipalName = PERSON.parse().unwrap();
    let devices: Vec<DeviceToImport> = (0..4)
        .map(|number| {
            let serial = format!("PF-{number}");
            let hash = SampleHash::new(&serial).build().unwrap();
            let device =
                DeviceToImport::new(serial.parse().unwrap(), hash).with_group_tag("Munich".parse().unwrap());
            device.with_product_key("canary-product-key")
        })
        .collect();
    shown.debug(&devices);
    // One with a person, which no plan would take.
    let hash = SampleHash::new("PF-9").build().unwrap();
    let with_person =
        DeviceToImport::new("PF-9".parse().unwrap(), hash.clone()).with_assigned_user_principal_name(person);
    shown.debug(&with_person);
    let mut run = Import::new(&client, vec![with_person]).start();
    while let Some(event) = run.next().await {
        shown.debug(&event);
    }
    shown.debug(&run.await.unwrap());

    // The ten steps.
    let desired = desired();
    let plan = desired.plan(&client, &devices).await.unwrap();
    writeln!(shown.0, "{plan}").unwrap();
    shown.debug(&plan);
    let mut run = plan.apply(&client);
    while let Some(event) = run.next().await {
        shown.debug(&event);
    }
    let applied = run.await.into_result().unwrap();
    shown.debug(&applied);
    let watched: Vec<_> =
        applied.devices.iter().map(|(id, serial)| (id.clone(), serial.parse().unwrap())).collect();
    for (_, serial) in &applied.devices {
        tenant.power_on(serial);
    }
    match Watch::new(&client, watched).start().await {
        Ok(report) => shown.debug(&report),
        Err(error) => shown.error(&error),
    }

    // What is read back.
    shown.debug(&client.devices().list().all().await.unwrap());
    shown.debug(&client.imports().list().all().await.unwrap());
    shown.debug(&client.managed_devices().list().all().await.unwrap());
    shown.debug(&client.autopilot_events().list().all().await.unwrap());
    let users = client.users().list().all().await.unwrap();
    assert!(
        users
            .iter()
            .any(|user| user.user_principal_name.as_ref().is_some_and(|name| name.as_str() == PERSON))
    );
    shown.debug(&users);
    let mut batch = client.batch();
    let slot = batch.add(client.list::<serde_json::Value>(ApiVersion::V1, "/users").operation().clone());
    shown.debug(&batch);
    let mut answers = batch.await.unwrap();
    shown.debug(&answers);
    shown.debug(&answers.take(slot).is_ok());

    // What fails, each with a mark in its request or its answer.
    tenant.clear_faults();
    let refusal = format!(
        r#"{{"error":{{"code":"{PERSON}","message":"Cannot convert '{}' of {PERSON}","innerError":{{"code":"{PERSON}"}}}}}}"#,
        hash.as_str()
    );
    for (fault, kind) in [
        (Fault::body(refusal.clone()), "decoded"),
        (Fault::html(403), "html"),
        (Fault::captive_portal(), "portal"),
        (Fault::status(500), "500"),
        (Fault::throttle(Duration::from_secs(99_999)), "throttled"),
        (Fault::reset_after(), "reset"),
        (Fault::torn(), "torn"),
        (Fault::next_link(format!("https://evil.example/users/{PERSON}")), "link"),
    ] {
        tenant.fault(fault.clone());
        shown.debug(&fault);
        let path = format!("/users/{PERSON}?$filter=userPrincipalName%20eq%20'{PERSON}'");
        let call = client.get::<u32>(ApiVersion::V1, &path);
        shown.debug(&call);
        shown.error(&call.await.expect_err(kind));
        if let Err(error) = client.list::<serde_json::Value>(ApiVersion::V1, "/users").all().await {
            shown.error(&error);
        }
        let body = serde_json::json!({"hardwareIdentifier": hash.as_str(), "productKey": "canary-key", "to": PERSON});
        let call = client.post::<u32>(ApiVersion::V1, "/devices", &body);
        shown.debug(&call);
        shown.error(&call.await.expect_err(kind));
        tenant.clear_faults();
    }
    let wrong = ClientSecret::new(tenant.id().parse().unwrap(), APP, "canary-wrong-secret").unwrap();
    let wrong =
        Client::builder(wrong).with_transport(recorder.clone()).with_clock(clock.clone()).build().unwrap();
    shown.error(&wrong.devices().count().await.unwrap_err());
    shown.debug(&tenant);
    shown.debug(&tenant.requests());
    shown.debug(&recorder);
    shown.debug(&clock);

    // The marks.
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let recorded = recorder.cassette().to_json();
    for word in ["graph.attempt", "retry", "signIn"] {
        assert!(log.contains(word), "it does log {word}: {}", log.lines().take(9).collect::<String>());
    }
    assert!(
        recorded.contains("Contoso hybrid Munich") && recorded.contains("client_secret"),
        "it does record"
    );
    assert!(shown.0.contains("Munich") && shown.0.contains("UnknownOutcome"), "it does show");
    let hash_parts =
        [&hash.as_str()[..24], &hash.as_str()[200..240], &hash.as_str()[hash.as_str().len() - 24..]];
    for (name, text) in [("log", &log), ("shown", &shown.0), ("recorded", &recorded)] {
        for line in text.lines() {
            let cut: String = line.chars().take(600).collect();
            assert!(!line.to_lowercase().contains("canary"), "{name}: {cut}");
            assert!(!line.contains("eyJ"), "a token, {name}: {cut}");
            for part in hash_parts {
                assert!(!line.contains(part), "a hash, {name}: {cut}");
            }
        }
    }
}

#[tokio::test]
async fn an_update_without_a_difference_sends_nothing() {
    let Harness { client, tenant, .. } = Harness::new();
    let group = client.groups().create(&Group::new("Munich".parse().unwrap())).await.unwrap();
    let profile = client.profiles().create(&HybridJoinProfile::new("Munich".parse().unwrap())).await.unwrap();
    tenant.clear_requests();
    client.groups().update(&group, &group.settings).await.unwrap();
    client.profiles().update(&profile, &profile.settings).await.unwrap();
    assert_eq!(tenant.requests(), []);
}
