//! A plan carried out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;

use super::hybrid_join::{DomainJoinTarget, HybridJoin};
use super::import::{Import, ImportEvent, ImportReport};

use super::objects::{Assignable, Object};
use super::plan::{Plan, PlannedStep, Step};
use super::prepare::{Ensure, Todo};
use super::run::{Progress, Run};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Client, Poll, Poller, Schedule};
use crate::model::{
    Device, DeviceToImport, DomainJoinProfile, EnrollmentStatusPage, Finding, Group, GroupTag,
    HybridJoinProfile, Id, Patch, Severity, Stored, Target,
};
use crate::resource::DeviceUpdate;

/// How a plan is applied.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// Ids of findings that do not stop it.
    pub waived: Vec<String>,
}

impl ApplyOptions {
    /// Goes on in spite of findings with this id.
    #[must_use]
    pub fn waiving(mut self, id: impl Into<String>) -> Self {
        self.waived.push(id.into());
        self
    }
}

/// What happens while a plan is applied.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ApplyEvent {
    /// Something was begun.
    Started {
        /// The step.
        step: Step,
        /// What it is about.
        subject: String,
    },
    /// Something was done.
    Done {
        /// The step.
        step: Step,
        /// What it is about.
        subject: String,
        /// What was done, in words.
        what: &'static str,
    },
    /// The import of devices goes on.
    Import(ImportEvent),
    /// Something was found on the way.
    Found(Finding),
}

/// What came of a plan.
#[derive(Debug)]
#[non_exhaustive]
pub struct ApplyReport {
    /// How many things were written: nothing, if everything was as it should be.
    pub changes: usize,
    /// What came of the import; `None` if there was nothing to import.
    pub import: Option<ImportReport>,
    /// The devices of the deployment that are registered: id and serial number.
    pub devices: Vec<(Id<Device>, String)>,
    /// The profile, if the deployment has one.
    pub profile: Option<Id<HybridJoinProfile>>,
    /// The group, if the deployment has one.
    pub group: Option<Id<Group>>,
    /// What was found on the way.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Carries the plan out: objects first, what is independent side by side, then assignments, and the devices beside
    /// all that.
    ///
    /// It reads the tenant again before the first write, and stops if it is no longer what the plan was made for. Running
    /// it again goes on where it stopped: everything that was done is found by reading.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for findings that stop it, and for devices that a plan lost on its way through serde;
    /// [`ErrorKind::Conflict`] if the tenant has changed; as [`Call::send`](crate::graph::Call::send).
    pub fn apply(&self, client: &Client) -> Run<ApplyEvent, ApplyReport> {
        self.apply_with(client, ApplyOptions::default())
    }

    /// The same, in another way than the usual one.
    pub fn apply_with(&self, client: &Client, options: ApplyOptions) -> Run<ApplyEvent, ApplyReport> {
        let (plan, client) = (self.clone(), client.clone());
        Run::new(|progress| async move {
            Apply { client, progress, report: Report::default() }.run(plan, options).await
        })
    }
}

#[derive(Default)]
struct Report {
    changes: AtomicUsize,
    findings: Mutex<Vec<Finding>>,
}

struct Apply {
    client: Client,
    progress: Progress<ApplyEvent>,
    report: Report,
}

