//! Rounds over many tenants in shards, by the code of the example `many_tenants`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use windows_autopilot::Client;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::sim::{DeviceSpec, Fault, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::{Transport, TransportError};

use crate::folder::Folder;
use crate::support::{desired, devices, snapshot};
use crate::tools::exit;
use crate::tools::round::{Customer, Deployment, Outcome, Round, Shard, TenantReport};

/// The number of tenants, in four shards of about a hundred.
const TENANTS: usize = 400;
const SHARDS: usize = 4;

/// A process: it is killed at one of its requests.
#[derive(Debug)]
struct Process {
    requests_left: AtomicUsize,
    /// Whether the last request arrives, and only its answer is lost.
    arrives: bool,
    killed: tokio::sync::Notify,
}

impl Process {
    fn new(requests_left: usize, arrives: bool) -> Arc<Self> {
        Arc::new(Self { requests_left: requests_left.into(), arrives, killed: tokio::sync::Notify::new() })
    }

    fn immortal() -> Arc<Self> {
        Self::new(usize::MAX, false)
    }
}

/// A process's way to a tenant.
#[derive(Debug)]
struct Line(Tenant, Arc<Process>);

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let Self(tenant, process) = self;
        let alive = process
            .requests_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if alive == Ok(1) {
            if process.arrives {
                let _ = tenant.send(request).await;
            }
            process.killed.notify_one();
            return std::future::pending().await;
        }
        match alive {
            Ok(_) => tenant.send(request).await,
            Err(_) => std::future::pending().await,
        }
    }
}

/// The tenants of a provider, and the folder of their reports.
struct World {
    tenants: BTreeMap<String, Harness>,
    folder: Folder,
}

impl World {
    fn new(name: &str, count: usize) -> Self {
        let tenant = |number| {
            let harness = Harness::new();
            crate::support::prepare(&harness.tenant);
            (format!("customer-{number:03}.onmicrosoft.com"), harness)
        };
        Self {
            tenants: (0..count).map(tenant).collect(),
            folder: Folder::in_memory(&format!("shards-{name}")),
        }
    }

    fn round(&self, shard: Shard) -> Round {
        Round { name: "first".to_owned(), shard, folder: Some(self.folder.path().to_owned()), applies: true }
    }

    /// Runs a process over its shard. Returns `None` if it was killed.
    async fn run(&self, round: &Round, process: &Arc<Process>) -> Option<Vec<TenantReport>> {
        let open = |tenant: &str| {
            let harness = &self.tenants[tenant];
            let client = Client::builder(FixedToken::new("simulated"))
                .with_transport(Line(harness.tenant.clone(), Arc::clone(process)))
                .with_clock(harness.clock.clone())
                .build()?;
            let (name, settings) = ("Munich".to_owned(), desired());
            let devices = devices(usize::from(has_device(tenant)));
            let deployment = Deployment { name, settings, devices };
            Ok(Customer { client, deployments: vec![deployment] })
        };
        tokio::select! {
            biased;
            () = process.killed.notified() => None,
            reports = round.run(self.tenants.keys(), open, |_| {}) => Some(reports.unwrap()),
        }
    }

    fn requests(&self) -> BTreeMap<&str, usize> {
        self.tenants.iter().map(|(name, harness)| (name.as_str(), harness.tenant.requests().len())).collect()
    }
}

/// Returns the creations that a tenant took, by path.
fn creations(tenant: &Tenant) -> BTreeMap<String, usize> {
    let mut creations = BTreeMap::new();
    for request in tenant.requests() {
        let collection = request.path.rsplit('/').next().unwrap().to_owned();
        if request.method == "POST"
            && request.status.is_some_and(|status| status.is_success())
            && collection != "$batch"
        {
            *creations.entry(collection).or_default() += 1;
        }
    }
    creations
}

/// Returns `true` for every fourth tenant, which also imports a device.
fn has_device(tenant: &str) -> bool {
    tenant
        .trim_matches(|character: char| !character.is_ascii_digit())
        .parse::<usize>()
        .unwrap()
        .is_multiple_of(4)
}

fn shards() -> [Shard; SHARDS] {
    std::array::from_fn(|index| format!("{index}/{SHARDS}").parse().unwrap())
}

