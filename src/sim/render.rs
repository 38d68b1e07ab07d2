//! Renders answers for the wire.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::{Failure, Form};
use super::exchange::{Answer, Reply, Request};

/// Renders an answer for the wire.
pub(super) fn render(now: Timestamp, request: &Request, answer: Answer) -> Response<Bytes> {
    let (status, content_type, body) = match &answer {
        Ok(Reply::NoContent) => (StatusCode::NO_CONTENT, None, Bytes::new()),
        Ok(Reply::Empty) => (StatusCode::OK, None, Bytes::new()),
        Ok(Reply::Text(text)) => (StatusCode::OK, Some("text/plain"), Bytes::from(text.clone())),
        Ok(Reply::Raw(json)) => (StatusCode::OK, Some(JSON), json.clone()),
        Ok(Reply::Json(status, value)) => (*status, Some(JSON), Bytes::from(value.to_string())),
        // The gateway has answered its parts before.
        Ok(Reply::Batch(_)) => (StatusCode::OK, Some(JSON), Bytes::new()),
        Err(failure) => {
            (failure.status, Some("application/json"), Bytes::from(error_body(failure, request).to_string()))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("request-id", header_value(&request.request_id));
    headers.insert("client-request-id", header_value(&request.client_request_id));
    headers.insert("x-ms-ags-diagnostic", HeaderValue::from_static(DIAGNOSTIC));
    headers.insert("odata-version", HeaderValue::from_static("4.0"));
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    headers.insert(header::DATE, header_value(&date));
    match &answer {
        Ok(Reply::Json(StatusCode::CREATED, value)) => {
            if let Some(id) = value.get("id").and_then(Value::as_str) {
                let place = format!("{}/{}{}('{id}')", request.origin, request.version, request.path);
                headers.insert(header::LOCATION, header_value(&place));
            }
        }
        Err(Failure { retry_after, challenge, .. }) => {
            if let Some(wait) = retry_after {
                headers.insert(header::RETRY_AFTER, header_value(wait));
            }
            if let Some(challenge) = challenge {
                headers.insert(header::WWW_AUTHENTICATE, header_value(challenge));
            }
        }
        Ok(_) => {}
    }
    response
}

pub(super) const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

const DIAGNOSTIC: &str = "{\"ServerInfo\":{\"DataCenter\":\"West Europe\",\"Slice\":\"E\",\"Ring\":\"5\",\"ScaleUnit\":\"001\",\"RoleInstance\":\"SIM0000001\"}}";

/// Returns the body of an error answer.
fn error_body(failure: &Failure, request: &Request) -> Value {
    let message = match failure.form {
        Form::Plain | Form::Model => failure.message.to_string(),
        Form::Wrapped => wrap(&failure.message, request),
        Form::WrappedTwice => json!({
            "ErrorCode": StatusCode::canonical_reason(&failure.status),
            "Message": wrap(&failure.message, request),
            "Target": null,
            "Details": null,
            "InnerError": null,
            "InstanceAnnotations": [],
        })
        .to_string(),
    };
    let mut body = json!({"error": {
        "code": failure.code,
        "message": message,
        "innerError": {
            "date": request.date(),
            "request-id": request.request_id,
            "client-request-id": request.client_request_id,
        },
    }});
    if failure.form == Form::Model
        && let Some(Value::Object(inner)) = body.pointer_mut("/error/innerError")
    {
        inner.insert("message".to_owned(), failure.message.as_ref().into());
    }
    body
}

/// Wraps Intune's message: JSON text with the path as its own front end saw it.
fn wrap(message: &str, request: &Request) -> String {
    let said = format!(
        "{message} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: {} - \
         Url: https://fef.msub06.manage.microsoft.com/DeviceEnrollmentFE/StatelessDeviceEnrollmentFEService{}\
         ?api-version=5025-09-17",
        request.client_request_id, request.path,
    );
    format!(
        "{{\r\n  \"_version\": 3,\r\n  \"Message\": {},\r\n  \"CustomApiErrorPhrase\": \"\",\r\n  \"RetryAfter\": \
         null,\r\n  \"ErrorSourceService\": \"\",\r\n  \"HttpHeaders\": \"{{}}\"\r\n}}",
        Value::String(said),
    )
}

/// Creates a header value from printable text.
pub(super) fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
