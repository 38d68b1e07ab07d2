//! The synchronization between Intune and the Autopilot service.

use jiff::Timestamp;

use super::observation::observation;
use super::{Id, SyncStatus};

observation! {
    /// State of the synchronization with the Autopilot service. Each tenant has exactly one.
    pub struct SyncSettings = "windowsAutopilotSettings" {
        id: Id<SyncSettings> = "id", "The id, which no call needs.";
        /// The time of the last sync request. The next is allowed ten minutes later.
        last_manual_sync_trigger_date_time: Timestamp = "lastManualSyncTriggerDateTime";
        last_sync_date_time: Timestamp = "lastSyncDateTime", "The time at which the last sync ended.";
        sync_status: SyncStatus = "syncStatus", "The state of the last sync.";
    }
}
