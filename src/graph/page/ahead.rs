//! A page on its way: driven by whoever waits for it, or by the runtime while the page before it is used.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::Page;
use crate::error::{Error, ErrorKind, Result};

type Work<T> = Pin<Box<dyn Future<Output = Result<Page<T>>> + Send>>;

/// A page that is being read. Dropping it ends that.
pub(super) struct Loading<T>(Driven<T>);

enum Driven<T> {
    /// By whoever polls.
    Here(Work<T>),
    /// By the runtime. A page in progress holds a share of the client's limits: nothing but the runtime drives it while
    /// the consumer is busy, perhaps with calls that wait for those very limits.
    Elsewhere(JoinHandle<Result<Page<T>>>),
}

impl<T: Send + 'static> Loading<T> {
    /// Makes no step until it is polled.
    pub(super) fn when_polled(work: impl Future<Output = Result<Page<T>>> + Send + 'static) -> Self {
        Self(Driven::Here(Box::pin(work)))
    }

    /// The same, under way by itself where there is a runtime to do it.
    pub(super) fn begun(mut self) -> Self {
        if let (Driven::Here(work), Ok(runtime)) = (&mut self.0, Handle::try_current()) {
            let work = std::mem::replace(work, Box::pin(std::future::pending()));
            self.0 = Driven::Elsewhere(runtime.spawn(work.in_current_span()));
        }
        self
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Page<T>>> {
        match &mut self.0 {
            Driven::Here(work) => work.as_mut().poll(context),
            Driven::Elsewhere(task) => Poll::Ready(ready!(task.poll_unpin(context)).unwrap_or_else(|lost| {
                match lost.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(Error::new(ErrorKind::Interrupted, "the runtime ended while a page was read")),
                }
            })),
        }
    }
}

impl<T> Drop for Loading<T> {
    fn drop(&mut self) {
        if let Driven::Elsewhere(task) = &self.0 {
            task.abort();
        }
    }
}

impl<T> fmt::Debug for Loading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loading")
    }
}
