//! Limits at their edges, deployments at their deadlines, and what is left after a change.

use serde_json::{Value, json};

use super::deploy::{EVENTS, OU, Ready, SCOPE, join_configuration, ready, ready_with};
use super::directory::{dynamic_group, hash_of, import, security_group};
use super::*;
use crate::sim::odata::Filter;
use crate::sim::{Cause, DeploymentPhase, DeviceSpec, Lag, PowerOnOptions};

const EVENTUAL: [(&str, &str); 1] = [("ConsistencyLevel", "eventual")];

async fn status(desk: &Desk, path: &str, headers: &[(&str, &str)]) -> u16 {
    desk.send(Method::GET, path, headers, None).await.status
}

#[test]
fn a_filter_has_at_most_two_hundred_comparisons() {
    let filter = |count: usize| vec!["a eq 1"; count].join(" or ");
    assert!(Filter::parse(&filter(200)).is_some());
    assert_eq!(Filter::parse(&filter(201)), None);
}

#[test]
fn a_search_needs_each_of_its_words() {
    let mut row = crate::sim::store::Body::new();
    row.insert("name".to_owned(), "Autopilot devices (Berlin)".into());
    for (words, expected) in [("dev ber", true), ("dev zzz", false), ("zzz dev", false)] {
        let filter = Filter::parse_search(&format!("\"name:{words}\"")).unwrap();
        assert_eq!(filter.matches(&row), expected, "{words}");
    }
}

#[tokio::test]
async fn the_directory_sorts_and_negates_only_in_advanced_queries() {
    let desk = Desk::strict();
    desk.tenant.add_group("Devices");
    for (query, plain, advanced) in [
        ("$filter=displayName eq 'Devices'&$orderby=displayName", 400, 200),
        ("$filter=not(displayName eq 'x')", 400, 200),
        ("$orderby=displayName", 200, 200),
        ("$skip=1", 400, 400),
        ("$top=999", 200, 200),
        ("$top=1000", 400, 400),
        ("$top=0", 400, 400),
        ("$top=1&$top=2", 400, 400),
    ] {
        let path = format!("/v1.0/groups?{query}");
        assert_eq!(status(&desk, &path, &[]).await, plain, "{query}");
        let path = format!("{path}&$count=true");
        assert_eq!(status(&desk, &path, &EVENTUAL).await, advanced, "{query}");
    }
}

#[tokio::test]
async fn a_list_ends_with_its_last_page_and_counts_on_its_first() {
    let desk = Desk::with(|builder| builder.with_page_size(2));
    for number in 0..4 {
        desk.tenant.add_group(&format!("Group {number}"));
    }
    let first = desk.send(Method::GET, "/v1.0/groups?$count=true", &EVENTUAL, None).await;
    assert_eq!((&first.body["@odata.count"], first.column("id").len()), (&json!(4), 2));
    let next = first.body["@odata.nextLink"].as_str().unwrap();
    let second = desk.send(Method::GET, next, &EVENTUAL, None).await;
    assert_eq!((&second.body["@odata.count"], second.column("id").len()), (&Value::Null, 2));
    assert_eq!(second.body["@odata.nextLink"], Value::Null, "the fourth is the last");
}

#[tokio::test]
async fn a_page_of_intune_has_at_most_a_thousand_objects() {
    let desk = Desk::with(|builder| builder.with_lag(Lag::none()));
    for number in 0..1_001 {
        desk.tenant.add_device(&format!("SN{number}"));
    }
    for query in ["", "?$top=5000", "?$top=1000"] {
        let page = desk.get(&format!("{IDENTITIES}{query}")).await;
        assert_eq!(page.column("id").len(), 1_000, "{query}");
        assert!(page.body["@odata.nextLink"].is_string(), "{query}");
    }
}

#[tokio::test]
async fn a_device_that_is_being_deleted_does_not_deploy() {
    let ready = ready().await;
    let path = format!("{IDENTITIES}/{}", ready.identity);
    assert_eq!(ready.desk.delete(&path).await.status, 204);
    let again = ready.desk.delete(&path).await;
    assert!(again.status == 400 && again.text.contains("ZtdDeviceDeletionInProgess"), "{}", again.text);
    ready.desk.tenant.power_on("SN1");
    ready.desk.clock.advance(3 * MINUTE);
    assert_eq!(ready.outcome(), (DeploymentPhase::Failed, Some(Cause::NotRegistered), 2));
}

