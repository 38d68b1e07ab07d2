//! Registered devices.

use std::time::Duration;

use futures_util::StreamExt as _;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::graph::{ApiVersion, PollStatus};
use windows_autopilot::model::{
    Device, DeviceToImport, EntraJoinProfile, HybridJoinProfile, Id, ProfileAssignmentStatus, SerialNumber,
    Target,
};
use windows_autopilot::resource::DeviceUpdate;
use windows_autopilot::sim::{DeviceSpec, Tenant};
use windows_autopilot::{Client, ErrorKind, Result};

use super::support::{Harness, MINUTE, SECOND, id, refused};

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let devices = client.devices();
    let new =
        DeviceSpec::new("SN-1").with_group_tag("Kiosk").with_manufacturer("Contoso").with_model("Book 3");
    let device: Id<Device> = id(tenant.add_device_with(new));
    let other: Id<Device> = id(tenant.add_device("SN-2"));

    let found = devices.get(&device).await?;
    let text = |text: &Option<windows_autopilot::model::Text>| text.as_deref().unwrap_or_default().to_owned();
    assert_eq!(
        [&found.serial_number, &found.group_tag, &found.manufacturer, &found.model].map(text),
        ["SN-1", "Kiosk", "Contoso", "Book 3"]
    );
    assert!(found.user_principal_name.is_none() && found.managed_device_id.is_none());
    let listed = devices.list().all().await?;
    assert_eq!(listed.iter().map(|device| &device.id).collect::<Vec<_>>(), [&device, &other]);
    assert_eq!(devices.count().await?, 2);
    // v1.0 has the same device with less of it.
    let less = devices.get(&device).with_version(ApiVersion::V1).await?;
    assert_eq!((less.id, less.deployment_profile_assignment_status), (device.clone(), None));

    // Only what is named changes; a tag is cleared by nothing else than its clearing.
    let update = DeviceUpdate::new().with_group_tag(Some(&"Sales".parse()?)).with_display_name("Desk 1");
    devices.update(&device, &update).await?;
    let update = DeviceUpdate::new().with_addressable_user_name("Adele".into());
    devices.update(&device, &update).await?;
    let found = devices.get(&device).await?;
    assert_eq!([&found.group_tag, &found.display_name].map(text), ["Sales", "Desk 1"]);
    assert_eq!(found.addressable_user_name.unwrap().as_str(), "Adele");
    devices.update(&device, &DeviceUpdate::new().with_group_tag(None)).await?;
    assert_eq!(devices.get(&device).await?.group_tag, None);

    // A user, and none.
    tenant.add_user("adele@contoso.onmicrosoft.com");
    let adele = "adele@contoso.onmicrosoft.com".parse()?;
    devices.assign_user(&device, &adele, &"Adele V".into()).await?;
    let found = devices.get(&device).await?;
    let (user, name) = (found.user_principal_name.unwrap(), found.addressable_user_name.unwrap());
    assert_eq!((user.as_str(), name.as_str()), (adele.as_str(), "Adele V"));
    devices.unassign_user(&device).await?;
    let found = devices.get(&device).await?;
    assert_eq!((found.user_principal_name, found.addressable_user_name), (None, None));

    // The profile that it is to have, and then has.
    let profile = client.profiles().create(&HybridJoinProfile::new("Hybrid".parse()?)).await?;
    refused(devices.intended_deployment_profile(&device).await, ErrorKind::NotFound);
    client.profiles().assignments(&profile.id).add(&Target::all_devices()).await?;
    let intended = devices.intended_deployment_profile(&device).await?;
    assert_eq!(intended.id(), Some(profile.id.as_str()));
    refused(devices.deployment_profile(&device).await, ErrorKind::NotFound);
    clock.advance(10 * MINUTE);
    assert_eq!(devices.deployment_profile(&device).await?.id(), Some(profile.id.as_str()));

    devices.allow_next_enrollment(&device).await?;
    let found = devices.get(&device).await?;
    assert_eq!(found.enrollment_state.unwrap().as_str(), "notContacted");

    devices.delete(&device).await?;
    devices.wait_until_gone(&device).await?;
    refused(devices.get(&device).await, ErrorKind::NotFound);
    assert_eq!(devices.list().all().await?.len(), 1);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn serial_numbers_with_hyphens_blanks_and_quotes_are_found_by_a_filter_that_the_service_takes()
