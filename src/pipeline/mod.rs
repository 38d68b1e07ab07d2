//! What happens to every exchange: tracing, ids, retries, sign-in and limits, in that order.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::clock::{Clock, within};
use crate::credential::Exchange;
use crate::error::{Error, Result};
use crate::transport::{Transport, TransportError, TransportErrorKind};

pub(crate) mod auth;
pub(crate) mod limit;
pub(crate) mod request_id;
pub(crate) mod retry;
mod retry_after;
pub(crate) mod trace;

pub use self::limit::Limits;
pub use self::retry::RetryConfig;
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

impl Next<'_> {
    /// Passes the request on.
    ///
    /// # Errors
    /// What the steps behind it answer.
    pub async fn run(self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        match self.steps.split_first() {
            Some((step, steps)) => step.handle(request, Next { steps, end: self.end }).await,
            None => self.end.send(request).await,
        }
    }
}

/// What the pipeline knows about the call that a request belongs to. It rides in the request's extensions.
#[derive(Debug, Clone)]
pub struct CallInfo {
    pub(crate) operation: &'static str,
    pub(crate) template: &'static str,
    pub(crate) idempotent: bool,
    /// Whether a 429 means "later in this call". After some actions it means "not today".
    pub(crate) waits_when_throttled: bool,
    /// When the call must be over, by [`Clock::elapsed`].
    pub(crate) deadline: Option<Duration>,
    pub(crate) progress: Arc<Progress>,
}

impl CallInfo {
    pub(crate) fn new(operation: &'static str, template: &'static str, idempotent: bool) -> Self {
        Self {
            operation,
            template,
            idempotent,
            waits_when_throttled: true,
            deadline: None,
            progress: Arc::default(),
        }
    }

    /// The operation's name, such as `autopilotDevices.list`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The path with its parameters unfilled, such as `/devices/{device-id}`.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// Whether sending the request twice has the effect of sending it once.
    pub fn idempotent(&self) -> bool {
        self.idempotent
    }

    /// How often the request has been sent so far.
    pub fn attempts(&self) -> u32 {
        self.progress.attempts.load(Ordering::Relaxed)
    }
}

/// What has become of a call, seen from outside even if it is cut off.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    attempts: AtomicU32,
    /// A request is on its way, or went and no whole answer came: it may have taken effect.
    open: AtomicBool,
    /// So it was at least once during the call.
    was_open: AtomicBool,
}

impl Progress {
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn may_have_taken_effect(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn was_ambiguous(&self) -> bool {
        self.was_open.load(Ordering::Relaxed)
    }

    fn start(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.open.store(true, Ordering::Relaxed);
    }

    /// The outcome of a try, as far as its effect can be told from it.
    fn end(&self, outcome: Result<http::StatusCode, TransportErrorKind>) {
        let open = match outcome {
            Ok(status) => status.is_server_error(),
            Err(kind) => !kind.never_sent(),
        };
        self.open.store(open, Ordering::Relaxed);
        if open {
            self.was_open.store(true, Ordering::Relaxed);
        }
    }
}

/// The steps and the transport at their end.
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
        try_timeout: Duration,
    ) -> Self {
        Self { steps: steps.into(), end: End { transport, clock, try_timeout } }
    }

    pub(crate) async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        Next { steps: &self.steps, end: &self.end }.run(request).await
    }
}

#[async_trait]
impl Exchange for Pipeline {
    async fn exchange(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        // Asking for a token twice gives two tokens, either of which will do.
        request.extensions_mut().insert(CallInfo::new("signIn", "", true));
        self.send(request).await
    }
}

/// The end of the pipeline: one exchange, within the time that a try may take.
#[derive(Debug, Clone)]
struct End {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    try_timeout: Duration,
}

impl End {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let progress = request.extensions().get::<CallInfo>().map(|call| Arc::clone(&call.progress));
        if let Some(progress) = &progress {
            progress.start();
        }
        let sent = within(&*self.clock, self.try_timeout, self.transport.send(request)).await;
        let answer = sent.unwrap_or_else(|| {
            let message = format!("no whole answer within {:?}", self.try_timeout);
            Err(TransportError::new(TransportErrorKind::Timeout, message))
        });
        if let Some(progress) = &progress {
            progress.end(answer.as_ref().map(http::Response::status).map_err(TransportError::kind));
        }
        answer.map_err(Error::from_transport)
    }
}
