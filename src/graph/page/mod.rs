//! Lists, page by page, as streams that own their client.

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

use self::ahead::{Following, Loaded, Loading, Source};
pub(super) use self::body::decode_page;
use self::body::{Keep, Received, Walk};
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

/// A list that is about to be read: narrow it, then take its items or its pages.
#[must_use = "a list does nothing until its items or pages are read"]
pub struct List<T> {
    client: Client,
    operation: Operation<Page<T>>,
    read_ahead: bool,
    keep: Option<Keep>,
    /// The property that `keep` compares: always read.
    compared: Option<&'static str>,
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// A list whose path parameters are `parameters`, in order.
    pub(crate) fn new(client: &Client, info: &OperationInfo, parameters: &[&str]) -> Self {
        Self::of(client, Operation::new(info, parameters, decode_page::<T>).request)
    }

    /// A list whose first page is the answer to `request`.
    pub(crate) fn of(client: &Client, request: Request) -> Self {
        let operation = Operation { request, decode: decode_page::<T> };
        Self { client: client.clone(), operation, read_ahead: true, keep: None, compared: None }
    }

    /// Keeps the items whose `property` has `value`, without regard to case: the client compares, since the service has
    /// no such filter.
    pub(crate) fn comparing(self, property: &'static str, value: &str) -> Self {
        let wanted = value.to_lowercase();
        self.keeping(property, move |held| held.to_lowercase() == wanted)
    }

    /// Keeps the items whose `property` has exactly `value`: the client compares, since the service disregards case.
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

    /// Sets the properties that are read unless the caller selects others.
    pub(crate) fn selecting(self, properties: &str) -> Self {
        self.with("$select", properties)
    }

    /// Sets the filter. A filter that was set before is replaced: combine filters with [`Filter::and`] and [`Filter::or`].
    ///
    /// Services understand few filters: see the documentation of the call that makes the list. A filter that cannot work
    /// is refused before anything is sent.
    pub fn filter(mut self, filter: Filter) -> Self {
        if let Some(problem) = filter.problem(self.operation.request.info.path) {
            self.operation.request.refuse(problem);
        }
        self.with("$filter", filter.as_str())
    }

    /// Sets the properties that are read, by Graph's names; `id` is always among them. The other properties of the items
    /// are not reported. A selection that was set before is replaced.
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

    /// Sets the linked objects that are read inline.
    pub fn expand(self, link: &str) -> Self {
        self.with("$expand", link)
    }

    /// Sets the order, such as `displayName desc`.
    pub fn order_by(self, order: &str) -> Self {
        self.with("$orderby", order)
    }

    /// Sets the largest number of items in a page, at least 1. It does not end the list.
    pub fn page_size(mut self, size: u32) -> Self {
        if size == 0 {
            self.operation.request.refuse("a page cannot have 0 items: give at least 1".to_owned());
        }
        self.with("$top", &size.to_string())
    }

    /// Makes it an advanced query of directory objects, which filters like [`Field::ne`](super::Field::ne) need: it
    /// sends `$count=true` and `ConsistencyLevel: eventual`.
    pub fn advanced(mut self) -> Self {
        self.operation =
            self.operation.with_query("$count", "true").with_header("consistencylevel", "eventual");
        self
    }