async fn skip(ready: &Ready, setting: &str) {
    let uri = format!("./Vendor/MSFT/DMClient/Provider/MS DM Server/FirstSyncStatus/{setting}");
    let custom = json!({"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "displayName": "Skip",
        "omaSettings": [{"@odata.type": "#microsoft.graph.omaSettingBoolean", "displayName": "Skip", "value": true,
            "omaUri": uri}]});
    let made = ready.desk.post(CONFIGURATIONS, custom).await;
    let assign = format!("{CONFIGURATIONS}/{}/assign", made.id());
    let targets = json!({"assignments": [group_target(&ready.group)]});
    assert_eq!(ready.desk.post(&assign, targets).await.status, 200);
}

#[tokio::test]
async fn a_computer_that_is_synchronized_after_the_end_becomes_the_managed_devices() {
    let late = |builder: TenantBuilder| {
        builder.with_deployment_timing(|timing| timing.entra_connect = Some(2 * 60 * MINUTE))
    };
    let ready = ready_with(late).await;
    skip(&ready, "SkipUserStatusPage").await;
    ready.desk.tenant.power_on("SN1");
    ready.desk.clock.advance(60 * MINUTE);
    assert_eq!(ready.outcome(), (DeploymentPhase::Finished, None, 27));
    let managed =
        async || ready.desk.get("/beta/deviceManagement/managedDevices").await.body["value"][0].clone();
    let devices = async || ready.desk.get("/v1.0/devices").await;
    let first = devices().await.body["value"][0]["deviceId"].clone();
    assert_eq!((&managed().await["azureADDeviceId"], devices().await.column("id").len()), (&first, 1));
    ready.desk.clock.advance(60 * MINUTE);
    let devices = devices().await;
    assert_eq!(devices.column("trustType"), ["AzureAd", "ServerAd"]);
    let managed = managed().await;
    assert_eq!(managed["azureADDeviceId"], devices.body["value"][1]["deviceId"]);
    assert_eq!(managed["joinType"], "hybridAzureADJoined");
}

#[tokio::test]
async fn entra_connect_runs_by_the_clock_and_not_after_each_join() {
    let ready = ready().await;
    ready.desk.tenant.power_on("SN1");
    // The tenant is five minutes old, and the join takes ten: the next run is at thirty.
    ready.desk.clock.advance(24 * MINUTE);
    assert_eq!(ready.desk.get("/v1.0/devices").await.column("id").len(), 1);
    ready.desk.clock.advance(MINUTE);
    assert_eq!(ready.desk.get("/v1.0/devices").await.column("id").len(), 2);
}

#[tokio::test]
async fn device_setup_is_in_time_up_to_its_deadline() {
    for (seconds, phase) in [(6_000, DeploymentPhase::Finished), (6_001, DeploymentPhase::Failed)] {
        let ready = ready().await;
        let slow = PowerOnOptions::new("SN1").with_device_setup(Duration::from_secs(seconds));
        ready.desk.tenant.power_on_with(slow);
        ready.desk.clock.advance(8 * 60 * MINUTE);
        assert_eq!(ready.outcome().0, phase, "{seconds}");
    }
}

