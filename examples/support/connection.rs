//! The client of a tool: on the simulated tenant, or with `--live` on a real one or a served one.

use std::error::Error;
use std::time::Duration;

use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::{ClientSecret, FixedToken};
use windows_autopilot::sim::Tenant;
use windows_autopilot::testing::Harness;
use windows_autopilot::{Client, ClientBuilder, Cloud};

use super::failure::Failure;
use super::tool::Tool;

/// A client, and the simulated tenant behind it unless the tenant is real.
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
pub(crate) fn connect(tool: &Tool) -> Result<Connection, Failure> {
    if !tool.has("--live") {
        let Harness { client, tenant, clock, .. } = Harness::new();
        return Ok(Connection { client, simulated: Some((tenant, clock)) });
    }
    let credential = if tool.has("--browser") {
        browser(tool)?
    } else if let Ok(token) = std::env::var("AUTOPILOT_TOKEN") {
        Client::builder(FixedToken::new(token))
    } else {
        application(&needed("AUTOPILOT_TENANT_ID")?)?
    };
    Ok(Connection { client: build(credential)?, simulated: None })
}

/// Builds the client of one of many tenants, in which the application of `AUTOPILOT_CLIENT_ID` has consent.
pub(crate) fn real_client(tenant: &str) -> Result<Client, Failure> {
    Ok(build(application(tenant)?)?)
}

fn application(tenant: &str) -> Result<ClientBuilder, Box<dyn Error>> {
    let (id, secret) = (needed("AUTOPILOT_CLIENT_ID")?, needed("AUTOPILOT_CLIENT_SECRET")?);
    Ok(Client::builder(ClientSecret::new(tenant.parse()?, &id, secret)?))
}

fn needed(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| {
        format!(
            "set {name}: --live signs in with AUTOPILOT_TOKEN, with --browser, or with AUTOPILOT_CLIENT_SECRET"
        )
    })
}

fn build(builder: ClientBuilder) -> Result<Client, Box<dyn Error>> {
    match std::env::var("AUTOPILOT_ENDPOINT") {
        Ok(endpoint) => served(builder.with_cloud(Cloud::custom(&endpoint, &endpoint)?)),
        Err(_) => Ok(builder.build()?),
    }
}

#[cfg(feature = "interactive")]
fn browser(tool: &Tool) -> Result<ClientBuilder, Failure> {
    use windows_autopilot::credential::InteractiveBrowser;

    let tenant = needed("AUTOPILOT_TENANT_ID")?.parse()?;
    let mut credential = InteractiveBrowser::new(tenant, &needed("AUTOPILOT_CLIENT_ID")?)?;
    if let Some(seconds) = tool.parse("--browser-seconds")? {
        credential = credential.with_deadline(Duration::from_secs(seconds));
    }
    Ok(Client::builder(credential))
}

#[cfg(not(feature = "interactive"))]
fn browser(_: &Tool) -> Result<ClientBuilder, Failure> {
    Err(Failure::usage(
        "--browser needs the feature interactive: add --features interactive to cargo's options",
    ))
}

/// Builds a client for a tenant on this machine, whose certificate no system trusts.
#[cfg(feature = "reqwest")]
fn served(builder: ClientBuilder) -> Result<Client, Box<dyn Error>> {
    use windows_autopilot::transport::ReqwestTransport;

    let mut transport = ReqwestTransport::builder().without_proxy().with_plain_http_on_loopback(true);
    if let Ok(path) = std::env::var("AUTOPILOT_CA") {
        let certificate = std::fs::read(&path).map_err(|error| format!("AUTOPILOT_CA: {path}: {error}"))?;
        transport = transport.with_root_certificate(certificate);
    }
    Ok(builder.with_transport(transport.build()?).build()?)
}

#[cfg(not(feature = "reqwest"))]
fn served(_: ClientBuilder) -> Result<Client, Box<dyn Error>> {
    Err("AUTOPILOT_ENDPOINT needs the feature reqwest: leave out --no-default-features".into())
}
