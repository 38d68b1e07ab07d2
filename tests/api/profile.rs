//! Deployment profiles.

use serde_json::{Value, json};
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{
    AssignmentSource, DeploymentMode, DeploymentProfile, EntraJoinProfile, HybridJoinProfile, Id, Locale,
    Target, UserType,
};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, MINUTE, Tap, id, is_stored, refused, sent, shown, targets};

const PATH: &str = "/deviceManagement/windowsAutopilotDeploymentProfiles";

fn hybrid(name: &str) -> Result<HybridJoinProfile> {
    Ok(HybridJoinProfile::new(name.parse()?))
}

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let profiles = client.profiles();

    // Created as wished, under the present names.
    let wish = hybrid("Contoso hybrid")?
        .with_description("Laptops".parse()?)
        .with_locale(Locale::language("de-DE")?)
        .with_hardware_hash_extraction_enabled(true)
        .with_skip_connectivity_check(true)
        .with_keyboard_selection_page_skipped(true)
        .with_user_type(UserType::Administrator);
    let stored = profiles.create(&wish).await?;
    is_stored(&stored, &wish);
    let wire = shown(&client, ApiVersion::Beta, &format!("{PATH}/{}", stored.id)).await?;
    for (property, value) in [
        ("@odata.type", json!("#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile")),
        ("displayName", json!("Contoso hybrid")),
        ("description", json!("Laptops")),
        ("locale", json!("de-DE")),
        ("hardwareHashExtractionEnabled", json!(true)),
        ("preprovisioningAllowed", json!(false)),
        ("hybridAzureADJoinSkipConnectivityCheck", json!(true)),
        ("deviceNameTemplate", json!("")),
        (
            "outOfBoxExperienceSetting",
            json!({"privacySettingsHidden": true, "eulaHidden": true, "keyboardSelectionPageSkipped": true,
                "escapeLinkHidden": true, "userType": "administrator", "deviceUsageType": "singleUser"}),
        ),
    ] {
        assert_eq!(wire[property], value, "{property}");
    }

    // Both kinds in one list.
    let entra = profiles.create(&EntraJoinProfile::new("Contoso Entra".parse()?)).await?;
    let listed = profiles.list().all().await?;
    assert!(matches!(&listed[..], [DeploymentProfile::Hybrid(_), DeploymentProfile::Entra(_)]));
    assert_eq!(profiles.count().await?, 2);

    // Changed, and nothing but what differs.
    clock.advance(MINUTE);
    let wish = wish.with_locale(Locale::OsDefault);
    let changed = profiles.update(&stored, &wish).await?;
    is_stored(&changed, &wish);
    assert!(changed.last_modified_date_time > stored.last_modified_date_time);
    assert_eq!(profiles.get(&stored.id).await?, changed);

    // Assigned to a group, to another instead, and to devices.
    let (one, two) = (tenant.add_group("One"), tenant.add_group("Two"));
    let assignment = profiles.assignments(&stored.id).add(&Target::group(id(&one))).await?;
    assert_eq!(assignment.source, Some(AssignmentSource::Direct));
    assert_eq!(profiles.assignments(&stored.id).get(&assignment.id).await?, assignment);
    profiles.assignments(&stored.id).update(&assignment.id, &Target::group(id(&two))).await?;
    assert_eq!(targets(profiles.assignments(&stored.id).list()).await?, [Target::group(id(&two))]);
    let device = id(tenant.add_device("SN-1"));
    tenant.add_device("SN-2");
    profiles.assign_devices(&stored.id, std::slice::from_ref(&device)).await?;
    clock.advance(10 * MINUTE);
    let devices = profiles.assigned_devices(&stored.id).all().await?;
    assert_eq!(devices.iter().map(|device| &device.id).collect::<Vec<_>>(), [&device]);

    // Linked to, until it is unassigned.
    let linked = async || -> Result<Vec<Option<bool>>> {
        let links = profiles.has_payload_links(&[stored.id.clone(), entra.id.cast()]).await?;
        assert_eq!(links[0].payload_id.as_deref(), Some(stored.id.as_str()));
        Ok(links.into_iter().map(|link| link.has_link).collect())
    };
    assert_eq!(linked().await?, [Some(true), Some(false)]);
    for assignment in profiles.assignments(&stored.id).list().all().await? {
        profiles.assignments(&stored.id).remove(&assignment.id).await?;
    }
    assert_eq!(linked().await?, [Some(false), Some(false)]);

    // Gone, and the other kind stays.
    profiles.delete(&stored.id).await?;
    refused(profiles.get(&stored.id).await, ErrorKind::NotFound);
    assert_eq!(profiles.get(&entra.id).await?, entra);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn a_profile_is_assigned_by_one_post_for_each_target() -> Result<()> {
    let tap = Tap::new();
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_client(|client| client.with_per_attempt_middleware(tap.clone()))
        .build();
    let profile = client.profiles().create(&hybrid("Hybrid")?).await?;
    let (one, two) = (tenant.add_group("One"), tenant.add_group("Two"));
    tenant.clear_requests();
    let wish = [Target::group(id(&one)), Target::excluding(id(&two))];
    let change = client.profiles().assignments(&profile.id).replace(&wish).await?;
    assert_eq!((&change.added[..], &change.removed[..], &change.kept[..]), (&wish[..], &[][..], &[][..]));
    assert_eq!(sent(&tenant), ["GET assignments", "POST assignments", "POST assignments"]);
    let bodies = tap.sent();
    let group = |kind: &str, id: &str| json!({"target": {"@odata.type": format!("#microsoft.graph.{kind}"), "groupId": id}});
    assert_eq!(
        bodies[1..],
        [group("groupAssignmentTarget", &one), group("exclusionGroupAssignmentTarget", &two)]
    );
    assert_eq!(targets(client.profiles().assignments(&profile.id).list()).await?, wish);
    Ok(())
}

