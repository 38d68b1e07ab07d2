//! Receipts that are kept before the write: through a cut, through moves, and while another administrator writes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Barrier, watch};
use windows_autopilot::ad::delegation::{Delegation, DelegationReceipt};
use windows_autopilot::ad::directory::{
    Directory, DirectoryError, DirectoryErrorKind, Modification, Search, SearchPage,
};
use windows_autopilot::ad::ldap::{LdapDirectory, LdapOptions, LdapSignIn};
use windows_autopilot::clock::FakeClock;

use crate::controller::{Controller, create_computer, raw_as, read_descriptor, unique};
use crate::proxy::Proxy;

/// Keeps receipts as text, as a file does.
fn kept(lines: &mut Vec<String>, receipt: &DelegationReceipt) {
    lines.push(serde_json::to_string(receipt).unwrap());
}

fn last(lines: &[String]) -> DelegationReceipt {
    serde_json::from_str(lines.last().unwrap()).unwrap()
}

#[tokio::test]
async fn a_receipt_that_could_not_be_kept_stops_the_write() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let before = controller.descriptor(unit.as_str()).await;
    let delegation = Delegation::new(&unit, account.sid);
    let full = |_: &DelegationReceipt| Err("the disk is full".into());
    let error = delegation.apply_recorded(&controller.admin().await, full).await.unwrap_err();
    assert_eq!(error.kind(), DirectoryErrorKind::NotRecorded);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the disk is full");
    assert_eq!(controller.descriptor(unit.as_str()).await, before);
}

#[tokio::test]
async fn a_cut_before_the_write_arrives_leaves_a_receipt_of_nothing() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let before = controller.descriptor(unit.as_str()).await;
    let proxy = Proxy::to(controller.url.strip_prefix("ldaps://").unwrap()).await;
    let address = format!("ldaps://127.0.0.1:{}", proxy.port);
    let options = LdapOptions::new(&address).unwrap().with_root_certificate(controller.authority.clone());
    let sign_in = LdapSignIn::new(&*controller.admin_upn, &*controller.admin_password).unwrap();
    let directory = options.connect(&sign_in).await.unwrap();
    let mut lines = Vec::new();
    let delegation = Delegation::new(&unit, account.sid);
    let error = delegation.apply_recorded(&directory, |receipt| {
        kept(&mut lines, receipt);
        proxy.cut();
        Ok(())
    });
    let error = error.await.unwrap_err();
    assert!(error.kind() == DirectoryErrorKind::Interrupted && error.outcome_unknown(), "{error}");
    assert_eq!(controller.descriptor(unit.as_str()).await, before);
    let receipt = last(&lines);
    let shown = receipt.to_string();
    assert!(shown.contains(unit.as_str()) && shown.contains(&receipt.granted[0].to_string()), "{shown}");
    let revoked = receipt.revoke(&controller.admin().await).await.unwrap();
    assert_eq!((revoked.removed.len(), &revoked.missing), (0, &receipt.granted));
    assert!(revoked.to_string().starts_with("nothing was removed"), "{revoked}");
    assert_eq!(controller.descriptor(unit.as_str()).await, before, "nothing was written");
}

/// A directory whose answer to the first change is lost.
struct AnswerLost {
    inner: LdapDirectory,
    is_lost: AtomicBool,
}

impl fmt::Debug for AnswerLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerLost")
    }
}

#[async_trait]
impl Directory for AnswerLost {
    async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
        self.inner.search_page(search).await
    }

    async fn modify(&self, change: &Modification) -> Result<(), DirectoryError> {
        self.inner.modify(change).await?;
        match self.is_lost.swap(true, Ordering::Relaxed) {
            false => Err(DirectoryError::new(DirectoryErrorKind::Interrupted, "the connection ended")),
            true => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_cut_after_the_write_has_arrived_leaves_a_receipt_that_takes_it_back() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let admin = controller.admin().await;
    let (before, _) = controller.descriptor(unit.as_str()).await;
    let delegation = Delegation::new(&unit, account.sid.clone());
    let mut lines = Vec::new();
    let cut = AnswerLost { inner: admin.clone(), is_lost: AtomicBool::new(false) };
    let keep = |receipt: &DelegationReceipt| {
        kept(&mut lines, receipt);
        Ok(())
    };
    assert!(delegation.apply_recorded(&cut, keep).await.unwrap_err().outcome_unknown());
    let connector = raw_as(&controller, &account).await;
    assert_eq!(create_computer(&connector, unit.as_str(), &unique("PC")).await, Ok(()));
    assert!(delegation.apply(&admin).await.unwrap().receipt.is_empty(), "running it again writes nothing");
    last(&lines).revoke(&admin).await.unwrap();
    assert_eq!(controller.descriptor(unit.as_str()).await.0, before);
}

#[tokio::test]
async fn after_a_rename_and_a_move_revocation_leaves_what_would_be_there_without_the_grant() {
    let Some(controller) = Controller::find().await else { return };
    let (account, admin) = (controller.managed_service_account().await, controller.admin().await);
    let target = controller.unit().await;
    // A twin that goes the same way without a grant tells what has to be left.
    let (unit, twin) = (controller.unit().await, controller.unit().await);
    for unit in [&unit, &twin] {
        let text = controller.dacl(unit.as_str()).await;
        controller
            .set_dacl(
                unit.as_str(),
                &text.replacen("D:", "D:(D;;DC;;;WD)", 1).replace("D:(D;;DC;;;WD)AI", "D:AI(D;;DC;;;WD)"),
            )
            .await;
    }
    let (before, _) = controller.descriptor(unit.as_str()).await;
    let receipt = Delegation::new(&unit, account.sid.clone()).apply(&admin).await.unwrap().receipt;
    let receipt: DelegationReceipt = serde_json::from_str(&serde_json::to_string(&receipt).unwrap()).unwrap();
    let mut raw = controller.raw.clone();
    let mut moved = Vec::new();
    for unit in [&unit, &twin] {
        let name = format!("OU={}", unique("Renamed"));
        raw.modifydn(unit.as_str(), &name, true, None).await.unwrap().success().unwrap();
        let renamed = format!("{name},{}", controller.base);
        raw.modifydn(&renamed, &name, true, Some(target.as_str())).await.unwrap().success().unwrap();
        moved.push(format!("{name},{target}"));
    }
    assert_eq!(receipt.revoke(&admin).await.unwrap().removed, receipt.granted);
    assert_eq!(controller.descriptor(&moved[0]).await.0, controller.descriptor(&moved[1]).await.0);
    // And at home again it is what it was.
    let name = format!("OU={}", unit.names()[0]);
    raw.modifydn(&moved[0], &name, true, Some(&controller.base)).await.unwrap().success().unwrap();
    assert_eq!(controller.descriptor(unit.as_str()).await.0, before);
}

/// An administrator who works at the same time as another: the first changes of both wait for each other, so that each
/// has read the list before the other's change.
struct Administrator {
    inner: LdapDirectory,
    start: Arc<Barrier>,
    has_started: AtomicBool,
    is_working: watch::Sender<bool>,
    other: watch::Receiver<bool>,
}

impl fmt::Debug for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Administrator")
    }
}

