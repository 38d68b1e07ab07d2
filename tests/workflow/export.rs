//! A tenant's deployment becomes settings that plan as nothing to change.

use windows_autopilot::Result;
use windows_autopilot::model::{
    DomainJoinProfile, Group, HybridJoinProfile, Id, Membership, MembershipRule, Target,
};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{Export, HybridJoin};

use crate::support::{desired, harness, writes};

/// Exports, and reads the settings back from the text of a file.
async fn exported(harness: &Harness, profile: &Id<HybridJoinProfile>) -> Result<(HybridJoin, Export)> {
    let before = writes(&harness.tenant);
    let export = HybridJoin::export(&harness.client, profile).await?;
    assert_eq!(writes(&harness.tenant), before, "an export only reads");
    let text = toml::to_string(&export.settings).unwrap();
    let settings = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(settings, export.settings, "{text}");
    Ok((settings, export))
}

#[tokio::test]
async fn an_applied_deployment_comes_back_as_its_own_settings() -> Result<()> {
    let harness = harness();
    let mut wish = desired();
    wish.page_priority = Some(std::num::NonZeroU32::MIN);
    let report = wish.plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    let (settings, export) = exported(&harness, report.profile.as_ref().unwrap()).await?;
    assert_eq!(export.not_expressed, []);
    wish.name = settings.name.clone();
    // The service has given the default scope tag.
    wish.profile.as_mut().unwrap().role_scope_tag_ids = ["0".into()].into();
    wish.enrollment_status_page.as_mut().unwrap().role_scope_tag_ids = ["0".into()].into();
    assert_eq!(settings, wish);
    let plan = settings.plan(&harness.client, &[]).await?;
    assert!(plan.is_empty() && plan.blocking().next().is_none(), "{plan}");
    Ok(())
}

#[tokio::test]
async fn drift_of_exported_settings_is_seen() -> Result<()> {
    let harness = harness();
    let report = desired().plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    let id = report.profile.unwrap();
    let (settings, _) = exported(&harness, &id).await?;
    let stored = harness.client.profiles().get::<HybridJoinProfile>(&id).await?;
    let mut other = stored.settings.clone();
    other.eula_hidden = !other.eula_hidden;
    harness.client.profiles().update(&stored, &other).await?;
    assert_eq!(settings.plan(&harness.client, &[]).await?.drift().count(), 1);
    Ok(())
}

/// What one thing in a tenant is called when settings cannot express it.
async fn lost(harness: &Harness, profile: &Id<HybridJoinProfile>, place: &str, says: &str) -> Result<()> {
    let (settings, export) = exported(harness, profile).await?;
    let is_it = |finding: &&windows_autopilot::model::Finding| {
        finding.id == "export.not-expressed" && finding.place == place && finding.evidence.contains(says)
    };
    assert!(export.not_expressed.iter().any(|finding| is_it(&finding)), "{says}: {:?}", export.not_expressed);
    let plan = settings.plan(&harness.client, &[]).await?;
    assert!(plan.is_empty(), "{plan}");
    Ok(())
}

