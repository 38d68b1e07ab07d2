//! The input of the resultant set: devices, objects, groups and filters.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::rule::MembershipRule;
use crate::model::{
    Assignment, AssignmentFilter, DeploymentProfile, Device, DirectoryDevice, DomainJoinProfile,
    EnrollmentStatusPage, Group, Id, Lookup, RawObject, Stored, Text, User,
};

/// The devices, objects and groups that determine the outcomes.
#[derive(Debug, Clone, Default)]
pub struct ResultantInput {
    /// The devices to evaluate.
    pub devices: Vec<DeviceView>,
    /// The deployment profiles, of every kind.
    pub profiles: Lookup<Vec<AssignedObject>>,
    /// The enrollment status pages. The default page may be missing.
    pub pages: Lookup<Vec<AssignedObject>>,
    /// The domain join profiles.
    pub domain_joins: Lookup<Vec<AssignedObject>>,
    /// The groups used in assignments, and their nested groups. A group that is not in the map is unknown; a deleted
    /// one is [`Lookup::Absent`].
    pub groups: HashMap<Id<Group>, Lookup<GroupView>>,
    /// The assignment filters.
    pub filters: Lookup<Vec<AssignmentFilter>>,
}

/// A registered or expected device, with the properties that assignments depend on.
///
/// ```
/// use windows_autopilot::workflow::resultant::DeviceView;
/// let device = DeviceView::expected("PF3XK7M1", Some("Munich")); // not registered yet
/// ```
#[derive(Debug, Clone)]
pub struct DeviceView {
    /// The registration; `None` for a device that is not registered yet.
    pub id: Option<Id<Device>>,
    /// The serial number, or another name for reports.
    pub label: String,
    /// The object in Entra ID that is a member of groups.
    pub anchor: Lookup<DirectoryDevice>,
    /// Whether [`anchor`](Self::anchor) is a prediction, in which only the labeled ids are known.
    pub is_predicted: bool,
    /// Whether [`anchor`](Self::anchor) changed after group members were read, in which case rules take precedence.
    pub has_changed: bool,
    /// The manufacturer of the device.
    pub manufacturer: Lookup<Text>,
    /// The model of the device.
    pub model: Lookup<Text>,
    /// The user who sets up the device; usually not known.
    pub user: Lookup<Id<User>>,
}

impl DeviceView {
    /// Creates the view of a registered device.
    pub fn registered(device: &Device, anchor: Lookup<DirectoryDevice>) -> Self {
        let label = device.serial_number.as_deref().unwrap_or_else(|| device.id.as_str()).to_owned();
        Self {
            id: Some(device.id.clone()),
            label,
            anchor,
            is_predicted: false,
            has_changed: false,
            manufacturer: device.manufacturer.clone().map_or(Lookup::Unknown, Lookup::Present),
            model: device.model.clone().map_or(Lookup::Unknown, Lookup::Present),
            user: Lookup::Unknown,
        }
    }

    /// Creates the view of a device that will be registered with this group tag.
    pub fn expected(label: impl Into<String>, group_tag: Option<&str>) -> Self {
        let mut view = Self {
            id: None,
            label: label.into(),
            anchor: Lookup::Unknown,
            is_predicted: true,
            has_changed: true,
            manufacturer: Lookup::Unknown,
            model: Lookup::Unknown,
            user: Lookup::Unknown,
        };
        if let Ok(id) = "predicted".parse() {
            view.anchor = Lookup::Present(DirectoryDevice::new(id));
        }
        view.set_group_tag(group_tag);
        view
    }

    /// Sets the group tag in the labeled ids of the device's object, as the service does after the tag is changed.
    pub fn set_group_tag(&mut self, group_tag: Option<&str>) {
        let Lookup::Present(anchor) = &mut self.anchor else { return };
        let ids = anchor.physical_ids.get_or_insert_default();
        ids.retain(|id| !id.to_ascii_lowercase().starts_with("[orderid]:"));
        if !ids.iter().any(|id| id.to_ascii_lowercase().starts_with("[ztdid]:")) && self.is_predicted {
            ids.push("[ZTDId]:predicted".into());
        }
        ids.extend(group_tag.map(|tag| format!("[OrderID]:{tag}").into()));
        self.has_changed = true;
    }
}

