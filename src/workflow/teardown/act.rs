//! A run that applies the plan of a teardown.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use serde::Serialize;

use super::plan::{RemovalAction, TeardownPlan};
use super::resolve::{Act, Resolved, resolve};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Call, Client, Operation, PollStatus, Poller, Schedule};
use crate::model::{Device, Id};
use crate::workflow::run::{Progress, Run, ends_with_errors, serialize_errors};
use crate::workflow::step::Step;
use crate::workflow::waiver::check_findings;

/// The wait for the service to release an object after it was unassigned.
const LETTING_GO: Schedule =
    Schedule::new(Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(5 * 60));

/// The wait for deleted registrations to disappear.
const GOING: Schedule =
    Schedule::new(Duration::from_secs(30), Duration::from_secs(60), Duration::from_secs(60 * 60));

/// An event of a teardown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TeardownEvent {
    /// A subject was removed or unassigned.
    #[non_exhaustive]
    Finished {
        /// The step that created the subject.
        step: Step,
        /// The subject.
        subject: String,
        /// The change, in words.
        description: &'static str,
    },
}

/// The outcome of a teardown, whether the run got to its end or not: what it lists was done.
#[derive(Debug, Default, Serialize)]
#[must_use = "the run may have ended with an error: see `error` and `into_result`"]
#[non_exhaustive]
pub struct TeardownReport {
    /// The number of objects that were deleted or unassigned.
    pub removed: usize,
    /// Whether the run was stopped before its end. A new plan resumes.
    pub stopped: bool,
    /// The work that is left for a person.
    pub manual: Vec<String>,
    /// The outcomes of revoking rights in the directory.
    #[cfg(feature = "ad")]
    #[serde(skip)]
    pub revocations: Vec<crate::ad::delegation::RevocationReport>,
    #[serde(serialize_with = "serialize_errors", skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Error>,
}

ends_with_errors!(TeardownReport);

impl TeardownPlan {
    /// Applies the plan, one removal after the other.
    ///
    /// The run reads the tenant again before the first write, and fails if the tenant no longer is what the plan was made
    /// for. An object that no longer exists is no error, so a new plan resumes where one stopped.
    ///
    /// # Errors
    /// The run always ends with its report, and [`TeardownReport::error`] is what ended it early:
    /// [`ErrorKind::InvalidInput`] for findings that stop the run; [`ErrorKind::Conflict`] if the tenant has changed; as
    /// [`Call`](crate::graph::Call).
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`, `DeviceManagementConfiguration.ReadWrite.All`,
    /// `Group.ReadWrite.All`, `DeviceManagementManagedDevices.ReadWrite.All` for enrolled devices, and for the MDM scope a
    /// signed-in user with `Policy.ReadWrite.MobilityManagement`; each only for objects of the
    /// plan.
    pub fn apply(&self, client: &Client) -> Run<TeardownEvent, TeardownReport> {
        self.apply_with_waived(client, &[])
    }

    /// Applies the plan in spite of findings with these ids.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn apply_with_waived(&self, client: &Client, waived: &[&str]) -> Run<TeardownEvent, TeardownReport> {
        let (plan, client) = (self.clone(), client.clone());
        let waived: Vec<String> = waived.iter().map(|id| (*id).to_owned()).collect();
        Run::new(|progress| async move {
            let mut report = TeardownReport::default();
            let ended = match plan.read_again(&client, &waived).await {
                Ok(resolved) => Acting { client, progress }.run(resolved, &mut report).await,
                Err(error) => Err(error),
            };
            report.errors.extend(ended.err());
            report
        })
    }

    /// Checks that the tenant still is what the plan was made for, and returns the work.
    async fn read_again(&self, client: &Client, waived: &[String]) -> Result<Resolved> {
        self.tenant.check(client).await?;
        let resolved = resolve(&self.teardown, client, &self.site).await?;
        if self.steps != resolved.plan.steps {
            let message = "the tenant has changed since the plan was made; plan again";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        check_findings(&resolved.plan.findings, waived, "teardown")?;
        Ok(resolved)
    }
}

struct Acting {
    client: Client,
    progress: Progress<TeardownEvent>,
}

impl Acting {
    async fn run(self, resolved: Resolved, report: &mut TeardownReport) -> Result<()> {
        for planned in &resolved.plan.steps {
            if let RemovalAction::Manual(text) = &planned.action {
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
            self.progress.flush().await;
            if report.stopped || self.progress.is_stopped() {
                report.stopped = true;
                return Ok(());
            }
            let description = match act {
                Act::Delete(call) => self.delete(*call).await?,
                Act::DeleteDevice(id) => {
                    let description = self.delete(self.client.devices().delete(&id)).await?;
                    going.push(id);
                    description
                }
                #[cfg(feature = "ad")]
                Act::Revoke(receipt, directory) => {
                    let revoked = receipt.revoke(&*directory).await;
                    report.revocations.push(revoked.map_err(crate::workflow::on_premises::deployment_error)?);
                    "revoked"
                }
                Act::Remove(calls, description) => {
                    for call in calls {
                        send(call).await?;
                    }
                    description
                }
            };
            report.removed = report.removed.saturating_add(1);
            self.progress.emit(TeardownEvent::Finished { step, subject, description });
        }
        if !going.is_empty() && !self.devices_gone(going).await? {
            report.stopped = true;
        }
        Ok(())
    }

    /// Deletes an object. Retries while the service still sees the object in use.
    async fn delete(&self, call: Call<()>) -> Result<&'static str> {
        let operation: Operation<()> = call.into_operation();
        let client = self.client.clone();
        let last: Arc<Mutex<Option<Error>>> = Arc::default();
        let refused = Arc::clone(&last);
        let deleted =
            Poller::new(Arc::clone(self.client.clock()), LETTING_GO, "the service to delete it", move || {
                let (client, operation, refused) = (client.clone(), operation.clone(), Arc::clone(&refused));
                async move {
                    match client.call(operation.clone()).if_found().await {
                        Ok(_) => Ok(PollStatus::Ready(())),
                        Err(error) if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Conflict) => {
                            *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            Ok(PollStatus::Pending(()))
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

    /// Starts a sync and waits until the registrations are gone. Returns `false` if the run was stopped.
    async fn devices_gone(&self, devices: Vec<Id<Device>>) -> Result<bool> {
        match self.client.autopilot_sync().sync().await {
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
                    let mut answers = batch.await?;
                    for slot in slots {
                        if answers.take_if_found(slot)?.is_some() {
                            return Ok(PollStatus::Pending(()));
                        }
                    }
                    Ok(PollStatus::Ready(()))
                }
            });
        match select(gone.into_future(), pin!(self.progress.stopped())).await {
            Either::Left((ended, _)) => ended.map(|()| true),
            Either::Right(_) => Ok(false),
        }
    }
}

/// Sends a call whose object may be gone already.
async fn send(call: Call<()>) -> Result<()> {
    match call.await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
