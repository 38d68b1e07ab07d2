//! Resolves a teardown's objects against the tenant.

use std::collections::{BTreeMap, BTreeSet};
#[cfg(feature = "ad")]
use std::sync::Arc;

use super::found::{Found, FoundGroup, label_of_other, read_groups, read_objects};
use super::plan::{PlannedRemoval, RemovalAction, Teardown, TeardownPlan};
use super::scope::ScopeRestoration;
use super::uses::GroupUses;
#[cfg(feature = "ad")]
use crate::ad::delegation::DelegationReceipt;
#[cfg(feature = "ad")]
use crate::ad::directory::{Directory, DirectoryErrorKind};
use crate::error::Result;
use crate::graph::{Call, Client};
use crate::model::{
    Assignment, Device, DomainJoinProfile, EnrollmentStatusPage, Finding, FindingKind, Group,
    HybridJoinProfile, Id, Lookup, SkipUserStatusPage, Target,
};
use crate::workflow::binding::PlanTenant;
use crate::workflow::created::CreatedObject;
use crate::workflow::findings::*;
use crate::workflow::object::{Assignable, ManagedObject};
use crate::workflow::plan::Site;
use crate::workflow::prepare::label_of;
use crate::workflow::removal::{enrolled_evidence, managed_device};
use crate::workflow::scope::MDM_USER_SCOPE;
use crate::workflow::step::Step;

impl Teardown {
    /// Plans the removal of the objects that still exist. Changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the objects were created in another tenant; any
    /// error of [`Call`](crate::graph::Call). An obstacle is a finding, not an error.
    /// # Permissions
    /// Same as [`HybridJoin::plan`](crate::workflow::HybridJoin::plan), but each permission is needed only if the
    /// teardown contains objects that need it.
    pub async fn plan(&self, client: &Client) -> Result<TeardownPlan> {
        Ok(resolve(self, client, &Site::default()).await?.plan)
    }

    /// Plans the removal, including the revocation of directory rights recorded in receipts. Changes nothing. With
    /// [`plan`](Self::plan) alone, revoking the rights is left as manual work.
    ///
    /// # Errors
    /// Same as [`plan`](Self::plan).
    /// # Permissions
    /// Same as [`plan`](Self::plan); in the directory, the right to read permissions.
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    pub async fn plan_on_premises(
        &self,
        client: &Client,
        on_premises: crate::workflow::OnPremises,
    ) -> Result<TeardownPlan> {
        Ok(resolve(self, client, &Site::new(on_premises)).await?.plan)
    }
}

/// A plan and its calls.
pub(super) struct Resolved {
    pub(super) plan: TeardownPlan,
    pub(super) acts: Vec<PlannedAct>,
    /// The objects on record that no longer exist.
    pub(super) gone: Vec<CreatedObject>,
}

/// One removal, with the objects on record that it removes.
pub(super) struct PlannedAct {
    pub(super) step: Step,
    pub(super) subject: String,
    pub(super) act: Act,
    pub(super) removes: Vec<CreatedObject>,
}

