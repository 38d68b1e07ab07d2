//! A deployment over months: parts are renamed, taken over, and dropped.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use windows_autopilot::model::{HybridJoinProfile, Target};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{
    Action, AdoptedObject, ApplyOptions, ApplyReport, CreatedObjects, HybridJoin, Journal, MemoryStore, Plan,
    PlanOptions, Step, Teardown, TeardownOptions,
};
use windows_autopilot::{ErrorKind, Result};

use crate::findings::{graded, only};
use crate::random::{profile, tenant, wish};
use crate::support::{Deadly, UNCONFIRMED, WAITS, all, desired, devices, harness, snapshot, writes};

const CASES: u64 = 100;

type Folder = [MemoryStore; 2];

const COLLECTIONS: [(Step, &str); 4] = [
    (Step::Group, "/v1.0/groups"),
    (Step::StatusPage, "/beta/deviceManagement/deviceEnrollmentConfigurations"),
    (Step::Profile, "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"),
    (Step::DomainJoin, "/beta/deviceManagement/deviceConfigurations"),
];

fn recorded(folder: &Folder) -> PlanOptions {
    PlanOptions::default().with_journal(Journal::from_store(folder[0].clone())).unwrap()
}

/// Applies a plan in spite of all findings.
async fn apply(harness: &Harness, plan: &Plan, folder: &Folder) -> Result<ApplyReport> {
    let [made, import] = folder.clone().map(Journal::from_store);
    let waived: BTreeSet<String> = plan.blocking().map(|finding| finding.id.to_string()).collect();
    let options = ApplyOptions::default().with_journals(made, import);
    let options = waived.into_iter().fold(options, ApplyOptions::with_waived);
    plan.apply_with(&harness.client, options).await.into_result()
}

/// The objects of a tenant by kind and id: the name and the whole object.
async fn objects(harness: &Harness) -> BTreeMap<(Step, String), (String, String)> {
    let mut found = BTreeMap::new();
    for (step, path) in COLLECTIONS {
        for object in all(&harness.tenant, path).await {
            let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
            found.insert((step, text("id")), (text("displayName"), object.to_string()));
        }
    }
    found
}

fn name_of(desired: &HybridJoin, step: Step) -> Option<String> {
    match step {
        Step::Group => desired.group.as_ref().map(|part| part.display_name.to_string()),
        Step::StatusPage => desired.enrollment_status_page.as_ref().map(|part| part.display_name.to_string()),
        Step::Profile => desired.profile.as_ref().map(|part| part.display_name.to_string()),
        _ => desired.domain_join.as_ref().map(|part| part.display_name.to_string()),
    }
}

fn rename(desired: &mut HybridJoin, step: Step, to: &str) {
    match step {
        Step::Group => desired.group.as_mut().unwrap().display_name = to.parse().unwrap(),
        Step::StatusPage => {
            desired.enrollment_status_page.as_mut().unwrap().display_name = to.parse().unwrap();
        }
        Step::Profile => desired.profile.as_mut().unwrap().display_name = to.parse().unwrap(),
        _ => desired.domain_join.as_mut().unwrap().display_name = to.parse().unwrap(),
    }
}

fn created_steps(plan: &Plan) -> BTreeSet<Step> {
    let created = plan.steps.iter().filter(|planned| matches!(planned.action, Action::Create(_)));
    created.map(|planned| planned.step).collect()
}

/// A rename is an update of the object on record; without the record it is a new object, and said to be.
#[tokio::test]
async fn a_renamed_part_stays_the_same_object() {
    let mut renames = 0;
    for seed in 0..CASES {
        renames += rename_one(seed).await.unwrap_or_else(|error| panic!("seed {seed}: {error:#}"));
    }
    assert!(renames > 100, "{renames} parts were renamed");
}

