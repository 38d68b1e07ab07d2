//! Decides the profile, page and configurations that a device gets, as the service does.

use std::collections::HashSet;

use super::domain_join::DOMAIN_JOIN;
use super::esp;
use super::filter_rule;
use crate::sim::rows::{Assignment, Entity, Identity, Target, User};
use crate::sim::state::State;

/// The Windows version for filters.
const OS_VERSION: &str = "10.0.26100.4061";

/// The ids of the objects that a device gets once the tenant has settled.
///
/// Returned by [`Tenant::effective_objects`](super::super::Tenant::effective_objects).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EffectiveObjects {
    /// The deployment profile.
    pub profile: Option<String>,
    /// The enrollment status page; `None` for the default page.
    pub page: Option<String>,
    /// The domain join profiles. A device with more than one cannot join.
    pub domain_joins: Vec<String>,
}

/// The kind of match between assignments and a device or user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    ByGroup,
    AllDevices,
    AllUsers,
    Not,
}

/// A device or a user as the target of assignments.
pub(crate) struct Audience<'s> {
    state: &'s State,
    groups: HashSet<String>,
    manufacturer: &'s str,
    model: &'s str,
    /// Whether this is a user, who does not belong to all devices.
    is_user: bool,
    /// The profile name with which the device enrolled.
    profile_name: String,
}

impl<'s> Audience<'s> {
    /// Creates the audience of a device with its current groups.
    pub(crate) fn of_device(state: &'s State, identity: &'s Identity) -> Self {
        let anchor = state.directory.devices.get(&identity.anchor);
        let direct = anchor.into_iter().flat_map(|device| &device.groups).map(|group| group.to_lowercase());
        Self::new(state, identity, direct.collect())
    }

    /// Creates the audience of a device after all rules are evaluated.
    fn of_settled_device(state: &'s State, identity: &'s Identity) -> Self {
        let mut direct = HashSet::new();
        if let Some(anchor) = state.directory.devices.get(&identity.anchor) {
            for group in state.directory.groups.iter() {
                let is_in = match &group.rule {
                    Some(rule) => rule.matches(anchor),
                    None => group.has(&anchor.id),
                };
                if is_in {
                    direct.insert(group.id.to_lowercase());
                }
            }
        }
        Self::new(state, identity, direct)
    }

    fn new(state: &'s State, identity: &'s Identity, direct: HashSet<String>) -> Self {
        Self {
            state,
            groups: with_groups_around(state, direct),
            manufacturer: &identity.manufacturer,
            model: &identity.model,
            is_user: false,
            profile_name: String::new(),
        }
    }

    /// Creates the audience of the device's user.
    fn of_user(&self, user: &User) -> Self {
        let direct = user.groups.iter().map(|group| group.to_lowercase()).collect();
        Self {
            groups: with_groups_around(self.state, direct),
            is_user: true,
            profile_name: self.profile_name.clone(),
            ..*self
        }
    }

    /// Sets the profile with which the device enrolled.
    pub(crate) fn enrolled_with(mut self, profile: Option<&Entity>) -> Self {
        self.profile_name = profile.map(|profile| profile.text("displayName").to_owned()).unwrap_or_default();
        self
    }

    fn reach(&self, assignments: &[Assignment]) -> Reach {
        let mut reach = Reach::Not;
        for assignment in assignments.iter().filter(|assignment| self.passes(assignment)) {
            let is_in = |group: &str| self.groups.contains(&group.to_lowercase());
            match &assignment.wish.target {
                Target::ExcludedGroup(group) if is_in(group) => return Reach::Not,
                Target::Group(group) if is_in(group) => reach = Reach::ByGroup,
                Target::AllDevices if reach == Reach::Not && !self.is_user => reach = Reach::AllDevices,
                Target::AllUsers if reach == Reach::Not && self.is_user => reach = Reach::AllUsers,
                _ => {}
            }
        }
        reach
    }

    /// Returns `true` if the filter of an assignment accepts the device.
    fn passes(&self, assignment: &Assignment) -> bool {
        let Some((id, way)) = &assignment.wish.filter else { return true };
        let Some(filter) = self.state.filters.get(id) else { return false };
        let matches = filter_rule::matches(filter.text("rule"), |property| match property {
            "manufacturer" => self.manufacturer.to_owned(),
            "model" => self.model.to_owned(),
            "enrollmentprofilename" => self.profile_name.clone(),
            "osversion" | "operatingsystemversion" => OS_VERSION.to_owned(),
            "deviceownership" => "Corporate".to_owned(),
            _ => String::new(),
        });
        matches != way.eq_ignore_ascii_case("exclude")
    }

    /// Returns `true` if an object is assigned to the device itself.
    pub(crate) fn has(&self, object: &Entity) -> bool {
        matches!(self.reach(&object.assignments), Reach::ByGroup | Reach::AllDevices)
    }

    /// Returns the deployment profile: the oldest assigned to a group of the device, or else one for all devices.
    pub(crate) fn profile(&self) -> Option<&'s Entity> {
        let mut for_all = None;
        for profile in self.state.profiles.iter() {
            match self.reach(&profile.assignments) {
                Reach::ByGroup => return Some(profile),
                Reach::AllDevices => for_all = for_all.or(Some(profile)),
                Reach::AllUsers | Reach::Not => {}
            }
        }
        for_all
    }

    /// Returns the domain join configurations.
    pub(crate) fn domain_joins(&self) -> impl Iterator<Item = &'s Entity> {
        self.state.configurations.iter().filter(|of| of.type_name == DOMAIN_JOIN && self.has(of))
    }

    /// Returns the status page: by the device first, then by its user; `None` for the default page.
    pub(crate) fn page(&self, user: Option<&User>) -> Option<&'s Entity> {
        let mut pages: Vec<&Entity> = esp::pages(self.state).collect();
        pages.sort_by_key(|of| of.number("priority"));
        let by_device = pages.iter().find(|of| self.has(of)).copied();
        by_device.or_else(|| {
            let user = self.of_user(user?);
            let reaches =
                |of: &&&Entity| matches!(user.reach(&of.assignments), Reach::ByGroup | Reach::AllUsers);
            pages.iter().find(reaches).copied()
        })
    }
}

/// Returns groups with all groups that contain them.
fn with_groups_around(state: &State, mut groups: HashSet<String>) -> HashSet<String> {
    let mut open: Vec<String> = groups.iter().cloned().collect();
    while let Some(group) = open.pop() {
        for around in state.directory.groups_around.get(&group).into_iter().flatten() {
            if groups.insert(around.clone()) {
                open.push(around.clone());
            }
        }
    }
    groups
}

/// Returns the objects that a device gets once the tenant has settled. `user` is the person who sets it up.
pub(crate) fn settled(state: &State, identity: &Identity, user: Option<&User>) -> EffectiveObjects {
    let audience = Audience::of_settled_device(state, identity);
    let direct = identity.direct_profile.as_deref().and_then(|id| state.profiles.get(id));
    let profile = direct.or_else(|| audience.profile());
    let audience = audience.enrolled_with(profile);
    let id = |of: &Entity| of.id.clone();
    EffectiveObjects {
        profile: profile.map(id),
        page: audience.page(user).map(id),
        domain_joins: audience.domain_joins().map(id).collect(),
    }
}
