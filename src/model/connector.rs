//! The Intune Connector for Active Directory.

use jiff::Timestamp;

use super::observation::observation;
use super::{ConnectorState, Id, Text};

observation! {
    /// An Intune Connector for Active Directory, as reported by Intune. The report does not name the connector's
    /// domain.
    pub struct Connector = "deviceManagementDomainJoinConnector", id: Id<Connector> {
        display_name: Text = "displayName", "The name.";
        last_connection_date_time: Timestamp = "lastConnectionDateTime", "The time of the last contact.";
        state: ConnectorState = "state", "The state. `active` alone does not prove that the connector works.";
        version: Text = "version", "The version, such as `6.2504.2001.8`: four numbers, compared numerically.";
    }
}
