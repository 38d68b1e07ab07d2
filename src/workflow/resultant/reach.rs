//! The reach of one object's assignments to one device: yes, no, or not known.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::filter_rule::FilterRule;
use super::input::{AssignedObject, DeviceView, GroupView, ResultantInput};
use super::outcome::{Contender, Loser, LostBy};
use crate::model::rule::{Attribute, DeviceAttributes, DeviceProperty, MembershipRule};
use crate::model::{
    Assignment, AssignmentFilterType, AssignmentIntent, DirectoryDevice, Finding, FindingKind, Group, Id,
    Lookup, Target, TargetFilter, TargetKind,
};
use crate::workflow::findings::*;

/// A three-valued answer, with reasons if it is unknown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tri {
    Yes {
        /// Whether a rule determines the members, ahead of the member list.
        by_rule: bool,
    },
    No,
    Unknown(Vec<Finding>),
}

const YES: Tri = Tri::Yes { by_rule: false };

impl Tri {
    fn unknown(reason: Finding) -> Self {
        Self::Unknown(vec![reason])
    }

    /// Returns `Yes` only if both are.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown(mut one), Self::Unknown(other)) => {
                one.extend(other);
                Self::Unknown(one)
            }
            (Self::Unknown(reasons), _) | (_, Self::Unknown(reasons)) => Self::Unknown(reasons),
            (Self::Yes { by_rule: one }, Self::Yes { by_rule: other }) => Self::Yes { by_rule: one || other },
        }
    }
}

/// Returns the remedy for a read that a permission would allow.
pub(super) fn permission_remedy(permission: &str) -> String {
    format!("grant {permission}, and read again")
}

/// Groups and filters by their lower-case ids.
pub(super) struct Index<'a> {
    groups: HashMap<String, &'a Lookup<GroupView>>,
    /// The filters' rules; a filter whose rule is not understood maps to the problem.
    filters: Lookup<HashMap<String, Result<FilterRule, String>>>,
    filter_names: HashMap<String, &'a str>,
}

impl<'a> Index<'a> {
    pub(super) fn new(input: &'a ResultantInput) -> Self {
        let groups = input.groups.iter().map(|(id, view)| (id.as_str().to_lowercase(), view)).collect();
        let filters = input.filters.as_ref().map(|filters| {
            let rules = filters.iter().map(|filter| {
                let rule = FilterRule::parse(filter.rule.as_deref().unwrap_or_default());
                (filter.id.as_str().to_lowercase(), rule)
            });
            rules.collect()
        });
        let named =
            input.filters.present().into_iter().flatten().filter_map(|filter| {
                Some((filter.id.as_str().to_lowercase(), filter.display_name.as_deref()?))
            });
        Self { groups, filters, filter_names: named.collect() }
    }

    pub(super) fn prepare(&self, objects: &'a [AssignedObject]) -> Vec<Prepared<'a>> {
        let prepared = objects.iter().map(|object| Prepared {
            object,
            targets: object.assignments.as_ref().map(|assignments| targets(assignments)),
            has_unknown_target: object.assignments.present().is_some_and(|assignments| {
                applied(assignments).any(|assignment| {
                    assignment
                        .target
                        .as_ref()
                        .is_none_or(|target| matches!(target.kind, TargetKind::Unknown(_)))
                })
            }),
        });
        prepared.collect()
    }

    fn group(&self, key: &str) -> Option<&'a Lookup<GroupView>> {
        self.groups.get(key).copied()
    }

    fn group_label(&self, id: &str) -> String {
        let view = self.group(&id.to_lowercase()).and_then(|view| view.present());
        let name = view.and_then(|view| view.display_name.as_deref());
        format!("group {}", name.unwrap_or(id))
    }

    /// Formats a target.
    pub(super) fn label(&self, target: Option<&Target>) -> String {
        let Some(target) = target else { return "assignments that are not known".to_owned() };
        let audience = match &target.kind {
            TargetKind::AllDevices => "all devices".to_owned(),
            TargetKind::AllLicensedUsers => "all users".to_owned(),
            TargetKind::Group(id) => self.group_label(id.as_str()),
            TargetKind::ExclusionGroup(id) => format!("all but {}", self.group_label(id.as_str())),
            TargetKind::ConfigurationManagerCollection(id) => format!("collection {id}"),
            TargetKind::Unknown(_) => "an audience of an unknown kind".to_owned(),
        };
        match &target.filter {
            Some(filter) if filter.filter_type != AssignmentFilterType::None => {
                let id = filter.id.as_str();
                let name = self.filter_names.get(&id.to_lowercase()).copied().unwrap_or(id);
                let way =
                    if filter.filter_type == AssignmentFilterType::Exclude { "without" } else { "with" };
                format!("{audience} {way} filter {name}")
            }
            _ => audience,
        }
    }
}

