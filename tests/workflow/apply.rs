//! Stopped, dropped and killed runs, and going on.

use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::sim::Fault;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{
    ApplyEvent, ApplyOptions, ApplyReport, CreatedObject, CreatedObjects, Journal, MemoryStore, Step,
};
use windows_autopilot::{Client, ErrorKind, Result};

use crate::findings::graded;
use crate::support::{Deadly, UNCONFIRMED, WAITS, desired, devices, harness, snapshot, writes};

/// Applies what is desired until it is through, or the process is killed.
async fn attempt(
    client: &Client,
    dead: Option<&tokio::sync::Notify>,
    journals: Option<&[MemoryStore; 2]>,
) -> Option<ApplyReport> {
    let run = async {
        let plan = desired().plan(client, &devices(3)).await.unwrap();
        let mut options = ApplyOptions::default();
        if let Some([made, import]) = journals {
            options =
                options.with_journals(Journal::from_store(made.clone()), Journal::from_store(import.clone()));
        }
        plan.apply_with(client, options).await.into_result().unwrap()
    };
    let Some(dead) = dead else { return Some(run.await) };
    tokio::select! {
        biased;
        () = dead.notified() => None,
        report = run => Some(report),
    }
}

/// What a tenant holds after a run that nothing disturbed.
async fn undisturbed() -> Vec<String> {
    let harness = harness();
    let _ = attempt(&harness.client, None, None).await.unwrap();
    snapshot(&harness.tenant).await
}

#[tokio::test]
async fn a_run_killed_at_any_write_and_resumed_ends_like_an_uninterrupted_one_and_creates_nothing_twice() {
    let wanted = undisturbed().await;
    for arrives in [false, true] {
        let mut kills = 0;
        loop {
            let harness = harness();
            let deadly = Deadly::new(&harness.tenant, kills, arrives);
            let journals = [MemoryStore::default(), MemoryStore::default()];
            let first = attempt(&deadly.client(&harness), Some(&deadly.dead), Some(&journals)).await;
            let last = match &first {
                Some(_) => first,
                None => attempt(&harness.client, None, Some(&journals)).await,
            };
            let at =
                format!("killed at write {kills}, which {}", if arrives { "arrived" } else { "did not" });
            assert_eq!(snapshot(&harness.tenant).await, wanted, "{at}");
            let again = desired().plan(&harness.client, &devices(3)).await.unwrap();
            assert!(again.is_empty(), "{at}: {again}");
            // What is to be taken down again is known too, whatever was lost with the first run.
            let made = last.unwrap().created;
            assert_eq!(
                made,
                CreatedObjects::from_journal(Journal::from_store(journals[0].clone())).unwrap(),
                "{at}"
            );
            let count =
                |wanted: fn(&CreatedObject) -> bool| made.items().iter().filter(|item| wanted(item)).count();
            assert_eq!(
                count(|item| matches!(item, CreatedObject::Object { id: Some(_), .. })),
                4,
                "{at}: {made:?}"
            );
            assert_eq!(
                count(|item| matches!(item, CreatedObject::Device { id: Some(_), .. })),
                3,
                "{at}: {made:?}"
            );
            assert_eq!(made.items().len(), 4 + 3 + 3 + 1, "{at}: {made:?}");
            if deadly.left.load(Ordering::SeqCst) < usize::MAX / 2 {
                break;
            }
            kills += 1;
        }
        assert!(kills >= 10, "a run has more writes than {kills}");
    }
}

#[tokio::test]
async fn a_run_that_is_killed_at_each_of_its_writes_gets_there_without_journals_too() {
    let wanted = undisturbed().await;
    for arrives in [false, true] {
        let harness = harness();
        let mut attempts = 0;
        loop {
            attempts += 1;
            assert!(attempts < 100, "no end in sight");
            // A run that never gets a write through gets nowhere: each gets one more than the last.
            let deadly = Deadly::new(&harness.tenant, if arrives { 0 } else { attempts }, arrives);
            if attempt(&deadly.client(&harness), Some(&deadly.dead), None).await.is_some() {
                break;
            }
            harness.clock.sleep(std::time::Duration::from_secs(600)).await;
        }
        let mut found = snapshot(&harness.tenant).await;
        // Records of imports whose run was killed are left: only a journal knows that they are its own.
        found.retain(|line| !line.starts_with("importedWindowsAutopilotDeviceIdentities"));
        assert_eq!(found, wanted);
    }
}

