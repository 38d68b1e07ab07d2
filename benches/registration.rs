//! Reading hardware hashes and device files.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench has nobody to report to"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windows_autopilot::model::HardwareHash;
use windows_autopilot::registration::csv::CsvReader;
use windows_autopilot::registration::{HashContents, SampleHash};

fn hash(serial: &str) -> HardwareHash {
    SampleHash::new(serial).build().expect("a short serial number fits")
}

fn hashes(c: &mut Criterion) {
    let hash = hash("5CG1234ABC");
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

fn device_file(c: &mut Criterion) {
    const ROWS: u64 = 500;
    let mut file = String::from("Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\r\n");
    for row in 0..ROWS {
        let serial = format!("5CG{row:07}");
        file.push_str(&format!("{serial},,{},Kiosk\r\n", hash(&serial).as_str()));
    }
    let utf16: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [b"\xFF\xFE", utf16.as_slice()].concat();
    let mut group = c.benchmark_group("device_csv");
    group.throughput(Throughput::Elements(ROWS));
    for (name, file) in [("read/500_rows_ascii", file.as_bytes()), ("read/500_rows_utf16", &utf16)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                CsvReader::new(black_box(file))
                    .filter(|row| row.as_ref().is_ok_and(|row| row.device.is_some()))
                    .count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hashes, device_file);
criterion_main!(benches);
