//! What was made is taken down, and nothing else.

use futures_util::StreamExt as _;
use serde_json::json;
use windows_autopilot::ErrorKind;
use windows_autopilot::Result;
use windows_autopilot::model::Target;
use windows_autopilot::sim::PowerOnOptions;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{
    ApplyOptions, CreatedObjects, HybridJoin, Journal, MemoryStore, RemovalAction, Step, Teardown,
    TeardownOptions, TeardownPlan,
};

use crate::findings::{graded, only};
use crate::support::{Deadly, desired, devices, harness, other, send, snapshot, writes};

/// A tenant in which a group of users enrolls already.
async fn in_use() -> Harness {
    let harness = harness();
    crate::support::enroll(&harness.tenant, "Existing users").await;
    harness
}

async fn made(harness: &Harness, desired: &HybridJoin, count: usize) -> Result<CreatedObjects> {
    Ok(desired
        .plan(&harness.client, &devices(count))
        .await?
        .apply(&harness.client)
        .await
        .into_result()?
        .created)
}

#[tokio::test]
async fn a_tenant_is_afterwards_as_it_was_before() -> Result<()> {
    let harness = in_use().await;
    made(&harness, &other("Hamburg"), 0).await?;
    harness.tenant.add_device("OTHER-1");
    let before = snapshot(&harness.tenant).await;
    let made = made(&harness, &desired(), 3).await?;
    assert_ne!(snapshot(&harness.tenant).await, before);

    let text = serde_json::to_string(&made).unwrap();
    let teardown = Teardown::new(serde_json::from_str(&text).unwrap());
    let wrote = writes(&harness.tenant);
    let plan = teardown.plan(&harness.client).await?;
    assert_eq!(writes(&harness.tenant), wrote, "a plan only reads");
    assert!(plan.findings.is_empty(), "{plan}");
    let report = plan.apply(&harness.client).await.into_result()?;
    assert!(!report.stopped && report.manual.len() == 1, "{report:?}");
    assert_eq!(snapshot(&harness.tenant).await, before);
    let again = teardown.plan(&harness.client).await?;
    assert!(again.is_empty(), "{again}");
    assert!(again.steps.iter().all(|planned| planned.action == RemovalAction::Gone), "{again}");
    Ok(())
}

#[tokio::test]
async fn it_goes_in_the_order_that_the_service_demands() -> Result<()> {
    let harness = in_use().await;
    let made = made(&harness, &desired(), 1).await?;
    let plan = Teardown::new(made).plan(&harness.client).await?;
    let order: Vec<(Step, bool)> = plan
        .steps
        .iter()
        .filter(|planned| planned.action.is_change())
        .map(|planned| (planned.step, planned.action == RemovalAction::Delete))
        .collect();
    assert_eq!(
        order,
        [
            (Step::Devices, true),
            (Step::Profile, false),
            (Step::Profile, true),
            (Step::StatusPage, false),
            (Step::StatusPage, true),
            (Step::DomainJoin, false),
            (Step::DomainJoin, true),
            (Step::Group, true),
            (Step::AutomaticEnrollment, false),
        ],
        "{plan}"
    );
    harness.tenant.clear_requests();
    let _ = plan.apply(&harness.client).await.into_result()?;
    let writes: Vec<String> = harness
        .tenant
        .requests()
        .iter()
        .filter(|request| request.method != "GET" && !request.path.ends_with("$batch"))
        .map(|request| {
            let of = request.path.split('/').find(|part| {
                ["Identities", "Settings", "Profiles", "Configurations", "groups", "Policies"]
                    .iter()
                    .any(|end| part.ends_with(end))
            });
            format!("{} {}", request.method, of.unwrap_or_default())
        })
        .collect();
    assert_eq!(
        writes,
        [
            "DELETE windowsAutopilotDeviceIdentities",
            "POST windowsAutopilotSettings",
            "DELETE windowsAutopilotDeploymentProfiles",
            "DELETE windowsAutopilotDeploymentProfiles",
            "DELETE deviceEnrollmentConfigurations",
            "DELETE deviceEnrollmentConfigurations",
            "DELETE deviceConfigurations",
            "DELETE deviceConfigurations",
            "DELETE groups",
            "DELETE mobileDeviceManagementPolicies",
        ]
    );
    Ok(())
}

