//! Workloads: the sets of calls that the service throttles together.

use std::sync::Arc;

use bytes::Bytes;

/// The parts of a batch, in the extensions of the batch's request.
#[derive(Debug, Clone)]
pub(crate) struct BatchParts {
    /// The number of requests that count against Intune's limits.
    pub(crate) requests: usize,
    /// The number of writes among them.
    pub(crate) writes: usize,
    /// The workloads that they call.
    pub(crate) workloads: Arc<[Box<str>]>,
}

/// Returns the workload of a path: the first segment after the version, such as `deviceManagement`.
pub(crate) fn workload(path: &str) -> &str {
    path.split('/').nth(2).unwrap_or_default()
}

/// Returns the workloads that a request calls, including those of a batch's parts.
pub(super) fn workloads(request: &http::Request<Bytes>) -> impl Iterator<Item = &str> {
    let parts = request.extensions().get::<BatchParts>().into_iter().flat_map(|parts| &*parts.workloads);
    std::iter::once(workload(request.uri().path())).chain(parts.map(|workload| &**workload))
}
