//! The query options that a collection supports.

use super::filter::Test;

/// Whether the service supports one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Support {
    Yes,
    /// With `ConsistencyLevel: eventual` and `$count=true`.
    Advanced,
    No,
    /// The service breaks.
    Breaks,
}

/// What a collection supports.
pub(in crate::sim) struct Rules {
    /// The type of its objects, for `$select`.
    pub(in crate::sim) type_name: &'static str,
    /// Objects on a page, unless the request says otherwise.
    pub(in crate::sim) page: usize,
    /// The most objects on a page.
    pub(in crate::sim) most: usize,
    pub(in crate::sim) skip: bool,
    /// Properties that `$orderby` takes.
    pub(in crate::sim) order: &'static [&'static str],
    pub(in crate::sim) filter: fn(&Test) -> Support,
    /// Properties that `$search` looks at.
    pub(in crate::sim) search: &'static [&'static str],
}

/// Supports no filter at all.
pub(in crate::sim) fn no_filter(_: &Test) -> Support {
    Support::No
}

/// Rules of an Intune collection: pages of 1000, no filter.
pub(in crate::sim) const INTUNE: Rules = Rules {
    type_name: "entity",
    page: 1000,
    most: 1000,
    skip: true,
    order: &["displayName"],
    filter: no_filter,
    search: &[],
};

/// Rules of a directory collection: pages of 100, no `$skip`.
pub(in crate::sim) const DIRECTORY: Rules = Rules {
    type_name: "directoryObject",
    page: 100,
    most: 999,
    skip: false,
    order: &["displayName"],
    filter: no_filter,
    search: &[],
};
