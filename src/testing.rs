//! A client on a simulated tenant, in one line.

use std::sync::Arc;

use crate::clock::FakeClock;
use crate::credential::FixedToken;
use crate::graph::{Client, ClientBuilder};
use crate::pipeline::RetryConfig;
use crate::sim::{Tenant, TenantBuilder};

/// A client, the tenant that it talks to, and the clock of both.
///
/// ```
/// use windows_autopilot::testing::Harness;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let Harness { client, tenant, clock, .. } = Harness::new();
/// tenant.add_device("PF3XK7M1");
/// assert_eq!(client.devices().count().send().await?, 1);
/// # Ok::<(), windows_autopilot::Error>(()) }).unwrap();
/// ```
///
/// The client signs in as a user who may do everything, and its retries are not jittered, so that a test can assert how
/// long was waited.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Harness {
    /// A client on the tenant.
    pub client: Client,
    /// The tenant.
    pub tenant: Tenant,
    /// Virtual time, for both.
    pub clock: FakeClock,
}

impl Harness {
    /// A client on an ordinary tenant.
    pub fn new() -> Self {
        Self::with(|tenant| tenant.with_delegated_callers(), |client| client)
    }

    /// The same, with changes to the tenant and to the client before they are built.
    ///
    /// ```
    /// use windows_autopilot::testing::Harness;
    /// let harness = Harness::with(|tenant| tenant.with_page_size(2), |client| client);
    /// ```
    pub fn with(
        tenant: impl FnOnce(TenantBuilder) -> TenantBuilder,
        client: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        let clock = FakeClock::new();
        let tenant = tenant(Tenant::builder().with_clock(Arc::new(clock.clone()))).build();
        let builder = Client::builder(FixedToken::new("simulated"))
            .with_transport(tenant.clone())
            .with_clock(clock.clone())
            .with_retry(RetryConfig::default().with_jitter(false));
        let Ok(client) = client(builder).build() else {
            unreachable!("the builder has a transport, which is all that can be missing")
        };
        Self { client, tenant, clock }
    }
}

impl Default for Harness {
    fn default() -> Self {
        Self::new()
    }
}
