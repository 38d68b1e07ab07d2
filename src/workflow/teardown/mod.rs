//! The removal of what a workflow created, and of nothing else.

mod act;
mod plan;
mod resolve;
mod scope;
mod uses;

pub use self::act::{TeardownEvent, TeardownOptions, TeardownReport};
pub use self::plan::{PlannedRemoval, RemovalAction, Teardown, TeardownPlan};
