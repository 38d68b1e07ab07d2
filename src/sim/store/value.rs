//! The values in rows and answers: property lists and dates.

use std::time::Duration;

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde_json::{Map, Value};

/// The properties of an object as JSON.
pub(crate) type Body = Map<String, Value>;

/// Returns the time `delay` after `at`.
pub(crate) fn later(at: Timestamp, delay: Duration) -> Timestamp {
    at.checked_add(delay).unwrap_or(Timestamp::MAX)
}

/// The service's value for "no date".
pub(crate) const NO_DATE: &str = "0001-01-01T00:00:00Z";

/// Returns a date, or the year 1 for `None`.
pub(crate) fn date(at: Option<Timestamp>) -> Value {
    let round = TimestampRound::new().smallest(Unit::Nanosecond).increment(100).mode(RoundMode::Floor);
    at.map_or_else(|| NO_DATE.into(), |at| at.round(round).unwrap_or(at).to_string().into())
}

/// Creates a JSON object from a property list.
pub(crate) fn body<const N: usize>(properties: [(&str, Value); N]) -> Body {
    properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
