//! The resultant set: outcomes, contenders and reasons.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::input::ObjectKind;
use crate::model::{AssignmentFilter, Device, Finding, Group, Id, Target};

/// The outcomes for all devices.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResultantSet {
    /// The devices, in the order of the input.
    pub devices: Vec<Resultant>,
}

/// The outcomes for one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resultant {
    /// The registration; `None` for a device that is not registered yet.
    pub device: Option<Id<Device>>,
    /// The serial number, or another name for reports.
    pub label: String,
    /// The deployment profile.
    pub profile: Effective,
    /// The enrollment status page.
    pub page: Effective,
    /// The domain join profile.
    pub domain_join: Effective,
}

/// The object of a given kind that a device gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effective {
    /// One object.
    #[non_exhaustive]
    Gets {
        /// The object that takes precedence.
        winner: Contender,
        /// The other objects that are assigned to the device, or may be, and the reason why each loses.
        lost: Vec<Loser>,
    },
    /// The default enrollment status page.
    #[non_exhaustive]
    DefaultPage {
        /// The pages that an exclusion or a filter keeps from the device.
        lost: Vec<Loser>,
    },
    /// Nothing.
    #[non_exhaustive]
    Nothing {
        /// The objects that an exclusion or a filter keeps from the device.
        lost: Vec<Loser>,
    },
    /// Several objects, although only one is allowed.
    #[non_exhaustive]
    Conflict {
        /// The objects that reach the device.
        contenders: Vec<Contender>,
    },
    /// An unknown outcome: the object that the device gets cannot be determined.
    #[non_exhaustive]
    Unknown {
        /// The objects that the device may get. It may also get none.
        possible: Vec<Contender>,
        /// The reasons why the outcome is not known.
        because: Vec<Finding>,
    },
}

/// An object that reaches a device, or might.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contender {
    /// The id of the object.
    pub id: String,
    /// The name of the object.
    pub display_name: String,
    /// The kind of the object.
    pub kind: ObjectKind,
    /// The target of the assignment that reaches the device; `None` if the assignments are not known.
    pub target: Option<Target>,
    /// The target for display, such as `group Autopilot Munich`.
    pub target_label: String,
    /// Whether the device matches the group's rule but is not a member yet.
    pub by_rule: bool,
    /// The priority of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The creation date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
}

/// An object that is assigned to a device but does not reach it, and the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Loser {
    /// The object that loses.
    pub contender: Contender,
    /// The reason why the object loses.
    pub by: LostBy,
}

/// The reason why an object loses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LostBy {
    /// The object excludes this group, which contains the device.
    Excluded(Id<Group>),
    /// This filter excludes the device.
    FilteredOut(Id<AssignmentFilter>),
    /// The winner is older.
    Older,
    /// The winner has a smaller priority number.
    LowerPriority,
    /// The object is assigned to all devices, whereas the winner is assigned to a group that contains the device.
    AllDevices,
    /// The page is assigned to the user, whereas the winner is assigned to the device.
    AssignedToUsers,
}

impl Effective {
    /// Returns the object that the device gets, if it gets exactly one.
    pub fn winner(&self) -> Option<&Contender> {
        match self {
            Self::Gets { winner, .. } => Some(winner),
            _ => None,
        }
    }

    /// Returns the objects that lose.
    pub fn lost(&self) -> &[Loser] {
        match self {
            Self::Gets { lost, .. } | Self::DefaultPage { lost } | Self::Nothing { lost } => lost,
            Self::Conflict { .. } | Self::Unknown { .. } => &[],
        }
    }

    /// Returns the outcome for a kind that was not requested.
    pub(crate) fn not_asked() -> Self {
        Self::Unknown { possible: Vec::new(), because: Vec::new() }
    }

    /// Returns `true` if the kind was not requested.
    pub(crate) fn is_not_asked(&self) -> bool {
        matches!(self, Self::Unknown { possible, because } if possible.is_empty() && because.is_empty())
    }

    /// Returns all objects.
    pub(crate) fn contenders_mut(&mut self) -> impl Iterator<Item = &mut Contender> {
        let (winner, lost, others) = match self {
            Self::Gets { winner, lost } => (Some(winner), Some(lost), None),
            Self::DefaultPage { lost } | Self::Nothing { lost } => (None, Some(lost), None),
            Self::Conflict { contenders } => (None, None, Some(contenders)),
            Self::Unknown { possible, .. } => (None, None, Some(possible)),
        };
        let lost = lost.into_iter().flatten().map(|loser| &mut loser.contender);
        winner.into_iter().chain(lost).chain(others.into_iter().flatten())
    }

    /// Returns `true` unless the outcome is [`Unknown`](Self::Unknown).
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }
}

/// Devices with the same outcomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResultantGroup {
    /// The serial numbers of the devices.
    pub devices: Vec<String>,
    /// The deployment profile.
    pub profile: Effective,
    /// The enrollment status page.
    pub page: Effective,
    /// The domain join profile.
    pub domain_join: Effective,
}

impl ResultantSet {
    /// Groups devices with the same outcomes for the same reasons.
    pub fn groups(&self) -> Vec<ResultantGroup> {
        let mut groups: Vec<ResultantGroup> = Vec::new();
        for device in &self.devices {
            let is_same = |group: &&mut ResultantGroup| {
                group.profile == device.profile
                    && group.page == device.page
                    && group.domain_join == device.domain_join
            };
            match groups.iter_mut().find(is_same) {
                Some(group) => group.devices.push(device.label.clone()),
                None => groups.push(ResultantGroup {
                    devices: vec![device.label.clone()],
                    profile: device.profile.clone(),
                    page: device.page.clone(),
                    domain_join: device.domain_join.clone(),
                }),
            }
        }
        groups
    }
}
