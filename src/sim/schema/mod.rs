//! The types of Graph in scope: their properties, and the allowed writes.

mod beyond;
mod check;
mod directory;
mod enums;
mod intune;
mod lookup;
mod metadata;
mod trim;
mod types;

pub(super) use self::check::{BASE64, check, check_value, not_assignable};
pub(super) use self::lookup::{find, has_property, set_too_late};
pub use self::metadata::metadata;
pub(super) use self::trim::trim;
pub(super) use self::types::{Kind, Property};