#[tokio::test]
async fn what_was_there_before_stays_and_only_the_assignment_goes() -> Result<()> {
    let harness = in_use().await;
    let wish = desired();
    let profile = harness.client.profiles().create(wish.profile.as_ref().unwrap()).await?;
    let page = harness.client.enrollment_status_pages().create(wish.enrollment_status_page.as_ref().unwrap());
    let page = page.await?;
    let users = harness.tenant.add_group("Somebody's").parse()?;
    harness
        .client
        .enrollment_status_pages()
        .assignments(&page.id)
        .replace_at_once(&[Target::group(users)])
        .await?;
    let before = snapshot(&harness.tenant).await;
    let made = made(&harness, &wish, 0).await?;
    let plan = Teardown::new(made).plan(&harness.client).await?;
    assert!(plan.findings.is_empty(), "{plan}");
    let _ = plan.apply(&harness.client).await.into_result()?;
    assert_eq!(snapshot(&harness.tenant).await, before);
    assert!(harness.client.profiles().get(&profile.id).await.is_ok());
    Ok(())
}

/// Asserts that these are the findings, all errors, and that they stop the plan.
async fn blocked(plan: &TeardownPlan, harness: &Harness, ids: &[&str]) {
    let errors: Vec<String> = ids.iter().map(|id| format!("error {id}")).collect();
    assert_eq!(graded(&plan.findings), errors, "{plan}");
    let before = writes(&harness.tenant);
    let error = plan.apply(&harness.client).await.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(writes(&harness.tenant), before);
}

#[tokio::test]
async fn what_others_use_is_not_taken_from_them() -> Result<()> {
    let harness = in_use().await;
    let wish = desired();
    let made = made(&harness, &wish, 0).await?;
    let elsewhere = harness.tenant.add_group("Somebody's").parse()?;
    let profiles = harness.client.profiles().list().all().await?;
    let id = profiles[0].id().unwrap().parse::<windows_autopilot::model::Id<_>>()?;
    harness
        .client
        .profiles()
        .assignments::<windows_autopilot::model::HybridJoinProfile>(&id)
        .add(&Target::group(elsewhere))
        .await?;
    let plan = Teardown::new(made).plan(&harness.client).await?;
    blocked(&plan, &harness, &["teardown.assigned-elsewhere", "teardown.group-in-use"]).await;
    Ok(())
}

#[tokio::test]
async fn a_group_is_kept_for_another_profile_of_the_same_name() -> Result<()> {
    let harness = in_use().await;
    let wish = desired();
    let made = made(&harness, &wish, 0).await?;
    let groups = harness.client.groups().list().all().await?;
    let name = &wish.group.as_ref().unwrap().display_name;
    let group = groups.iter().find(|group| group.settings.display_name == *name).unwrap();
    let profiles = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";
    let profile = json!({
        "@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
        "displayName": wish.profile.as_ref().unwrap().display_name,
    });
    let other = send(&harness.tenant, "POST", profiles, Some(profile)).await;
    let path = format!("{profiles}/{}/assignments", other["id"].as_str().unwrap());
    let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group.id});
    send(&harness.tenant, "POST", &path, Some(json!({ "target": target }))).await;
    let plan = Teardown::new(made).plan(&harness.client).await?;
    blocked(&plan, &harness, &["teardown.group-in-use"]).await;
    Ok(())
}

