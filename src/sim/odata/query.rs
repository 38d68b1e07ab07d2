//! Parses a request's query options and checks them against its collection's rules.

use std::borrow::Cow;

use http::StatusCode;

use serde_json::Value;

use super::filter::{Filter, Op, Test};
use super::position::{self, Position};
use super::rules::{Rules, Support};
use crate::sim::error::Failure;
use crate::sim::exchange::{Exchange, Request};
use crate::sim::schema;

/// The checked query options of a request.
pub(super) struct Query {
    pub(super) filter: Option<Filter>,
    /// Properties to sort by, in order of precedence, and whether each is descending.
    pub(super) order: Vec<(&'static str, bool)>,
    pub(super) page: usize,
    pub(super) position: Position,
    pub(super) count: bool,
}

/// Query options that Graph knows.
const OPTIONS: [&str; 11] = [
    "$select",
    "$filter",
    "$orderby",
    "$top",
    "$skip",
    "$skiptoken",
    "$expand",
    "$search",
    "$count",
    "$format",
    "$deltatoken",
];

/// Options for collections only.
const OF_COLLECTIONS: [&str; 5] = ["$filter", "$orderby", "$top", "$skip", "$count"];

/// Refuses options that are unknown, repeated, or not applicable to a single object.
pub(crate) fn check_options(request: &Request, single: bool) -> Result<(), Failure> {
    let mut seen = Vec::new();
    for (name, value) in request.query.iter().filter(|(name, _)| name.starts_with('$')) {
        let name = name.to_ascii_lowercase();
        if !OPTIONS.contains(&name.as_str()) {
            return Err(Failure::bad_request(format!("The query parameter '{name}' is not supported.")));
        }
        if single && OF_COLLECTIONS.contains(&name.as_str()) {
            return Err(Failure::bad_request(
                "The query specified in the URI is not valid. Query options $filter, $orderby, $count, $skip, and $top \
                 can be applied only on collections.",
            ));
        }
        if name == "$count" && !["true", "false"].contains(&value.to_ascii_lowercase().as_str()) {
            return Err(Failure::bad_request(format!(
                "Invalid value '{value}' for $count query option found. Valid values are 'true' and 'false'."
            )));
        }
        if seen.contains(&name) {
            return Err(Failure::bad_request(format!(
                "Query option '{name}' was specified more than once, but it must be specified at most once."
            )));
        }
        seen.push(name);
    }
    Ok(())
}

/// Parses the query options and refuses unsupported ones.
pub(super) fn read(exchange: &Exchange<'_>, rules: &Rules) -> Result<Query, Failure> {
    let request = exchange.request;
    let intune = request.is_intune();
    let counted = request.option("$count").is_some_and(|count| count.eq_ignore_ascii_case("true"));
    let advanced = request.eventual() && counted;
    let filter = read_filter(exchange, rules, advanced)?;
    let search = read_search(request, rules)?;
    let filter = match (filter, search) {
        (Some(filter), Some(search)) => Some(Filter::And(Box::new(filter), Box::new(search))),
        (filter, search) => filter.or(search),
    };
    let mut order = Vec::new();
    for orderby in request.option("$orderby").into_iter().flat_map(|all| all.split(',')) {
        let (property, direction) = orderby.trim().split_once(' ').unwrap_or((orderby.trim(), "asc"));
        let descending = match direction.trim().to_ascii_lowercase().as_str() {
            "asc" => false,
            "desc" => true,
            other => {
                return Err(Failure::bad_request(format!(
                    "Syntax error: '{other}' is not a direction in '{orderby}'."
                )));
            }
        };
        let Some(property) = rules.order.iter().find(|name| name.eq_ignore_ascii_case(property)) else {
            let message = format!("Order by '{property}' is not supported.");
            return Err(if intune { Failure::refused(message) } else { unsupported(message) });
        };
        if !intune && filter.is_some() && !advanced {
            return Err(unsupported("Sorting not supported for current query."));
        }
        order.push((*property, descending));
    }
    let mut page = exchange.state.options.page_size.unwrap_or(rules.page).min(rules.most);
    if let Some(top) = number(request, "$top")? {
        if !intune && (top == 0 || top > rules.most) {
            return Err(unsupported(format!(
                "Invalid page size specified: '{top}'. Must be between 1 and {} inclusive.",
                rules.most
            )));
        }
        page = top.clamp(1, rules.most);
    }
    let skip = number(request, "$skip")?.unwrap_or(0);
    if request.option("$skip").is_some() && !rules.skip {
        return Err(unsupported("'$skip' is not supported by the service."));
    }
    let position = match request.option("$skiptoken") {
        Some(token) => position::read(exchange, token)?,
        None => Position::Start { skip },
    };
    Ok(Query { filter, order, page, position, count: counted && (intune || request.eventual()) })
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Failure> {
    let Some(text) = request.option(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Failure::bad_request(format!("Invalid value '{text}' for {name} query option found. The {name} query option requires a non-negative integer value."))
    })
}

/// Parses the `$filter` of a request.
pub(super) fn read_filter(
    exchange: &Exchange<'_>,
    rules: &Rules,
    advanced: bool,
) -> Result<Option<Filter>, Failure> {
    let request = exchange.request;
    let Some(text) = request.option("$filter") else { return Ok(None) };
    let intune = request.is_intune();
    let Some(mut filter) = Filter::parse(text) else {
        return Err(Failure::bad_request("Invalid filter clause: Syntax error."));
    };
    let spelling = |name: &str| schema::spelling(rules.type_name, name, exchange.version).map(str::to_owned);
    filter.spell(&spelling).map_err(|name| {
        Failure::bad_request(format!(
            "Invalid filter clause: Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
            rules.type_name
        ))
    })?;
    for test in filter.tests() {
        let is_wrong = |value: &&Value| value.as_str().is_some_and(|text| !schema::is_time(text));
        if schema::is_time_of(rules.type_name, &test.property)
            && let Some(value) = test.values.iter().find(is_wrong)
        {
            return Err(Failure::bad_request(format!(
                "Invalid filter clause: {value} is not a literal of type 'Edm.DateTimeOffset'."
            )));
        }
        match (rules.filter)(test) {
            Support::Yes => {}
            Support::Advanced if advanced => {}
            Support::No if is_documented(rules, test) => {}
            Support::Quirk(takes) if takes(&exchange.state.options.quirks) => {}
            Support::Breaks => {
                return Err(Failure::intune(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalServerError",
                    "An internal server error has occurred",
                ));
            }
            _ if intune => {
                return Err(Failure::refused(
                    "The query specified in the URI is not valid. Filter is not supported.",
                ));
            }
            _ => {
                return Err(unsupported(
                    "Unsupported or invalid query filter clause specified for property.",
                ));
            }
        }
    }
    if filter.has_not() && !intune && !advanced {
        return Err(unsupported("Unsupported Query."));
    }
    Ok(Some(filter))
}

/// Returns `true` if the description of a property has the operator of a comparison.
fn is_documented(rules: &Rules, test: &Test) -> bool {
    let operator = match test.op {
        Op::Eq => "eq",
        Op::Ge => "ge",
        Op::Gt => "gt",
        Op::Le => "le",
        Op::Lt => "lt",
        Op::In => "in",
        Op::StartsWith => "startsWith",
        _ => return false,
    };
    schema::is_filterable(rules.type_name, &test.property, operator)
}

/// Parses the `$search` of a request as a filter.
fn read_search(request: &Request, rules: &Rules) -> Result<Option<Filter>, Failure> {
    let Some(text) = request.option("$search") else { return Ok(None) };
    if request.is_intune() {
        return Err(Failure::refused(
            "The query specified in the URI is not valid. $search is not supported.",
        ));
    }
    if !request.eventual() {
        return Err(unsupported(
            "Request with $search query parameter only works through MSGraph with a special request header: \
             'ConsistencyLevel: eventual'",
        ));
    }
    let Some(search) = Filter::parse_search(text) else {
        return Err(Failure::bad_request(format!("Syntax error: the value of $search is not valid: {text}")));
    };
    match search.tests().iter().find(|test| !rules.search.contains(&test.property.as_str())) {
        Some(test) => Err(unsupported(format!("Unsupported property '{}' in $search.", test.property))),
        None => Ok(Some(search)),
    }
}

fn unsupported(message: impl Into<Cow<'static, str>>) -> Failure {
    Failure::plain(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
}
