//! A request with its tenant.

use http::StatusCode;
use serde_json::{Map, Value};

use super::reply::Reply;
use super::request::Request;
use crate::catalog::ApiVersion;
use crate::sim::state::State;

/// A request in its route.
pub(crate) struct Exchange<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) request: &'a Request,
    pub(crate) version: ApiVersion,
    /// The path's parameters.
    pub(crate) parameters: Vec<&'a str>,
}

impl<'a> Exchange<'a> {
    /// Returns the parameter of the path at `index`.
    pub(crate) fn parameter(&self, index: usize) -> &'a str {
        self.parameters.get(index).copied().unwrap_or_default()
    }

    /// Returns the `@odata.context` of an answer about `path`.
    pub(crate) fn context(&self, path: &str) -> String {
        format!("{}/{}/$metadata#{path}", self.request.origin, self.version.as_str())
    }

    /// Answers with one object, after its context.
    pub(crate) fn entity(&self, status: StatusCode, path: &str, body: Map<String, Value>) -> Reply {
        let mut object = Map::new();
        object.insert("@odata.context".to_owned(), format!("{}/$entity", self.context(path)).into());
        object.extend(body);
        Reply::Json(status, Value::Object(object))
    }
}
