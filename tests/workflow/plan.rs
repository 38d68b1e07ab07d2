//! What a plan finds, and that applying it leads there.

use bytes::Bytes;
use serde_json::Value;
use windows_autopilot::model::{DeploymentProfile, DisplayName, Patch};
use windows_autopilot::pipeline::{Middleware, Next};
use windows_autopilot::sim::{DeviceSpec, Fault, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{Action, ApplyOptions, Plan};
use windows_autopilot::{ErrorKind, Result};

use crate::findings::graded;
use crate::support::{DOMAIN, UNCONFIRMED, WAITS, desired, devices, harness, writes};

#[tokio::test]
async fn planning_only_reads_and_a_second_run_changes_nothing() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let (desired, devices) = (desired(), devices(3));
    let plan = desired.plan(&client, &devices).await?;
    assert!(writes(&tenant).is_empty(), "a plan only reads");
    let created = plan.steps.iter().filter(|planned| matches!(planned.action, Action::Create(_))).count();
    assert_eq!(created, 4, "{plan}");
    assert!(plan.blocking().next().is_none(), "{plan}");

    let report = plan.apply(&client).await.into_result()?;
    assert_eq!(report.import.as_ref().map(|import| import.counts.registered), Some(3));
    assert_eq!(report.devices.len(), 3);

    let before = writes(&tenant);
    let again = desired.plan(&client, &devices).await?;
    assert!(again.is_empty(), "{again}");
    let report = again.apply(&client).await.into_result()?;
    assert_eq!((report.changes, report.import.is_some(), report.devices.len()), (0, false, 3));
    assert_eq!(writes(&tenant), before, "the second run wrote something");
    Ok(())
}

#[tokio::test]
async fn each_object_is_made_once_although_every_answer_to_a_write_is_lost_once() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let creations = [
        "/groups",
        "/deviceManagement/windowsAutopilotDeploymentProfiles",
        "/deviceManagement/deviceEnrollmentConfigurations",
        "/deviceManagement/deviceConfigurations",
    ];
    let assignments = [
        "/deviceManagement/windowsAutopilotDeploymentProfiles/*/assignments",
        "/deviceManagement/deviceEnrollmentConfigurations/*/assignments",
        "/deviceManagement/deviceConfigurations/*/assignments",
        "/policies/mobileDeviceManagementPolicies/*/includedGroups/$ref",
    ];
    for path in creations.into_iter().chain(assignments) {
        tenant.fault(Fault::reset_after().on("POST", path).once());
    }
    let desired = desired();
    let _ = desired.plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let lost = tenant.requests().iter().filter(|request| request.status.is_none()).count();
    assert_eq!(lost, 8, "an answer was not lost");
    assert!(desired.plan(&client, &[]).await?.is_empty());
    assert_eq!(client.profiles().count().await?, 1);
    assert_eq!(client.domain_join_profiles().count().await?, 1);
    let named = client.groups().list().all().await?;
    let named =
        named.iter().filter(|group| group.settings.display_name.as_str() == "Autopilot Munich").count();
    assert_eq!(named, 1);
    Ok(())
}

#[tokio::test]
async fn a_finding_stops_a_plan_before_the_first_write_unless_it_is_waived() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let mut desired = desired();
    desired.connectors = Some(toml::from_str("min_healthy = 2").unwrap());
    let plan = desired.plan(&client, &[]).await?;
    assert_eq!(graded(&plan.findings), ["error connector.too-few", UNCONFIRMED, WAITS], "{plan}");
    let error = plan.apply(&client).await.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("connector.too-few"), "{error}");
    assert!(writes(&tenant).is_empty());
    let _ = plan
        .apply_with(&client, ApplyOptions::default().with_waived("connector.too-few"))
        .await
        .into_result()?;
    assert!(!writes(&tenant).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_plan_survives_serde_and_is_refused_when_the_tenant_has_moved() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let plan = desired().plan(&client, &[]).await?;
    let text = serde_json::to_string(&plan).unwrap();
    let plan: Plan = serde_json::from_str(&text).unwrap();
    tenant.add_group("Autopilot Munich");
    let error = plan.apply(&client).await.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("plan again"), "{error}");
    assert!(writes(&tenant).is_empty());
    Ok(())
}

