//! What happens to every exchange: tracing, ids, retries, sign-in and limits, in that order.
//!
//! What a client promises in return is in [`crate::docs::reliability`], how to see it at work in [`crate::docs::tracing`].

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tracing::Instrument as _;

use self::window::Era;
use crate::clock::{Clock, within};
use crate::credential::{AccessToken, AskedWait, SignInTransport};
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

/// A step on the way of every request of a client.
///
/// Per-call steps run once a call; per-try steps once for every time that the request is sent. A step passes the request
/// on with [`Next::run`], may change it or the answer, and may pass it on more than once.
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
    /// When no answer is to be had; an answer of any status is `Ok`.
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>>;
}

/// The rest of the pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Next<'a> {
    steps: &'a [Arc<dyn Middleware>],
    end: &'a End,
}

impl<'a> Next<'a> {
    /// Passes the request on.
    ///
    /// # Errors
    /// What the steps behind it answer.
    pub fn run(
        self,
        request: http::Request<Bytes>,
    ) -> impl Future<Output = Result<http::Response<Bytes>>> + Send + 'a {
        // In a box each, so that no step has room for all that may come behind it.
        match self.steps.split_first() {
            Some((step, steps)) => step.handle(request, Next { steps, end: self.end }),
            None => Box::pin(self.end.send(request)),
        }
    }
}

/// What the pipeline knows about the call that a request belongs to. It rides in the request's extensions.
#[derive(Debug, Clone)]
pub struct CallInfo {
    pub(crate) operation: &'static str,
    pub(crate) path_template: &'static str,
    pub(crate) idempotent: bool,
    /// Whether a 429 means "later in this call". After some actions it means "not today".
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

    /// The operation's name, such as `autopilotDevices.list`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns the path with its parameters unfilled, such as `/devices/{device-id}`.
    pub fn path_template(&self) -> &'static str {
        self.path_template
    }

    /// Whether sending the request twice has the effect of sending it once.
    pub fn idempotent(&self) -> bool {
        self.idempotent
    }

    /// How often the request has been sent so far.
    pub fn attempts(&self) -> u32 {
        self.progress.attempts.load(Ordering::Relaxed)
    }

    /// What is left of the call's time at `now`, by [`Clock::elapsed`].
    pub(crate) fn time_left(&self, now: Duration) -> Option<Duration> {
        let limit = self.limit?;
        let held = if limit.hard { Duration::ZERO } else { self.progress.held(now) };
        Some(limit.ends.saturating_add(held).saturating_sub(now))
    }
}

/// When a call must be over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimit {
    /// By [`Clock::elapsed`].
    pub(crate) ends: Duration,
    /// Whether it holds whatever happens. Otherwise it moves on while the client itself holds the call back.
    pub(crate) hard: bool,
}

/// What has become of a call, seen from outside even if it is cut off.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    attempts: AtomicU32,
    /// A request is on its way, or went and no whole answer came: it may have taken effect.
    open: AtomicBool,
    /// So it was at least once during the call.
    was_open: AtomicBool,
    /// When its first try began, waits before it included.
    began: OnceLock<Duration>,
    /// The era of the window in which its last try was sent.
    era: AtomicU64,
    holds: Mutex<Holds>,
    /// The last tokens that it was sent with: one, or two if the first was refused.
    tokens: Mutex<[Option<Arc<AccessToken>>; 2]>,
}

/// For how long a client has held a call back, to stay within its own limits.
#[derive(Debug, Default)]
struct Holds {
    over: Duration,
    /// How many holds go on, and since when there has been one.
    now: u32,
    since: Duration,
}

