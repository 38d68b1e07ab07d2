//! Paged lists as streams that own their client.
//!
//! A list is read in layers, each in its own file except the first two:
//!
//! ```text
//!            caller ──── next() ────►  Items<T>       decodes an item as `T` when it is taken
//!                                        │
//!                                      Reader         the page in use, and the state of the next one:
//!                                        │            First → InFlight → … → Done, or Failed after the page in use
//!                                        │
//!                    ItemCursor ◄────────┤            body.rs: the items of the page in use, undecoded
//!                                        │
//!                                      Source         ahead.rs: sends, at most two pages beyond the one in use
//!                                        │
//!                                      Trail          link.rs: own host and collection, no link twice
//!
//!   page 1   request ├──── link ─────────── body ──┤ items 1 … 100
//!   page 2                  └ request ├──── link ─────────── body ──┤ items 101 … 200
//!   page 3                                   └ request ├──── link …
//! ```
//!
//! The next link is at the beginning of a page, so the next page is requested while the body is still in flight
//! ([`BodyStart`](crate::transport::BodyStart)). If a transport does not expose the beginning, the next page is
//! requested when the page is complete. Pages in flight are tasks that end when the stream is dropped.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::TryStreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::task::coop;

use self::ahead::{PageRequest, PageResponse, Prefetched, Source};
pub(super) use self::body::decode_page;
use self::body::{ItemCursor, ItemFilter, RawPage};
pub use self::body::{Page, PageItems};
pub use self::delta::{Changes, DeltaItems, DeltaLink, DeltaList};
use super::client::Client;
use super::filter::Filter;
use super::operation::{Operation, Request};
use super::sequence::Sequence;
use crate::catalog::{ApiVersion, OperationInfo};
use crate::error::{Error, Result};
use crate::foreign::Redactor;

mod ahead;
mod body;
mod delta;
mod link;

/// A request for a list: narrow it, then read its items or its pages.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # tenant.add_device("PF3XK7M1");
/// use futures_util::TryStreamExt as _;
///
/// let mut devices = client.devices().list().items(); // page by page, without keeping them all in memory
/// while let Some(device) = devices.try_next().await? {
///     println!("{:?}", device.serial_number);
/// }
/// let all = client.devices().list().all().await?;
/// # Ok(()) });
/// ```
#[must_use = "a list does nothing until its items or pages are read"]
pub struct List<T> {
    client: Client,
    operation: Operation<Page<T>>,
    read_ahead: bool,
    keep: Option<ItemFilter>,
    /// The property that `keep` compares, which every selection includes.
    compared: Option<&'static str>,
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// Creates a list; `parameters` fill the path's placeholders in order.
    pub(crate) fn new(client: &Client, info: &OperationInfo, parameters: &[&str]) -> Self {
        Self::of(client, Operation::new(info, parameters, decode_page::<T>).request)
    }

    /// Creates a list whose first page is the response to `request`.
    pub(crate) fn of(client: &Client, request: Request) -> Self {
        let operation = Operation { request, decode: decode_page::<T> };
        Self { client: client.clone(), operation, read_ahead: true, keep: None, compared: None }
    }

    /// Keeps the items whose `property` equals `value` regardless of case. The client compares, since the service has
    /// no such filter.
    pub(crate) fn comparing(self, property: &'static str, value: &str) -> Self {
        let wanted = value.to_lowercase();
        self.keeping(property, move |held| held.to_lowercase() == wanted)
    }

    /// Keeps the items whose `property` equals `value` exactly. The client compares, since the service ignores case.
    pub(crate) fn comparing_exactly(self, property: &'static str, value: &str) -> Self {
        let wanted = value.to_owned();
        self.keeping(property, move |held| held == wanted)
    }

    fn keeping(
        mut self,
        property: &'static str,
        is_wanted: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.compared = Some(property);
        self.keep = Some(Arc::new(move |item| {
            let found = serde_json::from_str::<Map<String, Value>>(item).ok();
            found.as_ref().and_then(|found| found.get(property)?.as_str()).is_some_and(&is_wanted)
        }));
        self
    }

    /// Sets the properties that are read by default.
    pub(crate) fn selecting(self, properties: &str) -> Self {
        self.with("$select", properties)
    }

    /// Sets the filter, replacing any earlier one. Combine filters with [`Filter::and`] and [`Filter::or`].
    ///
    /// Services support few filters: see the documentation of the call that returns the list. A filter that cannot work
    /// is rejected before anything is sent.
    pub fn filter(mut self, filter: Filter) -> Self {
        if let Some(problem) = filter.problem(self.operation.request.info.path) {
            self.operation.request.refuse(problem);
        }
        self.with("$filter", filter.as_str())
    }

