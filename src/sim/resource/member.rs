//! Members of groups.

use http::StatusCode;
use serde_json::Value;

use super::group::{already_member, find};
use super::{directory_device, group, user};
use crate::sim::directory::Kind;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, DIRECTORY, Op, Rules, Support, Test};
use crate::sim::state::Due;
use crate::sim::store::{Body, Row};

const RULES: Rules =
    Rules { type_name: "directoryObject", filter, search: &["displayName", "description"], ..DIRECTORY };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Eq, "id") => Support::Yes,
        (Op::Eq | Op::StartsWith, "displayName") => Support::Advanced,
        _ => Support::No,
    }
}

/// A member with its kind, for a listing that mixes kinds.
struct Member<'m>(Box<dyn Row + 'm>, &'m str);

impl Row for Member<'_> {
    fn value(&self, property: &str) -> Value {
        self.0.value(property)
    }

    fn type_name(&self) -> &str {
        self.0.type_name()
    }
}

pub(in crate::sim) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let group = find(exchange.state, exchange.parameter(0))?;
    let directory = &exchange.state.directory;
    let rows = |place: u64| {
        group.members_after(place).filter_map(|(place, id)| {
            let row: Box<dyn Row + '_> = match directory.kind(id)? {
                Kind::Device => Box::new(directory.devices.get(id)?),
                Kind::User => Box::new(directory.users.get(id)?),
                Kind::Group => Box::new(directory.groups.get(id)?),
            };
            Some((place, Member(row, id)))
        })
    };
    let render = |member: &Member<'_>| view_member(exchange, member.1).unwrap_or_default();
    odata::list(exchange, &RULES, "directoryObjects", rows, render)
}

pub(in crate::sim) fn add(exchange: &mut Exchange<'_>) -> Answer {
    let group = find(exchange.state, exchange.parameter(0))?;
    let sent = exchange.request.object()?;
    let link = sent.get("@odata.id").and_then(Value::as_str).ok_or_else(|| {
        Failure::directory("The body of a request to add a reference must have an @odata.id property.")
    })?;
    let member = object_id(exchange, link)?;
    if group.is_dynamic() {
        return Err(refuse_dynamic());
    }
    if group.has(&member) {
        return Err(already_member(&member));
    }
    let group = group.id.clone();
    exchange.state.plan(exchange.state.options.lag.directory, Due::MemberJoins { group, member });
    Ok(Reply::NoContent)
}

pub(in crate::sim) fn remove(exchange: &mut Exchange<'_>) -> Answer {
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

/// Without `$ref` the path names the member itself, so it is the member that is deleted.
pub(in crate::sim) fn delete_object(exchange: &mut Exchange<'_>) -> Answer {
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
        Some(Kind::Device) => exchange.state.remove_device(&member),
        Some(Kind::Group) => exchange.state.remove_group(&member),
        _ => return Err(Failure::directory_not_found(&member)),
    }
    Ok(Reply::NoContent)
}

/// A dynamic group has no members by hand.
pub(in crate::sim) fn refuse_dynamic() -> Failure {
    Failure::plain(
        StatusCode::FORBIDDEN,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation. The membership of the group is dynamic.",
    )
}

/// The objects that a body binds.
pub(in crate::sim) fn bound(exchange: &Exchange<'_>, body: &Body, key: &str) -> Result<Vec<String>, Failure> {
    let links = match body.get(key) {
        None => return Ok(Vec::new()),
        Some(Value::Array(links)) => links,
        Some(_) => return Err(Failure::directory(format!("The value of '{key}' is not a collection."))),
    };
    links.iter().map(|link| object_id(exchange, link.as_str().unwrap_or_default())).collect()
}

/// How an answer shows an object among others.
pub(in crate::sim) fn view_member(exchange: &Exchange<'_>, id: &str) -> Option<Body> {
    let directory = &exchange.state.directory;
    let kind = directory.kind(id)?;
    let mut view = match kind {
        Kind::Device => directory_device::view(exchange, directory.devices.get(id)?),
        Kind::User => user::view(exchange, directory.users.get(id)?, false),
        Kind::Group => group::view(exchange, directory.groups.get(id)?, &[]),
    };
    view.insert("@odata.type".to_owned(), format!("#microsoft.graph.{}", kind.type_name()).into());
    Some(view)
}

/// The object that a link such as `https://graph.microsoft.com/v1.0/directoryObjects/{id}` names.
fn object_id(exchange: &Exchange<'_>, link: &str) -> Result<String, Failure> {
    let last = link.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (collection, id) = match last.split_once("('") {
        Some((collection, rest)) => (collection, rest.trim_end_matches("')")),
        None => (link.trim_end_matches('/').rsplit('/').nth(1).unwrap_or_default(), last),
    };
    let known = ["directoryObjects", "devices", "users", "groups"];
    if !known.iter().any(|of| of.eq_ignore_ascii_case(collection)) {
        return Err(Failure::directory("Invalid URL format specified in payload."));
    }
    let directory = &exchange.state.directory;
    let found = directory.kind(id).and_then(|kind| match kind {
        Kind::Device => directory.devices.get(id).map(|of| of.id.clone()),
        Kind::User => directory.users.get(id).map(|of| of.id.clone()),
        Kind::Group => directory.groups.get(id).map(|of| of.id.clone()),
    });
    found.ok_or_else(|| Failure::directory_not_found(id))
}
