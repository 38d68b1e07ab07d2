//! Logs of the Intune Management Extension: no bytes cause a panic, and a file is read or listed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::evidence::{Bundle, Limits, Side};

fuzz_target!(|input: &[u8]| {
    let file = ["<![LOG[".as_bytes(), input].concat();
    let mut bundle = Bundle::new(Limits::default());
    bundle.add_bytes(Side::Device, "ime.log", file);
    let evidence = bundle.read();
    assert!(evidence.sources().len() + evidence.unread().len() > 0);
    let shown = format!("{evidence:?}");
    assert!(shown.len() < 100_000_000);
});
