//! The state of a tenant, as far as a deployment is concerned. Each collection is read once.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{try_join, try_join3, try_join5};
use serde::de::DeserializeOwned;

use crate::error::{ErrorKind, Result};
use crate::graph::{Client, List, field};
use crate::model::{
    Assignment, Connector, DeploymentProfile, Device, DirectoryDevice, DirectoryObject, DisplayName,
    DomainJoinProfile, EnrollmentStatusPage, Group, HybridJoinProfile, Id, MdmPolicy, MobileApp, Settings,
    Stored, TargetKind,
};

use super::hybrid_join::{HybridJoin, MdmUserScope, MemberSelection};
use super::object::{Assignable, AssignmentBatch, ManagedObject, profile_assignments};

/// The state of a tenant. Parts that the deployment does not use are empty.
#[derive(Debug, Default)]
pub(super) struct TenantState {
    pub(super) mdm: Option<MdmRead>,
    pub(super) connectors: Vec<Connector>,
    /// Groups by the names that the deployment uses: there may be several of a name.
    pub(super) groups: Vec<(String, Vec<Stored<Group>>)>,
    pub(super) profiles: Vec<DeploymentProfile>,
    pub(super) pages: Vec<Stored<EnrollmentStatusPage>>,
    pub(super) domain_joins: Vec<Stored<DomainJoinProfile>>,
    pub(super) apps: Vec<MobileApp>,
    pub(super) devices: Vec<Device>,
    /// The ids of the registrations whose object is in Entra ID; `None` if they may not be read.
    pub(super) anchors: Option<BTreeSet<String>>,
    /// The members of the group of devices, if somebody puts them in; `None` if they may not be read.
    pub(super) members: Option<Vec<DirectoryObject>>,
    /// Assignments by the id of the object that is assigned, others' too: they may conflict.
    pub(super) assignments: HashMap<String, Vec<Assignment>>,
    /// Groups that the deployment's own objects are assigned to, and that are not there any more.
    pub(super) gone_groups: BTreeSet<Id<Group>>,
}

/// The outcome of reading the MDM scope.
#[derive(Debug)]
pub(super) enum MdmRead {
    Policy(Box<MdmPolicy>),
    /// Only a signed-in user may read the scope, and the client is an app.
    NotAllowed,
    /// The tenant has no policy of Intune.
    Missing,
}

impl TenantState {
    /// Reads what `desired` uses, each collection once.
    pub(super) async fn read(
        client: &Client,
        desired: &HybridJoin,
        with_devices: bool,
        app_only: bool,
    ) -> Result<Self> {
        let names = group_names(desired);
        let with_devices = desired.reads_devices(with_devices);
        let (tenant, objects) = try_join(
            try_join5(
                read_mdm(client, desired, app_only),
                all_if(desired.connectors.is_some(), client.connectors().list()),
                read_groups(client, &names),
                all_if(with_devices, client.devices().list()),
                read_anchors(client, with_devices),
            ),
            try_join(
                try_join3(
                    all_if(desired.profile.is_some(), client.profiles().list()),
                    read_objects(client, desired),
                    read_objects(client, desired),
                ),
                all_if(desired.enrollment_status_page.is_some(), client.mobile_apps().list()),
            ),
        )
        .await?;
        let (mdm, connectors, groups, devices, anchors) = tenant;
        let ((profiles, pages, domain_joins), apps) = objects;
        let mut state = Self {
            mdm,
            connectors,
            groups,
            profiles,
            pages,
            domain_joins,
            apps,
            devices,
            anchors,
            ..Self::default()
        };
        let (assignments, members) =
            try_join(state.read_assignments(client), state.read_members(client, desired)).await?;
        (state.assignments, state.members) = (assignments, members);
        state.gone_groups = state.read_gone_groups(client, desired).await?;
        Ok(state)
    }

