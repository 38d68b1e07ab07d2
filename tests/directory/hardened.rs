//! Domains and units that are hardened: what may not be read is not known, and what denies still denies after a grant.

use windows_autopilot::ad::delegation::{Delegation, DelegationProfile};
use windows_autopilot::ad::descriptor::{Guid, Sid};
use windows_autopilot::ad::directory::DirectoryErrorKind;
use windows_autopilot::ad::preflight::Preflight;
use windows_autopilot::ad::{CreateAccess, GroupSource, Principal};
use windows_autopilot::model::ComputerNamePrefix;

use crate::controller::{Controller, create_computer, raw_as, unique};
use crate::findings::graded;

const REFUSED: u32 = 50;

#[tokio::test]
async fn without_pre_windows_2000_access_the_groups_are_followed_and_the_verdict_is_the_servers() {
    let Some(controller) = Controller::alone().await else { return };
    let (account, asking) =
        (controller.managed_service_account().await, controller.managed_service_account().await);
    let (nested, _) = controller.group_of(&account.dn).await;
    let (_, outer) = controller.group_of(&nested).await;
    let group = format!("CN=Pre-Windows 2000 Compatible Access,CN=Builtin,{}", controller.base);
    let everybody = format!("CN=S-1-5-11,CN=ForeignSecurityPrincipals,{}", controller.base);
    controller.change(&group, ldap3::Mod::Delete("member", [everybody.as_str()].into())).await;
    let checked = tokio::spawn(async move {
        let unit = controller.unit().await;
        let connector = raw_as(&controller, &account).await;
        let own = controller.signed_in(&asking).await;
        let mut sources = Vec::new();
        for (trustee, may) in [
            (Sid::pre_windows_2000_access(), false),
            (Sid::builtin_users(), true),
            (Sid::network(), true),
            (outer, true),
        ] {
            let text = format!("D:P(OA;;CC;{};;{trustee})(A;;RPLCLORC;;;AU)(A;;GA;;;BA)", Guid::COMPUTER);
            controller.set_dacl(unit.as_str(), &text).await;
            let created = create_computer(&connector, unit.as_str(), &unique("PC")).await;
            assert_eq!(created.is_ok(), may, "{trustee}: {created:?}");
            for directory in [&controller.admin().await, &own] {
                let check = Preflight::for_unit(&unit).with_connector(account.sid.clone().into());
                let report = check.run(directory).await.unwrap();
                let access = &report.connectors[0].access;
                // Who may not read the members of groups does not know; nobody is wrong.
                assert!(!access.is_known() || access.is_granted() == may, "{trustee}: {report}");
                sources.push((report.connectors[0].account.group_source, access.is_known()));
            }
        }
        (controller, sources)
    });
    let outcome = checked.await;
    // The domain is everybody's again before the test ends.
    let mut raw = Controller::raw_admin().await;
    let add = ldap3::Mod::Add("member", [everybody.as_str()].into());
    raw.modify(&group, vec![add]).await.unwrap().success().unwrap();
    let (_, sources) = outcome.unwrap();
    assert!(
        sources.iter().step_by(2).all(|source| *source == (GroupSource::TokenGroups, true)),
        "{sources:?}"
    );
}

#[tokio::test]
async fn a_unit_that_cannot_be_read_is_not_known_and_the_rest_of_the_report_stands() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let (own, prefix) = (controller.signed_in(&account).await, unique("U"));
    let name = format!("{prefix}{:0>width$}", 1, width = 15 - prefix.len());
    let elsewhere = controller.unit().await;
    create_computer(&controller.raw, elsewhere.as_str(), &name).await.unwrap();
    let check = Preflight::for_unit(&unit)
        .with_connector(account.sid.clone().into())
        .with_computer_name_prefix(prefix.parse::<ComputerNamePrefix>().unwrap());
    for dacl in ["D:P(A;;GA;;;BA)", "D:P(A;;LC;;;AU)(A;;GA;;;BA)", "D:P(A;;RPLC;;;AU)(A;;GA;;;BA)", "D:P"] {
        controller.set_dacl(unit.as_str(), dacl).await;
        let report = check.run(&own).await.unwrap();
        assert_eq!(
            graded(&report.findings),
            [
                "error ad.rights-not-readable",
                "warning ad.account-not-installed",
                "info ad.cannot-create-accounts",
                "info ad.names-taken"
            ],
            "{dacl}: {report}"
        );
        assert!(matches!(report.connectors[0].access, CreateAccess::Unknown { .. }), "{dacl}: {report}");
        assert!(!report.is_ready());
        let delegation = Delegation::new(&unit, account.sid.clone());
        assert_eq!(delegation.plan(&own).await.unwrap_err().kind(), DirectoryErrorKind::AccessDenied);
    }
}

#[tokio::test]
async fn an_empty_list_is_granted_on_and_is_empty_again_after_revocation() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let (admin, connector) = (controller.admin().await, raw_as(&controller, &account).await);
    controller.set_dacl(unit.as_str(), "D:P").await;
    let (before, _) = controller.descriptor(unit.as_str()).await;
    let check = Preflight::for_unit(&unit).with_connector(account.sid.clone().into());
    let report = check.run(&admin).await.unwrap();
    assert_eq!(report.connectors[0].access, CreateAccess::NotGranted, "{report}");
    assert!(report.may_delegate, "the owner may: {report}");
    // insufficientAccessRights
    assert_eq!(create_computer(&connector, unit.as_str(), &unique("PC")).await, Err(50));
    let report = Delegation::new(&unit, account.sid.clone()).apply(&admin).await.unwrap();
    assert!(report.access.is_granted(), "{report}");
    assert_eq!(create_computer(&connector, unit.as_str(), &unique("PC")).await, Ok(()));
    report.receipt.revoke(&admin).await.unwrap();
    assert_eq!(controller.descriptor(unit.as_str()).await.0, before);
}

#[tokio::test]
async fn a_grant_over_an_entry_that_denies_tells_that_it_is_still_denied() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let (admin, connector) = (controller.admin().await, raw_as(&controller, &account).await);
    for (deny, who) in
        [("(D;;GA;;;WD)", "Everyone"), ("(D;;CC;;;NU)", "NETWORK"), ("(D;;CC;;;AU)", "Authenticated")]
    {
        controller.set_dacl(unit.as_str(), &format!("D:P{deny}(A;;RPLCLORC;;;AU)(A;;GA;;;BA)")).await;
        let (before, _) = controller.descriptor(unit.as_str()).await;
        let report = Delegation::new(&unit, account.sid.clone()).apply(&admin).await.unwrap();
        assert_eq!(report.receipt.granted, DelegationProfile::CreateOnly.aces(&account.sid));
        let CreateAccess::Denied { by } = &report.access else { panic!("{report}") };
        assert!(by.origin.contains(who), "{by}");
        let shown = report.to_string();
        assert!(shown.contains("may still NOT create computers") && shown.contains("(D;;"), "{shown}");
        assert_eq!(report.finding().unwrap().id, "ad.create-denied");
        assert_eq!(create_computer(&connector, unit.as_str(), &unique("PC")).await, Err(REFUSED));
        report.receipt.revoke(&admin).await.unwrap();
        assert_eq!(controller.descriptor(unit.as_str()).await.0, before, "{deny}");
    }
    let found = Principal::from(account.sid).resolve(&admin).await.unwrap();
    assert!(found.token.contains(&Sid::network()));
}
