//! Changes of directory objects, as reported by the service.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::{DirectoryDevice, DirectoryObject, Group, Id, Properties, Stored};

/// A kind of directory object whose changes can be listed: [`Group`] or [`DirectoryDevice`].
pub trait Tracked: private::Sealed + Sized + 'static {
    /// A new or changed object.
    type Changed: DeserializeOwned + fmt::Debug + Clone + PartialEq + Send + 'static;

    /// Returns the id of a changed object.
    fn id_of(changed: &Self::Changed) -> &Id<Self>;
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::Group {}
    impl Sealed for super::DirectoryDevice {}
}

impl Tracked for Group {
    type Changed = GroupChange;

    fn id_of(changed: &GroupChange) -> &Id<Self> {
        &changed.group.id
    }
}

impl Tracked for DirectoryDevice {
    type Changed = Self;

    fn id_of(changed: &Self) -> &Id<Self> {
        &changed.id
    }
}

/// One entry in a list of changes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Delta<T: Tracked> {
    /// The object is new or has changed. Only changed properties are certain to be reported: read the object before
    /// changing its settings.
    Changed(T::Changed),
    /// The object was removed.
    Removed {
        /// The id of the object.
        id: Id<T>,
        /// Whether the deleted object can still be restored.
        restorable: bool,
    },
}

impl<T: Tracked> Delta<T> {
    /// Returns the id of the object.
    pub fn id(&self) -> &Id<T> {
        match self {
            Self::Changed(changed) => T::id_of(changed),
            Self::Removed { id, .. } => id,
        }
    }
}

/// A new or changed group. A group with many changed members appears more than once, each time with some of them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GroupChange {
    /// The group and its settings.
    pub group: Stored<Group>,
    /// The added and removed members.
    pub members: Vec<MemberChange>,
}

/// An added or removed member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberChange {
    /// The object is now a member.
    Added(DirectoryObject),
    /// The object is no longer a member.
    Removed(Id<DirectoryObject>),
}

const REMOVED: &str = "@removed";

impl<'de, T: Tracked> Deserialize<'de> for Delta<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut properties = Properties::deserialize(deserializer)?;
        match properties.remove(REMOVED) {
            Some(removed) => {
                let id = properties.text("id").unwrap_or_default().parse().map_err(D::Error::custom)?;
                let reason = removed.get("reason").and_then(serde_json::Value::as_str);
                Ok(Self::Removed { id, restorable: reason == Some("changed") })
            }
            None => serde_json::from_value(properties.into()).map(Self::Changed).map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for GroupChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut properties = Properties::deserialize(deserializer)?;
        let members = properties.remove("members@delta").map(serde_json::from_value).transpose();
        let members = members.map_err(D::Error::custom)?.unwrap_or_default();
        Stored::from_answer(properties).map(|group| Self { group, members }).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for MemberChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut properties = Properties::deserialize(deserializer)?;
        let removed = properties.remove(REMOVED).is_some();
        let object: DirectoryObject = serde_json::from_value(properties.into()).map_err(D::Error::custom)?;
        Ok(if removed { Self::Removed(object.id) } else { Self::Added(object) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn changed_and_removed_objects_are_told_apart_and_so_are_members() {
        let group: Delta<Group> = from_value(json!({
            "id": "g1", "displayName": "Kiosks",
            "members@delta": [
                { "@odata.type": "#microsoft.graph.device", "id": "d1" },
                { "@odata.type": "#microsoft.graph.device", "id": "d2", "@removed": { "reason": "deleted" } },
            ],
        }))
        .unwrap();
        let Delta::Changed(change) = &group else { panic!("{group:?}") };
        assert_eq!((group.id().as_str(), change.group.settings.display_name.as_str()), ("g1", "Kiosks"));
        let [MemberChange::Added(added), MemberChange::Removed(gone)] = change.members.as_slice() else {
            panic!("{change:?}")
        };
        assert_eq!((added.kind(), gone.as_str()), (Some("device"), "d2"));
        for (reason, restorable) in [(json!({ "reason": "changed" }), true), (json!({}), false)] {
            let device = from_value(json!({ "id": "d1", "@removed": reason })).unwrap();
            assert_eq!(Delta::<DirectoryDevice>::Removed { id: "d1".parse().unwrap(), restorable }, device);
        }
        let error = from_value::<Delta<Group>>(json!({ "@removed": {} })).unwrap_err().to_string();
        assert!(error.contains("id: is empty"), "{error}");
    }
}
