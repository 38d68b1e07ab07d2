//! Retries: their conditions, waits, budget, and gates for throttled workloads.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;

use super::auth::TokenReplaced;
use super::window::Window;
use super::workload::{BatchParts, workload, workloads};
use super::{CallInfo, EventKind, Middleware, Next, Observer, retry_after};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result, ServiceError};
use crate::transport::{NewConnection, TransportErrorKind};

/// The retry policy of a client.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::pipeline::RetryConfig;
/// let patient = RetryConfig::default().with_max_elapsed(Duration::from_secs(15 * 60)).with_max_attempts(8);
/// let once = RetryConfig::none();
/// ```
///
/// | outcome | retry |
/// | --- | --- |
/// | 429, any method | after `Retry-After`, otherwise with backoff, until `max_elapsed` |
/// | not connected, or not processed according to HTTP/2, any method | with backoff |
/// | a TLS handshake that cannot succeed, a proxy that requires a password | never |
/// | 408, 500, 502, 503, 504, connection lost, timeout | with backoff, only if idempotent |
/// | any other | never |
///
/// If a wait does not fit within `max_elapsed` or the call's deadline, the call fails immediately with
/// [`ErrorKind::Throttled`], and [`Error::retry_after`] returns the wait. After a 429, and after a 503 with
/// `Retry-After`, the client holds back all calls to the same workload, such as `deviceManagement`, since Graph
/// restarts the wait for clients that call too early. The workload is tried again after `max_closed` at the latest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryConfig {
    /// The maximum number of attempts for a call that fails for a reason other than throttling. Default: 5.
    pub max_attempts: u32,
    /// The maximum total time for attempts and waits, excluding time for which the client's own
    /// [`Limits`](super::Limits) hold the call back. Default: 5 minutes.
    pub max_elapsed: Duration,
    /// The initial backoff if the service does not specify a wait; each subsequent backoff is twice as long. Default:
    /// 500 ms.
    pub initial_backoff: Duration,
    /// The maximum backoff if the service does not specify a wait. Default: 30 s.
    pub max_backoff: Duration,
    /// Whether each backoff is randomized to between half and all of its length. Default: `true`.
    pub jitter: bool,
    /// The number of retries that all calls share. Each response that is neither a failure nor throttled earns back a
    /// tenth of a retry. Default: 100.
    pub budget: u32,
    /// The maximum time for which one response can close a workload to all calls. Default: 15 minutes.
    pub max_closed: Duration,
}

impl RetryConfig {
    /// Returns a policy without retries; a rejected token is still replaced once.
    pub fn none() -> Self {
        Self { max_attempts: 1, max_elapsed: Duration::ZERO, ..Self::default() }
    }

    /// Sets the maximum number of attempts; at least 1.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the maximum total time for attempts and waits.
    #[must_use]
    pub fn with_max_elapsed(mut self, elapsed: Duration) -> Self {
        self.max_elapsed = elapsed;
        self
    }

    /// Sets the initial and the maximum backoff, used if the service does not specify a wait.
    #[must_use]
    pub fn with_backoff(mut self, initial: Duration, max: Duration) -> Self {
        (self.initial_backoff, self.max_backoff) = (initial, max);
        self
    }

    /// Sets whether backoffs are jittered. Without jitter, they are repeatable, which is useful for tests.
    #[must_use]
    pub fn with_jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// Sets the retry budget shared by all calls.
    #[must_use]
    pub fn with_budget(mut self, retries: u32) -> Self {
        self.budget = retries;
        self
    }

    /// Sets the maximum time for which one response can close a workload to all calls.
    #[must_use]
    pub fn with_max_closed(mut self, closed: Duration) -> Self {
        self.max_closed = closed;
        self
    }

    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = self
            .initial_backoff
            .saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
        let wait = doubled.min(self.max_backoff);
        if self.jitter { wait.mul_f64(0.5 + fastrand::f64() / 2.0) } else { wait }
    }
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            max_elapsed: Duration::from_secs(300),
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            jitter: true,
            budget: 100,
            max_closed: Duration::from_secs(900),
        }
    }
}

/// The state of a client's retries: the remaining budget, and the workloads that are closed after throttling.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryState {
    /// The number of retries left if every further response is a failure or throttled; at most [`RetryConfig::budget`].
    /// Retries after throttling are not counted.
    pub budget: u32,
    /// The closed workloads, such as `deviceManagement`, each with the time until it reopens. A call to a closed
    /// workload waits, or fails with [`ErrorKind::Throttled`] if it cannot wait that long.
    pub closed: BTreeMap<String, Duration>,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Response {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    NoResponse(TransportErrorKind),
    /// Another step refused the request: no token, or no budget. Not retryable.
    Refused,
}

