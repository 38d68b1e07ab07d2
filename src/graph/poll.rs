//! Waiting for what the service does in its own time.

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
    /// The condition does not hold yet; with the state so far.
    Pending(P),
    /// The condition holds; with the value.
    Ready(T),
}

/// The intervals of a poller, and its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// The interval after the first poll.
    pub initial_interval: Duration,
    /// The longest interval. Each interval is half as long again as the one before.
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

/// Looks after 10 seconds, then less and less often up to once a minute, and gives up after an hour.
impl Default for Schedule {
    fn default() -> Self {
        Self::new(Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(3600))
    }
}

/// A wait with a deadline: await it for its end, or read it as a stream of what was seen on the way.
///
/// A look that fails with [`ErrorKind::NotFound`] is up to whoever made the poller; any other error ends it. Dropping it
/// ends the wait; nothing goes on.
#[must_use = "a poller does nothing until it is awaited or read"]
pub struct Poller<T, P = ()> {
    looks: Looks<T, P>,
}

type Looks<T, P> = Pin<Box<dyn Stream<Item = Result<PollStatus<T, P>>> + Send>>;

type Look<T, P> = Box<dyn FnMut() -> Pin<Box<dyn Future<Output = Result<PollStatus<T, P>>> + Send>> + Send>;

impl<T: Send + 'static, P: Send + 'static> Poller<T, P> {
    /// Waits for `what` by calling `look` on `schedule`.
    pub fn new<F, R>(clock: Arc<dyn Clock>, schedule: Schedule, what: &'static str, mut look: F) -> Self
    where
        F: FnMut() -> R + Send + 'static,
        R: Future<Output = Result<PollStatus<T, P>>> + Send + 'static,
    {
        let start = clock.elapsed();
        let turns = Turns { clock, schedule, what, start, wait: None, over: false };
        Self::looking(turns, Box::new(move || Box::pin(look())))
    }

    /// Changes the value that the wait ends with.
    #[must_use = "a poller does nothing until it is awaited or read"]
    pub fn and_then<U: Send + 'static>(
        self,
        mut change: impl FnMut(T) -> Result<U> + Send + 'static,
    ) -> Poller<U, P> {
        let looks = self.looks.map(move |seen| match seen? {
            PollStatus::Ready(value) => change(value).map(PollStatus::Ready),
            PollStatus::Pending(state) => Ok(PollStatus::Pending(state)),
        });
        Poller { looks: Box::pin(looks) }
    }

    fn looking(turns: Turns, look: Look<T, P>) -> Self {
        let looks = futures_util::stream::unfold((turns, look), |(mut turns, mut look)| async move {
            let seen = match turns.next().await? {
                Ok(()) => look().await,
                Err(error) => Err(error),
            };
            turns.over = !matches!(seen, Ok(PollStatus::Pending(_)));
            Some((seen, (turns, look)))
        });
        Self { looks: Box::pin(looks) }
    }
}

/// When to look.
struct Turns {
    clock: Arc<dyn Clock>,
    schedule: Schedule,
    what: &'static str,
    start: Duration,
    /// The wait before the next look, after the first.
    wait: Option<Duration>,
    over: bool,
}

impl Turns {
    /// Waits until it is time for the next look; none when there is none any more.
    async fn next(&mut self) -> Option<Result<()>> {
        if self.over {
            return None;
        }
        let Some(wait) = self.wait else {
            self.wait = Some(self.schedule.initial_interval.max(Duration::from_millis(1)));
            return Some(Ok(()));
        };
        let waited = self.clock.elapsed().saturating_sub(self.start);
        let left = self.schedule.deadline.saturating_sub(waited);
        if left.is_zero() {
            let message = format!("gave up waiting for {} after {waited:?}", self.what);
            return Some(Err(Error::new(ErrorKind::Timeout, message)));
        }
        // The last look is at the deadline itself.
        self.clock.sleep(wait.min(left)).await;
        self.wait = Some((wait + wait / 2).min(self.schedule.max_interval));
        Some(Ok(()))
    }
}

impl<T, P> Stream for Poller<T, P> {
    type Item = Result<PollStatus<T, P>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.looks.as_mut().poll_next(context)
    }
}

impl<T: Send + 'static, P: Send + 'static> IntoFuture for Poller<T, P> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            while let Some(seen) = self.looks.next().await {
                if let PollStatus::Ready(value) = seen? {
                    return Ok(value);
                }
            }
            Err(Error::new(ErrorKind::Timeout, "the wait was over before"))
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

    fn ready_at(look: u32) -> (FakeClock, Poller<u32, u32>, Arc<AtomicU32>) {
        let (clock, looks) = (FakeClock::new(), Arc::new(AtomicU32::new(0)));
        let counter = Arc::clone(&looks);
        let schedule = Schedule::new(SECOND * 4, SECOND * 9, SECOND * 30);
        let poller = Poller::new(Arc::new(clock.clone()), schedule, "the moon", move || {
            let seen = counter.fetch_add(1, Ordering::Relaxed) + 1;
            async move { Ok(if seen >= look { PollStatus::Ready(seen) } else { PollStatus::Pending(seen) }) }
        });
        (clock, poller, looks)
    }

    #[tokio::test]
    async fn looks_at_once_and_then_less_often() {
        let (clock, poller, _) = ready_at(5);
        assert_eq!(poller.await.unwrap(), 5);
        assert_eq!(clock.slept(), [SECOND * 4, SECOND * 6, SECOND * 9, SECOND * 9]);
    }

    #[tokio::test]
    async fn gives_up_at_the_deadline_after_a_last_look() {
        let (clock, poller, looks) = ready_at(u32::MAX);
        let error = poller.await.unwrap_err();
        assert_eq!((error.kind(), clock.elapsed()), (ErrorKind::Timeout, SECOND * 30));
        assert!(error.to_string().contains("the moon"), "{error}");
        assert_eq!(looks.load(Ordering::Relaxed), 6);
    }

    #[tokio::test]
    async fn shows_what_it_saw_as_a_stream() {
        let (_, poller, _) = ready_at(3);
        let seen: Vec<_> = poller.map(Result::unwrap).collect().await;
        assert_eq!(seen, [PollStatus::Pending(1), PollStatus::Pending(2), PollStatus::Ready(3)]);
    }
}
