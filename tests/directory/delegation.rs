//! The connector's right on an OU, before it is granted, while it is, and after.

use std::fmt;
use std::sync::Mutex;

use async_trait::async_trait;
use windows_autopilot::ad::delegation::{Delegation, DelegationProfile, DelegationScript};
use windows_autopilot::ad::descriptor::SecurityDescriptor;
use windows_autopilot::ad::directory::{
    Directory, DirectoryError, DirectoryErrorKind, Modification, Search, SearchPage,
};
use windows_autopilot::ad::ldap::LdapDirectory;
use windows_autopilot::model::OrganizationalUnit;

use crate::controller::{Controller, TestAccount, create_computer, raw_as, read_descriptor, unique};

const REFUSED: u32 = 50;

/// The whole life of a delegation to an account.
async fn lives(
    controller: &Controller,
    account: &TestAccount,
    profile: DelegationProfile,
    below: Option<bool>,
) {
    let (unit, other) = (controller.unit().await, controller.unit().await);
    let inner = controller.unit_in(unit.as_str(), "Inner").await;
    let connector = raw_as(controller, account).await;
    let admin = controller.admin().await;
    let delegation = Delegation::new(&unit, account.sid.clone()).with_profile(profile);
    let computers = format!("CN=Computers,{}", controller.base);

    controller.agrees_on(unit.as_str(), &account.sid).await;
    assert_eq!(create_computer(&connector, unit.as_str(), &unique("PC")).await, Err(REFUSED), "{profile}");
    let own = controller.signed_in(account).await;
    let error = delegation.apply(&own).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.result_code()),
        (DirectoryErrorKind::AccessDenied, Some(REFUSED)),
        "{error}"
    );

    let (before, _) = controller.descriptor(unit.as_str()).await;
    let plan = delegation.plan(&admin).await.unwrap();
    let report = delegation.apply(&admin).await.unwrap();
    assert!(report.access.is_granted() && report.finding().is_none(), "{report}");
    assert_eq!((report.lost_updates, &*report.difference), (0, ""));
    let receipt = report.receipt;
    assert_eq!(receipt.granted, plan.aces());
    assert_eq!(receipt.granted, profile.aces(&account.sid));
    let (granted, changes) = controller.descriptor(unit.as_str()).await;
    only_added(&before, &granted, &plan.aces());
    controller.agrees_on(unit.as_str(), &account.sid).await;

    for number in 0..15 {
        let name = unique("PC");
        assert_eq!(create_computer(&connector, unit.as_str(), &name).await, Ok(()), "{profile} {number}");
    }
    for elsewhere in [other.as_str(), &*computers] {
        assert_eq!(create_computer(&connector, elsewhere, &unique("PC")).await, Err(REFUSED), "{elsewhere}");
    }
    if let Some(below) = below {
        assert_eq!(
            create_computer(&connector, inner.as_str(), &unique("PC")).await.is_ok(),
            below,
            "{profile}"
        );
        controller.agrees_on(inner.as_str(), &account.sid).await;
    }

    let again = delegation.apply(&admin).await.unwrap().receipt;
    assert!(again.granted.is_empty());
    assert_eq!(controller.descriptor(unit.as_str()).await, (granted, changes), "nothing was written");

    let kept = serde_json::to_string(&receipt).unwrap();
    let receipt: windows_autopilot::ad::delegation::DelegationReceipt = serde_json::from_str(&kept).unwrap();
    let revoked = receipt.revoke(&admin).await.unwrap();
    assert_eq!((&revoked.removed, &revoked.missing), (&receipt.granted, &Vec::new()));
    assert_eq!(controller.descriptor(unit.as_str()).await.0, before, "{profile}");
    assert_eq!(create_computer(&connector, unit.as_str(), &unique("PC")).await, Err(REFUSED));
    controller.agrees_on(unit.as_str(), &account.sid).await;
    let twice = receipt.revoke(&admin).await.unwrap();
    assert_eq!((twice.removed, twice.missing), (Vec::new(), receipt.granted));
}