#[tokio::test]
async fn a_run_stopped_after_any_event_reports_and_a_new_one_goes_on() {
    let wanted = undisturbed().await;
    let mut after = 0;
    loop {
        let harness = harness();
        let journals = [MemoryStore::default(), MemoryStore::default()];
        let plan = desired().plan(&harness.client, &devices(3)).await.unwrap();
        let [made, import] = journals.clone().map(Journal::from_store);
        let mut run = plan.apply_with(&harness.client, ApplyOptions::default().with_journals(made, import));
        let mut events = 0;
        while let Some(_event) = run.next().await {
            if events == after {
                run.stop_handle().stop();
            }
            events += 1;
        }
        let report = run.await.into_result().unwrap();
        if after == 0 {
            assert_eq!(
                writes(&harness.tenant),
                std::collections::BTreeMap::new(),
                "a stop was heard too late"
            );
        }
        if !report.stopped {
            assert!(after + 3 >= events, "the stop after event {after} of {events} was not heard");
            break;
        }
        let _ = attempt(&harness.client, None, Some(&journals)).await.unwrap();
        assert_eq!(snapshot(&harness.tenant).await, wanted, "stopped after event {after}");
        after += 1;
    }
    assert!(after > 10, "{after}");
}

#[tokio::test]
async fn a_dropped_run_writes_nothing_more() {
    let harness = harness();
    let plan = desired().plan(&harness.client, &[]).await.unwrap();
    let mut run = plan.apply(&harness.client);
    let first = run.next().await;
    assert!(matches!(first, Some(ApplyEvent::Started { .. })), "{first:?}");
    drop(run);
    let before = writes(&harness.tenant);
    harness.clock.sleep(std::time::Duration::from_secs(3600)).await;
    assert_eq!(writes(&harness.tenant), before);
}

#[tokio::test]
async fn when_one_part_fails_the_others_end_what_they_are_at() {
    let harness = harness();
    harness.tenant.fault(Fault::status(400).on("POST", "/deviceManagement/deviceConfigurations"));
    let plan = desired().plan(&harness.client, &devices(3)).await.unwrap();
    let report = plan.apply(&harness.client).await;
    assert_eq!(report.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Rejected));
    assert!(!report.stopped, "it was not asked to stop");
    // What was done until then is in the report.
    let created = |step: Step| {
        let is_it = |item: &CreatedObject| matches!(item, CreatedObject::Object { step: of, id: Some(_), .. } if *of == step);
        report.created.items().iter().any(is_it)
    };
    assert_eq!([Step::Group, Step::DomainJoin].map(created), [true, false], "{report:?}");
    assert!(report.changes > 0 && report.group.is_none(), "{report:?}");
    let json = serde_json::to_value(&report).unwrap();
    assert!(json["errors"][0].as_str().unwrap().contains("deviceConfigurations"), "{json}");
    // No assignment was made, and the import, which takes minutes, was not waited for.
    assert!(!writes(&harness.tenant).keys().any(|write| write.contains("ssign")));
    assert!(harness.clock.elapsed() < std::time::Duration::from_secs(60), "{:?}", harness.clock.elapsed());
    harness.tenant.clear_faults();
    let _ = attempt(&harness.client, None, None).await.unwrap();
    let mut found = snapshot(&harness.tenant).await;
    found.retain(|line| !line.starts_with("importedWindowsAutopilotDeviceIdentities"));
    assert_eq!(found, undisturbed().await);
}

#[tokio::test]
async fn a_new_object_is_waited_for_until_it_can_be_read() -> Result<()> {
    let lag = std::time::Duration::from_secs(100);
    let harness = Harness::builder().with_tenant(|tenant| tenant.with_directory_lag(lag)).build();
    crate::support::prepare(&harness.tenant);
    harness.clock.sleep(lag * 2).await;
    let report = desired().plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let again = desired().plan(&harness.client, &[]).await?;
    assert!(again.is_empty(), "{again}");
    Ok(())
}

#[tokio::test]
async fn what_the_service_does_not_take_is_found_and_does_not_end_the_run() -> Result<()> {
    let harness = Harness::builder()
        .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.patch_honors_connectivity_check = false))
        .build();
    crate::support::prepare(&harness.tenant);
    let _ = desired().plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    let mut wish = desired();
    if let Some(profile) = &mut wish.profile {
        profile.skip_connectivity_check = true;
    }
    let report = wish.plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    assert_eq!(graded(&report.findings), ["warning settings.not-taken"]);
    let finding = &report.findings[0];
    assert!(finding.evidence.contains("skip_connectivity_check: false -> true"), "{finding}");
    Ok(())
}

