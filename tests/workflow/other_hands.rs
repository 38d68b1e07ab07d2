//! Two deployments and a third hand in one tenant: between any two requests of a run, the hand registers, assigns,
//! renames, deletes and adds. A ledger tells from the requests alone who owns what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use fastrand::Rng;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use windows_autopilot::credential::FixedToken;
use windows_autopilot::model::DeviceToImport;
use windows_autopilot::sim::{DeviceSpec, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::{Transport, TransportError};
use windows_autopilot::workflow::{
    ApplyOptions, CreatedObject, CreatedObjects, HybridJoin, Journal, MemoryStore, PlanOptions, Teardown,
    TeardownOptions, UserScope,
};
use windows_autopilot::{Client, ErrorKind};

use crate::support::{all, desired, devices, harness, other};

const GROUPS: &str = "/v1.0/groups";
const PROFILES: &str = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";
const PAGES: &str = "/beta/deviceManagement/deviceEnrollmentConfigurations";
const JOINS: &str = "/beta/deviceManagement/deviceConfigurations";
const DEVICES: &str = "/beta/deviceManagement/windowsAutopilotDeviceIdentities";
const SCOPE: &str = "/beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000";

/// The number of histories; set `OTHER_HANDS` for more.
fn cases() -> u64 {
    std::env::var("OTHER_HANDS").ok().and_then(|count| count.parse().ok()).unwrap_or(25)
}

/// The owner of an object, an assignment or a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Hand,
    Deployment(usize),
}

/// Who owns what, by the requests and answers on the wire.
#[derive(Debug, Default)]
struct Ledger {
    /// The number of requests and acts so far.
    now: usize,
    /// Objects by id.
    made: BTreeMap<String, Owner>,
    /// Assignments that were added: the owner, the object and its target.
    assigned: BTreeSet<(Owner, String, String)>,
    /// The hand's uses: the used object, the using one, and the time.
    used: Vec<(String, String, usize)>,
    /// The hand's registrations.
    registered: BTreeSet<String>,
    /// Groups that were taken into the MDM user scope.
    scope: BTreeSet<(Owner, String)>,
    /// Objects that anybody deleted.
    deleted: BTreeSet<String>,
    /// Serial numbers that each deployment has sent.
    sent: BTreeSet<(usize, String)>,
    /// The last time that each deployment began to read the tenant.
    read: BTreeMap<usize, usize>,
    /// What went wrong.
    violations: Vec<String>,
    acts: BTreeMap<&'static str, usize>,
}

impl Ledger {
    /// Takes a request of a deployment and its answer.
    fn take(&mut self, deployment: usize, request: &Request<Bytes>, answer: &Response<Bytes>) {
        self.now += 1;
        let owner = Owner::Deployment(deployment);
        let path = request.uri().path().to_owned();
        if request.method() == Method::GET && path == PROFILES {
            self.read.insert(deployment, self.now);
        }
        if !answer.status().is_success() || path.ends_with("$batch") {
            return;
        }
        let sent: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let got: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let of = |collection: &str| {
            let rest = path.strip_prefix(collection)?.strip_prefix('/')?;
            Some(rest.split('/').map(str::to_owned).collect::<Vec<_>>())
        };
        if *request.method() == Method::POST {
            if [GROUPS, PROFILES, PAGES, JOINS].contains(&path.as_str()) {
                self.made.insert(text(&got, "id"), owner);
            } else if path.ends_with("/assignments") {
                let object = path.rsplit('/').nth(1).unwrap_or_default().to_owned();
                self.assigned.insert((owner, object, target_of(&sent["target"])));
            } else if path.ends_with("/includedGroups/$ref") {
                self.scope.insert((owner, group_in(&sent)));
            } else if path.ends_with("/import") {
                let list = sent["importedWindowsAutopilotDeviceIdentities"].as_array().cloned();
                for device in list.into_iter().flatten() {
                    self.sent.insert((deployment, text(&device, "serialNumber").to_lowercase()));
                }
            }
        }
        if *request.method() == Method::DELETE || *request.method() == Method::PATCH {
            for collection in [GROUPS, PROFILES, PAGES, JOINS] {
                let Some(parts) = of(collection) else { continue };
                match parts.as_slice() {
                    [id] => self.touched(owner, deployment, request.method(), id),
                    [object, kind, id] if kind == "assignments" => {
                        // The id is the object's, the target and, for profiles, a number.
                        let target = id.strip_prefix(object.as_str()).and_then(|rest| rest.split('_').nth(1));
                        let target = target.unwrap_or_default();
                        let is_own = self
                            .assigned
                            .iter()
                            .any(|(of, held, to)| *of == owner && held == object && target == to);
                        if !is_own && !self.is_within(object, target) {
                            self.violations.push(format!("{} {path}", request.method()));
                        }
                    }
                    _ => {}
                }
            }
            if let Some(parts) = of(DEVICES)
                && self.registered.contains(&parts[0])
            {
                self.violations.push(format!("{} the hand's registration {}", request.method(), parts[0]));
            }
            if let Some(parts) = of(SCOPE)
                && parts.len() == 3
                && !self.scope.contains(&(owner, parts[1].clone()))
            {
                self.violations.push(format!("{} {path}", request.method()));
            }
        }
    }