impl Apply {
    async fn run(self, plan: Plan, options: ApplyOptions) -> Result<ApplyReport> {
        let (now, todo) = plan.desired.plan_with_todo(&self.client, &plan.devices).await?;
        check_unchanged(&plan.steps, &now.steps)?;
        let stops = |finding: &&Finding| {
            finding.severity == Severity::Error && !options.waived.iter().any(|waived| *waived == finding.id)
        };
        let blocking: Vec<String> = now.findings.iter().filter(stops).map(ToString::to_string).collect();
        if !blocking.is_empty() {
            let message = format!("{} findings stop the plan: {}", blocking.len(), blocking.join("; "));
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let Todo { mdm, group, page, profile, domain_join, import, retag, registered } = todo;
        let retagged = retag.iter().map(|(id, serial, _)| (id.clone(), serial.clone()));
        let mut known: Vec<(Id<Device>, String)> = registered.into_iter().chain(retagged).collect();
        let desired = &plan.desired;

        let scope = async {
            if let Some((policy, scope)) = mdm {
                self.started(Step::AutomaticEnrollment, "MDM user scope");
                self.client.mdm_policies().set_scope(&policy, &scope).await?;
                self.done(Step::AutomaticEnrollment, "MDM user scope", "set");
            }
            Ok(())
        };
        let objects = async {
            let (group, page, profile, domain_join) = futures_util::future::try_join4(
                self.ensure(Step::Group, group),
                self.ensure(Step::StatusPage, page),
                self.ensure(Step::Profile, profile),
                self.ensure(Step::DomainJoin, domain_join),
            )
            .await?;
            if let Some(group) = &group {
                self.wait_for_group(&group.id).await?;
            }
            self.assign_all(desired, group.as_ref(), page, profile.as_ref(), domain_join).await?;
            Ok((group, profile))
        };
        let devices = self.devices(import, retag);
        let ((), (group, profile), import) = futures_util::future::try_join3(scope, objects, devices).await?;
        let imported = import.iter().flat_map(|import| &import.devices);
        known.extend(imported.filter_map(|device| {
            Some((device.outcome.device()?.clone(), device.serial_number.as_str().to_owned()))
        }));
        Ok(ApplyReport {
            devices: known,
            changes: self.report.changes.into_inner(),
            import,
            profile: profile.map(|stored| stored.id),
            group: group.map(|stored| stored.id),
            findings: self.report.findings.into_inner().unwrap_or_else(PoisonError::into_inner),
        })
    }

    fn started(&self, step: Step, subject: &str) {
        self.progress.send(ApplyEvent::Started { step, subject: subject.to_owned() });
    }

    fn done(&self, step: Step, subject: &str, what: &'static str) {
        self.report.changes.fetch_add(1, Ordering::Relaxed);
        self.progress.send(ApplyEvent::Done { step, subject: subject.to_owned(), what });
    }

    fn found(&self, finding: Finding) {
        self.report.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding.clone());
        self.progress.send(ApplyEvent::Found(finding));
    }

    /// Creates or changes an object.
    async fn ensure<S: Object>(&self, step: Step, ensure: Ensure<S>) -> Result<Option<Stored<S>>> {
        match ensure {
            Ensure::Nothing | Ensure::Blocked => Ok(None),
            Ensure::Create(wish) => {
                self.started(step, wish.name());
                let stored = self.create(&wish).await?;
                self.done(step, wish.name(), "created");
                Ok(Some(stored))
            }
            Ensure::Become(stored, wish) => {
                let update = wish.update(&self.client, &stored);
                if update.patch().is_empty() {
                    return Ok(Some(*stored));
                }
                self.started(step, wish.name());
                let stored = update.send().await?;
                self.done(step, wish.name(), "changed");
                for change in Patch::between(&stored.settings, &wish).changes() {
                    self.found(Finding::new(
                        "settings.not-taken",
                        Severity::Warning,
                        wish.name(),
                        format!("the service did not take {change}"),
                        "set it in the Intune admin center, or use another name, so that a new one is created",
                    ));
                }
                Ok(Some(stored))
            }
        }
    }

    /// Creates an object. If no answer comes, it is looked for before it is sent again.
    async fn create<S: Object>(&self, wish: &S) -> Result<Stored<S>> {
        let error = match wish.create(&self.client).send().await {
            Ok(stored) => return Ok(stored),
            Err(error) if error.outcome_unknown() => error,
            Err(error) => return Err(error),
        };
        let (client, name) = (self.client.clone(), wish.name().to_owned());
        let schedule =
            Schedule::new(Duration::from_secs(5), Duration::from_secs(20), Duration::from_secs(60));
        let looked =
            Poller::<_>::new(Arc::clone(self.client.clock()), schedule, "the object to appear", move || {
                let (client, name) = (client.clone(), name.clone());
                async move {
                    let mut found = S::find(&client, &name).await?;
                    Ok(found.pop().map_or(Poll::Pending(()), Poll::Ready))
                }
            });
        match looked.await {
            Ok(stored) => Ok(stored),
            // It did not arrive: once more, and then the error counts.
            Err(late) if late.kind() == ErrorKind::Timeout => {
                tracing::debug!(kind = ?error.kind(), "a creation did not arrive, and is sent once more");
                wish.create(&self.client).send().await
            }
            Err(other) => Err(other),
        }
    }

