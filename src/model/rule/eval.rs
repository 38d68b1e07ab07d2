//! Evaluation of rules.

use super::expr::{Caseless, Clause, Condition, Expr, Test, decided, fold};
use super::property::{Attribute, DeviceAttributes, DeviceProperty};

/// Returns whether `device` is a member by `rule`; `None` if that depends on a pattern that is not evaluated here.
pub(super) fn evaluate<D: DeviceAttributes + ?Sized>(rule: &Expr, device: &D) -> Option<bool> {
    rule.holds(&|clause| match clause {
        Clause::Whole { property, condition } => condition.holds(&read(device, *property)),
        Clause::Items { property, every, condition } => {
            let holds = |text| condition.holds(&|condition| condition.holds(&Attribute::Text(text)));
            match read(device, *property) {
                Attribute::List(list) => decided(!*every, list.iter().map(holds)),
                Attribute::Text(text) => holds(text),
                // Nothing in it fails, so "all" holds: Microsoft's own rule for "has no plan" rests on it.
                Attribute::Absent | Attribute::Bool(_) => Some(*every),
            }
        }
    })
}

fn read<D: DeviceAttributes + ?Sized>(device: &D, property: DeviceProperty) -> Attribute<'_> {
    // Entra does not know it, whatever the device says.
    if property == DeviceProperty::OrganizationalUnit {
        return Attribute::Absent;
    }
    match device.attribute(property) {
        Attribute::Text("") => Attribute::Absent,
        Attribute::List(list) if list.iter().next().is_none() => Attribute::Absent,
        other => other,
    }
}

impl Condition {
    /// Returns whether the condition holds. An operator and its opposite always differ, so a device without the
    /// attribute matches `-ne "x"`. In a list one matching item is enough, and the opposite holds if none matches.
    pub(super) fn holds(&self, attribute: &Attribute<'_>) -> Option<bool> {
        let holds = match (&self.test, attribute) {
            (Test::Null, attribute) => matches!(attribute, Attribute::Absent),
            (Test::Is(expected), Attribute::Bool(actual)) => expected == actual,
            (test, Attribute::Text(text)) => test.holds_for(text)?,
            (test, Attribute::List(list)) => decided(true, list.iter().map(|text| test.holds_for(text)))?,
            (Test::Equals(text), Attribute::Absent) => text.folded.is_empty(),
            _ => false,
        };
        Some(holds != self.negated)
    }
}

impl Test {
    fn holds_for(&self, text: &str) -> Option<bool> {
        Some(match self {
            Self::Null | Self::Is(_) => false,
            Self::Equals(value) => value.equals(text),
            Self::StartsWith(value) => value.starts(text),
            Self::EndsWith(value) => value.ends(text),
            Self::Contains(value) => value.is_in(text),
            Self::Matches(pattern) => pattern.is_match(text)?,
            Self::In(values) => values.iter().any(|value| value.equals(text)),
        })
    }
}

/// Comparisons do not allocate. `fold` never maps into ASCII, so ASCII text can be compared byte by byte.
impl Caseless {
    fn equals(&self, text: &str) -> bool {
        if self.folded.is_ascii() {
            return text.eq_ignore_ascii_case(&self.folded);
        }
        self.folded.chars().eq(text.chars().map(fold))
    }

    fn starts(&self, text: &str) -> bool {
        if self.folded.is_ascii() {
            let start = text.as_bytes().get(..self.folded.len());
            return start.is_some_and(|start| start.eq_ignore_ascii_case(self.folded.as_bytes()));
        }
        begins(text.chars().map(fold), self.folded.chars())
    }

    fn ends(&self, text: &str) -> bool {
        if self.folded.is_ascii() {
            let end =
                text.len().checked_sub(self.folded.len()).and_then(|begin| text.as_bytes().get(begin..));
            return end.is_some_and(|end| end.eq_ignore_ascii_case(self.folded.as_bytes()));
        }
        begins(text.chars().rev().map(fold), self.folded.chars().rev())
    }

    fn is_in(&self, text: &str) -> bool {
        let Some(first) = self.folded.as_bytes().first() else { return true };
        if self.folded.is_ascii() {
            let wanted = self.folded.as_bytes();
            // The first byte alone rules out most positions.
            let may_be = |part: &[u8]| part.first().map(u8::to_ascii_lowercase) == Some(*first);
            return text
                .as_bytes()
                .windows(wanted.len())
                .any(|part| may_be(part) && part.eq_ignore_ascii_case(wanted));
        }
        let mut rest = text.chars();
        loop {
            if begins(rest.clone().map(fold), self.folded.chars()) {
                return true;
            }
            if rest.next().is_none() {
                return false;
            }
        }
    }
}

fn begins(mut text: impl Iterator<Item = char>, mut start: impl Iterator<Item = char>) -> bool {
    start.all(|wanted| text.next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Caseless {
        Caseless::new(text.to_owned())
    }

    #[test]
    fn comparisons_disregard_case_inside_and_outside_ascii() {
        let cases: &[(&str, &str, [bool; 4])] = &[
            // value, text, equals, starts, ends, is in
            ("[ztdid]", "[ZTDId]:1", [false, true, false, true]),
            ("kiosk", "KIOSK", [true, true, true, true]),
            ("straße", "STRAßE", [true, true, true, true]),
            ("ss", "ß", [false, false, false, false]),
            ("ΣΊΣΥΦΟΣ", "Σίσυφος", [true, true, true, true]),
            ("é", "café-É", [false, false, true, true]),
            ("k", "\u{212a}elvin", [false, false, false, false]),
            ("i", "ı", [false, false, false, false]),
            ("ö", "öffne Tür", [false, true, false, true]),
            ("", "x", [false, true, true, true]),
            ("longer", "long", [false, false, false, false]),
            ("länger", "lang", [false, false, false, false]),
        ];
        for (wanted, text, expected) in cases {
            let wanted = value(wanted);
            let found = [wanted.equals(text), wanted.starts(text), wanted.ends(text), wanted.is_in(text)];
            assert_eq!(found, *expected, "{wanted:?} in {text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_byte_path_agrees_with_folding_both_sides(wanted in "[a-cA-CéÉ]{0,3}", text in "[a-cA-CéÉ]{0,6}") {
            let (value, folded) = (value(&wanted), text.chars().map(fold).collect::<String>());
            prop_assert_eq!(value.equals(&text), folded == value.folded);
            prop_assert_eq!(value.starts(&text), folded.starts_with(&value.folded));
            prop_assert_eq!(value.ends(&text), folded.ends_with(&value.folded));
            prop_assert_eq!(value.is_in(&text), folded.contains(&value.folded));
        }

        #[test]
        fn folding_is_stable_and_never_leads_into_ascii(c in any::<char>()) {
            prop_assert_eq!(fold(fold(c)), fold(c));
            prop_assert_eq!(fold(c).is_ascii(), c.is_ascii());
        }
    }
}
