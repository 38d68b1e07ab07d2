//! The parts of a tenant's state that a deployment needs. Each collection is read once.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{try_join, try_join3, try_join5};
use serde::de::DeserializeOwned;

use crate::error::{ErrorKind, Result};
use crate::graph::{Client, List};
use crate::model::{
    Assignment, AssignmentFilter, Connector, DeploymentProfile, Device, DeviceConfiguration, DirectoryDevice,
    DisplayName, DomainJoinProfile, EnrollmentStatusPage, Group, HybridJoinProfile, Id, Lookup, MdmPolicy,
    MobileApp, Settings, SkipUserStatusPage, Stored, Target,
};

use super::hybrid_join::{HybridJoin, MdmUserScope, MemberSelection};
use super::identity::Identity;
use super::network_links::{self, NetworkLink};
use super::object::{Assignable, AssignmentBatch, ManagedObject, profile_assignments};
use super::resultant::{
    GroupMembers, GroupView, anchor_of, named_groups, read_anchors, read_filters, read_groups,
};

/// The state of a tenant. Parts that the deployment does not use are empty.
#[derive(Debug, Default)]
pub(super) struct TenantState {
    pub(super) mdm: Option<MdmRead>,
    pub(super) connectors: Vec<Connector>,
    /// Groups by the names that the deployment uses; several may share a name.
    pub(super) groups: Vec<(String, Vec<Stored<Group>>)>,
    pub(super) profiles: Vec<DeploymentProfile>,
    pub(super) pages: Vec<Stored<EnrollmentStatusPage>>,
    pub(super) domain_joins: Vec<Stored<DomainJoinProfile>>,
    /// The policies that skip account setup, and all custom configurations.
    pub(super) skip_policies: Vec<Stored<SkipUserStatusPage>>,
    /// All device configurations.
    pub(super) configurations: Vec<DeviceConfiguration>,
    /// The network access configurations of the deployment's domain join profile; absent if not requested.
    pub(super) networks: Lookup<Vec<NetworkLink>>,
    pub(super) apps: Vec<MobileApp>,
    pub(super) devices: Vec<Device>,
    /// The objects in Entra ID of registrations, by lower-case registration id.
    pub(super) anchors: Lookup<HashMap<String, DirectoryDevice>>,
    /// The groups in assignments and the device group, with their members.
    pub(super) group_views: HashMap<Id<Group>, Lookup<GroupView>>,
    /// The filters, if an assignment or the settings use one.
    pub(super) filters: Lookup<Vec<AssignmentFilter>>,
    /// Assignments by object id, including foreign objects, which may conflict.
    pub(super) assignments: HashMap<String, Vec<Assignment>>,
    /// Groups that the deployment's objects are assigned to but that no longer exist.
    pub(super) gone_groups: BTreeSet<Id<Group>>,
    /// The identity of the deployment's own objects.
    pub(super) identity: Identity,
}

/// The outcome of reading the MDM scope.
#[derive(Debug)]
pub(super) enum MdmRead {
    Policy(Box<MdmPolicy>),
    /// An app cannot read the scope: only a signed-in user can.
    NotAllowed,
    /// The tenant has no Intune policy.
    Missing,
}

