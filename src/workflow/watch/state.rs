//! How it stands with a device.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::phase::{DeploymentOutcome, Phase, UserCredential};
use crate::model::{
    ComplianceState, DeploymentState, Device, DirectoryDevice, EnrollmentState, Finding, Id, JoinType,
    ManagedDevice, ProfileAssignmentStatus, Text,
};

/// How it stands with a device, from one look at all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceState {
    /// How far it has come: where it failed, if it has.
    pub phase: Phase,
    /// How that is.
    pub outcome: DeploymentOutcome,
    /// Since when it is in the phase.
    pub since: Timestamp,
    /// Until when it may take; `None` for one that is ready.
    #[serde(default)]
    pub deadline: Option<Timestamp>,
    /// The source of the deadline.
    #[serde(default)]
    pub deadline_source: Option<DeadlineSource>,
    /// When its phases began.
    pub timeline: Vec<PhaseStart>,
    /// What is wrong, the likeliest cause first.
    pub findings: Vec<Finding>,
    /// What the service reports.
    pub facts: DeviceFacts,
}

impl DeviceState {
    /// What is to be done next: against what is wrong, or else for the device to come further.
    pub fn next_step(&self) -> &str {
        self.findings.first().map_or(self.phase.next_step(), |finding| &finding.remedy)
    }

    /// Which credential the device asks for next; `None` if it asks for none, or has failed.
    pub fn next_credential(&self) -> Option<UserCredential> {
        self.phase.next_credential().filter(|_| self.outcome != DeploymentOutcome::Failed)
    }
}

/// The source of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeadlineSource {
    /// The enrollment status page that the record of the device names, and what Microsoft documents on top of its timeout.
    Page,
    /// The expectation of the watch.
    Settings,
    /// The documentation of Microsoft: the service's default page, and what is documented on top of its timeout.
    Documentation,
    /// One witness, who saw a device wait 25 minutes for its domain controller.
    Witness,
    /// An assumption: Microsoft names no time.
    Assumption,
}

impl DeadlineSource {
    /// All sources.
    pub const ALL: [Self; 5] =
        [Self::Page, Self::Settings, Self::Documentation, Self::Witness, Self::Assumption];

    /// Returns the name, such as `settings`: that of the JSON.
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
            Self::Witness => "by one witness of a device that waited 25 minutes for its domain controller",
            Self::Assumption => "by assumption, since Microsoft names no time",
        })
    }
}

/// When a phase began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseStart {
    /// The phase.
    pub phase: Phase,
    /// When it began, or was first seen.
    pub at: Timestamp,
    /// Whether the service reports the time. If not, it is that of the first look that showed the phase, and the phase
    /// began at some time since the look before.
    pub reported: bool,
}

/// Declares what the service reports of a device, with the label of each fact.
macro_rules! device_facts {
    ($( $(#[$meta:meta])* $field:ident: $ty:ty = $label:literal, )*) => {
        /// What the service reports of a device, as far as it matters for a deployment. No name of a person is in it.
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

            /// The facts that are known, each with its label.
            pub fn lines(&self) -> Vec<(&'static str, String)> {
                let mut lines = Vec::new();
                $( if let Some(value) = &self.$field { lines.push(($label, Shown::shown(value))); } )*
                lines
            }
        }
    };
}

device_facts! {
    /// The id of its registration, if that is another one than it is watched by.
    registration_id: Id<Device> = "registration",
    /// Its computer name.
    computer_name: Text = "computer name",
    /// Who made it.
    manufacturer: Text = "manufacturer",
    /// Its model.
    model: Text = "model",
    /// Its group tag.
    group_tag: Text = "group tag",
    /// The profile that is assigned to it.
    profile: Text = "profile",
    /// Where the assignment of the profile stands.
    profile_status: ProfileAssignmentStatus = "profile status",
    /// Whether a user is assigned to it.
    user_assigned: bool = "user assigned",
    /// How far it has come with enrollment.
    enrollment_state: EnrollmentState = "enrollment",
    /// Its id in Intune.
    managed_device_id: Id<ManagedDevice> = "Intune device",
    /// How it is joined, as Intune knows it.
    join_type: JoinType = "join type",
    /// Its object in Entra ID that the registration made.
    anchor_id: Id<DirectoryDevice> = "Entra object of the registration",
    /// Its object in Entra ID that was synced from Active Directory.
    hybrid_id: Id<DirectoryDevice> = "Entra object of the computer",
    /// Outcome of the device setup.
    device_setup: DeploymentState = "device setup",
    /// Outcome of the account setup.
    account_setup: DeploymentState = "account setup",
    /// Outcome of the deployment.
    deployment: DeploymentState = "deployment",
    /// Whether it meets its compliance policies: says nothing before a user has signed in.
    compliance_state: ComplianceState = "compliance",
    /// Version of Windows.
    os_version: Text = "Windows",
}

/// How a fact is shown.
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

/// `time` and `duration` later, or the end of time.
pub(super) fn later(time: Timestamp, duration: Duration) -> Timestamp {
    time.saturating_add(SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX)
}

/// A time span in words, such as `1 h 40 min`.
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
    fn spans_are_spelt_in_two_units() {
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
