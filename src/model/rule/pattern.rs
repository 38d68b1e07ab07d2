//! Regular expressions of rules: those evaluated here, and those that only .NET evaluates.

use std::iter::Peekable;
use std::str::Chars;

#[cfg(feature = "patterns")]
use regex_lite::Regex;

/// The nesting limit of groups.
const MOST_GROUPS: usize = 100;

/// A regular expression. Equal if the text is: its case matters (`\d`, `\D`).
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) written: String,
    /// The compiled expression; `None` if only .NET, the service's platform, evaluates it.
    regex: Option<Regex>,
}

/// A compiled expression: without the feature, no expression is compiled.
#[cfg(not(feature = "patterns"))]
#[derive(Debug, Clone)]
enum Regex {}

#[cfg(not(feature = "patterns"))]
impl Regex {
    fn is_match(&self, _: &str) -> bool {
        match *self {}
    }
}

/// Compiles an expression; `None` if it is not evaluated here.
#[cfg(feature = "patterns")]
fn compile(text: &str) -> Option<Regex> {
    /// The memory limit of a compiled expression.
    const PATTERN_BYTES: usize = 1 << 18;

    regex_lite::RegexBuilder::new(text).case_insensitive(true).size_limit(PATTERN_BYTES).build().ok()
}

#[cfg(not(feature = "patterns"))]
fn compile(_: &str) -> Option<Regex> {
    None
}

impl Pattern {
    /// Creates a pattern.
    ///
    /// # Errors
    /// The problem, if .NET refuses the pattern too.
    pub(super) fn new(written: String) -> Result<Self, &'static str> {
        let regex = compile(&written);
        if regex.is_none() {
            Check { rest: written.chars().peekable(), depth: 0 }.alternatives(false)?;
        }
        Ok(Self { written, regex })
    }

    /// Returns whether the pattern is found in `text`; `None` if it is not evaluated here.
    pub(super) fn is_match(&self, text: &str) -> Option<bool> {
        self.regex.as_ref().map(|regex| regex.is_match(text))
    }

    /// Returns `true` if the pattern is evaluated here.
    pub(super) fn is_evaluated(&self) -> bool {
        self.regex.is_some()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

/// A parser for .NET's grammar that decides whether a pattern is valid.
struct Check<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

type Checked = Result<(), &'static str>;

impl Check<'_> {
    fn take_if(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    /// Parses up to the end, or to the parenthesis that closes a group.
    fn alternatives(&mut self, in_group: bool) -> Checked {
        let mut may_repeat = false;
        while let Some(c) = self.rest.next() {
            let repeats = matches!(c, '*' | '+' | '?') || c == '{' && self.is_count();
            match c {
                ')' if in_group => return Ok(()),
                ')' => return Err("a parenthesis is closed that was not opened"),
                '(' => self.group()?,
                '[' => self.class()?,
                '\\' => self.escape()?,
                _ if repeats && !may_repeat => {
                    return Err("a quantifier such as * follows nothing that it could repeat");
                }
                _ => {}
            }
            if repeats {
                // The lazy form.
                self.take_if('?');
            }
            may_repeat = !repeats && c != '|';
        }
        if in_group { Err("a parenthesis is not closed") } else { Ok(()) }
    }

    /// Parses the rest of `{2}`, `{2,}` or `{2,5}` after its brace; anything else is text.
    fn is_count(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        let mut digits = 0;
        while ahead.next_if(char::is_ascii_digit).is_some() {
            digits += 1;
        }
        if ahead.next_if_eq(&',').is_some() {
            while ahead.next_if(char::is_ascii_digit).is_some() {}
        }
        let is_count = digits > 0 && ahead.next_if_eq(&'}').is_some();
        if is_count {
            self.rest = ahead;
        }
        is_count
    }

    fn group(&mut self) -> Checked {
        if self.depth == MOST_GROUPS {
            return Err("groups nest too deep");
        }
        if self.take_if('?') {
            match self.rest.next() {
                Some(':' | '=' | '!' | '>') => {}
                Some('#') if self.rest.by_ref().any(|c| c == ')') => return Ok(()),
                Some('#') => return Err("a comment is not closed"),
                Some('<') if self.take_if('=') || self.take_if('!') => {}
                Some('<') => self.name('>')?,
                Some('\'') => self.name('\'')?,
                // A condition on a group, or on what comes next.
                Some('(') => self.group()?,
                Some(flag) if "imnsx-".contains(flag) => loop {
                    match self.rest.next() {
                        Some(':') => break,
                        Some(')') => return Ok(()),
                        Some(flag) if "imnsx-".contains(flag) => {}
                        _ => return Err("a group begins with (? and no known letter"),
                    }
                },
                _ => return Err("a group begins with (? and no known letter"),
            }
        }
        self.depth += 1;
        let inner = self.alternatives(true);
        self.depth -= 1;
        inner
    }

    /// Parses the name of a group, up to `end`.
    fn name(&mut self, end: char) -> Checked {
        let mut length = 0;
        for c in self.rest.by_ref() {
            match c {
                c if c == end && length > 0 => return Ok(()),
                c if c.is_alphanumeric() || matches!(c, '_' | '-') => length += 1,
                _ => break,
            }
        }
        Err("the name of a group is not finished")
    }

    /// Parses a class after its bracket, including a subtracted class.
    fn class(&mut self) -> Checked {
        self.take_if('^');
        let mut is_first = true;
        let mut last = None;
        while let Some(c) = self.rest.next() {
            match c {
                ']' if !is_first => return Ok(()),
                '\\' => self.escape()?,
                '[' if last == Some('-') => {
                    self.depth += 1;
                    if self.depth > MOST_GROUPS {
                        return Err("classes nest too deep");
                    }
                    self.class()?;
                    self.depth -= 1;
                    return self.take_if(']').then_some(()).ok_or("a class goes on after a subtraction");
                }
                _ => {}
            }
            (is_first, last) = (false, Some(c));
        }
        Err("a bracket is not closed")
    }

    fn escape(&mut self) -> Checked {
        match self.rest.next() {
            None => Err("a backslash is at the end"),
            Some('k') => match self.rest.next() {
                Some('<') => self.name('>'),
                Some('\'') => self.name('\''),
                _ => Err("\\k names no group"),
            },
            Some('p' | 'P') if self.take_if('{') => self.name('}'),
            Some('p' | 'P') => Err("\\p names no category of letters"),
            Some(c) if c.is_ascii_alphabetic() && !"aAbBcdDefGnrsStuvwWxzZ".contains(c) => {
                Err("a backslash precedes a letter without a special meaning")
            }
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_dotnet_evaluates_is_kept_and_what_it_refuses_too_is_refused() {
        const HERE: &str = "^ABC a{2,4}?";
        const BY_DOTNET: &str = r"^(?=.*DT)(?!.*LT).*$ (?<=a)b(?<!c) 7C4\Z ^[A-Z-[X]]{3}- [a-z-[aeiou-[i]]] (a)\1 (?<n>a)\k<n> (?>a+)b \p{Lu} (?'n'a) (?(?=a)b|c) (a{999}){999}";
        const REFUSED: &str = r"* *x a|* ( (a a) [a [ (?=a)b** (?Pa) (?=a)\y (?=a)\ (?=a";
        for (patterns, expected) in
            [(HERE, Some(cfg!(feature = "patterns"))), (BY_DOTNET, Some(false)), (REFUSED, None)]
        {
            for pattern in patterns.split_ascii_whitespace() {
                let read = Pattern::new(pattern.to_owned()).ok();
                assert_eq!(read.map(|read| read.regex.is_some()), expected, "{pattern}");
            }
        }
    }
}