/// Owner, group, SACL and every entry stay, in their order; the new ones stand together.
fn only_added(before: &[u8], after: &[u8], added: &[windows_autopilot::ad::descriptor::Ace]) {
    let before = SecurityDescriptor::from_bytes(before).unwrap();
    let after = SecurityDescriptor::from_bytes(after).unwrap();
    assert_eq!((before.owner(), before.group()), (after.owner(), after.group()));
    assert_eq!((before.sacl(), before.control()), (after.sacl(), after.control()));
    let without = after.dacl().unwrap().without(|ace| added.contains(ace));
    assert_eq!(without.aces(), before.dacl().unwrap().aces());
}

#[tokio::test]
async fn a_connector_with_a_managed_service_account_creates_in_its_unit_alone() {
    let Some(controller) = Controller::find().await else { return };
    let account = controller.managed_service_account().await;
    lives(&controller, &account, DelegationProfile::CreateOnly, Some(false)).await;
}

#[tokio::test]
async fn a_legacy_connector_creates_in_its_unit_and_below() {
    let Some(controller) = Controller::find().await else { return };
    let account = controller.computer_account().await;
    lives(&controller, &account, DelegationProfile::CreateFullControl, Some(true)).await;
    lives(&controller, &account, DelegationProfile::CreateDeleteFullControl, Some(true)).await;
}

#[tokio::test]
async fn names_with_special_characters_are_the_same_to_the_server() {
    let Some(controller) = Controller::find().await else { return };
    let account = controller.managed_service_account().await;
    let admin = controller.admin().await;
    let last = unique("");
    for name in [
        r"Sales\, EU",
        r"a\+b\=c\;d\<e\>\\f",
        r#"\"q\" 'it' %PATH%"#,
        r"\#1/2",
        r"L\C3\BCbeck ü",
        r"\ edge\ ",
    ] {
        let parent = controller.unit_in(&controller.base, &unique("Parent")).await;
        let unit: OrganizationalUnit = controller.unit_in(parent.as_str(), &format!("{name}{last}")).await;
        let receipt = Delegation::new(&unit, account.sid.clone()).apply(&admin).await.unwrap().receipt;
        let shown: OrganizationalUnit = receipt.organizational_unit.parse().unwrap();
        assert!(shown.same_as(&unit), "{shown} {unit}");
        let connector = raw_as(&controller, &account).await;
        assert_eq!(create_computer(&connector, unit.as_str(), &unique("PC")).await, Ok(()), "{unit}");
        controller.agrees_on(unit.as_str(), &account.sid).await;
        receipt.revoke(&admin).await.unwrap();
    }
}

#[tokio::test]
async fn a_receipt_finds_the_unit_wherever_it_was_moved() {
    let Some(controller) = Controller::find().await else { return };
    let account = controller.managed_service_account().await;
    let admin = controller.admin().await;
    let (unit, other) = (controller.unit().await, controller.unit().await);
    let (before, _) = controller.descriptor(unit.as_str()).await;
    let delegation = Delegation::new(&unit, account.sid.clone());
    let receipt = delegation.apply(&admin).await.unwrap().receipt;

    let name = format!("OU={}", unit.names()[0]);
    let moved: OrganizationalUnit = format!("{name},{other}").parse().unwrap();
    let mut raw = controller.raw.clone();
    raw.modifydn(unit.as_str(), &name, true, Some(other.as_str())).await.unwrap().success().unwrap();
    for error in [delegation.plan(&admin).await.unwrap_err(), delegation.apply(&admin).await.unwrap_err()] {
        assert_eq!(error.kind(), DirectoryErrorKind::NotFound);
        assert!(error.to_string().contains("moved"), "{error}");
    }
    controller.agrees_on(moved.as_str(), &account.sid).await;
    assert_eq!(receipt.revoke(&admin).await.unwrap().removed, receipt.granted);
    let explicit = |bytes: &[u8]| {
        let descriptor = SecurityDescriptor::from_bytes(bytes).unwrap();
        descriptor.dacl().unwrap().without(windows_autopilot::ad::descriptor::Ace::is_inherited)
    };
    let (after, _) = controller.descriptor(moved.as_str()).await;
    assert_eq!(explicit(&after), explicit(&before), "what it inherits is another now");
    controller.agrees_on(moved.as_str(), &account.sid).await;
}

