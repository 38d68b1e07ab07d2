//! On-premises Active Directory: what the Intune Connector needs there.
//!
//! Its rights on the OU are in `delegation`, on top of `descriptor`; its configuration files in [`connector_config`].
//! Nothing here talks to a directory.

pub mod connector_config;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub mod delegation;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub mod descriptor;
mod dn;
