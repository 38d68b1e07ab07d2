//! Graph's error body, and Intune's error inside it.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::foreign::{Redactor, excerpt, json, scrub};

/// The error that the service returned in a response.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # use windows_autopilot::sim::Fault;
/// # tenant.fault(Fault::status(400).once());
/// if let Err(error) = client.devices().count().await
///     && let Some(service) = error.service()
/// {
///     eprintln!("{}: {}", service.code(), service.message());
///     eprintln!("for a ticket at Microsoft: {:?}, {:?}", error.request_id(), error.date());
/// }
/// # Ok(()) });
/// ```
///
/// Intune wraps its own error as a JSON string in Graph's `message`, sometimes several levels deep. All layers are
/// decoded, and [`ServiceError::message`] is the innermost message, truncated to 1 KiB. Match on
/// [`Error::kind`](crate::Error::kind) or [`ServiceError::code`], never on the message.
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

/// The depth limit of inner errors and of JSON inside JSON.
const DEPTH: usize = 8;

/// The length limit of a code, a phrase or an id, in characters.
const CODE: usize = 200;

impl ServiceError {
    /// Reads the error from a body; `None` if there is none, as in a proxy's page.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let Value::Object(body) = json::value(body)? else { return None };
        let mut found = Self::default();
        match body.get("error")? {
            // Sign-in returns `{"error":"invalid_client","error_description":"AADSTS…"}`.
            Value::String(code) => {
                let description = text(&body, &["error_description"]).unwrap_or_default();
                found.code = excerpt(code, CODE);
                found.message = scrub(description.lines().next().unwrap_or_default());
                let code = found.message.split([':', ' ']).next().filter(|code| code.starts_with("AADSTS"));
                found.inner_codes.extend(code.map(str::to_owned));
            }
            Value::Object(error) => {
                found.code = excerpt(text(error, CODES).unwrap_or_default(), CODE);
                found.read_message(text(error, MESSAGES).unwrap_or_default(), DEPTH);
                found.read_inner(error, DEPTH);
            }
            _ => return None,
        }
        Some(found)
    }

    fn read_inner(&mut self, error: &Map<String, Value>, depth: usize) {
        let Some(Value::Object(inner)) = member(error, &["innerError"]) else { return };
        self.add_code(text(inner, CODES));
        if self.request_id.is_none() {
            self.request_id = text(inner, &["request-id"]).map(|id| excerpt(id, CODE));
        }
        if depth > 0 {
            self.read_inner(inner, depth - 1);
        }
    }

    fn add_code(&mut self, code: Option<&str>) {
        let Some(code) = code.filter(|code| !code.is_empty()).map(|code| excerpt(code, CODE)) else { return };
        if self.inner_codes.len() < DEPTH && code != self.code && !self.inner_codes.contains(&code) {
            self.inner_codes.push(code);
        }
    }

    /// Reads Graph's message, or the innermost message of JSON in it, alone or after other words.
    fn read_message(&mut self, message: &str, depth: usize) {
        let message = message.trim();
        let start = message.find('{').filter(|_| depth > 0);
        let (before, inner) = match start.and_then(|start| message.split_at_checked(start)) {
            Some((before, inner)) => (before, json::value(inner.as_bytes())),
            None => ("", json::value(message.as_bytes()).filter(|_| depth > 0)),
        };
        match inner {
            // JSON text inside JSON text.
            Some(Value::String(inner)) => self.read_message(&inner, depth - 1),
            Some(Value::Object(inner)) => self.read_wrapped(before, message, &inner, depth - 1),
            _ => self.read_text(message),
        }
    }

    /// Reads a message without its tail for support: operation and activity id, and the address of the service.
    fn read_text(&mut self, text: &str) {
        let (message, tail) = text.split_once(" - Operation ID").unwrap_or((text, ""));
        self.message = scrub(message.trim());
        if let Some((_, rest)) = tail.split_once("Activity ID: ") {
            self.activity_id = rest.split([' ', '\r', '\n']).next().map(|id| excerpt(id, CODE));
        }
    }

    /// Reads the error from an object inside a message.
    fn read_wrapped(&mut self, before: &str, whole: &str, inner: &Map<String, Value>, depth: usize) {
        let error = match member(inner, &["error"]) {
            Some(Value::Object(error)) => error,
            _ => inner,
        };
        let Some(message) = text(error, MESSAGES) else {
            self.message = scrub(whole);
            return;
        };
        self.add_code(text(error, CODES));
        self.read_inner(error, DEPTH);
        self.phrase = text(error, &["CustomApiErrorPhrase"])
            .filter(|phrase| !phrase.is_empty())
            .map(|phrase| excerpt(phrase, CODE))
            .or(self.phrase.take());
        self.retry_after = self.retry_after.or_else(|| {
            member(error, &["RetryAfter"]).and_then(wait).or_else(|| {
                let headers = json::value(text(error, &["HttpHeaders"])?.as_bytes())?;
                member(headers.as_object()?, &["Retry-After"]).and_then(wait)
            })
        });
        self.read_message(message, depth);
        let before = before.trim().trim_end_matches([':', '-', '"']).trim_end();
        if !before.is_empty() {
            self.message = scrub(&format!("{before}: {}", self.message));
        }
    }

    /// Redacts the values of the request.
    pub(super) fn redact(&mut self, redactor: &Redactor) {
        let own = [&mut self.code, &mut self.message].into_iter().chain(&mut self.inner_codes);
        let ids = [&mut self.phrase, &mut self.activity_id, &mut self.request_id];
        own.chain(ids.into_iter().flatten()).for_each(|text| *text = redactor.text(text));
    }

    /// Returns Graph's code, such as `BadRequest`; may be empty.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the codes of inner errors, outermost first; for a failed sign-in, the `AADSTS` number.
    pub fn inner_codes(&self) -> &[String] {
        &self.inner_codes
    }

    /// Returns the message: Intune's own if there is one. The message is meant for human readers; never match on it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns Intune's `CustomApiErrorPhrase`, if it is not empty.
    pub fn phrase(&self) -> Option<&str> {
        self.phrase.as_deref()
    }

    /// Returns Intune's activity id, for Microsoft Support.
    pub fn activity_id(&self) -> Option<&str> {
        self.activity_id.as_deref()
    }

    /// Returns the delay that Intune's message asks for, which may be the only such hint in the response.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns `true` if `code` is the error's code or that of an inner error, regardless of case.
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

