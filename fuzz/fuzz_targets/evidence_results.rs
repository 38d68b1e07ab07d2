//! `results.xml`: no bytes cause a panic, and a file is read or listed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::evidence::{Bundle, Limits, Side};

fuzz_target!(|input: &[u8]| {
    let file = [br#"<Collection HRESULT="0">"#.as_slice(), input].concat();
    let mut bundle = Bundle::new(Limits::default());
    bundle.add_bytes(Side::Device, "results.xml", file);
    let evidence = bundle.read();
    assert!(evidence.sources().len() + evidence.unread().len() > 0);
    let shown = format!("{evidence:?}");
    assert!(shown.len() < 100_000_000);
});
