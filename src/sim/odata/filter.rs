//! `$filter`: parsed once; each collection decides what it supports.

use std::cmp::Ordering;

use crate::sim::store::Row;
use jiff::Timestamp;
use serde_json::Value;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Test(Test),
}

/// One comparison of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    pub(crate) op: Op,
    pub(crate) property: String,
    pub(crate) values: Vec<Value>,
    /// The text to compare with, in lower case.
    folded: String,
}

/// The comparison of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    In,
    StartsWith,
    EndsWith,
    Contains,
    /// `p/any(x:x eq 'v')`
    AnyEq,
    /// `p/any(x:startswith(x,'v'))`
    AnyStartsWith,
    /// `isof('t')`; the value is the type's name.
    IsOf,
    /// For `$search`: every word of the value begins a word of the property.
    Words,
}

impl Filter {
    /// Parses a filter; `None` if it is invalid.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, depth: 0, tests: 0 };
        let filter = reader.or()?;
        reader.tokens.is_empty().then_some(filter)
    }

    /// Parses a `$search`: `"displayName:some words"`, several joined by AND and OR; `None` if it is invalid.
    pub(crate) fn parse_search(text: &str) -> Option<Self> {
        let mut found: Option<Self> = None;
        let mut joined_by_or = false;
        let mut rest = text.trim();
        for _ in 0..MOST_TESTS {
            let (clause, after) = rest.strip_prefix('"')?.split_once('"')?;
            let (property, words) = clause.split_once(':')?;
            let test = Box::new(Self::Test(Test::new(Op::Words, property.trim(), vec![words.into()])));
            found = Some(match found {
                None => *test,
                Some(before) if joined_by_or => Self::Or(Box::new(before), test),
                Some(before) => Self::And(Box::new(before), test),
            });
            rest = after.trim_start();
            if rest.is_empty() {
                return found;
            }
            joined_by_or = rest.starts_with("OR ");
            rest = rest.strip_prefix("OR ").or_else(|| rest.strip_prefix("AND "))?.trim_start();
        }
        None
    }

    /// Returns every comparison in the filter.
    pub(crate) fn tests(&self) -> Vec<&Test> {
        match self {
            Self::And(a, b) | Self::Or(a, b) => [a.tests(), b.tests()].concat(),
            Self::Not(inner) => inner.tests(),
            Self::Test(test) => vec![test],
        }
    }

    pub(crate) fn has_not(&self) -> bool {
        match self {
            Self::And(a, b) | Self::Or(a, b) => a.has_not() || b.has_not(),
            Self::Not(_) => true,
            Self::Test(_) => false,
        }
    }

    /// Returns an equality that every match fulfils, if there is one on a property of `names`.
    pub(crate) fn required<'a>(&'a self, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
        match self {
            Self::And(a, b) => a.required(names).or_else(|| b.required(names)),
            Self::Test(test) if test.op == Op::Eq => {
                let name = names.iter().find(|name| name.eq_ignore_ascii_case(&test.property))?;
                Some((*name, test.values.first()?.as_str()?))
            }
            _ => None,
        }
    }

    /// Writes every property as `spelling` does; fails with the first that it does not know.
    pub(crate) fn spell(&mut self, spelling: &impl Fn(&str) -> Option<String>) -> Result<(), String> {
        match self {
            Self::And(a, b) | Self::Or(a, b) => a.spell(spelling).and_then(|()| b.spell(spelling)),
            Self::Not(inner) => inner.spell(spelling),
            Self::Test(test) if test.op == Op::IsOf => Ok(()),
            Self::Test(test) => {
                let (name, rest) = test.property.split_once('/').unwrap_or((&test.property, ""));
                let name = spelling(name).ok_or_else(|| name.to_owned())?;
                test.property = if rest.is_empty() { name } else { format!("{name}/{rest}") };
                Ok(())
            }
        }
    }

    pub(crate) fn matches(&self, row: &impl Row) -> bool {
        match self {
            Self::And(a, b) => a.matches(row) && b.matches(row),
            Self::Or(a, b) => a.matches(row) || b.matches(row),
            Self::Not(inner) => !inner.matches(row),
            Self::Test(test) => test.matches(row),
        }
    }
}

