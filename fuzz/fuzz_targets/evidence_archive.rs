//! Archives: no bytes cause a panic, and a file is read or listed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::evidence::{Bundle, Limits, Side};

fuzz_target!(|input: &[u8]| {
    let mut limits = Limits::default();
    limits.member_bytes = 1 << 20;
    limits.nested_archive_bytes = 1 << 20;
    limits.total_bytes = 8 << 20;
    let mut bundle = Bundle::new(limits);
    bundle.add_bytes(Side::Device, "a.bin", input.to_vec());
    let evidence = bundle.read();
    assert!(evidence.sources().len() + evidence.unread().len() > 0);
    let shown = format!("{evidence:?}");
    assert!(shown.len() < 100_000_000);
});
