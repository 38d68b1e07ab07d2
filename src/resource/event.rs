//! Autopilot's record of deployments.

use super::{Written, resource};
use crate::catalog;
use crate::graph::{Call, List, Operation, entity, nothing};
use crate::model::{AutopilotEvent, Id, PolicyStatusDetail};

resource! {
    /// Autopilot's record of deployments (`autopilotEvents`), kept for 30 days.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// for event in client.autopilot_events().list().all().await? {
    ///     println!("{:?}: {:?}", event.device_serial_number, event.deployment_state);
    ///     for detail in client.autopilot_events().policy_status_details(&event.id).all().await? {
    ///         println!("  {:?}: {:?}", detail.display_name, detail.compliance_status);
    ///     }
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// A failure remains recorded after *Try again*, and a deployment that takes more than an hour may never show as
    /// completed. Creating, changing and deleting events is documented, but has no known use.
    pub struct AutopilotEvents, autopilot_events, "records of deployments"
}

impl AutopilotEvents<'_> {
    /// Lists all events, fifty per page.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.Read.All`
    /// # API
    /// `beta`. [List deviceManagementAutopilotEvents](https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<AutopilotEvent> {
        List::new(self.client, &catalog::AUTOPILOT_EVENTS_LIST, &[])
    }

    /// Returns one event.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.Read.All`
    /// # API
    /// `beta`. [Get deviceManagementAutopilotEvent](https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<AutopilotEvent>) -> Call<AutopilotEvent> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_EVENTS_GET, &[id.as_str()], entity))
    }

    /// Creates an event; see the type's documentation.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.ReadWrite.All`
    /// # API
    /// `beta`. [Create deviceManagementAutopilotEvent](https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-create?view=graph-rest-beta)
    #[inline]
    pub fn create(&self, event: &AutopilotEvent) -> Call<AutopilotEvent> {
        let operation =
            Operation::new(&catalog::AUTOPILOT_EVENTS_CREATE, &[], entity).with_json(&Written(event));
        Call::new(self.client, operation)
    }

    /// Changes an event; see the type's documentation.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.ReadWrite.All`
    /// # API
    /// `beta`. [Update deviceManagementAutopilotEvent](https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-update?view=graph-rest-beta)
    #[inline]
    pub fn update(&self, event: &AutopilotEvent) -> Call<AutopilotEvent> {
        let info = &catalog::AUTOPILOT_EVENTS_UPDATE;
        Call::new(self.client, Operation::new(info, &[event.id.as_str()], entity).with_json(&Written(event)))
    }

    /// Deletes an event; see the type's documentation.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.ReadWrite.All`
    /// # API
    /// `beta`. [Delete deviceManagementAutopilotEvent](https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotevent-delete?view=graph-rest-beta)
    #[inline]
    pub fn delete(&self, id: &Id<AutopilotEvent>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_EVENTS_DELETE, &[id.as_str()], nothing))
    }

    /// Lists the states of the policies and apps during a deployment.
    ///
    /// Documented, but missing from the current metadata: expect [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) or
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound).
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.Read.All`
    /// # API
    /// `beta`. [List deviceManagementAutopilotPolicyStatusDetails](https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotpolicystatusdetail-list?view=graph-rest-beta)
    #[inline]
    pub fn policy_status_details(&self, id: &Id<AutopilotEvent>) -> List<PolicyStatusDetail> {
        let info = &catalog::AUTOPILOT_EVENTS_POLICY_STATUS_DETAILS_LIST;
        List::new(self.client, info, &[id.as_str()])
    }

    /// Returns the state of one policy or app during a deployment. This call is as unreliable as
    /// [`policy_status_details`](Self::policy_status_details): expect the same errors.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.Read.All`
    /// # API
    /// `beta`. [Get deviceManagementAutopilotPolicyStatusDetail](https://learn.microsoft.com/en-us/graph/api/intune-troubleshooting-devicemanagementautopilotpolicystatusdetail-get?view=graph-rest-beta)
    #[inline]
    pub fn policy_status_detail(
        &self,
        id: &Id<AutopilotEvent>,
        detail: &Id<PolicyStatusDetail>,
    ) -> Call<PolicyStatusDetail> {
        let info = &catalog::AUTOPILOT_EVENTS_POLICY_STATUS_DETAILS_GET;
        Call::new(self.client, Operation::new(info, &[id.as_str(), detail.as_str()], entity))
    }
}
