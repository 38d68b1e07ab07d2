//! Memberships: changes by hand and by the rules of dynamic groups.

use super::targeting;
use crate::sim::rows::Kind;
use crate::sim::state::State;
use std::collections::HashSet;
use std::sync::Arc;

/// Adds an object to a group, unless it is a member.
pub(crate) fn join(state: &mut State, group: &str, member: &str) {
    let Some(kind) = state.directory.kind(member) else { return };
    let changes = &mut state.directory.changes;
    let joined = state.directory.groups.update(group, |group| {
        if group.has(member) {
            return None;
        }
        let number = changes.note(Kind::Group, &group.id);
        group.add(member, number);
        Some(Arc::<str>::from(group.id.as_str()))
    });
    let Some(Some(group)) = joined else { return };
    match kind {
        Kind::Device => {
            let identity = state.directory.devices.update(member, |device| {
                device.groups.push(group);
                device.identity.clone()
            });
            if let Some(Some(identity)) = identity {
                targeting::retarget(state, &identity);
            }
        }
        Kind::User => {
            state.directory.users.update(member, |user| user.groups.push(group));
        }
        Kind::Group => {
            let around = state.directory.groups_around.entry(member.to_lowercase()).or_default();
            around.push(group.to_lowercase());
            targeting::retarget_all(state);
        }
    }
}

/// Removes a member from a group.
pub(crate) fn leave(state: &mut State, group: &str, member: &str) {
    let changes = &mut state.directory.changes;
    let left = state.directory.groups.update(group, |group| {
        let is_member = group.has(member);
        if is_member {
            let number = changes.note(Kind::Group, &group.id);
            group.remove(member, number);
        }
        is_member
    });
    if left != Some(true) {
        return;
    }
    if let Some(around) = state.directory.groups_around.get_mut(&member.to_lowercase()) {
        around.retain(|of| !of.eq_ignore_ascii_case(group));
        targeting::retarget_all(state);
    }
    state.directory.users.update(member, |user| user.groups.retain(|of| !of.eq_ignore_ascii_case(group)));
    let identity = state.directory.devices.update(member, |device| {
        device.groups.retain(|of| !of.eq_ignore_ascii_case(group));
        device.identity.clone()
    });
    if let Some(Some(identity)) = identity {
        targeting::retarget(state, &identity);
    }
}

/// Removes an object from every group.
pub(crate) fn leave_all_groups(state: &mut State, member: &str) {
    let of: Vec<String> = state
        .directory
        .groups
        .iter()
        .filter(|group| group.has(member))
        .map(|group| group.id.clone())
        .collect();
    for group in of {
        leave(state, &group, member);
    }
}

/// Adds a device to the dynamic groups whose rule matches, and removes it from the others.
pub(crate) fn evaluate_device(state: &mut State, id: &str) {
    let Some(device) = state.directory.devices.get(id) else { return };
    let mut moves = Vec::new();
    for group in state.directory.groups.iter() {
        if let Some(rule) = &group.rule {
            let fits = rule.matches(device);
            if fits != group.has(id) {
                moves.push((group.id.clone(), fits));
            }
        }
    }
    for (group, fits) in moves {
        if fits { join(state, &group, id) } else { leave(state, &group, id) }
    }
}

/// Evaluates all devices for one dynamic group.
pub(crate) fn evaluate_group(state: &mut State, id: &str) {
    let Some(group) = state.directory.groups.get(id) else { return };
    let Some(rule) = &group.rule else { return };
    let fitting: Vec<String> = state
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
        leave(state, id, member);
    }
    for member in &fitting {
        join(state, id, member);
    }
}
