//! Page requests: driven by the reader of the list, or by the runtime while the reader uses the previous page.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::body::{LinkSearch, RawPage, find_link, read_page};
use super::link::Trail;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::client::Client;
use crate::graph::exchange::SendOptions;
use crate::graph::operation::Request;
use crate::transport::BodyStart;

/// The source of a list's pages.
pub(super) struct Source {
    client: Client,
    pub(super) request: Request,
    pub(super) read_ahead: bool,
    trail: Trail,
    /// The number of pages that the reader has received.
    delivered: AtomicUsize,
    /// The number of pages that were requested.
    requested: AtomicUsize,
}

/// A page, and the request for the following page if it has been started.
pub(super) struct PageResponse {
    pub(super) page: Result<RawPage>,
    pub(super) ahead: Option<Prefetched>,
}

/// A page that was requested before the response with its link was complete.
pub(super) struct Prefetched {
    pub(super) link: String,
    pub(super) page: PageRequest,
}

impl Source {
    pub(super) fn new(client: Client, request: Request, read_ahead: bool) -> Self {
        let trail = Trail::new(client.cloud().graph(), &request.shown_path());
        let (delivered, requested) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { client, request, read_ahead, trail, delivered, requested }
    }

    /// Records that the caller supplied the first page.
    pub(super) fn first_page_supplied(&self) {
        // A link back to the first page is a cycle, too.
        self.trail.add(self.request.address(self.client.cloud().graph()));
        self.requested.fetch_add(1, Ordering::Relaxed);
        self.delivered();
    }

    /// Records that the reader received a page.
    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// Resolves a link to its address.
    pub(super) fn resolved(&self, link: &str) -> Result<String> {
        self.trail.resolve(link)
    }

    /// Returns `true` if another page may be requested: at most two beyond the page in use.
    fn has_room(&self) -> bool {
        self.requested.load(Ordering::Relaxed) <= self.delivered.load(Ordering::Relaxed) + 1
    }

    pub(super) fn first(self: &Arc<Self>) -> PageRequest {
        let address = self.request.address(self.client.cloud().graph());
        self.load(address)
    }

    /// Requests the page at `link`, if the link may be followed.
    pub(super) fn follow(self: &Arc<Self>, link: &str) -> Result<PageRequest> {
        Ok(self.load(self.trail.next(link)?))
    }

    fn load(self: &Arc<Self>, address: String) -> PageRequest {
        self.trail.add(address.clone());
        self.requested.fetch_add(1, Ordering::Relaxed);
        PageRequest(Driver::Inline(Arc::clone(self).page_at(address)))
    }

    /// Reads one page, and requests the next as soon as its link arrives: in the same task, since waking another takes
    /// as long as a small page.
    fn page_at(self: Arc<Self>, address: String) -> Work {
        Box::pin(async move {
            let (start, mut seen) = match self.read_ahead {
                true => LinkReceiver::watch(),
                false => (None, LinkReceiver::never()),
            };
            let options = SendOptions { start, ..SendOptions::default() };
            let (sent, progress) = (address.clone(), Arc::clone(&options.progress));
            let mut page = pin!(self.client.exchange(&self.request, Some(address), options, read_page));
            let mut ahead = None;
            let page = poll_fn(|context| {
                let polled = page.as_mut().poll(context);
                if polled.is_pending()
                    && let Some(link) = seen.take(context)
                {
                    ahead = self.ahead(&link);
                }
                polled
            });
            let mut page = page.await;
            if let Ok(page) = &mut page {
                page.walk.sent_with(Box::new(move || {
                    let mut values = progress.redactor();
                    values.address(&sent);
                    values
                }));
            }
            PageResponse { page, ahead }
        })
    }

    /// Requests the page behind one that is still in flight. A bad link becomes an error when the current page is
    /// complete.
    fn ahead(self: &Arc<Self>, link: &str) -> Option<Prefetched> {
        if !self.has_room() {
            return None;
        }
        let link = self.trail.next(link).ok()?;
        let page = self.load(link.clone()).spawned();
        Some(Prefetched { link, page })
    }
}

type Work = Pin<Box<dyn Future<Output = PageResponse> + Send>>;

/// A page in flight. Dropping it cancels the request.
pub(super) struct PageRequest(Driver);

enum Driver {
    /// Driven by the reader's polls.
    Inline(Work),
    /// Driven by the runtime. A page in flight holds a share of the client's limits: only the runtime drives it while
    /// the consumer is busy, perhaps with calls that wait for those limits.
    Spawned(JoinHandle<PageResponse>),
}