    /// Checks the change or deletion of an object.
    fn touched(&mut self, owner: Owner, deployment: usize, method: &Method, id: &str) {
        if self.made.get(id) != Some(&owner) {
            self.violations.push(format!("{method} {id} of {:?} by {owner:?}", self.made.get(id)));
        }
        let read = self.read.get(&deployment).copied().unwrap_or_default();
        if *method != Method::DELETE {
            return;
        }
        let is_use = |(used, by, at): &&(String, String, usize)| {
            used == id && *at < read && !self.deleted.contains(by)
        };
        if let Some((_, by, at)) = self.used.iter().find(is_use) {
            self.violations.push(format!("DELETE {id}, used by {by} since {at}, read at {read}"));
        }
        self.deleted.insert(id.to_owned());
    }

    /// Returns `true` if two objects are of one deployment.
    fn is_within(&self, one: &str, other: &str) -> bool {
        let owner = self.made.get(one);
        matches!(owner, Some(Owner::Deployment(_))) && owner == self.made.get(other)
    }

    /// Records the hand's use of two objects by each other.
    fn uses(&mut self, one: &str, other: &str) {
        self.used.push((one.to_owned(), other.to_owned(), self.now));
        self.used.push((other.to_owned(), one.to_owned(), self.now));
    }

    /// Checks that a record has nothing of others, and all that is the deployment's own.
    fn check_record(&mut self, deployment: usize, created: &CreatedObjects) {
        let owner = Owner::Deployment(deployment);
        let mut wrong = Vec::new();
        for item in created.items() {
            match item {
                CreatedObject::Object { id: Some(id), .. } if self.made.get(id) == Some(&owner) => {}
                CreatedObject::Assignment { target, .. } => {
                    let target = serde_json::to_value(target).unwrap();
                    let target = target_of(&target);
                    if !self.assigned.iter().any(|(of, _, to)| *of == owner && *to == target) {
                        wrong.push(format!("{item:?}"));
                    }
                }
                CreatedObject::Device { id: Some(id), .. } if !self.registered.contains(id.as_str()) => {}
                // In flight: whether the service took it is not known.
                CreatedObject::Device { id: None, serial_number, .. }
                    if self.sent.contains(&(deployment, serial_number.to_lowercase())) => {}
                CreatedObject::Scope { before, after, .. } => {
                    let groups = |scope: &UserScope| match scope {
                        UserScope::Groups(groups) => groups.keys().map(ToString::to_string).collect(),
                        _ => BTreeSet::new(),
                    };
                    let (before, after) = (groups(before), groups(after));
                    let own: Vec<&String> = after.difference(&before).collect();
                    if !own.iter().all(|id| self.scope.contains(&(owner, (*id).clone()))) {
                        wrong.push(format!("{item:?}"));
                    }
                }
                other => wrong.push(format!("{other:?}")),
            }
        }
        self.violations.extend(wrong.into_iter().map(|item| format!("{owner:?} recorded {item}")));
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// The target of an assignment as the end of the assignment's id: the group, or what else.
fn target_of(target: &Value) -> String {
    let group = target["groupId"].as_str().map(str::to_owned);
    group.unwrap_or_else(|| "adadadad-808e-44e2-905a-0b7873a8a531".to_owned())
}

fn group_in(body: &Value) -> String {
    let reference = text(body, "@odata.id");
    reference.rsplit(['\'', '/']).find(|part| part.len() == 36).unwrap_or_default().to_owned()
}

/// Somebody else with access to the tenant.
#[derive(Debug)]
struct Hand {
    tenant: Tenant,
    rng: Rng,
    /// The chance of an act before and after each request, in percent.
    chance: u8,
    serials: Vec<String>,
}

impl Hand {
    /// Sends a request, and returns the answer if it was accepted.
    async fn send(&self, method: &str, path: &str, body: Value) -> Option<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://graph.microsoft.com{path}"))
            .header("authorization", "Bearer any")
            .header("content-type", "application/json")
            .body(if body.is_null() { Bytes::new() } else { body.to_string().into() });
        let answer = self.tenant.send(request.unwrap()).await.unwrap();
        let is_done = answer.status().is_success();
        is_done.then(|| serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    /// Returns an object of a collection: its id, type and name.
    async fn any(&mut self, collection: &str) -> Option<(String, Value, String)> {
        let mut found = all(&self.tenant, collection).await;
        // The default page is nobody's.
        found.retain(|object| text(object, "displayName").len() > 1 && object["priority"] != json!(0));
        let found = self.rng.choice(&found)?;
        Some((text(found, "id"), found["@odata.type"].clone(), text(found, "displayName")))
    }

    fn collection(&mut self, with_groups: bool) -> &'static str {
        let all = [PROFILES, PAGES, JOINS, GROUPS];
        all[self.rng.usize(..if with_groups { 4 } else { 3 })]
    }

    async fn act(&mut self, ledger: &mut Ledger) {
        ledger.now += 1;
        let name = match self.rng.u8(0..11) {
            0 => self.register(ledger, false),
            1 => self.register(ledger, true),
            2 | 3 => return self.assign(ledger).await,
            4 => return self.use_policy_set(ledger).await,
            5 => return self.rename(ledger).await,
            6 => return self.delete(ledger).await,
            7 => return self.create(ledger).await,
            8 => return self.nest(ledger).await,
            9 => return self.change_scope(ledger).await,
            _ => return self.fill_group().await,
        };
        *ledger.acts.entry(name).or_default() += 1;
    }

    /// Registers a device, or registers it anew.
    fn register(&mut self, ledger: &mut Ledger, anew: bool) -> &'static str {
        let serial = self.rng.choice(&self.serials).unwrap().clone();
        if let Some(old) = self.tenant.device_id(&serial) {
            if !anew {
                return "";
            }
            self.tenant.delete_everywhere(&serial);
            ledger.registered.remove(&old);
        }
        let spec = DeviceSpec::new(serial).with_manufacturer("").with_model("").with_group_tag("Theirs");
        ledger.registered.insert(self.tenant.add_device_with(spec));
        if anew { "registered anew" } else { "registered" }
    }

    async fn assign(&mut self, ledger: &mut Ledger) {
        let collection = self.collection(false);
        let Some((object, ..)) = self.any(collection).await else { return };
        let Some((group, ..)) = self.any(GROUPS).await else { return };
        let path = format!("{collection}/{object}/assignments");
        let held = all(&self.tenant, &path).await;
        if held.iter().any(|held| target_of(&held["target"]) == group) {
            return;
        }
        let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group});
        if self.send("POST", &path, json!({ "target": target })).await.is_some() {
            if !ledger.is_within(&object, &group) {
                ledger.uses(&object, &group);
            }
            ledger.assigned.insert((Owner::Hand, object, group));
            *ledger.acts.entry("assigned").or_default() += 1;
        }
    }

    async fn use_policy_set(&mut self, ledger: &mut Ledger) {
        let Some((profile, ..)) = self.any(PROFILES).await else { return };
        let Some((group, ..)) = self.any(GROUPS).await else { return };
        self.tenant.assign_by_policy_set(&profile, &group);
        ledger.uses(&profile, &group);
        *ledger.acts.entry("used a policy set").or_default() += 1;
    }

    async fn rename(&mut self, ledger: &mut Ledger) {
        let collection = self.collection(true);
        let Some((id, kind, name)) = self.any(collection).await else { return };
        let new = ["Renamed", "Contoso hybrid Munich", "Autopilot Hamburg"][self.rng.usize(..3)];
        if name == "Intune users" || name == "Theirs" {
            return;
        }
        let mut body = json!({ "displayName": new });
        if !kind.is_null() {
            body["@odata.type"] = kind;
        }
        if self.send("PATCH", &format!("{collection}/{id}"), body).await.is_some() {
            *ledger.acts.entry("renamed").or_default() += 1;
        }
    }

    async fn delete(&mut self, ledger: &mut Ledger) {
        let collection = self.collection(true);
        let Some((id, _, name)) = self.any(collection).await else { return };
        if name == "Intune users" || name == "Theirs" {
            return;
        }
        if collection == PROFILES {
            for held in all(&self.tenant, &format!("{PROFILES}/{id}/assignments")).await {
                let path = format!("{PROFILES}/{id}/assignments/{}", text(&held, "id"));
                if self.send("DELETE", &path, Value::Null).await.is_some() {
                    let target = target_of(&held["target"]);
                    ledger.assigned.remove(&(Owner::Hand, id.clone(), target));
                }
            }
        }
        if self.send("DELETE", &format!("{collection}/{id}"), Value::Null).await.is_some() {
            ledger.deleted.insert(id);
            *ledger.acts.entry("deleted").or_default() += 1;
        }
    }

    async fn create(&mut self, ledger: &mut Ledger) {
        let of = ["Munich", "Hamburg"][self.rng.usize(..2)];
        let (path, body) = match self.rng.u8(0..3) {
            0 => {
                let name = format!("Autopilot {of}");
                let id = self.tenant.add_group(&name);
                ledger.made.insert(id, Owner::Hand);
                *ledger.acts.entry("created").or_default() += 1;
                return;
            }
            1 => {
                let kind = "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile";
                (PROFILES, json!({ "@odata.type": kind, "displayName": format!("Contoso hybrid {of}") }))
            }
            _ => {
                let kind = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration";
                (PAGES, json!({ "@odata.type": kind, "displayName": format!("Autopilot {of}") }))
            }
        };
        if let Some(created) = self.send("POST", path, body).await {
            ledger.made.insert(text(&created, "id"), Owner::Hand);
            *ledger.acts.entry("created").or_default() += 1;
        }
    }

    /// Puts a group into the hand's own.
    async fn nest(&mut self, ledger: &mut Ledger) {
        let Some((group, _, name)) = self.any(GROUPS).await else { return };
        let theirs = all(&self.tenant, GROUPS).await;
        let theirs = theirs.iter().find(|group| text(group, "displayName") == "Theirs").unwrap();
        if name == "Theirs" || name == "Intune users" {
            return;
        }
        let path = format!("{GROUPS}/{}/members/$ref", text(theirs, "id"));
        let body =
            json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{group}") });
        if self.send("POST", &path, body).await.is_some() {
            ledger.used.push((group, text(theirs, "id"), ledger.now));
            *ledger.acts.entry("nested").or_default() += 1;
        }
    }

    async fn change_scope(&mut self, ledger: &mut Ledger) {
        let groups = all(&self.tenant, GROUPS).await;
        let named = ["Intune users", "Theirs"][self.rng.usize(..2)];
        let id = text(groups.iter().find(|group| text(group, "displayName") == named).unwrap(), "id");
        let body = json!({ "@odata.id": format!("https://graph.microsoft.com/odata/groups('{id}')") });
        if self.send("POST", &format!("{SCOPE}/includedGroups/$ref"), body).await.is_some() {
            ledger.scope.insert((Owner::Hand, id));
            *ledger.acts.entry("changed the scope").or_default() += 1;
        }
    }

    /// Adds a device to a group.
    async fn fill_group(&mut self) {
        let Some((group, ..)) = self.any(GROUPS).await else { return };
        let objects = all(&self.tenant, "/v1.0/devices").await;
        let Some(device) = self.rng.choice(&objects).map(|device| text(device, "id")) else { return };
        let body =
            json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{device}") });
        self.send("POST", &format!("{GROUPS}/{group}/members/$ref"), body).await;
    }
}

