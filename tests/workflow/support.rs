//! A deployment to test with, and what a tenant holds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use windows_autopilot::Client;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::model::DeviceToImport;
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::sim::Tenant;
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::{Transport, TransportError};
use windows_autopilot::workflow::HybridJoin;

pub(crate) const UNIT: &str = "OU=Autopilot,DC=corp,DC=contoso,DC=com";
pub(crate) const DOMAIN: &str = "corp.contoso.com";

/// The findings of every plan for [`desired`], whatever else is found: nobody has confirmed the connectors' right, and
/// account setup is not skipped.
pub(crate) const UNCONFIRMED: &str = "warning computer-accounts.not-confirmed";
pub(crate) const WAITS: &str = "info page.account-setup-waits";

pub(crate) fn desired() -> HybridJoin {
    let text = format!(
        r#"
        name = "Munich"
        mdm_scope.groups = ["Intune users"]
        connectors = {{}}
        [active_directory]
        domain = "{DOMAIN}"
        organizational_unit = "{UNIT}"
        [group]
        display_name = "Autopilot Munich"
        members.group_tag = "Munich"
        [enrollment_status_page]
        display_name = "Autopilot Munich"
        [profile]
        display_name = "Contoso hybrid Munich"
        locale = "de-DE"
        [domain_join]
        display_name = "Munich"
        computer_name_prefix = "MUC-"
        "#
    );
    toml::from_str(&text).unwrap()
}

/// The same with other names, beside it.
pub(crate) fn other(name: &str) -> HybridJoin {
    let text = toml::to_string(&desired()).unwrap().replace("Munich", name);
    toml::from_str(&text).unwrap()
}

pub(crate) fn devices(count: usize) -> Vec<DeviceToImport> {
    (0..count)
        .map(|n| {
            let serial = format!("PF{n:06}");
            DeviceToImport::new(serial.parse().unwrap(), SampleHash::new(serial.clone()).build().unwrap())
        })
        .collect()
}

/// What a real tenant has before the first step.
pub(crate) fn prepare(tenant: &Tenant) {
    tenant.add_group("Intune users");
    tenant.add_connector("SRV-ODJ-01", DOMAIN, "6.2504.2001.8");
}

pub(crate) fn harness() -> Harness {
    let harness = Harness::new();
    prepare(&harness.tenant);
    harness
}

/// Adds a group of users to the MDM user scope, and returns its id.
pub(crate) async fn enroll(tenant: &Tenant, name: &str) -> String {
    let group = tenant.add_group(name);
    let path = "/beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000/includedGroups/$ref";
    let body =
        serde_json::json!({ "@odata.id": format!("https://graph.microsoft.com/odata/groups('{group}')") });
    send(tenant, "POST", path, Some(body)).await;
    group
}

/// Somebody who may enroll devices: the user's name.
pub(crate) async fn add_user(harness: &Harness) -> String {
    let name = format!("adele@{}", harness.tenant.domain());
    let user = harness.tenant.add_user(&name);
    let groups = harness.client.groups().list().all().await.unwrap();
    let users = groups.iter().find(|group| group.settings.display_name.as_str() == "Intune users").unwrap();
    harness.tenant.add_member(users.id.as_str(), &user);
    name
}

/// How many writes a tenant took, by method and path.
pub(crate) fn writes(tenant: &Tenant) -> BTreeMap<String, usize> {
    let mut writes = BTreeMap::new();
    for request in tenant.requests() {
        if request.method != "GET"
            && !request.path.ends_with("/$batch")
            && request.status.is_some_and(|status| status.is_success())
        {
            *writes.entry(format!("{} {}", request.method, request.path)).or_default() += 1;
        }
    }
    writes
}

/// A request without the client's code.
pub(crate) async fn send(tenant: &Tenant, method: &str, path: &str, body: Option<Value>) -> Value {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("https://graph.microsoft.com{path}"))
        .header("authorization", "Bearer any")
        .header("content-type", "application/json")
        .body(body.map_or_else(Bytes::new, |body| body.to_string().into()));
    let answer = tenant.send(request.unwrap()).await.unwrap();
    let status = answer.status();
    assert!(status.is_success(), "{method} {path}: {status} {:?}", answer.body());
    serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
}

/// A network that dies at a write: before it is sent, or before its answer comes.
#[derive(Debug, Clone)]
pub(crate) struct Deadly {
    pub(crate) tenant: Tenant,
    /// Writes until then.
    pub(crate) left: Arc<AtomicUsize>,
    arrives: bool,
    /// The serial numbers that arrived in imports.
    pub(crate) imported: Arc<Mutex<Vec<String>>>,
    pub(crate) dead: Arc<tokio::sync::Notify>,
}

impl Deadly {
    /// Returns `true` if all writes went through.
    pub(crate) fn is_alive(&self) -> bool {
        self.left.load(Ordering::SeqCst) < usize::MAX / 2
    }

