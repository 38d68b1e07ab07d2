//! The synchronization between Intune and the Autopilot service.

use jiff::Timestamp;

use super::observation::observation;
use super::{Id, SyncStatus};

observation! {
    /// State of the synchronization with the Autopilot service. There is one in a tenant.
    pub struct SyncSettings = "windowsAutopilotSettings" {
        id: Id<SyncSettings> = "id", "Its id, which no call needs.";
        /// When someone last asked for a sync. The next can be asked for ten minutes later.
        last_manual_sync_trigger_date_time: Timestamp = "lastManualSyncTriggerDateTime";
        last_sync_date_time: Timestamp = "lastSyncDateTime", "When the last sync ended.";
        sync_status: SyncStatus = "syncStatus", "State of the last sync.";
    }
}
