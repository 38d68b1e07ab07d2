//! One exchange: sends a request and decodes its response within the timeout.
//!
//! The code does not depend on the decoded type, so that it is compiled once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::client::Inner;
use super::decode::RawResponse;
use super::operation::Request;
use crate::clock::within_working;
use crate::error::{Error, ErrorKind, Result};
use crate::foreign::Redactor;
use crate::pipeline::retry::{BudgetExhausted, without_budget};
use crate::pipeline::window::Lane;
use crate::pipeline::workload::BatchParts;
use crate::pipeline::{CallInfo, EventKind, Progress, TimeLimit, retry_after};
use crate::transport::{BodyStart, NewConnection};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The options of one exchange.
#[derive(Debug, Default)]
pub(crate) struct SendOptions {
    /// The hard timeout; the client's call timeout if `None`.
    pub(crate) timeout: Option<Duration>,
    /// The parts of a batch.
    pub(crate) parts: Option<BatchParts>,
    /// The lane of concurrent requests that this one belongs to.
    pub(crate) lane: Option<Arc<Lane>>,
    /// The progress, shared with the pipeline.
    pub(crate) progress: Arc<Progress>,
    /// The observer of the first bytes of the body.
    pub(crate) start: Option<BodyStart>,
    /// Whether a connection that was used before must not be reused.
    pub(crate) new_connection: bool,
}

/// One exchange of a client.
pub(super) struct Exchange<'a> {
    client: &'a Inner,
    request: &'a Request,
    uri: Uri,
    options: SendOptions,
    /// The start, by [`Clock::elapsed`](crate::clock::Clock::elapsed).
    started: Duration,
    limit: Duration,
    /// Whether the request was repeated because a body was cut short.
    repeated: bool,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        client: &'a Inner,
        request: &'a Request,
        link: Option<String>,
        options: SendOptions,
    ) -> Result<Self> {
        request.check()?;
        let address = link.unwrap_or_else(|| request.address(client.cloud.graph()));
        let uri = Uri::try_from(address).map_err(|error| {
            let message = "the path or query cannot be written as an address: percent-encode its values";
            request.named(Error::new(ErrorKind::InvalidInput, message).with_source(error))
        })?;
        let limit = options.timeout.unwrap_or(client.call_timeout);
        Ok(Self { client, request, uri, options, started: client.clock.elapsed(), limit, repeated: false })
    }

    /// Returns `true` if the timeout also counts the time in which the client holds the call back.
    fn has_hard_timeout(&self) -> bool {
        self.options.timeout.is_some()
    }

    fn request_to_send(&self) -> http::Request<Bytes> {
        let info = &self.request.info;
        let mut outgoing = http::Request::new(self.request.body.clone().unwrap_or_default());
        *outgoing.method_mut() = self.request.method();
        *outgoing.uri_mut() = self.uri.clone();
        let headers = outgoing.headers_mut();
        headers.reserve(8);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(PREFER, HeaderValue::from_static("include-unknown-enum-members"));
        if self.request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.request.content_type));
        }
        for (name, value) in &self.request.headers {
            headers.insert(name, value.clone());
        }
        let mut call =
            CallInfo::new(info.name, info.path, info.idempotent, Arc::clone(&self.options.progress));
        call.waits_when_throttled = self.request.waits_when_throttled;
        call.limit =
            Some(TimeLimit { ends: self.started.saturating_add(self.limit), hard: self.has_hard_timeout() });
        let extensions = outgoing.extensions_mut();
        extensions.insert(call);
        if let Some(parts) = &self.options.parts {
            extensions.insert(parts.clone());
        }
        if let Some(lane) = &self.options.lane {
            extensions.insert(Arc::clone(lane));
        }
        if let Some(start) = &self.options.start {
            extensions.insert(start.clone());
        }
        if self.options.new_connection {
            extensions.insert(NewConnection);
        }
        outgoing
    }

    /// Sends the request and returns a successful response that arrives before the timeout.
    pub(super) async fn run(&self) -> Result<RawResponse> {
        let (clock, progress) = (&*self.client.clock, &self.options.progress);
        let held = || if self.has_hard_timeout() { Duration::ZERO } else { progress.held(clock.elapsed()) };
        // Dropped only after its progress has been read.
        let work = std::pin::pin!(self.client.pipeline.send(self.request_to_send()));
        let answer =
            within_working(clock, (self.started, self.limit), held, work).await.unwrap_or_else(|| {
                let held =
                    if progress.is_held() { ": it was held back by the client's own limits" } else { "" };
                let message = format!("the call was not over within {:?}{held}", self.limit);
                Err(Error::new(ErrorKind::Timeout, message))
            });
        self.succeeded(answer?)
    }

    /// Completes the error of a successful response that could not be decoded.
    pub(super) fn decode_failed(&self, error: Error, answer: &RawResponse) -> Error {
        let error = error.with_status(answer.status(), answer.headers());
        if self.request.method() == Method::GET { error } else { error.with_unread_answer() }
    }

    /// Returns the response if it is a success.
    fn succeeded(&self, answer: RawResponse) -> Result<RawResponse> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        // 404 for a deletion whose earlier outcome was ambiguous: this client deleted the object.
        let ours = status == StatusCode::NOT_FOUND && self.options.progress.was_ambiguous();
        if ours && self.request.method() == Method::DELETE {
            let mut gone = http::Response::new(Bytes::new());
            *gone.status_mut() = StatusCode::NO_CONTENT;
            return Ok(gone);
        }
        let error = Error::from_response(status, answer.headers(), answer.body());
        let inner = error.service().and_then(|service| service.retry_after());
        let wait = match status.as_u16() {
            429 | 503 => retry_after(answer.headers(), inner, self.client.clock.timestamp()),
            _ => None,
        };
        let error = error.with_retry_after(wait);
        match answer.extensions().get::<BudgetExhausted>() {
            Some(BudgetExhausted) => Err(without_budget(error)),
            None => Err(error),
        }
    }

    /// Completes the error of the call and reports it to the observer. Returns `None` if the exchange is to be
    /// repeated: a body was cut short although its length was right, and the request is idempotent.
    pub(super) fn fail(&mut self, error: Error) -> Option<Error> {
        if self.request.info.idempotent && error.is_cut_short() && !self.repeated {
            self.repeated = true;
            return None;
        }
        let progress = &self.options.progress;
        // An idempotent write may have taken effect as well; its error keeps the kind, since the write may be repeated.
        let unknown = progress.may_have_taken_effect() && self.request.method() != Method::GET;
        let error = match self.request.info.idempotent {
            _ if !unknown => error,
            false => error.with_unknown_outcome(),
            true => error.with_unread_answer(),
        };
        let error = self.request.named(error).with_attempts(progress.attempts()).redacted(&self.redactor());
        self.report_end(Some(&error));
        Some(error)
    }

    /// Returns the values of the request that no error may repeat.
    fn redactor(&self) -> Redactor {
        let mut redactor = self.options.progress.redactor();
        redactor.address(self.uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default());
        redactor.json(self.request.body.as_deref().unwrap_or_default());
        redactor
    }

    /// Reports the end of the call to the observer.
    pub(super) fn report_end(&self, error: Option<&Error>) {
        self.client.observer.emit(self.request.info.name, || EventKind::Finished {
            attempts: self.options.progress.attempts(),
            error: error.map(Error::kind),
            elapsed: self.client.clock.elapsed().saturating_sub(self.started),
        });
    }
}