/// An assignment's target, with the lower-case id of its group.
struct KeyedTarget<'a> {
    target: &'a Target,
    key: String,
}

/// Returns the assignments that apply their object.
fn applied(assignments: &[Assignment]) -> impl Iterator<Item = &Assignment> {
    assignments.iter().filter(|assignment| assignment.intent != Some(AssignmentIntent::Remove))
}

fn targets(assignments: &[Assignment]) -> Vec<KeyedTarget<'_>> {
    let keyed = applied(assignments).filter_map(|assignment| {
        let target = assignment.target.as_ref()?;
        let key = target.group_id().map(|id| id.as_str().to_lowercase()).unwrap_or_default();
        Some(KeyedTarget { target, key })
    });
    keyed.collect()
}

/// An object with its targets.
pub(super) struct Prepared<'a> {
    pub(super) object: &'a AssignedObject,
    targets: Lookup<Vec<KeyedTarget<'a>>>,
    /// Whether an assignment has no target or an unknown one, which may include or exclude any device.
    has_unknown_target: bool,
}

/// The ways in which an object reaches a device, each with its target.
pub(super) struct ObjectReach<'a> {
    /// By a group of the device.
    pub(super) group: (Tri, Option<&'a Target>),
    /// By an assignment to all devices.
    pub(super) all: (Tri, Option<&'a Target>),
    /// By the user.
    pub(super) user: (Tri, Option<&'a Target>),
    /// An exclusion or a filter that keeps the object from the device.
    pub(super) out: Option<Loser>,
}

impl<'a> Prepared<'a> {
    pub(super) fn contender(
        &self,
        target: Option<&Target>,
        target_label: String,
        by_rule: bool,
    ) -> Contender {
        Contender {
            id: self.object.id.clone(),
            display_name: self.object.display_name.clone(),
            kind: self.object.kind,
            target: target.cloned(),
            target_label,
            by_rule,
            priority: self.object.priority,
            created_date_time: self.object.created_date_time,
        }
    }

    pub(super) fn reach(&self, audience: &Audience<'_>) -> ObjectReach<'a> {
        let nothing = || (Tri::No, None);
        let not_known = |kind: &FindingKind, evidence: &str| {
            let finding = kind.at(&self.object.display_name, evidence);
            let doubt = || (Tri::unknown(finding.clone()), None);
            ObjectReach { group: doubt(), all: doubt(), user: nothing(), out: None }
        };
        if self.has_unknown_target {
            let evidence =
                "is assigned to an audience that the service does not name or this version does not know";
            return not_known(&RESULTANT_TARGET_NOT_KNOWN, evidence);
        }
        let targets = match &self.targets {
            Lookup::Unknown => return not_known(&RESULTANT_NOT_READ, "its assignments could not be read"),
            Lookup::Absent => {
                return ObjectReach { group: nothing(), all: nothing(), user: nothing(), out: None };
            }
            Lookup::Present(targets) => targets,
        };
        let mut device = Narrowing::default();
        let mut user = Narrowing::default();
        let mut all = Way::default();
        let mut group = Way::default();
        let mut for_user = Way::default();
        for keyed in targets {
            let target = keyed.target;
            match &target.kind {
                TargetKind::AllDevices => {
                    let (tri, filtered) = audience.filtered(YES, target);
                    device.filtered(filtered, target);
                    all.add(tri, target);
                }
                TargetKind::Group(_) => {
                    let (tri, filtered) = audience.filtered(audience.has_device(&keyed.key), target);
                    device.filtered(filtered, target);
                    group.add(tri, target);
                    let (tri, _) = audience.filtered(audience.has_user(&keyed.key), target);
                    for_user.add(tri, target);
                }
                TargetKind::AllLicensedUsers => {
                    let tri = if audience.device.user.is_absent() { Tri::No } else { YES };
                    let (tri, _) = audience.filtered(tri, target);
                    for_user.add(tri, target);
                }
                TargetKind::ExclusionGroup(id) => {
                    let (tri, _) = audience.filtered(audience.has_device(&keyed.key), target);
                    device.exclude(tri, id);
                    let (tri, _) = audience.filtered(audience.has_user(&keyed.key), target);
                    user.exclude(tri, id);
                }
                // A device that is not enrolled is in no collection.
                TargetKind::ConfigurationManagerCollection(_) => {}
                // The whole reach is not known then, and was returned above.
                TargetKind::Unknown(_) => {}
            }
        }
        let out = device.out(&group, &all).map(|(by, target)| {
            let contender = self.contender(Some(target), audience.index.label(Some(target)), false);
            Loser { contender, by }
        });
        ObjectReach { group: device.narrow(group), all: device.narrow(all), user: user.narrow(for_user), out }
    }
}

/// The strongest of several targets of one way.
struct Way<'a> {
    tri: Tri,
    target: Option<&'a Target>,
}

impl Default for Way<'_> {
    fn default() -> Self {
        Self { tri: Tri::No, target: None }
    }
}

impl<'a> Way<'a> {
    fn add(&mut self, tri: Tri, target: &'a Target) {
        let is_stronger = match (&self.tri, &tri) {
            (_, Tri::No) | (Tri::Yes { by_rule: false }, _) | (Tri::Yes { .. }, Tri::Unknown(_)) => false,
            (Tri::No | Tri::Yes { .. } | Tri::Unknown(_), _) => true,
        };
        match (&mut self.tri, tri) {
            // Each of several doubts has to be settled.
            (Tri::Unknown(reasons), Tri::Unknown(more)) => reasons.extend(more),
            (held, tri) if is_stronger => {
                *held = tri;
                self.target = Some(target);
            }
            _ => {}
        }
    }
}

/// The exclusions and filters that narrow the reach of an object.
#[derive(Default)]
struct Narrowing<'a> {
    excluded: Option<(Tri, &'a Id<Group>)>,
    filtered: Option<(&'a TargetFilter, &'a Target)>,
}

impl<'a> Narrowing<'a> {
    fn exclude(&mut self, tri: Tri, id: &'a Id<Group>) {
        let is_stronger = matches!(
            (&self.excluded, &tri),
            (None, Tri::Yes { .. } | Tri::Unknown(_)) | (Some((Tri::Unknown(_), _)), Tri::Yes { .. })
        );
        if is_stronger {
            self.excluded = Some((tri, id));
        }
    }

    fn filtered(&mut self, filter: Option<&'a TargetFilter>, target: &'a Target) {
        self.filtered = self.filtered.or(filter.map(|filter| (filter, target)));
    }

    /// Applies exclusions to a way.
    fn narrow(&self, way: Way<'a>) -> (Tri, Option<&'a Target>) {
        let allowed = match &self.excluded {
            None | Some((Tri::No, _)) => YES,
            Some((Tri::Yes { .. }, _)) => Tri::No,
            Some((Tri::Unknown(reasons), _)) => Tri::Unknown(reasons.clone()),
        };
        (way.tri.and(allowed), way.target)
    }

    /// Returns the reason why the object does not reach the device although a target would.
    fn out(&self, group: &Way<'a>, all: &Way<'a>) -> Option<(LostBy, &'a Target)> {
        let reached = [group, all].into_iter().find(|way| matches!(way.tri, Tri::Yes { .. }));
        match (&self.excluded, reached) {
            (Some((Tri::Yes { .. }, id)), Some(way)) => Some((LostBy::Excluded((*id).clone()), way.target?)),
            (_, None) => {
                let is_open = [group, all].into_iter().any(|way| matches!(way.tri, Tri::Unknown(_)));
                let (filter, target) = self.filtered.filter(|_| !is_open)?;
                Some((LostBy::FilteredOut(filter.id.clone()), target))
            }
            _ => None,
        }
    }
}

/// A device as the targets of assignments see it.
pub(super) struct Audience<'a> {
    pub(super) index: &'a Index<'a>,
    device: &'a DeviceView,
    anchor_key: Option<String>,
    user_key: Option<String>,
    /// The memberships determined so far.
    memberships: RefCell<HashMap<String, Tri>>,
    /// The name of the profile with which the device enrolls.
    pub(super) profile_name: Lookup<String>,
}

