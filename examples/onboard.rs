//! Onboards the devices of a CSV file and is killed in the middle; the journal lets the second run resume.
//!
//! `cargo run --features sim,workflow --example onboard` registers 60 fictitious devices, each exactly once.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::{collections::BTreeSet, error::Error, fmt::Write as _, path::Path};

use futures_util::StreamExt as _;
use windows_autopilot::Client;
use windows_autopilot::registration::{SampleHash, csv::CsvReader};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{Import, ImportEventKind, ImportOptions, ImportRun, Journal};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = onboard().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn onboard() -> Result<(), Box<dyn Error>> {
    let Harness { client, .. } = Harness::new();
    let folder = std::env::temp_dir().join(format!("windows-autopilot-onboard-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut csv = String::from("Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\n");
    for serial in (1..=60).map(|number| format!("PF3XK{number:03}")) {
        writeln!(csv, "{serial},,{},Munich", SampleHash::new(&serial).build()?.as_str())?;
    }
    std::fs::write(folder.join("devices.csv"), csv)?;

    // Dropping the run has the effect of a kill: one request got a response, one lost its response, one was not sent.
    let mut run = start(&client, &folder)?;
    while let Some(event) = run.next().await {
        if let ImportEventKind::Sent { devices, .. } = event.kind {
            println!("killed when {devices} of {} devices were accepted", event.counts.total());
            break;
        }
    }
    drop(run);
    let report = start(&client, &folder)?.await?;
    std::fs::remove_dir_all(folder)?;
    let devices = client.devices().list().all().await?;
    let serials: BTreeSet<_> = devices.iter().filter_map(|device| device.serial_number.as_deref()).collect();
    println!("{} devices are registered", devices.len());
    assert!(report.is_complete() && devices.len() == 60 && serials.len() == 60);
    Ok(())
}

/// Reads the file, and starts or resumes its import, here with small requests: two at a time.
fn start(client: &Client, folder: &Path) -> Result<ImportRun, Box<dyn Error>> {
    let mut devices = Vec::new();
    for row in CsvReader::open(folder.join("devices.csv"))? {
        let row = row?;
        row.findings.iter().for_each(|finding| eprintln!("{finding}"));
        devices.extend(row.device);
    }
    let import = Import::new(client, devices).with_journal(Journal::at(folder.join("devices.journal")));
    Ok(import.with_options(ImportOptions::default().with_chunk_size(20).with_max_in_flight(40)).start())
}
