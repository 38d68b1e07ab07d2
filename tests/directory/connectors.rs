//! The account that a connector runs as: the configured one, those that servers use, and those that none does.

use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile};
use windows_autopilot::ad::delegation::Delegation;
use windows_autopilot::ad::descriptor::Sid;
use windows_autopilot::ad::directory::DirectoryErrorKind;
use windows_autopilot::ad::preflight::{Preflight, PreflightReport};
use windows_autopilot::ad::{AccountKind, Principal};
use windows_autopilot::model::Finding;

use crate::controller::{Controller, TestAccount, create_computer, raw_as, unique};
use crate::findings::graded;

fn configured(account: &str) -> ConnectorConfig {
    let text = format!(
        "<configuration><appSettings><add key=\"TenantConfiguredManagedServiceAccount\" value=\"{account}\"/>\
         <add key=\"DisableOUUpdates\" value=\"true\"/></appSettings></configuration>"
    );
    ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, text.as_bytes()).unwrap()
}

fn has(report: &PreflightReport, account: &TestAccount) -> bool {
    report.connectors.iter().any(|connector| connector.account.sid == account.sid)
}

fn about<'a>(report: &'a PreflightReport, account: &TestAccount, id: &str) -> Option<&'a Finding> {
    report.findings.iter().find(|finding| finding.id == id && finding.place == account.name)
}

#[tokio::test]
async fn every_form_of_a_name_is_the_account_and_a_name_of_another_domain_is_none() {
    let Some(controller) = Controller::find().await else { return };
    let (account, admin) = (controller.managed_service_account().await, controller.admin().await);
    let (netbios, bare) = (&controller.netbios, account.name.trim_end_matches('$'));
    let resolve = async |text: &str| {
        let principal: Principal = text.parse().unwrap();
        principal.resolve(&admin).await.map(|found| found.sid).map_err(|error| error.kind())
    };
    for form in [
        account.sid.to_string(),
        account.dn.clone(),
        account.dn.to_lowercase(),
        account.name.clone(),
        bare.to_owned(),
        format!(r"{netbios}\{}", account.name),
        format!(r"{}\{bare}", netbios.to_lowercase()),
        format!(r"corp.example\{}", account.name),
        format!("{}@corp.example", account.name),
        format!("{bare}@CORP.EXAMPLE"),
    ] {
        assert_eq!(resolve(&form).await, Ok(account.sid.clone()), "{form}");
    }
    let other_sid = "S-1-5-21-1-2-3-1104".to_owned();
    for form in [
        format!(r"EVIL\{}", account.name),
        format!("{}@evil.example", account.name),
        account.dn.replace("DC=corp", "DC=evil"),
        other_sid.clone(),
    ] {
        assert_eq!(resolve(&form).await, Err(DirectoryErrorKind::OtherDomain), "{form}");
    }
    for form in [format!("{}$", account.name), format!("x{}", account.dn), unique("none")] {
        let found = match form.parse::<Principal>() {
            Ok(_) => resolve(&form).await,
            Err(_) => continue,
        };
        assert_eq!(found, Err(DirectoryErrorKind::NotFound), "{form}");
    }
    // A user of the same name but for the dollar.
    let dn = format!("CN={bare},CN=Users,{}", controller.base);
    controller.add(&dn, &[("objectClass", &["user"]), ("sAMAccountName", &[bare])]).await;
    assert_eq!(resolve(bare).await, Err(DirectoryErrorKind::Ambiguous));
    assert_eq!(resolve(&account.name).await, Ok(account.sid));

    // Nothing of that is ever written.
    let unit = controller.unit().await;
    let before = controller.descriptor(unit.as_str()).await;
    for sid in
        [other_sid, "S-1-5-21-443689058-2885917067-3627379056-4999999".to_owned(), "S-1-1-0".to_owned()]
    {
        let sid: Sid = sid.parse().unwrap();
        let error = Delegation::new(&unit, sid).apply(&admin).await.unwrap_err();
        assert!(
            matches!(error.kind(), DirectoryErrorKind::OtherDomain | DirectoryErrorKind::NotFound),
            "{error}"
        );
    }
    assert_eq!(controller.descriptor(unit.as_str()).await, before);
}

