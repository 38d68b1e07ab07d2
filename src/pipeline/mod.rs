//! The pipeline of every exchange: tracing, request ids, retries, sign-in and limits, in that order.
//!
//! To add a step of your own, implement [`Middleware`]:
//! [`ClientBuilder::with_middleware`](crate::ClientBuilder::with_middleware) adds one that runs once per call, and
//! [`with_per_attempt_middleware`](crate::ClientBuilder::with_per_attempt_middleware) one that runs for each attempt,
//! after sign-in. [`RetryConfig`] and [`Limits`] configure the built-in steps, and [`Counters`] counts their
//! [`Event`]s.
//!
//! [`crate::docs::reliability`] lists the client's guarantees, and [`crate::docs::tracing`] its spans.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tracing::Instrument as _;

use self::window::Era;
use crate::clock::{Clock, within};
use crate::credential::{AccessToken, RequestedWait, SignInTransport};
use crate::error::{Error, Result};
use crate::foreign::Redactor;
use crate::transport::{Transport, TransportError, TransportErrorKind};

pub(crate) mod auth;
pub(crate) mod limit;
mod observe;
pub(crate) mod request_id;
pub(crate) mod retry;
mod retry_after;
pub(crate) mod trace;
pub(crate) mod window;
pub(crate) mod workload;

pub use self::limit::Limits;
pub(crate) use self::observe::Observer;
pub use self::observe::{Counters, Counts, Event, EventKind};
pub use self::retry::{RetryConfig, RetryState};
pub(crate) use self::retry_after::retry_after;

/// A step in a client's pipeline.
///
/// Per-call steps run once per call, per-attempt steps for every attempt. A step forwards the request with
/// [`Next::run`]; it may change the request or the response, and may forward the request more than once.
///
/// ```
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use windows_autopilot::pipeline::{Middleware, Next};
///
/// #[derive(Debug)]
/// struct Audit;
///
/// #[async_trait]
/// impl Middleware for Audit {
///     async fn handle(
///         &self,
///         mut request: http::Request<Bytes>,
///         next: Next<'_>,
///     ) -> windows_autopilot::Result<http::Response<Bytes>> {
///         request.headers_mut().insert("x-change-ticket", http::HeaderValue::from_static("CHG0001"));
///         next.run(request).await
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a middleware",
    note = "implement `Middleware` with `#[async_trait]` for a type that is `Debug`, `Send`, `Sync` and `'static`"
)]
#[async_trait]
pub trait Middleware: fmt::Debug + Send + Sync + 'static {
    /// Handles one request.
    ///
    /// # Errors
    /// Fails only if there is no response; a response with any status is `Ok`.
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>>;
}

/// The remaining steps of the pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Next<'a> {
    steps: &'a [Arc<dyn Middleware>],
    end: &'a End,
}

impl<'a> Next<'a> {
    /// Forwards the request to the next step.
    ///
    /// # Errors
    /// Any error from the remaining steps.
    pub fn run(
        self,
        request: http::Request<Bytes>,
    ) -> impl Future<Output = Result<http::Response<Bytes>>> + Send + 'a {
        // Boxed step by step, so that no step's future contains all that follow.
        match self.steps.split_first() {
            Some((step, steps)) => step.handle(request, Next { steps, end: self.end }),
            None => Box::pin(self.end.send(request)),
        }
    }
}

/// The call to which a request belongs, stored in the request's extensions.
#[derive(Debug, Clone)]
pub struct CallInfo {
    pub(crate) operation: &'static str,
    pub(crate) path_template: &'static str,
    pub(crate) idempotent: bool,
    /// Whether a 429 may be retried within the call. After some actions it means "not today".
    pub(crate) waits_when_throttled: bool,
    pub(crate) limit: Option<TimeLimit>,
    pub(crate) progress: Arc<Progress>,
}

impl CallInfo {
    pub(crate) fn new(
        operation: &'static str,
        path_template: &'static str,
        idempotent: bool,
        progress: Arc<Progress>,
    ) -> Self {
        Self { operation, path_template, idempotent, waits_when_throttled: true, limit: None, progress }
    }