#[tokio::test]
async fn set_assignments_adds_before_it_removes_and_leaves_a_policy_sets_alone() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let profiles = client.profiles();
    let profile = profiles.create(&hybrid("Hybrid")?).await?;
    let group = |name: &str| Target::group(id(tenant.add_group(name)));
    let (old, kept, new) = (group("Old"), group("Kept"), group("New"));
    let by_set = tenant.add_group("By a policy set");
    tenant.assign_by_policy_set(profile.id.as_str(), &by_set);
    profiles.assignments(&profile.id).replace(&[old.clone(), kept.clone()]).await?;
    tenant.clear_requests();

    let wish = [kept.clone(), new.clone()];
    let change = profiles.assignments(&profile.id).replace(&wish).await?;
    assert_eq!(
        (change.added, change.removed, change.kept),
        (vec![new.clone()], vec![old], vec![kept.clone()])
    );
    assert_eq!(sent(&tenant), ["GET assignments", "POST assignments", "DELETE assignments"]);
    let after = [Target::group(id(&by_set)), kept, new];
    assert_eq!(targets(profiles.assignments(&profile.id).list()).await?, after);

    // A second time there is nothing to do.
    tenant.clear_requests();
    let change = profiles.assignments(&profile.id).replace(&wish).await?;
    assert_eq!((change.added.len(), change.removed.len(), change.kept.len()), (0, 0, 2));
    assert_eq!(sent(&tenant), ["GET assignments"]);
    Ok(())
}

#[tokio::test]
async fn at_no_moment_of_a_change_of_assignments_is_a_device_without_a_profile() -> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let profiles = client.profiles();
    let profile = profiles.create(&hybrid("Hybrid")?).await?;
    let device = tenant.add_device("SN-1");
    let (one, two) = (tenant.add_group("One"), tenant.add_group("Two"));
    tenant.add_member(&one, &device);
    tenant.add_member(&two, &device);
    profiles.assignments(&profile.id).replace(&[Target::group(id(&one))]).await?;
    clock.advance(10 * MINUTE);
    let assigned = client.devices().get(&id(&device)).await?.deployment_profile_assigned_date_time;
    assert!(assigned.is_some());
    profiles.assignments(&profile.id).replace(&[Target::group(id(&two))]).await?;
    let after = client.devices().get(&id(&device)).await?.deployment_profile_assigned_date_time;
    assert_eq!(after, assigned, "it was reassigned, so it was without one");
    Ok(())
}

#[tokio::test]
async fn one_profile_is_for_all_devices_and_a_second_is_refused_in_words() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let profiles = client.profiles();
    let one = profiles.create(&hybrid("One")?).await?;
    let two = profiles.create(&EntraJoinProfile::new("Two".parse()?)).await?;
    profiles.assignments(&one.id).add(&Target::all_devices()).await?;
    let error = refused(profiles.assignments(&two.id).add(&Target::all_devices()).await, ErrorKind::Rejected);
    // Intune's message is JSON in the text of Graph's: it is opened.
    let message = error.service().unwrap().message();
    assert_eq!(message, format!("Another Profile {} is already assigned to All Devices.", one.id));
    assert!(error.to_string().contains(message), "{error}");
    assert_eq!(targets(profiles.assignments(&two.id).list()).await?, []);
    // Refused is not tried again.
    assert_eq!(sent(&tenant).iter().filter(|request| *request == "POST assignments").count(), 2);
    Ok(())
}

