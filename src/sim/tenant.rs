//! The tenant with its locks, as a [`Transport`].

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;
use jiff::Timestamp;

use super::agenda;
use super::gateway::Gateway;
use super::rows::{ComputerAccounts, ComputerRefusal, ComputerRequest};
use super::state::State;
use super::store::later;
use crate::clock::Clock;
use crate::transport::{Transport, TransportError};

/// A simulated tenant. Clones share the same state.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, clock, .. }| {
/// use std::time::Duration;
/// use windows_autopilot::sim::{DeviceSpec, Fault, PowerOnOptions};
///
/// tenant.add_user("adele@contoso.com");
/// tenant.add_connector("ODJ-01", "corp.contoso.com", "6.2504.2001.8");
/// tenant.add_device_with(DeviceSpec::new("PF3XK7M1").with_group_tag("Munich"));
///
/// tenant.fault(Fault::status(503).once());
/// assert_eq!(client.devices().count().await?, 1);
///
/// // The tenant has no deployment profile, so the deployment fails, and the tenant knows why.
/// tenant.power_on_with(PowerOnOptions::new("PF3XK7M1").with_user("adele@contoso.com"));
/// clock.advance(Duration::from_secs(3 * 3600));
/// println!("{:?}", tenant.deployment("PF3XK7M1").and_then(|deployment| deployment.cause));
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct Tenant {
    pub(super) clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
    /// Locked alone or after the state.
    gateway: Arc<Mutex<Gateway>>,
    /// Held by the request that drives the connector. No request waits for it, and the state is locked only after it.
    connector: Arc<tokio::sync::Mutex<Option<Creation>>>,
}

/// The creation of a computer. It outlives the request that started it.
struct Creation {
    request: ComputerRequest,
    /// The tenant's time at the start.
    started: Timestamp,
    /// The clock's time at the start, later than the tenant's if there was no request for a while.
    began: Timestamp,
    outcome: Pin<Box<dyn Future<Output = Result<(), ComputerRefusal>> + Send>>,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Tenant")
            .field("id", &state.tenant_id)
            .field("devices", &state.identities.len())
            .field("requests", &self.gateway().requests.len())
            .finish_non_exhaustive()
    }
}

impl Tenant {
    pub(super) fn with_state(clock: Arc<dyn Clock>, state: State) -> Self {
        Self { clock, state: Arc::new(Mutex::new(state)), gateway: Arc::default(), connector: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn gateway(&self) -> MutexGuard<'_, Gateway> {
        self.gateway.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the current state.
    pub(super) fn now(&self) -> MutexGuard<'_, State> {
        let now = self.clock.timestamp();
        let mut state = self.lock();
        agenda::advance(&mut state, now);
        state
    }

    /// Creates the requested computer accounts, one at a time. Any request to the tenant does the same. Does nothing if
    /// no [`ComputerAccounts`] are set, or if a request is already creating them.
    pub async fn create_computers(&self) {
        let Some(accounts) = self.lock().options.computer_accounts.clone() else { return };
        let Ok(mut creation) = self.connector.try_lock() else { return };
        loop {
            if creation.is_none() {
                *creation = self.next_creation(&accounts);
            }
            let Some(current) = creation.as_mut() else { return };
            let answer = current.outcome.as_mut().await;
            let took = self.clock.timestamp().duration_since(current.began).try_into().unwrap_or_default();
            let mut state = self.lock();
            agenda::advance(&mut state, later(current.started, took));
            state.answer_computer(current.request.clone(), answer);
            *creation = None;
        }
    }

    /// Starts the next creation; `None` if there is no request for one.
    fn next_creation(&self, accounts: &Arc<dyn ComputerAccounts>) -> Option<Creation> {
        let began = self.clock.timestamp();
        let mut state = self.lock();
        let request = loop {
            agenda::advance_to_request(&mut state, began);
            if state.deployments.requests.is_empty() {
                return None;
            }
            // A device that was switched on again has left its request behind.
            if let Some(request) = state.ask_for_computer() {
                break request;
            }
        };
        let accounts = Arc::clone(accounts);
        let (computer, started) = (request.computer.clone(), state.now);
        let outcome = Box::pin(async move { accounts.create(&computer).await });
        Some(Creation { request, started, began, outcome })
    }
}

#[async_trait]
impl Transport for Tenant {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.create_computers().await;
        let (delay, outcome) = {
            let mut state = self.now();
            self.gateway().answer(&mut state, request)
        };
        if !delay.is_zero() {
            self.clock.sleep(delay).await;
        }
        outcome
    }
}
