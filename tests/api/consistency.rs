//! A directory that sees what was written only after a while.

use std::sync::Arc;

use windows_autopilot::graph::{PollStatus, Poller, Schedule};
use windows_autopilot::model::{Group, Target};
use windows_autopilot::{ErrorKind, Result};

use super::group::anchor;
use super::support::{Harness, MINUTE, SECOND, id, is_stored, refused, same, targets};

fn slow() -> Harness {
    Harness::builder().as_app().with_tenant(|tenant| tenant.with_directory_lag(20 * SECOND)).build()
}

#[tokio::test]
async fn a_group_is_not_found_right_after_it_was_made_and_then_it_is() -> Result<()> {
    let Harness { client, clock, .. } = slow();
    let wish = Group::new("Devices".parse()?);
    let stored = client.groups().create(&wish).await?;
    is_stored(&stored, &wish);
    refused(client.groups().get(&stored.id).await, ErrorKind::NotFound);
    assert_eq!(client.groups().list().all().await?, []);
    clock.advance(20 * SECOND);
    let found = client.groups().get(&stored.id).await?;
    same(&found, &stored);
    assert_eq!(client.groups().list().all().await?, [found]);
    Ok(())
}

#[tokio::test]
async fn a_poller_of_ones_own_bridges_the_gap_in_virtual_time() -> Result<()> {
    let Harness { client, clock, .. } = slow();
    let stored = client.groups().create(&Group::new("Devices".parse()?)).await?;
    let schedule = Schedule::new(5 * SECOND, MINUTE, 2 * MINUTE);
    let (asker, id) = (client.clone(), stored.id.clone());
    let found = Poller::new(Arc::clone(client.clock()), schedule, "the group", move || {
        let call = asker.groups().get(&id);
        async move {
            match call.await {
                Ok(group) => Ok(PollStatus::Ready(group)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(PollStatus::<_, ()>::Pending(())),
                Err(error) => Err(error),
            }
        }
    });
    same(&found.await?, &stored);
    // The first look is at once; then less and less often.
    assert_eq!(clock.slept(), [5 * SECOND, 7500 * SECOND / 1000, 11250 * SECOND / 1000]);
    Ok(())
}

#[tokio::test]
async fn members_come_and_go_with_the_same_delay() -> Result<()> {
    let Harness { client, tenant, clock, .. } = slow();
    let device = tenant.add_device("SN-1");
    let stored = client.groups().create(&Group::new("Devices".parse()?)).await?;
    clock.advance(20 * SECOND);
    let anchor = anchor(&client, &device).await?;
    let members =
        async || Ok::<_, windows_autopilot::Error>(client.groups().members(&stored.id).all().await?.len());
    client.groups().add_member(&stored.id, &anchor).await?;
    assert_eq!(members().await?, 0);
    clock.advance(20 * SECOND);
    assert_eq!(members().await?, 1);
    client.groups().remove_member(&stored.id, &anchor).await?;
    assert_eq!(members().await?, 1);
    clock.advance(20 * SECOND);
    assert_eq!(members().await?, 0);
    client.groups().delete(&stored.id).await?;
    assert!(client.groups().get(&stored.id).await.is_ok());
    clock.advance(20 * SECOND);
    refused(client.groups().get(&stored.id).await, ErrorKind::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_change_may_not_be_seen_by_the_read_behind_it() -> Result<()> {
    let Harness { client, clock, .. } = slow();
    let stored = client.groups().create(&Group::new("Before".parse()?)).await?;
    clock.advance(20 * SECOND);
    let mut wish = stored.settings.clone();
    wish.display_name = "After".parse()?;
    // The directory answers a change without the object, so it is read, and may be the old one.
    let read = client.groups().update(&stored, &wish).await?;
    assert_eq!(read.settings.display_name.as_str(), "Before");
    clock.advance(20 * SECOND);
    is_stored(&client.groups().get(&stored.id).await?, &wish);
    Ok(())
}

#[tokio::test]
async fn intune_takes_a_group_as_a_target_before_the_directory_shows_it() -> Result<()> {
    let Harness { client, .. } = slow();
    let group = client.groups().create(&Group::new("Devices".parse()?)).await?;
    let profile = windows_autopilot::model::HybridJoinProfile::new("Hybrid".parse()?);
    let profile = client.profiles().create(&profile).await?;
    client.profiles().assignments(&profile.id).add(&Target::group(group.id.clone())).await?;
    assert_eq!(
        targets(client.profiles().assignments(&profile.id).list()).await?,
        [Target::group(id(group.id.as_str()))]
    );
    Ok(())
}
