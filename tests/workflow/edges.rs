//! What stands at the edge between a deployment and everybody else in the tenant.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use windows_autopilot::credential::FixedToken;
use windows_autopilot::model::HybridJoinProfile;
use windows_autopilot::sim::{DeviceSpec, Fault, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::{Transport, TransportError};
use windows_autopilot::workflow::{
    CreatedObject, CreatedObjects, HybridJoin, RemovalAction, Step, Teardown, UserScope,
};
use windows_autopilot::{Client, ErrorKind, Result};

use crate::findings::graded;
use crate::support::{UNCONFIRMED, WAITS, all, desired, devices, harness, send, writes};

const PROFILES: &str = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";
const PAGES: &str = "/beta/deviceManagement/deviceEnrollmentConfigurations";

/// A network on which somebody else assigns an object to a group before the `at`th request of a kind.
#[derive(Debug, Clone)]
struct Before {
    tenant: Tenant,
    method: http::Method,
    end: String,
    left: Arc<AtomicUsize>,
    object: String,
    group: String,
}

impl Before {
    fn client(
        harness: &Harness,
        method: http::Method,
        end: &str,
        at: usize,
        object: &str,
        group: &str,
    ) -> Client {
        let before = Self {
            tenant: harness.tenant.clone(),
            method,
            end: end.to_owned(),
            left: Arc::new(AtomicUsize::new(at)),
            object: object.to_owned(),
            group: group.to_owned(),
        };
        let builder = Client::builder(FixedToken::new("simulated"));
        builder.with_transport(before).with_clock(harness.clock.clone()).build().unwrap()
    }
}

#[async_trait]
impl Transport for Before {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Bytes>, TransportError> {
        let is_one = *request.method() == self.method && request.uri().path().ends_with(&self.end);
        if is_one && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            assign(&self.tenant, &self.object, &self.group).await;
        }
        self.tenant.send(request).await
    }
}

/// Assigns an object to a group, by the object's path.
async fn assign(tenant: &Tenant, object: &str, group: &str) {
    let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group});
    send(tenant, "POST", &format!("{object}/assignments"), Some(json!({ "target": target }))).await;
}

async fn path_of(tenant: &Tenant, collection: &str, name: &str) -> String {
    let all = all(tenant, collection).await;
    let found = all.iter().find(|object| object["displayName"] == name).unwrap();
    format!("{collection}/{}", found["id"].as_str().unwrap())
}

fn targets(created: &CreatedObjects, of: Step) -> Vec<String> {
    let group = |item: &CreatedObject| match item {
        CreatedObject::Assignment { step, target, .. } if *step == of => {
            Some(target.group_id().unwrap().to_string())
        }
        _ => None,
    };
    created.items().iter().filter_map(group).collect()
}

#[tokio::test]
async fn a_policy_sets_assignment_is_not_removed_and_stops_a_teardown() -> Result<()> {
    for with_own_group in [false, true] {
        let Harness { client, tenant, .. } = &harness();
        let mut wish = desired();
        wish.remove_other_assignments = true;
        let report = wish.plan(client, &[]).await?.apply(client).await.into_result()?;
        let profile = report.profile.unwrap();
        // A set with the deployment's own group is still somebody else's.
        let group = report.group.filter(|_| with_own_group).map(|group| group.to_string());
        let group = group.unwrap_or_else(|| tenant.add_group("Theirs"));
        tenant.assign_by_policy_set(profile.as_str(), &group);
        let plan = wish.plan(client, &[]).await?;
        assert!(plan.is_empty(), "{plan}");
        let before = writes(tenant);
        let plan = Teardown::new(report.created).plan(client).await?;
        assert_eq!(
            graded(&plan.findings),
            ["error teardown.assigned-elsewhere", "error teardown.group-in-use"],
            "{plan}"
        );
        assert!(plan.to_string().contains("(by a policy set)"), "{plan}");
        let error = plan.apply(client).await.into_result().unwrap_err();
        assert_eq!((error.kind(), writes(tenant)), (ErrorKind::InvalidInput, before));
    }
    Ok(())
}