async fn rename_one(seed: u64) -> Result<usize> {
    let rng = &mut Rng::with_seed(seed);
    let (harness, mut desired) = (harness(), wish(rng));
    harness.tenant.add_app("App one", "win32LobApp");
    desired.profile.get_or_insert_with(|| profile(rng));
    let folder = Folder::default();
    let plan = desired.plan_with(&harness.client, &[], recorded(&folder)).await?;
    let _ = apply(&harness, &plan, &folder).await?;
    let before = objects(&harness).await;
    let mut renamed = BTreeMap::new();
    for (step, _) in COLLECTIONS {
        if let Some(old) = name_of(&desired, step).filter(|_| rng.bool()) {
            rename(&mut desired, step, &format!("{old} renamed"));
            renamed.insert(step, old);
        }
    }
    let steps: BTreeSet<Step> = renamed.keys().copied().collect();
    let lost = desired.plan(&harness.client, &[]).await?;
    assert_eq!(created_steps(&lost), steps, "seed {seed}: without the record\n{lost}");
    let plan = desired.plan_with(&harness.client, &[], recorded(&folder)).await?;
    assert_eq!(created_steps(&plan), BTreeSet::new(), "seed {seed}\n{plan}");
    for step in &steps {
        let is_rename = |planned: &windows_autopilot::workflow::PlannedStep| match &planned.action {
            Action::Update(changes) => {
                planned.step == *step && changes.iter().any(|change| change.property == "displayName")
            }
            _ => false,
        };
        assert!(plan.steps.iter().any(is_rename), "seed {seed}: {step}\n{plan}");
    }
    assert!(plan.dropped.is_empty(), "seed {seed}\n{plan}");
    let _ = apply(&harness, &plan, &folder).await?;
    let after = objects(&harness).await;
    assert!(before.keys().eq(after.keys()), "seed {seed}: {before:?}\n{after:?}");
    for ((step, id), (old, _)) in &before {
        let (new, _) = &after[&(*step, id.clone())];
        let is_renamed = renamed.get(step) == Some(old);
        assert_eq!(*new, if is_renamed { format!("{old} renamed") } else { old.clone() }, "seed {seed}");
    }
    let again = desired.plan_with(&harness.client, &[], recorded(&folder)).await?;
    assert!(again.is_empty(), "seed {seed}\n{again}");
    // The record has the new names: a teardown removes what was created, and nothing else.
    let created = CreatedObjects::from_journal(Journal::from_store(folder[0].clone()))?;
    let teardown = Teardown::new(created).plan(&harness.client).await?;
    assert!(teardown.findings.is_empty(), "seed {seed}\n{teardown}");
    Ok(renamed.len())
}

