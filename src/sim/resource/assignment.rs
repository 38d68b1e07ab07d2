//! Assignments: who a profile, page or configuration is for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sim::error::Failure;
use crate::sim::exchange::{Exchange, Version};
use crate::sim::schema;
use crate::sim::state::{Entity, State, body};
use crate::sim::store::{Body, Table};

/// How long assignments to a group outlive it.
pub(in crate::sim) const ORPHANS_STAY: Duration = Duration::from_secs(7 * 24 * 3600);

/// What stands in an assignment's id for all devices, and for all users.
const ALL_DEVICES: &str = "adadadad-808e-44e2-905a-0b7873a8a531";
const ALL_USERS: &str = "acacacac-9df4-4c7d-9d50-4ef0226f57a9";

/// One assignment.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sim) struct Assignment {
    pub(in crate::sim) id: String,
    pub(in crate::sim) wish: Wish,
    /// Whether a policy set made it.
    pub(in crate::sim) by_policy_set: bool,
    source_id: String,
}

/// Who an assignment is for, and which assignment filter narrows it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sim) struct Wish {
    pub(in crate::sim) target: Target,
    filter: Option<(String, String)>,
}

/// Who an assignment is for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sim) enum Target {
    Group(String),
    ExcludedGroup(String),
    AllDevices,
    AllUsers,
    Collection(String),
}

/// What kind of object the assignments belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Owner {
    Profile,
    Enrollment,
    Configuration,
}

impl Owner {
    /// The type of its assignments.
    pub(in crate::sim) fn assignment_type(self) -> &'static str {
        match self {
            Self::Profile => "windowsAutopilotDeploymentProfileAssignment",
            Self::Enrollment => "enrollmentConfigurationAssignment",
            Self::Configuration => "deviceConfigurationAssignment",
        }
    }
}

impl Target {
    /// The group that it names.
    pub(in crate::sim) fn group(&self) -> Option<&str> {
        match self {
            Self::Group(id) | Self::ExcludedGroup(id) => Some(id),
            _ => None,
        }
    }

    /// What stands for it in an assignment's id.
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
    pub(in crate::sim) fn new(owner: Owner, owner_id: &str, wish: Wish) -> Self {
        let key = wish.target.key();
        let id = match owner {
            Owner::Profile => format!("{owner_id}_{key}_0"),
            Owner::Enrollment | Owner::Configuration => format!("{owner_id}_{key}"),
        };
        Self { id, wish, by_policy_set: false, source_id: owner_id.to_owned() }
    }

    /// The same, made by a policy set.
    pub(in crate::sim) fn by_policy_set(mut self, policy_set: String) -> Self {
        self.by_policy_set = true;
        self.source_id = policy_set;
        self
    }

