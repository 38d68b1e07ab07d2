//! Assignments of profiles, pages and configurations.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::ApiVersion;
use crate::sim::store::{Body, body};

/// The parts of an assignment's id for all devices and for all users.
const ALL_DEVICES: &str = "adadadad-808e-44e2-905a-0b7873a8a531";
const ALL_USERS: &str = "acacacac-9df4-4c7d-9d50-4ef0226f57a9";

/// One assignment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assignment {
    pub(crate) id: String,
    pub(crate) wish: Wish,
    /// Whether a policy set made it.
    pub(crate) by_policy_set: bool,
    source_id: String,
}

/// A target with the assignment filter that narrows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wish {
    pub(crate) target: Target,
    /// The filter's id, and its effect: include or exclude.
    pub(crate) filter: Option<(String, String)>,
}

/// The target of an assignment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Target {
    Group(String),
    ExcludedGroup(String),
    AllDevices,
    AllUsers,
    Collection(String),
}

/// The kind of object that assignments belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Profile,
    Enrollment,
    Configuration,
}

impl Owner {
    /// Returns the collection of the objects.
    pub(crate) fn collection(self) -> &'static str {
        match self {
            Self::Profile => "deviceManagement/windowsAutopilotDeploymentProfiles",
            Self::Enrollment => "deviceManagement/deviceEnrollmentConfigurations",
            Self::Configuration => "deviceManagement/deviceConfigurations",
        }
    }

    /// Returns the type of the assignments.
    pub(crate) fn assignment_type(self) -> &'static str {
        match self {
            Self::Profile => "windowsAutopilotDeploymentProfileAssignment",
            Self::Enrollment => "enrollmentConfigurationAssignment",
            Self::Configuration => "deviceConfigurationAssignment",
        }
    }
}

impl Target {
    /// Returns the group of the target.
    pub(crate) fn group(&self) -> Option<&str> {
        match self {
            Self::Group(id) | Self::ExcludedGroup(id) => Some(id),
            _ => None,
        }
    }

    /// Returns the part of an assignment's id for the target.
    fn key(&self) -> &str {
        match self {
            Self::Group(id) | Self::ExcludedGroup(id) | Self::Collection(id) => id,
            Self::AllDevices => ALL_DEVICES,
            Self::AllUsers => ALL_USERS,
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Group(_) => "groupAssignmentTarget",
            Self::ExcludedGroup(_) => "exclusionGroupAssignmentTarget",
            Self::AllDevices => "allDevicesAssignmentTarget",
            Self::AllUsers => "allLicensedUsersAssignmentTarget",
            Self::Collection(_) => "configurationManagerCollectionAssignmentTarget",
        }
    }
}

impl Assignment {
    pub(crate) fn new(owner: Owner, owner_id: &str, wish: Wish) -> Self {
        let key = wish.target.key();
        let id = match owner {
            Owner::Profile => format!("{owner_id}_{key}_0"),
            Owner::Enrollment | Owner::Configuration => format!("{owner_id}_{key}"),
        };
        Self { id, wish, by_policy_set: false, source_id: owner_id.to_owned() }
    }

    /// Marks the assignment as made by a policy set.
    pub(crate) fn by_policy_set(mut self, policy_set: String) -> Self {
        self.by_policy_set = true;
        self.source_id = policy_set;
        self
    }

    /// Returns the assignment as shown in answers.
    pub(crate) fn view(&self, owner: Owner, version: ApiVersion) -> Body {
        let target = &self.wish.target;
        let mut shown = body([("@odata.type", format!("#microsoft.graph.{}", target.type_name()).into())]);
        if version == ApiVersion::Beta {
            let (filter, kind) = self
                .wish
                .filter
                .clone()
                .map_or((Value::Null, "none".to_owned()), |(id, kind)| (id.into(), kind));
            shown.insert("deviceAndAppManagementAssignmentFilterId".to_owned(), filter);
            shown.insert("deviceAndAppManagementAssignmentFilterType".to_owned(), kind.into());
        }
        if let Some(group) = target.group() {
            shown.insert("groupId".to_owned(), group.into());
        } else if let Target::Collection(id) = target {
            shown.insert("collectionId".to_owned(), id.clone().into());
        }
        let mut view = body([("id", self.id.clone().into()), ("target", Value::Object(shown))]);
        if version == ApiVersion::Beta {
            view.insert("source".to_owned(), if self.by_policy_set { "policySets" } else { "direct" }.into());
            view.insert("sourceId".to_owned(), self.source_id.clone().into());
            if owner == Owner::Configuration {
                view.insert("intent".to_owned(), "apply".into());
            }
        }
        view
    }
}

impl Wish {
    pub(crate) fn of(target: Target) -> Self {
        Self { target, filter: None }
    }
}
