//! What the examples share: a client on the simulated tenant, or, with `--live`, on a real one.
#![allow(dead_code, reason = "each example uses its part")]

use std::error::Error;

use windows_autopilot::Client;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::sim::Tenant;
use windows_autopilot::testing::Harness;

mod live;
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
/// | sign-in with `--live` | environment |
/// | --- | --- |
/// | a token | `AUTOPILOT_TOKEN` |
/// | an application with its secret | `AUTOPILOT_TENANT_ID`, `AUTOPILOT_CLIENT_ID`, `AUTOPILOT_CLIENT_SECRET` |
/// | `--browser`: a person (feature `interactive`), within `--browser-seconds=300` | `AUTOPILOT_TENANT_ID`, `AUTOPILOT_CLIENT_ID` |
///
/// `AUTOPILOT_ENDPOINT` is the address of a served tenant, such as `https://127.0.0.1:8443`, in place of Microsoft's hosts;
/// `AUTOPILOT_CA` is the file with the certificate of its authority.
pub(crate) fn connect() -> Result<Connection, Box<dyn Error>> {
    if has_option("--live") {
        return Ok(Connection { client: live::client()?, simulated: None });
    }
    let Harness { client, tenant, clock, .. } = Harness::new();
    Ok(Connection { client, simulated: Some((tenant, clock)) })
}

impl Connection {
    /// Asks before something is written to a real tenant, such as "Carry the plan out in tenant …".
    pub(crate) fn may_write(&self, what: &str) -> Result<bool, Box<dyn Error>> {
        if self.simulated.is_some() { Ok(true) } else { confirmed(what) }
    }
}