#[tokio::test]
async fn an_assignment_that_was_there_is_not_on_record_beside_a_new_one() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let theirs = tenant.add_group("Theirs");
    let text = toml::to_string(&desired()).unwrap() + "\n[assignments.profile]\ngroups = ['Theirs']";
    let wish: HybridJoin = toml::from_str(&text).unwrap();
    let stored = client.profiles().create(wish.profile.as_ref().unwrap()).await?;
    assign(tenant, &format!("{PROFILES}/{}", stored.id), &theirs).await;
    let report = wish.plan(client, &[]).await?.apply(client).await.into_result()?;
    assert_eq!(targets(&report.created, Step::Profile), [report.group.unwrap().to_string()]);
    Ok(())
}

#[tokio::test]
async fn what_somebody_else_assigns_meanwhile_is_not_on_record() -> Result<()> {
    let harness = harness();
    let Harness { client, tenant, .. } = &harness;
    let report = desired().plan(client, &[]).await?.apply(client).await.into_result()?;
    let (profile, group) = (report.profile.unwrap(), report.group.unwrap());
    client.profiles().assignments::<HybridJoinProfile>(&profile).replace(&[]).await?;
    let path = format!("{PROFILES}/{profile}");
    let plan = desired().plan(client, &[]).await?;
    // After the run has read the assignments, and before it reads them again to add its own.
    let end = format!("{profile}/assignments");
    let shared = Before::client(&harness, http::Method::GET, &end, 2, &path, group.as_str());
    let report = plan.apply(&shared).await.into_result()?;
    assert_eq!(targets(&report.created, Step::Profile), Vec::<String>::new());
    assert_eq!(all(tenant, &format!("{path}/assignments")).await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_somebody_uses_while_registrations_go_is_not_taken_down() -> Result<()> {
    let harness = harness();
    let Harness { client, tenant, .. } = &harness;
    let report = desired().plan(client, &devices(1)).await?.apply(client).await.into_result()?;
    let theirs = tenant.add_group("Theirs");
    let page = path_of(tenant, PAGES, "Autopilot Munich").await;
    let shared = Before::client(&harness, http::Method::POST, "/sync", 1, &page, &theirs);
    let plan = Teardown::new(report.created).plan(client).await?;
    let report = plan.apply(&shared).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Conflict), "{report:?}");
    assert_eq!((report.removed, tenant.device_count()), (1, 0));
    assert_eq!(all(tenant, &format!("{page}/assignments")).await.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_step_that_is_new_since_the_plan_is_a_change_of_the_tenant() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let text = format!("user_assignment = 'unassign'\n{}", toml::to_string(&desired()).unwrap());
    let wish: HybridJoin = toml::from_str(&text).unwrap();
    let plan = wish.plan(client, &[]).await?;
    let user = format!("adele@{}", tenant.domain());
    tenant.add_user(&user);
    tenant.add_device_with(DeviceSpec::new("SN-1").with_group_tag("Munich").with_assigned_user(user));
    let before = writes(tenant);
    let report = plan.apply(client).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Conflict), "{report:?}");
    assert_eq!(writes(tenant), before);
    Ok(())
}

#[tokio::test]
async fn a_device_whose_import_times_out_stays_on_record() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    tenant.hold_import("PF000000");
    let report = desired().plan(client, &devices(2)).await?.apply(client).await.into_result()?;
    let mut devices: Vec<(&str, bool)> = Vec::new();
    for item in report.created.items() {
        if let CreatedObject::Device { serial_number, id, .. } = item {
            devices.push((serial_number, id.is_some()));
        }
    }
    devices.sort_unstable();
    assert_eq!(devices, [("PF000000", false), ("PF000001", true)]);
    Ok(())
}

