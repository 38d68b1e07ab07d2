//! Reads lines of text in the encodings that tools on Windows write.

use std::io::{self, Read};

use serde::Serialize;

/// The number of bytes read at once.
const CHUNK: usize = 64 * 1024;

/// The longest line in bytes. A hash has about 4,000, an Excel cell at most 32,767.
pub(super) const LONGEST_LINE: usize = 128 * 1024;

/// The encoding of a file's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Encoding {
    /// Plain ASCII, which all encodings except UTF-16 share.
    #[default]
    Ascii,
    /// ANSI, read as Windows-1252, because a file does not name its code page.
    Ansi,
    /// UTF-8.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8WithBom,
    /// UTF-16, little-endian, as `Out-File` in PowerShell 5 writes it.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
}

/// The kind of file that its first bytes show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Text,
    /// An Excel workbook: a ZIP archive, or the format before 2007.
    Workbook,
}

/// A line, whose text is in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// The line's number, from 1.
    pub(super) number: u64,
    /// Whether the line exceeds the limit; its text is then dropped.
    pub(super) too_long: bool,
}

/// A reader of lines that end in LF, CR LF or CR. Holds at most a chunk and a line.
pub(super) struct Lines<R> {
    input: R,
    chunk: Vec<u8>,
    /// Decoded bytes; those before `at` are consumed.
    text: Vec<u8>,
    at: usize,
    line: Vec<u8>,
    number: u64,
    utf16: Option<Utf16>,
    started: bool,
    ended: bool,
    after_cr: bool,
    encoding: Encoding,
    has_lone_cr: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            chunk: vec![0; CHUNK],
            text: Vec::new(),
            at: 0,
            line: Vec::new(),
            number: 0,
            utf16: None,
            started: false,
            ended: false,
            after_cr: false,
            encoding: Encoding::Ascii,
            has_lone_cr: false,
        }
    }

    /// Returns the encoding, as far as it is known from the text read.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Returns `true` if a line ended in only a CR.
    pub(super) fn has_lone_cr(&self) -> bool {
        self.has_lone_cr
    }

    /// Inspects the first bytes. Called once, before any line is read.
    pub(super) fn start(&mut self) -> io::Result<Start> {
        const LONGEST_MARK: usize = 4;
        let mut first = Vec::with_capacity(CHUNK);
        while first.len() < LONGEST_MARK && !self.ended {
            let read = self.read_chunk()?;
            first.extend_from_slice(self.chunk.get(..read).unwrap_or_default());
        }
        self.started = true;
        let body = match first.as_slice() {
            [b'P', b'K', 3, 4, ..] | [0xD0, 0xCF, 0x11, 0xE0, ..] => return Ok(Start::Workbook),
            [0xEF, 0xBB, 0xBF, body @ ..] => {
                self.encoding = Encoding::Utf8WithBom;
                body
            }
            [0xFF, 0xFE, body @ ..] => {
                self.utf16(Encoding::Utf16Le);
                body
            }
            [0xFE, 0xFF, body @ ..] => {
                self.utf16(Encoding::Utf16Be);
                body
            }
            // A header is ASCII, so half of its bytes are zero, mark or no mark.
            [1..=255, 0, 1..=255, 0, ..] => {
                self.utf16(Encoding::Utf16Le);
                &first
            }
            [0, 1..=255, 0, 1..=255, ..] => {
                self.utf16(Encoding::Utf16Be);
                &first
            }
            _ => &first,
        };
        self.decode(body);
        Ok(Start::Text)
    }

    /// Reads the next line into `text`; `None` at the end.
    pub(super) fn next(&mut self, text: &mut String) -> io::Result<Option<Line>> {
        text.clear();
        self.line.clear();
        let mut too_long = false;
        let mut any = false;
        loop {
            if self.at == self.text.len() && !self.fill()? {
                if !any {
                    return Ok(None);
                }
                break;
            }
            let rest = self.text.get(self.at..).unwrap_or_default();
            if std::mem::take(&mut self.after_cr) {
                if rest.first() == Some(&b'\n') {
                    self.at += 1;
                    continue;
                }
                self.has_lone_cr = true;
            }
            any = true;
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            self.at += part.len() + usize::from(end.is_some());
            too_long |= self.line.len() + part.len() > LONGEST_LINE;
            if !too_long {
                self.line.extend_from_slice(part);
            }
            if let Some(end) = end {
                self.after_cr = rest.get(end) == Some(&b'\r');
                break;
            }
        }
        self.number += 1;
        if !too_long {
            self.take_line(text);
        }
        Ok(Some(Line { number: self.number, too_long }))
    }

    /// Converts the line's bytes into text.
    fn take_line(&mut self, text: &mut String) {
        let seen = match std::str::from_utf8(&self.line) {
            Ok(line) => {
                text.push_str(line);
                if line.is_ascii() { Encoding::Ascii } else { Encoding::Utf8 }
            }
            Err(_) => {
                text.extend(self.line.iter().map(|byte| windows_1252(*byte)));
                Encoding::Ansi
            }
        };
        // One line that is not UTF-8 tells more than many that could be both.
        self.encoding = match (self.encoding, seen) {
            (Encoding::Ascii, seen) => seen,
            (Encoding::Utf8, Encoding::Ansi) => Encoding::Ansi,
            (before, _) => before,
        };
    }

    fn utf16(&mut self, encoding: Encoding) {
        self.encoding = encoding;
        self.utf16 = Some(Utf16 { big_endian: encoding == Encoding::Utf16Be, pending: Vec::new() });
    }

    /// Decodes more text. Returns `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() && !self.ended {
            let read = self.read_chunk()?;
            let chunk = std::mem::take(&mut self.chunk);
            self.decode(chunk.get(..read).unwrap_or_default());
            self.chunk = chunk;
        }
        Ok(!self.text.is_empty())
    }

    fn decode(&mut self, bytes: &[u8]) {
        match &mut self.utf16 {
            Some(utf16) => utf16.decode(bytes, self.ended, &mut self.text),
            None => self.text.extend_from_slice(bytes),
        }
    }

    fn read_chunk(&mut self) -> io::Result<usize> {
        loop {
            match self.input.read(&mut self.chunk) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

/// An incremental decoder of UTF-16.
struct Utf16 {
    big_endian: bool,
    /// The first bytes of an incomplete character.
    pending: Vec<u8>,
}

impl Utf16 {
    fn decode(&mut self, bytes: &[u8], last: bool, text: &mut Vec<u8>) {
        self.pending.extend_from_slice(bytes);
        let unit = |pair: &[u8; 2]| {
            if self.big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
        };
        let (mut pairs, odd) = self.pending.as_chunks::<2>();
        let mut kept = odd.len();
        if let Some((pair, before)) = pairs.split_last()
            && !last
            && matches!(unit(pair), 0xD800..=0xDBFF)
        {
            pairs = before;
            kept += pair.len();
        }
        let mut buffer = [0; 4];
        for c in char::decode_utf16(pairs.iter().map(unit)) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            text.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
        if last && kept > 0 {
            text.extend_from_slice(char::REPLACEMENT_CHARACTER.encode_utf8(&mut buffer).as_bytes());
            kept = 0;
        }
        self.pending.drain(..self.pending.len() - kept);
    }
}

/// Decodes a character of Windows-1252, which differs from Latin-1 in 32 places.
fn windows_1252(byte: u8) -> char {
    const FROM_0X80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80)
        .and_then(|index| FROM_0X80.get(usize::from(index)).copied())
        .unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader that returns a few bytes at a time, with an interruption before each read.
    struct Trickle<'a> {
        bytes: &'a [u8],
        at_once: usize,
        interrupt: bool,
    }

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.interrupt = !self.interrupt;
            if self.interrupt {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let (now, rest) = self.bytes.split_at(self.at_once.min(self.bytes.len()).min(buffer.len()));
            buffer[..now.len()].copy_from_slice(now);
            self.bytes = rest;
            Ok(now.len())
        }
    }

    fn lines(bytes: &[u8], at_once: usize) -> (Vec<String>, Lines<Trickle<'_>>) {
        let mut lines = Lines::new(Trickle { bytes, at_once, interrupt: false });
        assert_eq!(lines.start().unwrap(), Start::Text);
        let (mut text, mut all) = (String::new(), Vec::new());
        while let Some(line) = lines.next(&mut text).unwrap() {
            all.push(text.clone());
            assert_eq!((line.number, line.too_long), (all.len() as u64, false));
        }
        assert!(lines.next(&mut text).unwrap().is_none());
        (all, lines)
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn every_encoding_of_windows_gives_the_same_text() {
        let text = "Serial,Tag\r\nA,Büro 😀\r\nB,x";
        let expected = ["Serial,Tag", "A,Büro 😀", "B,x"];
        let (le, be) = (utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes));
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            ([b"\xEF\xBB\xBF", text.as_bytes()].concat(), Encoding::Utf8WithBom),
            ([b"\xFF\xFE", le.as_slice()].concat(), Encoding::Utf16Le),
            ([b"\xFE\xFF", be.as_slice()].concat(), Encoding::Utf16Be),
            (le, Encoding::Utf16Le),
            (be, Encoding::Utf16Be),
        ] {
            for at_once in [1, 3, 7, 1_000] {
                let (all, read) = lines(&bytes, at_once);
                assert_eq!((all.as_slice(), read.encoding()), (&expected.map(String::from)[..], encoding));
            }
        }
        let (all, read) = lines(b"Tag\nB\xFCro \x80\n\xC3\xBC", 5);
        assert_eq!(
            (all.as_slice(), read.encoding()),
            (&["Tag", "Büro €", "ü"].map(String::from)[..], Encoding::Ansi)
        );
        assert_eq!(lines(b"plain", 9).1.encoding(), Encoding::Ascii);
    }

    #[test]
    fn lines_end_in_lf_cr_lf_or_cr_and_the_last_need_not_end() {
        for at_once in [1, 2, 100] {
            assert_eq!(lines(b"a\nb\r\nc\rd", at_once).0, ["a", "b", "c", "d"]);
            assert_eq!(lines(b"a\n\n\r\n\rb\n", at_once).0, ["a", "", "", "", "b"]);
            assert!(lines(b"", at_once).0.is_empty());
        }
        assert!(lines(b"a\rb", 1).1.has_lone_cr());
        assert!(!lines(b"a\r\nb\nc\r", 1).1.has_lone_cr());
    }

    #[test]
    fn a_line_without_end_is_dropped_and_the_next_is_read() {
        let bytes = [vec![b'x'; LONGEST_LINE + 1], b"\nnext\n".to_vec()].concat();
        let mut lines = Lines::new(bytes.as_slice());
        lines.start().unwrap();
        let mut text = String::new();
        assert_eq!(lines.next(&mut text).unwrap(), Some(Line { number: 1, too_long: true }));
        assert!(text.is_empty() && lines.line.capacity() <= 2 * LONGEST_LINE);
        assert_eq!(lines.next(&mut text).unwrap(), Some(Line { number: 2, too_long: false }));
        assert_eq!(text, "next");
    }

    #[test]
    fn halves_of_characters_become_replacement_characters() {
        assert_eq!(lines(b"\xFF\xFEa\0\x3D\xD8", 1).0, ["a\u{fffd}"]);
        assert_eq!(lines(b"\xFF\xFEa\0b", 1).0, ["a\u{fffd}"]);
        assert_eq!(lines(b"\xFF\xFE\x3D\xD8a\0", 3).0, ["\u{fffd}a"]);
    }

    #[test]
    fn a_workbook_is_recognized() {
        for bytes in [&b"PK\x03\x04rest"[..], b"\xD0\xCF\x11\xE0\xA1"] {
            assert_eq!(Lines::new(bytes).start().unwrap(), Start::Workbook);
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(bytes in proptest::collection::vec(any::<u8>(), 0..200), at_once in 1..9_usize) {
            prop_assume!(Lines::new(bytes.as_slice()).start().unwrap() == Start::Text);
            prop_assert_eq!(lines(&bytes, at_once).0, lines(&bytes, usize::MAX).0);
        }
    }
}
