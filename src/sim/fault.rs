//! Injected faults: throttling, outages, broken connections, wrong answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;

use super::error::Failure;
use super::exchange::Request;
use super::odata;
use super::render::{JSON, header_value, render};
use super::state::State;
use super::store::later;
use crate::transport::{TransportError, TransportErrorKind};

/// A fault: its effect, the calls that it hits, and its frequency.
///
/// By default, a fault hits every call to Graph, every time. [`Fault::on`] selects the calls; [`Fault::once`],
/// [`Fault::times`], [`Fault::after`] and [`Fault::rate`] limit them. If several faults match a call, the first
/// injected one applies, and only that one is counted.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::sim::Fault;
/// let fault = Fault::throttle(Duration::from_secs(7)).on("POST", "/deviceManagement/**").once();
/// ```
///
/// In a batch, faults that are responses also hit the individual requests; connection faults hit the batch as a whole.
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until `Tenant::fault` injects it"]
pub struct Fault {
    what: FaultKind,
    method: Option<Method>,
    path: Option<Vec<String>>,
    skip: u32,
    left: Option<u32>,
    rate: f64,
}

#[derive(Clone)]
enum FaultKind {
    /// Refuses with a status.
    Status { status: StatusCode, retry_after: Option<String>, challenge: Option<String>, body: Content },
    /// Refuses every call of the workload until the wait is over; an early call restarts the wait.
    Hold { wait: Duration, until: Option<(String, Timestamp)> },
    /// No complete answer.
    Break { kind: TransportErrorKind, takes_effect: bool },
    /// A late answer.
    Slow(Duration),
    /// Half of the body.
    Torn,
    /// Another body.
    Body { content_type: &'static str, bytes: Bytes },
    /// A changed value in the body.
    Value { pointer: String, value: Value },
    /// A changed next link of a page.
    Link(String),
    /// A page without objects that links to itself.
    EmptyPage,
    /// A page that links to itself.
    RepeatedPage,
    /// Reads return the state at the time the fault was injected.
    Stale(Option<Arc<Mutex<State>>>),
}

#[derive(Debug, Clone)]
enum Content {
    Graph(&'static str, &'static str),
    Html,
}

impl std::fmt::Debug for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status { status, .. } => write!(f, "status {}", status.as_u16()),
            Self::Hold { wait, .. } => write!(f, "hold for {wait:?}"),
            Self::Break { kind, takes_effect } => write!(f, "{kind:?}, takes effect: {takes_effect}"),
            Self::Slow(wait) => write!(f, "slow by {wait:?}"),
            Self::Torn => f.write_str("torn body"),
            Self::Body { .. } => f.write_str("another body"),
            Self::Value { pointer, .. } => write!(f, "another value at {pointer}"),
            Self::Link(_) => f.write_str("another next link"),
            Self::EmptyPage => f.write_str("empty page"),
            Self::RepeatedPage => f.write_str("repeated page"),
            Self::Stale(_) => f.write_str("stale read"),
        }
    }
}

impl Fault {
    fn new(what: FaultKind) -> Self {
        Self { what, method: None, path: None, skip: 0, left: None, rate: 1.0 }
    }

    fn refuse(status: u16, retry_after: Option<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = match status {
            StatusCode::TOO_MANY_REQUESTS => Content::Graph("TooManyRequests", "Too many requests."),
            StatusCode::SERVICE_UNAVAILABLE => {
                Content::Graph("ServiceUnavailable", "Service is unavailable.")
            }
            StatusCode::GATEWAY_TIMEOUT => Content::Graph("GatewayTimeout", "The gateway timed out."),
            StatusCode::BAD_GATEWAY => Content::Html,
            _ => Content::Graph("UnknownError", "An error has occurred."),
        };
        Self::new(FaultKind::Status { status, retry_after, challenge: None, body })
    }

    /// Returns 429 with a `Retry-After` in seconds, possibly fractional.
    pub fn throttle(wait: Duration) -> Self {
        Self::refuse(429, Some(wait.as_secs_f64().to_string()))
    }

    /// Returns 429 with any string as `Retry-After`, such as a date or an invalid value.
    pub fn throttle_with_header(retry_after: impl Into<String>) -> Self {
        Self::refuse(429, Some(retry_after.into()))
    }

    /// Returns 429 without a `Retry-After`.
    pub fn throttle_without_header() -> Self {
        Self::refuse(429, None)
    }

