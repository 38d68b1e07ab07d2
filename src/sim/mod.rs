//! A simulated tenant: Microsoft Graph for Windows Autopilot, in memory, as a [`Transport`].
//!
//! ```
//! use std::sync::Arc;
//! use windows_autopilot::clock::FakeClock;
//! use windows_autopilot::sim::Tenant;
//! use windows_autopilot::transport::Transport;
//!
//! # windows_autopilot::testing::run(async |_| {
//! let tenant = Tenant::new(Arc::new(FakeClock::new()));
//! tenant.add_device("SN-1");
//! let request = http::Request::get("https://graph.microsoft.com/v1.0/deviceManagement/windowsAutopilotDeviceIdentities")
//!     .header("authorization", "Bearer any")
//!     .body(bytes::Bytes::new())?;
//! let response = tenant.send(request).await?;
//! let page: serde_json::Value = serde_json::from_slice(response.body())?;
//! assert_eq!(page["value"][0]["serialNumber"], "SN-1");
//! # Ok(()) });
//! ```
//!
//! It answers as the service does: status codes, error bodies, pages with opaque links, what can be filtered where,
//! what is read-only, what belongs together, and how long things take. It knows nothing of the client in this crate, so
//! that a mistake there is not repeated here.
//!
//! * **Time** is the tenant's [`Clock`]. Nothing runs in the background: what fell due is done when the tenant is next
//!   asked. With [`FakeClock`](crate::clock::FakeClock) hours pass in milliseconds.
//! * **Callers** need a bearer token. Any will do, as an application with every permission, unless the tenant is built
//!   otherwise; [`Tenant::delegated_token`] and the token endpoint at `/{tenant}/oauth2/v2.0/token` give real ones.
//! * **What a caller cannot do** is done through the methods of [`Tenant`]: users, apps, connectors, rights.
//! * **Facts that are disputed** are [`Quirks`], delays are [`Lag`].

mod auth;
mod batch;
mod deploy;
mod directory;
mod error;
mod exchange;
mod fault;
mod limit;
mod odata;
mod options;
mod resource;
mod route;
mod routes;
mod schema;
mod setup;
mod state;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;

pub use self::deploy::{Cause, Computer, Deployment, Pace, Phase, PowerOn};
use self::error::Failure;
use self::exchange::{Answer, Reply, Request, header_value};
use self::fault::Effect;
pub use self::fault::Fault;
pub use self::options::{Lag, Quirks, RateLimit};
pub use self::setup::{NewDevice, TenantBuilder};
use self::state::State;
use crate::clock::Clock;
use crate::transport::{Transport, TransportError};

/// A simulated tenant. Clones are the same tenant.
#[derive(Clone)]
pub struct Tenant {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

/// A request that a tenant answered. Its headers and body are not kept.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// The path, with the version in front.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// The status of the answer; none if no answer came back.
    pub status: Option<StatusCode>,
    /// When it came.
    pub at: Timestamp,
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key of a user is a person's name.
        let segments = self.path.split('/').map(|of| if of.contains(['@', '%']) { "[redacted]" } else { of });
        let path = segments.collect::<Vec<_>>().join("/");
        match self.status {
            Some(status) => write!(f, "{} {path} -> {}", self.method, status.as_u16()),
            None => write!(f, "{} {path} -> no answer", self.method),
        }
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Tenant")
            .field("id", &state.tenant_id)
            .field("devices", &state.identities.len())
            .field("requests", &state.requests.len())
            .finish_non_exhaustive()
    }
}

impl Tenant {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state as it is now.
    fn now(&self) -> MutexGuard<'_, State> {
        let now = self.clock.timestamp();
        let mut state = self.lock();
        state.advance(now);
        state
    }
}

#[async_trait]
impl Transport for Tenant {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (delay, outcome) = self.answer(request);
        if !delay.is_zero() {
            self.clock.sleep(delay).await;
        }
        outcome
    }
}

impl Tenant {
    /// The outcome of a request, and how long it takes.
    fn answer(&self, request: http::Request<Bytes>) -> (Duration, Result<Response<Bytes>, TransportError>) {
        let mut state = self.now();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let id = state.request_guid();
        let request = Request::read(request, id, state.now);
        let (delay, outcome) = struck(&mut state, &request);
        let at = state.now;
        state.requests.push(RecordedRequest {
            method,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            status: outcome.as_ref().ok().map(Response::status),
            at,
        });
        (delay, outcome)
    }
}

