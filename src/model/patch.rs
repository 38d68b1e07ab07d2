//! The difference between two settings, as the service accepts it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::invalid::shorten;
use super::raw::ODATA_TYPE;
use super::settings::{PropertyRule, Settings, WriteMode};
use super::wire::{get, over};
use super::{
    DomainJoinProfile, EnrollmentStatusPage, EntraJoinProfile, Group, HybridJoinProfile, Properties,
    SkipUserStatusPage, Stored,
};
use crate::foreign::line;

/// The changes from stored settings to desired ones.
///
/// Every comparison of settings yields a patch: an update sends it, a plan shows it, and a nonempty one means drift. A
/// patch takes into account what the service does not accept or report: see [`Settings::RULES`].
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
/// A patch implements serde's traits, so that it can be stored and approved before it is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    changes: Vec<PropertyChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    create_only: Vec<PropertyChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<PropertyChange>,
    body: Properties,
}

/// The change of one property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PropertyChange {
    /// The property's name on the wire. Nested properties use a dot, as in `outOfBoxExperienceSetting.eulaHidden`.
    pub property: String,
    /// The stored value; null if there is none.
    pub before: Value,
    /// The desired value; null, `""` or `[]` for none.
    pub after: Value,
    /// Whether to read the property back after the update: tools disagree on whether a change takes effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_back: bool,
    /// Whether the property was absent from the response; if so, `before` is null.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreported: bool,
}

impl Patch {
    /// Returns every value sent when an object is created, as changes from nothing.
    #[cfg(feature = "workflow")]
    pub(crate) fn creation<T: Settings>(desired: &T) -> Vec<PropertyChange> {
        let body = desired.to_create_body();
        let sent = T::RULES.iter().filter_map(|rule| Some((rule, get(&body, rule.path)?)));
        sent.map(|(rule, wanted)| PropertyChange::new(rule.path, Value::Null, wanted.clone())).collect()
    }

    /// Compares fully known settings.
    ///
    /// Properties without a value in `desired` are left unchanged: those that the type `T` cannot express, and scope
    /// tags if `desired` has none.
    pub fn between<T: Settings>(current: &T, desired: &T) -> Self {
        Comparison::of(current, desired, &[]).patch(false)
    }

    /// Compares the stored settings, which may have been only partly reported, with `desired`.
    ///
    /// A property that was not [reported](Stored::unreported) is a change if the desired value differs from the default.
    /// Otherwise it is listed in [`unknown`](Self::unknown) and not sent, unless it has to be sent together with a
    /// change.
    ///
    /// ```
    /// use windows_autopilot::model::{HybridJoinProfile, Patch, Stored};
    /// # let response = r#"{"id":"7","displayName":"Contoso","outOfBoxExperienceSetting":{"eulaHidden":true}}"#;
    /// let stored: Stored<HybridJoinProfile> = serde_json::from_str(response)?;
    /// let desired = HybridJoinProfile::new("Contoso".parse()?);
    /// let escape_link = "outOfBoxExperienceSetting.escapeLinkHidden";
    /// assert!(stored.unreported.contains(&escape_link));
    ///
    /// let patch = Patch::from_stored(&stored, &desired);
    /// assert!(patch.is_empty() && patch.unknown().iter().any(|unknown| unknown.property == escape_link));
    /// let patch = Patch::from_stored(&stored, &desired.with_escape_link_hidden(false));
    /// assert_eq!(patch.changes()[0].to_string(), "escape_link_hidden: not reported -> false");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_stored<T: Settings>(stored: &Stored<T>, desired: &T) -> Self {
        Comparison::of(&stored.settings, desired, &stored.unreported).patch(false)
    }

    /// Compares as [`from_stored`](Self::from_stored) does, but treats properties that were not reported as changes,
    /// except those set only at creation and those without a desired value.
    pub(crate) fn sending_unknown<T: Settings>(stored: &Stored<T>, desired: &T) -> Self {
        Comparison::of(&stored.settings, desired, &stored.unreported).patch(true)
    }

    /// Returns `true` if there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns the differences to send.
    pub fn changes(&self) -> &[PropertyChange] {
        &self.changes
    }

    /// Returns the differences that are not sent, because the service accepts them only when the object is created.
    pub fn create_only(&self) -> &[PropertyChange] {
        &self.create_only
    }

    /// Returns the properties that were not reported and are not sent: whether they have drifted is not known.
    ///
    /// For each of them, the desired value equals the default, or the service accepts the property only when the object
    /// is created.
    pub fn unknown(&self) -> &[PropertyChange] {
        &self.unknown
    }

    /// Returns the request body, including the type if the service requires it. The body is empty if there is nothing
    /// to send.
    pub fn body(&self) -> &Properties {
        &self.body
    }
}