/// A deployment's way to the tenant, with the hand beside it.
#[derive(Debug, Clone)]
struct Shared {
    tenant: Tenant,
    deployment: usize,
    hand: Arc<tokio::sync::Mutex<Hand>>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Shared {
    /// The hand acts, or not.
    async fn pause(&self) {
        let mut hand = self.hand.lock().await;
        if hand.rng.u8(0..100) < hand.chance {
            let mut ledger = std::mem::take(&mut *self.ledger.lock().unwrap());
            hand.act(&mut ledger).await;
            *self.ledger.lock().unwrap() = ledger;
        }
    }
}

#[async_trait]
impl Transport for Shared {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.pause().await;
        let answer = self.tenant.send(request.clone()).await?;
        self.ledger.lock().unwrap().take(self.deployment, &request, &answer);
        self.pause().await;
        Ok(answer)
    }
}

/// A deployment with its journals.
struct Deployment {
    settings: HybridJoin,
    devices: Vec<DeviceToImport>,
    client: Client,
    folder: [MemoryStore; 2],
}

impl Deployment {
    fn journal(&self) -> Journal {
        Journal::from_store(self.folder[0].clone())
    }

    /// Applies the deployment. Returns the kinds of its errors.
    async fn apply(&self, rng: &mut Rng) -> Vec<ErrorKind> {
        let options = PlanOptions::default().with_journal(self.journal()).unwrap();
        let given = &self.devices[..rng.usize(0..=self.devices.len())];
        let plan = match self.settings.plan_with(&self.client, given, options).await {
            Ok(plan) => plan,
            Err(error) => return vec![error.kind()],
        };
        let [made, import] = self.folder.clone().map(Journal::from_store);
        let mut options = ApplyOptions::default().with_journals(made, import);
        if rng.bool() {
            options = plan.blocking().fold(options, |options, finding| options.with_waived(&*finding.id));
        }
        let report = plan.apply_with(&self.client, options).await;
        report.errors().iter().map(windows_autopilot::Error::kind).collect()
    }