/// Answers a request, unless a fault has it otherwise.
fn struck(state: &mut State, request: &Request) -> (Duration, Result<Response<Bytes>, TransportError>) {
    match state.strike(request) {
        Effect::None => (Duration::ZERO, Ok(dispatch(state, request))),
        Effect::Answer(response) => (Duration::ZERO, Ok(response)),
        Effect::Break { kind, takes_effect } => {
            if takes_effect {
                dispatch(state, request);
            }
            (Duration::ZERO, Err(fault::broken(kind)))
        }
        Effect::Stale(then) => {
            let mut then = then.lock().unwrap_or_else(PoisonError::into_inner);
            (Duration::ZERO, Ok(dispatch(&mut then, request)))
        }
        Effect::Change(change) => {
            let mut response = dispatch(state, request);
            let delay = change.delay();
            change.apply(state.options.seed, request, &mut response);
            (delay, Ok(response))
        }
    }
}

/// Answers a part of a batch, unless a fault has it otherwise.
fn dispatch_part(state: &mut State, request: &Request) -> Response<Bytes> {
    struck(state, request).1.unwrap_or_default()
}

/// Answers a request, alone or in a batch.
fn dispatch(state: &mut State, request: &Request) -> Response<Bytes> {
    if auth::is_sign_in(request) {
        let (status, body) = auth::sign_in(state, request);
        return render(state, request, Ok(Reply::Json(status, body)));
    }
    let answer = match state.limit_call(request) {
        Ok(()) => route::answer(state, request),
        Err(failure) => Err(failure),
    };
    // What takes no time has happened when the answer is read.
    let now = state.now;
    state.advance(now);
    render(state, request, answer)
}

/// An answer as it goes over the wire.
fn render(state: &State, request: &Request, answer: Answer) -> Response<Bytes> {
    let (status, content_type, body) = match &answer {
        Ok(Reply::NoContent) => (StatusCode::NO_CONTENT, None, Bytes::new()),
        Ok(Reply::Text(text)) => (StatusCode::OK, Some("text/plain"), Bytes::from(text.clone())),
        Ok(Reply::Raw(json)) => (StatusCode::OK, Some(JSON), json.clone()),
        Ok(Reply::Json(status, value)) => (*status, Some(JSON), Bytes::from(value.to_string())),
        Err(failure) => {
            (failure.status, Some("application/json"), Bytes::from(failure.body(request).to_string()))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("request-id", header_value(&request.request_id));
    headers.insert("client-request-id", header_value(&request.client_request_id));
    headers.insert("x-ms-ags-diagnostic", HeaderValue::from_static(DIAGNOSTIC));
    headers.insert("odata-version", HeaderValue::from_static("4.0"));
    let date = state.now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    headers.insert(header::DATE, header_value(&date));
    match &answer {
        Ok(Reply::Json(StatusCode::CREATED, value)) => {
            if let Some(id) = value.get("id").and_then(Value::as_str) {
                let place = format!("{}/{}{}('{id}')", request.origin, request.version, request.path);
                headers.insert(header::LOCATION, header_value(&place));
            }
        }
        Err(Failure { retry_after, challenge, .. }) => {
            if let Some(wait) = retry_after {
                headers.insert(header::RETRY_AFTER, header_value(wait));
            }
            if let Some(challenge) = challenge {
                headers.insert(header::WWW_AUTHENTICATE, header_value(challenge));
            }
        }
        Ok(_) => {}
    }
    response
}

const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

const DIAGNOSTIC: &str = "{\"ServerInfo\":{\"DataCenter\":\"West Europe\",\"Slice\":\"E\",\"Ring\":\"5\",\"ScaleUnit\":\"001\",\"RoleInstance\":\"SIM0000001\"}}";

/// The types that a tenant checks requests against: name, base type, properties and navigation properties of each, and
/// the members of every enumeration. `beta` chooses the version.
///
/// It has the shape of `{"types": {..}, "enums": {..}}`, for tools that compare it with Graph's own metadata.
pub fn metadata(beta: bool) -> Value {
    schema::metadata(if beta { exchange::Version::Beta } else { exchange::Version::V1 })
}
