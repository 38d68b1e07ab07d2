//! The reading of a device's evidence: stories as real files and archives, hostile files, and public samples.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

#[path = "../support/bundle/mod.rs"]
mod bundle;
mod files;
#[path = "../support/folder.rs"]
mod folder;
mod limits;
mod memory;