    /// Takes the deployment down. Returns the kinds of its errors.
    async fn tear_down(&self, rng: &mut Rng) -> Vec<ErrorKind> {
        let Ok(created) = self.created() else { return Vec::new() };
        let plan = match Teardown::new(created).plan(&self.client).await {
            Ok(plan) => plan,
            Err(error) => return vec![error.kind()],
        };
        let mut options = TeardownOptions::default().with_journal(self.journal());
        if rng.bool() {
            options = plan.blocking().fold(options, |options, finding| options.with_waived(&*finding.id));
        }
        let report = plan.apply_with(&self.client, options).await;
        report.errors().iter().map(windows_autopilot::Error::kind).collect()
    }

    fn created(&self) -> windows_autopilot::Result<CreatedObjects> {
        CreatedObjects::from_journal(self.journal())
    }
}

/// Returns what is in the tenant: objects and registrations by id, and assignments by object and target.
async fn present(tenant: &Tenant) -> (BTreeSet<String>, BTreeSet<(String, String)>) {
    let (mut ids, mut assigned) = (BTreeSet::new(), BTreeSet::new());
    for collection in [GROUPS, PROFILES, PAGES, JOINS, DEVICES] {
        for object in all(tenant, collection).await {
            let id = text(&object, "id");
            if [PROFILES, PAGES, JOINS].contains(&collection) {
                for held in all(tenant, &format!("{collection}/{id}/assignments")).await {
                    assigned.insert((id.clone(), target_of(&held["target"])));
                }
            }
            ids.insert(id);
        }
    }
    (ids, assigned)
}

