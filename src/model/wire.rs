//! Values of settings as JSON, and their paths in an object.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    AdDomain, ApplicabilityRuleType, ComputerNamePrefix, CustomErrorMessage, DeviceNameTemplate, DeviceType,
    DisplayName, InstallTimeout, InvalidValue, Locale, MailNickname, OrganizationalUnit, ProfileDescription,
    ProfileName, Properties, Text, UserType, WindowsDeviceMode, WindowsEdition,
};

/// A value of a property.
pub(crate) trait Wire {
    /// Returns the value to write; `None` to leave the property unchanged.
    fn to_wire(&self) -> Option<Value>;

    /// Reads a reported value, which may be null, and returns the part to keep.
    ///
    /// # Errors
    /// The expected JSON type.
    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str>;

    /// Returns `true` for empty text, which the service writes for "none".
    fn is_blank(&self) -> bool {
        false
    }
}

/// A value that replaces one that was not reported and has no default.
pub(crate) trait Blank {
    fn blank() -> Self;
}

impl<T: Default> Blank for T {
    fn blank() -> Self {
        Self::default()
    }
}

/// A value that the service writes as text, with empty text reported as null.
trait WireText {
    fn text(&self) -> &str;

    fn of(text: String) -> Self;
}

impl<T: WireText> Wire for T {
    fn to_wire(&self) -> Option<Value> {
        Some(self.text().into())
    }

    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
        *self = T::of(text(reported)?.unwrap_or_default());
        Ok(None)
    }

    fn is_blank(&self) -> bool {
        self.text().is_empty()
    }
}

fn text(reported: Value) -> Result<Option<String>, &'static str> {
    serde_json::from_value(reported).map_err(|_| "text")
}

/// Implements [`WireText`] for types with `as_str`: the constructor of each, and `blank` if the type has no default.
macro_rules! wire_text {
    ($($type:ident: $of:expr $(, $blank:ident)?;)+) => { $(
        impl WireText for $type {
            fn text(&self) -> &str {
                self.as_str()
            }

            fn of(text: String) -> Self {
                $of(text)
            }
        }

        $( impl Blank for $type {
            fn $blank() -> Self {
                Self::of(String::new())
            }
        } )?
    )+ };
}

wire_text! {
    String: String::from;
    Text: Text::from;
    AdDomain: Self::from_service, blank;
    ComputerNamePrefix: Self::from_service, blank;
    CustomErrorMessage: Self::from_service, blank;
    DeviceNameTemplate: Self::from_service, blank;
    DisplayName: Self::from_service, blank;
    MailNickname: Self::from_service, blank;
    OrganizationalUnit: Self::from_service, blank;
    ProfileDescription: Self::from_service, blank;
    ProfileName: Self::from_service, blank;
    ApplicabilityRuleType: |text: String| Self::from_wire(&text), blank;
    WindowsDeviceMode: |text: String| Self::from_wire(&text), blank;
    WindowsEdition: |text: String| Self::from_wire(&text);
    DeviceType: |text: String| if text.is_empty() { Self::WindowsPc } else { Self::from_wire(&text) };
    // The rights that the service gives a user by default.
    UserType: |text: String| if text.is_empty() { Self::Administrator } else { Self::from_wire(&text) };
}

/// Creates an object. Not collected: that would sort the members first, and a sort is much code.
pub(crate) fn object(members: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut object = Map::new();
    object.extend(members);
    object.into()
}

/// Creates the value of an object from its members.
pub(crate) fn members_to_wire(members: &[(&str, &dyn Wire)]) -> Value {
    let members = members.iter().filter_map(|(name, member)| Some(((*name).to_owned(), member.to_wire()?)));
    object(members)
}

/// Reads the members of an object and returns the others.
pub(crate) fn take_members(
    reported: Value,
    members: &mut [(&str, &mut dyn Wire)],
) -> Result<Option<Value>, &'static str> {
    let Value::Object(mut left) = reported else { return Err("an object") };
    left.retain(|name, _| !name.contains('@'));
    for (name, member) in members {
        member.read(left.remove(*name).unwrap_or_default())?;
    }
    Ok((!left.is_empty()).then(|| left.into()))
}

impl Wire for Locale {
    fn to_wire(&self) -> Option<Value> {
        Some(self.to_wire().into())
    }

    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
        *self = Self::from_service(text(reported)?.as_deref());
        Ok(None)
    }
}

impl Wire for bool {
    fn to_wire(&self) -> Option<Value> {
        Some((*self).into())
    }

    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
        let flag = serde_json::from_value::<Option<bool>>(reported).map_err(|_| "true or false")?;
        *self = flag.unwrap_or_default();
        Ok(None)
    }
}

impl Wire for i32 {
    fn to_wire(&self) -> Option<Value> {
        Some((*self).into())
    }

    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
        let number = reported.as_i64().and_then(|number| number.try_into().ok());
        *self = number.ok_or("a number of 32 bits")?;
        Ok(None)
    }
}

impl Wire for InstallTimeout {
    fn to_wire(&self) -> Option<Value> {
        Some(self.minutes().into())
    }

    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
        let mut minutes = None::<i32>;
        let kept = minutes.read(reported)?;
        *self = minutes.map_or_else(Self::default, Self::from_service);
        Ok(kept)
    }
}

impl<T: WireText> Wire for Vec<T> {
    fn to_wire(&self) -> Option<Value> {
        Some(list(self.iter().map(T::text)))
    }

    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
        *self = texts(reported)?.into_iter().map(T::of).collect();
        Ok(None)
    }
}

