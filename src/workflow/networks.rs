//! The network access configurations of a deployment's domain join profile: links to other device configurations.

use super::findings::*;
use super::hybrid_join::HybridJoin;
use super::network_links::{NetworkLink, kind_of, link_to};
use super::state::TenantState;
use super::step::{Action, PlannedStep, Step};
use crate::model::{DeviceConfiguration, DisplayName, Finding, Lookup};

/// The links to add and to remove.
#[derive(Debug, Default)]
pub(super) struct NetworksTodo {
    pub(super) add: Vec<NetworkLink>,
    pub(super) remove: Vec<NetworkLink>,
}

/// Plans the links. `is_new`: whether the profile is created; `None` if it is neither created nor changed.
pub(super) fn prepare(
    desired: &HybridJoin,
    state: &TenantState,
    is_new: Option<bool>,
    steps: &mut Vec<PlannedStep>,
) -> NetworksTodo {
    let mut todo = NetworksTodo::default();
    let (Some(join), Some(is_new)) = (&desired.domain_join, is_new) else { return todo };
    if join.network_access_configurations.is_empty() {
        return todo;
    }
    let subject = format!("{}, network access configurations", join.display_name);
    let held = match &state.networks {
        _ if is_new => &[],
        Lookup::Present(held) => held.as_slice(),
        // The check says so.
        _ => return todo,
    };
    let (mut wanted, mut has_all) = (Vec::new(), true);
    for name in &join.network_access_configurations {
        match named(state, name).as_slice() {
            [configuration] => wanted.extend(link_to(configuration)),
            found => {
                has_all = false;
                let evidence =
                    format!("names {name}, and {} device configurations have this name", found.len());
                let finding =
                    DOMAIN_JOIN_NETWORK_NOT_ONE.at("domain_join.network_access_configurations", evidence);
                steps.push(PlannedStep::new(Step::DomainJoin, subject.clone(), Action::Blocked(finding)));
            }
        }
    }
    if !has_all {
        return todo;
    }
    let is_held = |link: &&NetworkLink| !held.iter().any(|held| held.id == link.id);
    todo.add = wanted.iter().filter(is_held).cloned().collect();
    if desired.remove_other_assignments {
        let is_other = |link: &&NetworkLink| !wanted.iter().any(|wanted| wanted.id == link.id);
        todo.remove = held.iter().filter(is_other).cloned().collect();
    }
    let labels = |links: &[NetworkLink]| links.iter().map(|link| link.label.clone()).collect::<Vec<_>>();
    let action = match (todo.add.as_slice(), todo.remove.as_slice()) {
        ([], []) => Action::Keep,
        (add, remove) => Action::Assign { add: labels(add), remove: labels(remove) },
    };
    steps.push(PlannedStep::new(Step::DomainJoin, subject, action));
    todo
}

fn named<'a>(state: &'a TenantState, name: &DisplayName) -> Vec<&'a DeviceConfiguration> {
    let is_named = |found: &&DeviceConfiguration| {
        found.display_name() == Some(name.as_str()) && !matches!(found, DeviceConfiguration::DomainJoin(_))
    };
    state.configurations.iter().filter(is_named).collect()
}

/// Checks the configurations that the settings name.
pub(super) fn check(desired: &HybridJoin, state: &TenantState, findings: &mut Vec<Finding>) {
    let Some(join) = &desired.domain_join else { return };
    if state.networks == Lookup::Unknown && !join.network_access_configurations.is_empty() {
        let evidence = "the service did not return the network access configurations of the profile";
        findings.push(DOMAIN_JOIN_NETWORK_NOT_READ.at(join.display_name.as_str(), evidence));
    }
    for name in &join.network_access_configurations {
        let [configuration] = named(state, name)[..] else { continue };
        let kind = kind_of(configuration);
        let lower = kind.to_ascii_lowercase();
        let is_network = ["wifi", "vpn", "wired", "certificate"].iter().any(|part| lower.contains(part))
            && lower.starts_with("windows");
        if !is_network {
            let evidence = format!("is of the kind {kind}");
            findings.push(DOMAIN_JOIN_NETWORK_KIND.at(name.as_str(), evidence));
        }
        let is_assigned =
            configuration.id().and_then(|id| state.assignments.get(id)).map(|held| !held.is_empty());
        if is_assigned == Some(false) {
            let evidence = "is linked to the domain join profile, and assigned to nothing";
            findings.push(DOMAIN_JOIN_NETWORK_NOT_ASSIGNED.at(name.as_str(), evidence));
        }
        if lower.contains("vpn")
            && desired.profile.as_ref().is_some_and(|profile| !profile.skip_connectivity_check)
        {
            let evidence = "devices look for a domain controller before a VPN of the user connects";
            findings.push(DOMAIN_JOIN_VPN_WITHOUT_SKIP.at(name.as_str(), evidence));
        }
    }
}
