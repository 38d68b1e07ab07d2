//! The HTTP clients of a transport: one for each runtime, each with connections of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Client;
use rustls::ClientConfig;
use tokio::runtime::{Handle, Id};

use super::failure::{describe, refused};
use super::proxy::{Route, RouteKind};
use crate::model::InvalidValue;
use crate::transport::TransportError;

/// The time for which an idle connection is kept: less than gateways do, which drop one without a word.
const IDLE: Duration = Duration::from_secs(60);
/// The interval of pings on an HTTP/2 connection in use, and the longest time for the answer to one.
const PING: Duration = Duration::from_secs(20);
/// More runtimes than this are rare, and one that has ended is not seen to end.
const MOST_RUNTIMES: usize = 8;

/// The options of every client of a lane.
pub(super) struct Shape {
    pub(super) tls: ClientConfig,
    pub(super) route: Route,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
}

impl Shape {
    /// A client with a pool of its own.
    fn client(&self) -> Result<Client, InvalidValue> {
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(concat!("windows-autopilot/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            // What a server did not process is sent again by the layers above, which count it and wait first.
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(16)
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING);
        match &self.route.kind {
            RouteKind::System => builder,
            RouteKind::Direct => builder.no_proxy(),
            RouteKind::Proxy(proxy) => builder.proxy((**proxy).clone()),
        }
        .build()
        .map_err(|error| InvalidValue::new("HTTP client", describe(&error), "check its options"))
    }
}

/// The clients in use. A runtime drives its own connections alone: a request that another runtime made must not wait for
/// one that perhaps nobody drives.
pub(super) struct Lane {
    shape: Shape,
    clients: Mutex<Clients>,
}

struct Clients {
    /// Of no runtime yet.
    spare: Option<Client>,
    /// By runtime, the latest last.
    all: Vec<(Id, Client)>,
}

impl Clients {
    fn set(&mut self, runtime: Id, client: Client) {
        self.all.retain(|(known, _)| *known != runtime);
        if self.all.len() >= MOST_RUNTIMES {
            self.all.remove(0);
        }
        self.all.push((runtime, client));
    }
}

impl Lane {
    pub(super) fn new(shape: Shape) -> Result<Self, InvalidValue> {
        let spare = Some(shape.client()?);
        Ok(Self { shape, clients: Mutex::new(Clients { spare, all: Vec::new() }) })
    }

    /// The proxy, for messages.
    pub(super) fn proxy(&self) -> &str {
        self.shape.route.name()
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of the present runtime.
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

    /// A client without connections.
    pub(super) fn new_client(&self) -> Result<Client, TransportError> {
        self.shape.client().map_err(|error| refused(error.to_string()))
    }

    /// Makes a client that of the present runtime.
    pub(super) fn replace(&self, client: Client) -> Result<(), TransportError> {
        self.clients().set(runtime()?, client);
        Ok(())
    }
}

fn runtime() -> Result<Id, TransportError> {
    let runtime =
        Handle::try_current().map_err(|_| refused("a request needs a tokio runtime with I/O and time"))?;
    Ok(runtime.id())
}
