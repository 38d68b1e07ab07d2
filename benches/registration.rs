//! Reading hardware hashes.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windows_autopilot::model::HardwareHash;
use windows_autopilot::registration::{HashContents, SampleHash};

fn hashes(c: &mut Criterion) {
    let hash = SampleHash::new("5CG1234ABC").build().expect("a short serial number fits");
    let mut group = c.benchmark_group("hardware_hash");
    group.throughput(Throughput::Bytes(hash.as_str().len() as u64));
    group.bench_function("decode/4000_characters", |b| {
        b.iter(|| HashContents::decode(black_box(&hash)));
    });
    group.bench_function("repair/4000_characters", |b| {
        b.iter(|| HardwareHash::repair(black_box(hash.as_str())));
    });
    group.finish();
}

criterion_group!(benches, hashes);
criterion_main!(benches);
