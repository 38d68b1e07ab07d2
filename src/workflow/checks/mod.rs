//! Checks for obstacles to a deployment.

mod devices;
#[cfg(test)]
mod edges;
mod objects;
mod tenant;

use jiff::Timestamp;

use super::hybrid_join::HybridJoin;
use super::networks;
use super::state::TenantState;
use crate::model::{DeviceToImport, Finding};

pub(super) fn check(
    desired: &HybridJoin,
    state: &TenantState,
    devices: &[DeviceToImport],
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    tenant::check_mdm(state, &mut found);
    tenant::check_connectors(desired, state, now, &mut found);
    objects::check_members(desired, state, &mut found);
    objects::check_profile(desired, state, &mut found);
    objects::check_page(desired, state, &mut found);
    let profiles: Vec<_> = state.hybrid_profiles().cloned().collect();
    objects::check_filters(desired, state, &profiles, &mut found);
    objects::check_filters(desired, state, &state.pages, &mut found);
    objects::check_filters(desired, state, &state.domain_joins, &mut found);
    objects::check_filters(desired, state, &state.skip_policies, &mut found);
    networks::check(desired, state, &mut found);
    objects::check_orphans(state, &mut found);
    devices::check_devices(desired, state, devices, &mut found);
    found
}
