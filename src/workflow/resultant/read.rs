//! Reads the input of the resultant set: each collection once, and one member list for each group in an assignment.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{try_join, try_join3, try_join5};

use super::decide::resultant;
use super::input::{AssignedObject, DeviceView, GroupMembers, GroupView, ResultantInput};
use super::outcome::ResultantSet;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Client, List, field};
use crate::model::{
    Assignment, AssignmentFilter, DeploymentProfile, Device, DeviceConfiguration, DirectoryDevice,
    DirectoryObject, EnrollmentConfiguration, Group, Id, Lookup, Membership, Stored, Target,
};
use crate::workflow::object::{AssignmentBatch, profile_assignments};
use crate::workflow::run::{Progress, Run};

/// The largest page of the directory.
const PAGE_SIZE: u32 = 999;
/// The properties of a device's object that rules of groups compare.
const ANCHOR_PROPERTIES: [&str; 17] = [
    "id",
    "deviceId",
    "physicalIds",
    "displayName",
    "manufacturer",
    "model",
    "operatingSystem",
    "operatingSystemVersion",
    "deviceOwnership",
    "deviceCategory",
    "enrollmentProfileName",
    "trustType",
    "accountEnabled",
    "managementType",
    "mdmAppId",
    "profileType",
    "extensionAttributes",
];

/// An event during a [`ResultantSet::read`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadEvent {
    /// A collection was read.
    #[non_exhaustive]
    Read {
        /// The collection, such as `groups`.
        collection: &'static str,
        /// The number of objects in the collection; `None` if the caller is not permitted to read it.
        count: Option<usize>,
    },
}