#[tokio::test]
async fn an_enrolled_device_blocks_the_plan_unless_it_may_be_deleted_from_intune() -> Result<()> {
    let harness = in_use().await;
    let user = crate::support::add_user(&harness).await;
    harness.tenant.grant_ou(crate::support::UNIT);
    let made = made(&harness, &desired(), 2).await?;
    let hour = std::time::Duration::from_secs(3600);
    use windows_autopilot::clock::Clock as _;
    harness.clock.sleep(hour).await;
    harness.tenant.power_on_with(PowerOnOptions::new("PF000000").with_user(user));
    harness.clock.sleep(hour * 3).await;
    assert_eq!(harness.client.managed_devices().list().all().await?.len(), 1);

    let teardown = Teardown::new(made);
    let plan = teardown.plan(&harness.client).await?;
    blocked(&plan, &harness, &["teardown.enrolled"]).await;
    let plan = teardown.with_managed_devices_deleted().plan(&harness.client).await?;
    let report = plan.apply(&harness.client).await.into_result()?;
    assert!(report.manual[0].contains("Active Directory"), "{report:?}");
    assert_eq!(harness.tenant.device_count(), 0);
    assert!(harness.client.managed_devices().list().all().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn without_a_record_it_goes_by_names_and_duplicates_stop_it() -> Result<()> {
    let harness = in_use().await;
    let before = snapshot(&harness.tenant).await;
    made(&harness, &desired(), 2).await?;
    let serials = devices(2).iter().map(|device| device.serial_number.to_string()).collect::<Vec<_>>();
    let teardown = Teardown::new(CreatedObjects::from_settings(&desired(), serials));
    let second = harness.tenant.add_group("Autopilot Munich");
    let plan = teardown.plan(&harness.client).await?;
    blocked(&plan, &harness, &["teardown.duplicate"]).await;
    harness.client.groups().delete(&second.parse()?).await?;
    let _ = teardown.plan(&harness.client).await?.apply(&harness.client).await.into_result()?;
    // Whom the settings took into the scope and who was there before cannot be told apart.
    let without_scope = |mut lines: Vec<String>| {
        lines.retain(|line| !line.starts_with("scope"));
        lines
    };
    assert_eq!(without_scope(snapshot(&harness.tenant).await), without_scope(before));
    Ok(())
}

#[tokio::test]
async fn a_teardown_that_was_stopped_goes_on() -> Result<()> {
    use futures_util::StreamExt as _;
    let reference = in_use().await;
    let before = snapshot(&reference.tenant).await;
    for after in 0..12 {
        let harness = in_use().await;
        let teardown = Teardown::new(made(&harness, &desired(), 2).await?);
        let mut run = teardown.plan(&harness.client).await?.apply(&harness.client);
        let mut events = 0;
        while run.next().await.is_some() {
            if events == after {
                run.stop_handle().stop();
            }
            events += 1;
        }
        let stopped = run.await.into_result()?.stopped;
        assert_eq!(stopped, after + 1 < 10, "after event {after} of {events}");
        let _ = teardown.plan(&harness.client).await?.apply(&harness.client).await.into_result()?;
        assert_eq!(snapshot(&harness.tenant).await, before, "stopped after event {after}");
    }
    Ok(())
}

#[tokio::test]
async fn a_plan_is_refused_when_the_tenant_has_moved() -> Result<()> {
    let harness = in_use().await;
    let plan = Teardown::new(made(&harness, &desired(), 1).await?).plan(&harness.client).await?;
    let text = serde_json::to_string(&plan).unwrap();
    let plan: TeardownPlan = serde_json::from_str(&text).unwrap();
    let device = harness.client.devices().list().all().await?.remove(0);
    harness.client.devices().delete(&device.id).await?;
    harness.client.devices().wait_until_gone(&device.id).await?;
    let error = plan.apply(&harness.client).await.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    Ok(())
}

#[tokio::test]
async fn a_teardown_killed_at_any_write_and_resumed_ends_like_an_uninterrupted_one() -> Result<()> {
    let reference = in_use().await;
    let before = snapshot(&reference.tenant).await;
    for arrives in [false, true] {
        let mut kills = 0;
        loop {
            let harness = in_use().await;
            let teardown = Teardown::new(made(&harness, &desired(), 2).await?);
            let deadly = Deadly::new(&harness.tenant, kills, arrives);
            let client = deadly.client(&harness);
            let run = async { teardown.plan(&client).await?.apply(&client).await.into_result() };
            if let Some(ended) = deadly.run(run).await {
                let _ = ended?;
            }
            let report = teardown.plan(&harness.client).await?.apply(&harness.client).await.into_result()?;
            let at = format!("killed at write {kills}, arrives: {arrives}");
            assert!(!report.stopped, "{at}");
            assert_eq!(snapshot(&harness.tenant).await, before, "{at}");
            assert!(teardown.plan(&harness.client).await?.is_empty(), "{at}");
            if deadly.is_alive() {
                break;
            }
            kills += 1;
        }
        assert!(kills >= 10, "a teardown has more writes than {kills}");
    }
    Ok(())
}

#[tokio::test]
async fn a_report_of_a_teardown_that_fails_says_what_was_removed() -> Result<()> {
    let harness = in_use().await;
    let teardown = Teardown::new(made(&harness, &desired(), 1).await?);
    let plan = teardown.plan(&harness.client).await?;
    let groups = windows_autopilot::sim::Fault::status(403).on("DELETE", "/groups/*");
    harness.tenant.fault(groups);
    let report = plan.apply(&harness.client).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Forbidden));
    assert_eq!((report.removed, report.stopped, report.manual.len()), (7, false, 1), "{report:?}");
    harness.tenant.clear_faults();
    let report = teardown.plan(&harness.client).await?.apply(&harness.client).await.into_result()?;
    assert_eq!(report.removed, 2, "{report:?}");
    Ok(())
}

