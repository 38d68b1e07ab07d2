use super::*;
use crate::ad::GroupSource;
use crate::ad::delegation::Delegation;
use crate::ad::delegation::DelegationProfile;
use crate::ad::descriptor::{Ace, Guid, SecurityDescriptor};
use crate::ad::memory::MemoryDirectory;

const UNIT: &str = "OU=Autopilot,DC=corp,DC=example";

fn unit() -> OrganizationalUnit {
    UNIT.parse().unwrap()
}

fn directory() -> MemoryDirectory {
    let directory = MemoryDirectory::new(&"corp.example".parse().unwrap());
    directory.add_unit(&unit());
    directory
}

/// Adds entries to a list in canonical order, with `ME` for the account.
fn add(directory: &MemoryDirectory, name: &str, aces: &[&str], me: &Sid) {
    let descriptor = directory.descriptor(name).unwrap();
    let mut dacl = descriptor.dacl().unwrap().clone();
    for ace in aces {
        let text =
            ace.replace("ME", &me.to_string()).replace("COMPUTER", "bf967a86-0de6-11d0-a285-00aa003049e2");
        dacl = dacl.with(text.parse::<Ace>().unwrap()).unwrap();
    }
    directory.set_descriptor(name, descriptor.with_dacl(dacl));
}

fn ids(report: &PreflightReport) -> Vec<&str> {
    report.findings.iter().map(|finding| &*finding.id).collect()
}

/// Returns the finding with this id, and asserts that the report has just these ids.
fn finding<'a>(report: &'a PreflightReport, id: &str, all: &[&str]) -> &'a Finding {
    assert_eq!(ids(report), all, "{report}");
    let found = report.findings.iter().find(|finding| finding.id == id);
    found.unwrap_or_else(|| panic!("no {id} among {:?}", report.findings))
}

#[tokio::test]
async fn a_connector_with_the_right_is_ready_and_one_without_is_told_why() {
    let directory = directory();
    let connector = directory.add_managed_service_account("msaODJ00001");
    let check = Preflight::for_unit(&unit());
    let report = check.run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.cannot-create"]);
    assert!(!report.is_ready() && report.may_delegate);
    let evidence = &report.findings[0].evidence;
    assert!(evidence.contains("msaODJ00001$") && evidence.contains("0 of the 10"), "{evidence}");

    let receipt = Delegation::new(&unit(), connector.clone()).apply(&directory).await.unwrap().receipt;
    let report = check.run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.may-create"]);
    assert!(report.is_ready());
    assert_eq!(report.connectors[0].profile, Some(DelegationProfile::CreateOnly));
    assert!(report.findings[0].evidence.contains("for the account itself"), "{:?}", report.findings);
    let shown = report.to_string();
    let line = "msaODJ00001$ (managed service account on SRV-msaODJ00001; groups from tokenGroups): may create computers";
    assert!(shown.contains(line), "{shown}");

    receipt.revoke(&directory).await.unwrap();
    assert!(!check.run(&directory).await.unwrap().is_ready());
}

