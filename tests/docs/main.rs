//! Pages and lines of the manual that are made from the code, or checked against it.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod findings;
