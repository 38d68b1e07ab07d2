//! A device's deployment: from the power button to the desktop, step by step over the tenant's time.

mod conditions;
mod step;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

pub(super) use self::conditions::unit_key;

const MINUTE: Duration = Duration::from_secs(60);

/// How long the steps of a deployment take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// From the power button to the profile. Default: 2 minutes.
    pub profile_download: Duration,
    /// Sign-in and enrollment in Intune. Default: 3 minutes.
    pub enrollment: Duration,
    /// Offline domain join when nothing is wrong: the request, the blob, the restart. Default: 5 minutes.
    pub domain_join: Duration,
    /// How long a device waits for the blob of its offline domain join. Not documented; default: 30 minutes.
    pub domain_join_timeout: Duration,
    /// Device setup of the enrollment status page. Default: 15 minutes.
    pub device_setup: Duration,
    /// What quality updates add to it. Default: 30 minutes.
    pub quality_updates: Duration,
    /// Until someone signs in with Active Directory credentials. Default: 2 minutes.
    pub sign_in: Duration,
    /// The cycle of Entra Connect; none if it does not synchronize the computers. Default: 30 minutes.
    pub entra_connect: Option<Duration>,
    /// Account setup of the enrollment status page. Default: 5 minutes.
    pub account_setup: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            profile_download: 2 * MINUTE,
            enrollment: 3 * MINUTE,
            domain_join: 5 * MINUTE,
            domain_join_timeout: 30 * MINUTE,
            device_setup: 15 * MINUTE,
            quality_updates: 30 * MINUTE,
            sign_in: 2 * MINUTE,
            entra_connect: Some(30 * MINUTE),
            account_setup: 5 * MINUTE,
        }
    }
}

/// Someone unpacks a device and presses the power button.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::sim::PowerOn;
/// let slow = PowerOn::new("SN-1").with_device_setup(Duration::from_secs(3 * 3600));
/// ```
#[derive(Clone)]
pub struct PowerOn {
    pub(super) serial: String,
    pub(super) user: Option<String>,
    pub(super) reaches_domain: bool,
    pub(super) device_setup: Option<Duration>,
}

impl PowerOn {
    /// The device with this serial number, on a good network.
    pub fn new(serial: impl Into<String>) -> Self {
        Self { serial: serial.into(), user: None, reaches_domain: true, device_setup: None }
    }

    /// Who signs in. Default: the user that the device is assigned to, else the first with a licence.
    #[must_use]
    pub fn with_user(mut self, upn: impl Into<String>) -> Self {
        self.user = Some(upn.into());
        self
    }

    /// From where it stands, the device reaches no domain controller.
    #[must_use]
    pub fn without_domain_controller(mut self) -> Self {
        self.reaches_domain = false;
        self
    }

    /// How long the apps of device setup take on this device. Default: as [`Pace`] has it.
    #[must_use]
    pub fn with_device_setup(mut self, duration: Duration) -> Self {
        self.device_setup = Some(duration);
        self
    }
}

impl std::fmt::Debug for PowerOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PowerOn")
            .field("serial", &self.serial)
            .field("user", &self.user.as_ref().map(|_| "[redacted]"))
            .field("reaches_domain", &self.reaches_domain)
            .field("device_setup", &self.device_setup)
            .finish()
    }
}

/// Where a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// It looks for its profile.
    Starting,
    /// It enrolls in Intune.
    Enrolling,
    /// It waits for its offline domain join.
    JoiningDomain,
    /// The enrollment status page sets up the device.
    DeviceSetup,
    /// It waits for someone to sign in, and the page sets up the account.
    AccountSetup,
    /// The desktop shows.
    Finished,
    /// It failed.
    Failed,
}

