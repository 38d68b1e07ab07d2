//! What comes with the box: the device files that vendors and scripts hand out, and the hardware hashes in them.
//!
//! Nothing here talks to the service.

pub mod csv;
pub mod findings;
pub mod hash;

pub use self::hash::HashContents;
#[cfg(any(test, feature = "sim"))]
pub use self::hash::SampleHash;
