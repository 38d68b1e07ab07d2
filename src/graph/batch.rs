//! `$batch`: many requests in one exchange.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::client::Client;
use super::decode::{self, RawResponse};
use super::exchange::SendOptions;
use super::operation::{JSON, Operation};
use crate::catalog::{self, ApiVersion, OperationInfo};
use crate::error::{Error, ErrorKind, RequestIds, Result, ServiceError, if_found};
use crate::foreign::Redactor;
use crate::pipeline::auth::{TokenDemand, TokenUsed, demanded_token};
use crate::pipeline::retry::{
    Decision, Outcome, Spent, closes_gate, decide, needs_new_connection, without_budget,
};
use crate::pipeline::window::Lane;
use crate::pipeline::workload::{BatchParts, workload};
use crate::pipeline::{Progress, leaves_open, retry_after};

/// The maximum number of requests that Graph takes in one batch.
const MAX_REQUESTS: usize = 20;

/// Requests that are sent together, twenty at a time.
///
/// If there are more than twenty, they are sent in concurrent exchanges: as many as the service accepts without
/// throttling, up to [`Limits::concurrency`](crate::pipeline::Limits::concurrency).
///
/// Each request has its own outcome. A request that fails for a transient reason is retried on its own, after the
/// longest wait that the service asked for; a request that is not idempotent and may have taken effect is not retried.
/// The order of execution is undefined: do not batch requests that depend on each other.
///
/// ```
/// # use windows_autopilot::{Client, Result, model::{Device, Id}};
/// # async fn run(client: &Client, ids: &[Id<Device>]) -> Result<()> {
/// let mut batch = client.batch();
/// let slots: Vec<_> = ids.iter().map(|id| batch.add(client.devices().get(id))).collect();
/// let mut answers = batch.await?;
/// for slot in slots {
///     let device = answers.take(slot)?;
/// }
/// # Ok(()) }
/// ```
#[must_use = "a batch sends nothing until it is awaited"]
pub struct Batch {
    client: Client,
    id: u64,
    requests: Vec<Request>,
    timeout: Option<Duration>,
    progress: Option<Arc<dyn Fn(BatchProgress) + Send + Sync>>,
}

/// The progress of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchProgress {
    /// The number of requests with an outcome, success or failure.
    pub answered: usize,
    /// The total number of requests.
    pub total: usize,
}

struct Request {
    info: OperationInfo,
    version: ApiVersion,
    url: String,
    shown: String,
    headers: HeaderMap,
    body: Option<Bytes>,
    invalid: Option<String>,
}

/// A handle to the response of one request in a batch.
#[must_use = "the response is taken by its slot"]
pub struct Slot<T> {
    batch: u64,
    index: usize,
    decode: fn(&mut RawResponse) -> Result<T>,
    answer: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Slot<T> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.index).finish()
    }
}

