//! A plan carried out.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, join3, join4, select};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::created::{CreatedObject, CreatedObjects, Record};
use super::hybrid_join::{DomainJoinTarget, HybridJoin};
use super::import::{Import, ImportEvent, ImportOutcome, ImportReport};
use super::journal::Journal;
use super::object::{Assignable, Object};
use super::plan::Plan;
use super::prepare::{DevicesTodo, Ensure, Todo};
use super::run::{Progress, Run};
use super::step::{PlannedStep, Step};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Client, Poll, Poller, Schedule};
use crate::model::{
    Device, DeviceToImport, DomainJoinProfile, EnrollmentStatusPage, Finding, Group, GroupTag,
    HybridJoinProfile, Id, MdmPolicy, MdmScope, MdmScopeStep, Patch, Personal, Severity, Stored, Target,
    UserPrincipalName,
};
use crate::resource::DeviceUpdate;

/// How a plan is applied.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// Ids of findings that do not stop it.
    pub waived: Vec<String>,
    journals: Option<(Journal, Journal)>,
}

impl ApplyOptions {
    /// Goes on in spite of findings with this id.
    #[must_use]
    pub fn waiving(mut self, id: impl Into<String>) -> Self {
        self.waived.push(id.into());
        self
    }

    /// Writes down what is made before it is made, and how the import of devices goes, and goes on from what an earlier
    /// run wrote.
    ///
    /// Without journals, a run that was killed is still gone on with: what was done is found by reading. With them, the
    /// import also goes on with devices that were on their way, and a [`Teardown`](super::Teardown) knows what is this
    /// deployment's ([`CreatedObjects::read`]).
    ///
    /// ```
    /// use windows_autopilot::workflow::{ApplyOptions, Journal};
    /// let options = ApplyOptions::default()
    ///     .with_journals(Journal::at("munich.made"), Journal::at("munich.import"));
    /// ```
    #[must_use]
    pub fn with_journals(mut self, made: Journal, import: Journal) -> Self {
        self.journals = Some((made, import));
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
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ApplyReport {
    /// How many things were written: nothing, if everything was as it should be.
    pub changes: usize,
    /// Whether it was stopped before it was through. Applying a new plan goes on.
    pub stopped: bool,
    /// What came of the import; `None` if there was nothing to import.
    pub import: Option<ImportReport>,
    /// The devices of the deployment that are registered: id and serial number.
    pub devices: Vec<(Id<Device>, String)>,
    /// The profile, if the deployment has one.
    pub profile: Option<Id<HybridJoinProfile>>,
    /// The group, if the deployment has one.
    pub group: Option<Id<Group>>,
    /// What was made, for a teardown; with journals, also by earlier runs.
    pub created: CreatedObjects,
    /// The rights that were granted in the directory: to be kept, if they are to be revoked one day.
    #[cfg(feature = "ad")]
    pub delegations: Vec<crate::ad::delegation::DelegationReceipt>,
    /// What was found on the way.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Carries the plan out: objects first, what is independent side by side, then assignments, and the devices beside
    /// all that.
    ///
    /// It reads the tenant again before the first write, and stops if it is no longer what the plan was made for. Each
    /// write is read back, with a deadline. Running it again goes on where it stopped: everything that was done is found
    /// by reading. [`Run::stop_handle`] lets it end in good order, with a report; dropping the run ends it at once.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for findings that stop it, and for devices that a plan lost on its way through serde;
    /// [`ErrorKind::Conflict`] if the tenant has changed; [`ErrorKind::Journal`] if a journal cannot be used; as
    /// [`Call::send`](crate::graph::Call::send). When one part fails, the others end what they are at.
    pub fn apply(&self, client: &Client) -> Run<ApplyEvent, ApplyReport> {
        self.apply_with(client, ApplyOptions::default())
    }

    /// The same, in another way than the usual one.
    pub fn apply_with(&self, client: &Client, options: ApplyOptions) -> Run<ApplyEvent, ApplyReport> {
        let (plan, client) = (self.clone(), client.clone());
        Run::new(|progress| async move {
            let ApplyOptions { waived, journals } = options;
            let (made, import) = journals.unzip();
            let record = Mutex::new(Record::open(made, plan.desired.name.as_str())?);
            Apply { client, progress, report: Mutex::default(), record }.run(plan, &waived, import).await
        })
    }
}

struct Apply {
    client: Client,
    progress: Progress<ApplyEvent>,
    report: Mutex<ApplyReport>,
    record: Mutex<Record>,
}

/// Why a part ended before it was through.
enum Halt {
    /// Somebody asked for it, or another part failed.
    Stopped,
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

type Part<T> = Result<T, Halt>;

const fn schedule(first: u64, longest: u64, deadline: u64) -> Schedule {
    Schedule::new(Duration::from_secs(first), Duration::from_secs(longest), Duration::from_secs(deadline))
}

/// How long an object without an answer is looked for.
const LOOKING: Schedule = schedule(5, 20, 60);
/// How long a new object may take to be there for all: assignments to a group that cannot be read are refused.
const APPEARING: Schedule = schedule(2, 15, 300);
/// How long a change may take to read back.
const SETTLING: Schedule = schedule(2, 15, 60);
/// How long a group tag may take to read back.
const TAGGING: Schedule = schedule(5, 60, 15 * 60);

/// Devices that are waited for side by side.
const ABREAST: usize = 8;

impl Apply {
    async fn run(self, plan: Plan, waived: &[String], import: Option<Journal>) -> Result<ApplyReport> {
        let (now, todo) = plan.desired.plan_with_todo(&self.client, &plan.devices, &plan.site).await?;
        check_unchanged(&plan.steps, &now.steps)?;
        let stops = |finding: &&Finding| {
            finding.severity == Severity::Error && !waived.iter().any(|waived| *waived == finding.id)
        };
        let blocking: Vec<String> = now.findings.iter().filter(stops).map(ToString::to_string).collect();
        if !blocking.is_empty() {
            let message = format!("{} findings stop the plan: {}", blocking.len(), blocking.join("; "));
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let Todo {
            mdm,
            group,
            page,
            profile,
            domain_join,
            devices,
            #[cfg(feature = "ad")]
            delegations,
        } = todo;
        #[cfg(feature = "ad")]
        let rights = self.part(self.rights(delegations)).await;
        #[cfg(not(feature = "ad"))]
        let rights = Ok(());
        let parts = join3(
            self.part(self.scope(mdm)),
            self.part(self.objects(&plan.desired, group, page, profile, domain_join)),
            self.part(self.devices(devices, &plan, import)),
        );
        let parts: [Part<()>; 3] = parts.await.into();
        let parts = [rights].into_iter().chain(parts);
        let mut report = self.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.created = self.record.into_inner().unwrap_or_else(PoisonError::into_inner).into_created();
        for part in parts {
            match part {
                Ok(()) => {}
                Err(Halt::Stopped) => report.stopped = true,
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
        Ok(report)
    }

    /// A part of the work, whose failure lets the others end what they are at.
    async fn part(&self, work: impl Future<Output = Part<()>>) -> Part<()> {
        let ended = work.await;
        if matches!(ended, Err(Halt::Failed(_))) {
            self.progress.stop();
        }
        ended
    }

    fn report(&self) -> MutexGuard<'_, ApplyReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be asked before each write.
    async fn go_on(&self) -> Part<()> {
        self.progress.heard().await;
        if self.progress.is_stopped() { Err(Halt::Stopped) } else { Ok(()) }
    }

    fn started(&self, step: Step, subject: &str) {
        self.progress.send(ApplyEvent::Started { step, subject: subject.to_owned() });
    }

    fn done(&self, step: Step, subject: &str, what: &'static str) {
        self.report().changes += 1;
        self.progress.send(ApplyEvent::Done { step, subject: subject.to_owned(), what });
    }

    fn found(&self, finding: Finding) {
        self.report().findings.push(finding.clone());
        self.progress.send(ApplyEvent::Found(finding));
    }

    /// Waits, unless the work is to end.
    async fn wait<T: Send + 'static, P: Send + 'static>(&self, poller: Poller<T, P>) -> Part<T> {
        match select(IntoFuture::into_future(poller), pin!(self.progress.stopped())).await {
            Either::Left((ended, _)) => Ok(ended?),
            Either::Right(_) => Err(Halt::Stopped),
        }
    }

    fn poller<T, P, F, R>(&self, schedule: Schedule, what: &'static str, look: F) -> Poller<T, P>
    where
        T: Send + 'static,
        P: Send + 'static,
        F: FnMut() -> R + Send + 'static,
        R: Future<Output = Result<Poll<T, P>>> + Send + 'static,
    {
        Poller::new(Arc::clone(self.client.clock()), schedule, what, look)
    }

    /// Grants rights in the directory, before anything is written to the tenant: without them no device would come through.
    #[cfg(feature = "ad")]
    async fn rights(&self, planned: Vec<super::on_premises::PlannedDelegation>) -> Part<()> {
        for planned in planned {
            self.go_on().await?;
            self.started(Step::ComputerAccounts, &planned.subject);
            let applied = planned.delegation.apply(&*planned.directory).await;
            let receipt = applied.map_err(super::on_premises::deployment_error)?;
            self.report().delegations.push(receipt);
            self.done(Step::ComputerAccounts, &planned.subject, "delegated");
        }
        Ok(())
    }

    /// Takes users into the MDM scope, step by step.
    async fn scope(&self, wanted: Option<(MdmPolicy, MdmScope)>) -> Part<()> {
        const SUBJECT: &str = "MDM user scope";
        let Some((mut policy, scope)) = wanted else { return Ok(()) };
        self.started(Step::AutomaticEnrollment, SUBJECT);
        let mut tries: u32 = 3;
        'again: loop {
            for step in scope.steps_from(&policy) {
                self.go_on().await?;
                match &step {
                    MdmScopeStep::Include(group) => {
                        let held = policy.included_groups.iter().flatten().any(|held| held.id == *group);
                        let item = CreatedObject::ScopeGroup { group: group.clone() };
                        self.record().add((!held).then_some(item))?;
                    }
                    MdmScopeStep::ApplyToAll => self.record().add([CreatedObject::ScopeAll])?,
                    _ => {}
                }
                match self.client.mdm_policies().apply(&policy.id, &step).send().await {
                    Ok(()) => {}
                    // It may have arrived: what is left to do is told by reading.
                    Err(error) if error.outcome_unknown() && tries > 1 => {
                        tries -= 1;
                        policy = self.client.mdm_policies().intune().await?;
                        continue 'again;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            break;
        }
        self.done(Step::AutomaticEnrollment, SUBJECT, "set");
        Ok(())
    }

    async fn objects(
        &self,
        desired: &HybridJoin,
        group: Ensure<Group>,
        page: Ensure<EnrollmentStatusPage>,
        profile: Ensure<HybridJoinProfile>,
        domain_join: Ensure<DomainJoinProfile>,
    ) -> Part<()> {
        // Each ends what it is at when another fails.
        let (group, page, profile, domain_join) = join4(
            self.ensure(Step::Group, group),
            self.ensure(Step::StatusPage, page),
            self.ensure(Step::Profile, profile),
            self.ensure(Step::DomainJoin, domain_join),
        )
        .await;
        let (group, page, profile, domain_join) = (group?, page?, profile?, domain_join?);
        {
            let mut report = self.report();
            report.group = group.as_ref().map(|stored| stored.id.clone());
            report.profile = profile.as_ref().map(|stored| stored.id.clone());
        }
        let to_group = group.map(|stored| Target::group(stored.id));
        let to_all =
            desired.domain_join.as_ref().is_some_and(|join| join.assign_to == DomainJoinTarget::AllDevices);
        let joins = if to_all { Some(Target::all_devices()) } else { to_group.clone() };
        let keep = !desired.remove_other_assignments;
        let assigned: [Part<()>; 3] = join3(
            self.assign(Step::StatusPage, page.as_ref(), to_group.as_ref(), keep),
            self.assign(Step::Profile, profile.as_ref(), to_group.as_ref(), keep),
            self.assign(Step::DomainJoin, domain_join.as_ref(), joins.as_ref(), keep),
        )
        .await
        .into();
        assigned.into_iter().collect()
    }

    /// Creates or changes an object.
    async fn ensure<S: Object>(&self, step: Step, ensure: Ensure<S>) -> Part<Option<Stored<S>>> {
        match ensure {
            Ensure::Nothing | Ensure::Blocked => Ok(None),
            Ensure::Create(wish) => {
                self.go_on().await?;
                self.started(step, wish.name());
                let item = |id: Option<&str>| CreatedObject::object(step, wish.name(), id);
                self.record().add([item(None)])?;
                let stored = match self.create(&wish).await {
                    Ok(stored) => stored,
                    Err(Halt::Failed(error)) if !error.outcome_unknown() => {
                        self.record().undo([item(None)])?;
                        return Err(error.into());
                    }
                    Err(halt) => return Err(halt),
                };
                self.record().add([item(Some(stored.id.as_str()))])?;
                self.done(step, wish.name(), "created");
                self.settle(&stored, &wish).await?;
                Ok(Some(stored))
            }
            Ensure::Become(stored, wish) => {
                let item = |id: Option<&str>| CreatedObject::object(step, wish.name(), id);
                if self.record().created().has(&item(None)) {
                    // An earlier run was killed while it created this one.
                    self.record().add([item(Some(stored.id.as_str()))])?;
                }
                let update = wish.update(&self.client, &stored);
                if update.patch().is_empty() {
                    return Ok(Some(*stored));
                }
                self.go_on().await?;
                self.started(step, wish.name());
                let stored = update.send().await?;
                self.done(step, wish.name(), "changed");
                self.settle(&stored, &wish).await?;
                Ok(Some(stored))
            }
        }
    }

    /// Creates an object. If no answer comes, it is looked for before it is sent again.
    async fn create<S: Object>(&self, wish: &S) -> Part<Stored<S>> {
        let error = match wish.create(&self.client).send().await {
            Ok(stored) => return Ok(stored),
            Err(error) if error.outcome_unknown() => error,
            Err(error) => return Err(error.into()),
        };
        let (client, name) = (self.client.clone(), wish.name().to_owned());
        let looked = self.poller::<_, (), _, _>(LOOKING, "the object to appear", move || {
            let (client, name) = (client.clone(), name.clone());
            async move {
                let mut found = S::find(&client, &name).await?;
                Ok(found.pop().map_or(Poll::Pending(()), Poll::Ready))
            }
        });
        match self.wait(looked).await {
            Ok(stored) => Ok(stored),
            // It did not arrive: once more, and then the error counts.
            Err(Halt::Failed(late)) if late.kind() == ErrorKind::Timeout => {
                tracing::debug!(kind = ?error.kind(), "a creation did not arrive, and is sent once more");
                Ok(wish.create(&self.client).send().await?)
            }
            Err(other) => Err(other),
        }
    }

    /// Waits until what was written reads back. What does not in time was not taken.
    async fn settle<S: Object>(&self, stored: &Stored<S>, wish: &S) -> Part<()> {
        let seen: Arc<Mutex<Option<Patch>>> = Arc::default();
        let (client, id, wish_now, last) =
            (self.client.clone(), stored.id.clone(), wish.clone(), Arc::clone(&seen));
        // Nothing else waits for it to be taken, so a new object is waited for longer than a change.
        let appearing = self.poller::<_, (), _, _>(APPEARING, "the object to appear", {
            let (client, id) = (client.clone(), id.clone());
            move || {
                let get = S::get(&client, &id);
                async move {
                    match get.send().await {
                        Ok(_) => Ok(Poll::Ready(())),
                        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Poll::Pending(())),
                        Err(error) => Err(error),
                    }
                }
            }
        });
        self.wait(appearing).await?;
        let settling = self.poller::<_, (), _, _>(SETTLING, "the change to read back", move || {
            let (get, wish, last) = (S::get(&client, &id), wish_now.clone(), Arc::clone(&last));
            async move {
                let stored = match get.send().await {
                    Ok(stored) => stored,
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Poll::Pending(())),
                    Err(error) => return Err(error),
                };
                let patch = Patch::between(&stored.settings, &wish);
                if patch.is_empty() {
                    return Ok(Poll::Ready(()));
                }
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(patch);
                Ok(Poll::Pending(()))
            }
        });
        match self.wait(settling).await {
            Err(Halt::Failed(late)) if late.kind() == ErrorKind::Timeout => {}
            ended => return ended,
        }
        let left = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        for change in left.iter().flat_map(Patch::changes) {
            self.found(Finding::new(
                "settings.not-taken",
                Severity::Warning,
                wish.name(),
                format!("the service did not take {change}"),
                "set it in the Intune admin center, or use another name, so that a new one is created",
            ));
        }
        Ok(())
    }

    async fn assign<S: Assignable>(
        &self,
        step: Step,
        object: Option<&Stored<S>>,
        target: Option<&Target>,
        keep_others: bool,
    ) -> Part<()> {
        let (Some(object), Some(target)) = (object, target) else { return Ok(()) };
        let found = S::assignments(&self.client, &object.id).await?;
        if is_assigned(&found, target, keep_others) {
            return Ok(());
        }
        self.go_on().await?;
        let subject = object.settings.name();
        self.started(step, subject);
        if !found.iter().filter_map(|found| found.target.as_ref()).any(|held| held.same_as(target)) {
            let (name, target) = (subject.to_owned(), target.clone());
            self.record().add([CreatedObject::Assignment { step, name, target }])?;
        }
        match S::assign(&self.client, &object.id, target, keep_others).await {
            // It may have arrived: doing it again looks first.
            Err(error) if error.outcome_unknown() => {
                S::assign(&self.client, &object.id, target, keep_others).await?;
            }
            result => result?,
        }
        self.done(step, subject, "assigned");
        let (client, id, wanted) = (self.client.clone(), object.id.clone(), target.clone());
        let settling = self.poller::<_, (), _, _>(SETTLING, "the assignment to read back", move || {
            let (client, id, wanted) = (client.clone(), id.clone(), wanted.clone());
            async move {
                let found = S::assignments(&client, &id).await?;
                Ok(if is_assigned(&found, &wanted, keep_others) {
                    Poll::Ready(())
                } else {
                    Poll::Pending(())
                })
            }
        });
        match self.wait(settling).await {
            Err(Halt::Failed(late)) if late.kind() == ErrorKind::Timeout => self.found(Finding::new(
                "assignment.not-taken",
                Severity::Warning,
                subject,
                "the assignment was accepted, and does not read back",
                "plan again in a while",
            )),
            ended => return ended,
        }
        Ok(())
    }

    /// Tags devices that are registered, imports those that are not, and then sees to their users.
    async fn devices(&self, todo: DevicesTodo, plan: &Plan, journal: Option<Journal>) -> Part<()> {
        let DevicesTodo { import, retag, registered, unassign, assign, assign_later } = todo;
        let adopted = |(id, serial): &(Id<Device>, String)| CreatedObject::device(serial, Some(id.clone()));
        let begun: Vec<CreatedObject> = {
            let record = self.record();
            registered.iter().map(adopted).filter(|item| record.created().has(item)).collect()
        };
        self.record().add(begun)?;
        self.report().devices.extend(registered);
        self.retag(retag).await?;
        self.import(import, plan, journal).await?;
        for (id, serial) in unassign {
            self.go_on().await?;
            self.started(Step::Users, &serial);
            self.client.devices().unassign_user(&id).send().await?;
            self.done(Step::Users, &serial, "unassigned");
        }
        for (id, serial, user) in assign {
            self.assign_user(&id, &serial, &user).await?;
        }
        let registered = self.report().devices.clone();
        for (serial, user) in assign_later {
            if let Some((id, _)) = registered.iter().find(|(_, known)| known.eq_ignore_ascii_case(&serial)) {
                self.assign_user(id, &serial, &user).await?;
            }
        }
        Ok(())
    }

    async fn retag(&self, devices: Vec<(Id<Device>, String, GroupTag)>) -> Part<()> {
        for (id, serial, tag) in &devices {
            self.go_on().await?;
            self.started(Step::Devices, serial);
            let update = DeviceUpdate::new().with_group_tag(Some(tag));
            self.client.devices().update(id, &update).send().await?;
            self.done(Step::Devices, serial, "tagged");
        }
        let waits = devices.into_iter().map(|(id, serial, tag)| async move {
            let client = self.client.clone();
            let tagged = self.poller::<_, (), _, _>(TAGGING, "the group tag to read back", move || {
                let (get, tag) = (client.devices().get(&id), tag.clone());
                async move {
                    let held = get.send().await?.group_tag;
                    let is_there = held.is_some_and(|held| held.eq_ignore_ascii_case(tag.as_str()));
                    Ok(if is_there { Poll::Ready(()) } else { Poll::Pending(()) })
                }
            });
            match self.wait(tagged).await {
                Err(Halt::Failed(late)) if late.kind() == ErrorKind::Timeout => {
                    self.found(Finding::new(
                        "devices.tag-not-taken",
                        Severity::Warning,
                        serial,
                        "the group tag was changed, and does not read back",
                        "plan again in a while",
                    ));
                    Ok(())
                }
                ended => ended,
            }
        });
        stream::iter(waits).buffer_unordered(ABREAST).try_collect::<()>().await
    }

    async fn import(&self, new: Vec<DeviceToImport>, plan: &Plan, journal: Option<Journal>) -> Part<()> {
        let import = match journal {
            None => Import::new(&self.client, new.iter().cloned()),
            // The devices of the run that wrote the journal, whatever has become of them since.
            Some(journal) => {
                let all = self.with_begun(&new, plan);
                let serials = all.iter().map(|device| device.serial_number.to_string()).collect();
                self.record().import(serials)?;
                Import::new(&self.client, all).with_journal(journal)
            }
        };
        if new.is_empty() && self.record().importing().is_none_or(BTreeSet::is_empty) {
            return Ok(());
        }
        self.go_on().await?;
        let item = |device: &DeviceToImport| CreatedObject::device(device.serial_number.as_str(), None);
        let begun: Vec<CreatedObject> = {
            let record = self.record();
            new.iter().map(item).filter(|item| record.created().has(item)).collect()
        };
        let is_begun = |serial: &str| begun.iter().any(|item| *item == CreatedObject::device(serial, None));
        let fresh = new.iter().filter(|device| !is_begun(device.serial_number.as_str())).map(item);
        self.record().add(fresh.collect::<Vec<_>>())?;
        let mut run = import.start();
        let stop = run.stop_handle();
        let report = {
            let work = async {
                while let Some(event) = run.next().await {
                    self.progress.send(ApplyEvent::Import(event));
                }
                run.await
            };
            match select(pin!(work), pin!(self.progress.stopped())).await {
                Either::Left((ended, _)) => ended?,
                Either::Right(((), work)) => {
                    stop.stop();
                    work.await?
                }
            }
        };
        self.note_imported(report, &is_begun)
    }

    /// What is to be imported, and what an earlier run with the same journal has imported.
    fn with_begun(&self, new: &[DeviceToImport], plan: &Plan) -> Vec<DeviceToImport> {
        let record = self.record();
        let Some(begun) = record.importing() else { return new.to_vec() };
        let has = |device: &DeviceToImport| begun.contains(device.serial_number.as_str());
        if !new.iter().all(has) {
            return new.to_vec();
        }
        let todo = |device: &DeviceToImport| plan.desired.to_import(device).0;
        plan.devices.iter().filter(|device| has(device)).map(todo).collect()
    }

    fn note_imported(&self, imported: ImportReport, is_begun: &dyn Fn(&str) -> bool) -> Part<()> {
        let (mut made, mut not_made, mut stopped) = (Vec::new(), Vec::new(), false);
        {
            let mut report = self.report();
            for device in &imported.devices {
                let serial = device.serial_number.as_str();
                let id = device.outcome.device().cloned();
                if let Some(id) = &id
                    && !report.devices.iter().any(|(known, _)| known == id)
                {
                    report.devices.push((id.clone(), serial.to_owned()));
                }
                match &device.outcome {
                    ImportOutcome::Registered { .. } => made.push(CreatedObject::device(serial, id)),
                    ImportOutcome::AlreadyRegistered { .. } if is_begun(serial) => {
                        made.push(CreatedObject::device(serial, id));
                    }
                    // It may still come about.
                    ImportOutcome::TimedOut { .. } | ImportOutcome::Unconfirmed(_) => {}
                    ImportOutcome::Cancelled { .. } => stopped = true,
                    ImportOutcome::Duplicate { .. } => {}
                    _ => not_made.push(CreatedObject::device(serial, None)),
                }
            }
            report.changes += imported.counts.registered;
            report.import = Some(imported);
        }
        let mut record = self.record();
        record.add(made)?;
        record.undo(not_made)?;
        if stopped { Err(Halt::Stopped) } else { Ok(()) }
    }

    /// Assigns a user, who must be one: a wrong name locks the device out.
    async fn assign_user(&self, id: &Id<Device>, serial: &str, user: &UserPrincipalName) -> Part<()> {
        self.go_on().await?;
        self.started(Step::Users, serial);
        let found = match self.client.users().get_by_name(user).send().await {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.found(Finding::new(
                    "users.not-found",
                    Severity::Error,
                    serial,
                    "the user to assign is not in the tenant",
                    "correct the user's name in the list of devices",
                ));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let name = found.display_name.unwrap_or_else(|| Personal::from(user.as_str().to_owned()));
        self.client.devices().assign_user(id, user, &name).send().await?;
        self.done(Step::Users, serial, "assigned a user");
        Ok(())
    }
}

/// Whether an object is assigned as it should be.
fn is_assigned(found: &[crate::model::Assignment], target: &Target, keep_others: bool) -> bool {
    let is_target = |found: &Target| found.same_as(target);
    let there = found.iter().filter_map(|assignment| assignment.target.as_ref()).any(is_target);
    let others = found
        .iter()
        .any(|assignment| assignment.is_direct() && !assignment.target.as_ref().is_some_and(is_target));
    there && (keep_others || !others)
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
