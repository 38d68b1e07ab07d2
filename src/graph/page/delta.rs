//! Delta lists: the changes since an earlier list.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::{TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::{Items, List, NextPage};
use crate::catalog::OperationInfo;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::client::Client;
use crate::graph::sequence::Sequence;
use crate::model::{Delta, Tracked};

/// A list of the objects that were added, changed or removed since a [`DeltaLink`]; without a link, a list of all
/// objects.
///
/// The list ends with the link to continue from. Store this link to continue in a later process: it serializes as a
/// string.
///
/// ```
/// use windows_autopilot::graph::DeltaLink;
/// use windows_autopilot::model::{Delta, DirectoryDevice};
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # tenant.add_device("PF3XK7M1");
/// let first = client.directory_devices().delta().all().await?;
/// assert_eq!(first.items.len(), 1);
/// let kept = serde_json::to_string(&first.link)?;
///
/// # tenant.add_device("PF3XK7M2");
/// let link: DeltaLink<DirectoryDevice> = serde_json::from_str(&kept)?;
/// let next = client.directory_devices().delta().since(&link).all().await?;
/// assert!(matches!(next.items.as_slice(), [Delta::Changed(device)] if device.display_name.as_deref() == Some("PF3XK7M2")));
/// # Ok(()) });
/// ```
///
/// An object may occur more than once; only its last entry matters, except that a group's member changes accumulate
/// across its entries.
///
/// # Errors
/// [`ErrorKind::Resync`] when the service no longer recognizes the link, which it keeps for a few days: start again
/// without a link, and treat objects that the new list does not contain as removed.
#[must_use = "a list does nothing until its items are read"]
pub struct DeltaList<T: Tracked> {
    list: List<Delta<T>>,
    since: Option<DeltaLink<T>>,
}

impl<T: Tracked> DeltaList<T> {
    pub(crate) fn new(client: &Client, info: &OperationInfo) -> Self {
        Self { list: List::new(client, info, &[]), since: None }
    }

    /// Continues from the link at the end of an earlier list, with that list's selection of properties.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a link from another list, before anything is sent; [`ErrorKind::Link`] for a
    /// link to another host.
    pub fn since(mut self, link: &DeltaLink<T>) -> Self {
        let request = &mut self.list.operation.request;
        if link.leads_to(&request.shown_path()) {
            self.since = Some(link.clone());
        } else {
            let name = request.info.name;
            request.refuse(format!(
                "the delta link does not belong to {name}: pass one from the end of this list, or start without a link"
            ));
        }
        self
    }

    /// Starts from now: the list is empty, and its link leads to later changes.
    pub fn from_now(mut self) -> Self {
        self.list = self.list.with("$deltatoken", "latest");
        self
    }

    /// Sets the properties to read, by their names in Graph, as [`List::select`] does. A group's members are read by
    /// default; to keep them in a selection, include `members`.
    pub fn select<S: AsRef<str>>(mut self, properties: impl IntoIterator<Item = S>) -> Self {
        self.list = self.list.select(properties);
        self
    }

    /// Returns a stream of the changes on all pages.
    pub fn items(self) -> DeltaItems<T> {
        let mut items = self.list.items();
        if let Some(link) = self.since {
            items.reader.state = NextPage::Link(link.address);
        }
        DeltaItems { items }
    }

    /// Reads all changes and the link to continue from.
    ///
    /// # Errors
    /// The errors of [`List::all`], and [`ErrorKind::Resync`] when the service no longer recognizes the link.
    pub fn all(self) -> Sequence<Changes<T>> {
        let mut changes = self.items();
        Sequence::new(async move {
            let items = stream::poll_fn(|context| Pin::new(&mut changes).poll_next(context));
            let items = items.try_collect().await?;
            let missing = || {
                let error = Error::new(ErrorKind::Decode, "the list of changes ended without a delta link");
                changes.items.reader.named(error).with_remedy(RESYNC_REMEDY)
            };
            let link = changes.link().ok_or_else(missing)?;
            Ok(Changes { items, link })
        })
    }
}

impl<T: Tracked> fmt::Debug for DeltaList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaList").field("list", &self.list).field("since", &self.since).finish()
    }
}

/// All changes since a link, and the link to continue from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Changes<T: Tracked> {
    /// The changes, in the service's order.
    pub items: Vec<Delta<T>>,
    /// The link to the changes after these.
    pub link: DeltaLink<T>,
}

/// A stream of the changes in a [`DeltaList`]. Once it has ended, [`link`](Self::link) returns the link to continue
/// from.
pub struct DeltaItems<T: Tracked> {
    items: Items<Delta<T>>,
}

const RESYNC_REMEDY: &str = "start again without a delta link, which lists all objects";

impl<T: Tracked> DeltaItems<T> {
    /// Returns the link to continue from; `None` before the end of the stream, or if the stream ended with an error.
    pub fn link(&self) -> Option<DeltaLink<T>> {
        let reader = &self.items.reader;
        let address = reader.delta.clone().filter(|_| reader.current.is_none())?;
        Some(DeltaLink { address, of: PhantomData })
    }
}

impl<T: Tracked> Stream for DeltaItems<T> {
    type Item = Result<Delta<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.items).poll_next(context).map_err(|error| match error.kind() {
            ErrorKind::Resync => error.with_remedy(RESYNC_REMEDY),
            _ => error,
        })
    }
}

impl<T: Tracked> fmt::Debug for DeltaItems<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeltaItems").field(&self.items).finish()
    }
}

/// A position in a delta list, from which the next list continues. It serializes as a string.
#[derive(Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct DeltaLink<T> {
    address: String,
    #[serde(skip)]
    of: PhantomData<fn() -> T>,
}

impl<T> DeltaLink<T> {
    /// Returns the link as the service returned it.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// Returns `true` if the link belongs to the list at `path`, which begins with the version.
    fn leads_to(&self, path: &str) -> bool {
        let address = self.address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let address = address.trim_end_matches("()").replace("/microsoft.graph.delta", "/delta");
        address.ends_with(&path.to_ascii_lowercase())
    }
}

impl<T> Clone for DeltaLink<T> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone(), of: PhantomData }
    }
}

impl<T> PartialEq for DeltaLink<T> {
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address
    }
}

impl<T> Eq for DeltaLink<T> {}

impl<T> fmt::Debug for DeltaLink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeltaLink").field(&self.address).finish()
    }
}