/// The attempts and time that a call has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    /// The time until the call's deadline.
    pub(crate) left: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The outcome is final.
    Return,
    /// A retry would be right, but exceeds the attempts or the time.
    GiveUp,
    /// Retry after this wait.
    Wait(Duration),
}

pub(crate) fn decide(config: &RetryConfig, idempotent: bool, outcome: Outcome, spent: Spent) -> Decision {
    let (throttled, asked) = match outcome {
        Outcome::Refused | Outcome::NoResponse(TransportErrorKind::Body | TransportErrorKind::NotAllowed) => {
            return Decision::Return;
        }
        Outcome::NoResponse(kind) if kind.never_sent() || idempotent => (false, None),
        Outcome::NoResponse(_) => return Decision::Return,
        Outcome::Response { status, retry_after } => match status.as_u16() {
            429 => (true, retry_after),
            408 | 500 | 502 | 503 | 504 if idempotent => (false, retry_after),
            _ => return Decision::Return,
        },
    };
    if !throttled && spent.attempts >= config.max_attempts {
        return Decision::GiveUp;
    }
    // `Retry-After` is the least wait: a longer one spreads many callers. Repeated zero waits are not taken literally.
    let backoff = config.backoff(spent.attempts);
    let least = if throttled { config.initial_backoff } else { backoff };
    let wait = asked.filter(|asked| !asked.is_zero()).map_or(backoff, |asked| asked.max(least));
    let fits =
        spent.elapsed.saturating_add(wait) <= config.max_elapsed && spent.left.is_none_or(|left| wait < left);
    if fits { Decision::Wait(wait) } else { Decision::GiveUp }
}

/// Returns the time for which a response closes its workload.
pub(crate) fn closes_gate(outcome: Outcome, decision: Decision) -> Option<Duration> {
    let Outcome::Response { status, retry_after } = outcome else { return None };
    match (status.as_u16(), retry_after, decision) {
        (429 | 503, Some(wait), _) | (429, None, Decision::Wait(wait)) => Some(wait),
        _ => None,
    }
}

/// Returns `true` if the next attempt must not reuse the connection of this one.
pub(crate) fn needs_new_connection(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Response { status: StatusCode::SERVICE_UNAVAILABLE, .. }
            | Outcome::NoResponse(TransportErrorKind::Timeout | TransportErrorKind::NotProcessed)
    )
}

/// A marker for a response whose retry was due when the budget was exhausted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BudgetExhausted;

/// Adds the remedy for an exhausted budget to an error.
pub(crate) fn without_budget(error: Error) -> Error {
    error.with_remedy(
        "the client's retry budget is exhausted, so the request was not retried: wait until the service recovers, or \
         raise `RetryConfig::budget`",
    )
}

/// The middleware that retries transient failures.
#[derive(Debug)]
pub(crate) struct Retry {
    config: RetryConfig,
    clock: Arc<dyn Clock>,
    observer: Observer,
    gate: Gate,
    budget: Budget,
    window: Window,
}

impl Retry {
    /// Creates the retries of a client with at most `concurrency` requests in flight.
    pub(crate) fn new(
        config: RetryConfig,
        concurrency: usize,
        clock: Arc<dyn Clock>,
        observer: Observer,
    ) -> Self {
        let budget = Budget::new(config.budget);
        Self { config, clock, observer, gate: Gate::default(), budget, window: Window::new(concurrency) }
    }

    /// Returns the window of concurrent requests.
    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    pub(crate) fn config(&self) -> &RetryConfig {
        &self.config
    }

    /// Closes a workload to all calls for `wait`, capped so that one response cannot close it for the life of the
    /// client; the next call then tries again.
    pub(crate) fn close_gate(&self, workload: &str, wait: Duration) {
        let now = self.clock.elapsed();
        let until = now.saturating_add(wait.min(self.config.max_closed));
        self.gate.close(workload, Closed { until, asked: now.saturating_add(wait) });
    }

    /// Earns a part of a retry if the response is neither a fault nor throttling.
    pub(crate) fn earn(&self, status: StatusCode) {
        if matches!(status.as_u16(), 200..=428 | 430..=499) {
            self.budget.earn();
        }
    }

