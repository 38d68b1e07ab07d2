//! The gateway of a tenant: faults, sign-in, routes, batches, and the record of requests.

use std::collections::VecDeque;
use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::error::Failure;
use super::exchange::{Reply, Request};
use super::fault::{self, Effect, Faults};
use super::render::render;
use super::state::State;
use super::{agenda, batch, dispatch, sign_in};
use crate::transport::TransportError;

/// A request that a tenant handled, without its headers and body.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The HTTP method.
    pub method: Method,
    /// The path, including the version.
    pub path: String,
    /// The query, as sent.
    pub query: String,
    /// The status of the response; `None` without a response.
    pub status: Option<StatusCode>,
    /// The time of the request.
    pub at: Timestamp,
}

impl RecordedRequest {
    /// Returns the path with people's names redacted.
    pub fn redacted_path(&self) -> String {
        // The key of a user is a person's name.
        let segments = self.path.split('/').map(|of| if of.contains(['@', '%']) { "[redacted]" } else { of });
        segments.collect::<Vec<_>>().join("/")
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.redacted_path();
        match self.status {
            Some(status) => write!(f, "{} {path} -> {}", self.method, status.as_u16()),
            None => write!(f, "{} {path} -> no answer", self.method),
        }
    }
}

/// The gateway in front of a tenant.
#[derive(Default)]
pub(super) struct Gateway {
    pub(super) faults: Faults,
    pub(super) requests: VecDeque<RecordedRequest>,
    /// The number of requests to keep; `None` for all.
    kept: Option<usize>,
}

impl Gateway {
    /// Limits the record to the last `count` requests.
    pub(super) fn remember(&mut self, count: usize) {
        self.kept = Some(count);
        self.trim();
    }

    fn trim(&mut self) {
        if let Some(kept) = self.kept {
            let surplus = self.requests.len().saturating_sub(kept);
            self.requests.drain(..surplus);
        }
    }

    /// Returns the outcome of a request and its duration.
    pub(super) fn answer(
        &mut self,
        state: &mut State,
        request: http::Request<Bytes>,
    ) -> (Duration, Result<Response<Bytes>, TransportError>) {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let request = Request::read(request, state.request_guid(), state.now);
        let (delay, outcome) = self.struck(state, &request);
        self.requests.push_back(RecordedRequest {
            method,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            status: outcome.as_ref().ok().map(Response::status),
            at: state.now,
        });
        self.trim();
        (delay, outcome)
    }

    /// Answers a request with the effect of faults.
    fn struck(
        &mut self,
        state: &mut State,
        request: &Request,
    ) -> (Duration, Result<Response<Bytes>, TransportError>) {
        match self.faults.strike(state, request) {
            Effect::None => (Duration::ZERO, Ok(self.dispatch(state, request))),
            Effect::Answer(response) => (Duration::ZERO, Ok(response)),
            Effect::Break { kind, takes_effect } => {
                if takes_effect {
                    self.dispatch(state, request);
                }
                (Duration::ZERO, Err(fault::broken(kind)))
            }
            Effect::Stale(then) => {
                let mut then = then.lock().unwrap_or_else(PoisonError::into_inner);
                (Duration::ZERO, Ok(self.dispatch(&mut then, request)))
            }
            Effect::Change(change) => {
                let mut response = self.dispatch(state, request);
                let delay = change.delay();
                change.apply(state.options.seed, request, &mut response);
                (delay, Ok(response))
            }
        }
    }

    /// Answers a request, alone or in a batch.
    fn dispatch(&mut self, state: &mut State, request: &Request) -> Response<Bytes> {
        if sign_in::is_sign_in(request) {
            return sign_in::respond(state, request);
        }
        let answer = match count(state, request).and_then(|()| dispatch::answer(state, request)) {
            Ok(Reply::Batch(parts)) => {
                let answer = |part: &Request| self.struck(state, part).1.unwrap_or_default();
                let mut responses = batch::answer_parts(parts, request.now, answer);
                state.rng.shuffle(&mut responses);
                Ok(Reply::ok(json!({"responses": responses})))
            }
            answer => answer,
        };
        // What takes no time has happened when the answer is read.
        let now = state.now;
        agenda::advance(state, now);
        render(state.now, request, answer)
    }
}

/// Counts a call, and refuses it beyond the limit.
fn count(state: &mut State, request: &Request) -> Result<(), Failure> {
    if !request.is_intune() {
        return Ok(());
    }
    let is_read = matches!(request.method, Method::GET | Method::HEAD);
    state.limits.count_call(&state.options, is_read, state.now)
}
