//! The error body of Graph, and Intune's inside it.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::transport::scrub;

/// The error that the service put in its answer.
///
/// Intune wraps its own error as JSON text in Graph's `message`: that one is opened, and [`ServiceError::message`] is
/// the inner one. Decide by [`Error::kind`](crate::Error::kind) or by [`ServiceError::code`], never by the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceError {
    code: String,
    inner_codes: Vec<String>,
    message: String,
    phrase: Option<String>,
    activity_id: Option<String>,
    pub(super) request_id: Option<String>,
    retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Value,
    #[serde(default)]
    error_description: Option<String>,
}

/// How deep inner errors are followed.
const DEPTH: usize = 8;

impl ServiceError {
    /// Reads the error from a body; `None` if there is none, as in a page of a proxy.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let Envelope { error, error_description } = serde_json::from_slice(body).ok()?;
        Self::from_value(&error, error_description.as_deref())
    }

    fn from_value(error: &Value, description: Option<&str>) -> Option<Self> {
        let mut found = Self::default();
        match error {
            // Sign-in answers `{"error":"invalid_client","error_description":"AADSTS…"}`.
            Value::String(code) => {
                found.code = scrub(code);
                found.message = scrub(description.unwrap_or_default().lines().next().unwrap_or_default());
                let code = found.message.split([':', ' ']).next().filter(|code| code.starts_with("AADSTS"));
                found.inner_codes.extend(code.map(str::to_owned));
            }
            Value::Object(error) => {
                let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
                found.code = scrub(text("code"));
                found.read_message(text("message"));
                let inner = error.get("innerError").or_else(|| error.get("innererror"));
                found.read_inner(inner, DEPTH);
            }
            _ => return None,
        }
        Some(found)
    }

    fn read_inner(&mut self, inner: Option<&Value>, depth: usize) {
        let Some(Value::Object(inner)) = inner else { return };
        if let Some(code) = inner.get("code").and_then(Value::as_str).filter(|code| !code.is_empty()) {
            self.inner_codes.push(scrub(code));
        }
        if self.request_id.is_none() {
            self.request_id = inner.get("request-id").and_then(Value::as_str).map(scrub);
        }
        if depth > 0 {
            let next = inner.get("innerError").or_else(|| inner.get("innererror"));
            self.read_inner(next, depth - 1);
        }
    }

    /// Graph's message, or Intune's if the message is JSON.
    fn read_message(&mut self, message: &str) {
        let Ok(Value::Object(inner)) = serde_json::from_str::<Value>(message) else {
            self.message = scrub(message.trim());
            return;
        };
        let text = |name: &str| inner.get(name).and_then(Value::as_str).unwrap_or_default();
        let full = text("Message");
        // The tail is for support: operation and activity id, and the address of the service that failed.
        let (message, tail) = full.split_once(" - Operation ID").unwrap_or((full, ""));
        self.message = scrub(message.trim());
        if let Some((_, rest)) = tail.split_once("Activity ID: ") {
            self.activity_id = rest.split([' ', '\r', '\n']).next().map(scrub);
        }
        self.phrase = Some(text("CustomApiErrorPhrase")).filter(|phrase| !phrase.is_empty()).map(scrub);
        self.retry_after = inner.get("RetryAfter").and_then(wait).or_else(|| {
            let headers: Value = serde_json::from_str(text("HttpHeaders")).ok()?;
            headers.get("Retry-After").and_then(wait)
        });
    }

    /// Graph's code, such as `BadRequest`; may be empty.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The codes of the errors inside it, outermost first. For sign-in, the `AADSTS` number.
    pub fn inner_codes(&self) -> &[String] {
        &self.inner_codes
    }

    /// The message, Intune's own if there is one. Text for a person; never decide by it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Intune's `CustomApiErrorPhrase`, if it is not empty.
    pub fn phrase(&self) -> Option<&str> {
        self.phrase.as_deref()
    }

    /// Intune's activity id, for Microsoft's support.
    pub fn activity_id(&self) -> Option<&str> {
        self.activity_id.as_deref()
    }

    /// The wait that Intune asks for inside its message, which can be the only hint.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether `code` is the error's code or one inside it. Case does not matter.
    pub fn has_code(&self, code: &str) -> bool {
        std::iter::once(&self.code).chain(&self.inner_codes).any(|known| known.eq_ignore_ascii_case(code))
    }

    pub(super) fn is_resync(&self) -> bool {
        self.has_code("resyncRequired") || self.has_code("syncStateNotFound")
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") => f.write_str("the service gave no reason")?,
            ("", message) => f.write_str(message)?,
            (code, "") => f.write_str(code)?,
            (code, message) => write!(f, "{code}: {message}")?,
        }
        match &self.phrase {
            Some(phrase) => write!(f, " [{phrase}]"),
            None => Ok(()),
        }
    }
}

