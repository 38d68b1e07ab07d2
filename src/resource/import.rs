//! Imports: devices on their way into Autopilot.

use serde::Serialize;

use super::resource;
use crate::catalog;
use crate::graph::{Call, List, Operation, count, entity, list_value, nothing};
use crate::model::{DeviceToImport, Id, ImportedDevice};

resource! {
    /// Imports (`importedWindowsAutopilotDeviceIdentities`): the records of devices on their way into Autopilot.
    ///
    /// A record is not the device: that one appears minutes after its import is complete, under the record's
    /// `deviceRegistrationId`. Records are shared by everyone in the tenant; delete your own only.
    pub struct Imports, imports
}

impl Imports<'_> {
    /// Lists all records, those of other tools too. `importId eq` is understood as a filter.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `v1.0`. [List importedWindowsAutopilotDeviceIdentities](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-list?view=graph-rest-1.0)
    pub fn list(&self) -> List<ImportedDevice> {
        List::new(self.client, &catalog::AUTOPILOT_IMPORTS_LIST, &[])
    }

    /// Returns one record.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if there is none.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `v1.0`. [Get importedWindowsAutopilotDeviceIdentity](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-get?view=graph-rest-1.0)
    pub fn get(&self, id: &Id<ImportedDevice>) -> Call<ImportedDevice> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_IMPORTS_GET, &[id.as_str()], entity))
    }

    /// Counts the records.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `v1.0`, without a page.
    pub fn count(&self) -> Call<u64> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_IMPORTS_COUNT, &[], count))
    }

    /// Imports one device. Answers at once; the result shows by reading the record.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownOutcome`](crate::ErrorKind::UnknownOutcome) if no answer came: look for the record by its
    /// serial number before sending it again.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [Create importedWindowsAutopilotDeviceIdentity](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-create?view=graph-rest-1.0)
    pub fn create(&self, device: &DeviceToImport) -> Call<ImportedDevice> {
        let operation = Operation::new(&catalog::AUTOPILOT_IMPORTS_CREATE, &[], entity).with_json(device);
        Call::new(self.client, operation)
    }

    /// Imports a list of devices. Answers at once with a record for each; the results show by reading them.
    ///
    /// The most that one request may hold is not documented; 500, as in the portal's files, has served.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownOutcome`](crate::ErrorKind::UnknownOutcome) if no answer came: look for the records before
    /// sending them again.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [import](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-import?view=graph-rest-1.0)
    pub fn import(&self, devices: &[DeviceToImport]) -> Call<Vec<ImportedDevice>> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            imported_windows_autopilot_device_identities: &'a [DeviceToImport],
        }
        let body = Body { imported_windows_autopilot_device_identities: devices };
        let operation = Operation::new(&catalog::AUTOPILOT_IMPORTS_IMPORT, &[], list_value).with_json(&body);
        Call::new(self.client, operation)
    }

    /// Deletes a record. The device that came of it stays.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [Delete importedWindowsAutopilotDeviceIdentity](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-delete?view=graph-rest-1.0)
    pub fn delete(&self, id: &Id<ImportedDevice>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_IMPORTS_DELETE, &[id.as_str()], nothing))
    }
}
