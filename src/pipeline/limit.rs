//! How much a client asks for at once, and how fast.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Mutex, MutexGuard, Semaphore};

use super::retry::{Patience, Retry};
use super::window::Lane;
use super::workload::BatchParts;
use super::{CallInfo, EventKind, Middleware, Next, Observer};
use crate::clock::Clock;
use crate::error::Result;

/// The client-side limits: concurrency and request rate, so that the service need not throttle the client.
///
/// Intune's documented limits are 100 writes and 1,000 requests in 20 seconds per app and tenant. They are shared by all
/// programs that use the app, so leave room where there are several.
///
/// A call that is held back for these limits is not late for that: the wait does not count against the client's own
/// [time limit](crate::ClientBuilder::with_call_timeout) nor against [`RetryConfig::max_elapsed`](super::RetryConfig), so
/// ten thousand writes at once are sent in half an hour, and none fails. A limit that the caller sets for one call
/// ([`Call::with_timeout`](crate::graph::Call::with_timeout)) holds nevertheless. Calls are let through in the order in
/// which they came, and one that is dropped gives up its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Requests on their way at the same time. 16.
    ///
    /// Of the parts of a batch and of an import, which are sent side by side, it is 4 at first: one more after each
    /// round of good answers, up to this, and half as many whenever the service throttles any call of the client.
    pub concurrency: usize,
    /// Writes to Intune in [`Limits::WINDOW`]; `None` for no limit. 100.
    pub intune_writes: Option<usize>,
    /// Requests to Intune in [`Limits::WINDOW`]; `None` for no limit. 1,000.
    pub intune_requests: Option<usize>,
}

impl Limits {
    /// The span over which Intune counts: 20 seconds.
    pub const WINDOW: Duration = Duration::from_secs(20);

    /// Returns limits without request rates: the concurrency alone is limited.
    pub fn without_rate_limits() -> Self {
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

#[derive(Debug)]
pub(crate) struct Limit {
    clock: Arc<dyn Clock>,
    observer: Observer,
    retry: Arc<Retry>,
    slots: Semaphore,
    requests: Option<Pacer>,
    writes: Option<Pacer>,
}

impl Limit {
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>, observer: Observer, retry: Arc<Retry>) -> Self {
        Self {
            clock,
            observer,
            retry,
            slots: Semaphore::new(limits.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            requests: limits.intune_requests.map(Pacer::new),
            writes: limits.intune_writes.map(Pacer::new),
        }
    }

    /// How many requests to Intune it is, and how many writes.
    fn share(request: &http::Request<Bytes>) -> (usize, usize) {
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
        let (requests, writes) = Self::share(&request);
        let is_batch = request.extensions().get::<BatchParts>().is_some();
        let lane = request.extensions().get::<Arc<Lane>>().cloned();
        let call = request.extensions().get::<CallInfo>().cloned();
        let window = self.retry.window();
        let mut hold = Hold::new(&*self.clock, call.as_ref());

        // In one order everywhere: a place, writes, requests, a slot. Whoever has a slot waits for nothing here.
        let _place = match &lane {
            Some(lane) => Some(hold.during(window.place(lane)).await),
            None => None,
        };
        let writes = hold.during(pass(&self.writes, writes, &*self.clock)).await;
        let (requests, _slot) = loop {
            // The service may have asked to be left alone since this call was let through. Who is next to write waits
            // for that in its turn, and the others behind it.
            let patience = Patience::new(call.as_ref(), &*self.clock);
            self.retry.pass_gates(&request, &patience).await?;
            let requests = hold.during(pass(&self.requests, requests, &*self.clock)).await;
            // The semaphore is never closed.
            let slot = hold.during(self.slots.acquire()).await;
            if !self.retry.is_gated(&request) {
                break (requests, slot);
            }
        };
        if writes.is_some() || requests.is_some() {
            let now = self.clock.elapsed();
            [writes, requests].into_iter().flatten().for_each(|turn| turn.take(now));
        }
        let wait = hold.over;
        if !wait.is_zero() {
            tracing::debug!(?wait, "held back to stay within the client's own limits");
            self.observer
                .tell(call.as_ref().map_or("other", CallInfo::operation), || EventKind::LimitWait { wait });
        }

        let era = window.era();
        if let Some(call) = &call {
            call.progress.sent_in(era);
        }
        let result = next.run(request).await;
        match result.as_ref().map(|answer| answer.status().as_u16()) {
            Ok(429) if call.is_none_or(|call| call.waits_when_throttled) => window.throttled(era),
            // Whether a batch was taken, its parts say.
            Ok(..429 | 430..500) if !is_batch => window.succeeded(era),
            _ => {}
        }
        result
    }
}

/// The waits of a call for the client's own limits, which are no time of the call's.
struct Hold<'a> {
    clock: &'a dyn Clock,
    call: Option<&'a CallInfo>,
    /// How long it has been held.
    over: Duration,
}

impl<'a> Hold<'a> {
    fn new(clock: &'a dyn Clock, call: Option<&'a CallInfo>) -> Self {
        Self { clock, call, over: Duration::ZERO }
    }