#[tokio::test]
async fn a_teardown_of_devices_alone_ends_when_they_are_gone() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let wish = HybridJoin::new("Munich".parse()?, crate::support::DOMAIN.parse()?);
    let report = wish.plan(client, &devices(2)).await?.apply(client).await.into_result()?;
    let plan = Teardown::new(report.created).plan(client).await?;
    let report = plan.apply(client).await.into_result()?;
    assert_eq!((report.removed, tenant.device_count()), (2, 0));
    assert!(client.devices().list().all().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_profile_for_entra_join_of_the_same_name_is_not_the_deployments() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let name = desired().profile.unwrap().display_name;
    let kind = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile";
    let profile = json!({"@odata.type": kind, "displayName": name});
    send(tenant, "POST", PROFILES, Some(profile)).await;
    let created = CreatedObjects::from_settings(&desired(), Vec::new());
    let plan = Teardown::new(created).plan(client).await?;
    let of_profile = plan.steps.iter().find(|planned| planned.step == Step::Profile).unwrap();
    assert_eq!(of_profile.action, RemovalAction::Gone, "{plan}");
    let _ = plan.apply(client).await.into_result()?;
    let held: Vec<Value> = all(tenant, PROFILES).await;
    assert_eq!(held.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_object_that_the_service_never_lets_go_ends_a_teardown_with_the_services_words() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let report = desired().plan(client, &[]).await?.apply(client).await.into_result()?;
    let path = "/deviceManagement/windowsAutopilotDeploymentProfiles/*";
    tenant.fault(Fault::status(400).on("DELETE", path));
    let report = Teardown::new(report.created).plan(client).await?.apply(client).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Rejected), "{report:?}");
    let requests = tenant.requests();
    let tries = requests.iter().filter(|request| {
        request.method == "DELETE"
            && request.path.contains("Profiles/")
            && !request.path.contains("assignments")
    });
    assert!(tries.count() > 5);
    Ok(())
}

#[tokio::test]
async fn a_registration_that_somebody_deletes_already_is_waited_for_and_not_deleted_again() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let report = desired().plan(client, &devices(1)).await?.apply(client).await.into_result()?;
    let id = report.devices[0].0.clone();
    let teardown = Teardown::new(report.created);
    client.devices().delete(&id).await?;
    tenant.clear_requests();
    let _ = teardown.plan(client).await?.apply(client).await.into_result()?;
    let end = format!("/{id}");
    let requests = tenant.requests();
    let deletes =
        requests.iter().filter(|request| request.method == "DELETE" && request.path.ends_with(&end)).count();
    assert_eq!((deletes, tenant.device_count()), (1, 0));
    Ok(())
}

#[tokio::test]
async fn a_priority_whose_answer_is_lost_is_set_once() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let _ = crate::support::other("Hamburg").plan(client, &[]).await?.apply(client).await.into_result()?;
    let mut second = desired();
    second.page_priority = std::num::NonZeroU32::new(1);
    tenant.fault(
        Fault::reset_after()
            .on("POST", "/deviceManagement/deviceEnrollmentConfigurations/*/setPriority")
            .once(),
    );
    let _ = second.plan(client, &[]).await?.apply(client).await.into_result()?;
    let again = second.plan(client, &[]).await?;
    assert!(again.is_empty(), "{again}");
    let sent = tenant.requests().iter().filter(|request| request.path.ends_with("setPriority")).count();
    assert_eq!(sent, 1);
    Ok(())
}

#[tokio::test]
async fn each_new_assignment_of_an_object_is_on_record() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let theirs = tenant.add_group("Theirs");
    let text = toml::to_string(&desired()).unwrap() + "\n[assignments.profile]\ngroups = ['Theirs']";
    let wish: HybridJoin = toml::from_str(&text).unwrap();
    let report = wish.plan(client, &[]).await?.apply(client).await.into_result()?;
    assert_eq!(targets(&report.created, Step::Profile), [report.group.unwrap().to_string(), theirs]);
    Ok(())
}

