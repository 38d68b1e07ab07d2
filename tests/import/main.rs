//! The import of devices, against the simulated tenant.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "../support/folder.rs"]
mod folder;
mod input;
mod process;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::Notify;
use windows_autopilot::clock::{Clock, FakeClock};
use windows_autopilot::credential::{ClientSecret, FixedToken};
use windows_autopilot::graph::Schedule;
use windows_autopilot::model::{DeviceToImport, HardwareHash, Id, ImportedDevice};
use windows_autopilot::pipeline::{Limits, RetryConfig};
use windows_autopilot::registration::SampleHash;
use windows_autopilot::registration::findings::HASH_NO_MANUFACTURER;
use windows_autopilot::sim::{DeviceSpec, Fault, Tenant};
use windows_autopilot::transport::{Transport, TransportError};
use windows_autopilot::workflow::{
    GroupTagCheck, Import, ImportEventKind, ImportOptions, ImportOutcome, ImportReport, ImportRun,
    ImportStage, Journal, JournalStore, MemoryStore,
};
use windows_autopilot::{Client, ErrorKind};

const SECOND: Duration = Duration::from_secs(1);
const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";
const MODEL: &str = "Notebook 14";

/// A client, its tenant, and the wire between them.
struct World {
    client: Client,
    tenant: Tenant,
    clock: FakeClock,
    wire: Arc<Wire>,
}

/// Carries requests to the tenant, counts the devices that arrive, and can end the world.
struct Wire {
    tenant: Tenant,
    /// How often the tenant took which device.
    arrived: Arc<Mutex<HashMap<String, u32>>>,
    requests: AtomicUsize,
    /// At which request the world ends, and whether that one still arrives.
    end: Mutex<Option<(usize, bool)>>,
    ended: Notify,
}

#[derive(Clone)]
struct Carrier(Arc<Wire>);

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

#[async_trait]
impl Transport for Carrier {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let wire = &self.0;
        let number = wire.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let end = wire.end.lock().unwrap().filter(|(at, _)| *at <= number);
        if let Some((_, false)) = end {
            return wire.end_of_the_world().await;
        }
        let devices = match request.uri().path().ends_with("/import") {
            true => serials(request.body()),
            false => Vec::new(),
        };
        let response = wire.tenant.send(request).await;
        if response.as_ref().is_ok_and(|response| response.status().is_success()) {
            for serial in devices {
                *wire.arrived.lock().unwrap().entry(serial).or_default() += 1;
            }
        }
        match end {
            Some(_) => wire.end_of_the_world().await,
            None => response,
        }
    }
}

impl Wire {
    async fn end_of_the_world<T>(&self) -> T {
        self.ended.notify_one();
        std::future::pending().await
    }
}

/// The serial numbers in the body of an import.
fn serials(body: &[u8]) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let devices = body["importedWindowsAutopilotDeviceIdentities"].as_array().unwrap();
    devices.iter().map(|device| device["serialNumber"].as_str().unwrap().to_owned()).collect()
}

impl World {
    fn new() -> Self {
        let clock = FakeClock::new();
        let tenant = Tenant::builder().with_clock(Arc::new(clock.clone())).build();
        Self::on(tenant, clock, Arc::default())
    }

    fn on(tenant: Tenant, clock: FakeClock, arrived: Arc<Mutex<HashMap<String, u32>>>) -> Self {
        let (requests, end, ended) = (AtomicUsize::new(0), Mutex::new(None), Notify::new());
        let wire = Arc::new(Wire { tenant: tenant.clone(), arrived, requests, end, ended });
        // Runs take hours: tokens end on the way.
        tenant.add_client_secret(APP, "secret");
        let credential = ClientSecret::new(tenant.id().parse().unwrap(), APP, "secret").unwrap();
        let client = Client::builder(credential)
            .with_transport(Carrier(Arc::clone(&wire)))
            .with_clock(clock.clone())
            .with_retry(RetryConfig::default().with_jitter(false))
            .build()
            .unwrap();
        Self { client, tenant, clock, wire }
    }

    /// The same tenant at the same time, seen by a new process.
    fn restarted(&self) -> Self {
        Self::on(self.tenant.clone(), self.clock.clone(), Arc::clone(&self.wire.arrived))
    }

    fn import(&self, devices: &[DeviceToImport], store: &MemoryStore) -> Import {
        self.import_any(devices.to_vec()).with_journal(Journal::from_store(store.clone()))
    }

