//! The managed objects of a deployment: found by exact name, created, changed, assigned and deleted.

use std::future::Future;

use super::hybrid_join::{DomainJoinTarget, HybridJoin, PartAssignment};
use super::step::Step;
use crate::error::{ErrorKind, Result};
use crate::graph::{Batch, Call, Client, List, Page, Slot, field};
use crate::model::findings::SKIP_PAGE_OTHER_SETTINGS;
use crate::model::{
    Assignment, DeploymentProfile, DeviceConfiguration, DomainJoinProfile, EnrollmentConfiguration,
    EnrollmentStatusPage, Finding, Group, HybridJoinProfile, Id, Settings, SkipUserStatusPage, Stored,
};
use crate::resource::{self, Assignments, Update};

/// Settings of an object that a deployment manages. Type and exact name identify the object.
pub(super) trait ManagedObject:
    Settings<Observed: Send + Sync> + Clone + Send + Sync + 'static
{
    /// The step that the object belongs to.
    const STEP: Step;

    fn name(&self) -> &str;

    /// Returns the name of the deployment's own object, if the deployment has one.
    fn desired_name(desired: &HybridJoin) -> Option<&str>;

    fn get(client: &Client, id: &Id<Self>) -> Call<Stored<Self>>;
    fn create(&self, client: &Client) -> Call<Stored<Self>>;
    fn update(&self, client: &Client, stored: &Stored<Self>) -> Update<Self>;
    fn delete(client: &Client, id: &Id<Self>) -> Call<()>;

    /// Returns `true` if the object is a default object of the tenant, which no deployment owns.
    fn is_default(_: &Stored<Self>) -> bool {
        false
    }

    /// Returns the reason why the stored object may not be changed.
    fn obstacle(_: &Stored<Self>) -> Option<Finding> {
        None
    }

    /// Returns `true` if a deployment that uses this name owns the object.
    fn is_named(stored: &Stored<Self>, name: &str) -> bool {
        !Self::is_default(stored) && stored.settings.name() == name
    }

    /// Reads all objects of this type; with `name`, the service may omit other names.
    fn read(client: &Client, name: Option<&str>) -> impl Future<Output = Result<Vec<Stored<Self>>>> + Send;

    /// Reads all objects of this type and exact name.
    fn find(client: &Client, name: &str) -> impl Future<Output = Result<Vec<Stored<Self>>>> + Send {
        async move {
            let mut found = Self::read(client, Some(name)).await?;
            found.retain(|stored| Self::is_named(stored, name));
            Ok(found)
        }
    }
}

/// Settings of an object that can be assigned.
pub(super) trait Assignable: ManagedObject + resource::Assignable {
    fn assignments<'c>(client: &'c Client, id: &Id<Self>) -> Assignments<'c, Self>;

    /// Returns `true` if the deployment assigns its object to all devices instead of its group.
    fn is_for_all_devices(_: &HybridJoin) -> bool {
        false
    }

    /// The name of the part in the settings of assignments.
    const PART: &'static str;

    /// Returns the settings of the assignments other than the one to the device group.
    fn assignment_settings(desired: &HybridJoin) -> &PartAssignment;

    /// Returns the calls that remove the assignments in `own`.
    fn unassign(client: &Client, id: &Id<Self>, own: &[&Assignment]) -> Vec<Call<()>> {
        own.iter().map(|assignment| Self::assignments(client, id).remove(&assignment.id)).collect()
    }
}

/// Implements the members that differ only by step, `HybridJoin` field and client resource.
macro_rules! members {
    ($step:ident, $field:ident, $resource:ident) => {
        const STEP: Step = Step::$step;

        fn name(&self) -> &str {
            self.display_name.as_str()
        }

        fn desired_name(desired: &HybridJoin) -> Option<&str> {
            desired.$field.as_ref().map(|own| own.display_name.as_str())
        }

        fn get(client: &Client, id: &Id<Self>) -> Call<Stored<Self>> {
            client.$resource().get(id)
        }

        fn create(&self, client: &Client) -> Call<Stored<Self>> {
            client.$resource().create(self)
        }

        fn update(&self, client: &Client, stored: &Stored<Self>) -> Update<Self> {
            client.$resource().update(stored, self)
        }

        fn delete(client: &Client, id: &Id<Self>) -> Call<()> {
            client.$resource().delete(id)
        }
    };
}

impl ManagedObject for Group {
    members!(Group, group, groups);

    async fn read(client: &Client, name: Option<&str>) -> Result<Vec<Stored<Self>>> {
        let list = client.groups().list();
        // The service compares names without regard to case.
        let list = if let Some(name) = name { list.filter(field("displayName").eq(name)) } else { list };
        list.all().await
    }
}

impl ManagedObject for HybridJoinProfile {
    members!(Profile, profile, profiles);

    async fn read(client: &Client, _: Option<&str>) -> Result<Vec<Stored<Self>>> {
        let own_type = |listed| match listed {
            DeploymentProfile::Hybrid(stored) => Some(stored),
            _ => None,
        };
        Ok(client.profiles().list().all().await?.into_iter().filter_map(own_type).collect())
    }
}

