//! Readers, one for each format.

mod cmtrace;
mod connector;
mod dsregcmd;
mod events;
mod evtx;
mod netsetup;
mod profile;
mod registry;
mod results;
mod text;

use std::io::Read;

use super::side::Side;
use super::sink::Sink;
use super::source::UnreadReason;

pub(super) use self::events::read_events;

/// The number of bytes that decide a file's format.
const SAMPLE: usize = 16_384;

/// Suffixes of file names without useful content: traces, reports for people, hardware hashes.
const NOT_NEEDED: &[&str] = &[
    ".etl",
    ".etl.merged",
    ".html",
    ".htm",
    ".csv",
    ".dmp",
    ".png",
    ".jpg",
    ".exe",
    ".dll",
    ".ppkg",
    ".cer",
];

/// Returns `true` if a file with this name has no useful content.
pub(super) fn is_not_needed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NOT_NEEDED.iter().any(|end| name.ends_with(end))
}

/// Returns `true` if a file begins as an event log does.
pub(super) fn is_event_log(start: &[u8]) -> bool {
    evtx::is_evtx(start)
}

/// Reads an event log from any reader, one chunk at a time.
pub(super) fn read_event_log(side: Side, path: &str, reader: impl Read, sink: &mut Sink) {
    read_events(side, path, &mut evtx::EvtxEvents::new(reader, events::is_kept), sink);
}

/// Reads a file that is not an archive. The content determines the format, or else the name.
pub(super) fn read_file(side: Side, path: &str, bytes: &[u8], sink: &mut Sink) {
    if bytes.is_empty() {
        return sink.unread(side, path, UnreadReason::Empty);
    }
    if is_event_log(bytes) {
        return read_event_log(side, path, bytes, sink);
    }
    let start = text::decode(bytes.get(..SAMPLE).unwrap_or(bytes));
    let name = path.to_ascii_lowercase();
    let is_profile = name.contains("autopilotddszt") || name.ends_with("autopilotconfigurationfile.json");
    let reader = if registry::is_registry(&start) {
        registry::read
    } else if is_profile {
        profile::read
    } else if name.ends_with(".xml") && results::is_results(&start) {
        results::read
    } else if dsregcmd::is_status(&start) {
        dsregcmd::read
    } else if cmtrace::is_cmtrace(&start) {
        cmtrace::read
    } else if netsetup::is_netsetup(&start) {
        netsetup::read
    } else if name.ends_with(".evtx") {
        return sink.unread(side, path, UnreadReason::Damaged("no header of an event log".to_owned()));
    } else if name.ends_with("registrydump.reg") {
        return sink.unread(side, path, UnreadReason::Damaged("no registry key".to_owned()));
    } else {
        return sink.unread(side, path, UnreadReason::NotNeeded);
    };
    reader(side, path, &text::decode(bytes), sink);
}