    /// An import that leaves it to the service to refuse a hash without a manufacturer.
    fn import_any(&self, devices: Vec<DeviceToImport>) -> Import {
        Import::new(&self.client, devices).with_waived(HASH_NO_MANUFACTURER.id)
    }

    fn end_at(&self, request: usize, arrives: bool) {
        let so_far = self.wire.requests.load(Ordering::Relaxed);
        *self.wire.end.lock().unwrap() = Some((so_far + request, arrives));
    }

    /// Reads the run until it ends or the world does; whether it was the world. The run is dropped where it stands.
    async fn run_until_the_end_of_the_world(&self, mut run: ImportRun) -> bool {
        let over = async { while run.next().await.is_some() {} };
        tokio::select! {
            biased;
            () = self.wire.ended.notified() => true,
            () = over => false,
        }
    }

    async fn records(&self) -> Vec<Id<ImportedDevice>> {
        let all = self.client.imports().list().all().await.unwrap();
        all.into_iter().map(|record| record.id).collect()
    }

    fn no_device_was_sent_twice(&self) -> bool {
        self.wire.arrived.lock().unwrap().values().all(|times| *times == 1)
    }

    /// When a path was called with success.
    fn calls(&self, method: &str, path: &str) -> Vec<jiff::Timestamp> {
        let requests = self.tenant.requests().into_iter();
        requests
            .filter(|request| {
                request.method == method
                    && request.path.ends_with(path)
                    && request.status.is_some_and(|status| status.is_success())
            })
            .map(|request| request.at)
            .collect()
    }
}

/// A device whose hash is made once: hundreds of tenants get the same.
fn device(serial: &str) -> DeviceToImport {
    static MADE: Mutex<BTreeMap<String, HardwareHash>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap();
    let hash = made
        .entry(serial.to_owned())
        .or_insert_with(|| SampleHash::new(serial).with_model(MODEL).build().unwrap())
        .clone();
    DeviceToImport::new(serial.parse().unwrap(), hash).with_group_tag("Kiosk".parse().unwrap())
}

fn outcomes(report: &ImportReport) -> Vec<&ImportOutcome> {
    report.devices.iter().map(|device| &device.outcome).collect()
}

/// What came of each device, without ids, which differ between tenants.
fn kinds(report: &ImportReport) -> BTreeMap<String, String> {
    let kind = |outcome: &ImportOutcome| match outcome {
        ImportOutcome::Registered { group_tag, .. } => format!("registered {group_tag:?}"),
        ImportOutcome::AlreadyRegistered { .. } => "already registered".to_owned(),
        other => format!("{other:?}"),
    };
    let devices = report.devices.iter().enumerate();
    devices.map(|(n, device)| (format!("{n} {}", device.serial_number), kind(&device.outcome))).collect()
}

/// What is the matter with a device of a mixed input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matter {
    Nothing,
    Here,
    Elsewhere,
    InvalidHash,
    /// The device before it once more.
    Duplicate,
    Stuck,
}

/// Each matter once in a hundred devices; once in twenty if there are few of them.
fn matter(n: usize, count: usize) -> Matter {
    let part = if count < 1000 { 2 } else { 10 };
    if !n.is_multiple_of(part) {
        return Matter::Nothing;
    }
    match n / part % 10 {
        1 => Matter::Here,
        2 => Matter::Elsewhere,
        3 => Matter::InvalidHash,
        4 => Matter::Duplicate,
        5 => Matter::Stuck,
        _ => Matter::Nothing,
    }
}

/// A tenant and an input of devices of each [`Matter`].
fn mixed_input(tenant: &Tenant, count: usize) -> Vec<DeviceToImport> {
    let mut devices: Vec<DeviceToImport> = Vec::with_capacity(count);
    for n in 0..count {
        let serial = format!("SN-{n:05}");
        let mut one = device(&serial);
        match matter(n, count) {
            Matter::Here => {
                let known = DeviceSpec::new(&serial).with_model(MODEL).with_group_tag("Old");
                tenant.add_device_with(known);
            }
            Matter::Elsewhere => tenant.assign_to_other_tenant(&serial),
            Matter::InvalidHash => {
                one.hardware_identifier = SampleHash::new(&serial).with_manufacturer("").build().unwrap();
            }
            Matter::Duplicate => one = devices[n - 1].clone(),
            Matter::Stuck => tenant.hold_import(&serial),
            Matter::Nothing => {}
        }
        devices.push(one);
    }
    devices
}

