//! Step 2: are the Intune Connectors for Active Directory in order?
//!
//! `cargo run --features sim,workflow --example connector_health [--json]`. Exit codes: 0 in order, 3 something is to be put
//! right, 4 something would stop a deployment.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;

use windows_autopilot::workflow::{ExpectedConnectors, HybridJoin};

use self::failure::Failure;
use self::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--live", "--yes"]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let connection = support::connect()?;
    if let Some((tenant, _)) = &connection.simulated {
        tenant.add_connector("SRV-ODJ-01", support::DOMAIN, "6.2504.2001.8");
        tenant.add_connector("SRV-ODJ-02", support::DOMAIN, "6.2408.2000.1");
    }
    let mut desired = HybridJoin::new("Connectors".parse()?, support::DOMAIN.parse()?);
    desired.connectors = Some(ExpectedConnectors::default());
    let plan = desired.plan(&connection.client, &[]).await?;
    for finding in &plan.findings {
        report.line(finding);
    }
    let blocking = plan.blocking().count();
    report.line(format!("{blocking} of what was found would stop a deployment"));
    let code = match (blocking, plan.findings.is_empty()) {
        (0, true) => exit::NOTHING_TO_DO,
        (0, false) => exit::DIFFERENT,
        _ => exit::BLOCKED,
    };
    report.fact("findings", &plan.findings);
    Ok(report.end(code))
}
