//! The data of a deployment: settings that an administrator decides, observations that the service reports, and
//! checked types for every value with a rule. No I/O, no clock.

mod finding;
mod ids;
mod invalid;
mod open_enum;
mod text;

pub use self::finding::{Finding, Severity};
pub use self::ids::Id;
pub use self::invalid::InvalidValue;
pub use self::open_enum::UnknownValue;
pub use self::text::{Personal, Text};
