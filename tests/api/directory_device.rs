//! Devices as Entra ID knows them.

use windows_autopilot::graph::field;
use windows_autopilot::model::ExtensionAttributes;
use windows_autopilot::resource::DirectoryDeviceUpdate;
use windows_autopilot::sim::{DeviceSpec, Tenant};
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, id, refused};

pub(super) async fn every_call() -> Result<Tenant> {
    // Here the object stays when the registration goes, so that it can be deleted.
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.anchor_outlives_registration = true))
        .build();
    let devices = client.directory_devices();
    let new = DeviceSpec::new("SN-1").with_group_tag("Kiosk").with_purchase_order("PO 7");
    let registered = tenant.add_device_with(new);
    tenant.add_device("SN-2");
    let device = client.devices().get(&id(&registered)).await?;

    // The ids lead from one record to the other and back.
    let anchor = devices.get_by_device_id(device.entra_device_id().unwrap()).await?;
    assert_eq!(anchor.ztd_id().unwrap(), device.id);
    assert_eq!((anchor.group_tag(), anchor.purchase_order_id()), (Some("Kiosk"), Some("PO 7")));
    assert_eq!(anchor.device_id.as_ref(), device.entra_device_id());
    assert!(!anchor.is_hybrid());
    assert_eq!(devices.get(&anchor.id).await?, anchor);
    let tagged = field("physicalIds").any(|id| id.eq("[OrderID]:Kiosk"));
    let listed = devices.list().filter(tagged).all().await?;
    assert_eq!(listed.iter().map(|device| &device.id).collect::<Vec<_>>(), [&anchor.id]);
    let all = field("physicalIds").any(|id| id.starts_with("[ZTDID]"));
    assert_eq!(devices.list().filter(all).all().await?.len(), 2);
    assert_eq!(devices.count().await?, 2);
    assert_eq!(devices.delta().all().await?.items.len(), 2);

    let mut attributes = ExtensionAttributes::default();
    attributes.extension_attribute7 = Some("Berlin".into());
    let update =
        DirectoryDeviceUpdate::new().with_account_enabled(false).with_extension_attributes(attributes);
    devices.update(&anchor.id, &update).await?;
    let found = devices.get(&anchor.id).await?;
    assert_eq!(found.account_enabled, Some(false));
    let with_attributes = devices.list().filter(field("id").eq(anchor.id.as_str()));
    let attributes = with_attributes.select(["id", "extensionAttributes"]).all().await?.remove(0);
    let attributes = attributes.extension_attributes.unwrap();
    assert_eq!((attributes.get(7), attributes.get(6)), (Some(&"Berlin".into()), None));
    assert_eq!(found.physical_ids, anchor.physical_ids, "what is not named stays");

    refused(devices.delete(&anchor.id).await, ErrorKind::Forbidden);
    client.devices().delete(&device.id).await?;
    client.devices().wait_until_gone(&device.id).await?;
    devices.delete(&anchor.id).await?;
    refused(devices.get(&anchor.id).await, ErrorKind::NotFound);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn the_anchor_is_not_deleted_by_hand_and_goes_with_its_registration() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let registered = tenant.add_device("SN-1");
    let device = client.devices().get(&id(&registered)).await?;
    let entra = device.entra_device_id().unwrap();
    let anchor = client.directory_devices().get_by_device_id(entra).await?;
    refused(client.directory_devices().delete(&anchor.id).await, ErrorKind::Forbidden);
    assert!(client.directory_devices().get(&anchor.id).await.is_ok());
    client.devices().delete(&device.id).await?;
    client.devices().wait_until_gone(&device.id).await?;
    refused(client.directory_devices().get(&anchor.id).await, ErrorKind::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_key_in_parentheses_stays_one_key_whatever_is_in_it() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    tenant.add_device("SN-1");
    for key in ["it's", "x')", "a&b", "50%"] {
        refused(client.directory_devices().get_by_device_id(&id(key)).await, ErrorKind::NotFound);
    }
    Ok(())
}