/// Scope tags: an empty set leaves those of a stored object unchanged.
impl Wire for BTreeSet<Text> {
    fn to_wire(&self) -> Option<Value> {
        (!self.is_empty()).then(|| list(self.iter().map(Text::as_str)))
    }

    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
        self.clear();
        self.extend(texts(reported)?.into_iter().map(Text::from));
        Ok(None)
    }
}

fn texts(reported: Value) -> Result<Vec<String>, &'static str> {
    let texts = serde_json::from_value::<Option<_>>(reported).map_err(|_| "a list of texts")?;
    Ok(texts.unwrap_or_default())
}

/// Null and empty text are `None`.
impl<T: Wire + Blank> Wire for Option<T> {
    fn to_wire(&self) -> Option<Value> {
        self.as_ref().map_or(Some(Value::Null), T::to_wire)
    }

    fn read(&mut self, reported: Value) -> Result<Option<Value>, &'static str> {
        *self = None;
        if reported.is_null() {
            return Ok(None);
        }
        let mut value = T::blank();
        let kept = value.read(reported)?;
        *self = Some(value).filter(|value| !value.is_blank());
        Ok(kept)
    }
}

/// Returns the value at a path: a name, or `object.member` for a member of an object.
pub(crate) fn get<'a>(properties: &'a Properties, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => properties.get(path),
        Some((object, member)) => properties.get(object)?.get(member),
    }
}

/// Removes the value at a path, and its object with the last member.
pub(crate) fn remove(properties: &mut Properties, path: &str) -> Option<Value> {
    let Some((object, member)) = path.split_once('.') else { return properties.remove(path) };
    let members = properties.get_mut(object)?.as_object_mut()?;
    let removed = members.remove(member);
    if members.is_empty() {
        properties.remove(object);
    }
    removed
}

/// Sets the value at a path. Other members of an object are kept.
pub(crate) fn put(properties: &mut Properties, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            let whole = over(properties.remove(path), value);
            properties.insert(path, whole);
        }
        Some((object, member)) => {
            put(properties, object, self::object([(member.to_owned(), value)]));
        }
    }
}

/// Merges an object into the stored one, because the service replaces objects whole.
pub(crate) fn over(held: Option<Value>, wanted: Value) -> Value {
    match (held, wanted) {
        (Some(Value::Object(mut whole)), Value::Object(wanted)) => {
            whole.extend(wanted);
            whole.into()
        }
        (_, wanted) => wanted,
    }
}

/// Removes the value at a path and reads it; `None` if it is missing, null or empty text.
pub(crate) fn take<T: Wire + Blank>(
    properties: &mut Properties,
    path: &'static str,
) -> Result<Option<T>, InvalidValue> {
    let mut value = None::<T>;
    if let Some(reported) = remove(properties, path) {
        Wire::read(&mut value, reported).map_err(|expected| unexpected(path, expected))?;
    }
    Ok(value)
}

pub(crate) fn unexpected(path: &'static str, expected: &'static str) -> InvalidValue {
    InvalidValue::new(path, format!("is not {expected}"), "read the object in its raw form and report this")
}

/// Creates a list of texts.
pub(crate) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    Value::Array(texts.into_iter().map(Value::from).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn properties(json: Value) -> Properties {
        from_value(json).unwrap()
    }

    #[test]
    fn a_value_of_another_type_is_an_error_that_names_it_and_not_its_value() {
        let held = || properties(json!({ "a": { "b": ["secret"] } }));
        let errors = [
            take::<String>(&mut held(), "a.b").unwrap_err(),
            take::<bool>(&mut held(), "a.b").unwrap_err(),
            take::<i32>(&mut held(), "a.b").unwrap_err(),
            take::<InstallTimeout>(&mut held(), "a.b").unwrap_err(),
            take::<Locale>(&mut held(), "a.b").unwrap_err(),
            take::<Vec<String>>(&mut held(), "a").unwrap_err(),
        ];
        for error in errors {
            assert!(error.subject().starts_with('a') && !error.to_string().contains("secret"), "{error}");
        }
        assert_eq!(take::<Vec<String>>(&mut held(), "a.b").unwrap().unwrap(), ["secret"]);
    }

    #[test]
    fn an_object_goes_with_its_last_member_and_comes_with_its_first() {
        let mut held = properties(json!({ "a": { "b": 1, "c": 2 } }));
        assert_eq!(remove(&mut held, "a.b"), Some(json!(1)));
        assert_eq!((remove(&mut held, "a.b"), get(&held, "a.c")), (None, Some(&json!(2))));
        remove(&mut held, "a.c");
        assert!(held.is_empty());
        put(&mut held, "a.b", json!(3));
        put(&mut held, "a.c", json!(4));
        put(&mut held, "d", json!({ "e": 5 }));
        put(&mut held, "d", json!({ "f": 6 }));
        assert_eq!(to_value(held).unwrap(), json!({ "a": { "b": 3, "c": 4 }, "d": { "e": 5, "f": 6 } }));
    }

    #[test]
    fn null_and_empty_text_are_none() {
        for nothing in [json!(null), json!("")] {
            let mut held = properties(json!({ "a": nothing }));
            assert_eq!(take::<String>(&mut held, "a").unwrap(), None);
            assert!(held.is_empty());
        }
    }
}
