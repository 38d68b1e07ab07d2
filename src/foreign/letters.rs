//! A text as letters with their positions, whose escapes are undone level by level.

use std::borrow::Cow;

/// The replacement for a value that must not be shown.
pub(crate) const REDACTED: &str = "[redacted]";

/// A character and its range of bytes in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) c: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) fn read(text: &str) -> Vec<Letter> {
    text.char_indices().map(|(start, c)| Letter { c, start, end: start + c.len_utf8() }).collect()
}

/// Undoes one level of escapes of JSON, URLs and HTML; `None` if there are none.
pub(super) fn unescaped(letters: &[Letter]) -> Option<Vec<Letter>> {
    let mut out = Vec::with_capacity(letters.len());
    let mut any = false;
    let mut at = 0;
    while let Some(rest) = letters.get(at..)
        && let Some(first) = rest.first()
    {
        let before = out.len();
        let length = match first.c {
            '\\' => backslash(rest, &mut out),
            '%' => percent(rest, &mut out),
            '&' => entity(rest, &mut out),
            _ => 0,
        };
        any |= length > 0;
        if length == 0 {
            out.truncate(before);
            out.push(*first);
        }
        at += length.max(1);
    }
    any.then_some(out)
}

/// Replaces HTML tags with line breaks; `None` if there are none.
pub(super) fn without_tags(letters: &[Letter]) -> Option<Vec<Letter>> {
    letters.iter().find(|letter| letter.c == '<')?;
    let mut out = Vec::with_capacity(letters.len());
    let mut rest = letters;
    while let Some(open) = rest.iter().position(|letter| letter.c == '<') {
        let (before, tag) = rest.split_at_checked(open)?;
        let is_tag =
            tag.get(1).is_some_and(|next| next.c.is_ascii_alphabetic() || matches!(next.c, '/' | '!' | '?'));
        let end = match is_tag {
            true => tag.iter().take(LONGEST_TAG).position(|letter| letter.c == '>'),
            false => None,
        };
        out.extend_from_slice(before);
        let length = match end {
            Some(end) => {
                out.extend(letter('\n', tag, end + 1));
                end + 1
            }
            None => {
                out.extend(tag.first());
                1
            }
        };
        rest = tag.get(length..)?;
    }
    if out.len() + rest.len() == letters.len() {
        return None;
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The longest tag that is recognized.
const LONGEST_TAG: usize = 256;

/// Creates the letter for an escape of `length` letters.
fn letter(c: char, of: &[Letter], length: usize) -> Option<Letter> {
    Some(Letter { c, start: of.first()?.start, end: of.get(length - 1)?.end })
}

/// Parses a number of `count` digits from `from` on.
fn number(letters: &[Letter], from: usize, count: usize, radix: u32) -> Option<u32> {
    let digits = letters.get(from..from + count).filter(|_| count > 0)?;
    digits
        .iter()
        .try_fold(0_u32, |number, letter| number.checked_mul(radix)?.checked_add(letter.c.to_digit(radix)?))
}

fn backslash(rest: &[Letter], out: &mut Vec<Letter>) -> usize {
    let Some(kind) = rest.get(1) else { return 0 };
    let (c, length) = match kind.c {
        'n' | 'r' | 't' | 'b' | 'f' => ('\n', 2),
        c @ ('/' | '"' | '\'' | '\\') => (c, 2),
        'x' => match number(rest, 2, 2, 16).and_then(char::from_u32) {
            Some(c) => (c, 4),
            None => return 0,
        },
        'u' => {
            let half = |from: usize| {
                let is_escape = rest.get(from)?.c == '\\' && rest.get(from + 1)?.c == 'u';
                is_escape.then(|| number(rest, from + 2, 4, 16)).flatten()
            };
            match (half(0), half(6)) {
                (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
                    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                }
                (Some(code), _) => (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
                (None, _) => return 0,
            }
        }
        _ => return 0,
    };
    out.extend(letter(c, rest, length));
    length
}

/// Decodes a run of percent-encoded bytes as UTF-8.
fn percent(rest: &[Letter], out: &mut Vec<Letter>) -> usize {
    let mut bytes = Vec::new();
    while rest.get(bytes.len() * 3).is_some_and(|letter| letter.c == '%')
        && let Some(byte) = number(rest, bytes.len() * 3 + 1, 2, 16).and_then(|byte| u8::try_from(byte).ok())
    {
        bytes.push(byte);
    }
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        let wrong = chunk.invalid().iter().map(|_| (char::REPLACEMENT_CHARACTER, 1));
        for (c, length) in chunk.valid().chars().map(|c| (c, c.len_utf8())).chain(wrong) {
            if let Some(of) = rest.get(at * 3..) {
                out.extend(letter(c, of, length * 3));
            }
            at += length;
        }
    }
    bytes.len() * 3
}

/// Named entities for characters of base64, URLs and markup.
const ENTITIES: &[(&str, char)] = &[
    ("amp", '&'),
    ("apos", '\''),
    ("bsol", '\\'),
    ("commat", '@'),
    ("dash", '-'),
    ("equals", '='),
    ("gt", '>'),
    ("hyphen", '-'),
    ("lowbar", '_'),
    ("lt", '<'),
    ("nbsp", ' '),
    ("newline", '\n'),
    ("num", '#'),
    ("period", '.'),
    ("plus", '+'),
    ("quot", '"'),
    ("shy", '\u{ad}'),
    ("sol", '/'),
    ("tilde", '~'),
    ("zerowidthspace", '\u{200b}'),
];

fn entity(rest: &[Letter], out: &mut Vec<Letter>) -> usize {
    let Some(end) = rest.iter().take(18).position(|letter| letter.c == ';') else { return 0 };
    let c = match (rest.get(1).map(|letter| letter.c), rest.get(2).map(|letter| letter.c)) {
        (Some('#'), Some('x' | 'X')) => number(rest, 3, end.saturating_sub(3), 16).and_then(char::from_u32),
        (Some('#'), _) => number(rest, 2, end.saturating_sub(2), 10).and_then(char::from_u32),
        _ => {
            let name: String = rest
                .get(1..end)
                .unwrap_or_default()
                .iter()
                .map(|letter| letter.c.to_ascii_lowercase())
                .collect();
            ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
        }
    };
    let Some(c) = c else { return 0 };
    out.extend(letter(c, rest, end + 1));
    end + 1
}

/// The bytes of a text to redact.
pub(super) struct Marks(Vec<bool>);

impl Marks {
    pub(super) fn new(text: &str) -> Self {
        Self(vec![false; text.len()])
    }

    /// Marks the bytes of letters and those between them.
    pub(super) fn mark(&mut self, letters: &[Letter]) {
        if let (Some(first), Some(last)) = (letters.first(), letters.last())
            && let Some(bytes) = self.0.get_mut(first.start..last.end)
        {
            bytes.fill(true);
        }
    }

    /// Returns the text with every marked range replaced. Ranges separated by spaces or a slash are one.
    pub(super) fn redacted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.0.contains(&true) {
            return Cow::Borrowed(text);
        }
        let is_marked = |at: usize| self.0.get(at).copied().unwrap_or_default();
        let mut out = String::with_capacity(text.len());
        // What may be dropped if a marked part follows.
        let mut gap = String::new();
        let mut behind = false;
        for (at, c) in text.char_indices() {
            if is_marked(at) {
                if !behind {
                    out.push_str(REDACTED);
                }
                behind = true;
                gap.clear();
            } else if behind && (c.is_whitespace() || c == '/') {
                gap.push(c);
            } else {
                out.push_str(&gap);
                gap.clear();
                out.push(c);
                behind = false;
            }
        }
        out.push_str(&gap);
        Cow::Owned(out)
    }
}
