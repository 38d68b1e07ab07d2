//! Tenants in which somebody else's assignment decides: the plan finds that before, and a device shows it after.

use std::time::Duration;

use windows_autopilot::clock::Clock as _;
use windows_autopilot::model::{
    AssignmentFilter, AssignmentFilterType, DevicePlatform, DomainJoinProfile, EnrollmentStatusPage,
    EntraJoinProfile, HybridJoinProfile, Target,
};
use windows_autopilot::sim::{Cause, PowerOnOptions};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::resultant::ResultantSet;
use windows_autopilot::workflow::{ApplyOptions, FilterMode, HybridJoin, Plan};
use windows_autopilot::{Client, Result};

use crate::findings::{graded, only};
use crate::support::{DOMAIN, UNCONFIRMED, UNIT, WAITS, add_user, desired, devices, harness};

const HOUR: Duration = Duration::from_secs(3600);
const SERIAL: &str = "PF000000";

/// What a device showed when it was switched on.
#[derive(Debug, PartialEq)]
struct Seen {
    profile: String,
    page: String,
    cause: Option<Cause>,
}

/// Applies a plan although findings stand in its way, switches the device on, and returns what it showed.
async fn switch_on(harness: &Harness, plan: &Plan, user: &str) -> Result<Seen> {
    let Harness { client, tenant, clock, .. } = harness;
    tenant.grant_ou(UNIT);
    let waived = plan.blocking().map(|finding| finding.id.to_string());
    let options = waived.fold(ApplyOptions::default(), |options, id| options.with_waived(id));
    plan.apply_with(client, options).await.into_result().map(drop)?;
    clock.sleep(2 * HOUR).await;
    tenant.power_on_with(PowerOnOptions::new(SERIAL).with_user(user));
    clock.sleep(6 * HOUR).await;
    let events = client.autopilot_events().list().all().await?;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let name = |text: &Option<windows_autopilot::model::Text>| {
        text.as_deref().filter(|text| !text.is_empty()).unwrap_or("none").to_owned()
    };
    Ok(Seen {
        profile: name(&event.windows_autopilot_deployment_profile_display_name),
        page: name(&event.windows10_enrollment_completion_page_configuration_display_name),
        cause: tenant.deployment(SERIAL).and_then(|deployment| deployment.cause),
    })
}

/// Plans with one device, and asserts all findings.
async fn plan(client: &Client, desired: &HybridJoin, expected: &[&str]) -> Result<Plan> {
    let plan = desired.plan(client, &devices(1)).await?;
    assert_eq!(graded(&plan.findings), expected, "{plan}");
    Ok(plan)
}

/// A group with a rule that has the same devices as the deployment's.
async fn another_group(client: &Client) -> Result<Target> {
    use windows_autopilot::model::{Group, Membership, MembershipRule};
    let group = Group::new("All laptops".parse()?)
        .with_membership(Membership::dynamic(MembershipRule::all_autopilot_devices()));
    Ok(Target::group(client.groups().create(&group).await?.id))
}

async fn with_user() -> (Harness, String) {
    let harness = harness();
    let user = add_user(&harness).await;
    (harness, user)
}

#[tokio::test]
async fn an_older_profile_through_another_group_is_found_and_wins() -> Result<()> {
    let (harness, user) = with_user().await;
    let client = &harness.client;
    let older = client.profiles().create(&EntraJoinProfile::new("Entra laptops".parse()?)).await?;
    client.profiles().assignments(&older.id).add(&another_group(client).await?).await?;
    harness.clock.sleep(HOUR).await;
    let plan = plan(client, &desired(), &["error profile.conflict", UNCONFIRMED, WAITS]).await?;
    let evidence = &only(&plan.findings, "profile.conflict").evidence;
    assert!(
        evidence.contains("Entra laptops (Entra join), by group All laptops") && evidence.contains(SERIAL),
        "{plan}"
    );
    assert!(plan.to_string().contains("profile      Entra laptops (Entra join)"), "{plan}");
    let seen = switch_on(&harness, &plan, &user).await?;
    assert_eq!(seen.profile, "Entra laptops");
    Ok(())
}