    /// Returns the remaining budget and the closed workloads.
    pub(crate) fn state(&self) -> RetryState {
        RetryState { budget: self.budget.left(), closed: self.gate.closed(self.clock.elapsed()) }
    }

    /// Takes a retry from the budget, if one is left. Throttled retries are free.
    pub(crate) fn spend(&self, operation: &'static str) -> bool {
        let spent = self.budget.spend();
        if !spent {
            tracing::debug!("no retry: the client's retry budget is exhausted");
            self.observer.emit(operation, || EventKind::RetryBudgetExhausted);
        }
        spent
    }

    /// Reports that a retry follows.
    pub(crate) fn report_retry(
        &self,
        operation: &'static str,
        attempt: u32,
        wait: Duration,
        throttled: bool,
    ) {
        tracing::debug!(attempt, ?wait, throttled, "retry");
        self.observer.emit(operation, || EventKind::Retry { attempt, wait, throttled });
    }

    /// Returns `true` if a workload of the request is closed.
    pub(crate) fn is_gated(&self, request: &http::Request<Bytes>) -> bool {
        if self.gate.is_open() {
            return false;
        }
        let now = self.clock.elapsed();
        workloads(request).any(|workload| self.gate.wait(workload, now).is_some())
    }

    /// Waits until all workloads of the request are open, or fails if the wait does not fit.
    pub(crate) async fn pass_gates(&self, request: &http::Request<Bytes>, time: &CallTime<'_>) -> Result<()> {
        while !self.gate.is_open() {
            let now = self.clock.elapsed();
            let closed =
                workloads(request).filter_map(|workload| Some((self.gate.wait(workload, now)?, workload)));
            let Some((Wait { wait, asked }, workload)) = closed.max() else { break };
            let fits = time.elapsed(now).saturating_add(wait) <= self.config.max_elapsed
                && time.left(now).is_none_or(|left| wait < left);
            if !fits {
                let message = format!("the service throttles {workload} for longer than this call may wait");
                return Err(Error::new(ErrorKind::Throttled, message).with_retry_after(Some(asked)));
            }
            self.observer.emit(time.operation(), || EventKind::ThrottleWait { wait });
            self.clock.sleep(wait).await;
        }
        Ok(())
    }
}

/// The time of a call for retries: its start, and its holds.
pub(crate) struct CallTime<'a> {
    call: Option<&'a CallInfo>,
    start: Duration,
}

impl<'a> CallTime<'a> {
    pub(crate) fn new(call: Option<&'a CallInfo>, clock: &dyn Clock) -> Self {
        Self { call, start: call.map_or_else(|| clock.elapsed(), |call| call.progress.started(clock)) }
    }

    /// Returns the time since the start, without the time in which the client itself held the call back.
    fn elapsed(&self, now: Duration) -> Duration {
        let held = self.call.map(|call| call.progress.held(now)).unwrap_or_default();
        now.saturating_sub(self.start).saturating_sub(held)
    }

    fn left(&self, now: Duration) -> Option<Duration> {
        self.call.and_then(|call| call.time_left(now))
    }

    fn operation(&self) -> &'static str {
        self.call.map_or("other", |call| call.operation)
    }
}

