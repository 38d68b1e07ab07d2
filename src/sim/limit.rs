//! Throttling: a number of calls in a time window.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::error::Failure;
use super::options::{Options, RateLimit};
use super::store::later;

/// The times of calls within the windows.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    imports: VecDeque<Timestamp>,
    writes: VecDeque<Timestamp>,
    calls: VecDeque<Timestamp>,
}

impl Limits {
    /// Counts a call of Intune, and refuses it beyond the limit.
    pub(super) fn count_call(
        &mut self,
        options: &Options,
        is_read: bool,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let counted = count(&mut self.calls, options.call_limit, now)
            .and_then(|()| if is_read { Ok(()) } else { count(&mut self.writes, options.write_limit, now) });
        counted.map_err(|until| {
            let seconds = until.duration_since(now).as_secs().saturating_add(1);
            Failure {
                retry_after: Some(seconds.to_string()),
                ..Failure::too_many_requests("Too many requests.")
            }
        })
    }

    /// Counts a single import, and refuses it beyond the limit without a `Retry-After`.
    pub(super) fn count_import(&mut self, options: &Options, now: Timestamp) -> Result<(), Failure> {
        let counted = count(&mut self.imports, options.import_limit, now);
        counted.map_err(|_| Failure::too_many_requests("Too many requests."))
    }
}

/// Counts a call, or returns the time until the next one is allowed. Refused calls do not count.
fn count(calls: &mut VecDeque<Timestamp>, limit: Option<RateLimit>, now: Timestamp) -> Result<(), Timestamp> {
    let Some(limit) = limit else { return Ok(()) };
    while calls.front().is_some_and(|at| later(*at, limit.window) <= now) {
        calls.pop_front();
    }
    if calls.len() >= usize::try_from(limit.calls).unwrap_or(usize::MAX) {
        return Err(calls.front().map_or(now, |at| later(*at, limit.window)));
    }
    calls.push_back(now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn calls_are_refused_until_the_oldest_leaves_the_window() {
        let limit = Some(RateLimit { calls: 2, window: Duration::from_secs(20) });
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut calls = VecDeque::new();
        let outcomes = [0, 5, 6, 19, 20, 21, 25].map(|second| count(&mut calls, limit, at(second)).is_ok());
        assert_eq!(outcomes, [true, true, false, false, true, false, true]);
        assert_eq!(count(&mut calls, limit, at(26)), Err(at(40)));
        assert_eq!(count(&mut calls, None, at(26)), Ok(()));
    }
}
