//! The resolution of a teardown's objects against the tenant.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{PlannedRemoval, RemovalAction, Teardown, TeardownPlan};
use crate::error::{ErrorKind, Result};
use crate::graph::{Call, Client};
use crate::model::{
    Assignment, DeploymentProfile, Device, DomainJoinProfile, EnrollmentState, EnrollmentStatusPage, Finding,
    FindingKind, Group, HybridJoinProfile, Id, Target,
};
use crate::workflow::created::CreatedObject;
use crate::workflow::findings::*;
use crate::workflow::object::{Assignable, AssignmentBatch, ManagedObject, profile_assignments};
use crate::workflow::prepare::label_of;
use crate::workflow::step::Step;

impl Teardown {
    /// Plans the removal of what still exists. Reads only.
    ///
    /// # Errors
    /// As [`Call`](crate::graph::Call). An obstacle is a finding, not an error.
    /// # Permissions
    /// As [`HybridJoin::plan`](crate::workflow::HybridJoin::plan), each only for objects of the teardown.
    pub async fn plan(&self, client: &Client) -> Result<TeardownPlan> {
        Ok(resolve(self, client).await?.plan)
    }
}

/// A plan, and the calls behind it.
pub(super) struct Resolved {
    pub(super) plan: TeardownPlan,
    pub(super) acts: Vec<(Step, String, Act)>,
}

/// The calls of one removal.
pub(super) enum Act {
    /// Deletes an object.
    Delete(Box<Call<()>>),
    /// Deletes a registration, which may stay visible for a while.
    DeleteDevice(Id<Device>),
    /// Removes assignments or members; with the change in words.
    Remove(Vec<Call<()>>, &'static str),
}

/// An object in the tenant that can be assigned.
struct Found {
    step: Step,
    id: String,
    name: String,
    /// Whether a deployment can have created the object: no deployment creates Entra join profiles, but one may be
    /// assigned to its group.
    removable: bool,
    assignments: Vec<Assignment>,
}

pub(super) async fn resolve(teardown: &Teardown, client: &Client) -> Result<Resolved> {
    let objects = read_objects(teardown, client).await?;
    let groups = read_groups(teardown, client).await?;
    let (unassigned, steps, acts) = Default::default();
    let mut resolver = Resolver { teardown, client, objects, unassigned, groups, steps, acts };
    resolver.devices().await?;
    resolver.objects::<HybridJoinProfile>();
    resolver.objects::<EnrollmentStatusPage>();
    resolver.objects::<DomainJoinProfile>();
    resolver.groups();
    resolver.scope().await?;
    let Resolver { steps, acts, .. } = resolver;
    let mut findings: Vec<Finding> = steps
        .iter()
        .filter_map(|planned| match &planned.action {
            RemovalAction::Blocked(finding) => Some(finding.clone()),
            _ => None,
        })
        .collect();
    Finding::sort(&mut findings);
    Ok(Resolved { plan: TeardownPlan { teardown: teardown.clone(), steps, findings }, acts })
}

struct Resolver<'a> {
    teardown: &'a Teardown,
    client: &'a Client,
    /// All objects that can be assigned, including foreign ones that may use the group.
    objects: Vec<Found>,
    /// The ids of the objects whose assignments are removed.
    unassigned: BTreeSet<String>,
    /// The groups that were created, by name.
    groups: BTreeMap<String, Vec<Id<Group>>>,
    steps: Vec<PlannedRemoval>,
    acts: Vec<(Step, String, Act)>,
}

