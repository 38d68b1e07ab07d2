//! Security descriptors: no bytes cause a panic, what was read is written as it was, and its text says the same twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::ad::descriptor::SecurityDescriptor;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = text.parse::<SecurityDescriptor>();
    }
    if let Ok(descriptor) = SecurityDescriptor::from_bytes(bytes) {
        assert_eq!(descriptor.to_bytes(), bytes);
        let text = descriptor.to_string();
        assert_eq!(text.parse::<SecurityDescriptor>().unwrap().to_string(), text);
    }
});
