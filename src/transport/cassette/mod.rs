//! Exchanges recorded and played back, in files that can be read and shown.

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

use self::redact::{Place, Redactor};
use super::{Transport, TransportError, TransportErrorKind};
use crate::model::InvalidValue;

mod redact;

/// Exchanges, as they may stand in a file.
///
/// A file is JSON, to be read and reviewed: method, path, query and body of each request; status, some headers and the
/// body of its answer. What is not on a list of harmless properties is replaced by `[redacted]`: secrets, tokens, hardware
/// hashes and names of people never get into it. Request headers are not recorded at all.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Cassette {
    version: u32,
    exchanges: Vec<Recorded>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Recorded {
    request: Asked,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<Answered>,
    /// Instead of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Asked {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    query: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Answered {
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
    /// The exchanges as text for a file.
    pub fn to_json(&self) -> String {
        // Maps with text as keys can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no cassette, or one of a later version.
    pub fn from_json(text: &str) -> Result<Self, InvalidValue> {
        const REMEDY: &str = "give the text that `Cassette::to_json` wrote";
        let cassette: Self = serde_json::from_str(text)
            .map_err(|error| InvalidValue::new("cassette", error.to_string(), REMEDY))?;
        if cassette.version != VERSION {
            let problem =
                format!("is of version {}, and this crate reads version {VERSION}", cassette.version);
            return Err(InvalidValue::new("cassette", problem, "record it again"));
        }
        Ok(cassette)
    }

    /// How many exchanges it holds.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether it holds no exchange.
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

/// Records what goes over a transport. Clones record together.
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
    tape: Arc<Mutex<Tape>>,
}

#[derive(Default)]
struct Tape {
    redactor: Redactor,
    cassette: Cassette,
}

impl Recorder {
    /// Records what goes over `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self { inner: Arc::new(transport), tape: Arc::default() }
    }

    /// Records the text of these properties of bodies, too. Words in the text that look like a token, a hash or an address
    /// of a person are still replaced.
    #[must_use]
    pub fn with_unredacted(self, properties: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut tape = self.tape();
        for property in properties {
            tape.redactor.allow(property);
        }
        drop(tape);
        self
    }

    /// What was recorded so far.
    pub fn cassette(&self) -> Cassette {
        self.tape().cassette.clone()
    }

    fn tape(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recorded = self.tape().cassette.len();
        f.debug_struct("Recorder").field("transport", &self.inner).field("recorded", &recorded).finish()
    }
}

#[async_trait]
impl Transport for Recorder {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let asked = Exchange::of(&request);
        let result = self.inner.send(request).await;
        self.tape().record(&asked, &result);
        result
    }
}

/// A request, kept until its answer comes.
struct Exchange {
    method: http::Method,
    uri: http::Uri,
    content_type: String,
    authorization: Zeroizing<String>,
    body: Bytes,
}

impl Exchange {
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

    fn asked(&self, redactor: &mut Redactor) -> (Place, Asked) {
        redactor.begin(&self.uri, &self.content_type, &self.body);
        let mut place = redactor.place(&self.uri);
        let body = redactor.body(&mut place, &self.content_type, &self.body);
        let (path, query) = (place.path.clone(), place.query.clone());
        let asked = Asked { method: self.method.to_string(), path, query, body };
        (place, asked)
    }
}

impl Tape {
    fn record(&mut self, exchange: &Exchange, result: &Result<http::Response<Bytes>, TransportError>) {
        let (mut place, request) = exchange.asked(&mut self.redactor);
        let (response, failure) = match result {
            Ok(answer) => {
                self.redactor.answered_to(&exchange.authorization);
                let body = self.redactor.body(&mut place, &content_type(answer.headers()), answer.body());
                let headers = self.redactor.headers(answer.headers());
                (Some(Answered { status: answer.status().as_u16(), headers, body }), None)
            }
            Err(error) => (None, Some(Failure::from(error.kind()))),
        };
        self.cassette.exchanges.push(Recorded { request, response, failure });
    }
}

fn content_type(headers: &http::HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.to_ascii_lowercase()
}

