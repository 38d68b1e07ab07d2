//! Step 2: are the Intune Connectors for Active Directory in order?
//!
//! `cargo run --features sim,workflow --example connector_health`
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;
mod support;

use windows_autopilot::workflow::{ExpectedConnectors, HybridJoin};

use self::failure::Failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let connection = support::connect()?;
    if let Some((tenant, _)) = &connection.simulated {
        tenant.add_connector("SRV-ODJ-01", support::DOMAIN, "6.2504.2001.8");
        tenant.add_connector("SRV-ODJ-02", support::DOMAIN, "6.2408.2000.1");
    }
    let mut desired = HybridJoin::new("Connectors".parse()?, support::DOMAIN.parse()?);
    desired.connectors = Some(ExpectedConnectors::default());
    let plan = desired.plan(&connection.client, &[]).await?;
    for finding in &plan.findings {
        println!("{finding}");
    }
    println!("{} of what was found would stop a deployment", plan.blocking().count());
    Ok(())
}