impl<'a> Audience<'a> {
    pub(super) fn new(index: &'a Index<'a>, device: &'a DeviceView) -> Self {
        let anchor_key = device.anchor.present().map(|anchor| anchor.id.as_str().to_lowercase());
        let user_key = device.user.present().map(|id| id.as_str().to_lowercase());
        Self {
            index,
            device,
            anchor_key,
            user_key,
            memberships: RefCell::default(),
            profile_name: Lookup::Unknown,
        }
    }

    /// Returns whether the device is a member of a group, or will be by its rule.
    fn has_device(&self, key: &str) -> Tri {
        if let Some(known) = self.memberships.borrow().get(key) {
            return known.clone();
        }
        let tri = self.find_device(key, 0);
        self.memberships.borrow_mut().insert(key.to_owned(), tri.clone());
        tri
    }

    fn find_device(&self, key: &str, depth: usize) -> Tri {
        let view = match self.view(key) {
            Ok(view) => view,
            Err(tri) => return tri,
        };
        let (anchor, anchor_key) = match (&self.device.anchor, &self.anchor_key) {
            (Lookup::Present(anchor), Some(key)) => (anchor, key),
            // No object, no group.
            (Lookup::Absent, _) => return Tri::No,
            _ => {
                let remedy = permission_remedy("Device.Read.All");
                let finding = RESULTANT_DEVICE_NOT_READ
                    .at("object in Entra ID", "could not be read")
                    .with_remedy(remedy);
                return Tri::unknown(finding);
            }
        };
        let is_listed = view.members.present().is_some_and(|members| members.devices.contains(anchor_key));
        if is_listed && !self.device.has_changed {
            return YES;
        }
        let mut doubts = Vec::new();
        match &view.rule {
            Lookup::Present(rule) => match rule_fits(rule, anchor, self.device.is_predicted) {
                Some(true) => return Tri::Yes { by_rule: !is_listed },
                // Only the rule decides: a dynamic group has no other members.
                Some(false) => return Tri::No,
                None => doubts.push(self.rule_not_evaluated(key, rule)),
            },
            // Somebody has put it in, or into a group in between, perhaps by that one's rule.
            Lookup::Absent if is_listed => return YES,
            Lookup::Unknown => doubts.push(self.group_not_read(key, "its rule could not be read")),
            Lookup::Absent => {}
        }
        match &view.members {
            Lookup::Unknown => doubts.push(self.group_not_read(key, "its members could not be read")),
            Lookup::Absent => {}
            // A list of members at any depth: only rules of groups in between can add to it.
            Lookup::Present(members) if depth == 0 => {
                for group in &members.groups {
                    match self.find_device(&group.as_str().to_lowercase(), 1) {
                        Tri::Yes { .. } => return Tri::Yes { by_rule: true },
                        Tri::No => {}
                        Tri::Unknown(reasons) => doubts.extend(reasons),
                    }
                }
            }
            Lookup::Present(_) => {}
        }
        if doubts.is_empty() { Tri::No } else { Tri::Unknown(doubts) }
    }

