//! What was made is taken down, and nothing else.

use serde_json::json;
use windows_autopilot::ErrorKind;
use windows_autopilot::Result;
use windows_autopilot::model::Target;
use windows_autopilot::sim::PowerOnOptions;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{CreatedObjects, HybridJoin, RemovalAction, Step, Teardown, TeardownPlan};

use crate::support::{desired, devices, harness, other, send, snapshot, writes};

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
    let harness = harness();
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
    let harness = harness();
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
    plan.apply(&harness.client).await.into_result()?;
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
    let harness = harness();
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
    plan.apply(&harness.client).await.into_result()?;
    assert_eq!(snapshot(&harness.tenant).await, before);
    assert!(harness.client.profiles().get(&profile.id).await.is_ok());
    Ok(())
}

async fn blocked(plan: &TeardownPlan, harness: &Harness, id: &str) {
    let found: Vec<&str> = plan.blocking().map(|finding| &*finding.id).collect();
    assert!(found.contains(&id), "{plan}");
    let before = writes(&harness.tenant);
    let error = plan.apply(&harness.client).await.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(writes(&harness.tenant), before);
}

#[tokio::test]
async fn what_others_use_is_not_taken_from_them() -> Result<()> {
    let harness = harness();
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
    blocked(&plan, &harness, "teardown.assigned-elsewhere").await;
    blocked(&plan, &harness, "teardown.group-in-use").await;
    Ok(())
}

#[tokio::test]
async fn a_group_is_kept_for_another_profile_of_the_same_name() -> Result<()> {
    let harness = harness();
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
    blocked(&plan, &harness, "teardown.group-in-use").await;
    Ok(())
}

#[tokio::test]
async fn an_enrolled_device_stops_it_unless_intune_may_lose_it_too() -> Result<()> {
    let harness = harness();
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
    blocked(&plan, &harness, "teardown.enrolled").await;
    let plan = teardown.with_managed_devices_deleted().plan(&harness.client).await?;
    let report = plan.apply(&harness.client).await.into_result()?;
    assert!(report.manual[0].contains("Active Directory"), "{report:?}");
    assert_eq!(harness.tenant.device_count(), 0);
    assert!(harness.client.managed_devices().list().all().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn without_a_record_it_goes_by_names_and_duplicates_stop_it() -> Result<()> {
    let harness = harness();
    let before = snapshot(&harness.tenant).await;
    made(&harness, &desired(), 2).await?;
    let serials = devices(2).iter().map(|device| device.serial_number.to_string()).collect::<Vec<_>>();
    let teardown = Teardown::new(CreatedObjects::from_settings(&desired(), serials));
    let second = harness.tenant.add_group("Autopilot Munich");
    let plan = teardown.plan(&harness.client).await?;
    blocked(&plan, &harness, "teardown.duplicate").await;
    harness.client.groups().delete(&second.parse()?).await?;
    teardown.plan(&harness.client).await?.apply(&harness.client).await.into_result()?;
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
    let reference = harness();
    let before = snapshot(&reference.tenant).await;
    for after in 0..12 {
        let harness = harness();
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
        teardown.plan(&harness.client).await?.apply(&harness.client).await.into_result()?;
        assert_eq!(snapshot(&harness.tenant).await, before, "stopped after event {after}");
    }
    Ok(())
}

#[tokio::test]
async fn a_plan_is_refused_when_the_tenant_has_moved() -> Result<()> {
    let harness = harness();
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
