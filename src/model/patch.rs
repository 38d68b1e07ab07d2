//! The difference between two settings, as the service takes it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Properties;
use super::invalid::shorten;
use super::raw::ODATA_TYPE;
use super::settings::{PropertyRule, Settings, WriteMode};

/// What has to be sent so that settings become what they should be.
///
/// It is the one way in which settings are compared: an update sends it, a plan shows it, and drift is one that is not
/// empty. It knows what the service does not take or report: see [`Settings::RULES`].
///
/// ```
/// use windows_autopilot::model::{HybridJoinProfile, Locale, Patch};
/// let current = HybridJoinProfile::new("Contoso hybrid".parse()?);
/// let desired = current.clone().with_locale(Locale::language("de-DE")?);
/// let patch = Patch::between(&current, &desired);
/// assert_eq!(patch.to_string(), r#"~ locale: "os-default" -> "de-DE""#);
/// assert_eq!(patch.body().text("locale"), Some("de-DE"));
/// assert!(Patch::between(&desired, &desired).is_empty());
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// A patch goes through serde, so that it can be approved before it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    changes: Vec<PropertyChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    create_only: Vec<PropertyChange>,
    body: Properties,
}

/// The change of one property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PropertyChange {
    /// The property's name on the wire; with a dot inside an object, as in `outOfBoxExperienceSetting.eulaHidden`.
    pub property: String,
    /// The value that the service holds; null if there is none.
    pub before: Value,
    /// The value that the service should hold; null, `""` or `[]` if there should be none.
    pub after: Value,
    /// Whether to read it back after it was sent: tools disagree on whether a change of it takes effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_back: bool,
}

impl Patch {
    /// Returns every value that the creation of an object sends, as changes from nothing.
    #[cfg(feature = "workflow")]
    pub(crate) fn creation<T: Settings>(desired: &T) -> Vec<PropertyChange> {
        let body = desired.to_create_body();
        let sent = T::RULES.iter().filter_map(|rule| Some((rule, body.get(rule.name)?)));
        sent.flat_map(|(rule, wanted)| changes(rule, &Value::Null, wanted)).collect()
    }

    /// The difference between what the service holds and what it should hold.
    ///
    /// What `desired` says nothing about is left alone: what its type cannot express, and scope tags if it has none.
    pub fn between<T: Settings>(current: &T, desired: &T) -> Self {
        let before = current.to_properties();
        let wished = desired.to_properties();
        let mut after = wished.clone();
        T::normalize(&mut after);
        // By what is wished and by what would be sent: a tenant may hold what would not be sent like that, and a wish
        // that is the same does not ask for a change.
        let differs = |rule: &&PropertyRule| {
            let other = |wanted: &Value| !(rule.same)(held(&before, rule.name), wanted);
            after.get(rule.name).is_some_and(other) && wished.get(rule.name).is_none_or(other)
        };
        let sendable = |rule: &&PropertyRule| matches!(rule.write, WriteMode::Always | WriteMode::ReadBack);
        // A group that contains what can only be set at creation cannot be sent in part.
        let stuck = |rule: &PropertyRule| {
            rule.write == WriteMode::OnCreate
                || rule.together.is_some()
                    && T::RULES
                        .iter()
                        .filter(|other| other.together == rule.together && other.write == WriteMode::OnCreate)
                        .any(|other| differs(&other))
        };

        let mut patch = Self::default();
        let mut groups = Vec::new();
        let rules = T::RULES.iter().filter(|rule| sendable(rule) || rule.write == WriteMode::OnCreate);
        for rule in rules.filter(differs) {
            let Some(wanted) = after.get(rule.name) else { continue };
            let held = held(&before, rule.name);
            if stuck(rule) {
                patch.create_only.extend(changes(rule, held, wanted));
                continue;
            }
            patch.changes.extend(changes(rule, held, wanted));
            patch.body.insert(rule.name, over(held, wanted));
            groups.extend(rule.together);
        }
        for rule in T::RULES.iter().filter(sendable) {
            if rule.together.is_some_and(|group| groups.contains(&group))
                && let Some(wanted) = after.get(rule.name)
                && patch.body.get(rule.name).is_none()
            {
                patch.body.insert(rule.name, over(held(&before, rule.name), wanted));
            }
        }
        if !patch.body.is_empty() {
            // Objects that are sent whole have been joined with what was held, which may not go together.
            T::normalize(&mut patch.body);
            if T::SENDS_TYPE {
                patch.body.insert(ODATA_TYPE, T::ODATA_TYPE);
            }
        }
        patch
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns the differences that are sent.
    pub fn changes(&self) -> &[PropertyChange] {
        &self.changes
    }

    /// Returns the differences that are not sent, since the service accepts them only when the object is created.
    pub fn create_only(&self) -> &[PropertyChange] {
        &self.create_only
    }

    /// The body of the request, with its type where the service wants it; without properties if there is nothing to
    /// send.
    pub fn body(&self) -> &Properties {
        &self.body
    }
}

impl fmt::Display for Patch {
    /// One line for each property: `~` is sent, `!` is not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = self.changes.iter().map(|change| ('~', change, ""));
        let create_only = self.create_only.iter().map(|change| ('!', change, " (only set at creation)"));
        for (index, (sign, change, note)) in sent.chain(create_only).enumerate() {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{sign} {change}{note}")?;
        }
        Ok(())
    }
}

