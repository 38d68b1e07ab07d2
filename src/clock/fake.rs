//! A virtual clock for tests.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use super::{Clock, Sleep};

/// A virtual clock for tests: hours pass in milliseconds, and waits end in order.
///
/// The clock starts at 2026-01-01T08:00:00Z. When all tasks are waiting, time jumps to the end of the earliest wait. A
/// test therefore never has to advance the clock to end a wait, and finds every sleep in [`FakeClock::slept`]. With
/// [`FakeClock::manual`], time moves only when the test calls [`FakeClock::advance`].
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::clock::{Clock, FakeClock};
/// # windows_autopilot::testing::run(async |_| {
/// let clock = FakeClock::new();
/// clock.sleep(Duration::from_secs(3600)).await;
/// assert_eq!(clock.elapsed(), Duration::from_secs(3600));
/// assert_eq!(clock.slept(), [Duration::from_secs(3600)]);
/// # Ok(()) });
/// ```
///
/// Run all waiting tasks on one thread (a current-thread runtime, the default of `#[tokio::test]`): the clock cannot
/// see work on other threads.
#[derive(Clone)]
pub struct FakeClock {
    shared: Arc<Mutex<Shared>>,
    start: SystemTime,
}

/// The rounds in which the earliest wait lets all other tasks run before it moves time.
const IDLE_ROUNDS: u32 = 24;

#[derive(Default)]
struct Shared {
    elapsed: Duration,
    manual: bool,
    next_key: u64,
    /// The pending waits, in order of their ends.
    waits: Vec<(Key, Wait)>,
    /// A counter of all events, which tells an idle moment from a busy one.
    activity: u64,
    slept: Vec<Duration>,
}

/// The end of a wait, and its number.
type Key = (Duration, u64);

struct Wait {
    waker: Option<Waker>,
    /// Whether the wait moves time; a timer does not.
    moves_time: bool,
}

impl Shared {
    /// Moves time forward and wakes all waits that are over.
    fn move_to(&mut self, elapsed: Duration) {
        self.elapsed = self.elapsed.max(elapsed);
        self.activity += 1;
        let over = self.waits.iter_mut().take_while(|((end, _), _)| *end <= self.elapsed);
        over.filter_map(|(_, wait)| wait.waker.take()).for_each(Waker::wake);
    }

    /// Returns the wait that counts idle rounds: the earliest that moves time.
    fn leader(&self) -> Option<Key> {
        self.waits.iter().find(|(_, wait)| wait.moves_time).map(|(key, _)| *key)
    }

    fn wake_leader(&mut self) {
        if let Some(key) = self.leader()
            && let Some(waker) = self.wait(key).and_then(|wait| wait.waker.take())
        {
            waker.wake();
        }
    }

    fn insert(&mut self, key: Key, wait: Wait) {
        let place = self.waits.partition_point(|(other, _)| *other < key);
        self.waits.insert(place, (key, wait));
    }

    fn place(&self, key: Key) -> Option<usize> {
        self.waits.binary_search_by_key(&key, |(other, _)| *other).ok()
    }

    fn wait(&mut self, key: Key) -> Option<&mut Wait> {
        let place = self.place(key)?;
        self.waits.get_mut(place).map(|(_, wait)| wait)
    }

    fn remove(&mut self, key: Key) {
        if let Some(place) = self.place(key) {
            self.waits.remove(place);
        }
    }
}

impl FakeClock {
    /// Creates a clock that moves time forward when all tasks are waiting.
    pub fn new() -> Self {
        Self { shared: Arc::default(), start: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_254_400) }
    }

    /// Creates a clock that moves time forward only through [`FakeClock::advance`].
    pub fn manual() -> Self {
        let clock = Self::new();
        clock.lock().manual = true;
        clock
    }

    /// Sets the wall-clock time at which the clock starts.
    #[must_use]
    pub fn with_start(mut self, start: SystemTime) -> Self {
        self.start = start;
        self
    }

    /// Moves time forward.
    pub fn advance(&self, duration: Duration) {
        let mut shared = self.lock();
        let to = shared.elapsed.saturating_add(duration);
        shared.move_to(to);
    }

    /// Returns the lengths of all completed sleeps, in the order in which they ended. Timers are not included.
    pub fn slept(&self) -> Vec<Duration> {
        self.lock().slept.clone()
    }

    /// Clears the recorded sleeps, which accumulate in a long run.
    pub fn clear_slept(&self) {
        self.lock().slept.clear();
    }

    /// Returns the number of pending sleeps and timers.
    pub fn waiting(&self) -> usize {
        self.lock().waits.len()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, duration: Duration, moves_time: bool) -> Sleep {
        let mut shared = self.lock();
        let key = (shared.elapsed.saturating_add(duration), shared.next_key);
        shared.next_key += 1;
        shared.activity += 1;
        shared.insert(key, Wait { waker: None, moves_time });
        drop(shared);
        Box::pin(FakeSleep {
            clock: self.clone(),
            key,
            duration,
            moves_time,
            seen: 0,
            rounds: 0,
            done: false,
        })
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FakeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.lock();
        f.debug_struct("FakeClock")
            .field("elapsed", &shared.elapsed)
            .field("waiting", &shared.waits.len())
            .finish_non_exhaustive()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> SystemTime {
        self.start + self.lock().elapsed
    }

    fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.wait(duration, true)
    }

    fn timer(&self, duration: Duration) -> Sleep {
        self.wait(duration, false)
    }
}

