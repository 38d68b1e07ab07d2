//! Events of calls, and counters of attempts, retries, waits and calls.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::error::ErrorKind;
use crate::transport::TransportErrorKind;

/// An event during a call. See [`ClientBuilder::with_observer`](crate::ClientBuilder::with_observer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// The operation's name, such as `autopilotDevices.list`; `signIn` for sign-in.
    pub operation: &'static str,
    /// The kind of the event, with its details.
    pub kind: EventKind,
}

/// The kind of an [`Event`], with its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A complete response was received.
    #[non_exhaustive]
    ResponseReceived {
        /// The number of the attempt, starting at 1.
        attempt: u32,
        /// The status of the response.
        status: u16,
        /// The time that the attempt took.
        elapsed: Duration,
    },
    /// An attempt failed: no complete response was received.
    #[non_exhaustive]
    AttemptFailed {
        /// The number of the attempt, starting at 1.
        attempt: u32,
        /// The kind of the failure.
        kind: TransportErrorKind,
        /// The time that the attempt took.
        elapsed: Duration,
    },
    /// A retry follows.
    #[non_exhaustive]
    Retry {
        /// The number of attempts so far.
        attempt: u32,
        /// The wait before the retry.
        wait: Duration,
        /// Whether the attempt was throttled (429).
        throttled: bool,
    },
    /// The call is waiting because the service has throttled its workload.
    #[non_exhaustive]
    ThrottleWait {
        /// The duration of the wait.
        wait: Duration,
    },
    /// The call waited for the client's own [`Limits`](super::Limits).
    #[non_exhaustive]
    LimitWait {
        /// The duration of the wait.
        wait: Duration,
    },
    /// A retry was due, but the client's retry budget is exhausted.
    RetryBudgetExhausted,
    /// The call has finished. Sign-in does not emit this event.
    #[non_exhaustive]
    Finished {
        /// The number of attempts.
        attempts: u32,
        /// The kind of the call's error, if the call failed.
        error: Option<ErrorKind>,
        /// The time that the call took, including waits.
        elapsed: Duration,
    },
}

/// The function that receives the events, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Arc<ObserverFn>>);

type ObserverFn = dyn Fn(&Event) + Send + Sync;

impl Observer {
    pub(crate) fn new(observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observer)))
    }

    /// Returns `true` if a function receives the events.
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn emit(&self, operation: &'static str, kind: impl FnOnce() -> EventKind) {
        if let Some(observer) = &self.0 {
            observer(&Event { operation, kind: kind() });
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "none" })
    }
}

/// Counters of events. Clones share their counts.
///
/// ```
/// use windows_autopilot::Client;
/// use windows_autopilot::credential::FixedToken;
/// use windows_autopilot::pipeline::Counters;
/// # use windows_autopilot::transport::transport_fn;
/// # let transport = transport_fn(|_| async { Ok(http::Response::new(bytes::Bytes::from_static(b"{}"))) });
/// # windows_autopilot::testing::run(async |_| {
/// let counters = Counters::default();
/// let counting = counters.clone();
/// let client = Client::builder(FixedToken::new("eyJ0eXAi…"))
///     .with_observer(move |event| counting.record(event))
/// #   .with_transport(transport)
///     .build()?;
/// # client.get::<serde_json::Value>(windows_autopilot::graph::ApiVersion::V1, "/organization").await?;
/// let counts = counters.counts();
/// assert_eq!((counts.calls, counts.retries), (1, 0));
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Atoms>);

#[derive(Debug, Default)]
struct Atoms {
    calls: AtomicU64,
    failed_calls: AtomicU64,
    requests: AtomicU64,
    throttled: AtomicU64,
    retries: AtomicU64,
    retry_budget_exhausted: AtomicU64,
    /// Waits, in microseconds.
    retry_wait: AtomicU64,
    limit_wait: AtomicU64,
}

/// A snapshot of [`Counters`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Calls that have finished.
    pub calls: u64,
    /// Calls that have failed.
    pub failed_calls: u64,
    /// Attempts, including retries and sign-in requests.
    pub requests: u64,
    /// Responses with status 429.
    pub throttled: u64,
    /// Retries.
    pub retries: u64,
    /// Retries that were due when the retry budget was exhausted.
    pub retry_budget_exhausted: u64,
    /// The total time spent waiting before retries and for throttled workloads; each wait is truncated to whole
    /// microseconds.
    pub retry_wait: Duration,
    /// The total time spent waiting for the client's own limits; each wait is truncated to whole microseconds.
    pub limit_wait: Duration,
}

impl Counters {
    /// Counts an event.
    pub fn record(&self, event: &Event) {
        let add = |counter: &AtomicU64, by: u64| counter.fetch_add(by, Ordering::Relaxed);
        let micros = |wait: Duration| u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        let all = &*self.0;
        match event.kind {
            EventKind::ResponseReceived { status, .. } => {
                add(&all.requests, 1);
                add(&all.throttled, u64::from(status == 429));
            }
            EventKind::AttemptFailed { .. } => {
                add(&all.requests, 1);
            }
            EventKind::Retry { wait, .. } => {
                add(&all.retries, 1);
                add(&all.retry_wait, micros(wait));
            }
            EventKind::ThrottleWait { wait } => {
                add(&all.retry_wait, micros(wait));
            }
            EventKind::LimitWait { wait } => {
                add(&all.limit_wait, micros(wait));
            }
            EventKind::RetryBudgetExhausted => {
                add(&all.retry_budget_exhausted, 1);
            }
            EventKind::Finished { error, .. } => {
                add(&all.calls, 1);
                add(&all.failed_calls, u64::from(error.is_some()));
            }
        }
    }

    /// Returns the counts so far.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let all = &*self.0;
        Counts {
            calls: read(&all.calls),
            failed_calls: read(&all.failed_calls),
            requests: read(&all.requests),
            throttled: read(&all.throttled),
            retries: read(&all.retries),
            retry_budget_exhausted: read(&all.retry_budget_exhausted),
            retry_wait: Duration::from_micros(read(&all.retry_wait)),
            limit_wait: Duration::from_micros(read(&all.limit_wait)),
        }
    }
}
