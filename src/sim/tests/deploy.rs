//! Devices that are switched on, with complete and incomplete tenants.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::sim::{Cause, DeploymentPhase, DeviceSpec, PowerOnOptions};

pub(super) const OU: &str = "OU=Autopilot,DC=contoso,DC=com";
pub(super) const EVENTS: &str = "/beta/deviceManagement/autopilotEvents";
pub(super) const SCOPE: &str =
    "/beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000";

/// A tenant in which a hybrid join works, with one device in its group.
pub(super) struct Ready {
    pub(super) desk: Desk,
    pub(super) group: String,
    pub(super) profile: String,
    pub(super) page: String,
    pub(super) join: String,
    pub(super) identity: String,
}

pub(super) async fn ready() -> Ready {
    ready_with(|builder| builder).await
}

pub(super) async fn ready_with(build: impl FnOnce(TenantBuilder) -> TenantBuilder) -> Ready {
    let desk = Desk::with(|builder| build(builder.with_delegated_callers()));
    let identity = desk.tenant.add_device("SN1");
    let group = desk.tenant.add_group("Devices");
    desk.tenant.add_member(&group, &identity);
    desk.tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    assert!(desk.tenant.grant_ou(OU));
    assert_eq!(desk.patch(SCOPE, json!({"appliesTo": "all"})).await.status, 204);
    let profile = desk.profile("Hybrid").await;
    assert_eq!(desk.post(&format!("{profile}/assignments"), group_target(&group)).await.status, 201);
    let page = desk.page("ESP").await;
    let shown = json!({"@odata.type": ESP, "showInstallationProgress": true, "installProgressTimeoutInMinutes": 60,
            "blockDeviceSetupRetryByUser": false});
    assert_eq!(desk.patch(&page, shown).await.status, 200);
    let targets = json!({"enrollmentConfigurationAssignments": [group_target(&group)]});
    assert_eq!(desk.post(&format!("{page}/assign"), targets).await.status, 204);
    let join = join_configuration(&desk, &group, OU).await;
    desk.clock.advance(5 * MINUTE);
    Ready { desk, group, profile, page, join, identity }
}

pub(super) async fn join_configuration(desk: &Desk, group: &str, unit: &str) -> String {
    let made = desk
        .post(CONFIGURATIONS, json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ", "activeDirectoryDomainName": "contoso.com",
            "computerNameStaticPrefix": "HYB", "computerNameSuffixRandomCharCount": 12,
            "organizationalUnit": if unit.is_empty() { Value::Null } else { unit.into() }}))
        .await;
    let path = format!("{CONFIGURATIONS}/{}", made.id());
    assert_eq!(
        desk.post(&format!("{path}/assign"), json!({"assignments": [group_target(group)]})).await.status,
        200
    );
    path
}

impl Ready {
    /// Switches the device on and advances by hours.
    pub(super) fn deploy(&self) -> (DeploymentPhase, Option<Cause>, u64) {
        self.desk.tenant.power_on("SN1");
        self.desk.clock.advance(8 * 60 * MINUTE);
        self.outcome()
    }

    /// Returns phase, cause and minutes taken.
    pub(super) fn outcome(&self) -> (DeploymentPhase, Option<Cause>, u64) {
        let deployment = self.desk.tenant.deployment("SN1").unwrap();
        let taken = deployment.ended.map_or(0, |at| at.duration_since(deployment.started).as_secs() / 60);
        (deployment.phase, deployment.cause, u64::try_from(taken).unwrap())
    }

    pub(super) async fn event(&self) -> Value {
        self.desk.get(EVENTS).await.body["value"][0].clone()
    }
}

