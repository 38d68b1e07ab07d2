//! On-premises Active Directory: what the Intune Connector needs there.

pub mod descriptor;