/// Checks the tenant and the records after a run.
async fn check(harness: &Harness, deployments: &[Deployment], ledger: &Mutex<Ledger>, at: &str) {
    let (ids, assigned) = present(&harness.tenant).await;
    let mut ledger = ledger.lock().unwrap();
    for (number, deployment) in deployments.iter().enumerate() {
        let created = deployment.created().unwrap_or_default();
        ledger.check_record(number, &created);
        let recorded: BTreeSet<&str> = created
            .items()
            .iter()
            .filter_map(|item| match item {
                CreatedObject::Object { id, .. } => id.as_deref(),
                _ => None,
            })
            .collect();
        let own = ledger.made.iter().filter(|(_, owner)| **owner == Owner::Deployment(number));
        let forgotten: Vec<String> = own
            .filter(|(id, _)| ids.contains(*id) && !recorded.contains(id.as_str()))
            .map(|(id, _)| format!("{id} of deployment {number} is not on record"))
            .collect();
        ledger.violations.extend(forgotten);
    }
    let kept = |id: &String| ids.contains(id) || ledger.deleted.contains(id);
    let theirs = ledger.made.iter().filter(|(_, owner)| **owner == Owner::Hand).map(|(id, _)| id);
    let mut lost: Vec<String> =
        theirs.chain(&ledger.registered).filter(|id| !kept(id)).map(|id| format!("{id} is gone")).collect();
    let gone = ledger.assigned.iter().filter(|(owner, object, target)| {
        *owner == Owner::Hand
            && ids.contains(object)
            && ids.contains(target)
            && !ledger.is_within(object, target)
            && !assigned.contains(&(object.clone(), target.clone()))
    });
    lost.extend(gone.map(|(_, object, target)| format!("the assignment of {object} to {target} is gone")));
    ledger.violations.extend(lost);
    assert!(ledger.violations.is_empty(), "{at}: {:#?}\n{:?}", ledger.violations, ledger.made);
}

