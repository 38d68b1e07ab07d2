//! The run that applies a plan.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::future::join3;

use super::context::{Apply, Halt, PartResult, is_contested};
use super::report::{ApplyEvent, ApplyOptions, ApplyReport};
#[cfg(feature = "ad")]
use crate::ad::directory::DirectoryErrorKind;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Client;
use crate::model::{Finding, MdmScopeStep};
use crate::workflow::created::CreatedObject;
use crate::workflow::findings::NAME_FOREIGN;
use crate::workflow::journal::Journal;
use crate::workflow::object::ManagedObject;
use crate::workflow::plan::Plan;
use crate::workflow::prepare::{Ensure, Todo};
use crate::workflow::record::Record;
use crate::workflow::run::Run;
use crate::workflow::scope::{MDM_USER_SCOPE, ScopeTodo, UserScope, before_change};
use crate::workflow::step::{PlannedStep, Step};
use crate::workflow::waiver::check_findings;

impl Plan {
    /// Applies the plan: objects first (concurrently if independent), then assignments. Meanwhile, devices are
    /// imported.
    ///
    /// The run reads the tenant again before the first write, and fails if the tenant has changed since the plan was
    /// made. Each write is read back, with a deadline. A new run resumes an interrupted one by reading the tenant.
    /// [`Run::stop_handle`] ends the run gracefully, with a report; dropping the run ends it immediately.
    ///
    /// # Errors
    /// The run always ends with its report; [`ApplyReport::error`] is the error that ended the run early:
    /// [`ErrorKind::InvalidInput`] for findings that stop the run, for a client that is signed in to another tenant, and
    /// for settings or devices other than the plan's; [`ErrorKind::Conflict`] if the tenant has changed, or an object
    /// with the same name was created in the meantime; [`ErrorKind::Journal`] if a journal cannot be used; otherwise
    /// same as [`Call`](crate::graph::Call). If one part fails, the others complete their current requests.
    pub fn apply(&self, client: &Client) -> Run<ApplyEvent, ApplyReport> {
        self.apply_with(client, ApplyOptions::default())
    }

    /// Applies the plan with the given options.
    ///
    /// # Errors
    /// Same as [`apply`](Self::apply).
    pub fn apply_with(&self, client: &Client, options: ApplyOptions) -> Run<ApplyEvent, ApplyReport> {
        let (plan, client) = (self.clone(), client.clone());
        Run::new(|progress| async move {
            let ApplyOptions { waived, journals } = options;
            let (made, import) = journals.unzip();
            let tenant = plan.tenant.tenant_id.as_deref();
            let record = match Record::open(made, plan.desired.name.as_str(), tenant) {
                Ok(record) => Mutex::new(record),
                Err(error) => return ApplyReport { errors: vec![error], ..ApplyReport::default() },
            };
            Apply { client, progress, report: Mutex::default(), record, waived }.run(plan, import).await
        })
    }
}

impl Apply {
    async fn run(self, plan: Plan, import: Option<Journal>) -> ApplyReport {
        let parts = match self.read_again(&plan).await {
            Ok(todo) => self.parts(todo, &plan, import).await,
            Err(error) => vec![Err(error.into())],
        };
        let mut report = self.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.created = self.record.into_inner().unwrap_or_else(PoisonError::into_inner).into_created();
        for part in parts {
            match part {
                Ok(()) => {}
                Err(Halt::Stopped) => report.stopped = true,
                Err(Halt::Failed(error)) => report.errors.push(error),
            }
        }
        // A part that fails stops the others.
        report.stopped &= report.errors.is_empty();
        report
    }