#[tokio::test]
async fn where_a_right_comes_from_is_told() {
    for (outer, inner, id, says) in [
        (vec![], vec!["(OA;;CC;COMPUTER;;GROUP)"], "ad.may-create", "for the group Outer"),
        (
            vec!["(OA;CI;CCDC;COMPUTER;;ME)"],
            vec!["(OA;CIID;CCDC;COMPUTER;;ME)"],
            "ad.may-create",
            "inherited from OU=Autopilot,DC=corp,DC=example",
        ),
        (vec![], vec!["(OA;CIID;CCDC;COMPUTER;;ME)"], "ad.may-create", "itself, inherited: "),
        (
            vec![],
            vec!["(OA;;CC;COMPUTER;;ME)", "(D;;CC;;;WD)"],
            "ad.create-denied",
            "for Everyone: (D;;CC;;;WD)",
        ),
        (
            vec![],
            vec!["(OA;;CC;COMPUTER;;ME)", "(OD;;CC;COMPUTER;;GROUP)"],
            "ad.create-denied",
            "group Outer",
        ),
        (vec![], vec!["(OA;;CC;COMPUTER;;ME)", "(D;ID;CC;;;WD)"], "ad.may-create", "for the account itself"),
        (vec![], vec!["(OA;CIIO;CC;COMPUTER;;ME)"], "ad.cannot-create", "no entry gives it the right"),
        (vec![], vec!["(A;CI;GA;;;ME)"], "ad.more-than-needed", "create and delete computers"),
    ] {
        let directory = directory();
        let below: OrganizationalUnit = format!("OU=Inner,{UNIT}").parse().unwrap();
        directory.add_unit(&below);
        let me = directory.add_managed_service_account("msaODJ00001");
        let (nested, group) = (directory.add_group("Nested"), directory.add_group("Outer"));
        directory.add_member(&nested, &me);
        directory.add_member(&group, &nested);
        let group = group.to_string();
        let with_group = |aces: Vec<&str>| -> Vec<String> {
            aces.iter().map(|ace| ace.replace("GROUP", &group)).collect()
        };
        for (name, aces) in [(UNIT, with_group(outer)), (below.as_str(), with_group(inner))] {
            add(&directory, name, &aces.iter().map(String::as_str).collect::<Vec<_>>(), &me);
        }
        let report = Preflight::for_unit(&below).run(&directory).await.unwrap();
        let all = if id == "ad.more-than-needed" { vec!["ad.may-create", id] } else { vec![id] };
        let evidence = &finding(&report, id, &all).evidence;
        assert!(evidence.contains(says), "{evidence}");
    }
}

#[tokio::test]
async fn a_place_that_is_none_is_told_with_what_it_may_have_become() {
    let directory = directory();
    directory.add_managed_service_account("msaODJ00001");
    let missing = Preflight::for_unit(&"OU=Gone,DC=corp,DC=example".parse().unwrap());
    let report = missing.run(&directory).await.unwrap();
    assert_eq!((ids(&report), &report.container), (vec!["ad.ou-missing"], &None));

    let target: OrganizationalUnit = "OU=Autopilot,OU=Sites,DC=corp,DC=example".parse().unwrap();
    directory.move_unit(&unit(), &target);
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.ou-missing"]);
    assert!(report.findings[0].evidence.contains(target.as_str()), "{report}");

    let foreign = Preflight::for_unit(&"OU=Autopilot,DC=other,DC=example".parse().unwrap());
    assert_eq!(ids(&foreign.run(&directory).await.unwrap()), ["ad.other-domain"]);
}

#[tokio::test]
async fn the_default_container_is_a_place_and_is_no_unit() {
    let directory = directory();
    let account = directory.add_managed_service_account("msaODJ00001");
    let container = "CN=Computers,DC=corp,DC=example";
    let check = Preflight::for_default_container();
    let report = check.run(&directory).await.unwrap();
    assert_eq!((ids(&report), report.container.as_deref()), (vec!["ad.cannot-create"], Some(container)));
    Delegation::for_entry(container, account).apply(&directory).await.unwrap();
    assert!(check.run(&directory).await.unwrap().is_ready());
}

#[tokio::test]
async fn what_the_permissions_are_like_is_told() {
    let directory = directory();
    let me = directory.add_managed_service_account("msaODJ00001");
    let text =
        format!("O:BAD:P(D;;DC;;;WD)(OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;{me})(A;;RPRC;;;AU)");
    directory.set_descriptor(UNIT, text.parse().unwrap());
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.inheritance-off", "ad.may-create", "ad.protected-from-deletion"]);

    let other = directory.bound_as(&me);
    let report = Preflight::for_unit(&unit()).run(&other).await.unwrap();
    assert!(!report.may_delegate && report.is_ready(), "{report}");
    let all =
        ["ad.cannot-create-accounts", "ad.inheritance-off", "ad.may-create", "ad.protected-from-deletion"];
    assert_eq!(ids(&report), all);

    directory.set_descriptor(UNIT, "O:BAD:P(A;;GA;;;BA)".parse().unwrap());
    let report = Preflight::for_unit(&unit()).run(&other).await.unwrap();
    assert_eq!(ids(&report), ["ad.rights-not-readable", "ad.cannot-create-accounts"]);
    assert_eq!(report.findings[0].severity, Severity::Error);

    let null: SecurityDescriptor = "O:BAD:NO_ACCESS_CONTROL".parse().unwrap();
    directory.set_descriptor(UNIT, null);
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.no-dacl"]);
    assert!(report.is_ready(), "{report}");

    let conditional = format!("O:BAD:(0x09;;{})(A;;RPRC;;;AU)", "00".repeat(8));
    directory.set_descriptor(UNIT, conditional.parse().unwrap());
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.rights-uncertain"]);
}

