//! A request as a value, and the same bound to a client.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::Client;
use super::decode::{self, Answer};
use super::query::{escape_query, escape_segment};
use crate::catalog::{ApiVersion, OperationInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Finding, Severity};

/// What an operation sends, whatever it answers.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) info: &'static OperationInfo,
    pub(crate) version: ApiVersion,
    path: String,
    query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// Whether a 429 is waited out.
    pub(crate) waits_when_throttled: bool,
    /// What was wrong with the arguments: said when it is sent.
    pub(crate) invalid: Option<String>,
}

impl Request {
    fn new(info: &'static OperationInfo, parameters: &[&str]) -> Self {
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
                _ => invalid = Some(format!("{}: an id is missing", info.name)),
            }
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        path.push_str(rest);
        Self {
            info,
            version,
            path,
            query: String::new(),
            headers: HeaderMap::new(),
            body: None,
            waits_when_throttled: true,
            invalid,
        }
    }

    fn at(info: &'static OperationInfo, version: ApiVersion, path: &str) -> Self {
        let mut request = Self::new(info, &[]);
        request.version = version;
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        request.path = bare.to_owned();
        request.query = query.to_owned();
        let stays =
            bare.starts_with('/') && bare.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
        if !stays || path.contains(['#', '\\']) || path.parse::<http::uri::PathAndQuery>().is_err() {
            request.invalid = Some(
                "a path begins with a slash, has no empty part, no `..` and no `#`, and its values are percent-encoded"
                    .to_owned(),
            );
        }
        request
    }

    fn set_body(&mut self, body: serde_json::Result<Vec<u8>>) {
        match body {
            Ok(bytes) => self.body = Some(bytes.into()),
            Err(error) => self.invalid = Some(format!("the body cannot be written as JSON: {error}")),
        }
    }

    fn refuse(&mut self, findings: &[Finding]) {
        if let Some(wrong) = findings.iter().find(|finding| finding.severity == Severity::Error) {
            self.invalid = Some(format!("{}: {}", self.info.name, wrong));
        }
    }

    fn add_query(&mut self, name: &str, value: &str) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
        self.query.push('=');
        escape_query(value, &mut self.query);
    }

    fn set_version(&mut self, version: ApiVersion) {
        if !self.info.versions.contains(&version) {
            self.invalid = Some(format!("{} does not exist in {version}", self.info.name));
        }
        self.version = version;
    }

    pub(crate) fn method(&self) -> Method {
        Method::from_bytes(self.info.method.as_bytes()).unwrap_or(Method::GET)
    }

    /// Path and query below the version, escaped.
    pub(crate) fn url(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// Refuses what was given wrong arguments.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.invalid {
            Some(problem) => Err(self.named(Error::new(ErrorKind::InvalidInput, problem.clone()))),
            None => Ok(()),
        }
    }

    /// The whole address at `origin`, written once.
    pub(crate) fn address(&self, origin: &str) -> String {
        let mut address = String::with_capacity(origin.len() + self.path.len() + self.query.len() + 8);
        for part in [origin, "/", self.version.as_str(), &self.path] {
            address.push_str(part);
        }
        if !self.query.is_empty() {
            address.push('?');
            address.push_str(&self.query);
        }
        address
    }

    /// `/beta/deviceManagement/…`, for messages.
    pub(crate) fn shown_path(&self) -> String {
        format!("/{}{}", self.version, self.path)
    }

    /// The error, with what was asked.
    pub(crate) fn named(&self, error: Error) -> Error {
        error.for_call(self.info.name, &self.method(), &self.shown_path())
    }
}

/// A request as a value: it can be sent, put into a batch, shown in a plan, or looked at in a test, with no I/O.
///
/// `T` is what its answer decodes to.
pub struct Operation<T> {
    pub(crate) request: Request,
    pub(crate) decode: fn(&mut Answer) -> Result<T>,
}

impl<T> Operation<T> {
    /// An operation whose path parameters are `parameters`, in order.
    pub(crate) fn new(
        info: &'static OperationInfo,
        parameters: &[&str],
        decode: fn(&mut Answer) -> Result<T>,
    ) -> Self {
        Self { request: Request::new(info, parameters), decode }
    }

    /// An operation at a path that the caller wrote.
    pub(crate) fn at(
        info: &'static OperationInfo,
        version: ApiVersion,
        path: &str,
        decode: fn(&mut Answer) -> Result<T>,
    ) -> Self {
        Self { request: Request::at(info, version, path), decode }
    }

