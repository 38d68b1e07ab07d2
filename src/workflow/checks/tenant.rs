//! Checks of the tenant: the MDM policy and the connectors.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Connector, ConnectorState, ConnectorVersion, Finding, Severity};
use crate::workflow::hybrid_join::HybridJoin;
use crate::workflow::permissions::delegated_only;
use crate::workflow::state::{MdmRead, TenantState};

pub(super) fn check_mdm(state: &TenantState, found: &mut Vec<Finding>) {
    match &state.mdm {
        Some(MdmRead::NotAllowed) => found.push(delegated_only()),
        Some(MdmRead::Policy(policy)) => {
            if policy.is_mdm_enrollment_during_registration_disabled == Some(true) {
                found.push(Finding::new(
                    "mdm.disabled-during-registration",
                    Severity::Error,
                    "MDM user scope",
                    "enrollment during registration is switched off, whatever the scope is",
                    "set isMdmEnrollmentDuringRegistrationDisabled to false on the policy of Microsoft Intune",
                ));
            }
            if policy.is_valid == Some(false) {
                found.push(Finding::new(
                    "mdm.not-valid",
                    Severity::Error,
                    "MDM user scope",
                    "the policy of Microsoft Intune is not valid, and cannot be changed",
                    "delete the policy and set it up again",
                ));
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
            found.push(Finding::new(
                "connector.missing",
                Severity::Warning,
                name.as_str(),
                "is expected and not among the tenant's connectors",
                "install the Intune Connector on it; one that was installed minutes ago may not show yet",
            ));
        }
    }
    let serves = |connector: &&Connector| {
        expected.names.is_empty() || expected.names.iter().any(|name| has_name(connector, name))
    };
    for connector in state.connectors.iter().filter(serves) {
        if check_connector(connector, expected.heard_within(), now, found) {
            in_order += 1;
        }
    }
    if in_order < expected.at_least {
        found.push(Finding::new(
            "connector.too-few",
            Severity::Error,
            domain.as_str(),
            format!(
                "{in_order} of {} connectors are in order, and at least {} must be",
                state.connectors.len(),
                expected.at_least
            ),
            "without one, no computer account is created and every device stops with 0x80070774",
        ));
    }
}

/// Checks a connector, and returns `true` if it is active, of a version that works, and in contact.
fn check_connector(
    connector: &Connector,
    heard_within: std::time::Duration,
    now: Timestamp,
    found: &mut Vec<Finding>,
) -> bool {
    let name = connector.display_name.as_deref().unwrap_or_else(|| connector.id.as_str());
    let mut in_order = true;
    if connector.state.as_ref() != Some(&ConnectorState::Active) {
        in_order = false;
        let state = connector.state.as_ref().map_or("not known", ConnectorState::as_str);
        found.push(Finding::new(
            "connector.not-active",
            Severity::Warning,
            name,
            format!("its state is {state}"),
            "look at the service Intune ODJConnector on the server, and at its event log",
        ));
    }
    let version = connector.version.as_deref().map(str::parse::<ConnectorVersion>);
    match version {
        Some(Ok(version)) if version < ConnectorVersion::MINIMUM => {
            in_order = false;
            found.push(Finding::new(
                "connector.too-old",
                Severity::Error,
                name,
                format!("version {version} no longer processes requests"),
                format!("uninstall it and install the current one: {} at least", ConnectorVersion::MINIMUM),
            ));
        }
        Some(Ok(version)) if version < ConnectorVersion::RECOMMENDED => found.push(Finding::new(
            "connector.old",
            Severity::Warning,
            name,
            format!("version {version} has sign-in and replication faults"),
            format!("update it to {} or later", ConnectorVersion::RECOMMENDED),
        )),
        Some(Ok(_)) => {}
        Some(Err(_)) | None => {
            in_order = false;
            found.push(Finding::new(
                "connector.version-not-known",
                Severity::Warning,
                name,
                "reports no version that can be read",
                "look at it on the server",
            ));
        }
    }
    let silent = connector.last_connection_date_time.map(|last| now.duration_since(last));
    let limit = SignedDuration::try_from(heard_within).unwrap_or(SignedDuration::MAX);
    if silent.is_none_or(|silent| silent > limit) {
        in_order = false;
        let evidence = match silent {
            Some(silent) => format!("was last heard from {} hours ago", silent.as_hours()),
            None => "was never heard from".to_owned(),
        };
        found.push(Finding::new(
            "connector.silent",
            Severity::Warning,
            name,
            evidence,
            "check that the server is on and reaches Intune; with a proxy, restart the service",
        ));
    }
    in_order
}