#[cfg(feature = "workflow")]
impl PropertyChange {
    /// A change of a property that no settings have.
    pub(crate) fn new(property: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        Self { property: property.to_owned(), before: before.into(), after: after.into(), read_back: false }
    }
}

impl fmt::Display for PropertyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Value| shorten(&value.to_string());
        write!(f, "{}: {} -> {}", self.property, shown(&self.before), shown(&self.after))
    }
}

fn held<'a>(properties: &'a Properties, name: &str) -> &'a Value {
    properties.get(name).unwrap_or(&Value::Null)
}

/// The changes to one property: its members if it is an object.
fn changes(rule: &PropertyRule, held: &Value, wanted: &Value) -> Vec<PropertyChange> {
    let change = |property: String, before: &Value, after: &Value| PropertyChange {
        property,
        before: before.clone(),
        after: after.clone(),
        read_back: rule.write == WriteMode::ReadBack,
    };
    match wanted {
        Value::Object(members) => members
            .iter()
            .map(|(name, wanted)| (name, held.get(name).unwrap_or(&Value::Null), wanted))
            .filter(|(_, held, wanted)| held != wanted)
            .map(|(name, held, wanted)| change(format!("{}.{name}", rule.name), held, wanted))
            .collect(),
        _ => vec![change(rule.name.to_owned(), held, wanted)],
    }
}

/// What is sent: an object is sent whole, so what it holds and `wanted` says nothing about is sent along.
fn over(held: &Value, wanted: &Value) -> Value {
    match (held, wanted) {
        (Value::Object(held), Value::Object(wanted)) => {
            let mut whole = held.clone();
            whole.extend(wanted.clone());
            whole.into()
        }
        _ => wanted.clone(),
    }
}

