//! Batches and imports while the service throttles: how long they take in virtual time, how often they are refused, and
//! what they cost in real time.
//!
//! `cargo bench --features registration,sim --bench throttled` prints the table first. It is the same on every machine:
//! the simulated tenant throttles as documented (100 writes and 1,000 requests to Intune in 20 seconds, the directory not
//! at all), and takes a second for a response. Under `cargo test` it is done with a few devices.
#![allow(clippy::expect_used, clippy::print_stdout, missing_docs, reason = "a bench has nobody to report to")]

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::{StreamExt as _, stream};
use windows_autopilot::clock::{Clock, FakeClock};
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::Operation;
use windows_autopilot::model::{Device, DeviceToImport, Id};
use windows_autopilot::pipeline::{Counters, Counts, EventKind, Limits};
use windows_autopilot::registration::SampleHash;
use windows_autopilot::resource::DeviceUpdate;
use windows_autopilot::sim::Tenant;
use windows_autopilot::transport::{Transport, TransportError};
use windows_autopilot::workflow::Import;
use windows_autopilot::{Client, Result};

const LATENCY: Duration = Duration::from_secs(1);
/// How many devices are worked on.
#[derive(Debug, Clone, Copy)]
struct Scale {
    tags: usize,
    reads: usize,
    imports: usize,
}

impl Scale {
    const FULL: Self = Self { tags: 2_000, reads: 10_000, imports: 5_000 };
    const SMOKE: Self = Self { tags: 40, reads: 40, imports: 25 };

    /// As criterion does: in full where it is benched, and a little where it is tested.
    fn wanted() -> Self {
        if std::env::args().any(|argument| argument == "--bench") { Self::FULL } else { Self::SMOKE }
    }
}

/// The most requests in a batch.
const BATCH: usize = 20;

/// How requests go side by side.
#[derive(Debug, Clone, Copy)]
enum Manner {
    OneAtATime,
    /// So many, whatever comes.
    Fixed(usize),
    Adaptive,
}

impl fmt::Display for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneAtATime => f.pad("one at a time"),
            Self::Fixed(most) => f.pad(&format!("always {most}")),
            Self::Adaptive => f.pad("adaptive"),
        }
    }
}

/// A tenant that is some way off.
#[derive(Debug, Clone)]
struct Far(Tenant, FakeClock);

#[async_trait]
impl Transport for Far {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.1.sleep(LATENCY / 2).await;
        let answer = self.0.send(request).await;
        self.1.sleep(LATENCY / 2).await;
        answer
    }
}

struct World {
    client: Client,
    tenant: Tenant,
    clock: FakeClock,
    counters: Counters,
}

impl World {
    /// `paced`: the client keeps to Intune's limits by itself, as it does unless it is told otherwise.
    fn new(manner: Manner, paced: bool) -> Self {
        let clock = FakeClock::new();
        let tenant =
            Tenant::builder().with_clock(std::sync::Arc::new(clock.clone())).with_documented_limits();
        let (tenant, counters) = (tenant.build(), Counters::default());
        let limits = if paced { Limits::default() } else { Limits::without_rate_limits() };
        let counting = counters.clone();
        let client = Client::builder(FixedToken::new("simulated"))
            .with_transport(Far(tenant.clone(), clock.clone()))
            .with_clock(clock.clone())
            .with_limits(if matches!(manner, Manner::OneAtATime) {
                limits.with_concurrency(1)
            } else {
                limits
            })
            .with_retry(windows_autopilot::pipeline::RetryConfig::default().with_jitter(false))
            .with_observer(move |event| {
                if !matches!(event.kind, EventKind::Retry { throttled: false, .. }) {
                    counting.record(event);
                }
            })
            .build()
            .expect("the client is complete");
        Self { client, tenant, clock, counters }
    }

    fn with_devices(self, count: usize) -> (Self, Vec<Id<Device>>) {
        let ids = (0..count).map(|number| self.tenant.add_device(&format!("PF{number:07}")));
        let ids = ids.map(|id| id.parse().expect("an id of the tenant")).collect();
        (self, ids)
    }

