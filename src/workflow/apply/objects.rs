//! Applies the object part of a plan: creates, changes, reads back and assigns.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{join4, join5};

use super::context::{Apply, Halt, PartResult, in_time, is_contested, schedule};
use crate::error::{Error, ErrorKind};
use crate::graph::{Client, Schedule};
use crate::model::{Assignment, DomainJoinProfile, EnrollmentStatusPage, Id, Patch, Stored, Target};
use crate::workflow::created::{AdoptedObject, CreatedObject};
use crate::workflow::findings::{ASSIGNMENT_NOT_TAKEN, NAME_CREATED_TWICE, SETTINGS_NOT_TAKEN};
use crate::workflow::hybrid_join::HybridJoin;
use crate::workflow::networks::NetworksTodo;
use crate::workflow::object::{Assignable, ManagedObject};
use crate::workflow::plan::Plan;
use crate::workflow::prepare::{Ensure, ObjectsTodo};
use crate::workflow::step::Step;
use crate::workflow::targets::{self, TargetChange};

/// The search for an object whose creation got no response.
const LOOKING: Schedule = schedule(5, 20, 60);
/// The wait for a new object to become readable: assignments to an unreadable group are refused.
const APPEARING: Schedule = schedule(2, 15, 300);
/// The wait until a change can be read back.
const SETTLING: Schedule = schedule(2, 15, 60);
impl Apply {
    /// Creates and changes the objects, and then assigns them.
    pub(super) async fn objects(&self, plan: &Plan, todo: ObjectsTodo) -> PartResult<()> {
        let ObjectsTodo { group, page, skip, profile, domain_join, targets, networks } = todo;
        // Each completes its current request when another fails.
        let (group, page, skip, profile, domain_join) = join5(
            self.ensure(group, plan),
            self.ensure(page, plan),
            self.ensure(skip, plan),
            self.ensure(profile, plan),
            self.ensure(domain_join, plan),
        )
        .await;
        let desired = &plan.desired;
        let (group, page, skip) = (group?, page?, skip?);
        let (profile, domain_join) = (profile?, domain_join?);
        self.report().group = group.as_ref().map(|stored| stored.id.clone());
        self.report().profile = profile.as_ref().map(|stored| stored.id.clone());
        if let (Some(page), Some(priority)) = (&page, targets.page_priority) {
            self.prioritise(page, priority).await?;
        }
        if let Some(join) = &domain_join {
            self.link_networks(join, networks).await?;
        }
        let group = group.map(|stored| stored.id);
        let resolved = |planned: Vec<Target>| -> Vec<Target> {
            planned.iter().filter_map(|target| targets::resolved(target, group.as_ref())).collect()
        };
        let assigned: [PartResult<()>; 4] = join4(
            self.assign(desired, page.as_ref(), resolved(targets.page)),
            self.assign(desired, skip.as_ref(), resolved(targets.skip)),
            self.assign(desired, profile.as_ref(), resolved(targets.profile)),
            self.assign(desired, domain_join.as_ref(), resolved(targets.domain_join)),
        )
        .await
        .into();
        assigned.into_iter().collect()
    }

    /// Links the domain join profile to the configurations that a device needs to reach the network.
    async fn link_networks(&self, join: &Stored<DomainJoinProfile>, todo: NetworksTodo) -> PartResult<()> {
        let NetworksTodo { add, remove } = todo;
        if add.is_empty() && remove.is_empty() {
            return Ok(());
        }
        let name = join.settings.display_name.as_str();
        let subject = format!("{name}, network access configurations");
        self.go_on().await?;
        self.started(Step::DomainJoin, &subject);
        let profiles = self.client.domain_join_profiles();
        for link in add {
            self.go_on().await?;
            let item = CreatedObject::network_access(name, &link);
            self.record().add([item.clone()])?;
            let linked = profiles.add_network_access_configuration(&join.id, &link.id).await;
            let Err(error) = linked else { continue };
            // It may have arrived, or somebody else has linked it at the same time: that link is not the deployment's.
            let held = profiles.network_access_configurations(&join.id).all().await?;
            let is_held = held.iter().any(|held| held.id() == Some(link.id.as_str()));
            if !is_held || !error.outcome_unknown() {
                self.record().undo([item])?;
            }
            if !is_held {
                return Err(error.into());
            }
        }
        for link in remove {
            self.go_on().await?;
            profiles.remove_network_access_configuration(&join.id, &link.id).if_found().await?;
        }
        self.done(Step::DomainJoin, &subject, "linked");
        Ok(())
    }