/// A wait as Intune writes it: seconds as a number or as text, or `hh:mm:ss`.
fn wait(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().split(':').collect::<Vec<_>>().as_slice() {
            [seconds] => seconds.parse::<f64>().ok()?,
            [hours, minutes, seconds] => {
                let part = |text: &str| text.parse::<f64>().ok();
                part(hours)? * 3600.0 + part(minutes)? * 60.0 + part(seconds)?
            }
            _ => return None,
        },
        _ => return None,
    };
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

/// `text` without markup, scrubbed, its blanks folded, cut to `longest` characters.
pub(crate) fn excerpt(text: &str, longest: usize) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        plain.push(' ');
        // What is inside a style or a script is no text.
        let hidden = ["style", "script"]
            .into_iter()
            .find(|tag| after.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)));
        let close = hidden.and_then(|tag| after.to_ascii_lowercase().find(&format!("</{tag}")));
        let after = close.and_then(|at| after.get(at + 1..)).unwrap_or(after);
        rest = after.split_once('>').map_or("", |(_, rest)| rest);
        if plain.len() > longest.saturating_mul(8) {
            break;
        }
    }
    plain.push_str(rest);
    let folded = plain.split_whitespace().take(longest).collect::<Vec<_>>().join(" ");
    let scrubbed = scrub(&folded);
    match scrubbed.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", scrubbed.get(..end).unwrap_or_default()),
        None => scrubbed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> ServiceError {
        ServiceError::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn opens_the_json_inside_intunes_message() {
        let inner = r#"{\r\n  \"_version\": 3,\r\n  \"Message\": \"Another profile is already assigned to All Devices - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 3c1f2b6e-1111-4222-8333-444455556666 - Url: https://fef.msub06.manage.microsoft.com/x\",\r\n  \"CustomApiErrorPhrase\": \"AllDevicesTaken\",\r\n  \"RetryAfter\": 12.5,\r\n  \"ErrorSourceService\": \"\",\r\n  \"HttpHeaders\": \"{}\"\r\n}"#;
        let error = read(&format!(
            r#"{{"error":{{"code":"BadRequest","message":"{inner}","innerError":{{"request-id":"r1"}}}}}}"#
        ));
        assert_eq!(error.message(), "Another profile is already assigned to All Devices");
        assert_eq!(error.activity_id(), Some("3c1f2b6e-1111-4222-8333-444455556666"));
        assert_eq!(error.phrase(), Some("AllDevicesTaken"));
        assert_eq!(error.retry_after(), Some(Duration::from_millis(12_500)));
        assert_eq!(error.request_id.as_deref(), Some("r1"));
    }

    #[test]
    fn finds_codes_in_either_spelling_of_the_inner_error() {
        let error = read(
            r#"{"error":{"code":"","message":"no","innererror":{"code":"a","innerError":{"code":"resyncRequired"}}}}"#,
        );
        assert_eq!(error.inner_codes(), ["a", "resyncRequired"]);
        assert!(error.is_resync() && error.has_code("RESYNCREQUIRED"));
    }

    #[test]
    fn reads_a_sign_in_error() {
        let error = read(
            r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired.\r\nTrace ID: x"}"#,
        );
        assert_eq!(error.code(), "invalid_client");
        assert!(error.has_code("AADSTS7000222"));
        assert_eq!(error.message(), "AADSTS7000222: The provided client secret keys are expired.");
    }

    #[test]
    fn waits_are_read_as_numbers_and_as_time_spans_and_never_negative() {
        for (text, want) in [
            ("3", Some(3.0)),
            ("\"2.5\"", Some(2.5)),
            ("\"00:01:30\"", Some(90.0)),
            ("null", None),
            ("-1", None),
            ("\"soon\"", None),
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(wait(&value).map(|wait| wait.as_secs_f64()), want, "{text}");
        }
    }

    #[test]
    fn a_body_that_is_no_error_gives_none() {
        for body in ["", "<html>", "[]", "{}", r#"{"error":null}"#, r#"{"error":7}"#] {
            assert_eq!(ServiceError::read(body.as_bytes()), None, "{body}");
        }
    }
}
