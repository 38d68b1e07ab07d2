//! The synchronization with the Autopilot service.

use windows_autopilot::model::{DeviceToImport, SyncSettings, SyncStatus};
use windows_autopilot::sim::{Lag, Tenant};
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, MINUTE, SECOND, id, refused, sent};

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let sync = client.autopilot_sync();
    let before = sync.get().await?;
    assert_eq!((before.last_sync_date_time, before.last_manual_sync_trigger_date_time), (None, None));
    assert_eq!(before.sync_status, Some(SyncStatus::Unknown));

    sync.sync().await?;
    let triggered = Some(tenant.timestamp());
    let during = sync.get().await?;
    assert_eq!(during.sync_status, Some(SyncStatus::InProgress));
    assert_eq!(during.last_manual_sync_trigger_date_time, triggered);
    clock.advance(MINUTE);
    let after = sync.get().await?;
    assert_eq!(after.sync_status, Some(SyncStatus::Completed));
    assert_eq!(after.last_sync_date_time, Some(tenant.timestamp()));

    // All of it is the service's own: writing is documented and changes nothing.
    let mut wish = SyncSettings::default();
    wish.sync_status = Some(SyncStatus::Failed);
    assert_eq!(sync.update(&wish).await?, after);
    assert_eq!(sync.update(&after).await?, after, "sent back as it was read");
    assert_eq!(sync.get().await?, after);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn a_sync_is_a_conflict_while_one_runs_and_throttled_for_ten_minutes_and_never_tried_again()
-> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let sync = client.autopilot_sync();
    sync.sync().await?;
    let error = refused(sync.sync().await, ErrorKind::Conflict);
    assert_eq!((error.status(), error.attempts()), (Some(409), 1));
    clock.advance(2 * MINUTE);
    let error = refused(sync.sync().await, ErrorKind::Throttled);
    assert_eq!((error.status(), error.attempts()), (Some(429), 1));
    assert!(!error.outcome_unknown());
    clock.advance(8 * MINUTE - SECOND);
    refused(sync.sync().await, ErrorKind::Throttled);
    clock.advance(SECOND);
    sync.sync().await?;
    assert_eq!(sent(&tenant), ["POST sync"; 5]);
    assert_eq!(clock.slept(), [MINUTE; 0], "nothing was waited for");
    Ok(())
}

#[tokio::test]
async fn a_refused_sync_holds_no_other_call_back() -> Result<()> {
    let Harness { client, tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_lag(Lag::none())).build();
    tenant.add_device("SN-1");
    client.autopilot_sync().sync().await?;
    refused(client.autopilot_sync().sync().await, ErrorKind::Throttled);
    assert_eq!(client.devices().count().await?, 1);
    assert_eq!(clock.slept(), [MINUTE; 0]);
    Ok(())
}

#[tokio::test]
async fn a_sync_brings_an_imported_device_and_takes_a_deleted_one_sooner() -> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let device = DeviceToImport::new("SN-1".parse()?, "Q29udG9zbwAAAA==".parse()?);
    let record = client.imports().create(&device).await?;
    clock.advance(5 * MINUTE);
    let registered = client.imports().get(&record.id).await?.state.unwrap().device_registration_id.unwrap();
    let leaving = id(tenant.add_device("SN-2"));
    client.devices().delete(&leaving).await?;
    refused(client.devices().get(&registered).await, ErrorKind::NotFound);
    client.autopilot_sync().sync().await?;
    clock.advance(MINUTE);
    assert!(client.devices().get(&registered).await.is_ok());
    refused(client.devices().get(&leaving).await, ErrorKind::NotFound);
    Ok(())
}