#[tokio::test]
async fn with_everything_in_place_a_device_goes_through_all_phases() {
    let ready = ready().await;
    let desk = &ready.desk;
    desk.tenant.power_on("SN1");
    let mut seen = Vec::new();
    for _ in 0..120 {
        let phase = desk.tenant.deployment("SN1").unwrap().phase;
        if seen.last() != Some(&phase) {
            seen.push(phase);
        }
        desk.clock.advance(MINUTE);
    }
    assert_eq!(
        seen,
        [
            DeploymentPhase::Starting,
            DeploymentPhase::Enrolling,
            DeploymentPhase::JoiningDomain,
            DeploymentPhase::DeviceSetup,
            DeploymentPhase::AccountSetup,
            DeploymentPhase::Finished
        ]
    );
    let event = ready.event().await;
    for (name, expected) in [
        ("enrollmentType", "offlineDomainJoined"),
        ("enrollmentState", "enrolled"),
        ("deploymentState", "success"),
        ("deviceSetupStatus", "success"),
        ("accountSetupStatus", "success"),
        ("deviceSetupDuration", "PT15M"),
        ("deviceSerialNumber", "SN1"),
        ("windowsAutopilotDeploymentProfileDisplayName", "Hybrid"),
        ("windows10EnrollmentCompletionPageConfigurationDisplayName", "ESP"),
        ("userPrincipalName", "admin@contoso.onmicrosoft.com"),
    ] {
        assert_eq!(event[name], expected, "{name}");
    }
    let computer = desk.tenant.computers().remove(0);
    assert!(computer.name.starts_with("HYB") && computer.name.len() == 15, "{}", computer.name);
    assert_eq!(
        (computer.domain.as_str(), computer.organizational_unit.as_deref()),
        ("contoso.com", Some(OU))
    );
    let devices = desk.get("/v1.0/devices").await;
    assert_eq!(devices.column("trustType"), ["AzureAd", "ServerAd"], "two objects for one machine");
    let hybrid = &devices.body["value"][1];
    assert_eq!(
        (hybrid["displayName"].as_str(), &hybrid["physicalIds"]),
        (Some(computer.name.as_str()), &json!([]))
    );
    let managed = desk.get("/beta/deviceManagement/managedDevices?$filter=serialNumber eq 'sn1'").await;
    let managed = &managed.body["value"][0];
    assert_eq!(
        (&managed["deviceName"], &managed["joinType"]),
        (&json!(computer.name), &json!("hybridAzureADJoined"))
    );
    assert_eq!(managed["azureADDeviceId"], hybrid["deviceId"]);
    let identity = desk.get(&format!("{IDENTITIES}/{}", ready.identity)).await.body;
    assert_eq!(
        (&identity["enrollmentState"], &identity["managedDeviceId"]),
        (&json!("enrolled"), &managed["id"])
    );
    assert_eq!(
        desk.delete(&format!("{IDENTITIES}/{}", ready.identity)).await.status,
        400,
        "not while it is managed"
    );
    assert_eq!(
        desk.delete(&format!("/beta/deviceManagement/managedDevices/{}", managed["id"].as_str().unwrap()))
            .await
            .status,
        204
    );
    assert_eq!(desk.delete(&format!("{IDENTITIES}/{}", ready.identity)).await.status, 204);
}

#[tokio::test]
async fn a_wipe_by_graph_takes_the_device_out_of_intune_and_makes_it_as_new() {
    let ready = ready().await;
    let desk = &ready.desk;
    desk.tenant.power_on("SN1");
    desk.clock.advance(120 * MINUTE);
    let list = "/beta/deviceManagement/managedDevices";
    let before = desk.get(list).await.body["value"][0].clone();
    let wipe = format!("{list}/{}/wipe", before["id"].as_str().unwrap());

    // What is kept by a wipe is not simulated, and a refusal changes nothing.
    for (body, status) in [
        (json!({"keepEnrollmentData": true}), 501),
        (json!({"keepUserData": true}), 501),
        (json!({"keepEverything": true}), 400),
    ] {
        assert_eq!(desk.post(&wipe, body.clone()).await.status, status, "{body}");
        assert_eq!(desk.get(list).await.body["value"], json!([before]), "{body}");
    }

    assert_eq!(
        desk.post(&wipe, json!({"keepEnrollmentData": false, "keepUserData": false})).await.status,
        204
    );
    assert_eq!(desk.get(list).await.body["value"], json!([]));
    assert_eq!(desk.post(&wipe, json!({})).await.status, 404);
    let identity = desk.get(&format!("{IDENTITIES}/{}", ready.identity)).await.body;
    assert_eq!(identity["enrollmentState"], "notContacted");

    // Its deployment has ended with it.
    assert_eq!(desk.tenant.deployment("SN1"), None);

    // Switched on again, it enrolls as another managed device.
    desk.tenant.power_on("SN1");
    desk.clock.advance(120 * MINUTE);
    let after = desk.get(list).await.body["value"].clone();
    assert_eq!(after.as_array().map(Vec::len), Some(1));
    assert_eq!(after[0]["serialNumber"], before["serialNumber"]);
    assert_ne!(after[0]["id"], before["id"]);
}

