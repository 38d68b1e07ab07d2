//! The options of reading a device file.

use crate::model::{Finding, FindingKind, Severity};
use crate::registration::hash::HashLengths;

/// Options for reading a device file. By default, devices that cannot be registered are rejected.
///
/// ```
/// use windows_autopilot::registration::csv::{CsvOptions, CsvReader};
/// use windows_autopilot::registration::findings::HASH_TOO_SHORT;
/// let file = "Device Serial Number,Hardware Hash\nPF3XK7M1,T0EAAAA=\n";
/// let devices = |options| {
///     let reader = CsvReader::new(file.as_bytes()).with_options(options);
///     reader.filter_map(|row| row.ok()?.device).count()
/// };
/// assert_eq!(devices(CsvOptions::default()), 0);
/// assert_eq!(devices(CsvOptions::default().with_accepted(&HASH_TOO_SHORT)), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CsvOptions {
    /// Whether to join a hash that is split across several lines. Default: no.
    ///
    /// A joined hash is accepted only if its checksum is correct.
    pub repair: bool,
    /// The ids of error kinds to report as warnings, so that the device is read. Default: none.
    pub accepted: Vec<&'static str>,
    pub(super) lengths: HashLengths,
}

impl CsvOptions {
    /// Sets whether to join a hash that is split across several lines, if its checksum is correct.
    #[must_use]
    pub fn with_repair(mut self, repair: bool) -> Self {
        self.repair = repair;
        self
    }

    /// Reports errors of one kind as warnings, so that the device is read if it has everything that an import needs.
    #[must_use]
    pub fn with_accepted(mut self, kind: &FindingKind) -> Self {
        self.accepted.push(kind.id);
        self
    }

    /// Sets the minimum length of a hardware hash in characters. Default: 512.
    #[must_use]
    pub fn with_shortest_hash(mut self, characters: usize) -> Self {
        self.lengths.shortest = characters;
        self
    }

    /// Sets the usual length of a hardware hash in characters; other lengths produce a finding. Default: 4,000.
    #[must_use]
    pub fn with_usual_hash(mut self, characters: usize) -> Self {
        self.lengths.usual = characters;
        self
    }

    /// Lowers the severity of a finding whose kind is accepted.
    pub(super) fn weigh(&self, finding: &mut Finding) {
        if finding.is_error() && self.accepted.contains(&finding.id.as_ref()) {
            finding.severity = Severity::Warning;
        }
    }
}
