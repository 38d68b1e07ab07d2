//! The resultant set: the deployment profile, status page and domain join profile that each device gets.
//!
//! [`resultant`] is a pure function of the input that [`ResultantSet::read`] reads. The rules are:
//!
//! * An exclusion of a group that contains the device overrides every other assignment of the same object. A filter
//!   narrows its own assignment only.
//! * Profile: the oldest one assigned to a group that contains the device, or else the one assigned to all devices.
//! * Status page: the one with the smallest priority number that reaches the device, or else the one that reaches its
//!   user, or else the default page.
//! * Domain join: exactly one profile may reach the device. More than one is a conflict. User assignments are ignored.
//! * Before a device enrolls, filters see only its manufacturer, model and deployment profile name. The result of a
//!   filter on another property is unknown.

mod decide;
mod display;
mod filter_rule;
mod input;
mod outcome;
mod reach;
mod read;
#[cfg(test)]
mod tests;

pub use self::decide::resultant;
pub use self::input::{AssignedObject, DeviceView, GroupMembers, GroupView, ObjectKind, ResultantInput};
pub use self::outcome::{Contender, Effective, Loser, LostBy, Resultant, ResultantGroup, ResultantSet};
pub(super) use self::reach::rule_fits;
pub use self::read::ReadEvent;
pub(super) use self::read::{anchor_of, if_allowed, named_groups, read_anchors, read_filters, read_groups};
