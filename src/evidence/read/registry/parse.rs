//! Parses the text form of registry keys.
//!
//! The dump has no header, a space before names, capitals in `DWORD:`, spaces around `=`, and no escapes: text extends
//! to the last quote of its value, and can contain quotes and line breaks.

use std::iter::Peekable;

use crate::evidence::fact::RegistryData;
use crate::evidence::read::text;

/// A key, by its lower-case path below the hive, or a value of the previous key.
pub(super) enum Item<'a> {
    Key(String),
    Value(&'a str, RegistryData),
}

/// The longest text of a value.
const LONGEST: usize = 1 << 20;

/// Parses keys and values in order.
pub(super) fn parse<'a>(text: &'a str, mut each: impl FnMut(u64, Item<'a>)) {
    let text = text.trim_start_matches('\u{feff}');
    let has_escapes =
        text.trim_start().starts_with("Windows Registry Editor") || text.trim_start().starts_with("REGEDIT4");
    let mut lines = text::lines(text).peekable();
    while let Some((number, line)) = lines.next() {
        if let Some(key) = key(line) {
            each(number, Item::Key(key));
        } else if let Some((name, data)) = value_start(line, has_escapes) {
            let data = data.trim();
            let read = match data.strip_prefix('"') {
                Some(first) => Some(RegistryData::Text(string(first, &mut lines, has_escapes).into())),
                None => other(data, &mut lines),
            };
            if let Some(data) = read {
                each(number, Item::Value(name, data));
            }
        }
    }
}

/// Parses the line of a key. Keys that a file deletes begin with a hyphen.
fn key(line: &str) -> Option<String> {
    let line = line.trim();
    let path = line.strip_prefix('[')?.strip_suffix(']')?;
    let (hive, path) = path.split_once('\\').unwrap_or((path, ""));
    hive.to_ascii_uppercase().starts_with("HK").then(|| path.to_lowercase())
}

/// Splits the first line of a value into name and data.
fn value_start(line: &str, has_escapes: bool) -> Option<(&str, &str)> {
    let line = line.trim_start();
    if let Some(rest) = line.strip_prefix('@') {
        return Some(("", rest.trim_start().strip_prefix('=')?));
    }
    let rest = line.strip_prefix('"')?;
    let mut at = 0;
    loop {
        let quote = at + rest.get(at..)?.find('"')?;
        let behind = rest.get(quote + 1..)?;
        let is_escaped =
            has_escapes && rest.get(..quote)?.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1;
        if !is_escaped {
            // A quote without an equals sign behind it is a line of JSON inside of a value.
            let data = behind.trim_start().strip_prefix('=')?;
            return Some((rest.get(..quote)?, data));
        }
        at = quote + 1;
    }
}

/// Parses a string that begins with `first` and continues on lines that begin nothing else.
fn string<'a>(
    first: &'a str,
    lines: &mut Peekable<impl Iterator<Item = (u64, &'a str)>>,
    has_escapes: bool,
) -> String {
    let mut raw = first.to_owned();
    while let Some((_, line)) = lines.peek() {
        let is_next = key(line).is_some() || value_start(line, has_escapes).is_some();
        if is_next || (line.trim().is_empty() && raw.trim_end().ends_with('"')) {
            break;
        }
        if raw.len() < LONGEST {
            raw.push('\n');
            raw.push_str(line);
        }
        lines.next();
    }
    let end = raw.rfind('"').unwrap_or(raw.len());
    raw.truncate(end);
    if has_escapes { unescape(&raw) } else { raw }
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut is_escaped = false;
    for c in raw.chars() {
        if is_escaped && !matches!(c, '\\' | '"') {
            text.push('\\');
        }
        is_escaped = c == '\\' && !is_escaped;
        if !is_escaped {
            text.push(c);
        }
    }
    text
}

/// Parses a number or bytes.
fn other<'a>(data: &str, lines: &mut Peekable<impl Iterator<Item = (u64, &'a str)>>) -> Option<RegistryData> {
    let (kind, value) = data.split_once(':')?;
    let kind = kind.trim().to_ascii_lowercase();
    if kind == "dword" || kind == "qword" {
        let digits = value.trim();
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        return u64::from_str_radix(digits, 16).ok().map(RegistryData::Number);
    }
    if !kind.starts_with("hex") {
        return None;
    }
    let mut digits = value.trim().to_owned();
    while digits.ends_with('\\') && digits.len() < LONGEST {
        digits.pop();
        let Some((_, line)) = lines.next() else { break };
        digits.push_str(line.trim());
    }
    let bytes: Vec<u8> =
        digits.split(',').filter_map(|byte| u8::from_str_radix(byte.trim(), 16).ok()).collect();
    let texts = || {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        let texts =
            units.split(|unit| *unit == 0).filter(|part| !part.is_empty()).map(String::from_utf16_lossy);
        texts.collect::<Vec<_>>()
    };
    Some(match kind.as_str() {
        "hex(1)" | "hex(2)" => RegistryData::Text(texts().into_iter().next().unwrap_or_default().into()),
        "hex(7)" => RegistryData::Texts(texts().into_iter().map(Into::into).collect()),
        "hex(4)" | "hex(b)" => RegistryData::Number(
            bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
        ),
        _ => RegistryData::Bytes(bytes),
    })
}
