//! The import of devices on the simulated tenant, from the first request to the last outcome.
#![allow(clippy::expect_used, missing_docs, reason = "a bench has nobody to report to")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use windows_autopilot::model::DeviceToImport;
use windows_autopilot::registration::SampleHash;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::Import;

const DEVICES: usize = 1_000;

fn devices() -> Vec<DeviceToImport> {
    let device = |number: usize| {
        let serial = format!("PF{number:07}");
        let hash = SampleHash::new(serial.as_str()).build().expect("a short serial number fits");
        DeviceToImport::new(serial.parse().expect("letters and digits"), hash)
    };
    (0..DEVICES).map(device).collect()
}

fn simulated_import(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let devices = devices();
    let mut group = criterion.benchmark_group("simulated_import");
    group.throughput(Throughput::Elements(DEVICES as u64));
    group.sample_size(10);
    group.bench_function("1000_devices", |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || (Harness::new(), devices.clone()),
            |(harness, devices)| async move {
                let report =
                    Import::new(&harness.client, devices).start().await.expect("an import that ends");
                assert_eq!(black_box(report.counts.registered), DEVICES);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, simulated_import);
criterion_main!(benches);
