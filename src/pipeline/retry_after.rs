//! How long the service asks to be left alone.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The wait that an answer asks for: its headers first, else what Intune wrote into its message.
///
/// Seconds may have a fraction, after a point or a comma (`2.128`, `31,120`). A date is taken against the answer's own
/// `Date`, and against the local clock only where there is none. What is negative or makes no sense counts as absent.
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
    Duration::try_from_secs_f64(value * unit).ok()
}

fn until(date: &str, answered: Option<&str>, local: Timestamp) -> Option<Duration> {
    let parser = DateTimeParser::new();
    let parse = |text: &str| parser.parse_timestamp(text).ok();
    let wait = parse(date)?.duration_since(answered.and_then(parse).unwrap_or(local));
    Some(Duration::try_from(wait).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn every_form_that_was_seen_is_understood() {
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
}
