//! The error of a tool.

use std::error::Error;
use std::fmt::Display;

use super::exit;

/// The end of a tool that failed: an exit code, and sentences for a person.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Failure {
    /// Creates the failure of a command line or a settings file that cannot be used.
    pub(crate) fn usage(problem: impl Display) -> Self {
        Self { code: exit::USAGE, message: problem.to_string() }
    }
}

/// Any error fails a tool; its causes follow it, a line each.
impl<E: Into<Box<dyn Error>>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(&format!("\n  caused by: {error}"));
            cause = error.source();
        }
        Self { code: exit::FAILURE, message }
    }
}
