//! A rule as a syntax tree, and its canonical text.

use std::fmt::{self, Write};

use super::pattern::Pattern;
use super::property::DeviceProperty;

/// A whole rule.
pub(super) type Expr = Logic<Clause>;

/// Conditions joined by `-and`, `-or` and `-not`. An `And` has two or more items and no nested `And`; `Or` likewise.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Logic<L> {
    Leaf(L),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl<L> Logic<L> {
    /// Creates the conjunction of `items`: a single one as it is, nested `And`s flattened.
    pub(super) fn and(items: Vec<Self>) -> Self {
        let open = |item| match item {
            Self::And(inner) => inner,
            other => vec![other],
        };
        Self::joined(items, open, Self::And)
    }

    /// Creates the disjunction of `items`: a single one as it is, nested `Or`s flattened.
    pub(super) fn or(items: Vec<Self>) -> Self {
        let open = |item| match item {
            Self::Or(inner) => inner,
            other => vec![other],
        };
        Self::joined(items, open, Self::Or)
    }

    fn joined(items: Vec<Self>, open: fn(Self) -> Vec<Self>, join: fn(Vec<Self>) -> Self) -> Self {
        let mut flat: Vec<Self> = items.into_iter().flat_map(open).collect();
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            last => {
                flat.extend(last);
                join(flat)
            }
        }
    }

    /// Evaluates the conditions; `None` if the answer depends on an unknown leaf.
    pub(super) fn holds(&self, leaf: &impl Fn(&L) -> Option<bool>) -> Option<bool> {
        match self {
            Self::Leaf(inner) => leaf(inner),
            Self::Not(inner) => inner.holds(leaf).map(|holds| !holds),
            Self::And(items) => decided(false, items.iter().map(|item| item.holds(leaf))),
            Self::Or(items) => decided(true, items.iter().map(|item| item.holds(leaf))),
        }
    }

    pub(super) fn leaves(&self, visit: &mut impl FnMut(&L)) {
        match self {
            Self::Leaf(inner) => visit(inner),
            Self::Not(inner) => inner.leaves(visit),
            Self::And(items) | Self::Or(items) => items.iter().for_each(|item| item.leaves(visit)),
        }
    }

    /// Returns `true` if a leaf, or a part with its `-not`, is negated.
    pub(super) fn has_negation(&self) -> bool
    where
        L: Negatable,
    {
        match self {
            Self::Leaf(inner) => inner.is_negated(),
            Self::Not(_) => true,
            Self::And(items) | Self::Or(items) => items.iter().any(Self::has_negation),
        }
    }

    /// Writes with parentheses wherever two operators meet, so that readers need not know the precedence. `wrap` puts
    /// every leaf in parentheses, as the portal does.
    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        wrap: bool,
        leaf: &impl Fn(&L, &mut fmt::Formatter<'_>) -> fmt::Result,
    ) -> fmt::Result {
        match self {
            Self::Leaf(inner) if wrap => {
                f.write_char('(')?;
                leaf(inner, f)?;
                f.write_char(')')
            }
            Self::Leaf(inner) => leaf(inner, f),
            Self::Not(inner) => {
                f.write_str("-not ")?;
                inner.write_grouped(f, wrap, !matches!(**inner, Self::Not(_)), leaf)
            }
            Self::And(items) | Self::Or(items) => {
                let word = if matches!(self, Self::And(_)) { " -and " } else { " -or " };
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(word)?;
                    }
                    item.write_grouped(f, wrap, matches!(item, Self::And(_) | Self::Or(_)), leaf)?;
                }
                Ok(())
            }
        }
    }

    fn write_grouped(
        &self,
        f: &mut fmt::Formatter<'_>,
        wrap: bool,
        grouped: bool,
        leaf: &impl Fn(&L, &mut fmt::Formatter<'_>) -> fmt::Result,
    ) -> fmt::Result {
        if !grouped || (wrap && matches!(self, Self::Leaf(_))) {
            return self.write(f, wrap, leaf);
        }
        f.write_char('(')?;
        self.write(f, wrap, leaf)?;
        f.write_char(')')
    }
}

/// Returns `by` if one of the answers is `by`, the opposite if all are, and `None` if it depends on an unknown answer.
pub(super) fn decided(by: bool, answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_known = true;
    for answer in answers {
        match answer {
            Some(answer) if answer == by => return Some(by),
            Some(_) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(!by)
}

/// A condition on a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Clause {
    /// The property itself, such as `device.deviceModel -eq "x"`.
    Whole { property: DeviceProperty, condition: Condition },
    /// The items of a list, such as `device.devicePhysicalIds -any (_ -eq "x")`.
    Items { property: DeviceProperty, every: bool, condition: Logic<Condition> },
}

impl Clause {
    pub(super) fn property(&self) -> DeviceProperty {
        match self {
            Self::Whole { property, .. } | Self::Items { property, .. } => *property,
        }
    }
}

/// A leaf that can be negated.
pub(super) trait Negatable {
    fn is_negated(&self) -> bool;
}

impl Negatable for Condition {
    fn is_negated(&self) -> bool {
        self.negated
    }
}

/// A comparison, or its negation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) negated: bool,
    pub(super) test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Null,
    Is(bool),
    Equals(Caseless),
    StartsWith(Caseless),
    EndsWith(Caseless),
    Contains(Caseless),
    Matches(Pattern),
    In(Vec<Caseless>),
}

