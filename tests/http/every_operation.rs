//! Every operation over HTTP, once with all options and once bare: no query option stands twice, and each request accepts
//! the media type of its answer.

use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use windows_autopilot::catalog::OPERATIONS;
use windows_autopilot::graph::{Call, DeltaList, Filter, List};
use windows_autopilot::model::{
    AssignmentFilter, AutopilotEvent, Connector, DeviceToImport, DomainJoinProfile, EnrollmentStatusPage,
    Group, HybridJoinProfile, Id, MdmPolicy, MdmScopeStep, Personal, Settings, Stored, SyncSettings, Target,
    Tracked,
};
use windows_autopilot::resource::{
    Assignable, AssignableAtOnce, Assignments, DeviceUpdate, DirectoryDeviceUpdate, MdmUrls,
};
use windows_autopilot::{Client, Result};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::calls::client_of;
use crate::operations::operations_of;

/// Calls that are to be sent. The future of each can go to another thread, or this does not compile.
struct Calls {
    /// Whether every option is set, those that replace what was set before twice.
    full: bool,
    futures: Vec<Pin<Box<dyn Future<Output = Result<()>> + Send>>>,
}

impl Calls {
    fn add<T, F>(&mut self, call: F)
    where
        F: IntoFuture<Output = Result<T>>,
        F::IntoFuture: Send + 'static,
    {
        let future = call.into_future();
        self.futures.push(Box::pin(async move { future.await.map(drop) }));
    }

    fn call<T: 'static>(&mut self, call: Call<T>) {
        let version = call.operation().version();
        match self.full {
            true => self.add(call.with_version(version).with_timeout(Duration::from_secs(60))),
            false => self.add(call),
        }
    }

    fn list<T: DeserializeOwned + Send + 'static>(&mut self, list: List<T>) {
        let version = list.operation().version();
        let set = |list: List<T>, value: &str| {
            let list =
                list.filter(Filter::raw(format!("id eq '{value}'"))).select(["id", value]).expand(value);
            list.order_by(value).page_size(5).advanced().with_version(version).read_ahead(false)
        };
        match self.full {
            true => self.add(set(set(list, "a"), "b").all()),
            false => self.add(list.all()),
        }
    }

    fn changes<T: Tracked>(&mut self, list: DeltaList<T>) {
        match self.full {
            true => self.add(list.select(["a"]).select(["b"]).from_now().from_now().all()),
            false => self.add(list.all()),
        }
    }

    fn assignments<T: Assignable>(&mut self, assignments: &Assignments<'_, T>) {
        let (assignment, target) = (id("a1"), Target::all_devices());
        self.list(assignments.list());
        self.call(assignments.get(&assignment));
        self.call(assignments.add(&target));
        self.call(assignments.update(&assignment, &target));
        self.call(assignments.remove(&assignment));
        self.add(assignments.replace(&[]));
    }

    fn assignments_at_once<T: AssignableAtOnce>(&mut self, assignments: &Assignments<'_, T>) {
        self.assignments(assignments);
        self.add(assignments.replace_at_once(&[]));
    }
}

fn id<T>(text: &str) -> Id<T> {
    text.parse().unwrap()
}

fn stored<S: Settings>(settings: &S) -> Stored<S> {
    let mut answer = serde_json::to_value(settings.to_properties()).unwrap();
    answer["id"] = json!("i1");
    serde_json::from_value(answer).unwrap()
}

/// The future of a wait can go to another thread, too. Nothing is sent.
fn can_move<F: IntoFuture<IntoFuture: Send + 'static>>(wait: F) {
    drop(wait);
}

/// Every call of every resource.
fn every_call(client: &Client, full: bool) -> Calls {
    let mut calls = Calls { full, futures: Vec::new() };
    devices(client, &mut calls);
    settings(client, &mut calls);
    tenant(client, &mut calls);
    directory(client, &mut calls);
    calls
}

