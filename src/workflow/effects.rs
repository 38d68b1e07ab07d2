//! The resultant set for a deployment's devices after its plan is applied, and the findings about it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::findings::*;
use super::hybrid_join::{HybridJoin, MemberSelection};
use super::object::Assignable;
use super::prepare::moved;
use super::resultant::{
    AssignedObject, Contender, DeviceView, Effective, GroupMembers, GroupView, LostBy, ObjectKind,
    ResultantGroup, ResultantInput, resultant,
};
use super::state::TenantState;
use super::targets::{self, PLANNED};
use crate::model::{
    Device, DeviceToImport, DomainJoinProfile, EnrollmentStatusPage, Finding, FindingKind, Group,
    HybridJoinProfile, Id, Lookup, Membership, Settings, Severity, Stored, Target, TargetKind,
};

/// The maximum number of serial numbers in a finding.
const NAMED: usize = 3;

/// Determines what the devices of a deployment get after the plan, and checks that they get the deployment's own
/// objects.
pub(super) fn determine(
    desired: &HybridJoin,
    state: &TenantState,
    devices: &[DeviceToImport],
) -> (Vec<ResultantGroup>, Vec<Finding>) {
    let Some(projection) = Projection::new(desired, state) else { return Default::default() };
    let input = projection.input(devices);
    let mut set = resultant(&input);
    for device in &mut set.devices {
        let parts = [
            (desired.profile.is_some(), &mut device.profile),
            (desired.enrollment_status_page.is_some(), &mut device.page),
            (desired.domain_join.is_some(), &mut device.domain_join),
        ];
        for (is_part, effective) in parts {
            if !is_part {
                *effective = Effective::not_asked();
            }
            effective.contenders_mut().for_each(|contender| {
                contender.created_date_time = contender.created_date_time.filter(|_| contender.id != PLANNED);
            });
        }
    }
    let groups = set.groups();
    let mut findings = Vec::new();
    for group in &groups {
        projection.check(group, &mut findings);
    }
    projection.check_all_devices(&input, &groups, &mut findings);
    (groups, findings)
}

/// The tenant after the plan.
struct Projection<'a> {
    desired: &'a HybridJoin,
    state: &'a TenantState,
    group: Option<Id<Group>>,
    /// The ids of the deployment's own objects.
    profile: String,
    page: String,
    domain_join: String,
}

impl<'a> Projection<'a> {
    /// Creates the projection; `None` if names do not identify the deployment's own objects.
    fn new(desired: &'a HybridJoin, state: &'a TenantState) -> Option<Self> {
        let group = match &desired.group {
            None => None,
            Some(_) => match state.own_groups(desired).as_slice() {
                [] => Some(PLANNED.parse().ok()?),
                [stored] => Some(stored.id.clone()),
                _ => return None,
            },
        };
        Some(Self {
            desired,
            state,
            group,
            profile: own_id(state.identity.own(state.hybrid_profiles(), desired))?,
            page: own_id(state.identity.own(&state.pages, desired))?,
            domain_join: own_id(state.identity.own(&state.domain_joins, desired))?,
        })
    }

    fn input(&self, devices: &[DeviceToImport]) -> ResultantInput {
        let Self { desired, state, .. } = self;
        let held = |id: &str| Lookup::Present(state.assignments.get(id).cloned().unwrap_or_default());
        let mut profiles: Vec<AssignedObject> = state
            .profiles
            .iter()
            .filter_map(|profile| AssignedObject::profile(profile, held(profile.id()?)))
            .collect();
        let mut pages: Vec<AssignedObject> = state
            .pages
            .iter()
            .filter_map(|page| AssignedObject::page(page, held(page.id.as_str())))
            .collect();
        let mut domain_joins: Vec<AssignedObject> = state
            .domain_joins
            .iter()
            .map(|join| AssignedObject::domain_join(join, held(join.id.as_str())))
            .collect();
        self.plan::<HybridJoinProfile>(&self.profile, ObjectKind::HybridJoinProfile, &mut profiles);
        self.plan::<EnrollmentStatusPage>(&self.page, ObjectKind::StatusPage, &mut pages);
        self.plan::<DomainJoinProfile>(&self.domain_join, ObjectKind::DomainJoin, &mut domain_joins);
        let list = |is_read: bool, objects| if is_read { Lookup::Present(objects) } else { Lookup::Unknown };
        ResultantInput {
            devices: self.devices(devices),
            profiles: list(desired.profile.is_some(), profiles),
            pages: list(desired.enrollment_status_page.is_some(), pages),
            domain_joins: list(desired.domain_join.is_some(), domain_joins),
            groups: self.groups(),
            filters: state.filters.clone(),
        }
    }

