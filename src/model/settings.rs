//! The declaration of settings: the struct, its defaults and setters, its serde form and its wire form.

use std::collections::BTreeSet;
use std::fmt;
use std::mem::discriminant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::raw::ODATA_TYPE;
use super::wire::{Wire, get, put, remove, unexpected};
use super::{Finding, InvalidValue, Properties};
use crate::model::findings::SETTINGS_INVALID_VALUE;

/// Settings that an administrator chooses and the service stores.
///
/// ```
/// use windows_autopilot::model::{HybridJoinProfile, Patch, Settings};
///
/// let profile = HybridJoinProfile::new("Contoso hybrid".parse()?);
/// let body = profile.to_create_body(); // the request that creates the profile
/// assert_eq!(body.text("@odata.type"), Some(HybridJoinProfile::ODATA_TYPE));
/// let patch = Patch::between(&profile, &profile.clone().with_eula_hidden(false));
/// assert_eq!(patch.changes().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Each settings type has two forms. Its serde form, in snake case, is for settings files and human readers. Its wire
/// form is
/// [`Properties`]: the service's values, including those that the type cannot express, are read without loss and
/// written back.
pub trait Settings: Sized {
    /// The type's name in Graph, with its `#`.
    const ODATA_TYPE: &'static str;

    /// Whether request bodies must include the type name. They must if the service declares an abstract type.
    const SENDS_TYPE: bool = true;

    /// The rule for each property in the service's schema. For a property that is an object, each modeled member has
    /// its own rule.
    const RULES: &'static [PropertyRule];

    /// The read-only values that the service reports (see [`WriteMode::Observed`]), or `()` if there are none.
    type Observed: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;

    /// Returns all values, keyed by their wire names.
    fn to_properties(&self) -> Properties;

    /// Reads the service's values, except for the id, the dates and [`Settings::Observed`]. Missing properties get
    /// their defaults.
    ///
    /// # Errors
    /// [`InvalidValue`] if a property has the wrong JSON type.
    fn from_properties(properties: Properties) -> Result<Self, InvalidValue>;

    /// Moves values from old property names to the new ones.
    fn rename(_properties: &mut Properties) {}

    /// Removes or corrects properties that the service does not accept together. The set of properties may be
    /// incomplete.
    fn normalize(_properties: &mut Properties) {}

    /// Returns the body that creates the object: without nulls, and without values that only an action may set.
    fn to_create_body(&self) -> Properties {
        let mut body = self.to_properties();
        Self::normalize(&mut body);
        let is_created =
            |name: &str| Self::RULES.iter().any(|rule| rule.name == name && rule.write.is_decided());
        body.retain(|name, value| !value.is_null() && is_created(name));
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
    /// Like `Always`, but then read back, because it is disputed whether a change takes effect.
    ReadBack,
    /// Only when the object is created: a later difference is reported but not sent.
    OnCreate,
    /// Never in a body: kept unchanged, set by a separate action, or read-only.
    Never,
    /// Never: an old name, under which the service may still report a property.
    OldName,
    /// Never: read-only, read into [`Settings::Observed`].
    Observed,
}

impl WriteMode {
    /// Returns `true` if the property is a setting.
    pub(crate) fn is_decided(self) -> bool {
        matches!(self, Self::Always | Self::ReadBack | Self::OnCreate)
    }
}

/// The rule for writing and comparing a property.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct PropertyRule {
    /// The name on the wire; for a member of an object, the name of the object.
    pub name: &'static str,
    /// The name, or `object.member` for a member of an object.
    pub path: &'static str,
    /// The requests in which the property is sent.
    pub write: WriteMode,
    /// The group of properties that are sent together: if one changes, all are sent.
    pub together: Option<&'static str>,
    /// The function that decides whether two values, such as null and an empty string, are equal in meaning.
    pub same: fn(&Value, &Value) -> bool,
    /// The value to write unless the object was read with another one.
    pub(crate) fixed: Option<fn() -> Value>,
    /// Whether "none" is written as the empty text instead of null.
    pub(crate) none_is_empty: bool,
    /// Whether the property has no default: an empty value is then no setting.
    pub(crate) is_required: bool,
    /// The default that is derived from other properties: a missing value is read as empty.
    pub(crate) derived: Option<fn(&Properties) -> Value>,
    /// The name of the setting in settings files.
    pub(crate) setting: Option<&'static str>,
    /// The conversion of the property's value into that of the setting.
    pub(crate) shown: fn(&Value) -> Value,
}