    /// Throttles the whole workload of the first matching call, such as all of `/deviceManagement`, until the wait is
    /// over. A call that comes too early is throttled again and restarts the wait.
    pub fn throttle_workload(wait: Duration) -> Self {
        Self::new(FaultKind::Hold { wait, until: None })
    }

    /// Returns an error status with Graph's error body, or with an HTML page for 502.
    pub fn status(status: u16) -> Self {
        Self::refuse(status, None)
    }

    /// Returns an error status with a `Retry-After` in seconds.
    pub fn status_after(status: u16, wait: Duration) -> Self {
        Self::refuse(status, Some(wait.as_secs_f64().to_string()))
    }

    /// Returns a status with an HTML page, as a proxy does.
    pub fn html(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(FaultKind::Status { status, retry_after: None, challenge: None, body: Content::Html })
    }

    /// Returns 401 with a claims challenge.
    pub fn claims_challenge() -> Self {
        let challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
             error=\"insufficient_claims\", \
             claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzY3MjU0NDAwIn19fQ==\"";
        let body = Content::Graph(
            "InvalidAuthenticationToken",
            "Continuous access evaluation resulted in challenge.",
        );
        Self::new(FaultKind::Status {
            status: StatusCode::UNAUTHORIZED,
            retry_after: None,
            challenge: Some(challenge.to_owned()),
            body,
        })
    }

    /// Refuses the connection: the call never reaches the tenant.
    pub fn refuse_connection() -> Self {
        Self::new(FaultKind::Break { kind: TransportErrorKind::Connect, takes_effect: false })
    }

    /// Breaks the connection before the call takes effect.
    pub fn reset_before() -> Self {
        Self::new(FaultKind::Break { kind: TransportErrorKind::Interrupted, takes_effect: false })
    }

    /// Breaks the connection after the call takes effect: the response is lost.
    pub fn reset_after() -> Self {
        Self::new(FaultKind::Break { kind: TransportErrorKind::Interrupted, takes_effect: true })
    }

    /// Times the call out before it takes effect.
    pub fn timeout_before() -> Self {
        Self::new(FaultKind::Break { kind: TransportErrorKind::Timeout, takes_effect: false })
    }

    /// Times the call out after it takes effect.
    pub fn timeout_after() -> Self {
        Self::new(FaultKind::Break { kind: TransportErrorKind::Timeout, takes_effect: true })
    }

    /// Delays the response by a duration on the tenant's clock.
    pub fn slow(by: Duration) -> Self {
        Self::new(FaultKind::Slow(by))
    }

    /// Truncates the body to half its length. The call takes effect.
    pub fn torn() -> Self {
        Self::new(FaultKind::Torn)
    }

    /// Replaces the body and sets a JSON content type; the status is unchanged. The call takes effect.
    pub fn body(bytes: impl Into<Bytes>) -> Self {
        Self::new(FaultKind::Body { content_type: JSON, bytes: bytes.into() })
    }

    /// Replaces the body with an HTML page, as a captive portal does; the status is unchanged. The call takes effect.
    pub fn captive_portal() -> Self {
        Self::new(FaultKind::Body { content_type: "text/html", bytes: Bytes::from_static(HTML.as_bytes()) })
    }

    /// Sets the value at `pointer` (a JSON pointer such as `/value/0/enrollmentState`) in the body. A missing property
    /// is added if its parent exists.
    pub fn value(pointer: impl Into<String>, value: Value) -> Self {
        Self::new(FaultKind::Value { pointer: pointer.into(), value })
    }

    /// Replaces the next link of a page.
    pub fn next_link(to: impl Into<String>) -> Self {
        Self::new(FaultKind::Link(to.into()))
    }

    /// Removes the objects from a page and links it to the same page at another address. With [`Fault::once`], that
    /// page has the objects, so none are lost.
    pub fn empty_page() -> Self {
        Self::new(FaultKind::EmptyPage)
    }

    /// Links a page to itself.
    pub fn repeated_page() -> Self {
        Self::new(FaultKind::RepeatedPage)
    }

    /// Serves reads from the state at the time the fault was injected.
    pub fn stale() -> Self {
        Self::new(FaultKind::Stale(None))
    }