-> Result<()> {
    let Harness { client, tenant, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_page_size(2)).build();
    let all = [
        "VMware-56 4d 1f aa",
        "VMware-56 4d 1f ab",
        "O'Neil 7",
        "O'Neil",
        "5CG1234ABC",
        "5CG1234ABCD",
        "X5CG1234ABC",
        "50%",
        "A&B",
        "---",
        "é-Ω",
        "twin",
        "TWIN",
    ];
    for serial in all {
        tenant.add_device(serial);
    }
    for (serial, filter) in [
        ("VMware-56 4d 1f aa", "contains(serialNumber,'VMware')"),
        ("O'Neil 7", "contains(serialNumber,'Neil')"),
        ("5CG1234ABC", "contains(serialNumber,'5CG1234ABC')"),
        ("50%", "contains(serialNumber,'50')"),
        ("---", ""),
        ("é-Ω", ""),
    ] {
        tenant.clear_requests();
        let found = client.devices().by_serial_number(&serial.parse()?).all().await?;
        let serials: Vec<_> = found.iter().filter_map(|device| device.serial_number.as_deref()).collect();
        assert_eq!(serials, [serial]);
        let query = tenant.requests().remove(0).query;
        assert_eq!(query.split_once("$filter=").map_or("", |(_, filter)| filter), filter, "{serial}");
    }
    // Two manufacturers can give the same one, and case is nothing to go by.
    assert_eq!(client.devices().by_serial_number(&"Twin".parse()?).all().await?.len(), 2);
    assert_eq!(client.devices().by_serial_number(&"VMware".parse()?).all().await?, []);
    for serial in all {
        let serial: SerialNumber = serial.parse()?;
        assert!(!client.devices().by_serial_number(&serial).all().await?.is_empty(), "{serial}");
    }
    Ok(())
}

#[tokio::test]
async fn a_group_tag_is_found_over_all_pages_in_any_case() -> Result<()> {
    let Harness { client, tenant, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_page_size(2)).build();
    for (serial, tag) in
        [("1", "Kiosk"), ("2", ""), ("3", "Kiosks"), ("4", "KIOSK"), ("5", "kiosk"), ("6", "Sales")]
    {
        tenant.add_device_with(DeviceSpec::new(serial).with_group_tag(tag));
    }
    let found = client.devices().tagged(&"Kiosk".parse()?).all().await?;
    let serials: Vec<_> = found.iter().filter_map(|device| device.serial_number.as_deref()).collect();
    assert_eq!(serials, ["1", "4", "5"]);
    assert!(
        tenant.requests().iter().all(|request| !request.query.contains("filter")),
        "no filter by tag is understood"
    );
    Ok(())
}

#[tokio::test]
async fn a_user_without_a_license_or_without_existence_is_not_assigned() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let device = id(tenant.add_device("SN-1"));
    tenant.add_unlicensed_user("bob@contoso.onmicrosoft.com");
    for user in ["bob@contoso.onmicrosoft.com", "nobody@contoso.onmicrosoft.com"] {
        let call = client.devices().assign_user(&device, &user.parse()?, &"B".into());
        let error = refused(call.await, ErrorKind::Rejected);
        assert!(!format!("{error} {error:?}").contains(user), "{error:?}");
    }
    assert_eq!(client.devices().get(&device).await?.user_principal_name, None);
    Ok(())
}

#[tokio::test]
async fn a_device_that_is_being_deleted_is_not_deleted_twice() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let device = id(tenant.add_device("SN-1"));
    client.devices().delete(&device).await?;
    let error = refused(client.devices().delete(&device).await, ErrorKind::Rejected);
    assert!(error.to_string().contains("ZtdDeviceDeletionInProgess"), "{error}");
    Ok(())
}

/// An import that is complete, and the device that is to come of it.
async fn imported(client: &Client, serial: &str) -> Result<Id<Device>> {
    let device = DeviceToImport::new(serial.parse()?, "Q29udG9zbwAAAA==".parse()?);
    let record = client.imports().create(&device).await?;
    loop {
        client.clock().sleep(30 * SECOND).await;
        let state = client.imports().get(&record.id).await?.state.unwrap();
        if !state.device_import_status.unwrap().is_in_progress() {
            return Ok(state.device_registration_id.unwrap());
        }
    }
}

