//! One exchange: a request, its answer within its time, and what that decodes to.
//!
//! Nothing here depends on what is decoded, so that it is compiled once and not for every type.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::client::Inner;
use super::decode::Answer;
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

/// How an exchange is made, where it is not as usual.
#[derive(Debug, Default)]
pub(crate) struct Manner {
    /// When it must be over, whatever happens.
    pub(crate) timeout: Option<Duration>,
    /// What it is made of, if it is a batch.
    pub(crate) parts: Option<BatchParts>,
    /// What it is sent side by side with.
    pub(crate) lane: Option<Arc<Lane>>,
    /// What has become of it.
    pub(crate) progress: Arc<Progress>,
    /// Who wants to see the answer's beginning.
    pub(crate) start: Option<BodyStart>,
    /// Whether it must not use a connection that was used before.
    pub(crate) new_connection: bool,
}

/// An exchange of a client.
pub(super) struct Exchange<'a> {
    client: &'a Inner,
    request: &'a Request,
    uri: Uri,
    manner: Manner,
    /// By [`Clock::elapsed`](crate::clock::Clock::elapsed).
    began: Duration,
    limit: Duration,
    /// Whether it was made again because an answer was cut short.
    repeated: bool,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        client: &'a Inner,
        request: &'a Request,
        link: Option<String>,
        manner: Manner,
    ) -> Result<Self> {
        request.check()?;
        let address = link.unwrap_or_else(|| request.address(client.cloud.graph()));
        let uri = Uri::try_from(address).map_err(|error| {
            let message = "the address cannot be written";
            request.named(Error::new(ErrorKind::InvalidInput, message).with_source(error))
        })?;
        let limit = manner.timeout.unwrap_or(client.call_timeout);
        Ok(Self { client, request, uri, manner, began: client.clock.elapsed(), limit, repeated: false })
    }

    /// Whether the time limit holds whatever happens.
    fn hard(&self) -> bool {
        self.manner.timeout.is_some()
    }

    fn outgoing(&self) -> http::Request<Bytes> {
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
            CallInfo::new(info.name, info.path, info.idempotent, Arc::clone(&self.manner.progress));
        call.waits_when_throttled = self.request.waits_when_throttled;
        call.limit = Some(TimeLimit { ends: self.began.saturating_add(self.limit), hard: self.hard() });
        let extensions = outgoing.extensions_mut();
        extensions.insert(call);
        if let Some(parts) = &self.manner.parts {
            extensions.insert(parts.clone());
        }
        if let Some(lane) = &self.manner.lane {
            extensions.insert(Arc::clone(lane));
        }
        if let Some(start) = &self.manner.start {
            extensions.insert(start.clone());
        }
        if self.manner.new_connection {
            extensions.insert(NewConnection);
        }
        outgoing
    }

    /// The answer, if it is a success that came within what is left of the time.
    pub(super) async fn run(&self) -> Result<Answer> {
        let (clock, progress) = (&*self.client.clock, &self.manner.progress);
        let held = || if self.hard() { Duration::ZERO } else { progress.held(clock.elapsed()) };
        // Dropped only when it has been seen what it was at.
        let work = std::pin::pin!(self.client.pipeline.send(self.outgoing()));
        let answer = within_working(clock, (self.began, self.limit), held, work).await.unwrap_or_else(|| {
            let held = if progress.is_held() { ": it was held back by the client's own limits" } else { "" };
            let message = format!("the call was not over within {:?}{held}", self.limit);
            Err(Error::new(ErrorKind::Timeout, message))
        });
        self.succeeded(answer?)
    }

    /// What was wrong with a success that could not be decoded.
    pub(super) fn unread(&self, error: Error, answer: &Answer) -> Error {
        let error = error.with_status(answer.status(), answer.headers());
        if self.request.method() == Method::GET { error } else { error.with_unread_answer() }
    }

    /// The answer, if it is a success.
    fn succeeded(&self, answer: Answer) -> Result<Answer> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        // Not there, after a deletion whose outcome was unclear: it was ours.
        let ours = status == StatusCode::NOT_FOUND && self.manner.progress.was_ambiguous();
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

    /// The error that it ends with, told to whoever counts; none where it is to be made once more: a body was cut short
    /// although its length was right, and asking again does no harm.
    pub(super) fn failed(&mut self, error: Error) -> Option<Error> {
        if self.request.info.idempotent && error.is_cut_short() && !self.repeated {
            self.repeated = true;
            return None;
        }
        let progress = &self.manner.progress;
        // A write that is idempotent may have taken effect as well; its error keeps the kind, since it may be sent again.
        let unknown = progress.may_have_taken_effect() && self.request.method() != Method::GET;
        let error = match self.request.info.idempotent {
            _ if !unknown => error,
            false => error.with_unknown_outcome(),
            true => error.with_unread_answer(),
        };
        let error = self.request.named(error).with_attempts(progress.attempts()).redacted(&self.redactor());
        self.tell(Some(&error));
        Some(error)
    }

    /// The values of the request that no error may repeat.
    fn redactor(&self) -> Redactor {
        let mut redactor = self.manner.progress.redactor();
        redactor.address(self.uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default());
        redactor.json(self.request.body.as_deref().unwrap_or_default());
        redactor
    }

    /// Tells whoever counts how it ended.
    pub(super) fn tell(&self, error: Option<&Error>) {
        self.client.observer.tell(self.request.info.name, || EventKind::Finished {
            attempts: self.manner.progress.attempts(),
            error: error.map(Error::kind),
            elapsed: self.client.clock.elapsed().saturating_sub(self.began),
        });
    }
}
