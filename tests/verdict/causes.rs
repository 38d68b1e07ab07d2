//! Every cause for which a simulated deployment fails: the device, its evidence and the watch agree.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use windows_autopilot::clock::{Clock as _, FakeClock};
use windows_autopilot::evidence::{Options, Strength, Verdict, VerdictOutcome, diagnose};
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::http::Method;
use windows_autopilot::model::{
    Device, DeviceToImport, DomainJoinProfile, HybridJoinProfile, Id, MdmScope, Target,
};
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::serde_json::{Value, json};
use windows_autopilot::sim::{
    Cause, Computer, ComputerAccounts, ComputerRefusal, DeploymentPhase, PowerOnOptions, RefusalKind,
};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::HybridJoin;
use windows_autopilot::workflow::watch::{DeploymentOutcome, DeviceDeployment, Expectation, Watch};

use crate::bundle::Files;

const DOMAIN: &str = "corp.contoso.com";
const UNIT: &str = "OU=Autopilot,DC=corp,DC=contoso,DC=com";
const USER: &str = "adele@contoso.onmicrosoft.com";
const CONFIGURATIONS: &str = "/deviceManagement/deviceConfigurations";
const MINUTE: Duration = Duration::from_secs(60);

/// Returns the likeliest cause in the evidence with its strength, the finding of the watch alone, and whether the evidence
/// takes its place.
fn expected(cause: Cause) -> ((&'static str, Strength), &'static str, bool) {
    use Strength::{Proof, Strong};
    let join_failed = "watch.domain-join-failed";
    match cause {
        Cause::NotRegistered => (("evidence.not-registered", Proof), "watch.not-registered", false),
        Cause::HardwareChanged => {
            (("evidence.hardware-changed", Proof), "watch.registration-needs-repair", false)
        }
        Cause::NoProfile => (("evidence.no-profile", Proof), "watch.profile-not-assigned", false),
        Cause::MdmScope => (("evidence.not-in-mdm-scope", Proof), "watch.did-not-enroll", true),
        Cause::NoLicense => (("evidence.no-license", Proof), "watch.no-license", false),
        Cause::PlatformBlocked => {
            (("evidence.enrollment-restricted", Strong), "watch.enrollment-restricted", false)
        }
        Cause::UserAssigned => (("evidence.user-assigned", Strong), "watch.user-assigned", false),
        Cause::AnchorMissing => (("evidence.anchor-missing", Proof), "watch.anchor-missing", false),
        // The logs show that nobody asked the connector; Graph shows why.
        Cause::NoDomainJoin => (("evidence.no-request", Strong), "watch.no-domain-join-profile", false),
        Cause::SeveralDomainJoins => {
            (("evidence.no-request", Strong), "watch.several-domain-join-profiles", false)
        }
        Cause::NoConnector => (("evidence.no-request", Strong), "watch.no-connector", false),
        Cause::ConnectorTooOld => (("evidence.no-request", Strong), "watch.connector-outdated", false),
        Cause::BadUnit => (("evidence.connector-failed", Proof), "watch.invalid-domain-join-profile", false),
        // Graph does not show the cause.
        Cause::NoRight => (("evidence.no-right-on-unit", Proof), join_failed, true),
        Cause::QuotaExceeded => (("evidence.account-quota", Strong), join_failed, true),
        Cause::NameTaken | Cause::ComputerRefused => {
            (("evidence.connector-failed", Proof), join_failed, true)
        }
        Cause::NoAnswer => (("evidence.no-request", Strong), join_failed, true),
        Cause::NoDomainController => (("evidence.no-domain-controller", Proof), join_failed, true),
        Cause::DeviceSetupTimeout => {
            (("evidence.device-page-timed-out", Proof), "watch.device-setup-timeout", false)
        }
        Cause::AccountSetupTimeout => (("evidence.not-synced", Strong), "watch.not-synced", false),
        other => panic!("no expectation for {other:?}"),
    }
}

/// A directory that refuses every computer, or takes its time.
#[derive(Debug)]
struct Accounts(Option<RefusalKind>, Arc<OnceLock<FakeClock>>);

#[async_trait]
impl ComputerAccounts for Accounts {
    async fn create(&self, _: &Computer) -> Result<(), ComputerRefusal> {
        match self.0 {
            Some(kind) => Err(ComputerRefusal::new(kind, "the directory says no")),
            None => {
                if let Some(clock) = self.1.get() {
                    clock.sleep(180 * MINUTE).await;
                }
                Ok(())
            }
        }
    }
}

/// A tenant with one device that can be deployed.
struct World {
    harness: Harness,
    device: Id<Device>,
    serial: String,
    profile: Id<HybridJoinProfile>,
    connector: String,
}

impl World {
    async fn new(cause: Option<Cause>) -> Self {
        let accounts = match cause {
            Some(Cause::QuotaExceeded) => Some(Some(RefusalKind::QuotaExceeded)),
            Some(Cause::NameTaken) => Some(Some(RefusalKind::NameTaken)),
            Some(Cause::ComputerRefused) => Some(Some(RefusalKind::Other)),
            Some(Cause::NoAnswer) => Some(None),
            _ => None,
        };
        let clock = Arc::new(OnceLock::new());
        let harness = Harness::builder()
            .with_tenant(|mut tenant| {
                if let Some(answer) = accounts {
                    tenant = tenant.with_computer_accounts(Accounts(answer, Arc::clone(&clock)));
                }
                tenant.with_deployment_timing(|timing| {
                    if cause == Some(Cause::AccountSetupTimeout) {
                        timing.entra_connect = None;
                    }
                })
            })
            .build();
        clock.set(harness.clock.clone()).unwrap();
        let Harness { client, tenant, .. } = &harness;
        let desired: HybridJoin = toml::from_str(include_str!("../support/munich.toml")).unwrap();
        let (users, user) = (tenant.add_group("Intune users"), tenant.add_user(USER));
        tenant.add_member(&users, &user);
        let connector = tenant.add_connector("SRV-ODJ-01", DOMAIN, "6.2504.2001.8");
        tenant.grant_ou(UNIT);
        let serial = "PF3XK7M1".to_owned();
        let device = DeviceToImport::new(serial.parse().unwrap(), SampleHash::new(&serial).build().unwrap());
        let applied =
            desired.plan(client, &[device]).await.unwrap().apply(client).await.into_result().unwrap();
        let (device, profile) = (applied.devices[0].0.clone(), applied.profile.unwrap());
        client.devices().wait_until_assigned(&device, &profile, 60 * MINUTE).await.unwrap();
        Self { harness, device, serial, profile, connector }
    }

    /// Returns the only object of a collection whose property has this value, as the service has it.
    async fn find(&self, path: &str, property: &str, value: &str) -> Value {
        let page: Value =
            self.harness.client.request(Method::GET, ApiVersion::Beta, path).read().await.unwrap();
        let objects = page["value"].as_array().unwrap();
        objects.iter().find(|object| object[property] == value).unwrap().clone()
    }

    async fn change(&self, path: &str, object: &Value, mut change: Value) {
        change["@odata.type"] = object["@odata.type"].clone();
        let path = format!("{path}/{}", object["id"].as_str().unwrap());
        self.harness.client.patch(ApiVersion::Beta, &path, &change).await.unwrap();
    }

    /// Makes the deployment fail for this cause, and switches the device on.
    async fn switch_on(&self, cause: Option<Cause>) {
        let Harness { client, tenant, clock, .. } = &self.harness;
        let mut power_on = PowerOnOptions::new(&self.serial).with_user(USER);
        let join = "#microsoft.graph.windowsDomainJoinConfiguration";
        match cause {
            Some(Cause::NotRegistered) => client.devices().delete(&self.device).await.unwrap(),
            Some(Cause::HardwareChanged) => assert!(tenant.swap_motherboard(&self.serial)),
            Some(Cause::NoProfile) => {
                client.profiles().assignments(&self.profile).replace(&[]).await.unwrap();
            }
            Some(Cause::MdmScope) => {
                let policy = client.mdm_policies().intune().await.unwrap();
                client.mdm_policies().set_scope(&policy, &MdmScope::None).await.unwrap();
            }
            Some(Cause::NoLicense) => {
                let (group, user) = (
                    self.find("/groups", "displayName", "Intune users").await,
                    tenant.add_unlicensed_user("contractor@contoso.onmicrosoft.com"),
                );
                tenant.add_member(group["id"].as_str().unwrap(), &user);
                power_on = power_on.with_user("contractor@contoso.onmicrosoft.com");
            }
            Some(Cause::PlatformBlocked) => {
                let path = "/deviceManagement/deviceEnrollmentConfigurations";
                let kind = "#microsoft.graph.deviceEnrollmentPlatformRestrictionsConfiguration";
                let of = self.find(path, "@odata.type", kind).await;
                self.change(path, &of, json!({"windowsRestriction": {"platformBlocked": true}})).await;
            }
            Some(Cause::UserAssigned) => {
                let path = format!(
                    "/deviceManagement/windowsAutopilotDeviceIdentities/{}/assignUserToDevice",
                    self.device
                );
                let body = json!({"userPrincipalName": USER, "addressableUserName": "Adele"});
                let post = client.request(Method::POST, ApiVersion::Beta, &path).json(&body);
                post.done().await.unwrap();
            }
            Some(Cause::NoDomainJoin) => {
                let of = self.find(CONFIGURATIONS, "@odata.type", join).await;
                let id = of["id"].as_str().unwrap().parse().unwrap();
                client.domain_join_profiles().assignments(&id).replace_at_once(&[]).await.unwrap();
            }
            Some(Cause::SeveralDomainJoins) => {
                let again = DomainJoinProfile::new(
                    "Munich again".parse().unwrap(),
                    DOMAIN.parse().unwrap(),
                    "MUC-".parse().unwrap(),
                );
                let again = client.domain_join_profiles().create(&again).await.unwrap();
                let group = self.find("/groups", "displayName", "Autopilot Munich").await;
                let target = Target::group(group["id"].as_str().unwrap().parse().unwrap());
                client.domain_join_profiles().assignments(&again.id).add(&target).await.unwrap();
            }
            Some(Cause::NoConnector) => tenant.stop_connector(&self.connector),
            Some(Cause::ConnectorTooOld) => {
                tenant.stop_connector(&self.connector);
                tenant.add_connector("SRV-ODJ-00", DOMAIN, "6.2407.2000.8");
            }
            Some(Cause::BadUnit) => {
                let of = self.find(CONFIGURATIONS, "@odata.type", join).await;
                let unit = json!({"organizationalUnit": "CN=Computers,DC=corp,DC=contoso,DC=com"});
                self.change(CONFIGURATIONS, &of, unit).await;
            }
            Some(Cause::NoRight) => tenant.revoke_ou(UNIT),
            Some(Cause::NoDomainController) => power_on = power_on.without_domain_controller(),
            Some(Cause::DeviceSetupTimeout) => power_on = power_on.with_device_setup(180 * MINUTE),
            _ => {}
        }
        clock.sleep(15 * MINUTE).await;
        tenant.power_on_with(power_on);
        if cause == Some(Cause::AnchorMissing) {
            clock.sleep(4 * MINUTE).await;
            assert!(tenant.remove_anchor(&self.serial));
        }
        for _ in 0..48 {
            clock.sleep(5 * MINUTE).await;
            tenant.create_computers().await;
        }
    }

    /// Watches the device to its end, with or without evidence.
    async fn watch(&self, verdict: Option<&Verdict>) -> DeviceDeployment {
        let mut expected = Expectation::default()
            .with_profile(self.profile.clone())
            .with_computer_name_prefix("MUC-".parse().unwrap());
        expected.power_on_timeout = 30 * MINUTE;
        let mut watch = Watch::new(&self.harness.client, [self.device.clone()]).with_expectation(expected);
        if let Some(verdict) = verdict {
            watch = watch.with_evidence(&self.device, verdict);
        }
        watch.start().await.unwrap().devices.remove(0)
    }
}

fn ids(device: &DeviceDeployment) -> Vec<&str> {
    device.state.findings.iter().map(|finding| finding.id.as_ref()).collect()
}

#[tokio::test]
async fn the_device_its_evidence_and_the_watch_agree_on_every_cause() {
    for cause in Cause::ALL {
        let (evidence, alone, replaced) = expected(cause);
        let world = World::new(Some(cause)).await;
        world.switch_on(Some(cause)).await;
        let deployment = world.harness.tenant.deployment(&world.serial).unwrap();
        assert_eq!((deployment.phase, deployment.cause), (DeploymentPhase::Failed, Some(cause)));
        let story = world.harness.tenant.device_story(&world.serial).unwrap();
        let verdict = diagnose(&Files::of(&story).in_memory().read(), &Options::default());
        let found = verdict.cause().map(|found| (found.finding.id.as_ref(), found.strength));
        assert_eq!(found, Some(evidence), "{cause:?}:\n{verdict}");
        assert_eq!(verdict.outcome(), VerdictOutcome::CauseFound, "{cause:?}:\n{verdict}");

        let before = world.watch(None).await;
        assert_eq!(ids(&before), [alone], "{cause:?}");
        let after = world.watch(Some(&verdict)).await;
        assert_eq!(before.state.outcome, after.state.outcome, "{cause:?}");
        let mut wanted = vec![evidence.0];
        if !replaced {
            wanted.insert(usize::from(evidence.1 == Strength::Proof), alone);
        }
        assert_eq!(ids(&after), wanted, "{cause:?}");
    }
}

#[tokio::test]
async fn a_device_that_is_ready_has_no_cause_in_its_evidence() {
    let world = World::new(None).await;
    world.switch_on(None).await;
    let story = world.harness.tenant.device_story(&world.serial).unwrap();
    let verdict = diagnose(&Files::of(&story).in_memory().read(), &Options::default());
    assert_eq!((verdict.outcome(), verdict.cause()), (VerdictOutcome::Healthy, None), "{verdict}");
    let device = world.watch(Some(&verdict)).await;
    assert_eq!((device.state.outcome, ids(&device)), (DeploymentOutcome::Ready, Vec::new()));
}