    /// Checks that the tenant still matches the plan, and returns the work.
    async fn read_again(&self, plan: &Plan) -> Result<Todo> {
        plan.tenant.check(&self.client).await?;
        plan.inputs.check(&plan.desired, &plan.devices)?;
        let (now, todo) =
            plan.desired.plan_with_todo(&self.client, &plan.devices, &plan.options, &plan.site).await?;
        check_unchanged(&plan.steps, &now.steps)?;
        check_findings(&now.findings, &self.waived, "plan")?;
        let foreign = [
            self.foreign(&todo.objects.group, plan),
            self.foreign(&todo.objects.page, plan),
            self.foreign(&todo.objects.skip, plan),
            self.foreign(&todo.objects.profile, plan),
            self.foreign(&todo.objects.domain_join, plan),
        ];
        match foreign.into_iter().flatten().next() {
            Some(finding) => Err(Error::new(ErrorKind::InvalidInput, finding.to_string())),
            None => Ok(todo),
        }
    }

    /// Returns a finding for an object that has the deployment's name but is missing in its journal, and so is foreign.
    fn foreign<S: ManagedObject>(&self, ensure: &Ensure<S>, plan: &Plan) -> Option<Finding> {
        let Ensure::Become(stored, wish) = ensure else { return None };
        let record = self.record();
        let id = stored.id.as_str();
        let named = CreatedObject::object(S::STEP, wish.name(), None);
        let is_own = !record.has_journal()
            || record.created().has_id(S::STEP, id)
            || record.created().is_unfinished(&named)
            || plan.options.adopted.iter().any(|adopted| adopted.is(S::STEP, id));
        let evidence = format!("the journal does not have the object of this name, {id}");
        (!is_own).then(|| NAME_FOREIGN.at(wish.name(), evidence))
    }

    async fn parts(&self, todo: Todo, plan: &Plan, import: Option<Journal>) -> Vec<PartResult<()>> {
        #[cfg(feature = "ad")]
        let rights = self.part(self.rights(todo.delegations)).await;
        #[cfg(not(feature = "ad"))]
        let rights = Ok(());
        let parts = join3(
            self.part(self.scope(todo.mdm)),
            self.part(self.objects(plan, todo.objects)),
            self.part(self.devices(todo.devices, plan, import)),
        );
        let (scope, objects, devices) = parts.await;
        vec![rights, scope, objects, devices]
    }

    /// Runs a part of the work. If the part fails, the others complete their current requests and stop.
    async fn part(&self, work: impl Future<Output = PartResult<()>>) -> PartResult<()> {
        let ended = work.await;
        if matches!(ended, Err(Halt::Failed(_))) {
            self.progress.stop();
        }
        ended
    }

    /// Grants rights in the directory before any write to the tenant: without them no device gets through.
    #[cfg(feature = "ad")]
    async fn rights(&self, planned: Vec<crate::workflow::on_premises::PlannedDelegation>) -> PartResult<()> {
        for planned in planned {
            self.go_on().await?;
            self.started(Step::ComputerAccounts, &planned.subject);
            let mut recorded = None;
            let applied = planned
                .delegation
                .apply_recorded(&*planned.directory, |receipt| {
                    self.record().add([CreatedObject::right(&planned.subject, receipt)?])?;
                    recorded = Some(receipt.clone());
                    Ok(())
                })
                .await;
            let (granted, ended) = match applied {
                Ok(applied) => {
                    let finding = applied.finding();
                    self.report().findings.extend(finding);
                    (Some(applied.receipt), Ok(()))
                }
                // A write that got no response, or was overwritten and may come back, is revoked by its receipt as
                // well.
                Err(error) if error.outcome_unknown() || error.kind() == DirectoryErrorKind::LostUpdate => {
                    (recorded, Err(error))
                }
                Err(error) => {
                    if let Some(receipt) = recorded {
                        let right = CreatedObject::right(&planned.subject, &receipt)?;
                        self.record().undo([right])?;
                    }
                    (None, Err(error))
                }
            };
            self.report().delegations.extend(granted);
            ended.map_err(crate::workflow::on_premises::deployment_error)?;
            self.done(Step::ComputerAccounts, &planned.subject, "delegated");
        }
        Ok(())
    }

