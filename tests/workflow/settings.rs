//! Settings that an administrator needs beside the ten steps' own: scope tags, networks, the policy that skips account setup,
//! apps by name; and the names that a plan prints.

use serde_json::{Value, json};
use windows_autopilot::Result;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::model::{
    BlockDeviceUse, DomainJoinProfile, EnrollmentStatusPage, HybridJoinProfile, Settings, Severity,
    SkipUserStatusPage,
};
use windows_autopilot::sim::{DeploymentPhase, PowerOnOptions, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{Action, CreatedObjects, HybridJoin, Plan, Step, Teardown, overlaps};

use crate::findings::{graded, only};
use crate::support::{
    UNCONFIRMED, UNIT, WAITS, add_user, all, desired, devices, enroll, harness, other, send, snapshot, writes,
};

const CONFIGURATIONS: &str = "/beta/deviceManagement/deviceConfigurations";

/// The deployment with more settings, or why it cannot be read.
fn read_with(more: &str) -> std::result::Result<HybridJoin, toml::de::Error> {
    fn merge(into: &mut toml::Table, more: toml::Table) {
        for (name, value) in more {
            match (into.get_mut(&name), value) {
                (Some(toml::Value::Table(held)), toml::Value::Table(more)) => merge(held, more),
                (_, value) => drop(into.insert(name, value)),
            }
        }
    }
    let mut all: toml::Table = toml::from_str(&toml::to_string(&desired()).unwrap()).unwrap();
    merge(&mut all, toml::from_str(more).unwrap());
    toml::from_str(&toml::to_string(&all).unwrap())
}

fn with(more: &str) -> HybridJoin {
    read_with(more).unwrap()
}

async fn apply(harness: &Harness, wish: &HybridJoin) -> Result<CreatedObjects> {
    let report = wish.plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    let again = wish.plan(&harness.client, &[]).await?;
    assert!(again.is_empty(), "{again}");
    Ok(report.created)
}

/// The evidence of each finding with this id, by place.
fn found<'a>(plan: &'a Plan, id: &str) -> Vec<(&'a str, Severity, &'a str)> {
    let of = plan.findings.iter().filter(|finding| finding.id == *id);
    of.map(|finding| (finding.place.as_str(), finding.severity, finding.evidence.as_str())).collect()
}