/// A hold that goes on until this is dropped.
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
    /// Of a call that is a part of work that began at `began`.
    pub(crate) fn begun(began: Duration) -> Self {
        Self { began: began.into(), ..Self::default() }
    }

    /// Remembers a token that the call is sent with, to redact it in the call's error.
    pub(crate) fn signed_with(&self, token: Arc<AccessToken>) {
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

    /// When its first try began, which is now if it has not.
    pub(crate) fn began(&self, clock: &dyn Clock) -> Duration {
        *self.began.get_or_init(|| clock.elapsed())
    }

    /// The era of the window in which its last try was sent.
    pub(crate) fn era(&self) -> Era {
        Era(self.era.load(Ordering::Relaxed))
    }

    fn sent_in(&self, era: Era) {
        self.era.store(era.0, Ordering::Relaxed);
    }

    fn holds(&self) -> MutexGuard<'_, Holds> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a hold.
    pub(crate) fn hold<'a>(&'a self, clock: &'a dyn Clock) -> Hold<'a> {
        let mut holds = self.holds();
        if holds.now == 0 {
            holds.since = clock.elapsed();
        }
        holds.now = holds.now.saturating_add(1);
        Hold { progress: self, clock }
    }

    /// How long the call has been held back so far.
    pub(crate) fn held(&self, now: Duration) -> Duration {
        let holds = self.holds();
        let going_on = if holds.now > 0 { now.saturating_sub(holds.since) } else { Duration::ZERO };
        holds.over.saturating_add(going_on)
    }

    /// Whether it is held back at the moment.
    pub(crate) fn is_held(&self) -> bool {
        self.holds().now > 0
    }

    fn start(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.open.store(true, Ordering::Relaxed);
    }

    /// The outcome of a try, as far as its effect can be told from it.
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

/// Returns `true` if a write that was answered with `status` may have taken effect. 303 sends the client to the result of
/// what was done.
pub(crate) fn leaves_open(status: http::StatusCode) -> bool {
    status.is_server_error() || status == http::StatusCode::SEE_OTHER
}

/// The steps of a client and the transport at their end. Before them, each call gets its span and its id.
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
        // The id of an answer may repeat what was sent.
        let sent = (!span.is_disabled()).then(|| (request.uri().clone(), request.body().clone()));
        let id = request_id::name(&mut request);
        let rest = Next { steps: &self.steps, end: &self.end };
        let answer = request_id::tell(rest.run(request).instrument(span.clone()).await, id);
        if let Some((uri, body)) = sent {
            trace::call_ended(&span, call.as_ref(), &answer, (&uri, &body));
        }
        answer
    }
}

/// Sends the requests of one sign-in, within what is left of the time of the call that waits for it.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    pub(crate) pipeline: &'a Pipeline,
    /// By [`Clock::elapsed`].
    pub(crate) deadline: Option<Duration>,
}

#[async_trait]
impl SignInTransport for SignIn<'_> {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        // Asking for a token twice gives two tokens, either of which will do.
        let mut call = CallInfo::new("signIn", "/{tenant}/oauth2/v2.0", true, Arc::default());
        call.limit = self.deadline.map(|ends| TimeLimit { ends, hard: true });
        request.extensions_mut().insert(call);
        let mut answer = self.pipeline.send(request).await?;
        let local = self.pipeline.end.clock.timestamp();
        if let Some(wait) = retry_after(answer.headers(), None, local) {
            answer.extensions_mut().insert(AskedWait(wait));
        }
        Ok(answer)
    }
}

/// The end of the pipeline: one exchange, within the timeout of an attempt.
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
        let start = self.observer.is_told().then(|| self.clock.elapsed());
        let sending = (*self.transport).send(request).instrument(span.clone());
        let sent = within(&*self.clock, self.attempt_timeout, sending).await;
        let answer = sent.unwrap_or_else(|| {
            let message = format!("no whole answer within {:?}", self.attempt_timeout);
            Err(TransportError::new(TransportErrorKind::Timeout, message))
        });
        let outcome = answer.as_ref().map(http::Response::status).map_err(TransportError::kind);
        if let Some(call) = &call {
            call.progress.end(outcome);
        }
        trace::attempt_ended(&span, &answer);
        self.observer.tell(operation, || {
            let elapsed = start.map(|start| self.clock.elapsed().saturating_sub(start)).unwrap_or_default();
            match outcome {
                Ok(status) => EventKind::ResponseReceived { attempt, status: status.as_u16(), elapsed },
                Err(kind) => EventKind::AttemptFailed { attempt, kind, elapsed },
            }
        });
        answer.map_err(Error::from_transport)
    }
}
