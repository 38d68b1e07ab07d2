//! The two machines of the evidence.

use std::fmt;

use serde::Serialize;

/// The machine that a source comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Side {
    /// The deployed device.
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
