//! The tenant behind its locks, as a [`Transport`].

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;

use super::agenda;
use super::gateway::Gateway;
use super::state::State;
use crate::clock::Clock;
use crate::transport::{Transport, TransportError};

/// A simulated tenant. Clones are the same tenant.
#[derive(Clone)]
pub struct Tenant {
    pub(super) clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
    /// Locked alone or after the state.
    gateway: Arc<Mutex<Gateway>>,
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
        Self { clock, state: Arc::new(Mutex::new(state)), gateway: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn gateway(&self) -> MutexGuard<'_, Gateway> {
        self.gateway.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the state as it is now.
    pub(super) fn now(&self) -> MutexGuard<'_, State> {
        let now = self.clock.timestamp();
        let mut state = self.lock();
        agenda::advance(&mut state, now);
        state
    }
}

#[async_trait]
impl Transport for Tenant {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
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