#[tokio::test]
async fn the_settings_of_a_page_decide_how_a_slow_device_setup_ends() {
    let slow = || PowerOnOptions::new("SN1").with_device_setup(110 * MINUTE);
    for (settings, phase, event) in [
        (json!({}), DeploymentPhase::Failed, "failure"),
        // 0 is the default of 60 minutes.
        (json!({"installProgressTimeoutInMinutes": 0}), DeploymentPhase::Failed, "failure"),
        (json!({"installProgressTimeoutInMinutes": 70}), DeploymentPhase::Finished, "success"),
        (json!({"allowDeviceUseOnInstallFailure": true}), DeploymentPhase::Finished, "successWithTimeout"),
        (json!({"blockDeviceSetupRetryByUser": true}), DeploymentPhase::Finished, "successWithTimeout"),
    ] {
        let ready = ready().await;
        let mut patch = settings.clone();
        patch["@odata.type"] = ESP.into();
        assert_eq!(ready.desk.patch(&ready.page, patch).await.status, 200, "{settings}");
        ready.desk.tenant.power_on_with(slow());
        ready.desk.clock.advance(8 * 60 * MINUTE);
        assert_eq!(ready.outcome().0, phase, "{settings}");
        let row = ready.event().await;
        assert_eq!(
            (&row["deviceSetupStatus"], &row["deploymentState"]),
            (&json!(event), &json!(event)),
            "{settings}"
        );
    }
    let short = ready().await;
    let patch = json!({"@odata.type": ESP, "installProgressTimeoutInMinutes": 0});
    assert_eq!(short.desk.patch(&short.page, patch).await.status, 200);
    short.desk.tenant.power_on_with(PowerOnOptions::new("SN1").with_device_setup(95 * MINUTE));
    short.desk.clock.advance(8 * 60 * MINUTE);
    assert_eq!(short.outcome().0, DeploymentPhase::Finished, "60 minutes and the 40 of a hybrid join");
}

#[tokio::test]
async fn quality_updates_take_their_time_and_a_skipped_page_none() {
    let updating = ready().await;
    let patch = json!({"@odata.type": ESP, "installQualityUpdates": true});
    assert_eq!(updating.desk.patch(&updating.page, patch).await.status, 200);
    updating.desk.tenant.power_on("SN1");
    updating.desk.clock.advance(8 * 60 * MINUTE);
    assert_eq!(updating.event().await["deviceSetupDuration"], "PT45M");

    let skipping = ready().await;
    skip(&skipping, "SkipDeviceStatusPage").await;
    assert_eq!(skipping.deploy().0, DeploymentPhase::Finished);
    let row = skipping.event().await;
    assert_eq!(
        (&row["deviceSetupStatus"], &row["accountSetupStatus"]),
        (&json!("disabled"), &json!("disabled"))
    );
}

#[tokio::test]
async fn apps_are_installed_unless_device_setup_is_late() {
    for (setup, expected) in [(15, "installed"), (500, "notInstalled")] {
        let ready = ready().await;
        let app = ready.desk.tenant.add_app("Company Portal", "win32LobApp");
        let patch = json!({"@odata.type": ESP, "selectedMobileAppIds": [app]});
        assert_eq!(ready.desk.patch(&ready.page, patch).await.status, 200);
        let device = PowerOnOptions::new("SN1").with_device_setup(setup * MINUTE);
        ready.desk.tenant.power_on_with(device);
        ready.desk.clock.advance(12 * 60 * MINUTE);
        let event = ready.event().await["id"].as_str().unwrap().to_owned();
        let details = ready.desk.get(&format!("{EVENTS}/{event}/policyStatusDetails")).await;
        let values = details.body["value"].as_array().unwrap();
        let of_app = values.iter().find(|of| of["policyType"] == "application").unwrap();
        assert_eq!(
            (&of_app["displayName"], &of_app["complianceStatus"]),
            (&json!("Company Portal"), &json!(expected))
        );
    }
}

#[tokio::test]
async fn a_computers_name_has_at_most_fifteen_characters() {
    let quirk =
        |builder: TenantBuilder| builder.with_quirks(|quirks| quirks.long_computer_names_are_refused = false);
    let ready = ready_with(quirk).await;
    let patch = json!({"@odata.type": DOMAIN_JOIN, "computerNameStaticPrefix": "HYBRID", "computerNameSuffixRandomCharCount": 14});
    assert_eq!(ready.desk.patch(&ready.join, patch).await.status, 200);
    let patch = json!({"@odata.type": DOMAIN_JOIN, "computerNameSuffixRandomCharCount": 15});
    assert_eq!(ready.desk.patch(&ready.join, patch).await.status, 400);
    assert_eq!(ready.deploy().0, DeploymentPhase::Finished);
    let name = ready.desk.tenant.computers().remove(0).name;
    assert!(name.starts_with("HYBRID") && name.len() == 15, "{name}");
}

