//! Imports of devices into Autopilot.

use serde::Serialize;

use super::resource;
use crate::catalog;
use crate::graph::{Call, List, Operation, count, entity, list_value, nothing};
use crate::model::{DeviceToImport, Id, ImportedDevice};

resource! {
    /// The import records of devices (`importedWindowsAutopilotDeviceIdentities`).
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::graph::Schedule;
    /// use windows_autopilot::model::{DeviceToImport, ImportStatus};
    /// # use windows_autopilot::registration::hash::SampleHash;
    /// # let hash = SampleHash::new("PF3XK7M1").build()?;
    ///
    /// let record = client.imports().create(&DeviceToImport::new("PF3XK7M1".parse()?, hash)).await?;
    /// let finished = client.imports().get(&record.id).until(Schedule::default(), "the import", |record| {
    ///     let status = record.and_then(|record| record.state.as_ref()?.device_import_status.as_ref());
    ///     status.is_some_and(|status| !status.is_in_progress())
    /// });
    /// let state = finished.await?.and_then(|record| record.state).ok_or("the record is gone")?;
    /// assert_eq!(state.device_import_status, Some(ImportStatus::Complete));
    /// client.imports().delete(&record.id).await?;
    /// # Ok(()) });
    /// ```
    ///
    /// A record is not the device: the device appears minutes after its import is complete, under the record's
    /// `deviceRegistrationId`. All tools that manage a tenant share the records; delete only your own.
    pub struct Imports, imports, "import records"
}

impl Imports<'_> {
    /// Lists all records, including those created by other tools. Supports the filter `importId eq`.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `v1.0`. [List importedWindowsAutopilotDeviceIdentities](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-list?view=graph-rest-1.0)
    #[inline]
    pub fn list(&self) -> List<ImportedDevice> {
        List::new(self.client, &catalog::AUTOPILOT_IMPORTS_LIST, &[])
    }

    /// Returns one record.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the record does not exist.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `v1.0`. [Get importedWindowsAutopilotDeviceIdentity](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-get?view=graph-rest-1.0)
    #[inline]
    pub fn get(&self, id: &Id<ImportedDevice>) -> Call<ImportedDevice> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_IMPORTS_GET, &[id.as_str()], entity))
    }

    /// Counts the records.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `v1.0`. Microsoft has no documentation page for this operation.
    #[inline]
    pub fn count(&self) -> Call<u64> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_IMPORTS_COUNT, &[], count))
    }

    /// Imports one device. Returns immediately; read the record for the result.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownOutcome`](crate::ErrorKind::UnknownOutcome) if there was no response: search for the record
    /// by its serial number before sending the request again.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [Create importedWindowsAutopilotDeviceIdentity](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-create?view=graph-rest-1.0)
    #[inline]
    pub fn create(&self, device: &DeviceToImport) -> Call<ImportedDevice> {
        let operation = Operation::new(&catalog::AUTOPILOT_IMPORTS_CREATE, &[], entity).with_json(device);
        Call::new(self.client, operation)
    }

    /// Imports a list of devices. Returns immediately with a record for each device; read the records for the results.
    ///
    /// The maximum per request is not documented; 500, the portal's limit for a file, has worked.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownOutcome`](crate::ErrorKind::UnknownOutcome) if there was no response: search for the records
    /// before sending the request again.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [import](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-import?view=graph-rest-1.0)
    #[inline]
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

    /// Deletes a record. The imported device is kept.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [Delete importedWindowsAutopilotDeviceIdentity](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-importedwindowsautopilotdeviceidentity-delete?view=graph-rest-1.0)
    #[inline]
    pub fn delete(&self, id: &Id<ImportedDevice>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_IMPORTS_DELETE, &[id.as_str()], nothing))
    }
}
