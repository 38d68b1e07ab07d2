//! Event logs: no bytes cause a panic, and a file is read or listed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::evidence::{Bundle, Limits, Side};

fuzz_target!(|input: &[u8]| {
    let mut file = b"ElfFile\0".to_vec();
    file.resize(4096, 0);
    // Half of the inputs are whole files, half the content of one chunk.
    match input.split_first() {
        Some((first, rest)) if first % 2 == 0 => {
            file.extend(b"ElfChnk\0");
            file.resize(4096 + 512, 0);
            file.extend(rest.iter().take(65_024));
            file.resize(4096 + 65_536, 0);
        }
        Some((_, rest)) => file = rest.to_vec(),
        None => return,
    }
    let mut bundle = Bundle::new(Limits::default());
    bundle.add_bytes(Side::Device, "a.evtx", file);
    let evidence = bundle.read();
    assert!(evidence.sources().len() + evidence.unread().len() > 0);
    let shown = format!("{evidence:?}");
    assert!(shown.len() < 100_000_000);
});
