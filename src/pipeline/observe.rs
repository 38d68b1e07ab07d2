//! What a program may count: retries, waits, tries and calls.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::error::ErrorKind;
use crate::transport::TransportErrorKind;

/// Something that happened to a call. See [`ClientBuilder::with_observer`](crate::ClientBuilder::with_observer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// The operation's name, such as `autopilotDevices.list`; `signIn` for sign-in.
    pub operation: &'static str,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// A request was sent, and a whole answer came.
    #[non_exhaustive]
    Answered {
        /// How often the call's request has been sent, from 1.
        attempt: u32,
        /// The answer's status.
        status: u16,
        /// How long it took.
        took: Duration,
    },
    /// No whole answer came.
    #[non_exhaustive]
    Failed {
        /// How often the call's request has been sent, from 1.
        attempt: u32,
        /// What that leaves open.
        kind: TransportErrorKind,
        /// How long it took.
        took: Duration,
    },
    /// The request will be sent again.
    #[non_exhaustive]
    Retry {
        /// How often it has been sent so far.
        attempt: u32,
        /// The wait before.
        wait: Duration,
        /// Whether it was throttled (429).
        throttled: bool,
    },
    /// The call waits because the service asked that its workload be left alone.
    #[non_exhaustive]
    Gated {
        /// How long.
        wait: Duration,
    },
    /// The call waited to keep the client within its own [`Limits`](super::Limits).
    #[non_exhaustive]
    Paced {
        /// How long.
        wait: Duration,
    },
    /// A retry was due, and the client's budget of retries was used up.
    OutOfBudget,
    /// The call is over. Sign-in has no such event.
    #[non_exhaustive]
    Done {
        /// How often its request was sent.
        attempts: u32,
        /// How it failed, if it did.
        error: Option<ErrorKind>,
        /// How long it took, waits included.
        took: Duration,
    },
}

/// Who is told; often nobody.
#[derive(Clone, Default)]
pub(crate) struct Observer(Option<Arc<Told>>);

type Told = dyn Fn(&Event) + Send + Sync;

impl Observer {
    pub(crate) fn new(told: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    /// Whether there is anybody.
    pub(crate) fn is_told(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn tell(&self, operation: &'static str, what: impl FnOnce() -> What) {
        if let Some(told) = &self.0 {
            told(&Event { operation, what: what() });
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "none" })
    }
}

/// Counts what it is told. Clones count together.
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
    out_of_budget: AtomicU64,
    /// Waits, in microseconds.
    waited: AtomicU64,
    paced: AtomicU64,
}

/// What [`Counters`] have counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Calls that are over.
    pub calls: u64,
    /// Those of them that failed.
    pub failed_calls: u64,
    /// Requests that were sent, sign-in's and repeated ones included.
    pub requests: u64,
    /// Answers with 429.
    pub throttled: u64,
    /// Requests that were sent once more.
    pub retries: u64,
    /// Retries that were due and not made, since the budget was used up.
    pub out_of_budget: u64,
    /// Time that calls waited before they tried again or because the service asked for it, in all.
    pub waited: Duration,
    /// Time that calls were held back by the client's own limits, in all.
    pub paced: Duration,
}

impl Counters {
    /// Counts an event.
    pub fn record(&self, event: &Event) {
        let add = |counter: &AtomicU64, by: u64| counter.fetch_add(by, Ordering::Relaxed);
        let micros = |wait: Duration| u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        let all = &*self.0;
        match event.what {
            What::Answered { status, .. } => {
                add(&all.requests, 1);
                add(&all.throttled, u64::from(status == 429));
            }
            What::Failed { .. } => {
                add(&all.requests, 1);
            }
            What::Retry { wait, .. } => {
                add(&all.retries, 1);
                add(&all.waited, micros(wait));
            }
            What::Gated { wait } => {
                add(&all.waited, micros(wait));
            }
            What::Paced { wait } => {
                add(&all.paced, micros(wait));
            }
            What::OutOfBudget => {
                add(&all.out_of_budget, 1);
            }
            What::Done { error, .. } => {
                add(&all.calls, 1);
                add(&all.failed_calls, u64::from(error.is_some()));
            }
        }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let all = &*self.0;
        Counts {
            calls: read(&all.calls),
            failed_calls: read(&all.failed_calls),
            requests: read(&all.requests),
            throttled: read(&all.throttled),
            retries: read(&all.retries),
            out_of_budget: read(&all.out_of_budget),
            waited: Duration::from_micros(read(&all.waited)),
            paced: Duration::from_micros(read(&all.paced)),
        }
    }
}
