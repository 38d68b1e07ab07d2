//! The seam below event logs: a source of records.

use crate::evidence::event::EventRecord;

/// A source of event records: a file, a live log, a test.
///
/// Implemented for every iterator of [`EventRecord`]s.
pub trait EventSource {
    /// Returns the next record; `Err` with the problem of an unreadable record; `None` at the end.
    fn next_event(&mut self) -> Option<Result<EventRecord, String>>;
}

impl<I: Iterator<Item = EventRecord>> EventSource for I {
    fn next_event(&mut self) -> Option<Result<EventRecord, String>> {
        self.next().map(Ok)
    }
}
