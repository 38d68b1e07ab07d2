//! The read timeout: the longest time without progress, before a response and between two pieces of a body.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::clock::{Clock as _, SystemClock, within};

/// The maximum number of bytes of a body that may wait in the system's buffers after reqwest has sent them.
const MAX_BUFFERED: usize = 4 << 20;
/// The slowest rate at which buffered bytes are assumed to leave, in bytes per second.
const MIN_RATE: usize = 256 << 10;

/// The progress watch of one exchange.
pub(super) struct ProgressWatch {
    limit: Duration,
    progress: Arc<LastProgress>,
}

/// The time of the last progress.
struct LastProgress {
    clock: SystemClock,
    /// The time in microseconds, by the clock.
    at: AtomicU64,
    /// The bytes of the request's body that reqwest has taken.
    taken: AtomicUsize,
}

impl LastProgress {
    fn now(&self) {
        let now = u64::try_from(self.clock.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.at.store(now, Ordering::Relaxed);
    }

    fn idle_for(&self) -> Duration {
        let at = Duration::from_micros(self.at.load(Ordering::Relaxed));
        self.clock.elapsed().saturating_sub(at)
    }
}

impl ProgressWatch {
    pub(super) fn new(limit: Duration) -> Self {
        let progress =
            LastProgress { clock: SystemClock::new(), at: AtomicU64::new(0), taken: AtomicUsize::new(0) };
        Self { limit, progress: Arc::new(progress) }
    }

    /// Wraps a request's body; each piece taken from it is progress.
    pub(super) fn wrap_upload(&self, body: Bytes) -> Upload {
        Upload { rest: body, progress: Arc::clone(&self.progress) }
    }

    /// Records that the response has begun: no bytes of the request are buffered any more.
    pub(super) fn response_started(&self) {
        self.progress.taken.store(0, Ordering::Relaxed);
    }

    /// Returns the longest time without visible progress. Buffered bytes leave invisibly.
    fn longest(&self) -> Duration {
        let buffered = self.progress.taken.load(Ordering::Relaxed).min(MAX_BUFFERED);
        let seconds = u32::try_from(buffered).unwrap_or(u32::MAX);
        let slowest = u32::try_from(MIN_RATE).unwrap_or(u32::MAX);
        self.limit.saturating_add(Duration::from_secs(1) * seconds / slowest)
    }

    /// Runs `work`, whose end is progress itself. Returns `None` after too long without progress.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        self.progress.now();
        loop {
            let left = self.longest().saturating_sub(self.progress.idle_for());
            if left.is_zero() {
                return None;
            }
            if let Some(done) = within(&self.progress.clock, left, work.as_mut()).await {
                return Some(done);
            }
        }
    }
}

/// A body that is sent in pieces.
pub(super) struct Upload {
    rest: Bytes,
    progress: Arc<LastProgress>,
}

/// The size of a piece; a smaller body is sent immediately.
pub(super) const PIECE_BYTES: usize = 64 << 10;

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        self.progress.now();
        self.progress.taken.fetch_add(length, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
