//! The import of devices: each gets an outcome, even if the service, the network or the power fails.

mod answers;
mod drive;
#[cfg(test)]
mod edges;
mod entry;
#[cfg(test)]
mod identity_table;
mod machine;
mod matching;
mod options;
mod outbox;
mod outcome;
mod past;
mod report;
mod request;
mod state;
mod step;
mod sync;
#[cfg(test)]
mod tests;

pub use self::drive::ImportRun;
#[cfg(feature = "workflow")]
pub(super) use self::entry::{devices_digest, hex_digest};
pub use self::options::ImportOptions;
pub use self::outcome::{GroupTagCheck, ImportOutcome, ImportStage, Rejection, Uncertainty};
pub use self::report::{
    DeviceImport, ImportCounts, ImportEvent, ImportEventKind, ImportPreview, ImportReport,
};
pub use self::request::Import;
