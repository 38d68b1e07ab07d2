//! Lenient reading of the service's values: null, `""`, dates in the year 1 and unreadable dates count as missing, and
//! no error repeats the input.
//!
//! A JSON parser is compiled for every type that requests a value from it, with thousands of lines of code each. So
//! there is a single visitor, which passes values to a [`Slot`].

use std::fmt;

use jiff::fmt::temporal::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo, Timestamp};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, Expected, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::{Map, Value};

use super::{Hidden, Id, Personal, Text};

/// A scalar JSON value, or a list or object that is ignored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar<'a> {
    Null,
    Flag(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(&'a str),
    List,
    Object,
}

/// The reason why a value is refused: the expectation, and the number if it is out of range.
pub(crate) struct Refused(pub(crate) &'static str);

/// A destination for a value of the service.
pub(crate) trait Slot {
    /// Accepts a scalar, or refuses a list or an object.
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused>;

    /// Accepts a list, whose items `read` reads one by one until it returns `false`. Returns `false` if a list is not
    /// accepted.
    fn list(&mut self, read: &mut dyn FnMut(&mut dyn Slot) -> bool) -> bool {
        let _ = read;
        false
    }

    /// Accepts an object, whose fields `read` reads. Returns `false` if an object is not accepted.
    ///
    /// # Errors
    /// The name of a missing required field.
    fn object(&mut self, read: &mut dyn FnMut(&mut dyn Fields)) -> Result<bool, &'static str> {
        let _ = read;
        Ok(false)
    }
}

/// The fields of an object.
pub(crate) trait Fields {
    /// Returns the slot of the field called `name`; `None` if it is not modeled.
    fn field(&mut self, name: &str) -> Option<&mut dyn Slot>;
}

/// A value that the service may omit, or write as null or as a scalar that counts as missing: see [`Slot`].
pub(crate) trait Lenient: Sized {
    fn scalar(scalar: Scalar<'_>) -> Result<Option<Self>, Refused>;

    fn list(place: &mut Option<Self>, read: &mut dyn FnMut(&mut dyn Slot) -> bool) -> bool {
        let _ = (place, read);
        false
    }

    fn object(place: &mut Option<Self>, read: &mut dyn FnMut(&mut dyn Fields)) -> Result<bool, &'static str> {
        let _ = (place, read);
        Ok(false)
    }
}

impl<T: Lenient> Slot for Option<T> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        *self = T::scalar(scalar)?;
        Ok(())
    }

    fn list(&mut self, read: &mut dyn FnMut(&mut dyn Slot) -> bool) -> bool {
        T::list(self, read)
    }

    fn object(&mut self, read: &mut dyn FnMut(&mut dyn Fields)) -> Result<bool, &'static str> {
        T::object(self, read)
    }
}

/// A value that the service writes as a JSON string.
pub(crate) trait FromText: Sized {
    /// `true` if an unreadable value counts as missing rather than as an error.
    const UNREADABLE_IS_NONE: bool = false;

    /// Parses the value; `None` for text that counts as missing or is unreadable. Never called with `""`.
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! kept_text {
    ($($type:ty),+) => { $(
        impl FromText for $type {
            fn from_text(text: &str) -> Option<Self> {
                Some(text.into())
            }
        }
    )+ };
}

kept_text!(Text, Personal, Hidden);

/// A reference to another object. The all-zero GUID and invalid ids count as missing.
impl<T: ?Sized> FromText for Id<T> {
    fn from_text(text: &str) -> Option<Self> {
        let refers = text.bytes().any(|b| !matches!(b, b'0' | b'-'));
        if refers { text.parse().ok() } else { None }
    }
}

/// A point in time. The year 1, in any zone, is the service's "never"; its year 9999 is out of range.
impl FromText for Timestamp {
    const UNREADABLE_IS_NONE: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        /// 0002-01-01T00:00:00Z in nanoseconds: a year late, so that no offset matters.
        const YEAR_2: i128 = -62_104_060_800_000_000_000;
        text.parse().ok().filter(|time: &Timestamp| time.as_nanosecond() >= YEAR_2)
    }
}

