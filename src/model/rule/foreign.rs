//! Operators of other languages and their equivalents in Microsoft Entra.

use super::expr::{OPERATORS, Operator, Verb};
use crate::model::invalid::nearest;

pub(super) const NO_ORDER: &str = "rules have no order: they cannot compare by size, not even versions and dates; \
    write -startsWith, such as \"10.0.22\", or list the values with -in";

/// Operators of other languages, without negation, in lower case.
const WORDS: &[(&str, Verb)] = &[
    ("equal", Verb::Equals),
    ("equals", Verb::Equals),
    ("equalto", Verb::Equals),
    ("is", Verb::Equals),
    ("eqs", Verb::Equals),
    ("startwith", Verb::StartsWith),
    ("starts", Verb::StartsWith),
    ("beginswith", Verb::StartsWith),
    ("beginwith", Verb::StartsWith),
    ("begins", Verb::StartsWith),
    ("prefix", Verb::StartsWith),
    ("endwith", Verb::EndsWith),
    ("ends", Verb::EndsWith),
    ("finisheswith", Verb::EndsWith),
    ("suffix", Verb::EndsWith),
    ("contain", Verb::Contains),
    ("containing", Verb::Contains),
    ("include", Verb::Contains),
    ("includes", Verb::Contains),
    ("has", Verb::Contains),
    ("substring", Verb::Contains),
    ("matches", Verb::Matches),
    ("matching", Verb::Matches),
    ("regex", Verb::Matches),
    ("regexmatch", Verb::Matches),
    ("rlike", Verb::Matches),
    ("oneof", Verb::In),
    ("isin", Verb::In),
    ("anyof", Verb::In),
];

/// Words that compare by size.
const ORDER: &[&str] = &[
    "ge",
    "gt",
    "le",
    "lt",
    "gte",
    "lte",
    "greater",
    "less",
    "greaterthan",
    "lessthan",
    "greaterorequal",
    "lessorequal",
    "greaterthanorequal",
    "lessthanorequal",
    "above",
    "below",
    "before",
    "after",
    "newer",
    "older",
    "between",
];

/// The tokens after a foreign operator.
#[derive(Debug, Clone, Copy)]
pub(super) struct After<'a> {
    /// A second operator, as in `-not -startsWith`.
    pub(super) operator: Option<&'a str>,
    pub(super) value: Option<&'a str>,
}

/// Returns the remedy for a word in place of an operator: the whole condition on `subject` with the same meaning, if
/// Entra can express it.
pub(super) fn remedy(word: &str, subject: &str, after: After<'_>) -> String {
    if word.eq_ignore_ascii_case("not") {
        let own = after.operator.and_then(|operator| known_form(operator, subject, true, after.value));
        return own.unwrap_or_else(|| format!("write -not before the condition: -not ({subject} -eq \"…\")"));
    }
    if let Some(form) = known_form(word, subject, false, after.value) {
        return form;
    }
    match nearest(word, OPERATORS.iter().map(|(name, _)| *name).filter(|name| name.len() > 2)) {
        Some(name) => format!("did you mean -{name}?"),
        None => "write one such as -eq, -ne, -startsWith, -in or -any".to_owned(),
    }
}

/// Returns the remedy for a word of another language; `denied` if `-not` precedes it.
fn known_form(word: &str, subject: &str, denied: bool, value: Option<&str>) -> Option<String> {
    let lower = word.to_lowercase();
    if let Some((negated, kind)) = like(&lower) {
        let negated = negated != denied;
        return Some(match kind {
            Like::Pattern => by_wildcards(subject, negated, value),
            Like::Null => format!("write {subject} {} null", if negated { "-ne" } else { "-eq" }),
        });
    }
    if let Some((verb, negated)) = find(&lower) {
        return Some(written(subject, verb, negated != denied, value));
    }
    let is_order = ORDER.contains(&without_case_mark(&lower)) || ORDER.contains(&lower.as_str());
    is_order.then(|| format!("-{word} does not exist: {NO_ORDER}"))
}

enum Like {
    Pattern,
    Null,
}

fn like(lower: &str) -> Option<(bool, Like)> {
    let (negated, bare) = without_not(without_case_mark(lower));
    match bare {
        "like" | "ilike" | "wildcard" => Some((negated, Like::Pattern)),
        "null" | "isnull" | "empty" | "isempty" => Some((negated, Like::Null)),
        // It exists if it is not null.
        "exists" | "exist" | "isset" => Some((!negated, Like::Null)),
        "isnotnull" | "isnotempty" => Some((true, Like::Null)),
        _ => None,
    }
}

/// Returns the operator for a word.
fn find(word: &str) -> Option<(Verb, bool)> {
    let lower = word.to_lowercase();
    let (negated, bare) = without_not(&lower);
    let known = |bare: &str| {
        let own = OPERATORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(bare));
        match own {
            Some((_, Operator::Compare { verb, negated })) => Some((*verb, *negated)),
            Some(_) => None,
            None => WORDS.iter().find(|(name, _)| *name == bare).map(|(_, verb)| (*verb, false)),
        }
    };
    match lower.as_str() {
        "neq" | "nte" | "isnot" | "differs" | "differsfrom" => return Some((Verb::Equals, true)),
        "nin" => return Some((Verb::In, true)),
        _ => {}
    }
    let (verb, is_negated) = known(&lower)
        .map(|(verb, is_negated)| (verb, is_negated != negated))
        .or_else(|| known(bare))
        .or_else(|| known(without_case_mark(bare)))?;
    Some((verb, is_negated != negated))
}

