//! Recording exchanges in readable files, and replaying them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use self::redact::{RedactedAddress, Redactor};
use super::{Transport, TransportError, TransportErrorKind};
use crate::model::InvalidValue;

mod redact;

/// Recorded exchanges, safe to store in a file.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # use windows_autopilot::{Client, credential::FixedToken};
/// use windows_autopilot::transport::{Cassette, Recorder, Replayer};
///
/// let recorder = Recorder::new(tenant); // or a `ReqwestTransport`
/// let client = Client::builder(FixedToken::new("simulated")).with_transport(recorder.clone()).build()?;
/// client.devices().count().await?;
/// let text = recorder.cassette().to_json(); // for a file in the repository
///
/// let replayer = Replayer::new(Cassette::from_json(&text)?);
/// let client = Client::builder(FixedToken::new("simulated")).with_transport(replayer.clone()).build()?;
/// client.devices().count().await?;
/// assert!(replayer.unplayed().is_empty());
/// # Ok(()) });
/// ```
///
/// The file is JSON that people can review: the method, path, query and body of each request, and the status, selected
/// headers and body of its response. The value of any property that is not on the list of harmless ones becomes
/// `[redacted]`: secrets, tokens, hardware hashes and people's names are never recorded. Request headers are not
/// recorded.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Cassette {
    version: u32,
    exchanges: Vec<RecordedExchange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RecordedExchange {
    request: RecordedRequest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<RecordedResponse>,
    /// The failure, if there was no response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RecordedRequest {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    query: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct RecordedResponse {
    status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Failure {
    Connect,
    #[serde(rename = "refused")]
    NotAllowed,
    NotProcessed,
    Timeout,
    Interrupted,
    Body,
    #[serde(other)]
    Other,
}

const VERSION: u32 = 1;

impl Cassette {
    /// Returns the exchanges as a JSON string, to be saved to a file.
    pub fn to_json(&self) -> String {
        // Maps with text keys always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Parses the content of a file.
    ///
    /// # Errors
    /// [`InvalidValue`] if the text is not a cassette, or is a cassette of a different version.
    pub fn from_json(text: &str) -> Result<Self, InvalidValue> {
        const REMEDY: &str = "pass text that `Cassette::to_json` returned";
        let cassette: Self = serde_json::from_str(text)
            .map_err(|error| InvalidValue::new("cassette", error.to_string(), REMEDY))?;
        if cassette.version != VERSION {
            let problem = format!("has version {}, and this crate reads version {VERSION}", cassette.version);
            return Err(InvalidValue::new("cassette", problem, "record the exchanges again"));
        }
        Ok(cassette)
    }

    /// Returns the number of exchanges.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Returns `true` if there are no exchanges.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }
}

impl Default for Cassette {
    fn default() -> Self {
        Self { version: VERSION, exchanges: Vec::new() }
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette").field("exchanges", &self.exchanges.len()).finish_non_exhaustive()
    }
}

/// A transport that records the exchanges of another transport. Clones share the recording.
///
/// ```
/// # #[cfg(feature = "sim")]
/// # windows_autopilot::testing::run(async |_| {
/// use windows_autopilot::testing::Harness;
/// use windows_autopilot::transport::{Cassette, Recorder, Replayer};
/// # let tenant = Harness::new().tenant;
/// # tenant.add_device("PF3XK7M1");
///
/// let recorder = Recorder::new(tenant); // or over ReqwestTransport, once, against a test tenant
/// let Harness { client, .. } = Harness::builder().as_app().with_client(|client| client.with_transport(recorder.clone())).build();
/// let count = client.devices().count().await?;
/// let file = recorder.cassette().to_json();
///
/// let replayer = Replayer::new(Cassette::from_json(&file)?);
/// let Harness { client, .. } = Harness::builder().as_app().with_client(|client| client.with_transport(replayer.clone())).build();
/// assert_eq!(client.devices().count().await?, count);
/// assert!(replayer.unplayed().is_empty());
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<dyn Transport>,
    recording: Arc<Mutex<Recording>>,
}

#[derive(Default)]
struct Recording {
    redactor: Redactor,
    cassette: Cassette,
}

impl Recorder {
    /// Creates a recorder that wraps `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self { inner: Arc::new(transport), recording: Arc::default() }
    }

    /// Records the text of the given properties without redaction. Words that look like a token, a hash or an email
    /// address are still redacted.
    #[must_use]
    pub fn with_unredacted(self, properties: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut recording = self.recording();
        for property in properties {
            recording.redactor.allow(property);
        }
        drop(recording);
        self
    }

    /// Returns the exchanges recorded so far.
    pub fn cassette(&self) -> Cassette {
        self.recording().cassette.clone()
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recorded = self.recording().cassette.len();
        f.debug_struct("Recorder").field("transport", &self.inner).field("recorded", &recorded).finish()
    }
}

