//! A watch as a value: its devices, expectations and intervals.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::device_evidence::DeviceEvidence;
use super::evidence::Expectation;
use super::handle::WatchHandle;
use crate::graph::Client;
use crate::model::{Device, Id, SerialNumber, Text};
use crate::workflow::apply::ApplyReport;
use crate::workflow::hybrid_join::HybridJoin;

/// A watch that follows devices from registration to a user's desktop, or to the problem that stops them.
///
/// ```
/// # use windows_autopilot::{Client, Result, model::Device};
/// use futures_util::StreamExt as _;
/// use windows_autopilot::workflow::watch::{Expectation, Watch, WatchEvent};
/// # async fn example(client: &Client, devices: &[Device]) -> Result<()> {
/// let watch = Watch::new(client, devices).with_expectation(Expectation::default());
/// let mut run = watch.start();
/// while let Some(event) = run.next().await {
///     if let WatchEvent::Changed(device) = event {
///         println!("{}: {}", device.name(), device.status());
///     }
/// }
/// let report = run.await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
///
/// A watch ends when every device is ready, has failed or is overdue. Each phase has a deadline, so a watch always
/// ends: see [`Expectation`]. A watch only reads.
///
/// A settled device is still followed while others are in progress. If it is reset, wiped, renamed, imported again, or
/// deleted and set up again, it is back in progress, and its report lists the
/// [earlier](super::DeviceDeployment::earlier) enrollments. Each round reads a batch of settled devices, in turn, and
/// the last round reads all of them, so a long-running watch ends with the same result as one started at that moment.
/// Microsoft Graph does not show a reset until the device enrolls again.
///
/// # Permissions
/// `DeviceManagementServiceConfig.Read.All` and `DeviceManagementManagedDevices.Read.All`; `Device.Read.All`,
/// `DeviceManagementConfiguration.Read.All` and `GroupMember.Read.All` for a better diagnosis. The report names every
/// source that could not be read.
#[derive(Debug, Clone)]
#[must_use = "a watch does nothing until it is started"]
pub struct Watch {
    pub(super) client: Client,
    pub(super) devices: Vec<WatchedDevice>,
    pub(super) expected: Expectation,
    pub(super) title: Option<String>,
    pub(super) since: Option<Timestamp>,
    pub(super) first: Duration,
    pub(super) longest: Duration,
    pub(super) evidence: HashMap<Id<Device>, DeviceEvidence>,
    pub(super) handle: WatchHandle,
}

impl Watch {
    /// Creates a watch over `devices`. A repeated device is watched only once.
    pub fn new<D: Into<WatchedDevice>>(client: &Client, devices: impl IntoIterator<Item = D>) -> Self {
        Self {
            client: client.clone(),
            devices: devices.into_iter().map(Into::into).collect(),
            expected: Expectation::default(),
            title: None,
            since: None,
            first: Duration::from_secs(30),
            longest: Duration::from_secs(5 * 60),
            evidence: HashMap::new(),
            handle: WatchHandle::default(),
        }
    }

    /// Returns a handle to the run of this watch.
    pub fn handle(&self) -> WatchHandle {
        self.handle.clone()
    }

    /// Sets the expectation, including the deadlines.
    pub fn with_expectation(mut self, expected: Expectation) -> Self {
        self.expected = expected;
        self
    }

    /// Sets the title of the report.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Ignores deployments that started before `time`, for devices that are being redeployed. By default, the last
    /// deployment of a device is used, regardless of its age.
    pub fn with_deployments_since(mut self, time: Timestamp) -> Self {
        self.since = Some(time);
        self
    }

    /// Adds the verdict on a device's own evidence: the verdict's causes replace "Graph does not show the cause".
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # let id = tenant.add_device("PF3XK7M1").parse()?;
    /// # let bundle = windows_autopilot::evidence::Bundle::new(Default::default());
    /// use windows_autopilot::evidence::{Options, diagnose};
    /// use windows_autopilot::workflow::watch::Watch;
    ///
    /// let verdict = diagnose(&bundle.read(), &Options::default());
    /// let devices = client.devices().list().all().await?;
    /// let report = Watch::new(&client, &devices).with_evidence(&id, &verdict).snapshot().await?;
    /// println!("{report}");
    /// # Ok(()) });
    /// ```
    ///
    /// A proven cause is listed before those from Graph; a cause with strong evidence, after them. Evidence from
    /// another device or an earlier deployment only produces a finding.
    #[cfg(feature = "evidence")]
    #[cfg_attr(docsrs, doc(cfg(feature = "evidence")))]
    pub fn with_evidence(mut self, device: &Id<Device>, verdict: &crate::evidence::Verdict) -> Self {
        self.evidence.insert(device.clone(), verdict.into());
        self
    }

    /// Sets the poll intervals: `first` after a change, growing to `longest`. Defaults: 30 seconds and 5 minutes.
    pub fn with_intervals(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first.max(Duration::from_secs(1));
        self.longest = longest.max(self.first);
        self
    }
}

impl ApplyReport {
    /// Creates a watch over the deployment's devices. It expects the profile, enrollment status page and computer names
    /// from the settings.
    ///
    /// ```
    /// # windows_autopilot::testing::run(async |h| {
    /// use windows_autopilot::workflow::HybridJoin;
    ///
    /// # let text = "name = 'Munich'\nactive_directory.domain = 'corp.contoso.com'";
    /// let desired: HybridJoin = toml::from_str(text)?;
    /// let applied = desired.plan(&h.client, &[]).await?.apply(&h.client).await.into_result()?;
    /// let report = applied.watch(&h.client, &desired).start().await?;
    /// assert!(report.is_ready(), "nothing to watch");
    /// # Ok(()) });
    /// ```
    pub fn watch(&self, client: &Client, desired: &HybridJoin) -> Watch {
        let mut expected = Expectation::from(desired);
        expected.profile.clone_from(&self.profile);
        let devices = self.devices.iter().map(|(id, serial)| WatchedDevice {
            id: id.clone(),
            serial_number: Some(serial.as_str().into()),
        });
        Watch::new(client, devices).with_expectation(expected).with_title(desired.name.as_str())
    }
}

/// A device to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchedDevice {
    /// The id of the device's registration.
    pub id: Id<Device>,
    /// The device's serial number, if known; otherwise the registration provides it.
    pub serial_number: Option<Text>,
}

impl From<Id<Device>> for WatchedDevice {
    fn from(id: Id<Device>) -> Self {
        Self { id, serial_number: None }
    }
}

impl From<(Id<Device>, SerialNumber)> for WatchedDevice {
    fn from((id, serial): (Id<Device>, SerialNumber)) -> Self {
        Self { id, serial_number: Some(serial.as_str().into()) }
    }
}

impl From<&Device> for WatchedDevice {
    fn from(device: &Device) -> Self {
        Self { id: device.id.clone(), serial_number: device.serial_number.clone() }
    }
}
