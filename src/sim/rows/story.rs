//! Stories: the facts of a deployment, as known to the device and the connector's server.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The facts of one deployment in chronological order: everything that the device and the connector's server would log,
/// independent of log formats.
///
/// ```
/// use windows_autopilot::jiff::Timestamp;
/// use windows_autopilot::sim::{DeviceStory, StoryEvent};
///
/// let start = Timestamp::UNIX_EPOCH;
/// let story = DeviceStory::new("PF3XK7M1", "72f988bf-86f1-41af-91ab-2d7cd011db47")
///     .with(start, StoryEvent::Started)
///     .with(start, StoryEvent::Enrolled);
/// assert_eq!(story.without(|event| *event == StoryEvent::Enrolled).facts.len(), 1);
/// ```
///
/// A test can render a story as event logs, registry dumps and archives, and change or omit a fact.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeviceStory {
    /// The serial number.
    pub serial_number: String,
    /// The tenant's id.
    pub tenant_id: String,
    /// The device's name before the join.
    pub initial_name: String,
    /// The name in the domain, if the connector created an account.
    pub computer_name: Option<String>,
    /// The domain of the domain join profile.
    pub domain: Option<String>,
    /// The id of the registration.
    pub registration_id: Option<String>,
    /// The Microsoft Entra id of the registration's own object.
    pub anchor_device_id: Option<String>,
    /// The id of the device in Intune.
    pub managed_device_id: Option<String>,
    /// The user who signed in.
    pub user: Option<String>,
    /// The Windows build, such as `26100.4061`.
    pub os_build: String,
    /// The facts, in chronological order.
    pub facts: Vec<StoryFact>,
}

impl DeviceStory {
    /// Creates a story with no facts.
    pub fn new(serial_number: impl Into<String>, tenant_id: impl Into<String>) -> Self {
        Self {
            serial_number: serial_number.into(),
            tenant_id: tenant_id.into(),
            initial_name: "DESKTOP-A1B2C3D".to_owned(),
            computer_name: None,
            domain: None,
            registration_id: None,
            anchor_device_id: None,
            managed_device_id: None,
            user: None,
            os_build: "26100.4061".to_owned(),
            facts: Vec::new(),
        }
    }

    /// Inserts a fact in chronological order, after those with the same time.
    #[must_use]
    pub fn with(mut self, at: Timestamp, event: StoryEvent) -> Self {
        self.push(at, event);
        self
    }

    /// Removes the facts for which `is_removed` returns `true`.
    #[must_use]
    pub fn without(mut self, is_removed: impl Fn(&StoryEvent) -> bool) -> Self {
        self.facts.retain(|fact| !is_removed(&fact.event));
        self
    }

    /// Returns the time of the first fact for which `predicate` returns `true`.
    pub fn time_of(&self, predicate: impl Fn(&StoryEvent) -> bool) -> Option<Timestamp> {
        self.facts.iter().find(|fact| predicate(&fact.event)).map(|fact| fact.at)
    }

    pub(crate) fn push(&mut self, at: Timestamp, event: StoryEvent) {
        let place = self.facts.partition_point(|fact| fact.at <= at);
        self.facts.insert(place, StoryFact { at, event });
    }
}

impl fmt::Debug for DeviceStory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceStory")
            .field("serial_number", &self.serial_number)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// A fact in a [`DeviceStory`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StoryFact {
    /// The time of the event.
    pub at: Timestamp,
    /// The event that occurred.
    pub event: StoryEvent,
}

/// An event during a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StoryEvent {
    /// The device was switched on.
    Started,
    /// The Autopilot profile was downloaded.
    ProfileDownloaded {
        /// The name of the profile.
        name: String,
        /// Whether the profile is for hybrid join.
        hybrid: bool,
        /// Whether the device skips the check for a domain controller.
        skips_check: bool,
        /// Whether a user was assigned to the device in advance.
        user_assigned: bool,
    },
    /// The service refused the profile, with a code such as 807.
    ProfileRefused {
        /// The error code, such as 807.
        code: u32,
    },
    /// The device enrolled in Intune.
    Enrolled,
    /// The enrollment failed, with this code.
    EnrollmentFailed {
        /// The error code, as Windows reports it.
        code: u32,
    },
    /// The device began waiting for its domain join blob.
    JoinAwaited {
        /// Whether the device has to reach a domain controller.
        needs_domain_controller: bool,
    },
    /// The connector created the computer account and sent the blob. Known only to the server.
    AccountCreated,
    /// The connector could not create the account. Known only to the server.
    AccountRefused {
        /// The Windows error code, such as 5.
        error: u32,
        /// The connector's own code, such as `0x800`.
        diagnostic: u32,
        /// The connector's message.
        text: String,
    },
    /// The device applied the blob.
    BlobApplied,
    /// The device could not apply the blob.
    BlobFailed {
        /// The error code, as Windows reports it.
        code: u32,
    },
    /// The device looked for a domain controller, with this result.
    DomainControllerSought {
        /// The code; 0 if one was found.
        code: u32,
    },
    /// The wait for the domain join timed out.
    JoinTimedOut,
    /// The device restarted.
    Restarted,
    /// The enrollment status page appeared.
    PageStarted {
        /// The timeout in minutes.
        timeout_minutes: u32,
        /// Whether the device can be used only once the page is done.
        blocks: bool,
        /// Whether account setup is skipped.
        skips_account: bool,
    },
    /// No enrollment status page appeared.
    PageSkipped,
    /// An app that the page waits for was installed.
    AppInstalled {
        /// The app's id.
        id: String,
    },
    /// An app that the page waits for could not be installed.
    AppFailed {
        /// The app's id.
        id: String,
        /// The installer's exit code.
        code: u32,
    },
    /// Device setup succeeded.
    DeviceSetupDone,
    /// Device setup timed out.
    DeviceSetupTimedOut,
    /// The user signed in to the domain.
    SignedIn,
    /// The registration in Microsoft Entra failed, with this code.
    RegistrationFailed {
        /// The error code, as the server reports it.
        code: u32,
        /// The server's message.
        text: String,
    },
    /// The device is registered in Microsoft Entra.
    Registered {
        /// The id of the synchronized object.
        device_id: String,
    },
    /// Account setup began.
    AccountSetupStarted,
    /// Account setup succeeded.
    AccountSetupDone,
    /// Account setup timed out.
    AccountSetupTimedOut,
    /// The user reached the desktop.
    Finished,
}