impl ResultantSet {
    /// Reads the input for these devices and determines their resultant set.
    ///
    /// The number of requests depends on the number of result pages and of groups in assignments; there is no request
    /// per device. If the caller is not permitted to read a collection, the outcomes that depend on it are
    /// [`Effective::Unknown`](super::Effective::Unknown), with the missing permission.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// use windows_autopilot::workflow::resultant::ResultantSet;
    ///
    /// let id = tenant.add_device("PF3XK7M1").parse()?;
    /// let set = ResultantSet::read(&client, &[id]).await?;
    /// assert!(set.devices[0].profile.winner().is_none());
    /// println!("{set}");
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if a device is not registered; any error of [`Call`](crate::graph::Call).
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`; for complete results, also `DeviceManagementConfiguration.Read.All`,
    /// `Device.Read.All` and `GroupMember.Read.All`.
    pub fn read(client: &Client, devices: &[Id<Device>]) -> Run<ReadEvent, Result<Self>> {
        Self::run(client, Some(devices.to_vec()))
    }

    /// Reads the input for all registered devices and determines their resultant set.
    ///
    /// # Errors
    /// Same as [`Call`](crate::graph::Call).
    /// # Permissions
    /// Same as [`read`](Self::read).
    pub fn read_all(client: &Client) -> Run<ReadEvent, Result<Self>> {
        Self::run(client, None)
    }

    fn run(client: &Client, devices: Option<Vec<Id<Device>>>) -> Run<ReadEvent, Result<Self>> {
        let client = client.clone();
        Run::new(|progress| async move {
            Ok(resultant(&read_input(&client, devices.as_deref(), &progress).await?))
        })
    }
}

async fn read_input(
    client: &Client,
    devices: Option<&[Id<Device>]>,
    progress: &Progress<ReadEvent>,
) -> Result<ResultantInput> {
    let read = |collection, count| progress.emit(ReadEvent::Read { collection, count });
    let (registered, anchors, profiles, pages, domain_joins) = try_join5(
        client.devices().list().all(),
        read_anchors(client),
        if_allowed(client.profiles().list().all()),
        if_allowed(client.enrollment_status_pages().list().all()),
        if_allowed(client.domain_join_profiles().list().all()),
    )
    .await?;
    read("devices", Some(registered.len()));
    read("device objects", anchors.present().map(HashMap::len));
    read("deployment profiles", profiles.present().map(Vec::len));
    read("enrollment configurations", pages.present().map(Vec::len));
    read("device configurations", domain_joins.present().map(Vec::len));
    let (profiles, pages, domain_joins) = try_join3(
        assigned(client, profiles, |client, profile: &DeploymentProfile| {
            profile_assignments(client, profile)
        }),
        assigned(client, pages, |client, page: &EnrollmentConfiguration| match page {
            EnrollmentConfiguration::StatusPage(stored) if !stored.is_default() => {
                Some(client.enrollment_status_pages().assignments(&stored.id).list())
            }
            _ => None,
        }),
        assigned(client, domain_joins, |client, join: &DeviceConfiguration| match join {
            DeviceConfiguration::DomainJoin(stored) => {
                Some(client.domain_join_profiles().assignments(&stored.id).list())
            }
            _ => None,
        }),
    )
    .await?;
    let profiles = profiles.map(|found| {
        let object = |(profile, assignments)| AssignedObject::profile(&profile, assignments);
        found.into_iter().filter_map(object).collect()
    });
    let pages = pages.map(|found| {
        let object = |(page, assignments)| match page {
            EnrollmentConfiguration::StatusPage(stored) => AssignedObject::page(&stored, assignments),
            _ => None,
        };
        found.into_iter().filter_map(object).collect()
    });
    let domain_joins = domain_joins.map(|found| {
        let object = |(join, assignments)| match join {
            DeviceConfiguration::DomainJoin(stored) => {
                Some(AssignedObject::domain_join(&stored, assignments))
            }
            _ => None,
        };
        found.into_iter().filter_map(object).collect()
    });
    let mut input = ResultantInput { profiles, pages, domain_joins, ..ResultantInput::default() };
    input.devices = views(registered, &anchors, devices)?;
    let targets: Vec<&Target> = [&input.profiles, &input.pages, &input.domain_joins]
        .into_iter()
        .filter_map(Lookup::present)
        .flatten()
        .filter_map(|object| object.assignments.present())
        .flatten()
        .filter_map(|assignment| assignment.target.as_ref())
        .collect();
    let (groups, filters) =
        try_join(read_groups(client, named_groups(&targets)), read_filters(client, &targets, false)).await?;
    read("groups", Some(groups.len()));
    read("filters", filters.present().map(Vec::len));
    (input.groups, input.filters) = (groups, filters);
    Ok(input)
}

/// Returns the views of the requested devices, or of all.
fn views(
    registered: Vec<Device>,
    anchors: &Lookup<HashMap<String, DirectoryDevice>>,
    asked: Option<&[Id<Device>]>,
) -> Result<Vec<DeviceView>> {
    let view = |device: &Device| DeviceView::registered(device, anchor_of(device, anchors));
    let Some(asked) = asked else { return Ok(registered.iter().map(view).collect()) };
    let by_id: HashMap<String, &Device> =
        registered.iter().map(|device| (device.id.as_str().to_lowercase(), device)).collect();
    let find = |id: &Id<Device>| {
        let found = by_id.get(&id.as_str().to_lowercase());
        found.map(|device| view(device)).ok_or_else(|| {
            let message = format!("no device with the id {id} is registered: give the id of a registration");
            Error::new(ErrorKind::NotFound, message)
        })
    };
    asked.iter().map(find).collect()
}

/// Returns the object in Entra ID of a registered device.
pub(crate) fn anchor_of(
    device: &Device,
    anchors: &Lookup<HashMap<String, DirectoryDevice>>,
) -> Lookup<DirectoryDevice> {
    match anchors {
        Lookup::Present(anchors) => anchors.get(&device.id.as_str().to_lowercase()).cloned().into(),
        Lookup::Absent => Lookup::Absent,
        Lookup::Unknown => Lookup::Unknown,
    }
}

/// Reads the objects in Entra ID of registered devices, by the id of the registration in lower case.
pub(crate) async fn read_anchors(client: &Client) -> Result<Lookup<HashMap<String, DirectoryDevice>>> {
    let anchors = field("physicalIds").any(|id| id.starts_with("[ZTDID]"));
    let list =
        client.directory_devices().list().filter(anchors).select(ANCHOR_PROPERTIES).page_size(PAGE_SIZE);
    let read = if_allowed(list.all()).await?;
    Ok(read.map(|devices| {
        let by_id = |device: DirectoryDevice| Some((device.ztd_id()?.as_str().to_lowercase(), device));
        devices.into_iter().filter_map(by_id).collect()
    }))
}

/// Returns the groups in targets.
pub(crate) fn named_groups(targets: &[&Target]) -> BTreeSet<Id<Group>> {
    targets.iter().filter_map(|target| target.group_id().cloned()).collect()
}

/// Reads the filters, if a target has one or `wanted` is set.
pub(crate) async fn read_filters(
    client: &Client,
    targets: &[&Target],
    wanted: bool,
) -> Result<Lookup<Vec<AssignmentFilter>>> {
    if !wanted && targets.iter().all(|target| target.filter.is_none()) {
        return Ok(Lookup::Absent);
    }
    if_allowed(client.assignment_filters().list().all()).await
}

/// Reads groups with their members at any depth, and the rules of the groups in them.
pub(crate) async fn read_groups(
    client: &Client,
    ids: BTreeSet<Id<Group>>,
) -> Result<HashMap<Id<Group>, Lookup<GroupView>>> {
    let mut batch = client.batch();
    let slots: Vec<_> = ids
        .into_iter()
        .map(|id| {
            let list: List<DirectoryObject> =
                client.groups().transitive_members(&id).select(["id"]).page_size(PAGE_SIZE);
            let members = batch.add(list.operation().clone());
            (batch.add(client.groups().get(&id)), members, list, id)
        })
        .collect();
    let mut answers = batch.await?;
    let mut groups = HashMap::new();
    let mut nested = BTreeSet::new();
    for (group, members, list, id) in slots {
        let mut view = match definition(answers.take(group))? {
            Lookup::Present(view) => view,
            gone => {
                groups.insert(id, gone);
                continue;
            }
        };
        view.members = match answers.take(members) {
            Ok(first) => Lookup::Present(members_of(list.all_from(first).await?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Lookup::Absent,
            Err(error) if error.kind() == ErrorKind::Forbidden => Lookup::Unknown,
            Err(error) => return Err(error),
        };
        nested.extend(view.members.present().into_iter().flat_map(|members| members.groups.iter().cloned()));
        groups.insert(id, Lookup::Present(view));
    }
    nested.retain(|id| !groups.contains_key(id));
    let mut batch = client.batch();
    let slots: Vec<_> = nested.into_iter().map(|id| (batch.add(client.groups().get(&id)), id)).collect();
    let mut answers = batch.await?;
    for (slot, id) in slots {
        let view = definition(answers.take(slot))?.map(|mut view| {
            // Its members are among those of the group that it is in.
            view.members = Lookup::Absent;
            view
        });
        groups.insert(id, view);
    }
    Ok(groups)
}

/// Returns a group without its members.
fn definition(read: Result<Stored<Group>>) -> Result<Lookup<GroupView>> {
    match read {
        Ok(stored) => {
            let rule = match stored.settings.membership {
                Membership::Dynamic(dynamic) if !dynamic.paused => Lookup::Present(dynamic.rule),
                _ => Lookup::Absent,
            };
            let display_name = Some(stored.settings.display_name.as_str().into());
            Ok(Lookup::Present(GroupView { display_name, members: Lookup::Unknown, rule }))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Lookup::Absent),
        // The members may still be readable.
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(Lookup::Present(GroupView::default())),
        Err(error) => Err(error),
    }
}

fn members_of(objects: Vec<DirectoryObject>) -> GroupMembers {
    let mut members = GroupMembers::default();
    for object in objects {
        let id = object.id.as_str().to_lowercase();
        match object.kind() {
            Some("device") => drop(members.devices.insert(id)),
            Some("user") => drop(members.users.insert(id)),
            Some("group") => members.groups.push(object.id.cast()),
            Some(_) => {}
            None => {
                members.users.insert(id.clone());
                members.devices.insert(id);
            }
        }
    }
    members
}

/// Reads the assignments of objects for which `list` returns a list.
async fn assigned<T: Send>(
    client: &Client,
    objects: Lookup<Vec<T>>,
    list: impl Fn(&Client, &T) -> Option<List<Assignment>>,
) -> Result<Lookup<Vec<(T, Lookup<Vec<Assignment>>)>>> {
    let objects = match objects {
        Lookup::Present(objects) => objects,
        Lookup::Absent => return Ok(Lookup::Absent),
        Lookup::Unknown => return Ok(Lookup::Unknown),
    };
    let mut batch = AssignmentBatch::new(client);
    for object in objects {
        if let Some(list) = list(client, &object) {
            batch.add(object, list);
        }
    }
    match batch.read().await {
        Ok(read) => Ok(Lookup::Present(
            read.into_iter().map(|(object, found)| (object, Lookup::Present(found))).collect(),
        )),
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(Lookup::Unknown),
        Err(error) => Err(error),
    }
}

/// Returns the answer, or unknown if the caller is not permitted to read it.
pub(crate) async fn if_allowed<T>(read: impl IntoFuture<Output = Result<T>>) -> Result<Lookup<T>> {
    match read.await {
        Ok(read) => Ok(Lookup::Present(read)),
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(Lookup::Unknown),
        Err(error) => Err(error),
    }
}
