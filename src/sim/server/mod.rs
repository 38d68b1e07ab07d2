//! A simulated tenant served over HTTP and HTTPS on loopback.

mod certificate;
mod connection;
mod host;
mod message;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::certificate::Authority;
use self::connection::Listener;
use self::host::Hosts;
use self::message::{Observer, Service};
use super::control;
use super::gateway::RecordedRequest;
use super::tenant::Tenant;
use crate::clock::{Clock as _, ScaledClock, SystemClock};

/// The time for requests in flight in [`Server::stop`].
const DRAIN: Duration = Duration::from_secs(10);

/// The number of requests that a served tenant records.
const REMEMBERED_REQUESTS: usize = 1000;

/// The certificate of a served tenant.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { tenant, .. }| {
/// use windows_autopilot::sim::{ServedTls, Server};
/// let server = Server::builder(tenant).with_tls(ServedTls::generated()).start().await?;
/// assert!(server.url().starts_with("https://"));
/// # Ok(()) });
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServedTls {
    _generated: (),
}

impl ServedTls {
    /// Generates a certificate authority and a server certificate when the server starts. The keys never leave the
    /// process.
    ///
    /// The authority is limited to the served names (name constraints), so trusting it affects no other hosts.
    pub fn generated() -> Self {
        Self { _generated: () }
    }
}

/// A builder for a [`Server`].
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { tenant, .. }| {
/// use windows_autopilot::clock::ScaledClock;
/// use windows_autopilot::sim::Server;
///
/// let server = Server::builder(tenant)
///     .with_address(([127, 0, 0, 1], 0).into()) // any free port
///     .with_observer(|request| println!("{} {}", request.method, request.redacted_path()))
///     .start()
///     .await?;
/// println!("{}", server.url());
/// server.stop().await;
/// # Ok(()) });
/// ```
#[must_use = "a server is started by `start`"]
pub struct ServerBuilder {
    tenant: Tenant,
    address: SocketAddr,
    tls: Option<ServedTls>,
    names: Vec<String>,
    proxy: bool,
    control: bool,
    clock: Option<ScaledClock>,
    observer: Option<Observer>,
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("address", &self.address)
            .field("tls", &self.tls.is_some())
            .field("names", &self.names)
            .field("proxy", &self.proxy)
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

impl ServerBuilder {
    /// Sets the loopback address to listen on. Port 0 selects any free port. Default: `127.0.0.1:0`.
    pub fn with_address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Serves HTTPS in addition to HTTP, on the same port. Default: HTTP only.
    pub fn with_tls(mut self, tls: ServedTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Adds a name for the server, such as that of a reverse proxy on this machine.
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Answers `CONNECT` for the hosts of Microsoft Graph and sign-in, so that an unmodified program needs only
    /// `HTTPS_PROXY` and the CA certificate. Connections to other hosts are refused. Requires TLS. Default: no.
    pub fn with_proxy(mut self, proxy: bool) -> Self {
        self.proxy = proxy;
        self
    }

    /// Serves the control API for devices, time and faults under `/_sim`. Default: no.
    pub fn with_control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// Lets the control API change the time. `clock` must be the tenant's.
    pub fn with_clock(mut self, clock: ScaledClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Calls `observer` for each request to Graph or sign-in after it is answered, but not for requests to the control
    /// API. The observer must not block for long.
    pub fn with_observer(mut self, observer: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Starts the server on the current tokio runtime.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a non-loopback address, and for a proxy without TLS. If the port is in use,
    /// the error names it.
    pub async fn start(self) -> io::Result<Server> {
        let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
        if !self.address.ip().is_loopback() {
            return Err(invalid(format!(
                "{} is not a loopback address: a simulated tenant has no security, so it is served on 127.0.0.1 or \
                 [::1] alone; a reverse proxy can stand in front",
                self.address.ip()
            )));
        }
        if self.proxy && self.tls.is_none() {
            return Err(invalid("a proxy needs `with_tls(ServedTls::generated())`".to_owned()));
        }
        let hosts = Hosts::new(self.names, self.proxy);
        let authority = match self.tls {
            Some(ServedTls { .. }) => {
                Some(Authority::generate(&hosts.certified_names()).map_err(io::Error::other)?)
            }
            None => None,
        };
        let socket = TcpListener::bind(self.address).await.map_err(|error| {
            let remedy = match error.kind() {
                io::ErrorKind::AddrInUse => "is taken: choose another port, or 0 for any free one",
                io::ErrorKind::PermissionDenied => "may not be used: choose a port above 1023",
                _ => "cannot be listened on",
            };
            io::Error::new(error.kind(), format!("{} {remedy} ({error})", self.address))
        })?;
        let address = socket.local_addr()?;
        self.tenant.remember_requests(REMEMBERED_REQUESTS);
        let certificate = authority.as_ref().map(|authority| authority.pem().to_owned());
        let stop = watch::Sender::new(false);
        if let Some(clock) = &self.clock {
            control::catch_up(&self.tenant, clock);
        }
        let service = Service {
            tenant: self.tenant,
            hosts,
            control: self.control,
            clock: self.clock,
            observer: self.observer,
        };
        let acceptor = authority.map(|authority| authority.acceptor());
        let listener = Listener::new(socket, acceptor, Arc::new(service), stop.subscribe());
        Ok(Server { address, certificate, stop, task: tokio::spawn(listener.run()) })
    }
}

/// A simulated tenant, served over HTTP and HTTPS on loopback.
///
/// ```
/// use windows_autopilot::sim::{ServedTls, Server, Tenant};
/// # windows_autopilot::testing::run(async |harness| {
/// # let tenant = harness.tenant;
/// let server = Server::builder(tenant.clone()).with_tls(ServedTls::generated()).start().await?;
/// println!("Graph is at {}/v1.0", server.url());
/// println!("trust {}", server.ca_certificate_pem().unwrap_or_default());
/// server.stop().await;
/// # Ok(()) });
/// ```
///
/// Links in responses use the host of the request, or `X-Forwarded-Host` and `X-Forwarded-Proto` if present. A request
/// with a `Host` other than loopback or one of the served names gets a 421 response, which prevents a web page from
/// reaching the tenant through a host name of its own (DNS rebinding). Browsers may call the Graph and sign-in endpoints
/// from any page (CORS), but not the control API.
///
/// Dropping the server stops it immediately; [`Server::stop`] lets in-flight requests finish first.
#[must_use = "a server stops when it is dropped"]
pub struct Server {
    address: SocketAddr,
    certificate: Option<String>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Creates a builder for a server of `tenant`.
    pub fn builder(tenant: Tenant) -> ServerBuilder {
        ServerBuilder {
            tenant,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            tls: None,
            names: Vec::new(),
            proxy: false,
            control: false,
            clock: None,
            observer: None,
        }
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the base URL, such as `https://127.0.0.1:8443`: HTTPS if the server has a certificate.
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns the CA certificate for clients to trust, as PEM text; `None` without TLS.
    pub fn ca_certificate_pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Stops the server: it accepts no new connections, and in-flight requests have ten seconds to complete.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let limit = SystemClock::new().sleep(DRAIN);
        let task = std::pin::pin!(&mut self.task);
        futures_util::future::select(task, limit).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.url()).finish_non_exhaustive()
    }
}
