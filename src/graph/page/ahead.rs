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
            Driven::Elsewhere(task) => {
                Poll::Ready(ready!(task.poll_unpin(context)).unwrap_or_else(
                    |lost| match lost.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => {
                            Err(Error::new(ErrorKind::Interrupted, "the runtime ended while a page was read"))
                        }
                    },
                ))
            }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::StreamExt as _;
    use futures_util::future::BoxFuture;

    use crate::clock::{Clock, FakeClock};
    use crate::credential::FixedToken;
    use crate::error::ErrorKind;
    use crate::graph::{ApiVersion, Client, List};
    use crate::pipeline::Limits;
    use crate::transport::{TransportError, transport_fn};

    const LATENCY: Duration = Duration::from_millis(50);

    type Answer = BoxFuture<'static, Result<http::Response<Bytes>, TransportError>>;

    /// A list of pages of two items each, and how many pages were asked for and answered.
    struct Service {
        client: Client,
        asked: Arc<AtomicUsize>,
        answered: Arc<AtomicUsize>,
    }

    fn service(pages: usize, last_link: &'static str, limits: Limits) -> Service {
        let (asked, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let clock = FakeClock::new();
        let (asks, answers, time) = (Arc::clone(&asked), Arc::clone(&answered), clock.clone());
        let transport = transport_fn(move |request: http::Request<Bytes>| -> Answer {
            let (answers, time) = (Arc::clone(&answers), time.clone());
            let page = match request.uri().path().ends_with("/things") {
                true => asks.fetch_add(1, Ordering::Relaxed),
                false => pages,
            };
            Box::pin(async move {
                time.sleep(LATENCY).await;
                answers.fetch_add(1, Ordering::Relaxed);
                let link = match page + 1 < pages {
                    true => format!("https://graph.microsoft.com/v1.0/things?$skiptoken={}", page + 1),
                    false => last_link.to_owned(),
                };
                let link = if link.is_empty() { link } else { format!(r#""@odata.nextLink":"{link}","#) };
                let body = format!(r#"{{{link}"value":[{},{}]}}"#, 2 * page, 2 * page + 1);
                let mut answer = http::Response::new(Bytes::from(body));
                answer
                    .headers_mut()
                    .insert("content-type", http::HeaderValue::from_static("application/json"));
                Ok(answer)
            })
        });
        let client = Client::builder(FixedToken::new("token"))
            .with_transport(transport)
            .with_clock(clock)
            .with_limits(limits)
            .build()
            .unwrap();
        Service { client, asked, answered }
    }

    impl Service {
        fn list(&self) -> List<u32> {
            self.client.list(ApiVersion::V1, "/things")
        }

        fn counts(&self) -> (usize, usize) {
            (self.asked.load(Ordering::Relaxed), self.answered.load(Ordering::Relaxed))
        }
    }

    async fn others_run() {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn one_page_is_asked_for_while_the_one_before_it_is_used_and_never_two() {
        let service = service(4, "", Limits::unpaced());
        let mut items = service.list().items();
        assert_eq!(items.next().await.unwrap().unwrap(), 0);
        others_run().await;
        assert_eq!(service.counts(), (2, 2));
        assert_eq!(items.next().await.unwrap().unwrap(), 1);
        others_run().await;
        assert_eq!(service.counts(), (2, 2), "the third waits until the second is used");
        assert_eq!(items.next().await.unwrap().unwrap(), 2);
        others_run().await;
        assert_eq!(service.counts(), (3, 3));
        let rest: Vec<u32> = items.map(Result::unwrap).collect().await;
        assert_eq!((rest, service.counts()), (vec![3, 4, 5, 6, 7], (4, 4)));
    }

    #[tokio::test]
    async fn a_stream_that_is_dropped_asks_for_nothing_more() {
        let service = service(9, "", Limits::unpaced());
        let mut items = service.list().items();
        assert_eq!(items.next().await.unwrap().unwrap(), 0);
        drop(items);
        others_run().await;
        assert_eq!(service.answered.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_next_link_is_told_behind_the_items_of_this_page() {
        let service = service(1, "https://evil.example/v1.0/things?$skiptoken=1", Limits::unpaced());
        let items: Vec<_> = service.list().items().collect().await;
        let (good, bad): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
        assert_eq!(good.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(
            bad.into_iter().map(|error| error.unwrap_err().kind()).collect::<Vec<_>>(),
            [ErrorKind::Link]
        );
        assert_eq!(service.counts(), (1, 1));
    }

    #[tokio::test]
    async fn calls_made_while_a_page_is_used_are_not_locked_out_by_the_one_under_way() {
        let service = service(3, "", Limits::unpaced().with_concurrency(1));
        let mut items = service.list().items();
        let mut calls = 0;
        while let Some(item) = items.next().await {
            item.unwrap();
            let answer: crate::Result<serde_json::Value> =
                service.client.get(ApiVersion::V1, "/others").send().await;
            answer.unwrap();
            calls += 1;
        }
        assert_eq!((calls, service.asked.load(Ordering::Relaxed)), (6, 3));
    }

    #[test]
    fn without_a_runtime_each_page_is_asked_for_when_it_is_needed() {
        let service = service(3, "", Limits::unpaced());
        let all: Vec<u32> = futures_executor(service.list().items().map(Result::unwrap).collect());
        assert_eq!((all, service.counts()), (vec![0, 1, 2, 3, 4, 5], (3, 3)));
    }

    /// Runs what never has to wait for anything outside.
    fn futures_executor<T>(work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        loop {
            if let std::task::Poll::Ready(done) = work.as_mut().poll(&mut context) {
                return done;
            }
        }
    }
}
