//! Devices of the simulated tenant whose computers are real: created in the domain as the connector's own account.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use ldap3::Ldap;
use windows_autopilot::ad::delegation::Delegation;
use windows_autopilot::ad::descriptor::{SecurityDescriptor, Sid};
use windows_autopilot::ad::directory::{DescriptorParts, Directory, Entry, Search, SearchFilter};
use windows_autopilot::ad::ldap::LdapDirectory;
use windows_autopilot::model::OrganizationalUnit;
use windows_autopilot::sim::{
    Cause, Computer, ComputerAccounts, ComputerRefusal, DeploymentPhase, RefusalKind,
};
use windows_autopilot::testing::DirectoryAccounts;

use crate::controller::{Controller, TestAccount, add, create_computer, unique};
use crate::lab_support::{Lab, assert_refused};

/// A prefix that no other test and no earlier run has.
fn prefix() -> String {
    let prefix = format!("{}-", unique("L"));
    assert!(prefix.len() <= 10, "{prefix}");
    prefix
}

/// All computers of the domain whose name begins so.
async fn computers(controller: &Controller, prefix: &str) -> Vec<Entry> {
    let filter = SearchFilter::all([
        SearchFilter::equals("objectCategory", "computer"),
        SearchFilter::starts_with("sAMAccountName", prefix),
    ]);
    let search = Search::subtree(&*controller.base, filter)
        .with_attributes(["sAMAccountName", "objectSid", "userAccountControl", "dNSHostName", "pwdLastSet"])
        .with_descriptor(DescriptorParts::OWNER_AND_DACL);
    controller.admin().await.search(search, 1_000).await.unwrap()
}

async fn lab(
    controller: &Controller,
    connector: &TestAccount,
    unit: &OrganizationalUnit,
    prefix: &str,
    count: usize,
) -> Lab {
    let accounts = DirectoryAccounts::new(controller.signed_in(connector).await);
    Lab::new(accounts, unit, prefix, count).await
}

/// What the connector's account has on a computer that it created under "create computers, this object only": what the
/// schema gives the creator of a computer, and no full control.
fn assert_rights(descriptor: &SecurityDescriptor, connector: &Sid) {
    assert_eq!(descriptor.owner(), Some(connector));
    let dacl = descriptor.dacl().unwrap();
    let own: Vec<String> = dacl
        .aces()
        .iter()
        .filter(|ace| ace.trustee() == Some(connector))
        .map(|ace| {
            assert!(!ace.is_inherited(), "nothing is inherited from the unit: {ace}");
            ace.to_string()
        })
        .collect();
    assert!(!own.is_empty(), "{descriptor}");
    for ace in &own {
        assert!(!ace.contains("CCDCLCSWRPWPDTLOCRSDRCWDWO") && !ace.contains(";GA;"), "{ace}");
    }
}

#[tokio::test]
async fn the_delegation_lets_devices_join_and_its_revocation_stops_them() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, connector) = (controller.unit().await, controller.managed_service_account().await);
    let admin = controller.admin().await;
    let prefix = prefix();
    let lab = lab(&controller, &connector, &unit, &prefix, 51).await;

    let before = lab.deploy(0..1).await;
    assert_refused(&before, Cause::NoRight);
    assert_eq!(before.1[0].refusal.as_ref().unwrap().kind(), RefusalKind::NoRight);
    assert!(before.1[0].refusal.as_ref().unwrap().to_string().contains("result code 50"), "{before:?}");
    assert!(computers(&controller, &prefix).await.is_empty());

    let report = Delegation::new(&unit, connector.sid.clone()).apply(&admin).await.unwrap();
    let (watched, ends) = lab.deploy(1..26).await;
    for end in &ends {
        assert_eq!((end.phase, end.cause), (DeploymentPhase::Finished, None), "{end:?}");
    }
    assert!(watched.findings.is_empty(), "{watched}");
    let mut names: Vec<String> = ends.into_iter().map(|end| end.computer_name.unwrap()).collect();
    names.sort();
    let made = computers(&controller, &prefix).await;
    let mut found: Vec<String> = made
        .iter()
        .map(|entry| entry.text("sAMAccountName").unwrap().trim_end_matches('$').to_owned())
        .collect();
    found.sort();
    assert_eq!((found.len(), &found), (25, &names));
    for entry in &made {
        let name = entry.text("sAMAccountName").unwrap().trim_end_matches('$');
        assert_eq!(entry.distinguished_name().to_lowercase(), format!("cn={name},{unit}").to_lowercase());
        assert_eq!(entry.text("userAccountControl"), Some("4096"));
        assert_eq!(entry.text("dNSHostName").unwrap(), format!("{name}.corp.example"));
        assert_ne!(entry.number("pwdLastSet"), Some(0), "it has a password");
        assert_rights(&entry.descriptor().unwrap().unwrap(), &connector.sid);
    }

    report.receipt.revoke(&admin).await.unwrap();
    assert_refused(&lab.deploy(26..51).await, Cause::NoRight);
    assert_eq!(computers(&controller, &prefix).await.len(), 25, "none came after the revocation");
    assert_eq!(lab.harness.tenant.computers().len(), 25);
}

