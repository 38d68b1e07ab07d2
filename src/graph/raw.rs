//! Requests without a typed call.

use std::fmt;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::Client;
use super::decode::{self, RawResponse};
use super::operation::{Call, Operation, Request};
use super::page::List;
use crate::catalog::{ApiVersion, UNTYPED};
use crate::error::Result;

/// The headers that the client, its sign-in and its transport set.
const RESERVED: [HeaderName; 6] =
    [AUTHORIZATION, HOST, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING, CONTENT_TYPE];

/// A request to any Graph path, for operations without a typed call. Created by [`Client::request`].
///
/// The request runs through the same pipeline as a typed call: sign-in, retries, limits, and error kinds. The last
/// method in the chain, such as [`read`](Self::read), determines how the response is decoded; the call is then awaited
/// or added to a batch.
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
/// A mistake in the path, a query option, a header or the body causes an error of kind
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
            request.refuse(format!("Graph has no method {method}: write GET, POST, PATCH, PUT or DELETE"));
        }
        Self { client: client.clone(), request }
    }

    /// Sets the operation's name in spans, errors and events, such as `things.create`. Default: the method.
    pub fn named(mut self, name: &'static str) -> Self {
        self.request.info.name = name;
        self
    }

    /// Sets a query option, replacing any earlier value. `value` is escaped.
    pub fn query(mut self, name: impl Into<String>, value: &str) -> Self {
        let name = name.into();
        let sendable = |c: char| c.is_ascii_alphanumeric() || "$@_-.~".contains(c);
        if name.is_empty() || !name.chars().all(sendable) {
            self.request.refuse(
                "the name of a query option contains a character that cannot be sent: write it as Graph does, such as `$top`"
                    .to_owned(),
            );
        } else {
            self.request.set_query(name, value);
        }
        self
    }

    /// Sets a header, replacing any earlier value.
    pub fn header<K, V>(mut self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        HeaderValue: TryFrom<V>,
    {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(_)) if RESERVED.contains(&name) => {
                self.request.refuse(format!("the client sets the header {name}: leave it out"));
            }
            (Ok(name), Ok(value)) => {
                self.request.headers.insert(name, value);
            }
            (Ok(name), Err(_)) => self.request.refuse(format!(
                "the value of the header {name} cannot be sent: use visible ASCII characters and spaces"
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

    /// Sets a body with a different content type. Batches carry only JSON and reject such a body.
    pub fn bytes(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.request.set_bytes(content_type, body.into());
        self
    }

    /// Sets whether repeating the request leaves the tenant in the same state as sending it once. Only an idempotent
    /// request is sent again after its response is lost. Default: every method but `POST` is idempotent.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.request.info.idempotent = idempotent;
        self
    }

    /// Decodes the response as `T`. An empty response is an error, unless `T` is `()` or an `Option`.
    pub fn read<T: DeserializeOwned>(self) -> Call<T> {
        self.call(decode::entity_or_empty)
    }

    /// Decodes the response as `T`, or as `None` if it is empty.
    pub fn optional<T: DeserializeOwned>(self) -> Call<Option<T>> {
        self.call(decode::decode_if_any)
    }

    /// Discards a successful response. A body that is neither empty nor JSON, such as a captive portal's page, is an
    /// error.
    pub fn done(self) -> Call<()> {
        self.call(decode::nothing)
    }

    /// Returns the whole successful response: status, headers and body.
    pub fn response(self) -> Call<http::Response<Bytes>> {
        self.call(|answer| Ok(std::mem::take(answer)))
    }

    /// Decodes the response as the first page of a list.
    pub fn list<T: DeserializeOwned + Send + 'static>(self) -> List<T> {
        List::of(&self.client, self.request)
    }

    fn call<T>(self, decode: fn(&mut RawResponse) -> Result<T>) -> Call<T> {
        Call::new(&self.client, Operation { request: self.request, decode })
    }
}

/// Shows the name and the method, but not the path, query or body, which may contain personal data.
impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest")
            .field("name", &self.request.info.name)
            .field("method", &self.request.info.method)
            .finish_non_exhaustive()
    }
}
