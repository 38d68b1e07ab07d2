//! The directory: groups, devices and users, who is a member of what, and what changed when.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{Due, State, body, date, later};
use super::store::{Body, Keyed, Row, Table};
use crate::model::rule::{Attribute, DeviceAttributes, DeviceProperty, MembershipRule, TextList};

/// Kind of a directory object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Group,
    Device,
    User,
}

impl Kind {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Device => "device",
            Self::User => "user",
        }
    }
}

/// Groups, devices and users.
#[derive(Clone, Default)]
pub(super) struct Directory {
    pub(super) groups: Table<Group>,
    pub(super) devices: Table<Device>,
    pub(super) users: Table<User>,
    pub(super) changes: Changes,
}

/// What changed in the directory, in order; of each object only its last change.
#[derive(Clone, Default)]
pub(super) struct Changes {
    last: u64,
    log: BTreeMap<u64, (Kind, Arc<str>)>,
    at: HashMap<Arc<str>, u64>,
}

impl Changes {
    /// Notes a change of an object, and gives its number.
    fn note(&mut self, kind: Kind, id: &str) -> u64 {
        self.last += 1;
        let id: Arc<str> = id.into();
        if let Some(before) = self.at.insert(id.clone(), self.last) {
            self.log.remove(&before);
        }
        self.log.insert(self.last, (kind, id));
        self.last
    }

    /// The number of the last change.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Objects of a kind that changed behind `since`.
    pub(super) fn since(&self, kind: Kind, since: u64) -> impl Iterator<Item = (u64, &str)> {
        let later = self.log.range(since.saturating_add(1)..);
        later.filter(move |(_, (of, _))| *of == kind).map(|(number, (_, id))| (*number, &**id))
    }
}

/// A group.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) body: Body,
    /// The rule of a dynamic group that is switched on.
    pub(super) rule: Option<MembershipRule>,
    members: BTreeMap<u64, Arc<str>>,
    places: HashMap<Arc<str>, u64>,
    next_place: u64,
    /// Members that came (true) or went, by the number of the change.
    pub(super) member_log: BTreeMap<u64, (Arc<str>, bool)>,
    logged: HashMap<Arc<str>, u64>,
    visible_at: Timestamp,
    /// What reads still see, and until when.
    before: Option<(Timestamp, Body)>,
}

impl Group {
    /// The members behind a place in their order.
    pub(super) fn members_after(&self, place: u64) -> impl Iterator<Item = (u64, &str)> {
        self.members.range(place.saturating_add(1)..).map(|(place, id)| (*place, &**id))
    }

    pub(super) fn has(&self, member: &str) -> bool {
        self.places.contains_key(member)
    }

    /// The member's id as it is kept, whatever its case in a request.
    pub(super) fn member(&self, id: &str) -> Option<&str> {
        let place = self.places.get(id).or_else(|| self.places.get(id.to_ascii_lowercase().as_str()))?;
        self.members.get(place).map(|id| &**id)
    }

    fn log_member(&mut self, change: u64, member: Arc<str>, joined: bool) {
        if let Some(before) = self.logged.insert(member.clone(), change) {
            self.member_log.remove(&before);
        }
        self.member_log.insert(change, (member, joined));
    }

    pub(super) fn is_dynamic(&self) -> bool {
        let types = self.body.get("groupTypes").and_then(Value::as_array);
        types.into_iter().flatten().any(|of| of == "DynamicMembership")
    }

    /// What a read sees now.
    pub(super) fn seen(&self, now: Timestamp) -> &Body {
        match &self.before {
            Some((until, body)) if now < *until => body,
            _ => &self.body,
        }
    }

    pub(super) fn is_visible(&self, now: Timestamp) -> bool {
        self.visible_at <= now
    }
}

impl Keyed for Group {
    const INDEXED: &'static [&'static str] = &["displayName"];

    fn id(&self) -> &str {
        &self.id
    }

    fn key(&self, property: &str) -> Option<&str> {
        self.body.get(property).and_then(Value::as_str)
    }
}

impl Row for Group {
    fn value(&self, property: &str) -> Value {
        match property {
            "id" => self.id.clone().into(),
            _ => self.body.get(property).cloned().unwrap_or_default(),
        }
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.key(property)
    }

