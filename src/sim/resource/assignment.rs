//! Assignments below profiles, pages and configurations.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::ApiVersion;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Rules};
use crate::sim::rows::{Assignment, Entity, Owner, Target, Wish};
use crate::sim::schema;
use crate::sim::state::State;
use crate::sim::store::{Body, Table, body};

/// The time for which assignments to a group outlive the group.
pub(crate) const ORPHANS_STAY: Duration = Duration::from_secs(7 * 24 * 3600);

/// Answers with the list of an object's assignments.
pub(crate) fn list(exchange: &Exchange<'_>, owner: Owner, found: &Entity) -> Answer {
    let values = found.assignments.iter().map(|of| of.view(owner, exchange.version)).collect();
    let rules = Rules { type_name: owner.assignment_type(), ..INTUNE };
    odata::list_values(exchange, &rules, &path(owner, &found.id), values)
}

/// Answers with one assignment of an object.
pub(crate) fn get(exchange: &Exchange<'_>, owner: Owner, found: &Entity) -> Answer {
    let assignment = find(found, exchange.parameter(1))?;
    Ok(show(exchange, StatusCode::OK, owner, &found.id, assignment))
}

/// Answers with one assignment.
pub(crate) fn show(
    exchange: &Exchange<'_>,
    status: StatusCode,
    owner: Owner,
    id: &str,
    assignment: &Assignment,
) -> Reply {
    exchange.entity(status, &path(owner, id), assignment.view(owner, exchange.version))
}

/// Sets the assignment of a request on a page or configuration, replacing `before` if given.
pub(crate) fn put(exchange: &mut Exchange<'_>, owner: Owner, id: &str, before: Option<String>) -> Answer {
    let wish = read_one(exchange, owner)?;
    let assignment = Assignment::new(owner, id, wish);
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let reply = show(exchange, status, owner, id, &assignment);
    owners(exchange.state, owner).update(id, |of| {
        of.assignments.retain(|other| Some(&other.id) != before.as_ref() && other.id != assignment.id);
        of.assignments.push(assignment);
    });
    Ok(reply)
}

/// Removes an assignment from a page or configuration.
pub(crate) fn remove(exchange: &mut Exchange<'_>, owner: Owner, id: &str, assignment: &str) -> Answer {
    owners(exchange.state, owner).update(id, |of| of.assignments.retain(|other| other.id != assignment));
    Ok(Reply::NoContent)
}

/// Finds an assignment of an object.
pub(crate) fn find<'e>(found: &'e Entity, id: &str) -> Result<&'e Assignment, Failure> {
    let assignment = found.assignments.iter().find(|assignment| assignment.id.eq_ignore_ascii_case(id));
    assignment.ok_or_else(|| Failure::intune_not_found(id))
}

fn path(owner: Owner, id: &str) -> String {
    format!("{}('{id}')/assignments", owner.collection())
}

fn owners(state: &mut State, owner: Owner) -> &mut Table<Entity> {
    match owner {
        Owner::Profile => &mut state.profiles,
        Owner::Enrollment => &mut state.enrollment,
        Owner::Configuration => &mut state.configurations,
    }
}

/// Reads the one assignment that a request sends. Its id is an answer's, and does not matter.
pub(crate) fn read_one(exchange: &Exchange<'_>, owner: Owner) -> Result<Wish, Failure> {
    let mut sent = exchange.request.object()?;
    if exchange.state.options.quirks.assignment_ids_are_ignored {
        sent.retain(|name, _| !name.eq_ignore_ascii_case("id"));
    }
    read(exchange.state, owner, &sent, exchange.version)
}