#[tokio::test]
async fn four_shards_with_one_killed_and_restarted_do_all_tenants_once() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);

    // Two tenants by themselves, with and without a device: the requests of both, and the end of all.
    let alone = World::new("alone", 2);
    let process = Process::immortal();
    alone.run(&alone.round(Shard::ALL), &process).await.unwrap();
    let of_two = usize::MAX - process.requests_left.load(Ordering::SeqCst);
    let mut wanted = BTreeMap::new();
    for (name, Harness { tenant, .. }) in &alone.tenants {
        wanted.insert(has_device(name), (snapshot(tenant).await, creations(tenant)));
    }

    let world = World::new("four", TENANTS);
    let own = |shard: Shard| world.tenants.keys().filter(move |name| shard.has(name)).count();
    let unlucky = rng.usize(..SHARDS);
    let kill_at = rng.usize(1..of_two / 2 * own(shards()[unlucky]));
    let processes: [_; SHARDS] = std::array::from_fn(|index| match index == unlucky {
        true => Process::new(kill_at, rng.bool()),
        false => Process::immortal(),
    });
    let at = format!("seed {seed}: shard {unlucky} killed at request {kill_at}");
    let rounds = shards().map(|shard| world.round(shard));
    let runs = rounds.iter().zip(&processes).map(|(round, process)| world.run(round, process));
    let mut reports = futures_util::future::join_all(runs).await;
    assert!(reports[unlucky].is_none(), "{at}");
    let is_done = |name: &str| world.folder.path().join(format!("{name}.json")).exists();
    let before: BTreeMap<&str, usize> =
        world.requests().into_iter().filter(|(name, _)| is_done(name)).collect();
    let missing = TENANTS - before.len();
    assert!((1..=own(shards()[unlucky])).contains(&missing), "{at}: {missing} were left");

    // The successor of the killed process.
    reports[unlucky] = world.run(&rounds[unlucky], &Process::immortal()).await;
    let reports: Vec<TenantReport> = reports.into_iter().flatten().flatten().collect();
    let names: BTreeSet<&str> = reports.iter().map(|report| report.tenant.as_str()).collect();
    assert_eq!((reports.len(), names.len()), (TENANTS, TENANTS), "{at}: each tenant belongs to one shard");
    let kept = reports.iter().filter(|report| report.is_kept).count();
    let after = world.requests();
    for (name, count) in before {
        assert_eq!(after[name], count, "{at}: {name} was done, and is left alone");
    }
    for report in &reports {
        let Harness { tenant, .. } = &world.tenants[&report.tenant];
        let found = (&report.outcome, report.error.as_deref());
        assert!(report.outcome <= Outcome::Applied, "{at}: {} {found:?}", report.tenant);
        let held = (snapshot(tenant).await, creations(tenant));
        assert_eq!(held, wanted[&has_device(&report.tenant)], "{at}: {}", report.tenant);
        let text = std::fs::read(world.folder.path().join(format!("{}.json", report.tenant))).unwrap();
        let mut kept: TenantReport = serde_json::from_slice(&text).unwrap();
        kept.is_kept = report.is_kept;
        assert_eq!(kept, *report, "{at}");
    }
    println!("{at}: {missing} tenants were left, {kept} done before");

    // A third run finds nothing to do, and sends nothing.
    let requests = world.requests();
    for round in &rounds {
        let reports = world.run(round, &Process::immortal()).await.unwrap();
        assert!(reports.iter().all(|report| report.is_kept), "{at}");
        assert_eq!(round.exit_code(&reports), exit::DONE);
    }
    assert_eq!(world.requests(), requests, "{at}");
}

#[tokio::test]
async fn a_tenant_whose_round_is_killed_at_any_request_is_completed_by_the_next() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    let alone = World::new("whole", 1);
    let process = Process::immortal();
    alone.run(&alone.round(Shard::ALL), &process).await.unwrap();
    let requests = usize::MAX - process.requests_left.load(Ordering::SeqCst);
    let Harness { tenant, .. } = alone.tenants.values().next().unwrap();
    let wanted = (snapshot(tenant).await, creations(tenant));
    for kill_at in 1..=requests {
        let at = format!("seed {seed}: killed at request {kill_at} of {requests}");
        let world = World::new(&format!("killed-{kill_at}"), 1);
        let round = world.round(Shard::ALL);
        assert!(world.run(&round, &Process::new(kill_at, rng.bool())).await.is_none(), "{at}");
        let reports = world.run(&round, &Process::immortal()).await.unwrap();
        assert_eq!((&reports[0].outcome, &reports[0].error), (&Outcome::Applied, &None), "{at}");
        let Harness { tenant, .. } = world.tenants.values().next().unwrap();
        assert_eq!((snapshot(tenant).await, creations(tenant)), wanted, "{at}");
    }
}

#[tokio::test]
async fn a_device_that_others_register_after_a_kill_is_not_left_to_complete() {
    let alone = World::new("ours", 1);
    let process = Process::immortal();
    alone.run(&alone.round(Shard::ALL), &process).await.unwrap();
    let requests = usize::MAX - process.requests_left.load(Ordering::SeqCst);
    let mut theirs = 0;
    for kill_at in 1..=requests {
        let at = format!("killed at request {kill_at} of {requests}");
        let world = World::new(&format!("theirs-{kill_at}"), 1);
        let round = world.round(Shard::ALL);
        assert!(world.run(&round, &Process::new(kill_at, false)).await.is_none(), "{at}");
        let Harness { tenant, .. } = world.tenants.values().next().unwrap();
        if !creations(tenant).contains_key("import") {
            tenant.add_device_with(DeviceSpec::new("PF000000").with_manufacturer("").with_model(""));
            theirs += 1;
        }
        let first = world.run(&round, &Process::immortal()).await.unwrap();
        assert_eq!((&first[0].outcome, &first[0].error), (&Outcome::Applied, &None), "{at}");
        assert_eq!(tenant.device_count(), 1, "{at}");
        let next = Round { name: "second".to_owned(), ..round };
        let second = world.run(&next, &Process::immortal()).await.unwrap();
        assert_eq!((&second[0].outcome, &second[0].error), (&Outcome::Same, &None), "{at}");
    }
    assert!((5..requests).contains(&theirs), "{theirs} of {requests} were before the import");
}