    fn type_name(&self) -> &str {
        "group"
    }
}

/// A device.
#[derive(Clone)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) device_id: String,
    pub(super) display_name: String,
    pub(super) enabled: bool,
    /// `AzureAd`, `ServerAd` or `Workplace`; none before the device has joined.
    pub(super) trust_type: Option<&'static str>,
    pub(super) physical_ids: Vec<String>,
    /// Every other property that is set.
    pub(super) others: Body,
    /// Groups it is a direct member of.
    pub(super) groups: Vec<Arc<str>>,
    /// The Autopilot registration whose object it is.
    pub(super) identity: Option<String>,
    pub(super) created: Timestamp,
    visible_at: Timestamp,
}

impl Device {
    pub(super) fn is_visible(&self, now: Timestamp) -> bool {
        self.visible_at <= now
    }

    pub(super) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|of| of.eq_ignore_ascii_case(group))
    }

    pub(super) fn view(&self) -> Body {
        let mut view = body([
            ("id", self.id.clone().into()),
            ("deletedDateTime", Value::Null),
            ("accountEnabled", self.enabled.into()),
            ("approximateLastSignInDateTime", Value::Null),
            ("complianceExpirationDateTime", Value::Null),
            ("createdDateTime", date(Some(self.created))),
            ("deviceCategory", Value::Null),
            ("deviceId", self.device_id.clone().into()),
            ("deviceMetadata", Value::Null),
            ("deviceOwnership", Value::Null),
            ("deviceVersion", 2.into()),
            ("displayName", self.display_name.clone().into()),
            ("enrollmentProfileName", Value::Null),
            ("enrollmentType", Value::Null),
            ("isCompliant", Value::Null),
            ("isManaged", Value::Null),
            ("managementType", Value::Null),
            ("manufacturer", Value::Null),
            ("mdmAppId", Value::Null),
            ("model", Value::Null),
            ("onPremisesLastSyncDateTime", Value::Null),
            ("onPremisesSecurityIdentifier", Value::Null),
            ("onPremisesSyncEnabled", Value::Null),
            ("operatingSystem", "Windows".into()),
            ("operatingSystemVersion", Value::Null),
            ("physicalIds", self.physical_ids.clone().into()),
            ("profileType", Value::Null),
            ("registrationDateTime", date(Some(self.created))),
            ("systemLabels", json!([])),
            ("trustType", self.trust_type.into()),
            ("extensionAttributes", extension_attributes(self.others.get("extensionAttributes"))),
            ("alternativeSecurityIds", json!([])),
        ]);
        let others = self.others.iter().filter(|(name, _)| *name != "extensionAttributes");
        view.extend(others.map(|(name, value)| (name.clone(), value.clone())));
        view
    }
}

/// All fifteen, null where not set.
fn extension_attributes(set: Option<&Value>) -> Value {
    let all = (1..=15).map(|number| {
        let name = format!("extensionAttribute{number}");
        let value = set.and_then(|set| set.get(&name)).cloned().unwrap_or_default();
        (name, value)
    });
    Value::Object(all.collect())
}

impl Keyed for Device {
    const INDEXED: &'static [&'static str] = &["deviceId", "displayName"];

    fn id(&self) -> &str {
        &self.id
    }

    fn key(&self, property: &str) -> Option<&str> {
        match property {
            "deviceId" => Some(&self.device_id),
            "displayName" => Some(&self.display_name),
            _ => None,
        }
    }
}

impl Row for Device {
    fn value(&self, property: &str) -> Value {
        match property {
            "id" => self.id.clone().into(),
            "deviceId" => self.device_id.clone().into(),
            "displayName" => self.display_name.clone().into(),
            "accountEnabled" => self.enabled.into(),
            "trustType" => self.trust_type.into(),
            "physicalIds" => self.physical_ids.clone().into(),
            "operatingSystem" => self.others.get(property).cloned().unwrap_or_else(|| "Windows".into()),
            "createdDateTime" | "registrationDateTime" => date(Some(self.created)),
            _ => self.others.get(property).cloned().unwrap_or_default(),
        }
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.key(property)
    }

