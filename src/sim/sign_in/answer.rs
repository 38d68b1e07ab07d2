//! Answers and refusals of the sign-in service.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::exchange::Request;
use crate::sim::render::header_value;
use crate::sim::state::State;

/// An answer of the sign-in service.
pub(super) enum Answer {
    Json(StatusCode, Value),
    /// A page for a person.
    Page(StatusCode, String),
    /// A redirect of the browser.
    Redirect(String),
}

/// A refusal of the sign-in service.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) number: u32,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        error: &'static str,
        number: u32,
        message: impl Into<String>,
    ) -> Self {
        Self { status, error, number, message: message.into() }
    }

    pub(super) fn bad(error: &'static str, number: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, number, message)
    }

    /// Returns the refusal in the service's wording: number, message, ids and time.
    pub(super) fn description(&self, state: &State, request: &Request) -> String {
        format!(
            "AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {}",
            self.number,
            self.message,
            request.request_id,
            request.client_request_id,
            timestamp(state.now)
        )
    }

    pub(super) fn answer(&self, state: &State, request: &Request) -> Answer {
        let body = json!({
            "error": self.error,
            "error_description": self.description(state, request),
            "error_codes": [self.number],
            "timestamp": timestamp(state.now),
            "trace_id": request.request_id,
            "correlation_id": request.client_request_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.number),
        });
        Answer::Json(self.status, body)
    }
}

fn timestamp(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Renders an answer for the wire.
pub(super) fn render(now: Timestamp, request: &Request, answer: Answer) -> Response<Bytes> {
    let (status, content_type, location, body) = match answer {
        Answer::Json(status, value) => {
            (status, "application/json; charset=utf-8", None, Bytes::from(value.to_string()))
        }
        Answer::Page(status, html) => (status, "text/html; charset=utf-8", None, Bytes::from(html)),
        Answer::Redirect(to) => (StatusCode::FOUND, "text/html; charset=utf-8", Some(to), Bytes::new()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    headers.insert("x-ms-request-id", header_value(&request.request_id));
    headers.insert("client-request-id", header_value(&request.client_request_id));
    headers.insert(header::DATE, header_value(&now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
    if let Some(location) = location {
        headers.insert(header::LOCATION, header_value(&location));
    }
    response
}
