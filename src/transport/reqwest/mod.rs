//! HTTP over reqwest, with TLS through rustls.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderValue, Method, Uri};
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use self::body::BodyReader;
use self::failure::{body_error, refused, send_error, timed_out};
use self::pool::{ClientOptions, ClientPool};
use self::proxy::{ProxyChoice, Route};
use self::watch::{PIECE_BYTES, ProgressWatch};
use super::{BodyStart, NewConnection, Transport, TransportError};
use crate::clock::{SystemClock, within};
use crate::model::InvalidValue;

mod body;
mod failure;
mod pool;
mod proxy;
mod watch;

/// A transport for HTTP/1.1 and HTTP/2 over TLS.
///
/// The transport uses only https, follows no redirects, stores no cookies, and limits the size of bodies. It trusts the
/// system's root certificates and those added to it. By default, it uses the proxy from the environment or the system's
/// settings.
///
/// ```
/// use windows_autopilot::transport::ReqwestTransport;
/// # fn run() -> Result<(), windows_autopilot::model::InvalidValue> {
/// let transport = ReqwestTransport::builder().with_proxy("http://proxy.contoso.com:8080").build()?;
/// # Ok(()) }
/// ```
///
/// Requests need a tokio runtime with I/O and time enabled. One transport can serve several runtimes, each with its own
/// connections. The transport never retries: a request that an HTTP/2 server did not process fails with
/// [`NotProcessed`](super::TransportErrorKind::NotProcessed).
pub struct ReqwestTransport {
    /// The clients for https, or the reason why there are none.
    https: Result<ClientPool, InvalidValue>,
    /// The clients for plain http on loopback, which bypass proxies.
    loopback: Option<ClientPool>,
    options: Options,
}

#[derive(Debug, Clone, Copy)]
struct Options {
    connect_timeout: Duration,
    read_timeout: Duration,
    timeout: Duration,
    max_body_bytes: usize,
}

impl ReqwestTransport {
    /// Creates a transport with the defaults of [`ReqwestTransport::builder`].
    ///
    /// # Errors
    /// [`InvalidValue`] if the system has no root certificates.
    pub fn new() -> Result<Self, InvalidValue> {
        Self::builder().build()
    }

    /// Creates a builder.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder {
            roots: Vec::new(),
            proxy: ProxyChoice::System,
            options: Options {
                connect_timeout: Duration::from_secs(20),
                read_timeout: Duration::from_secs(60),
                timeout: Duration::from_secs(100),
                max_body_bytes: 64 << 20,
            },
            plain_http_on_loopback: false,
        }
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A builder for [`ReqwestTransport`].
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use windows_autopilot::transport::ReqwestTransport;
///
/// let transport = ReqwestTransport::builder()
///     .with_root_certificate(std::fs::read("contoso-ca.pem")?)
///     .with_proxy("http://proxy.contoso.com:8080")
///     .with_connect_timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ReqwestTransportBuilder {
    roots: Vec<Vec<u8>>,
    proxy: ProxyChoice,
    options: Options,
    plain_http_on_loopback: bool,
}

impl ReqwestTransportBuilder {
    /// Adds trusted certificates, either any number in PEM format or a single one in DER format, such as those of a
    /// company's certificate authority or of a proxy that intercepts TLS.
    pub fn with_root_certificate(mut self, certificate: impl Into<Vec<u8>>) -> Self {
        self.roots.push(certificate.into());
        self
    }

    /// Sets the proxy for all requests: `http://[user:password@]host:port`, or `https://…`.
    pub fn with_proxy(mut self, address: impl Into<String>) -> Self {
        self.proxy = ProxyChoice::Named(address.into());
        self
    }

