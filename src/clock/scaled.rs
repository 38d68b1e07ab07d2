//! A clock that runs faster or slower than real time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::select;
use tokio::sync::watch;

use super::{Clock, Sleep, SystemClock};

/// A clock that runs faster or slower than real time: at speed 60, an hour in a simulated tenant takes one minute.
/// Clones share the clock.
///
/// The clock starts at the real wall-clock time. Speed and time can change while tasks are waiting: each wait then ends
/// when it is due at the new speed.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::clock::{Clock, ScaledClock};
/// # windows_autopilot::testing::run(async |_| {
/// let clock = ScaledClock::new(3600.0);
/// clock.sleep(Duration::from_secs(36)).await; // ten milliseconds
/// clock.advance(Duration::from_secs(3600));
/// assert!(clock.elapsed() >= Duration::from_secs(3636));
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct ScaledClock {
    real: SystemClock,
    start: SystemTime,
    pace: Arc<Mutex<Pace>>,
    changes: watch::Sender<()>,
}

/// The speed since a moment at which both clocks were read.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// The real clock's reading at that moment.
    real: Duration,
    /// This clock's reading at that moment.
    scaled: Duration,
    speed: f64,
}

impl Pace {
    fn scaled_at(&self, real: Duration) -> Duration {
        let passed = real.saturating_sub(self.real).as_secs_f64() * self.speed;
        self.scaled.saturating_add(Duration::try_from_secs_f64(passed).unwrap_or(Duration::MAX))
    }
}

impl ScaledClock {
    /// The highest speed: one year per second.
    pub const MAX_SPEED: f64 = 31_536_000.0;

    /// Creates a clock that runs at this speed: at 1, it runs in real time; at 0, it stops. The speed is clamped to
    /// between 0 and [`MAX_SPEED`](Self::MAX_SPEED); NaN means real time.
    pub fn new(speed: f64) -> Self {
        let real = SystemClock::new();
        let pace = Pace { real: real.elapsed(), scaled: Duration::ZERO, speed: bounded(speed) };
        Self { start: real.now(), real, pace: Arc::new(Mutex::new(pace)), changes: watch::Sender::new(()) }
    }

    /// Returns the speed.
    pub fn speed(&self) -> f64 {
        self.lock().speed
    }

    /// Sets the speed, clamped as in [`new`](Self::new).
    pub fn set_speed(&self, speed: f64) {
        self.change(|pace| pace.speed = bounded(speed));
    }

    /// Moves time forward.
    pub fn advance(&self, duration: Duration) {
        self.change(|pace| pace.scaled = pace.scaled.saturating_add(duration));
    }

    fn change(&self, change: impl FnOnce(&mut Pace)) {
        {
            let mut pace = self.lock();
            let real = self.real.elapsed();
            *pace = Pace { real, scaled: pace.scaled_at(real), speed: pace.speed };
            change(&mut pace);
        }
        self.changes.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bounded(speed: f64) -> f64 {
    if speed.is_nan() { 1.0 } else { speed.clamp(0.0, ScaledClock::MAX_SPEED) }
}

impl fmt::Debug for ScaledClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScaledClock").field("speed", &self.speed()).finish_non_exhaustive()
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> SystemTime {
        let elapsed = self.elapsed();
        self.start.checked_add(elapsed).unwrap_or(self.start)
    }

    fn elapsed(&self) -> Duration {
        let real = self.real.elapsed();
        self.lock().scaled_at(real)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        let end = self.elapsed().saturating_add(duration);
        let mut changes = self.changes.subscribe();
        Box::pin(async move {
            loop {
                let left = end.saturating_sub(clock.elapsed());
                if left.is_zero() {
                    return;
                }
                // A clock that stands still wakes only for changes; a day is as good as never.
                let wait = left.as_secs_f64() / clock.speed();
                let wait = Duration::try_from_secs_f64(wait).unwrap_or(DAY).min(DAY);
                let changed = std::pin::pin!(changes.changed());
                // The runtime's timer counts milliseconds: shorter waits would spin.
                select(clock.real.sleep(wait.max(Duration::from_millis(1))), changed).await;
            }
        })
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_wait_ends_at_the_speed_of_the_clock() {
        let clock = ScaledClock::new(3_600_000.0);
        let began = clock.now();
        clock.sleep(HOUR).await;
        assert!(clock.elapsed() >= HOUR);
        assert!(clock.now().duration_since(began).unwrap() >= HOUR);
    }

    #[tokio::test]
    async fn a_stopped_clock_advances_and_starts_while_tasks_wait() {
        let clock = ScaledClock::new(0.0);
        let mut wait = clock.sleep(HOUR);
        assert!(futures_util::poll!(&mut wait).is_pending());
        clock.advance(HOUR / 2);
        assert!(futures_util::poll!(&mut wait).is_pending());
        assert_eq!(clock.elapsed(), HOUR / 2);
        let other = clock.clone();
        other.set_speed(ScaledClock::MAX_SPEED);
        wait.await;
        assert!(clock.elapsed() >= HOUR);
    }

    #[test]
    fn a_speed_out_of_range_is_clamped() {
        for (given, taken) in
            [(f64::NAN, 1.0), (-1.0, 0.0), (f64::INFINITY, ScaledClock::MAX_SPEED), (60.0, 60.0)]
        {
            let speed = ScaledClock::new(given).speed();
            assert!((speed - taken).abs() < f64::EPSILON, "{given}: {speed}");
        }
    }
}
