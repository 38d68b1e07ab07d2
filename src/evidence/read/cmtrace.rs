//! Logs of the Intune Management Extension in `CMTrace` form, read for failed apps.

use std::collections::HashMap;

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::evidence::fact::{AppFailure, Fact};
use crate::evidence::number;
use crate::evidence::observation::ObservedTime;
use crate::evidence::side::Side;
use crate::evidence::sink::Sink;
use crate::evidence::source::SourceKind;

const OPEN: &str = "<![LOG[";
const CLOSE: &str = "]LOG]!>";
/// The maximum number of app names that are kept.
const APPS: usize = 2000;
/// The code for an app that was installed but not detected.
const NOT_DETECTED: u32 = 0x87d1_041c;

/// Returns `true` if a text is such a log.
pub(super) fn is_cmtrace(start: &str) -> bool {
    start.contains(OPEN)
}

/// Reads the log.
pub(super) fn read(side: Side, path: &str, text: &str, sink: &mut Sink) {
    let source = sink.source(side, SourceKind::AppLog, path);
    let mut rest = text;
    let mut line = 1;
    let mut apps = Apps::default();
    while let Some(open) = rest.find(OPEN) {
        let (before, from) = rest.split_at(open);
        line += count_lines(before);
        let Some(end) = from.find(CLOSE) else {
            sink.damaged(source);
            break;
        };
        let message = from.get(OPEN.len()..end).unwrap_or_default();
        let behind = from.get(end + CLOSE.len()..).unwrap_or_default();
        let attributes = behind.lines().next().unwrap_or_default();
        let fact = apps.failure(message).map(Fact::AppFailure);
        sink.record(source, Some(line), time(attributes), fact);
        line += count_lines(from.get(..end).unwrap_or_default());
        rest = behind;
    }
}

fn count_lines(text: &str) -> u64 {
    u64::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(0)
}

/// Parses `time="H:M:S.fffffff" date="M-D-YYYY"`. A bias in minutes can follow the time.
fn time(attributes: &str) -> ObservedTime {
    let read = || {
        let time = attribute(attributes, "time")?;
        let mut date = attribute(attributes, "date")?.split('-').map(str::parse::<i16>);
        let (month, day, year) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let (clock, bias) = match time.find(['+', '-']) {
            Some(at) => (time.get(..at)?, time.get(at..)?.parse::<i32>().ok()),
            None => (time, None),
        };
        let mut parts = clock.split(':');
        let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let (second, fraction) = parts.next()?.split_once('.').map_or_else(
            || (clock.rsplit(':').next().unwrap_or_default(), ""),
            |(second, fraction)| (second, fraction),
        );
        let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        let local =
            DateTime::new(year, month, day, hour, minute, second.parse().ok()?, digits.parse().ok()?).ok()?;
        // The bias is added to local time to get UTC.
        let offset = bias.and_then(|minutes| Offset::from_seconds(minutes.checked_mul(-60)?).ok());
        Some(ObservedTime::Local(local).at_offset(offset))
    };
    read().unwrap_or_default()
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut parts = attributes.split('"');
    while let Some(before) = parts.next() {
        let value = parts.next()?;
        let key = before.trim_start_matches(['<', ' ', '>']).trim_end_matches('=');
        if key == name {
            return Some(value);
        }
    }
    None
}

/// The apps named in a log so far.
#[derive(Default)]
struct Apps {
    names: HashMap<String, String>,
    current: Option<String>,
}

impl Apps {
    /// Returns the failure in a message.
    fn failure(&mut self, message: &str) -> Option<AppFailure> {
        if message.contains("Get policies = ") {
            self.learn(message);
            return None;
        }
        let named = guid(message);
        if let Some(id) = &named
            && (message.contains("app") || message.contains("App"))
        {
            self.current = Some(id.clone());
        }
        let code = exit_code(message).or_else(|| enforcement_error(message)).or_else(|| {
            let words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            words.filter_map(number::code).find(|code| *code == NOT_DETECTED)
        })?;
        let id = named.or_else(|| self.current.clone())?;
        let name = self.names.get(&id).map(|name| name.as_str().into());
        Some(AppFailure { id: Some(id.into()), name, code: Some(code) })
    }

