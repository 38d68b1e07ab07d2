//! Device files from vendors and scripts, and the hardware hashes in them.
//!
//! This module does not call the service.

mod check;
#[cfg(feature = "registration")]
#[cfg_attr(docsrs, doc(cfg(feature = "registration")))]
pub mod csv;
pub mod findings;
pub mod hash;

pub use self::check::check_device;
pub use self::hash::HashContents;
#[cfg(any(test, feature = "sim"))]
pub use self::hash::SampleHash;