/// The wire form of two settings, with the rules to compare them. Not generic, because every type has one.
struct Comparison<'a> {
    rules: &'static [PropertyRule],
    normalize: fn(&mut Properties),
    odata_type: Option<&'static str>,
    before: Properties,
    /// The desired settings.
    wished: Properties,
    /// The desired settings as they would be sent.
    after: Properties,
    unreported: &'a [&'static str],
}

impl<'a> Comparison<'a> {
    fn of<T: Settings>(current: &T, desired: &T, unreported: &'a [&'static str]) -> Self {
        let wished = desired.to_properties();
        let mut after = wished.clone();
        T::normalize(&mut after);
        Self {
            rules: T::RULES,
            normalize: T::normalize,
            odata_type: T::SENDS_TYPE.then_some(T::ODATA_TYPE),
            before: current.to_properties(),
            wished,
            after,
            unreported,
        }
    }

    fn patch(&self, send_unknown: bool) -> Patch {
        let mut patch = Patch::default();
        let mut groups = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.write.is_decided()) {
            let Some(wanted) = get(&self.after, rule.path) else { continue };
            let is_unreported = self.is_unreported(rule);
            let is_stuck = self.is_stuck(rule);
            // A property without a default has no value that could be sent.
            let is_wish = !(rule.is_required && is_unreported && *wanted == "");
            let differs = is_wish && self.differs(rule);
            let list = if !is_stuck && is_wish && (differs || is_unreported && send_unknown) {
                self.send(rule, &mut patch.body);
                groups.extend(rule.together);
                &mut patch.changes
            } else if is_unreported {
                &mut patch.unknown
            } else if differs {
                &mut patch.create_only
            } else {
                continue;
            };
            list.extend(self.changes(rule, wanted));
        }
        let is_sendable =
            |rule: &&PropertyRule| matches!(rule.write, WriteMode::Always | WriteMode::ReadBack);
        for rule in self.rules.iter().filter(is_sendable) {
            if rule.together.is_some_and(|group| groups.contains(&group))
                && patch.body.get(rule.name).is_none()
            {
                self.send(rule, &mut patch.body);
            }
        }
        if !patch.body.is_empty() {
            // Objects that are sent whole have been joined with what was held, which may not go together.
            (self.normalize)(&mut patch.body);
            if let Some(odata_type) = self.odata_type {
                patch.body.insert(ODATA_TYPE, odata_type);
            }
        }
        patch
    }

    fn is_unreported(&self, rule: &PropertyRule) -> bool {
        self.unreported.contains(&rule.path)
    }

    /// Returns `true` if the stored value differs from both the desired value and the one to send, because a tenant may
    /// hold values that would not be sent.
    fn differs(&self, rule: &PropertyRule) -> bool {
        let default = rule.derived.filter(|_| self.is_unreported(rule)).map(|default| default(&self.wished));
        let held = default.as_ref().or(get(&self.before, rule.path)).unwrap_or(&Value::Null);
        let other = |wanted: &Value| !(rule.same)(held, wanted);
        get(&self.after, rule.path).is_some_and(other) && get(&self.wished, rule.path).is_none_or(other)
    }

    /// Returns `true` if a property can only be set at creation, or belongs to a group with such a difference, which
    /// cannot be sent in part.
    fn is_stuck(&self, rule: &PropertyRule) -> bool {
        let is_fixed = |rule: &PropertyRule| rule.write == WriteMode::OnCreate;
        let is_partner = |other: &&PropertyRule| other.together == rule.together && is_fixed(other);
        is_fixed(rule)
            || rule.together.is_some()
                && self.rules.iter().filter(is_partner).any(|other| self.differs(other))
    }

    /// Adds a property to a body: an object is sent whole, including members without a desired value.
    fn send(&self, rule: &PropertyRule, body: &mut Properties) {
        if let Some(wanted) = self.after.get(rule.name) {
            body.insert(rule.name, over(self.before.get(rule.name).cloned(), wanted.clone()));
        }
    }

    /// Returns the changes of one property, by member if it is an object.
    fn changes(&self, rule: &PropertyRule, wanted: &Value) -> Vec<PropertyChange> {
        let unreported = self.is_unreported(rule);
        let held = get(&self.before, rule.path).filter(|_| !unreported).unwrap_or(&Value::Null);
        let change = |property: String, before: &Value, after: &Value| PropertyChange {
            property,
            before: before.clone(),
            after: after.clone(),
            read_back: rule.write == WriteMode::ReadBack,
            unreported,
        };
        match wanted {
            Value::Object(members) if !unreported => members
                .iter()
                .map(|(name, wanted)| (name, held.get(name).unwrap_or(&Value::Null), wanted))
                .filter(|(_, held, wanted)| held != wanted)
                .map(|(name, held, wanted)| change(format!("{}.{name}", rule.path), held, wanted))
                .collect(),
            _ => vec![change(rule.path.to_owned(), held, wanted)],
        }
    }
}

