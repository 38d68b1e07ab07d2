//! The public API on the simulated tenant: every typed call with what it changes, and the traps of the service.
//!
//! Every resource has an `every_call`: a life of its objects that makes each of its calls and looks at what came of it.
//! `coverage` makes all of them and asserts that the catalog of operations has nothing beyond.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

#[path = "support/operations.rs"]
mod operations;

mod api {
    mod apps;
    mod batches;
    mod configurations;
    mod connectors;
    mod consistency;
    mod coverage;
    mod devices;
    mod directory;
    mod enrollment;
    mod events;
    mod filters;
    mod groups;
    mod imports;
    mod managed_devices;
    mod mdm_policies;
    mod pages;
    mod permissions;
    mod profiles;
    mod sign_in;
    mod support;
    mod sync;
    mod users;
}