impl TenantState {
    /// Reads the collections that `desired` needs, each once.
    pub(super) async fn read(
        client: &Client,
        desired: &HybridJoin,
        with_devices: bool,
        app_only: bool,
        identity: Identity,
    ) -> Result<Self> {
        let names = group_names(desired);
        let with_devices = desired.reads_devices(with_devices);
        let with_configurations = desired.domain_join.is_some() || desired.skip_user_status_page.is_some();
        let (tenant, objects) = try_join(
            try_join5(
                read_mdm(client, desired, app_only),
                all_if(desired.connectors.is_some(), client.connectors().list()),
                read_named_groups(client, &names, identity.group_id()),
                all_if(with_devices, client.devices().list()),
                anchors_if(with_devices, client),
            ),
            try_join(
                try_join3(
                    all_if(desired.profile.is_some(), client.profiles().list()),
                    read_objects(client, desired),
                    all_if(with_configurations, client.domain_join_profiles().list()),
                ),
                all_if(
                    desired.enrollment_status_page.is_some(),
                    client.mobile_apps().list().expand("assignments"),
                ),
            ),
        )
        .await?;
        let (mdm, connectors, groups, devices, anchors) = tenant;
        let ((profiles, pages, configurations), apps) = objects;
        let join = |found: &DeviceConfiguration| match found {
            DeviceConfiguration::DomainJoin(stored) if desired.domain_join.is_some() => Some(stored.clone()),
            _ => None,
        };
        let mut state = Self {
            mdm,
            connectors,
            groups,
            profiles,
            pages,
            domain_joins: configurations.iter().filter_map(join).collect(),
            skip_policies: configurations.iter().filter_map(SkipUserStatusPage::stored_in).collect(),
            configurations,
            apps,
            devices,
            anchors,
            identity,
            ..Self::default()
        };
        let own_join = state.identity.own(&state.domain_joins, desired).next();
        (state.assignments, state.networks) =
            try_join(state.read_assignments(client, desired), network_links::read(client, desired, own_join))
                .await?;
        let targets: Vec<&Target> = state
            .assignments
            .values()
            .flatten()
            .filter_map(|assignment| assignment.target.as_ref())
            .collect();
        let mut named = named_groups(&targets);
        named.extend(state.device_group(desired).map(|stored| stored.id.clone()));
        for name in desired.assignments.parts().iter().flat_map(|(_, part)| part.group_names()) {
            named.extend(state.groups_named(name).iter().map(|stored| stored.id.clone()));
        }
        let wants_filter = desired.assignments.parts().iter().any(|(_, part)| part.filter.is_some());
        let (views, filters) =
            try_join(read_groups(client, named), read_filters(client, &targets, wants_filter)).await?;
        (state.group_views, state.filters) = (views, filters);
        state.gone_groups = state.gone_groups(desired);
        Ok(state)
    }

    /// Reads the assignments of all profiles, pages and domain join profiles, and of the configurations in the
    /// deployment.
    async fn read_assignments(
        &self,
        client: &Client,
        desired: &HybridJoin,
    ) -> Result<HashMap<String, Vec<Assignment>>> {
        let mut batch = AssignmentBatch::new(client);
        for profile in &self.profiles {
            if let (Some(id), Some(list)) = (profile.id(), profile_assignments(client, profile)) {
                batch.add(id.to_owned(), list);
            }
        }
        add_assignments(&mut batch, client, &self.pages);
        add_assignments(&mut batch, client, &self.domain_joins);
        for stored in self.identity.own(&self.skip_policies, desired) {
            let list = client.skip_user_status_pages().assignments(&stored.id).list();
            batch.add(stored.id.as_str().to_owned(), list);
        }
        for found in network_links::wanted(desired, &self.configurations) {
            if let Some(id) = found.id() {
                batch.add(id.to_owned(), client.domain_join_profiles().assignments(&id.parse()?).list());
            }
        }
        Ok(batch.read().await?.into_iter().collect())
    }

    /// Returns the groups that the deployment's objects are assigned to but that no longer exist.
    fn gone_groups(&self, desired: &HybridJoin) -> BTreeSet<Id<Group>> {
        let own = self.own_objects(desired);
        let targets = own.filter_map(|id| self.assignments.get(id)).flatten();
        let groups = targets.filter_map(|assignment| assignment.target.as_ref()?.group_id());
        groups.filter(|id| self.group_views.get(id).is_some_and(Lookup::is_absent)).cloned().collect()
    }

    /// Returns the object in Entra ID of a registered device.
    pub(super) fn anchor_of(&self, device: &Device) -> Lookup<DirectoryDevice> {
        anchor_of(device, &self.anchors)
    }

    /// Returns the members of the group of devices, if they could be read.
    pub(super) fn members(&self, desired: &HybridJoin) -> Option<&GroupMembers> {
        let group = self.device_group(desired)?;
        self.group_views.get(&group.id)?.present()?.members.present()
    }

