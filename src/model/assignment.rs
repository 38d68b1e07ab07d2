//! Assignments and their targets.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::lenient::{Fields, Members, Refused, Scalar, Slot, only_null};
use super::observation::observation;
use super::raw::ODATA_TYPE;
use super::{AssignmentFilter, AssignmentFilterType, AssignmentIntent, AssignmentSource};
use super::{Group, Id, Properties, RawObject, Text};

observation! {
    /// An assignment of a deployment profile, an enrollment configuration or a device configuration.
    ///
    /// The id is opaque: use the one that the service returns.
    pub struct Assignment = "deviceConfigurationAssignment", id: Id<Assignment> {
        target: Target = "target", "The target.";
        source: AssignmentSource = "source", "The source: the object itself, or a policy set.";
        source_id: Text = "sourceId", "The policy set that made the assignment.";
        /// The effect: the configuration is applied or removed; for device configurations only.
        intent: AssignmentIntent = "intent";
    }
    beside {
        /// The type, as named by the service: each kind of object has its own.
        odata_type: Text = "@odata.type";
    }
}

impl Assignment {
    /// Returns `true` if the assignment was made on the object itself, or has no source. Only such an assignment may be
    /// deleted.
    pub fn is_direct(&self) -> bool {
        self.source.as_ref().is_none_or(|source| *source == AssignmentSource::Direct)
    }
}

/// The target of an assignment: an audience, optionally narrowed by a filter.
///
/// ```
/// use windows_autopilot::model::{Target, TargetKind};
/// let target = Target::group("9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e".parse()?);
/// assert_eq!(
///     serde_json::to_string(&target)?,
///     r##"{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e"}"##
/// );
/// let read: Target = serde_json::from_str(r#"{"@odata.type":"microsoft.graph.allDevicesAssignmentTarget"}"#)?;
/// assert_eq!(read.kind, TargetKind::AllDevices);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The serde form is the service's own: Graph's `deviceAndAppManagementAssignmentTarget`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Target {
    /// The audience of the assignment: a group, all devices or all users.
    pub kind: TargetKind,
    /// The filter that narrows the audience to some devices.
    pub filter: Option<TargetFilter>,
    kept: Properties,
}

/// The audience of an assignment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetKind {
    /// All devices.
    AllDevices,
    /// All users with a license.
    AllLicensedUsers,
    /// The members of a group.
    Group(Id<Group>),
    /// A group whose members are excluded, even if another assignment includes them.
    ExclusionGroup(Id<Group>),
    /// The members of a Configuration Manager collection, by its id.
    ConfigurationManagerCollection(Text),
    /// An unknown audience, or a known one without its id: kept as is and sent back unchanged.
    Unknown(RawObject),
}

/// A filter on an assignment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TargetFilter {
    /// The id of the filter.
    pub id: Id<AssignmentFilter>,
    /// The effect on matching devices: included or excluded.
    pub filter_type: AssignmentFilterType,
}

impl Target {
    /// Creates a target without a filter.
    pub fn new(kind: TargetKind) -> Self {
        Self { kind, filter: None, kept: Properties::new() }
    }

    /// Creates a target for all devices.
    pub fn all_devices() -> Self {
        Self::new(TargetKind::AllDevices)
    }

    /// Creates a target for the members of a group.
    pub fn group(id: Id<Group>) -> Self {
        Self::new(TargetKind::Group(id))
    }

    /// Creates a target that excludes the members of a group.
    pub fn excluding(id: Id<Group>) -> Self {
        Self::new(TargetKind::ExclusionGroup(id))
    }

    /// Sets the filter that narrows the audience.
    #[must_use]
    pub fn with_filter(mut self, id: Id<AssignmentFilter>, filter_type: AssignmentFilterType) -> Self {
        self.filter = Some(TargetFilter { id, filter_type });
        self
    }

    /// Returns the group that is included or excluded.
    pub fn group_id(&self) -> Option<&Id<Group>> {
        match &self.kind {
            TargetKind::Group(id) | TargetKind::ExclusionGroup(id) => Some(id),
            _ => None,
        }
    }