impl Batch {
    #[inline]
    pub(crate) fn new(client: &Client) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { client: client.clone(), id, requests: Vec::new(), timeout: None, progress: None }
    }

    /// Sets a hard timeout for the whole batch. A request without a response then fails with [`ErrorKind::Timeout`], or
    /// with [`ErrorKind::UnknownOutcome`] if it may have taken effect. By default, the client's call timeout applies to
    /// each exchange.
    #[inline]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Registers an observer that is called each time the outcome of a request becomes known. The observer must not
    /// block.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// let mut batch = client.batch().with_progress(|progress| println!("{} of {}", progress.answered,
    /// progress.total));
    /// let count = batch.add(client.devices().count());
    /// assert_eq!(batch.await?.take(count)?, 0);
    /// # Ok(()) });
    /// ```
    #[inline]
    pub fn with_progress(mut self, observer: impl Fn(BatchProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(observer));
        self
    }

    /// Adds a request and returns the slot for its response. A batch can hold any number of requests.
    #[inline]
    pub fn add<T>(&mut self, operation: impl Into<Operation<T>>) -> Slot<T> {
        let Operation { mut request, decode } = operation.into();
        if request.body.is_some() && request.content_type != JSON {
            request.refuse(format!(
                "a batch carries only JSON, and this body is {}: send the request on its own",
                request.content_type
            ));
        }
        let slot = Slot { batch: self.id, index: self.requests.len(), decode, answer: PhantomData };
        self.requests.push(Request {
            info: request.info,
            version: request.version,
            url: request.url(),
            shown: request.shown_path(),
            headers: request.headers,
            body: request.body,
            invalid: request.invalid,
        });
        slot
    }

    /// Returns the number of requests.
    #[inline]
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Returns `true` if the batch has no requests.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    async fn send(self) -> Result<BatchAnswers> {
        if let Some(wrong) = self.requests.iter().find(|request| request.invalid.is_some()) {
            let problem = wrong.invalid.clone().unwrap_or_default();
            let error = Error::new(ErrorKind::InvalidInput, problem);
            return Err(error.for_call(wrong.info.name, &wrong.method(), &wrong.shown));
        }
        let ends = self.timeout.map(|timeout| self.client.clock().elapsed().saturating_add(timeout));
        let mut chunks: Vec<(ApiVersion, Vec<usize>)> = Vec::new();
        for version in [ApiVersion::V1, ApiVersion::Beta] {
            let of_version: Vec<usize> = (0..self.requests.len())
                .filter(|index| self.requests.get(*index).is_some_and(|request| request.version == version))
                .collect();
            chunks.extend(of_version.chunks(MAX_REQUESTS).map(|chunk| (version, chunk.to_vec())));
        }
        let lane = Arc::new(Lane::default());
        let answered = AtomicUsize::new(0);
        let ended = || {
            let answered = answered.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(progress) = &self.progress {
                progress(BatchProgress { answered, total: self.requests.len() });
            }
        };
        let sending =
            chunks.into_iter().map(|(version, chunk)| self.send_chunk(version, chunk, ends, &lane, &ended));
        let answers = stream::iter(sending).buffer_unordered(self.client.retry().window().max());
        let answers = answers.map(stream::iter).flatten().collect().await;
        Ok(BatchAnswers { batch: self.id, answers })
    }

    /// Sends one chunk until every request in it has an outcome, and calls `ended` for each.
    async fn send_chunk(
        &self,
        version: ApiVersion,
        mut pending: Vec<usize>,
        ends: Option<Duration>,
        lane: &Arc<Lane>,
        ended: &(impl Fn() + Sync),
    ) -> Vec<(usize, PartOutcome)> {
        let (clock, retry) = (self.client.clock(), self.client.retry());
        let left = || ends.map(|ends| ends.saturating_sub(clock.elapsed()));
        // The start, postponed by the time in which the client itself held the chunk back.
        let mut started = clock.elapsed();
        let mut answers = Vec::with_capacity(pending.len());
        let mut attempts = 0;
        // The number of exchanges, of which one attempt may have several.
        let mut sent = 0;
        let mut renewed = false;
        let mut new_connection = false;
        while !pending.is_empty() {
            attempts += 1;
            let requests: Vec<(usize, &Request)> =
                pending.iter().filter_map(|index| Some((*index, self.requests.get(*index)?))).collect();
            let progress = Arc::new(Progress::started_at(started));
            let exchanged = match left() {
                Some(Duration::ZERO) => Err(Error::new(
                    ErrorKind::Timeout,
                    "the timeout of the batch elapsed before the request was sent",
                )),
                timeout => {
                    let (lane, progress) = (Some(Arc::clone(lane)), Arc::clone(&progress));
                    let options =
                        SendOptions { timeout, lane, progress, new_connection, ..SendOptions::default() };
                    self.exchange(version, &requests, options).await
                }
            };
            sent += progress.attempts();
            let BatchResponse { mut parts, ids, token } = match exchanged {
                Ok(exchanged) => exchanged,
                Err(error) => {
                    let error = error.with_attempts(sent);
                    for (index, request) in requests {
                        let error =
                            error.like().for_call(request.info.name, &request.method(), &request.shown);
                        let error = request.with_possible_effect(error.outcome_unknown(), error);
                        answers.push((index, request.answered(Err(error))));
                        ended();
                    }
                    return answers;
                }
            };
            // A part that was refused for its token had no effect: like any request, it is repeated once with a new
            // token.
            let demand = if renewed { None } else { parts.values().find_map(PartResponse::demanded_token) };
            let renewal = match (demand, token) {
                (Some(demand), Some(token)) => {
                    renewed = true;
                    let deadline =
                        ends.unwrap_or_else(|| clock.elapsed().saturating_add(self.client.call_timeout()));
                    Some(self.client.auth().renew(token, &demand, deadline).await)
                }
                _ => None,
            };
            let now = clock.elapsed();
            started = started.saturating_add(progress.held(now));
            let spent = Spent { attempts, elapsed: now.saturating_sub(started), left: left() };
            let mut again = Vec::new();
            let mut longest = Duration::ZERO;
            let mut any_throttled = false;
            new_connection = false;
            // Successes earn the budget that failures of the same batch spend.
            parts.values().filter_map(PartResponse::status).for_each(|status| retry.earn(status));
            for (index, request) in requests {
                let part = parts.remove(&index);
                if let Some(renewal) = &renewal
                    && part.as_ref().and_then(PartResponse::demanded_token).is_some()
                {
                    match renewal {
                        Ok(()) => again.push(index),
                        Err(error) => {
                            let answered = request.answered(Err(error.copy()));
                            answers.push((index, PartOutcome { sent, ids: ids.clone(), ..answered }));
                            ended();
                        }
                    }
                    continue;
                }
                let outcome = match &part {
                    Some(PartResponse::Response(answer)) => {
                        let inner = match answer.status().is_success() {
                            true => None,
                            false => ServiceError::read(answer.body()).and_then(|error| error.retry_after()),
                        };
                        let wait = retry_after(answer.headers(), inner, clock.timestamp());
                        Outcome::Response { status: answer.status(), retry_after: wait }
                    }
                    Some(PartResponse::Duplicate | PartResponse::Malformed(_)) => Outcome::Refused,
                    // It is unknown whether a request without a response was executed.
                    None => Outcome::NoResponse(crate::transport::TransportErrorKind::Interrupted),
                };
                let throttled =
                    matches!(outcome, Outcome::Response { status: StatusCode::TOO_MANY_REQUESTS, .. });
                any_throttled |= throttled;
                let decision = decide(retry.config(), request.info.idempotent, outcome, spent);
                if let Some(wait) = closes_gate(outcome, decision) {
                    retry.close_gate(workload(&request.shown), wait);
                }
                match decision {
                    Decision::Wait(wait) if throttled || retry.spend(request.info.name) => {
                        retry.report_retry(request.info.name, attempts, wait, throttled);
                        longest = longest.max(wait);
                        new_connection |= needs_new_connection(outcome);
                        again.push(index);
                    }
                    _ => {
                        let outcome = request.outcome(part, clock.timestamp());
                        let outcome = match decision {
                            Decision::Wait(_) => outcome.map_err(without_budget),
                            _ => outcome,
                        };
                        let progress = Some(Arc::clone(&progress));
                        let answered = request.answered(outcome);
                        answers.push((index, PartOutcome { sent, ids: ids.clone(), progress, ..answered }));
                        ended();
                    }
                }
            }
            match any_throttled {
                true => retry.window().throttled(progress.era()),
                false => retry.window().succeeded(progress.era()),
            }
            if !longest.is_zero() {
                clock.sleep(longest).await;
            }
            pending = again;
        }
        answers
    }

    /// Sends one exchange.
    async fn exchange(
        &self,
        version: ApiVersion,
        requests: &[(usize, &Request)],
        options: SendOptions,
    ) -> Result<BatchResponse> {
        let parts_to_send: Vec<RequestPart<'_>> =
            requests.iter().map(|(index, request)| request.part(*index)).collect();
        let (mut limited, mut writes, mut workloads) = (0, 0, Vec::<Box<str>>::new());
        for (_, request) in requests {
            let workload = workload(&request.shown);
            if !workloads.iter().any(|known| **known == *workload) {
                workloads.push(workload.into());
            }
            if request.url.starts_with("/deviceManagement") || request.url.starts_with("/deviceAppManagement")
            {
                limited += 1;
                writes += usize::from(request.info.method != "GET");
            }
        }
        let all = BatchParts { requests: limited, writes, workloads: workloads.into() };
        // Retried as a whole only if every request in it may be repeated.
        let info = match requests.iter().all(|(_, request)| request.info.idempotent) {
            true => &IDEMPOTENT_BATCH,
            false => &catalog::BATCH,
        };
        let operation = Operation::new(info, &[], read_answer)
            .with_version(version)
            .with_json(&Requests { requests: parts_to_send });
        let (answer, ids, token) =
            self.client.execute_with(&operation, SendOptions { parts: Some(all), ..options }).await?;
        let mut parts = HashMap::new();
        for response in answer.responses {
            let Some((index, part)) = read_part(&response) else {
                tracing::warn!("the response to a batch has a part for a request that was not in the batch");
                continue;
            };
            parts.entry(index).and_modify(|part| *part = PartResponse::Duplicate).or_insert(part);
        }
        // Parts for other requests do not count.
        parts.retain(|index, _| requests.iter().any(|(asked, _)| asked == index));
        Ok(BatchResponse { parts, ids, token })
    }
}