fn devices(client: &Client, calls: &mut Calls) {
    let (devices, device) = (client.devices(), id("i1"));
    let user = "adele@contoso.com".parse().unwrap();
    calls.list(devices.list());
    calls.list(devices.tagged(&"Kiosk".parse().unwrap()));
    calls.list(devices.by_serial_number(&"PF 1".parse().unwrap()));
    calls.call(devices.get(&device));
    calls.call(devices.count());
    calls.call(devices.assign_user(&device, &user, &Personal::from("Adele")));
    calls.call(devices.unassign_user(&device));
    calls.call(devices.update(&device, &DeviceUpdate::new().with_group_tag(None)));
    calls.call(devices.allow_next_enrollment(&device));
    calls.call(devices.deployment_profile(&device));
    calls.call(devices.intended_deployment_profile(&device));
    calls.call(devices.delete(&device));
    can_move(devices.wait_until_visible(&device));
    can_move(devices.wait_until_gone(&device));
    can_move(devices.wait_until_assigned(&device, &id("p1"), Duration::from_secs(60)));

    let (imports, record) = (client.imports(), id("i1"));
    let new = DeviceToImport::new("PF-1".parse().unwrap(), "T0EAAAA=".parse().unwrap());
    calls.list(imports.list());
    calls.call(imports.get(&record));
    calls.call(imports.count());
    calls.call(imports.create(&new));
    calls.call(imports.import(&[new]));
    calls.call(imports.delete(&record));

    let (managed, device) = (client.managed_devices(), id("i1"));
    calls.list(managed.list());
    calls.call(managed.get(&device));
    calls.call(managed.delete(&device));

    let (events, event) = (client.autopilot_events(), AutopilotEvent::new(id("i1")));
    calls.list(events.list());
    calls.call(events.get(&event.id));
    calls.call(events.create(&event));
    calls.call(events.update(&event));
    calls.call(events.delete(&event.id));
    calls.list(events.policy_status_details(&event.id));
    calls.call(events.policy_status_detail(&event.id, &id("d1")));
}

fn settings(client: &Client, calls: &mut Calls) {
    let (profiles, profile) = (client.profiles(), HybridJoinProfile::new("Contoso".parse().unwrap()));
    let (held, mut wish) = (stored(&profile), profile.clone());
    wish.preprovisioning_allowed = true;
    calls.list(profiles.list());
    calls.call(profiles.get(&held.id));
    calls.call(profiles.count());
    calls.call(profiles.create(&profile));
    calls.add(profiles.update(&held, &wish));
    calls.list(profiles.assigned_devices(&held.id));
    calls.call(profiles.assign_devices(&held.id, &[]));
    calls.call(profiles.has_payload_links(std::slice::from_ref(&held.id)));
    calls.assignments(&profiles.assignments(&held.id));
    calls.call(profiles.delete(&held.id));
    calls.add(profiles.delete_with_assignments(&held.id));

    let (pages, page) = (client.enrollment_status_pages(), EnrollmentStatusPage::new("A".parse().unwrap()));
    let (held, mut wish) = (stored(&page), page.clone());
    wish.display_name = "B".parse().unwrap();
    calls.list(pages.list());
    calls.call(pages.get(&held.id));
    calls.call(pages.count());
    calls.call(pages.create(&page));
    calls.add(pages.update(&held, &wish));
    calls.call(pages.set_priority(&held.id, 1));
    calls.call(pages.has_payload_links(std::slice::from_ref(&held.id)));
    calls.assignments_at_once(&pages.assignments(&held.id));
    calls.call(pages.delete(&held.id));

    let joins = client.domain_join_profiles();
    let join = DomainJoinProfile::new(
        "Munich".parse().unwrap(),
        "corp.contoso.com".parse().unwrap(),
        "MUC-".parse().unwrap(),
    );
    let (held, mut wish) = (stored(&join), join.clone());
    wish.display_name = "Hamburg".parse().unwrap();
    calls.list(joins.list());
    calls.call(joins.get(&held.id));
    calls.call(joins.count());
    calls.call(joins.create(&join));
    calls.add(joins.update(&held, &wish));
    calls.call(joins.has_payload_links(std::slice::from_ref(&held.id)));
    calls.assignments_at_once(&joins.assignments(&held.id));
    calls.list(joins.network_access_configurations(&held.id));
    calls.call(joins.add_network_access_configuration(&held.id, &id("w1")));
    calls.call(joins.remove_network_access_configuration(&held.id, &id("w1")));
    calls.call(joins.delete(&held.id));

    let (filters, mut filter) = (client.assignment_filters(), AssignmentFilter::new(id("i1")));
    filter.display_name = Some("Surface".into());
    calls.list(filters.list());
    calls.call(filters.get(&filter.id));
    calls.call(filters.create(&filter));
    calls.call(filters.update(&filter));
    calls.call(filters.delete(&filter.id));
}

