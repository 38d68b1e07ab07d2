//! Many requests in one: `$batch`.

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
use serde_json::value::RawValue;

use super::client::Client;
use super::decode::{self, Answer};
use super::exchange::Manner;
use super::operation::{JSON, Operation};
use crate::catalog::{self, ApiVersion, OperationInfo};
use crate::error::{Error, ErrorKind, RequestIds, Result, ServiceError, if_found};
use crate::pipeline::retry::{Decision, Outcome, Spent, decide};
use crate::pipeline::window::Lane;
use crate::pipeline::workload::{BatchParts, workload};
use crate::pipeline::{Progress, retry_after};

/// How many requests Graph takes in one batch.
const MOST_REQUESTS: usize = 20;

/// Requests that are sent together, twenty at a time.
///
/// More than twenty go in several batches side by side: as many as the service takes without throttling, at most
/// [`Limits::concurrency`](crate::pipeline::Limits::concurrency).
///
/// Each has its own outcome. What failed for a passing reason is sent again, alone, after the largest wait that was asked
/// for; what is not idempotent and may have taken effect is not. Order is not kept: do not batch what depends on what.
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
    /// The number of requests that have their outcome, good or bad.
    pub answered: usize,
    /// The number of all requests.
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

/// The place of one request's answer among the answers of its batch.
#[must_use = "the answer is taken by its slot"]
pub struct Slot<T> {
    batch: u64,
    index: usize,
    decode: fn(&mut Answer) -> Result<T>,
    answer: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.index).finish()
    }
}

