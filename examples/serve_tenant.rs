//! Serves a simulated tenant over HTTP on loopback, so that tools in any language can be pointed at it.
//!
//! `cargo run --features sim --example serve_tenant` serves one, asks it over HTTP, and ends. `-- --stay 8080` goes on
//! serving at that port until it is stopped. Any bearer token is good, and `POST /{tenant}/oauth2/v2.0/token` gives one to
//! the app and secret that are shown. What takes the service minutes takes no time here, unless `--lag` is given.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;
mod support;

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use windows_autopilot::clock::SystemClock;
use windows_autopilot::credential::ClientSecret;
use windows_autopilot::sim::{DeviceSpec, Lag, Tenant};
use windows_autopilot::transport::{ReqwestTransport, Transport as _};
use windows_autopilot::{Client, Cloud};

use self::failure::Failure;

const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";
const SECRET: &str = "simulated";
/// The largest body that is read.
const LARGEST_BODY: usize = 16 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let port = support::arguments().first().map_or(Ok(0), |port| port.parse())?;
    let lag = if support::has_option("--lag") { Lag::default() } else { Lag::none() };
    let tenant = Tenant::builder()
        .with_clock(std::sync::Arc::new(SystemClock::new()))
        .with_delegated_callers()
        .with_lag(lag)
        .build();
    tenant.add_client_secret(APP, SECRET);
    for number in 0..3 {
        tenant.add_device_with(DeviceSpec::new(format!("PF3XK7M{number}")).with_group_tag("Munich"));
    }

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    println!(
        "A tenant is served at {address}: its domain is {}, app {APP}, secret {SECRET}",
        tenant.domain()
    );
    println!(
        "curl -H 'authorization: Bearer any' {address}/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
    );
    let server = serve(listener, tenant.clone());
    if support::has_option("--stay") {
        return Ok(server.await?);
    }
    let server = tokio::spawn(server);
    ask(&address, &tenant).await?;
    server.abort();
    Ok(())
}

/// Answers every connection, one request after the other.
async fn serve(listener: TcpListener, tenant: Tenant) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(converse(stream, tenant.clone()));
    }
}

async fn converse(stream: TcpStream, tenant: Tenant) {
    let answer = service_fn(move |request| answer(tenant.clone(), request));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.await {
        println!("a connection broke: {error}");
    }
}

async fn answer(
    tenant: Tenant,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let refuse = |status, text: String| {
        let mut response = http::Response::new(Full::from(text));
        *response.status_mut() = status;
        response
    };
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Ok(refuse(http::StatusCode::PAYLOAD_TOO_LARGE, error.to_string())),
    };
    Ok(match tenant.send(http::Request::from_parts(head, body)).await {
        Ok(response) => response.map(Full::new),
        Err(error) => refuse(http::StatusCode::BAD_GATEWAY, error.to_string()),
    })
}

/// Signs in and lists the devices, over HTTP.
async fn ask(address: &str, tenant: &Tenant) -> Result<(), Box<dyn Error>> {
    let transport = ReqwestTransport::builder().with_plain_http_on_loopback(true).build()?;
    let credential = ClientSecret::new(tenant.domain().parse()?, APP, SECRET)?;
    let client = Client::builder(credential)
        .with_cloud(Cloud::custom(address, address)?)
        .with_transport(transport)
        .build()?;
    for device in client.devices().tagged(&"Munich".parse()?).all().await? {
        println!("{}: {}", device.id, device.serial_number.as_deref().unwrap_or("no serial number"));
    }
    println!("{} requests were answered", tenant.requests().len());
    Ok(())
}
