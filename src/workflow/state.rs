//! What a tenant holds, as far as a deployment is concerned: each collection read once.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{try_join, try_join3, try_join5};
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{BatchAnswers, Client, List, Page, Slot, field};
use crate::model::{
    Assignment, Connector, DeploymentProfile, Device, DeviceConfiguration, DirectoryDevice, DirectoryObject,
    DisplayName, DomainJoinProfile, EnrollmentConfiguration, EnrollmentStatusPage, Group, HybridJoinProfile,
    Id, MdmPolicy, MobileApp, Settings, Stored, TargetKind,
};

use super::hybrid_join::{HybridJoin, Members, UserScope};

/// What the tenant holds. Parts that the deployment does not ask about are empty.
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

/// What came of reading the MDM scope.
#[derive(Debug)]
pub(super) enum MdmRead {
    Policy(Box<MdmPolicy>),
    /// The client signs in by itself, and only a user may read it.
    NotAllowed,
    /// No policy is Intune's.
    Missing,
}

impl TenantState {
    /// Reads what `desired` asks about, each collection once. Reads only.
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
                    read_pages(client, desired),
                    read_domain_joins(client, desired),
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

    /// Assignments of all profiles, pages and domain join profiles, in as few requests as it takes.
    async fn read_assignments(&self, client: &Client) -> Result<HashMap<String, Vec<Assignment>>> {
        let mut batch = client.batch();
        let mut slots = Vec::new();
        for profile in &self.profiles {
            let list = match profile {
                DeploymentProfile::Hybrid(stored) => client.profiles().assignments(&stored.id),
                DeploymentProfile::Entra(stored) => client.profiles().assignments(&stored.id),
                DeploymentProfile::Unknown(_) => continue,
            };
            let Some(id) = profile.id() else { continue };
            slots.push((id.to_owned(), batch.add(list.operation().clone()), list));
        }
        for stored in self.pages.iter().filter(|stored| !stored.is_default()) {
            let list = client.enrollment_status_pages().assignments(&stored.id);
            slots.push((stored.id.as_str().to_owned(), batch.add(list.operation().clone()), list));
        }
        for stored in &self.domain_joins {
            let list = client.domain_join_profiles().assignments(&stored.id);
            slots.push((stored.id.as_str().to_owned(), batch.add(list.operation().clone()), list));
        }
        let mut answers = batch.send().await?;
        let mut assignments = HashMap::new();
        for (id, slot, list) in slots {
            assignments.insert(id, take_all(&mut answers, slot, list).await?);
        }
        Ok(assignments)
    }

    /// Who is in the group of devices, where no rule says it.
    async fn read_members(
        &self,
        client: &Client,
        desired: &HybridJoin,
    ) -> Result<Option<Vec<DirectoryObject>>> {
        let Some(group) = desired.group.as_ref().filter(|group| group.members == Members::Assigned) else {
            return Ok(None);
        };
        match self.groups_named(&group.display_name) {
            [stored] => if_allowed(client.groups().members(&stored.id).all().await),
            _ => Ok(None),
        }
    }

    /// Which of the groups that the deployment's objects are assigned to are not there any more.
    async fn read_gone_groups(&self, client: &Client, desired: &HybridJoin) -> Result<BTreeSet<Id<Group>>> {
        let known = self.groups.iter().flat_map(|(_, found)| found).map(|stored| stored.id.clone());
        let known: BTreeSet<Id<Group>> = known.collect();
        let own = self.own_objects(desired);
        let targets = own.filter_map(|id| self.assignments.get(id)).flatten();
        let targets = targets.filter_map(|assignment| assignment.target.as_ref()?.group_id());
        let asked: BTreeSet<Id<Group>> = targets.filter(|id| !known.contains(id)).cloned().collect();
        let mut batch = client.batch();
        let slots: Vec<_> = asked.into_iter().map(|id| (batch.add(client.groups().get(&id)), id)).collect();
        let mut answers = batch.send().await?;
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

    /// The ids of the objects that have the names of the deployment's.
    fn own_objects<'a>(&'a self, desired: &'a HybridJoin) -> impl Iterator<Item = &'a str> {
        let profiles = self.hybrid_profiles().filter(|stored| {
            desired.profile.as_ref().is_some_and(|wish| wish.display_name == stored.settings.display_name)
        });
        let pages = self.pages.iter().filter(|stored| {
            desired
                .enrollment_status_page
                .as_ref()
                .is_some_and(|wish| wish.display_name == stored.settings.display_name)
        });
        let joins = self.domain_joins.iter().filter(|stored| {
            desired.domain_join.as_ref().is_some_and(|wish| wish.display_name == stored.settings.display_name)
        });
        profiles
            .map(|stored| stored.id.as_str())
            .chain(pages.map(|stored| stored.id.as_str()))
            .chain(joins.map(|stored| stored.id.as_str()))
    }

    /// The one group of devices, if it is there.
    pub(super) fn device_group(&self, desired: &HybridJoin) -> Option<&Stored<Group>> {
        match self.groups_named(&desired.group.as_ref()?.display_name) {
            [stored] => Some(stored),
            _ => None,
        }
    }

    /// Whether a registered device is one of the deployment's, as far as its registration tells.
    pub(super) fn is_of(desired: &HybridJoin, device: &Device) -> bool {
        match desired.group.as_ref().map(|group| &group.members) {
            Some(Members::GroupTag(tag)) => {
                device.group_tag.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(tag.as_str()))
            }
            Some(Members::AllAutopilotDevices) => true,
            _ => false,
        }
    }

