//! Spans of calls and attempts, by OpenTelemetry's names, without secrets or personal data.

use bytes::Bytes;
use tracing::field::Empty;

use super::CallInfo;
use crate::error::Result;
use crate::model::is_guid;
use crate::transport::TransportError;

/// Creates the span of a call.
pub(super) fn call(request: &http::Request<Bytes>, call: Option<&CallInfo>) -> tracing::Span {
    // The path contains ids and perhaps a user's name; its template does not.
    tracing::info_span!(
        "graph.call",
        operation = call.map_or("other", |call| call.operation),
        "http.request.method" = request.method().as_str(),
        "url.template" = call.map_or("", |call| call.path_template),
        "server.address" = request.uri().host().unwrap_or_default(),
        "http.response.status_code" = Empty,
        "http.request.resend_count" = Empty,
        "request_id" = Empty,
        "error.type" = Empty,
        "otel.status_code" = Empty,
    )
}

pub(super) fn call_ended(
    span: &tracing::Span,
    call: Option<&CallInfo>,
    answer: &Result<http::Response<Bytes>>,
    (uri, body): (&http::Uri, &[u8]),
) {
    if let Some(call) = call {
        span.record("http.request.resend_count", call.attempts().saturating_sub(1));
    }
    match answer {
        Ok(answer) => {
            record_status(span, answer.status());
            if let Some(id) = answer.headers().get("request-id").and_then(|id| id.to_str().ok()) {
                if is_guid(id) {
                    span.record("request_id", id);
                    return;
                }
                let mut redactor = call.map(|call| call.progress.redactor()).unwrap_or_default();
                redactor.address(uri.path_and_query().map_or("", |path| path.as_str())).json(body);
                span.record("request_id", redactor.excerpt(id, 200));
            }
        }
        Err(error) => record_error(span, &format!("{:?}", error.kind())),
    }
}

/// Creates the span of one attempt, an OpenTelemetry HTTP client span. `url.template` replaces `url.full`, since
/// addresses contain ids and people's names.
pub(super) fn attempt(
    request: &http::Request<Bytes>,
    call: Option<&CallInfo>,
    attempt: u32,
) -> tracing::Span {
    let uri = request.uri();
    let default_port = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    let span = tracing::info_span!(
        "graph.attempt",
        "otel.kind" = "client",
        "http.request.method" = request.method().as_str(),
        "url.template" = call.map_or("", |call| call.path_template),
        "url.scheme" = uri.scheme_str().unwrap_or_default(),
        "server.address" = uri.host().unwrap_or_default(),
        "server.port" = uri.port_u16().unwrap_or(default_port),
        "http.request.resend_count" = Empty,
        "http.response.status_code" = Empty,
        "network.protocol.version" = Empty,
        "error.type" = Empty,
        "otel.status_code" = Empty,
    );
    if attempt > 1 {
        span.record("http.request.resend_count", attempt - 1);
    }
    span
}

pub(super) fn attempt_ended(span: &tracing::Span, answer: &Result<http::Response<Bytes>, TransportError>) {
    if span.is_disabled() {
        return;
    }
    match answer {
        Ok(answer) => {
            record_status(span, answer.status());
            let version = match answer.version() {
                http::Version::HTTP_2 => "2",
                http::Version::HTTP_3 => "3",
                http::Version::HTTP_10 => "1.0",
                _ => "1.1",
            };
            span.record("network.protocol.version", version);
        }
        Err(error) => record_error(span, &format!("{:?}", error.kind())),
    }
}

/// Records the status; as OpenTelemetry defines, an error status is also the type of the error.
fn record_status(span: &tracing::Span, status: http::StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_client_error() || status.is_server_error() {
        record_error(span, status.as_str());
    }
}

fn record_error(span: &tracing::Span, name: &str) {
    span.record("error.type", name);
    span.record("otel.status_code", "ERROR");
}