    /// Disables proxies, including those set in the environment or in the system's settings.
    pub fn without_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self
    }

    /// Sets the connect timeout, including TLS and the proxy. Default: 20 s.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Sets the maximum time without progress: before the response begins, and between two chunks of its body. Default:
    /// 60 s. An upload makes progress whenever one of its chunks is sent.
    pub fn with_read_timeout(mut self, timeout: Duration) -> Self {
        self.options.read_timeout = timeout;
        self
    }

    /// Sets the timeout for a whole exchange, from connecting to the last byte. Default: 100 s.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Sets the maximum size of a response body, in bytes after decompression. Default: 64 MiB.
    pub fn with_max_body_bytes(mut self, max_body_bytes: usize) -> Self {
        self.options.max_body_bytes = max_body_bytes;
        self
    }

    /// Sets whether plain http to `localhost`, `127.0.0.0/8` and `[::1]` is allowed, for a test server; such requests
    /// bypass proxies. Plain http to other hosts is never allowed. Default: `false`.
    pub fn with_plain_http_on_loopback(mut self, allowed: bool) -> Self {
        self.plain_http_on_loopback = allowed;
        self
    }

    /// Builds the transport, without connecting.
    ///
    /// # Errors
    /// [`InvalidValue`] if a certificate is invalid, if the proxy's address is invalid (even one from the environment),
    /// or if there are no root certificates. With [plain http on loopback](Self::with_plain_http_on_loopback), missing
    /// root certificates are an error only when a request uses https.
    pub fn build(self) -> Result<ReqwestTransport, InvalidValue> {
        let Options { connect_timeout, timeout, .. } = self.options;
        let pool = |tls, route| ClientPool::new(ClientOptions { tls, route, connect_timeout, timeout });
        let route = Route::of(&self.proxy)?;
        let https = match tls(&self.roots) {
            Ok(tls) => Ok(pool(tls, route)?),
            Err(error) if self.plain_http_on_loopback && self.roots.is_empty() => Err(error),
            Err(error) => return Err(error),
        };
        let loopback = match self.plain_http_on_loopback {
            true => Some(pool(no_tls()?, Route::direct())?),
            false => None,
        };
        Ok(ReqwestTransport { https, loopback, options: self.options })
    }
}

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransportBuilder")
            .field("options", &self.options)
            .field("plain_http_on_loopback", &self.plain_http_on_loopback)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let url = checked_url(request.uri())?;
        let pool = match (url.scheme(), &self.loopback) {
            ("https", _) => self.https.as_ref().map_err(|error| refused(error.to_string()))?,
            (_, Some(loopback)) if is_loopback(&url) => loopback,
            _ => {
                return Err(refused("plain http would expose the token: use https"));
            }
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let fresh = request.extensions().get::<NewConnection>().is_some();
        let start = request.extensions().get::<BodyStart>().cloned();
        let (parts, body) = request.into_parts();
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = parts.headers;
        outgoing.headers_mut().entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
        let watch = ProgressWatch::new(self.options.read_timeout);
        if body.len() > PIECE_BYTES {
            *outgoing.body_mut() = Some(reqwest::Body::wrap(watch.wrap_upload(body)));
        } else if !body.is_empty() {
            *outgoing.body_mut() = Some(body.into());
        } else if matches!(*outgoing.method(), Method::POST | Method::PUT | Method::PATCH) {
            // reqwest then sends no length, and some gateways return 411.
            outgoing.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let client = if fresh { pool.new_client()? } else { pool.client()? };
        let sent = watch.run(client.execute(outgoing)).await.ok_or_else(|| timed_out(&host, "a response"))?;
        let answer = sent.map_err(|error| send_error(&host, pool.proxy(), &error))?;
        watch.response_started();
        if fresh {
            // Replaced last: another request could otherwise have used the new connection first.
            pool.replace(client)?;
        }
        self.read(&host, answer, &watch, start).await
    }
}

/// The timeout for the body of an unsuccessful response: status and headers are enough to classify it.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of bytes that are kept of such a body if it cannot be read to its end.
const REFUSAL_BYTES: usize = 4 << 10;