/// Gives an object another name, as somebody in the admin center would.
async fn rename(harness: &Harness, path: &str, name: &str, to: &str) {
    let all = crate::support::all(&harness.tenant, path).await;
    let found = all.iter().find(|object| object["displayName"] == name).unwrap();
    let path = format!("{path}/{}", found["id"].as_str().unwrap());
    let body = json!({ "@odata.type": found["@odata.type"], "displayName": to });
    let body = match found["@odata.type"].is_null() {
        true => json!({ "displayName": to }),
        false => body,
    };
    send(&harness.tenant, "PATCH", &path, Some(body)).await;
}

#[tokio::test]
async fn an_object_whose_name_differs_from_the_journal_is_kept() -> Result<()> {
    // An object that is kept still uses the group.
    let with_group = ["teardown.group-in-use", "teardown.name-differs"];
    for (path, name, expected) in [
        ("/v1.0/groups", "Autopilot Munich", &with_group[1..]),
        ("/beta/deviceManagement/windowsAutopilotDeploymentProfiles", "Contoso hybrid Munich", &with_group),
        ("/beta/deviceManagement/deviceEnrollmentConfigurations", "Autopilot Munich", &with_group),
        ("/beta/deviceManagement/deviceConfigurations", "Munich", &with_group),
    ] {
        let harness = in_use().await;
        let made = made(&harness, &desired(), 0).await?;
        rename(&harness, path, name, "Payroll").await;
        let plan = Teardown::new(made).plan(&harness.client).await?;
        let finding = only(&plan.findings, "teardown.name-differs");
        assert!(finding.place == name && finding.evidence.contains("Payroll"), "{finding}");
        blocked(&plan, &harness, expected).await;
    }
    // As if the journal were another tenant's, or somebody had changed it.
    let harness = in_use().await;
    let text = serde_json::to_string(&made(&harness, &desired(), 1).await?).unwrap();
    let foreign = harness.tenant.add_group("Domain controllers");
    let groups = harness.client.groups().list().all().await?;
    let own = groups.iter().find(|group| group.settings.display_name.as_str() == "Autopilot Munich").unwrap();
    let created: CreatedObjects = serde_json::from_str(&text.replace(own.id.as_str(), &foreign)).unwrap();
    let plan = Teardown::new(created).plan(&harness.client).await?;
    blocked(
        &plan,
        &harness,
        &[
            "teardown.assigned-elsewhere",
            "teardown.assigned-elsewhere",
            "teardown.assigned-elsewhere",
            "teardown.name-differs",
        ],
    )
    .await;
    let device = harness.tenant.add_device("PAYROLL-1");
    let devices = harness.client.devices().list().all().await?;
    let own = devices.iter().find(|device| device.serial_number.as_deref() == Some("PF000000")).unwrap();
    let created: CreatedObjects = serde_json::from_str(&text.replace(own.id.as_str(), &device)).unwrap();
    let plan = Teardown::new(created).plan(&harness.client).await?;
    blocked(&plan, &harness, &["teardown.name-differs"]).await;
    Ok(())
}

