//! The run that replaces a registration.

use serde::Serialize;

use super::plan::{OldRegistration, ReplacementPlan};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Client;
use crate::model::{Device, DeviceToImport, Finding, Id, Personal, User, UserPrincipalName};
use crate::workflow::findings::{REPLACE_NOT_IMPORTED, REPLACE_USER_NOT_KNOWN};
use crate::workflow::import::{Import, ImportEvent, ImportReport};
use crate::workflow::journal::Journal;
use crate::workflow::record::Record;
use crate::workflow::removal::{Remover, send};
use crate::workflow::run::{Progress, Run, ends_with_errors, serialize_errors};
use crate::workflow::step::{Action, Step};
use crate::workflow::teardown::RemovalAction;
use crate::workflow::waiver::check_findings;

/// An event during a [`ReplaceMotherboard`](super::ReplaceMotherboard).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "an event is moved once, to its reader")]
pub enum ReplacementEvent {
    /// One of the replacement's changes is complete.
    #[non_exhaustive]
    Finished {
        /// The step that the change belongs to.
        step: Step,
        /// A description of the change.
        description: &'static str,
    },
    /// An event from the import.
    Import(ImportEvent),
}

/// The outcome of a [`ReplaceMotherboard`](super::ReplaceMotherboard), whether complete or partial; everything listed
/// was done.
#[derive(Debug, Default, Serialize)]
#[must_use = "the run may have ended with an error: see `error` and `into_result`"]
#[non_exhaustive]
pub struct ReplacementReport {
    /// The new registration; `None` if the run did not complete.
    pub registered: Option<Id<Device>>,
    /// The number of changes; 0 if the replacement had already been completed.
    pub changes: usize,
    /// Whether the run was stopped before it finished. A new plan with the same journals resumes it.
    pub stopped: bool,
    /// The outcome of the import; `None` if the run did not reach it.
    pub import: Option<ImportReport>,
    /// The remaining manual work.
    pub manual: Vec<String>,
    /// The findings from the run.
    pub findings: Vec<Finding>,
    #[serde(serialize_with = "serialize_errors", skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Error>,
}

ends_with_errors!(ReplacementReport);

