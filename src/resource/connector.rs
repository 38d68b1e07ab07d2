//! Intune Connectors for Active Directory.

use super::{Written, resource};
use crate::catalog;
use crate::graph::{Call, List, Operation, entity, nothing};
use crate::model::{Connector, Id};

resource! {
    /// Intune Connectors for Active Directory (`domainJoinConnectors`), which create the computer accounts.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_connector("ODJ-01", "corp.contoso.com", "6.2501.2000.5");
    /// use windows_autopilot::model::ConnectorState;
    ///
    /// for connector in client.connectors().list().all().await? {
    ///     if connector.state != Some(ConnectorState::Active) {
    ///         eprintln!("{:?} is not active", connector.display_name);
    ///     }
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// A connector appears when it is installed on a server and disappears 30 days after its last contact. Creating,
    /// changing and deleting a record is documented, but neither installs nor removes anything; deleting one has been
    /// observed to fail.
    pub struct Connectors, connectors, "Intune Connectors for Active Directory"
}

impl Connectors<'_> {
    /// Lists all connectors. Graph does not show which domain a connector serves.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. [List deviceManagementDomainJoinConnectors](https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<Connector> {
        List::new(self.client, &catalog::DOMAIN_JOIN_CONNECTORS_LIST, &[])
    }

    /// Returns one connector.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. [Get deviceManagementDomainJoinConnector](https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<Connector>) -> Call<Connector> {
        Call::new(self.client, Operation::new(&catalog::DOMAIN_JOIN_CONNECTORS_GET, &[id.as_str()], entity))
    }

    /// Creates a record of a connector without installing one; see the type's documentation.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Create deviceManagementDomainJoinConnector](https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-create?view=graph-rest-beta)
    #[inline]
    pub fn create(&self, connector: &Connector) -> Call<Connector> {
        let operation = Operation::new(&catalog::DOMAIN_JOIN_CONNECTORS_CREATE, &[], entity)
            .with_json(&Written(connector));
        Call::new(self.client, operation)
    }

    /// Changes a connector's record; see the type's documentation.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Update deviceManagementDomainJoinConnector](https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-update?view=graph-rest-beta)
    #[inline]
    pub fn update(&self, connector: &Connector) -> Call<Connector> {
        let info = &catalog::DOMAIN_JOIN_CONNECTORS_UPDATE;
        Call::new(
            self.client,
            Operation::new(info, &[connector.id.as_str()], entity).with_json(&Written(connector)),
        )
    }

    /// Deletes a connector's record; see the type's documentation.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) has been observed, even for an inactive connector.
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Delete deviceManagementDomainJoinConnector](https://learn.microsoft.com/en-us/graph/api/intune-odj-devicemanagementdomainjoinconnector-delete?view=graph-rest-beta)
    #[inline]
    pub fn delete(&self, id: &Id<Connector>) -> Call<()> {
        Call::new(
            self.client,
            Operation::new(&catalog::DOMAIN_JOIN_CONNECTORS_DELETE, &[id.as_str()], nothing),
        )
    }
}
