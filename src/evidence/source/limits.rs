//! Limits of what is read.

/// Limits against damaged and hostile files. Whatever exceeds one is listed as not read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes of a nested archive, which is held in memory; 128 MiB by default.
    pub nested_archive_bytes: u64,
    /// The most bytes of an unpacked file; 64 MiB by default.
    pub member_bytes: u64,
    /// The deepest nesting of archives; 3 by default: zip, cab, cab.
    pub depth: usize,
    /// The most members of all archives and folders together; 10,000 by default.
    pub members: usize,
    /// The highest ratio of unpacked to packed bytes of a member; 200 by default.
    pub ratio: u64,
    /// The most bytes that all members together unpack to; 4 GiB by default.
    pub total_bytes: u64,
    /// The most observations that are kept; 200,000 by default.
    pub observations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nested_archive_bytes: 128 << 20,
            member_bytes: 64 << 20,
            depth: 3,
            members: 10_000,
            ratio: 200,
            total_bytes: 4 << 30,
            observations: 200_000,
        }
    }
}