    /// Waits for `turn`. The call is held from when there is something to wait for: most of the time there is not.
    async fn during<T>(&mut self, turn: impl Future<Output = T>) -> T {
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
            self.over += self.clock.elapsed().saturating_sub(since);
        }
        turn
    }
}

async fn pass<'a>(pacer: &'a Option<Pacer>, places: usize, clock: &dyn Clock) -> Option<Turn<'a>> {
    match pacer {
        Some(pacer) if places > 0 => Some(pacer.turn(places, clock).await),
        _ => None,
    }
}

/// Lets requests through so that no window holds more than so many.
#[derive(Debug)]
struct Pacer {
    most: usize,
    /// When the last `most` requests went, oldest first. Whoever is next holds the lock; the others queue for it.
    times: Mutex<VecDeque<Duration>>,
}

/// The right to send now, as long as it is held.
struct Turn<'a> {
    times: MutexGuard<'a, VecDeque<Duration>>,
    most: usize,
    places: usize,
}

impl Pacer {
    fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, times: Mutex::new(VecDeque::new()) }
    }

    /// Waits until there is room for so many requests. To drop it gives the turn to the next.
    async fn turn(&self, places: usize, clock: &dyn Clock) -> Turn<'_> {
        let places = places.min(self.most);
        let times = self.times.lock().await;
        // The one that has to be out of the window before there is room.
        let blocking = (times.len() + places).checked_sub(self.most + 1).and_then(|index| times.get(index));
        if let Some(went) = blocking {
            let wait = went.saturating_add(Limits::WINDOW).saturating_sub(clock.elapsed());
            if !wait.is_zero() {
                clock.sleep(wait).await;
            }
        }
        Turn { times, most: self.most, places }
    }
}

impl Turn<'_> {
    /// The requests go now.
    fn take(mut self, now: Duration) {
        for _ in 0..self.places {
            if self.times.len() >= self.most {
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

    #[tokio::test]
    async fn no_window_holds_more_than_the_limit() {
        let (pacer, clock) = (Pacer::new(100), FakeClock::new());
        let mut times: Vec<Duration> = Vec::new();
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            clock.advance(Duration::from_millis(rng.u64(0..90)));
            let turn = pacer.turn(1, &clock).await;
            // What comes between the turn and the request belongs to it.
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
    async fn a_batch_takes_as_many_places_as_it_has_requests() {
        let (pacer, clock) = (Pacer::new(40), FakeClock::new());
        for at in [0, 0, 20, 20, 40] {
            let turn = pacer.turn(20, &clock).await;
            assert_eq!(clock.elapsed(), Duration::from_secs(at));
            turn.take(clock.elapsed());
        }
        // One that is larger than the window waits for an empty one, and not for ever.
        pacer.turn(1000, &clock).await.take(clock.elapsed());
        assert_eq!(clock.elapsed(), Duration::from_secs(60));
    }

    #[tokio::test]
    async fn a_turn_that_is_dropped_takes_no_place() {
        let (pacer, clock) = (Pacer::new(1), FakeClock::new());
        drop(pacer.turn(1, &clock).await);
        pacer.turn(1, &clock).await.take(clock.elapsed());
        let mut waiting = Box::pin(pacer.turn(1, &clock));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(waiting);
        assert_eq!(clock.waiting(), 0);
        pacer.turn(1, &clock).await.take(clock.elapsed());
        assert_eq!(clock.elapsed(), Limits::WINDOW, "and not two windows");
    }
}