/// Answers from a cassette. Clones play together.
///
/// A request gets the first answer not yet played that was recorded for the same method, path, query and body; bodies are
/// compared as JSON, so that the order of properties does not matter, and both sides are redacted before, so that other
/// secrets do not matter either. There is one answer for each that was recorded. A request that nothing was recorded for
/// fails, and the error says what the likeliest recording has otherwise.
#[derive(Clone)]
pub struct Replayer {
    play: Arc<Mutex<Play>>,
}

struct Play {
    redactor: Redactor,
    exchanges: Vec<(Recorded, bool)>,
}

impl Replayer {
    /// Answers from `cassette`.
    pub fn new(cassette: Cassette) -> Self {
        let exchanges = cassette.exchanges.into_iter().map(|exchange| (exchange, false)).collect();
        Self { play: Arc::new(Mutex::new(Play { redactor: Redactor::default(), exchanges })) }
    }

    /// Compares the text of these properties, too: those that were [recorded unredacted](Recorder::with_unredacted).
    #[must_use]
    pub fn with_unredacted(self, properties: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut play = self.play();
        for property in properties {
            play.redactor.allow(property);
        }
        drop(play);
        self
    }

    /// The requests that were recorded and not asked for so far, such as `GET /v1.0/devices`.
    pub fn unplayed(&self) -> Vec<String> {
        let play = self.play();
        let left = play.exchanges.iter().filter(|(_, played)| !played);
        left.map(|(exchange, _)| format!("{} {}", exchange.request.method, exchange.request.path)).collect()
    }

    fn play(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.play().answer(&Exchange::of(&request))
    }
}

impl Play {
    fn answer(&mut self, exchange: &Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let (_, asked) = exchange.asked(&mut self.redactor);
        let found = self.exchanges.iter_mut().find(|(recorded, played)| !played && recorded.request == asked);
        let Some((recorded, played)) = found else { return Err(self.mismatch(&asked)) };
        *played = true;
        match (&recorded.response, recorded.failure) {
            (Some(answer), _) => answer.to_response(),
            (None, failure) => {
                let kind = failure.unwrap_or(Failure::Other).into();
                Err(TransportError::new(kind, "failed as it did when it was recorded"))
            }
        }
    }

    fn mismatch(&self, asked: &Asked) -> TransportError {
        let shown = format!("{} {}", asked.method, asked.path);
        let same = self.exchanges.iter().filter(|(recorded, _)| recorded.request == *asked).count();
        let message = if same > 0 {
            format!("{shown} was recorded {same} times, and all of them are played")
        } else {
            let unplayed = self.exchanges.iter().enumerate().filter(|(_, (_, played))| !played);
            let nearest = unplayed
                .map(|(index, (recorded, _))| (index, recorded, differences(&recorded.request, asked)))
                .min_by_key(|(_, recorded, differences)| {
                    let other =
                        recorded.request.method != asked.method || recorded.request.path != asked.path;
                    (other, differences.len())
                });
            match nearest {
                None => format!("{shown} was not recorded, and everything that was is played"),
                Some((index, recorded, differences)) => format!(
                    "{shown} was not recorded so; the likeliest, number {}, {} {}, differs: {}",
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

/// What two requests do not have in common, in words.
fn differences(recorded: &Asked, asked: &Asked) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, recorded: &str, asked: &str| {
        if recorded != asked {
            found.push(format!("{what} was {recorded:?} and is {asked:?}"));
        }
    };
    compare("the method", &recorded.method, &asked.method);
    compare("the path", &recorded.path, &asked.path);
    let absent = String::from("(absent)");
    let names: std::collections::BTreeSet<&String> =
        recorded.query.keys().chain(asked.query.keys()).collect();
    for name in names {
        let value = |of: &Asked| of.query.get(name).unwrap_or(&absent).clone();
        compare(&format!("the query's {name}"), &value(recorded), &value(asked));
    }
    body_differences("", recorded.body.as_ref(), asked.body.as_ref(), &mut found);
    found
}

/// The most differences of a body that are told.
const MOST: usize = 8;

fn body_differences(at: &str, recorded: Option<&Value>, asked: Option<&Value>, found: &mut Vec<String>) {
    if recorded == asked || found.len() >= MOST {
        return;
    }
    match (recorded, asked) {
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
            found.push(format!("the body's {place} was {} and is {}", show(recorded), show(asked)));
        }
    }
}

impl Answered {
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
