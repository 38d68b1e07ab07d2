//! Detects the encoding of text files by byte order mark or content.

use std::borrow::Cow;

/// The number of bytes that decide the encoding.
const SAMPLE: usize = 4096;

/// Decodes text: UTF-8 or UTF-16 by byte order mark, UTF-16 if every other byte is mostly zero, else UTF-8 with
/// replacement characters.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8_lossy(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes);
    }
    let pairs = bytes.get(..SAMPLE).unwrap_or(bytes).as_chunks::<2>().0;
    let zeros = |index: usize| pairs.iter().filter(|pair| pair.get(index) == Some(&0)).count() * 2;
    match (zeros(0) > pairs.len(), zeros(1) > pairs.len()) {
        (false, true) => utf16(bytes, u16::from_le_bytes),
        (true, false) => utf16(bytes, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// Returns the lines with their numbers, from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.lines())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found_by_mark_and_by_look() {
        let text = "[HKEY_LOCAL_MACHINE\\Größe]\r\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let files = [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe", le.as_slice()].concat(),
            [b"\xfe\xff", be.as_slice()].concat(),
            le,
            be,
        ];
        for file in files {
            assert_eq!(decode(&file), text, "{:?}", file.get(..4));
        }
        assert_eq!(decode(b"Gr\xf6\xdfe"), "Gr\u{fffd}\u{fffd}e");
        assert_eq!(decode(b""), "");
    }
}
