//! Polling of asynchronous operations.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt as _;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};

/// The outcome of one poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollStatus<T, P = ()> {
    /// The condition is not met yet; contains the current state.
    Pending(P),
    /// The condition is met; contains the value.
    Ready(T),
}

/// The intervals and the deadline of a poller.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::graph::Schedule;
///
/// const IMPORT: Schedule =
///     Schedule::new(Duration::from_secs(15), Duration::from_secs(60), Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// The interval after the first poll.
    pub initial_interval: Duration,
    /// The longest interval. Each interval is 1.5 times the previous one.
    pub max_interval: Duration,
    /// The deadline, counted from the first poll.
    pub deadline: Duration,
}

impl Schedule {
    /// Creates a schedule with intervals that grow from `initial_interval` to `max_interval`, and a deadline.
    pub const fn new(initial_interval: Duration, max_interval: Duration, deadline: Duration) -> Self {
        Self { initial_interval, max_interval, deadline }
    }
}

/// Polls immediately, again after 10 seconds, then at growing intervals of up to one minute, and stops after one hour.
impl Default for Schedule {
    fn default() -> Self {
        Self::new(Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(3600))
    }
}

/// A wait with a deadline: await it for its result, or read it as a stream of poll outcomes.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # tenant.add_device("PF3XK7M1");
/// use windows_autopilot::graph::{PollStatus, Poller, Schedule};
///
/// let clock = client.clock().clone();
/// let first = Poller::new(clock, Schedule::default(), "the first device", move || {
///     let client = client.clone();
///     async move {
///         match client.devices().count().await? {
///             0 => Ok(PollStatus::Pending(())),
///             count => Ok(PollStatus::Ready(count)),
///         }
///     }
/// });
/// assert_eq!(first.await?, 1);
/// # Ok(()) });
/// ```
///
/// The poll function decides what [`ErrorKind::NotFound`] means; every error that it returns ends the wait. Dropping
/// the poller ends the wait, and nothing continues in the background.
#[must_use = "a poller does nothing until it is awaited or read"]
pub struct Poller<T, P = ()> {
    polls: PollStream<T, P>,
}

type PollStream<T, P> = Pin<Box<dyn Stream<Item = Result<PollStatus<T, P>>> + Send>>;

type PollFn<T, P> = Box<dyn FnMut() -> Pin<Box<dyn Future<Output = Result<PollStatus<T, P>>> + Send>> + Send>;

impl<T: Send + 'static, P: Send + 'static> Poller<T, P> {
    /// Creates a poller that calls `poll` on `schedule`. `what` names the wait in the error returned at the deadline.
    pub fn new<F, R>(clock: Arc<dyn Clock>, schedule: Schedule, what: &'static str, mut poll: F) -> Self
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output = Result<PollStatus<T, P>>> + Send + 'static,
    {
        let start = clock.elapsed();
        let timer = PollTimer { clock, schedule, what, start, wait: None, done: false };
        Self::with_timer(timer, Box::new(move || Box::pin(poll())))
    }

    /// Converts the value of a successful wait.
    #[must_use = "a poller does nothing until it is awaited or read"]
    pub fn and_then<U: Send + 'static>(
        self,
        mut change: impl FnMut(T) -> Result<U> + Send + 'static,
    ) -> Poller<U, P> {
        let polls = self.polls.map(move |seen| match seen? {
            PollStatus::Ready(value) => change(value).map(PollStatus::Ready),
            PollStatus::Pending(state) => Ok(PollStatus::Pending(state)),
        });
        Poller { polls: Box::pin(polls) }
    }

    fn with_timer(timer: PollTimer, poll: PollFn<T, P>) -> Self {
        let polls = futures_util::stream::unfold((timer, poll), |(mut timer, mut poll)| async move {
            let seen = match timer.next().await? {
                Ok(()) => poll().await,
                Err(error) => Err(error),
            };
            timer.done = !matches!(seen, Ok(PollStatus::Pending(_)));
            Some((seen, (timer, poll)))
        });
        Self { polls: Box::pin(polls) }
    }
}

/// The timer of the polls.
struct PollTimer {
    clock: Arc<dyn Clock>,
    schedule: Schedule,
    what: &'static str,
    start: Duration,
    /// The wait before the next poll; `None` before the first.
    wait: Option<Duration>,
    done: bool,
}