    /// Changes the MDM user scope step by step. The previous scope is recorded before the first step.
    async fn scope(&self, todo: Option<ScopeTodo>) -> PartResult<()> {
        let Some(todo) = todo else { return Ok(()) };
        self.started(Step::AutomaticEnrollment, MDM_USER_SCOPE);
        let earlier = self.record().created().scope().map(|(before, after)| (before.clone(), after.clone()));
        let mut policy = todo.policy.clone();
        let (mut tries, mut is_untouched): (u32, bool) = (3, true);
        // The groups that somebody else has taken into the scope meanwhile.
        let mut theirs = BTreeMap::new();
        'again: loop {
            let (now, after) = (UserScope::of(&policy), todo.target(&policy));
            let recorded = self.record().created().scope().map(|(one, other)| (one.clone(), other.clone()));
            let before = before_change(recorded.as_ref().map(|(one, other)| (one, other)), &now);
            let before = before.with_groups(&theirs);
            let steps = after.to_wish().map_or_else(Vec::new, |wish| wish.steps_from(&policy));
            if steps.is_empty() && is_untouched {
                self.forget_scope(earlier, before, after)?;
                let (step, subject) = (Step::AutomaticEnrollment, MDM_USER_SCOPE.to_owned());
                let description = "set by somebody else";
                self.progress.emit(ApplyEvent::Finished { step, subject, description });
                return Ok(());
            }
            if !steps.is_empty() {
                self.go_on().await?;
            }
            self.record().add([CreatedObject::Scope { before: before.clone(), after: after.clone() }])?;
            for step in steps {
                if let Err(halt) = self.go_on().await {
                    if is_untouched {
                        self.forget_scope(earlier, before, after)?;
                    }
                    return Err(halt);
                }
                let Err(error) = self.client.mdm_policies().apply(&policy.id, &step).await else {
                    is_untouched = false;
                    continue;
                };
                is_untouched &= !error.outcome_unknown();
                if !error.outcome_unknown() && !is_contested(&error) {
                    if is_untouched {
                        self.forget_scope(earlier, before, after)?;
                    }
                    return Err(error.into());
                }
                // The write may have arrived, or another operator made it: reading shows what is left to do.
                tries -= 1;
                if tries == 0 {
                    return Err(error.into());
                }
                policy = self.client.mdm_policies().intune().await?;
                if let MdmScopeStep::Include(group) = &step
                    && !error.outcome_unknown()
                {
                    let now = UserScope::of(&policy);
                    let held = now.groups().filter(|(id, _)| *id == group);
                    theirs.extend(held.map(|(id, name)| (id.clone(), name.to_owned())));
                }
                continue 'again;
            }
            break;
        }
        self.done(Step::AutomaticEnrollment, MDM_USER_SCOPE, "set");
        Ok(())
    }

    /// Restores the record of the deployment's earlier scope change, if there was one, because nothing was changed.
    fn forget_scope(
        &self,
        earlier: Option<(UserScope, UserScope)>,
        before: UserScope,
        after: UserScope,
    ) -> Result<()> {
        match earlier {
            Some((before, after)) => self.record().done([CreatedObject::Scope { before, after }]),
            None => self.record().undo([CreatedObject::Scope { before, after }]),
        }
    }
}

/// Checks that the tenant still matches the plan.
fn check_unchanged(then: &[PlannedStep], now: &[PlannedStep]) -> Result<()> {
    let differs = then
        .iter()
        .find(|planned| !now.contains(planned))
        .or_else(|| now.iter().find(|planned| !then.contains(planned)));
    let Some(planned) = differs else { return Ok(()) };
    let message = format!(
        "the tenant has changed since the plan was made, at {}: {}; plan again",
        planned.step, planned.subject
    );
    Err(Error::new(ErrorKind::Conflict, message))
}
