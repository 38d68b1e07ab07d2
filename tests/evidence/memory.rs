//! Peak memory: of hostile archives, and of a large bundle.

use std::time::Instant;

use windows_autopilot::evidence::{Bundle, EventRecord, Limits, Provider, Side};
use windows_autopilot::jiff::Timestamp;

use crate::bundle::{cab, evtx, zip};

const MIB: u64 = 1 << 20;

fn peak(run: impl FnOnce()) -> u64 {
    allocation_counter::measure(run).bytes_max
}

#[test]
fn a_bomb_takes_no_more_memory_than_its_limits() {
    let bomb = vec![0; 64 << 20];
    let archives = [zip(&[("x.log".to_owned(), bomb.clone())]), cab(&[("x.log".to_owned(), bomb)])];
    for archive in archives {
        let size = u64::try_from(archive.len()).unwrap();
        let used = peak(|| {
            let mut bundle = Bundle::new(Limits::default());
            bundle.add_bytes(Side::Device, "a.zip", archive);
            assert_eq!(bundle.read().unread().len(), 1);
        });
        assert!(used < size + 8 * MIB, "{used} bytes");
    }
}

/// Run by `cargo test --release --all-features --test evidence -- --ignored --nocapture`: the figures of `BENCHMARKS.md`.
#[test]
#[ignore = "takes a minute"]
fn a_large_bundle_is_read_in_time_and_memory() {
    let mut random = fastrand::Rng::with_seed(1);
    // Records of which one in twenty is kept, as in a real log.
    let log = |channel: &str, provider: &Provider, records: u64, random: &mut fastrand::Rng| {
        let records: Vec<_> = (1..=records)
            .map(|number| {
                let id = if number % 20 == 0 { 1014 } else { 16 };
                let text: String = (0..random.usize(60..140)).map(|_| random.alphanumeric()).collect();
                EventRecord::new(provider.clone(), id)
                    .with_record(number)
                    .with_channel(channel)
                    .with_computer("PC-0001")
                    .with_time(
                        Timestamp::from_second(1_782_900_000 + i64::try_from(number).unwrap()).unwrap(),
                    )
                    .with_field("QueryName", text)
                    .with_field("AddressLength", "128")
            })
            .collect();
        evtx(&records)
    };
    let mut members = Vec::new();
    let mut nested = Vec::new();
    let mut bytes = 0;
    for number in 0..5 {
        let file = log("System", &Provider::DnsClient, 50_000, &mut random);
        bytes += file.len();
        members.push((format!("({number}) Events System.evtx"), file));
    }
    for number in 0..6 {
        let file = log("Admin", &Provider::DnsClient, 20_000, &mut random);
        bytes += file.len();
        nested.push((format!("admin-{number}.evtx"), file));
    }
    for number in 0..24 {
        let line = |number: usize| {
            format!(
                "<![LOG[[Win32App] Processing step {number} of the app]LOG]!><time=\"8:05:{}.1234567\" date=\"7-1-2026\" component=\"IME\" context=\"\" type=\"1\" thread=\"4\" file=\"\">\r\n",
                number % 60
            )
        };
        let text: String = (0..20_000).map(line).collect();
        bytes += text.len();
        nested.push((format!("IntuneManagementExtension-{number}.log"), text.into_bytes()));
    }
    members.push(("(9) FoldersFiles mdmlogs.cab".to_owned(), cab(&nested)));
    drop(nested);
    let archive = zip(&members);
    drop(members);
    let path = std::env::temp_dir().join(format!("evidence-large-{}.zip", std::process::id()));
    std::fs::write(&path, &archive).unwrap();
    let packed = archive.len();
    drop(archive);
    let mut read = None;
    #[allow(clippy::disallowed_methods, reason = "a measurement")]
    let started = Instant::now();
    let used = peak(|| {
        let mut bundle = Bundle::new(Limits::default());
        bundle.add_path(Side::Device, &path).unwrap();
        read = Some(bundle.read());
    });
    let elapsed = started.elapsed();
    std::fs::remove_file(&path).unwrap();
    let evidence = read.unwrap();
    println!(
        "{} MB of logs, {} MB packed: {elapsed:.1?}, peak {} MiB; {} sources, {} records, {} observations",
        bytes / 1_000_000,
        packed / 1_000_000,
        used / MIB,
        evidence.sources().len(),
        evidence.sources().iter().map(|source| source.records).sum::<u64>(),
        evidence.observations().len()
    );
    assert_eq!(evidence.sources().len(), 35);
    assert!(used < 256 * MIB && bytes > 190_000_000, "{used} {bytes}");
}
