//! Many calls at once for a long time, with one request in five going wrong.
//!
//! 5,000 calls in a debug build, all 200,000 in a release build or with `WINDOWS_AUTOPILOT_SOAK=200000`. The seed is
//! fixed; `WINDOWS_AUTOPILOT_SEED` takes another.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

mod batch;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use windows_autopilot::clock::{Clock as _, FakeClock};
use windows_autopilot::credential::ClientSecret;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{DeploymentProfile, Device, Group, HybridJoinProfile, Id, Stored};
use windows_autopilot::pipeline::{Counters, Limits, RetryConfig};
use windows_autopilot::sim::{Fault, Tenant};
use windows_autopilot::{Client, Error, ErrorKind};

const TASKS: u64 = 64;
const DEVICES: usize = 40;
/// How much more memory a quarter of the run may leave in use than it found, but for the first, in bytes.
const TOLERANCE: i64 = 128 << 10;

fn setting<T: FromStr + Display>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What went wrong, and how often.
#[derive(Default)]
struct Seen {
    done: u64,
    errors: BTreeMap<String, u64>,
}

struct Soak {
    client: Client,
    tenant: Tenant,
    clock: FakeClock,
    devices: Vec<(Id<Device>, String)>,
    /// One for each task, which nobody else changes.
    groups: Vec<Id<Group>>,
    calls: u64,
    seen: Mutex<Seen>,
}

impl Soak {
    /// What the means of the test keep of the past grows, of course.
    fn forget(&self) {
        self.tenant.clear_requests();
        self.clock.clear_slept();
    }

    /// Counts a call; of its errors only those are right that faults explain.
    fn note<T>(&self, result: Result<T, Error>) -> Option<T> {
        let mut seen = self.seen.lock().unwrap();
        seen.done += 1;
        if seen.done.is_multiple_of(self.calls / 200) {
            self.forget();
        }
        result
            .map_err(|error| {
                use ErrorKind::{
                    Connect, Decode, Interrupted, Throttled, Timeout, Unavailable, UnknownOutcome,
                };
                let explained =
                    [Connect, Decode, Interrupted, Throttled, Timeout, Unavailable, UnknownOutcome];
                assert!(explained.contains(&error.kind()), "no fault explains it: {error}");
                assert!(error.operation().is_some() && error.endpoint().is_some(), "{error}");
                *seen.errors.entry(format!("{:?}", error.kind())).or_default() += 1;
            })
            .ok()
    }

    async fn read_device(&self, number: usize) {
        let (id, serial) = &self.devices[number % DEVICES];
        if let Some(device) = self.note(self.client.devices().get(id).await) {
            assert_eq!(device.serial_number.as_deref(), Some(serial.as_str()), "another's answer");
        }
    }

    async fn list_devices(&self) {
        if let Some(all) = self.note(self.client.devices().list().all().await) {
            assert_eq!(all.len(), DEVICES, "a list that is not whole is not told as whole");
        }
    }

    async fn batch(&self, number: usize) {
        let mut batch = self.client.batch();
        let devices: Vec<_> = (0..5).map(|step| &self.devices[(number + step * 7) % DEVICES]).collect();
        let slots: Vec<_> = devices.iter().map(|(id, _)| batch.add(self.client.devices().get(id))).collect();
        let Some(mut answers) = self.note(batch.await) else { return };
        for (slot, (_, serial)) in slots.into_iter().zip(devices) {
            if let Ok(device) = answers.take(slot) {
                assert_eq!(device.serial_number.as_deref(), Some(serial.as_str()), "another's part");
            }
        }
    }

    /// A profile's life: made once whatever happens, changed, read, deleted. Of groups the tenant remembers that they were
    /// there; of profiles it does not.
    async fn profile(&self, name: &str) {
        let wish = HybridJoinProfile::new(name.parse().unwrap());
        let created: Option<Stored<HybridJoinProfile>> =
            self.note(self.client.profiles().create(&wish).await);
        // Made, or not, or nobody knows: reading tells, and there are never two.
        let all = loop {
            if let Some(all) = self.note(self.client.profiles().list().all().await) {
                break all;
            }
        };
        let mut found = all.into_iter().filter_map(|profile| match profile {
            DeploymentProfile::Hybrid(stored) if stored.settings.display_name.as_str() == name => {
                Some(stored)
            }
            _ => None,
        });
        let Some(stored) = found.next() else {
            return assert!(created.is_none(), "{name} was made and is not there");
        };
        assert!(found.next().is_none(), "{name} was made twice");
        let mut changed = stored.settings.clone();
        changed.description = Some("changed".parse().unwrap());
        if self.note(self.client.profiles().update(&stored, &changed).await).is_some()
            && let Some(read) = self.note(self.client.profiles().get(&stored.id).await)
        {
            assert_eq!(read.settings, changed);
        }
        let mut tried = false;
        loop {
            let deleted = match self.client.profiles().delete(&stored.id).await {
                // By a call that failed, and took effect.
                Err(error) if tried && error.kind() == ErrorKind::NotFound => Ok(()),
                deleted => deleted,
            };
            if self.note(deleted).is_some() {
                break;
            }
            tried = true;
        }
        let path = format!("/deviceManagement/windowsAutopilotDeploymentProfiles/{}", stored.id);
        match self.client.get::<serde_json::Value>(ApiVersion::Beta, &path).await {
            Err(error) if error.kind() == ErrorKind::NotFound => drop(self.note(Ok(()))),
            other => assert!(self.note(other.map(drop)).is_none(), "{name} was deleted and is there"),
        }
    }