    /// Returns the ids of the deployment's own objects that can be assigned.
    fn own_objects<'a>(&'a self, desired: &'a HybridJoin) -> impl Iterator<Item = &'a str> {
        fn id<S: ManagedObject>(stored: &Stored<S>) -> &str {
            stored.id.as_str()
        }
        self.identity
            .own(self.hybrid_profiles(), desired)
            .map(id)
            .chain(self.identity.own(&self.pages, desired).map(id))
            .chain(self.identity.own(&self.domain_joins, desired).map(id))
            .chain(self.identity.own(&self.skip_policies, desired).map(id))
    }

    /// Returns the group of devices, if exactly one exists.
    pub(super) fn device_group(&self, desired: &HybridJoin) -> Option<&Stored<Group>> {
        match self.own_groups(desired).as_slice() {
            [stored] => Some(stored),
            _ => None,
        }
    }

    /// Returns the deployment's own groups; several if they are found by a name that is not unique.
    pub(super) fn own_groups(&self, desired: &HybridJoin) -> Vec<&Stored<Group>> {
        let all = self.groups.iter().flat_map(|(_, found)| found);
        let mut own: Vec<&Stored<Group>> =
            all.filter(|stored| self.identity.is_own(stored, desired)).collect();
        own.dedup_by(|one, other| one.id == other.id);
        own
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

    /// Returns the groups with a name.
    pub(super) fn groups_named(&self, name: &DisplayName) -> &[Stored<Group>] {
        let named = self.groups.iter().find(|(other, _)| other == name.as_str());
        named.map_or(&[], |(_, found)| found)
    }
}

/// Returns the names of groups in a deployment.
fn group_names(desired: &HybridJoin) -> Vec<&DisplayName> {
    let mut names: Vec<&DisplayName> = desired.group.iter().map(|group| &group.display_name).collect();
    if let Some(MdmUserScope::Groups(groups)) = &desired.mdm_scope {
        names.extend(groups);
    }
    names.extend(desired.assignments.parts().into_iter().flat_map(|(_, part)| part.group_names()));
    names.sort_unstable();
    names.dedup();
    names
}

async fn all_if<T: DeserializeOwned + Send + 'static>(wanted: bool, list: List<T>) -> Result<Vec<T>> {
    if wanted { list.all().await } else { Ok(Vec::new()) }
}

/// Adds the assignments of objects to a batch, except those of default objects.
fn add_assignments<S: Assignable>(
    batch: &mut AssignmentBatch<String>,
    client: &Client,
    objects: &[Stored<S>],
) {
    for stored in objects.iter().filter(|stored| !S::is_default(stored)) {
        batch.add(stored.id.as_str().to_owned(), S::assignments(client, &stored.id).list());
    }
}

async fn anchors_if(wanted: bool, client: &Client) -> Result<Lookup<HashMap<String, DirectoryDevice>>> {
    if wanted { read_anchors(client).await } else { Ok(Lookup::Unknown) }
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
        // Some tenants return 401 to an app. Were it the token, nothing else could be read either.
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Authentication) => {
            Ok(Some(MdmRead::NotAllowed))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(MdmRead::Missing)),
        Err(error) => Err(error),
    }
}

async fn read_named_groups(
    client: &Client,
    names: &[&DisplayName],
    own: Option<Id<Group>>,
) -> Result<Vec<(String, Vec<Stored<Group>>)>> {
    let mut groups = Vec::new();
    for name in names {
        groups.push((name.as_str().to_owned(), Group::find(client, name.as_str()).await?));
    }
    // The deployment's own may have another name.
    let is_read =
        |own: &Id<Group>| groups.iter().flat_map(|(_, found)| found).any(|stored| stored.id == *own);
    if let Some(own) = own.filter(|own| !is_read(own))
        && let Some(stored) = client.groups().get(&own).if_found().await?
    {
        groups.push((stored.settings.display_name.to_string(), vec![stored]));
    }
    Ok(groups)
}

/// Reads all objects of a type, if the deployment has one.
async fn read_objects<S: ManagedObject>(client: &Client, desired: &HybridJoin) -> Result<Vec<Stored<S>>> {
    if S::desired_name(desired).is_some() { S::read(client, None).await } else { Ok(Vec::new()) }
}
