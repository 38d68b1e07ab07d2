//! The on-premises part against a real domain controller: Samba, as `.ci/samba start FOLDER` makes one and tells where it
//! is in the environment. Without one, each test says that it was skipped.
//!
//! `set -a; . <(.ci/samba start /tmp/ad); set +a; cargo test --features ldap,sim,workflow --test directory; .ci/samba stop /tmp/ad`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod access;
mod connectors;
mod controller;
mod delegation;
#[path = "../support/findings.rs"]
mod findings;
mod hardened;
#[cfg(all(feature = "sim", feature = "workflow"))]
mod lab;
#[cfg(all(feature = "sim", feature = "workflow"))]
#[path = "../support/lab.rs"]
mod lab_support;
#[cfg(all(feature = "sim", feature = "workflow"))]
mod offline_join;
mod preflight;
mod proxy;
mod receipts;
mod search;
mod sign_in;
mod tls;
