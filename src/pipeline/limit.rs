//! Client-side limits: concurrency and request rates.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Mutex, MutexGuard, Semaphore};

use super::retry::{CallTime, Retry};
use super::window::Lane;
use super::workload::BatchParts;
use super::{CallInfo, EventKind, Middleware, Next, Observer};
use crate::clock::Clock;
use crate::error::Result;

/// Client-side limits on concurrency and request rate, which keep the service from throttling the client.
///
/// ```
/// use windows_autopilot::pipeline::Limits;
/// // Two programs share the app: each takes half of what Intune allows.
/// let limits = Limits::default().with_intune_writes(Some(50)).with_intune_requests(Some(500));
/// ```
///
/// Intune documents limits of 100 writes and 1,000 requests in 20 seconds per app and tenant. All programs that use the
/// app share these limits, so set lower ones if there are several programs.
///
/// Time spent waiting for these limits counts neither against the client's [call
/// timeout](crate::ClientBuilder::with_call_timeout) nor against [`RetryConfig::max_elapsed`](super::RetryConfig): ten
/// thousand concurrent writes are sent over half an hour, and none fails. The timeout of an individual call
/// ([`Call::with_timeout`](crate::graph::Call::with_timeout)) still includes the wait. Calls are let through in order
/// of arrival; a dropped call gives up its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum number of requests in flight. Default: 16.
    ///
    /// Batches and imports start with 4 concurrent requests. That number grows by one after each round of successes, up
    /// to this limit, and is halved whenever the service throttles any of the client's calls.
    pub concurrency: usize,
    /// The maximum number of writes to Intune in [`Limits::WINDOW`]; `None` for no limit. Default: 100.
    pub intune_writes: Option<usize>,
    /// The maximum number of requests to Intune in [`Limits::WINDOW`]; `None` for no limit. Default: 1,000.
    pub intune_requests: Option<usize>,
}

impl Limits {
    /// The window over which Intune counts requests: 20 seconds.
    pub const WINDOW: Duration = Duration::from_secs(20);

    /// Returns limits with the default concurrency and no rate limits.
    pub fn without_rate_limits() -> Self {
        Self { intune_writes: None, intune_requests: None, ..Self::default() }
    }

    /// Sets the maximum number of requests in flight; at least 1.
    #[must_use]
    pub fn with_concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Sets the maximum number of writes to Intune in 20 seconds.
    #[must_use]
    pub fn with_intune_writes(mut self, writes: Option<usize>) -> Self {
        self.intune_writes = writes;
        self
    }

    /// Sets the maximum number of requests to Intune in 20 seconds.
    #[must_use]
    pub fn with_intune_requests(mut self, requests: Option<usize>) -> Self {
        self.intune_requests = requests;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 16, intune_writes: Some(100), intune_requests: Some(1000) }
    }
}

#[derive(Debug)]
pub(crate) struct Limit {
    clock: Arc<dyn Clock>,
    observer: Observer,
    retry: Arc<Retry>,
    slots: Semaphore,
    requests: Option<RateLimiter>,
    writes: Option<RateLimiter>,
}

impl Limit {
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>, observer: Observer, retry: Arc<Retry>) -> Self {
        Self {
            clock,
            observer,
            retry,
            slots: Semaphore::new(limits.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            requests: limits.intune_requests.map(RateLimiter::new),
            writes: limits.intune_writes.map(RateLimiter::new),
        }
    }

    /// Returns the number of requests to Intune and of writes among them.
    fn intune_requests(request: &http::Request<Bytes>) -> (usize, usize) {
        if let Some(parts) = request.extensions().get::<BatchParts>() {
            return (parts.requests, parts.writes);
        }
        let intune = matches!(
            request.uri().path().split('/').nth(2),
            Some("deviceManagement" | "deviceAppManagement")
        );
        let write = intune && !request.method().is_safe();
        (intune.into(), write.into())
    }
}

#[async_trait]
impl Middleware for Limit {
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>> {
        let (requests, writes) = Self::intune_requests(&request);
        let is_batch = request.extensions().get::<BatchParts>().is_some();
        let lane = request.extensions().get::<Arc<Lane>>().cloned();
        let call = request.extensions().get::<CallInfo>().cloned();
        let window = self.retry.window();
        let mut hold = HoldTimer::new(&*self.clock, call.as_ref());

        // One order everywhere: window, writes, requests, slot. A request with a slot waits for nothing more here.
        let _permit = match &lane {
            Some(lane) => Some(hold.wait_for(window.acquire(lane)).await),
            None => None,
        };
        let writes = hold.wait_for(take_turn(&self.writes, writes, &*self.clock)).await;
        let (requests, _slot) = loop {
            // The gate may have closed since this call passed it. The next call to write waits for the gate in its
            // turn, and the others behind it.
            let time = CallTime::new(call.as_ref(), &*self.clock);
            self.retry.pass_gates(&request, &time).await?;
            let requests = hold.wait_for(take_turn(&self.requests, requests, &*self.clock)).await;
            // The semaphore is never closed.
            let slot = hold.wait_for(self.slots.acquire()).await;
            if !self.retry.is_gated(&request) {
                break (requests, slot);
            }
        };
        if writes.is_some() || requests.is_some() {
            let now = self.clock.elapsed();
            [writes, requests].into_iter().flatten().for_each(|turn| turn.take(now));
        }
        let wait = hold.total;
        if !wait.is_zero() {
            tracing::debug!(?wait, "waited for the client's own limits");
            self.observer
                .emit(call.as_ref().map_or("other", CallInfo::operation), || EventKind::LimitWait { wait });
        }

        let era = window.era();
        if let Some(call) = &call {
            call.progress.set_era(era);
        }
        let result = next.run(request).await;
        match result.as_ref().map(|answer| answer.status().as_u16()) {
            Ok(429) if call.is_none_or(|call| call.waits_when_throttled) => window.throttled(era),
            // The parts of a batch report its success.
            Ok(..429 | 430..500) if !is_batch => window.succeeded(era),
            _ => {}
        }
        result
    }
}

