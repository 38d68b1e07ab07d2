//! What the examples share: a client on the simulated tenant, or, with `--live`, on a real one.
#![allow(dead_code, reason = "each example uses its part")]

use std::error::Error;

use windows_autopilot::Client;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::{ClientSecret, FixedToken};
use windows_autopilot::sim::Tenant;
use windows_autopilot::testing::Harness;

mod options;
#[allow(unused_imports, reason = "each example uses its part")]
pub(crate) use self::options::{arguments, confirmed, has_option, value_of};

/// The domain of the samples.
pub(crate) const DOMAIN: &str = "corp.contoso.com";

/// A client, and the simulated tenant behind it unless it is a real one.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) simulated: Option<(Tenant, FakeClock)>,
}

/// Connects to the simulated tenant, or with `--live` to the tenant that the environment names.
///
/// With `--live`, `AUTOPILOT_TOKEN` has a token, or `AUTOPILOT_TENANT_ID`, `AUTOPILOT_CLIENT_ID` and
/// `AUTOPILOT_CLIENT_SECRET` have what it takes to get one.
pub(crate) fn connect() -> Result<Connection, Box<dyn Error>> {
    if !has_option("--live") {
        let Harness { client, tenant, clock, .. } = Harness::new();
        return Ok(Connection { client, simulated: Some((tenant, clock)) });
    }
    let builder = match std::env::var("AUTOPILOT_TOKEN") {
        Ok(token) => Client::builder(FixedToken::new(token)),
        Err(_) => {
            let needed = |name: &str| {
                std::env::var(name)
                    .map_err(|_| format!("--live needs AUTOPILOT_TOKEN, or {name} in the environment"))
            };
            let (tenant, id) = (needed("AUTOPILOT_TENANT_ID")?, needed("AUTOPILOT_CLIENT_ID")?);
            Client::builder(ClientSecret::new(tenant.parse()?, &id, needed("AUTOPILOT_CLIENT_SECRET")?)?)
        }
    };
    Ok(Connection { client: builder.build()?, simulated: None })
}

impl Connection {
    /// Asks before something is written to a real tenant, such as "Carry the plan out in tenant …".
    pub(crate) fn may_write(&self, what: &str) -> Result<bool, Box<dyn Error>> {
        if self.simulated.is_some() { Ok(true) } else { confirmed(what) }
    }
}
