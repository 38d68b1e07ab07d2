//! The small library that the tools among the examples share.
//!
//! A tool is a function from its command line and output, a [`Tool`], to an exit code or a [`Failure`]; [`run`] is its
//! `main`. The recipes need none of this.
//!
//! | module | provides |
//! | --- | --- |
//! | `tool` | options, output as text or JSON, the confirmation before a write |
//! | `exit`, `failure` | the table of exit codes; errors as sentences |
//! | `connection` | a client of the simulated tenant, or with `--live`, of a real one |
//! | `deployment` | settings and devices from files, and a simulated tenant that is ready for them |
//! | `progress` | the progress of an apply on a terminal |
//! | `round` | a round over many tenants in shards, with reports and journals |
//! | `fleet` | simulated devices, some with a flaw, for the tools that watch |
#![allow(dead_code, unused_imports, reason = "each tool uses its part")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool talks to a person")]

#[cfg(feature = "sim")]
mod connection;
#[cfg(all(feature = "sim", feature = "workflow"))]
pub(crate) mod deployment;
pub(crate) mod exit;
mod failure;
#[cfg(all(feature = "sim", feature = "workflow"))]
pub(crate) mod fleet;
#[cfg(feature = "workflow")]
pub(crate) mod progress;
#[cfg(feature = "workflow")]
pub(crate) mod round;
mod tool;

#[cfg(feature = "sim")]
pub(crate) use self::connection::{Connection, connect, real_client};
pub(crate) use self::failure::Failure;
pub(crate) use self::tool::{Tool, read_file, run};
