//! What the objects of a deployment have in common: they are found by name, created, changed, and assigned.

use std::future::Future;

use crate::error::Result;
use crate::graph::{Call, Client, field};
use crate::model::{
    Assignment, DeploymentProfile, DeviceConfiguration, DomainJoinProfile, EnrollmentConfiguration,
    EnrollmentStatusPage, Group, HybridJoinProfile, Id, Settings, Stored, Target,
};
use crate::resource::Update;

use super::prepare::Named;

/// Settings that can be found by name, created and changed.
pub(super) trait Object:
    Settings<Observed: Send + Sync> + Named + Clone + Send + Sync + 'static
{
    fn create(&self, client: &Client) -> Call<Stored<Self>>;
    fn get(client: &Client, id: &Id<Self>) -> Call<Stored<Self>>;
    fn update(&self, client: &Client, stored: &Stored<Self>) -> Update<Self>;
    /// All of this type and exact name.
    fn find(client: &Client, name: &str) -> impl Future<Output = Result<Vec<Stored<Self>>>> + Send;
}

/// Settings that can be assigned.
pub(super) trait Assignable: Object {
    fn assignments(client: &Client, id: &Id<Self>) -> impl Future<Output = Result<Vec<Assignment>>> + Send;
    /// Adds `target`, and takes away the other direct assignments after that, if they are not `kept`.
    fn assign(
        client: &Client,
        id: &Id<Self>,
        target: &Target,
        keep_others: bool,
    ) -> impl Future<Output = Result<()>> + Send;
}

impl Object for Group {
    fn create(&self, client: &Client) -> Call<Stored<Self>> {
        client.groups().create(self)
    }

    fn get(client: &Client, id: &Id<Self>) -> Call<Stored<Self>> {
        client.groups().get(id)
    }

    fn update(&self, client: &Client, stored: &Stored<Self>) -> Update<Self> {
        client.groups().update(stored, self)
    }

    async fn find(client: &Client, name: &str) -> Result<Vec<Stored<Self>>> {
        let mut found = client.groups().list().filter(field("displayName").eq(name)).all().await?;
        found.retain(|group| group.settings.display_name.as_str() == name);
        Ok(found)
    }
}

impl Object for HybridJoinProfile {
    fn create(&self, client: &Client) -> Call<Stored<Self>> {
        client.profiles().create(self)
    }

    fn get(client: &Client, id: &Id<Self>) -> Call<Stored<Self>> {
        client.profiles().get(id)
    }

    fn update(&self, client: &Client, stored: &Stored<Self>) -> Update<Self> {
        client.profiles().update(stored, self)
    }

    async fn find(client: &Client, name: &str) -> Result<Vec<Stored<Self>>> {
        let all = client.profiles().list().all().await?;
        let named = all.into_iter().filter_map(|profile| match profile {
            DeploymentProfile::Hybrid(stored) if stored.settings.display_name.as_str() == name => {
                Some(stored)
            }
            _ => None,
        });
        Ok(named.collect())
    }
}

impl Assignable for HybridJoinProfile {
    async fn assignments(client: &Client, id: &Id<Self>) -> Result<Vec<Assignment>> {
        client.profiles().assignments(id).all().await
    }

    async fn assign(client: &Client, id: &Id<Self>, target: &Target, keep_others: bool) -> Result<()> {
        let mut targets = vec![target.clone()];
        if keep_others {
            let found = client.profiles().assignments(id).all().await?;
            targets.extend(found.into_iter().filter_map(|assignment| assignment.target));
        }
        client.profiles().set_assignments(id, &targets).await.map(|_| ())
    }
}

impl Object for EnrollmentStatusPage {
    fn create(&self, client: &Client) -> Call<Stored<Self>> {
        client.enrollment_status_pages().create(self)
    }

    fn get(client: &Client, id: &Id<Self>) -> Call<Stored<Self>> {
        client.enrollment_status_pages().get(id)
    }

    fn update(&self, client: &Client, stored: &Stored<Self>) -> Update<Self> {
        client.enrollment_status_pages().update(stored, self)
    }

    async fn find(client: &Client, name: &str) -> Result<Vec<Stored<Self>>> {
        let all = client.enrollment_status_pages().list().all().await?;
        let named = all.into_iter().filter_map(|configuration| match configuration {
            EnrollmentConfiguration::StatusPage(stored)
                if !stored.is_default() && stored.settings.display_name.as_str() == name =>
            {
                Some(stored)
            }
            _ => None,
        });
        Ok(named.collect())
    }
}

impl Assignable for EnrollmentStatusPage {
    async fn assignments(client: &Client, id: &Id<Self>) -> Result<Vec<Assignment>> {
        client.enrollment_status_pages().assignments(id).all().await
    }

    async fn assign(client: &Client, id: &Id<Self>, target: &Target, keep_others: bool) -> Result<()> {
        let found = client.enrollment_status_pages().assignments(id).all().await?;
        match all_targets(found, target, keep_others) {
            Some(targets) => client.enrollment_status_pages().assign(id, &targets).send().await,
            None => Ok(()),
        }
    }
}

impl Object for DomainJoinProfile {
    fn create(&self, client: &Client) -> Call<Stored<Self>> {
        client.domain_join_profiles().create(self)
    }

    fn get(client: &Client, id: &Id<Self>) -> Call<Stored<Self>> {
        client.domain_join_profiles().get(id)
    }

    fn update(&self, client: &Client, stored: &Stored<Self>) -> Update<Self> {
        client.domain_join_profiles().update(stored, self)
    }

    async fn find(client: &Client, name: &str) -> Result<Vec<Stored<Self>>> {
        let all = client.domain_join_profiles().list().all().await?;
        let named = all.into_iter().filter_map(|configuration| match configuration {
            DeviceConfiguration::DomainJoin(stored) if stored.settings.display_name.as_str() == name => {
                Some(stored)
            }
            _ => None,
        });
        Ok(named.collect())
    }
}

impl Assignable for DomainJoinProfile {
    async fn assignments(client: &Client, id: &Id<Self>) -> Result<Vec<Assignment>> {
        client.domain_join_profiles().assignments(id).all().await
    }

    async fn assign(client: &Client, id: &Id<Self>, target: &Target, keep_others: bool) -> Result<()> {
        let found = client.domain_join_profiles().assignments(id).all().await?;
        match all_targets(found, target, keep_others) {
            Some(targets) => client.domain_join_profiles().assign(id, &targets).send().await.map(|_| ()),
            None => Ok(()),
        }
    }
}

/// The whole list for an action that replaces it; `None` if it is so already. What came with a policy set stays.
fn all_targets(found: Vec<Assignment>, target: &Target, keep_others: bool) -> Option<Vec<Target>> {
    let is_target =
        |assignment: &Assignment| assignment.target.as_ref().is_some_and(|found| found.same_as(target));
    let there = found.iter().any(is_target);
    let before = found.len();
    let stays = |assignment: &Assignment| is_target(assignment) || keep_others || !assignment.is_direct();
    let mut targets: Vec<Target> =
        found.into_iter().filter(stays).filter_map(|assignment| assignment.target).collect();
    if there && targets.len() == before {
        return None;
    }
    if !there {
        targets.push(target.clone());
    }
    Some(targets)
}