    fn type_name(&self) -> &str {
        "device"
    }
}

impl DeviceAttributes for Device {
    fn attribute(&self, property: DeviceProperty) -> Attribute<'_> {
        match property {
            DeviceProperty::ObjectId => self.id.as_str().into(),
            DeviceProperty::DeviceId => self.device_id.as_str().into(),
            DeviceProperty::DisplayName => self.display_name.as_str().into(),
            DeviceProperty::AccountEnabled => self.enabled.into(),
            DeviceProperty::DeviceTrustType => self.trust_type.into(),
            DeviceProperty::DevicePhysicalIds => TextList::from(self.physical_ids.as_slice()).into(),
            DeviceProperty::DeviceOsType if !self.others.contains_key("operatingSystem") => "Windows".into(),
            _ => self.others.attribute(property),
        }
    }
}

/// A user.
#[derive(Clone)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) body: Body,
    /// Whether Intune may manage what the user enrolls.
    pub(super) licensed: bool,
    pub(super) groups: Vec<Arc<str>>,
    visible_at: Timestamp,
}

impl User {
    pub(super) fn upn(&self) -> &str {
        self.body.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is_visible(&self, now: Timestamp) -> bool {
        self.visible_at <= now
    }
}

impl Keyed for User {
    const INDEXED: &'static [&'static str] = &["userPrincipalName"];

    fn id(&self) -> &str {
        &self.id
    }

    fn key(&self, _property: &str) -> Option<&str> {
        Some(self.upn())
    }
}

impl Row for User {
    fn value(&self, property: &str) -> Value {
        match property {
            "id" => self.id.clone().into(),
            _ => self.body.get(property).cloned().unwrap_or_default(),
        }
    }

    fn text(&self, property: &str) -> Option<&str> {
        self.body.get(property).and_then(Value::as_str)
    }

    fn type_name(&self) -> &str {
        "user"
    }
}

impl Directory {
    /// The kind of the object with this id.
    pub(super) fn kind(&self, id: &str) -> Option<Kind> {
        if self.devices.get(id).is_some() {
            Some(Kind::Device)
        } else if self.users.get(id).is_some() {
            Some(Kind::User)
        } else {
            self.groups.get(id).map(|_| Kind::Group)
        }
    }

    /// A user by id or by user principal name.
    pub(super) fn user(&self, key: &str) -> Option<&User> {
        self.users.get(key).or_else(|| self.users.find("userPrincipalName", key).next().map(|(_, user)| user))
    }
}

impl State {
    /// Adds a group. `rule` must be the one that stands in the body.
    pub(super) fn insert_group(&mut self, mut body: Body, rule: Option<MembershipRule>) -> String {
        let id = self.guid();
        let lag = self.options.lag.directory;
        body.insert("id".to_owned(), id.clone().into());
        body.insert("createdDateTime".to_owned(), date(Some(self.now)));
        body.insert("securityIdentifier".to_owned(), security_identifier(&id).into());
        let dynamic = rule.is_some();
        self.directory.groups.insert(Group {
            id: id.clone(),
            body,
            rule,
            members: BTreeMap::new(),
            places: HashMap::new(),
            next_place: 1,
            member_log: BTreeMap::new(),
            logged: HashMap::new(),
            visible_at: later(self.now, lag),
            before: None,
        });
        self.directory.changes.note(Kind::Group, &id);
        if dynamic {
            self.plan(self.options.lag.dynamic_group, Due::GroupIsEvaluated(id.clone()));
        }
        id
    }

    /// Changes a group's properties; reads see it after the directory's lag.
    pub(super) fn change_group(
        &mut self,
        id: &str,
        rule: Option<MembershipRule>,
        change: impl FnOnce(&mut Body),
    ) {
        let until = later(self.now, self.options.lag.directory);
        let now = self.now;
        let dynamic = rule.is_some();
        self.directory.groups.update(id, |group| {
            if until > now && group.before.as_ref().is_none_or(|(until, _)| *until <= now) {
                group.before = Some((until, group.body.clone()));
            }
            group.rule = rule;
            change(&mut group.body);
        });
        self.directory.changes.note(Kind::Group, id);
        if dynamic {
            self.plan(self.options.lag.dynamic_group, Due::GroupIsEvaluated(id.to_owned()));
        }
    }

