//! Text files.

use std::collections::BTreeMap;
use std::fmt::Write;

use windows_autopilot::jiff::Timestamp;
use windows_autopilot::jiff::tz::Offset;

use super::Data;

/// The dump of `mdmdiagnosticstool`, with everything that makes it no valid `.reg` file.
pub fn dump(registry: &BTreeMap<String, BTreeMap<String, Data>>) -> Vec<u8> {
    let mut text = String::new();
    for (key, values) in registry {
        write!(text, "[{}]\r\n", key.replace(r"SOFTWARE\Microsoft", r"software\microsoft")).unwrap();
        for (name, data) in values {
            match data {
                Data::Text(data) => write!(text, " \"{name}\"=\"{data}\"\r\n").unwrap(),
                Data::Number(data) => write!(text, " \"{name}\"=DWORD:{data:08X}\r\n").unwrap(),
            }
        }
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// A file of `reg export`: UTF-16LE with a byte order mark.
pub fn export(registry: &BTreeMap<String, BTreeMap<String, Data>>) -> Vec<u8> {
    let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = "\u{feff}Windows Registry Editor Version 5.00\r\n\r\n".to_owned();
    for (key, values) in registry {
        write!(text, "[{key}]\r\n").unwrap();
        for (name, data) in values {
            match data {
                Data::Text(data) => write!(text, "\"{}\"=\"{}\"\r\n", escape(name), escape(data)).unwrap(),
                Data::Number(data) => write!(text, "\"{}\"=dword:{data:08x}\r\n", escape(name)).unwrap(),
            }
        }
        text.push_str("\r\n");
    }
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub fn status(fields: &BTreeMap<String, String>) -> Vec<u8> {
    let mut text = "+----------------------------------------------------------------------+\r\n\
        | Device State                                                         |\r\n\
        +----------------------------------------------------------------------+\r\n\r\n"
        .to_owned();
    for (name, value) in fields {
        write!(text, "{name:>28} : {value}\r\n").unwrap();
    }
    text.into_bytes()
}

pub fn netsetup(lines: &[(Timestamp, String)]) -> Vec<u8> {
    let mut text = "\u{feff}".to_owned();
    for (at, line) in lines {
        let at = Offset::UTC.to_datetime(*at);
        write!(text, "{} {line}\r\n", at.strftime("%m/%d/%Y %H:%M:%S:%3f")).unwrap();
    }
    text.into_bytes()
}

pub fn cmtrace(lines: &[(Timestamp, String)]) -> Vec<u8> {
    let mut text = String::new();
    for (at, line) in lines {
        let at = Offset::UTC.to_datetime(*at);
        write!(
            text,
            "<![LOG[{line}]LOG]!><time=\"{}:{}:{}.{:07}\" date=\"{}-{}-{}\" component=\"IME\" context=\"\" type=\"1\" \
             thread=\"4\" file=\"\">\r\n",
            at.hour(), at.minute(), at.second(), at.subsec_nanosecond() / 100, at.month(), at.day(), at.year()
        )
        .unwrap();
    }
    text.into_bytes()
}
