//! The run that applies a teardown's plan.

use serde::Serialize;

use super::plan::{RemovalAction, TeardownPlan};
use super::resolve::{Act, PlannedAct, Resolved, resolve};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Client;
use crate::model::{Device, Id};
use crate::workflow::created::CreatedObject;
use crate::workflow::journal::Journal;
use crate::workflow::record::Record;
use crate::workflow::removal::{Remover, send};
use crate::workflow::run::{Progress, Run, ends_with_errors, serialize_errors};
use crate::workflow::step::Step;
use crate::workflow::waiver::check_findings;

/// The options for applying a teardown's plan.
///
/// ```
/// use windows_autopilot::workflow::{Journal, TeardownOptions};
/// let options = TeardownOptions::default().with_journal(Journal::at("munich.made"));
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TeardownOptions {
    /// The ids of findings that do not stop the run.
    pub waived: Vec<String>,
    journal: Option<Journal>,
}

impl TeardownOptions {
    /// Waives findings with this id: they do not stop the run.
    #[must_use]
    pub fn with_waived(mut self, id: impl Into<String>) -> Self {
        self.waived.push(id.into());
        self
    }

    /// Records each removal in the journal that contains the creations, and keeps the journal locked until the run ends
    /// so that no other run of the deployment can start in the meantime. Afterward, [`CreatedObjects::from_journal`]
    /// returns what is left.
    ///
    /// [`CreatedObjects::from_journal`]: crate::workflow::CreatedObjects::from_journal
    #[must_use]
    pub fn with_journal(mut self, journal: Journal) -> Self {
        self.journal = Some(journal);
        self
    }
}

/// An event during a teardown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TeardownEvent {
    /// A subject was removed or unassigned.
    #[non_exhaustive]
    Finished {
        /// The step that created the subject.
        step: Step,
        /// The subject of the removal, such as an object's name.
        subject: String,
        /// A description of the change.
        description: &'static str,
    },
}

