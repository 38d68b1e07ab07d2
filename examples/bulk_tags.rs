//! Gives 300 devices the group tag that your own rule selects: a preview, one batch, and each failure individually.
//!
//! `cargo run --features sim --example bulk_tags`: the tenant throttles as documented and rejects three changes, which the
//! second run repeats. `Retag` moves devices from one tag to another, and shows the groups that each joins and leaves.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::Client;
use windows_autopilot::model::{Device, GroupTag};
use windows_autopilot::resource::DeviceUpdate;
use windows_autopilot::sim::{DeviceSpec, Fault};
use windows_autopilot::testing::Harness;

/// The tag of each site, by the start of the serial number.
const SITES: [(&str, &str); 3] = [("MUC", "Munich"), ("BER", "Berlin"), ("HAM", "Hamburg")];
const UPDATE: &str = "/deviceManagement/windowsAutopilotDeviceIdentities/{id}/updateDeviceProperties";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = tag().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn tag() -> Result<(), Box<dyn Error>> {
    let harness = Harness::builder().with_tenant(|tenant| tenant.with_documented_limits()).build();
    for (number, (prefix, _)) in SITES.iter().cycle().enumerate().take(300) {
        harness.tenant.add_device_with(DeviceSpec::new(format!("{prefix}{number:05}")).with_group_tag("Old"));
    }
    harness.tenant.fault(Fault::status(400).on("POST", UPDATE).after(100).times(3));
    let failed = run(&harness.client).await?;
    assert_eq!((failed, run(&harness.client).await?, run(&harness.client).await?), (3, 0, 0));
    Ok(())
}

/// Returns the tag that the rule gives a device; `None` if the device keeps its tag.
fn change(device: &Device) -> Option<GroupTag> {
    let serial = device.serial_number.as_deref()?;
    let (_, tag) = SITES.iter().find(|(prefix, _)| serial.starts_with(prefix))?;
    if device.group_tag.as_deref() == Some(*tag) { None } else { tag.parse().ok() }
}

async fn run(client: &Client) -> windows_autopilot::Result<usize> {
    let devices = client.devices().list().all().await?;
    let changes: Vec<_> = devices.iter().filter_map(|device| Some((device, change(device)?))).collect();
    for (_, tag) in SITES {
        println!("new tag {tag}: {}", changes.iter().filter(|(_, new)| new.as_str() == tag).count());
    }
    let (mut batch, mut slots) = (client.batch(), Vec::new());
    for (device, tag) in &changes {
        let update = DeviceUpdate::new().with_group_tag(Some(tag));
        let serial = device.serial_number.as_deref().unwrap_or("?");
        slots.push((serial, batch.add(client.devices().update(&device.id, &update))));
    }
    let mut answers = batch.await?;
    let failed = slots.into_iter().filter_map(|(serial, slot)| Some((serial, answers.take(slot).err()?)));
    Ok(failed.inspect(|(serial, error)| println!("{serial}: {error}")).count())
}
