//! One request to a served tenant: host, CORS, size and destination.

use std::fmt;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;

use super::host::{Hosts, Realm, split};
use crate::clock::ScaledClock;
use crate::sim::control;
use crate::sim::gateway::RecordedRequest;
use crate::sim::tenant::Tenant;
use crate::transport::Transport as _;

/// An answer that ends the processing of a request early.
type Early = Box<Response<Full<Bytes>>>;

/// The largest body that is read: 16 MiB.
const MAX_BODY_BYTES: usize = 16 << 20;

/// The route of a request: its scheme, and the tunnel around it.
#[derive(Debug)]
pub(super) struct Via {
    scheme: &'static str,
    /// The host of a `CONNECT`.
    tunnel: Option<String>,
}

impl Via {
    pub(super) fn plain() -> Self {
        Self { scheme: "http", tunnel: None }
    }

    pub(super) fn tls(tunnel: Option<String>) -> Self {
        Self { scheme: "https", tunnel }
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.tunnel.is_some()
    }
}

/// A connection that a fault ends without an answer.
#[derive(Debug)]
pub(super) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault of the simulated tenant drops the connection")
    }
}

impl std::error::Error for Dropped {}

/// Answers the requests of all connections.
pub(super) struct Service {
    pub(super) tenant: Tenant,
    pub(super) hosts: Hosts,
    pub(super) control: bool,
    pub(super) clock: Option<ScaledClock>,
    pub(super) observer: Option<Observer>,
}

/// A callback for each answered request.
pub(super) type Observer = Box<dyn Fn(&RecordedRequest) + Send + Sync>;

impl Service {
    /// Returns `true` if the proxy serves this host.
    pub(super) fn tunnels_to(&self, authority: &str) -> bool {
        matches!(self.hosts.realm(authority), Some(Realm::Graph | Realm::SignIn))
    }

    pub(super) async fn answer(
        &self,
        via: &Via,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Dropped> {
        let (mut head, body) = request.into_parts();
        let target = match self.target(via, &head.uri, &head.headers) {
            Ok(target) => target,
            Err(early) => return Ok(*early),
        };
        if target.part == Part::Control {
            let body = match read(body).await {
                Ok(body) => body,
                Err(early) => return Ok(*early),
            };
            return Ok(control::answer(&self.tenant, self.clock.as_ref(), &head, &body).map(Full::new));
        }
        if head.method == Method::OPTIONS && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        {
            return Ok(preflight(&head.headers));
        }
        let body = match read(body).await {
            Ok(body) => body,
            Err(early) => return Ok(*early),
        };
        head.uri = target.uri;
        let (method, path) = (head.method.clone(), head.uri.path().to_owned());
        let outcome = self.tenant.send(Request::from_parts(head, body)).await;
        if let Some(observer) = &self.observer {
            let status = outcome.as_ref().ok().map(Response::status);
            let at = self.tenant.timestamp();
            observer(&RecordedRequest { method, path, query: String::new(), status, at });
        }
        // A fault that breaks the exchange breaks the connection.
        let answer = outcome.map_err(|_| Dropped)?;
        let mut answer = answer.map(Full::new);
        share(answer.headers_mut());
        Ok(answer)
    }

    /// Determines the destination of a request, and its address as seen by the client.
    fn target(&self, via: &Via, uri: &Uri, headers: &HeaderMap) -> Result<Target, Early> {
        let named = uri.authority().map(http::uri::Authority::as_str);
        let host = named.or_else(|| text(headers, &header::HOST)).unwrap_or_default();
        let misdirected = || {
            let text = format!("this server does not answer for {host:?}: use localhost, 127.0.0.1 or [::1]");
            Box::new(refusal(StatusCode::MISDIRECTED_REQUEST, &text))
        };
        let realm = self.hosts.realm(host).ok_or_else(misdirected)?;
        let name = |authority: &str| split(authority).map(|(host, _)| host.to_ascii_lowercase());
        if via.tunnel.as_deref().is_some_and(|tunnel| name(tunnel) != name(host)) {
            return Err(misdirected());
        }
        let first = uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
        let versioned = matches!(first, "v1.0" | "beta");
        let part = match (realm, first) {
            (Realm::All, "_sim") if self.control => Part::Control,
            (Realm::All, "_sim") => {
                let text = "the control API is off: start the server with it";
                return Err(refusal(StatusCode::NOT_FOUND, text).into());
            }
            (Realm::All, "") => return Err(self.welcome().into()),
            (Realm::Graph, _) if !versioned => {
                return Err(refusal(StatusCode::NOT_FOUND, "Graph has the versions v1.0 and beta").into());
            }
            (Realm::SignIn, _) if versioned => {
                return Err(
                    refusal(StatusCode::NOT_FOUND, "this is the host of sign-in, not of Graph").into()
                );
            }
            _ => Part::Tenant,
        };
        let (scheme, authority) = match realm {
            Realm::All => forwarded(via, headers, host)?,
            Realm::Graph | Realm::SignIn => (via.scheme, host.to_owned()),
        };
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let uri = format!("{scheme}://{authority}{path}");
        let uri = uri
            .parse()
            .map_err(|_| Box::new(refusal(StatusCode::BAD_REQUEST, "the address cannot be read")))?;
        Ok(Target { part, uri })
    }

    /// Answers the bare address with a description for people.
    fn welcome(&self) -> Response<Full<Bytes>> {
        let control = if self.control { "\nControl: /_sim" } else { "" };
        let text = format!(
            "A simulated tenant of Microsoft Graph for Windows Autopilot: {}\nGraph: /v1.0 and /beta\nSign-in: \
             /{}/v2.0/.well-known/openid-configuration{control}\n",
            self.tenant.domain(),
            self.tenant.id(),
        );
        refusal(StatusCode::OK, &text)
    }
}

/// The destination of a request in a served tenant.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Tenant,
    Control,
}

struct Target {
    part: Part,
    uri: Uri,
}

/// Returns scheme and authority as seen by a client in front of a reverse proxy.
fn forwarded(via: &Via, headers: &HeaderMap, host: &str) -> Result<(&'static str, String), Early> {
    let first =
        |name: &HeaderName| text(headers, name).and_then(|value| value.split(',').next()).map(str::trim);
    let bad = |text: &str| Box::new(refusal(StatusCode::BAD_REQUEST, text));
    let scheme = match first(&HeaderName::from_static("x-forwarded-proto")) {
        None => via.scheme,
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => "http",
        Some(_) => return Err(bad("X-Forwarded-Proto is http or https")),
    };
    match first(&HeaderName::from_static("x-forwarded-host")) {
        None => Ok((scheme, host.to_owned())),
        Some(host) if split(host).is_some() => Ok((scheme, host.to_owned())),
        Some(_) => Err(bad("X-Forwarded-Host is a host, with or without a port")),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn read(body: Incoming) -> Result<Bytes, Early> {
    let read = Limited::new(body, MAX_BODY_BYTES).collect().await;
    read.map(http_body_util::Collected::to_bytes).map_err(|error| {
        match error.is::<http_body_util::LengthLimitError>() {
            true => refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body has more than 16 MiB").into(),
            false => refusal(StatusCode::BAD_REQUEST, "the body was cut off").into(),
        }
    })
}

/// Allows pages of any origin to read the answer, as Graph does.
fn share(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
}

/// Answers a CORS preflight request.
fn preflight(asked: &HeaderMap) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    share(headers);
    let methods = HeaderValue::from_static("GET,POST,PATCH,PUT,DELETE,OPTIONS,HEAD");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    answer
}

/// Renders a plain text answer.
pub(super) fn refusal(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(format!("{text}\n")));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
