//! What is there of what was made, and what has to be done for it to go.

use std::collections::BTreeMap;

use super::{PlannedRemoval, Removal, Teardown, TeardownPlan};
use crate::error::{ErrorKind, Result};
use crate::graph::{BatchAnswers, Client};
use crate::model::{
    Assignment, DeploymentProfile, Device, DeviceConfiguration, DomainJoinProfile, EnrollmentConfiguration,
    EnrollmentState, EnrollmentStatusPage, Finding, Group, HybridJoinProfile, Id, ManagedDevice, MdmPolicy,
    Severity, Target,
};
use crate::workflow::created::CreatedObject;
use crate::workflow::object::Object;
use crate::workflow::prepare::label_of;
use crate::workflow::state::take_all;
use crate::workflow::step::Step;

/// A plan, and what it takes to carry it out.
pub(super) struct Resolved {
    pub(super) plan: TeardownPlan,
    pub(super) acts: Vec<(Step, String, Act)>,
}

/// One thing to be done, in order.
pub(super) enum Act {
    UnassignUser(Id<Device>),
    DeleteManaged(Id<ManagedDevice>),
    DeleteDevice(Id<Device>),
    UnassignProfile(Id<HybridJoinProfile>, Vec<Id<Assignment>>),
    DeleteProfile(Id<HybridJoinProfile>),
    /// Leaves these.
    AssignPage(Id<EnrollmentStatusPage>, Vec<Target>),
    DeletePage(Id<EnrollmentStatusPage>),
    AssignDomainJoin(Id<DomainJoinProfile>, Vec<Target>),
    DeleteDomainJoin(Id<DomainJoinProfile>),
    DeleteGroup(Id<Group>),
    Exclude(Id<MdmPolicy>, Id<Group>),
}

/// An object that can be assigned, as it is in the tenant.
struct Found {
    step: Step,
    id: String,
    name: String,
    /// Whether a deployment can have made it: it never makes Entra join profiles, which may use its group all the same.
    removable: bool,
    assignments: Vec<Assignment>,
}

pub(super) async fn resolve(teardown: &Teardown, client: &Client) -> Result<Resolved> {
    let objects = read_objects(teardown, client).await?;
    let groups = read_groups(teardown, client).await?;
    let mut resolver = Resolver { teardown, objects, groups, steps: Vec::new(), acts: Vec::new() };
    resolver.devices(client).await?;
    for step in [Step::Profile, Step::StatusPage, Step::DomainJoin] {
        resolver.objects(step);
    }
    resolver.groups();
    resolver.scope(client).await?;
    let Resolver { steps, acts, .. } = resolver;
    let mut findings: Vec<Finding> = steps
        .iter()
        .filter_map(|planned| match &planned.removal {
            Removal::Blocked(finding) => Some(finding.clone()),
            _ => None,
        })
        .collect();
    Finding::sort(&mut findings);
    Ok(Resolved { plan: TeardownPlan { teardown: teardown.clone(), steps, findings }, acts })
}

struct Resolver<'a> {
    teardown: &'a Teardown,
    /// All objects that can be assigned, others' too: they may use the group.
    objects: Vec<Found>,
    /// By the name that was given to what was made.
    groups: BTreeMap<String, Vec<Id<Group>>>,
    steps: Vec<PlannedRemoval>,
    acts: Vec<(Step, String, Act)>,
}

