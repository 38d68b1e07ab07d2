//! What a tenant holds, as far as a deployment is concerned: each collection read once.

use std::collections::BTreeMap;

use futures_util::future::{try_join, try_join4};
use serde::de::DeserializeOwned;

use crate::error::{ErrorKind, Result};
use crate::graph::{Client, List, field};
use crate::model::{
    Assignment, Connector, DeploymentProfile, Device, DeviceConfiguration, DisplayName, DomainJoinProfile,
    EnrollmentConfiguration, EnrollmentStatusPage, Group, HybridJoinProfile, MdmPolicy, MobileApp, Settings,
    Stored,
};

use super::hybrid_join::{HybridJoin, UserScope};

/// What the tenant holds. Parts that the deployment does not ask about are empty.
#[derive(Debug, Default)]
pub(super) struct TenantState {
    pub(super) mdm: Option<MdmRead>,
    pub(super) connectors: Vec<Connector>,
    /// Groups by the names that the deployment uses: there may be several of a name.
    pub(super) groups: BTreeMap<String, Vec<Stored<Group>>>,
    pub(super) profiles: Vec<DeploymentProfile>,
    pub(super) pages: Vec<Stored<EnrollmentStatusPage>>,
    pub(super) domain_joins: Vec<Stored<DomainJoinProfile>>,
    pub(super) apps: Vec<MobileApp>,
    pub(super) devices: Vec<Device>,
    /// Assignments by the id of the object that is assigned: of the deployment's own objects and, where that matters
    /// for conflicts, of others.
    pub(super) assignments: BTreeMap<String, Vec<Assignment>>,
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
    /// Reads what `desired` asks about. Reads only.
    pub(super) async fn read(client: &Client, desired: &HybridJoin, with_devices: bool) -> Result<Self> {
        let names = group_names(desired);
        let (tenant, objects) = try_join(
            try_join4(
                read_mdm(client, desired),
                all_if(desired.connectors.is_some(), client.connectors().list()),
                read_groups(client, &names),
                all_if(with_devices, client.devices().list()),
            ),
            try_join4(
                all_if(desired.profile.is_some(), client.profiles().list()),
                read_pages(client, desired),
                read_domain_joins(client, desired),
                all_if(desired.enrollment_status_page.is_some(), client.mobile_apps().list()),
            ),
        )
        .await?;
        let (mdm, connectors, groups, devices) = tenant;
        let (profiles, pages, domain_joins, apps) = objects;
        let mut state =
            Self { mdm, connectors, groups, profiles, pages, domain_joins, apps, devices, ..Self::default() };
        state.read_assignments(client, desired).await?;
        Ok(state)
    }

    /// Assignments of profiles, of the deployment's page, and of domain join profiles, in as few requests as it takes.
    async fn read_assignments(&mut self, client: &Client, desired: &HybridJoin) -> Result<()> {
        let mut batch = client.batch();
        let mut slots = Vec::new();
        for profile in self.hybrid_profiles() {
            let list = client.profiles().assignments(&profile.id);
            slots.push((profile.id.as_str().to_owned(), batch.add(list.operation().clone()), list));
        }
        let page = desired.enrollment_status_page.as_ref().map(|page| page.display_name.as_str());
        for stored in self.pages.iter().filter(|stored| Some(stored.settings.display_name.as_str()) == page) {
            let list = client.enrollment_status_pages().assignments(&stored.id);
            slots.push((stored.id.as_str().to_owned(), batch.add(list.operation().clone()), list));
        }
        for stored in &self.domain_joins {
            let list = client.domain_join_profiles().assignments(&stored.id);
            slots.push((stored.id.as_str().to_owned(), batch.add(list.operation().clone()), list));
        }
        let mut answers = batch.send().await?;
        for (id, slot, list) in slots {
            let first = answers.take(slot)?;
            self.assignments.insert(id, list.all_from(first).await?);
        }
        Ok(())
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
        self.groups.get(name.as_str()).map_or(&[], Vec::as_slice)
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

async fn read_mdm(client: &Client, desired: &HybridJoin) -> Result<Option<MdmRead>> {
    if desired.mdm_scope.is_none() {
        return Ok(None);
    }
    match client.mdm_policies().intune().await {
        Ok(policy) => Ok(Some(MdmRead::Policy(Box::new(policy)))),
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(Some(MdmRead::NotAllowed)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(MdmRead::Missing)),
        Err(error) => Err(error),
    }
}

async fn read_groups(
    client: &Client,
    names: &[&DisplayName],
) -> Result<BTreeMap<String, Vec<Stored<Group>>>> {
    let mut groups = BTreeMap::new();
    for name in names {
        let list = client.groups().list().filter(field("displayName").eq(name.as_str()));
        let mut found = list.all().await?;
        // The service compares without regard to case.
        found.retain(|group| group.settings.display_name.as_str() == name.as_str());
        groups.insert(name.as_str().to_owned(), found);
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
