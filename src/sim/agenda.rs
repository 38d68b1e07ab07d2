//! Executes the agenda's entries when they are due.

use jiff::Timestamp;

use super::resource::{assignment, device, directory_device, group, import, membership, sync};
use super::state::{Due, State};

/// Advances to `now`: executes due entries in order, each at its own time.
pub(super) fn advance(state: &mut State, now: Timestamp) {
    while let Some(due) = state.take_due(now) {
        happen(state, due);
    }
    state.now = state.now.max(now);
}

/// Advances to `now`, but at most to the first request for a computer: later entries run after its answer.
pub(super) fn advance_to_request(state: &mut State, now: Timestamp) {
    while state.deployments.requests.is_empty() {
        let Some(due) = state.take_due(now) else {
            state.now = state.now.max(now);
            return;
        };
        happen(state, due);
    }
}

fn happen(state: &mut State, due: Due) {
    match due {
        Due::ImportStarts(id) => import::start(state, &id),
        Due::ImportEnds(id) => import::end(state, &id),
        Due::IdentityAppears(id) => device::show(state, &id),
        Due::IdentityGoes(id) => device::remove(state, &id),
        Due::SyncEnds => sync::end(state),
        Due::DeviceIsEvaluated(id) => membership::evaluate_device(state, &id),
        Due::GroupIsEvaluated(id) => membership::evaluate_group(state, &id),
        Due::MemberJoins { group, member } => membership::join(state, &group, &member),
        Due::MemberLeaves { group, member } => membership::leave(state, &group, &member),
        Due::GroupGoes(id) => group::remove(state, &id),
        Due::DeviceGoes(id) => directory_device::remove(state, &id),
        Due::OrphansGo(group) => assignment::remove_orphans(state, &group),
        Due::DeploymentMoves(run) => state.move_deployment(&run),
        Due::JoinTimesOut { run, request } => state.time_out_join(&run, request),
        Due::HybridDeviceAppears(run) => state.show_hybrid_device(&run),
    }
}
