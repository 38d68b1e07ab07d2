//! Characters that a terminal, a page or an editor would act on.

use std::fmt::{self, Write};

/// Returns `true` if a character can be shown unchanged. Control characters, invisible ones and those that change the
/// direction of text cannot.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Untrusted text on one line: characters that are not plain are escaped, as in `\u{202e}` and `
/// `.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a>(&'a str);

/// Returns untrusted text in a form for one line.
pub(crate) fn line<T: AsRef<str> + ?Sized>(text: &T) -> Line<'_> {
    Line(text.as_ref())
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Most text is plain, and keeps what a format asks for, such as a width.
        if self.0.chars().all(is_plain) {
            return f.pad(self.0);
        }
        let mut text = String::with_capacity(self.0.len() + 8);
        self.0.chars().try_for_each(|c| write_escaped(&mut text, c))?;
        f.pad(&text)
    }
}

fn write_escaped(out: &mut String, c: char) -> fmt::Result {
    match c {
        c if is_plain(c) => out.write_char(c),
        '\n' | '\r' | '\t' => write!(out, "{}", c.escape_default()),
        c => write!(out, "{}", c.escape_unicode()),
    }
}

/// Writes text with runs of spaces folded into one and characters that are not plain escaped.
pub(super) fn write_folded(out: &mut String, text: &str) -> fmt::Result {
    for (index, word) in text.split_whitespace().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        word.chars().try_for_each(|c| write_escaped(out, c))?;
    }
    Ok(())
}
