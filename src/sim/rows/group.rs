//! Groups and their members.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::ApiVersion;
use crate::model::rule::MembershipRule;
use crate::sim::schema;
use crate::sim::store::{Body, keyed_json};

/// The licenses that a group gives to its members.
pub(crate) const LICENSES: &str = "assignedLicenses";

/// A group.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) body: Body,
    /// The rule of an active dynamic group.
    pub(crate) rule: Option<MembershipRule>,
    pub(crate) owners: Vec<String>,
    members: BTreeMap<u64, Arc<str>>,
    places: HashMap<Arc<str>, u64>,
    next_place: u64,
    /// Members added (true) or removed, by the number of the change.
    pub(crate) member_log: BTreeMap<u64, (Arc<str>, bool)>,
    logged: HashMap<Arc<str>, u64>,
    visible_at: Timestamp,
    /// The properties that reads still return, and until when.
    before: Option<(Timestamp, Body)>,
}

impl Group {
    pub(crate) fn new(id: String, body: Body, rule: Option<MembershipRule>, visible_at: Timestamp) -> Self {
        Self {
            id,
            body,
            rule,
            owners: Vec::new(),
            members: BTreeMap::new(),
            places: HashMap::new(),
            next_place: 1,
            member_log: BTreeMap::new(),
            logged: HashMap::new(),
            visible_at,
            before: None,
        }
    }

    /// Adds a new member by the change `number`.
    pub(crate) fn add(&mut self, member: &str, number: u64) {
        let id: Arc<str> = member.into();
        self.members.insert(self.next_place, id.clone());
        self.places.insert(id.clone(), self.next_place);
        self.next_place += 1;
        self.log_member(number, id, true);
    }

    /// Removes a member by the change `number`.
    pub(crate) fn remove(&mut self, member: &str, number: u64) {
        let id = self.places.remove(member).and_then(|place| self.members.remove(&place));
        if let Some(id) = id {
            self.log_member(number, id, false);
        }
    }

    /// Changes the properties; reads see the old ones until `until`.
    pub(crate) fn change(&mut self, now: Timestamp, until: Timestamp, change: impl FnOnce(&mut Body)) {
        if until > now && self.before.as_ref().is_none_or(|(until, _)| *until <= now) {
            self.before = Some((until, self.body.clone()));
        }
        change(&mut self.body);
    }

    /// Returns the members after a position.
    pub(crate) fn members_after(&self, place: u64) -> impl Iterator<Item = (u64, &str)> {
        self.members.range(place.saturating_add(1)..).map(|(place, id)| (*place, &**id))
    }

    pub(crate) fn has(&self, member: &str) -> bool {
        self.places.contains_key(member)
    }

    /// Returns the member's id in its stored case.
    pub(crate) fn member(&self, id: &str) -> Option<&str> {
        let place = self.places.get(id).or_else(|| self.places.get(id.to_ascii_lowercase().as_str()))?;
        self.members.get(place).map(|id| &**id)
    }

    fn log_member(&mut self, change: u64, member: Arc<str>, joined: bool) {
        if let Some(before) = self.logged.insert(member.clone(), change) {
            self.member_log.remove(&before);
        }
        self.member_log.insert(change, (member, joined));
    }

    pub(crate) fn is_dynamic(&self) -> bool {
        let types = self.body.get("groupTypes").and_then(Value::as_array);
        types.into_iter().flatten().any(|of| of == "DynamicMembership")
    }

    /// Returns the group as shown in answers, without members.
    pub(crate) fn view(&self, now: Timestamp, version: ApiVersion) -> Body {
        let mut view = self.seen(now).clone();
        // They come only when they are asked for.
        view.remove(LICENSES);
        schema::trim(&mut view, "group", version, true);
        view
    }

    /// Returns the properties that a read returns now.
    pub(crate) fn seen(&self, now: Timestamp) -> &Body {
        match &self.before {
            Some((until, body)) if now < *until => body,
            _ => &self.body,
        }
    }

    pub(crate) fn is_visible(&self, now: Timestamp) -> bool {
        self.visible_at <= now
    }
}

keyed_json!(Group, indexed by "displayName", of type |_group| "group");
