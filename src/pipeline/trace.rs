//! A span for every call, with OpenTelemetry's names, and nothing in it that is secret or personal.

use async_trait::async_trait;
use bytes::Bytes;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::{CallInfo, Middleware, Next};
use crate::error::Result;

#[derive(Debug)]
pub(crate) struct Trace;

#[async_trait]
impl Middleware for Trace {
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>> {
        // The path holds ids and perhaps a user's name; its template does not.
        let call = request.extensions().get::<CallInfo>().cloned();
        let span = tracing::info_span!(
            "graph.call",
            operation = call.as_ref().map_or("other", |call| call.operation),
            "http.request.method" = request.method().as_str(),
            "url.template" = call.as_ref().map_or("", |call| call.template),
            "server.address" = request.uri().host().unwrap_or_default(),
            "http.response.status_code" = Empty,
            "http.request.resend_count" = Empty,
            "request_id" = Empty,
            "error.type" = Empty,
        );
        let answer = next.run(request).instrument(span.clone()).await;
        if let Some(call) = &call {
            span.record("http.request.resend_count", call.attempts().saturating_sub(1));
        }
        match &answer {
            Ok(answer) => {
                span.record("http.response.status_code", answer.status().as_u16());
                if let Some(id) = answer.headers().get("request-id").and_then(|id| id.to_str().ok()) {
                    span.record("request_id", id);
                }
            }
            Err(error) => {
                span.record("error.type", tracing::field::debug(error.kind()));
            }
        }
        answer
    }
}
