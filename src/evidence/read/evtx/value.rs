//! Values of a record, as text.

use std::fmt::Write;

use jiff::Timestamp;

use super::cursor::{Cursor, utf16};

/// The type of a nested fragment of binary XML.
pub(super) const BINARY_XML: u8 = 0x21;
const ARRAY: u8 = 0x80;
/// The longest binary value that is shown as hexadecimal text.
const MOST_BYTES: usize = 256;

/// 1601-01-01 in seconds from 1970.
const FILETIME_EPOCH: i64 = -11_644_473_600;

/// Converts a FILETIME; `None` for 0 and for times beyond the calendar.
pub(in crate::evidence::read) fn filetime(ticks: u64) -> Option<Timestamp> {
    if ticks == 0 {
        return None;
    }
    let seconds = i64::try_from(ticks / 10_000_000).ok()?.checked_add(FILETIME_EPOCH)?;
    let nanos = i32::try_from(ticks % 10_000_000).ok()? * 100;
    Timestamp::new(seconds, nanos).ok()
}

/// Returns the texts of a value, one for each element of an array; `None` if the type is not known or the bytes do not
/// match it.
pub(super) fn texts(kind: u8, bytes: &[u8]) -> Option<Vec<String>> {
    if kind & ARRAY == 0 {
        return text(kind, bytes).map(|text| vec![text]);
    }
    let kind = kind & !ARRAY;
    if kind == 1 {
        // Strings that each end in NUL.
        let units = bytes.as_chunks::<2>().0;
        let parts = units.split(|unit| *unit == [0, 0]).map(|part| utf16(part.as_flattened()));
        let mut parts: Vec<String> = parts.collect();
        if parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        return Some(parts);
    }
    let width = width(kind)?;
    bytes.chunks_exact(width).map(|part| text(kind, part)).collect()
}

/// Returns the size of one element of an array.
fn width(kind: u8) -> Option<usize> {
    Some(match kind {
        3 | 4 => 1,
        5 | 6 => 2,
        7 | 8 | 11 | 13 | 20 => 4,
        9 | 10 | 12 | 17 | 21 => 8,
        15 | 18 => 16,
        _ => return None,
    })
}

fn text(kind: u8, bytes: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(bytes, 0);
    Some(match kind {
        0 => String::new(),
        1 => utf16(bytes),
        2 => bytes.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect(),
        3 => cursor.u8()?.cast_signed().to_string(),
        4 => cursor.u8()?.to_string(),
        5 => cursor.u16()?.cast_signed().to_string(),
        6 => cursor.u16()?.to_string(),
        7 => cursor.u32()?.cast_signed().to_string(),
        8 => cursor.u32()?.to_string(),
        9 => cursor.u64()?.cast_signed().to_string(),
        10 => cursor.u64()?.to_string(),
        11 => f32::from_bits(cursor.u32()?).to_string(),
        12 => f64::from_bits(cursor.u64()?).to_string(),
        13 => if cursor.u32()? == 0 { "false" } else { "true" }.to_owned(),
        14 => bytes.iter().take(MOST_BYTES).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        }),
        15 => guid(bytes)?,
        // A size, as wide as the machine's pointers.
        16 if bytes.len() == 4 => format!("0x{:x}", cursor.u32()?),
        16 | 21 => format!("0x{:x}", cursor.u64()?),
        17 => filetime(cursor.u64()?)?.to_string(),
        18 => system_time(&mut cursor)?,
        19 => sid(bytes)?,
        20 => format!("0x{:x}", cursor.u32()?),
        _ => return None,
    })
}

fn guid(bytes: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(bytes, 0);
    let (first, second, third) = (cursor.u32()?, cursor.u16()?, cursor.u16()?);
    let mut text = format!("{first:08x}-{second:04x}-{third:04x}-");
    for (index, byte) in cursor.take(8)?.iter().enumerate() {
        let _ = write!(text, "{}{byte:02x}", if index == 2 { "-" } else { "" });
    }
    Some(text)
}

fn system_time(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut parts = [0; 8];
    for part in &mut parts {
        *part = cursor.u16()?;
    }
    let [year, month, _, day, hour, minute, second, milli] = parts;
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"))
}

fn sid(bytes: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(bytes, 0);
    let (revision, count) = (cursor.u8()?, cursor.u8()?);
    let authority = cursor.take(6)?.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut text = format!("S-{revision}-{authority}");
    for _ in 0..count {
        let _ = write!(text, "-{}", cursor.u32()?);
    }
    Some(text)
}
