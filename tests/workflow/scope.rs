//! The MDM user scope: what was there is recorded, shown and restored.

use serde_json::json;
use windows_autopilot::Result;
use windows_autopilot::sim::Tenant;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{
    ApplyOptions, CreatedObjects, HybridJoin, Journal, MdmUserScope, MemoryStore, RemovalAction, Step,
    Teardown, TeardownPlan,
};

use crate::findings::graded;
use crate::support::{Deadly, enroll, harness, send};

const POLICY: &str = "/beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000";

/// A deployment that is nothing but its scope.
fn scope_of(scope: MdmUserScope, remove_others: bool) -> HybridJoin {
    let mut wish = HybridJoin::new("Munich".parse().unwrap(), crate::support::DOMAIN.parse().unwrap());
    wish.mdm_scope = Some(scope);
    wish.remove_other_assignments = remove_others;
    wish
}

fn groups(names: &[&str]) -> MdmUserScope {
    MdmUserScope::Groups(names.iter().map(|name| name.parse().unwrap()).collect())
}

/// What a tenant has: its scope, and the names of the groups in it.
async fn held(tenant: &Tenant) -> String {
    let policy = send(tenant, "GET", &format!("{POLICY}?$expand=includedGroups"), None).await;
    let mut names: Vec<&str> = policy["includedGroups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| group["displayName"].as_str())
        .collect();
    names.sort_unstable();
    format!("{} {}", policy["appliesTo"].as_str().unwrap(), names.join(", ")).trim().to_owned()
}

async fn set(tenant: &Tenant, scope: &str) {
    send(tenant, "PATCH", POLICY, Some(json!({ "appliesTo": scope }))).await;
}

async fn applied(harness: &Harness, wish: &HybridJoin) -> Result<CreatedObjects> {
    Ok(wish.plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?.created)
}

async fn teardown(harness: &Harness, created: &CreatedObjects) -> Result<TeardownPlan> {
    let text = serde_json::to_string(created).unwrap();
    Teardown::new(serde_json::from_str(&text).unwrap()).plan(&harness.client).await
}

fn action(plan: &TeardownPlan) -> &RemovalAction {
    &plan.steps.iter().find(|planned| planned.step == Step::AutomaticEnrollment).unwrap().action
}

/// The scope before, what a deployment wants, whether it removes others, and what it leaves.
const CHANGES: [(&str, &[&str], MdmWish, bool, &str); 6] = [
    ("all", &[], MdmWish::Groups, true, "selected Intune users"),
    ("groups", &["Existing users"], MdmWish::All, false, "all"),
    ("groups", &["Existing users", "Others"], MdmWish::All, true, "all"),
    ("groups", &["Existing users"], MdmWish::Groups, false, "selected Existing users, Intune users"),
    ("groups", &["Existing users", "Others"], MdmWish::Groups, true, "selected Intune users"),
    ("groups", &["Existing users", "Intune users"], MdmWish::Groups, true, "selected Intune users"),
];

#[derive(Clone, Copy)]
enum MdmWish {
    All,
    Groups,
}

impl MdmWish {
    fn scope(self) -> MdmUserScope {
        match self {
            Self::All => MdmUserScope::All,
            Self::Groups => groups(&["Intune users"]),
        }
    }
}

/// A tenant with this scope.
async fn tenant_with(before: &str, names: &[&str]) -> Harness {
    let harness = harness();
    for name in names {
        if *name == "Intune users" {
            let all = harness.client.groups().list().all().await.unwrap();
            let group = all.iter().find(|group| group.settings.display_name.as_str() == *name).unwrap();
            let policy = harness.client.mdm_policies().intune().await.unwrap();
            harness.client.mdm_policies().add_group(&policy.id, &group.id).await.unwrap();
        } else {
            enroll(&harness.tenant, name).await;
        }
    }
    if before == "all" {
        set(&harness.tenant, "all").await;
    }
    harness
}

#[tokio::test]
async fn a_teardown_restores_the_scope_that_was_there() -> Result<()> {
    for (before, names, wish, remove_others, left) in CHANGES {
        let harness = tenant_with(before, names).await;
        let was = held(&harness.tenant).await;
        let created = applied(&harness, &scope_of(wish.scope(), remove_others)).await?;
        assert_eq!(held(&harness.tenant).await, left, "from {was}");
        let plan = teardown(&harness, &created).await?;
        assert!(matches!(action(&plan), RemovalAction::Restore { .. }), "{plan}");
        assert_eq!(plan.findings, [], "{plan}");
        let _ = plan.apply(&harness.client).await.into_result()?;
        assert_eq!(held(&harness.tenant).await, was);
        let again = teardown(&harness, &created).await?;
        assert_eq!(action(&again), &RemovalAction::Gone, "{again}");
    }
    Ok(())
}

#[tokio::test]
async fn a_scope_that_somebody_has_changed_since_is_left_and_both_are_shown() -> Result<()> {
    for change in ["added", "all", "none", "swapped"] {
        let harness = tenant_with("groups", &["Existing users"]).await;
        let created = applied(&harness, &scope_of(groups(&["Intune users"]), true)).await?;
        match change {
            "added" => drop(enroll(&harness.tenant, "Later users").await),
            "swapped" => {
                enroll(&harness.tenant, "Later users").await;
                let policy = harness.client.mdm_policies().intune().await?;
                let ours = policy.included_groups.iter().flatten();
                let ours =
                    ours.clone().find(|group| group.display_name.as_deref() == Some("Intune users")).unwrap();
                harness.client.mdm_policies().remove_group(&policy.id, &ours.id).await?;
            }
            scope => set(&harness.tenant, scope).await,
        }
        let now = held(&harness.tenant).await;
        let plan = teardown(&harness, &created).await?;
        assert_eq!(graded(&plan.findings), ["error teardown.scope-changed"], "{plan}");
        let finding = &plan.findings[0];
        assert!(finding.evidence.contains("left group Intune users"), "{finding}");
        assert!(finding.evidence.contains("before the deployment: group Existing users"), "{finding}");
        let shown = match change {
            "added" => "the tenant has group",
            "all" => "the tenant has all users",
            "none" => "the tenant has nobody",
            _ => "the tenant has group Later users",
        };
        assert!(finding.evidence.contains(shown), "{finding}");
        let error = plan.apply(&harness.client).await.into_result().unwrap_err();
        assert_eq!(error.kind(), windows_autopilot::ErrorKind::InvalidInput);
        let run = plan.apply_with_waived(&harness.client, &["teardown.scope-changed"]);
        assert_eq!(run.await.into_result()?.removed, 0);
        assert_eq!(held(&harness.tenant).await, now, "{change}");
    }
    Ok(())
}

#[tokio::test]
async fn a_teardown_never_leaves_a_tenant_with_an_empty_scope() -> Result<()> {
    for is_gone in [false, true] {
        for scope in [groups(&["Intune users"]), MdmUserScope::All] {
            let harness = tenant_with("groups", if is_gone { &["Existing users"] } else { &[] }).await;
            let created = applied(&harness, &scope_of(scope, true)).await?;
            if is_gone {
                let all = harness.client.groups().list().all().await?;
                let existing =
                    all.iter().find(|group| group.settings.display_name.as_str() == "Existing users");
                if let Some(existing) = existing {
                    harness.client.groups().delete(&existing.id).await?;
                }
            }
            let left = held(&harness.tenant).await;
            let plan = teardown(&harness, &created).await?;
            assert!(
                matches!(action(&plan), RemovalAction::Manual(text) if text.contains("a teardown never leaves")),
                "{plan}"
            );
            let report = plan.apply(&harness.client).await.into_result()?;
            assert_eq!((report.removed, report.manual.len()), (0, 1), "{report:?}");
            assert_eq!(held(&harness.tenant).await, left);
            assert!(!left.starts_with("none"), "{left}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_scope_of_many_groups_is_read_to_its_end_and_restored() -> Result<()> {
    let names: Vec<String> = (0..25).map(|number| format!("Users {number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let harness = tenant_with("groups", &names).await;
    let was = held(&harness.tenant).await;
    let created = applied(&harness, &scope_of(groups(&["Intune users"]), true)).await?;
    let listed =
        |request: &windows_autopilot::sim::RecordedRequest| request.path.ends_with("/includedGroups");
    assert!(harness.tenant.requests().iter().any(listed), "an expansion may be cut");
    assert_eq!(held(&harness.tenant).await, "selected Intune users");
    let _ = teardown(&harness, &created).await?.apply(&harness.client).await.into_result()?;
    assert_eq!(held(&harness.tenant).await, was);
    Ok(())
}

#[tokio::test]
async fn a_plan_names_what_leaves_the_scope() -> Result<()> {
    let found = async |harness: &Harness, wish: HybridJoin| -> Result<Option<String>> {
        let plan = wish.plan(&harness.client, &[]).await?;
        let at_most = ["warning mdm.scope-drops"];
        assert_eq!(graded(&plan.findings), at_most[..plan.findings.len().min(1)], "{plan}");
        Ok(plan.findings.first().map(|finding| finding.evidence.clone()))
    };
    let one = tenant_with("groups", &["Existing users"]).await;
    let evidence = found(&one, scope_of(MdmUserScope::All, false)).await?.unwrap();
    assert_eq!(
        evidence,
        "drops 1 group: Existing users; now: group Existing users; after the plan: all users"
    );
    let evidence = found(&one, scope_of(groups(&["Intune users"]), true)).await?.unwrap();
    assert!(evidence.starts_with("drops 1 group: Existing users;"), "{evidence}");
    assert_eq!(found(&one, scope_of(groups(&["Intune users"]), false)).await?, None);
    let two = tenant_with("groups", &["Existing users", "Others"]).await;
    let evidence = found(&two, scope_of(MdmUserScope::All, false)).await?.unwrap();
    assert!(evidence.starts_with("drops 2 groups: "), "{evidence}");
    let all = tenant_with("all", &[]).await;
    let evidence = found(&all, scope_of(groups(&["Intune users"]), true)).await?.unwrap();
    assert!(evidence.starts_with("drops all users;"), "{evidence}");
    assert_eq!(found(&all, scope_of(groups(&["Intune users"]), false)).await?, None);
    Ok(())
}

/// Killed at any write, before or after it arrives, and resumed with its journals: the record is that of one run.
#[tokio::test]
async fn the_record_of_the_scope_survives_a_kill_at_any_write() -> Result<()> {
    for (before, names, wish, remove_others, left) in CHANGES {
        for arrives in [false, true] {
            for kill_at in 0.. {
                let harness = tenant_with(before, names).await;
                let was = held(&harness.tenant).await;
                let desired = scope_of(wish.scope(), remove_others);
                let (made, import) = (MemoryStore::default(), MemoryStore::default());
                let options = || {
                    ApplyOptions::default()
                        .with_journals(Journal::from_store(made.clone()), Journal::from_store(import.clone()))
                };
                let deadly = Deadly::new(&harness.tenant, kill_at, arrives);
                let client = deadly.client(&harness);
                let run = async {
                    desired.plan(&client, &[]).await?.apply_with(&client, options()).await.into_result()
                };
                if let Some(ended) = deadly.run(run).await {
                    let _ = ended?;
                }
                let plan = desired.plan(&harness.client, &[]).await?;
                let _ = plan.apply_with(&harness.client, options()).await.into_result()?;
                assert_eq!(held(&harness.tenant).await, left);
                let created = CreatedObjects::from_journal(Journal::from_store(made.clone()))?;
                let plan = teardown(&harness, &created).await?;
                let deadly_teardown = Deadly::new(&harness.tenant, kill_at, arrives);
                let client = deadly_teardown.client(&harness);
                let run = async { plan.apply(&client).await.into_result() };
                if let Some(ended) = deadly_teardown.run(run).await {
                    let _ = ended?;
                }
                let _ = teardown(&harness, &created).await?.apply(&harness.client).await.into_result()?;
                assert_eq!(held(&harness.tenant).await, was, "killed at {kill_at}, arrives: {arrives}");
                if deadly.is_alive() && deadly_teardown.is_alive() {
                    break;
                }
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_later_run_keeps_the_first_scope_on_record_and_a_groups_that_somebody_added() -> Result<()> {
    let harness = tenant_with("groups", &["Existing users"]).await;
    let made = MemoryStore::default();
    let run = async |wish: HybridJoin| -> Result<()> {
        let options = ApplyOptions::default()
            .with_journals(Journal::from_store(made.clone()), Journal::from_store(MemoryStore::default()));
        let plan = wish.plan(&harness.client, &[]).await?;
        let _ = plan.apply_with(&harness.client, options).await.into_result()?;
        Ok(())
    };
    harness.tenant.add_group("More users");
    run(scope_of(groups(&["Intune users"]), false)).await?;
    run(scope_of(groups(&["Intune users", "More users"]), false)).await?;
    let created = CreatedObjects::from_journal(Journal::from_store(made.clone()))?;
    let plan = teardown(&harness, &created).await?;
    assert!(plan.to_string().contains("restore group Existing users"), "{plan}");
    // Somebody adds a group, and the deployment one more: what somebody added is not the deployment's to remove.
    enroll(&harness.tenant, "Later users").await;
    harness.tenant.add_group("Last users");
    run(scope_of(groups(&["Intune users", "More users", "Last users"]), false)).await?;
    let created = CreatedObjects::from_journal(Journal::from_store(made.clone()))?;
    let _ = teardown(&harness, &created).await?.apply(&harness.client).await.into_result()?;
    assert_eq!(held(&harness.tenant).await, "selected Existing users, Later users");
    Ok(())
}

#[tokio::test]
async fn a_group_that_joins_the_scope_meanwhile_stays_in_it() -> Result<()> {
    use futures_util::StreamExt as _;
    let harness = tenant_with("groups", &["Existing users"]).await;
    let plan = scope_of(groups(&["Intune users"]), false).plan(&harness.client, &[]).await?;
    let later = harness.tenant.add_group("Later users").parse()?;
    let all = harness.client.groups().list().all().await?;
    let ours = all.iter().find(|group| group.settings.display_name.as_str() == "Intune users").unwrap();
    let mut run = plan.apply(&harness.client);
    // The run has read the tenant, and is about to write.
    assert!(run.next().await.is_some());
    let policies = harness.client.mdm_policies();
    let policy = policies.intune().await?;
    for group in [&later, &ours.id] {
        policies.add_group(&policy.id, group).await?;
    }
    let created = run.await.into_result()?.created;
    assert_eq!(held(&harness.tenant).await, "selected Existing users, Intune users, Later users");
    let _ = teardown(&harness, &created).await?;
    Ok(())
}

#[tokio::test]
async fn a_group_that_somebody_else_takes_into_the_scope_meanwhile_is_not_on_record() -> Result<()> {
    use futures_util::StreamExt as _;
    for wanted in [&["Intune users"][..], &["Intune users", "More users"]] {
        let harness = tenant_with("groups", &["Existing users"]).await;
        harness.tenant.add_group("More users");
        let plan = scope_of(groups(wanted), false).plan(&harness.client, &[]).await?;
        let mut run = plan.apply(&harness.client);
        // The run has read the tenant, and is about to write.
        assert!(run.next().await.is_some());
        let all = harness.client.groups().list().all().await?;
        let users = all.iter().find(|group| group.settings.display_name.as_str() == "Intune users").unwrap();
        let policy = harness.client.mdm_policies().intune().await?;
        harness.client.mdm_policies().add_group(&policy.id, &users.id).await?;
        let report = run.await.into_result()?;
        let own = wanted.len() - 1;
        assert_eq!((report.changes, report.created.is_empty()), (own, own == 0), "{:?}", report.created);
        let plan = teardown(&harness, &report.created).await?;
        assert_eq!(plan.findings, [], "{plan}");
        let _ = plan.apply(&harness.client).await.into_result()?;
        assert_eq!(held(&harness.tenant).await, "selected Existing users, Intune users");
    }
    Ok(())
}