    /// Inserts the deployment's own object, as it is after the plan, into the objects of the tenant.
    fn plan<S: Assignable>(&self, id: &str, kind: ObjectKind, objects: &mut Vec<AssignedObject>) {
        let Some(name) = S::desired_name(self.desired) else { return };
        if id == PLANNED {
            // A new page comes last, and a new profile is the youngest.
            let last = objects.iter().filter_map(|object| object.priority).max().unwrap_or_default();
            objects.push(AssignedObject {
                id: PLANNED.to_owned(),
                display_name: name.to_owned(),
                kind,
                created_date_time: Some(Timestamp::MAX),
                priority: Some(last.saturating_add(1)),
                assignments: Lookup::Present(Vec::new()),
            });
        }
        // A priority that no page can have is not set.
        let pages = self.state.pages.iter().filter(|page| !page.is_default()).count();
        let pages = pages.saturating_add(usize::from(id == PLANNED));
        if kind == ObjectKind::StatusPage
            && let Some(wanted) = self.desired.page_priority.filter(|wanted| wanted.get() as usize <= pages)
            && let Ok(wanted) = i32::try_from(wanted.get())
        {
            let held = objects.iter().find(|object| object.id == id).and_then(|object| object.priority);
            for object in objects.iter_mut() {
                object.priority = match object.priority {
                    _ if object.id == id => Some(wanted),
                    Some(other) => Some(moved(other, held, wanted)),
                    None => None,
                };
            }
        }
        let Some(own) = objects.iter_mut().find(|object| object.id == id) else { return };
        let held = own.assignments.present().cloned().unwrap_or_default();
        let wanted = targets::wanted::<S>(self.desired, self.state, self.group.as_ref());
        let wanted: Vec<Target> = wanted.into_iter().flatten().map(|wanted| wanted.target).collect();
        let keep_others = !self.desired.remove_other_assignments;
        own.assignments = Lookup::Present(targets::planned(held, &wanted, keep_others));
    }

    /// Returns the groups, with the deployment's own as it is after the plan.
    fn groups(&self) -> HashMap<Id<Group>, Lookup<GroupView>> {
        let mut groups = self.state.group_views.clone();
        let (Some(id), Ok(Some(wish))) = (&self.group, self.desired.group_settings()) else { return groups };
        let members = match groups.get(id) {
            Some(Lookup::Present(view)) => view.members.clone(),
            Some(Lookup::Unknown) => Lookup::Unknown,
            _ => Lookup::Present(GroupMembers::default()),
        };
        let rule = match wish.membership {
            Membership::Dynamic(dynamic) => Lookup::Present(dynamic.rule),
            Membership::Assigned => Lookup::Absent,
        };
        let display_name = Some(wish.display_name.as_str().into());
        groups.insert(id.clone(), Lookup::Present(GroupView { display_name, members, rule }));
        groups
    }

