//! Checks of the tenant: the MDM policy and the connectors.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Connector, ConnectorState, ConnectorVersion, Finding};
use crate::workflow::findings::*;
use crate::workflow::hybrid_join::HybridJoin;
use crate::workflow::permissions::delegated_only;
use crate::workflow::state::{MdmRead, TenantState};

pub(super) fn check_mdm(state: &TenantState, found: &mut Vec<Finding>) {
    match &state.mdm {
        Some(MdmRead::NotAllowed) => found.push(delegated_only()),
        Some(MdmRead::Policy(policy)) => {
            if policy.is_mdm_enrollment_during_registration_disabled == Some(true) {
                let evidence = "enrollment during registration is switched off, whatever the scope is";
                found.push(MDM_DISABLED_DURING_REGISTRATION.at("MDM user scope", evidence));
            }
            if policy.is_valid == Some(false) {
                let evidence = "the policy of Microsoft Intune is not valid, and cannot be changed";
                found.push(MDM_NOT_VALID.at("MDM user scope", evidence));
            }
        }
        Some(MdmRead::Missing) | None => {}
    }
}

pub(super) fn check_connectors(
    desired: &HybridJoin,
    state: &TenantState,
    now: Timestamp,
    found: &mut Vec<Finding>,
) {
    let Some(expected) = &desired.connectors else { return };
    let domain = &desired.active_directory.domain;
    let mut in_order = 0;
    let has_name = |connector: &Connector, name: &str| {
        connector.display_name.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(name))
    };
    for name in &expected.names {
        if !state.connectors.iter().any(|connector| has_name(connector, name)) {
            let evidence = "is expected but not among the tenant's connectors";
            found.push(CONNECTOR_MISSING.at(name.as_str(), evidence));
        }
    }
    let serves = |connector: &&Connector| {
        expected.names.is_empty() || expected.names.iter().any(|name| has_name(connector, name))
    };
    for connector in state.connectors.iter().filter(serves) {
        if check_connector(connector, expected.max_contact_age(), now, found) {
            in_order += 1;
        }
    }
    if in_order < expected.min_healthy {
        let count = state.connectors.len();
        let evidence = format!(
            "{in_order} of {count} connectors are healthy, and at least {} must be",
            expected.min_healthy
        );
        found.push(CONNECTOR_TOO_FEW.at(domain.as_str(), evidence));
    }
}

/// Checks a connector. Returns `true` if the connector is active, recently in contact and of a working version.
fn check_connector(
    connector: &Connector,
    max_contact_age: std::time::Duration,
    now: Timestamp,
    found: &mut Vec<Finding>,
) -> bool {
    let name = connector.display_name.as_deref().unwrap_or_else(|| connector.id.as_str());
    let mut in_order = true;
    if connector.state.as_ref() != Some(&ConnectorState::Active) {
        in_order = false;
        let state = connector.state.as_ref().map_or("not known", ConnectorState::as_str);
        found.push(CONNECTOR_NOT_ACTIVE.at(name, format!("its state is {state}")));
    }
    let version = connector.version.as_deref().map(str::parse::<ConnectorVersion>);
    match version {
        Some(Ok(version)) if version < ConnectorVersion::MINIMUM => {
            in_order = false;
            let finding =
                CONNECTOR_TOO_OLD.at(name, format!("version {version} no longer processes requests"));
            let remedy = "uninstall it and install the current one";
            found.push(finding.with_remedy(format!("{remedy}: {} at least", ConnectorVersion::MINIMUM)));
        }
        Some(Ok(version)) if version < ConnectorVersion::RECOMMENDED => {
            let finding =
                CONNECTOR_OLD.at(name, format!("version {version} has sign-in and replication faults"));
            let remedy = format!("update it to {} or later", ConnectorVersion::RECOMMENDED);
            found.push(finding.with_remedy(remedy));
        }
        Some(Ok(_)) => {}
        Some(Err(_)) | None => {
            in_order = false;
            found.push(CONNECTOR_VERSION_NOT_KNOWN.at(name, "reports no readable version"));
        }
    }
    let silent = connector.last_connection_date_time.map(|last| now.duration_since(last));
    let limit = SignedDuration::try_from(max_contact_age).unwrap_or(SignedDuration::MAX);
    if silent.is_none_or(|silent| silent > limit) {
        in_order = false;
        let evidence = match silent {
            Some(silent) => format!("last contacted Intune {} h ago", silent.as_hours()),
            None => "never contacted Intune".to_owned(),
        };
        found.push(CONNECTOR_SILENT.at(name, evidence));
    }
    in_order
}