#[tokio::test]
async fn a_user_that_cannot_be_read_is_not_said_to_be_missing() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let user = format!("adele@{}", tenant.domain());
    tenant.add_user(&user);
    let text = format!("user_assignment = 'assign'\n{}", toml::to_string(&desired()).unwrap());
    let wish: HybridJoin = toml::from_str(&text).unwrap();
    let given: Vec<_> = devices(1)
        .into_iter()
        .map(|device| device.with_assigned_user_principal_name(user.parse().unwrap()))
        .collect();
    let plan = wish.plan(client, &given).await?;
    tenant.fault(Fault::status(403).on("GET", "/users/*"));
    let report = plan.apply(client).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Forbidden), "{report:?}");
    assert_eq!(report.findings, []);
    Ok(())
}

#[tokio::test]
async fn what_a_plan_removes_has_no_effect_after_it() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let mut wish = desired();
    let report = wish.plan(client, &[]).await?.apply(client).await.into_result()?;
    let (profile, group) = (report.profile.unwrap(), report.group.unwrap());
    let target = json!({"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": group});
    let path = format!("{PROFILES}/{profile}/assignments");
    send(tenant, "POST", &path, Some(json!({ "target": target }))).await;
    for (removes, expected) in
        [(false, &["error profile.excluded", UNCONFIRMED, WAITS][..]), (true, &[UNCONFIRMED, WAITS])]
    {
        wish.remove_other_assignments = removes;
        let plan = wish.plan(client, &[]).await?;
        assert_eq!(graded(&plan.findings), expected, "{plan}");
    }
    Ok(())
}

#[tokio::test]
async fn only_network_configurations_for_windows_are_linked() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    tenant.add_configuration("Phones", "androidWiFiConfiguration");
    let other = crate::support::other("Hamburg").domain_join.unwrap().display_name;
    let _ = crate::support::other("Hamburg").plan(client, &[]).await?.apply(client).await.into_result()?;
    for (name, expected) in [
        (
            "Phones",
            &[
                UNCONFIRMED,
                "warning domain-join.network-kind",
                "warning domain-join.network-not-assigned",
                WAITS,
            ][..],
        ),
        (other.as_str(), &["error domain-join.network-not-one", UNCONFIRMED, WAITS]),
    ] {
        let mut wish = desired();
        wish.domain_join.as_mut().unwrap().network_access_configurations = vec![name.parse()?];
        let plan = wish.plan(client, &[]).await?;
        assert_eq!(graded(&plan.findings), expected, "{plan}");
    }
    Ok(())
}

#[tokio::test]
async fn others_assignments_are_removed_although_the_own_one_is_there() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let mut wish = desired();
    wish.remove_other_assignments = true;
    let report = wish.plan(client, &[]).await?.apply(client).await.into_result()?;
    let path = format!("{PROFILES}/{}", report.profile.unwrap());
    assign(tenant, &path, &tenant.add_group("Theirs")).await;
    let report = wish.plan(client, &[]).await?.apply(client).await.into_result()?;
    assert_eq!((report.changes, report.created.is_empty()), (1, true));
    let held = all(tenant, &format!("{path}/assignments")).await;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["target"]["groupId"], report.group.unwrap().as_str());
    Ok(())
}