    /// Adds a device.
    pub(super) fn insert_device(
        &mut self,
        display_name: &str,
        trust_type: Option<&'static str>,
        physical_ids: Vec<String>,
        others: Body,
        identity: Option<String>,
    ) -> String {
        let id = self.guid();
        let device_id = self.guid();
        self.directory.devices.insert(Device {
            id: id.clone(),
            device_id,
            display_name: display_name.to_owned(),
            enabled: true,
            trust_type,
            physical_ids,
            others,
            groups: Vec::new(),
            identity,
            created: self.now,
            visible_at: later(self.now, self.options.lag.directory),
        });
        self.device_changed(&id);
        id
    }

    /// Changes a device and has the dynamic groups look at it again.
    pub(super) fn change_device<R>(&mut self, id: &str, change: impl FnOnce(&mut Device) -> R) -> Option<R> {
        let result = self.directory.devices.update(id, change)?;
        self.device_changed(id);
        Some(result)
    }

    fn device_changed(&mut self, id: &str) {
        self.directory.changes.note(Kind::Device, id);
        if self.directory.groups.iter().any(|group| group.rule.is_some()) {
            self.plan(self.options.lag.dynamic_group, Due::DeviceIsEvaluated(id.to_owned()));
        }
    }

    /// Adds a user.
    pub(super) fn add_user(&mut self, upn: &str, licensed: bool) -> String {
        let id = self.guid();
        let name = upn.split('@').next().unwrap_or_default();
        let words = name.split(['.', '_', '-']).filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(capitalized).collect();
        let (given, family) = (words.first().cloned(), words.get(1).cloned());
        let user = body([
            ("id", id.clone().into()),
            ("deletedDateTime", Value::Null),
            ("accountEnabled", true.into()),
            ("businessPhones", json!([])),
            ("createdDateTime", date(Some(self.now))),
            ("department", Value::Null),
            ("displayName", words.join(" ").into()),
            ("givenName", given.into()),
            ("jobTitle", Value::Null),
            ("mail", upn.into()),
            ("mobilePhone", Value::Null),
            ("officeLocation", Value::Null),
            ("onPremisesDistinguishedName", Value::Null),
            ("onPremisesDomainName", Value::Null),
            ("onPremisesImmutableId", Value::Null),
            ("onPremisesSamAccountName", Value::Null),
            ("onPremisesSecurityIdentifier", Value::Null),
            ("onPremisesSyncEnabled", Value::Null),
            ("onPremisesUserPrincipalName", Value::Null),
            ("preferredLanguage", Value::Null),
            ("surname", family.into()),
            ("usageLocation", "GB".into()),
            ("userPrincipalName", upn.into()),
            ("userType", "Member".into()),
            (
                "assignedLicenses",
                match licensed {
                    true => json!([{"disabledPlans": [], "skuId": "05e9a617-0261-4cee-bb44-138d3ef5d965"}]),
                    false => json!([]),
                },
            ),
        ]);
        let visible_at = self.now;
        self.directory.users.insert(User {
            id: id.clone(),
            body: user,
            licensed,
            groups: Vec::new(),
            visible_at,
        });
        self.directory.changes.note(Kind::User, &id);
        id
    }

    /// Makes an object a member of a group. Nothing happens if it is one.
    pub(super) fn join(&mut self, group: &str, member: &str) {
        let Some(kind) = self.directory.kind(member) else { return };
        let changes = &mut self.directory.changes;
        let joined = self.directory.groups.update(group, |group| {
            if group.has(member) {
                return None;
            }
            let id: Arc<str> = member.into();
            group.members.insert(group.next_place, id.clone());
            group.places.insert(id.clone(), group.next_place);
            group.next_place += 1;
            let number = changes.note(Kind::Group, &group.id);
            group.log_member(number, id, true);
            Some(Arc::<str>::from(group.id.as_str()))
        });
        let Some(Some(group)) = joined else { return };
        match kind {
            Kind::Device => {
                let identity = self.directory.devices.update(member, |device| {
                    device.groups.push(group);
                    device.identity.clone()
                });
                if let Some(Some(identity)) = identity {
                    self.retarget(&identity);
                }
            }
            Kind::User => {
                self.directory.users.update(member, |user| user.groups.push(group));
            }
            Kind::Group => {}
        }
    }