/// The calls of one removal.
pub(super) enum Act {
    /// Deletes an object.
    Delete(Box<Call<()>>),
    /// Deletes a registration, which may stay visible for a while.
    DeleteDevice(Id<Device>),
    /// Removes assignments or members; with a description of the change.
    Remove(Vec<Call<()>>, &'static str),
    /// Revokes a right in the directory.
    #[cfg(feature = "ad")]
    Revoke(Box<DelegationReceipt>, Arc<dyn Directory>),
}

pub(super) async fn resolve(teardown: &Teardown, client: &Client, site: &Site) -> Result<Resolved> {
    teardown.created.check_tenant(client).await?;
    let objects = read_objects(teardown, client).await?;
    let groups = read_groups(teardown, client).await?;
    let uses = match groups.values().all(Vec::is_empty) {
        true => GroupUses::default(),
        false => {
            let ids: Vec<_> = groups.values().flatten().map(|group| group.id.clone()).collect();
            GroupUses::read(client, &ids).await?
        }
    };
    let scope = ScopeRestoration::plan(&teardown.created, client).await?;
    let (unassigned, steps, acts, gone, findings) = Default::default();
    let mut resolver =
        Resolver { teardown, client, objects, uses, scope, unassigned, groups, steps, acts, gone, findings };
    resolver.devices().await?;
    resolver.objects::<HybridJoinProfile>();
    resolver.objects::<EnrollmentStatusPage>();
    resolver.objects::<SkipUserStatusPage>();
    resolver.objects::<DomainJoinProfile>();
    resolver.networks().await?;
    resolver.groups();
    resolver.scope();
    resolver.rights(site).await;
    let Resolver { steps, acts, gone, mut findings, .. } = resolver;
    findings.extend(steps.iter().filter_map(|planned| match &planned.action {
        RemovalAction::Blocked(finding) => Some(finding.clone()),
        _ => None,
    }));
    Finding::sort(&mut findings);
    let tenant = PlanTenant::of(client).await?;
    let plan = TeardownPlan { tenant, teardown: teardown.clone(), steps, findings, site: site.clone() };
    Ok(Resolved { plan, acts, gone })
}

struct Resolver<'a> {
    teardown: &'a Teardown,
    client: &'a Client,
    /// All assignable objects, including foreign ones that may use the group.
    objects: Vec<Found>,
    uses: GroupUses,
    /// The restoration of the MDM user scope, if the deployment changed it.
    scope: Option<ScopeRestoration>,
    /// The removed assignments, each after its object.
    unassigned: BTreeSet<(String, Id<Assignment>)>,
    /// The created groups, by name.
    groups: BTreeMap<String, Vec<FoundGroup>>,
    steps: Vec<PlannedRemoval>,
    acts: Vec<PlannedAct>,
    gone: Vec<CreatedObject>,
    /// The findings that stop the plan unless they are waived.
    findings: Vec<Finding>,
}

