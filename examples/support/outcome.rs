//! The exit code of a plan.
#![allow(dead_code, reason = "each example uses its part")]

use std::process::ExitCode;

use windows_autopilot::workflow::{Plan, PlanStatus};

use crate::exit;

/// Returns the exit code of a plan that is not carried out.
pub(crate) fn of(plan: &Plan) -> ExitCode {
    exit::with(match plan.status() {
        PlanStatus::Same => exit::NOTHING_TO_DO,
        PlanStatus::Changed => exit::DIFFERENT,
        PlanStatus::Blocked => exit::BLOCKED,
        _ => exit::NOT_KNOWN,
    })
}
