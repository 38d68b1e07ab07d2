//! The synchronization between Intune and the Autopilot service.

use super::{Written, resource};
use crate::catalog;
use crate::graph::{Call, Operation, entity_in_value, nothing};
use crate::model::SyncSettings;

resource! {
    /// The synchronization between Intune and the Autopilot service (`windowsAutopilotSettings`).
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::ErrorKind;
    ///
    /// match client.autopilot_sync().sync().await {
    ///     Ok(()) => println!("started"),
    ///     Err(error) if error.kind() == ErrorKind::Throttled => println!("{:?}", error.retry_after()),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// println!("{:?}", client.autopilot_sync().get().await?.sync_status);
    /// # Ok(()) });
    /// ```
    pub struct AutopilotSync, autopilot_sync, "the synchronization with the Autopilot service"
}

impl AutopilotSync<'_> {
    /// Returns the state and times of the synchronization.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [Get windowsAutopilotSettings](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotsettings-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self) -> Call<SyncSettings> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_SETTINGS_GET, &[], entity_in_value))
    }

    /// Updates the settings. The operation is documented, but no property is documented as writable.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Update windowsAutopilotSettings](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotsettings-update?view=graph-rest-beta)
    #[inline]
    pub fn update(&self, settings: &SyncSettings) -> Call<SyncSettings> {
        let operation = Operation::new(&catalog::AUTOPILOT_SETTINGS_UPDATE, &[], entity_in_value)
            .with_json(&Written(settings));
        Call::new(self.client, operation)
    }

    /// Starts a sync. The service allows one per tenant every ten minutes.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if one is already running;
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled), without a retry, within ten minutes of the last one.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [sync](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotsettings-sync?view=graph-rest-beta)
    #[inline]
    pub fn sync(&self) -> Call<()> {
        let operation = Operation::new(&catalog::AUTOPILOT_SETTINGS_SYNC, &[], nothing).never_waiting();
        Call::new(self.client, operation)
    }
}
