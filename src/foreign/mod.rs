//! Untrusted text: error bodies, headers, names, causes. All of it enters the crate's output here.
//!
//! [`excerpt`] reads 4 KiB and keeps at most 1 KiB: it cuts, folds markup and spaces, redacts and escapes, in that
//! order and in linear time. [`Redactor`] redacts the values of one request; text that looks like a hash, a token or a
//! person's name is redacted without one. [`line`] only escapes, for names that have to be shown.

mod escape;
mod fold;
mod hash;
pub(crate) mod json;
mod known;
mod letters;
mod shape;

use std::borrow::Cow;

#[cfg(feature = "workflow")]
pub(crate) use self::escape::is_plain;
pub(crate) use self::escape::line;
pub(crate) use self::hash::looks_like_hash;
#[cfg(feature = "registration")]
pub(crate) use self::hash::{has_first_record, is_base64, may_show_hash};
pub(crate) use self::known::Redactor;
pub(crate) use self::letters::REDACTED;

/// The number of bytes of a text that are read.
pub(crate) const READ_BYTES: usize = 4_096;

/// The maximum number of bytes of a text that are kept.
pub(crate) const KEEP: usize = 1_024;

/// Returns an excerpt of at most `longest` characters, redacted by shape.
pub(crate) fn excerpt(text: impl AsRef<[u8]>, longest: usize) -> String {
    Redactor::default().excerpt(text, longest)
}

/// Returns a short text, such as a name or an id, on one line, redacted by shape; markup is kept.
pub(crate) fn scrub(text: &str) -> String {
    Redactor::default().text(text)
}

/// Returns the path of a request without people's names, for messages.
pub(crate) fn shown_path(path: &str) -> String {
    let mut before = String::new();
    let mut shown: Vec<String> = Vec::new();
    for raw in path.split('/') {
        let segment = known::decoded(raw);
        shown.push(match known::person_in(&segment, &before) {
            Some(_) if segment.contains('(') => format!("users('{REDACTED}')"),
            Some(_) => REDACTED.to_owned(),
            None => raw.to_owned(),
        });
        before = segment;
    }
    scrub(&shown.join("/"))
}

impl Redactor {
    /// Returns an excerpt of at most `longest` characters, without markup.
    pub(crate) fn excerpt(&self, text: impl AsRef<[u8]>, longest: usize) -> String {
        let (head, is_cut) = head(text.as_ref());
        let mut folded = fold::without_markup(&head);
        if is_cut {
            drop_cut_word(&mut folded);
        }
        self.finish(&folded, longest, is_cut)
    }

    /// Returns a text with only spaces folded.
    pub(crate) fn text(&self, text: &str) -> String {
        let (head, is_cut) = head(text.as_bytes());
        let mut head = head.into_owned();
        if is_cut {
            drop_cut_word(&mut head);
        }
        self.finish(&head, KEEP, is_cut)
    }

    /// Returns `true` if a text repeats a value of the request.
    pub(crate) fn is_repeated_in(&self, text: &str) -> bool {
        let mut marks = letters::Marks::new(text);
        self.mark(&levels(text), &mut marks);
        matches!(marks.redacted(text), Cow::Owned(_))
    }

    /// Returns a text of any length, redacted but neither cut nor escaped: for files that are read again.
    #[cfg(feature = "cassette")]
    pub(crate) fn whole(&self, text: &str) -> String {
        self.redact(text).into_owned()
    }

    fn finish(&self, text: &str, longest: usize, is_cut: bool) -> String {
        let mut shown = String::with_capacity(text.len().min(KEEP));
        // Writing to a text cannot fail.
        let _ = escape::write_folded(&mut shown, &self.redact(text));
        cut(&mut shown, longest, is_cut);
        shown
    }

    /// Redacts the values of the request, and text that looks secret.
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut marks = letters::Marks::new(text);
        let levels = levels(text);
        for level in &levels {
            shape::mark(level, &mut marks);
        }
        self.mark(&levels, &mut marks);
        marks.redacted(text)
    }
}

/// Returns the letters of a text at each level of escapes, with and without tags: JSON may be nested in JSON in a page.
fn levels(text: &str) -> Vec<Vec<letters::Letter>> {
    let mut levels = vec![letters::read(text)];
    while levels.len() < DEEPEST
        && let Some(next) = levels.last().and_then(|level| letters::unescaped(level))
    {
        levels.push(next);
    }
    // Tags may wrap a value, at any level.
    let without_tags: Vec<_> = levels.iter().filter_map(|level| letters::without_tags(level)).collect();
    levels.extend(without_tags);
    levels
}

/// The maximum number of levels of escapes.
const DEEPEST: usize = 6;

/// The longest word that is dropped because it was cut.
const LONGEST_CUT_WORD: usize = 512;

/// Returns the beginning of a text, and whether there is more.
fn head(text: &[u8]) -> (Cow<'_, str>, bool) {
    let head = text.get(..READ_BYTES).unwrap_or(text);
    (String::from_utf8_lossy(head), head.len() < text.len())
}

/// Drops the last word of a text that was cut, because half a name does not look like one.
fn drop_cut_word(text: &mut String) {
    if let Some(end) = text.rfind(char::is_whitespace)
        && text.len() - end <= LONGEST_CUT_WORD
    {
        text.truncate(end);
    }
}

/// Cuts a text to `longest` characters and to the size limit.
fn cut(text: &mut String, longest: usize, is_cut: bool) {
    if text.is_empty() {
        return;
    }
    let mut end = text.char_indices().nth(longest).map_or(text.len(), |(end, _)| end);
    if end == text.len() && end <= KEEP && !is_cut {
        return;
    }
    end = end.min(KEEP - '…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push('…');
}

#[cfg(test)]
mod tests;
