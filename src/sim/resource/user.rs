//! Users.

use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::ApiVersion;
use crate::sim::auth;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange};
use crate::sim::odata::{self, DIRECTORY, Op, Rules, Selection, Support, Test};
use crate::sim::rows::{Kind, User};
use crate::sim::state::State;
use crate::sim::store::{Body, body, date};

const TYPE: &str = "user";
const RULES: Rules = Rules {
    type_name: TYPE,
    order: &["displayName", "userPrincipalName"],
    filter,
    search: &["displayName", "givenName", "mail", "surname", "userPrincipalName"],
    ..DIRECTORY
};

/// The properties of a user that v1.0 shows unless more are selected.
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (
            Op::Eq | Op::In,
            "id"
            | "displayName"
            | "userPrincipalName"
            | "mail"
            | "accountEnabled"
            | "givenName"
            | "surname"
            | "jobTitle"
            | "department"
            | "userType"
            | "usageLocation"
            | "onPremisesImmutableId"
            | "onPremisesSyncEnabled",
        )
        | (
            Op::StartsWith,
            "displayName" | "userPrincipalName" | "mail" | "givenName" | "surname" | "jobTitle"
            | "department",
        )
        | (Op::Ge | Op::Le, "createdDateTime" | "displayName" | "userPrincipalName") => Support::Yes,
        (Op::Ne | Op::EndsWith | Op::Gt | Op::Lt, _) => Support::Advanced,
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let selected = exchange.request.option("$select").is_some();
    let now = exchange.state.now;
    let table = &exchange.state.directory.users;
    odata::list_table(
        exchange,
        &RULES,
        "users",
        table,
        |of| of.is_visible(now),
        |of| view(exchange, of, selected),
    )
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let key = exchange.parameter(0);
    let state = &*exchange.state;
    let found = state.directory.user(key).filter(|of| of.is_visible(state.now));
    let found = found.ok_or_else(|| Failure::directory_not_found(key))?;
    let selection = Selection::read(exchange, TYPE)?;
    let path = format!("users{}", selection.suffix());
    let shown = view(exchange, found, selection.is_given());
    Ok(exchange.entity(StatusCode::OK, &path, selection.apply(shown)))
}

/// Answers the person who is signed in.
pub(crate) fn me(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let Some(found) = auth::person(exchange) else {
        return Err(Failure::bad_request("/me request is only valid with delegated authentication flow."));
    };
    let selection = Selection::read(exchange, TYPE)?;
    let path = format!("users{}", selection.suffix());
    let shown = view(exchange, found, selection.is_given());
    Ok(exchange.entity(StatusCode::OK, &path, selection.apply(shown)))
}

pub(crate) fn view(exchange: &Exchange<'_>, user: &User, selected: bool) -> Body {
    let mut view = user.body.clone();
    if exchange.version == ApiVersion::V1 && !selected {
        view.retain(|name, _| DEFAULT.contains(&name.as_str()));
    }
    view
}

/// Adds a user.
pub(crate) fn add(state: &mut State, upn: &str, licensed: bool) -> String {
    let id = state.guid();
    let name = upn.split('@').next().unwrap_or_default();
    let words = name.split(['.', '_', '-']).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(capitalized).collect();
    let (given, family) = (words.first().cloned(), words.get(1).cloned());
    let user = body([
        ("id", id.clone().into()),
        ("deletedDateTime", Value::Null),
        ("accountEnabled", true.into()),
        ("businessPhones", json!([])),
        ("createdDateTime", date(Some(state.now))),
        ("department", Value::Null),
        ("displayName", words.join(" ").into()),
        ("givenName", given.into()),
        ("jobTitle", Value::Null),
        ("mail", upn.into()),
        ("mobilePhone", Value::Null),
        ("officeLocation", Value::Null),
        ("onPremisesDistinguishedName", Value::Null),
        ("onPremisesDomainName", Value::Null),
        ("onPremisesImmutableId", Value::Null),
        ("onPremisesSamAccountName", Value::Null),
        ("onPremisesSecurityIdentifier", Value::Null),
        ("onPremisesSyncEnabled", Value::Null),
        ("onPremisesUserPrincipalName", Value::Null),
        ("preferredLanguage", Value::Null),
        ("surname", family.into()),
        ("usageLocation", "GB".into()),
        ("userPrincipalName", upn.into()),
        ("userType", "Member".into()),
        (
            "assignedLicenses",
            match licensed {
                true => json!([{"disabledPlans": [], "skuId": "05e9a617-0261-4cee-bb44-138d3ef5d965"}]),
                false => json!([]),
            },
        ),
    ]);
    let visible_at = state.now;
    state.directory.users.insert(User {
        id: id.clone(),
        body: user,
        licensed,
        groups: Vec::new(),
        visible_at,
    });
    state.directory.changes.note(Kind::User, &id);
    id
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
