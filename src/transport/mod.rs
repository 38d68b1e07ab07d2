//! The HTTP layer, which performs individual exchanges and knows nothing about Graph.
//!
//! `ReqwestTransport` (feature `reqwest`) is the default. [`transport_fn`] creates a transport from a closure,
//! `Recorder` and `Replayer` (feature `cassette`) record exchanges in files and replay them, `sim::Tenant` (feature
//! `sim`) responds as a tenant does, and [`Transport`] is the trait to implement for your own. Pass a transport to
//! [`ClientBuilder::with_transport`](crate::ClientBuilder::with_transport).

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;

#[cfg(feature = "cassette")]
mod cassette;
mod escape;
#[cfg(feature = "reqwest")]
mod reqwest;

#[cfg(feature = "cassette")]
#[cfg_attr(docsrs, doc(cfg(feature = "cassette")))]
pub use self::cassette::{Cassette, Recorder, Replayer};
pub(crate) use self::escape::percent_encode;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use self::reqwest::{ReqwestTransport, ReqwestTransportBuilder};

/// A transport for individual HTTP requests: the layer beneath the rest of the crate.
///
/// Any status is `Ok`. `Err` means that no complete response arrived, and the error's kind determines whether a retry is
/// safe. A response with a non-success status is `Ok` even if its body is unusable or incomplete: the status and
/// headers decide what happens next, and the body contains whatever could be read, possibly nothing. An implementation
/// must not follow redirects, retry requests, or queue failed ones: the layers above handle all of that in the same way
/// for every transport.
///
/// ```
/// use windows_autopilot::transport::{transport_fn, Transport};
/// # windows_autopilot::testing::run(async |_| {
/// let teapot = transport_fn(|_request| async {
///     let mut response = http::Response::new(bytes::Bytes::new());
///     *response.status_mut() = http::StatusCode::IM_A_TEAPOT;
///     Ok(response)
/// });
/// let response = teapot.send(http::Request::new(bytes::Bytes::new())).await?;
/// assert_eq!(response.status(), 418);
/// # Ok(()) });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transport",
    note = "pass a `ReqwestTransport` (feature `reqwest`), a closure in `transport_fn(..)`, a `sim::Tenant` (feature `sim`), or implement `Transport` with `#[async_trait]`"
)]
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and returns the response with its whole body, decoded from any content encoding.
    ///
    /// # Errors
    /// [`TransportError`] if there is no complete response.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        (**self).send(request).await
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Box<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        (**self).send(request).await
    }
}

/// A request extension that asks for a fresh connection: Graph requires one after a 503, and a retry must not reuse a
/// connection that stalled or rejected a request. A transport that has no connections ignores the extension.
#[derive(Debug, Clone, Copy)]
pub struct NewConnection;

/// A request extension that shows an observer the beginning of the response body while the rest is still in flight.
///
/// ```
/// use windows_autopilot::http::StatusCode;
/// use windows_autopilot::transport::BodyStart;
///
/// let enough = BodyStart::new(|_, beginning| beginning.len() >= 4);
/// assert!(!enough.show(StatusCode::OK, b"{"));
/// assert!(enough.show(StatusCode::OK, b"{\"value\""));
/// ```
///
/// A transport that streams bodies shows the observer everything received so far, decompressed, each time more data
/// arrives, until the observer has seen enough. Other transports ignore the extension: the beginning is a hint, and only
/// the response counts.
#[derive(Clone)]
pub struct BodyStart(Arc<Observer>);

type Observer = dyn Fn(http::StatusCode, &[u8]) -> bool + Send + Sync;

impl BodyStart {
    /// Creates the extension from `observer`, which is called with the status and the part of the body received so far,
    /// and returns `true` when it has seen enough. The observer must not block.
    pub fn new(observer: impl Fn(http::StatusCode, &[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    /// Shows the beginning of a body to the observer. Returns `true` if the observer has seen enough.
    pub fn show(&self, status: http::StatusCode, beginning: &[u8]) -> bool {
        (self.0)(status, beginning)
    }
}

impl fmt::Debug for BodyStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyStart")
    }
}

/// The kind of failure in an exchange, which determines whether the request can be retried.
///
/// ```
/// use windows_autopilot::transport::TransportErrorKind;
/// assert!(TransportErrorKind::Connect.never_sent());
/// assert!(!TransportErrorKind::Timeout.never_sent());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request was never sent: no connection, unknown host name, TLS failure. Safe to retry with any method.
    Connect,
    /// The transport does not allow the request, for example because of its address. Nothing was sent; a retry would
    /// fail the same way.
    NotAllowed,
    /// The server reported that it did not process the request: HTTP/2 `REFUSED_STREAM`, or a `GOAWAY` that excludes
    /// its stream. Safe to retry over a new connection with any method.
    NotProcessed,
    /// No complete response arrived in time. The request may have taken effect.
    Timeout,
    /// The connection was lost after the request was sent. The request may have taken effect.
    Interrupted,
    /// A successful response had an unusable body: too large, or invalid for its content encoding.
    Body,
    /// Any other failure. The request may have taken effect.
    Other,
}

