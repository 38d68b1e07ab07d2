//! Checks the `Accept` header of a request against the media type of the answer.

use http::{StatusCode, header};

use super::error::Failure;
use super::exchange::Request;

/// Refuses a request that does not accept `media_type`.
pub(super) fn check(request: &Request, media_type: &str) -> Result<(), Failure> {
    let headers = request.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted: Vec<&str> = headers.collect();
    if fits(&accepted.join(","), media_type) {
        return Ok(());
    }
    Err(Failure::plain(
        StatusCode::NOT_ACCEPTABLE,
        "NotAcceptable",
        format!(
            "A supported MIME type could not be found that matches the acceptable MIME types for the request. The \
             supported type(s) '{media_type}' do not match any of the acceptable MIME types '{}'.",
            accepted.join(", ")
        ),
    ))
}

/// Returns `true` if an `Accept` header accepts `media_type` with a weight above zero. The most specific range applies;
/// without ranges, everything is accepted.
fn fits(ranges: &str, media_type: &str) -> bool {
    let (kind, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    let mut ranges = ranges.split(',').map(str::trim).filter(|range| !range.is_empty()).peekable();
    if ranges.peek().is_none() {
        return true;
    }
    let weights = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?;
        let specificity = match name.split_once('/')? {
            ("*", "*") => 0,
            (of, "*") if of.eq_ignore_ascii_case(kind) => 1,
            _ if name.eq_ignore_ascii_case(media_type) => 2,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((specificity, weight.map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0))))
    });
    weights.max_by_key(|(specificity, _)| *specificity).is_some_and(|(_, weight)| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides_and_a_weight_of_zero_refuses() {
        for (accept, text, json) in [
            ("", true, true),
            ("*/*", true, true),
            ("application/json", false, true),
            ("application/json;odata.metadata=minimal", false, true),
            ("text/plain, application/json;q=0.5", true, true),
            ("TEXT/*", true, false),
            ("text/plain; q=0, */*;q=0.1", false, true),
            ("text/*;q=0, text/plain", true, false),
            ("text/html, image/png", false, false),
            ("nonsense", false, false),
        ] {
            assert_eq!(
                (fits(accept, "text/plain"), fits(accept, "application/json")),
                (text, json),
                "{accept}"
            );
        }
    }
}
