//! Device files: no bytes cause a panic, a device is given exactly where no error is found, and what can be written is
//! read back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::model::Severity;
use windows_autopilot::registration::csv::{CsvReader, PortalFiles};

fuzz_target!(|file: &[u8]| {
    let mut devices = Vec::new();
    for row in CsvReader::new(file) {
        let row = row.expect("bytes in memory can be read");
        let failed = row.findings.iter().any(|finding| finding.severity == Severity::Error);
        assert!(!(failed && row.device.is_some()));
        devices.extend(row.device);
    }
    for (text, written) in PortalFiles::new(&devices).zip(devices.chunks(500)) {
        let Ok(text) = text else { continue };
        let read: Vec<_> = CsvReader::new(text.as_bytes()).filter_map(|row| row.ok()?.device).collect();
        assert_eq!(read, written);
    }
});