    /// Returns the given devices, or the deployment's own, or one that represents future devices.
    fn devices(&self, given: &[DeviceToImport]) -> Vec<DeviceView> {
        let Self { desired, state, .. } = self;
        let view = |device: &Device| DeviceView::registered(device, state.anchor_of(device));
        let mut views = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut by_serial: HashMap<String, Vec<&Device>> = HashMap::new();
        for device in &state.devices {
            if let Some(serial) = device.serial_number.as_deref() {
                by_serial.entry(serial.to_ascii_lowercase()).or_default().push(device);
            }
        }
        for wish in given {
            let serial = wish.serial_number.as_str();
            let tag = wish.group_tag.as_ref().or(desired.group_tag());
            match by_serial.get(&serial.to_ascii_lowercase()).map(Vec::as_slice) {
                None => views.push(DeviceView::expected(serial, tag.map(|tag| tag.as_str()))),
                Some([device]) => {
                    let mut view = view(device);
                    let held = device.group_tag.as_deref().unwrap_or_default();
                    if let Some(tag) = tag.filter(|tag| !tag.as_str().eq_ignore_ascii_case(held)) {
                        view.set_group_tag(Some(tag.as_str()));
                    }
                    seen.insert(device.id.as_str());
                    views.push(view);
                }
                // They have a finding of their own.
                Some(_) => {}
            }
        }
        let rest = state.devices.iter().filter(|device| !seen.contains(device.id.as_str()));
        views.extend(rest.filter(|device| self.has(device)).map(view));
        if views.is_empty() {
            let tag = desired.group_tag().map(|tag| tag.as_str());
            match desired.group.as_ref().map(|group| &group.members) {
                Some(MemberSelection::GroupTag(tag)) => {
                    let label = format!("any device with the group tag {tag}");
                    views.push(DeviceView::expected(label, Some(tag.as_str())));
                }
                Some(MemberSelection::AllAutopilotDevices) => {
                    views.push(DeviceView::expected("any device", tag));
                }
                _ => {}
            }
        }
        views
    }

    /// Returns `true` if a registered device belongs to the deployment: by its tag, or as a member of the group.
    fn has(&self, device: &Device) -> bool {
        if TenantState::is_of(self.desired, device) {
            return true;
        }
        let view =
            self.group.as_ref().and_then(|id| self.state.group_views.get(id)).and_then(Lookup::present);
        let members = view.and_then(|view| view.members.present());
        let by_rule = matches!(
            self.desired.group.as_ref().map(|group| &group.members),
            Some(MemberSelection::Rule(_) | MemberSelection::Assigned)
        );
        let anchor = self.state.anchor_of(device);
        let is_member = |members: &GroupMembers| {
            let anchor = anchor.present();
            anchor.is_some_and(|anchor| members.devices.contains(&anchor.id.as_str().to_lowercase()))
        };
        by_rule && members.is_some_and(is_member)
    }

    /// Reports domain join profiles of other groups, whose devices get this one too if it is assigned to all devices.
    fn check_all_devices(&self, input: &ResultantInput, groups: &[ResultantGroup], found: &mut Vec<Finding>) {
        let (Some(wish), Some(joins)) = (&self.desired.domain_join, input.domain_joins.present()) else {
            return;
        };
        let Some(own) = joins.iter().find(|join| join.id == self.domain_join) else { return };
        let is_unfiltered =
            |kind: &TargetKind| targets_of(own).any(|of| of.kind == *kind && of.filter.is_none());
        if !is_unfiltered(&TargetKind::AllDevices) {
            return;
        }
        // The deployment's own devices have a finding already.
        let is_found = |join: &AssignedObject| {
            groups.iter().any(|group| match &group.domain_join {
                Effective::Conflict { contenders } => contenders.iter().any(|one| one.id == join.id),
                _ => false,
            })
        };
        for other in joins.iter().filter(|join| join.id != own.id && !is_found(join)) {
            let group = targets_of(other).filter(|target| target.filter.is_none()).find_map(|target| {
                let TargetKind::Group(group) = &target.kind else { return None };
                let view = self.state.group_views.get(group);
                let is_out = is_unfiltered(&TargetKind::ExclusionGroup(group.clone()));
                (!is_out && !view.is_some_and(Lookup::is_absent)).then(|| {
                    let name = view.and_then(Lookup::present).and_then(|view| view.display_name.as_deref());
                    name.unwrap_or(group.as_str())
                })
            });
            if let Some(group) = group {
                let name = &other.display_name;
                let evidence =
                    format!("is assigned to all devices, and those of group {group} get {name} too");
                found.push(DOMAIN_JOIN_OVERLAP.at(wish.display_name.as_str(), evidence));
            }
        }
    }

