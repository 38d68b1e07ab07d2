//! The limit on silence: until an answer begins, and between two pieces of a body, there or back.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::clock::{Clock as _, SystemClock, within};

/// The most of a body that may have left the HTTP client and wait in the buffers of the system.
const BUFFERED: usize = 4 << 20;
/// The slowest way on which what is buffered is still taken to move, in bytes a second.
const SLOWEST: usize = 256 << 10;

/// Watches one exchange.
pub(super) struct Silence {
    limit: Duration,
    moved: Arc<Moved>,
}

/// The time of the last progress.
struct Moved {
    clock: SystemClock,
    /// In microseconds by the clock.
    at: AtomicU64,
    /// The bytes of the request's body that the HTTP client has taken.
    taken: AtomicUsize,
}

impl Moved {
    fn now(&self) {
        let now = u64::try_from(self.clock.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.at.store(now, Ordering::Relaxed);
    }

    fn quiet_for(&self) -> Duration {
        let at = Duration::from_micros(self.at.load(Ordering::Relaxed));
        self.clock.elapsed().saturating_sub(at)
    }
}

impl Silence {
    pub(super) fn new(limit: Duration) -> Self {
        let moved = Moved { clock: SystemClock::new(), at: AtomicU64::new(0), taken: AtomicUsize::new(0) };
        Self { limit, moved: Arc::new(moved) }
    }

    /// A request's body of which each piece that is taken breaks the silence.
    pub(super) fn broken_by(&self, body: Bytes) -> Upload {
        Upload { rest: body, moved: Arc::clone(&self.moved) }
    }

    /// Says that the answer has begun: nothing of the request is on its way any more.
    pub(super) fn answered(&self) {
        self.moved.taken.store(0, Ordering::Relaxed);
    }

    /// The longest time without a visible movement. What the system has buffered moves unseen.
    fn longest(&self) -> Duration {
        let buffered = self.moved.taken.load(Ordering::Relaxed).min(BUFFERED);
        let seconds = u32::try_from(buffered).unwrap_or(u32::MAX);
        let slowest = u32::try_from(SLOWEST).unwrap_or(u32::MAX);
        self.limit.saturating_add(Duration::from_secs(1) * seconds / slowest)
    }

    /// Runs `work`, which is itself something that moves when it ends; `None` if nothing moved for too long.
    pub(super) async fn during<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        self.moved.now();
        loop {
            let left = self.longest().saturating_sub(self.moved.quiet_for());
            if left.is_zero() {
                return None;
            }
            if let Some(done) = within(&self.moved.clock, left, work.as_mut()).await {
                return Some(done);
            }
        }
    }
}

/// A body that goes out piece by piece.
pub(super) struct Upload {
    rest: Bytes,
    moved: Arc<Moved>,
}

/// A body up to this size is written at once.
pub(super) const PIECE: usize = 64 << 10;

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
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.moved.now();
        self.moved.taken.fetch_add(length, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
