//! A request with its tenant.

use http::StatusCode;
use serde_json::{Map, Value};

use super::reply::Reply;
use super::request::Request;
use crate::catalog::ApiVersion;
use crate::sim::error::Failure;
use crate::sim::schema::{self, Reading, Type};
use crate::sim::state::State;
use crate::sim::store::Body;

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

    /// Returns the way to read the request's body.
    pub(crate) fn reading(&self) -> Reading {
        self.state.reading(self.version)
    }

    /// Returns the request's body as a `declared`: its type, and what of it is to be kept.
    pub(crate) fn sent(&self, declared: &str) -> Result<(&'static Type, Body), Failure> {
        schema::check(declared, &self.request.object()?, self.reading())
    }

    /// Returns the `@odata.context` of an answer about `path`.
    pub(crate) fn context(&self, path: &str) -> String {
        format!("{}/{}/$metadata#{path}", self.request.origin, self.version.as_str())
    }

    /// Answers the deletion of a profile, page or configuration.
    pub(crate) fn deleted(&self) -> Reply {
        match self.state.options.quirks.deletion_answers_ok {
            true => Reply::Empty,
            false => Reply::NoContent,
        }
    }

    /// Answers with one object, after its context.
    pub(crate) fn entity(&self, status: StatusCode, path: &str, body: Map<String, Value>) -> Reply {
        let mut object = Map::new();
        object.insert("@odata.context".to_owned(), format!("{}/$entity", self.context(path)).into());
        object.extend(body);
        Reply::Json(status, Value::Object(object))
    }
}
