//! Objects of the directory whose kind a request does not say.

use serde_json::Value;

use super::{directory_device, user};
use crate::sim::error::Failure;
use crate::sim::exchange::Exchange;
use crate::sim::rows::Kind;
use crate::sim::store::Body;

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

/// Returns how an answer shows an object among others.
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

/// Returns the id of the object that a link such as `https://graph.microsoft.com/v1.0/directoryObjects/{id}` names.
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
