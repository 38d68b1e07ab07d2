//! Responses from the Intune Connector.

use crate::model::Text;

/// A response from the Intune Connector for Active Directory to one request for a domain join blob.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectorAnswer {
    /// The outcome of the request.
    pub outcome: ConnectorOutcome,
    /// The id of the request.
    pub request_id: Option<Text>,
    /// The id of the device in the request. Sources disagree on whether it is the id in Intune or in Microsoft Entra,
    /// so compare it with both.
    pub device_id: Option<Text>,
    /// The domain that the device is to join.
    pub domain_name: Option<Text>,
    /// The name of the computer, if one was assigned.
    pub machine_name: Option<Text>,
}

/// The outcome of a request to the Intune Connector.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectorOutcome {
    /// The computer account was created and its blob sent: event 30130.
    Created,
    /// The request failed: event 30132.
    #[non_exhaustive]
    Failed {
        /// The Windows error code, such as 5 for "access denied".
        error: Option<u32>,
        /// The connector's own code, such as `0x00000800`.
        diagnostic: Option<u32>,
        /// The connector's message, which can contain account names: mask it before display.
        text: crate::model::Personal,
        /// The number of previous attempts.
        retries: Option<u32>,
    },
}