/// Returns a word without its leading `not`, `doesNot` and the like.
fn without_not(lower: &str) -> (bool, &str) {
    ["doesnot", "isnot", "not", "donot"]
        .into_iter()
        .find_map(|not| lower.strip_prefix(not).filter(|rest| !rest.is_empty()))
        .map_or((false, lower), |rest| (true, rest))
}

/// Returns a PowerShell operator without its case-sensitivity letter.
fn without_case_mark(lower: &str) -> &str {
    let rest = lower.strip_prefix(['c', 'i']).unwrap_or(lower);
    let is_known = matches!(
        rest,
        "eq" | "ne"
            | "like"
            | "notlike"
            | "match"
            | "notmatch"
            | "contains"
            | "notcontains"
            | "in"
            | "notin"
            | "ge"
            | "gt"
            | "le"
            | "lt"
    );
    if is_known { rest } else { lower }
}

/// Returns the condition in Entra's syntax.
fn written(subject: &str, verb: Verb, negated: bool, value: Option<&str>) -> String {
    let operator = Operator::Compare { verb, negated };
    let value = quoted(value.unwrap_or("…"));
    match verb {
        Verb::In => format!("write {subject} {operator} [{value}]"),
        _ => format!("write {subject} {operator} {value}"),
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "`\"").replace('\'', "''"))
}

/// Returns the condition for a value with the wildcards of `-like`.
fn by_wildcards(subject: &str, negated: bool, value: Option<&str>) -> String {
    let value = value.unwrap_or("…*");
    let inner = value.trim_matches('*');
    if inner.is_empty() {
        return format!("write {subject} {} null", if negated { "-eq" } else { "-ne" });
    }
    if inner.contains(['*', '?', '[']) {
        let mut pattern = String::new();
        for c in value.chars() {
            match c {
                '*' => pattern.push_str(".*"),
                '?' => pattern.push('.'),
                '[' | ']' => pattern.push(c),
                c if c.is_alphanumeric() || matches!(c, '-' | '_' | ' ') => pattern.push(c),
                c => pattern.extend(['\\', c]),
            }
        }
        return written(subject, Verb::Matches, negated, Some(&format!("^{pattern}$")));
    }
    let verb = match (value.starts_with('*'), value.ends_with('*')) {
        (true, true) => Verb::Contains,
        (true, false) => Verb::EndsWith,
        (false, true) => Verb::StartsWith,
        (false, false) => Verb::Equals,
    };
    written(subject, verb, negated, Some(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_operator_gets_its_form_of_entra_with_sense_and_value() {
        for (word, after, expected) in [
            ("like", "A*", "write x -startsWith \"A\""),
            ("like", "*A", "write x -endsWith \"A\""),
            ("like", "*A*", "write x -contains \"A\""),
            ("like", "A", "write x -eq \"A\""),
            ("like", "A*B?", "write x -match \"^A.*B.$\""),
            ("notLike", "A*", "write x -notStartsWith \"A\""),
            ("clike", "A*", "write x -startsWith \"A\""),
            ("equal", "A", "write x -eq \"A\""),
            ("equals", "A", "write x -eq \"A\""),
            ("notEquals", "A", "write x -ne \"A\""),
            ("neq", "A", "write x -ne \"A\""),
            ("ieq", "A", "write x -eq \"A\""),
            ("beginsWith", "A", "write x -startsWith \"A\""),
            ("notBeginsWith", "A", "write x -notStartsWith \"A\""),
            ("startWith", "A", "write x -startsWith \"A\""),
            ("notContain", "A", "write x -notContains \"A\""),
            ("doesNotContain", "A", "write x -notContains \"A\""),
            ("notStartWith", "O'B", "write x -notStartsWith \"O''B\""),
            ("matches", "A", "write x -match \"A\""),
            ("nin", "A", "write x -notIn [\"A\"]"),
            ("isNotNull", "", "write x -ne null"),
            ("exists", "", "write x -ne null"),
        ] {
            let remedy = remedy(word, "x", After { operator: None, value: Some(after) });
            assert_eq!(remedy, expected, "{word}");
        }
        for (operator, expected) in [
            ("startsWith", "write x -notStartsWith \"A\""),
            ("eq", "write x -ne \"A\""),
            ("beginsWith", "write x -notStartsWith \"A\""),
            ("notContains", "write x -contains \"A\""),
            ("like", "write x -ne \"A\""),
            ("notLike", "write x -eq \"A\""),
            ("isNull", "write x -ne null"),
            ("ge", "-ge does not exist: rules have no order"),
            ("blurb", "write -not before"),
        ] {
            let remedy = remedy("not", "x", After { operator: Some(operator), value: Some("A") });
            assert!(remedy.starts_with(expected), "{remedy}");
        }
        for word in ["ge", "gt", "lt", "le", "greaterThan"] {
            let remedy = remedy(word, "x", After { operator: None, value: Some("10") });
            assert!(remedy.contains("does not exist: rules have no order"), "{remedy}");
        }
    }
}
