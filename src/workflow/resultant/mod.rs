//! The resultant set: the profile, the status page and the domain join that each device gets.
//!
//! [`resultant`] is a pure function of what was read: [`ResultantSet::read`] reads it. The rules:
//!
//! * An exclusion of a group that has the device beats every other assignment of the same object, and a filter narrows its
//!   own assignment only.
//! * Profile: of those that are assigned to groups of the device the oldest; else the one for all devices.
//! * Status page: of those that reach the device the one with the smallest priority; else the same among those that reach
//!   its user; else the default page.
//! * Domain join: exactly one profile may reach the device. Two are a conflict. Users have none.
//! * Before a device enrolls, filters see its manufacturer, its model and the name of its deployment profile. A filter on
//!   another property is not known.

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