#[tokio::test]
async fn a_plan_prints_the_settings_own_names_and_values() -> Result<()> {
    let harness = harness();
    let mut wish =
        with("[enrollment_status_page]\nblock_device_use.until.allow_device_use_on_install_failure = true\n");
    let plan = wish.plan(&harness.client, &[]).await?;
    for line in [
        r#"block_device_use: "until""#,
        "block_device_use.until.allow_device_use_on_install_failure: true",
        r#"block_device_use.until.apps: "all""#,
        "skip_connectivity_check: false",
        r#"locale: "de-DE""#,
        &format!("active_directory.organizational_unit: {UNIT:?}"),
        r#"computer_name_prefix: "MUC-""#,
        r#"membership: "dynamic""#,
    ] {
        assert!(plan.to_string().contains(line), "{line}: {plan}");
    }
    assert_no_wire_names(&plan);
    let _ = plan.apply(&harness.client).await.into_result()?;

    // The trap that the types removed: "stops blocking" is a change to true on the wire.
    let page = wish.enrollment_status_page.as_mut().unwrap();
    page.block_device_use = BlockDeviceUse::No;
    page.track_install_progress_for_autopilot_only = true;
    wish.profile.as_mut().unwrap().skip_connectivity_check = true;
    let plan = wish.plan(&harness.client, &[]).await?;
    let text = plan.to_string();
    assert!(text.contains(r#"block_device_use: "until" -> "no""#), "{text}");
    let once = "track_install_progress_for_autopilot_only: false -> true";
    assert_eq!(text.matches(once).count(), 1, "two properties are one setting: {text}");
    assert!(text.contains("skip_connectivity_check: false -> true"), "{text}");
    assert_no_wire_names(&plan);
    let json = serde_json::to_value(&plan).unwrap();
    let changes =
        json["steps"].as_array().unwrap().iter().flat_map(|step| step["action"]["update"].as_array());
    let names: Vec<&Value> = changes.flatten().map(|change| &change["property"]).collect();
    assert!(names.contains(&&json!("blockDeviceSetupRetryByUser")), "{names:?}");
    let again: Plan = serde_json::from_value(json).unwrap();
    assert_eq!(again.to_string(), text);
    Ok(())
}

/// Checks that no name of a property on the wire is in the text of a plan, unless a setting has the same.
#[track_caller]
fn assert_no_wire_names(plan: &Plan) {
    let text = plan.to_string();
    let all = [
        HybridJoinProfile::RULES,
        EnrollmentStatusPage::RULES,
        DomainJoinProfile::RULES,
        SkipUserStatusPage::RULES,
        windows_autopilot::model::Group::RULES,
    ];
    for rule in all.into_iter().flatten().filter(|rule| rule.path.contains(|c: char| c.is_ascii_uppercase()))
    {
        let name = rule.path.rsplit('.').next().unwrap();
        assert!(!text.contains(&format!("{name}:")), "{name} in {text}");
    }
}

#[tokio::test]
async fn apps_are_selected_by_name_and_by_id_in_one_list() -> Result<()> {
    let harness = harness();
    let devices = harness.tenant.add_group("Devices");
    let portal = harness.tenant.add_app("Company Portal", "winGetApp");
    let vpn = harness.tenant.add_app("VPN client", "win32LobApp");
    for app in [&portal, &vpn] {
        harness.tenant.assign_app(app, &devices);
    }
    let wish = with(&format!(
        "[enrollment_status_page]\nblock_device_use.until.apps.selected = ['Company Portal', '{vpn}']\n"
    ));
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(graded(&plan.findings), [UNCONFIRMED, WAITS], "{plan}");
    apply(&harness, &wish).await?;
    let pages = all(&harness.tenant, "/beta/deviceManagement/deviceEnrollmentConfigurations").await;
    let own = pages.iter().find(|page| page["displayName"] == "Autopilot Munich").unwrap();
    let mut held: Vec<&str> =
        own["selectedMobileAppIds"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    held.sort_unstable();
    let mut wanted = [portal.as_str(), vpn.as_str()];
    wanted.sort_unstable();
    assert_eq!(held, wanted);
    let text = toml::to_string(&wish).unwrap();
    assert!(text.contains("Company Portal"), "{text}");
    assert_eq!(toml::from_str::<HybridJoin>(&text).unwrap(), wish);
    Ok(())
}

#[tokio::test]
async fn missing_foreign_and_unassigned_apps_are_found_by_name_and_by_id() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let devices = tenant.add_group("Devices");
    let offered = tenant.add_app("Offered", "win32LobApp");
    tenant.assign_app_as(&offered, &devices, "available");
    let required = tenant.add_app("Required", "win32LobApp");
    tenant.assign_app(&required, &devices);
    tenant.add_app("Outlook", "iosStoreApp");
    let android = tenant.add_app("Outlook for Android", "androidStoreApp");
    tenant.add_app("Loose", "win32LobApp");
    tenant.add_app("Twice", "win32LobApp");
    tenant.add_app("Twice", "iosVppApp");
    let nothing = "00000000-0000-4000-8000-000000000007";
    let selected = format!(
        "['Outlook', '{android}', 'Loose', 'Offered', '{required}', 'Nothing', '{nothing}', 'Twice']"
    );
    let wish =
        with(&format!("[enrollment_status_page]\nblock_device_use.until.apps.selected = {selected}\n"));
    let plan = wish.plan(&client, &[]).await?;
    let places = |id: &str| found(&plan, id).into_iter().map(|(place, ..)| place).collect::<Vec<_>>();
    assert_eq!(places("page.app-not-one"), [nothing, "Nothing", "Twice"], "{plan}");
    let mut foreign = places("page.app-foreign");
    foreign.sort_unstable();
    let mut wanted = vec!["Outlook", android.as_str()];
    wanted.sort_unstable();
    assert_eq!(foreign, wanted, "{plan}");
    assert_eq!(places("page.app-not-required"), ["Loose", "Offered"], "{plan}");
    assert_eq!(
        graded(&plan.findings),
        [
            "error page.app-foreign",
            "error page.app-foreign",
            "error page.app-not-one",
            "error page.app-not-one",
            "error page.app-not-one",
            UNCONFIRMED,
            "warning page.app-not-required",
            "warning page.app-not-required",
            WAITS
        ],
        "{plan}"
    );

    // Whatever is waived: a page that would wait for all apps is not created in the place of one that waits for some.
    let options = ["page.app-not-one", "page.app-foreign"]
        .into_iter()
        .fold(windows_autopilot::workflow::ApplyOptions::default(), |options, id| options.with_waived(id));
    let report = plan.apply_with(&client, options).await;
    assert_eq!(report.error().unwrap().kind(), windows_autopilot::ErrorKind::InvalidInput, "{report:?}");
    let pages = client.enrollment_status_pages().list().all().await?;
    assert!(pages.iter().all(|page| page.display_name() != Some("Autopilot Munich")), "{pages:?}");
    Ok(())
}

#[tokio::test]
async fn scope_tags_of_the_deployment_are_on_every_object_that_has_none_of_its_own() -> Result<()> {
    let harness = harness();
    let wish = with(
        "role_scope_tag_ids = ['7']\n[skip_user_status_page]\ndisplay_name = 'Skip'\n\
         [enrollment_status_page]\nrole_scope_tag_ids = ['8', '9']\n",
    );
    apply(&harness, &wish).await?;
    for (path, name, tags) in [
        ("/beta/deviceManagement/windowsAutopilotDeploymentProfiles", "Contoso hybrid Munich", json!(["7"])),
        ("/beta/deviceManagement/deviceEnrollmentConfigurations", "Autopilot Munich", json!(["8", "9"])),
        (CONFIGURATIONS, "Munich", json!(["7"])),
        (CONFIGURATIONS, "Skip", json!(["7"])),
    ] {
        let objects = all(&harness.tenant, path).await;
        let object = objects.iter().find(|object| object["displayName"] == name).unwrap();
        assert_eq!(object["roleScopeTagIds"], tags, "{name}");
    }
    let wish =
        with("role_scope_tag_ids = ['Munich', '7', '']\n[domain_join]\nrole_scope_tag_ids = ['Default']\n");
    let lint = wish.lint();
    assert_eq!(graded(&lint), ["warning settings.scope-tag", "warning settings.scope-tag"], "{lint:?}");
    let places: Vec<&str> = lint.iter().map(|finding| finding.place.as_str()).collect();
    assert_eq!(places, ["role_scope_tag_ids", "domain_join.role_scope_tag_ids"], "{lint:?}");
    Ok(())
}

#[tokio::test]
async fn network_access_configurations_are_linked_shown_and_unlinked() -> Result<()> {
    let harness = harness();
    enroll(&harness.tenant, "Existing users").await;
    let before = snapshot(&harness.tenant).await;
    let wish = with("[domain_join]\nnetwork_access_configurations = ['Office Wi-Fi', 'Root certificate']\n");
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        ["error domain-join.network-not-one", "error domain-join.network-not-one", UNCONFIRMED, WAITS],
        "{plan}"
    );

    let wifi = harness.tenant.add_configuration("Office Wi-Fi", "windowsWifiConfiguration").unwrap();
    harness.tenant.add_configuration("Root certificate", "windows81TrustedRootCertificate").unwrap();
    let other = harness.tenant.add_configuration("Old Wi-Fi", "windowsWifiConfiguration").unwrap();
    let with_networks = snapshot(&harness.tenant).await;
    assert_ne!(with_networks, before);
    let plan = wish.plan(&harness.client, &[]).await?;
    assert!(plan.to_string().contains("+ windowsWifiConfiguration Office Wi-Fi"), "{plan}");
    let mut unassigned: Vec<&str> =
        found(&plan, "domain-join.network-not-assigned").into_iter().map(|(place, ..)| place).collect();
    unassigned.sort_unstable();
    assert_eq!(unassigned, ["Office Wi-Fi", "Root certificate"], "{plan}");
    assert_eq!(
        graded(&plan.findings),
        [
            UNCONFIRMED,
            "warning domain-join.network-not-assigned",
            "warning domain-join.network-not-assigned",
            WAITS
        ],
        "{plan}"
    );
    apply(&harness, &wish).await?;

    let joins = harness.client.domain_join_profiles();
    let listed = joins.list().all().await?;
    let join = listed.iter().find(|found| found.display_name() == Some("Munich")).unwrap();
    let join = join.id().unwrap().parse()?;
    let linked = async || -> Result<Vec<String>> {
        let found = joins.network_access_configurations(&join).all().await?;
        let mut names: Vec<String> =
            found.iter().filter_map(|raw| raw.properties().text("displayName")).map(str::to_owned).collect();
        names.sort();
        Ok(names)
    };
    assert_eq!(linked().await?, ["Office Wi-Fi", "Root certificate"]);

    // A link that somebody takes away is drift, and one that somebody adds stays.
    joins.remove_network_access_configuration(&join, &wifi.parse()?).await?;
    joins.add_network_access_configuration(&join, &other.parse()?).await?;
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(plan.drift().count(), 1, "{plan}");
    apply(&harness, &wish).await?;
    assert_eq!(linked().await?, ["Office Wi-Fi", "Old Wi-Fi", "Root certificate"]);
    let mut strict = wish.clone();
    strict.remove_other_assignments = true;
    let plan = strict.plan(&harness.client, &[]).await?;
    assert!(plan.to_string().contains("- windowsWifiConfiguration Old Wi-Fi"), "{plan}");
    apply(&harness, &strict).await?;
    assert_eq!(linked().await?, ["Office Wi-Fi", "Root certificate"]);
    Ok(())
}

#[tokio::test]
async fn a_teardown_takes_back_the_links_of_a_profile_that_was_there_before() -> Result<()> {
    let harness = harness();
    enroll(&harness.tenant, "Existing users").await;
    harness.tenant.add_configuration("Office Wi-Fi", "windowsWifiConfiguration").unwrap();
    let plain = desired();
    apply(&harness, &plain).await?;
    let wish = with("[domain_join]\nnetwork_access_configurations = ['Office Wi-Fi']\n");
    let created = apply(&harness, &wish).await?;
    let text = serde_json::to_string(&created).unwrap();
    let created: CreatedObjects = serde_json::from_str(&text).unwrap();
    let teardown = Teardown::new(created);
    let plan = teardown.plan(&harness.client).await?;
    assert_eq!(plan.steps.iter().filter(|planned| planned.action.is_change()).count(), 1, "{plan}");
    let _ = plan.apply(&harness.client).await.into_result()?;
    assert!(teardown.plan(&harness.client).await?.is_empty());
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(plan.drift().count(), 1, "the link is gone, and nothing else: {plan}");
    Ok(())
}

#[tokio::test]
async fn odd_network_access_configurations_are_found() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    tenant.add_configuration("Phone Wi-Fi", "iosWiFiConfiguration").unwrap();
    tenant.add_configuration("Restrictions", "windows10GeneralConfiguration").unwrap();
    tenant.add_configuration("VPN", "windows10VpnConfiguration").unwrap();
    let mut wish =
        with("[domain_join]\nnetwork_access_configurations = ['Phone Wi-Fi', 'Restrictions', 'VPN']\n");
    let plan = wish.plan(&client, &[]).await?;
    let places = |plan: &Plan, id: &str| {
        found(plan, id).into_iter().map(|(place, ..)| place.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(places(&plan, "domain-join.network-kind"), ["Phone Wi-Fi", "Restrictions"], "{plan}");
    assert_eq!(places(&plan, "domain-join.vpn-without-skip"), ["VPN"], "{plan}");
    assert_eq!(
        graded(&plan.findings),
        [
            UNCONFIRMED,
            "warning domain-join.network-kind",
            "warning domain-join.network-kind",
            "warning domain-join.network-not-assigned",
            "warning domain-join.network-not-assigned",
            "warning domain-join.network-not-assigned",
            "info domain-join.vpn-without-skip",
            WAITS
        ],
        "{plan}"
    );
    wish.profile.as_mut().unwrap().skip_connectivity_check = true;
    let plan = wish.plan(&client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        [
            UNCONFIRMED,
            "warning domain-join.network-kind",
            "warning domain-join.network-kind",
            "warning domain-join.network-not-assigned",
            "warning domain-join.network-not-assigned",
            "warning domain-join.network-not-assigned",
            WAITS
        ],
        "{plan}"
    );
    Ok(())
}

#[tokio::test]
async fn links_that_cannot_be_read_are_not_known_and_left_alone() -> Result<()> {
    let harness = harness();
    harness.tenant.add_configuration("Office Wi-Fi", "windowsWifiConfiguration").unwrap();
    apply(&harness, &desired()).await?;
    let path = "/deviceManagement/deviceConfigurations/*/microsoft.graph.windowsDomainJoinConfiguration/networkAccessConfigurations";
    harness.tenant.fault(windows_autopilot::sim::Fault::status(400).on("GET", path));
    let wish = with("[domain_join]\nnetwork_access_configurations = ['Office Wi-Fi']\n");
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        [
            UNCONFIRMED,
            "warning domain-join.network-not-assigned",
            "warning domain-join.network-not-read",
            WAITS
        ],
        "{plan}"
    );
    assert_eq!(plan.status(), windows_autopilot::workflow::PlanStatus::NotKnown, "{plan}");
    assert!(plan.is_empty(), "{plan}");
    Ok(())
}

/// Returns how a deployed device got through account setup.
async fn account_setup(harness: &Harness, wish: &HybridJoin) -> Result<(DeploymentPhase, Value)> {
    let user = add_user(harness).await;
    harness.tenant.grant_ou(UNIT);
    let _ = wish.plan(&harness.client, &devices(1)).await?.apply(&harness.client).await.into_result()?;
    let hours = std::time::Duration::from_secs(6 * 3600);
    harness.clock.sleep(hours).await;
    harness.tenant.power_on_with(PowerOnOptions::new("PF000000").with_user(user));
    harness.clock.sleep(hours).await;
    let events = all(&harness.tenant, "/beta/deviceManagement/autopilotEvents").await;
    let phase = harness.tenant.deployment("PF000000").unwrap().phase;
    Ok((phase, events[0]["accountSetupStatus"].clone()))
}

#[tokio::test]
async fn the_policy_that_skips_account_setup_reaches_the_device() -> Result<()> {
    let waiting = harness();
    let plan = desired().plan(&waiting.client, &[]).await?;
    assert_eq!(graded(&plan.findings), [UNCONFIRMED, WAITS], "{plan}");
    assert_eq!(account_setup(&waiting, &desired()).await?, (DeploymentPhase::Finished, json!("success")));

    let skipping = harness();
    let wish = with("[skip_user_status_page]\ndisplay_name = 'Skip account setup'\n");
    let plan = wish.plan(&skipping.client, &[]).await?;
    assert_eq!(graded(&plan.findings), [UNCONFIRMED], "{plan}");
    assert!(plan.to_string().contains("skip_user_status_page: true"), "{plan}");
    assert!(plan.steps.iter().any(|planned| planned.step == Step::AccountSetup), "{plan}");
    assert_eq!(account_setup(&skipping, &wish).await?, (DeploymentPhase::Finished, json!("notAttempted")));
    let held = all(&skipping.tenant, CONFIGURATIONS).await;
    let policy = held.iter().find(|found| found["displayName"] == "Skip account setup").unwrap();
    assert_eq!(policy["@odata.type"], "#microsoft.graph.windows10CustomConfiguration");
    let setting = &policy["omaSettings"][0];
    assert_eq!(setting["@odata.type"], "#microsoft.graph.omaSettingBoolean");
    assert_eq!(
        setting["omaUri"],
        "./Vendor/MSFT/DMClient/Provider/MS DM Server/FirstSyncStatus/SkipUserStatusPage"
    );
    assert_eq!(setting["value"], true);
    assert!(wish.plan(&skipping.client, &[]).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_policy_is_set_right_again_and_taken_down() -> Result<()> {
    let harness = harness();
    enroll(&harness.tenant, "Existing users").await;
    let before = snapshot(&harness.tenant).await;
    let wish = with("[skip_user_status_page]\ndisplay_name = 'Skip'\n");
    let created = apply(&harness, &wish).await?;
    let policy = policy_of(&harness.tenant, "Skip").await;
    let off = json!({ "@odata.type": "#microsoft.graph.windows10CustomConfiguration", "omaSettings": [{
        "@odata.type": "#microsoft.graph.omaSettingBoolean", "displayName": "SkipUserStatusPage", "value": false,
        "omaUri": SkipUserStatusPage::OMA_URI }] });
    send(&harness.tenant, "PATCH", &format!("{CONFIGURATIONS}/{policy}"), Some(off)).await;
    let plan = wish.plan(&harness.client, &[]).await?;
    assert!(plan.to_string().contains("skip_user_status_page: false -> true"), "{plan}");
    apply(&harness, &wish).await?;
    let plan = Teardown::new(created).plan(&harness.client).await?;
    assert!(plan.findings.is_empty(), "{plan}");
    let _ = plan.apply(&harness.client).await.into_result()?;
    assert_eq!(snapshot(&harness.tenant).await, before);
    Ok(())
}

async fn policy_of(tenant: &Tenant, name: &str) -> String {
    let held = all(tenant, CONFIGURATIONS).await;
    held.iter().find(|found| found["displayName"] == name).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_custom_configuration_of_the_same_name_with_other_settings_is_left_alone() -> Result<()> {
    let harness = harness();
    let foreign = json!({ "@odata.type": "#microsoft.graph.windows10CustomConfiguration", "displayName": "Skip",
        "omaSettings": [{ "@odata.type": "#microsoft.graph.omaSettingString", "displayName": "Key",
            "omaUri": "./Vendor/MSFT/Key", "value": "s3cret-canary" }] });
    send(&harness.tenant, "POST", CONFIGURATIONS, Some(foreign)).await;
    let wish = with("[skip_user_status_page]\ndisplay_name = 'Skip'\n");
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(graded(&plan.findings), ["error skip-page.other-settings", UNCONFIRMED], "{plan}");
    let shown = format!("{plan} {plan:?} {}", serde_json::to_string(&plan).unwrap());
    assert!(!shown.contains("s3cret-canary"), "{shown}");
    let wrote = writes(&harness.tenant);
    let error = plan.apply(&harness.client).await.into_result().unwrap_err();
    assert_eq!(error.kind(), windows_autopilot::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("skip-page.other-settings"), "{error}");
    assert_eq!(writes(&harness.tenant), wrote);
    let options =
        windows_autopilot::workflow::ApplyOptions::default().with_waived("skip-page.other-settings");
    let _ = plan.apply_with(&harness.client, options).await.into_result()?;
    let policy = policy_of(&harness.tenant, "Skip").await;
    let held = send(&harness.tenant, "GET", &format!("{CONFIGURATIONS}/{policy}"), None).await;
    assert_eq!(held["omaSettings"][0]["value"], "s3cret-canary", "waived or not, it is left alone");
    Ok(())
}

#[test]
fn empty_lists_are_errors_that_say_what_they_would_mean() {
    let wish = with("[enrollment_status_page]\nblock_device_use.until.apps.selected = []\n");
    let lint = wish.lint();
    assert_eq!(graded(&lint), ["error settings.empty-list"], "{lint:?}");
    let finding = &lint[0];
    assert!(finding.place.ends_with("apps.selected"), "{finding}");
    assert!(finding.evidence.contains("wait for all required apps"), "{finding}");
    for more in [
        "[assignments.profile]\ngroups = []\n",
        "[assignments.domain_join]\nexcluded_groups = []\n",
        "[domain_join]\nnetwork_access_configurations = []\n",
    ] {
        let error = read_with(more).unwrap_err().to_string();
        assert!(error.contains("would change nothing") && error.contains("leave the list out"), "{error}");
    }
    let lint = with("[assignments.skip_user_status_page]\ngroups = ['x']\n").lint();
    let found: Vec<_> = lint.iter().map(|finding| (&*finding.id, finding.place.as_str())).collect();
    assert_eq!(found, [("settings.assignment-without-object", "assignments.skip_user_status_page")]);
    let mut wish = desired();
    wish.mdm_scope = Some(windows_autopilot::workflow::MdmUserScope::Groups(Vec::new()));
    let lint = wish.lint();
    assert_eq!(graded(&lint), ["error settings.empty-list"], "{lint:?}");
    assert!(lint[0].evidence.contains("nobody's devices enroll"), "{lint:?}");
}

#[test]
fn unknown_locales_and_tags_with_blanks_are_findings() {
    let lint = |from: &str, to: &str| {
        let text = toml::to_string(&desired()).unwrap();
        assert!(text.contains(from), "{text}");
        toml::from_str::<HybridJoin>(&text.replacen(from, to, 1)).unwrap().lint()
    };
    for (locale, remedy) in
        [("en-UK", "write en-GB"), ("jp-JP", "write ja-JP"), ("de-XX", "en-GB"), ("english", "en-GB")]
    {
        let found = lint("de-DE", locale);
        assert_eq!(found[0].id, "profile.unknown-locale", "{found:?}");
        assert_eq!(found[0].place, "profile.locale");
        assert!(found[0].remedy.contains(remedy), "{found:?}");
    }
    for tag in [" Munich", "Munich ", "[OrderID]:Munich"] {
        let lint = lint("group_tag = \"Munich\"", &format!("group_tag = {tag:?}"));
        let found = lint.iter().find(|finding| finding.id.starts_with("group-tag.")).unwrap();
        assert_eq!(found.place, "group.members.group_tag");
    }
}

#[test]
fn deployments_with_one_policy_of_one_name_share_it_only_if_both_wish_the_same() {
    let one = with("[skip_user_status_page]\ndisplay_name = 'Skip'\n");
    let mut second = other("Berlin");
    second.mdm_scope = None;
    second.skip_user_status_page = one.skip_user_status_page.clone();
    assert_eq!(overlaps(&[one.clone(), second.clone()]), []);
    second.role_scope_tag_ids = ["7".into()].into();
    let found = overlaps(&[one, second]);
    assert_eq!(found.iter().map(|finding| &*finding.id).collect::<Vec<_>>(), ["overlap.name"]);
}

#[tokio::test]
async fn page_priority_shows_what_moves() -> Result<()> {
    let harness = harness();
    for name in ["First", "Second"] {
        let page = EnrollmentStatusPage::new(name.parse()?);
        harness.client.enrollment_status_pages().create(&page).await?;
    }
    let mut wish = desired();
    wish.page_priority = std::num::NonZeroU32::new(1);
    let plan = wish.plan(&harness.client, &[]).await?;
    let moved: Vec<String> = plan
        .steps
        .iter()
        .filter(|planned| planned.subject.ends_with("priority"))
        .flat_map(|planned| match &planned.action {
            Action::Update(changes) => changes.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        })
        .collect();
    assert_eq!(
        moved,
        ["page_priority: 3 -> 1", "priority of First: 1 -> 2", "priority of Second: 2 -> 3"],
        "{plan}"
    );
    apply(&harness, &wish).await?;
    Ok(())
}

#[tokio::test]
async fn a_network_configuration_of_another_platform_is_found() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    tenant.add_configuration("Phones", "iosWiFiConfiguration").unwrap();
    let wish = with("[domain_join]\nnetwork_access_configurations = ['Phones']\n");
    let plan = wish.plan(&client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        [UNCONFIRMED, "warning domain-join.network-kind", "warning domain-join.network-not-assigned", WAITS],
        "{plan}"
    );
    let finding = only(&plan.findings, "domain-join.network-kind");
    assert_eq!(finding.evidence, "is of the kind iosWiFiConfiguration");
    Ok(())
}
