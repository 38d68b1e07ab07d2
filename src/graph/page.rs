//! Lists, page by page, as streams that own their client.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::TryStreamExt as _;
use serde::de::DeserializeOwned;

use self::ahead::Loading;
pub(super) use self::body::decode_page;
pub use self::body::{Page, PageItems};
use super::client::{Client, Manner, named};
use super::operation::{ApiVersion, Operation, OperationInfo};
use super::query::Filter;
use crate::error::{Error, ErrorKind, Result};

mod ahead;
mod body;

/// No listing has more pages than this; one that has is going in circles.
const MOST_PAGES: usize = 100_000;

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
    /// One page is asked for ahead, never more, and dropping the stream ends that. It takes a tokio runtime; without one,
    /// each page is asked for when it is needed.
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
        Pages { client, operation, read_ahead, state: State::First, seen: HashSet::new() }
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
        items.pages.seen.insert(items.pages.operation.address(items.pages.client.cloud().graph()));
        items.pages.state = first.next.clone().map_or(State::Done, State::Link);
        items.current = Some(first.into_items());
        items.try_collect().await
    }

    /// All items at once.
    ///
    /// # Errors
    /// As [`Call::send`](super::Call::send), and [`ErrorKind::Link`] for a next link that must not be followed.
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
    client: Client,
    operation: Operation<Page<T>>,
    read_ahead: bool,
    state: State<T>,
    seen: HashSet<String>,
}

enum State<T> {
    First,
    Link(String),
    Loading(Loading<T>),
    /// What comes after the page that was given last: known, and not to be told before its turn.
    Failed(Error),
    Done,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    fn load(&self, link: Option<String>) -> Loading<T> {
        let (client, operation) = (self.client.clone(), self.operation.clone());
        Loading::when_polled(async move {
            match link {
                None => client.execute(&operation, None).await,
                Some(link) => client.exchange(&operation, &link, Manner::default()).await,
            }
        })
    }

    /// Follows a link, now or when it is asked for.
    fn follow(&mut self, link: String) -> State<T> {
        match self.check(link) {
            Ok(link) => {
                self.seen.insert(link.clone());
                State::Loading(self.load(Some(link)))
            }
            Err(error) => State::Failed(named(error, &self.operation)),
        }
    }

    /// A next link that may be followed.
    fn check(&self, link: String) -> Result<String> {
        let refuse = |problem: &str| Err(Error::new(ErrorKind::Link, format!("the next link {problem}")));
        let origin = self.client.cloud().graph();
        let rest = match link.strip_prefix('/') {
            // A link without a host is meant for this one; one that begins with two slashes names another.
            Some(rest) if !rest.starts_with(['/', '\\']) => rest,
            Some(_) => return refuse("leads to another host"),
            None => match link.get(..origin.len()) {
                Some(start) if start.eq_ignore_ascii_case(origin) => {
                    match link.get(origin.len()..).and_then(|rest| rest.strip_prefix('/')) {
                        Some(rest) => rest,
                        None => return refuse("leads to another host"),
                    }
                }
                _ if link.contains("://") => return refuse("leads to another host"),
                _ => return refuse("is not an address"),
            },
        };
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        if collection(path) != collection(&self.operation.shown_path()) {
            return refuse("leads to another collection");
        }
        let link = format!("{origin}/{rest}");
        if link.parse::<http::Uri>().is_err() {
            return refuse("is not an address");
        }
        if self.seen.contains(&link) {
            return refuse("was followed before: the service is going in circles");
        }
        if self.seen.len() >= MOST_PAGES {
            return refuse("is one too many: no list has so many pages");
        }
        Ok(link)
    }
}

/// Version and last segment of a path, without a key in parentheses: what a next link must share with the request.
fn collection(path: &str) -> (String, String) {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let version = parts.next().unwrap_or_default().to_ascii_lowercase();
    let last = parts.next_back().unwrap_or_default();
    (version, last.split('(').next().unwrap_or_default().to_ascii_lowercase())
}

impl<T> Pages<T> {
    /// The operation whose pages these are.
    pub fn info(&self) -> &'static OperationInfo {
        self.operation.info
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Page<T>>>> {
        let this = &mut *self;
        loop {
            this.state = match std::mem::replace(&mut this.state, State::Done) {
                State::First => {
                    // A link back to the beginning is a circle, too.
                    this.seen.insert(this.operation.address(this.client.cloud().graph()));
                    State::Loading(this.load(None))
                }
                State::Link(link) => this.follow(link),
                State::Loading(mut page) => {
                    let Poll::Ready(result) = page.poll(context) else {
                        this.state = State::Loading(page);
                        return Poll::Pending;
                    };
                    if let Ok(Page { next: Some(link), .. }) = &result {
                        this.state = match this.read_ahead {
                            true => match this.follow(link.clone()) {
                                State::Loading(page) => State::Loading(page.begun()),
                                other => other,
                            },
                            false => State::Link(link.clone()),
                        };
                    }
                    return Poll::Ready(Some(result));
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
        f.debug_struct("Pages")
            .field("operation", &self.operation)
            .field("links", &self.seen.len())
            .finish_non_exhaustive()
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
            if let Some(item) = this.current.as_mut().and_then(Iterator::next) {
                return Poll::Ready(Some(item.map_err(|error| named(error, &this.pages.operation))));
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
