//! How the service writes what is not there.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use jiff::Timestamp;

/// The start of year 2 in nanoseconds: what is before it is the service's "no date", `0001-01-01T00:00:00Z`, in some
/// time zone.
const FIRST_REAL_DATE: i128 = -62_104_060_800_000_000_000;

/// A date-time as the service writes it: up to seven fractional digits, any offset.
///
/// `None` for the year 1, which stands for no date, and for what cannot be read: no date is worth a lost object.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(|timestamp: &Timestamp| timestamp.as_nanosecond() >= FIRST_REAL_DATE)
}

/// For `#[serde(default, deserialize_with = "wire::date")]`: see [`timestamp`]. Null and what is no text is `None`.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    struct Lenient;
    impl<'de> Visitor<'de> for Lenient {
        type Value = Option<Timestamp>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a date-time")
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(timestamp(text))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    }
    deserializer.deserialize_any(Lenient)
}

/// For `#[serde(default, deserialize_with = "wire::non_empty")]`: null and the empty string are `None`.
pub(crate) fn non_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()).map(T::from))
}

/// For `#[serde(default, deserialize_with = "wire::or_default")]`: null is the default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;
    use crate::model::{Personal, Text};

    #[derive(Deserialize)]
    struct Observed {
        #[serde(default, deserialize_with = "date")]
        at: Option<Timestamp>,
        #[serde(default, deserialize_with = "non_empty")]
        text: Option<Text>,
        #[serde(default, deserialize_with = "non_empty")]
        person: Option<Personal>,
        #[serde(default, deserialize_with = "or_default")]
        list: Vec<u8>,
    }

    fn read_date(value: &Value) -> Option<String> {
        from_value::<Observed>(json!({ "at": value })).unwrap().at.map(|at| at.to_string())
    }

    #[test]
    fn dates_have_any_offset_and_up_to_seven_fractional_digits() {
        for (wire, expected) in [
            ("2017-01-01T00:02:43.5775965-08:00", "2017-01-01T08:02:43.5775965Z"),
            ("2025-05-29T10:00:00Z", "2025-05-29T10:00:00Z"),
            ("2025-05-29T10:00:00.12+00:00", "2025-05-29T10:00:00.12Z"),
        ] {
            assert_eq!(read_date(&json!(wire)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn year_1_and_what_is_no_date_are_none() {
        for wire in [
            json!("0001-01-01T00:00:00Z"),
            json!("0001-01-01T00:00:00+08:00"),
            json!("0001-12-31T23:59:59.9999999Z"),
            json!(""),
            json!("yesterday"),
            json!("2025-13-01T00:00:00Z"),
            json!("9999-12-31T23:59:59.9999999Z"),
            Value::Null,
            json!(7),
            json!(-7),
            json!(0.5),
            json!(true),
            json!(["2025-05-29T10:00:00Z"]),
            json!({ "date": { "a": [] } }),
        ] {
            assert_eq!(read_date(&wire), None, "{wire}");
        }
        assert!(read_date(&json!("0002-01-01T00:00:00Z")).is_some());
    }

    #[test]
    fn empty_null_and_absent_are_one() {
        for wire in [
            json!({}),
            json!({ "text": null, "person": null, "list": null }),
            json!({ "text": "", "person": "", "list": [] }),
        ] {
            let observed: Observed = from_value(wire).unwrap();
            assert!(observed.text.is_none() && observed.person.is_none() && observed.list.is_empty());
        }
        let observed: Observed = from_value(json!({ "text": "a", "person": "b", "list": [1] })).unwrap();
        assert_eq!(observed.text.unwrap(), "a");
        assert_eq!(observed.person.unwrap().as_str(), "b");
        assert_eq!(observed.list, [1]);
    }
}