    /// Reads the assignments of all profiles, pages and domain join profiles.
    async fn read_assignments(&self, client: &Client) -> Result<HashMap<String, Vec<Assignment>>> {
        let mut batch = AssignmentBatch::new(client);
        for profile in &self.profiles {
            if let (Some(id), Some(list)) = (profile.id(), profile_assignments(client, profile)) {
                batch.add(id.to_owned(), list);
            }
        }
        add_assignments(&mut batch, client, &self.pages);
        add_assignments(&mut batch, client, &self.domain_joins);
        Ok(batch.read().await?.into_iter().collect())
    }

    /// Reads the members of the group of devices, if no rule determines them.
    async fn read_members(
        &self,
        client: &Client,
        desired: &HybridJoin,
    ) -> Result<Option<Vec<DirectoryObject>>> {
        let Some(group) = desired.group.as_ref().filter(|group| group.members == MemberSelection::Assigned)
        else {
            return Ok(None);
        };
        match self.groups_named(&group.display_name) {
            [stored] => if_allowed(client.groups().members(&stored.id).all().await),
            _ => Ok(None),
        }
    }

    /// Returns the groups that the deployment's objects are assigned to and that no longer exist.
    async fn read_gone_groups(&self, client: &Client, desired: &HybridJoin) -> Result<BTreeSet<Id<Group>>> {
        let known = self.groups.iter().flat_map(|(_, found)| found).map(|stored| stored.id.clone());
        let known: BTreeSet<Id<Group>> = known.collect();
        let own = self.own_objects(desired);
        let targets = own.filter_map(|id| self.assignments.get(id)).flatten();
        let targets = targets.filter_map(|assignment| assignment.target.as_ref()?.group_id());
        let asked: BTreeSet<Id<Group>> = targets.filter(|id| !known.contains(id)).cloned().collect();
        let mut batch = client.batch();
        let slots: Vec<_> = asked.into_iter().map(|id| (batch.add(client.groups().get(&id)), id)).collect();
        let mut answers = batch.await?;
        let mut gone = BTreeSet::new();
        for (slot, id) in slots {
            match answers.take(slot) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    gone.insert(id);
                }
                // That one cannot be read says nothing of the deployment.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(gone)
    }

    /// Returns the ids of the deployment's own objects that can be assigned.
    fn own_objects<'a>(&'a self, desired: &'a HybridJoin) -> impl Iterator<Item = &'a str> {
        fn id<S: ManagedObject>(stored: &Stored<S>) -> &str {
            stored.id.as_str()
        }
        HybridJoinProfile::own(self.hybrid_profiles(), desired)
            .map(id)
            .chain(EnrollmentStatusPage::own(&self.pages, desired).map(id))
            .chain(DomainJoinProfile::own(&self.domain_joins, desired).map(id))
    }

    /// Returns the group of devices, if exactly one exists.
    pub(super) fn device_group(&self, desired: &HybridJoin) -> Option<&Stored<Group>> {
        match self.groups_named(&desired.group.as_ref()?.display_name) {
            [stored] => Some(stored),
            _ => None,
        }
    }