#[tokio::test]
async fn a_device_is_waited_for_until_it_appears() -> Result<()> {
    let Harness { client, clock, .. } = Harness::new();
    let device = imported(&client, "SN-1").await?;
    refused(client.devices().get(&device).await, ErrorKind::NotFound);
    let start = client.clock().elapsed();
    let found = client.devices().wait_until_visible(&device).await?;
    assert_eq!((found.id, found.serial_number.as_deref()), (device, Some("SN-1")));
    let waited = client.clock().elapsed() - start;
    assert!((9 * MINUTE..11 * MINUTE).contains(&waited), "{waited:?}");
    assert!(clock.slept().iter().all(|wait| *wait <= MINUTE));
    Ok(())
}

#[tokio::test]
async fn a_device_that_never_appears_is_given_up() -> Result<()> {
    let Harness { client, clock, .. } = Harness::new();
    let error = refused(client.devices().wait_until_visible(&id("nothing")).await, ErrorKind::Timeout);
    assert!(error.to_string().contains("the device to appear"), "{error}");
    assert_eq!(clock.slept().iter().sum::<Duration>(), 30 * MINUTE);
    Ok(())
}

#[tokio::test]
async fn a_deleted_device_is_waited_for_until_it_is_gone() -> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let device = id(tenant.add_device("SN-1"));
    client.devices().delete(&device).await?;
    assert!(client.devices().get(&device).await.is_ok(), "it stays visible for a while");
    client.devices().wait_until_gone(&device).await?;
    let waited: Duration = clock.slept().iter().sum();
    assert!((5 * MINUTE..6 * MINUTE).contains(&waited), "{waited:?}");
    // What is not deleted does not go.
    let other = id(tenant.add_device("SN-2"));
    refused(client.devices().wait_until_gone(&other).await, ErrorKind::Timeout);
    Ok(())
}

#[tokio::test]
async fn a_profile_is_waited_for_with_what_is_seen_on_the_way() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let device = id(tenant.add_device("SN-1"));
    let profile = client.profiles().create(&HybridJoinProfile::new("Hybrid".parse()?)).await?;
    client.profiles().assignments(&profile.id).add(&Target::all_devices()).await?;
    let mut looks = client.devices().wait_until_assigned(&device, &profile.id, 30 * MINUTE);
    let mut statuses = Vec::new();
    while let Some(look) = looks.next().await {
        let (PollStatus::Pending(device) | PollStatus::Ready(device)) = look?;
        statuses.push(device.deployment_profile_assignment_status.unwrap());
    }
    assert_eq!(statuses.pop(), Some(ProfileAssignmentStatus::AssignedInSync));
    assert!(statuses.len() > 3 && statuses.iter().all(|status| *status == ProfileAssignmentStatus::Pending));
    Ok(())
}

#[tokio::test]
async fn another_profile_than_the_expected_one_is_not_waited_for_for_ever() -> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let device = id(tenant.add_device("SN-1"));
    let wished = client.profiles().create(&HybridJoinProfile::new("Wished".parse()?)).await?;
    let other = client.profiles().create(&EntraJoinProfile::new("Other".parse()?)).await?;
    client.profiles().assignments(&other.id).add(&Target::all_devices()).await?;
    let wait = client.devices().wait_until_assigned(&device, &wished.id, 20 * MINUTE);
    let error = refused(wait.await, ErrorKind::Timeout);
    assert!(error.to_string().contains("the profile to be assigned"), "{error}");
    assert_eq!(clock.slept().iter().sum::<Duration>(), 20 * MINUTE);
    Ok(())
}

#[tokio::test]
async fn a_profile_counts_as_assigned_where_only_the_list_says_so() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.single_get_reports_unknown = true))
        .build();
    let device = id(tenant.add_device("VMware-56 4d"));
    tenant.add_device("VMware-56 4e");
    let profile = client.profiles().create(&HybridJoinProfile::new("Hybrid".parse()?)).await?;
    client.profiles().assignments(&profile.id).add(&Target::all_devices()).await?;
    let found = client.devices().wait_until_assigned(&device, &profile.id, 30 * MINUTE).await?;
    assert_eq!(found.id, device);
    assert_eq!(found.deployment_profile_assignment_status, Some(ProfileAssignmentStatus::AssignedInSync));
    Ok(())
}

#[tokio::test]
async fn a_poller_that_is_dropped_asks_no_more() -> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let mut wait = client.devices().wait_until_visible(&id("nothing"));
    assert!(matches!(wait.next().await, Some(Ok(PollStatus::Pending(None)))));
    drop(wait);
    clock.sleep(60 * MINUTE).await;
    assert_eq!(tenant.requests().len(), 1);
    assert_eq!(clock.waiting(), 0);
    Ok(())
}
