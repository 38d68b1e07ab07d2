//! What is found before anything is granted, in each of the states that break a deployment.

use windows_autopilot::ad::delegation::Delegation;
use windows_autopilot::ad::descriptor::Ace;
use windows_autopilot::ad::descriptor::SecurityDescriptor;
use windows_autopilot::ad::directory::Directory;
use windows_autopilot::ad::directory::Modification;
use windows_autopilot::ad::preflight::{Preflight, PreflightReport};
use windows_autopilot::model::OrganizationalUnit;

use crate::controller::{Controller, TestAccount, create_computer, raw_as, read_descriptor, unique};
use crate::findings::{graded, only};

const COMPUTER: &str = "bf967a86-0de6-11d0-a285-00aa003049e2";

/// Checks a unit for an account as the administrator, and the verdict against what the account then can do, and against
/// what the independent tool sees.
async fn verdict(
    controller: &Controller,
    unit: &OrganizationalUnit,
    account: &TestAccount,
) -> PreflightReport {
    let check = Preflight::for_unit(unit).with_connector(account.sid.clone().into());
    let report = check.run(&controller.admin().await).await.unwrap();
    let connector = raw_as(controller, account).await;
    let done = create_computer(&connector, unit.as_str(), &unique("PC")).await;
    assert_eq!(report.connectors[0].access.is_granted(), done.is_ok(), "{report}");
    controller.agrees_on(unit.as_str(), &account.sid).await;
    let as_connector = check.run(&controller.signed_in(account).await).await.unwrap();
    assert_eq!(as_connector.connectors, report.connectors, "{as_connector}");
    report
}

fn evidence<'a>(report: &'a PreflightReport, id: &str) -> &'a str {
    &only(&report.findings, id).evidence
}

/// Adds entries where the canonical order has them.
async fn add_aces(controller: &Controller, unit: &OrganizationalUnit, aces: &[String]) {
    let admin = controller.admin().await;
    let read = read_descriptor(&admin, unit.as_str()).await;
    let mut dacl = read.dacl().unwrap().clone();
    for ace in aces {
        dacl = dacl.with(ace.parse::<Ace>().unwrap()).unwrap();
    }
    let changed = SecurityDescriptor::from_dacl(dacl, read.control());
    admin.modify(&Modification::dacl(unit.as_str(), &changed)).await.unwrap();
}

#[tokio::test]
async fn without_a_right_the_remedy_is_to_delegate_and_with_it_all_is_well() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let report = verdict(&controller, &unit, &account).await;
    assert!(report.may_delegate && !report.is_ready());
    assert_eq!(
        graded(&report.findings),
        ["error ad.cannot-create", "warning ad.account-not-installed"],
        "{report}"
    );
    assert!(evidence(&report, "ad.cannot-create").contains("no entry gives it the right"));
    Delegation::new(&unit, account.sid.clone()).apply(&controller.admin().await).await.unwrap();
    let report = verdict(&controller, &unit, &account).await;
    assert!(report.is_ready(), "{report}");
    assert_eq!(
        graded(&report.findings),
        ["warning ad.account-not-installed", "info ad.may-create"],
        "{report}"
    );
    assert!(evidence(&report, "ad.may-create").contains("for the account itself"));
}

#[tokio::test]
async fn a_right_through_a_group_of_a_group_is_found() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let (nested, _) = controller.group_of(&account.dn).await;
    let (outer, sid) = controller.group_of(&nested).await;
    add_aces(&controller, &unit, &[format!("(OA;;CC;{COMPUTER};;{sid})")]).await;
    let report = verdict(&controller, &unit, &account).await;
    let name = outer.strip_prefix("CN=").unwrap().split(',').next().unwrap();
    assert!(report.is_ready() && report.connectors[0].profile.is_none(), "{report}");
    assert_eq!(
        graded(&report.findings),
        ["warning ad.account-not-installed", "info ad.may-create"],
        "{report}"
    );
    assert!(evidence(&report, "ad.may-create").contains(&format!("for the group {name}")), "{report}");
}

#[tokio::test]
async fn an_inherited_right_is_found_with_its_origin_and_protection_takes_it() {
    let Some(controller) = Controller::find().await else { return };
    let (outer, account) = (controller.unit().await, controller.computer_account().await);
    add_aces(&controller, &outer, &[format!("(OA;CI;CC;{COMPUTER};;{})", account.sid)]).await;
    let middle = controller.unit_in(outer.as_str(), "Middle").await;
    let unit = controller.unit_in(middle.as_str(), "Inner").await;
    let report = verdict(&controller, &unit, &account).await;
    assert!(report.is_ready(), "{report}");
    assert!(evidence(&report, "ad.may-create").contains(&format!("inherited from {outer}")), "{report}");
    assert_eq!(graded(&report.findings), ["warning ad.legacy-account", "info ad.may-create"], "{report}");
    let delegation = Delegation::new(&unit, account.sid.clone());
    assert!(delegation.plan(&controller.admin().await).await.unwrap().is_empty());

    // As "Disable inheritance" does, without taking over what was inherited.
    let own = read_descriptor(&controller.admin().await, unit.as_str()).await;
    let own = own.dacl().unwrap().without(Ace::is_inherited);
    let text: String = own.aces().iter().map(ToString::to_string).collect();
    controller.set_dacl(unit.as_str(), &format!("D:PAI{text}")).await;
    let report = verdict(&controller, &unit, &account).await;
    assert!(!report.is_ready(), "{report}");
    assert_eq!(
        graded(&report.findings),
        ["error ad.cannot-create", "warning ad.legacy-account", "info ad.inheritance-off"],
        "{report}"
    );
    let receipt = delegation.apply(&controller.admin().await).await.unwrap().receipt;
    let after = controller.dacl(unit.as_str()).await;
    assert!(after.starts_with("D:PAI"), "it stays protected: {after}");
    assert!(verdict(&controller, &unit, &account).await.is_ready());
    receipt.revoke(&controller.admin().await).await.unwrap();
    assert_eq!(controller.dacl(unit.as_str()).await, format!("D:PAI{text}"));
}