    /// Returns `true` if both targets reach the same devices. Ids are compared without regard to case.
    pub fn same_as(&self, other: &Self) -> bool {
        let same_kind = match (self.kind.on_wire(), other.kind.on_wire()) {
            (Some((a, a_id)), Some((b, b_id))) => {
                let folded = |id: Option<(_, &str)>| id.map(|(_, id)| id.to_ascii_lowercase());
                a == b && folded(a_id) == folded(b_id)
            }
            _ => self.kind == other.kind,
        };
        let filter = |target: &Self| {
            target.filter.clone().map(|filter| (filter.id.as_str().to_ascii_lowercase(), filter.filter_type))
        };
        same_kind && filter(self) == filter(other)
    }

    fn read(mut properties: Properties) -> Self {
        let whole = properties.clone();
        let kind = properties.remove(ODATA_TYPE);
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().trim_start_matches('#');
        let kind = match format!("#{kind}").as_str() {
            ALL_DEVICES => Some(TargetKind::AllDevices),
            ALL_LICENSED_USERS => Some(TargetKind::AllLicensedUsers),
            GROUP => id_of(&mut properties, GROUP_ID).map(TargetKind::Group),
            EXCLUSION_GROUP => id_of(&mut properties, GROUP_ID).map(TargetKind::ExclusionGroup),
            COLLECTION => match properties.remove(COLLECTION_ID) {
                Some(Value::String(id)) => Some(TargetKind::ConfigurationManagerCollection(id.into())),
                _ => None,
            },
            _ => None,
        };
        let Some(kind) = kind else { return Self::new(TargetKind::Unknown(whole.into())) };
        let filter_type = match properties.text(FILTER_TYPE).unwrap_or_default() {
            "" => AssignmentFilterType::None,
            text => AssignmentFilterType::from_wire(text),
        };
        let filter =
            id_of(&mut properties, FILTER_ID).map(|id| TargetFilter { id, filter_type: filter_type.clone() });
        if filter.is_some() || filter_type == AssignmentFilterType::None {
            properties.remove(FILTER_TYPE);
        }
        properties.retain(|_, value| !value.is_null());
        Self { kind, filter, kept: properties }
    }

    fn write(&self) -> Properties {
        if let TargetKind::Unknown(object) = &self.kind {
            return object.properties().clone();
        }
        let mut properties = self.kept.clone();
        if let Some((name, id)) = self.kind.on_wire() {
            properties.insert(ODATA_TYPE, name);
            id.map(|(property, id)| properties.insert(property, id));
        }
        if let Some(filter) = &self.filter {
            properties.insert(FILTER_ID, filter.id.as_str());
            properties.insert(FILTER_TYPE, filter.filter_type.as_str());
        }
        properties
    }
}

impl TargetKind {
    /// Returns the type, and the property with the audience's id and its value; `None` for an unknown audience.
    fn on_wire(&self) -> Option<(&'static str, Option<(&'static str, &str)>)> {
        Some(match self {
            Self::AllDevices => (ALL_DEVICES, None),
            Self::AllLicensedUsers => (ALL_LICENSED_USERS, None),
            Self::Group(id) => (GROUP, Some((GROUP_ID, id.as_str()))),
            Self::ExclusionGroup(id) => (EXCLUSION_GROUP, Some((GROUP_ID, id.as_str()))),
            Self::ConfigurationManagerCollection(id) => (COLLECTION, Some((COLLECTION_ID, id))),
            Self::Unknown(_) => return None,
        })
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Properties::deserialize(deserializer).map(Self::read)
    }
}

impl Slot for Option<Target> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        only_null(self, scalar, "the target of an assignment")
    }

    fn object(&mut self, read: &mut dyn FnMut(&mut dyn Fields)) -> Result<bool, &'static str> {
        let mut members = Members::default();
        read(&mut members);
        *self = Some(Target::read(members.0.into()));
        Ok(true)
    }
}

const ALL_DEVICES: &str = "#microsoft.graph.allDevicesAssignmentTarget";
const ALL_LICENSED_USERS: &str = "#microsoft.graph.allLicensedUsersAssignmentTarget";
const GROUP: &str = "#microsoft.graph.groupAssignmentTarget";
const EXCLUSION_GROUP: &str = "#microsoft.graph.exclusionGroupAssignmentTarget";
const COLLECTION: &str = "#microsoft.graph.configurationManagerCollectionAssignmentTarget";
const GROUP_ID: &str = "groupId";
const COLLECTION_ID: &str = "collectionId";
const FILTER_ID: &str = "deviceAndAppManagementAssignmentFilterId";
const FILTER_TYPE: &str = "deviceAndAppManagementAssignmentFilterType";