/// The outcome of a teardown, whether complete or partial; everything listed was done.
#[derive(Debug, Default, Serialize)]
#[must_use = "the run may have ended with an error: see `error` and `into_result`"]
#[non_exhaustive]
pub struct TeardownReport {
    /// The number of objects that were deleted or unassigned.
    pub removed: usize,
    /// Whether the run was stopped before it finished. A new plan resumes it.
    pub stopped: bool,
    /// The remaining manual work.
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
    /// Applies the plan, one removal at a time.
    ///
    /// The run reads the tenant again before the first write, and once more after the registrations have been deleted.
    /// It fails if the tenant has changed since the plan was made. A missing object is not an error, so a new plan
    /// resumes an interrupted run.
    ///
    /// # Errors
    /// The run always ends with its report; [`TeardownReport::error`] is the error that ended the run early:
    /// [`ErrorKind::InvalidInput`] for findings that stop the run; [`ErrorKind::Conflict`] if the tenant has changed;
    /// otherwise same as [`Call`](crate::graph::Call).
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`, `DeviceManagementConfiguration.ReadWrite.All`,
    /// `Group.ReadWrite.All`, `DeviceManagementManagedDevices.ReadWrite.All` for enrolled devices, and for the MDM scope
    /// a signed-in user with `Policy.ReadWrite.MobilityManagement`; each permission is needed only if the plan contains
    /// such objects.
    pub fn apply(&self, client: &Client) -> Run<TeardownEvent, TeardownReport> {
        self.apply_with_waived(client, &[])
    }

    /// Applies the plan despite findings with these ids.
    ///
    /// # Errors
    /// Same as [`apply`](Self::apply).
    pub fn apply_with_waived(&self, client: &Client, waived: &[&str]) -> Run<TeardownEvent, TeardownReport> {
        let options = waived.iter().fold(TeardownOptions::default(), |options, id| options.with_waived(*id));
        self.apply_with(client, options)
    }

    /// Applies the plan with the given options.
    ///
    /// # Errors
    /// Same as [`apply`](Self::apply); [`ErrorKind::Journal`] if the journal does not exist, is in use, or does not
    /// contain an object that is to be removed.
    pub fn apply_with(
        &self,
        client: &Client,
        options: TeardownOptions,
    ) -> Run<TeardownEvent, TeardownReport> {
        let (plan, client) = (self.clone(), client.clone());
        Run::new(|progress| async move {
            let mut report = TeardownReport::default();
            let ended = plan.run(&client, progress, options, &mut report).await;
            report.errors.extend(ended.err());
            report
        })
    }

    async fn run(
        &self,
        client: &Client,
        progress: Progress<TeardownEvent>,
        TeardownOptions { waived, journal }: TeardownOptions,
        report: &mut TeardownReport,
    ) -> Result<()> {
        let tenant = self.tenant.tenant_id.as_deref();
        let record = journal.map(|journal| Record::read(journal, None, tenant)).transpose()?;
        record.as_ref().map_or(Ok(()), Record::check_is_begun)?;
        let resolved = self.read_again(client, &waived, |_| true).await?;
        Acting { plan: self, client, waived: &waived, progress, record }.run(resolved, report).await
    }

    /// Checks that the tenant still matches the plan in the given steps, and returns the work.
    async fn read_again(
        &self,
        client: &Client,
        waived: &[String],
        of: impl Fn(Step) -> bool,
    ) -> Result<Resolved> {
        self.tenant.check(client).await?;
        let resolved = resolve(&self.teardown, client, &self.site).await?;
        let [planned, now] = [&self.steps, &resolved.plan.steps]
            .map(|steps| steps.iter().filter(|planned| of(planned.step)).collect::<Vec<_>>());
        if planned != now {
            let message = "the tenant has changed since the plan was made; plan again";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        check_findings(&resolved.plan.findings, waived, "teardown")?;
        Ok(resolved)
    }
}

/// Returns `true` for the steps of devices, which come first.
fn is_of_devices(step: Step) -> bool {
    matches!(step, Step::Devices | Step::Users | Step::Deploy)
}

struct Acting<'a> {
    plan: &'a TeardownPlan,
    client: &'a Client,
    waived: &'a [String],
    progress: Progress<TeardownEvent>,
    record: Option<Record>,
}

/// Deleted registrations that may still be visible, with the objects on record.
type Going = Vec<(Id<Device>, Vec<CreatedObject>)>;

impl Acting<'_> {
    async fn run(mut self, resolved: Resolved, report: &mut TeardownReport) -> Result<()> {
        for planned in &resolved.plan.steps {
            if let RemovalAction::Manual(text) = &planned.action {
                report.manual.push(format!("{} {}: {text}", planned.step, planned.subject));
            }
        }
        self.check_on_record(&resolved.acts)?;
        self.removed(resolved.gone)?;
        // All devices are deleted, one sync shows it, and then their profile can go.
        let (devices, mut objects): (Vec<_>, Vec<_>) =
            resolved.acts.into_iter().partition(|act| is_of_devices(act.step));
        let going = self.perform(devices, report).await?;
        if report.stopped {
            return Ok(());
        }
        let has_waited = !going.is_empty();
        if !self.devices_gone(going).await? {
            report.stopped = true;
            return Ok(());
        }
        if has_waited && !objects.is_empty() {
            // Registrations take up to an hour to go, and others have worked in the tenant meanwhile.
            let now = self.plan.read_again(self.client, self.waived, |step| !is_of_devices(step)).await?;
            objects = now.acts.into_iter().filter(|act| !is_of_devices(act.step)).collect();
        }
        self.perform(objects, report).await?;
        Ok(())
    }

    /// Performs the removals one at a time. Returns the registrations to wait for.
    async fn perform(&mut self, acts: Vec<PlannedAct>, report: &mut TeardownReport) -> Result<Going> {
        let mut going = Going::new();
        for PlannedAct { step, subject, act, removes } in acts {
            self.progress.flush().await;
            if self.progress.is_stopped() {
                report.stopped = true;
                break;
            }
            let remover = Remover { client: self.client, progress: &self.progress };
            let mut removes = Some(removes);
            let description = match act {
                Act::Delete(call) => {
                    remover.delete(*call).await?;
                    "deleted"
                }
                Act::DeleteDevice(id) => {
                    remover.delete(self.client.devices().delete(&id)).await?;
                    going.push((id, removes.take().unwrap_or_default()));
                    "deleted"
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
            self.removed(removes.unwrap_or_default())?;
            report.removed = report.removed.saturating_add(1);
            self.progress.emit(TeardownEvent::Finished { step, subject, description });
        }
        Ok(going)
    }

    /// Checks that the journal contains every object to remove.
    fn check_on_record(&self, acts: &[PlannedAct]) -> Result<()> {
        let Some(record) = &self.record else { return Ok(()) };
        let is_missing = |act: &&PlannedAct| act.removes.iter().any(|item| !record.created().has(item));
        let Some(missing) = acts.iter().find(is_missing) else { return Ok(()) };
        let message = format!("the journal does not have {} {}", missing.step, missing.subject);
        Err(Error::new(ErrorKind::Journal, message).with_remedy(
            "give the journal that the objects were read from, or read them from it and plan again",
        ))
    }

    /// Waits until registrations are gone and records that. Returns `false` if the run was stopped.
    async fn devices_gone(&mut self, going: Going) -> Result<bool> {
        if going.is_empty() {
            return Ok(true);
        }
        let (ids, items): (Vec<_>, Vec<_>) = going.into_iter().unzip();
        let remover = Remover { client: self.client, progress: &self.progress };
        let gone = remover.devices_gone(ids).await?;
        if gone {
            self.removed(items.into_iter().flatten().collect())?;
        }
        Ok(gone)
    }

    fn removed(&mut self, items: Vec<CreatedObject>) -> Result<()> {
        self.record.as_mut().map_or(Ok(()), |record| record.removed(items))
    }
}