fn check_mixed(world: &World, report: &ImportReport) {
    for (n, device) in report.devices.iter().enumerate() {
        let serial = device.serial_number.as_str();
        let registered = || world.tenant.device_id(serial).expect(serial).parse().unwrap();
        let right = match (matter(n, report.devices.len()), &device.outcome) {
            (Matter::Here, ImportOutcome::AlreadyRegistered { device, group_tag, .. }) => {
                *device == registered() && *group_tag == GroupTagCheck::Repaired
            }
            (Matter::Elsewhere, ImportOutcome::OtherTenant(rejection)) => {
                rejection.name == "ZtdDeviceAssignedToOtherTenant"
            }
            (Matter::InvalidHash, ImportOutcome::Rejected(rejection)) => {
                rejection.name == "InvalidZtdHardwareHash"
            }
            (Matter::Duplicate, ImportOutcome::Duplicate { of, .. }) => *of == n - 1,
            (Matter::Stuck, ImportOutcome::TimedOut { stage: ImportStage::Importing, .. }) => true,
            (Matter::Nothing, ImportOutcome::Registered { device, group_tag, .. }) => {
                *device == Some(registered()) && *group_tag == GroupTagCheck::Match
            }
            _ => false,
        };
        assert!(right, "{serial}: {:?}", device.outcome);
    }
}

/// Records of someone else: of devices of their own, and of one that we import too.
async fn foreign_records(world: &World) -> Vec<Id<ImportedDevice>> {
    for serial in ["THEIRS-1", "THEIRS-2"] {
        world.client.imports().create(&device(serial)).await.unwrap();
    }
    world.client.imports().import(&[device("THEIRS-3").with_import_id("theirs")]).await.unwrap();
    world.wire.arrived.lock().unwrap().clear();
    world.records().await
}

/// Few by default, for a build without optimization. For the whole:
///
/// ```sh
/// WINDOWS_AUTOPILOT_IMPORT_DEVICES=10000 cargo test --release --all-features --test import -- large killed
/// ```
fn device_count(default: usize) -> usize {
    let wanted = std::env::var("WINDOWS_AUTOPILOT_IMPORT_DEVICES").ok();
    wanted.map_or(default, |text| text.parse().expect("a number of devices"))
}

fn is_whole() -> bool {
    device_count(0) > 0
}

// lessons.md 2.6 and graph/quirks.md 6: throttling slows an import and never fails it; only its own records are
// deleted.
#[tokio::test]
async fn a_large_mixed_input_through_a_throttling_service_ends_in_the_right_outcome_for_each_device() {
    let world = World::new();
    let foreign = foreign_records(&world).await;
    let devices = mixed_input(&world.tenant, device_count(300));
    world.tenant.fault(Fault::throttle(SECOND * 2).rate(0.05));

    let report = world.import_any(devices.clone()).start().await.unwrap();
    check_mixed(&world, &report);
    assert_eq!(report.counts.total(), devices.len());
    assert!(world.no_device_was_sent_twice());

    world.tenant.clear_faults();
    let left = world.records().await;
    assert!(foreign.iter().all(|id| left.contains(id)), "no record of another is touched");
    let own = left.len() - foreign.len();
    assert_eq!(own, report.counts.timed_out, "of its own only those are left that have not ended");
    // A device that is here already is as was asked for.
    let worth_noting = |n: &usize| !matches!(matter(*n, devices.len()), Matter::Nothing | Matter::Here);
    assert_eq!(report.findings().len(), (0..devices.len()).filter(worth_noting).count());
}

// issue 3 (4): a killed run is resumable with nothing lost or sent twice.
#[tokio::test]
async fn a_run_killed_at_any_request_and_resumed_ends_like_an_uninterrupted_one() {
    let (count, rounds) = (device_count(20), if is_whole() { 50 } else { 20 });
    // Several requests, and not all at once; and no hour of asking for what is stuck, in which most kills would fall.
    let importing = Schedule::new(SECOND * 15, SECOND * 60, SECOND * 1200);
    let options = ImportOptions::default()
        .with_chunk_size(count.div_ceil(7))
        .with_max_in_flight(count.div_ceil(2))
        .with_import_schedule(importing);
    let whole = World::new();
    let expected =
        whole.import_any(mixed_input(&whole.tenant, count)).with_options(options).start().await.unwrap();
    check_mixed(&whole, &expected);
    let requests = whole.wire.requests.load(Ordering::Relaxed);
    let mut rng = fastrand::Rng::with_seed(20_260_101);
    let mut killed = 0;

    for round in 0..rounds {
        let world = World::new();
        let foreign = foreign_records(&world).await;
        let devices = mixed_input(&world.tenant, count);
        let store = MemoryStore::default();
        let (at, arrives) = (rng.usize(1..=requests), rng.bool());
        world.end_at(at, arrives);
        let run = world.import(&devices, &store).with_options(options).start();
        killed += usize::from(world.run_until_the_end_of_the_world(run).await);

        let world = world.restarted();
        let report = world.import(&devices, &store).with_options(options).start().await.unwrap();
        let place = format!("round {round}: killed at {at} of {requests}, arrives: {arrives}");
        assert_eq!(kinds(&report), kinds(&expected), "{place}");
        assert!(world.no_device_was_sent_twice(), "{place}");
        let left = world.records().await;
        assert!(foreign.iter().all(|id| left.contains(id)), "{place}");
        assert_eq!(left.len() - foreign.len(), report.counts.timed_out, "{place}");
    }
    assert!(killed * 10 >= rounds * 9, "only {killed} runs were killed");
}

