//! Operators of other languages and their equivalents in Microsoft Entra.

use super::expr::{OPERATORS, Operator, Verb, compare, quoted};
use crate::model::invalid::nearest;

pub(super) const NO_ORDER: &str = "rules have no order: they cannot compare by size, not even versions and dates; \
    write -startsWith, such as \"10.0.22\", or list the values with -in";

/// Returns the remedy for a word in place of an operator: the whole condition on `subject` with the same meaning, if
/// Entra can express it. `second` is the operator after the word, as in `-not -startsWith`.
pub(super) fn remedy(word: &str, subject: &str, second: Option<&str>, value: Option<&str>) -> String {
    if word.eq_ignore_ascii_case("not") {
        let own = second.and_then(|operator| known_form(operator, subject, true, value));
        return own.unwrap_or_else(|| format!("write -not before the condition: -not ({subject} -eq \"…\")"));
    }
    if let Some(form) = known_form(word, subject, false, value) {
        return form;
    }
    match nearest(word, OPERATORS.iter().map(|(name, _)| *name).filter(|name| name.len() > 2)) {
        Some(name) => format!("did you mean -{name}?"),
        None => "write one such as -eq, -ne, -startsWith, -in or -any".to_owned(),
    }
}

/// Returns the remedy for a word of another language; `denied` if `-not` precedes it.
fn known_form(word: &str, subject: &str, denied: bool, value: Option<&str>) -> Option<String> {
    let (meaning, negated) = meaning_of(&word.to_lowercase())?;
    let negated = negated != denied;
    Some(match meaning {
        Meaning::Compare(verb) => written(subject, verb, negated, value),
        Meaning::Like => by_wildcards(subject, negated, value),
        Meaning::Null => null(subject, negated),
        Meaning::Order => format!("-{word} does not exist: {NO_ORDER}"),
    })
}

/// The meaning of an operator in other languages, without its negation.
#[derive(Clone, Copy)]
enum Meaning {
    Compare(Verb),
    /// A comparison with wildcards.
    Like,
    Null,
    /// A comparison by size.
    Order,
}

/// Returns the meaning of a word in lower case, and whether the word negates it.
fn meaning_of(word: &str) -> Option<(Meaning, bool)> {
    let word = without_case_mark(word);
    plain_meaning(word).or_else(|| {
        let bare = ["doesnot", "isnot", "not", "donot"].into_iter().find_map(|not| word.strip_prefix(not))?;
        let (meaning, negated) = plain_meaning(bare).or_else(|| plain_meaning(without_case_mark(bare)))?;
        Some((meaning, !negated))
    })
}

/// Returns the meaning of a word without `not`.
fn plain_meaning(word: &str) -> Option<(Meaning, bool)> {
    if let Some((_, own)) = OPERATORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        let Operator::Compare { verb, negated } = *own else { return None };
        return Some((Meaning::Compare(verb), negated));
    }
    WORDS.iter().find(|(words, _)| words.split(' ').any(|known| known == word)).map(|(_, meaning)| *meaning)
}

/// Words of other languages, in lower case, with their meaning and whether they negate it.
const WORDS: [(&str, (Meaning, bool)); 12] = [
    ("equal equals equalto is eqs", (Meaning::Compare(Verb::Equals), false)),
    ("startwith starts beginswith beginwith begins prefix", (Meaning::Compare(Verb::StartsWith), false)),
    ("endwith ends finisheswith suffix", (Meaning::Compare(Verb::EndsWith), false)),
    ("contain containing include includes has substring", (Meaning::Compare(Verb::Contains), false)),
    ("matches matching regex regexmatch rlike", (Meaning::Compare(Verb::Matches), false)),
    ("oneof isin anyof", (Meaning::Compare(Verb::In), false)),
    ("neq nte isnot differs differsfrom", (Meaning::Compare(Verb::Equals), true)),
    ("nin", (Meaning::Compare(Verb::In), true)),
    ("like ilike wildcard", (Meaning::Like, false)),
    ("null isnull empty isempty", (Meaning::Null, false)),
    ("exists exist isset", (Meaning::Null, true)),
    (ORDER, (Meaning::Order, false)),
];

const ORDER: &str = "ge gt le lt gte lte greater less greaterthan lessthan greaterorequal lessorequal greaterthanorequal \
    lessthanorequal above below before after newer older between";

/// Returns a PowerShell operator without its case-sensitivity letter.
fn without_case_mark(lower: &str) -> &str {
    match lower.strip_prefix(['c', 'i']) {
        Some(rest @ ("eq" | "ne" | "ge" | "gt" | "le" | "lt" | "like" | "match" | "contains" | "in")) => rest,
        Some(rest @ ("notlike" | "notmatch" | "notcontains" | "notin")) => rest,
        _ => lower,
    }
}

/// Returns the condition in Entra's syntax.
fn written(subject: &str, verb: Verb, negated: bool, value: Option<&str>) -> String {
    let operator = compare(verb, negated);
    let value = quoted(value.unwrap_or("…"), false);
    match verb {
        Verb::In => format!("write {subject} {operator} [{value}]"),
        _ => format!("write {subject} {operator} {value}"),
    }
}

fn null(subject: &str, negated: bool) -> String {
    format!("write {subject} {} null", compare(Verb::Equals, negated))
}

/// Returns the condition for a value with the wildcards of `-like`.
fn by_wildcards(subject: &str, negated: bool, value: Option<&str>) -> String {
    let value = value.unwrap_or("…*");
    let inner = value.trim_matches('*');
    if inner.is_empty() {
        return null(subject, !negated);
    }
    if inner.contains(['*', '?', '[']) {
        let mut pattern = String::new();
        for c in value.chars() {
            match c {
                '*' => pattern.push_str(".*"),
                '?' => pattern.push('.'),
                c if c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '[' | ']') => pattern.push(c),
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
            let remedy = remedy(word, "x", None, Some(after));
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
            let remedy = remedy("not", "x", Some(operator), Some("A"));
            assert!(remedy.starts_with(expected), "{remedy}");
        }
        for word in ["ge", "gt", "lt", "le", "greaterThan"] {
            let remedy = remedy(word, "x", None, Some("10"));
            assert!(remedy.contains("does not exist: rules have no order"), "{remedy}");
        }
    }
}
