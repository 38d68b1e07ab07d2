//! Registry keys: the dump of `mdmdiagnosticstool`, which is not a valid `.reg` file, and files of `reg export`.

mod facts;
mod parse;
#[cfg(test)]
mod tests;

use self::facts::Keys;
use self::parse::{Item, parse};
use crate::evidence::observation::ObservedTime;
use crate::evidence::side::Side;
use crate::evidence::sink::Sink;
use crate::evidence::source::{SourceKind, UnreadReason};

/// Returns `true` if a text contains registry keys.
pub(super) fn is_registry(start: &str) -> bool {
    start.lines().any(|line| {
        let line = line.trim_start_matches('\u{feff}').trim_start();
        line.starts_with("[HKEY_")
            || line.starts_with("Windows Registry Editor")
            || line.starts_with("REGEDIT4")
    })
}

/// Reads the keys.
pub(super) fn read(side: Side, path: &str, text: &str, sink: &mut Sink) {
    if !is_registry(text) {
        return sink.unread(side, path, UnreadReason::Damaged("no registry key".to_owned()));
    }
    let source = sink.source(side, SourceKind::Registry, path);
    let mut keys = Keys::default();
    parse(text, |line, item| match item {
        Item::Key(key) => {
            sink.record(source, None, ObservedTime::Unknown, None);
            keys.open(line, key);
        }
        Item::Value(name, data) => keys.value(name, data),
    });
    for (line, time, fact) in keys.facts() {
        // The keys are counted above: a fact is not a record of its own.
        sink.keep(source, Some(line), time, fact);
    }
}