    /// Returns the operation's name, such as `autopilotDevices.list`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns the path with its placeholders, such as `/devices/{device-id}`.
    pub fn path_template(&self) -> &'static str {
        self.path_template
    }

    /// Returns `true` if sending the request twice has the same effect as sending it once.
    pub fn idempotent(&self) -> bool {
        self.idempotent
    }

    /// Returns the number of attempts so far.
    pub fn attempts(&self) -> u32 {
        self.progress.attempts.load(Ordering::Relaxed)
    }

    /// Returns the call's remaining time at `now`, by [`Clock::elapsed`].
    pub(crate) fn time_left(&self, now: Duration) -> Option<Duration> {
        let limit = self.limit?;
        let held = if limit.hard { Duration::ZERO } else { self.progress.held(now) };
        Some(limit.ends.saturating_add(held).saturating_sub(now))
    }
}

/// The deadline of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimit {
    /// The deadline, by [`Clock::elapsed`].
    pub(crate) ends: Duration,
    /// Whether the deadline is fixed. Otherwise it is extended by the time in which the client itself holds the call
    /// back.
    pub(crate) hard: bool,
}

/// The progress of a call, which stays visible if the call is canceled.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    attempts: AtomicU32,
    /// Whether a request is in flight, or ended without a whole response: it may have taken effect.
    open: AtomicBool,
    /// Whether `open` has been set at least once during the call.
    was_open: AtomicBool,
    /// The start of the first attempt, including waits before it.
    started: OnceLock<Duration>,
    /// The era of the window in which the last attempt was sent.
    era: AtomicU64,
    holds: Mutex<Holds>,
    /// The last tokens of the call: one, or two if the first was refused.
    tokens: Mutex<[Option<Arc<AccessToken>>; 2]>,
}

/// The time for which the client has held a call back to stay within its own limits.
#[derive(Debug, Default)]
struct Holds {
    over: Duration,
    /// The number of current holds; `since` is the start of the first.
    now: u32,
    since: Duration,
}

/// A hold on a call that lasts until this guard is dropped.
pub(crate) struct Hold<'a> {
    progress: &'a Progress,
    clock: &'a dyn Clock,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut holds = self.progress.holds();
        holds.now = holds.now.saturating_sub(1);
        if holds.now == 0 {
            let held = self.clock.elapsed().saturating_sub(holds.since);
            holds.over = holds.over.saturating_add(held);
        }
    }
}

impl Progress {
    /// Creates the progress of a call that belongs to a longer operation started at `started`.
    pub(crate) fn started_at(started: Duration) -> Self {
        Self { started: started.into(), ..Self::default() }
    }

    /// Stores a token that the call is sent with, to redact it in the call's error.
    pub(crate) fn add_token(&self, token: Arc<AccessToken>) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let [last, before] = &mut *tokens;
        if !last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &token)) {
            *before = last.replace(token);
        }
    }

    /// Returns a redactor of the tokens that the call was sent with.
    pub(crate) fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().flatten().for_each(|token| {
            redactor.secret(token.secret().reveal());
        });
        redactor
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn may_have_taken_effect(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn was_ambiguous(&self) -> bool {
        self.was_open.load(Ordering::Relaxed)
    }

    /// Returns the start of the first attempt: now, if there was none.
    pub(crate) fn started(&self, clock: &dyn Clock) -> Duration {
        *self.started.get_or_init(|| clock.elapsed())
    }

    /// Returns the era of the window in which the last attempt was sent.
    pub(crate) fn era(&self) -> Era {
        Era(self.era.load(Ordering::Relaxed))
    }

    fn set_era(&self, era: Era) {
        self.era.store(era.0, Ordering::Relaxed);
    }

    fn holds(&self) -> MutexGuard<'_, Holds> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a hold.
    pub(crate) fn hold<'a>(&'a self, clock: &'a dyn Clock) -> Hold<'a> {
        let mut holds = self.holds();
        if holds.now == 0 {
            holds.since = clock.elapsed();
        }
        holds.now = holds.now.saturating_add(1);
        Hold { progress: self, clock }
    }

    /// Returns the time for which the call has been held back so far.
    pub(crate) fn held(&self, now: Duration) -> Duration {
        let holds = self.holds();
        let going_on = if holds.now > 0 { now.saturating_sub(holds.since) } else { Duration::ZERO };
        holds.over.saturating_add(going_on)
    }

    /// Returns `true` if the call is held back now.
    pub(crate) fn is_held(&self) -> bool {
        self.holds().now > 0
    }

    fn start(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.open.store(true, Ordering::Relaxed);
    }

    /// Records the outcome of an attempt: whether it may have taken effect.
    fn end(&self, outcome: Result<http::StatusCode, TransportErrorKind>) {
        let open = match outcome {
            Ok(status) => leaves_open(status),
            Err(kind) => !kind.never_sent(),
        };
        self.open.store(open, Ordering::Relaxed);
        if open {
            self.was_open.store(true, Ordering::Relaxed);
        }
    }
}

