//! The Intune Connector for Active Directory.

use jiff::Timestamp;

use super::observation::observation;
use super::{ConnectorState, Id, Text};

observation! {
    /// An Intune Connector for Active Directory, as Intune knows it. Nothing here tells which domain it serves.
    pub struct Connector = "deviceManagementDomainJoinConnector", id: Id<Connector> {
        /// Its name.
        pub display_name: Option<Text> = "displayName",
        /// When it was last in touch.
        pub last_connection_date_time: Option<Timestamp> = "lastConnectionDateTime",
        /// Its state as the service sees it. `active` alone does not say that it works.
        pub state: Option<ConnectorState> = "state",
        /// Its version, such as `6.2504.2001.8`: four numbers, compared as numbers.
        pub version: Option<Text> = "version",
    }
}
