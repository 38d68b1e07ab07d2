//! On-premises Active Directory: what the Intune Connector needs there.

pub mod connector_config;
#[cfg(feature = "ad")]
pub mod delegation;
#[cfg(feature = "ad")]
pub mod descriptor;
mod dn;