    /// Returns `true` if a registered device belongs to the deployment, as far as its registration shows.
    pub(super) fn is_of(desired: &HybridJoin, device: &Device) -> bool {
        match desired.group.as_ref().map(|group| &group.members) {
            Some(MemberSelection::GroupTag(tag)) => {
                device.group_tag.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(tag.as_str()))
            }
            Some(MemberSelection::AllAutopilotDevices) => true,
            _ => false,
        }
    }

    /// Returns `true` if an object is assigned to a group, or excluded from it if `exclusion` is set.
    pub(super) fn is_assigned_to(&self, object: &str, group: &Id<Group>, exclusion: bool) -> bool {
        self.assignments.get(object).into_iter().flatten().any(|assignment| {
            match assignment.target.as_ref().map(|target| &target.kind) {
                Some(TargetKind::Group(id)) => !exclusion && id == group,
                Some(TargetKind::ExclusionGroup(id)) => exclusion && id == group,
                _ => false,
            }
        })
    }

    /// Returns the hybrid join profiles.
    pub(super) fn hybrid_profiles(&self) -> impl Iterator<Item = &Stored<HybridJoinProfile>> {
        self.profiles.iter().filter_map(|profile| match profile {
            DeploymentProfile::Hybrid(stored) => Some(stored),
            _ => None,
        })
    }

    /// Returns the assignments of an object.
    pub(super) fn assignments_of<T: Settings>(&self, stored: &Stored<T>) -> &[Assignment] {
        self.assignments.get(stored.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Returns the groups of a name.
    pub(super) fn groups_named(&self, name: &DisplayName) -> &[Stored<Group>] {
        let named = self.groups.iter().find(|(other, _)| other == name.as_str());
        named.map_or(&[], |(_, found)| found)
    }
}

/// Returns the names of groups that a deployment uses.
fn group_names(desired: &HybridJoin) -> Vec<&DisplayName> {
    let mut names: Vec<&DisplayName> = desired.group.iter().map(|group| &group.display_name).collect();
    if let Some(MdmUserScope::Groups(groups)) = &desired.mdm_scope {
        names.extend(groups);
    }
    names.sort_unstable();
    names.dedup();
    names
}

async fn all_if<T: DeserializeOwned + Send + 'static>(wanted: bool, list: List<T>) -> Result<Vec<T>> {
    if wanted { list.all().await } else { Ok(Vec::new()) }
}

/// Adds the assignments of objects to a batch. A default object has none of interest.
fn add_assignments<S: Assignable>(
    batch: &mut AssignmentBatch<String>,
    client: &Client,
    objects: &[Stored<S>],
) {
    for stored in objects.iter().filter(|stored| !S::is_default(stored)) {
        batch.add(stored.id.as_str().to_owned(), S::assignments(client, &stored.id).list());
    }
}

/// Returns the answer, or `None` if the caller may not read it: the plan does without.
fn if_allowed<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

async fn read_anchors(client: &Client, wanted: bool) -> Result<Option<BTreeSet<String>>> {
    if !wanted {
        return Ok(None);
    }
    let anchors = field("physicalIds").any(|id| id.starts_with("[ZTDID]"));
    let list = client
        .directory_devices()
        .list()
        .filter(anchors)
        .select(["id", "deviceId", "physicalIds"])
        .page_size(999);
    let read = if_allowed(list.all().await)?;
    let ids = |device: &DirectoryDevice| device.ztd_id().map(|id| id.as_str().to_ascii_lowercase());
    Ok(read.map(|devices| devices.iter().filter_map(ids).collect()))
}

async fn read_mdm(client: &Client, desired: &HybridJoin, app_only: bool) -> Result<Option<MdmRead>> {
    if desired.mdm_scope.is_none() {
        return Ok(None);
    }
    if app_only {
        return Ok(Some(MdmRead::NotAllowed));
    }
    match client.mdm_policies().intune().await {
        Ok(policy) => Ok(Some(MdmRead::Policy(Box::new(policy)))),
        // Some tenants answer an app with 401. Were it the token, nothing else could be read either.
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Authentication) => {
            Ok(Some(MdmRead::NotAllowed))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(MdmRead::Missing)),
        Err(error) => Err(error),
    }
}

async fn read_groups(client: &Client, names: &[&DisplayName]) -> Result<Vec<(String, Vec<Stored<Group>>)>> {
    let mut groups = Vec::new();
    for name in names {
        groups.push((name.as_str().to_owned(), Group::find(client, name.as_str()).await?));
    }
    Ok(groups)
}

/// Reads all objects of a type, if the deployment has one.
async fn read_objects<S: ManagedObject>(client: &Client, desired: &HybridJoin) -> Result<Vec<Stored<S>>> {
    if S::desired_name(desired).is_some() { S::read(client, None).await } else { Ok(Vec::new()) }
}