/// Returns `true` if a write with the response `status` may have taken effect. 303 redirects to the result of the
/// write.
pub(crate) fn leaves_open(status: http::StatusCode) -> bool {
    status.is_server_error() || status == http::StatusCode::SEE_OTHER
}

/// The steps of a client and the transport at their end. Each call gets its span and its id before the first step.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    steps: Arc<[Arc<dyn Middleware>]>,
    end: End,
}

impl Pipeline {
    pub(crate) fn new(
        steps: Vec<Arc<dyn Middleware>>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        attempt_timeout: Duration,
        observer: Observer,
    ) -> Self {
        Self { steps: steps.into(), end: End { transport, clock, attempt_timeout, observer } }
    }

    pub(crate) async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let call = request.extensions().get::<CallInfo>().cloned();
        let span = trace::call(&request, call.as_ref());
        // The id in a response may repeat parts of the request.
        let sent = (!span.is_disabled()).then(|| (request.uri().clone(), request.body().clone()));
        let id = request_id::ensure(&mut request);
        let rest = Next { steps: &self.steps, end: &self.end };
        let answer = request_id::attach(rest.run(request).instrument(span.clone()).await, id);
        if let Some((uri, body)) = sent {
            trace::call_ended(&span, call.as_ref(), &answer, (&uri, &body));
        }
        answer
    }
}

/// Sends the requests of one sign-in within the remaining time of the waiting call.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    pub(crate) pipeline: &'a Pipeline,
    /// The deadline, by [`Clock::elapsed`].
    pub(crate) deadline: Option<Duration>,
}

#[async_trait]
impl SignInTransport for SignIn<'_> {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        // A repeated token request returns another valid token.
        let mut call = CallInfo::new("signIn", "/{tenant}/oauth2/v2.0", true, Arc::default());
        call.limit = self.deadline.map(|ends| TimeLimit { ends, hard: true });
        request.extensions_mut().insert(call);
        let mut answer = self.pipeline.send(request).await?;
        let local = self.pipeline.end.clock.timestamp();
        if let Some(wait) = retry_after(answer.headers(), None, local) {
            answer.extensions_mut().insert(RequestedWait(wait));
        }
        Ok(answer)
    }
}

/// The end of the pipeline: one exchange within the attempt timeout.
#[derive(Debug, Clone)]
struct End {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    attempt_timeout: Duration,
    observer: Observer,
}

impl End {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let call = request.extensions().get::<CallInfo>().cloned();
        let operation = call.as_ref().map_or("other", |call| call.operation);
        if let Some(call) = &call {
            call.progress.start();
        }
        let attempt = call.as_ref().map_or(1, CallInfo::attempts);
        let span = trace::attempt(&request, call.as_ref(), attempt);
        let start = self.observer.is_set().then(|| self.clock.elapsed());
        let sending = (*self.transport).send(request).instrument(span.clone());
        let sent = within(&*self.clock, self.attempt_timeout, sending).await;
        let answer = sent.unwrap_or_else(|| {
            let message = format!("no complete response within {:?}", self.attempt_timeout);
            Err(TransportError::new(TransportErrorKind::Timeout, message))
        });
        let outcome = answer.as_ref().map(http::Response::status).map_err(TransportError::kind);
        if let Some(call) = &call {
            call.progress.end(outcome);
        }
        trace::attempt_ended(&span, &answer);
        self.observer.emit(operation, || {
            let elapsed = start.map(|start| self.clock.elapsed().saturating_sub(start)).unwrap_or_default();
            match outcome {
                Ok(status) => EventKind::ResponseReceived { attempt, status: status.as_u16(), elapsed },
                Err(kind) => EventKind::AttemptFailed { attempt, kind, elapsed },
            }
        });
        answer.map_err(Error::from_transport)
    }
}
