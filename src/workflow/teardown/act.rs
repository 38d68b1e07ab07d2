//! The removal itself.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};

use super::resolve::{Act, Resolved};
use super::{Removal, TeardownEvent, TeardownReport};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Call, Client, Operation, Poll, Poller, Schedule};
use crate::model::{Device, Id};
use crate::workflow::run::Progress;
use crate::workflow::step::Step;

/// How long the service may take until it lets go of what was just unassigned.
const LETTING_GO: Schedule =
    Schedule::new(Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(5 * 60));

/// How long deleted registrations may stay visible.
const GOING: Schedule =
    Schedule::new(Duration::from_secs(30), Duration::from_secs(60), Duration::from_secs(60 * 60));

pub(super) struct Acting {
    pub(super) client: Client,
    pub(super) progress: Progress<TeardownEvent>,
}

impl Acting {
    pub(super) async fn run(self, resolved: Resolved) -> Result<TeardownReport> {
        let mut report = TeardownReport::default();
        for planned in &resolved.plan.steps {
            if let Removal::Manual(text) = &planned.removal {
                report.manual.push(format!("{} {}: {text}", planned.step, planned.subject));
            }
        }
        let mut going: Vec<Id<Device>> = Vec::new();
        for (step, subject, act) in resolved.acts {
            // All devices are deleted, one sync shows it, and then their profile can go.
            let of_device = matches!(step, Step::Devices | Step::Users | Step::Deploy);
            if !of_device && !going.is_empty() {
                let gone = self.devices_gone(std::mem::take(&mut going)).await?;
                report.stopped = !gone;
            }
            self.progress.heard().await;
            if report.stopped || self.progress.is_stopped() {
                report.stopped = true;
                return Ok(report);
            }
            let what = self.act(&act).await?;
            if let Act::DeleteDevice(id) = act {
                going.push(id);
            }
            report.removed = report.removed.saturating_add(1);
            self.progress.send(TeardownEvent::Done { step, subject, what });
        }
        if !going.is_empty() && !self.devices_gone(going).await? {
            report.stopped = true;
        }
        Ok(report)
    }

    async fn act(&self, act: &Act) -> Result<&'static str> {
        let client = &self.client;
        match act {
            Act::UnassignUser(id) => done(client.devices().unassign_user(id), "unassigned").await,
            Act::DeleteManaged(id) => self.delete(client.managed_devices().delete(id)).await,
            Act::DeleteDevice(id) => self.delete(client.devices().delete(id)).await,
            Act::UnassignProfile(id, assignments) => {
                for assignment in assignments {
                    done(client.profiles().unassign(id, assignment), "").await?;
                }
                Ok("unassigned")
            }
            Act::AssignPage(id, remaining) => {
                done(client.enrollment_status_pages().assign(id, remaining), "unassigned").await
            }
            Act::AssignDomainJoin(id, remaining) => {
                client.domain_join_profiles().assign(id, remaining).send().await?;
                Ok("unassigned")
            }
            Act::DeleteProfile(id) => self.delete(client.profiles().delete(id)).await,
            Act::DeletePage(id) => self.delete(client.enrollment_status_pages().delete(id)).await,
            Act::DeleteDomainJoin(id) => self.delete(client.domain_join_profiles().delete(id)).await,
            Act::DeleteGroup(id) => self.delete(client.groups().delete(id)).await,
            Act::Exclude(policy, group) => {
                done(client.mdm_policies().exclude(policy, group), "taken out").await
            }
        }
    }

    /// Deletes something. While the service still sees it in use, it is asked again.
    async fn delete(&self, call: Call<()>) -> Result<&'static str> {
        let operation: Operation<()> = call.into_operation();
        let client = self.client.clone();
        let last: Arc<Mutex<Option<Error>>> = Arc::default();
        let refused = Arc::clone(&last);
        let deleted =
            Poller::new(Arc::clone(self.client.clock()), LETTING_GO, "the service to delete it", move || {
                let (client, operation, refused) = (client.clone(), operation.clone(), Arc::clone(&refused));
                async move {
                    match client.send(&operation).await {
                        Ok(()) => Ok(Poll::Ready(())),
                        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Poll::Ready(())),
                        Err(error) if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Conflict) => {
                            *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            Ok(Poll::Pending(()))
                        }
                        Err(error) => Err(error),
                    }
                }
            });
        match select(deleted.into_future(), pin!(self.progress.stopped())).await {
            Either::Left((Ok(()), _)) => Ok("deleted"),
            Either::Left((Err(error), _)) if error.kind() == ErrorKind::Timeout => {
                // What the service said is more than that it took too long.
                Err(last.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(error))
            }
            Either::Left((Err(error), _)) => Err(error),
            Either::Right(_) => Err(Error::new(
                ErrorKind::Interrupted,
                "stopped while the service held on to what is deleted",
            )),
        }
    }

    /// Asks for a sync and waits until the registrations are gone. Whether they are: not if the run was stopped.
    async fn devices_gone(&self, devices: Vec<Id<Device>>) -> Result<bool> {
        match self.client.autopilot_sync().sync().send().await {
            Ok(()) => {}
            // One is under way, or was asked for a moment ago: it will do.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Throttled) => {}
            Err(error) => return Err(error),
        }
        let client = self.client.clone();
        let gone =
            Poller::new(Arc::clone(self.client.clock()), GOING, "the registrations to go", move || {
                let (client, devices) = (client.clone(), devices.clone());
                async move {
                    let mut batch = client.batch();
                    let slots: Vec<_> =
                        devices.iter().map(|id| batch.add(client.devices().get(id))).collect();
                    let mut answers = batch.send().await?;
                    for slot in slots {
                        match answers.take(slot) {
                            Ok(_) => return Ok(Poll::Pending(())),
                            Err(error) if error.kind() == ErrorKind::NotFound => {}
                            Err(error) => return Err(error),
                        }
                    }
                    Ok(Poll::Ready(()))
                }
            });
        match select(gone.into_future(), pin!(self.progress.stopped())).await {
            Either::Left((ended, _)) => ended.map(|()| true),
            Either::Right(_) => Ok(false),
        }
    }
}

/// Sends a call whose object may be gone already.
async fn done(call: Call<()>, what: &'static str) -> Result<&'static str> {
    match call.send().await {
        Ok(()) => Ok(what),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(what),
        Err(error) => Err(error),
    }
}
