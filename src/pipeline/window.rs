//! Adaptive concurrency: wider while requests succeed, narrower when the service throttles.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The initial size of a window.
const INITIAL_SIZE: usize = 4;

/// The limit of concurrent requests: one more after each window of successes, half as many when the service throttles.
///
/// The window bounds the requests that the crate itself sends concurrently, in batches and imports, each in its
/// [`Lane`]. A lane without requests in flight may always send: no operation waits for another that perhaps nobody
/// polls, and single calls never wait here. All calls report their outcomes.
#[derive(Debug)]
pub(crate) struct Window {
    state: Mutex<WindowState>,
    max: usize,
    /// Notifies when a request ends or the window grows.
    changed: Notify,
}

#[derive(Debug)]
struct WindowState {
    size: usize,
    in_flight: usize,
    /// The successes since the size last changed.
    successes: usize,
    era: Era,
}

/// The time between two halvings. The outcome of a request from an earlier era says nothing about the current size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Era(pub(crate) u64);

/// The concurrent requests of one future.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// The requests of the lane in flight. Changed only under the window's lock.
    in_flight: AtomicUsize,
}

/// A request's permit in the window, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    window: &'a Window,
    lane: Arc<Lane>,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.window.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        self.lane.in_flight.fetch_sub(1, Ordering::Relaxed);
        drop(state);
        self.window.changed.notify_waiters();
    }
}

impl Window {
    /// Creates a window that grows up to `max`.
    pub(crate) fn new(max: usize) -> Self {
        let max = max.max(1);
        let state =
            WindowState { size: INITIAL_SIZE.min(max), in_flight: 0, successes: 0, era: Era::default() };
        Self { state: Mutex::new(state), max, changed: Notify::new() }
    }

    /// Returns the largest size.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Returns the number of requests that may be in flight.
    #[cfg(any(test, feature = "import"))]
    pub(crate) fn size(&self) -> usize {
        self.state().size
    }

    /// Returns the current era, for a request about to be sent.
    pub(crate) fn era(&self) -> Era {
        self.state().era
    }