#[tokio::test]
async fn a_second_domain_join_through_another_group_is_found_and_stops_the_device() -> Result<()> {
    let (harness, user) = with_user().await;
    let client = &harness.client;
    let join = DomainJoinProfile::new("Old join".parse()?, DOMAIN.parse()?, "OLD-".parse()?);
    let join = client.domain_join_profiles().create(&join).await?;
    client
        .domain_join_profiles()
        .assignments(&join.id)
        .replace_at_once(&[another_group(client).await?])
        .await?;
    let plan = plan(client, &desired(), &["error domain-join.overlap", UNCONFIRMED, WAITS]).await?;
    let evidence = &only(&plan.findings, "domain-join.overlap").evidence;
    assert!(evidence.contains("Old join, by group All laptops"), "{plan}");
    let seen = switch_on(&harness, &plan, &user).await?;
    assert_eq!(seen.cause, Some(Cause::SeveralDomainJoins));
    Ok(())
}

#[tokio::test]
async fn a_page_on_all_devices_outranks_a_new_page() -> Result<()> {
    let (harness, user) = with_user().await;
    let client = &harness.client;
    let page: EnrollmentStatusPage = toml::from_str("display_name = 'Everybody'").unwrap();
    let page = client.enrollment_status_pages().create(&page).await?;
    client.enrollment_status_pages().assignments(&page.id).replace_at_once(&[Target::all_devices()]).await?;
    let plan = plan(client, &desired(), &[UNCONFIRMED, "warning page.outranked", WAITS]).await?;
    let evidence = &only(&plan.findings, "page.outranked").evidence;
    assert!(evidence.contains("page Everybody, by all devices, with the priority 1"), "{plan}");
    let seen = switch_on(&harness, &plan, &user).await?;
    assert_eq!(seen.page, "Everybody");
    Ok(())
}

#[tokio::test]
async fn an_exclusion_of_another_group_with_the_same_devices_is_found_and_holds() -> Result<()> {
    let (harness, user) = with_user().await;
    let client = &harness.client;
    desired().plan(client, &[]).await?.apply(client).await.into_result().map(drop)?;
    let Target { kind: windows_autopilot::model::TargetKind::Group(other), .. } =
        another_group(client).await?
    else {
        panic!()
    };
    let joins = client.domain_join_profiles().list().all().await?;
    let join = joins[0].id().unwrap().parse()?;
    client.domain_join_profiles().assignments(&join).add(&Target::excluding(other)).await?;
    let plan = plan(client, &desired(), &["error domain-join.excluded", UNCONFIRMED, WAITS]).await?;
    let seen = switch_on(&harness, &plan, &user).await?;
    assert_eq!(seen.cause, Some(Cause::NoDomainJoin));
    Ok(())
}

#[tokio::test]
async fn a_foreign_domain_join_on_all_devices_that_excludes_the_group_is_no_conflict() -> Result<()> {
    let (harness, user) = with_user().await;
    let client = &harness.client;
    let report = desired().plan(client, &[]).await?.apply(client).await.into_result()?;
    let join = DomainJoinProfile::new("Everybody else".parse()?, DOMAIN.parse()?, "OLD-".parse()?);
    let join = client.domain_join_profiles().create(&join).await?;
    let targets = [Target::all_devices(), Target::excluding(report.group.unwrap())];
    client.domain_join_profiles().assignments(&join.id).replace_at_once(&targets).await?;
    let plan = plan(client, &desired(), &[UNCONFIRMED, WAITS]).await?;
    let seen = switch_on(&harness, &plan, &user).await?;
    assert_eq!((seen.profile.as_str(), seen.cause), ("Contoso hybrid Munich", None));
    Ok(())
}

