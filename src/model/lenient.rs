//! Lenient reading of the service's values: null, `""`, dates in the year 1 and unreadable dates count as missing, and
//! no error repeats the input.
//!
//! A JSON parser is compiled for every type that requests a value from it, with thousands of lines of code each. So
//! there is a single visitor, which passes values to a [`Slot`].

use std::fmt;

use jiff::fmt::temporal::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo, Timestamp};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, Expected, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Hidden, Id, Personal, Text};

/// A scalar JSON value, or a list or object that is ignored.
pub(crate) use serde::de::Unexpected as Scalar;

/// The reason why a value is refused: the expectation, and the number if it is out of range.
pub(crate) struct Refused(pub(crate) &'static str);

/// A destination for a value of the service: for most types an `Option`, because the service may omit a value, or write
/// it as null or as a scalar that counts as missing.
pub(crate) trait Slot {
    /// Accepts a scalar, or refuses a list or an object.
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused>;

    /// Accepts a list, whose items `read` reads one by one until it returns `false`. Returns `false` if a list is not
    /// accepted.
    fn list(&mut self, _read: &mut dyn FnMut(&mut dyn Slot) -> bool) -> bool {
        false
    }

    /// Accepts an object, whose fields `read` reads. Returns `false` if an object is not accepted.
    ///
    /// # Errors
    /// The name of a missing required field.
    fn object(&mut self, _read: &mut dyn FnMut(&mut dyn Fields)) -> Result<bool, &'static str> {
        Ok(false)
    }
}

/// The fields of an object.
pub(crate) trait Fields {
    /// Returns the slot of the field called `name`; `None` if it is not modeled.
    fn field(&mut self, name: &str) -> Option<&mut dyn Slot>;

    /// Keeps the value of the last field, which had no slot; `None` if such values are ignored.
    fn kept(&mut self) -> Option<&mut Value> {
        None
    }
}

/// Reads a JSON string; null and `""` count as missing.
pub(crate) fn text<T>(
    scalar: Scalar<'_>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Refused> {
    match scalar {
        Scalar::Unit | Scalar::Str("") => Ok(None),
        Scalar::Str(text) => Ok(parse(text)),
        _ => Err(Refused("text or null")),
    }
}

macro_rules! kept_text {
    ($($type:ty),+) => { $(
        impl Slot for Option<$type> {
            fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
                text(scalar, |text| Some(text.into())).map(|text| *self = text)
            }
        }
    )+ };
}

kept_text!(Text, Personal, Hidden);

/// A reference to another object. The all-zero GUID and invalid ids count as missing.
impl<T: ?Sized> Slot for Option<Id<T>> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        let refers = |text: &str| text.bytes().any(|b| !matches!(b, b'0' | b'-'));
        text(scalar, |text| if refers(text) { text.parse().ok() } else { None }).map(|id| *self = id)
    }
}

impl Slot for Option<Timestamp> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        *self = text(scalar, timestamp).unwrap_or_default();
        Ok(())
    }
}

/// Parses a point in time. The year 1, in any zone, is the service's "never"; its year 9999 is out of range.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    /// 0002-01-01T00:00:00Z in nanoseconds: a year late, so that no offset matters.
    const YEAR_2: i128 = -62_104_060_800_000_000_000;
    text.parse().ok().filter(|time: &Timestamp| time.as_nanosecond() >= YEAR_2)
}

/// An ISO 8601 duration, which may be negative. A day is 24 hours.
impl Slot for Option<SignedDuration> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        // Not `text.parse()`, which takes `3m 21s` and `00:03:21` too.
        let span = text(scalar, |text| SpanParser::new().parse_span(text).ok()).unwrap_or_default();
        *self = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        Ok(())
    }
}

impl Slot for Option<bool> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        *self = match scalar {
            Scalar::Bool(flag) => Some(flag),
            Scalar::Unit => None,
            _ => return Err(Refused("true, false or null")),
        };
        Ok(())
    }
}

/// A number, or its text, which clients get with `IEEE754Compatible=true`.
impl Slot for Option<i64> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        let number = match scalar {
            Scalar::Signed(number) => Some(number),
            Scalar::Unsigned(number) => number.try_into().ok(),
            Scalar::Str(text) => text.parse().ok(),
            _ => None,
        };
        *self = number;
        let is_read = number.is_some() || matches!(scalar, Scalar::Unit | Scalar::Str(""));
        if is_read { Ok(()) } else { Err(Refused("an integer, its text or null")) }
    }
}