    /// Adds a body.
    pub(crate) fn with_json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.request.set_body(serde_json::to_vec(body));
        self
    }

    /// Refuses what is known to fail: an error among `findings` is said when the operation is sent, and it is not sent.
    pub(crate) fn refusing(mut self, findings: &[Finding]) -> Self {
        self.request.refuse(findings);
        self
    }

    /// Adds a query option; its value is escaped.
    pub(crate) fn with_query(mut self, name: &str, value: &str) -> Self {
        self.request.add_query(name, value);
        self
    }

    /// Adds a header that the service understands, such as `ConsistencyLevel`.
    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.request.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Says that a 429 is final: the action is limited to once in a while.
    pub(crate) fn never_waiting(mut self) -> Self {
        self.request.waits_when_throttled = false;
        self
    }

    /// Uses another version of the API than the operation's own.
    #[must_use]
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.request.set_version(version);
        self
    }

    /// Decodes the answer as another type: for properties that this crate does not model.
    #[must_use]
    pub fn decode_as<U: DeserializeOwned>(self) -> Operation<U> {
        self.with_decode(decode::entity::<U>)
    }

    pub(crate) fn with_decode<U>(self, decode: fn(&mut Answer) -> Result<U>) -> Operation<U> {
        Operation { request: self.request, decode }
    }

    /// What is known of the operation.
    pub fn info(&self) -> &'static OperationInfo {
        self.request.info
    }

    /// The version of the API that it is for.
    pub fn version(&self) -> ApiVersion {
        self.request.version
    }

    /// Its method.
    pub fn method(&self) -> Method {
        self.request.method()
    }

    /// Its path below the version, escaped, without the query.
    pub fn path(&self) -> &str {
        &self.request.path
    }

    /// Path and query below the version, escaped.
    pub fn url(&self) -> String {
        self.request.url()
    }

    /// Its body, if it has one.
    pub fn body(&self) -> Option<&Bytes> {
        self.request.body.as_ref()
    }
}

impl<T> Clone for Operation<T> {
    fn clone(&self) -> Self {
        Self { request: self.request.clone(), decode: self.decode }
    }
}

/// Names the operation and its path; neither query nor body, which may be personal.
impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.request.info;
        f.debug_struct("Operation")
            .field("name", &info.name)
            .field("method", &info.method)
            .field("template", &info.path)
            .finish_non_exhaustive()
    }
}

/// An [`Operation`] bound to a client.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<T> {
    client: Client,
    operation: Operation<T>,
    timeout: Option<Duration>,
    answer: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    pub(crate) fn new(client: &Client, operation: Operation<T>) -> Self {
        Self { client: client.clone(), operation, timeout: None, answer: PhantomData }
    }

    /// Sends it and returns what it answers.
    ///
    /// Dropping the future cancels the call: nothing goes on in the background.
    ///
    /// # Errors
    /// By [`ErrorKind`]; see [`Error`].
    pub async fn send(self) -> Result<T> {
        self.client.execute(&self.operation, self.timeout).await
    }

    /// Ends the call after `timeout`, whatever it waits for, instead of after the client's own limit.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Uses another version of the API than the operation's own.
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.operation = self.operation.with_version(version);
        self
    }

    /// Decodes the answer as another type: for properties that this crate does not model.
    pub fn decode_as<U: DeserializeOwned>(self) -> Call<U> {
        let Self { client, operation, timeout, .. } = self;
        Call { client, operation: operation.decode_as(), timeout, answer: PhantomData }
    }

    /// The request as a value.
    pub fn operation(&self) -> &Operation<T> {
        &self.operation
    }

    /// The request as a value.
    pub fn into_operation(self) -> Operation<T> {
        self.operation
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
    use crate::catalog::OTHER_GET;

    static GET: OperationInfo = OperationInfo { path: "/things/{id}/parts/{part}", ..OTHER_GET };

    #[test]
    fn parameters_fill_the_path_and_cannot_leave_their_segment() {
        let operation =
            Operation::new(&GET, &["a/b", "c d"], decode::nothing).with_query("$filter", "x eq 'ü&'");
        assert_eq!(operation.url(), "/things/a%2Fb/parts/c%20d?$filter=x%20eq%20'%C3%BC%26'");
        assert_eq!(operation.request.address("https://h"), format!("https://h/v1.0{}", operation.url()));
        for missing in [&["a"][..], &["a", ""], &["..", "a"]] {
            assert!(Operation::new(&GET, missing, decode::nothing).request.check().is_err(), "{missing:?}");
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
            let operation = Operation::at(&OTHER_GET, ApiVersion::V1, path, decode::nothing);
            assert_eq!(operation.request.check().is_ok(), good, "{path}");
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
