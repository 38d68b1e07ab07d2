//! The contents of the hardware hashes in a device file, without the hashes themselves.
//!
//! `cargo run --features registration --example inspect_hash [DEVICES.csv]` lists the devices.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::model::Text;
use windows_autopilot::registration::HashContents;
use windows_autopilot::registration::csv::CsvReader;

fn main() {
    if let Err(error) = inspect() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn inspect() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "examples/data/devices.csv".to_owned());
    for row in CsvReader::open(path)? {
        let row = row?;
        let Some(device) = row.device else {
            row.findings.iter().for_each(|finding| println!("{finding}"));
            continue;
        };
        let serial_number = device.serial_number.as_str();
        let contents = match HashContents::decode(&device.hardware_identifier) {
            Ok(contents) => contents,
            Err(error) => {
                println!("{serial_number}: {error}");
                continue;
            }
        };
        let [maker, model, tpm] =
            [&contents.manufacturer, &contents.model, &contents.tpm.description].map(text);
        println!(
            "{serial_number}: {maker} {model}, TPM {tpm}, {} disks: {}",
            contents.disks.len(),
            contents.readiness()
        );
        for finding in contents.lint() {
            println!("  {finding}");
        }
    }
    Ok(())
}

fn text(value: &Option<Text>) -> &str {
    value.as_deref().unwrap_or("unknown")
}
