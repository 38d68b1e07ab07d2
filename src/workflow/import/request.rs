//! An import as a value: its devices, options and journal.

use std::collections::HashSet;
use std::fmt;

use super::options::ImportOptions;
use crate::graph::Client;
use crate::model::{DeviceToImport, Text};
use crate::workflow::journal::Journal;

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
/// The report contains an [`ImportOutcome`](super::ImportOutcome) for each device, in the order of the input. The
/// process is as follows:
///
/// * Each device to send is first checked with [`check_device`](crate::registration::check_device). If one has an error,
///   such as a value that cannot be a hardware hash, no device is sent unless the error is waived
///   ([`Import::with_waived`]).
/// * Devices are sent in large requests. If the service throttles a request, its devices are sent later; if it rejects
///   a request, the request is repeatedly split in half until the rejected device is found.
/// * Each device is sent with its own import id, which replaces any import id in the input. The import id, serial
///   number, hash and registration id identify the device's record in every response; a poll also uses the record's id,
///   and a read also uses the device's id. Empty values neither confirm nor contradict the identity. A contradiction
///   results in [`IdentityUnconfirmed`](super::Uncertainty::IdentityUnconfirmed). Records of other imports are neither
///   awaited nor deleted.
/// * A request without a response is sent again only after its devices have been searched for. A request with a
///   response is never sent again.
/// * A device that the service already knows counts as registered only if the service names its registration and that
///   registration can be read. The name of the service's error shows whether the registration is in this tenant or
///   another; the error number is the same in both cases.
/// * When a device can be read, its group tag is compared with the desired one, changed once if it differs, and read
///   back. Importing an already registered device does not in itself change its tag.
/// * A device that is repeated in the input with the same serial number and hash is sent only once. A device with the
///   same serial number but a different hash is not sent until the first has its outcome.
///
/// With a [`Journal`], a run that was killed at any point can resume from there, and no device is lost or sent twice.
/// Without one, importing again is still safe: registered devices are reported as such.
///
/// # Permissions
/// `DeviceManagementServiceConfig.ReadWrite.All`
#[must_use = "an import does nothing until it is started"]
pub struct Import {
    pub(super) client: Client,
    pub(super) devices: Vec<DeviceToImport>,
    pub(super) options: ImportOptions,
    pub(super) journal: Option<Journal>,
    pub(super) waived: Vec<String>,
    /// The devices that resume from the journal of a deployment, by key; `None` if the journal is only for these
    /// devices.
    pub(super) resuming: Option<HashSet<Text>>,
}

impl Import {
    /// Creates an import of `devices`.
    pub fn new(client: &Client, devices: impl IntoIterator<Item = DeviceToImport>) -> Self {
        Self {
            client: client.clone(),
            devices: devices.into_iter().collect(),
            options: ImportOptions::default(),
            journal: None,
            waived: Vec::new(),
            resuming: None,
        }
    }

    /// Records progress in a journal and resumes from its content.
    ///
    /// The journal contains ids, outcomes, times and digests of the devices, but no serial numbers, hardware hashes or
    /// personal names. It is bound to the tenant, if the token names it, and to the devices with their group tags and
    /// users, regardless of order.
    pub fn with_journal(mut self, journal: Journal) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Waives findings with this id about the input: they do not stop the run.
    ///
    /// ```
    /// # use windows_autopilot::{Client, Result, model::DeviceToImport, workflow::ImportReport};
    /// use windows_autopilot::registration::findings::HASH_TOO_SHORT;
    /// use windows_autopilot::workflow::Import;
    /// # async fn example(client: &Client, devices: Vec<DeviceToImport>) -> Result<ImportReport> {
    /// Import::new(client, devices).with_waived(HASH_TOO_SHORT.id).start().await
    /// # }
    /// ```
    pub fn with_waived(mut self, id: impl Into<String>) -> Self {
        self.waived.push(id.into());
        self
    }

    /// Sets the options.
    pub fn with_options(mut self, options: ImportOptions) -> Self {
        self.options = options;
        self
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("devices", &self.devices.len())
            .field("options", &self.options)
            .field("journal", &self.journal)
            .field("waived", &self.waived)
            .finish_non_exhaustive()
    }
}
