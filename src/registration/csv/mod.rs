//! Device files: comma-separated serial numbers and hardware hashes from the portal, scripts and partners.
//!
//! [`CsvReader`] reads the files that such tools write, row by row, and reports what the service or the portal will
//! reject, with the remedy. [`PortalFiles`] writes files that the portal accepts.

mod header;
mod lines;
mod options;
mod read;
mod row;
mod table;
#[cfg(test)]
mod tests;
mod wrap;
mod write;

pub use self::header::{Column, CsvFormat};
pub use self::lines::Encoding;
pub use self::options::CsvOptions;
pub use self::read::{CsvReader, CsvReport, CsvRow, CsvSummary, check};
pub use self::write::PortalFiles;

/// The maximum number of devices that the portal accepts in one file.
pub const MAX_DEVICES: usize = 500;