#[tokio::test]
async fn a_missing_unit_and_a_taken_name_are_the_servers_own_refusals() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, connector) = (controller.unit().await, controller.managed_service_account().await);
    let admin = controller.admin().await;
    Delegation::new(&unit, connector.sid.clone()).apply(&admin).await.unwrap();

    let missing: OrganizationalUnit = format!("OU=Gone,{unit}").parse().unwrap();
    let gone = lab(&controller, &connector, &missing, &prefix(), 2).await.deploy(0..2).await;
    assert_refused(&gone, Cause::BadUnit);
    assert_eq!(gone.1[0].refusal.as_ref().unwrap().kind(), RefusalKind::UnitNotFound);

    let prefix = prefix();
    let accounts = Taken {
        raw: controller.raw.clone(),
        elsewhere: controller.unit().await,
        number: AtomicUsize::new(0),
        inner: DirectoryAccounts::new(controller.signed_in(&connector).await),
    };
    let taken = Lab::new(accounts, &unit, &prefix, 6).await.deploy(0..6).await;
    assert_refused(&taken, Cause::NameTaken);
    assert_eq!(computers(&controller, &prefix).await.len(), 4, "those of the others");
}

/// Accounts of which somebody else takes each name just before: in the same unit, in another one, or as the name of a
/// service.
#[derive(Debug)]
struct Taken {
    raw: Ldap,
    elsewhere: OrganizationalUnit,
    number: AtomicUsize,
    inner: DirectoryAccounts<LdapDirectory>,
}

#[async_trait]
impl ComputerAccounts for Taken {
    async fn create(&self, computer: &Computer) -> Result<(), ComputerRefusal> {
        let unit = computer.organizational_unit.as_deref().unwrap();
        let elsewhere = self.elsewhere.as_str();
        match self.number.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => create_computer(&self.raw, unit, &computer.name).await.unwrap(),
            1 => create_computer(&self.raw, elsewhere, &computer.name).await.unwrap(),
            _ => {
                let (other, service) = (unique("Other"), format!("HOST/{}", computer.name));
                let attributes: [(&str, &[&str]); 4] = [
                    ("objectClass", &["computer"]),
                    ("sAMAccountName", &[&format!("{other}$")]),
                    ("userAccountControl", &["4096"]),
                    ("servicePrincipalName", &[&service]),
                ];
                add(&self.raw, &format!("CN={other},{elsewhere}"), &attributes).await.unwrap();
            }
        }
        self.inner.create(computer).await
    }
}

#[tokio::test]
async fn without_a_unit_computers_go_to_the_domains_container() {
    let Some(controller) = Controller::alone().await else { return };
    let connector = controller.managed_service_account().await;
    let admin = controller.admin().await;
    let container = format!("CN=Computers,{}", controller.base);
    let accounts = DirectoryAccounts::new(controller.signed_in(&connector).await);
    let delegation = Delegation::for_entry(&*container, connector.sid.clone());
    let report = delegation.apply(&admin).await.unwrap();
    let prefix = prefix();
    let lab = Lab::new_in(accounts, &"corp.example".parse().unwrap(), None, &prefix, 2).await;
    let (_, ends) = lab.deploy(0..2).await;
    report.receipt.revoke(&admin).await.unwrap();
    assert!(ends.iter().all(|end| end.phase == DeploymentPhase::Finished), "{ends:?}");
    let made = computers(&controller, &prefix).await;
    assert_eq!(made.len(), 2);
    assert!(made.iter().all(|entry| entry.distinguished_name().ends_with(&container)));
}
