//! Unmodeled objects of the service.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The properties of an object, keyed by their names in Graph.
///
/// ```
/// use windows_autopilot::model::Properties;
/// let mut properties = Properties::new();
/// properties.insert("displayName", "Munich");
/// assert_eq!(properties.text("displayName"), Some("Munich"));
/// ```
///
/// `Debug` shows the names but not the values, because an unknown object may contain anything.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(Map<String, Value>);

impl Properties {
    /// Creates an empty set of properties.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value of a property, which may be null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns the value of a string property.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Sets a property and returns the previous value.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(name.into(), value.into())
    }

    /// Removes a property and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Keeps the properties for which `keep` returns `true`.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Value) -> bool) {
        self.0.retain(|name, value| keep(name, value));
    }

    /// Returns the names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns `true` if there are no properties.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of properties.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds `others`, replacing properties of the same name.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.get_mut(name)
    }
}

impl From<Map<String, Value>> for Properties {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl From<Properties> for Value {
    fn from(properties: Properties) -> Self {
        Self::Object(properties.0)
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// An object of a type that this version does not recognize, kept whole and written back unchanged.
///
/// ```
/// use windows_autopilot::model::RawObject;
/// let json = r##"{"@odata.type":"#microsoft.graph.newThing","id":"7","secret":"x"}"##;
/// let object: RawObject = serde_json::from_str(json)?;
/// assert_eq!(object.odata_type(), Some("#microsoft.graph.newThing"));
/// assert!(!format!("{object:?}").contains('x'));
/// assert_eq!(serde_json::to_string(&object)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawObject(Properties);

impl RawObject {
    /// Returns the type, such as `#microsoft.graph.windows10GeneralConfiguration`.
    pub fn odata_type(&self) -> Option<&str> {
        self.0.text(ODATA_TYPE)
    }

    /// Returns the id.
    pub fn id(&self) -> Option<&str> {
        self.0.text("id")
    }

    /// Returns all properties, including annotations.
    pub fn properties(&self) -> &Properties {
        &self.0
    }
}

impl From<Properties> for RawObject {
    fn from(properties: Properties) -> Self {
        Self(properties)
    }
}

impl From<RawObject> for Properties {
    fn from(object: RawObject) -> Self {
        object.0
    }
}

impl fmt::Debug for RawObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawObject")
            .field("odata_type", &self.odata_type())
            .field("properties", &self.0)
            .finish()
    }
}

/// The annotation that names a type.
pub(crate) const ODATA_TYPE: &str = "@odata.type";

/// Returns `true` if both name the same type, with or without the `#`, which the service and its documentation treat
/// differently.
pub(crate) fn same_type(a: &str, b: &str) -> bool {
    a.trim_start_matches('#') == b.trim_start_matches('#')
}

/// Returns the object in a response: the response itself, or its `value`, as documented.
pub(crate) fn unwrapped(mut properties: Properties) -> Properties {
    if properties.get("id").is_none()
        && let Some(Value::Object(inner)) = properties.get_mut("value")
    {
        return Properties(std::mem::take(inner));
    }
    properties
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn a_raw_object_is_written_as_it_was_read_and_debug_shows_no_value() {
        let json =
            json!({ "@odata.type": "#t", "id": "1", "psk": "hunter2", "list": [{ "psk": "hunter2" }] });
        let object: RawObject = from_value(json.clone()).unwrap();
        assert_eq!((object.odata_type(), object.id()), (Some("#t"), Some("1")));
        let debug = format!("{object:?} {:?}", object.properties());
        assert!(debug.contains("psk") && !debug.contains("hunter2"), "{debug}");
        assert_eq!(to_value(&object).unwrap(), json);
        let error = from_value::<RawObject>(json!([1])).unwrap_err().to_string();
        assert!(error.contains("invalid type: sequence, expected a map"), "{error}");
    }

    #[test]
    fn an_object_in_value_is_taken_out_and_a_property_called_value_is_not() {
        let unwrap = |json| to_value(unwrapped(from_value(json).unwrap())).unwrap();
        assert_eq!(unwrap(json!({ "value": { "id": "1" } })), json!({ "id": "1" }));
        for whole in
            [json!({ "id": "1", "value": { "a": 1 } }), json!({ "value": [1] }), json!({ "id": "1" })]
        {
            assert_eq!(unwrap(whole.clone()), whole);
        }
    }

    #[test]
    fn a_type_is_the_same_with_and_without_its_hash() {
        assert!(same_type("#microsoft.graph.group", "microsoft.graph.group"));
        assert!(!same_type("microsoft.graph.group", "microsoft.graph.groups"));
    }
}