#[tokio::test]
async fn accounts_that_are_no_connectors_are_told() {
    let directory = directory();
    let user = directory.add_user("adele");
    let disabled = directory.add_managed_service_account("odj");
    directory.disable(&disabled);
    directory.add_computer("SRV-ODJ-01");
    let check = |name: &str| Preflight::for_unit(&unit()).with_connector(name.parse().unwrap());
    for (name, expected) in [
        (user.to_string().as_str(), &["ad.cannot-create", "ad.unusual-account"][..]),
        (r"CORP\odj$", &["ad.account-disabled", "ad.cannot-create"]),
        (r"corp.example\SRV-ODJ-01$", &["ad.cannot-create", "ad.legacy-account"]),
        (r"CORP\odj", &["ad.account-disabled", "ad.cannot-create"]),
        (r"CORP\odjj", &["ad.account-missing"]),
        ("odj$@other.example", &["ad.account-of-another-domain"]),
        (r"OTHER\odj$", &["ad.account-of-another-domain"]),
        ("S-1-5-21-9-9-9-1104", &["ad.account-of-another-domain"]),
    ] {
        let report = check(name).run(&directory).await.unwrap();
        assert_eq!(ids(&report), expected, "{name}");
        assert!(!report.is_ready(), "{name}");
        assert!(!format!("{report} {report:?}").contains("adele"), "{report:?}");
    }
    let none = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(ids(&none), ["ad.no-connector-account"]);
    assert!(!none.is_ready());
}

#[tokio::test]
async fn connectors_of_which_some_may_are_told_apart() {
    let directory = directory();
    let first = directory.add_managed_service_account("msaODJ00001");
    directory.add_managed_service_account("msaODJ00002");
    Delegation::new(&unit(), first.clone()).apply(&directory).await.unwrap();
    let report = Preflight::for_unit(&unit()).run(&directory.bound_as(&first)).await.unwrap();
    let may: Vec<bool> = report.connectors.iter().map(|connector| connector.access.is_granted()).collect();
    assert_eq!(may, [true, false]);
    let all = [
        "ad.cannot-create",
        "ad.cannot-delegate",
        "ad.connectors-differ",
        "ad.cannot-create-accounts",
        "ad.may-create",
    ];
    let found = finding(&report, "ad.connectors-differ", &all);
    assert!(found.evidence.starts_with("1 of 2 connectors"), "{found}");
    assert_eq!(report.findings[1].severity, Severity::Warning);
}

#[tokio::test]
async fn the_domains_quota_is_told_with_the_missing_right() {
    let directory = directory();
    directory.add_managed_service_account("msaODJ00001");
    directory.set_machine_account_quota(0);
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.cannot-create"]);
    assert!(report.findings[0].evidence.contains("quota for everybody is 0"), "{report}");
}

#[tokio::test]
async fn names_that_are_taken_are_counted_and_those_of_others_told() {
    let directory = directory();
    let me = directory.add_managed_service_account("msaODJ00001");
    Delegation::new(&unit(), me.clone()).apply(&directory).await.unwrap();
    let connector = directory.bound_as(&me);
    let prefix = |text: &str| -> ComputerNamePrefix { text.parse().unwrap() };
    let check = |text: &str| {
        Preflight::for_unit(&unit()).with_computer_name_prefix(prefix(text)).with_name_characters(10)
    };
    for number in 0..150 {
        connector.create_computer(UNIT, &format!("HYB-MUNICH-W{number:03}")).await.unwrap();
    }
    connector.create_computer(UNIT, "HYB-MUNICH-W1").await.unwrap();
    let taken = connector.create_computer(UNIT, "hyb-munich-w001").await.unwrap_err();
    assert_eq!(taken.kind(), DirectoryErrorKind::NameTaken);
    let report = check("HYB-MUNICH-W").run(&directory).await.unwrap();
    // They are the connector's own, so that it may use them again.
    assert_eq!(ids(&report), ["ad.few-names-left", "ad.may-create"]);
    assert!(report.findings[0].evidence.starts_with("150 of about 1000"), "{report}");
    let report = check("HYB-").run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.may-create", "ad.names-taken"]);
    let report = check("LAB-").run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.may-create"]);

    let other = directory.add_managed_service_account("msaODJ00002");
    Delegation::new(&unit(), other.clone()).apply(&directory).await.unwrap();
    let named = check("HYB-MUNICH-W").with_connector(other.into());
    let report = named.run(&directory).await.unwrap();
    let all = ["ad.few-names-left", "ad.may-create", "ad.reuse-blocked"];
    let found = finding(&report, "ad.reuse-blocked", &all);
    assert!(
        found.evidence.contains("150 computers") && found.evidence.contains("HYB-MUNICH-W000"),
        "{found}"
    );

    let full = check("HYB-MUNICH-W").with_name_characters(5).run(&directory).await.unwrap();
    assert_eq!(ids(&full), ["ad.no-names-left", "ad.may-create", "ad.may-create"]);
}