    fn check(&self, group: &ResultantGroup, found: &mut Vec<Finding>) {
        let desired = self.desired;
        let who = named(&group.devices);
        if let Some(wish) = &desired.profile {
            let part = OwnObject::new(wish.display_name.as_str(), &self.profile, &who, &group.profile);
            part.out(&PROFILE_EXCLUDED, &PROFILE_FILTERED, found);
            match &group.profile {
                Effective::Gets { winner, lost } if winner.id == self.profile => {
                    for loser in lost.iter().filter(|loser| loser.by == LostBy::Older) {
                        let other = &loser.contender;
                        let evidence = format!(
                            "profile {} ({}) reaches {who} too, by {}: this one is older, and wins",
                            other.display_name, other.kind, other.target_label
                        );
                        found
                            .push(part.finding(&PROFILE_CONFLICT, evidence).with_severity(Severity::Warning));
                    }
                }
                Effective::Gets { winner, .. } => {
                    let evidence = format!(
                        "profile {} ({}), by {}, wins on {who}: {}",
                        winner.display_name,
                        winner.kind,
                        winner.target_label,
                        part.reason()
                    );
                    found.push(part.finding(&PROFILE_CONFLICT, evidence));
                }
                Effective::Nothing { .. } => part.missing(&PROFILE_NOT_REACHING, "profile", found),
                other => part.open(other, found),
            }
        }
        if let Some(wish) = &desired.enrollment_status_page {
            let part = OwnObject::new(wish.display_name.as_str(), &self.page, &who, &group.page);
            part.out(&PAGE_EXCLUDED, &PAGE_FILTERED, found);
            match &group.page {
                Effective::Gets { winner, .. } if winner.id == self.page => {}
                Effective::Gets { winner, .. } => {
                    let evidence = format!(
                        "page {}, by {}, with the priority {}, wins on {who}: {}",
                        winner.display_name,
                        winner.target_label,
                        winner.priority.map_or_else(|| "unknown".to_owned(), |number| number.to_string()),
                        part.reason()
                    );
                    found.push(part.finding(&PAGE_OUTRANKED, evidence));
                }
                Effective::DefaultPage { .. } => part.missing(&PAGE_NOT_REACHING, "page", found),
                other => part.open(other, found),
            }
        }
        if let Some(wish) = &desired.domain_join {
            let part =
                OwnObject::new(wish.display_name.as_str(), &self.domain_join, &who, &group.domain_join);
            part.out(&DOMAIN_JOIN_EXCLUDED, &DOMAIN_JOIN_FILTERED, found);
            match &group.domain_join {
                Effective::Gets { winner, .. } if winner.id == self.domain_join => {}
                Effective::Gets { winner, .. } => {
                    let evidence = format!(
                        "profile {}, by {}, reaches {who}, and this one does not: {}",
                        winner.display_name,
                        winner.target_label,
                        part.reason()
                    );
                    found.push(part.finding(&DOMAIN_JOIN_OVERLAP, evidence));
                }
                Effective::Conflict { contenders } => {
                    let ways: Vec<String> = contenders.iter().map(ToString::to_string).collect();
                    let evidence = format!("{} profiles reach {who}: {}", contenders.len(), ways.join("; "));
                    found.push(part.finding(&DOMAIN_JOIN_OVERLAP, evidence));
                }
                Effective::Nothing { .. } => part.missing(&DOMAIN_JOIN_NOT_REACHING, "profile", found),
                other => part.open(other, found),
            }
        }
    }
}

