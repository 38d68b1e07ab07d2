use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::catalog;
use crate::model::{Device, Id, JoinType, Text};

const AUTOPILOT_DEVICES: &str = catalog::AUTOPILOT_DEVICES_LIST.path;
const PROFILES: &str = catalog::AUTOPILOT_PROFILES_LIST.path;
const PAGES: &str = catalog::ENROLLMENT_CONFIGURATIONS_LIST.path;
const MANAGED_DEVICES: &str = catalog::MANAGED_DEVICES_LIST.path;
const GROUPS: &str = catalog::GROUPS_LIST.path;
const OWN_PATH: &str = "";

#[test]
fn filters_are_written_as_odata() {
    let filter =
        field("displayName").eq("A & B").or(field("priority").ge(3).and(field("isManaged").eq(true)));
    assert_eq!(filter.as_str(), "(displayName eq 'A & B') or ((priority ge 3) and (isManaged eq true))");
    let x = field("x");
    for (filter, expected) in [
        (x.ne("a"), "x ne 'a'"),
        (x.gt(1), "x gt 1"),
        (x.ge(1), "x ge 1"),
        (x.lt(1), "x lt 1"),
        (x.le(1), "x le 1"),
        (x.is_in([1, 2]), "x eq 1 or x eq 2"),
        (x.is_in(["a"]), "x eq 'a'"),
        (x.starts_with("a"), "startswith(x,'a')"),
        (x.ends_with("a"), "endswith(x,'a')"),
        (x.any(|x| x.is_in(["a", "b"])), "x/any(x:x eq 'a' or x eq 'b')"),
        (x.eq(1).not(), "not (x eq 1)"),
    ] {
        assert_eq!(filter.as_str(), expected);
    }
}

#[test]
fn texts_are_quoted_and_other_values_are_bare() {
    let since: Timestamp = "2026-01-01T02:00:00.5+02:00".parse().unwrap();
    let id: Id<Device> = "4f6a".parse().unwrap();
    let owned = "it's".to_owned();
    for (literal, expected) in [
        (Literal::from("it's"), "'it''s'"),
        (Literal::from(owned), "'it''s'"),
        (Literal::from(&String::from("it's")), "'it''s'"),
        (Literal::from(&Text::from("it's")), "'it''s'"),
        (Literal::from(&id), "'4f6a'"),
        (Literal::from(JoinType::HybridAzureADJoined), "'hybridAzureADJoined'"),
        (Literal::from(&JoinType::HybridAzureADJoined), "'hybridAzureADJoined'"),
        (Literal::from(-1_i32), "-1"),
        (Literal::from(i64::MIN), "-9223372036854775808"),
        (Literal::from(u32::MAX), "4294967295"),
        (Literal::from(true), "true"),
        (Literal::from(since), "2026-01-01T00:00:00.5Z"),
    ] {
        assert_eq!(literal.to_string(), expected);
    }
}

#[test]
fn a_value_of_another_type_than_the_property_is_refused() {
    let since = Timestamp::UNIX_EPOCH;
    for (filter, expected) in [
        (
            field("createdDateTime").ge("2026-01-01"),
            "createdDateTime is a date: pass a Timestamp, not a string",
        ),
        (field("createdDateTime").lt(2026), "createdDateTime is a date: pass a Timestamp, not a number"),
        (
            field("createdDateTime").starts_with("2026"),
            "createdDateTime is a date: compare it with ge and lt, not with startswith",
        ),
        (field("displayName").eq(7), "displayName is a string: pass a &str or a String, not a number"),
        (field("displayName").ge(since), "displayName is a string: pass a &str or a String, not a date"),
        (field("isManaged").eq("true"), "isManaged is a boolean: pass true or false, not a string"),
        (
            field("isManaged").contains("true"),
            "isManaged is a boolean: compare it with eq, not with contains",
        ),
        (field("priority").eq("0"), "priority is a number: pass an integer, not a string"),
        (
            field("extensionAttributes/extensionAttribute1").eq(1),
            "extensionAttributes/extensionAttribute1 is a string: pass a &str or a String, not a number",
        ),
        (
            field("physicalIds").any(|id| id.eq(1)),
            "physicalIds is a string: pass a &str or a String, not a number",
        ),
        (
            field("displayName").eq("A").and(field("createdDateTime").ge("2026").or(Filter::raw("b")).not()),
            "createdDateTime is a date: pass a Timestamp, not a string",
        ),
        (
            field("displayName").is_in::<&str>([]),
            "displayName is compared with an empty list: pass at least one value",
        ),
    ] {
        assert_eq!(filter.problem(GROUPS).as_deref(), Some(expected));
    }
}

