//! Groups.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};

use super::{assignment, directory_object, membership};
use crate::model::rule::MembershipRule;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, DIRECTORY, Op, Rules, Support, Test};
use crate::sim::rows::{Group, Kind, LICENSES};
use crate::sim::schema;
use crate::sim::state::{Due, State};
use crate::sim::store::{Body, body, date, later};

const TYPE: &str = "group";
const RULES: Rules = Rules {
    type_name: TYPE,
    filter,
    search: &["displayName", "description", "mail", "mailNickname"],
    ..DIRECTORY
};

/// The maximum number of members of an expanded group.
const EXPANDED: usize = 20;

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (
            Op::Eq | Op::In,
            "id"
            | "displayName"
            | "mailNickname"
            | "mail"
            | "securityEnabled"
            | "mailEnabled"
            | "isAssignableToRole"
            | "onPremisesSyncEnabled"
            | "securityIdentifier"
            | "uniqueName",
        )
        | (Op::StartsWith, "displayName" | "mailNickname" | "mail" | "description")
        | (Op::Ge | Op::Le, "displayName" | "createdDateTime" | "mailNickname")
        | (Op::Eq, "createdDateTime" | "membershipRuleProcessingState")
        | (Op::AnyEq, "groupTypes") => Support::Yes,
        (Op::Ne | Op::EndsWith | Op::Gt | Op::Lt, _) => Support::Advanced,
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, TYPE, &["members", "owners"])?;
    let now = exchange.state.now;
    let table = &exchange.state.directory.groups;
    odata::list_table(
        exchange,
        &RULES,
        "groups",
        table,
        |of| of.is_visible(now),
        |of| view(exchange, of, &expand),
    )
}

pub(crate) fn count(exchange: &mut Exchange<'_>) -> Answer {
    let now = exchange.state.now;
    odata::count(
        exchange,
        &RULES,
        exchange.state.directory.groups.after(0).filter(|(_, of)| of.is_visible(now)),
    )
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, TYPE, &["members", "owners"])?;
    let found = find(exchange.state, exchange.parameter(0))?;
    odata::show(exchange, TYPE, "groups", view(exchange, found, &expand))
}

pub(crate) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let request = exchange.request.object()?;
    let (_, sent) = schema::check(TYPE, &request, exchange.reading())?;
    for name in ["displayName", "mailEnabled", "mailNickname", "securityEnabled"] {
        if sent.get(name).is_none_or(|value| value.is_null() || value == "") {
            return Err(Failure::directory(format!(
                "A value is required for property '{name}' of resource 'Group'."
            )));
        }
    }
    let members = directory_object::bound(exchange, &request, "members@odata.bind")?;
    let owners = owners(exchange, &request)?;
    if members.len() + owners.len() > 20 {
        return Err(Failure::directory("The request has more than 20 relationships."));
    }
    let mut group = body([
        ("deletedDateTime", Value::Null),
        ("classification", Value::Null),
        ("description", Value::Null),
        ("expirationDateTime", Value::Null),
        ("groupTypes", json!([])),
        ("isAssignableToRole", Value::Null),
        ("mail", Value::Null),
        ("membershipRule", Value::Null),
        ("membershipRuleProcessingState", Value::Null),
        ("onPremisesSyncEnabled", Value::Null),
        ("uniqueName", Value::Null),
        ("visibility", Value::Null),
    ]);
    group.extend(sent);
    let rule = check(&group)?;
    if rule.is_some() && !members.is_empty() {
        return Err(refuse_dynamic());
    }
    let id = insert(exchange.state, group, rule);
    exchange.state.directory.groups.update(&id, |group| group.owners = owners);
    for member in members {
        membership::join(exchange.state, &id, &member);
    }
    let group = exchange.state.directory.groups.get(&id).ok_or_else(|| Failure::directory_not_found(&id))?;
    let shown = view(exchange, group, &[]);
    Ok(exchange.entity(StatusCode::CREATED, "groups", shown))
}

/// Returns the owners in a body. Only users can be owners here.
fn owners(exchange: &Exchange<'_>, request: &Body) -> Result<Vec<String>, Failure> {
    let owners = directory_object::bound(exchange, request, "owners@odata.bind")?;
    owners.iter().try_for_each(|owner| check_owner(exchange.state, owner))?;
    if owners.iter().collect::<BTreeSet<_>>().len() < owners.len() {
        return Err(already_bound("owners"));
    }
    Ok(owners)
}