impl PropertyRule {
    /// Creates a rule for a property that is sent if it differs; null and a missing value count as equal.
    pub const fn new(path: &'static str) -> Self {
        Self {
            name: object_of(path),
            path,
            write: WriteMode::Always,
            together: None,
            same: Value::eq,
            fixed: None,
            none_is_empty: false,
            is_required: false,
            derived: None,
            setting: None,
            shown: Value::clone,
        }
    }

    /// Sets the name of the setting.
    pub(crate) const fn named(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }

    /// Sets the conversion of the property's value into that of the setting.
    pub(crate) const fn shown(self, shown: fn(&Value) -> Value) -> Self {
        Self { shown, ..self }
    }

    /// Sets the requests in which the property is sent.
    #[must_use]
    pub const fn write(self, write: WriteMode) -> Self {
        Self { write, ..self }
    }

    /// Sends the property together with the others in a group.
    #[must_use]
    pub const fn together(self, group: &'static str) -> Self {
        Self { together: Some(group), ..self }
    }

    /// Sets the function that compares two values.
    #[must_use]
    pub const fn same(self, same: fn(&Value, &Value) -> bool) -> Self {
        Self { same, ..self }
    }

    /// Sets a value to write that no field has, unless the object was read with another one.
    pub(crate) const fn fixed(self, fixed: fn() -> Value) -> Self {
        Self { fixed: Some(fixed), ..self }
    }
}

/// Returns the part of a path before its dot.
const fn object_of(path: &'static str) -> &'static str {
    let mut left = path.as_bytes();
    while let Some((byte, rest)) = left.split_first() {
        if *byte == b'.' {
            return path.split_at(path.len() - left.len()).0;
        }
        left = rest;
    }
    path
}

impl fmt::Debug for PropertyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PropertyRule")
            .field("path", &self.path)
            .field("write", &self.write)
            .field("together", &self.together)
            .finish_non_exhaustive()
    }
}

/// Compares text; null and empty text are equal.
pub(crate) fn same_text(a: &Value, b: &Value) -> bool {
    text_of(a).zip(text_of(b)).map_or(a == b, |(a, b)| a == b)
}

/// Compares text as [`same_text`] does, without regard to case.
pub(crate) fn same_text_in_any_case(a: &Value, b: &Value) -> bool {
    text_of(a).zip(text_of(b)).map_or(a == b, |(a, b)| a.eq_ignore_ascii_case(b))
}

/// Compares lists without regard to order and repetitions; null is the empty list.
pub(crate) fn same_set(a: &Value, b: &Value) -> bool {
    let set = |value: &Value| -> Option<BTreeSet<String>> {
        let items = if value.is_null() { &[] } else { value.as_array()?.as_slice() };
        let mut set = BTreeSet::new();
        set.extend(items.iter().map(ToString::to_string));
        Some(set)
    };
    set(a) == set(b)
}

/// Returns text, with null as empty text; `None` for other types.
fn text_of(value: &Value) -> Option<&str> {
    if value.is_null() { Some("") } else { value.as_str() }
}

/// The unread properties of an object: those that no field reads are kept.
pub(crate) struct Reader<'r> {
    rules: std::slice::Iter<'r, PropertyRule>,
    left: Properties,
}

