//! Members of groups.

use std::collections::{HashSet, VecDeque};

use http::StatusCode;
use serde_json::Value;

use super::group::already_member;
use super::group::find;
use super::group::refuse_dynamic;
use super::{directory_device, directory_object, group};
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, DIRECTORY, Op, Rules, Support, Test};
use crate::sim::rows::Kind;
use crate::sim::state::{Due, State};
use crate::sim::store::Row;

const RULES: Rules =
    Rules { type_name: "directoryObject", filter, search: &["displayName", "description"], ..DIRECTORY };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Eq, "id") => Support::Yes,
        (Op::Eq | Op::StartsWith, "displayName") => Support::Advanced,
        _ => Support::No,
    }
}

/// A member with its kind, for mixed lists.
struct Member<'m>(Box<dyn Row + 'm>, &'m str);

impl Row for Member<'_> {
    fn value(&self, property: &str) -> Value {
        self.0.value(property)
    }

    fn type_name(&self) -> &str {
        self.0.type_name()
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let group = find(exchange.state, exchange.parameter(0))?;
    let (state, kind) = (&*exchange.state, cast(exchange));
    let rows = |place: u64| {
        let members = group.members_after(place).filter(|(_, id)| is_of(state, kind, id));
        members.filter_map(|(place, id)| Some((place, Member(row(state, id)?, id))))
    };
    let render = |member: &Member<'_>| directory_object::view(exchange, member.1).unwrap_or_default();
    let rules = Rules { type_name: kind.map_or(RULES.type_name, Kind::type_name), ..RULES };
    odata::list(exchange, &rules, "directoryObjects", rows, render)
}

/// Answers the number of members, of one kind if the path has a type in it.
pub(crate) fn count(exchange: &mut Exchange<'_>) -> Answer {
    let group = find(exchange.state, exchange.parameter(0))?;
    let (state, kind) = (&*exchange.state, cast(exchange));
    let members = group.members_after(0).filter(|(_, id)| is_of(state, kind, id));
    odata::count(
        exchange,
        &RULES,
        members.filter_map(|(place, id)| Some((place, Member(row(state, id)?, id)))),
    )
}

/// Returns the kind of object that a type in the path asks for.
fn cast(exchange: &Exchange<'_>) -> Option<Kind> {
    let types =
        exchange.request.segments.iter().filter_map(|segment| segment.strip_prefix("microsoft.graph."));
    let kinds = [Kind::Device, Kind::Group, Kind::User];
    types.filter_map(|name| kinds.into_iter().find(|kind| kind.type_name().eq_ignore_ascii_case(name))).next()
}

fn is_of(state: &State, kind: Option<Kind>, id: &str) -> bool {
    kind.is_none() || state.directory.kind(id) == kind
}

/// Lists the members of a group and its nested groups, each once, in order of discovery.
pub(crate) fn list_transitive(exchange: &mut Exchange<'_>) -> Answer {
    let group = find(exchange.state, exchange.parameter(0))?;
    let directory = &exchange.state.directory;
    let mut found: Vec<&str> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::from([group.id.as_str()]);
    let mut groups = VecDeque::from([group]);
    while let Some(group) = groups.pop_front() {
        for (_, id) in group.members_after(0).filter(|(_, id)| seen.insert(id)) {
            found.push(id);
            groups.extend(directory.groups.get(id));
        }
    }
    let rows = |place: u64| {
        let behind = usize::try_from(place).unwrap_or(usize::MAX);
        let numbered = (1_u64..).zip(&found).skip(behind);
        numbered.filter_map(|(place, id)| Some((place, Member(row(exchange.state, id)?, id))))
    };
    let render = |member: &Member<'_>| directory_object::view(exchange, member.1).unwrap_or_default();
    odata::list(exchange, &RULES, "directoryObjects", rows, render)
}

/// Lists the groups that directly contain a group or a device.
pub(crate) fn list_around(exchange: &mut Exchange<'_>) -> Answer {
    around(exchange, exchange.parameter(0))
}

/// Lists the groups that a user, named by id or by user principal name, is a direct member of.
pub(crate) fn list_around_user(exchange: &mut Exchange<'_>) -> Answer {
    let key = exchange.parameter(0);
    let user = exchange.state.directory.user(key).ok_or_else(|| Failure::directory_not_found(key))?;
    around(exchange, &user.id)
}

fn around(exchange: &Exchange<'_>, id: &str) -> Answer {
    let now = exchange.state.now;
    let directory = &exchange.state.directory;
    if directory.kind(id).is_none() {
        return Err(Failure::directory_not_found(id));
    }
    let groups = directory.groups.after(0).filter(|(_, group)| group.is_visible(now) && group.has(id));
    let around: Vec<String> = groups.map(|(_, group)| group.id.clone()).collect();
    let shown = around.iter().filter_map(|id| directory_object::view(exchange, id));
    odata::list_values(exchange, &RULES, "directoryObjects", shown.collect())
}

fn row<'s>(state: &'s State, id: &str) -> Option<Box<dyn Row + 's>> {
    let directory = &state.directory;
    Some(match directory.kind(id)? {
        Kind::Device => Box::new(directory.devices.get(id)?),
        Kind::User => Box::new(directory.users.get(id)?),
        Kind::Group => Box::new(directory.groups.get(id)?),
    })
}

pub(crate) fn add(exchange: &mut Exchange<'_>) -> Answer {
    let group = find(exchange.state, exchange.parameter(0))?;
    let member = directory_object::linked(exchange)?;
    if group.is_dynamic() {
        return Err(refuse_dynamic());
    }
    if group.has(&member) {
        return Err(already_member());
    }
    let group = group.id.clone();
    exchange.state.plan(exchange.state.options.lag.directory, Due::MemberJoins { group, member });
    Ok(Reply::NoContent)
}

pub(crate) fn remove(exchange: &mut Exchange<'_>) -> Answer {
    let group = find(exchange.state, exchange.parameter(0))?;
    let member = exchange.parameter(1);
    if group.is_dynamic() {
        return Err(refuse_dynamic());
    }
    let Some(member) = group.member(member) else {
        return Err(Failure::directory_not_found(member));
    };
    let (group, member) = (group.id.clone(), member.to_owned());
    exchange.state.plan(exchange.state.options.lag.directory, Due::MemberLeaves { group, member });
    Ok(Reply::NoContent)
}

/// Deletes the member itself, which the path without `$ref` names.
pub(crate) fn delete_object(exchange: &mut Exchange<'_>) -> Answer {
    let group = find(exchange.state, exchange.parameter(0))?;
    let member = exchange.parameter(1);
    let Some(member) = group.member(member) else {
        return Err(Failure::directory_not_found(member));
    };
    if !exchange.state.options.quirks.member_delete_without_ref {
        return Err(Failure::plain(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ));
    }
    let member = member.to_owned();
    match exchange.state.directory.kind(&member) {
        Some(Kind::Device) => directory_device::remove(exchange.state, &member),
        Some(Kind::Group) => group::remove(exchange.state, &member),
        _ => return Err(Failure::directory_not_found(&member)),
    }
    Ok(Reply::NoContent)
}