#[tokio::test]
async fn a_device_with_a_new_motherboard_or_without_mdm_registration_does_not_enroll() {
    let swapped = ready().await;
    assert!(swapped.desk.tenant.swap_motherboard("SN1"));
    assert_eq!(swapped.deploy(), (DeploymentPhase::Failed, Some(Cause::HardwareChanged), 2));

    let disabled = ready().await;
    let patch = json!({"isMdmEnrollmentDuringRegistrationDisabled": true});
    assert_eq!(disabled.desk.patch(SCOPE, patch).await.status, 204);
    assert_eq!(disabled.deploy(), (DeploymentPhase::Failed, Some(Cause::MdmScope), 5));
    assert!(disabled.event().await.is_null(), "it never came as far as Intune");
}

#[tokio::test]
async fn a_device_that_is_switched_on_again_ends_its_earlier_deployment() {
    let ready = ready().await;
    ready.desk.tenant.power_on("SN1");
    ready.desk.clock.advance(4 * MINUTE);
    ready.desk.tenant.power_on("SN1");
    ready.desk.clock.advance(8 * 60 * MINUTE);
    assert_eq!(ready.outcome().0, DeploymentPhase::Finished);
    assert_eq!(
        (ready.desk.tenant.computers().len(), ready.desk.get(EVENTS).await.column("id").len()),
        (1, 1)
    );
}

#[tokio::test]
async fn two_domain_joins_and_an_assigned_user_stop_a_device_whatever_else_is_right() {
    let twice = ready().await;
    join_configuration(&twice.desk, &twice.group, OU).await;
    assert_eq!(twice.deploy(), (DeploymentPhase::Failed, Some(Cause::SeveralDomainJoins), 35));
}

#[tokio::test]
async fn a_device_of_another_model_is_another_device() {
    let desk = Desk::with(|builder| builder.with_lag(Lag::none()));
    let sent = |maker: &str, model: &str| json!({"serialNumber": "SN1", "hardwareIdentifier": hash_of("SN1", maker, model)});
    for (maker, model, expected) in [
        ("Contoso", "Book 3", ""),
        ("Contoso", "Book 4", ""),
        ("Fabrikam", "Book 3", ""),
        ("contoso", "BOOK 4", "ZtdDeviceAlreadyAssigned"),
        // What a hash does not say is not a difference.
        ("Contoso", "", "ZtdDeviceAlreadyAssigned"),
    ] {
        let made = desk.post(IMPORTS, sent(maker, model)).await;
        let state = desk.get(&format!("{IMPORTS}/{}", made.id())).await.body["state"].clone();
        assert_eq!(state["deviceErrorName"], expected, "{maker} {model}");
    }
    assert_eq!(desk.tenant.device_count(), 3);
}

