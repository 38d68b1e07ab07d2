//! How values of the service are read: null and `""` are nothing, so are a year-1 date and a date that is none, and
//! no error repeats what was read.

use std::fmt;
use std::marker::PhantomData;

use jiff::fmt::temporal::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo, Timestamp};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use super::{Hidden, Id, Personal, Text};

/// A value that the service may leave out, or write as null or as what stands for nothing.
pub(crate) trait Lenient<'de>: Sized {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
}

/// A value that the service writes as a JSON string.
pub(crate) trait FromText: Sized {
    /// Whether anything that cannot be read is nothing, rather than an error.
    const UNREADABLE_IS_NONE: bool = false;

    /// The value; `None` for a text that stands for nothing or cannot be read. Never called with `""`.
    fn from_text(text: &str) -> Option<Self>;
}

/// Reads a `T` where serde wants a seed.
pub(crate) struct Field<T>(PhantomData<T>);

impl<T> Field<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Field<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer)
    }
}

/// The error for a string where none is expected: without the string, which may name a person.
pub(crate) fn unexpected_text<E: Error>(expected: &dyn serde::de::Expected) -> E {
    E::invalid_type(Unexpected::Other("text"), expected)
}

impl FromText for Text {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl FromText for Personal {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl FromText for Hidden {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

/// A reference to another object. The all-zero GUID and what cannot be an id refer to nothing.
impl<T: ?Sized> FromText for Id<T> {
    fn from_text(text: &str) -> Option<Self> {
        let refers = text.bytes().any(|b| !matches!(b, b'0' | b'-'));
        if refers { text.parse().ok() } else { None }
    }
}

/// A point in time. The year 1, in whatever zone, is how the service writes "never"; its year 9999 is past what can be
/// read.
impl FromText for Timestamp {
    const UNREADABLE_IS_NONE: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        /// 0002-01-01T00:00:00Z in nanoseconds: a year off, so that no offset matters.
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

impl<'de, T: FromText> Lenient<'de> for T {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        let mut read = None;
        let take = &mut |text: &str| read = T::from_text(text);
        deserializer.deserialize_any(TextVisitor { take, unreadable_is_none: T::UNREADABLE_IS_NONE })?;
        Ok(read)
    }
}

/// Gives a text that is not empty away. It does not know what becomes of it, so that there is one for all types: a visitor
/// brings a whole parser with it.
struct TextVisitor<'a> {
    take: &'a mut dyn FnMut(&str),
    unreadable_is_none: bool,
}

impl TextVisitor<'_> {
    fn other<E: Error>(&self, found: Unexpected<'_>) -> Result<(), E> {
        if self.unreadable_is_none { Ok(()) } else { Err(E::invalid_type(found, self)) }
    }
}

impl<'de> Visitor<'de> for TextVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or null")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if !text.is_empty() {
            (self.take)(text);
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.other(Unexpected::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.other(Unexpected::Signed(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.other(Unexpected::Unsigned(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.other(Unexpected::Float(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        self.other(Unexpected::Seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.other(Unexpected::Map)
    }
}

impl<'de> Lenient<'de> for bool {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
        struct BoolVisitor;
        impl Visitor<'_> for BoolVisitor {
            type Value = Option<bool>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or null")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Option<bool>, E> {
                Ok(Some(value))
            }

            fn visit_unit<E: Error>(self) -> Result<Option<bool>, E> {
                Ok(None)
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Option<bool>, E> {
                Err(unexpected_text(&self))
            }
        }
        deserializer.deserialize_any(BoolVisitor)
    }
}

impl<'de> Lenient<'de> for i64 {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

impl<'de> Lenient<'de> for i32 {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
        let narrow = |value: i64| {
            value
                .try_into()
                .map_err(|_| D::Error::invalid_value(Unexpected::Signed(value), &"a 32-bit integer"))
        };
        deserializer.deserialize_any(IntegerVisitor)?.map(narrow).transpose()
    }
}

/// A number, or the text of one: what a client gets that asks for `IEEE754Compatible=true`.
struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, its text or null")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Option<i64>, E> {
        Ok(Some(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Option<i64>, E> {
        value.try_into().map(Some).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<i64>, E> {
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| unexpected_text(&self))
    }

    fn visit_unit<E: Error>(self) -> Result<Option<i64>, E> {
        Ok(None)
    }
}

/// A list; what is nothing in it is left out.
impl<'de, T: Lenient<'de>> Lenient<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);
        impl<'de, T: Lenient<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = Option<Vec<T>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or null")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element_seed(Field::<T>::new())? {
                    list.extend(item);
                }
                Ok(Some(list))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
                Err(unexpected_text(&self))
            }
        }
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Deserializer as Json;

    use super::*;

    fn read<T: for<'de> Lenient<'de>>(json: &str) -> Result<Option<T>, serde_json::Error> {
        T::read(&mut Json::from_str(json))
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