/// A store whose power fails in the middle of an `append`.
#[derive(Debug)]
struct Failing {
    store: MemoryStore,
    appends_left: usize,
    bytes: usize,
}

impl JournalStore for Failing {
    fn name(&self) -> String {
        "failing".to_owned()
    }

    fn lock(&mut self) -> io::Result<bool> {
        self.store.lock()
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.store.read()
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.appends_left > 0 {
            self.appends_left -= 1;
            return self.store.append(lines);
        }
        self.store.append(&lines[..self.bytes % (lines.len() + 1)])?;
        Err(io::Error::other("the power failed"))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.store.truncate(length)
    }
}

// issue 3 (4): the journal is flushed for each change of state.
#[tokio::test]
async fn a_journal_that_ends_in_the_middle_of_a_line_loses_nothing() {
    let count = 20;
    let importing = Schedule::new(SECOND * 15, SECOND * 60, SECOND * 1200);
    let options = ImportOptions::default().with_chunk_size(2).with_import_schedule(importing);
    let whole = World::new();
    let expected = whole.import_any(mixed_input(&whole.tenant, count)).with_options(options).start();
    let expected = expected.await.unwrap();
    let mut rng = fastrand::Rng::with_seed(7);

    for round in (0..20).step_by(if is_whole() { 1 } else { 2 }) {
        let world = World::new();
        let devices = mixed_input(&world.tenant, count);
        let store = MemoryStore::default();
        let failing = Failing { store: store.clone(), appends_left: round, bytes: rng.usize(..) };
        let import = world.import_any(devices.clone()).with_journal(Journal::from_store(failing));
        let error = import.with_options(options).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Journal);

        let world = world.restarted();
        let report = world.import(&devices, &store).with_options(options).start().await.unwrap();
        assert_eq!(kinds(&report), kinds(&expected), "round {round}");
        assert!(world.no_device_was_sent_twice(), "round {round}");
    }
}

// lessons.md 2.6, faults.md 46 and graph/quirks.md 6: a POST with an unknown outcome is looked up, and never blindly
// sent again.
#[tokio::test]
async fn devices_whose_answer_is_lost_are_looked_for_and_sent_again_only_if_they_never_arrived() {
    const IMPORT: &str = "/deviceManagement/importedWindowsAutopilotDeviceIdentities/import";
    for (fault, requests, lost) in [
        (Fault::reset_after(), 1, 2),
        (Fault::timeout_after(), 1, 2),
        (Fault::torn(), 1, 2),
        (Fault::captive_portal(), 1, 2),
        (Fault::reset_before(), 2, 2),
        (Fault::status(504), 2, 2),
        (Fault::refuse_connection(), 2, 0),
    ] {
        let world = World::new();
        let place = format!("{fault:?}");
        world.tenant.fault(fault.on("POST", IMPORT).once());
        let devices = [device("A"), device("B")];
        let mut run = Import::new(&world.client, devices).start();
        let mut seen = 0;
        while let Some(event) = run.next().await {
            if let ImportEventKind::OutcomeUnknown { devices, .. } = event.kind {
                seen += devices;
            }
        }
        let report = run.await.unwrap();
        assert_eq!(report.counts.registered, 2, "{place}: {report:?}");
        assert_eq!(world.tenant.device_count(), 2, "{place}");
        let sent = world.tenant.requests().iter().filter(|request| request.path.ends_with("/import")).count();
        assert_eq!((sent, seen), (requests, lost), "{place}");
    }
}