impl Resolver<'_> {
    fn planned(&mut self, step: Step, subject: &str, removal: Removal) {
        self.steps.push(PlannedRemoval { step, subject: subject.to_owned(), removal });
    }

    fn act(&mut self, step: Step, subject: &str, act: Act) {
        self.acts.push((step, subject.to_owned(), act));
    }

    fn blocked(&mut self, step: Step, subject: &str, finding: Finding) {
        self.planned(step, subject, Removal::Blocked(finding));
    }

    async fn devices(&mut self, client: &Client) -> Result<()> {
        let made: Vec<(&str, Option<&Id<Device>>)> = self
            .teardown
            .created
            .items()
            .iter()
            .filter_map(|item| match item {
                CreatedObject::Device { serial_number, id } => Some((serial_number.as_str(), id.as_ref())),
                _ => None,
            })
            .collect();
        if made.is_empty() {
            return Ok(());
        }
        let all = client.devices().list().all().await?;
        let mut deleted = false;
        for (serial, id) in made {
            let is_it = |device: &&Device| match id {
                Some(id) => device.id == *id,
                None => device.serial_number.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(serial)),
            };
            let found: Vec<&Device> = all.iter().filter(is_it).collect();
            match found.as_slice() {
                [] => self.planned(Step::Devices, serial, Removal::Gone),
                [device] => deleted |= self.device(serial, device),
                _ => {
                    let finding = Finding::new(
                        "teardown.serial-repeats",
                        Severity::Error,
                        serial,
                        "several registered devices have this serial number",
                        "delete the right one by hand: manufacturer and model tell them apart",
                    );
                    self.blocked(Step::Devices, serial, finding);
                }
            }
        }
        if deleted {
            self.planned(Step::Devices, "computer accounts", Removal::Manual(COMPUTER_ACCOUNTS.to_owned()));
        }
        Ok(())
    }

    fn device(&mut self, serial: &str, device: &Device) -> bool {
        let managed = device.managed_device_id.as_ref().filter(|_| {
            device.enrollment_state.as_ref().is_none_or(|state| *state != EnrollmentState::NotContacted)
        });
        if managed.is_some() && !self.teardown.with_managed_devices {
            let finding = Finding::new(
                "teardown.enrolled",
                Severity::Error,
                serial,
                "it is enrolled: its registration cannot be deleted before the device in Intune is",
                "delete or retire it in Intune, or let the teardown do so; its user loses access to what is managed",
            );
            self.blocked(Step::Devices, serial, finding);
            return false;
        }
        if let Some(managed) = managed {
            self.planned(Step::Deploy, serial, Removal::Delete);
            self.act(Step::Deploy, serial, Act::DeleteManaged(managed.clone()));
        }
        if device.user_principal_name.is_some() {
            self.planned(Step::Users, serial, Removal::Unassign(vec!["its user".to_owned()]));
            self.act(Step::Users, serial, Act::UnassignUser(device.id.clone()));
        }
        self.planned(Step::Devices, serial, Removal::Delete);
        self.act(Step::Devices, serial, Act::DeleteDevice(device.id.clone()));
        true
    }

    /// Objects that were made, and assignments of objects that were there before.
    fn objects(&mut self, step: Step) {
        let mut names: Vec<(&str, Option<Option<&str>>)> = Vec::new();
        for item in self.teardown.created.items() {
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
        let owned: Vec<(String, Option<Option<String>>)> = names
            .into_iter()
            .map(|(name, made)| (name.to_owned(), made.map(|id| id.map(str::to_owned))))
            .collect();
        for (name, made) in owned {
            self.object(step, &name, made.as_ref().map(Option::as_deref));
        }
    }

    fn object(&mut self, step: Step, name: &str, made: Option<Option<&str>>) {
        let by_id = made.flatten();
        let is_it = |found: &&Found| {
            found.removable
                && found.step == step
                && by_id.map_or(found.name == name, |id| found.id.eq_ignore_ascii_case(id))
        };
        let found: Vec<&Found> = self.objects.iter().filter(is_it).collect();
        let object = match found.as_slice() {
            [] => return self.planned(step, name, Removal::Gone),
            [object] => *object,
            several => {
                let finding = Finding::new(
                    "teardown.duplicate",
                    Severity::Error,
                    name,
                    format!("there are {} of this type and name, and one of them was made", several.len()),
                    "delete the right one by hand",
                );
                return self.blocked(step, name, finding);
            }
        };
        let ours = self.our_targets(step, name);
        let (own, others): (Vec<&Assignment>, Vec<&Assignment>) =
            object.assignments.iter().partition(|assignment| {
                assignment.target.as_ref().is_some_and(|target| ours.iter().any(|our| our.same_as(target)))
            });
        let labels: Vec<String> = own.iter().map(|assignment| label_of(assignment)).collect();
        let (id, remaining) = (object.id.clone(), targets_of(&others));
        let gone: Vec<Id<Assignment>> = own
            .iter()
            .filter(|assignment| assignment.is_direct())
            .map(|assignment| assignment.id.clone())
            .collect();
        let elsewhere: Vec<String> = others.iter().map(|assignment| label_of(assignment)).collect();
        let deletes = made.is_some();
        if deletes && !elsewhere.is_empty() {
            let finding = Finding::new(
                "teardown.assigned-elsewhere",
                Severity::Error,
                name,
                format!("somebody has assigned it to {}", elsewhere.join(", ")),
                "take that away, or keep it",
            );
            return self.blocked(step, name, finding);
        }
        if !labels.is_empty() {
            self.planned(step, name, Removal::Unassign(labels));
            let act = match step {
                Step::Profile => id.parse().ok().map(|id| Act::UnassignProfile(id, gone)),
                Step::StatusPage => id.parse().ok().map(|id| Act::AssignPage(id, remaining)),
                _ => id.parse().ok().map(|id| Act::AssignDomainJoin(id, remaining)),
            };
            self.acts.extend(act.map(|act| (step, name.to_owned(), act)));
        }
        if deletes {
            self.planned(step, name, Removal::Delete);
            let act = match step {
                Step::Profile => id.parse().ok().map(Act::DeleteProfile),
                Step::StatusPage => id.parse().ok().map(Act::DeletePage),
                _ => id.parse().ok().map(Act::DeleteDomainJoin),
            };
            self.acts.extend(act.map(|act| (step, name.to_owned(), act)));
        }
    }

    /// To whom the deployment has assigned an object: as written down, and to groups of its own.
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
        let groups: Vec<(String, Vec<Id<Group>>)> =
            self.groups.iter().map(|(name, ids)| (name.clone(), ids.clone())).collect();
        for (name, ids) in groups {
            match ids.as_slice() {
                [] => self.planned(Step::Group, &name, Removal::Gone),
                [id] => {
                    let taken_down: Vec<(Step, &str)> = self
                        .acts
                        .iter()
                        .filter(|(_, _, act)| {
                            matches!(
                                act,
                                Act::UnassignProfile(..) | Act::AssignPage(..) | Act::AssignDomainJoin(..)
                            )
                        })
                        .map(|(step, subject, _)| (*step, subject.as_str()))
                        .collect();
                    let uses = |found: &&Found| {
                        !(found.removable && taken_down.contains(&(found.step, found.name.as_str())))
                            && found.assignments.iter().any(|assignment| {
                                assignment.target.as_ref().and_then(Target::group_id) == Some(id)
                            })
                    };
                    if let Some(user) = self.objects.iter().find(uses) {
                        let finding = Finding::new(
                            "teardown.group-in-use",
                            Severity::Error,
                            name.as_str(),
                            format!("the {} {} is assigned to it", user.step, user.name),
                            "take that assignment away first: one to a group that is gone keeps its object from being \
                             deleted",
                        );
                        self.blocked(Step::Group, &name, finding);
                    } else {
                        self.planned(Step::Group, &name, Removal::Delete);
                        self.act(Step::Group, &name, Act::DeleteGroup(id.clone()));
                    }
                }
                several => {
                    let finding = Finding::new(
                        "teardown.duplicate",
                        Severity::Error,
                        name.as_str(),
                        format!("there are {} groups of this name, and one of them was made", several.len()),
                        "delete the right one by hand",
                    );
                    self.blocked(Step::Group, &name, finding);
                }
            }
        }
    }

    async fn scope(&mut self, client: &Client) -> Result<()> {
        const SUBJECT: &str = "MDM user scope";
        let step = Step::AutomaticEnrollment;
        let items = self.teardown.created.items();
        if items.contains(&CreatedObject::ScopeAll) {
            let text = "everybody was taken into it; what it was before is not known: set it in the Entra admin center";
            self.planned(step, SUBJECT, Removal::Manual(text.to_owned()));
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
        let policy = match client.mdm_policies().intune().await {
            Ok(policy) => policy,
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                let text =
                    "only a signed-in user may change it: take the groups out in the Entra admin center";
                self.planned(step, SUBJECT, Removal::Manual(text.to_owned()));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for group in groups {
            let subject = format!("{SUBJECT}, group {group}");
            if policy.included_groups.iter().flatten().any(|held| held.id == group) {
                self.planned(step, &subject, Removal::Unassign(vec!["its users".to_owned()]));
                self.act(step, &subject, Act::Exclude(policy.id.clone(), group));
            } else {
                self.planned(step, &subject, Removal::Gone);
            }
        }
        Ok(())
    }
}

const COMPUTER_ACCOUNTS: &str = "delete the devices' computer accounts in Active Directory, so that Entra Connect does not \
    sync them again; leave the objects in Entra ID alone, the service deletes them";

fn targets_of(assignments: &[&Assignment]) -> Vec<Target> {
    assignments.iter().filter_map(|assignment| assignment.target.clone()).collect()
}

/// The objects of the kinds that were made or are assigned to what was made, with their assignments.
async fn read_objects(teardown: &Teardown, client: &Client) -> Result<Vec<Found>> {
    let items = teardown.created.items();
    let has_group = items.iter().any(|item| matches!(item, CreatedObject::Object { step: Step::Group, .. }));
    let has = |step: Step| {
        has_group
            || items.iter().any(|item| {
                matches!(item, CreatedObject::Object { step: of, .. } | CreatedObject::Assignment { step: of, .. } if *of == step)
            })
    };
    let mut batch = client.batch();
    let mut slots = Vec::new();
    if has(Step::Profile) {
        for profile in client.profiles().list().all().await? {
            let (list, removable) = match &profile {
                DeploymentProfile::Hybrid(stored) => (client.profiles().assignments(&stored.id), true),
                DeploymentProfile::Entra(stored) => (client.profiles().assignments(&stored.id), false),
                DeploymentProfile::Unknown(_) => continue,
            };
            let (Some(id), Some(name)) = (profile.id(), profile.display_name()) else { continue };
            let slot = batch.add(list.operation().clone());
            slots.push((Step::Profile, id.to_owned(), name.to_owned(), removable, slot, list));
        }
    }
    if has(Step::StatusPage) {
        for page in client.enrollment_status_pages().list().all().await? {
            let EnrollmentConfiguration::StatusPage(stored) = page else { continue };
            if stored.is_default() {
                continue;
            }
            let list = client.enrollment_status_pages().assignments(&stored.id);
            let slot = batch.add(list.operation().clone());
            let name = stored.settings.display_name.to_string();
            slots.push((Step::StatusPage, stored.id.as_str().to_owned(), name, true, slot, list));
        }
    }
    if has(Step::DomainJoin) {
        for configuration in client.domain_join_profiles().list().all().await? {
            let DeviceConfiguration::DomainJoin(stored) = configuration else { continue };
            let list = client.domain_join_profiles().assignments(&stored.id);
            let slot = batch.add(list.operation().clone());
            let name = stored.settings.display_name.to_string();
            slots.push((Step::DomainJoin, stored.id.as_str().to_owned(), name, true, slot, list));
        }
    }
    let mut answers: BatchAnswers = batch.send().await?;
    let mut found = Vec::new();
    for (step, id, name, removable, slot, list) in slots {
        let assignments = take_all(&mut answers, slot, list).await?;
        found.push(Found { step, id, name, removable, assignments });
    }
    Ok(found)
}

/// The groups that were made, as far as they are there.
async fn read_groups(teardown: &Teardown, client: &Client) -> Result<BTreeMap<String, Vec<Id<Group>>>> {
    let mut groups = BTreeMap::new();
    for item in teardown.created.items() {
        let CreatedObject::Object { step: Step::Group, name, id } = item else { continue };
        let found = match id {
            Some(id) => match client.groups().get(&id.parse()?).send().await {
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
