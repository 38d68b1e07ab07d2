//! Facts, typed.

mod apps;
mod connector;
mod directory;
mod esp;
mod profile;
mod registry;

pub use self::apps::{AppFailure, AppScope, TrackedApp, TrackedItem};
pub use self::connector::{ConnectorAnswer, ConnectorOutcome};
pub use self::directory::{DirectoryStatus, JoinLogLine};
pub use self::esp::{EspCategory, EspPhase, EspSubcategory, FirstSync};
pub use self::profile::CachedProfile;
pub use self::registry::{MdmEnrollment, RegistryData, RegistryValue};

use super::event::EventRecord;
use crate::model::Personal;

/// A fact that a source holds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fact {
    /// A record of an event log. Records of providers and ids without a rule are counted and not kept.
    Event(EventRecord),
    /// An answer of the Intune Connector to a request for a domain join blob, from event 30130 or 30132.
    ConnectorAnswer(ConnectorAnswer),
    /// The downloaded Autopilot profile, or the service's refusal.
    Profile(CachedProfile),
    /// The mark that the domain join blob was applied: the key `ODJApplied`.
    BlobApplied,
    /// An enrollment in MDM.
    Enrollment(MdmEnrollment),
    /// The switches of the enrollment status page.
    FirstSync(FirstSync),
    /// A phase of the enrollment status page.
    EspCategory(EspCategory),
    /// An app that the page or Intune follows.
    App(TrackedApp),
    /// An item that the page follows, with the time at which its state was recorded.
    Item(TrackedItem),
    /// A registry value of interest that has no type of its own.
    Registry(RegistryValue),
    /// A registry key of interest that exists, by its path below the hive, in lower case. Users have theirs.
    RegistryKey(Personal),
    /// The output of `dsregcmd /status`.
    DirectoryStatus(DirectoryStatus),
    /// A line of `netsetup.log` with a code or a step of the join.
    JoinLog(JoinLogLine),
    /// An app whose installation failed, from a log of the Intune Management Extension.
    AppFailure(AppFailure),
}