impl ManagedObject for EnrollmentStatusPage {
    members!(StatusPage, enrollment_status_page, enrollment_status_pages);

    async fn read(client: &Client, _: Option<&str>) -> Result<Vec<Stored<Self>>> {
        let own_type = |listed| match listed {
            EnrollmentConfiguration::StatusPage(stored) => Some(stored),
            _ => None,
        };
        Ok(client.enrollment_status_pages().list().all().await?.into_iter().filter_map(own_type).collect())
    }

    fn is_default(stored: &Stored<Self>) -> bool {
        stored.is_default()
    }
}

impl ManagedObject for DomainJoinProfile {
    members!(DomainJoin, domain_join, domain_join_profiles);

    async fn read(client: &Client, _: Option<&str>) -> Result<Vec<Stored<Self>>> {
        let own_type = |listed| match listed {
            DeviceConfiguration::DomainJoin(stored) => Some(stored),
            _ => None,
        };
        Ok(client.domain_join_profiles().list().all().await?.into_iter().filter_map(own_type).collect())
    }
}

impl ManagedObject for SkipUserStatusPage {
    members!(AccountSetup, skip_user_status_page, skip_user_status_pages);

    async fn read(client: &Client, _: Option<&str>) -> Result<Vec<Stored<Self>>> {
        let all = client.domain_join_profiles().list().all().await?;
        Ok(all.iter().filter_map(Self::stored_in).collect())
    }

    /// Returns an obstacle because an update would overwrite the configuration's other settings.
    fn obstacle(stored: &Stored<Self>) -> Option<Finding> {
        let finding =
            stored.settings.lint().into_iter().find(|finding| finding.is(&SKIP_PAGE_OTHER_SETTINGS))?;
        Some(Finding { place: stored.settings.display_name.to_string(), ..finding })
    }
}

impl Assignable for SkipUserStatusPage {
    const PART: &'static str = "skip_user_status_page";

    fn assignment_settings(desired: &HybridJoin) -> &PartAssignment {
        &desired.assignments.skip_user_status_page
    }

    fn assignments<'c>(client: &'c Client, id: &Id<Self>) -> Assignments<'c, Self> {
        client.skip_user_status_pages().assignments(id)
    }
}

impl Assignable for HybridJoinProfile {
    const PART: &'static str = "profile";

    fn assignment_settings(desired: &HybridJoin) -> &PartAssignment {
        &desired.assignments.profile
    }

    fn assignments<'c>(client: &'c Client, id: &Id<Self>) -> Assignments<'c, Self> {
        client.profiles().assignments(id)
    }
}

impl Assignable for EnrollmentStatusPage {
    const PART: &'static str = "enrollment_status_page";

    fn assignment_settings(desired: &HybridJoin) -> &PartAssignment {
        &desired.assignments.enrollment_status_page
    }

    fn assignments<'c>(client: &'c Client, id: &Id<Self>) -> Assignments<'c, Self> {
        client.enrollment_status_pages().assignments(id)
    }
}

impl Assignable for DomainJoinProfile {
    const PART: &'static str = "domain_join";

    fn assignment_settings(desired: &HybridJoin) -> &PartAssignment {
        &desired.assignments.domain_join
    }

    fn assignments<'c>(client: &'c Client, id: &Id<Self>) -> Assignments<'c, Self> {
        client.domain_join_profiles().assignments(id)
    }

    fn is_for_all_devices(desired: &HybridJoin) -> bool {
        desired.domain_join.as_ref().is_some_and(|join| join.assign_to == DomainJoinTarget::AllDevices)
    }
}

/// Returns the list of a profile's assignments, for a profile of any type.
pub(super) fn profile_assignments(client: &Client, profile: &DeploymentProfile) -> Option<List<Assignment>> {
    Some(client.profiles().assignments(&profile.any_id()?).list())
}

/// Lists of assignments to read together, each with its object of type `T`.
pub(super) struct AssignmentBatch<T> {
    batch: Batch,
    lists: Vec<(T, Slot<Page<Assignment>>, List<Assignment>)>,
}

impl<T> AssignmentBatch<T> {
    pub(super) fn new(client: &Client) -> Self {
        Self { batch: client.batch(), lists: Vec::new() }
    }

    pub(super) fn add(&mut self, object: T, list: List<Assignment>) {
        let slot = self.batch.add(list.operation().clone());
        self.lists.push((object, slot, list));
    }

    /// Reads all lists in as few requests as possible. An object deleted meanwhile has no assignments.
    pub(super) async fn read(self) -> Result<Vec<(T, Vec<Assignment>)>> {
        let mut answers = self.batch.await?;
        let mut read = Vec::with_capacity(self.lists.len());
        for (object, slot, list) in self.lists {
            let assignments = match answers.take(slot) {
                Ok(first) => list.all_from(first).await?,
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error),
            };
            read.push((object, assignments));
        }
        Ok(read)
    }
}