#[tokio::test]
async fn an_entry_that_denies_is_found_although_the_right_is_granted() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let (_, group) = controller.group_of(&account.dn).await;
    Delegation::new(&unit, account.sid.clone()).apply(&controller.admin().await).await.unwrap();
    add_aces(&controller, &unit, &[format!("(OD;;CC;{COMPUTER};;{group})")]).await;
    let report = verdict(&controller, &unit, &account).await;
    assert_eq!(
        graded(&report.findings),
        ["error ad.create-denied", "warning ad.account-not-installed"],
        "{report}"
    );
    let denied = evidence(&report, "ad.create-denied");
    assert!(denied.contains("for the group") && denied.contains(&group.to_string()), "{denied}");
    assert!(!report.is_ready());
}

#[tokio::test]
async fn protection_from_deletion_is_told_and_is_in_nobodys_way() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    add_aces(&controller, &unit, &["(D;;DC;;;WD)".to_owned()]).await;
    Delegation::new(&unit, account.sid.clone()).apply(&controller.admin().await).await.unwrap();
    let report = verdict(&controller, &unit, &account).await;
    assert!(report.is_ready(), "{report}");
    assert_eq!(
        graded(&report.findings),
        ["warning ad.account-not-installed", "info ad.may-create", "info ad.protected-from-deletion"],
        "{report}"
    );
}

#[tokio::test]
async fn a_unit_that_was_moved_is_found_where_it_is_now() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, other) = (controller.unit().await, controller.unit().await);
    let account = controller.managed_service_account().await;
    let name = format!("OU={}", unit.names()[0]);
    let mut raw = controller.raw.clone();
    raw.modifydn(unit.as_str(), &name, true, Some(other.as_str())).await.unwrap().success().unwrap();
    let check = Preflight::for_unit(&unit).with_connector(account.sid.into());
    let report = check.run(&controller.admin().await).await.unwrap();
    assert_eq!(report.container, None);
    assert_eq!(
        graded(&report.findings),
        ["error ad.ou-missing", "warning ad.account-not-installed"],
        "{report}"
    );
    assert!(evidence(&report, "ad.ou-missing").contains(&format!("{name},{other}")), "{report}");
}

#[tokio::test]
async fn what_is_asked_as_anybody_is_answered_and_what_they_may_not_do_is_told() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let nobody = controller.managed_service_account().await;
    let check = Preflight::for_unit(&unit).with_connector(format!(r"CORP\{}", account.name).parse().unwrap());
    let report = check.run(&controller.signed_in(&nobody).await).await.unwrap();
    assert!(!report.may_delegate, "{report}");
    assert_eq!(
        graded(&report.findings),
        [
            "error ad.cannot-create",
            "warning ad.account-not-installed",
            "warning ad.cannot-delegate",
            "info ad.cannot-create-accounts"
        ],
        "{report}"
    );
    let container = Preflight::for_default_container().with_connector(account.sid.into());
    let report = container.run(&controller.admin().await).await.unwrap();
    assert_eq!(report.container, Some(format!("CN=Computers,{}", controller.base)));
}

#[tokio::test]
async fn computers_of_a_prefix_that_belong_to_others_are_counted() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let other = controller.managed_service_account().await;
    let admin = controller.admin().await;
    for account in [&account, &other] {
        Delegation::new(&unit, account.sid.clone()).apply(&admin).await.unwrap();
    }
    let prefix = unique("P");
    let name = |number: usize| format!("{prefix}{number:0>width$}", width = 15 - prefix.len());
    let (own, others) = (raw_as(&controller, &account).await, raw_as(&controller, &other).await);
    for number in 0..3 {
        create_computer(&own, unit.as_str(), &name(number)).await.unwrap();
    }
    create_computer(&others, unit.as_str(), &name(3)).await.unwrap();
    let check = Preflight::for_unit(&unit)
        .with_connector(account.sid.clone().into())
        .with_computer_name_prefix(prefix.parse().unwrap());
    let report = check.run(&admin).await.unwrap();
    assert!(evidence(&report, "ad.names-taken").starts_with("4 of"), "{report}");
    let blocked = evidence(&report, "ad.reuse-blocked");
    assert!(blocked.starts_with("1 computers") && blocked.contains(&name(3)), "{blocked}");
    assert_eq!(
        graded(&report.findings),
        [
            "warning ad.account-not-installed",
            "info ad.may-create",
            "info ad.names-taken",
            "info ad.reuse-blocked"
        ],
        "{report}"
    );
}
