//! Offline files: no bytes cause a panic, and a profile that was read is written and read back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::offline;

fuzz_target!(|file: &[u8]| {
    if let Some(profile) = offline::read(file).profile {
        let again = offline::read(profile.to_json().as_bytes());
        assert_eq!(again.profile, Some(profile));
    }
});
