//! Step 2: checks the Intune Connectors for Active Directory of a domain.
//!
//! `cargo run --features sim,workflow --example connector_health` only reads.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::error::Error;

use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{ExpectedConnectors, HybridJoin};

const DOMAIN: &str = "corp.contoso.com";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = check().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn check() -> Result<(), Box<dyn Error>> {
    let Harness { client, tenant, .. } = Harness::new();
    tenant.add_connector("SRV-ODJ-01", DOMAIN, "6.2504.2001.8");
    tenant.add_connector("SRV-ODJ-02", DOMAIN, "6.2408.2000.1");
    // On a real tenant:
    // let client = windows_autopilot::Client::builder(windows_autopilot::credential::FixedToken::new(std::env::var("TOKEN")?)).build()?;

    let mut desired = HybridJoin::new("Connectors".parse()?, DOMAIN.parse()?);
    desired.connectors = Some(ExpectedConnectors::default());
    let plan = desired.plan(&client, &[]).await?;
    for finding in &plan.findings {
        println!("{finding}");
    }
    println!("Findings that stop a deployment: {}", plan.blocking().count());
    Ok(())
}