#[test]
fn the_shard_of_a_tenant_depends_on_its_name_and_the_count_alone() {
    let place = |tenant: &str, count: u32| {
        let has = |index: &u32| format!("{index}/{count}").parse::<Shard>().unwrap().has(tenant);
        let places: Vec<u32> = (0..count).filter(has).collect();
        assert_eq!(places.len(), 1, "{tenant} is in the shards {places:?} of {count}");
        places[0]
    };
    // Processes of two versions work side by side while a job is rolled out: these never change.
    let tenants =
        ["contoso.onmicrosoft.com", "Fabrikam.OnMicrosoft.com", "1537de22-988c-4e93-b8a5-83890f34a69b"];
    assert_eq!(tenants.map(|tenant| place(tenant, 4)), [1, 2, 2]);
    assert_eq!(tenants.map(|tenant| place(tenant, 7)), [2, 3, 4]);
    assert_eq!(tenants.map(|tenant| place(tenant, 1)), [0, 0, 0]);
    assert_eq!(place("fabrikam.onmicrosoft.com", 7), place("FABRIKAM.onmicrosoft.com", 7));
}

#[test]
fn a_shard_that_does_not_exist_is_refused() {
    for (text, problem) in [
        ("4/4", "the last of 4 shards is 3/4: they count from 0"),
        ("0/0", "write the index, from 0, and the number of shards, such as 0/4"),
        ("-1/4", "write the index, from 0, and the number of shards, such as 0/4"),
        ("1", "write the index, from 0, and the number of shards, such as 0/4"),
        ("", "write the index, from 0, and the number of shards, such as 0/4"),
        ("1/4294967296", "write the index, from 0, and the number of shards, such as 0/4"),
    ] {
        assert_eq!(text.parse::<Shard>(), Err(problem.to_owned()), "{text:?}");
    }
}

#[tokio::test]
async fn a_tenant_that_fails_stops_no_other_and_is_tried_again() {
    let world = World::new("failing", 12);
    let refused = world.tenants.keys().nth(5).unwrap();
    let fault = Fault::status(400).on("POST", "/deviceManagement/deviceConfigurations").once();
    world.tenants[refused].tenant.fault(fault);
    let round = world.round(Shard::ALL);
    let reports = world.run(&round, &Process::immortal()).await.unwrap();
    let failed: Vec<&str> = reports
        .iter()
        .filter(|report| report.outcome == Outcome::Failed)
        .map(|report| report.tenant.as_str())
        .collect();
    assert_eq!((reports.len(), failed), (12, vec![refused.as_str()]));
    assert_eq!(round.exit_code(&reports), exit::FAILURE);

    let requests = world.requests();
    let reports = world.run(&round, &Process::immortal()).await.unwrap();
    assert_eq!(round.exit_code(&reports), exit::DONE);
    for report in &reports {
        let wanted =
            if report.tenant == *refused { (Outcome::Applied, false) } else { (Outcome::Applied, true) };
        assert_eq!((report.outcome, report.is_kept), wanted, "{}", report.tenant);
        let is_idle = requests[report.tenant.as_str()] == world.requests()[report.tenant.as_str()];
        assert_eq!(is_idle, report.is_kept, "{}", report.tenant);
    }

    // Another round visits all of them, and changes nothing.
    let again = Round { name: "second".to_owned(), ..round };
    let reports = world.run(&again, &Process::immortal()).await.unwrap();
    assert!(
        reports.iter().all(|report| (report.outcome, report.is_kept) == (Outcome::Same, false)),
        "{reports:?}"
    );
}

#[tokio::test]
async fn two_processes_never_write_to_one_tenant() {
    let world = World::new("twice", 8);
    let round = world.round(Shard::ALL);
    let processes = [Process::immortal(), Process::immortal()];
    let runs = processes.iter().map(|process| world.run(&round, process));
    let reports = futures_util::future::join_all(runs).await;
    let alone = World::new("once", 8);
    alone.run(&alone.round(Shard::ALL), &Process::immortal()).await.unwrap();
    for (name, harness) in &world.tenants {
        assert_eq!(creations(&harness.tenant), creations(&alone.tenants[name].tenant), "{name}");
        let outcomes: Vec<_> =
            reports.iter().flatten().flatten().filter(|report| report.tenant == *name).collect();
        assert!(outcomes.iter().any(|report| report.outcome == Outcome::Applied), "{name}: {outcomes:?}");
        for refused in outcomes.iter().filter(|report| report.outcome == Outcome::Failed) {
            let error = refused.error.as_deref().unwrap_or_default();
            assert!(error.contains("is in use by another run"), "{error}");
        }
    }
}
