//! Rules of assignment filters, evaluated before a device enrolls with three-valued logic.

use crate::model::Lookup;

/// The nesting limit of parentheses and `not`.
const MAX_DEPTH: usize = 64;

/// The rule of an assignment filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FilterRule {
    Clause(Clause),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

/// A comparison of one property. Text is in lower case.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clause {
    property: String,
    comparison: Comparison,
    values: Vec<String>,
    negated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Equals,
    StartsWith,
    EndsWith,
    Contains,
}

/// The operators, in lower case: the comparison, whether the operator negates it, and whether it takes a list.
const OPERATORS: [(&str, Comparison, bool, bool); 10] = [
    ("eq", Comparison::Equals, false, false),
    ("ne", Comparison::Equals, true, false),
    ("in", Comparison::Equals, false, true),
    ("notin", Comparison::Equals, true, true),
    ("startswith", Comparison::StartsWith, false, false),
    ("notstartswith", Comparison::StartsWith, true, false),
    ("endswith", Comparison::EndsWith, false, false),
    ("notendswith", Comparison::EndsWith, true, false),
    ("contains", Comparison::Contains, false, false),
    ("notcontains", Comparison::Contains, true, false),
];

impl FilterRule {
    /// Parses a rule. The error describes the part that is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0 };
        let rule = parser.any_of(0)?;
        match parser.take() {
            None => Ok(rule),
            Some(token) => Err(format!("{token} follows a finished condition")),
        }
    }

    /// Returns `Some(true)` or `Some(false)` if the properties that `value_of` knows decide the rule, else `None`.
    pub(super) fn matches<'v>(&self, value_of: &impl Fn(&str) -> Lookup<&'v str>) -> Option<bool> {
        match self {
            Self::Clause(clause) => clause.matches(value_of(&clause.property)),
            Self::Not(inner) => inner.matches(value_of).map(|holds| !holds),
            Self::And(items) => all(items.iter().map(|item| item.matches(value_of))),
            Self::Or(items) => {
                all(items.iter().map(|item| item.matches(value_of).map(|holds| !holds))).map(|none| !none)
            }
        }
    }

    /// Visits the names of the compared properties, in lower case.
    pub(super) fn properties(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::Clause(clause) => visit(&clause.property),
            Self::Not(inner) => inner.properties(visit),
            Self::And(items) | Self::Or(items) => items.iter().for_each(|item| item.properties(visit)),
        }
    }
}

/// Returns the conjunction of three-valued answers.
fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = None,
        }
    }
    known
}

impl Clause {
    fn matches(&self, value: Lookup<&str>) -> Option<bool> {
        let value = match value {
            Lookup::Unknown => return None,
            Lookup::Absent => String::new(),
            Lookup::Present(value) => value.to_lowercase(),
        };
        let holds = |wanted: &String| match self.comparison {
            Comparison::Equals => value == *wanted,
            Comparison::StartsWith => value.starts_with(wanted.as_str()),
            Comparison::EndsWith => value.ends_with(wanted.as_str()),
            Comparison::Contains => value.contains(wanted.as_str()),
        };
        Some(self.values.iter().any(holds) != self.negated)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Mark(char),
    /// A word without its hyphen.
    Word(String),
    Text(String),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mark(mark) => write!(f, "{mark:?}"),
            Self::Word(text) | Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' | ')' | '[' | ']' | ',' => tokens.push(Token::Mark(c)),
            '"' | '\'' => {
                let mut value = String::new();
                loop {
                    match rest.next() {
                        None => return Err("quoted text is not closed".to_owned()),
                        Some(end) if end == c => break,
                        Some(other) => value.push(other),
                    }
                }
                tokens.push(Token::Text(value.to_lowercase()));
            }
            '-' if rest.peek().is_some_and(|next| is_word(*next)) => {}
            c if is_word(c) => {
                let mut word = c.to_string();
                while let Some(next) = rest.next_if(|next| is_word(*next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word.to_lowercase()));
            }
            other => return Err(format!("{other:?} has no meaning in a filter")),
        }
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$')
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next = self.next.saturating_add(1);
        token
    }

    fn take_if(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next = self.next.saturating_add(1);
        }
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.take_if(&Token::Word(word.to_owned()))
    }

    fn any_of(&mut self, depth: usize) -> Result<FilterRule, String> {
        let first = self.all_of(depth)?;
        let mut items = vec![first];
        while self.take_word("or") {
            items.push(self.all_of(depth)?);
        }
        Ok(joined(items, FilterRule::Or))
    }

    fn all_of(&mut self, depth: usize) -> Result<FilterRule, String> {
        let mut items = vec![self.one_of(depth)?];
        while self.take_word("and") {
            items.push(self.one_of(depth)?);
        }
        Ok(joined(items, FilterRule::And))
    }

    fn one_of(&mut self, depth: usize) -> Result<FilterRule, String> {
        if depth == MAX_DEPTH {
            return Err(format!("parentheses nest more than {MAX_DEPTH} deep"));
        }
        if self.take_word("not") {
            return Ok(FilterRule::Not(Box::new(self.one_of(depth + 1)?)));
        }
        if self.take_if(&Token::Mark('(')) {
            let inner = self.any_of(depth + 1)?;
            return match self.take_if(&Token::Mark(')')) {
                true => Ok(inner),
                false => Err("a parenthesis is not closed".to_owned()),
            };
        }
        self.clause().map(FilterRule::Clause)
    }

    fn clause(&mut self) -> Result<Clause, String> {
        let property = match self.take() {
            Some(Token::Word(word)) if word.starts_with("device.") => {
                word.trim_start_matches("device.").to_owned()
            }
            Some(token) => return Err(format!("{token} stands where a property of a device should")),
            None => return Err("the rule ends too early".to_owned()),
        };
        let Some(Token::Word(word)) = self.take() else {
            return Err(format!("{property} has no operator"));
        };
        let Some((_, comparison, negated, takes_list)) = OPERATORS.iter().find(|(name, ..)| *name == word)
        else {
            return Err(format!("-{word} is not an operator of filters"));
        };
        let values = if *takes_list { self.list()? } else { vec![self.value()?] };
        Ok(Clause { property, comparison: *comparison, values, negated: *negated })
    }

    fn value(&mut self) -> Result<String, String> {
        match self.take() {
            Some(Token::Text(text)) => Ok(text),
            Some(Token::Word(word)) if word == "null" || word == "$null" => Ok(String::new()),
            Some(Token::Word(word)) if word == "true" || word == "false" => Ok(word),
            Some(token) => Err(format!("{token} stands where a value in double quotes should")),
            None => Err("the rule ends before a value".to_owned()),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        if !self.take_if(&Token::Mark('[')) {
            return Err("-in and -notIn take a list in brackets".to_owned());
        }
        let mut values = vec![self.value()?];
        while self.take_if(&Token::Mark(',')) {
            values.push(self.value()?);
        }
        match self.take_if(&Token::Mark(']')) {
            true => Ok(values),
            false => Err("a list is not closed".to_owned()),
        }
    }
}