/// Refuses an owner that is not a user.
pub(crate) fn check_owner(state: &State, owner: &str) -> Result<(), Failure> {
    match state.directory.kind(owner) {
        Some(Kind::User) => Ok(()),
        _ => Err(Failure::directory(
            "The reference target of type 'owners' must be a user or a service principal.",
        )),
    }
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let request = exchange.request.object()?;
    let (_, sent) = schema::check(TYPE, &request, exchange.reading())?;
    let members = directory_object::bound(exchange, &request, "members@odata.bind")?;
    if members.len() > 20 {
        return Err(Failure::directory("The request has more than 20 relationships."));
    }
    let found = find(exchange.state, exchange.parameter(0))?;
    let id = found.id.clone();
    if members.iter().any(|member| found.has(member)) {
        return Err(already_member());
    }
    if sent.contains_key("isAssignableToRole")
        && sent.get("isAssignableToRole") != found.body.get("isAssignableToRole")
    {
        return Err(Failure::directory("Property 'isAssignableToRole' is read-only and cannot be set."));
    }
    let mut group = found.body.clone();
    group.extend(sent.clone());
    let rule = check(&group)?;
    if !members.is_empty() && is_dynamic(&group) {
        return Err(refuse_dynamic());
    }
    change(exchange.state, &id, rule, |group| group.extend(sent));
    for member in members {
        exchange
            .state
            .plan(exchange.state.options.lag.directory, Due::MemberJoins { group: id.clone(), member });
    }
    Ok(Reply::NoContent)
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.plan(exchange.state.options.lag.directory, Due::GroupGoes(id));
    Ok(Reply::NoContent)
}

pub(crate) fn find<'s>(state: &'s State, id: &str) -> Result<&'s Group, Failure> {
    let found = state.directory.groups.get(id).filter(|of| of.is_visible(state.now));
    found.ok_or_else(|| Failure::directory_not_found(id))
}

pub(crate) fn already_member() -> Failure {
    already_bound("members")
}

pub(crate) fn already_bound(property: &str) -> Failure {
    Failure::directory(format!(
        "One or more added object references already exist for the following modified properties: '{property}'."
    ))
}

/// Returns the refusal to change the members of a dynamic group.
pub(crate) fn refuse_dynamic() -> Failure {
    Failure::plain(
        StatusCode::FORBIDDEN,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation. The membership of the group is dynamic.",
    )
}

fn is_dynamic(group: &Body) -> bool {
    let types = group.get("groupTypes").and_then(Value::as_array);
    types.into_iter().flatten().any(|of| of == "DynamicMembership")
}

/// Checks a whole group, and returns its rule if it is evaluated.
fn check(group: &Body) -> Result<Option<MembershipRule>, Failure> {
    let text = |name: &str| group.get(name).and_then(Value::as_str).unwrap_or_default();
    let invalid = |name: &str| {
        Failure::directory(format!("Invalid value specified for property '{name}' of resource 'Group'."))
    };
    let name = text("displayName");
    if name.is_empty() || name.chars().count() > 256 {
        return Err(invalid("displayName"));
    }
    let nickname = text("mailNickname");
    let refused = |c: char| !c.is_ascii() || c.is_ascii_control() || r#"@()\[]";:.<>, "#.contains(c);
    if nickname.is_empty() || nickname.chars().count() > 64 || nickname.chars().any(refused) {
        return Err(invalid("mailNickname"));
    }
    let types = group.get("groupTypes").and_then(Value::as_array);
    if types.into_iter().flatten().any(|of| of != "DynamicMembership" && of != "Unified") {
        return Err(invalid("groupTypes"));
    }
    let flag = |name: &str| group.get(name).and_then(Value::as_bool).unwrap_or_default();
    if !flag("securityEnabled") && !flag("mailEnabled") {
        return Err(Failure::directory("The group must be security-enabled or mail-enabled."));
    }
    let state = text("membershipRuleProcessingState");
    if !["", "On", "Paused"].contains(&state) {
        return Err(invalid("membershipRuleProcessingState"));
    }
    if !is_dynamic(group) {
        return match group.get("membershipRule") {
            Some(Value::String(_)) => Err(invalid("membershipRule")),
            _ => Ok(None),
        };
    }
    if flag("isAssignableToRole") {
        return Err(Failure::directory(
            "A group that can be assigned to a role cannot have a dynamic membership.",
        ));
    }
    if text("membershipRule").is_empty() || state.is_empty() {
        return Err(Failure::directory(
            "A dynamic group needs both membershipRule and membershipRuleProcessingState.",
        ));
    }
    match text("membershipRule").parse::<MembershipRule>() {
        Ok(rule) => Ok((state == "On").then_some(rule)),
        // A rule over users is none of this tenant's business; it has no members.
        Err(_) if text("membershipRule").contains("user.") => Ok(None),
        Err(error) => Err(Failure::plain(
            StatusCode::BAD_REQUEST,
            "DynamicGroupQueryParseError",
            format!("Invalid operation: the membership rule is not valid: {}", error.problem()),
        )),
    }
}

