//! Two operators who apply one deployment at the same time, in seeded interleavings; and plans that are saved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use fastrand::Rng;
use futures_util::future::join;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::sim::Tenant;
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::{Transport, TransportError};
use windows_autopilot::workflow::{
    ApplyOptions, ApplyReport, CreatedObjects, Journal, MemoryStore, Plan, Teardown,
};
use windows_autopilot::{Client, ErrorKind, Result};

use crate::support::{all, desired, devices, harness, writes};

const CASES: u64 = 500;

/// A network on which each request waits for some turns of the others, by a seed.
#[derive(Debug, Clone)]
struct Turns {
    tenant: Tenant,
    rng: Arc<Mutex<Rng>>,
    longest: usize,
}

impl Turns {
    async fn pass(&self) {
        let turns = self.rng.lock().unwrap().usize(..=self.longest);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Transport for Turns {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Bytes>, TransportError> {
        self.pass().await;
        let answer = self.tenant.send(request).await;
        self.pass().await;
        answer
    }
}

fn operator(harness: &Harness, turns: &Turns) -> Client {
    Client::builder(FixedToken::new("simulated"))
        .with_transport(turns.clone())
        .with_clock(harness.clock.clone())
        .build()
        .unwrap()
}

type Folder = [MemoryStore; 2];

async fn apply(client: Client, turns: Turns, folder: Option<Folder>, given: usize) -> ApplyReport {
    let plan = desired().plan(&client, &devices(given)).await.unwrap();
    turns.pass().await;
    let mut options = ApplyOptions::default();
    if let Some(folder) = folder {
        let [made, import] = folder.map(Journal::from_store);
        options = options.with_journals(made, import);
    }
    plan.apply_with(&client, options).await
}

/// The ids of the deployment's objects, by collection and name.
async fn objects(tenant: &Tenant) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in [
        "/v1.0/groups",
        "/beta/deviceManagement/windowsAutopilotDeploymentProfiles",
        "/beta/deviceManagement/deviceEnrollmentConfigurations",
        "/beta/deviceManagement/deviceConfigurations",
    ] {
        for object in all(tenant, path).await {
            let name = object["displayName"].as_str().unwrap_or_default();
            if name.contains("Munich") {
                let ids = found.entry(format!("{path} {name}")).or_default();
                ids.push(object["id"].as_str().unwrap().to_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn without_a_shared_folder_a_second_object_is_found_and_nothing_is_deleted() {
    let (mut twice, mut refused, mut alone) = (0, 0, 0);
    for seed in 0..CASES {
        let harness = harness();
        let mut rng = Rng::with_seed(seed);
        let longest = rng.usize(1..40);
        let given = usize::from(seed % 10 == 0);
        let turns = Turns { tenant: harness.tenant.clone(), rng: Arc::new(Mutex::new(rng)), longest };
        let run = || apply(operator(&harness, &turns), turns.clone(), None, given);
        let (one, other) = join(run(), run()).await;
        let found = objects(&harness.tenant).await;
        assert_eq!(found.len(), 4, "seed {seed}: {found:?} {one:?} {other:?}");
        let doubled: Vec<_> = found.values().filter(|ids| ids.len() > 1).collect();
        for ids in &doubled {
            let said = one.findings.iter().chain(&other.findings).find(|finding| {
                finding.id == "name.created-twice"
                    && ids.iter().all(|id| finding.evidence.contains(id.as_str()))
            });
            let said = said.unwrap_or_else(|| panic!("seed {seed}: {ids:?} is not said: {one:?} {other:?}"));
            assert_eq!(said.evidence.matches("created: 2").count(), ids.len(), "seed {seed}: {said}");
        }
        for found in one.findings.iter().chain(&other.findings) {
            let is_one = |ids: &&Vec<String>| ids.iter().all(|id| found.evidence.contains(id.as_str()));
            assert!(found.id == "name.created-twice" && doubled.iter().any(is_one), "seed {seed}: {found}");
        }
        for report in [&one, &other] {
            let kinds: Vec<ErrorKind> = report.errors().iter().map(windows_autopilot::Error::kind).collect();
            assert!(
                kinds.iter().all(|kind| *kind == ErrorKind::Conflict),
                "seed {seed}: {:?}",
                report.errors()
            );
            assert!(
                report.findings.is_empty() || !kinds.is_empty(),
                "seed {seed}: the run that finds one stops"
            );
        }
        let deletes = writes(&harness.tenant).into_keys().filter(|write| {
            write.starts_with("DELETE") && !write.contains("importedWindowsAutopilotDeviceIdentities")
        });
        assert_eq!(deletes.count(), 0, "seed {seed}");
        match (doubled.is_empty(), one.error().is_some() || other.error().is_some()) {
            (false, _) => twice += 1,
            (true, true) => refused += 1,
            (true, false) => alone += 1,
        }
    }
    assert!(twice > 50 && refused > 10, "twice {twice}, refused {refused}, alone {alone}");
}

#[tokio::test]
async fn with_a_shared_folder_nothing_is_created_twice() {
    let mut refused = 0;
    for seed in 0..CASES {
        let harness = harness();
        let mut rng = Rng::with_seed(seed);
        let longest = rng.usize(1..40);
        let given = usize::from(seed % 10 == 0);
        let turns = Turns { tenant: harness.tenant.clone(), rng: Arc::new(Mutex::new(rng)), longest };
        let folder = [MemoryStore::default(), MemoryStore::default()];
        let run = || apply(operator(&harness, &turns), turns.clone(), Some(folder.clone()), given);
        let (one, other) = join(run(), run()).await;
        let errors = [&one, &other].map(|report| report.error().map(windows_autopilot::Error::kind));
        assert!(errors.contains(&None), "seed {seed}: one gets through: {errors:?}");
        // The other finds the journal in use, or the tenant changed since its plan.
        let known = [None, Some(ErrorKind::Journal), Some(ErrorKind::Conflict)];
        assert!(errors.iter().all(|error| known.contains(error)), "seed {seed}: {errors:?}");
        refused += usize::from(errors.contains(&Some(ErrorKind::Journal)));
        let found = objects(&harness.tenant).await;
        assert_eq!(found.len(), 4, "seed {seed}");
        assert!(found.values().all(|ids| ids.len() == 1), "seed {seed}: {found:?}");
        assert_eq!(harness.tenant.device_count(), given, "seed {seed}");
        let again = apply(operator(&harness, &turns), turns.clone(), Some(folder.clone()), given).await;
        assert_eq!((again.error().is_none(), again.changes), (true, 0), "seed {seed}: {again:?}");
        let created = CreatedObjects::from_journal(Journal::from_store(folder[0].clone())).unwrap();
        assert_eq!(again.created, created, "seed {seed}");
    }
    assert!(refused > 100, "{refused} were refused by the lock");
}

/// A client whose token names a tenant.
fn signed_in(harness: &Harness, tenant: &str) -> Client {
    use base64::Engine as _;
    let claims = format!(r#"{{"tid":"{tenant}","scp":"{}"}}"#, SCOPES.join(" "));
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
    Client::builder(FixedToken::new(format!("e30.{claims}.sig")))
        .with_transport(harness.tenant.clone())
        .with_clock(harness.clock.clone())
        .build()
        .unwrap()
}

const SCOPES: &[&str] = &[
    "DeviceManagementServiceConfig.ReadWrite.All",
    "DeviceManagementConfiguration.ReadWrite.All",
    "DeviceManagementManagedDevices.ReadWrite.All",
    "DeviceManagementApps.Read.All",
    "Group.ReadWrite.All",
    "Device.Read.All",
    "Policy.ReadWrite.MobilityManagement",
    "Policy.Read.All",
    "User.ReadBasic.All",
];

#[tokio::test]
async fn a_saved_plan_is_bound_to_its_tenant_and_to_its_inputs() -> Result<()> {
    let harness = harness();
    let (a, b) = ("aaaaaaaa-0000-0000-0000-000000000001", "bbbbbbbb-0000-0000-0000-000000000002");
    let client = signed_in(&harness, a);
    let plan = desired().plan(&client, &devices(2)).await?;
    let shown = plan.to_string();
    for said in
        [a, "worldwide cloud", "corp.contoso.com", "Autopilot Munich", "de-DE", "MUC-", "OU=Autopilot"]
    {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let text = serde_json::to_string(&plan).unwrap();
    let saved = || serde_json::from_str::<Plan>(&text).unwrap();
    let refused = async |plan: &Plan, client: &Client, says: &[&str]| {
        let before = writes(&harness.tenant);
        let report = plan.apply(client).await;
        let error = report.error().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(says.iter().all(|said| error.to_string().contains(said)), "{error}");
        assert_eq!(writes(&harness.tenant), before);
    };
    // Another tenant, and one that is not known.
    refused(&saved().with_devices(devices(2)), &signed_in(&harness, b), &[a, b]).await;
    refused(&saved().with_devices(devices(2)), &harness.client, &[a, "does not name"]).await;
    // Other devices, or none, or a device with another tag.
    refused(&saved(), &client, &["2 planned, 0 given"]).await;
    refused(&saved().with_devices(devices(3)), &client, &["2 planned, 3 given"]).await;
    let mut tagged = devices(2);
    tagged[1] = tagged[1].clone().with_group_tag("Other".parse()?);
    refused(&saved().with_devices(tagged), &client, &["2 planned, 2 given"]).await;
    // Settings that were changed in the plan's file, or in the settings file.
    let changed = text.replace("de-DE", "fr-FR");
    let changed = serde_json::from_str::<Plan>(&changed).unwrap().with_devices(devices(2));
    refused(&changed, &client, &["settings"]).await;
    let mut other = desired();
    other.remove_other_assignments = true;
    let error = saved().with_devices(devices(2)).check_settings(&other).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("settings"), "{error}");
    // In another order they are the same devices.
    let mut sorted = devices(2);
    sorted.reverse();
    let plan = saved().with_devices(devices(2));
    plan.check_settings(&desired())?;
    let plan = saved().with_devices(sorted);
    let kept = MemoryStore::default();
    let [made, import] = [kept.clone(), MemoryStore::default()].map(Journal::from_store);
    let report =
        plan.apply_with(&client, ApplyOptions::default().with_journals(made, import)).await.into_result()?;
    assert_eq!(report.devices.len(), 2);

    // What was created there is not taken down elsewhere, nor is its journal gone on from.
    let created = CreatedObjects::from_journal(Journal::from_store(kept.clone()))?;
    assert_eq!(created.tenant_id(), Some(a));
    let elsewhere = signed_in(&harness, b);
    let error = Teardown::new(created.clone()).plan(&elsewhere).await.unwrap_err();
    assert!(error.to_string().contains(a) && error.to_string().contains(b), "{error}");
    let teardown = Teardown::new(created).plan(&client).await?;
    assert!(teardown.to_string().contains(a), "{teardown}");
    assert_eq!(teardown.apply(&elsewhere).await.error().unwrap().kind(), ErrorKind::InvalidInput);
    let plan = desired().plan(&elsewhere, &devices(2)).await?;
    let [made, import] = [kept, MemoryStore::default()].map(Journal::from_store);
    let report = plan.apply_with(&elsewhere, ApplyOptions::default().with_journals(made, import)).await;
    assert!(report.error().unwrap().to_string().contains(a), "{report:?}");
    Ok(())
}