#[tokio::test]
async fn accounts_that_no_enabled_server_uses_are_no_connectors() {
    let directory = directory();
    let serving = directory.add_managed_service_account("msaODJ00001");
    let orphan = directory.add_managed_service_account("msaODJ00002");
    directory.set_servers(&orphan, []);
    let left = directory.add_managed_service_account("msaODJ00003");
    let old = directory.add_computer("OLD");
    directory.disable(&old);
    directory.set_servers(&left, [old.clone()]);
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    let connectors: Vec<&Sid> = report.connectors.iter().map(|connector| &connector.account.sid).collect();
    assert_eq!(connectors, [&serving]);
    assert_eq!(ids(&report), ["ad.cannot-create", "ad.orphaned-account", "ad.orphaned-account"]);
    let orphans = [&report.findings[1].evidence, &report.findings[2].evidence];
    assert!(orphans[0].contains("no server") && orphans[1].contains("disabled servers use the account: OLD"));

    directory.set_servers(&left, [old, directory.add_computer("NEW")]);
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(report.connectors.len(), 2, "one enabled server is enough");

    let named = Preflight::for_unit(&unit()).with_connector(orphan.into()).run(&directory).await.unwrap();
    assert_eq!(named.connectors.len(), 1, "a named account is a connector whatever uses it");
    assert_eq!(ids(&named), ["ad.cannot-create", "ad.account-not-installed"]);
}

#[tokio::test]
async fn the_server_of_a_group_account_has_to_read_its_password() {
    let directory = directory();
    let (reads, other) = (directory.add_computer("SRV-1"), directory.add_computer("SRV-2"));
    let account = directory.add_group_managed_service_account("odj", std::slice::from_ref(&reads));
    let check = Preflight::for_unit(&unit()).with_connector("odj$@corp.example".parse().unwrap());
    assert_eq!(ids(&check.run(&directory).await.unwrap()), ["ad.cannot-create", "ad.account-not-installed"]);
    directory.set_servers(&account, [reads.clone()]);
    let report = check.run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.cannot-create"]);
    directory.set_servers(&account, [reads, other]);
    let report = check.run(&directory).await.unwrap();
    let all = ["ad.cannot-create", "ad.password-not-readable"];
    let found = finding(&report, "ad.password-not-readable", &all);
    assert!(found.evidence.starts_with("SRV-2 "), "{found}");
}

