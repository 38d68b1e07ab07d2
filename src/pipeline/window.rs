//! How much work of its own a client does at the same time: more while the service takes it, less when it is throttled.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How wide a window is before anything is known of the service.
const FIRST: usize = 4;

/// How many requests of parallel work may be on their way: one more after each window of successes, half as many when the
/// service throttles.
///
/// It bounds what the crate itself sends side by side, the parts of a batch or an import, each on its [`Lane`]. A lane
/// with nothing on its way may always send: so no work waits for other work, which perhaps nobody drives, and single
/// calls do not wait here at all. All calls tell it what they meet with.
#[derive(Debug)]
pub(crate) struct Window {
    state: Mutex<State>,
    most: usize,
    /// Something came back, or there is more room.
    moved: Notify,
}

#[derive(Debug)]
struct State {
    size: usize,
    on_their_way: usize,
    /// Successes since the size last changed.
    successes: usize,
    era: Era,
}

/// The time between two halvings. What was sent in an earlier one says nothing of the present size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Era(pub(crate) u64);

/// Work whose requests one future drives side by side.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Changed only under the lock of the window.
    on_their_way: AtomicUsize,
}

/// A request's place in the window, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    window: &'a Window,
    lane: Arc<Lane>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.window.state();
        state.on_their_way = state.on_their_way.saturating_sub(1);
        self.lane.on_their_way.fetch_sub(1, Ordering::Relaxed);
        drop(state);
        self.window.moved.notify_waiters();
    }
}

impl Window {
    /// A window that grows to `most`.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = State { size: FIRST.min(most), on_their_way: 0, successes: 0, era: Era::default() };
        Self { state: Mutex::new(state), most, moved: Notify::new() }
    }

    /// The most that it grows to.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// The number of requests that may be in flight.
    #[cfg(any(test, feature = "import"))]
    pub(crate) fn size(&self) -> usize {
        self.state().size
    }

    /// The present era, for what is about to be sent.
    pub(crate) fn era(&self) -> Era {
        self.state().era
    }

    /// Waits for a place. Dropping it gives up nothing that others wait for.
    pub(crate) async fn place(&self, lane: &Arc<Lane>) -> Place<'_> {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            // Listens before it looks, so that nothing is missed in between.
            moved.as_mut().enable();
            if let Some(place) = self.try_place(lane) {
                return place;
            }
            moved.await;
        }
    }

    fn try_place(&self, lane: &Arc<Lane>) -> Option<Place<'_>> {
        let mut state = self.state();
        let own = lane.on_their_way.load(Ordering::Relaxed);
        if own > 0 && state.on_their_way >= state.size {
            return None;
        }
        state.on_their_way += 1;
        lane.on_their_way.fetch_add(1, Ordering::Relaxed);
        drop(state);
        Some(Place { window: self, lane: Arc::clone(lane) })
    }

    /// A request that was sent in `era` was answered and not throttled.
    pub(crate) fn succeeded(&self, era: Era) {
        let mut state = self.state();
        if state.era != era || state.size >= self.most {
            return;
        }
        state.successes += 1;
        if state.successes >= state.size {
            state.successes = 0;
            state.size += 1;
            drop(state);
            self.moved.notify_waiters();
        }
    }

    /// A request that was sent in `era` was throttled. Only the first of an era counts: those that were on their way
    /// together are throttled together.
    pub(crate) fn throttled(&self, era: Era) {
        let mut state = self.state();
        if state.era == era {
            state.era.0 += 1;
            state.successes = 0;
            state.size = (state.size / 2).max(1);
            tracing::debug!(size = state.size, "throttled: fewer requests at the same time");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Window {
        fn now(&self) -> Option<Place<'_>> {
            self.try_place(&Arc::new(Lane::default()))
        }
    }

    #[test]
    fn it_is_one_wider_after_each_window_of_successes_up_to_the_most() {
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
    fn it_is_halved_once_for_all_that_were_on_their_way_together_and_never_below_one() {
        let window = Window::new(100);
        for _ in 0..1000 {
            window.succeeded(window.era());
        }
        let before = window.size();
        assert!(before > 40, "{before}");
        let together = window.era();
        (0..before).for_each(|_| window.throttled(together));
        assert_eq!(window.size(), before / 2);
        // Late news of the burst, good or bad, changes nothing.
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
    fn a_lane_waits_for_room_only_while_it_has_something_on_its_way() {
        let window = Window::new(1);
        let (one, other) = (Arc::new(Lane::default()), Arc::new(Lane::default()));
        let first = window.try_place(&one);
        assert!(first.is_some() && window.try_place(&one).is_none());
        let second = window.try_place(&other);
        assert!(second.is_some(), "what waits for others alone might wait for ever");
        drop(first);
        let again = window.try_place(&one);
        assert!(again.is_some() && window.try_place(&one).is_none());
        drop((second, again));
        assert!(window.now().is_some());
    }

    #[tokio::test]
    async fn room_wakes_those_who_wait_and_one_who_is_dropped_keeps_nothing() {
        let window = Window::new(4);
        let lane = Arc::new(Lane::default());
        let mut places: Vec<_> = (0..4).map(|_| window.try_place(&lane)).collect();
        assert!(places.iter().all(Option::is_some));
        let mut dropped = Box::pin(window.place(&lane));
        let mut waiting = Box::pin(window.place(&lane));
        assert!(futures_util::poll!(&mut dropped).is_pending());
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(dropped);
        places.pop();
        assert!(futures_util::poll!(&mut waiting).is_ready());
    }

    proptest! {
        #[test]
        fn whatever_comes_the_window_stays_within_its_bounds_and_so_does_what_is_on_its_way(
            most in 0_usize..20,
            steps in prop::collection::vec((0_u8..4, any::<prop::sample::Index>()), 0..400),
        ) {
            let window = Window::new(most);
            let lanes = [Arc::new(Lane::default()), Arc::new(Lane::default())];
            let mut sent: Vec<(Place<'_>, Era)> = Vec::new();
            for (step, which) in steps {
                let before = window.size();
                if step == 0 {
                    let lane = which.get(&lanes);
                    let own = lane.on_their_way.load(Ordering::Relaxed);
                    let on_their_way = sent.len();
                    match window.try_place(lane) {
                        Some(place) => {
                            prop_assert!(own == 0 || on_their_way < before);
                            sent.push((place, window.era()));
                        }
                        None => prop_assert!(own > 0 && on_their_way >= before),
                    }
                } else if !sent.is_empty() {
                    let (place, era) = sent.swap_remove(which.index(sent.len()));
                    let present = era == window.era();
                    drop(place);
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
                prop_assert!((1..=most.max(1)).contains(&window.size()));
                prop_assert_eq!(window.state().on_their_way, sent.len());
            }
            drop(sent);
            prop_assert_eq!(window.state().on_their_way, 0);
            prop_assert!(lanes.iter().all(|lane| lane.on_their_way.load(Ordering::Relaxed) == 0));
        }
    }
}