    /// Uses another version of the API than the operation's own.
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.operation = self.operation.with_version(version);
        self
    }

    /// Decodes items as another type: for properties that this crate does not model.
    pub fn decode_as<U: DeserializeOwned + Send + 'static>(self) -> List<U> {
        let operation = self.operation.with_decode(decode_page::<U>);
        let Self { client, read_ahead, keep, compared, .. } = self;
        List { client, operation, read_ahead, keep, compared }
    }

    /// Whether the next page is asked for while the items of this one are used. On.
    ///
    /// A page is asked for as soon as the link to it has come, which stands at the beginning of the page before it; never
    /// more than two are asked for beyond the one in use, and dropping the stream ends that. It takes a tokio runtime;
    /// without one, each page is asked for when it is needed.
    pub fn read_ahead(mut self, on: bool) -> Self {
        self.read_ahead = on;
        self
    }

    fn with(mut self, option: &'static str, value: &str) -> Self {
        self.operation = self.operation.with_query(option, value);
        self
    }

    /// The request of the first page as a value.
    pub fn operation(&self) -> &Operation<Page<T>> {
        &self.operation
    }

    /// The pages, one after the other.
    pub fn pages(self) -> Pages<T> {
        let Self { client, operation, read_ahead, keep, .. } = self;
        let source = Arc::new(Source::new(client, operation.request, read_ahead));
        let reader = Reader { source, keep, state: State::First, current: None, delta: None };
        Pages { reader, item: PhantomData }
    }

    /// The items, one after the other, over all pages.
    ///
    /// An item that cannot be decoded is an error that says which one; the items behind it still come. An error of a page
    /// ends the stream: what came before it is not the whole list.
    pub fn items(self) -> Items<T> {
        Items { reader: self.pages().reader, item: PhantomData }
    }

    /// Reads all items, of which the first page has been read already: in a batch, for example.
    ///
    /// # Errors
    /// As [`List::all`].
    pub fn all_from(self, first: Page<T>) -> Sequence<Vec<T>> {
        let mut items = self.items();
        items.reader.begin_with(first.into_received());
        Sequence::new(items.try_collect())
    }

    /// Reads all items.
    ///
    /// # Errors
    /// As [`Call`](super::Call), and [`ErrorKind::Link`](crate::ErrorKind::Link) for a next link that must not be followed.
    pub fn all(self) -> Sequence<Vec<T>> {
        Sequence::new(self.items().try_collect())
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// What reads a list, whatever its items are: compiled once.
struct Reader {
    source: Arc<Source>,
    keep: Option<Keep>,
    state: State,
    /// The page whose items are taken.
    current: Option<Walk>,
    /// The link to later changes, which the last page has.
    delta: Option<String>,
}

enum State {
    First,
    Link(String),
    Loading(Loading),
    /// What comes after the page that was given last: known, and not to be told before its turn.
    Failed(Error),
    Done,
}

impl Reader {
    /// Says that the first page came by another way.
    fn begin_with(&mut self, first: Received) {
        self.source.begun_elsewhere();
        self.state = first.next.map_or(State::Done, State::Link);
        self.walk(first.walk);
    }

    /// Goes on with the items of a page.
    fn walk(&mut self, mut walk: Walk) {
        walk.keeping(self.keep.clone());
        self.current = Some(walk);
    }

    /// Returns the state after `page`, whose next link is `link`; `ahead` is the page that was requested already.
    fn behind(&self, link: &str, ahead: Option<Following>, page: Option<&Walk>) -> State {
        if let Some(Following { link: asked, page }) = ahead
            && self.source.resolved(link).is_ok_and(|link| link == asked)
        {
            return State::Loading(page);
        }
        match self.source.follow(link) {
            Ok(page) if self.source.read_ahead => State::Loading(page.begun()),
            Ok(page) => State::Loading(page),
            Err(error) => State::Failed(self.named(match page {
                Some(page) => page.identified(error),
                None => error,
            })),
        }
    }

    /// Names the call in an error, without the names of people in its address.
    fn named(&self, error: Error) -> Error {
        let mut values = Redactor::default();
        values.address(&self.source.request.shown_path());
        self.source.request.named(error).redacted(&values)
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Received>>> {
        loop {
            self.state = match std::mem::replace(&mut self.state, State::Done) {
                State::First => State::Loading(self.source.first()),
                State::Link(link) => self.behind(&link, None, self.current.as_ref()),
                State::Loading(mut loading) => {
                    let Poll::Ready(Loaded { mut page, ahead }) = loading.poll(context) else {
                        self.state = State::Loading(loading);
                        return Poll::Pending;
                    };
                    self.source.given();
                    if let Ok(page) = &mut page {
                        self.delta = page.delta.take();
                        if let Some(link) = &page.next {
                            self.state = self.behind(link, ahead, Some(&page.walk));
                        }
                    }
                    return Poll::Ready(Some(page));
                }
                State::Failed(error) => return Poll::Ready(Some(Err(error))),
                State::Done => return Poll::Ready(None),
            };
        }
    }

    /// Goes to where the next item begins, and says in which page.
    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<()>>> {
        loop {
            if let Some(page) = &mut self.current {
                // Items that are there must not keep others from running, such as the page that is on its way.
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

/// The pages of a list. Follows next links to the client's own host and to the same collection only, each one once.
#[must_use = "a stream does nothing until it is read"]
pub struct Pages<T> {
    reader: Reader,
    item: PhantomData<fn() -> T>,
}

impl<T> Pages<T> {
    /// Returns the facts of the operation whose pages these are.
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

/// The items of a list, over all its pages.
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