#[async_trait]
impl Transport for Recorder {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let pending = PendingRequest::of(&request);
        let result = self.inner.send(request).await;
        self.recording().record(&pending, &result);
        result
    }
}

/// A request, kept until its response arrives.
struct PendingRequest {
    method: http::Method,
    uri: http::Uri,
    content_type: String,
    authorization: Zeroizing<String>,
    body: Bytes,
}

impl PendingRequest {
    fn of(request: &http::Request<Bytes>) -> Self {
        let authorization = request.headers().get(AUTHORIZATION);
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            content_type: content_type(request.headers()),
            authorization: Zeroizing::new(
                authorization.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned(),
            ),
            body: request.body().clone(),
        }
    }

    fn redacted(&self, redactor: &mut Redactor) -> (RedactedAddress, RecordedRequest) {
        redactor.begin(&self.uri, &self.content_type, &self.body);
        let mut address = redactor.address(&self.uri);
        let body = redactor.body(&mut address, &self.content_type, &self.body);
        let (path, query) = (address.path.clone(), address.query.clone());
        let request = RecordedRequest { method: self.method.to_string(), path, query, body };
        (address, request)
    }
}

impl Recording {
    fn record(&mut self, exchange: &PendingRequest, result: &Result<http::Response<Bytes>, TransportError>) {
        let (mut address, request) = exchange.redacted(&mut self.redactor);
        let (response, failure) = match result {
            Ok(answer) => {
                self.redactor.add_credentials(&exchange.authorization);
                let body = self.redactor.body(&mut address, &content_type(answer.headers()), answer.body());
                let headers = self.redactor.headers(answer.headers());
                (Some(RecordedResponse { status: answer.status().as_u16(), headers, body }), None)
            }
            Err(error) => (None, Some(Failure::from(error.kind()))),
        };
        self.cassette.exchanges.push(RecordedExchange { request, response, failure });
    }
}

fn content_type(headers: &http::HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.to_ascii_lowercase()
}

/// A transport that replays a cassette. Clones share the playback state.
///
/// ```
/// use windows_autopilot::transport::{Cassette, Replayer};
/// let replayer = Replayer::new(Cassette::default());
/// assert!(replayer.unplayed().is_empty());
/// ```
///
/// Each recorded response is played once. A request gets the first unplayed response that was recorded for the same
/// method, path, query and body. Bodies are compared as JSON, regardless of the order of properties, and after
/// redaction, so requests that differ only in secrets match. A request without a recording fails, and the error lists
/// the differences from the closest recording.
#[derive(Clone)]
pub struct Replayer {
    playback: Arc<Mutex<Playback>>,
}

struct Playback {
    redactor: Redactor,
    exchanges: Vec<(RecordedExchange, bool)>,
}

impl Replayer {
    /// Creates a replayer for `cassette`.
    pub fn new(cassette: Cassette) -> Self {
        let exchanges = cassette.exchanges.into_iter().map(|exchange| (exchange, false)).collect();
        Self { playback: Arc::new(Mutex::new(Playback { redactor: Redactor::default(), exchanges })) }
    }

    /// Compares the given properties by their unredacted values. They must have been [recorded without
    /// redaction](Recorder::with_unredacted).
    #[must_use]
    pub fn with_unredacted(self, properties: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut playback = self.playback();
        for property in properties {
            playback.redactor.allow(property);
        }
        drop(playback);
        self
    }

    /// Returns the recorded requests that have not been played, such as `GET /v1.0/devices`.
    pub fn unplayed(&self) -> Vec<String> {
        let playback = self.playback();
        let left = playback.exchanges.iter().filter(|(_, played)| !played);
        left.map(|(exchange, _)| format!("{} {}", exchange.request.method, exchange.request.path)).collect()
    }

    fn playback(&self) -> MutexGuard<'_, Playback> {
        self.playback.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayer").field("unplayed", &self.unplayed().len()).finish()
    }
}

#[async_trait]
impl Transport for Replayer {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.playback().answer(&PendingRequest::of(&request))
    }
}

impl Playback {
    fn answer(&mut self, exchange: &PendingRequest) -> Result<http::Response<Bytes>, TransportError> {
        let (_, actual) = exchange.redacted(&mut self.redactor);
        let found =
            self.exchanges.iter_mut().find(|(recorded, played)| !played && recorded.request == actual);
        let Some((recorded, played)) = found else { return Err(self.mismatch(&actual)) };
        *played = true;
        match (&recorded.response, recorded.failure) {
            (Some(answer), _) => answer.to_response(),
            (None, failure) => {
                let kind = failure.unwrap_or(Failure::Other).into();
                Err(TransportError::new(kind, "replayed the recorded failure"))
            }
        }
    }

