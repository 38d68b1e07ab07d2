//! Step 4: registers the devices in a file.
//!
//! `cargo run --features import,registration,sim --example import_devices [FILE.csv] [--journal FILE] [--dry-run] [--live]`
//!
//! A killed run resumes with the same file and the same journal. Exit codes: 0 all registered, 3 not sent, 4 a faulty
//! row, or a device that was not registered.

mod support;

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

use self::support::{Failure, Tool, connect, exit, run};

fn main() -> ExitCode {
    run("import_devices [FILE.csv]", &["--journal FILE", "--dry-run", "--live"], import)
}

async fn import(tool: &mut Tool) -> Result<u8, Failure> {
    let connection = connect(tool)?;
    let (devices, is_faulty) = match (tool.argument(0), &connection.simulated) {
        (Some(path), _) => read(tool, CsvReader::open(path)?)?,
        (None, Some((tenant, _))) => read(tool, CsvReader::new(sample(tenant)?.as_bytes()))?,
        (None, None) => return Err(Failure::usage("--live needs a file of devices")),
    };
    let journal = tool.value("--journal").map(str::to_owned);
    let import = || {
        let import = Import::new(&connection.client, devices.clone());
        match &journal {
            Some(path) => import.with_journal(Journal::at(path)),
            None => import,
        }
    };

    let preview = import().dry_run()?;
    for finding in &preview.findings {
        tool.line(finding);
    }
    tool.line(format!(
        "{} devices: {} to send in {} requests, {} in flight, {} finished",
        preview.devices, preview.to_send, preview.requests, preview.in_flight, preview.finished
    ));
    tool.fact("to_send", preview.to_send);
    if tool.has("--dry-run") || !tool.may_write(&format!("Register {} devices", preview.to_send))? {
        return Ok(match (is_faulty, preview.to_send) {
            (true, _) => exit::BLOCKED,
            (false, 0) => exit::DONE,
            _ => exit::DIFFERENT,
        });
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
            bar.suspend(|| tool.line(format!("{serial_number}: {outcome}")));
        }
    }
    bar.finish_and_clear();

    let report = run.await?;
    for finding in report.findings() {
        tool.line(finding);
    }
    let counts = &report.counts;
    let left = counts.total() - counts.registered - counts.already_registered;
    tool.line(format!(
        "{} registered, {} registered before, {left} not, in {} minutes",
        counts.registered,
        counts.already_registered,
        report.elapsed.as_secs() / 60
    ));
    tool.fact("import", &report);
    Ok(if left == 0 && !is_faulty { exit::DONE } else { exit::BLOCKED })
}

/// Reads the devices of a file, and whether a row is faulty: such a row is shown and left out.
fn read(tool: &Tool, file: CsvReader<impl Read>) -> Result<(Vec<DeviceToImport>, bool), Failure> {
    let (mut devices, mut is_faulty) = (Vec::new(), false);
    for row in file {
        let row = row?;
        for finding in row.findings.iter().filter(|finding| finding.severity > Severity::Info) {
            tool.line(finding);
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

/// Creates a file of forty devices, one of which is already in the simulated tenant and one in another tenant.
fn sample(tenant: &Tenant) -> Result<String, Failure> {
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