/// A comparison without its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Equals,
    StartsWith,
    EndsWith,
    Contains,
    Matches,
    In,
}

/// An operator between a property and a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Compare { verb: Verb, negated: bool },
    Each { every: bool },
}

const fn compare(verb: Verb, negated: bool) -> Operator {
    Operator::Compare { verb, negated }
}

/// The names of all operators except `and`, `or` and `not`.
pub(super) const OPERATORS: &[(&str, Operator)] = &[
    ("eq", compare(Verb::Equals, false)),
    ("ne", compare(Verb::Equals, true)),
    ("startsWith", compare(Verb::StartsWith, false)),
    ("notStartsWith", compare(Verb::StartsWith, true)),
    ("endsWith", compare(Verb::EndsWith, false)),
    ("notEndsWith", compare(Verb::EndsWith, true)),
    ("contains", compare(Verb::Contains, false)),
    ("notContains", compare(Verb::Contains, true)),
    ("match", compare(Verb::Matches, false)),
    ("notMatch", compare(Verb::Matches, true)),
    ("in", compare(Verb::In, false)),
    ("notIn", compare(Verb::In, true)),
    ("any", Operator::Each { every: false }),
    ("all", Operator::Each { every: true }),
];

/// Writes the canonical name, with its hyphen.
impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = OPERATORS.iter().find(|(_, operator)| operator == self).map_or("", |(name, _)| name);
        write!(f, "-{name}")
    }
}

impl Test {
    fn verb(&self) -> Verb {
        match self {
            Self::Null | Self::Is(_) | Self::Equals(_) => Verb::Equals,
            Self::StartsWith(_) => Verb::StartsWith,
            Self::EndsWith(_) => Verb::EndsWith,
            Self::Contains(_) => Verb::Contains,
            Self::Matches(_) => Verb::Matches,
            Self::In(_) => Verb::In,
        }
    }
}

/// Text of a rule, kept as written and prepared for comparison without regard to case. Two are equal if they differ in
/// case alone.
#[derive(Debug, Clone)]
pub(super) struct Caseless {
    pub(super) written: String,
    pub(super) folded: String,
}

impl Caseless {
    pub(super) fn new(written: String) -> Self {
        Self { folded: written.chars().map(fold).collect(), written }
    }
}

impl PartialEq for Caseless {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

/// Folds the cases of a letter into one character. One to one, as on the service's platform (`ß` is not `ss`), and
/// never from outside ASCII into ASCII, so that ASCII text can be compared byte by byte.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) if !single.is_ascii() => single,
        _ => c,
    }
}

/// Writes the canonical text: hyphens before operators, documented names, every comparison in parentheses.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true, &|clause, f| match clause {
            Clause::Whole { property, condition } => {
                write!(f, "device.{property} ")?;
                condition.write(f, false)
            }
            Clause::Items { property, every, condition } => {
                write!(f, "device.{property} {} (", Operator::Each { every: *every })?;
                condition.write(f, false, &|condition, f| {
                    write!(f, "{} ", property.element())?;
                    // Group ids stand in single quotes on the one page that shows this form.
                    condition.write(f, *property == DeviceProperty::MemberOf)
                })?;
                f.write_char(')')
            }
        })
    }
}

impl Condition {
    /// Writes the operator and its value.
    fn write(&self, f: &mut fmt::Formatter<'_>, single: bool) -> fmt::Result {
        write!(f, "{} ", compare(self.test.verb(), self.negated))?;
        match &self.test {
            Test::Null => f.write_str("null"),
            Test::Is(value) => write!(f, "{value}"),
            Test::Equals(text) | Test::StartsWith(text) | Test::EndsWith(text) | Test::Contains(text) => {
                write_quoted(f, &text.written, single)
            }
            Test::Matches(pattern) => write_quoted(f, &pattern.written, single),
            Test::In(texts) => {
                f.write_char('[')?;
                for (index, text) in texts.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    write_quoted(f, &text.written, single)?;
                }
                f.write_char(']')
            }
        }
    }
}

/// Writes `text` in quotes: `"` becomes a backtick and `"`, `'` is doubled. A backtick at the end would escape a
/// closing `"`, so such text is written in single quotes.
fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str, single: bool) -> fmt::Result {
    let quote = if single || text.ends_with('`') { '\'' } else { '"' };
    f.write_char(quote)?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("`\"")?,
            '\'' => f.write_str("''")?,
            other => f.write_char(other)?,
        }
    }
    f.write_char(quote)
}