/// The response to one exchange.
struct BatchResponse {
    /// The parts, by the index of their request.
    parts: HashMap<usize, PartResponse>,
    /// The ids of the whole response.
    ids: RequestIds,
    /// The token that the exchange was sent with.
    token: Option<TokenUsed>,
}

#[inline]
fn read_answer(answer: &mut RawResponse) -> Result<(Responses, RequestIds, Option<TokenUsed>)> {
    let ids = RequestIds::read(answer.headers());
    let token = answer.extensions().get::<TokenUsed>().copied();
    decode::entity(answer).map(|responses| (responses, ids, token))
}

/// Sends all requests, and retries transient failures. An empty batch sends nothing.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] if a request is invalid, in which case none is sent. All other errors are reported for
/// the individual requests.
impl IntoFuture for Batch {
    type Output = Result<BatchAnswers>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<BatchAnswers>> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Batch {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("requests", &self.requests.len()).finish_non_exhaustive()
    }
}

static IDEMPOTENT_BATCH: OperationInfo = OperationInfo { idempotent: true, ..catalog::BATCH };

enum PartResponse {
    Response(RawResponse),
    Duplicate,
    /// An unreadable part; the text says which piece is unreadable.
    Malformed(&'static str),
}

impl PartResponse {
    #[inline]
    fn answer(&self) -> Option<&RawResponse> {
        match self {
            Self::Response(answer) => Some(answer),
            Self::Duplicate | Self::Malformed(_) => None,
        }
    }

