//! Long-running work with events and a report.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
#[cfg(feature = "workflow")]
use std::pin::pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt as _;
#[cfg(feature = "workflow")]
use futures_util::future::{Either, select};
use tokio::sync::{mpsc, watch};

#[cfg(feature = "workflow")]
use crate::error::Error;

type Work<R> = Pin<Box<dyn Future<Output = R> + Send>>;

/// Ongoing work: a stream of its events and a future that resolves to its report.
///
/// Read the events and then await the run for its report, or await the run immediately and drop the events. A run that
/// writes always ends with its report, which contains any error; for a run that only reads, `R` may be a `Result`.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// use futures_util::StreamExt as _;
/// use windows_autopilot::workflow::Run;
///
/// let mut run = Run::new(|progress| async move {
///     for percent in [50, 100] {
///         progress.emit(percent);
///     }
///     "done"
/// });
/// while let Some(percent) = run.next().await {
///     println!("{percent} %");
/// }
/// assert_eq!(run.await, "done");
/// # Ok(()) });
/// ```
///
/// A run spawns no task: the work progresses only while the run is polled, so events never pile up, and dropping the
/// run cancels the work. Use [`Run::stop_handle`] to end it gracefully instead, with a report.
#[must_use = "a run does nothing until it is read or awaited"]
pub struct Run<E, R> {
    /// The work; `None` when it is complete.
    work: Option<Work<R>>,
    events: mpsc::UnboundedReceiver<E>,
    report: Option<R>,
    stop: StopHandle,
}

impl<E, R> Run<E, R> {
    /// Creates a run of `work`, which emits its events through [`Progress`]. The work begins when the run is first
    /// polled.
    pub fn new<F, W>(work: F) -> Self
    where
        F: FnOnce(Progress<E>) -> W,
        W: Future<Output = R> + Send + 'static,
    {
        let (sender, events) = mpsc::unbounded_channel();
        let stop = StopHandle(watch::Sender::new(false));
        let work = work(Progress { events: sender, stop: stop.clone() });
        Self { work: Some(Box::pin(work)), events, report: None, stop }
    }

    /// Returns the report, once the last event has been read.
    pub fn report(&self) -> Option<&R> {
        self.report.as_ref()
    }

    /// Returns a handle that stops the work gracefully from anywhere, such as a Ctrl-C handler.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }
}

#[cfg(feature = "workflow")]
impl<E: Send + 'static, R: Send + 'static> Run<E, R> {
    /// Completes the run as a part of another: forwards its events, and stops with the other.
    pub(super) async fn within<F>(mut self, progress: &Progress<F>, event: impl Fn(E) -> F) -> R {
        let stop = self.stop_handle();
        let work = async {
            while let Some(inner) = self.next().await {
                progress.emit(event(inner));
            }
            self.await
        };
        match select(pin!(work), pin!(progress.stopped())).await {
            Either::Left((ended, _)) => ended,
            Either::Right(((), work)) => {
                stop.stop();
                work.await
            }
        }
    }
}

/// Implements access to the `errors` of reports.
#[cfg(feature = "workflow")]
macro_rules! ends_with_errors {
    ($($report:ty),+) => {$(
        impl $report {
            /// Returns the first error, if one ended the run early. Everything listed in the report was still done; a
            /// new run resumes from there.
            pub fn error(&self) -> Option<&$crate::error::Error> {
                self.errors.first()
            }

            /// Returns all errors; concurrent parts can fail together.
            pub fn errors(&self) -> &[$crate::error::Error] {
                &self.errors
            }

            /// Returns the report, or the first error if there is one, for callers that do not need the partial report.
            ///
            /// # Errors
            /// The error that ended the run early.
            pub fn into_result(mut self) -> $crate::error::Result<Self> {
                match std::mem::take(&mut self.errors).into_iter().next() {
                    None => Ok(self),
                    Some(error) => Err(error),
                }
            }
        }
    )+};
}
#[cfg(feature = "workflow")]
pub(super) use ends_with_errors;

/// Serializes errors as text with all sources.
#[cfg(feature = "workflow")]
pub(super) fn serialize_errors<S: serde::Serializer>(
    errors: &[Error],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(errors.iter().map(|error| format!("{error:#}")))
}

impl<E, R> Stream for Run<E, R> {
    type Item = E;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<E>> {
        let this = &mut *self;
        loop {
            // Events are delivered before the work goes on: so a slow reader slows the work.
            if let Ok(event) = this.events.try_recv() {
                return Poll::Ready(Some(event));
            }
            let Some(work) = &mut this.work else { return Poll::Ready(None) };
            match work.as_mut().poll(context) {
                Poll::Ready(report) => {
                    this.report = Some(report);
                    this.work = None;
                }
                // The channel wakes the reader for an event that is sent from elsewhere. That nobody can send any more
                // does not mean that the work is over.
                Poll::Pending => match this.events.poll_recv(context) {
                    Poll::Ready(Some(event)) => return Poll::Ready(Some(event)),
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                },
            }
        }
    }
}

impl<E, R> Unpin for Run<E, R> {}

impl<E: Send + 'static, R: Send + 'static> IntoFuture for Run<E, R> {
    type Output = R;
    type IntoFuture = Work<R>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            loop {
                if let Some(report) = self.report.take() {
                    return report;
                }
                self.next().await;
            }
        })
    }
}

impl<E, R> fmt::Debug for Run<E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("over", &self.work.is_none()).finish_non_exhaustive()
    }
}

