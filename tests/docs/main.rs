//! Pages and lines of the manual that are made from the code, or checked against it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code"
)]

mod calls;
#[cfg(feature = "sim")]
mod coverage;
mod findings;
mod grammar;
#[cfg(feature = "sim")]
mod permissions;
mod tables;
mod writes;