#[async_trait]
impl Middleware for Retry {
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>> {
        let call = request.extensions().get::<CallInfo>().cloned();
        let (idempotent, waits) = match &call {
            Some(call) => (call.idempotent, call.waits_when_throttled),
            None => (request.method().is_safe(), true),
        };
        let time = CallTime::new(call.as_ref(), &*self.clock);
        // A batch counts its parts one by one.
        let is_batch = request.extensions().get::<BatchParts>().is_some();
        let mut attempts = 0;
        let mut new_connection = false;
        let mut replaced = false;
        loop {
            self.pass_gates(&request, &time).await?;
            let mut attempt_request = request.clone();
            if new_connection {
                attempt_request.extensions_mut().insert(NewConnection);
            }
            if replaced {
                attempt_request.extensions_mut().insert(TokenReplaced);
            } else {
                attempts += 1;
            }
            if attempts > 1 {
                attempt_request.headers_mut().insert("retry-attempt", (attempts - 1).into());
            }
            let result = next.run(attempt_request).await;
            // An attempt with a new token is the same attempt, and replaces its token at most once.
            replaced = matches!(&result, Ok(answer) if answer.extensions().get::<TokenReplaced>().is_some());
            if replaced {
                continue;
            }
            if !waits && matches!(&result, Ok(answer) if answer.status() == StatusCode::TOO_MANY_REQUESTS) {
                return result;
            }
            if let Ok(answer) = &result
                && !is_batch
            {
                self.earn(answer.status());
            }
            let outcome = match &result {
                Ok(answer) if answer.status().is_success() => return result,
                Ok(answer) => {
                    let inner = ServiceError::read(answer.body()).and_then(|error| error.retry_after());
                    let wait = retry_after(answer.headers(), inner, self.clock.timestamp());
                    Outcome::Response { status: answer.status(), retry_after: wait }
                }
                Err(error) => error.transport_kind().map_or(Outcome::Refused, Outcome::NoResponse),
            };
            let now = self.clock.elapsed();
            let spent = Spent { attempts, elapsed: time.elapsed(now), left: time.left(now) };
            let decision = decide(&self.config, idempotent, outcome, spent);
            if let Some(wait) = closes_gate(outcome, decision) {
                self.close_gate(workload(request.uri().path()), wait);
            }
            let Decision::Wait(wait) = decision else { return result };
            let throttled =
                matches!(outcome, Outcome::Response { status: StatusCode::TOO_MANY_REQUESTS, .. });
            if !throttled && !self.spend(time.operation()) {
                return match result {
                    Ok(mut answer) => {
                        answer.extensions_mut().insert(BudgetExhausted);
                        Ok(answer)
                    }
                    Err(error) => Err(without_budget(error)),
                };
            }
            self.report_retry(time.operation(), attempts, wait, throttled);
            new_connection = needs_new_connection(outcome);
            self.clock.sleep(wait).await;
        }
    }
}

/// The workloads that are closed to all calls of the client.
#[derive(Default)]
struct Gate {
    any: AtomicBool,
    closed: Mutex<HashMap<String, Closed>>,
}

/// The end of a closure, by [`Clock::elapsed`].
#[derive(Debug, Clone, Copy, Default)]
struct Closed {
    until: Duration,
    /// The end that the service asked for, which may be later.
    asked: Duration,
}

/// The time until a workload opens.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Wait {
    wait: Duration,
    /// The rest of the wait that the service asked for.
    asked: Duration,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Closed>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if no workload was closed at the last look at the clock.
    fn is_open(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    fn wait(&self, workload: &str, now: Duration) -> Option<Wait> {
        let mut all = self.lock();
        all.retain(|_, closed| closed.until > now);
        self.any.store(!all.is_empty(), Ordering::Release);
        all.get(workload)
            .map(|closed| Wait { wait: closed.until - now, asked: closed.asked.saturating_sub(now) })
    }

    /// Returns the closed workloads, with the time until each opens.
    fn closed(&self, now: Duration) -> BTreeMap<String, Duration> {
        let all = self.lock();
        let waits = all.iter().map(|(workload, closed)| (workload.clone(), closed.until.saturating_sub(now)));
        waits.filter(|(_, wait)| !wait.is_zero()).collect()
    }

    fn close(&self, workload: &str, closed: Closed) {
        let mut all = self.lock();
        let known = all.entry(workload.to_owned()).or_default();
        known.until = closed.until.max(known.until);
        known.asked = closed.asked.max(known.asked);
        self.any.store(true, Ordering::Release);
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.lock().iter()).finish()
    }
}

/// The retries that all calls share, in tenths: a response without failure or throttling earns one tenth, a retry costs
/// ten.
#[derive(Debug)]
struct Budget {
    tenths: Mutex<u32>,
    full: u32,
}

impl Budget {
    fn new(retries: u32) -> Self {
        let full = retries.saturating_mul(10);
        Self { tenths: Mutex::new(full), full }
    }

    fn spend(&self) -> bool {
        let mut tenths = self.tenths.lock().unwrap_or_else(PoisonError::into_inner);
        match tenths.checked_sub(10) {
            Some(left) => {
                *tenths = left;
                true
            }
            None => false,
        }
    }

    /// Returns the number of retries that are left.
    fn left(&self) -> u32 {
        *self.tenths.lock().unwrap_or_else(PoisonError::into_inner) / 10
    }

