//! The entries of a directory in memory, by name, GUID or SID.

use std::collections::BTreeMap;

use crate::ad::descriptor::{Guid, SecurityDescriptor, Sid};
use crate::ad::directory::Entry;
use crate::ad::dn;

/// A distinguished name in a form that is equal for all names of an entry, innermost part first.
pub(super) type Key = Vec<(String, String)>;

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) entry: Entry,
    pub(super) descriptor: SecurityDescriptor,
    pub(super) guid: Guid,
    /// The entry's `uSNChanged`.
    pub(super) changes: i64,
}

#[derive(Debug, Default)]
pub(super) struct Entries {
    nodes: BTreeMap<Key, Node>,
    changes: i64,
}

impl Entries {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Node)> {
        self.nodes.iter()
    }

    pub(super) fn insert(&mut self, name: &str, node: Node) {
        if let Some(key) = dn::folded(name) {
            self.nodes.insert(key, node);
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Node> {
        self.nodes.remove(&self.find(name)?)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.nodes.get(&self.find(name)?)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        let key = self.find(name)?;
        self.nodes.get_mut(&key)
    }

    pub(super) fn node_mut(&mut self, key: &Key) -> Option<&mut Node> {
        self.nodes.get_mut(key)
    }

    pub(super) fn by_sid(&self, sid: &Sid) -> Option<&Node> {
        self.nodes.values().find(|node| is(node, sid))
    }

    pub(super) fn by_sid_mut(&mut self, sid: &Sid) -> Option<&mut Node> {
        self.nodes.values_mut().find(|node| is(node, sid))
    }

    /// Returns the next `uSNChanged`.
    pub(super) fn next_change(&mut self) -> i64 {
        self.changes = self.changes.saturating_add(1);
        self.changes
    }

    /// Finds an entry by a name in any form that Active Directory accepts.
    pub(super) fn find(&self, name: &str) -> Option<Key> {
        let special = name.strip_prefix('<').and_then(|name| name.strip_suffix('>'));
        let Some((form, value)) = special.and_then(|special| special.split_once('=')) else {
            return dn::folded(name).filter(|key| self.nodes.contains_key(key));
        };
        let found = |holds: &dyn Fn(&Node) -> bool| {
            let node = self.nodes.iter().find(|(_, node)| holds(node));
            node.map(|(key, _)| key.clone())
        };
        match form.to_ascii_uppercase().as_str() {
            "GUID" => {
                let guid: Guid = value.parse().ok()?;
                found(&|node| node.guid == guid)
            }
            "SID" => {
                let sid: Sid = value.parse().ok()?;
                found(&|node| is(node, &sid))
            }
            _ => None,
        }
    }
}

fn is(node: &Node, sid: &Sid) -> bool {
    node.entry.sid("objectSid").ok().flatten().as_ref() == Some(sid)
}
