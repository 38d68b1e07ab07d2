//! Requests as values, and calls that bind them to a client.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::Client;
use super::decode::{self, RawResponse};
use super::poll::{PollStatus, Poller, Schedule};
use super::query::{Query, escape_segment};
use super::sequence::Sequence;
use crate::catalog::{ApiVersion, OperationInfo};
use crate::error::{Error, ErrorKind, Result, if_found};
use crate::model::{Finding, Severity};

/// The content type of request bodies that are not files.
pub(super) const JSON: &str = "application/json";

/// The request of an operation, without the type of its response.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) info: OperationInfo,
    /// The versions that have the operation and all properties of its body.
    versions: &'static [ApiVersion],
    pub(crate) version: ApiVersion,
    path: String,
    query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) content_type: &'static str,
    /// Whether the client waits and retries on 429.
    pub(crate) waits_when_throttled: bool,
    /// The first mistake in the arguments: the error of sending the request.
    pub(crate) invalid: Option<String>,
}

impl Request {
    fn new(info: &OperationInfo, parameters: &[&str]) -> Self {
        let version = info.versions.first().copied().unwrap_or(ApiVersion::V1);
        let mut path = String::with_capacity(info.path.len() + 40 * parameters.len());
        let mut invalid = None;
        let mut parameters = parameters.iter();
        let mut rest = info.path;
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            match parameters.next() {
                Some(parameter) if !parameter.is_empty() && !matches!(*parameter, "." | "..") => {
                    escape_segment(parameter, &mut path);
                }
                _ => {
                    invalid =
                        Some(format!("{}: an id is empty, `.` or `..`: write the object's id", info.name))
                }
            }
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        path.push_str(rest);
        let request = Self {
            info: *info,
            versions: info.versions,
            version,
            path: String::new(),
            query: Query::default(),
            headers: HeaderMap::new(),
            body: None,
            content_type: JSON,
            waits_when_throttled: true,
            invalid,
        };
        request.with_path(path)
    }

    /// Sets the path, and asks for plain text if the response is a bare number.
    fn with_path(mut self, path: String) -> Self {
        if path.ends_with("/$count") {
            self.headers.insert(ACCEPT, HeaderValue::from_static("text/plain, application/json;q=0.5"));
        }
        self.path = path;
        self
    }

    /// Creates a request to a path from the caller, which may end in a query.
    pub(super) fn at(info: OperationInfo, version: ApiVersion, path: &str) -> Self {
        let mut request = Self::new(&info, &[]);
        request.version = version;
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        request = request.with_path(bare.to_owned());
        if let Some(problem) = path_problem(path) {
            request.refuse(format!("the path {problem}"));
        }
        match Query::read(query) {
            Ok(query) => request.query = query,
            Err(problem) => request.refuse(problem),
        }
        request
    }

    /// Marks the request as invalid; the first reason wins.
    pub(super) fn refuse(&mut self, problem: String) {
        self.invalid.get_or_insert(problem);
    }

    pub(super) fn set_query(&mut self, name: impl Into<std::borrow::Cow<'static, str>>, value: &str) {
        self.query.set(name, value);
    }

    pub(super) fn set_bytes(&mut self, content_type: &'static str, body: Bytes) {
        (self.content_type, self.body) = (content_type, Some(body));
    }

    pub(super) fn set_body(&mut self, body: serde_json::Result<Vec<u8>>) {
        match body {
            Ok(bytes) => self.set_bytes(JSON, bytes.into()),
            Err(error) => self.refuse(format!("the body does not serialize to JSON: {error}")),
        }
    }

    fn refuse_errors(&mut self, findings: &[Finding]) {
        if let Some(wrong) = findings.iter().find(|finding| finding.severity == Severity::Error) {
            self.refuse(format!("{}: {}", self.info.name, wrong));
        }
    }

    fn set_version(&mut self, version: ApiVersion) {
        if !self.versions.contains(&version) {
            let known: Vec<&str> = self.versions.iter().map(|known| known.as_str()).collect();
            let body = if self.info.versions.contains(&version) { " with these properties" } else { "" };
            self.refuse(format!(
                "{}{body} does not exist in {version}: use {}",
                self.info.name,
                known.join(" or ")
            ));
        }
        self.version = version;
    }