#[test]
fn a_value_that_fits_or_whose_property_is_not_known_passes() {
    let since = Timestamp::UNIX_EPOCH;
    for filter in [
        field("createdDateTime").ge(since),
        field("displayName").is_in(["A", "B"]).not(),
        field("deviceManagementAutopilotPolicyType").eq(1),
        field("members/$count").eq(0),
        field("version").eq(1),
        field("version").eq("1"),
        field("physicalIds").any(|id| id.starts_with("[ZTDID]")),
    ] {
        assert_eq!(filter.problem(GROUPS), None, "{filter:?}");
    }
}

#[test]
fn on_a_path_of_the_caller_only_dates_are_known() {
    assert!(field("createdDateTime").eq("today").problem(OWN_PATH).is_some());
    assert!(field("displayName").is_in::<&str>([]).problem(OWN_PATH).is_some());
    assert_eq!(field("priority").eq("high").problem(OWN_PATH), None);
}

#[test]
fn a_filter_that_a_collection_fails_on_is_refused_there_alone() {
    let serial = field("serialNumber");
    for (path, filter, expected) in [
        (AUTOPILOT_DEVICES, serial.eq("SN"), "serialNumber cannot be filtered with eq"),
        (AUTOPILOT_DEVICES, field("groupTag").contains("a"), "groupTag cannot be filtered with contains"),
        (AUTOPILOT_DEVICES, serial.contains("a").or(field("id").eq("b")), "id cannot be filtered with eq"),
        (AUTOPILOT_DEVICES, serial.contains("A-1"), "call by_serial_number"),
        (AUTOPILOT_DEVICES, serial.contains("A 1"), "call by_serial_number"),
        (PROFILES, field("displayName").eq("a"), "displayName cannot be filtered by"),
        (PAGES, field("id").ends_with("_Windows10"), "id cannot be filtered with endswith"),
    ] {
        let problem = filter.problem(path).unwrap();
        assert!(problem.contains(expected), "{problem}");
        assert!(problem.contains(": "), "no remedy: {problem}");
        assert_eq!(filter.problem(GROUPS), None);
        assert_eq!(Filter::raw(filter.as_str()).problem(path), None);
    }
}

#[test]
fn a_filter_that_a_collection_understands_passes() {
    let serial = field("serialNumber");
    for (path, filter) in [
        (AUTOPILOT_DEVICES, serial.contains("5CG1234ABC")),
        (PAGES, field("priority").eq(0).and(field("deviceEnrollmentConfigurationType").eq("a"))),
        (MANAGED_DEVICES, serial.is_in(["a", "b"])),
        (MANAGED_DEVICES, field("operatingSystem").ne("iOS").or(serial.eq("a"))),
        (MANAGED_DEVICES, serial.eq("a").and(field("deviceName").starts_with("b"))),
        (catalog::AUTOPILOT_IMPORTS_LIST.path, field("importId").eq("batch 1")),
    ] {
        assert_eq!(filter.problem(path), None, "{filter:?}");
    }
}