#[tokio::test]
async fn what_samba_tool_is_told_grants_the_same() {
    let Some(controller) = Controller::find().await else { return };
    let Some(folder) = std::env::var_os("AD_DIR") else { return };
    let account = controller.managed_service_account().await;
    let admin = controller.admin().await;
    let (by_text, by_us) = (controller.unit().await, controller.unit().await);
    for profile in DelegationProfile::ALL {
        let script = DelegationScript::for_profile(profile, &by_text, account.sid.clone().into()).unwrap();
        let text = script.samba_tool().unwrap();
        let folder = std::path::PathBuf::from(&folder);
        let local = format!(
            "{} --configfile='{}' -H '{}'",
            text.trim_end(),
            folder.join("etc/smb.conf").display(),
            folder.join("private/sam.ldb").display()
        );
        let run = move || std::process::Command::new("sh").arg("-c").arg(local).output().unwrap();
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Delegation::new(&by_us, account.sid.clone()).with_profile(profile).apply(&admin).await.unwrap();
        let granted = |descriptor: SecurityDescriptor| {
            let aces = descriptor.dacl().unwrap().aces().to_vec();
            let mut own: Vec<String> = aces
                .into_iter()
                .filter(|ace| ace.trustee() == Some(&account.sid))
                .map(|ace| ace.to_string())
                .collect();
            own.sort();
            own
        };
        let (text, us) = (
            granted(read_descriptor(&admin, by_text.as_str()).await),
            granted(read_descriptor(&admin, by_us.as_str()).await),
        );
        assert!(us.iter().all(|ace| text.contains(ace)), "{profile}: {us:?} {text:?}");
    }
}

/// A directory in which something else writes back an old DACL after each of the first changes.
struct Overwritten {
    inner: LdapDirectory,
    old: Mutex<Vec<Modification>>,
}

impl fmt::Debug for Overwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Overwritten")
    }
}

#[async_trait]
impl Directory for Overwritten {
    async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
        self.inner.search_page(search).await
    }

    async fn modify(&self, change: &Modification) -> Result<(), DirectoryError> {
        self.inner.modify(change).await?;
        let old = self.old.lock().unwrap().pop();
        match old {
            Some(old) => self.inner.modify(&old).await,
            None => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_change_that_something_else_overwrites_is_written_once_more() {
    let Some(controller) = Controller::find().await else { return };
    let account = controller.managed_service_account().await;
    let unit = controller.unit().await;
    let admin = controller.admin().await;
    let old = read_descriptor(&admin, unit.as_str()).await;
    let old = Modification::dacl(unit.as_str(), &old);
    let delegation = Delegation::new(&unit, account.sid.clone());
    let overwritten =
        |times: usize| Overwritten { inner: admin.clone(), old: Mutex::new(vec![old.clone(); times]) };
    let error = delegation.apply(&overwritten(6)).await.unwrap_err();
    assert_eq!(error.kind(), DirectoryErrorKind::LostUpdate);
    let report = delegation.apply(&overwritten(2)).await.unwrap();
    assert_eq!(report.lost_updates, 2);
    assert!(report.to_string().contains("another change overwrote this one"), "{report}");
    let receipt = report.receipt;
    assert_eq!(receipt.granted, DelegationProfile::CreateOnly.aces(&account.sid));
    assert!(delegation.plan(&admin).await.unwrap().is_empty());
    let (granted, _) = controller.descriptor(unit.as_str()).await;
    let back = Modification::dacl(
        unit.as_str(),
        &SecurityDescriptor::from_bytes(&granted)
            .map(|all| SecurityDescriptor::from_dacl(all.dacl().unwrap().clone(), all.control()))
            .unwrap(),
    );
    let always = Overwritten { inner: admin.clone(), old: Mutex::new(vec![back.clone(); 6]) };
    assert_eq!(receipt.revoke(&always).await.unwrap_err().kind(), DirectoryErrorKind::LostUpdate);
    let once = Overwritten { inner: admin.clone(), old: Mutex::new(vec![back]) };
    receipt.revoke(&once).await.unwrap();
    assert!(!delegation.plan(&admin).await.unwrap().is_empty());
}
