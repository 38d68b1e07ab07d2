//! What the examples share: a client on the simulated tenant, or, with `--live`, on a real one.
#![allow(dead_code, reason = "each example uses its part")]

use std::error::Error;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use windows_autopilot::Client;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::{ClientSecret, FixedToken};
use windows_autopilot::sim::Tenant;
use windows_autopilot::testing::Harness;

/// The domain of the samples.
pub(crate) const DOMAIN: &str = "corp.contoso.com";

/// A client, and the simulated tenant behind it unless it is a real one.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) simulated: Option<(Tenant, FakeClock)>,
}

/// The arguments that are no options.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect()
}

/// Whether an option was given.
pub(crate) fn has_option(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}

/// What stands behind the `=` of an option, such as `--html=`.
pub(crate) fn value_of(option: &str) -> Option<String> {
    std::env::args().find_map(|argument| argument.strip_prefix(option).map(str::to_owned))
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
    /// Asks before something is written to a real tenant.
    pub(crate) fn may_write(&self, what: &str) -> Result<bool, Box<dyn Error>> {
        if self.simulated.is_some() || has_option("--yes") {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() {
            return Err("--live writes only after a yes: answer on a terminal, or add --yes".into());
        }
        print!("{what}? Type yes to go on: ");
        std::io::stdout().flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim() == "yes")
    }
}