    /// Runs until the end, or until the process is killed.
    pub(crate) async fn run<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.dead.notified() => None,
            ended = run => Some(ended),
        }
    }

    pub(crate) fn new(tenant: &Tenant, at_write: usize, arrives: bool) -> Self {
        let left = Arc::new(AtomicUsize::new(at_write));
        Self { tenant: tenant.clone(), left, arrives, imported: Arc::default(), dead: Arc::default() }
    }

    /// Creates a network that does not die.
    pub(crate) fn immortal(tenant: &Tenant) -> Self {
        Self::new(tenant, usize::MAX, true)
    }

    /// Returns the network after the death, with the same record of imports. It does not die again.
    pub(crate) fn revived(&self) -> Self {
        Self { imported: self.imported.clone(), ..Self::immortal(&self.tenant) }
    }

    /// Records the devices of an import.
    fn note(&self, request: &http::Request<Bytes>) {
        if request.uri().path().ends_with("/import") {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let list = body["importedWindowsAutopilotDeviceIdentities"].as_array().unwrap();
            self.imported.lock().unwrap().extend(list.iter().map(|device| text(device, "serialNumber")));
        }
    }

    pub(crate) fn client(&self, of: &Harness) -> Client {
        Client::builder(FixedToken::new("simulated"))
            .with_transport(self.clone())
            .with_clock(of.clock.clone())
            .build()
            .unwrap()
    }
}

#[async_trait]
impl Transport for Deadly {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Bytes>, TransportError> {
        // Batches only read, but for deleted records of imports.
        let writes = request.method() != http::Method::GET
            && (!request.uri().path().ends_with("$batch")
                || request.body().windows(6).any(|at| at == b"DELETE"));
        if writes && self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            if self.arrives {
                self.note(&request);
                let _ = self.tenant.send(request).await;
            }
            self.dead.notify_one();
            return std::future::pending().await;
        }
        self.note(&request);
        self.tenant.send(request).await
    }
}

const OBJECTS: [(&str, Option<&str>); 6] = [
    ("/v1.0/groups", None),
    ("/beta/deviceManagement/windowsAutopilotDeploymentProfiles", Some("assignments")),
    ("/beta/deviceManagement/deviceEnrollmentConfigurations", Some("assignments")),
    ("/beta/deviceManagement/deviceConfigurations", Some("assignments")),
    ("/beta/deviceManagement/windowsAutopilotDeviceIdentities", None),
    ("/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities", None),
];

/// Everything in a tenant that a deployment may touch, in words without ids and dates.
pub(crate) async fn snapshot(tenant: &Tenant) -> Vec<String> {
    let mut names = BTreeMap::new();
    for group in all(tenant, OBJECTS[0].0).await {
        names.insert(text(&group, "id"), text(&group, "displayName"));
    }
    let mut lines = Vec::new();
    for (path, assignments) in OBJECTS {
        for mut object in all(tenant, path).await {
            let id = text(&object, "id");
            let mut line = path.rsplit('/').next().unwrap().to_owned();
            if let Some(assignments) = assignments {
                let mut targets: Vec<String> = all(tenant, &format!("{path}/{id}/{assignments}"))
                    .await
                    .iter()
                    .map(|assignment| {
                        let target = &assignment["target"];
                        let group = names.get(&text(target, "groupId")).cloned().unwrap_or_default();
                        format!("{} {group}", text(target, "@odata.type"))
                    })
                    .collect();
                targets.sort();
                line.push_str(&format!(" {targets:?}"));
            }
            for gone in VOLATILE {
                object.as_object_mut().unwrap().remove(*gone);
            }
            lines.push(format!("{line} {object}"));
        }
    }
    let policy = "/beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000";
    let policy = send(tenant, "GET", &format!("{policy}?$expand=includedGroups"), None).await;
    let groups: Vec<String> =
        policy["includedGroups"].as_array().into_iter().flatten().map(|of| text(of, "displayName")).collect();
    lines.push(format!("scope {} {groups:?}", policy["appliesTo"]));
    lines.sort();
    lines
}

const VOLATILE: &[&str] = &[
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "renewedDateTime",
    "version",
    "priority",
    "securityIdentifier",
    "azureActiveDirectoryDeviceId",
    "azureAdDeviceId",
    "deploymentProfileAssignedDateTime",
    "deploymentProfileAssignmentStatus",
    "deploymentProfileAssignmentDetailedStatus",
    "lastContactedDateTime",
    "remediationStateLastModifiedDateTime",
    "mailNickname",
    "importId",
    "state",
];

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

pub(crate) async fn all(tenant: &Tenant, path: &str) -> Vec<Value> {
    let mut objects = Vec::new();
    let mut next = path.to_owned();
    loop {
        let page = send(tenant, "GET", &next, None).await;
        objects.extend(page["value"].as_array().unwrap().iter().cloned());
        match page["@odata.nextLink"].as_str() {
            Some(link) => next = link.trim_start_matches("https://graph.microsoft.com").to_owned(),
            None => return objects,
        }
    }
}
