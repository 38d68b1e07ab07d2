//! The wait that a response asks for.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

/// Returns the wait that a response asks for: from its headers, or else from Intune's error message (`inner`).
///
/// Seconds may have a fraction after a point or a comma (`2.128`, `31,120`). A date, in any format of RFC 9110 or in
/// ISO 8601, is relative to the response's `Date`, or to the local clock if there is none. A negative or malformed
/// value counts as absent.
pub(crate) fn retry_after(
    headers: &HeaderMap,
    inner: Option<Duration>,
    local: Timestamp,
) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
        if let Some(milliseconds) = text(name).and_then(|text| seconds(text, 1e-3)) {
            return Some(milliseconds);
        }
    }
    if let Some(value) = text("retry-after") {
        if let Some(wait) = seconds(value, 1.0) {
            return Some(wait);
        }
        if let Some(wait) = until(value, text("date"), local) {
            return Some(wait);
        }
    }
    inner
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    let value = if plain { text.replace(',', ".").parse::<f64>().ok()? } else { return None };
    // A value that overflows means forever, and not "at once".
    Some(Duration::try_from_secs_f64(value * unit).unwrap_or(Duration::MAX))
}

fn until(date: &str, answered: Option<&str>, local: Timestamp) -> Option<Duration> {
    let now = answered.and_then(|date| http_date(date, local)).unwrap_or(local);
    let wait = http_date(date, now)?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or_default())
}

/// Parses a date of RFC 9110 5.6.7, ignoring the day of the week, or of ISO 8601.
fn http_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    static PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    PARSER
        .parse_timestamp(text)
        .ok()
        .or_else(|| text.parse().ok())
        .or_else(|| in_utc(text.parse().ok()?))
        .or_else(|| obsolete_date(text, now))
}

/// Parses `Sunday, 06-Nov-94 08:49:37 GMT` (RFC 850) and `Sun Nov  6 08:49:37 1994` (asctime).
fn obsolete_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    let parts = text.split([' ', '-', ',']).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let (day, month, year, time) = match parts.as_slice() {
        [_, day, month, year, time, zone]
            if zone.eq_ignore_ascii_case("GMT") || zone.eq_ignore_ascii_case("UTC") =>
        {
            (day, month, year, time)
        }
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))?;
    let month = i8::try_from(month + 1).ok()?;
    let number: i16 = year.parse().ok()?;
    let year = match year.len() {
        2 => century(number, now),
        _ => number,
    };
    let mut parts = time.split(':');
    let [hour, minute, second] = [parts.next()?, parts.next()?, parts.next()?];
    if parts.next().is_some() {
        return None;
    }
    // A leap second is the last second of its minute.
    let second = second.parse::<i8>().ok()?.min(59);
    let day = Date::new(year, month, day.parse().ok()?).ok()?;
    let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, second, 0).ok()?;
    in_utc(day.to_datetime(time))
}

/// Completes a year of two digits: a year more than 50 years ahead is in the past.
fn century(year: i16, now: Timestamp) -> i16 {
    let this = TimeZone::UTC.to_datetime(now).year();
    let year = this - this.rem_euclid(100) + year;
    match year - this {
        51.. => year - 100,
        ..-49 => year + 100,
        _ => year,
    }
}

fn in_utc(time: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn every_observed_form_is_parsed() {
        const NOW: (&str, &str) = ("date", "Mon, 23 Nov 2026 08:00:00 GMT");
        for (pairs, seconds) in [
            (vec![("retry-after", "7")], Some(7.0)),
            (vec![("retry-after", " 0 ")], Some(0.0)),
            (vec![("retry-after", "2.128")], Some(2.128)),
            (vec![("retry-after", "31,120")], Some(31.12)),
            (vec![("retry-after", "99999")], Some(99999.0)),
            (vec![("retry-after", "-3")], None),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "1.2.3")], None),
            (vec![("retry-after", "NaN")], None),
            (vec![("retry-after", "1e400")], None),
            (vec![("retry-after", "")], None),
            (vec![("retry-after-ms", "250"), ("retry-after", "9")], Some(0.25)),
            (vec![("x-ms-retry-after-ms", "1500")], Some(1.5)),
            (vec![("retry-after", "Mon, 23 Nov 2026 08:00:09 GMT"), NOW], Some(9.0)),
            (vec![("retry-after", "Mon, 23 Nov 2026 07:00:00 GMT"), NOW], Some(0.0)),
            (vec![("retry-after", "Mon, 23 Nov 2026 08:00:09 GMT")], Some(3609.0)),
            // The obsolete forms, ISO 8601, and a wrong day of the week.
            (vec![("retry-after", "Monday, 23-Nov-26 08:00:09 GMT"), NOW], Some(9.0)),
            (vec![("retry-after", "Mon Nov 23 08:00:09 2026"), NOW], Some(9.0)),
            (vec![("retry-after", "Tue Dec  1 08:00:00 2026"), NOW], Some(691_200.0)),
            (vec![("retry-after", "Fri, 23 Nov 2026 08:00:09 GMT"), NOW], Some(9.0)),
            (vec![("retry-after", "Friday, 23-Nov-26 08:00:09 GMT"), NOW], Some(9.0)),
            (vec![("retry-after", "2026-11-23T08:00:09Z"), NOW], Some(9.0)),
            (vec![("retry-after", "2026-11-23T08:00:09"), NOW], Some(9.0)),
            (
                vec![("retry-after", "Mon, 23 Nov 2026 08:00:09 GMT"), ("date", "Mon Nov 23 08:00:00 2026")],
                Some(9.0),
            ),
            (vec![("retry-after", "Sunday, 06-Nov-94 08:49:37 GMT"), NOW], Some(0.0)),
            (vec![("retry-after", "Monday, 23-Foo-26 08:00:09 GMT"), NOW], None),
            (vec![("retry-after", "Monday, 31-Feb-26 08:00:09 GMT"), NOW], None),
            (vec![("retry-after", "Mon Nov 23 08:00 2026"), NOW], None),
        ] {
            let wait = retry_after(&headers(&pairs), None, "2026-11-23T07:00:00Z".parse().unwrap());
            assert_eq!(wait.map(|wait| wait.as_secs_f64()), seconds, "{pairs:?}");
        }
    }

    #[test]
    fn intunes_inner_wait_serves_when_the_header_does_not() {
        let inner = Some(Duration::from_secs(4));
        let read = |pairs: &[_]| retry_after(&headers(pairs), inner, Timestamp::UNIX_EPOCH);
        assert_eq!(read(&[]), inner);
        assert_eq!(read(&[("retry-after", "-1")]), inner);
        assert_eq!(read(&[("retry-after", "6")]), Some(Duration::from_secs(6)));
    }

    #[test]
    fn an_overflowing_wait_never_ends() {
        let digits = "9".repeat(400);
        for text in ["99999999999999999999999999", digits.as_str()] {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", text.parse().unwrap());
            assert_eq!(retry_after(&headers, None, Timestamp::UNIX_EPOCH), Some(Duration::MAX), "{text}");
        }
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_50_years_ahead() {
        let now: Timestamp = "2026-11-23T07:00:00Z".parse().unwrap();
        for (year, want) in [(26, 2026), (94, 1994), (76, 2076), (77, 1977), (0, 2000)] {
            assert_eq!(century(year, now), want);
        }
        let end: Timestamp = "2099-11-23T07:00:00Z".parse().unwrap();
        assert_eq!((century(1, end), century(98, end)), (2101, 2098));
    }
}