/// An ISO 8601 duration, which may be negative. A day is 24 hours.
impl FromText for SignedDuration {
    const UNREADABLE_IS_NONE: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        // Not `text.parse()`, which takes `3m 21s` and `00:03:21` too.
        let span = SpanParser::new().parse_span(text).ok()?;
        span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
    }
}

impl<T: FromText> Lenient for T {
    fn scalar(scalar: Scalar<'_>) -> Result<Option<Self>, Refused> {
        match scalar {
            Scalar::Text(text) if !text.is_empty() => Ok(T::from_text(text)),
            Scalar::Text(_) | Scalar::Null => Ok(None),
            _ if T::UNREADABLE_IS_NONE => Ok(None),
            _ => Err(Refused("text or null")),
        }
    }
}

impl Lenient for bool {
    fn scalar(scalar: Scalar<'_>) -> Result<Option<Self>, Refused> {
        match scalar {
            Scalar::Flag(flag) => Ok(Some(flag)),
            Scalar::Null => Ok(None),
            _ => Err(Refused("true, false or null")),
        }
    }
}

/// A number, or its text, which clients get with `IEEE754Compatible=true`.
impl Lenient for i64 {
    fn scalar(scalar: Scalar<'_>) -> Result<Option<Self>, Refused> {
        let number = match scalar {
            Scalar::Null | Scalar::Text("") => return Ok(None),
            Scalar::Signed(number) => Some(number),
            Scalar::Unsigned(number) => number.try_into().ok(),
            Scalar::Text(text) => text.parse().ok(),
            _ => None,
        };
        number.map(Some).ok_or(Refused("an integer, its text or null"))
    }
}

impl Lenient for i32 {
    fn scalar(scalar: Scalar<'_>) -> Result<Option<Self>, Refused> {
        let narrow = |value: i64| value.try_into().map_err(|_| Refused("a 32-bit integer"));
        <i64 as Lenient>::scalar(scalar)?.map(narrow).transpose()
    }
}

/// A list, without items that count as missing.
impl<T: Lenient> Lenient for Vec<T> {
    fn scalar(scalar: Scalar<'_>) -> Result<Option<Self>, Refused> {
        only_null(scalar, "a list or null")
    }

    fn list(place: &mut Option<Self>, read: &mut dyn FnMut(&mut dyn Slot) -> bool) -> bool {
        let list = place.insert(Vec::new());
        loop {
            let mut item = None::<T>;
            let is_read = read(&mut item);
            list.extend(item);
            if !is_read {
                return true;
            }
        }
    }
}

/// Accepts null as missing, and refuses any other scalar.
pub(crate) fn only_null<T>(scalar: Scalar<'_>, expected: &'static str) -> Result<Option<T>, Refused> {
    if matches!(scalar, Scalar::Null) { Ok(None) } else { Err(Refused(expected)) }
}

/// Any JSON, unchanged.
impl Slot for Value {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        *self = match scalar {
            Scalar::Flag(flag) => flag.into(),
            Scalar::Signed(number) => number.into(),
            Scalar::Unsigned(number) => number.into(),
            Scalar::Float(number) => number.into(),
            Scalar::Text(text) => text.into(),
            Scalar::Null | Scalar::List | Scalar::Object => Self::Null,
        };
        Ok(())
    }

    fn list(&mut self, read: &mut dyn FnMut(&mut dyn Slot) -> bool) -> bool {
        let mut list = Vec::new();
        loop {
            let mut item = Self::Null;
            if !read(&mut item) {
                break;
            }
            list.push(item);
        }
        *self = list.into();
        true
    }

    fn object(&mut self, read: &mut dyn FnMut(&mut dyn Fields)) -> Result<bool, &'static str> {
        let mut members = Map::new();
        read(&mut members);
        *self = members.into();
        Ok(true)
    }
}

impl Fields for Map<String, Value> {
    fn field(&mut self, name: &str) -> Option<&mut dyn Slot> {
        Some(self.entry(name).or_insert(Value::Null))
    }
}

/// Reads a value into a slot.
pub(crate) fn read_into<'de, D: Deserializer<'de>>(
    deserializer: D,
    slot: &mut dyn Slot,
) -> Result<(), D::Error> {
    // Not `deserialize_map` and its like: then a text in the place of an object would be part of the error.
    deserializer.deserialize_any(SlotVisitor(slot))
}

