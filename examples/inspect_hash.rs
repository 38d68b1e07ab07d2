//! What the hardware hashes of a device file say, without showing any of them.
//!
//! `cargo run --features registration --example inspect_hash -- devices.csv` lists the devices, and with a serial number after it shows one.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;

use std::fmt::Display;

use windows_autopilot::model::Text;
use windows_autopilot::registration::HashContents;
use windows_autopilot::registration::csv::CsvReader;
use windows_autopilot::registration::hash::Checksum;

use self::failure::Failure;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "examples/data/devices.csv".to_owned());
    let wanted = arguments.next();
    for row in CsvReader::open(path)? {
        let Some(device) = row?.device else { continue };
        let serial = device.serial_number.as_str();
        match HashContents::decode(&device.hardware_identifier) {
            Err(error) => println!("{serial}: {error}"),
            Ok(contents) if wanted.as_deref() == Some(serial) => show(&contents),
            Ok(contents) if wanted.is_none() => {
                let [maker, model] = [&contents.manufacturer, &contents.model].map(text);
                println!("{serial:<12} {maker} {model}: {}", contents.readiness());
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

fn show(contents: &HashContents) {
    let line = |name: &str, value: &dyn Display| println!("{name:<22} {value}");
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
