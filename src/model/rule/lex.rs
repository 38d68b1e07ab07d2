//! The tokens of a rule's text.

use std::iter::{Enumerate, Peekable};
use std::str::Chars;

use super::lint::Remark;
use crate::model::findings::{
    RULE_BACKSLASH, RULE_BACKTICK, RULE_INVISIBLE, RULE_SINGLE_QUOTE, RULE_SYNTAX, RULE_TYPOGRAPHIC_DASH,
    RULE_TYPOGRAPHIC_QUOTES,
};

/// A token and the index of its first character.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) position: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A parenthesis, bracket or comma.
    Mark(char),
    /// A name, operator or unquoted value, without its hyphen.
    Word { word: String, hyphen: bool },
    /// Quoted text, without its quotes and escapes.
    Text(String),
}

/// Splits `text`; adds remarks about readable but doubtful parts.
pub(super) fn tokens(text: &str, remarks: &mut Vec<Remark>) -> Result<Vec<Token>, Remark> {
    let mut lexer = Lexer { rest: text.chars().enumerate().peekable(), remarks };
    std::iter::from_fn(|| lexer.token().transpose()).collect()
}

struct Lexer<'a> {
    rest: Peekable<Enumerate<Chars<'a>>>,
    remarks: &'a mut Vec<Remark>,
}

impl Lexer<'_> {
    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        self.rest.next_if(|(_, c)| wanted(*c)).map(|(_, c)| c)
    }

    fn token(&mut self) -> Result<Option<Token>, Remark> {
        while self.take_if(char::is_whitespace).is_some() {}
        let Some((position, c)) = self.rest.next() else { return Ok(None) };
        let kind = match c {
            '(' | ')' | '[' | ']' | ',' => TokenKind::Mark(c),
            '"' | '\'' => self.quoted(c, position)?,
            '-' => self.operator(position)?,
            dash if is_dash(dash) => {
                let problem = format!("{dash:?} is a dash, as word processors and web pages write it");
                self.remarks.push(Remark::new(RULE_TYPOGRAPHIC_DASH, position, problem));
                self.operator(position)?
            }
            c if is_word(c) => self.word(c, false),
            other => return Err(stray(other, position)),
        };
        Ok(Some(Token { kind, position }))
    }

    fn operator(&mut self, position: usize) -> Result<TokenKind, Remark> {
        match self.take_if(is_word) {
            Some(first) => Ok(self.word(first, true)),
            None => Err(Remark::new(RULE_SYNTAX, position, "a hyphen stands alone")
                .with_remedy("write the operator right after its hyphen, such as -eq")),
        }
    }

    fn word(&mut self, first: char, hyphen: bool) -> TokenKind {
        let mut word = String::from(first);
        while let Some(c) = self.take_if(is_word) {
            word.push(c);
        }
        TokenKind::Word { word, hyphen }
    }

    /// Parses text up to the closing `quote`. A backtick and `"` stand for `"`, two `'` for one, in either kind of
    /// quotes.
    fn quoted(&mut self, quote: char, start: usize) -> Result<TokenKind, Remark> {
        let mut text = String::new();
        let mut typographic = None;
        while let Some((position, c)) = self.rest.next() {
            match c {
                '`' if self.take_if(|c| c == '"').is_some() => text.push('"'),
                '`' => {
                    let problem = "a backtick that does not stand before a double quote, which Microsoft does not \
                                   describe";
                    self.remarks.push(Remark::new(RULE_BACKTICK, position, problem));
                    text.push('`');
                }
                '\'' if self.take_if(|c| c == '\'').is_some() => text.push('\''),
                closing if closing == quote => return Ok(TokenKind::Text(text)),
                '\'' => {
                    let problem = "one single quote inside quoted text sometimes matches nothing";
                    self.remarks.push(Remark::new(RULE_SINGLE_QUOTE, position, problem));
                    text.push('\'');
                }
                control if control.is_control() => {
                    let problem = format!("{control:?} is inside quoted text");
                    let remedy =
                        "close the quotes before the end of the line, and take control characters out";
                    return Err(Remark::new(RULE_SYNTAX, position, problem).with_remedy(remedy));
                }
                other => {
                    if let Some(name) = invisible(other) {
                        let problem = format!(
                            "quoted text contains an invisible character ({name}), so it matches nothing visible"
                        );
                        let remedy = "remove the invisible character, and type the value by hand";
                        self.remarks.push(Remark::new(RULE_INVISIBLE, position, problem).with_remedy(remedy));
                    }
                    if is_typographic_quote(other) {
                        typographic.get_or_insert((position, other));
                    }
                    text.push(other);
                }
            }
        }
        Err(match typographic {
            Some((position, c)) => typographic_quote(c, position),
            None => Remark::new(RULE_SYNTAX, start, "quoted text is not closed").with_remedy(
                "close it with the quote that opened it; inside it, write `\" for a double quote",
            ),
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$')
}

/// Returns the name of an invisible character that is not a space.
fn invisible(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero-width space",
        '\u{200c}' | '\u{200d}' => "zero-width joiner",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "mark of writing direction"
        }
        '\u{2060}'..='\u{2064}' | '\u{180e}' => "word joiner",
        '\u{feff}' => "byte order mark",
        _ => return None,
    })
}

fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn is_typographic_quote(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}' | '«' | '»' | '´')
}

fn typographic_quote(c: char, position: usize) -> Remark {
    let problem = format!("{c:?} is a typographic quote, as word processors and web pages write it");
    Remark::new(RULE_TYPOGRAPHIC_QUOTES, position, problem)
}

fn stray(c: char, position: usize) -> Remark {
    if is_typographic_quote(c) {
        return typographic_quote(c, position);
    }
    if let Some(name) = invisible(c) {
        let problem = format!("an invisible character ({name}) has no meaning in a rule");
        let remedy = format!("remove the invisible character ({name}) at this place");
        return Remark::new(RULE_SYNTAX, position, problem).with_remedy(remedy);
    }
    let problem = format!("{c:?} has no meaning in a rule");
    let remedy = match c {
        '\\' => return Remark::new(RULE_BACKSLASH, position, problem),
        '`' => "put the value in double quotes; a backtick is only for a double quote inside them",
        '=' => "write -eq",
        '!' => "write -ne, or -not before a condition",
        '<' | '>' => super::foreign::NO_ORDER,
        '&' => "write -and",
        '|' => "write -or",
        _ => "put values in double quotes, and take out what is not part of the rule",
    };
    Remark::new(RULE_SYNTAX, position, problem).with_remedy(remedy)
}