    /// Selects calls by method (`*` for any) and path after the API version: `{..}` or `*` matches one segment, and
    /// `**` at the end matches the rest. `/oauth2/v2.0/token` is the token endpoint.
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
            .ok()
            .filter(|method| method.as_str() != "*");
        self.path = Some(path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect());
        self
    }

    /// Limits the fault to one call.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Limits the fault to `count` calls.
    pub fn times(mut self, count: u32) -> Self {
        self.left = Some(count);
        self
    }

    /// Skips the first `count` matching calls.
    pub fn after(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Hits each matching call with this probability, using the tenant's random seed.
    pub fn rate(mut self, probability: f64) -> Self {
        self.rate = probability;
        self
    }

    fn fits(&self, request: &Request) -> bool {
        if self.method.as_ref().is_some_and(|method| *method != request.method) {
            return false;
        }
        match &self.path {
            None => !super::sign_in::is_sign_in(request),
            Some(pattern) => path_fits(pattern, &request.segments),
        }
    }
}

fn path_fits(pattern: &[String], segments: &[String]) -> bool {
    let mut segments = segments.iter();
    for word in pattern {
        if word == "**" {
            return true;
        }
        let Some(segment) = segments.next() else { return false };
        let any = word == "*" || (word.starts_with('{') && word.ends_with('}'));
        if !any && !word.eq_ignore_ascii_case(segment) {
            return false;
        }
    }
    segments.next().is_none()
}

/// The injected faults that are not used up.
#[derive(Clone, Default)]
pub(super) struct Faults(Vec<Fault>);

/// The effect of a fault on a call.
pub(super) enum Effect {
    /// No fault.
    None,
    /// An answer in place of the tenant's.
    Answer(Response<Bytes>),
    /// No answer; the call takes effect or not.
    Break { kind: TransportErrorKind, takes_effect: bool },
    /// A stale state for reads.
    Stale(Arc<Mutex<State>>),
    /// A changed answer.
    Change(Change),
}

/// A change to an answer.
pub(super) struct Change(FaultKind);

impl Faults {
    /// Injects a fault into a tenant.
    pub(super) fn inject(&mut self, state: &State, mut fault: Fault) {
        if matches!(fault.what, FaultKind::Stale(None)) {
            fault.what = FaultKind::Stale(Some(Arc::new(Mutex::new(state.clone()))));
        }
        self.0.push(fault);
    }

    /// Returns the effect on a call.
    pub(super) fn strike(&mut self, state: &mut State, request: &Request) -> Effect {
        let effect = self.first_effect(state, request);
        let now = state.now;
        let holds = |fault: &Fault| matches!(&fault.what, FaultKind::Hold { until: Some((_, until)), .. } if *until > now);
        self.0.retain(|fault| fault.left != Some(0) || holds(fault));
        effect
    }

    fn first_effect(&mut self, state: &mut State, request: &Request) -> Effect {
        for fault in &mut self.0 {
            if let FaultKind::Hold { wait, until: Some((workload, until)) } = &mut fault.what {
                // It holds the workload of the first call that it hit.
                if *until > state.now && request.segments.first() == Some(workload) {
                    *until = later(state.now, *wait);
                    return held(state.now, request, *wait);
                }
            }
            if fault.left == Some(0) || !fault.fits(request) {
                continue;
            }
            if request.in_batch
                && !matches!(
                    fault.what,
                    FaultKind::Status { .. }
                        | FaultKind::Hold { .. }
                        | FaultKind::Value { .. }
                        | FaultKind::Stale(_)
                )
            {
                continue;
            }
            let is_read = request.method == Method::GET;
            if !is_read
                && matches!(
                    fault.what,
                    FaultKind::Stale(_) | FaultKind::Link(_) | FaultKind::EmptyPage | FaultKind::RepeatedPage
                )
            {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.rate < 1.0 && state.rng.f64() >= fault.rate {
                continue;
            }
            fault.left = fault.left.map(|left| left - 1);
            match &mut fault.what {
                FaultKind::Status { status, retry_after, challenge, body } => {
                    let answer =
                        refusal(state.now, request, *status, retry_after.clone(), challenge.clone(), body);
                    return Effect::Answer(answer);
                }
                FaultKind::Hold { wait, until } => {
                    let workload = request.segments.first().cloned().unwrap_or_default();
                    *until = Some((workload, later(state.now, *wait)));
                    // The fault remains for as long as it holds.
                    return held(state.now, request, *wait);
                }
                FaultKind::Break { kind, takes_effect } => {
                    return Effect::Break { kind: *kind, takes_effect: *takes_effect };
                }
                FaultKind::Stale(Some(then)) => return Effect::Stale(then.clone()),
                what => return Effect::Change(Change(what.clone())),
            }
        }
        Effect::None
    }
}

fn held(now: Timestamp, request: &Request, wait: Duration) -> Effect {
    let wait = Some(wait.as_secs_f64().to_string());
    let body = Content::Graph("TooManyRequests", "Too many requests.");
    Effect::Answer(refusal(now, request, StatusCode::TOO_MANY_REQUESTS, wait, None, &body))
}

fn refusal(
    now: Timestamp,
    request: &Request,
    status: StatusCode,
    retry_after: Option<String>,
    challenge: Option<String>,
    body: &Content,
) -> Response<Bytes> {
    let (code, message) = match body {
        Content::Graph(code, message) => (*code, *message),
        Content::Html => ("", ""),
    };
    let failure = Failure { retry_after, challenge, ..Failure::plain(status, code, message) };
    let mut response = render(now, request, Err(failure));
    if matches!(body, Content::Html) {
        *response.body_mut() = Bytes::from_static(HTML.as_bytes());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    }
    response
}

impl Change {
    /// Returns the delay of the answer.
    pub(super) fn delay(&self) -> Duration {
        match self.0 {
            FaultKind::Slow(by) => by,
            _ => Duration::ZERO,
        }
    }