impl Resolver<'_> {
    fn planned(&mut self, step: Step, subject: &str, action: RemovalAction) {
        self.steps.push(PlannedRemoval { step, subject: subject.to_owned(), action });
    }

    /// Plans a removal that the calls of `act` carry out.
    fn remove(&mut self, step: Step, subject: &str, action: RemovalAction, act: Act) {
        self.planned(step, subject, action);
        self.acts.push((step, subject.to_owned(), act));
    }

    fn blocked(&mut self, step: Step, subject: &str, kind: &FindingKind, evidence: impl Into<String>) {
        self.planned(step, subject, RemovalAction::Blocked(kind.at(subject, evidence)));
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
                [] => self.planned(Step::Devices, serial, RemovalAction::Gone),
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
        let managed = device.managed_device_id.as_ref().filter(|_| {
            device.enrollment_state.as_ref().is_none_or(|state| *state != EnrollmentState::NotContacted)
        });
        if managed.is_some() && !self.teardown.delete_managed_devices {
            let evidence =
                "it is enrolled: its registration cannot be deleted before the device in Intune is";
            self.blocked(Step::Devices, serial, &TEARDOWN_ENROLLED, evidence);
            return false;
        }
        if let Some(managed) = managed {
            let act = Act::Delete(Box::new(self.client.managed_devices().delete(managed)));
            self.remove(Step::Deploy, serial, RemovalAction::Delete, act);
        }
        if device.user_principal_name.is_some() {
            let act = Act::Remove(vec![self.client.devices().unassign_user(&device.id)], "unassigned");
            self.remove(Step::Users, serial, RemovalAction::Unassign(vec!["its user".to_owned()]), act);
        }
        self.remove(Step::Devices, serial, RemovalAction::Delete, Act::DeleteDevice(device.id.clone()));
        true
    }

    /// Plans the removal of objects that were created, and of assignments of objects that existed before.
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
            found.removable
                && found.step == step
                && by_id.map_or(found.name == name, |id| found.id.eq_ignore_ascii_case(id))
        };
        let found: Vec<&Found> = self.objects.iter().filter(is_it).collect();
        let object = match found.as_slice() {
            [] => return self.planned(step, name, RemovalAction::Gone),
            [object] => *object,
            several => {
                let evidence =
                    format!("there are {} of this type and name, and one of them was made", several.len());
                return self.blocked(step, name, &TEARDOWN_DUPLICATE, evidence);
            }
        };
        let ours = self.our_targets(step, name);
        let (own, others): (Vec<&Assignment>, Vec<&Assignment>) =
            object.assignments.iter().partition(|assignment| {
                assignment.target.as_ref().is_some_and(|target| ours.iter().any(|our| our.same_as(target)))
            });
        let labels: Vec<String> = own.iter().map(|assignment| label_of(assignment)).collect();
        // Never fails: the id was read as one of this type.
        let Ok(id) = object.id.parse::<Id<S>>() else { return };
        let unassign = S::unassign(self.client, &id, &own);
        let elsewhere: Vec<String> = others.iter().map(|assignment| label_of(assignment)).collect();
        let deletes = made.is_some();
        if deletes && !elsewhere.is_empty() {
            let evidence = format!("somebody has assigned it to {}", elsewhere.join(", "));
            return self.blocked(step, name, &TEARDOWN_ASSIGNED_ELSEWHERE, evidence);
        }
        if !labels.is_empty() {
            self.unassigned.insert(object.id.clone());
            self.remove(step, name, RemovalAction::Unassign(labels), Act::Remove(unassign, "unassigned"));
        }
        if deletes {
            self.remove(
                step,
                name,
                RemovalAction::Delete,
                Act::Delete(Box::new(S::delete(self.client, &id))),
            );
        }
    }

    /// Returns the targets that the deployment has assigned an object to: those on record, and its own groups.
    fn our_targets(&self, step: Step, name: &str) -> Vec<Target> {
        let written = self.teardown.created.items().iter().filter_map(|item| match item {
            CreatedObject::Assignment { step: of, name: to, target } if *of == step && to == name => {
                Some(target.clone())
            }
            _ => None,
        });
        written.chain(self.groups.values().flatten().cloned().map(Target::group)).collect()
    }

    fn groups(&mut self) {
        for (name, ids) in self.groups.clone() {
            match ids.as_slice() {
                [] => self.planned(Step::Group, &name, RemovalAction::Gone),
                [id] => {
                    let uses = |found: &&Found| {
                        let mut targets = found.assignments.iter().filter_map(|held| held.target.as_ref());
                        targets.any(|target| target.group_id() == Some(id))
                            && !self.unassigned.contains(&found.id)
                    };
                    if let Some(user) = self.objects.iter().find(uses) {
                        let evidence = format!("the {} {} is assigned to it", user.step, user.name);
                        self.blocked(Step::Group, &name, &TEARDOWN_GROUP_IN_USE, evidence);
                    } else {
                        let act = Act::Delete(Box::new(Group::delete(self.client, id)));
                        self.remove(Step::Group, &name, RemovalAction::Delete, act);
                    }
                }
                several => {
                    let evidence =
                        format!("there are {} groups of this name, and one of them was made", several.len());
                    self.blocked(Step::Group, &name, &TEARDOWN_DUPLICATE, evidence);
                }
            }
        }
    }

    async fn scope(&mut self) -> Result<()> {
        const SUBJECT: &str = "MDM user scope";
        let step = Step::AutomaticEnrollment;
        let items = self.teardown.created.items();
        if items.contains(&CreatedObject::ScopeAll) {
            let text = "everybody was taken into it; what it was before is not known: set it in the Entra admin center";
            self.planned(step, SUBJECT, RemovalAction::Manual(text.to_owned()));
        }
        let groups: Vec<Id<Group>> = items
            .iter()
            .filter_map(|item| match item {
                CreatedObject::ScopeGroup { group } => Some(group.clone()),
                _ => None,
            })
            .collect();
        if groups.is_empty() {
            return Ok(());
        }
        let policy = match self.client.mdm_policies().intune().await {
            Ok(policy) => policy,
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                let text =
                    "only a signed-in user may change it: take the groups out in the Entra admin center";
                self.planned(step, SUBJECT, RemovalAction::Manual(text.to_owned()));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for group in groups {
            let subject = format!("{SUBJECT}, group {group}");
            if policy.included_groups.iter().flatten().any(|held| held.id == group) {
                let act = Act::Remove(
                    vec![self.client.mdm_policies().remove_group(&policy.id, &group)],
                    "taken out",
                );
                self.remove(step, &subject, RemovalAction::Unassign(vec!["its users".to_owned()]), act);
            } else {
                self.planned(step, &subject, RemovalAction::Gone);
            }
        }
        Ok(())
    }
}