impl Resolver<'_> {
    fn planned(&mut self, step: Step, subject: &str, action: RemovalAction) {
        self.steps.push(PlannedRemoval { step, subject: subject.to_owned(), action });
    }

    /// Plans a removal of objects on record with the calls in `act`.
    fn remove(
        &mut self,
        step: Step,
        subject: &str,
        action: RemovalAction,
        act: Act,
        removes: Vec<CreatedObject>,
    ) {
        self.planned(step, subject, action);
        self.acts.push(PlannedAct { step, subject: subject.to_owned(), act, removes });
    }

    /// Plans nothing for objects on record that no longer exist.
    fn gone(&mut self, step: Step, subject: &str, items: Vec<CreatedObject>) {
        self.planned(step, subject, RemovalAction::Gone);
        self.gone.extend(items);
    }

    /// Returns the objects on record of this kind and name, and their assignments.
    fn on_record(&self, step: Step, name: &str) -> (Vec<CreatedObject>, Vec<CreatedObject>) {
        let items = self.teardown.created.items().iter();
        let named = items.filter(|item| match item {
            CreatedObject::Object { step: of, name: held, .. }
            | CreatedObject::Assignment { step: of, name: held, .. } => *of == step && held == name,
            _ => false,
        });
        named.cloned().partition(|item| matches!(item, CreatedObject::Object { .. }))
    }

    fn blocked(&mut self, step: Step, subject: &str, kind: &FindingKind, evidence: impl Into<String>) {
        self.planned(step, subject, RemovalAction::Blocked(kind.at(subject, evidence)));
    }

    /// Reports an object whose id has another name in the journal: the journal is wrong, or the object was renamed.
    fn name_differs(&mut self, step: Step, name: &str, id: &str, held: &str) {
        let evidence = format!("the journal has it under the id {id}, which is {held} in the tenant");
        self.blocked(step, name, &TEARDOWN_NAME_DIFFERS, evidence);
    }

    async fn devices(&mut self) -> Result<()> {
        let teardown = self.teardown;
        let made = teardown.created.items().iter().filter_map(|item| match item {
            CreatedObject::Device { serial_number, id } => Some((serial_number.as_str(), id.as_ref())),
            _ => None,
        });
        let made: Vec<(&str, Option<&Id<Device>>)> = made.collect();
        if made.is_empty() {
            return Ok(());
        }
        let all = self.client.devices().list().all().await?;
        let mut deleted = false;
        for (serial, id) in made {
            let is_it = |device: &&Device| match id {
                Some(id) => device.id == *id,
                None => device.serial_number.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(serial)),
            };
            let found: Vec<&Device> = all.iter().filter(is_it).collect();
            match found.as_slice() {
                [] => self.gone(Step::Devices, serial, vec![CreatedObject::device(serial, None)]),
                [device]
                    if device
                        .serial_number
                        .as_deref()
                        .is_some_and(|held| !held.eq_ignore_ascii_case(serial)) =>
                {
                    let held = device.serial_number.as_deref().unwrap_or_default();
                    self.name_differs(Step::Devices, serial, device.id.as_str(), held);
                }
                // Others may have registered it since: by its serial number alone it is nobody's.
                [device] if id.is_none() && !teardown.created.from_settings => {
                    let evidence =
                        format!("the import was not completed; {} has this serial number", device.id);
                    self.blocked(Step::Devices, serial, &TEARDOWN_NOT_CONFIRMED, evidence);
                }
                [device] => deleted |= self.device(serial, device),
                _ => {
                    let evidence = "several registered devices have this serial number";
                    self.blocked(Step::Devices, serial, &TEARDOWN_SERIAL_REPEATS, evidence);
                }
            }
        }
        if deleted {
            self.planned(
                Step::Devices,
                "computer accounts",
                RemovalAction::Manual(COMPUTER_ACCOUNTS.to_owned()),
            );
        }
        Ok(())
    }

    fn device(&mut self, serial: &str, device: &Device) -> bool {
        let managed = match managed_device(device) {
            Lookup::Absent => None,
            Lookup::Present(managed) if self.teardown.delete_managed_devices => Some(managed),
            lookup => {
                self.blocked(Step::Devices, serial, &TEARDOWN_ENROLLED, enrolled_evidence(&lookup));
                return false;
            }
        };
        if let Some(managed) = managed {
            let act = Act::Delete(Box::new(self.client.managed_devices().delete(managed)));
            self.remove(Step::Deploy, serial, RemovalAction::Delete, act, Vec::new());
        }
        if device.user_principal_name.is_some() {
            let act = Act::Remove(vec![self.client.devices().unassign_user(&device.id)], "unassigned");
            let action = RemovalAction::Unassign(vec!["its user".to_owned()]);
            self.remove(Step::Users, serial, action, act, Vec::new());
        }
        let (act, item) = (Act::DeleteDevice(device.id.clone()), CreatedObject::device(serial, None));
        self.remove(Step::Devices, serial, RemovalAction::Delete, act, vec![item]);
        true
    }

    /// Plans the removal of created objects, and of assignments of objects that existed before.
    fn objects<S: Assignable>(&mut self) {
        let (step, teardown) = (S::STEP, self.teardown);
        let mut names: Vec<(&str, Option<Option<&str>>)> = Vec::new();
        for item in teardown.created.items() {
            match item {
                CreatedObject::Object { step: of, name, id } if *of == step => {
                    names.retain(|(known, _)| *known != name.as_str());
                    names.push((name, Some(id.as_deref())));
                }
                CreatedObject::Assignment { step: of, name, .. }
                    if *of == step && !names.iter().any(|(known, _)| *known == name.as_str()) =>
                {
                    names.push((name, None));
                }
                _ => {}
            }
        }
        for (name, made) in names {
            self.object::<S>(name, made);
        }
    }

    fn object<S: Assignable>(&mut self, name: &str, made: Option<Option<&str>>) {
        let step = S::STEP;
        let by_id = made.flatten();
        let is_it = |found: &&Found| {
            found.step == Some(step)
                && by_id.map_or(found.name == name, |id| found.id.eq_ignore_ascii_case(id))
        };
        let found: Vec<&Found> = self.objects.iter().filter(is_it).collect();
        let (objects_on_record, assignments_on_record) = self.on_record(step, name);
        let object = match found.as_slice() {
            [] => {
                let items = objects_on_record.into_iter().chain(assignments_on_record).collect();
                return self.gone(step, name, items);
            }
            [object] => *object,
            several => {
                let evidence = format!(
                    "there are {} of this type and name, one of them created by the deployment",
                    several.len()
                );
                return self.blocked(step, name, &TEARDOWN_DUPLICATE, evidence);
            }
        };
        if object.name != name {
            let (id, held) = (object.id.clone(), object.name.clone());
            return self.name_differs(step, name, &id, &held);
        }
        let deletes = made.is_some();
        let ours = self.our_targets(step, name, deletes);
        // An assignment by a policy set is never the deployment's.
        let (own, others): (Vec<&Assignment>, Vec<&Assignment>) =
            object.assignments.iter().partition(|assignment| {
                let target = assignment.target.as_ref().filter(|_| assignment.is_direct());
                target.is_some_and(|target| ours.iter().any(|our| our.same_as(target)))
            });
        let labels: Vec<String> = own.iter().map(|assignment| label_of(assignment)).collect();
        // Never fails: the id was read as one of this type.
        let Ok(id) = object.id.parse::<Id<S>>() else { return };
        let unassign = S::unassign(self.client, &id, &own);
        let elsewhere: Vec<String> = others.iter().map(|assignment| label_of_other(assignment)).collect();
        if deletes && !elsewhere.is_empty() {
            let evidence = format!("others have assigned it to {}", elsewhere.join(", "));
            return self.blocked(step, name, &TEARDOWN_ASSIGNED_ELSEWHERE, evidence);
        }
        if !labels.is_empty() {
            let ids = own.iter().map(|held| (object.id.clone(), held.id.clone()));
            self.unassigned.extend(ids.collect::<Vec<_>>());
            let act = Act::Remove(unassign, "unassigned");
            self.remove(step, name, RemovalAction::Unassign(labels), act, assignments_on_record);
        } else {
            self.gone.extend(assignments_on_record);
        }
        if deletes {
            let act = Act::Delete(Box::new(S::delete(self.client, &id)));
            self.remove(step, name, RemovalAction::Delete, act, objects_on_record);
        }
    }

    /// Returns the targets that the deployment assigned an object to: those on record and, for an object of its own
    /// (`is_own`), its own groups.
    fn our_targets(&self, step: Step, name: &str, is_own: bool) -> Vec<Target> {
        let written = self.teardown.created.items().iter().filter_map(|item| match item {
            CreatedObject::Assignment { step: of, name: to, target } if *of == step && to == name => {
                Some(target.clone())
            }
            _ => None,
        });
        let groups = self.groups.values().flatten().filter(|_| is_own);
        written.chain(groups.map(|group| Target::group(group.id.clone()))).collect()
    }

    fn groups(&mut self) {
        for (name, found) in self.groups.clone() {
            match found.as_slice() {
                [] => {
                    let items = self.on_record(Step::Group, &name).0;
                    self.gone(Step::Group, &name, items);
                }
                [group] if group.name != name => {
                    self.name_differs(Step::Group, &name, group.id.as_str(), &group.name);
                }
                [group] => self.group(&name, &group.id),
                several => {
                    let evidence = format!(
                        "there are {} groups of this name, one of them created by the deployment",
                        several.len()
                    );
                    self.blocked(Step::Group, &name, &TEARDOWN_DUPLICATE, evidence);
                }
            }
        }
    }

    /// Plans the deletion of a group without other uses.
    fn group(&mut self, name: &str, id: &Id<Group>) {
        let is_assigned = |found: &&Found| {
            let stays = |held: &&Assignment| {
                let key = (found.id.clone(), held.id.clone());
                !held.is_direct() || !self.unassigned.contains(&key)
            };
            let mut targets = found.assignments.iter().filter(stays).filter_map(|held| held.target.as_ref());
            targets.any(|target| target.group_id() == Some(id))
        };
        let assigned = self.objects.iter().filter(is_assigned);
        let mut users: Vec<String> =
            assigned.map(|user| format!("the {} {}", user.kind, user.name)).collect();
        users.extend(self.uses.of(id).map(str::to_owned));
        let restored = self.scope.as_ref().and_then(|scope| scope.restored.as_ref());
        let is_taken_out = restored.is_some_and(|(_, scope)| !scope.has(id));
        let in_scope = self.uses.scope.iter().flat_map(|policy| policy.included_groups.iter().flatten());
        if !is_taken_out && in_scope.into_iter().any(|held| held.id == *id) {
            users.push("the MDM user scope".to_owned());
        }
        if !users.is_empty() {
            let evidence = format!("used by {}", users.join(", "));
            self.blocked(Step::Group, name, &TEARDOWN_GROUP_IN_USE, evidence);
            return;
        }
        if !self.uses.unread().is_empty() {
            let evidence =
                format!("not known whether something uses it; not read: {}", self.uses.unread().join(", "));
            self.findings.push(TEARDOWN_GROUP_USE_NOT_KNOWN.at(name, evidence));
        }
        let act = Act::Delete(Box::new(Group::delete(self.client, id)));
        let items = self.on_record(Step::Group, name).0;
        self.remove(Step::Group, name, RemovalAction::Delete, act, items);
    }

    /// Plans the revocation of the rights in the directory, each using its receipt.
    #[cfg_attr(not(feature = "ad"), allow(clippy::unused_async, reason = "there is no directory to read"))]
    async fn rights(&mut self, site: &Site) {
        const BY_HAND: &str = "it was granted in Active Directory: plan with the directory to revoke it, or remove its \
            entries from the permissions of the OU or container";
        let step = Step::ComputerAccounts;
        for item in self.teardown.created.items() {
            let CreatedObject::Right { subject, .. } = item else { continue };
            #[cfg(feature = "ad")]
            if let (Some(directory), Some(receipt)) = (site.directory(), item.receipt()) {
                match receipt.plan_revocation(&**directory).await {
                    Ok(plan) if plan.is_empty() => self.gone(step, subject, vec![item.clone()]),
                    Ok(plan) => {
                        let entries = plan.aces().iter().map(ToString::to_string).collect();
                        let act = Act::Revoke(Box::new(receipt), Arc::clone(directory));
                        self.remove(step, subject, RemovalAction::Revoke(entries), act, vec![item.clone()]);
                    }
                    Err(error) if error.kind() == DirectoryErrorKind::NotFound => {
                        self.gone(step, subject, vec![item.clone()]);
                    }
                    Err(error) => {
                        let evidence = format!("the directory could not be read: {}", error.subject());
                        self.blocked(step, subject, &TEARDOWN_RIGHT_NOT_READABLE, evidence);
                    }
                }
                continue;
            }
            #[cfg(not(feature = "ad"))]
            let _ = site;
            self.planned(step, subject, RemovalAction::Manual(BY_HAND.to_owned()));
        }
    }

    /// Plans the removal of links to network access configurations. A deleted profile's links go with it.
    async fn networks(&mut self) -> Result<()> {
        let (step, teardown) = (Step::DomainJoin, self.teardown);
        for item in teardown.created.items() {
            let CreatedObject::NetworkAccess { name, configuration, label } = item else { continue };
            if teardown.created.has(&CreatedObject::object(step, name, None)) {
                continue;
            }
            let subject = format!("{name}, {label}");
            let is_it = |found: &&Found| found.step == Some(step) && found.name == *name;
            let found: Vec<&Found> = self.objects.iter().filter(is_it).collect();
            match found.as_slice() {
                [] => self.gone(step, &subject, vec![item.clone()]),
                [object] => {
                    // Never fails: the id was read as one of this type.
                    let Ok(id) = object.id.parse() else { continue };
                    let profiles = self.client.domain_join_profiles();
                    let linked = profiles.network_access_configurations(&id).all().await?;
                    if !linked.iter().any(|held| held.id() == Some(configuration.as_str())) {
                        self.gone(step, &subject, vec![item.clone()]);
                        continue;
                    }
                    let calls = vec![
                        self.client
                            .domain_join_profiles()
                            .remove_network_access_configuration(&id, configuration),
                    ];
                    let action = RemovalAction::Unassign(vec![label.clone()]);
                    self.remove(step, &subject, action, Act::Remove(calls, "unlinked"), vec![item.clone()]);
                }
                several => {
                    let evidence = format!(
                        "there are {} profiles of this name, one of them linked by the deployment",
                        several.len()
                    );
                    self.blocked(step, &subject, &TEARDOWN_DUPLICATE, evidence);
                }
            }
        }
        Ok(())
    }

    /// Plans the restoration of the MDM user scope.
    fn scope(&mut self) {
        let Some(ScopeRestoration { action, restored }) = self.scope.take() else { return };
        let items: Vec<_> = self
            .teardown
            .created
            .items()
            .iter()
            .filter(|item| matches!(item, CreatedObject::Scope { .. }))
            .cloned()
            .collect();
        let step = Step::AutomaticEnrollment;
        let wish = restored.and_then(|(policy, scope)| Some((scope.to_wish()?.steps_from(&policy), policy)));
        let Some((steps, policy)) = wish else {
            return match action {
                RemovalAction::Gone => self.gone(step, MDM_USER_SCOPE, items),
                action => self.planned(step, MDM_USER_SCOPE, action),
            };
        };
        let calls = steps.iter().map(|step| self.client.mdm_policies().apply(&policy.id, step)).collect();
        self.remove(step, MDM_USER_SCOPE, action, Act::Remove(calls, "restored"), items);
    }
}

const COMPUTER_ACCOUNTS: &str = "delete the devices' computer accounts in Active Directory, so that Entra Connect does not \
    sync them again; leave the objects in Entra ID alone, the service deletes them";
