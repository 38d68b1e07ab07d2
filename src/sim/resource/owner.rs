//! Owners of groups.

use super::{directory_object, group};
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, DIRECTORY, Rules};

const RULES: Rules = Rules { type_name: "directoryObject", ..DIRECTORY };

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let group = group::find(exchange.state, exchange.parameter(0))?;
    let owners = group.owners.iter().filter_map(|id| directory_object::view(exchange, id)).collect();
    odata::list_values(exchange, &RULES, "directoryObjects", owners)
}

pub(crate) fn add(exchange: &mut Exchange<'_>) -> Answer {
    let group = group::find(exchange.state, exchange.parameter(0))?;
    let owner = directory_object::linked(exchange)?;
    group::check_owner(exchange.state, &owner)?;
    if group.owners.contains(&owner) {
        return Err(group::already_bound("owners"));
    }
    let id = group.id.clone();
    exchange.state.directory.groups.update(&id, |group| group.owners.push(owner));
    Ok(Reply::NoContent)
}

pub(crate) fn remove(exchange: &mut Exchange<'_>) -> Answer {
    let group = group::find(exchange.state, exchange.parameter(0))?;
    let owner = exchange.parameter(1);
    let is = |of: &String| of.eq_ignore_ascii_case(owner);
    if !group.owners.iter().any(is) {
        return Err(Failure::directory_not_found(owner));
    }
    if group.owners.len() == 1 {
        return Err(Failure::directory(
            "The group must have at least one owner, hence this owner cannot be removed.",
        ));
    }
    let id = group.id.clone();
    exchange.state.directory.groups.update(&id, |group| group.owners.retain(|of| !is(of)));
    Ok(Reply::NoContent)
}