#[tokio::test]
async fn a_filter_that_narrows_the_deployments_own_assignment_is_kept_and_reported() -> Result<()> {
    let (harness, user) = with_user().await;
    let client = &harness.client;
    let report = desired().plan(client, &[]).await?.apply(client).await.into_result()?;
    let filter = filter(client, r#"(device.manufacturer -eq "Fabrikam")"#).await?;
    let joins = client.domain_join_profiles().list().all().await?;
    let join = joins[0].id().unwrap().parse()?;
    let narrowed = Target::group(report.group.unwrap()).with_filter(filter, AssignmentFilterType::Include);
    client.domain_join_profiles().assignments(&join).replace_at_once(&[narrowed]).await?;
    harness.tenant.add_device_with(
        windows_autopilot::sim::DeviceSpec::new(SERIAL).with_group_tag("Munich").with_manufacturer("Contoso"),
    );
    let plan = plan(
        client,
        &desired(),
        &["error domain-join.filtered", "warning assignment.filtered", UNCONFIRMED, WAITS],
    )
    .await?;
    assert!(!plan.to_string().contains("+ group"), "nothing is added beside it: {plan}");
    let seen = switch_on(&harness, &plan, &user).await?;
    assert_eq!(seen.cause, Some(Cause::NoDomainJoin));

    // Who wants it gone says so.
    let mut wish = desired();
    wish.remove_other_assignments = true;
    wish.plan(client, &[])
        .await?
        .apply_with(client, ApplyOptions::default().with_waived("domain-join.filtered"))
        .await
        .into_result()
        .map(drop)?;
    let plan = wish.plan(client, &[]).await?;
    assert!(plan.is_empty() && plan.blocking().count() == 0, "{plan}");
    Ok(())
}

#[tokio::test]
async fn the_plan_over_no_device_tells_what_a_device_to_come_gets() -> Result<()> {
    let Harness { client, .. } = harness();
    let older = client.profiles().create(&HybridJoinProfile::new("Older".parse()?)).await?;
    client.profiles().assignments(&older.id).add(&another_group(&client).await?).await?;
    let plan = desired().plan(&client, &[]).await?;
    assert_eq!(graded(&plan.findings), ["error profile.conflict", UNCONFIRMED, WAITS], "{plan}");
    assert!(plan.to_string().contains("any device with the group tag Munich"), "{plan}");
    Ok(())
}

async fn filter(client: &Client, rule: &str) -> Result<windows_autopilot::model::Id<AssignmentFilter>> {
    let mut filter = AssignmentFilter::new("new".parse()?);
    filter.display_name = Some("Laptops".into());
    filter.rule = Some(rule.into());
    filter.platform = Some(DevicePlatform::Windows10AndLater);
    Ok(client.assignment_filters().create(&filter).await?.id)
}

#[tokio::test]
async fn more_groups_exclusions_and_filters_are_assigned_and_plan_as_done() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    filter(&client, r#"(device.manufacturer -eq "Contoso")"#).await?;
    for name in ["Pilots", "Kiosks"] {
        tenant.add_group(name);
    }
    let mut wish = desired();
    for part in [
        &mut wish.assignments.profile,
        &mut wish.assignments.enrollment_status_page,
        &mut wish.assignments.domain_join,
    ] {
        *part = toml::from_str(
            "groups = ['Pilots']\nexcluded_groups = ['Kiosks']\nfilter = { name = 'Laptops', mode = 'include' }",
        )
        .unwrap();
    }
    let plan = wish.plan(&client, &[]).await?;
    let text = plan.to_string();
    assert!(
        text.contains("+ group Pilots with filter Laptops") && text.contains("+ all but group Kiosks"),
        "{text}"
    );
    plan.apply(&client).await.into_result().map(drop)?;
    let again = wish.plan(&client, &[]).await?;
    assert!(again.is_empty(), "{again}");
    let profiles = client.profiles().list().all().await?;
    let held = client.profiles().assignments(&profiles[0].any_id().unwrap()).list().all().await?;
    assert_eq!(held.len(), 3);

    // A changed filter is a change, and a name that nobody has is found.
    wish.assignments.profile.filter.as_mut().unwrap().mode = FilterMode::Exclude;
    let plan = wish.plan(&client, &[]).await?;
    assert!(plan.to_string().contains("+ group Pilots without filter Laptops"), "{plan}");
    plan.apply(&client).await.into_result().map(drop)?;
    assert!(wish.plan(&client, &[]).await?.is_empty());
    wish.assignments.profile.groups.push("Nobody".parse()?);
    wish.assignments.profile.excluded_groups.push("Nobody else".parse()?);
    let plan = wish.plan(&client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        [
            "error assignment.name",
            "error assignment.name",
            UNCONFIRMED,
            "warning resultant.filter-not-known",
            "warning resultant.filter-not-known",
            "warning resultant.filter-not-known",
            WAITS
        ],
        "{plan}"
    );
    let later =
        plan.findings.iter().filter(|finding| finding.remedy == "check again when the device is registered");
    assert_eq!(later.count(), 3, "{plan}");
    Ok(())
}

#[tokio::test]
async fn the_resultant_set_of_an_applied_deployment_is_its_own() -> Result<()> {
    let harness = harness();
    let report =
        desired().plan(&harness.client, &devices(2)).await?.apply(&harness.client).await.into_result()?;
    let ids: Vec<_> = report.devices.iter().map(|(id, _)| id.clone()).collect();
    let set = ResultantSet::read(&harness.client, &ids).await?;
    for device in &set.devices {
        for (effective, name) in [
            (&device.profile, "Contoso hybrid Munich"),
            (&device.page, "Autopilot Munich"),
            (&device.domain_join, "Munich"),
        ] {
            assert_eq!(effective.winner().map(|winner| winner.display_name.as_str()), Some(name), "{set}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_page_priority_moves_other_pages_and_decides_which_page_applies() -> Result<()> {
    let (harness, user) = with_user().await;
    let client = &harness.client;
    for name in ["First", "Second"] {
        let page: EnrollmentStatusPage = toml::from_str(&format!("display_name = '{name}'")).unwrap();
        let page = client.enrollment_status_pages().create(&page).await?;
        client
            .enrollment_status_pages()
            .assignments(&page.id)
            .replace_at_once(&[Target::all_devices()])
            .await?;
    }
    let mut wish = desired();
    wish.page_priority = std::num::NonZeroU32::new(1);
    let plan = plan(client, &wish, &[UNCONFIRMED, WAITS]).await?;
    let text = plan.to_string();
    for line in ["page_priority: 3 -> 1", "priority of First: 1 -> 2", "priority of Second: 2 -> 3"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let seen = switch_on(&harness, &plan, &user).await?;
    assert_eq!(seen.page, "Autopilot Munich");
    assert!(wish.plan(client, &[]).await?.is_empty());
    wish.page_priority = std::num::NonZeroU32::new(7);
    let plan = wish.plan(client, &[]).await?;
    assert_eq!(graded(&plan.findings), ["error page.priority", UNCONFIRMED, WAITS], "{plan}");
    Ok(())
}

#[tokio::test]
async fn groups_that_a_scope_for_all_users_drops_are_named() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let existing = tenant.add_group("Existing users").parse()?;
    let policy = client.mdm_policies().intune().await?;
    client
        .mdm_policies()
        .set_scope(&policy, &windows_autopilot::model::MdmScope::Groups([existing].into()))
        .await?;
    let mut wish = desired();
    wish.mdm_scope = Some(windows_autopilot::workflow::MdmUserScope::All);
    let plan = wish.plan(&client, &[]).await?;
    assert!(plan.to_string().contains("- group Existing users"), "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_plan_is_same_changed_blocked_or_not_known() -> Result<()> {
    use windows_autopilot::workflow::PlanStatus;
    let Harness { client, tenant, .. } = harness();
    assert_eq!(desired().plan(&client, &[]).await?.status(), PlanStatus::Changed);
    desired().plan(&client, &[]).await?.apply(&client).await.into_result().map(drop)?;
    assert_eq!(desired().plan(&client, &[]).await?.status(), PlanStatus::Same);
    // Another page is for devices of a version that nobody knows before they enroll.
    let filter = filter(&client, r#"(device.osVersion -startsWith "10.0.26")"#).await?;
    let page = client.enrollment_status_pages().create(&EnrollmentStatusPage::new("Newest".parse()?)).await?;
    let target = Target::all_devices().with_filter(filter, AssignmentFilterType::Include);
    client.enrollment_status_pages().assignments(&page.id).replace_at_once(&[target]).await?;
    client.enrollment_status_pages().set_priority(&page.id, 1).await?;
    let plan = desired().plan(&client, &[]).await?;
    assert_eq!(plan.status(), PlanStatus::NotKnown, "{plan}");
    assert_eq!(graded(&plan.findings), [UNCONFIRMED, "warning resultant.filter-not-known", WAITS], "{plan}");
    assert!(
        plan.unknown_findings().any(|finding| finding
            .evidence
            .ends_with("instead: filter Laptops depends on osversion, which is not known yet")),
        "{plan}"
    );
    tenant.add_group("Autopilot Munich");
    assert_eq!(desired().plan(&client, &[]).await?.status(), PlanStatus::Blocked);
    Ok(())
}

#[test]
fn empty_lists_and_tags_with_blanks_are_said_to_be_what_they_would_mean() {
    let mut wish = desired();
    wish.mdm_scope = Some(windows_autopilot::workflow::MdmUserScope::Groups(Vec::new()));
    wish.enrollment_status_page =
        Some(toml::from_str("display_name = 'x'\n[block_device_use.until]\napps.selected = []").unwrap());
    let found = wish.lint();
    assert_eq!(graded(&found), ["error settings.empty-list", "error settings.empty-list"], "{found:?}");
    assert!(found.iter().all(|finding| finding.evidence.contains("which would mean")), "{found:?}");
}
