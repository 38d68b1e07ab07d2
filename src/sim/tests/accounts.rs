//! Computers that the connector creates in a directory, exactly once under concurrent requests.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::deploy::{EVENTS, OU, Ready, ready_with};
use super::*;
use crate::clock::Clock;
use crate::sim::{
    Cause, Computer, ComputerAccounts, ComputerRefusal, DeploymentPhase, DeviceSpec, PowerOnOptions,
    RefusalKind, StoryEvent,
};

/// Accounts with a delay and prepared answers.
#[derive(Debug, Clone, Default)]
struct Accounts {
    clock: Option<FakeClock>,
    takes: Duration,
    refusals: Arc<Mutex<VecDeque<RefusalKind>>>,
    created: Arc<Mutex<Vec<Computer>>>,
    at_once: Arc<AtomicUsize>,
}

impl Accounts {
    fn names(&self) -> Vec<String> {
        self.created.lock().unwrap().iter().map(|computer| computer.name.clone()).collect()
    }
}

#[async_trait]
impl ComputerAccounts for Accounts {
    async fn create(&self, computer: &Computer) -> Result<(), ComputerRefusal> {
        assert_eq!(self.at_once.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
        if let Some(clock) = &self.clock {
            clock.sleep(self.takes).await;
        }
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        if let Some(kind) = self.refusals.lock().unwrap().pop_front() {
            return Err(ComputerRefusal::new(kind, "the directory says no"));
        }
        self.created.lock().unwrap().push(computer.clone());
        Ok(())
    }
}

/// Creates a tenant in which a hybrid join works, without a right granted by hand.
async fn ready(accounts: &Accounts, devices: usize) -> Ready {
    ready_on(accounts, FakeClock::manual(), devices).await
}

async fn ready_on(accounts: &Accounts, clock: FakeClock, devices: usize) -> Ready {
    let mut ready = ready_with(|builder| {
        builder.with_clock(Arc::new(clock.clone())).with_computer_accounts(accounts.clone())
    })
    .await;
    ready.desk.clock = clock;
    ready.desk.tenant.revoke_ou(OU);
    for number in 2..=devices {
        let device = ready.desk.tenant.add_device_with(DeviceSpec::new(format!("SN{number}")));
        ready.desk.tenant.add_member(&ready.group, &device);
    }
    ready.desk.clock.advance(6 * MINUTE);
    ready
}

impl Ready {
    fn switch_on(&self, devices: usize) {
        (1..=devices).for_each(|number| self.desk.tenant.power_on(&format!("SN{number}")));
    }

    fn ends(&self, devices: usize) -> Vec<(DeploymentPhase, Option<Cause>)> {
        let end = |number| {
            let deployment = self.desk.tenant.deployment(&format!("SN{number}")).unwrap();
            (deployment.phase, deployment.cause)
        };
        (1..=devices).map(end).collect()
    }
}

#[tokio::test]
async fn each_device_gets_one_computer_at_its_own_time() {
    let accounts = Accounts::default();
    let ready = ready(&accounts, 25).await;
    ready.switch_on(25);
    ready.desk.clock.advance(8 * 60 * MINUTE);
    ready.event().await;
    assert_eq!(ready.ends(25), [(DeploymentPhase::Finished, None); 25]);
    let mut names = accounts.names();
    let made: Vec<String> = ready.desk.tenant.computers().into_iter().map(|computer| computer.name).collect();
    assert_eq!(names, made);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 25);
    for number in 1..=25 {
        let deployment = ready.desk.tenant.deployment(&format!("SN{number}")).unwrap();
        let took = deployment.ended.unwrap().duration_since(deployment.started).as_secs() / 60;
        assert!((30..80).contains(&took), "{took} minutes, although nobody asked for hours");
        assert!(names.contains(&deployment.computer_name.unwrap()) && deployment.refusal.is_none());
    }
}