#[tokio::test]
async fn a_failing_store_fails_so_many_imports_and_no_more() {
    let desk = Desk::with(|builder| builder.with_lag(Lag::none()));
    desk.tenant.fail_imports(2);
    let mut names = Vec::new();
    for number in 0..3 {
        let made = desk.post(IMPORTS, import(&format!("SN{number}"))).await;
        let state = desk.get(&format!("{IMPORTS}/{}", made.id())).await.body["state"].clone();
        names.push(state["deviceErrorName"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, ["StorageError", "StorageError", ""]);
}

#[tokio::test]
async fn a_deleted_profile_leaves_its_devices() {
    let desk = Desk::new();
    let identity = desk.tenant.add_device("SN1");
    let device = format!("{IDENTITIES}/{identity}");
    let group = desk.tenant.add_group("Devices");
    desk.tenant.add_member(&group, &identity);
    let (direct, by_group) = (desk.profile("Direct").await, desk.profile("By group").await);
    assert_eq!(desk.post(&format!("{by_group}/assignments"), group_target(&group)).await.status, 201);
    assert_eq!(desk.post(&format!("{direct}/assign"), json!({"deviceIds": [identity]})).await.status, 204);
    desk.clock.advance(5 * MINUTE);
    let state = async || {
        let read =
            desk.get(&format!("{device}?$expand=deploymentProfile,intendedDeploymentProfile")).await.body;
        let name = |link: &str| read[link]["displayName"].as_str().unwrap_or("none").to_owned();
        let status = read["deploymentProfileAssignmentStatus"].as_str().unwrap().to_owned();
        [name("deploymentProfile"), name("intendedDeploymentProfile"), status]
    };
    assert_eq!(state().await, ["Direct", "Direct", "assignedInSync"]);
    assert_eq!(desk.delete(&direct).await.status, 204);
    assert_eq!(state().await, ["none", "By group", "pending"], "at once, and the next one after a while");
    desk.clock.advance(5 * MINUTE);
    assert_eq!(state().await, ["By group", "By group", "assignedInSync"]);
    let assignment = desk.get(&format!("{by_group}/assignments")).await.column("id")[0].to_owned();
    assert_eq!(desk.delete(&format!("{by_group}/assignments/{assignment}")).await.status, 204);
    assert_eq!(state().await, ["By group", "none", "assignedOutOfSync"]);
    desk.clock.advance(5 * MINUTE);
    assert_eq!(state().await, ["none", "none", "notAssigned"]);
    // A device that nothing else is assigned to has none at once.
    let alone = desk.tenant.add_device("SN2");
    let direct = desk.profile("Direct").await;
    assert_eq!(desk.post(&format!("{direct}/assign"), json!({"deviceIds": [alone]})).await.status, 204);
    desk.clock.advance(5 * MINUTE);
    let read = async || {
        desk.get(&format!("{IDENTITIES}/{alone}")).await.body["deploymentProfileAssignmentStatus"].clone()
    };
    assert_eq!(read().await, "assignedInSync");
    assert_eq!(desk.delete(&direct).await.status, 204);
    assert_eq!(read().await, "notAssigned");
}

#[tokio::test]
async fn the_tag_of_a_device_is_once_in_its_physical_ids() {
    let desk = Desk::new();
    let identity = desk.tenant.add_device_with(DeviceSpec::new("SN1").with_group_tag("Kiosk"));
    let tags = async || {
        let devices = desk.get("/v1.0/devices").await;
        let ids = devices.body["value"][0]["physicalIds"].as_array().unwrap().clone();
        ids.into_iter().filter(|id| id.as_str().unwrap().starts_with("[OrderID]")).collect::<Vec<_>>()
    };
    assert_eq!(tags().await, ["[OrderID]:Kiosk"]);
    for (tag, expected) in
        [("Munich", &["[OrderID]:Munich"][..]), ("Munich", &["[OrderID]:Munich"]), ("", &[])]
    {
        let path = format!("{IDENTITIES}/{identity}/updateDeviceProperties");
        assert_eq!(desk.post(&path, json!({"groupTag": tag})).await.status, 204);
        assert_eq!(tags().await, expected, "{tag}");
    }
}

#[tokio::test]
async fn an_unassigned_user_is_gone_with_both_names() {
    let desk = Desk::new();
    let identity = desk.tenant.add_device("SN1");
    let path = format!("{IDENTITIES}/{identity}");
    let names = async || {
        let read = desk.get(&path).await.body;
        [&read["userPrincipalName"], &read["addressableUserName"]]
            .map(|name| name.as_str().unwrap().to_owned())
    };
    let body = json!({"userPrincipalName": "admin@contoso.onmicrosoft.com", "addressableUserName": "Admin"});
    assert_eq!(desk.post(&format!("{path}/assignUserToDevice"), body).await.status, 204);
    assert_eq!(names().await, ["admin@contoso.onmicrosoft.com", "Admin"]);
    assert_eq!(desk.post(&format!("{path}/unassignUserFromDevice"), json!({})).await.status, 204);
    assert_eq!(names().await, ["", ""]);
}

#[tokio::test]
async fn names_and_counts_are_taken_up_to_their_limits() {
    let desk = Desk::new();
    let entra = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile";
    let of = |kind: &str, name: &str, value: Value| {
        let mut body = json!({"@odata.type": kind, "displayName": "x"});
        body[name] = value;
        body
    };
    let join = |prefix: usize, suffix: usize| {
        json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ", "activeDirectoryDomainName": "contoso.com",
            "computerNameStaticPrefix": "x".repeat(prefix), "computerNameSuffixRandomCharCount": suffix})
    };
    for (path, good, bad) in [
        (
            PROFILES,
            of(HYBRID, "displayName", json!("x".repeat(200))),
            of(HYBRID, "displayName", json!("x".repeat(201))),
        ),
        (
            PROFILES,
            of(HYBRID, "description", json!("x".repeat(1500))),
            of(HYBRID, "description", json!("x".repeat(1501))),
        ),
        (
            PROFILES,
            of(entra, "deviceNameTemplate", json!("PC-%SERIAL%")),
            of(entra, "deviceNameTemplate", json!("COMPUTER%SERIAL%")),
        ),
        (
            PROFILES,
            of(entra, "deviceNameTemplate", json!("COMPUTE%SERIAL%")),
            of(entra, "deviceNameTemplate", json!("COMPUTERS%SERIAL%")),
        ),
        (
            PAGES,
            of(ESP, "installProgressTimeoutInMinutes", json!(1440)),
            of(ESP, "installProgressTimeoutInMinutes", json!(1441)),
        ),
        (CONFIGURATIONS, join(1, 14), join(1, 15)),
        (CONFIGURATIONS, join(3, 12), join(3, 13)),
        (CONFIGURATIONS, join(3, 3), join(3, 2)),
    ] {
        let made = desk.post(path, good.clone()).await;
        assert_eq!(made.status, 201, "{good}: {}", made.text);
        assert_eq!(desk.post(path, bad.clone()).await.status, 400, "{bad}");
    }
    let page = json!({"@odata.type": ESP, "displayName": "x", "showInstallationProgress": true,
        "selectedMobileAppIds": vec!["a"; 100]});
    assert_eq!(desk.post(PAGES, page).await.status, 201);
    let mut group = security_group("Devices");
    group["mailNickname"] = json!("x".repeat(64));
    assert_eq!(desk.post("/v1.0/groups", group).await.status, 201);
}

