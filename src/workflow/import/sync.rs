//! The timing of syncs: at most one every ten minutes across the tenant, and none while another runs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{SyncSettings, SyncStatus};

/// The minimum interval between two syncs.
pub(super) const SPACING: Duration = Duration::from_secs(600);

/// The interval of polls while a sync runs.
const RUNNING: Duration = Duration::from_secs(60);

/// The delay after the first registration in which others can join the same sync.
const GATHERING: Duration = Duration::from_secs(180);

/// The outcome of a sync request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Synced {
    /// The sync was started, or may have been.
    Triggered,
    /// Not yet: one is running, or ended recently.
    Later(Duration),
    /// The service refuses to sync.
    Refused,
}

/// The decision on when to start a sync.
#[derive(Debug)]
pub(super) struct SyncGuard {
    enabled: bool,
    not_before: Duration,
    /// The time of the first registration that no sync covers yet.
    uncovered_since: Option<Duration>,
}

impl SyncGuard {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, not_before: Duration::ZERO, uncovered_since: None }
    }

    /// Records a registered device that cannot be read yet.
    pub(super) fn registered(&mut self, now: Duration) {
        self.uncovered_since.get_or_insert(now);
    }

    /// Returns the time for the next sync, if devices wait for one. `all_in`: no more devices will follow.
    pub(super) fn due(&self, all_in: bool) -> Option<Duration> {
        let since = self.uncovered_since.filter(|_| self.enabled)?;
        let gathered = if all_in { since } else { since.saturating_add(GATHERING) };
        Some(gathered.max(self.not_before))
    }

    pub(super) fn on(&mut self, now: Duration, synced: Synced) {
        match synced {
            Synced::Triggered => {
                self.uncovered_since = None;
                self.not_before = now.saturating_add(SPACING);
            }
            Synced::Later(wait) => self.not_before = now.saturating_add(wait),
            Synced::Refused => self.enabled = false,
        }
    }
}

/// Returns the wait before the next sync, based on the service's last one; `None` if no wait is needed.
pub(super) fn wait_before_sync(settings: &SyncSettings, now: Timestamp) -> Option<Duration> {
    if settings.sync_status == Some(SyncStatus::InProgress) {
        return Some(RUNNING);
    }
    let age = now.duration_since(settings.last_manual_sync_trigger_date_time?);
    let left = SignedDuration::try_from(SPACING).unwrap_or_default().checked_sub(age)?;
    // A clock that is behind the service's must not make the wait longer than the rule.
    let left = Duration::try_from(left).ok()?.min(SPACING);
    (!left.is_zero()).then_some(left)
}

/// Returns the backoff after the service refused with 409 or 429.
pub(super) fn wait_after_refusal(running: bool, asked: Option<Duration>) -> Duration {
    // Without a hint the settings say within a minute when the last one was asked for.
    if running { RUNNING } else { asked.unwrap_or(RUNNING).clamp(Duration::from_secs(1), SPACING) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings(status: SyncStatus, triggered: Option<&str>) -> SyncSettings {
        SyncSettings {
            sync_status: Some(status),
            last_manual_sync_trigger_date_time: triggered.map(|at| at.parse().unwrap()),
            ..SyncSettings::default()
        }
    }

    #[test]
    fn the_service_says_how_long_to_wait_for_the_next_sync() {
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        for (status, triggered, wait) in [
            (SyncStatus::Unknown, None, None),
            (SyncStatus::Completed, Some("2026-01-01T11:50:00Z"), None),
            (SyncStatus::Completed, Some("2020-01-01T11:50:00Z"), None),
            (SyncStatus::Completed, Some("2026-01-01T11:50:01Z"), Some(SECOND)),
            (SyncStatus::Failed, Some("2026-01-01T11:59:00Z"), Some(SECOND * 540)),
            (SyncStatus::Completed, Some("2026-01-01T12:30:00Z"), Some(SECOND * 600)),
            (SyncStatus::InProgress, Some("2026-01-01T11:00:00Z"), Some(SECOND * 60)),
        ] {
            assert_eq!(wait_before_sync(&settings(status, triggered), now), wait, "{triggered:?}");
        }
        assert_eq!(wait_after_refusal(true, Some(SECOND)), SECOND * 60);
        assert_eq!(wait_after_refusal(false, Some(SECOND * 7)), SECOND * 7);
        assert_eq!(wait_after_refusal(false, Some(SECOND * 7000)), SPACING);
        assert_eq!(wait_after_refusal(false, Some(Duration::ZERO)), SECOND);
    }

    #[test]
    fn one_sync_gathers_devices_and_the_next_is_ten_minutes_later() {
        let mut guard = SyncGuard::new(true);
        assert_eq!(guard.due(true), None, "nobody waits for one");
        guard.registered(SECOND * 100);
        guard.registered(SECOND * 150);
        assert_eq!((guard.due(false), guard.due(true)), (Some(SECOND * 280), Some(SECOND * 100)));
        guard.on(SECOND * 280, Synced::Triggered);
        assert_eq!(guard.due(true), None, "all are covered");
        guard.registered(SECOND * 300);
        assert_eq!(guard.due(true), Some(SECOND * 880));
        guard.on(SECOND * 880, Synced::Later(SECOND * 60));
        assert_eq!(guard.due(true), Some(SECOND * 940));
        guard.on(SECOND * 940, Synced::Refused);
        assert_eq!(guard.due(true), None);
    }

    #[test]
    fn no_sync_is_asked_for_where_none_is_wished() {
        let mut guard = SyncGuard::new(false);
        guard.registered(SECOND);
        assert_eq!(guard.due(true), None);
    }
}