    /// Reads the names of apps from the JSON list of policies.
    fn learn(&mut self, message: &str) {
        let Some((_, json)) = message.split_once("Get policies = ") else { return };
        let Ok(policies) = serde_json::from_str::<Vec<serde_json::Value>>(json.trim()) else { return };
        for policy in policies {
            let text = |name: &str| policy.get(name).and_then(serde_json::Value::as_str);
            if let (Some(id), Some(name)) = (text("Id"), text("Name"))
                && self.names.len() < APPS
            {
                self.names.insert(id.to_lowercase(), name.to_owned());
            }
        }
    }
}

/// Returns the exit code of a failed installation: neither 0 nor a restart request.
fn exit_code(message: &str) -> Option<u32> {
    let lower = message.to_ascii_lowercase();
    let at =
        ["lpexitcode", "exit code", "exitcode"].iter().find_map(|key| Some(lower.find(key)? + key.len()))?;
    let rest = message.get(at..)?.trim_start_matches([' ', ':', '=', '"', 'i', 's']);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
    number::code(rest.get(..end)?).filter(|code| !matches!(code, 0 | 1641 | 3010))
}

/// Returns the error code of an enforcement state from 5000 on.
fn enforcement_error(message: &str) -> Option<u32> {
    let value = |key: &str| {
        let rest = message.get(message.find(key)? + key.len()..)?.trim_start_matches(['"', ':', ' ', '=']);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        number::code(rest.get(..end)?)
    };
    let state = value("EnforcementState\"")?;
    (5000..6000).contains(&state).then(|| value("ErrorCode\"")).flatten()
}

/// Returns the first GUID in a text, in lower case.
pub(super) fn guid(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .find(|word| word.len() == 36 && word.matches('-').count() == 4)
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_writers_are_read() {
        for (attributes, expected) in [
            (
                r#"<time="8:05:07.1234567" date="7-1-2026" component="x">"#,
                "2026-07-01T08:05:07.1234567 (zone not known)",
            ),
            (r#"<time="08:05:07" date="07-01-2026" component="x">"#, "2026-07-01T08:05:07 (zone not known)"),
            (r#"<time="8:05:07.123-120" date="7-1-2026">"#, "2026-07-01T06:05:07.123Z"),
            (r#"<time="x" date="7-1-2026">"#, "time not known"),
        ] {
            assert_eq!(time(attributes).to_string(), expected, "{attributes}");
        }
    }

    #[test]
    fn a_failed_app_has_its_id_name_and_code() {
        let mut apps = Apps::default();
        let id = "0a1b2c3d-1111-2222-3333-444455556666";
        assert_eq!(apps.failure(&format!(r#"Get policies = [{{"Id":"{id}","Name":"Reader"}}]"#)), None);
        assert_eq!(apps.failure(&format!("[Win32App] Processing app {id}")), None);
        assert_eq!(apps.failure("[Win32App] lpExitCode 0"), None);
        assert_eq!(apps.failure("[Win32App] lpExitCode 3010"), None);
        let failure = apps.failure("[Win32App] lpExitCode 1603").unwrap();
        assert_eq!(
            (failure.id.as_deref(), failure.name.as_deref(), failure.code),
            (Some(id), Some("Reader"), Some(1603))
        );
        let failure =
            apps.failure(&format!(r#"{{"AppId":"{id}","EnforcementState":5000,"ErrorCode":-2016345060}}"#));
        assert_eq!(failure.unwrap().code, Some(NOT_DETECTED));
        assert_eq!(Apps::default().failure("exit code 5"), None, "no app is named");
    }
}