    /// Returns whether a group contains the user of the device.
    fn has_user(&self, key: &str) -> Tri {
        if self.device.user.is_absent() {
            return Tri::No;
        }
        let view = match self.view(key) {
            Ok(view) => view,
            Err(tri) => return tri,
        };
        let may_have_users = |rule: &MembershipRule| rule.as_str().to_ascii_lowercase().contains("user.");
        let by_rule = view.rule.present().is_some_and(may_have_users);
        match (&view.members, &self.user_key) {
            (Lookup::Unknown, _) if view.rule.present().is_some() && !by_rule => Tri::No,
            (Lookup::Unknown, _) => Tri::unknown(self.group_not_read(key, "its members could not be read")),
            (Lookup::Present(members), Some(user)) if members.users.contains(user) => YES,
            (Lookup::Present(members), None) if !members.users.is_empty() || by_rule => {
                let evidence = "it is not known who sets the device up";
                Tri::unknown(RESULTANT_USER_NOT_KNOWN.at(self.index.group_label(key), evidence))
            }
            _ if by_rule => Tri::unknown(
                RESULTANT_RULE_NOT_EVALUATED
                    .at(self.index.group_label(key), "its rule over users cannot be evaluated here"),
            ),
            _ => Tri::No,
        }
    }

    fn view(&self, key: &str) -> Result<&'a GroupView, Tri> {
        match self.index.group(key) {
            Some(Lookup::Present(view)) => Ok(view),
            // A deleted group has no members.
            Some(Lookup::Absent) => Err(Tri::No),
            Some(Lookup::Unknown) | None => Err(Tri::unknown(self.group_not_read(key, "could not be read"))),
        }
    }

    fn group_not_read(&self, key: &str, evidence: &str) -> Finding {
        let remedy = permission_remedy("GroupMember.Read.All");
        RESULTANT_GROUP_NOT_READ.at(self.index.group_label(key), evidence).with_remedy(remedy)
    }

    fn rule_not_evaluated(&self, key: &str, rule: &MembershipRule) -> Finding {
        let evidence = match rule.violation() {
            Some(problem) => format!("its rule cannot be evaluated here: {}", problem.problem()),
            None => "its rule compares properties of the device that are not known".to_owned(),
        };
        RESULTANT_RULE_NOT_EVALUATED.at(self.index.group_label(key), evidence)
    }

    /// Narrows an answer by the filter of a target. Also returns the filter if it excludes the device.
    fn filtered<'t>(&self, tri: Tri, target: &'t Target) -> (Tri, Option<&'t TargetFilter>) {
        let Some(filter) = target.filter.as_ref().filter(|_| tri != Tri::No) else { return (tri, None) };
        let passes = self.passes(filter);
        let is_out = passes == Tri::No && matches!(tri, Tri::Yes { .. });
        (tri.and(passes), is_out.then_some(filter))
    }

    fn passes(&self, filter: &TargetFilter) -> Tri {
        let id = filter.id.as_str();
        let doubt = |evidence: String| {
            let key = id.to_lowercase();
            let name = self.index.filter_names.get(&key).copied().unwrap_or(id);
            RESULTANT_FILTER_NOT_KNOWN.at(format!("filter {name}"), evidence)
        };
        let takes_in = match filter.filter_type {
            AssignmentFilterType::None => return YES,
            AssignmentFilterType::Include => true,
            AssignmentFilterType::Exclude => false,
            _ => {
                return Tri::unknown(doubt(
                    "is used in a way that this version does not recognize".to_owned(),
                ));
            }
        };
        let rules = match &self.index.filters {
            Lookup::Present(rules) => rules,
            Lookup::Absent | Lookup::Unknown => {
                let remedy = permission_remedy("DeviceManagementConfiguration.Read.All");
                return Tri::unknown(doubt("could not be read".to_owned()).with_remedy(remedy));
            }
        };
        let rule = match rules.get(&id.to_lowercase()) {
            Some(Ok(rule)) => rule,
            Some(Err(problem)) => return Tri::unknown(doubt(format!("cannot be evaluated here: {problem}"))),
            None => return Tri::unknown(doubt("is not among the tenant's filters".to_owned())),
        };
        let value_of = |property: &str| match property {
            "manufacturer" => self.device.manufacturer.as_ref().map(|text| text.as_str()),
            "model" => self.device.model.as_ref().map(|text| text.as_str()),
            "enrollmentprofilename" => self.profile_name.as_ref().map(String::as_str),
            _ => Lookup::Unknown,
        };
        match rule.matches(&value_of) {
            Some(matches) if matches == takes_in => YES,
            Some(_) => Tri::No,
            None => {
                let mut names = Vec::new();
                rule.properties(&mut |property| {
                    if !value_of(property).is_known() && !names.contains(&property.to_owned()) {
                        names.push(property.to_owned());
                    }
                });
                let finding = doubt(format!("depends on {}, which is not known yet", names.join(", ")));
                let is_known_later =
                    names.iter().all(|name| ["manufacturer", "model"].contains(&name.as_str()));
                Tri::unknown(match is_known_later {
                    true => finding.with_remedy("check again when the device is registered"),
                    false => finding,
                })
            }
        }
    }
}

