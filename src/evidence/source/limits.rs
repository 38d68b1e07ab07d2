//! Limits of reading.

/// Limits that protect against damaged and hostile files. Files that exceed a limit are listed as unread.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum size in bytes of a nested archive, which is held in memory. Default: 128 MiB.
    pub nested_archive_bytes: u64,
    /// The maximum size in bytes of an unpacked file. Default: 64 MiB.
    pub member_bytes: u64,
    /// The maximum nesting depth of archives. Default: 3 (zip, cab, cab).
    pub depth: usize,
    /// The maximum number of members in all archives and folders together. Default: 10,000.
    pub members: usize,
    /// The maximum ratio of unpacked to packed bytes in a member. Default: 200.
    pub ratio: u64,
    /// The maximum unpacked size in bytes of all members together. Default: 4 GiB.
    pub total_bytes: u64,
    /// The maximum number of observations. Default: 200,000.
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