#[tokio::test]
async fn a_foreign_object_in_the_deployments_group_keeps_its_assignment_and_the_group() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let mut wish = desired();
    wish.domain_join.as_mut().unwrap().assign_to = windows_autopilot::workflow::DomainJoinTarget::AllDevices;
    let first = wish.plan(client, &[]).await?.apply(client).await.into_result()?;
    let group = first.group.unwrap();
    // The profile is on record by its assignment alone, as one that was there before is.
    let mut text = serde_json::to_value(&first.created).unwrap();
    text["objects"]
        .as_array_mut()
        .unwrap()
        .retain(|item| item["made"] != "object" || item["step"] != "domain_join");
    let created: CreatedObjects = serde_json::from_value(text).unwrap();
    let join = path_of(tenant, "/beta/deviceManagement/deviceConfigurations", "Munich").await;
    assign(tenant, &join, group.as_str()).await;
    let plan = Teardown::new(created).plan(client).await?;
    assert_eq!(graded(&plan.findings), ["error teardown.group-in-use"], "{plan}");
    let unassigned = plan.steps.iter().find_map(|planned| match &planned.action {
        RemovalAction::Unassign(from) if planned.step == Step::DomainJoin => Some(from.clone()),
        _ => None,
    });
    assert_eq!(unassigned, Some(vec!["all devices".to_owned()]), "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_user_is_taken_off_before_a_registration_is_deleted() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let report = desired().plan(client, &devices(1)).await?.apply(client).await.into_result()?;
    let user = format!("adele@{}", tenant.domain());
    tenant.add_user(&user);
    client.devices().assign_user(&report.devices[0].0, &user.parse()?, &"Adele".to_owned().into()).await?;
    let plan = Teardown::new(report.created).plan(client).await?;
    let order: Vec<Step> =
        plan.steps.iter().filter(|planned| planned.action.is_change()).map(|planned| planned.step).collect();
    assert_eq!(order[..2], [Step::Users, Step::Devices], "{plan}");
    let _ = plan.apply(client).await.into_result()?;
    assert_eq!(tenant.device_count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_plan_of_another_cloud_is_refused() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let text = serde_json::to_string(&desired().plan(client, &[]).await?).unwrap();
    let other = text.replace("https://graph.microsoft.com", "https://graph.microsoft.us");
    assert_ne!(text, other);
    let plan: windows_autopilot::workflow::Plan = serde_json::from_str(&other).unwrap();
    let report = plan.apply(client).await;
    assert_eq!(
        report.error().map(windows_autopilot::Error::kind),
        Some(ErrorKind::InvalidInput),
        "{report:?}"
    );
    assert!(writes(tenant).is_empty());
    Ok(())
}

/// The answer to the link is lost, and the link is not there: the next run links again, and nothing is on record.
#[tokio::test]
async fn a_network_link_that_did_not_arrive_is_not_on_record() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    tenant.add_configuration("Office", "windowsWifiConfiguration").unwrap();
    let mut wish = desired();
    wish.domain_join.as_mut().unwrap().network_access_configurations = vec!["Office".parse()?];
    tenant.fault(Fault::reset_before().on("POST", "/deviceManagement/deviceConfigurations/*/*/*/$ref"));
    let report = wish.plan(client, &[]).await?.apply(client).await;
    let error = report.error().unwrap();
    assert!(error.outcome_unknown(), "{error:?}");
    let is_link = |item: &&CreatedObject| matches!(item, CreatedObject::NetworkAccess { .. });
    assert_eq!(report.created.items().iter().filter(is_link).count(), 0, "{:?}", report.created);
    Ok(())
}

/// A service that takes a device's new tag, and does not change it.
#[derive(Debug)]
struct KeepsTags(Tenant);

#[async_trait]
impl Transport for KeepsTags {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Bytes>, TransportError> {
        if request.uri().path().ends_with("/updateDeviceProperties") {
            return Ok(http::Response::builder().status(204).body(Bytes::new()).unwrap());
        }
        self.0.send(request).await
    }
}

#[tokio::test]
async fn a_group_tag_that_does_not_read_back_is_found() -> Result<()> {
    let Harness { tenant, clock, .. } = harness();
    tenant.add_device_with(DeviceSpec::new("PF000000").with_group_tag("Berlin"));
    let builder = Client::builder(FixedToken::new("simulated")).with_transport(KeepsTags(tenant));
    let client = builder.with_clock(clock).build()?;
    let report = desired().plan(&client, &devices(1)).await?.apply(&client).await.into_result()?;
    let found: Vec<(&str, &str)> =
        report.findings.iter().map(|finding| (&*finding.id, &*finding.place)).collect();
    assert_eq!(found, [("devices.tag-not-taken", "PF000000")]);
    Ok(())
}