// lessons.md 2.8: importing is itself a question to the service, so a dry run never imports.
#[tokio::test]
async fn a_dry_run_sends_nothing_signs_in_nowhere_and_leaves_the_journal_alone() {
    #[derive(Debug)]
    struct Nobody;
    #[async_trait]
    impl Transport for Nobody {
        async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
            panic!("a dry run sends nothing")
        }
    }
    let client = Client::builder(FixedToken::new("none")).with_transport(Nobody).build().unwrap();
    let mut devices: Vec<DeviceToImport> = (0..7).map(|n| device(&format!("SN-{n}"))).collect();
    devices.push(devices[0].clone());
    devices[1] = device("SN-1").with_assigned_user_principal_name("adele@contoso.local".parse().unwrap());
    let store = MemoryStore::default();
    let import = || {
        Import::new(&client, devices.clone())
            .with_journal(Journal::from_store(store.clone()))
            .with_options(ImportOptions::default().with_chunk_size(3))
    };
    let preview = import().dry_run().unwrap();
    assert_eq!((preview.devices, preview.to_send, preview.requests), (8, 7, 3));
    assert_eq!((preview.in_flight, preview.finished, store.text()), (0, 1, String::new()));
    let ids: Vec<&str> = preview.findings.iter().map(|finding| &*finding.id).collect();
    assert_eq!(ids, ["import.assigned-user", "user.non-routable-suffix", "import.duplicate"]);
    assert!(preview.findings.iter().all(|finding| !finding.to_string().contains("adele")));

    // After a run that was killed, it tells what is left.
    let world = World::new();
    // The sign-in, and two of three requests: there is room for two.
    world.end_at(3, true);
    let options = ImportOptions::default().with_chunk_size(3).with_max_in_flight(6);
    let run = world.import(&devices, &store).with_options(options).start();
    assert!(world.run_until_the_end_of_the_world(run).await);
    let before = store.text();
    let preview = import().dry_run().unwrap();
    assert_eq!((preview.to_send, preview.requests, preview.in_flight), (1, 1, 6));
    assert_eq!(store.text(), before);
}

// issue 3 (4): dropping the progress stops cleanly.
#[tokio::test]
async fn a_dropped_run_does_nothing_more_and_a_stopped_one_says_how_far_it_came() {
    let world = World::new();
    let devices = [device("A"), device("B")];
    let store = MemoryStore::default();
    let mut run = world.import(&devices, &store).start();
    while let Some(event) = run.next().await {
        if matches!(event.kind, ImportEventKind::Sent { .. }) {
            break;
        }
    }
    drop(run);
    let requests = world.tenant.requests().len();
    world.clock.sleep(SECOND * 3600).await;
    assert_eq!((world.tenant.requests().len(), world.clock.waiting()), (requests, 0));

    let mut run = world.import(&devices, &store).start();
    let stop = run.stop_handle();
    assert!(matches!(run.next().await.unwrap().kind, ImportEventKind::Resumed { torn_bytes: 0, .. }));
    stop.stop();
    let report = run.await.unwrap();
    let stages: Vec<String> = outcomes(&report).iter().map(ToString::to_string).collect();
    assert_eq!(stages, ["canceled while registered and not readable yet"; 2]);

    let report = world.import(&devices, &store).start().await.unwrap();
    assert!(report.is_complete() && world.no_device_was_sent_twice());
}

// graph/quirks.md 7: 403 says that the permission is missing; no device is to blame.
#[tokio::test]
async fn a_caller_without_the_permission_is_told_at_once_and_can_go_on_with_it() {
    let world = World::new();
    let devices = [device("A"), device("B")];
    let store = MemoryStore::default();
    world.tenant.fault(Fault::status(403).on("POST", "/deviceManagement/**").once());
    let error = world.import(&devices, &store).start().await.unwrap_err();
    assert_eq!((error.kind(), world.clock.elapsed()), (ErrorKind::Forbidden, Duration::ZERO));
    let report = world.import(&devices, &store).start().await.unwrap();
    assert!(report.is_complete() && world.no_device_was_sent_twice());
}

/// Takes a second for an import, refuses some of them, and keeps an eye on the journal.
struct Busy {
    tenant: Tenant,
    clock: FakeClock,
    store: MemoryStore,
    /// When imports were asked for, in seconds.
    imports: Mutex<Vec<u64>>,
    seen: Mutex<std::collections::BTreeSet<String>>,
    /// Which of them are refused.
    refused: std::ops::Range<usize>,
}