impl fmt::Display for Patch {
    /// Formats a line for each property: those marked `~` are sent, those marked `!` or `?` are not; `?` means not
    /// reported.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = self.changes.iter().map(|change| ('~', change, ""));
        let create_only = self.create_only.iter().map(|change| ('!', change, " (only set at creation)"));
        let unknown = self.unknown.iter().map(|change| ('?', change, " (not compared)"));
        let lines = sent.chain(create_only).chain(unknown);
        let mut lines: Vec<String> =
            lines.map(|(sign, change, note)| format!("{sign} {change}{note}")).collect();
        // Properties that are written as one setting have one line.
        lines.dedup();
        f.write_str(&lines.join("\n"))
    }
}

impl PropertyChange {
    /// Creates a change of a property outside any settings.
    #[cfg(feature = "workflow")]
    pub(crate) fn new(property: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        let (property, before, after) = (property.to_owned(), before.into(), after.into());
        Self { property, before, after, read_back: false, unreported: false }
    }

    /// Returns the setting's name in settings files.
    ///
    /// ```
    /// use windows_autopilot::model::{BlockDeviceUse, EnrollmentStatusPage, Patch};
    /// let page = EnrollmentStatusPage::new("Autopilot devices".parse()?);
    /// let blocking = page.clone().with_block_device_use(BlockDeviceUse::Until(Default::default()));
    /// let patch = Patch::between(&blocking, &page);
    /// let change = &patch.changes()[0];
    /// assert_eq!((change.property.as_str(), &change.after), ("blockDeviceSetupRetryByUser", &true.into()));
    /// assert_eq!(change.setting(), "block_device_use");
    /// assert_eq!(change.to_string(), r#"block_device_use: "until" -> "no""#);
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub fn setting(&self) -> String {
        setting_name(&self.property)
    }

    /// Returns the values before and after in the form of the setting, each on one line and shortened.
    pub(crate) fn shown(&self) -> (String, String) {
        let before = if self.unreported { "not reported".to_owned() } else { self.text_of(&self.before) };
        (shorten(&before), shorten(&self.text_of(&self.after)))
    }

    /// Returns the value after the change in the form of the setting, on one line.
    #[cfg(feature = "workflow")]
    pub(crate) fn shown_whole(&self) -> String {
        self.text_of(&self.after)
    }

    fn text_of(&self, value: &Value) -> String {
        let shown = rule_of(&self.property).map_or_else(|| value.clone(), |rule| (rule.shown)(value));
        if shown.is_null() { "none".to_owned() } else { line(&shown.to_string()).to_string() }
    }
}

/// Formats the setting and its values as they appear in settings files. The struct's fields use the wire form instead.
impl fmt::Display for PropertyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.shown();
        write!(f, "{}: {before} -> {after}", line(&self.setting()))
    }
}

/// Returns the rule of a property. A path has the same rule in all types.
fn rule_of(path: &str) -> Option<&'static PropertyRule> {
    let all = [
        HybridJoinProfile::RULES,
        EntraJoinProfile::RULES,
        EnrollmentStatusPage::RULES,
        DomainJoinProfile::RULES,
        SkipUserStatusPage::RULES,
        Group::RULES,
    ];
    all.into_iter().flatten().find(|rule| rule.path == path)
}

/// Returns the setting's name for a path: that of its rule, or else the property's in snake case.
fn setting_name(path: &str) -> String {
    let named = |path| rule_of(path).and_then(|rule| rule.setting).map(str::to_owned);
    if let Some(setting) = named(path) {
        return setting;
    }
    // What is not a property on the wire has its name already.
    if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
        return path.to_owned();
    }
    match path.rsplit_once('.') {
        Some((_, member)) if rule_of(path).is_some() => snake_case(member),
        Some((object, member)) => {
            format!("{}.{}", named(object).unwrap_or_else(|| snake_case(object)), snake_case(member))
        }
        None => snake_case(path),
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut was_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && was_lower {
            snake.push('_');
        }
        was_lower = !c.is_ascii_uppercase();
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Compares objects: every desired member must be stored; null and a missing one are equal.
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
    use crate::model::settings::tests::{changed, sent};
    use crate::model::settings::{same_set, same_text};

    /// Settings without anything but their properties.
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
        let body_of_name = body(json!({ "name": "a", "text": "b" }), json!({ "name": "c", "text": "b" }));
        assert_eq!(body_of_name, json!({ "@odata.type": "#microsoft.graph.bare", "name": "c" }));
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
        assert_eq!(changed(patch.create_only()), ["fixed", "type", "detail"]);
        assert_eq!(sent(&patch), ["@odata.type", "name"]);
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
