//! Devices as Intune manages them.

use windows_autopilot::graph::field;
use windows_autopilot::sim::Tenant;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, id, refused};

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let devices = client.managed_devices();
    tenant.add_device("SN-1");
    assert_eq!(devices.list().all().await?, [], "registered is not enrolled");
    assert_eq!(devices.list().filter(field("serialNumber").eq("SN-1")).all().await?, []);
    refused(devices.get(&id("nothing")).send().await, ErrorKind::NotFound);
    refused(devices.delete(&id("nothing")).send().await, ErrorKind::NotFound);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}