#[async_trait]
impl Directory for Administrator {
    async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
        self.inner.search_page(search).await
    }

    async fn modify(&self, change: &Modification) -> Result<(), DirectoryError> {
        if !self.has_started.swap(true, Ordering::Relaxed) {
            self.start.wait().await;
        }
        self.inner.modify(change).await
    }

    /// As much time as the other needs to end the change that it has begun.
    async fn settle(&self) {
        self.is_working.send_replace(false);
        self.other.clone().wait_for(|is_working| !is_working).await.ok();
        self.is_working.send_replace(true);
    }
}

#[tokio::test]
async fn two_administrators_at_once_end_with_both_changes_a_hundred_times() {
    let Some(controller) = Controller::find().await else { return };
    let accounts = [controller.managed_service_account().await, controller.managed_service_account().await];
    let directories = [controller.admin().await, controller.admin().await];
    let (mut lost, unit) = (0, controller.unit().await);
    let (before, _) = controller.descriptor(unit.as_str()).await;
    let administrators = || {
        let start = Arc::new(Barrier::new(2));
        let (first, of_first) = watch::channel(true);
        let (second, of_second) = watch::channel(true);
        let administrator = |inner: &LdapDirectory, is_working, other| Administrator {
            inner: inner.clone(),
            start: Arc::clone(&start),
            has_started: AtomicBool::new(false),
            is_working,
            other,
        };
        (administrator(&directories[0], first, of_second), administrator(&directories[1], second, of_first))
    };
    for round in 0..100 {
        let (one, other) = administrators();
        // Whoever is done works no more: the sender of `is_working` goes with the administrator.
        let apply = async |administrator: Administrator, account: usize| {
            Delegation::new(&unit, accounts[account].sid.clone()).apply(&administrator).await.unwrap()
        };
        let (one, other) = tokio::join!(apply(one, 0), apply(other, 1));
        lost += one.lost_updates + other.lost_updates;
        assert!(one.access.is_granted() && other.access.is_granted(), "{round}: {one} {other}");
        let dacl = read_descriptor(&directories[0], unit.as_str()).await;
        for receipt in [&one.receipt, &other.receipt] {
            let copies = dacl.dacl().unwrap().aces().iter().filter(|ace| **ace == receipt.granted[0]).count();
            assert_eq!((receipt.granted.len(), copies), (1, 1), "{round}: {dacl}");
        }
        let (first, second) = administrators();
        let revoke = async |administrator: Administrator, receipt: DelegationReceipt| {
            receipt.revoke(&administrator).await.unwrap()
        };
        tokio::join!(revoke(first, one.receipt), revoke(second, other.receipt));
        assert_eq!(controller.descriptor(unit.as_str()).await.0, before, "{round}");
    }
    assert!(lost >= 100, "in each round one change was lost and mended: {lost}");
}

#[tokio::test]
async fn a_change_is_read_once_more_after_the_time_in_which_others_end() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let clock = FakeClock::new();
    let options =
        LdapOptions::new(&controller.url).unwrap().with_root_certificate(controller.authority.clone());
    let options = options.with_clock(Arc::new(clock.clone()));
    let sign_in = LdapSignIn::new(&*controller.admin_upn, &*controller.admin_password).unwrap();
    let directory = options.connect(&sign_in).await.unwrap();
    let delegation = Delegation::new(&unit, account.sid.clone());
    let receipt = delegation.apply(&directory).await.unwrap().receipt;
    assert_eq!(clock.slept(), [Duration::from_secs(1)]);
    delegation.apply(&directory).await.unwrap();
    assert_eq!(clock.slept().len(), 1, "nothing was written");
    receipt.revoke(&directory).await.unwrap();
    assert_eq!(clock.slept().len(), 2);
}