    fn earn(&self) {
        let mut tenths = self.tenths.lock().unwrap_or_else(PoisonError::into_inner);
        *tenths = tenths.saturating_add(1).min(self.full);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn answer(status: u16, wait: Option<u64>) -> Outcome {
        Outcome::Response {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: wait.map(Duration::from_secs),
        }
    }

    fn spent(attempts: u32, elapsed: u64) -> Spent {
        Spent { attempts, elapsed: Duration::from_secs(elapsed), left: None }
    }

    #[test]
    fn retries_depend_on_possible_effects() {
        use Decision::{GiveUp, Return, Wait};
        use TransportErrorKind::{Body, Connect, Interrupted, Timeout};
        let half = Wait(SECOND / 2);
        for (outcome, get, post) in [
            (answer(200, None), Return, Return),
            (answer(400, None), Return, Return),
            (answer(404, None), Return, Return),
            (answer(409, None), Return, Return),
            (answer(412, None), Return, Return),
            (answer(501, None), Return, Return),
            (answer(507, None), Return, Return),
            (answer(429, None), half, half),
            (answer(429, Some(7)), Wait(SECOND * 7), Wait(SECOND * 7)),
            (answer(429, Some(0)), half, half),
            (answer(429, Some(99_999)), GiveUp, GiveUp),
            (answer(503, Some(7)), Wait(SECOND * 7), Return),
            (answer(500, None), half, Return),
            (answer(502, None), half, Return),
            (answer(504, None), half, Return),
            (answer(408, None), half, Return),
            (Outcome::NoResponse(Connect), half, half),
            (Outcome::NoResponse(TransportErrorKind::NotProcessed), half, half),
            (Outcome::NoResponse(Timeout), half, Return),
            (Outcome::NoResponse(Interrupted), half, Return),
            (Outcome::NoResponse(Body), Return, Return),
            (Outcome::NoResponse(TransportErrorKind::NotAllowed), Return, Return),
            (Outcome::Refused, Return, Return),
        ] {
            let config = RetryConfig::default().with_jitter(false);
            assert_eq!(decide(&config, true, outcome, spent(1, 0)), get, "GET {outcome:?}");
            assert_eq!(decide(&config, false, outcome, spent(1, 0)), post, "POST {outcome:?}");
        }
    }

    #[test]
    fn retries_end_by_attempts_by_time_and_by_the_deadline() {
        let config = RetryConfig::default().with_jitter(false);
        assert_eq!(decide(&config, true, answer(500, None), spent(5, 0)), Decision::GiveUp);
        assert_eq!(decide(&config, true, answer(429, Some(1)), spent(50, 100)), Decision::Wait(SECOND));
        assert_eq!(decide(&config, true, answer(429, Some(10)), spent(1, 295)), Decision::GiveUp);
        // A wait that is asked for is never shorter than the backoff; throttling asks for what it needs.
        assert_eq!(decide(&config, true, answer(503, Some(1)), spent(4, 0)), Decision::Wait(SECOND * 4));
        assert_eq!(decide(&config, true, answer(429, Some(1)), spent(4, 0)), Decision::Wait(SECOND));
        let near = Spent { left: Some(SECOND * 3), ..spent(1, 0) };
        assert_eq!(decide(&config, true, answer(429, Some(2)), near), Decision::Wait(SECOND * 2));
        assert_eq!(decide(&config, true, answer(429, Some(3)), near), Decision::GiveUp);
        assert_eq!(decide(&RetryConfig::none(), true, answer(500, None), spent(1, 0)), Decision::GiveUp);
    }

    #[test]
    fn backoff_doubles_up_to_its_maximum_with_half_jitter() {
        let config = RetryConfig::default().with_jitter(false);
        let waits: Vec<f64> = (1..9).map(|n| config.backoff(n).as_secs_f64()).collect();
        assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(config.backoff(u32::MAX), config.max_backoff);
        let config = RetryConfig::default();
        let waits: Vec<Duration> = (0..200).map(|_| config.backoff(3)).collect();
        assert!(waits.iter().all(|wait| (SECOND..=SECOND * 2).contains(wait)), "{waits:?}");
        let (least, max) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(*max - *least > SECOND / 2, "no two callers wait alike: {least:?} to {max:?}");
    }

    #[test]
    fn the_budget_runs_out_and_good_responses_refill_it() {
        let budget = Budget::new(2);
        assert!(budget.spend() && budget.spend() && !budget.spend());
        for _ in 0..10 {
            budget.earn();
        }
        assert!(budget.spend() && !budget.spend());
        for _ in 0..1000 {
            budget.earn();
        }
        assert!(budget.spend() && budget.spend() && !budget.spend(), "up to what it was");
    }

    #[test]
    fn the_workload_is_the_segment_after_the_version() {
        assert_eq!(workload("/beta/deviceManagement/x"), "deviceManagement");
        assert_eq!(workload("/beta"), "");
    }
}