impl Batch {
    pub(crate) fn new(client: &Client) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { client: client.clone(), id, requests: Vec::new(), timeout: None, progress: None }
    }

    /// Ends the batch after `timeout`, whatever it waits for. A request without an answer then fails with
    /// [`ErrorKind::Timeout`], or with [`ErrorKind::UnknownOutcome`] if it may have taken effect. Without it, each exchange
    /// has the client's own limit.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Calls `observer` whenever a request has its outcome. It must not block.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// let mut batch = client.batch().with_progress(|progress| println!("{} of {}", progress.answered, progress.total));
    /// let count = batch.add(client.devices().count());
    /// assert_eq!(batch.await?.take(count)?, 0);
    /// # Ok(()) });
    /// ```
    pub fn with_progress(mut self, observer: impl Fn(BatchProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(observer));
        self
    }

    /// Adds a request. Any number: they are sent twenty at a time.
    pub fn add<T>(&mut self, operation: impl Into<Operation<T>>) -> Slot<T> {
        let Operation { mut request, decode } = operation.into();
        if request.body.is_some() && request.content_type != JSON {
            request.refuse(format!(
                "a batch carries JSON alone, not {}: send this request by itself",
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

    /// How many requests it holds.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether it holds no request.
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
            chunks.extend(of_version.chunks(MOST_REQUESTS).map(|chunk| (version, chunk.to_vec())));
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
        let answers = stream::iter(sending).buffer_unordered(self.client.retry().window().most());
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
    ) -> Vec<(usize, Answered)> {
        let (clock, retry) = (self.client.clock(), self.client.retry());
        let left = || ends.map(|ends| ends.saturating_sub(clock.elapsed()));
        // When it began, put off by all time in which the client itself held it back.
        let mut began = clock.elapsed();
        let mut answers = Vec::with_capacity(pending.len());
        let mut attempts = 0;
        // Counts the exchanges, of which an attempt may have several.
        let mut sent = 0;
        while !pending.is_empty() {
            attempts += 1;
            let requests: Vec<(usize, &Request)> =
                pending.iter().filter_map(|index| Some((*index, self.requests.get(*index)?))).collect();
            let progress = Arc::new(Progress::begun(began));
            let exchanged = match left() {
                Some(Duration::ZERO) => {
                    Err(Error::new(ErrorKind::Timeout, "the batch's time was up before it was sent"))
                }
                timeout => {
                    let (lane, progress) = (Some(Arc::clone(lane)), Arc::clone(&progress));
                    self.exchange(version, &requests, Manner { timeout, lane, progress, ..Manner::default() })
                        .await
                }
            };
            sent += progress.attempts();
            let (mut parts, ids) = match exchanged {
                Ok(exchanged) => exchanged,
                Err(error) => {
                    let error = error.with_attempts(sent);
                    for (index, request) in requests {
                        let error =
                            error.like().for_call(request.info.name, &request.method(), &request.shown);
                        let error = request.unknown_if(error.outcome_unknown(), error);
                        answers.push((index, request.answered(Err(error))));
                        ended();
                    }
                    return answers;
                }
            };
            let now = clock.elapsed();
            began = began.saturating_add(progress.held(now));
            let spent = Spent { attempts, elapsed: now.saturating_sub(began), left: left() };
            let mut again = Vec::new();
            let mut longest = Duration::ZERO;
            let mut any_throttled = false;
            for (index, request) in requests {
                let part = parts.remove(&index);
                let outcome = match &part {
                    Some(Part::One(answer)) => {
                        let inner = match answer.status().is_success() {
                            true => None,
                            false => ServiceError::read(answer.body()).and_then(|error| error.retry_after()),
                        };
                        let wait = retry_after(answer.headers(), inner, clock.timestamp());
                        Outcome::Answer { status: answer.status(), retry_after: wait }
                    }
                    Some(Part::Twice) => Outcome::Refused,
                    // Whether a request without an answer was carried out is not known.
                    None => Outcome::NoAnswer(crate::transport::TransportErrorKind::Interrupted),
                };
                let throttled =
                    matches!(outcome, Outcome::Answer { status: StatusCode::TOO_MANY_REQUESTS, .. });
                any_throttled |= throttled;
                let decision = decide(retry.config(), request.info.idempotent, outcome, spent);
                match (outcome, decision) {
                    (Outcome::Answer { retry_after: Some(wait), .. }, _) | (_, Decision::Wait(wait))
                        if throttled =>
                    {
                        retry.close_gate(workload(&request.shown), wait);
                    }
                    _ => {}
                }
                match decision {
                    Decision::Wait(wait) if throttled || retry.spend(request.info.name) => {
                        retry.tell(request.info.name, attempts, wait, throttled);
                        longest = longest.max(wait);
                        again.push(index);
                    }
                    _ => {
                        let outcome = request.outcome(part, clock.timestamp());
                        answers
                            .push((index, Answered { sent, ids: ids.clone(), ..request.answered(outcome) }));
                        ended();
                    }
                }
            }
            match any_throttled {
                true => retry.window().throttled(progress.era()),
                false => retry.window().succeeded(progress.era()),
            }
            if !again.is_empty() {
                clock.sleep(longest).await;
            }
            pending = again;
        }
        answers
    }

    /// Makes one exchange. Returns the parts of the answer by the index of their request, and the ids of the whole.
    async fn exchange(
        &self,
        version: ApiVersion,
        requests: &[(usize, &Request)],
        manner: Manner,
    ) -> Result<(HashMap<usize, Part>, RequestIds)> {
        let steps: Vec<Step<'_>> = requests.iter().map(|(index, request)| request.step(*index)).collect();
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
        // Sent again as a whole only if that is right for each request in it.
        let info = match requests.iter().all(|(_, request)| request.info.idempotent) {
            true => &IDEMPOTENT_BATCH,
            false => &catalog::BATCH,
        };
        let operation = Operation::new(info, &[], read_answer)
            .with_version(version)
            .with_json(&Requests { requests: steps });
        let (answer, ids) = self.client.execute_as(&operation, Manner { parts: Some(all), ..manner }).await?;
        let mut parts = HashMap::new();
        for response in answer.responses {
            // Ids come back in any order and any case; ours are numbers.
            let Ok(index) = response.id.parse::<usize>() else {
                tracing::warn!("a batch answered for a request that it did not hold");
                continue;
            };
            let part = response.into_answer();
            parts.entry(index).and_modify(|part| *part = Part::Twice).or_insert(Part::One(part));
        }
        Ok((parts, ids))
    }
}

fn read_answer(answer: &mut Answer) -> Result<(Responses, RequestIds)> {
    let ids = RequestIds::read(answer.headers());
    decode::entity(answer).map(|responses| (responses, ids))
}

/// Sends all requests, and those again that failed for a passing reason. An empty batch sends nothing.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] if a request is wrong as it is: then none is sent. All else is found in the answers.
impl IntoFuture for Batch {
    type Output = Result<BatchAnswers>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<BatchAnswers>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("requests", &self.requests.len()).finish_non_exhaustive()
    }
}

static IDEMPOTENT_BATCH: OperationInfo = OperationInfo { idempotent: true, ..catalog::BATCH };

enum Part {
    One(Answer),
    Twice,
}

impl Request {
    fn method(&self) -> http::Method {
        http::Method::from_bytes(self.info.method.as_bytes()).unwrap_or(http::Method::GET)
    }

    fn step(&self, index: usize) -> Step<'_> {
        let own = self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let mut headers: Vec<(&str, &str)> = own.filter(|(name, _)| *name != "prefer").collect();
        headers.push(("prefer", "include-unknown-enum-members"));
        let body = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        Step { id: index.to_string(), method: self.info.method, url: &self.url, headers, body }
    }

    fn answered(&self, outcome: Result<Answer>) -> Answered {
        let (method, shown) = (self.method(), self.shown.clone());
        Answered { info: self.info, method, shown, sent: 0, ids: RequestIds::default(), outcome }
    }

    fn outcome(&self, part: Option<Part>, now: jiff::Timestamp) -> Result<Answer> {
        let answer = match part {
            Some(Part::One(answer)) => answer,
            missing => {
                let message = match missing {
                    None => "the batch's answer has no part for this request",
                    Some(_) => "the batch's answer has two parts for this request",
                };
                let error = Error::new(ErrorKind::Decode, message);
                return Err(self.unknown_if(true, error));
            }
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        let error = Error::from_response(answer.status(), answer.headers(), answer.body());
        let inner = error.service().and_then(ServiceError::retry_after);
        let wait = retry_after(answer.headers(), inner, now);
        let error = error.with_retry_after(wait);
        Err(self.unknown_if(answer.status().is_server_error(), error))
    }

    /// Returns the error of this request, which may have taken effect if `open` is set.
    fn unknown_if(&self, open: bool, error: Error) -> Error {
        match self.info.idempotent {
            _ if !open || self.method() == http::Method::GET => error.with_known_outcome(),
            false => error.with_unknown_outcome(),
            true => error.with_known_outcome().with_unread_answer(),
        }
    }
}

#[derive(Serialize)]
struct Requests<'a> {
    requests: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    id: String,
    method: &'static str,
    url: &'a str,
    #[serde(serialize_with = "as_object")]
    headers: Vec<(&'a str, &'a str)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

fn as_object<S: Serializer>(members: &[(&str, &str)], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().copied())
}

