//! The directory: groups, devices and users, and their changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::directory_device::Device;
use super::group::Group;
use super::user::User;
use crate::sim::store::Table;

/// Kind of a directory object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Kind {
    Group,
    Device,
    User,
}

impl Kind {
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Device => "device",
            Self::User => "user",
        }
    }
}

/// Groups, devices and users.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) groups: Table<Group>,
    pub(crate) devices: Table<Device>,
    pub(crate) users: Table<User>,
    pub(crate) changes: Changes,
    /// The groups that directly contain a group, by lower-case id.
    pub(crate) groups_around: HashMap<String, Vec<String>>,
}

/// The changes in the directory, in order, with only the last of each object.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Changes {
    last: u64,
    log: BTreeMap<u64, (Kind, Arc<str>)>,
    at: HashMap<Arc<str>, u64>,
}

impl Changes {
    /// Records a change of an object, and returns its number.
    pub(crate) fn note(&mut self, kind: Kind, id: &str) -> u64 {
        self.last += 1;
        let id: Arc<str> = id.into();
        if let Some(before) = self.at.insert(id.clone(), self.last) {
            self.log.remove(&before);
        }
        self.log.insert(self.last, (kind, id));
        self.last
    }

    /// Returns the number of the last change.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Returns objects of a kind that changed after `since`.
    pub(crate) fn since(&self, kind: Kind, since: u64) -> impl Iterator<Item = (u64, &str)> {
        let later = self.log.range(since.saturating_add(1)..);
        later.filter(move |(_, (of, _))| *of == kind).map(|(number, (_, id))| (*number, &**id))
    }
}

impl Directory {
    /// Returns the kind of the object with this id.
    pub(crate) fn kind(&self, id: &str) -> Option<Kind> {
        if self.devices.get(id).is_some() {
            Some(Kind::Device)
        } else if self.users.get(id).is_some() {
            Some(Kind::User)
        } else {
            self.groups.get(id).map(|_| Kind::Group)
        }
    }

    /// Returns a user by id or by user principal name.
    pub(crate) fn user(&self, key: &str) -> Option<&User> {
        self.users.get(key).or_else(|| self.users.find("userPrincipalName", key).next().map(|(_, user)| user))
    }
}
