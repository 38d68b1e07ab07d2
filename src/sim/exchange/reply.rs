//! The answers of a route.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::request::Request;
use crate::sim::error::Failure;

/// A successful answer.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    NoContent,
    /// Status 200 without a body.
    Empty,
    Json(StatusCode, Value),
    /// Serialized JSON, with status 200.
    Raw(Bytes),
    Text(String),
    /// The unanswered parts of a batch.
    Batch(Vec<Part>),
}

/// One request of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) id: String,
    pub(crate) depends_on: Vec<String>,
    pub(crate) request: Request,
}

impl Reply {
    pub(crate) fn ok(value: impl Into<Value>) -> Self {
        Self::Json(StatusCode::OK, value.into())
    }
}

pub(crate) type Answer = Result<Reply, Failure>;