#[derive(Deserialize)]
struct Responses {
    responses: Vec<StepAnswer>,
}

#[derive(Deserialize)]
struct StepAnswer {
    id: String,
    status: u16,
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

impl StepAnswer {
    fn into_answer(self) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers.unwrap_or_default() {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        let plain = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| !kind.to_ascii_lowercase().contains("json"));
        let body = match self.body {
            // What is no JSON comes as a JSON string.
            Some(raw) if plain => serde_json::from_str::<String>(raw.get())
                .map_or_else(|_| Bytes::copy_from_slice(raw.get().as_bytes()), Bytes::from),
            Some(raw) if raw.get() != "null" => Bytes::from(Box::<str>::from(raw).into_string()),
            _ => Bytes::new(),
        };
        let mut answer = http::Response::new(body);
        *answer.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        *answer.headers_mut() = headers;
        answer
    }
}

/// The outcomes of a batch.
#[must_use = "the answers may be errors: take each by its slot"]
pub struct BatchAnswers {
    batch: u64,
    answers: HashMap<usize, Answered>,
}

struct Answered {
    info: OperationInfo,
    method: http::Method,
    shown: String,
    /// The number of times that the request was sent.
    sent: u32,
    /// The ids of the answer to the whole batch.
    ids: RequestIds,
    outcome: Result<Answer>,
}

impl BatchAnswers {
    /// The outcome of the request that the slot is for.
    ///
    /// # Errors
    /// That request's own, or [`ErrorKind::InvalidInput`] for a slot of another batch. The error has the ids and the date of
    /// the request's own answer, or else those of the answer to the batch.
    pub fn take<T>(&mut self, slot: Slot<T>) -> Result<T> {
        let answered = if slot.batch == self.batch { self.answers.remove(&slot.index) } else { None };
        let Some(Answered { info, method, shown, sent, ids, outcome }) = answered else {
            let message =
                "the slot belongs to another batch: take it from the answers of the batch that made it";
            return Err(Error::new(ErrorKind::InvalidInput, message));
        };
        outcome
            .and_then(|mut answer| {
                (slot.decode)(&mut answer).map_err(|error| {
                    let error = error.with_status(answer.status(), answer.headers());
                    if method == http::Method::GET { error } else { error.with_unread_answer() }
                })
            })
            .map_err(|error| error.for_call(info.name, &method, &shown).in_batch(sent, ids))
    }

    /// Returns the answer for the slot, or `None` if the service answered 404.
    ///
    /// # Errors
    /// As [`take`](Self::take), but for [`ErrorKind::NotFound`].
    pub fn take_if_found<T>(&mut self, slot: Slot<T>) -> Result<Option<T>> {
        if_found(self.take(slot))
    }
}

impl fmt::Debug for BatchAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchAnswers").field("left", &self.answers.len()).finish()
    }
}
