//! Devices that move from one group tag to another.

use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use windows_autopilot::model::{Group, Membership, MembershipRule};
use windows_autopilot::sim::{DeviceSpec, Fault};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{Retag, RetagPlan};
use windows_autopilot::{ErrorKind, Result};

use crate::findings::graded;
use crate::support::{Deadly, harness, writes};

async fn world() -> Result<Harness> {
    let harness = harness();
    for tag in ["Munich", "Berlin"] {
        let mut group = Group::new(format!("Autopilot {tag}").parse()?);
        group.membership = Membership::dynamic(MembershipRule::group_tag(tag)?);
        harness.client.groups().create(&group).await?;
    }
    let mut all = Group::new("Autopilot".parse()?);
    all.membership = Membership::dynamic(MembershipRule::all_autopilot_devices());
    harness.client.groups().create(&all).await?;
    for n in 0..4 {
        let tag = if n == 3 { "Other" } else { "Munich" };
        harness.tenant.add_device_with(DeviceSpec::new(format!("SN-{n}")).with_group_tag(tag));
    }
    Ok(harness)
}

async fn tags(harness: &Harness) -> Result<Vec<(String, String)>> {
    let devices = harness.client.devices().list().all().await?;
    let text = |text: &Option<windows_autopilot::model::Text>| text.as_deref().unwrap_or_default().to_owned();
    let mut tags: Vec<_> =
        devices.iter().map(|device| (text(&device.serial_number), text(&device.group_tag))).collect();
    tags.sort();
    Ok(tags)
}

fn tag_writes(harness: &Harness) -> usize {
    let is_tag =
        |(write, count): (&String, &usize)| write.ends_with("updateDeviceProperties").then_some(*count);
    writes(&harness.tenant).iter().filter_map(is_tag).sum()
}

#[tokio::test]
async fn a_plan_shows_the_groups_that_each_device_joins_and_leaves() -> Result<()> {
    let harness = world().await?;
    let retag = Retag::tag("munich".parse()?, Some("Berlin".parse()?));
    let plan = retag.plan(&harness.client).await?;
    assert!(plan.findings.is_empty() && tag_writes(&harness) == 0, "{plan}");
    assert_eq!(plan.devices.len(), 3, "{plan}");
    for device in &plan.devices {
        assert_eq!(device.joins.as_deref(), Some(&["Autopilot Berlin".to_owned()][..]), "{plan}");
        assert_eq!(device.leaves.as_deref(), Some(&["Autopilot Munich".to_owned()][..]), "{plan}");
    }
    let text = serde_json::to_string(&plan).unwrap();
    let plan: RetagPlan = serde_json::from_str(&text).unwrap();
    let report = plan.apply(&harness.client).await.into_result()?;
    assert_eq!((report.changed, report.stopped, report.findings.len()), (3, false, 0));
    let wanted = [("SN-0", "Berlin"), ("SN-1", "Berlin"), ("SN-2", "Berlin"), ("SN-3", "Other")];
    assert_eq!(tags(&harness).await?, wanted.map(|(serial, tag)| (serial.to_owned(), tag.to_owned())));
    assert!(retag.plan(&harness.client).await?.is_empty());
    // The plan that was saved is of another state now.
    assert_eq!(plan.apply(&harness.client).await.error().unwrap().kind(), ErrorKind::Conflict);

    let cleared = Retag::devices(["sn-3".parse()?, "SN-3".parse()?], None).plan(&harness.client).await?;
    assert_eq!(cleared.devices.len(), 1, "{cleared}");
    let _ = cleared.apply(&harness.client).await.into_result()?;
    assert_eq!(tags(&harness).await?[3].1, "");
    Ok(())
}

#[tokio::test]
async fn serials_that_are_not_there_or_repeat_stop_it_before_the_first_write() -> Result<()> {
    let harness = world().await?;
    harness.tenant.add_device("SN-0");
    for (serial, id) in [("SN-9", "retag.not-registered"), ("SN-0", "devices.serial-repeats")] {
        let retag = Retag::devices([serial.parse()?, "SN-1".parse()?], Some("Berlin".parse()?));
        let plan = retag.plan(&harness.client).await?;
        assert_eq!(graded(&plan.findings), [format!("error {id}")], "{plan}");
        assert_eq!(plan.apply(&harness.client).await.error().unwrap().kind(), ErrorKind::InvalidInput);
        assert_eq!(tag_writes(&harness), 0);
        let report = plan.apply_with_waived(&harness.client, &[id]).await.into_result()?;
        assert_eq!(
            report.changed,
            usize::from(tags(&harness).await?.contains(&("SN-1".into(), "Berlin".into())))
        );
        harness.tenant.clear_requests();
        let back = Retag::devices(["SN-1".parse()?], Some("Munich".parse()?)).plan(&harness.client).await?;
        let _ = back.apply(&harness.client).await.into_result()?;
        harness.tenant.clear_requests();
    }
    Ok(())
}