    /// Whether an object is assigned to a group, or by `exclusion` to all but it.
    pub(super) fn is_assigned_to(&self, object: &str, group: &Id<Group>, exclusion: bool) -> bool {
        self.assignments.get(object).into_iter().flatten().any(|assignment| {
            match assignment.target.as_ref().map(|target| &target.kind) {
                Some(TargetKind::Group(id)) => !exclusion && id == group,
                Some(TargetKind::ExclusionGroup(id)) => exclusion && id == group,
                _ => false,
            }
        })
    }

    /// The hybrid join profiles.
    pub(super) fn hybrid_profiles(&self) -> impl Iterator<Item = &Stored<HybridJoinProfile>> {
        self.profiles.iter().filter_map(|profile| match profile {
            DeploymentProfile::Hybrid(stored) => Some(stored),
            _ => None,
        })
    }

    /// The assignments of an object.
    pub(super) fn assignments_of<T: Settings>(&self, stored: &Stored<T>) -> &[Assignment] {
        self.assignments.get(stored.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The groups of a name.
    pub(super) fn groups_named(&self, name: &DisplayName) -> &[Stored<Group>] {
        let named = self.groups.iter().find(|(other, _)| other == name.as_str());
        named.map_or(&[], |(_, found)| found)
    }
}

/// The names of groups that a deployment uses.
fn group_names(desired: &HybridJoin) -> Vec<&DisplayName> {
    let mut names: Vec<&DisplayName> = desired.group.iter().map(|group| &group.display_name).collect();
    if let Some(UserScope::Groups(groups)) = &desired.mdm_scope {
        names.extend(groups);
    }
    names.sort_unstable();
    names.dedup();
    names
}

async fn all_if<T: DeserializeOwned + Send + 'static>(wanted: bool, list: List<T>) -> Result<Vec<T>> {
    if wanted { list.all().await } else { Ok(Vec::new()) }
}

/// All of a list whose first page came in a batch. What was deleted in the meantime has nothing.
pub(super) async fn take_all<T: DeserializeOwned + Send + 'static>(
    answers: &mut BatchAnswers,
    slot: Slot<Page<T>>,
    list: List<T>,
) -> Result<Vec<T>> {
    match answers.take(slot) {
        Ok(first) => list.all_from(first).await,
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What was read, or nothing if the caller may not read it: the plan does without it.
fn if_allowed<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if may_not(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn may_not(error: &Error) -> bool {
    error.kind() == ErrorKind::Forbidden
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
        .select(&["id", "deviceId", "physicalIds"])
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
        Err(error) if may_not(&error) || error.kind() == ErrorKind::Authentication => {
            Ok(Some(MdmRead::NotAllowed))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(MdmRead::Missing)),
        Err(error) => Err(error),
    }
}

async fn read_groups(client: &Client, names: &[&DisplayName]) -> Result<Vec<(String, Vec<Stored<Group>>)>> {
    let mut groups = Vec::new();
    for name in names {
        let list = client.groups().list().filter(field("displayName").eq(name.as_str()));
        let mut found = list.all().await?;
        // The service compares without regard to case.
        found.retain(|group| group.settings.display_name.as_str() == name.as_str());
        groups.push((name.as_str().to_owned(), found));
    }
    Ok(groups)
}

async fn read_pages(client: &Client, desired: &HybridJoin) -> Result<Vec<Stored<EnrollmentStatusPage>>> {
    if desired.enrollment_status_page.is_none() {
        return Ok(Vec::new());
    }
    let all = client.enrollment_status_pages().list().all().await?;
    let page = |configuration| match configuration {
        EnrollmentConfiguration::StatusPage(stored) => Some(stored),
        EnrollmentConfiguration::Unknown(_) => None,
    };
    Ok(all.into_iter().filter_map(page).collect())
}

async fn read_domain_joins(client: &Client, desired: &HybridJoin) -> Result<Vec<Stored<DomainJoinProfile>>> {
    if desired.domain_join.is_none() {
        return Ok(Vec::new());
    }
    let all = client.domain_join_profiles().list().all().await?;
    let profile = |configuration| match configuration {
        DeviceConfiguration::DomainJoin(stored) => Some(stored),
        DeviceConfiguration::Unknown(_) => None,
    };
    Ok(all.into_iter().filter_map(profile).collect())
}
