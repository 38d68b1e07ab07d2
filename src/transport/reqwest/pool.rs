//! The HTTP clients of a transport: one per runtime, each with its own connections.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Client;
use rustls::ClientConfig;
use tokio::runtime::{Handle, Id};

use super::failure::{describe, refused};
use super::proxy::{Route, RouteKind};
use crate::model::InvalidValue;
use crate::transport::TransportError;

/// The idle timeout of a connection: shorter than that of gateways, which drop idle connections silently.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// The interval of pings on an HTTP/2 connection in use, and the timeout of a ping.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// The maximum number of runtimes with a client: more are rare, and the end of a runtime is not visible.
const MAX_RUNTIMES: usize = 8;

/// The options of every client of a pool.
pub(super) struct ClientOptions {
    pub(super) tls: ClientConfig,
    pub(super) route: Route,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
}

impl ClientOptions {
    /// Creates a client with its own connection pool.
    fn client(&self) -> Result<Client, InvalidValue> {
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(concat!("windows-autopilot/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // The layers above retry unprocessed requests: they count attempts and wait first.
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(16)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_INTERVAL);
        match &self.route.kind {
            RouteKind::System => builder,
            RouteKind::Direct => builder.no_proxy(),
            RouteKind::Proxy(proxy) => builder.proxy((**proxy).clone()),
        }
        .build()
        .map_err(|error| {
            InvalidValue::new("HTTP client", describe(&error), "check the options of the transport")
        })
    }
}

/// The HTTP clients of all runtimes. Only its runtime drives a connection: a request of another runtime must not wait
/// for it.
pub(super) struct ClientPool {
    options: ClientOptions,
    clients: Mutex<Clients>,
}

struct Clients {
    /// A client without a runtime yet.
    spare: Option<Client>,
    /// The clients by runtime, latest last.
    all: Vec<(Id, Client)>,
}

impl Clients {
    fn set(&mut self, runtime: Id, client: Client) {
        self.all.retain(|(known, _)| *known != runtime);
        if self.all.len() >= MAX_RUNTIMES {
            self.all.remove(0);
        }
        self.all.push((runtime, client));
    }
}

impl ClientPool {
    pub(super) fn new(options: ClientOptions) -> Result<Self, InvalidValue> {
        let spare = Some(options.client()?);
        Ok(Self { options, clients: Mutex::new(Clients { spare, all: Vec::new() }) })
    }

    /// Returns the proxy, for messages.
    pub(super) fn proxy(&self) -> &str {
        self.options.route.name()
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the client of the current runtime.
    pub(super) fn client(&self) -> Result<Client, TransportError> {
        let runtime = runtime()?;
        let mut clients = self.clients();
        if let Some((_, client)) = clients.all.iter().find(|(known, _)| *known == runtime) {
            return Ok(client.clone());
        }
        let client = match clients.spare.take() {
            Some(client) => client,
            None => self.new_client()?,
        };
        clients.set(runtime, client.clone());
        Ok(client)
    }

    /// Creates a client without connections.
    pub(super) fn new_client(&self) -> Result<Client, TransportError> {
        self.options.client().map_err(|error| refused(error.to_string()))
    }

    /// Replaces the client of the current runtime.
    pub(super) fn replace(&self, client: Client) -> Result<(), TransportError> {
        self.clients().set(runtime()?, client);
        Ok(())
    }
}

fn runtime() -> Result<Id, TransportError> {
    let runtime = Handle::try_current()
        .map_err(|_| refused("no tokio runtime: send requests inside one with I/O and time enabled"))?;
    Ok(runtime.id())
}
