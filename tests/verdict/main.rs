//! Verdicts over the evidence of deployments: the right cause, and never a wrong certainty.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

#[path = "../support/bundle/mod.rs"]
mod bundle;
mod causes;
mod chain;
mod stories;
mod tenant;
