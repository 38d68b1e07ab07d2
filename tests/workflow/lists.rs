//! A deployment whose list of devices changes from run to run, with the same journals throughout.

use std::time::Duration;

use futures_util::StreamExt as _;
use windows_autopilot::model::DeviceToImport;
use windows_autopilot::sim::{DeviceSpec, Fault, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{
    Action, ApplyEvent, ApplyOptions, ApplyReport, CreatedObject, CreatedObjects, Journal, JournalStore as _,
    MemoryStore, PlanOptions, Teardown, TeardownOptions,
};
use windows_autopilot::{Client, Result};

use crate::support::{Deadly, all, desired, devices, harness, snapshot};

const DEVICES: &str = "/beta/deviceManagement/windowsAutopilotDeviceIdentities";

type Folder = [MemoryStore; 2];

async fn apply(client: &Client, folder: &Folder, list: &[DeviceToImport]) -> Result<ApplyReport> {
    let plan = desired().plan(client, list).await?;
    let [made, import] = folder.clone().map(Journal::from_store);
    plan.apply_with(client, ApplyOptions::default().with_journals(made, import)).await.into_result()
}

/// Returns the recorded devices: serial number and id, sorted.
fn recorded(created: &CreatedObjects) -> Vec<(String, Option<String>)> {
    let device = |item: &CreatedObject| match item {
        CreatedObject::Device { serial_number, id, .. } => {
            Some((serial_number.clone(), id.as_ref().map(ToString::to_string)))
        }
        _ => None,
    };
    let mut found: Vec<_> = created.items().iter().filter_map(device).collect();
    found.sort();
    found
}

/// Returns the registrations of the first `count` devices as a record has them.
fn registered(tenant: &Tenant, count: usize) -> Vec<(String, Option<String>)> {
    let serials = devices(count).into_iter().map(|device| device.serial_number.to_string());
    serials.map(|serial| (serial.clone(), Some(tenant.device_id(&serial).unwrap()))).collect()
}

/// Returns the outcomes of a run's import.
fn outcomes(report: &ApplyReport) -> Vec<(String, String)> {
    let imported = report.import.iter().flat_map(|import| &import.devices);
    imported.map(|device| (device.serial_number.to_string(), device.outcome.to_string())).collect()
}

#[tokio::test]
async fn devices_join_and_leave_the_list_of_a_deployment() -> Result<()> {
    let harness = harness();
    let (folder, deadly) = (Folder::default(), Deadly::immortal(&harness.tenant));
    let (client, list) = (deadly.client(&harness), devices(4));
    let mut sent = Vec::new();
    for (given, new) in [(0..1, vec![0]), (0..3, vec![1, 2]), (1..2, vec![]), (2..4, vec![3]), (0..4, vec![])]
    {
        let report = apply(&client, &folder, &list[given.clone()]).await?;
        let serials: Vec<String> = new.iter().map(|n| list[*n].serial_number.to_string()).collect();
        let expected: Vec<(String, String)> =
            serials.iter().map(|serial| (serial.clone(), "registered".to_owned())).collect();
        assert_eq!(outcomes(&report), expected, "{given:?}");
        sent.extend(serials);
        assert_eq!(*deadly.imported.lock().unwrap(), sent, "{given:?}");
        assert_eq!(recorded(&report.created), registered(&harness.tenant, sent.len()), "{given:?}");
    }
    Ok(())
}

/// A run is killed at any write, a run with a shorter list follows, and then one with the whole list again.
#[tokio::test]
async fn a_shorter_list_after_a_kill_forgets_nothing_and_sends_nothing_twice() -> Result<()> {
    let list = devices(3);
    let whole = harness();
    let _ = apply(&whole.client, &Folder::default(), &list).await?;
    let wanted = snapshot(&whole.tenant).await;
    for arrives in [false, true] {
        for kill in 0.. {
            let at = format!("killed at write {kill}, which {}", if arrives { "arrived" } else { "did not" });
            let (harness, folder) = (harness(), Folder::default());
            let deadly = Deadly::new(&harness.tenant, kill, arrives);
            let first = deadly.client(&harness);
            if deadly.run(apply(&first, &folder, &list)).await.is_some() {
                assert!(kill >= 10, "a run has more writes than {kill}");
                break;
            }
            let begun = recorded(&CreatedObjects::from_journal(Journal::from_store(folder[0].clone()))?);
            let client = deadly.revived().client(&harness);
            let shorter = apply(&client, &folder, &list[..1]).await?;
            let serials = |record: &[(String, Option<String>)]| -> Vec<String> {
                record.iter().map(|(serial, _)| serial.clone()).collect()
            };
            let kept = serials(&recorded(&shorter.created));
            assert!(serials(&begun).iter().all(|serial| kept.contains(serial)), "{at}: {begun:?} {kept:?}");
            let longer = apply(&client, &folder, &list).await?;
            assert_eq!(recorded(&longer.created), registered(&harness.tenant, 3), "{at}");
            assert_eq!(snapshot(&harness.tenant).await, wanted, "{at}");
            let mut sent = deadly.imported.lock().unwrap().clone();
            sent.sort();
            assert_eq!(sent, ["PF000000", "PF000001", "PF000002"], "{at}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_device_whose_group_tag_changes_in_flight_gets_the_new_one_and_is_sent_once() -> Result<()> {
    let harness = harness();
    let (folder, list) = (Folder::default(), devices(1));
    // The first write of the import arrives, and its answer is lost.
    let mut kill = 0;
    let deadly = loop {
        let deadly = Deadly::new(&harness.tenant, kill, true);
        let client = deadly.client(&harness);
        assert!(deadly.run(apply(&client, &folder, &list)).await.is_none(), "the import was never sent");
        if !deadly.imported.lock().unwrap().is_empty() {
            break deadly;
        }
        kill += 1;
    };
    let tagged = [list[0].clone().with_group_tag("Kiosk".parse()?)];
    let report = apply(&deadly.revived().client(&harness), &folder, &tagged).await?;
    assert_eq!(*deadly.imported.lock().unwrap(), ["PF000000"]);
    assert_eq!(recorded(&report.created), registered(&harness.tenant, 1));
    let device = &all(&harness.tenant, DEVICES).await[0];
    assert_eq!(device["groupTag"], "Kiosk");
    Ok(())
}

#[tokio::test]
async fn devices_that_were_taken_down_are_imported_again() -> Result<()> {
    let Harness { client, tenant, .. } = &harness();
    let (folder, list) = (Folder::default(), devices(2));
    let first = apply(client, &folder, &list).await?;
    let gone = recorded(&first.created);
    let options = TeardownOptions::default().with_journal(Journal::from_store(folder[0].clone()));
    let plan = Teardown::new(first.created).plan(client).await?;
    let _ = plan.apply_with(client, options).await.into_result()?;
    assert_eq!(tenant.device_count(), 0);
    let again = apply(client, &folder, &list).await?;
    let found = recorded(&again.created);
    assert_eq!(found, registered(tenant, 2));
    assert!(found.iter().zip(&gone).all(|(new, old)| new.1 != old.1), "{found:?} {gone:?}");
    assert_eq!(again.import.unwrap().counts.registered, 2);
    Ok(())
}

/// A run is killed before its import arrives, and somebody else registers the device before the next run.
#[tokio::test]
async fn a_registration_by_others_is_not_recorded_for_an_import_that_never_arrived() -> Result<()> {
    let (harness, folder, list) = (harness(), Folder::default(), devices(1));
    let is_recorded = |journal: &MemoryStore| journal.text().contains("\"sending\"");
    let mut kill = 0;
    while !is_recorded(&folder[1]) {
        let deadly = Deadly::new(&harness.tenant, kill, false);
        let client = deadly.client(&harness);
        assert!(deadly.run(apply(&client, &folder, &list)).await.is_none(), "the import was never sent");
        kill += 1;
    }
    let theirs =
        harness.tenant.add_device_with(DeviceSpec::new("PF000000").with_manufacturer("").with_model(""));
    let report = apply(&harness.client, &folder, &list).await?;
    assert_eq!(outcomes(&report), [("PF000000".to_owned(), "registered before".to_owned())]);
    assert_eq!(report.import.unwrap().devices[0].outcome.device().unwrap().as_str(), theirs);
    assert_eq!(recorded(&report.created), []);
    Ok(())
}

/// A journal of the import that is lost or another one says nothing about a device: it stays on record.
#[tokio::test]
async fn a_device_on_record_stays_there_if_the_import_knows_nothing_of_it() -> Result<()> {
    let (harness, folder, list) = (harness(), Folder::default(), devices(1));
    let mut kill = 0;
    while !folder[0].text().contains("PF000000") {
        let deadly = Deadly::new(&harness.tenant, kill, false);
        let client = deadly.client(&harness);
        let _ = deadly.run(apply(&client, &folder, &list)).await;
        kill += 1;
    }
    let folder = [folder[0].clone(), MemoryStore::default()];
    harness.tenant.add_device_with(DeviceSpec::new("PF000000").with_manufacturer("").with_model(""));
    let report = apply(&harness.client, &folder, &list).await?;
    assert_eq!(recorded(&report.created), [("PF000000".to_owned(), None)]);
    let options = PlanOptions::default().with_journal(Journal::from_store(folder[0].clone()))?;
    let plan = desired().plan_with(&harness.client, &list, options).await?;
    let resumed = plan.steps.iter().filter(|planned| planned.action == Action::Resume).count();
    assert_eq!(resumed, 1, "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_device_that_others_register_anew_keeps_its_old_id_on_record() -> Result<()> {
    let (Harness { client, tenant, .. }, folder) = (&harness(), Folder::default());
    let first = apply(client, &folder, &devices(1)).await?;
    let own = recorded(&first.created);
    assert!(tenant.delete_everywhere("PF000000"));
    let theirs = tenant.add_device("PF000000");
    let report = apply(client, &folder, &devices(1)).await?;
    assert!(report.import.is_none());
    assert_eq!(recorded(&report.created), own);
    assert_ne!(own[0].1.as_deref(), Some(theirs.as_str()));
    Ok(())
}

#[tokio::test]
async fn devices_that_leave_a_list_are_shown_and_a_plan_without_a_list_shows_none() -> Result<()> {
    let (harness, folder) = (harness(), Folder::default());
    let list = devices(2);
    let _ = apply(&harness.client, &folder, &list).await?;
    for (given, dropped) in [(&list[..], vec![]), (&list[1..], vec!["PF000000"]), (&[], vec![])] {
        let options = PlanOptions::default().with_journal(Journal::from_store(folder[0].clone()))?;
        let plan = desired().plan_with(&harness.client, given, options).await?;
        let shown: Vec<String> = recorded(&plan.dropped).into_iter().map(|(serial, _)| serial).collect();
        assert_eq!(shown, dropped, "{plan}");
    }
    Ok(())
}

#[tokio::test]
async fn a_rejected_device_is_not_on_record() -> Result<()> {
    let (harness, folder) = (harness(), Folder::default());
    harness.tenant.assign_to_other_tenant("PF000000");
    let report = apply(&harness.client, &folder, &devices(2)).await?;
    let own = registered_one(&harness.tenant, "PF000001");
    assert_eq!(recorded(&report.created), std::slice::from_ref(&own));
    let read = CreatedObjects::from_journal(Journal::from_store(folder[0].clone()))?;
    assert_eq!(recorded(&read), [own]);
    Ok(())
}

/// The service throttles the import, and the run is stopped during the wait.
#[tokio::test]
async fn a_device_that_a_stopped_run_has_not_sent_is_not_on_record() -> Result<()> {
    let (harness, folder) = (harness(), Folder::default());
    harness.tenant.fault(
        Fault::throttle(Duration::from_secs(20))
            .on("POST", "/deviceManagement/importedWindowsAutopilotDeviceIdentities/import"),
    );
    let plan = desired().plan(&harness.client, &devices(1)).await?;
    let [made, import] = folder.clone().map(Journal::from_store);
    let mut run = plan.apply_with(&harness.client, ApplyOptions::default().with_journals(made, import));
    let mut begun = 0;
    while let Some(event) = run.next().await {
        if matches!(event, ApplyEvent::Import(_)) {
            begun = recorded_lines(&folder[0]);
            run.stop_handle().stop();
        }
    }
    let report = run.await.into_result()?;
    assert!(report.stopped && begun == 1, "{report:?}");
    assert_eq!(recorded(&report.created), [], "{:?}\n{}", report.import, folder[1].text());
    assert_eq!(harness.tenant.device_count(), 0);
    Ok(())
}

/// Returns the number of devices that a journal has recorded as made.
fn recorded_lines(journal: &MemoryStore) -> usize {
    journal.text().lines().filter(|line| line.contains(r#""made":{"made":"device""#)).count()
}

fn registered_one(tenant: &Tenant, serial: &str) -> (String, Option<String>) {
    (serial.to_owned(), tenant.device_id(serial))
}

/// A run is killed between the journal of its import and the deployment's own.
#[tokio::test]
async fn the_outcome_of_an_import_reaches_the_record_of_a_run_that_was_killed_before() -> Result<()> {
    let (harness, folder) = (harness(), Folder::default());
    let first = apply(&harness.client, &folder, &devices(2)).await?;
    let mut made = MemoryStore::default();
    for line in folder[0].text().lines().filter(|line| !line.contains(r#""serial_number":"PF000001","id""#)) {
        made.append(format!("{line}\n").as_bytes()).unwrap();
    }
    let before = CreatedObjects::from_journal(Journal::from_store(made.clone()))?;
    assert_eq!(recorded(&before)[1], ("PF000001".to_owned(), None));
    let report = apply(&harness.client, &[made, folder[1].clone()], &devices(2)).await?;
    assert_eq!(recorded(&report.created), recorded(&first.created));
    Ok(())
}
