//! What all settings have in common: their form on the wire and the rules of their properties.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::raw::ODATA_TYPE;
use super::{Finding, InvalidValue, Properties, Text};
use crate::model::findings::SETTINGS_INVALID_VALUE;

/// Settings that an administrator decides and the service stores.
///
/// Such a type has two forms. For people it is serde's, in snake case, for settings files. On the wire it is
/// [`Properties`]: what the service holds is read without loss, also what the type cannot express, and written back.
pub trait Settings: Sized {
    /// Graph's name of the type, with its `#`.
    const ODATA_TYPE: &'static str;

    /// Whether bodies must name the type, since the service declares an abstract one.
    const SENDS_TYPE: bool = true;

    /// Every property that the service has, and what may be done with it.
    const RULES: &'static [PropertyRule];

    /// The values that the service alone decides: the [`WriteMode::Observed`] properties, or `()` if there are none.
    type Observed: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;

    /// All that is held, by names on the wire.
    fn to_properties(&self) -> Properties;

    /// Reads what the service holds: without its id, dates and what goes to [`Settings::Observed`].
    ///
    /// # Errors
    /// If a property has another JSON type than it should.
    fn from_properties(properties: Properties) -> Result<Self, InvalidValue>;

    /// Removes or corrects properties that the service does not accept together. `properties` may hold only some of them.
    fn normalize(properties: &mut Properties) {
        let _ = properties;
    }

    /// The body that creates such an object: without nulls, and without what only an action may set.
    fn to_create_body(&self) -> Properties {
        let mut body = self.to_properties();
        Self::normalize(&mut body);
        let sent = |name: &str| Self::RULES.iter().any(|rule| rule.name == name && rule.write.on_create());
        body.retain(|name, value| !value.is_null() && sent(name));
        if Self::SENDS_TYPE {
            body.insert(ODATA_TYPE, Self::ODATA_TYPE);
        }
        body
    }
}

/// The requests in which a property is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteMode {
    /// When the object is created and when it is changed.
    Always,
    /// As `Always`; but tools disagree on whether a change takes effect, so it is to be read back.
    ReadBack,
    /// Only when the object is created: a later difference is reported and not sent.
    OnCreate,
    /// Never in a body: kept as it is, set by an action of its own, or the service's alone.
    Never,
    /// Never: an old name, under which the service may still report another property.
    OldName,
    /// Never: decided by the service, read into [`Settings::Observed`].
    Observed,
}

impl WriteMode {
    fn on_create(self) -> bool {
        matches!(self, Self::Always | Self::ReadBack | Self::OnCreate)
    }
}

/// What may be done with a property.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct PropertyRule {
    /// Its name on the wire.
    pub name: &'static str,
    /// The requests in which the property is sent.
    pub write: WriteMode,
    /// The name of the group of properties that are sent together: if one changes, so are the others sent.
    pub together: Option<&'static str>,
    /// Whether two values mean the same, such as null and the empty text.
    pub same: fn(&Value, &Value) -> bool,
}

impl PropertyRule {
    /// A property that is sent when it differs; null and a missing one are the same.
    pub const fn new(name: &'static str) -> Self {
        Self { name, write: WriteMode::Always, together: None, same: Value::eq }
    }

    /// Sets the requests in which the property is sent.
    #[must_use]
    pub const fn write(self, write: WriteMode) -> Self {
        Self { write, ..self }
    }

    /// The same, sent together with the others of a group.
    #[must_use]
    pub const fn together(self, group: &'static str) -> Self {
        Self { together: Some(group), ..self }
    }

    /// The same, with values that are told apart in another way.
    #[must_use]
    pub const fn same(self, same: fn(&Value, &Value) -> bool) -> Self {
        Self { same, ..self }
    }
}

impl fmt::Debug for PropertyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PropertyRule")
            .field("name", &self.name)
            .field("write", &self.write)
            .field("together", &self.together)
            .finish_non_exhaustive()
    }
}

