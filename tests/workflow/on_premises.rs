//! Steps 2 and 3 with a directory in memory.

use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile};
use windows_autopilot::ad::delegation::Delegation;
use windows_autopilot::ad::descriptor::Sid;
use windows_autopilot::ad::directory::{
    Directory, DirectoryError, DirectoryErrorKind, Modification, Search, SearchPage,
};
use windows_autopilot::ad::memory::MemoryDirectory;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{
    Action, ApplyOptions, CreatedObject, CreatedObjects, Journal, MemoryStore, OnPremises, Plan,
    PlannedRemoval, PlannedStep, RemovalAction, Step, Teardown, TeardownPlan,
};
use windows_autopilot::{ErrorKind, Result};

use crate::findings::graded;
use crate::support::{DOMAIN, UNCONFIRMED, UNIT, WAITS, desired, harness, writes};

/// The finding of each default that the connector's file lacks, which begins empty.
const NOT_SHIPPED: &str = "info connector-config.not-as-shipped";

fn directory() -> (MemoryDirectory, Sid) {
    let directory = MemoryDirectory::new(&DOMAIN.parse().unwrap());
    directory.add_unit(&UNIT.parse().unwrap());
    let connector = directory.add_managed_service_account("msaODJ00001");
    (directory, connector)
}

fn steps(plan: &Plan, step: Step) -> Vec<&PlannedStep> {
    plan.steps.iter().filter(|planned| planned.step == step).collect()
}

#[tokio::test]
async fn the_right_is_planned_granted_once_and_can_be_taken_back() -> Result<()> {
    let Harness { client, .. } = harness();
    let (directory, _) = directory();
    let before = directory.descriptor(UNIT).unwrap().to_bytes();
    let site = || OnPremises::new(directory.clone());
    let plan = desired().plan_on_premises(&client, &[], site()).await?;
    let [rights] = &steps(&plan, Step::ComputerAccounts)[..] else { panic!("{plan}") };
    let Action::Assign { add, .. } = &rights.action else { panic!("{plan}") };
    assert_eq!(add, &["msaODJ00001$: create computers, in this OU only"]);
    assert_eq!(graded(&plan.findings), [WAITS], "{plan}");
    assert_eq!(directory.descriptor(UNIT).unwrap().to_bytes(), before, "planning only reads");

    let report = plan.apply(&client).await.into_result()?;
    let [receipt] = &report.delegations[..] else { panic!("{report:?}") };
    let changes = directory.changes();
    let again = desired().plan_on_premises(&client, &[], site()).await?;
    assert!(again.is_empty(), "{again}");
    assert_eq!(graded(&again.findings), ["info ad.may-create", WAITS], "{again}");
    assert_eq!(steps(&again, Step::ComputerAccounts)[0].action, Action::Keep);
    let _ = again.apply(&client).await.into_result()?;
    assert_eq!(directory.changes(), changes, "nothing was written");
    receipt.revoke(&directory).await.unwrap();
    assert_eq!(directory.descriptor(UNIT).unwrap().to_bytes(), before);
    Ok(())
}

#[tokio::test]
async fn a_plan_that_was_stored_needs_its_directory_back() -> Result<()> {
    let Harness { client, .. } = harness();
    let (directory, _) = directory();
    let plan = desired().plan_on_premises(&client, &[], OnPremises::new(directory.clone())).await?;
    let stored: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(stored.apply(&client).await.into_result().unwrap_err().kind(), ErrorKind::Conflict);
    let report = stored.with_on_premises(OnPremises::new(directory)).apply(&client).await.into_result()?;
    assert_eq!(report.delegations.len(), 1);
    Ok(())
}

#[tokio::test]
async fn who_may_not_change_the_permissions_gets_the_text() -> Result<()> {
    let Harness { client, .. } = harness();
    let (directory, connector) = directory();
    let site = OnPremises::new(directory.bound_as(&connector));
    let plan = desired().plan_on_premises(&client, &[], site).await?;
    let [rights] = &steps(&plan, Step::ComputerAccounts)[..] else { panic!("{plan}") };
    let Action::Manual(text) = &rights.action else { panic!("{plan}") };
    assert!(text.contains("[ADSI]") && text.contains(&connector.to_string()), "{text}");
    // It stays an error, which nothing here puts right, and no device may be switched on.
    assert_eq!(
        graded(&plan.findings),
        [
            "error ad.cannot-create",
            "warning ad.cannot-delegate",
            UNCONFIRMED,
            "info ad.cannot-create-accounts",
            WAITS
        ],
        "{plan}"
    );
    Ok(())
}