#[tokio::test]
async fn fifty_pages_stand_beside_the_default_one() {
    let desk = Desk::new();
    for number in 0..50 {
        desk.page(&format!("Page {number}")).await;
    }
    let one_more = desk.post(PAGES, json!({"@odata.type": ESP, "displayName": "One more"})).await;
    assert!(one_more.status == 400 && one_more.text.contains("limit of 51"), "{}", one_more.text);
}

#[tokio::test]
async fn a_configuration_is_not_patched_without_a_change() {
    let ready = ready().await;
    let same = json!({"@odata.type": DOMAIN_JOIN, "computerNameStaticPrefix": "HYB"});
    let refused = ready.desk.patch(&ready.join, same).await;
    assert!(refused.status == 400 && refused.text.contains("at least 1 property"), "{}", refused.text);
    let other = json!({"@odata.type": DOMAIN_JOIN, "computerNameStaticPrefix": "PC"});
    assert_eq!(ready.desk.patch(&ready.join, other).await.body["version"], 2);
}

#[tokio::test]
async fn the_same_assignment_twice_is_one() {
    let desk = Desk::new();
    let (page, group) = (desk.page("ESP").await, desk.tenant.add_group("Devices"));
    let targets = json!({"enrollmentConfigurationAssignments": [group_target(&group), all_devices(), group_target(&group)]});
    assert_eq!(desk.post(&format!("{page}/assign"), targets).await.status, 204);
    assert_eq!(desk.get(&format!("{page}/assignments")).await.column("id").len(), 2);
}

#[tokio::test]
async fn the_groups_of_the_mdm_scope_go_with_all_and_with_the_last_one() {
    let desk = Desk::with(|builder| builder.with_delegated_callers());
    let group = desk.tenant.add_group("Users");
    let link = json!({"@odata.id": format!("https://graph.microsoft.com/odata/groups('{group}')")});
    let state = async || {
        let read = desk.get(&format!("{SCOPE}?$expand=includedGroups")).await.body;
        (read["appliesTo"].as_str().unwrap().to_owned(), read["includedGroups"].as_array().unwrap().len())
    };
    let add = async || desk.post(&format!("{SCOPE}/includedGroups/$ref"), link.clone()).await.status;
    assert_eq!(add().await, 204);
    assert_eq!(state().await, ("selected".to_owned(), 1));
    assert_eq!(add().await, 400, "once is enough");
    let both = json!({"appliesTo": "all", "termsOfUseUrl": "https://contoso.com"});
    assert_eq!(desk.patch(SCOPE, both).await.status, 400);
    assert_eq!(desk.delete(&format!("{SCOPE}/includedGroups/{group}/$ref")).await.status, 204);
    assert_eq!(state().await, ("none".to_owned(), 0));
    assert_eq!(add().await, 204);
    assert_eq!(desk.patch(SCOPE, json!({"appliesTo": "all"})).await.status, 204);
    assert_eq!(state().await, ("all".to_owned(), 0));
}