/// Null and the empty text are the same.
pub(crate) fn same_text(a: &Value, b: &Value) -> bool {
    match (text_of(a), text_of(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// As [`same_text`], without regard to case.
pub(crate) fn same_text_in_any_case(a: &Value, b: &Value) -> bool {
    match (text_of(a), text_of(b)) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

/// The order of a list, and what is in it twice, do not matter; null is the empty list.
pub(crate) fn same_set(a: &Value, b: &Value) -> bool {
    let set = |value: &Value| -> Option<BTreeSet<String>> {
        match value {
            Value::Null => Some(BTreeSet::new()),
            Value::Array(items) => Some(items.iter().map(ToString::to_string).collect()),
            _ => None,
        }
    };
    set(a) == set(b)
}

/// Text, with null as the empty one; `None` for anything else.
fn text_of(value: &Value) -> Option<&str> {
    if value.is_null() { Some("") } else { value.as_str() }
}

/// Takes the properties that are known out of what the service holds; what is left is kept.
pub(crate) struct Reader(Properties);

impl Reader {
    /// Reads `properties` without their annotations, which belong to one answer and not to the object.
    pub(crate) fn new(mut properties: Properties) -> Self {
        properties.retain(|name, _| !name.contains('@'));
        Self(properties)
    }

    /// Text; `None` for null.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, InvalidValue> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(unexpected(name, "text")),
        }
    }

    /// Text; `None` for null and the empty text.
    pub(crate) fn non_empty(&mut self, name: &'static str) -> Result<Option<String>, InvalidValue> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// True or false; `None` for null.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, InvalidValue> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(unexpected(name, "true or false")),
        }
    }

    /// A number; `None` for null.
    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<i32>, InvalidValue> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
                number.map(Some).ok_or_else(|| unexpected(name, "a number of 32 bits"))
            }
        }
    }

    /// A list of texts; null is the empty one.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, InvalidValue> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let text = |item| if let Value::String(text) = item { Some(text) } else { None };
                let texts: Option<Vec<String>> = items.into_iter().map(text).collect();
                texts.ok_or_else(|| unexpected(name, "a list of texts"))
            }
            Some(_) => Err(unexpected(name, "a list of texts")),
        }
    }

    /// A list of texts in which the order does not matter.
    pub(crate) fn set(&mut self, name: &'static str) -> Result<BTreeSet<Text>, InvalidValue> {
        Ok(self.texts(name)?.into_iter().map(Text::from).collect())
    }

    /// An object; `None` for null.
    pub(crate) fn object(&mut self, name: &'static str) -> Result<Option<Self>, InvalidValue> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self::new(map.into()))),
            Some(_) => Err(unexpected(name, "an object")),
        }
    }

    /// Puts a value back among what is kept.
    pub(crate) fn keep(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.insert(name, value);
    }

    /// Takes a value out, whatever it is.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.0.remove(name)
    }

    /// What no one has taken.
    pub(crate) fn rest(self) -> Properties {
        self.0
    }
}

fn unexpected(name: &'static str, expected: &'static str) -> InvalidValue {
    InvalidValue::new(name, format!("is not {expected}"), "read the object in its raw form and report this")
}

/// Text or null.
pub(crate) fn text_or_null<T: AsRef<str>>(text: Option<&T>) -> Value {
    text.map_or(Value::Null, |text| text.as_ref().into())
}

/// A set of texts as a list.
pub(crate) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    Value::Array(texts.into_iter().map(Value::from).collect())
}

/// A finding for a value that a tenant holds and that breaks its rule.
pub(crate) fn violation(place: &'static str, violation: Option<InvalidValue>) -> Option<Finding> {
    let violation = violation?;
    let evidence = match violation.value() {
        Some(value) => format!("{value:?} {}", violation.problem()),
        None => violation.problem().to_owned(),
    };
    Some(SETTINGS_INVALID_VALUE.at(place, evidence).with_remedy(violation.remedy().to_owned()))
}

/// Declares `with_…` setters of public fields; `name?` sets an optional field to `Some`.
macro_rules! setters {
    ($type:ty { $($setter:ident = $field:ident $(? $optional:tt)?: $ty:ty),+ $(,)? }) => {
        impl $type {
            $( setters!(@one $setter, $field, $ty $(, $optional)?); )+
        }
    };
    (@one $setter:ident, $field:ident, $ty:ty) => {
        #[doc = concat!("The same, with [`", stringify!($field), "`](Self::", stringify!($field), ") set.")]
        #[must_use]
        pub fn $setter(mut self, $field: $ty) -> Self {
            self.$field = $field;
            self
        }
    };
    (@one $setter:ident, $field:ident, $ty:ty, some) => {
        #[doc = concat!("The same, with [`", stringify!($field), "`](Self::", stringify!($field), ") set.")]
        #[must_use]
        pub fn $setter(mut self, $field: $ty) -> Self {
            self.$field = Some($field);
            self
        }
    };
}
pub(crate) use setters;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_and_empty_text_are_the_same_and_other_values_are_not() {
        for (a, b, same, in_any_case) in [
            (json!(null), json!(""), true, true),
            (json!("a"), json!("a"), true, true),
            (json!("a"), json!("A"), false, true),
            (json!("a"), json!(null), false, false),
            (json!(1), json!(2), false, false),
            (json!(1), json!(null), false, false),
        ] {
            assert_eq!(same_text(&a, &b), same, "{a} {b}");
            assert_eq!(same_text_in_any_case(&a, &b), in_any_case, "{a} {b}");
        }
    }

    #[test]
    fn a_set_has_no_order_and_null_is_the_empty_one() {
        assert!(same_set(&json!(["a", "b"]), &json!(["b", "a", "a"])));
        assert!(same_set(&json!(null), &json!([])));
        assert!(!same_set(&json!(["a"]), &json!([])));
        assert!(!same_set(&json!("a"), &json!(["a"])));
    }

    #[test]
    fn a_property_of_another_type_is_an_error_that_names_it_and_not_its_value() {
        let reader = || {
            Reader::new(serde_json::from_value(json!({ "a": ["secret"], "@odata.context": "x" })).unwrap())
        };
        let errors = [
            reader().text("a").unwrap_err(),
            reader().flag("a").unwrap_err(),
            reader().number("a").unwrap_err(),
            reader().object("a").err().unwrap(),
        ];
        for error in errors {
            assert!(error.subject() == "a" && !error.to_string().contains("secret"), "{error}");
        }
        assert_eq!(reader().texts("a").unwrap(), ["secret"]);
        assert_eq!(reader().rest().names().collect::<Vec<_>>(), ["a"]);
    }
}
