//! The seam below event logs: records, whatever they are read from.

use crate::evidence::event::EventRecord;

/// A source of event records: a file, a live log, a test.
///
/// Every iterator of [`EventRecord`]s is one.
pub trait EventSource {
    /// Returns the next record; `Err` with the problem if a record cannot be read; `None` at the end.
    fn next_event(&mut self) -> Option<Result<EventRecord, String>>;
}

impl<I: Iterator<Item = EventRecord>> EventSource for I {
    fn next_event(&mut self) -> Option<Result<EventRecord, String>> {
        self.next().map(Ok)
    }
}