#[tokio::test]
async fn the_configured_account_is_the_connector_and_no_other_account_is() {
    let Some(controller) = Controller::find().await else { return };
    let (admin, unit) = (controller.admin().await, controller.unit().await);
    let (own, other) =
        (controller.managed_service_account().await, controller.managed_service_account().await);
    let (server, second) = (controller.computer_account().await, controller.computer_account().await);
    controller.install(&own, &server).await;
    controller.install(&other, &second).await;
    for value in
        [format!("{}@corp.example", own.name), format!("{}@corp.example", own.name.trim_end_matches('$'))]
    {
        let named = configured(&value).managed_service_account().unwrap().unwrap();
        let report = Preflight::for_unit(&unit).with_connector(named.clone()).run(&admin).await.unwrap();
        assert_eq!(report.connectors.len(), 1, "{report}");
        assert!(has(&report, &own), "{report}");
        // The right is granted in the first round.
        let expected = if report.is_ready() { "info ad.may-create" } else { "error ad.cannot-create" };
        assert_eq!(graded(&report.findings), [expected], "{report}");
        let account = named.resolve(&admin).await.unwrap();
        let granted = Delegation::new(&unit, account.sid).apply(&admin).await.unwrap();
        assert!(granted.access.is_granted());
        for (account, may) in [(&own, true), (&other, false)] {
            let connector = raw_as(&controller, account).await;
            let created = create_computer(&connector, unit.as_str(), &unique("PC")).await;
            assert_eq!(created.is_ok(), may, "{}", account.name);
        }
    }
    let foreign = configured("odj$@other.example").managed_service_account().unwrap().unwrap();
    let report = Preflight::for_unit(&unit).with_connector(foreign).run(&admin).await.unwrap();
    assert!(report.connectors.is_empty() && !report.is_ready());
    assert_eq!(graded(&report.findings), ["error ad.account-of-another-domain"], "{report}");
    let missing = configured("nobody-at-all$@corp.example").managed_service_account().unwrap().unwrap();
    let report = Preflight::for_unit(&unit).with_connector(missing).run(&admin).await.unwrap();
    assert_eq!(graded(&report.findings), ["error ad.account-missing"], "{report}");
}

#[tokio::test]
async fn accounts_that_servers_use_are_connectors_and_orphans_are_findings() {
    let Some(controller) = Controller::find().await else { return };
    let (admin, unit) = (controller.admin().await, controller.unit().await);
    let (first, second) =
        (controller.managed_service_account().await, controller.managed_service_account().await);
    let (orphan, left) =
        (controller.managed_service_account().await, controller.managed_service_account().await);
    let both = controller.managed_service_account().await;
    let servers = [controller.computer_account().await, controller.computer_account().await];
    let old = controller.computer_account().await;
    controller.install(&first, &servers[0]).await;
    controller.install(&second, &servers[1]).await;
    controller.install(&left, &old).await;
    controller.install(&both, &old).await;
    controller.install(&both, &servers[0]).await;
    controller.disable(&old).await;
    for directory in [&admin, &controller.signed_in(&first).await] {
        let report = Preflight::for_unit(&unit).run(directory).await.unwrap();
        for account in [&first, &second, &both] {
            assert!(has(&report, account), "{}: {report}", account.name);
            assert!(about(&report, account, "ad.orphaned-account").is_none());
        }
        for (account, why) in [(&orphan, "no server names"), (&left, old.name.trim_end_matches('$'))] {
            assert!(!has(&report, account), "{}: {report}", account.name);
            let found = about(&report, account, "ad.orphaned-account").unwrap();
            assert!(found.evidence.contains(why), "{found}");
        }
        let line =
            format!("{} (managed service account on {};", first.name, servers[0].name.trim_end_matches('$'));
        assert!(report.to_string().contains(&line), "{report}");
    }
    // With the server its account goes.
    controller.raw.clone().delete(&servers[1].dn).await.unwrap().success().unwrap();
    let report = Preflight::for_unit(&unit).run(&admin).await.unwrap();
    assert!(!has(&report, &second) && about(&report, &second, "ad.orphaned-account").is_some(), "{report}");
}

#[tokio::test]
async fn the_server_of_a_group_account_has_to_read_its_password() {
    let Some(controller) = Controller::find().await else { return };
    let (admin, unit) = (controller.admin().await, controller.unit().await);
    let (reader, other) = (controller.computer_account().await, controller.computer_account().await);
    let account = controller.group_managed_service_account(&[&reader]).await;
    let check = Preflight::for_unit(&unit).with_connector(account.sid.clone().into());
    let report = check.run(&admin).await.unwrap();
    assert_eq!(report.connectors[0].account.kind, AccountKind::GroupManagedServiceAccount);
    assert_eq!(
        graded(&report.findings),
        ["error ad.cannot-create", "warning ad.account-not-installed"],
        "{report}"
    );
    controller.install(&account, &reader).await;
    let report = check.run(&admin).await.unwrap();
    assert_eq!(graded(&report.findings), ["error ad.cannot-create"], "{report}");
    controller.install(&account, &other).await;
    let report = check.run(&admin).await.unwrap();
    let expected = ["error ad.cannot-create", "error ad.password-not-readable"];
    assert_eq!(graded(&report.findings), expected, "{report}");
    let found = about(&report, &account, "ad.password-not-readable").unwrap();
    assert!(found.evidence.starts_with(other.name.trim_end_matches('$')), "{found}");
}