#[tokio::test]
async fn what_denies_or_is_not_there_blocks() -> Result<()> {
    let Harness { client, .. } = harness();
    let (directory, connector) = directory();
    Delegation::new(&UNIT.parse().unwrap(), connector.clone()).apply(&directory).await.unwrap();
    let read = directory.descriptor(UNIT).unwrap();
    let deny = format!("(D;;CC;;;{connector})").parse().unwrap();
    directory.set_descriptor(UNIT, read.with_dacl(read.dacl().unwrap().with(deny).unwrap()));
    let plan = desired().plan_on_premises(&client, &[], OnPremises::new(directory)).await?;
    let Action::Blocked(finding) = &steps(&plan, Step::ComputerAccounts)[0].action else { panic!("{plan}") };
    assert_eq!(finding.id, "ad.create-denied");
    assert_eq!(graded(&plan.findings), ["error ad.create-denied", UNCONFIRMED, WAITS], "{plan}");
    assert_eq!(plan.apply(&client).await.into_result().unwrap_err().kind(), ErrorKind::InvalidInput);

    let empty = MemoryDirectory::new(&DOMAIN.parse().unwrap());
    let plan = desired().plan_on_premises(&client, &[], OnPremises::new(empty.clone())).await?;
    assert_eq!(
        graded(&plan.findings),
        ["error ad.ou-missing", "warning ad.no-connector-account", UNCONFIRMED, WAITS],
        "{plan}"
    );
    empty.add_unit(&UNIT.parse().unwrap());
    let plan = desired().plan_on_premises(&client, &[], OnPremises::new(empty)).await?;
    assert_eq!(graded(&plan.findings), ["warning ad.no-connector-account", UNCONFIRMED, WAITS], "{plan}");
    for step in [Step::Connector, Step::ComputerAccounts] {
        let by_hand = steps(&plan, step).iter().any(|planned| matches!(planned.action, Action::Manual(_)));
        assert!(by_hand, "{plan}");
    }
    Ok(())
}

/// A directory that does not answer.
#[derive(Debug)]
struct Silent;

#[async_trait::async_trait]
impl Directory for Silent {
    async fn search_page(&self, _: &Search) -> std::result::Result<SearchPage, DirectoryError> {
        Err(DirectoryError::new(DirectoryErrorKind::Timeout, "no answer"))
    }

    async fn modify(&self, _: &Modification) -> std::result::Result<(), DirectoryError> {
        Err(DirectoryError::new(DirectoryErrorKind::Timeout, "no answer"))
    }
}

#[tokio::test]
async fn a_directory_that_does_not_answer_is_a_finding_that_stops_the_plan() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let plan = desired().plan_on_premises(&client, &[], OnPremises::new(Silent)).await?;
    assert_eq!(graded(&plan.findings), ["error ad.not-readable", UNCONFIRMED, WAITS], "{plan}");
    assert_eq!(plan.findings[0].evidence, "the directory could not be read: no answer");
    assert!(plan.apply(&client).await.error().is_some());
    assert!(writes(&tenant).is_empty());
    Ok(())
}

#[tokio::test]
async fn the_connectors_file_is_compared_with_the_deployment() -> Result<()> {
    let Harness { client, .. } = harness();
    let (directory, _) = directory();
    let file = |unit: &str| {
        let mut config =
            ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, b"<configuration/>").unwrap();
        config.set_organizational_units(&[unit.parse().unwrap()]).unwrap();
        config
    };
    for (unit, differs, expected) in [
        (UNIT, false, &[NOT_SHIPPED, NOT_SHIPPED, WAITS][..]),
        (
            "OU=Other,DC=corp,DC=contoso,DC=com",
            true,
            &[
                "warning connector-config.extra-ou",
                "warning connector-config.missing-ou",
                NOT_SHIPPED,
                NOT_SHIPPED,
                WAITS,
            ],
        ),
    ] {
        let site = OnPremises::new(directory.clone()).with_connector_config(file(unit));
        let plan = desired().plan_on_premises(&client, &[], site).await?;
        // The right is granted in the directory, so nothing blocks.
        assert_eq!(graded(&plan.findings), expected, "{plan}");
        let by_hand = steps(&plan, Step::Connector)
            .iter()
            .any(|planned| matches!(&planned.action, Action::Manual(text) if text.contains(UNIT)));
        assert_eq!(by_hand, differs, "{plan}");
    }
    Ok(())
}

