//! The exit codes of the examples: one table for all, see the crate's documentation, `docs::exit_codes`.
#![allow(dead_code, reason = "each example uses its part")]

use std::process::ExitCode;

/// There was nothing to do, or all of it is done.
pub(crate) const NOTHING_TO_DO: u8 = 0;
/// It failed.
pub(crate) const FAILURE: u8 = 1;
/// The command line or the settings cannot be used.
pub(crate) const USAGE: u8 = 2;
/// Changes to make, drift, or a missing right.
pub(crate) const DIFFERENT: u8 = 3;
/// A finding stands in the way, or a file is faulty.
pub(crate) const BLOCKED: u8 = 4;
/// Not all is known.
pub(crate) const NOT_KNOWN: u8 = 5;

/// Ends with a code of the table.
pub(crate) fn with(code: u8) -> ExitCode {
    ExitCode::from(code)
}
