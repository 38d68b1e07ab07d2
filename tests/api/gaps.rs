//! What tools met with when they followed a tenant: changes, owners, bounds, ids, progress and the state of retries.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use windows_autopilot::graph::{BatchProgress, DeltaLink};
use windows_autopilot::model::{
    Delta, Device, DirectoryDevice, Group, GroupTag, HybridJoinProfile, Id, MemberChange, SyncStatus, Target,
};
use windows_autopilot::resource::DeviceUpdate;
use windows_autopilot::sim::Fault;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, MINUTE, id, refused};

fn group(name: &str) -> Group {
    Group::new(name.parse().unwrap())
}

#[tokio::test]
async fn changes_of_groups_go_on_from_a_link_that_was_kept() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let groups: Vec<String> = (0..150).map(|number| tenant.add_group(&format!("G{number}"))).collect();
    let device = tenant.add_device("SN-1");
    tenant.add_member(&groups[0], &device);
    let mut first = client.groups().delta().items();
    let (mut seen, mut members) = (HashSet::new(), 0);
    while let Some(change) = first.next().await {
        assert_eq!(first.link(), None, "only the end has a link");
        match change? {
            Delta::Changed(change) => {
                members += change.members.len();
                seen.insert(change.group.id);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((seen.len(), members), (150, 1));
    let kept = serde_json::to_string(&first.link().unwrap()).unwrap();

    let renamed = client.groups().get(&id(&groups[1])).await?;
    client.groups().update(&renamed, &group("Renamed")).await?;
    client.groups().delete(&id(&groups[2])).await?;
    let member = tenant.members(&groups[0]).remove(0);
    client.groups().remove_member(&id(&groups[0]), &id(&member)).await?;

    let link: DeltaLink<Group> = serde_json::from_str(&kept).unwrap();
    let next = client.groups().delta().since(&link).all().await?;
    let by_id: BTreeMap<&str, &Delta<Group>> =
        next.items.iter().map(|item| (item.id().as_str(), item)).collect();
    assert_eq!(by_id.len(), 3);
    let changed = |number: usize| match by_id[groups[number].as_str()] {
        Delta::Changed(change) => change,
        other => panic!("{other:?}"),
    };
    assert_eq!(changed(1).group.settings.display_name.as_str(), "Renamed");
    assert_eq!(changed(0).members, [MemberChange::Removed(id(&member))]);
    assert_eq!(by_id[groups[2].as_str()], &Delta::Removed { id: id(&groups[2]), restorable: true });

    let nothing = client.groups().delta().since(&next.link).all().await?;
    assert!(nothing.items.is_empty());
    let now = client.groups().delta().from_now().all().await?;
    assert!(now.items.is_empty());
    tenant.add_group("Later");
    let names = client.groups().delta().select(["displayName"]).since(&now.link).all().await?;
    assert_eq!(names.items.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_link_that_the_service_forgot_asks_to_start_again_without_one() -> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    tenant.add_device("SN-1");
    let devices = client.directory_devices().delta().all().await?;
    clock.advance(MINUTE);
    tenant.expire_delta_tokens();
    let again = client.directory_devices().delta().since(&devices.link).all().await;
    let error = refused(again, ErrorKind::Resync);
    assert_eq!(error.operation(), Some("devices.delta"));
    assert!(error.remedy().unwrap().contains("start again without a delta link"), "{error}");
    assert_eq!(client.directory_devices().delta().all().await?.items.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_link_of_another_list_or_host_is_refused_before_anything_is_sent() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let groups = client.groups().delta().all().await?;
    tenant.clear_requests();
    let link = |text: &str| serde_json::from_value::<DeltaLink<DirectoryDevice>>(text.into()).unwrap();
    let other_host = "https://evil.example/v1.0/devices/delta?$deltatoken=x";
    for (text, kind) in [
        (groups.link.as_str(), ErrorKind::InvalidInput),
        ("https://graph.microsoft.com/beta/devices/delta?$deltatoken=x", ErrorKind::InvalidInput),
        (other_host, ErrorKind::Link),
    ] {
        refused(client.directory_devices().delta().since(&link(text)).all().await, kind);
    }
    assert!(tenant.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_group_is_created_with_owners_that_exist_and_are_users() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let owner = client.users().get_by_name(&tenant_user(&tenant)).await?.id.cast();
    let stored = client.groups().create_with_owners(&group("Owned"), std::slice::from_ref(&owner)).await?;
    let path = format!("/groups/{}?$expand=owners", stored.id);
    let shown: serde_json::Value = client.get(windows_autopilot::graph::ApiVersion::V1, &path).await?;
    assert_eq!(shown["owners"][0]["id"], owner.as_str());

    let create = async |owners: &[Id<_>]| client.groups().create_with_owners(&group("Other"), owners).await;
    refused(create(&[id("nobody")]).await, ErrorKind::NotFound);
    refused(create(&[owner.clone(), owner.clone()]).await, ErrorKind::Rejected);
    refused(create(&[stored.id.cast()]).await, ErrorKind::Rejected);
    let error = refused(create(&vec![owner; 21]).await, ErrorKind::InvalidInput);
    assert!(error.to_string().contains("at most 20"), "{error}");
    assert_eq!(client.groups().list().all().await?.len(), 1);
    Ok(())
}

fn tenant_user(tenant: &windows_autopilot::sim::Tenant) -> windows_autopilot::model::UserPrincipalName {
    tenant.add_user("adele@contoso.com");
    "adele@contoso.com".parse().unwrap()
}

#[tokio::test]
async fn groups_are_found_by_exactly_their_name() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    for name in ["O'Neil", "o'neil", "O'Neil", "O'Neil 2"] {
        client.groups().create(&group(name)).await?;
    }
    let found = client.groups().find_by_name(&"O'Neil".parse()?).all().await?;
    assert_eq!(found.iter().map(|of| of.settings.display_name.as_str()).collect::<Vec<_>>(), ["O'Neil"; 2]);
    let found = client.groups().find_by_name(&"o'neil".parse()?).select(["description"]).all().await?;
    assert_eq!(found.len(), 1);
    Ok(())
}

#[tokio::test]
async fn numbers_out_of_range_are_refused_before_anything_is_sent() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    for priority in [0, 2_147_483_648, u32::MAX] {
        let call = client.enrollment_status_pages().set_priority(&id("p1"), priority);
        let error = refused(call.await, ErrorKind::InvalidInput);
        assert!(error.to_string().contains("write 1, the highest, to 2147483647"), "{error}");
    }
    refused(client.devices().list().page_size(0).all().await, ErrorKind::InvalidInput);
    assert!(tenant.requests().is_empty());
    refused(
        client.enrollment_status_pages().set_priority(&id("p1"), 2_147_483_647).await,
        ErrorKind::NotFound,
    );
    Ok(())
}

#[tokio::test]
async fn the_state_of_the_sync_is_read_wrapped_and_bare() -> Result<()> {
    for body in [
        r#"{"syncStatus":"completed"}"#,
        r#"{"value":{"syncStatus":"completed"}}"#,
        r#"{"value":[{"syncStatus":"completed"}]}"#,
    ] {
        let Harness { client, tenant, .. } = Harness::new();
        tenant.fault(Fault::body(body).on("GET", "/deviceManagement/windowsAutopilotSettings"));
        let state = client.autopilot_sync().get().await?;
        assert_eq!(state.sync_status, Some(SyncStatus::Completed), "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn a_profile_of_any_kind_leads_to_its_assignments() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    let stored = client.profiles().create(&HybridJoinProfile::new("Contoso".parse()?)).await?;
    client.profiles().assignments(&stored.id).add(&Target::all_devices()).await?;
    for profile in client.profiles().list().all().await? {
        let profile = profile.any_id().unwrap();
        assert_eq!(profile, stored.id.cast());
        assert_eq!(client.profiles().assignments(&profile).list().all().await?.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn an_id_in_capitals_is_the_same_id() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let given = tenant.add_device("SN-1");
    let device: Id<Device> = id(given.to_uppercase());
    assert_eq!(client.devices().get(&device).await?.id, device);
    assert_eq!(device.as_str(), given.to_uppercase());
    Ok(())
}

#[tokio::test]
async fn a_batch_reports_its_progress() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    tenant
        .fault(Fault::status(503).on("GET", "/deviceManagement/windowsAutopilotDeviceIdentities/*").times(3));
    let ids: Vec<Id<Device>> = (0..45).map(|number| id(tenant.add_device(&format!("SN-{number}")))).collect();
    let seen: Arc<Mutex<Vec<BatchProgress>>> = Arc::default();
    let told = Arc::clone(&seen);
    let mut batch = client.batch().with_progress(move |progress| told.lock().unwrap().push(progress));
    let slots: Vec<_> = ids.iter().map(|device| batch.add(client.devices().get(device))).collect();
    let mut answers = batch.await?;
    for slot in slots {
        answers.take(slot)?;
    }
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen.iter().map(|progress| progress.answered).collect::<Vec<_>>(),
        (1..=45).collect::<Vec<_>>()
    );
    assert!(seen.iter().all(|progress| progress.total == 45));
    Ok(())
}

#[tokio::test]
async fn the_state_of_retries_names_the_budget_and_what_is_closed() -> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    tenant.fault(Fault::status(500).on("GET", "/groups").times(3));
    client.groups().list().all().await?;
    assert_eq!(client.retry_state().budget, 97);
    tenant.fault(Fault::throttle(10 * MINUTE).on("GET", "/deviceManagement/**").once());
    refused(client.devices().list().all().await, ErrorKind::Throttled);
    clock.advance(MINUTE);
    let state = client.retry_state();
    assert_eq!(state.closed, BTreeMap::from([("deviceManagement".to_owned(), 9 * MINUTE)]));
    clock.advance(9 * MINUTE);
    assert!(client.retry_state().closed.is_empty());
    Ok(())
}

/// A tenant with so many devices, and the ids of them.
fn tenant_of(devices: usize) -> (Harness, Vec<Id<Device>>) {
    let harness = Harness::new();
    let add = |number| id(harness.tenant.add_device(&format!("SN-{number}")));
    let ids = (0..devices).map(add).collect();
    (harness, ids)
}

#[tokio::test]
async fn five_thousand_updates_end_alike_in_a_batch_and_one_by_one() -> Result<()> {
    const DEVICES: usize = 5_001;
    let tag: GroupTag = "Kiosk".parse()?;
    let update = DeviceUpdate::new().with_group_tag(Some(&tag));
    let mut ends: Vec<(usize, usize, Duration)> = Vec::new();
    for batched in [true, false] {
        let (Harness { client, clock, .. }, ids) = tenant_of(DEVICES);
        let start = windows_autopilot::clock::Clock::elapsed(&clock);
        let outcomes: Vec<Result<()>> = if batched {
            let mut batch = client.batch();
            let slots: Vec<_> =
                ids.iter().map(|device| batch.add(client.devices().update(device, &update))).collect();
            let mut answers = batch.await?;
            slots.into_iter().map(|slot| answers.take(slot)).collect()
        } else {
            join_all(ids.iter().map(|device| client.devices().update(device, &update).into_future())).await
        };
        let took = windows_autopilot::clock::Clock::elapsed(&clock) - start;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        ends.push((done, client.devices().tagged(&tag).all().await?.len(), took));
    }
    // Both keep to 100 writes in 20 seconds.
    let least = Duration::from_secs(20) * 50;
    assert_eq!(ends, [(DEVICES, DEVICES, least); 2]);
    Ok(())
}
