//! The declaration of observations: the struct, its names on the wire, reading and writing.

use super::Id;
use super::lenient::{Refused, Scalar, Slot};

/// Declares a type that the service reports.
///
/// Each field is public and an `Option`. It is followed by its name on the wire (`| "Name"` adds a second name to read)
/// and its documentation, which may also stand above the field. Fields of the first block are properties, listed in
/// `PROPERTIES`; those of the `beside` block are annotations or expanded navigation, which cannot be selected.
///
/// Reading accepts the properties in any order, ignores unknown ones, uses the last of two with the same name, and
/// fails only if the id is missing or a value has the wrong JSON type. Writing omits `None`. `is_reported` tells a
/// property that was null or empty from a missing one.
macro_rules! observation {
    (@make $name:ident) => {
        impl Default for $name {
            #[inline]
            fn default() -> Self {
                Self::blank()
            }
        }
    };
    (@make $name:ident $id:ident: $id_ty:ty) => {
        impl $name {
            /// Creates a value that contains only the id.
            #[inline]
            pub fn new($id: $id_ty) -> Self {
                Self::blank($id)
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub struct $name:ident = $wire_type:literal $(, $id:ident: $id_ty:ty)? {
            $(
                $(#[$field_meta:meta])*
                $field:ident: $ty:ty = $wire:literal $(| $second:literal)? $(, $doc:literal)?;
            )*
        }
        $( beside {
            $(
                $(#[$beside_meta:meta])*
                $beside:ident: $beside_ty:ty = $beside_wire:literal $(, $beside_doc:literal)?;
            )*
        } )?
    ) => {
        $(#[$meta])*
        #[doc = concat!("\n\nGraph's `", $wire_type, "`.")]
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                /// The object's id, assigned by the service.
                pub $id: $id_ty,
            )?
            $(
                $(#[$field_meta])*
                $(#[doc = $doc])?
                #[doc = concat!("\n\n`", $wire, "`")]
                pub $field: Option<$ty>,
            )*
            $($(
                $(#[$beside_meta])*
                $(#[doc = $beside_doc])?
                #[doc = concat!("\n\n`", $beside_wire, "`")]
                pub $beside: Option<$beside_ty>,
            )*)?
            #[doc(hidden)]
            pub(crate) reported: $crate::model::observation::Reported,
        }

        impl $name {
            /// The type's name in Graph.
            pub const WIRE_TYPE: &'static str = $wire_type;
            /// The names of the properties in Graph, for `$select`.
            pub const PROPERTIES: &'static [&'static str] = &[$(stringify!($id),)? $($wire),*];

            /// Returns `true` if the response contained the property (given by its name in Graph), even as null;
            /// `false` if it was missing, for example because a `$select` left it out.
            #[inline]
            pub fn is_reported(&self, property: &str) -> bool {
                self.reported.has(Self::ALL.iter().position(|known| *known == property))
            }

            const ALL: &'static [&'static str] = {
                let all = &[$($wire,)* $($($beside_wire,)*)? $(stringify!($id))?];
                assert!(all.len() <= u64::BITS as usize, "Reported has a bit for each property");
                all
            };

            #[inline]
            fn blank($($id: $id_ty)?) -> Self {
                Self { $($id,)? $($field: None,)* $($($beside: None,)*)? reported: Default::default() }
            }
        }

        $crate::model::observation::observation! { @make $name $($id: $id_ty)? }

        const _: () = {
            use $crate::model::lenient::{Fields, Refused, Scalar, Slot, only_null, read_into};

            #[allow(non_camel_case_types, reason = "named as the fields are")]
            enum Name { $($field,)* $($($beside,)*)? $($id,)? }

            /// The properties read so far.
            #[derive(Default)]
            struct Read {
                $( $id: $crate::model::observation::Required<$id_ty>, )?
                $( $field: Option<$ty>, )*
                $($( $beside: Option<$beside_ty>, )*)?
                reported: $crate::model::observation::Reported,
            }

            impl Fields for Read {
                #[inline]
                fn field(&mut self, name: &str) -> Option<&mut dyn Slot> {
                    let (place, slot): (Name, &mut dyn Slot) = match name {
                        $( stringify!($id) => (Name::$id, &mut self.$id), )?
                        $( $wire $(| $second)? => (Name::$field, &mut self.$field), )*
                        $($( $beside_wire => (Name::$beside, &mut self.$beside), )*)?
                        _ => return None,
                    };
                    self.reported.add(place as u32);
                    Some(slot)
                }
            }

            const EXPECTED: &str = concat!("an object of type ", $wire_type);

            impl Slot for Option<$name> {
                #[inline]
                fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
                    only_null(self, scalar, EXPECTED)
                }

                #[inline]
                fn object(
                    &mut self,
                    read: &mut dyn FnMut(&mut dyn Fields),
                ) -> Result<bool, &'static str> {
                    let mut fields = Read::default();
                    read(&mut fields);
                    *self = Some($name {
                        $( $id: fields.$id.0.ok_or(stringify!($id))?, )?
                        $( $field: fields.$field, )*
                        $($( $beside: fields.$beside, )*)?
                        reported: fields.reported,
                    });
                    Ok(true)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                #[inline]
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let mut read = None::<Self>;
                    read_into(deserializer, &mut read)?;
                    let null = || serde::de::Error::invalid_type(serde::de::Unexpected::Unit, &EXPECTED);
                    read.ok_or_else(null)
                }
            }

            impl serde::Serialize for $name {
                #[inline]
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    use serde::ser::SerializeMap;
                    let mut map = serializer.serialize_map(None)?;
                    $( map.serialize_entry(stringify!($id), &self.$id)?; )?
                    $( if let Some(value) = &self.$field { map.serialize_entry($wire, value)?; } )*
                    $($( if let Some(value) = &self.$beside { map.serialize_entry($beside_wire, value)?; } )*)?
                    map.end()
                }
            }
        };
    };
}
pub(crate) use observation;

/// The properties in a response, by their index in the declaration.
///
/// Observations with equal values are equal, whatever their responses omitted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reported(u64);

impl Reported {
    pub(crate) fn add(&mut self, place: u32) {
        self.0 |= 1 << place;
    }

    pub(crate) fn has(self, place: Option<usize>) -> bool {
        place.is_some_and(|place| self.0 >> place & 1 == 1)
    }
}

impl PartialEq for Reported {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Reported {}

/// An id that is required.
pub(crate) struct Required<T>(pub(crate) Option<T>);

impl<T> Default for Required<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: ?Sized> Slot for Required<Id<T>> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        const EXPECTED: Refused = Refused("an id");
        let Scalar::Str(text) = scalar else { return Err(EXPECTED) };
        self.0 = Some(text.parse().map_err(|_| EXPECTED)?);
        Ok(())
    }
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro declares public types only")]
mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Map, Value, json};

    use crate::model::{AutopilotEvent, Device, DirectoryDevice, Id, ImportedDevice, ManagedDevice, Text};

    observation! {
        /// A thing with parts.
        pub struct Thing = "thing", id: Id<Thing> {
            display_name: Text = "displayName" | "DisplayName", "A name.";
            size: i32 = "size", "A size.";
        }
        beside {
            part: Box<Part> = "part", "A part.";
        }
    }

    observation! {
        /// A part of a thing.
        pub struct Part = "part" {
            name: Text = "name", "A name.";
        }
    }

    fn thing(json: &str) -> Thing {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn properties_are_listed_and_what_comes_beside_them_is_not() {
        assert_eq!(Thing::PROPERTIES, ["id", "displayName", "size"]);
        assert_eq!(Part::PROPERTIES, ["name"]);
        assert_eq!((Thing::WIRE_TYPE, Part::WIRE_TYPE), ("thing", "part"));
    }

    #[test]
    fn properties_come_in_any_order_with_strangers_between_and_missing_ones_are_none() {
        let mut expected = Thing::new("1".parse().unwrap());
        assert_eq!(thing(r#"{"@odata.type":"t","new":[{"a":{}}],"id":"1"}"#), expected);
        expected.size = Some(3);
        expected.part = Some(Box::new(Part { name: Some("p".into()), ..Part::default() }));
        assert_eq!(thing(r#"{"part":{"name":"p"},"size":3,"displayName":null,"id":"1"}"#), expected);
        assert_eq!(thing(r#"{"part":null,"id":"1"}"#).part, None);
    }

    #[test]
    fn null_is_reported_and_what_is_missing_is_not() {
        let read = thing(r#"{"id":"1","DisplayName":null,"part":null,"new":1}"#);
        let reported = ["id", "displayName", "part", "size", "new"].map(|name| read.is_reported(name));
        assert_eq!(reported, [true, true, true, false, false]);
        assert_eq!(read, Thing::new("1".parse().unwrap()), "two responses with the same values are equal");
        assert!(!Part::default().is_reported("name"));
    }

    #[test]
    fn the_last_of_two_properties_with_one_name_holds() {
        assert_eq!(thing(r#"{"id":"1","size":1,"id":"2","size":2}"#).size, Some(2));
        assert_eq!(thing(r#"{"id":"1","displayName":"a","DisplayName":"b"}"#).display_name.unwrap(), "b");
    }

    #[test]
    fn an_object_without_its_id_is_an_error() {
        for (json, problem) in [
            (r#"{"size":1}"#, "missing field `id`"),
            (r#"{"id":null}"#, "expected an id"),
            (r#"{"id":""}"#, "expected an id"),
            (r#"{"id":7}"#, "expected an id"),
            ("[]", "expected a"),
            ("null", "invalid type: null"),
            ("{", "EOF while parsing"),
        ] {
            let error = serde_json::from_str::<Thing>(json).unwrap_err().to_string();
            assert!(error.contains(problem), "{json}: {error}");
        }
        assert!(serde_json::from_str::<Part>("{}").is_ok());
    }

    #[test]
    fn writing_gives_the_names_of_graph_and_leaves_out_what_is_none() {
        let json = r#"{"id":"1","displayName":"a","part":{}}"#;
        assert_eq!(serde_json::to_string(&thing(json)).unwrap(), json);
    }

    #[test]
    fn an_error_names_no_text_that_was_read() {
        let error = serde_json::from_str::<Thing>(r#"{"id":"1","part":"adele@contoso.com"}"#).unwrap_err();
        let expected = "invalid type: text, expected an object of type part";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    /// Generates an object with an id and any values that a service may write.
    fn object(properties: &'static [&'static str]) -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[-+]?P([0-9]{1,20}D)?(T[0-9]{1,20}[HMS]([0-9]{1,3}[.,][0-9]{1,10}S)?)?".prop_map(Value::from),
            "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,10})?(Z|[+-][0-2][0-9]:00)"
                .prop_map(Value::from),
            prop::sample::select(vec!["", "0", "-1", "enrolled", "[OrderID]:x", "aGk=", "[", "]:"]).prop_map(Value::from),
        ];
        let value = plain.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..3).prop_map(|map| json!(map)),
            ]
        });
        prop::collection::vec((prop::sample::select(properties), value), 0..4).prop_map(|entries| {
            let mut object: Map<String, Value> =
                entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            object.insert("id".to_owned(), json!("1"));
            object.into()
        })
    }

    /// Checks that everything that can be read from `json` survives a round trip.
    fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(json: &Value) {
        if let Ok(read) = serde_json::from_str::<T>(&json.to_string()) {
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<T>(&written).unwrap(), read, "{json} became {written}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_property_holds_there_is_no_panic_and_what_is_read_survives(
            device in object(Device::PROPERTIES),
            event in object(AutopilotEvent::PROPERTIES),
            import in object(ImportedDevice::PROPERTIES),
            managed in object(ManagedDevice::PROPERTIES),
            directory in object(DirectoryDevice::PROPERTIES),
        ) {
            survives::<Device>(&device);
            survives::<AutopilotEvent>(&event);
            survives::<ImportedDevice>(&import);
            survives::<ManagedDevice>(&managed);
            survives::<DirectoryDevice>(&directory);
        }
    }
}