fn tenant(client: &Client, calls: &mut Calls) {
    let sync = client.autopilot_sync();
    calls.call(sync.get());
    calls.call(sync.update(&SyncSettings::default()));
    calls.call(sync.sync());

    let (connectors, connector) = (client.connectors(), Connector::new(id("i1")));
    calls.list(connectors.list());
    calls.call(connectors.get(&connector.id));
    calls.call(connectors.create(&connector));
    calls.call(connectors.update(&connector));
    calls.call(connectors.delete(&connector.id));

    let (policies, policy): (_, Id<MdmPolicy>) = (client.mdm_policies(), id("i1"));
    let addresses = MdmUrls::default().with_discovery_url("https://e.example");
    calls.list(policies.list());
    calls.call(policies.get(&policy));
    calls.call(policies.apply(&policy, &MdmScopeStep::ApplyToAll));
    calls.call(policies.set_urls(&policy, &addresses));
    calls.list(policies.included_groups(&policy));
    calls.call(policies.add_group(&policy, &id("g1")));
    calls.call(policies.remove_group(&policy, &id("g1")));
    calls.call(policies.delete(&policy));

    calls.list(client.mobile_apps().list());
    calls.call(client.mobile_apps().get(&id("i1")));
}

fn directory(client: &Client, calls: &mut Calls) {
    let (groups, group) = (client.groups(), Group::new("Kiosks".parse().unwrap()));
    let (held, wish) = (stored(&group), group.clone().with_description("x".into()));
    calls.list(groups.list());
    calls.list(groups.find_by_name(&"Kiosks".parse().unwrap()));
    calls.changes(groups.delta());
    calls.call(groups.get(&held.id));
    calls.call(groups.count());
    calls.call(groups.create(&group));
    calls.call(groups.create_with_owners(&group, &[id("u1")]));
    calls.add(groups.update(&held, &wish));
    calls.list(groups.members(&held.id));
    calls.list(groups.transitive_members(&held.id));
    calls.call(groups.add_member(&held.id, &id("o1")));
    calls.call(groups.remove_member(&held.id, &id("o1")));
    calls.call(groups.delete(&held.id));

    let (devices, device) = (client.directory_devices(), id("i1"));
    calls.list(devices.list());
    calls.changes(devices.delta());
    calls.call(devices.get(&device));
    calls.call(devices.get_by_device_id(&id("d1")));
    calls.call(devices.count());
    calls.call(devices.update(&device, &DirectoryDeviceUpdate::new().with_account_enabled(true)));
    calls.call(devices.delete(&device));

    calls.list(client.users().list());
    calls.call(client.users().get(&id("u1")));
    calls.call(client.users().get_by_name(&"adele@contoso.com".parse().unwrap()));

    let mut batch = client.batch().with_progress(|_| {}).with_timeout(Duration::from_secs(60));
    let _ = batch.add(client.devices().count());
    calls.add(batch);
}

/// Answers every request with something that its call can read.
fn answer(request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    if path.ends_with("/$count") {
        return ResponseTemplate::new(200).set_body_raw("5", "text/plain");
    }
    let body = match path.rsplit('/').next().unwrap() {
        "delta" => json!({ "value": [], "@odata.deltaLink": format!("{path}?$deltatoken=1") }),
        "windowsAutopilotSettings" => json!({ "syncStatus": "completed" }),
        "$batch" => json!({ "responses": [{ "id": "0", "status": 200, "body": 5 }] }),
        _ => json!({ "id": "i1", "value": [] }),
    };
    ResponseTemplate::new(200).set_body_json(body)
}

fn check(request: &Request) {
    let path = request.url.path();
    let names: Vec<String> = request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{} has one twice", request.url);
    let accept = request.headers["accept"].to_str().unwrap();
    let kind = if path.ends_with("/$count") { "text/plain" } else { "application/json" };
    assert!(accept.starts_with(kind), "{path} answers {kind}, and {accept} was accepted");
    if path.ends_with("/$batch") {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let accept = body["requests"][0]["headers"]["accept"].as_str().unwrap();
        assert!(accept.starts_with("text/plain"), "{accept}");
    }
}

#[tokio::test]
async fn no_option_stands_twice_and_the_answer_is_accepted() {
    for full in [false, true] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let client = client_of(&server).await;
        for call in every_call(&client, full).futures {
            call.await.unwrap();
        }
        let mut sent = BTreeSet::new();
        for request in server.received_requests().await.unwrap() {
            check(&request);
            let of = operations_of(request.method.as_str(), request.url.path());
            sent.extend(of.iter().map(|info| info.name));
        }
        assert_eq!(sent, OPERATIONS.iter().map(|info| info.name).collect(), "all options: {full}");
    }
}