const INCLUDED: &str = "/policies/mobileDeviceManagementPolicies/*/includedGroups/$ref";

/// Returns the names of the groups that a record says the deployment took into the scope.
fn included(created: &CreatedObjects) -> Option<Vec<String>> {
    let names = |scope: &UserScope| match scope {
        UserScope::Groups(groups) => groups.values().cloned().collect(),
        _ => Vec::new(),
    };
    created.items().iter().find_map(|item| match item {
        CreatedObject::Scope { before, after, .. } => {
            let before = names(before);
            Some(names(after).into_iter().filter(|name| !before.contains(name)).collect())
        }
        _ => None,
    })
}

#[tokio::test]
async fn a_scope_change_without_an_answer_is_on_record() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    tenant.fault(Fault::reset_after().on("POST", INCLUDED).once());
    let report = desired().plan(client, &[]).await?.apply(client).await.into_result()?;
    assert_eq!(included(&report.created), Some(vec!["Intune users".to_owned()]));
    assert_eq!(tenant.requests().iter().filter(|request| request.status.is_none()).count(), 1);
    Ok(())
}

#[tokio::test]
async fn half_a_scope_change_is_on_record() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    tenant.add_group("More users");
    let text = toml::to_string(&desired()).unwrap();
    let text = text.replace(r#"["Intune users"]"#, r#"["Intune users", "More users"]"#);
    let wish: HybridJoin = toml::from_str(&text).unwrap();
    assert_ne!(wish, desired());
    tenant.fault(Fault::status(403).on("POST", INCLUDED).after(1));
    let report = wish.plan(client, &[]).await?.apply(client).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Forbidden), "{report:?}");
    assert!(included(&report.created).is_some_and(|groups| !groups.is_empty()), "{:?}", report.created);

    let Harness { client, tenant, .. } = &harness();
    tenant.fault(Fault::status(403).on("POST", INCLUDED));
    let report = desired().plan(client, &[]).await?.apply(client).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Forbidden), "{report:?}");
    let changes = writes(tenant).keys().filter(|write| write.contains("mobileDeviceManagement")).count();
    assert_eq!(included(&report.created).is_some(), changes > 0, "{:?}", report.created);
    Ok(())
}

/// A new group is not known to the whole service at once.
#[tokio::test]
async fn an_assignment_to_a_group_that_is_not_found_yet_is_tried_again() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let path = "/deviceManagement/windowsAutopilotDeploymentProfiles/*/assignments";
    tenant.fault(Fault::status(404).on("POST", path).once());
    let report = desired().plan(client, &[]).await?.apply(client).await.into_result()?;
    assert_eq!(targets(&report.created, Step::Profile), [report.group.unwrap().to_string()]);
    assert!(desired().plan(client, &[]).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn objects_of_a_tenant_are_taken_down_in_no_tenant_that_the_token_does_not_name() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let report = desired().plan(client, &[]).await?.apply(client).await.into_result()?;
    assert_eq!((client.tenant_id().await?, report.created.tenant_id()), (None, None));
    let mut text = serde_json::to_value(&report.created).unwrap();
    text["tenant_id"] = json!("11111111-2222-3333-4444-555555555555");
    let created: CreatedObjects = serde_json::from_value(text).unwrap();
    assert!(created.tenant_id().is_some());
    let before = writes(tenant);
    let error = Teardown::new(created).plan(client).await.unwrap_err();
    assert_eq!((error.kind(), writes(tenant)), (ErrorKind::InvalidInput, before));
    assert!(error.to_string().contains("a tenant that the token does not name"), "{error}");
    Ok(())
}