#[tokio::test]
async fn what_settings_cannot_express_is_listed_and_stays_as_it_is() -> Result<()> {
    let world = async || -> Result<(Harness, Id<HybridJoinProfile>, Id<Group>)> {
        let harness = harness();
        let report =
            desired().plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
        Ok((harness, report.profile.unwrap(), report.group.unwrap()))
    };
    let place = "assignments.profile";
    let (harness, profile, _) = world().await?;
    let all = Target::all_devices();
    harness.client.profiles().assignments::<HybridJoinProfile>(&profile).add(&all).await?;
    lost(&harness, &profile, place, "all devices").await?;

    let (harness, profile, _) = world().await?;
    let other = harness.tenant.add_group("Others");
    harness.tenant.assign_by_policy_set(profile.as_str(), &other);
    lost(&harness, &profile, place, "policy set").await?;

    // Two groups of one name.
    let (harness, profile, _) = world().await?;
    let twin = harness.tenant.add_group("Twins").parse()?;
    harness.tenant.add_group("Twins");
    harness.client.profiles().assignments::<HybridJoinProfile>(&profile).add(&Target::group(twin)).await?;
    lost(&harness, &profile, place, "as other groups are").await?;
    let (harness, profile, _) = world().await?;
    harness.tenant.add_group("Autopilot Munich");
    lost(&harness, &profile, "group", "no group that settings can describe").await?;

    // A second domain join profile for the same group.
    let (harness, profile, group) = world().await?;
    let join = DomainJoinProfile::new("Second".parse()?, crate::support::DOMAIN.parse()?, "SEC-".parse()?);
    let join = harness.client.domain_join_profiles().create(&join).await?;
    harness.client.domain_join_profiles().assignments(&join.id).add(&Target::group(group)).await?;
    lost(&harness, &profile, "domain_join", "a deployment has only one").await?;

    // A network that the domain join needs.
    let (harness, profile, _) = world().await?;
    let wifi = harness.tenant.add_configuration("Office", "windowsWifiConfiguration").unwrap();
    let joins = harness.client.domain_join_profiles().list().all().await?;
    let join =
        joins.iter().find(|join| join.display_name() == Some("Munich")).unwrap().id().unwrap().parse()?;
    harness.client.domain_join_profiles().add_network_access_configuration(&join, &wifi.parse()?).await?;
    let (settings, export) = exported(&harness, &profile).await?;
    assert_eq!(settings.domain_join.as_ref().unwrap().network_access_configurations, ["Office".parse()?]);
    assert_eq!(export.not_expressed, []);
    assert!(settings.plan(&harness.client, &[]).await?.is_empty());
    // Another configuration of its name: the name says no more which one is meant.
    harness.tenant.add_configuration("Office", "windowsWifiConfiguration").unwrap();
    let (settings, export) = exported(&harness, &profile).await?;
    assert_eq!(settings.domain_join.as_ref().unwrap().network_access_configurations, []);
    assert_eq!(export.not_expressed.len(), 1, "{:?}", export.not_expressed);
    assert!(settings.plan(&harness.client, &[]).await?.is_empty());

    // A group whose rule is switched off: settings would switch it on.
    let (harness, profile, group) = world().await?;
    let stored = harness.client.groups().get(&group).await?;
    let mut paused = stored.settings.clone();
    if let Membership::Dynamic(dynamic) = &mut paused.membership {
        dynamic.paused = true;
    }
    harness.client.groups().update(&stored, &paused).await?;
    lost(&harness, &profile, "group", "no group that settings can describe").await?;

    // A profile that is assigned to nothing at all.
    let harness = crate::support::harness();
    let profile = harness.client.profiles().create(&HybridJoinProfile::new("Alone".parse()?)).await?;
    lost(&harness, &profile.id, "active_directory.domain", "domain.invalid").await?;
    let unread =
        windows_autopilot::sim::Fault::status(403).on("GET", "/policies/mobileDeviceManagementPolicies");
    harness.tenant.fault(unread);
    let unread =
        windows_autopilot::sim::Fault::status(403).on("GET", "/policies/mobileDeviceManagementPolicies/*");
    harness.tenant.fault(unread);
    lost(&harness, &profile.id, "mdm_scope", "could not be read").await
}

#[tokio::test]
async fn rules_come_back_as_the_selection_that_they_say() -> Result<()> {
    for (rule, said) in [
        (r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Munich"))"#, "group_tag = \"Munich\""),
        (r#"device.devicePhysicalIDs -any _ -startsWith "[ZTDid]""#, "all_autopilot_devices"),
        (r#"(device.devicePhysicalIds -any (_ -eq "[PurchaseOrderId]:7"))"#, "[group.members]\nrule"),
        (
            r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:A")) -or (device.devicePhysicalIds -any (_ -eq "[OrderID]:B"))"#,
            "[group.members]\nrule",
        ),
    ] {
        let harness = harness();
        let rule: MembershipRule = rule.parse()?;
        let group = Group::new("Devices".parse()?).with_membership(Membership::dynamic(rule));
        let group = harness.client.groups().create(&group).await?;
        let profile = harness.client.profiles().create(&HybridJoinProfile::new("Profile".parse()?)).await?;
        harness.client.profiles().assignments(&profile.id).add(&Target::group(group.id)).await?;
        let (settings, _) = exported(&harness, &profile.id).await?;
        let text = toml::to_string(&settings).unwrap();
        assert!(text.contains(said), "{said}: {text}");
        assert!(settings.plan(&harness.client, &[]).await?.is_empty());
    }
    Ok(())
}