/// A filter as a tree. Its leaves ask whether `x` equals a value of a set.
#[derive(Debug, Clone)]
enum Tree {
    In(Vec<i32>),
    Raw(i32, i32),
    Not(Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
}

impl Tree {
    fn any() -> impl Strategy<Value = Self> {
        let leaf = prop_oneof![
            proptest::collection::vec(0..4, 1..4).prop_map(Self::In),
            (0..4, 0..4).prop_map(|(a, b)| Self::Raw(a, b)),
        ];
        leaf.prop_recursive(5, 24, 2, |inner| {
            let pair = (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
            prop_oneof![
                inner.prop_map(|inner| Self::Not(Box::new(inner))),
                pair.clone().prop_map(|(a, b)| Self::And(a, b)),
                pair.prop_map(|(a, b)| Self::Or(a, b)),
            ]
        })
    }

    fn filter(&self) -> Filter {
        match self {
            Self::In(values) => field("x").is_in(values.iter().copied()),
            Self::Raw(a, b) => Filter::raw(format!("x eq {a} or x eq {b}")),
            Self::Not(inner) => inner.filter().not(),
            Self::And(a, b) => a.filter().and(b.filter()),
            Self::Or(a, b) => a.filter().or(b.filter()),
        }
    }

    fn holds(&self, x: i32) -> bool {
        match self {
            Self::In(values) => values.contains(&x),
            Self::Raw(a, b) => x == *a || x == *b,
            Self::Not(inner) => !inner.holds(x),
            Self::And(a, b) => a.holds(x) && b.holds(x),
            Self::Or(a, b) => a.holds(x) || b.holds(x),
        }
    }
}

/// Evaluates `x eq …` joined by OData's operators: `not` binds closest, then `and`, then `or`.
struct Evaluation<'a> {
    words: std::iter::Peekable<std::str::SplitWhitespace<'a>>,
    x: i32,
}

impl Evaluation<'_> {
    fn of(text: &str, x: i32) -> bool {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut evaluation = Evaluation { words: spaced.split_whitespace().peekable(), x };
        let holds = evaluation.or();
        assert_eq!(evaluation.words.next(), None, "{text}");
        holds
    }

    fn or(&mut self) -> bool {
        let mut holds = self.and();
        while self.words.next_if_eq(&"or").is_some() {
            holds |= self.and();
        }
        holds
    }

    fn and(&mut self) -> bool {
        let mut holds = self.not();
        while self.words.next_if_eq(&"and").is_some() {
            holds &= self.not();
        }
        holds
    }

    fn not(&mut self) -> bool {
        match self.words.next().unwrap() {
            "not" => !self.not(),
            "(" => {
                let holds = self.or();
                assert_eq!(self.words.next(), Some(")"));
                holds
            }
            "x" => {
                assert_eq!(self.words.next(), Some("eq"));
                self.words.next().unwrap().parse::<i32>().unwrap() == self.x
            }
            other => panic!("{other}"),
        }
    }
}

proptest! {
    #[test]
    fn a_text_literal_is_always_closed(text in any::<String>()) {
        let filter = field("x").eq(text.as_str());
        let inner = filter.as_str().strip_prefix("x eq '").unwrap().strip_suffix('\'').unwrap();
        prop_assert!(!inner.replace("''", "").contains('\''));
        prop_assert_eq!(inner.replace("''", "'"), text.as_str());
        let literal = Literal::from(text.as_str());
        let (contains, is_in) = (field("x").contains(&text), field("x").is_in([&text, "b"]));
        prop_assert_eq!(contains.as_str(), format!("contains(x,{literal})"));
        prop_assert_eq!(is_in.as_str(), format!("x eq {literal} or x eq 'b'"));
    }

    #[test]
    fn combined_filters_mean_what_their_parts_mean(tree in Tree::any(), x in 0..4) {
        let filter = tree.filter();
        prop_assert_eq!(Evaluation::of(filter.as_str(), x), tree.holds(x), "{}", filter.as_str());
    }
}
