//! The Intune Connector for Active Directory.

use jiff::Timestamp;

use super::observation::observation;
use super::{ConnectorState, Id, Text};

observation! {
    /// An Intune Connector for Active Directory, as Intune knows it. Nothing here tells which domain it serves.
    pub struct Connector = "deviceManagementDomainJoinConnector", id: Id<Connector> {
        display_name: Text = "displayName", "Its name.";
        last_connection_date_time: Timestamp = "lastConnectionDateTime", "When it was last in touch.";
        /// Its state as the service sees it. `active` alone does not say that it works.
        state: ConnectorState = "state";
        version: Text = "version", "Its version, such as `6.2504.2001.8`: four numbers, compared as numbers.";
    }
}