impl<'r> Reader<'r> {
    /// Creates a reader of `properties`, without their annotations, which belong to one response and not to the object.
    ///
    /// # Errors
    /// A value in place of an object, or another fixed value.
    pub(crate) fn new(mut left: Properties, rules: &'r [PropertyRule]) -> Result<Self, InvalidValue> {
        left.retain(|name, _| !name.contains('@'));
        for rule in rules.iter().filter(|rule| rule.write.is_decided()) {
            if rule.name != rule.path {
                match left.get_mut(rule.name) {
                    Some(Value::Object(members)) => members.retain(|name, _| !name.contains('@')),
                    Some(Value::Null) => drop(left.remove(rule.name)),
                    Some(_) => return Err(unexpected(rule.name, "an object")),
                    None => {}
                }
                if left.get(rule.name).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
                    left.remove(rule.name);
                }
            }
            let (Some(fixed), Some(found)) = (rule.fixed.map(|fixed| fixed()), get(&left, rule.path)) else {
                continue;
            };
            if !found.is_null() && discriminant(found) != discriminant(&fixed) {
                let expected = if fixed.is_boolean() { "true or false" } else { "text" };
                return Err(unexpected(rule.path, expected));
            }
            if found.is_null() || *found == "" || *found == fixed {
                remove(&mut left, rule.path);
            }
        }
        Ok(Self { rules: rules.iter(), left })
    }

    /// Reads the next fields, in the order of their rules. A field with a missing property stays unchanged.
    pub(crate) fn fields(&mut self, fields: &mut [&mut dyn Wire]) -> Result<(), InvalidValue> {
        for (field, rule) in fields.iter_mut().zip(self.rules.by_ref()) {
            let blank = || rule.derived.map(|_| Value::Null);
            if let Some(reported) = remove(&mut self.left, rule.path).or_else(blank)
                && let Some(kept) =
                    field.read(reported).map_err(|expected| unexpected(rule.path, expected))?
            {
                put(&mut self.left, rule.path, kept);
            }
        }
        Ok(())
    }

    /// Returns the unread properties.
    pub(crate) fn rest(self) -> Properties {
        self.left
    }
}

/// Writes fields, in the order of their rules, and fixed values over the kept properties.
pub(crate) fn write(kept: &Properties, rules: &[PropertyRule], fields: &[&dyn Wire]) -> Properties {
    let mut properties = kept.clone();
    for (field, rule) in fields.iter().zip(rules) {
        match field.to_wire() {
            Some(Value::Null) if rule.none_is_empty => put(&mut properties, rule.path, "".into()),
            Some(value) => put(&mut properties, rule.path, value),
            None => {}
        }
    }
    for rule in rules {
        if let Some(fixed) = rule.fixed
            && get(&properties, rule.path).is_none()
        {
            put(&mut properties, rule.path, fixed());
        }
    }
    properties
}