/// A journal that ends in flight has the serial number alone, and others may register the device before it goes on.
#[tokio::test]
async fn a_registration_that_may_be_others_is_kept() -> Result<()> {
    let harness = in_use().await;
    harness.tenant.hold_import("PF000000");
    let created = made(&harness, &desired(), 1).await?;
    let theirs = harness.tenant.add_device("PF000000");
    let plan = Teardown::new(created).plan(&harness.client).await?;
    let finding = only(&plan.findings, "teardown.registration-not-confirmed");
    assert!(finding.place == "PF000000" && finding.evidence.contains(&theirs), "{finding}");
    blocked(&plan, &harness, &["teardown.registration-not-confirmed"]).await;
    let waived = plan.apply_with_waived(&harness.client, &["teardown.registration-not-confirmed"]);
    assert!(waived.await.into_result()?.removed > 0);
    assert_eq!(harness.tenant.device_id("PF000000"), Some(theirs));
    Ok(())
}

#[tokio::test]
async fn a_group_that_anything_else_uses_is_kept_and_reported() -> Result<()> {
    type Use = fn(&Harness, &str);
    let uses: [(&str, Use); 8] = [
        ("the group All devices, which contains it", |harness, group| {
            let around = harness.tenant.add_group("All devices");
            harness.tenant.add_member(&around, group);
        }),
        ("1 license of its members", |harness, group| {
            harness.tenant.license_group(group, "05e9a617-0261-4cee-bb44-138d3ef5d965");
        }),
        ("the app Contoso VPN", |harness, group| {
            let app = harness.tenant.add_app("Contoso VPN", "win32LobApp");
            harness.tenant.assign_app(&app, group);
        }),
        ("the compliance policy BitLocker", |harness, group| {
            harness.tenant.add_policy("deviceManagement/deviceCompliancePolicies", "BitLocker", group);
        }),
        ("the settings catalog policy Edge", |harness, group| {
            harness.tenant.add_policy("deviceManagement/configurationPolicies", "Edge", group);
        }),
        ("the administrative template OneDrive", |harness, group| {
            harness.tenant.add_policy("deviceManagement/groupPolicyConfigurations", "OneDrive", group);
        }),
        ("the PowerShell script Time zone", |harness, group| {
            harness.tenant.add_policy("deviceManagement/deviceManagementScripts", "Time zone", group);
        }),
        ("nothing", |_, _| {}),
    ];
    for (user, arrange) in uses {
        let harness = in_use().await;
        let created = made(&harness, &desired(), 0).await?;
        let groups = harness.client.groups().list().all().await?;
        let group =
            groups.iter().find(|group| group.settings.display_name.as_str() == "Autopilot Munich").unwrap();
        arrange(&harness, group.id.as_str());
        // One that is assigned elsewhere is none of our business.
        let other = harness.tenant.add_group("Others");
        harness.tenant.add_policy("deviceManagement/deviceCompliancePolicies", "Other", &other);
        let plan = Teardown::new(created).plan(&harness.client).await?;
        if user == "nothing" {
            assert!(plan.findings.is_empty(), "{plan}");
            continue;
        }
        let finding = only(&plan.findings, "teardown.group-in-use");
        assert!(finding.evidence.contains(user), "{finding}");
        blocked(&plan, &harness, &["teardown.group-in-use"]).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_group_is_kept_for_a_configuration_of_another_kind_and_for_the_mdm_scope() -> Result<()> {
    let harness = in_use().await;
    let created = made(&harness, &desired(), 0).await?;
    let groups = harness.client.groups().list().all().await?;
    let group =
        groups.iter().find(|group| group.settings.display_name.as_str() == "Autopilot Munich").unwrap();
    let wifi = harness.tenant.add_configuration("Office", "windowsWifiConfiguration").unwrap();
    harness
        .client
        .domain_join_profiles()
        .assignments(&wifi.parse()?)
        .add(&Target::group(group.id.clone()))
        .await?;
    let policy = harness.client.mdm_policies().intune().await?;
    harness.client.mdm_policies().add_group(&policy.id, &group.id).await?;
    let plan = Teardown::new(created).plan(&harness.client).await?;
    let finding = only(&plan.findings, "teardown.group-in-use");
    for user in ["windowsWifiConfiguration Office", "the MDM user scope"] {
        assert!(finding.evidence.contains(user), "{finding}");
    }
    blocked(&plan, &harness, &["teardown.group-in-use", "teardown.scope-changed"]).await;
    Ok(())
}

#[tokio::test]
async fn a_use_that_cannot_be_read_is_not_known_and_stops_it_unless_waived() -> Result<()> {
    let harness = in_use().await;
    let created = made(&harness, &desired(), 0).await?;
    let apps = windows_autopilot::sim::Fault::status(403).on("GET", "/deviceAppManagement/mobileApps");
    harness.tenant.fault(apps);
    let plan = Teardown::new(created).plan(&harness.client).await?;
    blocked(&plan, &harness, &["teardown.group-use-not-known"]).await;
    let run = plan.apply_with_waived(&harness.client, &["teardown.group-use-not-known"]);
    let _ = run.await.into_result()?;
    assert!(
        Teardown::new(CreatedObjects::from_settings(&desired(), [])).plan(&harness.client).await?.is_empty()
    );
    Ok(())
}

#[tokio::test]
async fn groups_around_and_licenses_that_cannot_be_read_are_not_known() -> Result<()> {
    for (path, says) in
        [("/groups/*/memberOf", "contain the group"), ("/groups/*", "the licenses of the group")]
    {
        let harness = harness();
        let created = made(&harness, &desired(), 0).await?;
        let fault = windows_autopilot::sim::Fault::status(403).on("GET", path);
        // The group itself is read first.
        harness.tenant.fault(if path.ends_with('*') { fault.after(1) } else { fault });
        let plan = Teardown::new(created).plan(&harness.client).await?;
        let finding = only(&plan.findings, "teardown.group-use-not-known");
        assert!(finding.evidence.contains(says), "{finding}");
        assert_eq!(graded(&plan.findings), ["error teardown.group-use-not-known"], "{plan}");
    }
    Ok(())
}

#[tokio::test]
async fn objects_answered_without_their_assignments_may_use_the_group() -> Result<()> {
    for (path, says) in [
        ("/deviceAppManagement/mobileApps", "assignments of the app Contoso (not in the response)"),
        (
            "/deviceManagement/deviceManagementScripts",
            "assignments of the PowerShell script Contoso (not in the response)",
        ),
    ] {
        let harness = in_use().await;
        let created = made(&harness, &desired(), 0).await?;
        let answer = r#"{"value":[{"id":"7","displayName":"Contoso"}]}"#;
        harness.tenant.fault(windows_autopilot::sim::Fault::body(answer).on("GET", path));
        let plan = Teardown::new(created).plan(&harness.client).await?;
        let finding = only(&plan.findings, "teardown.group-use-not-known");
        assert!(finding.evidence.contains(says), "{finding}");
        blocked(&plan, &harness, &["teardown.group-use-not-known"]).await;
    }
    Ok(())
}

/// A deployment that was applied with a journal.
async fn journaled(harness: &Harness, count: usize) -> Result<MemoryStore> {
    let [made, import] = [MemoryStore::default(), MemoryStore::default()];
    let options =
        ApplyOptions::default().with_journals(Journal::from_store(made.clone()), Journal::from_store(import));
    let plan = desired().plan(&harness.client, &devices(count)).await?;
    let _ = plan.apply_with(&harness.client, options).await.into_result()?;
    Ok(made)
}

#[tokio::test]
async fn a_teardown_holds_the_journal_and_records_each_removal() -> Result<()> {
    let harness = in_use().await;
    let before = snapshot(&harness.tenant).await;
    let store = journaled(&harness, 2).await?;
    let journal = || Journal::from_store(store.clone());
    let options = || TeardownOptions::default().with_journal(journal());
    let created = CreatedObjects::from_journal(journal())?;
    let plan = Teardown::new(created.clone()).plan(&harness.client).await?;

    // The journal of another deployment, or none, is refused before the first write.
    let wrote = writes(&harness.tenant);
    let other = MemoryStore::default();
    let none = TeardownOptions::default().with_journal(Journal::from_store(other.clone()));
    let report = plan.apply_with(&harness.client, none).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Journal));
    let [made, import] = [other.clone(), MemoryStore::default()].map(Journal::from_store);
    let hamburg = crate::support::other("Hamburg").plan(&harness.client, &[]).await?;
    let _ = hamburg
        .apply_with(&harness.client, ApplyOptions::default().with_journals(made, import))
        .await
        .into_result()?;
    let after = writes(&harness.tenant);
    let foreign = TeardownOptions::default().with_journal(Journal::from_store(other.clone()));
    let report = plan.apply_with(&harness.client, foreign).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Journal), "{report:?}");
    assert!(wrote.len() < after.len() && writes(&harness.tenant) == after);

    // Nobody else works with the journal meanwhile.
    let mut run = plan.apply_with(&harness.client, options());
    assert!(run.next().await.is_some());
    let error = CreatedObjects::from_journal(journal()).unwrap_err();
    assert!(error.to_string().contains("in use by another run"), "{error}");
    let second = plan.apply_with(&harness.client, options()).await;
    assert_eq!(second.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Journal));
    let _ = run.await.into_result()?;
    assert!(CreatedObjects::from_journal(journal())?.is_empty(), "{}", store.text());
    let hamburg = Teardown::new(CreatedObjects::from_journal(Journal::from_store(other))?);
    let _ = hamburg.plan(&harness.client).await?.apply(&harness.client).await.into_result()?;
    assert_eq!(snapshot(&harness.tenant).await, before);
    Ok(())
}

