//! The replacement of a registration after a repair has changed the device's motherboard.

mod act;
mod plan;

pub use self::act::{ReplacementEvent, ReplacementReport};
pub use self::plan::{ReplaceMotherboard, ReplacementPlan};
