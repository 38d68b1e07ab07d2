//! The import of devices: an outcome for each of them, whatever the service, the network or a power cut does.

mod drive;
mod entry;
mod machine;
mod matching;
mod options;
mod outbox;
mod outcome;
mod past;
mod report;
mod sync;

use std::fmt;

pub use self::options::ImportOptions;
pub use self::outcome::{GroupTagCheck, ImportOutcome, ImportStage, Refusal, Uncertainty};
pub use self::report::{
    DeviceReport, ImportCounts, ImportEvent, ImportEventKind, ImportPreview, ImportReport,
};
use super::journal::Journal;
use super::run::Run;
use crate::error::Result;
use crate::graph::Client;
use crate::model::DeviceToImport;

/// An import under way: a stream of its events, and a future of its report.
pub type ImportRun = Run<ImportEvent, ImportReport>;

/// The registration of devices with Windows Autopilot.
///
/// ```
/// # use windows_autopilot::Client;
/// use windows_autopilot::model::DeviceToImport;
/// use windows_autopilot::workflow::{Import, Journal};
///
/// # async fn example(client: &Client, devices: Vec<DeviceToImport>) -> windows_autopilot::Result<()> {
/// let report = Import::new(client, devices).with_journal(Journal::at("munich.journal")).start().await?;
/// for device in &report.devices {
///     println!("{}: {}", device.serial_number, device.outcome);
/// }
/// # Ok(()) }
/// ```
///
/// Each device ends with an [`ImportOutcome`], in the order of the input. On the way:
///
/// * Devices are sent many at a time. Where the service throttles, they are sent later; where it refuses a request, the
///   request is halved until the device is found that it does not take.
/// * Each is sent with an import id of its own, which replaces any that it has, and its record is told by that id, the
///   serial number and the hash. Then it is asked for by its own id. Records of others are neither waited for nor deleted.
/// * A request without an answer is not sent again before its devices have been looked for.
/// * A device that the service has already is registered only if the service names the registration and it can be read.
///   The error's name decides whether that is in this tenant or in another; its number is the same.
/// * When a device can be read, its group tag is compared with the one that was asked for, changed once if it differs,
///   and read back. Importing a registered device does not change its tag by itself.
/// * A device that the input has twice, with the same serial number and hash, is sent once. Of two with the same serial
///   number and other hashes the second is sent when the first is through.
///
/// With a [`Journal`] a run that was killed anywhere goes on where it was, and no device is lost or sent twice. Without
/// one, importing again is still safe: what is registered is reported as such.
///
/// # Permissions
/// `DeviceManagementServiceConfig.ReadWrite.All`
#[must_use = "an import does nothing until it is started"]
pub struct Import {
    client: Client,
    devices: Vec<DeviceToImport>,
    options: ImportOptions,
    journal: Option<Journal>,
}

impl Import {
    /// An import of `devices`.
    pub fn new(client: &Client, devices: impl IntoIterator<Item = DeviceToImport>) -> Self {
        Self {
            client: client.clone(),
            devices: devices.into_iter().collect(),
            options: ImportOptions::default(),
            journal: None,
        }
    }

    /// Writes down what is done, and goes on from what was written before.
    ///
    /// The journal holds serial-free digests of the devices, ids, outcomes and times: no hash, no person's name. It is
    /// bound to the tenant, where the token names it, and to the devices with their group tags and users, in any order.
    pub fn with_journal(mut self, journal: Journal) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Goes about it in another way than the usual one.
    pub fn with_options(mut self, options: ImportOptions) -> Self {
        self.options = options;
        self
    }

    /// Starts the run. See [`Run`] for how to read, stop and await it.
    ///
    /// A stopped run still reports: devices that are not through are [`ImportOutcome::Cancelled`].
    ///
    /// # Errors
    /// The run ends with [`ErrorKind::Journal`](crate::ErrorKind::Journal) if the journal cannot be read or written, or is
    /// of another run; with [`ErrorKind::Authentication`](crate::ErrorKind::Authentication) or
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) if the caller may not import; and with the service's own
    /// error if it refuses every device. What was done until then is in the journal.
    pub fn start(self) -> ImportRun {
        Run::new(move |progress| drive::run(self, progress))
    }

    /// What the run would do, without a single request, sign-in included, and without a change of the journal.
    ///
    /// Whether a device is registered already cannot be known this way: asking the service for it is importing it.
    ///
    /// # Errors
    /// [`ErrorKind::Journal`](crate::ErrorKind::Journal) if the journal cannot be read, or is of other devices.
    pub fn dry_run(self) -> Result<ImportPreview> {
        drive::preview(self)
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("devices", &self.devices.len())
            .field("options", &self.options)
            .field("journal", &self.journal)
            .finish_non_exhaustive()
    }
}
