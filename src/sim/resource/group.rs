//! Groups.

use http::StatusCode;
use serde_json::{Value, json};

use super::member::{bound, refuse_dynamic, view_member};
use crate::model::rule::MembershipRule;
use crate::sim::directory::Group;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, DIRECTORY, Op, Rules, Selection, Support, Test};
use crate::sim::schema;
use crate::sim::state::{Due, State, body};
use crate::sim::store::Body;

const TYPE: &str = "group";
const RULES: Rules = Rules {
    type_name: TYPE,
    filter,
    search: &["displayName", "description", "mail", "mailNickname"],
    ..DIRECTORY
};

/// Members that an expanded group shows at most.
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

pub(in crate::sim) fn list(exchange: &mut Exchange<'_>) -> Answer {
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

pub(in crate::sim) fn count(exchange: &mut Exchange<'_>) -> Answer {
    let now = exchange.state.now;
    odata::count(
        exchange,
        &RULES,
        exchange.state.directory.groups.after(0).filter(|(_, of)| of.is_visible(now)),
    )
}

pub(in crate::sim) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, TYPE, &["members", "owners"])?;
    let found = find(exchange.state, exchange.parameter(0))?;
    let selection = Selection::read(exchange, TYPE)?;
    let path = format!("groups{}", selection.suffix());
    Ok(exchange.entity(StatusCode::OK, &path, selection.apply(view(exchange, found, &expand))))
}

pub(in crate::sim) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let request = exchange.request.object()?;
    let (_, sent) = schema::check(TYPE, &request, exchange.version)?;
    for name in ["displayName", "mailEnabled", "mailNickname", "securityEnabled"] {
        if sent.get(name).is_none_or(|value| value.is_null() || value == "") {
            return Err(Failure::directory(format!(
                "A value is required for property '{name}' of resource 'Group'."
            )));
        }
    }
    let members = bound(exchange, &request, "members@odata.bind")?;
    let owners = bound(exchange, &request, "owners@odata.bind")?;
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
    let id = exchange.state.insert_group(group, rule);
    for member in members {
        exchange.state.join(&id, &member);
    }
    let group = exchange.state.directory.groups.get(&id).ok_or_else(|| Failure::directory_not_found(&id))?;
    let shown = view(exchange, group, &[]);
    Ok(exchange.entity(StatusCode::CREATED, "groups", shown))
}

pub(in crate::sim) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let request = exchange.request.object()?;
    let (_, sent) = schema::check(TYPE, &request, exchange.version)?;
    let members = bound(exchange, &request, "members@odata.bind")?;
    if members.len() > 20 {
        return Err(Failure::directory("The request has more than 20 relationships."));
    }
    let found = find(exchange.state, exchange.parameter(0))?;
    let id = found.id.clone();
    if let Some(member) = members.iter().find(|member| found.has(member)) {
        return Err(already_member(member));
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
    exchange.state.change_group(&id, rule, |group| group.extend(sent));
    for member in members {
        exchange
            .state
            .plan(exchange.state.options.lag.directory, Due::MemberJoins { group: id.clone(), member });
    }
    Ok(Reply::NoContent)
}

pub(in crate::sim) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.plan(exchange.state.options.lag.directory, Due::GroupGoes(id));
    Ok(Reply::NoContent)
}

pub(in crate::sim) fn find<'s>(state: &'s State, id: &str) -> Result<&'s Group, Failure> {
    let found = state.directory.groups.get(id).filter(|of| of.is_visible(state.now));
    found.ok_or_else(|| Failure::directory_not_found(id))
}

pub(in crate::sim) fn already_member(id: &str) -> Failure {
    let _ = id;
    Failure::directory(
        "One or more added object references already exist for the following modified properties: 'members'.",
    )
}

fn is_dynamic(group: &Body) -> bool {
    let types = group.get("groupTypes").and_then(Value::as_array);
    types.into_iter().flatten().any(|of| of == "DynamicMembership")
}

/// Checks a group as a whole, and gives the rule if it is to be evaluated.
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

pub(in crate::sim) fn view(exchange: &Exchange<'_>, group: &Group, expand: &[String]) -> Body {
    let mut view = group.seen(exchange.state.now).clone();
    for name in expand {
        let members: Vec<Value> = match name.as_str() {
            "members" => group
                .members_after(0)
                .take(EXPANDED)
                .filter_map(|(_, id)| view_member(exchange, id))
                .map(Value::Object)
                .collect(),
            _ => Vec::new(),
        };
        view.insert(name.clone(), members.into());
    }
    schema::trim(&mut view, TYPE, exchange.version, true);
    view
}