/// Why a deployment failed. Graph shows no more than the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// No device with this serial number is registered.
    NotRegistered,
    /// No profile was assigned when the device was switched on.
    NoProfile,
    /// The user is not in the MDM scope.
    MdmScope,
    /// The user has no licence.
    NoLicence,
    /// An enrollment restriction blocks Windows.
    PlatformBlocked,
    /// A user is assigned to a device that is to join hybrid.
    UserAssigned,
    /// The directory object of the registration is gone.
    AnchorMissing,
    /// No domain join configuration reaches the device.
    NoDomainJoin,
    /// More than one does.
    SeveralDomainJoins,
    /// No active connector serves the domain.
    NoConnector,
    /// All active connectors of the domain are too old.
    ConnectorTooOld,
    /// The organizational unit is a container, is not in the domain, or cannot be read.
    BadUnit,
    /// The connector's account may not make computers in the unit.
    NoRight,
    /// No domain controller can be reached, and the check is not skipped.
    NoDomainController,
    /// Device setup took longer than the status page allows.
    DeviceSetupTimeout,
    /// Account setup took longer, most often because the hybrid device did not come.
    AccountSetupTimeout,
}

impl Cause {
    /// What the device shows.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotRegistered => "807",
            Self::NoProfile => "815",
            Self::MdmScope => "0x8018002b",
            Self::NoLicence => "0x80180018",
            Self::PlatformBlocked => "0x80180014",
            Self::AnchorMissing => "0x801C03F3",
            Self::UserAssigned
            | Self::NoDomainJoin
            | Self::SeveralDomainJoins
            | Self::NoConnector
            | Self::ConnectorTooOld
            | Self::BadUnit
            | Self::NoRight
            | Self::NoDomainController => "0x80070774",
            Self::DeviceSetupTimeout | Self::AccountSetupTimeout => "0x800705B4",
        }
    }

    /// Whether the device waits for it to change before it gives up.
    fn waits(self) -> bool {
        matches!(
            self,
            Self::NoDomainJoin | Self::SeveralDomainJoins | Self::NoConnector | Self::ConnectorTooOld
        )
    }
}

/// How a deployment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deployment {
    /// Where it is.
    pub phase: Phase,
    /// Why it failed, if it did.
    pub cause: Option<Cause>,
    /// When the power button was pressed.
    pub started: Timestamp,
    /// When it came to its end, if it has.
    pub ended: Option<Timestamp>,
    /// The name in the domain, once it has joined.
    pub computer_name: Option<String>,
}

/// A computer account in Active Directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Computer {
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// Where it is; none for the default container.
    pub organizational_unit: Option<String>,
}

/// Every deployment, and what it left on premises.
#[derive(Clone, Default)]
pub(super) struct Deployments {
    runs: HashMap<String, Run>,
    /// The last run of each serial number, in lower case.
    by_serial: HashMap<String, String>,
    pub(super) computers: Vec<Computer>,
    /// Organizational units in which computers may be made, as [`unit_key`] writes them.
    pub(super) units: std::collections::BTreeSet<String>,
}

impl Deployments {
    /// The last deployment of a device.
    pub(super) fn last(&self, serial: &str) -> Option<Deployment> {
        let run = self.runs.get(self.by_serial.get(&serial.to_lowercase())?)?;
        Some(Deployment {
            phase: run.phase,
            cause: run.cause,
            started: run.started,
            ended: run.ended,
            computer_name: run.computer.clone(),
        })
    }
}

/// One deployment.
#[derive(Clone)]
struct Run {
    power_on: PowerOn,
    phase: Phase,
    cause: Option<Cause>,
    started: Timestamp,
    ended: Option<Timestamp>,
    identity: String,
    profile: String,
    hybrid: bool,
    skips_check: bool,
    user: String,
    event: Option<String>,
    managed: Option<String>,
    computer: Option<String>,
    /// When the phase began.
    since: Timestamp,
    /// The hybrid device in the directory.
    hybrid_device: Option<String>,
    page: Page,
}

/// What the enrollment status page does.
#[derive(Debug, Clone, Default)]
struct Page {
    shows: bool,
    /// Whether the device can only be used when the page is done.
    blocks: bool,
    timeout: Duration,
    quality_updates: bool,
    skips_account: bool,
    timed_out: bool,
}