const COMPUTER_ACCOUNTS: &str = "delete the devices' computer accounts in Active Directory, so that Entra Connect does not \
    sync them again; leave the objects in Entra ID alone, the service deletes them";

/// Reads the assignable objects of the types that were created, or of all types if a group was: they may use it.
async fn read_objects(teardown: &Teardown, client: &Client) -> Result<Vec<Found>> {
    let items = teardown.created.items();
    let has_group = items.iter().any(|item| matches!(item, CreatedObject::Object { step: Step::Group, .. }));
    let has = |step: Step| {
        has_group
            || items.iter().any(|item| {
                matches!(item, CreatedObject::Object { step: of, .. } | CreatedObject::Assignment { step: of, .. } if *of == step)
            })
    };
    let mut batch = AssignmentBatch::new(client);
    if has(Step::Profile) {
        for profile in client.profiles().list().all().await? {
            let parts = (profile.id(), profile.display_name(), profile_assignments(client, &profile));
            let (Some(id), Some(name), Some(list)) = parts else { continue };
            let removable = matches!(profile, DeploymentProfile::Hybrid(_));
            batch.add((Step::Profile, id.to_owned(), name.to_owned(), removable), list);
        }
    }
    if has(Step::StatusPage) {
        add_all::<EnrollmentStatusPage>(&mut batch, client).await?;
    }
    if has(Step::DomainJoin) {
        add_all::<DomainJoinProfile>(&mut batch, client).await?;
    }
    let found = |((step, id, name, removable), assignments)| Found { step, id, name, removable, assignments };
    Ok(batch.read().await?.into_iter().map(found).collect())
}

/// Adds all objects of a type to a batch.
async fn add_all<S: Assignable>(
    batch: &mut AssignmentBatch<(Step, String, String, bool)>,
    client: &Client,
) -> Result<()> {
    for stored in S::read(client, None).await?.iter().filter(|stored| !S::is_default(stored)) {
        let (id, name) = (stored.id.as_str().to_owned(), stored.settings.name().to_owned());
        batch.add((S::STEP, id, name, true), S::assignments(client, &stored.id).list());
    }
    Ok(())
}

/// Reads the groups that were created and still exist.
async fn read_groups(teardown: &Teardown, client: &Client) -> Result<BTreeMap<String, Vec<Id<Group>>>> {
    let mut groups = BTreeMap::new();
    for item in teardown.created.items() {
        let CreatedObject::Object { step: Step::Group, name, id } = item else { continue };
        let found = match id {
            Some(id) => match client.groups().get(&id.parse()?).await {
                Ok(stored) => vec![stored.id],
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error),
            },
            None => Group::find(client, name).await?.into_iter().map(|stored| stored.id).collect(),
        };
        groups.insert(name.clone(), found);
    }
    Ok(groups)
}