    /// Changes a group that nobody else changes.
    async fn group(&self, id: &Id<Group>, description: &str) {
        let Some(stored) = self.note(self.client.groups().get(id).await) else { return };
        let mut changed = stored.settings.clone();
        changed.description = Some(description.into());
        if self.note(self.client.groups().update(&stored, &changed).await).is_some()
            && let Some(read) = self.note(self.client.groups().get(id).await)
        {
            assert_eq!(read.settings.description.as_ref().map(|text| text.as_str()), Some(description));
        }
    }

    /// One task's calls, until so many are done by all.
    async fn task(&self, number: u64, quarter: u64, seed: u64) {
        let mut rng = fastrand::Rng::with_seed(seed ^ number ^ quarter << 32);
        let group = &self.groups[usize::try_from(number).unwrap()];
        let mut round = 0;
        while self.seen.lock().unwrap().done < self.calls * quarter / 4 {
            round += 1;
            match rng.u32(0..10) {
                0..=4 => self.read_device(rng.usize(..DEVICES)).await,
                5..=6 => self.batch(rng.usize(..DEVICES)).await,
                7 => self.list_devices().await,
                8 => self.group(group, &format!("round {quarter} {round}")).await,
                _ => self.profile(&format!("Soak {number} {quarter} {round}")).await,
            }
        }
    }
}

#[test]
fn every_call_of_a_long_run_with_faults_ends_right_or_with_a_typed_error() {
    let calls: u64 = setting("WINDOWS_AUTOPILOT_SOAK", if cfg!(debug_assertions) { 5_000 } else { 200_000 });
    let seed: u64 = setting("WINDOWS_AUTOPILOT_SEED", 7);
    let app = "00001111-aaaa-2222-bbbb-3333cccc4444";
    let clock = FakeClock::new();
    let tenant = Tenant::builder()
        .with_clock(Arc::new(clock.clone()))
        .with_seed(seed)
        .with_page_size(15)
        .with_strict_tokens()
        .build();
    tenant.add_client_secret(app, "secret");
    let devices = (0..DEVICES)
        .map(|number| {
            let serial = format!("SN-{number}");
            (tenant.add_device(&serial).parse().unwrap(), serial)
        })
        .collect();
    let groups =
        (0..TASKS).map(|number| tenant.add_group(&format!("Soak {number}")).parse().unwrap()).collect();
    // One in five, of every kind that passes; and sign-in, which fails less often than it is asked.
    for (rate, fault) in [
        (0.03, Fault::throttle(Duration::from_millis(700))),
        (0.02, Fault::throttle_without_header()),
        (0.03, Fault::status(503)),
        (0.02, Fault::status(504)),
        (0.02, Fault::html(502)),
        (0.02, Fault::reset_before()),
        (0.02, Fault::reset_after()),
        (0.01, Fault::timeout_after()),
        (0.01, Fault::refuse_connection()),
        (0.01, Fault::torn()),
        (0.01, Fault::slow(Duration::from_secs(9))),
    ] {
        tenant.fault(fault.rate(rate));
    }
    tenant.fault(Fault::status(503).on("POST", "/oauth2/v2.0/token").rate(0.2));
    let counters = Counters::default();
    let counting = counters.clone();
    let client = Client::builder(ClientSecret::new(tenant.id().parse().unwrap(), app, "secret").unwrap())
        .with_transport(tenant.clone())
        .with_clock(clock.clone())
        .with_retry(RetryConfig::default().with_budget(100))
        .with_limits(Limits::without_rate_limits())
        .with_observer(move |event| counting.record(event))
        .build()
        .unwrap();

    fastrand::seed(seed);
    let (time, seen) = (clock.clone(), Mutex::default());
    let soak = Arc::new(Soak { client, tenant, clock: time, devices, groups, calls, seen });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // What each quarter leaves in use, when all its tasks have ended.
    let left: Vec<i64> = (1..=4)
        .map(|quarter| {
            let run = || {
                runtime.block_on(async {
                    let task = |number| {
                        let soak = Arc::clone(&soak);
                        tokio::spawn(async move { soak.task(number, quarter, seed).await })
                    };
                    let tasks: Vec<_> = (0..TASKS).map(task).collect();
                    for task in tasks {
                        task.await.unwrap();
                    }
                });
                soak.forget();
            };
            allocation_counter::measure(run).bytes_current
        })
        .collect();

    assert_eq!((runtime.metrics().num_alive_tasks(), clock.waiting()), (0, 0), "nothing is left");
    let seen = soak.seen.lock().unwrap();
    let counts = counters.counts();
    println!("{} calls in {:?} of virtual time: {:?}; {counts:?}", seen.done, clock.elapsed(), seen.errors);
    println!("left in use by each quarter: {left:?} bytes");
    assert!(seen.done >= calls);
    let failed: u64 = seen.errors.values().sum();
    assert!(failed > 0 && failed < seen.done / 5, "{failed} of {} failed", seen.done);
    assert!(counts.retries > seen.done / 20, "the faults struck: {counts:?}");
    assert!(left[1..].iter().all(|bytes| *bytes < TOLERANCE), "memory grew: {left:?} bytes");
}
