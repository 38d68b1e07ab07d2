//! Routes that a test adds to its tenant.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::error::Failure;
use super::exchange::{Answer, Reply, Request, segments};
use super::need::Need;
use super::template;
use crate::catalog::ApiVersion;

/// A request to a route added with [`TenantBuilder::with_route`](super::TenantBuilder::with_route).
#[derive(Debug)]
pub struct RouteRequest {
    request: Request,
    version: ApiVersion,
    parameters: Vec<(String, String)>,
}

impl RouteRequest {
    /// Returns the method.
    pub fn method(&self) -> &Method {
        &self.request.method
    }

    /// Returns the Graph version.
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// Returns the path after the API version, as sent.
    pub fn path(&self) -> &str {
        &self.request.path
    }

    /// Returns the decoded segment that `{name}` matches.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a query option such as `$top`, decoded.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.request.option(name)
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    /// Returns the body.
    pub fn body(&self) -> &Bytes {
        &self.request.body
    }

    /// Returns the body as JSON; null if the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.request.body).unwrap_or_default()
    }
}

/// The response from a route added with [`TenantBuilder::with_route`](super::TenantBuilder::with_route). The tenant
/// adds the usual headers, such as the request's ids and the date.
///
/// ```
/// use windows_autopilot::serde_json::json;
/// use windows_autopilot::sim::RouteAnswer;
/// let found = RouteAnswer::json(200, json!({ "id": "7" }));
/// let missing = RouteAnswer::error(404, "ResourceNotFound", "there is no thing 7");
/// ```
#[derive(Debug, Clone)]
#[must_use = "an answer does nothing until the route returns it"]
pub struct RouteAnswer(Content);

#[derive(Debug, Clone)]
enum Content {
    Reply(Reply),
    Error { status: StatusCode, code: String, message: String },
}

impl RouteAnswer {
    /// Creates a response with a JSON body. An invalid HTTP status becomes 500.
    pub fn json(status: u16, body: impl Into<Value>) -> Self {
        Self(Content::Reply(Reply::Json(status_of(status), body.into())))
    }

    /// Creates a 200 response with plain text, for example for `/$count`.
    pub fn text(body: impl Into<String>) -> Self {
        Self(Content::Reply(Reply::Text(body.into())))
    }

    /// Creates a 204 response without a body.
    pub fn no_content() -> Self {
        Self(Content::Reply(Reply::NoContent))
    }

    /// Creates an error in Graph's format, with a nested Intune error for paths below `/deviceManagement`. An invalid
    /// HTTP status becomes 500.
    pub fn error(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Content::Error { status: status_of(status), code: code.into(), message: message.into() })
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

type Handler = dyn Fn(&RouteRequest) -> RouteAnswer + Send + Sync;

/// A route that a test adds to its tenant.
#[derive(Clone)]
pub(super) struct TaughtRoute {
    pub(super) method: Method,
    /// The template in the form of request segments.
    pub(super) template: String,
    pub(super) need: Need,
    handle: Arc<Handler>,
}

impl fmt::Debug for TaughtRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.template)
    }
}

impl TaughtRoute {
    pub(super) fn new(
        method: Method,
        path: &str,
        permissions: &'static [&'static str],
        handle: impl Fn(&RouteRequest) -> RouteAnswer + Send + Sync + 'static,
    ) -> Self {
        let need = Need { delegated: permissions, application: permissions, all: false };
        Self { method, template: format!("/{}", segments(path).join("/")), need, handle: Arc::new(handle) }
    }

    /// Returns the number of literal segments if a path matches.
    pub(super) fn words(&self, segments: &[String]) -> Option<usize> {
        template::parameters(&self.template, segments).map(|(_, words)| words)
    }

    /// Answers a matching request.
    pub(super) fn answer(&self, request: &Request, version: ApiVersion) -> Answer {
        let names = self.template.split('/').filter_map(|word| word.strip_prefix('{')?.strip_suffix('}'));
        let (values, _) = template::parameters(&self.template, &request.segments).unwrap_or_default();
        let parameters = names.zip(values).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let request = RouteRequest { request: request.clone(), version, parameters };
        match (self.handle)(&request).0 {
            Content::Reply(reply) => Ok(reply),
            Content::Error { status, code, message } if request.request.is_intune() => {
                Err(Failure::intune(status, code, message))
            }
            Content::Error { status, code, message } => Err(Failure::plain(status, code, message)),
        }
    }
}