impl Test {
    pub(crate) fn new(op: Op, property: &str, values: Vec<Value>) -> Self {
        let folded = values.first().and_then(Value::as_str).unwrap_or_default().to_lowercase();
        Self { op, property: property.to_owned(), values, folded }
    }

    /// Returns the text to compare with.
    pub(crate) fn text(&self) -> &str {
        self.values.first().and_then(Value::as_str).unwrap_or_default()
    }

    fn matches(&self, row: &impl Row) -> bool {
        if self.op == Op::IsOf {
            return self.text().trim_start_matches('#').trim_start_matches("microsoft.graph.")
                == row.type_name();
        }
        if let Some(text) = row.text(&self.property)
            && let Some(matches) = self.matches_text(text)
        {
            return matches;
        }
        let value = row.value(&self.property);
        let any = |test: fn(&str, &str) -> bool| {
            let items = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            items.into_iter().any(|item| test(&item.to_lowercase(), &self.folded))
        };
        let ordered = |wanted: fn(Ordering) -> bool| {
            self.values.first().and_then(|literal| compare(&value, literal)).is_some_and(wanted)
        };
        match self.op {
            Op::Eq => self.values.first().is_some_and(|literal| equal(&value, literal)),
            Op::Ne => !self.values.first().is_some_and(|literal| equal(&value, literal)),
            Op::In => self.values.iter().any(|literal| equal(&value, literal)),
            Op::Gt => ordered(Ordering::is_gt),
            Op::Ge => ordered(Ordering::is_ge),
            Op::Lt => ordered(Ordering::is_lt),
            Op::Le => ordered(Ordering::is_le),
            Op::StartsWith | Op::EndsWith | Op::Contains | Op::Words => {
                value.as_str().and_then(|value| self.matches_text(value)).unwrap_or_default()
            }
            Op::AnyEq => any(|item, wanted| item == wanted),
            Op::AnyStartsWith => any(|item, wanted| item.starts_with(wanted)),
            Op::IsOf => false,
        }
    }

    /// Returns whether text matches, if that does not depend on its type. Case is ignored.
    fn matches_text(&self, text: &str) -> Option<bool> {
        let wanted = self.folded.as_str();
        let is_plain = text.is_ascii() && wanted.is_ascii();
        if self.op == Op::Eq && self.values.first().is_some_and(Value::is_string) && is_plain {
            let same = text.eq_ignore_ascii_case(wanted);
            // Two spellings of one moment are equal as well.
            return (same || !text.starts_with(|c: char| c.is_ascii_digit())).then_some(same);
        }
        if !matches!(self.op, Op::StartsWith | Op::EndsWith | Op::Contains | Op::Words) {
            return None;
        }
        if !is_plain || self.op == Op::Words {
            let text = text.to_lowercase();
            return Some(match self.op {
                Op::StartsWith => text.starts_with(wanted),
                Op::EndsWith => text.ends_with(wanted),
                Op::Contains => text.contains(wanted),
                _ => {
                    let words = |text: &'_ str| -> Vec<String> {
                        let words = text.split(|c: char| !c.is_alphanumeric());
                        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
                    };
                    let there = words(&text);
                    let mut wanted = words(wanted).into_iter().peekable();
                    wanted.peek().is_some()
                        && wanted.all(|wanted| there.iter().any(|word| word.starts_with(&wanted)))
                }
            });
        }
        let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
        let starts = |text: &[u8]| text.get(..wanted.len()).is_some_and(|of| of.eq_ignore_ascii_case(wanted));
        Some(match self.op {
            Op::StartsWith => starts(text),
            Op::EndsWith => {
                text.len().checked_sub(wanted.len()).and_then(|from| text.get(from..)).is_some_and(starts)
            }
            _ => {
                wanted.is_empty() || text.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
            }
        })
    }
}

fn equal(value: &Value, literal: &Value) -> bool {
    match (value, literal) {
        (Value::String(a), Value::String(b)) if a.to_lowercase() == b.to_lowercase() => true,
        _ => compare(value, literal) == Some(Ordering::Equal),
    }
}

/// Compares as times, numbers or text, as both values allow.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => match (time(a), time(b)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        },
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        _ => None,
    }
}

pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-').then(|| text.parse().ok()).flatten()
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => {}
            '(' | ')' | ',' => tokens.push(Token::Mark(c)),
            '\'' => {
                let mut literal = String::new();
                loop {
                    match rest.next()? {
                        '\'' if rest.peek() == Some(&'\'') => {
                            rest.next();
                            literal.push('\'');
                        }
                        '\'' => break,
                        c => literal.push(c),
                    }
                }
                tokens.push(Token::Text(literal));
            }
            // The variable of a lambda is a word of its own: `x:x eq 'v'`. A time keeps its colons.
            ':' => tokens.push(Token::Mark(':')),
            _ => {
                let mut word = String::from(c);
                while let Some(next) = rest.peek().copied() {
                    let colon = next == ':' && word.starts_with(|c: char| c.is_ascii_digit());
                    if !colon && matches!(next, ' ' | '\t' | '(' | ')' | ',' | '\'' | ':') {
                        break;
                    }
                    word.push(next);
                    rest.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Some(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token],
    depth: u32,
    tests: u32,
}

/// The maximum number of comparisons in a filter, because it is evaluated recursively.
const MOST_TESTS: u32 = 200;

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        (self.next()? == &Token::Mark(mark)).then_some(())
    }

    fn takes(&mut self, keyword: &str) -> bool {
        match self.tokens.first() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword) => {
                self.next();
                true
            }
            _ => false,
        }
    }

    fn or(&mut self) -> Option<Filter> {
        self.depth += 1;
        if self.depth > 40 {
            return None;
        }
        let mut filter = self.and()?;
        while self.takes("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.and()?));
        }
        self.depth -= 1;
        Some(filter)
    }

    fn and(&mut self) -> Option<Filter> {
        let mut filter = self.not()?;
        while self.takes("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.not()?));
        }
        Some(filter)
    }

    fn not(&mut self) -> Option<Filter> {
        let mut negated = false;
        while self.takes("not") {
            negated = !negated;
        }
        let filter = self.primary()?;
        Some(if negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    fn primary(&mut self) -> Option<Filter> {
        if self.tokens.first() == Some(&Token::Mark('(')) {
            self.next();
            let filter = self.or()?;
            self.mark(')')?;
            return Some(filter);
        }
        self.tests += 1;
        if self.tests > MOST_TESTS {
            return None;
        }
        let Token::Word(word) = self.next()? else { return None };
        if self.tokens.first() == Some(&Token::Mark('(')) {
            self.next();
            return self.call(word);
        }
        let Token::Word(op) = self.next()? else { return None };
        let op = match op.to_ascii_lowercase().as_str() {
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            "in" => Op::In,
            _ => return None,
        };
        let mut values = Vec::new();
        if op == Op::In {
            self.mark('(')?;
            loop {
                values.push(self.literal()?);
                match self.next()? {
                    Token::Mark(',') => {}
                    Token::Mark(')') => break,
                    _ => return None,
                }
            }
        } else {
            values.push(self.literal()?);
        }
        Some(Filter::Test(Test::new(op, word, values)))
    }

    /// Parses the rest of `name(`.
    fn call(&mut self, name: &str) -> Option<Filter> {
        if let Some(property) = name.strip_suffix("/any") {
            return self.any(property);
        }
        if name.eq_ignore_ascii_case("isof") {
            let value = self.literal()?;
            self.mark(')')?;
            return Some(Filter::Test(Test::new(Op::IsOf, "", vec![value])));
        }
        let op = match name.to_ascii_lowercase().as_str() {
            "startswith" => Op::StartsWith,
            "endswith" => Op::EndsWith,
            "contains" => Op::Contains,
            _ => return None,
        };
        let Token::Word(property) = self.next()? else { return None };
        self.mark(',')?;
        let value = self.literal()?;
        self.mark(')')?;
        let test = Filter::Test(Test::new(op, property, vec![value]));
        // `contains(..) eq true` is the same, written out.
        if self.takes("eq") {
            return match self.next()? {
                Token::Word(word) if word == "true" => Some(test),
                Token::Word(word) if word == "false" => Some(Filter::Not(Box::new(test))),
                _ => None,
            };
        }
        Some(test)
    }

    /// Parses the rest of `property/any(`.
    fn any(&mut self, property: &str) -> Option<Filter> {
        let Token::Word(variable) = self.next()? else { return None };
        self.mark(':')?;
        let Token::Word(word) = self.next()? else { return None };
        let (op, value) = if word.eq_ignore_ascii_case("startswith") {
            self.mark('(')?;
            (self.next()? == &Token::Word(variable.clone())).then_some(())?;
            self.mark(',')?;
            let value = self.literal()?;
            self.mark(')')?;
            (Op::AnyStartsWith, value)
        } else {
            (word == variable && self.takes("eq")).then_some(())?;
            (Op::AnyEq, self.literal()?)
        };
        self.mark(')')?;
        Some(Filter::Test(Test::new(op, property, vec![value])))
    }

    fn literal(&mut self) -> Option<Value> {
        match self.next()? {
            Token::Text(text) => Some(Value::String(text.clone())),
            Token::Word(word) => match word.as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                "null" => Some(Value::Null),
                _ => Some(word.parse::<i64>().map_or_else(|_| Value::String(word.clone()), Value::from)),
            },
            Token::Mark(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Json(Value);

    impl Row for Json {
        fn value(&self, property: &str) -> Value {
            self.0.get(property).cloned().unwrap_or_default()
        }
        fn type_name(&self) -> &str {
            "device"
        }
    }

    #[test]
    fn filters_mean_what_they_say() {
        let row = Json(
            json!({"name": "O'Brien-PC", "count": 7, "on": true, "ids": ["[ZTDId]:1", "[OrderID]:Kiosk"],
            "at": "2026-01-01T08:00:00Z", "none": null}),
        );
        for (filter, expected) in [
            ("name eq 'o''brien-pc'", true),
            ("name ne 'x' and count gt 6", true),
            ("name eq 'x' or (on eq true and count le 7)", true),
            ("not startswith(name,'O')", false),
            ("contains(name, 'brien') eq true", true),
            ("endsWith(name,'-PC')", true),
            ("name in ('a', 'o''brien-pc')", true),
            ("ids/any(p:startswith(p,'[ZTDID]'))", true),
            ("ids/any(p: p eq '[orderid]:kiosk')", true),
            ("ids/any(p:p eq 'x')", false),
            ("at ge 2026-01-01T07:59:59.5Z", true),
            ("at lt 2026-01-01T08:00:00Z", false),
            ("none eq null", true),
            ("isof('microsoft.graph.device')", true),
            ("not not on eq true", true),
        ] {
            let parsed = Filter::parse(filter).unwrap_or_else(|| panic!("{filter}"));
            assert_eq!(parsed.matches(&row), expected, "{filter}");
        }
    }

    #[test]
    fn a_search_finds_the_beginnings_of_words() {
        let row = Json(json!({"name": "Autopilot devices (Berlin)", "mail": "b@contoso.com"}));
        for (search, expected) in [
            ("\"name:dev ber\"", Some(true)),
            ("\"name:erlin\"", Some(false)),
            ("\"name:x\" OR \"mail:B\"", Some(true)),
            ("\"name:x\" AND \"mail:b\"", Some(false)),
            ("\"name:\"", Some(false)),
            ("name:x", None),
            ("\"name\"", None),
            ("\"name:x\" \"mail:b\"", None),
            ("\"name:x", None),
        ] {
            let found = Filter::parse_search(search).map(|filter| filter.matches(&row));
            assert_eq!(found, expected, "{search}");
        }
        assert_eq!(Filter::parse_search(&"\"a:b\" OR ".repeat(100_000)), None);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "",
            "name",
            "name eq",
            "name like 'x'",
            "(name eq 'x'",
            "name eq 'x",
            "eq 'x'",
            "contains(name)",
            "a eq 1 b",
            "ids/any(p:q eq 'x')",
            &"(".repeat(100_000),
            &"a eq 1 or ".repeat(100_000),
            &("a eq 1 or ".repeat(100_000) + "a eq 1"),
        ] {
            assert_eq!(Filter::parse(text), None, "{:?}", text.get(..20));
        }
    }
}