#[tokio::test]
async fn a_device_waits_while_nobody_asks_the_tenant() {
    let accounts = Accounts::default();
    let ready = ready(&accounts, 1).await;
    ready.switch_on(1);
    ready.desk.clock.advance(8 * 60 * MINUTE);
    assert_eq!(ready.ends(1), [(DeploymentPhase::JoiningDomain, None)]);
    assert!(accounts.names().is_empty() && ready.desk.tenant.computers().is_empty());
    ready.desk.tenant.create_computers().await;
    assert_eq!(accounts.names().len(), 1);
    ready.desk.clock.advance(8 * 60 * MINUTE);
    assert_eq!(ready.ends(1), [(DeploymentPhase::Finished, None)]);
}

#[tokio::test]
async fn concurrent_requests_and_a_slow_directory_create_each_computer_once() {
    let clock = FakeClock::new();
    let accounts =
        Accounts { clock: Some(clock.clone()), takes: Duration::from_secs(90), ..Accounts::default() };
    let ready = ready_on(&accounts, clock.clone(), 5).await;
    ready.switch_on(5);
    clock.advance(15 * MINUTE);
    let asks = (0..8).map(|_| ready.desk.get(EVENTS));
    let answers = futures_util::future::join_all(asks).await;
    assert!(answers.iter().all(|received| received.status == 200));
    assert_eq!(accounts.names().len(), 5, "one request works them off");
    clock.advance(8 * 60 * MINUTE);
    assert_eq!(ready.ends(5), [(DeploymentPhase::Finished, None); 5]);
    assert_eq!(ready.desk.tenant.computers().len(), 5);
}

#[tokio::test]
async fn a_slow_directory_holds_no_other_request_up() {
    let clock = FakeClock::manual();
    let accounts =
        Accounts { clock: Some(clock.clone()), takes: Duration::from_secs(90), ..Accounts::default() };
    let ready = ready_on(&accounts, clock.clone(), 1).await;
    ready.switch_on(1);
    clock.advance(15 * MINUTE);
    let slow = ready.desk.get(EVENTS);
    let others = async {
        tokio::task::yield_now().await;
        let event = ready.event().await;
        assert_eq!(
            (&event["enrollmentState"], &event["deviceSetupStatus"]),
            (&"enrolled".into(), &"notAttempted".into())
        );
        assert_eq!(ready.ends(1), [(DeploymentPhase::JoiningDomain, None)]);
        clock.advance(Duration::from_secs(90));
    };
    futures_util::join!(slow, others);
    assert_eq!(accounts.names().len(), 1);
    assert_eq!(ready.ends(1), [(DeploymentPhase::DeviceSetup, None)]);
}

#[tokio::test]
async fn a_dropped_request_leaves_the_creation_to_the_next() {
    let clock = FakeClock::manual();
    let accounts =
        Accounts { clock: Some(clock.clone()), takes: Duration::from_secs(90), ..Accounts::default() };
    let ready = ready_on(&accounts, clock.clone(), 2).await;
    ready.switch_on(2);
    clock.advance(15 * MINUTE);
    for _ in 0..3 {
        let mut dropped = Box::pin(ready.desk.get(EVENTS));
        assert!(futures_util::poll!(&mut dropped).is_pending());
    }
    clock.advance(Duration::from_secs(90));
    let next = async {
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(90));
    };
    futures_util::join!(ready.desk.get(EVENTS), next);
    assert_eq!(accounts.names().len(), 2);
    assert_eq!(ready.ends(2), [(DeploymentPhase::DeviceSetup, None); 2]);
}

#[tokio::test]
async fn a_directory_that_is_too_slow_leaves_a_computer_without_a_device() {
    let clock = FakeClock::new();
    let accounts = Accounts { clock: Some(clock.clone()), takes: 31 * MINUTE, ..Accounts::default() };
    let ready = ready_on(&accounts, clock.clone(), 1).await;
    ready.switch_on(1);
    clock.advance(15 * MINUTE);
    let event = ready.event().await;
    assert_eq!(event["enrollmentFailureDetails"], "0x80070774");
    assert_eq!(ready.ends(1), [(DeploymentPhase::Failed, Some(Cause::NoAnswer))]);
    assert_eq!((accounts.names().len(), ready.desk.tenant.computers().len()), (1, 1));
}

