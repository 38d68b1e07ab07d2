//! Event records: which are kept, and the typed form of those that have one.

use crate::evidence::event::{EventRecord, Provider};
use crate::evidence::fact::Fact;
use crate::evidence::observation::ObservedTime;
use crate::evidence::side::Side;
use crate::evidence::sink::Sink;
use crate::evidence::source::{EventSource, SourceId, SourceKind, UnreadReason};

/// Reads a log to its end.
pub(in crate::evidence) fn read_events(
    side: Side,
    path: &str,
    events: &mut (impl EventSource + ?Sized),
    sink: &mut Sink,
) {
    let mut source: Option<SourceId> = None;
    let mut problem = None;
    while let Some(next) = events.next_event() {
        match next {
            Ok(record) => {
                let source = *source.get_or_insert_with(|| {
                    sink.source(side, SourceKind::EventLog(record.channel.clone()), path)
                });
                let (number, time) = (record.record, record.time);
                let fact = is_kept(&record).then(|| fact_of(record));
                sink.record(source, Some(number), time.map_or(ObservedTime::Unknown, Into::into), fact);
            }
            Err(found) => match source {
                Some(source) => sink.damaged(source),
                None => problem = Some(found),
            },
        }
    }
    if let (None, Some(problem)) = (source, problem) {
        sink.unread(side, path, UnreadReason::Damaged(problem));
    }
}

fn fact_of(record: EventRecord) -> Fact {
    Fact::Event(record)
}

/// Returns `true` if a rule or the timeline needs the record.
fn is_kept(record: &EventRecord) -> bool {
    !matches!(record.provider, Provider::Other(_))
}
