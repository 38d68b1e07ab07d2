//! Registrations that are replaced after a repair has changed the motherboard.

use futures_util::StreamExt as _;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::model::{DeviceToImport, Group, Membership, MembershipRule};
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::sim::{DeviceSpec, Fault, PowerOnOptions};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{
    ApplyOptions, CreatedObject, CreatedObjects, Journal, MemoryStore, ReplaceMotherboard, ReplacementPlan,
    ReplacementReport, Teardown, TeardownOptions,
};
use windows_autopilot::{Client, ErrorKind, Result};

use crate::findings::graded;
use crate::support::{Deadly, desired, devices, harness, snapshot, writes};

type Folder = [MemoryStore; 2];

fn repaired(serial: &str) -> DeviceToImport {
    let hash = SampleHash::new(format!("{serial}-board")).build().unwrap();
    DeviceToImport::new(serial.parse().unwrap(), hash)
}

fn replace(old: &str, new: &str) -> ReplaceMotherboard {
    ReplaceMotherboard::new(old.parse().unwrap(), repaired(new))
}

/// A tenant with a device that has a group tag and a user, and groups by rule and by hand.
async fn world() -> Result<Harness> {
    let harness = harness();
    let user = format!("adele@{}", harness.tenant.domain());
    harness.tenant.add_user(&user);
    for (name, rule) in [
        ("Autopilot Munich", MembershipRule::group_tag("Munich")?),
        ("Autopilot", MembershipRule::all_autopilot_devices()),
        ("Order 7", MembershipRule::purchase_order("7")?),
    ] {
        let group = Group::new(name.parse()?).with_membership(Membership::dynamic(rule));
        harness.client.groups().create(&group).await?;
    }
    let by_hand = harness.tenant.add_group("Loan pool");
    let spec = DeviceSpec::new("SN-1").with_group_tag("Munich").with_purchase_order("7");
    let id = harness.tenant.add_device_with(spec.with_assigned_user(user));
    harness.tenant.add_member(&by_hand, &id);
    harness.tenant.add_device_with(DeviceSpec::new("SN-2").with_group_tag("Munich"));
    harness.clock.sleep(std::time::Duration::from_secs(3600)).await;
    harness.tenant.clear_requests();
    Ok(harness)
}

async fn apply(client: &Client, replace: &ReplaceMotherboard, folder: &Folder) -> Result<ReplacementReport> {
    let [made, import] = folder.clone().map(Journal::from_store);
    let plan = replace.plan(client, Journal::from_store(folder[0].clone())).await?;
    Ok(plan.apply(client, made, import).await)
}

/// A plan without anything in its journal.
async fn fresh_plan(harness: &Harness, replace: &ReplaceMotherboard) -> Result<ReplacementPlan> {
    replace.plan(&harness.client, Journal::from_store(MemoryStore::default())).await
}

/// The registration with a serial number: its group tag and user.
async fn registered(harness: &Harness, serial: &str) -> Vec<(String, String)> {
    let devices = harness.client.devices().by_serial_number(&serial.parse().unwrap()).all().await.unwrap();
    let text = |device: &windows_autopilot::model::Device| {
        let user = device.user_principal_name.as_ref().map(|name| name.as_str().to_owned());
        (device.group_tag.as_deref().unwrap_or_default().to_owned(), user.unwrap_or_default())
    };
    devices.iter().map(text).collect()
}

