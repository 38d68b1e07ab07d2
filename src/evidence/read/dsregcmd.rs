//! The output of `dsregcmd /status`, which is English on every system.

use crate::evidence::fact::{DirectoryStatus, Fact};
use crate::evidence::observation::ObservedTime;
use crate::evidence::side::Side;
use crate::evidence::sink::Sink;
use crate::evidence::source::{SourceKind, UnreadReason};

/// The longest name of a field.
const LONGEST_NAME: usize = 48;

/// Returns `true` if a text is the command's output.
pub(super) fn is_status(text: &str) -> bool {
    text.contains("AzureAdJoined") && text.contains("DomainJoined")
}

/// Reads the output.
pub(super) fn read(side: Side, path: &str, text: &str, sink: &mut Sink) {
    let status = parse(text);
    if status.len() == 0 {
        return sink.unread(side, path, UnreadReason::Damaged("no fields of dsregcmd".to_owned()));
    }
    let source = sink.source(side, SourceKind::DirectoryStatus, path);
    // The time at which the command ran is in the output of devices whose registration is pending.
    let time = status.get("Client Time").and_then(parse_time).unwrap_or_default();
    sink.record(source, None, time, Some(Fact::DirectoryStatus(status)));
}

fn parse_time(text: &str) -> Option<ObservedTime> {
    let text = text.trim().strip_suffix("UTC")?.trim_end();
    format!("{}Z", text.replacen(' ', "T", 1)).parse().ok().map(ObservedTime::Utc)
}

fn parse(text: &str) -> DirectoryStatus {
    let mut status = DirectoryStatus::default();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['+', '|']) {
            continue;
        }
        // Values have colons of their own: addresses and times.
        let Some((name, value)) = line.split_once(" : ").or_else(|| line.split_once(':')) else { continue };
        let name = name.trim().trim_end_matches(':').trim_end();
        let value = value.trim().trim_start_matches(':').trim();
        if !name.is_empty() && name.len() <= LONGEST_NAME {
            status.insert(name, value);
        }
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_all_spellings() {
        let status = parse(
            "+-----+\r\n| Device State |\r\n+-----+\r\n\r\n             AzureAdJoined : NO\r\n DomainJoined: YES\r\n\
             AadRecoveryEnabled: NO\r\n  KeySignTest: : MUST Run elevated to test.\r\n\
                MdmUrl : https://enrollment.manage.microsoft.com/x?a=b:c\r\n\
             AD Connectivity Test : FAIL [0x80070774/0x80072ee7]\r\n      Client Time : 2026-07-01 08:30:12.123 UTC\r\n\
             User Context : SYSTEM\r\n",
        );
        assert_eq!((status.is_entra_joined(), status.is_domain_joined()), (Some(false), Some(true)));
        assert_eq!(status.get("KeySignTest"), Some("MUST Run elevated to test."));
        assert_eq!(status.get("mdmurl"), Some("https://enrollment.manage.microsoft.com/x?a=b:c"));
        assert_eq!(status.code("AD Connectivity Test"), Some(0x8007_0774));
        assert_eq!(status.ran_as_system(), Some(true));
        assert_eq!(status.flag("AadRecoveryEnabled"), Some(false));
        let time = status.get("Client Time").and_then(parse_time);
        assert_eq!(time.unwrap().to_string(), "2026-07-01T08:30:12.123Z");
    }
}