/// A directory whose answer to a write is lost, or that refuses it.
#[derive(Debug)]
struct Faulty(MemoryDirectory, DirectoryErrorKind);

#[async_trait::async_trait]
impl Directory for Faulty {
    async fn search_page(&self, search: &Search) -> std::result::Result<SearchPage, DirectoryError> {
        self.0.search_page(search).await
    }

    async fn modify(&self, modification: &Modification) -> std::result::Result<(), DirectoryError> {
        if self.1 != DirectoryErrorKind::AccessDenied {
            self.0.modify(modification).await?;
        }
        Err(DirectoryError::new(self.1, "no answer"))
    }
}

#[tokio::test]
async fn the_receipt_of_a_right_is_kept_whatever_ends_the_run() -> Result<()> {
    for kind in [DirectoryErrorKind::Timeout, DirectoryErrorKind::AccessDenied] {
        let Harness { client, tenant, .. } = harness();
        let (directory, _) = directory();
        let before = directory.descriptor(UNIT).unwrap().to_bytes();
        let site = OnPremises::new(Faulty(directory.clone(), kind));
        let kept = MemoryStore::default();
        let journals = [kept.clone(), MemoryStore::default()].map(Journal::from_store);
        let plan = desired().plan_on_premises(&client, &[], site).await?;
        let [made, import] = journals;
        let report = plan.apply_with(&client, ApplyOptions::default().with_journals(made, import)).await;
        assert!(report.error().is_some() && writes(&tenant).is_empty());
        let rights = |created: &CreatedObjects| {
            created.items().iter().filter(|item| matches!(item, CreatedObject::Right { .. })).count()
        };
        let in_journal = CreatedObjects::from_journal(Journal::from_store(kept.clone()))?;
        let expected = usize::from(kind == DirectoryErrorKind::Timeout);
        assert_eq!((report.delegations.len(), rights(&report.created)), (expected, expected));
        assert_eq!(rights(&in_journal), expected, "{}", kept.text());
        if let Some(receipt) = report.delegations.first() {
            assert_ne!(directory.descriptor(UNIT).unwrap().to_bytes(), before, "the write had arrived");
            receipt.revoke(&directory).await.unwrap();
        }
        assert_eq!(directory.descriptor(UNIT).unwrap().to_bytes(), before);
    }
    Ok(())
}

#[tokio::test]
async fn a_teardown_revokes_a_right_by_its_receipt_and_nothing_else() -> Result<()> {
    let Harness { client, .. } = harness();
    let (directory, _) = directory();
    let before = directory.descriptor(UNIT).unwrap().to_bytes();
    let site = || OnPremises::new(directory.clone());
    let kept = MemoryStore::default();
    let [made, import] = [kept.clone(), MemoryStore::default()].map(Journal::from_store);
    let plan = desired().plan_on_premises(&client, &[], site()).await?;
    let _ =
        plan.apply_with(&client, ApplyOptions::default().with_journals(made, import)).await.into_result()?;
    assert_ne!(directory.descriptor(UNIT).unwrap().to_bytes(), before);

    let created = CreatedObjects::from_journal(Journal::from_store(kept))?;
    let teardown = Teardown::new(created);
    let by_hand = teardown.plan(&client).await?;
    let is_manual = |planned: &PlannedRemoval| matches!(planned.action, RemovalAction::Manual(_));
    assert!(by_hand.steps.iter().any(|planned| planned.step == Step::ComputerAccounts && is_manual(planned)));

    let plan = teardown.plan_on_premises(&client, site()).await?;
    assert!(plan.to_string().contains("revoke (OA;;CC;"), "{plan}");
    let text = serde_json::to_string(&plan).unwrap();
    let plan = serde_json::from_str::<TeardownPlan>(&text).unwrap().with_on_premises(site());
    let report = plan.apply(&client).await.into_result()?;
    assert_eq!(report.revocations[0].removed.len(), 1, "{report:?}");
    assert_eq!(directory.descriptor(UNIT).unwrap().to_bytes(), before);
    let again = teardown.plan_on_premises(&client, site()).await?;
    assert!(again.is_empty(), "{again}");

    let plan = teardown.plan_on_premises(&client, OnPremises::new(Silent)).await?;
    assert_eq!(graded(&plan.findings), ["error teardown.right-not-readable"], "{plan}");
    Ok(())
}

