//! Requests that have no typed call.

use std::fmt;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::Client;
use super::decode::{self, Answer};
use super::operation::{Call, Operation, Request};
use super::page::List;
use crate::catalog::{ApiVersion, UNTYPED};
use crate::error::Result;

/// Headers that the client, its sign-in and its transport set.
const RESERVED: [HeaderName; 6] =
    [AUTHORIZATION, HOST, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING, CONTENT_TYPE];

/// A request to any path of Graph, for operations that have no typed call. Made by [`Client::request`].
///
/// The request goes through the same pipeline as a typed call: sign-in, retries, limits, and errors by kind. It ends in
/// one of its last methods, which say how the answer is read, and is then awaited or put into a batch.
///
/// ```
/// use http::Method;
/// use windows_autopilot::graph::ApiVersion;
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # tenant.add_device("PF3XK7M1");
/// #[derive(serde::Deserialize)]
/// struct Device { #[serde(rename = "serialNumber")] serial_number: String }
///
/// let devices = client
///     .request(Method::GET, ApiVersion::Beta, "/deviceManagement/windowsAutopilotDeviceIdentities")
///     .query("$top", "5")
///     .list::<Device>()
///     .all()
///     .await?;
/// assert_eq!(devices[0].serial_number, "PF3XK7M1");
/// # Ok(()) });
/// ```
///
/// A mistake in the path, a query option, a header or the body is an error of kind
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) when the call is awaited, before anything is sent.
#[derive(Clone)]
#[must_use = "a request does nothing until it is read and awaited"]
pub struct RawRequest {
    client: Client,
    request: Request,
}

impl RawRequest {
    pub(super) fn new(client: &Client, method: &Method, version: ApiVersion, path: &str) -> Self {
        let [get, ..] = UNTYPED;
        let info = UNTYPED.iter().find(|info| info.method == method.as_str());
        let mut request = Request::at(info.copied().unwrap_or(get), version, path);
        if info.is_none() {
            request.refuse(format!("Graph has no method {method}: use GET, POST, PATCH, PUT or DELETE"));
        }
        Self { client: client.clone(), request }
    }

    /// Names the operation in spans, errors and events, such as `things.create`. By default, its method is its name.
    pub fn named(mut self, name: &'static str) -> Self {
        self.request.info.name = name;
        self
    }

    /// Sets a query option; its value is escaped. An option that was set before is replaced.
    pub fn query(mut self, name: impl Into<String>, value: &str) -> Self {
        let name = name.into();
        let sendable = |c: char| c.is_ascii_alphanumeric() || "$@_-.~".contains(c);
        if name.is_empty() || !name.chars().all(sendable) {
            self.request.refuse(
                "the name of a query option has a character that cannot be sent: write it as Graph does, such as `$top`"
                    .to_owned(),
            );
        } else {
            self.request.set_query(name, value);
        }
        self
    }

    /// Sets a header. A header that was set before is replaced.
    pub fn header<K, V>(mut self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        HeaderValue: TryFrom<V>,
    {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(_)) if RESERVED.contains(&name) => {
                self.request.refuse(format!("the header {name} is set by the client itself: leave it out"));
            }
            (Ok(name), Ok(value)) => {
                self.request.headers.insert(name, value);
            }
            (Ok(name), Err(_)) => self.request.refuse(format!(
                "the value of the header {name} cannot be sent: use visible ASCII characters and blanks"
            )),
            (Err(_), _) => self.request.refuse(
                "the name of a header cannot be sent: use letters, digits and hyphens, such as `if-match`"
                    .to_owned(),
            ),
        }
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.request.set_body(serde_json::to_vec(body));
        self
    }

    /// Sets a body of another content type. It cannot be sent in a batch, which carries JSON alone.
    pub fn bytes(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.request.set_bytes(content_type, body.into());
        self
    }

    /// Sets whether a second, identical request leaves the tenant as the first one did: only then is the request sent
    /// again after an answer was lost. By default, every method but `POST` is idempotent.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.request.info.idempotent = idempotent;
        self
    }

    /// Reads the answer as `T`. An empty answer is an error, unless `T` is `()` or an `Option`.
    pub fn read<T: DeserializeOwned>(self) -> Call<T> {
        self.call(decode::entity_or_empty)
    }

    /// Reads the answer as `T`, or as `None` if it is empty.
    pub fn optional<T: DeserializeOwned>(self) -> Call<Option<T>> {
        self.call(decode::decode_if_any)
    }

    /// Drops the answer of a success. An answer that is neither empty nor JSON, such as the page of a captive portal, is an
    /// error.
    pub fn done(self) -> Call<()> {
        self.call(decode::nothing)
    }

    /// Returns the whole answer of a success: status, headers and body.
    pub fn response(self) -> Call<http::Response<Bytes>> {
        self.call(|answer| Ok(std::mem::take(answer)))
    }

    /// Reads the answer as the first page of a list.
    pub fn list<T: DeserializeOwned + Send + 'static>(self) -> List<T> {
        List::of(&self.client, self.request)
    }

    fn call<T>(self, decode: fn(&mut Answer) -> Result<T>) -> Call<T> {
        Call::new(&self.client, Operation { request: self.request, decode })
    }
}

/// Names the request and its method; neither path, query nor body, which may be personal.
impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest")
            .field("name", &self.request.info.name)
            .field("method", &self.request.info.method)
            .finish_non_exhaustive()
    }
}
