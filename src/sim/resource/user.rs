//! Users.

use http::StatusCode;

use crate::sim::directory::User;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Version};
use crate::sim::odata::{self, DIRECTORY, Op, Rules, Selection, Support, Test};
use crate::sim::store::Body;

const TYPE: &str = "user";
const RULES: Rules = Rules {
    type_name: TYPE,
    order: &["displayName", "userPrincipalName"],
    filter,
    search: &["displayName", "givenName", "mail", "surname", "userPrincipalName"],
    ..DIRECTORY
};

/// What v1.0 shows of a user unless more is asked for.
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

pub(in crate::sim) fn list(exchange: &mut Exchange<'_>) -> Answer {
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

pub(in crate::sim) fn get(exchange: &mut Exchange<'_>) -> Answer {
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

pub(in crate::sim) fn view(exchange: &Exchange<'_>, user: &User, selected: bool) -> Body {
    let mut view = user.body.clone();
    if exchange.version == Version::V1 && !selected {
        view.retain(|name, _| DEFAULT.contains(&name.as_str()));
    }
    view
}