/// Parses a wait as Intune writes it: seconds as a number or as text, or `hh:mm:ss`.
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

/// The names of members with a code or a message, as the services behind Graph spell them, regardless of case.
const CODES: &[&str] = &["code", "errorCode"];
const MESSAGES: &[&str] = &["message", "errorMessage", "error_description"];

/// Returns the first member with one of these names.
fn member<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        object.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

fn text<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    member(object, names).and_then(Value::as_str)
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
    fn json_is_opened_however_often_it_is_nested() {
        let innermost = "Another profile is already assigned to All Devices";
        let mut message = serde_json::json!({
            "Message": format!("{innermost} - Operation ID (for customer support): x - Activity ID: a1"), "RetryAfter": 7,
        })
        .to_string();
        for depth in 1..=5 {
            message = match depth % 3 {
                0 => serde_json::json!({"error": {"code": "Inner", "message": message}}).to_string(),
                1 => format!("Failed: {message}"),
                _ => serde_json::json!({"Message": message, "CustomApiErrorPhrase": "Taken"}).to_string(),
            };
            let body = serde_json::json!({"error": {"code": "BadRequest", "message": message}}).to_string();
            let error = read(&body);
            assert!(
                error.message().ends_with(innermost) && !error.message().contains('{'),
                "{depth}: {error:?}"
            );
            assert_eq!(
                (error.activity_id(), error.retry_after()),
                (Some("a1"), Some(Duration::from_secs(7)))
            );
            assert_eq!(error.has_code("inner"), depth >= 3, "{depth}");
            // A truncated body still has some text.
            let cut = ServiceError::read(&body.as_bytes()[..body.len() / 2]).unwrap();
            assert_eq!(cut.code(), "BadRequest");
        }
        assert_eq!(
            read(r#"{"error":{"code":"a","message":"use {id} in the path"}}"#).message(),
            "use {id} in the path"
        );
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
    fn waits_parse_as_numbers_and_time_spans() {
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
    fn a_body_without_an_error_reads_as_none() {
        for body in ["", "<html>", "[]", "{}", r#"{"error":null}"#, r#"{"error":7}"#] {
            assert_eq!(ServiceError::read(body.as_bytes()), None, "{body}");
        }
    }
}
