//! Removes what a workflow created, and nothing else.

mod act;
mod found;
mod plan;
mod resolve;
mod scope;
mod uses;

pub use self::act::{TeardownEvent, TeardownOptions, TeardownReport};
pub use self::plan::{PlannedRemoval, RemovalAction, Teardown, TeardownPlan};
