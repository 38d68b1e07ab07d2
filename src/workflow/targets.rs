//! The targets of a deployment's objects, and the changes to current assignments.

use super::findings::ASSIGNMENT_NAME;
use super::hybrid_join::{FilterMode, HybridJoin, PartAssignment};
use super::object::Assignable;
use super::state::TenantState;
use crate::model::{
    Assignment, AssignmentFilterType, DisplayName, Finding, Group, Id, Lookup, Target, TargetKind,
};

/// The placeholder id of the deployment's group before it is created.
pub(super) const PLANNED: &str = "planned";

/// A target with its label.
#[derive(Debug, Clone)]
pub(super) struct WantedTarget {
    pub(super) target: Target,
    pub(super) label: String,
}

/// Returns the targets of a deployment's object. `group` is the deployment's own, if it has one.
///
/// Returns a finding for each name that matches no group or filter, or several.
pub(super) fn wanted<S: Assignable>(
    desired: &HybridJoin,
    state: &TenantState,
    group: Option<&Id<Group>>,
) -> Result<Vec<WantedTarget>, Vec<Finding>> {
    let settings = S::assignment_settings(desired);
    let (mut wanted, mut findings) = (Vec::new(), Vec::new());
    let filter = filter_of(settings, state).unwrap_or_else(|finding| {
        findings.push(finding);
        None
    });
    let mut add = |target: Target, label: String, is_filtered: bool| {
        let (target, label) = match filter.as_ref().filter(|_| is_filtered) {
            Some((id, mode, name)) => {
                let way = if *mode == AssignmentFilterType::Exclude { "without" } else { "with" };
                (target.with_filter(id.clone(), mode.clone()), format!("{label} {way} filter {name}"))
            }
            None => (target, label),
        };
        wanted.push(WantedTarget { target, label });
    };
    if S::is_for_all_devices(desired) {
        add(Target::all_devices(), "all devices".to_owned(), true);
    } else if let (Some(id), Some(own)) = (group, &desired.group) {
        add(Target::group(id.clone()), format!("group {}", own.display_name), true);
    }
    for name in &settings.groups {
        match group_of::<S>(name, state) {
            Ok(id) => add(Target::group(id), format!("group {name}"), true),
            Err(finding) => findings.push(finding),
        }
    }
    for name in &settings.excluded_groups {
        match group_of::<S>(name, state) {
            Ok(id) => add(Target::excluding(id), format!("all but group {name}"), false),
            Err(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() { Ok(wanted) } else { Err(findings) }
}

fn group_of<S: Assignable>(name: &DisplayName, state: &TenantState) -> Result<Id<Group>, Finding> {
    match state.groups_named(name) {
        [stored] => Ok(stored.id.clone()),
        found => {
            let evidence = format!("names the group {name}, and {} groups have this name", found.len());
            Err(ASSIGNMENT_NAME.at(format!("assignments.{}", S::PART), evidence))
        }
    }
}

type FoundFilter = (Id<crate::model::AssignmentFilter>, AssignmentFilterType, String);

fn filter_of(settings: &PartAssignment, state: &TenantState) -> Result<Option<FoundFilter>, Finding> {
    let Some(wish) = &settings.filter else { return Ok(None) };
    let all = match &state.filters {
        Lookup::Present(all) => all.as_slice(),
        Lookup::Absent => &[],
        Lookup::Unknown => {
            let evidence = format!("names the filter {}, and the filters could not be read", wish.name);
            let remedy = "grant DeviceManagementConfiguration.Read.All, and plan again";
            return Err(ASSIGNMENT_NAME.at("assignments", evidence).with_remedy(remedy));
        }
    };
    let named: Vec<_> =
        all.iter().filter(|filter| filter.display_name.as_deref() == Some(wish.name.as_str())).collect();
    let [filter] = named.as_slice() else {
        let evidence = format!("names the filter {}, and {} filters have this name", wish.name, named.len());
        return Err(ASSIGNMENT_NAME.at("assignments", evidence));
    };
    let mode = match wish.mode {
        FilterMode::Include => AssignmentFilterType::Include,
        FilterMode::Exclude => AssignmentFilterType::Exclude,
    };
    Ok(Some((filter.id.clone(), mode, wish.name.to_string())))
}

/// The change that a wanted target needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TargetChange<'a> {
    /// The assignment exists.
    Met(&'a Assignment),
    /// The audience is assigned with a filter outside the settings, which is kept.
    Narrowed(&'a Assignment),
    /// The audience is assigned with another filter, which is changed.
    Change(&'a Assignment),
    /// The assignment is added.
    Add,
}

/// Determines the change for a wanted target from the current assignments.
pub(super) fn change_for<'a>(held: &'a [Assignment], wanted: &Target, keep_others: bool) -> TargetChange<'a> {
    let same = |found: &&Assignment| found.target.as_ref().is_some_and(|held| held.same_as(wanted));
    if let Some(found) = held.iter().find(same) {
        return TargetChange::Met(found);
    }
    let bare = |target: &Target| Target::new(target.kind.clone());
    let audience = |found: &&Assignment| {
        found.is_direct() && found.target.as_ref().is_some_and(|held| bare(held).same_as(&bare(wanted)))
    };
    match held.iter().find(audience) {
        Some(found) if keep_others && wanted.filter.is_none() => TargetChange::Narrowed(found),
        Some(found) => TargetChange::Change(found),
        None => TargetChange::Add,
    }
}

/// Returns the direct assignments that match no wanted target.
pub(super) fn others<'a>(
    held: &'a [Assignment],
    wanted: &[Target],
    keep_others: bool,
) -> Vec<&'a Assignment> {
    let accounted: Vec<&Assignment> = wanted
        .iter()
        .filter_map(|target| match change_for(held, target, keep_others) {
            TargetChange::Met(found) | TargetChange::Narrowed(found) | TargetChange::Change(found) => {
                Some(found)
            }
            TargetChange::Add => None,
        })
        .collect();
    let is_other = |found: &&Assignment| found.is_direct() && !accounted.iter().any(|one| one.id == found.id);
    held.iter().filter(is_other).collect()
}

/// Returns the assignments after the plan.
pub(super) fn planned(held: Vec<Assignment>, wanted: &[Target], keep_others: bool) -> Vec<Assignment> {
    let gone: Vec<Id<Assignment>> = match keep_others {
        true => Vec::new(),
        false => others(&held, wanted, keep_others).into_iter().map(|found| found.id.clone()).collect(),
    };
    let mut planned = Vec::new();
    let mut replaced = Vec::new();
    for target in wanted {
        match change_for(&held, target, keep_others) {
            TargetChange::Met(_) | TargetChange::Narrowed(_) => continue,
            TargetChange::Change(found) => replaced.push(found.id.clone()),
            TargetChange::Add => {}
        }
        if let Ok(id) = PLANNED.parse() {
            let mut assignment = Assignment::new(id);
            assignment.target = Some(target.clone());
            planned.push(assignment);
        }
    }
    planned
        .extend(held.into_iter().filter(|found| !gone.contains(&found.id) && !replaced.contains(&found.id)));
    planned
}

/// Returns a target with the placeholder replaced by the group's id.
pub(super) fn resolved(target: &Target, group: Option<&Id<Group>>) -> Option<Target> {
    match &target.kind {
        TargetKind::Group(id) if id.as_str() == PLANNED => {
            let mut resolved = target.clone();
            resolved.kind = TargetKind::Group(group?.clone());
            Some(resolved)
        }
        _ => Some(target.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AssignmentSource;

    fn held(id: &str, target: Target) -> Assignment {
        let mut assignment = Assignment::new(id.parse().unwrap());
        assignment.target = Some(target);
        assignment
    }

    #[test]
    fn a_foreign_filter_stays_only_with_others_and_a_policy_sets_never_changes() {
        let group = || Target::group("1".parse().unwrap());
        let filtered = |id: &str| group().with_filter(id.parse().unwrap(), AssignmentFilterType::Include);
        let foreign = held("a", filtered("8"));
        let mut of_set = held("b", filtered("8"));
        of_set.source = Some(AssignmentSource::PolicySets);
        let narrowed = TargetChange::Narrowed(&foreign);
        let changed = TargetChange::Change(&foreign);
        for (wanted, keep_others, expected) in [
            (group(), true, narrowed),
            (group(), false, changed),
            (filtered("9"), true, changed),
            (filtered("9"), false, changed),
            (filtered("8"), true, TargetChange::Met(&foreign)),
            (Target::group("2".parse().unwrap()), false, TargetChange::Add),
            (Target::excluding("1".parse().unwrap()), false, TargetChange::Add),
        ] {
            let found = change_for(std::slice::from_ref(&foreign), &wanted, keep_others);
            assert_eq!(found, expected, "{wanted:?} {keep_others}");
        }
        for keep_others in [false, true] {
            let found = change_for(std::slice::from_ref(&of_set), &group(), keep_others);
            assert_eq!(found, TargetChange::Add, "{keep_others}");
        }
    }
}