fn joined(mut items: Vec<FilterRule>, join: fn(Vec<FilterRule>) -> FilterRule) -> FilterRule {
    match items.pop() {
        Some(only) if items.is_empty() => only,
        last => {
            items.extend(last);
            join(items)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_decided_by_known_properties_and_left_open_by_others() {
        let device = |property: &str| match property {
            "manufacturer" => Lookup::Present("Contoso"),
            "model" => Lookup::Present("Book 3"),
            "enrollmentprofilename" => Lookup::Absent,
            _ => Lookup::Unknown,
        };
        for (rule, expected) in [
            (r#"(device.manufacturer -eq "contoso")"#, Some(true)),
            (r#"device.manufacturer -ne "Contoso""#, Some(false)),
            (r#"(device.model -in ["Book 3", "Book 4"])"#, Some(true)),
            (r#"(device.model -notIn ["Book 3"])"#, Some(false)),
            (r#"(device.model -startsWith "BOOK")"#, Some(true)),
            (r#"(device.model -notContains "4")"#, Some(true)),
            (r#"(device.enrollmentProfileName -eq "x")"#, Some(false)),
            (r#"(device.enrollmentProfileName -eq $null)"#, Some(true)),
            (r#"(device.osVersion -startsWith "10.0")"#, None),
            (r#"(device.osVersion -eq "1") and (device.model -eq "x")"#, Some(false)),
            (r#"(device.osVersion -eq "1") and (device.model -eq "Book 3")"#, None),
            (r#"(device.osVersion -eq "1") or (device.model -eq "Book 3")"#, Some(true)),
            (r#"(device.osVersion -eq "1") or (device.model -eq "x")"#, None),
            (r#"not (device.model -eq "x")"#, Some(true)),
            (r#"-not (device.osVersion -eq "x")"#, None),
            (
                r#"(device.model -eq "x") or (device.model -eq "Book 3") and (device.manufacturer -eq "y")"#,
                Some(false),
            ),
        ] {
            assert_eq!(FilterRule::parse(rule).unwrap().matches(&device), expected, "{rule}");
        }
    }

    #[test]
    fn a_rule_that_is_not_understood_is_an_error() {
        for (rule, problem) in [
            ("", "the rule ends too early"),
            ("device.model", "model has no operator"),
            ("device.model -like \"x\"", "-like is not an operator of filters"),
            ("device.model -eq x", "\"x\" stands where a value in double quotes should"),
            ("(device.model -eq \"x\"", "a parenthesis is not closed"),
            ("device.model -eq \"x", "quoted text is not closed"),
            ("device.model -in \"x\"", "-in and -notIn take a list in brackets"),
            ("device.model -in [\"x\"", "a list is not closed"),
            (
                "device.model -eq \"x\" device.model -eq \"y\"",
                "\"device.model\" follows a finished condition",
            ),
            ("app.version -eq \"1\"", "\"app.version\" stands where a property of a device should"),
            ("device.model = \"x\"", "'=' has no meaning in a filter"),
            (&"(".repeat(100_000), "parentheses nest more than 64 deep"),
        ] {
            assert_eq!(FilterRule::parse(rule).unwrap_err(), problem);
        }
    }
}