/// Removes and returns an id; an unreadable or empty one is kept.
fn id_of<T>(properties: &mut Properties, name: &str) -> Option<Id<T>> {
    let id = properties.text(name)?.parse().ok()?;
    properties.remove(name);
    Some(id)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn read(json: Value) -> Target {
        from_value(json).unwrap()
    }

    #[test]
    fn every_audience_is_read_with_and_without_the_hash_and_written_with_it() {
        let id = "9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e";
        let excluded = TargetKind::ExclusionGroup(id.parse().unwrap());
        let collection = TargetKind::ConfigurationManagerCollection(id.into());
        for (name, property, kind) in [
            ("allDevicesAssignmentTarget", None, TargetKind::AllDevices),
            ("allLicensedUsersAssignmentTarget", None, TargetKind::AllLicensedUsers),
            ("groupAssignmentTarget", Some("groupId"), TargetKind::Group(id.parse().unwrap())),
            ("exclusionGroupAssignmentTarget", Some("groupId"), excluded),
            ("configurationManagerCollectionAssignmentTarget", Some("collectionId"), collection),
        ] {
            let mut written = json!({ "@odata.type": format!("#microsoft.graph.{name}") });
            if let Some(property) = property {
                written[property] = json!(id);
            }
            let mut bare = written.clone();
            bare["@odata.type"] = json!(format!("microsoft.graph.{name}"));
            bare[FILTER_ID] = json!(null);
            bare[FILTER_TYPE] = json!("none");
            for json in [bare, written.clone()] {
                let target = read(json);
                assert_eq!(target, Target::new(kind.clone()));
                assert_eq!(to_value(&target).unwrap(), written);
            }
        }
    }

    #[test]
    fn a_filter_is_read_and_written() {
        let json = json!({ "@odata.type": ALL_DEVICES, FILTER_ID: "7", FILTER_TYPE: "exclude" });
        let target = read(json.clone());
        let filtered = Target::all_devices().with_filter("7".parse().unwrap(), AssignmentFilterType::Exclude);
        assert_eq!(target, filtered);
        assert_eq!(to_value(&target).unwrap(), json);
    }

    #[test]
    fn what_cannot_be_understood_is_sent_back_as_it_is() {
        for json in [
            json!({ "@odata.type": "microsoft.graph.deviceAndAppManagementAssignmentTarget" }),
            json!({ "@odata.type": "#microsoft.graph.newTarget", "groupId": "1", "x": [1] }),
            json!({ "@odata.type": GROUP, "groupId": null }),
            json!({ "@odata.type": GROUP }),
            json!({ "@odata.type": GROUP, "groupId": "Group Id value" }),
            json!({}),
        ] {
            let target = read(json.clone());
            assert!(matches!(target.kind, TargetKind::Unknown(_)), "{json}");
            assert_eq!(to_value(&target).unwrap(), json);
        }
        for json in [
            json!({ "@odata.type": GROUP, "groupId": "1", "new": { "a": 1 } }),
            json!({ "@odata.type": GROUP, "groupId": "1", FILTER_ID: "Filter Id value", FILTER_TYPE: "include" }),
        ] {
            let target = read(json.clone());
            assert_eq!(target.group_id().map(Id::as_str), Some("1"));
            assert_eq!(to_value(&target).unwrap(), json);
        }
    }

    #[test]
    fn targets_are_the_same_by_what_they_reach() {
        let target = |id: &str| Target::group(id.parse().unwrap());
        assert!(target("aB").same_as(&target("Ab")));
        assert!(!target("a").same_as(&target("b")));
        assert!(!target("a").same_as(&Target::excluding("a".parse().unwrap())));
        let filtered = target("a").with_filter("1".parse().unwrap(), AssignmentFilterType::Include);
        assert!(!target("a").same_as(&filtered));
        assert!(read(json!({ "@odata.type": ALL_DEVICES, "new": 1 })).same_as(&Target::all_devices()));
    }

    #[test]
    fn only_a_direct_assignment_may_be_deleted() {
        let direct = |json| from_value::<Assignment>(json).unwrap().is_direct();
        assert!(direct(json!({ "id": "1", "source": "direct" })));
        assert!(direct(json!({ "id": "1" })));
        assert!(!direct(json!({ "id": "1", "source": "policySets" })));
        assert!(!direct(json!({ "id": "1", "source": "new" })));
    }
}
