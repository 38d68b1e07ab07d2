//! Device files: comma-separated serial numbers and hardware hashes, from the portal, from scripts, from partners.
//!
//! [`CsvReader`] reads what such tools really write, a row at a time, and says of every row what the service or the
//! portal will refuse and what to do about it. [`PortalFiles`] writes exactly what the portal accepts.

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

/// The most devices that the portal takes in one file.
pub const MAX_DEVICES: usize = 500;
