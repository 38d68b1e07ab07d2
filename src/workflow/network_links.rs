//! The links of a domain join profile to other device configurations in a tenant.

use super::hybrid_join::HybridJoin;
use crate::error::{ErrorKind, Result};
use crate::graph::Client;
use crate::model::{DeviceConfiguration, DisplayName, DomainJoinProfile, Id, Lookup, RawObject, Stored};

/// A link from a domain join profile to a device configuration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NetworkLink {
    pub(super) id: Id<DeviceConfiguration>,
    /// The kind and name, for display.
    pub(super) label: String,
}

/// Returns the type of a configuration, for display.
pub(super) fn kind_of(configuration: &DeviceConfiguration) -> &str {
    configuration.odata_type().unwrap_or("configuration").trim_start_matches("#microsoft.graph.")
}

pub(super) fn link_to(configuration: &DeviceConfiguration) -> Option<NetworkLink> {
    let name = configuration.display_name().unwrap_or_default();
    Some(NetworkLink { id: configuration.any_id()?, label: format!("{} {name}", kind_of(configuration)) })
}

/// Reads the links of the deployment's domain join profile, if the settings name any. They are unknown if the service
/// does not support the call.
pub(super) async fn read(
    client: &Client,
    desired: &HybridJoin,
    own: Option<&Stored<DomainJoinProfile>>,
) -> Result<Lookup<Vec<NetworkLink>>> {
    let names =
        desired.domain_join.as_ref().is_some_and(|join| !join.network_access_configurations.is_empty());
    let Some(own) = own.filter(|_| names) else { return Ok(Lookup::Absent) };
    match client.domain_join_profiles().network_access_configurations(&own.id).all().await {
        Ok(linked) => {
            let link = |raw: RawObject| {
                let kind =
                    raw.odata_type().unwrap_or("configuration").trim_start_matches("#microsoft.graph.");
                let name = raw.properties().text("displayName").unwrap_or_default();
                Some(NetworkLink { id: raw.id()?.parse().ok()?, label: format!("{kind} {name}") })
            };
            Ok(Lookup::Present(linked.into_iter().filter_map(link).collect()))
        }
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::Rejected | ErrorKind::Forbidden | ErrorKind::Decode
            ) =>
        {
            Ok(Lookup::Unknown)
        }
        Err(error) => Err(error),
    }
}

/// Returns the configurations that the settings name, whose assignments a plan reads.
pub(super) fn wanted<'a>(
    desired: &'a HybridJoin,
    configurations: &'a [DeviceConfiguration],
) -> impl Iterator<Item = &'a DeviceConfiguration> {
    let names = desired.domain_join.iter().flat_map(|join| &join.network_access_configurations);
    let names: Vec<&str> = names.map(DisplayName::as_str).collect();
    configurations.iter().filter(move |found| {
        !matches!(found, DeviceConfiguration::DomainJoin(_))
            && found.display_name().is_some_and(|name| names.contains(&name))
    })
}
