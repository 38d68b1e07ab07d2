//! `results.xml` of Intune's zip: the requests, and those that failed on the device.

use crate::evidence::number;
use crate::evidence::observation::ObservedTime;
use crate::evidence::side::Side;
use crate::evidence::sink::Sink;
use crate::evidence::source::{SourceKind, UnreadReason};

/// The longest description of a request.
const LONGEST: usize = 300;

/// Returns `true` if a text is such a file.
pub(super) fn is_results(start: &str) -> bool {
    start.contains("<Collection")
}

/// Reads the file. The zip's upload URL grants access to it and is never kept.
pub(super) fn read(side: Side, path: &str, text: &str, sink: &mut Sink) {
    let Some(start) = text.find("<Collection") else {
        return sink.unread(side, path, UnreadReason::Damaged("no element Collection".to_owned()));
    };
    let source = sink.source(side, SourceKind::CollectionResults, path);
    let mut rest = text.get(start + "<Collection".len()..).unwrap_or_default();
    let mut is_closed = false;
    while let Some(open) = rest.find('<') {
        rest = rest.get(open + 1..).unwrap_or_default();
        let Some(close) = rest.find('>') else { break };
        let (tag, behind) =
            (rest.get(..close).unwrap_or_default(), rest.get(close + 1..).unwrap_or_default());
        rest = behind;
        if tag.starts_with("/Collection") {
            is_closed = true;
            break;
        }
        if tag.starts_with(['/', '?', '!']) {
            continue;
        }
        let name = tag.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
        let Some(code) = attribute(tag, "HRESULT").and_then(number::code) else { continue };
        sink.record(source, None, ObservedTime::Unknown, None);
        if code != 0 {
            let request: String = behind
                .split('<')
                .next()
                .unwrap_or_default()
                .trim()
                .chars()
                .filter(|c| !c.is_control())
                .take(LONGEST)
                .collect();
            sink.unread(side, format!("{path}: {name} {request}"), UnreadReason::NotCollected(code));
        }
    }
    if !is_closed {
        sink.cut(source, UnreadReason::Damaged("the file is cut off".to_owned()));
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let at = tag.find(name)?;
    let value = tag.get(at + name.len()..)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split(quote).next()
}
