//! The synchronization between Intune and the Autopilot service.

use jiff::Timestamp;

use super::observation::observation;
use super::{Id, SyncStatus};

observation! {
    /// State of the synchronization with the Autopilot service. There is one in a tenant.
    pub struct SyncSettings = "windowsAutopilotSettings" {
        /// Its id, which no call needs.
        pub id: Option<Id<SyncSettings>> = "id",
        /// When someone last asked for a sync. The next can be asked for ten minutes later.
        pub last_manual_sync_trigger_date_time: Option<Timestamp> = "lastManualSyncTriggerDateTime",
        /// When the last sync ended.
        pub last_sync_date_time: Option<Timestamp> = "lastSyncDateTime",
        /// State of the last sync.
        pub sync_status: Option<SyncStatus> = "syncStatus",
    }
}