    /// Sets the properties to read, by their names in Graph, replacing any earlier selection. `id` is always included;
    /// the service leaves out all other properties.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_device("PF3XK7M1");
    /// let devices = client.devices().list().select(["serialNumber", "groupTag"]).all().await?;
    /// assert_eq!(devices[0].serial_number.as_deref(), Some("PF3XK7M1"));
    /// # Ok(()) });
    /// ```
    pub fn select<S: AsRef<str>>(self, properties: impl IntoIterator<Item = S>) -> Self {
        let mut selected = "id".to_owned();
        if let Some(compared) = self.compared {
            selected.push(',');
            selected.push_str(compared);
        }
        for property in properties {
            let property = property.as_ref();
            if !selected.split(',').any(|known| known.eq_ignore_ascii_case(property)) {
                selected.push(',');
                selected.push_str(property);
            }
        }
        self.with("$select", &selected)
    }

    /// Sets the linked objects to include inline in the response.
    pub fn expand(self, link: &str) -> Self {
        self.with("$expand", link)
    }

    /// Sets the order, such as `displayName desc`.
    pub fn order_by(self, order: &str) -> Self {
        self.with("$orderby", order)
    }

    /// Sets the largest number of items in a page, at least 1. The list still returns all items.
    pub fn page_size(mut self, size: u32) -> Self {
        if size == 0 {
            self.operation.request.refuse("the page size is 0: set at least 1".to_owned());
        }
        self.with("$top", &size.to_string())
    }

    /// Makes the request an advanced query for directory objects, as filters like [`Field::ne`](super::Field::ne)
    /// require: it sends `$count=true` and `ConsistencyLevel: eventual`.
    pub fn advanced(mut self) -> Self {
        self.operation =
            self.operation.with_query("$count", "true").with_header("consistencylevel", "eventual");
        self
    }

