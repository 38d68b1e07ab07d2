//! The query options that a collection supports.

use super::filter::Test;
use crate::sim::options::Quirks;

/// The service's support of one comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Support {
    Yes,
    /// With `ConsistencyLevel: eventual` and `$count=true`.
    Advanced,
    No,
    /// If a quirk says so.
    Quirk(fn(&Quirks) -> bool),
    /// The service breaks.
    Breaks,
}

/// The query options that a collection supports.
pub(crate) struct Rules {
    /// The type of its objects, for `$select`.
    pub(crate) type_name: &'static str,
    /// Objects on a page, unless the request says otherwise.
    pub(crate) page: usize,
    /// The most objects on a page.
    pub(crate) most: usize,
    pub(crate) skip: bool,
    /// Properties that `$orderby` takes.
    pub(crate) order: &'static [&'static str],
    pub(crate) filter: fn(&Test) -> Support,
    /// Properties that `$search` looks at.
    pub(crate) search: &'static [&'static str],
}

/// Supports no filter at all.
pub(crate) fn no_filter(_: &Test) -> Support {
    Support::No
}

/// Rules of an Intune collection: pages of 1000, no filter.
pub(crate) const INTUNE: Rules = Rules {
    type_name: "entity",
    page: 1000,
    most: 1000,
    skip: true,
    order: &["displayName"],
    filter: no_filter,
    search: &[],
};

/// Rules of a directory collection: pages of 100, no `$skip`.
pub(crate) const DIRECTORY: Rules = Rules {
    type_name: "directoryObject",
    page: 100,
    most: 999,
    skip: false,
    order: &["displayName"],
    filter: no_filter,
    search: &[],
};