#[tokio::test]
async fn a_device_that_is_asked_to_check_in_has_done_so_now_and_nothing_else_changes() {
    let ready = ready().await;
    let desk = &ready.desk;
    desk.tenant.power_on("SN1");
    desk.clock.advance(120 * MINUTE);
    let list = "/beta/deviceManagement/managedDevices";
    let mut before = desk.get(list).await.body["value"][0].clone();
    let sync = format!("{list}/{}/syncDevice", before["id"].as_str().unwrap());
    desk.clock.advance(7 * 24 * 60 * MINUTE);
    assert_eq!(desk.post(&sync, Value::Null).await.status, 204);
    let after = desk.get(list).await.body["value"][0].clone();
    assert_ne!(after["lastSyncDateTime"], before["lastSyncDateTime"]);
    assert_eq!(after["lastSyncDateTime"], "2026-01-08T10:05:00Z");
    before["lastSyncDateTime"] = after["lastSyncDateTime"].clone();
    assert_eq!(after, before);
    assert_eq!(
        desk.post(&sync.replace(before["id"].as_str().unwrap(), "none"), Value::Null).await.status,
        404
    );
}

#[tokio::test]
async fn what_is_missing_makes_it_fail_as_a_real_one_does() {
    type Spoil = for<'a> fn(&'a Ready) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;
    // Each: what is wrong, how to make it so, why it fails, and after how many minutes.
    let table: [(&str, Spoil, Cause, u64); 12] = [
        (
            "no profile",
            |ready| {
                Box::pin(async {
                    let listed = ready.desk.get(&format!("{}/assignments", ready.profile)).await;
                    ready
                        .desk
                        .delete(&format!("{}/assignments/{}", ready.profile, listed.column("id")[0]))
                        .await;
                    ready.desk.clock.advance(5 * MINUTE);
                })
            },
            Cause::NoProfile,
            2,
        ),
        (
            "out of scope",
            |ready| {
                Box::pin(async {
                    ready.desk.patch(SCOPE, json!({"appliesTo": "none"})).await;
                })
            },
            Cause::MdmScope,
            5,
        ),
        (
            "a user assigned",
            |ready| {
                Box::pin(async {
                    let body = json!({"userPrincipalName": "admin@contoso.onmicrosoft.com", "addressableUserName": "Admin"});
                    let received = ready
                        .desk
                        .post(&format!("{IDENTITIES}/{}/assignUserToDevice", ready.identity), body)
                        .await;
                    assert_eq!(received.status, 204);
                })
            },
            Cause::UserAssigned,
            10,
        ),
        (
            "no right on the unit",
            |ready| Box::pin(async { ready.desk.tenant.revoke_ou(OU) }),
            Cause::NoRight,
            10,
        ),
        (
            "a container",
            |ready| {
                Box::pin(async {
                    let container = "CN=Computers,DC=contoso,DC=com";
                    assert!(ready.desk.tenant.grant_ou(container));
                    ready
                        .desk
                        .patch(
                            &ready.join,
                            json!({"@odata.type": DOMAIN_JOIN, "organizationalUnit": container}),
                        )
                        .await;
                })
            },
            Cause::BadUnit,
            10,
        ),
        (
            "quotes around the unit",
            |ready| {
                Box::pin(async {
                    ready
                        .desk
                        .patch(
                            &ready.join,
                            json!({"@odata.type": DOMAIN_JOIN, "organizationalUnit": format!("\"{OU}\"")}),
                        )
                        .await;
                })
            },
            Cause::BadUnit,
            10,
        ),
        (
            "a domain without connector",
            |ready| {
                Box::pin(async {
                    ready
                        .desk
                        .patch(
                            &ready.join,
                            json!({"@odata.type": DOMAIN_JOIN, "activeDirectoryDomainName": "CONTOSO"}),
                        )
                        .await;
                })
            },
            Cause::NoConnector,
            35,
        ),
        (
            "no configuration",
            |ready| {
                Box::pin(async {
                    ready.desk.post(&format!("{}/assign", ready.join), json!({"assignments": []})).await;
                })
            },
            Cause::NoDomainJoin,
            35,
        ),
        (
            "two configurations",
            |ready| {
                Box::pin(async {
                    let made = join_configuration(&ready.desk, &ready.group, OU).await;
                    ready.desk.post(&format!("{made}/assign"), json!({"assignments": [all_devices()]})).await;
                })
            },
            Cause::SeveralDomainJoins,
            35,
        ),
        (
            "the anchor deleted",
            |ready| {
                Box::pin(async {
                    assert!(ready.desk.tenant.remove_anchor("SN1"));
                })
            },
            Cause::AnchorMissing,
            10,
        ),
        (
            "windows blocked",
            |ready| {
                Box::pin(async {
                    let listed = ready.desk.get(PAGES).await;
                    let values = listed.body["value"].as_array().unwrap();
                    let of = values
                        .iter()
                        .find(|of| {
                            of["@odata.type"].as_str().unwrap().ends_with("PlatformRestrictionsConfiguration")
                        })
                        .unwrap();
                    let received = ready.desk.patch(&format!("{PAGES}/{}", of["id"].as_str().unwrap()),
                json!({"@odata.type": of["@odata.type"], "windowsRestriction": {"platformBlocked": true}})).await;
                    assert_eq!(received.status, 200, "{}", received.text);
                })
            },
            Cause::PlatformBlocked,
            5,
        ),
        (
            "unassigned by default",
            |ready| {
                Box::pin(async {
                    ready.desk.delete(&format!("/v1.0/groups/{}", ready.group)).await;
                    ready.desk.clock.advance(5 * MINUTE);
                })
            },
            Cause::NoProfile,
            2,
        ),
    ];
    for (what, spoil, cause, minutes) in table {
        let ready = ready().await;
        spoil(&ready).await;
        if cause == Cause::AnchorMissing {
            // Whoever was switched on before has its profile.
            ready.desk.post(&format!("{}/assignments", ready.profile), all_devices()).await;
            ready.desk.clock.advance(5 * MINUTE);
        }
        assert_eq!(ready.deploy(), (DeploymentPhase::Failed, Some(cause), minutes), "{what}");
        let event = ready.event().await;
        if matches!(cause, Cause::NoProfile | Cause::MdmScope) {
            assert!(event.is_null(), "{what}: it never came as far as Intune");
            continue;
        }
        assert_eq!(
            (&event["deploymentState"], &event["enrollmentState"]),
            (&json!("failure"), &json!("failed")),
            "{what}"
        );
        assert_eq!(event["enrollmentFailureDetails"], cause.code(), "{what}");
        assert!(ready.desk.tenant.computers().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_connector_must_be_active_and_new_enough_and_may_come_late() {
    let build = async |version: &str, stop: bool| {
        let ready = ready().await;
        let listed = ready.desk.get("/beta/deviceManagement/domainJoinConnectors").await;
        ready.desk.tenant.stop_connector(listed.column("id")[0]);
        let id = ready.desk.tenant.add_connector("SRV2", "Contoso.com", version);
        if stop {
            ready.desk.tenant.break_connector(&id);
        }
        ready
    };
    assert_eq!(
        build("6.2407.2000.8", false).await.deploy(),
        (DeploymentPhase::Failed, Some(Cause::ConnectorTooOld), 35)
    );
    assert_eq!(
        build("6.2501.2000.5", true).await.deploy(),
        (DeploymentPhase::Failed, Some(Cause::NoConnector), 35)
    );
    assert_eq!(build("6.2501.2000.5", false).await.deploy().0, DeploymentPhase::Finished);
    let late = build("6.2407.2000.8", false).await;
    late.desk.tenant.power_on("SN1");
    late.desk.clock.advance(20 * MINUTE);
    assert_eq!(late.outcome().0, DeploymentPhase::JoiningDomain);
    late.desk.tenant.add_connector("SRV3", "contoso.com", "6.2504.2001.8");
    late.desk.clock.advance(2 * 60 * MINUTE);
    assert_eq!(late.outcome().0, DeploymentPhase::Finished);
}

#[tokio::test]
async fn a_domain_controller_is_needed_unless_the_check_is_skipped() {
    let ready = ready().await;
    let far = PowerOnOptions::new("SN1").without_domain_controller();
    ready.desk.tenant.power_on_with(far.clone());
    ready.desk.clock.advance(60 * MINUTE);
    assert_eq!(ready.outcome(), (DeploymentPhase::Failed, Some(Cause::NoDomainController), 10));
    let skip = json!({"@odata.type": HYBRID, "hybridAzureADJoinSkipConnectivityCheck": true});
    assert_eq!(ready.desk.patch(&ready.profile, skip).await.status, 200);
    ready.desk.tenant.power_on_with(far);
    ready.desk.clock.advance(3 * 60 * MINUTE);
    assert_eq!(ready.outcome().0, DeploymentPhase::Finished);
    assert_eq!(
        ready.desk.get("/beta/deviceManagement/managedDevices").await.column("id").len(),
        1,
        "the earlier record is replaced"
    );
}

#[tokio::test]
async fn a_user_without_license_or_outside_the_group_in_scope_does_not_enroll() {
    let ready = ready().await;
    let tenant = &ready.desk.tenant;
    tenant.add_unlicensed_user("poor@contoso.com");
    let adele = tenant.add_user("adele@contoso.com");
    let users = tenant.add_group("Users");
    let link = json!({"@odata.id": format!("https://graph.microsoft.com/odata/groups('{users}')")});
    let as_user = |upn: &str| {
        tenant.power_on_with(PowerOnOptions::new("SN1").with_user(upn));
        ready.desk.clock.advance(3 * 60 * MINUTE);
        (ready.outcome().0, ready.outcome().1)
    };
    assert_eq!(as_user("poor@contoso.com"), (DeploymentPhase::Failed, Some(Cause::NoLicense)));
    assert_eq!(ready.desk.post(&format!("{SCOPE}/includedGroups/$ref"), link).await.status, 204);
    assert_eq!(as_user("adele@contoso.com"), (DeploymentPhase::Failed, Some(Cause::MdmScope)));
    tenant.add_member(&users, &adele);
    assert_eq!(as_user("adele@contoso.com"), (DeploymentPhase::Finished, None));
}

#[tokio::test]
async fn the_status_page_gives_up_after_its_time_and_forty_minutes() {
    let slow = || PowerOnOptions::new("SN1").with_device_setup(5 * 60 * MINUTE);
    let ready = ready().await;
    ready.desk.tenant.power_on_with(slow());
    ready.desk.clock.advance(8 * 60 * MINUTE);
    assert_eq!(ready.outcome(), (DeploymentPhase::Failed, Some(Cause::DeviceSetupTimeout), 10 + 60 + 40));
    let event = ready.event().await;
    assert_eq!(
        (&event["deviceSetupStatus"], &event["deploymentState"]),
        (&json!("failure"), &json!("failure"))
    );
    assert_eq!(
        (&event["deviceSetupDuration"], &event["enrollmentState"]),
        (&json!("PT1H40M"), &json!("enrolled"))
    );
    // A page that does not block lets the device go on.
    let lenient = json!({"@odata.type": ESP, "blockDeviceSetupRetryByUser": true});
    assert_eq!(ready.desk.patch(&ready.page, lenient).await.status, 200);
    ready.desk.tenant.power_on_with(slow());
    ready.desk.clock.advance(8 * 60 * MINUTE);
    assert_eq!(ready.outcome().0, DeploymentPhase::Finished);
    let rows = ready.desk.get(EVENTS).await;
    assert_eq!(rows.column("deploymentState"), ["failure", "successWithTimeout"]);
    assert_eq!(rows.column("deviceSetupStatus"), ["failure", "successWithTimeout"]);
}

#[tokio::test]
async fn account_setup_waits_for_entra_connect_unless_it_is_skipped() {
    let waiting = ready().await;
    waiting.desk.tenant.power_on("SN1");
    waiting.desk.clock.advance(28 * MINUTE);
    assert_eq!(waiting.outcome().0, DeploymentPhase::AccountSetup);
    assert_eq!(waiting.event().await["accountSetupStatus"], "inProgress");
    waiting.desk.clock.advance(60 * MINUTE);
    assert_eq!(waiting.outcome().0, DeploymentPhase::Finished);
    let skipping = ready().await;
    let custom = json!({"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "displayName": "Skip", "omaSettings": [
        {"@odata.type": "#microsoft.graph.omaSettingBoolean", "displayName": "Skip", "value": true,
            "omaUri": "./Vendor/MSFT/DMClient/Provider/MS DM Server/FirstSyncStatus/SkipUserStatusPage"}]});
    let made = skipping.desk.post(CONFIGURATIONS, custom).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let assign = format!("{CONFIGURATIONS}/{}/assign", made.id());
    assert_eq!(
        skipping.desk.post(&assign, json!({"assignments": [group_target(&skipping.group)]})).await.status,
        200
    );
    assert_eq!(skipping.deploy(), (DeploymentPhase::Finished, None, 27));
    assert_eq!(skipping.event().await["accountSetupStatus"], "notAttempted");
}

#[tokio::test]
async fn without_entra_connect_account_setup_never_ends_well() {
    let desk = Desk::with(|builder| {
        builder.with_delegated_callers().with_deployment_timing(|timing| timing.entra_connect = None)
    });
    let identity = desk.tenant.add_device_with(DeviceSpec::new("SN1"));
    let group = desk.tenant.add_group("Devices");
    desk.tenant.add_member(&group, &identity);
    desk.tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    desk.patch(SCOPE, json!({"appliesTo": "all"})).await;
    let profile = desk.profile("Hybrid").await;
    desk.post(&format!("{profile}/assignments"), all_devices()).await;
    join_configuration(&desk, &group, "").await;
    let page = desk.page("ESP").await;
    desk.patch(
        &page,
        json!({"@odata.type": ESP, "showInstallationProgress": true, "blockDeviceSetupRetryByUser": false}),
    )
    .await;
    desk.post(
        &format!("{page}/assign"),
        json!({"enrollmentConfigurationAssignments": [group_target(&group)]}),
    )
    .await;
    desk.clock.advance(5 * MINUTE);
    desk.tenant.power_on("SN1");
    desk.clock.advance(Duration::from_secs(8 * 3600));
    let deployment = desk.tenant.deployment("SN1").unwrap();
    assert_eq!(
        (deployment.phase, deployment.cause),
        (DeploymentPhase::Failed, Some(Cause::AccountSetupTimeout))
    );
    assert_eq!(desk.tenant.computers()[0].organizational_unit, None, "the default container needs no grant");
    let received = desk.get(EVENTS).await.body["value"][0].clone();
    assert_eq!(
        (&received["accountSetupStatus"], &received["accountSetupDuration"]),
        (&json!("failure"), &json!("PT1H40M"))
    );
}

#[tokio::test]
async fn a_device_that_nobody_registered_tells_nothing() {
    let desk = Desk::new();
    desk.tenant.power_on("SN9");
    desk.clock.advance(60 * MINUTE);
    let deployment = desk.tenant.deployment("SN9").unwrap();
    assert_eq!((deployment.phase, deployment.cause), (DeploymentPhase::Failed, Some(Cause::NotRegistered)));
    assert_eq!(desk.get(EVENTS).await.column("id").len(), 0);
    assert_eq!(desk.tenant.deployment("SN8"), None);
}
