//! Laws of every rule, every tree and every text.

use proptest::prelude::*;
#[cfg(feature = "patterns")]
use serde_json::{Map, json};

use super::super::expr::{Caseless, Clause, Condition, Logic, OPERATORS, Test};
#[cfg(feature = "patterns")]
use super::super::expr::{Operator, Verb};
use super::super::pattern::Pattern;
use super::super::property::Kind;
use super::super::{Attribute, DeviceAttributes, DeviceProperty, MembershipRule, lex, parse};
use super::{FOUND, registered, rows, rule};

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "[\\PC&&[^\u{0}-\u{1f}\u{7f}-\u{9f}]]{0,6}", "[`'\"\\\\]{0,4}"]
}

fn caseless() -> impl Strategy<Value = Caseless> {
    any_text().prop_map(Caseless::new)
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop::sample::select(vec!["", "^a.*", r"\d+'", "a|\"b\"", "x`", r"[^\]]"])
        .prop_map(|text| Pattern::new(text.to_owned()).unwrap())
}

fn text_condition() -> impl Strategy<Value = Condition> {
    let test = prop_oneof![
        Just(Test::Null),
        caseless().prop_map(Test::Equals),
        caseless().prop_map(Test::StartsWith),
        caseless().prop_map(Test::EndsWith),
        caseless().prop_map(Test::Contains),
        pattern().prop_map(Test::Matches),
        prop::collection::vec(caseless(), 1..3).prop_map(Test::In),
    ];
    (any::<bool>(), test).prop_map(|(negated, test)| Condition { negated, test })
}

fn logic<L: Clone + std::fmt::Debug + 'static>(
    leaf: impl Strategy<Value = L> + 'static,
) -> impl Strategy<Value = Logic<L>> {
    leaf.prop_map(Logic::Leaf).prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Logic::Not(Box::new(inner))),
            (any::<bool>(), prop::collection::vec(inner, 1..4))
                .prop_map(|(every, items)| Logic::joined(every, items)),
        ]
    })
}

fn of_kind(kind: Kind) -> impl Strategy<Value = DeviceProperty> {
    let all = DeviceProperty::ALL.iter().copied();
    prop::sample::select(
        all.filter(|property| property.kind() == kind && *property != DeviceProperty::MemberOf)
            .collect::<Vec<_>>(),
    )
}

fn clause() -> impl Strategy<Value = Clause> {
    let flag = (any::<bool>(), prop_oneof![Just(Test::Null), any::<bool>().prop_map(Test::Is)])
        .prop_map(|(negated, test)| Condition { negated, test });
    let ids = prop::collection::vec(caseless(), 1..3)
        .prop_map(|ids| Condition { negated: false, test: Test::In(ids) });
    let whole = |(property, condition)| Clause::Whole { property, condition };
    prop_oneof![
        (of_kind(Kind::Text), text_condition()).prop_map(whole),
        (of_kind(Kind::List), text_condition()).prop_map(whole),
        (of_kind(Kind::Bool), flag).prop_map(whole),
        (of_kind(Kind::List), any::<bool>(), logic(text_condition()))
            .prop_map(|(property, every, condition)| Clause::Items { property, every, condition }),
        logic(ids).prop_map(|condition| Clause::Items {
            property: DeviceProperty::MemberOf,
            every: false,
            condition
        }),
    ]
}

/// Generates pieces of rules, to be concatenated.
fn piece() -> impl Strategy<Value = String> {
    let operators: Vec<String> = OPERATORS
        .iter()
        .flat_map(|(name, _)| [format!("-{name}"), (*name).to_owned()])
        .chain("-and or -not ( ) [ ] , _ null true - – \" ' ` “ $".split(' ').map(str::to_owned))
        .collect();
    let properties: Vec<String> = DeviceProperty::ALL
        .iter()
        .map(|property| format!("device.{property}"))
        .chain(["group.objectId".to_owned()])
        .collect();
    prop_oneof![
        4 => prop::sample::select(operators),
        2 => prop::sample::select(properties),
        2 => "\"[a-zA-Z\\[\\]:'`é]{0,6}\"",
        1 => any::<char>().prop_map(String::from),
    ]
}

/// Generates a real rule with a few pieces inserted, removed or replaced.
fn damaged() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..3_usize, piece());
    (prop::sample::select(rows(FOUND)), prop::collection::vec(edit, 0..4)).prop_map(|([text, _], edits)| {
        edits.into_iter().fold(text, |text, (place, removed, piece)| {
            let at = place.index(text.chars().count() + 1);
            text.chars().take(at).chain(piece.chars()).chain(text.chars().skip(at + removed)).collect()
        })
    })
}