    pub(crate) fn method(&self) -> Method {
        Method::from_bytes(self.info.method.as_bytes()).unwrap_or(Method::GET)
    }

    fn write_url(&self, out: &mut String) {
        use std::fmt::Write as _;
        out.push_str(&self.path);
        if !self.query.is_empty() {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "?{}", self.query);
        }
    }

    /// Returns the path and query after the version, escaped.
    pub(crate) fn url(&self) -> String {
        let mut url = String::with_capacity(self.path.len() + self.query.size());
        self.write_url(&mut url);
        url
    }

    /// Returns the error for an invalid request.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.invalid {
            Some(problem) => Err(self.named(Error::new(ErrorKind::InvalidInput, problem.clone()))),
            None => Ok(()),
        }
    }

    /// Returns the whole address at `origin`.
    pub(crate) fn address(&self, origin: &str) -> String {
        let mut address = String::with_capacity(origin.len() + self.path.len() + self.query.size() + 8);
        for part in [origin, "/", self.version.as_str()] {
            address.push_str(part);
        }
        self.write_url(&mut address);
        address
    }

    /// Returns the path with its version, such as `/beta/deviceManagement/…`, for messages.
    pub(crate) fn shown_path(&self) -> String {
        format!("/{}{}", self.version, self.path)
    }

    /// Adds the name, method and path of the request to an error.
    pub(crate) fn named(&self, error: Error) -> Error {
        error.for_call(self.info.name, &self.method(), &self.shown_path())
    }
}

/// Returns what is wrong with a path from the caller, and what to write instead. The message does not repeat the path,
/// which may name a person.
fn path_problem(path: &str) -> Option<String> {
    let bare = path.split_once('?').map_or(path, |(bare, _)| bare);
    if !bare.starts_with('/') {
        return Some(
            "does not begin with a slash: write `/devices`, without the host and the version".to_owned(),
        );
    }
    if bare.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
        return Some("has an empty part, `.` or `..`: write it out from the version on".to_owned());
    }
    let sendable = |c: char| {
        c.is_ascii_graphic() && !matches!(c, '#' | '\\' | '"' | '<' | '>' | '`' | '{' | '}' | '^' | '|')
    };
    let at = path.chars().position(|c| !sendable(c))?;
    Some(format!(
        "contains an invalid character at position {}: percent-encode values, a space as `%20`",
        at + 1
    ))
}

/// A request as a value: send it, add it to a batch, show it in a plan, or inspect it in a test without I/O.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # let id = tenant.add_device("PF3XK7M1").parse()?;
/// let operation = client.devices().get(&id).into_operation();
/// println!("{} {}", operation.method(), operation.url());
/// assert!(operation.body().is_none());
/// let device = client.call(operation).await?;
/// # Ok(()) });
/// ```
///
/// `T` is the type of the decoded response.
#[must_use = "an operation is sent by `Client::call` or in a batch"]
pub struct Operation<T> {
    pub(crate) request: Request,
    pub(crate) decode: fn(&mut RawResponse) -> Result<T>,
}

impl<T> Operation<T> {
    /// Creates an operation; `parameters` fill the path's placeholders in order.
    pub(crate) fn new(
        info: &OperationInfo,
        parameters: &[&str],
        decode: fn(&mut RawResponse) -> Result<T>,
    ) -> Self {
        Self { request: Request::new(info, parameters), decode }
    }