/// The visitor for all lenient reading.
struct SlotVisitor<'s>(&'s mut dyn Slot);

impl SlotVisitor<'_> {
    fn scalar<E: Error>(self, scalar: Scalar<'_>) -> Result<(), E> {
        self.0.scalar(scalar).map_err(|Refused(expected)| {
            let found = match scalar {
                Scalar::Null => Unexpected::Unit,
                Scalar::Flag(flag) => Unexpected::Bool(flag),
                Scalar::Signed(number) => Unexpected::Signed(number),
                Scalar::Unsigned(number) => Unexpected::Unsigned(number),
                Scalar::Float(number) => Unexpected::Float(number),
                // Not the text, which may name a person.
                Scalar::Text(_) => Unexpected::Other("text"),
                Scalar::List => Unexpected::Seq,
                Scalar::Object => Unexpected::Map,
            };
            E::invalid_type(found, &expected as &dyn Expected)
        })
    }
}

macro_rules! visit_scalars {
    ($($visit:ident: $type:ty => $scalar:ident),+) => { $(
        fn $visit<E: Error>(self, value: $type) -> Result<(), E> {
            self.scalar(Scalar::$scalar(value))
        }
    )+ };
}

impl<'de> Visitor<'de> for SlotVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar(Scalar::Null)
    }

    visit_scalars! {
        visit_bool: bool => Flag, visit_i64: i64 => Signed, visit_u64: u64 => Unsigned, visit_f64: f64 => Float,
        visit_str: &str => Text
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut end = Ok(());
        let is_list = self.0.list(&mut |slot| match items.next_element_seed(Seed(slot)) {
            Ok(item) => item.is_some(),
            Err(error) => {
                end = Err(error);
                false
            }
        });
        if is_list {
            return end;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        self.scalar(Scalar::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut end = Ok(());
        let taken = self.0.object(&mut |fields| end = read_members(&mut members, fields));
        end?;
        if taken.map_err(A::Error::missing_field)? {
            return Ok(());
        }
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.scalar(Scalar::Object)
    }
}

fn read_members<'de, A: MapAccess<'de>>(members: &mut A, fields: &mut dyn Fields) -> Result<(), A::Error> {
    while let Some(slot) = members.next_key_seed(Name(&mut *fields))? {
        match slot {
            Some(slot) => members.next_value_seed(Seed(slot))?,
            None => drop(members.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
}

/// A serde seed that reads into a slot.
struct Seed<'s>(&'s mut dyn Slot);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        read_into(deserializer, self.0)
    }
}

/// A seed that reads the name of a field and looks up its slot.
struct Name<'f>(&'f mut dyn Fields);

