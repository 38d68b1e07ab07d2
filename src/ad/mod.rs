//! On-premises Active Directory: what the Intune Connector needs there.

#[cfg(feature = "ad")]
pub mod delegation;
#[cfg(feature = "ad")]
pub mod descriptor;
