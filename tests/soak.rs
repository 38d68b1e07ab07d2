//! Many calls at once for a long time, with one request in five going wrong.
//!
//! 5,000 calls in a debug build, all 200,000 in a release build or with `WINDOWS_AUTOPILOT_SOAK=200000`. The seed is
//! fixed; `WINDOWS_AUTOPILOT_SEED` takes another.
#![cfg(all(feature = "sim", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use windows_autopilot::clock::{Clock as _, FakeClock};
use windows_autopilot::credential::ClientSecret;
use windows_autopilot::graph::{ApiVersion, field};
use windows_autopilot::model::{Device, Group, Id, Stored};
use windows_autopilot::pipeline::{Counters, Limits, RetryConfig};
use windows_autopilot::sim::{Fault, Tenant};
use windows_autopilot::{Client, Error, ErrorKind};

const TASKS: u64 = 64;
const DEVICES: usize = 40;

fn setting<T: FromStr + Display>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What this process holds in memory now, in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What went wrong, and how often; the memory along the way.
#[derive(Default)]
struct Seen {
    done: u64,
    errors: BTreeMap<String, u64>,
    memory: Vec<u64>,
}

struct Soak {
    client: Client,
    tenant: Tenant,
    devices: Vec<(Id<Device>, String)>,
    calls: u64,
    seen: Mutex<Seen>,
}

impl Soak {
    /// Counts a call; of its errors only those are right that faults explain.
    fn note<T>(&self, result: Result<T, Error>) -> Option<T> {
        let mut seen = self.seen.lock().unwrap();
        seen.done += 1;
        if seen.done.is_multiple_of(self.calls / 10) {
            self.tenant.clear_requests();
            seen.memory.push(resident_kib());
        }
        result
            .map_err(|error| {
                use ErrorKind::{
                    Connect, Decode, Interrupted, Throttled, Timeout, Unavailable, UnknownOutcome,
                };
                let explained =
                    [Connect, Decode, Interrupted, Throttled, Timeout, Unavailable, UnknownOutcome];
                assert!(explained.contains(&error.kind()), "no fault explains it: {error}");
                assert!(error.operation().is_some() && error.target().is_some(), "{error}");
                *seen.errors.entry(format!("{:?}", error.kind())).or_default() += 1;
            })
            .ok()
    }

    async fn read_device(&self, number: usize) {
        let (id, serial) = &self.devices[number % DEVICES];
        if let Some(device) = self.note(self.client.devices().get(id).send().await) {
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
        let Some(mut answers) = self.note(batch.send().await) else { return };
        for (slot, (_, serial)) in slots.into_iter().zip(devices) {
            if let Ok(device) = answers.take(slot) {
                assert_eq!(device.serial_number.as_deref(), Some(serial.as_str()), "another's part");
            }
        }
    }

    /// A group's life: made once whatever happens, changed, read, deleted.
    async fn group(&self, name: &str) {
        let wish = Group::new(name.parse().unwrap());
        let created: Option<Stored<Group>> = self.note(self.client.groups().create(&wish).send().await);
        // Made, or not, or nobody knows: reading tells, and there are never two.
        let filter = field("displayName").eq(name);
        let Some(found) = self.note(self.client.groups().list().filter(filter).all().await) else { return };
        assert!(found.len() <= 1, "{name} was made twice");
        assert!(created.is_none() || found.len() == 1, "{name} was made and is not there");
        let Some(group) = found.into_iter().next() else { return };
        let mut changed = group.settings.clone();
        changed.description = Some("changed".into());
        if self.note(self.client.groups().update(&group, &changed).send().await).is_some()
            && let Some(read) = self.note(self.client.groups().get(&group.id).send().await)
        {
            assert_eq!(read.settings.description.as_ref().map(|text| text.as_str()), Some("changed"));
        }
        if self.note(self.client.groups().delete(&group.id).send().await).is_some() {
            let gone = self.client.get::<serde_json::Value>(ApiVersion::V1, &format!("/groups/{}", group.id));
            match gone.send().await {
                Err(error) if error.kind() == ErrorKind::NotFound => drop(self.note(Ok(()))),
                other => {
                    let answer = self.note(other.map(drop));
                    assert!(answer.is_none(), "{name} was deleted and is there");
                }
            }
        }
    }

    async fn task(&self, number: u64, seed: u64) {
        let mut rng = fastrand::Rng::with_seed(seed ^ number);
        let mut round = 0;
        while self.seen.lock().unwrap().done < self.calls {
            round += 1;
            match rng.u32(0..10) {
                0..=4 => self.read_device(rng.usize(..DEVICES)).await,
                5..=6 => self.batch(rng.usize(..DEVICES)).await,
                7 => self.list_devices().await,
                _ => self.group(&format!("Soak {number} {round}")).await,
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
    // One in five, of every kind that passes; and sign-in, which fails less often than it is asked.
    for (rate, fault) in [
        (0.03, Fault::throttle(Duration::from_millis(700))),
        (0.02, Fault::throttle_silently()),
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
        .with_limits(Limits::unpaced())
        .with_observer(move |event| counting.record(event))
        .build()
        .unwrap();

    fastrand::seed(seed);
    let soak = Arc::new(Soak { client, tenant, devices, calls, seen: Mutex::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let soak = Arc::clone(&soak);
                tokio::spawn(async move { soak.task(number, seed).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });

    assert_eq!((runtime.metrics().num_alive_tasks(), clock.waiting()), (0, 0), "nothing is left");
    let seen = soak.seen.lock().unwrap();
    let counts = counters.counts();
    println!("{} calls in {:?} of virtual time: {:?}; {counts:?}", seen.done, clock.elapsed(), seen.errors);
    println!("memory: {:?} KiB", seen.memory);
    assert!(seen.done >= calls);
    let failed: u64 = seen.errors.values().sum();
    assert!(failed > 0 && failed < seen.done / 5, "{failed} of {} failed", seen.done);
    assert!(counts.retries > seen.done / 20, "the faults struck: {counts:?}");
    // What grows in this process is the list of sleeps in the clock, 16 bytes each.
    let (first, last) = (seen.memory[1], *seen.memory.last().unwrap());
    assert!(last < first + 24 * 1024, "memory grew: {:?} KiB", seen.memory);
}