impl<'de, 'f> DeserializeSeed<'de> for Name<'f> {
    type Value = Option<&'f mut dyn Slot>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'f> Visitor<'_> for Name<'f> {
    type Value = Option<&'f mut dyn Slot>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.field(name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Deserializer as Json;

    use super::*;

    fn read<T: Lenient>(json: &str) -> Result<Option<T>, serde_json::Error> {
        let mut value = None::<T>;
        read_into(&mut Json::from_str(json), &mut value).map(|()| value)
    }

    #[test]
    fn any_json_is_kept_as_it_is() {
        let json = r#"{"a":[1,-1,1.5,"x",null,true,{"b":[]}],"c":{}}"#;
        let mut value = Value::Null;
        read_into(&mut Json::from_str(json), &mut value).unwrap();
        assert_eq!(value.to_string(), json);
    }

    #[test]
    fn null_and_empty_text_are_nothing() {
        for json in ["null", r#""""#] {
            assert_eq!(read::<Text>(json).unwrap(), None);
            assert_eq!(read::<Personal>(json).unwrap(), None);
            assert_eq!(read::<Timestamp>(json).unwrap(), None);
            assert_eq!(read::<SignedDuration>(json).unwrap(), None);
            assert_eq!(read::<i64>(json).unwrap(), None);
        }
        assert_eq!(read::<bool>("null").unwrap(), None);
        assert_eq!(read::<Vec<Text>>("null").unwrap(), None);
    }

    #[test]
    fn dates_are_read_in_every_form_and_what_is_no_date_is_none() {
        let noon: Timestamp = "2017-01-01T12:00:00Z".parse().unwrap();
        let tick: Timestamp = "2016-12-31T23:59:23.3984029Z".parse().unwrap();
        let table = [
            (r#""2017-01-01T12:00:00Z""#, Some(noon)),
            (r#""2017-01-01T12:00:00+00:00""#, Some(noon)),
            (r#""2017-01-01T04:00:00-08:00""#, Some(noon)),
            (r#""2016-12-31T15:59:23.3984029-08:00""#, Some(tick)),
            (r#""0001-01-01T00:00:00Z""#, None),
            (r#""0001-01-01T00:00:00-08:00""#, None),
            (r#""0001-12-31T23:59:59.9999999+14:00""#, None),
            (r#""0000-01-01T00:00:00Z""#, None),
            (r#""9999-12-31T23:59:59.9999999Z""#, None),
            (r#""2017-02-30T12:00:00Z""#, None),
            (r#""Last Update Date Time value""#, None),
            ("5", None),
            ("-5", None),
            ("1.5", None),
            ("true", None),
            (r#"["2017-01-01T12:00:00Z"]"#, None),
            (r#"{"date":{"a":[]}}"#, None),
        ];
        for (json, expected) in table {
            assert_eq!(read::<Timestamp>(json).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn durations_may_be_negative_have_seven_digits_and_have_days() {
        let table = [
            (r#""PT3M21.5549443S""#, Some(SignedDuration::new(201, 554_944_300))),
            (r#""-PT2M57.2190107S""#, Some(SignedDuration::new(-177, -219_010_700))),
            (r#""P1DT2H""#, Some(SignedDuration::from_hours(26))),
            (r#""PT0S""#, Some(SignedDuration::ZERO)),
            (r#""P1M""#, None),
            (r#""00:03:21""#, None),
            (r#""3m 21s""#, None),
            ("201", None),
        ];
        for (json, expected) in table {
            assert_eq!(read::<SignedDuration>(json).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn integers_come_as_numbers_or_as_text() {
        for (json, expected) in [("8", 8), (r#""8""#, 8), ("-8", -8), ("9223372036854775807", i64::MAX)] {
            assert_eq!(read::<i64>(json).unwrap(), Some(expected), "{json}");
        }
        for json in ["9223372036854775808", r#""eight""#, "1.5", "true", "{}"] {
            assert!(read::<i64>(json).is_err(), "{json}");
        }
        assert_eq!(read::<i32>(r#""-15""#).unwrap(), Some(-15));
        assert!(read::<i32>("2147483648").is_err());
    }

    #[test]
    fn an_id_that_refers_to_nothing_is_none() {
        for json in [r#""00000000-0000-0000-0000-000000000000""#, r#""Managed Device Id value""#, r#""..""#] {
            assert_eq!(read::<Id<()>>(json).unwrap(), None, "{json}");
        }
        assert_eq!(read::<Id<()>>(r#""00000001-0000""#).unwrap().unwrap().as_str(), "00000001-0000");
    }

    #[test]
    fn a_list_leaves_out_what_is_nothing() {
        assert_eq!(read::<Vec<Text>>(r#"["a", null, "", "b"]"#).unwrap().unwrap(), ["a", "b"]);
        assert_eq!(read::<Vec<Text>>("[]").unwrap().unwrap(), <[Text; 0]>::default());
    }

    #[test]
    fn an_error_says_what_was_expected_and_never_the_text_that_was_read() {
        let errors = [
            read::<bool>(r#""adele@contoso.com""#).unwrap_err(),
            read::<i64>(r#""adele@contoso.com""#).unwrap_err(),
            read::<Vec<Text>>(r#""adele@contoso.com""#).unwrap_err(),
        ];
        for error in errors {
            let error = error.to_string();
            assert!(error.contains("expected") && !error.contains("adele"), "{error}");
        }
        assert!(read::<Text>("5").is_err() && read::<Text>("{}").is_err() && read::<Text>("[]").is_err());
    }
}