#[tokio::test]
async fn a_device_that_is_switched_on_again_asks_once_more_and_alone() {
    let accounts = Accounts::default();
    let ready = ready(&accounts, 1).await;
    ready.switch_on(1);
    ready.desk.clock.advance(15 * MINUTE);
    assert_eq!(ready.ends(1), [(DeploymentPhase::JoiningDomain, None)]);
    ready.switch_on(1);
    ready.desk.clock.advance(15 * MINUTE);
    ready.event().await;
    assert_eq!(accounts.names().len(), 1, "nobody waits for the first");
    assert_eq!(ready.ends(1), [(DeploymentPhase::DeviceSetup, None)]);
}

#[tokio::test]
async fn a_refusal_reaches_the_device() {
    for (kind, cause, code) in [
        (RefusalKind::NoRight, Cause::NoRight, 5),
        (RefusalKind::QuotaExceeded, Cause::QuotaExceeded, 0x216d),
        (RefusalKind::NameTaken, Cause::NameTaken, 0x8b0),
        (RefusalKind::UnitNotFound, Cause::BadUnit, 2),
        (RefusalKind::Other, Cause::ComputerRefused, 31),
    ] {
        let accounts = Accounts::default();
        accounts.refusals.lock().unwrap().push_back(kind);
        let ready = ready(&accounts, 2).await;
        ready.switch_on(2);
        ready.desk.clock.advance(8 * 60 * MINUTE);
        ready.event().await;
        let mut ends = ready.ends(2);
        ends.sort_by_key(|(_, cause)| cause.is_none());
        assert_eq!(ends, [(DeploymentPhase::Failed, Some(cause)), (DeploymentPhase::Finished, None)]);
        let refusals: Vec<String> = (1..=2)
            .filter_map(|number| ready.desk.tenant.deployment(&format!("SN{number}")).unwrap().refusal)
            .map(|refusal| refusal.to_string())
            .collect();
        assert_eq!(refusals, ["the directory says no"]);
        assert_eq!(ready.desk.tenant.computers().len(), 1);
        let stories = (1..=2).map(|number| ready.desk.tenant.device_story(&format!("SN{number}")).unwrap());
        let codes: Vec<u32> = stories
            .flat_map(|story| story.facts)
            .filter_map(|fact| match fact.event {
                StoryEvent::AccountRefused { error, .. } => Some(error),
                _ => None,
            })
            .collect();
        assert_eq!(codes, [code], "the connector logs it");
        let events = ready.desk.get(EVENTS).await;
        assert!(events.column("enrollmentFailureDetails").contains(&"0x80070774"), "{}", events.text);
    }
}

#[tokio::test]
async fn a_reset_forgets_a_computer_that_is_being_created() {
    let clock = FakeClock::manual();
    let accounts =
        Accounts { clock: Some(clock.clone()), takes: Duration::from_secs(90), ..Accounts::default() };
    let ready = ready_on(&accounts, clock.clone(), 1).await;
    ready.switch_on(1);
    clock.advance(15 * MINUTE);
    let waiting = ready.desk.tenant.snapshot();
    let mut slow = Box::pin(ready.desk.get(EVENTS));
    assert!(futures_util::poll!(&mut slow).is_pending());
    ready.desk.tenant.clear();
    clock.advance(Duration::from_secs(90));
    slow.await;
    assert_eq!((accounts.names().len(), ready.desk.tenant.computers().len()), (1, 0));
    ready.desk.tenant.restore(&waiting).unwrap();
    let again = async {
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(90));
    };
    futures_util::join!(ready.desk.get(EVENTS), again);
    assert_eq!(ready.ends(1), [(DeploymentPhase::DeviceSetup, None)], "a snapshot has the request");
}

#[tokio::test]
async fn a_device_without_a_domain_controller_leaves_its_computer_behind() {
    let accounts = Accounts::default();
    let ready = ready(&accounts, 1).await;
    ready.desk.tenant.power_on_with(PowerOnOptions::new("SN1").without_domain_controller());
    ready.desk.clock.advance(60 * MINUTE);
    ready.event().await;
    assert_eq!(ready.ends(1), [(DeploymentPhase::Failed, Some(Cause::NoDomainController))]);
    assert_eq!((accounts.names().len(), ready.desk.tenant.computers().len()), (1, 1));
}