#[derive(Clone)]
struct Line(Arc<Busy>);

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let busy = &self.0;
        if !request.uri().path().ends_with("/import") {
            return busy.tenant.send(request).await;
        }
        let number = {
            let mut imports = busy.imports.lock().unwrap();
            imports.push(busy.clock.elapsed().as_secs());
            let mut seen = busy.seen.lock().unwrap();
            seen.extend(serials(request.body()));
            let written = busy.store.text().matches(r#""state":"sending""#).count();
            assert!(written >= seen.len(), "{written} of {} written down before they were sent", seen.len());
            imports.len() - 1
        };
        busy.clock.sleep(SECOND).await;
        if busy.refused.contains(&number) {
            let mut refusal = http::Response::new(Bytes::new());
            *refusal.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
            refusal.headers_mut().insert("retry-after", http::HeaderValue::from_static("20"));
            return Ok(refusal);
        }
        busy.tenant.send(request).await
    }
}

// Issue 7, sending: side by side within the limits, halved on 429; and what is written down is so before it is sent.
#[tokio::test]
async fn requests_go_side_by_side_and_half_as_many_when_the_service_throttles() {
    for (concurrency, refused, expected) in [
        (16, 0..0, &[(0, 4), (1, 5), (2, 3)][..]),
        (16, 0..4, &[(0, 4), (21, 2), (22, 2), (23, 3), (24, 4), (25, 1)]),
        (1, 0..0, &[(0, 1), (1, 1), (2, 1)]),
    ] {
        let (clock, store) = (FakeClock::new(), MemoryStore::default());
        let tenant = Tenant::builder().with_clock(Arc::new(clock.clone())).build();
        let (imports, seen) = (Mutex::default(), Mutex::default());
        let (far, time, written) = (tenant.clone(), clock.clone(), store.clone());
        let busy = Arc::new(Busy { tenant: far, clock: time, store: written, imports, seen, refused });
        let client = Client::builder(FixedToken::new("any"))
            .with_transport(Line(Arc::clone(&busy)))
            .with_clock(clock)
            .with_limits(Limits::default().with_concurrency(concurrency))
            .with_retry(RetryConfig::default().with_jitter(false))
            .build()
            .unwrap();
        let devices: Vec<DeviceToImport> = (0..36).map(|n| device(&format!("SN-{n}"))).collect();
        let options = ImportOptions::default().with_chunk_size(3).with_max_in_flight(36);
        let import = Import::new(&client, devices).with_options(options);
        let report = import.with_journal(Journal::from_store(store)).start().await.unwrap();
        assert!(report.is_complete(), "{:?}", report.counts);
        assert_eq!((report.counts.registered, tenant.device_count()), (36, 36));
        let mut rounds: Vec<(u64, usize)> = Vec::new();
        for at in &*busy.imports.lock().unwrap() {
            match rounds.last_mut() {
                Some((last, count)) if last == at => *count += 1,
                _ => rounds.push((*at, 1)),
            }
        }
        assert_eq!(rounds[..expected.len()], *expected, "{rounds:?}");
    }
}

// domain.md 4.4: HTTP 400 may be one device; the others do not suffer for it.
#[tokio::test]
async fn one_bad_device_is_found_by_halving_and_a_service_that_refuses_all_is_not_asked_for_each() {
    const IMPORT: &str = "/deviceManagement/importedWindowsAutopilotDeviceIdentities/import";
    let world = World::new();
    // Eight, then four, two and one of them: the first device is the bad one.
    world.tenant.fault(Fault::status(400).on("POST", IMPORT).times(4));
    let devices: Vec<DeviceToImport> = (0..8).map(|n| device(&format!("SN-{n}"))).collect();
    let report = Import::new(&world.client, devices).start().await.unwrap();
    assert!(
        matches!(outcomes(&report)[0], ImportOutcome::Rejected(rejection) if rejection.status == Some(400))
    );
    assert_eq!((report.counts.registered, world.tenant.device_count()), (7, 7));

    let world = World::new();
    world.tenant.fault(Fault::status(400).on("POST", IMPORT));
    let devices = (0..1000).map(|n| device(&format!("SN-{n}")));
    let error = Import::new(&world.client, devices).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(world.tenant.requests().len() < 50);
}