#[tokio::test]
async fn a_rename_killed_at_any_write_and_resumed_makes_no_second_object() -> Result<()> {
    for arrives in [false, true] {
        for kills in 0.. {
            let (harness, folder) = (harness(), Folder::default());
            let plan = desired().plan_with(&harness.client, &[], recorded(&folder)).await?;
            let _ = apply(&harness, &plan, &folder).await?;
            let before = objects(&harness).await;
            let mut wish = desired();
            for (step, _) in COLLECTIONS {
                rename(&mut wish, step, "Renamed");
            }
            let deadly = Deadly::new(&harness.tenant, kills, arrives);
            let client = deadly.client(&harness);
            let plan = wish.plan_with(&harness.client, &[], recorded(&folder)).await?;
            let [made, import] = folder.clone().map(Journal::from_store);
            let options = ApplyOptions::default().with_journals(made, import);
            if let Some(report) = deadly.run(async { plan.apply_with(&client, options).await }).await {
                let _ = report.into_result()?;
            }
            let again = wish.plan_with(&harness.client, &[], recorded(&folder)).await?;
            let _ = apply(&harness, &again, &folder).await?;
            let after = objects(&harness).await;
            let at = format!("killed at write {kills}, arrives: {arrives}");
            assert!(before.keys().eq(after.keys()), "{at}");
            assert_eq!(after.values().filter(|(name, _)| name == "Renamed").count(), 4, "{at}");
            let created = CreatedObjects::from_journal(Journal::from_store(folder[0].clone()))?;
            assert!(Teardown::new(created).plan(&harness.client).await?.findings.is_empty(), "{at}");
            if deadly.is_alive() {
                assert_eq!(kills, 4);
                break;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_object_that_somebody_else_has_renamed_gets_its_name_back_and_no_double() -> Result<()> {
    let (harness, folder) = (harness(), Folder::default());
    let plan = desired().plan_with(&harness.client, &[], recorded(&folder)).await?;
    let report = apply(&harness, &plan, &folder).await?;
    let stored = harness.client.groups().get(&report.group.unwrap()).await?;
    let mut other = stored.settings.clone();
    other.display_name = "Payroll".parse()?;
    harness.client.groups().update(&stored, &other).await?;
    let plan = desired().plan_with(&harness.client, &[], recorded(&folder)).await?;
    assert_eq!(created_steps(&plan), BTreeSet::new(), "{plan}");
    let _ = apply(&harness, &plan, &folder).await?;
    assert_eq!(
        harness.client.groups().get(&stored.id).await?.settings.display_name.as_str(),
        "Autopilot Munich"
    );
    Ok(())
}

#[tokio::test]
async fn a_renamed_part_without_the_record_is_said_to_be_created_anew() -> Result<()> {
    let harness = harness();
    let _ = desired().plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    let mut wish = desired();
    rename(&mut wish, Step::Profile, "Contoso hybrid Bavaria");
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(created_steps(&plan), [Step::Profile].into());
    assert_eq!(
        graded(&plan.findings),
        ["error profile.conflict", UNCONFIRMED, "info name.created-anew", WAITS],
        "{plan}"
    );
    let finding = only(&plan.findings, "name.created-anew");
    assert!(finding.evidence.contains("Contoso hybrid Munich"), "{finding}");
    Ok(())
}

#[tokio::test]
async fn a_run_with_a_journal_takes_nothing_over_by_its_name_alone() -> Result<()> {
    let (harness, folder) = (harness(), Folder::default());
    let stored =
        harness.client.profiles().create(&desired().profile.unwrap().with_eula_hidden(false)).await?;
    harness.tenant.clear_requests();
    // Planned without the journal, and so by names.
    let plan = desired().plan(&harness.client, &[]).await?;
    let [made, import] = folder.clone().map(Journal::from_store);
    let report = plan.apply_with(&harness.client, ApplyOptions::default().with_journals(made, import)).await;
    let error = report.error().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("name.foreign") && error.to_string().contains(stored.id.as_str()));
    assert!(writes(&harness.tenant).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_colleagues_assignment_survives_an_apply() -> Result<()> {
    let harness = harness();
    let client = &harness.client;
    let report = desired().plan(client, &[]).await?.apply(client).await.into_result()?;
    let own = Target::group(report.group.unwrap());
    let profile = report.profile.unwrap();
    let page = client.enrollment_status_pages().list().all().await?;
    let page = page.iter().find(|page| page.display_name() == Some("Autopilot Munich")).unwrap();
    let page = page.id().unwrap().parse()?;
    let join = client.domain_join_profiles().list().all().await?[0].id().unwrap().parse()?;
    let theirs = Target::group(harness.tenant.add_group("A colleague's").parse()?);
    // The deployment's own assignments are gone, so that a plan adds them.
    client.profiles().assignments::<HybridJoinProfile>(&profile).replace(&[]).await?;
    client.enrollment_status_pages().assignments(&page).replace_at_once(&[]).await?;
    client.domain_join_profiles().assignments(&join).replace_at_once(&[]).await?;
    let plan = desired().plan(client, &[]).await?;
    client.profiles().assignments::<HybridJoinProfile>(&profile).add(&theirs).await?;
    client.enrollment_status_pages().assignments(&page).add(&theirs).await?;
    client.domain_join_profiles().assignments(&join).add(&theirs).await?;
    assert_eq!(plan.apply(client).await.into_result()?.changes, 3);
    for held in [
        client.profiles().assignments::<HybridJoinProfile>(&profile).list().all().await?,
        client.enrollment_status_pages().assignments(&page).list().all().await?,
        client.domain_join_profiles().assignments(&join).list().all().await?,
    ] {
        let has = |wanted: &Target| {
            held.iter().any(|of| of.target.as_ref().is_some_and(|held| held.same_as(wanted)))
        };
        assert!(held.len() == 2 && has(&own) && has(&theirs), "{held:?}");
    }
    Ok(())
}

/// Foreign objects of the same names are listed and not touched; adopted, they are the deployment's own, and a teardown
/// leaves them.
#[tokio::test]
async fn foreign_objects_are_taken_over_only_if_they_are_adopted() {
    let (mut foreign, mut adopted) = (0, 0);
    for seed in 0..CASES * 2 {
        let (found, taken) = adopt_one(seed).await.unwrap_or_else(|error| panic!("seed {seed}: {error:#}"));
        foreign += found;
        adopted += taken;
    }
    assert!(foreign > 60 && adopted > 40, "{foreign} were foreign, {adopted} were adopted");
}

async fn adopt_one(seed: u64) -> Result<(usize, usize)> {
    let rng = &mut Rng::with_seed(seed);
    let (harness, _) = tenant(rng).await?;
    let desired = wish(rng);
    let folder = Folder::default();
    let before = objects(&harness).await;
    let is_foreign = |(step, _): &(Step, String), name: &str| {
        name_of(&desired, *step).is_some_and(|wanted| wanted == name)
    };
    let foreign: Vec<(Step, String)> =
        before.iter().filter(|(key, (name, _))| is_foreign(key, name)).map(|(key, _)| key.clone()).collect();
    let plan = desired.plan_with(&harness.client, &[], recorded(&folder)).await?;
    for (step, id) in &foreign {
        let is_said = |planned: &windows_autopilot::workflow::PlannedStep| match &planned.action {
            Action::Blocked(finding) => {
                planned.step == *step
                    && finding.id == "name.foreign"
                    && finding.evidence.contains(id.as_str())
            }
            _ => false,
        };
        assert!(plan.steps.iter().any(is_said), "seed {seed}: {step} {id}\n{plan}");
    }
    // One for each part, beside the errors of the settings. What the tenant's random objects do to the devices, and
    // warnings, differ by seed.
    let is_effect = |finding: &&windows_autopilot::model::Finding| {
        finding.id.starts_with("domain-join.") || finding.id.starts_with("profile.")
    };
    let parts: BTreeSet<Step> = foreign.iter().map(|(step, _)| *step).collect();
    let mut errors = graded(desired.lint().iter().filter(|finding| finding.is_error()));
    errors.extend(parts.iter().map(|_| "error name.foreign".to_owned()));
    errors.sort();
    assert_eq!(graded(plan.blocking().filter(|finding| !is_effect(finding))), errors, "seed {seed}\n{plan}");
    // Even if the findings are waived, foreign objects are not touched.
    harness.tenant.clear_requests();
    let _ = apply(&harness, &plan, &folder).await?;
    let after = objects(&harness).await;
    for key in &foreign {
        assert_eq!(after[key], before[key], "seed {seed}: {key:?}");
        let touched: Vec<String> =
            writes(&harness.tenant).into_keys().filter(|write| write.contains(&key.1)).collect();
        assert!(touched.is_empty(), "seed {seed}: {touched:?}");
    }

    // One of each kind can be adopted, if no other has its name.
    let mut adopted: Vec<AdoptedObject> = Vec::new();
    for (step, id) in &foreign {
        if foreign.iter().filter(|(of, _)| of == step).count() == 1 {
            adopted.push(AdoptedObject::new(*step, id.clone()));
        }
    }
    let options = recorded(&folder).with_adopted(adopted.clone());
    let plan = desired.plan_with(&harness.client, &[], options).await?;
    for adopted in &adopted {
        let still = plan.steps.iter().any(|planned| {
            planned.step == adopted.step
                && matches!(&planned.action, Action::Blocked(finding) if finding.id == "name.foreign")
        });
        assert!(!still, "seed {seed}: {adopted:?}\n{plan}");
    }
    let _ = apply(&harness, &plan, &folder).await?;
    // The journal knows them from now on.
    let again = desired.plan_with(&harness.client, &[], recorded(&folder)).await?;
    assert!(again.is_empty(), "seed {seed}\n{plan}\n--- and again\n{again}");
    let created = CreatedObjects::from_journal(Journal::from_store(folder[0].clone()))?;
    // One that cannot become what is desired stays as it is.
    let is_blocked = |adopted: &&AdoptedObject| {
        let name = name_of(&desired, adopted.step).unwrap_or_default();
        plan.steps.iter().any(|planned| {
            planned.step == adopted.step
                && planned.subject == name
                && matches!(planned.action, Action::Blocked(_))
        })
    };
    let taken = adopted.iter().filter(|adopted| !is_blocked(adopted)).count();
    assert_eq!(created.adopted().len(), taken, "seed {seed}");
    let teardown = Teardown::new(created).plan(&harness.client).await?;
    for planned in teardown.steps.iter().filter(|planned| planned.action.is_change()) {
        let deletes = planned.action == windows_autopilot::workflow::RemovalAction::Delete;
        assert!(
            !deletes || !adopted.iter().any(|adopted| adopted.step == planned.step),
            "seed {seed}\n{teardown}"
        );
    }
    Ok((foreign.len(), taken))
}

#[tokio::test]
async fn an_adopted_object_gets_the_name_of_the_settings_and_one_that_is_gone_is_said() -> Result<()> {
    let (harness, folder) = (harness(), Folder::default());
    let mut other = HybridJoinProfile::new("Old profile".parse()?);
    other.eula_hidden = false;
    let stored = harness.client.profiles().create(&other).await?;
    let users = harness.tenant.add_group("Somebody's").parse()?;
    let target = Target::group(users);
    harness.client.profiles().assignments(&stored.id).add(&target).await?;
    let adopted = AdoptedObject::new(Step::Profile, stored.id.as_str());
    let options = recorded(&folder).with_adopted([adopted]);
    let plan = desired().plan_with(&harness.client, &[], options).await?;
    // A plan with its options goes through a file.
    let plan: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    let _ = apply(&harness, &plan, &folder).await?;
    let read = harness.client.profiles().get::<HybridJoinProfile>(&stored.id).await?;
    assert_eq!(read.settings.display_name.as_str(), "Contoso hybrid Munich");
    let targets = harness.client.profiles().assignments::<HybridJoinProfile>(&stored.id).list().all().await?;
    assert_eq!(targets.len(), 2, "the assignments of an adopted object stay");

    let gone = AdoptedObject::new(Step::Group, "9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e");
    let options = PlanOptions::default().with_adopted([gone]);
    let plan = desired().plan_with(&harness.client, &[], options).await?;
    assert_eq!(graded(&plan.findings), ["error name.not-adopted", UNCONFIRMED, WAITS], "{plan}");
    assert_eq!(plan.apply(&harness.client).await.error().unwrap().kind(), ErrorKind::InvalidInput);
    Ok(())
}

/// Parts that left the settings and devices that left the file are shown and stay, and go only when they are asked to.
#[tokio::test]
async fn dropped_parts_and_devices_are_shown_and_taken_down_only_if_asked() {
    let mut drops = 0;
    for seed in 0..CASES {
        drops += drop_one(seed).await.unwrap_or_else(|error| panic!("seed {seed}: {error:#}"));
    }
    assert!(drops > 100, "{drops} were dropped");
}

async fn drop_one(seed: u64) -> Result<usize> {
    let rng = &mut Rng::with_seed(seed);
    let (harness, folder) = (harness(), Folder::default());
    crate::support::enroll(&harness.tenant, "Existing users").await;
    let given = devices(3);
    let plan = desired().plan_with(&harness.client, &given, recorded(&folder)).await?;
    let _ = apply(&harness, &plan, &folder).await?;
    let mut smaller = desired();
    let mut expected = BTreeSet::new();
    if rng.bool() {
        expected.insert(Step::Profile);
        smaller.profile = None;
    }
    if rng.bool() {
        expected.insert(Step::StatusPage);
        smaller.enrollment_status_page = None;
    }
    if rng.bool() {
        expected.insert(Step::DomainJoin);
        smaller.domain_join = None;
    }
    if expected.len() == 3 {
        expected.insert(Step::Group);
        smaller.group = None;
    }
    if rng.bool() {
        expected.insert(Step::AutomaticEnrollment);
        smaller.mdm_scope = None;
    }
    let kept: Vec<_> = given[..rng.usize(1..=3)].to_vec();
    if kept.len() < 3 {
        expected.insert(Step::Devices);
    }
    let before = snapshot(&harness.tenant).await;
    let plan = smaller.plan_with(&harness.client, &kept, recorded(&folder)).await?;
    let shown = plan.steps.iter().filter(|planned| planned.action == Action::Dropped);
    let steps: BTreeSet<Step> = shown.clone().map(|planned| planned.step).collect();
    assert_eq!(steps, expected, "seed {seed}\n{plan}");
    let of_devices = shown.filter(|planned| planned.step == Step::Devices).count();
    assert_eq!(of_devices, 3 - kept.len(), "seed {seed}\n{plan}");
    assert_eq!(plan.dropped.is_empty(), expected.is_empty(), "seed {seed}\n{plan}");
    // The plan by itself takes nothing down.
    let _ = apply(&harness, &plan, &folder).await?;
    assert_eq!(snapshot(&harness.tenant).await, before, "seed {seed}");

    let teardown = Teardown::new(plan.dropped.clone()).plan(&harness.client).await?;
    assert!(teardown.findings.is_empty(), "seed {seed}\n{teardown}");
    let options = TeardownOptions::default().with_journal(Journal::from_store(folder[0].clone()));
    let _ = teardown.apply_with(&harness.client, options).await.into_result()?;
    let reference = crate::support::harness();
    crate::support::enroll(&reference.tenant, "Existing users").await;
    let alone = Folder::default();
    let plan = smaller.plan_with(&reference.client, &kept, recorded(&alone)).await?;
    let _ = apply(&reference, &plan, &alone).await?;
    assert_eq!(
        without_tags(snapshot(&harness.tenant).await),
        without_tags(snapshot(&reference.tenant).await),
        "seed {seed}"
    );
    let again = smaller.plan_with(&harness.client, &kept, recorded(&folder)).await?;
    assert!(again.is_empty() && again.dropped.is_empty(), "seed {seed}\n{again}");
    Ok(expected.len())
}

/// A device keeps the group tag of a group that was dropped: only the settings with the group say another.
fn without_tags(mut lines: Vec<String>) -> Vec<String> {
    for line in &mut lines {
        *line = line.replace("\"groupTag\":\"Munich\"", "\"groupTag\":\"\"");
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn a_dropped_group_that_the_rest_still_uses_is_kept() -> Result<()> {
    let (harness, folder) = (harness(), Folder::default());
    let plan = desired().plan_with(&harness.client, &[], recorded(&folder)).await?;
    let _ = apply(&harness, &plan, &folder).await?;
    let mut smaller = desired();
    smaller.group = None;
    let plan = smaller.plan_with(&harness.client, &[], recorded(&folder)).await?;
    assert!(
        plan.steps.iter().any(|planned| planned.step == Step::Group && planned.action == Action::Dropped)
    );
    let teardown = Teardown::new(plan.dropped.clone()).plan(&harness.client).await?;
    assert_eq!(graded(&teardown.findings), ["error teardown.group-in-use"], "{teardown}");
    Ok(())
}