    /// Changes an answer.
    pub(super) fn apply(self, seed: u64, request: &Request, response: &mut Response<Bytes>) {
        match self.0 {
            FaultKind::Torn => {
                let half = response.body().len() / 2;
                response.body_mut().truncate(half);
            }
            FaultKind::Body { content_type, bytes } => {
                *response.body_mut() = bytes;
                response.headers_mut().insert(header::CONTENT_TYPE, header_value(content_type));
            }
            FaultKind::Value { pointer, value } => change(response, |body| put(body, &pointer, value)),
            FaultKind::Link(to) => change(response, |body| put(body, "/@odata.nextLink", to.into())),
            FaultKind::RepeatedPage => {
                let own = own_address(request);
                change(response, |body| put(body, "/@odata.nextLink", own.into()));
            }
            FaultKind::EmptyPage => {
                let mut own = own_address(request);
                if request.option("$skiptoken").is_none() {
                    let mark = if own.contains('?') { '&' } else { '?' };
                    own = format!("{own}{mark}$skiptoken={}", odata::first_page_token(seed));
                }
                change(response, |body| {
                    put(body, "/value", Value::Array(Vec::new()));
                    put(body, "/@odata.nextLink", own.into());
                });
            }
            FaultKind::Status { .. }
            | FaultKind::Hold { .. }
            | FaultKind::Break { .. }
            | FaultKind::Slow(_)
            | FaultKind::Stale(_) => {}
        }
    }
}

/// Returns the address of a request in the form of links.
fn own_address(request: &Request) -> String {
    let mut address = format!("{}/{}{}", request.origin, request.version, request.path);
    for (index, (key, value)) in request.query.iter().enumerate() {
        let mark = if index == 0 { '?' } else { '&' };
        address.push_str(&format!("{mark}{}={}", odata::encode(key), odata::encode(value)));
    }
    address
}

fn change(response: &mut Response<Bytes>, with: impl FnOnce(&mut Value)) {
    if let Ok(mut body) = serde_json::from_slice::<Value>(response.body()) {
        with(&mut body);
        *response.body_mut() = Bytes::from(body.to_string());
    }
}

/// Sets a value at a JSON pointer.
fn put(body: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = body.pointer_mut(pointer) {
        *place = value;
        return;
    }
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(parent)) = body.pointer_mut(parent) {
        parent.insert(name.replace("~1", "/").replace("~0", "~"), value);
    }
}

/// Returns the error for a call without an answer.
pub(super) fn broken(kind: TransportErrorKind) -> TransportError {
    let message = match kind {
        TransportErrorKind::Connect => "the connection was refused",
        TransportErrorKind::Timeout => "no answer came in time",
        _ => "the connection was reset",
    };
    TransportError::new(kind, message)
}

const HTML: &str = "<!DOCTYPE html><html><head><title>Error</title></head><body><h2>Our services aren't available right now</h2></body></html>";
