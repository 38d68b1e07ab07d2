//! Decoding of responses, with errors that say what is wrong with the body.

use bytes::Bytes;
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result};
use crate::foreign::{excerpt, json};

pub(crate) type RawResponse = http::Response<Bytes>;

/// Returns the body as text, without a byte order mark.
pub(crate) fn text(answer: &RawResponse) -> Result<&str> {
    let body: &[u8] = answer.body();
    let body = body.get(mark_length(body)..).unwrap_or_default();
    std::str::from_utf8(body).map_err(|error| not_utf8(error, body.len()))
}

/// Returns the body as JSON text. Refuses another content type, such as the page of a captive portal.
pub(crate) fn json_text(answer: &RawResponse) -> Result<&str> {
    check_content_type(answer)?;
    let text = text(answer)?;
    check_not_blank(text).map(|()| text)
}

/// Takes the body as JSON text without a copy. Returns the text and its start behind a byte order mark.
pub(crate) fn take_json_text(answer: &mut RawResponse) -> Result<(String, usize)> {
    check_content_type(answer)?;
    let body = std::mem::take(answer.body_mut());
    let begin = mark_length(&body);
    let text = String::from_utf8(body.into())
        .map_err(|error| not_utf8(error.utf8_error(), error.as_bytes().len()))?;
    check_not_blank(text.get(begin..).unwrap_or_default()).map(|()| (text, begin))
}

/// Returns the length of the byte order mark.
fn mark_length(body: &[u8]) -> usize {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if body.starts_with(MARK) { MARK.len() } else { 0 }
}

fn not_utf8(error: std::str::Utf8Error, length: usize) -> Error {
    let message = format!("the response is not UTF-8: byte {} of {length}", error.valid_up_to());
    Error::new(ErrorKind::Decode, message)
}

fn check_not_blank(text: &str) -> Result<()> {
    match text.trim_ascii_start().is_empty() {
        true => Err(Error::new(ErrorKind::Decode, "expected JSON and got an empty body")),
        false => Ok(()),
    }
}

fn check_content_type(answer: &RawResponse) -> Result<()> {
    let content_type =
        answer.headers().get(http::header::CONTENT_TYPE).and_then(|content_type| content_type.to_str().ok());
    let is_json = |content_type: &str| {
        content_type.as_bytes().windows(4).any(|part| part.eq_ignore_ascii_case(b"json"))
    };
    if let Some(content_type) = content_type.filter(|content_type| !is_json(content_type)) {
        let found = excerpt(answer.body(), 120);
        let message = format!("expected JSON and got {}: {found}", excerpt(content_type, 60));
        return Err(Error::new(ErrorKind::Decode, message));
    }
    Ok(())
}

pub(crate) fn decode_error(error: &serde_json::Error) -> Error {
    let truncated = error.is_eof();
    let message = if truncated { "the response is cut short" } else { "the response is not valid" };
    Error::new(ErrorKind::Decode, format!("{message}: {}", json::problem(error, 200)))
        .with_cut_short(truncated)
}

/// Decodes an object, bare or wrapped in `{"value": …}`: the documentation shows both.
pub(crate) fn entity<T: DeserializeOwned>(answer: &mut RawResponse) -> Result<T> {
    let text = json_text(answer)?;
    let read = |text| {
        let mut decoder = serde_json::Deserializer::from_str(text);
        T::deserialize(&mut decoder).and_then(|read| decoder.end().map(|()| read))
    };
    read(text).or_else(|error| {
        unwrapped(text).and_then(|inner| read(inner).ok()).ok_or_else(|| decode_error(&error))
    })
}

/// Decodes an object without required properties: bare, in `{"value": {…}}`, or the first of `{"value": […]}`. Only the
/// wrapper tells the forms apart.
pub(crate) fn entity_in_value<T: DeserializeOwned>(answer: &mut RawResponse) -> Result<T> {
    let text = json_text(answer)?;
    let inner = unwrapped(text).unwrap_or(text);
    let read = match inner.starts_with('[') {
        true => serde_json::from_str::<Vec<T>>(inner).map(|all| all.into_iter().next()),
        false => serde_json::from_str(inner).map(Some),
    };
    let none = || Error::new(ErrorKind::Decode, "expected an object and got an empty list");
    read.map_err(|error| decode_error(&error))?.ok_or_else(none)
}

/// Decodes an object, or an empty body if `T` is `()` or an `Option`.
pub(crate) fn entity_or_empty<T: DeserializeOwned>(answer: &mut RawResponse) -> Result<T> {
    if text(answer)?.trim_ascii().is_empty()
        && let Ok(empty) = T::deserialize(Empty)
    {
        return Ok(empty);
    }
    entity(answer)
}