proptest! {
    #[test]
    fn every_tree_is_read_back_from_its_canonical_text(rule in logic(clause())) {
        let text = rule.to_string();
        let read = parse::parse(&text, &mut Vec::new());
        prop_assert_eq!(read.as_ref().map(ToString::to_string), Ok(text));
        prop_assert_eq!(read, Ok(rule));
    }

    #[test]
    fn blanks_case_hyphens_and_parentheses_do_not_change_the_meaning(
        rule in logic(clause()), blank in "[ \t\n]{1,3}", parentheses in 0..5_usize, upper in any::<bool>(), bare in any::<bool>(),
    ) {
        let canonical = rule.to_string();
        let mut text = String::new();
        // Only what is outside quotes may be touched: the tokens are put together anew.
        for token in lex::tokens(&canonical, &mut Vec::new()).unwrap() {
            use lex::TokenKind as T;
            text.push_str(&blank);
            match token.kind {
                T::Mark(mark) => text.push(mark),
                T::Word { word, hyphen } => {
                    text.push_str(if hyphen && !bare { "-" } else { "" });
                    text.push_str(&if upper { word.to_uppercase() } else { word });
                }
                T::Text(value) => {
                    let value = value.replace('"', "`\"").replace('\'', "''");
                    text.push_str(&format!("'{value}'"));
                }
            }
        }
        let text = format!("{}{text}{}", "(".repeat(parentheses), ")".repeat(parentheses));
        prop_assert_eq!(parse::parse(&text, &mut Vec::new()), Ok(rule), "{}", text);
    }

    #[test]
    fn no_text_makes_the_reader_the_linter_or_the_evaluator_panic(text in prop_oneof![
        any::<String>(),
        damaged(),
        prop::collection::vec(piece(), 0..20).prop_map(|pieces| pieces.join(" ")),
        prop::collection::vec(piece(), 0..20).prop_map(|pieces| pieces.concat()),
    ]) {
        let rule = MembershipRule::from_service(text.as_str());
        prop_assert_eq!(rule.as_str(), text.as_str());
        rule.matches(&registered());
        rule.lint();
        match rule.violation() {
            Some(violation) => prop_assert!(violation.position().unwrap() <= text.chars().count()),
            None => {
                let canonical = rule.canonical();
                let again = MembershipRule::from_service(canonical.as_str());
                prop_assert!(again.equivalent(&rule), "{} became {}", text, canonical);
                prop_assert_eq!(again.canonical(), canonical);
            }
        }
    }

    #[test]
    #[cfg(feature = "patterns")]
    fn an_operator_and_its_opposite_always_differ(
        property in of_kind(Kind::Text), verb in 0..5_usize, wanted in "[a-b]{0,2}", value in prop::option::of("[a-b]{0,3}"),
    ) {
        let verbs = [Verb::Equals, Verb::StartsWith, Verb::EndsWith, Verb::Contains, Verb::Matches];
        let [holds, fails] = [false, true].map(|negated| {
            let operator = Operator::Compare { verb: verbs[verb], negated };
            let rule = rule(&format!("device.{property} {operator} \"{wanted}\""));
            let mut device = Map::new();
            if let (Some(value), Some(path)) = (&value, property.graph_path()) {
                match path.split_once('/') {
                    Some((outer, inner)) => device.insert(outer.to_owned(), json!({ inner: value })),
                    None => device.insert(path.to_owned(), json!(value)),
                };
            }
            rule.matches(&device)
        });
        prop_assert_ne!(holds, fails);
    }
}

/// A device that says the same of everything.
struct Parrot;

impl DeviceAttributes for Parrot {
    fn attribute(&self, _: DeviceProperty) -> Attribute<'_> {
        Attribute::Text("OU=PC")
    }
}

/// Microsoft Entra has no such attribute for devices, whatever an object says.
#[test]
fn an_organizational_unit_is_never_a_devices() {
    assert!(rule(r#"device.deviceModel -eq "OU=PC""#).matches(&Parrot));
    assert!(!rule(r#"device.organizationalUnit -eq "OU=PC""#).matches(&Parrot));
    assert!(rule("device.organizationalUnit -eq null").matches(&Parrot));
}
