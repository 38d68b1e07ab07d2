//! Serves a simulated tenant over HTTPS on loopback, so that tools in any language can use it.
//!
//! `cargo run --features serve --example serve_tenant` serves one, signs in, lists its devices and exits. The
//! `autopilot-sim` program serves one until it is stopped.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::credential::ClientSecret;
use windows_autopilot::sim::{DeviceSpec, ServedTls, Server, Tenant};
use windows_autopilot::transport::ReqwestTransport;
use windows_autopilot::{Client, Cloud};

const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";
const SECRET: &str = "simulated";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = serve().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::builder().build();
    tenant.add_client_secret(APP, SECRET);
    for number in 0..3 {
        tenant.add_device_with(DeviceSpec::new(format!("PF3XK7M{number}")).with_group_tag("Munich"));
    }
    let server = Server::builder(tenant.clone()).with_tls(ServedTls::generated()).start().await?;
    let address = server.url();
    println!("{address} serves the tenant {}: application {APP}, secret {SECRET}", tenant.domain());

    // As any other program on this machine would.
    let transport = ReqwestTransport::builder()
        .without_proxy()
        .with_root_certificate(server.ca_certificate_pem().unwrap_or_default())
        .build()?;
    let client = Client::builder(ClientSecret::new(tenant.domain().parse()?, APP, SECRET)?)
        .with_cloud(Cloud::custom(&address, &address)?)
        .with_transport(transport)
        .build()?;
    for device in client.devices().tagged(&"Munich".parse()?).all().await? {
        println!("{}: {}", device.id, device.serial_number.as_deref().unwrap_or("no serial number"));
    }
    println!("{} requests were answered.", tenant.requests().len());
    server.stop().await;
    Ok(())
}