    fn mismatch(&self, actual: &RecordedRequest) -> TransportError {
        let shown = format!("{} {}", actual.method, actual.path);
        let same = self.exchanges.iter().filter(|(recorded, _)| recorded.request == *actual).count();
        let message = if same > 0 {
            format!("{shown} was recorded {same} times, and all recordings have been played")
        } else {
            let unplayed = self.exchanges.iter().enumerate().filter(|(_, (_, played))| !played);
            let nearest = unplayed
                .map(|(index, (recorded, _))| (index, recorded, differences(&recorded.request, actual)))
                .min_by_key(|(_, recorded, differences)| {
                    let other =
                        recorded.request.method != actual.method || recorded.request.path != actual.path;
                    (other, differences.len())
                });
            match nearest {
                None => format!("{shown} was not recorded, and all recordings have been played"),
                Some((index, recorded, differences)) => format!(
                    "{shown} was not recorded with these values; the closest recording, number {}, {} {}, differs: {}",
                    index + 1,
                    recorded.request.method,
                    recorded.request.path,
                    differences.join("; ")
                ),
            }
        };
        TransportError::new(TransportErrorKind::NotAllowed, message)
    }
}

/// Returns the differences between two requests as text.
fn differences(recorded: &RecordedRequest, actual: &RecordedRequest) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, recorded: &str, actual: &str| {
        if recorded != actual {
            found.push(format!("{what} was {recorded:?} and is {actual:?}"));
        }
    };
    compare("the method", &recorded.method, &actual.method);
    compare("the path", &recorded.path, &actual.path);
    let absent = String::from("(absent)");
    let names: std::collections::BTreeSet<&String> =
        recorded.query.keys().chain(actual.query.keys()).collect();
    for name in names {
        let value = |of: &RecordedRequest| of.query.get(name).unwrap_or(&absent).clone();
        compare(&format!("the query's {name}"), &value(recorded), &value(actual));
    }
    body_differences("", recorded.body.as_ref(), actual.body.as_ref(), &mut found);
    found
}

/// The maximum number of differences of a body that an error lists.
const MAX_DIFFERENCES: usize = 8;

fn body_differences(at: &str, recorded: Option<&Value>, actual: Option<&Value>, found: &mut Vec<String>) {
    if recorded == actual || found.len() >= MAX_DIFFERENCES {
        return;
    }
    match (recorded, actual) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                body_differences(&format!("{at}/{name}"), old.get(name), new.get(name), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                body_differences(&format!("{at}/{index}"), Some(old), Some(new), found);
            }
        }
        _ => {
            let show = |value: Option<&Value>| match value {
                None => "absent".to_owned(),
                Some(Value::Array(items)) => format!("a list of {}", items.len()),
                Some(Value::Object(_)) => "an object".to_owned(),
                Some(value) => value.to_string(),
            };
            let place = if at.is_empty() { "itself" } else { at };
            found.push(format!("the body's {place} was {} and is {}", show(recorded), show(actual)));
        }
    }
}

impl RecordedResponse {
    fn is_json(&self) -> bool {
        self.headers.get(CONTENT_TYPE.as_str()).is_none_or(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    fn to_response(&self) -> Result<http::Response<Bytes>, TransportError> {
        let broken = |what: String| {
            TransportError::new(TransportErrorKind::NotAllowed, format!("the cassette {what}"))
        };
        let body = match &self.body {
            None => Bytes::new(),
            Some(Value::String(text)) if !self.is_json() => Bytes::from(text.clone()),
            Some(body) => Bytes::from(body.to_string()),
        };
        let mut answer = http::Response::new(body);
        *answer.status_mut() = StatusCode::from_u16(self.status)
            .map_err(|_| broken(format!("has the status {}", self.status)))?;
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).map_err(|_| broken(format!("has the header {name:?}")))?;
            let value = HeaderValue::try_from(value).map_err(|_| broken(format!("has a value of {name}")))?;
            answer.headers_mut().insert(name, value);
        }
        Ok(answer)
    }
}

impl From<TransportErrorKind> for Failure {
    fn from(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::Connect => Self::Connect,
            TransportErrorKind::NotAllowed => Self::NotAllowed,
            TransportErrorKind::NotProcessed => Self::NotProcessed,
            TransportErrorKind::Timeout => Self::Timeout,
            TransportErrorKind::Interrupted => Self::Interrupted,
            TransportErrorKind::Body => Self::Body,
            TransportErrorKind::Other => Self::Other,
        }
    }
}

impl From<Failure> for TransportErrorKind {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Connect => Self::Connect,
            Failure::NotAllowed => Self::NotAllowed,
            Failure::NotProcessed => Self::NotProcessed,
            Failure::Timeout => Self::Timeout,
            Failure::Interrupted => Self::Interrupted,
            Failure::Body => Self::Body,
            Failure::Other => Self::Other,
        }
    }
}