/// The event sender and the stop signal for the work of a [`Run`].
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// use windows_autopilot::workflow::Run;
///
/// let run = Run::new(|progress| async move {
///     for percent in 0..=100 {
///         if progress.is_stopped() {
///             return "stopped gracefully";
///         }
///         progress.emit(percent);
///     }
///     "complete"
/// });
/// run.stop_handle().stop();
/// assert_eq!(run.await, "stopped gracefully");
/// # Ok(()) });
/// ```
pub struct Progress<E> {
    events: mpsc::UnboundedSender<E>,
    stop: StopHandle,
}

impl<E> Progress<E> {
    /// Emits an event to the reader of the run.
    pub fn emit(&self, event: E) {
        // The work is polled by its reader, so the reader still exists.
        let _ = self.events.send(event);
    }

    /// Asks all parts of the work to end, as [`StopHandle::stop`] does; call it after one part has failed.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// Waits until the reader has received all events so far, so that the work sees a stop requested in response.
    pub async fn flush(&self) {
        let mut waited = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Returns `true` if the work should end.
    pub fn is_stopped(&self) -> bool {
        *self.stop.0.borrow()
    }

    /// Completes when the work should end, for racing against another wait.
    pub async fn stopped(&self) {
        // The sender is here, so the channel is open.
        let _ = self.stop.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}

impl<E> Clone for Progress<E> {
    fn clone(&self) -> Self {
        Self { events: self.events.clone(), stop: self.stop.clone() }
    }
}

impl<E> fmt::Debug for Progress<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

/// A handle that stops a [`Run`] gracefully. It may outlive the run.
#[derive(Debug, Clone)]
pub struct StopHandle(watch::Sender<bool>);

impl StopHandle {
    /// Asks the run to stop. Requests in flight complete; waits end immediately.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::clock::{Clock, FakeClock};
    use crate::error::{Error, ErrorKind, Result};

    const SECOND: Duration = Duration::from_secs(1);

    fn counting(clock: &FakeClock) -> Run<u32, Result<&'static str>> {
        let clock = clock.clone();
        Run::new(async move |progress: Progress<u32>| {
            for number in 0..3 {
                progress.emit(number);
                clock.sleep(SECOND).await;
            }
            progress.emit(3);
            Ok("done")
        })
    }

    #[tokio::test]
    async fn events_come_in_order_and_the_report_after_them() {
        let mut run = counting(&FakeClock::new());
        assert!(run.report().is_none());
        let events: Vec<u32> = run.by_ref().collect().await;
        assert_eq!(events, [0, 1, 2, 3]);
        assert!(run.next().await.is_none(), "a stream that is over stays over");
        assert!(matches!(run.report(), Some(Ok("done"))));
        assert_eq!(run.await.unwrap(), "done");
    }

    #[tokio::test]
    async fn a_run_can_be_awaited_without_reading_it_and_after_reading_a_part() {
        let clock = FakeClock::new();
        assert_eq!(counting(&clock).await.unwrap(), "done");
        let mut run = counting(&clock);
        assert_eq!(run.next().await, Some(0));
        assert_eq!(run.await.unwrap(), "done");
        let failing =
            Run::<(), Result<()>>::new(|_| async { Err(Error::new(ErrorKind::Timeout, "too late")) });
        assert_eq!(failing.await.unwrap_err().kind(), ErrorKind::Timeout);
    }

    #[tokio::test]
    async fn work_that_has_nothing_more_to_say_is_still_waited_for() {
        let clock = FakeClock::new();
        let wait = clock.clone();
        let mut run = Run::<u32, _>::new(async move |progress: Progress<u32>| {
            drop(progress);
            wait.sleep(SECOND).await;
            "done"
        });
        assert!(run.next().await.is_none());
        assert_eq!((clock.elapsed(), run.await), (SECOND, "done"));
    }

    #[tokio::test]
    async fn work_waits_for_its_reader() {
        let done = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&done);
        let mut run = Run::new(async move |progress: Progress<u32>| {
            for number in 1..=100 {
                counter.store(number, Ordering::Relaxed);
                progress.emit(number);
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(done.load(Ordering::Relaxed), 0, "nothing begins before it is read");
        assert_eq!(run.next().await, Some(1));
        tokio::task::yield_now().await;
        assert_eq!(done.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn dropping_a_run_drops_its_work() {
        struct Guard(Arc<AtomicBool>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let dropped = Arc::new(AtomicBool::new(false));
        let guard = Guard(Arc::clone(&dropped));
        let mut run = Run::<u32, ()>::new(async move |progress: Progress<u32>| {
            let _guard = guard;
            progress.emit(1);
            std::future::pending().await
        });
        assert_eq!(run.next().await, Some(1));
        assert!(run.next().now_or_never().is_none() && !dropped.load(Ordering::Relaxed));
        drop(run);
        assert!(dropped.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_stopped_run_ends_its_wait_and_still_reports() {
        let clock = FakeClock::manual();
        let wait = clock.clone();
        let run = Run::<(), _>::new(async move |progress: Progress<()>| {
            let stopped = std::pin::pin!(progress.stopped());
            let _ = futures_util::future::select(wait.sleep(SECOND), stopped).await;
            if progress.is_stopped() { "stopped" } else { "slept" }
        });
        let stop = run.stop_handle();
        let report = tokio::spawn(async move { run.await });
        tokio::task::yield_now().await;
        stop.stop();
        assert_eq!(report.await.unwrap(), "stopped");
        assert_eq!(clock.elapsed(), Duration::ZERO);
    }

    #[test]
    fn a_run_can_be_sent_to_another_thread() {
        fn is_send<T: Send + 'static>(_: &T) {}
        is_send(&counting(&FakeClock::new()));
    }
}
