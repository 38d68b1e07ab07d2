//! Windows Autopilot settings: the sync with the deployment service, and its interval of ten minutes.

use std::time::Duration;

use http::StatusCode;

use super::device;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata;
use crate::sim::state::{Due, State};
use crate::sim::store::{Body, body, date, later};

const PATH: &str = "deviceManagement/windowsAutopilotSettings";
const TYPE: &str = "windowsAutopilotSettings";

/// The minimum interval between two syncs.
const SPACING: Duration = Duration::from_secs(600);

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::show(exchange, TYPE, PATH, view(exchange.state))
}

/// Checks a PATCH without changing anything: the service owns all settings.
pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    exchange.sent(TYPE)?;
    get(exchange)
}

pub(crate) fn sync(exchange: &mut Exchange<'_>) -> Answer {
    let state = &mut *exchange.state;
    if state.sync.running {
        return Err(Failure::intune(StatusCode::CONFLICT, "Conflict", "A sync is in progress."));
    }
    if state.sync.triggered.is_some_and(|at| later(at, SPACING) > state.now) {
        return Err(Failure::too_many_requests("A sync was requested less than 10 minutes ago."));
    }
    state.sync.triggered = Some(state.now);
    state.sync.running = true;
    state.plan(state.options.lag.sync, Due::SyncEnds);
    Ok(Reply::NoContent)
}

fn view(state: &State) -> Body {
    let sync = &state.sync;
    let status = match (sync.running, sync.ended) {
        (true, _) => "inProgress",
        (false, Some(_)) => "completed",
        (false, None) => "unknown",
    };
    body([
        ("id", state.tenant_id.clone().into()),
        ("lastManualSyncTriggerDateTime", date(sync.triggered)),
        ("lastSyncDateTime", date(sync.ended)),
        ("syncStatus", status.into()),
    ])
}

/// Ends the sync: registered devices become visible, deleted ones disappear.
pub(crate) fn end(state: &mut State) {
    state.sync.running = false;
    state.sync.ended = Some(state.now);
    let open = state.identities.iter().filter(|of| !of.visible || of.deleting);
    let open: Vec<(String, bool)> = open.map(|of| (of.id.clone(), of.deleting)).collect();
    for (id, deleting) in open {
        if deleting { device::remove(state, &id) } else { device::show(state, &id) }
    }
}
