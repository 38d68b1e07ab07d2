//! The exit codes of the tools, in one table for all: see `docs::exit_codes` in the crate's documentation.

/// There was nothing to do, or all of it is done.
pub(crate) const DONE: u8 = 0;
/// The tool failed.
pub(crate) const FAILURE: u8 = 1;
/// The command line or a settings file cannot be used.
pub(crate) const USAGE: u8 = 2;
/// Something differs: changes to make, drift, or a missing right.
pub(crate) const DIFFERENT: u8 = 3;
/// A finding stops the tool, or a file is faulty.
pub(crate) const BLOCKED: u8 = 4;
/// A part could not be read.
pub(crate) const NOT_KNOWN: u8 = 5;

/// Returns the exit code of a plan that is not applied.
#[cfg(feature = "workflow")]
pub(crate) fn of(plan: &windows_autopilot::workflow::Plan) -> u8 {
    use windows_autopilot::workflow::PlanStatus;

    match plan.status() {
        PlanStatus::Same => DONE,
        PlanStatus::Changed => DIFFERENT,
        PlanStatus::Blocked => BLOCKED,
        _ => NOT_KNOWN,
    }
}