    #[inline]
    fn status(&self) -> Option<StatusCode> {
        self.answer().map(RawResponse::status)
    }

    #[inline]
    fn demanded_token(&self) -> Option<TokenDemand> {
        let answer = self.answer()?;
        demanded_token(answer.status(), answer.headers())
    }
}

impl Request {
    #[inline]
    fn method(&self) -> http::Method {
        http::Method::from_bytes(self.info.method.as_bytes()).unwrap_or(http::Method::GET)
    }

    #[inline]
    fn part(&self, index: usize) -> RequestPart<'_> {
        let own = self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let mut headers: Vec<(&str, &str)> = own.filter(|(name, _)| *name != "prefer").collect();
        headers.push(("prefer", "include-unknown-enum-members"));
        let body = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        RequestPart { id: index.to_string(), method: self.info.method, url: &self.url, headers, body }
    }

    #[inline]
    fn answered(&self, outcome: Result<RawResponse>) -> PartOutcome {
        let (method, shown) = (self.method(), self.shown.clone());
        let (url, body) = (self.url.clone(), self.body.clone());
        let ids = RequestIds::default();
        PartOutcome { info: self.info, method, shown, url, body, sent: 0, ids, progress: None, outcome }
    }

    #[inline]
    fn outcome(&self, part: Option<PartResponse>, now: jiff::Timestamp) -> Result<RawResponse> {
        let answer = match part {
            Some(PartResponse::Response(answer)) => answer,
            missing => {
                let message = match missing {
                    None => Cow::Borrowed("the response to the batch has no part for this request"),
                    Some(PartResponse::Malformed(what)) => {
                        format!("the response to the batch has {what} for this request").into()
                    }
                    Some(_) => "the response to the batch has two parts for this request".into(),
                };
                let error = Error::new(ErrorKind::Decode, message);
                return Err(self.with_possible_effect(true, error));
            }
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        let error = Error::from_response(answer.status(), answer.headers(), answer.body());
        let inner = error.service().and_then(ServiceError::retry_after);
        let wait = retry_after(answer.headers(), inner, now);
        let error = error.with_retry_after(wait);
        Err(self.with_possible_effect(leaves_open(answer.status()), error))
    }

    /// Completes the error of this request, which may have taken effect if `open` is `true`.
    #[inline]
    fn with_possible_effect(&self, open: bool, error: Error) -> Error {
        match self.info.idempotent {
            _ if !open || self.method() == http::Method::GET => error.with_known_outcome(),
            false => error.with_unknown_outcome(),
            true => error.with_known_outcome().with_unread_answer(),
        }
    }
}

#[derive(Serialize)]
struct Requests<'a> {
    requests: Vec<RequestPart<'a>>,
}