    /// Creates or changes an object.
    async fn ensure<S: ManagedObject>(
        &self,
        ensure: Ensure<S>,
        plan: &Plan,
    ) -> PartResult<Option<Stored<S>>> {
        match ensure {
            Ensure::Nothing | Ensure::Blocked => Ok(None),
            Ensure::Create(wish) => {
                self.go_on().await?;
                self.started(S::STEP, wish.name());
                let item = |id: Option<&str>| CreatedObject::object(S::STEP, wish.name(), id);
                self.record().add([item(None)])?;
                let stored = match self.create(&wish).await {
                    Ok(stored) => stored,
                    Err(Halt::Failed(error)) if !error.outcome_unknown() => {
                        self.record().undo([item(None)])?;
                        return Err(error.into());
                    }
                    Err(halt) => return Err(halt),
                };
                self.record().done([item(Some(stored.id.as_str()))])?;
                self.done(S::STEP, wish.name(), "created");
                let stored = self.settle(stored, &wish).await?;
                self.check_single(&stored, &wish).await?;
                Ok(Some(stored))
            }
            Ensure::Become(stored, wish) => {
                let item = |id: Option<&str>| CreatedObject::object(S::STEP, wish.name(), id);
                let is_unfinished = self.record().created().is_unfinished(&item(None));
                if is_unfinished {
                    // An earlier run was killed while it created this one.
                    self.record().done([item(Some(stored.id.as_str()))])?;
                }
                let is_adopted = |adopted: &&AdoptedObject| adopted.is(S::STEP, stored.id.as_str());
                if let Some(adopted) = plan.options.adopted.iter().find(is_adopted) {
                    self.record().adopt(adopted.clone())?;
                }
                let renamed = self.record().created().is_renamed(S::STEP, stored.id.as_str(), wish.name());
                let update = wish.update(&self.client, &stored);
                if update.patch().is_empty() {
                    if renamed {
                        // An earlier run was killed after it had renamed this one.
                        self.record().done([item(Some(stored.id.as_str()))])?;
                    }
                    return Ok(Some(*stored));
                }
                self.go_on().await?;
                self.started(S::STEP, wish.name());
                let stored = update.await?;
                if renamed {
                    self.record().done([item(Some(stored.id.as_str()))])?;
                }
                self.done(S::STEP, wish.name(), "changed");
                self.settle(stored, &wish).await.map(Some)
            }
        }
    }

    /// Checks that a new object is the only one of its type and name, because another operator may have created one at
    /// the same time. Deletes nothing.
    async fn check_single<S: ManagedObject>(&self, own: &Stored<S>, wish: &S) -> PartResult<()> {
        let found = S::find(&self.client, wish.name()).await?;
        if found.iter().all(|found| found.id == own.id) {
            return Ok(());
        }
        let describe = |found: &Stored<S>| {
            let created = found.created_date_time.map_or("not known".to_owned(), |at| at.to_string());
            format!("{} (created: {created})", found.id)
        };
        let others = found.iter().filter(|found| found.id != own.id).map(describe).collect::<Vec<_>>();
        let evidence = format!("this run created {}; also there: {}", describe(own), others.join(", "));
        let finding = NAME_CREATED_TWICE.at(wish.name(), evidence);
        let error = Error::new(ErrorKind::Conflict, finding.to_string());
        self.found(finding);
        Err(error.into())
    }

    /// Creates an object. If no response comes, searches for the object before sending the request again.
    async fn create<S: ManagedObject>(&self, wish: &S) -> PartResult<Stored<S>> {
        let error = match wish.create(&self.client).await {
            Ok(stored) => return Ok(stored),
            Err(error) if error.outcome_unknown() => error,
            Err(error) => return Err(error.into()),
        };
        let (client, name) = (self.client.clone(), wish.name().to_owned());
        let found = self.until(LOOKING, "the object to appear", move || {
            let (client, name) = (client.clone(), name.clone());
            async move { Ok(S::find(&client, &name).await?.pop()) }
        });
        if let Some(stored) = in_time(found.await)? {
            return Ok(stored);
        }
        // The request did not arrive: once more, and then the error counts.
        tracing::debug!(kind = ?error.kind(), "a creation did not arrive and is sent again");
        Ok(wish.create(&self.client).await?)
    }

    /// Waits until the change can be read back and returns the object. A property that cannot be read back in time
    /// becomes a finding.
    async fn settle<S: ManagedObject>(&self, stored: Stored<S>, wish: &S) -> PartResult<Stored<S>> {
        let (client, id) = (self.client.clone(), stored.id.clone());
        let read = move || S::get(&client, &id).if_found();
        // A new object is waited for longer than a change: nothing else waits for it.
        self.until(APPEARING, "the object to appear", read.clone()).await?;
        let left: Arc<Mutex<Option<Patch>>> = Arc::default();
        let (wanted, last) = (wish.clone(), Arc::clone(&left));
        let settled = self.until(SETTLING, "the change to read back", move || {
            let (read, wanted, last) = (read(), wanted.clone(), Arc::clone(&last));
            async move {
                let Some(stored) = read.await? else { return Ok(None) };
                let patch = Patch::from_stored(&stored, &wanted);
                // Whether a property that is not reported was taken cannot be known, however long this waits.
                let is_settled = patch.changes().iter().all(|change| change.unreported);
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(patch);
                Ok(is_settled.then_some(()))
            }
        });
        if in_time(settled.await)?.is_some() {
            return Ok(stored);
        }
        let left = left.lock().unwrap_or_else(PoisonError::into_inner).take();
        for change in left.iter().flat_map(Patch::changes).filter(|change| !change.unreported) {
            let evidence = format!("the service did not apply {change}");
            self.found(SETTINGS_NOT_TAKEN.at(wish.name(), evidence));
        }
        Ok(stored)
    }

