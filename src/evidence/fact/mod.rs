//! Typed facts.

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

/// A fact from a source.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fact {
    /// A record from an event log. Records without a rule for their provider and id are counted but not kept.
    Event(EventRecord),
    /// A response from the Intune Connector to a request for a domain join blob, from event 30130 or 30132.
    ConnectorAnswer(ConnectorAnswer),
    /// The downloaded Autopilot profile, or the error that the service returned instead.
    Profile(CachedProfile),
    /// The `ODJApplied` registry key, which marks the domain join blob as applied.
    BlobApplied,
    /// An MDM enrollment.
    Enrollment(MdmEnrollment),
    /// The settings of the enrollment status page.
    FirstSync(FirstSync),
    /// A phase of the enrollment status page.
    EspCategory(EspCategory),
    /// An app tracked by the enrollment status page or by Intune.
    App(TrackedApp),
    /// An item tracked by the enrollment status page, with the time at which its state was recorded.
    Item(TrackedItem),
    /// A relevant registry value without a type of its own.
    Registry(RegistryValue),
    /// A relevant registry key, identified by its lower-case path below the hive. Users' keys are personal data.
    RegistryKey(Personal),
    /// The output of `dsregcmd /status`.
    DirectoryStatus(DirectoryStatus),
    /// A line from `netsetup.log` with a code or a step of the join.
    JoinLog(JoinLogLine),
    /// An app whose installation failed, from a log of the Intune Management Extension.
    AppFailure(AppFailure),
}