#[derive(Serialize)]
struct RequestPart<'a> {
    id: String,
    method: &'static str,
    url: &'a str,
    #[serde(serialize_with = "as_object")]
    headers: Vec<(&'a str, &'a str)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

#[inline]
fn as_object<S: Serializer>(members: &[(&str, &str)], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().copied())
}

#[derive(Deserialize)]
struct Responses {
    /// The parts, each decoded on its own: a malformed part does not affect the others.
    responses: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct ResponsePart {
    id: String,
    #[serde(default)]
    status: Option<Box<RawValue>>,
    #[serde(default)]
    headers: Option<Box<RawValue>>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

/// Reads one part and the index of its request; `None` if the id is none of ours.
#[inline]
fn read_part(response: &RawValue) -> Option<(usize, PartResponse)> {
    let ResponsePart { id, status, headers, body } = serde_json::from_str(response.get()).ok()?;
    // Ids return in any order; those of this client are plain numbers.
    let index = id.parse::<usize>().ok().filter(|index| index.to_string() == id)?;
    let status = status
        .and_then(|status| serde_json::from_str::<u16>(status.get()).ok())
        .and_then(|status| StatusCode::from_u16(status).ok())
        .filter(|status| (200..=599).contains(&status.as_u16()));
    let Some(status) = status else { return Some((index, PartResponse::Malformed("an invalid status"))) };
    let (headers, whole) = read_headers(headers.as_deref());
    // The status alone marks a failure. A success needs its headers to be decoded.
    if !whole && status.is_success() {
        return Some((index, PartResponse::Malformed("unreadable headers")));
    }
    let plain = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| !kind.to_ascii_lowercase().contains("json"));
    let body = match body {
        // A body that is not JSON arrives as a JSON string.
        Some(raw) if plain => serde_json::from_str::<String>(raw.get())
            .map_or_else(|_| Bytes::copy_from_slice(raw.get().as_bytes()), Bytes::from),
        Some(raw) if raw.get() != "null" => Bytes::from(Box::<str>::from(raw).into_string()),
        _ => Bytes::new(),
    };
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Some((index, PartResponse::Response(answer)))
}

/// Reads the headers of a part. The boolean is `true` if all of them were readable.
#[inline]
fn read_headers(headers: Option<&RawValue>) -> (HeaderMap, bool) {
    let mut read = HeaderMap::new();
    let Some(headers) = headers else { return (read, true) };
    let Ok(members) = serde_json::from_str::<HashMap<String, Value>>(headers.get()) else {
        return (read, false);
    };
    let mut whole = true;
    for (name, value) in members {
        let text = match &value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            other => {
                whole = false;
                other.to_string().into()
            }
        };
        match (HeaderName::try_from(name), HeaderValue::try_from(&*text)) {
            (Ok(name), Ok(value)) => drop(read.insert(name, value)),
            _ => whole = false,
        }
    }
    (read, whole)
}