/// Returns whether a rule matches a device; `None` if the rule cannot be evaluated.
pub(in crate::workflow) fn rule_fits(
    rule: &MembershipRule,
    anchor: &DirectoryDevice,
    is_predicted: bool,
) -> Option<bool> {
    if rule.violation().is_some() {
        // A rule over users has no device as a member.
        let is_over_users = rule.as_str().to_ascii_lowercase().contains("user.");
        return is_over_users.then_some(false);
    }
    let view = Known { anchor, is_predicted, asked_unknown: Cell::new(false) };
    rule.evaluate(&view).filter(|_| !view.asked_unknown.get())
}

/// A device's attributes, with a flag for reads of unknown ones.
struct Known<'a> {
    anchor: &'a DirectoryDevice,
    is_predicted: bool,
    asked_unknown: Cell<bool>,
}

impl DeviceAttributes for Known<'_> {
    fn attribute(&self, property: DeviceProperty) -> Attribute<'_> {
        let is_known = match property {
            // Not read with a device.
            DeviceProperty::IsRooted | DeviceProperty::MemberOf => false,
            DeviceProperty::DevicePhysicalIds | DeviceProperty::OrganizationalUnit => true,
            _ => !self.is_predicted,
        };
        if !is_known {
            self.asked_unknown.set(true);
        }
        self.anchor.attribute(property)
    }
}
