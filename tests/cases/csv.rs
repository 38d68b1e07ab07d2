//! Device files: PowerShell, Excel, Configuration Manager, partners, mail, consoles, swapped columns.

use std::collections::BTreeMap;

use serde::Deserialize;
use windows_autopilot::registration::csv::CsvReader;

use super::{check_files, counted, missing, read, table, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    devices: Vec<String>,
    findings: BTreeMap<String, usize>,
    #[serde(default)]
    says: Vec<String>,
}

#[test]
fn every_device_file_gives_the_devices_and_findings_of_its_row() {
    let (mut wrong, cases) = (Vec::new(), table::<Case>("csv.toml"));
    for case in &cases {
        let file = read("csv", &case.file);
        let (mut devices, mut findings) = (Vec::new(), Vec::new());
        for row in CsvReader::new(file.as_slice()).map(Result::unwrap) {
            devices.extend(row.device);
            findings.extend(row.findings);
        }
        let devices: Vec<String> = devices
            .iter()
            .map(|device| format!("{} {}", device.serial_number, device.hardware_identifier.as_str().len()))
            .collect();
        let said = text(&findings);
        if devices != case.devices || counted(&findings) != case.findings {
            wrong.push(format!("{}: {devices:?} {said}", case.file));
        }
        wrong.extend(missing(&case.file, &case.says, &findings));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    check_files("csv", cases.iter().map(|case| &*case.file));
}