    /// How an answer shows it.
    pub(in crate::sim) fn view(&self, owner: Owner, version: Version) -> Body {
        let target = &self.wish.target;
        let mut shown = body([("@odata.type", format!("#microsoft.graph.{}", target.type_name()).into())]);
        if version == Version::Beta {
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
        if version == Version::Beta {
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
    pub(in crate::sim) fn of(target: Target) -> Self {
        Self { target, filter: None }
    }

    /// Reads one assignment of a request.
    pub(in crate::sim) fn read(
        state: &State,
        owner: Owner,
        body: &Body,
        version: Version,
    ) -> Result<Self, Failure> {
        let (_, kept) = schema::check(owner.assignment_type(), body, version)?;
        let Some(target) = kept.get("target").filter(|target| !target.is_null()) else {
            return Err(Failure::refused("The assignment has no target."));
        };
        let text = |name: &str| {
            target.get(name).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty())
        };
        let group = || -> Result<String, Failure> {
            let id =
                text("groupId").ok_or_else(|| Failure::refused("The assignment target has no groupId."))?;
            match state.directory.groups.get(&id) {
                Some(group) => Ok(group.id.clone()),
                None => {
                    Err(Failure::refused(format!("The group {id} of the assignment target was not found.")))
                }
            }
        };
        let name = text("@odata.type").unwrap_or_default();
        let target = match name.trim_start_matches("#microsoft.graph.") {
            "groupAssignmentTarget" => Target::Group(group()?),
            "exclusionGroupAssignmentTarget" => Target::ExcludedGroup(group()?),
            "allDevicesAssignmentTarget" => Target::AllDevices,
            "allLicensedUsersAssignmentTarget" => Target::AllUsers,
            "configurationManagerCollectionAssignmentTarget" => {
                Target::Collection(text("collectionId").unwrap_or_default())
            }
            _ => return Err(Failure::model("Cannot create an abstract class.")),
        };
        let kind = text("deviceAndAppManagementAssignmentFilterType").filter(|kind| kind != "none");
        let filter = match (text("deviceAndAppManagementAssignmentFilterId"), kind) {
            (Some(id), Some(kind)) => {
                if state.filters.get(&id).is_none() {
                    return Err(Failure::refused(format!("The assignment filter {id} was not found.")));
                }
                Some((id, kind))
            }
            (None, None) => None,
            _ => return Err(Failure::refused("An assignment filter needs both its id and its type.")),
        };
        if owner == Owner::Profile && matches!(target, Target::AllUsers | Target::Collection(_)) {
            return Err(Failure::bare());
        }
        Ok(Self { target, filter })
    }

    /// Reads the list of an `assign` action.
    pub(in crate::sim) fn read_all(
        state: &State,
        owner: Owner,
        key: &str,
        request: &Body,
        version: Version,
    ) -> Result<Vec<Self>, Failure> {
        let items = match request.get(key) {
            Some(Value::Array(items)) => items,
            _ => {
                return Err(Failure::model(format!("The parameter '{key}' is missing or not a collection.")));
            }
        };
        let mut wishes = Vec::new();
        for item in items {
            let Value::Object(item) = item else {
                return Err(Failure::model(format!(
                    "The parameter '{key}' holds something that is no object."
                )));
            };
            // The id of an assignment that is sent along is an answer's, and does not matter.
            let mut item = item.clone();
            item.remove("id");
            let wish = Self::read(state, owner, &item, version)?;
            if !wishes.contains(&wish) {
                wishes.push(wish);
            }
        }
        Ok(wishes)
    }
}

/// How assignments reach something, if they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Reach {
    ByGroup,
    AllDevices,
    AllUsers,
    Not,
}

/// How assignments reach something that is in some groups. An exclusion wins; a group comes before all others.
pub(in crate::sim) fn reach(assignments: &[Assignment], is_in: impl Fn(&str) -> bool) -> Reach {
    let mut reach = Reach::Not;
    for assignment in assignments {
        match &assignment.wish.target {
            Target::ExcludedGroup(group) if is_in(group) => return Reach::Not,
            Target::Group(group) if is_in(group) => reach = Reach::ByGroup,
            Target::AllDevices if reach != Reach::ByGroup => reach = Reach::AllDevices,
            Target::AllUsers if reach == Reach::Not => reach = Reach::AllUsers,
            _ => {}
        }
    }
    reach
}

/// The answer of `hasPayloadLinks`: which of the objects are assigned at all.
pub(in crate::sim) fn payload_links(
    exchange: &Exchange<'_>,
    table: &Table<Entity>,
) -> Result<Vec<Body>, Failure> {
    const IDS: schema::Property =
        schema::Property { collection: true, ..schema::Property::new("payloadIds", schema::Kind::Text) };
    let request = exchange.request.parameters("hasPayloadLinks", &["payloadIds"])?;
    let ids =
        request.get("payloadIds").ok_or_else(|| Failure::model("The parameter 'payloadIds' is missing."))?;
    let ids = schema::check_value(&IDS, ids, exchange.version)?;
    let links = ids.as_array().into_iter().flatten().filter_map(Value::as_str).map(|id| {
        let found = table.get(id);
        let assignments = found.map(|entity| entity.assignments.as_slice()).unwrap_or_default();
        let mut sources = Vec::new();
        for (by_policy_set, name) in [(false, "direct"), (true, "policySets")] {
            if assignments.iter().any(|assignment| assignment.by_policy_set == by_policy_set) {
                sources.push(name);
            }
        }
        body([
            ("payloadId", id.into()),
            ("hasLink", (!assignments.is_empty()).into()),
            ("error", if found.is_some() { Value::Null } else { "ResourceNotFound".into() }),
            ("sources", json!(sources)),
        ])
    });
    Ok(links.collect())
}

impl State {
    /// Whether anything is assigned to a group.
    pub(in crate::sim) fn is_assigned_to(&self, group: &str) -> bool {
        let tables = [&self.profiles, &self.enrollment, &self.configurations];
        let mut assignments =
            tables.into_iter().flat_map(|table| table.iter()).flat_map(|entity| &entity.assignments);
        assignments.any(|assignment| assignment.wish.target.group() == Some(group))
    }

    /// Cleans away the assignments to a group that is gone.
    pub(in crate::sim) fn remove_orphans(&mut self, group: &str) {
        for table in [&mut self.profiles, &mut self.enrollment, &mut self.configurations] {
            let holders: Vec<String> = table
                .iter()
                .filter(|entity| {
                    entity.assignments.iter().any(|assignment| assignment.wish.target.group() == Some(group))
                })
                .map(|entity| entity.id.clone())
                .collect();
            for id in holders {
                table.update(&id, |entity| {
                    entity.assignments.retain(|assignment| assignment.wish.target.group() != Some(group));
                });
            }
        }
    }
}