/// Reads one assignment of a request.
fn read(state: &State, owner: Owner, body: &Body, version: ApiVersion) -> Result<Wish, Failure> {
    let (_, kept) = schema::check(owner.assignment_type(), body, state.reading(version))?;
    let Some(target) = kept.get("target").filter(|target| !target.is_null()) else {
        return Err(Failure::refused("The assignment has no target."));
    };
    let text = |name: &str| {
        target.get(name).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty())
    };
    let group = || -> Result<String, Failure> {
        let id = text("groupId").ok_or_else(|| Failure::refused("The assignment target has no groupId."))?;
        match state.directory.groups.get(&id) {
            Some(group) => Ok(group.id.clone()),
            None => Err(Failure::refused(format!("The group {id} of the assignment target was not found."))),
        }
    };
    let name = text("@odata.type").unwrap_or_default();
    let target = match name.trim_start_matches("#microsoft.graph.") {
        "groupAssignmentTarget" => Target::Group(group()?),
        "exclusionGroupAssignmentTarget" => Target::ExcludedGroup(group()?),
        "allDevicesAssignmentTarget" => Target::AllDevices,
        "allLicensedUsersAssignmentTarget" => Target::AllUsers,
        "configurationManagerCollectionAssignmentTarget" => {
            Target::Collection(text("collectionId").unwrap_or_default())
        }
        _ => return Err(Failure::model("Cannot create an abstract class.")),
    };
    let kind = text("deviceAndAppManagementAssignmentFilterType").filter(|kind| kind != "none");
    let filter = match (text("deviceAndAppManagementAssignmentFilterId"), kind) {
        (Some(id), Some(kind)) => {
            if state.filters.get(&id).is_none() {
                return Err(Failure::refused(format!("The assignment filter {id} was not found.")));
            }
            Some((id, kind))
        }
        (None, None) => None,
        _ => return Err(Failure::refused("An assignment filter needs both its id and its type.")),
    };
    if owner == Owner::Profile && matches!(target, Target::AllUsers | Target::Collection(_)) {
        return Err(Failure::bare());
    }
    Ok(Wish { target, filter })
}

/// Parses the list of an `assign` action.
pub(crate) fn read_all(
    state: &State,
    owner: Owner,
    key: &str,
    request: &Body,
    version: ApiVersion,
) -> Result<Vec<Wish>, Failure> {
    let items = match request.get(key) {
        Some(Value::Array(items)) => items,
        _ => {
            return Err(Failure::model(format!("The parameter '{key}' is missing or not a collection.")));
        }
    };
    let mut wishes = Vec::new();
    for item in items {
        let Value::Object(item) = item else {
            return Err(Failure::model(format!(
                "The parameter '{key}' holds something that is not an object."
            )));
        };
        // The id of an assignment that is sent along is an answer's, and does not matter.
        let mut item = item.clone();
        item.retain(|name, _| !name.eq_ignore_ascii_case("id"));
        let wish = read(state, owner, &item, version)?;
        if !wishes.contains(&wish) {
            wishes.push(wish);
        }
    }
    Ok(wishes)
}

/// Answers `hasPayloadLinks`: which objects have assignments.
pub(crate) fn payload_links(exchange: &Exchange<'_>, table: &Table<Entity>) -> Answer {
    const IDS: schema::Property =
        schema::Property { collection: true, ..schema::Property::new("payloadIds", schema::Kind::Text) };
    let request = exchange.request.parameters("hasPayloadLinks", &["payloadIds"])?;
    let ids =
        request.get("payloadIds").ok_or_else(|| Failure::model("The parameter 'payloadIds' is missing."))?;
    let ids = schema::check_value(&IDS, ids, exchange.reading())?;
    let links = ids.as_array().into_iter().flatten().filter_map(Value::as_str).map(|id| {
        let found = table.get(id);
        let assignments = found.map(|entity| entity.assignments.as_slice()).unwrap_or_default();
        let mut sources = Vec::new();
        for (by_policy_set, name) in [(false, "direct"), (true, "policySets")] {
            if assignments.iter().any(|assignment| assignment.by_policy_set == by_policy_set) {
                sources.push(name);
            }
        }
        body([
            ("payloadId", id.into()),
            ("hasLink", (!assignments.is_empty()).into()),
            ("error", if found.is_some() { Value::Null } else { "ResourceNotFound".into() }),
            ("sources", json!(sources)),
        ])
    });
    let context = "Collection(microsoft.graph.hasPayloadLinkResultItem)";
    Ok(odata::collection(exchange, context, links.collect()))
}

/// Returns `true` if anything is assigned to a group.
pub(crate) fn is_assigned_to(state: &State, group: &str) -> bool {
    let tables = [&state.profiles, &state.enrollment, &state.configurations];
    let mut assignments =
        tables.into_iter().flat_map(|table| table.iter()).flat_map(|entity| &entity.assignments);
    assignments.any(|assignment| assignment.wish.target.group() == Some(group))
}

/// Removes the assignments to a deleted group.
pub(crate) fn remove_orphans(state: &mut State, group: &str) {
    for table in [&mut state.profiles, &mut state.enrollment, &mut state.configurations] {
        let holders: Vec<String> = table
            .iter()
            .filter(|entity| {
                entity.assignments.iter().any(|assignment| assignment.wish.target.group() == Some(group))
            })
            .map(|entity| entity.id.clone())
            .collect();
        for id in holders {
            table.update(&id, |entity| {
                entity.assignments.retain(|assignment| assignment.wish.target.group() != Some(group));
            });
        }
    }
}
