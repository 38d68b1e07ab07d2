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
    /// The service fails.
    Breaks,
}

/// The query options that a collection supports.
pub(crate) struct Rules {
    /// The type of the objects, for `$select`.
    pub(crate) type_name: &'static str,
    /// The default page size.
    pub(crate) page: usize,
    /// The maximum page size.
    pub(crate) most: usize,
    pub(crate) skip: bool,
    /// The properties for `$orderby`.
    pub(crate) order: &'static [&'static str],
    pub(crate) filter: fn(&Test) -> Support,
    /// The properties for `$search`.
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
