//! Applies a plan.

mod context;
mod devices;
mod objects;
mod report;
mod run;

pub use self::report::{ApplyEvent, ApplyOptions, ApplyReport};