impl PageRequest {
    /// Spawns the request onto the runtime, if there is one.
    pub(super) fn spawned(mut self) -> Self {
        if let (Driver::Inline(work), Ok(runtime)) = (&mut self.0, Handle::try_current()) {
            let work = std::mem::replace(work, Box::pin(std::future::pending()));
            self.0 = Driver::Spawned(runtime.spawn(work.in_current_span()));
        }
        self
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<PageResponse> {
        match &mut self.0 {
            Driver::Inline(work) => work.as_mut().poll(context),
            Driver::Spawned(task) => {
                Poll::Ready(ready!(task.poll_unpin(context)).unwrap_or_else(
                    |lost| match lost.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => {
                            let message = "the runtime shut down while a page was in flight";
                            PageResponse {
                                page: Err(Error::new(ErrorKind::Interrupted, message)),
                                ahead: None,
                            }
                        }
                    },
                ))
            }
        }
    }
}

impl Drop for PageRequest {
    fn drop(&mut self) {
        if let Driver::Spawned(task) = &self.0 {
            task.abort();
        }
    }
}

impl fmt::Debug for PageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageRequest")
    }
}

/// The link to the next page, found at the beginning of a body that is still in flight.
pub(super) struct LinkReceiver(Option<oneshot::Receiver<String>>);

impl LinkReceiver {
    /// Creates an observer of the body's beginning and the receiver of its link.
    pub(super) fn watch() -> (Option<BodyStart>, Self) {
        let (found, seen) = oneshot::channel();
        let found = Mutex::new(Some(found));
        let start = BodyStart::new(move |status, beginning| {
            let link = match find_link(beginning) {
                _ if !status.is_success() => return true,
                LinkSearch::TooShort => return false,
                LinkSearch::NoLink => return true,
                LinkSearch::Link(link) => link,
            };
            let found = found.lock().unwrap_or_else(PoisonError::into_inner).take();
            // The receiver may be gone.
            let _sent = found.map(|found| found.send(link));
            true
        });
        (Some(start), Self(Some(seen)))
    }

    /// Creates a receiver that never gets a link.
    pub(super) fn never() -> Self {
        Self(None)
    }