fn view(exchange: &Exchange<'_>, group: &Group, expand: &[String]) -> Body {
    let mut view = group.view(exchange.state.now, exchange.version);
    let selected = exchange.request.option("$select").unwrap_or_default();
    if selected.split(',').any(|name| name.trim().eq_ignore_ascii_case(LICENSES)) {
        let licenses = group.body.get(LICENSES).cloned();
        view.insert(LICENSES.to_owned(), licenses.unwrap_or_else(|| json!([])));
    }
    for name in expand {
        let ids: Vec<&str> = match name.as_str() {
            "members" => group.members_after(0).map(|(_, id)| id).take(EXPANDED).collect(),
            _ => group.owners.iter().map(String::as_str).take(EXPANDED).collect(),
        };
        let objects = ids.into_iter().filter_map(|id| directory_object::view(exchange, id));
        view.insert(name.clone(), objects.map(Value::Object).collect());
    }
    view
}

/// Adds a group. `rule` must match the body.
pub(crate) fn insert(state: &mut State, mut body: Body, rule: Option<MembershipRule>) -> String {
    let id = state.guid();
    let lag = state.options.lag.directory;
    body.insert("id".to_owned(), id.clone().into());
    body.insert("createdDateTime".to_owned(), date(Some(state.now)));
    body.insert("securityIdentifier".to_owned(), security_identifier(&id).into());
    let dynamic = rule.is_some();
    let visible_at = later(state.now, lag);
    state.directory.groups.insert(Group::new(id.clone(), body, rule, visible_at));
    state.directory.changes.note(Kind::Group, &id);
    if dynamic {
        state.plan(state.options.lag.dynamic_group, Due::GroupIsEvaluated(id.clone()));
    }
    id
}

/// Changes a group's properties; reads return them after the directory's lag.
pub(crate) fn change(
    state: &mut State,
    id: &str,
    rule: Option<MembershipRule>,
    change: impl FnOnce(&mut Body),
) {
    let until = later(state.now, state.options.lag.directory);
    let now = state.now;
    let dynamic = rule.is_some();
    state.directory.groups.update(id, |group| {
        group.rule = rule;
        group.change(now, until, change);
    });
    state.directory.changes.note(Kind::Group, id);
    if dynamic {
        state.plan(state.options.lag.dynamic_group, Due::GroupIsEvaluated(id.to_owned()));
    }
}

/// Removes a group; assignments to it remain for a week.
pub(crate) fn remove(state: &mut State, id: &str) {
    let Some(group) = state.directory.groups.get(id) else { return };
    let members: Vec<String> = group.members_after(0).map(|(_, member)| member.to_owned()).collect();
    for member in members {
        membership::leave(state, id, &member);
    }
    membership::leave_all_groups(state, id);
    state.directory.groups.remove(id);
    state.directory.changes.note(Kind::Group, id);
    // Nothing can be assigned to a group that is gone.
    if assignment::is_assigned_to(state, id) {
        state.plan(assignment::ORPHANS_STAY, Due::OrphansGo(id.to_owned()));
    }
}

/// Derives a security identifier from an object id, as the service does.
fn security_identifier(id: &str) -> String {
    let hex: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let bits = u128::from_str_radix(&hex, 16).unwrap_or_default();
    let parts = bits.to_be_bytes();
    let numbers =
        parts.chunks(4).map(|part| part.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte)).to_string());
    format!("S-1-12-1-{}", numbers.collect::<Vec<_>>().join("-"))
}