    /// Waits for a permit. Dropping the future blocks no other caller.
    pub(crate) async fn acquire(&self, lane: &Arc<Lane>) -> Permit<'_> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Registers before the check, so that no notification is lost.
            changed.as_mut().enable();
            if let Some(permit) = self.try_acquire(lane) {
                return permit;
            }
            changed.await;
        }
    }

    fn try_acquire(&self, lane: &Arc<Lane>) -> Option<Permit<'_>> {
        let mut state = self.state();
        let own = lane.in_flight.load(Ordering::Relaxed);
        if own > 0 && state.in_flight >= state.size {
            return None;
        }
        state.in_flight += 1;
        lane.in_flight.fetch_add(1, Ordering::Relaxed);
        drop(state);
        Some(Permit { window: self, lane: Arc::clone(lane) })
    }

    /// Records that a request of `era` got a response and was not throttled.
    pub(crate) fn succeeded(&self, era: Era) {
        let mut state = self.state();
        if state.era != era || state.size >= self.max {
            return;
        }
        state.successes += 1;
        if state.successes >= state.size {
            state.successes = 0;
            state.size += 1;
            drop(state);
            self.changed.notify_waiters();
        }
    }

    /// Records that a request of `era` was throttled. Only the first in an era counts, since requests in flight
    /// together are throttled together.
    pub(crate) fn throttled(&self, era: Era) {
        let mut state = self.state();
        if state.era == era {
            state.era.0 += 1;
            state.successes = 0;
            state.size = (state.size / 2).max(1);
            tracing::debug!(size = state.size, "throttled: halved the number of concurrent requests");
        }
    }

    fn state(&self) -> MutexGuard<'_, WindowState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Window {
        fn now(&self) -> Option<Permit<'_>> {
            self.try_acquire(&Arc::new(Lane::default()))
        }
    }

    #[test]
    fn the_window_grows_by_one_up_to_the_maximum() {
        let window = Window::new(7);
        let mut sizes = Vec::new();
        for _ in 0..4 + 5 + 6 + 50 {
            sizes.push(window.size());
            window.succeeded(window.era());
        }
        let want: Vec<usize> = [(4, 4), (5, 5), (6, 6), (7, 50)]
            .into_iter()
            .flat_map(|(size, times)| vec![size; times])
            .collect();
        assert_eq!(sizes, want);
        assert_eq!((Window::new(2).size(), Window::new(0).size()), (2, 1));
    }

    #[test]
    fn the_window_halves_once_per_era_down_to_one() {
        let window = Window::new(100);
        for _ in 0..1000 {
            window.succeeded(window.era());
        }
        let before = window.size();
        assert!(before > 40, "{before}");
        let together = window.era();
        (0..before).for_each(|_| window.throttled(together));
        assert_eq!(window.size(), before / 2);
        // Late outcomes of the burst change nothing.
        (0..1000).for_each(|_| window.succeeded(together));
        assert_eq!(window.size(), before / 2);
        for _ in 0..20 {
            window.throttled(window.era());
        }
        assert_eq!(window.size(), 1);
        window.succeeded(window.era());
        assert_eq!(window.size(), 2);
    }

    #[test]
    fn a_lane_waits_only_with_requests_in_flight() {
        let window = Window::new(1);
        let (one, other) = (Arc::new(Lane::default()), Arc::new(Lane::default()));
        let first = window.try_acquire(&one);
        assert!(first.is_some() && window.try_acquire(&one).is_none());
        let second = window.try_acquire(&other);
        assert!(second.is_some(), "what waits only for others might wait forever");
        drop(first);
        let again = window.try_acquire(&one);
        assert!(again.is_some() && window.try_acquire(&one).is_none());
        drop((second, again));
        assert!(window.now().is_some());
    }

    #[tokio::test]
    async fn a_freed_permit_wakes_waiters_and_a_dropped_waiter_none() {
        let window = Window::new(4);
        let lane = Arc::new(Lane::default());
        let mut places: Vec<_> = (0..4).map(|_| window.try_acquire(&lane)).collect();
        assert!(places.iter().all(Option::is_some));
        let mut dropped = Box::pin(window.acquire(&lane));
        let mut waiting = Box::pin(window.acquire(&lane));
        assert!(futures_util::poll!(&mut dropped).is_pending());
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(dropped);
        places.pop();
        assert!(futures_util::poll!(&mut waiting).is_ready());
    }

    proptest! {
        #[test]
        fn window_and_requests_in_flight_stay_within_bounds(
            max in 0_usize..20,
            steps in prop::collection::vec((0_u8..4, any::<prop::sample::Index>()), 0..400),
        ) {
            let window = Window::new(max);
            let lanes = [Arc::new(Lane::default()), Arc::new(Lane::default())];
            let mut sent: Vec<(Permit<'_>, Era)> = Vec::new();
            for (step, which) in steps {
                let before = window.size();
                if step == 0 {
                    let lane = which.get(&lanes);
                    let own = lane.in_flight.load(Ordering::Relaxed);
                    let in_flight = sent.len();
                    match window.try_acquire(lane) {
                        Some(permit) => {
                            prop_assert!(own == 0 || in_flight < before);
                            sent.push((permit, window.era()));
                        }
                        None => prop_assert!(own > 0 && in_flight >= before),
                    }
                } else if !sent.is_empty() {
                    let (permit, era) = sent.swap_remove(which.index(sent.len()));
                    let present = era == window.era();
                    drop(permit);
                    match step {
                        1 => {
                            window.throttled(era);
                            let want = if present { (before / 2).max(1) } else { before };
                            prop_assert_eq!(window.size(), want);
                        }
                        2 => {
                            window.succeeded(era);
                            prop_assert!((before..=before + usize::from(present)).contains(&window.size()));
                        }
                        _ => prop_assert_eq!(window.size(), before),
                    }
                }
                prop_assert!((1..=max.max(1)).contains(&window.size()));
                prop_assert_eq!(window.state().in_flight, sent.len());
            }
            drop(sent);
            prop_assert_eq!(window.state().in_flight, 0);
            prop_assert!(lanes.iter().all(|lane| lane.in_flight.load(Ordering::Relaxed) == 0));
        }
    }
}
