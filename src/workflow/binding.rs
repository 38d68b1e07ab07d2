//! The binding of a plan to its tenant and its inputs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::hybrid_join::HybridJoin;
use super::import::{devices_digest, hex_digest};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Client, Cloud};
use crate::model::DeviceToImport;

/// A tenant and its cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanTenant {
    /// The tenant's id; `None` if the token does not show it.
    pub tenant_id: Option<String>,
    /// The address of Graph in the tenant's cloud.
    pub cloud: String,
}

impl PlanTenant {
    pub(super) async fn of(client: &Client) -> Result<Self> {
        Ok(Self { tenant_id: client.tenant_id().await?, cloud: client.cloud().graph().to_owned() })
    }

    /// Checks that `client` is signed in to this tenant.
    pub(super) async fn check(&self, client: &Client) -> Result<()> {
        let now = Self::of(client).await?;
        let same = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            (one, other) => one == other,
        };
        if now.cloud == self.cloud && same(&now.tenant_id, &self.tenant_id) {
            return Ok(());
        }
        let message = format!("the plan is for {self}, and the client is signed in to {now}");
        Err(Error::new(ErrorKind::InvalidInput, message)
            .with_remedy("sign in to the tenant of the plan, or plan again"))
    }
}

impl fmt::Display for PlanTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tenant_id {
            Some(id) => write!(f, "tenant {id}")?,
            None => f.write_str("a tenant that the token does not name")?,
        }
        let known = [
            (Cloud::Worldwide, "worldwide"),
            (Cloud::UsGovernmentL4, "US Government L4"),
            (Cloud::UsGovernmentL5, "US Government L5"),
            (Cloud::China, "China"),
        ];
        match known.iter().find(|(cloud, _)| cloud.graph() == self.cloud) {
            Some((_, name)) => write!(f, ", {name} cloud"),
            None => write!(f, ", cloud at {}", self.cloud),
        }
    }
}

/// The digests of a plan's inputs: its settings and its devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inputs {
    settings: String,
    devices: String,
    device_count: usize,
}

impl Inputs {
    pub(super) fn new(desired: &HybridJoin, devices: &[DeviceToImport]) -> Result<Self> {
        let settings = serde_json::to_vec(desired).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "the settings cannot be written").with_source(error)
        })?;
        Ok(Self {
            settings: hex_digest(&settings),
            devices: devices_digest(devices),
            device_count: devices.len(),
        })
    }

    /// Checks that the settings and devices are the planned ones.
    pub(super) fn check(&self, desired: &HybridJoin, devices: &[DeviceToImport]) -> Result<()> {
        let now = Self::new(desired, devices)?;
        let message = if now.settings != self.settings {
            "the settings are not those that were planned".to_owned()
        } else if now.devices != self.devices {
            let (planned, given) = (self.device_count, now.device_count);
            format!(
                "the devices are not those that were planned ({planned} planned, {given} given): serial numbers, hashes, \
                 group tags and users have to be the same"
            )
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidInput, message)
            .with_remedy("give the plan the inputs that it was made from, or plan again"))
    }
}