/// For a property that is an object: every member that is wanted is held; null and a missing one are the same.
pub(crate) fn same_members(held: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(members) if held.is_object() => {
            members.iter().all(|(name, wanted)| held.get(name).unwrap_or(&Value::Null) == wanted)
        }
        _ => held == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::model::InvalidValue;
    use crate::model::settings::{same_set, same_text};

    /// Settings that are nothing but their properties.
    #[derive(Debug, Clone, PartialEq)]
    struct Bare(Properties);

    impl Settings for Bare {
        const ODATA_TYPE: &'static str = "#microsoft.graph.bare";
        const RULES: &'static [PropertyRule] = &[
            PropertyRule::new("name"),
            PropertyRule::new("text").same(same_text),
            PropertyRule::new("set").same(same_set),
            PropertyRule::new("object").same(same_members),
            PropertyRule::new("doubtful").write(WriteMode::ReadBack),
            PropertyRule::new("fixed").write(WriteMode::OnCreate),
            PropertyRule::new("kept").write(WriteMode::Never),
            PropertyRule::new("version").write(WriteMode::Observed),
            PropertyRule::new("one").together("pair"),
            PropertyRule::new("two").together("pair"),
            PropertyRule::new("type").together("kind").write(WriteMode::OnCreate),
            PropertyRule::new("detail").together("kind"),
        ];
        type Observed = ();
        fn to_properties(&self) -> Properties {
            self.0.clone()
        }
        fn from_properties(properties: Properties) -> Result<Self, InvalidValue> {
            Ok(Self(properties))
        }
    }

    fn patch(current: Value, desired: Value) -> Patch {
        let bare = |json| Bare(from_value(json).unwrap());
        Patch::between(&bare(current), &bare(desired))
    }

    fn body(current: Value, desired: Value) -> Value {
        to_value(patch(current, desired).body()).unwrap()
    }

    #[test]
    fn only_what_differs_is_sent_with_the_type() {
        assert_eq!(
            body(json!({ "name": "a", "text": "b" }), json!({ "name": "c", "text": "b" })),
            json!({ "@odata.type": "#microsoft.graph.bare", "name": "c" })
        );
        assert_eq!(body(json!({ "name": "a" }), json!({ "name": "a" })), json!({}));
    }

    #[test]
    fn what_the_wish_says_nothing_about_is_left_alone() {
        let current = json!({ "name": "a", "text": "b", "set": ["x"], "unknown": 1, "kept": "k" });
        assert!(patch(current, json!({ "name": "a" })).is_empty());
    }

    #[test]
    fn what_is_never_sent_is_no_change() {
        let patch = patch(json!({}), json!({ "kept": "k", "version": 2, "unknown": 3 }));
        assert_eq!((patch.is_empty(), patch.create_only().len()), (true, 0));
    }

    #[test]
    fn values_that_the_service_does_not_tell_apart_are_the_same() {
        for (current, desired) in [
            (json!({}), json!({ "text": "" })),
            (json!({ "text": "" }), json!({ "text": null })),
            (json!({ "set": ["a", "b"] }), json!({ "set": ["b", "a"] })),
            (json!({ "set": null }), json!({ "set": [] })),
            (json!({}), json!({ "name": null })),
            (json!({ "object": { "a": 1, "new": 2 } }), json!({ "object": { "a": 1, "b": null } })),
        ] {
            assert!(patch(current.clone(), desired.clone()).is_empty(), "{current} {desired}");
        }
    }

    #[test]
    fn an_object_is_sent_whole_with_what_was_held_and_its_members_are_listed() {
        let patch =
            patch(json!({ "object": { "a": 1, "b": 2, "new": 3 } }), json!({ "object": { "a": 1, "b": 4 } }));
        assert_eq!(patch.body().get("object"), Some(&json!({ "a": 1, "b": 4, "new": 3 })));
        assert_eq!(patch.to_string(), "~ object.b: 2 -> 4");
    }

    #[test]
    fn what_is_sent_together_is_sent_even_if_it_does_not_differ() {
        let patch = patch(json!({ "one": 1, "two": 2 }), json!({ "one": 3, "two": 2 }));
        assert_eq!(patch.changes().len(), 1);
        assert_eq!(patch.body().get("two"), Some(&json!(2)));
    }

    #[test]
    fn what_is_only_set_at_creation_is_reported_and_holds_its_group_back() {
        let patch = patch(
            json!({ "fixed": 1, "type": "a", "detail": "a", "name": "a" }),
            json!({ "fixed": 2, "type": "b", "detail": "b", "name": "b" }),
        );
        assert_eq!(patch.changes().len(), 1);
        let names: Vec<_> = patch.create_only().iter().map(|change| change.property.as_str()).collect();
        assert_eq!(names, ["fixed", "type", "detail"]);
        assert_eq!(patch.body().names().collect::<Vec<_>>(), ["@odata.type", "name"]);
        assert!(patch.to_string().contains("! fixed: 1 -> 2 (only set at creation)"), "{patch}");
        let patch =
            super::tests::patch(json!({ "type": "a", "detail": "a" }), json!({ "type": "a", "detail": "b" }));
        assert_eq!(patch.body().get("detail"), Some(&json!("b")));
    }

    #[test]
    fn a_doubtful_change_asks_to_be_read_back() {
        let patch = patch(json!({ "doubtful": false }), json!({ "doubtful": true, "name": "a" }));
        let doubtful: Vec<_> =
            patch.changes().iter().map(|change| (change.property.as_str(), change.read_back)).collect();
        assert_eq!(doubtful, [("name", false), ("doubtful", true)]);
    }

    #[test]
    fn a_patch_survives_serde() {
        let patch =
            patch(json!({ "name": "a", "fixed": 1 }), json!({ "name": null, "fixed": 2, "doubtful": true }));
        let json = serde_json::to_string(&patch).unwrap();
        assert_eq!(serde_json::from_str::<Patch>(&json).unwrap(), patch);
    }
}