#[tokio::test]
async fn a_dynamic_group_follows_its_rule_both_ways_while_it_is_on() {
    let desk = Desk::new();
    let devices: Vec<String> = ["Kiosk", "Munich"]
        .iter()
        .enumerate()
        .map(|(number, tag)| {
            desk.tenant.add_device_with(DeviceSpec::new(format!("SN{number}")).with_group_tag(*tag))
        })
        .collect();
    let rule = |tag: &str| format!("(device.devicePhysicalIds -any (_ -eq \"[OrderID]:{tag}\"))");
    let mut body = dynamic_group("Tagged", &rule("Kiosk"));
    body["membershipRuleProcessingState"] = "Paused".into();
    let made = desk.post("/v1.0/groups", body.clone()).await;
    let path = format!("/v1.0/groups/{}", made.id());
    let members = async || {
        desk.clock.advance(5 * MINUTE);
        desk.get(&format!("{path}/members"))
            .await
            .column("displayName")
            .iter()
            .map(|of| (*of).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(members().await.is_empty(), "it is paused");
    assert_eq!(desk.patch(&path, json!({"membershipRuleProcessingState": "On"})).await.status, 204);
    assert_eq!(members().await, ["SN0"]);
    assert_eq!(desk.patch(&path, json!({"membershipRule": rule("Munich")})).await.status, 204);
    assert_eq!(members().await, ["SN1"], "who no longer fits leaves");
    let retag = format!("{IDENTITIES}/{}/updateDeviceProperties", devices[1]);
    assert_eq!(desk.post(&retag, json!({"groupTag": "Kiosk"})).await.status, 204);
    assert!(members().await.is_empty(), "who was given another tag leaves too");

    let object = desk.get("/v1.0/devices").await.column("id")[0].to_owned();
    body["members@odata.bind"] =
        json!([format!("https://graph.microsoft.com/v1.0/directoryObjects/{object}")]);
    assert_eq!(
        desk.post("/v1.0/groups", body.clone()).await.status,
        201,
        "a paused one has no rule in effect"
    );
    body["membershipRuleProcessingState"] = "On".into();
    assert_eq!(desk.post("/v1.0/groups", body).await.status, 403);
}

#[tokio::test]
async fn a_member_is_added_once() {
    let desk = Desk::new();
    desk.tenant.add_device("SN1");
    let object = desk.get("/v1.0/devices").await.column("id")[0].to_owned();
    let group = desk.tenant.add_group("Devices");
    let link = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{object}")});
    let path = format!("/v1.0/groups/{group}/members/$ref");
    assert_eq!(desk.post(&path, link.clone()).await.status, 204);
    let again = desk.post(&path, link).await;
    assert!(again.status == 400 && again.text.contains("already exist"), "{}", again.text);
    assert_eq!(desk.tenant.members(&group).len(), 1);
}

#[tokio::test]
async fn a_batch_keeps_its_limits_of_number_ids_and_order() {
    let desk = Desk::strict();
    let part = |id: &str, after: &[&str]| {
        let mut part = json!({"id": id, "method": "GET", "url": "/groups"});
        if !after.is_empty() {
            part["dependsOn"] = json!(after);
        }
        part
    };
    let send = async |parts: Vec<Value>| desk.post("/v1.0/$batch", json!({ "requests": parts })).await;
    let many = |count: usize| (0..count).map(|number| part(&number.to_string(), &[])).collect::<Vec<_>>();
    assert_eq!(
        (send(many(20)).await.status, send(many(21)).await.status, send(many(0)).await.status),
        (200, 400, 400)
    );
    for (parts, expected) in [
        (vec![part("a", &[]), part("A", &[])], 400),
        (vec![part("a", &[]), part("b", &["A"])], 200),
        (vec![part("a", &[]), part("b", &["a"]), part("c", &["b"])], 200),
        (vec![part("a", &[]), part("b", &["a"]), part("c", &["a"])], 200),
        (vec![part("a", &[]), part("b", &["a"]), part("c", &["b"]), part("d", &[])], 400),
        (vec![part("a", &[]), part("b", &[]), part("c", &["a"]), part("d", &["b"])], 400),
    ] {
        let answer = send(parts.clone()).await;
        assert_eq!(answer.status, expected, "{parts:?}: {}", answer.text);
    }
    let body = json!({"id": "1", "method": "POST", "url": "/groups", "body": security_group("x")});
    assert_eq!(send(vec![body]).await.status, 400, "a body needs its content type");
    let orders = async || {
        let answer = send(many(20)).await;
        let answers = answer.body["responses"].as_array().unwrap().clone();
        answers.iter().map(|of| of["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_ne!(orders().await, (0..20).map(|number| number.to_string()).collect::<Vec<_>>(), "any order");
}

#[tokio::test]
async fn every_write_counts_against_intunes_limit_and_no_read() {
    let write = |method: Method| async move {
        let desk = Desk::with(|builder| builder.with_documented_limits());
        let path = format!("{PROFILES}/none");
        for _ in 0..100 {
            let body = json!({"@odata.type": HYBRID});
            assert_ne!(desk.send(method.clone(), &path, &[], Some(body)).await.status, 429, "{method}");
        }
        desk.send(method, &path, &[], Some(json!({"@odata.type": HYBRID}))).await.status
    };
    assert_eq!((write(Method::PATCH).await, write(Method::DELETE).await), (429, 429));
}

#[tokio::test]
async fn a_device_joins_a_group_by_both_permissions_together() {
    let both = ["GroupMember.ReadWrite.All", "Device.ReadWrite.All"];
    for (granted, expected) in [(&both[..1], 403), (&both[1..], 403), (&both[..], 204)] {
        let desk = Desk::with(|builder| builder.with_permissions(granted.to_vec()));
        let identity = desk.tenant.add_device("SN1");
        let object = desk.tenant.members(&{
            let group = desk.tenant.add_group("Any");
            desk.tenant.add_member(&group, &identity);
            group
        });
        let group = desk.tenant.add_group("Devices");
        let link =
            json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{}", object[0])});
        let received = desk.post(&format!("/v1.0/groups/{group}/members/$ref"), link).await;
        assert_eq!(received.status, expected, "{granted:?}: {}", received.text);
    }
}

#[tokio::test]
async fn a_delta_waits_for_what_cannot_be_read_yet() {
    let desk = Desk::with(|builder| builder.with_directory_lag(2 * MINUTE));
    desk.clock.advance(5 * MINUTE);
    let gone = desk.post("/v1.0/groups", security_group("Gone")).await;
    desk.clock.advance(5 * MINUTE);
    assert_eq!(desk.delete(&format!("/v1.0/groups/{}", gone.id())).await.status, 204);
    desk.clock.advance(5 * MINUTE);
    let first = desk.get("/v1.0/groups/delta").await;
    assert_eq!(first.column("displayName").len(), 0, "what was gone before is not told: {}", first.text);
    desk.post("/v1.0/groups", security_group("New")).await;
    let early = desk.get(first.body["@odata.deltaLink"].as_str().unwrap()).await;
    assert!(early.column("id").is_empty(), "{}", early.text);
    desk.clock.advance(3 * MINUTE);
    let later = desk.get(early.body["@odata.deltaLink"].as_str().unwrap()).await;
    assert_eq!(later.column("displayName"), ["New"]);
}

#[tokio::test]
async fn extension_attributes_come_when_they_are_asked_for() {
    let desk = Desk::new();
    desk.tenant.add_device("SN1");
    let id = desk.get("/v1.0/devices").await.column("id")[0].to_owned();
    let path = format!("/v1.0/devices/{id}");
    let patch = json!({"extensionAttributes": {"extensionAttribute1": "x"}});
    assert_eq!(desk.patch(&path, patch).await.status, 204);
    assert!(desk.get(&path).await.body.get("extensionAttributes").is_none());
    let asked = desk.get(&format!("{path}?$select=extensionAttributes")).await.body;
    assert_eq!(asked["extensionAttributes"]["extensionAttribute1"], "x");
}
