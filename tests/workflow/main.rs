//! A deployment as a whole, on the simulated tenant.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod agreement;
mod apply;
mod bad_input;
mod edges;
mod export;
#[path = "../support/findings.rs"]
mod findings;
#[path = "../support/folder.rs"]
mod folder;
mod items;
#[cfg(feature = "ad")]
mod lab;
#[cfg(feature = "ad")]
#[path = "../support/lab.rs"]
mod lab_support;
mod life;
mod lists;
#[cfg(feature = "ad")]
mod lives;
#[cfg(feature = "ad")]
mod on_premises;
mod other_hands;
mod plan;
mod preflight;
mod random;
mod replace;
mod retag;
mod scale;
mod scope;
mod settings;
mod shards;
mod stories;
mod support;
mod teardown;
#[path = "../../examples/support/mod.rs"]
mod tools;
mod two_operators;
mod watch;
