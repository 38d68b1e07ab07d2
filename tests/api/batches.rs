//! Many requests in one.

use std::collections::BTreeMap;

use windows_autopilot::model::{DeviceToImport, Group, HybridJoinProfile, ImportStatus};
use windows_autopilot::pipeline::{Limits, RetryConfig};
use windows_autopilot::sim::{Lag, RateLimit};
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, MINUTE, id, refused, same, sent};

#[tokio::test]
async fn each_of_45_mixed_requests_has_its_own_outcome_and_three_batches_carry_them() -> Result<()> {
    // An app by itself, so that the mobility policies are refused.
    let Harness { client, tenant, .. } = Harness::builder().as_app().build();
    let ids: Vec<String> = (0..12).map(|number| tenant.add_device(&format!("SN-{number}"))).collect();
    let adele = tenant.add_user("adele@contoso.com");
    let mut batch = client.batch();
    // 23 for beta: twelve devices, four that are not there, five profiles of which two are refused, a list, a refusal.
    let devices: Vec<_> = ids.iter().map(|device| batch.add(client.devices().get(&id(device)))).collect();
    let missing: Vec<_> =
        (0..4).map(|number| batch.add(client.devices().get(&id(format!("no-{number}"))))).collect();
    let names = ["One", "With-hyphen", "Two", "Three", "Also-hyphenated"];
    let mut profiles = Vec::new();
    for name in names {
        profiles.push(batch.add(client.profiles().create(&HybridJoinProfile::new(name.parse()?))));
    }
    let list = batch.add(client.devices().list().operation().clone());
    let policies = batch.add(client.mdm_policies().list().operation().clone());
    // 22 for v1.0: ten groups, ten users of whom five are not there, a number, a number that needs a header.
    let mut groups = Vec::new();
    for number in 0..10 {
        groups.push(batch.add(client.groups().create(&Group::new(format!("Group {number}").parse()?))));
    }
    let mut users = Vec::new();
    for number in 0..10 {
        let name =
            if number % 2 == 0 { "adele@contoso.com".to_owned() } else { format!("no{number}@contoso.com") };
        users.push(batch.add(client.users().get_by_name(&name.parse()?)));
    }
    let count = batch.add(client.devices().count());
    let directory_count = batch.add(client.directory_devices().count());
    assert_eq!(batch.len(), 45);

    tenant.clear_requests();
    let mut answers = batch.await?;
    let carried: BTreeMap<String, usize> =
        tenant.requests().into_iter().fold(BTreeMap::new(), |mut all, request| {
            assert_eq!(
                (request.method.as_str(), request.status.map(|status| status.as_u16())),
                ("POST", Some(200))
            );
            *all.entry(request.path).or_default() += 1;
            all
        });
    assert_eq!(carried, BTreeMap::from([("/beta/$batch".to_owned(), 2), ("/v1.0/$batch".to_owned(), 2)]));

    for (slot, device) in devices.into_iter().zip(&ids) {
        assert_eq!(answers.take(slot)?.id.as_str(), device);
    }
    for slot in missing {
        let error = refused(answers.take(slot), ErrorKind::NotFound);
        assert_eq!((error.operation(), error.status()), (Some("autopilotDevices.get"), Some(404)));
        assert!(
            error
                .endpoint()
                .unwrap()
                .starts_with("GET /beta/deviceManagement/windowsAutopilotDeviceIdentities/no-")
        );
    }
    for (slot, name) in profiles.into_iter().zip(names) {
        match name.contains('-') {
            true => drop(refused(answers.take(slot), ErrorKind::Rejected)),
            false => assert_eq!(answers.take(slot)?.settings.display_name.as_str(), name),
        }
    }
    let first = answers.take(list)?;
    assert_eq!(client.devices().list().all_from(first).await?.len(), 12);
    refused(answers.take(policies), ErrorKind::Forbidden);
    for (number, slot) in groups.into_iter().enumerate() {
        let group = answers.take(slot)?;
        assert_eq!(group.settings.display_name.as_str(), format!("Group {number}"));
        same(&client.groups().get(&group.id).await?, &group);
    }
    for (number, slot) in users.into_iter().enumerate() {
        match number % 2 {
            0 => assert_eq!(answers.take(slot)?.id.as_str(), adele),
            _ => {
                let error = refused(answers.take(slot), ErrorKind::NotFound);
                assert!(!format!("{error} {error:?}").contains("@contoso"), "{error:?}");
            }
        }
    }
    assert_eq!(answers.take(count)?, 12);
    assert_eq!(answers.take(directory_count)?, 12);
    assert_eq!(client.profiles().count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn what_was_throttled_inside_is_sent_again_alone_and_nothing_twice() -> Result<()> {
    let limit = Some(RateLimit::new(8, MINUTE));
    let Harness { client, tenant, clock, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_import_limit(limit).with_lag(Lag::none()))
        .with_client(|client| client.with_limits(Limits::default()))
        .build();
    let mut batch = client.batch();
    let mut slots = Vec::new();
    for number in 0..20 {
        let device = DeviceToImport::new(format!("SN-{number}").parse()?, "Q29udG9zbwAAAA==".parse()?);
        slots.push(batch.add(client.imports().create(&device)));
    }
    let mut answers = batch.await?;
    for (number, slot) in slots.into_iter().enumerate() {
        let record = answers.take(slot)?;
        assert_eq!(record.serial_number.as_deref(), Some(format!("SN-{number}").as_str()));
    }
    let records = client.imports().list().all().await?;
    let complete = |of: &&windows_autopilot::model::ImportedDevice| {
        of.state.as_ref().unwrap().device_import_status == Some(ImportStatus::Complete)
    };
    assert_eq!(
        (records.len(), records.iter().filter(complete).count()),
        (20, 20),
        "one twice would be an error 806"
    );
    assert_eq!(tenant.device_count(), 20);
    assert!(sent(&tenant).len() > 3 && !clock.slept().is_empty());
    Ok(())
}

#[tokio::test]
async fn without_patience_what_was_throttled_says_so_and_the_rest_is_done() -> Result<()> {
    let limit = Some(RateLimit::new(3, MINUTE));
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_import_limit(limit))
        .with_client(|client| client.with_retry(RetryConfig::none()))
        .build();
    let mut batch = client.batch();
    let mut slots = Vec::new();
    for number in 0..5 {
        let device = DeviceToImport::new(format!("SN-{number}").parse()?, "Q29udG9zbwAAAA==".parse()?);
        slots.push(batch.add(client.imports().create(&device)));
    }
    let mut answers = batch.await?;
    let outcomes: Vec<_> =
        slots.into_iter().map(|slot| answers.take(slot).map(drop).map_err(|error| error.kind())).collect();
    assert_eq!(outcomes, [Ok(()), Ok(()), Ok(()), Err(ErrorKind::Throttled), Err(ErrorKind::Throttled)]);
    assert_eq!(client.imports().count().await?, 3);
    assert_eq!(tenant.requests().len(), 2);
    Ok(())
}

#[tokio::test]
async fn an_empty_batch_sends_nothing_and_a_wrong_one_nothing_either() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let _ = client.batch().await?;
    let mut batch = client.batch();
    let _ = batch.add(client.devices().count());
    let _ = batch.add(client.profiles().count().with_version(windows_autopilot::graph::ApiVersion::V1));
    let error = refused(batch.await, ErrorKind::InvalidInput);
    assert!(error.to_string().contains("autopilotProfiles.count does not exist in v1.0"), "{error}");
    assert_eq!(sent(&tenant), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_slot_of_another_batch_is_an_error_and_takes_nothing() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    tenant.add_device("SN-1");
    let (mut one, mut other) = (client.batch(), client.batch());
    let devices = one.add(client.devices().count());
    let profiles = other.add(client.profiles().count());
    let (mut devices_answered, mut profiles_answered) = (one.await?, other.await?);
    let error = profiles_answered.take(devices).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("the slot belongs to another batch: use it with"), "{error}");
    assert_eq!(profiles_answered.take(profiles)?, 0, "the answer with the same number was not taken");
    let stranger = client.batch().add(client.devices().count());
    assert_eq!(devices_answered.take(stranger).unwrap_err().kind(), ErrorKind::InvalidInput);
    Ok(())
}