impl TransportErrorKind {
    /// Returns `true` if the request is known to have had no effect.
    pub fn never_sent(self) -> bool {
        matches!(self, Self::Connect | Self::NotAllowed | Self::NotProcessed)
    }
}

/// The reason for a failed connection, if the transport knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectFailure {
    /// The TLS handshake failed because of a certificate or version problem: the certificate is not trusted, has
    /// expired or is for another host, or the client and the server have no TLS version in common. A retry fails the
    /// same way.
    Tls,
    /// The proxy refused to open a tunnel to the server.
    ProxyRefused,
    /// The proxy requires a user name and a password, or rejects the ones given (407). A retry fails the same way.
    ProxyAuthentication,
}

/// An error from an exchange that produced no complete response.
///
/// ```
/// use windows_autopilot::transport::{TransportError, TransportErrorKind};
/// let error = TransportError::new(TransportErrorKind::Timeout, "no response within 30 s");
/// assert!(!error.kind().never_sent()); // the service may have processed the request
/// ```
pub struct TransportError {
    kind: TransportErrorKind,
    connect_failure: Option<ConnectFailure>,
    head: Option<Box<(http::StatusCode, http::HeaderMap)>>,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// Creates an error of `kind`. `message` says what happened; it must not contain query parameters, headers or
    /// bodies.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, connect_failure: None, head: None, message: message.into(), source: None }
    }

    /// Sets the reason for a failed connection.
    #[must_use]
    pub fn with_connect_failure(mut self, failure: ConnectFailure) -> Self {
        self.connect_failure = Some(failure);
        self
    }

    /// Sets the status and headers of a response whose body is unusable.
    #[must_use]
    pub fn with_head(mut self, status: http::StatusCode, headers: http::HeaderMap) -> Self {
        self.head = Some(Box::new((status, headers)));
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the kind, which determines whether a retry is safe.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns the reason for a failed connection, if it is known.
    pub fn connect_failure(&self) -> Option<ConnectFailure> {
        self.connect_failure
    }

    /// Returns the status and headers of the response whose body is unusable, if there was one.
    pub fn head(&self) -> Option<(http::StatusCode, &http::HeaderMap)> {
        self.head.as_deref().map(|(status, headers)| (*status, headers))
    }

    /// Returns `true` if a retry would fail the same way.
    pub fn is_permanent(&self) -> bool {
        matches!(self.kind, TransportErrorKind::NotAllowed | TransportErrorKind::Body)
            || matches!(self.connect_failure, Some(ConnectFailure::Tls | ConnectFailure::ProxyAuthentication))
    }
}

impl TransportError {
    /// Redacts the message and the causes, which become text.
    pub(crate) fn redacted(mut self, redact: impl Fn(&str) -> String) -> Self {
        self.message = redact(&self.message);
        self.source = self.source.map(|source| redact(&chain(&*source)).into());
        self
    }
}

/// Returns an error and its causes as one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let all: Vec<String> =
        std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    all.join(": ")
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError").field("kind", &self.kind).field("message", &self.message).finish()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

/// Creates a transport from a closure, for a test or to wrap another transport.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// use std::sync::Arc;
/// use windows_autopilot::transport::{Transport, transport_fn};
/// # use windows_autopilot::{Client, credential::FixedToken};
///
/// let inner: Arc<dyn Transport> = Arc::new(tenant); // or a `ReqwestTransport`
/// let logged = transport_fn(move |request| {
///     println!("{} {}", request.method(), request.uri().path());
///     let inner = Arc::clone(&inner);
///     async move { inner.send(request).await }
/// });
/// let client = Client::builder(FixedToken::new("simulated")).with_transport(logged).build()?;
/// # client.devices().count().await?;
/// # Ok(()) });
/// ```
pub fn transport_fn<F, R>(send: F) -> impl Transport
where
    F: Fn(http::Request<Bytes>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<http::Response<Bytes>, TransportError>> + Send + 'static,
{
    TransportFn(send)
}

struct TransportFn<F>(F);

impl<F> fmt::Debug for TransportFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportFn")
    }
}

#[async_trait]
impl<F, R> Transport for TransportFn<F>
where
    F: Fn(http::Request<Bytes>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<http::Response<Bytes>, TransportError>> + Send + 'static,
{
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        (self.0)(request).await
    }
}