#[tokio::test]
async fn an_assigned_profile_is_not_deleted_and_with_its_assignments_it_is() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let profiles = client.profiles();
    let profile = profiles.create(&hybrid("Hybrid")?).await?;
    let gone = tenant.add_group("Gone");
    for target in [Target::all_devices(), Target::group(id(&gone))] {
        profiles.assignments(&profile.id).add(&target).await?;
    }
    let error = refused(profiles.delete(&profile.id).await, ErrorKind::Rejected);
    assert!(error.to_string().contains("assigned"), "{error}");
    // An assignment outlives its group, and holds the profile.
    client.groups().delete(&id(&gone)).await?;
    refused(profiles.delete(&profile.id).await, ErrorKind::Rejected);
    tenant.clear_requests();
    profiles.delete_with_assignments(&profile.id).await?;
    let expected = [
        "GET assignments",
        "DELETE assignments",
        "DELETE assignments",
        "DELETE windowsAutopilotDeploymentProfiles",
    ];
    assert_eq!(sent(&tenant), expected);
    refused(profiles.get(&profile.id).await, ErrorKind::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_policy_sets_assignment_is_left_and_so_is_the_profile() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let profiles = client.profiles();
    let profile = profiles.create(&hybrid("Hybrid")?).await?;
    let group = tenant.add_group("By a policy set");
    let by_set = tenant.assign_by_policy_set(profile.id.as_str(), &group);
    profiles.assignments(&profile.id).add(&Target::all_devices()).await?;
    refused(profiles.delete_with_assignments(&profile.id).await, ErrorKind::Rejected);
    let left = profiles.assignments(&profile.id).list().all().await?;
    assert_eq!(left.iter().map(|left| left.id.as_str()).collect::<Vec<_>>(), [by_set.as_str()]);
    assert!(!left[0].is_direct());
    assert_eq!(profiles.get(&profile.id).await?.id, profile.id);
    Ok(())
}