#[tokio::test]
async fn groups_that_cannot_be_read_are_not_known_and_not_none() -> Result<()> {
    let harness = world().await?;
    harness.tenant.fault(Fault::status(403).on("GET", "/groups"));
    let plan = Retag::tag("Munich".parse()?, Some("Berlin".parse()?)).plan(&harness.client).await?;
    assert!(plan.devices.iter().all(|device| device.joins.is_none() && device.leaves.is_none()), "{plan}");
    assert_eq!(
        graded(&plan.findings),
        [
            "warning retag.groups-not-known",
            "warning retag.groups-not-known",
            "warning retag.groups-not-known"
        ],
        "{plan}"
    );
    assert!(plan.to_string().contains("groups not known"), "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_retag_killed_or_stopped_at_any_write_and_resumed_ends_like_an_uninterrupted_one() -> Result<()> {
    let retag = || Ok::<_, windows_autopilot::Error>(Retag::tag("Munich".parse()?, Some("Berlin".parse()?)));
    let reference = world().await?;
    let _ = retag()?.plan(&reference.client).await?.apply(&reference.client).await.into_result()?;
    let wanted = tags(&reference).await?;
    for arrives in [false, true] {
        for kills in 0..4 {
            let harness = world().await?;
            let deadly = Deadly::new(&harness.tenant, kills, arrives);
            let client = deadly.client(&harness);
            let plan = retag()?.plan(&harness.client).await?;
            let killed = deadly.run(async { plan.apply(&client).await }).await.is_none();
            assert_eq!(killed, kills < 3, "{:?}", deadly.left.load(Ordering::SeqCst));
            let again = retag()?.plan(&harness.client).await?;
            assert_eq!(again.devices.len(), 3 - (kills + usize::from(arrives)).min(3), "{again}");
            let _ = again.apply(&harness.client).await.into_result()?;
            assert_eq!((tags(&harness).await?, tag_writes(&harness)), (wanted.clone(), 3));
        }
    }
    let harness = world().await?;
    let mut run = retag()?.plan(&harness.client).await?.apply(&harness.client);
    run.next().await;
    run.stop_handle().stop();
    let report = run.await;
    assert!(report.stopped && report.changed < 3 && report.error().is_none(), "{report:?}");
    let _ = retag()?.plan(&harness.client).await?.apply(&harness.client).await.into_result()?;
    assert_eq!((tags(&harness).await?, tag_writes(&harness)), (wanted, 3));
    Ok(())
}

#[tokio::test]
async fn a_retag_that_fails_reports_what_it_changed() -> Result<()> {
    let harness = world().await?;
    let plan = Retag::tag("Munich".parse()?, Some("Berlin".parse()?)).plan(&harness.client).await?;
    let last = plan.devices[2].id.clone();
    let path = format!("/deviceManagement/windowsAutopilotDeviceIdentities/{last}/updateDeviceProperties");
    harness.tenant.fault(Fault::status(400).on("POST", &path));
    let report = plan.apply(&harness.client).await;
    assert_eq!(
        (report.changed, report.error().map(windows_autopilot::Error::kind)),
        (2, Some(ErrorKind::Rejected))
    );
    Ok(())
}

/// The service does not evaluate a rule whose processing is paused.
#[tokio::test]
async fn a_paused_group_is_neither_joined_nor_left() -> Result<()> {
    let harness = world().await?;
    for tag in ["Munich", "Berlin"] {
        let mut group = Group::new(format!("Paused {tag}").parse()?);
        group.membership = Membership::dynamic(MembershipRule::group_tag(tag)?);
        let Membership::Dynamic(dynamic) = &mut group.membership else { unreachable!() };
        dynamic.paused = true;
        harness.client.groups().create(&group).await?;
    }
    let plan = Retag::tag("Munich".parse()?, Some("Berlin".parse()?)).plan(&harness.client).await?;
    assert_eq!(plan.devices.len(), 3, "{plan}");
    for device in &plan.devices {
        assert_eq!(device.joins.as_deref(), Some(&["Autopilot Berlin".to_owned()][..]), "{plan}");
        assert_eq!(device.leaves.as_deref(), Some(&["Autopilot Munich".to_owned()][..]), "{plan}");
    }
    Ok(())
}