/// The wizard's file of a connector with an account of one's own.
fn configured(account: &str) -> ConnectorConfig {
    let mut config = ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, b"<configuration/>").unwrap();
    config.set_setting("TenantConfiguredManagedServiceAccount", account).unwrap();
    config.set_setting("DisableOUUpdates", "true").unwrap();
    config
}

#[tokio::test]
async fn the_configured_account_gets_the_right_and_no_other_and_the_wizard_is_left_alone() -> Result<()> {
    let Harness { client, .. } = harness();
    let (directory, other) = directory();
    let own = directory.add_managed_service_account("odj");
    let site =
        || OnPremises::new(directory.clone()).with_connector_config(configured("odj@corp.contoso.com"));
    let plan = desired().plan_on_premises(&client, &[], site()).await?;
    let [rights] = &steps(&plan, Step::ComputerAccounts)[..] else { panic!("{plan}") };
    let Action::Assign { add, .. } = &rights.action else { panic!("{plan}") };
    assert_eq!(add, &["odj$: create computers, in this OU only"]);
    assert!(steps(&plan, Step::Connector).iter().all(|step| step.action == Action::Keep), "{plan}");
    assert_eq!(graded(&plan.findings), [NOT_SHIPPED, NOT_SHIPPED, WAITS], "{plan}");
    let report = plan.apply(&client).await.into_result()?;
    let trustees: Vec<&Sid> = report.delegations.iter().map(|receipt| &receipt.trustee).collect();
    assert_eq!(trustees, [&own]);
    assert!(!directory.descriptor(UNIT).unwrap().to_string().contains(&other.to_string()));
    assert!(desired().plan_on_premises(&client, &[], site()).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_configured_account_that_is_none_here_stops_the_plan_and_grants_to_nobody() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let (directory, _) = directory();
    let before = directory.changes();
    for (account, id) in [
        ("odj$@corp.contoso.com", "ad.account-missing"),
        ("msaODJ00001$@evil.example", "ad.account-of-another-domain"),
        ("msaODJ*", "connector-config.account-form"),
    ] {
        let site = OnPremises::new(directory.clone()).with_connector_config(configured(account));
        let plan = desired().plan_on_premises(&client, &[], site).await?;
        let blocked = steps(&plan, Step::ComputerAccounts);
        let [step] = &blocked[..] else { panic!("{plan}") };
        assert!(matches!(&step.action, Action::Blocked(finding) if finding.id == id), "{plan}");
        let error = format!("error {id}");
        assert_eq!(graded(&plan.findings), [&error, UNCONFIRMED, NOT_SHIPPED, NOT_SHIPPED, WAITS], "{plan}");
        assert!(plan.apply(&client).await.error().is_some(), "{account}");
    }
    assert_eq!(directory.changes(), before);
    assert!(writes(&tenant).is_empty());
    Ok(())
}

#[tokio::test]
async fn each_account_that_serves_gets_the_right_and_an_orphan_does_not() -> Result<()> {
    let Harness { client, .. } = harness();
    let (directory, first) = directory();
    let second = directory.add_managed_service_account("msaODJ00002");
    let orphan = directory.add_managed_service_account("msaODJ00003");
    directory.set_servers(&orphan, []);
    let plan = desired().plan_on_premises(&client, &[], OnPremises::new(directory.clone())).await?;
    assert_eq!(graded(&plan.findings), ["warning ad.orphaned-account", WAITS], "{plan}");
    let report = plan.apply(&client).await.into_result()?;
    let trustees: Vec<&Sid> = report.delegations.iter().map(|receipt| &receipt.trustee).collect();
    assert_eq!(trustees, [&first, &second]);
    Ok(())
}
