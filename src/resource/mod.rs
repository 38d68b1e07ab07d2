//! Typed calls, a file a resource.

pub(crate) mod catalog;

pub use self::catalog::OPERATIONS;
