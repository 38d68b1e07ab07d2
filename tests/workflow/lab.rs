//! Devices whose computers are created in a directory in memory, as the connector's own account.

use windows_autopilot::ad::delegation::Delegation;
use windows_autopilot::ad::directory::{Directory as _, Search, SearchFilter};
use windows_autopilot::ad::memory::MemoryDirectory;
use windows_autopilot::model::OrganizationalUnit;
use windows_autopilot::sim::{Cause, DeploymentPhase, RefusalKind};
use windows_autopilot::testing::DirectoryAccounts;

use crate::lab_support::{Lab, assert_refused};
use crate::support::{DOMAIN, UNIT};

fn directory() -> (MemoryDirectory, OrganizationalUnit) {
    let (directory, unit) = (MemoryDirectory::new(&DOMAIN.parse().unwrap()), UNIT.parse().unwrap());
    directory.add_unit(&unit);
    (directory, unit)
}

async fn count(directory: &MemoryDirectory, base: &str, prefix: &str) -> usize {
    let search = Search::subtree(base, SearchFilter::starts_with("sAMAccountName", prefix));
    directory.search(search.with_attributes(["sAMAccountName"]), 1_000).await.unwrap().len()
}

#[tokio::test]
async fn devices_join_from_the_delegation_to_its_revocation() {
    let (directory, unit) = directory();
    let connector = directory.add_managed_service_account("msaODJ1a2b3");
    let accounts = DirectoryAccounts::new(directory.bound_as(&connector));
    let lab = Lab::new(accounts, &unit, "MUC-", 52).await;
    assert_refused(&lab.deploy(0..2).await, Cause::NoRight);
    let granted = Delegation::new(&unit, connector.clone()).apply(&directory).await.unwrap();
    let (_, ends) = lab.deploy(2..27).await;
    assert!(ends.iter().all(|end| end.phase == DeploymentPhase::Finished), "{ends:?}");
    let context = "DC=corp,DC=contoso,DC=com";
    assert_eq!((count(&directory, UNIT, "MUC-").await, count(&directory, context, "MUC-").await), (25, 25));
    for end in ends {
        let dn = format!("CN={},{UNIT}", end.computer_name.unwrap());
        assert_eq!(directory.descriptor(&dn).unwrap().owner(), Some(&connector));
    }
    granted.receipt.revoke(&directory).await.unwrap();
    assert_refused(&lab.deploy(27..52).await, Cause::NoRight);
    assert_eq!(count(&directory, context, "MUC-").await, 25);
}

#[tokio::test]
async fn the_quota_lets_ten_devices_through_and_no_more() {
    let (directory, unit) = directory();
    let connector = directory.add_managed_service_account("msaODJ1a2b3");
    directory.let_join_computers(&connector);
    let lab = Lab::new(DirectoryAccounts::new(directory.bound_as(&connector)), &unit, "MUC-", 16).await;
    let (_, ends) = lab.deploy(0..10).await;
    assert!(ends.iter().all(|end| end.phase == DeploymentPhase::Finished), "{ends:?}");
    let after = lab.deploy(10..12).await;
    assert_refused(&after, Cause::QuotaExceeded);
    assert!(after.1[0].refusal.as_ref().unwrap().to_string().contains("grant the account the right"));
    Delegation::new(&unit, connector).apply(&directory).await.unwrap();
    let (_, ends) = lab.deploy(12..16).await;
    assert!(ends.iter().all(|end| end.phase == DeploymentPhase::Finished), "the quota does not apply");
}

#[tokio::test]
async fn a_missing_unit_another_domain_and_a_read_only_server_are_refusals() {
    let (directory, unit) = directory();
    let connector = directory.add_managed_service_account("msaODJ1a2b3");
    let mine = || DirectoryAccounts::new(directory.bound_as(&connector));
    Delegation::new(&unit, connector.clone()).apply(&directory).await.unwrap();
    let missing = format!("OU=Gone,{UNIT}").parse().unwrap();
    assert_refused(&Lab::new(mine(), &missing, "MUC-", 1).await.deploy(0..1).await, Cause::BadUnit);

    let elsewhere = "OU=Autopilot,DC=corp,DC=example".parse().unwrap();
    let other = Lab::new(mine(), &elsewhere, "MUC-", 1).await.deploy(0..1).await;
    assert_refused(&other, Cause::ComputerRefused);
    let refusal = other.1[0].refusal.clone().unwrap();
    assert_eq!(refusal.kind(), RefusalKind::Other);
    assert!(refusal.to_string().contains("corp.contoso.com, and the computer to corp.example"), "{refusal}");

    directory.set_read_only();
    let refused = Lab::new(mine(), &unit, "MUC-", 1).await.deploy(0..1).await;
    assert_refused(&refused, Cause::ComputerRefused);
    assert!(refused.1[0].refusal.as_ref().unwrap().to_string().contains("read-only"), "{refused:?}");
}