    /// Adds a body.
    pub(crate) fn with_json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.request.set_body(serde_json::to_vec(body));
        self
    }

    /// Refuses an operation that is known to fail: sending it returns the first error of `findings`.
    pub(crate) fn refusing(mut self, findings: &[Finding]) -> Self {
        self.request.refuse_errors(findings);
        self
    }

    /// Restricts the operation to `version`, the only one that has the properties of the body.
    pub(crate) fn only_in(mut self, version: &'static [ApiVersion; 1]) -> Self {
        self.request.versions = version;
        self
    }

    /// Refuses the operation for `problem`, which says what to write instead.
    pub(crate) fn refused(mut self, problem: Option<String>) -> Self {
        problem.into_iter().for_each(|problem| self.request.refuse(problem));
        self
    }

    /// Sets a query option. `value` is escaped.
    pub(crate) fn with_query(mut self, name: &'static str, value: &str) -> Self {
        self.request.set_query(name, value);
        self
    }

    /// Adds a header, such as `ConsistencyLevel`.
    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.request.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Makes a 429 final, for actions that the service allows only once in a while.
    pub(crate) fn never_waiting(mut self) -> Self {
        self.request.waits_when_throttled = false;
        self
    }

    /// Sets the version of the API.
    ///
    /// # Errors
    /// Sending fails with [`ErrorKind::InvalidInput`] for a version that is not one of [`versions`](Self::versions); no
    /// request is sent.
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.request.set_version(version);
        self
    }

    /// Decodes the response as another type, for properties that this crate does not model.
    pub fn decode_as<U: DeserializeOwned>(self) -> Operation<U> {
        self.with_decode(decode::entity::<U>)
    }

    pub(crate) fn with_decode<U>(self, decode: fn(&mut RawResponse) -> Result<U>) -> Operation<U> {
        Operation { request: self.request, decode }
    }

    /// Returns the operation's entry in the catalog.
    pub fn info(&self) -> &OperationInfo {
        &self.request.info
    }

    /// Returns the version of the API.
    pub fn version(&self) -> ApiVersion {
        self.request.version
    }

    /// Returns the versions that support the operation and every property of its body.
    pub fn versions(&self) -> &'static [ApiVersion] {
        self.request.versions
    }

    /// Returns the method.
    pub fn method(&self) -> Method {
        self.request.method()
    }

    /// Returns the path after the version, escaped and without the query.
    pub fn path(&self) -> &str {
        &self.request.path
    }

    /// Returns the path and query after the version, escaped.
    pub fn url(&self) -> String {
        self.request.url()
    }

    /// Returns the body, if there is one.
    pub fn body(&self) -> Option<&Bytes> {
        self.request.body.as_ref()
    }
}

impl<T> Clone for Operation<T> {
    fn clone(&self) -> Self {
        Self { request: self.request.clone(), decode: self.decode }
    }
}

/// Shows the operation and its path template, but not the query or the body, which may contain personal data.
impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = &self.request.info;
        f.debug_struct("Operation")
            .field("name", &info.name)
            .field("method", &info.method)
            .field("template", &info.path)
            .finish_non_exhaustive()
    }
}

/// An [`Operation`] bound to a client: exactly one request. Await it to send it, or add it to a [batch](super::Batch).
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// let id = tenant.add_device("PF3XK7M1").parse()?;
/// let device = client.devices().get(&id).await?;
/// assert_eq!(device.serial_number.as_deref(), Some("PF3XK7M1"));
/// # Ok(()) });
/// ```
///
/// Dropping the future cancels the call: nothing continues in the background.
///
/// # Errors
/// A call that fails returns an [`Error`], classified by [`ErrorKind`].
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    client: Client,
    operation: Operation<T>,
    timeout: Option<Duration>,
    rescue: Option<Rescue<T>>,
}

/// A check of whether the effect of a rejected call holds anyway.
type Rescue<T> = Box<dyn FnOnce(Error) -> Pin<Box<dyn Future<Output = Result<T>> + Send>> + Send + Sync>;

impl<T> Call<T> {
    pub(crate) fn new(client: &Client, operation: Operation<T>) -> Self {
        Self { client: client.clone(), operation, timeout: None, rescue: None }
    }

    /// Sets the fallback for a call that the service rejects. Batches do not use it.
    pub(crate) fn rescued_by<F: Future<Output = Result<T>> + Send + 'static>(
        mut self,
        rescue: impl FnOnce(Error) -> F + Send + Sync + 'static,
    ) -> Self {
        self.rescue = Some(Box::new(|error| Box::pin(rescue(error))));
        self
    }

    /// Sets a hard timeout, which includes every wait and replaces the client's call timeout.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the version of the API: one of [`Operation::versions`].
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.operation = self.operation.with_version(version);
        self
    }

    /// Decodes the response as another type, for properties that this crate does not model.
    pub fn decode_as<U: DeserializeOwned>(self) -> Call<U> {
        let Self { client, operation, timeout, .. } = self;
        Call { client, operation: operation.decode_as(), timeout, rescue: None }
    }

    /// Returns the request as a value.
    pub fn operation(&self) -> &Operation<T> {
        &self.operation
    }

    /// Returns the request as a value.
    pub fn into_operation(self) -> Operation<T> {
        self.operation
    }
}