#[tokio::test]
async fn the_token_is_read_and_groups_are_followed_where_the_directory_does_not_compute_them() {
    let directory = directory();
    let me = directory.add_managed_service_account("msaODJ00001");
    let (nested, group, other) =
        (directory.add_group("Nested"), directory.add_group("Outer"), directory.add_group("Other"));
    directory.add_member(&nested, &me);
    directory.add_member(&group, &nested);
    let domain = Domain::read(&directory).await.unwrap().unwrap();
    let by_directory = Account::connectors(&directory, &domain).await.unwrap().remove(0);
    directory.hide_token_groups();
    let by_us = Account::connectors(&directory, &domain).await.unwrap().remove(0);
    assert_eq!(
        (by_directory.group_source, by_us.group_source),
        (GroupSource::TokenGroups, GroupSource::Membership)
    );
    assert_eq!(by_directory.token, by_us.token);
    for sid in [&me, &nested, &group, &Sid::network(), &Sid::builtin_users(), &Sid::pre_windows_2000_access()]
    {
        assert!(by_us.token.contains(sid), "{sid}");
    }
    assert!(!by_us.token.contains(&other));

    // As a hardened domain has it.
    directory.remove_member(&Sid::pre_windows_2000_access(), &Sid::authenticated_users());
    let hardened = Account::connectors(&directory, &domain).await.unwrap().remove(0);
    assert!(!hardened.token.contains(&Sid::pre_windows_2000_access()));
    for (ace, id) in [
        ("(OA;;CC;COMPUTER;;RU)", "ad.cannot-create"),
        ("(OA;;CC;COMPUTER;;BU)", "ad.may-create"),
        ("(OA;;CC;COMPUTER;;NU)", "ad.may-create"),
        (&format!("(OA;;CC;COMPUTER;;{other})"), "ad.cannot-create"),
        ("(OA;;CC;COMPUTER;;S-1-5-21-9-9-9-512)", "ad.rights-uncertain"),
        ("(OA;;CC;COMPUTER;;S-1-5-15)", "ad.rights-uncertain"),
        ("(OA;;CC;COMPUTER;;S-1-5-4)", "ad.cannot-create"),
        ("(OA;;CC;COMPUTER;;OW)", "ad.cannot-create"),
    ] {
        let text = format!("O:BAD:P{ace}(A;;RPRCLC;;;AU)(A;;GA;;;BA)")
            .replace("COMPUTER", &Guid::COMPUTER.to_string());
        directory.set_descriptor(UNIT, text.parse().unwrap());
        let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
        let mut all = [id, "ad.inheritance-off"];
        // Both are informational.
        all[..].sort_by_key(|id| *id == "ad.may-create");
        assert_eq!(ids(&report), all, "{ace}");
        assert!(report.to_string().contains("followed by membership"), "{report}");
        assert_eq!(report.is_ready(), id == "ad.may-create", "{report}");
    }
}

#[tokio::test]
async fn a_unit_that_cannot_be_read_is_not_known_and_the_rest_of_the_report_stands() {
    let directory = directory();
    let me = directory.add_managed_service_account("msaODJ00001");
    directory.set_descriptor(UNIT, "O:BAD:P(A;;GA;;;BA)".parse().unwrap());
    let prefix: ComputerNamePrefix = "SRV-msaOD".parse().unwrap();
    let check = Preflight::for_unit(&unit()).with_computer_name_prefix(prefix);
    let report = check.run(&directory.bound_as(&me)).await.unwrap();
    assert_eq!(report.container.as_deref(), Some(UNIT));
    assert!(matches!(report.connectors[0].access, CreateAccess::Unknown { .. }), "{report}");
    assert!(!report.is_ready() && report.to_string().contains("not known whether it may create"), "{report}");
    assert_eq!(ids(&report), ["ad.rights-not-readable", "ad.cannot-create-accounts", "ad.names-taken"]);
}

#[tokio::test]
async fn a_read_only_server_is_named_and_takes_no_changes() {
    let directory = directory();
    let me = directory.add_managed_service_account("msaODJ00001");
    let delegation = Delegation::new(&unit(), me);
    let receipt = delegation.apply(&directory).await.unwrap().receipt;
    directory.set_read_only();
    assert!(delegation.apply(&directory).await.unwrap().receipt.is_empty(), "there is nothing to write");
    let error = receipt.revoke(&directory).await.unwrap_err();
    assert_eq!(error.kind(), DirectoryErrorKind::ReadOnly);
    assert!(error.to_string().starts_with("dc1.corp.example is a read-only domain controller"), "{error}");
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.read-only-server", "ad.may-create"]);
    assert!(!report.may_delegate && report.findings[0].place == "dc1.corp.example");
}

/// A directory that shows no members of groups.
#[derive(Debug)]
struct HidesMembers(MemoryDirectory);

#[async_trait::async_trait]
impl Directory for HidesMembers {
    async fn search_page(
        &self,
        search: &crate::ad::directory::Search,
    ) -> Result<crate::ad::directory::SearchPage, DirectoryError> {
        let mut page = self.0.search_page(search).await?;
        if format!("{:?}", search.filter).contains("\"member\"") {
            page.entries.clear();
        }
        Ok(page)
    }