#[tokio::test]
async fn a_plan_shows_what_is_taken_over_and_the_groups_gained_and_lost() -> Result<()> {
    let harness = world().await?;
    let plan = fresh_plan(&harness, &replace("sn-1", "SN-1B")).await?;
    assert!(writes(&harness.tenant).is_empty(), "a plan only reads");
    assert_eq!(plan.group_tag.as_ref().map(|tag| tag.as_str()), Some("Munich"));
    assert!(plan.takes_over_user && !plan.is_empty(), "{plan}");
    assert_eq!(plan.joins.as_deref(), Some(&[][..]), "{plan}");
    let mut leaves = plan.leaves.clone().unwrap();
    leaves.sort();
    assert_eq!(leaves, ["Loan pool", "Order 7"], "{plan}");
    assert_eq!(graded(&plan.findings), ["warning devices.user-assigned"], "{plan}");
    let shown = plan.to_string();
    for said in
        ["SN-1B", "- group Order 7", "group Loan pool: by hand", "computer account", "group tag Munich"]
    {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(!shown.contains("adele") && !serde_json::to_string(&plan).unwrap().contains("adele"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn the_old_registration_is_deleted_before_the_new_one_gets_its_tag_and_user() -> Result<()> {
    let harness = world().await?;
    let user = registered(&harness, "SN-1").await[0].1.clone();
    assert!(!user.is_empty());
    let folder = Folder::default();
    let report = apply(&harness.client, &replace("SN-1", "SN-1B"), &folder).await?.into_result()?;
    assert!(!report.stopped && report.registered.is_some() && report.changes == 4, "{report:?}");
    assert!(report.manual.iter().any(|text| text.contains("Active Directory")), "{report:?}");
    assert_eq!(registered(&harness, "SN-1").await, []);
    assert_eq!(registered(&harness, "SN-1B").await, [("Munich".to_owned(), user)]);
    let wrote: Vec<String> = harness
        .tenant
        .requests()
        .iter()
        .filter(|request| request.method != "GET" && !request.path.ends_with("$batch"))
        .map(|request| {
            let last = request.path.rsplit('/').next().unwrap();
            let is_id = last.len() > 30;
            format!("{} {}", request.method, if is_id { "identity" } else { last })
        })
        .collect();
    assert_eq!(
        wrote[..4],
        ["POST unassignUserFromDevice", "DELETE identity", "POST sync", "POST import"].map(str::to_owned),
        "{wrote:?}"
    );
    assert!(wrote.last().unwrap().ends_with("assignUserToDevice"), "{wrote:?}");
    let text = folder[0].text();
    assert!(!text.contains("adele") && text.contains("replacing") && text.contains("Munich"), "{text}");

    // A second time there is nothing to do, with the same journals.
    let journal = || Journal::from_store(folder[0].clone());
    let again = replace("SN-1", "SN-1B").plan(&harness.client, journal()).await?;
    assert!(again.is_empty(), "{again}");
    let before = writes(&harness.tenant);
    let done = apply(&harness.client, &replace("SN-1", "SN-1B"), &folder).await?.into_result()?;
    assert_eq!((done.registered, done.changes), (report.registered, 0));
    assert_eq!(writes(&harness.tenant), before);
    // Without the journal the old serial number is nobody's.
    let lost = fresh_plan(&harness, &replace("SN-1", "SN-1B")).await?;
    assert_eq!(graded(&lost.findings), ["error replace.not-registered"], "{lost}");
    Ok(())
}

#[tokio::test]
async fn a_replacement_killed_at_any_write_and_resumed_ends_like_an_uninterrupted_one() -> Result<()> {
    for (old, new) in [("SN-1", "SN-1B"), ("SN-1", "SN-1"), ("SN-2", "SN-2B")] {
        let reference = world().await?;
        let _ = apply(&reference.client, &replace(old, new), &Folder::default()).await?.into_result()?;
        let wanted = snapshot(&reference.tenant).await;
        for arrives in [false, true] {
            let mut kills = 0;
            loop {
                let harness = world().await?;
                let deadly = Deadly::new(&harness.tenant, kills, arrives);
                let client = deadly.client(&harness);
                let folder = Folder::default();
                let ended = deadly.run(async { apply(&client, &replace(old, new), &folder).await }).await;
                if let Some(report) = ended {
                    let _ = report?.into_result()?;
                }
                let at = format!("{old} to {new}, killed at write {kills}, arrives: {arrives}");
                let report = apply(&harness.client, &replace(old, new), &folder).await?;
                let report = report.into_result().unwrap_or_else(|error| panic!("{at}: {error:#}"));
                assert!(!report.stopped && report.registered.is_some(), "{at}");
                assert_eq!(snapshot(&harness.tenant).await, wanted, "{at}");
                assert_eq!(registered(&harness, new).await.len(), 1, "{at}");
                if deadly.is_alive() {
                    break;
                }
                kills += 1;
            }
            assert!(kills >= 3, "a replacement has more writes than {kills}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_replacement_that_was_stopped_goes_on() -> Result<()> {
    let reference = world().await?;
    let _ = apply(&reference.client, &replace("SN-1", "SN-1B"), &Folder::default()).await?.into_result()?;
    let wanted = snapshot(&reference.tenant).await;
    for after in 0..8 {
        let harness = world().await?;
        let folder = Folder::default();
        let journal = || Journal::from_store(folder[0].clone());
        let plan = replace("SN-1", "SN-1B").plan(&harness.client, journal()).await?;
        let mut run = plan.apply(&harness.client, journal(), Journal::from_store(folder[1].clone()));
        let mut events = 0;
        while run.next().await.is_some() {
            if events == after {
                run.stop_handle().stop();
            }
            events += 1;
        }
        drop(run);
        let _ = apply(&harness.client, &replace("SN-1", "SN-1B"), &folder).await?.into_result()?;
        assert_eq!(snapshot(&harness.tenant).await, wanted, "stopped after event {after}");
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_replaced_safely_stops_it_before_the_first_write() -> Result<()> {
    let blocked = async |harness: &Harness, replace: ReplaceMotherboard, found: &str| -> Result<()> {
        let folder = Folder::default();
        let plan = replace.plan(&harness.client, Journal::from_store(folder[0].clone())).await?;
        assert_eq!(graded(&plan.findings), [found], "{plan}");
        harness.tenant.clear_requests();
        let report = apply(&harness.client, &replace, &folder).await?;
        assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::InvalidInput));
        assert!(writes(&harness.tenant).is_empty(), "{found}");
        Ok(())
    };
    let harness = world().await?;
    blocked(&harness, replace("SN-9", "SN-9B"), "error replace.not-registered").await?;
    harness.tenant.add_device("SN-2");
    blocked(&harness, replace("SN-2", "SN-2B"), "error devices.serial-repeats").await?;
    // The user cannot be read, and would be lost.
    harness.tenant.fault(Fault::status(403).on("GET", "/users/*"));
    blocked(&harness, replace("SN-1", "SN-1B"), "error replace.user-not-known").await?;
    harness.tenant.clear_faults();
    let plan = fresh_plan(&harness, &replace("SN-1", "SN-1B").without_user()).await?;
    assert!(!plan.takes_over_user && plan.findings.is_empty(), "{plan}");
    // Groups that cannot be read are not known, and not none.
    harness.tenant.fault(Fault::status(403).on("GET", "/groups"));
    let plan = fresh_plan(&harness, &replace("SN-1", "SN-1B")).await?;
    assert!(plan.joins.is_none() && plan.leaves.is_none(), "{plan}");
    assert_eq!(
        graded(&plan.findings),
        ["warning devices.user-assigned", "warning replace.groups-not-known"],
        "{plan}"
    );
    Ok(())
}

#[tokio::test]
async fn an_enrolled_device_blocks_the_plan_unless_it_may_be_deleted_from_intune() -> Result<()> {
    let harness = harness();
    let user = crate::support::add_user(&harness).await;
    harness.tenant.grant_ou(crate::support::UNIT);
    let _ = desired().plan(&harness.client, &devices(1)).await?.apply(&harness.client).await.into_result()?;
    let hour = std::time::Duration::from_secs(3600);
    harness.clock.sleep(hour).await;
    harness.tenant.power_on_with(PowerOnOptions::new("PF000000").with_user(user));
    harness.clock.sleep(hour * 3).await;
    assert_eq!(harness.client.managed_devices().list().all().await?.len(), 1);
    let request = replace("PF000000", "PF000000");
    let folder = Folder::default();
    let plan = request.plan(&harness.client, Journal::from_store(folder[0].clone())).await?;
    assert_eq!(graded(&plan.findings), ["error teardown.enrolled"], "{plan}");
    let waived = plan.apply_with_waived(
        &harness.client,
        Journal::from_store(folder[0].clone()),
        Journal::from_store(folder[1].clone()),
        &["teardown.enrolled"],
    );
    assert_eq!(waived.await.error().map(windows_autopilot::Error::kind), Some(ErrorKind::InvalidInput));
    let request = request.with_managed_device_deleted();
    let report = apply(&harness.client, &request, &folder).await?.into_result()?;
    assert!(report.registered.is_some());
    assert!(harness.client.managed_devices().list().all().await?.is_empty());
    assert_eq!(registered(&harness, "PF000000").await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_rejected_hash_keeps_tag_and_user_for_a_corrected_one() -> Result<()> {
    let harness = world().await?;
    let user = registered(&harness, "SN-1").await[0].1.clone();
    let folder = Folder::default();
    harness.tenant.assign_to_other_tenant("SN-1B");
    let report = apply(&harness.client, &replace("SN-1", "SN-1B"), &folder).await?;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Rejected), "{report:?}");
    assert_eq!(
        graded(&report.findings),
        ["error import.other-tenant", "error replace.not-imported"],
        "{report:?}"
    );
    let corrected = [folder[0].clone(), MemoryStore::default()];
    let _ = apply(&harness.client, &replace("SN-1", "SN-1C"), &corrected).await?.into_result()?;
    assert_eq!(registered(&harness, "SN-1C").await, [("Munich".to_owned(), user)]);
    Ok(())
}

#[tokio::test]
async fn the_journal_of_a_deployment_has_the_new_registration_and_a_teardown_finds_it() -> Result<()> {
    let harness = harness();
    // A teardown never leaves a tenant without automatic enrollment.
    crate::support::enroll(&harness.tenant, "Existing users").await;
    let before = snapshot(&harness.tenant).await;
    let folder = Folder::default();
    let [made, import] = folder.clone().map(Journal::from_store);
    let plan = desired().plan(&harness.client, &devices(2)).await?;
    let options = ApplyOptions::default().with_journals(made, import);
    let _ = plan.apply_with(&harness.client, options).await.into_result()?;
    let journals = [folder[0].clone(), MemoryStore::default()];
    let report = apply(&harness.client, &replace("PF000001", "NEW-1"), &journals).await?.into_result()?;
    let journal = || Journal::from_store(folder[0].clone());
    let created = CreatedObjects::from_journal(journal())?;
    let serials: Vec<(&str, Option<&str>)> = created
        .items()
        .iter()
        .filter_map(|item| match item {
            CreatedObject::Device { serial_number, id, .. } => {
                Some((serial_number.as_str(), id.as_ref().map(windows_autopilot::model::Id::as_str)))
            }
            _ => None,
        })
        .collect();
    let new = report.registered.as_ref().map(windows_autopilot::model::Id::as_str);
    assert!(serials.contains(&("NEW-1", new)) && serials.len() == 2, "{serials:?}");
    let plan = Teardown::new(created).plan(&harness.client).await?;
    let _ = plan
        .apply_with(&harness.client, TeardownOptions::default().with_journal(journal()))
        .await
        .into_result()?;
    assert_eq!(snapshot(&harness.tenant).await, before);
    assert!(CreatedObjects::from_journal(journal())?.is_empty());
    Ok(())
}
