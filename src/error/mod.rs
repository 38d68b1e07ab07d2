//! The error type of every call, classified by kind.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::foreign::{self, Redactor, excerpt};
use crate::model::InvalidValue;
use crate::transport::{TransportError, TransportErrorKind, chain};

mod redirect;
mod remedy;
mod service;
mod sign_in;

pub use self::service::ServiceError;
pub use self::sign_in::SignInFailure;

/// The result of a call; the error type is [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Converts [`ErrorKind::NotFound`] to `None`.
pub(crate) fn if_found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// The kind of an error, for decisions in code. Displayed and serialized in snake case, such as `unknown_outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value or a combination of values is invalid; nothing was sent.
    InvalidInput,
    /// The client's configuration is incomplete or contradictory.
    Configuration,
    /// Sign-in failed, or the service rejected the token (401) twice.
    Authentication,
    /// The caller lacks a permission, a role or a license (403).
    Forbidden,
    /// The object does not exist, or is not visible yet (404).
    NotFound,
    /// The object conflicts with another, or is in use (409).
    Conflict,
    /// The object has changed since it was read (412).
    PreconditionFailed,
    /// The service rejected the request (any other 4xx).
    Rejected,
    /// The service is throttling the client (429), and the requested wait exceeds the remaining time.
    Throttled,
    /// The service failed (5xx), and retries are exhausted.
    Unavailable,
    /// The connection failed; nothing was sent.
    Connect,
    /// The connection was lost or the response was cut short, and retries are exhausted.
    Interrupted,
    /// The call exceeded its timeout.
    Timeout,
    /// A write was sent without a complete response, and may have taken effect. Read the object before you retry.
    UnknownOutcome,
    /// The response cannot be decoded.
    Decode,
    /// A next link was not followed: it points to another host or another collection, does not use https, or has been
    /// followed before.
    Link,
    /// A delta link is no longer valid: start again without one.
    Resync,
    /// Another request in the batch, on which this one depends, failed (424).
    FailedDependency,
    /// The journal of a run cannot be read or written, or belongs to another run.
    Journal,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The error from a failed call.
///
/// ```
/// use windows_autopilot::{Error, ErrorKind};
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Throttled => "later",
///         ErrorKind::UnknownOutcome => "look whether it is there",
///         _ => "see the message",
///     }
/// }
/// ```
///
/// The error names the operation and the path, and contains the service's codes and the ids that Microsoft Support asks
/// for. It never contains a token, a secret, a hardware hash or a person's name.
///
/// `{error}` omits the cause, which [`source()`](std::error::Error::source) returns; `{error:#}` shows the error and
/// all its causes on one line.
///
/// A custom [`Middleware`](crate::pipeline::Middleware), [`TokenProvider`](crate::credential::TokenProvider) or poll
/// function creates its errors with [`Error::new`].
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    operation: Option<&'static str>,
    endpoint: Option<String>,
    status: Option<u16>,
    service: Option<ServiceError>,
    ids: RequestIds,
    retry_after: Option<Duration>,
    attempts: u32,
    outcome_unknown: bool,
    cut_short: bool,
    remedy: Option<Cow<'static, str>>,
    sign_in_failure: Option<SignInFailure>,
    /// Whether retries are exhausted already.
    retries_exhausted: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The headers that identify one response of the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RequestIds {
    pub(crate) request_id: Option<String>,
    pub(crate) client_request_id: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) diagnostic: Option<String>,
}

impl RequestIds {
    pub(crate) fn read(headers: &http::HeaderMap) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(|value| excerpt(value, 300));
        Self {
            request_id: text("request-id"),
            client_request_id: text("client-request-id"),
            date: text("date"),
            diagnostic: text("x-ms-ags-diagnostic"),
        }
    }

    /// Fills missing ids from `other`.
    fn fill(&mut self, other: Self) {
        let Self { request_id, client_request_id, date, diagnostic } = other;
        self.request_id = self.request_id.take().or(request_id);
        self.client_request_id = self.client_request_id.take().or(client_request_id);
        self.date = self.date.take().or(date);
        self.diagnostic = self.diagnostic.take().or(diagnostic);
    }
}