struct FakeSleep {
    clock: FakeClock,
    key: Key,
    duration: Duration,
    moves_time: bool,
    seen: u64,
    rounds: u32,
    done: bool,
}

impl Future for FakeSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut shared = this.clock.lock();
        if this.done || shared.elapsed >= this.key.0 {
            if !this.done {
                this.done = true;
                shared.remove(this.key);
                shared.activity += 1;
                if this.moves_time {
                    shared.slept.push(this.duration);
                }
                shared.wake_leader();
            }
            return Poll::Ready(());
        }
        if let Some(wait) = shared.wait(this.key) {
            wait.waker = Some(context.waker().clone());
        }
        let leads = !shared.manual && shared.leader() == Some(this.key);
        if !leads {
            return Poll::Pending;
        }
        if shared.activity == this.seen {
            this.rounds += 1;
        } else {
            this.seen = shared.activity;
            this.rounds = 0;
        }
        if this.rounds >= IDLE_ROUNDS {
            this.rounds = 0;
            if let Some(earliest) = shared.waits.first().map(|((end, _), _)| *end) {
                shared.move_to(earliest);
            }
        }
        // Not woken at once: on a current-thread runtime, the tasks would cycle while the future of `block_on`, often
        // the one that all others wait for, gets no turn.
        let _later = pin!(tokio::task::yield_now()).poll(context);
        Poll::Pending
    }
}

impl Drop for FakeSleep {
    fn drop(&mut self) {
        if !self.done {
            let mut shared = self.clock.lock();
            shared.remove(self.key);
            shared.activity += 1;
            shared.wake_leader();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_waiting_task_runs_before_time_moves() {
        let clock = FakeClock::new();
        let sleep = |length| {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep(Duration::from_millis(length)).await })
        };
        let (first, second) = (sleep(10), sleep(15));
        first.await.unwrap();
        assert_eq!(clock.elapsed(), Duration::from_millis(10));
        second.await.unwrap();
        assert_eq!(clock.elapsed(), Duration::from_millis(15));
    }

    #[tokio::test]
    async fn waits_end_in_the_order_of_their_ends() {
        let clock = FakeClock::new();
        let order = Mutex::new(Vec::new());
        let wait = async |seconds: u32| {
            clock.sleep(SECOND * seconds).await;
            order.lock().unwrap().push((seconds, clock.elapsed()));
        };
        futures_util::join!(wait(30), wait(10), wait(20));
        assert_eq!(*order.lock().unwrap(), [(10, SECOND * 10), (20, SECOND * 20), (30, SECOND * 30)]);
        assert_eq!(clock.waiting(), 0);
    }

    #[tokio::test]
    async fn tasks_and_channels_run_before_time_moves() {
        let clock = FakeClock::new();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let mine = clock.clone();
        let worker = tokio::spawn(async move {
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            sender.send(mine.elapsed()).await.unwrap();
        });
        clock.sleep(SECOND * 60).await;
        assert_eq!(receiver.recv().await, Some(Duration::ZERO));
        worker.await.unwrap();
    }

    #[tokio::test]
    async fn a_manual_clock_stands_still_until_it_is_advanced() {
        let clock = FakeClock::manual();
        let mut sleep = clock.sleep(SECOND);
        assert!(futures_util::poll!(&mut sleep).is_pending());
        clock.advance(SECOND);
        sleep.await;
        assert_eq!(clock.timestamp().to_string(), "2026-01-01T08:00:01Z");
    }

    #[tokio::test]
    async fn a_dropped_leader_hands_over() {
        let clock = FakeClock::new();
        let first = clock.sleep(SECOND);
        let second = tokio::spawn(clock.sleep(SECOND * 2));
        tokio::task::yield_now().await;
        drop(first);
        second.await.unwrap();
        assert_eq!(clock.elapsed(), SECOND * 2);
    }
}
