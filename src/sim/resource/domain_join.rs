//! Device configurations: domain join and all other kinds, with assignments that are replaced as a whole.

use http::StatusCode;
use serde_json::{Value, json};

use super::assignment;
use super::assignment::payload_links;
use crate::catalog::ApiVersion;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Op, Rules, Support, Test};
use crate::sim::rows::{Assignment, Entity, Owner};
use crate::sim::schema;
use crate::sim::state::State;
use crate::sim::store::{Body, body, date};

const PATH: &str = "deviceManagement/deviceConfigurations";
const BASE: &str = "deviceConfiguration";
pub(crate) const DOMAIN_JOIN: &str = "windowsDomainJoinConfiguration";
const RULES: Rules = Rules { type_name: BASE, filter, ..INTUNE };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Eq, "displayName" | "id") => Support::Yes,
        (Op::IsOf, _) => Support::Quirk(|quirks| quirks.isof_filter),
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, BASE, &["assignments"])?;
    let table = &exchange.state.configurations;
    odata::list_table(exchange, &RULES, PATH, table, |_| true, |of| view(of, exchange.version, &expand))
}

pub(crate) fn count(exchange: &mut Exchange<'_>) -> Answer {
    odata::count(exchange, &RULES, exchange.state.configurations.after(0))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, BASE, &["assignments"])?;
    let found = find(exchange.state, exchange.parameter(0))?;
    odata::show(exchange, BASE, PATH, view(found, exchange.version, &expand))
}

pub(crate) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let (of, sent) = exchange.sent(BASE)?;
    let id = add(exchange.state, of.name, sent)?;
    let shown = view(find(exchange.state, &id)?, exchange.version, &[]);
    Ok(exchange.entity(StatusCode::CREATED, PATH, shown))
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (of, sent) = exchange.sent(BASE)?;
    let found = find(exchange.state, exchange.parameter(0))?;
    if of.name != found.type_name {
        return Err(Failure::model(schema::not_assignable(of.name, &found.type_name)));
    }
    let mut settings = found.body.clone();
    settings.extend(sent);
    if settings == found.body {
        return Err(Failure::refused("Invalid patch, at least 1 property must be changed"));
    }
    check(exchange.state, of.name, &settings)?;
    let id = found.id.clone();
    settings.insert("version".to_owned(), (found.number("version") + 1).into());
    settings.insert("lastModifiedDateTime".to_owned(), date(Some(exchange.state.now)));
    exchange.state.configurations.update(&id, |of| of.body = settings);
    let shown = view(find(exchange.state, &id)?, exchange.version, &[]);
    Ok(exchange.entity(StatusCode::OK, PATH, shown))
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.configurations.remove(&id);
    let holders: Vec<String> = exchange
        .state
        .configurations
        .iter()
        .filter(|of| of.links.contains(&id))
        .map(|of| of.id.clone())
        .collect();
    for holder in holders {
        exchange.state.configurations.update(&holder, |of| of.links.retain(|link| *link != id));
    }
    Ok(exchange.deleted())
}

pub(crate) fn assign(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    const OLD: &str = "deviceConfigurationGroupAssignments";
    let known =
        if exchange.version == ApiVersion::Beta { ["assignments", OLD].as_slice() } else { &["assignments"] };
    let sent = exchange.request.parameters("assign", known)?;
    if sent.contains_key(OLD) && !sent.contains_key("assignments") {
        return Err(Failure::refused(
            "deviceConfigurationGroupAssignments are not supported. Send assignments.",
        ));
    }
    let wishes =
        assignment::read_all(exchange.state, Owner::Configuration, "assignments", &sent, exchange.version)?;
    let assignments: Vec<Assignment> =
        wishes.into_iter().map(|wish| Assignment::new(Owner::Configuration, &id, wish)).collect();
    let shown = assignments.iter().map(|of| of.view(Owner::Configuration, exchange.version)).collect();
    exchange.state.configurations.update(&id, |of| of.assignments = assignments);
    Ok(odata::collection(exchange, "Collection(microsoft.graph.deviceConfigurationAssignment)", shown))
}

pub(crate) fn has_payload_links(exchange: &mut Exchange<'_>) -> Answer {
    payload_links(exchange, &exchange.state.configurations)
}

pub(crate) fn list_assignments(exchange: &mut Exchange<'_>) -> Answer {
    assignment::list(exchange, Owner::Configuration, find(exchange.state, exchange.parameter(0))?)
}

pub(crate) fn get_assignment(exchange: &mut Exchange<'_>) -> Answer {
    assignment::get(exchange, Owner::Configuration, find(exchange.state, exchange.parameter(0))?)
}

pub(crate) fn create_assignment(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange.state, exchange.parameter(0))?;
    let id = found.id.clone();
    assignment::put(exchange, Owner::Configuration, &id, None)
}

pub(crate) fn update_assignment(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange.state, exchange.parameter(0))?;
    let before = assignment::find(found, exchange.parameter(1))?.id.clone();
    let id = found.id.clone();
    assignment::put(exchange, Owner::Configuration, &id, Some(before))
}

pub(crate) fn delete_assignment(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange.state, exchange.parameter(0))?;
    let assignment = assignment::find(found, exchange.parameter(1))?.id.clone();
    let id = found.id.clone();
    assignment::remove(exchange, Owner::Configuration, &id, &assignment)
}