/// Returns the id of the only own object, or of the one to be created; `None` if there are several.
fn own_id<'a, S: Settings + 'a>(mut own: impl Iterator<Item = &'a Stored<S>>) -> Option<String> {
    let first = own.next();
    match own.next() {
        Some(_) => None,
        None => Some(first.map_or(PLANNED, |stored| stored.id.as_str()).to_owned()),
    }
}

fn targets_of(object: &AssignedObject) -> impl Iterator<Item = &Target> {
    object.assignments.present().into_iter().flatten().filter_map(|held| held.target.as_ref())
}

/// Formats a list of devices.
fn named(devices: &[String]) -> String {
    let shown: Vec<&str> = devices.iter().take(NAMED).map(String::as_str).collect();
    match devices.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// One of the deployment's own objects, and the outcome of its kind for the devices.
struct OwnObject<'a> {
    name: &'a str,
    own: &'a str,
    who: &'a str,
    effective: &'a Effective,
}

impl<'a> OwnObject<'a> {
    fn new(name: &'a str, own: &'a str, who: &'a str, effective: &'a Effective) -> Self {
        Self { name, own, who, effective }
    }

    fn finding(&self, kind: &FindingKind, evidence: String) -> Finding {
        kind.at(self.name, evidence)
    }

    fn own_loss(&self) -> Option<&LostBy> {
        let own = self.effective.lost().iter().find(|loser| loser.contender.id == self.own);
        own.map(|loser| &loser.by)
    }

    /// Returns the reason why the own object loses or does not reach the devices.
    fn reason(&self) -> String {
        match self.own_loss() {
            Some(by) => by.to_string(),
            None => format!("{} does not reach the devices", self.name),
        }
    }

    /// Reports an exclusion or a filter that keeps the own object from devices.
    fn out(&self, excluded: &FindingKind, filtered: &FindingKind, found: &mut Vec<Finding>) {
        match self.own_loss() {
            Some(LostBy::Excluded(group)) => {
                let evidence = format!("excludes group {group}, which has {}", self.who);
                found.push(self.finding(excluded, evidence));
            }
            Some(LostBy::FilteredOut(filter)) => {
                let evidence = format!("filter {filter} on its assignment leaves out {}", self.who);
                found.push(self.finding(filtered, evidence));
            }
            _ => {}
        }
    }

    /// Reports that devices get nothing, unless the reason has its own finding.
    fn missing(&self, kind: &FindingKind, what: &str, found: &mut Vec<Finding>) {
        if self.own_loss().is_none() {
            let evidence = format!("no {what} reaches {}", self.who);
            found.push(self.finding(kind, evidence));
        }
    }

    /// Reports a conflict of another kind, or an unknown outcome.
    fn open(&self, effective: &Effective, found: &mut Vec<Finding>) {
        match effective {
            Effective::Unknown { possible, because } => {
                let others: Vec<&Contender> = possible.iter().filter(|one| one.id != self.own).collect();
                let names: Vec<&str> = others.iter().map(|one| one.display_name.as_str()).collect();
                for reason in because {
                    let evidence = match names.as_slice() {
                        [] => format!(
                            "it is not known whether it reaches {}: {} {}",
                            self.who, reason.place, reason.evidence
                        ),
                        names => format!(
                            "{} may get {} instead: {} {}",
                            self.who,
                            names.join(" or "),
                            reason.place,
                            reason.evidence
                        ),
                    };
                    found.push(Finding { place: self.name.to_owned(), evidence, ..reason.clone() });
                }
            }
            Effective::Conflict { contenders } => {
                let ways: Vec<String> = contenders.iter().map(ToString::to_string).collect();
                let evidence = format!("one of several wins on {}: {}", self.who, ways.join("; "));
                found.push(self.finding(&PROFILE_CONFLICT, evidence));
            }
            _ => {}
        }
    }
}
