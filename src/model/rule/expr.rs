//! A rule as a syntax tree, and its canonical text.

use std::fmt;

use super::pattern::Pattern;
use super::property::DeviceProperty;

/// A whole rule.
pub(super) type Expr = Logic<Clause>;

/// Conditions joined by `-and`, `-or` and `-not`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Logic<L> {
    Leaf(L),
    Not(Box<Self>),
    /// Two or more items, joined by `-and` if `every` and else by `-or`. None of them is joined by the same word.
    Joined {
        every: bool,
        items: Vec<Self>,
    },
}

impl<L> Logic<L> {
    /// Joins `items` by `-and` or `-or`: returns a single one as it is, and flattens nested ones.
    pub(super) fn joined(every: bool, items: Vec<Self>) -> Self {
        let open = |item| match item {
            Self::Joined { every: inner, items } if inner == every => items,
            item => vec![item],
        };
        let mut items: Vec<Self> = items.into_iter().flat_map(open).collect();
        match items.pop() {
            Some(only) if items.is_empty() => only,
            last => {
                items.extend(last);
                Self::Joined { every, items }
            }
        }
    }

    /// Evaluates the conditions; `None` if the answer depends on an unknown leaf.
    pub(super) fn holds(&self, leaf: &impl Fn(&L) -> Option<bool>) -> Option<bool> {
        match self {
            Self::Leaf(inner) => leaf(inner),
            Self::Not(inner) => inner.holds(leaf).map(|holds| !holds),
            Self::Joined { every, items } => decided(!every, items.iter().map(|item| item.holds(leaf))),
        }
    }

    /// Returns `true` if a leaf is `wanted`.
    pub(super) fn any(&self, wanted: &impl Fn(&L) -> bool) -> bool {
        match self {
            Self::Leaf(inner) => wanted(inner),
            Self::Not(inner) => inner.any(wanted),
            Self::Joined { items, .. } => items.iter().any(|item| item.any(wanted)),
        }
    }

    /// Returns the text, with parentheses wherever two operators meet, so that readers need not know the precedence.
    /// `wrap` puts every leaf in parentheses, as the portal does.
    fn text(&self, wrap: bool, leaf: &impl Fn(&L) -> String) -> String {
        let part = |part: &Self, is_grouped: bool| {
            let text = part.text(wrap, leaf);
            let is_wrapped = wrap && matches!(part, Self::Leaf(_));
            if is_grouped && !is_wrapped { format!("({text})") } else { text }
        };
        match self {
            Self::Leaf(inner) if wrap => format!("({})", leaf(inner)),
            Self::Leaf(inner) => leaf(inner),
            Self::Not(inner) => format!("-not {}", part(inner, !matches!(**inner, Self::Not(_)))),
            Self::Joined { every, items } => {
                let parts = items.iter().map(|item| part(item, matches!(item, Self::Joined { .. })));
                parts.collect::<Vec<_>>().join(if *every { " -and " } else { " -or " })
            }
        }
    }
}

impl Logic<Condition> {
    /// Returns `true` if a condition, or a part with its `-not`, is negated.
    pub(super) fn has_negation(&self) -> bool {
        match self {
            Self::Leaf(condition) => condition.negated,
            Self::Not(_) => true,
            Self::Joined { items, .. } => items.iter().any(Self::has_negation),
        }
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

pub(super) const fn compare(verb: Verb, negated: bool) -> Operator {
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
        f.write_str(&self.text(true, &|clause| match clause {
            Clause::Whole { property, condition } => format!("device.{property} {}", condition.text(false)),
            Clause::Items { property, every, condition } => {
                // Group ids stand in single quotes on the one page that shows this form.
                let single = *property == DeviceProperty::MemberOf;
                let item = |item: &Condition| format!("{} {}", property.element(), item.text(single));
                let each = Operator::Each { every: *every };
                format!("device.{property} {each} ({})", condition.text(false, &item))
            }
        }))
    }
}

impl Condition {
    /// Returns the operator and its value.
    fn text(&self, single: bool) -> String {
        let value = match &self.test {
            Test::Null => "null".to_owned(),
            Test::Is(value) => value.to_string(),
            Test::Equals(text) | Test::StartsWith(text) | Test::EndsWith(text) | Test::Contains(text) => {
                quoted(&text.written, single)
            }
            Test::Matches(pattern) => quoted(&pattern.written, single),
            Test::In(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| quoted(&text.written, single)).collect();
                format!("[{}]", texts.join(", "))
            }
        };
        format!("{} {value}", compare(self.test.verb(), self.negated))
    }
}

/// Returns `text` in quotes: `"` becomes a backtick and `"`, `'` is doubled. A backtick at the end would escape a
/// closing `"`, so such text is put in single quotes.
pub(super) fn quoted(text: &str, single: bool) -> String {
    let quote = if single || text.ends_with('`') { '\'' } else { '"' };
    format!("{quote}{}{quote}", text.replace('"', "`\"").replace('\'', "''"))
}