    /// Waits until a new group can be read: assignments to one that cannot are refused.
    async fn wait_for_group(&self, id: &Id<Group>) -> Result<()> {
        let (client, id) = (self.client.clone(), id.clone());
        let schedule =
            Schedule::new(Duration::from_secs(2), Duration::from_secs(15), Duration::from_secs(300));
        Poller::<()>::new(Arc::clone(self.client.clock()), schedule, "the group to appear", move || {
            let get = client.groups().get(&id);
            async move {
                match get.send().await {
                    Ok(_) => Ok(Poll::Ready(())),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(Poll::Pending(())),
                    Err(error) => Err(error),
                }
            }
        })
        .await
    }

    async fn assign_all(
        &self,
        desired: &HybridJoin,
        group: Option<&Stored<Group>>,
        page: Option<Stored<EnrollmentStatusPage>>,
        profile: Option<&Stored<HybridJoinProfile>>,
        domain_join: Option<Stored<DomainJoinProfile>>,
    ) -> Result<()> {
        let to_group = group.map(|group| Target::group(group.id.clone()));
        let to_all =
            desired.domain_join.as_ref().is_some_and(|join| join.assign_to == DomainJoinTarget::AllDevices);
        let joins = if to_all { Some(Target::all_devices()) } else { to_group.clone() };
        let keep = !desired.remove_other_assignments;
        futures_util::future::try_join3(
            self.assign(Step::StatusPage, page.as_ref(), to_group.as_ref(), keep),
            self.assign(Step::Profile, profile, to_group.as_ref(), keep),
            self.assign(Step::DomainJoin, domain_join.as_ref(), joins.as_ref(), keep),
        )
        .await?;
        Ok(())
    }

    async fn assign<S: Assignable>(
        &self,
        step: Step,
        object: Option<&Stored<S>>,
        target: Option<&Target>,
        keep_others: bool,
    ) -> Result<()> {
        let (Some(object), Some(target)) = (object, target) else { return Ok(()) };
        let found = S::assignments(&self.client, &object.id).await?;
        let is_target = |found: &Target| found.same_as(target);
        let there = found.iter().filter_map(|assignment| assignment.target.as_ref()).any(is_target);
        let others = found
            .iter()
            .any(|assignment| assignment.is_direct() && !assignment.target.as_ref().is_some_and(is_target));
        if there && (keep_others || !others) {
            return Ok(());
        }
        let subject = object.settings.name();
        self.started(step, subject);
        match S::assign(&self.client, &object.id, target, keep_others).await {
            // It may have arrived: doing it again looks first.
            Err(error) if error.outcome_unknown() => {
                S::assign(&self.client, &object.id, target, keep_others).await?;
            }
            result => result?,
        }
        self.done(step, subject, "assigned");
        Ok(())
    }

    /// Tags devices that are registered, and imports those that are not.
    async fn devices(
        &self,
        import: Vec<DeviceToImport>,
        retag: Vec<(Id<Device>, String, GroupTag)>,
    ) -> Result<Option<ImportReport>> {
        for (id, serial, tag) in retag {
            self.started(Step::Devices, &serial);
            let update = DeviceUpdate::new().with_group_tag(Some(&tag));
            self.client.devices().update(&id, &update).send().await?;
            self.done(Step::Devices, &serial, "tagged");
        }
        if import.is_empty() {
            return Ok(None);
        }
        let mut run = Import::new(&self.client, import).start();
        while let Some(event) = run.next().await {
            self.progress.send(ApplyEvent::Import(event));
        }
        let report = run.await?;
        self.report.changes.fetch_add(report.counts.registered, Ordering::Relaxed);
        Ok(Some(report))
    }
}

/// Whether the tenant is still what the plan was made for.
fn check_unchanged(then: &[PlannedStep], now: &[PlannedStep]) -> Result<()> {
    let differs = then
        .iter()
        .find(|planned| !now.contains(planned))
        .or_else(|| now.iter().find(|planned| !then.contains(planned)));
    match differs {
        None => Ok(()),
        Some(planned) => {
            let message = format!(
                "the tenant has changed since the plan was made, at {}: {}; plan again",
                planned.step, planned.subject
            );
            Err(Error::new(ErrorKind::Conflict, message))
        }
    }
}
