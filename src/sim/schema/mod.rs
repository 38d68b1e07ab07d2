//! The types of Graph in scope: their properties, and the allowed writes.

mod beyond;
mod check;
mod directory;
mod enums;
mod intune;
mod lookup;
mod metadata;
mod subset;
mod trim;
mod types;

pub(super) use self::check::{BASE64, check, check_value, is_time, not_assignable};
pub(super) use self::lookup::{find, is_time_of, set_too_late, spelling};
pub use self::metadata::metadata;
pub(super) use self::subset::is_filterable;
pub(super) use self::trim::trim;
pub(super) use self::types::{Kind, Property, Reading, Type};