// domain.md 0.3 (1) and graph/quirks.md 6: one sync in ten minutes.
#[tokio::test]
async fn syncs_are_ten_minutes_apart_whoever_asked_for_the_last_one() {
    let world = World::new();
    // Someone asks for one while the import is under way.
    world.clock.sleep(SECOND * 60).await;
    let someone = async {
        world.clock.sleep(SECOND * 200).await;
        world.client.autopilot_sync().sync().await.unwrap();
    };
    let options = ImportOptions::default().with_chunk_size(1).with_max_in_flight(1);
    let run =
        Import::new(&world.client, [device("A"), device("B"), device("C")]).with_options(options).start();
    let (report, ()) = tokio::join!(async { run.await }, someone);
    assert!(report.unwrap().is_complete());
    let syncs = world.calls("POST", "/sync");
    assert!(syncs.len() >= 2, "{syncs:?}");
    for pair in syncs.windows(2) {
        assert!(pair[1].duration_since(pair[0]).as_secs() >= 600, "{syncs:?}");
    }
    let refused = world
        .tenant
        .requests()
        .iter()
        .filter(|request| request.status.is_some_and(|status| status == 429))
        .count();
    assert_eq!(refused, 0, "it looks before it asks");
}

// domain.md 4.3 (4): a sync is answered with 204, 409 or 429.
#[tokio::test]
async fn a_refused_sync_is_noted_and_ends_nothing_and_none_is_asked_for_if_none_is_wished() {
    const SYNC: &str = "/deviceManagement/windowsAutopilotSettings/sync";
    let world = World::new();
    world.tenant.fault(Fault::status(403).on("POST", SYNC));
    let report = Import::new(&world.client, [device("A")]).start().await.unwrap();
    assert!(report.is_complete());
    let ids: Vec<_> = report.findings().into_iter().map(|finding| finding.id).collect();
    assert_eq!(ids, ["import.sync-refused"]);

    for (status, notes) in [(409, 0), (429, 0), (500, 0)] {
        let world = World::new();
        world.tenant.fault(Fault::status(status).on("POST", SYNC).once());
        let report = Import::new(&world.client, [device("A")]).start().await.unwrap();
        assert!(report.is_complete() && report.notes.len() == notes, "{status}");
    }

    let world = World::new();
    let options = ImportOptions::default().with_sync(false);
    let report = Import::new(&world.client, [device("A")]).with_options(options).start().await.unwrap();
    assert!(report.is_complete() && world.calls("POST", "/sync").is_empty());
}

// lessons.md 2.6 and graph/quirks.md 4: importing again does not change the group tag; it is repaired once and read
// back.
#[tokio::test]
async fn a_group_tag_that_differs_is_changed_once_and_read_back_or_left_alone() {
    let known = || DeviceSpec::new("A").with_model(MODEL).with_group_tag("Old");
    for (repair, expected, changes) in
        [(true, GroupTagCheck::Repaired, 1), (false, GroupTagCheck::Mismatch, 0)]
    {
        let world = World::new();
        let id = world.tenant.add_device_with(known()).parse().unwrap();
        let options = ImportOptions::default().with_repair_group_tag(repair);
        let mut run = Import::new(&world.client, [device("A")]).with_options(options).start();
        let mut changed = 0;
        while let Some(event) = run.next().await {
            changed += usize::from(matches!(event.kind, ImportEventKind::GroupTagChanged { device: 0, .. }));
        }
        let report = run.await.unwrap();
        match outcomes(&report)[..] {
            [ImportOutcome::AlreadyRegistered { device, group_tag, .. }] => {
                assert_eq!((device, *group_tag), (&id, expected));
            }
            ref other => panic!("{other:?}"),
        }
        let tag = world.client.devices().get(&id).await.unwrap().group_tag.unwrap();
        assert_eq!(tag, if repair { "Kiosk" } else { "Old" });
        assert_eq!(changed, changes);
        assert_eq!(report.findings().len(), usize::from(!repair));
    }
}

// issue 3 (4): the journal is versioned and bound to its run.
#[tokio::test]
async fn a_journal_of_another_tenant_or_of_other_devices_is_refused_before_anything_is_sent() {
    let (store, one) = (MemoryStore::default(), World::new());
    one.import(&[device("A")], &store).start().await.unwrap();
    let clock = FakeClock::new();
    let tenant = Tenant::builder().with_clock(Arc::new(clock.clone())).with_seed(9).build();
    let another = World::on(tenant, clock, Arc::default());
    for (world, devices, says) in [
        (&another, vec![device("A")], "another tenant"),
        (&one, vec![device("A"), device("B")], "1 devices there, 2 here"),
        (&one, vec![device("A").with_group_tag("Other".parse().unwrap())], "group tags"),
    ] {
        world.tenant.clear_requests();
        let error = world.import(&devices, &store).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Journal);
        assert!(error.to_string().contains(says), "{error}");
        // The tenant is read from the token.
        assert!(world.tenant.requests().iter().all(|request| request.path.ends_with("/oauth2/v2.0/token")));
    }
}

