//! Directory objects of a kind that the request does not name.

use http::StatusCode;
use serde_json::Value;

use super::{directory_device, user};
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange};
use crate::sim::odata;
use crate::sim::rows::Kind;
use crate::sim::store::Body;

/// The maximum number of ids that one request may ask for.
const MOST: usize = 1000;

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let id = exchange.parameter(0);
    odata::check_expand(exchange, "directoryObject", &[])?;
    let view = view(exchange, id).ok_or_else(|| Failure::directory_not_found(id))?;
    Ok(exchange.entity(StatusCode::OK, "directoryObjects", view))
}

/// Answers the objects with given ids. Those that do not exist, or are of another kind, are left out.
pub(crate) fn get_by_ids(exchange: &mut Exchange<'_>) -> Answer {
    let sent = exchange.request.parameters("getByIds", &["ids", "types"])?;
    let texts = |name: &str| match sent.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            Ok(items.iter().filter_map(Value::as_str).collect())
        }
        Some(_) => Err(Failure::directory(format!("The value of '{name}' is not a collection of strings."))),
    };
    let (ids, types) = (texts("ids")?, texts("types")?);
    if ids.is_empty() || ids.len() > MOST {
        return Err(Failure::directory(format!("The value of 'ids' needs 1 to {MOST} ids.")));
    }
    let is_of = |view: &Body| {
        let kind = view.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
        let kind = kind.trim_start_matches("#microsoft.graph.");
        types.is_empty()
            || types
                .iter()
                .any(|name| [kind, "directoryObject"].iter().any(|of| of.eq_ignore_ascii_case(name)))
    };
    let found: Vec<Body> = ids.into_iter().filter_map(|id| view(exchange, id)).filter(is_of).collect();
    Ok(odata::collection(exchange, "directoryObjects", found))
}

/// Returns the id of the object that the body of a `$ref` names.
pub(crate) fn linked(exchange: &Exchange<'_>) -> Result<String, Failure> {
    let sent = exchange.request.object()?;
    let link = sent.get("@odata.id").and_then(Value::as_str).ok_or_else(|| {
        Failure::directory("The body of a request to add a reference must have an @odata.id property.")
    })?;
    id(exchange, link)
}

/// Returns the ids of the objects that a body binds.
pub(crate) fn bound(exchange: &Exchange<'_>, body: &Body, key: &str) -> Result<Vec<String>, Failure> {
    let sent = body.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    let links = match sent.map(|(_, value)| value) {
        None => return Ok(Vec::new()),
        Some(Value::Array(links)) => links,
        Some(_) => return Err(Failure::directory(format!("The value of '{key}' is not a collection."))),
    };
    links.iter().map(|link| id(exchange, link.as_str().unwrap_or_default())).collect()
}

/// Returns an object in the form for mixed lists.
pub(crate) fn view(exchange: &Exchange<'_>, id: &str) -> Option<Body> {
    let directory = &exchange.state.directory;
    let kind = directory.kind(id)?;
    let mut view = match kind {
        Kind::Device => directory_device::view(exchange, directory.devices.get(id)?),
        Kind::User => user::view(exchange, directory.users.get(id)?, false),
        Kind::Group => directory.groups.get(id)?.view(exchange.state.now, exchange.version),
    };
    view.insert("@odata.type".to_owned(), format!("#microsoft.graph.{}", kind.type_name()).into());
    Some(view)
}

/// Returns the id in a link such as `https://graph.microsoft.com/v1.0/directoryObjects/{id}`.
pub(crate) fn id(exchange: &Exchange<'_>, link: &str) -> Result<String, Failure> {
    let last = link.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (collection, id) = match last.split_once("('") {
        Some((collection, rest)) => (collection, rest.trim_end_matches("')")),
        None => (link.trim_end_matches('/').rsplit('/').nth(1).unwrap_or_default(), last),
    };
    let known = ["directoryObjects", "devices", "users", "groups"];
    if !known.iter().any(|of| of.eq_ignore_ascii_case(collection)) {
        return Err(Failure::directory("Invalid URL format specified in payload."));
    }
    let directory = &exchange.state.directory;
    let found = directory.kind(id).and_then(|kind| match kind {
        Kind::Device => directory.devices.get(id).map(|of| of.id.clone()),
        Kind::User => directory.users.get(id).map(|of| of.id.clone()),
        Kind::Group => directory.groups.get(id).map(|of| of.id.clone()),
    });
    found.ok_or_else(|| Failure::directory_not_found(id))
}
