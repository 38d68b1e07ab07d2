//! Archives, whose members are read one by one in memory. Nothing is unpacked to disk.

#[cfg(feature = "evidence-archives")]
mod cab;
#[cfg(feature = "evidence-archives")]
mod zip;

use std::io::{Read, Seek};

use super::UnreadReason;

/// The format of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evidence) enum Format {
    Zip,
    Cab,
}

impl Format {
    /// Returns the format of a file with this start; `None` if it is not an archive.
    pub(in crate::evidence) fn of(start: &[u8]) -> Option<Self> {
        if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else if start.starts_with(b"MSCF") {
            Some(Self::Cab)
        } else {
            None
        }
    }
}

/// A visitor of an archive's members.
#[cfg_attr(not(feature = "evidence-archives"), allow(dead_code, reason = "no archive is opened"))]
pub(in crate::evidence) trait Visit {
    /// Returns the maximum number of remaining members; an archive with more is refused as a whole.
    fn members_left(&self) -> usize;
    /// Returns the ratio of unpacked to packed bytes that is too high.
    fn ratio(&self) -> u64;
    /// Returns `true` if a member of this size should be unpacked; otherwise records it.
    fn admit(&mut self, name: &str, size: u64) -> bool;
    /// Processes a member.
    fn file(&mut self, name: &str, bytes: Vec<u8>);
    /// Records a member that cannot be unpacked; an empty name is the archive itself.
    fn unread(&mut self, name: &str, reason: UnreadReason);
}

/// A seekable reader.
pub(in crate::evidence) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Visits the members of an archive.
#[cfg(feature = "evidence-archives")]
pub(in crate::evidence) fn visit(format: Format, reader: &mut dyn ReadSeek, visit: &mut dyn Visit) {
    match format {
        Format::Zip => zip::visit(reader, visit),
        Format::Cab => cab::visit(reader, visit),
    }
}

#[cfg(not(feature = "evidence-archives"))]
pub(in crate::evidence) fn visit(_: Format, _: &mut dyn ReadSeek, visit: &mut dyn Visit) {
    visit.unread("", UnreadReason::FeatureOff);
}

/// The least unpacked size at which the ratio is checked: an event log is mostly empty and packs well.
#[cfg(feature = "evidence-archives")]
const RATIO_FROM: u64 = 2 << 20;

/// Returns `true` if a member unpacks to implausibly many bytes.
#[cfg(feature = "evidence-archives")]
fn is_bomb(unpacked: u64, packed: u64, ratio: u64) -> bool {
    unpacked > RATIO_FROM && unpacked / packed.max(1) > ratio
}