impl ReplacementPlan {
    /// Applies the plan: removes the old registration, imports the new one, and assigns the user again.
    ///
    /// The first journal records the replacement, the second the import. Pass the same journals to a run that resumes
    /// an interrupted one.
    ///
    /// # Errors
    /// The run always ends with its report; [`ReplacementReport::error`] is the error that ended the run early:
    /// [`ErrorKind::InvalidInput`] for findings that stop the run, and for a client that is signed in to another
    /// tenant; [`ErrorKind::Conflict`] if the tenant has changed since the plan was made; [`ErrorKind::Journal`] if a
    /// journal cannot be used; [`ErrorKind::Rejected`] if the service rejects the new registration; otherwise same as
    /// [`Call`](crate::graph::Call).
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`; `DeviceManagementManagedDevices.ReadWrite.All` for an enrolled
    /// device; `User.ReadBasic.All` for one with a user.
    pub fn apply(
        &self,
        client: &Client,
        journal: Journal,
        import: Journal,
    ) -> Run<ReplacementEvent, ReplacementReport> {
        self.apply_with_waived(client, journal, import, &[])
    }

    /// Applies the plan despite findings with these ids.
    ///
    /// # Errors
    /// Same as [`apply`](Self::apply).
    pub fn apply_with_waived(
        &self,
        client: &Client,
        journal: Journal,
        import: Journal,
        waived: &[&str],
    ) -> Run<ReplacementEvent, ReplacementReport> {
        let (plan, client) = (self.clone(), client.clone());
        let waived: Vec<String> = waived.iter().map(|id| (*id).to_owned()).collect();
        Run::new(|progress| async move {
            let mut report = ReplacementReport::default();
            let ended = Replacing { client: &client, progress: &progress, report: &mut report }
                .run(&plan, journal, import, &waived)
                .await;
            match ended {
                Ok(Ended::Complete) => {}
                Ok(Ended::Stopped) => report.stopped = true,
                Err(error) => report.errors.push(error),
            }
            report
        })
    }
}

/// The end of a run without an error.
enum Ended {
    Complete,
    Stopped,
}

struct Replacing<'a> {
    client: &'a Client,
    progress: &'a Progress<ReplacementEvent>,
    report: &'a mut ReplacementReport,
}

impl Replacing<'_> {
    async fn run(
        mut self,
        plan: &ReplacementPlan,
        journal: Journal,
        import: Journal,
        waived: &[String],
    ) -> Result<Ended> {
        plan.tenant.check(self.client).await?;
        let tenant = plan.tenant.tenant_id.as_deref();
        let mut record = Record::open_for_replacements(journal, tenant)?;
        let (now, work) = plan.replace.resolve(self.client, record.replacements()).await?;
        if (&now.removals, &now.steps, &now.joins, &now.leaves, &now.group_tag)
            != (&plan.removals, &plan.steps, &plan.joins, &plan.leaves, &plan.group_tag)
        {
            let message =
                "the device, its groups or the journal have changed since the plan was made; plan again";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        check_findings(&now.findings, waived, "plan")?;
        // A waived finding does not say which registration to replace.
        let Some(replacement) = work.replacement else {
            return Err(Error::new(ErrorKind::InvalidInput, "there is no registration to replace"));
        };
        if let Some(done) = replacement.new {
            self.report.registered = Some(done);
            return Ok(Ended::Complete);
        }
        if now.removals.iter().any(|planned| matches!(planned.action, RemovalAction::Blocked(_))) {
            return Err(Error::new(ErrorKind::InvalidInput, "the old registration cannot be deleted"));
        }
        let manual = now.removals.iter().filter_map(|planned| match &planned.action {
            RemovalAction::Manual(text) => Some(format!("{} {}: {text}", planned.step, planned.subject)),
            _ => None,
        });
        let later = now.steps.iter().filter_map(|planned| match &planned.action {
            Action::Manual(text) => Some(format!("{} {}: {text}", planned.step, planned.subject)),
            _ => None,
        });
        self.report.manual.extend(manual.chain(later));
        record.replacing(replacement.clone())?;
        if let Some(old) = work.old
            && !self.remove(old).await?
        {
            return Ok(Ended::Stopped);
        }
        let mut device = plan.replace.device.clone();
        device.group_tag.clone_from(&replacement.group_tag);
        let Some(new) = self.import(device, import).await? else { return Ok(Ended::Stopped) };
        if let Some(user) = &replacement.user
            && !self.assign(&new, user, &replacement.serial_number).await?
        {
            return Ok(Ended::Stopped);
        }
        record.replaced(&replacement.key, new.clone())?;
        self.report.registered = Some(new);
        Ok(Ended::Complete)
    }

    /// Returns `false` if the run has to stop.
    async fn goes_on(&self) -> bool {
        self.progress.flush().await;
        !self.progress.is_stopped()
    }

    fn done(&mut self, step: Step, description: &'static str) {
        self.report.changes = self.report.changes.saturating_add(1);
        self.progress.emit(ReplacementEvent::Finished { step, description });
    }

    /// Removes the old registration, and waits until it is gone. Returns `false` if the run was stopped.
    async fn remove(&mut self, old: OldRegistration) -> Result<bool> {
        let remover = Remover { client: self.client, progress: self.progress };
        if let Some(managed) = &old.managed {
            if !self.goes_on().await {
                return Ok(false);
            }
            remover.delete(self.client.managed_devices().delete(managed)).await?;
            self.done(Step::Deploy, "deleted in Intune");
        }
        if old.has_user {
            if !self.goes_on().await {
                return Ok(false);
            }
            send(self.client.devices().unassign_user(&old.id)).await?;
            self.done(Step::Users, "unassigned");
        }
        if !self.goes_on().await {
            return Ok(false);
        }
        remover.delete(self.client.devices().delete(&old.id)).await?;
        self.done(Step::Devices, "deleted");
        remover.devices_gone(vec![old.id]).await
    }

    /// Imports the device. Returns its new registration, or `None` if the run was stopped.
    async fn import(&mut self, device: DeviceToImport, journal: Journal) -> Result<Option<Id<Device>>> {
        if !self.goes_on().await {
            return Ok(None);
        }
        let serial = device.serial_number.clone();
        let run = Import::new(self.client, [device]).with_journal(journal).start();
        let imported = run.within(self.progress, ReplacementEvent::Import).await?;
        let outcome = imported.devices.first().map(|imported| imported.outcome.clone());
        self.report.import = Some(imported);
        let Some(outcome) = outcome else { return Ok(None) };
        self.report.findings.extend(outcome.finding(serial.as_str()));
        if let Some(new) = outcome.device() {
            self.done(Step::Devices, "imported");
            return Ok(Some(new.clone()));
        }
        if self.progress.is_stopped() {
            return Ok(None);
        }
        let finding = REPLACE_NOT_IMPORTED.at(serial.as_str(), outcome.to_string());
        let error = Error::new(ErrorKind::Rejected, finding.to_string());
        self.report.findings.push(finding);
        Err(error)
    }

    /// Assigns the user of the old registration. Returns `false` if the run was stopped.
    async fn assign(&mut self, device: &Id<Device>, user: &Id<User>, serial: &str) -> Result<bool> {
        if !self.goes_on().await {
            return Ok(false);
        }
        let found = match self.client.users().get(user).await {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            found => Some(found?),
        };
        let named = found.and_then(|found| {
            let upn: UserPrincipalName = found.user_principal_name?.as_str().parse().ok()?;
            let name = found.display_name.unwrap_or_else(|| Personal::from(upn.as_str().to_owned()));
            Some((upn, name))
        });
        let Some((upn, name)) = named else {
            let evidence = "the user of the old registration is not in the tenant any more";
            self.report.findings.push(REPLACE_USER_NOT_KNOWN.at(serial, evidence));
            return Ok(true);
        };
        self.client.devices().assign_user(device, &upn, &name).await?;
        self.done(Step::Users, "assigned its user");
        Ok(true)
    }
}
