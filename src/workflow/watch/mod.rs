//! Follows devices until they are ready, or until it is known why they are not.
//!
//! [`Watch`] reads what the service reports of devices in five places, round by round, and puts it together; [`observe`] says
//! from that how it stands with one device, and is a pure function; a
//! [`DeploymentReport`] shows it.

mod catalogue;
mod diagnose;
mod evidence;
mod matching;
mod observe;
mod phase;
mod read;
mod round;
mod state;
mod tenant;

use std::time::Duration;

use jiff::Timestamp;

pub use self::catalogue::{ErrorCode, KnownError};
pub use self::evidence::{DeviceEvidence, EffectiveDomainJoin, Expectation, Seen};
pub use self::observe::observe;
pub use self::phase::{Credential, Outcome, Phase};
pub(in crate::workflow) use self::state::spell;
pub use self::state::{DeviceFacts, DeviceState, PhaseStart};
use super::report::{DeploymentReport, DeviceReport};
use super::run::Run;
use crate::graph::Client;
use crate::model::{Device, Id, SerialNumber, Text};

/// Devices to be followed: from their registration to a user's desk, or to what keeps them from it.
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
///         println!("{}: {}", device.name(), device.standing());
///     }
/// }
/// let report = run.await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
///
/// It ends when every device is ready, has failed or is overdue; it always ends, since each phase has a deadline: see
/// [`Expectation`]. Devices that failed or are overdue can still come round while others are followed. It only reads.
///
/// # Permissions
/// `DeviceManagementServiceConfig.Read.All` and `DeviceManagementManagedDevices.Read.All`; `Device.Read.All`,
/// `DeviceManagementConfiguration.Read.All` and `GroupMember.Read.All` for a better diagnosis. Without one of them the
/// report says what could not be read.
#[derive(Debug, Clone)]
#[must_use = "a watch does nothing until it is started"]
pub struct Watch {
    client: Client,
    devices: Vec<WatchedDevice>,
    expected: Expectation,
    title: Option<String>,
    since: Option<Timestamp>,
    first: Duration,
    longest: Duration,
}

/// A device to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchedDevice {
    /// The id of its registration.
    pub id: Id<Device>,
    /// Its serial number, as far as it is known: the registration has it too.
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

/// What happens while devices are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchEvent {
    /// A device came into another phase, or something else was found about it.
    Changed(Box<DeviceReport>),
    /// All devices were looked at.
    Looked {
        /// How many are under way.
        underway: usize,
        /// How many there are.
        devices: usize,
    },
}

impl Watch {
    /// Devices to follow. One that is named twice is followed once.
    pub fn new<D: Into<WatchedDevice>>(client: &Client, devices: impl IntoIterator<Item = D>) -> Self {
        Self {
            client: client.clone(),
            devices: devices.into_iter().map(Into::into).collect(),
            expected: Expectation::default(),
            title: None,
            since: None,
            first: Duration::from_secs(30),
            longest: Duration::from_secs(5 * 60),
        }
    }

    /// What is expected of the devices, and how long they may take.
    pub fn with_expectation(mut self, expected: Expectation) -> Self {
        self.expected = expected;
        self
    }

    /// What the report is about.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Takes no notice of deployments that began before: for devices that are deployed again. By default the last
    /// deployment of a device counts, whenever it was.
    pub fn ignoring_deployments_before(mut self, time: Timestamp) -> Self {
        self.since = Some(time);
        self
    }

    /// How often to look: after `first` where something has changed, and then less and less often, up to `longest`; 30
    /// seconds and 5 minutes by default.
    pub fn with_intervals(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first.max(Duration::from_secs(1));
        self.longest = longest.max(self.first);
        self
    }

    /// Follows the devices to their ends.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) or
    /// [`ErrorKind::Authentication`](crate::ErrorKind::Authentication) if the registrations may not be read. What else
    /// cannot be read is told in the report.
    pub fn start(self) -> Run<WatchEvent, DeploymentReport> {
        Run::new(|progress| round::Round::new(self).run(progress))
    }

    /// Looks once, and tells how it stands now.
    ///
    /// # Errors
    /// As [`Watch::start`].
    pub fn look(self) -> Run<WatchEvent, DeploymentReport> {
        Run::new(|progress| async move {
            let mut round = round::Round::new(self);
            round.look(&progress).await?;
            Ok(round.report())
        })
    }
}
