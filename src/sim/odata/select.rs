//! `$select` and `$expand`.

use http::StatusCode;

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Request};
use crate::sim::schema;
use crate::sim::store::Body;

/// The `$select` of a request.
pub(crate) struct Selection {
    names: Option<Vec<String>>,
    expand: Vec<String>,
}

impl Selection {
    /// Parses `$select` and refuses properties that `type_name` does not have.
    pub(crate) fn read(exchange: &Exchange<'_>, type_name: &str) -> Result<Self, Failure> {
        let Some(select) = exchange.request.option("$select") else { return Ok(Self::everything()) };
        let names: Vec<String> =
            select.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| name == "*") {
            return Ok(Self::everything());
        }
        for name in &names {
            if !schema::has_property(type_name, name, exchange.version) {
                return Err(Failure::bad_request(format!(
                    "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
                     'microsoft.graph.{type_name}'."
                )));
            }
        }
        let expand = expanded(exchange.request);
        Ok(Self { names: (!names.is_empty()).then_some(names), expand })
    }

    fn everything() -> Self {
        Self { names: None, expand: Vec::new() }
    }

    /// Returns the part after the collection's name in the context.
    pub(crate) fn suffix(&self) -> String {
        self.names.as_ref().map(|names| format!("({})", names.join(","))).unwrap_or_default()
    }

    /// Returns `true` if the request has a `$select`.
    pub(crate) fn is_given(&self) -> bool {
        self.names.is_some()
    }

    /// Keeps the selected properties, the type, and expanded properties.
    pub(crate) fn apply(&self, body: Body) -> Body {
        let Some(names) = &self.names else { return body };
        let wanted = |key: &str| {
            key.starts_with("@odata.")
                || names.iter().chain(&self.expand).any(|name| {
                    name.eq_ignore_ascii_case(key)
                        || key.split_once('@').is_some_and(|(name_of, _)| name == name_of)
                })
        };
        body.into_iter().filter(|(key, _)| wanted(key)).collect()
    }
}

/// Answers with one object of the collection at `path`, with the selected properties.
pub(crate) fn show(exchange: &Exchange<'_>, type_name: &str, path: &str, view: Body) -> Answer {
    let selection = Selection::read(exchange, type_name)?;
    let path = format!("{path}{}", selection.suffix());
    Ok(exchange.entity(StatusCode::OK, &path, selection.apply(view)))
}

/// Returns the names in `$expand`, without nested options.
pub(crate) fn expanded(request: &Request) -> Vec<String> {
    let expand = request.option("$expand").unwrap_or_default();
    let names = expand.split(',').map(|name| name.split('(').next().unwrap_or_default().trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// Refuses an `$expand` of anything but `known`.
pub(crate) fn check_expand(
    exchange: &Exchange<'_>,
    type_name: &str,
    known: &[&str],
) -> Result<Vec<String>, Failure> {
    let names = expanded(exchange.request);
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Failure::bad_request(format!(
            "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
             'microsoft.graph.{type_name}'."
        ))),
        None => Ok(names),
    }
}
