//! Updates that send only the differences.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::de::DeserializeOwned;

use crate::catalog::OperationInfo;
use crate::error::Result;
use crate::graph::{Client, Operation, decode_if_any, entity};
use crate::model::{Finding, Patch, Settings, Stored};

/// An update of stored settings: the difference between the stored and the desired settings.
#[must_use = "an update sends nothing until it is awaited"]
pub struct Update<S: Settings> {
    client: Client,
    stored: Stored<S>,
    desired: S,
    patch: Patch,
    write: Operation<Option<Stored<S>>>,
    read: Operation<Stored<S>>,
}

impl<S> Update<S>
where
    S: Settings + Clone,
    Stored<S>: DeserializeOwned,
{
    #[inline]
    pub(super) fn new(
        client: &Client,
        stored: &Stored<S>,
        desired: &S,
        write: &OperationInfo,
        read: &OperationInfo,
    ) -> Self {
        let patch = Patch::from_stored(stored, desired);
        let id = stored.id.as_str();
        let write = Operation::new(write, &[id], decode_if_any).with_json(&patch.body());
        let read = Operation::new(read, &[id], entity);
        Self { client: client.clone(), stored: stored.clone(), desired: desired.clone(), patch, write, read }
    }

    /// Refuses the update before it is sent if the desired settings have an error that the stored ones lack.
    #[inline]
    pub(super) fn refusing(mut self, stored: &[Finding], desired: Vec<Finding>) -> Self {
        let new: Vec<Finding> = desired.into_iter().filter(|finding| !stored.contains(finding)).collect();
        self.write = self.write.refusing(&new);
        self
    }

    /// Selects the properties to read back after the update.
    #[inline]
    pub(super) fn selecting(mut self, properties: &str) -> Self {
        self.read = self.read.with_query("$select", properties);
        self
    }

    /// Also sends the properties that were [not reported](Stored::unreported), with their desired values.
    ///
    /// By default, these properties are omitted, because the stored settings contain defaults for them that may differ
    /// from the service's values. Properties that are set only at creation are never sent, nor are those without a
    /// desired value.
    #[inline]
    pub fn sending_unknown(mut self) -> Self {
        self.patch = Patch::sending_unknown(&self.stored, &self.desired);
        self.write = self.write.with_json(&self.patch.body());
        self
    }

    /// Returns the patch to send: each property with its values before and after.
    #[inline]
    pub fn patch(&self) -> &Patch {
        &self.patch
    }
}

/// Sends the difference and returns the stored settings. Sends nothing if there is no difference.
///
/// # Errors
/// Same as [`Call`](crate::graph::Call).
impl<S> IntoFuture for Update<S>
where
    S: Settings + Clone + Send + 'static,
    Stored<S>: DeserializeOwned + Send,
{
    type Output = Result<Stored<S>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Stored<S>>> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if self.patch.is_empty() {
                return Ok(self.stored);
            }
            match self.client.call(self.write).await? {
                Some(stored) => Ok(stored),
                // Some services respond to a change without the object.
                None => self.client.call(self.read).await,
            }
        })
    }
}

impl<S: Settings> fmt::Debug for Update<S> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("operation", &self.write)
            .field("patch", &self.patch)
            .finish_non_exhaustive()
    }
}
