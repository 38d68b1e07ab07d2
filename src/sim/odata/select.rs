//! `$select` and `$expand`.

use http::StatusCode;
use serde_json::Value;

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange};
use crate::sim::schema;
use crate::sim::store::Body;

/// The `$select` of a request, with what it expands.
pub(crate) struct Selection {
    names: Option<Vec<String>>,
    expand: Vec<Expand>,
}

/// One name in `$expand`, and the properties of the expanded objects that its own `$select` names.
struct Expand {
    name: String,
    select: Option<Vec<String>>,
}

impl Selection {
    /// Parses `$select` and refuses properties that `type_name` does not have.
    pub(crate) fn read(exchange: &Exchange<'_>, type_name: &str) -> Result<Self, Failure> {
        Ok(Self { names: selected(exchange, type_name)?, expand: expanded(exchange)? })
    }

    /// Returns the part after the collection's name in the context.
    pub(crate) fn suffix(&self) -> String {
        self.names.as_ref().map(|names| format!("({})", names.join(","))).unwrap_or_default()
    }

    /// Returns `true` if the request has a `$select`.
    pub(crate) fn is_given(&self) -> bool {
        self.names.is_some()
    }

    /// Keeps what was asked for, the type, and what was expanded.
    pub(crate) fn apply(&self, mut body: Body) -> Body {
        for Expand { name, select } in &self.expand {
            let (Some(select), Some((_, value))) = (select, body.iter_mut().find(|(key, _)| is(name, key)))
            else {
                continue;
            };
            match value {
                Value::Array(items) => {
                    items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| keep(item, select));
                }
                Value::Object(item) => keep(item, select),
                _ => {}
            }
        }
        if let Some(names) = &self.names {
            let expanded = self.expand.iter().map(|expand| &expand.name);
            let names: Vec<String> = names.iter().chain(expanded).cloned().collect();
            keep(&mut body, &names);
        }
        body
    }
}

fn is(name: &str, key: &str) -> bool {
    name.eq_ignore_ascii_case(key)
}

/// Keeps the properties with these names, what is said of them, and the type.
fn keep(body: &mut Body, names: &[String]) {
    body.retain(|key, _| {
        let about = key.split_once('@').map_or(key.as_str(), |(name, _)| name);
        about.is_empty() || names.iter().any(|name| is(name, key) || is(name, about))
    });
}

/// Reads the `$select` of a request; none if all properties are asked for.
pub(crate) fn selected(exchange: &Exchange<'_>, type_name: &str) -> Result<Option<Vec<String>>, Failure> {
    match exchange.request.option("$select") {
        Some(select) => names(exchange, type_name, select),
        None => Ok(None),
    }
}

/// Reads the names of a `$select`, in the spelling of the type; none if all properties are asked for.
fn names(exchange: &Exchange<'_>, type_name: &str, select: &str) -> Result<Option<Vec<String>>, Failure> {
    let names = select.split(',').map(str::trim).filter(|name| !name.is_empty());
    if names.clone().any(|name| name == "*") {
        return Ok(None);
    }
    let spelled = names.map(|name| {
        let spelling = schema::spelling(type_name, name, exchange.version);
        spelling.map(str::to_owned).ok_or_else(|| no_property(name, type_name))
    });
    let names: Vec<String> = spelled.collect::<Result<_, _>>()?;
    Ok((!names.is_empty()).then_some(names))
}

fn no_property(name: &str, type_name: &str) -> Failure {
    Failure::bad_request(format!(
        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
         'microsoft.graph.{type_name}'."
    ))
}

/// Answers one object of the collection at `path`, with the properties that `$select` names.
pub(crate) fn show(exchange: &Exchange<'_>, type_name: &str, path: &str, view: Body) -> Answer {
    let selection = Selection::read(exchange, type_name)?;
    let path = format!("{path}{}", selection.suffix());
    Ok(exchange.entity(StatusCode::OK, &path, selection.apply(view)))
}

/// Reads `$expand`. The options of a name stand in brackets behind it; of them, the service documents `$select`.
fn expanded(exchange: &Exchange<'_>) -> Result<Vec<Expand>, Failure> {
    let mut expanded = Vec::new();
    for item in outside_brackets(exchange.request.option("$expand").unwrap_or_default()) {
        let (name, options) = item.split_once('(').unwrap_or((item, ""));
        let mut select = None;
        if item.contains('(') {
            let syntax = || {
                Failure::bad_request(format!(
                    "Parsing OData Select and Expand failed: Syntax error in '{item}'."
                ))
            };
            let options = options.strip_suffix(')').ok_or_else(syntax)?;
            for option in options.split(';').filter(|option| !option.trim().is_empty()) {
                match option.split_once('=').map(|(key, value)| (key.trim(), value)) {
                    // The objects can be of any type.
                    Some((key, value)) if is("$select", key) || is("select", key) => {
                        select = names(exchange, "entity", value)?;
                    }
                    Some((key, _)) => {
                        return Err(Failure::bad_request(format!(
                            "The query option '{key}' is not supported inside '$expand'."
                        )));
                    }
                    None => return Err(syntax()),
                }
            }
        }
        expanded.push(Expand { name: name.trim().to_owned(), select });
    }
    Ok(expanded)
}

/// Splits a list at the commas that stand in no brackets.
fn outside_brackets(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let items = list.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    items.map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// Refuses an `$expand` of anything but `known`, and returns the names in the spelling of `known`.
pub(crate) fn check_expand(
    exchange: &Exchange<'_>,
    type_name: &str,
    known: &[&str],
) -> Result<Vec<String>, Failure> {
    let names = expanded(exchange)?.into_iter().map(|expand| {
        let spelling = known.iter().find(|known| is(known, &expand.name));
        spelling.map(|known| (*known).to_owned()).ok_or_else(|| no_property(&expand.name, type_name))
    });
    names.collect()
}