impl ReqwestTransport {
    async fn read(
        &self,
        host: &str,
        mut answer: reqwest::Response,
        watch: &ProgressWatch,
        start: Option<BodyStart>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let status = answer.status();
        let reader =
            BodyReader::new(response.headers(), answer.content_length(), self.options.max_body_bytes);
        let body = match reader {
            Ok(mut reader) if status.is_success() => {
                let filled = fill(host, &mut answer, &mut reader, watch, start).await;
                filled.and_then(|()| reader.finish())
            }
            Ok(mut reader) => {
                let filling = fill(host, &mut answer, &mut reader, watch, start);
                let filled = within(&SystemClock::new(), REFUSAL_TIMEOUT, filling).await;
                let so_far =
                    Bytes::copy_from_slice(reader.so_far().get(..REFUSAL_BYTES).unwrap_or(reader.so_far()));
                let whole = filled.is_some_and(|filled| filled.is_ok());
                Ok(if whole { reader.finish().unwrap_or(so_far) } else { so_far })
            }
            Err(_) if !status.is_success() => Ok(Bytes::new()),
            Err(unreadable) => Err(unreadable),
        };
        if response.headers_mut().remove(CONTENT_ENCODING).is_some() {
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        match body {
            Ok(body) => {
                *response.body_mut() = body;
                Ok(response)
            }
            Err(error) => Err(error.with_head(status, std::mem::take(response.headers_mut()))),
        }
    }
}

/// Reads a body to its end, and shows its beginning to the observer in `start`.
async fn fill(
    host: &str,
    answer: &mut reqwest::Response,
    reader: &mut BodyReader,
    watch: &ProgressWatch,
    mut start: Option<BodyStart>,
) -> Result<(), TransportError> {
    let status = answer.status();
    loop {
        let piece = watch.run(answer.chunk()).await.ok_or_else(|| timed_out(host, "the response body"))?;
        let Some(piece) = piece.map_err(|error| body_error(host, &error))? else { return Ok(()) };
        reader.push(&piece)?;
        start = start.filter(|start| !start.show(status, reader.so_far()));
    }
}

/// Creates a TLS configuration that offers HTTP/2 and HTTP/1.1.
fn tls(roots: &[Vec<u8>]) -> Result<ClientConfig, InvalidValue> {
    let mut config = crate::tls::config(roots)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Creates a TLS configuration that trusts no certificate, for a client that never uses TLS.
fn no_tls() -> Result<ClientConfig, InvalidValue> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(
            |error| InvalidValue::new("TLS versions", error.to_string(), "use a newer crypto provider"),
        )?;
    Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// Parses `uri` as reqwest does, and refuses addresses that the two parsers read differently.
fn checked_url(uri: &Uri) -> Result<Url, TransportError> {
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refused("the address has no scheme or no host: write it as https://host/path"));
    };
    let url = Url::parse(&uri.to_string()).map_err(|_| refused("the address is not a valid URL"))?;
    let default_port = if scheme == "https" { 443 } else { 80 };
    let after_host = authority.as_str().strip_prefix(authority.host());
    let same = matches!(scheme, "http" | "https")
        && url.scheme() == scheme
        && url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(authority.host()))
        && url.port_or_known_default() == Some(authority.port_u16().unwrap_or(default_port))
        // No user information before the host, and only a port after it.
        && after_host.is_some_and(|rest| rest.is_empty() || authority.port_u16().is_some());
    if !same {
        return Err(refused("the address is ambiguous: URL parsers read different hosts or ports from it"));
    }
    // `..` and `\\` in a path lead elsewhere.
    if url.path().split('/').count() != uri.path().split('/').count() {
        return Err(refused("the path of the address has segments like `..` that lead elsewhere"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::TransportErrorKind;

    #[test]
    fn an_address_that_two_parsers_read_differently_is_refused() {
        for good in [
            "https://graph.microsoft.com/v1.0/devices?$filter=contains(serialNumber,'x')",
            "https://graph.microsoft.com:443/beta/x",
            "https://GRAPH.microsoft.com",
            "http://127.0.0.1:8080/v1.0/groups/1/members/$ref",
            "https://[::1]:9/x",
        ] {
            assert!(checked_url(&good.parse().unwrap()).is_ok(), "{good}");
        }
        for bad in [
            "https://user@graph.microsoft.com/",
            "https://graph.microsoft.com:x@evil.example/",
            "https://graph.microsoft.com:@evil.example/",
            "https://graph.microsoft.com:/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://graph.microsoft.com:99999/",
            "ftp://graph.microsoft.com/",
            "/v1.0/groups",
            "https://graph.microsoft.com/v1.0/groups/../users",
            "https://graph.microsoft.com/v1.0/groups/%2e%2E/users",
            "https://graph.microsoft.com/v1.0/groups/./users",
        ] {
            let Ok(uri) = bad.parse::<Uri>() else { continue };
            let error = checked_url(&uri).expect_err(bad);
            assert_eq!(error.kind(), TransportErrorKind::NotAllowed, "{bad}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (address, loopback) in [
            ("http://localhost/", true),
            ("http://127.0.0.1:1/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://localhost.evil.example/", false),
            ("http://0.0.0.0/", false),
            ("http://10.0.0.1/", false),
            ("http://[::ffff:7f00:1]/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(address).unwrap()), loopback, "{address}");
        }
    }

    #[test]
    fn errors_about_the_proxy_hide_its_password() {
        for address in ["proxy:8080", "socks5://proxy:1080", "http://u:canary-pw@proxy/path", "canary-pw", ""]
        {
            let error = ReqwestTransport::builder().with_proxy(address).build().unwrap_err();
            assert_eq!(error.subject(), "proxy address");
            assert!(!format!("{error}{error:?}").contains("canary-pw"), "{error:?}");
        }
        let builder = ReqwestTransport::builder().with_proxy("http://u:canary-pw@proxy:8080");
        assert!(!format!("{builder:?}").contains("canary-pw"));
    }

    #[test]
    fn an_invalid_root_certificate_is_refused_at_build() {
        let wrong = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "no pem", wrong, "-----BEGIN CERTIFICATE-----\nAAAA"] {
            let error = ReqwestTransport::builder().with_root_certificate(pem).build().unwrap_err();
            assert_eq!(error.subject(), "root certificate", "{pem}: {error}");
        }
    }
}
