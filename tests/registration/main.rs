//! What comes with the box: device files, hardware hashes, and the rules that they have to keep.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code"
)]

mod rules;
mod samples;