pub(crate) fn list_networks(exchange: &mut Exchange<'_>) -> Answer {
    let found = find_domain_join(exchange)?;
    let linked = found.links.iter().filter_map(|id| exchange.state.configurations.get(id));
    let values = linked.map(|of| view(of, exchange.version, &[])).collect();
    odata::list_values(exchange, &RULES, PATH, values)
}

pub(crate) fn add_network(exchange: &mut Exchange<'_>) -> Answer {
    let id = find_domain_join(exchange)?.id.clone();
    let link = exchange.request.reference("deviceConfigurations")?;
    let link = find(exchange.state, &link)?.id.clone();
    exchange.state.configurations.update(&id, |of| {
        if !of.links.contains(&link) {
            of.links.push(link);
        }
    });
    Ok(Reply::NoContent)
}

pub(crate) fn remove_network(exchange: &mut Exchange<'_>) -> Answer {
    let found = find_domain_join(exchange)?;
    let link = exchange.parameter(1);
    let Some(link) = found.links.iter().find(|of| of.eq_ignore_ascii_case(link)).cloned() else {
        return Err(Failure::intune_not_found(link));
    };
    let id = found.id.clone();
    exchange.state.configurations.update(&id, |of| of.links.retain(|other| *other != link));
    Ok(Reply::NoContent)
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Entity, Failure> {
    state.configurations.get(id).ok_or_else(|| Failure::intune_not_found(id))
}

fn find_domain_join<'e>(exchange: &'e Exchange<'_>) -> Result<&'e Entity, Failure> {
    let id = exchange.parameter(0);
    let found = find(exchange.state, id)?;
    if found.type_name == DOMAIN_JOIN { Ok(found) } else { Err(Failure::intune_not_found(id)) }
}

/// Refuses a configuration that lacks a property.
fn check(state: &State, type_name: &str, settings: &Body) -> Result<(), Failure> {
    let missing =
        |name: &str| settings.get(name).is_none_or(|value| value.as_str().is_some_and(str::is_empty));
    let mut required = vec!["displayName"];
    if type_name == DOMAIN_JOIN {
        required.extend([
            "activeDirectoryDomainName",
            "computerNameStaticPrefix",
            "computerNameSuffixRandomCharCount",
        ]);
    }
    if let Some(name) = required.into_iter().find(|name| missing(name)) {
        return Err(Failure::refused(format!("The property {name} is required.")));
    }
    let suffix = settings.get("computerNameSuffixRandomCharCount").and_then(Value::as_i64);
    if type_name == DOMAIN_JOIN && !suffix.is_some_and(|count| (3..=14).contains(&count)) {
        return Err(Failure::refused("computerNameSuffixRandomCharCount must be between 3 and 14."));
    }
    let prefix = settings.get("computerNameStaticPrefix").and_then(Value::as_str).unwrap_or_default();
    let length = prefix.chars().count() + usize::try_from(suffix.unwrap_or_default()).unwrap_or_default();
    if type_name == DOMAIN_JOIN && length > 15 && state.options.quirks.long_computer_names_are_refused {
        return Err(Failure::refused(format!(
            "computerNameStaticPrefix and computerNameSuffixRandomCharCount make a name of {length} characters. A computer \
             name has at most 15."
        )));
    }
    Ok(())
}

fn view(found: &Entity, version: ApiVersion, expand: &[String]) -> Body {
    let mut view = found.view();
    let of = schema::find(&found.type_name).filter(|of| of.in_version(version));
    // A type that the version does not have shows as its base, with only the base's properties.
    let shown = of.map_or(BASE, |of| of.name);
    if of.is_none() {
        view.retain(|name, _| {
            name == "id" || schema::find(BASE).is_some_and(|base| base.property(name).is_some())
        });
    }
    view.insert("@odata.type".to_owned(), format!("#microsoft.graph.{shown}").into());
    schema::trim(&mut view, shown, version, true);
    if expand.iter().any(|name| name == "assignments") {
        view.insert("assignments".to_owned(), found.assignments_view(Owner::Configuration, version));
    }
    view
}

/// Adds a device configuration.
pub(crate) fn add(state: &mut State, type_name: &str, sent: Body) -> Result<String, Failure> {
    check(state, type_name, &sent)?;
    let mut settings = body([
        ("description", Value::Null),
        ("roleScopeTagIds", json!(["0"])),
        ("deviceManagementApplicabilityRuleOsEdition", Value::Null),
        ("deviceManagementApplicabilityRuleOsVersion", Value::Null),
        ("deviceManagementApplicabilityRuleDeviceMode", Value::Null),
    ]);
    if type_name == DOMAIN_JOIN {
        settings.insert("organizationalUnit".to_owned(), Value::Null);
    }
    settings.extend(sent);
    settings.extend(body([
        ("supportsScopeTags", true.into()),
        ("version", 1.into()),
        ("createdDateTime", date(Some(state.now))),
        ("lastModifiedDateTime", date(Some(state.now))),
    ]));
    let id = state.guid();
    state.configurations.insert(Entity::new(id.clone(), type_name, settings));
    Ok(id)
}
