//! How much a client asks for at once, and how fast.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::{Middleware, Next};
use crate::clock::Clock;
use crate::error::Result;

/// What a client allows itself, so that the service need not throttle it.
///
/// Intune's documented limits are 100 writes and 1,000 requests in 20 seconds per app and tenant. They are shared by all
/// programs that use the app, so leave room where there are several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Requests on their way at the same time. 16.
    pub concurrency: usize,
    /// Writes to Intune in [`Limits::WINDOW`]; `None` for no limit. 100.
    pub intune_writes: Option<usize>,
    /// Requests to Intune in [`Limits::WINDOW`]; `None` for no limit. 1,000.
    pub intune_requests: Option<usize>,
}

impl Limits {
    /// The span over which Intune counts: 20 seconds.
    pub const WINDOW: Duration = Duration::from_secs(20);

    /// No limit but that of concurrency.
    pub fn unpaced() -> Self {
        Self { intune_writes: None, intune_requests: None, ..Self::default() }
    }

    /// Sets how many requests may be on their way at the same time; at least 1.
    #[must_use]
    pub fn with_concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Sets how many writes to Intune may be sent in 20 seconds.
    #[must_use]
    pub fn with_intune_writes(mut self, writes: Option<usize>) -> Self {
        self.intune_writes = writes;
        self
    }

    /// Sets how many requests to Intune may be sent in 20 seconds.
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

/// Rides in a batch's extensions: how many of its requests count against Intune's limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IntuneShare {
    pub(crate) requests: usize,
    pub(crate) writes: usize,
}

#[derive(Debug)]
pub(crate) struct Limit {
    clock: Arc<dyn Clock>,
    slots: Semaphore,
    requests: Option<Pacer>,
    writes: Option<Pacer>,
}

impl Limit {
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            slots: Semaphore::new(limits.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            requests: limits.intune_requests.map(Pacer::new),
            writes: limits.intune_writes.map(Pacer::new),
        }
    }

    fn share(request: &http::Request<Bytes>) -> IntuneShare {
        if let Some(share) = request.extensions().get::<IntuneShare>() {
            return *share;
        }
        let intune = matches!(
            request.uri().path().split('/').nth(2),
            Some("deviceManagement" | "deviceAppManagement")
        );
        let write = intune && !request.method().is_safe();
        IntuneShare { requests: intune.into(), writes: write.into() }
    }
}

#[async_trait]
impl Middleware for Limit {
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>> {
        let share = Self::share(&request);
        let wait = |pacer: &Option<Pacer>, count: usize| match pacer {
            Some(pacer) if count > 0 => pacer.reserve(count, self.clock.elapsed()),
            _ => Duration::ZERO,
        };
        let wait = wait(&self.requests, share.requests).max(wait(&self.writes, share.writes));
        if !wait.is_zero() {
            tracing::debug!(?wait, "held back to stay within Intune's limits");
            self.clock.sleep(wait).await;
        }
        // The semaphore is never closed.
        let _slot = self.slots.acquire().await;
        next.run(request).await
    }
}

/// Gives out times so that no window holds more than so many.
#[derive(Debug)]
struct Pacer {
    most: usize,
    /// When the last `most` requests went, or will go, oldest first.
    times: Mutex<VecDeque<Duration>>,
}

impl Pacer {
    fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, times: Mutex::new(VecDeque::new()) }
    }

    /// Reserves `count` places and says how long to wait until the last of them.
    fn reserve(&self, count: usize, now: Duration) -> Duration {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let mut at = now;
        for _ in 0..count {
            if times.len() >= self.most
                && let Some(oldest) = times.pop_front()
            {
                at = at.max(oldest.saturating_add(Limits::WINDOW));
            }
            times.push_back(at);
        }
        at.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_holds_more_than_the_limit() {
        let pacer = Pacer::new(100);
        let mut times: Vec<Duration> = Vec::new();
        let mut now = Duration::ZERO;
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            now += Duration::from_millis(rng.u64(0..90));
            times.push(now + pacer.reserve(1, now));
        }
        for (i, start) in times.iter().enumerate() {
            let inside = times[i..].iter().take_while(|time| **time < *start + Limits::WINDOW).count();
            assert!(inside <= 100, "{inside} in the window that begins at {start:?}");
        }
    }

    #[test]
    fn a_batch_takes_as_many_places_as_it_has_requests() {
        let pacer = Pacer::new(40);
        assert_eq!(pacer.reserve(20, Duration::ZERO), Duration::ZERO);
        assert_eq!(pacer.reserve(20, Duration::ZERO), Duration::ZERO);
        assert_eq!(pacer.reserve(20, Duration::ZERO), Limits::WINDOW);
    }
}