    /// Sends one request for each device, in batches.
    async fn for_each<T: 'static>(
        &self,
        devices: &[Id<Device>],
        manner: Manner,
        operation: impl Fn(&Id<Device>) -> Operation<T>,
    ) -> Result<()> {
        let (size, abreast) = match manner {
            // By hand: batches that know nothing of each other.
            Manner::Fixed(most) => (BATCH, most),
            Manner::OneAtATime | Manner::Adaptive => (devices.len(), 1),
        };
        let sending = devices.chunks(size).map(|chunk| {
            let mut batch = self.client.batch();
            let slots: Vec<_> = chunk.iter().map(|id| batch.add(operation(id))).collect();
            async move {
                let mut answers = batch.await?;
                slots.into_iter().try_for_each(|slot| answers.take(slot).map(drop))
            }
        });
        let mut sending = stream::iter(sending).buffer_unordered(abreast);
        while let Some(sent) = sending.next().await {
            sent?;
        }
        Ok(())
    }

    /// Changes the group tag of all devices.
    async fn tag(&self, devices: &[Id<Device>], manner: Manner) -> Result<()> {
        let tag = "Kiosk".parse()?;
        let update = DeviceUpdate::new().with_group_tag(Some(&tag));
        self.for_each(devices, manner, |id| self.client.devices().update(id, &update).into_operation()).await
    }

    /// Reads all devices, one by one.
    async fn read(&self, devices: &[Id<Device>], manner: Manner) -> Result<()> {
        self.for_each(devices, manner, |id| self.client.devices().get(id).into_operation()).await
    }

    /// Asks the directory as often.
    async fn ask_directory(&self, devices: &[Id<Device>], manner: Manner) -> Result<()> {
        let count = || self.client.directory_devices().count().into_operation();
        self.for_each(devices, manner, |_| count()).await
    }

    async fn import(&self, devices: Vec<DeviceToImport>) -> Result<()> {
        let count = devices.len();
        let report = Import::new(&self.client, devices).start().await?;
        assert_eq!(report.counts.registered, count);
        Ok(())
    }

    fn told(&self, work: (usize, &str), manner: Manner, paced: bool) {
        let Counts { requests, retries, .. } = self.counters.counts();
        let took = self.clock.elapsed().as_secs_f64();
        let paced = if paced { "by the client" } else { "by the service" };
        let work = format!("{} {}", work.0, work.1);
        println!(
            "| {work:<14} | {manner:<13} | {paced:<14} | {took:>8.1} s | {requests:>8} | {retries:>7} |"
        );
    }
}

fn devices_to_import(count: usize) -> Vec<DeviceToImport> {
    let device = |number: usize| {
        let serial = format!("PF{number:07}");
        let hash = SampleHash::new(serial.as_str()).build().expect("a short serial number fits");
        DeviceToImport::new(serial.parse().expect("letters and digits"), hash)
    };
    (0..count).map(device).collect()
}

/// The figures in virtual time.
async fn table(scale: Scale) -> Result<()> {
    println!("| work           | side by side  | held back      | time       | requests | refused |");
    println!("| -------------- | ------------- | -------------- | ---------: | -------: | ------: |");
    let manners = [Manner::OneAtATime, Manner::Fixed(4), Manner::Fixed(16), Manner::Adaptive];
    for (paced, manner) in [false, true].into_iter().flat_map(|paced| manners.map(|manner| (paced, manner))) {
        let (world, devices) = World::new(manner, paced).with_devices(scale.tags);
        world.tag(&devices, manner).await?;
        world.told((scale.tags, "tags"), manner, paced);
    }
    for (paced, manner) in [false, true].into_iter().flat_map(|paced| manners.map(|manner| (paced, manner))) {
        let (world, devices) = World::new(manner, paced).with_devices(scale.reads);
        world.read(&devices, manner).await?;
        world.told((scale.reads, "devices"), manner, paced);
    }
    for manner in manners {
        let (world, devices) = World::new(manner, true).with_devices(scale.reads);
        world.ask_directory(&devices, manner).await?;
        world.told((scale.reads, "counts"), manner, true);
    }
    let devices = devices_to_import(scale.imports);
    for paced in [false, true] {
        for manner in [Manner::OneAtATime, Manner::Adaptive] {
            let world = World::new(manner, paced);
            world.import(devices.clone()).await?;
            world.told((scale.imports, "imports"), manner, paced);
        }
    }
    Ok(())
}

fn throttled(criterion: &mut Criterion) {
    let scale = Scale::wanted();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(table(scale)).expect("figures");
    let mut group = criterion.benchmark_group("throttled");
    group.sample_size(10);
    group.throughput(Throughput::Elements(scale.tags as u64));
    group.bench_function(format!("batch/{}_tags", scale.tags), |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || World::new(Manner::Adaptive, false).with_devices(scale.tags),
            |(world, devices)| async move {
                black_box(world.tag(&devices, Manner::Adaptive).await).expect("all tags are changed");
            },
            BatchSize::PerIteration,
        );
    });
    let devices = devices_to_import(scale.imports);
    group.throughput(Throughput::Elements(scale.imports as u64));
    group.bench_function(format!("import/{}_devices", scale.imports), |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || (World::new(Manner::Adaptive, true), devices.clone()),
            |(world, devices)| async move {
                black_box(world.import(devices).await).expect("all are imported");
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, throttled);
criterion_main!(benches);