    /// Sets the priority of the page.
    async fn prioritise(&self, page: &Stored<EnrollmentStatusPage>, priority: NonZeroU32) -> PartResult<()> {
        self.go_on().await?;
        let subject = format!("{}, priority", page.settings.display_name);
        self.started(Step::StatusPage, &subject);
        let pages = self.client.enrollment_status_pages();
        let has_it = async || -> crate::error::Result<bool> {
            let held = pages.get(&page.id).await?.observed.priority;
            Ok(held.and_then(|held| u32::try_from(held).ok()) == Some(priority.get()))
        };
        // The service refuses the priority that a page has already.
        if !has_it().await? {
            match pages.set_priority(&page.id, priority.get()).await {
                Err(error) if error.outcome_unknown() && has_it().await? => {}
                result => result?,
            }
        }
        self.done(Step::StatusPage, &subject, "set");
        Ok(())
    }

    /// Assigns an object to the wanted targets.
    async fn assign<S: Assignable>(
        &self,
        desired: &HybridJoin,
        object: Option<&Stored<S>>,
        wanted: Vec<Target>,
    ) -> PartResult<()> {
        let Some(object) = object.filter(|_| !wanted.is_empty()) else { return Ok(()) };
        let keep_others = !desired.remove_other_assignments;
        let found = S::assignments(&self.client, &object.id).list().all().await?;
        if is_assigned(&found, &wanted, keep_others) {
            return Ok(());
        }
        self.go_on().await?;
        let subject = object.settings.name();
        self.started(S::STEP, subject);
        let item = |target: &Target| {
            let (step, name, target) = (S::STEP, subject.to_owned(), target.clone());
            CreatedObject::Assignment { step, name, target }
        };
        let is_new =
            |target: &&Target| matches!(targets::change_for(&found, target, keep_others), TargetChange::Add);
        self.record().add(wanted.iter().filter(is_new).map(item))?;
        let mut added = Vec::new();
        let mut ended = assign(&self.client, &object.id, &wanted, keep_others, &mut added).await;
        // It may have arrived, or somebody else has assigned it at the same time: doing it again looks first.
        if ended.as_ref().is_err_and(|error| error.outcome_unknown() || is_contested(error)) {
            ended = assign(&self.client, &object.id, &wanted, keep_others, &mut added).await;
        }
        // What somebody else has assigned meanwhile is not the deployment's.
        let not_added = |target: &&Target| !added.iter().any(|added| added.same_as(target));
        self.record().undo(wanted.iter().filter(is_new).filter(not_added).map(item))?;
        ended?;
        self.done(S::STEP, subject, "assigned");
        let (client, id) = (self.client.clone(), object.id.clone());
        let settled = self.until(SETTLING, "the assignment to read back", move || {
            let (list, wanted) = (S::assignments(&client, &id).list(), wanted.clone());
            async move { Ok(is_assigned(&list.all().await?, &wanted, keep_others).then_some(())) }
        });
        if in_time(settled.await)?.is_none() {
            let evidence = "the assignment was accepted but does not read back";
            self.found(ASSIGNMENT_NOT_TAKEN.at(subject, evidence));
        }
        Ok(())
    }
}

/// Returns `true` if an object is assigned as desired.
fn is_assigned(found: &[Assignment], wanted: &[Target], keep_others: bool) -> bool {
    let is_met = |target: &Target| {
        matches!(
            targets::change_for(found, target, keep_others),
            TargetChange::Met(_) | TargetChange::Narrowed(_)
        )
    };
    wanted.iter().all(is_met) && (keep_others || targets::others(found, wanted, keep_others).is_empty())
}

/// Adds and changes assignments, and removes the other direct ones after that unless `keep_others` is set. Appends to
/// `added` the targets that the service has added, or may have.
async fn assign<S: Assignable>(
    client: &Client,
    id: &Id<S>,
    wanted: &[Target],
    keep_others: bool,
    added: &mut Vec<Target>,
) -> crate::error::Result<()> {
    let assignments = S::assignments(client, id);
    let found = assignments.list().all().await?;
    for target in wanted {
        match targets::change_for(&found, target, keep_others) {
            TargetChange::Met(_) | TargetChange::Narrowed(_) => {}
            TargetChange::Change(held) => assignments.update(&held.id, target).await?,
            TargetChange::Add => {
                let result = assignments.add(target).await;
                if result.as_ref().map_or_else(Error::outcome_unknown, |_| true) {
                    added.push(target.clone());
                }
                result?;
            }
        }
    }
    if !keep_others {
        for other in targets::others(&found, wanted, keep_others) {
            assignments.remove(&other.id).await.or_else(|error| match error.kind() {
                ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
        }
    }
    Ok(())
}
