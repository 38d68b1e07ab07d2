//! Hardware hashes: neither bytes nor text cause a panic, and what a repair gives needs no other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::model::HardwareHash;
use windows_autopilot::registration::HashContents;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(contents) = HashContents::decode_bytes(bytes) {
        let _ = (contents.lint(), contents.readiness().to_string(), format!("{contents:?}"));
    }
    if let Ok((hash, _)) = HardwareHash::repair(&String::from_utf8_lossy(bytes)) {
        assert_eq!(HardwareHash::repair(hash.as_str()), Ok((hash, false)));
    }
});