    async fn modify(&self, change: &crate::ad::directory::Modification) -> Result<(), DirectoryError> {
        self.0.modify(change).await
    }
}

#[tokio::test]
async fn a_right_by_a_group_whose_members_are_hidden_or_by_a_claim_is_not_known() {
    for (ace, hidden, id) in [
        ("(A;;CC;;;BA)", false, "ad.cannot-create"),
        ("(A;;CC;;;BA)", true, "ad.rights-uncertain"),
        ("(A;;CC;;;S-1-5-21-0-0-0-497)", false, "ad.rights-uncertain"),
    ] {
        let directory = directory();
        let me = directory.add_managed_service_account("msaODJ00001");
        add(&directory, UNIT, &[ace], &me);
        let check = Preflight::for_unit(&unit());
        let report = match hidden {
            true => check.run(&HidesMembers(directory)).await.unwrap(),
            false => check.run(&directory).await.unwrap(),
        };
        assert_eq!(ids(&report), [id], "{ace}, hidden: {hidden}");
    }
}

#[tokio::test]
async fn an_account_without_control_flags_is_not_disabled() {
    let directory = directory();
    let group = directory.add_group("Connectors");
    let report = Preflight::for_unit(&unit()).with_connector(group.into()).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.cannot-create", "ad.unusual-account"]);
    assert!(report.connectors[0].account.enabled);
}

#[tokio::test]
async fn found_connectors_come_after_named_ones_when_both_are_asked_for() {
    let directory = directory();
    let named = directory.add_managed_service_account("odj");
    directory.add_managed_service_account("msaODJ00001");
    let names = |report: &PreflightReport| -> Vec<String> {
        report.connectors.iter().map(|connector| connector.account.name.clone()).collect()
    };
    let check = Preflight::for_unit(&unit()).with_connector(named.into());
    assert_eq!(names(&check.clone().run(&directory).await.unwrap()), ["odj$"]);
    let both = check.with_found_connectors().run(&directory).await.unwrap();
    assert_eq!(names(&both), ["odj$", "msaODJ00001$"]);
}

#[tokio::test]
async fn a_quota_is_used_up_with_its_last_computer() {
    let directory = directory();
    let me = directory.add_managed_service_account("msaODJ00001");
    directory.set_machine_account_quota(2);
    directory.let_join_computers(&me);
    let connector = directory.bound_as(&me);
    let mut said = Vec::new();
    for number in 0..3 {
        let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
        assert_eq!(ids(&report), ["ad.cannot-create"]);
        said.push(report.findings[0].evidence.contains("it may seem to work until then"));
        let made = connector.create_computer(UNIT, &format!("PC{number}")).await;
        assert_eq!(made.is_ok(), number < 2, "{number}");
    }
    assert_eq!(said, [true, true, false]);
}

#[tokio::test]
async fn a_denied_connector_is_not_told_that_it_has_more_than_it_needs() {
    let directory = directory();
    let me = directory.add_managed_service_account("msaODJ00001");
    add(&directory, UNIT, &["(A;CI;GA;;;ME)", "(D;;CC;;;WD)"], &me);
    let report = Preflight::for_unit(&unit()).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.create-denied"]);
}

#[tokio::test]
async fn an_inherited_right_is_told_with_the_container_that_gives_it() {
    let directory = directory();
    let middle: OrganizationalUnit = format!("OU=Middle,{UNIT}").parse().unwrap();
    let inner: OrganizationalUnit = format!("OU=Inner,OU=Middle,{UNIT}").parse().unwrap();
    let me = directory.add_managed_service_account("msaODJ00001");
    for (unit, ace) in [
        (None, "(OA;CI;CCDC;COMPUTER;;ME)"),
        (Some(&middle), "(OA;CIID;CCDC;COMPUTER;;ME)"),
        (Some(&inner), "(OA;CIID;CCDC;COMPUTER;;ME)"),
    ] {
        if let Some(unit) = unit {
            directory.add_unit(unit);
        }
        add(&directory, unit.map_or(UNIT, |unit| unit.as_str()), &[ace], &me);
    }
    let report = Preflight::for_unit(&inner).run(&directory).await.unwrap();
    assert_eq!(ids(&report), ["ad.may-create"]);
    let evidence = &report.findings[0].evidence;
    assert!(evidence.contains(&format!("inherited from {UNIT}")), "{evidence}");
}
