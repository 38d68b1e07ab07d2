//! Serves a simulated tenant over HTTP on loopback, so that tools in any language can be pointed at it.
//!
//! `cargo run --features serve --example serve_tenant` serves one, signs in and lists its devices over HTTP, and ends. The
//! program `autopilot-sim` serves one until it is stopped. `--json` prints the outcome for a program.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;

use std::process::ExitCode;

use windows_autopilot::credential::ClientSecret;
use windows_autopilot::sim::{DeviceSpec, ServedTls, Server, Tenant};
use windows_autopilot::transport::ReqwestTransport;
use windows_autopilot::{Client, Cloud};

use self::failure::Failure;
use self::report::Report;

const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";
const SECRET: &str = "simulated";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&[]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let tenant = Tenant::builder().build();
    tenant.add_client_secret(APP, SECRET);
    for number in 0..3 {
        tenant.add_device_with(DeviceSpec::new(format!("PF3XK7M{number}")).with_group_tag("Munich"));
    }
    let server = Server::builder(tenant.clone()).with_tls(ServedTls::generated()).start().await?;
    let address = server.url();
    report.line(format!(
        "A tenant is served at {address}: its domain is {}, app {APP}, secret {SECRET}",
        tenant.domain()
    ));

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
        let serial = device.serial_number.as_deref().unwrap_or("no serial number");
        report.line(format!("{}: {serial}", device.id));
    }
    report.line(format!("{} requests were answered", tenant.requests().len()));
    report.fact("requests", tenant.requests().len());
    server.stop().await;
    Ok(report.end(exit::NOTHING_TO_DO))
}