#[tokio::test]
async fn both_dialects_are_read_and_the_present_one_is_written() -> Result<()> {
    const NAMES: [(&str, &str); 4] = [
        ("locale", "language"),
        ("hardwareHashExtractionEnabled", "extractHardwareHash"),
        ("preprovisioningAllowed", "enableWhiteGlove"),
        ("outOfBoxExperienceSetting", "outOfBoxExperienceSettings"),
    ];
    // The simulator answers in both; each of these takes one away.
    let both: fn(&mut Value) = |_| {};
    let present: fn(&mut Value) =
        |body| NAMES.iter().for_each(|(_, old)| drop(body.as_object_mut().unwrap().remove(*old)));
    let old: fn(&mut Value) =
        |body| NAMES.iter().for_each(|(new, _)| drop(body.as_object_mut().unwrap().remove(*new)));
    let wish = hybrid("Hybrid")?
        .with_locale(Locale::language("fr-FR")?)
        .with_hardware_hash_extraction_enabled(true)
        .with_preprovisioning_allowed(true)
        .with_privacy_settings_hidden(false)
        .with_keyboard_selection_page_skipped(true)
        .with_user_type(UserType::Administrator);
    for dialect in [both, present, old] {
        let tap = Tap::changing(dialect);
        let Harness { client, .. } = Harness::builder()
            .as_app()
            .with_client(|client| client.with_per_attempt_middleware(tap.clone()))
            .build();
        let created = client.profiles().create(&wish).await?;
        is_stored(&created, &wish);
        let read = client.profiles().get(&created.id).await?;
        assert_eq!((&read.settings.locale, read.settings.privacy_settings_hidden), (&wish.locale, false));
        is_stored(&read, &wish);
        let next = wish.clone().with_eula_hidden(false).with_preprovisioning_allowed(false);
        is_stored(&client.profiles().update(&read, &next).await?, &next);
        for body in tap.sent() {
            let old_names: Vec<_> = NAMES.iter().filter(|(_, old)| body.get(*old).is_some()).collect();
            assert!(old_names.is_empty(), "{old_names:?} in {body}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_update_sends_what_differs_and_nothing_where_nothing_does() -> Result<()> {
    let tap = Tap::new();
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_client(|client| client.with_per_attempt_middleware(tap.clone()))
        .build();
    let wish = hybrid("Hybrid")?;
    let stored = client.profiles().create(&wish).await?;
    tenant.clear_requests();
    let update = client.profiles().update(&stored, &wish);
    assert!(update.patch().is_empty());
    assert_eq!(update.await?, stored);
    // The user selects the language: the service gives that back as its default, which is no drift.
    let update = client.profiles().update(&stored, &wish.clone().with_locale(Locale::UserSelect));
    assert!(update.patch().is_empty(), "{}", update.patch());
    assert_eq!(sent(&tenant), [""; 0]);
    let next = wish.with_description("Laptops".parse()?);
    client.profiles().update(&stored, &next).await?;
    let kind = "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile";
    assert_eq!(tap.last(), json!({"@odata.type": kind, "description": "Laptops"}));
    Ok(())
}

#[tokio::test]
async fn quirks_of_reading_are_no_drift() -> Result<()> {
    let Harness { client, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.os_default_reads_as_null = true))
        .build();
    let wish = hybrid("Hybrid")?;
    let stored = client.profiles().create(&wish).await?;
    let path = format!("{PATH}/{}", stored.id);
    assert_eq!(shown(&client, ApiVersion::Beta, &path).await?["locale"], Value::Null);
    is_stored(&stored, &wish);
    // A self-deploying profile has no user type, neither sent nor answered.
    let kiosk = EntraJoinProfile::new("Kiosk".parse()?)
        .with_deployment_mode(DeploymentMode::SelfDeploying)
        .with_device_name_template("KIOSK-%RAND:4%".parse()?);
    let stored = client.profiles().create(&kiosk).await?;
    is_stored(&stored, &kiosk);
    assert_eq!(stored.settings.deployment_mode, DeploymentMode::SelfDeploying);
    let path = format!("{PATH}/{}", stored.id);
    assert!(
        shown(&client, ApiVersion::Beta, &path).await?["outOfBoxExperienceSetting"].get("userType").is_none()
    );
    Ok(())
}

#[tokio::test]
async fn a_change_that_may_be_ignored_is_marked_and_what_comes_back_tells() -> Result<()> {
    for honored in [true, false] {
        let Harness { client, .. } = Harness::builder()
            .as_app()
            .with_tenant(|tenant| {
                tenant.with_quirks(|quirks| quirks.patch_honors_connectivity_check = honored)
            })
            .build();
        let wish = hybrid("Hybrid")?;
        let stored = client.profiles().create(&wish).await?;
        let update = client.profiles().update(&stored, &wish.with_skip_connectivity_check(true));
        let change = &update.patch().changes()[0];
        assert_eq!(
            (change.property.as_str(), change.read_back),
            ("hybridAzureADJoinSkipConnectivityCheck", true)
        );
        assert_eq!(update.await?.settings.skip_connectivity_check, honored);
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_the_service_refuses_without_a_word_is_found_before() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    let wish = hybrid("Contoso-hybrid")?;
    assert_eq!(wish.lint()[0].id, "profile.hyphen");
    refused(client.profiles().create(&wish).await, ErrorKind::Rejected);
    assert_eq!(client.profiles().count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_profile_of_the_other_kind_is_not_taken_for_one_of_this() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    let entra = client.profiles().create(&EntraJoinProfile::new("Entra".parse()?)).await?;
    let as_hybrid: Id<HybridJoinProfile> = entra.id.cast();
    let error = refused(client.profiles().get(&as_hybrid).await, ErrorKind::Decode);
    assert!(error.to_string().contains("azureADWindowsAutopilotDeploymentProfile"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_kind_of_profile_or_target_that_is_not_known_spoils_no_list() -> Result<()> {
    let tap = Tap::changing(|body| {
        for item in body.get_mut("value").and_then(Value::as_array_mut).into_iter().flatten() {
            if item["displayName"] == "Two" {
                item["@odata.type"] = json!("#microsoft.graph.newAutopilotProfile");
            }
            if let Some(target) = item.get_mut("target").filter(|target| target.get("groupId").is_none()) {
                target["@odata.type"] = json!("#microsoft.graph.newTarget");
            }
        }
    });
    let Harness { client, tenant, .. } =
        Harness::builder().as_app().with_client(|client| client.with_per_attempt_middleware(tap)).build();
    let mut stored = Vec::new();
    for name in ["One", "Two", "Three"] {
        stored.push(client.profiles().create(&hybrid(name)?).await?);
    }
    let listed = client.profiles().list().all().await?;
    let names: Vec<_> = listed.iter().filter_map(DeploymentProfile::display_name).collect();
    assert_eq!(names, ["One", "Two", "Three"]);
    assert_eq!(listed[1].odata_type(), Some("#microsoft.graph.newAutopilotProfile"));
    assert!(matches!(listed[1], DeploymentProfile::Unknown(_)));

    // Targets are compared as a whole, so an unknown one is replaced only where it is not wished.
    let profile = &stored[0].id;
    let group = Target::group(id(tenant.add_group("Devices")));
    for target in [Target::all_devices(), group.clone()] {
        client.profiles().assignments(profile).add(&target).await?;
    }
    let found = targets(client.profiles().assignments(profile).list()).await?;
    assert_eq!(found.len(), 2);
    assert_eq!(serde_json::to_value(&found[0]).unwrap()["@odata.type"], "#microsoft.graph.newTarget");
    let change = client.profiles().assignments(profile).replace(&found).await?;
    assert_eq!((change.added.len(), change.removed.len(), change.kept.len()), (0, 0, 2));
    Ok(())
}
