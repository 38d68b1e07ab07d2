//! The client of `--live`: of a real tenant, or of a simulated one that is served.

use std::error::Error;

use windows_autopilot::credential::{ClientSecret, FixedToken};
use windows_autopilot::{Client, ClientBuilder, Cloud};

use super::options::has_option;

type Built<T> = Result<T, Box<dyn Error>>;

/// Builds the client that the environment and the options describe.
pub(super) fn client() -> Built<Client> {
    let builder = sign_in()?;
    match std::env::var("AUTOPILOT_ENDPOINT") {
        Ok(endpoint) => served(builder.with_cloud(Cloud::custom(&endpoint, &endpoint)?)),
        Err(_) => Ok(builder.build()?),
    }
}

fn sign_in() -> Built<ClientBuilder> {
    if has_option("--browser") {
        return browser();
    }
    if let Ok(token) = std::env::var("AUTOPILOT_TOKEN") {
        return Ok(Client::builder(FixedToken::new(token)));
    }
    let (tenant, id) = (needed("AUTOPILOT_TENANT_ID")?, needed("AUTOPILOT_CLIENT_ID")?);
    Ok(Client::builder(ClientSecret::new(tenant.parse()?, &id, needed("AUTOPILOT_CLIENT_SECRET")?)?))
}

fn needed(name: &str) -> Built<String> {
    let missing = |_| {
        format!(
            "set {name}; --live signs in with AUTOPILOT_TOKEN, with --browser, or with AUTOPILOT_CLIENT_SECRET"
        )
    };
    Ok(std::env::var(name).map_err(missing)?)
}

#[cfg(feature = "interactive")]
fn browser() -> Built<ClientBuilder> {
    use std::time::Duration;
    use windows_autopilot::credential::InteractiveBrowser;

    let tenant = needed("AUTOPILOT_TENANT_ID")?.parse()?;
    let mut credential = InteractiveBrowser::new(tenant, &needed("AUTOPILOT_CLIENT_ID")?)?;
    if let Some(seconds) = super::options::value_of("--browser-seconds=") {
        let seconds = seconds.parse().map_err(|_| "write --browser-seconds= with a number of seconds")?;
        credential = credential.with_deadline(Duration::from_secs(seconds));
    }
    Ok(Client::builder(credential))
}

#[cfg(not(feature = "interactive"))]
fn browser() -> Built<ClientBuilder> {
    Err("--browser needs the feature interactive: add --features interactive to cargo's options".into())
}

/// Builds a client for a tenant on this machine, whose certificate no system knows.
#[cfg(feature = "reqwest")]
fn served(builder: ClientBuilder) -> Built<Client> {
    use windows_autopilot::transport::ReqwestTransport;

    let mut transport = ReqwestTransport::builder().without_proxy().with_plain_http_on_loopback(true);
    if let Ok(path) = std::env::var("AUTOPILOT_CA") {
        let certificate = std::fs::read(&path).map_err(|error| format!("AUTOPILOT_CA: {path}: {error}"))?;
        transport = transport.with_root_certificate(certificate);
    }
    Ok(builder.with_transport(transport.build()?).build()?)
}

#[cfg(not(feature = "reqwest"))]
fn served(_: ClientBuilder) -> Built<Client> {
    Err("AUTOPILOT_ENDPOINT needs the feature reqwest: leave out --no-default-features".into())
}