    /// Takes a member out of a group.
    pub(super) fn leave(&mut self, group: &str, member: &str) {
        let changes = &mut self.directory.changes;
        let left = self.directory.groups.update(group, |group| {
            let place = group.places.remove(member)?;
            let id = group.members.remove(&place)?;
            let number = changes.note(Kind::Group, &group.id);
            group.log_member(number, id, false);
            Some(())
        });
        if left.flatten().is_none() {
            return;
        }
        self.directory.users.update(member, |user| user.groups.retain(|of| !of.eq_ignore_ascii_case(group)));
        let identity = self.directory.devices.update(member, |device| {
            device.groups.retain(|of| !of.eq_ignore_ascii_case(group));
            device.identity.clone()
        });
        if let Some(Some(identity)) = identity {
            self.retarget(&identity);
        }
    }

    /// Puts a device into the dynamic groups whose rule it fits, and out of the others.
    pub(super) fn evaluate_device(&mut self, id: &str) {
        let Some(device) = self.directory.devices.get(id) else { return };
        let mut moves = Vec::new();
        for group in self.directory.groups.iter() {
            if let Some(rule) = &group.rule {
                let fits = rule.matches(device);
                if fits != group.has(id) {
                    moves.push((group.id.clone(), fits));
                }
            }
        }
        for (group, fits) in moves {
            if fits { self.join(&group, id) } else { self.leave(&group, id) }
        }
    }

    /// Evaluates all devices for one dynamic group.
    pub(super) fn evaluate_group(&mut self, id: &str) {
        let Some(group) = self.directory.groups.get(id) else { return };
        let Some(rule) = &group.rule else { return };
        let fitting: Vec<String> = self
            .directory
            .devices
            .iter()
            .filter(|device| rule.matches(*device))
            .map(|device| device.id.clone())
            .collect();
        let wanted: HashSet<&str> = fitting.iter().map(String::as_str).collect();
        let leaving: Vec<String> = group
            .members_after(0)
            .filter(|(_, member)| !wanted.contains(member))
            .map(|(_, m)| m.to_owned())
            .collect();
        for member in &leaving {
            self.leave(id, member);
        }
        for member in &fitting {
            self.join(id, member);
        }
    }

    /// Removes a group; assignments to it stay behind for a week.
    pub(super) fn remove_group(&mut self, id: &str) {
        let Some(group) = self.directory.groups.get(id) else { return };
        let members: Vec<String> = group.members_after(0).map(|(_, member)| member.to_owned()).collect();
        for member in members {
            self.leave(id, &member);
        }
        self.leave_all_groups(id);
        self.directory.groups.remove(id);
        self.directory.changes.note(Kind::Group, id);
        // Nothing can be assigned to a group that is gone.
        if self.is_assigned_to(id) {
            self.plan(super::resource::assignment::ORPHANS_STAY, Due::OrphansGo(id.to_owned()));
        }
    }

    /// Removes a device.
    pub(super) fn remove_device(&mut self, id: &str) {
        self.leave_all_groups(id);
        let Some(device) = self.directory.devices.remove(id) else { return };
        self.directory.changes.note(Kind::Device, id);
        if let Some(identity) = device.identity {
            self.retarget(&identity);
        }
    }

    fn leave_all_groups(&mut self, member: &str) {
        let of: Vec<String> = self
            .directory
            .groups
            .iter()
            .filter(|group| group.has(member))
            .map(|group| group.id.clone())
            .collect();
        for group in of {
            self.leave(&group, member);
        }
    }
}

/// A security identifier made of an object id, as the service makes it.
fn security_identifier(id: &str) -> String {
    let hex: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let bits = u128::from_str_radix(&hex, 16).unwrap_or_default();
    let parts = bits.to_be_bytes();
    let numbers =
        parts.chunks(4).map(|part| part.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte)).to_string());
    format!("S-1-12-1-{}", numbers.collect::<Vec<_>>().join("-"))
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
