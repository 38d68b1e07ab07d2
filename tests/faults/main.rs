//! What a Graph client must survive, fault by fault: one test for each, numbered as in the project's list of faults.
//!
//! Over `transport_fn` and in virtual time; what needs a socket is in `tests/http/transport.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod abreast;
mod answers;
mod batch;
mod broken;
mod deadline;
mod edges;
mod foreign;
mod harness;
#[path = "../support/log.rs"]
mod log;
mod matrix;
mod observe;
mod paced;
mod paging;
mod secrets;
mod sign_in;
mod throttling;
mod writes;