/// A deserializer for an empty body: only `()` and `None` deserialize from it.
struct Empty;

impl<'de> Deserializer<'de> for Empty {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> std::result::Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("the response is empty"))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// Returns the value inside `{"value": …}`.
fn unwrapped(text: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        value: &'a RawValue,
    }
    serde_json::from_str::<Wrapped<'_>>(text).ok().map(|wrapped| wrapped.value.get())
}

/// Decodes the `value` of an action that returns a collection.
pub(crate) fn list_value<T: DeserializeOwned>(answer: &mut RawResponse) -> Result<Vec<T>> {
    super::page::decode_page(answer)?.into_items().collect()
}

/// Decodes an object, or `None` if the body is empty.
pub(crate) fn decode_if_any<T: DeserializeOwned>(answer: &mut RawResponse) -> Result<Option<T>> {
    if answer.status() == http::StatusCode::NO_CONTENT || text(answer)?.trim_ascii().is_empty() {
        return Ok(None);
    }
    entity(answer).map(Some)
}

/// Accepts any success that is empty or JSON, but not the page of a captive portal.
pub(crate) fn nothing(answer: &mut RawResponse) -> Result<()> {
    let text = text(answer)?;
    if text.trim_ascii().is_empty() { Ok(()) } else { json_text(answer).map(|_| ()) }
}

/// Decodes the plain number that `/$count` returns.
pub(crate) fn count(answer: &mut RawResponse) -> Result<u64> {
    let text = text(answer)?;
    text.trim().parse().map_err(|error: std::num::ParseIntError| {
        let message = format!("expected a number and got {:?}", excerpt(text, 60));
        Error::new(ErrorKind::Decode, message).with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn answer(content_type: &str, body: &[u8]) -> RawResponse {
        let mut answer = http::Response::new(Bytes::copy_from_slice(body));
        answer.headers_mut().insert(http::header::CONTENT_TYPE, content_type.parse().unwrap());
        answer
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(entity::<Vec<u8>>(&mut answer("application/json", b"\xef\xbb\xbf[1]")).unwrap(), [1]);
        assert_eq!(count(&mut answer("text/plain", b"\xef\xbb\xbf42")).unwrap(), 42);
    }

    #[test]
    fn a_body_that_is_not_json_is_an_error() {
        for (content_type, body, says) in [
            (
                "text/html; charset=utf-8",
                &b"<html><h1>Sign in to WiFi</h1>"[..],
                "text/html; charset=utf-8: Sign in to WiFi",
            ),
            ("application/json", b"", "an empty body"),
            ("application/json", b"{\"a\":", "cut short"),
            ("application/json", b"{\"a\":\xff}", "byte 5"),
            ("application/json", b"nonsense", "not valid"),
            ("application/json", b"{\"a\":1}]", "not valid"),
            ("application/json", b"{\"a\":1}{\"a\":2}", "not valid"),
        ] {
            let error = entity::<Value>(&mut answer(content_type, body)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_stack_overflow() {
        #[derive(Debug, Deserialize)]
        struct Thing {
            #[serde(default)]
            #[allow(dead_code, reason = "only decoded")]
            known: Option<Value>,
        }
        for key in ["known", "other"] {
            let body = format!("{{\"{key}\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
            let result = entity::<Thing>(&mut answer("application/json", body.as_bytes()));
            // Unknown members are skipped without recursion, so they may nest to any depth.
            assert_eq!(result.is_err(), key == "known", "{key}");
        }
    }

    #[test]
    fn an_object_is_read_bare_and_wrapped() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Thing {
            id: String,
        }
        for body in [r#"{"id":"1"}"#, r#"{"value":{"id":"1"}}"#] {
            assert_eq!(entity::<Thing>(&mut answer("application/json", body.as_bytes())).unwrap().id, "1");
        }
    }

    #[test]
    fn an_object_of_optional_properties_reads_bare_and_wrapped() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Thing {
            state: Option<String>,
        }
        let read = |body: &str| entity_in_value::<Thing>(&mut answer("application/json", body.as_bytes()));
        for body in [
            r#"{"state":"on"}"#,
            r#"{"@odata.context":"c","value":{"state":"on"}}"#,
            r#"{"value": [{"state":"on"}]}"#,
        ] {
            assert_eq!(read(body).unwrap().state.as_deref(), Some("on"), "{body}");
        }
        for body in [r#"{"value":[]}"#, r#"{"value":7}"#] {
            assert_eq!(read(body).unwrap_err().kind(), ErrorKind::Decode, "{body}");
        }
    }
}
