//! Devices managed by Intune.

use super::resource;
use crate::catalog;
use crate::graph::{Call, List, Operation, entity, nothing};
use crate::model::{Id, ManagedDevice};

resource! {
    /// Devices managed by Intune (`managedDevices`), from enrollment onward.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::graph::field;
    /// use windows_autopilot::model::JoinType;
    ///
    /// let filter = field("serialNumber").eq("PF3XK7M1");
    /// for device in client.managed_devices().list().filter(filter).all().await? {
    ///     let hybrid = device.join_type == Some(JoinType::HybridAzureADJoined);
    ///     println!("{:?}: {}", device.device_name, if hybrid { "hybrid joined" } else { "not hybrid joined" });
    /// }
    /// # Ok(()) });
    /// ```
    pub struct ManagedDevices, managed_devices, "devices managed by Intune"
}

impl ManagedDevices<'_> {
    /// Lists all managed devices. Supports the filter `serialNumber eq`.
    ///
    /// The service reportedly evaluates `ne` and `or` incorrectly here, yet returns 200, so verify the results of such
    /// a filter.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.Read.All`
    /// # API
    /// `beta`, which is needed for the join type. [List
    /// managedDevices](https://learn.microsoft.com/en-us/graph/api/intune-devices-manageddevice-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<ManagedDevice> {
        List::new(self.client, &catalog::MANAGED_DEVICES_LIST, &[])
    }

    /// Returns one managed device.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.Read.All`
    /// # API
    /// `beta`, which is needed for the join type. [Get
    /// managedDevice](https://learn.microsoft.com/en-us/graph/api/intune-devices-manageddevice-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<ManagedDevice>) -> Call<ManagedDevice> {
        Call::new(self.client, Operation::new(&catalog::MANAGED_DEVICES_GET, &[id.as_str()], entity))
    }

    /// Deletes a managed device from Intune, the first step in taking it out of service. The device is not wiped.
    ///
    /// # Permissions
    /// `DeviceManagementManagedDevices.ReadWrite.All`
    /// # API
    /// `beta`. [Delete managedDevice](https://learn.microsoft.com/en-us/graph/api/intune-devices-manageddevice-delete?view=graph-rest-beta)
    #[inline]
    pub fn delete(&self, id: &Id<ManagedDevice>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::MANAGED_DEVICES_DELETE, &[id.as_str()], nothing))
    }
}