impl<T: Send + 'static> Call<T> {
    /// Sends the call, returning `None` if the service returns 404.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// assert_eq!(client.devices().get(&"nobody".parse()?).if_found().await?, None);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// The errors of the call, except [`ErrorKind::NotFound`].
    pub fn if_found(self) -> Sequence<Option<T>> {
        Sequence::new(async move { if_found(self.await) })
    }

    /// Polls the call on `schedule` until `done` returns `true` for its response.
    ///
    /// `done` receives `None` if the service returned 404. `what` names the wait in the error returned at the deadline,
    /// such as `"the device to appear"`. Await the poller for the last response, or read it as a stream of all
    /// responses.
    ///
    /// ```
    /// use std::time::Duration;
    /// use windows_autopilot::graph::Schedule;
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// let id = tenant.add_device("PF3XK7M1").parse()?;
    /// client.devices().delete(&id).await?;
    /// let schedule = Schedule::new(Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(3600));
    /// client.devices().get(&id).until(schedule, "the device to go", |device| device.is_none()).await?;
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] at the schedule's deadline. Any other error from the call, except
    /// [`ErrorKind::NotFound`], ends the wait.
    pub fn until(
        self,
        schedule: Schedule,
        what: &'static str,
        done: impl Fn(Option<&T>) -> bool + Send + 'static,
    ) -> Poller<Option<T>, Option<T>> {
        let Self { client, operation, timeout, .. } = self;
        let done = Arc::new(std::sync::Mutex::new(done));
        let clock = Arc::clone(client.clock());
        Poller::new(clock, schedule, what, move || {
            let (client, operation, done) = (client.clone(), operation.clone(), Arc::clone(&done));
            async move {
                let seen = if_found(client.execute(&operation, timeout).await)?;
                let done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                Ok(if done(seen.as_ref()) { PollStatus::Ready(seen) } else { PollStatus::Pending(seen) })
            }
        })
    }
}

impl<T: 'static> IntoFuture for Call<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let work = match (self.client.execute(&self.operation, self.timeout).await, self.rescue) {
                (Err(error), Some(rescue)) if error.kind() == ErrorKind::Rejected => rescue(error),
                (answer, _) => return answer,
            };
            work.await
        })
    }
}

impl<T> From<Call<T>> for Operation<T> {
    fn from(call: Call<T>) -> Self {
        call.operation
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.operation)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::UNTYPED;

    const GET: OperationInfo = OperationInfo { path: "/things/{id}/parts/{part}", ..UNTYPED[0] };

    #[test]
    fn parameters_fill_the_path_and_cannot_leave_their_segment() {
        let operation =
            Operation::new(&GET, &["a/b", "c d"], decode::nothing).with_query("$filter", "x eq 'ü&'");
        assert_eq!(operation.url(), "/things/a%2Fb/parts/c%20d?$filter=x%20eq%20'%C3%BC%26'");
        assert_eq!(operation.request.address("https://h"), format!("https://h/v1.0{}", operation.url()));
        for missing in [&["a"][..], &["a", ""], &["..", "a"]] {
            let error = Operation::new(&GET, missing, decode::nothing).request.check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{missing:?}");
            assert!(error.to_string().contains("an id is empty, `.` or `..`"), "{missing:?}: {error}");
        }
    }

    #[test]
    fn a_path_of_the_callers_own_must_stay_below_the_version() {
        for (path, good) in [
            ("/users?$top=5", true),
            ("/devices(deviceId='x')", true),
            ("users", false),
            ("/../admin", false),
            ("/a//b", false),
            ("/a#b", false),
            ("/a b", false),
            ("//evil.example/x", false),
        ] {
            let request = Request::at(UNTYPED[0], ApiVersion::V1, path);
            assert_eq!(request.check().is_ok(), good, "{path}");
        }
    }

    #[test]
    fn debug_shows_neither_query_nor_body() {
        let operation = Operation::new(&GET, &["adele@contoso.com", "x"], decode::nothing)
            .with_query("$filter", "secret")
            .with_json(&"secret");
        assert!(!format!("{operation:?}").contains("secret") && !format!("{operation:?}").contains("adele"));
    }
}