#[tokio::test]
async fn what_stands_in_the_way_is_found() -> Result<()> {
    type Arrange = fn(&Tenant);
    let cases: &[(&[&str], Arrange)] = &[
        (&["error connector.too-old", UNCONFIRMED, WAITS], |tenant| {
            tenant.add_connector("SRV-OLD", DOMAIN, "6.2407.2000.8");
        }),
        (&[UNCONFIRMED, "warning connector.old", WAITS], |tenant| {
            tenant.add_connector("SRV-OLDER", DOMAIN, "6.2501.2000.5");
        }),
        (&[UNCONFIRMED, "warning connector.not-active", WAITS], |tenant| {
            let id = tenant.add_connector("SRV-BROKEN", DOMAIN, "6.2504.2001.8");
            tenant.break_connector(&id);
        }),
        (&["error name.duplicate", UNCONFIRMED, WAITS], |tenant| {
            tenant.add_group("Autopilot Munich");
            tenant.add_group("Autopilot Munich");
        }),
        (&["error settings.fixed-at-creation", UNCONFIRMED, WAITS], |tenant| {
            tenant.add_group("Autopilot Munich");
        }),
        (&["error mdm.group", UNCONFIRMED, WAITS], |tenant| {
            tenant.add_group("Intune users");
        }),
        (&["error devices.user-assigned", UNCONFIRMED, WAITS], |tenant| {
            let user = format!("adele@{}", tenant.domain());
            tenant.add_user(&user);
            tenant.add_device_with(DeviceSpec::new("PF000000").with_assigned_user(user));
        }),
    ];
    for (expected, arrange) in cases {
        let Harness { client, tenant, .. } = harness();
        arrange(&tenant);
        let plan = desired().plan(&client, &devices(1)).await?;
        assert_eq!(graded(&plan.findings), *expected, "{plan}");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_signs_in_by_itself_is_told_what_it_cannot_do_and_does_the_rest() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::builder().as_app().build();
    tenant.add_group("Intune users");
    tenant.add_connector("SRV-ODJ-01", DOMAIN, "6.2504.2001.8");
    let plan = desired().plan(&client, &[]).await?;
    assert_eq!(graded(&plan.findings), [UNCONFIRMED, "warning mdm.delegated-only", WAITS], "{plan}");
    let _ = plan.apply(&client).await.into_result()?;
    assert_eq!(client.profiles().count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn two_deployments_live_side_by_side_and_an_overlap_is_found() -> Result<()> {
    let Harness { client, .. } = harness();
    let _ = desired().plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let name = |text: &str| text.parse::<DisplayName>().unwrap();
    let mut other = desired();
    other.name = name("Hamburg");
    if let Some(group) = &mut other.group {
        group.display_name = name("Autopilot Hamburg");
        group.members = windows_autopilot::workflow::MemberSelection::GroupTag("Hamburg".parse().unwrap());
    }
    if let Some(page) = &mut other.enrollment_status_page {
        page.display_name = name("Autopilot Hamburg");
    }
    if let Some(profile) = &mut other.profile {
        profile.display_name = "Contoso hybrid Hamburg".parse().unwrap();
    }
    if let Some(join) = &mut other.domain_join {
        join.display_name = name("Hamburg");
    }
    let plan = other.plan(&client, &[]).await?;
    assert!(plan.blocking().next().is_none(), "{plan}");
    let _ = plan.apply(&client).await.into_result()?;
    assert!(desired().plan(&client, &[]).await?.is_empty());

    if let Some(join) = &mut other.domain_join {
        join.display_name = name("Everywhere");
        join.assign_to = windows_autopilot::workflow::DomainJoinTarget::AllDevices;
    }
    let plan = other.plan(&client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        [
            "error domain-join.overlap",
            "error domain-join.overlap",
            UNCONFIRMED,
            "info name.created-anew",
            WAITS
        ],
        "{plan}"
    );
    let (own, others) = (&plan.findings[0].evidence, &plan.findings[1].evidence);
    assert!(own.starts_with("2 profiles reach any device with the group tag Hamburg: "), "{own}");
    assert_eq!(others, "is assigned to all devices, and those of group Autopilot Munich get Munich too");
    Ok(())
}

#[tokio::test]
async fn a_domain_join_for_all_devices_overlaps_with_others_unless_it_excludes_their_groups() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let _ = desired().plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let mut wish = crate::support::other("Hamburg");
    wish.domain_join.as_mut().unwrap().assign_to = windows_autopilot::workflow::DomainJoinTarget::AllDevices;
    let overlaps: &[&str] = &["error domain-join.overlap", UNCONFIRMED, WAITS];
    for count in [0, 1] {
        let plan = wish.plan(&client, &devices(count)).await?;
        assert_eq!(graded(&plan.findings), overlaps, "{plan}");
        let error = plan.apply(&client).await.into_result().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    wish.assignments.domain_join.excluded_groups = vec!["Autopilot Munich".parse()?];
    let plan = wish.plan(&client, &[]).await?;
    assert_eq!(graded(&plan.findings), &overlaps[1..], "{plan}");
    // A group that is gone has no devices.
    let munich = client.groups().list().all().await?;
    let munich =
        munich.iter().find(|group| group.settings.display_name.as_str() == "Autopilot Munich").unwrap();
    wish.assignments.domain_join.excluded_groups.clear();
    client.groups().delete(&munich.id).await?;
    let plan = wish.plan(&client, &[]).await?;
    assert_eq!(graded(&plan.findings), &overlaps[1..], "{plan}");
    assert_eq!(tenant.device_count(), 0);
    Ok(())
}

#[tokio::test]
async fn each_name_in_the_mdm_scope_that_no_group_has_is_found() -> Result<()> {
    let Harness { client, .. } = harness();
    let mut wish = desired();
    let names = ["Nobody", "Intune users", "Nobody else"].map(|name| name.parse().unwrap());
    wish.mdm_scope = Some(windows_autopilot::workflow::MdmUserScope::Groups(names.to_vec()));
    let plan = wish.plan(&client, &[]).await?;
    assert_eq!(graded(&plan.findings), ["error mdm.group", "error mdm.group", UNCONFIRMED, WAITS], "{plan}");
    assert_eq!([&plan.findings[0].place, &plan.findings[1].place], ["Nobody", "Nobody else"]);
    Ok(())
}

#[tokio::test]
async fn deployments_do_not_remove_each_others_groups_from_the_mdm_scope() -> Result<()> {
    use windows_autopilot::workflow::MdmUserScope;
    let Harness { client, tenant, .. } = harness();
    tenant.add_group("Users in Berlin");
    let mut berlin = crate::support::other("Berlin");
    berlin.mdm_scope = Some(MdmUserScope::Groups(vec!["Users in Berlin".parse()?]));
    let _ = desired().plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let plan = berlin.plan(&client, &[]).await?;
    assert!(plan.to_string().contains("+ group Users in Berlin"), "{plan}");
    let _ = plan.apply(&client).await.into_result()?;
    for deployment in [&desired(), &berlin] {
        let plan = deployment.plan(&client, &[]).await?;
        assert!(plan.is_empty(), "{plan}");
    }
    let groups = async || {
        let policy = client.mdm_policies().intune().await?;
        Ok::<_, windows_autopilot::Error>(policy.included_groups.map_or(0, |groups| groups.len()))
    };
    assert_eq!(groups().await?, 2);
    berlin.remove_other_assignments = true;
    let plan = berlin.plan(&client, &[]).await?;
    assert!(plan.to_string().contains("- group"), "{plan}");
    let _ = plan.apply(&client).await.into_result()?;
    assert_eq!(groups().await?, 1);
    Ok(())
}

/// A service that leaves one property out of every answer.
#[derive(Debug)]
struct Without(&'static str);

#[async_trait::async_trait]
impl Middleware for Without {
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>> {
        fn strip(value: &mut Value, name: &str) {
            match value {
                Value::Object(members) => {
                    members.remove(name);
                    members.values_mut().for_each(|member| strip(member, name));
                }
                Value::Array(items) => items.iter_mut().for_each(|item| strip(item, name)),
                _ => {}
            }
        }
        let mut response = next.run(request).await?;
        if let Ok(mut body) = serde_json::from_slice::<Value>(response.body()) {
            strip(&mut body, self.0);
            *response.body_mut() = body.to_string().into();
        }
        Ok(response)
    }
}

const ESCAPE_LINK: &str = "outOfBoxExperienceSetting.escapeLinkHidden";

fn harness_without(property: &'static str) -> Harness {
    let harness = Harness::builder().with_client(|client| client.with_middleware(Without(property))).build();
    crate::support::prepare(&harness.tenant);
    harness
}

#[tokio::test]
async fn an_unreported_property_is_unknown_in_plan_and_drift() -> Result<()> {
    let Harness { client, tenant, .. } = harness_without("escapeLinkHidden");
    let desired = desired();
    let report = desired.plan(&client, &[]).await?.apply(&client).await.into_result()?;
    assert_eq!(graded(&report.findings), [""; 0]);
    let before = writes(&tenant);
    let plan = desired.plan(&client, &[]).await?;
    assert!(plan.is_empty() && plan.drift().next().is_none(), "{plan}");
    let unknown: Vec<_> = plan.unknown().collect();
    let [planned] = unknown.as_slice() else { panic!("{plan}") };
    let Action::Unknown(properties) = &planned.action else { panic!("{plan}") };
    assert_eq!(properties.iter().map(|unknown| &*unknown.property).collect::<Vec<_>>(), [ESCAPE_LINK]);
    let line = "  ? Contoso hybrid Munich: not compared\n      escape_link_hidden: not reported -> true\n";
    assert!(plan.to_string().contains(line), "{plan}");
    assert!(!plan.steps.iter().any(|other| other.subject == planned.subject && other.action == Action::Keep));
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    let _ = plan.apply(&client).await.into_result()?;
    assert_eq!(writes(&tenant), before, "what is unknown is not sent");
    Ok(())
}

#[tokio::test]
async fn unknown_properties_are_sent_only_on_request_and_are_never_reported_as_not_taken() -> Result<()> {
    let Harness { client, tenant, .. } = harness_without("escapeLinkHidden");
    let mut desired = desired();
    let _ = desired.plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let wish = desired.profile.clone().unwrap();
    let found = client.profiles().list().all().await?;
    let Some(DeploymentProfile::Hybrid(stored)) = found.first() else { panic!("{found:?}") };
    let before = writes(&tenant);
    client.profiles().update(stored, &wish).await?;
    assert_eq!(writes(&tenant), before);
    let update = client.profiles().update(stored, &wish).sending_unknown();
    assert_eq!(update.patch().to_string(), "~ escape_link_hidden: not reported -> true");
    assert!(update.patch().unknown().is_empty());
    update.await?;
    assert_ne!(writes(&tenant), before);

    // A wish for another value than the default is a change each time: nobody knows whether it was taken.
    desired.profile.as_mut().unwrap().escape_link_hidden = false;
    let plan = desired.plan(&client, &[]).await?;
    assert!(plan.to_string().contains("escape_link_hidden: not reported -> false"), "{plan}");
    let report = plan.apply(&client).await.into_result()?;
    assert_eq!(graded(&report.findings), [""; 0]);
    let wish = desired.profile.unwrap();
    assert_eq!(Patch::from_stored(stored, &wish).changes().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_group_whose_types_are_not_reported_blocks_no_plan() -> Result<()> {
    let Harness { client, .. } = harness_without("groupTypes");
    let desired = desired();
    let _ = desired.plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let plan = desired.plan(&client, &[]).await?;
    assert!(plan.is_empty() && plan.blocking().next().is_none(), "{plan}");
    assert!(plan.to_string().contains("membership: not reported -> \"dynamic\""), "{plan}");
    Ok(())
}

// lessons.md 3.4: a device with another tag is not in the deployment's group, and gets none of its profiles.
#[tokio::test]
async fn tags_that_the_deployments_group_does_not_take_are_found_once_for_each_tag() {
    let harness = harness();
    let mut given = devices(5);
    for (n, tag) in ["Berlin", "MUNICH", "Berlin", "Bonn"].into_iter().enumerate() {
        given[n] = given[n].clone().with_group_tag(tag.parse().unwrap());
    }
    let plan = desired().plan(&harness.client, &given).await.unwrap();
    let found: Vec<String> = plan
        .findings
        .iter()
        .filter(|finding| finding.id == "plan.group-tag-differs")
        .map(|finding| format!("{} {}: {}", finding.severity, finding.place, finding.evidence))
        .collect();
    assert_eq!(
        found,
        [
            r#"warning PF000000: 2 devices, this one first, have the group tag "Berlin", and the deployment's group takes "Munich""#,
            r#"warning PF000003: the device has the group tag "Bonn", and the deployment's group takes "Munich""#,
        ]
    );
}
