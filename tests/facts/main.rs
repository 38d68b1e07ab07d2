//! The crate against the facts about the service: models, operations, documentation and the simulated tenant.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod files;
mod filters;
mod observations;
mod operations;
#[cfg(feature = "sim")]
mod rules;
mod settings;
#[cfg(feature = "sim")]
mod sim;
mod versions;
