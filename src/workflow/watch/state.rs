//! The state of a device.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::phase::{DeploymentOutcome, Phase, UserCredential};
use crate::model::{
    ComplianceState, DeploymentState, Device, DirectoryDevice, EnrollmentState, Finding, Id, JoinType,
    ManagedDevice, ProfileAssignmentStatus, Text,
};

/// The state of a device, derived from one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceState {
    /// The phase that the device has reached or failed in.
    pub phase: Phase,
    /// The outcome so far.
    pub outcome: DeploymentOutcome,
    /// The start of the phase.
    pub since: Timestamp,
    /// The deadline of the phase; `None` if the device is ready.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
    /// The source of the deadline.
    #[serde(default)]
    pub deadline_source: Option<DeadlineSource>,
    /// The start of each phase.
    pub timeline: Vec<PhaseStart>,
    /// The problems, likeliest cause first.
    pub findings: Vec<Finding>,
    /// The facts that the service reports.
    pub facts: DeviceFacts,
}

impl DeviceState {
    /// Returns the next step: the remedy for the likeliest problem or, if there is none, the way to reach the next
    /// phase.
    pub fn next_step(&self) -> &str {
        self.findings.first().map_or(self.phase.next_step(), |finding| &finding.remedy)
    }

    /// Returns the credential that the device asks for next; `None` if it asks for none or has failed.
    pub fn next_credential(&self) -> Option<UserCredential> {
        self.phase.next_credential().filter(|_| self.outcome != DeploymentOutcome::Failed)
    }
}

/// The source of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeadlineSource {
    /// The enrollment status page in the device's record, with Microsoft's documented addition to its timeout.
    Page,
    /// The settings in the watch's `Expectation`.
    Settings,
    /// Microsoft's documentation: the service's default page, with the documented addition to its timeout.
    Documentation,
    /// A single observation: a device waited 25 minutes for its domain controller.
    Witness,
    /// An assumption: Microsoft does not document a time limit.
    Assumption,
}

impl DeadlineSource {
    /// All sources.
    pub const ALL: [Self; 5] =
        [Self::Page, Self::Settings, Self::Documentation, Self::Witness, Self::Assumption];

    /// Returns the name used in JSON, such as `settings`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Settings => "settings",
            Self::Documentation => "documentation",
            Self::Witness => "witness",
            Self::Assumption => "assumption",
        }
    }
}

impl fmt::Display for DeadlineSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Page => "by the device's enrollment status page",
            Self::Settings => "by the settings of the watch",
            Self::Documentation => "by the documentation of the default enrollment status page",
            Self::Witness => {
                "by one observation of a device that waited 25 minutes for its domain controller"
            }
            Self::Assumption => "by assumption, because Microsoft documents no time",
        })
    }
}

/// The start of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseStart {
    /// The phase that the device entered.
    pub phase: Phase,
    /// The time at which the phase started or was first seen.
    pub at: Timestamp,
    /// Whether the service reports the time. If not, it is the time of the first snapshot in the phase, and the phase
    /// started after the previous snapshot.
    pub reported: bool,
}

/// Declares the facts that the service reports about a device, with their labels.
macro_rules! device_facts {
    ($( $(#[$meta:meta])* $field:ident: $ty:ty = $label:literal, )*) => {
        /// The facts that the service reports about a device, limited to those that matter for a deployment. They
        /// contain no personal names.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct DeviceFacts {
            $( $(#[$meta])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$ty>, )*
        }

        impl DeviceFacts {
            /// The label of each fact, by its name in JSON.
            pub(super) const LABELS: &'static [(&'static str, &'static str)] =
                &[$( (stringify!($field), $label), )*];

            /// Returns the known facts with their labels.
            pub fn lines(&self) -> Vec<(&'static str, String)> {
                let mut lines = Vec::new();
                $( if let Some(value) = &self.$field { lines.push(($label, Shown::shown(value))); } )*
                lines
            }
        }
    };
}

device_facts! {
    /// The registration id, if it differs from the watched one.
    registration_id: Id<Device> = "registration",
    /// The computer name.
    computer_name: Text = "computer name",
    /// The manufacturer of the device.
    manufacturer: Text = "manufacturer",
    /// The model of the device.
    model: Text = "model",
    /// The group tag.
    group_tag: Text = "group tag",
    /// The assigned profile.
    profile: Text = "profile",
    /// The status of the profile's assignment.
    profile_status: ProfileAssignmentStatus = "profile status",
    /// Whether a user is assigned.
    user_assigned: bool = "user assigned",
    /// The enrollment state.
    enrollment_state: EnrollmentState = "enrollment",
    /// The id in Intune.
    managed_device_id: Id<ManagedDevice> = "Intune device",
    /// The join type in Intune.
    join_type: JoinType = "join type",
    /// The object in Entra ID that the registration created.
    anchor_id: Id<DirectoryDevice> = "Entra object of the registration",
    /// The object in Entra ID that was synced from Active Directory.
    hybrid_id: Id<DirectoryDevice> = "Entra object of the computer",
    /// The outcome of device setup.
    device_setup: DeploymentState = "device setup",
    /// The outcome of account setup.
    account_setup: DeploymentState = "account setup",
    /// The outcome of the deployment.
    deployment: DeploymentState = "deployment",
    /// The compliance state, which is meaningless until a user has signed in.
    compliance_state: ComplianceState = "compliance",
    /// The Windows version.
    os_version: Text = "Windows",
}

/// A fact that can be displayed.
trait Shown {
    fn shown(&self) -> String;
}

impl Shown for bool {
    fn shown(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

macro_rules! shown_as_displayed {
    ($($ty:ty),*) => {
        $( impl Shown for $ty {
            fn shown(&self) -> String {
                self.to_string()
            }
        } )*
    };
}
shown_as_displayed!(
    Text,
    Id<Device>,
    Id<ManagedDevice>,
    Id<DirectoryDevice>,
    ProfileAssignmentStatus,
    EnrollmentState,
    JoinType,
    DeploymentState,
    ComplianceState
);

/// Returns `time` plus `duration`, or the end of time.
pub(super) fn later(time: Timestamp, duration: Duration) -> Timestamp {
    time.saturating_add(SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX)
}

/// Formats a time span, such as `1 h 40 min`.
pub(super) fn spell(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min"),
        (_, 0) => format!("{hours} h"),
        (24.., _) => format!("{} d {} h", hours / 24, hours % 24),
        _ => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_spelled_in_two_units() {
        for (seconds, expected) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (6000, "1 h 40 min"),
            (90_061, "1 d 1 h"),
        ] {
            assert_eq!(spell(SignedDuration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn facts_are_listed_as_far_as_they_are_known() {
        let facts = DeviceFacts {
            computer_name: Some("MUC-1".into()),
            user_assigned: Some(false),
            deployment: Some(DeploymentState::InProgress),
            ..DeviceFacts::default()
        };
        assert_eq!(
            facts.lines(),
            [
                ("computer name", "MUC-1".to_owned()),
                ("user assigned", "no".to_owned()),
                ("deployment", "inProgress".to_owned())
            ]
        );
        let written = serde_json::to_string(&facts).unwrap();
        assert_eq!(written, r#"{"computer_name":"MUC-1","user_assigned":false,"deployment":"inProgress"}"#);
        assert_eq!(serde_json::from_str::<DeviceFacts>(&written).unwrap(), facts);
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        assert_eq!(later(Timestamp::MAX, Duration::MAX), Timestamp::MAX);
        assert_eq!(later(Timestamp::UNIX_EPOCH, Duration::from_secs(1)).as_second(), 1);
    }
}
