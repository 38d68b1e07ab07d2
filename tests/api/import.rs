//! Imports.

use std::time::Duration;

use base64::Engine as _;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::graph::field;
use windows_autopilot::model::{DeviceToImport, HardwareHash, Id, ImportState, ImportStatus, ImportedDevice};
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::sim::{DeviceSpec, Lag, RateLimit, Tenant};
use windows_autopilot::{Client, ErrorKind, Result};

use super::support::{Harness, MINUTE, SECOND, id, refused, sent};

/// A blob that the service takes without looking into it.
const HASH: &str = "Q29udG9zbwAAAA==";

fn device(serial: &str) -> Result<DeviceToImport> {
    Ok(DeviceToImport::new(serial.parse()?, HASH.parse()?))
}

/// A hardware hash with these texts in it, by the numbers of their records.
fn hash(records: &[(u16, &str)]) -> Result<HardwareHash> {
    let mut body = Vec::new();
    for (kind, text) in records {
        body.extend(kind.to_le_bytes());
        body.extend(u16::try_from(text.len() + 4).unwrap().to_le_bytes());
        body.extend(text.as_bytes());
    }
    let total = u16::try_from(body.len() + 4).unwrap().to_le_bytes();
    let whole = [b"OA".as_slice(), &total, &body].concat();
    Ok(base64::engine::general_purpose::STANDARD.encode(whole).parse()?)
}

async fn state(client: &Client, record: &Id<ImportedDevice>) -> Result<ImportState> {
    Ok(client.imports().get(record).await?.state.unwrap())
}

/// The state of a record at its end.
async fn end(client: &Client, record: &Id<ImportedDevice>) -> Result<ImportState> {
    loop {
        let state = state(client, record).await?;
        match state.device_import_status.as_ref().unwrap() {
            status if status.is_in_progress() => client.clock().sleep(30 * SECOND).await,
            _ => return Ok(state),
        }
    }
}

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let imports = client.imports();
    tenant.add_user("adele@contoso.onmicrosoft.com");

    let alone = device("SN-1")?
        .with_group_tag("Kiosk".parse()?)
        .with_assigned_user_principal_name("adele@contoso.onmicrosoft.com".parse()?);
    let record = imports.create(&alone).await?;
    assert_eq!(record.serial_number.as_deref(), Some("SN-1"));
    assert_eq!(record.group_tag.as_deref(), Some("Kiosk"));
    assert_eq!(record.hardware_identifier, None, "the hash does not come back");
    let list = [device("SN-2")?.with_import_id("batch 1"), device("SN-3")?.with_import_id("batch 1")];
    let records = imports.import(&list).await?;
    let serials: Vec<_> = records.iter().filter_map(|record| record.serial_number.as_deref()).collect();
    assert_eq!(serials, ["SN-2", "SN-3"]);
    assert_eq!(imports.count().await?, 3);
    assert_eq!(imports.list().all().await?.len(), 3);
    let ours = imports.list().filter(field("importId").eq("batch 1")).all().await?;
    assert_eq!(ours, records);

    // Each becomes a device of its own, under another id.
    for (record, serial) in [(&record, "SN-1"), (&records[0], "SN-2"), (&records[1], "SN-3")] {
        let end = end(&client, &record.id).await?;
        assert_eq!(end.device_import_status, Some(ImportStatus::Complete));
        assert_eq!((end.device_error_code, end.device_error_name), (Some(0), None));
        let registered = client.devices().wait_until_visible(&end.device_registration_id.unwrap()).await?;
        assert_eq!(registered.serial_number.as_deref(), Some(serial));
        assert_ne!(registered.id.as_str(), record.id.as_str());
    }
    let first = &client.devices().by_serial_number(&"SN-1".parse()?).all().await?[0];
    assert_eq!(first.group_tag.as_deref(), Some("Kiosk"));
    assert_eq!(first.user_principal_name.as_ref().unwrap().as_str(), "adele@contoso.onmicrosoft.com");

    // The record goes, the device stays.
    imports.delete(&record.id).await?;
    refused(imports.get(&record.id).await, ErrorKind::NotFound);
    assert_eq!(client.devices().get(&first.id).await?, *first);
    assert_eq!(imports.count().await?, 2);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn an_import_is_unknown_then_pending_then_complete_and_the_device_comes_later() -> Result<()> {
    let Harness { client, clock, .. } = Harness::new();
    let record = client.imports().create(&device("SN-1")?).await?;
    let mut seen = vec![(Duration::ZERO, record.state.unwrap().device_import_status.unwrap())];
    for _ in 0..30 {
        clock.sleep(10 * SECOND).await;
        let status = state(&client, &record.id).await?.device_import_status.unwrap();
        if seen.last().unwrap().1 != status {
            seen.push((client.clock().elapsed(), status));
        }
    }
    assert_eq!(
        seen,
        [
            (Duration::ZERO, ImportStatus::Unknown),
            (30 * SECOND, ImportStatus::Pending),
            (30 * SECOND + 4 * MINUTE, ImportStatus::Complete),
        ]
    );
    assert!(ImportStatus::Unknown.is_in_progress() && ImportStatus::Pending.is_in_progress());
    let registered = state(&client, &record.id).await?.device_registration_id.unwrap();
    refused(client.devices().get(&registered).await, ErrorKind::NotFound);
    Ok(())
}

