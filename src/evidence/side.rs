//! The two machines that evidence comes from.

use std::fmt;

use serde::Serialize;

/// The machine that a source was collected on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Side {
    /// The device that was deployed.
    Device,
    /// The server with the Intune Connector for Active Directory.
    ConnectorServer,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Device => "device",
            Self::ConnectorServer => "connector server",
        })
    }
}