/// The outcomes of a batch.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # let id: windows_autopilot::model::Id<windows_autopilot::model::Device> = tenant.add_device("PF3XK7M1").parse()?;
/// let mut batch = client.batch();
/// let device = batch.add(client.devices().get(&id));
/// let count = batch.add(client.devices().count());
/// let mut answers = batch.await?;
/// assert_eq!(answers.take(count)?, 1);
/// assert!(answers.take_if_found(device)?.is_some());
/// # Ok(()) });
/// ```
#[must_use = "the responses may be errors: take each by its slot"]
pub struct BatchAnswers {
    batch: u64,
    answers: HashMap<usize, PartOutcome>,
}

struct PartOutcome {
    info: OperationInfo,
    method: http::Method,
    shown: String,
    url: String,
    body: Option<Bytes>,
    /// The number of times that the request was sent.
    sent: u32,
    /// The ids of the response to the whole batch.
    ids: RequestIds,
    /// The exchange that brought the response; `None` if there was no response.
    progress: Option<Arc<Progress>>,
    outcome: Result<RawResponse>,
}

impl PartOutcome {
    /// Returns the values of the request that no error may repeat.
    #[inline]
    fn redactor(&self) -> Redactor {
        let mut redactor = self.progress.as_ref().map(|progress| progress.redactor()).unwrap_or_default();
        redactor.address(&self.url).json(self.body.as_deref().unwrap_or_default());
        redactor
    }
}

impl BatchAnswers {
    /// Takes the outcome of the request that `slot` refers to.
    ///
    /// # Errors
    /// The request's own error, or [`ErrorKind::InvalidInput`] for a slot from another batch. The error carries the ids
    /// and the date of the request's own response, or else those of the response to the batch.
    #[inline]
    pub fn take<T>(&mut self, slot: Slot<T>) -> Result<T> {
        let answered = if slot.batch == self.batch { self.answers.remove(&slot.index) } else { None };
        let Some(mut answered) = answered else {
            let message =
                "the slot belongs to another batch: use it with the responses of the batch that returned it";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        };
        let outcome = std::mem::replace(&mut answered.outcome, Ok(RawResponse::default()));
        outcome
            .and_then(|mut answer| {
                (slot.decode)(&mut answer).map_err(|error| {
                    let error = error.with_status(answer.status(), answer.headers());
                    if answered.method == http::Method::GET { error } else { error.with_unread_answer() }
                })
            })
            .map_err(|error| {
                let redactor = answered.redactor();
                let PartOutcome { info, method, shown, sent, ids, .. } = answered;
                error.for_call(info.name, &method, &shown).in_batch(sent, ids).redacted(&redactor)
            })
    }

    /// Takes the outcome of the request that `slot` refers to, or `None` if the service returned 404.
    ///
    /// # Errors
    /// The errors of [`take`](Self::take), except [`ErrorKind::NotFound`].
    #[inline]
    pub fn take_if_found<T>(&mut self, slot: Slot<T>) -> Result<Option<T>> {
        if_found(self.take(slot))
    }
}

impl fmt::Debug for BatchAnswers {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchAnswers").field("left", &self.answers.len()).finish()
    }
}
