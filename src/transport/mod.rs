//! One HTTP exchange. Nothing here knows of Graph.

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
mod scrub;

#[cfg(feature = "cassette")]
#[cfg_attr(docsrs, doc(cfg(feature = "cassette")))]
pub use self::cassette::{Cassette, Recorder, Replayer};
pub(crate) use self::escape::percent_encode;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use self::reqwest::{ReqwestTransport, ReqwestTransportBuilder};
pub(crate) use self::scrub::scrub;

/// Sends one HTTP request and returns the whole answer: the seam below everything else.
///
/// Any status is `Ok`. `Err` means that no whole answer came, and its kind says what a retry may assume. An
/// implementation does not follow redirects, does not retry, and does not keep a request that failed: the layers above
/// do that, by rules that are the same for every transport.
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
    note = "give a `ReqwestTransport` (feature `reqwest`), a closure in `transport_fn(..)`, a `sim::Tenant` (feature `sim`), or implement `Transport` with `#[async_trait]`"
)]
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and returns the answer with its whole body, decoded from any content encoding.
    ///
    /// # Errors
    /// [`TransportError`] when there is no whole answer.
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

/// Rides in a request's extensions to ask for a connection that no earlier request used: Graph wants one after a 503.
/// A transport without connections ignores it.
#[derive(Debug, Clone, Copy)]
pub struct NewConnection;

/// Rides in a request's extensions to see the beginning of the answer's body while the rest is still on its way.
///
/// A transport that gets a body piece by piece shows what it has so far, decompressed, until that was enough. One that
/// gets the whole answer at once ignores it: what is shown is a hint, and the answer alone counts.
#[derive(Clone)]
pub struct BodyStart(Arc<Look>);

type Look = dyn Fn(http::StatusCode, &[u8]) -> bool + Send + Sync;

impl BodyStart {
    /// `look` is given the status and the body's beginning, each time longer, and says whether that was enough. It must
    /// not block.
    pub fn new(look: impl Fn(http::StatusCode, &[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// Shows the beginning of a body; whether that was enough.
    pub fn show(&self, status: http::StatusCode, beginning: &[u8]) -> bool {
        (self.0)(status, beginning)
    }
}

impl fmt::Debug for BodyStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BodyStart")
    }
}

/// The kind of a failed exchange, by which a retry is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request never left: no connection, no name, a TLS failure. Safe to send again, whatever its method.
    Connect,
    /// The transport does not allow the request, such as its address. Nothing was sent; a retry changes nothing.
    NotAllowed,
    /// No whole answer in time. The request may have taken effect.
    Timeout,
    /// The connection broke after the request was sent. The request may have taken effect.
    Interrupted,
    /// An answer came, but its body is unusable: too large, or not what its content encoding says.
    Body,
    /// Anything else. The request may have taken effect.
    Other,
}

impl TransportErrorKind {
    /// Whether the request certainly did not take effect.
    pub fn never_sent(self) -> bool {
        matches!(self, Self::Connect | Self::NotAllowed)
    }
}

/// No whole answer came.
pub struct TransportError {
    kind: TransportErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// An error of `kind`; `message` says what happened, without address parameters, headers or bodies.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What a retry may assume.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
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

/// A transport made of a closure: for one exchange in a test, or to wrap what is already there.
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