#[tokio::test]
async fn every_error_of_an_import_has_its_name_and_only_one_has_a_device() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::builder().as_app().build();
    let here = tenant.add_device_with(DeviceSpec::new("HERE").with_group_tag("Before"));
    tenant.assign_to_other_tenant("ELSEWHERE");
    let leaving = id(tenant.add_device("LEAVING"));
    let no_serial = hash(&[(16, "Contoso")])?;
    let no_maker = hash(&[(14, "SN-9")])?;
    let torn: HardwareHash = "T0EAAAAA".parse()?;
    for (device, code, name, registered) in [
        (device("HERE")?.with_group_tag("After".parse()?), 806, "ZtdDeviceAlreadyAssigned", Some(&here)),
        (device("ELSEWHERE")?, 806, "ZtdDeviceAssignedToOtherTenant", None),
        (DeviceToImport::new("SN-9".parse()?, no_serial), 802, "InvalidZtdHardwareHash", None),
        (DeviceToImport::new("SN-9".parse()?, no_maker), 802, "InvalidZtdHardwareHash", None),
        (DeviceToImport::new("SN-9".parse()?, torn), 802, "InvalidZtdHardwareHash", None),
    ] {
        let record = client.imports().create(&device).await?;
        let end = end(&client, &record.id).await?;
        assert_eq!(end.device_import_status, Some(ImportStatus::Error));
        assert_eq!((end.device_error_code, end.device_error_name.as_deref()), (Some(code), Some(name)));
        assert_eq!(end.device_registration_id.map(|id| id.to_string()), registered.cloned(), "{name}");
    }
    // A device that is here already is not retagged by importing it again.
    assert_eq!(client.devices().get(&id(&here)).await?.group_tag.as_deref(), Some("Before"));

    tenant.fail_imports(1);
    let record = client.imports().create(&device("SN-1")?).await?;
    assert_eq!(end(&client, &record.id).await?.device_error_name.as_deref(), Some("StorageError"));
    let record = client.imports().create(&device("SN-1")?).await?;
    assert_eq!(
        end(&client, &record.id).await?.device_import_status,
        Some(ImportStatus::Complete),
        "it passes"
    );

    let records = client.imports().import(&[device("TWICE")?, device("TWICE")?]).await?;
    let mut outcomes = Vec::new();
    for record in &records {
        outcomes.push(end(&client, &record.id).await?.device_error_name.map(String::from));
    }
    assert_eq!(outcomes, [None, Some("ZtdDeviceDuplicated".to_owned())]);

    client.devices().delete(&leaving).await?;
    let record = client.imports().create(&device("LEAVING")?).await?;
    let name = end(&client, &record.id).await?.device_error_name;
    assert_eq!(name.as_deref(), Some("ZtdDeviceDeletionInProgess"));
    Ok(())
}

#[tokio::test]
async fn the_other_tenants_error_is_told_by_its_name_whatever_its_number() -> Result<()> {
    for number in [806, 808] {
        let Harness { client, tenant, .. } = Harness::builder()
            .as_app()
            .with_tenant(|tenant| {
                tenant.with_quirks(|quirks| quirks.other_tenant_code = number).with_lag(Lag::none())
            })
            .build();
        tenant.assign_to_other_tenant("ELSEWHERE");
        let record = client.imports().create(&device("ELSEWHERE")?).await?;
        let state = state(&client, &record.id).await?;
        assert_eq!(state.device_error_code, Some(number));
        assert_eq!(state.device_error_name.as_deref(), Some("ZtdDeviceAssignedToOtherTenant"));
    }
    Ok(())
}

#[tokio::test]
async fn single_imports_are_throttled_without_a_word_and_waited_out() -> Result<()> {
    let limit = Some(RateLimit::new(5, MINUTE));
    let Harness { client, tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_import_limit(limit)).build();
    for number in 0..12 {
        client.imports().create(&device(&format!("SN-{number}"))?).await?;
    }
    assert_eq!(client.imports().count().await?, 12, "none is lost, none is there twice");
    let waited: Duration = clock.slept().iter().sum();
    assert!((2 * MINUTE..3 * MINUTE).contains(&waited), "{waited:?}");

    let Harness { client, tenant: hasty, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_import_limit(limit))
        .with_client(|client| client.with_retry(RetryConfig::none()))
        .build();
    for number in 0..5 {
        client.imports().create(&device(&format!("SN-{number}"))?).await?;
    }
    let error = refused(client.imports().create(&device("SN-5")?).await, ErrorKind::Throttled);
    assert_eq!((error.status(), error.retry_after(), error.outcome_unknown()), (Some(429), None, false));
    assert_eq!(sent(&hasty).len(), 6);
    assert!(sent(&tenant).len() > 13);
    Ok(())
}

#[tokio::test]
async fn neither_hash_nor_person_is_in_an_error_or_a_debug() -> Result<()> {
    let Harness { client, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_permissions(["User.Read.All"])).build();
    let user = "adele@contoso.onmicrosoft.com";
    let secretive =
        device("SN-1")?.with_assigned_user_principal_name(user.parse()?).with_product_key("KEY-1");
    let call = client.imports().create(&secretive);
    let shown = format!("{call:?} {secretive:?} {:?}", call.operation());
    let error = refused(call.await, ErrorKind::Forbidden);
    let all = format!("{shown} {error} {error:?}");
    for hidden in [HASH, "Q29udG9z", user, "adele", "KEY-1"] {
        assert!(!all.contains(hidden), "{all}");
    }
    Ok(())
}