/// One history. Returns the acts, and how many runs ended with and without an error.
async fn one(seed: u64) -> (BTreeMap<&'static str, usize>, usize, usize) {
    let mut rng = Rng::with_seed(seed);
    let harness = harness();
    harness.tenant.add_group("Theirs");
    let ledger = Arc::<Mutex<Ledger>>::default();
    let given = devices(4);
    let hand = Arc::new(tokio::sync::Mutex::new(Hand {
        tenant: harness.tenant.clone(),
        rng: Rng::with_seed(seed ^ 0x0A4D),
        chance: [0, 1, 3, 10][rng.usize(..4)],
        serials: given.iter().map(|device| device.serial_number.to_string()).collect(),
    }));
    let deployment = |number: usize, settings: HybridJoin| {
        let transport = Shared {
            tenant: harness.tenant.clone(),
            deployment: number,
            hand: hand.clone(),
            ledger: ledger.clone(),
        };
        let client = Client::builder(FixedToken::new("simulated"))
            .with_transport(transport)
            .with_clock(harness.clock.clone())
            .build()
            .unwrap();
        let devices = given[number * 2..number * 2 + 2].to_vec();
        Deployment { settings, devices, client, folder: Default::default() }
    };
    let deployments = [deployment(0, desired()), deployment(1, other("Hamburg"))];
    let (mut done, mut failed) = (0, 0);
    let runs = rng.usize(2..6);
    for run in 0..=runs {
        let number = rng.usize(..2);
        let of = &deployments[number];
        let applies = run == 0 || rng.u8(0..5) < 3;
        let errors = if applies { of.apply(&mut rng).await } else { of.tear_down(&mut rng).await };
        let at = format!("seed {seed}, run {run} of {number}, applies: {applies}, {errors:?}");
        // An object that the hand deletes at once never appears.
        let known = [
            ErrorKind::Conflict,
            ErrorKind::InvalidInput,
            ErrorKind::Rejected,
            ErrorKind::NotFound,
            ErrorKind::Timeout,
        ];
        assert!(errors.iter().all(|error| known.contains(error)), "{at}");
        *(if errors.is_empty() { &mut done } else { &mut failed }) += 1;
        check(&harness, &deployments, &ledger, &at).await;
    }
    // In the end the hand rests, and both are taken down.
    hand.lock().await.chance = 0;
    for of in &deployments {
        let errors = of.tear_down(&mut rng).await;
        check(&harness, &deployments, &ledger, &format!("seed {seed}, the end: {errors:?}")).await;
    }
    let acts = std::mem::take(&mut ledger.lock().unwrap().acts);
    (acts, done, failed)
}

#[tokio::test]
async fn what_others_own_is_never_recorded_or_taken_down_and_what_is_ours_is_on_record() {
    let (mut acts, mut done, mut failed) = (BTreeMap::new(), 0, 0);
    for seed in 0..cases() {
        let (of_one, well, badly) = one(seed).await;
        for (act, count) in of_one {
            *acts.entry(act).or_insert(0) += count;
        }
        (done, failed) = (done + well, failed + badly);
    }
    // The histories must be worth something.
    assert!(acts.len() > 7 && done > 40 && failed > 5, "{acts:?} {done} {failed}");
}
