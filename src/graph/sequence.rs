//! Several dependent requests, awaited as one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Result;

/// Several requests in order, each of which depends on the responses before it. Await it like a [`Call`](super::Call);
/// it cannot be added to a batch.
///
/// Dropping the future cancels the requests that have not been sent; requests already sent are not undone.
///
/// ```
/// use windows_autopilot::graph::Sequence;
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, .. }| {
/// let serials = Sequence::new(async move {
///     let devices = client.devices().list().all().await?;
///     Ok(devices.into_iter().filter_map(|device| device.serial_number).collect::<Vec<_>>())
/// });
/// assert!(serials.await?.is_empty());
/// # Ok(()) });
/// ```
#[must_use = "a sequence sends nothing until it is awaited"]
pub struct Sequence<T> {
    work: Pin<Box<dyn Future<Output = Result<T>> + Send>>,
}

impl<T> Sequence<T> {
    /// Creates a sequence from the future that sends its requests.
    pub fn new(work: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        Self { work: Box::pin(work) }
    }
}

impl<T> Future for Sequence<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.work.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Sequence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sequence")
    }
}
