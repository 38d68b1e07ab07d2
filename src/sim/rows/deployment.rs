//! Deployments: from the power button to the desktop.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use super::computer::{Computer, ComputerRefusal, ComputerRequests, PendingJoin, RefusalKind};
use super::story::DeviceStory;

/// Options for switching a device on: its user, its network and the duration of device setup.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::sim::PowerOnOptions;
/// let slow = PowerOnOptions::new("SN-1").with_device_setup(Duration::from_secs(3 * 3600));
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct PowerOnOptions {
    pub(crate) serial: String,
    pub(crate) user: Option<String>,
    pub(crate) reaches_domain: bool,
    pub(crate) device_setup: Option<Duration>,
}

impl PowerOnOptions {
    /// Creates options for the device with this serial number, on a network with a domain controller.
    pub fn new(serial: impl Into<String>) -> Self {
        Self { serial: serial.into(), user: None, reaches_domain: true, device_setup: None }
    }

    /// Sets the user who signs in. Default: the device's assigned user, or else the first user with a license.
    #[must_use]
    pub fn with_user(mut self, upn: impl Into<String>) -> Self {
        self.user = Some(upn.into());
        self
    }

    /// Puts the device on a network without a domain controller.
    #[must_use]
    pub fn without_domain_controller(mut self) -> Self {
        self.reaches_domain = false;
        self
    }

    /// Sets the duration of device setup. Default: see [`DeploymentTiming`](crate::sim::DeploymentTiming).
    #[must_use]
    pub fn with_device_setup(mut self, duration: Duration) -> Self {
        self.device_setup = Some(duration);
        self
    }
}

impl std::fmt::Debug for PowerOnOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PowerOnOptions")
            .field("serial", &self.serial)
            .field("user", &self.user.as_ref().map(|_| "[redacted]"))
            .field("reaches_domain", &self.reaches_domain)
            .field("device_setup", &self.device_setup)
            .finish()
    }
}

/// The phase of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeploymentPhase {
    /// The device is looking for its profile.
    Starting,
    /// The device is enrolling in Intune.
    Enrolling,
    /// The device is waiting for its offline domain join.
    JoiningDomain,
    /// The enrollment status page is setting up the device.
    DeviceSetup,
    /// The device is waiting for a sign-in, or the enrollment status page is setting up the account.
    AccountSetup,
    /// The user reached the desktop.
    Finished,
    /// The deployment failed.
    Failed,
}

/// The cause of a failed deployment. Graph shows only the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Cause {
    /// No device with this serial number is registered.
    NotRegistered,
    /// The device does not match its registration: it has a new motherboard.
    HardwareChanged,
    /// No profile was assigned when the device was switched on.
    NoProfile,
    /// The user is not in the MDM scope.
    MdmScope,
    /// The user has no license.
    NoLicense,
    /// An enrollment restriction blocks Windows.
    PlatformBlocked,
    /// A user is assigned to a device for hybrid join.
    UserAssigned,
    /// The directory object of the registration is gone.
    AnchorMissing,
    /// No domain join configuration reaches the device.
    NoDomainJoin,
    /// Several domain join configurations reach the device.
    SeveralDomainJoins,
    /// No active connector serves the domain.
    NoConnector,
    /// All active connectors of the domain are too old.
    ConnectorTooOld,
    /// The organizational unit is a container, is not in the domain, or cannot be read.
    BadUnit,
    /// The connector's account is not allowed to create computers in the unit.
    NoRight,
    /// The connector's account has created as many computers as the domain's quota allows.
    QuotaExceeded,
    /// Another account in the domain has the computer's name.
    NameTaken,
    /// The directory refused to create the computer for another reason.
    ComputerRefused,
    /// The directory had not responded to the connector when the device gave up.
    NoAnswer,
    /// No domain controller can be reached, and the check is not skipped.
    NoDomainController,
    /// Device setup took longer than the status page allows.
    DeviceSetupTimeout,
    /// Account setup timed out, usually because the hybrid device did not appear.
    AccountSetupTimeout,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 21] = [
        Self::NotRegistered,
        Self::HardwareChanged,
        Self::NoProfile,
        Self::MdmScope,
        Self::NoLicense,
        Self::PlatformBlocked,
        Self::UserAssigned,
        Self::AnchorMissing,
        Self::NoDomainJoin,
        Self::SeveralDomainJoins,
        Self::NoConnector,
        Self::ConnectorTooOld,
        Self::BadUnit,
        Self::NoRight,
        Self::QuotaExceeded,
        Self::NameTaken,
        Self::ComputerRefused,
        Self::NoAnswer,
        Self::NoDomainController,
        Self::DeviceSetupTimeout,
        Self::AccountSetupTimeout,
    ];

    /// Returns the error code shown on the device. No code is documented for an exceeded quota, a name that is taken or
    /// a directory that does not respond: these causes use the code for a missing right.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotRegistered => "807",
            Self::HardwareChanged => "908",
            Self::NoProfile => "815",
            Self::MdmScope => "0x8018002b",
            Self::NoLicense => "0x80180018",
            Self::PlatformBlocked => "0x80180014",
            Self::AnchorMissing => "0x801C03F3",
            Self::UserAssigned
            | Self::NoDomainJoin
            | Self::SeveralDomainJoins
            | Self::NoConnector
            | Self::ConnectorTooOld
            | Self::BadUnit
            | Self::NoRight
            | Self::QuotaExceeded
            | Self::NameTaken
            | Self::ComputerRefused
            | Self::NoAnswer
            | Self::NoDomainController => "0x80070774",
            Self::DeviceSetupTimeout | Self::AccountSetupTimeout => "0x800705B4",
        }
    }

    /// Returns the cause for a directory's refusal.
    pub(crate) fn of(refusal: &ComputerRefusal) -> Self {
        match refusal.kind() {
            RefusalKind::NoRight => Self::NoRight,
            RefusalKind::QuotaExceeded => Self::QuotaExceeded,
            RefusalKind::NameTaken => Self::NameTaken,
            RefusalKind::UnitNotFound => Self::BadUnit,
            RefusalKind::Other => Self::ComputerRefused,
        }
    }

    /// Returns `true` if the device waits for the condition before it gives up.
    pub(crate) fn waits(self) -> bool {
        matches!(
            self,
            Self::NoDomainJoin | Self::SeveralDomainJoins | Self::NoConnector | Self::ConnectorTooOld
        )
    }
}

