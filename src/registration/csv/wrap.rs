//! Hashes that mail, consoles and editors break over several lines.

use super::header::Header;
use crate::foreign::{has_first_record, is_base64, looks_like_hash};

/// The minimum number of characters of base64 next to other fields that is the end of a hash, not a serial number.
const LONG: usize = 20;

/// A row whose hash may continue on the next lines.
#[derive(Debug)]
pub(super) struct Run {
    /// The number of the row's first line.
    pub(super) first: u64,
    pub(super) last: u64,
    /// Whether the hash is certainly incomplete on the row's first line.
    is_open: bool,
    /// Whether the hash has begun.
    has_begun: bool,
    /// The maximum number of fields of the line in which the hash ends.
    fields_at_end: usize,
    delimiter: char,
    /// The row and its continuation as one line, if they are to be joined.
    pub(super) joined: Option<String>,
}

/// The position of a hash that may continue on the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The hash begins in this field, and no value follows on the line.
    Begins(usize),
    /// The line ends before this field, in which the hash should begin.
    Expected(usize),
}

/// Returns the position of a hash that may continue on the next line; `None` if the row ends with another value.
pub(super) fn start(fields: &[&str], hash_at: Option<usize>) -> Option<Start> {
    let filled = fields.iter().rposition(|field| !field.trim().is_empty());
    if let Some(at) = filled
        && fields.get(at).is_some_and(|field| looks_long(piece(field)) || is_piece(field, at, hash_at))
    {
        return Some(Start::Begins(at));
    }
    let hash_at = hash_at?;
    filled.is_none_or(|at| at < hash_at).then_some(Start::Expected(hash_at))
}

/// Returns `true` for the start of a hash, of any length.
fn may_begin(text: &str) -> bool {
    matches!(text.as_bytes(), [b'T'] | [b'T', b'0'] | [b'T', b'0', b'E'..=b'H', ..]) && is_all_base64(text)
}

/// Returns `true` for a hash, or a run of base64 too long for any other value.
fn looks_long(text: &str) -> bool {
    looks_like_hash(text) || may_begin(text) || (text.len() >= 2 * LONG && is_all_base64(text))
}

/// Returns `true` if a field in the hash's column is base64 of any length.
fn is_piece(field: &str, at: usize, hash_at: Option<usize>) -> bool {
    hash_at == Some(at) && is_all_base64(piece(field))
}

impl Run {
    /// Creates the run of a row. `is_whole`: whether the hash on the row's line is complete. `line` is the row's text.
    pub(super) fn new(
        number: u64,
        start: Start,
        is_whole: bool,
        header: &Header,
        line: Option<&str>,
    ) -> Self {
        let (has_begun, at) = match start {
            Start::Begins(at) => (true, at),
            Start::Expected(at) => (false, at),
        };
        Self {
            first: number,
            last: number,
            is_open: has_begun && !is_whole,
            has_begun,
            fields_at_end: (header.fields.len() + header.labels).saturating_sub(at).max(1),
            delimiter: char::from(header.delimiter),
            joined: line.map(|line| line.trim_start_matches(['>', ' ']).trim_end().to_owned()),
        }
    }

    /// Returns `true` if the run has more lines than the row's own.
    pub(super) fn is_wrapped(&self) -> bool {
        self.last > self.first
    }

    /// Adds a line if it continues the hash. `fields` are the line's fields, as far as it can be split.
    pub(super) fn take(&mut self, number: u64, fields: &[&str]) -> bool {
        if !self.continues(fields) {
            return false;
        }
        (self.last, self.is_open, self.has_begun) = (number, true, true);
        if let Some(joined) = &mut self.joined {
            // The soft line break of quoted-printable text.
            if joined.ends_with('=') {
                joined.pop();
            }
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    joined.push(self.delimiter);
                }
                joined.push_str(if index == 0 { piece(field) } else { field.trim() });
            }
            if joined.len() > super::lines::LONGEST_LINE {
                self.joined = None;
            }
        }
        true
    }

    fn continues(&self, fields: &[&str]) -> bool {
        let Some((first, others)) = fields.split_first() else { return false };
        let first = piece(first);
        // A row of its own has its hash after another value.
        if others.iter().any(|field| looks_like_hash(piece(field))) || !is_all_base64(first) {
            return false;
        }
        if !self.has_begun {
            return looks_long(first);
        }
        let length = first.len();
        let is_padding = first.ends_with('=') || (length >= 4 && first.bytes().all(|byte| byte == b'A'));
        if has_first_record(first) {
            // The first of another device.
            return false;
        }
        match (others.is_empty(), self.is_open) {
            (true, true) => true,
            (true, false) => length >= LONG || is_padding,
            (false, true) => length >= LONG || is_padding || fields.len() <= self.fields_at_end,
            (false, false) => length >= 2 * LONG || is_padding,
        }
    }
}

/// Returns a piece of a hash without the marks that mail and editors add.
fn piece(field: &str) -> &str {
    field.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>' | '\\' | '`' | '|' | ';'))
}

/// Returns `true` for padded base64, including the URL-safe alphabet and quoted-printable mail.
fn is_all_base64(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| is_base64(c) || c == '=' || (text.len() >= LONG && matches!(c, '%' | '-' | '_')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "T0FzAgEAHAAAAAoACgBnWAAAAAAAAAAA";

    #[test]
    fn a_hash_may_go_on_if_no_value_follows_it_in_its_line() {
        for (fields, expected) in [
            (vec!["SN", "", BEGIN], Some(Start::Begins(2))),
            (vec!["SN", "", BEGIN, "", ""], Some(Start::Begins(2))),
            (vec![BEGIN], Some(Start::Begins(0))),
            (vec!["SN", "", BEGIN, "Kiosk"], None),
            (vec!["SN", "", ""], Some(Start::Expected(2))),
            (vec!["SN"], Some(Start::Expected(2))),
            (vec!["SN", "", "no hash!"], None),
        ] {
            assert_eq!(start(&fields, Some(2)), expected, "{fields:?}");
        }
    }

    #[test]
    fn lines_of_base64_continue_a_hash_and_rows_do_not() {
        let header = |line: &str| Header::find(line, &mut super::super::header::Splitter::new()).unwrap();
        let five = header("Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User");
        let run = |is_whole| Run::new(2, Start::Begins(2), is_whole, &five, None);
        for (fields, open, whole) in [
            (vec!["AwQFBgcICQoLDA0ODw4ADQBQ"], true, true),
            (vec!["> AwQFBgcICQoLDA0ODw4ADQBQ"], true, true),
            (vec!["AwQFBgcICQoLDA0ODw4ADQBQ=3D"], true, true),
            (vec!["AwQF"], true, false),
            (vec!["AAAAAA=="], true, true),
            (vec!["AAAA", "Kiosk", ""], true, true),
            (vec!["PF3XK7M1", "", "", "Kiosk", ""], false, false),
            (vec!["PF3XK7M1", "", BEGIN], false, false),
            (vec!["no base64!"], false, false),
        ] {
            assert_eq!(run(false).take(3, &fields), open, "{fields:?}");
            assert_eq!(run(true).take(3, &fields), whole, "{fields:?}");
        }
        let three = header("Device Serial Number,Windows Product ID,Hardware Hash");
        let mut expected = Run::new(2, Start::Expected(2), false, &three, None);
        assert!(!expected.take(3, &["PF3XK7M1"]));
        assert!(expected.take(3, &[BEGIN]) && expected.take(4, &["AwQF"]) && expected.is_wrapped());
    }
}
