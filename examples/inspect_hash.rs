//! What the hardware hashes of a device file say, without showing any of them.
//!
//! `cargo run --features registration --example inspect_hash -- devices.csv` lists the devices, and with a serial number after it
//! shows one. `--json` prints them for a program. Exit codes: 0 all can be read, 2 no such device, 4 a faulty file or hash.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;

use std::fmt::Display;
use std::process::ExitCode;

use windows_autopilot::model::{Severity, Text};
use windows_autopilot::registration::HashContents;
use windows_autopilot::registration::csv::CsvReader;
use windows_autopilot::registration::hash::Checksum;

use self::failure::Failure;
use self::report::Report;

fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&[]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let path = arguments.next().unwrap_or_else(|| "examples/data/devices.csv".to_owned());
    let wanted = arguments.next();
    let (mut devices, mut is_faulty) = (Vec::new(), false);
    for row in CsvReader::open(path)? {
        let row = row?;
        is_faulty |= row.findings.iter().any(|finding| finding.severity == Severity::Error);
        let Some(device) = row.device else { continue };
        let serial = device.serial_number.as_str();
        match HashContents::decode(&device.hardware_identifier) {
            Err(error) => {
                report.line(format!("{serial}: {error}"));
                is_faulty = true;
            }
            Ok(contents) if wanted.as_deref().is_none_or(|wanted| wanted == serial) => {
                let [maker, model] = [&contents.manufacturer, &contents.model].map(text);
                let readiness = contents.readiness().to_string();
                devices.push(serde_json::json!({
                    "serial_number": serial, "manufacturer": maker, "model": model, "readiness": readiness,
                    "findings": contents.lint(),
                }));
                match &wanted {
                    Some(_) => show(&contents, &report),
                    None => report.line(format!("{serial:<12} {maker} {model}: {readiness}")),
                }
            }
            Ok(_) => {}
        }
    }
    if wanted.is_some() && devices.is_empty() && !is_faulty {
        return Ok(report::usage("the file has no device with this serial number"));
    }
    report.fact("devices", devices);
    Ok(report.end(if is_faulty { exit::BLOCKED } else { exit::NOTHING_TO_DO }))
}

fn show(contents: &HashContents, report: &Report) {
    let line = |name: &str, value: &dyn Display| report.line(format!("{name:<22} {value}"));
    line("manufacturer", &text(&contents.manufacturer));
    line("model", &text(&contents.model));
    line("serial number", &text(&contents.serial_number));
    line("SKU, family", &format!("{}, {}", text(&contents.sku_number), text(&contents.system_family)));
    if let Some(uuid) = contents.uuid {
        line("UUID", &uuid);
    }
    line("processor", &text(&contents.processor.model));
    if let Some(memory) = contents.memory_gib {
        line("memory", &format!("{memory} GiB"));
    }
    for disk in &contents.disks {
        let bus = disk.bus.map_or_else(|| "unknown bus".to_owned(), |bus| format!("{bus:?}"));
        line("disk", &format!("{} GB, {bus}", disk.capacity_gb.unwrap_or_default()));
    }
    for adapter in &contents.network_adapters {
        line("network adapter", &format!("{:?}, {}", adapter.medium, adapter.mac_address));
    }
    line("TPM", &text(&contents.tpm.description));
    line("endorsement key", if contents.tpm.has_endorsement_key { &"present" } else { &"missing" });
    if let Some(build) = contents.os_build {
        line("captured on Windows", &build);
    }
    line("checksum", if contents.checksum == Checksum::Valid { &"right" } else { &"not right" });
    line("records left as found", &format!("{:?}", contents.other));
    line("pre-provisioning", &contents.readiness());
    for finding in contents.lint() {
        line("finding", &finding);
    }
}

fn text(value: &Option<Text>) -> &str {
    value.as_deref().unwrap_or("-")
}