// issue 3 (4): progress is typed events with counts and an estimate.
#[tokio::test]
async fn events_count_every_device_all_the_time_and_finish_each_once() {
    let world = World::new();
    let devices = mixed_input(&world.tenant, 20);
    let options = ImportOptions::default().with_chunk_size(2).with_max_in_flight(4);
    let mut run = world.import_any(devices).with_options(options).start();
    let mut finished = vec![0; 20];
    let (mut last, mut estimated) = (1, false);
    while let Some(event) = run.next().await {
        assert_eq!(event.counts.total(), 20);
        assert!(event.counts.finished() >= last, "what is finished stays finished");
        last = event.counts.finished();
        estimated |= event.estimate.is_some_and(|left| !left.is_zero());
        if let ImportEventKind::Finished { device, .. } = event.kind {
            finished[device] += 1;
        }
    }
    assert_eq!((last, estimated), (20, true));
    // A duplicate was finished before it began.
    assert!(finished.iter().enumerate().all(|(n, times)| *times == i32::from(n != 8)), "{finished:?}");
}

// domain.md 4.2: no hash in clear in the journal.
#[tokio::test]
async fn a_journal_in_a_file_shows_neither_hashes_nor_people_and_a_run_goes_on_from_it() {
    let folder = folder::Folder::new("secrets");
    let path = folder.path().join("run.journal");
    let world = World::new();
    world.tenant.add_user("adele@contoso.onmicrosoft.com");
    let user = "adele@contoso.onmicrosoft.com".parse().unwrap();
    let devices = [device("A").with_assigned_user_principal_name(user), device("B")];
    let import = |world: &World| Import::new(&world.client, devices.clone()).with_journal(Journal::at(&path));
    world.end_at(8, true);
    assert!(world.run_until_the_end_of_the_world(import(&world).start()).await);
    let world = world.restarted();
    let report = import(&world).start().await.unwrap();
    assert!(report.is_complete() && world.no_device_was_sent_twice());

    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    assert!(head.starts_with(r#"{"journal":"windows-autopilot","v":1,"run":"import","tenant":""#), "{head}");
    assert!(rest.lines().count() >= 8);
    let hash = devices[0].hardware_identifier.as_str();
    assert!(!text.contains("adele") && !text.contains(hash.get(..16).unwrap()));
}

// domain.md 4.2: a serial number with another manufacturer is another device; a hash that was captured again is the
// same.
#[tokio::test]
async fn two_devices_with_one_serial_number_are_told_apart_by_the_service() {
    let world = World::new();
    let other = SampleHash::new("A").with_manufacturer("Fabrikam").build().unwrap();
    let again = SampleHash::new("A").with_model(MODEL).with_tpm("another").build().unwrap();
    let device_of = |hash| DeviceToImport::new("A".parse().unwrap(), hash);
    let report =
        Import::new(&world.client, [device("A"), device_of(other), device_of(again)]).start().await.unwrap();
    assert!(
        matches!(
            outcomes(&report)[..],
            [
                ImportOutcome::Registered { .. },
                ImportOutcome::Registered { .. },
                ImportOutcome::AlreadyRegistered { .. }
            ]
        ),
        "{report:?}"
    );
    assert_eq!(world.tenant.device_count(), 2);
}

// lessons.md 2.6: any other status fails, typed; partial is pending; records are polled by id.
#[tokio::test]
async fn what_the_service_does_not_say_clearly_is_unconfirmed() {
    const RECORD: &str = "/deviceManagement/importedWindowsAutopilotDeviceIdentities/{id}";
    let strange = serde_json::json!("paused");
    for (fault, expected) in [
        (
            Fault::value("/state/deviceImportStatus", strange),
            "unconfirmed (the import has the unknown status \"paused\")",
        ),
        (Fault::status(404), "unconfirmed (the record of its import was deleted by someone else)"),
        (
            Fault::value("/state/deviceImportStatus", serde_json::json!("partial")),
            "timed out while being imported by the service",
        ),
    ] {
        let world = World::new();
        world.tenant.fault(fault.on("GET", RECORD));
        let report = Import::new(&world.client, [device("A")]).start().await.unwrap();
        assert_eq!(outcomes(&report)[0].to_string(), expected);
        assert!(!report.is_complete());
    }
}
