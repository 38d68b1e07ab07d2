//! The seam below event logs: a source of records.

use crate::evidence::event::EventRecord;

/// A source of event records, such as a file, a live log or a test.
///
/// ```
/// use windows_autopilot::evidence::{Bundle, EventRecord, EventSource, Limits, Provider, Side};
///
/// /// The records of a live log.
/// struct Live(u64);
///
/// impl EventSource for Live {
///     fn next_event(&mut self) -> Option<Result<EventRecord, String>> {
///         self.0 += 1;
///         (self.0 <= 3).then(|| Ok(EventRecord::new(Provider::DeviceManagement, 107).with_record(self.0)))
///     }
/// }
///
/// let mut bundle = Bundle::new(Limits::default());
/// bundle.add_events(Side::Device, "Admin", Live(0));
/// assert_eq!(bundle.read().observations().len(), 3);
/// ```
///
/// Implemented for every iterator over [`EventRecord`]s.
pub trait EventSource {
    /// Returns the next record, `Err` with the reason if the record is unreadable, or `None` at the end.
    fn next_event(&mut self) -> Option<Result<EventRecord, String>>;
}

impl<I: Iterator<Item = EventRecord>> EventSource for I {
    fn next_event(&mut self) -> Option<Result<EventRecord, String>> {
        self.next().map(Ok)
    }
}