#[tokio::test]
async fn a_teardown_with_its_journal_killed_at_any_write_leaves_only_what_is_left_on_record() -> Result<()> {
    let reference = in_use().await;
    let before = snapshot(&reference.tenant).await;
    for arrives in [false, true] {
        let mut kills = 0;
        loop {
            let harness = in_use().await;
            let store = journaled(&harness, 2).await?;
            let journal = || Journal::from_store(store.clone());
            let run = async |client: &windows_autopilot::Client| {
                let teardown = Teardown::new(CreatedObjects::from_journal(journal())?);
                let options = TeardownOptions::default().with_journal(journal());
                teardown.plan(client).await?.apply_with(client, options).await.into_result()
            };
            let deadly = Deadly::new(&harness.tenant, kills, arrives);
            let client = deadly.client(&harness);
            if let Some(ended) = deadly.run(run(&client)).await {
                let _ = ended?;
            }
            let at = format!("killed at write {kills}, arrives: {arrives}");
            let left = CreatedObjects::from_journal(journal())?;
            assert_eq!(left.is_empty(), deadly.is_alive(), "{at}");
            let _ = run(&harness.client).await?;
            assert_eq!(snapshot(&harness.tenant).await, before, "{at}");
            assert!(CreatedObjects::from_journal(journal())?.is_empty(), "{at}: {}", store.text());
            if deadly.is_alive() {
                break;
            }
            kills += 1;
        }
        assert!(kills >= 10, "a teardown has more writes than {kills}");
    }
    Ok(())
}

#[tokio::test]
async fn a_journal_that_is_not_there_is_an_error_and_not_nothing_to_remove() {
    let path = std::env::temp_dir().join(format!("no-journal-{}", std::process::id()));
    let error = CreatedObjects::from_journal(windows_autopilot::workflow::Journal::at(&path)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal);
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert!(!path.exists());
}
