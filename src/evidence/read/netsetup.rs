//! `netsetup.log`: domain joins, and the computer accounts that a connector creates.

use jiff::civil::DateTime;

use super::text;
use crate::evidence::fact::{Fact, JoinLogLine};
use crate::evidence::observation::ObservedTime;
use crate::evidence::side::Side;
use crate::evidence::sink::Sink;
use crate::evidence::source::SourceKind;

/// Returns `true` if a text is such a log.
pub(super) fn is_netsetup(start: &str) -> bool {
    start.lines().take(40).any(|line| split_time(line).is_some_and(|(_, text)| text.contains("Netp")))
}

/// Reads the log. Passwords and account names are not kept.
pub(super) fn read(side: Side, path: &str, text: &str, sink: &mut Sink) {
    let source = sink.source(side, SourceKind::JoinLog, path);
    let mut section = 0;
    // A call with its parameters, which stand on lines of their own.
    let mut call: Option<(u64, ObservedTime, JoinLogLine)> = None;
    for (number, line) in text::lines(text) {
        let Some((time, line)) = split_time(line) else { continue };
        let time = ObservedTime::Local(time);
        if line.starts_with("-----") {
            section += 1;
            continue;
        }
        let body = line.trim();
        if let (Some((name, value)), Some((_, _, call))) = (parameter(body), &mut call) {
            take_parameter(call, name, value);
            continue;
        }
        if let Some((number, time, call)) = call.take() {
            sink.record(source, Some(number), time, Some(Fact::JoinLog(call)));
        }
        let Some(mut found) = parse(body, section) else {
            sink.record(source, Some(number), time, None);
            continue;
        };
        for word in body.split([',', ';']) {
            if let Some((name, value)) = inline_parameter(word) {
                take_parameter(&mut found, name, value);
            }
        }
        call = Some((number, time, found));
    }
    if let Some((number, time, call)) = call {
        sink.record(source, Some(number), time, Some(Fact::JoinLog(call)));
    }
}

/// Splits `MM/DD/YYYY HH:MM:SS:mmm text`.
fn split_time(line: &str) -> Option<(DateTime, &str)> {
    let line = line.trim_start_matches('\u{feff}');
    let (date, rest) = line.split_once(' ')?;
    let (time, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut date = date.split('/').map(str::parse::<i16>);
    let (month, day, year) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut time = time.split(':').map(str::parse::<i32>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    let milli = time.next().and_then(Result::ok).unwrap_or(0);
    let small = |number: i32| i8::try_from(number).ok();
    let at = DateTime::new(
        year,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        milli.checked_mul(1_000_000)?,
    );
    Some((at.ok()?, text))
}

/// Parses a line with only a parameter, such as `lpDomain: contoso.com`.
fn parameter(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim();
    let is_parameter = (name.starts_with("lp") || name.starts_with("dw")) && !name.contains(' ');
    is_parameter.then(|| (name, value.trim()))
}

/// Parses a parameter among others on a line.
fn inline_parameter(word: &str) -> Option<(&str, &str)> {
    let at = ["lpDomain", "lpHostName", "lpMachineName", "lpMachineAccountOU"]
        .iter()
        .find_map(|name| word.find(name))?;
    parameter(word.get(at..)?)
}

fn take_parameter(call: &mut JoinLogLine, name: &str, value: &str) {
    let value = value.trim_matches('"');
    if value.is_empty() || value.eq_ignore_ascii_case("(NULL)") {
        return;
    }
    match name {
        "lpDomain" | "lpDomainName" => call.domain = Some(value.into()),
        "lpHostName" | "lpMachineName" => call.computer = Some(value.into()),
        "lpMachineAccountOU" => call.organizational_unit = Some(value.into()),
        _ => {}
    }
}

/// Parses a line written by a function of the join.
fn parse(text: &str, section: u32) -> Option<JoinLogLine> {
    let is_function = |word: &&str| {
        ["Netp", "NetUse", "Djoin", "ldap_", "DsGet"].iter().any(|start| word.starts_with(start))
    };
    let function = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').find(is_function)?;
    let mut codes = codes(text);
    Some(JoinLogLine {
        function: function.into(),
        code: codes.next(),
        extended: codes.next(),
        domain: None,
        computer: None,
        organizational_unit: None,
        section,
    })
}

/// Returns the codes of a line: hexadecimal numbers that are not a parameter's value.
fn codes(text: &str) -> impl Iterator<Item = u32> {
    let mut before = "";
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '='));
    words.filter(|word| !word.is_empty()).filter_map(move |word| {
        let is_value = before.starts_with("dw") || before.starts_with("lp");
        before = word;
        let digits = word.rsplit(':').find(|part| !part.is_empty())?.trim_end_matches('.');
        let is_own_value = word.starts_with("dw") || word.starts_with("lp");
        let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"))?;
        (!is_value && !is_own_value).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_parameters() {
        let codes = |line: &str| codes(line).collect::<Vec<_>>();
        assert_eq!(codes("NetpModifyComputerObjectInDs: ldap_add_s failed: 0x35 0x216d"), [0x35, 0x216d]);
        assert_eq!(codes("NetpDoDomainJoin: status: 0xaac"), [0xaac]);
        assert_eq!(codes("NetpJoinDomain: dwOptions: 0x403, status:0x5."), [0x5]);
        assert!(codes("NetpProvisionComputerAccount:").is_empty());
    }

    #[test]
    fn times_are_local() {
        let (time, text) = split_time("07/01/2026 09:05:07:123 NetpDoDomainJoin").unwrap();
        assert_eq!((time.to_string(), text), ("2026-07-01T09:05:07.123".to_owned(), "NetpDoDomainJoin"));
        assert!(split_time("no time").is_none());
        assert!(split_time("13/45/2026 99:05:07:123 x").is_none());
    }
}