impl Slot for Option<i32> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        let mut number = None::<i64>;
        number.scalar(scalar)?;
        *self = number.map(i32::try_from).transpose().map_err(|_| Refused("a 32-bit integer"))?;
        Ok(())
    }
}

/// A list, without items that count as missing.
impl<T> Slot for Option<Vec<T>>
where
    Option<T>: Slot,
{
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        only_null(self, scalar, "a list or null")
    }

    fn list(&mut self, read: &mut dyn FnMut(&mut dyn Slot) -> bool) -> bool {
        let list = self.insert(Vec::new());
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

impl<T> Slot for Option<Box<T>>
where
    Option<T>: Slot,
{
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        *self = None;
        None::<T>.scalar(scalar)
    }

    fn object(&mut self, read: &mut dyn FnMut(&mut dyn Fields)) -> Result<bool, &'static str> {
        let mut inner = None::<T>;
        let is_taken = inner.object(read)?;
        *self = inner.map(Box::new);
        Ok(is_taken)
    }
}

/// Accepts null as missing, and refuses any other scalar.
pub(crate) fn only_null<T>(
    place: &mut Option<T>,
    scalar: Scalar<'_>,
    expected: &'static str,
) -> Result<(), Refused> {
    *place = None;
    if matches!(scalar, Scalar::Unit) { Ok(()) } else { Err(Refused(expected)) }
}

/// Any members, unchanged, and the name of the last one.
#[derive(Default)]
pub(crate) struct Members(pub(crate) Map<String, Value>, String);

impl Fields for Members {
    fn field(&mut self, name: &str) -> Option<&mut dyn Slot> {
        name.clone_into(&mut self.1);
        None
    }

    fn kept(&mut self) -> Option<&mut Value> {
        Some(self.0.entry(self.1.as_str()).or_insert(Value::Null))
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
        self.0.scalar(scalar).map_err(|refused| refusal(scalar, refused))
    }
}

#[cold]
fn refusal<E: Error>(found: Scalar<'_>, Refused(expected): Refused) -> E {
    E::invalid_type(found, &expected as &dyn Expected)
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
        self.scalar(Scalar::Unit)
    }

    visit_scalars! {
        visit_bool: bool => Bool, visit_i64: i64 => Signed, visit_u64: u64 => Unsigned, visit_f64: f64 => Float
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        // Not the text in the error, which may name a person.
        self.0.scalar(Scalar::Str(text)).map_err(|refused| refusal(Scalar::Other("text"), refused))
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
        self.scalar(Scalar::Seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut end = Ok(());
        let taken = self.0.object(&mut |fields| end = read_members(&mut members, fields));
        end?;
        if taken.map_err(A::Error::missing_field)? {
            return Ok(());
        }
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.scalar(Scalar::Map)
    }
}

fn read_members<'de, A: MapAccess<'de>>(members: &mut A, fields: &mut dyn Fields) -> Result<(), A::Error> {
    while let Some(slot) = members.next_key_seed(Name(&mut *fields))? {
        if let Some(slot) = slot {
            members.next_value_seed(Seed(slot))?;
        } else if let Some(kept) = fields.kept() {
            *kept = members.next_value()?;
        } else {
            members.next_value::<IgnoredAny>()?;
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
    use crate::model::Target;

    fn read<T>(json: &str) -> Result<Option<T>, serde_json::Error>
    where
        Option<T>: Slot,
    {
        let mut value = None::<T>;
        read_into(&mut Json::from_str(json), &mut value).map(|()| value)
    }

    #[test]
    fn any_json_is_kept_as_it_is() {
        let json = r#"{"a":[1,-1,1.5,"x",null,true,{"b":[]}],"c":{}}"#;
        let target = read::<Target>(json).unwrap();
        assert_eq!(serde_json::to_string(&target).unwrap(), json);
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
            let error = read::<i64>(json).unwrap_err().to_string();
            assert!(error.contains("expected an integer, its text or null"), "{json}: {error}");
        }
        assert_eq!(read::<i32>(r#""-15""#).unwrap(), Some(-15));
        let error = read::<i32>("2147483648").unwrap_err().to_string();
        assert!(error.contains("expected a 32-bit integer"), "{error}");
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
        for json in ["5", "{}", "[]"] {
            let error = read::<Text>(json).unwrap_err().to_string();
            assert!(error.contains("expected"), "{json}: {error}");
        }
    }
}