/// The state of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Deployment {
    /// The phase that the deployment has reached.
    pub phase: DeploymentPhase,
    /// The cause of the failure, if the deployment failed.
    pub cause: Option<Cause>,
    /// The time at which the power button was pressed.
    pub started: Timestamp,
    /// The time at which the deployment ended, if it has ended.
    pub ended: Option<Timestamp>,
    /// The computer's name in the domain, once the device has joined.
    pub computer_name: Option<String>,
    /// The directory's refusal to create the computer, if that is the cause.
    pub refusal: Option<ComputerRefusal>,
}

/// All deployments, and their traces on premises.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Deployments {
    pub(crate) runs: HashMap<String, Run>,
    /// The last run of each serial number, in lower case.
    pub(crate) by_serial: HashMap<String, String>,
    pub(crate) computers: Vec<Computer>,
    #[serde(default)]
    pub(crate) requests: ComputerRequests,
    /// Organizational units in which computers may be created, in canonical spelling.
    pub(crate) units: BTreeSet<String>,
}

impl Deployments {
    /// Returns the story of the last deployment of a device.
    pub(crate) fn story(&self, serial: &str) -> Option<DeviceStory> {
        self.runs.get(self.by_serial.get(&serial.to_lowercase())?).map(|run| run.story.clone())
    }

    /// Returns the last deployment of a device.
    pub(crate) fn last(&self, serial: &str) -> Option<Deployment> {
        let run = self.runs.get(self.by_serial.get(&serial.to_lowercase())?)?;
        Some(Deployment {
            phase: run.phase,
            cause: run.cause,
            started: run.started,
            ended: run.ended,
            computer_name: run.computer.clone(),
            refusal: run.join.refusal.clone(),
        })
    }
}

/// One deployment.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) power_on: PowerOnOptions,
    pub(crate) phase: DeploymentPhase,
    pub(crate) cause: Option<Cause>,
    pub(crate) started: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) identity: String,
    pub(crate) profile: String,
    pub(crate) hybrid: bool,
    pub(crate) skips_check: bool,
    pub(crate) user: String,
    pub(crate) event: Option<String>,
    pub(crate) managed: Option<String>,
    pub(crate) computer: Option<String>,
    #[serde(default)]
    pub(crate) join: PendingJoin,
    /// The time at which the phase began.
    pub(crate) since: Timestamp,
    /// The hybrid device in the directory.
    pub(crate) hybrid_device: Option<String>,
    pub(crate) page: StatusPage,
    pub(crate) story: DeviceStory,
}

/// The behavior of the enrollment status page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StatusPage {
    pub(crate) shows: bool,
    /// Whether the page blocks the use of the device until it is done.
    pub(crate) blocks: bool,
    pub(crate) timeout: Duration,
    pub(crate) quality_updates: bool,
    pub(crate) skips_account: bool,
    pub(crate) timed_out: bool,
}