impl Error {
    /// Creates an error for a failed [`TokenProvider`](crate::credential::TokenProvider), with the cause.
    ///
    /// ```
    /// use windows_autopilot::{Error, ErrorKind};
    /// let error = Error::authentication("the vault is sealed");
    /// assert_eq!(error.kind(), ErrorKind::Authentication);
    /// assert_eq!(format!("{error:#}"), "no token: the vault is sealed");
    /// ```
    ///
    /// The cause is shown and logged, so it must not contain a secret.
    pub fn authentication(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Authentication, "no token").with_source(cause)
    }

    /// Creates an error, for code that extends the client: a middleware, a credential, a step of a run.
    ///
    /// ```
    /// use windows_autopilot::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Rejected, "writes are closed on Fridays").with_remedy("try again on Monday");
    /// assert_eq!(error.to_string(), "writes are closed on Fridays; try again on Monday");
    /// ```
    ///
    /// `message` is one clause for an administrator, without a final period: the subject, and what is wrong with it. It
    /// is shown and logged, so it must not contain secrets or people's names. The client adds the operation and the
    /// path, and changes the kind to [`ErrorKind::UnknownOutcome`] if a write may have taken effect.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            endpoint: None,
            status: None,
            service: None,
            ids: RequestIds::default(),
            retry_after: None,
            attempts: 0,
            outcome_unknown: kind == ErrorKind::UnknownOutcome,
            cut_short: false,
            remedy: None,
            sign_in_failure: None,
            retries_exhausted: false,
            source: None,
        }))
    }

    /// Creates the error for an unsuccessful response.
    pub(crate) fn from_response(status: http::StatusCode, headers: &http::HeaderMap, body: &[u8]) -> Self {
        let service = ServiceError::read(body);
        let kind = match status.as_u16() {
            401 => ErrorKind::Authentication,
            403 => ErrorKind::Forbidden,
            404 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            410 => ErrorKind::Resync,
            412 => ErrorKind::PreconditionFailed,
            424 => ErrorKind::FailedDependency,
            429 => ErrorKind::Throttled,
            400..=499 => match service.as_ref() {
                Some(error) if error.is_resync() => ErrorKind::Resync,
                _ => ErrorKind::Rejected,
            },
            500..=599 => ErrorKind::Unavailable,
            _ => ErrorKind::Decode,
        };
        let message = match (&service, status.canonical_reason()) {
            (None, _) if redirect::is_redirect(status) => redirect::message(headers).into(),
            (None, Some(reason)) => match excerpt(body, 160) {
                text if text.is_empty() => Cow::Borrowed(reason),
                text => Cow::Owned(format!("{reason}: {text}")),
            },
            (None, None) => Cow::Borrowed("unexpected status"),
            (Some(_), _) => Cow::Borrowed(""),
        };
        let mut error = Self::new(kind, message);
        if redirect::is_redirect(status) {
            error = error.with_remedy(redirect::REMEDY);
        }
        error.0.status = Some(status.as_u16());
        error.0.ids = RequestIds::read(headers);
        if let Some(service) = &service
            && error.0.ids.request_id.is_none()
        {
            error.0.ids.request_id = service.request_id.clone();
        }
        error.0.service = service;
        error
    }

    /// Creates the error for an exchange without a complete response.
    pub(crate) fn from_transport(error: TransportError) -> Self {
        let kind = match error.kind() {
            TransportErrorKind::Connect => ErrorKind::Connect,
            TransportErrorKind::NotAllowed => ErrorKind::Configuration,
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            TransportErrorKind::Body => ErrorKind::Decode,
            TransportErrorKind::NotProcessed
            | TransportErrorKind::Interrupted
            | TransportErrorKind::Other => ErrorKind::Interrupted,
        };
        let message = match kind {
            _ if error.kind() == TransportErrorKind::NotProcessed => "the server did not process the request",
            ErrorKind::Connect => "no connection",
            ErrorKind::Configuration => "the request was not sent",
            ErrorKind::Timeout => "no complete response in time",
            ErrorKind::Decode => "the response body is unusable",
            _ => "the exchange was interrupted",
        };
        let named = Self::new(kind, message);
        match error.head() {
            Some((status, headers)) => named.with_status(status, headers),
            None => named,
        }
        .with_source(error)
    }

    /// Sets the cause, which [`source()`](std::error::Error::source) returns and `{error:#}` shows.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    #[must_use]
    pub(crate) fn with_status(mut self, status: http::StatusCode, headers: &http::HeaderMap) -> Self {
        self.0.status = Some(status.as_u16());
        self.0.ids = RequestIds::read(headers);
        self
    }

    #[must_use]
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Marks retries as exhausted: no step above retries again.
    #[must_use]
    pub(crate) fn retries_exhausted(mut self) -> Self {
        self.0.retries_exhausted = true;
        self
    }

    /// Sets the remedy: a clause, without a final period, that says what an administrator should do.
    ///
    /// ```
    /// use windows_autopilot::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Configuration, "the broker has no address").with_remedy("set BROKER");
    /// assert_eq!(error.remedy(), Some("set BROKER"));
    /// ```
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.0.remedy = Some(remedy.into());
        self
    }

    #[must_use]
    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Marks a write as sent with an unknown outcome.
    #[must_use]
    pub(crate) fn with_unknown_outcome(mut self) -> Self {
        self.0.kind = ErrorKind::UnknownOutcome;
        self.0.outcome_unknown = true;
        self
    }

    /// Marks a write whose response is unreadable: it may have taken effect.
    #[must_use]
    pub(crate) fn with_unread_answer(mut self) -> Self {
        self.0.outcome_unknown = true;
        self
    }

    /// Clears both marks: sending the request again does no harm.
    #[must_use]
    pub(crate) fn with_known_outcome(mut self) -> Self {
        self.0.outcome_unknown = false;
        if self.0.kind == ErrorKind::UnknownOutcome {
            self.0.kind = match self.0.status {
                Some(_) => ErrorKind::Unavailable,
                None => ErrorKind::Interrupted,
            };
        }
        self
    }

    /// Sets whether the response was cut short.
    #[must_use]
    pub(crate) fn with_cut_short(mut self, cut_short: bool) -> Self {
        self.0.cut_short = cut_short;
        self
    }

    /// Redacts the values of the failed request in all text from outside.
    ///
    /// A cause whose text repeats such a value, or appears to, is replaced with its redacted text.
    #[must_use]
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        let inner = &mut *self.0;
        // Borrowed text is the crate's own.
        if let Cow::Owned(message) = &mut inner.message {
            *message = redactor.text(message);
        }
        if let Some(service) = &mut inner.service {
            service.redact(redactor);
        }
        let RequestIds { request_id, client_request_id, date, diagnostic } = &mut inner.ids;
        for text in [request_id, client_request_id, date, diagnostic].into_iter().flatten() {
            *text = redactor.text(text);
        }
        if let Some(endpoint) = &mut inner.endpoint {
            *endpoint = redactor.text(endpoint);
        }
        if inner.source.as_deref().is_some_and(|source| is_revealing(source, redactor))
            && let Some(source) = inner.source.take()
        {
            inner.source = Some(match source.downcast::<TransportError>() {
                Ok(error) => error.redacted(|text| redactor.text(text)).into(),
                Err(other) => redactor.text(&chain(&*other)).into(),
            });
        }
        self
    }

    /// Returns a copy for another request of the same exchange, without the name of the call.
    pub(crate) fn like(&self) -> Self {
        let mut copy = self.copy();
        (copy.0.operation, copy.0.endpoint) = (None, None);
        copy
    }

    /// Returns a copy for another call; the cause has one owner, and becomes part of the message.
    pub(crate) fn copy(&self) -> Self {
        let inner = &*self.0;
        let message = match &inner.source {
            Some(_) if inner.service.is_none() => Cow::Owned(format!("{}{}", inner.message, Causes(self))),
            _ => inner.message.clone(),
        };
        Self(Box::new(Inner {
            kind: inner.kind,
            message,
            operation: inner.operation,
            endpoint: inner.endpoint.clone(),
            status: inner.status,
            service: inner.service.clone(),
            ids: inner.ids.clone(),
            retry_after: inner.retry_after,
            attempts: inner.attempts,
            outcome_unknown: inner.outcome_unknown,
            cut_short: inner.cut_short,
            remedy: inner.remedy.clone(),
            sign_in_failure: inner.sign_in_failure,
            retries_exhausted: inner.retries_exhausted,
            source: None,
        }))
    }

    /// Adds the name of the call, unless an inner call has one.
    #[must_use]
    pub(crate) fn for_call(mut self, operation: &'static str, method: &http::Method, path: &str) -> Self {
        if self.0.operation.is_none() {
            self.0.operation = Some(operation);
            if self.0.remedy.is_none() {
                let known = self.0.service.as_ref();
                let known =
                    known.and_then(|error| remedy::known(operation, self.0.status, self.0.kind, error));
                self.0.remedy = known.map(Cow::Borrowed);
            }
            self.0.endpoint = Some(format!("{method} {}", foreign::shown_path(path)));
        }
        self
    }

    #[must_use]
    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Sets the number of times that a batch sent the request, and the ids that its own response lacks.
    #[must_use]
    pub(crate) fn in_batch(mut self, sent: u32, batch: RequestIds) -> Self {
        self.0.attempts = self.0.attempts.max(sent);
        self.with_ids(batch)
    }

    /// Fills the missing ids of the response.
    #[must_use]
    pub(crate) fn with_ids(mut self, ids: RequestIds) -> Self {
        self.0.ids.fill(ids);
        self
    }

    #[must_use]
    pub(crate) fn with_client_request_id(mut self, id: &str) -> Self {
        self.0.ids.client_request_id.get_or_insert_with(|| id.to_owned());
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the HTTP status, if there was a response.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the service's error, if the response contained one.
    pub fn service(&self) -> Option<&ServiceError> {
        self.0.service.as_ref()
    }

    /// Returns the operation's name, such as `autopilotDevices.list`.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// Returns the method and the path of the call, such as `GET
    /// /beta/deviceManagement/windowsAutopilotDeviceIdentities`.
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// Returns the service's `request-id`, for Microsoft Support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.ids.request_id.as_deref()
    }

    /// Returns the `client-request-id` of the request.
    pub fn client_request_id(&self) -> Option<&str> {
        self.0.ids.client_request_id.as_deref()
    }

    /// Returns the `Date` header of the response.
    pub fn date(&self) -> Option<&str> {
        self.0.ids.date.as_deref()
    }

    /// Returns the `x-ms-ags-diagnostic` header, which names the responding server.
    pub fn diagnostic(&self) -> Option<&str> {
        self.0.ids.diagnostic.as_deref()
    }

    /// Returns the remedy for an administrator, if one is known.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # use windows_autopilot::sim::Fault;
    /// # tenant.fault(Fault::status(403).once());
    /// let error = client.devices().count().await.unwrap_err();
    /// println!("{error}");
    /// if let Some(remedy) = error.remedy() {
    ///     println!("for the administrator: {remedy}");
    /// }
    /// # Ok(()) });
    /// ```
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// Returns the wait that the service asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the number of attempts.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns `true` if a write may have taken effect even though the call failed. Read the object before you retry.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # use windows_autopilot::sim::Fault;
    /// use windows_autopilot::model::Group;
    ///
    /// # tenant.fault(Fault::reset_after().once());
    /// let group = Group::new("Autopilot Munich".parse()?);
    /// if let Err(error) = client.groups().create(&group).await
    ///     && error.outcome_unknown()
    /// {
    ///     let found = client.groups().find_by_name(&group.display_name).all().await?;
    ///     assert_eq!(found.len(), 1); // the response was lost, but the group exists
    /// }
    /// # Ok(()) });
    /// ```
    pub fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// Returns `true` if the response was cut short.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.0.cut_short
    }

    /// Returns the kind of a transport failure that may be retried and has not been retried yet.
    pub(crate) fn transport_kind(&self) -> Option<TransportErrorKind> {
        if self.0.retries_exhausted {
            return None;
        }
        let error = self.0.source.as_ref()?.downcast_ref::<TransportError>()?;
        (!error.is_permanent()).then(|| error.kind())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        if inner.kind == ErrorKind::UnknownOutcome {
            f.write_str("the outcome is unknown, read the object before a retry: ")?;
        }
        match &inner.service {
            Some(service) => write!(f, "{service}")?,
            None => f.write_str(&inner.message)?,
        }
        if f.alternate() {
            write!(f, "{}", Causes(self))?;
        }
        if let Some(remedy) = &inner.remedy {
            write!(f, "; {remedy}")?;
        }
        let mut notes = Vec::new();
        if let Some(status) = inner.status {
            notes.push(format!("status {status}"));
        }
        if let Some(endpoint) = &inner.endpoint {
            notes.push(endpoint.clone());
        }
        if let Some(wait) = inner.retry_after {
            notes.push(format!("retry after {wait:?}"));
        }
        if inner.attempts > 1 {
            notes.push(format!("{} attempts", inner.attempts));
        }
        if let Some(id) = &inner.ids.request_id {
            notes.push(format!("request-id {id}"));
        }
        if notes.is_empty() { Ok(()) } else { write!(f, " ({})", notes.join(", ")) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind).field("message", &format_args!("{self:#}"));
        out.field("client_request_id", &inner.ids.client_request_id).finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

/// A display of an error's causes, outermost first, each after a colon.
struct Causes<'a>(&'a Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cause = std::error::Error::source(self.0);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Returns `true` if a cause, or one of its causes, repeats a redacted value.
fn is_revealing(source: &(dyn std::error::Error + 'static), redactor: &Redactor) -> bool {
    std::iter::successors(Some(source), |error| error.source()).any(|error| {
        let shown = error.to_string();
        shown != redactor.text(&shown) || redactor.is_repeated_in(&format!("{error:?}"))
    })
}

impl From<InvalidValue> for Error {
    fn from(value: InvalidValue) -> Self {
        Self::new(ErrorKind::InvalidInput, value.description()).with_remedy(value.remedy().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn status_decides_the_kind_whatever_the_code_says() {
        for (status, kind) in [
            (400, ErrorKind::Rejected),
            (401, ErrorKind::Authentication),
            (403, ErrorKind::Forbidden),
            (404, ErrorKind::NotFound),
            (405, ErrorKind::Rejected),
            (409, ErrorKind::Conflict),
            (410, ErrorKind::Resync),
            (412, ErrorKind::PreconditionFailed),
            (424, ErrorKind::FailedDependency),
            (429, ErrorKind::Throttled),
            (500, ErrorKind::Unavailable),
            (504, ErrorKind::Unavailable),
            (302, ErrorKind::Decode),
        ] {
            let body = br#"{"error":{"code":"ResourceNotFound","message":"no"}}"#;
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Error::from_response(status, &HeaderMap::new(), body).kind(), kind, "{status}");
        }
    }

    #[test]
    fn display_names_the_call_the_code_and_the_request_id() {
        let mut headers = HeaderMap::new();
        headers.insert("request-id", "9f0e".parse().unwrap());
        let body = br#"{"error":{"code":"BadRequest","message":"Name is taken."}}"#;
        let error = Error::from_response(StatusCode::BAD_REQUEST, &headers, body).for_call(
            "groups.create",
            &http::Method::POST,
            "/v1.0/groups",
        );
        assert_eq!(
            error.to_string(),
            "groups.create: BadRequest: Name is taken. (status 400, POST /v1.0/groups, request-id 9f0e)"
        );
    }

    #[test]
    fn an_error_chain_repeats_no_text() {
        let cause =
            TransportError::new(TransportErrorKind::Connect, "host: refused").with_source("os error 111");
        let error = Error::from_transport(cause).with_remedy("check the proxy");
        assert_eq!(error.to_string(), "no connection; check the proxy");
        assert_eq!(format!("{error:#}"), "no connection: host: refused: os error 111; check the proxy");
        assert_eq!(error.copy().to_string(), format!("{error:#}"));
        assert!(format!("{error:?}").contains("os error 111"));
        let error = Error::from("a b".parse::<crate::model::Id<()>>().unwrap_err());
        assert_eq!(error.remedy(), Some("write the id that the service returned"));
        assert_eq!(error.to_string().matches("service returned").count(), 1);
    }

    #[test]
    fn kinds_are_shown_and_serialized_in_snake_case() {
        assert_eq!(ErrorKind::UnknownOutcome.to_string(), "unknown_outcome");
        assert_eq!(serde_json::to_string(&ErrorKind::NotFound).unwrap(), r#""not_found""#);
    }

    #[test]
    fn html_is_cleaned_and_cut() {
        let body = b"<html><head><title>502</title><style>a{}</style></head><body><h1>Bad   Gateway</h1></body></html>";
        let error = Error::from_response(StatusCode::BAD_GATEWAY, &HeaderMap::new(), body);
        assert_eq!(error.to_string(), "Bad Gateway: 502 Bad Gateway (status 502)");
    }

    #[test]
    fn documented_refusals_have_a_remedy() {
        for (operation, status, message, remedy) in [
            ("groups.create", 403, "Missing scope permissions on the request.", "grant the app"),
            ("mobilityPolicies.get", 403, "Unsupported app-only call", "sign in as a user"),
            (
                "autopilotProfiles.assign",
                400,
                "Profile is already assigned to All Devices",
                "assign the profile to groups",
            ),
            ("groups.get", 400, "Resource not found for the segment 'x'.", "with_version"),
            ("groups.get", 400, "Invalid version: v2", "`v1.0` or `beta`"),
            ("autopilotSettings.sync", 409, "", "a sync is running"),
            ("autopilotDevices.assignUserToDevice", 404, "User not found", "user exists"),
            ("autopilotProfiles.create", 400, "deviceNameTemplate is invalid", "template empty"),
            ("autopilotProfiles.create", 500, "An internal server error has occurred", "hyphens"),
        ] {
            let body = serde_json::json!({"error": {"code": "x", "message": message}}).to_string();
            let status = StatusCode::from_u16(status).unwrap();
            let error = Error::from_response(status, &HeaderMap::new(), body.as_bytes());
            let error = error.for_call(operation, &http::Method::POST, "/x");
            assert!(
                error.remedy().is_some_and(|known| known.contains(remedy)),
                "{operation} {message}: {error}"
            );
        }
        let error =
            Error::from_response(StatusCode::NOT_FOUND, &HeaderMap::new(), br#"{"error":{"code":"x"}}"#);
        assert_eq!(error.for_call("groups.get", &http::Method::GET, "/x").remedy(), None);
    }

    #[test]
    fn a_persons_name_in_the_path_is_not_shown() {
        let error = Error::new(ErrorKind::NotFound, "gone").for_call(
            "users.get",
            &http::Method::GET,
            "/v1.0/users/adele@contoso.com",
        );
        assert_eq!(error.endpoint(), Some("GET /v1.0/users/[redacted]"));
        for (path, shown) in [
            ("/v1.0/users/CONTOSO%5C''\u{fc}_/devices", "/v1.0/users/[redacted]/devices"),
            ("/v1.0/users/bob/manager", "/v1.0/users/[redacted]/manager"),
            ("/v1.0/users('o''neill')/manager", "/v1.0/users('[redacted]')/manager"),
            (
                "/v1.0/users/0f8fad5b-d9cb-469f-a165-70867728950e",
                "/v1.0/users/0f8fad5b-d9cb-469f-a165-70867728950e",
            ),
        ] {
            let error =
                Error::new(ErrorKind::NotFound, "gone").for_call("users.get", &http::Method::GET, path);
            assert_eq!(error.endpoint().map(str::to_owned), Some(format!("GET {shown}")));
        }
    }
}
