//! Clocks: the only code in the crate that reads the time or sleeps.

mod fake;
#[cfg(feature = "sim")]
mod scaled;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

pub use self::fake::FakeClock;
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub use self::scaled::ScaledClock;

/// The future returned by [`Clock::sleep`] and [`Clock::timer`].
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of time for every wait, date and timeout.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use windows_autopilot::clock::{Clock, Sleep, SystemClock};
///
/// /// The system clock, which prints each wait.
/// #[derive(Debug)]
/// struct Talkative(SystemClock);
///
/// impl Clock for Talkative {
///     fn now(&self) -> SystemTime {
///         self.0.now()
///     }
///
///     fn elapsed(&self) -> Duration {
///         self.0.elapsed()
///     }
///
///     fn sleep(&self, duration: Duration) -> Sleep {
///         println!("waiting for {duration:?}");
///         self.0.sleep(duration)
///     }
/// }
/// # use windows_autopilot::{Client, credential::FixedToken};
/// let builder = Client::builder(FixedToken::new("eyJ0eXAi…")).with_clock(Talkative(SystemClock::new()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clock",
    note = "pass `SystemClock::new()` for real time, a `FakeClock` in tests, or a clock of your own"
)]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the wall-clock time.
    fn now(&self) -> SystemTime;

    /// Returns the time elapsed since a fixed moment. The value never decreases.
    fn elapsed(&self) -> Duration;

    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Waits for `duration` as a timeout for other work that is expected to finish first.
    ///
    /// A real-time clock sleeps. A [`FakeClock`] does not advance when only timers are pending.
    fn timer(&self, duration: Duration) -> Sleep {
        self.sleep(duration)
    }

    /// Returns the wall-clock time as a timestamp.
    fn timestamp(&self) -> Timestamp {
        Timestamp::try_from(self.now()).unwrap_or_default()
    }
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn elapsed(&self) -> Duration {
        (**self).elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        (**self).sleep(duration)
    }

    fn timer(&self, duration: Duration) -> Sleep {
        (**self).timer(duration)
    }

    fn timestamp(&self) -> Timestamp {
        (**self).timestamp()
    }
}

/// Runs `future`. Returns `None` if it takes longer than `limit`.
pub(crate) async fn within<F: Future>(clock: &dyn Clock, limit: Duration, future: F) -> Option<F::Output> {
    let timer = clock.timer(limit);
    let future = std::pin::pin!(future);
    match futures_util::future::select(future, timer).await {
        futures_util::future::Either::Left((output, _)) => Some(output),
        futures_util::future::Either::Right(((), _)) => None,
    }
}

/// Runs `future`. Returns `None` once it has worked for `limit` since `start`; `idle` returns the time so far that does
/// not count as work.
pub(crate) async fn within_working<F: Future>(
    clock: &dyn Clock,
    (start, limit): (Duration, Duration),
    idle: impl Fn() -> Duration,
    future: F,
) -> Option<F::Output> {
    let left = || {
        let worked = clock.elapsed().saturating_sub(start).saturating_sub(idle());
        limit.saturating_sub(worked)
    };
    let mut future = std::pin::pin!(future);
    loop {
        match futures_util::future::select(future.as_mut(), clock.timer(left())).await {
            futures_util::future::Either::Left((output, _)) => return Some(output),
            futures_util::future::Either::Right(((), _)) if left().is_zero() => return None,
            futures_util::future::Either::Right(((), _)) => {}
        }
    }
}

/// The real clock, based on tokio's timer. Waiting requires a tokio runtime with time enabled.
///
/// ```
/// use windows_autopilot::clock::{Clock, SystemClock};
/// println!("{}", SystemClock::new().timestamp());
/// ```
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Creates a real clock.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the real clock")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that reads the real clock and sleeps on it")]
impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_timeout_elapses_only_if_the_work_takes_longer() {
        let clock = FakeClock::new();
        assert_eq!(within(&clock, SECOND * 5, clock.sleep(SECOND * 3)).await, Some(()));
        assert_eq!(within(&clock, SECOND * 5, clock.sleep(SECOND * 9)).await, None);
        assert_eq!(clock.elapsed(), SECOND * 8);
        assert_eq!(clock.slept(), [SECOND * 3], "a canceled wait is not slept, and a timer never is");
        clock.clear_slept();
        assert!(clock.slept().is_empty());
        assert_eq!(clock.waiting(), 0, "what was dropped waits no longer");
    }
}
