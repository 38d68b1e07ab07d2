//! Settings as the service stores them.

use jiff::Timestamp;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::lenient::timestamp;
use super::raw::{ODATA_TYPE, same_type, unwrapped};
use super::settings::{PropertyRule, Settings, WriteMode};
use super::wire::{get, object, put, remove};
use super::{Id, InvalidValue, Properties};

/// Settings stored by the service: id, dates, the settings themselves, and read-only values.
///
/// The settings have the same type that you use to create an object, to change it, and to describe a desired state:
///
/// ```
/// use windows_autopilot::model::{HybridJoinProfile, Locale, Patch, Stored};
/// # let response = r##"{"@odata.type":"#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
/// #   "id":"49fe234a-234a-49fe-4a23-fe494a23fe49","displayName":"Contoso","locale":"en-US"}"##;
/// let stored: Stored<HybridJoinProfile> = serde_json::from_str(response)?;
/// let mut desired = stored.settings.clone();
/// desired.locale = Locale::language("de-DE")?;
/// assert_eq!(Patch::between(&stored.settings, &desired).to_string(), r#"~ locale: "en-US" -> "de-DE""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The serde form is the service's own: an object is read either bare or, as documented, inside `value`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Stored<T: Settings> {
    /// The id assigned by the service.
    pub id: Id<T>,
    /// The time of creation.
    pub created_date_time: Option<Timestamp>,
    /// The time of the last change; not reported for every kind.
    pub last_modified_date_time: Option<Timestamp>,
    /// The settings. A property that was not reported has its default.
    pub settings: T,
    /// The properties missing from the response, by their names on the wire; nested ones are dotted, as in
    /// `outOfBoxExperienceSetting.eulaHidden`. A response is partial after a `$select`, or from a version of Graph that
    /// lacks some properties.
    pub unreported: Vec<&'static str>,
    /// The read-only values.
    pub observed: T::Observed,
}

const ID: &str = "id";
const CREATED: &str = "createdDateTime";
const LAST_MODIFIED: &str = "lastModifiedDateTime";

/// A response without its settings. Not generic, because every type has one.
struct Head {
    id: String,
    created_date_time: Option<Timestamp>,
    last_modified_date_time: Option<Timestamp>,
    unreported: Vec<&'static str>,
    observed: Value,
}

impl Head {
    /// Removes the head from the properties of a response.
    fn take(
        properties: &mut Properties,
        odata_type: &'static str,
        rules: &[PropertyRule],
    ) -> Result<Self, InvalidValue> {
        if let Some(found) = properties.text(ODATA_TYPE)
            && !same_type(found, odata_type)
        {
            let problem = format!("is {found:?} and not {odata_type:?}");
            return Err(InvalidValue::new(ODATA_TYPE, problem, "request an object of the right type"));
        }
        let id = properties.text(ID).unwrap_or_default().to_owned();
        let mut date = |name| properties.remove(name).as_ref().and_then(Value::as_str).and_then(timestamp);
        let (created_date_time, last_modified_date_time) = (date(CREATED), date(LAST_MODIFIED));
        properties.remove(ID);
        let missing = |rule: &&PropertyRule| rule.write.is_decided() && get(properties, rule.path).is_none();
        let unreported = rules.iter().filter(missing).map(|rule| rule.path).collect();
        let mut facts = rules.iter().filter(|rule| rule.write == WriteMode::Observed).peekable();
        let has_facts = facts.peek().is_some();
        let facts = facts.filter_map(|rule| Some((rule.name.to_owned(), properties.remove(rule.name)?)));
        let observed = if has_facts { object(facts) } else { Value::Null };
        Ok(Self { id, created_date_time, last_modified_date_time, unreported, observed })
    }
}

impl<T: Settings> Stored<T> {
    /// Reads stored settings from the properties of a response.
    pub(crate) fn from_answer(properties: Properties) -> Result<Self, InvalidValue> {
        let mut properties = unwrapped(properties);
        T::rename(&mut properties);
        let head = Head::take(&mut properties, T::ODATA_TYPE, T::RULES)?;
        let observed = serde_json::from_value(head.observed).map_err(|error| {
            InvalidValue::new("what the service reports", error.to_string(), "report this")
        })?;
        Ok(Self {
            id: head.id.parse()?,
            created_date_time: head.created_date_time,
            last_modified_date_time: head.last_modified_date_time,
            settings: T::from_properties(properties)?,
            unreported: head.unreported,
            observed,
        })
    }
}

impl<T: Settings> Serialize for Stored<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut properties = self.settings.to_properties();
        for rule in T::RULES.iter().filter(|rule| rule.write.is_decided()) {
            if self.unreported.contains(&rule.path) {
                remove(&mut properties, rule.path);
            } else if get(&properties, rule.path).is_none() {
                // Reported, and without a value: no one may take it for unreported.
                put(&mut properties, rule.path, Value::Null);
            }
        }
        if let Value::Object(observed) = serde_json::to_value(&self.observed).map_err(S::Error::custom)? {
            properties.extend(observed.into());
        }
        properties.insert(ODATA_TYPE, T::ODATA_TYPE);
        properties.insert(ID, self.id.as_str());
        for (name, date) in [(CREATED, self.created_date_time), (LAST_MODIFIED, self.last_modified_date_time)]
        {
            if let Some(date) = date {
                properties.insert(name, date.to_string());
            }
        }
        properties.serialize(serializer)
    }
}