/// An object that can be assigned.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, .. }| {
/// use windows_autopilot::model::Lookup;
/// use windows_autopilot::workflow::resultant::AssignedObject;
///
/// let mut objects = Vec::new();
/// for profile in client.profiles().list().all().await? {
///     let Some(id) = profile.any_id() else { continue };
///     let assignments = client.profiles().assignments(&id).list().all().await?;
///     objects.extend(AssignedObject::profile(&profile, Lookup::Present(assignments)));
/// }
/// # Ok(()) });
/// ```
#[derive(Debug, Clone)]
pub struct AssignedObject {
    /// The id of the object.
    pub id: String,
    /// The name of the object.
    pub display_name: String,
    /// The kind of object.
    pub kind: ObjectKind,
    /// The creation date, by which profiles are ordered.
    pub created_date_time: Option<Timestamp>,
    /// The priority, by which pages are ordered; 1 comes first.
    pub priority: Option<i32>,
    /// The assignments of the object.
    pub assignments: Lookup<Vec<Assignment>>,
}

/// The kind of an object that can be assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ObjectKind {
    /// A deployment profile for hybrid join.
    HybridJoinProfile,
    /// A deployment profile for Entra join.
    EntraJoinProfile,
    /// A deployment profile of a kind that this version does not recognize.
    OtherProfile,
    /// An enrollment status page.
    StatusPage,
    /// A domain join profile.
    DomainJoin,
}

impl AssignedObject {
    /// Creates an object from a deployment profile; returns `None` if the profile has no id.
    pub fn profile(profile: &DeploymentProfile, assignments: Lookup<Vec<Assignment>>) -> Option<Self> {
        let created = |object: &RawObject| {
            let text = object.properties().text("createdDateTime")?;
            text.parse().ok()
        };
        let (kind, created_date_time) = match profile {
            DeploymentProfile::Hybrid(stored) => (ObjectKind::HybridJoinProfile, stored.created_date_time),
            DeploymentProfile::Entra(stored) => (ObjectKind::EntraJoinProfile, stored.created_date_time),
            DeploymentProfile::Unknown(object) => (ObjectKind::OtherProfile, created(object)),
        };
        let id = profile.id()?.to_owned();
        let display_name = profile.display_name().unwrap_or(&id).to_owned();
        Some(Self { id, display_name, kind, created_date_time, priority: None, assignments })
    }

    /// Creates an object from a status page; returns `None` for the default page, which every device falls back to.
    pub fn page(page: &Stored<EnrollmentStatusPage>, assignments: Lookup<Vec<Assignment>>) -> Option<Self> {
        (!page.is_default()).then(|| Self {
            id: page.id.as_str().to_owned(),
            display_name: page.settings.display_name.to_string(),
            kind: ObjectKind::StatusPage,
            created_date_time: page.created_date_time,
            priority: page.observed.priority,
            assignments,
        })
    }

    /// Creates an object from a domain join profile.
    pub fn domain_join(profile: &Stored<DomainJoinProfile>, assignments: Lookup<Vec<Assignment>>) -> Self {
        Self {
            id: profile.id.as_str().to_owned(),
            display_name: profile.settings.display_name.to_string(),
            kind: ObjectKind::DomainJoin,
            created_date_time: profile.created_date_time,
            priority: None,
            assignments,
        }
    }
}

/// A group used in assignments.
#[derive(Debug, Clone, Default)]
pub struct GroupView {
    /// The name of the group.
    pub display_name: Option<Text>,
    /// The members, at any depth.
    pub members: Lookup<GroupMembers>,
    /// The membership rule of a dynamic group, if rule processing is turned on.
    pub rule: Lookup<MembershipRule>,
}

/// The members of a group and of its nested groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupMembers {
    /// The ids of the devices' objects, in lowercase.
    pub devices: HashSet<String>,
    /// The ids of the users, in lowercase.
    pub users: HashSet<String>,
    /// The nested groups.
    pub groups: Vec<Id<Group>>,
}
