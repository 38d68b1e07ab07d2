//! The intended and the assigned profiles of registered devices.

use super::effective::Audience;
use crate::sim::rows::{Identity, Targeting};
use crate::sim::state::State;
use crate::sim::store::later;

/// Returns the current profile of a device.
pub(crate) fn targeting<'i>(state: &State, identity: &'i Identity) -> Targeting<'i> {
    let exists = |id: &str| state.profiles.get(id).is_some();
    let settles = later(identity.since, state.options.lag.profile);
    let intended = identity.intended.as_deref();
    let before = identity.before.as_ref().map(|(id, at)| (id.as_str(), *at)).filter(|(id, _)| exists(id));
    let settled = settles <= state.now;
    let assigned = if settled { intended.map(|id| (id, settles)) } else { before };
    let status = match (intended, before) {
        (Some(_), _) if settled => "assignedInSync",
        (Some(_), _) => "pending",
        (None, Some(_)) if !settled => "assignedOutOfSync",
        (None, _) => "notAssigned",
    };
    Targeting { intended, assigned, status }
}

/// Redetermines the intended profile of a device.
pub(crate) fn retarget(state: &mut State, id: &str) {
    let Some(identity) = state.identities.get(id) else { return };
    let intended = intended(state, identity);
    if intended == identity.intended {
        return;
    }
    let before = targeting(state, identity).assigned.map(|(id, at)| (id.to_owned(), at));
    let now = state.now;
    state.identities.update(id, |identity| {
        identity.intended = intended;
        identity.since = now;
        identity.before = before;
    });
}

/// Redetermines the intended profiles of all devices.
pub(crate) fn retarget_all(state: &mut State) {
    let ids: Vec<String> = state.identities.iter().map(|identity| identity.id.clone()).collect();
    for id in ids {
        retarget(state, &id);
    }
}

/// Returns the intended profile of a registered device.
fn intended(state: &State, identity: &Identity) -> Option<String> {
    if let Some(direct) = &identity.direct_profile
        && state.profiles.get(direct).is_some()
    {
        return Some(direct.clone());
    }
    Audience::of_device(state, identity).profile().map(|profile| profile.id.clone())
}