impl<'de, T: Settings> Deserialize<'de> for Stored<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_answer(Properties::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Declares an enum of stored settings in one list, distinguished by `@odata.type`.
macro_rules! stored_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident($settings:ty), )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[allow(clippy::large_enum_variant, reason = "a match reads better without a box, and lists are short")]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant($crate::model::Stored<$settings>), )+
            /// An object of another type: kept as is and sent back unchanged.
            Unknown($crate::model::RawObject),
        }

        impl $name {
            /// Returns the id; `None` for an unknown object without one.
            pub fn id(&self) -> Option<&str> {
                match self {
                    $( Self::$variant(stored) => Some(stored.id.as_str()), )+
                    Self::Unknown(object) => object.id(),
                }
            }

            /// Returns the id as `Id<Self>`, regardless of the kind; `None` for an unknown object without one.
            pub fn any_id(&self) -> Option<$crate::model::Id<Self>> {
                self.id()?.parse().ok()
            }

            /// Returns the name.
            pub fn display_name(&self) -> Option<&str> {
                match self {
                    $( Self::$variant(stored) => Some(stored.settings.display_name.as_str()), )+
                    Self::Unknown(object) => object.properties().text("displayName"),
                }
            }

            /// Returns the type, as named by the service.
            pub fn odata_type(&self) -> Option<&str> {
                match self {
                    $( Self::$variant(_) => Some(<$settings as $crate::model::Settings>::ODATA_TYPE), )+
                    Self::Unknown(object) => object.odata_type(),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use $crate::model::Settings as _;
                let properties = $crate::model::Properties::deserialize(deserializer)?;
                let properties = $crate::model::raw::unwrapped(properties);
                let found = properties.text($crate::model::raw::ODATA_TYPE).unwrap_or_default();
                $(
                    if $crate::model::raw::same_type(found, <$settings>::ODATA_TYPE) {
                        let stored = $crate::model::Stored::from_answer(properties);
                        return stored.map(Self::$variant).map_err(serde::de::Error::custom);
                    }
                )+
                Ok(Self::Unknown(properties.into()))
            }
        }
    };
}
pub(crate) use stored_enum;

#[cfg(test)]
#[allow(
    dead_code,
    unreachable_pub,
    unused_mut,
    reason = "the macro declares public types with all they can do"
)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::model::settings::{Quirks, settings};

    settings! {
        /// A thing.
        pub struct Thing = "thing", sends_type: true;
        required {
            /// A name.
            display_name: String => PropertyRule::new("displayName");
        }
        optional {}
        default {}
        odd {}
        rules {}
        private {}
        /// The facts of a thing.
        observed Facts {
            version: i32 = "version", "A version.";
        }
    }

    impl Quirks for Thing {}

    fn thing() -> Value {
        json!({
            "@odata.context": "https://graph.microsoft.com/beta/$metadata#things/$entity",
            "@odata.type": "#microsoft.graph.thing",
            "id": "1",
            "createdDateTime": "2017-01-01T00:02:43.5775965-08:00",
            "lastModifiedDateTime": "0001-01-01T00:00:00Z",
            "displayName": "a",
            "version": 7,
            "new": { "b": [1] },
        })
    }

    #[test]
    fn an_object_is_read_bare_and_wrapped_and_written_back_whole() {
        let stored: Stored<Thing> = from_value(thing()).unwrap();
        assert_eq!(stored, from_value(json!({ "value": thing() })).unwrap());
        assert_eq!(stored.id.as_str(), "1");
        assert_eq!(stored.created_date_time, "2017-01-01T08:02:43.5775965Z".parse().ok());
        assert_eq!(stored.last_modified_date_time, None);
        assert_eq!((stored.settings.display_name.as_str(), stored.observed.version), ("a", Some(7)));
        let kept: Vec<&str> = stored.settings.kept.names().collect();
        assert_eq!(kept, ["new"], "what is not of the settings is not kept");
        let mut expected = thing();
        expected.as_object_mut().unwrap().remove("@odata.context");
        expected.as_object_mut().unwrap().remove("lastModifiedDateTime");
        expected["createdDateTime"] = json!("2017-01-01T08:02:43.5775965Z");
        assert_eq!(to_value(&stored).unwrap(), expected);
    }

    #[test]
    fn a_type_may_be_left_out_but_not_be_another() {
        let mut answer = thing();
        answer.as_object_mut().unwrap().remove("@odata.type");
        assert!(from_value::<Stored<Thing>>(answer.clone()).is_ok());
        answer["@odata.type"] = json!("microsoft.graph.thing");
        assert!(from_value::<Stored<Thing>>(answer.clone()).is_ok());
        answer["@odata.type"] = json!("#microsoft.graph.other");
        let error = from_value::<Stored<Thing>>(answer).unwrap_err().to_string();
        assert!(error.contains("#microsoft.graph.other"), "{error}");
    }

    #[test]
    fn an_object_without_an_id_is_an_error_and_so_is_what_is_no_object() {
        for (answer, problem) in [
            (json!({ "displayName": "a" }), "id: is empty"),
            (json!({ "id": "" }), "id: is empty"),
            (json!({ "id": 7 }), "id: is empty"),
            (json!([]), "invalid type: sequence"),
            (json!(null), "invalid type: null"),
        ] {
            let error = from_value::<Stored<Thing>>(answer.clone()).unwrap_err().to_string();
            assert!(error.contains(problem), "{answer}: {error}");
        }
    }
}
