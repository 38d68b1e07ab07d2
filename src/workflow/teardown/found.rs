//! Reads the objects in a tenant that a teardown may remove, and those that may use them.

use std::collections::BTreeMap;

use super::plan::Teardown;
use crate::error::{ErrorKind, Result};
use crate::graph::Client;
use crate::model::{
    Assignment, DeploymentProfile, DeviceConfiguration, EnrollmentConfiguration, Group, Id, RawObject,
    SkipUserStatusPage,
};
use crate::workflow::created::CreatedObject;
use crate::workflow::object::{AssignmentBatch, ManagedObject};
use crate::workflow::prepare::label_of;
use crate::workflow::step::Step;

/// An object in the tenant that can be assigned.
pub(super) struct Found {
    /// The step of objects of this type, if a deployment can create them: no deployment creates Entra join profiles,
    /// but one may be assigned to its group.
    pub(super) step: Option<Step>,
    /// The type, for display.
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) assignments: Vec<Assignment>,
}

/// A created group that still exists.
#[derive(Clone)]
pub(super) struct FoundGroup {
    pub(super) id: Id<Group>,
    pub(super) name: String,
}

/// Reads the assignable objects of the created types, or of all types if a group was created: they may use it.
pub(super) async fn read_objects(teardown: &Teardown, client: &Client) -> Result<Vec<Found>> {
    let items = teardown.created.items();
    let has_group = items.iter().any(|item| matches!(item, CreatedObject::Object { step: Step::Group, .. }));
    let has = |step: Step| {
        has_group
            || items.iter().any(|item| {
                matches!(item, CreatedObject::Object { step: of, .. } | CreatedObject::Assignment { step: of, .. } if *of == step)
                    || matches!(item, CreatedObject::NetworkAccess { .. } if step == Step::DomainJoin)
            })
    };
    let mut batch = AssignmentBatch::new(client);
    if has(Step::Profile) {
        for profile in client.profiles().list().all().await? {
            let Some(id) = profile.id().map(str::to_owned) else { continue };
            let list = client.profiles().assignments::<DeploymentProfile>(&id.parse()?).list();
            let (step, kind) = match &profile {
                DeploymentProfile::Hybrid(_) => (Some(Step::Profile), Step::Profile.to_string()),
                _ => (None, Step::Profile.to_string()),
            };
            batch.add((step, kind, id, profile.display_name().unwrap_or_default().to_owned()), list);
        }
    }
    if has(Step::StatusPage) {
        for found in client.enrollment_status_pages().list().all().await? {
            let (Some(id), name) = (found.id(), found.display_name().unwrap_or_default()) else { continue };
            let (step, kind) = match &found {
                EnrollmentConfiguration::StatusPage(page) if page.is_default() => continue,
                EnrollmentConfiguration::StatusPage(_) => {
                    (Some(Step::StatusPage), Step::StatusPage.to_string())
                }
                EnrollmentConfiguration::Unknown(raw) => (None, kind_of(raw)),
            };
            let list = client.enrollment_status_pages().assignments(&id.parse()?).list();
            batch.add((step, kind, id.to_owned(), name.to_owned()), list);
        }
    }
    if has(Step::DomainJoin) || has(Step::AccountSetup) {
        for found in client.domain_join_profiles().list().all().await? {
            let (Some(id), name) = (found.id(), found.display_name().unwrap_or_default()) else { continue };
            let (step, kind) = match &found {
                DeviceConfiguration::DomainJoin(_) => (Some(Step::DomainJoin), Step::DomainJoin.to_string()),
                DeviceConfiguration::Unknown(raw) => {
                    let step = SkipUserStatusPage::stored_in(&found).map(|_| Step::AccountSetup);
                    (step, kind_of(raw))
                }
            };
            let list = client.domain_join_profiles().assignments(&id.parse()?).list();
            batch.add((step, kind, id.to_owned(), name.to_owned()), list);
        }
    }
    let found = |((step, kind, id, name), assignments)| Found { step, kind, id, name, assignments };
    Ok(batch.read().await?.into_iter().map(found).collect())
}

/// Describes an assignment that the deployment has not made.
pub(super) fn label_of_other(assignment: &Assignment) -> String {
    let by = if assignment.is_direct() { "" } else { " (by a policy set)" };
    format!("{}{by}", label_of(assignment))
}

/// Returns the type of a foreign object, for display.
fn kind_of(raw: &RawObject) -> String {
    let name = raw.odata_type().unwrap_or("object of another type");
    name.trim_start_matches("#microsoft.graph.").to_owned()
}

/// Reads the created groups that still exist.
pub(super) async fn read_groups(
    teardown: &Teardown,
    client: &Client,
) -> Result<BTreeMap<String, Vec<FoundGroup>>> {
    let mut groups = BTreeMap::new();
    for item in teardown.created.items() {
        let CreatedObject::Object { step: Step::Group, name, id } = item else { continue };
        let found = match id {
            Some(id) => match client.groups().get(&id.parse()?).await {
                Ok(stored) => vec![stored],
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error),
            },
            None => Group::find(client, name).await?,
        };
        let found = found
            .into_iter()
            .map(|stored| FoundGroup { id: stored.id, name: stored.settings.display_name.to_string() });
        groups.insert(name.clone(), found.collect());
    }
    Ok(groups)
}