impl PollTimer {
    /// Waits for the next poll. Returns `None` after the last one.
    async fn next(&mut self) -> Option<Result<()>> {
        if self.done {
            return None;
        }
        let Some(wait) = self.wait else {
            self.wait = Some(self.schedule.initial_interval.max(Duration::from_millis(1)));
            return Some(Ok(()));
        };
        let waited = self.clock.elapsed().saturating_sub(self.start);
        let left = self.schedule.deadline.saturating_sub(waited);
        if left.is_zero() {
            let message = format!("timed out after {waited:?} waiting for {}", self.what);
            return Some(Err(Error::new(ErrorKind::Timeout, message)));
        }
        // The last poll is at the deadline itself.
        self.clock.sleep(wait.min(left)).await;
        self.wait = Some((wait + wait / 2).min(self.schedule.max_interval));
        Some(Ok(()))
    }
}

impl<T, P> Stream for Poller<T, P> {
    type Item = Result<PollStatus<T, P>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.polls.as_mut().poll_next(context)
    }
}

impl<T: Send + 'static, P: Send + 'static> IntoFuture for Poller<T, P> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            while let Some(seen) = self.polls.next().await {
                if let PollStatus::Ready(value) = seen? {
                    return Ok(value);
                }
            }
            Err(Error::new(ErrorKind::Timeout, "the poller has already ended"))
        })
    }
}

impl<T, P> fmt::Debug for Poller<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Poller")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::clock::FakeClock;

    const SECOND: Duration = Duration::from_secs(1);

    fn ready_at(poll: u32) -> (FakeClock, Poller<u32, u32>, Arc<AtomicU32>) {
        let (clock, polls) = (FakeClock::new(), Arc::new(AtomicU32::new(0)));
        let counter = Arc::clone(&polls);
        let schedule = Schedule::new(SECOND * 4, SECOND * 9, SECOND * 30);
        let poller = Poller::new(Arc::new(clock.clone()), schedule, "the moon", move || {
            let seen = counter.fetch_add(1, Ordering::Relaxed) + 1;
            async move { Ok(if seen >= poll { PollStatus::Ready(seen) } else { PollStatus::Pending(seen) }) }
        });
        (clock, poller, polls)
    }

    #[tokio::test]
    async fn polls_at_once_and_then_less_often() {
        let (clock, poller, _) = ready_at(5);
        assert_eq!(poller.await.unwrap(), 5);
        assert_eq!(clock.slept(), [SECOND * 4, SECOND * 6, SECOND * 9, SECOND * 9]);
    }

    #[tokio::test]
    async fn times_out_after_a_last_poll_at_the_deadline() {
        let (clock, poller, polls) = ready_at(u32::MAX);
        let error = poller.await.unwrap_err();
        assert_eq!((error.kind(), clock.elapsed()), (ErrorKind::Timeout, SECOND * 30));
        assert!(error.to_string().contains("the moon"), "{error}");
        assert_eq!(polls.load(Ordering::Relaxed), 6);
    }

    #[tokio::test]
    async fn an_interval_of_zero_grows_and_ends_at_the_deadline() {
        let (clock, polls) = (FakeClock::new(), Arc::new(AtomicU32::new(0)));
        let counter = Arc::clone(&polls);
        let schedule = Schedule::new(Duration::ZERO, SECOND, SECOND * 3);
        let poller = Poller::<(), ()>::new(Arc::new(clock.clone()), schedule, "the moon", move || {
            assert!(counter.fetch_add(1, Ordering::Relaxed) < 100, "a busy loop");
            async { Ok(PollStatus::Pending(())) }
        });
        assert_eq!(poller.await.unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!((clock.slept()[0], clock.elapsed()), (Duration::from_millis(1), SECOND * 3));
    }

    #[tokio::test]
    async fn streams_the_polled_states() {
        let (_, poller, _) = ready_at(3);
        let seen: Vec<_> = poller.map(Result::unwrap).collect().await;
        assert_eq!(seen, [PollStatus::Pending(1), PollStatus::Pending(2), PollStatus::Ready(3)]);
    }
}
