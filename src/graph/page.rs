//! Lists, page by page, as streams that own their client.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::TryStreamExt as _;
use serde::de::DeserializeOwned;
use tokio::task::coop;

use self::ahead::{Following, Loaded, Loading, Source};
pub(super) use self::body::decode_page;
pub use self::body::{Page, PageItems};
use super::client::Client;
use super::operation::{ApiVersion, Operation, OperationInfo};
use super::query::Filter;
use crate::error::{Error, Result};

mod ahead;
mod body;
mod link;

/// A list that is about to be read: narrow it, then take its items or its pages.
#[must_use = "a list does nothing until its items or pages are read"]
pub struct List<T> {
    client: Client,
    operation: Operation<Page<T>>,
    read_ahead: bool,
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// The operation's decoding is set here, whatever it was.
    pub(crate) fn new<U>(client: &Client, operation: Operation<U>) -> Self {
        let operation = operation.with_decode(decode_page::<T>);
        Self { client: client.clone(), operation, read_ahead: true }
    }

    /// Asks for what `filter` holds of. Services understand few filters: see where the list comes from.
    pub fn filter(self, filter: Filter) -> Self {
        self.with("$filter", filter.as_str())
    }

    /// Asks for these properties only, by Graph's names; the others are `None`.
    pub fn select(self, properties: &[&str]) -> Self {
        self.with("$select", &properties.join(","))
    }

    /// Asks for linked objects inline.
    pub fn expand(self, link: &str) -> Self {
        self.with("$expand", link)
    }

    /// Asks for an order, such as `displayName desc`.
    pub fn order_by(self, order: &str) -> Self {
        self.with("$orderby", order)
    }

    /// Asks for pages of at most `size` items. It does not end the list.
    pub fn page_size(self, size: u32) -> Self {
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
        List { client: self.client, operation, read_ahead: self.read_ahead }
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

    fn with(mut self, option: &str, value: &str) -> Self {
        self.operation = self.operation.with_query(option, value);
        self
    }

    /// The request of the first page as a value.
    pub fn operation(&self) -> &Operation<Page<T>> {
        &self.operation
    }

    /// The pages, one after the other.
    pub fn pages(self) -> Pages<T> {
        let Self { client, operation, read_ahead } = self;
        Pages { source: Arc::new(Source::new(client, operation, read_ahead)), state: State::First }
    }

    /// The items, one after the other, over all pages.
    ///
    /// An item that cannot be decoded is an error that says which one; the items behind it still come. An error of a page
    /// ends the stream: what came before it is not the whole list.
    pub fn items(self) -> Items<T> {
        Items { pages: self.pages(), current: None }
    }

    /// All items, of which the first page is there already: from a batch, say.
    ///
    /// # Errors
    /// As [`List::all`].
    pub async fn all_from(self, first: Page<T>) -> Result<Vec<T>> {
        let mut items = self.items();
        items.pages.source.begun_elsewhere();
        items.pages.state = first.next.clone().map_or(State::Done, State::Link);
        items.current = Some(first.into_items());
        items.try_collect().await
    }

    /// All items at once.
    ///
    /// # Errors
    /// As [`Call::send`](super::Call::send), and [`ErrorKind::Link`](crate::ErrorKind::Link) for a next link that must not be followed.
    pub async fn all(self) -> Result<Vec<T>> {
        self.items().try_collect().await
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// The pages of a list. Follows next links to the client's own host and to the same collection only, each one once.
pub struct Pages<T> {
    source: Arc<Source<T>>,
    state: State<T>,
}

enum State<T> {
    First,
    Link(String),
    Loading(Loading<T>),
    /// What comes after the page that was given last: known, and not to be told before its turn.
    Failed(Error),
    Done,
}

impl<T> Pages<T> {
    /// The operation whose pages these are.
    pub fn info(&self) -> &'static OperationInfo {
        self.source.operation.info()
    }
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    /// What comes behind a page that was given, whose link is this; `ahead` is what was asked for already.
    fn behind(&self, link: &str, ahead: Option<Following<T>>) -> State<T> {
        if let Some(Following { link: asked, page }) = ahead
            && self.source.resolved(link).is_ok_and(|link| link == asked)
        {
            return State::Loading(page);
        }
        match self.source.follow(link) {
            Ok(page) if self.source.read_ahead => State::Loading(page.begun()),
            Ok(page) => State::Loading(page),
            Err(error) => State::Failed(self.source.operation.request.named(error)),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Page<T>>>> {
        let this = &mut *self;
        loop {
            this.state = match std::mem::replace(&mut this.state, State::Done) {
                State::First => State::Loading(this.source.first()),
                State::Link(link) => this.behind(&link, None),
                State::Loading(mut loading) => {
                    let Poll::Ready(Loaded { page, ahead }) = loading.poll(context) else {
                        this.state = State::Loading(loading);
                        return Poll::Pending;
                    };
                    this.source.given();
                    if let Ok(Page { next: Some(link), .. }) = &page {
                        this.state = this.behind(link, ahead);
                    }
                    return Poll::Ready(Some(page));
                }
                State::Failed(error) => return Poll::Ready(Some(Err(error))),
                State::Done => return Poll::Ready(None),
            };
        }
    }
}

impl<T> Unpin for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("operation", &self.source.operation).finish_non_exhaustive()
    }
}

/// The items of a list, over all its pages.
pub struct Items<T> {
    pages: Pages<T>,
    current: Option<PageItems<T>>,
}

impl<T: DeserializeOwned + Send + 'static> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        loop {
            if let Some(page) = &mut this.current {
                // Items that are there must not keep others from running, such as the page that is on its way.
                let turn = ready!(coop::poll_proceed(context));
                let item = page.next();
                turn.made_progress();
                let Some(item) = item else {
                    this.current = None;
                    continue;
                };
                return Poll::Ready(Some(
                    item.map_err(|error| this.pages.source.operation.request.named(error)),
                ));
            }
            match ready!(Pin::new(&mut this.pages).poll_next(context)) {
                Some(Ok(page)) => this.current = Some(page.into_items()),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T> Unpin for Items<T> {}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).finish_non_exhaustive()
    }
}