    /// Returns the link, once.
    fn take(&mut self, context: &mut Context<'_>) -> Option<String> {
        let Poll::Ready(link) = self.0.as_mut()?.poll_unpin(context) else { return None };
        self.0 = None;
        link.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::StreamExt as _;
    use futures_util::future::BoxFuture;

    use crate::clock::{Clock, FakeClock};
    use crate::credential::FixedToken;
    use crate::error::ErrorKind;
    use crate::graph::{ApiVersion, Client, List};
    use crate::pipeline::Limits;
    use crate::transport::{BodyStart, TransportError, transport_fn};

    const LATENCY: Duration = Duration::from_millis(50);

    type RawResponse = BoxFuture<'static, Result<http::Response<Bytes>, TransportError>>;

    /// A list with pages of two items, and the numbers of pages requested and answered.
    struct Service {
        client: Client,
        requested: Arc<AtomicUsize>,
        answered: Arc<AtomicUsize>,
    }

    fn service(pages: usize, last_link: &'static str, limits: Limits) -> Service {
        let (requested, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let clock = FakeClock::new();
        let (asks, answers, time) = (Arc::clone(&requested), Arc::clone(&answered), clock.clone());
        let transport = transport_fn(move |request: http::Request<Bytes>| -> RawResponse {
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
        Service { client, requested, answered }
    }

    impl Service {
        fn list(&self) -> List<u32> {
            self.client.list(ApiVersion::V1, "/things")
        }

        fn counts(&self) -> (usize, usize) {
            (self.requested.load(Ordering::Relaxed), self.answered.load(Ordering::Relaxed))
        }
    }

    async fn others_run() {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn one_page_is_requested_while_the_previous_one_is_used() {
        let service = service(4, "", Limits::without_rate_limits());
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
    async fn a_dropped_stream_requests_no_more_pages() {
        let service = service(9, "", Limits::without_rate_limits());
        let mut items = service.list().items();
        assert_eq!(items.next().await.unwrap().unwrap(), 0);
        drop(items);
        others_run().await;
        assert_eq!(service.answered.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_error_of_the_next_link_follows_the_pages_items() {
        let service =
            service(1, "https://evil.example/v1.0/things?$skiptoken=1", Limits::without_rate_limits());
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
    async fn calls_between_pages_are_not_blocked_by_the_page_in_flight() {
        let service = service(3, "", Limits::without_rate_limits().with_concurrency(1));
        let mut items = service.list().items();
        let mut calls = 0;
        while let Some(item) = items.next().await {
            item.unwrap();
            let answer: crate::Result<serde_json::Value> =
                service.client.get(ApiVersion::V1, "/others").await;
            answer.unwrap();
            calls += 1;
        }
        assert_eq!((calls, service.requested.load(Ordering::Relaxed)), (6, 3));
    }

    /// A service that shows the beginning of each page, and sends the rest after other tasks have run.
    struct Slow {
        client: Client,
        told: Arc<Mutex<Vec<String>>>,
    }

    /// `beginning` returns the status and the text shown of the page at `n`.
    fn slow(beginning: fn(usize) -> (u16, String)) -> Slow {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let transport = transport_fn(move |request: http::Request<Bytes>| -> RawResponse {
            let tell = Arc::clone(&tell);
            let number = request.uri().query().and_then(|query| query.rsplit('=').next()?.parse().ok());
            let page: usize = number.unwrap_or_default();
            let shown = request.extensions().get::<BodyStart>().cloned();
            tell.lock().unwrap().push(format!("ask {page}"));
            Box::pin(async move {
                others_run().await;
                if let Some(start) = shown {
                    let (status, text) = beginning(page);
                    start.show(status.try_into().unwrap(), text.as_bytes());
                }
                others_run().await;
                tell.lock().unwrap().push(format!("end {page}"));
                let link = if page < 4 { real_link(page + 1) } else { String::new() };
                let mut answer = http::Response::new(format!("{{{link}\"value\":[{page}]}}").into());
                let json = http::HeaderValue::from_static("application/json");
                answer.headers_mut().insert("content-type", json);
                Ok(answer)
            })
        });
        let client = Client::builder(FixedToken::new("token"))
            .with_transport(transport)
            .with_clock(FakeClock::new())
            .build()
            .unwrap();
        Slow { client, told }
    }

    fn real_link(page: usize) -> String {
        format!(r#""@odata.nextLink":"https://graph.microsoft.com/v1.0/things?$skiptoken={page}","#)
    }

    impl Slow {
        fn list(&self) -> List<u32> {
            self.client.list(ApiVersion::V1, "/things")
        }

        fn told(&self) -> String {
            self.told.lock().unwrap().join(", ")
        }
    }

    #[tokio::test]
    async fn a_page_is_requested_while_the_previous_one_is_in_flight() {
        let service = slow(|page| (200, format!("{{{}\"val", real_link(page + 1))));
        let all: Vec<u32> = service.list().all().await.unwrap();
        assert_eq!(all, [0, 1, 2, 3, 4]);
        let told = service.told();
        for page in 0..4 {
            let (requested, ended) = (format!("ask {}", page + 1), format!("end {page}"));
            assert!(told.find(&requested) < told.find(&ended), "{told}");
            assert_eq!(told.matches(&requested).count(), 1, "{told}");
        }
        let service = slow(|page| (200, format!("{{{}\"val", real_link(page + 1))));
        let all: Vec<u32> = service.list().read_ahead(false).items().map(Result::unwrap).collect().await;
        assert_eq!(all, [0, 1, 2, 3, 4]);
        assert!(service.told().starts_with("ask 0, end 0, ask 1, end 1"), "{}", service.told());
    }

    #[tokio::test]
    async fn at_most_two_pages_are_requested_ahead() {
        let service = slow(|page| (200, format!("{{{}\"val", real_link(page + 1))));
        let mut items = service.list().items();
        for used in 0..3 {
            assert_eq!(items.next().await.unwrap().unwrap(), used);
            others_run().await;
            others_run().await;
            others_run().await;
            let requested = service.told().matches("ask").count();
            assert!(requested <= used as usize + 3, "{}", service.told());
        }
        drop(items);
        let before = service.told();
        others_run().await;
        others_run().await;
        assert_eq!(service.told(), before, "nothing goes on when nobody reads");
    }

    #[tokio::test]
    async fn an_early_link_is_checked_and_the_whole_response_decides() {
        type Shown = fn(usize) -> (u16, String);
        let cases: [(&str, Shown, bool); 5] = [
            (
                "another host",
                |_| {
                    (200, r#"{"@odata.nextLink":"https://evil.example/v1.0/things?$skiptoken=9","#.to_owned())
                },
                false,
            ),
            (
                "another collection",
                |_| {
                    (
                        200,
                        r#"{"@odata.nextLink":"https://graph.microsoft.com/v1.0/others?$skiptoken=9","#
                            .to_owned(),
                    )
                },
                false,
            ),
            ("no success", |_| (503, format!("{{{}", real_link(9))), false),
            ("the link stands behind the items", |_| (200, r#"{"value":["#.to_owned()), false),
            ("another link than the whole response has", |_| (200, format!("{{{}", real_link(9))), true),
        ];
        for (case, shown, requested) in cases {
            let service = slow(shown);
            let all: Vec<u32> = service.list().all().await.unwrap();
            assert_eq!(all, [0, 1, 2, 3, 4], "{case}");
            assert_eq!(service.told().contains("ask 9"), requested, "{case}: {}", service.told());
        }
    }

    #[test]
    fn without_a_runtime_each_page_is_requested_on_demand() {
        let service = service(3, "", Limits::without_rate_limits());
        let all: Vec<u32> = futures_executor(service.list().items().map(Result::unwrap).collect());
        assert_eq!((all, service.counts()), (vec![0, 1, 2, 3, 4, 5], (3, 3)));
    }

    /// Runs a future that waits for nothing outside.
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
