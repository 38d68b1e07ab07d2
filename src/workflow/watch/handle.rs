//! A handle to a running watch.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::report::DeploymentReport;

/// A handle that provides the report of a running watch so far.
///
/// ```
/// # windows_autopilot::testing::run(async |h| {
/// use futures_util::StreamExt as _;
/// use windows_autopilot::model::Device;
/// use windows_autopilot::workflow::watch::Watch;
///
/// # h.tenant.add_device("PF3XK7M1");
/// let devices: Vec<Device> = h.client.devices().list().all().await?;
/// let watch = Watch::new(&h.client, &devices);
/// let handle = watch.handle();
/// let mut run = watch.start();
/// assert!(handle.snapshot().is_none());
/// run.next().await;
/// assert_eq!(handle.snapshot().map(|report| report.devices.len()), Some(1));
/// # Ok(()) });
/// ```
#[derive(Clone, Default)]
pub struct WatchHandle(Arc<Mutex<Option<Arc<DeploymentReport>>>>);

impl WatchHandle {
    /// Returns the report as of the last round, or `None` before the first round has ended.
    pub fn snapshot(&self) -> Option<Arc<DeploymentReport>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, report: DeploymentReport) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(report));
    }

    /// Returns `true` if another handle exists.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

impl fmt::Debug for WatchHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchHandle").finish_non_exhaustive()
    }
}