    /// Sets the version of the API.
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.operation = self.operation.with_version(version);
        self
    }

    /// Decodes items as another type, for properties that this crate does not model.
    pub fn decode_as<U: DeserializeOwned + Send + 'static>(self) -> List<U> {
        let operation = self.operation.with_decode(decode_page::<U>);
        let Self { client, read_ahead, keep, compared, .. } = self;
        List { client, operation, read_ahead, keep, compared }
    }

    /// Sets whether the next page is requested while the items of the current one are being used. Default: `true`.
    ///
    /// A page is requested as soon as its link arrives, at the beginning of the previous page. At most two pages are
    /// requested beyond the one in use, and dropping the stream cancels them. Without a tokio runtime, each page is
    /// requested when it is needed.
    pub fn read_ahead(mut self, on: bool) -> Self {
        self.read_ahead = on;
        self
    }

    fn with(mut self, option: &'static str, value: &str) -> Self {
        self.operation = self.operation.with_query(option, value);
        self
    }

    /// Returns the request for the first page as a value.
    pub fn operation(&self) -> &Operation<Page<T>> {
        &self.operation
    }

    /// Returns a stream of the pages.
    pub fn pages(self) -> Pages<T> {
        let Self { client, operation, read_ahead, keep, .. } = self;
        let source = Arc::new(Source::new(client, operation.request, read_ahead));
        let reader = Reader { source, keep, state: NextPage::First, current: None, delta: None };
        Pages { reader, item: PhantomData }
    }

    /// Returns a stream of the items on all pages.
    ///
    /// An item that cannot be decoded yields an error that names the item; the items after it still follow. An error on
    /// a page ends the stream: the list is incomplete.
    pub fn items(self) -> Items<T> {
        Items { reader: self.pages().reader, item: PhantomData }
    }

    /// Reads all items, starting with a first page that has already been read, for example in a batch.
    ///
    /// # Errors
    /// The errors of [`List::all`].
    pub fn all_from(self, first: Page<T>) -> Sequence<Vec<T>> {
        let mut items = self.items();
        items.reader.start_with(first.into_received());
        Sequence::new(items.try_collect())
    }

    /// Reads all items.
    ///
    /// # Errors
    /// The errors of a [`Call`](super::Call), and [`ErrorKind::Link`](crate::ErrorKind::Link) for a next link that must
    /// not be followed.
    pub fn all(self) -> Sequence<Vec<T>> {
        Sequence::new(self.items().try_collect())
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// The reader of a list, without the type of its items: compiled once.
struct Reader {
    source: Arc<Source>,
    keep: Option<ItemFilter>,
    state: NextPage,
    /// The page whose items are being taken.
    current: Option<ItemCursor>,
    /// The link to later changes, which the last page has.
    delta: Option<String>,
}

enum NextPage {
    First,
    Link(String),
    InFlight(PageRequest),
    /// The error that follows the current page, reported in its turn.
    Failed(Error),
    Done,
}

impl Reader {
    /// Starts with a first page that has already been read.
    fn start_with(&mut self, first: RawPage) {
        self.source.first_page_supplied();
        self.state = first.next.map_or(NextPage::Done, NextPage::Link);
        self.walk(first.walk);
    }

    /// Continues with the items of a page.
    fn walk(&mut self, mut walk: ItemCursor) {
        walk.keeping(self.keep.clone());
        self.current = Some(walk);
    }

    /// Returns the state after `page`, whose next link is `link`; `ahead` is the page that is already in flight.
    fn after(&self, link: &str, ahead: Option<Prefetched>, page: Option<&ItemCursor>) -> NextPage {
        if let Some(Prefetched { link: requested, page }) = ahead
            && self.source.resolved(link).is_ok_and(|link| link == requested)
        {
            return NextPage::InFlight(page);
        }
        match self.source.follow(link) {
            Ok(page) if self.source.read_ahead => NextPage::InFlight(page.spawned()),
            Ok(page) => NextPage::InFlight(page),
            Err(error) => NextPage::Failed(self.named(match page {
                Some(page) => page.identified(error),
                None => error,
            })),
        }
    }

    /// Adds the call to an error, and redacts personal values of its address.
    fn named(&self, error: Error) -> Error {
        let mut values = Redactor::default();
        values.address(&self.source.request.shown_path());
        self.source.request.named(error).redacted(&values)
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<RawPage>>> {
        loop {
            self.state = match std::mem::replace(&mut self.state, NextPage::Done) {
                NextPage::First => NextPage::InFlight(self.source.first()),
                NextPage::Link(link) => self.after(&link, None, self.current.as_ref()),
                NextPage::InFlight(mut request) => {
                    let Poll::Ready(PageResponse { mut page, ahead }) = request.poll(context) else {
                        self.state = NextPage::InFlight(request);
                        return Poll::Pending;
                    };
                    self.source.delivered();
                    if let Ok(page) = &mut page {
                        self.delta = page.delta.take();
                        if let Some(link) = &page.next {
                            self.state = self.after(link, ahead, Some(&page.walk));
                        }
                    }
                    return Poll::Ready(Some(page));
                }
                NextPage::Failed(error) => return Poll::Ready(Some(Err(error))),
                NextPage::Done => return Poll::Ready(None),
            };
        }
    }

    /// Advances to the next item, loading pages as needed.
    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<()>>> {
        loop {
            if let Some(page) = &mut self.current {
                // Buffered items must not starve other tasks, such as the page in flight.
                let turn = ready!(coop::poll_proceed(context));
                let step = page.step();
                turn.made_progress();
                if let Some(step) = step {
                    return Poll::Ready(Some(step.map_err(|error| self.named(error))));
                }
                self.current = None;
            }
            match ready!(self.poll_page(context)) {
                Some(Ok(page)) => self.walk(page.walk),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("operation", &self.source.request.info.name).finish_non_exhaustive()
    }
}

/// A stream of the pages of a list. It follows each next link at most once, and only to the client's own host and the
/// same collection.
#[must_use = "a stream does nothing until it is read"]
pub struct Pages<T> {
    reader: Reader,
    item: PhantomData<fn() -> T>,
}

impl<T> Pages<T> {
    /// Returns the catalog entry of the list's operation.
    pub fn info(&self) -> &OperationInfo {
        &self.reader.source.request.info
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Page<T>>>> {
        let keep = self.reader.keep.clone();
        self.reader.poll_page(context).map_ok(|page| Page::new(page).keeping(keep))
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pages").field(&self.reader).finish()
    }
}

/// A stream of a list's items, across all its pages.
#[must_use = "a stream does nothing until it is read"]
pub struct Items<T> {
    reader: Reader,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let step = ready!(self.reader.poll_step(context));
        let reader = &mut self.reader;
        Poll::Ready(match (step, &mut reader.current) {
            (Some(Ok(())), Some(page)) => Some(page.take().map_err(|error| reader.named(error))),
            (Some(Err(error)), _) => Some(Err(error)),
            _ => None,
        })
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Items").field(&self.reader).finish()
    }
}