#[tokio::test]
async fn assignments_are_added_before_others_are_removed() -> Result<()> {
    let harness = harness();
    let mut wish = desired();
    let _ = wish.plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    wish.remove_other_assignments = true;
    if let Some(group) = &mut wish.group {
        group.display_name = "Autopilot Munich 2".parse()?;
    }
    harness.tenant.clear_requests();
    let plan = wish.plan(&harness.client, &[]).await?;
    let _ = plan.apply(&harness.client).await.into_result()?;
    let writes_to = |part: &str| -> Vec<String> {
        let requests = harness.tenant.requests();
        let writes = requests.iter().filter(|request| request.method != "GET" && request.path.contains(part));
        writes
            .map(|request| format!("{} {}", request.method, request.path.rsplit('/').next().unwrap()))
            .collect()
    };
    for part in ["Profiles/", "deviceEnrollmentConfigurations/", "deviceConfigurations/"] {
        let writes = writes_to(part);
        assert!(writes.len() == 2 && writes[0] == "POST assignments", "{part}: {writes:?}");
        assert!(writes[1].starts_with("DELETE "), "{part}: {writes:?}");
    }
    assert!(wish.plan(&harness.client, &[]).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn users_are_assigned_only_when_asked_for_and_taken_off_again() -> Result<()> {
    use windows_autopilot::workflow::UserAssignment;
    let harness = harness();
    let user = format!("adele@{}", harness.tenant.domain());
    harness.tenant.add_user(&user);
    let mut given = devices(2);
    given[0] = given[0].clone().with_assigned_user_principal_name(user.parse()?);
    let stopped = desired().plan(&harness.client, &given).await?;
    assert_eq!(graded(&stopped.findings), ["error devices.user-assigned", UNCONFIRMED, WAITS], "{stopped}");

    let mut wish = desired();
    wish.user_assignment = UserAssignment::Assign;
    let plan = wish.plan(&harness.client, &given).await?;
    assert_eq!(graded(&plan.findings), [UNCONFIRMED, "warning users.hazard", WAITS], "{plan}");
    assert!(plan.steps.iter().any(|planned| planned.step == Step::Users), "{plan}");
    assert!(!format!("{plan} {plan:?} {}", serde_json::to_string(&plan).unwrap()).contains("adele"));
    let report = plan.apply(&harness.client).await.into_result()?;
    let held = async || {
        let devices = harness.client.devices().list().all().await?;
        Ok::<_, windows_autopilot::Error>(
            devices.iter().filter(|device| device.user_principal_name.is_some()).count(),
        )
    };
    assert_eq!((held().await?, report.devices.len()), (1, 2));
    let again = wish.plan(&harness.client, &given).await?;
    assert!(again.is_empty(), "{again}");

    wish.user_assignment = UserAssignment::Unassign;
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(plan.drift().count(), 1, "{plan}");
    let _ = plan.apply(&harness.client).await.into_result()?;
    assert_eq!(held().await?, 0);
    assert!(wish.plan(&harness.client, &[]).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_journal_of_a_run_under_way_refuses_a_second_run_before_it_writes() -> Result<()> {
    let harness = harness();
    let journals = [MemoryStore::default(), MemoryStore::default()];
    let options = || {
        let [made, import] = journals.clone().map(Journal::from_store);
        ApplyOptions::default().with_journals(made, import)
    };
    let plan = desired().plan(&harness.client, &devices(1)).await?;
    let mut first = plan.apply_with(&harness.client, options());
    first.next().await;
    let before = writes(&harness.tenant);
    let second = plan.apply_with(&harness.client, options()).await;
    assert_eq!(second.error().map(windows_autopilot::Error::kind), Some(ErrorKind::Journal));
    assert!(second.error().unwrap().to_string().contains("in use by another run"));
    assert_eq!(writes(&harness.tenant), before);
    assert!(first.await.error().is_none());
    let third = desired().plan(&harness.client, &devices(1)).await?;
    assert!(third.is_empty(), "{third}");
    assert!(third.apply_with(&harness.client, options()).await.error().is_none());
    Ok(())
}
