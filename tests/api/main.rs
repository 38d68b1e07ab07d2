//! The public API on the simulated tenant: every typed call with its effect, and the traps of the service.
//!
//! Every resource has an `every_call`: a life of its objects that makes each of its calls and asserts the outcome.
//! `coverage` makes all of them and asserts that the catalog of operations has nothing beyond.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

#[path = "../support/operations.rs"]
mod operations;

mod app;
mod bad_requests;
mod batches;
#[cfg(feature = "interactive")]
mod browser;
mod connector;
mod consistency;
mod coverage;
mod device;
mod directory_device;
mod domain_join;
mod esp;
mod event;
mod filter;
mod gaps;
mod group;
mod import;
mod managed_device;
mod mdm;
mod pages;
mod permissions;
mod profile;
mod sign_in;
mod support;
mod sync;
mod user;
