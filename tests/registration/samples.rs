//! The device files of the examples.

use std::fs::File;
use std::path::Path;

use windows_autopilot::registration::csv::{self, CsvReport};

fn check(name: &str) -> CsvReport {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data").join(name);
    csv::check(File::open(path).unwrap()).unwrap()
}

#[test]
fn the_sample_file_has_25_devices_and_no_fault() {
    let report = check("devices.csv");
    assert_eq!((report.summary.rows, report.summary.devices), (25, 25));
    assert_eq!(report.findings, []);
}

#[test]
fn the_faulty_file_has_a_fault_of_each_kind_where_it_was_put() {
    let report = check("faulty.csv");
    let found: Vec<_> =
        report.findings.iter().map(|finding| (finding.id.as_ref(), finding.place.as_str())).collect();
    assert_eq!(
        found,
        [
            ("csv.header-spelling", "line 1, Group Tag"),
            ("csv.missing-serial", "line 3, Device Serial Number"),
            ("csv.missing-hash", "line 4, Hardware Hash"),
            ("csv.invalid-hash", "line 5, Hardware Hash"),
            ("hash.length", "line 6, Hardware Hash"),
            ("csv.repaired-hash", "line 6, Hardware Hash"),
            ("csv.duplicate-serial", "line 7, Device Serial Number"),
            ("csv.invalid-user", "line 8, Assigned User"),
            ("csv.forbidden-character", "line 9, Group Tag"),
            ("csv.scientific-serial", "line 10, Device Serial Number"),
            ("hash.other-serial", "line 11, Hardware Hash"),
            ("hash.cut", "line 12, Hardware Hash"),
            ("csv.quotes", "line 9, Group Tag"),
        ]
    );
    assert_eq!((report.summary.rows, report.summary.devices), (12, 4));
}