/// Creates findings for values in a tenant that break their rules, by the names of the settings.
pub(crate) fn violations(values: &[(&'static str, Option<InvalidValue>)]) -> Vec<Finding> {
    let finding = |place: &str, violation: &InvalidValue| {
        let value = violation.value().map(|value| format!("{value:?} ")).unwrap_or_default();
        let finding = SETTINGS_INVALID_VALUE.at(place, format!("{value}{}", violation.problem()));
        finding.with_remedy(violation.remedy().to_owned())
    };
    values.iter().filter_map(|(place, violation)| Some(finding(place, violation.as_ref()?))).collect()
}

/// The parts of a settings type that [`settings!`] cannot declare.
pub(crate) trait Quirks: Sized {
    /// Reads the fields without a rule, after all others, and removes their properties from `left`.
    fn read_odd(&mut self, _left: &mut Properties) -> Result<(), InvalidValue> {
        Ok(())
    }

    /// Writes the fields without a rule, after all others.
    fn write_odd(&self, _properties: &mut Properties) {}
}

/// Declares settings: one line for each property.
///
/// ```text
/// settings! {
///     /// Documentation of the type.
///     pub struct Example = "graphTypeName", sends_type: true; // and `rename: path, normalize: path` of functions
///     required {              // arguments of `new`: no default
///         /// Documentation of the field.
///         display_name: ProfileName => PropertyRule::new("displayName");
///     }
///     optional {              // `Option` fields; none by default. The setter takes the value.
///         description, with_description: Text => PropertyRule::new("description").same(same_text);
///     }
///     default {               // field, setter, type, default, rule; a dot for the member of an object
///         eula_hidden, with_eula_hidden: bool = true => PropertyRule::new("oobeSetting.eulaHidden");
///     }
///     odd { .. }              // fields without a rule, which `Quirks` reads and writes
///     rules { .. }            // rules without a field: of odd fields, of fixed values, of what is never sent
///     private { .. }          // what is remembered of an object that was read
///     observed Observed { .. }// the service's own properties, declared as in `observation!`; may be left out
/// }
/// ```
///
/// It generates the struct, `new`, the setters, the serde form, [`Settings::RULES`], reading and writing. The rest is
/// in the type's [`Quirks`]. Setters are named, because `macro_rules!` cannot concatenate identifiers.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $name:ident = $wire_type:literal, sends_type: $sends_type:literal
            $(, rename: $rename:path)? $(, normalize: $normalize:path)?;
        required { $( $(#[$required_meta:meta])* $required:ident: $required_ty:ty => $required_rule:expr; )* }
        optional {
            $( $(#[$optional_meta:meta])* $optional:ident, $with_optional:ident: $optional_ty:ty => $optional_rule:expr; )*
        }
        default {
            $(
                $(#[$default_meta:meta])*
                $default:ident, $with_default:ident: $default_ty:ty = $default_value:expr => $default_rule:expr;
            )*
        }
        odd { $( $(#[$odd_meta:meta])* $odd:ident, $with_odd:ident: $odd_ty:ty = $odd_value:expr; )* }
        rules { $( $rule:expr; )* }
        private { $( $(#[$private_meta:meta])* $private:ident: $private_ty:ty; )* }
        $(
            $(#[$observed_meta:meta])*
            observed $observed:ident {
                $( $(#[$fact_meta:meta])* $fact:ident: $fact_ty:ty = $fact_name:literal $(, $fact_doc:literal)?; )*
            }
        )?
    ) => {
        $(#[$meta])*
        #[doc = concat!("\n\nGraph's `", $wire_type, "`.")]
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$required_meta])* pub $required: $required_ty, )*
            $(
                $(#[$optional_meta])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $optional: Option<$optional_ty>,
            )*
            $( $(#[$default_meta])* pub $default: $default_ty, )*
            $( $(#[$odd_meta])* pub $odd: $odd_ty, )*
            #[serde(skip)]
            kept: $crate::model::Properties,
            $( $(#[$private_meta])* #[serde(skip)] $private: $private_ty, )*
        }

        impl $name {
            /// Creates settings with defaults for all other values.
            #[inline]
            pub fn new($( $required: $required_ty ),*) -> Self {
                $( let $default: $default_ty = $default_value; )*
                $( let $odd: $odd_ty = $odd_value; )*
                Self {
                    $( $required, )*
                    $( $optional: None, )*
                    $( $default, )*
                    $( $odd, )*
                    kept: $crate::model::Properties::new(),
                    $( $private: <$private_ty>::default(), )*
                }
            }

            $crate::model::settings::setters! {
                $( $optional, $with_optional: $optional_ty = Some($optional); )*
                $( $default, $with_default: $default_ty = $default; )*
                $( $odd, $with_odd: $odd_ty = $odd; )*
            }
        }

        impl $crate::model::Settings for $name {
            const ODATA_TYPE: &'static str = concat!("#microsoft.graph.", $wire_type);
            const SENDS_TYPE: bool = $sends_type;
            const RULES: &'static [$crate::model::PropertyRule] = &[
                $( $crate::model::PropertyRule { is_required: true, ..$required_rule.named(stringify!($required)) }, )*
                $( $optional_rule.named(stringify!($optional)), )*
                $( $default_rule.named(stringify!($default)), )*
                $( $rule, )*
                $( $(
                    $crate::model::PropertyRule::new($fact_name).write($crate::model::WriteMode::Observed),
                )* )?
            ];
            type Observed = $crate::model::settings::settings!(@observed $($observed)?);

            #[inline]
            fn to_properties(&self) -> $crate::model::Properties {
                let fields: &[&dyn $crate::model::wire::Wire] =
                    &[$( &self.$required, )* $( &self.$optional, )* $( &self.$default, )*];
                let mut properties = $crate::model::settings::write(&self.kept, Self::RULES, fields);
                $crate::model::settings::Quirks::write_odd(self, &mut properties);
                properties
            }

            #[inline]
            fn from_properties(
                mut properties: $crate::model::Properties,
            ) -> Result<Self, $crate::model::InvalidValue> {
                <Self as $crate::model::Settings>::rename(&mut properties);
                let mut reader = $crate::model::settings::Reader::new(properties, Self::RULES)?;
                $( let mut $required = <$required_ty as $crate::model::wire::Blank>::blank(); )*
                reader.fields(&mut [$( &mut $required ),*])?;
                let mut settings = Self::new($( $required ),*);
                reader.fields(&mut [$( &mut settings.$optional, )* $( &mut settings.$default, )*])?;
                let mut left = reader.rest();
                $crate::model::settings::Quirks::read_odd(&mut settings, &mut left)?;
                settings.kept = left;
                Ok(settings)
            }

            $( #[inline] fn rename(properties: &mut $crate::model::Properties) {
                $rename(properties);
            } )?

            $( #[inline] fn normalize(properties: &mut $crate::model::Properties) {
                $normalize(properties);
            } )?
        }

        impl<'de> serde::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                /// The serde form, in which everything with a default may be omitted.
                #[derive(serde::Deserialize)]
                #[serde(deny_unknown_fields, rename = "settings")]
                struct File {
                    $( $required: $required_ty, )*
                    $( $optional: Option<$optional_ty>, )*
                    $( $(#[$default_meta])* #[serde(default)] $default: Option<$default_ty>, )*
                    $( $(#[$odd_meta])* #[serde(default)] $odd: Option<$odd_ty>, )*
                }
                let file = File::deserialize(deserializer)?;
                let mut settings = Self::new($( file.$required ),*);
                $( settings.$optional = file.$optional; )*
                $( if let Some(value) = file.$default { settings.$default = value; } )*
                $( if let Some(value) = file.$odd { settings.$odd = value; } )*
                Ok(settings)
            }
        }

        $(
            $crate::model::observation::observation! {
                $(#[$observed_meta])*
                pub struct $observed = $wire_type {
                    $( $(#[$fact_meta])* $fact: $fact_ty = $fact_name $(, $fact_doc)?; )*
                }
            }
        )?
    };
    (@observed) => { () };
    (@observed $observed:ident) => { $observed };
}
pub(crate) use settings;

/// Declares setters: field, name, argument type, and the resulting value.
macro_rules! setters {
    ($( $field:ident, $setter:ident: $ty:ty = $value:expr; )*) => { $(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
        #[must_use]
        #[inline]
        pub fn $setter(mut self, $field: $ty) -> Self {
            self.$field = $value;
            self
        }
    )* };
}
pub(crate) use setters;

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::model::{Patch, PropertyChange};

    /// Reads settings from their wire form.
    pub(crate) fn read<T: Settings>(json: Value) -> T {
        T::from_properties(from_value(json).unwrap()).unwrap()
    }

    /// Returns the wire form.
    pub(crate) fn wire(settings: &impl Settings) -> Value {
        to_value(settings.to_properties()).unwrap()
    }

    /// Returns the body of the request that creates the object.
    pub(crate) fn created(settings: &impl Settings) -> Value {
        to_value(settings.to_create_body()).unwrap()
    }

    /// Returns the names in a patch's body.
    pub(crate) fn sent(patch: &Patch) -> Vec<&str> {
        patch.body().names().collect()
    }

    /// Returns the names of changed properties.
    pub(crate) fn changed(changes: &[PropertyChange]) -> Vec<&str> {
        changes.iter().map(|change| change.property.as_str()).collect()
    }

    /// Returns the ids of findings.
    pub(crate) fn ids(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.id.into_owned()).collect()
    }

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
}
