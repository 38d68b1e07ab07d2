//! Devices as Intune manages them.

use windows_autopilot::clock::FakeClock;
use windows_autopilot::graph::field;
use windows_autopilot::model::{
    BlockDeviceUse, BlockUntil, BlockingApps, DomainJoinProfile, EnrollmentStatusPage, HybridJoinProfile,
    MdmScope, MobileApp, Target,
};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{Client, ErrorKind, Result};

use super::support::{Harness, MINUTE, id, refused};

/// Sets a tenant up, and has one device, `SN-1`, join it and a domain. Gives the device's registration.
pub(super) async fn deploy_hybrid(client: &Client, tenant: &Tenant, clock: &FakeClock) -> Result<String> {
    let policy = client.mdm_policies().intune().await?;
    client.mdm_policies().set_scope(&policy, &MdmScope::All).await?;
    tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    let group = tenant.add_group("Devices");
    let registration = tenant.add_device("SN-1");
    tenant.add_member(&group, &registration);
    let target = Target::group(id(&group));

    let profile = client.profiles().create(&HybridJoinProfile::new("Hybrid".parse()?)).await?;
    client.profiles().assignments(&profile.id).add(&target).await?;
    let app = id::<MobileApp>(tenant.add_app("VPN", "win32LobApp"));
    let until = BlockUntil::new(BlockingApps::selected([app]));
    let page = EnrollmentStatusPage::new("Page".parse()?).with_block_device_use(BlockDeviceUse::Until(until));
    let page = client.enrollment_status_pages().create(&page).await?;
    client
        .enrollment_status_pages()
        .assignments(&page.id)
        .replace_at_once(std::slice::from_ref(&target))
        .await?;
    let join = DomainJoinProfile::new("Domain join".parse()?, "contoso.com".parse()?, "HYB".parse()?);
    let join = client.domain_join_profiles().create(&join).await?;
    client.domain_join_profiles().assignments(&join.id).replace_at_once(&[target]).await?;
    clock.advance(10 * MINUTE);
    tenant.power_on("SN-1");
    clock.advance(4 * 60 * MINUTE);
    Ok(registration)
}

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let devices = client.managed_devices();
    tenant.add_device("SN-0");
    assert_eq!(devices.list().all().await?, [], "registered is not enrolled");
    let registration = deploy_hybrid(&client, &tenant, &clock).await?;
    let found = devices.list().filter(field("serialNumber").eq("SN-1")).all().await?;
    assert_eq!(devices.list().all().await?, found);
    let device = &found[0];
    assert_eq!(devices.get(&device.id).await?, *device);
    assert!(device.device_name.as_deref().is_some_and(|name| name.starts_with("HYB")), "{device:?}");

    // A registration goes only when Intune does not hold the device any more.
    refused(client.devices().delete(&id(&registration)).await, ErrorKind::Rejected);
    devices.delete(&device.id).await?;
    refused(devices.get(&device.id).await, ErrorKind::NotFound);
    refused(devices.delete(&device.id).await, ErrorKind::NotFound);
    client.devices().delete(&id(&registration)).await?;
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}
