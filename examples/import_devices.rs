//! Step 4: the devices of a file, registered.
//!
//! `cargo run --features import,registration,sim --example import_devices [FILE.csv] [--journal=FILE] [--dry-run] [--live]`
//!
//! `--json` prints the outcomes for a program. Exit codes: 0 all registered, 3 not sent, 4 a faulty file, or a device that was not
//! registered. A run that was killed goes on where it was if it gets the same file and the same journal.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use windows_autopilot::model::{DeviceToImport, Severity};
use windows_autopilot::registration::SampleHash;
use windows_autopilot::registration::csv::{CsvReader, PortalFiles};
use windows_autopilot::sim::{DeviceSpec, Tenant};
use windows_autopilot::workflow::{Import, ImportEvent, ImportEventKind, Journal};

use self::failure::Failure;
use self::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--journal=", "--dry-run", "--live", "--yes"]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let connection = support::connect()?;
    let devices = match (support::arguments().first(), &connection.simulated) {
        (Some(path), _) => read(CsvReader::open(path)?, &report)?,
        (None, Some((tenant, _))) => read(CsvReader::new(sample(tenant)?.as_bytes()), &report)?,
        (None, None) => return Ok(report::usage("--live needs a file")),
    };
    let (devices, is_faulty) = devices;
    let journal = std::env::args().find_map(|argument| Some(argument.strip_prefix("--journal=")?.to_owned()));
    let import = || {
        let import = Import::new(&connection.client, devices.clone());
        match &journal {
            Some(path) => import.with_journal(Journal::at(path)),
            None => import,
        }
    };

    let preview = import().dry_run()?;
    for finding in &preview.findings {
        report.line(finding);
    }
    report.line(format!(
        "{} devices: {} to send in {} requests, {} in flight, {} through",
        preview.devices, preview.to_send, preview.requests, preview.in_flight, preview.finished
    ));
    report.fact("to_send", preview.to_send);
    if support::has_option("--dry-run")
        || !connection.may_write(&format!("Register {} devices", preview.to_send))?
    {
        return Ok(report.end(match (is_faulty, preview.to_send) {
            (true, _) => exit::BLOCKED,
            (false, 0) => exit::NOTHING_TO_DO,
            _ => exit::DIFFERENT,
        }));
    }

    // Draws on a terminal, and nowhere else.
    let bar = ProgressBar::new(preview.devices as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    let mut run = import().start();
    while let Some(event) = run.next().await {
        bar.set_position(event.counts.finished() as u64);
        bar.set_message(status(&event));
        if let ImportEventKind::Finished { serial_number, outcome, .. } = &event.kind
            && !outcome.is_registered()
        {
            bar.suspend(|| report.line(format!("{serial_number}: {outcome}")));
        }
    }
    bar.finish_and_clear();

    let imported = run.await?;
    for finding in imported.findings() {
        report.line(finding);
    }
    let counts = &imported.counts;
    let left = counts.total() - counts.registered - counts.already_registered;
    report.line(format!(
        "{} registered, {} registered before, {left} not, in {} minutes",
        counts.registered,
        counts.already_registered,
        imported.elapsed.as_secs() / 60
    ));
    report.fact("import", &imported);
    Ok(report.end(if left == 0 && !is_faulty { exit::NOTHING_TO_DO } else { exit::BLOCKED }))
}

/// Reads the devices of a file, and whether a row is faulty, which is shown and left out.
fn read(file: CsvReader<impl Read>, report: &Report) -> Result<(Vec<DeviceToImport>, bool), Box<dyn Error>> {
    let (mut devices, mut is_faulty) = (Vec::new(), false);
    for row in file {
        let row = row?;
        for finding in row.findings.iter().filter(|finding| finding.severity > Severity::Info) {
            report.line(finding);
            is_faulty |= finding.severity == Severity::Error;
        }
        devices.extend(row.device);
    }
    Ok((devices, is_faulty))
}

fn status(event: &ImportEvent) -> String {
    let counts = &event.counts;
    let left = event.estimate.map_or_else(String::new, |left: Duration| {
        format!(", about {} minutes left", left.as_secs().div_ceil(60))
    });
    format!(
        "{} to send, {} at work, {} not visible yet{left}",
        counts.queued, counts.importing, counts.awaiting_visibility
    )
}

/// A file of forty devices, of which the simulated tenant knows one, and another tenant owns one.
fn sample(tenant: &Tenant) -> Result<String, Box<dyn Error>> {
    tenant.add_device_with(DeviceSpec::new("SN-0007").with_model("Notebook 14").with_group_tag("Berlin"));
    tenant.assign_to_other_tenant("SN-0011");
    let mut devices = Vec::new();
    for number in 0..40 {
        let serial = format!("SN-{number:04}");
        let mut hash = SampleHash::new(&serial);
        if number == 23 {
            hash = hash.with_manufacturer("");
        }
        devices.push(DeviceToImport::new(serial.parse()?, hash.build()?).with_group_tag("Munich".parse()?));
    }
    Ok(PortalFiles::new(&devices).collect::<Result<String, _>>()?)
}