/// The timer of a call's waits for the client's own limits, which do not count as time of the call.
struct HoldTimer<'a> {
    clock: &'a dyn Clock,
    call: Option<&'a CallInfo>,
    /// The total wait.
    total: Duration,
}

impl<'a> HoldTimer<'a> {
    fn new(clock: &'a dyn Clock, call: Option<&'a CallInfo>) -> Self {
        Self { clock, call, total: Duration::ZERO }
    }

    /// Waits for `turn`. The call is held only if the turn is not immediate, which is rare.
    async fn wait_for<T>(&mut self, turn: impl Future<Output = T>) -> T {
        let mut turn = pin!(turn);
        let mut held = None;
        let turn = poll_fn(|context| {
            let polled = turn.as_mut().poll(context);
            if polled.is_pending() && held.is_none() {
                let call = self.call.map(|call| call.progress.hold(self.clock));
                held = Some((self.clock.elapsed(), call));
            }
            polled
        });
        let turn = turn.await;
        if let Some((since, _call)) = held {
            self.total += self.clock.elapsed().saturating_sub(since);
        }
        turn
    }
}

async fn take_turn<'a>(
    limiter: &'a Option<RateLimiter>,
    count: usize,
    clock: &dyn Clock,
) -> Option<Turn<'a>> {
    match limiter {
        Some(limiter) if count > 0 => Some(limiter.turn(count, clock).await),
        _ => None,
    }
}

/// A rate limit: at most `max` requests in any window.
#[derive(Debug)]
struct RateLimiter {
    max: usize,
    /// The times of the last `max` requests, oldest first. The next request holds the lock; the others queue for it.
    times: Mutex<VecDeque<Duration>>,
}

/// The right to send now, while it is held.
struct Turn<'a> {
    times: MutexGuard<'a, VecDeque<Duration>>,
    max: usize,
    count: usize,
}

impl RateLimiter {
    fn new(max: usize) -> Self {
        let max = max.max(1);
        Self { max, times: Mutex::new(VecDeque::new()) }
    }

    /// Waits for room for `count` requests. Dropping the turn passes it to the next caller.
    async fn turn(&self, count: usize, clock: &dyn Clock) -> Turn<'_> {
        let count = count.min(self.max);
        let times = self.times.lock().await;
        // The request that must leave the window before there is room.
        let blocking = (times.len() + count).checked_sub(self.max + 1).and_then(|index| times.get(index));
        if let Some(went) = blocking {
            let wait = went.saturating_add(Limits::WINDOW).saturating_sub(clock.elapsed());
            if !wait.is_zero() {
                clock.sleep(wait).await;
            }
        }
        Turn { times, max: self.max, count }
    }
}

impl Turn<'_> {
    /// Records that the requests are sent now.
    fn take(mut self, now: Duration) {
        for _ in 0..self.count {
            if self.times.len() >= self.max {
                self.times.pop_front();
            }
            self.times.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FakeClock;

    #[test]
    fn limits_without_rates_keep_the_default_concurrency() {
        let all = Limits { concurrency: 16, intune_writes: Some(100), intune_requests: Some(1000) };
        assert_eq!(Limits::default(), all);
        let unlimited = Limits { concurrency: 16, intune_writes: None, intune_requests: None };
        assert_eq!(Limits::without_rate_limits(), unlimited);
    }

    #[tokio::test]
    async fn no_window_holds_more_than_the_limit() {
        let (limiter, clock) = (RateLimiter::new(100), FakeClock::new());
        let mut times: Vec<Duration> = Vec::new();
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            clock.advance(Duration::from_millis(rng.u64(0..90)));
            let turn = limiter.turn(1, &clock).await;
            // Time between the turn and the request counts as part of the turn.
            clock.advance(Duration::from_millis(rng.u64(0..9)));
            let now = clock.elapsed();
            turn.take(now);
            times.push(now);
        }
        for (i, start) in times.iter().enumerate() {
            let inside = times[i..].iter().take_while(|time| **time < *start + Limits::WINDOW).count();
            assert!(inside <= 100, "{inside} in the window that begins at {start:?}");
        }
    }

    #[tokio::test]
    async fn a_batch_counts_once_per_request() {
        let (limiter, clock) = (RateLimiter::new(40), FakeClock::new());
        for at in [0, 0, 20, 20, 40] {
            let turn = limiter.turn(20, &clock).await;
            assert_eq!(clock.elapsed(), Duration::from_secs(at));
            turn.take(clock.elapsed());
        }
        // A batch larger than the limit waits for an empty window, and not forever.
        limiter.turn(1000, &clock).await.take(clock.elapsed());
        assert_eq!(clock.elapsed(), Duration::from_secs(60));
    }

    #[tokio::test]
    async fn a_dropped_turn_is_not_counted() {
        let (limiter, clock) = (RateLimiter::new(1), FakeClock::new());
        drop(limiter.turn(1, &clock).await);
        limiter.turn(1, &clock).await.take(clock.elapsed());
        let mut waiting = Box::pin(limiter.turn(1, &clock));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(waiting);
        assert_eq!(clock.waiting(), 0);
        limiter.turn(1, &clock).await.take(clock.elapsed());
        assert_eq!(clock.elapsed(), Limits::WINDOW, "and not two windows");
    }
}
