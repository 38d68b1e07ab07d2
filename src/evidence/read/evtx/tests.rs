use std::path::Path;

use super::*;
use crate::evidence::event::Provider;

/// Returns the readable records and the problems of a public sample; `None` without the samples.
fn sample(name: &str) -> Option<(Vec<EventRecord>, usize)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/device/samples").join(name);
    let file = std::fs::File::open(path).ok()?;
    let mut events = EvtxEvents::new(std::io::BufReader::new(file), |_| true);
    let (mut records, mut problems) = (Vec::new(), 0);
    while let Some(next) = events.next_event() {
        match next {
            Ok(record) => records.push(record),
            Err(_) => problems += 1,
        }
    }
    Some((records, problems))
}

/// Compares counts with python-evtx, inactive chunks included, for whole files; for damaged ones, where python-evtx
/// ends a chunk at its first damage, with the Rust crate `evtx`.
#[test]
fn public_samples_are_read_whole_and_damaged_ones_as_far_as_they_go() {
    for (name, count, problems) in [
        ("HelloForBusiness-Operational.evtx", 6, 0),
        ("Shell-Core-Operational.evtx", 1146, 0),
        ("System-with-time-events.evtx", 1881, 0),
        ("bad-chunk-magic.evtx", 301, 3),
        ("zero-data-size-event.evtx", 449, 1),
    ] {
        if let Some((records, found)) = sample(name) {
            assert_eq!((records.len(), found), (count, problems), "{name}");
        }
    }
}

#[test]
fn records_of_a_public_sample_have_their_fields() {
    let Some((records, _)) = sample("System-with-time-events.evtx") else { return };
    let count = |provider: &Provider, id| records.iter().filter(|record| record.is(provider, id)).count();
    assert_eq!(count(&Provider::KernelGeneral, 1), 208);
    assert_eq!((count(&Provider::KernelGeneral, 12), count(&Provider::KernelGeneral, 13)), (3, 2));
    assert_eq!((count(&Provider::User32, 1074), count(&Provider::PowerTroubleshooter, 1)), (2, 2));
    assert_eq!(count(&Provider::TimeService, 52), 1);
    let steps = records.iter().find(|record| record.is(&Provider::TimeService, 52)).unwrap();
    assert_eq!(steps.fields.number("TimeOffsetSeconds"), Some(35_999));
    let lookups: Vec<_> = records.iter().filter(|record| record.is(&Provider::DnsClient, 1014)).collect();
    assert_eq!(lookups.len(), 160);
    assert!(lookups.iter().all(|of| of.fields.get("QueryName").is_some_and(|name| !name.is_empty())));
    assert!(records.iter().all(|record| record.time.is_some() && &*record.channel == "System"));
    let change = records.iter().find(|record| record.is(&Provider::KernelGeneral, 1)).unwrap();
    let time = |name: &str| change.fields.get(name).and_then(|time| time.parse::<jiff::Timestamp>().ok());
    assert!(time("OldTime").is_some() && time("NewTime").is_some());
}

#[test]
fn any_cut_or_flipped_byte_ends_without_a_panic() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/device/samples/HelloForBusiness-Operational.evtx");
    let Ok(whole) = std::fs::read(path) else { return };
    let read = |bytes: &[u8]| {
        let mut events = EvtxEvents::new(bytes, |_| true);
        let mut count = 0;
        while events.next_event().is_some() {
            count += 1;
            assert!(count < 10_000);
        }
    };
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..random.usize(1..20) {
            let at = random.usize(HEADER..HEADER + 12_000);
            bytes[at] = random.u8(..);
        }
        if random.bool() {
            bytes.truncate(random.usize(..bytes.len()));
        }
        eprintln!("seed {seed}");
        read(&bytes);
    }
}
